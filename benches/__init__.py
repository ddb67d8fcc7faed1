"""Benchmarks: ours, the NumPy way, the numba way and the peer, on the same arrays in the same run.

``python -m benches`` prints one table; ``python -m pytest benches`` runs the same cases under pytest-benchmark, and
with ``--benchmark-disable`` each of them once. Each ``<family>/bench_<part>.py`` holds a table of cases.
"""

from importlib import import_module
from pathlib import Path

from benches.common import Case

FOLDER = Path(__file__).parent


def parts() -> list[str]:
    """What is benched, ``family/part`` or, of a family of one part, ``family``."""
    paths = (path.relative_to(FOLDER) for path in FOLDER.rglob("bench_*.py"))
    return sorted((path.parent / path.stem.removeprefix("bench_")).as_posix() for path in paths)


def cases(*wanted: str) -> list[Case]:
    """All cases of the families or parts that are named, or of all."""
    chosen = [part for part in parts() if not wanted or part in wanted or part.partition("/")[0] in wanted]
    modules = [".".join(("benches", *part.split("/")[:-1], f"bench_{part.split('/')[-1]}")) for part in chosen]
    return [case for module in modules for case in import_module(module).CASES]


def benched_ufuncs() -> set[str]:
    """Names of the compiled ufuncs that some case times."""
    return {name for case in cases() for name in case.ufuncs}
