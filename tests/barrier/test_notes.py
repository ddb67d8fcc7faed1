"""Reverse convertibles and autocallables."""

import math

import numpy as np
import pytest

import shortgamma as sg
from shortgamma.barrier import autocallable, reverse_convertible

YEARLY = {"call_level": 100.0, "observations": 3, "bonus": 0.08, "rate": 0.03, "dividend": 0.01}
NOTE = {"strike": 100.0, "barrier": 60.0, "vol": 0.3, "expiry": 3.0}
PHOENIX = {"call_level": 105.0, "observations": 6, "coupon": 0.03, "coupon_level": 75.0, "rate": 0.02, "dividend": 0.03}


class TestReverseConvertible:
    def test_is_a_bond_less_puts(self):
        spot, rate = np.array([58.0, 61.0, 75.0, 100.0, 130.0]), 0.03
        note = reverse_convertible(
            spot, 100.0, 60.0, vol=0.35, expiry=1.0, coupon=0.12, payments=4, nominal=1000.0, rate=rate
        )
        put = sg.barrier.price(spot, 100.0, 60.0, vol=0.35, expiry=1.0, rate=rate, kind="down-in", option="put")
        coupons = sum(30.0 * math.exp(-rate * i / 4) for i in range(1, 5))
        np.testing.assert_allclose(note.price, 1000.0 * math.exp(-rate) + coupons - 10.0 * put, rtol=1e-14)

    def test_derivatives(self):
        def value(spot=66.0, vol=0.35, rate=0.03, monitoring=None):
            return float(
                reverse_convertible(
                    spot, 100.0, 60.0, vol=vol, expiry=0.5, coupon=0.1, payments=2, rate=rate, monitoring=monitoring
                ).price
            )

        for dates in (None, 126):
            note = reverse_convertible(
                66.0, 100.0, 60.0, vol=0.35, expiry=0.5, coupon=0.1, payments=2, rate=0.03, monitoring=dates
            )
            h = 1e-3
            terms = {"monitoring": dates}
            delta = (value(spot=66.0 + h, **terms) - value(spot=66.0 - h, **terms)) / (2.0 * h)
            vega = (value(vol=0.35 + 1e-5, **terms) - value(vol=0.35 - 1e-5, **terms)) / 2e-5
            rho = (value(rate=0.03 + 1e-5, **terms) - value(rate=0.03 - 1e-5, **terms)) / 2e-5
            assert float(note.delta) == pytest.approx(delta, rel=1e-6)
            assert float(note.vega) == pytest.approx(vega, rel=1e-6)
            assert float(note.rho) == pytest.approx(rho, rel=1e-6)
            # the Black-Scholes equation
            equation = note.theta + 0.03 * 66.0 * note.delta + 0.5 * 0.35**2 * 66.0**2 * note.gamma
            assert float(equation) == pytest.approx(0.03 * float(note.price), rel=1e-11)


def simulate(
    spot,
    strike,
    barrier,
    vol,
    expiry,
    call_level,
    observations,
    watch,
    seed,
    bonus=0.0,
    coupon=0.0,
    coupon_level=None,
    rate=0.0,
    dividend=0.0,
    paths=400_000,
):
    """Mean and standard error by Monte Carlo; between dates a barrier is hit with the probability of the bridge."""
    random = np.random.default_rng(seed)
    step = expiry / observations
    s = vol * math.sqrt(step)
    x = np.full(paths, math.log(spot))
    h = math.log(barrier)
    survives = np.ones(paths)
    value, open_ = np.zeros(paths), np.ones(paths, dtype=bool)
    level = call_level if coupon_level is None else coupon_level
    half = random.standard_normal((observations, paths // 2))
    for i in range(1, observations + 1):
        z = np.concatenate([half[i - 1], -half[i - 1]])
        y = x + (rate - dividend - vol**2 / 2.0) * step + s * z
        if watch == "always":
            both = (x > h) & (y > h)
            survives = np.where(
                both, survives * -np.expm1(-2.0 * np.maximum(x - h, 0) * np.maximum(y - h, 0) / s**2), 0
            )
        elif watch == "observations" or i == observations:
            survives = np.where(y > h, survives, 0.0)
        x = y
        discount = math.exp(-rate * step * i)
        value += np.where(open_ & (x >= math.log(level)), discount * 100.0 * coupon, 0.0)
        called = open_ & (x >= math.log(call_level))
        value += np.where(called, discount * 100.0 * (1.0 + bonus * i), 0.0)
        open_ &= ~called
    loss = 100.0 * np.maximum(1.0 - np.exp(x) / strike, 0.0)
    value += np.where(open_, discount * (100.0 - (1.0 - survives) * loss), 0.0)
    pairs = 0.5 * (value[: paths // 2] + value[paths // 2 :])
    return pairs.mean(), pairs.std() / math.sqrt(len(pairs))


class TestAutocallable:
    @pytest.mark.parametrize("watch", ["always", "observations", "expiry"])
    @pytest.mark.parametrize("terms", [YEARLY, PHOENIX], ids=["snowball", "phoenix"])
    @pytest.mark.parametrize("spot", [100.0, 72.0])
    def test_against_monte_carlo(self, watch, terms, spot):
        price = float(autocallable(spot, **NOTE, **terms, watch=watch).price)
        mean, error = simulate(spot, **NOTE, watch=watch, seed=11, **terms)
        assert abs(price - mean) < 4.0 * error
        assert error < 0.05

    def test_never_called_is_a_reverse_convertible(self):
        # out of reach, but for a few 1e-16
        terms = {"rate": 0.03, "dividend": 0.01}
        spot = np.array([55.0, 61.0, 80.0, 120.0])
        note = autocallable(spot, **NOTE, call_level=1e5, observations=6, **terms)
        plain = reverse_convertible(spot, **NOTE, **terms)
        for name in ("price", "delta", "gamma", "theta"):
            np.testing.assert_allclose(getattr(note, name), getattr(plain, name), rtol=1e-9, atol=1e-11, err_msg=name)

    def test_watched_on_observations_is_the_discrete_put(self):
        note = autocallable(
            80.0, **NOTE, call_level=1e5, observations=12, rate=0.03, dividend=0.01, watch="observations"
        )
        put = sg.barrier.discrete_price(
            80.0,
            100.0,
            60.0,
            math.inf,
            vol=0.3,
            expiry=3.0,
            monitoring=12,
            rate=0.03,
            dividend=0.01,
            kind="knock-in",
            option="put",
        )
        assert float(note.price) == pytest.approx(100.0 * math.exp(-0.09) - float(put), abs=1e-10)

    def test_one_observation(self):
        # called or not, it ends there: a bond, a digital call and a put knocked in at expiry
        note = autocallable(
            95.0, 100.0, 70.0, vol=0.3, expiry=1.0, call_level=100.0, observations=1, bonus=0.1, watch="expiry"
        )
        digital = sg.barrier.binary_price(95.0, 100.0, 1e-6, vol=0.3, expiry=1.0, kind="down-out", option="call")
        # a put below 70 is one struck there and a digital one
        put = float(sg.barrier.price(95.0, 70.0, 200.0, vol=0.3, expiry=1.0, kind="down-in", option="put"))
        step = float(sg.barrier.binary_price(95.0, 70.0, 1e-6, vol=0.3, expiry=1.0, kind="down-out", option="put"))
        expected = 100.0 + 10.0 * float(digital) - put - 30.0 * step
        assert float(note.price) == pytest.approx(expected, abs=1e-10)

    @pytest.mark.parametrize("watch", ["always", "observations", "expiry"])
    def test_derivatives(self, watch):
        h = 0.01
        spot = np.array([66.0, 66.0 + h, 66.0 - h, 66.0 + 2 * h, 66.0 - 2 * h])
        note = autocallable(spot, **NOTE, **PHOENIX, watch=watch)
        v = note.price
        delta = (8.0 * (v[1] - v[2]) - (v[3] - v[4])) / (12.0 * h)
        gamma = (16.0 * (v[1] + v[2]) - (v[3] + v[4]) - 30.0 * v[0]) / (12.0 * h * h)
        assert note.delta[0] == pytest.approx(delta, rel=1e-8)
        assert note.gamma[0] == pytest.approx(gamma, rel=1e-4, abs=1e-7)
        equation = note.theta - 0.01 * 66.0 * note.delta + 0.045 * 66.0**2 * note.gamma
        np.testing.assert_allclose(equation[0], 0.02 * v[0], rtol=1e-11)

    def test_knocked_in_already(self):
        # at or below the barrier the put is there, however it is watched from now on
        always = autocallable([60.0, 50.0], **NOTE, **YEARLY)
        vanilla = autocallable([60.0, 50.0], **NOTE | {"barrier": 99.999}, **YEARLY)
        np.testing.assert_allclose(always.price, vanilla.price, rtol=1e-9)

    def test_daily_is_between(self):
        prices = [
            float(autocallable(80.0, **NOTE, **YEARLY, **terms).price)
            for terms in ({}, {"monitoring": 756}, {"watch": "observations"}, {"watch": "expiry"})
        ]
        assert prices == sorted(prices)

    def test_spots_that_are_no_prices(self):
        with np.errstate(all="ignore"):
            note = autocallable([100.0, math.nan, -1.0], **NOTE, **YEARLY)
        assert np.isnan(note.price).tolist() == [False, True, True]
        assert note.price[0] == pytest.approx(float(autocallable(100.0, **NOTE, **YEARLY).price), rel=1e-13)


WRONG_CALLS = [
    (
        lambda: reverse_convertible(1.0, 1.0, 0.5, vol=0.3, expiry=1.0, payments=0),
        ValueError,
        "payments must be a whole number >= 1, got 0",
    ),
    (
        lambda: autocallable(100.0, **NOTE, **{**YEARLY, "observations": 2.5}),
        TypeError,
        "observations must be a whole number, got float",
    ),
    (
        lambda: autocallable(100.0, **NOTE, **YEARLY, watch="daily"),
        ValueError,
        "watch must be one of 'always', 'observations', 'expiry', got 'daily'",
    ),
    (
        lambda: autocallable(100.0, 100.0, 60.0, vol=0.0, expiry=3.0, **YEARLY),
        ValueError,
        "vol must be a finite number > 0, got 0.0",
    ),
    (
        lambda: autocallable(100.0, 100.0, 100.0, vol=0.3, expiry=3.0, **YEARLY),
        ValueError,
        "barrier must be < call_level, got 100.0 >= 100.0",
    ),
    (
        lambda: autocallable(100.0, **NOTE, **YEARLY, coupon_level=101.0),
        ValueError,
        "coupon_level must be <= call_level, got 101.0 > 100.0",
    ),
    (
        lambda: autocallable(100.0, **NOTE, **{**YEARLY, "rate": math.inf}),
        ValueError,
        "rate must be a finite number, got inf",
    ),
    (
        lambda: autocallable(100.0, "par", 60.0, vol=0.3, expiry=3.0, **YEARLY),
        TypeError,
        "strike must be a number, got str",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG_CALLS, ids=[case[2] for case in WRONG_CALLS])
def test_wrong_calls_say_what_is_wrong(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message
