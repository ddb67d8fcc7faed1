"""``shortgamma funding``: rates of a funding history, and what a position received."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import __version__, contracts, funding, venues
from shortgamma.cli.data import prices_of, source_of
from shortgamma.cli.output import Result, UsageError, add_output, check_outputs, finish, progress
from shortgamma.io import read_funding
from shortgamma.io.prices import YEAR
from shortgamma.report.funding import document

if TYPE_CHECKING:
    from shortgamma.contracts import Contract
    from shortgamma.io import FundingHistory

SCHEMA_VERSION = 1
EXAMPLES = """\
examples:
  shortgamma funding XBTUSD_funding.csv
  shortgamma funding BTCUSDT_funding.csv --position -2 --contract BTCUSDT --mark BTCUSDT_1h.csv
  shortgamma funding XBTUSD_funding.csv --position -1000000 --contract XBTUSD --mark 9000 --report out.html
"""
GENERIC = {"linear": contracts.Contract("linear"), "inverse": contracts.Contract("inverse")}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "funding",
        help="rates of a funding history, and what a position received",
        description="Rates of a funding history as a venue exports it, and what a constant position received. A file is"
        " CSV or JSON: an export of a venue or of ccxt, or a table with a time and a rate.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="FILE", help="the funding history; - for standard input")
    parser.add_argument("--position", metavar="Q", type=float, help="contracts held, < 0 short")
    parser.add_argument("--contract", metavar="NAME", help="XBTUSD, ETHUSD, ..., linear or inverse")
    parser.add_argument(
        "--mark", metavar="PRICE|FILE", help="price where the history has no mark: a number, or a file of prices"
    )
    parser.add_argument("--symbol", metavar="NAME", help="the contract, if the file has several")
    add_output(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> None:
    mark = mark_of(options.mark)
    check_outputs(options, [options.file, mark if isinstance(mark, str) else None])
    history = read_funding(source_of(options.file), symbol=options.symbol, progress=progress(options.file))
    result = compute(options.file, history, options.position, options.contract, mark)
    finish(options, result, document(result, history))


def mark_of(text: str | None) -> float | str | None:
    """A price, or the name of a file."""
    if text is None:
        return None
    try:
        return float(text)
    except ValueError:
        return text


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


def compute(
    file: str, history: FundingHistory, position: float | None, name: str | None, mark: float | str | None
) -> Result:
    if position is not None and name is None:
        raise UsageError("--position needs --contract")
    result: Result = {
        "schema": "funding",
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
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
            "year": int(str(year)),
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


def payments(history: FundingHistory, position: float, contract: Contract, mark: float | str | None) -> Any:
    if not np.isfinite(position):
        raise UsageError(f"--position must be a finite number, got {position}")
    given: Any = np.nan if mark is None else marks_of(mark, history) if isinstance(mark, str) else mark
    if isinstance(mark, float) and not 0.0 < mark < np.inf:
        raise UsageError(f"--mark must be a finite number > 0, got {mark}")
    marks = np.where(np.isnan(history.mark), given, history.mark)
    missing = np.isnan(marks)
    if missing.any() and isinstance(mark, str):
        first = history.time[int(missing.argmax())].astype("datetime64[s]")
        raise UsageError(f"{mark} has no price for {missing.sum():,} of {len(marks):,} payments, the first at {first}")
    if missing.any():
        raise UsageError(
            f"no mark price in {missing.sum():,} of {len(marks):,} rows: --mark gives one for all of them, or a file"
        )
    return funding.accrue(position, marks, history.rate, contract=contract)


def marks_of(file: str, history: FundingHistory) -> Any:
    """The last close known at each payment, no older than two bars; else NaN."""
    prices = prices_of(file)
    held = prices.held.view(np.int64)
    due = history.time.view(np.int64)
    place = np.searchsorted(held, due, side="right") - 1
    age = due - held[np.maximum(place, 0)]
    known = (place >= 0) & (age <= 2 * np.median(np.diff(held)))
    return np.where(known, prices.close[np.maximum(place, 0)], np.nan)
