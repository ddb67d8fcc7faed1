"""Returns behind and ahead of each row, to be regressed on; public in ``shortgamma.carry``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.checks import number, whole
from shortgamma._core.results import Result

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats


class Outcomes(Result):
    """What a price does over the rows that follow; see `future_outcomes`.

    Attributes
    ----------
    total : ndarray or float
        Log return over all of them.
    lowest : ndarray or float
        Log return to the lowest price among them.
    highest : ndarray or float
        Log return to the highest price among them.
    realized_skew : ndarray or float
        sqrt(n) sum r^3 / (sum r^2)^1.5 of the log returns of single rows.
    """

    total: Floats
    lowest: Floats
    highest: Floats
    realized_skew: Floats


def past_returns(price: ArrayLike, rows: int) -> Any:
    """Log return over the rows that end at each row.

    Parameters
    ----------
    {price [path]}
    rows : int
        How many.

    Returns
    -------
    ndarray
        ln(price / price of ``rows`` before); NaN for the first ``rows``.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.carry.past_returns([100.0, 110.0, 99.0], 1).round(4)
    array([    nan,  0.0953, -0.1054])
    """
    logs = _logs(price, rows)
    result = np.full_like(logs, np.nan)
    result[rows:] = logs[rows:] - logs[: len(logs) - rows]
    return result


def future_outcomes(price: ArrayLike, rows: int) -> Outcomes:
    """Return, extremes and skew over the rows that follow each row.

    Parameters
    ----------
    {price [path]}
    rows : int
        How many rows to look ahead.

    Returns
    -------
    Outcomes
        Arrays of the shape of ``price``; NaN for the last ``rows``.

    Examples
    --------
    >>> import shortgamma as sg
    >>> ahead = sg.carry.future_outcomes([100.0, 110.0, 99.0, 105.0], 2)
    >>> ahead.total.round(4), ahead.highest.round(4)
    (array([-0.0101, -0.0465,     nan,     nan]), array([ 0.0953, -0.0465,     nan,     nan]))
    """
    logs = _logs(price, rows)
    result = [np.full_like(logs, np.nan) for _ in Outcomes._fields]
    if len(logs) > rows:
        windows = np.lib.stride_tricks.sliding_window_view
        ahead, reached = windows(np.diff(logs, axis=0), rows, axis=0), windows(logs[1:], rows, axis=0)
        start = logs[: len(logs) - rows]
        squares, cubes = (ahead**2).sum(axis=-1), (ahead**3).sum(axis=-1)
        with np.errstate(invalid="ignore", divide="ignore"):
            skew = np.sqrt(rows) * cubes / squares**1.5
        outcomes = (logs[rows:] - start, reached.min(axis=-1) - start, reached.max(axis=-1) - start, skew)
        for target, values in zip(result, outcomes, strict=True):
            target[: len(values)] = values
    return Outcomes(*result)


def _logs(price: Any, rows: Any) -> Any:
    given = number("price", price).astype(float)
    if given.ndim == 0:
        raise ValueError("price must have at least one dimension")
    whole("rows", rows, 1)
    return np.log(np.where(given > 0.0, given, np.where(np.isnan(given), given, -1.0)))
