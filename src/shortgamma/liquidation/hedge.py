"""The hedge of a quanto position that keeps its risk constant; public in ``shortgamma.liquidation``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma import contracts as specifications
from shortgamma._core import dispatch
from shortgamma._core.checks import number, refuse_where
from shortgamma._core.results import Result

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats
    from shortgamma.contracts import Contract


class ConstantRiskHedge(Result):
    """Result of `constant_risk_hedge`, bar by bar along axis 0.

    Attributes
    ----------
    hedge : ndarray or float
        Units of the underlying held in linear contracts after the bar's trade, > 0 long.
    trade : ndarray or float
        Units bought on the bar; the first is the opening of the hedge.
    quanto : ndarray or float
        Profit of the quanto position since the previous bar, in dollars at the bar's price.
    linear : ndarray or float
        Profit of the hedge since the previous bar, in dollars.
    fees : ndarray or float
        Fees of the bar's trade, in dollars.
    total : ndarray or float
        Sum of profits less fees so far, in dollars.
    """

    hedge: Floats
    trade: Floats
    quanto: Floats
    linear: Floats
    fees: Floats
    total: Floats


def constant_risk_hedge(
    mark: ArrayLike, fx: ArrayLike, quantity: ArrayLike, *, contract: Contract | str, fee: ArrayLike = 0.0
) -> ConstantRiskHedge:
    """Hedge a quanto position with linear contracts, and change the hedge as the settlement coin moves.

    Parameters
    ----------
    mark : array_like
        Prices P of the underlying in dollars, > 0, along axis 0.
    fx : array_like
        Prices X of the settlement coin in dollars, > 0, along axis 0; broadcasts with ``mark``.
    quantity : array_like
        Contracts of the quanto position, > 0 long; broadcasts with the paths (``mark`` without its time axis).
    contract : Contract or str
        The quanto contract.
    fee : array_like, default 0.0
        Fee of the hedge's trades as a fraction of their value, >= 0; the opening is charged too.

    Returns
    -------
    ConstantRiskHedge
        Hedge, trades, profits and fees of each bar, and their sum so far. NaN after an unknown price.

    Raises
    ------
    ValueError
        If the contract is not quanto, shapes do not broadcast, or a price or fee is out of its range.
    {TypeError [contract]}

    Notes
    -----
    q contracts of multiplier m gain q m dP coins, worth q m dP X dollars: their risk is that of q m X units of the
    underlying, so the hedge is -q m X units, X_t / X_0 times its first size. The gain of a bar is converted into
    dollars at the bar's price. Position and hedge together then gain q m dP dX on every bar: where underlying and coin
    rise together, the hedge of a short is bought after a rise and sold after a fall, and costs on average rho s_P s_X
    of the position's value a year, with correlation rho and volatilities s_P and s_X.

    Examples
    --------
    Short 1 ETH-equivalent; the coin rises by a quarter, then ETH does:

    >>> import shortgamma as sg
    >>> path = sg.liquidation.constant_risk_hedge(
    ...     [200.0, 200.0, 250.0], [10_000.0, 12_500.0, 12_500.0], -100, contract="ETHUSD")
    >>> path.hedge.round(9).tolist(), path.total.round(9).tolist()
    ([1.0, 1.25, 1.25], [0.0, 0.0, 0.0])

    Both at once: the hedge is too small by a quarter, and what it lacks is bought too late:

    >>> path = sg.liquidation.constant_risk_hedge(
    ...     [200.0, 250.0], [10_000.0, 12_500.0], -100, contract="ETHUSD")
    >>> path.quanto.round(9).tolist(), path.linear.round(9).tolist(), path.total.round(9).tolist()
    ([0.0, -62.5], [0.0, 50.0], [0.0, -12.5])
    """
    contract = specifications.checked(contract)
    if contract.kind != "quanto":
        raise ValueError(f"contract must be quanto, got {'an inverse' if contract.inverse else 'a linear'} one")
    prices = []
    for name, value in (("mark", mark), ("fx", fx)):
        array = number(name, value).astype(np.float64)
        if array.ndim == 0:
            raise ValueError(f"{name} must have at least one dimension")
        refuse_where((array <= 0.0) | np.isinf(array), name, array, "a finite number > 0")
        prices.append(array)
    held, cost = (number(name, value).astype(np.float64) for name, value in (("quantity", quantity), ("fee", fee)))
    refuse_where((cost < 0.0) | np.isinf(cost), "fee", cost, "finite and at least 0")
    shape = prices[0].shape
    for name, array in (("fx", prices[1]), ("quantity", held), ("fee", cost)):
        # one number a path, or one a bar and path
        expanded = array.shape if name == "fx" else (1, *array.shape)
        try:
            shape = np.broadcast_shapes(shape, expanded)
        except ValueError:
            raise ValueError(f"{name} of shape {array.shape} does not broadcast with mark of shape {shape}") from None
    paths = (np.broadcast_to(array, shape) for array in (*prices, cost))
    mark, fx, cost = paths
    axes = [(0,), (0,), (), (0,), (), *[(0,)] * 6]
    return ConstantRiskHedge(
        *dispatch.liquidation.hedge.liquidation_hedge(mark, fx, held, cost, contract.multiplier, axes=axes)
    )
