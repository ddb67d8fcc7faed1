"""Price and Greeks of double-barrier options and touches.

NumPy and numba sum the images of a knock-out call as they stand in a textbook (Haug, 2007, p. 156), five on each side.
QuantLib's options are made beforehand: what is timed is that each computes its price and hands it to Python.
"""

import math
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

COUNT = 100_000
FEW = 500
NAMES = ("spot", "strike", "lower", "upper", "vol", "expiry")
KINDS = ("knock-in", "knock-out")


def knock_outs(vol=(0.15, 0.8)):
    random = np.random.default_rng(7)
    lower, upper = random.uniform(60.0, 85.0, COUNT), random.uniform(115.0, 150.0, COUNT)
    return SimpleNamespace(
        spot=lower + (upper - lower) * random.uniform(0.05, 0.95, COUNT),
        strike=random.uniform(86.0, 114.0, COUNT),
        lower=lower,
        upper=upper,
        vol=random.uniform(*vol, COUNT),
        # whole days, for QuantLib knows no others
        expiry=random.integers(36, 730, COUNT) / 365.0,
        market={"rate": 0.03, "dividend": 0.01},
        terms={"kind": "knock-out", "option": "call"},
        out=tuple(np.empty(COUNT) for _ in range(14)),
    )


def by_images():
    arrays = knock_outs((0.1, 0.2))
    arrays.expiry = np.minimum(arrays.expiry, 73 / 365)
    return arrays


def by_eigenfunctions():
    arrays = knock_outs((0.4, 0.8))
    arrays.expiry = np.maximum(arrays.expiry, 0.5)
    return arrays


def with_rebate():
    arrays = knock_outs()
    arrays.terms = {**arrays.terms, "rebate": 3.0}
    return arrays


def mixed():
    arrays = knock_outs()
    random = np.random.default_rng(8)
    arrays.terms = {
        "kind": random.choice(KINDS, COUNT),
        "option": random.choice(["call", "put"], COUNT),
        "rebate": np.where(random.random(COUNT) < 0.5, 0.0, 3.0),
    }
    return arrays


def named(a):
    return {name: getattr(a, name) for name in NAMES}


def values(a):
    return [getattr(a, name) for name in NAMES]


def price(a):
    return sg.barrier.double_price(**named(a), **a.market, **a.terms, out=a.out[0])


def first_order(a):
    return tuple(sg.barrier.double_greeks(**named(a), **a.market, **a.terms, out=a.out[:7])[:7])


def second_order(a):
    return tuple(sg.barrier.double_greeks(**named(a), **a.market, **a.terms, order=2, out=a.out))


def no_touch(a):
    return sg.barrier.double_touch_price(
        a.spot, a.lower, a.upper, vol=a.vol, expiry=a.expiry, **a.market, kind="double-no-touch", out=a.out[0]
    )


def numpy_price(a):
    ndtr = pytest.importorskip("scipy.special").ndtr
    rate, drift = a.market["rate"], a.market["rate"] - a.market["dividend"]
    deviation = a.vol * np.sqrt(a.expiry)
    mu = 2.0 * drift / a.vol**2 + 1.0
    asset = a.spot * np.exp((drift - rate) * a.expiry)
    cash = a.strike * np.exp(-rate * a.expiry)
    centre = (drift + 0.5 * a.vol**2) * a.expiry
    total = np.zeros(COUNT)
    for n in range(-5, 6):
        ratio = (a.upper / a.lower) ** n
        d1 = (np.log(a.spot * ratio * ratio / a.strike) + centre) / deviation
        d2 = (np.log(a.spot * ratio * ratio / a.upper) + centre) / deviation
        mirror = a.lower / (ratio * a.spot)
        d3 = (np.log(a.lower * mirror / (a.strike * ratio)) + centre) / deviation
        d4 = (np.log(a.lower * mirror / (a.upper * ratio)) + centre) / deviation
        total += asset * (ratio**mu * (ndtr(d1) - ndtr(d2)) - mirror**mu * (ndtr(d3) - ndtr(d4)))
        total -= cash * (
            ratio ** (mu - 2.0) * (ndtr(d1 - deviation) - ndtr(d2 - deviation))
            - mirror ** (mu - 2.0) * (ndtr(d3 - deviation) - ndtr(d4 - deviation))
        )
    return total


@cache
def numba_loop():
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def cdf(x):
        return 0.5 * math.erfc(-x * 0.7071067811865476)

    @njit(error_model="numpy")
    def prices(spot, strike, lower, upper, vol, expiry, rate, dividend, out):
        for i in range(spot.size):
            drift = rate - dividend
            deviation = vol[i] * math.sqrt(expiry[i])
            mu = 2.0 * drift / vol[i] ** 2 + 1.0
            asset, cash = spot[i] * math.exp((drift - rate) * expiry[i]), strike[i] * math.exp(-rate * expiry[i])
            centre = (drift + 0.5 * vol[i] ** 2) * expiry[i]
            width = math.log(upper[i] / lower[i])
            to_strike, to_upper = math.log(spot[i] / strike[i]), math.log(spot[i] / upper[i])
            below = math.log(lower[i] / spot[i])
            total = 0.0
            for n in range(-5, 6):
                move, back = 2.0 * n * width, 2.0 * (below - n * width)
                d1, d2 = (to_strike + move + centre) / deviation, (to_upper + move + centre) / deviation
                d3, d4 = (to_strike + back + centre) / deviation, (to_upper + back + centre) / deviation
                first, second = math.exp(0.5 * move * mu), math.exp(0.5 * back * mu)
                total += asset * (first * (cdf(d1) - cdf(d2)) - second * (cdf(d3) - cdf(d4)))
                first, second = first * math.exp(-move), second * math.exp(-back)
                total -= cash * (
                    first * (cdf(d1 - deviation) - cdf(d2 - deviation))
                    - second * (cdf(d3 - deviation) - cdf(d4 - deviation))
                )
            out[i] = total
        return out

    return prices


def numba_price(a):
    return numba_loop()(*values(a), a.market["rate"], a.market["dividend"], a.out[1])


def quantlib_price(a):
    """The first few options of the arrays, made once."""
    ql = pytest.importorskip("QuantLib")
    if not hasattr(a, "quantlib"):
        today = ql.Date(1, 1, 2024)
        ql.Settings.instance().evaluationDate = today
        count, calendar = ql.Actual365Fixed(), ql.NullCalendar()
        rate, dividend = (
            ql.YieldTermStructureHandle(ql.FlatForward(today, a.market[name], count)) for name in ("rate", "dividend")
        )
        a.quantlib = []
        for option in zip(*(column[:FEW].tolist() for column in values(a)), strict=True):
            spot, strike, lower, upper, vol, expiry = option
            process = ql.BlackScholesMertonProcess(
                ql.QuoteHandle(ql.SimpleQuote(spot)),
                dividend,
                rate,
                ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, calendar, vol, count)),
            )
            made = ql.DoubleBarrierOption(
                ql.DoubleBarrier.KnockOut,
                lower,
                upper,
                0.0,
                ql.PlainVanillaPayoff(ql.Option.Call, strike),
                ql.EuropeanExercise(today + round(365.0 * expiry)),
            )
            made.setPricingEngine(ql.AnalyticDoubleBarrierEngine(process, 5))
            a.quantlib.append(made)
    prices = []
    for option in a.quantlib:
        option.recalculate()
        prices.append(option.NPV())
    return np.array(prices)


PRICE, FIRST, SECOND = (
    (name,) for name in ("double_barrier_price", "double_barrier_first_order", "double_barrier_second_order")
)
WAYS = {OURS: price, "NumPy": numpy_price, "numba": numba_price, "QuantLib": quantlib_price}
CASES = [
    Case("double barrier: price", PRICE, COUNT, "ndtr", knock_outs, {OURS: price}),
    Case("double barrier: price and 6 Greeks", FIRST, COUNT, "ndtr", knock_outs, {OURS: first_order}),
    Case("double barrier: price and 13 Greeks", SECOND, COUNT, "ndtr", knock_outs, {OURS: second_order}),
    Case(
        "double barrier: price, little time",
        PRICE,
        COUNT,
        "ndtr",
        by_images,
        WAYS,
        few={"QuantLib": FEW},
        tolerance=1e-11,
    ),
    Case("double barrier: the same and 13 Greeks, little time", SECOND, COUNT, "ndtr", by_images, {OURS: second_order}),
    Case("double barrier: price, much time", PRICE, COUNT, "ndtr", by_eigenfunctions, {OURS: price}),
    Case(
        "double barrier: the same and 13 Greeks, much time",
        SECOND,
        COUNT,
        "ndtr",
        by_eigenfunctions,
        {OURS: second_order},
    ),
    Case("double barrier: price, knock-out with rebate", PRICE, COUNT, "ndtr", with_rebate, {OURS: price}),
    Case("double barrier: price, kinds and rebates mixed", PRICE, COUNT, "ndtr", mixed, {OURS: price}),
    Case("double barrier: the same and 13 Greeks, mixed", SECOND, COUNT, "ndtr", mixed, {OURS: second_order}),
    Case("double barrier: double-no-touch, price", PRICE, COUNT, "ndtr", knock_outs, {OURS: no_touch}),
]
test_speed = bench(CASES)
