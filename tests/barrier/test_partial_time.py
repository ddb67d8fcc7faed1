"""Partial-time, soft and two-asset barriers, the bivariate normal distribution, and inverses."""

import csv
import math
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp, mpf
from scipy.special import ndtr

import shortgamma as sg
from shortgamma._core import dispatch
from shortgamma.barrier import barrier_for_price, implied_vol, partial_time_price, soft_price, two_asset_price

DATA = Path(__file__).parents[1] / "data"
POINTS, WEIGHTS = np.polynomial.legendre.leggauss(40)
KINDS = [(kind, option) for kind in ("down-in", "down-out", "up-in", "up-out") for option in ("call", "put")]


def rows(name):
    with (DATA / f"barrier_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(row, *names):
    return [float(row[name]) for name in names]


def names(row):
    return {"kind": row["barrier_type"].replace("_", "-"), "option": row["option_type"]}


def panels(*edges):
    """Nodes and weights of an integral over neighbouring intervals, each in four panels."""
    edges = sorted(edges)
    cuts = np.unique(np.concatenate([np.linspace(a, b, 9) for a, b in pairwise(edges)]))
    half, middle = np.diff(cuts) / 2.0, (cuts[1:] + cuts[:-1]) / 2.0
    return (middle[:, None] + half[:, None] * POINTS).ravel(), (half[:, None] * WEIGHTS).ravel()


def vanilla(spot, strike, vol, expiry, rate, dividend, option):
    side = 1.0 if option == "call" else -1.0
    deviation = vol * math.sqrt(expiry)
    first = (np.log(spot / strike) + (rate - dividend) * expiry) / deviation + deviation / 2.0
    asset = spot * math.exp(-dividend * expiry) * ndtr(side * first)
    return side * (asset - strike * math.exp(-rate * expiry) * ndtr(side * (first - deviation)))


class TestPublished:
    @pytest.mark.parametrize("row", rows("partial_time"), ids=lambda row: row["row"])
    def test_partial_time(self, row):
        *prices, vol, expiry, moment = numbers(row, "spot", "strike", "barrier", "vol", "t_act360", "t1_act360")
        rate, dividend = numbers(row, "r_cont", "q_cont")
        terms = {"vol": vol, "expiry": expiry, "moment": moment, "rate": rate, "dividend": dividend, "window": "end"}
        value = partial_time_price(*prices, **terms, **names(row))
        assert abs(float(value) - float(row["expected"])) <= float(row["tol"])

    @pytest.mark.parametrize("row", rows("symmetry_partial_time"), ids=lambda row: row["row"])
    def test_partial_time_symmetry(self, row):
        spot, vol, expiry, rate = numbers(row, "spot", "vol", "t_act360", "r_call_world_equals_q_put_world")
        moment = float(row["cover_days_t1"]) / 360.0
        call = partial_time_price(
            spot, *numbers(row, "call_strike", "call_barrier"), vol=vol, expiry=expiry, moment=moment,
            rate=rate, kind=row["call_barrier_type"].replace("_", "-"), option="call", window="end",
        )  # fmt: skip
        put = partial_time_price(
            spot, *numbers(row, "put_strike", "put_barrier"), vol=vol, expiry=expiry, moment=moment,
            dividend=rate, kind=row["put_barrier_type"].replace("_", "-"), option="put", window="end",
        )  # fmt: skip
        assert abs(float(put) - float(row["put_strike"]) / spot * float(call)) <= float(row["tol_abs"])

    @pytest.mark.parametrize("row", rows("soft"), ids=lambda row: row["row"])
    def test_soft(self, row):
        *values, vol, expiry = numbers(row, "spot", "strike", "barrier_lo_L", "barrier_hi_U", "vol", "t_act360")
        rate, dividend = numbers(row, "r_cont", "q_cont")
        value = soft_price(*values, vol=vol, expiry=expiry, rate=rate, dividend=dividend, **names(row))
        # the book misprints row 52: 7.2046 for the mean over [90, 95], which mpmath gives as 7.204364348
        expected = 7.204364348 if row["row"] == "52" else float(row["expected"])
        assert abs(float(value) - expected) <= (1e-9 if row["row"] == "52" else float(row["tol"]))

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


def market(seed):
    random = np.random.default_rng(seed)
    return {
        "spot": 100.0,
        "strike": 100.0 * math.exp(random.normal(0.0, 0.2)),
        "barrier": 100.0 * math.exp(random.normal(0.0, 0.15)),
        "vol": random.uniform(0.15, 0.6),
        "expiry": random.uniform(0.5, 2.0),
        "rate": random.uniform(-0.03, 0.1),
        "dividend": random.uniform(-0.03, 0.1),
    }


class TestPartialTime:
    @pytest.mark.parametrize(("kind", "option"), KINDS)
    @pytest.mark.parametrize("window", ["start", "end", "end-beyond"])
    @pytest.mark.parametrize("seed", range(3))
    def test_against_the_price_at_the_moment(self, kind, option, window, seed):
        values = market([seed, len(kind), option == "put"])
        strike, barrier, vol, rate, dividend = (
            values[name] for name in ("strike", "barrier", "vol", "rate", "dividend")
        )
        moment = 0.4 * values["expiry"]
        left = values["expiry"] - moment
        up, out = kind.startswith("up"), kind.endswith("out")
        x, h = math.log(values["spot"]), math.log(barrier)
        s, m = vol * math.sqrt(moment), (rate - dividend - vol**2 / 2.0) * moment
        y, w = panels(x + m - 9.5 * s, x + m, h, x + m + 9.5 * s)
        density = np.exp(-0.5 * ((y - x - m) / s) ** 2) / (s * math.sqrt(2.0 * math.pi))
        free = vanilla(np.exp(y), strike, vol, left, rate, dividend, option)
        beyond = y >= h if up else y <= h
        if window == "start":
            image = math.exp((2.0 * (rate - dividend) / vol**2 - 1.0) * (h - x))
            killed = density - image * np.exp(-0.5 * ((y - 2.0 * h + x - m) / s) ** 2) / (s * math.sqrt(2.0 * math.pi))
            knocked = values["spot"] >= barrier if up else values["spot"] <= barrier
            alive = np.where(beyond, 0.0, killed * free) * (not knocked)
        else:
            terms = {"rate": rate, "dividend": dividend, "option": option}
            prices = [
                sg.barrier.price(np.exp(y), strike, barrier, vol=vol, expiry=left, kind=side, **terms)
                for side in ("down-out", "up-out")
            ]
            here = prices[1] if up else prices[0]
            alive = density * (here if window == "end-beyond" else prices[0] + prices[1])
        expected = math.exp(-rate * moment) * float(alive @ w)
        if not out:
            whole = float(vanilla(values["spot"], strike, vol, values["expiry"], rate, dividend, option))
            expected = whole - expected
        got = partial_time_price(**values, moment=moment, kind=kind, option=option, window=window)
        assert float(got) == pytest.approx(expected, rel=1e-10, abs=1e-10)

    @pytest.mark.parametrize(("kind", "option"), KINDS)
    def test_the_whole_time_is_the_plain_barrier(self, kind, option):
        values = {**market(5), "barrier": 115.0 if kind.startswith("up") else 88.0}
        terms = {"kind": kind, "option": option}
        expected = float(sg.barrier.price(**values, **terms))
        start = partial_time_price(**values, **terms, moment=values["expiry"], window="start")
        end = partial_time_price(**values, **terms, moment=0.0, window=["end", "end-beyond"])
        np.testing.assert_allclose([start, *end], expected, rtol=1e-11, atol=1e-12)


class TestTwoAsset:
    @pytest.mark.parametrize(("kind", "option"), KINDS)
    @pytest.mark.parametrize("correlation", [-0.97, -0.4, 0.0, 0.6, 0.99])
    def test_against_the_other_asset_at_expiry(self, kind, option, correlation):
        spot, strike, vol, dividend = 100.0, 103.0, 0.3, 0.02
        other, other_vol, other_dividend, rate, expiry = 50.0, 0.4, 0.01, 0.05, 0.8
        up = kind.startswith("up")
        barrier = 58.0 if up else 44.0
        x, h, s = math.log(other), math.log(barrier), other_vol * math.sqrt(expiry)
        m = (rate - other_dividend - other_vol**2 / 2.0) * expiry
        y, w = panels(x + m - 9.5 * s, x + m, h, x + m + 9.5 * s)
        image = math.exp((2.0 * (rate - other_dividend) / other_vol**2 - 1.0) * (h - x))
        killed = np.exp(-0.5 * ((y - x - m) / s) ** 2) - image * np.exp(-0.5 * ((y - 2.0 * h + x - m) / s) ** 2)
        killed = np.where(y >= h if up else y <= h, 0.0, killed) / (s * math.sqrt(2.0 * math.pi))
        # given the other asset, the one is lognormal with what volatility is left
        shift = correlation * vol * math.sqrt(expiry) * (y - x - m) / s - 0.5 * correlation**2 * vol**2 * expiry
        rest = vol * math.sqrt(1.0 - correlation**2)
        expected = float((killed * vanilla(spot * np.exp(shift), strike, rest, expiry, rate, dividend, option)) @ w)
        if kind.endswith("in"):
            expected = float(vanilla(spot, strike, vol, expiry, rate, dividend, option)) - expected
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


class TestSoft:
    @pytest.mark.parametrize(("kind", "option"), KINDS)
    @pytest.mark.parametrize(("lower", "upper"), [(80.0, 99.0), (70.0, 120.0), (101.0, 130.0), (1.0, 1000.0)])
    def test_is_the_mean_of_hard_barriers(self, kind, option, lower, upper):
        values = {"vol": 0.3, "expiry": 0.7, "rate": 0.05, "dividend": 0.05, "kind": kind, "option": option}
        edges = {lower, upper, *(p for p in (95.0, 100.0) if lower < p < upper)}
        # even in the logarithm, for the wide range
        x, w = panels(*(math.log(edge) for edge in edges))
        level = np.exp(x)
        expected = float((sg.barrier.price(100.0, 95.0, level, **values) * level) @ w) / (upper - lower)
        got = soft_price(100.0, 95.0, lower, upper, **values)
        assert float(got) == pytest.approx(expected, rel=1e-10, abs=1e-10)

    def test_one_level_is_a_hard_barrier(self):
        assert soft_price(
            100.0, 95.0, 90.0, 90.0, vol=0.3, expiry=1.0, kind="down-in", option="put"
        ) == sg.barrier.price(100.0, 95.0, 90.0, vol=0.3, expiry=1.0, kind="down-in", option="put")


class TestImpliedVol:
    @pytest.mark.parametrize(("kind", "option"), KINDS)
    @pytest.mark.parametrize("monitoring", [None, 12])
    def test_round_trip(self, kind, option, monitoring):
        values = {"spot": 100.0, "strike": 102.0, "barrier": 125.0 if kind.startswith("up") else 80.0}
        values |= {"expiry": 0.75, "rate": 0.03, "dividend": 0.01, "kind": kind, "option": option}
        values["monitoring"] = monitoring
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


WRONG_CALLS = [
    (
        lambda: partial_time_price(
            1.0, 1.0, 0.5, vol=0.3, expiry=1.0, moment=0.5, window="middle", kind="down-in", option="put"
        ),
        ValueError,
        "window must be one of 'start', 'end', 'end-beyond', got 'middle'",
    ),
    (
        lambda: soft_price(1.0, 1.0, 0.5, "high", vol=0.3, expiry=1.0, kind="down-in", option="put"),
        TypeError,
        "upper must be a number or an array of numbers, got 'high'",
    ),
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


@pytest.mark.parametrize(("call", "error", "message"), WRONG_CALLS, ids=[case[2] for case in WRONG_CALLS])
def test_wrong_calls_say_what_is_wrong(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message
