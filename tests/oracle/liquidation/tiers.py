"""Twins of margin by tiers: rate by rate over the steps that a value fills, in exact fractions."""

import math
from fractions import Fraction

from oracle import contracts


def margin(lower, rate, value) -> Fraction:
    """Each rate on the part of the value between its edge and the next."""
    value = abs(Fraction(value))
    uppers = [*lower[1:], math.inf]
    total = Fraction(0)
    for low, high, share in zip(lower, uppers, rate, strict=True):
        if value > low:
            total += Fraction(share) * ((value if value < high else Fraction(high)) - Fraction(low))
    return total


def shortfall(kind, multiplier, quantity, entry, collateral, lower, rate, fee, mark) -> Fraction:
    """Requirement less equity at a mark: > 0 is a breach."""
    value = abs(contracts.exact_value(kind, multiplier, quantity, mark))
    equity = Fraction(collateral) + contracts.exact_pnl(kind, multiplier, quantity, entry, mark)
    return margin(lower, rate, value) + Fraction(fee) * value - equity
