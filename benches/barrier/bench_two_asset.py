"""Barriers on another asset, and the bivariate normal distribution that they are made of.

NumPy's distribution integrates Plackett's identity by 24 points; QuantLib's is good to 1e-5 only.
"""

from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.barrier.bench_partial_time import COUNT, DOWN_OUT, FEW, SLOW, calls, payoff_and_exercise, prices, quantlib
from benches.common import OURS, Case, bench
from shortgamma._core import dispatch


def pairs():
    random = np.random.default_rng(3)
    return SimpleNamespace(
        x=random.standard_normal(COUNT), y=random.standard_normal(COUNT), correlation=random.uniform(-0.9, 0.9, COUNT)
    )


def bivariate(a):
    return dispatch.barrier.two_asset.two_asset_bivariate_cdf(a.x, a.y, a.correlation)


def numpy_bivariate(a):
    ndtr = pytest.importorskip("scipy.special").ndtr
    points, weights = np.polynomial.legendre.leggauss(24)
    half = 0.5 * np.arcsin(a.correlation)
    r = np.sin(half * (1.0 + points[:, None]))
    terms = np.exp(-0.5 * (a.x**2 + a.y**2 - 2.0 * r * a.x * a.y) / (1.0 - r * r))
    return ndtr(a.x) * ndtr(a.y) + half * (weights @ terms) / (2.0 * np.pi)


def quantlib_bivariate(a):
    ql = pytest.importorskip("QuantLib")
    rows = zip(a.x[:FEW].tolist(), a.y[:FEW].tolist(), a.correlation[:FEW].tolist(), strict=True)
    return np.array([ql.BivariateCumulativeNormalDistribution(r)(x, y) for x, y, r in rows])


def two_asset(a):
    return sg.barrier.two_asset_price(
        a.spot,
        a.strike,
        vol=a.vol,
        other=100.0,
        barrier=a.barrier,
        other_vol=0.3,
        correlation=0.5,
        expiry=a.expiry,
        other_dividend=0.01,
        **DOWN_OUT,
    )


def make_two_asset(spot, strike, barrier, vol, expiry, moment):
    ql = quantlib().ql
    option = ql.TwoAssetBarrierOption(ql.Barrier.DownOut, barrier, *payoff_and_exercise(strike, expiry))
    processes = quantlib().process(spot, vol), quantlib().process(100.0, 0.3, 0.01)
    option.setPricingEngine(ql.AnalyticTwoAssetBarrierEngine(*processes, ql.makeQuoteHandle(0.5)))
    return option


CASES = [
    Case(
        "extended: bivariate normal distribution",
        ("two_asset_bivariate_cdf",),
        COUNT,
        "ndtr",
        pairs,
        {OURS: bivariate, "NumPy": numpy_bivariate, "QuantLib": quantlib_bivariate},
        tolerance=1e-4,
        few=SLOW,
        bytes=32,
    ),
    Case(
        "extended: two-asset barrier, price",
        ("two_asset_price",),
        COUNT,
        "ndtr",
        calls,
        {OURS: two_asset, "QuantLib": lambda a: prices(a, make_two_asset)},
        tolerance=1e-4,
        few=SLOW,
    ),
]

test_speed = bench(CASES)
