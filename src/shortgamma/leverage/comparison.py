"""A leveraged product against a multiple of its underlying; the public name is in ``shortgamma.leverage``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.results import Result
from shortgamma.leverage._token_rule import TokenRule
from shortgamma.leverage.token import _simulate

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Booleans, Floats

__all__ = ["Comparison", "compare"]

FEES = ("expense", "rebalance_fee")
COSTS = ("slippage", "cost")
TIMES = {"time", "stamp", "periods_per_year"}


class Comparison(Result):
    """Returns of a product and of its leverage times the underlying, as fractions of the money put in.

    gap = product - multiple = compounding + cost_effect + fee_effect + financing_effect, each negative where it
    cost the holder money.

    Attributes
    ----------
    product : ndarray or float
        Return of the product.
    multiple : ndarray or float
        Leverage times the return of the underlying.
    gap : ndarray or float
        How far the product is ahead.
    ahead : ndarray or bool
        Whether it is ahead.
    compounding : ndarray or float
        Part of the gap due to rebalancing along the path, before cost, fees and financing: < 0 in volatile markets, > 0
        in trends.
    cost_effect : ndarray or float
        Part of the gap due to costs of trades and slippage.
    fee_effect : ndarray or float
        Part of the gap due to fees.
    financing_effect : ndarray or float
        Part of the gap due to financing, spread and funding.
    realised_variance : ndarray or float
        Sum of squared returns of the underlying, which drives the compounding.
    """

    product: Floats
    multiple: Floats
    gap: Floats
    ahead: Booleans
    compounding: Floats
    cost_effect: Floats
    fee_effect: Floats
    financing_effect: Floats
    realised_variance: Floats


def compare(
    price: ArrayLike, rule: TokenRule, *, financing: ArrayLike = 0.0, funding: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0, **keywords: Any,
) -> Comparison:  # fmt: skip
    """Compare a leveraged product with its leverage times the underlying along a path, and explain the difference.

    Parameters
    ----------
    price : array_like
        Closing prices > 0 of the underlying, one per bar.
    rule : TokenRule
        What the product does; its ``leverage`` is the multiple.
    financing, funding, dividend : array_like, default 0.0
        As for `simulate`. Dividends count for the underlying too, reinvested.
    **keywords : Any
        ``time``, ``stamp``, ``periods_per_year``, ``high``, ``low``, ``open`` and ``axis`` of `simulate`.

    Returns
    -------
    Comparison
        Numbers, or arrays of one for each path.

    Raises
    ------
    ValueError
        If the leverage of the rule changes, or as `simulate` does.
    TypeError
        If ``rule`` is not a TokenRule, or as `simulate` does.

    Notes
    -----
    The product is simulated four times: as it is, without financing, without financing and fees, and without costs as
    well. The parts are the differences of these, in this order, so they add up to the gap. Without fees a trigger may
    come on another bar than with them.

    Examples
    --------
    FTX's own example: up 10 %, then back. The underlying is where it was, 3x lost 5.45 % to compounding.

    >>> import shortgamma as sg
    >>> found = sg.leverage.compare([10_000.0, 11_000.0, 10_000.0], sg.leverage.TokenRule(3.0, every=1))
    >>> bool(found.ahead), round(float(found.compounding), 4)
    (False, -0.0545)
    """
    if not isinstance(rule, TokenRule):
        raise TypeError(f"rule must be a TokenRule, got {type(rule).__name__}")
    if rule.changes:
        raise ValueError("the leverage of the rule changes: there is no one multiple to compare with")
    unknown = sorted(set(keywords) - TIMES - {"high", "low", "open", "axis"})
    if unknown:
        raise TypeError(f"compare() got an unexpected keyword argument {unknown[0]!r}")

    def end(variant: TokenRule, all_used: bool = False, **carry: Any) -> Any:
        return _simulate(price, variant, all_used=all_used, record="summary", dividend=dividend, **carry, **keywords)

    whole = end(rule, all_used=True, financing=financing, funding=funding)
    unfinanced = rule.replace(spread=0.0)
    free = unfinanced.replace(**dict.fromkeys(FEES, 0.0))
    frictionless = free.replace(**dict.fromkeys(COSTS, 0.0))
    without_financing, without_fees, without_costs = (end(variant).nav for variant in (unfinanced, free, frictionless))
    held = end(TokenRule(1.0, every=1)).nav - 1.0
    multiple = rule.leverage * held
    product = whole.nav - 1.0
    gap = product - multiple
    return Comparison(
        product,
        multiple,
        gap,
        np.greater(gap, 0.0),
        without_costs - 1.0 - multiple,
        without_fees - without_costs,
        without_financing - without_fees,
        whole.nav - without_financing,
        whole.realised_variance,
    )
