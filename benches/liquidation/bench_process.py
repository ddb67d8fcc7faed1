"""Accounts carried through liquidation."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

ACCOUNTS, INSTRUMENTS, BARS = 10_000, 3, 2000
RATE = 0.01
CONTRACTS = [sg.contracts.Contract("linear")] * INSTRUMENTS
RULE = sg.liquidation.LiquidationRule()


def accounts():
    """Accounts in three instruments with one coin, of which a few are liquidated; the fund is never empty."""
    random = np.random.default_rng(6)
    mark = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.002, (BARS, INSTRUMENTS)), axis=0))
    quantity = random.normal(0.0, 10.0, (ACCOUNTS, INSTRUMENTS))
    collateral = np.abs(quantity).sum(axis=1) * 100.0 / random.uniform(1.0, 12.0, ACCOUNTS)
    return SimpleNamespace(mark=mark, quantity=quantity, collateral=collateral, fund=1e9)


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

    return SimpleNamespace(simulate=simulate)


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
]
test_speed = bench(CASES)
