"""European options: price, Greeks and implied volatility against SciPy's formula, numba, QuantLib and Jaeckel.

QuantLib's options are made beforehand; py_lets_be_rational takes one option a call, py_vollib_vectorized arrays,
where it runs beside the numba that is installed.
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
GREEKS = [name for name in sg.vanilla.VanillaGreeks._fields if name != "price"]


def options():
    random = np.random.default_rng(7)
    spot = random.uniform(80.0, 120.0, COUNT)
    vol = random.uniform(0.15, 0.8, COUNT)
    # whole days, for QuantLib knows no others
    expiry = random.integers(7, 730, COUNT) / 365.0
    arrays = SimpleNamespace(
        spot=spot,
        strike=spot * np.exp(random.uniform(-2.0, 2.0, COUNT) * vol * np.sqrt(expiry)),
        vol=vol,
        expiry=expiry,
        rate=0.03,
        dividend=0.01,
        call=random.random(COUNT) < 0.5,
        out=tuple(np.empty(COUNT) for _ in range(14)),
        other=np.empty(COUNT),
    )
    arrays.option = np.where(arrays.call, "call", "put")
    # for py_vollib_vectorized
    arrays.flag = np.where(arrays.call, "c", "p")
    arrays.price = sg.vanilla.price(*values(arrays), **terms(arrays))
    arrays.normal_vol = arrays.vol * spot
    arrays.normal_price = sg.vanilla.normal_price(
        spot, arrays.strike, vol=arrays.normal_vol, expiry=expiry, option=arrays.option, rate=0.03
    )
    return arrays


def values(a):
    return a.spot, a.strike


def terms(a):
    return {"vol": a.vol, "expiry": a.expiry, "rate": a.rate, "dividend": a.dividend, "option": a.option}


def price(a):
    return sg.vanilla.price(*values(a), **terms(a), out=a.out[0])


def at_order(order):
    return lambda a: tuple(sg.vanilla.greeks(*values(a), **terms(a), order=order, out=a.out[: 7 * order])[: 7 * order])


def binary_at_order(order):
    def ours(a):
        of = {**terms(a), "payoff": "cash"}
        if order == 0:
            return sg.vanilla.binary_price(*values(a), **of, out=a.out[0])
        return tuple(sg.vanilla.binary_greeks(*values(a), **of, order=order, out=a.out[: 7 * order])[: 7 * order])

    return ours


def alone(names):
    functions = [getattr(sg.vanilla, name) for name in names]
    return lambda a: tuple(
        function(*values(a), **terms(a), out=out) for function, out in zip(functions, a.out, strict=False)
    )


def numpy_price(a):
    ndtr = pytest.importorskip("scipy.special").ndtr
    deviation = a.vol * np.sqrt(a.expiry)
    d1 = (np.log(a.spot / a.strike) + (a.rate - a.dividend) * a.expiry) / deviation + 0.5 * deviation
    sign = np.where(a.call, 1.0, -1.0)
    asset, cash = a.spot * np.exp(-a.dividend * a.expiry), a.strike * np.exp(-a.rate * a.expiry)
    return sign * (asset * ndtr(sign * d1) - cash * ndtr(sign * (d1 - deviation)))


def numpy_greeks(a):
    """Price, delta, gamma, vega: what a script computes."""
    ndtr = pytest.importorskip("scipy.special").ndtr
    root = np.sqrt(a.expiry)
    deviation = a.vol * root
    d1 = (np.log(a.spot / a.strike) + (a.rate - a.dividend) * a.expiry) / deviation + 0.5 * deviation
    sign = np.where(a.call, 1.0, -1.0)
    growth, cash = np.exp(-a.dividend * a.expiry), a.strike * np.exp(-a.rate * a.expiry)
    first = ndtr(sign * d1)
    density = growth * np.exp(-0.5 * d1 * d1) * 0.3989422804014327
    value = sign * (a.spot * growth * first - cash * ndtr(sign * (d1 - deviation)))
    return value, sign * growth * first, density / (a.spot * deviation), a.spot * density * root


@cache
def numba_loop():
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def cdf(x):
        return 0.5 * math.erfc(-x * 0.7071067811865476)

    @njit(error_model="numpy")
    def loop(spot, strike, vol, expiry, rate, dividend, call, out):
        for i in range(spot.size):
            deviation = vol[i] * math.sqrt(expiry[i])
            d1 = (math.log(spot[i] / strike[i]) + (rate - dividend) * expiry[i]) / deviation + 0.5 * deviation
            sign = 1.0 if call[i] else -1.0
            asset, cash = spot[i] * math.exp(-dividend * expiry[i]), strike[i] * math.exp(-rate * expiry[i])
            out[i] = sign * (asset * cdf(sign * d1) - cash * cdf(sign * (d1 - deviation)))
        return out

    return loop


def numba_price(a):
    return numba_loop()(*values(a), a.vol, a.expiry, a.rate, a.dividend, a.call, a.other)


def quantlib_options(a):
    """The first few options of the arrays, made once."""
    if hasattr(a, "quantlib"):
        return a.quantlib
    ql = pytest.importorskip("QuantLib")
    today = ql.Date(1, 1, 2024)
    ql.Settings.instance().evaluationDate = today
    count, calendar = ql.Actual365Fixed(), ql.NullCalendar()
    a.quantlib = []
    for i in range(FEW):
        process = ql.BlackScholesMertonProcess(
            ql.QuoteHandle(ql.SimpleQuote(float(a.spot[i]))),
            ql.YieldTermStructureHandle(ql.FlatForward(today, a.dividend, count)),
            ql.YieldTermStructureHandle(ql.FlatForward(today, a.rate, count)),
            ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, calendar, float(a.vol[i]), count)),
        )
        kind = ql.Option.Call if a.call[i] else ql.Option.Put
        made = ql.VanillaOption(
            ql.PlainVanillaPayoff(kind, float(a.strike[i])), ql.EuropeanExercise(today + round(365.0 * a.expiry[i]))
        )
        made.setPricingEngine(ql.AnalyticEuropeanEngine(process))
        a.quantlib.append((made, process))
    return a.quantlib


def quantlib_price(a):
    prices = []
    for option, _ in quantlib_options(a):
        option.recalculate()
        prices.append(option.NPV())
    return np.array(prices)


def quantlib_vols(a, implied):
    """Of each option the volatility that ``implied(kind, strike, forward, price, discount)`` gives times sqrt(T)."""
    ql = pytest.importorskip("QuantLib")
    growth, discount = np.exp((a.rate - a.dividend) * a.expiry), np.exp(-a.rate * a.expiry)
    columns = (a.strike, a.spot * growth, a.price, discount, a.expiry, a.call)
    vols = []
    for *numbers, expiry, call in zip(*(column[:FEW].tolist() for column in columns), strict=True):
        vols.append(implied(ql.Option.Call if call else ql.Option.Put, *numbers) / math.sqrt(expiry))
    return np.array(vols)


def quantlib_implied_vol(a):
    ql = pytest.importorskip("QuantLib")
    return quantlib_vols(a, lambda *option: ql.blackFormulaImpliedStdDev(*option, 0.0, 0.3, 1e-12, 100))


def quantlib_rational_implied_vol(a):
    """Li's rational approximation, then successive over-relaxation."""
    ql = pytest.importorskip("QuantLib")
    guess = ql.nullDouble()
    return quantlib_vols(a, lambda *option: ql.blackFormulaImpliedStdDevLiRS(*option, 0.0, guess, 1.0, 1e-12, 100))


def jaeckel_implied_vol(a):
    """Let's be rational, as translated to Python by hand."""
    lets_be_rational = pytest.importorskip("py_lets_be_rational")
    one = lets_be_rational.implied_volatility_from_a_transformed_rational_guess
    growth, discount = np.exp((a.rate - a.dividend) * a.expiry), np.exp(-a.rate * a.expiry)
    return np.array(
        [
            one(
                float(a.price[i] / discount[i]),
                float(a.spot[i] * growth[i]),
                float(a.strike[i]),
                float(a.expiry[i]),
                1.0 if a.call[i] else -1.0,
            )
            for i in range(FEW)
        ]
    )


def vectorized_implied_vol(a):
    module = pytest.importorskip("py_vollib_vectorized", exc_type=Exception)
    try:
        return module.vectorized_implied_volatility(
            a.price,
            a.spot,
            a.strike,
            a.expiry,
            a.rate,
            a.flag,
            q=a.dividend,
            model="black_scholes_merton",
            return_as="numpy",
        )
    except Exception as error:
        pytest.skip(f"py_vollib_vectorized does not run beside this numba: {type(error).__name__}")


def implied_vol(a):
    return sg.vanilla.implied_vol(
        a.price, a.spot, a.strike, expiry=a.expiry, rate=a.rate, dividend=a.dividend, option=a.option, out=a.out[0]
    )


def normal_price(a):
    return sg.vanilla.normal_price(
        a.spot, a.strike, vol=a.normal_vol, expiry=a.expiry, option=a.option, rate=a.rate, out=a.out[0]
    )


def numpy_normal_price(a):
    ndtr = pytest.importorskip("scipy.special").ndtr
    deviation = a.normal_vol * np.sqrt(a.expiry)
    d = np.where(a.call, 1.0, -1.0) * (a.spot - a.strike) / deviation
    return np.exp(-a.rate * a.expiry) * deviation * (d * ndtr(d) + np.exp(-0.5 * d * d) * 0.3989422804014327)


def normal_greeks(a):
    return tuple(
        sg.vanilla.normal_greeks(
            a.spot, a.strike, vol=a.normal_vol, expiry=a.expiry, option=a.option, rate=a.rate, out=a.out[:9]
        )
    )


def numpy_normal_greeks(a):
    """Price, delta, gamma and vega: what a script computes."""
    ndtr = pytest.importorskip("scipy.special").ndtr
    root, discount, sign = np.sqrt(a.expiry), np.exp(-a.rate * a.expiry), np.where(a.call, 1.0, -1.0)
    deviation = a.normal_vol * root
    d = sign * (a.spot - a.strike) / deviation
    density, inside = discount * np.exp(-0.5 * d * d) * 0.3989422804014327, discount * ndtr(d)
    return deviation * (d * inside + density), sign * inside, density / deviation, root * density


def normal_implied_vol(a):
    return sg.vanilla.normal_implied_vol(
        a.normal_price, a.spot, a.strike, expiry=a.expiry, option=a.option, rate=a.rate, out=a.out[0]
    )


def quantlib_normal_implied_vol(a):
    ql = pytest.importorskip("QuantLib")
    discount = np.exp(-a.rate * a.expiry)
    return np.array(
        [
            ql.bachelierBlackFormulaImpliedVol(
                ql.Option.Call if a.call[i] else ql.Option.Put,
                float(a.strike[i]),
                float(a.spot[i]),
                float(a.expiry[i]),
                float(a.normal_price[i]),
                float(discount[i]),
            )
            for i in range(FEW)
        ]
    )


SLOW = {
    "QuantLib": FEW,
    "QuantLib, Li": FEW,
    "py_lets_be_rational": FEW,
}
CASES = [
    Case(
        "vanilla: price",
        ("vanilla_price",),
        COUNT,
        "ndtr",
        options,
        {OURS: price, "NumPy": numpy_price, "numba": numba_price, "QuantLib": quantlib_price},
        few=SLOW,
    ),
    Case(
        "vanilla: price and 6 Greeks",
        ("vanilla_first_order",),
        COUNT,
        "ndtr",
        options,
        {OURS: at_order(1), "NumPy": numpy_greeks},
    ),
    Case("vanilla: price and 13 Greeks", ("vanilla_second_order",), COUNT, "ndtr", options, {OURS: at_order(2)}),
    *(
        Case(
            f"vanilla: a Greek alone, {which}",
            tuple(f"vanilla_{name}" for name in names),
            COUNT * len(names),
            "ndtr",
            options,
            {OURS: alone(names)},
        )
        for which, names in (("the first 6", GREEKS[:6]), ("the other 7", GREEKS[6:]))
    ),
    *(
        Case(f"vanilla: binary, {what}", (ufunc,), COUNT, "ndtr", options, {OURS: binary_at_order(order)})
        for order, (what, ufunc) in enumerate(
            (
                ("price", "vanilla_binary_price"),
                ("price and 6 Greeks", "vanilla_binary_first_order"),
                ("price and 13 Greeks", "vanilla_binary_second_order"),
            )
        )
    ),
    Case(
        "vanilla: implied volatility",
        ("vanilla_implied_vol",),
        COUNT,
        "ndtr",
        options,
        {
            OURS: implied_vol,
            "py_vollib_vectorized": vectorized_implied_vol,
            "QuantLib": quantlib_implied_vol,
            "QuantLib, Li": quantlib_rational_implied_vol,
            "py_lets_be_rational": jaeckel_implied_vol,
        },
        tolerance=1e-8,
        few=SLOW,
    ),
    Case(
        "vanilla: Bachelier's price",
        ("vanilla_normal_price",),
        COUNT,
        "ndtr",
        options,
        {OURS: normal_price, "NumPy": numpy_normal_price},
    ),
    Case(
        "vanilla: Bachelier's price and Greeks",
        ("vanilla_normal_greeks",),
        COUNT,
        "ndtr",
        options,
        {OURS: normal_greeks, "NumPy": numpy_normal_greeks},
    ),
    Case(
        "vanilla: Bachelier's implied volatility",
        ("vanilla_normal_implied_vol",),
        COUNT,
        "ndtr",
        options,
        {OURS: normal_implied_vol, "QuantLib": quantlib_normal_implied_vol},
        tolerance=1e-9,
        few=SLOW,
    ),
]
test_speed = bench(CASES)
