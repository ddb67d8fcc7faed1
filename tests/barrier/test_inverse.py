"""From a price back to volatility or barrier."""

import math

import numpy as np
import pytest
from wrong import refused

import shortgamma as sg
from shortgamma.barrier import barrier_for_price, implied_vol

KINDS = [(kind, option) for kind in ("down-in", "down-out", "up-in", "up-out") for option in ("call", "put")]


class TestImpliedVol:
    @pytest.mark.parametrize(("kind", "option"), KINDS)
    @pytest.mark.parametrize("watched", [{}, {"dates": 12, "method": "shift"}, {"dates": [0.01, 0.3, 0.7]}])
    def test_round_trip(self, kind, option, watched):
        values = {"spot": 100.0, "strike": 102.0, "barrier": 125.0 if kind.startswith("up") else 80.0}
        values |= {"expiry": 0.75, "rate": 0.03, "dividend": 0.01, "kind": kind, "option": option}
        values |= watched
        vol = np.array([0.12, 0.35, 0.9])
        value = sg.barrier.price(**values, vol=vol)
        found = implied_vol(value, **values)
        assert (found.count >= 1).all()
        nearest = np.nanmin(np.abs(np.stack([found.first, found.second]) / vol - 1.0), axis=0)
        assert (nearest < 1e-9).all()
        for solution in (found.first, found.second):
            there = ~np.isnan(solution)
            again = sg.barrier.price(**values, vol=np.where(there, solution, 0.2))
            np.testing.assert_allclose(again[there], value[there], rtol=1e-12, atol=1e-13)

    def test_two_and_none(self):
        # the price of a reverse knock-out rises with the volatility, and falls again
        vols = np.geomspace(0.01, 2.0, 2000)
        values = {"spot": 100.0, "strike": 100.0, "barrier": 120.0, "expiry": 0.5, "kind": "up-out", "option": "call"}
        most = sg.barrier.price(**values, vol=vols).max()
        found = implied_vol([0.5 * most, 1.01 * most, -1.0], **values)
        assert found.count.tolist() == [2, 0, 0]
        assert found.first[0] < vols[sg.barrier.price(**values, vol=vols).argmax()] < found.second[0]
        assert np.isnan(found.first[1:]).all()
        assert np.isnan(found.second[1:]).all()

    def test_scalars_and_nan(self):
        found = implied_vol(5.0, 100.0, 100.0, 80.0, expiry=1.0, kind="down-in", option="put")
        assert np.ndim(found.first) == np.ndim(found.count) == 0
        assert implied_vol(
            [math.nan, 5.0], [100.0, -1.0], 100.0, 80.0, expiry=1.0, kind="down-in", option="put"
        ).count.tolist() == [-1, -1]
        assert implied_vol(
            np.empty((0, 3)), 100.0, 100.0, 80.0, expiry=1.0, kind="down-in", option="put"
        ).first.shape == (0, 3)


class TestBarrierForPrice:
    @pytest.mark.parametrize(("kind", "option"), KINDS)
    @pytest.mark.parametrize("rebate", [0.0, 1.0])
    def test_round_trip(self, kind, option, rebate):
        level = np.array([103.0, 112.0, 140.0]) if kind.startswith("up") else np.array([97.0, 90.0, 70.0])
        values = {"spot": 100.0, "strike": 102.0, "vol": 0.3, "expiry": 0.75, "rate": 0.03, "rebate": rebate}
        values |= {"kind": kind, "option": option}
        value = sg.barrier.price(**values, barrier=level)
        found = barrier_for_price(value, **values)
        assert (found.count >= 1).all()
        nearest = np.nanmin(np.abs(np.stack([found.first, found.second]) / level - 1.0), axis=0)
        assert (nearest < 1e-8).all()
        if rebate == 0.0:
            assert (found.count == 1).all()

    def test_none(self):
        # no knock-in is worth more than the plain option
        assert barrier_for_price(50.0, 100.0, 100.0, vol=0.3, expiry=1.0, kind="down-in", option="put").count == 0

    @pytest.mark.parametrize("dates", [None, 12])
    @pytest.mark.parametrize(
        ("kind", "option", "strike"),
        [("down-in", "put", 90.0), ("down-out", "put", 90.0), ("up-in", "call", 110.0), ("up-out", "call", 110.0)],
    )
    @pytest.mark.parametrize("beyond", [0.001, 0.02, 0.06, 0.0999])
    def test_a_price_that_does_not_depend_on_the_barrier(self, kind, option, strike, beyond, dates):
        values = {"spot": 100.0, "strike": strike, "vol": 0.35, "expiry": 1.0, "rate": 0.02, "kind": kind}
        values |= {"option": option, "dates": dates}
        level = strike + beyond * 100.0 * (1.0 if strike < 100.0 else -1.0)
        found = barrier_for_price(sg.barrier.price(**values, barrier=level), **values)
        assert found.interval
        assert found.count == 1
        assert [float(found.first), float(found.second)] == sorted([strike, 100.0])
        # put back, both ends give the price
        low, high = (sg.barrier.price(**values, barrier=end) for end in (found.first, found.second * (1.0 - 1e-15)))
        assert float(low) == pytest.approx(float(high), abs=1e-11)

    def test_just_off_the_flat_part_there_is_one(self):
        values = {"spot": 100.0, "strike": 90.0, "vol": 0.35, "expiry": 1.0, "kind": "down-in", "option": "put"}
        level = np.array([89.0, 85.0, 60.0])
        found = barrier_for_price(sg.barrier.price(**values, barrier=level), **values)
        assert not found.interval.any()
        assert found.count.tolist() == [1, 1, 1]
        np.testing.assert_allclose(found.first, level, rtol=1e-6)

    def test_a_volatility_that_does_not_matter(self):
        # knocked out long ago: worth its rebate at any volatility
        found = implied_vol(3.0, 80.0, 100.0, 90.0, expiry=1.0, rebate=3.0, kind="down-out", option="put")
        assert found.interval
        assert (float(found.first), float(found.second)) == (0.001, 5.0)


WRONG_CALLS = [
    (
        lambda: implied_vol(1.0, 1.0, 1.0, 0.5, expiry=1.0, bounds=(0.5, 0.1), kind="down-in", option="put"),
        ValueError,
        "bounds must be two numbers 0 < low < high, got (0.5, 0.1)",
    ),
    (
        lambda: implied_vol(1.0, 1.0, 1.0, 0.5, expiry=1.0, kind="down", option="put"),
        ValueError,
        "kind must be one of 'down-in', 'up-in', 'down-out', 'up-out', got 'down'",
    ),
    (
        lambda: barrier_for_price([1.0, 2.0], 1.0, [1.0, 2.0, 3.0], vol=0.5, expiry=1.0, kind="down-in", option="put"),
        ValueError,
        "strike of shape (3,) does not broadcast with value of shape (2,)",
    ),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)
