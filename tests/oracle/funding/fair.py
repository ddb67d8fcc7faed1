"""Twins of fair prices and premiums, in exact fractions: the no-arbitrage equations, solved by their cases."""

from fractions import Fraction


def fair_price(index, speed, drift, interest, inverse):
    """The price at which what is paid is what the drift takes, None if there is none."""
    index, speed, drift, interest = map(Fraction, (index, speed, drift, interest))
    if inverse:
        # of the reciprocal price: kappa (1/x - 1/f) + iota / x = -d / f
        above, below = speed + drift, speed + interest
    else:
        # kappa (f - x) + iota x = d f
        above, below = speed - interest, speed - drift
    return index * above / below if above > 0 and below > 0 else None


def rate(premium, interest, clamp):
    return premium + min(max(interest - premium, -clamp), clamp)


def fair_premium(drift, count, interest, clamp, on_mark):
    """The root of n F(P) = d (1 + P), or of n F(P) = d, by bisection of a function that does not decrease."""
    drift, count, interest, clamp = map(Fraction, (drift, count, interest, clamp))

    def short(premium):
        return count * rate(premium, interest, clamp) - drift * (1 if on_mark else 1 + premium)

    if on_mark and drift == count * interest:
        return interest
    low, high = Fraction(-100), Fraction(100)
    for _ in range(120):
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) < 0 else (low, middle)
    return (low + high) / 2
