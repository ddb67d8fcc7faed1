"""The cash-and-carry trade on many paths."""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

BARS, PATHS = 2000, 1000
LINEAR = sg.contracts.Contract("linear")


def setup():
    random = np.random.default_rng(15)
    spot = 100.0 * np.exp(np.cumsum(0.01 * random.standard_normal((BARS, PATHS)), axis=0))
    futures = spot * (1.01 + 0.002 * random.standard_normal((BARS, PATHS)))
    return SimpleNamespace(spot=spot, futures=futures, axis=0)


def in_rows():
    a = setup()
    return SimpleNamespace(spot=a.spot.T.copy(), futures=a.futures.T.copy(), axis=1)


def ours(top_up):
    def way(a):
        terms = {"contract": LINEAR, "leverage": 5.0, "maintenance": 0.005, "top_up": top_up, "axis": a.axis}
        found = sg.carry.cash_and_carry(a.spot, a.futures, **terms)
        return found.total, found.peak_margin, found.liquidated

    return way


@cache
def numba_loop():
    @pytest.importorskip("numba").njit(error_model="numpy")
    def run(spot, futures, leverage, maintenance, restore, total, margin, worst, bar):
        bars, paths = futures.shape
        for i in range(paths):
            total[i], worst[i], bar[i] = np.nan, 0.0, bars
            margin[i] = futures[0, i] / leverage
        # bar by bar, as the arrays lie in memory
        for t in range(bars):
            for i in range(paths):
                if bar[i] < bars:
                    continue
                equity = margin[i] + (futures[0, i] - futures[t, i])
                required = maintenance * futures[t, i]
                ratio = required / equity if equity > 0.0 else np.inf
                worst[i] = max(worst[i], ratio)
                if equity < required:
                    if restore:
                        margin[i] += futures[0, i] / leverage - equity
                    else:
                        bar[i] = t
                        total[i] = spot[bars - 1, i] - spot[0, i] + max(equity, 0.0) - margin[i]
        for i in range(paths):
            if bar[i] == bars:
                total[i] = spot[bars - 1, i] - spot[0, i] + futures[0, i] - futures[bars - 1, i]
        return total, margin, bar

    return run


def numba_way(restore):
    def way(a):
        results = [np.empty(PATHS) for _ in range(3)]
        spot, futures = (a.spot, a.futures) if a.axis == 0 else (a.spot.T, a.futures.T)
        return numba_loop()(spot, futures, 5.0, 0.005, restore, *results, np.empty(PATHS, dtype=np.int64))

    return way


def numpy_way(a):
    """Without top-ups. The margin ratio is worked out as the others do, and not compared, since it may be infinite."""
    spot, futures = (a.spot, a.futures) if a.axis == 0 else (a.spot.T, a.futures.T)
    margin = futures[0] / 5.0
    equity = margin + (futures[0] - futures)
    required = 0.005 * futures
    breach = equity < required
    bar = np.where(breach.any(axis=0), breach.argmax(axis=0), len(futures))
    at = np.minimum(bar, len(futures) - 1)
    left = np.take_along_axis(equity, at[None], axis=0)[0]
    with np.errstate(divide="ignore"):
        ratio = np.where(equity > 0.0, required / np.maximum(equity, 0.0), np.inf)
    alive = np.arange(len(futures))[:, None] <= bar
    worst = np.where(alive, ratio, 0.0).max(axis=0)
    made = np.where(bar < len(futures), np.maximum(left, 0.0) - margin, futures[0] - futures[-1])
    assert worst.shape == bar.shape
    return spot[-1] - spot[0] + made, margin, bar


def case(name, prepare, top_up, ways):
    return Case(
        f"carry: cash and carry {name}, {'topped up' if top_up == 'restore' else 'liquidated'}, totals",
        ("carry_cash_and_carry",),
        BARS * PATHS,
        "copy",
        prepare,
        {OURS: ours(top_up), **ways},
        tolerance=1e-9,
        bytes=8,
    )


def path_way(a):
    terms = {"contract": LINEAR, "leverage": 5.0, "maintenance": 0.005, "top_up": "restore", "axis": a.axis}
    return tuple(sg.carry.cash_and_carry(a.spot, a.futures, record="full", **terms).path)


CASES = [
    case("(2000, 1000) time-major", setup, "restore", {"numba": numba_way(True)}),
    case("(2000, 1000) time-major", setup, "none", {"numba": numba_way(False), "NumPy": numpy_way}),
    case("(1000, 2000) in rows", in_rows, "restore", {"numba": numba_way(True)}),
    Case(
        "carry: cash and carry (2000, 1000), bar by bar",
        ("carry_cash_and_carry_path",),
        BARS * PATHS,
        "copy",
        setup,
        {OURS: path_way},
        bytes=40,
    ),
]

test_speed = bench(CASES)
