"""Net asset value under rebalancing to a constant leverage; the public name is in ``shortgamma.leverage``."""

from __future__ import annotations

import math
import sys
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import along_time, call, check_length, number, plain, refuse_where, time_axis
from shortgamma.leverage._bars import check_periods, given_times, refuse_rates_without_time, stamps_of, years_of

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

NAMES = ("price", "leverage", "schedule", "financing", "expense", "cost", "initial")


def nav(
    price: ArrayLike, leverage: ArrayLike, *, schedule: ArrayLike | None = None, financing: ArrayLike = 0.0,
    expense: ArrayLike = 0.0, cost: ArrayLike = 0.0, initial: ArrayLike = 1.0, time: ArrayLike | None = None,
    periods_per_year: float | None = None, axis: int = 0, out: Any = None,
) -> Any:  # fmt: skip
    """Net asset value of a constant-leverage product along price paths.

    Parameters
    ----------
    price : array_like
        Prices > 0 of the underlying, one per bar along ``axis``.
    leverage : array_like
        Target leverage, signed; a number, or an array that broadcasts with the paths (``price`` without its
        time axis).
    schedule : array_like of bool, optional
        Bars at whose close the product is rebalanced: one per bar, or one per element of ``price``. Every bar
        by default. The first is ignored: the product is bought there.
    financing : array_like, default 0.0
        Rate per year on what is borrowed (exposure less NAV); uninvested cash earns it. A number, one per bar, or one
        per element of ``price``. The rate of a bar holds from the previous bar to it, so the first is not used.
    expense : array_like, default 0.0
        Expense ratio, a fraction >= 0 of NAV a year. Shaped like ``financing``.
    cost : array_like, default 0.0
        Proportional cost >= 0 of each trade, a fraction of its notional, paid out of NAV before the new
        exposure is set; ``cost * abs(leverage)`` must be less than 1. Broadcasts with the paths. Buying at
        the first bar is free.
    initial : array_like, default 1.0
        NAV at the first bar, > 0. Broadcasts with the paths.
    time : array_like of times, optional
        Time of each bar, which gives the lengths of bars for rates per year (of 365 days); by default the labels of
        ``price`` if they are times.
    periods_per_year : float, optional
        Bars in a year, instead of times: 252 for trading days. One of the two is required if a rate is not 0.
    {axis, out}

    Returns
    -------
    ndarray
        NAV at each bar, in the shape that ``price`` and the paths broadcast to; time along ``axis``. For one path of
        pandas and several leverages, a column for each. A product that is wiped out is 0 from that bar on. NaN from the
        first NaN price on, and, with the invalid flag, from the first invalid price (0, negative, infinite).

    Raises
    ------
    ValueError
        If a length does not fit, ``schedule`` is not boolean, ``leverage``, ``expense``, ``cost`` or ``initial`` is out
        of its range, or there are rates and the lengths of bars are not known.
    {TypeError}

    Notes
    -----
    Over a bar of T years on which the price moves by the ratio x, with n NAV and e exposure at the bar before,

        n' = n + e (x - 1) - financing T (e - n) - expense T n,        e' = e x,

    and a rebalance trades to e = L n'' with n'' = n' - cost abs(L n'' - e'). Without costs and carry the trade
    is n L (L - 1) (x - 1), the demand of Cheng and Madhavan, Journal of Investment Management 7(4), 2009.
    Results have the same bits on every processor.

    Examples
    --------
    NAV 100 at 3x: after +5 % the NAV is 115, the exposure 315, so the leverage is 2.74 and 30 must be bought.

    >>> import shortgamma as sg
    >>> sg.leverage.nav([100.0, 105.0], 3.0, initial=100.0)
    array([100., 115.])
    >>> sg.leverage.nav([10_000.0, 11_000.0, 10_000.0], 3.0)[-1] - 1  # doctest: +ELLIPSIS
    np.float64(-0.0545...)
    """
    paths = plain("price", price)
    run = time_axis(axis, paths.ndim, "price")
    _check_terms(leverage, expense, cost, initial)
    if not (_is_zero(financing) and _is_zero(expense)):
        years = _years(time, price, run, periods_per_year, paths.shape[run])
        financing, expense = (
            _by_the_year(name, rate, years, run, paths)
            for name, rate in (("financing", financing), ("expense", expense))
        )
    wide = hasattr(price, "iloc") and any(map(np.ndim, (leverage, cost, initial)))
    if schedule is None and np.ndim(financing) == 0 and np.ndim(expense) == 0:
        values: tuple[Any, ...] = (np.asarray(paths) if wide else paths, leverage, financing, expense, cost, initial)
        names = tuple(name for name in NAMES if name != "schedule")
        result = call(dispatch.leverage.nav.leverage_steady_nav, names, values, out, axis=axis)
        return _columns(price, leverage, result, run) if wide else result
    values = (
        paths,
        leverage,
        _timed("schedule", np.True_ if schedule is None else _flags(schedule), run, paths),
        _timed("financing", financing, run, paths),
        _timed("expense", expense, run, paths),
        cost,
        initial,
    )
    # An input of one dimension is a time series; all others have their time where the prices have it.
    axes = [
        *(
            (run - np.ndim(value) if np.ndim(value) > 1 else -1,) if name in TIMED else ()
            for name, value in zip(NAMES, values, strict=True)
        ),
        (axis,),
    ]
    if wide:
        values = tuple(map(np.asarray, values))
    result = call(dispatch.leverage.nav.leverage_nav, NAMES, values, out, axes=axes)
    return _columns(price, leverage, result, run) if wide else result


FINITE = math.nextafter(math.inf, 0.0)
TIMED = frozenset({"price", "schedule", "financing", "expense"})


def _is_float(value: Any, low: float, high: float) -> bool:
    """Whether a value is a plain float, which needs no check: the usual case, recognised without making an array."""
    return type(value) is float and low <= value <= high


def _is_zero(value: Any) -> bool:
    return type(value) is float and value == 0.0


def _check_terms(leverage: Any, expense: Any, cost: Any, initial: Any) -> None:
    if not _is_float(leverage, -FINITE, FINITE):
        multiple = number("leverage", leverage)
        refuse_where(np.isinf(multiple), "leverage", multiple, "finite")
    if not _is_float(expense, 0.0, FINITE):
        ratio = number("expense", expense)
        refuse_where((ratio < 0) | np.isinf(ratio), "expense", ratio, ">= 0")
    if not _is_float(cost, 0.0, 0.0):
        fraction = number("cost", cost)
        refuse_where(fraction < 0, "cost", fraction, ">= 0")
        weight = np.asarray(np.multiply(fraction, np.abs(number("leverage", leverage))))
        refuse_where(weight >= 1.0, "cost * abs(leverage)", weight, "less than 1")
    if not _is_float(initial, 1.0, FINITE):
        start = number("initial", initial)
        refuse_where((start <= 0.0) | np.isinf(start), "initial", start, "> 0 and finite")


def _years(time: Any, price: Any, run: int, periods: Any, bars: int) -> Any:
    """Number of bars in a year, or the length of each bar in years; None if neither is known."""
    count = check_periods(periods)
    return count if count is not None else years_of(stamps_of(given_times(time, price, run), bars))


def _by_the_year(name: str, rate: Any, years: Any, run: int, paths: Any) -> Any:
    """A rate per year over each bar; years is the length of each, or the number of bars in a year."""
    if _is_zero(rate):
        return rate
    if years is None:
        refuse_rates_without_time(name)
    if np.ndim(years) == 0:
        return number(name, rate) / years if not hasattr(rate, "iloc") else rate / years
    if np.ndim(rate) == 1:
        check_length(name, len(rate), "price", paths.shape[run])
    if np.ndim(rate) > 1:
        along_time(name, rate, run, "price", paths)
        years = years.reshape([-1 if i == run else 1 for i in range(np.ndim(rate))])
    return rate * years if hasattr(rate, "iloc") else number(name, rate) * years


def _columns(price: Any, leverage: Any, result: Any, run: int) -> Any:
    """The labels of prices of pandas; columns are those of the prices, or of one path the leverages."""
    labels: dict[str, Any] = {"index": price.index}
    if result.ndim == 2:
        paths = getattr(price, "columns", None)
        if paths is None or len(paths) != result.shape[1]:
            paths = np.asarray(leverage) if np.shape(leverage) == result.shape[1:] else None
        labels["columns"] = paths
    if run != 0 or result.ndim > 2:
        return result
    pandas = sys.modules["pandas"]
    return pandas.DataFrame(result, **labels) if result.ndim == 2 else pandas.Series(result, **labels)


def _flags(schedule: ArrayLike) -> Any:
    if np.asarray(schedule).dtype != np.bool:
        raise ValueError(f"schedule must be boolean, got dtype {np.asarray(schedule).dtype}")
    return schedule


def _timed(name: str, value: Any, axis: int, price: Any) -> Any:
    """``value`` with a time axis as long as that of ``price``: the loop does not broadcast along time."""
    length = price.shape[axis]
    if np.ndim(value) == 0:
        return np.broadcast_to(np.asarray(value), (length,))
    value = along_time(name, value, axis, "price", price)
    shape = np.shape(value)
    if shape[axis] == length:
        return value
    return np.broadcast_to(np.asarray(value), (*shape[:axis], length, *shape[axis + 1 :]))
