"""From a book to a funding rate."""

import math
from fractions import Fraction
from sys import float_info

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listed import ETHUSD, XBTUSD
from oracle import assert_same_bits, roundings
from oracle.funding import rates as oracle
from wrong import refused

from shortgamma.contracts import Contract
from shortgamma.funding import average_premium, impact_price, predicted_rate, premium_index, rate

premiums = st.floats(-0.05, 0.05)


class TestRate:
    @pytest.mark.parametrize(
        ("premium", "keywords", "expected"),
        [
            # Binance's FAQ, 2020-08-28 08:00 UTC, and the edges of its band
            (0.000429, {}, 0.0001),
            (-0.0004, {}, 0.0001),
            (0.0006, {}, 0.0001),
            (0.0009989604989604979 + 0.0005, {}, 0.0009989604989604979),
            # Hyperliquid's page: a premium of 1 %
            (0.01, {}, 0.0095),
            # Deribit: zero inside +-0.025 %, beyond it what is beyond
            (0.0001, {"interest": 0.0, "clamp": 0.00025}, 0.0),
            (0.00025, {"interest": 0.0, "clamp": 0.00025}, 0.0),
            (0.001, {"interest": 0.0, "clamp": 0.00025}, 0.00075),
            (-0.001, {"interest": 0.0, "clamp": 0.00025}, -0.00075),
            # OKX: no band, a cap for BTC; XBTUSD on 2020-03-13 at its floor
            (0.005, {"interest": 0.0, "clamp": 0.0, "cap": 0.00375}, 0.00375),
            (-0.0123, {"cap": 0.00375}, -0.00375),
            (-0.0123, {"cap": 0.00375, "floor": -0.003}, -0.003),
            # BitMEX's guide: quote interest 1 %, base interest 0.25 % a day
            (0.0025, {"interest": 0.0075 / 3, "cap": 0.00375}, 0.0025),
        ],
    )
    def test_published(self, premium, keywords, expected):
        assert rate(premium, **keywords) == pytest.approx(expected, rel=1e-12, abs=0.0)

    @given(premiums, st.floats(-0.01, 0.01), st.floats(0.0, 0.001), st.floats(0.0, 0.01), st.floats(-0.01, 0.0))
    def test_is_the_exact_one_rounded(self, premium, interest, clamp, cap, floor):
        exact = oracle.rate(premium, interest, clamp, cap, floor)
        actual = rate(premium, interest, clamp=clamp, cap=cap, floor=floor)
        scale = Fraction(max(abs(premium), abs(interest), clamp)) or Fraction(1)
        assert roundings(actual, exact, scale) <= 2.0

    @given(premiums)
    def test_deribit_is_the_same_formula(self, premium):
        band = 0.00025
        expected = max(band, premium) + min(-band, premium)
        assert rate(premium, 0.0, clamp=band) == pytest.approx(expected, rel=1e-12, abs=1e-18)

    @given(premiums, premiums)
    def test_never_falls_as_the_premium_rises(self, first, second):
        low, high = sorted([first, second])
        assert rate(low) <= rate(high) + 1e-17

    def test_terms_out_of_their_range(self):
        with np.errstate(invalid="ignore"):
            assert math.isnan(rate(0.001, clamp=-0.1))
            assert math.isnan(rate(0.001, cap=0.001, floor=0.002))
        with np.errstate(all="raise"):
            assert math.isnan(rate(math.nan))
            assert rate(math.inf, cap=0.01) == 0.01


class TestPremium:
    def test_hyperliquid(self):
        assert premium_index(10_100.0, 10_110.0, 10_000.0) == 0.01

    def test_hourly_share(self):
        # an eighth of the 8-hour rate of a premium of 1 % is 0.11875 %, 118.75 on 10 BTC at 10,000
        hourly = rate(premium_index(10_100.0, 10_110.0, 10_000.0)) / 8
        assert hourly == pytest.approx(0.0011875, rel=1e-14)
        assert hourly * 10 * 10_000 == pytest.approx(118.75, rel=1e-14)

    def test_inside_the_spread_there_is_none(self):
        assert_same_bits(premium_index([99.0, 101.0, 90.0], [101.0, 105.0, 95.0], 100.0), [0.0, 0.01, -0.05])

    def test_against_the_mark(self):
        assert premium_index(101.0, 102.0, 50.0, mark=100.0, basis=0.001) == pytest.approx(0.021, rel=1e-15)

    def test_hyperliquid_settled(self):
        # a settled hour: premium -0.0005591732, charge -0.0000073966, whose last digit is cut, not rounded
        assert rate(-0.0005591732) / 8 == pytest.approx(-0.0000073966, abs=1e-10)


class TestImpactPrice:
    @given(
        st.lists(st.tuples(st.floats(0.5, 2.0), st.floats(0.0, 5.0)), min_size=1, max_size=6),
        st.floats(0.01, 10.0),
        st.sampled_from([("linear", 1.0), ("inverse", 1.0), ("quanto", 0.001)]),
    )
    def test_is_what_an_order_pays(self, levels, notional, kind):
        prices, sizes = map(list, zip(*levels, strict=True))
        contract = Contract(*kind)
        actual = impact_price(prices, sizes, notional * contract.multiplier, contract=contract)
        exact = oracle.impact_price(
            prices, sizes, notional * contract.multiplier, contract.multiplier, contract.inverse
        )
        if exact is None:
            assert math.isnan(actual)
        elif not math.isnan(actual):
            assert roundings(actual, exact) <= 12.0
        else:
            # the last level all but fills it: rounding decides
            assert oracle.impact_price(prices, sizes, notional * contract.multiplier * (1 + 1e-14),
                                       contract.multiplier, contract.inverse) is None  # fmt: skip

    def test_a_book_ends_where_it_ends(self):
        books = np.array([[100.0, 101.0, 102.0], [100.0, math.nan, math.nan]])
        with np.errstate(all="raise"):
            np.testing.assert_array_equal(impact_price(books, np.ones((2, 3)), 150.0) > 100.0, [True, False])
            assert math.isnan(impact_price(books[1], np.ones(3), 150.0))
            assert impact_price(books[1], np.ones(3), 100.0) == 100.0

    def test_axis_and_levels_that_are_none(self):
        books = np.array([[100.0, 100.0], [110.0, 120.0]])
        sizes = np.array([[1.0, 1.0], [9.0, 9.0]])
        expected = [impact_price(books[:, i], sizes[:, i], 200.0) for i in range(2)]
        assert_same_bits(impact_price(books, sizes, 200.0, axis=0), expected)
        for prices, amounts in (([0.0], [9.0]), ([1.0], [-9.0]), ([math.inf], [9.0])):
            with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
                impact_price(prices, amounts, 5.0)


class TestAverage:
    def test_bybit_weighs_the_latest_most(self):
        # nothing for 240 minutes, then 0.2 %
        premium = np.repeat([0.0, 0.002], 240)
        exact = Fraction(sum(range(241, 481)), sum(range(1, 481))) * Fraction(0.002)
        linear = average_premium(premium, weighting="linear")
        assert roundings(linear, exact) <= 2.0
        assert linear == pytest.approx(0.0014989604989604978, rel=1e-15)
        assert rate(linear) == pytest.approx(0.0009989604989604979, rel=1e-13)
        assert average_premium(premium) == pytest.approx(0.001, rel=1e-15)

    def test_time(self):
        time = np.array(["2021-01-01T00", "2021-01-01T01", "2021-01-01T04"], dtype="datetime64[h]")
        actual = average_premium([0.1, 0.2, 0.3], weighting="time", time=time, end=np.datetime64("2021-01-01T08"))
        assert actual == pytest.approx((0.1 + 3 * 0.2 + 4 * 0.3) / 8, rel=1e-15)

    @given(st.lists(premiums, min_size=1, max_size=40), st.sampled_from(["equal", "linear"]))
    def test_running(self, samples, weighting):
        running = average_premium(samples, weighting=weighting, running=True)
        for i in range(len(samples)):
            weights = range(1, i + 2) if weighting == "linear" else [1] * (i + 1)
            exact = sum(Fraction(w) * Fraction(x) for w, x in zip(weights, samples, strict=False)) / sum(weights)
            # below the normal numbers a rounding is no part of a number
            scale = Fraction(max(*map(abs, samples[: i + 1]), float_info.min))
            assert exact == 0 or roundings(running[i], exact, scale) <= 3.0
        assert average_premium(samples, weighting=weighting) == running[-1]

    def test_axis_and_frames(self):
        pd = pytest.importorskip("pandas")
        premium = np.random.default_rng(3).normal(0.0, 1e-3, (7, 3))
        expected = [average_premium(column, weighting="linear") for column in premium.T]
        assert_same_bits(average_premium(premium, weighting="linear"), expected)
        assert_same_bits(average_premium(premium.T, weighting="linear", axis=1), expected)
        frame = pd.DataFrame(premium, columns=list("abc"))
        assert average_premium(frame, weighting="linear").index.tolist() == list("abc")

    def test_prediction_ends_at_the_rate(self):
        premium = np.random.default_rng(4).normal(0.001, 1e-3, 480)
        predicted = predicted_rate(premium, cap=0.00075, weighting="linear")
        assert predicted[-1] == rate(average_premium(premium, weighting="linear"), cap=0.00075)
        assert predicted[0] == rate(premium[0], cap=0.00075)
        assert predicted.max() <= 0.00075


DAYS = np.datetime64("2020-01-01") + np.arange(3)
WRONG_CALLS = [
    (lambda: rate("high"), TypeError, "premium must be a number or an array of numbers, got 'high'"),
    (
        lambda: rate(np.ones(3), np.ones(2)),
        ValueError,
        "interest of shape (2,) does not broadcast with premium of shape (3,)",
    ),
    (lambda: premium_index(1.0, 2.0, None), TypeError, "index must be a number or an array of numbers, got None"),
    (lambda: impact_price([1.0, 2.0], [1.0], 1.0), ValueError, "quantity has shape (1,), prices has (2,)"),
    (lambda: impact_price(1.0, 1.0, 1.0), ValueError, "prices must have at least one dimension"),
    (lambda: impact_price([1.0], [1.0], 1.0, contract=1), TypeError, "contract must be a Contract, got int"),
    (lambda: average_premium(0.1), ValueError, "premium must have at least one dimension"),
    (lambda: average_premium([]), ValueError, "premium has no samples"),
    (
        lambda: average_premium([0.1], weighting="square"),
        ValueError,
        "weighting must be one of 'equal', 'linear', 'time', got 'square'",
    ),
    (
        lambda: average_premium([0.1], time=[1], end=2),
        ValueError,
        "time and end must be given with weighting='time', and with no other",
    ),
    (
        lambda: average_premium([0.1], weighting="time", time=[1]),
        ValueError,
        "time and end must be given with weighting='time', and with no other",
    ),
    (
        lambda: average_premium([0.1, 0.2], weighting="time", time=DAYS[:1], end=DAYS[1]),
        ValueError,
        "time has length 1, premium has 2 along the time axis",
    ),
    (
        lambda: average_premium([0.1, 0.2], weighting="time", time=DAYS[[0, 0]], end=DAYS[1]),
        ValueError,
        "time[1] must be later than time[0]",
    ),
    (
        lambda: average_premium([0.1, 0.2], weighting="time", time=DAYS[[0, 2]], end=DAYS[1]),
        ValueError,
        "end must be later than time[1]",
    ),
    (
        lambda: predicted_rate([0.1, 0.2], np.ones(3)),
        ValueError,
        "interest has length 3 along the time axis, premium has 2",
    ),
]


test_wrong_calls = refused(WRONG_CALLS, numbered=True)


def test_contracts_of_a_book():
    # 30,000 XBTUSD at 60,000 are half a coin
    assert impact_price([60_000.0], [1e6], 0.5, contract=XBTUSD) == 60_000.0
    assert impact_price([2_000.0], [1e6], 20.0, contract=ETHUSD) == 2_000.0
