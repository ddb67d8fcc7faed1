"""Positions already on the funding clock; the public names are in ``shortgamma.funding``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma import _dispatch, contracts
from shortgamma._arguments import along_time, call, plain, time_axis

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import ArrayLike

    from shortgamma.contracts import Contract

NAMES = ("position", "mark", "rate", "fx")
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
    position: ArrayLike,
    mark: ArrayLike,
    rate: ArrayLike,
    *,
    contract: Contract,
    axis: int = 0,
    fx: ArrayLike | None = None,
    out: Any = None,
) -> Any:
    """Cash that a position receives at each funding time.

    Parameters
    ----------
    position : array_like
        Contracts held at each funding time, > 0 long. A 1-D input among N-D ones is a time series and runs
        along ``axis``.
    mark : array_like
        Mark price (or whatever price the venue values funding at) at each funding time, in quote currency.
    rate : array_like
        Funding rate of each interval, a fraction; > 0 means that longs pay.
    contract : Contract
        What is held: it makes a value of quantity and price.
    axis : int, default 0
        The axis of time, counted in the input of most dimensions.
    fx : array_like, optional
        Price of the settlement coin at each funding time: the cash is then in the currency of this price.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        Cash in the settlement coin, > 0 received; NaN, with the invalid flag, where the mark is not a finite
        number > 0.

    Raises
    ------
    ValueError
        If a length does not fit.
    TypeError
        If ``contract`` is not a Contract, or an input is not numeric.

    See Also
    --------
    total : Sums of it, without writing it.
    accrue_events : The same from fills at any time.

    Notes
    -----
    The payment is minus the position's value at the mark times the rate: -q m P F for linear and quanto
    contracts, -(q m / P) F for inverse ones. Results have the same bits on every processor.

    Examples
    --------
    A short of 10,000 ETHUSD contracts at 264.55, worth 2.6455 XBT, receives 0.01 % of that:

    >>> import shortgamma as sg
    >>> cash = sg.funding.accrue(-10_000, 264.55, 0.0001, contract=sg.contracts.ETHUSD)
    >>> round(float(cash), 10)
    0.00026455
    """
    contracts.checked(contract)
    inputs = (position, mark, rate) if fx is None else (position, mark, rate, fx)
    values, widest, _ = aligned(inputs, axis)
    exchange = values.pop() if fx is not None else None
    values += [contract.multiplier, contract.code]
    # with FX rates, `out` need not have the shape of what is multiplied by them
    target = out if fx is None else None
    if widest < 3 and np.ndim(values[widest]) > 1 and np.shape(values[widest])[-1] >= WIDE:
        size = np.setbufsize(16)
        try:
            cash = call(_dispatch.funding.funding_payment, NAMES, values, target)
        finally:
            np.setbufsize(size)
    else:
        cash = call(_dispatch.funding.funding_payment, NAMES, values, target)
    return cash if fx is None else call(np.multiply, ("cash", "fx"), (cash, exchange), out)
