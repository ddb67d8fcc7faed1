"""Funds: closing flows, creations, premiums, surprises, model portfolios, basis."""

import csv

import numpy as np
import pytest

import shortgamma as sg


def test_closing_flow():
    assert sg.dealer.closing_flow([4e9, 0.5e9], [2.0, -1.0], -0.05) == pytest.approx(-450e6, rel=1e-15)
    # multipliers b (b - 1) of leverages 3, 2, -1, -2, -3
    for leverage, multiplier in ((3.0, 6.0), (2.0, 2.0), (-1.0, 2.0), (-2.0, 6.0), (-3.0, 12.0)):
        assert sg.dealer.closing_flow([1.0], [leverage], 0.01) == pytest.approx(0.01 * multiplier, rel=1e-14)
    found = sg.dealer.closing_flow([4e9, 0.5e9], [2.0, -1.0], [-0.05, 0.0, 0.02], capital_flow=[1e8, 0.0])
    assert found == pytest.approx([-450e6 + 200e6, 200e6, 180e6 + 200e6], rel=1e-14)
    assert np.shape(found) == (3,)


def test_fund_nav_and_premium():
    assert sg.dealer.fund_nav(1.0, 1.0, fee=0.0025, days=365) == pytest.approx(0.997503113857155, rel=1e-15)
    assert sg.dealer.fund_nav(70_000.0, 5.7e-4, fee=0.0) == pytest.approx(39.9, rel=1e-14)
    assert sg.dealer.premium(99.0, 100.0) == pytest.approx(-0.01, rel=1e-14)
    with pytest.warns(RuntimeWarning, match="invalid"):
        assert np.isnan(sg.dealer.premium(99.0, 0.0))
    assert sg.dealer.creation(6e6, 38.33) == pytest.approx(229_980_000.0, rel=1e-15)
    # between the closes of the day and the day before
    assert sg.dealer.creation(6e6, [36.1, 39.68]) == pytest.approx([216.6e6, 238.08e6], rel=1e-14)


def test_arbitrage_units():
    found = sg.dealer.arbitrage_units([0.01, 0.002, 0.0, -0.02], cost=0.002, depth=1e6)
    assert found == pytest.approx([8000.0, 0.0, 0.0, -18000.0])
    with pytest.raises(ValueError, match="cost must be >= 0"):
        sg.dealer.arbitrage_units(0.01, cost=-0.1, depth=1.0)


def test_model_rebalance():
    w, a, b = 0.05, -0.1316, -0.014395285110089362
    found = sg.dealer.model_rebalance([w, 1.0 - w], [a, b], 1e9)
    assert found[0] == pytest.approx(1e9 * w * (1.0 - w) * (b - a), rel=1e-12)
    assert found[0] == pytest.approx(5567223.957270755, rel=1e-12)
    assert found.sum() == pytest.approx(0.0, abs=1e-6)
    # with cash, what is traded is the difference from the weights of the new total
    weights, returns = np.array([0.3, 0.5]), np.array([0.1, -0.2])
    before = 100.0 * weights * (1.0 + returns)
    total = before.sum() + 100.0 * 0.2
    np.testing.assert_allclose(sg.dealer.model_rebalance(weights, returns, 100.0), weights * total - before, rtol=1e-12)


def test_basis_unwind():
    found = sg.dealer.basis_unwind(1e9, spot_depth=500e9, futures_depth=400e9, years=21 / 365)
    assert found.change == pytest.approx(0.0045, rel=1e-14)
    assert found.annualized == pytest.approx(0.0045 * 365 / 21, rel=1e-14)
    assert found.net == 0.0
    # from 3.3 % with 22 days left to 9 % with 21
    needed = (0.09 * 21 - 0.033 * 22) / 365
    assert needed == pytest.approx(0.00318904109589041, rel=1e-14)
    depth = 2e9 / needed
    assert depth == pytest.approx(627e9, rel=1e-3)
    found = sg.dealer.basis_unwind(1e9, spot_depth=depth, futures_depth=depth, years=21 / 365)
    assert found.change == pytest.approx(needed, rel=1e-14)


def test_seed_flows():
    """530 million on -5.8 %, and what -13.2 % would have been; 230 million came."""
    per_unit = 530.0 / -0.058
    assert -per_unit / 100.0 == pytest.approx(91.37931034482759, rel=1e-15)
    expected = per_unit * 0.132
    assert expected == pytest.approx(-1206.2068965517242, rel=1e-14)
    assert 230.0 - expected == pytest.approx(1436.2068965517242, rel=1e-14)


def test_flow_surprise_refuses():
    with pytest.raises(ValueError, match="of one length"):
        sg.dealer.flow_surprise([1.0, 2.0], [1.0], lag=0, hac_lags=1)
    with pytest.raises(ValueError, match="lag must be a number of rows >= 0, got -1"):
        sg.dealer.flow_surprise([1.0, 2.0], [1.0, 2.0], lag=-1, hac_lags=1)


def test_flow_surprise_is_least_squares():
    random = np.random.default_rng(1)
    returns = random.normal(0.0, 0.03, 60)
    flow = 10.0 + 4000.0 * returns + random.normal(0.0, 50.0, 60)
    found = sg.dealer.flow_surprise(flow, returns, lag=0, hac_lags=3)
    slope, intercept = np.polyfit(returns, flow, 1)
    assert (found.slope, found.intercept) == pytest.approx((slope, intercept), rel=1e-10)
    np.testing.assert_allclose(found.expected + found.surprise, flow)
    assert found.zscore.std(ddof=2) == pytest.approx(1.0, rel=1e-12)
    later = sg.dealer.flow_surprise(flow, returns, lag=2, hac_lags=3)
    assert later.rows == 58
    assert np.isnan(later.expected[:2]).all()


def test_flows_follow_the_day_before(market):
    """US funds, 11 January to 23 February 2024: million dollars per 1.00 of the reference rate's log return."""
    with (market / "dealer" / "us_btc_etf_total_flow_2024-01_2025-04.csv").open(encoding="utf-8-sig") as file:
        rows = [row for row in csv.reader(file) if len(row) == 2 and row[0].strip('"').rstrip("T").isdigit()]
    days = np.array([f"{row[0][:4]}-{row[0][4:6]}-{row[0][6:8]}" for row in rows], dtype="datetime64[D]")
    flow = np.array([float(row[1]) for row in rows])
    path = market / "carry" / "cme_btc" / "cme_btc_constant_maturity_2019_2024.csv"
    with path.open(encoding="utf-8-sig") as file:
        prices = list(csv.DictReader(file))
    dates = np.array([row["date"][:10] for row in prices], dtype="datetime64[D]")
    returns = np.diff(np.log([float(row["brr_1d"]) for row in prices]), prepend=np.nan)
    shared = np.flatnonzero(np.isin(days, dates) & (days <= np.datetime64("2024-02-23")))
    moves = returns[np.searchsorted(dates, days[shared])]
    now = sg.dealer.flow_surprise(flow[shared], moves, lag=0, hac_lags=3)
    assert now.rows == 30
    assert (now.slope, now.standard_error) == pytest.approx((3627.007593392222, 881.3887327151675), rel=1e-9)
    later = sg.dealer.flow_surprise(flow[shared], moves, lag=1, hac_lags=3)
    assert later.rows == 29
    assert (later.slope, later.standard_error) == pytest.approx((4416.558851325636, 1492.814906936958), rel=1e-9)
    assert later.r2 == pytest.approx(0.3345, abs=5e-5)
