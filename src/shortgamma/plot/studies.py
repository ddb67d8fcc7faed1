"""Pictures of studies: carry, dealer flows, and where a profit came from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import carry as studies
from shortgamma.plot import _axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from numpy.typing import ArrayLike


METHODS = {"price": _axes.BLUE, "basis": _axes.ORANGE, "log-price": _axes.SKY, "log-basis": _axes.PURPLE}


def carry(
    days: ArrayLike,
    price: ArrayLike,
    spot: float,
    *,
    history: Mapping[str, ArrayLike] | None = None,
    time: Any = None,
    shaded: Any = None,
    tenors: ArrayLike = (30.0, 60.0, 90.0, 120.0),
    method: str | None = None,
    name: str = "",
) -> Figure:
    """The curve of one moment, and what came before it.

    Parameters
    ----------
    days, price, spot, tenors, method, name
        As in `carry_curve`; the panel on the left.
    history : mapping of str to array_like of shape (n,), optional
        Annualised bases through time by tenor; the panel on the right. Without them there is none.
    time, shaded
        As in `carry_history`.

    Returns
    -------
    matplotlib.figure.Figure
        A figure of two panels, or of one; save it with ``savefig``.

    Examples
    --------
    >>> import shortgamma as sg
    >>> figure = sg.plot.carry([20.0, 50.0, 140.0], [100.5, 101.0, 103.0], 100.0, history={"30 days": [0.08, 0.09]})
    >>> [ax.get_xlabel() for ax in figure.axes]
    ['days to expiry', 'bar']
    """
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise ImportError("pictures need matplotlib: pip install 'shortgamma[plot]'") from None
    if not history:
        alone = carry_curve(days, price, spot, tenors=tenors, method=method, name=name)
        found = alone.get_figure(root=True)
        assert found is not None
        return found
    figure = Figure(figsize=(2.0 * _axes.SIZE[0], _axes.SIZE[1]), dpi=100)
    left, right = figure.subplots(1, 2)
    carry_curve(days, price, spot, tenors=tenors, method=method, name=name, ax=left)
    carry_history(history, time=time, shaded=shaded, extremes=None, ax=right)
    figure.subplots_adjust(left=0.07, right=0.98, bottom=0.12, top=0.91, wspace=0.18)
    return figure


def carry_curve(
    days: ArrayLike,
    price: ArrayLike,
    spot: float,
    *,
    tenors: ArrayLike = (30.0, 60.0, 90.0, 120.0),
    method: str | None = None,
    name: str = "",
    ax: Axes | None = None,
) -> Axes:
    """Annualised basis of the contracts of one moment, and between them by each method.

    Parameters
    ----------
    days : array_like of shape (n,)
        Days to expiry, > 0.
    price : array_like of shape (n,)
        Prices of the contracts.
    spot : float
        Spot price of the same moment.
    tenors : array_like, default (30, 60, 90, 120)
        Days at which the basis by ``method`` has a ring.
    method : {"price", "basis", "log-price", "log-basis"}, optional
        Without it there are no rings.
    name : str, default ""
        What and when it is of, for the legend.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, in percent a year, simple; what is continuous in `shortgamma.carry.constant_maturity` is restated.

    Raises
    ------
    ValueError
        If lengths differ, or ``method`` is none of these.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.plot.carry_curve([20.0, 50.0], [100.5, 101.0], 100.0, method="price").get_ylabel()
    'basis (% a year, simple)'
    """
    length, value = _axes.vector("days", days), _axes.vector("price", price)
    if len(length) != len(value):
        raise ValueError(f"price has {len(value)} contracts, days has {len(length)}")
    if method is not None and method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}, got {method!r}")
    order = np.argsort(length, kind="stable")
    length, value = length[order], value[order]
    basis = 100.0 * studies.annualized_basis(value, spot, length / 365.0)

    def between(at: Any, way: Any) -> Any:
        found = studies.constant_maturity(value, length / 365.0, spot, at / 365.0, method=way)
        return 100.0 * (np.expm1(found * at / 365.0) * 365.0 / at if way.startswith("log") else found)

    near, far = basis[np.isfinite(basis)][[0, -1]] if np.isfinite(basis).any() else (np.nan, np.nan)
    title = f"{near:.1f} % a year at the near end, {far:.1f} % at the far"
    ax = _axes.axes(ax, title, "days to expiry", "basis (% a year, simple)")
    grid = np.linspace(length[0], length[-1], 400)
    for way, colour in METHODS.items():
        style = "--" if way.startswith("log") else "-"
        ax.plot(grid, between(grid, way), style, color=colour, linewidth=0.9, label=f"linear in {way}")
    ax.plot(length, basis, "o", color=_axes.RED, markersize=5, label=name or "contracts")
    if method is not None:
        at = _axes.vector("tenors", tenors)
        rings: dict[str, Any] = {"markersize": 9, "fillstyle": "none", "markeredgewidth": 1.4}
        ax.plot(at, between(at, method), "o", color=METHODS[method], label=f"tenors by {method}", **rings)
    ax.axhline(0.0, color=_axes.GREY, linewidth=0.8)
    _axes.legend(ax)
    return ax


def carry_history(
    basis: ArrayLike | Mapping[str, ArrayLike],
    *,
    time: Any = None,
    tenor: str = "",
    extremes: float | None = 0.4,
    shaded: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """History of an annualised basis.

    Parameters
    ----------
    basis : array_like of shape (n,), or mapping of str to array_like
        Annualised basis, a fraction, as `shortgamma.carry.annualized_basis` or `constant_maturity` gives it; or several
        by tenor.
    time : array_like of shape (n,), optional
        Times; elements are counted without it.
    tenor : str, default ""
        What it is the basis of, for the title.
    extremes : float or None, default 0.4
        Beyond this, either way, the basis is marked.
    shaded : array_like of shape (m, 2), optional
        First and last bar of spans that are shaded: months in which a short was liquidated
        (`shortgamma.carry.liquidation_share`).
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, in percent a year.

    Raises
    ------
    ValueError
        If lengths differ, or a span is not of bars.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.plot.carry_history([0.1, 0.45, 0.08]).get_ylabel()
    'basis (% a year)'
    """
    series = dict(basis) if isinstance(basis, Mapping) else {tenor: basis}
    first, *others = series
    tenor, values = first, _axes.vector("basis", series[first])
    position, label = _axes.time_of(time, len(values))
    mean = 100.0 * float(np.nanmean(values))
    high, low = 100.0 * float(np.nanmax(values)), 100.0 * float(np.nanmin(values))
    name = f"{tenor}: " if tenor else ""
    ax = _axes.axes(ax, f"{name}{mean:.1f} % a year on average, {low:.0f} to {high:.0f} %", label, "basis (% a year)")
    spans = np.asarray([] if shaded is None else shaded, dtype=np.int64)
    spans = spans.reshape(-1, 2) if spans.size == 0 else spans
    if spans.ndim != 2 or spans.shape[1] != 2 or not ((spans >= 0) & (spans < len(values))).all():
        raise ValueError(f"shaded must be pairs of bars between 0 and {len(values) - 1}, got shape {spans.shape}")
    for place, (begin, end) in enumerate(spans):
        words = "short at 10x liquidated" if place == 0 else None
        ax.axvspan(position[begin], position[end], color=_axes.RED, alpha=0.12, linewidth=0, label=words)
    ax.plot(position, 100.0 * values, color=_axes.BLUE, linewidth=1.1, label=tenor if others else None)
    for other, colour in zip(others, _axes.COLOURS[1:], strict=False):
        more = _axes.vector(other, series[other])
        if len(more) != len(values):
            raise ValueError(f"{other} has {len(more)} bars, {first} has {len(values)}")
        ax.plot(position, 100.0 * more, color=colour, linewidth=1.1, label=other)
    ax.axhline(0.0, color=_axes.GREY, linewidth=0.8)
    if extremes is not None:
        beyond = np.abs(values) >= extremes
        if beyond.any():
            name = f"beyond {100 * extremes:g} %"
            ax.plot(position[beyond], 100.0 * values[beyond], ".", color=_axes.RED, markersize=5, label=name)
    _axes.legend(ax)
    _axes.dates(ax, position)
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


def feedback(
    result: Any, move: ArrayLike, flow: ArrayLike, *, shock: float, depth: float, ax: Axes | None = None
) -> Axes:
    """Where a shock ends: what a move forces, as a move of its own, and where both agree.

    Parameters
    ----------
    result : Feedback
        What `shortgamma.dealer.feedback` gave.
    move : array_like of shape (n,)
        Returns of the price, ascending.
    flow : array_like of shape (n,)
        Money that is bought at each of them, > 0 buys, that of ``linear`` and of the barriers passed included.
    shock, depth : float
        As they were given to `shortgamma.dealer.feedback`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes: the price rests where the curve meets the diagonal, at full dots if it returns there after a small
        disturbance, at hollow ones if it does not. The one that is reached has a ring.

    Raises
    ------
    ValueError
        If lengths differ, or ``depth`` is not > 0.
    TypeError
        If ``result`` is no Feedback.

    Examples
    --------
    >>> import numpy as np
    >>> import shortgamma as sg
    >>> move = np.linspace(-0.2, 0.0, 5)
    >>> end = sg.dealer.feedback(-0.05, depth=100e9, linear=35.6e9)
    >>> ax = sg.plot.feedback(end, move, 35.6e9 * move, shock=-0.05, depth=100e9)
    >>> ax.get_title(loc="left")
    'A shock of -5 % ends at -7.8 %'
    """
    _axes.check_fields("result", result, "Feedback", "reached", "solutions", "stable")
    moves, flows = _axes.vector("move", move), _axes.vector("flow", flow)
    if len(moves) != len(flows):
        raise ValueError(f"flow has {len(flows)} elements, move has {len(moves)}")
    if not depth > 0.0:
        raise ValueError(f"depth must be > 0, got {depth!r}")
    reached = float(result.reached)
    words = f"ends at {100.0 * reached:.1f} %" if np.isfinite(reached) else "finds no rest"
    ax = _axes.axes(ax, f"A shock of {100.0 * shock:.3g} % {words}", "move of the price (%)", "move that follows (%)")
    ax.plot(100.0 * moves, 100.0 * (shock + flows / depth), color=_axes.BLUE, linewidth=1.5,
            label="shock and what it forces")  # fmt: skip
    ax.plot(100.0 * moves, 100.0 * moves, color=_axes.GREY, linewidth=0.9, label="the same move")
    solutions, stable = np.atleast_1d(result.solutions), np.atleast_1d(result.stable).astype(bool)
    inside = (solutions >= moves[0]) & (solutions <= moves[-1])
    for chosen, face, label in ((stable & inside, _axes.RED, "stable"), (~stable & inside, "none", "unstable")):
        if chosen.any():
            place = 100.0 * solutions[chosen]
            ax.plot(place, place, "o", color=_axes.RED, markerfacecolor=face, markersize=6, label=label)
    if moves[0] <= reached <= moves[-1]:
        ax.plot(100.0 * reached, 100.0 * reached, "o", color=_axes.RED, markerfacecolor="none", markersize=11,
                label="reached")  # fmt: skip
    _axes.legend(ax)
    return ax


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
