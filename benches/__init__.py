"""Benchmarks: ours, the NumPy way, the numba way and the peer, on the same arrays in the same run.

``python -m benches`` prints one table; ``python -m pytest benches`` runs the same cases under pytest-benchmark, and
with ``--benchmark-disable`` each of them once. Each ``bench_<family>.py`` holds a table of cases.
"""

from importlib import import_module

from benches.common import Case

FAMILIES = (
    "vecmath",
    "barrier",
    "double_barrier",
    "barrier_dates",
    "barrier_extended",
    "contracts",
    "leverage",
    "leverage_simulate",
    "funding",
    "liquidation",
    "liquidation_process",
    "account",
)


def cases(*families: str) -> list[Case]:
    """All cases of the families named, or of all."""
    return [case for family in families or FAMILIES for case in import_module(f"benches.bench_{family}").CASES]


def benched_ufuncs() -> set[str]:
    """Names of the compiled ufuncs that some case times."""
    return {name for case in cases() for name in case.ufuncs}
