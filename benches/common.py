"""What every bench shares: the table of cases, the floors, and how a time is taken."""

from collections.abc import Callable, Iterable
from time import perf_counter
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

Way = Callable[[SimpleNamespace], Any]
OURS = "shortgamma"


class Case(NamedTuple):
    """One job, done in several ways.

    ``setup`` makes the arrays, which every way gets; ``elements`` is by what a time is divided. A way returns its
    result, which must be that of ours within ``tolerance`` (relative to the largest), or None if the way computes less.
    ``scale`` says how many times more elements a way leaves out because it is too slow for all of them.
    """

    name: str
    ufuncs: tuple[str, ...]
    elements: int
    floor: str
    setup: Callable[[], SimpleNamespace]
    ways: dict[str, Way]
    tolerance: float = 1e-9
    scale: dict[str, float] = {}  # noqa: RUF012


def copy_floor(case: Case) -> Callable[[], Any]:
    """A plain copy of as many doubles."""
    source = np.random.default_rng(0).random(case.elements)
    target = np.empty_like(source)
    return lambda: np.copyto(target, source)


def ndtr_floor(case: Case) -> Callable[[], Any]:
    """The normal distribution function of SciPy over as many elements."""
    special = pytest.importorskip("scipy.special")
    x = 2.0 * np.random.default_rng(0).standard_normal(case.elements)
    out = np.empty_like(x)
    return lambda: special.ndtr(x, out=out)


FLOORS: dict[str, Callable[[Case], Callable[[], Any]]] = {"copy": copy_floor, "ndtr": ndtr_floor}


def check(case: Case, way: str, arrays: SimpleNamespace) -> None:
    """Raise AssertionError if a way does another job than ours."""
    result = case.ways[way](arrays)
    if way == OURS or result is None:
        return
    result = [np.array(part, dtype=float) for part in result] if isinstance(result, tuple) else [np.array(result)]
    ours = case.ways[OURS](arrays)
    ours = list(ours) if isinstance(ours, tuple) else [ours]
    for one, other in zip(ours, result, strict=False):
        reference = np.asarray(one)[tuple(slice(n) for n in other.shape)] if other.shape else one
        scale = np.nanmax(np.abs(reference)) if reference.size else 1.0
        np.testing.assert_allclose(other, reference, rtol=case.tolerance, atol=case.tolerance * scale, err_msg=way)


def repeat(function: Callable[[], Any], seconds: float = 0.02) -> int:
    """How often to call for a measurement of about so many seconds."""
    begin = perf_counter()
    function()
    return max(1, int(seconds / max(perf_counter() - begin, 1e-7)))


def best_times(functions: dict[str, Callable[[], Any]], rounds: int = 15, budget: float = 4.0) -> dict[str, float]:
    """The least seconds a call of each, taken in turns so that what disturbs one disturbs all."""
    counts = {}
    for name, function in functions.items():
        function()
        counts[name] = repeat(function)
    best = dict.fromkeys(functions, np.inf)
    begin = perf_counter()
    for turn in range(rounds):
        for name, function in functions.items():
            start = perf_counter()
            for _ in range(counts[name]):
                function()
            best[name] = min(best[name], (perf_counter() - start) / counts[name])
        if turn >= 4 and perf_counter() - begin > budget:
            break
    return best


def bench(cases: Iterable[Case]) -> Callable[..., None]:
    """The test function of a module: every way of every case, floors included."""
    table = [
        pytest.param(case, way, id=f"{case.name}-{way}")
        for case in cases
        for way in (*case.ways, f"floor: {case.floor}")
    ]

    @pytest.mark.parametrize(("case", "way"), table)
    def test_speed(benchmark: Any, case: Case, way: str) -> None:
        benchmark.group = case.name
        if way not in case.ways:
            benchmark(FLOORS[case.floor](case))
            return
        arrays = case.setup()
        check(case, way, arrays)
        benchmark(case.ways[way], arrays)

    return test_speed
