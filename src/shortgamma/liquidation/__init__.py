"""Liquidation: at which price, on which bar, with what probability.

Units: ``margin`` is in the contract's settlement coin; ``maintenance`` and ``fee`` are fractions of the
position's value at the mark. Time runs down axis 0. Maintenance that rises with the value is given as `Tiers`.

The modules: ``single`` (one isolated position), ``tiers`` (risk limits).
"""

from shortgamma.liquidation.single import (
    bankruptcy_price,
    breach_probability,
    first_breach,
    frontier,
    initial_margin,
    leverage_of,
    maintenance_margin,
    margin_ratio,
    max_quantity,
    pnl,
    price,
)
from shortgamma.liquidation.tiers import Tiers, load_tiers

__all__ = [
    "Tiers",
    "bankruptcy_price",
    "breach_probability",
    "first_breach",
    "frontier",
    "initial_margin",
    "leverage_of",
    "load_tiers",
    "maintenance_margin",
    "margin_ratio",
    "max_quantity",
    "pnl",
    "price",
]
