"""Funding histories as venues export them; the public names are in ``shortgamma.funding``."""

from __future__ import annotations

import csv
import json
import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma._core.times import times

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from numpy.typing import NDArray

MINUTE = 60 * 10**9
HOUR = 60 * MINUTE
# Clocks of venues are a few milliseconds off; intervals are whole minutes.
JITTER = 5 * 10**9


class Layout(NamedTuple):
    """The columns of a venue's export."""

    venue: str
    time: str
    rate: str
    symbol: str | None = None
    mark: str | None = None
    interval: str | None = None
    rows: int | None = None
    """Nanoseconds that each rate is for, where the venue says so of all."""


# The first layout whose columns are all there is taken.
LAYOUTS = (
    Layout("BitMEX", "timestamp", "fundingRate", "symbol", None, "fundingInterval"),
    Layout("Bybit", "fundingRateTimestamp", "fundingRate", "symbol"),
    Layout("Binance", "calc_time", "last_funding_rate", None, None, "funding_interval_hours"),
    Layout("Binance", "fundingTime", "fundingRate", "symbol", "markPrice"),
    Layout("Hyperliquid", "time", "fundingRate", "coin", None, None, HOUR),
    Layout("Deribit", "timestamp", "interest_1h", None, "index_price", None, HOUR),
    Layout("table", "Date", "Funding Rate", "Symbol"),
)
# Columns that are not in every export of the venue.
OPTIONAL = {"markPrice", "symbol", "coin", "index_price"}


class FundingHistory(NamedTuple):
    """A funding history; see `read_history`."""

    venue: str
    """Whose layout the file has."""
    symbol: str
    """The contract, empty if the file does not say."""
    time: NDArray[np.datetime64]
    """Funding times, datetime64[ns] UTC, increasing."""
    rate: NDArray[np.float64]
    """Rate of each payment."""
    mark: NDArray[np.float64]
    """Price at which positions were valued, NaN where the file has none."""
    interval: NDArray[np.int64]
    """Nanoseconds that each rate is for."""
    gaps: NDArray[np.int64]
    """Indices of rows before which payments are missing."""
    notes: tuple[str, ...]
    """What is odd about the file, in words."""


def read_history(source: Any, *, symbol: str | None = None) -> FundingHistory:
    """Read a funding history as a venue exports it.

    Parameters
    ----------
    source : path, DataFrame, or sequence of dict
        A CSV or JSON file, or its rows: of BitMEX (``timestamp, symbol, fundingInterval, fundingRate``), Binance
        (``symbol, fundingTime, fundingRate, markPrice`` or ``calc_time, funding_interval_hours,
        last_funding_rate``), Bybit (``symbol, fundingRate, fundingRateTimestamp``), Deribit (``timestamp,
        interest_1h, index_price``), Hyperliquid (``coin, fundingRate, premium, time``), or a table of ``Symbol, Date,
        Funding Rate``. Times are ISO 8601, UTC unless they say otherwise, or milliseconds.
    symbol : str, optional
        The contract, if there are several.

    Returns
    -------
    FundingHistory
        Rows in order of time. Rows out of order, repeated rows, gaps, changed intervals and missing marks are in
        ``notes``; nothing is filled in.

    Raises
    ------
    ValueError
        If columns are missing, a number or time cannot be read, two rows of one time have different rates, or
        there are several contracts and none is named. The message names the row.
    TypeError
        If ``source`` is none of these.
    OSError
        If the file cannot be read.

    Notes
    -----
    The interval of a rate is what the venue says; otherwise the time since the row before, except across a gap: a
    step that is a multiple of the one before and of the one after, and stands alone.

    Examples
    --------
    >>> import shortgamma as sg
    >>> rows = [
    ...     {"symbol": "BTCUSDT", "fundingTime": 1577836800000 + 28_800_000 * i, "fundingRate": "0.0001"}
    ...     for i in (0, 1, 2, 4, 5)
    ... ]
    >>> history = sg.funding.read_history(rows)
    >>> history.venue, history.symbol, len(history.time), history.gaps.tolist()
    ('Binance', 'BTCUSDT', 5, [3])
    >>> for note in history.notes:
    ...     print(note)
    1 gap: 1 payment missing before 2020-01-02T08:00
    no mark price in 5 of 5 rows
    """
    names, rows = _rows(source)
    layout = _layout(names)
    columns = {name: names.index(name) for name in names}

    def column(name: str | None) -> list[Any]:
        return [] if name is None or name not in columns else [row[columns[name]] for row in rows]

    notes: list[str] = []
    labels = [str(label) for label in column(layout.symbol)]
    kept = list(range(len(rows)))
    known = sorted(set(labels))
    if symbol is not None:
        if labels and symbol not in known:
            raise ValueError(f"symbol must be one of {', '.join(map(repr, known))}, got {symbol!r}")
        kept = [i for i, label in enumerate(labels) if label == symbol] if labels else kept
    elif len(known) > 1:
        raise ValueError(f"symbol must be given, the source has {', '.join(map(repr, known))}")
    if not kept:
        raise ValueError("source has no rows")
    stamp = np.array([_time(layout.time, i, rows[i][columns[layout.time]]) for i in kept], dtype=np.int64)
    rate = np.array([_number(layout.rate, i, rows[i][columns[layout.rate]], needed=True) for i in kept])
    marks = column(layout.mark)
    mark = np.array([_number(str(layout.mark), i, marks[i]) for i in kept]) if marks else np.full(len(kept), np.nan)
    spans = column(layout.interval)
    span = np.array([_interval(str(layout.interval), i, spans[i]) for i in kept], dtype=np.int64) if spans else None

    late = np.diff(stamp) < 0
    if late.any():
        notes.append(f"{_count(int(late.sum()), 'row')} out of order, sorted: the first is row {_line(kept, late)}")
        order = np.argsort(stamp, kind="stable")
        stamp, rate, mark, kept = stamp[order], rate[order], mark[order], [kept[i] for i in order]
        span = span if span is None else span[order]
    same = np.append(False, np.diff(stamp) == 0)
    if same.any():
        other = same & (np.append(False, np.diff(rate) != 0))
        if other.any():
            i = int(np.argmax(other))
            raise ValueError(
                f"rows {kept[i - 1]} and {kept[i]} are of one time, {_when(stamp[i])}, "
                f"and have the rates {rate[i - 1]} and {rate[i]}"
            )
        notes.append(
            f"{_count(int(same.sum()), 'row')} repeated, dropped: the first is {_when(stamp[np.argmax(same)])}"
        )
        stamp, rate, mark = stamp[~same], rate[~same], mark[~same]
        span = span if span is None else span[~same]

    interval, gaps, missing = _intervals(stamp, span if span is not None else layout.rows)
    if len(gaps):
        places = ", ".join(_when(stamp[i]) for i in gaps[:3]) + (", ..." if len(gaps) > 3 else "")
        notes.append(f"{_count(len(gaps), 'gap')}: {_count(missing, 'payment')} missing before {places}")
    change = np.flatnonzero(np.diff(interval)) + 1
    notes += [
        f"interval changes from {_length(interval[i - 1])} to {_length(interval[i])} at {_when(stamp[i])}"
        for i in change[:5]
    ]
    if len(change) > 5:
        notes.append(f"and {len(change) - 5} more changes of the interval")
    without = int(np.isnan(mark).sum())
    if without:
        notes.append(f"no mark price in {without:,} of {len(mark):,} rows")
    if layout.venue == "Deribit":
        notes.append("marks are index prices; rates are sums over the hour, of funding that was paid all the time")
    if layout.venue == "table":
        notes.append("times are taken as UTC: the file does not say")
    label = symbol or (known[0] if known else "")
    return FundingHistory(layout.venue, label, stamp.view("datetime64[ns]"), rate, mark, interval, gaps, tuple(notes))


def _rows(source: Any) -> tuple[list[str], list[Sequence[Any]]]:
    """Names of columns, and rows."""
    if isinstance(source, str | os.PathLike):
        with open(source, encoding="utf-8-sig", newline="") as file:
            text = file.read()
        if text.lstrip()[:1] in ("[", "{"):
            try:
                return _rows(_inner(json.loads(text)))
            except json.JSONDecodeError as error:
                raise ValueError(f"source is no JSON: {error}") from None
        table = [row for row in csv.reader(text.splitlines()) if row]
        if not table:
            raise ValueError("source has no rows")
        names = [name.strip() for name in table[0]]
        for i, row in enumerate(table[1:]):
            if len(row) != len(names):
                raise ValueError(f"row {i} of source has {len(row)} fields, the header has {len(names)}")
        return names, list(table[1:])
    if hasattr(source, "columns") and hasattr(source, "itertuples"):
        return [str(name) for name in source.columns], list(source.itertuples(index=False, name=None))
    if isinstance(source, list | tuple) and all(isinstance(row, dict) for row in source):
        if not source:
            raise ValueError("source has no rows")
        names = list(source[0])
        for i, row in enumerate(source):
            if list(row) != names and set(row) != set(names):
                raise ValueError(f"row {i} of source has other fields than row 0")
        return names, [[row[name] for name in names] for row in source]
    raise TypeError(f"source must be a path, a DataFrame or a list of dicts, got {type(source).__name__}")


def _inner(data: Any) -> Any:
    """The list of rows inside the answers of venues."""
    for key in ("result", "list", "data"):
        if isinstance(data, dict) and key in data:
            data = data[key]
    return data


def _layout(names: Sequence[str]) -> Layout:
    for layout in LAYOUTS:
        wanted = {name for name in layout[1:6] if isinstance(name, str)} - OPTIONAL
        if wanted <= set(names):
            return layout
    raise ValueError(f"source has the columns {', '.join(names)}: those of no known funding history")


def _time(name: str, row: int, value: Any) -> int:
    if isinstance(value, int | np.integer) or (isinstance(value, str) and value.strip().isdecimal()):
        return int(value) * 10**6
    text = str(value).strip().replace(" ", "T").removesuffix("Z").removesuffix("+00:00")
    try:
        return int(times(name, np.datetime64(text)))
    except ValueError:
        raise ValueError(f"{name} in row {row} must be a time in UTC, got {value!r}") from None


def _number(name: str, row: int, value: Any, *, needed: bool = False) -> float:
    if value is None or value == "":
        result = float("nan")
    else:
        try:
            result = float(value)
        except (TypeError, ValueError):
            raise ValueError(f"{name} in row {row} must be a number, got {value!r}") from None
    if needed and not np.isfinite(result):
        raise ValueError(f"{name} in row {row} must be a finite number, got {value!r}")
    return result if result > 0.0 or needed else float("nan")


def _interval(name: str, row: int, value: Any) -> int:
    """BitMEX counts intervals from 2000-01-01, Binance in hours."""
    text = str(value).strip()
    try:
        if "T" in text:
            length = int(times(name, np.datetime64(text.removesuffix("Z")))) - int(
                np.datetime64("2000-01-01", "ns").astype(np.int64)
            )
        else:
            length = round(float(text) * HOUR)
    except ValueError:
        raise ValueError(f"{name} in row {row} must be an interval, got {value!r}") from None
    if length <= 0:
        raise ValueError(f"{name} in row {row} must be an interval > 0, got {value!r}")
    return length


def _intervals(
    stamp: NDArray[np.int64], said: NDArray[np.int64] | int | None
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """The interval of each rate, the rows with a gap before them, and the number of payments missing."""
    step = (np.diff(stamp) + MINUTE // 2) // MINUTE * MINUTE
    if said is not None:
        interval = np.broadcast_to(np.asarray(said, dtype=np.int64), stamp.shape).copy()
    elif not len(step):
        return np.zeros(len(stamp), dtype=np.int64), np.empty(0, dtype=np.int64), 0
    else:
        interval = np.append(step[0], step)
        for i in range(1, len(step)):
            before, after = interval[i], step[i + 1] if i + 1 < len(step) else interval[i]
            if step[i] != before and step[i] % before == 0 and step[i] > after:
                interval[i + 1] = after
    gap = np.flatnonzero(np.diff(stamp) > interval[1:] + JITTER) + 1
    missing = int((((stamp[gap] - stamp[gap - 1]) + JITTER) // interval[gap] - 1).sum())
    # a longer step at the time at which an interval got longer is none
    return interval, gap, missing


def _count(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def _line(kept: list[int], mask: NDArray[np.bool]) -> int:
    return kept[int(np.argmax(mask)) + 1]


def _when(stamp: Any) -> str:
    return str(np.datetime64(int(stamp), "ns").astype("datetime64[m]"))


def _length(nanoseconds: Any) -> str:
    minutes = int(nanoseconds) // MINUTE
    return f"{minutes // 60} h" if minutes % 60 == 0 else f"{minutes} min"
