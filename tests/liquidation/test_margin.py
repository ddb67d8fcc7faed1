"""Margin, leverage and profit of one position, tiers, and the frontier of a quanto position."""

import copy
import math
import pickle
from fractions import Fraction

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import contracts as exact
from oracle.liquidation import margin as oracle

import shortgamma as sg
from shortgamma.contracts import ETHUSD, NIKKEI_USD, NIKKEI_YEN, XBTUSD, Contract
from shortgamma.liquidation import Tiers

LINEAR = Contract("linear")
CONTRACTS = [LINEAR, XBTUSD, ETHUSD]

# steps whose edges, rates and amounts are all binary fractions: nothing is rounded on the way to the kernel
LOWER = [0.0, 64.0, 256.0, 1024.0, 8192.0]
RATE = [1 / 256, 1 / 128, 1 / 64, 1 / 16, 1 / 4]
TIERS = Tiers(LOWER, RATE)

each = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.kind)
prices = st.floats(0.5, 5e4)
sizes = st.floats(1.0, 1e6) | st.floats(-1e6, -1.0)


def close(actual, expected, rel=1e-13, scale=0.0):
    return math.isclose(float(actual), float(expected), rel_tol=rel, abs_tol=rel * float(scale))


def positions(contract, count, seed):
    """quantity, entry, margin such that values spread over all tiers; margins are binary fractions."""
    random = np.random.default_rng(seed)
    entry = np.round(random.uniform(50.0, 400.0, count) * 8) / 8
    worth = np.exp(random.uniform(np.log(8.0), np.log(40_000.0), count))
    unit = np.asarray(contract.value(1.0, entry))
    quantity = random.choice([-1.0, 1.0], count) * np.ceil(worth / unit)
    margin = np.ceil(worth / random.uniform(1.2, 3.0, count) * 64) / 64
    return quantity, entry, margin


class TestPublished:
    def test_ten_thousand_contracts_of_ethusd(self):
        assert float(ETHUSD.value(10_000, 264.55)) == 2.6455
        # at 50 times: BitMEX's initial margin of 2 %
        assert close(sg.liquidation.initial_margin(10_000, 264.55, contract=ETHUSD, initial=0.02), 0.05291)

    def test_the_two_nikkei_futures(self):
        # CME: 5 USD and 500 JPY a point
        assert float(NIKKEI_USD.value(1, 30_000.0)) == 150_000.0
        assert float(NIKKEI_YEN.value(1, 30_000.0)) == 15_000_000.0
        assert (NIKKEI_USD.kind, NIKKEI_YEN.kind) == ("quanto", "linear")
        # of one worth at 100 yen a dollar; after a rise of both by a tenth the yen contract has gained less in dollars
        assert float(NIKKEI_YEN.value(1, 30_000.0)) / 100.0 == 150_000.0
        dollars = float(NIKKEI_YEN.pnl(1, 30_000.0, 33_000.0)) / 110.0
        assert close(float(NIKKEI_USD.pnl(1, 30_000.0, 33_000.0)) / dollars, 1.1)

    def test_the_frontier_of_the_article(self):
        terms = {"contract": ETHUSD, "maintenance": 0.0, "fx_entry": 10_000.0}
        coin = np.array([5_000.0, 10_000.0, 12_500.0, 40_000.0])
        held = sg.liquidation.frontier(coin, -100, 200.0, 0.01, **terms)
        np.testing.assert_allclose(held, 300.0, rtol=1e-14)
        hedged = sg.liquidation.frontier(coin, -100, 200.0, 0.01, hedged=1.0, **terms)
        np.testing.assert_allclose(hedged, 200.0 + 1e6 / coin, rtol=1e-14)

    def test_coin_in_step_with_the_underlying(self):
        # X = 50 P on P = 200 + 10^6 / X: P^2 - 200 P - 20,000 = 0
        root = 100.0 + math.sqrt(30_000.0)
        assert round(root, 3) == 273.205
        terms = {"contract": ETHUSD, "maintenance": 0.0, "fx_entry": 10_000.0, "hedged": 1.0}
        assert close(sg.liquidation.frontier(50 * root, -100, 200.0, 0.01, **terms), root)

    def test_the_margin_with_which_the_article_is_right(self):
        terms = {"contract": ETHUSD, "maintenance": 0.0, "fx_entry": 10_000.0, "hedged": 1.0}
        assert float(sg.liquidation.frontier(12_500.0, -100, 200.0, 0.01, **terms)) > 250.0
        assert close(sg.liquidation.frontier(12_500.0, -100, 200.0, 0.00625, **terms), 250.0)

    def test_bankruptcy_at_ten_times(self):
        actual = sg.liquidation.bankruptcy_price([2.0, -2.0], 50.0, 10.0, contract=LINEAR)
        np.testing.assert_array_equal(actual, [45.0, 55.0])


class TestClosedForms:
    @each
    @given(quantity=sizes, entry=prices, mark=prices, share=st.floats(0.01, 1.5))
    def test_against_fractions(self, contract, quantity, entry, mark, share):
        kind, m = contract.kind, contract.multiplier
        opened = abs(exact.exact_value(kind, m, quantity, entry))
        value = abs(exact.exact_value(kind, m, quantity, mark))
        margin = float(opened) * share
        equity = Fraction(margin) + exact.exact_pnl(kind, m, quantity, entry, mark)
        terms = {"contract": contract}
        module = sg.liquidation
        assert close(
            module.initial_margin(quantity, mark, initial=0.02, fee=0.001, **terms), value * Fraction(21, 1000)
        )
        assert close(
            module.maintenance_margin(quantity, mark, maintenance=0.005, fee=0.00075, **terms),
            value * Fraction(23, 4000),
        )
        profit = module.pnl(quantity, entry, mark, entry_fee=0.001, exit_fee=-0.0002, funding=-2.0, **terms)
        expected = equity - Fraction(margin) - opened / 1000 + value / 5000 - 2
        assert close(profit, expected, scale=opened + value + 2)
        leverage = float(module.leverage_of(quantity, entry, mark, margin, **terms))
        ratio = float(module.margin_ratio(quantity, entry, mark, margin, maintenance=0.01, **terms))
        scale = Fraction(margin) + opened + value
        if equity > scale / 2**20:
            assert close(leverage, value / equity, 1e-8)
            assert close(ratio, value / equity / 100, 1e-8)
        elif equity < -scale / 2**20:
            assert leverage == ratio == math.inf

    @each
    @pytest.mark.parametrize("initial", [0.02, TIERS])
    def test_the_largest_position_takes_the_balance(self, contract, initial):
        price = np.array([50.0, 200.0, 3_000.0])[:, np.newaxis]
        balance = np.array([0.001, 3.0, 400.0, 5_000.0])
        quantity = sg.liquidation.max_quantity(price, balance, contract=contract, initial=initial, fee=0.001)
        needed = sg.liquidation.initial_margin(quantity, price, contract=contract, initial=initial, fee=0.001)
        np.testing.assert_allclose(needed, np.broadcast_to(balance, needed.shape), rtol=1e-13)

    def test_no_balance_no_position(self):
        actual = sg.liquidation.max_quantity(100.0, [-5.0, 0.0], contract=LINEAR, initial=0.1)
        np.testing.assert_array_equal(actual, [0.0, 0.0])

    def test_wiped_out_is_data(self):
        with np.errstate(all="raise"):
            assert sg.liquidation.leverage_of(1.0, 100.0, 50.0, 10.0, contract=LINEAR) == math.inf
            assert sg.liquidation.margin_ratio(1.0, 100.0, 50.0, 10.0, contract=LINEAR, maintenance=0.1) == math.inf
            assert np.isnan(sg.liquidation.leverage_of(0.0, 100.0, 50.0, 0.0, contract=LINEAR))

    @pytest.mark.parametrize("rate", [-0.01, 1.01, np.inf])
    def test_rates_out_of_range(self, rate):
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert np.isnan(sg.liquidation.initial_margin(1.0, 100.0, contract=LINEAR, initial=rate))
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert np.isnan(sg.liquidation.maintenance_margin(1.0, 100.0, contract=LINEAR, maintenance=TIERS, fee=rate))

    def test_nan_quietly(self):
        with np.errstate(all="raise"):
            for initial in (np.nan, 0.1, TIERS):
                quantity = 1.0 if initial is np.nan else np.nan
                assert np.isnan(sg.liquidation.initial_margin(quantity, 100.0, contract=LINEAR, initial=initial))
                balance = 1.0 if initial is np.nan else np.nan
                assert np.isnan(sg.liquidation.max_quantity(100.0, balance, contract=LINEAR, initial=initial))

    def test_out_and_names_of_arguments(self):
        out = np.empty(2)
        assert sg.liquidation.initial_margin([1.0, 2.0], 100.0, contract=LINEAR, initial=0.1, out=out) is out
        np.testing.assert_array_equal(out, [10.0, 20.0])
        with pytest.raises(TypeError, match="contract must be a Contract"):
            sg.liquidation.leverage_of(1.0, 1.0, 1.0, 1.0, contract="XBTUSD")
        with pytest.raises(TypeError, match="initial must be"):
            sg.liquidation.max_quantity(1.0, 1.0, contract=LINEAR, initial="2 %")


class TestTiers:
    @given(value=st.floats(0.0, 1e6))
    def test_margin_is_that_of_the_steps(self, value):
        assert close(TIERS.margin(-value), oracle.margin(LOWER, RATE, value))

    def test_amounts_that_a_venue_would_print(self):
        # edges times steps of the rates: 0; 50,000 x 0.1 %; that + 250,000 x 0.5 %; that + 1,000,000 x 1.5 %
        tiers = Tiers([0, 50_000, 250_000, 1_000_000], [0.004, 0.005, 0.01, 0.025])
        np.testing.assert_allclose(tiers.amount, [0, 50, 1_300, 16_300], rtol=1e-12)

    @each
    def test_price_is_where_the_shortfall_turns(self, contract):
        quantity, entry, margin = positions(contract, 400, 1)
        levels = sg.liquidation.liquidation_price(
            quantity, entry, margin, contract=contract, maintenance=TIERS, fee=1 / 1024
        )
        found = 0
        for q, e, c, level in zip(quantity, entry, margin, levels, strict=True):
            terms = (contract.kind, contract.multiplier, q, e, c, LOWER, RATE, 1 / 1024)
            if 0.0 < level < math.inf:
                found += 1
                worse, better = (1 - 1e-10, 1 + 1e-10) if q > 0 else (1 + 1e-10, 1 - 1e-10)
                assert oracle.shortfall(*terms, level * worse) > 0
                assert oracle.shortfall(*terms, level * better) < 0
            else:
                assert level == (0.0 if q > 0 else math.inf)
                assert oracle.shortfall(*terms, 1e-6 if q > 0 else 1e12) <= 0
        assert found > 200

    @each
    def test_first_breach_is_exact_around_the_price(self, contract):
        quantity, entry, margin = positions(contract, 300, 2)
        terms = {"contract": contract, "maintenance": TIERS, "fee": 1 / 1024}
        level = sg.liquidation.liquidation_price(quantity, entry, margin, **terms)
        level = np.where((level > 0.0) & (level < np.inf), level, entry)
        away = np.where(quantity > 0, np.inf, 0.0)
        toward = np.where(quantity > 0, 0.0, np.inf)
        path = np.stack([entry, np.nextafter(level, away), level, np.nextafter(level, toward), level * 0.5, level * 2])
        actual = sg.liquidation.first_breach(path, quantity, entry, margin, **terms)
        expected = []
        for i, (q, e, c) in enumerate(zip(quantity, entry, margin, strict=True)):
            exact_terms = (contract.kind, contract.multiplier, q, e, c, LOWER, RATE, 1 / 1024)
            bars = [t for t, p in enumerate(path[:, i]) if oracle.shortfall(*exact_terms, p) > 0]
            expected.append(bars[0] if bars else 6)
        np.testing.assert_array_equal(actual, expected)
        assert {2, 3} <= set(expected)

    @each
    def test_one_tier_is_the_flat_rate(self, contract):
        quantity, entry, margin = positions(contract, 200, 3)
        path = np.linspace(10.0, 900.0, 50)[:, np.newaxis]
        for function, first in ((sg.liquidation.liquidation_price, ()), (sg.liquidation.first_breach, (path,))):
            flat = function(*first, quantity, entry, margin, contract=contract, maintenance=0.01)
            one = function(*first, quantity, entry, margin, contract=contract, maintenance=Tiers([0.0], [0.01]))
            np.testing.assert_array_equal(one, flat)

    def test_no_position_has_no_price_and_nan_no_bar(self):
        assert np.isnan(sg.liquidation.liquidation_price(0.0, 1.0, 1.0, contract=LINEAR, maintenance=TIERS))
        breach = sg.liquidation.first_breach([1.0], [np.nan, 1.0], 1.0, 9.0, contract=LINEAR, maintenance=TIERS)
        np.testing.assert_array_equal(breach, [2, 1])

    @pytest.mark.parametrize(
        ("lower", "rate", "message"),
        [
            ([0, 5, 5], [0.1, 0.2, 0.3], r"lower\[2\] must be above the edge before"),
            ([0, 9, 5], [0.1, 0.2, 0.3], r"lower\[2\] must be above the edge before"),
            ([1, 9], [0.1, 0.2], r"lower\[0\] must be 0"),
            ([0, 9], [0.2, 0.1], r"rate\[1\] must be at least the rate before"),
            ([0, 9], [0.2, 1.0], r"rate\[1\] must be in \[0, 1\)"),
            ([0, np.nan], [0.1, 0.2], r"lower\[1\] must be finite"),
            ([0, 9], [0.1], r"rate has shape"),
            ([], [], "at least one edge"),
        ],
    )
    def test_what_are_no_tiers(self, lower, rate, message):
        with pytest.raises(ValueError, match=message):
            Tiers(lower, rate)

    def test_they_are_values(self):
        same = Tiers(LOWER, RATE)
        assert same == TIERS
        assert hash(same) == hash(TIERS)
        assert pickle.loads(pickle.dumps(TIERS)) == copy.copy(TIERS) == TIERS
        assert Tiers([0.0], [0.1]) != TIERS != "tiers"
        assert len(TIERS) == 5
        assert eval(repr(TIERS)) == TIERS
        with pytest.raises(AttributeError, match="does not change"):
            TIERS.rate = RATE
        with pytest.raises(AttributeError, match="does not change"):
            del TIERS.rate
        with pytest.raises(ValueError, match="read-only"):
            TIERS.rate[0] = 0.0


class TestFrontier:
    def test_part_hedged_is_the_margin_that_is_left(self):
        coin = np.linspace(4_000.0, 30_000.0, 9)
        terms = {"contract": ETHUSD, "maintenance": 0.01, "fee": 0.00075}
        actual = sg.liquidation.frontier(coin, -100, 200.0, 0.01, fx_entry=10_000.0, hedged=0.25, **terms)
        margin = 0.0075 + 0.0025 * 10_000.0 / coin
        np.testing.assert_allclose(actual, sg.liquidation.liquidation_price(-100, 200.0, margin, **terms), rtol=1e-13)
        assert (np.diff(actual) < 0).all()

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"contract": XBTUSD}, "contract must be quanto or linear"),
            ({"fx_entry": 0.0}, "fx_entry must be a number > 0"),
            ({"hedged": [0.5, 1.5]}, r"hedged\[1\] must be in \[0, 1\]"),
            ({"hedged": -0.5}, r"hedged must be in \[0, 1\]"),
            ({"fx": [1.0, -1.0]}, r"fx\[1\] must be a number > 0"),
            ({"fx": np.inf}, "fx must be a number > 0"),
        ],
    )
    def test_what_has_no_frontier(self, change, message):
        terms = {"fx": 1.0, "contract": ETHUSD, "fx_entry": 1.0, "maintenance": 0.0} | change
        with pytest.raises(ValueError, match=message):
            sg.liquidation.frontier(quantity=-100, entry=200.0, margin=0.01, **terms)


def touch(spot, level, drift, vol, time):
    """Probability of a touch, to 40 digits: reflection, as in the notes on the first passage of a drifting motion."""
    with mp.workdps(40):
        b, k = mp.log(mp.mpf(level) / mp.mpf(spot)), mp.mpf(drift) - mp.mpf(vol) ** 2 / 2
        spread = mp.mpf(vol) * mp.sqrt(time)
        up = 1 if b > 0 else -1
        first = mp.ncdf(up * (k * time - b) / spread)
        return first + mp.exp(2 * k * b / mp.mpf(vol) ** 2) * mp.ncdf(up * (-b - k * time) / spread)


class TestBreachProbability:
    @pytest.mark.parametrize(
        ("leverage", "percent"), [(2, 1.4), (3, 7.8), (5, 25.8), (10, 54.8), (20, 75.5), (50, 89.8)]
    )
    def test_shorts_of_a_month(self, leverage, percent):
        # 17 % of volatility a month, no drift, no maintenance
        actual = sg.liquidation.breach_probability(
            200.0, -100, 200.0, 0.02 / leverage, contract=ETHUSD, maintenance=0.0, vol=0.17, expiry=1.0
        )
        assert round(100 * float(actual), 1) == percent

    @each
    def test_against_the_first_passage(self, contract):
        random = np.random.default_rng(5)
        quantity, entry, margin = positions(contract, 60, 4)
        mark = entry * np.exp(random.normal(0.0, 0.02, 60))
        drift, vol, time = random.uniform(-0.5, 0.5, 60), random.uniform(0.3, 1.2, 60), random.uniform(0.05, 2.0, 60)
        terms = {"contract": contract, "maintenance": TIERS}
        level = sg.liquidation.liquidation_price(quantity, entry, margin, **terms)
        actual = sg.liquidation.breach_probability(
            mark, quantity, entry, margin, vol=vol, expiry=time, drift=drift, **terms
        )
        checked = 0
        for i in range(60):
            if not 0.0 < level[i] < math.inf:
                assert actual[i] == 0.0
            elif (mark[i] - level[i]) * quantity[i] <= 0:
                assert actual[i] == 1.0
            else:
                checked += 1
                expected = touch(mark[i], level[i], drift[i], vol[i], time[i])
                assert abs(actual[i] - expected) <= 1e-12 * expected + 1e-300
        assert checked >= 20

    def test_against_simulation(self):
        # the maximum of a Brownian bridge between two days is drawn exactly, so days do not bias it
        random = np.random.default_rng(6)
        days, paths, vol = 30, 40_000, 0.8
        step = random.normal(-0.5 * vol**2 / 365, vol / math.sqrt(365), (days, paths))
        end = np.cumsum(step, axis=0)
        start = end - step
        high = 0.5 * (start + end + np.sqrt(step**2 - 2 * vol**2 / 365 * np.log(random.uniform(size=step.shape))))
        terms = {"contract": LINEAR, "maintenance": 0.01}
        for leverage in (2, 3, 5, 10, 20):
            level = sg.liquidation.liquidation_price(-1.0, 1.0, 1 / leverage, **terms)
            hit = (high.max(axis=0) >= math.log(level)).mean()
            exact_one = sg.liquidation.breach_probability(
                1.0, -1.0, 1.0, 1 / leverage, vol=vol, expiry=days / 365, **terms
            )
            assert abs(hit - exact_one) <= 3 * math.sqrt(exact_one * (1 - exact_one) / paths)

    def test_certain_answers(self):
        terms = {"contract": LINEAR, "maintenance": 0.0, "vol": 0.5, "expiry": 1.0}
        with np.errstate(all="raise"):
            assert sg.liquidation.breach_probability(50.0, 1.0, 50.0, 60.0, **terms) == 0.0
            assert sg.liquidation.breach_probability(40.0, 1.0, 50.0, 5.0, **terms) == 1.0
            assert sg.liquidation.breach_probability(50.0, -1.0, 50.0, -60.0, **terms) == 1.0
            assert np.isnan(sg.liquidation.breach_probability(50.0, 0.0, 50.0, 5.0, **terms))
            assert np.isnan(sg.liquidation.breach_probability(np.nan, 1.0, 50.0, 60.0, **terms))
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert np.isnan(sg.liquidation.breach_probability(50.0, 1.0, 50.0, 60.0, **terms | {"vol": -1.0}))

    @pytest.mark.parametrize("name", ["mark", "vol", "expiry", "drift"])
    def test_errors_name_the_argument(self, name):
        terms = {"mark": 50.0, "vol": 0.5, "expiry": 1.0, "drift": 0.0, "contract": LINEAR, "maintenance": 0.0}
        position = {"quantity": [1.0, 2.0], "entry": 50.0, "margin": 5.0}
        with pytest.raises(ValueError, match=f"{name} of shape"):
            sg.liquidation.breach_probability(**position, **terms | {name: [1.0, 1.0, 1.0]})
        with pytest.raises(TypeError, match=f"{name} must be a number"):
            sg.liquidation.breach_probability(**position, **terms | {name: "one"})
