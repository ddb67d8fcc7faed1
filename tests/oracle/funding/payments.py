"""Twins of funding payments, in doubles (operation by operation) and in exact fractions."""

import math
from fractions import Fraction
from itertools import pairwise

import numpy as np

from oracle import contracts


def payment(kind: str, multiplier: float, position: float, mark: float, rate: float) -> float:
    """Cash received by a position at one funding time."""
    value = contracts.value(kind, multiplier, position, mark)
    if math.isnan(value) or math.isnan(rate):
        return math.nan
    cash = -value * rate
    return 0.0 if cash == 0.0 else cash


def exact_payment(kind: str, multiplier: float, position: float, mark: float, rate: float) -> Fraction:
    return -contracts.exact_value(kind, multiplier, position, mark) * Fraction(rate)


def accrue(kind, multiplier, position, mark, rate, axis=0):
    """Payments of arrays; an input of one dimension among wider ones runs along ``axis``."""
    inputs = [np.asarray(x, dtype=np.float64) for x in (position, mark, rate)]
    ndim = max(x.ndim for x in inputs)
    for i, x in enumerate(inputs):
        if x.ndim == 1 < ndim:
            shape = [1] * ndim
            shape[axis] = x.size
            inputs[i] = x.reshape(shape)
    inputs = np.broadcast_arrays(*inputs)
    result = np.empty(inputs[0].shape)
    for index in np.ndindex(result.shape):
        result[index] = payment(kind, multiplier, *(float(x[index]) for x in inputs))
    return result


def exact_sum(payments) -> Fraction:
    """Sum of payments, each of them a double."""
    return sum((Fraction(float(x)) for x in payments), Fraction(0))


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
