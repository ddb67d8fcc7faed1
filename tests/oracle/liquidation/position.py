"""Twins of liquidation: everything in exact fractions of the given doubles."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from oracle import contracts


def shortfall(kind, multiplier, quantity, entry, margin, weight, mark) -> Fraction:
    """Requirement less equity at a mark: > 0 is a breach. ``weight`` is maintenance plus fee."""
    equity = Fraction(margin) + contracts.exact_pnl(kind, multiplier, quantity, entry, mark)
    required = Fraction(weight) * abs(contracts.exact_value(kind, multiplier, quantity, mark))
    return required - equity


def scale(kind, multiplier, quantity, entry, margin, mark) -> Fraction:
    """Size of the numbers that ``shortfall`` is a difference of."""
    return abs(Fraction(margin)) + sum(
        abs(contracts.exact_value(kind, multiplier, quantity, price)) for price in (entry, mark)
    )


def price(kind, multiplier, quantity, entry, margin, weight) -> Fraction | float:
    """Where equity is the requirement; 0.0 or infinity if that is nowhere, NaN without a position."""
    size = Fraction(quantity) * Fraction(multiplier)
    if size == 0:
        return math.nan
    long = size > 0
    opened = contracts.exact_value(kind, multiplier, quantity, entry)
    if kind == "inverse":
        top, bottom = Fraction(margin) + opened, size + Fraction(weight) * abs(size)
        if long:
            return bottom / top if top > 0 else math.inf
        return bottom / top if top < 0 else math.inf
    top, bottom = opened - Fraction(margin), size - Fraction(weight) * abs(size)
    return top / bottom if top / bottom > 0 else 0.0


def is_defined(quantity, entry, margin, maintenance, fee) -> bool:
    return (
        math.isfinite(quantity)
        and math.isfinite(margin)
        and 0.0 < entry < math.inf
        and 0.0 <= maintenance < 1.0
        and 0.0 <= fee < 1.0
        and maintenance + fee < 1.0
    )


def first_breach(
    kind: str,
    multiplier: float,
    mark: Sequence[float],
    quantity: float,
    entry: float,
    margin: float,
    maintenance: float,
    fee: float = 0.0,
) -> int:
    """First bar at which equity is less than required, the number of bars if there is none, one more if undefined.

    An invalid mark tells nothing.
    """
    if not is_defined(quantity, entry, margin, maintenance, fee):
        return len(mark) + 1
    weight = Fraction(maintenance) + Fraction(fee)
    for t, p in enumerate(mark):
        if 0.0 < p < math.inf and shortfall(kind, multiplier, quantity, entry, margin, weight, p) > 0:
            return t
    return len(mark)


def first_breaches(kind, multiplier, mark, quantity, entry, margin, maintenance, fee=0.0, axis=0):
    """``first_breach`` of arrays of paths, path by path."""
    mark = np.moveaxis(np.asarray(mark, dtype=np.float64), axis, -1)
    numbers = [np.asarray(x, dtype=np.float64) for x in (quantity, entry, margin, maintenance, fee)]
    paths = np.broadcast_shapes(mark.shape[:-1], *(x.shape for x in numbers))
    mark = np.broadcast_to(mark, (*paths, mark.shape[-1]))
    numbers = [np.broadcast_to(x, paths) for x in numbers]
    result = np.empty(paths, dtype=np.int64)
    for i in np.ndindex(paths):
        result[i] = first_breach(kind, multiplier, mark[i].tolist(), *(float(x[i]) for x in numbers))
    return result
