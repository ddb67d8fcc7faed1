"""Twins of funding from fills: every payment looked up in all fills, integrals cut at every fill."""

from fractions import Fraction
from itertools import pairwise

from oracle.funding.payments import exact_payment, payment


def position_at(fills, quantities, time, when):
    """Position from fills that are before a time, or at it and counted there."""
    held = 0.0
    for at, quantity in zip(fills, quantities, strict=True):
        if at < time or (at == time and when == "before"):
            held += quantity
    return held


def accrue_events(kind, multiplier, fills, quantities, times, mark, rate, when):
    """Payments of one account, each looked up in all of its fills."""
    return [
        payment(kind, multiplier, position_at(fills, quantities, time, when), mark[k], rate[k])
        for k, time in enumerate(times)
    ]


def accrue_continuous(kind, multiplier, fills, quantities, times, mark, rate, interval, interpolation):
    """Exact integrals between times: the stretches are cut at every fill."""
    result = []
    for k in range(len(times) - 1):
        begin, end = times[k], times[k + 1]
        ends = [exact_payment(kind, multiplier, 1.0, mark[i], rate[i]) for i in (k, k + 1)]
        slope = (ends[1] - ends[0]) / (end - begin) if interpolation == "linear" else Fraction(0)
        cuts = [begin, *(at for at in fills if begin < at < end), end]
        total = Fraction(0)
        for left, right in pairwise(cuts):
            held = sum((Fraction(q) for at, q in zip(fills, quantities, strict=True) if at <= left), Fraction(0))
            middle = ends[0] + slope * (Fraction(left + right, 2) - begin)
            total += held * middle * (right - left) / interval
        result.append(total)
    return result
