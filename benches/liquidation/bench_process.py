"""Accounts carried through liquidation, and cascades of forced orders."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

ACCOUNTS, INSTRUMENTS, BARS = 10_000, 3, 2000
RATE = 0.01
CROWD, MARKS, DEPTH = 100_000, 20, 5e4
CONTRACTS = [sg.contracts.Contract("linear")] * INSTRUMENTS
RULE = sg.liquidation.LiquidationRule()


def accounts():
    """Accounts in three instruments with one coin, of which a few are liquidated; the fund is never empty."""
    random = np.random.default_rng(6)
    mark = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.002, (BARS, INSTRUMENTS)), axis=0))
    quantity = random.normal(0.0, 10.0, (ACCOUNTS, INSTRUMENTS))
    collateral = np.abs(quantity).sum(axis=1) * 100.0 / random.uniform(1.0, 12.0, ACCOUNTS)
    return SimpleNamespace(mark=mark, quantity=quantity, collateral=collateral, fund=1e9)


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
    def simulate(mark, quantity, collateral, fund, rate):
        quantity, collateral = quantity.copy(), collateral.copy()
        for t in range(mark.shape[0]):
            for a in range(quantity.shape[0]):
                equity, required = collateral[a], 0.0
                for i in range(quantity.shape[1]):
                    equity += quantity[a, i] * (mark[t, i] - 100.0)
                    required += rate * abs(quantity[a, i] * mark[t, i])
                if equity < required:
                    fund += equity
                    collateral[a] = 0.0
                    for i in range(quantity.shape[1]):
                        quantity[a, i] = 0.0
        return quantity, collateral, fund

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
                    wave[s, a] = -1.0
            last[s] = now
        return last, waves, equity, wave

    return SimpleNamespace(simulate=simulate, cascade=cascade)


def numpy_simulate(a):
    """Bar by bar, all accounts at once."""
    quantity, collateral, fund = a.quantity.copy(), a.collateral.copy(), a.fund
    for mark in a.mark:
        equity = collateral + quantity @ (mark - 100.0)
        gone = equity < RATE * (np.abs(quantity) @ mark)
        if gone.any():
            fund += equity[gone].sum()
            collateral[gone] = 0.0
            quantity[gone] = 0.0
    return quantity, collateral[:, np.newaxis], np.array([fund])


def numba_simulate(a):
    quantity, collateral, fund = numba_loops().simulate(a.mark, a.quantity, a.collateral, a.fund, RATE)
    return quantity, collateral[:, np.newaxis], np.array([fund])


def simulate(a):
    after = sg.liquidation.simulate(
        a.mark, a.quantity, 100.0, a.collateral, contracts=CONTRACTS, maintenance=RATE, rule=RULE, fund=a.fund
    )
    return after.quantity, after.collateral, after.fund


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
        equity[s] = np.where(left, a.margin + a.quantity * (last[s] - a.entry), 0.0)
    return last, waves, equity, wave


def cascade(a):
    end = sg.liquidation.cascade(
        a.mark, a.quantity, a.entry, a.margin, contract=CONTRACTS[0], maintenance=RATE, depth=DEPTH
    )
    return end.mark, end.waves, end.equity, end.wave


CASES = [
    Case(
        "liquidation: simulate (10000 accounts, 3 instruments, 2000 bars)",
        (),
        ACCOUNTS * INSTRUMENTS * BARS,
        "copy",
        accounts,
        {OURS: simulate, "NumPy": numpy_simulate, "numba": numba_simulate},
        tolerance=1e-10,
        bytes=8,
    ),
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
