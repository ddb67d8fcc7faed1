"""Around the formulas: the state of an option, and quanto options by their dividend yield."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core.checks import choice, number, plain
from shortgamma._core.greeks import FirstOrder
from shortgamma._core.words import BARRIER_KINDS as KINDS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from shortgamma._core.types import BarrierKind, Floats, Names

STATES = np.array(["alive", "expired", "knocked", "invalid"])


def status(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
    kind: BarrierKind | Names, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, rebate: ArrayLike = 0.0,
) -> Any:  # fmt: skip
    """State of single-barrier options, which says what their price means.

    Parameters
    ----------
    spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind
        As for ``price``.

    Returns
    -------
    ndarray of str or str
        In the shape that all inputs broadcast to: ``"invalid"`` where a number is NaN or out of its domain (the
        price is NaN), else ``"knocked"`` where spot is at or beyond the barrier (a knock-out is worth its rebate, a
        knock-in is the plain option), else ``"expired"`` where no time is left, else ``"alive"``.

    Raises
    ------
    ValueError
        If ``kind`` is not one of the four, or shapes do not broadcast.
    {TypeError}

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.barrier.status([100.0, 80.0, 70.0, -1.0], 100.0, 80.0, vol=0.3, expiry=1.0, kind="down-in").tolist()
    ['alive', 'knocked', 'knocked', 'invalid']
    """
    positive = [number(*pair) for pair in (("spot", spot), ("strike", strike), ("barrier", barrier))]
    not_negative = [number(*pair) for pair in (("vol", vol), ("expiry", expiry))]
    signed = [number(*pair) for pair in (("rate", rate), ("dividend", dividend), ("rebate", rebate))]
    with np.errstate(invalid="ignore"):
        valid: Any = np.True_
        for values in (*positive, *not_negative, *signed):
            valid = valid & np.isfinite(values)
        for values in positive:
            valid = valid & (values > 0)
        for values in not_negative:
            valid = valid & (values >= 0)
        up = np.bitwise_and(choice("kind", kind, KINDS), 1) != 0
        knocked = np.where(up, positive[0] >= positive[2], positive[0] <= positive[2])
        state = np.where(valid, np.where(knocked, 2, np.where(not_negative[1] == 0, 1, 0)), 3)
    names = STATES[state]
    return names if names.ndim else str(names)


def quanto_dividend(
    *, vol: ArrayLike, fx_vol: ArrayLike, correlation: ArrayLike, dividend: ArrayLike, rate: ArrayLike,
    foreign_rate: ArrayLike,
) -> Any:  # fmt: skip
    """Dividend yield with which the plain formulas price a quanto option.

    Parameters
    ----------
    dividend : array_like
        Dividend yield of the asset per year.
    rate : array_like
        Interest rate of the currency in which the option pays, per year: the one to discount with.
    foreign_rate : array_like
        Interest rate of the asset's own currency, per year.
    vol, fx_vol : array_like
        Volatility of the asset, and of the price of its currency in the payout currency, per year, >= 0.
    correlation : array_like
        Correlation of the two, in [-1, 1].

    Returns
    -------
    ndarray or float
        q + r - r_f + rho vol fx_vol, to be given as ``dividend``. NaN, with the invalid flag, where a volatility is
        negative or a correlation lies outside of [-1, 1].

    {raises}

    Notes
    -----
    In the payout measure the asset drifts at r_f - q - rho vol fx_vol (Haug, *The Complete Guide to Option Pricing
    Formulas*, 2nd ed., 2007, section 5.16). `quanto_greeks` turns the sensitivities that the plain formulas
    give with this yield into those of the quanto option.

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.barrier.quanto_dividend(
    ...     dividend=0.04, rate=0.02, foreign_rate=0.05, vol=0.25, fx_vol=0.2, correlation=0.3
    ... )), 4)
    0.025
    """
    names = ("dividend", "rate", "foreign_rate", "vol", "fx_vol", "correlation")
    given = (dividend, rate, foreign_rate, vol, fx_vol, correlation)
    values: list[Any] = [plain(name, value) for name, value in zip(names, given, strict=True)]
    q, r, r_f, s, s_x, rho = values
    with np.errstate(invalid="ignore"):
        outside = (np.asarray(s) < 0) | (np.asarray(s_x) < 0) | (np.abs(np.asarray(rho)) > 1)
    # a square root of -1 is NaN and sets the flag; one of 0 changes nothing
    return q + (r - r_f) + rho * (s * s_x) + np.sqrt(np.where(outside, -1.0, 0.0))


class QuantoGreeks(FirstOrder):
    """Price and derivatives of a quanto option, in which the adjusted yield moves with what it depends on.

    Attributes
    ----------
    price : ndarray or float
        Value V, in the payout currency.
    delta, gamma : ndarray or float
        dV/dS and d2V/dS2
    vega, theta : ndarray or float
        dV/dvol, per 1.00 of vol, and dV/dt, per year of calendar time
    rho : ndarray or float
        dV/drate, per 1.00 of the payout currency's rate
    rho_dividend : ndarray or float
        dV/ddividend, per 1.00 of the asset's own yield
    rho_foreign : ndarray or float
        dV/dforeign_rate, per 1.00 of the asset's currency's rate
    correlation : ndarray or float
        dV/dcorrelation, per 1.00 of correlation
    fx_vega : ndarray or float
        dV/dfx_vol, per 1.00 of the exchange rate's vol
    """

    rho_foreign: Floats
    correlation: Floats
    fx_vega: Floats


def quanto_greeks(greeks: Any, *, vol: ArrayLike, fx_vol: ArrayLike, correlation: ArrayLike) -> QuantoGreeks:
    """Sensitivities of a quanto option from those of the plain formulas.

    Parameters
    ----------
    greeks : BarrierGreeks
        Of ``greeks``, ``double_greeks``, ``touch_greeks`` or ``binary_greeks`` with what `quanto_dividend` returns as
        ``dividend``.
    vol, fx_vol : array_like
        Volatility of the asset, and of the price of its currency in the payout currency, per year: the same as there.
    correlation : array_like
        Correlation of the two, the same as there.

    Returns
    -------
    QuantoGreeks
        Price, delta, gamma, vega, theta, rho, rho_dividend, rho_foreign, correlation and fx_vega, each in the shape to
        which the inputs that it depends on broadcast.

    Raises
    ------
    TypeError
        If ``greeks`` has no price and Greeks of first order, or an input is not numeric.
    ValueError
        If shapes do not broadcast.

    Notes
    -----
    With V_q the plain ``rho_dividend`` and q' = q + r - r_f + rho s s_x the adjusted yield, the chain rule adds V_q
    dq'/da to each derivative in a: to vega rho s_x V_q, to rho V_q; to the foreign rate it is -V_q, to the correlation
    s s_x V_q, to the exchange rate's volatility rho s V_q (Haug, 2007, section 5.16, for q').

    Examples
    --------
    A knock-in put in euros on an asset in dollars:

    >>> import shortgamma as sg
    >>> carry = sg.barrier.quanto_dividend(
    ...     dividend=0.01, rate=0.02, foreign_rate=0.05, vol=0.3, fx_vol=0.1, correlation=0.5
    ... )
    >>> plain = sg.barrier.greeks(
    ...     100.0, 95.0, 90.0, vol=0.3, expiry=1.0, rate=0.02, dividend=carry, kind="down-in", option="put"
    ... )
    >>> quanto = sg.barrier.quanto_greeks(plain, vol=0.3, fx_vol=0.1, correlation=0.5)
    >>> [round(float(number), 4) for number in (plain.vega, quanto.vega, quanto.correlation, quanto.fx_vega)]
    [37.0153, 38.7386, 1.034, 5.17]
    """
    if not all(hasattr(greeks, name) for name in FirstOrder._fields):
        raise TypeError(f"greeks must be price and Greeks of a barrier option, got {type(greeks).__name__}")
    s, s_x, rho = (plain(*pair) for pair in (("vol", vol), ("fx_vol", fx_vol), ("correlation", correlation)))
    slope = greeks.rho_dividend
    return QuantoGreeks(
        greeks.price,
        greeks.delta,
        greeks.gamma,
        greeks.vega + rho * s_x * slope,
        greeks.theta,
        greeks.rho + slope,
        slope,
        -slope,
        s * s_x * slope,
        rho * s * slope,
    )
