"""Contracts and margins of the exchanges against what they print, and margins that hold for a whole position."""

import copy
import csv
import math
import pickle
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.liquidation import limits as oracle
from oracle.liquidation import tiers as exact_tiers

import shortgamma as sg
from shortgamma.contracts import ETHUSD, XBTUSD, Contract
from shortgamma.liquidation import RisingMargin, RiskLimits, Tiers, venues

LINEAR = Contract("linear")
CONTRACTS = [LINEAR, XBTUSD, ETHUSD]
LIMITS = RiskLimits([0.0, 200.0, 300.0, 400.0], [0.005, 0.01, 0.015, 0.02])
RISING = RisingMargin(0.01, 0.00005)

each = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.kind)


def close(actual, expected, rel=1e-13):
    return math.isclose(float(actual), float(expected), rel_tol=rel, abs_tol=1e-300)


def published_amounts():
    with (Path(__file__).parents[1] / "data" / "venues_amounts.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


class TestPublished:
    @pytest.mark.parametrize("row", published_amounts(), ids=lambda row: f"{row['name']} {row['date']} {row['lower']}")
    def test_maintenance_amounts(self, row):
        tiers = venues.market(row["venue"], row["name"], row["date"] or None).maintenance
        place = tiers.lower.tolist().index(float(row["lower"]))
        assert close(tiers.rate[place], float(row["percent"]) / 100, 1e-15)
        assert close(tiers.amount[place], float(row["amount"]), 1e-12) or float(row["amount"]) == tiers.amount[place]

    # Binance support, liquidation price of USD-margined contracts: wallet balance, maintenance and profit of the others
    @pytest.mark.parametrize(
        ("others", "profit", "amount", "size", "entry", "rate", "printed"),
        [
            (71_200.81144, -56_354.57, 135_365.00, 3_683.979, 1_456.84, 0.10, "1153.26"),
            (356_512.508, -448_192.89, 16_300.00, 109.488, 32_481.98, 0.025, "26316.89"),
            (0.0, 0.0, 135_365.00, 3_683.979, 1_456.84, 0.10, "1114.78"),
            (0.0, 0.0, 16_300.00, 109.488, 32_481.98, 0.025, "18778.73"),
        ],
    )
    def test_binance_cross_margin(self, others, profit, amount, size, entry, rate, printed):
        margin = 1_535_443.01 - others + profit + amount
        actual = sg.liquidation.liquidation_price(size, entry, margin, contract=LINEAR, maintenance=rate)
        assert f"{float(actual):.2f}" == printed

    def test_binance_cross_margin_by_its_tiers(self):
        tiers = venues.market("Binance", "BTCUSDT", "2020-12-31").maintenance
        margin = 1_535_443.01 - 356_512.508 - 448_192.89
        actual = sg.liquidation.liquidation_price(109.488, 32_481.98, margin, contract=LINEAR, maintenance=tiers)
        assert f"{float(actual):.2f}" == "26316.89"

    def test_binance_coin_margined(self):
        # dev.binance.vision 6292: 101 BTC, 100,000 contracts long at 45,000; the venue prints ticks of 0.1
        terms = {"quantity": 100_000, "entry": 45_000.0, "margin": 101.0}
        new, old = (venues.market("Binance", "BTCUSD_PERP", day) for day in ("2021-08-01", "2021-03-01"))
        assert new.contract.multiplier == 100.0
        level = float(sg.liquidation.liquidation_price(**terms, contract=new.contract, maintenance=new.maintenance))
        assert math.floor(level * 10) / 10 == 33_599.40
        # the same question with the amount of the older table, as the one who asked had it
        level = float(sg.liquidation.liquidation_price(**terms, contract=old.contract, maintenance=old.maintenance))
        assert f"{level:.9f}" == "33578.859744834"

    def test_binance_maintenance_of_a_small_coin_margined_position(self):
        # Binance support: 100 contracts at 25,000 are 0.4 BTC, their maintenance 0.0016 BTC
        perpetual = venues.market("Binance", "BTCUSD_PERP")
        terms = {"contract": perpetual.contract, "maintenance": perpetual.maintenance}
        assert float(perpetual.contract.value(100, 25_000.0)) == 0.4
        assert close(sg.liquidation.maintenance_margin(100, 25_000.0, **terms), 0.0016)

    def test_bitmex_contracts(self):
        assert float(venues.market("BitMEX", "ETHUSD").contract.value(10_000, 264.55)) == 2.6455
        # listing of XRPUSD: 20,000 satoshi for each dollar of price
        assert close(venues.market("BitMEX", "XRPUSD").contract.value(1, 1.0), 20_000e-8)
        # at 50 times and 100 times
        for name, day, times in (("ETHUSD", "2019-01-01", 50), ("XBTUSD", "2020-01-01", 100), ("XRPUSD", None, 50)):
            assert close(1.0 / venues.market("BitMEX", name, day).initial.rate_of(1.0), times)

    def test_bitmex_risk_limits(self):
        # bitmex.com/app/riskLimitsExamples: 180 XBT need 0.90 XBT; at 230 XBT the rates are 1.00 % and 1.50 %
        state = venues.market("BitMEX", "XBTUSD", "2019-06-01")
        assert close(180.0 * state.maintenance.rate_of(180.0), 0.90)
        assert close(state.initial.rate_of(180.0), 0.01)
        assert close(state.maintenance.rate_of(230.0), 0.01)
        assert close(state.initial.rate_of(230.0), 0.015)
        # the same page later: steps of 150 XBT
        assert venues.market("BitMEX", "XBTUSD").maintenance.lower[:4].tolist() == [0.0, 200.0, 350.0, 500.0]

    @pytest.mark.parametrize(
        ("name", "day", "percent"),
        [
            ("XBTUSD", "2020-04-16", 0.50),
            ("XBTUSD", "2020-04-17", 0.45),
            ("XBTUSD", "2020-05-04", 0.45),
            ("XBTUSD", "2020-05-05", 0.40),
            ("ETHUSD", "2020-04-16", 1.00),
            ("ETHUSD", "2020-04-17", 0.90),
            ("ETHUSD", "2020-05-05", 0.80),
            ("ETHUSD", "2021-05-14", 0.50),
        ],
    )
    def test_bitmex_base_maintenance_by_day(self, name, day, percent):
        state = venues.market("BitMEX", name, day)
        assert close(state.maintenance.rate[0], percent / 100)
        # each step adds the base maintenance to both
        np.testing.assert_allclose(np.diff(state.maintenance.rate), percent / 100, rtol=1e-12)
        np.testing.assert_allclose(np.diff(state.initial.rate), percent / 100, rtol=1e-12)

    def test_bybit_inverse(self):
        # Bybit help, liquidation price of inverse contracts: 0.5 BTC, 10,000 long at 8,000, taker fee 0.075 %
        state = venues.market("Bybit", "BTCUSD")
        terms = {"contract": state.contract}
        bankrupt = float(sg.liquidation.bankruptcy_price(10_000, 8_000.0, 0.5, fee=0.00075, **terms))
        assert f"{bankrupt:.2f}" == "5718.57"
        # maintenance of the value at entry, and the fee at the bankruptcy price; printed in ticks of 0.5, rounded up
        kept = float(state.maintenance.rate_of(1.25)) * 1.25 + 10_000 * 0.00075 / bankrupt
        level = float(sg.liquidation.bankruptcy_price(10_000, 8_000.0, 0.5 - kept, **terms))
        assert math.ceil(level * 2) / 2 == 5_739.50

    @pytest.mark.parametrize(
        ("name", "price", "size", "initial", "maintenance"),
        [
            ("BTC_USDC-PERPETUAL", 100_000.0, 25, 53_125.0, 28_125.0),
            ("BTC_USDC-PERPETUAL", 100_000.0, 350, 1_312_500.0, None),
            ("SOL_USDC-PERPETUAL", 200.0, 25, 200.625, 100.625),
            ("SOL_USDC-PERPETUAL", 200.0, 6_000, 84_000.0, None),
        ],
    )
    def test_deribit(self, name, price, size, initial, maintenance):
        # Deribit support, linear perpetual
        state = venues.market("Deribit", name)
        actual = sg.liquidation.initial_margin(-size, price, contract=state.contract, initial=state.initial)
        assert close(actual, initial)
        if maintenance:
            terms = {"contract": state.contract, "maintenance": state.maintenance}
            assert close(sg.liquidation.maintenance_margin(size, price, **terms), maintenance)

    def test_hyperliquid(self):
        # documentation: at 20 times the maintenance rate is 2.5 %; tiers at 150 and 100 million
        state = venues.market("Hyperliquid", "BTC")
        assert state.maintenance == Tiers([0.0, 150e6], [0.0125, 0.025])
        assert float(state.maintenance.amount[1]) == 150e6 * 0.0125
        assert float(venues.market("Hyperliquid", "ETH").initial.rate[1]) == 1 / 15

    def test_okx(self):
        # notice of 2023-05-15: ADA, 3,001 to 6,000 contracts 1.00 %, the next 6,000 1.50 %
        state = venues.market("OKX", "ADA-USDT-SWAP")
        rates = state.maintenance.rate_of([1_500, 1_501, 3_000, 6_000, 6_001, 12_000, 12_001])
        np.testing.assert_allclose(rates, [0.005, 0.0075, 0.0075, 0.01, 0.015, 0.015, 0.02], rtol=1e-15)
        np.testing.assert_allclose(state.initial.rate_of([1, 1_501, 3_001]), [0.0133, 0.02, 0.025], rtol=1e-15)

    def test_cme(self):
        assert venues.market("CME", "NKD").contract == sg.contracts.NIKKEI_USD
        assert venues.market("CME", "NIY").contract == sg.contracts.NIKKEI_YEN


class TestMarkets:
    def test_each_says_where_it_is_from(self):
        for state in venues.markets():
            assert state.source
            assert state.date or state.unknown or "before" in state.source
            assert state.contract.settlement
            if state.maintenance is not None:
                size = np.geomspace(1e-3, 1e6, 50)
                whole = not isinstance(state.maintenance, Tiers)
                margin = size * state.maintenance.rate_of(size) if whole else state.maintenance.margin(size)
                assert (np.diff(margin) > 0.0).all()
                assert state.initial.rate_of(1.0) > 0.0

    def test_states_are_in_order(self):
        names = [(m.venue.lower(), m.name, m.date) for m in venues.markets()]
        assert len(set(names)) == len(names)
        for one, other in pairwise(names):
            assert one[:2] != other[:2] or one[2] < other[2]

    def test_days(self):
        latest = venues.market("bitmex", "xbtusd")
        assert latest == venues.market("BitMEX", "XBTUSD", date(2030, 1, 1))
        assert venues.market("BitMEX", "XBTUSD", np.datetime64("2020-05-04T23:00")).date == "2020-04-17"
        assert venues.market("Deribit", "BTC-PERPETUAL", "2021-01-01").date == ""

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            (("BitMEX", "DOGEUSD"), "venue and name must be one of Binance BTCUSDT, .*, got 'BitMEX', 'DOGEUSD'"),
            (("BitMEX", "XBTUSD", "2016-05-13"), "date must not be before the first state of BitMEX XBTUSD"),
            (("BitMEX", "XBTUSD", "yesterday"), "date must be a day, got 'yesterday'"),
        ],
    )
    def test_wrong_calls(self, arguments, message):
        with pytest.raises(ValueError, match=message):
            venues.market(*arguments)

    def test_an_import_does_not_load_it(self):
        code = "import sys, shortgamma; sys.exit('shortgamma.liquidation.venues' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
        with pytest.raises(AttributeError, match="has no attribute 'exchanges'"):
            _ = sg.liquidation.exchanges


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

    def test_breach_by_value_is_refused(self):
        with pytest.raises(TypeError, match="maintenance must not rise with the value here"):
            sg.liquidation.first_breach([90.0], 1.0, 100.0, 5.0, contract=LINEAR, maintenance=RISING)
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


@pytest.mark.parametrize("value", [LIMITS, RISING, RiskLimits([0.0], [1.0], by="quantity")], ids=repr)
def test_they_are_values(value):
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
    assert close(tiers.margin(230.0), exact_tiers.margin(LIMITS.lower, LIMITS.rate, 230.0))
    assert tiers.margin(230.0) < 230.0 * LIMITS.rate_of(230.0)
