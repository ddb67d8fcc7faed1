"""From order books to funding rates."""

from types import SimpleNamespace

import numpy as np

import shortgamma as sg
from benches.common import OURS, Case, bench


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


CASES = [
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
]
test_speed = bench(CASES)
