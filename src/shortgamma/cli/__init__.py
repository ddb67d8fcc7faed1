"""The command ``shortgamma``: a module a command, each with ``add_parser``."""

from __future__ import annotations

import argparse
import difflib
import re
import sys
import warnings
from importlib import import_module
from typing import TYPE_CHECKING, NoReturn

from shortgamma import PlausibilityWarning, __version__
from shortgamma.cli.help import parsers
from shortgamma.cli.output import UsageError, put
from shortgamma.io import ReadError

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["main"]

COMMANDS = ("run", "funding", "carry", "flows", "info", "schema", "completion", "help")
EXAMPLES = """\
examples:
  shortgamma run QQQ.csv --compare TQQQ.csv --report out.html
  shortgamma funding XBTUSD_funding.csv
  shortgamma help run
"""


class Parser(argparse.ArgumentParser):
    """argparse with errors of one line."""

    def error(self, message: str) -> NoReturn:
        choices = f"{', '.join(COMMANDS[:-1])} or {COMMANDS[-1]}"
        if unknown := re.match(r"argument command: invalid choice: ('.*?'|\".*?\") \(", message):
            message = f"unknown command {unknown[1]}: choose {choices}"
        elif message == "the following arguments are required: command":
            message = f"a command is needed: {choices}"
        else:
            message += f" (see {self.prog} --help)"
        raise UsageError(message)


def build_parser() -> Parser:
    parser = Parser(
        prog="shortgamma",
        description="Path-dependent mechanics of crypto and listed derivatives.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"shortgamma {__version__}")
    commands = parser.add_subparsers(metavar="command", dest="name", required=True)
    for name in COMMANDS:
        import_module(f"shortgamma.cli.{name}").add_parser(commands)
    return parser


def refuse(parser: argparse.ArgumentParser, name: str, rest: Sequence[str]) -> NoReturn:
    """Arguments that a command does not know, with the option that may have been meant."""
    known = [text for text in parsers(parser)[name]._option_string_actions if text.startswith("--")]
    first = next((text for text in rest if text.startswith("-")), "")
    near = difflib.get_close_matches(first.partition("=")[0], known, n=1)
    hint = f": did you mean {near[0]}?" if near else ""
    raise UsageError(f"unrecognized arguments: {' '.join(rest)}{hint} (see shortgamma {name} --help)")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        Exit code: 0, or 2 after bad input, with one line on standard error.
    """
    try:
        parser = build_parser()
        options, rest = parser.parse_known_args(argv)
        if rest:
            refuse(parser, options.name, rest)
        # for commands that speak of all of them
        options.parser = parser
        with warnings.catch_warnings():
            # the volatility of a crash is what the file says, however absurd
            warnings.simplefilter("ignore", PlausibilityWarning)
            options.command(options)
    except (UsageError, ReadError) as error:
        put("shortgamma: error: " + " ".join(str(error).splitlines()) + "\n", sys.stderr)
        return 2
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    return 0
