"""``shortgamma carry``: the basis of futures by tenor, its history, and how often a short was liquidated."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import __version__, carry
from shortgamma._core.times import moment
from shortgamma.cli.data import prices_of, source_of
from shortgamma.cli.output import Result, UsageError, add_output, check_outputs, finish
from shortgamma.io import read_futures
from shortgamma.io.prices import stamp
from shortgamma.report.carry import document

if TYPE_CHECKING:
    from shortgamma.io.futures import FuturesTable

SCHEMA_VERSION = 1
EXAMPLES = """\
examples:
  shortgamma carry futures.csv --venue deribit
  shortgamma carry binance.csv --venue binance --method basis --tenors 30,90 --at 2021-04-14
  shortgamma carry cme_constant.csv --spot BTC.csv --horizon 21 --report out.html
"""
METHODS = ("price", "basis", "log-price", "log-basis", "coinmetrics")
LEVERAGES = (2, 3, 5, 10)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "carry",
        help="the basis of futures by tenor, its history, and how often a short would have been liquidated",
        description="The basis of dated futures or constant maturities, its history, and what a short would have met. A"
        " file has a row for each time and contract (time, expiry, price, spot), or a row for each time and constant"
        " maturities in columns cm_1m, cm_2m, ...",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
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
    add_output(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> None:
    check_outputs(options, [*options.files, options.spot])
    series: list[Any] = []
    venues = [compute(file, options, series) for file in options.files]
    result: Result = {
        "schema": "carry", "schema_version": SCHEMA_VERSION, "version": __version__, "venues": venues
    }  # fmt: skip
    finish(options, result, document(result, series))


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
    prices = prices_of(file)
    place = np.searchsorted(prices.time, found.time)
    place = np.minimum(place, len(prices.time) - 1)
    spot = np.where(prices.time[place] == found.time, prices.close[place], np.nan)
    if np.isnan(spot).all():
        raise UsageError(f"{file} has no price at any time of the futures: times must be the same")
    return spot


def compute(file: str, options: argparse.Namespace, series: list[Any]) -> Result:
    if options.method is not None and options.method not in METHODS:
        raise UsageError(f"--method must be one of {', '.join(METHODS)}, got {options.method}")
    days = tenors_of(options.tenors)
    found = read_futures(source_of(file), venue=options.venue)
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
    curves: dict[str, Any] = {}
    if found.expiry is None:
        result["history"], curves = constant_history(found, spot)
        result["liquidation"] = survival(found)
    elif options.method is not None:
        if np.isnan(spot).all():
            raise UsageError(f"{file} has no spot prices: --spot gives a file of them")
        tenor = np.array(days) / 365.0
        basis = carry.constant_maturity(found.price, found.years, spot, tenor, method=options.method)
        curves = {f"{each:g} days": basis[:, i] for i, each in enumerate(days)}
        result["history"] = [{"name": name, **history(found.time, values)} for name, values in curves.items()]
    if options.horizon is not None:
        result["fama"] = pair(found, spot, options.horizon, file)
    series.append((found.time, curves))
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


def constant_history(found: FuturesTable, spot: Any) -> tuple[list[Result], dict[str, Any]]:
    """Each maturity over spot, and the carry from the first of them to the third or the last."""
    curves = {}
    if np.isfinite(spot).any():
        basis = carry.annualized_basis(found.price, spot[:, np.newaxis], found.years, compounding="continuous")
        curves = {f"{12 * years:.0f} months": basis[:, i] for i, years in enumerate(found.years[0])}
    last = min(2, found.price.shape[1] - 1)
    if last > 0:
        near, far = found.years[0, 0], found.years[0, last]
        forward = carry.forward_carry(found.price[:, 0], found.price[:, last], near, far, compounding="continuous")
        curves[f"{12 * near:.0f} to {12 * far:.0f} months"] = forward
    return [{"name": name, **history(found.time, values)} for name, values in curves.items()], curves


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
