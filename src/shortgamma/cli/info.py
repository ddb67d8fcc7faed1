"""``shortgamma info``: what this installation is."""

from __future__ import annotations

import argparse
import sys

from shortgamma import show_config
from shortgamma.cli.output import put

EXAMPLES = """\
examples:
  shortgamma info
  SHORTGAMMA_CPU=baseline shortgamma info
"""


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "info",
        help="version, build, and the processor's dispatch",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(command=command)


def command(options: argparse.Namespace) -> None:
    facts = dict(show_config(mode="dict") or {})
    width = max(map(len, facts))
    lines = []
    for name, fact in facts.items():
        shown = ", ".join(map(str, fact)) if isinstance(fact, tuple | list) else fact
        lines.append(f"{name:{width}}  {'none' if shown is None else shown}")
    put("\n".join(lines) + "\n", sys.stdout)
