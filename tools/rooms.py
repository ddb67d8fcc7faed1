"""The parts of the project, room by room: ``python tools/rooms.py`` prints them, ``tests/test_rooms.py`` judges them.

A part is a path that is spelled alike in every room. One with a loop stands in all rooms; one that only composes others
has a face and a test. A name that begins with an underscore is shared by the parts of its folder and is no part.
"""

from __future__ import annotations

import ast
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
FAMILIES = ("barrier", "leverage", "funding", "liquidation", "carry", "dealer")
# families of one part, each a file
FILES = ("vanilla", "contracts", "vecmath")
# Where a part stands in each room; a stream is one class a file, with a stub for its face.
ROOMS = {
    "formula": "src/shortgamma/kernels/{folder}{part}.pxd",
    "loop": "cython_ext/{folder}{part}.pyx",
    "face": "src/shortgamma/{folder}{part}.py",
    "test": "tests/{folder}test_{part}.py",
    "oracle": "tests/oracle/{folder}{part}.py",
    "bench": "benches/{folder}bench_{part}.py",
}
COMPOSED = ("face", "test")
# vecmath has its formulas among the numerics that families share
ELSEWHERE = {("vecmath", "formula"): "src/shortgamma/kernels/numeric/vecmath.pxd"}


class Part(NamedTuple):
    """A part, and which rooms it stands in."""

    family: str
    name: str
    rooms: frozenset[str]

    @property
    def path(self) -> str:
        return f"{self.family}/{self.name}" if self.family else self.name

    @property
    def expected(self) -> frozenset[str]:
        return frozenset(ROOMS if self.rooms & {"formula", "loop"} else COMPOSED)


def names_in(room: str, family: str) -> set[str]:
    """The parts of a family that have a file in a room."""
    pattern = ROOMS[room].format(folder=f"{family}/" if family else "", part="*")
    prefix = pattern.rpartition("/")[2].partition("*")[0]
    stems = {path.stem.removeprefix(prefix) for path in ROOT.glob(pattern)}
    return {stem for stem in stems if not stem.startswith("_")}


def parts() -> list[Part]:
    """Every part that has a file in any room."""
    found = []
    for family in FAMILIES:
        by_room = {room: names_in(room, family) for room in ROOMS}
        found += [
            Part(family, name, frozenset(room for room in ROOMS if name in by_room[room]))
            for name in sorted(set().union(*by_room.values()))
        ]
    for name in FILES:
        paths = {room: ELSEWHERE.get((name, room), form.format(folder="", part=name)) for room, form in ROOMS.items()}
        rooms = frozenset(room for room, path in paths.items() if (ROOT / path).is_file())
        if rooms:
            found.append(Part("", name, rooms))
    return found


def table() -> list[str]:
    """The parts table: a line a part, a mark where it stands, a dot where no room is due, and ``-`` for a hole."""
    rows = [["part", *ROOMS]]
    for part in parts():
        marks = {room: "x" if room in part.rooms else "-" if room in part.expected else "." for room in ROOMS}
        rows.append([part.path, *marks.values()])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


# --- directions: formula <- loop <- dispatch <- face <- study <- report and command line

LAYERS = {
    "shortgamma._version": 0,
    "shortgamma._core": 0,
    "shortgamma.capi": 0,
    "shortgamma.stream": 3,
    "shortgamma.vecmath": 1,
    "shortgamma.contracts": 1,
    "shortgamma.io": 2,
    "shortgamma.vanilla": 2,
    "shortgamma.barrier": 2,
    "shortgamma.leverage": 2,
    "shortgamma.funding": 2,
    "shortgamma.liquidation": 2,
    "shortgamma.venues": 2,
    "shortgamma.carry": 3,
    "shortgamma.dealer": 3,
    "shortgamma.plot": 4,
    "shortgamma.report": 5,
    "shortgamma.cli": 6,
    "shortgamma.__main__": 7,
}


def layer(module: str) -> int:
    """How far from the formulas a Python module stands."""
    matches = [name for name in LAYERS if module == name or module.startswith(f"{name}.")]
    return LAYERS[max(matches, key=len)] if matches else -1


def imported(path: Path) -> set[str]:
    """The modules of this project that a Python file names in its imports, those for type checkers left out."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    hidden = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for statement in block.body
        for node in ast.walk(statement)
    }
    modules = set()
    for node in ast.walk(tree):
        if id(node) in hidden:
            continue
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            modules |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {module for module in modules if module.startswith("shortgamma.")}


def module_of(path: Path) -> str:
    relative = path.relative_to(ROOT / "src").with_suffix("")
    names = relative.parts[:-1] if relative.name == "__init__" else relative.parts
    return ".".join(names)


def wrong_imports() -> list[str]:
    """Python imports against the direction."""
    wrong = []
    for path in sorted((ROOT / "src/shortgamma").rglob("*.py")):
        module = module_of(path)
        if module == "shortgamma" or module.startswith("shortgamma.kernels"):
            continue
        own = layer(module)
        if own < 0:
            wrong.append(f"{module} stands in no layer")
        wrong += [
            f"{module} imports {other}"
            for other in sorted(imported(path))
            if layer(other) > own or (other.startswith("shortgamma._builds") and module != "shortgamma._core.dispatch")
        ]
    return wrong


CIMPORT = re.compile(r"^\s*(?:from\s+([\w.]+)\s+cimport|cimport\s+([\w.]+))", re.MULTILINE)


def wrong_cimports() -> list[str]:
    """Cython imports against the direction: formulas know formulas alone, loops know formulas and shared loops."""
    allowed = {
        "src/shortgamma/kernels": ("shortgamma.kernels.", "libc", "cython"),
        "cython_ext": ("shortgamma.kernels.", "cython_ext.", "shortgamma.capi", "libc", "cpython", "cython"),
    }
    return [
        f"{path.relative_to(ROOT)} cimports {module}"
        for folder, prefixes in allowed.items()
        for path in sorted((ROOT / folder).rglob("*.p[xy][dx]"))
        for match in CIMPORT.finditer(path.read_text(encoding="utf-8"))
        for module in [match[1] or match[2]]
        if not module.startswith(prefixes)
    ]


# What a loop over the caller's arrays cannot do without: strides, raw bytes, blocks of lanes.
DATA = re.compile(r"char\s*\*|\bnpy_intp\b|\bstrides?\b|\bLANES\b|\bcimport numpy\b")


def loops_over_data() -> list[str]:
    """Places in formula files that go through arrays."""
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted((ROOT / "src/shortgamma/kernels").rglob("*.pxd"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if DATA.search(line.partition("#")[0])
    ]


# --- shape of the code

FUNCTION = re.compile(r"^(?:cdef|def|cpdef)\b[^\n]*?\b(\w+)\((.*?)\)[^()\n]*:\s*$", re.MULTILINE | re.DOTALL)
MOST_LINES = 80
MOST_PARAMETERS = 12


class Function(NamedTuple):
    """A function of a formula or a loop."""

    path: str
    line: int
    name: str
    lines: int
    parameters: int
    excused: bool


def functions() -> list[Function]:
    """The functions of all formulas and loops; one with a comment "measured" above or inside may be longer."""
    found = []
    for folder in ("src/shortgamma/kernels", "cython_ext"):
        for path in sorted((ROOT / folder).rglob("*.p[xy][dx]")):
            text = path.read_text(encoding="utf-8")
            for match in FUNCTION.finditer(text):
                body = text[match.end() :]
                end = re.search(r"^\S", body, re.MULTILINE)
                code = text[match.start() : match.end() + (end.start() if end else len(body))].rstrip()
                before = text[: match.start()].rstrip().rsplit("\n\n", 1)[-1]
                parameters = [name for name in re.split(r",(?![^\[(]*[\])])", match[2]) if name.strip(" \n*/")]
                found.append(
                    Function(
                        str(path.relative_to(ROOT)),
                        text.count("\n", 0, match.start()) + 1,
                        match[1],
                        len(code.splitlines()),
                        len(parameters),
                        bool(re.search(r"#[^\n]*\b[Mm]easured\b", before + code)),
                    )
                )
    return found


def misshapen() -> list[Function]:
    """Functions that are too long or take too many parameters, without a measurement that forbids to divide them."""
    return [
        function
        for function in functions()
        if not function.excused and (function.lines > MOST_LINES or function.parameters > MOST_PARAMETERS)
    ]


if __name__ == "__main__":
    print("\n".join(table()))
    faults = [*wrong_imports(), *wrong_cimports(), *loops_over_data()]
    faults += [f"{f.path}:{f.line} {f.name}: {f.lines} lines, {f.parameters} parameters" for f in misshapen()]
    print("\n".join(faults))
    sys.exit(bool(faults) or any("-" in row.split()[1:] for row in table()[1:]))
