"""``shortgamma funding``: rates of a funding history, and what a position received."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import contracts, funding, venues
from shortgamma.cli.output import Result, UsageError, check_output, progress, put, write_json
from shortgamma.cli.text import fixed, number, percent, table
from shortgamma.io import read_funding
from shortgamma.io.prices import YEAR, stamp

if TYPE_CHECKING:
    import argparse

    from shortgamma.contracts import Contract
    from shortgamma.io import FundingHistory

GENERIC = {"linear": contracts.Contract("linear"), "inverse": contracts.Contract("inverse")}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "funding",
        help="rates of a funding history, and what a position received",
        description="Rates of a funding history as a venue exports it, and what a constant position received.",
        epilog="A file is CSV or JSON: an export of a venue or of ccxt, or a table with a time and a rate.",
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="the funding history")
    parser.add_argument("--position", metavar="Q", type=float, help="contracts held, < 0 short")
    parser.add_argument("--contract", metavar="NAME", help="XBTUSD, ETHUSD, ..., linear or inverse")
    parser.add_argument("--mark", metavar="PRICE", type=float, help="price where the file has no mark")
    parser.add_argument("--symbol", metavar="NAME", help="the contract, if the file has several")
    parser.add_argument("--json", metavar="FILE", help="write all numbers to this file")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> None:
    if options.json is not None:
        check_output(options.json, [options.file])
    result = compute(options.file, options.position, options.contract, options.mark, options.symbol)
    text = report(result)
    if options.json is not None:
        write_json(options.json, result)
        text += f"\nnumbers written to {options.json}\n"
    put(text, sys.stdout)


def contract_of(name: str) -> Contract:
    """A contract that venues list by this name, or a plain linear or inverse one."""
    if name.lower() in GENERIC:
        return GENERIC[name.lower()]
    try:
        return contracts.checked(name, "--contract")
    except ValueError:
        listed = {market.name: None for venue in (venues.bitmex, venues.binance) for market in venue.markets()}
        known = ", ".join([*sorted(listed), "linear", "inverse"])
        raise UsageError(f"--contract must be one that a venue lists ({known}, ...), got {name}") from None


def compute(file: str, position: float | None, name: str | None, mark: float | None, symbol: str | None) -> Result:
    history = read_funding(file, symbol=symbol, progress=progress(file))
    if position is not None and name is None:
        raise UsageError("--position needs --contract")
    result: Result = {
        "file": file,
        "venue": history.venue,
        "symbol": history.symbol,
        "payments": len(history.time),
        "start": history.time[0],
        "end": history.time[-1],
        "notes": list(history.notes),
        "rates": rates(history),
        "position": None,
    }
    years = history.time.astype("datetime64[Y]")
    cash = None
    if position is not None and name is not None:
        cash = payments(history, position, contract_of(name), mark)
        result["position"] = {
            "quantity": position,
            "contract": name,
            "mark": mark,
            "received": float(cash.sum()),
            "largest": float(cash[np.abs(cash).argmax()]),
            "largest_time": history.time[np.abs(cash).argmax()],
        }
    result["years"] = [
        {
            "year": str(year),
            "payments": int((years == year).sum()),
            "annualised": annualised(history, years == year),
            "received": None if cash is None else float(cash[years == year].sum()),
        }
        for year in np.unique(years)
    ]
    return result


def annualised(history: FundingHistory, rows: Any) -> float:
    """Sum of the rates over the time that they are for, per year."""
    length = float(history.interval[rows].sum())
    return float(history.rate[rows].sum()) * YEAR / length if length else float("nan")


def rates(history: FundingHistory) -> Result:
    everything = np.ones(len(history.rate), dtype=bool)
    return {
        "annualised": annualised(history, everything),
        "positive": float((history.rate > 0.0).mean()),
        "highest": float(history.rate.max()),
        "highest_time": history.time[history.rate.argmax()],
        "lowest": float(history.rate.min()),
        "lowest_time": history.time[history.rate.argmin()],
        "sum": float(history.rate.sum()),
    }


def payments(history: FundingHistory, position: float, contract: Contract, mark: float | None) -> Any:
    marks = history.mark if mark is None else np.where(np.isnan(history.mark), mark, history.mark)
    if not np.isfinite(position):
        raise UsageError(f"--position must be a finite number, got {position}")
    if mark is not None and not 0.0 < mark < np.inf:
        raise UsageError(f"--mark must be a finite number > 0, got {mark}")
    missing = int(np.isnan(marks).sum())
    if missing:
        raise UsageError(f"no mark price in {missing:,} of {len(marks):,} rows: --mark gives one for all of them")
    return funding.accrue(position, marks, history.rate, contract=contract)


def report(result: Result) -> str:
    part = result["rates"]
    name = " ".join(filter(None, (result["venue"], result["symbol"])))
    span = f"{stamp(result['start'], True)} to {stamp(result['end'], True)} UTC"
    lines = [f"FUNDING  {name}, {os.path.basename(result['file'])}: {result['payments']:,} payments, {span}"]
    lines += [f"  note: {note}" for note in result["notes"]]
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
    width = max(len(row[1]) for row in rows)
    lines += ["", *(f"  {label:10}  {value:>{width}}  {text}" for label, value, text in rows), ""]
    header = ["year", "payments", "annualised"] + ["received"] * (held is not None)
    body = [
        [row["year"], f"{row['payments']:,}", percent(row["annualised"], 2)]
        + ([number(row["received"], 8)] if held is not None else [])
        for row in result["years"]
    ]
    lines += table(header, body, left=[0])
    if held is not None and held["mark"] is not None:
        lines += ["", f"  marks that the file lacks are {fixed(held['mark'], 2)} throughout"]
    return "\n".join(lines) + "\n"
