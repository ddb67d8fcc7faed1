"""Single-barrier options: price and Greeks of the eight types, with rebate, watched always or on dates.

Units: ``expiry`` in years; ``vol``, ``rate``, ``dividend`` per year, continuously compounded. Vega is per
1.00 of vol, rho per 1.00 of rate; theta, charm, color and veta are per year of calendar time (dV/dt =
-dV/dT).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import call, choice, number, refuse_choice
from shortgamma._core.greeks import MEANINGS, Greeks, check_order, greeks_of, order_of, outputs
from shortgamma._core.words import BARRIER_KINDS as KINDS
from shortgamma._core.words import OPTIONS, PAID_AT

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, TypeVar

    from numpy.typing import ArrayLike

    from shortgamma._core.types import BarrierKind, Names, OptionKind
    from shortgamma.barrier._dates import Progress

    Function = TypeVar("Function", bound=Callable[..., Any])


UFUNCS = ("barrier_price", "barrier_first_order", "barrier_second_order")
NAMES = ("spot", "strike", "barrier", "vol", "expiry", "rate", "dividend", "rebate")
SHIFTED_UFUNCS = ("", "shifted_first_order", "shifted_second_order")
SHIFTED_NAMES = (*NAMES, "dates")
_CODES: dict[Any, np.int8] = {
    (kind, option, paid): np.int8(KINDS[kind] + OPTIONS[option] + PAID_AT[paid])
    for kind in KINDS
    for option in OPTIONS
    for paid in PAID_AT
}
# A difference of prices below this fraction of the spot does not count.
NEGLIGIBLE = 1e-5
# The code of cash paid at expiry if the barrier was hit, without the bit of its direction.
TOUCHED_LATE = 16 + 2 + 8


_price_of, _barrier_price = dispatch.barrier.single.price_of, dispatch.barrier.single.barrier_price


class BarrierGreeks(Greeks):
    """Price and derivatives of a barrier option; the last seven are None at order 1.

    {greeks}
    """


def price(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
    kind: BarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0, rebate_at: Any = "hit", dates: Any = None, now: Any = None, state: Any = None,
    method: Literal["auto", "exact", "shift"] = "auto", progress: Progress | None = None, out: Any = None,
) -> Any:  # fmt: skip
    """Price of single-barrier options under Black and Scholes.

    Parameters
    ----------
    {spot, strike, barrier, vol, expiry [or time], kind, option, rate, dividend [or borrowing], rebate}
    {rebate_at, dates, now, state, method, progress, out}

    {returns [prices]}

    Raises
    ------
    ValueError
        If ``kind``, ``option``, ``rebate_at``, ``state`` or ``method`` is unknown (with the first bad index), ``dates``
        are not increasing or past the last expiry, times have no ``now``, or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    greeks : Price and derivatives in one pass.
    discrete_price : Watched on dates, with one barrier or two.

    Notes
    -----
    With spot at or beyond the barrier a knock-out is worth its rebate (or what is due of it at expiry) and a
    knock-in is the plain option.
    With no time or no volatility left the path is certain, and so is the price. Formulas: Reiner and
    Rubinstein, "Breaking down the barriers", Risk 4(8), 1991; Haug, *The Complete Guide to Option Pricing
    Formulas*, 1998, p. 70. Negative rates with a rebate at the hit: Le Floc'h, 2014.

    The exact price of a barrier watched on dates is that of `discrete_price`. The shifted barrier lies
    exp(0.5825971579390107 vol sqrt(expiry / dates)) further out (Broadie, Glasserman and Kou, Mathematical Finance 7,
    1997). Its error is about 1e-4 where spot is at least two standard deviations of one step from the barrier, and
    larger nearer to it; dates must be equally spaced. Both prices lie between 0 and the price under a barrier that is
    always watched, so where a knock-in under such a barrier is worth less than 1e-5 of the spot, so is their
    difference.

    Examples
    --------
    A down-and-out call of Haug's table (p. 72) with a rebate of 3:

    >>> import shortgamma as sg
    >>> call = dict(vol=0.25, expiry=0.5, rate=0.08, dividend=0.04, kind="down-and-out", option="call")
    >>> round(float(sg.barrier.price(100.0, 90.0, 95.0, **call, rebate=3.0)), 4)
    9.0246

    The same watched on the first of each month, valued on 15 April:

    >>> months = ["2026-05-01", "2026-06-01", "2026-07-01", "2026-08-01", "2026-09-01", "2026-10-01"]
    >>> value = sg.barrier.price(
    ...     100.0, 90.0, 95.0, **call | {"expiry": "2026-10-15"}, rebate=3.0, dates=months, now="2026-04-15"
    ... )
    >>> round(float(value), 4)
    11.883
    """
    values = (spot, strike, barrier, vol, expiry, rate, dividend, rebate)
    plain = dates is None and state is None and now is None
    try:
        code = _CODES[kind, option, rebate_at]
    except (KeyError, TypeError):
        code = code_of(kind, option, rebate_at)
    else:
        if plain and out is None:
            # a ufunc takes longer to make arrays of nine numbers than to price them
            alone = _price_of(values, code)
            if alone is not None:
                return alone
    if plain:
        return call(_barrier_price, NAMES, (*values, code), out)
    return _watched_price(values, code, dates, now, state, method, progress, out)


def greeks(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
    kind: BarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0, rebate_at: Any = "hit", dates: Any = None, now: Any = None, state: Any = None,
    method: Literal["auto", "exact", "shift"] = "auto", order: Literal[1, 2] = 1, progress: Progress | None = None,
    out: Any = None,
) -> BarrierGreeks:  # fmt: skip
    """Price and analytic Greeks of single-barrier options, in one pass.

    Parameters
    ----------
    {spot, strike, barrier, vol, expiry [or time], kind, option, rate, dividend [or borrowing], rebate}
    {rebate_at, dates, now, state, method [greeks], order, progress, out [greeks]}

    {returns [barrier greeks]}

    Raises
    ------
    ValueError
        If ``kind``, ``option``, ``rebate_at``, ``state``, ``method`` or ``order`` is unknown, ``dates`` are not
        increasing or past the last expiry, times have no ``now``, shapes do not broadcast, or ``out`` has the wrong
        length.
    {TypeError}

    See Also
    --------
    price : The price alone.

    Notes
    -----
    All derivatives are analytic. Exactly at the barrier they are those of the side on which the option is alive; beyond
    it those of a knock-out are 0 and those of a knock-in are the plain option's. Theta, charm, color and veta follow
    from the Black-Scholes equation. With ``dates`` the recursion itself is differentiated; with a shifted barrier vega,
    vanna, volga, zomma and veta include that the barrier moves with the volatility. In calendar time the dates stay
    where they are.

    Examples
    --------
    The knock-in put inside a reverse convertible on Nvidia (Structured Retail Products, 2025-05-05), near its
    barrier, with a delta far beyond -1:

    >>> import shortgamma as sg
    >>> put = dict(vol=0.4032, expiry=4 / 12, rate=0.0435, kind="down-in", option="put")
    >>> greeks = sg.barrier.greeks(58.0, 101.89, 56.05, **put)
    >>> round(float(greeks.delta), 4)
    -2.4319

    Watched on 84 closes only:

    >>> greeks = sg.barrier.greeks(58.0, 101.89, 56.05, **put, dates=84)
    >>> round(float(greeks.delta), 4), round(float(greeks.vega), 4)
    (-2.4569, 17.5378)
    """
    code = code_of(kind, option, rebate_at)
    values = (spot, strike, barrier, vol, expiry, rate, dividend, rebate)
    if dates is not None or state is not None or now is not None:
        check_order(order)
        return BarrierGreeks(*_watched_greeks(order, values, code, dates, now, state, method, progress, out))
    return greeks_of(BarrierGreeks, dispatch.barrier.single, UFUNCS, order, NAMES, (*values, code), out)


def code_of(kind: Any, option: Any, rebate_at: Any = "hit") -> Any:
    """The codes of options."""
    try:
        return _CODES[kind, option, rebate_at]
    except (KeyError, TypeError):
        codes = (
            choice("kind", kind, KINDS),
            choice("option", option, OPTIONS),
            choice("rebate_at", rebate_at, PAID_AT),
        )
        return (codes[0] + np.add(codes[1], codes[2])).astype(np.int8)


def _terms(
    values: tuple[Any, ...], code: Any, dates: Any, now: Any, state: Any, method: str
) -> tuple[tuple[Any, ...], Any, Any]:
    """The numbers of options, their numbers of equal dates, and their dates in years."""
    from shortgamma.barrier import _dates

    if method not in _dates.METHODS:
        refuse_choice("method", method, _dates.METHODS)
    spot, strike, barrier, vol, expiry, rate, dividend, rebate = values
    expiry = _dates.years_to("expiry", expiry, now)
    counts, years = (None, None) if dates is None else _dates.watched(dates, expiry, now, state)
    if state is not None:
        barrier, rebate = _dates.settled(state, code, spot, barrier, rebate)
    if years is not None and method == "shift":
        raise ValueError("method 'shift' is for equally spaced dates: write dates=12, or method='exact'")
    return (spot, strike, barrier, vol, expiry, rate, dividend, rebate), counts, years


def _watched_price(
    values: tuple[Any, ...], code: Any, dates: Any, now: Any, state: Any, method: str, progress: Any, out: Any
) -> Any:
    from shortgamma.barrier._dates import into

    values, counts, years = _terms(values, code, dates, now, state, method)
    if dates is None:
        return call(dispatch.barrier.single.barrier_price, NAMES, (*values, code), out)
    result = price_on_dates(values, code, counts, years, method, state, progress)
    return into(None if out is None else (out,), (result,))[0]


def price_on_dates(
    values: tuple[Any, ...], code: Any, counts: Any, years: Any, method: str, state: Any = None,
    progress: Progress | None = None,
) -> Any:  # fmt: skip
    """Prices of options watched on equal dates, or on those of ``years``."""
    if years is not None or method == "exact":
        return _exact(0, values, code, counts, years, state, progress, None)[0]
    shifted = _shifted_price(values, code, counts)
    if method == "shift":
        return shifted
    near = np.asarray(_bound(values, code) > NEGLIGIBLE * np.asarray(values[0]))
    if near.all():
        return _exact(0, values, code, counts, None, state, progress, None)[0]
    if near.any():
        *arrays, near, shifted = np.broadcast_arrays(*values, code, counts, near, shifted)
        *some, code, counts = (array[near] for array in arrays)
        shifted = shifted.copy()
        shifted[near] = _exact(0, tuple(some), code, counts, None, None, progress, None)[0]
    return shifted


def _shifted_price(values: tuple[Any, ...], code: Any, counts: Any) -> Any:
    names = ("barrier", "vol", "expiry", "dates")
    spot, strike, barrier, vol, expiry, *rest = values
    barrier = call(dispatch.barrier.shifted.shifted_barrier, names, (barrier, vol, expiry, counts, code))
    return call(dispatch.barrier.single.barrier_price, NAMES, (spot, strike, barrier, vol, expiry, *rest, code))


def _bound(values: tuple[Any, ...], code: Any) -> Any:
    """What an option watched on dates and one whose barrier is shifted can differ by: a knock-in that is always
    watched, and the rebate times the probability that the barrier is ever hit."""
    spot, _, barrier, vol, expiry, rate, dividend, rebate = values
    prices = dispatch.barrier.single.barrier_price
    with np.errstate(invalid="ignore"):
        inside = call(prices, NAMES, (*values[:7], 0.0, np.bitwise_and(code, 5).astype(np.int8)))
        if not np.any(rebate):
            return inside
        touch = (np.bitwise_and(code, 1) + TOUCHED_LATE).astype(np.int8)
        hit = call(prices, NAMES, (spot, barrier, barrier, vol, expiry, rate, dividend, 1.0, touch))
        return inside + np.abs(rebate) * hit * np.maximum(1.0, np.exp(np.multiply(rate, expiry)))


def _exact(
    order: int, values: tuple[Any, ...], code: Any, counts: Any, years: Any, state: Any, progress: Any, out: Any
) -> tuple[Any, ...]:
    from shortgamma.barrier import _dates

    spot, strike, barrier, vol, expiry, rate, dividend, rebate = values
    up = np.bitwise_and(code, 1) != 0
    # no barrier on the other side; an invalid one stays invalid
    level = number("barrier", barrier)
    level = np.where(level > 0, level, np.nan + np.sqrt(np.where(level <= 0, -1.0, 0.0)))
    lower, upper = np.where(up, 0.0, level), np.where(up, level, np.inf)
    if state is not None:
        code, lower, upper, rebate = _dates.without(state, code, lower, upper, rebate)
    dates = counts if years is None else 1
    columns = (spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, dates)
    return _dates.into(out, _dates.recursion(order, columns, code, years, progress))


def _watched_greeks(
    order: int, values: tuple[Any, ...], code: Any, dates: Any, now: Any, state: Any, method: str, progress: Any,
    out: Any,
) -> tuple[Any, ...]:  # fmt: skip
    values, counts, years = _terms(values, code, dates, now, state, method)
    if dates is None:
        return greeks_of(BarrierGreeks, dispatch.barrier.single, UFUNCS, order, NAMES, (*values, code), out)
    if method == "shift":
        values = (*values, counts, code)
        return greeks_of(BarrierGreeks, dispatch.barrier.shifted, SHIFTED_UFUNCS, order, SHIFTED_NAMES, values, out)
    return _exact(order, values, code, counts, years, state, progress, outputs(BarrierGreeks, out, order))


def _greek(name: str, like: Function) -> Function:
    """The function of one Greek, whose signature is that of ``like``."""
    ufunc = getattr(dispatch.barrier.single, f"barrier_{name}")
    place = BarrierGreeks._fields.index(name)
    order = order_of(name)

    def derivative(
        spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
        kind: BarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
        rebate: ArrayLike = 0.0, rebate_at: Any = "hit", dates: Any = None, now: Any = None, state: Any = None,
        method: Literal["auto", "exact", "shift"] = "auto", progress: Progress | None = None, out: Any = None,
    ) -> Any:  # fmt: skip
        code = code_of(kind, option, rebate_at)
        values = (spot, strike, barrier, vol, expiry, rate, dividend, rebate)
        if dates is not None or state is not None or now is not None:
            where = None if out is None else tuple(out if i == place else None for i in range(7 * order))
            return _watched_greeks(order, values, code, dates, now, state, method, progress, where)[place]
        return call(ufunc, NAMES, (*values, code), out)

    derivative.__name__ = derivative.__qualname__ = name
    derivative.__doc__ = f"""{MEANINGS[name]}, alone; ``greeks`` gives it together with the others.

    Parameters
    ----------
    {{spot, strike, barrier, vol, expiry [or time], kind, option, rate, dividend [or borrowing], rebate}}
    {{rebate_at, dates, now, state, method [greeks], progress, out}}

    {{returns [derivative]}}

    {{see also [greeks]}}

    Examples
    --------
    >>> import shortgamma as sg
    >>> put = dict(vol=0.3, expiry=1.0, kind="down-in", option="put")
    >>> alone = sg.barrier.{name}([90.0, 110.0], 100.0, 80.0, **put)
    >>> bool((alone == sg.barrier.greeks([90.0, 110.0], 100.0, 80.0, **put, order=2).{name}).all())
    True
    """
    return cast("Function", derivative)


delta, gamma, vega, theta, rho, rho_dividend, vanna, volga, charm, speed, zomma, color, veta = (
    _greek(name, price) for name in MEANINGS
)
