"""``shortgamma run``: leveraged tokens, a knock-in put, funding and liquidations on prices."""

from __future__ import annotations

import argparse
import math
from typing import Any

from shortgamma.cli.data import file_data, financing_of, fund_data, simulated_data
from shortgamma.cli.numbers import BARRIER_FRACTION, LEVERAGES, MAINTENANCE, REBALANCES, SECTIONS, Terms, compute
from shortgamma.cli.output import UsageError, add_output, check_outputs, finish
from shortgamma.report.run import document

EXAMPLES = """\
examples:
  shortgamma run
  shortgamma run BTC.csv
  shortgamma run ETH.csv --coin BTC.csv --only funding,liquidation
  shortgamma run QQQ.csv --compare TQQQ.csv --fee 0.0095 --financing DFF.csv --report out.html
  shortgamma run BTC_1h.csv --leverage 3,-3 --rebalance hourly --only leverage
  cat BTC.csv | shortgamma run - --json - | jq .leverage
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "run",
        help="leveraged tokens, a knock-in put, funding and liquidations on a price file or a built-in market",
        description="Run leveraged tokens, a knock-in put, funding and liquidations on a price series: a table with a"
        " time and a close, as Binance, Yahoo, Stooq and others export it. Without a file a built-in market is"
        " simulated.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("file", metavar="PRICES.csv", nargs="*", help="prices of the underlying; - for standard input")
    parser.add_argument("--coin", metavar="FILE", help="prices of the collateral coin of a quanto swap")
    parser.add_argument("--compare", metavar="FILE", help="prices of a real fund, beside which it is simulated")
    parser.add_argument("--only", metavar="NAMES", help=f"sections, by commas: {', '.join(SECTIONS)}")
    group = parser.add_argument_group("leveraged products")
    shown = ",".join(f"{each:g}" for each in LEVERAGES)
    # "--leverage -3" begins like an option
    group.add_argument("--leverage", metavar="L", help=f"multiples, by commas (default {shown}; write --leverage=-3)")
    group.add_argument(
        "--rebalance", metavar="WHEN", help=f"{', '.join(REBALANCES)} (default daily, or bar where bars are longer)"
    )
    group.add_argument("--fee", metavar="RATE", help="expenses a year, 0.0095 for 0.95 %% (default 0)")
    group.add_argument(
        "--financing", metavar="RATE|FILE", help="rate a year on what is borrowed, or a table of times and rates"
    )
    group.add_argument("--spread", metavar="RATE", help="rate a year over the financing, 0.004 for 0.4 %% (default 0)")
    group.add_argument("--financing-unit", metavar="UNIT", help="percent or fraction, if a file does not tell")
    group = parser.add_argument_group("options and margin")
    group.add_argument(
        "--barrier", metavar="FRACTION", help=f"barrier of the put over its strike (default {BARRIER_FRACTION:g})"
    )
    group.add_argument("--vol", metavar="VOL", help="volatility a year (default: of all bars, which is look-ahead)")
    group.add_argument(
        "--maintenance", metavar="FRACTION", help=f"maintenance margin over the value (default {MAINTENANCE:g})"
    )
    add_output(parser)
    parser.set_defaults(command=command)


def numbered(name: str, text: str, low: float, high: float, hint: str) -> float:
    """A number of an option, strictly between two."""
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low < value < high:
        raise UsageError(f"--{name} {hint}, got {text}")
    return value


def terms_of(options: argparse.Namespace, bars: Any) -> Terms:
    words: dict[str, object] = {}
    if options.leverage is not None:
        hint = "must be multiples such as 3 or -3,2,3"
        parts = options.leverage.split(",")
        words |= {"leverages": tuple(numbered("leverage", part, -100, 100, hint) for part in parts), "chosen": True}
    if options.rebalance is not None:
        if options.rebalance not in REBALANCES:
            raise UsageError(f"--rebalance must be one of {', '.join(REBALANCES)}, got {options.rebalance}")
        words["rebalance"] = options.rebalance
    if options.only is not None:
        names = tuple(dict.fromkeys(options.only.split(",")))
        for name in names:
            if name not in SECTIONS:
                raise UsageError(f"--only must name some of {', '.join(SECTIONS)}, got {name}")
        words["only"] = names
    if options.fee is not None:
        words["fee"] = numbered("fee", options.fee, -1e-300, 0.5, "is a fraction a year, 0.0095 for 0.95 %")
    if options.spread is not None:
        words["spread"] = numbered("spread", options.spread, -1e-300, 0.5, "is a fraction a year, 0.004 for 0.4 %")
    if options.barrier is not None:
        words["barrier"] = numbered("barrier", options.barrier, 0, 1, "is a fraction of the strike between 0 and 1")
    if options.vol is not None:
        words["vol"] = numbered("vol", options.vol, 0, 10, "is a fraction a year, 0.8 for 80 %")
    if options.maintenance is not None:
        hint = "is a fraction of the value, 0.005 for 0.5 %"
        words["maintenance"] = numbered("maintenance", options.maintenance, -1e-300, 1, hint)
    if options.financing_unit not in (None, "percent", "fraction"):
        raise UsageError(f"--financing-unit must be percent or fraction, got {options.financing_unit}")
    if options.financing is not None:
        rate, said = financing_of(options.financing, options.financing_unit, bars)
        words |= {"financing": rate, "financing_words": said}
    return Terms(**words)  # type: ignore[arg-type]


def command(options: argparse.Namespace) -> None:
    if len(options.file) > 1:
        raise UsageError(
            f"run takes one price file, got {len(options.file)}: --coin names the collateral coin's, --compare a fund's"
        )
    if not options.file and (options.coin or options.compare):
        raise UsageError(f"{'--coin' if options.coin else '--compare'} needs a price file of the underlying")
    files = [*options.file, *([options.coin] if options.coin is not None else [])]
    table = options.financing if options.financing and not is_number(options.financing) else None
    check_outputs(options, [*files, options.compare, table])
    if options.compare is not None and options.leverage is not None and "," in options.leverage:
        raise UsageError(f"--compare is of one fund: --leverage must be one multiple, got {options.leverage}")
    data = file_data(files) if files else simulated_data()
    terms = terms_of(options, data.time)
    fund = fund_data(data, options.compare) if options.compare is not None else None
    result, paths = compute(data, terms, fund)
    finish(options, result, document(result, Series(data, paths)))


def is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


class Series:
    """The bars of a run, and the paths that were computed from them."""

    def __init__(self, data: object, paths: dict[str, object]) -> None:
        self._data = data
        self.paths = paths

    def __getattr__(self, name: str) -> object:
        return getattr(self._data, name)
