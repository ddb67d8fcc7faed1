"""Barriers on another asset, and the bivariate normal distribution."""

import numpy as np
import pytest
from mpmath import mp, mpf
from oracle.barrier import two_asset as oracle
from published import KINDS, names, numbers, rows
from scipy.special import ndtr
from wrong import refused

import shortgamma as sg
from shortgamma._core import dispatch
from shortgamma.barrier import two_asset_price


class TestPublished:
    @pytest.mark.parametrize("row", rows("two_asset"), ids=lambda row: row["row"])
    def test_two_asset(self, row):
        prices = numbers(row, "s1", "strike_on_asset1", "s2", "barrier_on_asset2")
        columns = {"vol": "vol1", "other_vol": "vol2", "correlation": "rho", "expiry": "t_act360", "rate": "r_cont"}
        columns |= {"dividend": "q1", "other_dividend": "q2"}
        terms = {name: float(row[column]) for name, column in columns.items()}
        value = two_asset_price(*prices, **terms, **names(row))
        assert abs(float(value) - float(row["expected"])) <= float(row["tol"])


class TestBivariate:
    @staticmethod
    def exact(x, y, correlation):
        """P(X < x, Y < y) by conditioning on X, broken where the conditional probability turns."""
        x, y, r = (mpf(number) for number in (x, y, correlation))
        width = mp.sqrt((1 - r) * (1 + r))
        turns = [y / r - 9 * width, y / r, y / r + 9 * width] if r else []
        inner = sorted({p for p in (x - 8, x - 4, *turns) if p < x})
        return mp.quad(lambda u: mp.npdf(u) * mp.ncdf((y - r * u) / width), [-mp.inf, *inner, x])

    @pytest.mark.parametrize("seed", range(60))
    def test_against_mpmath(self, seed):
        random = np.random.default_rng(seed)
        x, y = random.normal(0.0, 2.0, 2)
        correlation = random.uniform(-1.0, 1.0)
        if seed % 3 == 0:
            correlation = np.sign(correlation) * (1.0 - 10.0 ** random.uniform(-10.0, -1.0))
        if seed % 6 == 0:
            y = np.sign(correlation) * x + random.normal() * 10.0 ** random.uniform(-6.0, 0.0)
        with mp.workdps(30):
            exact = self.exact(x, y, correlation)
            got = dispatch.barrier.two_asset.two_asset_bivariate_cdf(x, y, correlation)
            assert abs(mpf(float(got)) - exact) < 1e-15

    def test_limits(self):
        cdf = dispatch.barrier.two_asset.two_asset_bivariate_cdf
        x, y = np.meshgrid(np.linspace(-8.0, 8.0, 33), np.linspace(-8.0, 8.0, 33))
        np.testing.assert_allclose(cdf(x, y, 1.0), ndtr(np.minimum(x, y)), rtol=1e-13)
        np.testing.assert_allclose(cdf(x, y, -1.0), np.maximum(ndtr(x) - ndtr(-y), 0.0), atol=1e-16)
        np.testing.assert_allclose(cdf(x, y, 0.0), ndtr(x) * ndtr(y), rtol=1e-13)
        np.testing.assert_allclose(cdf(x, np.inf, 0.3), ndtr(x), rtol=1e-14)
        assert (cdf(x, -np.inf, 0.3) == 0.0).all()
        # no probability can be told to be the quarter plus the arcsine but that of the origin (Sheppard, 1899)
        correlation = np.linspace(-1.0, 1.0, 41)
        np.testing.assert_allclose(
            cdf(0.0, 0.0, correlation), 0.25 + np.arcsin(correlation) / (2.0 * np.pi), atol=2e-16
        )


class TestTwoAsset:
    @pytest.mark.parametrize(("kind", "option"), KINDS)
    @pytest.mark.parametrize("correlation", [-0.97, -0.4, 0.0, 0.6, 0.99])
    def test_against_the_other_asset_at_expiry(self, kind, option, correlation):
        spot, strike, vol, dividend = 100.0, 103.0, 0.3, 0.02
        other, other_vol, other_dividend, rate, expiry = 50.0, 0.4, 0.01, 0.05, 0.8
        up = kind.startswith("up")
        barrier = 58.0 if up else 44.0
        expected = oracle.price(
            spot, strike, other, barrier, vol, other_vol, correlation, expiry, rate, dividend, other_dividend, kind,
            option,
        )  # fmt: skip
        got = two_asset_price(
            spot, strike, other, barrier, vol=vol, other_vol=other_vol, correlation=correlation, expiry=expiry,
            rate=rate, dividend=dividend, other_dividend=other_dividend, kind=kind, option=option,
        )  # fmt: skip
        assert float(got) == pytest.approx(expected, rel=1e-10, abs=1e-10)

    @pytest.mark.parametrize(("kind", "option"), KINDS)
    def test_the_same_asset(self, kind, option):
        barrier = 110.0 if kind.startswith("up") else 90.0
        got = two_asset_price(
            100.0,
            98.0,
            vol=0.3,
            other=100.0,
            barrier=barrier,
            other_vol=0.3,
            correlation=1.0,
            expiry=1.0,
            rate=0.05,
            kind=kind,
            option=option,
        )
        expected = sg.barrier.price(100.0, 98.0, barrier, vol=0.3, expiry=1.0, rate=0.05, kind=kind, option=option)
        assert float(got) == pytest.approx(float(expected), rel=1e-11, abs=1e-12)


WRONG_CALLS = [
    (
        lambda: two_asset_price(
            1.0,
            1.0,
            vol=0.3,
            other=[1.0, 2.0],
            barrier=[0.5, 0.6, 0.7],
            other_vol=0.3,
            correlation=0.5,
            expiry=1.0,
            kind="down-in",
            option="put",
        ),
        ValueError,
        "barrier of shape (3,) does not broadcast with other of shape (2,)",
    ),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)
