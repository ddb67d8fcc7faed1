"""Yields and carry from funding; the public names are in ``shortgamma.funding``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.checks import number, plain, refuse_choice, refuse_where, time_axis
from shortgamma._core.results import Result
from shortgamma._core.times import YEAR, duration
from shortgamma.funding.fair import quanto_adjustment

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats

COMPOUNDINGS = ("simple", "compound", "continuous")


def annualize(
    rate: ArrayLike,
    interval: Any = "8h",
    *,
    compounding: Literal["simple", "compound", "continuous"] = "simple",
) -> Any:
    """Funding rate per interval as one per year of 365 days.

    Parameters
    ----------
    rate : array_like
        Rate per interval, a fraction.
    interval : str, timedelta or timedelta64, default "8h"
        The interval that the rate covers.
    compounding : {"simple", "compound", "continuous"}, default "simple"
        n F, for funding that is not reinvested; (1 + F)^n - 1; or n ln(1 + F); with n intervals a year.

    Returns
    -------
    ndarray or float
        Rate per year, a fraction. NaN, with the invalid flag, where a compounded rate is below -1.

    Raises
    ------
    ValueError
        If ``interval`` is not > 0 or ``compounding`` is not one of the three.
    {TypeError}

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.funding.annualize(0.0001)), 6)
    0.1095
    >>> round(float(sg.funding.annualize(0.0001, compounding="compound")), 6)
    0.115714
    """
    _choice("compounding", compounding, COMPOUNDINGS)
    count = YEAR / duration("interval", interval)
    given = plain("rate", rate)
    if compounding == "simple":
        return np.multiply(given, count)
    growth = np.log1p(given) * count
    return growth if compounding == "continuous" else np.expm1(growth)


class RealizedFunding(Result):
    """Statistics of a history of rates; see `realized_funding`.

    Attributes
    ----------
    mean : ndarray or float
        Average rate per year, simple.
    vol : ndarray or float
        Standard deviation of the rates, per square root of a year.
    total : ndarray or float
        Sum of the rates: what a short of constant value received.
    positive : ndarray or float
        Fraction of the intervals in which longs paid.
    """

    mean: Floats
    vol: Floats
    total: Floats
    positive: Floats


def realized_funding(rate: ArrayLike, interval: Any = "8h", *, axis: int = 0) -> RealizedFunding:
    """Average, volatility and sum of funding rates.

    Parameters
    ----------
    rate : array_like
        Rates per interval along ``axis``, at least two.
    {interval, axis}

    Returns
    -------
    RealizedFunding
        ``mean`` and ``vol`` per year, ``total``, and ``positive``, the fraction of rates > 0.

    Raises
    ------
    ValueError
        If there are fewer than two rates, or ``interval`` is not > 0.

    Notes
    -----
    The volatility assumes independent rates. Real rates persist, so their average over a year varies more.

    Examples
    --------
    >>> import shortgamma as sg
    >>> result = sg.funding.realized_funding([0.0001, 0.0003, -0.0001])
    >>> round(float(result.mean), 4), round(float(result.vol), 4), round(float(result.total), 4)
    (0.1095, 0.0066, 0.0003)
    """
    given = number("rate", rate).astype(np.float64, copy=False)
    along = time_axis(axis, given.ndim, "rate")
    if given.shape[along] < 2:
        raise ValueError(f"rate must have at least two elements along the time axis, got {given.shape[along]}")
    count = YEAR / duration("interval", interval)
    return RealizedFunding(
        np.mean(given, axis=along) * count,
        np.std(given, axis=along, ddof=1) * np.sqrt(count),
        np.sum(given, axis=along),
        np.where(np.isnan(given).any(axis=along), np.nan, np.mean(given > 0.0, axis=along))[()],
    )


def delta_neutral_carry(
    funding: ArrayLike,
    *,
    financing: ArrayLike = 0.0,
    holding_yield: ArrayLike = 0.0,
    margin: ArrayLike = 0.0,
) -> Any:
    """Return per year of a long holding against a short perpetual swap of the same value.

    Parameters
    ----------
    funding : array_like
        Funding rate per year, > 0 received by the short; see `annualize`.
    financing : array_like, default 0.0
        Rate per year at which the capital is borrowed, or could be lent.
    holding_yield : array_like, default 0.0
        Yield of the holding per year (staking), less its costs.
    margin : array_like, default 0.0
        Margin of the swap as a fraction of its value, >= 0, posted in addition to the holding.

    Returns
    -------
    ndarray or float
        (funding + holding_yield) / (1 + margin) - financing, on the capital.

    Raises
    ------
    ValueError
        If a margin is negative.
    {TypeError}

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.funding.delta_neutral_carry(0.1095, financing=0.05, margin=0.25)), 4)
    0.0376
    """
    extra = number("margin", margin)
    refuse_where(extra < 0, "margin", extra, ">= 0")
    received = np.add(plain("funding", funding), plain("holding_yield", holding_yield))
    return received / (1.0 + extra) - plain("financing", financing)


def break_even_holding(carry: ArrayLike, fees: ArrayLike) -> Any:
    """Years until the carry has paid for the fees of opening and closing.

    Parameters
    ----------
    carry : array_like
        Carry per year, as a fraction of the value.
    fees : array_like
        Fees of all legs, opening and closing together, as a fraction of the value, >= 0.

    Returns
    -------
    ndarray or float
        Years; infinite where the carry is not > 0 and there are fees, 0 where there are none.

    Raises
    ------
    ValueError
        If fees are negative.
    {TypeError}

    Examples
    --------
    Two legs in and out at 0.05 % each, against 10.95 % a year: a week.

    >>> import shortgamma as sg
    >>> round(365 * float(sg.funding.break_even_holding(0.1095, 4 * 0.0005)), 2)
    6.67
    """
    cost = number("fees", fees).astype(np.float64, copy=False)
    refuse_where(cost < 0, "fees", cost, ">= 0")
    gain = number("carry", carry).astype(np.float64, copy=False)
    with np.errstate(divide="ignore", invalid="ignore"):
        years = np.where(cost == 0.0, 0.0, np.where(gain > 0.0, cost / gain, np.inf))
    return np.where(np.isnan(cost + gain), np.nan, years)[()]


class ThreeLegs(Result):
    """Carry of a quanto swap against its two legs; see `three_leg_carry`.

    Attributes
    ----------
    carry : ndarray or float
        Carry of the legs per year.
    covariance_cost : ndarray or float
        Loss of rebalancing per year to the covariance of underlying and settlement coin.
    net : ndarray or float
        Carry less covariance cost, per year.
    """

    carry: Floats
    covariance_cost: Floats
    net: Floats


def three_leg_carry(
    short_funding: ArrayLike, long_funding: ArrayLike, future_basis: ArrayLike, *, correlation: ArrayLike,
    vol_underlying: ArrayLike, vol_settlement: ArrayLike,
) -> ThreeLegs:  # fmt: skip
    """Carry of being short the quanto swap, long the settlement coin's swap and long a future on their ratio.

    Parameters
    ----------
    short_funding : array_like
        Funding per year of the quanto swap, > 0 received by its short.
    long_funding : array_like
        Funding per year of the settlement coin's swap, > 0 paid by its long.
    future_basis : array_like
        Annual premium of the future on underlying over settlement coin, > 0 lost by its long as it expires.
    correlation, vol_underlying, vol_settlement : array_like
        As in `quanto_adjustment`.

    Returns
    -------
    ThreeLegs
        Per year and unit of value of each leg. The legs cancel to first order; what is left is exposed to the
        covariance alone.

    Raises
    ------
    ValueError
        As in `quanto_adjustment`.
    {TypeError}

    See Also
    --------
    three_leg_path : Profits along prices, and the trades.

    Examples
    --------
    Short ETHUSD at 50 %, long XBTUSD at 0 %, long ETHXBT at 5 %: the 45 % are less than the covariance takes.

    >>> import shortgamma as sg
    >>> legs = sg.funding.three_leg_carry(0.50, 0.0, 0.05, correlation=0.85, vol_underlying=0.8, vol_settlement=0.8)
    >>> [round(float(x), 3) for x in legs]
    [0.45, 0.544, -0.094]
    """
    carry = np.subtract(
        np.subtract(plain("short_funding", short_funding), plain("long_funding", long_funding)),
        plain("future_basis", future_basis),
    )
    cost = quanto_adjustment(correlation, vol_underlying, vol_settlement)
    return ThreeLegs(carry, cost, np.subtract(carry, cost))


class ThreeLegPath(Result):
    """The three legs along prices, one element for each step; see `three_leg_path`.

    Attributes
    ----------
    short_quanto : ndarray or float
        Profit of the short quanto swap in the quote currency.
    long_coin : ndarray or float
        Profit of the long swap on the settlement coin.
    long_ratio : ndarray or float
        Profit of the long future on the ratio.
    residual : ndarray or float
        Sum of the three: minus the product of the two returns.
    trade : ndarray or float
        Value of the underlying that must be bought (> 0) in the quanto swap at the end of the step.
    """

    short_quanto: Floats
    long_coin: Floats
    long_ratio: Floats
    residual: Floats
    trade: Floats


def three_leg_path(underlying: ArrayLike, settlement: ArrayLike, *, axis: int = 0) -> ThreeLegPath:
    """Profits of the three legs along prices, without carry, and the trades that keep their values equal.

    Parameters
    ----------
    underlying, settlement : array_like
        Prices > 0 of the underlying and of the settlement coin, in one quote currency, of one shape.
    {axis}

    Returns
    -------
    ThreeLegPath
        Per unit of value of each leg at the start of each step, to which all legs are reset at each step; one element
        less than prices. Profits are in the quote currency: coins are sold at the price of the end of the step.

    Raises
    ------
    ValueError
        If shapes differ, there are fewer than two prices, or a price is not > 0.
    {TypeError}

    Notes
    -----
    With returns e of the underlying and b of the coin, the short quanto makes -e (1 + b), the coin b, the ratio
    e - b; together -e b. The quanto position is then worth (1 + e)(1 + b) and the ratio 1 + e, so (1 + e) b is bought:
    after a rise of the coin, and sold after a fall.

    Examples
    --------
    >>> import shortgamma as sg
    >>> path = sg.funding.three_leg_path([200.0, 250.0], [10_000.0, 12_500.0])
    >>> float(path.residual[0]), float(path.trade[0])
    (-0.0625, 0.3125)
    """
    prices = [number("underlying", underlying), number("settlement", settlement)]
    along = time_axis(axis, prices[0].ndim, "underlying")
    if prices[0].shape != prices[1].shape:
        raise ValueError(f"settlement has shape {prices[1].shape}, underlying has {prices[0].shape}")
    if prices[0].shape[along] < 2:
        raise ValueError("underlying must have at least two prices along the time axis")
    moves = []
    for name, price in zip(("underlying", "settlement"), prices, strict=True):
        refuse_where(price <= 0, name, price, "> 0")
        line = np.moveaxis(price.astype(np.float64, copy=False), along, 0)
        moves.append(np.moveaxis((line[1:] - line[:-1]) / line[:-1], 0, along))
    e, b = moves
    return ThreeLegPath(-e * (1.0 + b), b, e - b, -e * b, (1.0 + e) * b)


def _choice(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str) or value not in choices:
        refuse_choice(name, value, choices)
