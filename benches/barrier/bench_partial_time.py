"""Partial-time barriers, and implied volatility.

QuantLib's options are made beforehand: what is timed is that each computes its price and hands it to Python.
QuantLib's bivariate distribution, and all that is built on it, is good to 1e-5 only.
"""

from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

COUNT = 10_000
FEW = 500


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
        a.spot, a.strike, a.barrier, vol=a.vol, expiry=a.expiry, moment=a.moment, window="end", **DOWN_OUT
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


def partial_time_greeks(a):
    terms = {"vol": a.vol[:FEW], "expiry": a.expiry[:FEW], "moment": a.moment[:FEW], "window": "end"}
    return tuple(
        sg.barrier.partial_time_greeks(a.spot[:FEW], a.strike[:FEW], a.barrier[:FEW], **terms, **DOWN_OUT, order=2)
    )


def bumped(a):
    """The price and delta by central differences of the price."""
    terms = {"vol": a.vol[:FEW], "expiry": a.expiry[:FEW], "moment": a.moment[:FEW], "window": "end", **DOWN_OUT}
    h = 1e-4 * a.spot[:FEW]
    below, price, above = (
        sg.barrier.partial_time_price(a.spot[:FEW] + step, a.strike[:FEW], a.barrier[:FEW], **terms)
        for step in (-h, 0.0, h)
    )
    return price, (above - below) / (2.0 * h)


SLOW = {"QuantLib": FEW}
CASES = [
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
        "extended: partial-time barrier, price and 13 Greeks",
        ("partial_time_first_order", "partial_time_second_order"),
        FEW,
        "ndtr",
        calls,
        {OURS: partial_time_greeks, "bumped, price and delta": bumped},
        tolerance=1e-4,
    ),
    Case("extended: implied volatility", (), FEW, "ndtr", quotes, {OURS: implied_vol}),
]
test_speed = bench(CASES)
