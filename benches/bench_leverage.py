"""NAV of leveraged products: time-major, path-major, one path; every bar, weekly, with costs."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

BARS, PATHS = 2000, 5000
LEVERAGE = 3.0


def time_major():
    random = np.random.default_rng(6)
    price = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, (BARS, PATHS)), axis=0))
    return SimpleNamespace(
        price=price, out=np.empty_like(price), other=np.empty_like(price), weekly=np.arange(BARS) % 7 == 0
    )


def path_major():
    arrays = time_major()
    price = np.ascontiguousarray(arrays.price.T)
    return SimpleNamespace(price=price, out=np.empty_like(price), other=np.empty_like(price), weekly=arrays.weekly)


def one_path():
    arrays = time_major()
    price = arrays.price[:, 0].copy()
    return SimpleNamespace(price=price, out=np.empty_like(price), other=np.empty_like(price), weekly=arrays.weekly)


@cache
def numba_ways():
    njit = pytest.importorskip("numba").njit

    @njit
    def every_bar(price, leverage, out):
        for i in range(price.shape[1]):
            out[0, i] = 1.0
        for t in range(1, price.shape[0]):
            for i in range(price.shape[1]):
                out[t, i] = out[t - 1, i] * max(1.0 + leverage * (price[t, i] / price[t - 1, i] - 1.0), 0.0)
        return out

    @njit
    def by_path(price, leverage, out):
        for i in range(price.shape[0]):
            out[i, 0] = 1.0
            for t in range(1, price.shape[1]):
                out[i, t] = out[i, t - 1] * max(1.0 + leverage * (price[i, t] / price[i, t - 1] - 1.0), 0.0)
        return out

    @njit
    def general(price, leverage, schedule, cost, out):
        exposure = np.full(price.shape[1], leverage)
        for i in range(price.shape[1]):
            out[0, i] = 1.0
        for t in range(1, price.shape[0]):
            for i in range(price.shape[1]):
                ratio = price[t, i] / price[t - 1, i]
                nav = max(out[t - 1, i] + exposure[i] * (ratio - 1.0), 0.0)
                held = exposure[i] * ratio if nav > 0.0 else 0.0
                if schedule[t]:
                    if leverage * nav > held:
                        nav = (nav + cost * held) / (1.0 + cost * leverage)
                    else:
                        nav = (nav - cost * held) / (1.0 - cost * leverage)
                    held = leverage * nav
                out[t, i] = nav
                exposure[i] = held
        return out

    return every_bar, by_path, general


def numpy_every_bar(a, axis=0):
    ratio = np.ones_like(a.price)
    if axis == 0:
        np.divide(a.price[1:], a.price[:-1], out=ratio[1:])
    else:
        np.divide(a.price[:, 1:], a.price[:, :-1], out=ratio[:, 1:])
    return np.cumprod(np.maximum(1.0 + LEVERAGE * (ratio - 1.0), 0.0), axis=axis)


def numpy_general(a, schedule, cost):
    nav, exposure = np.ones(PATHS), np.full(PATHS, LEVERAGE)
    a.other[0] = 1.0
    for t in range(1, BARS):
        ratio = a.price[t] / a.price[t - 1]
        nav = np.maximum(nav + exposure * (ratio - 1.0), 0.0)
        exposure = np.where(nav > 0.0, exposure * ratio, 0.0)
        if schedule[t]:
            buy = LEVERAGE * nav > exposure
            sign = np.where(buy, 1.0, -1.0)
            nav = (nav + sign * cost * exposure) / (1.0 + sign * cost * LEVERAGE)
            exposure = LEVERAGE * nav
        a.other[t] = nav
    return a.other


ALWAYS = np.ones(BARS, dtype=bool)

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
            "numba": lambda a: numba_ways()[0](a.price, LEVERAGE, a.other),
        },
    ),
    Case(
        "leverage: the same, cost 5 bp",
        ("leverage_steady_nav",),
        BARS * PATHS,
        "copy",
        time_major,
        {
            OURS: lambda a: sg.leverage.nav(a.price, LEVERAGE, cost=5e-4, out=a.out),
            "NumPy": lambda a: numpy_general(a, ALWAYS, 5e-4),
            "numba": lambda a: numba_ways()[2](a.price, LEVERAGE, ALWAYS, 5e-4, a.other),
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
            "NumPy": lambda a: numpy_general(a, a.weekly, 0.0),
            "numba": lambda a: numba_ways()[2](a.price, LEVERAGE, a.weekly, 0.0, a.other),
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
            "NumPy": lambda a: numpy_every_bar(a, 1),
            "numba": lambda a: numba_ways()[1](a.price, LEVERAGE, a.other),
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
            "NumPy": numpy_every_bar,
            "numba": lambda a: numba_ways()[1](a.price[None], LEVERAGE, a.other[None])[0],
        },
    ),
]
test_speed = bench(CASES)
