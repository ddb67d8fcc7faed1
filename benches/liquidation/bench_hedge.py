"""The constant-risk hedge of quanto positions."""

from types import SimpleNamespace

import numpy as np

import shortgamma as sg
from benches.common import OURS, Case, bench

BARS, PATHS = 1_000, 1_000
QUANTO = sg.contracts.Contract("quanto", 1e-6, settlement="XBT")
FEE = 0.0005


def paths():
    random = np.random.default_rng(8)
    walks = np.exp(np.cumsum(random.normal(0.0, 0.01, (2, BARS, PATHS)), axis=1))
    return SimpleNamespace(mark=200.0 * walks[0], fx=10_000.0 * walks[1], quantity=random.normal(0.0, 1e4, PATHS))


def numpy_hedge(a):
    size = a.quantity * QUANTO.multiplier
    hedge = -size * a.fx
    trade = np.diff(hedge, axis=0, prepend=0.0 * hedge[:1])
    move = np.diff(a.mark, axis=0, prepend=a.mark[:1])
    quanto = size * move * a.fx
    linear = np.zeros_like(hedge)
    linear[1:] = hedge[:-1] * move[1:]
    fees = FEE * np.abs(trade) * a.mark
    return hedge, trade, quanto, linear, fees, np.cumsum(quanto + linear - fees, axis=0)


CASES = [
    Case(
        "liquidation: constant-risk hedge (1000, 1000)",
        ("liquidation_hedge",),
        BARS * PATHS,
        "copy",
        paths,
        {
            OURS: lambda a: sg.liquidation.constant_risk_hedge(a.mark, a.fx, a.quantity, contract=QUANTO, fee=FEE),
            "NumPy": numpy_hedge,
        },
        tolerance=1e-12,
        bytes=64,
    ),
]
test_speed = bench(CASES)
