"""Net asset value under rebalancing to a constant leverage; the public name is in ``shortgamma.leverage``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import along_time, call, number, plain, refuse_where, time_axis

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

NAMES = ("price", "leverage", "schedule", "financing", "fee", "cost", "initial")


def nav(
    price: ArrayLike,
    leverage: ArrayLike,
    *,
    schedule: ArrayLike | None = None,
    financing: ArrayLike = 0.0,
    fee: ArrayLike = 0.0,
    cost: ArrayLike = 0.0,
    initial: ArrayLike = 1.0,
    axis: int = 0,
    out: Any = None,
) -> Any:
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
        Rate paid on the borrowed part (exposure less NAV) over each bar, a fraction per bar; what is not
        invested earns it.
    fee : array_like, default 0.0
        Fee on NAV over each bar, a fraction >= 0 per bar.
    cost : array_like, default 0.0
        Proportional cost >= 0 of each trade, a fraction of its notional, paid out of NAV before the new
        exposure is set; ``cost * abs(leverage)`` must be less than 1. Broadcasts with the paths. Buying at
        the first bar is free.
    initial : array_like, default 1.0
        NAV at the first bar, > 0. Broadcasts with the paths.
    axis : int, default 0
        The axis of time.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray
        NAV at each bar, in the shape that ``price`` and the paths broadcast to; time along ``axis``. A
        product that is wiped out is 0 from that bar on. A NaN price makes NaN from there on; so does a price
        that is none (0, negative, infinite), with the invalid flag.

    Raises
    ------
    ValueError
        If a length does not fit, ``schedule`` is not boolean, or ``fee``, ``cost`` or ``initial`` is out of
        its range.
    TypeError
        If an input is not numeric.

    Notes
    -----
    Over a bar on which the price moves by the ratio x, with n NAV and e exposure at the bar before,

        n' = n + e (x - 1) - financing (e - n) - fee n,        e' = e x,

    and a rebalance trades to e = L n'' with n'' = n' - cost |L n'' - e'|. Without costs and carry the trade
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
    time = time_axis(axis, paths.ndim, "price")
    if not _is_float(fee, 0.0, math.inf):
        _refuse_negative("fee", fee)
    if not _is_float(cost, 0.0, 0.0):
        _refuse_negative("cost", cost)
        weight = np.asarray(np.multiply(number("cost", cost), np.abs(number("leverage", leverage))))
        refuse_where(weight >= 1.0, "cost * abs(leverage)", weight, "less than 1")
    if not _is_float(initial, 1.0, math.inf):
        start = number("initial", initial)
        refuse_where(start <= 0.0, "initial", start, "> 0")
    if schedule is None and np.ndim(financing) == 0 and np.ndim(fee) == 0:
        values: tuple[Any, ...] = (paths, leverage, financing, fee, cost, initial)
        names = tuple(name for name in NAMES if name != "schedule")
        return call(dispatch.leverage.nav.leverage_steady_nav, names, values, out, axis=axis)
    values = (
        paths,
        leverage,
        _timed("schedule", np.True_ if schedule is None else _flags(schedule), time, paths),
        _timed("financing", financing, time, paths),
        _timed("fee", fee, time, paths),
        cost,
        initial,
    )
    # An input of one dimension is a time series; all others have their time where the prices have it.
    axes = [
        *(
            (time - np.ndim(value) if np.ndim(value) > 1 else -1,) if name in TIMED else ()
            for name, value in zip(NAMES, values, strict=True)
        ),
        (axis,),
    ]
    return call(dispatch.leverage.nav.leverage_nav, NAMES, values, out, axes=axes)


TIMED = frozenset({"price", "schedule", "financing", "fee"})


def _is_float(value: Any, low: float, high: float) -> bool:
    """Whether there is nothing to check: the usual case, told apart without making an array of it."""
    return type(value) is float and low <= value <= high


def _refuse_negative(name: str, value: ArrayLike) -> None:
    values = number(name, value)
    refuse_where(values < 0, name, values, ">= 0")


def _flags(schedule: ArrayLike) -> Any:
    if np.asarray(schedule).dtype != np.bool:
        raise ValueError(f"schedule must be boolean, got dtype {np.asarray(schedule).dtype}")
    return schedule


def _timed(name: str, value: Any, axis: int, price: Any) -> Any:
    """``value`` with a time axis as long as that of ``price``; those of the loop do not broadcast."""
    length = price.shape[axis]
    if np.ndim(value) == 0:
        return np.broadcast_to(np.asarray(value), (length,))
    value = along_time(name, value, axis, "price", price)
    shape = np.shape(value)
    if shape[axis] == length:
        return value
    return np.broadcast_to(np.asarray(value), (*shape[:axis], length, *shape[axis + 1 :]))
