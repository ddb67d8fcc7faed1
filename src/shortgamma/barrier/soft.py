"""Barriers that give way gradually, between two levels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shortgamma._core import dispatch
from shortgamma._core.checks import call
from shortgamma._core.greeks import greeks_of
from shortgamma.barrier.single import BarrierGreeks, code_of

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Names, OptionKind

UFUNCS = ("soft_price", "soft_first_order", "soft_second_order")
NAMES = ("spot", "strike", "lower", "upper", "vol", "expiry", "rate", "dividend")


def soft_price(
    spot: ArrayLike, strike: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
    kind: Any, option: OptionKind | Names, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Price of soft-barrier options, knocked in or out in proportion to how far the price goes through a range.

    Parameters
    ----------
    {spot, strike, lower, upper [range], vol, expiry, rate, dividend, kind [range], option, out}

    {returns [prices]}

    {raises [kind]}

    See Also
    --------
    soft_greeks : Price and derivatives in one pass.
    price : A hard barrier.

    Notes
    -----
    The mean of hard-barrier options over the range, by Gauss-Legendre (Hart and Ross, "Striking continuity", Risk 7(6),
    1994). The closed form divides by rate - dividend; the mean does not.

    Examples
    --------
    Haug's table (2nd ed., 2007, p. 166):

    >>> import shortgamma as sg
    >>> value = sg.barrier.soft_price(
    ...     100.0, 100.0, 90.0, 95.0, vol=0.1, expiry=0.5, rate=0.1, dividend=0.05, kind="down-out",
    ...     option="call",
    ... )
    >>> round(float(value), 4)
    4.0175
    """
    values = (spot, strike, lower, upper, vol, expiry, rate, dividend)
    return call(dispatch.barrier.soft.soft_price, NAMES, (*values, code_of(kind, option)), out)


def soft_greeks(
    spot: ArrayLike, strike: ArrayLike, lower: ArrayLike, upper: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
    kind: Any, option: Any, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, order: Literal[1, 2] = 1,
    out: Any = None,
) -> BarrierGreeks:  # fmt: skip
    """Price and Greeks of soft-barrier options, in one pass.

    Parameters
    ----------
    {spot, strike, lower, upper [range], vol, expiry, rate, dividend, kind [range], option, order, out [greeks]}

    {returns and raises [barrier greeks]}

    See Also
    --------
    soft_price : The price alone, faster.

    Notes
    -----
    The mean of the Greeks of hard barriers over the range. Where the spot is in the range, the delta of the hard
    barrier at the spot jumps, which adds to gamma, speed, zomma and color.

    Examples
    --------
    >>> import shortgamma as sg
    >>> greeks = sg.barrier.soft_greeks(
    ...     100.0, 100.0, 90.0, 95.0, vol=0.1, expiry=0.5, rate=0.1, dividend=0.05, kind="down-out", option="call"
    ... )
    >>> round(float(greeks.price), 4), round(float(greeks.delta), 4)
    (4.0175, 0.6645)
    """
    values = (spot, strike, lower, upper, vol, expiry, rate, dividend)
    return greeks_of(BarrierGreeks, dispatch.barrier.soft, UFUNCS, order, NAMES, (*values, code_of(kind, option)), out)
