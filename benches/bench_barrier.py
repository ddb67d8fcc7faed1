"""Price and Greeks of single-barrier options; rivals compute a down-and-in put."""

import math
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

COUNT = 100_000
FEW = 500
NAMES = ("spot", "strike", "barrier", "vol", "expiry")
ALL = ("down-in", "down-out", "up-in", "up-out")


def options():
    random = np.random.default_rng(7)
    barrier = random.uniform(60.0, 80.0, COUNT)
    arrays = SimpleNamespace(
        spot=barrier * random.uniform(1.02, 1.6, COUNT),
        strike=random.uniform(85.0, 115.0, COUNT),
        barrier=barrier,
        vol=random.uniform(0.15, 0.8, COUNT),
        expiry=random.uniform(0.1, 2.0, COUNT),
        rate=0.03,
        dividend=0.01,
        rebate=0.0,
        kind="down-in",
        option="put",
    )
    arrays.out = np.empty(COUNT)
    arrays.first = tuple(np.empty(COUNT) for _ in range(7))
    arrays.second = tuple(np.empty(COUNT) for _ in range(14))
    arrays.other = np.empty((7, COUNT))
    return arrays


def with_rebate():
    arrays = options()
    arrays.kind, arrays.rebate = "down-out", 3.0
    return arrays


def mixed():
    arrays = options()
    random = np.random.default_rng(8)
    up = random.random(COUNT) < 0.5
    arrays.kind = np.where(up, random.choice(ALL[2:], COUNT), random.choice(ALL[:2], COUNT))
    arrays.option = random.choice(["call", "put"], COUNT)
    arrays.barrier = np.where(up, 2.0 * arrays.spot - arrays.barrier, arrays.barrier)
    return arrays


def one():
    arrays = options()
    for name in NAMES:
        setattr(arrays, name, float(getattr(arrays, name)[0]))
    return arrays


def arguments(a):
    return (a.spot, a.strike, a.barrier, a.vol, a.expiry)


def ours(order):
    def price(a):
        return sg.barrier.price(
            *arguments(a), rate=a.rate, dividend=a.dividend, rebate=a.rebate, kind=a.kind, option=a.option, out=a.out
        )

    def greeks(a):
        return sg.barrier.greeks(
            *arguments(a),
            rate=a.rate,
            dividend=a.dividend,
            rebate=a.rebate,
            kind=a.kind,
            option=a.option,
            order=order,
            out=a.first if order == 1 else a.second,
        )

    return greeks if order else price


def numpy_price(a):
    """The closed form B - C + D of a down-and-in put with the strike above the barrier, as it stands in a textbook."""
    ndtr = pytest.importorskip("scipy.special").ndtr
    deviation = a.vol * np.sqrt(a.expiry)
    mu = (a.rate - a.dividend) / a.vol**2 - 0.5
    shift = (1.0 + mu) * deviation
    asset, cash = a.spot * np.exp(-a.dividend * a.expiry), a.strike * np.exp(-a.rate * a.expiry)
    image = (a.barrier / a.spot) ** (2.0 * mu)
    asset_image, cash_image = asset * image * (a.barrier / a.spot) ** 2, cash * image
    x2 = np.log(a.spot / a.barrier) / deviation + shift
    y1 = np.log(a.barrier**2 / (a.spot * a.strike)) / deviation + shift
    y2 = np.log(a.barrier / a.spot) / deviation + shift
    direct = cash * ndtr(deviation - x2) - asset * ndtr(-x2)
    images = asset_image * (ndtr(y1) - ndtr(y2)) + cash_image * (ndtr(y2 - deviation) - ndtr(y1 - deviation))
    return direct + images


@cache
def numba_bump():
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def cdf(x):
        return 0.5 * math.erfc(-x * 0.7071067811865476)

    @njit(error_model="numpy")
    def price(spot, strike, barrier, vol, expiry, rate, dividend):
        deviation = vol * math.sqrt(expiry)
        mu = (rate - dividend) / (vol * vol) - 0.5
        shift = (1.0 + mu) * deviation
        asset, cash = spot * math.exp(-dividend * expiry), strike * math.exp(-rate * expiry)
        image = (barrier / spot) ** (2.0 * mu)
        asset_image, cash_image = asset * image * (barrier / spot) ** 2, cash * image
        x2 = math.log(spot / barrier) / deviation + shift
        y1 = math.log(barrier * barrier / (spot * strike)) / deviation + shift
        y2 = math.log(barrier / spot) / deviation + shift
        direct = cash * cdf(deviation - x2) - asset * cdf(-x2)
        return direct + asset_image * (cdf(y1) - cdf(y2)) + cash_image * (cdf(y2 - deviation) - cdf(y1 - deviation))

    @njit(error_model="numpy")
    def bump(spot, strike, barrier, vol, expiry, rate, dividend, out):
        for i in range(spot.size):
            s, k, h, v, t = spot[i], strike[i], barrier[i], vol[i], expiry[i]
            middle = price(s, k, h, v, t, rate, dividend)
            up, down = price(s * 1.0001, k, h, v, t, rate, dividend), price(s * 0.9999, k, h, v, t, rate, dividend)
            out[0, i] = middle
            out[1, i] = (up - down) / (2e-4 * s)
            out[2, i] = (up - 2.0 * middle + down) / (1e-8 * s * s)
            up, down = price(s, k, h, v + 1e-5, t, rate, dividend), price(s, k, h, v - 1e-5, t, rate, dividend)
            out[3, i] = (up - down) / 2e-5
            up, down = price(s, k, h, v, t + 1e-6, rate, dividend), price(s, k, h, v, t - 1e-6, rate, dividend)
            out[4, i] = (down - up) / 2e-6
            up, down = price(s, k, h, v, t, rate + 1e-6, dividend), price(s, k, h, v, t, rate - 1e-6, dividend)
            out[5, i] = (up - down) / 2e-6
            up, down = price(s, k, h, v, t, rate, dividend + 1e-6), price(s, k, h, v, t, rate, dividend - 1e-6)
            out[6, i] = (up - down) / 2e-6

    return bump


def numba_greeks(a):
    numba_bump()(*arguments(a), a.rate, a.dividend, a.other)
    return tuple(a.other)


@cache
def quantlib():
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(1, 1, 2024)
    ql.Settings.instance().evaluationDate = today
    quotes = {name: ql.SimpleQuote(1.0) for name in ("spot", "vol", "rate", "dividend")}
    count = ql.Actual365Fixed()

    def curve(name):
        return ql.YieldTermStructureHandle(ql.FlatForward(today, ql.QuoteHandle(quotes[name]), count))

    vol = ql.BlackVolTermStructureHandle(
        ql.BlackConstantVol(today, ql.NullCalendar(), ql.QuoteHandle(quotes["vol"]), count)
    )
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(quotes["spot"]), curve("dividend"), curve("rate"), vol)
    return ql, today, quotes, ql.AnalyticBarrierEngine(process)


def quantlib_price(a):
    """The first few of the options, whose expiry it rounds to days: a time, not a result to compare."""
    ql, today, quotes, engine = quantlib()
    quotes["rate"].setValue(a.rate)
    quotes["dividend"].setValue(a.dividend)
    for i in range(FEW):
        quotes["spot"].setValue(a.spot[i])
        quotes["vol"].setValue(a.vol[i])
        option = ql.BarrierOption(
            ql.Barrier.DownIn,
            a.barrier[i],
            0.0,
            ql.PlainVanillaPayoff(ql.Option.Put, a.strike[i]),
            ql.EuropeanExercise(today + int(365 * a.expiry[i])),
        )
        option.setPricingEngine(engine)
        option.NPV()


UFUNCS = ("barrier_price", "barrier_first_order", "barrier_second_order")
CASES = [
    Case(
        "barrier: price",
        UFUNCS[:1],
        COUNT,
        "ndtr",
        options,
        {OURS: ours(0), "NumPy": numpy_price, "QuantLib": quantlib_price},
        scale={"QuantLib": COUNT / FEW},
    ),
    Case(
        "barrier: price and 6 Greeks",
        UFUNCS[1:2],
        COUNT,
        "ndtr",
        options,
        {OURS: ours(1), "numba": numba_greeks},
        tolerance=1e-4,
    ),
    Case("barrier: price and 13 Greeks", UFUNCS[2:], COUNT, "ndtr", options, {OURS: ours(2)}),
    Case("barrier: the same, knock-out with rebate", UFUNCS[2:], COUNT, "ndtr", with_rebate, {OURS: ours(2)}),
    Case("barrier: price, kinds mixed", UFUNCS[:1], COUNT, "ndtr", mixed, {OURS: ours(0)}),
    Case("barrier: price and 6 Greeks, kinds mixed", UFUNCS[1:2], COUNT, "ndtr", mixed, {OURS: ours(1)}),
    Case(
        "barrier: one call for one price",
        UFUNCS[:1],
        1,
        "ndtr",
        one,
        {OURS: lambda a: sg.barrier.price(*arguments(a), rate=a.rate, dividend=a.dividend)},
    ),
]
test_speed = bench(CASES)
