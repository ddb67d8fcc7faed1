"""Funding rules: what venues pay, when, and what is predicted within an interval."""

import dataclasses
import pickle

import numpy as np
import pytest
from listed import XBTUSD
from wrong import refused

from shortgamma import venues
from shortgamma.contracts import Contract
from shortgamma.funding import FundingRule, RuleHistory, accrue

HOUR = 3_600 * 10**9


class TestRules:
    def test_immutable_and_picklable(self):
        rule = venues.binance.funding("BTCUSDT")
        with pytest.raises(dataclasses.FrozenInstanceError):
            rule.cap = 1.0
        assert pickle.loads(pickle.dumps(rule)) == rule
        assert hash(rule) == hash(dataclasses.replace(rule))
        assert dataclasses.replace(rule, cap=0.02).rate(0.1) == 0.02

    @pytest.mark.parametrize(
        ("rule", "premium", "expected"),
        [
            (venues.binance.funding("BTCUSDT"), 0.000429, 0.0001),
            (venues.binance.funding("BTCUSDT"), 0.05, 0.003),
            (venues.bybit.funding(), 0.0014989604989604978, 0.0009989604989604979),
            (venues.okx.funding("BTC-USDT-SWAP"), 0.0002, 0.0002),
            (venues.okx.funding("BTC-USDT-SWAP"), -0.02, -0.00375),
            (venues.okx.funding("ETH-USDT-SWAP"), 0.02, 0.0075),
            (venues.deribit.funding(), 0.0001, 0.0),
            (venues.deribit.funding(), 0.001, 0.00075),
            (venues.deribit.funding(), -0.1, -0.005),
            (venues.hyperliquid.funding(), 0.01, 0.0011875),
            (venues.hyperliquid.funding(), 0.0, 0.0000125),
            (venues.hyperliquid.funding(), 5.0, 0.04),
            # 7,500 against 7,000 is 7.142 % / 24, capped
            (venues.kraken.funding(), 500 / 7000, 0.0025),
            (venues.kraken.funding(), 0.001428, 0.0000595),
            # 0.10 % all day is 0.10 % over the day
            (venues.ftx.funding(), 0.001, 0.001 / 24),
            (venues.dydx.funding("v3"), 0.0, 0.0000125),
            (venues.dydx.funding("v3"), 1.0, 0.0009375),
        ],
    )
    def test_rates_of_venues(self, rule, premium, expected):
        assert rule.rate(premium) == pytest.approx(expected, rel=1e-12)

    def test_worked_payments(self):
        # BitMEX: 15,000 contracts at 750 are 20 XBT and pay 0.25 %: 0.05 XBT; closed at 800 the profit is 1.25
        assert accrue(15_000, 750.0, 0.0025, contract=XBTUSD) == pytest.approx(-0.05, rel=1e-15)
        assert XBTUSD.pnl(15_000, 750.0, 800.0) == pytest.approx(1.25, rel=1e-14)
        # Hyperliquid: 10 BTC at the oracle's 10,000 pay 118.75
        hourly = venues.hyperliquid.funding().rate(0.01)
        assert accrue(10.0, 10_000.0, hourly, contract=Contract("linear")) == pytest.approx(-118.75, rel=1e-14)
        # Kraken's example, its arithmetic mended: 100,000 dollars at 7,000 and 0.1428 %
        hourly = venues.kraken.funding().rate(0.001428)
        assert accrue(-100_000, 7_000.0, hourly, contract=XBTUSD) == pytest.approx(0.00085, rel=1e-12)
        # FTX: 24 payments of an hour
        daily = 24 * accrue(1.0, 100.0, venues.ftx.funding().rate(0.001), contract=Contract("linear"))
        assert daily == pytest.approx(-0.1, rel=1e-14)

    def test_times(self):
        day = [np.datetime64("2021-01-01"), np.datetime64("2021-01-02")]
        assert venues.binance.funding("BTCUSDT").times(*day).astype("datetime64[h]").astype(str).tolist() == [
            "2021-01-01T00", "2021-01-01T08", "2021-01-01T16",
        ]  # fmt: skip
        assert len(venues.ftx.funding().times(*day)) == 24
        assert venues.binance.funding("BTCUSDT").times(day[1], day[0]).size == 0
        history = venues.bitmex.funding("XBTUSD").times(np.datetime64("2016-06-03T12"), np.datetime64("2016-06-05T05"))
        assert history.astype("datetime64[h]").astype(str).tolist() == [
            "2016-06-03T12", "2016-06-04T12", "2016-06-04T20", "2016-06-05T04",
        ]  # fmt: skip

    def test_prediction(self):
        premium = np.repeat([0.0, 0.002], 240)
        predicted = venues.bybit.funding().predicted(premium)
        assert predicted[-1] == pytest.approx(0.0009989604989604979, rel=1e-12)
        assert predicted[0] == 0.0001
        assert venues.hyperliquid.funding().predicted([0.01])[0] == pytest.approx(0.0011875, rel=1e-14)


def rule(**keywords):
    return FundingRule(**{"venue": "X", "interval": HOUR, **keywords})


WRONG_CALLS = [
    (lambda: rule(interval=0), ValueError, "interval must be an integer number of nanoseconds > 0, got 0"),
    (lambda: rule(offset=-1), ValueError, "offset must be between 0 and a day, got -1"),
    (lambda: rule(clamp=-0.1), ValueError, "clamp must be >= 0, got -0.1"),
    (lambda: rule(cap=0.1, floor=0.2), ValueError, "cap must be at least floor, got 0.1 < 0.2"),
    (lambda: rule(payment_cap=0.0), ValueError, "payment_cap must be > 0, got 0.0"),
    (lambda: rule(notional="spot"), ValueError, "notional must be one of 'mark', 'index', got 'spot'"),
    (lambda: rule(weighting="time"), ValueError, "weighting must be one of 'equal', 'linear', got 'time'"),
    (lambda: RuleHistory(()), ValueError, "rules must hold at least one rule"),
    (
        lambda: RuleHistory((("2020-01-01", rule()), ("2019-01-01", rule()))),
        ValueError,
        "rules[1] must begin later than rules[0], got 2019-01-01",
    ),
]


test_wrong_calls = refused(WRONG_CALLS, numbered=True)
