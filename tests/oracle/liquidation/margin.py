"""Twins of margins, in exact fractions: by tiers rate by rate over the parts that a value fills."""

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


def rate_of(lower, rate, size) -> Fraction:
    """Rate of the last tier that begins below the size."""
    found = Fraction(rate[0])
    for low, share in zip(lower, rate, strict=True):
        if abs(Fraction(size)) > low:
            found = Fraction(share)
    return found


def rising_shortfall(kind, multiplier, quantity, entry, collateral, rate, slope, fee, mark) -> Fraction:
    """Requirement rate v + slope v^2 + fee v less equity at a mark, v the value there: > 0 is a breach."""
    value = abs(contracts.exact_value(kind, multiplier, quantity, mark))
    equity = Fraction(collateral) + contracts.exact_pnl(kind, multiplier, quantity, entry, mark)
    return (Fraction(rate) + Fraction(fee)) * value + Fraction(slope) * value**2 - equity
