"""Returns behind and ahead, against loops."""

import math

import numpy as np
import pytest

import shortgamma as sg

PRICES = 100.0 * np.exp(np.cumsum(0.05 * np.random.default_rng(1).standard_normal((40, 2)), axis=0))


def test_past_returns():
    found = sg.carry.past_returns(PRICES, 3)
    assert np.isnan(found[:3]).all()
    for t in range(3, 40):
        assert found[t, 1] == pytest.approx(math.log(PRICES[t, 1] / PRICES[t - 3, 1]), rel=1e-12)


def test_future_outcomes():
    found = sg.carry.future_outcomes(PRICES, 5)
    for field in found:
        assert np.isnan(field[35:]).all()
        assert np.isfinite(field[:35]).all()
    for t in range(35):
        path = [math.log(PRICES[t + i, 0] / PRICES[t, 0]) for i in range(1, 6)]
        steps = [math.log(PRICES[t + i, 0] / PRICES[t + i - 1, 0]) for i in range(1, 6)]
        assert found.total[t, 0] == pytest.approx(path[-1], rel=1e-12)
        assert found.lowest[t, 0] == pytest.approx(min(path), rel=1e-12)
        assert found.highest[t, 0] == pytest.approx(max(path), rel=1e-12)
        skew = math.sqrt(5) * sum(r**3 for r in steps) / sum(r**2 for r in steps) ** 1.5
        assert found.realized_skew[t, 0] == pytest.approx(skew, rel=1e-11)


@pytest.mark.filterwarnings("error")
def test_missing_and_short():
    prices = PRICES[:, 0].copy()
    prices[20] = np.nan
    found = sg.carry.future_outcomes(prices, 5)
    assert np.isnan(found.lowest[15:21]).all()
    assert np.isfinite(found.lowest[[14, 21]]).all()
    assert np.isnan(sg.carry.future_outcomes(prices[:3], 5).total).all()
    assert np.isnan(sg.carry.past_returns(prices[:3], 5)).all()


def test_wrong_inputs():
    with pytest.raises(ValueError, match="rows must be a whole number"):
        sg.carry.past_returns(PRICES, 0)
    with pytest.raises(ValueError, match="at least one dimension"):
        sg.carry.future_outcomes(1.0, 1)
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        sg.carry.past_returns([1.0, 0.0, 2.0], 1)
