"""Pictures of barrier options."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import barrier as options
from shortgamma._core.checks import real
from shortgamma.plot import _axes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike

# bars from which on their trades are drawn as pixels
MANY = 1500
UNITS = {
    "price": "price (money)",
    "delta": "delta (units of the underlying)",
    "gamma": "gamma (units per unit of price)",
    "vega": "vega (money per 1.00 of volatility)",
    "theta": "theta (money a year)",
    "rho": "rho (money per 1.00 of rate)",
    "vanna": "vanna (delta per 1.00 of volatility)",
    "volga": "volga (vega per 1.00 of volatility)",
    "charm": "charm (delta a year)",
}


def greeks(
    greek: str,
    *,
    strike: float,
    barrier: float,
    vol: float,
    kind: str,
    option: str,
    expiries: Sequence[float] = (1.0, 0.25, 1 / 12, 1 / 52),
    rate: float = 0.0,
    dividend: float = 0.0,
    dates_per_year: float | None = None,
    ax: Axes | None = None,
) -> Axes:
    """A Greek near the barrier, one curve for each time to expiry.

    Parameters
    ----------
    greek : {"price", "delta", "gamma", "vega", "theta", "rho", "vanna", "volga", "charm"}
        What to draw.
    strike, barrier : float
        Prices > 0.
    vol : float
        Volatility per year.
    kind : {"down-in", "down-out", "up-in", "up-out"}
        The barrier.
    option : {"call", "put"}
        The payoff.
    expiries : sequence of float
        Times to expiry in years.
    rate, dividend : float, default 0.0
        Per year, continuously compounded.
    dates_per_year : float, optional
        Beside each curve a dashed one, of the same option watched on so many equally spaced dates a year (252: daily).
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The axes; the barrier is a dashed line.

    Raises
    ------
    ValueError
        If ``greek`` is none of these.

    See Also
    --------
    shortgamma.barrier.greeks : The numbers.

    Examples
    --------
    >>> import shortgamma as sg
    >>> ax = sg.plot.greeks("delta", strike=100.0, barrier=60.0, vol=0.35, kind="down-in", option="put")
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['1 year', '91 days', '30 days', '7 days']
    """
    if greek not in UNITS:
        raise ValueError(f"greek must be one of {', '.join(map(repr, UNITS))}, got {greek!r}")
    if not isinstance(kind, str):
        raise TypeError(f"kind must be the name of a kind, such as 'down-in', got {type(kind).__name__}")
    strike, barrier = float(real("strike", strike)), float(real("barrier", barrier))
    low, high = min(0.75 * barrier, 0.9 * strike), max(1.25 * barrier, 1.3 * strike)
    spot = np.linspace(low, high, 601)
    # the values on both sides of the barrier are not to be joined by a line
    spot = np.sort(np.concatenate([spot[spot != barrier], barrier * (1.0 + np.array([-1e-9, 1e-9]))]))
    inside = spot > barrier if kind.lower().startswith("d") else spot < barrier
    ax = _axes.axes(ax, "", "spot (price of the underlying)", UNITS[greek])
    terms: Any = {"vol": real("vol", vol), "rate": real("rate", rate), "dividend": real("dividend", dividend)}
    terms |= {"kind": kind, "option": option}
    largest = 0.0
    for colour, expiry in zip(_axes.COLOURS, expiries, strict=False):
        values: Any = options.greeks(spot, strike, barrier, expiry=expiry, order=2, **terms)
        curve = np.asarray(getattr(values, greek))
        largest = max(largest, float(np.nanmax(np.abs(curve[inside]))))
        for side in (inside, ~inside):
            label = _length(expiry) if side is inside else None
            ax.plot(spot[side], curve[side], color=colour, linewidth=1.4, label=label)
        if dates_per_year is not None:
            count = max(1, round(expiry * dates_per_year))
            dated: Any = options.greeks(spot, strike, barrier, expiry=expiry, order=2, dates=count, **terms)
            ax.plot(spot, np.asarray(getattr(dated, greek)), "--", color=colour, linewidth=1.1)
    if dates_per_year is not None:
        ax.plot([], [], "--", color=_axes.GREY, linewidth=1.1, label=f"{dates_per_year:g} dates a year")
    ax.axvline(barrier, color=_axes.GREY, linestyle="--", linewidth=1.0)
    ax.text(barrier, 0.02, " barrier", transform=ax.get_xaxis_transform(), fontsize="small", color=_axes.GREY)
    ax.set_title(f"{kind} {option}: |{greek}| up to {largest:.3g} on the living side", loc="left", fontsize="medium")
    _axes.legend(ax, title="time left", title_fontsize="small")
    return ax


def _length(years: float) -> str:
    days = 365.0 * years
    return f"{years:g} year" + "s" * (years != 1.0) if years >= 1.0 else f"{days:.0f} days"


def hedge(
    spot: ArrayLike, delta: ArrayLike, *, time: Any = None, barrier: float | None = None, ax: Axes | None = None
) -> Axes:
    """Price along the life of an option, and what its hedger holds and trades below.

    Parameters
    ----------
    spot : array_like of shape (n,)
        Price of the underlying, bar by bar.
    delta : array_like of shape (n,)
        Delta of the option that was bought; its hedger holds the opposite.
    time : array_like of shape (n,), optional
        Times of the bars; bars are counted without it.
    barrier : float, optional
        Drawn as a dashed line.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a new figure by default.

    Returns
    -------
    matplotlib.axes.Axes
        The upper axes.

    Raises
    ------
    ValueError
        If lengths differ.

    Examples
    --------
    >>> import shortgamma as sg
    >>> ax = sg.plot.hedge([100.0, 90.0, 80.0], [-0.2, -0.6, -1.4], barrier=75.0)
    >>> ax.get_ylabel()
    'spot'
    """
    price, held = _axes.vector("spot", spot), -_axes.vector("delta", delta)
    if len(price) != len(held):
        raise ValueError(f"delta has {len(held)} bars, spot has {len(price)}")
    position, label = _axes.time_of(time, len(price))
    trade = np.diff(held, prepend=held[0])
    largest = int(np.nanargmax(np.abs(trade)))
    verb = "buys" if trade[largest] > 0 else "sells"
    ax = _axes.axes(ax, f"The hedger {verb} {abs(trade[largest]):.2f} units in one bar", label, "spot")
    ax.plot(position, price, color=_axes.GREY, linewidth=1.2)
    if barrier is not None:
        ax.axhline(barrier, color=_axes.RED, linestyle="--", linewidth=1.0, label="barrier")
    ax.plot(position[largest], price[largest], "o", color=_axes.RED, markersize=5, label="largest trade")
    _axes.legend(ax)
    _axes.dates(ax, position)
    lower = _axes.below(ax, "units held and\ntraded", share=0.5)
    lower.plot(position, held, color=_axes.BLUE, linewidth=1.2, label="held")
    # one path of all bars; of very many a picture, which a vector file would carry bar by bar
    ticks = np.stack([np.zeros_like(trade), trade, np.full_like(trade, np.nan)], axis=1).ravel()
    many = len(price) > MANY
    lower.plot(np.repeat(position, 3), ticks, color=_axes.ORANGE, linewidth=1.0, label="traded", rasterized=many)
    _axes.legend(lower)
    _axes.dates(lower, position)
    return ax
