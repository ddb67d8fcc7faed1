"""Funding of many accounts, on the funding clock."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

SHAPE = (2000, 500)
CONTRACTS = {
    "linear": sg.contracts.Contract("linear", 0.001),
    "inverse": sg.contracts.XBTUSD,
    "quanto": sg.contracts.ETHUSD,
}


def setup():
    random = np.random.default_rng(3)
    return SimpleNamespace(
        position=random.normal(0.0, 1000.0, SHAPE),
        mark=random.uniform(100.0, 400.0, SHAPE[0]),
        rate=random.normal(1e-4, 3e-4, SHAPE[0]),
        out=np.empty(SHAPE),
        other=np.empty(SHAPE),
    )


@cache
def numba_loop(inverse):
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def linear(position, mark, rate, multiplier, out):
        for t in range(position.shape[0]):
            for i in range(position.shape[1]):
                out[t, i] = -(position[t, i] * multiplier * mark[t]) * rate[t]
        return out

    @njit(error_model="numpy")
    def inverted(position, mark, rate, multiplier, out):
        for t in range(position.shape[0]):
            for i in range(position.shape[1]):
                out[t, i] = -(position[t, i] * multiplier / mark[t]) * rate[t]
        return out

    return inverted if inverse else linear


def numpy_way(a, contract):
    value = a.position * contract.multiplier
    mark = a.mark[:, None]
    return -(value / mark if contract.inverse else value * mark) * a.rate[:, None]


def case(kind):
    contract = CONTRACTS[kind]
    ways = {
        OURS: lambda a: sg.funding.accrue(a.position, a.mark, a.rate, contract=contract, out=a.out),
        "NumPy": lambda a: numpy_way(a, contract),
        "numba": lambda a: numba_loop(contract.inverse)(a.position, a.mark, a.rate, contract.multiplier, a.other),
    }
    return Case(f"funding: accrue (2000, 500), {kind}", ("funding_payment",), SHAPE[0] * SHAPE[1], "copy", setup, ways)


CASES = [case(kind) for kind in CONTRACTS]
test_speed = bench(CASES)
