"""Leveraged and inverse products: net asset value under rebalancing to a constant leverage.

Units: ``leverage`` signed, 3.0 for 3x and -1.0 for an inverse product; ``financing`` and ``fee`` are fractions per bar (a
rate per year divided by the bars of a year); ``cost`` is a fraction of each trade. Time runs down axis 0.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from shortgamma import _dispatch
from shortgamma._arguments import along_time, call, number, plain, refuse_where, time_axis

__all__ = ["nav"]

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
        Target leverage, signed; a number, or an array that broadcasts with the paths (``price`` without its time axis).
    schedule : array_like of bool, optional
        Bars at whose close the product is rebalanced: one per bar, or one per element of ``price``. Every bar by default.
        The first is ignored: the product is bought there.
    financing : array_like, default 0.0
        Rate paid on the borrowed part (exposure less NAV) over each bar, a fraction per bar; what is not invested earns it.
    fee : array_like, default 0.0
        Fee on NAV over each bar, a fraction >= 0 per bar.
    cost : array_like, default 0.0
        Proportional cost >= 0 of each trade, a fraction of its notional, paid out of NAV before the new exposure is set;
        ``cost * abs(leverage)`` must be less than 1. Broadcasts with the paths. Buying at the first bar is free.
    initial : array_like, default 1.0
        NAV at the first bar, > 0. Broadcasts with the paths.
    axis : int, default 0
        The axis of time.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray
        NAV at each bar, in the shape that ``price`` and the paths broadcast to; time along ``axis``. A product that is wiped
        out is 0 from that bar on. A NaN price makes NaN from there on; so does a price that is none (0, negative,
        infinite), with the invalid flag.

    Raises
    ------
    ValueError
        If a length does not fit, ``schedule`` is not boolean, or ``fee``, ``cost`` or ``initial`` is out of its range.
    TypeError
        If an input is not numeric.

    Notes
    -----
    Over a bar on which the price moves by the ratio x, with n NAV and e exposure at the bar before,

        n' = n + e (x - 1) - financing (e - n) - fee n,        e' = e x,

    and a rebalance trades to e = L n'' with n'' = n' - cost |L n'' - e'|. Without costs and carry the trade is
    n L (L - 1) (x - 1), the demand of Cheng and Madhavan, Journal of Investment Management 7(4), 2009. Results have
    the same bits on every processor.

    Examples
    --------
    NAV 100 at 3x: after +5 % the NAV is 115, the exposure 315, so the leverage is 2.74 and 30 must be bought.

    >>> import shortgamma as sg
    >>> sg.leverage.nav([100.0, 105.0], 3.0, initial=100.0)
    array([100., 115.])
    >>> sg.leverage.nav([10_000.0, 11_000.0, 10_000.0], 3.0)[-1] - 1  # doctest: +ELLIPSIS
    np.float64(-0.0545...)
    """
    path_axis = time_axis(axis, np.ndim(price), "price")
    paths = plain(price)
    if schedule is None:
        when: Any = _EVERY_BAR
    else:
        when = np.asarray(schedule)
        if when.dtype != np.bool:
            raise ValueError(f"schedule must be boolean, got dtype {when.dtype}")
        when = along_time("schedule", schedule, path_axis, "price", paths)
    carry = along_time("financing", financing, path_axis, "price", paths)
    fees = along_time("fee", fee, path_axis, "price", paths)
    if not (type(fee) is float and fee >= 0.0):
        refuse_negative("fee", fee)
    if not (type(cost) is float and cost == 0.0):
        refuse_negative("cost", cost)
        weight = np.asarray(np.multiply(number("cost", cost), np.abs(number("leverage", leverage))))
        refuse_where(weight >= 1.0, "cost * abs(leverage)", weight, "less than 1")
    start = number("initial", initial)
    refuse_where(~(start > 0.0) & (start == start), "initial", start, "> 0")
    length = np.shape(paths)[path_axis]
    values = (
        paths,
        leverage,
        _with_time(when, path_axis, length),
        _with_time(carry, path_axis, length),
        _with_time(fees, path_axis, length),
        cost,
        initial,
    )
    axes = [
        *((path_axis - np.ndim(value) if np.ndim(value) > 1 else -1,) if i in _TIMED else () for i, value in enumerate(values)),
        (axis,),
    ]
    return call(_dispatch.leverage.leverage_nav, NAMES, values, out, axes=axes)


_EVERY_BAR = np.True_
# The places of the arguments that have a time axis.
_TIMED = (0, 2, 3, 4)


def refuse_negative(name: str, value: ArrayLike) -> None:
    values = number(name, value)
    refuse_where(values < 0, name, values, ">= 0")


def _with_time(value: Any, axis: int, length: int) -> Any:
    """A number gets a time axis of stride 0: the loop's time axes do not broadcast by themselves."""
    if np.ndim(value) == 0:
        return np.broadcast_to(np.asarray(value), (length,))
    shape = np.shape(value)
    if shape[axis] == length:
        return value
    return np.broadcast_to(value, (*shape[:axis], length, *shape[axis + 1 :]))
