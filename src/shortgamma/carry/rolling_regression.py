"""Regression over a sliding window, with HAC errors at a constant cost a row; public in ``shortgamma.carry``."""

from __future__ import annotations

from operator import index
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import along_time, call, check_labels, choice, number, time_axis
from shortgamma._core.results import Result

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats

CODES = {"bartlett": 0, "uniform": 1, "parzen": 2}
EXPANDING = 4
# intercept, slope and the variance of what is left
LEAST = 3


class RollingRegression(Result):
    """A regression for each window that ends at a row; arrays of the shape of ``y``, NaN where there is none.

    Attributes
    ----------
    intercept : ndarray or float
        Expected y at x = 0.
    slope : ndarray or float
        Change of y per unit of x.
    intercept_error : ndarray or float
        HAC standard error of the intercept.
    slope_error : ndarray or float
        HAC standard error of the slope.
    covariance : ndarray or float
        HAC covariance of intercept and slope.
    r2 : ndarray or float, optional
        Share of the variance of y that x explains; None unless asked for.
    """

    intercept: Floats
    slope: Floats
    intercept_error: Floats
    slope_error: Floats
    covariance: Floats
    r2: Floats | None = None


def rolling_regression(
    y: ArrayLike,
    x: ArrayLike,
    *,
    window: int,
    lags: int,
    kernel: Literal["bartlett", "uniform", "parzen"] = "bartlett",
    minimum: int | None = None,
    expanding: bool = False,
    r2: bool = False,
    axis: int = 0,
    out: tuple[Any, ...] | None = None,
) -> RollingRegression:
    """Regression of y on a constant and x over a sliding window, with HAC standard errors.

    Parameters
    ----------
    y, x : array_like
        What is explained and what explains it, rows along ``axis``; they broadcast. A 1-D input among N-D ones is a
        time series. A row in which either is NaN is missing: it keeps its place, so that rows on both its sides are not
        taken for neighbours.
    window : int
        Rows in a window, at least 3.
    lags : int
        Lags of the scores that are summed, at least 0 and less than ``window``. Changes over h rows overlap in h - 1.
    kernel : {"bartlett", "uniform", "parzen"}, default "bartlett"
        Weights of the lags j: 1 - j/(lags + 1) (Newey and West), 1 (Hansen and Hodrick), or Parzen's of j/(lags + 1),
        which take time in proportion to ``lags``.
    minimum : int, optional
        Rows that must be there, at least 3; by default the whole window.
    expanding : bool, default False
        Let windows begin at the first row for ever; ``window`` is then the least number of rows.
    r2 : bool, default False
        Return the share of the variance that is explained too.
    {axis}
    out : tuple of ndarray, optional
        Where the results go, five arrays or with ``r2`` six.

    Returns
    -------
    RollingRegression
        Intercept, slope, their standard errors, their covariance, and r2 if asked for. NaN where fewer than ``minimum``
        rows are there; NaN, with the invalid flag, where x does not vary or a number is infinite. Under the uniform
        kernel an estimate of a variance may be negative: its root is NaN, quietly.

    Raises
    ------
    ValueError
        If a length does not fit, or ``window``, ``lags`` or ``minimum`` is out of its range.
    TypeError
        If an input is not numeric, or a number of rows is not an integer.

    See Also
    --------
    regression : One sample, more regressors, more kernels.

    Notes
    -----
    V = A S A with A = (X'X)^-1 and S = G_0 + sum of w_j (G_j + G_j'), G_j = sum of g_t g_(t-j)' over the window,
    g_t = (u_t, x_t u_t); no small-sample factor (multiply the errors by sqrt(n / (n - 2)) for it). A window costs the
    same whatever its length and the number of lags. Errors are within 1e-10 of those of a window worked out by itself,
    also where the mean of x is a million of its deviations. Results have the same bits on every processor.

    References
    ----------
    .. [1] W. Newey and K. West, A simple, positive semi-definite, heteroskedasticity and autocorrelation consistent
       covariance matrix, Econometrica 55, 1987.
    .. [2] L. Hansen and R. Hodrick, Forward exchange rates as optimal predictors of future spot rates, Journal of
       Political Economy 88, 1980.

    Examples
    --------
    >>> import numpy as np
    >>> import shortgamma as sg
    >>> x = np.arange(8.0)
    >>> y = 1.0 + 2.0 * x + np.array([0.0, 1.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0])
    >>> fit = sg.carry.rolling_regression(y, x, window=6, lags=1)
    >>> fit.slope.round(3)
    array([  nan,   nan,   nan,   nan,   nan, 2.029, 1.971, 1.971])
    """
    rows, most, least = _rows(window, lags, minimum)
    if str(kernel) == "quadratic-spectral":
        raise ValueError("kernel 'quadratic-spectral' has a weight for every lag and no running sum: use regression()")
    code = choice("kernel", kernel, CODES)
    for name, value in (("y", y), ("x", x)):
        time_axis(0, np.ndim(value), name)
    time = time_axis(axis, max(np.ndim(y), np.ndim(x)), "y")
    names = ("y", "x", "window", "lags", "minimum")
    inputs: list[Any] = [y, x]
    if np.ndim(y) < np.ndim(x):
        inputs[0] = along_time("y", y, time, "x", x)
    elif np.ndim(x) > 0:
        inputs[1] = along_time("x", x, time, "y", y)
    check_labels("x", x, "y", y, time)
    arrays = [number(name, value) for name, value in zip(names, inputs, strict=False)]
    values = (*arrays, float(rows), float(most), float(least), np.int8(code + EXPANDING * bool(expanding)))
    loops = dispatch.carry.rolling_regression
    loop = loops.carry_rolling_regression_r2 if r2 else loops.carry_rolling_regression
    along = (time - max(array.ndim for array in arrays),)
    axes = [along, along, (), (), (), (), *[along] * loop.nout]
    return RollingRegression(*(_labelled(inputs, result) for result in call(loop, names, values, out, axes=axes)))


def _rows(window: Any, lags: Any, minimum: Any) -> tuple[int, int, int]:
    numbers = {"window": window, "lags": lags, "minimum": window if minimum is None else minimum}
    for name, value in numbers.items():
        try:
            numbers[name] = index(value)
        except TypeError:
            raise TypeError(f"{name} must be an integer, a number of rows, got {value!r}") from None
    if numbers["window"] < LEAST:
        raise ValueError(f"window must be at least {LEAST} rows, got {window!r}")
    if not 0 <= numbers["lags"] < numbers["window"]:
        raise ValueError(f"lags must be at least 0 and less than window, {numbers['window']}, got {lags!r}")
    if not LEAST <= numbers["minimum"] <= numbers["window"]:
        raise ValueError(f"minimum must be between {LEAST} and window, {numbers['window']}, got {minimum!r}")
    return numbers["window"], numbers["lags"], numbers["minimum"]


def _labelled(inputs: list[Any], result: Any) -> Any:
    """A result with the labels of the input that has its shape."""
    for value in inputs:
        wrap = getattr(value, "_constructor", None)
        if wrap is not None and np.shape(value) == np.shape(result):
            axes = dict(zip(("index", "columns"), value.axes, strict=False))
            return wrap(result, **axes)
    return result
