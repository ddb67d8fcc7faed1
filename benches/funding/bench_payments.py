"""Funding of many accounts, on the funding clock and off it."""

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


LARGE = (2000, 5000)
LINEAR = CONTRACTS["linear"]
LINEAR_ONE = sg.contracts.Contract("linear")


def large_setup():
    random = np.random.default_rng(3)
    return SimpleNamespace(
        position=random.normal(0.0, 1000.0, LARGE),
        mark=random.uniform(100.0, 400.0, LARGE[0]),
        rate=random.normal(1e-4, 3e-4, LARGE[0]),
        out=np.empty(LARGE),
        other=np.empty(LARGE),
        sums=np.empty(LARGE[1]),
    )


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


def rates_setup():
    random = np.random.default_rng(6)
    premium = random.normal(1e-4, 1e-3, 1_000_000)
    price = random.lognormal(5.0, 0.01, 1_000_000)
    return SimpleNamespace(
        premium=premium,
        bid=price * 0.999,
        ask=price * 1.001,
        index=price * (1 + premium),
        out=np.empty(1_000_000),
        samples=random.normal(1e-4, 1e-3, (480, 2000)),
        prices=100.0 + np.arange(20) * 0.1 + random.random((50_000, 1)),
        sizes=random.lognormal(1.0, 1.0, (50_000, 20)),
    )


def numpy_rate(a):
    return np.clip(a.premium + np.clip(0.0001 - a.premium, -0.0005, 0.0005), -0.003, 0.003)


def numpy_premium(a):
    return (np.maximum(a.bid - a.index, 0.0) - np.maximum(a.index - a.ask, 0.0)) / a.index


def numpy_average(a):
    weight = np.arange(1.0, 481.0)[:, None]
    return np.cumsum(a.samples * weight, axis=0) / np.cumsum(weight, axis=0)


def numpy_impact(a):
    worth = a.prices * a.sizes
    before = np.cumsum(worth, axis=1) - worth
    take = np.clip(1000.0 - before, 0.0, worth)
    enough = take.sum(axis=1) >= 1000.0 * (1 - 1e-12)
    return np.where(enough, 1000.0 / (take / a.prices).sum(axis=1), np.nan)


def numpy_index(a):
    return -np.cumsum(a.index * a.premium)


RATES = [
    Case(
        "funding: rate",
        ("funding_rate",),
        1_000_000,
        "copy",
        rates_setup,
        {OURS: lambda a: sg.funding.rate(a.premium, cap=0.003, out=a.out), "NumPy": numpy_rate},
    ),
    Case(
        "funding: premium_index",
        ("funding_premium",),
        1_000_000,
        "copy",
        rates_setup,
        {OURS: lambda a: sg.funding.premium_index(a.bid, a.ask, a.index, out=a.out), "NumPy": numpy_premium},
        bytes=32,
    ),
    Case(
        "funding: average_premium (480, 2000), running",
        ("funding_average",),
        480 * 2000,
        "copy",
        rates_setup,
        {
            OURS: lambda a: sg.funding.average_premium(a.samples, weighting="linear", running=True),
            "NumPy": numpy_average,
        },
        tolerance=1e-11,
    ),
    Case(
        "funding: impact_price of 50,000 books of 20 levels",
        ("funding_impact_price",),
        50_000 * 20,
        "copy",
        rates_setup,
        {OURS: lambda a: sg.funding.impact_price(a.prices, a.sizes, 1000.0), "NumPy": numpy_impact},
        tolerance=1e-11,
    ),
    Case(
        "funding: funding_index",
        ("funding_index",),
        1_000_000,
        "copy",
        rates_setup,
        {OURS: lambda a: sg.funding.funding_index(a.premium, a.index, LINEAR_ONE).value, "NumPy": numpy_index},
        tolerance=1e-9,
        bytes=24,
    ),
]
CASES = [
    *(case(kind) for kind in CONTRACTS),
    large_case(),
    total_case(0, "by account"),
    total_case(1, "by time"),
    *events_cases(),
    *RATES,
]
test_speed = bench(CASES)
