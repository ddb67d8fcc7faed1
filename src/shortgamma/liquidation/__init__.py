"""Liquidation: at which price, on which bar, with what probability, and what becomes of the account.

Units: ``margin`` is in the contract's settlement coin; ``maintenance`` and ``fee`` are fractions of the
position's value at the mark. Time runs down axis 0. Maintenance that rises with the value is given as `Tiers`.

The modules: ``single`` (one isolated position), ``tiers`` and ``limits`` (margin by size), and, loaded when asked for,
``account`` (many positions and coins), ``probability`` (of accounts, by simulation), ``hedge`` (of quanto positions),
``process`` and ``cascades`` (what becomes of accounts that are liquidated) and ``venues`` (contracts, margins and rules
of the exchanges).
"""

from typing import TYPE_CHECKING

from shortgamma._later import later
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
    from shortgamma.liquidation import venues
    from shortgamma.liquidation.account import (
        Fills,
        Transfers,
        account_equity,
        account_first_breach,
        account_health,
        account_maintenance,
    )
    from shortgamma.liquidation.cascades import Cascade, cascade
    from shortgamma.liquidation.hedge import ConstantRiskHedge, constant_risk_hedge
    from shortgamma.liquidation.limits import RisingMargin, RiskLimits
    from shortgamma.liquidation.probability import BreachProbability, account_breach_probability
    from shortgamma.liquidation.process import Events, LiquidationRule, Simulation, adl_rank, simulate

__all__ = [
    "BreachProbability",
    "Cascade",
    "ConstantRiskHedge",
    "Events",
    "Fills",
    "LiquidationRule",
    "RisingMargin",
    "RiskLimits",
    "Simulation",
    "Tiers",
    "Transfers",
    "account_breach_probability",
    "account_equity",
    "account_first_breach",
    "account_health",
    "account_maintenance",
    "adl_rank",
    "bankruptcy_price",
    "breach_probability",
    "cascade",
    "constant_risk_hedge",
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

__getattr__, __dir__ = later(
    globals(),
    {
        "BreachProbability": "probability",
        "Cascade": "cascades",
        "ConstantRiskHedge": "hedge",
        "Events": "process",
        "Fills": "account",
        "LiquidationRule": "process",
        "RisingMargin": "limits",
        "RiskLimits": "limits",
        "Simulation": "process",
        "Transfers": "account",
        "account_breach_probability": "probability",
        "account_equity": "account",
        "account_first_breach": "account",
        "account_health": "account",
        "account_maintenance": "account",
        "adl_rank": "process",
        "cascade": "cascades",
        "constant_risk_hedge": "hedge",
        "simulate": "process",
        "venues": "venues",
    },
)
