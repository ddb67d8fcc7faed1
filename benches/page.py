"""Pages that the benches write: rows of what was measured, and the machine and the day."""

from __future__ import annotations

import platform
import re
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benches.text import table

MACHINE = "Measured on "


def machine(config):
    """What measured: the processor, the build, and the day."""
    names = [line.partition(":")[2].strip() for line in processors() if line.startswith("model name")]
    name = names[0] if names else platform.processor() or platform.machine()
    day = datetime.now(UTC).date().isoformat()
    return f"{name}, build {config['cpu']}, NumPy {np.__version__}, Python {platform.python_version()}, {day}"


def processors():
    try:
        return Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def cells_of(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def updated(page: str, header: tuple[str, ...], rows: list[tuple[str, ...]], machine: str, left: set[int]) -> str:
    """The page with these rows in its table, in their places or at the end of their family, and what measured them.

    Rows of cases that were not measured stay; those of cases that are gone must be taken out by hand.
    """
    lines = page.splitlines()
    first = next((place for place, line in enumerate(lines) if cells_of(line)[0] == header[0]), None)
    if first is None:
        raise ValueError(f"the page has no table that begins with {header[0]!r}")
    last = first
    while last < len(lines) and lines[last].startswith("|"):
        last += 1
    kept = [tuple(cells_of(line)) for line in lines[first + 2 : last]]
    for row in rows:
        places = [place for place, old in enumerate(kept) if old[0] == row[0]]
        if places:
            kept[places[0]] = row
            continue
        family = re.split(r"[.:]", row[0])[0]
        same = [place for place, old in enumerate(kept) if re.split(r"[.:]", old[0])[0] == family]
        kept.insert(same[-1] + 1 if same else len(kept), row)
    before = [line for line in lines[:first] if not line.startswith(MACHINE)]
    while before and not before[-1]:
        before.pop()
    body = table([header, *kept], left, markdown=True)
    return "\n".join([*before, "", f"{MACHINE}{machine}.", "", *body, *lines[last:]]) + "\n"


def with_tables(page: str, tables: list[list[str]], machine: str) -> str:
    """The page with its tables in turn replaced by these, and with what measured them before the first."""
    lines = [line for line in page.splitlines() if not line.startswith(MACHINE)]
    starts = [
        place
        for place, line in enumerate(lines)
        if line.startswith("|") and not (place and lines[place - 1].startswith("|"))
    ]
    if len(starts) != len(tables):
        raise ValueError(f"the page has {len(starts)} tables, {len(tables)} were measured")
    for start, rows in reversed(list(zip(starts, tables, strict=True))):
        if cells_of(lines[start])[0] != cells_of(rows[0])[0]:
            raise ValueError(
                f"a table begins with {cells_of(lines[start])[0]!r}, measured was {cells_of(rows[0])[0]!r}"
            )
        stop = start
        while stop < len(lines) and lines[stop].startswith("|"):
            stop += 1
        lines[start:stop] = rows
    before = lines[: starts[0]]
    while before and not before[-1]:
        before.pop()
    return "\n".join([*before, "", f"{MACHINE}{machine}.", "", *lines[starts[0] :]]) + "\n"
