"""The report of ``shortgamma funding``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import plot
from shortgamma.io.prices import stamp
from shortgamma.report.document import Document, Figure, Lines, Table
from shortgamma.report.text import fixed, number, percent

if TYPE_CHECKING:
    from shortgamma.report.document import Block


def document(result: dict[str, Any], history: Any) -> Document:
    """The report of a result, with pictures of the history that it is of."""
    part = result["rates"]
    name = " ".join(filter(None, (result["venue"], result["symbol"])))
    file = "standard input" if result["file"] == "-" else os.path.basename(result["file"])
    span = f"{stamp(result['start'], True)} to {stamp(result['end'], True)} UTC"
    rows = [
        ("annualised", percent(part["annualised"], 2), "simple, over the time that the rates are for"),
        ("sum", percent(part["sum"], 2), "of the value, received by a short"),
        ("longs paid", percent(part["positive"], 1), "of the payments"),
        ("highest", percent(part["highest"], 4), stamp(part["highest_time"], True)),
        ("lowest", percent(part["lowest"], 4), stamp(part["lowest_time"], True)),
    ]
    held = result["position"]
    if held is not None:
        coin = "in the settlement coin"
        rows += [
            ("received", number(held["received"], 8), f"{coin}, by {held['quantity']:,.10g} {held['contract']}"),
            ("largest", number(held["largest"], 8), f"{coin}, {stamp(held['largest_time'], True)}"),
        ]
    header = ["year", "payments", "annualised"] + ["received"] * (held is not None)
    body = [
        [str(row["year"]), f"{row['payments']:,}", percent(row["annualised"], 2)]
        + ([number(row["received"], 8)] if held is not None else [])
        for row in result["years"]
    ]
    blocks: list[Block] = []
    if result["notes"]:
        blocks.append(Lines(result["notes"], "  note: "))
    blocks += [Table(["", "", ""], rows, [0, 2]), Table(header, body, [0])]
    if held is not None and held["mark"] is not None:
        mark = held["mark"]
        words = f"from {os.path.basename(mark)}" if isinstance(mark, str) else f"{fixed(mark, 2)} throughout"
        blocks.append(Lines([f"marks that the file lacks are {words}"]))
    years = np.unique(history.time.astype("datetime64[Y]"))
    alt = (
        f"How often {name or 'the swap'} paid which rate, on a log scale, {years[0]} to {years[-1]}; below, what a"
        f" short received in all, {percent(part['sum'], 1)} of the value"
    )
    blocks.append(Figure(lambda: plot.funding(history), alt))
    title = f"FUNDING  {name}, {file}: {result['payments']:,} payments, {span}"
    return Document(title, "", blocks, heading=f"Funding of {name or file}")
