"""The report of ``shortgamma carry``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import plot
from shortgamma.io.prices import stamp
from shortgamma.report.document import Document, Figure, Lines, Section, Table
from shortgamma.report.text import fixed, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shortgamma.report.document import Block

    Result = dict[str, Any]

# points of a curve; more cannot be told apart at the width of a page
POINTS = 3000


def document(result: Result, series: Sequence[Any]) -> Document:
    """The report of a result; ``series`` has a time and the basis by tenor, a pair for each file."""
    sections = [section(part, *curves) for part, curves in zip(result["venues"], series, strict=True)]
    first = sections[0]
    across = tenor_table(result["venues"])
    if across is not None:
        sections.append(across)
    # one file needs no heading over its own
    title = f"{first.title}  {first.detail}"
    return Document(title, "", first.blocks, sections[1:], "Carry of futures")


def name_of(result: Result) -> str:
    return "standard input" if result["file"] == "-" else os.path.basename(result["file"])


def tenor_table(venues: Sequence[Result]) -> Section | None:
    """Venues down, tenors across; None where there is not one basis."""
    if not any(each["basis"] is not None for venue in venues for each in venue["tenors"]):
        return None
    header = ["venue", "at", *(f"{each['days']:g} days" for each in venues[0]["tenors"])]
    body = [
        [
            name_of(venue), stamp(venue["at"], True),
            *("-" if each["basis"] is None else percent(each["basis"], 2) for each in venue["tenors"]),
        ]
        for venue in venues
    ]  # fmt: skip
    return Section("TENORS", "basis a year", [Table(header, body, [0, 1])], "Venues and tenors")


def section(result: Result, time: Any, curves: dict[str, Any]) -> Section:
    name = name_of(result)
    span = f"{stamp(result['start'], True)} to {stamp(result['end'], True)} UTC"
    blocks: list[Block] = []
    if result["notes"]:
        blocks.append(Lines(result["notes"], "  note: "))
    header = ["contract", "days", "price", "basis\na year, simple", "forward\na year, continuous"]
    body = [
        [
            row["contract"],
            fixed(row["days"], 1),
            fixed(row["price"], 2),
            percent(row["basis"], 2),
            percent(row["forward"], 2),
        ]
        for row in result["curve"]
    ]
    blocks += [Lines([f"{stamp(result['at'], True)} UTC"]), Table(header, body, [0])]
    if result["history"]:
        header = ["tenor", "mean", "deviation", "AR(1)", "highest", "on", "lowest", "on"]
        body = [
            [
                row["name"], percent(row["mean"], 2), percent(row["deviation"], 2), fixed(row["ar1"], 3),
                percent(row["highest"], 1), "-" if row["highest_time"] is None else stamp(row["highest_time"]),
                percent(row["lowest"], 1), "-" if row["lowest_time"] is None else stamp(row["lowest_time"]),
            ]
            for row in result["history"]
        ]  # fmt: skip
        blocks.append(Table(header, body, [0]))
    part = result["liquidation"]
    if part is not None:
        body = [
            [f"{leverage} x", f"{count} of {part['months']}", percent(share, 0)]
            for leverage, count, share in zip(part["leverage"], part["liquidated"], part["share"], strict=True)
        ]
        blocks.append(Table(["short", "months liquidated", "share"], body, [0]))
    part = result["fama"]
    if part is not None:
        error = f"({fixed(part['error'], 3)})"
        rows = [
            ["slope of spot", fixed(part["spot"], 3), error],
            ["slope of futures", fixed(part["futures"], 3), error],
            ["difference", fixed(part["difference"], 6), "(identity)"],
            ["excess volatility", fixed(part["excess_volatility"], 3), "times the variance of the basis"],
        ]
        words = f"logs, {part['horizon']} rows ahead on the basis, {part['count']} rows, Newey-West errors"
        blocks += [Lines([words]), Table(["", "", ""], rows, [0, 2])]
    for tenor, values in curves.items():
        if np.isfinite(values).sum() > 2:
            alt = f"Basis of {tenor} a year in {name} over time, what is beyond 40 % either way marked"
            blocks.append(Figure(_picture(time, values, tenor), alt))
    if len(result["curve"]) > 1 and result["spot"] is not None:
        days, price = ([row[key] for row in result["curve"]] for key in ("days", "price"))
        alt = f"Annualised basis by days to expiry: {name}, {stamp(result['at'], True)} UTC"
        blocks.append(Figure(lambda: plot.carry_curve(days, price, result["spot"]), alt))
    return Section("CARRY", f"{name}: {result['rows']:,} times, {span}", blocks, f"Carry: {name}")


def _picture(time: Any, values: Any, tenor: str) -> Any:
    step = max(1, -(-len(values) // POINTS))
    return lambda: plot.carry_history(values[::step], time=time[::step], tenor=tenor)
