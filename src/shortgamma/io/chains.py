"""Option chains as exchanges and vendors export them: Deribit, OptionsDX, Cboe, and tables like those of yfinance."""

from __future__ import annotations

import csv
import math
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shortgamma._core.results import Result
from shortgamma._core.times import DAY, HOUR, MINUTE, YEAR, moment, of_texts
from shortgamma.io._engine.cells import Bad, Numbers
from shortgamma.io._engine.errors import counted, shown
from shortgamma.io._engine.source import Source
from shortgamma.io._engine.table import Records, Rows, TextTable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shortgamma._core.types import Floats

    Row = dict[str, str]

# Names that the header of a chain has, without case and punctuation.
KNOWN = frozenset({
    "instrumentname", "contractsymbol", "strike", "strikeprice", "expiration", "expirationdate", "expiry", "expirydate",
    "expiryunix", "optiontype", "optionright", "putcall", "openinterest", "impliedvolatility", "markiv",
})  # fmt: skip
MONTHS = dict(
    zip(("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), range(1, 13), strict=True)
)
SECOND = 10**9
# settlement of Deribit's options, UTC
DERIBIT_HOUR = 8 * HOUR
# New York: the opening, at which index options of the third Friday settle, and the close
MORNING, AFTERNOON = 9 * HOUR + 30 * MINUTE, 16 * HOUR
# roots of which the monthly options settle at the opening; weeklies have roots of their own
OPENING_ROOTS = frozenset({"SPX", "NDX", "RUT", "DJX", "VIX", "MRUT"})
INSTRUMENT = re.compile(
    r"^[A-Z_]+-(?P<day>\d{1,2})(?P<month>[A-Z]{3})(?P<year>\d\d)-(?P<strike>\d+(?:d\d+)?)-(?P<kind>[CP])$"
)
OCC = re.compile(r"^(?P<root>[A-Z.^]+?)\s*(?P<date>\d{6})(?P<kind>[CP])(?P<strike>\d{8})$")
CBOE_STAMP = re.compile(
    r"(?:(?P<month>[A-Za-z]+) (?P<day>\d{1,2}),? (?P<year>\d{4})"
    r"|(?P<day2>\d{1,2}) (?P<month2>[A-Za-z]+) (?P<year2>\d{4}))"
    r",?(?: at)? (?P<hour>\d{1,2}):(?P<minute>\d\d) (?P<half>[AP]M) (?P<zone>E[SD]T)"
)


class Chain(Result):
    """Options of one moment, as `shortgamma.dealer` takes them.

    Attributes
    ----------
    strike : ndarray
        Strikes.
    expiry : ndarray
        Years to expiry by the second, a year of 365 days; < 0 where an option has expired.
    vol : ndarray
        Volatilities per year, 0.2 for 20 %; NaN where there is none.
    open_interest, volume : ndarray
        Contracts; NaN where there are none.
    option : ndarray of str
        "call" or "put".
    expires : ndarray of datetime64
        Time of expiry of each option, UTC.
    forward : ndarray or None
        Price of the underlying for each option, if the file has it.
    spot : float
        Price of the underlying, NaN if the file does not have it; with forwards, that of the first expiry.
    time : datetime64
        The moment of the quotes, UTC.
    multiplier : float
        Units of the underlying per contract.
    venue : str
        Venue or vendor of the format.
    notes : tuple of str
        Remarks on the source and on what was done with it.
    delta : ndarray or None
        Delta of each option as the venue works it out, if the file tells it.
    bid, ask : ndarray or None
        Prices of each option, NaN where there is no quote, if the file tells them: in coins at Deribit and OptionsDX.
    """

    strike: Floats
    expiry: Floats
    vol: Floats
    open_interest: Floats
    volume: Floats
    option: NDArray[np.str_]
    expires: NDArray[np.datetime64]
    forward: Floats | None
    spot: float
    time: Any
    multiplier: float
    venue: str
    notes: tuple[str, ...] = ()
    delta: Floats | None = None
    bid: Floats | None = None
    ask: Floats | None = None

    HIDDEN = ("notes",)


class Quotes(NamedTuple):
    """Columns before the clock is applied: nanoseconds UTC."""

    strike: list[float]
    expires: list[int]
    vol: list[float]
    open_interest: list[float]
    volume: list[float]
    option: list[str]
    forward: list[float] | None
    spot: float
    stamp: int | None
    multiplier: float
    venue: str
    delta: list[float] | None = None
    bid: list[float] | None = None
    ask: list[float] | None = None


def read_chain(source: Any, *, time: Any = None, spot: float | None = None, multiplier: float | None = None) -> Chain:
    """Read an option chain; the format is found by its columns.

    Parameters
    ----------
    source : path or open file
        A table of delimited text.
    time : time, optional
        The moment of the quotes. Required if the file has none; selects one if it has several; and replaces the stamp
        of a Cboe file, which is that of the download.
    spot : float, optional
        Price of the underlying, where the file has none.
    multiplier : float, optional
        Units of the underlying per contract, by default 1 for Deribit and OptionsDX and 100 for listed options.

    Returns
    -------
    Chain
        One row an option, in the order of the file.

    Raises
    ------
    ReadError
        If the format is not known, a cell cannot be read, or the file holds more than one moment and ``time`` does not
        choose.
    OSError
        If the file cannot be opened.

    See Also
    --------
    shortgamma.dealer.position : From open interest to quantities.

    Notes
    -----
    Deribit: 08:00 UTC on the day of expiry; the name of the instrument suffices. OptionsDX: times of the file, an
    underlying for each option. Cboe ("quotedata"): calls left, puts right; index roots of monthly options settle at
    09:30 New York, all others at 16:00. Tables of one option a row, as of yfinance: 16:00 New York. Volatilities are in
    per cent at Deribit and OptionsDX, fractions elsewhere; 0 is none.

    Examples
    --------
    >>> import io
    >>> import shortgamma as sg
    >>> text = "date,instrument_name,open_interest,mark_iv\\n2026-01-23T16:00,BTC-13FEB26-100000-C,265.2,35.09\\n"
    >>> chain = sg.io.read_chain(io.StringIO(text))
    >>> chain.option[0], float(chain.strike[0]), float(chain.vol[0].round(4))
    (np.str_('call'), 100000.0, 0.3509)
    """
    text = Source(source)
    lines = b"".join(text.pieces()).decode("utf-8-sig", "replace").splitlines()
    while lines and not lines[0].strip():
        lines.pop(0)
    wanted = None if time is None else moment("time", time)
    if any(line.startswith("Expiration Date,Calls") for line in lines[:6]):
        quotes = _cboe(text, lines)
    else:
        table = TextTable(text, KNOWN)
        names = table.names
        rows = [dict(zip(names, cells, strict=False)) for _, cells in Rows(table, Records(text, table.delimiter))]
        if not rows:
            text.refuse("has no rows")
        quotes = _table(text, rows, wanted)
    stamp = quotes.stamp if wanted is None else wanted
    if stamp is None:
        text.refuse("does not tell the time of its quotes: give time=")
    notes = []
    if quotes.venue == "Cboe" and wanted is None:
        weekday = (stamp // DAY + 3) % 7
        download = "the stamp is that of the download, not of the quotes"
        notes.append(f"{download}: it lies on a weekend, give time=" if weekday >= 5 else download)
    given = quotes.spot if spot is None else float(spot)
    expires = np.array(quotes.expires, dtype=np.int64)
    expiry = (expires - stamp) / YEAR
    vol, interest = np.array(quotes.vol), np.array(quotes.open_interest)
    for number, what in (
        (int((expiry < 0.0).sum()), "expired"),
        (int(np.isnan(vol).sum()), "without a volatility"),
        (int((~(interest > 0.0)).sum()), "without open interest"),
    ):
        if number:
            notes.append(f"{counted(number, 'option')} {what}")
    return Chain(
        np.array(quotes.strike), expiry, vol, interest, np.array(quotes.volume), np.array(quotes.option),
        expires.view("datetime64[ns]"), None if quotes.forward is None else np.array(quotes.forward), given,
        np.datetime64(stamp, "ns"), quotes.multiplier if multiplier is None else float(multiplier), quotes.venue,
        tuple(notes), *(None if each is None else np.array(each) for each in (quotes.delta, quotes.bid, quotes.ask)),
    )  # fmt: skip


def _number(source: Source, cell: str | None, column: str, line: int) -> float:
    """A cell; NaN for an empty one."""
    numbers = Numbers()
    try:
        numbers.add([cell or ""])
        return float(numbers.done()[0])
    except Bad as bad:
        source.refuse(f"column {column}: {bad.reason}", line)


def _column(source: Source, rows: Sequence[Row], name: str | None, line: int = 2) -> list[float]:
    if name is None:
        return [math.nan] * len(rows)
    return [_number(source, row[name], name, line + place) for place, row in enumerate(rows)]


def _find(columns: Sequence[str], *names: str) -> str | None:
    """The first of these names that is there, without case and punctuation."""
    plain = {re.sub(r"[^a-z0-9]", "", column.lower()): column for column in columns if column}
    return next((plain[name] for name in names if name in plain), None)


def _times(source: Source, cells: Sequence[str], column: str) -> list[int]:
    stamps, bad = of_texts(list(cells))
    if bad >= 0:
        source.refuse(f"column {column}: {shown(cells[bad])} is not a time", bad + 2)
    return [int(stamp) for stamp in stamps]


def _none(vol: float, unit: float) -> float:
    return vol * unit if vol > 0.0 else math.nan


def _quoted(source: Source, rows: list[Row]) -> list[list[float] | None]:
    """Delta, bid and ask of each option; a bid or an ask of 0 is none."""
    names = [_find(list(rows[0]), *each) for each in (("delta",), ("bid", "bidprice"), ("ask", "askprice"))]
    columns = [None if name is None else _column(source, rows, name) for name in names]
    return [columns[0], *([_none(each, 1.0) for each in column] if column else None for column in columns[1:])]


def _chosen(source: Source, rows: list[Row], column: str, wanted: int | None) -> tuple[list[Row], int]:
    """The rows of one moment."""
    if all(re.fullmatch(r"\d{9,11}", row[column].strip()) for row in rows):
        stamps = [int(row[column]) * SECOND for row in rows]
    else:
        stamps = _times(source, [row[column] for row in rows], column)
    distinct = sorted(set(stamps))
    if len(distinct) == 1:
        return rows, distinct[0]
    if wanted is None:
        first, last = (np.datetime64(stamp, "ns").astype("datetime64[s]") for stamp in (distinct[0], distinct[-1]))
        source.refuse(f"column {column} holds {len(distinct):,} times, {first} to {last}: choose one with time=")
    here = [row for row, stamp in zip(rows, stamps, strict=True) if stamp == wanted]
    if not here:
        source.refuse(f"column {column} does not hold {np.datetime64(wanted, 'ns').astype('datetime64[s]')}")
    return here, wanted


def _table(source: Source, rows: list[Row], wanted: int | None) -> Quotes:
    columns = list(rows[0])
    if _find(columns, "expiryunix") and _find(columns, "optionright"):
        return _optionsdx(source, rows, wanted)
    name = _find(columns, "instrumentname", "instrument", "contractsymbol", "symbol", "contract")
    if name and INSTRUMENT.match(rows[0][name].strip()):
        return _deribit(source, rows, name, wanted)
    return _listed(source, rows, name, wanted)


def _optionsdx(source: Source, rows: list[Row], wanted: int | None) -> Quotes:
    rows, stamp = _chosen(source, rows, "QUOTE_UNIXTIME", wanted)
    forward = _column(source, rows, "UNDERLYING_PRICE")
    expires = [int(float(row["EXPIRY_UNIX"])) * SECOND for row in rows]
    nearest = min(range(len(rows)), key=lambda place: (expires[place], place))
    return Quotes(
        _column(source, rows, "STRIKE"), expires, [_none(vol, 0.01) for vol in _column(source, rows, "MARK_IV")],
        _column(source, rows, "OPEN_INTEREST"), _column(source, rows, "VOLUME"),
        [_kind(source, row["OPTION_RIGHT"]) for row in rows], forward, forward[nearest], stamp, 1.0, "OptionsDX",
        *_quoted(source, rows),
    )  # fmt: skip


def _kind(source: Source, cell: str) -> str:
    kind = {"c": "call", "p": "put"}.get(cell.strip().lower()[:1])
    if kind is None:
        source.refuse(f"{shown(cell)} is neither a call nor a put")
    return kind


def _date(source: Source, year: int, month: str | int, day: int) -> int:
    """Midnight UTC, in ns."""
    place = MONTHS.get(month[:3].lower(), 0) if isinstance(month, str) else month
    try:
        return int(np.datetime64(f"{year:04}-{place:02}-{day:02}", "ns").astype(np.int64))
    except ValueError:
        source.refuse(f"{day} {month} {year} is not a date")


def _deribit(source: Source, rows: list[Row], name: str, wanted: int | None) -> Quotes:
    columns = list(rows[0])
    dated = _find(columns, "date", "timestamp", "time", "datetime", "creationtimestamp")
    stamp = None
    if dated:
        rows, stamp = _chosen(source, rows, dated, wanted)
    strike, expires, option = [], [], []
    for place, row in enumerate(rows):
        instrument = INSTRUMENT.match(row[name].strip())
        if instrument is None:
            source.refuse(f"column {name}: {shown(row[name])} is not an option", place + 2)
        strike.append(float(instrument["strike"].replace("d", ".")))
        expires.append(
            _date(source, 2000 + int(instrument["year"]), instrument["month"], int(instrument["day"])) + DERIBIT_HOUR
        )
        option.append("call" if instrument["kind"] == "C" else "put")
    underlying = _find(columns, "underlyingprice", "forward")
    forward = _column(source, rows, underlying) if underlying else None
    vols = _column(source, rows, _find(columns, "markiv", "iv", "impliedvolatility"))
    nearest = min(range(len(rows)), key=lambda place: (expires[place], place))
    return Quotes(
        strike, expires, [_none(vol, 0.01) for vol in vols],
        _column(source, rows, _find(columns, "openinterest", "oi")), _column(source, rows, _find(columns, "volume")),
        option, forward, forward[nearest] if forward else math.nan, stamp, 1.0, "Deribit", *_quoted(source, rows),
    )  # fmt: skip


def _listed(source: Source, rows: list[Row], name: str | None, wanted: int | None) -> Quotes:
    """One option a row: strikes, kinds and expiries in columns of their own or in the name of the contract."""
    columns = list(rows[0])
    interest = _find(columns, "openinterest", "oi")
    vol = _find(columns, "impliedvolatility", "iv", "impliedvol", "vol")
    kind = _find(columns, "optiontype", "type", "right", "putcall", "callput")
    strike = _find(columns, "strike", "strikeprice")
    day = _find(columns, "expiration", "expirationdate", "expiry", "expirydate")
    named = bool(name and OCC.match(rows[0][name].strip()))
    if interest is None or vol is None or not (named or (kind and strike and day)):
        source.refuse(
            "is not a chain of Deribit, OptionsDX, Cboe, or a table with strike, expiration, option type, implied "
            f"volatility and open interest; its columns are {', '.join(map(shown, columns[:8]))}"
        )
    dated = _find(columns, "timestamp", "quotetime", "quotedate", "time")
    stamp = None
    if dated:
        rows, stamp = _chosen(source, rows, dated, wanted)
    codes = [OCC.match(row[name].strip()) if named and name else None for row in rows]
    expires, option, strikes = [], [], []
    for place, (row, code) in enumerate(zip(rows, codes, strict=True)):
        date = (
            row[day].strip() if day else f"20{code['date'][:2]}-{code['date'][2:4]}-{code['date'][4:]}" if code else ""
        )
        midnight = _times(source, [date[:10]], day or name or "")[0]
        expires.append(midnight + AFTERNOON - _new_york(midnight))
        option.append(_kind(source, row[kind] if kind else code["kind"] if code else ""))
        level = row[strike] if strike else str(int(code["strike"]) / 1000.0) if code else ""
        strikes.append(_number(source, level, strike or name or "", place + 2))
    underlying = _find(columns, "underlyingprice", "spot", "underlying", "stockprice")
    underlying = underlying or next(
        (column for column in columns if re.fullmatch(r"(?!market|strike|last)[a-z]+_price", column or "")), None
    )
    spots = _column(source, rows[:1], underlying)
    return Quotes(
        strikes, expires, [_none(value, 1.0) for value in _column(source, rows, vol)],
        _column(source, rows, interest), _column(source, rows, _find(columns, "volume")), option, None, spots[0],
        stamp, 100.0, "listed", *_quoted(source, rows),
    )  # fmt: skip


def _new_york(midnight: int) -> int:
    """Offset of New York from UTC on a day, in ns: daylight saving from the second Sunday of March to the first of
    November."""
    year = int(np.datetime64(midnight, "ns").astype("datetime64[Y]").astype(int)) + 1970

    def sunday(month: int, which: int) -> int:
        first = int(np.datetime64(f"{year:04}-{month:02}-01", "D").astype(int))
        return first + (3 - first) % 7 + 7 * (which - 1)

    day = midnight // DAY
    return -4 * HOUR if sunday(3, 2) <= day < sunday(11, 1) else -5 * HOUR


def _cboe(source: Source, lines: list[str]) -> Quotes:
    begin = next(place for place, line in enumerate(lines) if line.startswith("Expiration Date,Calls"))
    header = " ".join(lines[:begin])
    last, stamped = re.search(r"Last:\s*([\d.]+)", header), CBOE_STAMP.search(header)
    if last is None:
        source.refuse("has no 'Last:' in the lines before its table")
    stamp = None
    if stamped:
        half = 12 if stamped["half"] == "PM" else 0
        midnight = _date(
            source, int(stamped["year"] or stamped["year2"]), stamped["month"] or stamped["month2"],
            int(stamped["day"] or stamped["day2"]),
        )  # fmt: skip
        offset = (5 if stamped["zone"] == "EST" else 4) * HOUR
        stamp = midnight + (int(stamped["hour"]) % 12 + half) * HOUR + int(stamped["minute"]) * MINUTE + offset
    strike, expires, vol, interest, volume, option = [], [], [], [], [], []
    for place, cells in enumerate(csv.reader(lines[begin + 1 :]), begin + 2):
        if not cells:
            continue
        if len(cells) < 22:
            source.refuse(f"has {len(cells)} cells, not the 22 of a Cboe table", place)
        words = cells[0].split()
        if len(words) != 4:
            source.refuse(f"column Expiration Date: {shown(cells[0])} is not a date", place)
        midnight = _date(source, int(words[3]), words[1], int(words[2]))
        for first, kind in ((1, "call"), (12, "put")):
            root = re.match(r"[A-Z]+", cells[first].strip())
            opening = root is not None and root[0] in OPENING_ROOTS
            expires.append(midnight + (MORNING if opening else AFTERNOON) - _new_york(midnight))
            strike.append(_number(source, cells[11], "Strike", place))
            volume.append(_number(source, cells[first + 5], "Volume", place))
            vol.append(_none(_number(source, cells[first + 6], "IV", place), 1.0))
            interest.append(_number(source, cells[first + 9], "Open Interest", place))
            option.append(kind)
    return Quotes(strike, expires, vol, interest, volume, option, None, float(last[1]), stamp, 100.0, "Cboe")
