"""What surrounds the formulas: the state of an option, and the dividend yield of a quanto one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._arguments import choice, number, plain
from shortgamma.barrier.single import KINDS

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

STATES = np.array(["alive", "expired", "knocked", "invalid"])


def status(
    spot: ArrayLike,
    strike: ArrayLike,
    barrier: ArrayLike,
    vol: ArrayLike,
    expiry: ArrayLike,
    *,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    rebate: ArrayLike = 0.0,
    kind: Any = "down-in",
) -> Any:
    """State of single-barrier options: what a price of theirs means.

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
        If ``kind`` is unknown or shapes do not broadcast.
    TypeError
        If an input is not numeric.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.barrier.status([100.0, 80.0, 70.0, -1.0], 100.0, 80.0, 0.3, 1.0).tolist()
    ['alive', 'knocked', 'knocked', 'invalid']
    """
    positive = [number(*pair) for pair in (("spot", spot), ("strike", strike), ("barrier", barrier))]
    other = [number(*pair) for pair in (("vol", vol), ("expiry", expiry))]
    rest = [number(*pair) for pair in (("rate", rate), ("dividend", dividend), ("rebate", rebate))]
    with np.errstate(invalid="ignore"):
        valid: Any = np.True_
        for values in (*positive, *other, *rest):
            valid = valid & np.isfinite(values)
        for values in positive:
            valid = valid & (values > 0)
        for values in other:
            valid = valid & (values >= 0)
        up = np.bitwise_and(choice("kind", kind, KINDS), 1) != 0
        knocked = np.where(up, positive[0] >= positive[2], positive[0] <= positive[2])
        state = np.where(valid, np.where(knocked, 2, np.where(other[1] == 0, 1, 0)), 3)
    names = STATES[state]
    return names if names.ndim else str(names)


def quanto_dividend(
    dividend: ArrayLike,
    rate: ArrayLike,
    foreign_rate: ArrayLike,
    vol: ArrayLike,
    fx_vol: ArrayLike,
    correlation: ArrayLike,
) -> Any:
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

    Raises
    ------
    ValueError
        If shapes do not broadcast.
    TypeError
        If an input is not numeric.

    Notes
    -----
    In the payout measure the asset drifts at r_f - q - rho vol fx_vol (Haug, *The Complete Guide to Option Pricing
    Formulas*, 2nd ed., 2007, section 5.16). The sensitivities that a quanto option has beside follow from
    ``rho_dividend``: to the correlation, times vol fx_vol; to the volatility of the exchange rate, times rho vol; to
    the foreign rate, times -1; the vega gains rho fx_vol times it.

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.barrier.quanto_dividend(0.04, 0.02, 0.05, 0.25, 0.2, 0.3)), 4)
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
