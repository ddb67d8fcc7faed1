"""What a checker of types finds in calls of the library: mistakes, and only those."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import shortgamma as sg

pytest.importorskip("mypy")

# Each line with a mistake is marked by what mypy says of it.
PROGRAM = """
import numpy as np
import shortgamma as sg

price = np.array([100.0, 101.0])
linear = sg.contracts.Contract("linear")
rule = sg.leverage.TokenRule(3.0, every=1)

sg.barrier.price(price, 95.0, 80.0, vol=0.3, expiry=0.5, kind="down-in", option="put")
sg.barrier.price(price, 95.0, 80.0, vol=0.3, expiry=0.5, kind=["down-in", "up-in"], option="call")
sg.barrier.price(price, 95.0, 80.0, vol=0.3, expiry=0.5, kind=np.array(["down-in"]), option="C")
sg.barrier.price(price, 95.0, 80.0, vol=0.3, expiry=0.5, kind="down-inn", option="put")  # wrong: arg-type
sg.barrier.price(price, 95.0, 80.0, vol=0.3, expiry=0.5, kind="down-in", option="putt")  # wrong: arg-type
sg.barrier.delta(price, 95.0, 80.0, sigma=0.3, expiry=0.5, kind="down-in", option="put")  # wrong: call-arg
greeks = sg.barrier.greeks(price, 95.0, 80.0, vol=0.3, expiry=0.5, kind="down-in", option="put")
print(greeks.vega.sum(), greeks.to_frame())
print(greeks.vegga)  # wrong: attr-defined

print(sg.leverage.simulate(price, rule).nav.sum())
print(sg.leverage.simulate(price, [rule, rule], record="full").exposure.sum())
print(sg.leverage.simulate(price, rule, record="summary", initial=2.0).nav)
sg.leverage.simulate(price, rule, record="everything")  # wrong: call-overload
print(sg.leverage.simulate(price, rule).nonsense)  # wrong: attr-defined
print(sg.leverage.simulate(price, rule).exposure)  # wrong: attr-defined
sg.leverage.simulate(price, 3.0)  # wrong: call-overload

sg.funding.accrue(1.0, price, 1e-4, contract=linear)
sg.funding.accrue(1.0, price, 1e-4, contract=5)  # wrong: arg-type
market = sg.venues["BitMEX"].market("XBTUSD", on="2020-04-20")
print(market.contract.kind, sg.venues.ftx.token(3).leverage)
print(market.contracts)  # wrong: attr-defined
print(sg.venues["BitMEX"].markt("XBTUSD"))  # wrong: attr-defined
print(sg.venues.bitmecks)  # wrong: attr-defined
sg.stream.LeverageNav(3.0)
sg.stream.LeverageNav(linear)  # wrong: arg-type
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    folder = tmp_path_factory.mktemp("types")
    path = folder / "program.py"
    path.write_text(PROGRAM)
    source = Path(sg.__file__).resolve().parents[1]
    process = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "--config-file", "", "--show-error-codes", str(path)],
        capture_output=True, text=True, cwd=folder, check=False,
        env={"MYPYPATH": "" if "site-packages" in source.parts else str(source), "PATH": "", "HOME": str(folder)},
    )  # fmt: skip
    assert process.returncode in (0, 1), process.stdout + process.stderr
    errors = {}
    for line in process.stdout.splitlines():
        if line.startswith(("program.py:", str(path))) and ": error: " in line:
            number = int(line.split("program.py:")[1].split(":")[0])
            errors.setdefault(number, []).append(line)
    return errors


LINES = list(enumerate(PROGRAM.splitlines(), 1))
WRONG = [(number, line) for number, line in LINES if "# wrong: " in line]


def test_there_are_enough():
    assert len(WRONG) >= 8


@pytest.mark.parametrize(("number", "line"), WRONG, ids=[line.split("#")[0].strip() for _, line in WRONG])
def test_mistakes_are_found(found, number, line):
    assert number in found, line
    assert any(f"[{line.split('# wrong: ')[1]}]" in error for error in found[number]), found[number]


def test_right_calls_are_not(found):
    wrong = {number for number, _ in WRONG}
    assert {number: errors for number, errors in found.items() if number not in wrong} == {}


def test_venues_are_those_of_the_stub():
    """The stub has them twice: as names to import, and as attributes of the type that can be indexed."""
    stub = Path(sg.venues.__file__).with_suffix(".pyi").read_text()
    attributes = re.findall(r"^    (\w+): ", stub[stub.index("class Venues:") :], re.MULTILINE)
    assert sorted(attributes) == sg.venues.__all__
