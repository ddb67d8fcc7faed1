"""Descriptions of parameters that many functions share, written once.

A line of a docstring that holds nothing but names in braces, such as ``{vol}`` or ``{spot, strike, vol, expiry}``,
stands for their entries in the table. It is replaced when the function is first asked for, so ``help()`` shows them in
full. Where one name has several meanings a word in brackets tells them apart: ``{vol, fee [account]}``.
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
name [at venue] : str
    What the venue calls it; case does not matter.
progress : callable, optional
    Called now and then as ``progress(done, total)``, counted in options, while a recursion runs.
progress [bytes] : callable, optional
    Called with the number of bytes read and of all bytes.


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
    Price of the forward for the date of expiry, > 0, in place of ``spot``.
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
    The type of the option.
option [required] : {"call", "put"} or array of these
    There is no default.
order : {1, 2}, default 1
    1 for price, delta, gamma, vega, theta, rho and rho_dividend; 2 for all fourteen.
out [greeks] : BarrierGreeks or tuple of ndarray, optional
    Where the results go: an earlier result of the same shape and order.
amount [binary] : array_like, default 1.0
    Cash, or units of the asset.
barrier [optional] : array_like, optional
    The barrier, if there is one, > 0.
dates [of both] : int, array of int, list of float, or list of times
    The dates on which the barriers are watched, up to 10,000. A whole number means so many equally spaced dates,
    the last one at expiry. Numbers with a decimal point are years from now, increasing, the same for all options;
    times (datetime64, ISO text, pandas) are seen from ``now``, by actual days over 365. Dates after an option's
    expiry do not count, and the time of valuation is not a date: a spot beyond a barrier has not knocked yet.
dates : int, array of int, list of float, or list of times, optional
    The dates on which the barrier is watched; by default it always is. A whole number means so many equally spaced
    dates, the last one at expiry. Numbers with a decimal point are years from now, increasing, the same for all
    options; times (datetime64, ISO text, pandas) are seen from ``now``, by actual days over 365. Dates after an
    option's expiry do not count, and the time of valuation is not a date.
expiry [or time] : array_like
    Time to expiry in years, >= 0; or, with ``now``, the time of expiry.
kind [watched] : {"down-in", "down-out", "up-in", "up-out", "knock-in", "knock-out"} or array of these
    What a price at or beyond a barrier on a date does: the first four with ``barrier``, the last two with ``lower``
    and ``upper``.
kind [range] : {"down-in", "down-out", "up-in", "up-out"} or array of these
    From which side the range is entered, and what that does.
kind : {"down-in", "down-out", "up-in", "up-out"} or array of these
    Where the barrier lies and what it does. Other spellings are understood: "Down-and-In", "down_in", "DI".
lower, upper [range] : array_like
    The range, 0 < lower <= upper; where the two are equal it is a hard barrier.
lower, upper [optional] : array_like, optional
    The barriers, if there are two, lower < upper; 0 for no lower one, infinity for no upper one.
method : {"auto", "exact", "shift"}, default "auto"
    With ``dates``: "exact" is a recursion over the dates, "shift" the formula of a barrier that is always watched,
    moved outwards; "auto" is exact, except where the formula is provably within 1e-5 of the spot.
method [greeks] : {"auto", "exact", "shift"}, default "auto"
    With ``dates``: "exact", which "auto" is here, is a recursion over the dates, "shift" the formula of a barrier
    that is always watched, moved outwards.
moment : array_like
    When the watch ends or begins, in years from now, 0 <= moment <= expiry.
now : time, optional
    The time of valuation, where ``dates`` or ``expiry`` are times.
option [payoff] : {"call", "put"} or array of these
    Whether it pays above or below the strike; there is no default.
payoff : {"cash", "asset"} or array of these
    What the option pays; there is no default.
rate, dividend [or borrowing] : array_like, default 0.0
    Interest rate and dividend yield (or borrowing cost, or the coin's own rate) per year, continuously
    compounded.
rate, dividend [no forward] : array_like, default 0.0
    Interest rate and dividend yield per year, continuously compounded; not together with ``forward``.
state : {"alive", "in", "out"} or array of these, optional
    What has happened so far. An option that is "in" is now a plain one; one that is "out" is worth a rebate due at
    expiry, if any. By default the option is alive, or knocked if the barrier is always watched and the spot is at
    or beyond it. Required if some of ``dates`` have passed.
state [dates] : {"alive", "in", "out"} or array of these, optional
    What has happened so far. An option that is "in" is now a plain one; one that is "out" is worth a rebate due at
    expiry, if any. By default the option is alive. Required if some of ``dates`` have passed.
value [met] : array_like
    The price to match.
vol [positive] : array_like
    Volatility per year, 0.2 for 20 %, > 0.
window : {"end", "end-beyond", "start"} or array of these
    ``"start"``: watched until the moment (type A). ``"end"``: watched from the moment on, and hit by a crossing
    from either side (type B1; up and down are then the same). ``"end-beyond"``: hit also if the price is beyond
    the barrier at the moment (type B2).

drift : array_like
    Expected return of the underlying per year, continuously compounded.
leverage [pools] : array_like
    Leverage of the pools, >= 0.
leverage [last] : array_like
    Leverage right after the last rebalance, signed.
leverage [signed] : array_like
    Leverage, signed.
long, short : array_like
    Money in the two pools, >= 0.
ratio : array_like
    Price divided by the price at the last transfer, > 0; all inputs broadcast.
return_ : array_like
    Return of the underlying over the period, a fraction > -1.
vol [or none] : array_like
    Volatility per year, >= 0.

contract : Contract
    What is held.
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
at [margin] : {"mark", "entry"}, default "mark"
    Whether the value is that at the mark or that at entry.
coins [as equity] : sequence of str, optional
    As in `account_equity`.
coins [settlement] : sequence of str, optional
    The names of the coins, which the contracts' ``settlement`` refers to; by default those of ``collateral``, where
    it is given by name, or the only coin.
collateral [account] : array_like or mapping
    Balances without unrealised profit, each in its coin, of shape (accounts, coins) or (coins,), or by name.
contract [traded] : Contract or str
    What is bought or sold.
contract [or name] : Contract or str
    What is held.
contracts [or names] : sequence of Contract or str
    The instruments.
fee [fraction] : array_like, default 0.0
    Fee of closing the position as a fraction of its value, in [0, 1].
fee [reserved] : array_like, default 0.0
    Fees reserved, of opening and closing together, as a fraction of the value, in [0, 1].
fx [account] : array_like, mapping or None
    Prices of the coins in the reporting coin, > 0, of shape (..., coins), or by the names of coins. None if there
    is one coin, or if the marks are given by name: a coin that is among them has that price, and one in which
    contracts are quoted costs 1.
fx [now] : array_like, mapping or None
    Prices of the coins now, of shape (coins,), as in `account_equity`.
maintenance [as price] : array_like or Margin
    Maintenance margin, as in `liquidation_price`.
maintenance [as account] : float, Margin, or sequence of them
    As in `account_maintenance`.
maintenance [account] : float, Margin, or sequence of them
    Maintenance margin: a fraction of the value at the mark, in [0, 1), `MarginRate`, `Tiers`, `RiskLimits` or
    `RisingMargin`, for all instruments or one for each.
mark [now] : array_like or mapping
    Mark prices now, > 0, of shape (instruments,), or by the names of contracts or underlyings.
mark [account] : array_like or mapping
    Mark prices, > 0, of shape (..., instruments), or by the names of contracts or underlyings. Leading axes of all
    inputs broadcast.
quantity, entry [account] : array_like or mapping
    Contracts (> 0 long) and entry prices > 0, of shape (accounts, instruments), or (instruments,) for one account
    or the same of all; or by name.
quantity, mark : array_like
    Contracts of either sign, and the mark price, > 0.

fill_time : array_like of times
    Times of the fills, never decreasing: datetime64, datetimes, ISO text, pandas, or numbers since 1970 in s, ms, us or
    ns. No fill is later than the last funding time.
fill_quantity : array_like
    Contracts of each fill, > 0 bought. The position is their running sum, 0 before the first.
interval : str, timedelta or timedelta64, default "8h"
    The interval that a rate covers.
indptr_fills : array_like of int, optional
    Offsets of many accounts: account a has the fills from ``indptr_fills[a]`` to ``indptr_fills[a + 1]``.
indptr_times : array_like of int, optional
    Offsets of the times of each account. Without it all accounts share them.
indptr_fills [as events] : array_like of int, optional
    Offsets of many accounts, as in `accrue_events`.
kind [contract] : {"linear", "inverse", "quanto"}
    Kind of the contract.
quanto : array_like, default 0.0
    `quanto_adjustment` of a quanto contract.

drop_expired : bool, default False
    Leave out options with an expiry below 0 instead of raising.
moves [see profile] : {"proportional", "parallel"}, default "proportional"
    How forwards move with the spot; see ``profile``.
multiplier : array_like, default 1.0
    Units of the underlying per contract.
price [path] : array_like
    Prices > 0, time down axis 0.
quantity [dealers] : array_like
    The dealers' own position in each option, in contracts, > 0 long; see ``position``. 0 and NaN count as none.
spot [single] : float
    Price of the underlying, > 0.
strike, vol, expiry [options] : array_like
    Strike, volatility per year and years to expiry of each option; one dimension.
x, y : array_like
    Two series of one length.
"""

# Sections, and entries of sections, that many functions have.
SECTIONS = {
    "greeks": """
Attributes
----------
price : ndarray or float
    Value V, in the currency of the strike; of a note, in the money of its nominal.
delta : ndarray or float
    dV/dS
gamma : ndarray or float
    d2V/dS2
vega : ndarray or float
    dV/dvol, per 1.00 of vol
theta : ndarray or float
    dV/dt, per year of calendar time
rho : ndarray or float
    dV/drate, per 1.00 of rate
rho_dividend : ndarray or float
    dV/ddividend, per 1.00 of dividend yield
vanna : ndarray or float, optional
    d2V/dS dvol
volga : ndarray or float, optional
    d2V/dvol2
charm : ndarray or float, optional
    d2V/dS dt
speed : ndarray or float, optional
    d3V/dS3
zomma : ndarray or float, optional
    d3V/dS2 dvol
color : ndarray or float, optional
    d3V/dS2 dt
veta : ndarray or float, optional
    d2V/dvol dt
""",
    "returns [prices]": """
Returns
-------
ndarray or float
    Prices, in the shape that all inputs broadcast to. NaN, with the invalid flag, for a number out of its domain.
""",
    "returns [prices of two]": """
Returns
-------
ndarray or float
    Prices, in the shape that all inputs broadcast to. NaN, with the invalid flag, for a number out of its domain
    and where ``lower`` is not below ``upper``.
""",
    "returns [derivative]": """
Returns
-------
ndarray or float
    The derivative, in the shape that all inputs broadcast to.
""",
    "returns [barrier greeks]": """
Returns
-------
BarrierGreeks
    Named tuple of arrays in the shape that all inputs broadcast to. NaN, with the invalid flag, for numbers out of
    their domain.
""",
    "raises [choice]": """
Raises
------
ValueError
    If a choice is unknown, shapes do not broadcast, or ``out`` has the wrong length.
TypeError
    If an input is not numeric.
""",
    "returns and raises [barrier greeks]": """
{returns [barrier greeks]}

{raises [choice]}
""",
    "returns [vanilla greeks]": """
Returns
-------
VanillaGreeks
    Named tuple of arrays in the shape that all inputs broadcast to. NaN, with the invalid flag, for numbers out
    of their domain.
""",
    "returns [transfer]": """
Returns
-------
ndarray or float
    Money that the long pool receives (> 0) or pays (< 0), before fees.
""",
    "rate of a size": """
Parameters
----------
size : array_like
    Value or contracts, as ``by`` says; its sign does not matter.

Returns
-------
ndarray or float
    Rate, a fraction; NaN for NaN.
""",
    "times between": """
Parameters
----------
start, end : time
    datetime64, datetime, ISO text, or a number since 1970 in s, ms, us or ns.

Returns
-------
ndarray of datetime64[ns]
    Start <= time < end; of a continuous rule the ends of its intervals.
""",
    "raises": """
Raises
------
ValueError
    If shapes do not broadcast.
TypeError
    If an input is not numeric.
""",
    "raises [account]": """
Raises
------
ValueError
    If shapes do not match, a coin of settlement is missing, or a number is out of its range.
TypeError
    If ``contracts`` holds anything but contracts, or an input is not numeric.
""",
    "raises [numbers]": """
Raises
------
TypeError
    If an input is not numeric.
""",
    "raises [contract]": """
Raises
------
ValueError
    If shapes do not broadcast.
TypeError
    If ``contract`` is not a Contract, or an input is not numeric.
""",
    "raises [kind]": """
Raises
------
ValueError
    If ``kind`` or ``option`` is unknown, or shapes do not broadcast.
TypeError
    If an input is not numeric.
""",
    "raises [option]": """
Raises
------
ValueError
    If ``option`` is unknown (with the first bad index) or shapes do not broadcast.
TypeError
    If an input is not numeric.
""",
    "raises [underlying]": """
Raises
------
ValueError
    If ``option`` is unknown (with the first bad index), ``spot`` and ``forward`` are both given or both missing,
    ``dividend`` is given with ``forward``, or shapes do not broadcast.
TypeError
    If an input is not numeric.
""",
    "raises [fair]": """
Raises
------
ValueError
    If ``kind`` is not one of the three.
TypeError
    If an input is not numeric.
""",
    "see also [greeks]": """
See Also
--------
greeks : Price and all derivatives in one pass.
""",
    "TypeError": """
TypeError
    If an input is not numeric.
""",
    "TypeError [contract]": """
TypeError
    If ``contract`` is not a Contract, or an input is not numeric.
""",
    "TypeError [contracts]": """
TypeError
    If ``contracts`` holds anything but contracts, or an input is not numeric.
""",
    "TypeError [source]": """
TypeError
    If ``source`` is not one of these.
""",
}

PLACE = re.compile(r"^( +)\{([A-Za-z_0-9, \[\]]+)\}$", re.MULTILINE)


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
    sections = {key: tuple(text.strip().splitlines()) for key, text in SECTIONS.items()}
    return {key: tuple(lines) for key, lines in entries.items()} | sections


def expand(text: str) -> str:
    """A docstring with the entries that it refers to."""

    def written(place: re.Match[str]) -> str:
        lines = [line for key in keys(place[2]) for line in fragments()[key]]
        return "\n".join(place[1] + line for line in lines) or place[0]

    before = ""
    while text != before:
        # an entry may refer to others
        before, text = text, PLACE.sub(written, text)
    return text


def keys(names: str) -> list[str]:
    """The entries that a list of names stands for, each as long as possible; empty if a name has no entry."""
    rest, entries = names.split(", "), []
    while rest:
        count = next((n for n in range(len(rest), 0, -1) if ", ".join(rest[:n]) in fragments()), 0)
        if not count:
            return []
        entries.append(", ".join(rest[:count]))
        rest = rest[count:]
    return entries
