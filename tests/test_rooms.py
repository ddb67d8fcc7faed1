"""The layout: every part stands in its rooms, imports run one way, formulas do not go through arrays."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
TOOL = ROOT / "tools" / "rooms.py"
if not TOOL.is_file():
    pytest.skip("the tree is not part of this copy of the tests", allow_module_level=True)
_spec = importlib.util.spec_from_file_location("rooms", TOOL)
rooms = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(rooms)


# What does not keep the rules yet, by name: a new fault fails, and so does an entry that is no longer needed.
HOLES = {
    # the twin of `single` judges binary options too, which are made of its terms
    "barrier/binary": ["oracle"],
    # a dividend yield, in the face of `terms`
    "barrier/quanto": ["face"],
    # a method of `single`, for barriers watched on equal dates
    "barrier/shifted": ["face"],
}
WITHOUT_FACE = ["barrier/quanto", "barrier/shifted"]
# the recursion over dates strides over payoffs that it carries side by side, in memory of its own
MATRICES = {f"src/shortgamma/kernels/barrier/{name}.pxd" for name in ("_panels", "discrete")}


@pytest.fixture
def tree(tmp_path, monkeypatch):
    """A small tree of one part that stands in all its rooms."""
    monkeypatch.setattr(rooms, "ROOT", tmp_path)

    def write(path, text=""):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    for form in rooms.ROOMS.values():
        write(form.format(folder="funding/", part="payments"))
    return write


def test_every_part_stands_in_its_rooms():
    holes = {part.path: sorted(part.expected - part.rooms) for part in rooms.parts() if part.expected - part.rooms}
    assert holes == HOLES


def test_no_part_is_unknown():
    known = {(family, name) for family in rooms.FAMILIES for name in rooms.names_in("face", family)}
    strays = [part.path for part in rooms.parts() if part.family and (part.family, part.name) not in known]
    assert strays == WITHOUT_FACE


def test_imports_run_one_way():
    assert not rooms.wrong_imports()
    assert not rooms.wrong_cimports()


def test_formulas_do_not_go_through_arrays():
    assert {place.partition(":")[0] for place in rooms.loops_over_data()} == MATRICES


def test_functions_can_be_read():
    assert not rooms.misshapen()


def test_a_missing_room_is_found(tree, tmp_path):
    assert [part.expected - part.rooms for part in rooms.parts()] == [frozenset()]
    (tmp_path / "tests/oracle/funding/payments.py").unlink()
    assert [part.expected - part.rooms for part in rooms.parts()] == [{"oracle"}]
    assert rooms.table()[1].split() == ["funding/payments", "x", "x", "x", "x", "-", "x"]


def test_a_room_too_many_is_found(tree):
    tree("benches/funding/bench_rates.py")
    assert [part.path for part in rooms.parts() if part.expected - part.rooms] == ["funding/rates"]


def test_what_goes_the_wrong_way_is_found(tree):
    tree("src/shortgamma/funding/payments.py", "from shortgamma.cli import main\nfrom shortgamma._core import checks\n")
    assert rooms.wrong_imports() == ["shortgamma.funding.payments imports shortgamma.cli.main"]
    tree(
        "src/shortgamma/kernels/funding/payments.pxd",
        "cimport numpy as cnp\ncdef inline int f(char* data):\n    return 1\n",
    )
    assert rooms.wrong_cimports() == ["src/shortgamma/kernels/funding/payments.pxd cimports numpy"]
    assert len(rooms.loops_over_data()) == 2


def test_long_functions_are_found(tree):
    body = "    x += 1\n" * 80
    tree(
        "cython_ext/funding/payments.pyx",
        f"cdef int long_one(int x):\n{body}\n\ncdef int wide({', '.join('abcdefghijklm')}):\n    pass\n",
    )
    assert [(each.name, each.lines, each.parameters) for each in rooms.misshapen()] == [
        ("long_one", 81, 1),
        ("wide", 2, 13),
    ]
    tree("cython_ext/funding/payments.pyx", f"# measured: divided, it takes 9 ns\ncdef int long_one(int x):\n{body}")
    assert not rooms.misshapen()
