"""What every bench shares: the table of cases, the floors, and how a time is taken."""

from collections.abc import Callable, Iterable
from functools import lru_cache
from time import perf_counter
from types import SimpleNamespace
from typing import Any, NamedTuple

import numpy as np
import pytest

Way = Callable[[SimpleNamespace], Any]
OURS = "shortgamma"


class Case(NamedTuple):
    """One job, done in several ways.

    ``setup`` makes the arrays, the same ones for every way; ``elements`` is by what a time is divided. A way returns
    its result, or a tuple of results; where ours has more, the first of them are compared. ``tolerance`` is relative
    to the element and to the largest of its array. ``bytes`` is what an element reads from arrays and writes to them.
    A way named in ``few`` is so slow that it does only so many of the elements, the first ones.
    """

    name: str
    ufuncs: tuple[str, ...]
    elements: int
    floor: str
    setup: Callable[[], SimpleNamespace]
    ways: dict[str, Way]
    tolerance: float = 1e-13
    bytes: int = 16
    few: dict[str, int] = {}  # noqa: RUF012


@lru_cache(maxsize=1)
def arrays_of(setup: Callable[[], SimpleNamespace]) -> SimpleNamespace:
    """The arrays of a case; the large ones of the case before are let go."""
    return setup()


def copy_floor(case: Case) -> Callable[[], Any]:
    """A plain copy that moves the same bytes."""
    source = np.random.default_rng(0).random(case.elements * case.bytes // 16)
    target = np.empty_like(source)
    return lambda: np.copyto(target, source)


def ndtr_floor(case: Case) -> Callable[[], Any]:
    """The normal distribution function of SciPy over as many elements."""
    special = pytest.importorskip("scipy.special")
    x = 2.0 * np.random.default_rng(0).standard_normal(case.elements)
    out = np.empty_like(x)
    return lambda: special.ndtr(x, out=out)


FLOORS: dict[str, Callable[[Case], Callable[[], Any]]] = {"copy": copy_floor, "ndtr": ndtr_floor}


def parts(result: Any) -> list[np.ndarray]:
    """A result as arrays of its own, which no later call overwrites."""
    return [np.array(part, dtype=float) for part in (result if isinstance(result, tuple) else (result,))]


def check(case: Case, way: str, arrays: SimpleNamespace) -> None:
    """Raise AssertionError if a way does another job than ours."""
    ours, theirs = parts(case.ways[OURS](arrays)), parts(case.ways[way](arrays))
    assert len(theirs) <= len(ours), f"{case.name}: {way} has {len(theirs)} results"
    for one, other in zip(ours, theirs, strict=False):
        one = one[: case.few[way]] if way in case.few else one
        assert one.shape == other.shape, f"{case.name}: {way} has shape {other.shape}"
        largest = np.nanmax(np.abs(one))
        np.testing.assert_allclose(
            other, one, rtol=case.tolerance, atol=case.tolerance * largest, err_msg=f"{case.name}: {way}"
        )


def timed(case: Case) -> dict[str, Callable[[], Any]]:
    """What there is to time: the ways whose packages are installed, each checked, and the floor."""
    arrays = arrays_of(case.setup)
    functions: dict[str, Callable[[], Any]] = {}
    for way, function in case.ways.items():
        try:
            check(case, way, arrays)
        except pytest.skip.Exception:
            continue
        functions[way] = lambda function=function: function(arrays)
    functions["floor"] = FLOORS[case.floor](case)
    return functions


def best_times(
    functions: dict[str, Callable[[], Any]], rounds: int = 7, seconds: float = 1.0, batch: float = 0.002
) -> dict[str, float]:
    """The least seconds a call of each, in turns, so that what disturbs one disturbs all.

    Turns go on for so many seconds, and for so many rounds at least. Batches are short: the shorter, the likelier it
    is that one of them is left in peace.
    """
    counts = {}
    for name, function in functions.items():
        function()
        begin = perf_counter()
        function()
        counts[name] = max(1, int(batch / max(perf_counter() - begin, 1e-7)))
    best = dict.fromkeys(functions, np.inf)
    begin, turn = perf_counter(), 0
    while turn < rounds or perf_counter() - begin < seconds:
        for name, function in functions.items():
            calls = range(counts[name])
            # once for nothing: what the way before left in the caches is not what a loop of this way would find
            function()
            start = perf_counter()
            for _ in calls:
                function()
            best[name] = min(best[name], (perf_counter() - start) / counts[name])
        turn += 1
    return best


def bench(cases: Iterable[Case]) -> Callable[..., None]:
    """The test function of a module: every way of every case, floors included."""
    table = [
        pytest.param(case, way, id=f"{case.name}-{way}" + f", {case.few.get(way)} of them" * (way in case.few))
        for case in cases
        for way in (*case.ways, f"floor: {case.floor}")
    ]

    @pytest.mark.parametrize(("case", "way"), table)
    def test_speed(benchmark: Any, case: Case, way: str) -> None:
        benchmark.group = case.name
        benchmark.extra_info["elements"] = case.few.get(way, case.elements)
        if way not in case.ways:
            benchmark(FLOORS[case.floor](case))
            return
        arrays = arrays_of(case.setup)
        check(case, way, arrays)
        benchmark(case.ways[way], arrays)

    return test_speed
