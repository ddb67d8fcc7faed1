"""Liquidation prices, and the first bar on which a position is liquidated."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

COUNT = 100_000
BARS, PATHS = 2000, 5000
CONTRACT = sg.contracts.ETHUSD


def positions():
    random = np.random.default_rng(4)
    quantity = random.choice([-1.0, 1.0], COUNT) * random.uniform(100.0, 10_000.0, COUNT)
    entry = random.uniform(100.0, 400.0, COUNT)
    margin = np.abs(quantity) * 1e-6 * entry / random.uniform(2.0, 50.0, COUNT)
    return SimpleNamespace(quantity=quantity, entry=entry, margin=margin, out=np.empty(COUNT), other=np.empty(COUNT))


def paths():
    """Positions of which few are liquidated: all bars have to be looked at."""
    random = np.random.default_rng(5)
    mark = 200.0 * np.exp(np.cumsum(random.normal(0.0, 0.002, (BARS, PATHS)), axis=0))
    quantity = random.choice([-1.0, 1.0], PATHS) * random.uniform(100.0, 10_000.0, PATHS)
    margin = np.abs(quantity) * 1e-6 * 200.0 / random.uniform(1.5, 4.0, PATHS)
    return SimpleNamespace(mark=mark, quantity=quantity, margin=margin, other=np.empty(PATHS, np.int64))


@cache
def numba_ways():
    njit = pytest.importorskip("numba").njit

    @njit
    def price(quantity, entry, margin, maintenance, multiplier, out):
        for i in range(quantity.size):
            size = quantity[i] * multiplier
            out[i] = (size * entry[i] - margin[i]) / (size - maintenance * abs(size))
        return out

    @njit
    def first_breach(mark, quantity, entry, margin, maintenance, multiplier, out):
        out[:] = -1
        for t in range(mark.shape[0]):
            for i in range(mark.shape[1]):
                size = quantity[i] * multiplier
                equity = margin[i] + size * (mark[t, i] - entry)
                if out[i] < 0 and equity < maintenance * abs(size) * mark[t, i]:
                    out[i] = t
        return out

    return price, first_breach


def numpy_price(a):
    size = a.quantity * 1e-6
    return (size * a.entry - a.margin) / (size - 0.01 * np.abs(size))


def numpy_first_breach(a):
    size = a.quantity * 1e-6
    breach = a.margin + size * (a.mark - 200.0) < 0.01 * np.abs(size) * a.mark
    return np.where(breach.any(axis=0), breach.argmax(axis=0), -1)


CASES = [
    Case(
        "liquidation: price, quanto",
        ("liquidation_price",),
        COUNT,
        "ndtr",
        positions,
        {
            OURS: lambda a: sg.liquidation.price(
                a.quantity, a.entry, a.margin, contract=CONTRACT, maintenance=0.01, out=a.out
            ),
            "NumPy": numpy_price,
            "numba": lambda a: numba_ways()[0](a.quantity, a.entry, a.margin, 0.01, 1e-6, a.other),
        },
    ),
    Case(
        "liquidation: first_breach (2000, 5000)",
        ("liquidation_first_breach",),
        BARS * PATHS,
        "copy",
        paths,
        {
            OURS: lambda a: sg.liquidation.first_breach(
                a.mark, a.quantity, 200.0, a.margin, contract=CONTRACT, maintenance=0.01
            ),
            "NumPy": numpy_first_breach,
            "numba": lambda a: numba_ways()[1](a.mark, a.quantity, 200.0, a.margin, 0.01, 1e-6, a.other),
        },
    ),
]
test_speed = bench(CASES)
