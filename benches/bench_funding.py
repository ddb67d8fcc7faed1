"""Funding of many accounts, on the funding clock."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

SHAPE = (2000, 500)


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
def numba_ways():
    njit = pytest.importorskip("numba").njit

    @njit
    def quanto(position, mark, rate, multiplier, out):
        for t in range(position.shape[0]):
            for i in range(position.shape[1]):
                out[t, i] = -(position[t, i] * multiplier * mark[t]) * rate[t]
        return out

    @njit
    def inverse(position, mark, rate, multiplier, out):
        for t in range(position.shape[0]):
            for i in range(position.shape[1]):
                out[t, i] = -(position[t, i] * multiplier / mark[t]) * rate[t]
        return out

    return quanto, inverse


CASES = [
    Case(
        "funding: accrue (2000, 500), quanto",
        ("funding_payment",),
        SHAPE[0] * SHAPE[1],
        "copy",
        setup,
        {
            OURS: lambda a: sg.funding.accrue(a.position, a.mark, a.rate, contract=sg.contracts.ETHUSD, out=a.out),
            "NumPy": lambda a: -(a.position * 1e-6 * a.mark[:, None]) * a.rate[:, None],
            "numba": lambda a: numba_ways()[0](a.position, a.mark, a.rate, 1e-6, a.other),
        },
    ),
    Case(
        "funding: accrue (2000, 500), inverse",
        ("funding_payment",),
        SHAPE[0] * SHAPE[1],
        "copy",
        setup,
        {
            OURS: lambda a: sg.funding.accrue(a.position, a.mark, a.rate, contract=sg.contracts.XBTUSD, out=a.out),
            "NumPy": lambda a: -(a.position / a.mark[:, None]) * a.rate[:, None],
            "numba": lambda a: numba_ways()[1](a.position, a.mark, a.rate, 1.0, a.other),
        },
    ),
]
test_speed = bench(CASES)
