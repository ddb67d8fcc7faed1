"""Tables, which all sources become: names, the first rows, and columns that are read once they are chosen."""

from __future__ import annotations

import csv
import re
from itertools import islice
from typing import TYPE_CHECKING, cast

from shortgamma._core import cells
from shortgamma.io._engine.cells import Bad, Numbers, is_number
from shortgamma.io._engine.errors import ReadError, counted, listed, shown
from shortgamma.io._engine.source import PIECE

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
    from typing import Any, NoReturn

    from shortgamma.io._engine.cells import Column
    from shortgamma.io._engine.source import Source

BLOCK = 4096
HEAD = 100
LONGEST_LINE = 1 << 22
# what the compiled loop takes
MOST_COLUMNS = 16
DELIMITERS = ",;\t|"
# Stands under or above a table, where exports put their remarks.
REMARK = re.compile(r"\s*[^\s0-9+.-].*[A-Za-z].*", re.DOTALL)


def plain(name: Any) -> str:
    """Names are compared without case, spaces and punctuation."""
    return re.sub(r"[^a-z0-9]", "", str(name).casefold())


class Table:
    """A table whose names and first rows are known.

    Attributes
    ----------
    name : str
        The source, for messages.
    names : list of str
        Names of the columns; ``column 1``, ... where there is no header.
    header : bool
        Whether there is one.
    levels : list of str or None
        A second line of names, as tables of several instruments have.
    head : list of list
        The first rows.
    notes : list of str
        Remarks on the source and on what was done with it.
    rows : int
        The number of rows, once they are read.
    """

    unit = "row"

    def __init__(self, name: str) -> None:
        self.name = name
        self.names: list[str] = []
        self.header = True
        self.levels: list[str] | None = None
        self.head: list[list[Any]] = []
        self.notes: list[str] = []
        self.rows = 0

    def find(self, names: Collection[str], what: str) -> int | None:
        """The one column that has one of the names (which are `plain`), None if there is none."""
        places = [place for place, name in enumerate(self.names) if plain(name) in names]
        if len(places) > 1:
            first, second = (f"{place + 1} ({shown(self.names[place])})" for place in places[:2])
            self.refuse(f"columns {first} and {second} could both be the {what}")
        return places[0] if places else None

    def need(self, names: Collection[str], what: str) -> int:
        """As `find`, but refuse a table that has none."""
        place = self.find(names, what)
        if place is None:
            self.refuse(f"no {what} column among {listed(self.names)}")
        return place

    def has(self, *names: str) -> bool:
        """Whether there are columns of all these names, spelled just so."""
        return set(names) <= set(self.names)

    def read(self, columns: Mapping[int, Column]) -> None:
        """Fill the columns, which are named by their places."""
        raise NotImplementedError

    def where(self, row: int) -> str:
        """The place of a row, for messages."""
        return f"{self.unit} {row}"

    def refuse(self, reason: str, row: int | None = None, column: int | None = None) -> NoReturn:
        """Raise the one error of readers; ``row`` and ``column`` are counted from 0."""
        place = self.name if row is None else f"{self.name}, {self.where(row)}"
        if column is not None:
            place += f", column {shown(self.names[column])}"
        raise ReadError(f"{place}: {reason}") from None

    def finish(self, columns: Mapping[int, Column]) -> list[Any]:
        """The filled columns as arrays, in the order in which they were given."""
        numbers = [column for column in columns.values() if isinstance(column, Numbers)]
        # what the commas of one column prove holds of all
        proven = any(column.proven for column in numbers)
        for number in numbers:
            number.proven = proven
        arrays = []
        for place, column in columns.items():
            try:
                arrays.append(column.done())
            except Bad as bad:
                self.refuse(bad.reason, None, place)
        return arrays


class TextTable(Table):
    """A table of delimited text, read in blocks."""

    unit = "line"

    def __init__(self, source: Source, known: Collection[str]) -> None:
        super().__init__(source.name)
        self.source = source
        self.delimiter = ","
        # records in front of the data: the header and whatever stands above it
        self.skip = 0
        self.header_line = 1
        self.preamble: list[list[str]] = []
        # runs of rows: the first row, its line, and how many rows stand on that line and those after it
        self.lines: list[tuple[int, int, int]] = []
        self._sniff(known)

    def refuse(self, reason: str, row: int | None = None, column: int | None = None) -> NoReturn:
        if row is None and column is None:
            raise ReadError(f"{self.name}, line {self.header_line}: {reason}") from None
        super().refuse(reason, row, column)

    def drop_head(self, count: int) -> None:
        """Drop rows that turned out to be part of the header."""
        self.skip += count
        del self.head[:count]

    # --- the header

    def _sniff(self, known: Collection[str]) -> None:
        start = self.source.start()
        if not start.strip():
            raise ReadError(f"{self.name}: is empty")
        best: tuple[int, int, int] = (0, 0, 0)
        for delimiter in DELIMITERS:
            for place, (_, row) in enumerate(self._lenient(start, delimiter)):
                matches = len({plain(cell) for cell in row} & set(known)) if len(row) > 1 else 0
                # of equals the one that stands higher, and of these the delimiter that makes more columns
                if (matches, -place, len(row)) > best and matches:
                    best = (matches, -place, len(row))
                    self.delimiter = delimiter
        matches, place, _ = best
        if not matches:
            place = self._bare(start)
        records = list(islice(Records(self.source, self.delimiter), -place + 1 + HEAD))
        line, row = records[-place]
        self.header_line = line
        self.preamble = [remark for _, remark in records[:-place]]
        for number, remark in records[:-place]:
            text = self.delimiter.join(remark)
            self.notes.append(f"line {number} ({shown(text)}) is not part of the table: skipped")
        self.header = bool(matches) or not any(map(is_number, row))
        self.names = [cell.strip() for cell in row] if self.header else [f"column {i + 1}" for i in range(len(row))]
        self.skip = -place + self.header
        width = len(self.names)
        self.head = [[*data, *[""] * width][:width] for _, data in records[self.skip :]]

    def _bare(self, start: bytes) -> int:
        """Without a known name the first line that has columns is the header, or the first row; minus its place."""
        first = 0
        for number, line in enumerate(start.splitlines(), start=1):
            text = line.decode("utf-8", "replace")
            outside = re.sub(r'"[^"]*"', "", text)
            delimiter = max(DELIMITERS, key=outside.count)
            if delimiter in outside:
                self.delimiter = delimiter
                break
            first = first or (number if text.strip() else 0)
        else:
            self.source.refuse("no columns separated by comma, semicolon or tab", first or 1)
        for place, (_, row) in enumerate(Records(self.source, self.delimiter)):
            if len(row) > 1:
                return -place
        return self.source.refuse("no columns separated by comma, semicolon or tab", first or 1)

    def _lenient(self, start: bytes, delimiter: str) -> list[tuple[int, list[str]]]:
        lines = [line.decode("utf-8", "replace") for line in start.splitlines(keepends=True)]
        reader = csv.reader(lines, delimiter=delimiter, skipinitialspace=True)
        records = []
        try:
            for row in reader:
                if not _blank(row):
                    records.append((reader.line_num, row))
                if len(records) > HEAD:
                    break
        except csv.Error:
            pass
        return records

    # --- the data

    def where(self, row: int) -> str:
        for first, line, count in reversed(self.lines):
            if first <= row < first + count:
                return f"line {line + row - first}"
        rows = Rows(self, Records(self.source, self.delimiter))
        record = next(islice(rows, row, None), None)
        return f"line {record[0]}" if record is not None else f"row {row}"

    def read(self, columns: Mapping[int, Column]) -> None:
        self.rows, self.lines = 0, []
        records = Records(self.source, self.delimiter)
        rows = Rows(self, records)
        count = BLOCK // 16
        while self._add(list(islice(rows, count)), columns):
            forms = [column.form for column in columns.values()]
            if rows.remark is None and None not in forms and len(columns) <= MOST_COLUMNS:
                before = self.rows
                self._scan(records, columns, cast("list[str]", forms))
                # where few lines are ordinary, changing from one way to the other costs more than it saves
                count = max(count // 2, 1) if self.rows - before > BLOCK else min(2 * count, BLOCK)
            else:
                count = BLOCK
        self.notes += rows.notes()
        if not self.rows:
            raise ReadError(f"{self.name}: no data after the header")

    def _add(self, block: list[tuple[int, list[str]]], columns: Mapping[int, Column]) -> bool:
        for place, column in columns.items():
            try:
                column.add([row[place] for _, row in block])
            except Bad as bad:
                where = f"{self.name}, line {block[bad.index][0]}, column {shown(self.names[place])}"
                raise ReadError(f"{where}: {bad.reason}") from None
        for line, _ in block:
            self._at(line, 1)
            self.rows += 1
        return bool(block)

    def _at(self, line: int, count: int) -> None:
        """Keep on which lines rows stand: as a rule each on the one after that of the row before."""
        if self.lines:
            first, start, length = self.lines[-1]
            if start + length == line and first + length == self.rows:
                self.lines[-1] = (first, start, length + count)
                return
        self.lines.append((self.rows, line, count))

    def _scan(self, records: Records, columns: Mapping[int, Column], forms: list[str]) -> None:
        """Read on with the compiled loop, as far as lines are ordinary."""
        order = sorted(range(len(forms)), key=lambda i: list(columns)[i])
        places = [list(columns)[i] for i in order]
        ordered = [columns[place] for place in places]
        known = [column.known for column in ordered]
        scanner = cells.Scanner(self.delimiter, len(self.names), places, [cells.KINDS[forms[i]] for i in order], known)
        text = records.text
        while True:
            room = text.lines_left() + 1
            arrays = [column.values.room(room) for column in ordered]
            rows, lines, place, odd = scanner.scan(text.data, text.place, text.final, arrays)
            broken = any(column.broken(array[:rows]) for column, array in zip(ordered, arrays, strict=True))
            for column in ordered:
                column.values.give_back(room if broken else room - rows)
            if broken:
                # the rules in Python say which cell it is
                return
            if lines == rows and rows:
                self._at(text.line + 1, rows)
            self.rows += rows
            text.line += lines
            text.place = place
            if odd or not text.more():
                return


class Text:
    """The text of a source from its start, of which a piece is in memory."""

    def __init__(self, source: Source) -> None:
        self.name = source.name
        self.pieces = source.pieces()
        self.data = b""
        self.place = 0
        # lines in front of the place
        self.line = 0
        self.final = False

    def more(self) -> bool:
        """Have a longer piece in memory; False at the end."""
        if self.final:
            return False
        piece = next(self.pieces, None)
        self.final = piece is None
        if piece is not None:
            self.data = self.data[self.place :] + piece
            self.place = 0
        if len(self.data) > LONGEST_LINE + PIECE:
            raise ReadError(f"{self.name}, line {self.line + 1}: has more than {LONGEST_LINE >> 20} MB")
        return True

    def lines_left(self) -> int:
        """The lines that end in the piece in memory, or more."""
        return self.data.count(b"\n", self.place) + self.data.count(b"\r", self.place)

    def __iter__(self) -> Text:
        return self

    def __next__(self) -> str:
        """The next line with its end."""
        while True:
            end = self._end()
            if end or not self.more():
                break
        end = end or len(self.data)
        line = self.data[self.place : end]
        if not line:
            raise StopIteration
        self.place = end
        self.line += 1
        return line.decode("utf-8", "surrogatepass")

    def _end(self) -> int:
        """Where the next line begins, 0 if this one goes on beyond the piece."""
        feed = self.data.find(b"\n", self.place)
        back = self.data.find(b"\r", self.place, feed if feed >= 0 else len(self.data))
        if back < 0:
            return feed + 1
        if back + 1 == len(self.data):
            # the other half of this line's end may follow
            return 0
        return back + 1 + (back + 1 == feed)


class Records:
    """Every record of a text that is not blank, with the line where it begins."""

    def __init__(self, source: Source, delimiter: str) -> None:
        self.text = Text(source)
        self.reader = csv.reader(self.text, delimiter=delimiter, skipinitialspace=True, strict=True)

    def __iter__(self) -> Records:
        return self

    def __next__(self) -> tuple[int, list[str]]:
        while True:
            line = self.text.line + 1
            try:
                row = next(self.reader)
            except csv.Error as error:
                reason = "a quote is not closed"
                if "expected after" in str(error):
                    reason = "text follows a closing quote"
                elif "field" in str(error):
                    reason = "a cell has more than 131,072 characters"
                raise ReadError(f"{self.text.name}, line {line}: {reason}") from None
            if not _blank(row):
                return line, row


class Rows:
    """The records of the data: as wide as the header, without remarks and repeated headers."""

    def __init__(self, table: TextTable, records: Records) -> None:
        self.table = table
        self.records = records
        self.header = table.names if table.header else None
        self.repeated = 0
        self.remark: tuple[int, str] | None = None
        for _ in range(table.skip):
            next(records, None)

    def __iter__(self) -> Rows:
        return self

    def __next__(self) -> tuple[int, list[str]]:
        width = len(self.table.names)
        while True:
            line, row = next(self.records)
            if self.remark is not None:
                where = f"{self.table.name}, line {self.remark[0]}"
                raise ReadError(f"{where}: {shown(self.remark[1])} is not a row of the table")
            if len(row) != width:
                if len(row) == 1 and REMARK.fullmatch(row[0]):
                    self.remark = (line, row[0])
                    continue
                self._check_width(line, row)
            if self.header is not None and [cell.strip() for cell in row[:width]] == self.header:
                self.repeated = self.repeated or line
                continue
            return line, row

    def _check_width(self, line: int, row: list[str]) -> None:
        name, names = self.table.name, self.table.names
        width = len(names)
        if len(row) < width:
            reason = f"missing, the line ends after {len(row)} of {width} columns"
            raise ReadError(f"{name}, line {line}, column {shown(names[len(row)])}: {reason}")
        if any(cell.strip() for cell in row[width:]):
            reason = f"column {width + 1}: the header has {width} columns, the line {len(row)}"
            raise ReadError(f"{name}, line {line}, {reason}")

    def notes(self) -> list[str]:
        notes = []
        if self.remark is not None:
            line, text = self.remark
            notes.append(f"line {line} ({shown(text)}) is not part of the table: skipped")
        if self.repeated:
            notes.append(f"the header is repeated in line {self.repeated}: skipped")
        return notes


class RowTable(Table):
    """Rows that are in memory: objects with names, or lists."""

    def __init__(self, name: str, rows: Sequence[Any]) -> None:
        super().__init__(name)
        self.source = rows
        if not rows:
            raise ReadError(f"{name}: has no rows")
        self.keyed = isinstance(rows[0], dict)
        if self.keyed:
            self.names = self._keys()
        else:
            self.header = False
            width = len(rows[0])
            self.names = [f"column {i + 1}" for i in range(width)]
            for index, row in enumerate(rows):
                if isinstance(row, str | dict) or not hasattr(row, "__len__") or len(row) != width:
                    self.refuse(f"is not a list of {counted(width, 'cell')}, unlike the rows before", index)
            if all(isinstance(cell, str) and not is_number(cell) for cell in rows[0]) and len(rows) > 1:
                self.header = True
                self.names = [str(cell).strip() for cell in rows[0]]
                self.source = rows[1:]
        if not self.names:
            raise ReadError(f"{name}: has no columns")
        self.head = [list(row) for row in self._cells(self.source[:HEAD])]

    def _keys(self) -> list[str]:
        """The names of all rows; those of an object in a row follow a dot."""
        names: dict[str, None] = {}
        shapes: set[tuple[str, ...]] = set()
        for index, row in enumerate(self.source):
            if not isinstance(row, dict):
                self.refuse("is not an object with names, unlike the rows before", index)
            shape = tuple(row)
            inner = any(isinstance(value, dict) for value in row.values())
            if shape in shapes and not inner:
                continue
            shapes.add(shape)
            for key, value in row.items():
                names.setdefault(str(key))
                if isinstance(value, dict):
                    for deeper in value:
                        names.setdefault(f"{key}.{deeper}")
        return list(names)

    def _cells(self, rows: Iterable[Any]) -> Iterator[Sequence[Any]]:
        if not self.keyed:
            yield from rows
            return
        for row in rows:
            yield [lookup(row, name) for name in self.names]

    def read(self, columns: Mapping[int, Column]) -> None:
        self.rows = len(self.source)
        for start in range(0, self.rows, BLOCK):
            rows = self.source[start : start + BLOCK]
            for place, column in columns.items():
                name = self.names[place]
                cells = [lookup(row, name) for row in rows] if self.keyed else [row[place] for row in rows]
                try:
                    column.add(cells)
                except Bad as bad:
                    self.refuse(bad.reason, start + bad.index, place)


class ColumnTable(Table):
    """Columns that are in memory, as frames and some answers have them."""

    def __init__(
        self, name: str, names: Sequence[Any], columns: Sequence[Any], levels: list[str] | None = None
    ) -> None:
        super().__init__(name)
        self.names = [str(label) for label in names]
        self.levels = levels
        self.columns = columns
        lengths = {len(column) for column in columns}
        if len(lengths) > 1:
            self.refuse(f"the columns {listed(self.names)} are not of one length")
        self.rows = lengths.pop() if lengths else 0
        if not self.rows:
            raise ReadError(f"{name}: has no rows")
        self.head = [list(row) for row in zip(*(list(column[:HEAD]) for column in columns), strict=True)]

    def read(self, columns: Mapping[int, Column]) -> None:
        for place, column in columns.items():
            try:
                column.add(self.columns[place])
            except Bad as bad:
                self.refuse(bad.reason, bad.index, place)


def lookup(row: dict[Any, Any], name: str) -> Any:
    if name in row:
        return row[name]
    outer, _, inner = name.partition(".")
    deeper = row.get(outer)
    return deeper.get(inner) if isinstance(deeper, dict) else None


def _blank(row: Sequence[str]) -> bool:
    return not any(cell.strip() for cell in row)
