"""Where text comes from: the named file, or an open one, read in pieces and never beyond."""

from __future__ import annotations

import codecs
import io
import os
import stat
from typing import TYPE_CHECKING

from shortgamma.io._engine.errors import ReadError, named

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any, BinaryIO, NoReturn

PIECE = 1 << 20
# What cannot be read twice is kept in memory.
LONGEST_PIPE = 1 << 28
STANDARD_INPUT = ("/dev/stdin", "/dev/fd/0", "/proc/self/fd/0")
COMPRESSED = {
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}
NOT_FILES = (
    (stat.S_ISDIR, "a directory"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
)


class Source:
    """The bytes of a text, as UTF-8 in pieces, as often as they are asked for."""

    def __init__(self, source: Any, progress: Callable[[int, int], Any] | None = None) -> None:
        self.progress = progress
        self.data: bytes | None = None
        if hasattr(source, "read"):
            name = getattr(source, "name", None)
            self.name = named(name) if isinstance(name, str) else "source"
            self.data = self._read(source)
            self.size = len(self.data)
        elif not isinstance(source, str | os.PathLike):
            raise TypeError(f"source must be a path or an open file, got {type(source).__name__}")
        else:
            self.path = os.fsdecode(source)
            self.name = named(self.path)
            if self.path in STANDARD_INPUT and os.path.exists(self.path) and stat.S_ISFIFO(os.stat(self.path).st_mode):
                with open(self.path, "rb") as pipe:
                    self.data = self._read(pipe)
                self.size = len(self.data)
            else:
                with self._open() as file:
                    self.size = os.fstat(file.fileno()).st_size
        with self._open() as file:
            start = file.read(8)
        for magic, kind in COMPRESSED.items():
            if start.startswith(magic):
                self.refuse(f"is compressed ({kind}), unpack it first")
        self.wide = start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))

    def refuse(self, reason: str, line: int | None = None) -> NoReturn:
        place = f"{self.name}, line {line}" if line is not None else self.name
        raise ReadError(f"{place}: {reason}") from None

    def _read(self, file: Any) -> bytes:
        try:
            data = file.read(LONGEST_PIPE + 1)
        except (OSError, ValueError) as error:
            raise ReadError(f"{self.name}: cannot be read ({error})") from None
        if isinstance(data, str):
            data = data.encode("utf-8", "surrogateescape")
        if not isinstance(data, bytes | bytearray | memoryview):
            raise TypeError(f"source must be an open file of text or bytes, got one of {type(data).__name__}")
        if len(data) > LONGEST_PIPE:
            self.refuse(f"is longer than {LONGEST_PIPE >> 20} MB: give the path of a file")
        return bytes(data)

    def _open(self) -> BinaryIO:
        if self.data is not None:
            return io.BytesIO(self.data)
        if "\0" in self.path:
            self.refuse("no such file")
        try:
            self._check(os.stat(self.path).st_mode)
            # should a pipe have taken the place of the file since, opening it must not wait for a writer
            flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
            file = os.fdopen(os.open(self.path, flags), "rb")
            self._check(os.fstat(file.fileno()).st_mode)
        except (FileNotFoundError, NotADirectoryError):
            self.refuse("no such file")
        except PermissionError:
            self.refuse("no permission to read it")
        except OSError as error:
            self.refuse(f"cannot be read ({error.strerror or error})")
        return file

    def _check(self, mode: int) -> None:
        for is_kind, kind in NOT_FILES:
            if is_kind(mode):
                self.refuse(f"is {kind}, not a file")

    def pieces(self) -> Iterator[bytes]:
        """The text in UTF-8, without the byte order mark; NUL and what is not text are refused."""
        decoder = codecs.getincrementaldecoder("utf-16" if self.wide else "utf-8")()
        line, done, fresh = 1, 0, True
        with self._open() as file:
            while True:
                try:
                    raw = file.read(PIECE)
                except OSError as error:
                    self.refuse(f"cannot be read ({error.strerror or error})")
                piece = raw
                # a piece of ASCII after a piece that ended with a whole character needs no decoding
                if self.wide or not raw.isascii() or not raw or decoder.getstate()[0]:
                    try:
                        text = decoder.decode(raw, final=not raw)
                    except UnicodeDecodeError as error:
                        line += error.object[: error.start].count(b"\n")
                        self.refuse(f"is not {'UTF-16' if self.wide else 'UTF-8'} text", line)
                    piece = text.encode("utf-8", "surrogatepass")
                if fresh and piece:
                    piece, fresh = piece.removeprefix(codecs.BOM_UTF8), False
                if b"\0" in piece:
                    self.refuse("is binary, not text", line + piece[: piece.index(b"\0")].count(b"\n"))
                if not raw:
                    if piece:
                        yield piece
                    return
                line += piece.count(b"\n")
                done += len(raw)
                yield piece
                if self.progress is not None:
                    self.progress(done, max(done, self.size))

    def start(self, length: int = 1 << 16) -> bytes:
        """The first bytes of the text, of whole lines if there are any."""
        data = b""
        for piece in self.pieces():
            data += piece
            if len(data) >= length:
                cut = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
                return data[:cut] if data[:cut].strip() else data
        return data
