"""Price and Greeks of single-barrier options.

NumPy and numba compute down-and-in puts, the one type whose closed form is short; QuantLib all of them. QuantLib's
options are made beforehand: what is timed is that each computes its price and hands it to Python. Greeks of numba and
QuantLib are central differences of prices.
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
NAMES = ("spot", "strike", "barrier", "vol", "expiry")
TERMS = ("rate", "dividend", "rebate", "kind", "option")
DOWN, UP = ("down-in", "down-out"), ("up-in", "up-out")


def down_in_puts():
    random = np.random.default_rng(7)
    barrier = random.uniform(60.0, 80.0, COUNT)
    return SimpleNamespace(
        spot=barrier * random.uniform(1.02, 1.6, COUNT),
        strike=random.uniform(85.0, 115.0, COUNT),
        barrier=barrier,
        vol=random.uniform(0.15, 0.8, COUNT),
        # whole days, for QuantLib knows no others
        expiry=random.integers(36, 730, COUNT) / 365.0,
        rate=0.03,
        dividend=0.01,
        rebate=0.0,
        kind="down-in",
        option="put",
        out=tuple(np.empty(COUNT) for _ in range(14)),
        other=np.empty((7, COUNT)),
    )


def with_rebate():
    arrays = down_in_puts()
    arrays.kind, arrays.rebate = "down-out", 3.0
    return arrays


def mixed():
    arrays = down_in_puts()
    random = np.random.default_rng(8)
    up = random.random(COUNT) < 0.5
    arrays.kind = np.where(up, random.choice(UP, COUNT), random.choice(DOWN, COUNT))
    arrays.option = random.choice(["call", "put"], COUNT)
    arrays.barrier = np.where(up, 2.0 * arrays.spot - arrays.barrier, arrays.barrier)
    arrays.rebate = np.where(random.random(COUNT) < 0.5, 0.0, 3.0)
    return arrays


def not_all_ordinary():
    """One option of a hundred is at its barrier, has no volatility to speak of, a lambda of 0, or next to no room."""
    arrays = with_rebate()
    random = np.random.default_rng(9)
    rare = np.where(random.random(COUNT) < 0.01, random.integers(1, 5, COUNT), 0)
    arrays.spot = np.where(rare == 1, arrays.barrier, arrays.spot)
    arrays.vol = np.where(rare == 2, 1e-6, arrays.vol)
    # r = 0 and r - q = sigma^2/2
    arrays.rate = np.where(rare == 3, 0.0, arrays.rate)
    arrays.dividend = np.where(rare == 3, -0.5 * arrays.vol**2, arrays.dividend)
    arrays.strike = np.where(rare == 4, arrays.barrier * 1.0001, arrays.strike)
    return arrays


def one():
    arrays = down_in_puts()
    for name in NAMES:
        setattr(arrays, name, float(getattr(arrays, name)[0]))
    return arrays


def named(a):
    return {name: getattr(a, name) for name in NAMES}


def values(a):
    return [getattr(a, name) for name in NAMES]


def terms(a):
    return {name: getattr(a, name) for name in TERMS}


def price(a):
    return sg.barrier.price(**named(a), **terms(a), out=a.out[0])


def one_price(a):
    return sg.barrier.price(
        a.spot,
        a.strike,
        a.barrier,
        vol=a.vol,
        expiry=a.expiry,
        rate=a.rate,
        dividend=a.dividend,
        kind="down-in",
        option="put",
    )


def first_order(a):
    # a named tuple whose last seven are None
    return tuple(sg.barrier.greeks(**named(a), **terms(a), out=a.out[:7])[:7])


def second_order(a):
    return tuple(sg.barrier.greeks(**named(a), **terms(a), order=2, out=a.out))


def alone(names):
    """Each of these Greeks by the function of its own."""
    functions = [getattr(sg.barrier, name) for name in names]
    return lambda a: tuple(
        function(**named(a), **terms(a), out=out) for function, out in zip(functions, a.out, strict=False)
    )


def numpy_price(a):
    """The terms B - C + D of Reiner and Rubinstein: a down-and-in put whose strike is above the barrier."""
    ndtr = pytest.importorskip("scipy.special").ndtr
    deviation = a.vol * np.sqrt(a.expiry)
    mu = (a.rate - a.dividend) / a.vol**2 - 0.5
    shift = (1.0 + mu) * deviation
    asset, cash = a.spot * np.exp(-a.dividend * a.expiry), a.strike * np.exp(-a.rate * a.expiry)
    ratio = a.barrier / a.spot
    cash_image = cash * ratio ** (2.0 * mu)
    asset_image = asset * ratio ** (2.0 * mu + 2.0)
    away = np.log(ratio) / deviation
    x2 = shift - away
    y1 = np.log(a.barrier**2 / (a.spot * a.strike)) / deviation + shift
    y2 = shift + away
    direct = cash * ndtr(deviation - x2) - asset * ndtr(-x2)
    return direct + asset_image * (ndtr(y1) - ndtr(y2)) + cash_image * (ndtr(y2 - deviation) - ndtr(y1 - deviation))


@cache
def numba_loops():
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def cdf(x):
        return 0.5 * math.erfc(-x * 0.7071067811865476)

    @njit(error_model="numpy")
    def scalar(spot, strike, barrier, vol, expiry, rate, dividend):
        deviation = vol * math.sqrt(expiry)
        mu = (rate - dividend) / (vol * vol) - 0.5
        shift = (1.0 + mu) * deviation
        asset, cash = spot * math.exp(-dividend * expiry), strike * math.exp(-rate * expiry)
        away = math.log(barrier / spot)
        image = math.exp(2.0 * mu * away)
        asset_image, cash_image = asset * image * (barrier / spot) ** 2, cash * image
        x2 = shift - away / deviation
        y1 = math.log(barrier * barrier / (spot * strike)) / deviation + shift
        y2 = shift + away / deviation
        direct = cash * cdf(deviation - x2) - asset * cdf(-x2)
        return direct + asset_image * (cdf(y1) - cdf(y2)) + cash_image * (cdf(y2 - deviation) - cdf(y1 - deviation))

    @njit(error_model="numpy")
    def prices(spot, strike, barrier, vol, expiry, rate, dividend, out):
        for i in range(spot.size):
            out[i] = scalar(spot[i], strike[i], barrier[i], vol[i], expiry[i], rate, dividend)
        return out

    @njit(error_model="numpy")
    def bump(spot, strike, barrier, vol, expiry, rate, dividend, out):
        """Eleven prices an option, for a price and six central differences."""
        for i in range(spot.size):
            s, k, h, v, t = spot[i], strike[i], barrier[i], vol[i], expiry[i]
            middle = scalar(s, k, h, v, t, rate, dividend)
            step = 2e-4 * s
            up, down = scalar(s + step, k, h, v, t, rate, dividend), scalar(s - step, k, h, v, t, rate, dividend)
            out[0, i] = middle
            out[1, i] = (up - down) / (2.0 * step)
            out[2, i] = (up - 2.0 * middle + down) / (step * step)
            step = 1e-5
            up, down = scalar(s, k, h, v + step, t, rate, dividend), scalar(s, k, h, v - step, t, rate, dividend)
            out[3, i] = (up - down) / (2.0 * step)
            up, down = scalar(s, k, h, v, t + step, rate, dividend), scalar(s, k, h, v, t - step, rate, dividend)
            out[4, i] = (down - up) / (2.0 * step)
            up, down = scalar(s, k, h, v, t, rate + step, dividend), scalar(s, k, h, v, t, rate - step, dividend)
            out[5, i] = (up - down) / (2.0 * step)
            up, down = scalar(s, k, h, v, t, rate, dividend + step), scalar(s, k, h, v, t, rate, dividend - step)
            out[6, i] = (up - down) / (2.0 * step)
        return out

    return SimpleNamespace(scalar=scalar, prices=prices, bump=bump)


def numba_prices(a):
    return numba_loops().prices(*values(a), a.rate, a.dividend, a.other[0])


def numba_greeks(a):
    return tuple(numba_loops().bump(*values(a), a.rate, a.dividend, a.other))


@cache
def quantlib():
    """A function that makes an option with an engine of its own."""
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(1, 1, 2024)
    ql.Settings.instance().evaluationDate = today
    count, calendar = ql.Actual365Fixed(), ql.NullCalendar()
    kinds = {
        "down-in": ql.Barrier.DownIn,
        "down-out": ql.Barrier.DownOut,
        "up-in": ql.Barrier.UpIn,
        "up-out": ql.Barrier.UpOut,
    }
    options = {"call": ql.Option.Call, "put": ql.Option.Put}

    def make(spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind, option):
        """The option, and the quotes that move it."""
        quotes = SimpleNamespace(spot=ql.SimpleQuote(spot), vol=ql.SimpleQuote(vol), rate=ql.SimpleQuote(rate))
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(quotes.spot),
            ql.YieldTermStructureHandle(ql.FlatForward(today, dividend, count)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, ql.QuoteHandle(quotes.rate), count)),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, calendar, ql.QuoteHandle(quotes.vol), count)),
        )
        made = ql.BarrierOption(
            kinds[kind],
            barrier,
            rebate,
            ql.PlainVanillaPayoff(options[option], strike),
            ql.EuropeanExercise(today + round(365.0 * expiry)),
        )
        made.setPricingEngine(ql.AnalyticBarrierEngine(process))
        return made, quotes

    return make


def quantlib_options(a):
    """The first few options of the arrays, made once."""
    if not hasattr(a, "quantlib"):
        make = quantlib()
        columns = np.broadcast_arrays(*values(a), *terms(a).values())
        few = zip(*(np.ravel(column)[:FEW].tolist() for column in columns), strict=True)
        a.quantlib = [make(*option) for option in few]
    return a.quantlib


def quantlib_prices(a):
    prices = []
    for option, _ in quantlib_options(a):
        option.recalculate()
        prices.append(option.NPV())
    return np.array(prices)


def quantlib_greeks(a):
    """Seven prices an option; theta then follows from the Black-Scholes equation."""
    rows = []
    for option, quotes in quantlib_options(a):

        def bumped(quote, step, option=option):
            value = quote.value()
            quote.setValue(value + step)
            up = option.NPV()
            quote.setValue(value - step)
            down = option.NPV()
            quote.setValue(value)
            return up, down

        spot, vol, rate = quotes.spot.value(), quotes.vol.value(), quotes.rate.value()
        middle, step = option.NPV(), 2e-4 * spot
        up, down = bumped(quotes.spot, step)
        delta, gamma = (up - down) / (2.0 * step), (up - 2.0 * middle + down) / (step * step)
        up, down = bumped(quotes.vol, 1e-5)
        vega = (up - down) / 2e-5
        up, down = bumped(quotes.rate, 1e-5)
        rho = (up - down) / 2e-5
        theta = rate * middle - (rate - a.dividend) * spot * delta - 0.5 * (vol * spot) ** 2 * gamma
        rows.append((middle, delta, gamma, vega, theta, rho))
    return tuple(np.array(rows).T)


def quantlib_price(a):
    option, _ = quantlib_options(a)[0]
    option.recalculate()
    return option.NPV()


PRICE, FIRST, SECOND = ("barrier_price",), ("barrier_first_order",), ("barrier_second_order",)
SLOW = {"QuantLib": FEW}
GREEKS = [name for name in sg.barrier.BarrierGreeks._fields if name != "price"]
SINGLE = [("the first 6", GREEKS[:6]), ("the other 7", GREEKS[6:])]
CASES = [
    Case(
        "barrier: price",
        PRICE,
        COUNT,
        "ndtr",
        down_in_puts,
        {OURS: price, "NumPy": numpy_price, "numba": numba_prices, "QuantLib": quantlib_prices},
        few=SLOW,
    ),
    Case(
        "barrier: price and 6 Greeks",
        FIRST,
        COUNT,
        "ndtr",
        down_in_puts,
        {OURS: first_order, "numba": numba_greeks, "QuantLib": quantlib_greeks},
        # what central differences leave of sixteen digits
        tolerance=1e-5,
        few=SLOW,
    ),
    Case("barrier: price and 13 Greeks", SECOND, COUNT, "ndtr", down_in_puts, {OURS: second_order}),
    *(
        Case(
            f"barrier: a Greek alone, {which}",
            tuple(f"barrier_{name}" for name in names),
            COUNT * len(names),
            "ndtr",
            down_in_puts,
            {OURS: alone(names)},
        )
        for which, names in SINGLE
    ),
    Case(
        "barrier: price, knock-out with rebate",
        PRICE,
        COUNT,
        "ndtr",
        with_rebate,
        {OURS: price, "QuantLib": quantlib_prices},
        few=SLOW,
    ),
    Case("barrier: the same and 6 Greeks", FIRST, COUNT, "ndtr", with_rebate, {OURS: first_order}),
    Case("barrier: the same and 13 Greeks", SECOND, COUNT, "ndtr", with_rebate, {OURS: second_order}),
    Case(
        "barrier: price, kinds and rebates mixed",
        PRICE,
        COUNT,
        "ndtr",
        mixed,
        {OURS: price, "QuantLib": quantlib_prices},
        few=SLOW,
    ),
    Case("barrier: the same and 6 Greeks, mixed", FIRST, COUNT, "ndtr", mixed, {OURS: first_order}),
    Case("barrier: the same and 13 Greeks, mixed", SECOND, COUNT, "ndtr", mixed, {OURS: second_order}),
    *(
        Case(f"barrier: {what}, 1 % not ordinary", ufuncs, COUNT, "ndtr", not_all_ordinary, {OURS: ours})
        for what, ufuncs, ours in (
            ("price, with rebate", PRICE, price),
            ("the same and 6 Greeks", FIRST, first_order),
            ("the same and 13 Greeks", SECOND, second_order),
        )
    ),
    Case(
        "barrier: one call for one price",
        PRICE,
        1,
        "ndtr",
        one,
        {
            OURS: one_price,
            "NumPy": numpy_price,
            "numba": lambda a: numba_loops().scalar(*values(a), a.rate, a.dividend),
            "QuantLib": quantlib_price,
        },
    ),
]
test_speed = bench(CASES)
