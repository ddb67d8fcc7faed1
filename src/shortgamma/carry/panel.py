"""Regressions of venues by time, and events; public in ``shortgamma.carry``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.checks import check_length, choice, number, word
from shortgamma._core.results import Result
from shortgamma._core.times import moment, times
from shortgamma.carry.regression import _flag, _long_run, regression

if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from shortgamma._core.types import Floats
    from shortgamma.carry.regression import Rule

    Array: TypeAlias = NDArray[np.float64]
    Effects: TypeAlias = Literal["none", "venue", "time", "both"]
    PanelCovariance: TypeAlias = Literal["plain", "venue", "driscoll-kraay", "driscoll-kraay-uniform"]

EFFECTS = {"none": 0, "venue": 1, "time": 2, "both": 3}
COVARIANCES = {"plain": 0, "venue": 1, "driscoll-kraay": 2, "driscoll-kraay-uniform": 3}
MOST_REGRESSORS = 4
# Means by time and by venue are taken away in turns until no more than this share of the data moves.
SETTLED, TURNS = 1e-14, 10_000


class PanelRegression(Result):
    """A regression of venues by time; see `panel_regression`.

    Attributes
    ----------
    coefficient : ndarray or float
        A coefficient for each regressor.
    covariance : ndarray or float
        Their covariance matrix.
    standard_error : ndarray or float
        Roots of its diagonal, NaN where an estimate of a variance is negative.
    residual_variance : float
        Sum of squared residuals over the degrees of freedom, effects counted.
    r2_within : float
        Share of the variance about the effects that is explained.
    count : int
        Cells that are not missing.
    effects : int
        Number of means that were taken away.
    """

    coefficient: Floats
    covariance: Floats
    standard_error: Floats
    residual_variance: float
    r2_within: float
    count: int  # type: ignore[assignment]
    effects: int


def panel_regression(
    y: ArrayLike,
    x: ArrayLike,
    *,
    effects: Effects,
    covariance: PanelCovariance,
    lags: int | None = None,
    debiased: bool = False,
) -> PanelRegression:
    """Least squares on a panel with fixed effects.

    Parameters
    ----------
    y : array_like
        What is explained, time down axis 0, venues along axis 1; NaN where a cell is missing.
    x : array_like
        A regressor of the same shape, or up to 4 along a last axis of their own.
    effects : {"none", "venue", "time", "both"}
        Whose means are taken away first; "none" leaves one mean of all.
    covariance : {"plain", "venue", "driscoll-kraay", "driscoll-kraay-uniform"}
        Of homoskedastic residuals; clustered by venue; or robust to correlation between venues and over ``lags`` rows,
        with Bartlett or with equal weights.
    lags : int, optional
        Rows over which moments are summed; required with Driscoll and Kraay's, refused without.
    debiased : bool, default False
        Multiply a robust covariance by n / (n - effects - k), as linearmodels does by default; effects of venues are
        not counted where venues are the clusters. The "plain" one is always over n - effects - k.

    Returns
    -------
    PanelRegression
        Coefficients, their covariance and errors, and counts. NaN, with the invalid flag, where a regressor does not
        vary about the effects.

    Raises
    ------
    ValueError
        If shapes do not fit, ``lags`` does not, or a choice is none of its names.

    Notes
    -----
    Driscoll and Kraay's is the HAC covariance of the sums over venues, h_t = sum_i x_it u_it, about the effects. In
    linearmodels the bandwidth of ``cov_type="kernel"`` is ``lags``.

    References
    ----------
    .. [1] J. Driscoll and A. Kraay, Consistent covariance matrix estimation with spatially dependent panel data, Review
       of Economics and Statistics 80, 1998.

    Examples
    --------
    >>> import numpy as np
    >>> import shortgamma as sg
    >>> rate = np.array([[0.01, 0.03], [0.02, 0.02], [0.04, 0.01]])
    >>> fit = sg.carry.panel_regression(2 * rate + [0.0, 0.1], rate, effects="venue", covariance="plain")
    >>> fit.coefficient.round(9)
    array([2.])
    """
    word("effects", effects, EFFECTS)
    word("covariance", covariance, COVARIANCES)
    kraay = covariance.startswith("driscoll")
    if kraay and (not isinstance(lags, int | np.integer) or lags < 0):
        raise ValueError(f"lags must be a whole number of rows, at least 0, got {lags!r}")
    if not kraay and lags is not None:
        raise ValueError(f"lags must be left out where covariance is {covariance!r}")
    left, right = number("y", y).astype(float), number("x", x).astype(float)
    if left.ndim != 2:
        raise ValueError(f"y must have two dimensions, time and venues, got shape {left.shape}")
    if right.shape[:2] != left.shape or right.ndim > 3:
        raise ValueError(f"x must have the shape of y, {left.shape}, and perhaps a last axis, got {right.shape}")
    right = right.reshape(*left.shape, -1)
    if not 1 <= right.shape[2] <= MOST_REGRESSORS:
        raise ValueError(f"x must have between 1 and {MOST_REGRESSORS} regressors, got {right.shape[2]}")
    there = np.isfinite(left) & np.isfinite(right).all(axis=2)
    target = _without(np.where(there, left, 0.0), there, effects)
    design = np.stack([_without(np.where(there, right[..., k], 0.0), there, effects) for k in range(right.shape[2])], 2)
    taken = _means(there, effects)
    count = int(there.sum())
    free = count - taken - right.shape[2]
    gram = np.einsum("tik,til->kl", design, design)
    raw = np.einsum("tik,tik->k", right * there[..., None], np.where(there[..., None], right, 0.0))
    flat = np.diagonal(gram) <= 1e-24 * raw
    overflown = not np.isfinite(gram).all()
    if free <= 0 or flat.any() or overflown or np.linalg.matrix_rank(gram) < len(gram):
        _flag()
        nan = np.full(len(gram), np.nan)
        return PanelRegression(nan, np.outer(nan, nan), nan, np.nan, np.nan, count, taken)
    bread = np.linalg.inv(gram)
    beta = bread @ np.einsum("tik,ti->k", design, target)
    residual = target - design @ beta
    beta = beta + bread @ np.einsum("tik,ti->k", design, residual)
    residual = target - design @ beta
    squares = float((residual**2).sum())
    scores = design * residual[..., None]
    if covariance == "plain":
        meat = squares / free * gram
    elif covariance == "venue":
        sums = scores.sum(axis=0)
        meat = sums.T @ sums
    else:
        kernel = "uniform" if covariance.endswith("uniform") else "bartlett"
        meat = _long_run(scores.sum(axis=1)[None], lags, kernel)[0]
    if debiased and covariance != "plain":
        # effects of venues are no parameters where venues are the clusters
        nested = covariance == "venue" and effects == "venue"
        meat = meat * (count / (count - right.shape[2] if nested else free))
    matrix = bread @ meat @ bread
    within = float(1.0 - squares / (target**2).sum())
    return PanelRegression(beta, matrix, np.sqrt(np.diagonal(matrix)), squares / free, within, count, taken)


def fixed_effects_r2(y: ArrayLike, by: Literal["time", "venue", "both"]) -> float:
    """Share of the variance of a panel that the means by time, by venue, or both, explain.

    Parameters
    ----------
    y : array_like
        Time down axis 0, venues along axis 1; NaN where a cell is missing.
    by : {"time", "venue", "both"}
        Whose means.

    Returns
    -------
    float
        1 - SSR / SST, about the mean of all; NaN without variance.

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(sg.carry.fixed_effects_r2([[0.10, 0.12], [0.30, 0.32], [0.20, 0.22]], "time"), 4)
    0.9852
    """
    choice("by", by, {name: code for name, code in EFFECTS.items() if name != "none"})
    given = number("y", y).astype(float)
    if given.ndim != 2:
        raise ValueError(f"y must have two dimensions, time and venues, got shape {given.shape}")
    there = np.isfinite(given)
    filled = np.where(there, given, 0.0)
    total = float((_without(filled, there, "none") ** 2).sum())
    left = float((_without(filled, there, by) ** 2).sum())
    return 1.0 - left / total if total > 0.0 else float("nan")


class DifferenceInDifferences(Result):
    """What an event did to one series beyond what it did to another; see `difference_in_differences`.

    Attributes
    ----------
    estimate : float
        Change of the treated less change of the control.
    standard_error : float
        Newey-West error of the estimate.
    treated : tuple[float, float]
        Means of the treated before and after.
    control : tuple[float, float]
        Means of the control before and after.
    event : int
        First row after the event.
    """

    estimate: float
    standard_error: float
    treated: tuple[float, float]
    control: tuple[float, float]
    event: int


def difference_in_differences(
    treated: ArrayLike,
    control: ArrayLike,
    event: Any,
    *,
    window: int,
    lags: int | Rule,
    time: Any = None,
) -> DifferenceInDifferences:
    """Change of one series about an event, less that of another.

    Parameters
    ----------
    treated, control : array_like
        Series of the same rows.
    event : int or datetime
        The first row after the event, or with ``time`` a time: the first row at or after it.
    window : int
        Rows on each side, at least 2.
    lags : int or {"rule", "newey-west-1994", "andrews-1991"}
        Of the Newey-West error of the difference of the series on a step at the event.
    time : array_like, optional
        Times of the rows, in order; by default those of a pandas index, if ``treated`` has one and ``event`` is no
        integer.

    Returns
    -------
    DifferenceInDifferences
        The estimate, its error, and the four means.

    Raises
    ------
    ValueError
        If lengths differ, or there are fewer than ``window`` rows on a side.

    Notes
    -----
    Means that both series shared before the event do not matter, whatever else happened to both does not either; what
    happened to the control alone does.

    Examples
    --------
    >>> import shortgamma as sg
    >>> effect = sg.carry.difference_in_differences([1.0, 1.2, 3.0, 3.2], [1.0, 1.0, 2.0, 2.1], 2, window=2, lags=0)
    >>> round(effect.estimate, 6)
    0.95
    """
    series, other = number("treated", treated).astype(float), number("control", control).astype(float)
    if series.ndim != 1 or other.ndim != 1:
        raise ValueError("treated and control must have one dimension")
    check_length("control", len(other), "treated", len(series))
    if not isinstance(window, int | np.integer) or window < 2:
        raise ValueError(f"window must be a whole number of rows, at least 2, got {window!r}")
    row = _row_of(event, getattr(treated, "index", None) if time is None else time, len(series))
    if row < window or len(series) - row < window:
        raise ValueError(
            f"window must fit on both sides of the event: {row} rows before it, {len(series) - row} from it on, "
            f"got {window}"
        )
    near = slice(row - window, row + window)
    step = (np.arange(2 * window) >= window).astype(float)
    fit = regression(series[near] - other[near], step, lags=lags)
    means = [
        (float(each[row - window : row].mean()), float(each[row : row + window].mean())) for each in (series, other)
    ]
    estimate = (means[0][1] - means[0][0]) - (means[1][1] - means[1][0])
    return DifferenceInDifferences(estimate, float(fit.slope_error), means[0], means[1], row)


def _row_of(event: Any, time: Any, count: int) -> int:
    if isinstance(event, int | np.integer) and not isinstance(event, bool):
        if not 0 <= event <= count:
            raise ValueError(f"event must be a row between 0 and {count}, got {event}")
        return int(event)
    if time is None:
        raise ValueError("event must be a row where there are no times: give time=")
    stamps = times("time", time)
    check_length("time", len(stamps), "treated", count)
    return int(np.searchsorted(stamps, moment("event", event)))


def _without(values: Array, there: Array, effects: str) -> Array:
    """Values about the means of their venue, time, or both; zero where a cell is missing."""
    if effects == "none":
        mean = values.sum() / max(there.sum(), 1)
        return np.where(there, values - mean, 0.0)
    axes = {"venue": (0,), "time": (1,), "both": (0, 1)}[effects]
    counts = [np.maximum(there.sum(axis=axis, keepdims=True), 1) for axis in (0, 1)]
    size = np.abs(values).max(initial=0.0)
    for _ in range(TURNS):
        largest = 0.0
        for axis in axes:
            mean = values.sum(axis=axis, keepdims=True) / counts[axis]
            values = np.where(there, values - mean, 0.0)
            largest = max(largest, float(np.abs(mean).max(initial=0.0)))
        if largest <= SETTLED * size:
            break
    return values


def _means(there: Array, effects: str) -> int:
    """Means that are taken away, the one of all counted once."""
    venues, rows = int(there.any(axis=0).sum()), int(there.any(axis=1).sum())
    return {"none": 1, "venue": venues, "time": rows, "both": venues + rows - 1}[effects]
