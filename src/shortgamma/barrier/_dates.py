"""Dates on which barriers are watched, and the recursion over them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import common_shape, describe, first, number, place, refuse_where
from shortgamma._core.times import YEAR, times
from shortgamma._core.words import Words

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from numpy.typing import NDArray

    Progress: TypeAlias = Callable[[int, int], Any]

METHODS = ("auto", "exact", "shift")
STATES = Words({"alive": 0, "in": 1, "out": 2}, knockedin="in", knockedout="out", live="alive", living="alive")
MOST_DATES = 10_000
NAMES = ("spot", "strike", "lower", "upper", "vol", "expiry", "rate", "dividend", "rebate", "dates")
OUT, LATE = 2, 8
# A date closer to expiry than this fraction of the time to expiry is expiry.
SAME = 1e-9


def years_to(name: str, value: Any, now: Any) -> Any:
    """A time to expiry in years: a number, or a time as seen from ``now`` by actual days over 365."""
    array = np.asarray(value)
    if array.dtype.kind in "fiub" or (array.dtype.kind == "O" and now is None) or value is None:
        return value
    if now is None:
        if array.dtype.kind == "M":
            raise TypeError(f"{name} must be a number or an array of numbers, got {describe(value, array)}: give now=")
        return value
    return (times(name, value) - times("now", now)) / YEAR


def watched(dates: Any, expiry: Any, now: Any, state: Any) -> tuple[Any, NDArray[np.float64] | None]:
    """The number of equal dates of each option, or else the dates in years from now, the same for all options."""
    array = np.asarray(dates)
    if array.dtype.kind == "b":
        raise TypeError("dates must be a number of dates, a list of years, or a list of times, got dtype bool")
    if array.dtype.kind in "iu":
        return _counts(array, expiry), None
    if array.dtype.kind == "f":
        years = array.astype(np.float64)
        if years.ndim != 1:
            raise ValueError(
                f"dates must be a whole number of equal dates or a list of years, got {dates!r}: "
                f"write 12 for twelve equal dates, [0.5, 1.0] for dates in half a year and a year"
            )
    else:
        if now is None:
            raise ValueError("dates are times: give now=, the time of valuation")
        years = np.atleast_1d((times("dates", dates) - times("now", now)) / YEAR)
        if years.ndim != 1:
            raise ValueError(f"dates must have one dimension, got shape {years.shape}")
        if state is None and (years <= 0).any():
            raise ValueError(
                f"{place('dates', first(years <= 0))} is not after now: say what the past dates did, "
                f"state='alive' or state='in' (a date without a time of day is its midnight in UTC)"
            )
        years = years[years > 0]
    return None, _years(years, float(np.max(number("expiry", expiry), initial=0.0)))


def _counts(counts: NDArray[Any], expiry: Any) -> NDArray[Any]:
    refuse_where((counts < 1) | (counts > MOST_DATES), "dates", counts, f"between 1 and {MOST_DATES:,}")
    if counts.ndim == 1 and counts.size > 1 and (np.diff(counts) > 0).all() and counts[-1] <= np.max(expiry):
        raise ValueError(
            f"dates={counts.tolist()} may be years or numbers of equal dates: write "
            f"{counts.astype(float).tolist()} for years"
        )
    return counts


def _years(years: NDArray[np.float64], expiry: float) -> NDArray[np.float64]:
    if len(years) > MOST_DATES:
        raise ValueError(f"dates must be at most {MOST_DATES:,} dates, got {len(years):,}")
    refuse_where(~np.isfinite(years) | (years <= 0.0), "dates", years, "years > 0 from now")
    backwards = np.diff(years) <= 0.0
    if backwards.any():
        index = int(np.argmax(backwards)) + 1
        raise ValueError(f"dates[{index}] must be later than dates[{index - 1}], got {float(years[index])!r}")
    years = np.where(np.abs(years - expiry) <= SAME * expiry, expiry, years)
    beyond = years > expiry
    if expiry > 0.0 and beyond.any():
        index = int(np.argmax(beyond))
        raise ValueError(f"dates[{index}] must be at most the longest expiry, {expiry!r}, got {float(years[index])!r}")
    return np.ascontiguousarray(years)


def recursion(
    order: int, values: tuple[Any, ...], code: Any, years: NDArray[np.float64] | None, progress: Progress | None
) -> tuple[NDArray[np.float64], ...]:
    """Prices, or Greeks, of options with ``values`` by the names of ``NAMES``.

    Options that share their matrices, and those that differ by their spots alone, stand side by side in the arrays that
    the loop is given, whatever the order of the axes.
    """
    arrays = [number(name, value) for name, value in zip(NAMES, values, strict=True)]
    shape = common_shape(dict(zip((*NAMES, "kind"), (*arrays, code), strict=True)))
    columns = np.empty((len(NAMES), *shape))
    for i, array in enumerate(arrays):
        columns[i] = array
    columns = columns.reshape(len(NAMES), -1)
    codes = np.ascontiguousarray(np.broadcast_to(code, shape)).ravel()
    # the last key is the first to sort by
    keys = [columns[0], columns[8], columns[1], codes, *columns[7:4:-1], *columns[2:5], columns[9]]
    keys = [key for key in keys if key.size > 1 and (key[1:] != key[:-1]).any()]
    loop = dispatch.barrier.discrete.recursion
    if not keys:
        results = loop(order, columns, codes, years, progress)
    else:
        sort = np.lexsort(keys)
        results = np.empty((1 if order == 0 else 7 * order, codes.size))
        results[:, sort] = loop(order, np.ascontiguousarray(columns[:, sort]), codes[sort], years, progress)
    return tuple(result.reshape(shape)[()] for result in results)


def into(out: Any, results: tuple[Any, ...]) -> tuple[Any, ...]:
    """The results in the arrays of ``out``, of which each may be None."""
    if out is None:
        return results
    given = []
    for array, result in zip(out, results, strict=True):
        if array is None:
            given.append(result)
            continue
        if not isinstance(array, np.ndarray):
            raise TypeError(f"out must be an array, got {type(array).__name__}")
        if not np.can_cast(np.float64, array.dtype, "same_kind"):
            raise TypeError(f"out must be an array that takes float64, got dtype {array.dtype}")
        if array.shape != np.shape(result):
            raise ValueError(f"out has shape {array.shape}, the result has {np.shape(result)}")
        array[...] = result
        given.append(array)
    return tuple(given)


def settled(state: Any, code: Any, spot: Any, barrier: Any, rebate: Any) -> tuple[Any, Any]:
    """Barrier and rebate of options whose state is known: if it was hit, the barrier lies behind the spot, and a rebate
    that was paid at the hit is past."""
    from shortgamma._core.checks import choice

    known = np.asarray(choice("state", state, STATES))
    outs = np.bitwise_and(code, OUT) != 0
    for wrong, word, kinds in (((known == 1) & outs, "in", "knock-out"), ((known == 2) & ~outs, "out", "knock-in")):
        if np.any(wrong):
            name = place("state", first(np.asarray(wrong)))
            raise ValueError(f"{name} is {word!r}, which a {kinds} cannot be")
    knocked = known != 0
    up = np.bitwise_and(code, 1) != 0
    behind = np.asarray(number("spot", spot)) * np.where(up, 1e-6, 1e6)
    paid = knocked & outs & (np.bitwise_and(code, LATE) == 0)
    return np.where(knocked, behind, number("barrier", barrier)), np.where(paid, 0.0, number("rebate", rebate))


def without(state: Any, code: Any, lower: Any, upper: Any, rebate: Any) -> tuple[Any, Any, Any, Any]:
    """Code, barriers and rebate of options watched on dates whose state is known: an option that is in has no barriers
    left, and one that is out has its rebate only, as a knock-in that can no longer knock in."""
    from shortgamma._core.checks import choice

    known = np.asarray(choice("state", state, STATES))
    plain = np.bitwise_or(np.bitwise_and(code, ~LATE), OUT)
    code = np.where(known == 1, plain, np.where(known == 2, np.bitwise_and(code, ~OUT), code)).astype(np.int8)
    rebate = np.where(known == 1, 0.0, rebate)
    return code, np.where(known == 0, lower, 0.0), np.where(known == 0, upper, np.inf), rebate
