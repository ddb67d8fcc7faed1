"""``shortgamma carry``: the basis of futures by tenor, its history, and how often a short was liquidated."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import __version__, carry
from shortgamma._core.times import moment
from shortgamma.cli.data import prices_of, source_of
from shortgamma.cli.output import Result, UsageError, add_output, check_outputs, check_plot, finish
from shortgamma.io import ReadError, read_futures
from shortgamma.io.prices import stamp
from shortgamma.report.carry import document

if TYPE_CHECKING:
    from shortgamma.carry import LiquidationShare
    from shortgamma.io.futures import FuturesTable

SCHEMA_VERSION = 1
EXAMPLES = """\
examples:
  shortgamma carry futures.csv --venue deribit
  shortgamma carry binance.csv --venue binance --method basis --tenors 30,90 --at 2021-04-14
  shortgamma carry cme_constant.csv --spot BTC.csv --horizon 21 --report out.html
  shortgamma carry chain.csv --spot 89480 --method log-basis --plot curve.svg
"""
METHODS = ("price", "basis", "log-price", "log-basis", "coinmetrics")
LEVERAGES = (2, 3, 5, 10)
# Tenors that the picture shows through time, as dated contracts and constant maturities call them.
SHOWN = ("30 days", "90 days", "1 month", "3 months")
# contracts between which a curve can be drawn
LEAST = 2
# Days of a constant maturity of a month, as vendors count.
MONTH = 30.0


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "carry",
        help="the basis of futures by tenor, its history, and how often a short would have been liquidated",
        description="The basis of dated futures or constant maturities, its history, and what a short would have met. A"
        " file has a row for each time and contract (time, expiry, price, spot), or a row for each time and constant"
        " maturities in columns cm_1m, cm_2m, ...; or is an option chain, whose forwards are read.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("files", metavar="FILE", nargs="+", help="prices of futures, a file a venue")
    parser.add_argument("--venue", metavar="NAME", help="whose clock expiries have: deribit, binance or cme")
    parser.add_argument(
        "--spot", metavar="FILE", help="spot prices of the same times, if the files have none; a number for one time"
    )
    parser.add_argument("--at", metavar="TIME", help="curve of this time; the last by default")
    parser.add_argument("--tenors", metavar="DAYS", default="30,60,90,120", help="tenors between contracts, in days")
    parser.add_argument("--method", metavar="NAME", help=f"what is linear between contracts: {', '.join(METHODS)}")
    parser.add_argument(
        "--horizon", metavar="ROWS", type=int, help="regress what comes so many rows later on the basis"
    )
    parser.add_argument("--plot", metavar="FILE", help="draw curve and history of the first file: .png, .svg or .pdf")
    add_output(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> None:
    spots = [options.spot] if options.spot is not None and number_of(options.spot) is None else []
    check_outputs(options, [*options.files, *spots])
    if options.plot is not None:
        check_plot(options.plot, [*options.files, *spots])
    series: list[Any] = []
    venues = [compute(file, options, series) for file in options.files]
    result: Result = {
        "schema": "carry", "schema_version": SCHEMA_VERSION, "version": __version__, "venues": venues
    }  # fmt: skip
    if options.plot is not None:
        time, curves = series[0]
        draw(options.plot, venues[0], time, curves, options)
    finish(options, result, document(result, series))


def number_of(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def draw(path: str, venue: Result, time: Any, curves: dict[str, Any], options: argparse.Namespace) -> None:
    """The curve of one time, and the months in which a short would have been liquidated."""
    from shortgamma import plot

    if venue["spot"] is None:
        raise UsageError(f"{venue['file']} has no spot price at that time: --spot gives one")
    if len(venue["curve"]) < LEAST:
        raise UsageError(f"--plot needs {LEAST} contracts at one time, {venue['file']} has {len(venue['curve'])}")
    wanted = [name for name in SHOWN if name in curves] or list(curves)
    history = {name: curves[name] for name in wanted if np.isfinite(curves[name]).any()} if len(time) > 1 else {}
    part = venue["liquidation"]
    shaded = None if part is None else part["spans"]
    method = None if options.method == "coinmetrics" else options.method
    figure = plot.carry(
        [row["days"] for row in venue["curve"]], [row["price"] for row in venue["curve"]], venue["spot"],
        history=history, time=time, shaded=shaded, tenors=tenors_of(options.tenors), method=method,
        name=stamp(venue["at"], True),
    )  # fmt: skip
    try:
        figure.savefig(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def tenors_of(text: str) -> list[float]:
    try:
        days = [float(part) for part in text.split(",")]
    except ValueError:
        days = []
    if not days or not all(0.0 < each < 10_000.0 for each in days):
        raise UsageError(f"--tenors must be days such as 30,60,90, got {text}")
    return days


def spot_of(table: FuturesTable, file: str | None) -> Any:
    """Spot prices of the table, or those of a file at the same times, or a price of the one time that there is."""
    if file is None:
        return table.spot
    price = number_of(file)
    if price is not None:
        if len(table.time) > 1 or not price > 0.0:
            raise UsageError(f"--spot {file} is a price > 0 of one time, there are {len(table.time)}: give a file")
        return np.full(1, price)
    prices = prices_of(file)
    place = np.searchsorted(prices.time, table.time)
    place = np.minimum(place, len(prices.time) - 1)
    spot = np.where(prices.time[place] == table.time, prices.close[place], np.nan)
    if np.isnan(spot).all():
        raise UsageError(f"{file} has no price at any time of the futures: times must be the same")
    return spot


def compute(file: str, options: argparse.Namespace, series: list[Any]) -> Result:
    if options.method is not None and options.method not in METHODS:
        raise UsageError(f"--method must be one of {', '.join(METHODS)}, got {options.method}")
    days = tenors_of(options.tenors)
    table = futures_of(file, options)
    spot = spot_of(table, options.spot)
    row = row_at(table, options.at)
    result: Result = {
        "file": file,
        "start": table.time[0],
        "end": table.time[-1],
        "rows": len(table.time),
        "notes": list(table.notes),
        "at": table.time[row],
        "spot": float(spot[row]) if np.isfinite(spot[row]) else None,
        "curve": curve(table, spot, row),
        "tenors": tenors(table, spot, row, days, options.method),
        "history": [],
        "liquidation": None,
        "fama": None,
    }
    curves: dict[str, Any] = {}
    if table.expiry is None:
        result["history"], curves = constant_history(table, spot)
        result["liquidation"] = survival(table)
    elif options.method is not None:
        if np.isnan(spot).all():
            raise UsageError(f"{file} has no spot prices: --spot gives a file of them")
        tenor = np.array(days) / 365.0
        basis = carry.constant_maturity(table.price, table.years, spot, tenor, method=options.method)
        curves = {f"{each:g} days": basis[:, i] for i, each in enumerate(days)}
        if len(table.time) > 1:
            result["history"] = [{"name": name, **history(table.time, values)} for name, values in curves.items()]
    if options.horizon is not None:
        result["fama"] = pair(table, spot, options.horizon, file)
    series.append((table.time, curves))
    return result


def futures_of(file: str, options: argparse.Namespace) -> FuturesTable:
    """The table of a file; of a chain of several moments, that of --at."""
    try:
        return read_futures(source_of(file), venue=options.venue)
    except ReadError as error:
        if options.at is None or "time=" not in str(error):
            raise
    return read_futures(source_of(file), venue=options.venue, time=options.at)


def tenors(table: FuturesTable, spot: Any, row: int, days: list[float], method: Any) -> list[Result]:
    """The basis of each tenor at one time: a constant maturity of n months is one of 30 n days."""
    basis = np.full(len(days), np.nan)
    if table.expiry is None:
        own = np.round(12.0 * table.years[row]) * MONTH
        values = carry.annualized_basis(table.price[row], spot[row], table.years[row])
        for i, each in enumerate(days):
            basis[i] = values[own == each][0] if (own == each).any() else np.nan
    elif method is not None and np.isfinite(spot[row]):
        tenor = np.array(days) / 365.0
        basis = carry.constant_maturity(table.price[row], table.years[row], spot[row], tenor, method=method)
        if method.startswith("log"):
            basis = np.expm1(basis * tenor) / tenor
    return [
        {"days": each, "basis": float(value) if np.isfinite(value) else None}
        for each, value in zip(days, basis, strict=True)
    ]


def row_at(table: FuturesTable, at: str | None) -> int:
    """The last row, or the last one not after a time."""
    if at is None:
        return len(table.time) - 1
    try:
        row = int(np.searchsorted(table.time.astype(np.int64), moment("--at", at), side="right")) - 1
    except ValueError as error:
        raise UsageError(str(error)) from None
    if row < 0:
        raise UsageError(f"--at {at} is before the first row, {stamp(table.time[0], True)}")
    return row


def curve(table: FuturesTable, spot: Any, row: int) -> list[Result]:
    """The contracts of one time, each with its basis and its carry over the one before."""
    live = np.flatnonzero(np.isfinite(table.price[row]) & (table.years[row] > 0.0))
    price, years = table.price[row, live], table.years[row, live]
    basis = carry.annualized_basis(price, spot[row], years)
    forward = np.full(len(live), np.nan)
    forward[1:] = carry.forward_carry(price[:-1], price[1:], years[:-1], years[1:], compounding="continuous")
    return [
        {
            "contract": months_of(years[i]) if table.expiry is None else stamp(table.expiry[live[i]], True),
            "days": 365.0 * years[i],
            "price": price[i],
            "basis": basis[i],
            "forward": forward[i],
        }
        for i in range(len(live))
    ]


def months_of(years: float) -> str:
    count = round(12.0 * years)
    return f"{count} month{'s' * (count != 1)}"


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


def constant_history(table: FuturesTable, spot: Any) -> tuple[list[Result], dict[str, Any]]:
    """Each maturity over spot, and the carry from the first of them to the third or the last."""
    curves = {}
    if np.isfinite(spot).any():
        basis = carry.annualized_basis(table.price, spot[:, np.newaxis], table.years, compounding="continuous")
        curves = {months_of(years): basis[:, i] for i, years in enumerate(table.years[0])}
    last = min(2, table.price.shape[1] - 1)
    if last > 0:
        near, far = table.years[0, 0], table.years[0, last]
        forward = carry.forward_carry(table.price[:, 0], table.price[:, last], near, far, compounding="continuous")
        curves[f"{12 * near:.0f} to {12 * far:.0f} months"] = forward
    return [{"name": name, **history(table.time, values)} for name, values in curves.items()], curves


def survival(table: FuturesTable) -> Result:
    """Months in which a short of the first maturity would have used up its margin."""
    months = table.time.astype("datetime64[M]")
    share = carry.liquidation_share(table.price[:, 0], LEVERAGES, period=months)
    return {
        "months": share.periods,
        "spans": spans(months, share),
        "leverage": list(LEVERAGES),
        "liquidated": share.liquidated.tolist(),
        "share": share.share.tolist(),
    }


def spans(months: Any, share: LiquidationShare) -> list[list[int]]:
    """First and last bar of the months in which a short at the largest leverage was liquidated."""
    first = share.begins[share.hit[-1]] + 1
    last = np.searchsorted(months, months[first], side="right") - 1
    return [[int(begin), int(end)] for begin, end in zip(first, last, strict=True)]


def pair(table: FuturesTable, spot: Any, horizon: int, file: str) -> Result:
    if table.expiry is not None:
        raise UsageError("--horizon needs constant maturities")
    if np.isnan(spot).all():
        raise UsageError(f"{file} has no spot prices: --spot gives a file of them")
    there = np.isfinite(spot)
    if not 1 <= horizon < there.sum() - 3:
        raise UsageError(f"--horizon must be at least 1 row and leave some of {int(there.sum())}, got {horizon}")
    fitted = carry.fama(spot[there], table.price[there, 0], horizon=horizon, form="logs", lags="overlap")
    return {
        "horizon": horizon,
        "count": int(fitted.spot.count),
        "spot": float(fitted.spot.slope),
        "futures": float(fitted.futures.slope),
        "error": float(fitted.spot.slope_error),
        "difference": float(fitted.difference),
        "excess_volatility": float(fitted.excess_volatility),
    }
