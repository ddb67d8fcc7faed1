"""Closed forms of leveraged products against prospectuses, venues' published moves, 50 digits and identities."""

import csv
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.leverage import theory as oracle

import shortgamma as sg

DATA = Path(__file__).parents[1] / "data"
# The filing of the last fund calls the period 56 days; its numbers are those of 37 of 252 trading days.
PROSPECTUSES = [
    ("leverage_proshares_sdow_m3x_1y.csv", -3.0, 1.0, 65),
    ("leverage_proshares_ultraether_2x_1y.csv", 2.0, 1.0, 100),
    ("leverage_proshares_ultracrcl_2x_56d.csv", 2.0, 37 / 252, 102),
]
LEVERAGES = st.floats(-5.0, 5.0)
RETURNS = st.floats(-0.9, 3.0)


@pytest.mark.parametrize(("name", "leverage", "years", "cells"), PROSPECTUSES)
def test_prospectus(name, leverage, years, cells):
    with (DATA / name).open(newline="", encoding="utf-8") as file:
        next(file)
        header, *rows = csv.reader(file)
    vols = np.array([float(label.removeprefix("vol_").removesuffix("pct")) / 100 for label in header[1:]])
    table = np.array(rows, dtype=float)
    ours = 100 * sg.leverage.compounded_return(table[:, :1] / 100, leverage, vols**2 * years)
    assert ours.size == cells
    np.testing.assert_allclose(ours, table[:, 1:], rtol=0, atol=0.0501)


@pytest.mark.parametrize(
    ("leverage", "bound", "ratio"),
    [
        (3, 4, Fraction(8, 9)),
        (-3, -4, Fraction(16, 15)),
        (-3, -5, Fraction(10, 9)),
        (-1, -4, Fraction(8, 5)),
        (2, Fraction(8, 5), Fraction(4, 3)),
        (2, Fraction(7, 2), Fraction(7, 10)),
        (3, Fraction(9, 4), Fraction(6, 5)),
        (3, Fraction(33, 8), Fraction(22, 25)),
        (-3, Fraction(-3, 2), Fraction(4, 5)),
        (-3, Fraction(-21, 4), Fraction(28, 25)),
        (5, 7, Fraction(14, 15)),
        (0.5, 0.6, Fraction(3, 2)),
    ],
)
def test_published_triggers(leverage, bound, ratio):
    """FTX, Huobi, Pionex and Gate.io state the moves, or the bounds, of their tokens."""
    assert sg.leverage.trigger_ratio(float(leverage), float(bound)) == pytest.approx(float(ratio), rel=1e-15)
    assert sg.leverage.actual_leverage(float(leverage), float(ratio)) == pytest.approx(float(bound), rel=2e-15)


def test_pionex_history():
    """Prices at which the 2x token with the band of 1.6 to 3.5 was rebalanced on the way up."""
    published = [9511.9, 12682.53, 16910.04, 22546.73, 30062.3, 40083.07, 53444.09]
    prices = 9511.9 * sg.leverage.trigger_ratio(2.0, 1.6) ** np.arange(7)
    np.testing.assert_allclose(prices, published, rtol=0, atol=0.0051)


def test_published_trades():
    assert sg.leverage.actual_leverage(3.0, 1.05) == pytest.approx(315 / 115, rel=1e-15)
    assert sg.leverage.rebalance_trade(100.0, 3.0, 1.05) == pytest.approx(30.0, rel=1e-14)
    assert sg.leverage.rebalance_trade(200.0, 3.0, 1.05) == pytest.approx(60.0, rel=1e-14)


def test_multipliers_of_cheng_and_madhavan():
    leverage = np.array([3.0, 2.0, -1.0, -2.0, -3.0, 1.0, 0.0])
    np.testing.assert_array_equal(sg.leverage.rebalance_flow(1.0, leverage, 0.125) * 8, [6, 2, 2, 6, 12, 0, 0])


def test_flat_year():
    """The losses usually quoted, in percent."""
    drag = sg.leverage.volatility_drag([2.0, 3.0, -1.0, -3.0, 3.0], [0.2, 0.2, 0.2, 0.2, 0.8], 1.0)
    np.testing.assert_allclose(100 * drag, [-3.92, -11.31, -3.92, -21.34, -85.34], rtol=0, atol=0.00501)


def test_growth_optimal():
    best = sg.leverage.growth_optimal_leverage([0.08, 0.10], [0.02, 0.03], [0.16, 0.20])
    np.testing.assert_allclose(best, [2.34375, 1.75], rtol=1e-14)


def test_index_coop_recentring():
    """ETH2x: the examples, and 59 days from 2.2 to within 0.01 of 2."""
    rule = (2.0, 0.05, 1.7, 2.3)
    np.testing.assert_allclose(sg.leverage.recentred_leverage([2.2, 2.5, 1.5], *rule), [2.19, 2.3, 1.7], rtol=1e-15)
    leverage, days = 2.2, 0
    while leverage - 2.0 >= 0.01:
        leverage = sg.leverage.recentred_leverage(leverage, *rule)
        days += 1
    assert days == 59


@pytest.mark.parametrize(
    ("pools", "leverage", "ratio", "paid"),
    [
        ((10_000, 10_000), 1, 1.1, 909.09),
        ((10_000, 10_000), 3, 1.1, 2486.85),
        ((10_000, 9_000), 3, 1.1, 2238.17),
        ((10_000, 10_000), 1, 0.9, -1000),
        ((10_000, 10_000), 3, 0.9, -2710),
        ((9_000, 10_000), 3, 0.9, -2439),
    ],
)
def test_power_pools_of_tracer(pools, leverage, ratio, paid):
    assert sg.leverage.power_transfer(*pools, leverage, ratio) == pytest.approx(paid, rel=0, abs=0.0051)


@pytest.mark.parametrize(
    ("leverage", "ratio", "share"),
    [(1, 1.1, 0.090659), (3, 1.1, 0.266161), (1, 0.9, -0.099668), (3, 0.9, -0.291313)],
)
def test_sigmoid_pools_of_tracer(leverage, ratio, share):
    assert sg.leverage.sigmoid_transfer(1.0, 1.0, leverage, ratio) == pytest.approx(share, rel=0, abs=5.1e-7)


@given(st.floats(0.0, 1e6), st.floats(0.0, 1e6), st.floats(0.0, 10.0), st.floats(0.01, 100.0))
def test_pools_are_never_overdrawn(long, short, leverage, ratio):
    for transfer in (sg.leverage.power_transfer, sg.leverage.sigmoid_transfer):
        assert -long <= transfer(long, short, leverage, ratio) <= short


@given(LEVERAGES, st.floats(0.2, 3.0))
def test_trigger_inverts_leverage(leverage, ratio):
    bound = sg.leverage.actual_leverage(leverage, ratio)
    if abs(leverage) > 0.01 and abs(leverage - 1) > 0.01 and 0.01 < abs(bound) < 100:
        assert sg.leverage.trigger_ratio(leverage, bound) == pytest.approx(ratio, rel=1e-9)


@given(LEVERAGES, st.floats(0.2, 3.0))
def test_trade_restores_leverage(leverage, ratio):
    """Exposure held, and the trade, make leverage times the new NAV; nav() says how much that is."""
    nav = sg.leverage.nav([1.0, ratio], leverage, initial=100.0)[-1]
    trade = sg.leverage.rebalance_trade(100.0, leverage, ratio)
    held = 100.0 * leverage * ratio if nav > 0 else 0.0
    assert held + trade == pytest.approx(leverage * nav, rel=1e-12, abs=1e-10)


@given(RETURNS, LEVERAGES, st.floats(0.0, 2.0), st.floats(-0.1, 0.2), st.floats(0.0, 0.1), st.floats(0.0, 5.0))
def test_compounded_return_with_50_digits(change, leverage, variance, rate, expense, years):
    exact = oracle.compounded_return(change, leverage, variance, rate, expense, years)
    ours = sg.leverage.compounded_return(change, leverage, variance, rate=rate, expense=expense, years=years)
    assert abs(ours - exact) <= 1e-14 * (1 + abs(exact))


@given(st.floats(-0.9, 3.0), st.floats(-5.0, 5.0))
def test_break_even_with_50_digits(change, leverage):
    # for smaller returns 50 digits are too few for the logarithms
    if min(abs(leverage), abs(leverage - 1)) < 0.05 or leverage * change <= -0.99 or abs(change) < 1e-15:
        return
    exact = oracle.break_even_variance(change, leverage)
    assert abs(sg.leverage.break_even_variance(change, leverage) / exact - 1) < 2e-12


@pytest.mark.parametrize("leverage", [-3.0, 0.5, 2.0])
def test_break_even_of_tiny_returns(leverage):
    """The square of the return, to first order."""
    change = np.array([1e-100, -1e-60, 1e-30, -1e-17])
    np.testing.assert_allclose(sg.leverage.break_even_variance(change, leverage), change**2, rtol=1e-15)


@pytest.mark.parametrize("leverage", [-3.0, -1.0, 0.5, 2.0, 3.0])
def test_break_even_is_break_even(leverage):
    change = np.array([-0.3, -0.1, -0.01, 0.01, 0.1, 0.3])
    variance = sg.leverage.break_even_variance(change, leverage)
    ours = sg.leverage.compounded_return(change, leverage, variance)
    np.testing.assert_allclose(ours, leverage * change, rtol=1e-12)


def test_no_variance_makes_it_lose_what_it_cannot():
    assert sg.leverage.break_even_variance(-0.6, 2.0) == np.inf


TERMS = (st.floats(-4.0, 4.0), st.floats(-0.5, 0.5), st.floats(0.05, 1.0), st.floats(0.01, 3.0))


@given(st.floats(1e-12, 0.999), *TERMS, st.floats(-0.1, 0.1), st.floats(0.0, 0.05))
def test_quantile_with_50_digits(probability, leverage, drift, vol, years, rate, expense):
    terms = (leverage, drift, vol, years, rate, expense)
    exact = oracle.return_quantile(probability, *terms)
    ours = sg.leverage.return_quantile(probability, *terms[:4], rate=rate, expense=expense)
    assert abs(ours - exact) <= 1e-13 * (1 + abs(exact))


@given(st.floats(-0.9, 3.0), *TERMS, st.floats(-0.1, 0.1), st.floats(0.0, 0.05))
def test_probability_with_50_digits(change, leverage, drift, vol, years, rate, expense):
    if abs(leverage) < 0.1:
        return
    terms = (leverage, drift, vol, years, rate, expense)
    exact = oracle.return_probability(change, *terms)
    ours = sg.leverage.return_probability(change, *terms[:4], rate=rate, expense=expense)
    assert abs(ours - exact) <= 1e-12


def test_value_at_risk_is_a_quantile():
    terms = (3.0, 0.05, 0.2, 1 / 252)
    loss = sg.leverage.value_at_risk([0.95, 0.99], *terms)
    np.testing.assert_allclose(sg.leverage.return_probability(-loss, *terms), [0.05, 0.01], rtol=1e-12)


def test_wiped_out_is_data():
    assert sg.leverage.actual_leverage(3.0, 0.6) == 0.0
    assert sg.leverage.rebalance_trade(100.0, 3.0, 0.6) == 0.0
    assert sg.leverage.rebalance_flow(100.0, 3.0, -0.4) == 0.0


@pytest.mark.parametrize("bound", [-1.0, 0.0, 0.5, 1.0, np.inf])
def test_bound_never_reached(bound):
    with np.errstate(invalid="ignore"):
        assert np.isnan(sg.leverage.trigger_ratio(3.0, bound))
    with pytest.warns(RuntimeWarning, match="invalid"):
        sg.leverage.trigger_ratio(3.0, bound)


def test_wrong_calls():
    with pytest.raises(TypeError, match="bound must be a number"):
        sg.leverage.trigger_ratio(3.0, "4")
    with pytest.raises(TypeError, match="confidence must be a number"):
        sg.leverage.value_at_risk(None, 3.0, 0.05, 0.2, 1.0)
    with pytest.raises(ValueError, match="does not broadcast"):
        sg.leverage.rebalance_trade([1.0, 2.0], [1.0, 2.0, 3.0], 1.0)


def closes(file):
    with file.open(newline="", encoding="utf-8") as lines:
        return {row["Date"]: float(row["Close"]) for row in csv.DictReader(lines) if row["Close"]}


@pytest.mark.parametrize(
    ("fund", "index", "leverage", "expense", "worst"),
    [("TQQQ", "QQQ", 3.0, 0.0095, 0.004), ("SSO", "SPY", 2.0, 0.0089, 0.004)],
)
def test_quarters_of_a_real_fund(market, fund, index, leverage, expense, worst):
    """Total return by quarter from that of the index, its realised variance, the bill rate and the fund's expense."""
    funds, indices = (closes(market / "us_etf_daily" / f"{name}.csv") for name in (fund, index))
    bills = closes(market / "rates" / "IRX_daily.csv")
    days = sorted(funds.keys() & indices.keys() & bills.keys())
    price, real = (np.array([series[day] for day in days]) for series in (indices, funds))
    rate = np.array([bills[day] for day in days]) / 100
    quarter = [(day[:4], (int(day[5:7]) - 1) // 3) for day in days]
    ends = np.array([i for i in range(len(days) - 1) if quarter[i] != quarter[i + 1]])
    squares = np.concatenate([[0.0], np.cumsum(np.log(price[1:] / price[:-1]) ** 2)])
    rates = np.concatenate([[0.0], np.cumsum(rate[:-1])])
    length = np.diff(ends)
    ours = sg.leverage.compounded_return(
        price[ends[1:]] / price[ends[:-1]] - 1,
        leverage,
        np.diff(squares[ends]),
        rate=np.diff(rates[ends]) / length,
        expense=expense,
        years=length / 252,
    )
    error = ours - (real[ends[1:]] / real[ends[:-1]] - 1)
    assert len(error) >= 60
    assert error.std() <= worst
    assert abs(error.mean()) <= worst
