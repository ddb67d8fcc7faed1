"""Barrier options watched on dates only, exactly, with one barrier or two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core.checks import choice, number
from shortgamma._core.greeks import check_order, outputs
from shortgamma._core.words import BARRIER_KINDS, OPTIONS, PAID_AT, Words
from shortgamma.barrier import _dates
from shortgamma.barrier.single import BarrierGreeks

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

    from shortgamma._core.types import BarrierKind, Names, OptionKind, TwoBarrierKind
    from shortgamma.barrier._dates import Progress

TWO_KINDS = Words({"knock-in": 0, "knock-out": 2}, ki="knock-in", ko="knock-out", dki="knock-in", dko="knock-out")


def discrete_price(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike | None = None, *, lower: ArrayLike | None = None,
    upper: ArrayLike | None = None, vol: ArrayLike, expiry: ArrayLike, dates: Any,
    kind: BarrierKind | TwoBarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0, rebate: ArrayLike = 0.0, rebate_at: Any = "hit", now: Any = None, state: Any = None,
    progress: Progress | None = None, out: Any = None,
) -> Any:  # fmt: skip
    """Exact price of options with one barrier or two that are watched on dates only.

    Parameters
    ----------
    {spot, strike, barrier [optional], lower, upper [optional], vol, expiry [or time], dates [of both], kind [watched]}
    {option, rate, dividend [or borrowing], rebate, rebate_at, now, state [dates], progress, out}

    Returns
    -------
    ndarray or float
        Prices, in the shape that all inputs broadcast to. NaN, with the invalid flag, for a number out of its
        domain, and where drift and volatility of one date exceed ten standard deviations of it.

    Raises
    ------
    ValueError
        If ``kind``, ``option``, ``rebate_at`` or ``state`` is unknown, ``dates`` are not increasing or past the last
        expiry, times have no ``now``, or shapes do not broadcast.
    TypeError
        If an input is not numeric, or the barriers are neither one nor two.

    See Also
    --------
    discrete_greeks : Price and derivatives in one pass.
    price : With ``dates``, the same for one barrier.

    Notes
    -----
    A backward recursion over the dates, on Gauss-Legendre panels that grow with the distance from the barriers; exact
    to some 1e-12 of spot and strike. Options of the same volatility, expiry, rates and dates share its matrices,
    and those that differ by their spots alone share the whole recursion, in any order. Compare Fusai,
    Abrahams and Sgarra, Finance and Stochastics 10, 2006.

    Examples
    --------
    A down-and-out call watched 50 times, of Broadie, Glasserman and Kou (Mathematical Finance 7, 1997):

    >>> import shortgamma as sg
    >>> call = dict(vol=0.3, expiry=0.2, rate=0.1, option="call")
    >>> value = sg.barrier.discrete_price(100.0, 100.0, 95.0, dates=50, kind="down-out", **call)
    >>> round(float(value), 3)
    4.907

    Between two barriers, on three dates of which the first is near:

    >>> value = sg.barrier.discrete_price(
    ...     100.0, 100.0, lower=90.0, upper=120.0, dates=[0.01, 0.1, 0.2], kind="knock-out", **call
    ... )
    >>> round(float(value), 4)
    3.3983
    """
    code, columns, years = _columns(
        (spot, strike, barrier, lower, upper, vol, expiry, rate, dividend, rebate),
        kind, option, rebate_at, dates, now, state,
    )  # fmt: skip
    results = _dates.recursion(0, columns, code, years, progress)
    return _dates.into(None if out is None else (out,), results)[0]


def discrete_greeks(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike | None = None, *, lower: ArrayLike | None = None,
    upper: ArrayLike | None = None, vol: ArrayLike, expiry: ArrayLike, dates: Any,
    kind: BarrierKind | TwoBarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0, rebate: ArrayLike = 0.0, rebate_at: Any = "hit", now: Any = None, state: Any = None,
    order: Literal[1, 2] = 1, progress: Progress | None = None, out: Any = None,
) -> BarrierGreeks:  # fmt: skip
    """Exact price and Greeks of options whose barriers are watched on dates only.

    Parameters
    ----------
    {spot, strike, barrier [optional], lower, upper [optional], vol, expiry [or time], dates [of both], kind [watched]}
    {option, rate, dividend [or borrowing], rebate, rebate_at, now, state [dates], order, progress, out [greeks]}

    {returns [barrier greeks]}

    Raises
    ------
    ValueError
        If a choice is unknown, ``dates`` are not increasing or past the last expiry, times have no ``now``, shapes do
        not broadcast, or ``out`` has the wrong length.
    TypeError
        If an input is not numeric, or the barriers are neither one nor two.

    See Also
    --------
    discrete_price : The price alone.

    Notes
    -----
    Derivatives in the spot are those of the last step of the recursion. Those in volatility and rates are carried back
    along with the value, by the derivatives of each step's normal density. Theta, charm, color and veta follow from the
    Black-Scholes equation, which holds between the dates.

    Examples
    --------
    The knock-in put a hair above its barrier, watched daily:

    >>> import shortgamma as sg
    >>> put = dict(vol=0.35, expiry=1.0, rate=0.03, dividend=0.01, kind="down-in", option="put")
    >>> greeks = sg.barrier.discrete_greeks(60.06, 100.0, 60.0, dates=252, **put)
    >>> round(float(greeks.delta), 3), round(float(greeks.vega), 3)
    (-1.202, 13.03)
    """
    check_order(order)
    code, columns, years = _columns(
        (spot, strike, barrier, lower, upper, vol, expiry, rate, dividend, rebate),
        kind, option, rebate_at, dates, now, state,
    )  # fmt: skip
    results = _dates.recursion(order, columns, code, years, progress)
    return BarrierGreeks(*_dates.into(outputs(BarrierGreeks, out, order), results))


def _columns(
    values: tuple[Any, ...], kind: Any, option: Any, rebate_at: Any, dates: Any, now: Any, state: Any
) -> tuple[Any, tuple[Any, ...], Any]:
    """The codes, the numbers that the recursion takes, and the dates in years if they are not equal."""
    spot, strike, barrier, lower, upper, vol, expiry, rate, dividend, rebate = values
    two = barrier is None
    if two and (lower is None or upper is None):
        raise TypeError("give barrier= for one barrier, or lower= and upper= for two")
    if not two and (lower is not None or upper is not None):
        raise TypeError("give either barrier= for one barrier, or lower= and upper= for two, not both")
    kinds = choice("kind", kind, TWO_KINDS if two else BARRIER_KINDS)
    codes = kinds, choice("option", option, OPTIONS), choice("rebate_at", rebate_at, PAID_AT)
    code = np.asarray(codes[0] + np.add(codes[1], codes[2])).astype(np.int8)
    expiry = _dates.years_to("expiry", expiry, now)
    counts, years = _dates.watched(dates, expiry, now, state)
    if not two:
        level = number("barrier", barrier)
        up = np.bitwise_and(code, 1) != 0
        # no barrier on the other side; an invalid one stays invalid
        level = np.where(level > 0, level, np.nan + np.sqrt(np.where(level <= 0, -1.0, 0.0)))
        lower, upper = np.where(up, 0.0, level), np.where(up, level, np.inf)
    if state is not None:
        _, rebate = _dates.settled(state, code, spot, 1.0, rebate)
        code, lower, upper, rebate = _dates.without(state, code, lower, upper, rebate)
    columns = (spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, counts if years is None else 1)
    return code, columns, years
