"""What pictures share: axes, colours that colour-blind readers tell apart, and scales."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from matplotlib.axes import Axes
    from numpy.typing import ArrayLike, NDArray

# Okabe and Ito, "Color Universal Design", 2008
BLUE, ORANGE, GREEN, RED, PURPLE, SKY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9"
COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, SKY)
GREY = "#808080"
# readable at a width of 600 pixels
SIZE = (6.4, 4.2)
MARGINS = (0.15, 0.13, 0.82, 0.79)


def axes(ax: Axes | None, title: str, x: str, y: str) -> Axes:
    """``ax``, or axes of a new figure, with a title and labels."""
    if ax is None:
        try:
            from matplotlib.figure import Figure
        except ImportError:
            raise ImportError("pictures need matplotlib: pip install 'shortgamma[plot]'") from None
        # a figure of no global state: the caller shows or saves it, or lets it go
        ax = Figure(figsize=SIZE, dpi=100).add_axes(MARGINS)
    ax.set_title(title, loc="left", fontsize="medium")
    ax.set_xlabel(x)
    ax.set_ylabel(y)
    ax.grid(visible=True, alpha=0.25, linewidth=0.6)
    ax.spines[["top", "right"]].set_visible(False)
    return ax


def check_fields(name: str, value: Any, kind: str, *fields: str) -> None:
    """Refuse what is no result of this kind, nor anything that has its fields."""
    missing = [field for field in fields if not hasattr(value, field)]
    if missing:
        raise TypeError(f"{name} must be a {kind}, or have its {', '.join(fields)}; got {type(value).__name__}")


def vector(name: str, value: ArrayLike) -> NDArray[np.float64]:
    """``value`` as numbers of one dimension."""
    array = np.asarray(value, dtype=np.float64)
    if array.ndim != 1 or len(array) == 0:
        raise ValueError(f"{name} must have one dimension and at least one element, got shape {array.shape}")
    return array


def time_of(time: Any, count: int) -> tuple[Any, str]:
    """Where bars stand on the horizontal axis, and its label."""
    if time is None:
        return np.arange(count), "bar"
    from shortgamma._core.times import times

    stamps = times("time", time)
    if stamps.shape != (count,):
        raise ValueError(f"time has shape {stamps.shape}, there are {count} bars")
    return stamps.astype("datetime64[ns]").astype("datetime64[ms]"), "time (UTC)"


def dates(ax: Axes, position: Any) -> None:
    """Short labels, if the horizontal axis is one of time."""
    if np.asarray(position).dtype.kind == "M":
        from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

        locator = AutoDateLocator(minticks=3, maxticks=7)  # type: ignore[no-untyped-call]
        ax.xaxis.set_major_locator(locator)
        ax.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def below(ax: Axes, label: str, *, share: float = 0.32, same_bars: bool = True) -> Axes:
    """Axes under ``ax``, for a second curve of the same bars, or of others."""
    gap = 0.06 if same_bars else 0.36
    left, bottom, width, height = ax.get_position().bounds
    upper = height / (1.0 + gap + share)
    ax.set_position((left, bottom + height - upper, width, upper))
    figure = ax.get_figure(root=True)
    assert figure is not None
    lower = figure.add_axes((left, bottom, width, share * upper), sharex=ax if same_bars else None)
    if same_bars:
        ax.tick_params(labelbottom=False)
        lower.set_xlabel(ax.get_xlabel())
        ax.set_xlabel("")
    lower.set_ylabel(label)
    lower.grid(visible=True, alpha=0.25, linewidth=0.6)
    lower.spines[["top", "right"]].set_visible(False)
    return lower


def legend(ax: Axes, **keywords: Any) -> None:
    """A legend without a frame, if anything has a label."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(frameon=False, fontsize="small", **keywords)
