"""Liquidation of isolated positions: at which price, and on which bar.

Units: ``margin`` is in the contract's settlement coin; ``maintenance`` and ``fee`` are fractions of the
position's value at the mark. Time runs down axis 0.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma import _dispatch, contracts
from shortgamma._arguments import call, plain, time_axis

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from shortgamma.contracts import Contract

__all__ = ["first_breach", "price"]

NAMES = ("quantity", "entry", "margin", "maintenance", "fee")


def price(
    quantity: ArrayLike,
    entry: ArrayLike,
    margin: ArrayLike,
    *,
    contract: Contract,
    maintenance: ArrayLike,
    fee: ArrayLike = 0.0,
    out: Any = None,
) -> Any:
    """Mark price at which an isolated position is liquidated.

    Parameters
    ----------
    quantity : array_like
        Contracts, > 0 long.
    entry : array_like
        Average entry price, in quote currency, > 0.
    margin : array_like
        Margin of the position in the settlement coin, funding paid or received included.
    contract : Contract
        What is held.
    maintenance : array_like
        Maintenance margin as a fraction of the value at the mark, in [0, 1).
    fee : array_like, default 0.0
        Fee of closing the position as a fraction of its value, in [0, 1); with ``maintenance`` less than 1.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        Price at which margin plus profit equals what is required. A long that can never be liquidated has 0,
        a short that can never be has inf; a long that is under water at every price has inf, such a short 0:
        so ``mark < price`` for a long and ``mark > price`` for a short always tell the truth. No position
        (``quantity`` 0) has no price: NaN. NaN also, with the invalid flag, where ``entry``, ``maintenance``
        or ``fee`` is out of its range.

    Raises
    ------
    ValueError
        If shapes do not broadcast.
    TypeError
        If ``contract`` is not a Contract, or an input is not numeric.

    See Also
    --------
    first_breach : The first bar on which it happens, decided without rounding.

    Notes
    -----
    With w = maintenance + fee, linear and quanto: P = (q m E - M) / (q m - w |q| m); inverse:
    1/P = (M + q m / E) / (q m + w |q| m). The bankruptcy price is that of w = 0.

    Examples
    --------
    A short of 1 ETH-equivalent in the quanto contract at 200, with 0.01 XBT of margin and no maintenance:

    >>> import shortgamma as sg
    >>> contract = sg.contracts.ETHUSD
    >>> round(float(sg.liquidation.price(-100, 200.0, 0.01, contract=contract, maintenance=0.0)), 10)
    300.0
    """
    contracts.checked(contract)
    values = (quantity, entry, margin, maintenance, fee, contract.multiplier, contract.code)
    return call(_dispatch.liquidation.liquidation_price, NAMES, values, out)


def first_breach(
    mark: ArrayLike,
    quantity: ArrayLike,
    entry: ArrayLike,
    margin: ArrayLike,
    *,
    contract: Contract,
    maintenance: ArrayLike,
    fee: ArrayLike = 0.0,
    axis: int = 0,
    out: Any = None,
) -> Any:
    """Index of the first bar on which an isolated position is liquidated.

    Parameters
    ----------
    mark : array_like
        Mark prices, one per bar along ``axis``. A NaN is no information and never a breach.
    quantity, entry, margin : array_like
        Contracts (> 0 long), entry price > 0, margin in the settlement coin; they broadcast with the paths
        (``mark`` without its time axis).
    contract : Contract
        What is held.
    maintenance : array_like
        Maintenance margin as a fraction of the value at the mark, in [0, 1); broadcasts with the paths.
    fee : array_like, default 0.0
        Fee of closing the position as a fraction of its value, in [0, 1); with ``maintenance`` less than 1.
    axis : int, default 0
        The axis of time.
    out : ndarray, optional
        Where the result goes, int64.

    Returns
    -------
    ndarray of int64 or int
        The first index along ``axis`` at which equity is less than required; -1 if there is none; -2 if the
        question has no answer because an input of the position is NaN or (with the invalid flag) out of its
        range. A mark that is no price (0, negative, infinite) is passed over, with the invalid flag.

    Raises
    ------
    ValueError
        If shapes do not broadcast, or ``mark`` has no dimension.
    TypeError
        If ``contract`` is not a Contract, or an input is not numeric.

    Notes
    -----
    The decision is that of exact arithmetic on the given numbers: a mark at which equity equals the
    requirement is no breach, one unit in the last place beyond it is one. It is the same bar on every
    processor.

    Examples
    --------
    >>> import shortgamma as sg
    >>> marks = [200.0, 250.0, 299.9, 300.1, 150.0]
    >>> contract = sg.contracts.ETHUSD
    >>> int(sg.liquidation.first_breach(marks, -100, 200.0, 0.01, contract=contract, maintenance=0.0))
    3
    """
    contracts.checked(contract)
    path = plain("mark", mark)
    time = time_axis(axis, np.ndim(path), "mark")
    values = (path, quantity, entry, margin, maintenance, fee, contract.multiplier, contract.code)
    axes = [(time - np.ndim(path),), *[()] * 8]
    return call(_dispatch.liquidation.liquidation_first_breach, ("mark", *NAMES), values, out, axes=axes)
