"""Touches and binary barrier options: price and Greeks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import call, choice, number
from shortgamma._core.greeks import greeks_of
from shortgamma._core.words import BARRIER_KINDS as KINDS
from shortgamma._core.words import OPTIONS, Words
from shortgamma.barrier.single import UFUNCS as SINGLE_UFUNCS
from shortgamma.barrier.single import BarrierGreeks

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Literal

    from numpy.typing import ArrayLike

    from shortgamma._core.types import BarrierKind, Names, OptionKind

PAYOFFS = Words({"cash": 0, "asset": 8}, cashornothing="cash", assetornothing="asset")
TOUCH_NAMES = {"ot": "one-touch", "nt": "no-touch", "touch": "one-touch"}
TOUCHES = Words({"one-touch": 16, "no-touch": 18}, **TOUCH_NAMES)
DIRECTIONS = Words({"down": 0, "up": 1}, d="down", u="up")
LATE_NAMES = {"athit": "hit", "atexpiry": "expiry", "maturity": "expiry", "atmaturity": "expiry"}
PAID_AT = Words({"hit": 32, "expiry": 0}, **LATE_NAMES)
NAMES = ("spot", "strike", "barrier", "vol", "expiry", "rate", "dividend", "amount")
UFUNCS = ("binary_price", "binary_first_order", "binary_second_order")
# A cash touch is the rebate of a barrier option without the option: a no-touch that of a knock-in, a one-touch that
# of a knock-out, paid late or not. Its loop is the faster one.
CASH_TOUCHES = Words({"one-touch": 18, "no-touch": 16}, **TOUCH_NAMES)
CASH_PAID_AT = Words({"hit": 0, "expiry": 8}, **LATE_NAMES)


def _binary_code(kind: Any, option: Any, payoff: Any) -> Any:
    codes = (choice("kind", kind, KINDS), choice("option", option, OPTIONS), choice("payoff", payoff, PAYOFFS))
    return (codes[0] + np.add(codes[1], codes[2])).astype(np.int8)


def _touch(
    spot: Any, barrier: Any, kind: Any, direction: Any, payoff: Any, paid_at: Any
) -> tuple[ModuleType, tuple[str, ...], Any]:
    """The loops of touches, their ufuncs by order, and the codes for them."""
    if direction is None:
        up: Any = np.less(number("spot", spot), number("barrier", barrier))
    else:
        up = choice("direction", direction, DIRECTIONS)
    cash = isinstance(payoff, str) and choice("payoff", payoff, PAYOFFS) == PAYOFFS["cash"]
    touch: Any = choice("kind", kind, CASH_TOUCHES if cash else TOUCHES)
    late: Any = choice("paid_at", paid_at, CASH_PAID_AT if cash else PAID_AT)
    if cash:
        code = np.add(up, touch) + late
    else:
        # a no-touch pays nothing before expiry
        late = np.where(np.equal(touch, TOUCHES["no-touch"]), 0, late)
        code = np.add(up, touch) + np.add(choice("payoff", payoff, PAYOFFS), late)
    loops, names = (dispatch.barrier.single, SINGLE_UFUNCS) if cash else (dispatch.barrier.binary, UFUNCS)
    return loops, names, np.asarray(code).astype(np.int8)


def binary_price(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
    kind: BarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
    amount: ArrayLike = 1.0, payoff: Any = "cash", out: Any = None,
) -> Any:  # fmt: skip
    """Price of binary options with a barrier under Black and Scholes.

    Parameters
    ----------
    {spot, strike, barrier, vol, expiry, rate, dividend}
    amount : array_like, default 1.0
        Cash amount, or units of the asset, that is paid at expiry.
    {kind}
    option : {"put", "call"} or array of these
        Whether it pays below or above the strike.
    payoff : {"cash", "asset"} or array of these
        What it pays.
    {out}

    {returns [prices]}

    Raises
    ------
    ValueError
        If ``kind``, ``option`` or ``payoff`` is unknown (with the first bad index) or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    binary_greeks : Price and derivatives in one pass.
    touch_price : The types without a strike.

    Notes
    -----
    Types 13 to 28 of Rubinstein and Reiner, "Unscrambling the binary code", Risk 4(9), 1991; Haug, *The Complete
    Guide to Option Pricing Formulas*, 2nd ed., 2007, p. 176. With spot at or beyond the barrier a knock-out is
    worth nothing and a knock-in is the plain binary option.

    Examples
    --------
    A down-and-in cash-or-nothing call of Haug's table (p. 180):

    >>> import shortgamma as sg
    >>> value = sg.barrier.binary_price(
    ...     105.0, 102.0, 100.0, vol=0.2, expiry=0.5, rate=0.1, amount=15.0, option="call", kind="down-in"
    ... )
    >>> round(float(value), 4)
    4.9289
    """
    values = (spot, strike, barrier, vol, expiry, rate, dividend, amount, _binary_code(kind, option, payoff))
    return call(dispatch.barrier.binary.binary_price, NAMES, values, out)


def binary_greeks(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
    kind: BarrierKind | Names, option: OptionKind | Names, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
    amount: ArrayLike = 1.0, payoff: Any = "cash", order: Literal[1, 2] = 1, out: Any = None,
) -> BarrierGreeks:  # fmt: skip
    """Price and analytic Greeks of binary options with a barrier, in one pass.

    Parameters
    ----------
    spot, strike, barrier, vol, expiry, rate, dividend, amount, kind, option, payoff
        As for ``binary_price``.
    {order, out [greeks]}

    {returns and raises [barrier greeks]}

    Examples
    --------
    >>> import shortgamma as sg
    >>> greeks = sg.barrier.binary_greeks(
    ...     105.0, 102.0, 100.0, vol=0.2, expiry=0.5, rate=0.1, amount=15.0, option="call", kind="down-in"
    ... )
    >>> greeks.delta < 0
    np.True_
    """
    values = (spot, strike, barrier, vol, expiry, rate, dividend, amount, _binary_code(kind, option, payoff))
    return greeks_of(BarrierGreeks, dispatch.barrier.binary, UFUNCS, order, NAMES, values, out)


def touch_price(
    spot: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, kind: Any, rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0, amount: ArrayLike = 1.0, direction: Any = None, payoff: Any = "cash",
    paid_at: Any = "hit", out: Any = None,
) -> Any:  # fmt: skip
    """Price of one-touch and no-touch options under Black and Scholes.

    Parameters
    ----------
    {spot, barrier, vol, expiry, rate, dividend}
    amount : array_like, default 1.0
        Cash amount, or units of the asset.
    kind : {"one-touch", "no-touch"} or array of these
        Whether it pays if the barrier is hit, or at expiry if it never was.
    direction : {"down", "up"} or array of these, optional
        Where the barrier lies, seen from a spot that has not hit it. By default the spot has not.
    payoff : {"cash", "asset"} or array of these
        What it pays. An asset paid at the hit is worth the barrier.
    paid_at : {"hit", "expiry"} or array of these
        When a one-touch pays; a no-touch pays at expiry.
    {out}

    {returns [prices]}

    Raises
    ------
    ValueError
        If a choice is unknown (with the first bad index) or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    touch_greeks : Price and derivatives in one pass.
    binary_price : The types with a strike.

    Notes
    -----
    Types 1 to 12 of Rubinstein and Reiner, "Unscrambling the binary code", Risk 4(9), 1991. With spot at or beyond
    the barrier a one-touch is worth its amount (discounted, if it waits for expiry) and a no-touch nothing.
    Negative rates: Le Floc'h, 2014.

    Examples
    --------
    Cash at the hit of a barrier below (Haug, 1998, p. 95):

    >>> import shortgamma as sg
    >>> round(float(sg.barrier.touch_price(
    ...     105.0, 100.0, vol=0.2, expiry=0.5, rate=0.1, amount=15.0, kind="one-touch"
    ... )), 4)
    9.7264
    """
    loops, ufuncs, code = _touch(spot, barrier, kind, direction, payoff, paid_at)
    values = (spot, barrier, barrier, vol, expiry, rate, dividend, amount, code)
    return call(getattr(loops, ufuncs[0]), NAMES, values, out)


def touch_greeks(
    spot: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, kind: Any, rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0, amount: ArrayLike = 1.0, direction: Any = None, payoff: Any = "cash",
    paid_at: Any = "hit", order: Literal[1, 2] = 1, out: Any = None,
) -> BarrierGreeks:  # fmt: skip
    """Price and analytic Greeks of one-touch and no-touch options, in one pass.

    Parameters
    ----------
    spot, barrier, vol, expiry, rate, dividend, amount, kind, direction, payoff, paid_at
        As for ``touch_price``.
    {order, out [greeks]}

    {returns and raises [barrier greeks]}

    Notes
    -----
    Exactly at the barrier the Greeks are those of the side on which the option is alive. An asset that was paid at the
    hit has a delta of ``amount``.

    Examples
    --------
    >>> import shortgamma as sg
    >>> greeks = sg.barrier.touch_greeks(105.0, 100.0, vol=0.2, expiry=0.5, rate=0.1, kind="one-touch")
    >>> round(float(greeks.delta), 6)
    -0.059594
    """
    loops, ufuncs, code = _touch(spot, barrier, kind, direction, payoff, paid_at)
    values = (spot, barrier, barrier, vol, expiry, rate, dividend, amount, code)
    return greeks_of(BarrierGreeks, loops, ufuncs, order, NAMES, values, out)
