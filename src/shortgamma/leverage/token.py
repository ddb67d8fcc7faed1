"""Simulation of leveraged products; the public names are in ``shortgamma.leverage``."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, overload

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import check_length, number, refuse_where, time_axis, word
from shortgamma._core.results import Result
from shortgamma.leverage._bars import bars_of, check_periods, given_times, labels_opens, stamps_of
from shortgamma.leverage._plans import by_the_year, plan, splits, terms, watched
from shortgamma.leverage._token_rule import TokenRule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, TypeAlias, TypedDict, Unpack

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats, Integers
    from shortgamma.leverage._bars import Bars, Clock
    from shortgamma.leverage._plans import Watched

    Rules: TypeAlias = TokenRule | Sequence[TokenRule] | Mapping[str, TokenRule]

    class SimulationTerms(TypedDict, total=False):
        """The other arguments of `simulate`, the same for every kind of record."""

        time: ArrayLike | None
        stamp: Literal["open", "close"] | None
        periods_per_year: float | None
        high: ArrayLike | None
        low: ArrayLike | None
        open: ArrayLike | None
        financing: ArrayLike
        funding: ArrayLike
        dividend: ArrayLike
        flow: ArrayLike
        initial: ArrayLike
        axis: int
        out: Any
        state: TokenState | None


__all__ = ["NavPath", "TokenPath", "TokenRule", "TokenState", "TokenSummary", "simulate"]

RECORDS = ("nav", "full", "summary")


class TokenState(Result):
    """Where a simulation ended, so that another can go on from there.

    Attributes
    ----------
    values : ndarray
        What the products hold, as the loop keeps it.
    bars : int
        Bars so far.
    clock : Clock or None
        When the last bar closed, if times were given.
    record : str
        The record that was kept: only ``"summary"`` has totals, only ``"full"`` has tokens.
    """

    values: Floats
    bars: int
    clock: Clock | None
    record: str

    HIDDEN = ("values", "clock")


class NavPath(Result):
    """``record="nav"``; time where the prices have it, and a last axis of rules where there are several.

    Attributes
    ----------
    nav : ndarray
        Value of the initial holding at each bar's close; 0 from the bar on which it is wiped out.
    state : TokenState
        State from which a later call goes on.
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
        Value of the initial holding at each bar's close; 0 from the bar on which it is wiped out.
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
        Subscription and redemption fees, paid by those who came or went.
    state : TokenState
        State from which a later call goes on.
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
    traded : ndarray or float
        Total notional traded, in money.
    cost : ndarray or float
        Total cost of trades, slippage included.
    fee : ndarray or float
        Total of fees charged to NAV.
    financing : ndarray or float
        Total financing, spread and funding paid.
    wiped_out : ndarray or int
        Bar at which the product was wiped out, the number of bars if it was not.
    state : TokenState
        State from which a later call goes on.
    """

    nav: Floats
    max_drawdown: Floats
    realised_variance: Floats
    rebalances: Integers
    traded: Floats
    cost: Floats
    fee: Floats
    financing: Floats
    wiped_out: Integers
    state: TokenState

    HIDDEN = ("state",)


@overload
def simulate(
    price: ArrayLike, rule: Rules, *, record: Literal["nav"] = "nav", **terms: Unpack[SimulationTerms]
) -> NavPath: ...
@overload
def simulate(
    price: ArrayLike, rule: Rules, *, record: Literal["full"], **terms: Unpack[SimulationTerms]
) -> TokenPath: ...
@overload
def simulate(
    price: ArrayLike, rule: Rules, *, record: Literal["summary"], **terms: Unpack[SimulationTerms]
) -> TokenSummary: ...


def simulate(
    price: ArrayLike, rule: TokenRule | Sequence[TokenRule] | Mapping[str, TokenRule], *,
    time: ArrayLike | None = None, stamp: Literal["open", "close"] | None = None,
    periods_per_year: float | None = None, high: ArrayLike | None = None, low: ArrayLike | None = None,
    open: ArrayLike | None = None, financing: ArrayLike = 0.0, funding: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
    flow: ArrayLike = 0.0, initial: ArrayLike = 1.0, axis: int = 0, record: Literal["nav", "full", "summary"] = "nav",
    out: Any = None, state: TokenState | None = None,
) -> Any:  # fmt: skip
    """Simulate leveraged products along price paths, rebalanced and charged by their rules.

    Parameters
    ----------
    price : array_like
        Closing prices > 0 of the underlying, one per bar along ``axis``.
    rule : TokenRule, sequence of TokenRule, or dict of them by name
        What the product does. Each of several rules is run on every path; results then have a last axis for the rules,
        or, where prices are of pandas, columns with their names.
    time : array_like of times, optional
        Time of each bar, ascending: datetime64, datetimes, ISO text, pandas, or numbers since 1970 in s, ms, us or ns;
        by default the labels of ``price`` if they are times. Required by rules that go by the calendar.
    stamp : {"open", "close"}, optional
        Which end of its bar ``time`` labels: the candles of exchanges and most tables of daily bars are labelled by
        their open. By default "open" where ``open`` is given. Otherwise rules that go by a time of day require it, and
        for all others the times are those of the closes.
    periods_per_year : float, optional
        Bars in a year, by which rates per year are divided, in place of the lengths of bars from ``time``: 252 for
        trading days.
    high, low : array_like, optional
        Highest and lowest price of each bar, shaped like ``price``, which triggers watch; both or neither.
    open : array_like, optional
        First price of each bar, shaped like ``price``. If a bar opens beyond a trigger, the trigger is filled at the
        open; so is a time of day nearer to the open than to the close. Required by rules that fill at the next open.
    financing : array_like, default 0.0
        Rate per year of 365 days on what is borrowed (exposure less NAV); uninvested cash earns it. A number, or one
        per bar. The rate of a bar holds from the previous close to its own, so the first is not used.
    funding : array_like, default 0.0
        Funding rate paid at each bar's close, a fraction of the notional; longs pay if > 0. A number, or one per bar.
    dividend : array_like, default 0.0
        Money paid at each bar per unit of the underlying held at the previous close. A number, or one per bar.
    flow : array_like, default 0.0
        Money that subscribes (> 0) or redeems (< 0) at each bar's close, before fees; only for ``record="full"``. It
        changes the number of tokens, never their NAV. One per bar, or one per element of ``price``. Redemptions stop
        at what there is.
    initial : array_like, default 1.0
        NAV at the first bar, > 0. Broadcasts with the paths (``price`` without its time axis).
    {axis}
    record : {"nav", "full", "summary"}, default "nav"
        What to return: the path of the NAV, of everything, or only totals, for which no path is written.
    out : ndarray, optional
        Where the NAV goes, for ``record="nav"``.
    state : TokenState, optional
        The ``state`` of an earlier call with the same rules and paths, and with the same ``record`` unless it is now
        "nav". The first price is then that of the next bar, and ``initial`` is not used. Bars passed in pieces, even
        one by one, give the same results, bit for bit.

    Returns
    -------
    NavPath, TokenPath or TokenSummary
        Depending on ``record``. A product that is wiped out is 0 from that bar on. NaN from the first NaN price on,
        and, with the invalid flag, from the first invalid price (0, negative, infinite).

    Raises
    ------
    ValueError
        If a length does not fit, times do not ascend, what a rule needs is missing, no rule looks at highs, lows or
        opens that are given, or a number is out of its range.
    TypeError
        If an input is not numeric, or ``rule`` is not a rule.

    Notes
    -----
    A product holds units of the underlying and cash C (a debt if negative): its NAV is C + units P. At a bar, in this
    order: financing, expenses by the time passed, and dividends, on what was held at the close before; at the open,
    orders that wait for it and times of day nearer to it than to the close; triggers, on the way to the worse extreme,
    to the other one, and to the close; funding; expenses at a time of day; changes of the target; the clock. The first
    bar, at which the product is bought at no cost, has none of these.

    A time of day is filled at the nearest known price: an open, where opens are given, or a close; without opens a
    close also stands for the half bar after it. A bar is taken to be as long as the shortest so far.

    A trade to leverage L pays k of the notional traded, so NAV n and exposure e become n' = n - k abs(L n' - e) and
    L n'.

    Between two of these steps, triggers are prices: leverage B is reached at P = B C / (units (1 - B)). So bars are
    compared with two constants, without a division. A leverage counts as reached within 1e-12 of itself.

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

    3x for a year of 252 days of 0.1 % each, with 4 % of financing on the borrowed 2x, its spread and its expenses:

    >>> import numpy as np
    >>> price = 100.0 * 1.001 ** np.arange(253)
    >>> fund = sg.venues.proshares.token(3, expense=0.0095, spread=0.004)
    >>> paths = sg.leverage.simulate(price, fund, financing=0.04, periods_per_year=252)
    >>> float(paths.nav[-1].round(4))
    1.9302
    """
    return _simulate(
        price, rule, all_used=True, time=time, stamp=stamp, periods_per_year=periods_per_year, high=high, low=low,
        open=open, financing=financing, funding=funding, dividend=dividend, flow=flow, initial=initial, axis=axis,
        record=record, out=out, state=state,
    )  # fmt: skip


def _simulate(
    price: Any, rule: Any, *, all_used: bool, time: Any = None, stamp: Any = None, periods_per_year: Any = None,
    high: Any = None, low: Any = None, open: Any = None, financing: Any = 0.0, funding: Any = 0.0, dividend: Any = 0.0,
    flow: Any = 0.0, initial: Any = 1.0, axis: int = 0, record: Any = "nav", out: Any = None, state: Any = None,
) -> Any:  # fmt: skip
    """`simulate`; all_used: whether highs, lows and opens that nothing looks at are refused."""
    rules, names = _rules(rule)
    word("record", record, RECORDS)
    prices = number("price", price)
    place = time_axis(axis, prices.ndim, "price")
    shape = prices.shape[:place] + prices.shape[place + 1 :]
    count, paths = prices.shape[place], math.prod(shape)
    series = watched(rules, prices, high, low, open, all_used=all_used)
    periods = check_periods(periods_per_year)
    stamps = stamps_of(given_times(time, price, place), count)
    bars = _bars(rules, stamps, stamp, series.open is not None, periods, state)
    years = bars.years if bars is not None else None if periods is None else np.full(count, 1.0 / periods)
    charges = tuple(
        _series(name, value, count)
        for name, value in (("financing", financing), ("funding", funding), ("dividend", dividend))
    )
    if charges[0] is not None:
        charges = (by_the_year("financing", charges[0], years), *charges[1:])
    if record != "full" and not _is_zero(flow) and np.any(number("flow", flow)):
        raise ValueError("flow changes no NAV but the number of tokens: it needs record='full'")
    money = _initial(initial, shape)
    loop = dispatch.leverage.token
    values = np.zeros((len(rules), paths, len(loop.STATE)))
    values[..., [loop.STATE.index("quote"), loop.STATE.index("tokens")]] = 1.0
    if state is not None:
        values[...] = _state(state, values.shape, record)
    first = 0 if state is None else state.bars
    plans = [plan(each, series, bars, years, charges, count, first) for each in rules]
    if out is not None:
        _check_out(out, record, prices.shape + (len(rules),) * (names is not None))
    inner = (len(rules), paths, count)
    nav: Any = None if record == "summary" else _room(out, prices, place, names is not None, inner)
    columns = np.zeros((len(loop.FIELDS), *inner)) if record == "full" else None
    rebalances = np.zeros(inner, dtype=np.int64) if record == "full" else None
    arrays = tuple(None if array is None else _by_path(array, place) for array in (prices, *_walked(series, rules)))
    if loop.simulate(arrays, charges, plans, money, values, first, int(state is None), (nav, columns, rebalances)):
        # the flag that NumPy's own loops would raise
        np.subtract(np.inf, np.inf)
    clock = bars.ended if bars is not None else None if state is None else state.clock
    ended = TokenState(values, first + count, clock, record)

    def path(array: Any) -> Any:
        """An array of products, with the axis of bars where the prices have it."""
        array = np.moveaxis(array.reshape(len(rules), *shape, count), -1, 1 + place)
        return _labelled(price, array[0]) if names is None else _columns(price, np.moveaxis(array, 0, -1), names, place)

    def total(array: Any) -> Any:
        array = array.reshape(len(rules), *shape)
        return _total(price, array[0][()] if names is None else np.moveaxis(array, 0, -1), names, place)

    if record == "summary":
        return TokenSummary._make((*map(total, _totals(values, first + count)), ended))
    if record == "nav":
        if out is None:
            return NavPath(path(nav), ended)
        _copy_out(out, nav, place, shape)
        return NavPath(out, ended)
    assert columns is not None
    exposure, leverage, trade, gain, cost, fee, paid = columns
    shares = np.zeros((4, *inner))
    loop.share(
        *(nav, leverage, _flow(flow, prices, place, inner[1:]), [splits(each, bars, count) for each in rules]),
        *([terms(each) for each in rules], values, shares),
    )
    parts = (nav, exposure, leverage, trade, rebalances, gain, cost, fee, paid, *shares)
    return TokenPath._make((*map(path, parts), ended))


def _rules(rule: Any) -> tuple[list[TokenRule], list[str] | None]:
    """The rules, and their names if there may be several."""
    if isinstance(rule, TokenRule):
        return [rule], None
    named = isinstance(rule, Mapping)
    if not named and not isinstance(rule, list | tuple):
        hint = ""
        if isinstance(rule, int | float | np.integer | np.floating) and not isinstance(rule, bool):
            hint = (
                f": write TokenRule({rule!r}, every=1) for one that is rebalanced at every bar, or "
                f"sg.venues.proshares.token({rule!r}) and the like for real products"
            )
        raise TypeError(f"rule must be a TokenRule, got {rule if hint else type(rule).__name__}{hint}")
    rules = list(rule.values()) if named else list(rule)
    for key, each in zip(rule if named else range(len(rules)), rules, strict=True):
        if not isinstance(each, TokenRule):
            raise TypeError(f"rule[{key!r}] must be a TokenRule, got {type(each).__name__}")
    if not rules:
        raise ValueError("rule must be one TokenRule or more, got none")
    names = [str(key) for key in rule] if named else [each.name or f"rule {i}" for i, each in enumerate(rules)]
    return rules, names


def _bars(
    rules: list[TokenRule], stamps: Any, stamp: Any, has_open: bool, periods: float | None, state: Any
) -> Bars | None:
    """Times of the bars, None if they are not known."""
    if stamps is None:
        if any(rule.needs_time for rule in rules):
            raise ValueError("time is needed: the rule goes by the calendar")
        if stamp is not None:
            raise ValueError("stamp tells what time labels, and there is no time")
        return None
    opened = labels_opens(stamp, has_open, any(rule.has_clock for rule in rules))
    before = state.clock if isinstance(state, TokenState) else None
    if not len(stamps):
        return None
    if before is not None and stamps[0] <= before.close - (before.step if opened else 0):
        raise ValueError("time[0] must be later than that of the state")
    return bars_of(stamps, opened, has_open, periods, before)


def _walked(series: Watched, rules: list[TokenRule]) -> tuple[Any, Any, Any]:
    """Highs, lows and opens as the loop takes them: prices that triggers watch lie between its highs and lows."""
    if not any(map(series.opens_of, rules)):
        return series
    if series.high is None:
        return series.open, series.open, series.open
    return np.maximum(series.high, series.open), np.minimum(series.low, series.open), series.open


def _by_path(array: Floats, place: int) -> Floats:
    """Paths by bars, of any strides where they can be had without a copy."""
    if array.ndim == 1:
        return np.require(array, np.float64, "A")[None]
    moved = np.moveaxis(array, place, -1)
    if moved.ndim != 2:
        moved = moved.reshape(math.prod(moved.shape[:-1]), moved.shape[-1])
    return np.require(moved, np.float64, "A")


def _is_zero(value: Any) -> bool:
    """Whether a value is 0: the usual case, recognised without making an array."""
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


def _copy_out(out: Any, nav: Floats, place: int, shape: tuple[int, ...]) -> None:
    if not np.may_share_memory(out, nav):
        array = np.moveaxis(nav.reshape(len(nav), *shape, nav.shape[-1]), -1, 1 + place)
        several = out.ndim > array.ndim - 1
        np.copyto(out, np.moveaxis(array, 0, -1) if several else array[0], casting="same_kind")


def _labelled(price: Any, array: Any) -> Any:
    """Labels of a table or series of prices on an array of its shape."""
    kind: Any = type(price)
    if hasattr(price, "dims") and hasattr(price, "copy"):
        return price.copy(data=array)
    if not hasattr(price, "iloc"):
        return array
    labels = {name: getattr(price, name) for name in ("index", "columns") if hasattr(price, name)}
    return kind(array, **labels)


def _state(state: Any, shape: tuple[int, ...], record: str) -> Floats:
    if not isinstance(state, TokenState):
        raise TypeError(f"state must be a TokenState, got {type(state).__name__}")
    if state.values.shape != shape:
        raise ValueError(f"state is of {state.values.shape[:2]} rules and paths, this call of {shape[:2]}")
    if record not in ("nav", state.record):
        raise ValueError(
            f"state is of record={state.record!r}, which has not kept what record={record!r} needs: run both alike"
        )
    return state.values


def _totals(values: Floats, bars: int) -> tuple[Any, ...]:
    """The numbers of a summary, out of the states."""
    place = {name: values[..., i] for i, name in enumerate(dispatch.leverage.token.STATE)}
    nav = place["cash"] + place["units"] * place["price"]
    unknown = np.isnan(nav)
    wiped = np.where(place["wiped_out"] < 0.0, bars, place["wiped_out"]).astype(np.int64)
    sums = [np.where(unknown, np.nan, place[name]) for name in ("traded", "cost", "fee", "carry")]
    return (
        *(nav, np.where(unknown, np.nan, 1.0 - place["worst"]), place["variance"]),
        *(place["rebalances"].astype(np.int64), *sums, wiped),
    )


def _flow(flow: Any, prices: Any, place: int, shape: tuple[int, ...]) -> Floats | None:
    """Subscriptions and redemptions of each path and bar; None if there are none."""
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


def _columns(price: Any, array: Any, names: list[str], place: int) -> Any:
    """Several rules on a series or table of pandas: a column for each, under each of its columns."""
    if not hasattr(price, "iloc") or place != 0:
        return array
    pd = sys.modules["pandas"]
    if array.ndim == 2:
        return pd.DataFrame(array, index=price.index, columns=names)
    columns = pd.MultiIndex.from_product([price.columns, names])
    return pd.DataFrame(array.reshape(len(array), -1), index=price.index, columns=columns)


def _total(price: Any, array: Any, names: list[str] | None, place: int) -> Any:
    """A number for each path and rule, labelled as the prices are."""
    if not hasattr(price, "iloc") or not np.ndim(array):
        return array
    pd = sys.modules["pandas"]
    paths = None if not hasattr(price, "columns") else price.columns if place == 0 else price.index
    if array.ndim == 2:
        return pd.DataFrame(array, index=paths, columns=names)
    return pd.Series(array, index=paths if names is None else names)
