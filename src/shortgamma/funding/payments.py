"""Funding payments, their sums and the running index; the public names are in ``shortgamma.funding``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np

from shortgamma import contracts
from shortgamma._core import dispatch
from shortgamma._core.checks import along_time, call, common_shape, number, plain, time_axis
from shortgamma._core.results import Result
from shortgamma._core.times import ascending, nominal, times

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

    from shortgamma._core.types import Floats
    from shortgamma.contracts import Contract

NAMES = ("quantity", "mark", "rate", "fx")
# NumPy would copy a mark and a rate for each element of a buffer full of rows; with a buffer shorter than a row of so
# many accounts it hands over rows.
WIDE = 64


def aligned(values: Sequence[Any], axis: int) -> tuple[list[Any], int, int]:
    """Inputs that broadcast, the widest among them, and the axis of time in it."""
    aligned = [plain(name, value) for name, value in zip(NAMES, values, strict=False)]
    widest = max(range(len(aligned)), key=lambda i: (np.ndim(aligned[i]), i == 1))
    time = 0
    if np.ndim(aligned[widest]) > 0:
        time = time_axis(axis, np.ndim(aligned[widest]), NAMES[widest])
        for i in range(len(aligned)):
            if i != widest:
                aligned[i] = along_time(NAMES[i], aligned[i], time, NAMES[widest], aligned[widest])
    return aligned, widest, time


def accrue(
    quantity: ArrayLike, mark: ArrayLike, rate: ArrayLike, *, contract: Contract, axis: int = 0,
    fx: ArrayLike | None = None, out: Any = None,
) -> Any:  # fmt: skip
    """Cash that a position receives at each funding time.

    Parameters
    ----------
    quantity : array_like
        Contracts held at each funding time, > 0 long. A 1-D input among N-D ones is a time series and runs
        along ``axis``.
    mark : array_like
        Mark price (or whatever price the venue values funding at) at each funding time, in quote currency.
    rate : array_like
        Funding rate of each interval, a fraction; > 0 means that longs pay.
    contract : Contract
        What is held: it gives the value of a quantity at a price.
    {axis [widest], fx, out}

    Returns
    -------
    ndarray or float
        Cash in the settlement coin, > 0 received; NaN, with the invalid flag, where the mark is not a finite
        number > 0.

    Raises
    ------
    ValueError
        If a length does not fit.
    {TypeError [contract]}

    See Also
    --------
    total : Sums of the payments, without storing them.
    accrue_events : The same, from fills at any time.

    Notes
    -----
    The payment is minus the position's value at the mark times the rate: -q m P F for linear and quanto
    contracts, -(q m / P) F for inverse ones. Results have the same bits on every processor.

    Examples
    --------
    A short of 10,000 ETHUSD contracts at 264.55, worth 2.6455 XBT, receives 0.01 % of that:

    >>> import shortgamma as sg
    >>> cash = sg.funding.accrue(-10_000, 264.55, 0.0001, contract="ETHUSD")
    >>> round(float(cash), 10)
    0.00026455
    """
    contract = contracts.checked(contract)
    inputs = (quantity, mark, rate) if fx is None else (quantity, mark, rate, fx)
    values, widest, _ = aligned(inputs, axis)
    exchange = values.pop() if fx is not None else None
    values += [contract.multiplier, contract.code]
    # with FX rates, `out` need not have the shape of what is multiplied by them
    target = out if fx is None else None
    if widest < 3 and np.ndim(values[widest]) > 1 and np.shape(values[widest])[-1] >= WIDE:
        size = np.setbufsize(16)
        try:
            cash = call(dispatch.funding.payments.funding_payment, NAMES, values, target)
        finally:
            np.setbufsize(size)
    else:
        cash = call(dispatch.funding.payments.funding_payment, NAMES, values, target)
    return cash if fx is None else call(np.multiply, ("cash", "fx"), (cash, exchange), out)


def total(
    quantity: ArrayLike, mark: ArrayLike, rate: ArrayLike, *, contract: Contract, axis: int = 0,
    over: int | Sequence[int] | None = None, fx: ArrayLike | None = None, out: Any = None,
) -> Any:  # fmt: skip
    """Sum of the cash that positions receive, without storing the payments.

    Parameters
    ----------
    quantity, mark, rate : array_like
        As in `accrue`.
    {contract, axis [widest]}
    over : int or sequence of int, optional
        Axes that are summed over. All by default: one number. With positions of shape (times, accounts,
        instruments), ``over=0`` gives a sum for each account and instrument, ``over=(0, 2)`` one for each account,
        ``over=(1, 2)`` one for each funding time.
    {fx, out}

    Returns
    -------
    ndarray or float
        Sums over one axis are the payments' exact sum rounded once or twice, not the running sum of a loop; sums over
        several axes add such sums. NaN as of `accrue`.

    Raises
    ------
    ValueError
        If a length does not fit, or an axis is out of bounds or given twice.
    {TypeError [contract]}

    Examples
    --------
    Two accounts over three intervals: what each of them received, and what the venue moved in each interval.

    >>> import numpy as np
    >>> import shortgamma as sg
    >>> quantity = np.array([[1.0, -2.0], [1.0, -2.0], [0.0, 3.0]])
    >>> mark, rate = [100.0, 200.0, 100.0], [0.01, 0.01, -0.01]
    >>> linear = sg.contracts.Contract("linear")
    >>> sg.funding.total(quantity, mark, rate, contract=linear, over=0)
    array([-3.,  9.])
    >>> sg.funding.total(quantity, mark, rate, contract=linear, over=1)
    array([1., 2., 3.])
    """
    contract = contracts.checked(contract)
    values, widest, _ = aligned((quantity, mark, rate, 1.0 if fx is None else fx), axis)
    labels = values[widest]
    arrays = [number(name, value) for name, value in zip(NAMES, values, strict=True)]
    shape = common_shape(dict(zip(NAMES, arrays, strict=True)))
    axes = _axes(over, len(shape), NAMES[widest])
    if not shape:
        shape, axes = (1,), (0,)
    spread = [np.broadcast_to(array, shape) for array in arrays]
    last = axes[0]
    values = [*spread, contract.multiplier, contract.code]
    keys = [*[(last,)] * 4, (), (), ()]
    if len(axes) == 1:
        result = call(dispatch.funding.payments.funding_total, NAMES, values, out, axes=keys)
    else:
        partial = dispatch.funding.payments.funding_total(*values, axes=keys)
        rest = tuple(axis - (axis > last) for axis in axes[1:])
        result = np.add.reduce(partial, axis=rest) if out is None else np.add.reduce(partial, axis=rest, out=out)
    kept = [i for i in range(len(shape)) if i not in axes]
    if out is None and len(kept) == 1 and isinstance(getattr(labels, "axes", None), list) and "pandas" in sys.modules:
        return sys.modules["pandas"].Series(result, index=labels.axes[kept[0]])
    return result


def _axes(over: int | Sequence[int] | None, ndim: int, widest: str) -> tuple[int, ...]:
    if over is None:
        return tuple(range(ndim))
    given = (over,) if isinstance(over, int | np.integer) else tuple(over)
    if not given:
        raise ValueError("over must name at least one axis, got ()")
    axes = []
    for axis in given:
        if not isinstance(axis, int | np.integer):
            raise TypeError(f"over must be an integer or a sequence of integers, got {type(axis).__name__}")
        if not -ndim <= axis < ndim:
            raise ValueError(f"over {axis} is out of bounds for {widest} of {ndim} dimension{'s' * (ndim != 1)}")
        if int(axis) % ndim in axes:
            raise ValueError(f"over names axis {int(axis) % ndim} twice")
        axes.append(int(axis) % ndim)
    return tuple(sorted(axes))


class FundingIndex(Result):
    """Running funding of one contract; see `funding_index`.

    Attributes
    ----------
    value : ndarray or float
        Cash received by a long of one contract up to and including each funding time, in the settlement coin.
    time : ndarray
        Funding times in nanoseconds UTC, if they were given.
    axis : int
        The axis of time in ``value``.
    """

    value: Floats
    time: NDArray[np.int64] | None
    axis: int


def funding_index(
    rate: ArrayLike, mark: ArrayLike, contract: Contract, *, time: ArrayLike | None = None, axis: int = 0
) -> FundingIndex:
    """Running funding of a long of one contract, so that funding between any two times is one subtraction.

    Parameters
    ----------
    rate, mark : array_like
        Funding rate and mark price at each funding time; a 1-D input among N-D ones is a time series.
    {contract}
    time : array_like of times, optional
        Funding times, increasing: datetime64, datetimes, ISO text, pandas, or numbers since 1970. A stamp within 5 s of
        a whole minute, as 08:00:00.007, is a payment of that minute. Without them `between` counts funding times.
    {axis}

    Returns
    -------
    FundingIndex
        ``value``: cash received so far by one contract long, each within two roundings of the exact sum of
        the payments; ``time`` and ``axis`` as given. NaN from the first NaN on, or (with the invalid flag) from the
        first mark that is not a price.

    Raises
    ------
    ValueError
        If a length does not fit, or times are not increasing.
    {TypeError [contract]}

    See Also
    --------
    between : Funding between two times.

    Examples
    --------
    >>> import shortgamma as sg
    >>> index = sg.funding.funding_index([0.01, -0.02, 0.01], [100.0, 100.0, 200.0], sg.contracts.Contract("linear"))
    >>> index.value
    array([-1.,  1., -1.])
    >>> float(-3 * sg.funding.between(index, 0, 1))  # a short of 3 after the first funding time, up to the second
    -6.0
    """
    contract = contracts.checked(contract)
    names = ("mark", "rate")
    values = [plain(name, value) for name, value in zip(names, (mark, rate), strict=True)]
    widest = int(np.ndim(values[1]) > np.ndim(values[0]))
    run = time_axis(axis, np.ndim(values[widest]), names[widest])
    values[1 - widest] = along_time(names[1 - widest], values[1 - widest], run, names[widest], values[widest])
    length = np.shape(values[widest])[run]
    stamps = None
    if time is not None:
        stamps = times("time", time)
        if stamps.shape != (length,):
            raise ValueError(f"time has shape {stamps.shape}, {names[widest]} has {length} funding times")
        stamps = nominal(ascending("time", stamps))
    for i in range(2):
        if np.ndim(values[i]) == 0:
            values[i] = np.broadcast_to(np.asarray(values[i]), (length,))
            values[i] = along_time(names[i], values[i], run, names[widest], values[widest])
        elif np.shape(values[i])[run] != length:
            shape = list(np.shape(values[i]))
            shape[run] = length
            values[i] = np.broadcast_to(np.asarray(values[i]), shape)
    ufunc = dispatch.funding.payments.funding_index
    keys = [(run,), (run,), (), (), (run,)]
    value = call(ufunc, names, (*values, contract.multiplier, contract.code), axes=keys)
    return FundingIndex(value, stamps, run)


def between(index: FundingIndex, t0: Any, t1: Any) -> Any:
    """Cash that a long of one contract, held from one time to another, receives.

    Parameters
    ----------
    index : FundingIndex
        Result of `funding_index`.
    t0, t1 : array_like of times, or of int
        The position is held after ``t0`` and up to ``t1``: a funding time at ``t0`` does not count, one at ``t1`` does.
        Times if the index has them, otherwise numbers of funding times (0 is the first; -1 is before it).
        They broadcast with each other.

    Returns
    -------
    ndarray or float
        Cash in the settlement coin per contract, > 0 received. The
        shape of ``t0`` and ``t1``, then that of the paths of the index.

    Raises
    ------
    ValueError
        If a time is NaT, or a count is out of bounds.
    TypeError
        If ``index`` is not a FundingIndex, or a time is not one.

    Examples
    --------
    >>> import numpy as np
    >>> import shortgamma as sg
    >>> time = np.array(["2020-03-12T04", "2020-03-12T12", "2020-03-12T20"], dtype="datetime64[h]")
    >>> index = sg.funding.funding_index(-0.00375, [8000.0, 6000.0, 5000.0], "XBTUSD", time=time)
    >>> held = sg.funding.between(index, np.datetime64("2020-03-12T04"), np.datetime64("2020-03-13"))
    >>> round(float(10_000 * held), 6)  # XBT received by a long of 10,000 dollars
    0.01375
    """
    if not isinstance(index, FundingIndex):
        raise TypeError(f"index must be a FundingIndex, got {type(index).__name__}")
    value = np.moveaxis(np.asarray(index.value), index.axis, 0)
    ends = []
    for name, given in (("t0", t0), ("t1", t1)):
        if index.time is not None:
            ends.append(np.searchsorted(index.time, times(name, given), side="right"))
            continue
        count = np.asarray(given)
        if count.dtype.kind not in "iu":
            raise TypeError(f"{name} must be an integer, got {type(given).__name__}: the index has no times")
        bad = (count < -1) | (count >= len(value))
        if bad.any():
            raise ValueError(f"{name} must be between -1 and {len(value) - 1}, got {int(count[bad].flat[0])}")
        ends.append(count + 1)
    padded = np.concatenate([np.zeros((1, *value.shape[1:])), value])
    return padded[ends[1]] - padded[ends[0]]
