"""From cells to columns: numbers, times and labels, each by one set of rules for all readers.

A column takes its cells block by block and keeps them as an array. A cell that breaks the rules raises `Bad`, which
says which one and why; the table knows on which line it stands.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import times as clock
from shortgamma.io._engine.errors import counted, shown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Stamps = NDArray[np.int64]
    # what must not be, and the message for a cell that is, with {} for the cell
    Check = tuple[Callable[[Floats], NDArray[np.bool]], str]

MISSING = frozenset({"", "nan", "null", "none", "na", "n/a", "#n/a", "-", "--", "."})
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
GROUPED = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]*)?")
DECIMAL_COMMA = re.compile(r"[+-]?[0-9.]*,[0-9]+")

# The shape of a cell is the cell with every digit written as 0: a column has few.
SHAPE = str.maketrans("123456789", "000000000")
TIME_OF_DAY = r"00?:00(?::00(?:\.0{1,9})?)?"
ISO = re.compile(rf"0000([-/.])00\1(?:00)(?:[Tt ]{TIME_OF_DAY}(?P<zone> ?(?:[Zz]|UTC|GMT|[+-]00(?::?00)?))?)?")
COMPACT = re.compile(r"00000000(?:[T ](?:000000|00:00(?::00)?))?")
EPOCH = re.compile(r"0+(?:\.0*)?(?:[eE]\+?0+)?")
PARTED = re.compile(
    r"(\d\d?)([-/.])(\d\d?)\2(\d{4})(?: (\d\d?):(\d\d)(?::(\d\d(?:\.\d{1,9})?))?(?: ?([AP]M))?)?", re.ASCII
)
CLOCK = re.compile(rf"{TIME_OF_DAY}|000000|0000")
YEARS = ("1900", "2200")
LONGEST_LABEL = 100


class Bad(Exception):
    """A cell that breaks the rules of its column."""

    def __init__(self, index: int, reason: str) -> None:
        super().__init__(reason)
        self.index = index
        self.reason = reason


class Grown:
    """An array that grows in place, so that a long column is not held twice."""

    def __init__(self, dtype: Any) -> None:
        self.array = np.empty(0, dtype=dtype)
        self.size = 0

    def room(self, count: int) -> NDArray[Any]:
        """The next ``count`` elements, to be written."""
        if self.size + count > len(self.array):
            # a step that is small beside the whole: memory that is not needed in the end was taken all the same
            self.array.resize(max(len(self.array) * 9 // 8, self.size + count, 4096), refcheck=False)
        self.size += count
        return self.array[self.size - count : self.size]

    def add(self, values: NDArray[Any]) -> None:
        self.room(len(values))[:] = values

    def give_back(self, count: int) -> None:
        """Take the last ``count`` elements for not written."""
        self.size -= count

    def done(self) -> NDArray[Any]:
        self.array.resize(self.size, refcheck=False)
        return self.array


class Column:
    """The cells of a column, from first to last."""

    def add(self, cells: Any) -> None:
        raise NotImplementedError

    def done(self) -> Any:
        raise NotImplementedError

    values: Grown

    @property
    def form(self) -> str | None:
        """How the cells so far are written, if the compiled loop can read more like them; see ``Scanner``."""
        return None

    @property
    def known(self) -> dict[bytes, int]:
        """The labels so far, in UTF-8."""
        return {}

    def broken(self, values: NDArray[Any]) -> bool:
        """Whether some values that the loop has read break the rules."""
        return False


def is_missing(cell: Any) -> bool:
    if isinstance(cell, str):
        return cell.strip().casefold() in MISSING
    return cell is None or type(cell).__name__ in ("NAType", "NaTType") or (isinstance(cell, float) and cell != cell)


def is_number(cell: str) -> bool:
    return NUMBER.fullmatch(cell.strip()) is not None


class Numbers(Column):
    """Real numbers, NaN where a cell is empty.

    Parameters
    ----------
    checks : sequence of (callable, str)
        What is refused: a mask of a block, and the message, with ``{}`` for the cell.
    percent : bool
        Whether cells may be percent, such as ``0.0100%``; then all of them are.
    needed : bool
        Whether an empty cell is refused.
    """

    def __init__(self, checks: Sequence[Check] = (), *, percent: bool = False, needed: bool = False) -> None:
        self.values = Grown(np.float64)
        self.checks = checks
        self.percent = percent
        self.needed = needed
        self.signed: bool | None = None
        self.grouped: str | None = None
        self.proven = False

    def add(self, cells: Any) -> None:
        values = self._block(cells)
        if self.needed and np.isnan(values).any():
            raise Bad(int(np.isnan(values).argmax()), "a number is missing")
        for broken, message in self.checks:
            with np.errstate(invalid="ignore"):
                mask = broken(values)
            if mask.any():
                index = int(mask.argmax())
                raise Bad(index, message.format(shown(cells[index]).strip("'")))
        self.values.add(values)

    def done(self) -> Floats:
        if self.grouped is not None and not self.proven:
            text = self.grouped.replace(",", "")
            raise Bad(-1, f"{self.grouped!r} may be {text} or {self.grouped.replace(',', '.')}: write it without comma")
        return self.values.done()

    @property
    def form(self) -> str | None:
        return "percent" if self.signed else "number"

    def broken(self, values: NDArray[Any]) -> bool:
        with np.errstate(invalid="ignore"):
            return bool(
                (self.needed and np.isnan(values).any()) or any(check(values).any() for check, _ in self.checks)
            )

    def _block(self, cells: Any) -> Floats:
        if isinstance(cells, np.ndarray):
            if cells.dtype.kind in "iuf":
                return self._finite(cells.astype(np.float64), cells)
            cells = cells.tolist()
        kinds = set(map(type, cells))
        if kinds == {str} and self.signed is not True:
            values = self._texts(cells)
            if values is not None:
                self.signed = False
                return values
        elif kinds <= {int, float}:
            try:
                return self._finite(np.array(cells, dtype=np.float64), cells)
            except OverflowError:
                pass
        return np.fromiter((self._number(i, cell) for i, cell in enumerate(cells)), np.float64, len(cells))

    def _texts(self, cells: Sequence[str]) -> Floats | None:
        """The numbers of a block that has nothing but plain ones."""
        text = "".join(cells)
        # float() also reads 1_000, the digits of other scripts, and words
        if not text.isascii() or "_" in text or "n" in text or "N" in text:
            return None
        try:
            values = np.fromiter(map(float, cells), np.float64, len(cells))
        except ValueError:
            return None
        return None if np.isinf(values).any() else values

    def _finite(self, values: Floats, cells: Any) -> Floats:
        if np.isinf(values).any():
            index = int(np.isinf(values).argmax())
            raise Bad(index, f"{shown(cells[index])} is not a finite number")
        return values

    def _number(self, index: int, cell: Any) -> float:
        if is_missing(cell):
            return np.nan
        if isinstance(cell, str):
            value = self._text(index, cell.strip())
        elif isinstance(cell, bool | np.bool) or not hasattr(cell, "__float__"):
            raise Bad(index, f"{shown(cell)} is not a number")
        else:
            try:
                value = float(cell)
            except (TypeError, ValueError, OverflowError):
                value = np.inf
        if not np.isfinite(value):
            raise Bad(index, f"{shown(cell)} is not a finite number")
        return value

    def _text(self, index: int, text: str) -> float:
        percent = self.percent and text.endswith("%")
        number = text[:-1].rstrip() if percent else text
        if GROUPED.fullmatch(number):
            self.grouped = self.grouped or number
            self.proven = self.proven or "." in number or number.count(",") > 1
            number = number.replace(",", "")
        if not NUMBER.fullmatch(number):
            if number.lower().lstrip("+-") in ("inf", "infinity"):
                raise Bad(index, f"{shown(text)} is not a finite number")
            hint = " (write a decimal point)" if DECIMAL_COMMA.fullmatch(text) else ""
            hint = " (write it without the currency)" if NUMBER.fullmatch(number.strip("$€£¥")) else hint
            raise Bad(index, f"{shown(text)} is not a number{hint}")
        if self.percent and self.signed is not None and self.signed != percent:
            has = "a" if percent else "no"
            raise Bad(index, f"{shown(text)} has {has} percent sign, unlike the rows before: write all alike")
        self.signed = percent
        # a shift of the decimal exponent: the result is the double nearest to the number that is written
        return float(_shifted(number)) if percent else float(number)


def _shifted(number: str) -> str:
    mantissa, _, exponent = number.lower().partition("e")
    return f"{mantissa}e{int(exponent or 0) - 2}"


class Times(Column):
    """Times in nanoseconds since 1970 UTC, all written alike; epoch numbers may change their unit.

    Parameters
    ----------
    compact : bool
        Whether YYYYMMDD is a date. Where it is not, it is refused, as everything that may mean something else.
    """

    def __init__(self, *, compact: bool = False) -> None:
        self.values = Grown(np.int64)
        self.compact = compact
        self.kind = ""
        self.month_first, self.day_first = "", ""
        self.swapped: Grown | None = None

    def add(self, cells: Any) -> None:
        if isinstance(cells, np.ndarray):
            if cells.dtype.kind in "iufM":
                self._alike(0, "epoch" if cells.dtype.kind != "M" else "object", cells[0] if len(cells) else None)
                self.values.add(_objects(cells))
                return
            cells = cells.tolist()
        if set(map(type, cells)) == {str}:
            self._texts([cell.strip() for cell in cells])
        elif any(isinstance(cell, str) for cell in cells):
            for index, cell in enumerate(cells):
                try:
                    self._texts([cell.strip()]) if isinstance(cell, str) else self._others([cell])
                except Bad as bad:
                    raise Bad(index, bad.reason) from None
        elif cells:
            self._others(cells)

    def done(self) -> Stamps:
        if self.kind != "parted":
            return self.values.done()
        if self.month_first and self.day_first:
            american, european = shown(self.month_first), shown(self.day_first)
            raise Bad(-1, f"{american} has its month first and {european} its day: write YYYY-MM-DD")
        if not self.month_first and not self.day_first:
            raise Bad(-1, "day or month first is ambiguous: write YYYY-MM-DD")
        assert self.swapped is not None
        return (self.values if self.month_first else self.swapped).done()

    @property
    def form(self) -> str | None:
        return self.kind if self.kind in ("epoch", "local", "zoned", "compact") else None

    def _alike(self, index: int, kind: str, cell: Any) -> None:
        if self.kind in ("", kind):
            self.kind = kind
            return
        reason = f"{shown(cell)} is not a time like those before"
        if {kind, self.kind} == {"local", "zoned"}:
            reason = f"{shown(cell)} has {'a' if kind == 'zoned' else 'no'} time zone, unlike the rows before"
        raise Bad(index, f"{reason}: write all alike")

    def _others(self, cells: Sequence[Any]) -> None:
        for index, cell in enumerate(cells):
            if isinstance(cell, bool | np.bool) or is_missing(cell):
                raise Bad(index, f"{shown(cell)} is not a time")
        numbers = all(isinstance(cell, int | float | np.integer | np.floating) for cell in cells)
        self._alike(0, "epoch" if numbers else "object", cells[0])
        self.values.add(_objects(cells))

    def _texts(self, cells: list[str]) -> None:
        text = "\n".join(cells)
        if text.count("\n") >= max(len(cells), 1):
            index = next(i for i, cell in enumerate(cells) if "\n" in cell)
            self._refuse(index, cells[index])
        shapes = set(text.translate(SHAPE).split("\n")) if cells else set()
        kinds = {shape: self._kind(shape) for shape in shapes}
        if not self.kind or set(kinds.values()) != {self.kind}:
            # the first block, or a cell that is not like those before
            for index, cell in enumerate(cells):
                kind = kinds[cell.translate(SHAPE)] or self._refuse(index, cell)
                self._alike(index, kind, cell)
        if self.kind == "parted":
            self._parted(cells)
            return
        if self.kind == "compact":
            cells = [_dashed(cell) for cell in cells]
        if self.kind != "epoch":
            if any("." in shape[:5] for shape in shapes):
                cells = [f"{cell[:4]}-{cell[5:7]}-{cell[8:]}" for cell in cells]
            if any(len(shape) > 12 and shape[12] == ":" for shape in shapes):
                # an hour of one digit
                cells = [f"{cell[:11]}0{cell[11:]}" if cell[12:13] == ":" else cell for cell in cells]
            self._years(cells)
        stamps, bad = clock.of_texts(cells)
        if bad >= 0:
            cell = shown(cells[bad])
            if self.kind == "epoch":
                raise Bad(bad, f"{cell} is not a time in s, ms, us or ns since 1970 (1990 to 2100)")
            raise Bad(bad, f"{cell} is not in the calendar")
        self.values.add(stamps)

    def _kind(self, shape: str) -> str:
        if iso := ISO.fullmatch(shape):
            return "zoned" if iso["zone"] else "local"
        if self.compact and COMPACT.fullmatch(shape):
            return "compact"
        if PARTED.fullmatch(shape):
            return "parted"
        return "epoch" if EPOCH.fullmatch(shape) and len(shape) < 40 else ""

    def _refuse(self, index: int, cell: str) -> str:
        raise Bad(index, f"{shown(cell)} is not a time: write YYYY-MM-DD HH:MM")

    def _years(self, cells: list[str]) -> None:
        if min(cells) < YEARS[0] or max(cells) >= YEARS[1]:
            bad = next(i for i, cell in enumerate(cells) if not YEARS[0] <= cell < YEARS[1])
            raise Bad(bad, f"the year {cells[bad][:4]} is not between 1900 and 2199")

    def _parted(self, cells: list[str]) -> None:
        """Dates with the year last: kept in both readings until one of them fails."""
        if self.swapped is None:
            self.swapped = Grown(np.int64)
        month_first, day_first = [], []
        for index, cell in enumerate(cells):
            parts = PARTED.fullmatch(cell)
            assert parts is not None
            first, second, year = int(parts[1]), int(parts[3]), parts[4]
            if second > 12:
                self.month_first = self.month_first or cell
            if first > 12:
                self.day_first = self.day_first or cell
            if (first > 12 and second > 12) or not YEARS[0] <= year < YEARS[1]:
                raise Bad(index, f"{shown(cell)} is not in the calendar")
            rest = _hour(index, cell, parts)
            # what cannot be so is any valid date: the reading is dropped at the end
            month_first.append(f"{year}-{first:02}-{second:02}{rest}" if first <= 12 else f"{year}-01-01")
            day_first.append(f"{year}-{second:02}-{first:02}{rest}" if second <= 12 else f"{year}-01-01")
        for values, dates, alone in (
            (self.values, month_first, self.month_first),
            (self.swapped, day_first, self.day_first),
        ):
            stamps, bad = clock.of_texts(dates)
            if bad >= 0 and alone:
                raise Bad(bad, f"{shown(cells[bad])} is not in the calendar")
            values.add(stamps)


def _hour(index: int, cell: str, parts: re.Match[str]) -> str:
    if parts[5] is None:
        return ""
    hour, half = int(parts[5]), parts[8]
    if half is not None:
        if not 1 <= hour <= 12:
            raise Bad(index, f"{shown(cell)} is not in the calendar")
        hour = hour % 12 + 12 * (half == "PM")
    return f" {hour:02}:{parts[6]}:{parts[7] or '00'}"


def _dashed(cell: str) -> str:
    rest = cell[8:]
    if len(rest) == 7 and ":" not in rest:
        rest = f" {rest[1:3]}:{rest[3:5]}:{rest[5:]}"
    return f"{cell[:4]}-{cell[4:6]}-{cell[6:8]}{rest}"


def _objects(cells: Any) -> Stamps:
    """Times that are not text."""
    try:
        return clock.times("time", cells if isinstance(cells, np.ndarray) else _array(cells)).reshape(-1)
    except (ValueError, TypeError, OverflowError):
        for index, cell in enumerate(cells):
            try:
                clock.moment("time", cell)
            except (ValueError, TypeError, OverflowError) as error:
                hint = str(error).rpartition(": ")[2] if ": " in str(error) else "write YYYY-MM-DD HH:MM"
                raise Bad(index, f"{shown(cell)} is not a time: {hint}") from None
        raise


def _array(cells: Sequence[Any]) -> NDArray[Any]:
    array = np.empty(len(cells), dtype=object)
    array[:] = cells
    return array


class Clocks(Column):
    """Times of day in nanoseconds since midnight: HH:MM, HH:MM:SS, HHMMSS or HHMM."""

    def __init__(self) -> None:
        self.values = Grown(np.int64)

    def add(self, cells: Any) -> None:
        known: dict[Any, int] = {}
        for index, cell in enumerate(cells):
            if cell not in known:
                known[cell] = self._one(index, str(cell).strip())
        self.values.add(np.fromiter(map(known.__getitem__, cells), np.int64, len(cells)))

    def done(self) -> Stamps:
        return self.values.done()

    @property
    def form(self) -> str | None:
        return "clock"

    def _one(self, index: int, cell: str) -> int:
        if not CLOCK.fullmatch(cell.translate(SHAPE)):
            raise Bad(index, f"{shown(cell)} is not a time of day: write HH:MM:SS")
        digits = cell if ":" in cell else ":".join(re.findall("..", cell))
        stamps, bad = clock.of_texts([f"1970-01-01 {digits.zfill(len(digits) + (digits[1] == ':'))}"])
        if bad >= 0:
            raise Bad(index, f"{shown(cell)} is not a time of day: write HH:MM:SS")
        return int(stamps[0])


class Labels(Column):
    """Names, as codes into a list of those that occur."""

    def __init__(self) -> None:
        self.values = Grown(np.int32)
        self.codes: dict[str, int] = {}
        self.bytes: dict[bytes, int] = {}

    def add(self, cells: Any) -> None:
        cells = cells.tolist() if isinstance(cells, np.ndarray) else list(cells)
        known: dict[Any, int] = {}
        for index, cell in enumerate(cells):
            try:
                if cell not in known:
                    known[cell] = self.code(index, cell)
            except TypeError:
                raise Bad(index, f"{shown(cell)} is not a name") from None
        self.values.add(np.fromiter(map(known.__getitem__, cells), np.int32, len(cells)))

    def code(self, index: int, cell: Any) -> int:
        label = cell.strip() if isinstance(cell, str) else "" if is_missing(cell) else str(cell)
        if len(label) > LONGEST_LABEL:
            raise Bad(index, f"{shown(label)} is too long for a name ({counted(len(label), 'character')})")
        if not label.isprintable():
            raise Bad(index, f"{shown(label)} is not a name: it has characters that cannot be printed")
        code = self.codes.setdefault(label, len(self.codes))
        self.bytes[label.encode("utf-8", "surrogatepass")] = code
        return code

    @property
    def form(self) -> str | None:
        return "label"

    @property
    def known(self) -> dict[bytes, int]:
        return self.bytes

    def done(self) -> tuple[NDArray[np.int32], list[str]]:
        return self.values.done(), list(self.codes)
