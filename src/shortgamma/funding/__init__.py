"""Funding of perpetual swaps: rates, payments, and what they mean.

Units: ``rate`` is a fraction per funding interval, > 0 when longs pay shorts; cash is in the contract's
settlement coin, > 0 received. Time runs down axis 0. Times are datetime64, or integers: nanoseconds UTC.

The modules: ``dense`` (positions on the funding clock), ``events`` (fills at any time), ``rates`` (from a book to a
rate), ``rules`` (venues as data), ``meaning`` (yields, fair values), ``history`` (venues' files).
"""

from typing import TYPE_CHECKING, Any

from shortgamma.funding.dense import FundingIndex, accrue, between, funding_index, total

if TYPE_CHECKING:
    from shortgamma.funding.events import accrue_continuous, accrue_events, position_at
    from shortgamma.funding.rates import average_premium, impact_price, predicted_rate, premium_index, rate

__all__ = [
    "FundingIndex",
    "accrue",
    "accrue_continuous",
    "accrue_events",
    "average_premium",
    "between",
    "funding_index",
    "impact_price",
    "position_at",
    "predicted_rate",
    "premium_index",
    "rate",
    "total",
]

# Loaded when first asked for: an import of the package does not pay for them.
_LATER = {
    "accrue_continuous": "events",
    "accrue_events": "events",
    "average_premium": "rates",
    "impact_price": "rates",
    "position_at": "events",
    "predicted_rate": "rates",
    "premium_index": "rates",
    "rate": "rates",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
    return globals()[name]


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
