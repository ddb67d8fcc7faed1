"""Prices of futures: dated contracts in a long table, or constant maturities in columns."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.results import Result
from shortgamma._core.times import DAY, HOUR, MINUTE, YEAR
from shortgamma.io._engine import Numbers, Times, counted, listed, open_table, plain
from shortgamma.io.chains import Chain, read_chain

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from shortgamma._core.times import Stamps
    from shortgamma._core.types import Floats
    from shortgamma.io._engine import Table
    from shortgamma.io._engine.opening import Readable

TIMES = ("t", "time", "timestamp", "datetime", "date")
EXPIRIES = ("expiry", "expiration", "expirydate", "expirytime", "futuresexpiry")
PRICES = ("price", "futuresprice", "futureprice", "mark", "markprice", "settle", "settlement", "close")
SPOTS = ("spot", "spotprice", "spotbinance", "indexprice", "index")
TENOR = re.compile(r"cm(\d+)m")
TENORS = tuple(f"cm{months}m" for months in range(1, 25))
# A table of options has one of these columns.
OPTIONS = frozenset({"strike", "strikeprice", "markiv", "impliedvolatility", "optiontype", "optionright", "putcall"})
KNOWN = frozenset({*TIMES, *EXPIRIES, *PRICES, *SPOTS, *TENORS, *OPTIONS})

# A basis of this size a year is a wrong spot price or a wrong expiry more often than a market.
LARGE, NEAR = 0.5, 7 * DAY / YEAR
# A forward is inferred from options of a delta between these: others are all money or none.
SMALL_DELTA, LARGE_DELTA = 0.1, 0.9
# Prices are quoted in steps of 1, 2 or 5 at some decimal place; products of a fund's price are not.
ENOUGH = 20


class FuturesTable(Result):
    """Prices of futures by time and contract; see `read_futures`.

    Attributes
    ----------
    time : ndarray of datetime64[ns]
        Times of the rows, UTC, increasing.
    expiry : ndarray of datetime64[ns] or None
        Expiries of the contracts in order; None for constant maturities.
    years : ndarray
        Years of 365 days to expiry, of the shape of ``price``, NaN from expiry on; of constant maturities, twelfths.
    price : ndarray
        Prices, time down axis 0, contracts along axis 1; NaN where there is none.
    spot : ndarray
        Spot price of each time; NaN where the source has none.
    notes : tuple of str
        Remarks on what is odd about the source.
    """

    time: NDArray[np.datetime64]
    expiry: NDArray[np.datetime64] | None
    years: Floats
    price: Floats
    spot: Floats
    notes: tuple[str, ...]


def read_futures(source: Readable | Chain, *, venue: str | None = None, time: Any = None) -> FuturesTable:
    """Read prices of futures of several expiries or tenors.

    Parameters
    ----------
    source : path, open file, DataFrame, rows, parsed JSON, or Chain
        A row for each time and contract, with columns of a time, an ``expiry``, a ``price`` and perhaps a ``spot``
        price; or a row for each time, with constant maturities in columns ``cm_1m``, ``cm_2m``, ...; or a path, open
        file or `Chain` of options, whose forwards are read.
    venue : {"deribit", "binance", "cme"}, optional
        Venue at whose time of day expiries fall that are dates (`shortgamma.carry.EXPIRY_TIME`).
    time : time, optional
        The moment of an option chain, as of `read_chain`.

    Returns
    -------
    FuturesTable
        Times, expiries, years, prices and spot prices, as `shortgamma.carry.constant_maturity` and
        `shortgamma.carry.annualized_basis` take them.

    Raises
    ------
    ReadError
        If a column is missing, a price is not above 0, a contract has two prices at one time, expiries have no time of
        day and there is no ``venue``, or the spot price is not one: a price that moves in odd steps is that of a fund,
        times a constant. A ValueError of one line that names the row.

    Notes
    -----
    Rows that repeat the previous one in all columns are noted, since vendors carry prices forward over holidays. So are
    bases of more than 50 % a year on contracts of a week or more.

    The forward of an expiry in an option chain is the one that the file tells; else by put-call parity, C - P = F - K
    (in coins 1 - K/F), the middle of what the bids and asks of all strikes leave; else from delta and volatility s,
    F = K exp(N^-1(delta of the call) s sqrt(T) - s^2 T/2), the median of deltas between 0.1 and 0.9. A note says which.
    Nothing is discounted. There is no spot price: the front forward is not one.

    Examples
    --------
    >>> import shortgamma as sg
    >>> rows = [
    ...     {"time": "2024-01-05 08:00", "expiry": "2024-02-23 08:00", "price": 101.0, "spot": 100.0},
    ...     {"time": "2024-01-05 08:00", "expiry": "2024-03-29 08:00", "price": 102.5, "spot": 100.0},
    ... ]
    >>> table = sg.io.read_futures(rows)
    >>> sg.carry.annualized_basis(table.price[0], table.spot[0], table.years[0]).round(4)
    array([0.0745, 0.1086])
    """
    if isinstance(source, Chain):
        return _forwards(source)
    table = open_table(source, known=KNOWN)
    if OPTIONS.intersection(map(plain, table.names)):
        if hasattr(source, "seek"):
            source.seek(0)
        return _forwards(read_chain(source, time=time))
    if time is not None:
        table.refuse("time= is the moment of an option chain: this is a table of futures")
    if not table.header:
        table.refuse("no header: write the names of the columns first, such as time,expiry,price,spot")
    tenors = {place: int(found[1]) for place, name in enumerate(table.names) if (found := TENOR.fullmatch(plain(name)))}
    return _constant(table, tenors) if tenors else _dated(table, venue)


def _forwards(chain: Chain) -> FuturesTable:
    """The forwards of a chain, one an expiry."""
    live = chain.expiry > 0.0
    expiry, place = np.unique(chain.expires[live], return_inverse=True)
    strike, vol, years = chain.strike[live], chain.vol[live], chain.expiry[live]
    quotes = (chain.forward, chain.delta, chain.bid, chain.ask)
    told, delta, bid, ask = (None if each is None else each[live] for each in quotes)
    call = chain.option[live] == "call"
    price = np.full(len(expiry), np.nan)
    counts: dict[str, int] = {}
    for i in range(len(expiry)):
        here = place == i
        ways = {
            "told by the file": told[here] if told is not None else (),
            "by put-call parity": () if bid is None or ask is None else _by_parity(
                strike[here], bid[here], ask[here], call[here], chain.venue != "listed"),
            "from delta and volatility": () if delta is None else _by_delta(
                strike[here], vol[here], years[here], delta[here], call[here]),
        }  # fmt: skip
        for way, values in ways.items():
            there = np.asarray(values, dtype=float)
            there = there[np.isfinite(there) & (there > 0.0)]
            if len(there):
                price[i] = np.median(there)
                counts[way] = counts.get(way, 0) + 1
                break
    left = (expiry - chain.time) / np.timedelta64(1, "ns") / YEAR
    notes = [f"{counted(count, 'forward')} {way}" for way, count in counts.items()]
    missing = int(np.isnan(price).sum())
    if missing:
        notes.append(f"{counted(missing, 'contract')} without a forward")
    stamp = np.array([chain.time]).astype("datetime64[ns]")
    return FuturesTable(stamp, expiry, left[np.newaxis], price[np.newaxis], np.full(1, np.nan), tuple(notes))


def _by_parity(strike: Floats, bid: Floats, ask: Floats, call: NDArray[np.bool], in_coins: bool) -> Floats:
    """The middle of the forwards at which no strike with a call and a put has an arbitrage."""
    both, calls, puts = np.intersect1d(strike[call], strike[~call], return_indices=True)
    low = bid[call][calls] - ask[~call][puts]
    high = ask[call][calls] - bid[~call][puts]
    low, high = (both / (1.0 - gap) if in_coins else both + gap for gap in (low, high))
    there = np.isfinite(low) & np.isfinite(high)
    return np.array([0.5 * (low[there].max() + high[there].min())] if there.any() else [])


def _by_delta(strike: Floats, vol: Floats, years: Floats, delta: Floats, call: NDArray[np.bool]) -> Floats:
    """Forwards of options that are neither far in nor far out of the money."""
    from statistics import NormalDist

    of_call = np.where(call, delta, 1.0 + delta)
    good = (of_call > SMALL_DELTA) & (of_call < LARGE_DELTA) & (vol > 0.0)
    deviation = vol[good] * np.sqrt(years[good])
    quantile = np.array([NormalDist().inv_cdf(each) for each in of_call[good].tolist()])
    return np.asarray(strike[good] * np.exp((quantile - 0.5 * deviation) * deviation))


def _not_positive(values: Floats) -> NDArray[np.bool]:
    return np.asarray(values <= 0.0)


def _numbers() -> Numbers:
    return Numbers([(_not_positive, "a price must be > 0, got {}")])


def _stamps(stamp: Stamps) -> NDArray[np.datetime64]:
    return np.asarray(stamp.view("datetime64[ns]"))


def _first(table: Table, names: tuple[str, ...], what: str) -> int | None:
    """The place of the first of the names that a column has."""
    plains = [plain(name) for name in table.names]
    name = next((name for name in names if name in plains), None)
    return None if name is None else table.find([name], what)


def _constant(table: Table, tenors: dict[int, int]) -> FuturesTable:
    time, spot = table.need(TIMES, "time"), _first(table, SPOTS, "spot price")
    columns: dict[int, Any] = {time: Times(), **{place: _numbers() for place in tenors}}
    if spot is not None:
        columns[spot] = _numbers()
    table.read(columns)
    arrays = dict(zip(columns, table.finish(columns), strict=True))
    stamp = arrays[time]
    late = np.diff(stamp) <= 0
    if late.any():
        table.refuse("times must increase", int(late.argmax()) + 1, time)
    order = sorted(tenors, key=lambda place: tenors[place])
    price = np.column_stack([arrays[place] for place in order])
    notes = list(table.notes)
    repeated = int((price[1:] == price[:-1]).all(axis=1).sum())
    if repeated:
        notes.append(f"{counted(repeated, 'row')} like the one before in all tenors: holidays carried forward")
    years = np.broadcast_to(np.array([tenors[place] / 12.0 for place in order]), price.shape)
    base = np.full(len(stamp), np.nan) if spot is None else arrays[spot]
    _check_spot(table, base, spot)
    return FuturesTable(_stamps(stamp), None, years, price, base, tuple(notes))


def _dated(table: Table, venue: str | None) -> FuturesTable:
    time, expiry = table.need(TIMES, "time"), _first(table, EXPIRIES, "expiry")
    price, spot = _first(table, PRICES, "price"), _first(table, SPOTS, "spot price")
    if expiry is None or price is None:
        missing = "expiry" if expiry is None else "price"
        table.refuse(f"no {missing} column among {listed(table.names)}, and none of constant maturities such as cm_1m")
    columns: dict[int, Any] = {time: Times(), expiry: Times(), price: _numbers()}
    if spot is not None:
        columns[spot] = _numbers()
    table.read(columns)
    arrays = dict(zip(columns, table.finish(columns), strict=True))
    base = arrays[spot] if spot is not None else np.full(len(arrays[time]), np.nan)
    _check_spot(table, base, spot)
    ends = _with_clock(table, arrays[expiry], venue, expiry)
    stamp, row = np.unique(arrays[time], return_inverse=True)
    contracts, column = np.unique(ends, return_inverse=True)
    cell = row * len(contracts) + column
    order = np.argsort(cell, kind="stable")
    again = (np.diff(cell[order]) == 0) & (np.diff(arrays[price][order]) != 0.0)
    if again.any():
        table.refuse("a contract has two prices at one time", int(order[int(again.argmax()) + 1]), price)
    prices = np.full((len(stamp), len(contracts)), np.nan)
    prices[row, column] = arrays[price]
    spots = np.full(len(stamp), np.nan)
    spots[row] = base
    differs = (spots[row] != base) & ~np.isnan(base)
    if differs.any():
        table.refuse("two spot prices at one time", int(differs.argmax()), spot)
    left = (contracts - stamp[:, np.newaxis]) / YEAR
    years = np.where(left > 0.0, left, np.nan)
    notes = [*table.notes, *_large(prices, spots, years)]
    return FuturesTable(_stamps(stamp), _stamps(contracts), years, prices, spots, tuple(notes))


def _check_spot(table: Table, spot: Floats, place: int | None) -> None:
    """Refuse a price that is a multiple of another: its steps are not a round number."""
    cents = np.round(np.unique(spot[np.isfinite(spot)]) * 100.0)
    if len(cents) < ENOUGH or not np.allclose(cents / 100.0, np.unique(spot[np.isfinite(spot)]), rtol=0.0, atol=1e-9):
        return
    step = int(np.gcd.reduce(cents.astype(np.int64)))
    digits = str(step).rstrip("0")
    if digits not in {"1", "2", "5", "25"}:
        table.refuse(
            f"all spot prices are multiples of {step / 100:g}, as those of a fund times a constant: no spot price",
            None,
            place,
        )


def _with_clock(table: Table, expiry: Stamps, venue: str | None, place: int) -> Stamps:
    """Expiries that are dates, at the time of day at which the venue's expire."""
    if (expiry % DAY).any():
        return expiry
    if venue is None:
        table.refuse("expiries are dates without a time of day: give venue=, such as 'deribit' or 'cme'", None, place)
    from datetime import UTC, datetime
    from zoneinfo import ZoneInfo

    from shortgamma._core.expiries import EXPIRY_TIME

    clock = EXPIRY_TIME[venue]
    hour, minute = (int(part) for part in clock.time.split(":"))
    days, back = np.unique(expiry, return_inverse=True)
    zone = ZoneInfo(clock.zone)
    shift = [datetime.fromtimestamp(int(day) / 1e9, UTC).replace(hour=12, tzinfo=zone).utcoffset() for day in days]
    offset = np.array([int(each.total_seconds()) * 10**9 if each else 0 for each in shift])
    return np.asarray((days + hour * HOUR + minute * MINUTE - offset)[back])


def _large(price: Floats, spot: Floats, years: Floats) -> list[str]:
    with np.errstate(invalid="ignore", divide="ignore"):
        basis = (price / spot[:, np.newaxis] - 1.0) / years
        large = (years >= NEAR) & (np.abs(basis) > LARGE)
    count = int(large.sum())
    return [f"{counted(count, 'price')} with a basis of more than 50 % a year: is it the spot price?"] if count else []
