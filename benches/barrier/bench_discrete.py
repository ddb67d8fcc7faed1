"""Barrier options watched on dates, exactly by recursion.

NumPy does the recursion on even panels two step deviations wide, as a matrix-vector product a date. QuantLib has no
engine for this.
"""

from itertools import pairwise
from types import SimpleNamespace

import numpy as np

import shortgamma as sg
from benches.common import OURS, Case, bench

DATES = 250
FEW = 1
COUNT = 64


def one_option():
    return SimpleNamespace(spot=np.array([100.0]), strike=np.array([100.0]), upper=np.inf)


def strikes():
    """All strikes differ: nothing but the matrices is shared."""
    return SimpleNamespace(spot=np.full(COUNT, 100.0), strike=np.linspace(70.0, 130.0, COUNT), upper=np.inf)


def spots():
    """A ladder of spots: the whole recursion is shared."""
    return SimpleNamespace(spot=np.linspace(81.0, 130.0, COUNT), strike=np.full(COUNT, 100.0), upper=np.inf)


def corridor():
    arrays = strikes()
    arrays.upper = 140.0
    return arrays


TERMS = {
    "lower": 80.0,
    "vol": 0.3,
    "expiry": 1.0,
    "dates": DATES,
    "rate": 0.03,
    "kind": "knock-out",
    "option": "call",
}


def exact(a):
    return sg.barrier.discrete_price(a.spot, a.strike, upper=a.upper, **TERMS)


def exact_greeks(a):
    return tuple(sg.barrier.discrete_greeks(a.spot, a.strike, upper=a.upper, **TERMS, order=2))


def numpy_recursion(a):
    points, weights = np.polynomial.legendre.leggauss(20)
    step = 1.0 / DATES
    deviation, drift = 0.3 * np.sqrt(step), (0.03 - 0.045) * step
    low = np.log(80.0)
    result = np.empty(len(a.spot[:FEW]))
    for i, (spot, strike) in enumerate(zip(a.spot[:FEW], a.strike[:FEW], strict=True)):
        x, k = np.log(spot), np.log(strike)
        high = np.log(a.upper) if a.upper < np.inf else x + 9.0 * 0.3
        cuts = [low, *([k] if low < k < high else []), high]
        edges = np.concatenate(
            [np.linspace(p, q, max(1, int((q - p) / (2.0 * deviation))) + 1) for p, q in pairwise(cuts)]
        )
        half = np.diff(edges) / 2.0
        middle, half = (edges[:-1] + half)[half > 0.0], half[half > 0.0]
        y = (middle[:, None] + half[:, None] * points).ravel()
        w = (half[:, None] * weights).ravel()
        factor = np.exp(-0.03 * step) / (np.sqrt(2.0 * np.pi) * deviation)
        matrix = factor * np.exp(-0.5 * ((y[None, :] - y[:, None] - drift) / deviation) ** 2) * w
        value = np.maximum(np.exp(y) - strike, 0.0)
        for _ in range(DATES - 1):
            value = matrix @ value
        result[i] = factor * np.exp(-0.5 * ((y - x - drift) / deviation) ** 2) @ (w * value)
    return result


CASES = [
    Case(
        "dates: exact, 250 dates, one option",
        ("discrete_price",),
        1,
        "ndtr",
        one_option,
        {OURS: exact, "NumPy": numpy_recursion},
        tolerance=1e-9,
    ),
    Case(
        "dates: exact, 250 dates, a strike each",
        ("discrete_price",),
        COUNT,
        "ndtr",
        strikes,
        {OURS: exact, "NumPy": numpy_recursion},
        tolerance=1e-9,
        few={"NumPy": FEW},
    ),
    Case("dates: exact, 250 dates, two barriers", ("discrete_price",), COUNT, "ndtr", corridor, {OURS: exact}),
    Case("dates: exact, 250 dates, a ladder of spots", ("discrete_price",), COUNT, "ndtr", spots, {OURS: exact}),
    Case(
        "dates: the same and 13 Greeks",
        ("discrete_first_order", "discrete_second_order"),
        COUNT,
        "ndtr",
        spots,
        {OURS: exact_greeks},
    ),
]
test_speed = bench(CASES)
