"""``shortgamma run``: leveraged tokens, a knock-in put, funding and liquidations on prices."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from shortgamma.cli.data import file_data, simulated_data
from shortgamma.cli.numbers import compute
from shortgamma.cli.output import UsageError, check_output, put, write_json
from shortgamma.cli.report import report

if TYPE_CHECKING:
    import argparse


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "run",
        help="leveraged tokens, a knock-in put, funding and liquidations on price files or a built-in market",
        description="Run leveraged tokens, a knock-in put, funding and liquidations on a price series.",
        epilog="A file is a table with a time and a close, as Binance, Yahoo, Stooq and others export it."
        " Without a file a built-in market is simulated.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "files", metavar="PRICES.csv", nargs="*", help="prices of the underlying, then of the collateral coin"
    )
    parser.add_argument("--json", metavar="FILE", help="write all numbers to this file")
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> None:
    if len(options.files) > 2:
        raise UsageError(f"run takes at most two price files (underlying, collateral coin), got {len(options.files)}")
    if options.json is not None:
        check_output(options.json, options.files)
    result = compute(file_data(options.files) if options.files else simulated_data())
    text = report(result)
    if options.json is not None:
        write_json(options.json, result)
        text += f"\nnumbers written to {options.json}\n"
    put(text, sys.stdout)
