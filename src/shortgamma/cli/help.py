"""``shortgamma help``: what a command does."""

from __future__ import annotations

import argparse
import sys

from shortgamma.cli.output import UsageError, put

EXAMPLES = """\
examples:
  shortgamma help
  shortgamma help run
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "help",
        help="what a command does, as its --help",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("topic", metavar="COMMAND", nargs="?", help="the command; all of them by default")
    parser.set_defaults(command=command)


def parsers(parser: argparse.ArgumentParser) -> dict[str, argparse.ArgumentParser]:
    """The parser of each command."""
    action = next(each for each in parser._actions if isinstance(each, argparse._SubParsersAction))
    return dict(action.choices)


def command(options: argparse.Namespace) -> None:
    found = parsers(options.parser)
    if options.topic is not None and options.topic not in found:
        raise UsageError(f"unknown command {options.topic!r}: choose {', '.join(found)}")
    put((found[options.topic] if options.topic else options.parser).format_help(), sys.stdout)
