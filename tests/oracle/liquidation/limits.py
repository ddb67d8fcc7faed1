"""Twins of margins of which one rate holds for the whole position, in exact fractions."""

from fractions import Fraction

from oracle import contracts


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
