"""The page of speed, written by the benches: rows of what was measured, and the machine and the day."""

from __future__ import annotations

import re

from benches.text import table

MACHINE = "Measured on "


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
