"""Where results go: standard output, and files of JSON that are written whole or not at all."""

from __future__ import annotations

import json
import math
import os
import stat
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import TextIO

Result = dict[str, Any]
# Shorter files are read before anybody looks.
LONG_FILE = 50_000_000


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


def write_json(path: str, result: Result) -> None:
    """Write the file whole or not at all."""
    text = json.dumps(plain(result), indent=2, allow_nan=False) + "\n"
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


def progress(file: str) -> Callable[[int, int], None] | None:
    """What shows on a terminal how much of a long file was read; None where nobody would see it."""
    stream = sys.stderr
    try:
        if stream is None or not stream.isatty():
            return None
    except ValueError:
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
