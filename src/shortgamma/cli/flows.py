"""``shortgamma flows``: what hedgers of an option chain must trade, and what that does to the price."""

from __future__ import annotations

import csv
import math
import sys
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import dealer
from shortgamma.cli.output import Result, UsageError, check_output, put, write_json
from shortgamma.cli.text import fixed, number, percent, table
from shortgamma.io import read_chain

if TYPE_CHECKING:
    import argparse

    from shortgamma.io import Chain

MOVES = (-0.10, -0.05, -0.02, -0.01, 0.01, 0.02, 0.05, 0.10)
OTHERS = {"puts alone, dealers short": (0.0, -1.0), "dealers short of everything": (-1.0, -1.0)}
SIGNS = (
    "--calls and --puts say what dealers hold of the open interest, from -1 (short) to 1 (long); the usual choices are"
    " --calls 1 --puts -1, --calls 0 --puts -1 and --calls -1 --puts -1"
)
EXPOSURES = {
    "gamma_percent": "gamma, money of delta per +1 %",
    "gamma_point": "gamma, units per +1 of price",
    "vanna_point": "vanna, money of delta per +1 vol point",
    "charm_day": "charm, money of delta per day",
    "vega_point": "vega, money per vol point",
    "delta": "delta, money",
}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "flows",
        help="exposures, flips and hedging flow of an option chain",
        description="What dealers who hedge the options of a chain must trade.",
        epilog="A file is a chain of Deribit, OptionsDX or Cboe, or a table of one option a row. " + SIGNS + ".",
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
    parser.add_argument("--json", metavar="FILE", help="write all numbers to this file")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> None:
    inputs = [file for file in (options.file, options.notes, options.funds) if file]
    if options.calls is None or options.puts is None:
        raise UsageError(SIGNS)
    if (options.depth is None) != (options.shock is None):
        raise UsageError("--depth and --shock go together")
    if options.json is not None:
        check_output(options.json, inputs)
    result = compute(options)
    text = report(result)
    if options.json is not None:
        write_json(options.json, result)
        text += f"\nnumbers written to {options.json}\n"
    put(text, sys.stdout)


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


def book_of(chain: Chain, options: argparse.Namespace, spot: float) -> dict[str, Any]:
    """The arguments of the dealer family, without the quantities."""
    chosen = np.ones(chain.strike.size, dtype=bool)
    if options.expiry is not None:
        chosen = np.char.startswith(chain.expires.astype("datetime64[D]").astype(str), options.expiry)
        if not chosen.any():
            days = sorted(set(chain.expires.astype("datetime64[D]").astype(str)))
            raise UsageError(f"--expiry must be one of {', '.join(days[:12])}, got {options.expiry}")
    book: dict[str, Any] = {name: getattr(chain, name)[chosen] for name in ("strike", "vol", "expiry", "option")}
    book |= {"multiplier": chain.multiplier, "drop_expired": True}
    if chain.forward is not None:
        return book | {"forward": chain.forward[chosen], "chosen": chosen}
    return book | {"rate": options.rate, "dividend": options.dividend, "chosen": chosen}


def compute(options: argparse.Namespace) -> Result:
    try:
        chain = read_chain(options.file, time=options.at, spot=options.spot, multiplier=options.multiplier)
    except (TypeError, ValueError) as error:
        raise UsageError(str(error)) from None
    spot = float(chain.spot)
    if not 0.0 < spot < math.inf:
        raise UsageError(f"{options.file} does not tell the price of the underlying: give --spot")
    book = book_of(chain, options, spot)
    chosen = book.pop("chosen")

    def held(calls: float, puts: float) -> dict[str, Any]:
        interest = chain.open_interest[chosen]
        return {**book, "quantity": dealer.position(interest, book["option"], calls=calls, puts=puts)}

    try:
        own = held(options.calls, options.puts)
    except ValueError as error:
        raise UsageError(str(error)) from None
    total = dealer.exposure(spot, **own)
    expiries = chain.expires[chosen].astype("datetime64[D]").astype(str)
    by_expiry = dealer.exposure(spot, **own, by=expiries)
    by_strike = dealer.exposure(spot, **own, by="strike")
    order = np.argsort(by_strike.gamma_percent)
    found = dealer.flips(spot, **own)
    flow = dealer.hedge_flow(np.array(MOVES), spot, **own)
    result: Result = {
        "file": options.file,
        "venue": chain.venue,
        "time": chain.time,
        "spot": spot,
        "underlying": "forward of each expiry" if chain.forward is not None else "spot, rate and dividend",
        "calls": options.calls,
        "puts": options.puts,
        "options": int(chosen.sum()),
        "expired": total.expired,
        "without_volatility": total.skipped,
        "without_open_interest": total.none,
        "notes": list(chain.notes),
        "exposures": {name: getattr(total, name) for name in EXPOSURES},
        "by_expiry": dict(zip(by_expiry.label.tolist(), by_expiry.gamma_percent.tolist(), strict=True)),
        "largest_strikes": [(by_strike.label[i], by_strike.gamma_percent[i]) for i in order[::-1][:5]],
        "smallest_strikes": [(by_strike.label[i], by_strike.gamma_percent[i]) for i in order[:5]],
        "flips": found.spots.tolist(),
        "flow": {"move": list(MOVES), "finite": flow.value.tolist(), "linear": flow.linear.tolist()},
        "gamma_percent_of_other_signs": {
            name: dealer.exposure(spot, **held(*signs)).gamma_percent for name, signs in OTHERS.items()
        },
    }
    if options.depth is not None:
        result["feedback"] = loop(options, spot, own)
    return result


def loop(options: argparse.Namespace, spot: float, own: dict[str, Any]) -> Result:
    """Where a shock ends."""
    linear, masses = 0.0, None
    if options.funds:
        funds = columns_of(options.funds, ("assets", "leverage"))
        linear = float((funds["assets"] * funds["leverage"] * (funds["leverage"] - 1.0)).sum())
    if options.notes:
        notes = columns_of(options.notes, ("strike", "barrier", "vol", "expiry", "units"))
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


def report(result: Result) -> str:
    left = ", ".join(
        f"{result[key]:,} {what}"
        for key, what in (
            ("expired", "expired"),
            ("without_volatility", "without a volatility"),
            ("without_open_interest", "without open interest"),
        )
        if result[key]
    )
    stamp = result["time"].astype("datetime64[s]")
    spot = result["spot"]
    flips = [f"{number(flip, 7)} ({flip / spot:.4f} of the spot)" for flip in result["flips"]]
    exposures = [
        (name, fixed(result["exposures"][key], 4 if key == "gamma_point" else 0)) for key, name in EXPOSURES.items()
    ]
    strikes = [
        (number(high, 6), fixed(most, 0), number(low, 6), fixed(least, 0))
        for (high, most), (low, least) in zip(result["largest_strikes"], result["smallest_strikes"], strict=True)
    ]
    lines = [
        f"{result['file']}: {result['venue']}, {result['options']:,} options at {stamp}Z, spot {number(spot, 7)}",
        f"dealers hold {result['calls']:+g} of the calls and {result['puts']:+g} of the puts;"
        f" underlying: {result['underlying']}",
        *([f"left out: {left}"] if left else []),
        *(f"note: {note}" for note in result["notes"] if "download" in note),
        "",
        *table(("exposure", ""), exposures, (0,)),
        "",
        *table(
            ("expiry", "gamma per +1 %"), [(day, fixed(value, 0)) for day, value in result["by_expiry"].items()], (0,)
        ),
        "",
        *table(("strike", "largest gamma", "strike", "smallest gamma"), strikes),
        "",
        f"gamma changes sign at {', '.join(flips)}"
        if flips
        else "gamma does not change sign from half to double the spot",
        "",
        *table(("move", "hedgers trade", "linear", ""), flow_rows(result["flow"]), (3,)),
        "",
        *(
            f"{name}: gamma per +1 % {fixed(value, 0)}"
            for name, value in result["gamma_percent_of_other_signs"].items()
        ),
    ]
    if "feedback" in result:
        end = result["feedback"]
        rest = (
            "finds no equilibrium"
            if end["collapsed"]
            else f"ends at {percent(end['reached'], 2)}, {end['amplification']:.3f} times as far"
        )
        lines += ["", f"a shock of {percent(end['shock'], 2)} on a depth of {number(end['depth'], 4)} {rest}"]
    return "\n".join(lines) + "\n"


def flow_rows(flow: Result) -> list[tuple[str, str, str, str]]:
    return [
        (percent(move, 0), fixed(finite, 0), fixed(linear, 0), "differs in sign" if finite * linear < 0.0 else "")
        for move, finite, linear in zip(flow["move"], flow["finite"], flow["linear"], strict=True)
    ]
