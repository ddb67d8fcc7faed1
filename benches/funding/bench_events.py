"""Funding of accounts that fill at any time."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

LINEAR = sg.contracts.Contract("linear", 0.001)
ACCOUNTS, FILLS, FUNDINGS = 10_000, 100, 1000
EIGHT_HOURS = 8 * 3_600 * 10**9
START = 1_600_000_200 * 10**9  # 2020-09-13T12:30


def events_setup():
    random = np.random.default_rng(5)
    last = (FUNDINGS - 1) * EIGHT_HOURS
    return SimpleNamespace(
        fill_time=START + np.sort(random.integers(0, last, (ACCOUNTS, FILLS)), axis=1).ravel(),
        quantity=np.round(random.normal(0.0, 100.0, ACCOUNTS * FILLS)),
        funding_time=START + np.tile(EIGHT_HOURS * np.arange(FUNDINGS), ACCOUNTS),
        mark=random.uniform(100.0, 400.0, ACCOUNTS * FUNDINGS),
        rate=random.normal(1e-4, 3e-4, ACCOUNTS * FUNDINGS),
        fills=FILLS * np.arange(ACCOUNTS + 1),
        fundings=FUNDINGS * np.arange(ACCOUNTS + 1),
    )


@cache
def numba_merge():
    @pytest.importorskip("numba").njit(error_model="numpy")
    def merge(fill_time, quantity, fills, funding_time, mark, rate, fundings, multiplier):
        out = np.zeros(len(fills) - 1)
        for account in range(len(fills) - 1):
            fill, end, position, cash = fills[account], fills[account + 1], 0.0, 0.0
            for k in range(fundings[account], fundings[account + 1]):
                while fill < end and fill_time[fill] <= funding_time[k]:
                    position += quantity[fill]
                    fill += 1
                cash -= (position * multiplier * mark[k]) * rate[k]
            out[account] = cash
        return out

    return lambda a: merge(
        a.fill_time, a.quantity, a.fills, a.funding_time, a.mark, a.rate, a.fundings, LINEAR.multiplier
    )


@cache
def numba_checked():
    """The same with what ours does beside: times are checked, and a sum is exact to one rounding."""

    @pytest.importorskip("numba").njit(error_model="numpy")
    def merge(fill_time, quantity, fills, funding_time, mark, rate, fundings, multiplier):
        out = np.zeros(len(fills) - 1)
        for account in range(len(fills) - 1):
            fill, end, position, high, low = fills[account], fills[account + 1], 0.0, 0.0, 0.0
            before = -(2**63)
            for k in range(fundings[account], fundings[account + 1]):
                if funding_time[k] <= before:
                    raise ValueError("a funding time is not later than the one before")
                before = funding_time[k]
                while fill < end and fill_time[fill] <= before:
                    position += quantity[fill]
                    fill += 1
                    if fill < end and fill_time[fill] < fill_time[fill - 1]:
                        raise ValueError("a fill is before the one before")
                cash = -(position * multiplier * mark[k]) * rate[k]
                total = high + cash
                back = total - high
                low += (high - (total - back)) + (cash - back)
                high = total
            if fill < end:
                raise ValueError("a fill is after the last funding time")
            out[account] = high + low
        return out

    return lambda a: merge(
        a.fill_time, a.quantity, a.fills, a.funding_time, a.mark, a.rate, a.fundings, LINEAR.multiplier
    )


def pandas_merge(a):
    pd = pytest.importorskip("pandas")
    account = np.repeat(np.arange(ACCOUNTS), FILLS)
    fills = pd.DataFrame({"account": account, "time": a.fill_time, "quantity": a.quantity})
    fills["position"] = fills.groupby("account")["quantity"].cumsum()
    columns = {"time": a.funding_time, "mark": a.mark, "rate": a.rate}
    fundings = pd.DataFrame({"account": np.repeat(np.arange(ACCOUNTS), FUNDINGS), **columns})
    fills, fundings = (frame.sort_values("time", kind="stable") for frame in (fills, fundings))
    both = pd.merge_asof(fundings, fills[["account", "time", "position"]], on="time", by="account")
    cash = -(both["position"].fillna(0.0) * LINEAR.multiplier * both["mark"]) * both["rate"]
    return cash.groupby(both["account"]).sum().to_numpy()


def shared_setup():
    """One funding history for all accounts, of one instrument."""
    a = events_setup()
    for name in ("funding_time", "mark", "rate"):
        setattr(a, name, getattr(a, name)[:FUNDINGS].copy())
    return a


@cache
def numba_shared():
    @pytest.importorskip("numba").njit(error_model="numpy")
    def merge(fill_time, quantity, fills, funding_time, mark, rate, multiplier):
        out = np.zeros(len(fills) - 1)
        for account in range(len(fills) - 1):
            fill, end, position, cash = fills[account], fills[account + 1], 0.0, 0.0
            for k in range(len(funding_time)):
                while fill < end and fill_time[fill] <= funding_time[k]:
                    position += quantity[fill]
                    fill += 1
                cash -= (position * multiplier * mark[k]) * rate[k]
            out[account] = cash
        return out

    return lambda a: merge(a.fill_time, a.quantity, a.fills, a.funding_time, a.mark, a.rate, LINEAR.multiplier)


def merged(a, **offsets):
    history = (a.fill_time, a.quantity, a.funding_time, a.mark, a.rate)
    return sg.funding.accrue_events(*history, contract=LINEAR, indptr_fills=a.fills, record="total", **offsets)


def events_cases():
    own = {
        OURS: lambda a: merged(a, indptr_fundings=a.fundings),
        "numba": lambda a: numba_merge()(a),
        "pandas": pandas_merge,
    }
    checked = {OURS: own[OURS], "numba": lambda a: numba_checked()(a)}
    shared = {OURS: merged, "numba": lambda a: numba_shared()(a)}
    name = "funding: 10,000 accounts of 100 fills, 1,000 fundings each, totals"
    count = ACCOUNTS * FUNDINGS
    return [
        Case(name, (), count, "copy", events_setup, own, tolerance=1e-9, bytes=24),
        Case("funding: the same, numba as careful", (), count, "copy", events_setup, checked, bytes=24),
        Case(f"{name}, of one history", (), count, "copy", shared_setup, shared, tolerance=1e-9, bytes=24),
    ]


CASES = events_cases()
test_speed = bench(CASES)
