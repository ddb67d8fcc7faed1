"""``shortgamma schema``: what the JSON of a command holds."""

from __future__ import annotations

import argparse
import sys
from importlib.resources import files

from shortgamma.cli.output import UsageError, put

NAMES = ("run", "funding", "carry", "flows")
EXAMPLES = """\
examples:
  shortgamma schema run
  shortgamma schema funding > funding.schema.json
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "schema",
        help="the JSON Schema of what --json of a command writes",
        description="The JSON Schema (2020-12) of what --json of a command writes. Its schema_version rises when a name"
        " or a meaning changes; new names may come without that.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("of", metavar="COMMAND", help=", ".join(NAMES))
    parser.set_defaults(command=command)


def schema(name: str) -> str:
    """The text of a schema."""
    return (files("shortgamma.cli") / "schemas" / f"{name}.json").read_text(encoding="utf-8")


def command(options: argparse.Namespace) -> None:
    if options.of not in NAMES:
        raise UsageError(f"there are schemas of {', '.join(NAMES)}, got {options.of}")
    put(schema(options.of), sys.stdout)
