"""Values and profits of contracts."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

COUNT = 1_000_000


def setup():
    random = np.random.default_rng(2)
    return SimpleNamespace(
        quantity=random.normal(0.0, 1000.0, COUNT),
        entry=random.uniform(50.0, 500.0, COUNT),
        exit=random.uniform(50.0, 500.0, COUNT),
        out=np.empty(COUNT),
        other=np.empty(COUNT),
    )


@cache
def numba_ways():
    njit = pytest.importorskip("numba").njit

    @njit
    def value(quantity, price, multiplier, out):
        for i in range(quantity.size):
            out[i] = quantity[i] * multiplier * price[i]
        return out

    @njit
    def profit(quantity, entry, exit, multiplier, out):
        for i in range(quantity.size):
            out[i] = quantity[i] * multiplier * ((exit[i] - entry[i]) / (entry[i] * exit[i]))
        return out

    return value, profit


CASES = [
    Case(
        "contracts: value, quanto",
        ("contract_value",),
        COUNT,
        "copy",
        setup,
        {
            OURS: lambda a: sg.contracts.ETHUSD.value(a.quantity, a.entry, out=a.out),
            "NumPy": lambda a: a.quantity * 1e-6 * a.entry,
            "numba": lambda a: numba_ways()[0](a.quantity, a.entry, 1e-6, a.other),
        },
    ),
    Case(
        "contracts: pnl, inverse",
        ("contract_profit",),
        COUNT,
        "copy",
        setup,
        {
            OURS: lambda a: sg.contracts.XBTUSD.pnl(a.quantity, a.entry, a.exit, out=a.out),
            "NumPy": lambda a: a.quantity * ((a.exit - a.entry) / (a.entry * a.exit)),
            "numba": lambda a: numba_ways()[1](a.quantity, a.entry, a.exit, 1.0, a.other),
        },
    ),
]
test_speed = bench(CASES)
