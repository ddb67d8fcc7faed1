"""``shortgamma completion``: commands, options and files, as a shell completes them."""

from __future__ import annotations

import argparse
import sys
from string import Template
from typing import TYPE_CHECKING, NamedTuple

from shortgamma.cli.help import parsers
from shortgamma.cli.output import UsageError, put

if TYPE_CHECKING:
    from collections.abc import Mapping

EXAMPLES = """\
examples:
  eval "$(shortgamma completion bash)"                    in ~/.bashrc
  eval "$(shortgamma completion zsh)"                     in ~/.zshrc, after compinit
  shortgamma completion fish > ~/.config/fish/completions/shortgamma.fish
"""
BASH = Template("""\
_shortgamma() {
    local word=$${COMP_WORDS[COMP_CWORD]} before=$${COMP_WORDS[COMP_CWORD-1]} words=
    if [ "$$COMP_CWORD" -eq 1 ]; then
        COMPREPLY=($$(compgen -W "$commands --help --version" -- "$$word"))
        return
    fi
    case "$${COMP_WORDS[1]}:$$before" in
$values
    esac
    if [ -n "$$words" ]; then
        COMPREPLY=($$(compgen -W "$$words" -- "$$word"))
        return
    fi
    case "$${COMP_WORDS[1]}" in
$options
    esac
    case "$$word" in
        -*) COMPREPLY=($$(compgen -W "$$words" -- "$$word")) ;;
        *) case "$${COMP_WORDS[1]}" in
$places
               *) COMPREPLY=($$(compgen -f -- "$$word")) ;;
           esac ;;
    esac
}
complete -o filenames -F _shortgamma shortgamma
""")
ZSH = "autoload -Uz bashcompinit && bashcompinit\n"


class Words(NamedTuple):
    """What can stand after a command."""

    options: Mapping[str, str]
    """Options, and what they are for."""
    places: tuple[str, ...]
    """Words that are no files, where the command takes such."""


VALUES = {
    "--rebalance": "bar hourly daily weekly monthly never",
    "--only": "leverage barrier funding liquidation",
    "--financing-unit": "percent fraction",
    "--method": "price basis log-price log-basis coinmetrics",
    "--venue": "deribit binance cme",
}


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "completion",
        help="a script by which bash, zsh or fish completes this command",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("shell", metavar="SHELL", help="bash, zsh or fish")
    parser.set_defaults(command=command)


def words_of(parser: argparse.ArgumentParser) -> dict[str, Words]:
    found = parsers(parser)
    places = {
        "help": tuple(found),
        "completion": ("bash", "zsh", "fish"),
        "schema": ("run", "funding", "carry", "flows"),
    }
    return {
        name: Words(
            {
                text: action.help or ""
                for action in each._actions
                for text in action.option_strings
                if text.startswith("--")
            },
            places.get(name, ()),
        )
        for name, each in found.items()
    }


def bash(words: Mapping[str, Words]) -> str:
    values = [
        f'        {name}:{option}) words="{VALUES[option]}" ;;'
        for name, each in words.items()
        for option in each.options
        if option in VALUES
    ]
    options = [f'        {name}) words="{" ".join(each.options)}" ;;' for name, each in words.items()]
    places = [
        f'               {name}) COMPREPLY=($(compgen -W "{" ".join(each.places)}" -- "$word")) ;;'
        for name, each in words.items()
        if each.places
    ]
    return BASH.substitute(
        commands=" ".join(words), values="\n".join(values), options="\n".join(options), places="\n".join(places)
    )


def fish(words: Mapping[str, Words], helps: Mapping[str, str]) -> str:
    def quoted(text: str) -> str:
        return "'" + text.replace("%%", "%").replace("\\", "\\\\").replace("'", "\\'") + "'"

    lines = []
    for name, each in words.items():
        lines.append(f"complete -c shortgamma -n __fish_use_subcommand -f -a {name} -d {quoted(helps[name])}")
        here = f"-n '__fish_seen_subcommand_from {name}'"
        lines += [
            f"complete -c shortgamma {here} -l {option[2:]} -d {quoted(text)}"
            + (f" -x -a {quoted(VALUES[option])}" if option in VALUES else "")
            for option, text in each.options.items()
        ]
        if each.places:
            lines.append(f"complete -c shortgamma {here} -f -a {quoted(' '.join(each.places))}")
    return "\n".join(lines) + "\n"


def command(options: argparse.Namespace) -> None:
    words = words_of(options.parser)
    action = next(each for each in options.parser._actions if isinstance(each, argparse._SubParsersAction))
    helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
    scripts = {"bash": bash(words), "zsh": ZSH + bash(words), "fish": fish(words, helps)}
    if options.shell not in scripts:
        raise UsageError(f"a shell is bash, zsh or fish, got {options.shell}")
    put(scripts[options.shell], sys.stdout)
