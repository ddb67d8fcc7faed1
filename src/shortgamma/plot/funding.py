"""Pictures of funding rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma.plot import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def funding(history: Any, *, time: Any = None, ax: Axes | None = None) -> Axes:
    """How often a perpetual swap pays how much, and what it paid in all.

    Parameters
    ----------
    history : FundingHistory or array_like of shape (n,)
        Rates per funding interval, as `shortgamma.io.read_funding` reads them.
    time : array_like of shape (n,), optional
        Times of the payments, where ``history`` is an array.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes: a histogram of the rates in basis points on a log scale, on which caps stand out as bars at the
        ends. Below: the sum of the rates, which a short received.

    Raises
    ------
    ValueError
        If there is no rate.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.plot.funding([0.0001, 0.0001, -0.0002, 0.00375]).get_yscale()
    'log'
    """
    rate = _axes.vector("history", getattr(history, "rate", history))
    stamps = getattr(history, "time", time)
    known = rate[np.isfinite(rate)]
    share = 100.0 * float((known > 0.0).mean()) if len(known) else float("nan")
    name = " ".join(filter(None, (getattr(history, "venue", None), getattr(history, "symbol", None))))
    title = f"{name + ': ' if name else ''}longs paid {share:.0f} % of {len(known):,} payments"
    ax = _axes.axes(ax, title, "rate per interval (basis points)", "payments")
    ax.hist(1e4 * known, bins=101, color=_axes.BLUE)
    ax.set_yscale("log")
    ax.axvline(0.0, color=_axes.GREY, linewidth=0.8)
    position, label = _axes.time_of(stamps, len(rate))
    lower = _axes.below(ax, "received by a\nshort (% of value)", share=0.45, same_bars=False)
    lower.plot(position, 100.0 * np.cumsum(np.nan_to_num(rate)), color=_axes.ORANGE, linewidth=1.3)
    lower.set_xlabel(label)
    _axes.dates(lower, position)
    return ax


def premium(premium: ArrayLike, rate: ArrayLike | None = None, *, time: Any = None, ax: Axes | None = None) -> Axes:
    """The premium of a perpetual swap over its index within an interval, and the rate that it predicts.

    Parameters
    ----------
    premium : array_like of shape (n,)
        Premium over the index, a fraction.
    rate : array_like of shape (n,), optional
        Predicted funding rate, as `shortgamma.funding.predicted_rate` gives it.
    time : array_like of shape (n,), optional
        Times of the samples; they are counted without it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, in basis points.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.plot.premium([0.0001, 0.0003, 0.0002]).get_ylabel()
    'basis points'
    """
    values = _axes.vector("premium", premium)
    position, label = _axes.time_of(time, len(values))
    mean = 1e4 * float(np.nanmean(values))
    ax = _axes.axes(ax, f"The premium averages {mean:.2f} basis points", label, "basis points")
    ax.plot(position, 1e4 * values, color=_axes.SKY, linewidth=0.9, label="premium")
    ax.axhline(0.0, color=_axes.GREY, linewidth=0.8)
    if rate is not None:
        rates = _axes.vector("rate", rate)
        if len(rates) != len(values):
            raise ValueError(f"rate has {len(rates)} samples, premium has {len(values)}")
        ax.plot(position, 1e4 * rates, color=_axes.RED, linewidth=1.6, label="predicted rate")
    _axes.legend(ax)
    _axes.dates(ax, position)
    return ax
