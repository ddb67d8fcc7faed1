"""Closed forms of leveraged products."""

from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

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


CASES = [
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
test_speed = bench(CASES)
