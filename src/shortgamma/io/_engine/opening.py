"""Makes a table of any source: files of delimited text or JSON, frames, rows, parsed JSON."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shortgamma.io._engine.errors import ReadError, listed, shown
from shortgamma.io._engine.source import Source
from shortgamma.io._engine.stream import StreamTable
from shortgamma.io._engine.table import ColumnTable, RowTable, Table, TextTable, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from typing import NoReturn

DEEPEST = 5
# JSON that is read row by row, and what is not read because it would take many times its length in memory.
LONG, LONGEST = 1 << 22, 1 << 26
FORMS = "a path, an open file, a frame of pandas or polars, or a list of rows"


class OpenFile(Protocol):
    """A file that is open for reading, of text or of bytes."""

    def read(self, size: int = ..., /) -> str | bytes: ...


class Frame(Protocol):
    """A frame of pandas or polars."""

    @property
    def columns(self) -> Any: ...


Readable: TypeAlias = (
    str
    | os.PathLike[str]
    | OpenFile
    | Frame
    | Sequence[Mapping[str, Any]]
    | Sequence[Sequence[Any]]
    | Mapping[str, Any]
    | NDArray[Any]
)


def open_table(
    source: Readable,
    *,
    known: Collection[str],
    symbol: str | None = None,
    prefer: Collection[str] = (),
    reshape: Callable[[Any], Any] | None = None,
    progress: Callable[[int, int], Any] | None = None,
) -> Table:
    """Open a source.

    Parameters
    ----------
    source : path, file, frame, rows or parsed JSON
        Text may be delimited by comma, semicolon, tab or bar, in UTF-8 or UTF-16, or be JSON.
    known : collection of str
        Names in the header of such a table, `plain`: they tell the header from text above it.
    symbol : str, optional
        Name of the list to take where an answer has several.
    prefer : collection of str
        Names of the list to take where an answer has several.
    reshape : callable, optional
        Makes rows of parsed JSON that is nested in another way.
    progress : callable, optional
        Called with the number of bytes read and of all bytes.
    """
    if symbol is not None and not isinstance(symbol, str):
        raise TypeError(f"symbol must be a string, got {type(symbol).__name__}")
    if progress is not None and not callable(progress):
        raise TypeError(f"progress must be callable, got {type(progress).__name__}")
    data: Any = source
    name = "source"
    if isinstance(source, str | os.PathLike) or hasattr(source, "read"):
        text = Source(source, progress)
        mark = text.start(4096).lstrip()[:1]
        if mark not in (b"[", b"{"):
            return TextTable(text, known)
        if mark == b"[" and text.size > LONG and reshape is None:
            return StreamTable(text)
        if text.size > LONGEST:
            text.refuse(f"is an object of more than {LONGEST >> 20} MB: give its list of rows alone, or text")
        data, name = _parse(text), text.name
    if reshape is not None and isinstance(data, dict | list | tuple):
        data = reshape(data)
    return _table(data, name, symbol, prefer, known)


def _parse(text: Source) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        row = dict(pairs)
        if len(row) != len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for name in names if names.count(name) > 1)
            text.refuse(f"an object has the name {shown(twice)} twice")
        return row

    def constant(name: str) -> NoReturn:
        raise ReadError(f"{text.name}: is not JSON: {name} is not a number of it")

    data = b"".join(text.pieces())
    try:
        return json.loads(data, object_pairs_hook=unique, parse_constant=constant)
    except json.JSONDecodeError as error:
        text.refuse(f"is not JSON: {error.msg} in line {error.lineno}, column {error.colno}")
    except RecursionError:
        text.refuse("is nested too deeply")
    except ReadError:
        raise
    except ValueError:
        text.refuse("holds a number of too many digits")


def _table(data: Any, name: str, symbol: str | None, prefer: Collection[str], known: Collection[str]) -> Table:
    if hasattr(data, "columns") and (hasattr(data, "itertuples") or hasattr(data, "iter_rows")):
        return _frame(data, name, known)
    if isinstance(data, np.ndarray):
        if data.dtype.names is not None:
            return ColumnTable(name, data.dtype.names, [data[field] for field in data.dtype.names])
        data = data.tolist()
    if isinstance(data, dict):
        data = pick(data, name, symbol, prefer)
        if isinstance(data, dict):
            return ColumnTable(name, list(data), list(data.values()))
    if isinstance(data, list | tuple):
        if data and not all(isinstance(row, dict | list | tuple) for row in data):
            raise ReadError(f"{name}: is not a list of rows: it holds {shown(_stray(data))}")
        return RowTable(name, data)
    raise TypeError(f"source must be {FORMS}, got {type(data).__name__}")


def _stray(data: Any) -> Any:
    return next(row for row in data if not isinstance(row, dict | list | tuple))


def pick(data: dict[Any, Any], name: str, symbol: str | None = None, prefer: Collection[str] = ()) -> Any:
    """The list of rows inside an answer, or the columns that the answer is. Text in it is never a path."""
    if _columnar(data):
        return data
    lists = _lists(data, DEEPEST)
    if len(lists) > 1 and symbol is not None:
        lists = [pair for pair in lists if pair[0] == symbol] or lists
        if len(lists) > 1:
            names = listed([key for key, _ in lists])
            raise ReadError(f"{name}: symbol={shown(symbol)} is not in it, it holds {names}")
    if len(lists) > 1:
        lists = [pair for pair in lists if plain(pair[0]) in prefer] or lists
    if len(lists) > 1:
        names = listed([key for key, _ in lists])
        raise ReadError(f"{name}: has several lists of rows, {names}: give symbol= one of them")
    if not lists:
        inner = [f"{key} {shown(value)}" for key, value in data.items() if isinstance(value, str | int) and value != ""]
        said = f": it says {', '.join(inner[:3])}" if inner else ""
        raise ReadError(f"{name}: has no list of rows{said}")
    return lists[0][1]


def _columnar(data: dict[Any, Any]) -> bool:
    """Whether an object is a table by columns: lists of one length, without lists or objects in them."""
    columns = [value for value in data.values() if isinstance(value, list | np.ndarray)]
    return (
        len(columns) > 1
        and len(columns) == len(data)
        and len({len(column) for column in columns}) == 1
        and not any(isinstance(cell, list | dict | tuple) for column in columns for cell in column)
    )


def _lists(data: dict[Any, Any], depth: int) -> list[tuple[str, Any]]:
    """The lists of rows in an object and in the objects in it, each with its name."""
    found: list[tuple[str, Any]] = []
    for inner, value in data.items():
        if isinstance(value, list | tuple) and value and all(isinstance(row, dict | list | tuple) for row in value):
            found.append((str(inner), value))
        elif isinstance(value, dict) and depth:
            if _columnar(value):
                found.append((str(inner), value))
            else:
                found += _lists(value, depth - 1)
    return found


def _frame(frame: Any, name: str, known: Collection[str]) -> ColumnTable:
    labels = list(frame.columns)
    levels = None
    if labels and all(isinstance(label, tuple) for label in labels):
        # columns of two levels: what it is, and of which instrument
        levels = [str(label[1]) if len(label) > 1 else "" for label in labels]
        labels = [label[0] for label in labels]
    series = (frame.iloc[:, i] if hasattr(frame, "iloc") else frame[label] for i, label in enumerate(frame.columns))
    columns = [_values(column) for column in series]
    index = getattr(frame, "index", None)
    if index is not None and not isinstance(index, list):
        title = "" if index.name is None else str(index.name)
        if plain(title) in known or str(index.dtype).startswith(("datetime", "period")):
            labels.insert(0, title or "time")
            columns.insert(0, _values(index))
            if levels is not None:
                levels.insert(0, "")
    return ColumnTable(name, labels, columns, levels)


def _values(series: Any) -> Any:
    """The values of a series as an array that columns can take; times with a zone as their instants."""
    dtype = getattr(series, "dtype", None)
    if getattr(dtype, "tz", None) is not None or str(dtype).startswith("period"):
        from shortgamma._core.times import times

        if not bool(series.isna().any()):
            return times("time", series).view("datetime64[ns]")
    return series.to_numpy()
