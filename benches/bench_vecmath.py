"""Elementary functions against NumPy, numba's loop over the C library, and SciPy."""

import math
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

COUNT = 100_000
ROOT_HALF = 0.7071067811865476
DENSITY = 0.3989422804014327

# Arguments; ours and SciPy's names of the function; its formula where NumPy and numba have one.
FUNCTIONS = {
    "normal_cdf": ("normal", "ndtr", None, lambda x: 0.5 * math.erfc(-x * ROOT_HALF)),
    "normal_pdf": (
        "normal",
        None,
        lambda x, out: np.exp(-0.5 * x * x) * DENSITY,
        lambda x: math.exp(-0.5 * x * x) * DENSITY,
    ),
    "erfc": ((-3.0, 5.0), "erfc", None, math.erfc),
    "erfcx": ((0.0, 10.0), "erfcx", None, None),
    "exp": ((-20.0, 20.0), None, np.exp, math.exp),
    "expm1": ((-5.0, 5.0), "expm1", np.expm1, math.expm1),
    "log": ((0.01, 100.0), None, np.log, math.log),
    "log1p": ((-0.9, 5.0), "log1p", np.log1p, math.log1p),
}


@cache
def numba_loop(name):
    numba = pytest.importorskip("numba")
    function = FUNCTIONS[name][3]
    # numba compiles functions of the math module under their own names, those written here from their source
    scalar = function if function.__module__ == "math" else numba.njit(error_model="numpy")(function)

    @numba.njit(error_model="numpy")
    def loop(x, out):
        for i in range(x.size):
            out[i] = scalar(x[i])
        return out

    return loop


def case(name):
    domain, scipy_name, numpy_function, scalar = FUNCTIONS[name]

    def setup():
        random = np.random.default_rng(1)
        x = 2.0 * random.standard_normal(COUNT) if domain == "normal" else random.uniform(*domain, COUNT)
        return SimpleNamespace(x=x, out=np.empty(COUNT), other=np.empty(COUNT))

    ours = getattr(sg.vecmath, name)
    ways = {OURS: lambda a: ours(a.x, out=a.out)}
    if numpy_function:
        ways["NumPy"] = lambda a: numpy_function(a.x, out=a.other)
    if scalar:
        ways["numba"] = lambda a: numba_loop(name)(a.x, a.other)
    if scipy_name:
        ways["SciPy"] = lambda a: getattr(pytest.importorskip("scipy.special"), scipy_name)(a.x, out=a.other)
    return Case(f"vecmath.{name}", (name,), COUNT, "ndtr", setup, ways, tolerance=1e-14)


CASES = [case(name) for name in FUNCTIONS]
test_speed = bench(CASES)
