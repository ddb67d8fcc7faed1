"""Names of choices: one canonical spelling each, and the other spellings that people use."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

ASSETS = {"XBT": "BTC"}
NOT_A_LETTER = re.compile("[^a-z]+")


def asset(name: str) -> str:
    """The one name of an asset that has several: XBT is BTC."""
    return ASSETS.get(name.upper(), name.upper())


@lru_cache(maxsize=4096)
def letters(name: str) -> str:
    """What all spellings of a name share: "Down-and-In", "down_in" and "DOWN IN" are "downin"."""
    return NOT_A_LETTER.sub("", name.lower()).replace("and", "")


class Words(dict[str, int]):
    """Codes by canonical name, which also finds the code of any other spelling.

    Iteration shows the canonical names only, so that error messages list those.
    """

    def __init__(self, codes: dict[str, int], **aliases: str) -> None:
        super().__init__(codes)
        self.canonical = {letters(name): name for name in codes} | aliases

    def __missing__(self, name: str) -> int:
        return self[self.canonical[letters(name)]]


def other_spellings(names: NDArray[Any], choices: dict[str, int], codes: NDArray[np.int8]) -> NDArray[np.int8]:
    """``codes`` with those filled in that the canonical names did not give; -1 stays where no spelling fits."""
    unknown = codes < 0
    texts, which = np.unique(names[unknown].astype(str), return_inverse=True)
    codes[unknown] = np.array([_code(text, choices) for text in texts.tolist()], dtype=np.int8)[which]
    return codes


def _code(text: str, choices: dict[str, int]) -> int:
    try:
        return choices[text]
    except KeyError:
        return -1


BARRIER_KINDS = Words(
    {"down-in": 0, "up-in": 1, "down-out": 2, "up-out": 3}, di="down-in", ui="up-in", do="down-out", uo="up-out"
)
"""What a single barrier does, as the kernels of ``barrier.single`` count it."""

TWO_BARRIER_KINDS = Words(
    {"knock-in": 0, "knock-out": 1, "kiko": 2, "koki": 3},
    **dict.fromkeys(("ki", "dki", "doublein", "doubleknockin"), "knock-in"),
    **dict.fromkeys(("ko", "dko", "doubleout", "doubleknockout"), "knock-out"),
    knockinknockout="kiko",
    knockoutknockin="koki",
)
"""What two barriers do, as the kernels of ``barrier.double`` count it."""

OPTIONS = Words({"call": 0, "put": 4}, c="call", p="put", calls="call", puts="put")
"""The option behind a barrier, a bit of the code of its kind."""

PAID_AT = Words({"hit": 0, "expiry": 8}, athit="hit", atexpiry="expiry", maturity="expiry", atmaturity="expiry")
"""When a hit is paid for, a bit of the code of its kind."""
