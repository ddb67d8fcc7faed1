"""Fair prices and premiums of perpetual swaps."""

from types import SimpleNamespace

import numpy as np

import shortgamma as sg
from benches.common import OURS, Case, bench

COUNT = 1_000_000
SPEED, INTEREST = 3.0 * 365.0, 0.1095
PER_YEAR = 1095.0


def setup():
    random = np.random.default_rng(6)
    return SimpleNamespace(
        index=random.lognormal(5.0, 0.5, COUNT), rate=random.normal(0.05, 0.2, COUNT), out=np.empty(COUNT)
    )


def numpy_price(a):
    return a.index * ((SPEED - INTEREST) / (SPEED - a.rate))


def numpy_premium(a):
    above = (PER_YEAR * 0.0005 + a.rate) / (PER_YEAR - a.rate)
    below = (a.rate - PER_YEAR * 0.0005) / (PER_YEAR - a.rate)
    low = PER_YEAR * 0.0001 - a.rate * (1.0 - 0.0004)
    high = PER_YEAR * 0.0001 - a.rate * (1.0 + 0.0006)
    within = PER_YEAR * 0.0001 / a.rate - 1.0
    return np.where((low > 0.0) & (high > 0.0), below, np.where((low < 0.0) & (high < 0.0), above, within))


CASES = [
    Case(
        "funding: fair_price",
        ("funding_fair_price",),
        COUNT,
        "copy",
        setup,
        {
            OURS: lambda a: sg.funding.fair_price(
                a.index, "linear", premium_speed=SPEED, rate=a.rate, interest=INTEREST
            ),
            "NumPy": numpy_price,
        },
        bytes=24,
    ),
    Case(
        "funding: fair_premium",
        ("funding_fair_premium",),
        COUNT,
        "copy",
        setup,
        {OURS: lambda a: sg.funding.fair_premium(a.rate, paid_on="index"), "NumPy": numpy_premium},
        tolerance=1e-11,
    ),
]
test_speed = bench(CASES)
