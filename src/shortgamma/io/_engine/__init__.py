"""The engine under all readers: from a path, an open file, a frame, rows or parsed JSON to a `Table`.

A reader opens its source with the names that its tables have, chooses the columns, and has them read::

    table = open_table(source, known=NAMES)
    time, price = table.need(TIMES, "time"), table.need(PRICES, "price")
    columns = {time: Times(), price: Numbers(needed=True)}
    table.read(columns)
    stamps, prices = table.finish(columns)

Whatever is wrong raises `ReadError`, in one line that names the place. Only the named file is opened.
"""

from __future__ import annotations

from shortgamma.io._engine.cells import Clocks, Labels, Numbers, Times, is_missing, is_number
from shortgamma.io._engine.errors import ReadError, counted, listed, shown
from shortgamma.io._engine.opening import open_table
from shortgamma.io._engine.table import ColumnTable, RowTable, Table, TextTable, plain

__all__ = [
    "Clocks",
    "ColumnTable",
    "Labels",
    "Numbers",
    "ReadError",
    "RowTable",
    "Table",
    "TextTable",
    "Times",
    "counted",
    "is_missing",
    "is_number",
    "listed",
    "open_table",
    "plain",
    "shown",
]
