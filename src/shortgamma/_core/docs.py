"""Descriptions of parameters that many functions share, written once.

A line of a docstring that holds nothing but the names of an entry in braces, such as ``{vol}`` or ``{rate, dividend}``,
stands for that entry of the table. It is replaced when the function is first asked for, so ``help()`` shows it in full.
Where one name has several meanings a word in brackets tells them apart: ``{fee [account]}``.
"""

from __future__ import annotations

import re
from functools import cache

TABLE = """
out : ndarray, optional
    Where the result goes.
axis : int, default 0
    The axis of time.
axis [widest] : int, default 0
    The axis of time, counted in the input of most dimensions.
contract : Contract
    What is held.
contracts : sequence of Contract
    The instruments.
coins : sequence of str, optional
    The names of the coins, which the contracts' ``settlement`` refers to.

spot, strike : array_like
    Prices > 0, in one currency.
spot, strike, barrier : array_like
    Prices > 0, in one currency.
spot, barrier : array_like
    Prices > 0, in one currency.
spot [or forward] : array_like or None
    Price of the asset, > 0; None if ``forward`` is given.
strike [option] : array_like
    Strike, > 0, in the same currency.
forward : array_like, optional
    Price of the forward for the date of expiry, > 0, in the place of ``spot``.
forward, strike : array_like
    Prices, of any sign.
vol : array_like
    Volatility per year, 0.2 for 20 %, >= 0.
expiry : array_like
    Time to expiry in years, >= 0.
expiry [positive] : array_like
    Time to expiry in years, > 0.
rate : array_like, default 0.0
    Interest rate per year, continuously compounded.
rate, dividend : array_like, default 0.0
    Interest rate and dividend yield per year, continuously compounded.
dividend [or forward] : array_like, default 0.0
    Dividend yield per year, continuously compounded; not together with ``forward``.
rebate : array_like, default 0.0
    Cash amount: of a knock-out paid if it is hit, of a knock-in paid at expiry if it never was.
rebate_at : {"hit", "expiry"} or array of these
    When a knock-out pays its rebate.
option : {"put", "call"} or array of these
    The option behind it.
option [required] : {"call", "put"} or array of these
    There is no default.
order : {1, 2}, default 1
    1 for price, delta, gamma, vega, theta, rho and rho_dividend; 2 for all fourteen.
out [greeks] : BarrierGreeks or tuple of ndarray, optional
    Where the results go: an earlier result of the same shape and order.

fee [account] : array_like, default 0.0
    Fee of closing a position as a fraction of its value, in [0, 1): a number, or one for each instrument.
fee [position] : array_like, default 0.0
    Fee of closing the position as a fraction of its value, in [0, 1); with ``maintenance`` less than 1.
haircut : array_like, default 0.0
    Fraction of a positive balance that does not count, in [0, 1]: a number, or one for each coin.
quantity : array_like
    Contracts, > 0 long.
quantity, entry, margin : array_like
    Contracts (> 0 long), entry price > 0, margin in the settlement coin.
quantity, entry, mark, margin : array_like
    Contracts (> 0 long), entry price and mark price > 0, margin in the settlement coin.
fx : array_like, optional
    Price of the settlement coin at each funding time: the cash is then in the currency of this price.

time : array_like of times
    Times, increasing: datetime64, datetimes, ISO text, pandas, or numbers since 1970 in s, ms, us or ns.
fill_time : array_like of times
    Times of the fills, never decreasing: datetime64, datetimes, ISO text, pandas, or numbers since 1970 in s, ms, us or
    ns. None is after the last funding time.
fill_quantity : array_like
    Contracts of each fill, > 0 bought. The position is their running sum, 0 before the first.
start, end : time
    datetime64, datetime, ISO text, or a number since 1970 in s, ms, us or ns.
interval : str, timedelta or timedelta64, default "8h"
    What a rate is for.
indptr_fills : array_like of int, optional
    Offsets of many accounts: account a has the fills from ``indptr_fills[a]`` to ``indptr_fills[a + 1]``.
indptr_times : array_like of int, optional
    Offsets of the times of each account. Without it all accounts share them.
"""

PLACE = re.compile(r"^( +)\{([a-z_0-9, ]+(?: \[[a-z ]+\])?)\}$", re.MULTILINE)


@cache
def fragments() -> dict[str, tuple[str, ...]]:
    """The lines of each entry of the table."""
    entries: dict[str, list[str]] = {}
    key = ""
    for line in filter(None, TABLE.splitlines()):
        if line.startswith(" "):
            entries[key].append(line)
        else:
            key, _, kind = line.partition(" : ")
            entries[key] = [f"{key.partition(' [')[0]} : {kind}"]
    return {key: tuple(lines) for key, lines in entries.items()}


def expand(text: str) -> str:
    """A docstring with the entries that it refers to."""

    def entry(place: re.Match[str]) -> str:
        lines = fragments().get(place[2])
        return place[0] if lines is None else "\n".join(place[1] + line for line in lines)

    return PLACE.sub(entry, text)
