"""Contracts and margins of the exchanges against what they print, and margins that hold for a whole position."""

import csv
import math
import subprocess
import sys
from datetime import date
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import shortgamma as sg
from shortgamma.contracts import ETHUSD, XBTUSD, Contract
from shortgamma.liquidation import Tiers, venues

LINEAR = Contract("linear")
CONTRACTS = [LINEAR, XBTUSD, ETHUSD]


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
