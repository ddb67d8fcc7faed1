"""Reverse convertibles and autocallables."""

import math

import numpy as np
import pytest
from oracle.barrier.notes import simulate, two_observations
from wrong import refused

import shortgamma as sg
from shortgamma.barrier import autocallable, reverse_convertible

YEARLY = {"call_level": 100.0, "observations": 3, "bonus": 0.08, "rate": 0.03, "dividend": 0.01}
NOTE = {"strike": 100.0, "barrier": 60.0, "vol": 0.3, "expiry": 3.0}
PHOENIX = {"call_level": 105.0, "observations": 6, "coupon": 0.06, "coupon_level": 75.0, "rate": 0.02, "dividend": 0.03}


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
        def value(spot=66.0, vol=0.35, rate=0.03, dates=None):
            return float(
                reverse_convertible(
                    spot, 100.0, 60.0, vol=vol, expiry=0.5, coupon=0.1, payments=2, rate=rate, dates=dates
                ).price
            )

        for dates in (None, 126):
            note = reverse_convertible(
                66.0, 100.0, 60.0, vol=0.35, expiry=0.5, coupon=0.1, payments=2, rate=0.03, dates=dates
            )
            h = 1e-3
            terms = {"dates": dates}
            delta = (value(spot=66.0 + h, **terms) - value(spot=66.0 - h, **terms)) / (2.0 * h)
            vega = (value(vol=0.35 + 1e-5, **terms) - value(vol=0.35 - 1e-5, **terms)) / 2e-5
            rho = (value(rate=0.03 + 1e-5, **terms) - value(rate=0.03 - 1e-5, **terms)) / 2e-5
            assert float(note.delta) == pytest.approx(delta, rel=1e-6)
            assert float(note.vega) == pytest.approx(vega, rel=1e-6)
            assert float(note.rho) == pytest.approx(rho, rel=1e-6)
            # the Black-Scholes equation
            equation = note.theta + 0.03 * 66.0 * note.delta + 0.5 * 0.35**2 * 66.0**2 * note.gamma
            assert float(equation) == pytest.approx(0.03 * float(note.price), rel=1e-11)


STEP_DOWN = {
    "observations": [0.3, 1.0, 1.6, 3.0],
    "call_level": [110.0, 105.0, 100.0, 95.0],
    "coupon": 0.06,
    "payments_per_year": 2,
    "coupon_level": [80.0, 80.0, 75.0, 70.0],
    "bonus": 0.01,
    "rate": 0.02,
    "dividend": 0.03,
}


class TestAutocallable:
    @pytest.mark.parametrize("watch", ["always", "observations", "expiry"])
    @pytest.mark.parametrize("terms", [YEARLY, PHOENIX, STEP_DOWN], ids=["snowball", "phoenix", "step-down"])
    @pytest.mark.parametrize("spot", [100.0, 72.0])
    def test_against_monte_carlo(self, watch, terms, spot):
        price = float(autocallable(spot, **NOTE, **terms, watch=watch).price)
        mean, error = simulate(spot, **NOTE, watch=watch, seed=11, **terms)
        assert abs(price - mean) < 3.0 * error
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
            vol=0.3,
            expiry=3.0,
            dates=12,
            rate=0.03,
            dividend=0.01,
            kind="down-in",
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

    @pytest.mark.parametrize("dates", [[0.3, 0.5, 1.0, 1.7, 3.0], [0.2, 0.9, 2.5]])
    def test_dates_of_the_barrier_against_monte_carlo(self, dates):
        price = float(autocallable(85.0, **NOTE, **STEP_DOWN, dates=dates).price)
        mean, error = simulate(85.0, **NOTE, **STEP_DOWN, watch="dates", dates=dates, seed=5)
        assert abs(price - mean) < 3.0 * error
        assert error < 0.05

    def test_between_two_observations(self):
        # quarterly, three weeks after one of them: neither the one before nor the one after stands for it
        observations = [0.25 * k - 3 / 52 for k in range(1, 13)]
        terms = {"call_level": 100.0, "bonus": 0.02, "rate": 0.03, "dividend": 0.01}
        values = NOTE | {"expiry": observations[-1]}
        price = float(autocallable(97.0, **values, **terms, observations=observations).price)
        mean, error = simulate(97.0, **values, **terms, observations=observations, watch="always", seed=8)
        assert abs(price - mean) < 3.0 * error
        before = float(autocallable(97.0, **NOTE, **terms, observations=12).price)
        assert abs(before - price) > 0.2

    @pytest.mark.parametrize("spot", [75.0, 60.4])
    @pytest.mark.parametrize(
        "watched", [{"watch": "always"}, {"watch": "observations"}, {"watch": "expiry"}, {"dates": 36}]
    )
    def test_derivatives(self, watched, spot):
        def note(order=1, spot=spot, time=0.0, **moved):
            values = NOTE | {"expiry": 3.0 - time} | STEP_DOWN
            values["observations"] = [date - time for date in values["observations"]]
            for name, step in moved.items():
                values[name] += step
            dates = {"dates": [k / 12 - time for k in range(1, 37)]} if "dates" in watched else watched
            return autocallable(spot, **values, **dates, order=order)

        steps = {"spot": 1e-3, "vol": 1e-5, "rate": 1e-5, "dividend": 1e-5, "time": 1e-5}
        result = note(order=2)
        for greek, name, base in (
            ("delta", "spot", "price"), ("gamma", "spot", "delta"), ("speed", "spot", "gamma"),
            ("vega", "vol", "price"), ("vanna", "vol", "delta"), ("volga", "vol", "vega"), ("zomma", "vol", "gamma"),
            ("rho", "rate", "price"), ("rho_dividend", "dividend", "price"), ("theta", "time", "price"),
            ("charm", "time", "delta"), ("color", "time", "gamma"), ("veta", "time", "vega"),
        ):  # fmt: skip
            h = steps[name]
            above, below = (
                float(getattr(note(**{name: spot + sign * h if name == "spot" else sign * h}), base))
                for sign in (1.0, -1.0)
            )
            expected = (above - below) / (2.0 * h)
            assert float(getattr(result, greek)) == pytest.approx(expected, rel=2e-6, abs=2e-8), greek

    def test_at_the_barrier_the_greeks_are_those_of_the_living_side(self):
        at = autocallable(60.0, **NOTE, **YEARLY, order=2)
        above = autocallable(60.0 * (1.0 + 1e-9), **NOTE, **YEARLY, order=2)
        below = autocallable(60.0 * (1.0 - 1e-9), **NOTE, **YEARLY, order=2)
        assert float(at.price) == pytest.approx(float(below.price), rel=1e-8)
        assert float(at.delta) == pytest.approx(float(above.delta), rel=1e-6)
        assert float(at.vega) == pytest.approx(float(above.vega), rel=1e-6, abs=1e-5)
        assert float(at.delta) > 1.05 * float(below.delta)

    def test_what_is_known_of_the_past(self):
        spot = np.array([62.0, 90.0])
        inside = autocallable(spot, **NOTE, **YEARLY, state="in")
        below = autocallable(spot, **NOTE | {"barrier": 99.999}, **YEARLY, state=["in", "in"])
        np.testing.assert_allclose(inside.price, below.price, rtol=1e-11)
        alive = autocallable(spot, **NOTE, **YEARLY, state="alive")
        np.testing.assert_array_equal(alive.price, autocallable(spot, **NOTE, **YEARLY).price)
        assert (alive.price > inside.price).all()

    def test_times_in_mid_life(self):
        terms = {"call_level": [100.0, 95.0, 90.0], "bonus": 0.08, "rate": 0.03, "dividend": 0.01, "state": "alive"}
        note = autocallable(
            91.0, 100.0, 60.0, vol=0.3, expiry="2029-03-01", now="2027-07-15",
            observations=["2027-03-01", "2028-03-01", "2029-03-01"], **terms,
        )  # fmt: skip
        years = [230 / 365, 595 / 365]
        terms |= {"call_level": [95.0, 90.0], "bonus": [0.16, 0.24]}
        expected = autocallable(91.0, 100.0, 60.0, vol=0.3, expiry=years[-1], observations=years, **terms)
        for one, other in zip(note[:7], expected[:7], strict=True):
            assert float(one) == pytest.approx(float(other), rel=1e-12)

    def test_the_example_in_mid_life(self):
        """The second example of the docstring, by an integral and by paths."""
        years, levels = [230 / 365, 595 / 365], [95.0, 90.0]
        market = {"vol": 0.25, "rate": 0.03, "dividend": 0.01}
        expected = two_observations(91.0, 100.0, 60.0, years=years, levels=levels, redemption=[1.16, 1.24], **market)
        note = autocallable(
            91.0, 100.0, 60.0, expiry="2029-03-01", now="2027-07-15", state="alive", bonus=0.08,
            observations=["2027-03-01", "2028-03-01", "2029-03-01"], call_level=[100.0, 95.0, 90.0], **market,
        )  # fmt: skip
        assert float(note.price) == pytest.approx(expected, abs=1e-9)
        assert round(expected, 3) == 99.741
        # a bonus that grows from the second observation on: 0.08 for the one that has passed
        terms = {"call_level": levels, "observations": years, "bonus": 0.08, **market}
        mean, error = simulate(91.0, 100.0, 60.0, expiry=years[1], watch="always", seed=3, past=1, **terms)
        assert abs(float(note.price) - mean) < 3.0 * error
        assert error < 0.05

    @pytest.mark.parametrize("spot", [60.5, 75.0, 94.0, 120.0])
    @pytest.mark.parametrize("strike", [80.0, 100.0])
    def test_two_observations_by_an_integral(self, spot, strike):
        years, levels, market = [0.4, 1.7], [97.0, 92.0], {"vol": 0.35, "rate": 0.02, "dividend": 0.05}
        expected = two_observations(spot, strike, 60.0, years=years, levels=levels, redemption=[1.05, 1.2], **market)
        note = autocallable(
            spot, strike, 60.0, expiry=years[1], observations=years, call_level=levels, bonus=[0.05, 0.2], **market
        )
        assert float(note.price) == pytest.approx(expected, abs=1e-9)

    def test_arrays_of_everything(self):
        spot, vol, rate = np.linspace(55.0, 110.0, 5)[:, None], np.array([0.2, 0.3, 0.5]), np.array([0.0, 0.02, 0.05])
        values = {
            "strike": 100.0,
            "barrier": 60.0,
            "expiry": 3.0,
            "call_level": 100.0,
            "observations": 6,
            "bonus": 0.04,
        }
        notes = autocallable(spot, vol=vol, rate=rate, **values)
        assert notes.price.shape == (5, 3)
        for i in range(5):
            for j in range(3):
                one = autocallable(spot[i, 0], vol=vol[j], rate=rate[j], **values)
                assert float(one.vega) == pytest.approx(float(notes.vega[i, j]), rel=1e-10, abs=1e-10)

    def test_small_volatility_takes_no_more_memory(self):
        # even panels of two deviations would be 28 GB
        note = autocallable(100.0, 100.0, 60.0, vol=1e-4, expiry=3.0, call_level=100.0, observations=3, bonus=0.08)
        # half a chance at each observation to be above, all but independent of the rest of the way
        assert 104.0 < float(note.price) < 124.0
        sure = autocallable(101.0, 100.0, 60.0, vol=1e-4, expiry=3.0, call_level=100.0, observations=3, bonus=0.08)
        assert float(sure.price) == pytest.approx(108.0, rel=1e-12)

    def test_absurd_numbers_are_answered_at_once(self):
        with pytest.warns(RuntimeWarning, match="invalid"):
            note = autocallable(100.0, 100.0, 60.0, vol=0.3, expiry=1e8, call_level=100.0, observations=3, rate=0.02)
        assert math.isnan(note.price)

    def test_knocked_in_already(self):
        # at or below the barrier the put is there, however it is watched from now on
        always = autocallable([60.0, 50.0], **NOTE, **YEARLY)
        vanilla = autocallable([60.0, 50.0], **NOTE | {"barrier": 99.999}, **YEARLY)
        np.testing.assert_allclose(always.price, vanilla.price, rtol=1e-9)

    def test_daily_is_between(self):
        prices = [
            float(autocallable(80.0, **NOTE, **YEARLY, **terms).price)
            for terms in ({}, {"dates": 756}, {"watch": "observations"}, {"watch": "expiry"})
        ]
        assert prices == sorted(prices)

    def test_spots_that_are_no_prices(self):
        with np.errstate(all="ignore"):
            note = autocallable([100.0, math.nan, -1.0], **NOTE, **YEARLY)
        assert np.isnan(note.price).tolist() == [False, True, True]
        assert note.price[0] == pytest.approx(float(autocallable(100.0, **NOTE, **YEARLY).price), rel=1e-13)


@pytest.mark.parametrize(
    ("name", "value"),
    [("vol", 0.0), ("vol", -0.1), ("spot", -1.0), ("expiry", 0.0), ("rate", math.inf), ("nominal", math.inf)],
)
def test_numbers_out_of_their_domain(name, value):
    values = {"spot": 100.0, **NOTE, **YEARLY, name: value}
    with pytest.warns(RuntimeWarning, match="invalid"):
        assert math.isnan(autocallable(**values).price)


WRONG_CALLS = [
    (
        lambda: reverse_convertible(1.0, 1.0, 0.5, vol=0.3, expiry=1.0, payments=0),
        ValueError,
        "payments must be a whole number >= 1, got 0",
    ),
    (
        lambda: autocallable(100.0, **NOTE, **{**YEARLY, "observations": 2.5}),
        TypeError,
        "observations must be a whole number or a list of dates, got float",
    ),
    (
        lambda: autocallable(100.0, **NOTE, **YEARLY, watch="daily"),
        ValueError,
        "watch must be one of 'always', 'observations', 'expiry', got 'daily'",
    ),
    (
        lambda: autocallable(100.0, 100.0, 100.0, vol=0.3, expiry=3.0, **YEARLY),
        ValueError,
        "barrier[0] must be < call_level, 100.0, got 100.0",
    ),
    (
        lambda: autocallable(100.0, **NOTE, **YEARLY, coupon_level=101.0),
        ValueError,
        "coupon_level[0] must be at most call_level, got 101.0",
    ),
    (
        lambda: autocallable(100.0, "par", 60.0, vol=0.3, expiry=3.0, **YEARLY),
        TypeError,
        "strike must be a number or an array of numbers, got 'par'",
    ),
    (
        lambda: autocallable(100.0, **NOTE, **YEARLY | {"call_level": [100.0, 95.0]}),
        ValueError,
        "call_level must be a number or one for each of 3 observations, got shape (2,)",
    ),
    (
        lambda: autocallable(100.0, **NOTE, call_level=100.0, observations=[1.0, 3.0], coupon=0.1),
        ValueError,
        "coupon is per year: give payments_per_year=, such as 4 for quarterly observations",
    ),
    (
        lambda: autocallable(100.0, **NOTE, call_level=100.0, observations=[1, 2, 3]),
        ValueError,
        "observations=[1, 2, 3] may be years or counts: write [1.0, 2.0, 3.0]",
    ),
    (
        lambda: autocallable(100.0, **NOTE, call_level=100.0, observations=["2027-01-01"]),
        ValueError,
        "observations are times: give now=, the time of valuation",
    ),
    (
        lambda: autocallable(
            100.0, **NOTE, call_level=100.0, observations=["2027-01-01", "2029-01-01"], now="2028-01-01"
        ),
        ValueError,
        "observations[0] is not after now: say what the past dates did, state='alive' or state='in' "
        "(a date without a time of day is its midnight in UTC)",
    ),
    (
        lambda: autocallable(100.0, **NOTE, call_level=100.0, observations=[1.0, 3.5]),
        ValueError,
        "observations[1] must be at most the longest expiry, 3.0, got 3.5",
    ),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)
