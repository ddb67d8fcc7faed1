"""Funding of many accounts on the funding clock: payments, their sums, and the running index."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

SHAPE = (2000, 500)
CONTRACTS = {
    "linear": sg.contracts.Contract("linear", 0.001),
    "inverse": sg.venues.bitmex.contract("XBTUSD"),
    "quanto": sg.venues.bitmex.contract("ETHUSD"),
}


def drawn(shape):
    random = np.random.default_rng(3)
    return SimpleNamespace(
        position=random.normal(0.0, 1000.0, shape),
        mark=random.uniform(100.0, 400.0, shape[0]),
        rate=random.normal(1e-4, 3e-4, shape[0]),
        out=np.empty(shape),
        other=np.empty(shape),
    )


def setup():
    return drawn(SHAPE)


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


LARGE = (2000, 5000)
LINEAR = CONTRACTS["linear"]
LINEAR_ONE = sg.contracts.Contract("linear")


def large_setup():
    arrays = drawn(LARGE)
    arrays.sums = np.empty(LARGE[1])
    return arrays


@cache
def numba_sums(over):
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def by_account(position, mark, rate, multiplier):
        out = np.zeros(position.shape[1])
        for t in range(position.shape[0]):
            for i in range(position.shape[1]):
                out[i] -= (position[t, i] * multiplier * mark[t]) * rate[t]
        return out

    @njit(error_model="numpy")
    def by_time(position, mark, rate, multiplier):
        out = np.zeros(position.shape[0])
        for t in range(position.shape[0]):
            for i in range(position.shape[1]):
                out[t] -= (position[t, i] * multiplier * mark[t]) * rate[t]
        return out

    return by_time if over else by_account


def large_case():
    ways = {
        OURS: lambda a: sg.funding.accrue(a.position, a.mark, a.rate, contract=LINEAR, out=a.out),
        "NumPy": lambda a: numpy_way(a, LINEAR),
        "numba": lambda a: numba_loop(False)(a.position, a.mark, a.rate, LINEAR.multiplier, a.other),
    }
    return Case("funding: accrue (2000, 5000)", ("funding_payment",), LARGE[0] * LARGE[1], "copy", large_setup, ways)


def total_case(over, what):
    ways = {
        OURS: lambda a: sg.funding.total(a.position, a.mark, a.rate, contract=LINEAR, over=over),
        "NumPy": lambda a: numpy_way(a, LINEAR).sum(axis=over),
        "numba": lambda a: numba_sums(over)(a.position, a.mark, a.rate, LINEAR.multiplier),
    }
    name = f"funding: total (2000, 5000), {what}"
    return Case(name, ("funding_total",), LARGE[0] * LARGE[1], "copy", large_setup, ways, tolerance=1e-9)


def index_setup():
    random = np.random.default_rng(6)
    premium = random.normal(1e-4, 1e-3, 1_000_000)
    price = random.lognormal(5.0, 0.01, 1_000_000)
    return SimpleNamespace(premium=premium, index=price * (1 + premium))


def numpy_index(a):
    return -np.cumsum(a.index * a.premium)


CASES = [
    *(case(kind) for kind in CONTRACTS),
    large_case(),
    total_case(0, "by account"),
    total_case(1, "by time"),
    Case(
        "funding: funding_index",
        ("funding_index",),
        1_000_000,
        "copy",
        index_setup,
        {OURS: lambda a: sg.funding.funding_index(a.premium, a.index, LINEAR_ONE).value, "NumPy": numpy_index},
        tolerance=1e-9,
        bytes=24,
    ),
]
test_speed = bench(CASES)
