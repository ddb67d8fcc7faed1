"""Barriers that stand on another asset."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from shortgamma._core import dispatch
from shortgamma._core.checks import call
from shortgamma.barrier.single import code_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from shortgamma._core.types import BarrierKind, Names, OptionKind

NAMES = (
    "spot",
    "strike",
    "vol",
    "dividend",
    "other",
    "barrier",
    "other_vol",
    "other_dividend",
    "correlation",
    "expiry",
    "rate",
)


def two_asset_price(
    spot: ArrayLike, strike: ArrayLike, other: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, other_vol: ArrayLike,
    correlation: ArrayLike, expiry: ArrayLike, kind: BarrierKind | Names, option: OptionKind | Names,
    rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, other_dividend: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Price of options on one asset with a continuously watched barrier on another (outside barriers).

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
    {expiry [positive], rate}
    dividend, other_dividend : array_like, default 0.0
        Dividend yields of the two, per year, continuously compounded.
    {kind, option, out}

    {returns [prices]}

    {raises [kind]}

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
    >>> value = sg.barrier.two_asset_price(
    ...     100.0, 90.0, 100.0, 95.0, vol=0.2, other_vol=0.2, correlation=0.5, expiry=0.5, rate=0.08,
    ...     kind="down-out", option="call",
    ... )
    >>> round(float(value), 4)
    6.6609
    """
    values = (spot, strike, vol, dividend, other, barrier, other_vol, other_dividend, correlation, expiry, rate)
    return call(dispatch.barrier.two_asset.two_asset_price, NAMES, (*values, code_of(kind, option)), out)
