"""``shortgamma carry``: the basis of futures by tenor, its history, and how often a short was liquidated."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import carry
from shortgamma._core.times import moment
from shortgamma.cli.output import Result, UsageError, check_output, put, write_json
from shortgamma.cli.text import fixed, percent, table
from shortgamma.io import read_futures, read_prices
from shortgamma.io.prices import stamp

if TYPE_CHECKING:
    import argparse

    from shortgamma.io.futures import FuturesTable

METHODS = ("price", "basis", "log-price", "log-basis", "coinmetrics")
LEVERAGES = (2, 3, 5, 10)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "carry",
        help="the basis of futures by tenor, its history, and how often a short would have been liquidated",
        description="The basis of dated futures or constant maturities, its history, and what a short would have met.",
        epilog="A file has a row for each time and contract (time, expiry, price, spot), or a row for each time and "
        "constant maturities in columns cm_1m, cm_2m, ...",
        allow_abbrev=False,
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="prices of futures, a file a venue")
    parser.add_argument("--venue", metavar="NAME", help="whose clock expiries have: deribit, binance or cme")
    parser.add_argument("--spot", metavar="FILE", help="spot prices of the same times, if the files have none")
    parser.add_argument("--at", metavar="TIME", help="curve of this time; the last by default")
    parser.add_argument("--tenors", metavar="DAYS", default="30,60,90,120", help="tenors between contracts, in days")
    parser.add_argument("--method", metavar="NAME", help=f"what is linear between contracts: {', '.join(METHODS)}")
    parser.add_argument(
        "--horizon", metavar="ROWS", type=int, help="regress what comes so many rows later on the basis"
    )
    parser.add_argument("--json", metavar="FILE", help="write all numbers to this file")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> None:
    if options.json is not None:
        check_output(options.json, [*options.files, *([options.spot] if options.spot else [])])
    result: Result = {"venues": [compute(file, options) for file in options.files]}
    text = "\n".join(report(each) for each in result["venues"])
    if options.json is not None:
        write_json(options.json, result)
        text += f"\nnumbers written to {options.json}\n"
    put(text, sys.stdout)


def tenors_of(text: str) -> list[float]:
    try:
        days = [float(part) for part in text.split(",")]
    except ValueError:
        days = []
    if not days or not all(0.0 < each < 10_000.0 for each in days):
        raise UsageError(f"--tenors must be days such as 30,60,90, got {text}")
    return days


def spot_of(found: FuturesTable, file: str | None) -> Any:
    """Spot prices of the table, or those of a file at the same times."""
    if file is None:
        return found.spot
    prices = read_prices(file)
    place = np.searchsorted(prices.time, found.time)
    place = np.minimum(place, len(prices.time) - 1)
    spot = np.where(prices.time[place] == found.time, prices.close[place], np.nan)
    if np.isnan(spot).all():
        raise UsageError(f"{file} has no price at any time of the futures: times must be the same")
    return spot


def compute(file: str, options: argparse.Namespace) -> Result:
    if options.method is not None and options.method not in METHODS:
        raise UsageError(f"--method must be one of {', '.join(METHODS)}, got {options.method}")
    days = tenors_of(options.tenors)
    found = read_futures(file, venue=options.venue)
    spot = spot_of(found, options.spot)
    row = row_at(found, options.at)
    result: Result = {
        "file": file,
        "start": found.time[0],
        "end": found.time[-1],
        "rows": len(found.time),
        "notes": list(found.notes),
        "at": found.time[row],
        "curve": curve(found, spot, row),
        "history": [],
        "liquidation": None,
        "fama": None,
    }
    if found.expiry is None:
        result["history"] = constant_history(found, spot)
        result["liquidation"] = survival(found)
    elif options.method is not None:
        if np.isnan(spot).all():
            raise UsageError(f"{file} has no spot prices: --spot gives a file of them")
        tenor = np.array(days) / 365.0
        basis = carry.constant_maturity(found.price, found.years, spot, tenor, method=options.method)
        result["history"] = [
            {"name": f"{each:g} days", **history(found.time, basis[:, i])} for i, each in enumerate(days)
        ]
    if options.horizon is not None:
        result["fama"] = pair(found, spot, options.horizon, file)
    return result


def row_at(found: FuturesTable, at: str | None) -> int:
    """The last row, or the last one not after a time."""
    if at is None:
        return len(found.time) - 1
    try:
        row = int(np.searchsorted(found.time.astype(np.int64), moment("--at", at), side="right")) - 1
    except ValueError as error:
        raise UsageError(str(error)) from None
    if row < 0:
        raise UsageError(f"--at {at} is before the first row, {stamp(found.time[0], True)}")
    return row


def curve(found: FuturesTable, spot: Any, row: int) -> list[Result]:
    """The contracts of one time, each with its basis and its carry over the one before."""
    live = np.flatnonzero(np.isfinite(found.price[row]) & (found.years[row] > 0.0))
    price, years = found.price[row, live], found.years[row, live]
    basis = carry.annualized_basis(price, spot[row], years)
    forward = np.full(len(live), np.nan)
    forward[1:] = carry.forward_carry(price[:-1], price[1:], years[:-1], years[1:], compounding="continuous")
    return [
        {
            "contract": f"{12 * years[i]:.0f} months" if found.expiry is None else stamp(found.expiry[live[i]], True),
            "days": 365.0 * years[i],
            "price": price[i],
            "basis": basis[i],
            "forward": forward[i],
        }
        for i in range(len(live))
    ]


def history(time: Any, values: Any) -> Result:
    """Mean, deviation, persistence and extremes of a series."""
    there = np.isfinite(values)
    if there.sum() < 3:
        return dict.fromkeys(("mean", "deviation", "ar1", "highest", "highest_time", "lowest", "lowest_time"))
    both = there[1:] & there[:-1]
    centred = values - values[there].mean()
    kept, lagged = centred[1:][both], centred[:-1][both]
    spread = np.sqrt((kept**2).sum() * (lagged**2).sum())
    high, low = int(np.nanargmax(values)), int(np.nanargmin(values))
    return {
        "mean": float(values[there].mean()),
        "deviation": float(values[there].std(ddof=1)),
        "ar1": float((kept * lagged).sum() / spread) if spread > 0.0 else float("nan"),
        "highest": float(values[high]),
        "highest_time": time[high],
        "lowest": float(values[low]),
        "lowest_time": time[low],
    }


def constant_history(found: FuturesTable, spot: Any) -> list[Result]:
    """Each maturity over spot, and the carry from the first of them to the third or the last."""
    rows = []
    if np.isfinite(spot).any():
        basis = carry.annualized_basis(found.price, spot[:, np.newaxis], found.years, compounding="continuous")
        names = [f"{12 * years:.0f} months" for years in found.years[0]]
        rows = [{"name": name, **history(found.time, basis[:, i])} for i, name in enumerate(names)]
    last = min(2, found.price.shape[1] - 1)
    if last > 0:
        near, far = found.years[0, 0], found.years[0, last]
        forward = carry.forward_carry(found.price[:, 0], found.price[:, last], near, far, compounding="continuous")
        rows.append({"name": f"{12 * near:.0f} to {12 * far:.0f} months", **history(found.time, forward)})
    return rows


def survival(found: FuturesTable) -> Result:
    """Months in which a short of the first maturity would have used up its margin."""
    months = found.time.astype("datetime64[M]")
    share = carry.liquidation_share(found.price[:, 0], LEVERAGES, period=months)
    return {
        "months": share.periods,
        "leverage": list(LEVERAGES),
        "liquidated": share.liquidated.tolist(),
        "share": share.share.tolist(),
    }


def pair(found: FuturesTable, spot: Any, horizon: int, file: str) -> Result:
    if found.expiry is not None:
        raise UsageError("--horizon needs constant maturities")
    if np.isnan(spot).all():
        raise UsageError(f"{file} has no spot prices: --spot gives a file of them")
    there = np.isfinite(spot)
    if not 1 <= horizon < there.sum() - 3:
        raise UsageError(f"--horizon must be at least 1 row and leave some of {int(there.sum())}, got {horizon}")
    fitted = carry.fama(spot[there], found.price[there, 0], horizon=horizon, form="logs", lags="overlap")
    return {
        "horizon": horizon,
        "count": int(fitted.spot.count),
        "spot": float(fitted.spot.slope),
        "futures": float(fitted.futures.slope),
        "error": float(fitted.spot.slope_error),
        "difference": float(fitted.difference),
        "excess_volatility": float(fitted.excess_volatility),
    }


def report(result: Result) -> str:
    name = os.path.basename(result["file"])
    span = f"{stamp(result['start'], True)} to {stamp(result['end'], True)} UTC"
    lines = [f"CARRY  {name}: {result['rows']:,} times, {span}"]
    lines += [f"  note: {note}" for note in result["notes"]]
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
    lines += ["", f"  {stamp(result['at'], True)} UTC", *table(header, body, left=[0])]
    if result["history"]:
        header = ["tenor", "mean", "deviation", "AR(1)", "highest", "", "lowest", ""]
        body = [
            [
                row["name"], percent(row["mean"], 2), percent(row["deviation"], 2), fixed(row["ar1"], 3),
                percent(row["highest"], 1), "-" if row["highest_time"] is None else stamp(row["highest_time"]),
                percent(row["lowest"], 1), "-" if row["lowest_time"] is None else stamp(row["lowest_time"]),
            ]
            for row in result["history"]
        ]  # fmt: skip
        lines += ["", *table(header, body, left=[0])]
    part = result["liquidation"]
    if part is not None:
        body = [
            [f"{leverage} x", f"{count} of {part['months']}", percent(share, 0)]
            for leverage, count, share in zip(part["leverage"], part["liquidated"], part["share"], strict=True)
        ]
        lines += ["", *table(["short", "months liquidated", ""], body, left=[0])]
    part = result["fama"]
    if part is not None:
        lines += [
            "",
            f"  logs, {part['horizon']} rows ahead on the basis, {part['count']} rows, Newey-West errors",
            f"  slope of spot     {fixed(part['spot'], 3)} ({fixed(part['error'], 3)})",
            f"  slope of futures  {fixed(part['futures'], 3)} ({fixed(part['error'], 3)})",
            f"  difference        {fixed(part['difference'], 6)} (identity)",
            f"  excess volatility {fixed(part['excess_volatility'], 3)} times the variance of the basis",
        ]
    return "\n".join(lines) + "\n"
