"""Contracts, margins and rules of the exchanges against what they print."""

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
from listed import ETHUSD, XBTUSD

import shortgamma as sg
from shortgamma import venues
from shortgamma._core import venue_data
from shortgamma.contracts import Contract
from shortgamma.funding import FundingRule
from shortgamma.liquidation import Tiers

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
        tiers = venues[row["venue"]].market(row["name"], on=row["date"] or None).maintenance
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
        tiers = venues.binance.market("BTCUSDT", on="2020-12-31").maintenance
        margin = 1_535_443.01 - 356_512.508 - 448_192.89
        actual = sg.liquidation.liquidation_price(109.488, 32_481.98, margin, contract=LINEAR, maintenance=tiers)
        assert f"{float(actual):.2f}" == "26316.89"

    def test_binance_coin_margined(self):
        # dev.binance.vision 6292: 101 BTC, 100,000 contracts long at 45,000; the venue prints ticks of 0.1
        terms = {"quantity": 100_000, "entry": 45_000.0, "margin": 101.0}
        new, old = (venues.binance.market("BTCUSD_PERP", on=day) for day in ("2021-08-01", "2021-03-01"))
        assert new.contract.multiplier == 100.0
        level = float(sg.liquidation.liquidation_price(**terms, contract=new.contract, maintenance=new.maintenance))
        assert math.floor(level * 10) / 10 == 33_599.40
        # the same question with the amount of the older table, as the one who asked had it
        level = float(sg.liquidation.liquidation_price(**terms, contract=old.contract, maintenance=old.maintenance))
        assert f"{level:.9f}" == "33578.859744834"

    def test_binance_maintenance_of_a_small_coin_margined_position(self):
        # Binance support: 100 contracts at 25,000 are 0.4 BTC, their maintenance 0.0016 BTC
        perpetual = venues.binance.market("BTCUSD_PERP")
        terms = {"contract": perpetual.contract, "maintenance": perpetual.maintenance}
        assert float(perpetual.contract.value(100, 25_000.0)) == 0.4
        assert close(sg.liquidation.maintenance_margin(100, 25_000.0, **terms), 0.0016)

    def test_bitmex_contracts(self):
        assert float(venues.bitmex.market("ETHUSD").contract.value(10_000, 264.55)) == 2.6455
        # listing of XRPUSD: 20,000 satoshi for each dollar of price
        assert close(venues.bitmex.market("XRPUSD").contract.value(1, 1.0), 20_000e-8)
        # at 50 times and 100 times
        for name, day, times in (("ETHUSD", "2019-01-01", 50), ("XBTUSD", "2020-01-01", 100), ("XRPUSD", None, 50)):
            assert close(1.0 / venues.bitmex.market(name, on=day).initial.rate_of(1.0), times)

    def test_bitmex_risk_limits(self):
        # bitmex.com/app/riskLimitsExamples: 180 XBT need 0.90 XBT; at 230 XBT the rates are 1.00 % and 1.50 %
        state = venues.bitmex.market("XBTUSD", on="2019-06-01")
        assert close(180.0 * state.maintenance.rate_of(180.0), 0.90)
        assert close(state.initial.rate_of(180.0), 0.01)
        assert close(state.maintenance.rate_of(230.0), 0.01)
        assert close(state.initial.rate_of(230.0), 0.015)
        # the same page later: steps of 150 XBT
        assert venues.bitmex.market("XBTUSD").maintenance.lower[:4].tolist() == [0.0, 200.0, 350.0, 500.0]

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
        state = venues.bitmex.market(name, on=day)
        assert close(state.maintenance.rate[0], percent / 100)
        # each step adds the base maintenance to both
        np.testing.assert_allclose(np.diff(state.maintenance.rate), percent / 100, rtol=1e-12)
        np.testing.assert_allclose(np.diff(state.initial.rate), percent / 100, rtol=1e-12)

    def test_bybit_inverse(self):
        # Bybit help, liquidation price of inverse contracts: 0.5 BTC, 10,000 long at 8,000, taker fee 0.075 %
        state = venues.bybit.market("BTCUSD")
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
        state = venues.deribit.market(name)
        actual = sg.liquidation.initial_margin(-size, price, contract=state.contract, initial=state.initial)
        assert close(actual, initial)
        if maintenance:
            terms = {"contract": state.contract, "maintenance": state.maintenance}
            assert close(sg.liquidation.maintenance_margin(size, price, **terms), maintenance)

    def test_hyperliquid(self):
        # documentation: at 20 times the maintenance rate is 2.5 %; tiers at 150 and 100 million
        state = venues.hyperliquid.market("BTC")
        assert state.maintenance == Tiers([0.0, 150e6], [0.0125, 0.025])
        assert float(state.maintenance.amount[1]) == 150e6 * 0.0125
        assert float(venues.hyperliquid.market("ETH").initial.rate[1]) == 1 / 15

    def test_okx(self):
        # notice of 2023-05-15: ADA, 3,001 to 6,000 contracts 1.00 %, the next 6,000 1.50 %
        state = venues.okx.market("ADA-USDT-SWAP")
        rates = state.maintenance.rate_of([1_500, 1_501, 3_000, 6_000, 6_001, 12_000, 12_001])
        np.testing.assert_allclose(rates, [0.005, 0.0075, 0.0075, 0.01, 0.015, 0.015, 0.02], rtol=1e-15)
        np.testing.assert_allclose(state.initial.rate_of([1, 1_501, 3_001]), [0.0133, 0.02, 0.025], rtol=1e-15)

    def test_cme(self):
        assert venues.cme.contract("NKD") == Contract(
            "quanto", 5.0, name="NKD", underlying="Nikkei 225", quote="JPY", settlement="USD"
        )
        assert venues.cme.contract("NIY").multiplier == 500.0


VENUES = [getattr(venues, name) for name in venues.__all__ if name.islower()]
MARKETS = [market for venue in VENUES for market in venue.markets()]


class TestMarkets:
    def test_the_listed_ones(self):
        assert len(VENUES) == 22
        assert len(MARKETS) == 32
        assert {venue.name for venue in VENUES} > {"BitMEX", "FTX", "dYdX", "Index Coop"}

    @pytest.mark.parametrize("state", MARKETS, ids=lambda state: f"{state.venue} {state.name} {state.date}")
    def test_each_says_where_it_is_from(self, state):
        assert state.source
        assert state.date or state.unknown or "before" in state.source
        assert state.contract.settlement
        assert state.contract.name == state.name
        if state.maintenance is not None:
            size = np.geomspace(1e-3, 1e6, 50)
            whole = not isinstance(state.maintenance, Tiers)
            margin = size * state.maintenance.rate_of(size) if whole else state.maintenance.margin(size)
            assert (np.diff(margin) > 0.0).all()
            assert state.initial.rate_of(1.0) > 0.0

    @pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.key)
    def test_states_are_in_order(self, venue):
        names = [(market.name, market.date) for market in venue.markets()]
        assert len(set(names)) == len(names)
        for before, after in pairwise(names):
            assert before[0] != after[0] or before[1] < after[1]
        assert repr(venue).startswith(f"<Venue {venue.name}: ")
        assert pickle.loads(pickle.dumps(venue)) == copy.copy(venue) == venue
        assert hash(venue) == hash(venues[venue.name])

    @pytest.mark.parametrize("venue", VENUES, ids=lambda venue: venue.key)
    def test_funding_rules_name_their_sources(self, venue):
        for market in dict.fromkeys(name for entry in venue._entries("funding") for name in entry["markets"]):
            rule = venue.funding(market)
            for each in [rule] if isinstance(rule, FundingRule) else [each for _, each in rule.rules]:
                assert each.source
                assert np.datetime64(each.date) <= np.datetime64("2026-11-21")

    def test_days(self):
        latest = venues.bitmex.market("xbtusd")
        assert latest == venues["BitMEX"].market("XBTUSD", date(2030, 1, 1))
        assert venues.bitmex.market("XBTUSD", np.datetime64("2020-05-04T23:00")).date == "2020-04-17"
        assert venues.deribit.market("BTC-PERPETUAL", on="2021-01-01").date == ""

    def test_a_market_has_the_rules_of_its_day(self):
        market = venues.bitmex.market("XBTUSD", on="2020-04-20")
        assert market.maintenance.rate_of(180.0) == 0.0045
        assert market.funding.cap == 0.00375
        assert market.liquidation.reduction == "tier"
        # daily payments at first, and no cap before 2017
        assert venues.bitmex.funding("XBTUSD", on="2016-05-20").interval == 24 * 3_600 * 10**9
        assert venues.bitmex.funding("XBTUSD", on="2016-08-01").cap == math.inf
        assert len(venues.bitmex.funding("XBTUSD").rules) == 3
        assert venues.cme.market("NKD").funding is None
        assert venues.cme.liquidation is None

    @pytest.mark.parametrize("name", ["BitMEX", "bitmex", " BITMEX", "bit-mex"])
    def test_by_name(self, name):
        assert venues[name] is not None
        assert venues[name] == venues.bitmex
        assert venues["Index Coop"] == venues.index_coop
        assert venues["HTX"] == venues.huobi

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (
                lambda: venues.bitmex.market("DOGEUSD"),
                r"name must be a market of BitMEX \(ADAUSDT, ETHUSD, XBTUSD, XRPUSD\), got 'DOGEUSD'",
            ),
            (
                lambda: venues.bitmex.market("XBTUSD", "2016-05-13"),
                "on must not be before 2019-03-01, the first state that is stored, got '2016-05-13'",
            ),
            (lambda: venues.bitmex.market("XBTUSD", "yesterday"), "on must be a time, got 'yesterday'"),
            (lambda: venues.ftx.market("BTC-PERP"), r"name must be a market of FTX \(none stored\), got 'BTC-PERP'"),
            (
                lambda: venues.binance.funding(),
                r"name must be a market of Binance with a funding rule \(BTCUSDT, ETHUSDT, BTCUSD_PERP\), got None",
            ),
            (lambda: venues.Venue("mtgox"), "key must be one of 'amun', .*, got 'mtgox'"),
        ],
    )
    def test_wrong_calls(self, call, message):
        with pytest.raises(ValueError, match=f"^{message}"):
            call()

    def test_unknown_venues(self):
        with pytest.raises(KeyError, match=r"'Mt\. Gox' is not a venue that is stored; there are Amun, Binance"):
            _ = venues["Mt. Gox"]
        with pytest.raises(AttributeError, match="has no attribute 'mtgox'"):
            _ = venues.mtgox
        with pytest.raises(AttributeError, match="a Venue does not change"):
            venues.bitmex.name = "BitMEX 2"

    def test_an_import_does_not_load_it(self):
        code = "import sys, shortgamma; sys.exit('shortgamma.venues' in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


class TestContractsByName:
    def test_everywhere(self):
        short = {"quantity": -100, "entry": 200.0, "margin": 0.01, "maintenance": 0.0}
        alike = (
            lambda contract: sg.liquidation.liquidation_price(contract=contract, **short),
            lambda contract: sg.funding.accrue(-100, 200.0, 0.001, contract=contract),
            lambda contract: sg.liquidation.account_equity([2.0], None, [-9], [1.0], [0.1], contracts=[contract]),
            lambda contract: sg.stream.LiquidationWatch(contract=contract, **short).price,
        )
        for call in alike:
            assert call("ETHUSD") == call("ethusd") == call(ETHUSD)
        # listed alike at two venues
        assert venues.binance.contract("BTCUSDT") == venues.bybit.contract("BTCUSDT")
        sg.liquidation.bankruptcy_price(1.0, 100.0, 1.0, contract="BTCUSDT")

    def test_what_no_venue_lists(self):
        message = "contract must be a Contract or the name of one that is stored, got 'BTC'"
        with pytest.raises(ValueError, match=message):
            sg.liquidation.bankruptcy_price(1.0, 100.0, 1.0, contract="BTC")
        with pytest.raises(ValueError, match=r"contracts\[1\] must be a Contract or the name of one that is stored"):
            sg.liquidation.account_equity([1.0], None, [1.0], [1.0], [1.0], contracts=["ETHUSD", "DOGEUSD"])

    def test_names_that_mean_several_contracts(self, monkeypatch):
        terms = {"kind": "linear", "multiplier": 1.0, "underlying": "BTC", "quote": "USD", "settlement": "USD"}
        both = {"A": terms, "B": terms | {"multiplier": 0.1}}
        monkeypatch.setattr(venue_data, "contracts", lambda name: both)
        message = r"contract 'BTCUSD' is not the same at all venues: give sg.venues\['A'\].contract\('BTCUSD'\) or"
        with pytest.raises(ValueError, match=message):
            sg.liquidation.bankruptcy_price(1.0, 100.0, 1.0, contract="BTCUSD")
