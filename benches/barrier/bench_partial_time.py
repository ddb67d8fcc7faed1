"""Partial-time, soft and two-asset barriers, the bivariate normal distribution, and implied volatility.

QuantLib's options are made beforehand: what is timed is that each computes its price and hands it to Python. NumPy's
bivariate distribution integrates Plackett's identity by 24 points, its soft barrier is the mean over 24 prices.
QuantLib's distribution function, and all that is built on it, is good to 1e-5 only.
"""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench
from shortgamma._core import dispatch

COUNT = 10_000
FEW = 500


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


def calls():
    random = np.random.default_rng(4)
    return SimpleNamespace(
        spot=random.uniform(90.0, 120.0, COUNT),
        strike=random.uniform(85.0, 115.0, COUNT),
        barrier=random.uniform(80.0, 89.0, COUNT),
        vol=random.uniform(0.15, 0.6, COUNT),
        # whole days, for QuantLib knows no others
        expiry=random.integers(100, 730, COUNT) / 365.0,
        moment=random.integers(10, 90, COUNT) / 365.0,
        rate=0.05,
        dividend=0.02,
    )


MARKET = {"rate": 0.05, "dividend": 0.02}
DOWN_OUT = {**MARKET, "kind": "down-out", "option": "call"}


def partial_time(a):
    return sg.barrier.partial_time_price(
        a.spot, a.strike, a.barrier, vol=a.vol, expiry=a.expiry, moment=a.moment, **DOWN_OUT
    )


def soft(a):
    return sg.barrier.soft_price(a.spot, a.strike, a.barrier - 5.0, a.barrier, vol=a.vol, expiry=a.expiry, **DOWN_OUT)


def numpy_soft(a):
    points, weights = np.polynomial.legendre.leggauss(24)
    level = a.barrier - 2.5 + 2.5 * points[:, None]
    return 0.5 * weights @ sg.barrier.price(a.spot, a.strike, level, vol=a.vol, expiry=a.expiry, **DOWN_OUT)


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


@cache
def quantlib():
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(1, 1, 2024)
    ql.Settings.instance().evaluationDate = today
    count, calendar = ql.Actual365Fixed(), ql.NullCalendar()

    def process(spot, vol, dividend=0.02):
        return ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(spot)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, dividend, count)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, 0.05, count)),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, calendar, vol, count)),
        )

    return SimpleNamespace(ql=ql, today=today, process=process)


def few(a, *names):
    return zip(*(getattr(a, name)[:FEW].tolist() for name in names), strict=True)


def prices(a, make):
    if not hasattr(a, make.__name__):
        setattr(
            a, make.__name__, [make(*row) for row in few(a, "spot", "strike", "barrier", "vol", "expiry", "moment")]
        )
    values = []
    for option in getattr(a, make.__name__):
        option.recalculate()
        values.append(option.NPV())
    return np.array(values)


def payoff_and_exercise(strike, expiry):
    ql, today = quantlib().ql, quantlib().today
    return ql.PlainVanillaPayoff(ql.Option.Call, strike), ql.EuropeanExercise(today + round(365.0 * expiry))


def make_partial_time(spot, strike, barrier, vol, expiry, moment):
    ql, today = quantlib().ql, quantlib().today
    option = ql.PartialTimeBarrierOption(
        ql.Barrier.DownOut,
        ql.PartialBarrier.EndB1,
        barrier,
        0.0,
        today + round(365.0 * moment),
        *payoff_and_exercise(strike, expiry),
    )
    option.setPricingEngine(ql.AnalyticPartialTimeBarrierOptionEngine(quantlib().process(spot, vol)))
    return option


def make_soft(spot, strike, barrier, vol, expiry, moment):
    ql = quantlib().ql
    option = ql.SoftBarrierOption(ql.Barrier.DownOut, barrier - 5.0, barrier, *payoff_and_exercise(strike, expiry))
    option.setPricingEngine(ql.AnalyticSoftBarrierEngine(quantlib().process(spot, vol)))
    return option


def make_two_asset(spot, strike, barrier, vol, expiry, moment):
    ql = quantlib().ql
    option = ql.TwoAssetBarrierOption(ql.Barrier.DownOut, barrier, *payoff_and_exercise(strike, expiry))
    processes = quantlib().process(spot, vol), quantlib().process(100.0, 0.3, 0.01)
    option.setPricingEngine(ql.AnalyticTwoAssetBarrierEngine(*processes, ql.makeQuoteHandle(0.5)))
    return option


def quotes():
    arrays = calls()
    arrays.value = sg.barrier.price(
        arrays.spot, arrays.strike, arrays.barrier, vol=arrays.vol, expiry=arrays.expiry, **DOWN_OUT
    )
    for name in ("spot", "strike", "barrier", "vol", "expiry", "value"):
        setattr(arrays, name, getattr(arrays, name)[:FEW])
    return arrays


def implied_vol(a):
    return sg.barrier.implied_vol(a.value, a.spot, a.strike, a.barrier, expiry=a.expiry, **DOWN_OUT).first


SLOW = {"QuantLib": FEW}
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
        "extended: partial-time barrier, price",
        ("partial_time_price",),
        COUNT,
        "ndtr",
        calls,
        {OURS: partial_time, "QuantLib": lambda a: prices(a, make_partial_time)},
        tolerance=1e-4,
        few=SLOW,
    ),
    Case(
        "extended: soft barrier, price",
        ("soft_price",),
        COUNT,
        "ndtr",
        calls,
        {OURS: soft, "NumPy": numpy_soft, "QuantLib": lambda a: prices(a, make_soft)},
        tolerance=1e-4,
        few=SLOW,
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
    Case("extended: implied volatility", (), FEW, "ndtr", quotes, {OURS: implied_vol}),
]
test_speed = bench(CASES)
