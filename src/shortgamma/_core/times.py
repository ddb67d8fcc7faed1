"""Times and durations: the one parser of all families, readers and streams.

A time is kept as int64 nanoseconds since 1970 in UTC. What does not say which time it means is refused: words such as
``now``, bare years, dates without separators, serial numbers of spreadsheets.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.checks import describe, first, place

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, NoReturn

    from numpy.typing import NDArray

    Stamps = NDArray[np.int64]

MICROSECOND = 1_000
MILLISECOND = 1_000_000
SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
YEAR = 365 * DAY

# Numbers since 1970: between these years the ranges of the four units are far apart.
SINCE, UNTIL = 631_152_000, 4_102_444_800  # seconds, of 1990-01-01 and 2100-01-01
UNITS = (1, MICROSECOND, MILLISECOND, SECOND)
# Clocks of venues are a few milliseconds, at worst a few seconds, off; payments are due on whole minutes.
JITTER = 5 * SECOND

NAIVE, AWARE = datetime(1970, 1, 1), datetime(1970, 1, 1, tzinfo=UTC)
# Shapes of text have 0 for every digit, so that a column of a million cells has a handful of shapes.
SHAPE = str.maketrans("123456789", "000000000")
ISO = re.compile(
    r"0000(?P<dash>[-/])00(?P=dash)00(?:[Tt ]00(?::00(?::00(?:\.0{1,9})?)?)?)?"
    r"(?P<zone> ?(?:[Zz]|UTC|GMT|[+-]00(?::?00)?))?"
)
ZONE = re.compile(r" ?(?:[Zz]|UTC|GMT|([+-])(\d\d):?(\d\d)?)$")
NUMBER = re.compile(r"[+-]?0+(?:\.0*)?(?:[eE][+-]?0+)?")
YEARS = ("1678", "2262")
LARGEST = np.uint64(2**63 - 1)
LENGTHS = {
    "ns": 1, "us": MICROSECOND, "ms": MILLISECOND, "s": SECOND, "sec": SECOND, "second": SECOND, "min": MINUTE,
    "minute": MINUTE, "h": HOUR, "hour": HOUR, "d": DAY, "day": DAY, "w": 7 * DAY, "week": 7 * DAY,
}  # fmt: skip
LENGTH = re.compile(r"(\d+(?:\.\d+)?) ?([A-Za-z]+)")
FORMS = "datetime64, ISO text such as '2020-01-31 08:00' (UTC unless it has a zone), or s, ms, us or ns since 1970"


def times(name: str, value: Any) -> Stamps:
    """Times as int64 nanoseconds UTC, in the shape in which they come.

    Parameters
    ----------
    name : str
        Name of the argument, for messages.
    value : array_like
        datetime64 of any unit; datetime or date; ISO 8601 text, also with ``/``, a space, ``Z``, ``UTC`` or an offset;
        pandas with or without a zone; periods, of which the start counts; polars and xarray; or numbers since 1970, as
        int, float64 or text. The size of each number tells whether it is in s, ms, us or ns.

    Raises
    ------
    ValueError
        For the first element that is not a time, or is beyond the range of nanoseconds (1677 to 2262).
    TypeError
        If the type of the array cannot hold times.
    """
    array = value if type(value) is np.ndarray else _array(name, value)
    kind = array.dtype.kind
    if kind == "M":
        return _of_datetimes(name, array)
    if kind in "iuf":
        return _of_numbers(name, array)
    if kind in "UT":
        return _of_texts(name, array)
    if kind == "O":
        return _of_objects(name, array)
    raise TypeError(f"{name} must be times, got {describe(value, array)}: write {FORMS}")


def nanoseconds(value: Any) -> Stamps | None:
    """An array of one dimension that may be in nanoseconds already, as int64; None for anything else.

    For long columns, of which checking each element would take longer than their use. NaT is the lowest number;
    `are_nanoseconds` tells whether integers are nanoseconds.
    """
    if type(value) is np.ndarray and value.ndim == 1 and value.dtype in (np.dtype(np.int64), np.dtype("M8[ns]")):
        return value.view(np.int64) if value.dtype.kind == "M" else value
    return None


def are_nanoseconds(stamp: Stamps, indptr: Stamps) -> bool:
    """Whether ascending integers are nanoseconds, by the ends of each stretch from one offset to the next."""
    full = indptr[1:] > indptr[:-1]
    first, last = stamp[indptr[:-1][full]], stamp[indptr[1:][full] - 1]
    return bool((first >= SINCE * SECOND).all() and (last < UNTIL * SECOND).all())


def moment(name: str, value: Any) -> int:
    """One time, as `times` reads it."""
    stamp = times(name, value)
    if stamp.ndim:
        raise ValueError(f"{name} must be one time, got an array of shape {stamp.shape}")
    return int(stamp)


def nominal(stamp: Stamps) -> Stamps:
    """When payments were due that are stamped when a venue made them: the whole minute, if it is within 5 s.

    A stamp that another one follows, or precedes, by less than half a minute is of no schedule and stays as it is.
    """
    due = (stamp + MINUTE // 2) // MINUTE * MINUTE
    scheduled = np.abs(stamp - due) <= JITTER
    soon = np.diff(stamp) < 6 * JITTER
    scheduled[1:] &= ~soon
    scheduled[:-1] &= ~soon
    return np.where(scheduled, due, stamp)


def ascending(name: str, stamp: Stamps, *, strictly: bool = True) -> Stamps:
    """``stamp``, of one dimension and in order of time."""
    if stamp.ndim != 1:
        raise ValueError(f"{name} must have one dimension, got shape {stamp.shape}")
    step = np.diff(stamp)
    late = step <= 0 if strictly else step < 0
    if late.any():
        index = int(np.argmax(late)) + 1
        rule = "later than" if strictly else "at or after"
        raise ValueError(
            f"{name}[{index}] must be {rule} {name}[{index - 1}], got {shown(stamp[index])} after "
            f"{shown(stamp[index - 1])}"
        )
    return stamp


def duration(name: str, value: Any) -> int:
    """A length of time > 0 as nanoseconds: a timedelta, a timedelta64, or text such as ``"8h"``.

    A number has no unit and is refused.
    """
    if isinstance(value, str):
        length = _of_words(name, value)
    elif isinstance(value, timedelta) and not hasattr(value, "to_timedelta64"):
        length = ((value.days * 86_400 + value.seconds) * 1_000_000 + value.microseconds) * MICROSECOND
    else:
        length = _of_timedelta(name, value)
    if not 0 < length < 2**63:
        rule = "> 0" if length <= 0 else "less than 292 years"
        raise ValueError(f"{name} must be {rule}, got {value!s}")
    return length


def shown(stamp: Any) -> str:
    """A time for messages, no finer than it is."""
    time = np.datetime64(int(stamp), "ns")
    for unit in ("D", "m", "s", "ms", "us"):
        if time.astype(f"datetime64[{unit}]") == time:
            return str(time.astype(f"datetime64[{unit}]"))
    return str(time)


def of_texts(cells: Sequence[str]) -> tuple[Stamps, int]:
    """Times of a column of text, and the place of the first cell that is not a time (-1 if all are)."""
    cells = [cell.strip() for cell in cells]
    shapes = set("\n".join(cells).translate(SHAPE).split("\n"))
    forms = {shape: ISO.fullmatch(shape) for shape in shapes}
    if not all(forms.values()):
        if all(map(str.isdigit, shapes)) and max(map(len, shapes)) < 20 and all(map(str.isascii, shapes)):
            stamp, known = _since_1970(np.minimum(np.array(cells, dtype=np.uint64), LARGEST).astype(np.int64))
            return stamp, -1 if known.all() else int(np.argmin(known))
        return _of_mixed(cells)
    plain, offset = cells, 0
    if any(form is not None and form["zone"] for form in forms.values()):
        plain, offset = _without_zones(cells, {-1 if form is None else form.start("zone") for form in forms.values()})
    if any("/" in shape for shape in shapes):
        plain = [cell.replace("/", "-") for cell in plain]
    if min(plain, default=YEARS[0]) < YEARS[0] or max(plain, default="") >= YEARS[1]:
        return np.zeros(len(cells), dtype=np.int64), _first(not YEARS[0] <= cell < YEARS[1] for cell in plain)
    try:
        return np.array(plain, dtype="datetime64[ns]").view(np.int64) - offset, -1
    except ValueError:
        return np.zeros(len(cells), dtype=np.int64), _first(not _is_date(cell) for cell in plain)


def _array(name: str, value: Any) -> NDArray[Any]:
    if isinstance(value, np.ndarray):
        mask = getattr(value, "mask", False)
        if np.any(mask):
            raise ValueError(f"{place(name, first(np.broadcast_to(mask, value.shape)))} must be a time, got masked")
    elif type(value).__module__.startswith("pandas."):
        clock = getattr(value, "dt", value)
        dtype = getattr(value, "dtype", None)
        if getattr(dtype, "tz", None) is not None:
            value = clock.tz_convert(None)
        elif str(dtype).startswith("period"):
            value = clock.to_timestamp()
    try:
        return np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be times, got a ragged sequence") from None


def _of_datetimes(name: str, array: NDArray[Any]) -> Stamps:
    missing = np.isnat(array)
    if missing.any():
        raise ValueError(f"{place(name, first(missing))} must be a time, got NaT")
    nanoseconds = array.astype("datetime64[ns]", copy=False)
    if nanoseconds is not array:
        beyond = nanoseconds.astype(array.dtype) != array
        if beyond.any():
            index = first(beyond)
            raise ValueError(f"{place(name, index)} must be between the years 1677 and 2262, got {array[index]}")
    return nanoseconds.view(np.int64)


def _of_numbers(name: str, array: NDArray[Any]) -> Stamps:
    """Numbers since 1970, each in the one unit that puts it between 1990 and 2100."""
    if array.size == 0:
        return np.zeros(array.shape, dtype=np.int64)
    if array.dtype.kind == "f" and array.dtype.itemsize < 8:
        raise TypeError(f"{name} must be times, got dtype {array.dtype}, which holds no time to a second: use float64")
    numbers = np.minimum(array, LARGEST) if array.dtype == np.uint64 else array
    stamp, known = _since_1970(numbers.astype(np.float64 if array.dtype.kind == "f" else np.int64, copy=False))
    if not known.all():
        index = first(~known)
        _refuse_number(place(name, index), array[index].item())
    return stamp


def _since_1970(numbers: NDArray[Any]) -> tuple[Stamps, NDArray[np.bool]]:
    """Numbers in nanoseconds, and which of them are in a unit."""
    if numbers.dtype == np.int64 and numbers.min() >= SINCE * SECOND and numbers.max() < UNTIL * SECOND:
        return numbers, np.ones(1, dtype=np.bool)
    stamp, known = np.zeros(numbers.shape, dtype=np.int64), np.zeros(numbers.shape, dtype=np.bool)
    for unit in UNITS:
        inside = (numbers >= SINCE * (SECOND // unit)) & (numbers < UNTIL * (SECOND // unit))
        if inside.any():
            stamp[inside] = _scaled(numbers[inside], unit)
            known |= inside
    return stamp, known


def _scaled(numbers: NDArray[Any], unit: int) -> Stamps:
    if numbers.dtype == np.int64:
        return numbers * unit
    # a double holds today's time to a microsecond and no better
    if unit >= MICROSECOND:
        return np.round(numbers * (unit // MICROSECOND)).astype(np.int64) * MICROSECOND
    return np.round(numbers / MICROSECOND).astype(np.int64) * MICROSECOND


def _without_zones(cells: list[str], starts: set[int]) -> tuple[list[str], Any]:
    """Cells without their zones, and the offsets of these from UTC."""
    if len(starts) == 1 and -1 not in starts:
        (start,) = starts
        plain, zones = [cell[:start] for cell in cells], [cell[start:] for cell in cells]
    else:
        matches = [ZONE.search(cell, 10) for cell in cells]
        zones = ["" if match is None else match[0] for match in matches]
        plain = [cell[: len(cell) - len(zone)] for cell, zone in zip(cells, zones, strict=True)]
    known = {zone: _offset(zone) for zone in set(zones)}
    return plain, np.fromiter(map(known.__getitem__, zones), dtype=np.int64, count=len(zones))


def _of_texts(name: str, array: NDArray[Any]) -> Stamps:
    cells = array.ravel().tolist()
    stamp, bad = of_texts(cells)
    if bad >= 0:
        _refuse_text(place(name, _unravel(bad, array.shape)), cells[bad])
    return stamp.reshape(array.shape)


def _of_mixed(cells: list[str]) -> tuple[Stamps, int]:
    """Cells that are not all ISO: each is ISO or a number since 1970."""
    stamp = np.zeros(len(cells), dtype=np.int64)
    dates, wrong = [], -1
    for i, cell in enumerate(cells):
        shape = cell.translate(SHAPE)
        if ISO.fullmatch(shape):
            dates.append(i)
            continue
        since = None
        # a number of some hundred digits is not a time, and int() of thousands is slow
        if NUMBER.fullmatch(shape) and len(cell) <= 40:
            since = _epoch(int(cell) if shape.strip("0") == "" else float(cell))
        if since is None:
            wrong = i
            break
        stamp[i] = since
    if dates:
        stamp[dates], bad = of_texts([cells[i] for i in dates])
        if bad >= 0:
            return stamp, dates[bad]
    return stamp, wrong


def _of_objects(name: str, array: NDArray[Any]) -> Stamps:
    stamp = np.zeros(array.shape, dtype=np.int64)
    elements = array.ravel().tolist()
    texts = [i for i, element in enumerate(elements) if isinstance(element, str)]
    if texts:
        stamp.reshape(-1)[texts], bad = of_texts([elements[i] for i in texts])
        if bad >= 0:
            _refuse_text(place(name, _unravel(texts[bad], array.shape)), elements[texts[bad]])
    for i, element in enumerate(elements):
        if not isinstance(element, str):
            stamp.flat[i] = _of_object(place(name, _unravel(i, array.shape)), element)
    return stamp


def _of_object(here: str, element: Any) -> int:
    if hasattr(element, "start_time"):
        # a period of pandas
        element = element.start_time
    if hasattr(element, "to_datetime64"):
        # a Timestamp of pandas
        element = (element if element.tzinfo is None else element.tz_convert(None)).to_datetime64()
    if isinstance(element, np.datetime64):
        return int(_of_datetimes(here, np.asarray(element)))
    if isinstance(element, datetime):
        aware = element.utcoffset() is not None
        past = element - AWARE if aware else element.replace(tzinfo=None) - NAIVE
    elif isinstance(element, date):
        past = timedelta(element.toordinal() - NAIVE.toordinal())
    elif isinstance(element, int | float | np.integer | np.floating) and not isinstance(element, bool):
        since = _epoch(element)
        if since is None:
            _refuse_number(here, element)
        return since
    else:
        raise ValueError(f"{here} must be a time, got {_short(element)}: write {FORMS}")
    since = ((past.days * 86_400 + past.seconds) * 1_000_000 + past.microseconds) * MICROSECOND
    if not -(2**63) < since < 2**63:
        raise ValueError(f"{here} must be between the years 1677 and 2262, got {element}")
    return since


def _epoch(number: Any) -> int | None:
    """A number since 1970 in nanoseconds, None if it is in none of the units."""
    for unit in UNITS:
        if SINCE * (SECOND // unit) <= number < UNTIL * (SECOND // unit):
            whole = isinstance(number, int | np.integer)
            return int(number) * unit if whole else int(_scaled(np.asarray(number, dtype=np.float64), unit))
    return None


def _refuse_number(here: str, number: Any) -> NoReturn:
    hint = "write datetime64 or ISO text; a number must be s, ms, us or ns since 1970, between 1990 and 2100"
    text = str(number)
    if re.fullmatch(r"(?:19|20|21)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])", text):
        hint = f"write '{text[:4]}-{text[4:6]}-{text[6:]}'"
    elif re.fullmatch(r"(?:19|20|21)\d\d", text):
        hint = f"a year is no time: write '{text}-01-01'"
    elif 20_000 <= number < 80_000:
        hint = "if it is the serial number of a spreadsheet, write the date as ISO text, such as '2020-01-31'"
    raise ValueError(f"{here} must be a time, got {_short(number)}: {hint}")


def _refuse_text(here: str, cell: str) -> NoReturn:
    text = cell.strip()
    if text.isascii() and len(text) <= 20 and NUMBER.fullmatch(text.translate(SHAPE)):
        _refuse_number(here, int(text) if text.isdigit() else float(text))
    hint = f"write {FORMS}"
    if ISO.fullmatch(text.translate(SHAPE)):
        if not YEARS[0] <= text < YEARS[1]:
            raise ValueError(f"{here} must be between the years 1677 and 2262, got {_short(cell)}")
        hint = "it is not in the calendar"
    elif re.fullmatch(r"\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}.*", text):
        hint = "day or month first is ambiguous: write YYYY-MM-DD"
    raise ValueError(f"{here} must be a time, got {_short(cell)}: {hint}")


def _of_words(name: str, text: str) -> int:
    word = LENGTH.fullmatch(text.strip()) if text.isascii() and len(text) < 40 else None
    unit = "" if word is None else word[2]
    # "8 Hours" and "30 mins" too, but minutes and months are not told apart by one letter
    size = LENGTHS.get(unit) or LENGTHS.get(unit.lower().removesuffix("s"))
    if word is None or size is None:
        hint = "write 'min' for minutes" if unit in ("m", "M") else "write '8h', '30min' or '1d'"
        raise ValueError(f"{name} must be a length of time, got {_short(text)}: {hint}")
    return round(float(word[1]) * size) if "." in word[1] else int(word[1]) * size


def _of_timedelta(name: str, value: Any) -> int:
    if hasattr(value, "to_timedelta64"):
        value = value.to_timedelta64()
    array = np.asarray(value)
    if array.ndim or array.dtype.kind != "m":
        if array.ndim == 0 and array.dtype.kind in "iuf":
            hint = "a number has no unit: write '8h', or np.timedelta64(8, 'h')"
        else:
            hint = "write '8h', a timedelta or a timedelta64"
        raise TypeError(f"{name} must be a length of time, got {_short(value)}: {hint}")
    if np.isnat(array):
        raise ValueError(f"{name} must be a length of time, got NaT")
    unit = np.datetime_data(array.dtype)[0]
    if unit in ("generic", "Y", "M"):
        raise ValueError(
            f"{name} must be a length of time, got {value!s}: months and years differ in length, write days"
        )
    length = array.astype("timedelta64[ns]")
    if length.astype(array.dtype) != array:
        raise ValueError(f"{name} must be at least 1 ns and less than 292 years, got {value!s}")
    return int(length.view(np.int64))


def _offset(zone: str) -> int:
    parts = ZONE.fullmatch(zone)
    if parts is None or parts[1] is None:
        return 0
    size = int(parts[2]) * HOUR + int(parts[3] or 0) * MINUTE
    return -size if parts[1] == "-" else size


def _is_date(cell: str) -> bool:
    try:
        np.datetime64(cell, "ns")
    except ValueError:
        return False
    return True


def _first(flags: Iterable[bool]) -> int:
    return next(i for i, flag in enumerate(flags) if flag)


def _unravel(index: int, shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(int(i) for i in np.unravel_index(index, shape)) if shape else ()


def _short(value: object) -> str:
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= 60 else f"{text[:57]}..."
