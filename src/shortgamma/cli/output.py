"""Where results go: standard output, and files that are written whole or not at all."""

from __future__ import annotations

import json
import math
import os
import re
import shutil
import stat
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma.report.text import WIDTH

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Sequence
    from typing import TextIO

    from shortgamma.report import Document

Result = dict[str, Any]
# Shorter files are read before anybody looks.
LONG_FILE = 50_000_000
NARROWEST = 60
BOLD, DIM, PLAIN = "\x1b[1m", "\x1b[2m", "\x1b[0m"


class UsageError(Exception):
    """Bad input; the message is the one line that is shown."""


def plain(value: Any) -> Any:
    """The same in JSON's own types; a number that is none becomes null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.datetime64):
        return f"{value.astype('datetime64[s]')}Z"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def check_output(path: str, files: Sequence[str]) -> None:
    """Refuse what could not be written before any work is done."""
    if os.path.isdir(path):
        raise UsageError(f"cannot write {path}: it is a directory")
    if os.path.exists(path) and any(os.path.exists(file) and os.path.samefile(path, file) for file in files):
        raise UsageError(f"cannot write {path}: it is an input")
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise UsageError(f"cannot write {path}: no such folder")


# What a picture can be.
KINDS = (".png", ".svg", ".pdf")


def add_output(parser: argparse.ArgumentParser) -> None:
    """Options that say where results go, alike for all commands."""
    group = parser.add_argument_group("output")
    group.add_argument("--json", metavar="FILE", help="write all numbers to this file; - for standard output")
    group.add_argument("--report", metavar="FILE", help="write one HTML file with pictures; - for standard output")
    group.add_argument("--quiet", action="store_true", help="print nothing but errors")


def check_outputs(options: argparse.Namespace, inputs: Sequence[str | None]) -> None:
    """Refuse what could not be written before any work is done."""
    written = [path for path in (options.json, options.report) if path is not None]
    files = [file for file in inputs if file is not None]
    if files.count("-") > 1:
        raise UsageError("standard input can be read once only: - may stand for one file")
    if written == ["-", "-"]:
        raise UsageError("--json and --report cannot both go to standard output")
    for path in written:
        if path != "-":
            check_output(path, files)
    if len(written) == 2 and written[0] != "-" and os.path.realpath(written[0]) == os.path.realpath(written[1]):
        raise UsageError(f"--json and --report cannot both go to {written[0]}")
    if options.report not in (None, "-") and not options.report.lower().endswith((".html", ".htm")):
        raise UsageError(
            f"--report writes HTML, which a browser prints: name a file that ends in .html, got {options.report}"
        )
    if options.report is not None:
        # before minutes of work, not after
        try:
            import matplotlib  # noqa: F401
        except ImportError:
            raise UsageError("--report needs matplotlib: pip install 'shortgamma[plot]'") from None


def check_plot(path: str, files: list[str]) -> None:
    """Refuse a picture that could not be written before any work is done."""
    check_output(path, files)
    if not path.lower().endswith(KINDS):
        raise UsageError(f"--plot must end with {', '.join(KINDS[:-1])} or {KINDS[-1]}, got {path}")
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise UsageError("--plot needs matplotlib: pip install 'shortgamma[plot]'") from None


def finish(options: argparse.Namespace, result: Result, document: Document) -> None:
    """Write and print what was asked for."""
    from shortgamma import __version__
    from shortgamma.report import to_html, to_text

    said = []
    if options.json is not None:
        write(options.json, json_text(result))
        said.append(f"numbers written to {options.json}")
    if options.report is not None:
        write(
            options.report, to_html(document, version=__version__, data=json_text(result).strip(), progress=drawing())
        )
        said.append(f"report written to {options.report}")
    if options.quiet or "-" in (options.json, options.report):
        return
    text = coloured(to_text(document, width_of(sys.stdout)), sys.stdout)
    put(text + "".join(f"\n{line}" for line in said) + "\n" * bool(said), sys.stdout)


def width_of(stream: TextIO | None) -> int:
    """Columns that a line may have: those of the terminal or of the variable COLUMNS, up to what is readable."""
    if not os.environ.get("COLUMNS") and not is_terminal(stream):
        return WIDTH
    return min(max(shutil.get_terminal_size((WIDTH, 24)).columns, NARROWEST), WIDTH)


def is_terminal(stream: TextIO | None) -> bool:
    try:
        return stream is not None and stream.isatty()
    except ValueError:
        return False


def coloured(text: str, stream: TextIO | None) -> str:
    """Titles bold and notes dim, on a terminal that wants it (see no-color.org)."""
    if not is_terminal(stream) or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    text = re.sub(r"^([A-Z][A-Z-]+(?: [A-Z0-9][A-Z0-9-]*)*)(?=  )", rf"{BOLD}\1{PLAIN}", text, flags=re.MULTILINE)
    return re.sub(r"^(  (?:\* |note: ).*(?:\n    .*)*)", rf"{DIM}\1{PLAIN}", text, flags=re.MULTILINE)


def json_text(result: Result) -> str:
    return json.dumps(plain(result), indent=2, allow_nan=False) + "\n"


def write(path: str, text: str) -> None:
    """Write a file whole or not at all; ``-`` is standard output."""
    if path == "-":
        put(text, sys.stdout)
        return
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            # a pipe or a device must not be replaced by a file
            with open(path, "w", encoding="utf-8") as handle:
                handle.write(text)
            return
        target = os.path.realpath(path)
        draft = f"{target}.{os.getpid()}.part"
        try:
            with open(draft, "x", encoding="utf-8") as handle:
                handle.write(text)
            os.replace(draft, target)
        except BaseException:
            if os.path.exists(draft):
                os.remove(draft)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def put(text: str, stream: TextIO) -> None:
    """Print, whatever the terminal's encoding."""
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except OSError as error:
        # keep the interpreter from flushing the rest at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(error, BrokenPipeError):
            raise UsageError(f"cannot write to standard output: {error.strerror or error}") from None


def drawing() -> Callable[[int, int], None] | None:
    """What shows on a terminal which picture is drawn; None where nobody would see it."""
    stream = sys.stderr
    if not is_terminal(stream):
        return None

    def show(done: int, total: int) -> None:
        text = f"drawing picture {done + 1} of {total}"
        # at the end the line is wiped out
        stream.write(f"\r{text if done < total else ' ' * len(text) + chr(13)}")
        stream.flush()

    return show


def progress(file: str) -> Callable[[int, int], None] | None:
    """What shows on a terminal how much of a long file was read; None where nobody would see it."""
    stream = sys.stderr
    if not is_terminal(stream):
        return None
    name = os.path.basename(file)[:40]
    name = "".join(mark if mark.isprintable() else "?" for mark in name)

    def show(done: int, total: int) -> None:
        if total >= LONG_FILE:
            text = f"reading {name}: {100 * done // total:3} %"
            # at the end the line is wiped out
            stream.write(f"\r{text if done < total else ' ' * len(text) + chr(13)}")
            stream.flush()

    return show
