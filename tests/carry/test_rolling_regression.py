"""The regression over a sliding window against each window by itself."""

import csv

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from oracle.carry import rolling_regression as oracle

import shortgamma as sg

rolling = sg.carry.rolling_regression
LONG = np.longdouble


def columns(path, *names):
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return [np.array([float(row[name] or "nan") for row in rows]) for name in names]


@pytest.fixture(scope="module")
def cme(reference):
    """Thirty-day changes of spot on the one-month carry, daily."""
    return columns(reference / "carry" / "hac_input.csv", "dspot30", "carry1m")


def test_published_windows(cme, reference):
    found = rolling(*cme, window=250, lags=21)
    row, *expected = columns(
        reference / "carry" / "rolling_hac_250_21.csv", "last_row", "const", "slope", "var_const", "cov", "var_slope"
    )
    row = row.astype(int)
    assert len(row) == 48
    actual = (found.intercept, found.slope, found.intercept_error**2, found.covariance, found.slope_error**2)
    for ours, theirs in zip(actual, expected, strict=True):
        np.testing.assert_allclose(ours[row], theirs, rtol=1e-11)
    assert np.nansum(found.slope) == pytest.approx(-894.6690285322878, rel=1e-13)
    assert np.nansum(found.slope_error) == pytest.approx(1092.6362115959168, rel=1e-13)
    assert np.isfinite(found.slope).sum() == 471


def test_published_expanding_windows(cme):
    found = rolling(*cme, window=60, lags=21, expanding=True)
    expected = {
        60: (-4.1621757243742605, 1.2021936986044273),
        250: (-8.074217962781322, 2.080243675779266),
        500: (-3.40391380309524, 2.237193536280337),
    }
    for count, (slope, error) in expected.items():
        assert found.slope[count - 1] == pytest.approx(slope, rel=1e-12)
        assert found.slope_error[count - 1] == pytest.approx(error, rel=1e-12)
    assert np.isnan(found.slope[:59]).all()


def check(y, x, window, lags, tolerance=1e-10, **terms):
    """Against windows worked out one by one in extended precision.

    Errors are relative. A coefficient that is nearly nothing beside its own error is measured by that, the error of the
    intercept by that of the line where x is largest, a covariance by the two errors, and a variance in whose sum over
    lags most cancels by the terms of the sum.
    """
    found = rolling(y, x, window=window, lags=lags, r2=True, **terms)
    exact = oracle.rolling(y.astype(LONG), x.astype(LONG), window, lags, **terms).astype(float)
    without = {name: value for name, value in terms.items() if name != "kernel"}
    plain = oracle.rolling(y.astype(LONG), x.astype(LONG), window, 0, **without).astype(float)
    np.testing.assert_array_equal(np.isfinite(found.slope), np.isfinite(exact[1]))
    there = np.isfinite(exact[1])
    ours = np.array(found)[:, there]
    exact, plain = exact[:, there], plain[:, there]
    scale = np.abs(exact)
    scale[:2] += plain[2:4]
    plain[2] += np.nanmax(np.abs(x)) * plain[3]
    scale[2:4] = np.where(exact[2:4] > plain[2:4], exact[2:4], plain[2:4] * (plain[2:4] / exact[2:4]))
    scale[4] = plain[2] * plain[3]
    scale[5] = 1.0
    with np.errstate(invalid="ignore"):
        error = np.nan_to_num(np.abs(ours - exact) / scale).max(axis=1)
    assert np.isfinite(ours).all() or terms.get("kernel") == "uniform"
    assert (error <= tolerance).all(), dict(zip(found._fields, error.tolist(), strict=True))


def series(kind, length, random):
    noise = random.standard_normal(length)
    return {
        "noise": noise,
        "walk": np.cumsum(noise),
        "trend": np.arange(length) + 0.1 * noise,
        "outlier": np.where(random.random(length) < 0.01, 1e3 * noise, noise),
        "jump": noise + 1e3 * (np.arange(length) > length // 2),
        "decay": noise * 0.9 ** (np.arange(length) % 50),
    }[kind]


@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["noise", "walk", "trend", "outlier", "jump", "decay"]),
    mean=st.sampled_from([0.0, 1.0, -1e3, 1e6]),
    window=st.integers(8, 80),
    share=st.floats(0.0, 0.25),
    kernel=st.sampled_from(["bartlett", "uniform", "parzen"]),
    expanding=st.booleans(),
)
def test_each_window_by_itself(seed, kind, mean, window, share, kernel, expanding):
    random = np.random.default_rng(seed)
    x = series(kind, 200, random)
    y = 0.5 * x + np.std(x) * random.standard_normal(200)
    x = x + mean * np.std(x)
    # a row that alone decides the slope leaves next to nothing of its own residual, a difference of large numbers
    tolerance = 1e-7 if kind in ("outlier", "jump") else 1e-10
    check(y, x, window, int(share * window), kernel=kernel, expanding=expanding, tolerance=tolerance)


@pytest.mark.parametrize("lags", [0, 1, 10, 18, 19])
def test_any_lags_below_the_window(lags):
    random = np.random.default_rng(4)
    x, y = random.standard_normal((2, 200))
    check(y, x, 20, lags)
    check(y, x, 20, lags, kernel="parzen")


@pytest.mark.parametrize("mean", [0.0, 1e3, 1e6])
def test_a_million_rows(mean):
    random = np.random.default_rng(5)
    length, window, lags = 1_000_000, 250, 21
    x = mean + random.standard_normal(length)
    y = 0.1 * x + random.standard_normal(length)
    found = rolling(y, x, window=window, lags=lags)
    for last in (window - 1, 123_456, 500_000, 777_777, length - 1):
        rows = slice(last - window + 1, last + 1)
        exact = oracle.window(y[rows].astype(LONG), x[rows].astype(LONG), "bartlett", lags)
        assert found.slope[last] == pytest.approx(float(exact[1]), rel=1e-10)
        assert found.intercept_error[last] == pytest.approx(float(exact[2]) ** 0.5, rel=1e-10)
        assert found.slope_error[last] == pytest.approx(float(exact[3]) ** 0.5, rel=1e-10)


@settings(max_examples=12)
@given(
    seed=st.integers(0, 2**32 - 1),
    kind=st.sampled_from(["noise", "walk", "trend", "decay"]),
    mean=st.floats(-1e6, 1e6),
    length=st.sampled_from([3_000, 40_000, 1_000_000]),
    window=st.integers(20, 600),
    share=st.floats(0.0, 0.2),
    kernel=st.sampled_from(["bartlett", "uniform"]),
)
def test_long_series_wherever_they_begin(seed, kind, mean, length, window, share, kernel):
    """1e-10 relative to a window by itself, and to the same window of a series that began later."""
    random = np.random.default_rng(seed)
    lags = int(share * window)
    x = series(kind, length, random)
    # the deviation within a window counts, not that of a walk of a million rows
    deviation = np.std(x[:window])
    y = 0.5 * x + deviation * random.standard_normal(length)
    x = x + mean * deviation
    terms = {"window": window, "lags": lags, "kernel": kernel}
    found = rolling(y, x, **terms)
    begin = int(random.integers(1, length - window - 50))
    later = rolling(y[begin:], x[begin:], **terms)
    for last in [window - 1, length - 1, *random.integers(begin + window - 1, length, 6).tolist()]:
        rows = slice(last - window + 1, last + 1)
        exact = oracle.window(y[rows].astype(LONG), x[rows].astype(LONG), kernel, lags)
        # a slope near zero is measured by its error
        slope, error = float(exact[1]), float(np.sqrt(np.maximum(exact[3], 0.0)))
        scale = max(abs(slope), error)
        results = [found] if last < begin + window - 1 else [found, later]
        for result in results:
            place = last if result is found else last - begin
            assert abs(result.slope[place] - slope) <= 1e-10 * scale
            if kernel == "bartlett":
                assert abs(result.slope_error[place] - error) <= 1e-10 * error


def test_a_window_of_a_hundred_thousand_rows():
    random = np.random.default_rng(16)
    x, y = np.cumsum(random.standard_normal((2, 150_000)), axis=1)
    found = rolling(y, x, window=100_000, lags=100)
    exact = oracle.window(y[-100_000:].astype(LONG), x[-100_000:].astype(LONG), "bartlett", 100)
    assert found.slope[-1] == pytest.approx(float(exact[1]), rel=1e-10)
    assert found.slope_error[-1] == pytest.approx(float(exact[3]) ** 0.5, rel=1e-10)


def test_a_window_does_not_know_where_the_series_began():
    random = np.random.default_rng(6)
    x, y = np.cumsum(random.standard_normal((2, 5000)), axis=1)
    whole = rolling(y, x, window=100, lags=10)
    for begin in (1, 57, 1000, 4321):
        part = rolling(y[begin:], x[begin:], window=100, lags=10)
        for name in ("slope", "slope_error", "intercept_error"):
            np.testing.assert_allclose(getattr(part, name)[99:], getattr(whole, name)[begin + 99 :], rtol=1e-10)


@pytest.mark.parametrize("kernel", ["bartlett", "uniform", "parzen"])
def test_missing_rows_keep_their_place(kernel):
    random = np.random.default_rng(7)
    x, y = random.standard_normal((2, 200))
    x[random.random(200) < 0.1] = np.nan
    y[random.random(200) < 0.1] = np.nan
    check(y, x, 60, 7, kernel=kernel, minimum=30)
    check(y, x, 60, 7, kernel=kernel, minimum=30, expanding=True)
    # a row that is missing between two leaves them two rows apart: dropped, they would be neighbours
    there = np.isfinite(x) & np.isfinite(y)
    gaps = rolling(y, x, window=200, lags=7, minimum=100)
    without = rolling(y[there], x[there], window=int(there.sum()), lags=7)
    assert gaps.slope[-1] == pytest.approx(without.slope[-1], rel=1e-12)
    assert gaps.slope_error[-1] != pytest.approx(without.slope_error[-1], rel=1e-3)


@pytest.mark.parametrize("kernel", ["bartlett", "uniform", "parzen"])
def test_neighbours_with_gaps_change_no_bit(kernel):
    """Windows without a gap have a loop of their own, which paths that share it leave together."""
    random = np.random.default_rng(17)
    x, y = random.standard_normal((2, 11, 900))
    x[3, 200:210], y[5, ::97] = np.nan, np.nan
    terms = {"window": 60, "lags": 7, "kernel": kernel, "minimum": 40, "r2": True, "axis": -1}
    together = rolling(y, x, **terms)
    for i in range(len(x)):
        alone = rolling(y[i], x[i], **terms)
        for name in together._fields:
            np.testing.assert_array_equal(getattr(together, name)[i], getattr(alone, name))


def test_minimum():
    random = np.random.default_rng(8)
    x, y = random.standard_normal((2, 60))
    x[30] = np.nan
    assert np.isfinite(rolling(y, x, window=20, lags=2).slope).sum() == 60 - 19 - 20
    found = rolling(y, x, window=20, lags=2, minimum=19)
    np.testing.assert_array_equal(np.isfinite(found.slope), np.arange(60) >= 18)


def test_constant_regressor():
    random = np.random.default_rng(9)
    x, y = random.standard_normal((2, 100))
    x[40:70] = 0.1
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        rolling(y, x, window=20, lags=2)
    with np.errstate(invalid="ignore"):
        found = rolling(y, x, window=20, lags=2)
    same = (np.arange(100) >= 59) & (np.arange(100) < 70)
    np.testing.assert_array_equal(np.isnan(found.slope), same | (np.arange(100) < 19))
    varies = ~np.isnan(found.slope)
    exact = oracle.rolling(y.astype(LONG), x.astype(LONG), 20, 2)
    np.testing.assert_allclose(found.slope[varies], exact[1][varies].astype(float), rtol=1e-10)


def test_infinite_numbers_are_missing_and_flagged():
    random = np.random.default_rng(10)
    x, y = random.standard_normal((2, 60))
    missing = x.copy()
    x[30], missing[30] = np.inf, np.nan
    with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
        rolling(y, x, window=20, lags=2, minimum=10)
    with np.errstate(invalid="ignore"):
        found = rolling(y, x, window=20, lags=2, minimum=10)
    np.testing.assert_array_equal(found.slope_error, rolling(y, missing, window=20, lags=2, minimum=10).slope_error)


@pytest.mark.filterwarnings("error")
def test_variances_below_zero_are_nan_quietly():
    random = np.random.default_rng(15)
    x, y = random.standard_normal((2, 300))
    found = rolling(y, x, window=20, lags=15, kernel="uniform")
    exact = oracle.rolling(y.astype(LONG), x.astype(LONG), 20, 15, "uniform")
    negative = np.isnan(exact[3]) & ~np.isnan(exact[1])
    assert negative.sum() > 20
    np.testing.assert_array_equal(np.isnan(found.slope_error), np.isnan(exact[3]))
    assert np.isfinite(found.slope[19:]).all()


def test_perfect_fit():
    x = np.arange(50.0)
    found = rolling(3.0 + 2.0 * x, x, window=10, lags=3, r2=True)
    np.testing.assert_allclose(found.slope[9:], 2.0, rtol=1e-13)
    np.testing.assert_allclose(found.slope_error[9:], 0.0, atol=1e-13)
    np.testing.assert_allclose(found.r2[9:], 1.0, rtol=1e-13)


def test_r2():
    random = np.random.default_rng(11)
    x = random.standard_normal(80)
    y = x + random.standard_normal(80)
    found = rolling(y, x, window=30, lags=0, r2=True)
    for last in (29, 50, 79):
        rows = slice(last - 29, last + 1)
        assert found.r2[last] == pytest.approx(np.corrcoef(x[rows], y[rows])[0, 1] ** 2, rel=1e-12)
    assert rolling(y, x, window=30, lags=0).r2 is None


def test_axes_and_shapes():
    random = np.random.default_rng(12)
    x, y = random.standard_normal((2, 40, 5))
    down = rolling(y, x, window=15, lags=2)
    across = rolling(y.T.copy(), x.T.copy(), window=15, lags=2, axis=1)
    np.testing.assert_array_equal(down.slope_error, across.slope_error.T)
    one = rolling(y, x[:, 0], window=15, lags=2)
    np.testing.assert_array_equal(one.slope[:, 3], rolling(y[:, 3], x[:, 0], window=15, lags=2).slope)
    out = tuple(np.empty((40, 5)) for _ in range(5))
    found = rolling(y, x, window=15, lags=2, out=out)
    assert found.slope is out[1]
    np.testing.assert_array_equal(out[3], down.slope_error)


def test_windows_longer_than_the_series():
    random = np.random.default_rng(13)
    x, y = random.standard_normal((2, 30))
    assert np.isnan(rolling(y, x, window=31, lags=30).slope).all()
    found = rolling(y, x, window=1000, lags=900, minimum=30)
    exact = oracle.window(y, x, "bartlett", 900)
    assert found.slope_error[-1] == pytest.approx(exact[3] ** 0.5, rel=1e-10)


def test_labels():
    pd = pytest.importorskip("pandas")
    random = np.random.default_rng(14)
    days = pd.date_range("2024-01-01", periods=40, tz="UTC")
    y = pd.DataFrame(random.standard_normal((40, 2)), index=days, columns=["a", "b"])
    x = pd.Series(random.standard_normal(40), index=days)
    found = rolling(y, x, window=15, lags=2)
    assert list(found.slope.columns) == ["a", "b"]
    assert found.slope.index.equals(days)
    assert rolling(y["a"], x, window=15, lags=2).slope.index.equals(days)
    with pytest.raises(ValueError, match="index of x"):
        rolling(y, x.set_axis(days[::-1]), window=15, lags=2)
    with pytest.raises(ValueError, match="index of x"):
        rolling(y["a"], x.set_axis(days[::-1]), window=15, lags=2)


@pytest.mark.parametrize(
    ("terms", "error", "match"),
    [
        ({"window": 2, "lags": 0}, ValueError, "window must be at least 3"),
        ({"window": 10, "lags": 10}, ValueError, "lags must be at least 0 and less than window, 10"),
        ({"window": 10, "lags": -1}, ValueError, "lags must be"),
        ({"window": 10, "lags": 1, "minimum": 2}, ValueError, "minimum must be between 3 and window"),
        ({"window": 10, "lags": 1, "minimum": 11}, ValueError, "minimum must be"),
        ({"window": 10.0, "lags": 1}, TypeError, "window must be an integer"),
        ({"window": 10, "lags": "rule"}, TypeError, "lags must be an integer"),
        ({"window": 10, "lags": 1, "kernel": "newey-west"}, ValueError, "kernel must be one of 'bartlett'"),
        ({"window": 10, "lags": 1, "kernel": "quadratic-spectral"}, ValueError, "use regression"),
    ],
)
def test_wrong_terms(terms, error, match):
    x = np.arange(20.0)
    with pytest.raises(error, match=match):
        rolling(x, x, **terms)


def test_wrong_inputs():
    x = np.arange(20.0)
    with pytest.raises(ValueError, match="x has length 19 along the time axis, y has 20"):
        rolling(np.ones((20, 2)), x[:19], window=5, lags=1)
    with pytest.raises(TypeError, match="y must be a number"):
        rolling(["a"] * 20, x, window=5, lags=1)
    with pytest.raises(ValueError, match="at least one dimension"):
        rolling(1.0, 2.0, window=5, lags=1)
