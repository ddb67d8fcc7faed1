"""``shortgamma flows``: what hedgers of an option chain must trade, and what that does to the price."""

from __future__ import annotations

import argparse
import csv
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import __version__, dealer
from shortgamma.cli.data import source_of
from shortgamma.cli.output import Result, UsageError, add_output, check_outputs, check_plot, finish
from shortgamma.io import read_chain
from shortgamma.report.flows import EXPOSURES, document, scale_of

if TYPE_CHECKING:
    from shortgamma.io import Chain

MOVES = (-0.10, -0.05, -0.02, -0.01, 0.01, 0.02, 0.05, 0.10)
OTHERS = {"puts alone, dealers short": (0.0, -1.0), "dealers short of everything": (-1.0, -1.0)}
SIGNS = (
    "--calls and --puts say what dealers hold of the open interest, from -1 (short) to 1 (long); the usual choices are"
    " --calls 1 --puts -1, --calls 0 --puts -1 and --calls -1 --puts -1"
)
EXAMPLES = """\
examples:
  shortgamma flows chain.csv --calls 1 --puts -1
  shortgamma flows deribit.csv --calls 0 --puts -1 --expiry 2026-02-27 --report out.html
  shortgamma flows chain.csv --calls 1 --puts -1 --notes notes.csv --funds funds.csv --depth 2e10 --shock -0.05
"""
SCHEMA_VERSION = 1
NOTES = ("strike", "barrier", "vol", "expiry", "units")
# pictures that can be written
# levels of the spot in the picture of the exposure, over the spot: the lowest, the highest, how many
LEVELS = (0.7, 1.3, 121)


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "flows",
        help="exposures, flips and hedging flow of an option chain",
        description="What dealers who hedge the options of a chain must trade. A file is a chain of Deribit, OptionsDX"
        " or Cboe, or a table of one option a row. " + SIGNS + ".",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="CHAIN.csv", help="the option chain")
    parser.add_argument("--calls", metavar="S", type=float, help="what dealers hold of the open calls, -1 to 1")
    parser.add_argument("--puts", metavar="S", type=float, help="the same of the puts")
    parser.add_argument("--spot", metavar="PRICE", type=float, help="price of the underlying, if the file has none")
    parser.add_argument("--rate", metavar="R", type=float, default=0.0, help="interest rate, where there is no forward")
    parser.add_argument("--dividend", metavar="Q", type=float, default=0.0, help="dividend yield, likewise")
    parser.add_argument("--at", metavar="TIME", help="the moment of the quotes, if the file has none or several")
    parser.add_argument("--multiplier", metavar="M", type=float, help="units of the underlying per contract")
    parser.add_argument("--expiry", metavar="DATE", help="this expiry alone")
    parser.add_argument("--notes", metavar="FILE", help="knock-in notes: strike, barrier, vol, expiry, units")
    parser.add_argument("--funds", metavar="FILE", help="leveraged funds: assets, leverage")
    parser.add_argument("--depth", metavar="D", type=float, help="money that moves the price by 100 %%")
    parser.add_argument("--shock", metavar="R", type=float, help="return before anybody reacts, with --depth")
    parser.add_argument("--plot", metavar="FILE", help="draw the exposure and the flow: .png, .svg or .pdf")
    add_output(parser)
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> None:
    if options.calls is None or options.puts is None:
        raise UsageError(SIGNS)
    if (options.depth is None) != (options.shock is None):
        raise UsageError("--depth and --shock go together")
    if options.funds and options.depth is None:
        raise UsageError("--funds is about feedback: give --depth and --shock too")
    if options.notes and options.depth is None and options.plot is None and options.report is None:
        raise UsageError("--notes is about feedback and pictures: give --depth and --shock, --plot or --report too")
    inputs = [options.file, options.notes, options.funds]
    check_outputs(options, inputs)
    if options.plot is not None:
        check_plot(options.plot, [file for file in inputs if file is not None])
    result, pictures = compute(options)
    if options.plot is not None:
        draw(options.plot, result, pictures)
    finish(options, result, document(result, pictures))


def draw(path: str, result: Result, pictures: dict[str, Any]) -> None:
    """Exposure and flow side by side."""
    from shortgamma import plot

    scale = scale_of(result["exposures"]["gamma_percent"])
    figure = plot.flows(
        pictures["profile"], pictures["flow"], spot=result["spot"], flips=result["flips"],
        others=pictures["others"], barriers=pictures["barriers"], scale=scale,
    )  # fmt: skip
    try:
        figure.savefig(path)
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def columns_of(path: str, names: tuple[str, ...]) -> dict[str, Any]:
    """Columns of numbers of a small table."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    missing = [name for name in names if not rows or name not in rows[0]]
    if missing:
        raise UsageError(f"{path} needs the columns {', '.join(names)}; {missing[0]} is missing")
    try:
        return {name: np.array([float(row[name]) for row in rows]) for name in names}
    except (TypeError, ValueError):
        raise UsageError(f"{path} must hold numbers in the columns {', '.join(names)}") from None


def part_of(chain: Chain, expiry: str | None) -> Chain:
    """The options of one expiry, or all."""
    if expiry is None:
        return chain
    days = chain.expires.astype("datetime64[D]").astype(str)
    chosen = np.char.startswith(days, expiry)
    if not chosen.any():
        raise UsageError(f"--expiry must be one of {', '.join(sorted(set(days))[:12])}, got {expiry}")
    columns = {name: value[chosen] for name, value in chain._asdict().items() if isinstance(value, np.ndarray)}
    return chain._replace(**columns)


def compute(options: argparse.Namespace) -> tuple[Result, dict[str, Any]]:
    try:
        chain = read_chain(source_of(options.file), time=options.at, spot=options.spot, multiplier=options.multiplier)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None
    spot = float(chain.spot)
    if not 0.0 < spot < math.inf:
        raise UsageError(f"{options.file} does not tell the price of the underlying: give --spot")
    chain = part_of(chain, options.expiry)
    rates = {} if chain.forward is not None else {"rate": options.rate, "dividend": options.dividend}

    def held(calls: float, puts: float) -> dict[str, Any]:
        return dealer.chain_book(chain, calls=calls, puts=puts, **rates)

    try:
        own = held(options.calls, options.puts)
    except ValueError as error:
        raise UsageError(str(error)) from None
    total = dealer.exposure(spot, **own)
    expiries = chain.expires.astype("datetime64[D]").astype(str)
    by_expiry = dealer.exposure(spot, **own, by=expiries)
    by_strike = dealer.exposure(spot, **own, by="strike")
    order = np.argsort(by_strike.gamma_percent)
    flips = dealer.flips(spot, **own)
    flow = dealer.hedge_flow(np.array(MOVES), spot, **own)
    pictures: dict[str, Any] = {"flow": flow}
    if options.report is not None or options.plot is not None:
        about: dict[str, Any] = {"spot": spot} if chain.forward is not None else {}
        about["grid"] = (LEVELS[0] * spot, LEVELS[1] * spot, LEVELS[2])
        pictures["profile"] = dealer.profile(None, **own, **about)
        pictures["others"] = {name: dealer.profile(None, **held(*signs), **about) for name, signs in OTHERS.items()}
        pictures["barriers"] = columns_of(options.notes, NOTES)["barrier"] if options.notes else ()
    result: Result = {
        "schema": "flows",
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
        "file": options.file,
        "venue": chain.venue,
        "time": chain.time,
        "spot": spot,
        "underlying": "forward of each expiry" if chain.forward is not None else "spot, rate and dividend",
        "calls": options.calls,
        "puts": options.puts,
        "options": chain.strike.size,
        "expired": total.expired,
        "without_volatility": total.skipped,
        "without_open_interest": total.none,
        "notes": list(chain.notes),
        "exposures": {name: getattr(total, name) for name in EXPOSURES},
        "by_expiry": dict(zip(by_expiry.label.tolist(), by_expiry.gamma_percent.tolist(), strict=True)),
        "largest_strikes": [(by_strike.label[i], by_strike.gamma_percent[i]) for i in order[::-1][:5]],
        "smallest_strikes": [(by_strike.label[i], by_strike.gamma_percent[i]) for i in order[:5]],
        "flips": flips.spots.tolist(),
        "flow": {"move": list(MOVES), "finite": flow.value.tolist(), "linear": flow.linear.tolist()},
        "gamma_percent_of_other_signs": {
            name: dealer.exposure(spot, **held(*signs)).gamma_percent for name, signs in OTHERS.items()
        },
    }
    if options.depth is not None:
        result["feedback"] = loop(options, spot, own)
    return result, pictures


def loop(options: argparse.Namespace, spot: float, own: dict[str, Any]) -> Result:
    """Where a shock ends."""
    linear, masses = 0.0, None
    if options.funds:
        funds = columns_of(options.funds, ("assets", "leverage"))
        linear = float((funds["assets"] * funds["leverage"] * (funds["leverage"] - 1.0)).sum())
    if options.notes:
        notes = columns_of(options.notes, NOTES)
        release = dealer.note_book([spot], **notes, rate=options.rate, dividend=options.dividend)
        alive = release.barrier < spot
        masses = (release.barrier[alive] / spot - 1.0, release.value[alive])
    try:
        end = dealer.feedback(
            options.shock, depth=options.depth, linear=linear, masses=masses,
            flow=lambda moves: dealer.hedge_flow(moves, spot, **own).value,
        )  # fmt: skip
    except ValueError as error:
        raise UsageError(str(error)) from None
    return {
        "shock": options.shock,
        "depth": options.depth,
        "reached": end.reached,
        "amplification": end.amplification,
        "equilibria": end.solutions.tolist(),
        "stable": end.stable.tolist(),
        "barriers_touched": int(end.triggered.sum()),
        "collapsed": end.collapsed,
    }
