"""Liquidation: at which price, on which bar, with what probability.

Units: ``margin`` is in the contract's settlement coin; ``maintenance`` and ``fee`` are fractions of the
position's value at the mark. Time runs down axis 0. Maintenance that rises with the value is given as `Tiers`.

The modules: ``single`` (one isolated position), ``tiers`` and ``limits`` (margin by size), and, loaded when asked for,
``process`` and ``cascades`` (what becomes of accounts that are liquidated) and ``venues`` (contracts, margins and rules
of the exchanges).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from typing import Any

    from shortgamma.liquidation import venues
    from shortgamma.liquidation.cascades import Cascade, cascade
    from shortgamma.liquidation.limits import RisingMargin, RiskLimits
    from shortgamma.liquidation.process import Events, LiquidationRule, Simulation, adl_rank, simulate

__all__ = [
    "Cascade",
    "Events",
    "LiquidationRule",
    "RisingMargin",
    "RiskLimits",
    "Simulation",
    "Tiers",
    "adl_rank",
    "bankruptcy_price",
    "breach_probability",
    "cascade",
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
    "simulate",
    "venues",
]

# Loaded when they are first asked for, which an import of the package does not: names and their modules.
LATER = {
    "Cascade": "cascades",
    "Events": "process",
    "LiquidationRule": "process",
    "RisingMargin": "limits",
    "RiskLimits": "limits",
    "Simulation": "process",
    "adl_rank": "process",
    "cascade": "cascades",
    "simulate": "process",
    "venues": "venues",
}


def __getattr__(name: str) -> Any:
    if name in LATER:
        module = import_module(f"shortgamma.liquidation.{LATER[name]}")
        globals()[name] = module if name == LATER[name] else getattr(module, name)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
