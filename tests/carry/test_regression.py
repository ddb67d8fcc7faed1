"""Regression of one sample against published numbers and the sum written out."""

import csv
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle.carry import rolling_regression as oracle

import shortgamma as sg

regression, bandwidth = sg.carry.regression, sg.carry.bandwidth


def rows_of(path):
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def cme(reference):
    rows = rows_of(reference / "carry" / "hac_input.csv")
    return {name: np.array([float(row[name]) for row in rows]) for name in rows[0] if name != "date"}


def terms_of(estimator):
    """The arguments that an estimator of statsmodels or linearmodels stands for."""
    words = estimator.split()
    if words[0] == "nonrobust":
        return {"covariance": "plain"}
    if words[1].startswith("HC"):
        return {"covariance": words[1].lower()}
    if words[0] == "statsmodels":
        return {"lags": int(words[3].split("=")[1]), "small_sample": words[4].endswith("True")}
    return {"kernel": words[1], "lags": int(words[3].split("=")[1])}


def test_statsmodels_and_linearmodels(cme, reference):
    rows = rows_of(reference / "carry" / "hac_reference.csv")
    assert len(rows) == 104
    for row in rows:
        found = regression(cme[row["y"]], cme[row["x"]], **terms_of(row["estimator"]))
        expected = [float(row[name]) for name in ("const", "slope", "se_const", "se_slope")]
        np.testing.assert_allclose([*found.coefficient, *found.standard_error], expected, rtol=1e-11, err_msg=str(row))
        if row["r2"]:
            assert found.r2 == pytest.approx(float(row["r2"]), rel=1e-10)
        assert found.count == int(row["n"])


def test_kernels(cme, reference):
    rows = rows_of(reference / "carry" / "hac_kernels.csv")
    assert len(rows) == 72
    for row in rows:
        found = regression(cme[row["y"]], cme[row["x"]], lags=int(row["lags"]), kernel=row["kernel"])
        assert found.slope == pytest.approx(float(row["slope"]), rel=1e-13)
        variances = np.diagonal(found.covariance)
        np.testing.assert_allclose(variances, [float(row["var_const"]), float(row["var_slope"])], rtol=1e-13)


def test_bandwidths(cme):
    y = cme["dspot30"]
    assert bandwidth(y, cme["carry1m"], rule="rule") == 6.0
    assert bandwidth(y, cme["carry1m"], rule="overlap", horizon=30) == 29.0
    found = {name: float(bandwidth(y, cme[name], rule="newey-west-1994")) for name in ("carry1m", "fwdcarry")}
    assert found == pytest.approx({"carry1m": 18.763264161308317, "fwdcarry": 21.718607670705918}, rel=1e-13)
    andrews = {"bartlett": 8.12673013060074, "parzen": 11.218396136664706, "quadratic-spectral": 5.57294714521846}
    for kernel, expected in andrews.items():
        found = float(bandwidth(y, cme["carry1m"], rule="andrews-1991", kernel=kernel))
        assert found == pytest.approx(expected, rel=1e-13)
    by_name = regression(y, cme["carry1m"], lags="newey-west-1994")
    assert by_name.slope_error == regression(y, cme["carry1m"], lags=18).slope_error
    spectral = regression(y, cme["carry1m"], lags="andrews-1991", kernel="quadratic-spectral")
    assert spectral.slope_error == pytest.approx(
        regression(y, cme["carry1m"], lags=5.57294714521846, kernel="quadratic-spectral").slope_error, rel=1e-10
    )


def test_trend_chasing(market):
    """The three-month carry on returns of the week and month before, 2019-04 to 2022-01."""
    rows = rows_of(market / "carry" / "cme_btc" / "cme_btc_basis_derived.csv")
    rows = [row for row in rows if row["spot_sync"] and "2019-04-01" <= row["date"] <= "2022-01-31"]
    spot, carry, forward = (
        np.array([float(row[name]) for row in rows]) for name in ("spot_sync", "b_sync_3m", "fwd_1m3m")
    )
    past = np.column_stack([sg.carry.past_returns(spot, 5), sg.carry.past_returns(spot, 21)])
    found = regression(carry, past, lags=20)
    np.testing.assert_allclose(found.coefficient[1:], [0.022560257704833254, 0.07641024851280862], rtol=1e-12)
    np.testing.assert_allclose(found.standard_error[1:], [0.02784696627126558, 0.022783361306818184], rtol=1e-12)
    assert found.r2 == pytest.approx(0.10778363434930993, rel=1e-12)
    assert found.count == 720
    found = regression(forward, past, lags=20)
    np.testing.assert_allclose(found.coefficient[1:], [0.009442188435014992, 0.05393258264444289], rtol=1e-12)
    np.testing.assert_allclose(found.standard_error[1:], [0.02495681291429566, 0.02259521686542178], rtol=1e-12)
    assert found.r2 == pytest.approx(0.11009836700276265, rel=1e-12)
    lagged = np.column_stack([past, np.concatenate([[np.nan], carry[:-1]])])
    found = regression(carry, lagged, lags=20)
    np.testing.assert_allclose(found.coefficient[2:], [0.03459707795345002, 0.5154476697129207], rtol=1e-12)
    assert found.standard_error[2] == pytest.approx(0.014731830402622166, rel=1e-12)


def test_crash_risk(market):
    """The month ahead on the carry: lower lows, lower highs, a skew to the left."""
    rows = rows_of(market / "carry" / "cme_btc" / "cme_btc_basis_derived.csv")
    rows = [row for row in rows if row["spot_sync"] and "2019-04-01" <= row["date"] <= "2022-01-31"]
    spot, carry, forward = (
        np.array([float(row[name]) for row in rows]) for name in ("spot_sync", "b_sync_3m", "fwd_1m3m")
    )
    ahead = sg.carry.future_outcomes(spot, 21)
    found = regression(ahead.lowest, carry, lags=20)
    assert found.slope == pytest.approx(-0.37419597460197396, rel=1e-12)
    assert found.slope_error == pytest.approx(0.33772342440672387, rel=1e-12)
    assert regression(ahead.highest, carry, lags=20).slope == pytest.approx(-0.2695409183491984, rel=1e-12)
    found = regression(ahead.realized_skew, carry, lags=20)
    assert found.slope == pytest.approx(-4.646409882789048, rel=1e-12)
    assert found.slope_error == pytest.approx(2.282177301181306, rel=1e-12)
    found = regression(ahead.lowest, forward, lags=20)
    assert found.slope == pytest.approx(-0.759950266067401, rel=1e-12)
    assert found.slope_error == pytest.approx(0.5375724652056978, rel=1e-12)
    found = regression(ahead.realized_skew, forward, lags=20)
    assert found.slope == pytest.approx(-7.526288089307941, rel=1e-12)
    assert found.slope_error == pytest.approx(3.1444648279353844, rel=1e-12)


def sandwich(y, x, weight):
    """A S A in extended precision, with the design as it stands."""
    design = np.column_stack([np.ones(len(y)), x]).astype(np.longdouble)
    there = np.isfinite(design).all(axis=1) & np.isfinite(y)
    design, target = np.where(there[:, None], design, 0.0), np.where(there, y, 0.0).astype(np.longdouble)
    gram = design.T @ design
    beta = solve(gram, (design.T @ target)[:, None])[:, 0]
    scores = design * (target - design @ beta)[:, None]
    s = oracle.long_run(scores, weight)
    bread = solve(gram, np.eye(len(gram), dtype=np.longdouble))
    return beta.astype(float), (bread @ s @ bread).astype(float)


def solve(matrix, right):
    """Gauss and Jordan, since LAPACK knows no long doubles."""
    both = np.concatenate([matrix, right], axis=1)
    for i in range(len(matrix)):
        both[i] /= both[i, i]
        for j in range(len(matrix)):
            if j != i:
                both[j] -= both[j, i] * both[i]
    return both[:, len(matrix) :]


@given(
    seed=st.integers(0, 2**32 - 1),
    k=st.integers(1, 4),
    lags=st.integers(0, 30),
    kernel=st.sampled_from(["bartlett", "uniform", "parzen"]),
    missing=st.booleans(),
    mean=st.sampled_from([0.0, 10.0, 1e3]),
)
def test_against_extended_precision(seed, k, lags, kernel, missing, mean):
    random = np.random.default_rng(seed)
    x = mean + random.standard_normal((90, k))
    y = x.sum(axis=1) + random.standard_normal(90)
    if missing:
        x[random.random(90) < 0.1, -1] = np.nan
        y[random.random(90) < 0.1] = np.nan
    beta, covariance = sandwich(y, x, oracle.weights(kernel, lags))
    with np.errstate(invalid="ignore"):
        found = regression(y, x, lags=lags, kernel=kernel)
    scale = np.sqrt(np.diagonal(sandwich(y, x, [1.0])[1]))
    np.testing.assert_allclose(found.coefficient, beta, atol=1e-11 * scale.max())
    error = np.abs(found.covariance - covariance) / np.outer(scale, scale)
    assert error.max() < 1e-9


def test_many_lags_are_summed_from_the_spectrum():
    random = np.random.default_rng(3)
    x, y = random.standard_normal((2, 900))
    _, covariance = sandwich(y, x, oracle.weights("bartlett", 600))
    np.testing.assert_allclose(regression(y, x, lags=600).covariance, covariance, rtol=1e-9)


@pytest.mark.parametrize("k", [1, 2, 3])
@pytest.mark.parametrize("kernel", ["bartlett", "uniform", "parzen"])
def test_windows(k, kernel):
    """Each window is a sample of its own; with one regressor, as `rolling_regression` has it."""
    random = np.random.default_rng(31)
    x, y = random.standard_normal((700, k)), random.standard_normal(700)
    x[300] = np.nan
    with np.errstate(invalid="ignore"):
        found = regression(y, x, lags=7, kernel=kernel, window=90)
        assert np.isnan(found.coefficient[:89]).all()
        assert np.isnan(found.coefficient[300:390]).all()
        for last in (89, 299, 390, 699):
            rows = slice(last - 89, last + 1)
            alone = regression(y[rows], x[rows], lags=7, kernel=kernel)
            for ours, theirs in zip(found, alone, strict=True):
                np.testing.assert_allclose(ours[last], theirs, rtol=1e-9, atol=1e-15)
        some = regression(y, x, lags=7, kernel=kernel, window=90, minimum=80)
    assert some.count[320] == 89
    assert np.isfinite(some.coefficient[320]).all()
    if k == 1:
        fast = sg.carry.rolling_regression(y, x[:, 0], window=90, lags=7, kernel=kernel, minimum=80)
        there = np.arange(700) >= 89
        np.testing.assert_allclose(fast.slope[there], some.slope[there], rtol=1e-9)
        np.testing.assert_allclose(fast.slope_error[there], some.slope_error[there], rtol=1e-7)
    assert np.isnan(regression(y, x, lags=7, window=701).slope).all()


@pytest.mark.parametrize(
    ("terms", "match"),
    [
        ({"window": 0}, "window must be a whole number of rows, at least 1, got 0"),
        ({"window": 5.0}, "window must be a whole number of rows"),
        ({"window": 5, "minimum": 6}, "minimum must be a whole number of rows, between 1 and window, 5, got 6"),
        ({"minimum": 6}, "minimum has no use without window"),
    ],
)
def test_wrong_windows(terms, match):
    with pytest.raises(ValueError, match=match):
        regression(np.arange(9.0), np.arange(9.0) ** 2, lags=1, **terms)
    with pytest.raises(ValueError, match="y must have one dimension with window"):
        regression(np.ones((9, 2)), np.arange(9.0), lags=1, window=5)


def test_quadratic_spectral_weights():
    random = np.random.default_rng(4)
    x, y = random.standard_normal((2, 60))
    z = 6 * math.pi * np.arange(1, 60) / (5 * 7.5)
    weight = np.concatenate([[1.0], 3 / z**2 * (np.sin(z) / z - np.cos(z))])
    _, covariance = sandwich(y, x, weight)
    found = regression(y, x, lags=7.5, kernel="quadratic-spectral")
    np.testing.assert_allclose(found.covariance, covariance, rtol=1e-10)


def test_a_missing_row_keeps_its_place():
    random = np.random.default_rng(5)
    x, y = random.standard_normal((2, 50))
    gap = regression(np.insert(y, 20, np.nan), np.insert(x, 20, 0.0), lags=4)
    _, covariance = sandwich(np.insert(y, 20, np.nan), np.insert(x, 20, 0.0), oracle.weights("bartlett", 4))
    np.testing.assert_allclose(gap.covariance, covariance, rtol=1e-10)
    np.testing.assert_allclose(gap.coefficient, regression(y, x, lags=4).coefficient, rtol=1e-12)
    assert gap.slope_error != pytest.approx(regression(y, x, lags=4).slope_error, rel=1e-5)
    assert gap.count == 50


def test_columns_of_y_are_samples():
    random = np.random.default_rng(6)
    x = random.standard_normal((70, 2))
    y = random.standard_normal((70, 3))
    y[10:20, 1] = np.nan
    whole = regression(y, x, lags=3)
    assert whole.coefficient.shape == (3, 3)
    assert whole.covariance.shape == (3, 3, 3)
    for i in range(3):
        one = regression(y[:, i], x, lags=3)
        for ours, theirs in zip(whole, one, strict=True):
            np.testing.assert_allclose(ours[i], theirs, rtol=1e-12)


def test_without_intercept():
    random = np.random.default_rng(7)
    x = 3.0 + random.standard_normal(40)
    y = 2.0 * x + random.standard_normal(40)
    found = regression(y, x, covariance="hc0", intercept=False)
    slope = (x @ y) / (x @ x)
    assert found.coefficient == pytest.approx([slope], rel=1e-14)
    left = y - slope * x
    assert found.standard_error == pytest.approx([np.sqrt((x**2) @ (left**2)) / (x @ x)], rel=1e-13)


@pytest.mark.filterwarnings("error")
def test_too_few_rows():
    for x in ([1.0, 2.0], [1.0, np.nan, 3.0], [np.nan] * 5, []):
        found = regression(np.ones(len(x)), x, lags=0)
        assert np.isnan(found.coefficient).all()
        assert np.isnan(found.standard_error).all()
        assert np.isnan(found.r2)


def test_regressors_that_do_not_vary():
    t = np.arange(10.0)
    for x in (np.full(10, 0.1), np.column_stack([t, 2.0 * t]), np.column_stack([t, np.full(10, 1e6 + 0.1)])):
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            regression(t**2, x, lags=1)
        with np.errstate(invalid="ignore"):
            assert np.isnan(regression(t**2, x, lags=1).coefficient).all()
    with np.errstate(all="raise"):
        assert regression(t, np.ones(10), covariance="plain", intercept=False).coefficient == pytest.approx([4.5])


def test_infinite_numbers():
    t = np.arange(10.0)
    y = t**2
    y[3] = np.inf
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        regression(y, t, lags=1)


def test_negative_variance_is_returned_and_its_root_is_not():
    random = np.random.default_rng(8)
    for _ in range(50):
        x, y = random.standard_normal((2, 30))
        with np.errstate(invalid="ignore"):
            found = regression(y, x, lags=20, kernel="uniform")
        if found.covariance[1, 1] < 0.0:
            break
    assert found.covariance[1, 1] < 0.0
    assert np.isnan(found.standard_error[1])
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        regression(y, x, lags=20, kernel="uniform")


@pytest.mark.parametrize(
    ("terms", "match"),
    [
        ({}, "lags must be given"),
        ({"lags": 3, "covariance": "hc1"}, "lags must be left out"),
        ({"lags": -1}, "lags must be a whole number"),
        ({"lags": 1.5}, "lags must be a whole number"),
        ({"lags": 0.0, "kernel": "quadratic-spectral"}, "bandwidth > 0"),
        ({"lags": "overlap"}, "horizon, the rows"),
        ({"lags": "overlap", "horizon": 0}, "horizon must be"),
        ({"lags": "rule", "horizon": 3}, "horizon"),
        ({"lags": 3, "horizon": 3}, "horizon must be left out"),
        ({"lags": "newey-west"}, "lags must be one of 'overlap', 'rule'"),
        ({"lags": "andrews-1991", "kernel": "uniform"}, "has no bandwidth for kernel 'uniform'"),
        ({"lags": 1, "kernel": "triangle"}, "kernel must be one of"),
        ({"covariance": "HC1"}, "covariance must be one of 'hac', 'plain'"),
    ],
)
def test_wrong_terms(terms, match):
    with pytest.raises(ValueError, match=match):
        regression(np.arange(9.0), np.arange(9.0) ** 2, **terms)


def test_wrong_shapes():
    with pytest.raises(ValueError, match="x has length 3 along the time axis, y has 4"):
        regression(np.ones(4), np.ones(3), lags=1)
    with pytest.raises(ValueError, match="between 1 and 8 columns, got 9"):
        regression(np.ones(20), np.ones((20, 9)), lags=1)
    with pytest.raises(ValueError, match="y must have one or two dimensions"):
        regression(1.0, 1.0, lags=1)
    with pytest.raises(TypeError, match="x must be a number"):
        regression(np.ones(2), ["a", "b"], lags=1)
