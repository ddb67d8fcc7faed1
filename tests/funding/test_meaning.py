"""Yields, carry, fair values and the three legs of a quanto trade."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listed import ETHUSD, XBTUSD
from wrong import refused

import shortgamma as sg
from shortgamma.contracts import Contract
from shortgamma.funding import (
    annualize,
    break_even_holding,
    delta_neutral_carry,
    fair_drift,
    fair_premium,
    fair_price,
    quanto_adjustment,
    rate,
    realized_funding,
    three_leg_carry,
    three_leg_path,
)

HOUR = 3_600 * 10**9


class TestYields:
    def test_annualize(self):
        assert annualize(0.0001) == pytest.approx(0.1095, rel=1e-15)
        assert annualize(0.0000125, np.timedelta64(1, "h")) == pytest.approx(0.1095, rel=1e-15)
        assert annualize(0.0001, compounding="compound") == pytest.approx(1.0001**1095 - 1, rel=1e-12)
        assert annualize(0.0001, compounding="continuous") == pytest.approx(1095 * math.log(1.0001), rel=1e-14)
        np.testing.assert_allclose(annualize([0.01, -0.01], "24h"), [3.65, -3.65], rtol=1e-15)

    @given(st.floats(-0.0005, 0.0005), st.sampled_from([1, 4, 8, 24]))
    def test_compoundings_agree(self, one, hours):
        grown = annualize(one, f"{hours}h", compounding="compound")
        assert math.log1p(grown) == pytest.approx(
            annualize(one, f"{hours}h", compounding="continuous"), rel=1e-9, abs=1e-12
        )

    def test_realized(self):
        rates = np.array([0.0001, 0.0003, -0.0001, 0.0005])
        result = realized_funding(rates)
        assert result.mean == pytest.approx(1095 * 0.0002, rel=1e-14)
        deviation = math.sqrt(((rates - 0.0002) ** 2).sum() / 3)
        assert result.vol == pytest.approx(deviation * math.sqrt(1095), rel=1e-13)
        assert result.total == pytest.approx(0.0008, rel=1e-14)
        assert result.positive == 0.75
        many = realized_funding(np.stack([rates, 2 * rates], axis=1))
        np.testing.assert_allclose(many.mean, [result.mean, 2 * result.mean], rtol=1e-14)
        np.testing.assert_allclose(realized_funding(np.stack([rates, rates]), axis=1).vol, [result.vol] * 2, rtol=1e-14)

    def test_carry_and_break_even(self):
        assert delta_neutral_carry(0.1, financing=0.05, holding_yield=0.02, margin=0.2) == pytest.approx(
            0.05, rel=1e-12
        )
        np.testing.assert_array_equal(
            break_even_holding([0.1, 0.0, -0.1, 0.0], [0.001, 0.001, 0.001, 0.0]), [0.01, np.inf, np.inf, 0.0]
        )
        assert math.isnan(break_even_holding(math.nan, 0.1))

    def test_quanto(self):
        # the article: 85 % correlation, 80 % and 80 %
        assert quanto_adjustment(0.85, 0.80, 0.80) == pytest.approx(0.544, rel=1e-15)
        np.testing.assert_allclose(quanto_adjustment([-1.0, 0.0, 1.0], 0.5, 0.4), [-0.2, 0.0, 0.2], rtol=1e-15)


def correlated_paths(years, steps, paths, drift, vol, correlation, seed):
    """Prices of the underlying and of the settlement coin in dollars, from 1, time first."""
    random = np.random.default_rng(seed)
    first, second = random.standard_normal((2, steps, paths))
    second = correlation * first + math.sqrt(1 - correlation**2) * second
    dt = years / steps
    prices = []
    for shocks, growth, deviation in zip((first, second), drift, vol, strict=True):
        returns = (growth - deviation**2 / 2) * dt + deviation * math.sqrt(dt) * shocks
        prices.append(np.exp(np.concatenate([np.zeros((1, paths)), np.cumsum(returns, axis=0)])))
    return dt, prices


class TestFairPrice:
    """A swap at its fair price is worth nothing: the dollars of all that its long receives have no value today."""

    RATE, YIELD, COIN_YIELD = 0.06, 0.02, 0.01
    KAPPA, IOTA = 12.0, 0.3
    VOL, CORRELATION = (0.7, 0.6), 0.8

    def worth(self, kind, adjustment):
        dt, (x, coin) = correlated_paths(
            0.5, 60, 20_000, (self.RATE - self.YIELD, self.RATE - self.COIN_YIELD), self.VOL, self.CORRELATION, 7
        )
        terms = {"premium_speed": self.KAPPA, "rate": self.RATE, "holding_yield": self.YIELD, "interest": self.IOTA}
        f = fair_price(x, kind, **terms, quanto=adjustment)
        # dollars of the settlement coin: dollars themselves, the underlying, or the third coin
        dollars = {"linear": np.ones_like(x), "inverse": x, "quanto": coin}[kind]
        if kind == "inverse":
            received = 1 / f[:-1] - 1 / f[1:]
            paid = self.KAPPA * (1 / x - 1 / f) + self.IOTA / x
        else:
            received = f[1:] - f[:-1]
            paid = self.KAPPA * (f - x) + self.IOTA * x
        discount = np.exp(-self.RATE * dt * np.arange(len(x)))[:, None] * dollars
        flows = received * discount[1:] - (paid * discount)[:-1] * dt / 2 - (paid * discount)[1:] * dt / 2
        sums = flows.sum(axis=0)
        return sums.mean(), sums.std(ddof=1) / math.sqrt(sums.size)

    @pytest.mark.parametrize("kind", ["linear", "inverse", "quanto"])
    def test_by_simulation(self, kind):
        adjustment = quanto_adjustment(self.CORRELATION, *self.VOL) if kind == "quanto" else 0.0
        # the value seen from the coin itself grows by what the coin yields, which changes no sign of it
        mean, error = self.worth(kind, adjustment)
        assert abs(mean) < 3.0 * error
        if kind == "quanto":
            wrong, error = self.worth(kind, 0.0)
            assert wrong > 15.0 * error
            wrong, error = self.worth(kind, -adjustment)
            assert wrong > 30.0 * error

    def test_quanto_trades_above_linear(self):
        terms = {"premium_speed": 1095.0, "rate": 0.0}
        linear = fair_price(200.0, "linear", **terms)
        quanto = fair_price(200.0, "quanto", **terms, quanto=quanto_adjustment(0.85, 0.8, 0.8))
        assert linear == 200.0
        assert quanto == pytest.approx(200.0 * 1095 / (1095 - 0.544), rel=1e-14)
        # what the long then pays a year is the drift on the price of the swap
        assert 1095.0 * (quanto - 200.0) == pytest.approx(0.544 * quanto, rel=1e-12)

    def test_inverse_is_linear_from_the_other_side(self):
        # a linear contract on the reciprocal price, of the coin's interest, its long the inverse's short
        inverse = fair_price(8.0, "inverse", premium_speed=20.0, rate=0.05, holding_yield=0.01, interest=0.2)
        other = fair_price(1 / 8.0, "linear", premium_speed=20.0, rate=0.01, holding_yield=0.05, interest=-0.2)
        assert inverse == pytest.approx(1 / other, rel=1e-14)

    def test_where_there_is_none(self):
        for terms in ({"premium_speed": 0.05, "rate": 0.06}, {"premium_speed": 0.2, "rate": 0.0, "interest": 0.3}):
            with np.errstate(invalid="ignore"):
                assert math.isnan(fair_price(1.0, "linear", **terms))
            with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
                fair_price(1.0, "linear", **terms)
        with np.errstate(all="raise"):
            assert math.isnan(fair_price(1.0, "linear", premium_speed=math.nan, rate=0.1))

    def test_drift(self):
        assert fair_drift("linear", rate=0.05, holding_yield=0.02, quanto=0.5) == pytest.approx(0.03, rel=1e-14)
        assert fair_drift("quanto", rate=0.05, holding_yield=0.02, quanto=0.5) == pytest.approx(0.53, rel=1e-14)

    @given(st.floats(-2.0, 2.0), st.sampled_from([1, 8]), st.floats(0.0, 0.0003), st.floats(0.0, 0.001))
    def test_premium_pays_the_drift(self, drift, hours, interest, clamp):
        premium = fair_premium(drift, f"{hours}h", paid_on="index", interest=interest, clamp=clamp)
        count = 8760 / hours
        assert count * rate(premium, interest, clamp=clamp) == pytest.approx(drift * (1 + premium), rel=1e-9, abs=1e-11)


class TestNikkei:
    """CME's dollar contract is a quanto: 5 dollars a point, whatever a dollar costs in yen."""

    RATE, DIVIDEND, DOLLAR_RATE = 0.005, 0.02, 0.04
    VOL, CORRELATION, YEARS = (0.22, 0.10), 0.4, 1.0

    def test_it_trades_above_the_yen_contract(self):
        adjustment = quanto_adjustment(self.CORRELATION, *self.VOL)
        terms = {"rate": self.RATE, "holding_yield": self.DIVIDEND}
        yen = math.exp(fair_drift("linear", **terms) * self.YEARS)
        dollar = math.exp(fair_drift("quanto", **terms, quanto=adjustment) * self.YEARS)
        assert dollar / yen == pytest.approx(math.exp(0.4 * 0.22 * 0.10), rel=1e-14)
        # a dollar future is worth nothing in yen: that fixes its price on simulated paths
        growth = (self.RATE - self.DIVIDEND, self.RATE - self.DOLLAR_RATE)
        _, (index, yen_per_dollar) = correlated_paths(self.YEARS, 1, 400_000, growth, self.VOL, self.CORRELATION, 11)
        for forward, fair in ((dollar, True), (yen, False)):
            worth = yen_per_dollar[-1] * (index[-1] - forward)
            error = worth.std(ddof=1) / math.sqrt(worth.size)
            assert bool(abs(worth.mean()) < 3.0 * error) is fair
            assert fair or worth.mean() > 10.0 * error


class TestThreeLegs:
    def test_article(self):
        # short ETH at 50 %, long BTC at 0 %, long ETHBTC at 5 %
        legs = three_leg_carry(0.50, 0.0, 0.05, correlation=0.85, vol_underlying=0.8, vol_settlement=0.8)
        assert [float(x) for x in legs] == pytest.approx([0.45, 0.544, -0.094], rel=1e-12)

    def test_legs_are_the_contracts_profits(self):
        e0, e1, b0, b1 = 200.0, 250.0, 10_000.0, 12_500.0
        path = three_leg_path([e0, e1], [b0, b1])
        # one dollar of each leg at the start, coins sold at the end
        quanto = ETHUSD.pnl(-1 / (1e-6 * e0 * b0), e0, e1) * b1
        coin = XBTUSD.pnl(1.0, b0, b1) * b1
        ratio = Contract("linear").pnl(1 / (b0 * (e0 / b0)), e0 / b0, e1 / b1) * b1
        assert [float(x[0]) for x in path[:4]] == pytest.approx([quanto, coin, ratio, quanto + coin + ratio], rel=1e-12)
        # after it the quanto leg is worth more than the ratio leg by what must be bought back
        assert path.trade[0] == pytest.approx(e1 / e0 * b1 / b0 - e1 / e0, rel=1e-12)

    def test_cost_is_the_covariance(self):
        _, prices = correlated_paths(1.0, 2000, 200, (0.0, 0.0), (0.8, 0.8), 0.85, 3)
        path = three_leg_path(*prices)
        yearly = path.residual.sum(axis=0)
        assert abs(yearly.mean() + 0.544) < 3.0 * yearly.std(ddof=1) / math.sqrt(200)
        assert (np.sign(path.trade) == np.sign(path.long_coin)).all()


WRONG_CALLS = [
    (
        lambda: annualize(0.1, compounding="daily"),
        ValueError,
        "compounding must be one of 'simple', 'compound', 'continuous', got 'daily'",
    ),
    (lambda: annualize(0.1, np.timedelta64(-1, "h")), ValueError, "interval must be > 0, got -1 hours"),
    (
        lambda: annualize(0.1, HOUR),
        TypeError,
        f"interval must be a length of time, got {HOUR}: a number has no unit: write '8h', or np.timedelta64(8, 'h')",
    ),
    (lambda: annualize("high"), TypeError, "rate must be a number or an array of numbers, got 'high'"),
    (lambda: realized_funding([0.1]), ValueError, "rate must have at least two elements along the time axis, got 1"),
    (lambda: delta_neutral_carry(0.1, margin=[0.1, -0.1]), ValueError, "margin[1] must be >= 0, got -0.1"),
    (lambda: break_even_holding(0.1, -0.1), ValueError, "fees must be >= 0, got -0.1"),
    (lambda: quanto_adjustment(1.5, 0.1, 0.1), ValueError, "correlation must be between -1 and 1, got 1.5"),
    (lambda: quanto_adjustment(0.5, [0.1, -0.1], 0.1), ValueError, "vol_underlying[1] must be >= 0, got -0.1"),
    (lambda: quanto_adjustment(0.5, 0.1, -0.1), ValueError, "vol_settlement must be >= 0, got -0.1"),
    (lambda: fair_drift("swap", rate=0.1), ValueError, "kind must be one of 'linear', 'inverse', 'quanto', got 'swap'"),
    (
        lambda: fair_price(1.0, None, premium_speed=1.0, rate=0.1),
        ValueError,
        "kind must be one of 'linear', 'inverse', 'quanto', got 'None'",
    ),
    (lambda: fair_premium(0.1, paid_on="oracle"), ValueError, "paid_on must be one of 'index', 'mark', got 'oracle'"),
    (lambda: three_leg_path([1.0, 2.0], [1.0]), ValueError, "settlement has shape (1,), underlying has (2,)"),
    (lambda: three_leg_path([1.0], [1.0]), ValueError, "underlying must have at least two prices along the time axis"),
    (lambda: three_leg_path([1.0, 2.0], [1.0, 0.0]), ValueError, "settlement[1] must be > 0, got 0.0"),
    (lambda: sg.funding.no_such_thing, AttributeError, "module 'shortgamma.funding' has no attribute 'no_such_thing'"),
]


test_wrong_calls = refused(WRONG_CALLS, numbered=True)
