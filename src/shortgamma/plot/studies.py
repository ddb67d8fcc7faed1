"""Pictures of studies: carry, dealer flows, and where a profit came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma.plot import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike


def carry(
    basis: ArrayLike, *, time: Any = None, tenor: str = "", extremes: float | None = 0.4, ax: Axes | None = None
) -> Axes:
    """History of an annualised basis.

    Parameters
    ----------
    basis : array_like of shape (n,)
        Annualised basis, a fraction, as `shortgamma.carry.annualized_basis` or `constant_maturity` gives it.
    time : array_like of shape (n,), optional
        Times; elements are counted without it.
    tenor : str, default ""
        What it is the basis of, for the title.
    extremes : float or None, default 0.4
        Beyond this, either way, the basis is marked.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, in percent a year.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.plot.carry([0.1, 0.45, 0.08]).get_ylabel()
    'basis (% a year)'
    """
    values = _axes.vector("basis", basis)
    position, label = _axes.time_of(time, len(values))
    mean = 100.0 * float(np.nanmean(values))
    high, low = 100.0 * float(np.nanmax(values)), 100.0 * float(np.nanmin(values))
    name = f"{tenor}: " if tenor else ""
    ax = _axes.axes(ax, f"{name}{mean:.1f} % a year on average, {low:.0f} to {high:.0f} %", label, "basis (% a year)")
    ax.plot(position, 100.0 * values, color=_axes.BLUE, linewidth=1.1)
    ax.axhline(0.0, color=_axes.GREY, linewidth=0.8)
    if extremes is not None:
        beyond = np.abs(values) >= extremes
        if beyond.any():
            name = f"beyond {100 * extremes:g} %"
            ax.plot(position[beyond], 100.0 * values[beyond], ".", color=_axes.RED, markersize=5, label=name)
    _axes.legend(ax)
    _axes.dates(ax, position)
    return ax


def term_structure(days: ArrayLike, basis: ArrayLike, *, name: str = "", ax: Axes | None = None) -> Axes:
    """Annualised basis of the contracts of one moment, by their time to expiry.

    Parameters
    ----------
    days : array_like of shape (n,)
        Days to expiry.
    basis : array_like of shape (n,)
        Annualised basis, a fraction, as `shortgamma.carry.annualized_basis` gives it.
    name : str, default ""
        What and when it is of, for the title.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, in percent a year.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.plot.term_structure([7.0, 35.0, 98.0], [0.12, 0.10, 0.09]).get_xlabel()
    'days to expiry'
    """
    length, values = _axes.vector("days", days), _axes.vector("basis", basis)
    if len(length) != len(values):
        raise ValueError(f"basis has {len(values)} contracts, days has {len(length)}")
    order = np.argsort(length, kind="stable")
    length, values = length[order], 100.0 * values[order]
    near, far = values[np.isfinite(values)][[0, -1]] if np.isfinite(values).any() else (np.nan, np.nan)
    ax = _axes.axes(ax, f"{near:.1f} % a year at the near end, {far:.1f} % at the far", "days to expiry",
                    "basis (% a year)")  # fmt: skip
    ax.plot(length, values, "o-", color=_axes.BLUE, linewidth=1.3, markersize=5, label=name or None)
    ax.axhline(0.0, color=_axes.GREY, linewidth=0.8)
    _axes.legend(ax)
    return ax


def profile(
    result: Any,
    *,
    spot: float | None = None,
    flips: ArrayLike = (),
    others: Mapping[str, Any] | None = None,
    barriers: ArrayLike = (),
    measure: str = "gamma_percent",
    scale: float = 1e9,
    ax: Axes | None = None,
) -> Axes:
    """What a book of options is exposed to, at every level of the spot.

    Parameters
    ----------
    result : Profile
        What `shortgamma.dealer.profile` gave.
    spot : float, optional
        Where the market is; a dashed line.
    flips : array_like, optional
        Levels at which the exposure changes its sign.
    others : mapping of str to Profile, optional
        Profiles to draw thin beside it, by what they are called: the same book under other assumptions of sign.
    barriers : array_like, optional
        Levels at which knock-in notes release their hedges; marks on the horizontal axis.
    measure : str, default "gamma_percent"
        Which field of the result.
    scale : float, default 1e9
        What a unit of the vertical axis is in currency.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; shaded where hedgers trade with the market's move.

    Raises
    ------
    ValueError
        If a result does not have ``measure``.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import shortgamma as sg
    >>> book = SimpleNamespace(spot=[90.0, 100.0, 110.0], gamma_percent=[-2e9, -1e9, 3e9])
    >>> sg.plot.profile(book, spot=100.0).get_xlabel()
    'spot'
    """
    for book in (result, *(others or {}).values()):
        if getattr(book, measure, None) is None:
            raise ValueError(f"result has no {measure}")
    level, value = _axes.vector("result.spot", result.spot), _axes.vector(measure, getattr(result, measure)) / scale
    unit = {1e9: "bn", 1e6: "m", 1.0: "currency"}.get(scale, f"{scale:g}")
    title = "Hedgers trade with the move where the line is below 0"
    if spot is not None:
        here = float(np.interp(spot, level, value))
        side = "against" if here > 0 else "with"
        title = f"At {spot:,.6g} the exposure is {here:+.3g} {unit}: hedgers trade {side} the move"
    words = measure.replace("_percent", " per 1 %").replace("_point", " per point").replace("_day", " per day")
    ax = _axes.axes(ax, title, "spot", f"{words} ({unit})")
    ax.plot(level, value, color=_axes.BLUE, linewidth=1.5)
    ax.fill_between(level, value, 0.0, where=value < 0.0, color=_axes.RED, alpha=0.18, linewidth=0)
    for (name, book), colour in zip((others or {}).items(), (_axes.GREEN, _axes.PURPLE, _axes.SKY) * 9, strict=False):
        line = _axes.vector(measure, getattr(book, measure)) / scale
        ax.plot(_axes.vector("spot", book.spot), line, color=colour, linewidth=0.8, label=name)
    ax.axhline(0.0, color=_axes.GREY, linewidth=0.8)
    marks = np.atleast_1d(np.asarray(barriers, dtype=float))
    if marks.size:
        ax.plot(marks, np.zeros(marks.size), "v", color=_axes.RED, markersize=6, label="note barrier")
    if spot is not None:
        ax.axvline(spot, color=_axes.GREY, linestyle="--", linewidth=1.0, label="spot")
    for place, flip in enumerate(np.atleast_1d(np.asarray(flips, dtype=float))):
        label = "flip" if place == 0 else None
        ax.axvline(flip, color=_axes.ORANGE, linestyle=":", linewidth=1.3, label=label)
    _axes.legend(ax)
    return ax


def hedge_flow(result: Any, *, scale: float = 1e9, ax: Axes | None = None) -> Axes:
    """What hedgers buy or sell after a move, beside what the gamma at the spot makes of it.

    Parameters
    ----------
    result : HedgeFlow
        What `shortgamma.dealer.hedge_flow` gave.
    scale : float, default 1e9
        What a unit of the vertical axis is in currency.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; above 0 hedgers buy.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> import shortgamma as sg
    >>> flow = SimpleNamespace(move=[-0.05, 0.05], value=[-2e9, 1e9], linear=[-1e9, 1e9])
    >>> sg.plot.hedge_flow(flow).get_xlabel()
    'move of the spot (%)'
    """
    _axes.check_fields("result", result, "HedgeFlow", "move", "value", "linear")
    move, value = _axes.vector("result.move", result.move), _axes.vector("result.value", result.value) / scale
    linear = _axes.vector("result.linear", result.linear) / scale
    unit = {1e9: "bn", 1e6: "m", 1.0: "currency"}.get(scale, f"{scale:g}")
    order = np.argsort(move, kind="stable")
    worst = int(np.argmin(move))
    verb = "buy" if value[worst] > 0 else "sell"
    title = f"After {100 * move[worst]:+.3g} % hedgers {verb} {abs(value[worst]):.3g} {unit}"
    ax = _axes.axes(ax, title, "move of the spot (%)", f"bought by hedgers ({unit})")
    ax.plot(100 * move[order], linear[order], "--", color=_axes.GREY, linewidth=1.1, label="from the gamma at the spot")
    ax.plot(100 * move[order], value[order], color=_axes.BLUE, linewidth=1.6, label="book revalued")
    ax.axhline(0.0, color=_axes.GREY, linewidth=0.8)
    _axes.legend(ax)
    return ax


def flows(
    profiles: Any,
    flow: Any,
    *,
    spot: float | None = None,
    flips: ArrayLike = (),
    others: Mapping[str, Any] | None = None,
    barriers: ArrayLike = (),
    scale: float = 1e9,
) -> Figure:
    """Both sides of a book: its gamma at every level of the spot, and what a move makes hedgers trade.

    Parameters
    ----------
    profiles : Profile
        What `shortgamma.dealer.profile` gave; the panel on the left.
    flow : HedgeFlow
        What `shortgamma.dealer.hedge_flow` gave; the panel on the right.
    spot, flips, others, barriers, scale
        As in `profile`.

    Returns
    -------
    matplotlib.figure.Figure
        A figure of two panels; save it with ``savefig``.

    Examples
    --------
    >>> import shortgamma as sg
    >>> book = dict(strike=[90.0, 100.0], vol=0.4, expiry=0.1, quantity=[-5.0, 5.0], option=["put", "call"])
    >>> levels = sg.dealer.profile(None, **book, grid=(70.0, 130.0, 101))
    >>> figure = sg.plot.flows(levels, sg.dealer.hedge_flow([-0.1, 0.1], 100.0, **book), spot=100.0, scale=1.0)
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['spot', 'move of the spot (%)']
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'shortgamma[plot]'") from None
    figure = Figure(figsize=(2.0 * _axes.SIZE[0], _axes.SIZE[1]), dpi=100)
    left, right = figure.subplots(1, 2)
    profile(profiles, spot=spot, flips=flips, others=others, barriers=barriers, scale=scale, ax=left)
    hedge_flow(flow, scale=scale, ax=right)
    figure.subplots_adjust(left=0.07, right=0.98, bottom=0.12, top=0.91, wspace=0.18)
    return figure


def ledger(parts: Mapping[str, float], *, unit: str = "settlement coin", ax: Axes | None = None) -> Axes:
    """Where a profit came from: its parts as a waterfall, their sum at the end.

    Parameters
    ----------
    parts : mapping of str to float
        Parts that add up to the profit, in the order in which they are drawn.
    unit : str, default "settlement coin"
        What they are in.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ValueError
        If there is no part.

    Examples
    --------
    >>> import shortgamma as sg
    >>> ax = sg.plot.ledger({"price": 3.0, "funding": -1.0, "fees": -0.5})
    >>> [text.get_text() for text in ax.get_xticklabels()]
    ['price', 'funding', 'fees', 'sum']
    """
    if not isinstance(parts, Mapping):
        raise TypeError(f"parts must be a dict of amounts by name, got {type(parts).__name__}")
    values = _axes.vector("parts", list(parts.values()))
    ends = np.cumsum(values)
    starts = ends - values
    total = float(ends[-1])
    ax = _axes.axes(ax, f"{total:+,.6g} in all", "", unit)
    colours = [_axes.GREEN if value >= 0 else _axes.RED for value in values]
    ax.bar(range(len(values)), values, bottom=starts, color=colours, width=0.62)
    ax.bar(len(values), total, color=_axes.BLUE, width=0.62)
    for place, (value, end) in enumerate(zip([*values, total], [*ends, total], strict=True)):
        offset, side = (4, "bottom") if value >= 0 else (-4, "top")
        style: Any = {"textcoords": "offset points", "ha": "center", "va": side, "fontsize": "small"}
        ax.annotate(f"{value:+,.4g}", (place, end), xytext=(0, offset), **style)
    ax.axhline(0.0, color=_axes.GREY, linewidth=0.8)
    ax.set_xticks(range(len(values) + 1), [*parts, "sum"])
    ax.use_sticky_edges = False
    ax.margins(y=0.12)
    ax.grid(visible=False, axis="x")
    return ax
