"""Pictures of leveraged products."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma import leverage as products
from shortgamma.plot import _axes

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike


def nav(
    result: Any,
    price: ArrayLike | None = None,
    *,
    leverage: float | None = None,
    fund: ArrayLike | None = None,
    time: Any = None,
    ax: Axes | None = None,
) -> Axes:
    """Net asset value of a product beside its underlying, on a log scale, their ratio below.

    Parameters
    ----------
    result : NavPath, TokenPath or array_like of shape (n,)
        What `shortgamma.leverage.simulate` or `shortgamma.leverage.nav` gave. Rebalances are marked if the result has
        them and they are fewer than one bar in ten.
    price : array_like of shape (n,), optional
        Closes of the underlying, > 0.
    leverage : float, optional
        Multiple whose product with the underlying's return is drawn: what a newcomer expects the product to be.
    fund : array_like of shape (n,), optional
        NAV or price of the real product, to be compared with.
    time : array_like of shape (n,), optional
        Times of the bars; bars are counted without it.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes. All curves begin at 1.

    Raises
    ------
    ValueError
        If lengths differ, or ``leverage`` is given without ``price``.

    Examples
    --------
    >>> import shortgamma as sg
    >>> price = [100.0, 110.0, 99.0, 104.0]
    >>> ax = sg.plot.nav(sg.leverage.nav(price, 3.0), price, leverage=3.0)
    >>> ax.get_yscale()
    'log'
    """
    value = _axes.vector("result", getattr(result, "nav", result))
    value = value / value[0]
    position, label = _axes.time_of(time, len(value))
    last = value[-1]
    title = f"The product ends at {last:,.3g} times its start"
    curves = []
    if price is not None:
        underlying = _axes.vector("price", price)
        underlying = underlying / underlying[0]
        curves.append(("underlying", underlying, _axes.GREY))
        title += f", the underlying at {underlying[-1]:,.3g}"
        if leverage is not None:
            multiple = 1.0 + leverage * (underlying - 1.0)
            curves.append((f"1 + {leverage:g} x its return", np.where(multiple > 0.0, multiple, np.nan), _axes.ORANGE))
    elif leverage is not None:
        raise ValueError("leverage needs price: the multiple is that of the underlying's return")
    if fund is not None:
        real = _axes.vector("fund", fund)
        curves.append(("real fund", real / real[0], _axes.RED))
        title = f"Simulated: {last:,.4g} times its start; the real fund: {real[-1] / real[0]:,.4g} times"
    for name, curve, _ in curves:
        if len(curve) != len(value):
            raise ValueError(f"{name} has {len(curve)} bars, the product has {len(value)}")
    ax = _axes.axes(ax, title, label, "value, start = 1")
    for name, curve, colour in curves[: len(curves) - (fund is not None)]:
        ax.plot(position, curve, color=colour, linewidth=1.1, label=name)
    ax.plot(position, np.where(value > 0.0, value, np.nan), color=_axes.BLUE, linewidth=1.5, label="product")
    if fund is not None:
        # thin and above: where both agree, both are to be seen
        ax.plot(position, curves[-1][1], color=_axes.RED, linewidth=0.7, label="real fund")
    ax.set_yscale("log")
    rebalances = getattr(result, "rebalances", None)
    if rebalances is not None and 0 < np.count_nonzero(rebalances) <= len(value) / 10:
        marked = np.flatnonzero(rebalances)
        ax.plot(position[marked], value[marked], ".", color=_axes.BLUE, markersize=6, label=f"{len(marked)} rebalances")
    _axes.legend(ax, loc="best")
    _axes.dates(ax, position)
    against = next((curve for curve in curves[::-1] if curve[0] != f"1 + {leverage or 0:g} x its return"), None)
    if against is not None:
        lower = _axes.below(ax, f"product /\n{against[0]}")
        lower.plot(position, value / against[1], color=_axes.BLUE, linewidth=1.0)
        lower.axhline(1.0, color=_axes.GREY, linewidth=0.8)
        _axes.dates(lower, position)
    return ax


def drag(leverage: float, *, years: float = 1.0, most_vol: float = 1.0, ax: Axes | None = None) -> Axes:
    """What rebalancing costs or earns: a map of the underlying's return and volatility.

    Parameters
    ----------
    leverage : float
        Target leverage, signed; not 0 or 1, which have no drag.
    years : float, default 1.0
        Holding period in years.
    most_vol : float, default 1.0
        Largest volatility per year that is drawn.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        Axes with the map: return of the continuously rebalanced product less leverage times that of the underlying, in
        percentage points. The line is where both are equal.

    Raises
    ------
    ValueError
        If ``leverage`` is 0 or 1.

    See Also
    --------
    shortgamma.leverage.compounded_return : The formula.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.plot.drag(3.0).get_ylabel()
    'volatility (% a year)'
    """
    if leverage in (0.0, 1.0):
        raise ValueError(f"leverage must not be 0 or 1, which have no drag, got {leverage!r}")
    returns = np.linspace(-0.6, 1.0, 161)
    vols = np.linspace(0.0, most_vol, 101)
    product = products.compounded_return(returns, leverage, vols[:, None] ** 2 * years)
    gap = 100.0 * (product - leverage * returns)
    period = "a year" if years == 1.0 else f"{years:g} years"
    title = f"{leverage:+g}x over {period}: volatility takes, trend gives"
    ax = _axes.axes(ax, title, "return of the underlying (%)", "volatility (% a year)")
    limit = float(np.nanpercentile(np.abs(gap), 90))
    picture = ax.pcolormesh(
        100 * returns, 100 * vols, gap, cmap="RdBu", vmin=-limit, vmax=limit, shading="gouraud", rasterized=True
    )
    line = ax.contour(100 * returns, 100 * vols, gap, levels=[0.0], colors="black", linewidths=1.2)
    ax.clabel(line, fmt={0.0: "no drag"}, fontsize=8)
    bar = ax.figure.colorbar(picture, ax=ax, extend="both")
    bar.set_label(f"product less {leverage:g} x underlying (percentage points)")
    ax.grid(visible=False)
    return ax
