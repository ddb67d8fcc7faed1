"""Numbers, times and tables as reports print them."""

from __future__ import annotations

import math
import textwrap
from typing import TYPE_CHECKING

from shortgamma.io.prices import duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

WIDTH = 100
# a column of words is not made narrower
SHORTEST = 20


def every(step: int) -> str:
    """A step of time as 'every' wants it: hour, 4 hours, day."""
    return duration(step).removeprefix("1 ")


def number(value: float | None, digits: int = 5) -> str:
    """A number of so many digits, never in scientific notation."""
    if value is None or not math.isfinite(value):
        return "-"
    if value == 0:
        return "0"
    if abs(value) < 1e-8:
        return "<0.00000001" if value > 0 else ">-0.00000001"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{min(max(decimals, 0), 10)}f}"


def fixed(value: float | None, decimals: int) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def percent(value: float | None, decimals: int = 1) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    return fixed(100 * value, decimals) + " %"


def change(value: float | None) -> str:
    """A return in percent; -100 % only where all is lost."""
    if value is not None and -1 < value < -0.9995:
        value = max(value, -0.9999)
        return percent(value, 2)
    return percent(value)


def price_decimals(price: float) -> int:
    return min(max(2, 4 - math.floor(math.log10(price))), 12)


def _wrapped(line: list[str], room: int) -> list[list[str]]:
    """A row whose last cell goes on below."""
    first, *rest = textwrap.wrap(line[-1], room) or [""]
    return [[*line[:-1], first], *([""] * (len(line) - 1) + [text] for text in rest)]


def table(
    header: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[int] = (), width: int = WIDTH
) -> list[str]:
    """Columns under headers of one or two lines, right-aligned but for those in ``left``.

    Where they do not fit into ``width``, words of the last one go on below if it is flush left; else columns stand
    below, beside the first one again.
    """
    heads = [name.split("\n") for name in header]
    height = max(map(len, heads))
    lines = [list(line) for line in zip(*([""] * (height - len(h)) + h for h in heads), strict=True)]
    # no line for headers that say nothing
    lines = [line for line in lines if any(line)]
    lines += [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    last = len(widths) - 1
    room = width - sum(size + 2 for size in widths[:-1]) - 2
    if last > 0 and last in left and SHORTEST <= room < widths[-1]:
        lines = [part for line in lines for part in _wrapped(line, room)]
        widths[-1] = max(len(line[-1]) for line in lines)
    blocks: list[list[int]] = [[]]
    used = 0
    for place, size in enumerate(widths):
        if used + 2 + size > width and len(blocks[-1]) > 1:
            blocks.append([0])
            used = 2 + widths[0]
        blocks[-1].append(place)
        used += 2 + size
    printed: list[str] = []
    for block in blocks:
        if printed:
            printed.append("")
        printed += [
            "  "
            + "  ".join(
                line[place].ljust(widths[place]) if place in left else line[place].rjust(widths[place])
                for place in block
            ).rstrip()
            for line in lines
        ]
    return printed
