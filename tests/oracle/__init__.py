"""Independent twins of the kernels: slow, obvious, and written from the definitions alone.

Beside the twins, what their tests share: comparison of bits, distance in units of rounding, and the memory
layouts that an array of the same values can have.
"""

from collections.abc import Callable
from fractions import Fraction

import numpy as np

UNIT = Fraction(1, 2**53)
"""Largest relative error of one rounding."""


def bits(values):
    """``values`` as integers that are equal where the doubles are the same: one NaN, two zeros."""
    array = np.array(values, dtype=np.float64)
    array[np.isnan(array)] = np.nan
    return array.view(np.int64)


def assert_same_bits(actual, expected):
    """Equal in shape and in every bit; all NaN are the same."""
    actual, expected = np.asarray(actual), np.asarray(expected)
    assert actual.dtype == np.float64
    assert actual.shape == expected.shape
    different = np.argwhere(bits(actual) != bits(expected))
    assert not different.size, (
        f"{len(different)} of {actual.size} differ, first at {tuple(different[0])}: "
        f"{actual[tuple(different[0])]!r} instead of {expected[tuple(different[0])]!r}"
    )


def roundings(actual: float, exact: Fraction, scale: Fraction | None = None) -> float:
    """Distance of ``actual`` from ``exact`` in units of rounding of ``scale``, by default of ``exact``."""
    scale = abs(exact) if scale is None else scale
    error = abs(Fraction(float(actual)) - exact)
    return 0.0 if error == 0 else float(error / (scale * UNIT))


def _strided(array):
    wide = np.full([2 * n + 1 for n in array.shape], 7, dtype=array.dtype)
    view = wide[(..., *(slice(1, None, 2) for _ in array.shape))]
    view[...] = array
    return view


def _reversed(array):
    every = (..., *(slice(None, None, -1) for _ in array.shape))
    return array[every].copy("C")[every]


def _read_only(array):
    copy = array.copy()
    copy.flags.writeable = False
    return copy


def _unaligned(array):
    memory = np.empty(array.nbytes + 1, dtype=np.uint8)
    view = memory[1:].view(array.dtype).reshape(array.shape)
    view[...] = array
    return view


LAYOUTS: dict[str, Callable] = {
    "C": lambda array: array.copy("C"),
    "Fortran": lambda array: array.copy("F"),
    "strided": _strided,
    "reversed": _reversed,
    "read-only": _read_only,
    "unaligned": _unaligned,
    "big-endian": lambda array: array.astype(array.dtype.newbyteorder(">")),
}
"""Ways to hold the same values in memory."""


OUTPUTS: dict[str, Callable] = {
    "C": lambda shape, dtype: np.full(shape, 7, dtype=dtype),
    "Fortran": lambda shape, dtype: np.full(shape, 7, dtype=dtype, order="F"),
    "strided": lambda shape, dtype: _strided(np.full(shape, 7, dtype=dtype)),
    "reversed": lambda shape, dtype: _reversed(np.full(shape, 7, dtype=dtype)),
    "unaligned": lambda shape, dtype: _unaligned(np.full(shape, 7, dtype=dtype)),
    "big-endian": lambda shape, dtype: np.full(shape, 7, dtype=np.dtype(dtype).newbyteorder(">")),
}
"""Ways to receive a result."""
