"""The data files of venues: one a venue, each entry with its source, its date and what is unknown."""

from __future__ import annotations

import json
import os
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import Any

FOLDER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "venues", "data")


@cache
def names() -> tuple[str, ...]:
    """The venues that have a file."""
    return tuple(sorted(name.removesuffix(".json") for name in os.listdir(FOLDER) if name.endswith(".json")))


@cache
def read(key: str) -> dict[str, Any]:
    """The file of a venue. The result is shared: it must not be changed."""
    with open(os.path.join(FOLDER, f"{key}.json"), encoding="utf-8") as file:
        entries: dict[str, Any] = json.load(file)
    return entries


def contracts(name: str) -> dict[str, dict[str, Any]]:
    """The contracts of a name by venue: the latest terms at each."""
    return {
        read(key)["name"]: market["contract"]
        for key in names()
        for market in read(key).get("markets", ())
        if market["name"].lower() == name.lower() and market["name"] != market["contract"]["underlying"]
    }
