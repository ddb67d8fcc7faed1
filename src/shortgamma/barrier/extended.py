"""Barriers that are watched for part of the time, give way gradually, or stand on another asset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import _dispatch
from shortgamma._arguments import call, choice
from shortgamma.barrier.single import KINDS, OPTIONS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

WINDOWS = {"start": 0, "end": 1, "end-beyond": 2}
PARTIAL_NAMES = ("spot", "strike", "barrier", "vol", "expiry", "moment", "rate", "dividend")
SOFT_NAMES = ("spot", "strike", "lower", "upper", "vol", "expiry", "rate", "dividend")
TWO_ASSET_NAMES: tuple[str, ...] = (
    "spot",
    "strike",
    "vol",
    "dividend",
    "other",
    "barrier",
    "other_vol",
    "other_dividend",
)
TWO_ASSET_NAMES += ("correlation", "expiry", "rate")


def partial_time_price(
    spot: ArrayLike,
    strike: ArrayLike,
    barrier: ArrayLike,
    vol: ArrayLike,
    expiry: ArrayLike,
    moment: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    kind: Any = "down-in",
    option: Any = "put",
    window: Any = "end",
    out: Any = None,
) -> Any:
    """Price of options whose barrier is watched, always, from the start to a moment or from a moment to the end.

    Parameters
    ----------
    spot, strike, barrier : array_like
        Prices > 0, in one currency.
    vol : array_like
        Volatility per year, 0.2 for 20 %, > 0.
    expiry : array_like
        Time to expiry in years, > 0.
    moment : array_like
        When the watch ends or begins, in years from now, 0 <= moment <= expiry.
    rate, dividend : array_like, default 0.0
        Interest rate and dividend yield per year, continuously compounded.
    kind : {"down-in", "down-out", "up-in", "up-out"} or array of these
        Where the barrier lies and what it does.
    option : {"put", "call"} or array of these
        The option behind it.
    window : {"end", "end-beyond", "start"} or array of these
        ``"start"``: watched until the moment (type A). ``"end"``: watched from the moment on, and hit by a crossing
        from either side (type B1; up and down are then the same). ``"end-beyond"``: hit also if the price is beyond
        the barrier at the moment (type B2).
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        Prices, in the shape that all inputs broadcast to. NaN, with the invalid flag, for a number out of its domain.

    Raises
    ------
    ValueError
        If ``kind``, ``option`` or ``window`` is unknown, or shapes do not broadcast.
    TypeError
        If an input is not numeric.

    See Also
    --------
    price : Watched all the time.

    Notes
    -----
    Heynen and Kat, "Partial barrier options", Journal of Financial Engineering 3, 1994; Haug, *The Complete Guide to
    Option Pricing Formulas*, 2nd ed., 2007, section 4.17.4. There is no rebate.

    Examples
    --------
    Haug's table: a down-and-out call whose barrier is watched from a quarter of the year on:

    >>> import shortgamma as sg
    >>> value = sg.barrier.partial_time_price(105.0, 90.0, 100.0, 0.25, 1.0, 0.25, rate=0.1, kind="down-out",
    ...                                       option="call")
    >>> round(float(value), 4)
    15.6324
    """
    values = (spot, strike, barrier, vol, expiry, moment, rate, dividend)
    where = np.asarray(choice("window", window, WINDOWS)).astype(np.int8)
    ufunc = _dispatch.extended_barrier.extended_partial_time
    return call(ufunc, PARTIAL_NAMES, (*values, _code(kind, option), where), out)


def soft_price(
    spot: ArrayLike,
    strike: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    vol: ArrayLike,
    expiry: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    kind: Any = "down-in",
    option: Any = "put",
    out: Any = None,
) -> Any:
    """Price of soft-barrier options, knocked in proportion to how far the price went through a range.

    Parameters
    ----------
    spot, strike : array_like
        Prices > 0, in one currency.
    lower, upper : array_like
        The range, 0 < lower <= upper; of one level it is a hard barrier.
    vol : array_like
        Volatility per year, 0.2 for 20 %, >= 0.
    expiry : array_like
        Time to expiry in years, >= 0.
    rate, dividend : array_like, default 0.0
        Interest rate and dividend yield per year, continuously compounded.
    kind : {"down-in", "down-out", "up-in", "up-out"} or array of these
        From which side the range is entered, and what that does.
    option : {"put", "call"} or array of these
        The option behind it.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        Prices, in the shape that all inputs broadcast to. NaN, with the invalid flag, for a number out of its domain.

    Raises
    ------
    ValueError
        If ``kind`` or ``option`` is unknown, or shapes do not broadcast.
    TypeError
        If an input is not numeric.

    See Also
    --------
    price : A hard barrier.

    Notes
    -----
    The mean of hard-barrier options over the range, by Gauss-Legendre (Hart and Ross, "Striking continuity", Risk 7(6),
    1994). The closed form divides by what vanishes where rate and dividend are equal; the mean does not.

    Examples
    --------
    Haug's table (2nd ed., 2007, p. 166):

    >>> import shortgamma as sg
    >>> value = sg.barrier.soft_price(100.0, 100.0, 90.0, 95.0, 0.1, 0.5, rate=0.1, dividend=0.05, kind="down-out",
    ...                               option="call")
    >>> round(float(value), 4)
    4.0175
    """
    values = (spot, strike, lower, upper, vol, expiry, rate, dividend)
    return call(_dispatch.soft_barrier.soft_price, SOFT_NAMES, (*values, _code(kind, option)), out)


def two_asset_price(
    spot: ArrayLike,
    strike: ArrayLike,
    vol: ArrayLike,
    other: ArrayLike,
    barrier: ArrayLike,
    other_vol: ArrayLike,
    correlation: ArrayLike,
    expiry: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    other_dividend: ArrayLike = 0.0,
    kind: Any = "down-in",
    option: Any = "put",
    out: Any = None,
) -> Any:
    """Price of options on one asset whose barrier, watched always, stands on another (outside barriers).

    Parameters
    ----------
    spot, strike : array_like
        Price of the asset that pays, and the strike, > 0.
    vol : array_like
        Its volatility per year, > 0.
    other, barrier : array_like
        Price of the other asset, and the barrier on it, > 0.
    other_vol : array_like
        The other's volatility per year, > 0.
    correlation : array_like
        Of the two, in [-1, 1].
    expiry : array_like
        Time to expiry in years, > 0.
    rate : array_like, default 0.0
        Interest rate per year, continuously compounded.
    dividend, other_dividend : array_like, default 0.0
        Dividend yields of the two, per year, continuously compounded.
    kind : {"down-in", "down-out", "up-in", "up-out"} or array of these
        Where the barrier lies and what it does.
    option : {"put", "call"} or array of these
        The option behind it.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        Prices, in the shape that all inputs broadcast to. NaN, with the invalid flag, for a number out of its domain.

    Raises
    ------
    ValueError
        If ``kind`` or ``option`` is unknown, or shapes do not broadcast.
    TypeError
        If an input is not numeric.

    See Also
    --------
    price : The barrier on the asset itself.

    Notes
    -----
    Heynen and Kat, "Crossing barriers", Risk 7(6), 1994. There is no rebate.

    Examples
    --------
    A down-and-out call of Haug's table, which prints 6.6592:

    >>> import shortgamma as sg
    >>> value = sg.barrier.two_asset_price(100.0, 90.0, 0.2, 100.0, 95.0, 0.2, 0.5, 0.5, rate=0.08, kind="down-out",
    ...                                    option="call")
    >>> round(float(value), 4)
    6.6609
    """
    values = (spot, strike, vol, dividend, other, barrier, other_vol, other_dividend, correlation, expiry, rate)
    return call(_dispatch.extended_barrier.extended_two_asset, TWO_ASSET_NAMES, (*values, _code(kind, option)), out)


def _code(kind: Any, option: Any) -> Any:
    return np.asarray(np.add(choice("kind", kind, KINDS), choice("option", option, OPTIONS))).astype(np.int8)
