"""Barriers that are watched for part of the time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import call, choice
from shortgamma._core.greeks import greeks_of
from shortgamma._core.words import Words
from shortgamma.barrier.single import BarrierGreeks, code_of

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

    from shortgamma._core.types import BarrierKind, Names, OptionKind

WINDOWS = Words(
    {"start": 0, "end": 1, "end-beyond": 2}, a="start", b1="end", endb1="end", b2="end-beyond", endb2="end-beyond"
)
UFUNCS = ("partial_time_price", "partial_time_first_order", "partial_time_second_order")
NAMES = ("spot", "strike", "barrier", "vol", "expiry", "moment", "rate", "dividend")


def partial_time_price(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, moment: ArrayLike,
    window: Any, kind: BarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Price of options whose barrier is watched continuously from the start to a moment, or from a moment to the end.

    Parameters
    ----------
    {spot, strike, barrier, vol [positive], expiry [positive], moment, rate, dividend, kind, option, window}
    {out}

    {returns [prices]}

    Raises
    ------
    ValueError
        If ``kind``, ``option`` or ``window`` is unknown, or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    partial_time_greeks : Price and derivatives in one pass.
    price : The barrier is watched until expiry.

    Notes
    -----
    Heynen and Kat, "Partial barrier options", Journal of Financial Engineering 3, 1994; Haug, *The Complete Guide to
    Option Pricing Formulas*, 2nd ed., 2007, section 4.17.4. There is no rebate.

    Examples
    --------
    Haug's table: a down-and-out call whose barrier is watched from a quarter of the year on:

    >>> import shortgamma as sg
    >>> value = sg.barrier.partial_time_price(
    ...     105.0, 90.0, 100.0, vol=0.25, expiry=1.0, moment=0.25, rate=0.1, kind="down-out",
    ...     option="call", window="end",
    ... )
    >>> round(float(value), 4)
    15.6324
    """
    values = (spot, strike, barrier, vol, expiry, moment, rate, dividend)
    where = np.asarray(choice("window", window, WINDOWS)).astype(np.int8)
    ufunc = dispatch.barrier.partial_time.partial_time_price
    return call(ufunc, NAMES, (*values, code_of(kind, option), where), out)


def partial_time_greeks(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, moment: ArrayLike,
    window: Any, kind: Any, option: Any, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, order: Literal[1, 2] = 1,
    out: Any = None,
) -> BarrierGreeks:  # fmt: skip
    """Price and Greeks of options whose barrier is watched from the start to a moment or from a moment to the end.

    Parameters
    ----------
    {spot, strike, barrier, vol [positive], expiry [positive], moment, rate, dividend, kind, option, window}
    {order, out [greeks]}

    Returns
    -------
    BarrierGreeks
        Named tuple of arrays in the shape that all inputs broadcast to. NaN, with the invalid flag, for numbers out of
        their domain, and where drift and volatility up to the moment exceed ten standard deviations.

    {raises [choice]}

    See Also
    --------
    partial_time_price : The price alone, faster.

    Notes
    -----
    One step of Gauss-Legendre quadrature from now to the moment: of the plain option under the density killed at the
    barrier, or of the option whose barrier is watched from then on. Derivatives are carried along, not bumped. In
    calendar time the moment stays where it is.

    Examples
    --------
    >>> import shortgamma as sg
    >>> greeks = sg.barrier.partial_time_greeks(
    ...     105.0, 90.0, 100.0, vol=0.25, expiry=1.0, moment=0.25, rate=0.1, kind="down-out",
    ...     option="call", window="end",
    ... )
    >>> round(float(greeks.price), 4), round(float(greeks.delta), 4)
    (15.6324, 1.1144)
    """
    watch = np.asarray(choice("window", window, WINDOWS)).astype(np.int8)
    values = (spot, strike, barrier, vol, expiry, moment, rate, dividend, code_of(kind, option), watch)
    return greeks_of(BarrierGreeks, dispatch.barrier.partial_time, UFUNCS, order, NAMES, values, out)
