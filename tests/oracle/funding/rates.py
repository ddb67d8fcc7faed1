"""Twins of funding rates, in exact fractions."""

from fractions import Fraction


def rate(premium, interest, clamp, cap, floor) -> Fraction:
    premium, interest, clamp, cap, floor = map(Fraction, (premium, interest, clamp, cap, floor))
    return min(max(premium + min(max(interest - premium, -clamp), clamp), floor), cap)


def impact_price(prices, sizes, notional, multiplier=1.0, inverse=False) -> Fraction | None:
    """Price at which all contracts of an order together are worth its notional, bought contract by contract."""
    left, contracts = Fraction(notional), Fraction(0)
    for price, size in zip(prices, sizes, strict=True):
        worth = Fraction(multiplier) / Fraction(price) if inverse else Fraction(multiplier) * Fraction(price)
        take = min(Fraction(size), left / worth)
        contracts += take * Fraction(multiplier)
        left -= take * worth
        if left == 0:
            return contracts / Fraction(notional) if inverse else Fraction(notional) / contracts
    return None
