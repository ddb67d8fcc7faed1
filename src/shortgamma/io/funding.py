"""Funding histories as venues export them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma._core import times as clock
from shortgamma._core.results import Result
from shortgamma._core.times import HOUR, JITTER, MINUTE
from shortgamma.io._engine import Labels, Numbers, Times, counted, listed, open_table, plain, shown
from shortgamma.io._engine.identity import Identity

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from numpy.typing import NDArray

    from shortgamma.io._engine import Table
    from shortgamma.io._engine.opening import Readable

    Floats = NDArray[np.float64]
    Stamps = NDArray[np.int64]


class Layout(NamedTuple):
    """The columns of a venue's export."""

    venue: str
    own: tuple[str, ...]
    """Names that only this venue's exports have all of."""
    time: str
    rate: str
    mark: str | None = None
    """Price at which positions are valued, not in every export."""
    interval: str | None = None
    every: int = 0
    """Nanoseconds that each rate is for, where the venue has but one interval."""


BINANCE_RATE = "last_funding_rate"
LAYOUTS = (
    Layout("ccxt", ("fundingRate", "timestamp", "datetime"), "timestamp", "fundingRate", "info.markPrice"),
    Layout("BitMEX", ("fundingInterval", "fundingRate"), "timestamp", "fundingRate", None, "fundingInterval"),
    Layout("Bybit", ("fundingRateTimestamp",), "fundingRateTimestamp", "fundingRate"),
    Layout("Binance", ("calc_time", BINANCE_RATE), "calc_time", BINANCE_RATE, None, "funding_interval_hours"),
    Layout("OKX", ("instId", "realizedRate"), "fundingTime", "realizedRate"),
    Layout("OKX", ("instrument_id", "realized_rate"), "funding_time", "realized_rate"),
    Layout("Binance", ("symbol", "fundingTime", "markPrice"), "fundingTime", "fundingRate", "markPrice"),
    Layout("Binance", ("Contracts", "Funding Interval"), "Time", "Funding Rate", None, "Funding Interval"),
    Layout("Kraken", ("relativeFundingRate",), "timestamp", "relativeFundingRate"),
    Layout("dYdX", ("effectiveAt", "rate"), "effectiveAt", "rate", "price"),
    Layout("Hyperliquid", ("coin", "fundingRate", "premium"), "time", "fundingRate", None, None, HOUR),
    Layout("Deribit", ("interest_1h", "interest_8h"), "timestamp", "interest_1h", "index_price", None, HOUR),
)
# Any other table: names without case, spaces and punctuation, the first that is present.
TIMES = (
    *("fundingtime", "fundingtimestamp", "fundingratetimestamp", "settlementtime", "effectiveat", "calctime"),
    *("timestampms", "timestamp", "datetime", "dateutc", "timeutc", "date", "time", "ts", "t"),
)
RATES = (
    *(
        "realizedrate",
        "realizedfundingrate",
        "realfundingrate",
        "paidrate",
        "lastfundingrate",
        "fundingrate",
        "funding",
        "rate",
        "r",
    ),
)
MARKS = ("markprice", "mark", "oracleprice", "indexprice", "price")
INTERVALS = ("fundinginterval", "fundingintervalhours", "intervalhours", "interval")
# What is announced for the next payment is not what was paid.
ANNOUNCED = "fundingrate"
PREDICTED = ("predictedrate", "nextfundingrate", "predictedfundingrate", "estimatedrate")
# A column with one of these words in its name is a rate of another length of time.
SCALED = ("annual", "apr", "apy", "daily", "yearly", "8h", "year")
KNOWN = frozenset({*TIMES, *RATES, *MARKS, *INTERVALS, *(plain(name) for x in LAYOUTS for name in x.own)})

# A payment of a quarter of the position's value, or a usual one of 0.5 %, was never made: these are percents.
BLOCK = 1 << 18
# Fraction of the payments that may come before their interval is over.
EARLY = 0.1
IMPOSSIBLE, UNUSUAL = 0.25, 0.005
NO_RATE = "{} is not the rate of a payment: write a fraction, such as 0.0001, or percent with its sign, such as 0.01%"
# Lengths that venues use; others are several intervals if shorter ones stand beside them.
USUAL = tuple(hours * HOUR for hours in (1, 2, 4, 8, 24))
LONGEST_INTERVAL = 7 * 24 * HOUR
SINCE_2000 = 946_684_800 * 10**9
# M is a month to some
WORD = re.compile(r"([0-9]+(?:\.[0-9]+)?) ?(?:([hH])(?:ours?|rs?)?|(m|[Mm]in(?:utes?)?)|([dD])(?:ays?)?)")


class FundingHistory(Result):
    """A funding history; see `read_funding`.

    Attributes
    ----------
    venue : str
        Venue whose layout the source has, empty if the names of its columns do not tell.
    symbol : str
        The contract, empty if the source does not tell.
    time : ndarray of datetime64[ns]
        When each payment was due, UTC, increasing.
    rate : ndarray of float64
        Rate of each payment.
    mark : ndarray of float64
        Price at which positions were valued, NaN where the source has none.
    interval : ndarray of int64
        Nanoseconds that each rate covers, 0 for a single payment of unknown interval.
    stamp : ndarray of datetime64[ns]
        The times as the source has them, which are some milliseconds late at many venues.
    gaps : ndarray of int64
        Indices of rows before which payments are missing.
    notes : tuple of str
        Remarks on what is odd about the source.
    """

    INDEX = "time"

    venue: str
    symbol: str
    time: NDArray[np.datetime64]
    rate: NDArray[np.float64]
    mark: NDArray[np.float64]
    interval: NDArray[np.int64]
    stamp: NDArray[np.datetime64]
    gaps: NDArray[np.int64]
    notes: tuple[str, ...]

    def __repr__(self) -> str:
        name = " ".join(filter(None, ("FundingHistory", self.venue, self.symbol)))
        lines = [f"{name}: {counted(len(self.time), 'payment')}, {_when(self.time[0])} to {_when(self.time[-1])} UTC"]
        length = int(self.interval.sum())
        if length:
            lines.append(f"  every {_lengths(self.interval)}, {self.annualised:.3%} a year (simple)")
        lines += [f"  note: {note}" for note in self.notes[:2]]
        if len(self.notes) > 2:
            lines.append(f"  and {counted(len(self.notes) - 2, 'more note')}")
        return "\n".join(lines)

    @property
    def annualised(self) -> float:
        """Sum of the rates over the time that they are for, per year, simple."""
        length = float(self.interval.sum())
        return float(self.rate.sum()) * clock.YEAR / length if length else float("nan")


def read_funding(
    source: Readable, *, symbol: str | None = None, progress: Callable[[int, int], Any] | None = None
) -> FundingHistory:
    """Read a funding history as a venue exports it.

    Parameters
    ----------
    source : path, open file, DataFrame, or rows
        Text delimited by comma, semicolon, tab or bar, JSON, a frame of pandas or polars, or a list of rows: of BitMEX,
        Binance (from its API, monthly files or web export), Bybit, OKX, Kraken, dYdX, Gate, Deribit, Hyperliquid,
        ccxt's unified rows, or any other table with a time and a rate. A venue is known by names that only its exports
        have. The rate of OKX is the realised one, not the predicted one; that of Kraken the relative one, not the one
        in dollars. Times are ISO 8601, UTC unless they say otherwise, or numbers since 1970 in s, ms, us or ns. Rates
        are fractions, or percent if every cell says so: 0.0001 or 0.01%.
    symbol : str, optional
        The contract, if there are several.
    {progress [bytes]}

    Returns
    -------
    FundingHistory
        Rows in order of time. Rows out of order, repeated rows, gaps, changed intervals and missing marks are in
        ``notes``; nothing is filled in.

    Raises
    ------
    ReadError
        If the source cannot be read or understood: columns are missing, a cell is not a number or time, two rows of one
        time have different rates, rates are not fractions, or there are several contracts and none is named. A
        ValueError of one line that names the row.
    {TypeError [source]}

    Notes
    -----
    The interval of a rate is what the source says, or else the time since the previous payment, except across a gap: a
    step that is a multiple of those beside it and either stands alone or has a length that no venue uses.

    A payment stamped within five seconds of a whole minute was due at that minute.

    Examples
    --------
    >>> import shortgamma as sg
    >>> rows = [
    ...     {"symbol": "BTCUSDT", "fundingTime": 1577836800000 + 28_800_000 * i, "fundingRate": "0.0001"}
    ...     for i in (0, 1, 2, 4, 5)
    ... ]
    >>> history = sg.io.read_funding(rows)
    >>> history.symbol, len(history.time), history.gaps.tolist()
    ('BTCUSDT', 5, [3])
    >>> for note in history.notes:
    ...     print(note)
    1 gap: 1 payment missing before 2020-01-02T08:00
    no mark price in 5 of 5 rows
    """
    table = open_table(source, known=KNOWN, symbol=symbol, prefer=("rates", "historicalfunding"), progress=progress)
    if not table.header:
        table.refuse("no header: write the names of the columns first, such as time,fundingRate")
    return _Reading(table, _layout(table)).history(symbol)


def _layout(table: Table) -> Layout:
    for layout in LAYOUTS:
        if table.has(*layout.own, layout.time, layout.rate):
            return layout
    if {plain(name) for name in table.names} == {"r", "t"}:
        return Layout("Gate", ("r", "t"), "t", "r")
    time, rate = _first(table, TIMES, "time"), _first(table, RATES, "rate")
    if rate is None:
        scaled = [name for name in table.names if "rate" in plain(name) or "funding" in plain(name)]
        hint = f": is {shown(scaled[0])} the rate of each payment? name it fundingRate" if scaled else ""
        table.refuse(f"no column of rates among {listed(table.names)}, those of no known funding history{hint}")
    if time is None:
        table.refuse(f"no column of times among {listed(table.names)}")
    return Layout("", (), time, rate, _first(table, MARKS, "mark"), _first(table, INTERVALS, "interval"))


def _first(table: Table, names: tuple[str, ...], what: str) -> str | None:
    """The name of the first column that is present, of which there must be one."""
    plains = [plain(name) for name in table.names]
    name = next((name for name in names if name in plains), None)
    if name is None:
        return None
    place = table.find([name], what)
    return None if place is None else table.names[place]


class _Reading:
    """The columns of a funding history."""

    def __init__(self, table: Table, layout: Layout) -> None:
        self.table = table
        self.layout = layout
        self.time = self._place(layout.time)
        self.rate = self._place(layout.rate)
        self.mark = self._place(layout.mark) if layout.mark in table.names else None
        self.interval = self._place(layout.interval) if layout.interval in table.names else None
        self.identity = Identity(table, [self.time, self.rate, self.mark, self.interval])

    def _place(self, name: str | None) -> int:
        # two columns of one name are refused: either may be meant
        if self.table.names.count(str(name)) > 1:
            self.table.refuse(f"two columns are named {shown(name)}: leave one out")
        return self.table.names.index(str(name))

    def history(self, symbol: str | None) -> FundingHistory:
        table, layout = self.table, self.layout
        columns: dict[int, Any] = {
            self.time: Times(),
            self.rate: Numbers([(_impossible, NO_RATE)], percent=True, needed=True),
        }
        if self.mark is not None:
            columns[self.mark] = Numbers([(_negative, "a mark price must be > 0, got {}")])
        if self.interval is not None:
            columns[self.interval] = Labels()
        table.read({**columns, **self.identity.columns})
        arrays = dict(zip(columns, table.finish(columns), strict=True))
        kept, label = self.identity.select(symbol)
        said = self._said(*arrays[self.interval]) if self.interval is not None else None
        # one by one, and not held twice: histories of ticks are long
        bars = {"stamp": arrays.pop(self.time), "rate": arrays.pop(self.rate), "said": said}
        bars["mark"] = arrays.pop(self.mark) if self.mark is not None else None
        if kept is not None:
            rows = np.flatnonzero(kept)
            _take(bars, kept)
        else:
            rows = None
        notes = list(table.notes)
        order = self._order(bars["stamp"], rows, notes)
        if order is not None:
            _take(bars, order)
            rows = np.arange(len(order)) if rows is None else rows
            rows = rows[order]
        due = _due(bars["stamp"])
        keep = self._once(due, bars["stamp"], bars["rate"], rows, notes)
        if keep is not None:
            _take(bars, keep)
            due = due[keep]
        rate, mark = bars["rate"], bars["mark"]
        mark = np.full(len(rate), np.nan) if mark is None else mark
        # venues write 0 where they kept no price
        mark[mark == 0.0] = np.nan
        given = bars["said"]
        if given is None and layout.every:
            given = np.full(len(due), layout.every)
        interval, gaps, missing = intervals(due, given)
        notes += _notes_of_intervals(due, interval, gaps, missing)
        if given is not None:
            notes += _early(due, interval)
        notes += self._notes(rate, mark)
        return FundingHistory(
            layout.venue,
            label,
            due.view("datetime64[ns]"),
            rate,
            mark,
            interval,
            bars["stamp"].view("datetime64[ns]"),
            gaps,
            tuple(notes),
        )

    def _said(self, codes: NDArray[np.int32], words: list[str]) -> Stamps:
        lengths = np.empty(len(words), np.int64)
        # a bare number may be hours, minutes or seconds, if the name does not say
        hours = "hour" in plain(self.layout.interval)
        for code, word in enumerate(words):
            length = _length_of(word, hours)
            if length is None:
                row = int((codes == code).argmax())
                self.table.refuse(f"{shown(word)} is not an interval: write 8h", row, self.interval)
            lengths[code] = length
        return lengths[codes]

    def _order(self, stamp: Stamps, rows: Stamps | None, notes: list[str]) -> Stamps | None:
        """The order of time, None if the rows are in it."""
        step = np.diff(stamp)
        late = step < 0
        if not late.any():
            return None
        if (step <= 0).all():
            notes.append("newest row first: order reversed")
            return np.arange(len(stamp))[::-1]
        where = self._where(rows, int(late.argmax()) + 1)
        notes.append(f"{counted(int(late.sum()), 'row')} out of order, sorted: the first is {where}")
        return np.argsort(stamp, kind="stable")

    def _where(self, rows: Stamps | None, place: int) -> str:
        return self.table.where(place if rows is None else int(rows[place]))

    def _once(
        self, due: Stamps, stamp: Stamps, rate: Floats, rows: Stamps | None, notes: list[str]
    ) -> NDArray[np.bool] | None:
        """Each payment once: rows of one time must be alike, and those of one minute are one payment."""
        step = np.diff(due)
        if not len(step) or step.min() >= MINUTE // 2:
            return None
        close = (step < MINUTE // 2) & (step > 0)
        if close.any():
            i = int(close.argmax()) + 1
            first, second = self._where(rows, i - 1), self._where(rows, i)
            gap = (stamp[i] - stamp[i - 1]) / 10**9
            self.table.refuse(
                f"{first} and {second} are {gap:g} s apart, no funding is paid twice in a minute: leave one out"
            )
        same = np.append(False, step == 0)
        differs = same & np.append(False, np.diff(rate) != 0)
        if differs.any():
            i = int(differs.argmax())
            first, second = self._where(rows, i - 1), self._where(rows, i)
            rates = f"{float(rate[i - 1])!r} and {float(rate[i])!r}"
            self.table.refuse(f"{first} and {second} are of one time, {_when(due[i])}, and have the rates {rates}")
        count = counted(int(same.sum()), "row")
        notes.append(f"{count} repeated, dropped: the first is {_when(due[int(same.argmax())])}")
        return ~same

    def _notes(self, rate: Floats, mark: Floats) -> list[str]:
        notes = []
        without = int(np.isnan(mark).sum())
        if without:
            notes.append(f"no mark price in {without:,} of {len(mark):,} rows")
        usual = float(np.median(np.abs(rate), overwrite_input=True))
        if usual >= UNUSUAL:
            notes.append(f"rates are {usual:.2%} usually, which is much: are they percents?")
        if self.layout.venue == "Deribit":
            notes.append("marks are index prices; rates are sums over the hour, of funding that was paid all the time")
        if self.layout.venue == "dYdX" and self.mark is not None:
            notes.append("marks are oracle prices")
        if not self.layout.venue and plain(self.layout.time) == "date":
            notes.append("times are taken as UTC: the file does not say")
        paid = "real" in plain(self.layout.rate)
        predicted = [
            name for name in self.table.names if plain(name) in PREDICTED or (paid and plain(name) == ANNOUNCED)
        ]
        if predicted:
            notes.append(f"rates from column {shown(self.layout.rate)}, not {shown(predicted[0])}")
        return notes


def _impossible(rate: Floats) -> NDArray[np.bool]:
    return np.abs(rate) >= IMPOSSIBLE


def _negative(mark: Floats) -> NDArray[np.bool]:
    return (mark < 0) | (mark > 1e30)


def _due(stamp: Stamps) -> Stamps:
    """When payments were due that are stamped when a venue made them: the whole minute, if it is within 5 s."""
    due = stamp
    for first in range(0, len(stamp), BLOCK):
        here = stamp[first : first + BLOCK]
        minute = (here + MINUTE // 2) // MINUTE * MINUTE
        late = (here != minute) & (np.abs(here - minute) <= JITTER)
        if late.any():
            due = stamp.copy() if due is stamp else due
            due[first : first + BLOCK][late] = minute[late]
    return due


def _take(columns: dict[str, Any], which: Any) -> None:
    for name, values in columns.items():
        columns[name] = None if values is None else values[which]


def _length_of(word: str, hours: bool) -> int | None:
    """Nanoseconds of an interval. BitMEX counts intervals from 2000-01-01, Binance in hours."""
    text = word.strip()
    length = None
    if hours and re.fullmatch(r"[0-9]{1,3}(?:\.[0-9]{1,3})?", text):
        length = round(float(text) * HOUR)
    elif (match := WORD.fullmatch(text)) and len(text) < 20:
        length = round(float(match[1]) * (HOUR if match[2] else MINUTE if match[3] else 24 * HOUR))
    elif text.startswith("2000-01-0") and "T" in text:
        stamps, bad = clock.of_texts([text])
        length = int(stamps[0]) - SINCE_2000 if bad < 0 else None
    return length if length is not None and 0 < length <= LONGEST_INTERVAL else None


def intervals(due: Stamps, said: Stamps | None) -> tuple[Stamps, Stamps, int]:
    """The interval of each rate, the rows with a gap before them, and the number of payments missing."""
    if said is not None:
        interval = said.astype(np.int64)
    elif len(due) == 1:
        interval = np.zeros(1, np.int64)
    else:
        step = np.diff(due)
        step += MINUTE // 2
        step //= MINUTE
        step *= MINUTE
        interval = _from_steps(step)
        del step
    step = np.diff(due)
    step -= interval[1:]
    gap = np.flatnonzero(step > JITTER) + 1
    del step
    missing = int((((due[gap] - due[gap - 1]) + JITTER) // interval[gap] - 1).sum())
    return interval, gap, missing


def _from_steps(step: Stamps) -> Stamps:
    """Intervals from the steps between payments: a step that holds several intervals of its neighbours is a gap."""
    edge = np.flatnonzero(step[1:] != step[:-1]) + 1
    first = np.concatenate(([0], edge))
    length = step[first]
    count = np.diff(np.append(first, len(step)))
    # as long as another step that it is a multiple of is near, a step that is alone or of a strange length is a gap
    shortest = int(step.min())
    doubtful = (count == 1) | ~np.isin(length, USUAL)
    doubtful &= length > shortest
    sure = np.flatnonzero(~doubtful)
    place = np.searchsorted(sure, np.flatnonzero(doubtful))
    # the intervals before and after, 0 at the ends; of two that divide the step the longer one, so fewer are missing
    beside = np.concatenate(([0], length[sure], [0]))
    value = length.copy()
    for base in np.sort(np.array([beside[place], beside[place + 1]]), axis=0):
        step_of = length[doubtful]
        inside = (base > 0) & (base < step_of) & (step_of % np.maximum(base, 1) == 0)
        value[doubtful] = np.where(inside, base, value[doubtful])
    count[0] += 1
    return np.repeat(value, count)


def _notes_of_intervals(due: Stamps, interval: Stamps, gaps: Stamps, missing: int) -> list[str]:
    notes = []
    if len(gaps):
        places = ", ".join(_when(due[i]) for i in gaps[:3]) + (", ..." if len(gaps) > 3 else "")
        notes.append(f"{counted(len(gaps), 'gap')}: {counted(missing, 'payment')} missing before {places}")
    change = np.flatnonzero(interval[1:] != interval[:-1]) + 1
    notes += [
        f"interval changes from {_length(interval[i - 1])} to {_length(interval[i])} at {_when(due[i])}"
        for i in change[:5]
    ]
    if len(change) > 5:
        notes.append(f"and {len(change) - 5} more changes of the interval")
    if not interval.any():
        notes.append("one payment only: its interval is not known")
    return notes


def _early(due: Stamps, interval: Stamps) -> list[str]:
    """Intervals that the source says are doubtful if payments follow each other faster."""
    step = np.diff(due)
    early = step < interval[1:] - JITTER
    # at a change of the interval one of them is
    if early.sum() <= EARLY * len(due):
        return []
    said, found = interval[1:][early], step[early]
    return [f"intervals are said to be {_length(np.median(said))}, but payments are {_length(np.median(found))} apart"]


def _when(stamp: Any) -> str:
    return str(np.asarray(stamp).astype("datetime64[ns]").astype("datetime64[m]"))


def _lengths(interval: Stamps) -> str:
    kinds = np.unique(interval).tolist()
    return ", ".join(map(_length, kinds[:4])) + (", ..." if len(kinds) > 4 else "")


def _length(nanoseconds: Any) -> str:
    minutes = int(nanoseconds) // MINUTE
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
