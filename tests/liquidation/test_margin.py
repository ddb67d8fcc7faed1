"""Margin, leverage and profit of one position, tiers, and the frontier of a quanto position."""

import copy
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listed import ETHUSD, NIKKEI_USD, NIKKEI_YEN, XBTUSD
from oracle import contracts as exact
from oracle.liquidation import margin as oracle
from oracle.liquidation.probability import touch

import shortgamma as sg
from shortgamma.contracts import Contract
from shortgamma.liquidation import MarginRate, RisingMargin, RiskLimits, Tiers

LINEAR = Contract("linear")
CONTRACTS = [LINEAR, XBTUSD, ETHUSD]

# steps whose edges, rates and amounts are all binary fractions: nothing is rounded on the way to the kernel
LOWER = [0.0, 64.0, 256.0, 1024.0, 8192.0]
RATE = [1 / 256, 1 / 128, 1 / 64, 1 / 16, 1 / 4]
TIERS = Tiers(LOWER, RATE)

LIMITS = RiskLimits([0.0, 200.0, 300.0, 400.0], [0.005, 0.01, 0.015, 0.02])
RISING = RisingMargin(0.01, 0.00005)

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
            sg.liquidation.leverage_of(1.0, 1.0, 1.0, 1.0, contract=3)
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


class TestRiskLimits:
    @given(size=st.floats(-1e3, 1e3))
    def test_rate_of(self, size):
        assert LIMITS.rate_of(size) == float(oracle.rate_of(LIMITS.lower, LIMITS.rate, size))

    def test_edges_belong_to_the_tier_below(self):
        edge = 200.0
        sizes = [np.nextafter(edge, 0.0), edge, np.nextafter(edge, np.inf), np.nan, np.inf]
        np.testing.assert_array_equal(LIMITS.rate_of(sizes), [0.005, 0.005, 0.01, np.nan, 0.02])

    @each
    @pytest.mark.parametrize("by", ["value", "quantity"])
    def test_functions_take_the_rate_of_the_size_at_entry(self, contract, by):
        random = np.random.default_rng(1)
        entry = random.uniform(50.0, 400.0, 100)
        quantity = random.choice([-1.0, 1.0], 100) * random.uniform(10.0, 600.0, 100)
        quantity /= 1.0 if by == "quantity" else contract.value(1.0, entry)
        limits = RiskLimits(LIMITS.lower, LIMITS.rate, by=by)
        opened = np.abs(contract.value(quantity, entry))
        rate = [float(oracle.rate_of(limits.lower, limits.rate, s)) for s in limits.size(contract, quantity, entry)]
        assert len(set(rate)) == 4
        margin, mark = 0.1 * opened, 0.97 * entry
        terms = {"contract": contract, "fee": 0.001}
        path = entry * np.exp(np.cumsum(random.normal(0.0, 0.02, (60, 100)), axis=0))
        module = sg.liquidation
        for function, first in (
            (module.liquidation_price, (quantity, entry, margin)),
            (module.first_breach, (path, quantity, entry, margin)),
            (module.margin_ratio, (quantity, entry, mark, margin)),
        ):
            expected = function(*first, maintenance=np.array(rate), **terms)
            np.testing.assert_array_equal(function(*first, maintenance=limits, **terms), expected)
        expected = module.maintenance_margin(quantity, entry, maintenance=np.array(rate), **terms)
        np.testing.assert_array_equal(module.maintenance_margin(quantity, entry, maintenance=limits, **terms), expected)

    @each
    @pytest.mark.parametrize("by", ["value", "quantity"])
    def test_the_largest_position(self, contract, by):
        limits = RiskLimits([0.0, 20.0, 30.0], [0.01, 0.02, 0.03], by=by)
        price = 200.0
        balance = np.geomspace(1e-5, 1e4, 200)
        most = sg.liquidation.max_quantity(price, balance, contract=contract, initial=limits, fee=0.001)
        needed = sg.liquidation.initial_margin(most, price, contract=contract, initial=limits, fee=0.001)
        assert (needed <= balance * (1 + 1e-12)).all()
        more = sg.liquidation.initial_margin(most * (1 + 1e-12), price, contract=contract, initial=limits, fee=0.001)
        assert (more >= balance * (1 - 1e-12)).all()
        assert (np.diff(most) >= 0.0).all()
        assert sg.liquidation.max_quantity(price, -1.0, contract=contract, initial=limits) == 0.0

    @pytest.mark.parametrize(
        ("lower", "rate", "by", "message"),
        [
            ([0, 5, 5], [0.1, 0.2, 0.3], "value", r"lower\[2\] must be above the edge before, got 5.0"),
            ([1, 9], [0.1, 0.2], "value", r"lower\[0\] must be 0 on the first tier, got 1.0"),
            ([0, 9], [0.2, 0.1], "value", r"rate\[1\] must be at least the rate before, got 0.1"),
            ([0, 9], [0.2, 1.5], "value", r"rate\[1\] must be in \[0, 1\], got 1.5"),
            ([0, np.inf], [0.1, 0.2], "value", r"lower\[1\] must be finite and at least 0, got inf"),
            ([0, 9], [0.1], "value", r"rate has shape \(1,\), lower has \(2,\)"),
            ([], [], "value", r"lower must be a sequence of at least one edge, got shape \(0,\)"),
            ([0], [0.1], "size", "by must be one of 'value', 'quantity', got 'size'"),
        ],
    )
    def test_wrong_calls(self, lower, rate, by, message):
        with pytest.raises(ValueError, match=message):
            RiskLimits(lower, rate, by=by)


class TestRisingMargin:
    @each
    @given(
        quantity=st.floats(1.0, 1e6) | st.floats(-1e6, -1.0),
        entry=st.floats(0.5, 5e4),
        share=st.floats(0.02, 0.9),
        slope=st.floats(0.0, 0.5),
    )
    def test_price_is_where_the_shortfall_turns(self, contract, quantity, entry, share, slope):
        value = abs(float(contract.value(quantity, entry)))
        rising = RisingMargin(0.01, slope / value)
        margin = share * value
        level = float(
            sg.liquidation.liquidation_price(quantity, entry, margin, contract=contract, maintenance=rising, fee=0.001)
        )
        terms = (contract.kind, contract.multiplier, quantity, entry, margin, 0.01, slope / value, 0.001)
        worse = 1.0 - 1e-9 if quantity > 0 else 1.0 + 1e-9
        if 0.0 < level < math.inf:
            assert oracle.rising_shortfall(*terms, level * worse) > 0
            assert oracle.rising_shortfall(*terms, level / worse) < 0
        else:
            # the side of the prices to which the position is lost: none, or all that are near
            breached = oracle.rising_shortfall(*terms, entry) > 0
            never = 0.0 if quantity > 0 else math.inf
            assert (level != never) == breached

    @each
    def test_without_a_slope_it_is_the_flat_rate(self, contract):
        random = np.random.default_rng(2)
        entry = random.uniform(50.0, 400.0, 100)
        quantity = random.choice([-1.0, 1.0], 100) * random.uniform(10.0, 600.0, 100)
        margin = np.abs(contract.value(quantity, entry)) * random.uniform(-1.2, 1.2, 100)
        terms = {"contract": contract, "fee": 0.001}
        expected = sg.liquidation.liquidation_price(quantity, entry, margin, maintenance=0.02, **terms)
        actual = sg.liquidation.liquidation_price(quantity, entry, margin, maintenance=RisingMargin(0.02, 0.0), **terms)
        np.testing.assert_allclose(actual, expected, rtol=1e-13)
        by_quantity = RisingMargin(0.02, 0.0, by="quantity")
        actual = sg.liquidation.liquidation_price(quantity, entry, margin, maintenance=by_quantity, **terms)
        np.testing.assert_array_equal(actual, expected)

    def test_nothing_to_solve(self):
        price = sg.liquidation.liquidation_price
        with np.errstate(all="raise"):
            assert np.isnan(price(0.0, 100.0, 1.0, contract=LINEAR, maintenance=RISING))
            assert np.isnan(price(np.nan, 100.0, 1.0, contract=LINEAR, maintenance=RISING))
            assert price(1.0, 100.0, 101.0, contract=LINEAR, maintenance=RISING) == 0.0
            assert price(-1.0, 100.0, -101.0, contract=LINEAR, maintenance=RISING) == 0.0
            assert price(-100.0, 100.0, 1.5, contract=XBTUSD, maintenance=RISING) == np.inf
            # requirement above any equity that a price can give
            assert price(100.0, 100.0, 1.0, contract=LINEAR, maintenance=RisingMargin(0.01, 1.0)) == np.inf
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert np.isnan(price(1.0, -100.0, 1.0, contract=LINEAR, maintenance=RISING))

    @each
    @pytest.mark.parametrize("by", ["value", "quantity"])
    def test_the_largest_position_takes_the_balance(self, contract, by):
        scale = 1.0 if by == "value" else float(contract.value(1.0, 200.0))
        rising = RisingMargin(0.02, 0.0002 * scale, by=by)
        price, balance = np.array([150.0, 200.0, 300.0])[:, np.newaxis], np.array([0.001, 3.0, 400.0])
        most = sg.liquidation.max_quantity(price, balance, contract=contract, initial=rising, fee=0.001)
        needed = sg.liquidation.initial_margin(most, price, contract=contract, initial=rising, fee=0.001)
        np.testing.assert_allclose(needed, np.broadcast_to(balance, needed.shape), rtol=1e-12)

    @each
    def test_breach_by_value_is_that_of_the_price(self, contract):
        quantity, entry, margin = positions(contract, 200, 11)
        quantity[:3], margin[3:6] = 0.0, -1e6
        value = np.abs(contract.value(np.where(quantity == 0.0, 1.0, quantity), entry))
        rising = RisingMargin(0.01, 0.02 / float(value.max()))
        terms = {"contract": contract, "maintenance": rising, "fee": 0.001}
        level = sg.liquidation.liquidation_price(quantity, entry, margin, **terms)
        random = np.random.default_rng(12)
        mark = entry * np.exp(np.cumsum(0.05 * random.standard_normal((60, 200)), axis=0))
        dead = np.where(quantity > 0.0, mark < level, mark > level)
        dead[:, :3] = margin[:3] < 0.0
        expected = np.where(dead.any(axis=0), dead.argmax(axis=0), 60)
        np.testing.assert_array_equal(sg.liquidation.first_breach(mark, quantity, entry, margin, **terms), expected)
        assert len(set(expected.tolist())) > 10

    def test_breach_by_quantity(self):
        by_quantity = RisingMargin(0.01, 0.04, by="quantity")
        # 1 % + 2 x 4 % of the value, of a margin of 20: breached below (200 - 20) / (2 - 0.18) = 98.901
        terms = {"contract": LINEAR, "maintenance": by_quantity}
        assert sg.liquidation.first_breach([99.0, 98.91, 98.9], 2.0, 100.0, 20.0, **terms) == 2

    @pytest.mark.parametrize(
        ("rate", "slope", "by", "message"),
        [
            (1.0, 0.0, "value", r"rate must be a number in \[0, 1\), got 1.0"),
            ("2 %", 0.0, "value", r"rate must be a number in \[0, 1\), got '2 %'"),
            (0.1, -1.0, "value", "slope must be a number >= 0, got -1.0"),
            (0.1, np.inf, "value", "slope must be a number >= 0, got inf"),
            (0.1, 0.0, "coins", "by must be one of 'value', 'quantity', got 'coins'"),
        ],
    )
    def test_wrong_calls(self, rate, slope, by, message):
        with pytest.raises(ValueError, match=message):
            RisingMargin(rate, slope, by=by)


class TestMarginRate:
    @each
    @pytest.mark.parametrize("fee", [0.0, 1 / 1024])
    def test_a_deduction_is_that_of_a_tier(self, contract, fee):
        # in the tier in which the position stays, Binance's formula with its maintenance amount
        quantity, entry, margin = positions(contract, 200, 8)
        for k in range(1, 5):
            rate = MarginRate(RATE[k], float(TIERS.amount[k]))
            terms = {"contract": contract, "fee": fee}
            level = sg.liquidation.liquidation_price(quantity, entry, margin, maintenance=rate, **terms)
            value = np.abs(contract.value(quantity, np.where((level > 0.0) & (level < np.inf), level, entry)))
            inside = (value > LOWER[k]) & (value < [*LOWER[1:], np.inf][k]) & (level > 0.0) & (level < np.inf)
            tiers = sg.liquidation.liquidation_price(quantity, entry, margin, maintenance=TIERS, **terms)
            np.testing.assert_array_equal(level[inside], tiers[inside])
            assert inside.sum() >= 3

    def test_no_more_is_deducted_than_is_required(self):
        rate = MarginRate(0.01, 5.0)
        assert float(sg.liquidation.maintenance_margin(1.0, 100.0, contract=LINEAR, maintenance=rate)) == 0.0
        assert float(sg.liquidation.maintenance_margin(10.0, 100.0, contract=LINEAR, maintenance=rate)) == 5.0
        assert sg.liquidation.first_breach([91.0, 90.0, 89.9], 1.0, 100.0, 10.0, contract=LINEAR, maintenance=rate) == 2

    def test_of_the_value_at_entry(self):
        # Bybit help, liquidation price of inverse contracts: 0.5 % of the value at entry, 10,000 long at 8,000
        contract = XBTUSD
        kept = MarginRate(0.005, at="entry")
        terms = {"contract": contract, "maintenance": kept}
        level = float(sg.liquidation.liquidation_price(10_000, 8_000.0, 0.5, **terms))
        assert close(level, sg.liquidation.bankruptcy_price(10_000, 8_000.0, 0.5 - 0.005 * 1.25, contract=contract))
        assert float(sg.liquidation.maintenance_margin(10_000, 5_000.0, entry=8_000.0, **terms)) == 0.005 * 1.25
        beside = [np.nextafter(level, np.inf), np.nextafter(level, 0.0)]
        assert sg.liquidation.first_breach(beside, 10_000, 8_000.0, 0.5, **terms) == 1

    @pytest.mark.parametrize(
        ("terms", "message"),
        [
            ({"rate": 1.0}, r"rate must be a number in \[0, 1\), got 1.0"),
            ({"rate": "high"}, r"rate must be a number in \[0, 1\), got 'high'"),
            ({"rate": 0.1, "deduction": -1.0}, "deduction must be a number >= 0, got -1.0"),
            ({"rate": 0.1, "at": "exit"}, "at must be one of 'mark', 'entry', got 'exit'"),
        ],
    )
    def test_wrong_calls(self, terms, message):
        with pytest.raises(ValueError, match=message):
            MarginRate(**terms)


EVERY = [
    MarginRate(0.02),
    MarginRate(0.02, 3.0),
    MarginRate(0.02, at="entry"),
    TIERS,
    Tiers(LOWER, RATE, at="entry"),
    RiskLimits([0.0, 64.0, 1024.0], [0.01, 0.02, 0.05]),
    RiskLimits([0.0, 5.0, 50.0], [0.01, 0.02, 0.05], by="quantity"),
    RiskLimits([0.0, 64.0, 1024.0], [0.01, 0.02, 0.05], at="entry"),
    RisingMargin(0.01, 1e-5),
    RisingMargin(0.01, 1e-12, by="quantity"),
    RisingMargin(0.01, 1e-5, at="entry"),
]
every = pytest.mark.parametrize("margin", EVERY, ids=repr)


class TestOneInterface:
    """Every kind of margin is taken by every function and by the stream, and all of them agree."""

    @each
    @every
    def test_first_breaches(self, contract, margin):
        quantity, entry, collateral = positions(contract, 40, 13)
        random = np.random.default_rng(14)
        mark = entry * np.exp(np.cumsum(0.06 * random.standard_normal((50, 40)), axis=0))
        terms = {"maintenance": margin, "fee": 0.001}
        alone = sg.liquidation.first_breach(mark, quantity, entry, collateral, contract=contract, **terms)
        # by the definition, in rounded arithmetic
        equity = collateral + contract.pnl(quantity, entry, mark)
        needed = sg.liquidation.maintenance_margin(quantity, mark, contract=contract, entry=entry, **terms)
        dead = equity < needed
        np.testing.assert_array_equal(alone, np.where(dead.any(axis=0), dead.argmax(axis=0), 50))
        assert len(set(alone.tolist())) > 5
        ratio = sg.liquidation.margin_ratio(quantity, entry, mark, collateral, contract=contract, **terms)
        np.testing.assert_array_equal(ratio > 1.0, dead)
        for i in range(40):
            account = (mark[:, i : i + 1], [1.0], quantity[i : i + 1], entry[i : i + 1], collateral[i : i + 1])
            assert sg.liquidation.account_first_breach(*account, contracts=[contract], **terms) == alone[i]
            watch = sg.stream.LiquidationWatch(quantity[i], entry[i], collateral[i], contract=contract, **terms)
            assert [watch.update(m) for m in mark[:, i]] == [alone[i] <= t for t in range(50)]

    @each
    @every
    def test_prices(self, contract, margin):
        quantity, entry, collateral = positions(contract, 40, 15)
        terms = {"maintenance": margin, "fee": 0.001}
        level = sg.liquidation.liquidation_price(quantity, entry, collateral, contract=contract, **terms)
        for i in range(40):
            found = sg.liquidation.account_price(
                [entry[i]], [1.0], quantity[i : i + 1], entry[i : i + 1], collateral[i : i + 1], contracts=[contract],
                **terms,
            )  # fmt: skip
            here = found.below if quantity[i] > 0 else found.above
            assert close(here, level[i], 1e-12) or here == level[i]
        probability = sg.liquidation.breach_probability(
            entry, quantity, entry, collateral, contract=contract, vol=0.8, expiry=0.3, **terms
        )
        assert ((probability >= 0.0) & (probability <= 1.0)).all()

    @each
    @every
    def test_state_process_cascade_and_simulation(self, contract, margin):
        quantity, entry, collateral = positions(contract, 30, 16)
        mark = entry[0] * np.linspace(1.0, 0.5, 40)
        entry[:] = entry[0]
        terms = {"contract": contract, "maintenance": margin}
        needed = sg.liquidation.maintenance_margin(quantity, mark[5], entry=entry, **terms)
        account = sg.liquidation.account_maintenance(
            mark[5:6], [1.0], quantity[:, None], contracts=[contract], maintenance=margin, entry=entry[:, None]
        )
        np.testing.assert_allclose(account, needed, rtol=1e-14)
        bar = sg.liquidation.first_breach(mark[:, None], quantity, entry, collateral, **terms)
        after = sg.liquidation.simulate(
            mark, quantity, entry, collateral, contracts=contract, maintenance=margin,
            rule=sg.liquidation.LiquidationRule(), fund=1e9,
        )  # fmt: skip
        bars = np.full(30, 40)
        bars[after.events.account] = after.events.bar
        np.testing.assert_array_equal(bars, bar)
        end = sg.liquidation.simulate_cascade(mark[10], quantity, entry, collateral, depth=1e12, **terms)
        gone = sg.liquidation.first_breach(mark[10:11, None], quantity, entry, collateral, **terms) == 0
        np.testing.assert_array_equal(end.wave < end.waves, gone)
        found = sg.liquidation.account_breach_probability(
            mark[:1], [1.0], quantity[:, None], entry[:, None], collateral[:, None], contracts=[contract],
            maintenance=margin, vol=0.8, expiry=0.3, steps=60, paths=4_000, rng=3,
        )  # fmt: skip
        exact = sg.liquidation.breach_probability(mark[0], quantity, entry, collateral, vol=0.8, expiry=0.3, **terms)
        assert (np.abs(found.probability - exact) <= 5.0 * found.error).all()

    @each
    @every
    @given(price=prices, balance=st.floats(1e-3, 1e5), fee=st.sampled_from([0.0, 0.001]))
    def test_the_largest_position_is_never_too_large(self, contract, margin, price, balance, fee):
        terms = {"contract": contract, "initial": margin, "fee": fee}
        most = sg.liquidation.max_quantity(price, balance, **terms)
        assert sg.liquidation.initial_margin(most, price, **terms) <= balance
        assert sg.liquidation.initial_margin(most * (1 + 1e-12), price, **terms) >= balance * (1 - 1e-9)

    @every
    def test_margins_are_values(self, margin):
        assert pickle.loads(pickle.dumps(margin)) == copy.copy(margin) == margin
        assert hash(copy.deepcopy(margin)) == hash(margin)
        assert eval(repr(margin)) == margin
        assert sum(margin == other for other in EVERY) == 1
        with pytest.raises(AttributeError, match="does not change"):
            margin.rate = 0.5
        with pytest.raises(AttributeError, match="does not change"):
            del margin.rate


def test_tables_cannot_be_made_writeable():
    for table in (TIERS.rate, TIERS.amount, LIMITS.lower):
        with pytest.raises(ValueError, match="WRITEABLE"):
            table.flags.writeable = True


def test_an_edge_of_risk_limits_steps_inside():
    # 672,800 contracts at 3,364 are 200 and need 2.0; one unit in the last place more is in the next tier
    limits = RiskLimits([0.0, 200.0], [0.01, 0.015])
    most = sg.liquidation.max_quantity(3_364.0, 2.5, contract=XBTUSD, initial=limits)
    assert close(most, 672_800.0, 1e-15)
    assert sg.liquidation.initial_margin(most, 3_364.0, contract=XBTUSD, initial=limits) <= 2.5


@pytest.mark.parametrize("initial", [0.0, -0.1, 1.5])
def test_nonsense_for_an_initial_margin_is_refused(initial):
    with pytest.warns(RuntimeWarning, match="invalid"):
        assert np.isnan(sg.liquidation.max_quantity(100.0, 1.0, contract=LINEAR, initial=initial, fee=0.001))


@pytest.mark.parametrize("value", [LIMITS, RISING, RiskLimits([0.0], [1.0], by="quantity")], ids=repr)
def test_margins_are_values(value):
    assert pickle.loads(pickle.dumps(value)) == copy.copy(value) == value
    assert hash(copy.deepcopy(value)) == hash(value)
    assert eval(repr(value)) == value
    assert value != "limits"
    assert LIMITS != RISING
    with pytest.raises(AttributeError, match="does not change"):
        value.rate = 0.5
    with pytest.raises(AttributeError, match="does not change"):
        del value.rate


def test_limits_are_read_only():
    assert len(LIMITS) == 4
    with pytest.raises(ValueError, match="read-only"):
        LIMITS.rate[0] = 0.0


def test_tiers_and_limits_differ_above_the_first_edge():
    tiers = Tiers(LIMITS.lower, LIMITS.rate)
    assert close(tiers.margin(180.0), 180.0 * LIMITS.rate_of(180.0))
    assert close(tiers.margin(230.0), oracle.margin(LIMITS.lower, LIMITS.rate, 230.0))
    assert tiers.margin(230.0) < 230.0 * LIMITS.rate_of(230.0)


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
