"""What the basis says of prices to come."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shortgamma as sg

fama = sg.carry.fama


@pytest.fixture(scope="module")
def cme(market):
    """Dates, spot and the one-month future on days with a spot price of the same moment."""
    with (market / "carry" / "cme_btc" / "cme_btc_basis_derived.csv").open(newline="", encoding="utf-8") as file:
        spot = {row["date"]: float(row["spot_sync"]) for row in csv.DictReader(file) if row["spot_sync"]}
    path = market / "carry" / "cme_btc" / "cme_btc_constant_maturity_2019_2024.csv"
    with path.open(newline="", encoding="utf-8") as file:
        futures = {row["date"]: float(row["cm_1m"]) for row in csv.DictReader(file)}
    dates = sorted(spot)
    return np.array(dates), np.array([spot[date] for date in dates]), np.array([futures[date] for date in dates])


def test_published_samples(cme, reference):
    dates, spot, futures = cme
    with (reference / "carry" / "fama_cme.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 18
    for row in rows:
        some = (dates >= row["lo"]) & (dates <= row["hi"])
        horizon = int(row["horizon"])
        found = fama(
            spot[some], futures[some], horizon=horizon, form=row["form"], lags=int(row["lags"]), kernel=row["kernel"]
        )
        assert found.spot.count == int(row["n"])
        expected = {
            "const_spot": found.spot.coefficient[0],
            "slope_spot": found.spot.slope,
            "se_spot": found.spot.slope_error,
            "slope_futures": found.futures.slope,
            "se_futures": found.futures.slope_error,
            "var_carry": found.carry_variance,
            "excess": found.excess_volatility,
            "r2_futures": found.futures.r2,
        }
        for name, value in expected.items():
            assert value == pytest.approx(float(row[name]), rel=1e-10), (row, name)


def test_hodrick(cme):
    dates, spot, futures = cme
    some = (dates >= "2019-04-01") & (dates <= "2021-12-31")
    found = fama(spot[some], futures[some], horizon=21, form="logs", covariance="hodrick")
    assert found.spot.slope == pytest.approx(-2.2254410197130774, rel=1e-12)
    assert found.spot.slope_error == pytest.approx(1.7937779231239863, rel=1e-12)
    assert found.futures.slope_error == found.spot.slope_error


def hodrick(spot, futures, horizon):
    """Written out, row by row."""
    basis = futures - spot
    count = len(spot)
    design = np.column_stack([np.ones(count), basis])
    shock = np.diff(spot) - np.diff(spot).mean()
    total = np.zeros((2, 2))
    for t in range(horizon - 1, count - 1):
        w = shock[t] * design[t - horizon + 1 : t + 1].sum(axis=0)
        total += np.outer(w, w)
    used = design[: count - horizon]
    bread = np.linalg.inv(used.T @ used)
    return np.sqrt(np.diagonal(bread @ total @ bread))


def test_hodrick_written_out():
    random = np.random.default_rng(1)
    spot = 100.0 + np.cumsum(random.standard_normal(120))
    futures = spot + 1.0 + 0.3 * random.standard_normal(120)
    found = fama(spot, futures, horizon=5, form="levels", covariance="hodrick")
    np.testing.assert_allclose(found.spot.standard_error, hodrick(spot, futures, 5), rtol=1e-9)


@given(
    seed=st.integers(0, 2**32 - 1),
    horizon=st.integers(1, 30),
    form=st.sampled_from(["levels", "logs"]),
    missing=st.booleans(),
)
def test_the_slopes_differ_by_one(seed, horizon, form, missing):
    random = np.random.default_rng(seed)
    spot = 100.0 * np.exp(0.03 * np.cumsum(random.standard_normal(150)))
    futures = spot * np.exp(0.01 + 0.02 * random.standard_normal(150))
    if missing:
        futures[random.random(150) < 0.1] = np.nan
        spot[random.random(150) < 0.05] = np.nan
    found = fama(spot, futures, horizon=horizon, form=form, lags="overlap")
    scale = abs(found.spot.slope) + 1.0
    assert abs(found.difference - 1.0) < 1e-12 * scale
    assert abs(found.spot.slope_error - found.futures.slope_error) < 1e-11 * found.spot.slope_error
    assert found.spot.residual_variance == pytest.approx(found.futures.residual_variance, rel=1e-11)
    assert found.excess_volatility == -(found.spot.slope + found.futures.slope)


def test_excess_volatility_is_the_difference_of_variances():
    """With fitted values for expectations: var P - var E[dS] = -(slope + slope) var C."""
    random = np.random.default_rng(2)
    spot = 100.0 * np.exp(0.03 * np.cumsum(random.standard_normal(400)))
    futures = spot * np.exp(0.01 + 0.02 * random.standard_normal(400))
    found = fama(spot, futures, horizon=10, form="logs", lags="overlap")
    basis = np.log(futures / spot)[:-10]
    expected, premium = found.spot.slope * basis, -found.futures.slope * basis
    assert (premium.var() - expected.var()) / basis.var() == pytest.approx(found.excess_volatility, rel=1e-10)
    assert found.carry_variance == pytest.approx(basis.var(), rel=1e-12)


def test_pairs_in_columns():
    random = np.random.default_rng(3)
    spot = 100.0 * np.exp(0.03 * np.cumsum(random.standard_normal((200, 2)), axis=0))
    futures = spot * np.exp(0.01 + 0.02 * random.standard_normal((200, 2)))
    for terms in ({"lags": 9}, {"covariance": "hodrick"}):
        whole = fama(spot, futures, horizon=10, form="levels", **terms)
        for i in range(2):
            one = fama(spot[:, i], futures[:, i], horizon=10, form="levels", **terms)
            assert whole.spot.slope[i] == pytest.approx(one.spot.slope, rel=1e-12)
            assert whole.futures.slope_error[i] == pytest.approx(one.futures.slope_error, rel=1e-11)
            assert whole.excess_volatility[i] == pytest.approx(one.excess_volatility, rel=1e-12)


def test_windows():
    """A row has the regressions that are known by then: over pairs of which the last ends on it."""
    random = np.random.default_rng(5)
    spot = 100.0 * np.exp(0.03 * np.cumsum(random.standard_normal((160, 2)), axis=0))
    futures = spot * np.exp(0.01 + 0.02 * random.standard_normal((160, 2)))
    terms = {"horizon": 10, "form": "logs", "lags": "overlap"}
    found = fama(spot, futures, window=60, **terms)
    assert found.spot.slope.shape == (160, 2)
    assert np.isnan(found.spot.slope[:69]).all()
    np.testing.assert_allclose(found.difference[69:], 1.0, rtol=1e-10)
    for row in (69, 100, 159):
        # 60 pairs need 70 rows
        rows = slice(row - 69, row + 1)
        alone = fama(spot[rows, 1], futures[rows, 1], **terms)
        assert alone.spot.count == 60
        assert found.spot.slope[row, 1] == pytest.approx(alone.spot.slope, rel=1e-9)
        assert found.futures.slope_error[row, 1] == pytest.approx(alone.futures.slope_error, rel=1e-9)
        assert found.excess_volatility[row, 1] == pytest.approx(alone.excess_volatility, rel=1e-8)
    one = fama(spot[:, 1], futures[:, 1], window=60, **terms)
    np.testing.assert_array_equal(one.futures.slope, found.futures.slope[:, 1])
    for more, match in (
        ({"small_sample": True}, "covariance and small_sample have no use with window"),
        ({"lags": "rule"}, "lags must be a number of rows or 'overlap' with window"),
        ({"lags": None}, "lags must be given: a number of rows, or 'overlap'"),
    ):
        with pytest.raises(ValueError, match=match):
            fama(spot, futures, window=60, **{**terms, **more})


def test_settlement_at_another_price():
    random = np.random.default_rng(4)
    spot = 100.0 + np.cumsum(random.standard_normal(100))
    futures = spot + random.standard_normal(100)
    settle = spot + 0.1 * random.standard_normal(100)
    found = fama(spot, futures, horizon=3, form="levels", lags=2, settle=settle)
    expected = sg.carry.regression((settle[3:] - futures[:-3]), (futures - spot)[:-3], lags=2)
    assert found.futures.slope == pytest.approx(expected.slope, rel=1e-10)


def test_wrong_terms():
    spot = np.arange(1.0, 30.0)
    with pytest.raises(ValueError, match="form must be one of 'levels', 'logs'"):
        fama(spot, spot, horizon=3, form="log", lags=1)
    with pytest.raises(ValueError, match="horizon must be a whole number of rows, between 1 and 28"):
        fama(spot, spot, horizon=29, form="logs", lags=1)
    with pytest.raises(ValueError, match="must have one shape"):
        fama(spot, spot[1:], horizon=3, form="logs", lags=1)
    with pytest.raises(ValueError, match="lags must be given"):
        fama(spot, spot, horizon=3, form="logs")
    with pytest.raises(ValueError, match="left out where covariance is 'hodrick'"):
        fama(spot, spot, horizon=3, form="logs", lags=2, covariance="hodrick")


def test_no_slope_is_told_from_zero(reference):
    """Thirty days ahead on CME, with errors that allow for 29 rows of overlap."""
    with (reference / "carry" / "hac_input.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    data = {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "date"}
    expected = {
        ("dspot30", "carry1m"): (-2.09, 2.64, 2.34),
        ("dfut30", "carry1m"): (-3.09, 2.64, 2.34),
        ("dspot30", "fwdcarry"): (-5.48, 7.34, 5.83),
        ("dfut30", "fwdcarry"): (-5.99, 7.43, 5.91),
    }
    for (y, x), (slope, uniform, bartlett) in expected.items():
        found = sg.carry.regression(data[y], data[x], lags="overlap", horizon=30, kernel="uniform")
        newey_west = sg.carry.regression(data[y], data[x], lags="overlap", horizon=30)
        numbers = (found.slope, found.slope_error, newey_west.slope_error)
        assert numbers == pytest.approx((slope, uniform, bartlett), abs=0.006)
        assert max(abs(found.slope / found.slope_error), abs(newey_west.slope / newey_west.slope_error)) < 1.7
    white = sg.carry.regression(data["dspot30"], data["fwdcarry"], covariance="hc0")
    assert white.slope / white.slope_error == pytest.approx(-3.9, abs=0.06)


def test_spot_funds(market):
    """Twenty days on each side of 2024-01-11, CME alone."""
    with (market / "carry" / "cme_btc" / "cme_btc_basis_derived.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    event = next(i for i, row in enumerate(rows) if row["date"] == "2024-01-11")
    expected = {
        "fwd_1m3m": (0.0978910243136073, 0.08301650453420028),
        "b_brr_3m": (0.12208247592433244, 0.07187793391223313),
    }
    for name, means in expected.items():
        before = [float(row[name]) for row in rows[event - 20 : event]]
        after = [float(row[name]) for row in rows[event : event + 20]]
        assert (np.mean(before), np.mean(after)) == pytest.approx(means, abs=1e-7)
