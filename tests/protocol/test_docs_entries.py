"""Docstrings of public names: shared entries are written out, and every parameter is described."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

import shortgamma as sg
from shortgamma._core.docs import PLACE, SECTIONS, expand, fragments, keys


def public():
    for family in (getattr(sg, name) for name in sg.__all__):
        if inspect.ismodule(family):
            for name in getattr(family, "__all__", ()):
                yield f"{family.__name__.removeprefix('shortgamma.')}.{name}", getattr(family, name)


PUBLIC = {name: value for name, value in public() if callable(value)}
METHODS = {
    f"{name}.{method}": function
    for name, value in PUBLIC.items()
    if isinstance(value, type)
    for method, function in vars(value).items()
    if not method.startswith("_") and callable(function)
}


@pytest.mark.parametrize("name", PUBLIC | METHODS)
def test_entries_are_written_out(name):
    text = inspect.getdoc((PUBLIC | METHODS)[name]) or ""
    assert not re.search(r"^\s*\{[^}]*\}$", text, re.MULTILINE), "an entry that is not in the table"


@pytest.mark.parametrize("name", [name for name, value in PUBLIC.items() if not isinstance(value, type)])
def test_every_parameter_is_described(name):
    try:
        parameters = inspect.signature(PUBLIC[name]).parameters
    except ValueError:
        pytest.skip("a ufunc of NumPy")
    if name.startswith("vecmath."):
        pytest.skip("a ufunc of NumPy")
    text = inspect.getdoc(PUBLIC[name])
    section = re.search(r"\nParameters\n-+\n(.*?)(?:\n\n[A-Z][A-Za-z ]+\n-{3,}|\Z)", text, re.DOTALL)
    assert section is not None
    described = set()
    for line in section[1].splitlines():
        if line and not line.startswith(" "):
            described.update(part.strip().lstrip("*") for part in line.split(" : ")[0].split(","))
    assert set(parameters) <= described


def test_an_entry():
    text = "F.\n\n    Parameters\n    ----------\n    {vol}\n    {fee [account]}\n    {nonsense}\n"
    assert expand(text) == (
        "F.\n\n    Parameters\n    ----------\n"
        "    vol : array_like\n        Volatility per year, 0.2 for 20 %, >= 0.\n"
        "    fee : array_like, default 0.0\n"
        "        Fee of closing a position as a fraction of its value, in [0, 1): a number, or one for each "
        "instrument.\n"
        "    {nonsense}\n"
    )


def test_a_line_of_several():
    text = "F.\n\n    Parameters\n    ----------\n    {spot, strike, vol [positive], rate, dividend}\n"
    entries = [line for line in expand(text).splitlines() if " : " in line]
    assert [line.strip().split(" : ")[0] for line in entries] == ["spot, strike", "vol", "rate, dividend"]
    assert expand("    {spot, strike, nonsense}\n") == "    {spot, strike, nonsense}\n"


def test_an_entry_of_entries():
    text = expand("    {returns and raises [barrier greeks]}\n")
    assert text == expand("    {returns [barrier greeks]}\n    \n    {raises [choice]}\n")
    assert [line.strip() for line in text.splitlines() if line.strip() in ("Returns", "Raises")] == [
        "Returns",
        "Raises",
    ]


def test_every_entry_is_used():
    """In a docstring of the package, as it is written."""
    root = Path(sg.__file__).parent
    used = set()
    for path in root.rglob("*.py"):
        # what stands in a docstring, indented, or in an entry
        for place in re.finditer(r"^ *\{+([A-Za-z_0-9, \[\]]+)\}+$", path.read_text(encoding="utf-8"), re.MULTILINE):
            used.update(keys(place[1]))
    assert set(fragments()) == used


def test_every_entry_is_one():
    for key, lines in fragments().items():
        assert PLACE.fullmatch(f"    {{{key}}}"), key
        assert len(lines) > 1
        body = lines[2:] if key in SECTIONS and "---" in lines[1] else lines[1:]
        assert any(line.startswith(("    ", "{")) for line in body) or key.startswith("see also")
        assert max(map(len, lines)) <= 120


def test_sections_are_written_out():
    text = inspect.getdoc(sg.leverage.actual_leverage)
    assert "\nRaises\n------\nValueError\n    If shapes do not broadcast.\nTypeError\n    If an input is not" in text
    text = inspect.getdoc(sg.barrier.delta)
    assert "\nReturns\n-------\nndarray or float\n    The derivative, in the shape that all inputs" in text


def test_objects_of_classes_that_nobody_asked_for():
    """Those that a venue gives, of classes that were never looked up by name."""
    program = """
import inspect, re
import shortgamma as sg
market = sg.venues.bitmex.market("XBTUSD")
venue, history = sg.venues.bitmex, sg.venues.bitmex.funding("XBTUSD")
for kind in map(type, (venue, history, history.rules[0][1], market.maintenance, market.liquidation, market.contract)):
    for value in (kind, *vars(kind).values()):
        text = inspect.getdoc(value) or ""
        assert not re.search(r"^ *[{][^}]*[}]$", text, re.MULTILINE), (kind, text)
"""
    subprocess.run([sys.executable, "-c", program], check=True)
