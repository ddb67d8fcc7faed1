"""The first bar on which accounts are liquidated."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

ACCOUNTS, INSTRUMENTS, BARS = 10_000, 3, 2_000
MAINTENANCE = 0.005
USD = sg.contracts.Contract("linear", settlement="USD")
COINS = ["USD", "XBT"]


def market(contracts, leverage, deviation=0.002):
    random = np.random.default_rng(6)
    mark = 100.0 * np.exp(np.cumsum(random.normal(0.0, deviation, (BARS, INSTRUMENTS)), axis=0))
    fx = np.column_stack([np.ones(BARS), 100.0 * np.exp(np.cumsum(random.normal(0.0, deviation, BARS)))])
    quantity = random.choice([-1.0, 1.0], (ACCOUNTS, INSTRUMENTS)) * random.uniform(1.0, 100.0, (ACCOUNTS, INSTRUMENTS))
    entry = np.full((ACCOUNTS, INSTRUMENTS), 100.0)
    worth = 100.0 * np.abs(quantity).sum(axis=1) / random.uniform(*leverage, ACCOUNTS)
    return SimpleNamespace(
        mark=mark, fx=fx, quantity=quantity, entry=entry, worth=worth[:, None], contracts=contracts,
        collateral=np.column_stack([0.5 * worth, 0.005 * worth]), other=np.empty(ACCOUNTS, np.int64),
    )  # fmt: skip


def one_coin():
    """Accounts of which few die: nearly all bars count."""
    return market([USD] * INSTRUMENTS, (1.5, 4.0))


def two_coins():
    quanto = sg.contracts.Contract("quanto", 0.01, settlement="XBT")
    return market([USD, quanto, USD], (1.5, 4.0))


def first_breach(a):
    return sg.liquidation.account_first_breach(
        a.mark, None, a.quantity, a.entry, a.worth, contracts=a.contracts, maintenance=MAINTENANCE
    )


def first_breach_of_two_coins(a):
    return sg.liquidation.account_first_breach(
        a.mark, a.fx, a.quantity, a.entry, a.collateral, contracts=a.contracts, coins=COINS, haircut=[0.0, 0.1],
        maintenance=MAINTENANCE,
    )  # fmt: skip


@cache
def numba_loops():
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def one(mark, quantity, entry, collateral, maintenance, out):
        for a in range(quantity.shape[0]):
            out[a] = mark.shape[0]
            for t in range(mark.shape[0]):
                short = -collateral[a]
                for i in range(quantity.shape[1]):
                    q = quantity[a, i]
                    short += maintenance * abs(q) * mark[t, i] - q * (mark[t, i] - entry[a, i])
                if short > 0.0:
                    out[a] = t
                    break
        return out

    @njit(error_model="numpy")
    def several(mark, fx, quantity, entry, collateral, multiplier, coin, weight, maintenance, out):
        coins = collateral.shape[1]
        balance, need = np.empty(coins), np.empty(coins)
        for a in range(quantity.shape[0]):
            out[a] = mark.shape[0]
            for t in range(mark.shape[0]):
                for k in range(coins):
                    balance[k] = collateral[a, k]
                    need[k] = 0.0
                for i in range(quantity.shape[1]):
                    q = quantity[a, i] * multiplier[i]
                    balance[coin[i]] += q * (mark[t, i] - entry[a, i])
                    need[coin[i]] += maintenance * abs(q) * mark[t, i]
                short = 0.0
                for k in range(coins):
                    short += fx[t, k] * (need[k] - min(balance[k], weight[k] * balance[k]))
                if short > 0.0:
                    out[a] = t
                    break
        return out

    return SimpleNamespace(one=one, several=several)


def numpy_one(a, block=100):
    """Blocks of accounts at once, so that the table of accounts by bars stays in the cache."""
    result = np.empty(ACCOUNTS, np.int64)
    for begin in range(0, ACCOUNTS, block):
        quantity, entry = a.quantity[begin : begin + block], a.entry[begin : begin + block]
        equity = a.mark @ quantity.T + (a.worth[begin : begin + block, 0] - (quantity * entry).sum(axis=1))
        dead = equity < MAINTENANCE * (a.mark @ np.abs(quantity).T)
        result[begin : begin + block] = np.where(dead.any(axis=0), dead.argmax(axis=0), BARS)
    return result


SIZE = ACCOUNTS * INSTRUMENTS * BARS
CASES = [
    Case(
        "liquidation: accounts, 3 instruments (10000, 2000)",
        (),
        SIZE,
        "copy",
        one_coin,
        {
            OURS: first_breach,
            "NumPy": numpy_one,
            "numba": lambda a: numba_loops().one(a.mark, a.quantity, a.entry, a.worth[:, 0], MAINTENANCE, a.other),
        },
        bytes=2,
    ),
    Case(
        "liquidation: accounts, 3 instruments, 2 coins (10000, 2000)",
        (),
        SIZE,
        "copy",
        two_coins,
        {
            OURS: first_breach_of_two_coins,
            "numba": lambda a: numba_loops().several(
                a.mark, a.fx, a.quantity, a.entry, a.collateral, np.array([c.multiplier for c in a.contracts]),
                np.array([COINS.index(c.settlement) for c in a.contracts]), np.array([1.0, 0.9]), MAINTENANCE, a.other
            ),
        },
        bytes=2,
    ),
]  # fmt: skip
test_speed = bench(CASES)
