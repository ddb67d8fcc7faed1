"""NAV of leveraged products: time-major, path-major, one path; every bar, weekly, with costs."""

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
]
test_speed = bench(CASES)
