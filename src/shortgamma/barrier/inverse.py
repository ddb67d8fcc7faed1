"""Volatility or barrier from a price."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import common_shape, number, refuse_choice
from shortgamma._core.results import Result
from shortgamma.barrier import _dates
from shortgamma.barrier.single import code_of, price_on_dates

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal

    from numpy.typing import ArrayLike

    from shortgamma._core.types import BarrierKind, Booleans, Floats, Integers, Names, OptionKind

GRID = 96
# golden sections to the square root of an ulp, beyond which an extremum does not change; most turns of a solver that
# needs ten as a rule, and halves its bracket at worst
SECTIONS = 40
TURNS = 120
AT_ONCE = 1024
GOLDEN = 0.6180339887498949
# Prices closer than this, relative to the two legs of the option, differ by rounding only.
ROUNDING = 16.0 * 2.0**-52
# How far out a barrier watched on dates is moved, in standard deviations over the time between them.
SHIFT = 0.5825971579390107


class Solutions(Result):
    """Solutions for a price, as many as there are.

    Attributes
    ----------
    first : ndarray or float
        The least solution; NaN if there is none.
    second : ndarray or float
        The next solution; NaN if there is only one.
    count : ndarray or int
        How many were found, 0, 1, 2 or more (int64); -1 where an input is NaN or out of its domain.
    interval : ndarray or bool
        Whether every value from ``first`` to ``second`` is a solution, since the price does not change there; ``count``
        is then 1.
    """

    first: Floats
    second: Floats
    count: Integers  # type: ignore[assignment]
    interval: Booleans


TERMS = ("expiry", "rate", "dividend", "rebate", "dates")


def implied_vol(
    value: ArrayLike, spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, expiry: ArrayLike,
    kind: BarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0, rebate_at: Any = "hit", dates: Any = None, now: Any = None,
    method: Literal["auto", "exact", "shift"] = "auto", bounds: tuple[float, float] = (0.001, 5.0),
) -> Solutions:  # fmt: skip
    """Volatilities that give a barrier option its price: none, one, two or more.

    Parameters
    ----------
    {value [met], spot, strike, barrier, expiry [or time], kind, option, rate, dividend [or borrowing], rebate}
    {rebate_at, dates, now, method}
    bounds : tuple of float, default (0.001, 5.0)
        Least and largest volatility of the search.

    Returns
    -------
    Solutions
        Named tuple of arrays in the shape that all inputs broadcast to: the two least volatilities and how many there
        are. A reverse knock-out, whose price rises and then falls with the volatility, has two or none.

    Raises
    ------
    ValueError
        If ``bounds`` are not two numbers 0 < low < high, a name is unknown, or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    barrier_for_price : The barrier instead of the volatility.

    Notes
    -----
    The price on a grid of volatilities, even in their logarithms, brackets the solutions; where it has an extremum that
    nearly meets the price, golden sections tell whether it does. Chandrupatla's method then narrows each bracket to
    neighbouring numbers.

    Examples
    --------
    An up-and-out call near its barrier is worth 1.00 at two volatilities, and never worth 4.00:

    >>> import shortgamma as sg
    >>> call = dict(expiry=0.5, kind="up-out", option="call")
    >>> found = sg.barrier.implied_vol([1.0, 4.0], 100.0, 100.0, 120.0, **call)
    >>> found.count.tolist()
    [2, 0]
    >>> found.first.round(4).tolist(), found.second.round(4).tolist()
    ([0.0355, nan], [0.2965, nan])
    """
    low, high = _bounds(bounds)
    expiry, counts, years = _watched(expiry, dates, now, method)
    names = ("value", "spot", "strike", "barrier", *TERMS)
    arrays = _broadcast(names, (value, spot, strike, barrier, expiry, rate, dividend, rebate, counts))
    target, s, k, h, t, r, q, paid, n = (a.ravel() for a in arrays)
    columns = (s, k, h, t, r, q, paid, n, _codes(arrays[0].shape, kind, option, rebate_at))

    def at(vol: Any, x: Any) -> Any:
        return _price((*x[:3], vol, *x[3:7]), x[8], None if dates is None else x[7], years, method)

    return _solve(at, target, columns, np.full(1, low), np.full(1, high), arrays[0].shape)


def barrier_for_price(
    value: ArrayLike, spot: ArrayLike, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
    kind: BarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0, rebate_at: Any = "hit", dates: Any = None, now: Any = None,
    method: Literal["auto", "exact", "shift"] = "auto",
) -> Solutions:  # fmt: skip
    """Barriers that give an option its price.

    Parameters
    ----------
    {value [met], spot, strike, vol, expiry [or time], kind, option, rate, dividend [or borrowing], rebate}
    {rebate_at, dates, now, method}

    Returns
    -------
    Solutions
        Named tuple of arrays in the shape that all inputs broadcast to: the two least barriers that the spot has not
        hit, and how many there are. Without a rebate the price is monotonic in the barrier: there is one solution,
        none, or an interval of them.

    Raises
    ------
    ValueError
        If a name is unknown or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    implied_vol : The volatilities that give an option its price.

    Notes
    -----
    The search runs from the spot to twelve standard deviations of the log price beyond its drift, by brackets and
    Chandrupatla's method. A down put and an up call whose barrier lies between strike and spot do not depend on it,
    as they end in the money only beyond it: the knock-in is the plain option, the knock-out worth nothing. A price that
    is met there, up to rounding, is met on the whole interval.

    Examples
    --------
    The barrier that makes a one-year put struck at 100 worth 5.00:

    >>> import shortgamma as sg
    >>> put = dict(vol=0.35, expiry=1.0, kind="down-in", option="put")
    >>> found = sg.barrier.barrier_for_price(5.0, 100.0, 100.0, **put)
    >>> round(float(sg.barrier.price(100.0, 100.0, found.first, **put)), 12)
    5.0

    A put struck at 90 is the plain one for every barrier from 90 to the spot:

    >>> plain = sg.barrier.price(100.0, 90.0, 95.0, **put)
    >>> found = sg.barrier.barrier_for_price(plain, 100.0, 90.0, **put)
    >>> bool(found.interval), float(found.first), float(found.second)
    (True, 90.0, 100.0)
    """
    expiry, counts, years = _watched(expiry, dates, now, method)
    names = ("value", "spot", "strike", "vol", *TERMS)
    arrays = _broadcast(names, (value, spot, strike, vol, expiry, rate, dividend, rebate, counts))
    target, s, k, v, t, r, q, paid, n = (a.ravel() for a in arrays)
    codes = _codes(arrays[0].shape, kind, option, rebate_at)
    columns = (s, k, v, t, r, q, paid, n, codes)
    up = np.bitwise_and(codes, 1) != 0

    def at(barrier: Any, x: Any) -> Any:
        return _price((*x[:2], barrier, *x[2:7]), x[8], None if dates is None else x[7], years, method)

    with np.errstate(all="ignore"):
        far = np.exp(np.minimum(12.0 * v * np.sqrt(t) + (np.abs(r - q) + v * v) * t, 600.0))
        low, high = np.where(up, s, s / far), np.where(up, s * far, s)
        edge = np.where(_flat(codes, paid, s, k, years), k, np.nan)
        if method == "shift" and counts is not None:
            edge = edge * np.exp(np.where(up, -SHIFT, SHIFT) * v * np.sqrt(t / n))
        # beyond the edge the price is that at the edge
        low, high = np.where(up, np.fmax(low, edge), low), np.where(up, high, np.fmin(high, edge))
        gap = np.abs(at(np.where(np.isnan(edge), low, edge), columns) - target)
        met = gap <= ROUNDING * (s * np.exp(-q * t) + k * np.exp(-r * t))
        met &= np.where(up, edge > s, edge < s)
    roots = _solve(at, target, columns, low, high, arrays[0].shape)
    met, edge, s = (array.reshape(arrays[0].shape) for array in (met, edge, s))
    ends = np.where(met, np.minimum(edge, s), roots.first), np.where(met, np.maximum(edge, s), roots.second)
    return Solutions(ends[0][()], ends[1][()], np.where(met, 1, roots.count)[()], (met | roots.interval)[()])


def _flat(codes: Any, rebate: Any, spot: Any, strike: Any, years: Any) -> Any:
    """Whether an option with a barrier between strike and spot does not depend on it."""
    up, put = np.bitwise_and(codes, 1) != 0, np.bitwise_and(codes, 4) != 0
    at_expiry = years is None or np.isclose(years[-1], np.max(years))
    return at_expiry & (rebate == 0.0) & (up != put) & np.where(up, strike > spot, strike < spot)


def _watched(expiry: Any, dates: Any, now: Any, method: str) -> tuple[Any, Any, Any]:
    if method not in _dates.METHODS:
        refuse_choice("method", method, _dates.METHODS)
    expiry = _dates.years_to("expiry", expiry, now)
    if dates is None:
        return expiry, None, None
    counts, years = _dates.watched(dates, expiry, now, None)
    if years is not None and method == "shift":
        raise ValueError("method 'shift' is for equally spaced dates: write dates=12, or method='exact'")
    return expiry, counts, years


def _price(values: tuple[Any, ...], codes: Any, counts: Any, years: Any, method: str) -> Any:
    if counts is None and years is None:
        return dispatch.barrier.single.barrier_price(*values, codes)
    whole = None if years is not None else np.asarray(counts).astype(np.int64)
    return price_on_dates(values, codes, whole, years, method)


def _bounds(bounds: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = (float(bound) for bound in bounds)
    except (TypeError, ValueError):
        low = high = 0.0
    if not 0.0 < low < high < np.inf:
        raise ValueError(f"bounds must be two numbers 0 < low < high, got {bounds!r}")
    return low, high


def _broadcast(names: tuple[str, ...], values: tuple[Any, ...]) -> list[Any]:
    """Numbers of one shape; without dates, one."""
    given = zip(names, values, strict=True)
    arrays = {
        name: number(name, 1 if value is None and name == "dates" else value).astype(float) for name, value in given
    }
    shape = common_shape(arrays)
    return [np.broadcast_to(array, shape) for array in arrays.values()]


def _codes(shape: tuple[int, ...], kind: Any, option: Any, rebate_at: Any) -> Any:
    return np.broadcast_to(code_of(kind, option, rebate_at), shape).ravel()


def _solve(
    at: Callable[[Any, Any], Any], target: Any, columns: Any, low: Any, high: Any, shape: tuple[int, ...]
) -> Solutions:
    roots = np.full((2, target.size), np.nan)
    count = np.zeros(target.size, dtype=np.int64)
    flat = np.zeros(target.size, dtype=bool)
    for begin in range(0, target.size, AT_ONCE):
        chunk = slice(begin, begin + AT_ONCE)
        ends = (low, high) if low.size == 1 else (low[chunk], high[chunk])
        with np.errstate(all="ignore"):
            parts = roots[:, chunk], count[chunk], flat[chunk]
            _solve_some(at, target[chunk], [x[chunk] for x in columns], *ends, *parts)
    return Solutions(*(array.reshape(shape)[()] for array in (roots[0], roots[1], count, flat)))


def _solve_some(
    at: Callable[[Any, Any], Any], target: Any, columns: Any, low: Any, high: Any, roots: Any, count: Any, flat: Any
) -> None:
    """Bracket the solutions on a grid even in the logarithm and around extrema near the target, then find the roots."""
    levels = low * np.exp(np.log(high / low) * (np.arange(GRID + 1)[:, None] / GRID))
    levels[0], levels[-1] = low, high
    gaps = at(levels, columns)
    gaps -= target
    levels = np.broadcast_to(levels, gaps.shape)
    # a volatility so small that the drift of one date has no price: the least that has one stands for it
    begin = np.isfinite(gaps).argmax(axis=0)
    rows = np.maximum(np.arange(GRID + 1)[:, None], begin)
    gaps, levels = np.take_along_axis(gaps, rows, axis=0), np.take_along_axis(levels, rows, axis=0)
    good = np.isfinite(gaps).all(axis=0)
    count[~good] = -1
    # a solution everywhere, up to rounding
    flat[:] = good & (np.abs(gaps) <= ROUNDING * (columns[0] + columns[1])).all(axis=0)
    count[flat] = 1
    roots[:, flat] = levels[0, flat], levels[-1, flat]
    good &= ~flat
    negative = gaps < 0.0
    row, column = np.nonzero((negative[:-1] != negative[1:]) & good)
    left, right, element = levels[row, column], levels[row + 1, column], column
    at_left, at_right = gaps[row, column], gaps[row + 1, column]

    # an extremum between three points of one sign: the pair of solutions at its sides shows only there. It lies beyond
    # the middle one by an eighth of the larger step, if it is a parabola; a whole one is allowed for.
    size = np.abs(gaps)
    step = np.maximum(size[:-2], size[2:]) - size[1:-1]
    alike = (negative[:-2] == negative[1:-1]) & (negative[1:-1] == negative[2:]) & good
    row, column = np.nonzero(
        alike & (size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:]) & (size[1:-1] > 0.0) & (size[1:-1] <= step)
    )
    if row.size:
        begin, end, under = levels[row, column], levels[row + 2, column], negative[row, column]
        middle, at_middle = _extremum(at, target[column], [x[column] for x in columns], begin, end, under)
        pair = (at_middle < 0.0) != under
        row, column, middle, at_middle = row[pair], column[pair], middle[pair], at_middle[pair]
        left = np.concatenate([left, begin[pair], middle])
        right = np.concatenate([right, middle, end[pair]])
        at_left = np.concatenate([at_left, gaps[row, column], at_middle])
        at_right = np.concatenate([at_right, at_middle, gaps[row + 2, column]])
        element = np.concatenate([element, column, column])

    order = np.lexsort((left, element))
    element = element[order]
    place = np.arange(element.size) - np.searchsorted(element, element)
    np.add.at(count, element, 1)
    kept = place < 2
    order, element, place = order[kept], element[kept], place[kept]
    roots[place, element] = _roots(
        at, target[element], [x[element] for x in columns], left[order], right[order], at_left[order], at_right[order]
    )


def _extremum(at: Callable[[Any, Any], Any], target: Any, columns: Any, a: Any, b: Any, under: Any) -> tuple[Any, Any]:
    """The place nearest to the target and the gap there, or a place beyond the target."""
    for _ in range(SECTIONS):
        x, y = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
        lower = np.abs(at(x, columns) - target) < np.abs(at(y, columns) - target)
        a, b = np.where(lower, a, x), np.where(lower, y, b)
        # once across, any further narrowing would bring back the other side
        middle = 0.5 * (a + b)
        over = (at(middle, columns) - target < 0.0) != under
        a, b = np.where(over, middle, a), np.where(over, middle, b)
    middle = 0.5 * (a + b)
    return middle, at(middle, columns) - target


def _roots(at: Callable[[Any, Any], Any], target: Any, columns: Any, a: Any, b: Any, at_a: Any, at_b: Any) -> Any:
    """Roots in brackets: inverse quadratic steps where they are safe, else halves (Chandrupatla, Advances in
    Engineering Software 28, 1997)."""
    root = np.where(np.abs(at_a) < np.abs(at_b), a, b)
    active = np.arange(a.size)
    t = np.full(a.size, 0.5)
    for _ in range(TURNS):
        x = a + t * (b - a)
        at_x = at(x, columns) - target
        same = np.signbit(at_x) == np.signbit(at_a)
        c, at_c = np.where(same, a, b), np.where(same, at_a, at_b)
        b, at_b = np.where(same, b, a), np.where(same, at_b, at_a)
        a, at_a = x, at_x
        best = np.where(np.abs(at_a) < np.abs(at_b), a, b)
        root[active] = best
        width = np.abs(b - a)
        least = 2.0**-52 * np.abs(best) / width
        open_ = (least < 0.5) & (at_a != 0.0) & (at_b != 0.0)
        xi, phi = (a - b) / (c - b), (at_a - at_b) / (at_c - at_b)
        safe = (phi * phi < xi) & ((1.0 - phi) * (1.0 - phi) < 1.0 - xi)
        quadratic = at_a / (at_b - at_a) * at_c / (at_b - at_c) + (c - a) / (b - a) * at_a / (at_c - at_a) * at_b / (
            at_c - at_b
        )
        t = np.clip(np.where(safe, quadratic, 0.5), least, 1.0 - least)
        if not open_.all():
            active = active[open_]
            if not active.size:
                break
            a, b, at_a, at_b, t, target = (v[open_] for v in (a, b, at_a, at_b, t, target))
            columns = [v[open_] for v in columns]
    return root
