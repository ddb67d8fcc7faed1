"""What the basis says of spot and futures prices to come; public in ``shortgamma.carry``."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np

from shortgamma._core.checks import number, word
from shortgamma._core.results import Result
from shortgamma.carry.regression import Regression, regression
from shortgamma.carry.rolling_regression import RollingRegression, rolling_regression

if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats
    from shortgamma.carry.regression import Kernel, Rule

    Form: TypeAlias = Literal["levels", "logs"]

FORMS = {"levels": 0, "logs": 1}
COVARIANCES = {"hac": 0, "hodrick": 1}


class Fama(Result):
    """The pair of regressions on the basis; see `fama`.

    Attributes
    ----------
    spot : Regression
        Change of the spot price on the basis.
    futures : Regression
        Gain of a long future held to the horizon on the basis.
    difference : ndarray or float
        Slope of the first less slope of the second: 1, where futures converge to spot.
    carry_variance : ndarray or float
        Variance of the basis.
    excess_volatility : ndarray or float
        Variance of the risk premium less that of the expected change, in units of ``carry_variance``.
    """

    spot: Regression
    futures: Regression
    difference: Floats
    carry_variance: Floats
    excess_volatility: Floats


class RollingFama(Result):
    """The pair of regressions over a sliding window; see `fama`.

    Attributes
    ----------
    spot : RollingRegression
        Change of the spot price on the basis.
    futures : RollingRegression
        Gain of a long future held to the horizon on the basis.
    difference : ndarray
        Slope of the first less slope of the second: 1, where futures converge to spot.
    excess_volatility : ndarray
        Variance of the risk premium less that of the expected change, in variances of the basis.
    """

    spot: RollingRegression
    futures: RollingRegression
    difference: Floats
    excess_volatility: Floats


@overload
def fama(
    spot: ArrayLike,
    futures: ArrayLike,
    *,
    horizon: int,
    form: Form,
    lags: float | Rule | None = ...,
    kernel: Kernel = ...,
    covariance: Literal["hac", "hodrick"] = ...,
    settle: ArrayLike | None = ...,
    small_sample: bool = ...,
    window: None = ...,
) -> Fama: ...
@overload
def fama(
    spot: ArrayLike,
    futures: ArrayLike,
    *,
    horizon: int,
    form: Form,
    lags: int | Literal["overlap"],
    kernel: Literal["bartlett", "uniform", "parzen"] = ...,
    settle: ArrayLike | None = ...,
    window: int,
) -> RollingFama: ...
def fama(
    spot: ArrayLike,
    futures: ArrayLike,
    *,
    horizon: int,
    form: Form,
    lags: float | Rule | None = None,
    kernel: Kernel = "bartlett",
    covariance: Literal["hac", "hodrick"] = "hac",
    settle: ArrayLike | None = None,
    small_sample: bool = False,
    window: int | None = None,
) -> Fama | RollingFama:
    """Regress what spot and futures do over a horizon on the basis at its start.

    Parameters
    ----------
    spot, futures : array_like
        Spot prices, and prices of a future of constant maturity, time down axis 0; with two dimensions, each column is
        a pair of its own.
    horizon : int
        Rows to the outcome. The maturity of the future counted in rows, not in calendar days.
    form : {"levels", "logs"}
        Differences of prices, as in the papers on commodities, or of their logarithms.
    lags : int, float or str
        As of `regression`; "overlap" is ``horizon`` - 1. Required with "hac".
    kernel : {"bartlett", "uniform", "parzen", "quadratic-spectral"}, default "bartlett"
        As of `regression`.
    covariance : {"hac", "hodrick"}, default "hac"
        HAC of the overlapping outcomes, or Hodrick's 1B, which sums the basis in place of the outcome, and which
        overlap does not bias.
    settle : array_like, optional
        Price to which the future has gone at the horizon; by default the spot price.
    small_sample : bool, default False
        As of `regression`.
    window : int, optional
        Regress over each window of so many rows, as `rolling_regression` does: ``lags`` is then a number or "overlap".
        The regressions of a row are those that are known by then: their last outcome ends there.

    Returns
    -------
    Fama or RollingFama
        Both regressions, the difference of their slopes, the variance of the basis, and the excess volatility.

    Raises
    ------
    ValueError
        If lengths differ, there are not more rows than ``horizon``, or ``lags`` does not fit.

    Notes
    -----
    With the basis C = F - S, the two outcomes S' - S and S' - F differ by C itself: their slopes differ by exactly 1,
    and their residuals and errors are the same. If C = E[dS] + P, with P the premium that a short future earns, then
    var P - var E[dS] = -(slope + slope) var C. That is an identity and no test: slopes of -5 and -6 are 11 variances,
    whatever the errors of the slopes [1]_.

    References
    ----------
    .. [1] E. Fama, Forward and spot exchange rates, Journal of Monetary Economics 14, 1984.
    .. [2] R. Hodrick, Dividend yields and expected stock returns, Review of Financial Studies 5, 1992.

    Examples
    --------
    >>> import numpy as np
    >>> import shortgamma as sg
    >>> random = np.random.default_rng(1)
    >>> spot = 100.0 * np.exp(0.02 * np.cumsum(random.standard_normal(300)))
    >>> futures = spot * (1.01 + 0.005 * random.standard_normal(300))
    >>> pair = sg.carry.fama(spot, futures, horizon=21, form="logs", lags="overlap")
    >>> round(float(pair.difference), 12)
    1.0
    """
    word("form", form, FORMS)
    word("covariance", covariance, COVARIANCES)
    if covariance == "hodrick" and lags is not None:
        raise ValueError("lags must be left out where covariance is 'hodrick': the horizon says them")
    now, later = number("spot", spot).astype(float), number("futures", futures).astype(float)
    end = now if settle is None else number("settle", settle).astype(float)
    if not now.shape == later.shape == end.shape or now.ndim not in (1, 2):
        raise ValueError(
            "spot, futures and settle must have one shape, of one or two dimensions, got "
            f"{now.shape}, {later.shape} and {end.shape}"
        )
    if not isinstance(horizon, int | np.integer) or not 1 <= horizon < len(now):
        raise ValueError(f"horizon must be a whole number of rows, between 1 and {len(now) - 1}, got {horizon!r}")
    if form == "logs":
        now, later, end = np.log(now), np.log(later), np.log(end)
    # a difference of two outcomes is the basis itself only if all three are of the same rows
    basis = later - now
    rows = slice(0, len(now) - horizon)
    gap = np.where(np.isfinite(end[horizon:]), basis[rows], np.nan)
    change = np.where(np.isfinite(gap), end[horizon:] - now[rows], np.nan)
    over = horizon if lags == "overlap" else None
    if window is not None:
        return _rolling(change, gap, horizon, window, lags, kernel, covariance == "hac" and not small_sample)
    # plain of any kind: the covariance is replaced
    terms: dict[str, Any] = {"kernel": kernel, "lags": lags, "small_sample": small_sample, "horizon": over}
    if covariance == "hodrick":
        terms = {"covariance": "plain"}
    pair = [_columns(outcome, gap, terms) for outcome in (change, change - gap)]
    if covariance == "hodrick":
        errors = _hodrick(np.diff(now, axis=0), basis, gap, horizon)
        pair = [each._replace(covariance=errors[0], standard_error=errors[1]) for each in pair]
    variance = np.nanvar(gap, axis=0)
    total = pair[0].slope + pair[1].slope
    return Fama(pair[0], pair[1], pair[0].slope - pair[1].slope, variance, -total)


def _rolling(change: Any, gap: Any, horizon: int, window: int, lags: Any, kernel: Any, plain: bool) -> RollingFama:
    """Both regressions over a sliding window, each at the row on which its last outcome is known."""
    if not plain:
        raise ValueError("covariance and small_sample have no use with window: errors are HAC as of rolling_regression")
    if lags is None:
        raise ValueError("lags must be given: a number of rows, or 'overlap'")
    if isinstance(lags, str) and lags != "overlap":
        raise ValueError(f"lags must be a number of rows or 'overlap' with window, got {lags!r}")
    known = ((horizon, 0), *[(0, 0)] * (gap.ndim - 1))
    regressor = np.pad(gap, known, constant_values=np.nan)
    terms: dict[str, Any] = {"window": window, "lags": horizon - 1 if lags == "overlap" else lags, "kernel": kernel}
    pair = [
        rolling_regression(np.pad(outcome, known, constant_values=np.nan), regressor, **terms)
        for outcome in (change, change - gap)
    ]
    spot, futures = pair[0].slope, pair[1].slope
    return RollingFama(pair[0], pair[1], spot - futures, -(spot + futures))


def _columns(outcome: Any, gap: Any, terms: dict[str, Any]) -> Regression:
    """Each column on its own regressor."""
    if outcome.ndim == 1:
        return regression(outcome, gap, **terms)
    fits = [regression(outcome[:, i], gap[:, i], **terms) for i in range(outcome.shape[1])]
    return Regression(*(np.array(field) for field in zip(*fits, strict=True)))


def _hodrick(step: Any, basis: Any, gap: Any, horizon: int) -> tuple[Any, Any]:
    """Covariance and errors from changes over one row and the regressors of the horizon before."""
    many = step.ndim == 2
    step, basis, gap = (array.reshape(len(array), -1).T for array in (step, basis, gap))
    shock = step - np.nanmean(step, axis=1, keepdims=True)
    design = np.stack([np.ones_like(basis), basis], axis=-1)
    there = np.isfinite(gap)[..., None]
    used = np.where(there, design[:, : gap.shape[1]], 0.0)
    bread = np.linalg.inv(np.swapaxes(used, -1, -2) @ used)
    known = np.isfinite(basis)[..., None]
    total = np.cumsum(np.where(known, design, 0.0), axis=1)
    total = total[:, horizon - 1 :] - np.pad(total, ((0, 0), (1, 0), (0, 0)))[:, : total.shape[1] - horizon + 1]
    score = np.nan_to_num(shock[:, horizon - 1 :])[..., None] * total[:, : step.shape[1] - horizon + 1]
    covariance = bread @ (np.swapaxes(score, -1, -2) @ score) @ bread
    error = np.sqrt(np.diagonal(covariance, axis1=-2, axis2=-1))
    return (covariance, error) if many else (covariance[0], error[0])
