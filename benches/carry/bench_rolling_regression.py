"""A regression with HAC errors for each of many windows."""

from functools import cache, partial
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

WINDOW, LAGS = 250, 21
SERIES, ROWS = 1000, 2000


def setup(shape):
    random = np.random.default_rng(14)
    x = random.standard_normal(shape)
    y = 0.3 * x + random.standard_normal(shape)
    out = tuple(np.empty(shape) for _ in range(5))
    return SimpleNamespace(x=x, y=y, out=out, other=np.full((2, *shape), np.nan), axis=1 if shape[0] == SERIES else 0)


def in_rows():
    return setup((SERIES, ROWS))


def time_major():
    return setup((ROWS, SERIES))


def ours(a):
    found = sg.carry.rolling_regression(a.y, a.x, window=WINDOW, lags=LAGS, axis=a.axis, out=a.out)
    names = ("slope", "slope_error", "intercept", "intercept_error", "covariance")
    return tuple(getattr(found, name).ravel() for name in names)


@cache
def numba_running():
    """The same identity in one pass, a series at a time: slope and its error."""
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def run(y, x, window, lags, slope, error):
        h = np.zeros((window + 1, 5))
        m = np.zeros((5, 5))
        tilt = np.zeros(5)
        for series in range(y.shape[0]):
            h[:] = 0.0
            m[:] = 0.0
            back_box, back, ahead_box, ahead = np.zeros(5), np.zeros(5), np.zeros(5), np.zeros(5)
            sums = np.zeros(5)
            mean_x, mean_y = x[series, :window].mean(), y[series, :window].mean()
            width = lags + 1.0
            for t in range(y.shape[1]):
                row = t % (window + 1)
                if t >= window:
                    gone = (t - window) % (window + 1)
                    following = (t - window + lags + 1) % (window + 1)
                    if t == window:
                        for j in range(lags + 1):
                            for k in range(5):
                                ahead_box[k] += h[j, k]
                                ahead[k] += (1.0 - j / width) * h[j, k]
                    for k in range(5):
                        for i in range(5):
                            m[k, i] -= (ahead[k] - 0.5 * h[gone, k]) * h[gone, i]
                    new_x, new_y = x[series, t - window + lags + 1] - mean_x, y[series, t - window + lags + 1] - mean_y
                    if following == row:
                        h[row, 0], h[row, 1], h[row, 2] = new_y, 1.0, new_x
                        h[row, 3], h[row, 4] = new_x * new_y, new_x * new_x
                    for k in range(5):
                        sums[k] -= h[gone, k]
                        ahead_box[k] += h[following, k] - h[gone, k]
                        ahead[k] += ahead_box[k] / width - h[gone, k]
                dx, dy = x[series, t] - mean_x, y[series, t] - mean_y
                old = (t - lags - 1) % (window + 1)
                for k in range(5):
                    back[k] -= back_box[k] / width
                    if t > lags:
                        back_box[k] -= h[old, k]
                h[row, 0], h[row, 1], h[row, 2], h[row, 3], h[row, 4] = dy, 1.0, dx, dx * dy, dx * dx
                for k in range(5):
                    back[k] += h[row, k]
                    back_box[k] += h[row, k]
                    sums[k] += h[row, k]
                for k in range(5):
                    for i in range(5):
                        m[k, i] += (back[k] - 0.5 * h[row, k]) * h[row, i]
                if t >= window - 1:
                    mean = sums[2] / window
                    spread = sums[4] - sums[2] * mean
                    b = (sums[3] - mean * sums[0]) / spread
                    a = (sums[0] - b * sums[2]) / window
                    tilt[0], tilt[1], tilt[2], tilt[3], tilt[4] = -mean, mean * a, mean * b - a, 1.0, -b
                    form = 0.0
                    for k in range(5):
                        for i in range(5):
                            form += tilt[k] * m[k, i] * tilt[i]
                    slope[series, t] = b
                    error[series, t] = np.sqrt(2.0 * form) / spread
        return slope, error

    return run


@cache
def numba_direct():
    """Each window by itself, as statsmodels does it: (X'X)^-1 S (X'X)^-1, S from 2 x 2 products of the scores."""
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def run(y, x, window, lags, results):
        score = np.empty((window, 2))
        product, total = np.empty((2, 2)), np.empty((2, 2))
        for t in range(window - 1, len(y)):
            first = t - window + 1
            mean_x, mean_y = x[first : t + 1].mean(), y[first : t + 1].mean()
            spread, common = 0.0, 0.0
            for i in range(first, t + 1):
                spread += (x[i] - mean_x) ** 2
                common += (x[i] - mean_x) * (y[i] - mean_y)
            slope = common / spread
            intercept = mean_y - slope * mean_x
            for i in range(window):
                residual = y[first + i] - intercept - slope * x[first + i]
                score[i, 0], score[i, 1] = residual, residual * x[first + i]
            total[:] = 0.0
            for lag in range(lags + 1):
                product[:] = 0.0
                for i in range(lag, window):
                    for k in range(2):
                        for m in range(2):
                            product[k, m] += score[i, k] * score[i - lag, m]
                weight = 0.5 if lag == 0 else 1.0 - lag / (lags + 1.0)
                total += weight * (product + product.T)
            bread = np.array([[1.0 / window + mean_x**2 / spread, -mean_x / spread], [-mean_x / spread, 1.0 / spread]])
            covariance = bread @ total @ bread
            results[0, t], results[1, t] = slope, np.sqrt(covariance[1, 1])
            results[2, t], results[3, t] = intercept, np.sqrt(covariance[0, 0])
            results[4, t] = covariance[0, 1]
        return results

    return run


@cache
def numba_matrices():
    """Each window by itself in the matrix products of statsmodels' S_hac_simple, compiled as they stand."""
    njit = pytest.importorskip("numba").njit
    pytest.importorskip("scipy")

    @njit(error_model="numpy")
    def run(y, x, window, lags, results):
        design = np.ones((window, 2))
        for t in range(window - 1, len(y)):
            rows = slice(t - window + 1, t + 1)
            design[:, 1] = x[rows]
            bread = np.linalg.inv(np.dot(design.T, design))
            beta = np.dot(bread, np.dot(design.T, y[rows]))
            score = design * (y[rows] - np.dot(design, beta)).reshape(-1, 1)
            total = np.dot(score.T, score)
            for lag in range(1, lags + 1):
                product = np.dot(score[lag:].T, score[:-lag])
                total += (1.0 - lag / (lags + 1.0)) * (product + product.T)
            covariance = np.dot(bread, np.dot(total, bread))
            results[0, t], results[1, t] = beta[1], np.sqrt(covariance[1, 1])
            results[2, t], results[3, t] = beta[0], np.sqrt(covariance[0, 0])
            results[4, t] = covariance[0, 1]
        return results

    return run


@cache
def numba_reuse():
    """Each window by itself, the slope and its error alone, from centred scores."""
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def run(y, x, window, lags, slope, error):
        score = np.empty(window)
        for series in range(y.shape[0]):
            for t in range(window - 1, y.shape[1]):
                first = t - window + 1
                mean_x = x[series, first : t + 1].mean()
                mean_y = y[series, first : t + 1].mean()
                spread, common = 0.0, 0.0
                for i in range(first, t + 1):
                    spread += (x[series, i] - mean_x) ** 2
                    common += (x[series, i] - mean_x) * (y[series, i] - mean_y)
                b = common / spread
                for i in range(window):
                    dx = x[series, first + i] - mean_x
                    score[i] = dx * (y[series, first + i] - mean_y - b * dx)
                total = 0.0
                for i in range(window):
                    total += score[i] * score[i]
                for j in range(1, lags + 1):
                    lagged = 0.0
                    for i in range(j, window):
                        lagged += score[i] * score[i - j]
                    total += 2.0 * (1.0 - j / (lags + 1.0)) * lagged
                slope[series, t] = b
                error[series, t] = np.sqrt(total) / spread
        return slope, error

    return run


def running(a):
    if a.axis == 1:
        numba_running()(a.y, a.x, WINDOW, LAGS, a.other[0], a.other[1])
    else:
        numba_running()(a.y.T, a.x.T, WINDOW, LAGS, a.other[0].T, a.other[1].T)
    return a.other[0].ravel(), a.other[1].ravel()


def direct(a):
    return tuple(numba_direct()(a.y[0], a.x[0], WINDOW, LAGS, np.full((5, ROWS), np.nan)))


def matrices(a):
    return tuple(numba_matrices()(a.y[0], a.x[0], WINDOW, LAGS, np.full((5, ROWS), np.nan)))


def slopes_alone(a):
    slope, error = numba_reuse()(a.y[:1], a.x[:1], WINDOW, LAGS, a.other[0], a.other[1])
    return slope[0], error[0]


def numpy_windows(a):
    """Sliding windows of one series: slope, and its error from the lagged products of the scores."""
    view = np.lib.stride_tricks.sliding_window_view
    x, y = view(a.x[0], WINDOW), view(a.y[0], WINDOW)
    dx, dy = x - x.mean(axis=1, keepdims=True), y - y.mean(axis=1, keepdims=True)
    spread = (dx * dx).sum(axis=1)
    b = (dx * dy).sum(axis=1) / spread
    score = dx * (dy - b[:, None] * dx)
    total = (score * score).sum(axis=1)
    for j in range(1, LAGS + 1):
        total += 2.0 * (1.0 - j / (LAGS + 1)) * (score[:, j:] * score[:, :-j]).sum(axis=1)
    pad = np.full(WINDOW - 1, np.nan)
    return np.concatenate([pad, b]), np.concatenate([pad, np.sqrt(total) / spread])


def statsmodels_way(a):
    linear_model = pytest.importorskip("statsmodels.regression.linear_model")
    result = np.full((2, a.y.size), np.nan)
    for last in range(WINDOW - 1, a.y.size):
        rows = slice(last - WINDOW + 1, last + 1)
        design = np.column_stack([np.ones(WINDOW), a.x[0, rows]])
        options = {"maxlags": LAGS, "use_correction": False}
        fit = linear_model.OLS(a.y[0, rows], design).fit(cov_type="HAC", cov_kwds=options)
        result[:, last] = fit.params[1], fit.bse[1]
    return result[0], result[1]


def linearmodels_way(a):
    iv = pytest.importorskip("linearmodels.iv")
    result = np.full((2, a.y.size), np.nan)
    for last in range(WINDOW - 1, a.y.size):
        rows = slice(last - WINDOW + 1, last + 1)
        design = np.column_stack([np.ones(WINDOW), a.x[0, rows]])
        fit = iv.IV2SLS(a.y[0, rows], design, None, None).fit(cov_type="kernel", kernel="bartlett", bandwidth=LAGS)
        result[:, last] = fit.params.iloc[1], fit.std_errors.iloc[1]
    return result[0], result[1]


def case(name, prepare, ways, **terms):
    ways = {OURS: ours, **ways}
    name = f"carry: rolling regression {name}, window 250, lags 21"
    return Case(
        name, ("carry_rolling_regression",), SERIES * ROWS, "copy", prepare, ways, tolerance=1e-9, bytes=56, **terms
    )


@cache
def short(count):
    """One series of so many windows."""
    a = setup((1, WINDOW - 1 + count))
    a.axis = 1
    return a


def peer_case(name, way, count):
    ways = {OURS: ours, name: way}
    name = f"carry: rolling regression, {count} windows of one series"
    setup = partial(short, count)
    return Case(name, ("carry_rolling_regression",), count, "copy", setup, ways, tolerance=1e-9, bytes=56)


def with_r2(a):
    return tuple(sg.carry.rolling_regression(a.y, a.x, window=WINDOW, lags=LAGS, axis=a.axis, r2=True))


CASES = [
    case(
        "(1000, 2000) series in rows",
        in_rows,
        {
            "NumPy": numpy_windows,
            "numba": running,
            "numba, each window by itself": direct,
            "numba, matrices of each window by itself": matrices,
            "numba, slopes of each window by itself": slopes_alone,
        },
        few=dict.fromkeys(
            (
                "NumPy",
                "numba, each window by itself",
                "numba, matrices of each window by itself",
                "numba, slopes of each window by itself",
            ),
            ROWS,
        ),
    ),
    case("(2000, 1000) time-major", time_major, {"numba": running}),
    peer_case("statsmodels", statsmodels_way, 50),
    peer_case("linearmodels", linearmodels_way, 5),
    Case(
        "carry: rolling regression with r2 (1000, 2000)",
        ("carry_rolling_regression_r2",),
        SERIES * ROWS,
        "copy",
        in_rows,
        {OURS: with_r2},
        bytes=64,
    ),
]

test_speed = bench(CASES)
