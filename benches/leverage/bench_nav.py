"""NAV of leveraged products: time-major, path-major, one path; every bar, weekly, with costs; closed forms."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

BARS, PATHS = 2000, 5000
LEVERAGE, COST = 3.0, 5e-4


def with_results(price):
    return SimpleNamespace(
        price=price, weekly=np.arange(BARS) % 7 == 0, out=np.empty_like(price), other=np.empty_like(price)
    )


def time_major():
    random = np.random.default_rng(6)
    return with_results(100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, (BARS, PATHS)), axis=0)))


def path_major():
    return with_results(np.ascontiguousarray(time_major().price.T))


def one_path():
    return with_results(time_major().price[:, 0].copy())


@cache
def numba_loops():
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def every_bar(price, leverage, out):
        out[0] = 1.0
        for t in range(1, price.shape[0]):
            for i in range(price.shape[1]):
                out[t, i] = out[t - 1, i] * max(1.0 + leverage * (price[t, i] / price[t - 1, i] - 1.0), 0.0)
        return out

    @njit(error_model="numpy")
    def one_path(price, leverage, out):
        nav = out[0] = 1.0
        for t in range(1, price.size):
            nav *= max(1.0 + leverage * (price[t] / price[t - 1] - 1.0), 0.0)
            out[t] = nav
        return out

    @njit(error_model="numpy")
    def by_path(price, leverage, out):
        for i in range(price.shape[0]):
            one_path(price[i], leverage, out[i])
        return out

    @njit(error_model="numpy")
    def with_cost(price, leverage, cost, out):
        out[0] = 1.0
        for t in range(1, price.shape[0]):
            for i in range(price.shape[1]):
                ratio = price[t, i] / price[t - 1, i]
                before = out[t - 1, i]
                nav = max(before + leverage * before * (ratio - 1.0), 0.0)
                exposure = leverage * before * ratio if nav > 0.0 else 0.0
                # the side as a number: a branch here is taken at random, and keeps the loop from being vectorised
                signed = cost if leverage * nav > exposure else -cost
                out[t, i] = (nav + signed * exposure) / (1.0 + signed * leverage)
        return out

    @njit(error_model="numpy")
    def scheduled(price, leverage, schedule, out):
        exposure = np.full(price.shape[1], leverage)
        out[0] = 1.0
        for t in range(1, price.shape[0]):
            for i in range(price.shape[1]):
                ratio = price[t, i] / price[t - 1, i]
                nav = max(out[t - 1, i] + exposure[i] * (ratio - 1.0), 0.0)
                out[t, i] = nav
                exposure[i] = exposure[i] * ratio if nav > 0.0 else 0.0
            if schedule[t]:
                for i in range(price.shape[1]):
                    exposure[i] = leverage * out[t, i]
        return out

    return SimpleNamespace(
        every_bar=every_bar, one_path=one_path, by_path=by_path, with_cost=with_cost, scheduled=scheduled
    )


def numpy_every_bar(a):
    """Bar after bar over all paths, in memory that stays in cache."""
    step = np.empty(PATHS)
    a.other[0] = 1.0
    for t in range(1, BARS):
        np.divide(a.price[t], a.price[t - 1], out=step)
        step -= 1.0
        step *= LEVERAGE
        step += 1.0
        np.maximum(step, 0.0, out=step)
        np.multiply(a.other[t - 1], step, out=a.other[t])
    return a.other


def numpy_by_path(a):
    """A running product along the bars, which is the last axis."""
    ratio = np.ones_like(a.price)
    np.divide(a.price[..., 1:], a.price[..., :-1], out=ratio[..., 1:])
    return np.cumprod(np.maximum(1.0 + LEVERAGE * (ratio - 1.0), 0.0), axis=-1)


def numpy_with_cost(a):
    nav = np.ones(PATHS)
    a.other[0] = 1.0
    for t in range(1, BARS):
        ratio = a.price[t] / a.price[t - 1]
        exposure = LEVERAGE * nav * ratio
        nav = np.maximum(nav + LEVERAGE * nav * (ratio - 1.0), 0.0)
        exposure *= nav > 0.0
        cost = np.copysign(COST, LEVERAGE * nav - exposure)
        nav = (nav + cost * exposure) / (1.0 + cost * LEVERAGE)
        a.other[t] = nav
    return a.other


def numpy_scheduled(a):
    nav, exposure = np.ones(PATHS), np.full(PATHS, LEVERAGE)
    a.other[0] = 1.0
    for t in range(1, BARS):
        ratio = a.price[t] / a.price[t - 1]
        nav = np.maximum(nav + exposure * (ratio - 1.0), 0.0)
        exposure = LEVERAGE * nav if a.weekly[t] else exposure * ratio * (nav > 0.0)
        a.other[t] = nav
    return a.other


FORMS = 100_000


def terms():
    random = np.random.default_rng(8)
    return SimpleNamespace(
        leverage=random.uniform(1.5, 3.0, FORMS),
        bound=random.uniform(3.1, 5.0, FORMS),
        ratio=random.uniform(0.8, 1.2, FORMS),
        change=random.uniform(0.1, 0.5, FORMS),
        variance=random.uniform(0.0, 0.5, FORMS),
        probability=random.uniform(0.001, 0.999, FORMS),
        out=np.empty(FORMS),
    )


def quantile_with_scipy(a):
    ndtri = pytest.importorskip("scipy.special").ndtri
    mean = a.leverage * 0.05 - 0.5 * a.leverage**2 * a.variance
    return np.expm1(mean + a.leverage * np.sqrt(a.variance) * ndtri(a.probability))


def probability_with_scipy(a):
    ndtr = pytest.importorskip("scipy.special").ndtr
    mean = a.leverage * 0.05 - 0.5 * a.leverage**2 * a.variance
    return ndtr((np.log1p(a.change) - mean) / (a.leverage * np.sqrt(a.variance)))


def form(name, ours, others, width):
    """A closed form over FORMS elements; width is its number of arrays, the result included."""
    return Case(
        f"leverage: {name}", (f"leverage_{name}",), FORMS, "copy", terms, {OURS: ours, **others}, 1e-11, 8 * width
    )


FORM_CASES = [
    form(
        "trigger_ratio",
        lambda a: sg.leverage.trigger_ratio(a.leverage, a.bound, out=a.out),
        {"NumPy": lambda a: a.bound * (1.0 - a.leverage) / (a.leverage * (1.0 - a.bound))},
        3,
    ),
    form(
        "actual_leverage",
        lambda a: sg.leverage.actual_leverage(a.leverage, a.ratio, out=a.out),
        {"NumPy": lambda a: a.leverage * a.ratio / (1.0 + a.leverage * (a.ratio - 1.0))},
        3,
    ),
    form(
        "rebalance_trade",
        lambda a: sg.leverage.rebalance_trade(100.0, a.leverage, a.ratio, out=a.out),
        {"NumPy": lambda a: 100.0 * a.leverage * (a.leverage - 1.0) * (a.ratio - 1.0)},
        3,
    ),
    form(
        "rebalance_flow",
        lambda a: sg.leverage.rebalance_flow(100.0, a.leverage, a.change, out=a.out),
        {"NumPy": lambda a: 100.0 * a.leverage * (a.leverage - 1.0) * a.change},
        3,
    ),
    form(
        "compounded_return",
        lambda a: sg.leverage.compounded_return(a.change, a.leverage, a.variance, out=a.out),
        {
            "NumPy": lambda a: np.expm1(
                a.leverage * np.log1p(a.change) + 0.5 * a.leverage * (1.0 - a.leverage) * a.variance
            )
        },
        4,
    ),
    form(
        "volatility_drag",
        lambda a: sg.leverage.volatility_drag(a.leverage, a.change, 1.0, out=a.out),
        {"NumPy": lambda a: np.expm1(0.5 * a.leverage * (1.0 - a.leverage) * a.change**2)},
        3,
    ),
    form(
        "break_even_variance",
        lambda a: sg.leverage.break_even_variance(a.change, a.leverage, out=a.out),
        {
            "NumPy": lambda a: (
                2.0
                * (a.leverage * np.log1p(a.change) - np.log1p(a.leverage * a.change))
                / (a.leverage * (a.leverage - 1.0))
            )
        },
        3,
    ),
    form(
        "growth_optimal_leverage",
        lambda a: sg.leverage.growth_optimal_leverage(a.change, 0.02, a.ratio, out=a.out),
        {"NumPy": lambda a: (a.change - 0.02) / a.ratio**2},
        3,
    ),
    form(
        "recentred_leverage",
        lambda a: sg.leverage.recentred_leverage(a.leverage, 2.0, 0.05, 1.7, 2.3, out=a.out),
        {"NumPy": lambda a: np.clip(a.leverage * 0.95 + 2.0 * 0.05, 1.7, 2.3)},
        2,
    ),
    form(
        "power_transfer",
        lambda a: sg.leverage.power_transfer(100.0, 90.0, a.leverage, a.ratio, out=a.out),
        {
            "NumPy": lambda a: (
                np.where(a.ratio > 1.0, 90.0, -100.0) * (1.0 - np.minimum(a.ratio, 1.0 / a.ratio) ** a.leverage)
            )
        },
        3,
    ),
    form(
        "sigmoid_transfer",
        lambda a: sg.leverage.sigmoid_transfer(100.0, 90.0, a.leverage, a.ratio, out=a.out),
        {
            "NumPy": lambda a: (
                np.where(a.ratio > 1.0, 90.0, -100.0) * np.tanh(a.leverage * (1.0 - np.minimum(a.ratio, 1.0 / a.ratio)))
            )
        },
        3,
    ),
    form(
        "return_quantile",
        lambda a: sg.leverage.return_quantile(a.probability, a.leverage, 0.05, np.sqrt(a.variance), 1.0, out=a.out),
        {"SciPy": quantile_with_scipy},
        4,
    ),
    form(
        "return_probability",
        lambda a: sg.leverage.return_probability(a.change, a.leverage, 0.05, np.sqrt(a.variance), 1.0, out=a.out),
        {"SciPy": probability_with_scipy},
        4,
    ),
]
CASES = [
    Case(
        "leverage: nav (2000, 5000), every bar",
        ("leverage_steady_nav",),
        BARS * PATHS,
        "copy",
        time_major,
        {
            OURS: lambda a: sg.leverage.nav(a.price, LEVERAGE, out=a.out),
            "NumPy": numpy_every_bar,
            "numba": lambda a: numba_loops().every_bar(a.price, LEVERAGE, a.other),
        },
    ),
    Case(
        "leverage: the same, cost 5 bp",
        ("leverage_steady_nav",),
        BARS * PATHS,
        "copy",
        time_major,
        {
            OURS: lambda a: sg.leverage.nav(a.price, LEVERAGE, cost=COST, out=a.out),
            "NumPy": numpy_with_cost,
            "numba": lambda a: numba_loops().with_cost(a.price, LEVERAGE, COST, a.other),
        },
    ),
    Case(
        "leverage: the same, weekly",
        ("leverage_nav",),
        BARS * PATHS,
        "copy",
        time_major,
        {
            OURS: lambda a: sg.leverage.nav(a.price, LEVERAGE, schedule=a.weekly, out=a.out),
            "NumPy": numpy_scheduled,
            "numba": lambda a: numba_loops().scheduled(a.price, LEVERAGE, a.weekly, a.other),
        },
    ),
    Case(
        "leverage: nav (5000, 2000), axis=1",
        ("leverage_steady_nav",),
        BARS * PATHS,
        "copy",
        path_major,
        {
            OURS: lambda a: sg.leverage.nav(a.price, LEVERAGE, axis=1, out=a.out),
            "NumPy": numpy_by_path,
            "numba": lambda a: numba_loops().by_path(a.price, LEVERAGE, a.other),
        },
    ),
    Case(
        "leverage: nav of one path of 2000",
        ("leverage_steady_nav",),
        BARS,
        "copy",
        one_path,
        {
            OURS: lambda a: sg.leverage.nav(a.price, LEVERAGE, out=a.out),
            "NumPy": numpy_by_path,
            "numba": lambda a: numba_loops().one_path(a.price, LEVERAGE, a.other),
        },
    ),
    *FORM_CASES,
]
test_speed = bench(CASES)
