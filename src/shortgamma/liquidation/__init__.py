"""Liquidation: at which price, on which bar, with what probability.

Units: ``margin`` is in the contract's settlement coin; ``maintenance`` and ``fee`` are fractions of the
position's value at the mark. Time runs down axis 0. Maintenance that rises with the value is given as `Tiers`.

The modules: ``single`` (one isolated position), ``tiers`` (risk limits), ``account`` (many positions and coins),
``probability`` (of accounts, by simulation), ``hedge`` (of quanto positions).
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

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
    from shortgamma.liquidation.account import (
        Fills,
        Transfers,
        account_equity,
        account_first_breach,
        account_health,
        account_maintenance,
    )
    from shortgamma.liquidation.hedge import ConstantRiskHedge, constant_risk_hedge
    from shortgamma.liquidation.probability import BreachProbability, account_breach_probability

__all__ = [
    "BreachProbability",
    "ConstantRiskHedge",
    "Fills",
    "Tiers",
    "Transfers",
    "account_breach_probability",
    "account_equity",
    "account_first_breach",
    "account_health",
    "account_maintenance",
    "bankruptcy_price",
    "breach_probability",
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
]

# Loaded when they are first asked for, which an import of the package does not.
_LATER = {
    **dict.fromkeys(
        ("Fills", "Transfers", "account_equity", "account_first_breach", "account_health", "account_maintenance"),
        "account",
    ),
    **dict.fromkeys(("BreachProbability", "account_breach_probability"), "probability"),
    **dict.fromkeys(("ConstantRiskHedge", "constant_risk_hedge"), "hedge"),
}


def __getattr__(name: str) -> Any:
    if name in _LATER:
        module = import_module(f"shortgamma.liquidation.{_LATER[name]}")
        globals()[name] = getattr(module, name)
        return globals()[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
