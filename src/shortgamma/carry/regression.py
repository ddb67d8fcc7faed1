"""Regression of one sample with errors that allow for overlap; public in ``shortgamma.carry``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.checks import check_length, number, word
from shortgamma._core.results import Result

if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from shortgamma._core.types import Floats, Integers

    Array: TypeAlias = NDArray[np.float64]
    Kernel: TypeAlias = Literal["bartlett", "uniform", "parzen", "quadratic-spectral"]
    Covariance: TypeAlias = Literal["hac", "plain", "hc0", "hc1", "hc2", "hc3"]
    Rule: TypeAlias = Literal["overlap", "rule", "newey-west-1994", "andrews-1991"]

KERNELS = {"bartlett": 0, "uniform": 1, "parzen": 2, "quadratic-spectral": 3}
COVARIANCES = {"hac": 0, "plain": 1, "hc0": 2, "hc1": 3, "hc2": 4, "hc3": 5}
# windows that are worked on together
BLOCK = 512
RULES = {"overlap": 0, "rule": 1, "newey-west-1994": 2, "andrews-1991": 3}
MOST_REGRESSORS = 8
# More lags than this are summed from the spectrum of the scores.
FEW_LAGS = 200
# growth of the bandwidth of Newey and West's pilot, and constants of theirs and Andrews' optimal bandwidths
PILOT = {"bartlett": 2 / 9, "parzen": 4 / 25, "quadratic-spectral": 2 / 25}
OPTIMAL = {"bartlett": (1, 1.1447), "parzen": (2, 2.6614), "quadratic-spectral": (2, 1.3221)}


class Regression(Result):
    """A regression; of many y at once, arrays have them along their first axis.

    Attributes
    ----------
    coefficient : ndarray or float
        Intercept, if there is one, and then a coefficient for each regressor, along the last axis.
    covariance : ndarray or float
        Covariance matrix of the coefficients, the last two axes.
    standard_error : ndarray or float
        Roots of its diagonal, NaN where an estimate of a variance is negative.
    residual_variance : ndarray or float
        Sum of squared residuals over the degrees of freedom.
    r2 : ndarray or float
        Share of the variance that is explained; about zero where there is no intercept.
    count : ndarray or int
        Rows that are not missing.
    """

    coefficient: Floats
    covariance: Floats
    standard_error: Floats
    residual_variance: Floats
    r2: Floats
    count: Integers  # type: ignore[assignment]

    @property
    def slope(self) -> Any:
        """The last coefficient."""
        return self.coefficient[..., -1][()]

    @property
    def slope_error(self) -> Any:
        """The standard error of the last coefficient."""
        return self.standard_error[..., -1][()]

    @property
    def t(self) -> Any:
        """Coefficients over their standard errors."""
        return self.coefficient / self.standard_error


def regression(
    y: ArrayLike,
    x: ArrayLike,
    *,
    lags: float | Rule | None = None,
    kernel: Kernel = "bartlett",
    covariance: Covariance = "hac",
    intercept: bool = True,
    small_sample: bool = False,
    horizon: int | None = None,
    window: int | None = None,
    minimum: int | None = None,
) -> Regression:
    """Least squares with standard errors robust to heteroskedasticity and autocorrelation.

    Parameters
    ----------
    y : array_like
        What is explained, rows along axis 0; with two dimensions, each column by itself.
    x : array_like
        A regressor, or up to 8 in columns. A row in which a number is NaN is missing: it keeps its place, its scores
        are zero. (statsmodels and linearmodels drop it, and take the rows on both its sides for neighbours.)
    lags : int, float or {"overlap", "rule", "newey-west-1994", "andrews-1991"}
        Lags of the scores that are summed; under "quadratic-spectral" the bandwidth, a number > 0. "overlap" is
        ``horizon`` - 1; the others are the whole part of `bandwidth`. Required with "hac", refused without.
    kernel : {"bartlett", "uniform", "parzen", "quadratic-spectral"}, default "bartlett"
        Weights of the lags j: 1 - j/(lags + 1) (Newey and West), 1 (Hansen and Hodrick), Parzen's of j/(lags + 1), or
        the quadratic spectral ones of j/lags, for all lags (Andrews).
    covariance : {"hac", "plain", "hc0", "hc1", "hc2", "hc3"}, default "hac"
        Robust to both, to neither, or to heteroskedasticity only (White; MacKinnon and White).
    intercept : bool, default True
        Put a constant before the regressors.
    small_sample : bool, default False
        Multiply a HAC covariance by n / (n - k), as statsmodels does under ``use_correction=True``.
    horizon : int, optional
        Rows over which y is a change; for ``lags="overlap"``.
    window : int, optional
        Regress over each window of so many rows: results have a row for each row of ``y``, NaN before the first whole
        window.
    minimum : int, optional
        With ``window``, rows that must be there; by default the whole window.

    Returns
    -------
    Regression
        Coefficients, their covariance and standard errors, variance of the residuals, r2 and count. NaN where there are
        no more rows than coefficients; NaN, with the invalid flag, where regressors do not vary independently of each
        other, or a number is infinite. Under the uniform kernel an estimate of a variance may be negative: it is
        returned as it is, its root as NaN with the invalid flag.

    Raises
    ------
    ValueError
        If lengths differ, ``lags`` does not fit, or a choice is none of its names.
    {TypeError}

    See Also
    --------
    rolling_regression : One regressor over a sliding window, thousands of times faster.
    bandwidth : The named rules as numbers.

    Notes
    -----
    V = A S A with A = (X'X)^-1 and S = G_0 + sum of w_j (G_j + G_j'), G_j = sum of g_t g_(t-j)', g_t = x_t u_t. R's
    ``sandwich::NeweyWest`` by default prewhitens the scores and chooses its lags: another estimator.

    References
    ----------
    .. [1] W. Newey and K. West, Econometrica 55, 1987; L. Hansen and R. Hodrick, Journal of Political Economy 88, 1980;
       D. Andrews, Econometrica 59, 1991; J. MacKinnon and H. White, Journal of Econometrics 29, 1985.

    Examples
    --------
    >>> import shortgamma as sg
    >>> fit = sg.carry.regression([1.0, 3.0, 2.0, 5.0, 4.0], [1.0, 2.0, 3.0, 4.0, 5.0], lags=1)
    >>> fit.coefficient.round(3), fit.standard_error.round(3)
    (array([0.6, 0.8]), array([0.402, 0.144]))
    """
    word("kernel", kernel, KERNELS)
    word("covariance", covariance, COVARIANCES)
    if covariance == "hac" and lags is None:
        raise ValueError("lags must be given: a number of rows, 'overlap' with horizon=, or the name of a rule")
    if covariance != "hac" and lags is not None:
        raise ValueError(f"lags must be left out where covariance is {covariance!r}")
    if window is not None:
        terms = (lags, kernel, covariance, small_sample, horizon)
        return _rolling(y, x, window, minimum, intercept, terms)
    if minimum is not None:
        raise ValueError("minimum has no use without window")
    return _estimate(_Sample(*_columns(y, x), intercept), lags, kernel, covariance, small_sample, horizon)


def _estimate(
    sample: _Sample, lags: Any, kernel: str, covariance: str, small_sample: bool, horizon: int | None
) -> Regression:
    if covariance == "hac":
        middle = _long_run(sample.scores, _lags(lags, kernel, horizon, sample), kernel)
        meat = middle * _factor(sample, small_sample)
    elif covariance == "plain":
        meat = sample.residual_variance[:, None, None] * sample.gram
    else:
        meat = sample.heteroskedastic(covariance)
    return sample.result(sample.bread @ meat @ sample.bread)


def bandwidth(
    y: ArrayLike,
    x: ArrayLike,
    *,
    rule: Rule,
    kernel: Kernel = "bartlett",
    intercept: bool = True,
    horizon: int | None = None,
) -> Any:
    """Bandwidth of a HAC covariance by a named rule.

    Parameters
    ----------
    y, x : array_like
        As of `regression`.
    rule : {"overlap", "rule", "newey-west-1994", "andrews-1991"}
        ``horizon`` - 1; the whole part of 4 (n/100)^(2/9); the plug-in rule of Newey and West, whose pilot sums the
        autocovariances up to 4 (n/100)^p; or the one of Andrews, from first-order autoregressions of the scores. Scores
        of the intercept are left out, nothing is prewhitened: in R, ``bwNeweyWest(prewhite=0)`` and
        ``bwAndrews(prewhite=0)``.
    kernel : {"bartlett", "parzen", "quadratic-spectral"}, default "bartlett"
        For which kernel; the last two rules have none for "uniform".
    intercept : bool, default True
        As of `regression`.
    horizon : int, optional
        Rows over which y is a change.

    Returns
    -------
    ndarray or float
        A number for each y.

    Examples
    --------
    >>> import numpy as np
    >>> import shortgamma as sg
    >>> t = np.arange(200.0)
    >>> float(sg.carry.bandwidth(np.sin(t / 9), np.cos(t / 7), rule="rule"))
    4.0
    """
    word("kernel", kernel, KERNELS)
    sample = _Sample(*_columns(y, x), intercept)
    word("rule", rule, RULES)
    rows = _bandwidth(rule, kernel, horizon, sample)
    return rows if sample.many else rows[0]


def _columns(y: Any, x: Any) -> tuple[Array, Array, bool]:
    """y of each sample (M, T), regressors (T, k), and whether there may be several samples."""
    left, right = number("y", y).astype(np.float64), number("x", x).astype(np.float64)
    if left.ndim not in (1, 2):
        raise ValueError(f"y must have one or two dimensions, got shape {left.shape}")
    if right.ndim not in (1, 2):
        raise ValueError(f"x must have one or two dimensions, got shape {right.shape}")
    check_length("x", len(right), "y", len(left))
    right = right[:, np.newaxis] if right.ndim == 1 else right
    if not 1 <= right.shape[1] <= MOST_REGRESSORS:
        raise ValueError(f"x must have between 1 and {MOST_REGRESSORS} columns, got {right.shape[1]}")
    return (left[np.newaxis] if left.ndim == 1 else left.T), right, left.ndim == 2


def _rolling(y: Any, x: Any, window: Any, minimum: Any, intercept: bool, terms: tuple[Any, ...]) -> Regression:
    """Each window as a sample of its own, BLOCK of them at a time."""
    left, right, many = _columns(y, x)
    if many:
        raise ValueError(f"y must have one dimension with window, got shape {np.shape(y)}")
    rows = left.shape[1]
    for name, given, most in (("window", window, None), ("minimum", minimum, window)):
        if given is None:
            continue
        if isinstance(given, bool) or not isinstance(given, int | np.integer) or given < 1 or (most and given > most):
            rule = "at least 1" if most is None else f"between 1 and window, {most}"
            raise ValueError(f"{name} must be a whole number of rows, {rule}, got {given!r}")
    k = right.shape[1] + intercept
    shapes = ((k,), (k, k), (k,), (), ())
    results = [np.full((rows, *shape), np.nan) for shape in shapes]
    count = np.zeros(rows, dtype=np.int64)
    if window > rows:
        return Regression._make([*results, count])
    view = np.lib.stride_tricks.sliding_window_view
    lefts, rights = view(left[0], window), np.swapaxes(view(right, window, axis=0), 1, 2)
    least = window if minimum is None else minimum
    for begin in range(0, len(lefts), BLOCK):
        some = slice(begin, begin + BLOCK)
        sample = _Sample(lefts[some], rights[some], True, intercept, least)
        fitted = _estimate(sample, *terms)
        place = slice(begin + window - 1, begin + window - 1 + len(lefts[some]))
        for target, value in zip(results, fitted, strict=False):
            target[place] = value
        count[place] = fitted.count
    return Regression._make([*results, count])


class _Sample:
    """Least squares of each row of y, about the means of x, so that nothing cancels."""

    def __init__(self, left: Array, right: Array, many: bool, intercept: bool, least: int = 0) -> None:
        """Regressors are those of all samples (T, k), or of each (M, T, k); below ``least`` rows there is no answer."""
        self.many, self.intercept, self.least = many, intercept, least
        there = np.isfinite(left) & np.isfinite(right).all(axis=-1)
        self.there, self.count = there, there.sum(axis=1)
        self.columns = np.where(there[..., None], right, 0.0)
        target = np.where(there, left, 0.0)
        rows = np.maximum(self.count, 1)
        self.mean = self.columns.sum(axis=1) / rows[:, None] * intercept
        self.mean_y = target.sum(axis=1) / rows * intercept
        centred = np.where(there[..., None], self.columns - self.mean[:, None], 0.0)
        self._solve(centred, np.where(there, target - self.mean_y[:, None], 0.0))
        if np.isinf(left).any() or np.isinf(right).any() or self.singular.any():
            _flag()

    def _solve(self, columns: Array, target: Array) -> None:
        there = self.there[..., None]
        design = np.concatenate([there * 1.0, columns], axis=2) if self.intercept else columns
        self.free = self.count - design.shape[2]
        few = (self.free <= 0) | (self.count < self.least)
        high = np.where(there, self.columns, -np.inf).max(axis=1, initial=-np.inf)
        low = np.where(there, self.columns, np.inf).min(axis=1, initial=np.inf)
        varies = (high > low) if self.intercept else (high > 0.0) | (low < 0.0)
        scale = np.sqrt((design**2).sum(axis=1))
        scale = np.where(scale > 0.0, scale, 1.0)
        unit = design / scale[:, None]
        # rows of zeros do not change a QR decomposition, and it wants as many rows as columns
        padded = np.pad(unit, ((0, 0), (0, max(0, unit.shape[2] - unit.shape[1])), (0, 0)))
        q, r = np.linalg.qr(padded)
        q = q[:, : unit.shape[1]]
        pivots = np.abs(np.diagonal(r, axis1=-2, axis2=-1))
        self.singular = ~few & (~varies.all(axis=1) | (pivots <= 1e-13).any(axis=1))
        dead = (few | self.singular)[:, None, None]
        inverse = np.linalg.inv(np.where(dead, np.eye(r.shape[-1]), r)) + np.where(dead, np.nan, 0.0)
        solve = (inverse @ np.swapaxes(q, -1, -2)) / scale[..., None]
        first = solve @ target[..., None]
        # a second step takes back what the first has rounded
        residual = target[..., None] - design @ first
        second = solve @ residual
        # without rows NaN does not come by itself
        self.centred = np.where(dead[..., 0], np.nan, (first + second)[..., 0])
        self.residual = (residual - design @ second)[..., 0]
        self.bread = (inverse @ np.swapaxes(inverse, -1, -2)) / (scale[:, :, None] * scale[:, None, :])
        self.gram = np.swapaxes(design, -1, -2) @ design
        self.leverage = (q**2).sum(axis=-1)
        self.scores = design * self.residual[..., None]
        squares = (self.residual**2).sum(axis=1)
        self.residual_variance = np.where(dead[:, 0, 0], np.nan, squares / np.maximum(self.free, 1))
        spread = (target**2).sum(axis=1)
        self.r2 = 1.0 - squares / np.where(spread > 0.0, spread, np.nan)

    def raw_scores(self) -> Array:
        """Scores of the regressors, not of the intercept, about zero instead of the means."""
        return np.asarray(self.columns * self.residual[..., None])

    def heteroskedastic(self, kind: str) -> Array:
        divisor = {"hc2": 1.0 - self.leverage, "hc3": (1.0 - self.leverage) ** 2}.get(kind, np.ones_like(self.leverage))
        meat = np.swapaxes(self.scores, -1, -2) @ (self.scores / divisor[..., None])
        return np.asarray(meat * _factor(self, kind == "hc1"))

    def result(self, covariance: Array) -> Regression:
        """Coefficients and their covariance, moved back from the means to zero."""
        coefficient = self.centred.copy()
        if self.intercept:
            move = np.broadcast_to(np.eye(coefficient.shape[1]), covariance.shape).copy()
            move[:, 0, 1:] = -self.mean
            covariance = move @ covariance @ np.swapaxes(move, -1, -2)
            coefficient[:, 0] += self.mean_y - (self.mean * coefficient[:, 1:]).sum(axis=1)
        error = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
        fields = (coefficient, covariance, error, self.residual_variance, self.r2, self.count)
        return Regression(*(fields if self.many else (field[0] for field in fields)))


def _flag() -> None:
    """Set the invalid flag, as `numpy.errstate` has it."""
    np.sqrt(np.float64(-1.0))


def _factor(sample: _Sample, wanted: bool) -> Any:
    """n / (n - k), or 1."""
    return (sample.count / np.maximum(sample.free, 1))[:, None, None] if wanted else 1.0


def _weights(kernel: str, lags: float, count: int) -> Array:
    """Weights of the lags from 1 on."""
    if kernel == "quadratic-spectral":
        z = 6.0 * np.pi * np.arange(1, count) / (5.0 * lags)
        return np.asarray(3.0 / z**2 * (np.sin(z) / z - np.cos(z)))
    j = np.arange(1, min(int(lags), count - 1) + 1)
    if kernel == "uniform":
        return np.ones(len(j))
    z = j / (lags + 1.0)
    if kernel == "bartlett":
        return np.asarray(1.0 - z)
    return np.where(z <= 0.5, 1.0 - 6.0 * z**2 * (1.0 - z), 2.0 * (1.0 - z) ** 3)


def _long_run(scores: Array, lags: Any, kernel: str) -> Array:
    """S for each sample of scores (M, T, k)."""
    total = np.swapaxes(scores, -1, -2) @ scores
    count = scores.shape[1]
    for i, own in enumerate(np.broadcast_to(lags, len(scores))):
        weight = _weights(kernel, float(own), count)
        total[i] += _lagged(scores[i], weight)
    return total


def _lagged(scores: Array, weight: Array) -> Array:
    count = len(scores)
    if len(weight) <= FEW_LAGS:
        total = np.zeros((scores.shape[1], scores.shape[1]))
        for j, w in enumerate(weight, start=1):
            total += w * (scores[j:].T @ scores[:-j])
    else:
        spectrum = np.fft.rfft(scores, 2 * count, axis=0)
        cross = np.fft.irfft(spectrum[:, :, None] * spectrum[:, None, :].conj(), 2 * count, axis=0)
        total = np.tensordot(weight, cross[1 : len(weight) + 1], axes=1)
    return total + total.T


def _lags(lags: Any, kernel: str, horizon: int | None, sample: _Sample) -> Any:
    """Lags, or the bandwidth of the quadratic spectral kernel, of each sample."""
    if isinstance(lags, str):
        rows = _bandwidth(lags, kernel, horizon, sample)
        return rows if kernel == "quadratic-spectral" else np.floor(rows)
    if horizon is not None:
        raise ValueError(f"horizon must be left out where lags is a number, got lags={lags!r}")
    given = number("lags", lags)
    if given.ndim:
        raise ValueError(f"lags must be one number, got shape {given.shape}")
    if kernel == "quadratic-spectral":
        if not 0.0 < given < np.inf:
            raise ValueError(f"lags must be a bandwidth > 0 where kernel is {kernel!r}, got {lags!r}")
    elif not 0.0 <= given < np.inf or given != np.floor(given):
        raise ValueError(f"lags must be a whole number of rows, at least 0, got {lags!r}")
    return float(given)


def _bandwidth(rule: Any, kernel: str, horizon: int | None, sample: _Sample) -> Array:
    word("lags", rule, RULES)
    if (rule == "overlap") != (horizon is not None):
        raise ValueError(
            "horizon, the rows over which y is a change, must be given with 'overlap' and with nothing else"
        )
    if horizon is not None:
        if horizon != int(horizon) or horizon < 1:
            raise ValueError(f"horizon must be a whole number of rows, at least 1, got {horizon!r}")
        return np.full(len(sample.count), horizon - 1.0)
    if rule == "rule":
        return np.asarray(np.floor(4.0 * (sample.count / 100.0) ** (2.0 / 9.0)))
    if kernel not in OPTIMAL:
        raise ValueError(f"{rule!r} has no bandwidth for kernel {kernel!r}: give a number of lags or 'overlap'")
    scores = sample.raw_scores()
    return (
        _newey_west(scores, sample.count, kernel)
        if rule == "newey-west-1994"
        else _andrews(scores, sample.count, kernel)
    )


def _newey_west(scores: Array, count: Array, kernel: str) -> Array:
    """Newey and West, Automatic lag selection, Review of Economic Studies 61, 1994."""
    power, constant = OPTIMAL[kernel]
    total = scores.sum(axis=-1)
    bandwidths = []
    for own, n in zip(total, count, strict=True):
        j = np.arange(int(4.0 * (n / 100.0) ** PILOT[kernel]) + 1)
        sigma = np.array([own[lag:] @ own[: len(own) - lag] for lag in j])
        level = sigma[0] + 2.0 * sigma[1:].sum()
        bend = 2.0 * (j**power * sigma).sum()
        bandwidths.append(constant * ((bend / level) ** 2 * n) ** (1.0 / (2 * power + 1)))
    return np.array(bandwidths)


def _andrews(scores: Array, count: Array, kernel: str) -> Array:
    """Andrews, Econometrica 59, 1991, from a first-order autoregression of each score."""
    power, constant = OPTIMAL[kernel]
    before, after = scores[:, :-1], scores[:, 1:]
    # scores have no mean
    rho = (before * after).sum(axis=1) / (before**2).sum(axis=1)
    share = ((after - rho[:, None] * before) ** 2).mean(axis=1) ** 2
    below = (share / (1.0 - rho) ** 4).sum(axis=-1)
    if power == 1:
        above = (4.0 * rho**2 * share / ((1.0 - rho) ** 6 * (1.0 + rho) ** 2)).sum(axis=-1)
    else:
        above = (4.0 * rho**2 * share / (1.0 - rho) ** 8).sum(axis=-1)
    return np.asarray(constant * (count * above / below) ** (1.0 / (2 * power + 1)))
