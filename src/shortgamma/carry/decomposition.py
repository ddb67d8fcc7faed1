"""Parts of the basis of many venues that add up to it; public in ``shortgamma.carry``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.checks import check_length, number
from shortgamma._core.results import Result

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats


class Decomposition(Result):
    """The basis as a sum of four parts, each of the shape of the basis; see `decompose`.

    Attributes
    ----------
    rate : ndarray or float
        Rate less foreign rate.
    convenience : ndarray or float
        What all venues share beyond it at a time: the mean of basis less rate.
    venue : ndarray or float
        How a venue differs from all venues over all times.
    residual : ndarray or float
        What is left.
    shares : dict[str, float]
        Covariance of each part with the basis over the variance of the basis; they sum to 1, and one may be
        negative.
    """

    rate: Floats
    convenience: Floats
    venue: Floats
    residual: Floats
    shares: dict[str, float]


class ExplainedShare(Result):
    """How much of y a regressor explains; see `explained_share`.

    Attributes
    ----------
    r2 : float
        With the slope that fits best.
    slope : float
        That slope.
    r2_unit : float
        With a slope of 1; negative where x adds more than it takes away.
    """

    r2: float
    slope: float
    r2_unit: float


def decompose(basis: ArrayLike, rate: ArrayLike, foreign_rate: ArrayLike = 0.0) -> Decomposition:
    """Split the basis of many venues into rate differential, convenience yield, venue and the rest.

    Parameters
    ----------
    basis : array_like
        Annual basis, continuous, time down axis 0, venues along axis 1; NaN where a venue has none.
    rate, foreign_rate : array_like
        Rates per year in the currency of the price and of what is priced: a number, one a time, or of the shape of
        ``basis``.

    Returns
    -------
    Decomposition
        The parts, and their shares of the variance. NaN where the basis or a rate is missing.

    Raises
    ------
    ValueError
        If a shape does not fit.

    Notes
    -----
    Nothing is estimated. With z = basis - (rate - foreign_rate): convenience is the mean of z over venues at each time,
    venue the mean of z over time of each venue less the mean of all of z, residual what is left of z. The four parts
    add up to the basis to rounding, also where cells are missing, which no mean counts.

    Examples
    --------
    >>> import shortgamma as sg
    >>> parts = sg.carry.decompose([[0.10, 0.12], [0.30, 0.32]], [0.01, 0.02])
    >>> parts.convenience[:, 0].round(3), parts.venue[0].round(3)
    (array([0.1 , 0.29]), array([-0.01,  0.01]))
    """
    given = number("basis", basis).astype(float)
    if given.ndim != 2:
        raise ValueError(f"basis must have two dimensions, time and venues, got shape {given.shape}")
    home, abroad = (_by_time(name, value, given) for name, value in (("rate", rate), ("foreign_rate", foreign_rate)))
    differential = np.broadcast_to(home - abroad, given.shape)
    there = np.isfinite(given) & np.isfinite(differential)
    rest = np.where(there, given - differential, 0.0)
    by_time = rest.sum(axis=1, keepdims=True) / np.maximum(there.sum(axis=1, keepdims=True), 1)
    by_venue = rest.sum(axis=0, keepdims=True) / np.maximum(there.sum(axis=0, keepdims=True), 1)
    overall = rest.sum() / max(int(there.sum()), 1)
    hole = np.where(there, 0.0, np.nan)
    venue = by_venue - overall
    parts = [differential + hole, by_time + hole, venue + hole, (rest - by_time - venue) + hole]
    about = np.where(there, given - np.where(there, given, 0.0).sum() / max(int(there.sum()), 1), 0.0)
    total = float((about**2).sum())
    names = Decomposition._fields[:4]
    shares = {
        name: float((about * np.where(there, part, 0.0)).sum()) / total if total > 0.0 else float("nan")
        for name, part in zip(names, parts, strict=True)
    }
    return Decomposition(parts[0], parts[1], parts[2], parts[3], shares)


def explained_share(y: ArrayLike, x: ArrayLike) -> ExplainedShare:
    """Share of the variance of y that x explains, freely and with a slope of 1.

    Parameters
    ----------
    y, x : array_like
        Numbers of any shape that broadcast, all taken together; a cell in which either is NaN is left out.

    Returns
    -------
    ExplainedShare
        R2 of a regression with intercept, its slope, and R2 where the slope is held at 1, as an identity has it.

    Examples
    --------
    >>> import shortgamma as sg
    >>> share = sg.carry.explained_share([0.1, 0.2, 0.4], [0.01, 0.02, 0.04])
    >>> round(share.r2, 9), round(share.slope, 9), round(share.r2_unit, 3)
    (1.0, 10.0, 0.19)
    """
    left, right = np.broadcast_arrays(number("y", y).astype(float), number("x", x).astype(float))
    there = np.isfinite(left) & np.isfinite(right)
    left, right = left[there], right[there]
    if left.size < 2 or np.ptp(right) == 0.0 or np.ptp(left) == 0.0:
        return ExplainedShare(float("nan"), float("nan"), float("nan"))
    left, right = left - left.mean(), right - right.mean()
    total, spread = (left**2).sum(), (right**2).sum()
    slope = (left * right).sum() / spread
    free = 1.0 - ((left - slope * right) ** 2).sum() / total
    return ExplainedShare(float(free), float(slope), float(1.0 - ((left - right) ** 2).sum() / total))


def _by_time(name: str, value: Any, basis: Any) -> Any:
    given = number(name, value).astype(float)
    if given.ndim == 0 or given.shape == basis.shape:
        return given
    if given.ndim == 1:
        check_length(name, len(given), "basis", len(basis))
        return given[:, np.newaxis]
    raise ValueError(
        f"{name} has shape {given.shape}, basis has {basis.shape}: give a number, one a time, or one a cell"
    )
