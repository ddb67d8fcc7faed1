"""Cascades of forced orders."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

RATE = 0.01
CROWD, MARKS, DEPTH = 100_000, 20, 5e4
LINEAR = sg.contracts.Contract("linear")


def crowd():
    """Isolated positions of both sides around 100, and marks from which cascades start."""
    random = np.random.default_rng(7)
    quantity = random.normal(0.0, 10.0, CROWD)
    entry = 100.0 * np.exp(random.normal(0.0, 0.01, CROWD))
    margin = np.abs(quantity) * entry / random.uniform(1.0, 20.0, CROWD)
    return SimpleNamespace(mark=np.linspace(94.0, 98.0, MARKS), quantity=quantity, entry=entry, margin=margin)


@cache
def numba_loops():
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def cascade(marks, quantity, entry, margin, rate, depth):
        last, waves = marks.copy(), np.zeros(marks.size)
        equity, wave = np.empty((marks.size, quantity.size)), np.empty((marks.size, quantity.size))
        level = np.empty(quantity.size)
        for a in range(quantity.size):
            level[a] = (quantity[a] * entry[a] - margin[a]) / (quantity[a] - rate * abs(quantity[a]))
        gone = np.zeros(quantity.size, np.bool_)
        for s in range(marks.size):
            gone[:] = False
            now, net = marks[s], 0.0
            while True:
                flow = 0.0
                for a in range(quantity.size):
                    if not gone[a] and (now < level[a] if quantity[a] > 0.0 else now > level[a]):
                        gone[a] = True
                        flow += quantity[a]
                        equity[s, a] = 0.0
                        wave[s, a] = waves[s]
                if flow == 0.0:
                    break
                net += flow
                now = marks[s] - net / depth
                waves[s] += 1
            for a in range(quantity.size):
                if not gone[a]:
                    equity[s, a] = margin[a] + quantity[a] * (now - entry[a])
                    wave[s, a] = waves[s]
            last[s] = now
        return last, waves, equity, wave

    return SimpleNamespace(cascade=cascade)


def numpy_cascade(a):
    """Wave by wave, all accounts at once."""
    level = (a.quantity * a.entry - a.margin) / (a.quantity - RATE * np.abs(a.quantity))
    side = np.sign(a.quantity)
    last, waves = a.mark.copy(), np.zeros(MARKS)
    equity, wave = np.empty((MARKS, CROWD)), np.full((MARKS, CROWD), -1)
    for s, mark in enumerate(a.mark):
        left, net = np.ones(CROWD, bool), 0.0
        while (gone := left & ((level - last[s]) * side > 0.0)).any():
            left &= ~gone
            wave[s, gone] = waves[s]
            net += a.quantity[gone].sum()
            last[s] = mark - net / DEPTH
            waves[s] += 1
        wave[s, wave[s] < 0] = waves[s]
        equity[s] = np.where(left, a.margin + a.quantity * (last[s] - a.entry), 0.0)
    return last, waves, equity, wave


def cascade(a):
    end = sg.liquidation.simulate_cascade(
        a.mark, a.quantity, a.entry, a.margin, contract=LINEAR, maintenance=RATE, depth=DEPTH
    )
    return end.mark, end.waves, end.equity, end.wave


CASES = [
    Case(
        "liquidation: cascade (100000 accounts, 20 marks)",
        (),
        CROWD * MARKS,
        "copy",
        crowd,
        {
            OURS: cascade,
            "NumPy": numpy_cascade,
            "numba": lambda a: numba_loops().cascade(a.mark, a.quantity, a.entry, a.margin, RATE, DEPTH),
        },
        tolerance=1e-9,
        bytes=24,
    ),
]
test_speed = bench(CASES)
