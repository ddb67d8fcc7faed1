"""From a price back to the volatility or the barrier that gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import number
from shortgamma._core.results import Result
from shortgamma.barrier.single import check_monitoring, code_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from shortgamma._core.types import BarrierKind, Floats, Integers, Names, OptionKind

GRID = 96
# golden sections to the square root of an ulp, beyond which an extremum does not change; most turns of a solver that
# needs ten as a rule, and halves its bracket at worst
SECTIONS = 40
TURNS = 120
AT_ONCE = 1024
GOLDEN = 0.6180339887498949


class Solutions(Result):
    """What gives a price, where anything does.

    Attributes
    ----------
    first : ndarray or float
        The least solution, NaN where there is none.
    second : ndarray or float
        The next one, NaN where there is but one.
    count : ndarray or int
        How many were found, 0, 1, 2 or more (int64); -1 where an input is NaN or out of its domain.
    """

    first: Floats
    second: Floats
    count: Integers  # type: ignore[assignment]


def implied_vol(
    value: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    barrier: ArrayLike,
    *,
    expiry: ArrayLike,
    kind: BarrierKind | Names,
    option: OptionKind | Names,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0,
    rebate_at: Any = "hit",
    monitoring: ArrayLike | None = None,
    bounds: tuple[float, float] = (0.001, 5.0),
) -> Solutions:
    """Volatilities that give a barrier option its price: none, one, two or more.

    Parameters
    ----------
    value : array_like
        The price to be met.
    spot, strike, barrier, expiry, rate, dividend, rebate, kind, option, rebate_at, monitoring
        As for ``price``.
    bounds : tuple of float, default (0.001, 5.0)
        Least and largest volatility looked at.

    Returns
    -------
    Solutions
        Named tuple of arrays in the shape that all inputs broadcast to: the two least volatilities and how many there
        are. A reverse knock-out, whose price rises and then falls with the volatility, has two or none.

    Raises
    ------
    ValueError
        If ``bounds`` are not two numbers 0 < low < high, a name is unknown, or shapes do not broadcast.
    TypeError
        If an input is not numeric.

    See Also
    --------
    barrier_for_price : The barrier, by the price.

    Notes
    -----
    The price on a grid of volatilities, even in their logarithms, brackets the solutions; where it has an extremum that
    nearly meets the price, golden sections tell whether it does. Chandrupatla's method then narrows each bracket to
    neighbouring numbers.

    Examples
    --------
    An up-and-out call near its barrier is worth 1.00 at two volatilities, and never worth 4.00:

    >>> import shortgamma as sg
    >>> found = sg.barrier.implied_vol([1.0, 4.0], 100.0, 100.0, 120.0, expiry=0.5, kind="up-out", option="call")
    >>> found.count.tolist()
    [2, 0]
    >>> found.first.round(4).tolist(), found.second.round(4).tolist()
    ([0.0355, nan], [0.2965, nan])
    """
    low, high = _bounds(bounds)
    if monitoring is not None:
        check_monitoring(monitoring)
    arrays = _broadcast(
        value=value,
        spot=spot,
        strike=strike,
        barrier=barrier,
        expiry=expiry,
        rate=rate,
        dividend=dividend,
        rebate=rebate,
        monitoring=1 if monitoring is None else monitoring,
    )
    target, s, k, h, t, r, q, paid, dates = (a.ravel() for a in arrays)
    columns = (s, k, h, t, r, q, paid, dates, _codes(arrays[0].shape, kind, option, rebate_at))

    def at(vol: Any, x: Any) -> Any:
        level = _level(x[2], vol, x[3], None if monitoring is None else x[7], x[8])
        return dispatch.barrier.single.barrier_price(x[0], x[1], level, vol, x[3], x[4], x[5], x[6], x[8])

    return _solve(at, target, columns, np.full(1, low), np.full(1, high), arrays[0].shape)


def barrier_for_price(
    value: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    *,
    vol: ArrayLike,
    expiry: ArrayLike,
    kind: BarrierKind | Names,
    option: OptionKind | Names,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0,
    rebate_at: Any = "hit",
    monitoring: ArrayLike | None = None,
) -> Solutions:
    """Barriers that give an option its price.

    Parameters
    ----------
    value : array_like
        The price to be met.
    spot, strike, vol, expiry, rate, dividend, rebate, kind, option, rebate_at, monitoring
        As for ``price``.

    Returns
    -------
    Solutions
        Named tuple of arrays in the shape that all inputs broadcast to: the two least barriers on the living side of
        the spot, and how many there are. Without a rebate the price is monotonous in the barrier: one or none.

    Raises
    ------
    ValueError
        If a name is unknown or shapes do not broadcast.
    TypeError
        If an input is not numeric.

    See Also
    --------
    implied_vol : The volatility, by the price.

    Notes
    -----
    Looked for from the spot to twelve standard deviations of the log-price beyond its drift; by brackets and
    Chandrupatla's method.

    Examples
    --------
    The barrier that makes a one-year put struck at 100 worth 5.00:

    >>> import shortgamma as sg
    >>> found = sg.barrier.barrier_for_price(5.0, 100.0, 100.0, vol=0.35, expiry=1.0, kind="down-in", option="put")
    >>> barrier = float(found.first)
    >>> round(float(sg.barrier.price(100.0, 100.0, barrier, vol=0.35, expiry=1.0, kind="down-in", option="put")), 12)
    5.0
    """
    if monitoring is not None:
        check_monitoring(monitoring)
    arrays = _broadcast(
        value=value,
        spot=spot,
        strike=strike,
        vol=vol,
        expiry=expiry,
        rate=rate,
        dividend=dividend,
        rebate=rebate,
        monitoring=1 if monitoring is None else monitoring,
    )
    target, s, k, v, t, r, q, paid, dates = (a.ravel() for a in arrays)
    codes = _codes(arrays[0].shape, kind, option, rebate_at)
    up = np.bitwise_and(codes, 1) != 0
    with np.errstate(all="ignore"):
        far = np.exp(np.minimum(12.0 * v * np.sqrt(t) + (np.abs(r - q) + v * v) * t, 600.0))
        low, high = np.where(up, s, s / far), np.where(up, s * far, s)

    def at(barrier: Any, x: Any) -> Any:
        level = _level(barrier, x[2], x[3], None if monitoring is None else x[7], x[8])
        return dispatch.barrier.single.barrier_price(x[0], x[1], level, x[2], x[3], x[4], x[5], x[6], x[8])

    return _solve(at, target, (s, k, v, t, r, q, paid, dates, codes), low, high, arrays[0].shape)


def _level(barrier: Any, vol: Any, expiry: Any, dates: Any, codes: Any) -> Any:
    """The barrier of the continuous formula."""
    if dates is None:
        return barrier
    return dispatch.barrier.shifted.shifted_barrier(barrier, vol, expiry, dates, codes)


def _bounds(bounds: tuple[float, float]) -> tuple[float, float]:
    try:
        low, high = (float(bound) for bound in bounds)
    except (TypeError, ValueError):
        low = high = 0.0
    if not 0.0 < low < high < np.inf:
        raise ValueError(f"bounds must be two numbers 0 < low < high, got {bounds!r}")
    return low, high


def _broadcast(**values: Any) -> list[Any]:
    arrays = {name: number(name, value).astype(float) for name, value in values.items()}
    shape: tuple[int, ...] = ()
    widest = ""
    for name, array in arrays.items():
        try:
            shape = np.broadcast_shapes(shape, array.shape)
        except ValueError:
            raise ValueError(
                f"{name} of shape {array.shape} does not broadcast with {widest} of shape {shape}"
            ) from None
        widest = name if shape == array.shape else widest
    return [np.broadcast_to(array, shape) for array in arrays.values()]


def _codes(shape: tuple[int, ...], kind: Any, option: Any, rebate_at: Any) -> Any:
    return np.broadcast_to(code_of(kind, option, rebate_at), shape).ravel()


def _solve(
    at: Callable[[Any, Any], Any], target: Any, columns: Any, low: Any, high: Any, shape: tuple[int, ...]
) -> Solutions:
    found = np.full((2, target.size), np.nan)
    count = np.zeros(target.size, dtype=np.int64)
    for begin in range(0, target.size, AT_ONCE):
        some = slice(begin, begin + AT_ONCE)
        ends = (low, high) if low.size == 1 else (low[some], high[some])
        with np.errstate(all="ignore"):
            _solve_some(at, target[some], [x[some] for x in columns], *ends, found[:, some], count[some])
    return Solutions(*(array.reshape(shape)[()] for array in (found[0], found[1], count)))


def _solve_some(
    at: Callable[[Any, Any], Any], target: Any, columns: Any, low: Any, high: Any, found: Any, count: Any
) -> None:
    """Brackets on a grid even in the logarithm, and around every extremum that nearly meets the target; then roots."""
    levels = low * np.exp(np.log(high / low) * (np.arange(GRID + 1)[:, None] / GRID))
    levels[0], levels[-1] = low, high
    gaps = at(levels, columns)
    gaps -= target
    good = np.isfinite(gaps).all(axis=0)
    count[~good] = -1
    levels = np.broadcast_to(levels, gaps.shape)
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
    found[place, element] = _roots(
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
