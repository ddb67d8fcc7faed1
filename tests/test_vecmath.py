"""Elementary and error functions against high precision, at the edges of the doubles, and as ufuncs."""

import os
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import vecmath as oracle

import shortgamma as sg

NAMES = list(oracle.FUNCTIONS)
COUNT = 20_000 if os.environ.get("SHORTGAMMA_NIGHTLY") else 1_000
BOUND = 4.0
"""Units in the last place that are promised."""

REGIMES = [(name, regime) for name, regimes in oracle.REGIMES.items() for regime in regimes]


@pytest.mark.parametrize(("name", "regime"), REGIMES)
def test_error(name, regime):
    x = oracle.arguments(name, regime, COUNT)
    with np.errstate(all="ignore"):
        y = getattr(sg.vecmath, name)(x)
    errors = [oracle.error(name, float(a), float(b)) for a, b in zip(x, y, strict=True)]
    place = int(np.argmax(errors))
    assert errors[place] <= BOUND, f"{name}({float(x[place])!r}) = {float(y[place])!r}"


@pytest.mark.parametrize("name", NAMES)
@given(x=st.floats(allow_nan=False))
def test_any_double(name, x):
    with np.errstate(all="ignore"):
        assert oracle.error(name, x, float(getattr(sg.vecmath, name)(x))) <= BOUND


EXACT = {
    "exp": [
        (0.0, 1.0),
        (-0.0, 1.0),
        (-np.inf, 0.0),
        (np.inf, np.inf),
        (-746.0, 0.0),
        (710.0, np.inf),
        (5e-324, 1.0),
    ],
    "expm1": [(0.0, 0.0), (-0.0, -0.0), (-np.inf, -1.0), (np.inf, np.inf), (5e-324, 5e-324), (-800.0, -1.0)],
    "log": [(1.0, 0.0), (np.inf, np.inf), (0.0, -np.inf), (-0.0, -np.inf)],
    "log1p": [
        (0.0, 0.0),
        (-0.0, -0.0),
        (np.inf, np.inf),
        (-1.0, -np.inf),
        (5e-324, 5e-324),
        (-5e-324, -5e-324),
    ],
    "erfc": [(0.0, 1.0), (-np.inf, 2.0), (np.inf, 0.0), (40.0, 0.0), (-7.0, 2.0)],
    "erfcx": [(0.0, 1.0), (-np.inf, np.inf), (np.inf, 0.0), (-30.0, np.inf)],
    "normal_cdf": [(0.0, 0.5), (-0.0, 0.5), (-np.inf, 0.0), (np.inf, 1.0), (-40.0, 0.0), (40.0, 1.0)],
    "normal_pdf": [(-np.inf, 0.0), (np.inf, 0.0), (40.0, 0.0), (1e300, 0.0)],
}


@pytest.mark.parametrize(("name", "x", "expected"), [(name, *pair) for name, pairs in EXACT.items() for pair in pairs])
def test_exact_values(name, x, expected):
    with np.errstate(all="ignore"):
        y = float(getattr(sg.vecmath, name)(x))
    assert y == expected
    assert np.signbit(y) == np.signbit(expected)


FLAGS = [
    ("log", -1.0, "invalid"),
    ("log", -np.inf, "invalid"),
    ("log", 0.0, "divide"),
    ("log1p", -1.5, "invalid"),
    ("log1p", -1.0, "divide"),
    ("exp", 1000.0, "overflow"),
    ("expm1", 1000.0, "overflow"),
    ("erfcx", -30.0, "overflow"),
]


@pytest.mark.parametrize(("name", "x", "flag"), FLAGS)
@pytest.mark.parametrize("length", [1, 7, 64, 200])
def test_flags(name, x, flag, length):
    function = getattr(sg.vecmath, name)
    values = np.full(length, 0.5)
    values[-1] = x
    kind = {"overflow": "over"}.get(flag, flag)
    with np.errstate(**{"all": "ignore", kind: "raise"}), pytest.raises(FloatingPointError, match=flag):
        function(values)
    with np.errstate(**{"all": "raise", kind: "ignore"}):
        function(values)


@pytest.mark.parametrize("name", NAMES)
def test_ordinary_arguments_and_underflow_set_no_flag(name):
    ordinary = np.linspace(0.01, 5.0, 300)
    with np.errstate(all="raise"):
        getattr(sg.vecmath, name)(ordinary)
        getattr(sg.vecmath, name)(np.full(3, np.nan))
        for tail in (sg.vecmath.exp(-1000.0), sg.vecmath.erfc(30.0), sg.vecmath.normal_cdf(-50.0)):
            assert tail == 0.0


def test_flags_that_were_set_before_are_kept():
    with warnings.catch_warnings(record=True) as caught, np.errstate(divide="warn", invalid="warn"):
        warnings.simplefilter("always")
        sg.vecmath.log(np.array([0.0, -1.0, 1.0]))
    assert {str(w.message).split(" encountered")[0] for w in caught} == {"divide by zero", "invalid value"}


@pytest.mark.parametrize("name", NAMES)
def test_element_does_not_depend_on_its_place(name):
    x = np.random.default_rng(3).normal(size=203) * 3
    function = getattr(sg.vecmath, name)
    with np.errstate(all="ignore"):
        whole = function(x)
        one_by_one = np.array([function(value) for value in x])
        for length in (1, 7, 8, 9, 63, 64, 65, 130):
            np.testing.assert_array_equal(function(x[:length]), whole[:length])
    np.testing.assert_array_equal(one_by_one, whole)


@given(x=st.floats(-30, 30))
def test_identities(x):
    # The two tails sum to the whole; erfc(-x) = 2 - erfc(x); exp and log undo each other.
    assert abs(float(sg.vecmath.normal_cdf(x) + sg.vecmath.normal_cdf(-x)) - 1.0) <= 2**-52
    assert abs(float(sg.vecmath.erfc(x) + sg.vecmath.erfc(-x)) - 2.0) <= 2**-51
    assert abs(float(sg.vecmath.log(sg.vecmath.exp(x))) - x) <= 4 * 2**-52 * max(1.0, abs(x))


@pytest.mark.parametrize("name", ["exp", "expm1", "normal_cdf"])
def test_never_falls_where_rounding_cannot_decide(name):
    x = np.linspace(-37.0, 8.0, 40_001)
    y = getattr(sg.vecmath, name)(x)
    assert (np.diff(y) >= -8 * np.spacing(np.abs(y[1:]))).all()
