"""Barrier options watched on dates, by a barrier that is always watched and moved outwards."""

import math

import numpy as np
import pytest
from mpmath import mp, mpf
from oracle.barrier import single as continuous
from oracle.barrier.shifted import moved

import shortgamma as sg

KINDS = [(kind, option) for kind in ("down-in", "down-out", "up-in", "up-out") for option in ("call", "put")]


class TestMovedBarrier:
    @pytest.mark.parametrize(("kind", "option"), KINDS)
    @pytest.mark.parametrize("rebate_at", ["hit", "expiry"])
    def test_every_greek_counts_that_the_barrier_moves(self, kind, option, rebate_at):
        random = np.random.default_rng([len(kind), option == "put", rebate_at == "hit"])
        up = kind.startswith("up")
        away = math.exp(random.uniform(0.05, 0.4))
        values = {
            "spot": 100.0,
            "strike": 100.0 * math.exp(random.normal(0.0, 0.2)),
            "barrier": 100.0 * away if up else 100.0 / away,
            "vol": random.uniform(0.2, 0.6),
            "expiry": random.uniform(0.2, 2.0),
            "rate": random.uniform(0.0, 0.1),
            "dividend": random.uniform(0.0, 0.1),
            "rebate": 4.0,
        }
        dates = 12
        result = sg.barrier.greeks(
            **values, kind=kind, option=option, rebate_at=rebate_at, dates=dates, method="shift", order=2
        )
        market = [mpf(values[name]) for name in ("spot", "vol", "expiry", "rate", "dividend")]
        with mp.workdps(50):
            one = continuous.Option(values["strike"], values["barrier"], values["rebate"], kind, option, rebate_at)
            price = moved(one, values, dates, up)
            scales = continuous.scales(values["spot"], values["vol"], values["expiry"])
            for name, scale in zip(continuous.NAMES, scales, strict=True):
                orders, sign = continuous.ORDERS[name]
                exact = sign * (mp.diff(price, tuple(market), orders) if any(orders) else price(*market))
                error = abs(float(mpf(float(getattr(result, name))) - exact))
                assert error <= max(5e-11 * abs(float(exact)), 5e-13 * scale), name

    @pytest.mark.parametrize("method", ["shift", "exact"])
    @pytest.mark.parametrize("name", sg.barrier.BarrierGreeks._fields)
    def test_each_greek_alone(self, name, method):
        values = {"spot": np.array([70.0, 95.0, 140.0]), "strike": 100.0, "barrier": 60.0, "vol": 0.35, "expiry": 1.0}
        values |= {"kind": "down-in", "option": "put"}
        function = getattr(sg.barrier, name)
        expected = getattr(sg.barrier.greeks(**values, dates=[12, 52, 252], method=method, order=2), name)
        out = np.empty(3)
        got = function(**values, dates=[12, 52, 252], method=method, out=out)
        assert got is out
        # the price alone goes through the straight-line formula
        np.testing.assert_allclose(got, expected, rtol=1e-13)

    def test_many_dates_are_the_continuous_barrier(self):
        values = {"spot": 100.0, "strike": 100.0, "barrier": 80.0, "vol": 0.3, "expiry": 1.0}
        values |= {"kind": "down-in", "option": "put"}
        far = sg.barrier.price(**values, dates=10_000, method="shift")
        assert float(far) == pytest.approx(float(sg.barrier.price(**values)), rel=5e-3)

    def test_error_against_the_exact_price_falls_with_the_dates(self):
        errors = []
        for dates in (16, 64, 256):
            put = {"vol": 0.3, "expiry": 1.0, "dates": dates, "kind": "down-in", "option": "put"}
            quick = sg.barrier.price(100.0, 100.0, 85.0, **put, method="shift")
            exact = sg.barrier.price(100.0, 100.0, 85.0, **put, method="exact")
            errors.append(abs(float(quick - exact)))
        # o(1/sqrt n), and in practice 1/n
        assert errors[1] < 0.4 * errors[0]
        assert errors[2] < 0.4 * errors[1]


class TestPublished:
    def test_the_moved_barrier_of_broadie_glasserman_and_kou(self):
        # their table: down-and-out call, m = 50; corrected prices are good to three decimals
        barrier = np.array([85.0, 87.0, 88.0, 90.0, 91.0, 93.0, 94.0])
        printed = [6.322, 6.281, 6.242, 6.098, 5.977, 5.584, 5.288]
        value = sg.barrier.price(
            100.0,
            100.0,
            barrier,
            vol=0.3,
            expiry=0.2,
            rate=0.1,
            kind="down-out",
            option="call",
            dates=50,
            method="shift",
        )
        np.testing.assert_allclose(value, printed, atol=1.2e-3)
