"""Single-barrier options: price and Greeks of the eight types, with rebate, watched always or on dates.

Units: ``expiry`` in years; ``vol``, ``rate``, ``dividend`` per year, continuously compounded. Vega is per
1.00 of vol, rho per 1.00 of rate; theta, charm, color and veta are per year of calendar time (dV/dt =
-dV/dT).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import call, choice, number, refuse_choice, refuse_where
from shortgamma._core.results import Result
from shortgamma._core.words import BARRIER_KINDS as KINDS
from shortgamma._core.words import OPTIONS, PAID_AT

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Literal, Protocol

    from numpy.typing import ArrayLike

    from shortgamma._core.types import BarrierKind, Floats, Names, OptionKind

    class _Greek(Protocol):
        def __call__(
            self,
            spot: ArrayLike,
            strike: ArrayLike,
            barrier: ArrayLike,
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
            out: Any = None,
        ) -> Any: ...


UFUNCS = ("barrier_price", "barrier_first_order", "barrier_second_order")
NAMES = ("spot", "strike", "barrier", "vol", "expiry", "rate", "dividend", "rebate")
WATCHED_UFUNCS = ("", "shifted_first_order", "shifted_second_order")
WATCHED_NAMES = (*NAMES, "monitoring")
_CODES = {
    (kind, option, paid): np.int8(KINDS[kind] + OPTIONS[option] + PAID_AT[paid])
    for kind in KINDS
    for option in OPTIONS
    for paid in PAID_AT
}


class BarrierGreeks(Result):
    """Price and derivatives of a barrier option; the last seven are None at order 1.

    Attributes
    ----------
    price : ndarray or float
        Value V, in the currency of the strike.
    delta : ndarray or float
        dV/dS
    gamma : ndarray or float
        d2V/dS2
    vega : ndarray or float
        dV/dvol, per 1.00 of vol
    theta : ndarray or float
        dV/dt, per year of calendar time
    rho : ndarray or float
        dV/drate, per 1.00 of rate
    rho_dividend : ndarray or float
        dV/ddividend, per 1.00 of dividend yield
    vanna : ndarray or float, optional
        d2V/dS dvol
    volga : ndarray or float, optional
        d2V/dvol2
    charm : ndarray or float, optional
        d2V/dS dt
    speed : ndarray or float, optional
        d3V/dS3
    zomma : ndarray or float, optional
        d3V/dS2 dvol
    color : ndarray or float, optional
        d3V/dS2 dt
    veta : ndarray or float, optional
        d2V/dvol dt
    """

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats
    rho_dividend: Floats
    vanna: Floats | None = None
    volga: Floats | None = None
    charm: Floats | None = None
    speed: Floats | None = None
    zomma: Floats | None = None
    color: Floats | None = None
    veta: Floats | None = None


FIRST_ORDER = BarrierGreeks._fields[:7]


def price(
    spot: ArrayLike,
    strike: ArrayLike,
    barrier: ArrayLike,
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
    method: Literal["shift", "exact"] = "shift",
    out: Any = None,
) -> Any:
    """Price of single-barrier options under Black and Scholes.

    Parameters
    ----------
    spot, strike, barrier : array_like
        Prices > 0, in one currency.
    vol : array_like
        Volatility per year, 0.2 for 20 %, >= 0.
    expiry : array_like
        Time to expiry in years, >= 0.
    rate, dividend : array_like, default 0.0
        Interest rate and dividend yield (or borrowing cost, or the coin's own rate) per year, continuously
        compounded.
    rebate : array_like, default 0.0
        Cash amount: of a knock-out paid if it is hit, of a knock-in paid at expiry if it never was.
    kind : {"down-in", "down-out", "up-in", "up-out"} or array of these
        Where the barrier lies and what it does.
    option : {"put", "call"} or array of these
        The option behind it.
    rebate_at : {"hit", "expiry"} or array of these
        When a knock-out pays its rebate.
    monitoring : int or array of int, optional
        The number of dates on which the barrier is watched; by default it always is. The dates are equally spaced, the
        first one ``expiry / monitoring`` from now and the last one at expiry.
    method : {"shift", "exact"}, default "shift"
        With ``monitoring``: the continuous formula with a moved barrier, or the recursion of ``discrete_price``.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        Prices, in the shape that all inputs broadcast to. NaN, with the invalid flag, for a number out of its
        domain.

    Raises
    ------
    ValueError
        If ``kind``, ``option``, ``rebate_at`` or ``method`` is unknown (with the first bad index), ``monitoring`` is no
        whole number >= 1, or shapes do not broadcast.
    TypeError
        If an input is not numeric.

    See Also
    --------
    greeks : Price and derivatives in one pass.

    Notes
    -----
    With spot at or beyond the barrier a knock-out is worth its rebate (or what is due of it at expiry) and a
    knock-in is the plain option.
    With no time or no volatility left the path is certain, and so is the price. Formulas: Reiner and
    Rubinstein, "Breaking down the barriers", Risk 4(8), 1991; Haug, *The Complete Guide to Option Pricing
    Formulas*, 1998, p. 70. Negative rates with a rebate at the hit: Le Floc'h, 2014.

    With ``monitoring`` the barrier is moved outwards by exp(0.5825971579390107 vol sqrt(expiry / monitoring)) (Broadie,
    Glasserman and Kou, Mathematical Finance 7, 1997), good to some 1e-4 where spot is two standard deviations of one
    step away from the barrier, and rough nearer. Now is no date: an option is knocked at or beyond the *moved* barrier.

    Examples
    --------
    A down-and-out call of Haug's table (p. 72) with a rebate of 3:

    >>> import shortgamma as sg
    >>> value = sg.barrier.price(100.0, 90.0, 95.0, vol=0.25, expiry=0.5, rate=0.08, dividend=0.04, rebate=3.0,
    ...                          kind="down-out", option="call")
    >>> round(float(value), 4)
    9.0246
    """
    code = code_of(kind, option, rebate_at)
    if monitoring is not None:
        check_monitoring(monitoring)
        if method == "exact":
            return _exact(spot, strike, barrier, vol, expiry, rate, dividend, rebate, monitoring, code, out)
        if method != "shift":
            refuse_choice("method", method, ("shift", "exact"))
        names = ("barrier", "vol", "expiry", "monitoring")
        barrier = call(dispatch.barrier.shifted.shifted_barrier, names, (barrier, vol, expiry, monitoring, code))
    values = (spot, strike, barrier, vol, expiry, rate, dividend, rebate)
    if out is None and code.ndim == 0:
        # a ufunc takes longer to make arrays of nine numbers than to price them
        alone = dispatch.barrier.single.price_of(values, code)
        if alone is not None:
            return alone
    return call(dispatch.barrier.single.barrier_price, NAMES, (*values, code), out)


def greeks(
    spot: ArrayLike,
    strike: ArrayLike,
    barrier: ArrayLike,
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
    order: Literal[1, 2] = 1,
    out: Any = None,
) -> BarrierGreeks:
    """Price and analytic Greeks of single-barrier options, in one pass.

    Parameters
    ----------
    spot, strike, barrier : array_like
        Prices > 0, in one currency.
    vol : array_like
        Volatility per year, 0.2 for 20 %, >= 0.
    expiry : array_like
        Time to expiry in years, >= 0.
    rate, dividend : array_like, default 0.0
        Interest rate and dividend yield per year, continuously compounded.
    rebate : array_like, default 0.0
        Cash amount: of a knock-out paid if it is hit, of a knock-in paid at expiry if it never was.
    kind : {"down-in", "down-out", "up-in", "up-out"} or array of these
        Where the barrier lies and what it does.
    option : {"put", "call"} or array of these
        The option behind it.
    rebate_at : {"hit", "expiry"} or array of these
        When a knock-out pays its rebate.
    monitoring : int or array of int, optional
        The number of dates on which the barrier is watched; by default it always is. The dates are equally spaced, the
        first one ``expiry / monitoring`` from now and the last one at expiry.
    order : {1, 2}, default 1
        1 for price, delta, gamma, vega, theta, rho and rho_dividend; 2 for all fourteen.
    out : BarrierGreeks or tuple of ndarray, optional
        Where the results go: an earlier result of the same shape and order.

    Returns
    -------
    BarrierGreeks
        Named tuple of arrays in the shape that all inputs broadcast to. NaN, with the invalid flag, for
        numbers out of their domain.

    Raises
    ------
    ValueError
        If ``kind``, ``option``, ``rebate_at`` or ``order`` is unknown, ``monitoring`` is no whole number >= 1, shapes
        do not broadcast, or ``out`` has the wrong length.
    TypeError
        If an input is not numeric.

    See Also
    --------
    price : The price alone.

    Notes
    -----
    All derivatives are analytic. At the barrier exactly they are those of the living side; beyond it a
    knock-out has none and a knock-in those of the plain option. Theta, charm, color and veta follow from the
    Black-Scholes equation. With ``monitoring`` the barrier is moved as in ``price``; vega, vanna, volga, zomma and veta
    count that it moves with the volatility, and in calendar time the dates stay where they are.

    Examples
    --------
    The knock-in put inside a reverse convertible on Nvidia (Structured Retail Products, 2025-05-05), near its
    barrier, with a delta far beyond -1:

    >>> import shortgamma as sg
    >>> greeks = sg.barrier.greeks(
    ...     58.0, 101.89, 56.05, vol=0.4032, expiry=4 / 12, rate=0.0435, kind="down-in", option="put"
    ... )
    >>> round(float(greeks.delta), 4)
    -2.4319
    """
    check_order(order)
    code = code_of(kind, option, rebate_at)
    if monitoring is not None:
        check_monitoring(monitoring)
        ufunc, count = ufunc_of(dispatch.barrier.shifted, WATCHED_UFUNCS, order)
        watched = (spot, strike, barrier, vol, expiry, rate, dividend, rebate, monitoring, code)
        return BarrierGreeks(*call(ufunc, WATCHED_NAMES, watched, None if out is None else outputs(out, count)))
    values = (spot, strike, barrier, vol, expiry, rate, dividend, rebate, code)
    ufunc, count = ufunc_of(dispatch.barrier.single, UFUNCS, order)
    return BarrierGreeks(*call(ufunc, NAMES, values, None if out is None else outputs(out, count)))


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


def _exact(
    spot: Any,
    strike: Any,
    barrier: Any,
    vol: Any,
    expiry: Any,
    rate: Any,
    dividend: Any,
    rebate: Any,
    monitoring: Any,
    code: Any,
    out: Any,
) -> Any:
    up = np.bitwise_and(code, 1) != 0
    # no barrier on the other side; what is no barrier on its own stays none
    level = number("barrier", barrier)
    level = np.where(level > 0, level, np.nan + np.sqrt(np.where(level <= 0, -1.0, 0.0)))
    lower, upper = np.where(up, 0.0, level), np.where(up, level, np.inf)
    values = (spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, monitoring, code)
    names = ("spot", "strike", "barrier", "barrier", *NAMES[3:], "monitoring")
    return call(dispatch.barrier.discrete.discrete_price, names, values, out)


def check_monitoring(monitoring: ArrayLike) -> None:
    dates = number("monitoring", monitoring)
    if dates.dtype.kind == "b":
        raise TypeError("monitoring must be a number of dates, got dtype bool")
    with np.errstate(invalid="ignore"):
        refuse_where(
            (dates < 1) | (dates != np.floor(dates)) | np.isinf(dates), "monitoring", dates, "a whole number >= 1"
        )


def _watched_greek(place: int, values: tuple[Any, ...], out: Any) -> Any:
    check_monitoring(values[8])
    ufunc, count = ufunc_of(dispatch.barrier.shifted, WATCHED_UFUNCS, 1 if place < len(FIRST_ORDER) else 2)
    where = None if out is None else tuple(out if i == place else None for i in range(count))
    return call(ufunc, WATCHED_NAMES, values, where)[place]


def check_order(order: object) -> None:
    if order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, got {order!r}")


def ufunc_of(module: ModuleType, names: tuple[str, str, str], order: int) -> tuple[np.ufunc, int]:
    """The ufunc of an order, and how many outputs it has."""
    ufunc: np.ufunc = getattr(module, names[order])
    return ufunc, ufunc.nout


def outputs(out: Any, count: int) -> tuple[Any, ...]:
    if not isinstance(out, tuple):
        raise TypeError(f"out must be a BarrierGreeks or a tuple of {count} arrays, got {type(out).__name__}")
    if len(out) == len(BarrierGreeks._fields) and all(array is None for array in out[count:]):
        out = out[:count]
    if len(out) != count:
        raise ValueError(f"out must hold {count} arrays, got {len(out)}")
    return tuple(out)


def _greek(name: str, meaning: str) -> _Greek:
    """The function of one Greek, whose signature is that of ``price``."""
    ufunc = getattr(dispatch.barrier.single, f"barrier_{name}")
    place = BarrierGreeks._fields.index(name)

    def one(
        spot: ArrayLike,
        strike: ArrayLike,
        barrier: ArrayLike,
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
        out: Any = None,
    ) -> Any:
        code = code_of(kind, option, rebate_at)
        if monitoring is not None:
            values: tuple[Any, ...] = (spot, strike, barrier, vol, expiry, rate, dividend, rebate, monitoring, code)
            return _watched_greek(place, values, out)
        values = (spot, strike, barrier, vol, expiry, rate, dividend, rebate, code)
        return call(ufunc, NAMES, values, out)

    one.__name__ = one.__qualname__ = name
    one.__doc__ = f"""{meaning}, alone; ``greeks`` gives it together with the others.

    Parameters
    ----------
    spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind, option, rebate_at, monitoring, out
        As for ``price``.

    Returns
    -------
    ndarray or float
        The derivative, in the shape that all inputs broadcast to.

    See Also
    --------
    greeks : Price and all derivatives in one pass.

    Examples
    --------
    >>> import shortgamma as sg
    >>> put = dict(vol=0.3, expiry=1.0, kind="down-in", option="put")
    >>> alone = sg.barrier.{name}([90.0, 110.0], 100.0, 80.0, **put)
    >>> bool((alone == sg.barrier.greeks([90.0, 110.0], 100.0, 80.0, **put, order=2).{name}).all())
    True
    """
    return one


delta = _greek("delta", "dV/dS")
gamma = _greek("gamma", "d2V/dS2")
vega = _greek("vega", "dV/dvol, per 1.00 of vol")
theta = _greek("theta", "dV/dt, per year of calendar time")
rho = _greek("rho", "dV/drate, per 1.00 of rate")
rho_dividend = _greek("rho_dividend", "dV/ddividend, per 1.00 of dividend yield")
vanna = _greek("vanna", "d2V/dS dvol")
volga = _greek("volga", "d2V/dvol2")
charm = _greek("charm", "d2V/dS dt")
speed = _greek("speed", "d3V/dS3")
zomma = _greek("zomma", "d3V/dS2 dvol")
color = _greek("color", "d3V/dS2 dt")
veta = _greek("veta", "d2V/dvol dt")
