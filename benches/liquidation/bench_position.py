"""Liquidation prices, and the first bar on which a position is liquidated."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

COUNT = 100_000
BARS, PATHS = 2000, 5000
ENTRY, MAINTENANCE = 200.0, 0.01
CONTRACT = sg.venues.bitmex.contract("ETHUSD")
SIZE = CONTRACT.multiplier


def positions():
    random = np.random.default_rng(4)
    quantity = random.choice([-1.0, 1.0], COUNT) * random.uniform(100.0, 10_000.0, COUNT)
    entry = random.uniform(100.0, 400.0, COUNT)
    margin = np.abs(quantity) * SIZE * entry / random.uniform(2.0, 50.0, COUNT)
    return SimpleNamespace(quantity=quantity, entry=entry, margin=margin, out=np.empty(COUNT), other=np.empty(COUNT))


def paths():
    """Positions of which few are liquidated: nearly all bars have to be looked at."""
    random = np.random.default_rng(5)
    mark = ENTRY * np.exp(np.cumsum(random.normal(0.0, 0.002, (BARS, PATHS)), axis=0))
    quantity = random.choice([-1.0, 1.0], PATHS) * random.uniform(100.0, 10_000.0, PATHS)
    margin = np.abs(quantity) * SIZE * ENTRY / random.uniform(1.5, 4.0, PATHS)
    return SimpleNamespace(
        mark=mark, quantity=quantity, margin=margin, out=np.empty(PATHS, np.int64), other=np.empty(PATHS, np.int64)
    )


def paths_side_by_side():
    arrays = paths()
    arrays.mark = np.ascontiguousarray(arrays.mark.T)
    return arrays


@cache
def numba_loops():
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def price(quantity, entry, margin, maintenance, multiplier, out):
        for i in range(quantity.size):
            size = quantity[i] * multiplier
            out[i] = (size * entry[i] - margin[i]) / (size - maintenance * abs(size))
        return out

    @njit(error_model="numpy")
    def first_breach(mark, quantity, entry, margin, maintenance, multiplier, out):
        size = quantity * multiplier
        required = maintenance * np.abs(size)
        out[:] = mark.shape[0]
        for t in range(mark.shape[0]):
            for i in range(mark.shape[1]):
                if out[i] == mark.shape[0] and margin[i] + size[i] * (mark[t, i] - entry) < required[i] * mark[t, i]:
                    out[i] = t
        return out

    @njit(error_model="numpy")
    def first_breach_by_path(mark, quantity, entry, margin, maintenance, multiplier, out):
        for i in range(mark.shape[0]):
            size = quantity[i] * multiplier
            required = maintenance * abs(size)
            out[i] = mark.shape[1]
            for t in range(mark.shape[1]):
                if margin[i] + size * (mark[i, t] - entry) < required * mark[i, t]:
                    out[i] = t
                    break
        return out

    return SimpleNamespace(price=price, first_breach=first_breach, first_breach_by_path=first_breach_by_path)


def numpy_price(a):
    size = a.quantity * SIZE
    return (size * a.entry - a.margin) / (size - MAINTENANCE * np.abs(size))


def numpy_first_breach(a, axis=0):
    size, margin = np.expand_dims(a.quantity * SIZE, axis), np.expand_dims(a.margin, axis)
    breach = margin + size * (a.mark - ENTRY) < MAINTENANCE * np.abs(size) * a.mark
    return np.where(breach.any(axis=axis), breach.argmax(axis=axis), breach.shape[axis])


def first_breach(a, axis=0):
    return sg.liquidation.first_breach(
        a.mark, a.quantity, ENTRY, a.margin, contract=CONTRACT, maintenance=MAINTENANCE, axis=axis, out=a.out
    )


TIERS = sg.liquidation.Tiers([0.0, 0.1, 0.25, 0.5, 1.0], [0.01, 0.015, 0.02, 0.03, 0.05])


def numpy_tiers(a):
    """Every tier solved, and the strictest taken."""
    size = a.quantity * SIZE
    levels = [
        (size * a.entry - (a.margin + amount)) / (size - rate * np.abs(size))
        for rate, amount in zip(TIERS.rate, TIERS.amount, strict=True)
    ]
    return np.maximum(np.where(size > 0, np.max(levels, axis=0), np.min(levels, axis=0)), 0.0)


FILLS, BOOKS = 1_000, 1_000


def fills():
    """Purchases alone, which NumPy can do too."""
    random = np.random.default_rng(9)
    return SimpleNamespace(
        quantity=random.uniform(1.0, 9.0, (FILLS, BOOKS)), price=random.uniform(90.0, 110.0, (FILLS, BOOKS))
    )


CASES = [
    Case(
        "liquidation: price, quanto",
        ("liquidation_price",),
        COUNT,
        "copy",
        positions,
        {
            OURS: lambda a: sg.liquidation.liquidation_price(
                a.quantity, a.entry, a.margin, contract=CONTRACT, maintenance=MAINTENANCE, out=a.out
            ),
            "NumPy": numpy_price,
            "numba": lambda a: numba_loops().price(a.quantity, a.entry, a.margin, MAINTENANCE, SIZE, a.other),
        },
        bytes=32,
    ),
    Case(
        "liquidation: price, quanto, 5 tiers",
        ("liquidation_price",),
        COUNT,
        "ndtr",
        positions,
        {
            OURS: lambda a: sg.liquidation.liquidation_price(
                a.quantity, a.entry, a.margin, contract=CONTRACT, maintenance=TIERS, out=a.out
            ),
            "NumPy": numpy_tiers,
        },
        bytes=32,
    ),
    Case(
        "liquidation: first_breach (2000, 5000)",
        ("liquidation_first_breach",),
        BARS * PATHS,
        "copy",
        paths,
        {
            OURS: first_breach,
            "NumPy": numpy_first_breach,
            "numba": lambda a: numba_loops().first_breach(
                a.mark, a.quantity, ENTRY, a.margin, MAINTENANCE, SIZE, a.other
            ),
        },
        bytes=8,
    ),
    Case(
        "liquidation: first_breach (5000, 2000), axis=1",
        ("liquidation_first_breach",),
        BARS * PATHS,
        "copy",
        paths_side_by_side,
        {
            OURS: lambda a: first_breach(a, 1),
            "NumPy": lambda a: numpy_first_breach(a, 1),
            "numba": lambda a: numba_loops().first_breach_by_path(
                a.mark, a.quantity, ENTRY, a.margin, MAINTENANCE, SIZE, a.other
            ),
        },
        bytes=8,
    ),
    Case(
        "liquidation: mean_entry (1000, 1000)",
        ("liquidation_mean_entry",),
        FILLS * BOOKS,
        "copy",
        fills,
        {
            OURS: lambda a: sg.liquidation.mean_entry(a.quantity, a.price, contract=CONTRACT),
            "NumPy": lambda a: (a.quantity * a.price).sum(axis=0) / a.quantity.sum(axis=0),
        },
        tolerance=1e-12,
    ),
]
test_speed = bench(CASES)
