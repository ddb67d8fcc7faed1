"""Funds: what leveraged ones trade at the close, creations and premiums, model portfolios, the unwinding of a basis."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import leverage as products
from shortgamma._core.checks import number, refuse_where
from shortgamma._core.results import Result
from shortgamma.carry.regression import regression

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats


def closing_flow(assets: ArrayLike, leverage: ArrayLike, return_: ArrayLike, *, capital_flow: ArrayLike = 0.0) -> Any:
    """What a table of leveraged funds trades at the close, > 0 buys.

    Parameters
    ----------
    assets : array_like
        Assets of each fund at the last close, >= 0, in money; one dimension.
    leverage : array_like
        Its leverage, signed.
    return_ : array_like
        Returns of the underlying since, each > -1; any shape.
    capital_flow : array_like, default 0.0
        Money that investors bring (> 0) to each fund or take out of it: it is invested with the fund's leverage.

    Returns
    -------
    ndarray or float
        The sum over the funds, in the shape of ``return_``.

    {raises}

    See Also
    --------
    shortgamma.leverage.rebalance_flow : One fund.

    Notes
    -----
    sum A b (b - 1) r + b F. Flows of investors against the move offset rebalancing: Ivanov and Lenkey, Do leveraged
    ETFs really amplify late-day returns and volatility?, Journal of Financial Markets 41, 2018.

    Examples
    --------
    >>> import shortgamma as sg
    >>> float(sg.dealer.closing_flow([4e9, 0.5e9], [2.0, -1.0], -0.05))
    -450000000.0
    """
    returns = number("return_", return_)[..., np.newaxis]
    own = products.rebalance_flow(np.atleast_1d(number("assets", assets)), number("leverage", leverage), returns)
    brought = np.multiply(number("leverage", leverage), number("capital_flow", capital_flow))
    return (own + brought).sum(axis=-1)[()]


def fund_nav(spot: ArrayLike, coins_per_share: ArrayLike, *, fee: ArrayLike, days: ArrayLike = 0.0) -> Any:
    """Net asset value of a share of a fund that holds coins and pays its fee out of them.

    Parameters
    ----------
    spot : array_like
        Price of the coin, > 0.
    coins_per_share : array_like
        Coins behind a share on the day that ``days`` counts from.
    fee : array_like
        Fee per year, 0.0025 for 0.25 %, accrued daily.
    days : array_like, default 0.0
        Days since.

    Returns
    -------
    ndarray or float
        S c (1 - fee/365)^days.

    {raises [numbers]}

    See Also
    --------
    premium : What the market pays beyond it.

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.dealer.fund_nav(1.0, 1.0, fee=0.0025, days=365)), 12)
    0.997503113857
    """
    left = np.exp(number("days", days) * np.log1p(-number("fee", fee) / 365.0))
    return np.multiply(number("spot", spot), number("coins_per_share", coins_per_share)) * left


def premium(price: ArrayLike, nav: ArrayLike) -> Any:
    """Premium of a price over a net asset value, < 0 a discount.

    Parameters
    ----------
    price, nav : array_like
        Price and net asset value of a share at the same moment, > 0.

    Returns
    -------
    ndarray or float
        price/nav - 1; NaN, with the invalid flag, for a net asset value that is not > 0.

    {raises [numbers]}

    See Also
    --------
    arbitrage_units : Shares that arbitrage creates or redeems.

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.dealer.premium(36.0, 36.1)), 6)
    -0.00277
    """
    value = _positive("nav", nav)
    return np.divide(np.subtract(number("price", price), value), value)


def creation(shares: ArrayLike, nav: ArrayLike) -> Any:
    """Money that flows into a fund by the creation of shares, < 0 by redemption.

    Parameters
    ----------
    shares : array_like
        Shares created, < 0 redeemed.
    nav : array_like
        Net asset value of a share, > 0.

    Returns
    -------
    ndarray or float
        shares times nav.

    {raises [numbers]}

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.dealer.creation(6e6, 38.33)), 2)
    229980000.0
    """
    return np.multiply(number("shares", shares), _positive("nav", nav))


def arbitrage_units(premium: ArrayLike, *, cost: ArrayLike, depth: ArrayLike) -> Any:
    """Shares that arbitrage creates (> 0) or redeems until a premium is no larger than its cost.

    Parameters
    ----------
    premium : array_like
        Premium of the price over the net asset value, a fraction.
    cost : array_like
        What the round trip costs, a fraction >= 0.
    depth : array_like
        Shares that move the premium by 1.

    Returns
    -------
    ndarray or float
        depth (premium - cost) above the band, depth (premium + cost) below it, 0 inside.

    Raises
    ------
    ValueError
        If a cost is negative.
    {TypeError}

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.dealer.arbitrage_units([0.01, 0.001, -0.02], cost=0.002, depth=1e6).round(6)
    array([  8000.,      0., -18000.])
    """
    band, gap = number("cost", cost), number("premium", premium)
    with np.errstate(invalid="ignore"):
        refuse_where(band < 0.0, "cost", band, ">= 0")
        beyond = np.copysign(1.0, gap) * np.maximum(np.abs(gap) - band, 0.0)
    return np.multiply(number("depth", depth), beyond) + 0.0


class FlowSurprise(Result):
    """Flows of a fund, and how much of them its returns explain.

    Attributes
    ----------
    slope, intercept : float
        Of the regression: flow per 1.00 of return, and without a return.
    standard_error : float
        Of the slope, robust to heteroskedasticity and autocorrelation.
    expected, surprise, zscore : ndarray
        Fitted flow, residual, and residual over its standard deviation; NaN where a number is missing.
    r2 : float
        Share of the variance that is explained.
    rows : int
        Rows used.
    """

    slope: float
    intercept: float
    standard_error: float
    expected: Floats
    surprise: Floats
    zscore: Floats
    r2: float
    rows: int


def flow_surprise(flow: ArrayLike, returns: ArrayLike, *, lag: int, hac_lags: int) -> FlowSurprise:
    """Flows of a fund that its returns do not explain.

    Parameters
    ----------
    flow : array_like
        Flows by day, > 0 into the fund.
    returns : array_like
        Returns of the same days.
    lag : int
        By how many rows flows follow the returns that explain them: 0 for the same day, 1 for the day before.
    hac_lags : int
        Lags of the scores in the standard error, with Bartlett weights (Newey and West).

    Returns
    -------
    FlowSurprise
        Regression, fit and residuals, as long as ``flow``.

    Raises
    ------
    ValueError
        If lengths differ or ``lag`` is negative.
    {TypeError}

    See Also
    --------
    shortgamma.carry.regression : The regression behind it.

    Examples
    --------
    >>> import shortgamma as sg
    >>> surprise = sg.dealer.flow_surprise([1.0, 3.0, 2.0, 5.0, 9.0], [0.01, 0.02, 0.03, 0.05, 0.04], lag=1, hac_lags=1)
    >>> round(surprise.slope, 3), surprise.rows
    (168.571, 4)
    """
    flows, moves = number("flow", flow).astype(np.float64), number("returns", returns).astype(np.float64)
    if flows.ndim != 1 or flows.shape != moves.shape:
        raise ValueError(f"flow and returns must be of one length, got shapes {flows.shape} and {moves.shape}")
    if not isinstance(lag, int | np.integer) or lag < 0:
        raise ValueError(f"lag must be a number of rows >= 0, got {lag!r}")
    before = np.full(flows.shape, np.nan)
    before[lag:] = moves[: flows.size - lag]
    fit = regression(flows, before, lags=hac_lags)
    intercept, slope = (float(value) for value in fit.coefficient)
    expected = intercept + slope * before
    surprise = flows - expected
    held = surprise[~np.isnan(surprise)]
    deviation = float(np.sqrt(np.square(held).sum() / (held.size - 2))) if held.size > 2 else np.nan
    return FlowSurprise(
        slope, intercept, float(fit.standard_error[1]), expected, surprise, surprise / deviation, float(fit.r2),
        int(fit.count),
    )  # fmt: skip


def model_rebalance(weights: ArrayLike, returns: ArrayLike, assets: ArrayLike) -> Any:
    """What a portfolio of fixed weights trades to restore its weights, > 0 buys.

    Parameters
    ----------
    weights : array_like
        Weights along the last axis; what is missing from 1 is cash.
    returns : array_like
        Returns of each since the last rebalance.
    assets : array_like
        Assets of the portfolio then, in money.

    Returns
    -------
    ndarray
        A (w_i (w . r) - w_i r_i) for each asset: it buys what fell behind.

    {raises}

    Examples
    --------
    5 % in an asset that falls by 13.16 %, the rest in one that falls by 1.44 %:

    >>> import shortgamma as sg
    >>> sg.dealer.model_rebalance([0.05, 0.95], [-0.1316, -0.0144], 1e9).round(0)
    array([ 5567000., -5567000.])
    """
    shares, moves = number("weights", weights), number("returns", returns)
    total = (shares * moves).sum(axis=-1, keepdims=True)
    return number("assets", assets)[..., np.newaxis] * (shares * (total - moves))


class BasisUnwind(Result):
    """Effect of unwinding a cash-and-carry position.

    Attributes
    ----------
    change : ndarray or float
        Change of the basis, a fraction of the price, > 0 wider.
    annualized : ndarray or float
        The same per year.
    net : float
        Net flow: what is sold in the spot market is bought in futures.
    """

    change: Any
    annualized: Any
    net: float


def basis_unwind(
    notional: ArrayLike, *, spot_depth: ArrayLike, futures_depth: ArrayLike, years: ArrayLike
) -> BasisUnwind:
    """Widening of the basis when holders of spot against short futures close both legs.

    Parameters
    ----------
    notional : array_like
        What is sold in the spot market and bought in futures, in money.
    spot_depth, futures_depth : array_like
        Money per unit of return, > 0: a purchase of N moves the price by N/depth.
    years : array_like
        Years to the expiry of the future, > 0.

    Returns
    -------
    BasisUnwind
        N/futures_depth + N/spot_depth, the same per year, and a net flow of 0.

    {raises [numbers]}

    Examples
    --------
    >>> import shortgamma as sg
    >>> unwind = sg.dealer.basis_unwind(1e9, spot_depth=500e9, futures_depth=400e9, years=21 / 365)
    >>> round(float(unwind.change), 6), round(float(unwind.annualized), 4)
    (0.0045, 0.0782)
    """
    spot_side, futures_side = _positive("spot_depth", spot_depth), _positive("futures_depth", futures_depth)
    change = np.multiply(number("notional", notional), 1.0 / futures_side + 1.0 / spot_side)
    return BasisUnwind(change, change / _positive("years", years), 0.0)


def _positive(name: str, value: Any) -> Any:
    """A number > 0, else NaN with the invalid flag."""
    array = number(name, value).astype(np.float64)
    with np.errstate(invalid="ignore"):
        bad = array <= 0.0
    return np.where(bad, np.sqrt(np.where(bad, -1.0, 0.0)), array) if bad.any() else array
