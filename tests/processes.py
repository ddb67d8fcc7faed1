"""The environment of Python processes that tests start."""

import os
from pathlib import Path

import shortgamma
from shortgamma._core import dispatch

TESTS = Path(__file__).parent


def environment(level: str | None = None, *folders: Path) -> dict[str, str]:
    """This process's own, with one build of the loops or the best, and with the tests to be imported from."""
    variables = {name: value for name, value in os.environ.items() if name != dispatch.VARIABLE}
    if level is not None:
        variables[dispatch.VARIABLE] = level
    paths = [*folders, TESTS, TESTS.parent, Path(shortgamma.__file__).parents[1]]
    return {**variables, "PYTHONPATH": os.pathsep.join(map(str, paths))}
