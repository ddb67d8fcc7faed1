"""What a report is made of, and its text for a terminal."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, NamedTuple

from shortgamma.report.text import WIDTH, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from typing import Any, TypeAlias

    Block: TypeAlias = "Table | Lines | Figure"


class Table(NamedTuple):
    """Columns under headers; cells are text."""

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[int] = (0,)
    after: str = ""
    """What stands behind the last row."""


class Lines(NamedTuple):
    """Sentences, a line each."""

    lines: Sequence[str]
    bullet: str = "  "


class Figure(NamedTuple):
    """A picture, drawn where it is shown."""

    draw: Callable[[], Any]
    """Draws into axes of its own and returns them."""
    alt: str
    """What there is to see, for those who do not see it."""


class Section(NamedTuple):
    """A title, what it is about, and blocks."""

    title: str
    detail: str
    blocks: Sequence[Block]
    heading: str = ""
    """The title on a page, where it need not shout."""


class Document(NamedTuple):
    """A title, a sentence, and sections."""

    title: str
    detail: str
    blocks: Sequence[Block]
    sections: Sequence[Section] = ()
    heading: str = ""
    """The title of a page, where the whole of ``title`` would be too long."""


def to_text(document: Document, width: int = WIDTH) -> str:
    """A document as lines of at most ``width``, without its pictures."""
    head = [*wrapped(document.title, width, ""), *wrapped(document.detail, width, "")]
    parts = [[*head, *_body(document.blocks, width, gap=True)]]
    for section in document.sections:
        title = f"{section.title}  {section.detail}".rstrip()
        parts.append([*wrapped(title, width, "  "), *_body(section.blocks, width)])
    return "\n\n".join("\n".join(part) for part in parts) + "\n"


def _body(blocks: Iterable[Block], width: int, *, gap: bool = False) -> list[str]:
    lines: list[str] = []
    for block in blocks:
        if isinstance(block, Figure):
            continue
        if gap:
            lines.append("")
        if isinstance(block, Table):
            lines += table(block.header, block.rows, block.left, width)
            if block.after:
                last = f"{lines[-1]}    {block.after}"
                lines[-1:] = [last] if len(last) <= width else [lines[-1], f"  {block.after}"]
        else:
            for line in block.lines:
                lines += wrapped(line, width, " " * len(block.bullet), block.bullet)
    return lines


def wrapped(text: str, width: int, indent: str, first: str = "") -> list[str]:
    """Lines of at most ``width``; words are never broken, nor are gaps of two spaces closed where all fits."""
    if not text or len(first) + len(text) <= width:
        return [(first + text).rstrip()] if text else []
    return textwrap.wrap(
        text, width, initial_indent=first, subsequent_indent=indent, break_long_words=False, break_on_hyphens=False
    )
