"""Leveraged and inverse products: net asset value under rebalancing to a constant leverage, and its theory.

Units: ``leverage`` signed, 3.0 for 3x and -1.0 for an inverse product; ``financing`` and ``fee`` are
fractions per bar (a rate per year divided by the bars of a year); ``cost`` is a fraction of each trade. Time
runs down axis 0.

The modules: ``nav`` (rebalancing on a schedule), ``theory`` (closed forms), ``token_rule`` and ``simulation``
(products that rebalance by any rule), ``rules`` (those of real products), ``comparison``
(with a multiple of the underlying).
"""

from typing import TYPE_CHECKING

from shortgamma._later import later
from shortgamma.leverage.nav import nav

if TYPE_CHECKING:
    from shortgamma.leverage import rules
    from shortgamma.leverage.comparison import Comparison, compare
    from shortgamma.leverage.simulation import NavPath, Simulation, SimulationSummary, TokenState, simulate
    from shortgamma.leverage.theory import (
        actual_leverage,
        break_even_variance,
        compounded_return,
        growth_optimal_leverage,
        power_transfer,
        rebalance_flow,
        rebalance_trade,
        recentred_leverage,
        return_probability,
        return_quantile,
        sigmoid_transfer,
        trigger_ratio,
        value_at_risk,
        volatility_drag,
    )
    from shortgamma.leverage.token_rule import TokenRule

__all__ = [
    "Comparison",
    "NavPath",
    "Simulation",
    "SimulationSummary",
    "TokenRule",
    "TokenState",
    "actual_leverage",
    "break_even_variance",
    "compare",
    "compounded_return",
    "growth_optimal_leverage",
    "nav",
    "power_transfer",
    "rebalance_flow",
    "rebalance_trade",
    "recentred_leverage",
    "return_probability",
    "return_quantile",
    "rules",
    "sigmoid_transfer",
    "simulate",
    "trigger_ratio",
    "value_at_risk",
    "volatility_drag",
]

__getattr__, __dir__ = later(
    globals(),
    {
        "Comparison": "comparison",
        "NavPath": "simulation",
        "Simulation": "simulation",
        "SimulationSummary": "simulation",
        "TokenRule": "token_rule",
        "TokenState": "simulation",
        "actual_leverage": "theory",
        "break_even_variance": "theory",
        "compare": "comparison",
        "compounded_return": "theory",
        "growth_optimal_leverage": "theory",
        "power_transfer": "theory",
        "rebalance_flow": "theory",
        "rebalance_trade": "theory",
        "recentred_leverage": "theory",
        "return_probability": "theory",
        "return_quantile": "theory",
        "rules": "rules",
        "sigmoid_transfer": "theory",
        "simulate": "simulation",
        "trigger_ratio": "theory",
        "value_at_risk": "theory",
        "volatility_drag": "theory",
    },
)
