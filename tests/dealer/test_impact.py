"""Impact, schedules and games: published numbers, and what defines an equilibrium."""

import math

import numpy as np
import pytest

import shortgamma as sg

ALMGREN = {"vol": 0.95, "permanent": 2.5e-7, "temporary": 2.5e-6, "spread": 0.0625}


def test_impact():
    assert sg.dealer.impact(0.05, 1.0, vol=0.03, model="linear") == pytest.approx(0.0015, rel=1e-15)
    found = sg.dealer.impact([0.05, -0.05], 1.0, vol=0.03, model="square-root")
    assert found == pytest.approx([0.00670820393249937, -0.00670820393249937], rel=1e-14)
    with pytest.warns(RuntimeWarning, match="invalid"):
        assert np.isnan(sg.dealer.impact(1.0, [0.0, -1.0], vol=0.03, model="linear")).all()
    with pytest.raises(TypeError, match="model"):
        sg.dealer.impact(1.0, 1.0, vol=0.03)
    with pytest.raises(ValueError, match="model must be one of 'linear', 'square-root', got 'sqrt'"):
        sg.dealer.impact(1.0, 1.0, vol=0.03, model="sqrt")
    with np.errstate(all="raise"):
        assert np.isnan(sg.dealer.impact(np.nan, 1.0, vol=0.03, model="linear"))


# DROP (open source, Java) publishes cost in millions, variance in 1e12, half-life, for risk aversions 1e-9 to 9e-9
DROP = [51.30, 36.27, 29.62, 25.65, 22.94, 20.94, 19.39, 18.14, 17.10]


@pytest.mark.parametrize(("aversion", "half_life"), [(1e-9 * (i + 1), value) for i, value in enumerate(DROP)])
def test_published_frontier(aversion, half_life):
    found = sg.dealer.execution_schedule(1e6, 5, 5.0, risk_aversion=aversion, **ALMGREN)
    left = 2.5e-6 - 0.5 * 2.5e-7
    assert math.sqrt(left / (aversion * 0.95**2)) == pytest.approx(half_life, abs=5.1e-3)
    assert 0.66249e6 < found.cost < 0.66265e6


@pytest.mark.parametrize(("aversion", "variance"), [(1e-9, 1.0812e12), (2e-9, 1.0794e12), (9e-9, 1.0669e12)])
def test_published_variance(aversion, variance):
    found = sg.dealer.execution_schedule(1e6, 5, 5.0, risk_aversion=aversion, **ALMGREN)
    assert found.variance == pytest.approx(variance, abs=5.1e7)


def test_schedules():
    found = sg.dealer.execution_schedule(1e6, 5, 5.0, risk_aversion=1e-6, **ALMGREN)
    assert found.kappa == pytest.approx(0.607076163247063, rel=1e-13)
    assert found.held[1] == pytest.approx(541955.55437392, rel=1e-12)
    assert found.cost == pytest.approx(911226.986303794, rel=1e-13)
    assert found.variance == pytest.approx(364128572058.141, rel=1e-12)
    steep = sg.dealer.execution_schedule(1e6, 5, 5.0, risk_aversion=2e-6, **ALMGREN)
    assert (steep.kappa, steep.cost) == pytest.approx((0.846297134501256, 1140715.16704979), rel=1e-13)
    assert steep.variance == pytest.approx(201931287150.524, rel=1e-12)
    line = sg.dealer.execution_schedule(1e6, 5, 5.0, risk_aversion=0.0, **ALMGREN)
    assert (line.cost, line.variance) == pytest.approx((662500.0, 1.083e12), rel=1e-13)
    assert line.held == pytest.approx([1e6, 8e5, 6e5, 4e5, 2e5, 0.0], rel=1e-14)
    almost = sg.dealer.execution_schedule(1e6, 5, 5.0, risk_aversion=1e-24, **ALMGREN)
    np.testing.assert_allclose(almost.held, line.held, rtol=1e-12)
    urgent = sg.dealer.execution_schedule(1e6, 5, 5.0, risk_aversion=1e6, **ALMGREN)
    assert urgent.trades[0] == pytest.approx(1e6)


def test_no_schedule_is_better():
    """The cost plus risk of any other schedule is larger."""
    aversion, quantity = 1e-6, 1e6
    found = sg.dealer.execution_schedule(quantity, 5, 5.0, risk_aversion=aversion, **ALMGREN)

    def total(held):
        trades = -np.diff(held)
        left = ALMGREN["temporary"] - 0.5 * ALMGREN["permanent"]
        cost = 0.5 * ALMGREN["permanent"] * quantity**2 + ALMGREN["spread"] * quantity + left * np.square(trades).sum()
        return cost + aversion * ALMGREN["vol"] ** 2 * np.square(held[1:]).sum()

    assert total(found.held) == pytest.approx(found.cost + aversion * found.variance, rel=1e-13)
    random = np.random.default_rng(2)
    for _ in range(50):
        other = found.held.copy()
        other[1:-1] += random.normal(0.0, 1e4, 4)
        assert total(other) > total(found.held)


def test_schedule_refuses():
    with pytest.raises(ValueError, match="temporary must be above half of permanent times a period"):
        sg.dealer.execution_schedule(1.0, 1, 5.0, vol=1.0, permanent=1.0, temporary=1.0, risk_aversion=0.0)
    with pytest.raises(ValueError, match="periods must be a whole number >= 1, got 0"):
        sg.dealer.execution_schedule(1.0, 0, 5.0, vol=1.0, permanent=0.1, temporary=1.0, risk_aversion=0.0)


def test_predatory_trading():
    found = sg.dealer.predatory_trading([1.0, 0.0, 0.0], 1.0, permanent=1.0, temporary=0.5)
    assert found.costs == pytest.approx([1.118007879644666, -0.038509763105001406, -0.038509763105001406], rel=1e-12)
    assert found.positions[:, 2] == pytest.approx([0.3867807246472816, 0.11783930327728648, 0.11783930327728648])
    prices = [0.7909883534346631, 0.9659543578140495, 1.1022180190355906, 1.2083402650991033, 1.2909883534346633]
    assert found.price == pytest.approx(prices, rel=1e-12)
    assert found.positions[:, -1] == pytest.approx([1.0, 0.0, 0.0], abs=1e-15)
    with pytest.raises(ValueError, match="two traders at least"):
        sg.dealer.predatory_trading([1.0], 1.0, permanent=1.0, temporary=0.5)


@pytest.mark.parametrize("trader", range(3))
def test_no_trader_gains_by_trading_otherwise(trader):
    """Against the others' rates, adding any rate that sums to nothing costs more."""
    permanent, temporary, steps = 1.0, 0.5, 20_000
    found = sg.dealer.predatory_trading([1.0, 0.2, -0.3], 1.0, permanent=permanent, temporary=temporary, steps=steps)
    middle = (np.arange(steps) + 0.5) / steps
    rates = np.diff(found.positions, axis=1) * steps

    def cost(own):
        all_rates = rates.copy()
        all_rates[trader] = own
        total = all_rates.sum(axis=0)
        bought = (np.cumsum(total) - 0.5 * total) / steps
        return ((permanent * bought + temporary * total) * own).mean()

    here = cost(rates[trader])
    assert here == pytest.approx(found.costs[trader], rel=1e-6)
    for wave in (np.cos(np.pi * middle), np.sin(2.0 * np.pi * middle), np.cos(3.0 * np.pi * middle)):
        for size in (-0.1, 0.1):
            assert cost(rates[trader] + size * (wave - wave.mean())) > here


def test_front_running():
    found = sg.dealer.front_running(1.0, permanent=0.4, temporary=0.6)
    assert found.quantity == pytest.approx(0.357142857142857, rel=1e-14)
    assert found.profit == pytest.approx(0.178571428571429, rel=1e-14)
    assert (found.cost, found.alone) == pytest.approx((0.785714285714286, 1.0), rel=1e-14)
    # three stages, written out
    l, e, q = 0.4, 0.6, 1.0  # noqa: E741

    def profit(x):
        return x * (l * x + (l + e) * (q - x)) - x * (0.5 * l * x + e * x)

    grid = np.linspace(0.0, 1.0, 100_001)
    assert profit(grid).max() == pytest.approx(found.profit, abs=1e-9)
    after = sg.dealer.front_running(1.0, permanent=0.4, temporary=0.6, unwind="after")

    def late(x):
        return x * (l * (q + x) - 0.5 * l * x - e * x) - x * (0.5 * l * x + e * x)

    assert late(grid).max() == pytest.approx(after.profit, abs=1e-9)
    assert after.cost == pytest.approx(1.0 + 0.4 * after.quantity, rel=1e-14)
    with pytest.raises(ValueError, match="unwind must be one of 'auction', 'after', got 'never'"):
        sg.dealer.front_running(1.0, permanent=0.4, temporary=0.6, unwind="never")
