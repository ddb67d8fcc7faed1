"""Soft barriers; NumPy's is the mean over 24 prices, QuantLib's options are made beforehand."""

import numpy as np

import shortgamma as sg
from benches.barrier.bench_partial_time import COUNT, DOWN_OUT, FEW, SLOW, calls, payoff_and_exercise, prices, quantlib
from benches.common import OURS, Case, bench


def soft(a):
    return sg.barrier.soft_price(a.spot, a.strike, a.barrier - 5.0, a.barrier, vol=a.vol, expiry=a.expiry, **DOWN_OUT)


def numpy_soft(a):
    points, weights = np.polynomial.legendre.leggauss(24)
    level = a.barrier - 2.5 + 2.5 * points[:, None]
    return 0.5 * weights @ sg.barrier.price(a.spot, a.strike, level, vol=a.vol, expiry=a.expiry, **DOWN_OUT)


def make_soft(spot, strike, barrier, vol, expiry, moment):
    ql = quantlib().ql
    option = ql.SoftBarrierOption(ql.Barrier.DownOut, barrier - 5.0, barrier, *payoff_and_exercise(strike, expiry))
    option.setPricingEngine(ql.AnalyticSoftBarrierEngine(quantlib().process(spot, vol)))
    return option


def soft_greeks(a):
    levels = a.barrier[:FEW] - 5.0, a.barrier[:FEW]
    terms = {"vol": a.vol[:FEW], "expiry": a.expiry[:FEW], **DOWN_OUT}
    return tuple(sg.barrier.soft_greeks(a.spot[:FEW], a.strike[:FEW], *levels, **terms, order=2))


def numpy_greeks(a):
    points, weights = np.polynomial.legendre.leggauss(24)
    level = a.barrier[:FEW] - 2.5 + 2.5 * points[:, None]
    terms = {"vol": a.vol[:FEW], "expiry": a.expiry[:FEW], **DOWN_OUT}
    hard = sg.barrier.greeks(a.spot[:FEW], a.strike[:FEW], level, **terms, order=2)
    return tuple(0.5 * weights @ greek for greek in hard)


CASES = [
    Case(
        "extended: soft barrier, price and 13 Greeks",
        ("soft_first_order", "soft_second_order"),
        FEW,
        "ndtr",
        calls,
        {OURS: soft_greeks, "NumPy": numpy_greeks},
        # NumPy does not stop at the strike, where the price has a kink in its barrier
        tolerance=1e-6,
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
]

test_speed = bench(CASES)
