"""The trade that earns the basis, on a margined path; public in ``shortgamma.carry``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma import contracts
from shortgamma._core import dispatch
from shortgamma._core.checks import along_time, call, check_labels, check_length, choice, number, time_axis
from shortgamma._core.results import Result
from shortgamma._core.times import YEAR, ascending, moment, shown, times
from shortgamma.liquidation.margin import Margin, RisingMargin, RiskLimits

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike, NDArray

    from shortgamma._core.types import Floats, Integers
    from shortgamma.contracts import Contract

COLLATERALS = {"separate": 0, "cross": 4}
TOP_UPS = {"none": 0, "restore": 8, "maintenance": 16}
RECORDS = {"totals": 0, "full": 1}
KINDS = {"linear": 0, "inverse": 1, "quanto": 2}
NAMES = (
    "spot", "futures", "high", "settlement_price", "next_futures", "time", "roll", "quantity", "leverage",
    "maintenance", "amount", "haircut", "reserve",
)  # fmt: skip


class CarryPath(Result):
    """The short future bar by bar, in the settlement coin; 0 after a liquidation.

    Attributes
    ----------
    equity : ndarray or float
        Margin plus profit at the close, and where the coins are margin, what they count for.
    margin : ndarray or float
        Posted and topped up so far.
    margin_ratio : ndarray or float
        Required over equity.
    """

    equity: Floats
    margin: Floats
    margin_ratio: Floats


class CashAndCarry(Result):
    """What came of a cash-and-carry trade; money is in the quote currency unless a field says otherwise.

    Attributes
    ----------
    total : ndarray or float
        Profit: the sum of the eight parts that follow.
    basis : ndarray or float
        quantity (futures - spot) at entry: what a trade that is held to expiry locks in.
    exit : ndarray or float
        -quantity (futures - spot) on the last bar: zero at expiry.
    roll : ndarray or float
        quantity (next - futures), summed over rolls.
    settlement : ndarray or float
        What settlement in a coin makes other than a linear future: zero for an inverse one at expiry, the quanto leg.
    collateral : ndarray or float
        Change in the worth of the coins that were posted.
    financing : ndarray or float
        -rate times capital times years.
    fees : ndarray or float
        -fee times the value of all trades in both legs.
    liquidation : ndarray or float
        What the future made less what it would have made if never liquidated.
    liquidated : ndarray of int64 or int
        Bar of the liquidation; the number of bars if there is none.
    top_ups : ndarray or float
        How often margin was topped up.
    peak_margin : ndarray or float
        Margin posted and topped up, in the settlement coin.
    peak_capital : ndarray or float
        Spot and all margin at what they cost.
    margin_ratio : ndarray or float
        Largest required over equity on the way; inf where equity was used up.
    shortfall : ndarray or float
        Loss beyond the margin, in the settlement coin, which the venue's fund bears.
    return_ : ndarray or float
        total / peak_capital.
    annual_return : ndarray or float
        ``return_`` over the years of the path; NaN without times.
    path : CarryPath, optional
        Bar by bar, if asked for.
    """

    total: Floats
    basis: Floats
    exit: Floats
    roll: Floats
    settlement: Floats
    collateral: Floats
    financing: Floats
    fees: Floats
    liquidation: Floats
    liquidated: Integers
    top_ups: Floats
    peak_margin: Floats
    peak_capital: Floats
    margin_ratio: Floats
    shortfall: Floats
    return_: Floats
    annual_return: Floats
    path: CarryPath | None = None


class LiquidationShare(Result):
    """How often a short future would have been liquidated; see `liquidation_share`.

    Attributes
    ----------
    share : ndarray or float
        Fraction of the periods.
    liquidated : ndarray of int64 or int
        Number of periods in which it was.
    periods : int
        Number of periods.
    begins : ndarray of int64
        Bar at whose price each period begins: the last one before it.
    hit : ndarray of bool
        Whether it was liquidated in each period, along the last axis.
    """

    share: Floats
    liquidated: Integers
    periods: int
    begins: NDArray[np.int64]
    hit: NDArray[np.bool]


def cash_and_carry(
    spot: ArrayLike,
    futures: ArrayLike,
    *,
    contract: Contract,
    maintenance: ArrayLike | Margin,
    leverage: ArrayLike | None = None,
    quantity: ArrayLike = 1.0,
    collateral: Literal["separate", "cross"] = "separate",
    haircut: ArrayLike = 0.0,
    top_up: Literal["none", "restore", "maintenance"] = "none",
    reserve: ArrayLike = np.inf,
    financing: ArrayLike = 0.0,
    fee: ArrayLike = 0.0,
    time: Any = None,
    expiry: Any = None,
    high: ArrayLike | None = None,
    settlement_price: ArrayLike | None = None,
    roll: ArrayLike | None = None,
    next_futures: ArrayLike | None = None,
    axis: int = 0,
    record: Literal["totals", "full"] = "totals",
) -> CashAndCarry:
    """Buy coins, sell the future on them, and hold both along a path on which the future is margined.

    Parameters
    ----------
    spot, futures : array_like
        Prices of the coin and of the future, one a bar along ``axis``, from entry to exit; they broadcast, 1-D among
        N-D being a time series. A NaN between them is passed over, and is never a breach.
    contract : Contract or str
        What is sold, or its name. The number of contracts is what hedges ``quantity`` coins at entry: as many coins
        (linear), their worth in the quote currency (inverse), or quantity / settlement_price (quanto).
    maintenance : array_like or Margin
        Maintenance margin: a fraction of the value at the mark, in [0, 1), `MarginRate`, `Tiers`, `RiskLimits` or
        `RisingMargin` of `shortgamma.liquidation`. A margin that is fixed by the size at entry cannot be rolled, and
        one that rises without steps with the value at the mark is refused.
    leverage : array_like, optional
        Value at entry over the margin posted, > 0. Required with "separate" collateral, refused with "cross".
    quantity : array_like, default 1.0
        Coins bought, > 0.
    collateral : {"separate", "cross"}, default "separate"
        Whether margin is posted beside the coins, as on CME, or the coins themselves are the margin.
    haircut : array_like, default 0.0
        Fraction of the worth of the coins that does not count as margin, in [0, 1]; with "cross".
    top_up : {"none", "restore", "maintenance"}, default "none"
        At a breach: liquidation; margin up to what was posted at first; or up to what is required. With "separate".
    reserve : array_like, default inf
        Funds for top-ups, in the settlement coin. A top-up larger than the rest of them is not made.
    financing : array_like, default 0.0
        Rate per year, simple, on spot and margin at what they cost.
    fee : array_like, default 0.0
        Fraction of the value of each trade: both legs at entry and exit, the future at rolls and liquidation.
    time : array_like, optional
        Times of the bars in order; required with ``financing`` and ``expiry``.
    expiry : time, optional
        When the future settles: at the spot price of the first bar at or after that time, which is the last of the
        trade. Bars after it do not count, and a price of the future is not needed on it.
    high : array_like, optional
        Highest price of the future within each bar, at which breaches are judged; by default ``futures``.
    settlement_price : array_like, optional
        Price of the settlement coin of a quanto contract, one a bar.
    roll : array_like of bool or of int, optional
        Whether the future is rolled at the close of each bar, or the bars at which it is.
    next_futures : array_like, optional
        Price of the contract that is rolled into, read on those bars; ``futures`` is its price from the next bar on.
    {axis}
    record : {"totals", "full"}, default "totals"
        Whether equity, margin and margin ratio of each bar are returned too.

    Returns
    -------
    CashAndCarry
        Profit, its parts, and what happened to the margin. Without an answer, where a first or last price is NaN or a
        term is, all are NaN; NaN also, with the invalid flag, where one is out of its range.

    Raises
    ------
    ValueError
        If lengths do not fit, an argument that is needed is missing or one is given that has no use, or ``expiry`` is
        not among the times.
    TypeError
        If ``contract`` is not a Contract or a name, or an input is not numeric.

    See Also
    --------
    shortgamma.liquidation.first_breach : The same decision, of one position.
    shortgamma.liquidation.breach_probability : Its probability in closed form.
    liquidation_share : How often it happened in each month of a history.

    Notes
    -----
    The decision on a bar is the one of `shortgamma.liquidation`: equity < required in exact arithmetic on the margin as
    it stands, first on the high of the bar. A liquidated future is closed at that price; its loss is at most the margin
    (the worth of the coins, if they are), the rest is ``shortfall``. The coins are kept to the end, unhedged. Held to
    expiry without a liquidation, the trade earns ``basis``, whatever the path [1]_.

    References
    ----------
    .. [1] M. Schmeling, A. Schrimpf and K. Todorov, Crypto carry, BIS Working Papers 1087, 2023.

    Examples
    --------
    A future at 800 over spot earns 800 if margin is found on the way, and loses its 8160 of margin if not:

    >>> import shortgamma as sg
    >>> spot, futures = [40_000, 42_000, 46_000, 44_000, 50_000], [40_800, 43_000, 47_500, 44_600, 50_000]
    >>> terms = {"contract": sg.contracts.Contract("linear"), "leverage": 5, "maintenance": 0.005}
    >>> alone = sg.carry.cash_and_carry(spot, futures, **terms)
    >>> float(alone.total), int(alone.liquidated), float(alone.shortfall)
    (1840.0, 4, 1040.0)
    >>> helped = sg.carry.cash_and_carry(spot, futures, top_up="restore", **terms)
    >>> float(helped.total), int(helped.top_ups)
    (800.0, 1)
    """
    contract = contracts.checked(contract)
    kind = contract.kind
    code = KINDS[kind] + int(choice("collateral", collateral, COLLATERALS)) + int(choice("top_up", top_up, TOP_UPS))
    choice("record", record, RECORDS)
    _check_terms(kind, collateral, leverage, haircut, top_up, settlement_price)
    prices, time_index = _aligned(spot, futures, high, settlement_price, axis, kind)
    bars = prices[1].shape[-1]
    if bars == 0:
        raise ValueError("futures must have at least one bar")
    years = _years(time, financing, bars)
    flags = _rolls(roll, next_futures, bars)
    following = prices[1] if next_futures is None else _last(next_futures, "next_futures", futures, time_index)
    if expiry is not None:
        bars = _end(time, expiry)
        prices, following = _until(prices, bars, kind, high is not None), following[..., :bars]
        years, flags = years[:bars], flags[:bars]
    coins = number("quantity", quantity)
    rates, amounts = _margins(maintenance, contract, coins, prices, bool(flags.any()))
    terms = [
        coins,
        number("leverage", 1.0 if leverage is None else leverage),
        rates,
        amounts,
        number("haircut", haircut),
        number("reserve", reserve),
    ]
    values = (*prices, following, years, flags, *terms, np.int8(code))
    loops = dispatch.carry.cash_and_carry
    totals = call(loops.carry_cash_and_carry, NAMES, values)
    result = _split(totals, prices, years, terms, number("financing", financing), number("fee", fee))
    if record == "full":
        path = call(loops.carry_cash_and_carry_path, NAMES, values)
        moved = [np.moveaxis(each, -1, time_index) for each in path]
        result = result._replace(path=CarryPath(*moved))
    return result


def liquidation_share(
    futures: ArrayLike,
    leverage: ArrayLike,
    maintenance: ArrayLike = 0.0,
    *,
    period: Any,
    high: ArrayLike | None = None,
) -> LiquidationShare:
    """Share of the periods of a history in which a short future opened at their start would have been liquidated.

    Parameters
    ----------
    futures : array_like
        Prices, one a bar, in one dimension.
    leverage : array_like
        Value over margin at the start of each period, > 0; with several, results have their shape.
    maintenance : array_like, default 0.0
        Maintenance margin as a fraction of the value at the mark; broadcasts with ``leverage``.
    period : array_like or int
        A label for each bar, months for instance, equal ones side by side: each period starts at the last price before
        it, and a first one without such a price does not count. Or a number of bars: each window of so many starts at
        the price before it.
    high : array_like, optional
        Highest price of each bar, to be judged in place of ``futures``.

    Returns
    -------
    LiquidationShare
        Share, number liquidated, number of periods, and which they were. A margin is used up where highest / start >=
        (1 + 1/leverage) / (1 + maintenance).

    Raises
    ------
    ValueError
        If lengths differ, a label comes back after another, or the window is longer than the history.

    Examples
    --------
    >>> import shortgamma as sg
    >>> months = sg.carry.liquidation_share([100, 104, 111, 108, 103], [5, 10], period=["a", "b", "b", "c", "c"])
    >>> months.share
    array([0. , 0.5])
    """
    price = number("futures", futures).astype(float)
    if price.ndim != 1:
        raise ValueError(f"futures must have one dimension, got shape {price.shape}")
    top = price if high is None else number("high", high).astype(float)
    check_length("high", len(top), "futures", len(price))
    if np.ndim(period) == 0:
        if not isinstance(period, int | np.integer) or not 1 <= period < len(price):
            raise ValueError(
                f"period must be labels, or a number of bars between 1 and {len(price) - 1}, got {period!r}"
            )
        opened = np.arange(len(price) - period)
        most = np.lib.stride_tricks.sliding_window_view(top[1:], int(period)).max(axis=-1)
    else:
        labels = np.asarray(period)
        if labels.ndim != 1:
            raise ValueError(f"period must have one dimension, got shape {labels.shape}")
        check_length("period", len(labels), "futures", len(price))
        begins = np.flatnonzero(np.concatenate([[True], labels[1:] != labels[:-1]]))
        if len(np.unique(labels[begins])) < len(begins):
            raise ValueError("period must have equal labels side by side: sort the bars by time")
        most = np.fmax.reduceat(top, begins)[begins > 0]
        opened = begins[begins > 0] - 1
    level = (1.0 + 1.0 / number("leverage", leverage)) / (1.0 + number("maintenance", maintenance))
    hit = most / price[opened] >= level[..., np.newaxis]
    count = hit.sum(axis=-1)
    return LiquidationShare(count / max(len(opened), 1), count, len(opened), opened, hit)


def _check_terms(kind: str, collateral: str, leverage: Any, haircut: Any, top_up: str, settlement: Any) -> None:
    if (collateral == "separate") != (leverage is not None):
        need = "must be given with 'separate' collateral" if leverage is None else "has no use with 'cross' collateral"
        raise ValueError(f"leverage {need}")
    if collateral == "separate" and np.any(np.asarray(haircut) != 0.0):
        raise ValueError("haircut has no use with 'separate' collateral: the coins are not margin")
    if collateral == "cross" and top_up != "none":
        raise ValueError(f"top_up must be 'none' with 'cross' collateral, got {top_up!r}")
    if (kind == "quanto") != (settlement is not None):
        need = "must be given, a price a bar," if settlement is None else "has no use"
        raise ValueError(f"settlement_price {need} for a {kind} contract")


def _last(value: Any, name: str, like: Any, axis: int) -> Any:
    """Numbers with time along the last axis."""
    array = number(name, along_time(name, value, axis, "futures", like))
    return array if array.ndim < 1 or array.ndim < np.ndim(like) else np.moveaxis(array, axis, -1)


def _aligned(spot: Any, futures: Any, high: Any, settlement: Any, axis: int, kind: str) -> tuple[list[Any], int]:
    """Spot, futures, high and settlement price, time last, and where time was."""
    for name, value in (("spot", spot), ("futures", futures)):
        time_axis(0, np.ndim(value), name)
    wide = futures if np.ndim(futures) >= np.ndim(spot) else spot
    time = time_axis(axis, np.ndim(wide), "futures")
    check_labels("spot", spot, "futures", futures, time)
    aligned: list[Any] = []
    for name, value in (("spot", spot), ("futures", futures), ("high", high), ("settlement_price", settlement)):
        if value is None:
            aligned.append(None)
            continue
        aligned.append(
            _last(value, name, wide, time) if value is not wide else np.moveaxis(number(name, value), time, -1)
        )
    for name, value in zip(("spot", "futures", "high", "settlement_price"), aligned, strict=True):
        if np.ndim(value):
            check_length(name, value.shape[-1], "futures", np.shape(wide)[time])
    aligned[2] = aligned[1] if aligned[2] is None else aligned[2]
    if kind != "quanto":
        aligned[3] = aligned[0] if kind == "inverse" else np.ones(1).repeat(aligned[1].shape[-1])
    return aligned, time


def _years(time: Any, financing: Any, bars: int) -> Any:
    if time is None:
        if np.any(np.asarray(financing) != 0.0):
            raise ValueError("time must be given with financing, a rate per year")
        return np.full(bars, np.nan)
    stamps = ascending("time", times("time", time))
    check_length("time", len(stamps), "futures", bars)
    return (stamps - stamps[0]) / YEAR


def _end(time: Any, expiry: Any) -> int:
    """The number of bars up to the first one at or after expiry."""
    if time is None:
        raise ValueError("time must be given with expiry")
    stamps, end = times("time", time), moment("expiry", expiry)
    if not stamps[0] < end <= stamps[-1]:
        raise ValueError(
            f"expiry must be after time[0], {shown(stamps[0])}, and not after the last one, {shown(stamps[-1])}, got "
            f"{shown(end)}"
        )
    return int(np.searchsorted(stamps, end)) + 1


def _until(prices: list[Any], bars: int, kind: str, highs: bool) -> list[Any]:
    """Prices up to the bar of expiry, on which the future is the spot."""
    spot, futures, high, coin = (each[..., :bars] for each in prices)
    settled = np.array(np.broadcast_to(futures, np.broadcast_shapes(futures.shape, spot.shape)), dtype=float)
    settled[..., -1] = spot[..., -1]
    return [spot, settled, high if highs else settled, spot if kind == "inverse" else coin]


def _margins(given: Any, contract: Contract, quantity: Any, prices: list[Any], rolled: bool) -> tuple[Any, Any]:
    """Rates and amounts of the steps of a margin, along the last axis."""
    if not isinstance(given, Margin):
        return number("maintenance", given)[..., np.newaxis], np.zeros(1)
    if isinstance(given, RisingMargin) and given.at == "mark" and given.by == "value":
        raise ValueError(
            "maintenance must not rise without steps with the value at the mark: give liquidation.Tiers, or "
            "RisingMargin(..., by='quantity')"
        )
    if rolled and (given.at == "entry" or isinstance(given, RiskLimits | RisingMargin)):
        raise ValueError(
            "maintenance must not be fixed by the size at entry, as risk limits are, where the future is rolled: give "
            "a rate, or liquidation.Tiers of the value at the mark"
        )
    futures, coin = prices[1][..., 0], prices[3][..., 0]
    size = {"linear": quantity, "inverse": quantity * futures, "quanto": quantity / coin}[contract.kind]
    steps = given._steps(contract, size / contract.multiplier, futures)
    rates, amounts = (
        np.stack(np.broadcast_arrays(*(np.asarray(step[i], dtype=float) for step in steps)), axis=-1) for i in (0, 1)
    )
    return rates, amounts


def _rolls(roll: Any, following: Any, bars: int) -> Any:
    if (roll is None) != (following is None):
        raise ValueError("roll and next_futures go together: the bars, and the price of the contract rolled into")
    flags = np.zeros(bars, dtype=bool)
    if roll is None:
        return flags
    given = np.asarray(roll)
    if given.dtype == bool:
        check_length("roll", len(given), "futures", bars)
        return given
    if given.size and (given.dtype.kind not in "iu" or given.min() < 0 or given.max() >= bars):
        raise ValueError(f"roll must be a bool a bar, or bars between 0 and {bars - 1}, got {roll!r}")
    flags[given.astype(np.intp)] = True
    return flags


def _split(totals: Any, prices: Any, years: Any, terms: Any, financing: Any, fee: Any) -> CashAndCarry:
    made, held, top_ups, margin, cost, ratio, shortfall, capital_years, rolled, traded, bar = totals
    spot, futures, _, coin = prices
    first_spot, last_spot = spot[..., 0], spot[..., -1]
    first, last, worth = futures[..., 0], futures[..., -1], coin[..., -1]
    quantity = terms[0]
    # NaN of a path without an answer is in what the loop returned
    no_answer = 0.0 * made
    basis = quantity * (first - first_spot) + no_answer
    leave = -quantity * (last - last_spot) + no_answer
    roll = quantity * rolled
    linear = quantity * ((first - last) + rolled)
    settlement = held * worth - linear
    parts = {
        "basis": basis,
        "exit": leave,
        "roll": roll,
        "settlement": settlement,
        "collateral": margin * worth - cost,
        "financing": -financing * capital_years if np.any(financing != 0.0) else no_answer,
        "fees": -fee * traded,
        "liquidation": (made - held) * worth,
    }
    total = sum(parts.values())
    capital = quantity * first_spot + cost
    length = years[-1] - years[0]
    never = np.where(np.isnan(bar), -2, bar).astype(np.int64)
    gain = total / capital
    with np.errstate(invalid="ignore", divide="ignore"):
        annual = gain / length if length > 0.0 else gain * np.nan
    return CashAndCarry(
        total, **parts, liquidated=never[()], top_ups=top_ups, peak_margin=margin, peak_capital=capital,
        margin_ratio=ratio, shortfall=shortfall, return_=gain, annual_return=annual, path=None,
    )  # fmt: skip
