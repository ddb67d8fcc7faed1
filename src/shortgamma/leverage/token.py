"""Simulation of leveraged products; the public name is in ``shortgamma.leverage``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import (
    check_length,
    number,
    refuse_choice,
    refuse_where,
    time_axis,
)
from shortgamma._core.results import Result
from shortgamma._core.times import DAY, ascending, moment, times
from shortgamma.leverage.token_rule import TokenRule, clock_time

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from shortgamma._core.types import Floats, Integers


__all__ = ["NavPath", "TokenPath", "TokenState", "TokenSummary", "simulate"]

RECORDS = ("nav", "full", "summary")
CLOCK, CHANGE = 1, 2


class TokenState(Result):
    """Where a simulation ended, for one that goes on from there.

    Attributes
    ----------
    values : ndarray
        What the products hold, as the loop keeps it.
    bars : int
        Bars so far.
    time : int | None
        Time of the last bar, ns since 1970 UTC.
    record : str
        The record that was kept: totals are those of ``"summary"`` alone, tokens those of ``"full"``.
    """

    values: Floats
    bars: int
    time: int | None
    record: str

    HIDDEN = ("values",)


class NavPath(Result):
    """``record="nav"``; time where the prices have it, and a last axis of rules where there are several.

    Attributes
    ----------
    nav : ndarray
        Value of the initial holding at each bar's close; 0 from where it is wiped out.
    state : TokenState
        Where to go on.
    """

    nav: Floats
    state: TokenState

    HIDDEN = ("state",)


class TokenPath(Result):
    """``record="full"``; time where the prices have it, and a last axis of rules where there are several.

    At every bar, nav is the nav before + gain - cost - fee - financing.

    Attributes
    ----------
    nav : ndarray
        Value of the initial holding at each bar's close; 0 from where it is wiped out.
    exposure : ndarray
        Notional held at the close, signed.
    leverage : ndarray
        Exposure over NAV; 0 once wiped out.
    trade : ndarray
        Notional bought less notional sold at the bar.
    rebalances : ndarray of int64
        Number of rebalances at the bar.
    gain : ndarray
        Gain of what was held, dividends included.
    cost : ndarray
        Cost of trades, slippage included.
    fee : ndarray
        Fees charged to NAV.
    financing : ndarray
        Financing, spread and funding paid; negative if received.
    quoted : ndarray
        NAV of one token, which differs from ``nav`` after merges and splits.
    tokens : ndarray
        Tokens of the initial size in existence: 1 until money comes or goes.
    flow_trade : ndarray
        Notional traded at the bar because money came or went.
    flow_fee : ndarray
        Subscription and redemption fees, paid by who came or went.
    state : TokenState
        Where to go on.
    """

    nav: Floats
    exposure: Floats
    leverage: Floats
    trade: Floats
    rebalances: Integers
    gain: Floats
    cost: Floats
    fee: Floats
    financing: Floats
    quoted: Floats
    tokens: Floats
    flow_trade: Floats
    flow_fee: Floats
    state: TokenState

    HIDDEN = ("state",)


class TokenSummary(Result):
    """``record="summary"``: one number for each path, and a last axis of rules where there are several.

    Attributes
    ----------
    nav : ndarray or float
        NAV at the last bar.
    max_drawdown : ndarray or float
        Largest loss since a previous high at closes, a fraction.
    realised_variance : ndarray or float
        Sum of squared returns of the underlying, bar by bar.
    rebalances : ndarray or int
        Number of rebalances.
    turnover : ndarray or float
        Total notional traded.
    cost : ndarray or float
        Total cost of trades, slippage included.
    fee : ndarray or float
        Total of fees charged to NAV.
    financing : ndarray or float
        Total financing, spread and funding paid.
    wiped_out : ndarray or int
        Bar at which the product was wiped out, -1 if it was not.
    state : TokenState
        Where to go on.
    """

    nav: Floats
    max_drawdown: Floats
    realised_variance: Floats
    rebalances: Integers
    turnover: Floats
    cost: Floats
    fee: Floats
    financing: Floats
    wiped_out: Integers
    state: TokenState

    HIDDEN = ("state",)


def simulate(
    price: ArrayLike,
    rule: TokenRule | Sequence[TokenRule],
    *,
    time: ArrayLike | None = None,
    high: ArrayLike | None = None,
    low: ArrayLike | None = None,
    open: ArrayLike | None = None,
    financing: ArrayLike = 0.0,
    funding: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    flow: ArrayLike = 0.0,
    initial: ArrayLike = 1.0,
    axis: int = 0,
    record: str = "nav",
    out: Any = None,
    state: TokenState | None = None,
) -> Any:
    """Simulate leveraged products along price paths, rebalanced and charged by their rules.

    Parameters
    ----------
    price : array_like
        Closing prices > 0 of the underlying, one per bar along ``axis``.
    rule : TokenRule or sequence of TokenRule
        What the product does. Of several rules each is run on every path, and results have a last axis for them.
    time : array_like of times, optional
        Time of each price, that is of the bar's close, ascending: datetime64, datetimes, ISO text, pandas, or numbers
        since 1970 in s, ms, us or ns. Needed by rules that go by the calendar.
    high, low : array_like, optional
        Highest and lowest price of each bar, shaped like ``price``. Needed by rules that watch extremes.
    open : array_like, optional
        First price of each bar, shaped like ``price``. Needed by rules that fill at the next open.
    financing : array_like, default 0.0
        Rate over each bar on the borrowed part (exposure less NAV), a fraction; what is not invested earns it. A
        number, or one per bar.
    funding : array_like, default 0.0
        Funding rate at each bar's close on the notional; longs pay if > 0. A number, or one per bar.
    dividend : array_like, default 0.0
        Paid at each bar for a unit of the underlying held at the close before, in money. A number, or one per bar.
    flow : array_like, default 0.0
        Money that subscribes (> 0) or redeems (< 0) at each bar's close, before fees; only for ``record="full"``. It
        changes the number of tokens, never their NAV. One per bar, or one per element of ``price``. No more is redeemed
        than there is.
    initial : array_like, default 1.0
        NAV at the first bar, > 0. Broadcasts with the paths (``price`` without its time axis).
    axis : int, default 0
        The axis of time.
    record : {"nav", "full", "summary"}, default "nav"
        What to return: the path of the NAV, of everything, or only totals, for which no path is written.
    out : ndarray, optional
        Where the NAV goes, for ``record="nav"``.
    state : TokenState, optional
        Where an earlier call with the same rules and paths, and the same ``record`` unless it is now "nav", ended: the
        first price is then that of the bar after, and ``initial`` is not used. Bars in pieces, even one by one, make
        the same NAV, bit for bit.

    Returns
    -------
    NavPath, TokenPath or TokenSummary
        By ``record``. A product that is wiped out is 0 from that bar on. A NaN price makes NaN from there on; so does a
        price that is none (0, negative, infinite), with the invalid flag.

    Raises
    ------
    ValueError
        If a length does not fit, times do not ascend, what a rule needs is missing, or a number is out of its range.
    TypeError
        If an input is not numeric, or ``rule`` is none.

    Notes
    -----
    A product holds units of the underlying and cash C (a debt if negative): its NAV is C + units P. At a bar, in this
    order: financing, fees by the time passed, and dividends, on what was held at the close before; what waits for the
    open; triggers, along the way to the worse extreme, the other one, and the close; funding; fees at a time of day;
    changes of the target; the clock. The first bar, at which the product is bought at no cost, has none of these.

    A trade to leverage L pays k of the notional traded, so NAV n and exposure e become n' = n - k |L n' - e| and L n'.

    Between two of these, triggers are prices: leverage B is reached at P = B C / (units (1 - B)). So bars are compared
    with two constants, and nothing is divided. A leverage counts as reached within 1e-12 of itself.

    Examples
    --------
    3x, rebalanced when the leverage reaches 4, which it does on the way to 80:

    >>> import shortgamma as sg
    >>> rule = sg.leverage.TokenRule(3.0, upper=4.0)
    >>> paths = sg.leverage.simulate([100.0, 80.0, 88.0], rule, record="full")
    >>> paths.nav.round(4)
    array([1.    , 0.4667, 0.6467])
    >>> paths.rebalances
    array([0, 1, 0])
    """
    rules, several = _rules(rule)
    if record not in RECORDS:
        refuse_choice("record", record, RECORDS)
    prices = number("price", price)
    place = time_axis(axis, prices.ndim, "price")
    shape = prices.shape[:place] + prices.shape[place + 1 :]
    bars, paths = prices.shape[place], math.prod(shape)
    tops, bottoms, starts = _watched(rules, prices, high, low, open)
    stamps = _times(time, getattr(price, "index", None) if place == 0 else None, bars, rules)
    carry = {"financing": financing, "funding": funding, "dividend": dividend}
    charges = tuple(_series(name, value, bars) for name, value in carry.items())
    if record != "full" and not _is_zero(flow) and np.any(number("flow", flow)):
        raise ValueError("flow changes no NAV but the number of tokens: it needs record='full'")
    money = _initial(initial, shape)
    loop = dispatch.leverage.token
    values = np.zeros((len(rules), paths, len(loop.STATE)))
    values[..., [loop.STATE.index("quote"), loop.STATE.index("tokens")]] = 1.0
    if state is not None:
        values[...] = _state(state, values.shape, record)
    first, last = (0, None) if state is None else (state.bars, state.time)
    if stamps is not None and last is not None and bars and stamps[0] <= last:
        raise ValueError("time[0] must be later than that of the state")
    plans = [_plan(one, stamps, charges, bars, state is None, first, last) for one in rules]
    if out is not None:
        _check_out(out, record, prices.shape + (len(rules),) * several)
    inner = (len(rules), paths, bars)
    nav: Any = None if record == "summary" else _room(out, prices, place, several, inner)
    columns = np.zeros((len(loop.FIELDS), *inner)) if record == "full" else None
    counts = np.zeros(inner, dtype=np.int64) if record == "full" else None
    series = tuple(None if one is None else _by_path(one, place) for one in (prices, tops, bottoms, starts))
    invalid = loop.simulate(series, charges, plans, money, values, first, int(state is None), (nav, columns, counts))
    if invalid:
        # the flag that NumPy's own loops would raise
        np.subtract(np.inf, np.inf)
    ended = TokenState(values, first + bars, last if stamps is None or not bars else int(stamps[-1]), record)

    def path(array: Any) -> Any:
        """Of an array of products the bars where the prices have them."""
        array = np.moveaxis(array.reshape(len(rules), *shape, bars), -1, 1 + place)
        return np.moveaxis(array, 0, -1) if several else _labelled(price, array[0])

    def total(array: Any) -> Any:
        array = array.reshape(len(rules), *shape)
        return np.moveaxis(array, 0, -1) if several else array[0][()]

    if record == "summary":
        return TokenSummary._make((*map(total, _totals(values)), ended))
    if record == "nav":
        if out is None:
            return NavPath(path(nav), ended)
        _copy_out(out, nav, path)
        return NavPath(out, ended)
    assert columns is not None
    assert counts is not None
    exposure, leverage, trade, gain, cost, fee, paid = columns
    shares = np.zeros((4, *inner))
    loop.share(
        *(nav, leverage, _flow(flow, prices, place, inner[1:]), _splits(rules, stamps, last, bars)),
        *([_terms(one) for one in rules], values, shares),
    )
    parts = (nav, exposure, leverage, trade, counts, gain, cost, fee, paid, *shares)
    return TokenPath._make((*map(path, parts), ended))


def _rules(rule: Any) -> tuple[list[TokenRule], bool]:
    several = isinstance(rule, list | tuple)
    rules = list(rule) if several else [rule]
    for place, one in enumerate(rules):
        if not isinstance(one, TokenRule):
            name = f"rule[{place}]" if several else "rule"
            raise TypeError(f"{name} must be a TokenRule, got {type(one).__name__}")
    if not rules:
        raise ValueError("rule must be a TokenRule or some, got none")
    return rules, several


def _by_path(array: Floats, place: int) -> Floats:
    """Paths by bars, of any strides where they can be had without a copy."""
    if array.ndim == 1:
        return np.require(array, np.float64, "A")[None]
    moved = np.moveaxis(array, place, -1)
    if moved.ndim != 2:
        moved = moved.reshape(math.prod(moved.shape[:-1]), moved.shape[-1])
    return np.require(moved, np.float64, "A")


def _watched(rules: list[TokenRule], prices: Any, high: Any, low: Any, start: Any) -> tuple[Any, Any, Any]:
    """The series that some rule watches; the others are not looked at."""
    found: list[Any] = []
    extremes = "extremes" in [one.watch for one in rules]
    opens = "open" in [one.fill for one in rules]
    if not extremes and not opens:
        return None, None, None
    for name, value, needed in (("high", high, extremes), ("low", low, extremes), ("open", start, opens)):
        if not needed:
            found.append(None)
            continue
        if value is None:
            what = "fills at the next open" if name == "open" else "watches extremes"
            raise ValueError(f"{name} is needed: the rule {what}")
        array = number(name, value)
        if array.shape != prices.shape:
            raise ValueError(f"{name} has shape {array.shape}, price has {prices.shape}")
        found.append(array)
    return found[0], found[1], found[2]


def _times(time: Any, index: Any, bars: int, rules: list[TokenRule]) -> NDArray[np.int64] | None:
    """Time of each bar, ns since 1970; from the labels of a table of prices if it has such."""
    if time is None:
        if not any(one.needs_time for one in rules):
            return None
        if not isinstance(getattr(index, "dtype", None), np.dtype | object) or not hasattr(index, "asi8"):
            raise ValueError("time is needed: the rule goes by the calendar")
        time = index
    stamps = ascending("time", times("time", time))
    check_length("time", len(stamps), "price", bars)
    return stamps


def _is_zero(value: Any) -> bool:
    """Whether there is nothing to look at: the usual case, told apart without making an array of it."""
    return type(value) is float and value == 0.0


def _series(name: str, value: Any, bars: int) -> Floats | None:
    """One number a bar, None if all are 0."""
    if _is_zero(value):
        return None
    array = number(name, value)
    if array.ndim > 1:
        raise ValueError(f"{name} must be a number or one per bar, got shape {array.shape}")
    if array.ndim:
        check_length(name, len(array), "price", bars)
    if not array.any():
        return None
    return np.array(np.broadcast_to(array, (bars,)), dtype=np.float64)


def _initial(initial: Any, shape: tuple[int, ...]) -> Floats:
    if type(initial) is float and 0.0 < initial < math.inf:
        return np.full(math.prod(shape), initial)
    money = number("initial", initial)
    refuse_where(~(money > 0.0) & ~np.isnan(money), "initial", money, "> 0")
    try:
        return np.array(np.broadcast_to(money, shape), dtype=np.float64).reshape(-1)
    except ValueError:
        raise ValueError(f"initial of shape {money.shape} does not broadcast with paths of shape {shape}") from None


def _state(state: Any, shape: tuple[int, ...], record: str) -> Floats:
    if not isinstance(state, TokenState):
        raise TypeError(f"state must be a TokenState, got {type(state).__name__}")
    if state.values.shape != shape:
        raise ValueError(f"state is of {state.values.shape[:2]} rules and paths, this call of {shape[:2]}")
    if record not in ("nav", state.record):
        raise ValueError(f"state is of record={state.record!r}, which keeps not what record={record!r} goes on with")
    return state.values


def _plan(
    rule: TokenRule, stamps: Any, charges: tuple[Any, ...], bars: int, begins: bool, before: int, last: int | None
) -> dict[str, Any]:
    """The rule on these bars, as the loop takes it."""
    due: Any = None
    if rule.every is not None or rule.schedule is not None or rule.at is not None or rule.changes:
        due = np.zeros(bars, dtype=np.uint8)
    leverage, changes = rule.leverage, None
    days: Any = None
    if rule.needs_time and bars:
        previous = np.concatenate([[stamps[0] if last is None else last], stamps[:-1]])
        days = (stamps - previous) / DAY
    if rule.every is not None:
        due[-before % rule.every :: rule.every] = CLOCK
    elif rule.schedule is not None:
        flags = np.frombuffer(rule.schedule, dtype=np.bool)[before:]
        if len(flags) < bars:
            check_length("schedule", len(flags), "price", bars)
        due[flags[:bars]] = CLOCK
    for clock_text in rule.at or () if bars else ():
        due[_passed(stamps, previous, clock_time("at", clock_text)) > 0] = CLOCK
    if rule.changes and bars:
        changes = np.zeros(bars)
        for text, value in rule.changes:
            date = moment("changes", text)
            bar = int(np.searchsorted(stamps, date))
            if bar == 0 and begins:
                leverage = value
            elif bar < bars and previous[bar] < date:
                due[bar] |= CHANGE
                changes[bar] = value
    daily = rule.fee + rule.annual_fee / 365.0
    stream = clock = spread = None
    if daily and bars:
        if rule.fee_at is None:
            stream = daily * days
        else:
            passed = _passed(stamps, previous, clock_time("fee_at", rule.fee_at))
            clock = np.where(passed == 1, daily, 1.0 - (1.0 - daily) ** passed)
    if rule.spread and bars:
        spread = rule.spread * days / 365.0
    happens: Any = None
    for one in (due, *charges, stream, clock, spread):
        if one is not None:
            happens = one != 0 if happens is None else happens | (one != 0)
    events = np.empty(0, dtype=np.int64) if happens is None else np.flatnonzero(happens).astype(np.int64, copy=False)
    return {
        "rule": _numbers(rule),
        "leverage": leverage,
        "expense": stream,
        "fee_at_open": None,
        "fee_at_close": clock,
        "spread": spread,
        "target": changes,
        "due": due,
        "events": events,
    }


def _passed(stamps: Any, previous: Any, moment: int) -> Any:
    """How many times a time of day went by since the bar before."""
    return (stamps - moment) // DAY - (previous - moment) // DAY


def _numbers(rule: TokenRule) -> dict[str, float]:
    """The rule as the loop takes it."""

    def bound(value: float | None, none: float) -> float:
        return none if value is None else value

    low, high = (math.inf, math.inf) if rule.dead_band is None else rule.dead_band
    extremes = float(rule.watch == "extremes")
    return {
        "lower": bound(rule.lower, 0.0),
        "upper": bound(rule.upper, math.inf),
        "adverse": bound(rule.adverse, math.inf),
        "favourable": bound(rule.favourable, math.inf),
        "calm_low": low,
        "calm_high": high,
        "calm_move": bound(rule.dead_move, 0.0),
        "speed": rule.speed,
        "minimum": bound(rule.minimum, 0.0),
        "maximum": bound(rule.maximum, math.inf),
        "largest": bound(rule.largest, math.inf),
        "cooldown": float(rule.cooldown),
        "buying": rule.buying,
        "selling": rule.selling,
        "rebalance_fee": rule.rebalance_fee,
        "target": dispatch.leverage.token.TARGETS[rule.target],
        "fill": dispatch.leverage.token.FILLS[rule.fill],
        "extremes": extremes,
        "opens": 0.0,
        "watches": extremes,
    }


def _check_out(out: Any, record: str, shape: tuple[int, ...]) -> None:
    if record != "nav":
        raise ValueError("out is for record='nav'")
    if not isinstance(out, np.ndarray):
        raise TypeError(f"out must be an array, got {type(out).__name__}")
    if out.shape != shape:
        raise ValueError(f"out has shape {out.shape}, the result has {shape}")
    if not np.can_cast(np.float64, out.dtype, "same_kind"):
        raise TypeError(f"out must be an array that takes float64, got dtype {out.dtype}")


def _room(out: Any, prices: Any, place: int, several: bool, inner: tuple[int, ...]) -> Floats:
    """Rules by paths by bars for the NAV: in ``out`` if it can be, else in memory like that of the prices."""
    if several:
        return np.empty(inner)
    array = np.empty_like(prices, dtype=np.float64, subok=False) if out is None else out
    if array.dtype == np.float64 and array.flags.aligned and array.flags.writeable:
        if array.ndim == 1:
            return np.empty(inner) if np.may_share_memory(array, prices) else array[None, None]
        moved = np.moveaxis(array, place, -1)
        view = moved.reshape(inner)
        if np.shares_memory(view, array) and not np.may_share_memory(array, prices):
            return view
    return np.empty(inner)


def _copy_out(out: Any, nav: Floats, path: Any) -> None:
    if not np.may_share_memory(out, nav):
        np.copyto(out, np.asarray(path(nav)), casting="same_kind")


def _labelled(price: Any, array: Any) -> Any:
    """Labels of a table or series of prices on an array of its shape."""
    kind: Any = type(price)
    if hasattr(price, "dims") and hasattr(price, "copy"):
        return price.copy(data=array)
    if not hasattr(price, "iloc"):
        return array
    labels = {name: getattr(price, name) for name in ("index", "columns") if hasattr(price, name)}
    return kind(array, **labels)


def _totals(values: Floats) -> tuple[Any, ...]:
    """The numbers of a summary, out of the states."""
    place = {name: values[..., i] for i, name in enumerate(dispatch.leverage.token.STATE)}
    nav = place["cash"] + place["units"] * place["price"]
    unknown = np.isnan(nav)
    wiped = place["wiped_out"].astype(np.int64)
    sums = [np.where(unknown, np.nan, place[name]) for name in ("traded", "cost", "fee", "carry")]
    return (
        *(nav, np.where(unknown, np.nan, 1.0 - place["worst"]), place["variance"]),
        *(place["rebalances"].astype(np.int64), *sums, wiped),
    )


def _flow(flow: Any, prices: Any, place: int, shape: tuple[int, ...]) -> Floats | None:
    """Money that comes and goes, for each path and bar; None if there is none."""
    if _is_zero(flow):
        return None
    money = number("flow", flow)
    if money.ndim == 1:
        check_length("flow", len(money), "price", shape[-1])
    elif money.ndim and money.shape != prices.shape:
        raise ValueError(
            f"flow has shape {money.shape}, price has {prices.shape}: give a number, one per bar, or one per element"
        )
    if money.ndim > 1:
        money = np.moveaxis(money, place, -1).reshape(shape)
    return np.require(np.broadcast_to(money, shape), np.float64, "A")


def _splits(rules: list[TokenRule], stamps: Any, last: int | None, bars: int) -> list[Floats | None]:
    """New tokens for an old one, for each rule and bar."""
    ratios: list[Floats | None] = []
    for rule in rules:
        ratios.append(np.ones(bars) if rule.splits else None)
        for text, ratio in rule.splits if bars else ():
            date = moment("splits", text)
            bar = int(np.searchsorted(stamps, date))
            if bar < bars and not (bar == 0 and last is not None and last >= date):
                ratios[-1][bar] *= ratio  # type: ignore[index]
    return ratios


def _terms(rule: TokenRule) -> dict[str, float]:
    """What one token is subject to, as the loop takes it."""
    return {
        "subscription": rule.subscription,
        "redemption": rule.redemption,
        "merge_below": rule.merge_below or 0.0,
        "merge": float(rule.merge),
    }
