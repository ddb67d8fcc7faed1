"""Values and profits of contracts."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

COUNT = 1_000_000
QUANTO, INVERSE = sg.venues.bitmex.contract("ETHUSD"), sg.venues.bitmex.contract("XBTUSD")


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
def numba_loops():
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def value_quanto(quantity, price, multiplier, out):
        for i in range(quantity.size):
            out[i] = quantity[i] * multiplier * price[i]
        return out

    @njit(error_model="numpy")
    def value_inverse(quantity, price, multiplier, out):
        for i in range(quantity.size):
            out[i] = quantity[i] * multiplier / price[i]
        return out

    @njit(error_model="numpy")
    def pnl_quanto(quantity, entry, exit, multiplier, out):
        for i in range(quantity.size):
            out[i] = quantity[i] * multiplier * (exit[i] - entry[i])
        return out

    @njit(error_model="numpy")
    def pnl_inverse(quantity, entry, exit, multiplier, out):
        for i in range(quantity.size):
            out[i] = quantity[i] * multiplier * ((exit[i] - entry[i]) / (entry[i] * exit[i]))
        return out

    return SimpleNamespace(
        value_quanto=value_quanto, value_inverse=value_inverse, pnl_quanto=pnl_quanto, pnl_inverse=pnl_inverse
    )


CASES = [
    Case(
        "contracts: value, quanto",
        ("contract_value",),
        COUNT,
        "copy",
        setup,
        {
            OURS: lambda a: QUANTO.value(a.quantity, a.entry, out=a.out),
            "NumPy": lambda a: a.quantity * QUANTO.multiplier * a.entry,
            "numba": lambda a: numba_loops().value_quanto(a.quantity, a.entry, QUANTO.multiplier, a.other),
        },
        bytes=24,
    ),
    Case(
        "contracts: value, inverse",
        ("contract_value",),
        COUNT,
        "copy",
        setup,
        {
            OURS: lambda a: INVERSE.value(a.quantity, a.entry, out=a.out),
            "NumPy": lambda a: a.quantity * INVERSE.multiplier / a.entry,
            "numba": lambda a: numba_loops().value_inverse(a.quantity, a.entry, INVERSE.multiplier, a.other),
        },
        bytes=24,
    ),
    Case(
        "contracts: pnl, quanto",
        ("contract_profit",),
        COUNT,
        "copy",
        setup,
        {
            OURS: lambda a: QUANTO.pnl(a.quantity, a.entry, a.exit, out=a.out),
            "NumPy": lambda a: a.quantity * QUANTO.multiplier * (a.exit - a.entry),
            "numba": lambda a: numba_loops().pnl_quanto(a.quantity, a.entry, a.exit, QUANTO.multiplier, a.other),
        },
        bytes=32,
    ),
    Case(
        "contracts: pnl, inverse",
        ("contract_profit",),
        COUNT,
        "copy",
        setup,
        {
            OURS: lambda a: INVERSE.pnl(a.quantity, a.entry, a.exit, out=a.out),
            "NumPy": lambda a: a.quantity * INVERSE.multiplier * ((a.exit - a.entry) / (a.entry * a.exit)),
            "numba": lambda a: numba_loops().pnl_inverse(a.quantity, a.entry, a.exit, INVERSE.multiplier, a.other),
        },
        bytes=32,
    ),
]
test_speed = bench(CASES)
