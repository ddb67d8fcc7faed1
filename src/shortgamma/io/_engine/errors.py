"""The one error of all readers: a line that a terminal can show."""

from __future__ import annotations

from typing import Any

# With the name of the program in front, a line of at most 300 characters.
LONGEST = 280
LONGEST_NAME = 120
LONGEST_CELL = 39


class ReadError(ValueError):
    """A source that cannot be read or understood.

    The message is one line of at most 280 printable characters. It names the source, the line or row and the column,
    and says what to do.
    """

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))


def printable(text: str) -> str:
    """``text`` on one line, characters that act on a terminal escaped, cut to what a message may take."""
    text = "".join(mark if mark.isprintable() else _escaped(mark) for mark in text[: 2 * LONGEST])
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 3]}..."


def _escaped(mark: str) -> str:
    return mark.encode("unicode_escape", "surrogatepass").decode("ascii")


def named(name: str) -> str:
    """The name of a source, short enough to leave room for the reason."""
    if not name:
        return repr(name)
    return name if len(name) <= LONGEST_NAME else f"...{name[3 - LONGEST_NAME :]}"


def shown(cell: Any) -> str:
    """A cell for messages."""
    text = repr(cell.strip()[: LONGEST_CELL + 1] if isinstance(cell, str) else cell)
    quote = text[0] if isinstance(cell, str) else ""
    return text if len(text) <= LONGEST_CELL + 2 * len(quote) else f"{text[: LONGEST_CELL - 2]}...{quote}"


def listed(names: list[str], most: int = 12) -> str:
    """Names for messages."""
    return ", ".join(map(shown, names[:most])) + (", ..." if len(names) > most else "")


def counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s' * (number != 1)}"
