"""Closed forms of products of constant leverage; the public names are in ``shortgamma.leverage``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import call, number

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike


def trigger_ratio(leverage: ArrayLike, bound: ArrayLike, *, out: Any = None) -> Any:
    """Price ratio since the last rebalance at which the actual leverage reaches a bound.

    Parameters
    ----------
    {leverage [last]}
    bound : array_like
        Actual leverage that triggers, of the same sign; broadcast with ``leverage``.
    {out}

    Returns
    -------
    ndarray or float
        Price divided by the price at the last rebalance; NaN, with the invalid flag, where the bound is never reached.

    {raises}

    Notes
    -----
    The inverse of `actual_leverage`: x = B (1 - L) / (L (1 - B)).

    Examples
    --------
    A 3x product reaches 4x when the price has fallen by 11.1 %:

    >>> import shortgamma as sg
    >>> round(float(sg.leverage.trigger_ratio(3.0, 4.0)) - 1, 4)
    -0.1111
    """
    return call(dispatch.leverage.theory.leverage_trigger_ratio, ("leverage", "bound"), (leverage, bound), out)


def actual_leverage(leverage: ArrayLike, ratio: ArrayLike, *, out: Any = None) -> Any:
    """Leverage that a product has after a price move since its last rebalance.

    Parameters
    ----------
    {leverage [last]}
    ratio : array_like
        Price divided by the price at the last rebalance, > 0; broadcast with ``leverage``.
    {out}

    Returns
    -------
    ndarray or float
        Exposure over NAV, L x / (1 + L (x - 1)); 0 where the product is wiped out. NaN, with the invalid
        flag, where ``ratio`` is not a finite number > 0.

    {raises}

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.leverage.actual_leverage(3.0, 1.05)), 2)
    2.74
    """
    return call(dispatch.leverage.theory.leverage_actual_leverage, ("leverage", "ratio"), (leverage, ratio), out)


def rebalance_trade(nav: ArrayLike, leverage: ArrayLike, ratio: ArrayLike, *, out: Any = None) -> Any:
    """Trade that brings a product back to its leverage after a price move.

    Parameters
    ----------
    nav : array_like
        NAV at the last rebalance, >= 0, in money.
    leverage : array_like
        Leverage at that time, to which the trade brings it back, signed.
    ratio : array_like
        Price divided by the price at the last rebalance, > 0; all inputs broadcast.
    {out}

    Returns
    -------
    ndarray or float
        Notional to buy (> 0) or sell (< 0), n L (L - 1) (x - 1); 0 where the product is wiped out.

    {raises}

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.leverage.rebalance_trade(100.0, 3.0, 1.05)), 10)
    30.0
    """
    names = ("nav", "leverage", "ratio")
    return call(dispatch.leverage.theory.leverage_rebalance_trade, names, (nav, leverage, ratio), out)


def rebalance_flow(assets: ArrayLike, leverage: ArrayLike, return_: ArrayLike, *, out: Any = None) -> Any:
    """Demand for the underlying from the rebalancing of a fund at the end of a day.

    Parameters
    ----------
    assets : array_like
        Assets of the fund at the last rebalance, >= 0, in money.
    leverage : array_like
        Leverage of the fund, signed.
    return_ : array_like
        Return of the underlying since then, a fraction > -1; all inputs broadcast.
    {out}

    Returns
    -------
    ndarray or float
        Notional bought (> 0) or sold (< 0), A L (L - 1) r; 0 where the fund is wiped out. It has the sign of
        the return for every leverage outside [0, 1].

    {raises}

    Notes
    -----
    Cheng and Madhavan, Journal of Investment Management 7(4), 2009.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.rebalance_flow(100.0, [3.0, 2.0, -1.0, -2.0, -3.0], 0.01)
    array([ 6.,  2.,  2.,  6., 12.])
    """
    names = ("assets", "leverage", "return_")
    return call(dispatch.leverage.theory.leverage_rebalance_flow, names, (assets, leverage, return_), out)


def compounded_return(
    return_: ArrayLike, leverage: ArrayLike, variance: ArrayLike, *, rate: ArrayLike = 0.0, expense: ArrayLike = 0.0,
    years: ArrayLike = 1.0, out: Any = None,
) -> Any:  # fmt: skip
    """Return of a continuously rebalanced product, from the return and the realised variance of the underlying.

    Parameters
    ----------
    {return_, leverage [signed]}
    variance : array_like
        Realised variance over the period, >= 0: vol squared times years.
    rate : array_like, default 0.0
        Rate per year, continuously compounded, paid on what is borrowed and earned on what is not invested.
    expense : array_like, default 0.0
        Fee per year, continuously charged, a fraction of NAV.
    years : array_like, default 1.0
        Length of the period, >= 0, for ``rate`` and ``expense``; all inputs broadcast.
    {out}

    Returns
    -------
    ndarray or float
        Return of the product, a fraction.

    {raises}

    Notes
    -----
    (1 + R)^L exp((L - L^2) V / 2 + ((1 - L) rate - expense) T) - 1; Avellaneda and Zhang, SIAM Journal on
    Financial Mathematics 1, 2010. The tables of estimated returns in fund prospectuses are this formula.

    Examples
    --------
    A 2x fund on an index that ends where it began, at a volatility of 50 %, loses 22.1 % in a year.

    >>> import shortgamma as sg
    >>> round(float(sg.leverage.compounded_return(0.0, 2.0, 0.5**2)), 3)
    -0.221
    """
    names = ("return_", "leverage", "variance", "rate", "expense", "years")
    values = (return_, leverage, variance, rate, expense, years)
    return call(dispatch.leverage.theory.leverage_compounded_return, names, values, out)


def volatility_drag(leverage: ArrayLike, vol: ArrayLike, years: ArrayLike, *, out: Any = None) -> Any:
    """Return of a continuously rebalanced product on an underlying that ends where it began.

    Parameters
    ----------
    {leverage [signed], vol [or none]}
    years : array_like
        Length of the period, >= 0; all inputs broadcast.
    {out}

    Returns
    -------
    ndarray or float
        Return, a fraction: exp((L - L^2) vol^2 T / 2) - 1, a loss for every leverage outside [0, 1].

    {raises}

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.volatility_drag([2.0, 3.0, -3.0], 0.2, 1.0).round(4)
    array([-0.0392, -0.1131, -0.2134])
    """
    names = ("leverage", "vol", "years")
    return call(dispatch.leverage.theory.leverage_volatility_drag, names, (leverage, vol, years), out)


def break_even_variance(return_: ArrayLike, leverage: ArrayLike, *, out: Any = None) -> Any:
    """Realised variance at which a product returns exactly its leverage times the return of the underlying.

    Parameters
    ----------
    {return_}
    leverage : array_like
        Leverage, signed, neither 0 nor 1; broadcast with ``return_``.
    {out}

    Returns
    -------
    ndarray or float
        Variance over the period (vol squared times years); infinite where leverage times the return is -1 or
        less, since the product keeps something at any variance. A product with a leverage outside [0, 1] is
        ahead below it and behind above it; with one between 0 and 1 it is the other way round. Without financing
        and expense.

    {raises}

    Notes
    -----
    V = 2 (L log(1 + R) - log(1 + L R)) / (L^2 - L), which is R^2 for small R.

    Examples
    --------
    Up 20 %, the 2x product is ahead of twice the return as long as the realised vol is under 16.8 %.

    >>> import shortgamma as sg
    >>> round(float(sg.leverage.break_even_variance(0.2, 2.0)) ** 0.5, 3)
    0.168
    """
    names = ("return_", "leverage")
    return call(dispatch.leverage.theory.leverage_break_even_variance, names, (return_, leverage), out)


def growth_optimal_leverage(drift: ArrayLike, rate: ArrayLike, vol: ArrayLike, *, out: Any = None) -> Any:
    """Leverage with the highest expected growth under geometric Brownian motion.

    Parameters
    ----------
    {drift}
    rate : array_like
        Rate per year for borrowing and lending.
    vol : array_like
        Volatility per year, > 0; all inputs broadcast.
    {out}

    Returns
    -------
    ndarray or float
        (drift - rate) / vol^2; NaN, with the invalid flag, where ``vol`` is not a finite number > 0.

    {raises}

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.leverage.growth_optimal_leverage(0.08, 0.02, 0.16)), 3)
    2.344
    """
    names = ("drift", "rate", "vol")
    return call(dispatch.leverage.theory.leverage_growth_optimal_leverage, names, (drift, rate, vol), out)


def return_quantile(
    probability: ArrayLike, leverage: ArrayLike, drift: ArrayLike, vol: ArrayLike, years: ArrayLike, *,
    rate: ArrayLike = 0.0, expense: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Quantile of the return of a continuously rebalanced product under geometric Brownian motion.

    Parameters
    ----------
    probability : array_like
        Probability of a return no greater, in [1e-300, 1).
    {leverage [signed], drift, vol [or none]}
    years : array_like
        Length of the period, >= 0.
    rate, expense : array_like, default 0.0
        Per year, as in `compounded_return`; all inputs broadcast.
    {out}

    Returns
    -------
    ndarray or float
        Return, a fraction.

    {raises}

    Notes
    -----
    The log return is normal with mean (L drift - L^2 vol^2 / 2 + (1 - L) rate - expense) T and standard deviation
    abs(L) vol sqrt(T).

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.leverage.return_quantile(0.5, 2.0, 0.0, 0.2, 1.0)), 4)
    -0.0769
    """
    names = ("probability", "leverage", "drift", "vol", "years", "rate", "expense")
    values = (probability, leverage, drift, vol, years, rate, expense)
    return call(dispatch.leverage.theory.leverage_return_quantile, names, values, out)


def return_probability(
    return_: ArrayLike, leverage: ArrayLike, drift: ArrayLike, vol: ArrayLike, years: ArrayLike, *,
    rate: ArrayLike = 0.0, expense: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Probability of at most a given return of a continuously rebalanced product, under geometric Brownian motion.

    Parameters
    ----------
    return_ : array_like
        Return of the product, a fraction > -1.
    leverage, drift, vol, years, rate, expense : array_like
        As in `return_quantile`, of which this is the inverse; all inputs broadcast.
    {out}

    Returns
    -------
    ndarray or float
        Probability; 0 or 1 where nothing is random.

    {raises}

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.leverage.return_probability(0.0, 2.0, 0.0, 0.2, 1.0)), 4)
    0.5793
    """
    names = ("return_", "leverage", "drift", "vol", "years", "rate", "expense")
    values = (return_, leverage, drift, vol, years, rate, expense)
    return call(dispatch.leverage.theory.leverage_return_probability, names, values, out)


def value_at_risk(
    confidence: ArrayLike, leverage: ArrayLike, drift: ArrayLike, vol: ArrayLike, years: ArrayLike, *,
    rate: ArrayLike = 0.0, expense: ArrayLike = 0.0,
) -> Any:  # fmt: skip
    """Loss of a continuously rebalanced product that is not exceeded with the given confidence.

    Parameters
    ----------
    confidence : array_like
        Confidence in (0, 1), 0.99 for a loss exceeded once in a hundred periods.
    leverage, drift, vol, years, rate, expense : array_like
        As in `return_quantile`; all inputs broadcast.

    Returns
    -------
    ndarray or float
        Loss, a fraction of NAV; negative if even that quantile is a gain.

    {raises}

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.leverage.value_at_risk(0.99, 3.0, 0.05, 0.2, 1 / 252)), 4)
    0.0843
    """
    tail = 1.0 - np.asarray(number("confidence", confidence), dtype=np.float64)
    return -return_quantile(tail, leverage, drift, vol, years, rate=rate, expense=expense)


def recentred_leverage(
    actual: ArrayLike, target: ArrayLike, speed: ArrayLike, low: ArrayLike, high: ArrayLike, *, out: Any = None
) -> Any:
    """Leverage to which a product that recentres by steps rebalances next.

    Parameters
    ----------
    actual : array_like
        Actual leverage.
    target : array_like
        Target leverage.
    speed : array_like
        Fraction of the way to the target covered in one rebalance, from 0 to 1.
    low, high : array_like
        Bounds of the new leverage, ``low <= high``; all inputs broadcast.
    {out}

    Returns
    -------
    ndarray or float
        ``actual * (1 - speed) + target * speed``, between ``low`` and ``high``.

    {raises}

    Notes
    -----
    The rule of the Flexible Leverage Index of Index Coop; ETH2x: target 2, bounds 1.7 and 2.3, speed 5 %.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.leverage.recentred_leverage([2.2, 2.5, 1.5], 2.0, 0.05, 1.7, 2.3)
    array([2.19, 2.3 , 1.7 ])
    """
    names = ("actual", "target", "speed", "low", "high")
    return call(dispatch.leverage.theory.leverage_recentred_leverage, names, (actual, target, speed, low, high), out)


def power_transfer(long: ArrayLike, short: ArrayLike, leverage: ArrayLike, ratio: ArrayLike, *, out: Any = None) -> Any:
    """Transfer between the pools of a perpetual pool of power leverage.

    Parameters
    ----------
    {long, short, leverage [pools], ratio, out}

    {returns [transfer]}

    {raises}

    Notes
    -----
    The loser pays 1 - min(x, 1 / x)^L of its pool: the first perpetual pools of Tracer.

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.leverage.power_transfer(10_000.0, 10_000.0, 3.0, 1.1)), 2)
    2486.85
    """
    names = ("long", "short", "leverage", "ratio")
    return call(dispatch.leverage.theory.leverage_power_transfer, names, (long, short, leverage, ratio), out)


def sigmoid_transfer(
    long: ArrayLike, short: ArrayLike, leverage: ArrayLike, ratio: ArrayLike, *, out: Any = None
) -> Any:
    """Transfer between the pools of a perpetual pool of sigmoid leverage.

    Parameters
    ----------
    {long, short, leverage [pools], ratio, out}

    {returns [transfer]}

    {raises}

    Notes
    -----
    The loser pays 2 / (1 + exp(-2 L (1 - min(x, 1 / x)))) - 1 of its pool: the
    second perpetual pools of Tracer.

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.leverage.sigmoid_transfer(10_000.0, 10_000.0, 3.0, 1.1)), 2)
    2661.61
    """
    names = ("long", "short", "leverage", "ratio")
    return call(dispatch.leverage.theory.leverage_sigmoid_transfer, names, (long, short, leverage, ratio), out)
