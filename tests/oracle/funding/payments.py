"""Twins of funding payments, in doubles (operation by operation) and in exact fractions."""

import math
from fractions import Fraction

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
