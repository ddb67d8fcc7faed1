"""Leveraged products by rule: a band on one path, many paths, totals only, many rules; the peers at what they can."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench
from benches.leverage import bench_nav

LONG, BARS, PATHS, RULES, DAYS = 1_000_000, 2000, 5000, 100, 2520
LEVERAGE, LOWER, UPPER = 3.0, 2.25, 4.125
BAND = sg.leverage.TokenRule(LEVERAGE, lower=LOWER, upper=UPPER, fill="close")
DAILY = sg.leverage.TokenRule(LEVERAGE, every=1)
COSTLY = sg.leverage.TokenRule(LEVERAGE, every=1, cost=5e-4)
WEEKLY = sg.leverage.TokenRule(LEVERAGE, every=5)
HELD = sg.leverage.TokenRule(1.0, every=1)
SWEEP = [BAND.replace(lower=2.0 + 0.002 * i, upper=4.0 + 0.01 * i) for i in range(RULES)]


def with_results(price):
    return SimpleNamespace(price=price, out=np.empty_like(price), other=np.empty_like(price))


def long_path():
    return with_results(100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 5e-4, LONG))))


def time_major():
    return with_results(100.0 * np.exp(np.cumsum(np.random.default_rng(6).normal(0.0, 0.01, (BARS, PATHS)), axis=0)))


def days():
    return with_results(100.0 * np.exp(np.cumsum(np.random.default_rng(2).normal(0.0, 0.01, DAYS))))


@cache
def numba_loops():
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def band(price, leverage, lower, upper, out):
        nav = out[0] = 1.0
        exposure = leverage
        for t in range(1, price.size):
            ratio = price[t] / price[t - 1]
            nav = max(nav + exposure * (ratio - 1.0), 0.0)
            exposure *= ratio
            actual = exposure / nav
            if actual >= upper or actual <= lower:
                exposure = leverage * nav
            out[t] = nav
        return out

    @njit(error_model="numpy")
    def bands(price, leverage, lower, upper, out):
        exposure = np.full(price.shape[1], leverage)
        out[0] = 1.0
        for t in range(1, price.shape[0]):
            for i in range(price.shape[1]):
                ratio = price[t, i] / price[t - 1, i]
                nav = max(out[t - 1, i] + exposure[i] * (ratio - 1.0), 0.0)
                held = exposure[i] * ratio
                actual = held / nav
                exposure[i] = leverage * nav if actual >= upper or actual <= lower else held
                out[t, i] = nav
        return out

    @njit(error_model="numpy")
    def daily_totals(price, leverage):
        nav = np.ones(price.shape[1])
        peak, worst, variance = np.ones_like(nav), np.ones_like(nav), np.zeros_like(nav)
        for t in range(1, price.shape[0]):
            for i in range(price.shape[1]):
                move = price[t, i] / price[t - 1, i] - 1.0
                nav[i] *= max(1.0 + leverage * move, 0.0)
                peak[i] = max(peak[i], nav[i])
                worst[i] = min(worst[i], nav[i] / peak[i])
                variance[i] += move * move
        return nav, 1.0 - worst, variance

    @njit(error_model="numpy")
    def bands_totals(price, leverage, lower, upper):
        nav = np.ones(price.shape[1])
        exposure = leverage * nav
        peak, worst, variance = np.ones_like(nav), np.ones_like(nav), np.zeros_like(nav)
        for t in range(1, price.shape[0]):
            for i in range(price.shape[1]):
                ratio = price[t, i] / price[t - 1, i]
                nav[i] = max(nav[i] + exposure[i] * (ratio - 1.0), 0.0)
                held = exposure[i] * ratio
                actual = held / nav[i]
                exposure[i] = leverage * nav[i] if actual >= upper or actual <= lower else held
                peak[i] = max(peak[i], nav[i])
                worst[i] = min(worst[i], nav[i] / peak[i])
                variance[i] += (ratio - 1.0) ** 2
        return nav, 1.0 - worst, variance

    return SimpleNamespace(band=band, bands=bands, daily_totals=daily_totals, bands_totals=bands_totals)


def totals(price, rule):
    found = sg.leverage.simulate(price, rule, record="summary")
    return found.nav, found.max_drawdown, found.realised_variance


def rule_by_rule(a):
    found = [totals(a.price, rule) for rule in SWEEP]
    return tuple(np.array(part) for part in zip(*found, strict=True))


def with_vectorbt(a):
    vectorbt = pytest.importorskip("vectorbt")
    portfolio = vectorbt.Portfolio.from_orders(a.price, size=1.0, size_type="targetpercent", init_cash=1.0)
    return portfolio.value().to_numpy()


def with_bt(a):
    bt = pytest.importorskip("bt")
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"underlying": a.price}, index=pandas.date_range("2000-01-03", periods=DAYS))
    steps = [bt.algos.RunDaily(), bt.algos.SelectAll(), bt.algos.WeighSpecified(underlying=1.0), bt.algos.Rebalance()]
    test = bt.Backtest(bt.Strategy("held", steps), frame, integer_positions=False, progress_bar=False)
    test.run()
    # the strategy trades at the close of its first day; a row before it holds the money that it starts with
    return test.strategy.prices.to_numpy()[-DAYS:] / 100.0


CASES = [
    Case(
        "leverage: token with a band, one path of 1e6",
        (),
        LONG,
        "copy",
        long_path,
        {
            OURS: lambda a: sg.leverage.simulate(a.price, BAND, out=a.out).nav,
            "numba": lambda a: numba_loops().band(a.price, LEVERAGE, LOWER, UPPER, a.other),
        },
        1e-12,
    ),
    Case(
        "leverage: the same, totals only",
        (),
        LONG,
        "copy",
        long_path,
        {OURS: lambda a: totals(a.price, BAND)},
    ),
    Case(
        "leverage: 100 rules on it, totals only",
        (),
        LONG * RULES,
        "copy",
        long_path,
        {OURS: lambda a: totals(a.price, SWEEP), "one by one": rule_by_rule},
        bytes=1,
    ),
    Case(
        "leverage: token with a band (2000, 5000)",
        (),
        BARS * PATHS,
        "copy",
        time_major,
        {
            OURS: lambda a: sg.leverage.simulate(a.price, BAND, out=a.out).nav,
            "numba": lambda a: numba_loops().bands(a.price, LEVERAGE, LOWER, UPPER, a.other),
        },
        1e-12,
    ),
    Case(
        "leverage: token with a band, totals only (2000, 5000)",
        (),
        BARS * PATHS,
        "copy",
        time_major,
        {
            OURS: lambda a: totals(a.price, BAND),
            "numba": lambda a: numba_loops().bands_totals(a.price, LEVERAGE, LOWER, UPPER),
        },
        1e-12,
    ),
    Case(
        "leverage: daily product (2000, 5000)",
        (),
        BARS * PATHS,
        "copy",
        time_major,
        {
            OURS: lambda a: sg.leverage.simulate(a.price, DAILY, out=a.out).nav,
            "numba": lambda a: bench_nav.numba_loops().every_bar(a.price, LEVERAGE, a.other),
        },
        1e-12,
    ),
    Case(
        "leverage: daily product, totals only (2000, 5000)",
        (),
        BARS * PATHS,
        "copy",
        time_major,
        {
            OURS: lambda a: totals(a.price, DAILY),
            "numba": lambda a: numba_loops().daily_totals(a.price, LEVERAGE),
        },
        1e-12,
    ),
    *(
        Case(
            f"leverage: {name} (2000, 5000)",
            (),
            BARS * PATHS,
            "copy",
            time_major,
            {OURS: lambda a, rule=rule: sg.leverage.simulate(a.price, rule, out=a.out).nav},
        )
        for name, rule in (("daily product with costs", COSTLY), ("weekly product", WEEKLY))
    ),
    *(
        Case(
            f"leverage: product held at 1x, 2520 days, {peer}",
            (),
            DAYS,
            "copy",
            days,
            {OURS: lambda a: sg.leverage.simulate(a.price, HELD, out=a.out).nav, peer: way},
            1e-9,
        )
        for peer, way in (("vectorbt", with_vectorbt), ("bt", with_bt))
    ),
]
test_speed = bench(CASES)
