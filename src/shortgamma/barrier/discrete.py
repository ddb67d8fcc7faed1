"""Barrier options watched on dates only, exactly, with one barrier or two."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import call, choice
from shortgamma._core.results import Result
from shortgamma._core.words import OPTIONS, PAID_AT, Words
from shortgamma.barrier.single import check_monitoring

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats, Names, OptionKind, TwoBarrierKind

KINDS = Words({"knock-in": 0, "knock-out": 2}, ki="knock-in", ko="knock-out")
NAMES = ("spot", "strike", "lower", "upper", "vol", "expiry", "rate", "dividend", "rebate", "monitoring")


class DiscreteGreeks(Result):
    """Price and derivatives of a barrier option watched on dates.

    Attributes
    ----------
    price : ndarray or float
        Value V, in the currency of the strike.
    delta : ndarray or float
        dV/dS
    gamma : ndarray or float
        d2V/dS2
    theta : ndarray or float
        dV/dt, per year of calendar time, the dates staying where they are
    """

    price: Floats
    delta: Floats
    gamma: Floats
    theta: Floats


def discrete_price(
    spot: ArrayLike,
    strike: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    vol: ArrayLike,
    expiry: ArrayLike,
    kind: TwoBarrierKind | Names,
    option: OptionKind | Names,
    monitoring: ArrayLike,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0,
    rebate_at: Any = "hit",
    out: Any = None,
) -> Any:
    """Exact price of options with one barrier or two that are watched on dates only.

    Parameters
    ----------
    spot, strike : array_like
        Prices > 0, in one currency.
    lower, upper : array_like
        The barriers, lower < upper; 0 for no lower one, infinity for no upper one.
    vol : array_like
        Volatility per year, 0.2 for 20 %, >= 0.
    expiry : array_like
        Time to expiry in years, >= 0.
    monitoring : int or array of int
        The number of dates on which the barriers are watched, up to 10,000. They are equally spaced, the first one
        ``expiry / monitoring`` from now and the last one at expiry. Now is no date: a spot beyond a barrier has not
        been knocked yet.
    rate, dividend : array_like, default 0.0
        Interest rate and dividend yield per year, continuously compounded.
    rebate : array_like, default 0.0
        Cash amount: of a knock-out paid if it is knocked, of a knock-in paid at expiry if it never was.
    kind : {"knock-in", "knock-out"} or array of these
        What a price at or beyond a barrier on a date does.
    option : {"put", "call"} or array of these
        The option behind it.
    rebate_at : {"hit", "expiry"} or array of these
        When a knock-out pays its rebate: on the date that knocks it, or at expiry.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        Prices, in the shape that all inputs broadcast to. NaN, with the invalid flag, for a number out of its
        domain, and where drift and volatility of one date exceed ten standard deviations of it.

    Raises
    ------
    ValueError
        If ``kind``, ``option`` or ``rebate_at`` is unknown, ``monitoring`` is no whole number >= 1, or shapes do not
        broadcast.
    TypeError
        If an input is not numeric.

    See Also
    --------
    discrete_greeks : Price, delta, gamma and theta in one pass.
    price : With ``monitoring``, the quick approximation.

    Notes
    -----
    A backward recursion over the dates, on Gauss-Legendre panels that grow with the distance from the barriers; exact
    to some 1e-12 of spot and strike. Neighbouring options of the same volatility, expiry, rates and dates share its
    matrices, and those that differ by their spots alone the whole recursion.

    Examples
    --------
    A down-and-out call watched 50 times, of Broadie, Glasserman and Kou (Mathematical Finance 7, 1997):

    >>> import math
    >>> import shortgamma as sg
    >>> value = sg.barrier.discrete_price(100.0, 100.0, 95.0, math.inf, vol=0.3, expiry=0.2, monitoring=50, rate=0.1,
    ...     kind="knock-out", option="call",
    ... )
    >>> round(float(value), 3)
    4.907
    """
    check_monitoring(monitoring)
    values = (spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, monitoring)
    code = _code(kind, option, rebate_at)
    return call(dispatch.barrier.discrete.discrete_price, NAMES, (*values, code), out)


def discrete_greeks(
    spot: ArrayLike,
    strike: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    vol: ArrayLike,
    expiry: ArrayLike,
    kind: TwoBarrierKind | Names,
    option: OptionKind | Names,
    monitoring: ArrayLike,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0,
    rebate_at: Any = "hit",
    out: Any = None,
) -> DiscreteGreeks:
    """Exact price, delta, gamma and theta of options whose barriers are watched on dates only.

    Parameters
    ----------
    spot, strike, lower, upper, vol, expiry, monitoring, rate, dividend, rebate, kind, option, rebate_at
        As for ``discrete_price``.
    out : DiscreteGreeks or tuple of ndarray, optional
        Where the results go.

    Returns
    -------
    DiscreteGreeks
        Named tuple of arrays in the shape that all inputs broadcast to.

    Raises
    ------
    ValueError
        As for ``discrete_price``.
    TypeError
        If an input is not numeric.

    See Also
    --------
    discrete_price : The price alone.

    Notes
    -----
    Delta and gamma are derivatives of the last step of the recursion, theta follows from the Black-Scholes equation,
    which holds between the dates.

    Examples
    --------
    The knock-in put a hair above its barrier, watched daily:

    >>> import math
    >>> import shortgamma as sg
    >>> greeks = sg.barrier.discrete_greeks(
    ...     60.06, 100.0, 60.0, math.inf, vol=0.35, expiry=1.0, monitoring=252, rate=0.03,
    ...     dividend=0.01, kind="knock-in", option="put",
    ... )
    >>> round(float(greeks.delta), 3)
    -1.202
    """
    check_monitoring(monitoring)
    values = (spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, monitoring)
    code = _code(kind, option, rebate_at)
    return DiscreteGreeks(*call(dispatch.barrier.discrete.discrete_greeks, NAMES, (*values, code), out))


def _code(kind: Any, option: Any, rebate_at: Any) -> Any:
    codes = choice("kind", kind, KINDS), choice("option", option, OPTIONS), choice("rebate_at", rebate_at, PAID_AT)
    return np.asarray(codes[0] + np.add(codes[1], codes[2])).astype(np.int8)
