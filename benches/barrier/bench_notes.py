"""Autocallable notes, with ours and with the same recursion in NumPy."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

COUNT, OBSERVATIONS, YEARS, VOL, RATE = 32, 12, 3.0, 0.3, 0.03
TERMS = {"vol": VOL, "expiry": YEARS, "rate": RATE, "call_level": 100.0, "bonus": 0.02}


def spots():
    return SimpleNamespace(spot=np.linspace(62.0, 110.0, COUNT))


def autocallable(a):
    return sg.barrier.autocallable(a.spot, 100.0, 60.0, **TERMS, observations=OBSERVATIONS).price


def second_order(a):
    return tuple(sg.barrier.autocallable(a.spot, 100.0, 60.0, **TERMS, observations=OBSERVATIONS, order=2))


def numpy_recursion(a):
    """Even panels, and full matrices between them."""
    ndtr = pytest.importorskip("scipy.special").ndtr
    points, weights = np.polynomial.legendre.leggauss(24)
    step = YEARS / OBSERVATIONS
    s, m = VOL * math.sqrt(step), (RATE - 0.5 * VOL**2) * step
    h, k = math.log(60.0), math.log(100.0)
    low = h - 9.5 * VOL * math.sqrt(YEARS)
    edges = np.concatenate(
        [
            np.linspace(low, h, 1 + math.ceil((h - low) / (2 * s))),
            np.linspace(h, k, 1 + math.ceil((k - h) / (2 * s)))[1:],
        ]
    )
    half = 0.5 * np.diff(edges)
    y = (edges[:-1, None] + half[:, None] * (1.0 + points)).ravel()
    w = (half[:, None] * weights).ravel()

    def density(x):
        z = (y - x[:, None] - m) / s
        return math.exp(-RATE * step) / (s * math.sqrt(2.0 * math.pi)) * np.exp(-0.5 * z * z) * w

    def killed(x):
        e = 2.0 / s**2 * np.maximum(x[:, None] - h, 0.0) * np.maximum(y - h, 0.0)
        return density(x) * -np.expm1(-e)

    def redeemed(x, i):
        return math.exp(-RATE * step) * 100.0 * (1.0 + 0.02 * i) * ndtr((x + m - k) / s)

    down = 100.0 * np.minimum(1.0, np.exp(y - k))
    more = 100.0 - down
    free, living = density(y), killed(y)
    for i in range(OBSERVATIONS, 1, -1):
        down, more = redeemed(y, i) + free @ down, living @ more
    x = np.log(a.spot)
    return redeemed(x, 1) + density(x) @ down + killed(x) @ more


CASES = [
    Case(
        "notes: autocallable, 12 observations, a ladder of spots",
        (),
        COUNT,
        "ndtr",
        spots,
        {OURS: autocallable, "NumPy": numpy_recursion},
        tolerance=1e-9,
    ),
    Case("notes: autocallable, price and 13 Greeks", (), COUNT, "ndtr", spots, {OURS: second_order}),
]
test_speed = bench(CASES)
