"""Double-barrier options and touches: price and Greeks, continuously monitored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import call, choice
from shortgamma._core.greeks import greeks_of
from shortgamma._core.words import OPTIONS, PAID_AT, Words
from shortgamma._core.words import TWO_BARRIER_KINDS as KINDS
from shortgamma.barrier.single import BarrierGreeks

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Names, OptionKind, TwoBarrierKind

# A touch is the rebate of an option without the option: a no-touch that of a knock-in, a double-touch that of a
# knock-out.
TOUCHES = Words(
    {"double-no-touch": 16, "double-touch": 17, "kiko": 18, "koki": 19},
    **dict.fromkeys(("dnt", "notouch"), "double-no-touch"), **dict.fromkeys(("dot", "doubleonetouch"), "double-touch"),
)  # fmt: skip
NAMES = ("spot", "strike", "lower", "upper", "vol", "expiry", "rate", "dividend", "rebate")
TOUCH_NAMES = ("spot", "lower", "lower", "upper", "vol", "expiry", "rate", "dividend", "amount")
UFUNCS = ("double_barrier_price", "double_barrier_first_order", "double_barrier_second_order")


def _code(kind: Any, option: Any, rebate_at: Any) -> Any:
    codes = (choice("kind", kind, KINDS), choice("option", option, OPTIONS), choice("rebate_at", rebate_at, PAID_AT))
    return (codes[0] + np.add(codes[1], codes[2])).astype(np.int8)


def _touch_code(kind: Any, paid_at: Any) -> Any:
    return np.add(choice("kind", kind, TOUCHES), choice("paid_at", paid_at, PAID_AT)).astype(np.int8)


def double_price(
    spot: ArrayLike, strike: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
    kind: TwoBarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0, rebate_at: Any = "hit", out: Any = None,
) -> Any:  # fmt: skip
    """Price of options with a barrier below and one above, under Black and Scholes.

    Parameters
    ----------
    spot, strike, lower, upper : array_like
        Prices > 0, in one currency; ``lower`` < ``upper``.
    {vol, expiry, rate, dividend}
    rebate : array_like, default 0.0
        Cash amount: of a knock-out paid if either barrier is hit, of a knock-in paid at expiry if neither was, of the
        other kinds paid if the barrier is hit that knocks out.
    kind : {"knock-out", "knock-in", "kiko", "koki"} or array of these
        A knock-in comes to life at either barrier. A "kiko" is knocked in at the lower barrier and out at the upper
        one, a "koki" in at the upper barrier and out at the lower one; the barrier that knocks out stays until expiry.
    {option}
    rebate_at : {"hit", "expiry"} or array of these
        When the rebate for a hit is paid.
    {out}

    {returns [prices of two]}

    Raises
    ------
    ValueError
        If ``kind``, ``option`` or ``rebate_at`` is unknown (with the first bad index) or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    double_greeks : Price and derivatives in one pass.
    price : Options with one barrier.

    Notes
    -----
    A series of 7 images (Kunitomo and Ikeda, Mathematical Finance 2, 1992) where vol sqrt(expiry) is less than a
    quarter to a third of ln(upper/lower), else one of at most 13 eigenfunctions (Pelsser, Finance and Stochastics 4,
    2000). Both are exact to the last few digits. A knock-in is summed over the paths that leave the corridor, not taken
    as a difference of two prices. With spot at or beyond a barrier a knock-out is worth its rebate, a knock-in the
    plain option, and the other kinds the option with the barrier that is left, or the rebate.

    Examples
    --------
    A knock-out call of Haug's table (*The Complete Guide to Option Pricing Formulas*, 2nd ed., 2007, p. 156):

    >>> import shortgamma as sg
    >>> value = sg.barrier.double_price(
    ...     100.0, 100.0, 50.0, 150.0, vol=0.25, expiry=0.25, rate=0.1, option="call", kind="knock-out"
    ... )
    >>> round(float(value), 4)
    6.1645
    """
    values = (spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, _code(kind, option, rebate_at))
    return call(dispatch.barrier.double.double_barrier_price, NAMES, values, out)


def double_greeks(
    spot: ArrayLike, strike: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
    kind: TwoBarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0, rebate_at: Any = "hit", order: Literal[1, 2] = 1, out: Any = None,
) -> BarrierGreeks:  # fmt: skip
    """Price and analytic Greeks of options with a barrier below and one above, in one pass.

    Parameters
    ----------
    spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, kind, option, rebate_at
        As for ``double_price``.
    {order, out [greeks]}

    {returns and raises [barrier greeks]}

    Notes
    -----
    Each term of the series is differentiated; nothing is bumped. Exactly at a barrier the Greeks are those of the
    side on which the option is alive.

    Examples
    --------
    >>> import shortgamma as sg
    >>> greeks = sg.barrier.double_greeks(
    ...     100.0, 100.0, 80.0, 120.0, vol=0.25, expiry=0.25, rate=0.1, option="call", kind="knock-out"
    ... )
    >>> round(float(greeks.price), 6), round(float(greeks.vega), 6)
    (2.638713, -13.726762)
    """
    values = (spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, _code(kind, option, rebate_at))
    return greeks_of(BarrierGreeks, dispatch.barrier.double, UFUNCS, order, NAMES, values, out)


def double_touch_price(
    spot: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, kind: Any,
    rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, amount: ArrayLike = 1.0, paid_at: Any = "hit", out: Any = None,
) -> Any:  # fmt: skip
    """Price of cash that is paid if a barrier is hit, or if neither is.

    Parameters
    ----------
    spot, lower, upper : array_like
        Prices > 0, in one currency; ``lower`` < ``upper``.
    {vol, expiry, rate, dividend}
    amount : array_like, default 1.0
        Cash amount.
    kind : {"double-no-touch", "double-touch", "kiko", "koki"} or array of these
        Whether it pays if neither barrier was hit, if either is, if the lower one is hit before the upper one ("kiko"),
        or the upper one before the lower one ("koki").
    paid_at : {"hit", "expiry"} or array of these
        When the cash for a hit is paid; a double-no-touch pays at expiry.
    {out}

    {returns [prices of two]}

    Raises
    ------
    ValueError
        If ``kind`` or ``paid_at`` is unknown (with the first bad index) or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    double_touch_greeks : Price and derivatives in one pass.
    touch_price : The same with one barrier.

    Notes
    -----
    Hui, "One-touch double barrier binary option values", Applied Financial Economics 6, 1996. Where the rate is so
    negative that the formulas have no real roots, or a root near zero, the value is summed in complex numbers.

    Examples
    --------
    A double-no-touch of Haug's table (*The Complete Guide to Option Pricing Formulas*, 2nd ed., 2007, p. 181):

    >>> import shortgamma as sg
    >>> value = sg.barrier.double_touch_price(
    ...     100.0, 80.0, 120.0, vol=0.2, expiry=0.25, rate=0.05, dividend=0.02, amount=10.0, kind="double-no-touch"
    ... )
    >>> round(float(value), 4)
    8.9307
    """
    values = (spot, lower, lower, upper, vol, expiry, rate, dividend, amount, _touch_code(kind, paid_at))
    return call(dispatch.barrier.double.double_barrier_price, TOUCH_NAMES, values, out)


def double_touch_greeks(
    spot: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, kind: Any,
    rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, amount: ArrayLike = 1.0, paid_at: Any = "hit",
    order: Literal[1, 2] = 1, out: Any = None,
) -> BarrierGreeks:  # fmt: skip
    """Price and analytic Greeks of double touches, in one pass.

    Parameters
    ----------
    spot, lower, upper, vol, expiry, rate, dividend, amount, kind, paid_at
        As for ``double_touch_price``.
    {order, out [greeks]}

    {returns and raises [barrier greeks]}

    Examples
    --------
    >>> import shortgamma as sg
    >>> greeks = sg.barrier.double_touch_greeks(
    ...     100.0, 80.0, 120.0, vol=0.25, expiry=0.25, rate=0.1, kind="double-no-touch"
    ... )
    >>> round(float(greeks.vega), 6)
    -2.566101
    """
    values = (spot, lower, lower, upper, vol, expiry, rate, dividend, amount, _touch_code(kind, paid_at))
    return greeks_of(BarrierGreeks, dispatch.barrier.double, UFUNCS, order, TOUCH_NAMES, values, out)
