"""Long arrays of JSON, row by row, so that the whole is never in memory."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from shortgamma._core import cells
from shortgamma.io._engine.cells import Bad
from shortgamma.io._engine.errors import ReadError, shown
from shortgamma.io._engine.table import BLOCK, HEAD, MOST_COLUMNS, RowTable, Text, lookup

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from typing import Any, NoReturn

    from shortgamma.io._engine.cells import Column
    from shortgamma.io._engine.source import Source

WINDOW = 1 << 16
LONGEST_ROW = 1 << 22
MOST_NAMES = 64


class Decoder:
    """The rows of an array, from its start."""

    def __init__(self, source: Source) -> None:
        self.text = Text(source)
        self.count = 0
        self.decoder = json.JSONDecoder(object_pairs_hook=self._unique, parse_constant=self._constant)
        while not self.text.data.lstrip():
            self.text.more()
        self.text.place = self.text.data.index(b"[") + 1
        self.ended = False

    def rows(self, count: int) -> list[Any]:
        """So many rows more, or as many as there are."""
        rows: list[Any] = []
        size = WINDOW
        while len(rows) < count and not self.ended:
            text = self.text
            while len(text.data) - text.place < size and text.more():
                pass
            window = text.data[text.place : text.place + size]
            whole = text.final and len(text.data) - text.place <= size
            taken = self._window(_decoded(window), rows, count, whole)
            text.place += taken
            if not taken and not self.ended:
                # a row that is longer than the window
                size *= 2
                if size > LONGEST_ROW:
                    self.refuse(f"is longer than {LONGEST_ROW >> 20} MB")
        return rows

    def _window(self, window: str, rows: list[Any], count: int, whole: bool) -> int:
        """Decode the rows of a window, and say how many bytes they take."""
        place = 0
        while len(rows) < count:
            start = _gap(window, place)
            if window[start : start + 1] == "]":
                place, self.ended = start + 1, True
                break
            if self.count:
                if window[start : start + 1] not in (",", ""):
                    self.refuse("is not followed by a comma")
                start = _gap(window, start + 1)
            try:
                row, end = self.decoder.raw_decode(window, start)
            except json.JSONDecodeError as error:
                if whole:
                    self.refuse(f"is not JSON: {error.msg}")
                break
            except RecursionError:
                self.refuse("is nested too deeply")
            except ReadError:
                raise
            except ValueError:
                self.refuse("holds a number of too many digits")
            if end == len(window) and not whole:
                # a number may go on
                break
            rows.append(row)
            self.count += 1
            place = end
        return len(window[:place].encode("utf-8", "surrogatepass"))

    def finish(self) -> None:
        """Nothing may follow the array."""
        while self.text.more():
            pass
        if self.text.data[self.text.place :].strip():
            raise ReadError(f"{self.text.name}: is not JSON: more follows the list of rows")

    def refuse(self, reason: str) -> NoReturn:
        raise ReadError(f"{self.text.name}, row {self.count}: {reason}") from None

    def _unique(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) != len(pairs):
            names = [name for name, _ in pairs]
            self.refuse(f"has the name {shown(next(name for name in names if names.count(name) > 1))} twice")
        return row

    def _constant(self, name: str) -> NoReturn:
        self.refuse(f"is not JSON: {name} is not a number of it")


class StreamTable(RowTable):
    """A table of the rows of a long array."""

    def __init__(self, source: Source) -> None:
        self.text_source = source
        super().__init__(source.name, self._checked(Decoder(source).rows(HEAD), source.name))
        self.keys = set(self.names)

    def _checked(self, rows: list[Any], name: str) -> list[Any]:
        for row in rows:
            if not isinstance(row, dict | list):
                raise ReadError(f"{name}: is not a list of rows: it holds {shown(row)}")
        return rows

    def read(self, columns: Mapping[int, Column]) -> None:
        self.rows = 0
        decoder = Decoder(self.text_source)
        if self.header and not self.keyed:
            decoder.rows(1)
        count = BLOCK // 16
        while rows := decoder.rows(count):
            before = self.rows
            self._add(rows, columns)
            scanned = self._scan(decoder, rows[-1], columns)
            count = max(count // 2, 1) if scanned > BLOCK else min(2 * count, BLOCK)
            decoder.count = self.rows + (self.header and not self.keyed)
            assert self.rows > before
        decoder.finish()

    def _add(self, rows: list[Any], columns: Mapping[int, Column]) -> None:
        for index, row in enumerate(rows):
            self._check(row, self.rows + index)
        for place, column in columns.items():
            name = self.names[place]
            try:
                column.add([lookup(row, name) for row in rows] if self.keyed else [row[place] for row in rows])
            except Bad as bad:
                self.refuse(bad.reason, self.rows + bad.index, place)
        self.rows += len(rows)

    def _check(self, row: Any, index: int) -> None:
        if self.keyed:
            if not isinstance(row, dict):
                self.refuse("is not an object with names, unlike the rows before", index)
            if not row.keys() <= self.keys:
                new = next(key for key in row if key not in self.keys)
                self.refuse(f"has the name {shown(new)}, which the first {HEAD} rows lack", index)
        elif not isinstance(row, list) or len(row) != len(self.names):
            self.refuse(f"is not a list of {len(self.names)} cells, unlike the rows before", index)

    def _scan(self, decoder: Decoder, row: Any, columns: Mapping[int, Column]) -> int:
        """Read on with the compiled loop, as far as rows are like this one."""
        names = list(row) if self.keyed else self.names
        forms = {place: column.form for place, column in columns.items()}
        plain_names = all(json.dumps(name) == f'"{name}"' for name in names)
        if not plain_names or None in forms.values() or len(names) > MOST_NAMES or len(columns) > MOST_COLUMNS:
            return 0
        if any(isinstance(value, dict | list) for value in (row.values() if self.keyed else row)):
            return 0
        order = [
            (names.index(self.names[place]) if self.keyed else place, place) for place in self._present(columns, names)
        ]
        if len(order) < len(columns):
            return 0
        order.sort()
        ordered = [columns[place] for _, place in order]
        kinds = [cells.KINDS[str(forms[place])] for _, place in order]
        scanner = cells.Scanner(",", len(names), [i for i, _ in order], kinds, [column.known for column in ordered])
        keys = [f'"{name}"'.encode() for name in names] if self.keyed else []
        text, start = decoder.text, self.rows
        while True:
            # no row is shorter than its brackets and commas
            room = (len(text.data) - text.place) // (2 * len(names) + 1) + 1
            arrays = [column.values.room(room) for column in ordered]
            rows, place, odd = scanner.scan_rows(text.data, text.place, keys, arrays)
            broken = any(column.broken(array[:rows]) for column, array in zip(ordered, arrays, strict=True))
            for column in ordered:
                column.values.give_back(room if broken else room - rows)
            if broken:
                return self.rows - start
            self.rows += rows
            text.place = place
            if odd or not text.more():
                return self.rows - start

    def _present(self, columns: Mapping[int, Column], names: list[str]) -> Iterator[int]:
        for place in columns:
            if not self.keyed or self.names[place] in names:
                yield place


def _decoded(window: bytes) -> str:
    """The text of a window, without a character that is cut at its end."""
    for cut in range(4):
        try:
            return window[: len(window) - cut].decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            continue
    return window.decode("utf-8", "replace")


def _gap(text: str, place: int) -> int:
    while text[place : place + 1] in (" ", "\t", "\r", "\n") and place < len(text):
        place += 1
    return place
