"""Fair values of perpetual swaps: the drift, the price and the premium; public names are in ``shortgamma.funding``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import call, number, plain, refuse_choice, refuse_where
from shortgamma._core.times import YEAR, duration

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike

KINDS = ("linear", "inverse", "quanto")


def quanto_adjustment(correlation: ArrayLike, vol_underlying: ArrayLike, vol_settlement: ArrayLike) -> Any:
    """What a short quanto position loses per year to the covariance of underlying and settlement coin.

    Parameters
    ----------
    correlation : array_like
        Correlation of the returns of the underlying and of the settlement coin, both in the quote currency,
        in [-1, 1].
    vol_underlying, vol_settlement : array_like
        Their volatilities per year, >= 0.

    Returns
    -------
    ndarray or float
        correlation * vol_underlying * vol_settlement per year: the funding by which a quanto swap must exceed a linear
        one, so that neither side is preferred.

    Raises
    ------
    ValueError
        If a correlation or a volatility is out of its range.
    {TypeError}

    Examples
    --------
    ETHUSD settled in XBT: 85 % correlation, 80 % volatility each.

    >>> import shortgamma as sg
    >>> round(float(sg.funding.quanto_adjustment(0.85, 0.80, 0.80)), 10)
    0.544
    """
    rho = number("correlation", correlation)
    refuse_where(np.abs(rho) > 1.0, "correlation", rho, "between -1 and 1")
    vols = []
    for name, value in (("vol_underlying", vol_underlying), ("vol_settlement", vol_settlement)):
        vols.append(number(name, value))
        refuse_where(vols[-1] < 0.0, name, vols[-1], ">= 0")
    product = np.multiply(plain("correlation", correlation), plain("vol_underlying", vol_underlying))
    return np.multiply(product, plain("vol_settlement", vol_settlement))


def fair_drift(
    kind: Literal["linear", "inverse", "quanto"],
    *,
    rate: ArrayLike,
    holding_yield: ArrayLike = 0.0,
    quanto: ArrayLike = 0.0,
) -> Any:
    """Growth of the underlying per year, counted in the settlement coin: the fair funding at the index.

    Parameters
    ----------
    {kind [contract]}
    rate : array_like
        Interest per year in the quote currency.
    holding_yield : array_like, default 0.0
        Interest or yield per year of the underlying coin.
    {quanto}

    Returns
    -------
    ndarray or float
        Per year: rate - holding_yield, for a quanto contract plus ``quanto``. It is what longs pay if the swap
        trades at its index.

    {raises [fair]}

    See Also
    --------
    fair_price : When the funding follows from the premium.

    Notes
    -----
    Ackerer, Hugonnier and Jermann, Perpetual futures pricing, arXiv 2310.11771. An inverse contract is a linear one on
    the reciprocal price with the two interest rates exchanged, and its long holds the short side of that.

    Examples
    --------
    >>> import shortgamma as sg
    >>> adjustment = sg.funding.quanto_adjustment(0.85, 0.80, 0.80)
    >>> round(float(sg.funding.fair_drift("quanto", rate=0.05, quanto=adjustment)), 4)
    0.594
    """
    _choice("kind", kind, KINDS)
    drift = np.subtract(plain("rate", rate), plain("holding_yield", holding_yield))
    return np.add(drift, plain("quanto", quanto)) if kind == "quanto" else drift


def fair_price(
    index: ArrayLike, kind: Literal["linear", "inverse", "quanto"], *, premium_speed: ArrayLike, rate: ArrayLike,
    holding_yield: ArrayLike = 0.0, interest: ArrayLike = 0.0, quanto: ArrayLike = 0.0,
) -> Any:  # fmt: skip
    """Price of a perpetual swap without arbitrage, when its funding follows from the premium.

    Parameters
    ----------
    index : array_like
        Price x of the underlying.
    {kind [contract]}
    premium_speed : array_like
        kappa: multiple of the premium that longs pay per year, 3 * 365 where the premium is paid every 8 hours.
    rate, holding_yield : array_like
        Interest per year of the quote currency, and of the underlying coin.
    interest : array_like, default 0.0
        iota: what longs pay in addition to the premium, per year, as a fraction of the index.
    {quanto}

    Returns
    -------
    ndarray or float
        Price f of the swap; NaN, with the invalid flag, where the premium is paid too slowly for a price to exist.

    {raises [fair]}

    Notes
    -----
    Per year a long pays kappa (f - x) + iota x for linear and quanto contracts, and in the coin kappa (1/x - 1/f) +
    iota / x for inverse ones. With d of `fair_drift`,

        f = x (kappa - iota) / (kappa - d)            linear, quanto
        f = x (kappa + d) / (kappa + iota)            inverse

    Ackerer, Hugonnier and Jermann, Perpetual futures pricing, arXiv 2310.11771; for linear ones and no interest He,
    Manela, Ross and von Wachter, Fundamentals of perpetual futures, arXiv 2212.06888.

    Examples
    --------
    With a premium that is paid every 8 hours, 5 % of interest is half a basis point:

    >>> import shortgamma as sg
    >>> round(float(sg.funding.fair_price(10_000.0, "linear", premium_speed=3 * 365, rate=0.05)), 3)
    10000.457
    """
    drift = fair_drift(kind, rate=rate, holding_yield=holding_yield, quanto=quanto)
    names = ("index", "premium_speed", "rate", "interest")
    values = (index, premium_speed, drift, interest, np.int8(kind == "inverse"))
    return call(dispatch.funding.fair.funding_fair_price, names, tuple(map(plain, names, values[:4])) + values[4:])


def fair_premium(
    drift: ArrayLike, interval: Any = "8h", *, paid_on: Literal["index", "mark"], interest: ArrayLike = 0.0001,
    clamp: ArrayLike = 0.0005,
) -> Any:  # fmt: skip
    """Premium at which a venue's funding formula pays the fair drift.

    Parameters
    ----------
    drift : array_like
        Fair funding per year at the index; see `fair_drift`.
    interval : str, timedelta or timedelta64, default "8h"
        Funding interval.
    paid_on : {"index", "mark"}
        Price at which the venue values positions for funding: the index (Hyperliquid: the oracle) or the mark (BitMEX,
        Binance).
    interest, clamp : array_like, default 0.0001 and 0.0005
        Interest per interval and half width of the dead band, as in `rate`.

    Returns
    -------
    ndarray or float
        Premium P = f / x - 1, a fraction. Where the drift is what the dead band pays, P lies within the band, else
        outside of it. With payments on the mark the whole band pays the same; its middle is then given. NaN, with the
        invalid flag, where funding cannot keep up with the drift or the clamp is negative.

    Raises
    ------
    ValueError
        If ``interval`` is not > 0, or ``paid_on`` is neither of the two.
    {TypeError}

    Notes
    -----
    With n intervals a year, n F(P) = drift (1 + P) where funding is paid on the index, and n F(P) = drift on the mark;
    F(P) is P -+ clamp outside of the band, and the interest within.

    Examples
    --------
    The dead band hides drift near 10.95 % a year; a quanto swap at 59.4 % trades 9 basis points above its index:

    >>> import shortgamma as sg
    >>> round(float(sg.funding.fair_premium(0.594, paid_on="index")), 6)
    0.001043
    >>> round(float(sg.funding.fair_premium(0.594, paid_on="mark")), 6)
    0.001042
    """
    count = YEAR / duration("interval", interval)
    _choice("paid_on", paid_on, ("index", "mark"))
    names = ("drift", "interval", "interest", "clamp")
    values = (plain("drift", drift), count, plain("interest", interest), plain("clamp", clamp))
    return call(dispatch.funding.fair.funding_fair_premium, names, (*values, np.int8(paid_on == "mark")))


def _choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        refuse_choice(name, value, choices)
