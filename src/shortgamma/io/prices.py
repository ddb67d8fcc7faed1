"""Read a file of prices as exchanges and data vendors export it, refusing what cannot be understood.

A wrong price is worse than no price: every doubt is either an error that names file, line and column, or a
note.
"""

import codecs
import csv
import io
import os
import re
import stat
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from operator import itemgetter
from typing import Any, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DAY",
    "HOUR",
    "YEAR",
    "Prices",
    "PricesError",
    "bars_per_year",
    "duration",
    "read_prices",
    "stamp",
]

Times = NDArray[np.datetime64]
Stamps = NDArray[np.int64]
Floats = NDArray[np.float64]

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
YEAR = 365 * DAY
TRADING_DAYS = 252

BLOCK = 4096
LONGEST_HOLIDAY = 4 * DAY
GAP = 1.5
JUMP = 3.0

# Names are compared without case, spaces and punctuation. Of the times, the first that is present is taken.
TIME_NAMES = (
    *("opentime", "klineopentime", "unixtimestamp", "unixtime", "unix", "epoch", "timestampms", "timestamp"),
    *("datetime", "snappedat", "dateutc", "timeutc", "date", "time", "day", "closetime"),
)
NAMELESS = ("", "index", "unnamed0")
ADJUSTED_NAMES = ("adjclose", "adjustedclose", "closeadj", "closeadjusted")
PRICE_NAMES = (
    *("close", "closeprice", "closingprice", "price", "last", "lastprice", "markprice", "indexprice"),
    *("settle", "settlementprice", "mid", "midprice"),
)
HIGH_NAMES = ("high", "highprice")
LOW_NAMES = ("low", "lowprice")
BINANCE_NAMES = (
    *("open time", "open", "high", "low", "close", "volume", "close time", "quote volume", "trades"),
    *("taker buy volume", "taker buy quote volume", "ignore"),
)
MISSING = frozenset({"", "nan", "null", "none", "na", "n/a", "#n/a", "-", "."})

# The shape of a cell is the cell with every digit written as 0: a column has few.
SHAPE = str.maketrans("123456789", "000000000")
ISO_SHAPE = re.compile(
    r"0000([-/.])00\1(?:00)(?:[T ]00:00(?::00(?:\.0{1,9})?)?(?P<zone> ?(?:Z|UTC|[+-]00(?::?00)?))?)?"
)
COMPACT_SHAPE = "00000000"
EPOCH_SHAPE = re.compile(r"0+(?:\.0*)?(?:[eE]\+?0+)?")
CLOCK_SHAPE = re.compile(r"00:00(?::00(?:\.0{1,9})?)?")
ZONE = re.compile(r" ?(?:Z|UTC|([+-])(\d\d):?(\d\d)?)$")
DAY_FIRST = re.compile(r"\d\d?[-/.]\d\d?[-/.]\d{2,4}\b.*")
YEARS = ("1900", "2200")
EPOCH_UNITS = (("seconds", SECOND), ("milliseconds", 1_000_000), ("microseconds", 1_000), ("nanoseconds", 1))
# From 1973 to 2200 no number is a time in two units.
EPOCH_FIRST, EPOCH_LAST = 100_000_000 * SECOND, 7_258_118_400 * SECOND

COMPRESSED = {
    b"PK\x03\x04": "zip",
    b"\x1f\x8b": "gzip",
    b"BZh": "bzip2",
    b"\xfd7zXZ": "xz",
    b"\x28\xb5\x2f\xfd": "zstd",
}


class PricesError(ValueError):
    """A file that cannot be understood; the message names file, line and column."""


class Prices(NamedTuple):
    """One price series, times strictly ascending."""

    time: Times
    """Time of each bar in UTC, datetime64[ns], as the file labels it."""
    close: Floats
    """Prices, > 0."""
    high: Floats | None
    """Highest price of each bar, None where the file has none."""
    low: Floats | None
    """Lowest price of each bar, None where the file has none."""
    notes: list[str]
    """What was found or done that the reader should know of."""


def read_prices(path: str | os.PathLike[str]) -> Prices:
    """Read the prices of one file.

    Parameters
    ----------
    path : path-like
        A text file, columns separated by comma, semicolon or tab: Binance klines with or without header,
        Yahoo and Stooq ``Date,...,Close``, ``date,open,high,low,close,volume`` and the like. Times are ISO
        dates or times (without a zone they are UTC), YYYYMMDD, or an epoch in s, ms, us or ns.

    Returns
    -------
    Prices
        The series, and notes on rows dropped, gaps and jumps.

    Raises
    ------
    PricesError
        If the file cannot be read or understood.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> from shortgamma.io.prices import read_prices
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder, "prices.csv")
    ...     _ = path.write_text("Date,Close\\n2024-01-02,100\\n2024-01-03,105\\n")
    ...     read_prices(path).close
    array([100., 105.])
    """
    file = _File(os.fspath(path))
    table = _columns(file)
    stamps = _times(file, table)
    prices = [_numbers(file, table, table.price)]
    if table.high is not None and table.low is not None:
        high, low = _numbers(file, table, table.high), _numbers(file, table, table.low)
        _check_range(file, table, high, low)
        if table.unadjusted is not None:
            with np.errstate(all="ignore"):
                scale = prices[0] / _numbers(file, table, table.unadjusted)
                high, low = high * scale, low * scale
        prices += [high, low]
    notes = list(table.notes)
    stamps, rows, record = _clean(file, table, stamps, np.array(prices), notes)
    time = np.ascontiguousarray(stamps).view("datetime64[ns]")
    columns = [np.ascontiguousarray(row) for row in rows]
    notes += _gaps(time)
    notes += _jumps(time, columns[0])
    if len(columns) == 1:
        return Prices(time, columns[0], None, None, notes)
    close, high, low = columns
    # the tolerance is for prices that were adjusted and rounded
    outside = (close * (1 - 1e-6) > high) | (close < low * (1 - 1e-6))
    if outside.any():
        line = file.line(int(record[outside].min()))
        count = _count(int(outside.sum()), "close")
        notes.append(f"{count} outside of low to high, used as is (first: line {line})")
    return Prices(time, close, high, low, notes)


class _File:
    """The bytes of a file, and its records in order."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.data = _load(name)
        wide = self.data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        self.encoding = "utf-16" if wide else "utf-8-sig"
        for magic, kind in COMPRESSED.items():
            if self.data.startswith(magic):
                raise PricesError(f"{name}: is compressed ({kind}), unpack it first")
        if not wide and b"\0" in self.data:
            line = self.data.count(b"\n", 0, self.data.index(b"\0")) + 1
            raise PricesError(f"{name}, line {line}: is binary, not text")
        self.delimiter = ","
        # records in front of the data: the header and whatever stands above it
        self.skip = 0

    def text(self) -> io.TextIOWrapper:
        return io.TextIOWrapper(io.BytesIO(self.data), self.encoding, newline="")

    def reader(self) -> Any:
        return csv.reader(self.text(), delimiter=self.delimiter, skipinitialspace=True, strict=True)

    def records(self) -> Iterator[tuple[int, list[str]]]:
        """Every record that is not blank, with the line where it begins."""
        reader = self.reader()
        while True:
            line = reader.line_num + 1
            try:
                row = next(reader)
            except StopIteration:
                return
            except (csv.Error, UnicodeError) as error:
                self.broken(error, line)
            if not _blank(row):
                yield line, row

    def broken(self, error: Exception, line: int) -> NoReturn:
        if isinstance(error, csv.Error):
            after = "expected after" in str(error)
            reason = "text follows a closing quote" if after else "a quote is not closed"
            raise PricesError(f"{self.name}, line {line}: {reason}") from None
        try:
            self.data.decode(self.encoding)
        except UnicodeDecodeError as exact:
            line = self.data.count(b"\n", 0, exact.start) + 1
        name = "UTF-16" if self.encoding == "utf-16" else "UTF-8"
        raise PricesError(f"{self.name}, line {line}: is not {name} text") from None

    def line(self, record: int) -> int:
        """The line where a record of the data begins."""
        return next(islice(self.records(), self.skip + record, None))[0]

    def refuse(self, reason: str, record: int, column: str) -> NoReturn:
        raise PricesError(f"{self.name}, line {self.line(record)}, column {_shown(column)}: {reason}") from None


class _Table(NamedTuple):
    """The cells of the columns that are used, and the place of each."""

    names: list[str]
    cells: dict[int, list[str]]
    time: int
    clock: int | None
    price: int
    unadjusted: int | None
    high: int | None
    low: int | None
    notes: list[str]


def _load(name: str) -> bytes:
    try:
        mode = os.stat(name).st_mode
        if stat.S_ISDIR(mode):
            raise PricesError(f"{name}: is a directory, not a file")
        if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
            raise PricesError(f"{name}: is a device, not a file")
        with open(name, "rb") as handle:
            data = handle.read()
    except FileNotFoundError:
        raise PricesError(f"{name or repr(name)}: no such file") from None
    except PermissionError:
        raise PricesError(f"{name}: no permission to read it") from None
    except OSError as error:
        raise PricesError(f"{name}: cannot be read ({error.strerror or error})") from None
    if not data.removeprefix(codecs.BOM_UTF8).strip():
        raise PricesError(f"{name}: is empty")
    return data


def _blank(row: Sequence[str]) -> bool:
    return not row or (len(row) == 1 and not row[0].strip())


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.casefold())


def _shown(cell: str) -> str:
    cell = cell.strip()
    return repr(cell if len(cell) <= 40 else cell[:37] + "...")


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}" if number == 1 else f"{number:,} {thing}s"


def stamp(time: Any, clock: bool = False) -> str:
    """A time to the minute, or to the second; at midnight the date alone, unless ``clock``."""
    moment = np.asarray(time).astype("datetime64[ns]").astype("datetime64[s]")
    text = str(moment).replace("T", " ").removesuffix(":00")
    return text if clock else text.removesuffix(" 00:00")


def duration(nanoseconds: float) -> str:
    """A length of time in the largest unit that fits."""
    for unit, size in (("day", DAY), ("hour", HOUR), ("minute", 60 * SECOND), ("second", SECOND)):
        if nanoseconds >= size:
            number = f"{nanoseconds / size:,.1f}".removesuffix(".0")
            return f"{number} {unit}" if number == "1" else f"{number} {unit}s"
    return f"{nanoseconds / SECOND:g} seconds"


def _delimiter(file: _File) -> str:
    """The one of the first line that has any."""
    first = 0
    try:
        for number, line in enumerate(islice(file.text(), 20), start=1):
            bare = re.sub(r'"[^"]*"', "", line)
            delimiter = max(",;\t", key=bare.count)
            if delimiter in bare:
                return delimiter
            first = first or (number if line.strip() else 0)
    except UnicodeError as error:
        file.broken(error, 1)
    raise PricesError(f"{file.name}, line {first or 1}: no columns separated by comma, semicolon or tab")


def _columns(file: _File) -> _Table:
    """Find the header, choose the columns, and take their cells."""
    file.delimiter = _delimiter(file)
    notes: list[str] = []
    line, header = 1, [""]
    records = file.records()
    for line, header in records:
        if len(header) > 1:
            break
        notes.append(f"line {line} ({_shown(header[0])}) is not part of the table: skipped")
        file.skip += 1
    else:
        raise PricesError(f"{file.name}, line {line}: no columns separated by comma, semicolon or tab")
    header = [name.strip() for name in header]
    plain = [_plain(name) for name in header]

    if plain[0] == "price":
        # yfinance writes the names over three lines: Price,... Ticker,... Date,...
        more = [row[0].strip() for _, row in islice(records, 2)]
        if [_plain(name) for name in more] in (["ticker", "date"], ["ticker", "datetime"]):
            header[0], plain[0] = more[1], _plain(more[1])
            file.skip += 2
    if {*TIME_NAMES, *PRICE_NAMES, *ADJUSTED_NAMES, *HIGH_NAMES, *LOW_NAMES}.intersection(plain):
        file.skip += 1
    elif any(_is_number(name) for name in header):
        if len(header) != len(BINANCE_NAMES) or not all(_is_number(name) for name in header):
            reason = "no header; only Binance klines (12 columns) are known without one"
            raise PricesError(f"{file.name}, line {line}: {reason}")
        header = list(BINANCE_NAMES)
        plain = [_plain(name) for name in header]

    def refuse(reason: str) -> NoReturn:
        raise PricesError(f"{file.name}, line {line}: {reason}")

    def find(names: Sequence[str], what: str) -> int | None:
        found = [place for place, name in enumerate(plain) if name in names]
        if len(found) > 1:
            one, two = (f"{place + 1} ({_shown(header[place])})" for place in found[:2])
            refuse(f"columns {one} and {two} could both be the {what}")
        return found[0] if found else None

    shown = ", ".join(map(_shown, header[:12])) + (", ..." if len(header) > 12 else "")
    times = [name for name in TIME_NAMES if name in plain]
    time, clock = find(times[:1], "time"), None
    if time is None and plain[0] in NAMELESS:
        time = 0
    if time is None:
        refuse(f"no time column among {shown}")
    if times[:2] == ["date", "time"]:
        clock = find(["time"], "time")
    elif len(times) > 1 and times[:2] != ["opentime", "closetime"]:
        notes.append(f"times from column {_shown(header[time])}, not {_shown(header[plain.index(times[1])])}")

    price, unadjusted = find(ADJUSTED_NAMES, "adjusted close"), None
    high, low = find(HIGH_NAMES, "high"), find(LOW_NAMES, "low")
    if price is None:
        price = find(PRICE_NAMES, "price")
    else:
        unadjusted = find(["close"], "close")
        note = f"prices from column {_shown(header[price])}"
        if unadjusted is None:
            high = low = None
        else:
            note += f", not {_shown(header[unadjusted])}"
            note += "; high and low scaled to it" if high is not None and low is not None else ""
        notes.append(note)
    if price is None:
        refuse(f"no price column among {shown}")
    if high is None or low is None:
        high = low = unadjusted = None

    used = [place for place in (time, clock, price, unadjusted, high, low) if place is not None]
    return _Table(header, _cells(file, header, used), time, clock, price, unadjusted, high, low, notes)


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _cells(file: _File, header: list[str], used: list[int]) -> dict[int, list[str]]:
    """The cells of the used columns; every record of the data must be as wide as the header."""
    width = len(header)
    cells: list[list[str]] = [[] for _ in used]
    take = itemgetter(*used)
    reader = file.reader()
    skip = file.skip
    try:
        while skip:
            skip -= not _blank(next(reader))
        while block := list(islice(reader, BLOCK)):
            if set(map(len, block)) != {width}:
                block = [row for row in block if not _blank(row)]
                if any(len(row) < width or any(row[width:]) for row in block):
                    _refuse_width(file, header)
            # nothing to transpose where all lines of a block are blank
            for column, part in zip(cells, zip(*map(take, block), strict=True), strict=bool(block)):
                column.extend(part)
    except (csv.Error, UnicodeError):
        # once more, record by record, to find the line
        for _ in file.records():
            pass
    if not cells[0]:
        raise PricesError(f"{file.name}: no data after the header")
    if len(cells[0]) == 1:
        raise PricesError(f"{file.name}, line {file.line(0)}: one row of data only, at least two are needed")
    return dict(zip(used, cells, strict=True))


def _refuse_width(file: _File, header: list[str]) -> NoReturn:
    width = len(header)
    for line, row in islice(file.records(), file.skip, None):
        if len(row) < width:
            reason = f"missing, the line ends after {len(row)} of {width} columns"
            raise PricesError(f"{file.name}, line {line}, column {_shown(header[len(row)])}: {reason}")
        if any(row[width:]):
            reason = f"column {width + 1}: the header has {width} columns, the line {len(row)}"
            raise PricesError(f"{file.name}, line {line}, {reason}")
    raise AssertionError


def _first(cells: Sequence[str], bad: Callable[[str], bool]) -> int:
    return next(place for place, cell in enumerate(cells) if bad(cell))


def _numbers(file: _File, table: _Table, place: int) -> Floats:
    """A column of prices, NaN where there is none."""
    cells, name = table.cells[place], table.names[place]
    try:
        values = np.fromiter(map(float, cells), np.float64, len(cells))
    except ValueError:
        filled = ["nan" if cell.strip().casefold() in MISSING else cell for cell in cells]
        try:
            values = np.fromiter(map(float, filled), np.float64, len(cells))
        except ValueError:
            bad = _first(filled, lambda cell: not _is_number(cell))
            hint = " (write a decimal point)" if re.fullmatch(r"\d+,\d+", cells[bad]) else ""
            file.refuse(f"{_shown(cells[bad])} is not a number{hint}", bad, name)
    text = "".join(cells)
    if "_" in text or not text.isascii():
        # float() also reads 1_000 and the digits of other scripts, which no export writes
        bad = _first(cells, lambda cell: "_" in cell or not cell.isascii())
        file.refuse(f"{_shown(cells[bad])} is not a number", bad, name)
    infinite = np.isinf(values)
    if infinite.any():
        bad = int(infinite.argmax())
        file.refuse(f"{_shown(cells[bad])} is not a finite number", bad, name)
    if np.fmin.reduce(values) <= 0:
        bad = int((np.nan_to_num(values, nan=1.0) <= 0).argmax())
        file.refuse(f"a price must be > 0, got {cells[bad].strip()}", bad, name)
    return values


def _check_range(file: _File, table: _Table, high: Floats, low: Floats) -> None:
    known = ~(np.isnan(high) | np.isnan(low))
    crossed = np.less(high, low, where=known, out=np.zeros(len(high), bool))
    if crossed.any() and table.high is not None and table.low is not None:
        bad = int(crossed.argmax())
        top, bottom = (table.cells[place][bad].strip() for place in (table.high, table.low))
        reason = f"{top} is less than {bottom} in column {_shown(table.names[table.low])}"
        file.refuse(reason, bad, table.names[table.high])


def _clean(
    file: _File, table: _Table, stamps: Stamps, prices: Floats, notes: list[str]
) -> tuple[Stamps, Floats, Stamps]:
    """Rows with a price, in strictly ascending order of time, with the record that each comes from."""
    column, clock = table.names[table.time], bool((stamps % DAY).any())
    record = np.arange(len(stamps))
    missing = np.isnan(prices).any(axis=0)
    if missing.all():
        raise PricesError(f"{file.name}, column {_shown(table.names[table.price])}: no row has a price")
    if missing.any():
        line = file.line(int(missing.argmax()))
        notes.append(f"{_count(int(missing.sum()), 'row')} without a price dropped (first: line {line})")
        stamps, record, prices = stamps[~missing], record[~missing], prices[:, ~missing]

    step = np.diff(stamps)
    if (step <= 0).all() and (step < 0).any():
        notes.append("newest row first: order reversed")
        stamps, record, prices = stamps[::-1], record[::-1], prices[:, ::-1]
        step = np.diff(stamps)
    if (step < 0).any():
        bad = int((step < 0).argmax())
        later, earlier = (stamp(stamps[place], clock) for place in (bad, bad + 1))
        file.refuse(f"{earlier} comes after {later}: times must ascend", int(record[bad + 1]), column)

    same = step == 0
    if same.any():
        second = np.maximum(record[1:], record[:-1])
        conflict = same & (prices[:, 1:] != prices[:, :-1]).any(axis=0)
        if conflict.any():
            bad = int(second[conflict].min())
            when = stamp(stamps[record == bad][0], clock)
            file.refuse(f"{when} is there twice, with different prices", bad, column)
        line = file.line(int(second[same].min()))
        notes.append(f"{_count(int(same.sum()), 'duplicate row')} dropped (first: line {line})")
        keep = np.concatenate(([True], ~same))
        stamps, record, prices = stamps[keep], record[keep], prices[:, keep]
    if len(record) == 1:
        line = file.line(int(record[0]))
        raise PricesError(f"{file.name}, line {line}: one price only, at least two are needed")
    return stamps, prices, record


def _shapes(cells: Sequence[str]) -> set[str]:
    return set("\n".join(cells).translate(SHAPE).split("\n"))


def _kind(shape: str) -> str:
    """What a cell of this shape can be: 'local', 'zoned', 'compact', 'epoch', or '' for none of them."""
    if iso := ISO_SHAPE.fullmatch(shape):
        return "zoned" if iso["zone"] else "local"
    if shape == COMPACT_SHAPE:
        return "compact"
    return "epoch" if EPOCH_SHAPE.fullmatch(shape) else ""


def _times(file: _File, table: _Table) -> Stamps:
    """The time column in ns since 1970 UTC."""
    name = table.names[table.time]
    cells = list(map(str.strip, table.cells[table.time]))
    if table.clock is not None:
        cells = _with_clock(file, table, cells, table.clock)
    kinds = {shape: _kind(shape) for shape in _shapes(cells)}
    kind = kinds.get(cells[0].translate(SHAPE), "")
    if not kind or set(kinds.values()) != {kind}:
        bad = _first(cells, lambda cell: not kind or kinds.get(cell.translate(SHAPE)) != kind)
        reason = f"{_shown(cells[bad])} is not a time"
        if {kind, kinds.get(cells[bad].translate(SHAPE))} == {"local", "zoned"}:
            has = "a" if kind == "local" else "no"
            reason = f"{_shown(cells[bad])} has {has} time zone, unlike the lines before"
        elif DAY_FIRST.fullmatch(cells[bad]):
            reason += " (day or month first is ambiguous: write YYYY-MM-DD)"
        file.refuse(reason, bad, name)
    if kind == "epoch":
        return _epochs(file, name, cells)

    offset: Stamps | int = 0
    if kind == "zoned":
        zones = [zone for cell in cells if (zone := ZONE.search(cell, 16))]
        parts = [zone.groups() for zone in zones]
        known = {part: _offset(*part) for part in set(parts)}
        offset = np.array([known[part] for part in parts], np.int64)
        cells = [cell[: zone.start()] for cell, zone in zip(cells, zones, strict=True)]
    elif kind == "compact":
        cells = _dashed(cells)
    if any(cell[4] != "-" for cell in cells):
        cells = [f"{cell[:4]}-{cell[5:7]}-{cell[8:]}" for cell in cells]
    if min(cells) < YEARS[0] or max(cells) >= YEARS[1]:
        bad = _first(cells, lambda cell: not YEARS[0] <= cell < YEARS[1])
        file.refuse(f"the year {cells[bad][:4]} is not between 1900 and 2199", bad, name)
    try:
        return np.array(cells, dtype="datetime64[ns]").view(np.int64) - offset
    except ValueError:
        bad = _first(cells, lambda cell: not _is_date(cell))
        file.refuse(f"{_shown(cells[bad])} is not in the calendar", bad, name)


def _with_clock(file: _File, table: _Table, cells: list[str], place: int) -> list[str]:
    """Dates joined with the times of day that stand in a column of their own."""
    clock = list(map(str.strip, table.cells[place]))
    if not all(map(CLOCK_SHAPE.fullmatch, _shapes(clock))):
        bad = _first(clock, lambda cell: not CLOCK_SHAPE.fullmatch(cell.translate(SHAPE)))
        file.refuse(f"{_shown(clock[bad])} is not a time of day", bad, table.names[place])
    if _shapes(cells) == {COMPACT_SHAPE}:
        cells = _dashed(cells)
    return [f"{date} {hour}" for date, hour in zip(cells, clock, strict=True)]


def _dashed(cells: list[str]) -> list[str]:
    return [f"{cell[:4]}-{cell[4:6]}-{cell[6:]}" for cell in cells]


def _is_date(cell: str) -> bool:
    try:
        np.datetime64(cell, "ns")
    except ValueError:
        return False
    return True


def _offset(sign: str | None, hours: str | None, minutes: str | None) -> int:
    size = int(hours or 0) * HOUR + int(minutes or 0) * 60 * SECOND
    return -size if sign == "-" else size


def _epochs(file: _File, name: str, cells: list[str]) -> Stamps:
    """Numbers since 1970, in the one unit that puts them between 1973 and 2200."""
    whole = "".join(cells).isdigit() and max(map(len, cells)) < 20
    values: NDArray[Any]
    if whole:
        values = np.array(list(map(int, cells)), np.uint64)
    else:
        values = np.fromiter(map(float, cells), np.float64, len(cells))
    unit = np.full(len(cells), -1)
    for place, (_, size) in enumerate(EPOCH_UNITS):
        unit[(values >= EPOCH_FIRST // size) & (values < EPOCH_LAST // size)] = place
    if (unit < 0).any():
        bad = int((unit < 0).argmax())
        file.refuse(f"{_shown(cells[bad])} is not a time in s, ms, us or ns since 1970", bad, name)
    if (unit != unit[0]).any():
        bad = int((unit != unit[0]).argmax())
        before, now = EPOCH_UNITS[unit[0]][0], EPOCH_UNITS[unit[bad]][0]
        file.refuse(f"{_shown(cells[bad])} is in {now}, the lines before in {before}", bad, name)
    size = EPOCH_UNITS[unit[0]][1]
    if whole:
        return values.astype(np.int64) * size
    # a double holds today's time to a microsecond and no better
    return np.round(values * (size / 1000)).astype(np.int64) * 1000


def _calendar(time: Times) -> tuple[int, bool, int]:
    """Median step in ns, whether the market closes for the weekend, and bars on a day of trading."""
    stamps = time.view(np.int64)
    step = int(np.median(np.diff(stamps)))
    span = int(stamps[-1] - stamps[0])
    days = stamps // DAY
    _, counts = np.unique(days, return_counts=True)
    # 1970-01-01 was a Thursday. A market that opens on Sunday evening has few bars of the weekend.
    weekend = float(((days + 3) % 7 >= 5).mean())
    daily = 0.9 * DAY <= step <= 1.1 * DAY
    closes = weekend < 0.1 and (daily or (step < DAY and (span >= 7 * DAY or span > 2 * step * len(time))))
    return step, closes, int(np.median(counts))


def bars_per_year(time: Times) -> float:
    """Bars a year from the median step, on 252 days of trading if the market closes at weekends, else 365."""
    step, closes, daily = _calendar(time)
    return float(TRADING_DAYS * daily) if closes else YEAR / step


def _gaps(time: Times) -> list[str]:
    stamps = time.view(np.int64)
    step, closes, _ = _calendar(time)
    steps = np.diff(stamps)
    gap = steps > GAP * step
    if closes:
        overnight = np.diff(stamps // DAY) > 0
        gap &= ~overnight | (steps > LONGEST_HOLIDAY)
    if not gap.any():
        return []
    longest = int(np.where(gap, steps, 0).argmax())
    after = stamp(stamps[longest], bool((stamps % DAY).any()))
    count = _count(int(gap.sum()), "gap")
    return [f"{count} in time, the longest {duration(int(steps[longest]))} after {after}"]


def _jumps(time: Times, close: Floats) -> list[str]:
    with np.errstate(over="ignore", under="ignore"):
        ratio = close[1:] / close[:-1]
    jump = (ratio > JUMP) | (ratio < 1 / JUMP)
    if not jump.any():
        return []
    first = stamp(time[int(jump.argmax()) + 1], bool((time.view(np.int64) % DAY).any()))
    count = _count(int(jump.sum()), "jump")
    return [f"{count} by more than a factor of {JUMP:g} (first: {first}): a split or a redenomination?"]
