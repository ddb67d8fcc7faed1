"""Funding of perpetual swaps: rates, payments, and what they mean.

Units: ``rate`` is a fraction per funding interval, > 0 when longs pay shorts; cash is in the contract's
settlement coin, > 0 received. Time runs down axis 0. Times are datetime64, or integers: nanoseconds UTC.

The modules: ``dense`` (positions on the funding clock), ``sums`` (of their payments), ``events`` (fills at any time),
``rates`` (from a book to a rate), ``rules`` (venues as data), ``meaning`` (yields, fair values), ``history`` (venues'
files).
"""

from typing import TYPE_CHECKING

from shortgamma._later import later
from shortgamma.funding.dense import accrue

if TYPE_CHECKING:
    from shortgamma.funding import rules
    from shortgamma.funding.events import accrue_continuous, accrue_events, position_at
    from shortgamma.funding.history import FundingHistory, read_history
    from shortgamma.funding.meaning import (
        RealizedFunding,
        ThreeLegPath,
        ThreeLegs,
        annualize,
        break_even_holding,
        delta_neutral_carry,
        fair_drift,
        fair_premium,
        fair_price,
        quanto_adjustment,
        realized_funding,
        three_leg_carry,
        three_leg_path,
    )
    from shortgamma.funding.rates import average_premium, impact_price, predicted_rate, premium_index, rate
    from shortgamma.funding.sums import FundingIndex, between, funding_index, total

__all__ = [
    "FundingHistory",
    "FundingIndex",
    "RealizedFunding",
    "ThreeLegPath",
    "ThreeLegs",
    "accrue",
    "accrue_continuous",
    "accrue_events",
    "annualize",
    "average_premium",
    "between",
    "break_even_holding",
    "delta_neutral_carry",
    "fair_drift",
    "fair_premium",
    "fair_price",
    "funding_index",
    "impact_price",
    "position_at",
    "predicted_rate",
    "premium_index",
    "quanto_adjustment",
    "rate",
    "read_history",
    "realized_funding",
    "rules",
    "three_leg_carry",
    "three_leg_path",
    "total",
]

__getattr__, __dir__ = later(
    globals(),
    {
        "FundingHistory": "history",
        "FundingIndex": "sums",
        "RealizedFunding": "meaning",
        "ThreeLegPath": "meaning",
        "ThreeLegs": "meaning",
        "accrue_continuous": "events",
        "accrue_events": "events",
        "annualize": "meaning",
        "average_premium": "rates",
        "between": "sums",
        "break_even_holding": "meaning",
        "delta_neutral_carry": "meaning",
        "fair_drift": "meaning",
        "fair_premium": "meaning",
        "fair_price": "meaning",
        "funding_index": "sums",
        "impact_price": "rates",
        "position_at": "events",
        "predicted_rate": "rates",
        "premium_index": "rates",
        "quanto_adjustment": "meaning",
        "rate": "rates",
        "read_history": "history",
        "realized_funding": "meaning",
        "rules": "rules",
        "three_leg_carry": "meaning",
        "three_leg_path": "meaning",
        "total": "sums",
    },
)
