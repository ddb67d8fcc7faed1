"""Touches and binary barrier options, in lanes; NumPy's touch is that of a textbook."""

import numpy as np
import pytest

import shortgamma as sg
from benches.barrier.bench_single import COUNT, down_in_puts, mixed, named
from benches.common import OURS, Case, bench


def touches():
    """One-touches below the spot."""
    arrays = down_in_puts()
    arrays.touch = (arrays.spot, arrays.barrier, arrays.vol, arrays.expiry)
    return arrays


def touch_terms(a):
    return dict(zip(("spot", "barrier", "vol", "expiry"), a.touch, strict=True))


def numpy_touch(a):
    """Cash at the hit, as it stands in a textbook."""
    ndtr = pytest.importorskip("scipy.special").ndtr
    spot, barrier, vol, expiry = a.touch
    mu = (a.rate - a.dividend) / vol**2 - 0.5
    root = np.sqrt(mu * mu + 2.0 * a.rate / vol**2)
    deviation = vol * np.sqrt(expiry)
    z = np.log(barrier / spot) / deviation + root * deviation
    ratio = barrier / spot
    return ratio ** (mu + root) * ndtr(z) + ratio ** (mu - root) * ndtr(z - 2.0 * root * deviation)


def binaries():
    """All 28 kinds, row by row."""
    arrays = mixed()
    arrays.payoff = np.random.default_rng(10).choice(["cash", "asset"], COUNT)
    return arrays


def binary_at_order(order):
    def ours(a):
        market = {"rate": a.rate, "dividend": a.dividend, "kind": a.kind, "option": a.option, "payoff": a.payoff}
        if order == 0:
            return sg.barrier.binary_price(**named(a), **market, out=a.out[0])
        return sg.barrier.binary_greeks(**named(a), **market, order=order, out=a.out[: 7 * order])[: 7 * order]

    return ours


def asset_touch(a):
    return sg.barrier.touch_price(
        **touch_terms(a), rate=a.rate, dividend=a.dividend, payoff="asset", out=a.out[0], kind="one-touch"
    )


def touch_at_order(order):
    def ours(a):
        market = {"rate": a.rate, "dividend": a.dividend, "kind": "one-touch"}
        if order == 0:
            return sg.barrier.touch_price(**touch_terms(a), **market, out=a.out[0])
        return sg.barrier.touch_greeks(**touch_terms(a), **market, order=order, out=a.out[: 7 * order])[: 7 * order]

    return ours


CASES = [
    Case(
        "barrier: one-touch at the hit, price",
        ("binary_price",),
        COUNT,
        "ndtr",
        touches,
        {OURS: touch_at_order(0), "NumPy": numpy_touch},
        tolerance=1e-11,
    ),
    Case(
        "barrier: the same and 6 Greeks, touch",
        ("binary_first_order",),
        COUNT,
        "ndtr",
        touches,
        {OURS: touch_at_order(1)},
    ),
    Case(
        "barrier: the same and 13 Greeks, touch",
        ("binary_second_order",),
        COUNT,
        "ndtr",
        touches,
        {OURS: touch_at_order(2)},
    ),
    Case("barrier: one-touch of the asset, price", ("binary_price",), COUNT, "ndtr", touches, {OURS: asset_touch}),
    *(
        Case(f"barrier: {what}", (f"binary_{ufunc}",), COUNT, "ndtr", binaries, {OURS: binary_at_order(order)})
        for order, (what, ufunc) in enumerate(
            (
                ("binaries of all kinds mixed, price", "price"),
                ("the same and 6 Greeks, binaries", "first_order"),
                ("the same and 13 Greeks, binaries", "second_order"),
            )
        )
    ),
]

test_speed = bench(CASES)
