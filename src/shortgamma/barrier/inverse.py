"""From a price back to the volatility or the barrier that gives it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from shortgamma._arguments import number
from shortgamma.barrier.single import price

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

GRID = 96
STEPS = 60
AT_ONCE = 4096
GOLDEN = 0.6180339887498949


class Solutions(NamedTuple):
    """What gives a price, where anything does."""

    first: Any
    """The least solution, NaN where there is none."""
    second: Any
    """The next one, NaN where there is but one."""
    count: Any
    """How many were found, 0, 1, 2 or more (int64); -1 where an input is NaN or out of its domain."""


def implied_vol(
    value: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    barrier: ArrayLike,
    expiry: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0,
    kind: Any = "down-in",
    option: Any = "put",
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
    nearly meets the price, golden sections tell whether it does. Bisection then narrows each bracket to neighbouring
    numbers.

    Examples
    --------
    An up-and-out call near its barrier is worth 1.00 at two volatilities, and never worth 4.00:

    >>> import shortgamma as sg
    >>> found = sg.barrier.implied_vol([1.0, 4.0], 100.0, 100.0, 120.0, 0.5, kind="up-out", option="call")
    >>> found.count.tolist()
    [2, 0]
    >>> found.first.round(4).tolist(), found.second.round(4).tolist()
    ([0.0355, nan], [0.2965, nan])
    """
    low, high = _bounds(bounds)
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
    names = _names(arrays[0].shape, kind, option, rebate_at)
    target, s, k, h, t, r, q, paid, dates = (a.ravel() for a in arrays)

    def at(vol: Any, i: Any) -> Any:
        terms: dict[str, Any] = {name: x if isinstance(x, str) else x[i] for name, x in names.items()}
        return price(
            s[i],
            k[i],
            h[i],
            vol,
            t[i],
            rate=r[i],
            dividend=q[i],
            rebate=paid[i],
            monitoring=None if monitoring is None else dates[i],
            **terms,
        )

    return _solve(at, target, np.full(target.shape, low), np.full(target.shape, high), arrays[0].shape)


def barrier_for_price(
    value: ArrayLike,
    spot: ArrayLike,
    strike: ArrayLike,
    vol: ArrayLike,
    expiry: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0,
    kind: Any = "down-in",
    option: Any = "put",
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
    Looked for from the spot to twelve standard deviations of the log-price beyond its drift; by brackets and bisection.

    Examples
    --------
    The barrier that makes a one-year put struck at 100 worth 5.00:

    >>> import shortgamma as sg
    >>> found = sg.barrier.barrier_for_price(5.0, 100.0, 100.0, 0.35, 1.0)
    >>> barrier = float(found.first)
    >>> round(float(sg.barrier.price(100.0, 100.0, barrier, 0.35, 1.0)), 12)
    5.0
    """
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
    names = _names(arrays[0].shape, kind, option, rebate_at)
    target, s, k, v, t, r, q, paid, dates = (a.ravel() for a in arrays)
    up = np.char.startswith(np.broadcast_to(np.asarray(kind, dtype=str), arrays[0].shape), "up").ravel()
    with np.errstate(all="ignore"):
        far = np.exp(np.minimum(12.0 * v * np.sqrt(t) + (np.abs(r - q) + v * v) * t, 600.0))
        low, high = np.where(up, s, s / far), np.where(up, s * far, s)

    def at(level: Any, i: Any) -> Any:
        terms: dict[str, Any] = {name: x if isinstance(x, str) else x[i] for name, x in names.items()}
        return price(
            s[i],
            k[i],
            level,
            v[i],
            t[i],
            rate=r[i],
            dividend=q[i],
            rebate=paid[i],
            monitoring=None if monitoring is None else dates[i],
            **terms,
        )

    return _solve(at, target, low, high, arrays[0].shape)


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


def _names(shape: tuple[int, ...], kind: Any, option: Any, rebate_at: Any) -> dict[str, Any]:
    given = {"kind": kind, "option": option, "rebate_at": rebate_at}
    # unknown names are refused at once, whatever there is to solve
    price(1.0, 1.0, 1.0, 1.0, 1.0, **given)
    return {name: x if isinstance(x, str) else np.broadcast_to(x, shape).ravel() for name, x in given.items()}


def _solve(at: Callable[[Any, Any], Any], target: Any, low: Any, high: Any, shape: tuple[int, ...]) -> Solutions:
    found = np.full((2, target.size), np.nan)
    count = np.zeros(target.size, dtype=np.int64)
    for begin in range(0, target.size, AT_ONCE):
        some = np.arange(begin, min(begin + AT_ONCE, target.size))
        with np.errstate(all="ignore"):
            _solve_some(at, target, low, high, some, found, count)
    return Solutions(*(array.reshape(shape)[()] for array in (found[0], found[1], count)))


def _solve_some(
    at: Callable[[Any, Any], Any], target: Any, low: Any, high: Any, some: Any, found: Any, count: Any
) -> None:
    """Brackets on a grid even in the logarithm, and around every extremum that nearly meets the target; bisection."""

    def gap(x: Any, i: Any) -> Any:
        return at(x, i) - target[i]

    steps = np.arange(GRID + 1)[:, None] / GRID
    levels = low[some] * (high[some] / low[some]) ** steps
    levels[-1] = high[some]
    gaps = np.stack([gap(level, some) for level in levels])
    good = np.isfinite(gaps).all(axis=0)
    count[some[~good]] = -1
    negative = gaps < 0.0
    crossed = (negative[:-1] != negative[1:]) & good
    row, column = np.nonzero(crossed)
    left, right, element = levels[row, column], levels[row + 1, column], some[column]
    rising = negative[row, column]

    # an extremum between three points of one sign: the pair of solutions at its sides shows only there
    size = np.abs(gaps)
    alike = good & (negative[:-2] == negative[1:-1]) & (negative[1:-1] == negative[2:])
    row, column = np.nonzero(alike & (size[1:-1] <= size[:-2]) & (size[1:-1] <= size[2:]) & (size[1:-1] > 0.0))
    a, b, i = levels[row, column], levels[row + 2, column], some[column]
    begin, end, under = a, b, negative[row, column]
    for _ in range(STEPS):
        x, y = b - GOLDEN * (b - a), a + GOLDEN * (b - a)
        lower = np.abs(gap(x, i)) < np.abs(gap(y, i))
        a, b = np.where(lower, a, x), np.where(lower, y, b)
        # once across, any further narrowing would bring back the other side
        middle = 0.5 * (a + b)
        over = (gap(middle, i) < 0.0) != under
        a, b = np.where(over, middle, a), np.where(over, middle, b)
    middle = 0.5 * (a + b)
    pair = (gap(middle, i) < 0.0) != under
    left = np.concatenate([left, begin[pair], middle[pair]])
    right = np.concatenate([right, middle[pair], end[pair]])
    element = np.concatenate([element, i[pair], i[pair]])
    rising = np.concatenate([rising, under[pair], ~under[pair]])

    order = np.lexsort((left, element))
    left, right, element, rising = left[order], right[order], element[order], rising[order]
    first = np.searchsorted(element, element)
    place = np.arange(element.size) - first
    np.add.at(count, element, 1)
    kept = place < 2
    left, right, element, rising, place = left[kept], right[kept], element[kept], rising[kept], place[kept]
    for _ in range(STEPS):
        middle = 0.5 * (left + right)
        short = (gap(middle, element) < 0.0) == rising
        left, right = np.where(short, middle, left), np.where(short, right, middle)
    found[place, element] = 0.5 * (left + right)
