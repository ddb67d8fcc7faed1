"""Pictures of margin and liquidation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core.checks import real, whole
from shortgamma.plot import _axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

# What a curve may hold in memory
MOST_BARS = 10_000_000


def frontier(
    collateral_price: ArrayLike,
    liquidation_price: ArrayLike,
    *,
    long: bool,
    path: tuple[ArrayLike, ArrayLike] | None = None,
    ax: Axes | None = None,
) -> Axes:
    """Where a position dies, in the plane of its collateral coin and its underlying.

    Parameters
    ----------
    collateral_price, liquidation_price : array_like of shape (n,)
        Price of the coin, and the underlying's price at which the position dies there, as
        `shortgamma.liquidation.frontier` gives it.
    long : bool
        Whether the position is long: it dies below the line, a short above it.
    path : pair of array_like, optional
        Prices of coin and underlying along time.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; the region of death is shaded.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.plot.frontier([5_000.0, 10_000.0], [210.0, 180.0], long=True).get_xlabel()
    'price of the collateral coin'
    """
    coin, level = (
        _axes.vector("collateral_price", collateral_price),
        _axes.vector("liquidation_price", liquidation_price),
    )
    if len(coin) != len(level):
        raise ValueError(f"liquidation_price has {len(level)} elements, collateral_price has {len(coin)}")
    order = np.argsort(coin, kind="stable")
    coin, level = coin[order], level[order]
    shown = level[np.isfinite(level)]
    others = [] if path is None else [np.asarray(path[1], dtype=float)]
    everything = np.concatenate([shown, *others]) if len(shown) else np.array([0.0, 1.0])
    low, high = 0.85 * float(np.nanmin(everything)), 1.15 * float(np.nanmax(everything))
    ax = _axes.axes(
        ax, f"A {'long' if long else 'short'} dies {'below' if long else 'above'} the line",
        "price of the collateral coin", "price of the underlying",
    )  # fmt: skip
    edge = np.clip(np.nan_to_num(level, nan=low if long else high, posinf=high, neginf=low), low, high)
    ax.fill_between(coin, edge, low if long else high, color=_axes.RED, alpha=0.18, linewidth=0, label="liquidated")
    ax.plot(coin, np.where(np.isfinite(level), level, np.nan), color=_axes.RED, linewidth=1.5)
    if path is not None:
        ax.plot(path[0], path[1], color=_axes.BLUE, linewidth=1.1, label="path")
        ax.plot(np.asarray(path[0])[0], np.asarray(path[1])[0], "o", color=_axes.BLUE, markersize=5)
    ax.set_ylim(low, high)
    _axes.legend(ax)
    return ax


def survival(bar: ArrayLike, leverage: Sequence[float], *, bars: int, time: Any = None, ax: Axes | None = None) -> Axes:
    """Share of positions that are alive, bar by bar, one curve for each leverage.

    Parameters
    ----------
    bar : array_like of shape (n, k)
        Bar on which each of n positions was liquidated, counted from its start, ``bars`` if never, for each of k
        leverages.
    leverage : sequence of float, length k
        The leverages.
    bars : int
        Length of the paths in bars.
    time : array_like of shape (bars + 1,), optional
        Times; bars are counted without it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, in percent.

    Raises
    ------
    ValueError
        If ``bar`` has not two dimensions, the second as long as ``leverage``.

    Examples
    --------
    >>> import shortgamma as sg
    >>> ax = sg.plot.survival([[10, 3], [10, 10]], [3.0, 20.0], bars=10)
    >>> ax.get_ylabel()
    'positions alive (%)'
    """
    dead = np.asarray(bar)
    if dead.ndim != 2 or dead.shape[1] != len(leverage):
        raise ValueError(f"bar must have shape (n, {len(leverage)}), one column a leverage, got {dead.shape}")
    bars = whole("bars", bars, 1, MOST_BARS)
    position, label = _axes.time_of(time, bars + 1)
    alive = [100.0 * (dead[:, place, None] > np.arange(bars + 1)).mean(axis=0) for place in range(len(leverage))]
    alive = [np.where(np.arange(bars + 1) == bars, curve[max(bars - 1, 0)], curve) for curve in alive]
    worst = int(np.argmax(leverage))
    ax = _axes.axes(
        ax,
        f"At {leverage[worst]:g}x, {alive[worst][-1]:.0f} % are alive after {bars} bars",
        label,
        "positions alive (%)",
    )
    for place, (multiple, curve) in enumerate(zip(leverage, alive, strict=True)):
        colour = _axes.COLOURS[place % len(_axes.COLOURS)]
        ax.step(position, curve, where="post", color=colour, linewidth=1.4, label=f"{multiple:g}x")
    ax.set_ylim(0, 102)
    _axes.legend(ax, title="leverage", title_fontsize="small")
    _axes.dates(ax, position)
    return ax


def cascade(result: Any, *, mark: float | None = None, ax: Axes | None = None) -> Axes:
    """Prices at which the waves of a cascade were filled, as steps.

    Parameters
    ----------
    result : Cascade
        What `shortgamma.liquidation.simulate_cascade` gave for one mark.
    mark : float, optional
        Mark at which it began.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes.

    Raises
    ------
    ValueError
        If the result is of several marks.

    Examples
    --------
    >>> import shortgamma as sg
    >>> linear = sg.contracts.Contract("linear")
    >>> end = sg.liquidation.simulate_cascade(90.0, [1.0], 100.0, [9.0], contract=linear, maintenance=0.01, depth=10.0)
    >>> sg.plot.cascade(end, mark=90.0).get_xlabel()
    'wave'
    """
    _axes.check_fields("result", result, "Cascade", "fills", "mark", "accounts", "waves")
    fills = np.asarray(result.fills, dtype=float)
    if fills.ndim != 1:
        raise ValueError(f"result must be of one mark, got fills of shape {fills.shape}")
    prices = fills[np.isfinite(fills)]
    start = prices[:1] if mark is None else np.array([real("mark", mark)])
    steps = np.concatenate([start, prices, [float(result.mark)]])
    fall = steps[-1] / steps[0] - 1.0 if len(steps) and steps[0] else float("nan")
    title = f"{int(result.accounts):,} accounts in {int(result.waves)} waves move the mark by {100 * fall:+.1f} %"
    ax = _axes.axes(ax, title, "wave", "mark price")
    waves = np.arange(len(steps))
    ax.step(waves, steps, where="post", color=_axes.RED, linewidth=1.6)
    ax.plot(waves, steps, "o", color=_axes.RED, markersize=4)
    ax.locator_params(axis="x", integer=True)
    return ax


def tiers(maintenance: Any, *, largest: float | None = None, ax: Axes | None = None) -> Axes:
    """Maintenance margin by value: the rate of each tier, and what is required on the whole.

    Parameters
    ----------
    maintenance : Tiers
        Tiers with ``margin(value)``, ``lower`` and ``rate``.
    largest : float, optional
        Largest value that is drawn; one and a half times the last floor by default.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes, in percent of the value.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.plot.tiers(sg.liquidation.Tiers([0.0, 50_000.0], [0.004, 0.005])).get_ylabel()
    'maintenance margin (% of the value)'
    """
    _axes.check_fields("maintenance", maintenance, "Tiers", "lower", "rate", "margin")
    floors, rates = np.asarray(maintenance.lower, dtype=float), np.asarray(maintenance.rate, dtype=float)
    last = float(real("largest", largest)) if largest is not None else 1.5 * max(float(floors[-1]), 1.0)
    value = np.linspace(last / 2000.0, last, 2000)
    required = 100.0 * np.asarray(maintenance.margin(value)) / value
    shown = floors < last
    floors, rates = floors[shown], rates[shown]
    title = f"From {100 * rates[0]:g} % to {100 * rates[-1]:g} % in {len(rates)} tiers"
    ax = _axes.axes(ax, title, "value of the position", "maintenance margin (% of the value)")
    ax.step(np.append(floors, last), 100.0 * np.append(rates, rates[-1]), where="post", color=_axes.ORANGE,
            linewidth=1.4, label="rate of the tier")  # fmt: skip
    ax.plot(value, required, color=_axes.BLUE, linewidth=1.5, label="on the whole value")
    ax.set_xlim(0.0, last)
    _axes.legend(ax)
    return ax
