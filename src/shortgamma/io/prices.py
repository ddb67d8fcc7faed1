"""Prices as exchanges and data vendors export them.

A wrong price is worse than no price: every doubt is either an error that names file, line and column, or a note.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from shortgamma._core.results import Result
from shortgamma.io._engine import (
    Clocks,
    Numbers,
    Times,
    counted,
    is_missing,
    is_number,
    listed,
    open_table,
    plain,
    shown,
)
from shortgamma.io._engine.identity import IDENTITY, Identity

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from numpy.typing import NDArray

    from shortgamma.io._engine import Table
    from shortgamma.io._engine.opening import Readable

    Times64 = NDArray[np.datetime64]
    Stamps = NDArray[np.int64]
    Floats = NDArray[np.float64]

__all__ = [
    "DAY",
    "HOUR",
    "YEAR",
    "Prices",
    "Split",
    "bars_per_year",
    "duration",
    "read_prices",
    "stamp",
]

SECOND = 1_000_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
YEAR = 365 * DAY
TRADING_DAYS = 252

LONGEST_HOLIDAY = 4 * DAY
GAP = 1.5
BLOCK = 1 << 18
JUMP = 3.0

# Names are compared without case, spaces and punctuation. Of the times, the first that is present is taken.
TIME_NAMES = (
    *("opentime", "klineopentime", "unixtimestamp", "unixtime", "unix", "epoch", "timestampms", "timestamp"),
    *("datetime", "snappedat", "dateutc", "timeutc", "gmttime", "observationdate", "date", "time", "day", "start"),
    *("starttime", "ts", "t", "closetime", "endtime"),
)
# Only BitMEX labels its bars by their end.
BITMEX = ("lastsize", "homenotional")
CLOSE_TIMES = ("closetime", "endtime")
NAMELESS = ("", "index", "unnamed0")
ADJUSTED_NAMES = ("adjclose", "adjustedclose", "closeadj", "closeadjusted")
PRICE_NAMES = (
    *("close", "closeprice", "closingprice", "closelast", "price", "last", "lastprice", "markprice", "indexprice"),
    *("settle", "settlementprice", "mid", "midprice", "c"),
)
# Klines of twelve columns.
BINANCE = (
    *("open time", "open", "high", "low", "close", "volume", "close time", "quote volume", "trades"),
    *("taker buy volume", "taker buy quote volume", "ignore"),
)
OPEN_NAMES = ("open", "openprice", "o")
HIGH_NAMES = ("high", "highprice", "h")
LOW_NAMES = ("low", "lowprice", "l")
KNOWN = frozenset({*TIME_NAMES, *PRICE_NAMES, *ADJUSTED_NAMES, *OPEN_NAMES, *HIGH_NAMES, *LOW_NAMES})
# A column of numbers with one of these words in its name is not the price.
OTHERS = ("rate", "yield", "volume", "vol", "return", "change", "count", "trades", "interest", "percent", "turnover")

# Ratios of splits and reverse splits.
SPLITS = (
    *((n, 1) for n in (2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 15, 20, 25, 30, 40, 50, 100)),
    *((3, 2), (5, 2), (5, 3), (7, 2), (8, 5)),
)
SMALLEST = 1.45
MANY = 1000
# Returns on either side that must be small beside the jump, and how small.
AROUND, BESIDE = 20, 3
QUIET = 0.06
STILL = 0.25
# Fraction of rows without a header whose close may lie outside of high and low.
FEW = 0.05
NOT_ADJUSTED = ", not adjusted: adjusted() does it"


class Split(Result):
    """A jump that looks like a split of shares.

    Attributes
    ----------
    bar : int
        The first bar at the new price.
    time : datetime64[ns]
        Its label.
    ratio : float
        Shares after the split per share before: 2.0 for a 2:1 split, 0.1 for a 1:10 reverse split.
    """

    bar: int
    time: np.datetime64
    ratio: float


class Prices(Result):
    """One price series, times strictly ascending; see `read_prices`.

    Attributes
    ----------
    time : ndarray of datetime64[ns]
        Label of each bar in UTC.
    open, high, low : ndarray of float64 or None
        First, highest and lowest price of each bar, NaN where a row has none, None where the source has none.
    close : ndarray of float64
        Closing price of each bar, > 0.
    stamp : {'open', 'close'}
        Whether a label is the time at which its bar opens or closes.
    symbol : str
        The instrument, empty if the source does not say.
    splits : tuple of Split
        Jumps that look like splits; the prices are not adjusted for them.
    notes : tuple of str
        Remarks on the source and on what was done with it.
    """

    INDEX = "time"

    time: Times64
    open: Floats | None
    high: Floats | None
    low: Floats | None
    close: Floats
    stamp: Literal["open", "close"]
    symbol: str
    splits: tuple[Split, ...]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        clock = _has_clock(self.time.view(np.int64))
        kinds = [name for name in ("open", "high", "low", "close") if getattr(self, name) is not None]
        lines = [
            f"Prices {self.symbol}".rstrip()
            + f": {counted(len(self.time), 'bar')}, {stamp(self.time[0], clock)} to {stamp(self.time[-1], clock)},"
            f" close {self.close[0]:.6g} to {self.close[-1]:.6g}",
            f"  {', '.join(kinds)}; labelled by the {self.stamp} of each bar",
        ]
        lines += [f"  note: {note}" for note in self.notes[:2]]
        if len(self.notes) > 2:
            lines.append(f"  and {counted(len(self.notes) - 2, 'more note')}")
        return "\n".join(lines)

    @property
    def held(self) -> Times64:
        """When each close held, datetime64[ns]: the label, or the end of the bar that it opens."""
        if self.stamp == "close":
            return self.time
        stamps = self.time.view(np.int64)
        ends = stamps + int(np.median(np.diff(stamps)))
        # a bar before a gap is as long as the others
        ends[:-1] = np.minimum(ends[:-1], stamps[1:])
        return ends.view("datetime64[ns]")

    def adjusted(self) -> Prices:
        """The series with the prices before each split brought to those after it."""
        factor = np.ones(len(self.time))
        for split in self.splits:
            factor[: split.bar] /= split.ratio
        scaled: dict[str, Any] = {
            name: None if getattr(self, name) is None else getattr(self, name) * factor
            for name in ("open", "high", "low", "close")
        }
        notes = tuple(note.replace(NOT_ADJUSTED, ", adjusted") for note in self.notes)
        return self._replace(**scaled, splits=(), notes=notes)


def read_prices(
    source: Readable,
    *,
    symbol: str | None = None,
    stamp: Literal["open", "close"] | None = None,
    progress: Callable[[int, int], Any] | None = None,
) -> Prices:
    """Read one series of prices.

    Parameters
    ----------
    source : path, open file, DataFrame, or rows
        A table with a time, a close, and perhaps open, high and low: text delimited by comma, semicolon, tab or bar,
        JSON, a frame of pandas or polars, or a list of rows (objects with names, or lists). Known formats are the
        klines of Binance, Bybit, OKX and ccxt with or without a header, Kraken's and histdata.com's files, Yahoo,
        yfinance, Stooq (also its bulk text), Cboe, FRED, and similar ones. Times are ISO dates or times (without a zone
        they are UTC), YYYYMMDD, dates with the month or day first if a date in the file shows which, or numbers since
        1970 in s, ms, us or ns, also mixed.
    symbol : str, optional
        The instrument, where the source has several.
    stamp : {'open', 'close'}, optional
        Whether a label is the time at which its bar opens or closes, if the source does not say. By default bars
        and dates are labelled by their open; a price with a time of day and no open is a price at that time.
    {progress [bytes]}

    Returns
    -------
    Prices
        The series, and notes on rows dropped, gaps, jumps and splits. Nothing is filled in: a row without a close is
        dropped, one without high or low is kept.

    Raises
    ------
    ReadError
        If the source cannot be read or understood: a ValueError of one line that names file, line and column.
    {TypeError [source]}

    Examples
    --------
    >>> import io
    >>> import shortgamma as sg
    >>> prices = sg.io.read_prices(io.StringIO("Date,Close\\n2024-01-02,100\\n2024-01-03,105\\n"))
    >>> prices.close
    array([100., 105.])
    >>> prices
    Prices: 2 bars, 2024-01-02 to 2024-01-03, close 100 to 105
      close; labelled by the open of each bar
    """
    if stamp not in (None, "open", "close"):
        raise ValueError(f"stamp must be 'open' or 'close', got {stamp!r}")
    table = open_table(source, known=KNOWN, symbol=symbol, prefer=("prices", "klines", "candles"), progress=progress)
    layout = _Layout(table, symbol)
    return layout.prices(stamp)


class _Layout:
    """The places of the columns of a table of prices."""

    def __init__(self, table: Table, symbol: str | None) -> None:
        self.table = table
        self.symbol = symbol
        self.clock: int | None = None
        self.price: int | None = None
        self.unadjusted: int | None = None
        self.bars: dict[str, int | None] = {"open": None, "high": None, "low": None}
        # columns of other instruments
        self.left_out: set[int] = set()
        self.label = ""
        self.by_header = False
        self._levels()
        if table.header:
            self._named()
        else:
            self._nameless()
        used = [self.time, self.clock, self.price, self.unadjusted, *self.bars.values(), *self.left_out]
        self.identity = Identity(table, used) if not self.by_header else None

    def _levels(self) -> None:
        """Headers of three lines, as yfinance writes them: what is quoted, of which instrument, the word Date."""
        table = self.table
        first = [str(row[0]).strip() for row in table.head[:2]]
        if hasattr(table, "drop_head") and table.header and plain(table.names[0]) in ("", "price") and len(first) == 2:
            lines = [plain(name) for name in first]
            if lines[0] in ("", "ticker") and lines[1] in ("date", "datetime") and not any(table.head[1][1:]):
                table.levels = ["", *(str(cell).strip() for cell in table.head[0][1:])]
                table.names[0] = first[1]
                table.drop_head(2)
        levels = table.levels
        if levels is None:
            return
        if not {plain(name) for name in table.names[1:]} & KNOWN:
            # the instrument stands above what is quoted
            table.names, levels = [table.names[0], *levels[1:]], ["", *table.names[1:]]
        names = sorted({level for level in levels if level})
        self.label = self.symbol or (names[0] if len(names) == 1 else "")
        self._choose(names)
        self.by_header = True
        self.left_out = {place for place, level in enumerate(levels) if level and level != self.label}

    def _choose(self, names: list[str]) -> None:
        if self.symbol is None and len(names) > 1:
            self.table.refuse(f"holds {len(names)} instruments, {listed(names)}: give symbol= one of them")
        if self.symbol is not None and self.symbol not in names:
            self.table.refuse(f"symbol={shown(self.symbol)} is not in it, it holds {listed(names)}")

    def _find(self, names: Collection[str], what: str) -> int | None:
        names_kept = list(self.table.names)
        for place in self.left_out:
            self.table.names[place] = "\0"
        try:
            return self.table.find(names, what)
        finally:
            self.table.names[:] = names_kept

    def _named(self) -> None:
        table = self.table
        plains = [plain(name) for name in table.names]
        times = [name for name in TIME_NAMES if name in plains]
        time = self._find(times[:1], "time")
        if time is None and plains[0] in NAMELESS:
            time = 0
        if time is None:
            table.refuse(f"no time column among {listed(table.names)}")
        self.time = time
        if times[:2] == ["date", "time"]:
            self.clock = self._find(["time"], "time")
        elif len(times) > 1 and not (times[0] in ("opentime", "starttime", "start") and times[1] in CLOSE_TIMES):
            unread = table.names[plains.index(times[1])]
            table.notes.append(f"times from column {shown(table.names[time])}, not {shown(unread)}")
        self.bars = {
            "open": self._find(OPEN_NAMES, "open"),
            "high": self._find(HIGH_NAMES, "high"),
            "low": self._find(LOW_NAMES, "low"),
        }
        self._named_price()

    def _named_price(self) -> None:
        table = self.table
        self.price = self._find(ADJUSTED_NAMES, "adjusted close")
        if self.price is None:
            self.price = self._find(PRICE_NAMES, "price")
            if self.price is None:
                self._only_numbers()
            return
        self.unadjusted = self._find(["close"], "close")
        note = f"prices from column {shown(table.names[self.price])}"
        bars = [name for name, place in self.bars.items() if place is not None]
        if self.unadjusted is None:
            self.bars = dict.fromkeys(self.bars)
        else:
            note += f", not {shown(table.names[self.unadjusted])}"
            note += f"; {' and '.join([', '.join(bars[:-1]), bars[-1]][len(bars) < 2 :])} scaled to it" if bars else ""
            self.unadjusted = self.unadjusted if bars else None
        table.notes.append(note)

    def _only_numbers(self) -> None:
        """Without the name of a price: the one column of numbers, or the one that is asked for."""
        table = self.table
        numbers = [
            place
            for place, name in enumerate(table.names)
            if place not in (self.time, self.clock, *self.bars.values())
            and plain(name) not in IDENTITY
            and not any(word in plain(name) for word in OTHERS)
            and plain(name) not in TIME_NAMES
            and any(_numeric(row[place]) for row in table.head)
            and all(_numeric(row[place]) or is_missing(row[place]) for row in table.head)
        ]
        names = [table.names[place] for place in numbers]
        if not numbers:
            table.refuse(f"no price column among {listed(table.names)}")
        if len(numbers) > 1:
            self._choose(names)
        self.price = numbers[names.index(self.symbol)] if self.symbol in names else numbers[0]
        self.by_header = len(numbers) > 1 or self.symbol in names
        self.label = table.names[self.price]
        table.notes.append(f"prices from column {shown(self.label)}, the one column of numbers")
        if len(numbers) > 1:
            table.notes[-1] = f"prices from column {shown(self.label)}"

    def _nameless(self) -> None:
        """Without a header: time and price, or time, open, high, low, close, as klines of all venues are."""
        table = self.table
        row = table.head[0]
        self.time = 0
        start = 1
        if len(row) > 2 and isinstance(row[1], str) and ":" in row[1]:
            self.clock, start = 1, 2
        if len(row) == start + 1 and _numeric(row[start]):
            self.price = start
        elif len(row) >= start + 4 and all(map(_numeric, row[start : start + 4])):
            self.bars = {"open": start, "high": start + 1, "low": start + 2}
            self.price = start + 3
            if len(row) == len(BINANCE):
                table.names = list(BINANCE)
        else:
            table.refuse(
                "no header: without one only time, open, high, low, close, ... are known, write the names first"
            )

    def prices(self, stamped: Literal["open", "close"] | None) -> Prices:
        table = self.table
        assert self.price is not None
        checks = ((_not_positive, "a price must be > 0, got {}"),)
        columns: dict[int, Any] = {self.time: Times(compact=True)}
        if self.clock is not None:
            columns[self.clock] = Clocks()
        places = {"close": self.price, **self.bars, "unadjusted": self.unadjusted}
        columns |= {place: Numbers(checks) for place in places.values() if place is not None}
        identity = self.identity.columns if self.identity is not None else {}
        table.read({**columns, **identity})
        arrays = dict(zip(columns, table.finish(columns), strict=True))
        stamps = arrays[self.time]
        if self.clock is not None:
            stamps += arrays[self.clock]
        series = {name: arrays[place] for name, place in places.items() if place is not None}
        del arrays
        kept, label = self.identity.select(self.symbol) if self.identity is not None else (None, self.label)
        label = label or self.label
        if not label.isprintable():
            table.refuse(f"{shown(label)} is not a name: it has characters that cannot be printed")
        rows = _Rows(None)
        if kept is not None:
            rows = rows.kept(kept, len(stamps))
            stamps, series = stamps[kept], {name: values[kept] for name, values in series.items()}
        if len(stamps) == 1:
            table.refuse("one row of data only, at least two are needed", 0)
        # twelve columns without a header are Binance's
        if not table.header and "open" in series and len(table.names) != len(BINANCE):
            self._check_order(series)
        self._check_range(series, rows)
        if "unadjusted" in series:
            with np.errstate(all="ignore"):
                scale = series["close"] / series.pop("unadjusted")
                series |= {name: series[name] * scale for name in ("open", "high", "low") if name in series}
        stamps, series, rows = self._clean(stamps, series, rows)
        self._check_close(series, rows)
        time = np.ascontiguousarray(stamps).view("datetime64[ns]")
        close = series["close"]
        splits = find_splits(time, close)
        notes = [*table.notes, *_gaps(time), *_splits(splits, close), *_jumps(time, close, splits)]
        return Prices(
            time,
            series.get("open"),
            series.get("high"),
            series.get("low"),
            close,
            stamped or self._stamp(stamps),
            label,
            splits,
            tuple(notes),
        )

    def _stamp(self, stamps: Stamps) -> Literal["open", "close"]:
        plains = {plain(name) for name in self.table.names} if self.table.header else set()
        if plain(self.table.names[self.time]) in CLOSE_TIMES or plains.issuperset(BITMEX):
            return "close"
        bars = self.bars["open"] is not None or (self.table.header and plain(self.table.names[self.time]) == "opentime")
        return "open" if bars or not _has_clock(stamps) else "close"

    def _check_range(self, series: dict[str, Floats], rows: _Rows) -> None:
        if "high" not in series or "low" not in series:
            return
        high, low = series["high"], series["low"]
        with np.errstate(invalid="ignore"):
            crossed = high < low
        if crossed.any():
            bad = int(crossed.argmax())
            column = shown(self.table.names[self.bars["low"] or 0])
            reason = f"{_text(high[bad])} is less than {_text(low[bad])} in column {column}"
            self.table.refuse(reason, rows[bad], self.bars["high"])

    def _check_order(self, series: dict[str, Floats]) -> None:
        """Columns without names are open, high, low and close if the second is never below, the third never above."""
        top, bottom = np.fmax(series["open"], series["close"]), np.fmin(series["open"], series["close"])
        with np.errstate(invalid="ignore"):
            wrong = (series["high"] < top * (1 - 1e-6)) | (series["low"] > bottom * (1 + 1e-6))
            flat = series["high"] == series["low"]
        if wrong.mean() > FEW or flat.all():
            first, last = (self.bars["open"] or 0) + 1, (self.price or 0) + 1
            reason = f"no header, and columns {first} to {last} are not open, high, low, close: write the names first"
            self.table.refuse(reason, int(wrong.argmax()) if wrong.any() else None)

    def _check_close(self, series: dict[str, Floats], rows: _Rows) -> None:
        close, table = series["close"], self.table
        absent = {name: np.isnan(series[name]) for name in ("open", "high", "low") if name in series}
        lacking = np.logical_or.reduce(list(absent.values())) if absent else np.zeros(len(close), np.bool)
        if lacking.any():
            names = " or ".join(name for name, mask in absent.items() if mask.any())
            where = table.where(rows.least(lacking))
            table.notes.append(f"{counted(int(lacking.sum()), 'row')} without {names} kept (first: {where})")
        if "high" not in series or "low" not in series:
            return
        with np.errstate(invalid="ignore"):
            # the tolerance is for prices that were adjusted and rounded
            outside = (close * (1 - 1e-6) > series["high"]) | (close < series["low"] * (1 - 1e-6))
        if outside.any():
            where = table.where(rows.least(outside))
            count = counted(int(outside.sum()), "close")
            table.notes.append(f"{count} outside of low to high, used as is (first: {where})")

    def _clean(self, stamps: Stamps, series: dict[str, Floats], rows: _Rows) -> tuple[Stamps, dict[str, Floats], _Rows]:
        """Rows with a price, in strictly ascending order of time, with the row that each comes from."""
        table, clock = self.table, _has_clock(stamps)

        def keep(mask: Any) -> None:
            nonlocal stamps, rows, series
            stamps, rows = stamps[mask], rows.kept(mask, len(stamps))
            series = {name: values[mask] for name, values in series.items()}

        missing = np.isnan(series["close"])
        if missing.all():
            table.refuse("no row has a price", None, self.price)
        if missing.any():
            where = table.where(rows[int(missing.argmax())])
            table.notes.append(f"{counted(int(missing.sum()), 'row')} without a price dropped (first: {where})")
            keep(~missing)
        step = np.diff(stamps)
        if (step <= 0).all() and (step < 0).any():
            table.notes.append("newest row first: order reversed")
            keep(slice(None, None, -1))
            step = np.diff(stamps)
        if (step < 0).any():
            bad = int((step < 0).argmax())
            later, earlier = (stamp(stamps[place], clock) for place in (bad, bad + 1))
            table.refuse(f"{earlier} comes after {later}: times must ascend", rows[bad + 1], self.time)
        same = step == 0
        del step
        if same.any():
            self._check_twice(stamps, series, rows, same, clock)
            where = table.where(rows.second(same))
            table.notes.append(f"{counted(int(same.sum()), 'duplicate row')} dropped (first: {where})")
            keep(np.concatenate(([True], ~same)))
        if len(stamps) == 1:
            table.refuse("one price only, at least two are needed", rows[0])
        return stamps, {name: np.ascontiguousarray(values) for name, values in series.items()}, rows

    def _check_twice(
        self, stamps: Stamps, series: dict[str, Floats], rows: _Rows, same: NDArray[np.bool], clock: bool
    ) -> None:
        differ = np.zeros(len(same), np.bool)
        for values in series.values():
            differ |= (values[1:] != values[:-1]) & ~(np.isnan(values[1:]) & np.isnan(values[:-1]))
        conflict = same & differ
        if conflict.any():
            when = stamp(stamps[int(conflict.argmax())], clock)
            self.table.refuse(f"{when} is there twice, with different prices", rows.second(conflict), self.time)


class _Rows:
    """The rows of the source that bars come from."""

    def __init__(self, places: Stamps | None) -> None:
        # None for all of them in their order, which is the usual case
        self.places = places

    def kept(self, mask: Any, count: int) -> _Rows:
        places = np.arange(count) if self.places is None else self.places
        return _Rows(places[mask])

    def __getitem__(self, bar: int) -> int:
        return bar if self.places is None else int(self.places[bar])

    def least(self, mask: NDArray[np.bool]) -> int:
        """The first row of some bars."""
        return int(mask.argmax()) if self.places is None else int(self.places[mask].min())

    def second(self, same: NDArray[np.bool]) -> int:
        """The first row that comes after another one of the same time, which is the bar after it or before."""
        if self.places is None:
            return int(same.argmax()) + 1
        return int(np.maximum(self.places[1:], self.places[:-1])[same].min())


def _numeric(cell: Any) -> bool:
    if isinstance(cell, str):
        return is_number(cell.replace(",", ""))
    return isinstance(cell, int | float | np.integer | np.floating) and not isinstance(cell, bool) and cell == cell


def _not_positive(values: Floats) -> NDArray[np.bool]:
    return values <= 0


def _text(number: float) -> str:
    return repr(float(number)).removesuffix(".0")


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


def _calendar(time: Times64) -> tuple[int, bool, int]:
    """Median step in ns, whether the market closes for the weekend, and bars on a day of trading."""
    stamps = time.view(np.int64)
    step = int(np.median(np.diff(stamps), overwrite_input=True))
    span = int(stamps[-1] - stamps[0])
    # in blocks, so that a long series is not copied
    weekend, starts = 0, [np.zeros(1, np.int64)]
    for first in range(0, len(stamps), BLOCK):
        days = stamps[max(first - 1, 0) : first + BLOCK] // DAY
        # 1970-01-01 was a Thursday. A market that opens on Sunday evening has few bars of the weekend.
        weekend += int(((days[min(first, 1) :] + 3) % 7 >= 5).sum())
        starts.append(np.flatnonzero(np.diff(days)) + max(first - 1, 0) + 1)
    counts = np.diff(np.concatenate([*starts, [len(stamps)]]))
    daily = 0.9 * DAY <= step <= 1.1 * DAY
    weekends_closed = weekend < 0.1 * len(stamps)
    closes = weekends_closed and (daily or (step < DAY and (span >= 7 * DAY or span > 2 * step * len(time))))
    return step, closes, int(np.median(counts))


def bars_per_year(time: Times64) -> float:
    """Bars a year from the median step, on 252 days of trading if the market closes at weekends, else 365."""
    step, closes, daily = _calendar(time)
    return float(TRADING_DAYS * daily) if closes else YEAR / step


def _gaps(time: Times64) -> list[str]:
    stamps = time.view(np.int64)
    step, closes, _ = _calendar(time)
    steps = np.diff(stamps)
    gap = np.flatnonzero(steps > GAP * step)
    if closes:
        overnight = stamps[gap + 1] // DAY > stamps[gap] // DAY
        gap = gap[~overnight | (steps[gap] > LONGEST_HOLIDAY)]
    if not len(gap):
        return []
    longest = int(gap[steps[gap].argmax()])
    after = stamp(stamps[longest], _has_clock(stamps))
    count = counted(len(gap), "gap")
    return [f"{count} in time, the longest {duration(int(steps[longest]))} after {after}"]


def _has_clock(stamps: Stamps) -> bool:
    """Whether some times are not midnight."""
    return any(bool((stamps[first : first + BLOCK] % DAY).any()) for first in range(0, len(stamps), BLOCK))


def find_splits(time: Times64, close: Floats) -> tuple[Split, ...]:
    """Jumps by a ratio of small integers between quiet days."""
    ratio = _ratios(close)
    jumps = (ratio > SMALLEST) | (ratio < 1 / SMALLEST)
    # a series of very many jumps has no quiet days
    candidates: list[int] = [] if np.count_nonzero(jumps) > MANY else np.flatnonzero(jumps).tolist()
    del ratio, jumps
    ratios = np.array([new / old for new, old in SPLITS])
    splits = []
    for place in candidates:
        near = np.diff(np.log(close[max(place - AROUND, 0) : place + 2 + AROUND]))
        here = min(place, AROUND)
        jump, around = near[here], np.abs(np.delete(near, here))
        beside = around[max(here - BESIDE, 0) : here + BESIDE]
        if not 0 < here < len(near) - 1:
            continue
        usual = float(np.median(around))
        if usual > QUIET * abs(jump) or beside.max() > STILL * abs(jump):
            continue
        miss = np.abs(np.log(ratios) - abs(jump))
        best = int(miss.argmin())
        if miss[best] <= max(3 * usual, 0.005):
            factor = ratios[best] if jump < 0 else 1 / ratios[best]
            splits.append(Split(place + 1, time[place + 1], float(factor)))
    return tuple(splits)


def _ratios(close: Floats) -> Floats:
    with np.errstate(over="ignore", under="ignore"):
        return close[1:] / close[:-1]


def _splits(splits: tuple[Split, ...], close: Floats) -> list[str]:
    notes = []
    for split in splits[:5]:
        new, old = next(pair for pair in SPLITS if pair[0] / pair[1] == max(split.ratio, 1 / split.ratio))
        kind = f"{new}:{old} split" if split.ratio > 1 else f"{old}:{new} reverse split"
        before, after = (f"{close[bar]:.6g}" for bar in (split.bar - 1, split.bar))
        clock = split.time.astype("datetime64[D]") != split.time
        when = stamp(split.time, bool(clock))
        notes.append(f"looks like a {kind} on {when} ({before} to {after}){NOT_ADJUSTED}")
    if len(splits) > 5:
        notes.append(f"and {len(splits) - 5} more that look like splits")
    return notes


def _jumps(time: Times64, close: Floats, splits: tuple[Split, ...]) -> list[str]:
    ratio = _ratios(close)
    jump = (ratio > JUMP) | (ratio < 1 / JUMP)
    jump[[split.bar - 1 for split in splits]] = False
    if not jump.any():
        return []
    first = stamp(time[int(jump.argmax()) + 1], _has_clock(time.view(np.int64)))
    count = counted(int(jump.sum()), "jump")
    return [f"{count} by more than a factor of {JUMP:g} (first: {first}): a split or a redenomination?"]
