"""The basis of futures, between contracts and at constant maturities; public in ``shortgamma.carry``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.checks import describe, first, number, place, plain, refuse_choice
from shortgamma._core.times import DAY, times

if TYPE_CHECKING:
    from typing import Any, Literal, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    Compounding: TypeAlias = Literal["simple", "compound", "continuous"]
    Method: TypeAlias = Literal["price", "basis", "log-price", "log-basis", "coinmetrics"]

COMPOUNDINGS = ("simple", "compound", "continuous")
METHODS = ("price", "basis", "log-price", "log-basis", "coinmetrics")
EXTRAPOLATIONS = ("nan", "linear", "flat")


def annualized_basis(
    futures: ArrayLike, spot: ArrayLike, years: ArrayLike, *, compounding: Compounding = "simple"
) -> Any:
    """Basis of a future per year.

    Parameters
    ----------
    futures, spot : array_like
        Prices at the same moment, > 0; all inputs broadcast.
    years : array_like
        Time to expiry, > 0, in the caller's years: days / 365 (Deribit, Coin Metrics) or days / 360 (US money market);
        see `years_between`.
    compounding : {"simple", "compound", "continuous"}, default "simple"
        (F/S - 1)/T; (F/S)^(1/T) - 1; or ln(F/S)/T.

    Returns
    -------
    ndarray or float
        Fraction per year. NaN, with the invalid flag, where a price or the time is not a finite number > 0: a future on
        its last day has no annual basis.

    See Also
    --------
    implied_price : The inverse.
    forward_carry : Between two contracts, without a spot price.

    Notes
    -----
    A spot price of another moment than the future's moves the basis of short contracts most: 1 USD at one day is 0.4 %
    a year on 90,000.

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.carry.annualized_basis(101_000.0, 100_000.0, 30 / 365)), 6)
    0.121667
    """
    price, base = _positive("futures", futures), _positive("spot", spot)
    return _annualized((price - base) / base, _positive("years", years), compounding)


def implied_price(basis: ArrayLike, spot: ArrayLike, years: ArrayLike, *, compounding: Compounding = "simple") -> Any:
    """Price of a future of which the basis is known: the inverse of `annualized_basis`.

    Parameters
    ----------
    basis : array_like
        Fraction per year; all inputs broadcast.
    spot : array_like
        Spot price, > 0.
    years : array_like
        Time to expiry, > 0.
    compounding : {"simple", "compound", "continuous"}, default "simple"
        How the basis is annualised.

    Returns
    -------
    ndarray or float
        S (1 + b T), S (1 + b)^T or S exp(b T). NaN, with the invalid flag, where the spot price or the time is not a
        finite number > 0.

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.carry.implied_price(0.12, 100_000.0, 0.25)), 6)
    103000.0
    """
    _check("compounding", compounding, COMPOUNDINGS)
    rate, base, time = plain("basis", basis), _positive("spot", spot), _positive("years", years)
    if compounding == "simple":
        return base * (1.0 + rate * time)
    return base * np.exp(time * (np.log1p(rate) if compounding == "compound" else rate))


def forward_carry(
    near: ArrayLike,
    far: ArrayLike,
    near_years: ArrayLike,
    far_years: ArrayLike,
    *,
    compounding: Compounding = "simple",
) -> Any:
    """Carry per year between the expiries of two futures.

    Parameters
    ----------
    near, far : array_like
        Prices of the future that expires first and of the one that expires last, > 0; all inputs broadcast.
    near_years, far_years : array_like
        Times to their expiries, ``near_years`` at least 0 and less than ``far_years``.
    compounding : {"simple", "compound", "continuous"}, default "simple"
        (F2/F1 - 1)/(T2 - T1); (F2/F1)^(1/(T2 - T1)) - 1; or ln(F2/F1)/(T2 - T1).

    Returns
    -------
    ndarray or float
        Fraction per year; NaN, with the invalid flag, where prices are not finite numbers > 0 or times do not rise.

    Notes
    -----
    No spot price is needed, so there is no error from one of another moment: on daily CME prices its first-order
    autocorrelation is 0.94, that of the one-month basis over spot 0.27.

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.carry.forward_carry(101_000.0, 102_000.0, 1 / 12, 2 / 12)), 6)
    0.118812
    """
    low, high = _positive("near", near), _positive("far", far)
    start = plain("near_years", near_years)
    gap = plain("far_years", far_years) - start + 0.0 * np.sqrt(start)
    return _annualized((high - low) / low, _positive("far_years", gap), compounding)


def constant_maturity(
    futures: ArrayLike,
    years: ArrayLike,
    spot: ArrayLike,
    target: ArrayLike,
    *,
    method: Method,
    extrapolate: Literal["nan", "linear", "flat"] = "nan",
    minimum_years: float = 0.0,
) -> Any:
    """Annual basis of a curve of futures at tenors between its contracts.

    Parameters
    ----------
    futures : array_like
        Prices of the contracts along the last axis; curves along the axes in front. NaN where there is no price.
    years : array_like
        Times to expiry in increasing order along the last axis.
    spot : array_like
        Spot price of each curve.
    target : array_like
        Tenors wanted, a number or one dimension, in years: 30/365 for thirty days.
    method : {"price", "basis", "log-price", "log-basis", "coinmetrics"}
        What is linear in time between two contracts: the price; the simple annual basis; the logarithm of the price,
        which keeps the forward rate flat; the continuous annual basis. "coinmetrics" is the rule that Coin Metrics
        publishes, which is "price".
    extrapolate : {"nan", "linear", "flat"}, default "nan"
        Beyond the first and last contracts: NaN, the line through the nearest two, or the basis of the nearest one.
    minimum_years : float, default 0.0
        Leave out contracts nearer to expiry: 1 USD between bid and ask at one day is 0.4 % a year on 90,000.

    Returns
    -------
    ndarray
        Fraction per year, of the shape of the curves followed by that of ``target``; simple under "price" and "basis",
        continuous under the others. A tenor equal to that of a contract has its basis. NaN where fewer than two
        contracts have a price and time left, unless ``extrapolate`` is "flat"; NaN, with the invalid flag, where a spot
        price or a tenor is not a finite number > 0. A price of a contract that is not > 0 is left out, with the flag.

    Raises
    ------
    ValueError
        If ``years`` do not rise along a curve, or a choice is none of its names.

    Notes
    -----
    The choice matters most at short tenors: at thirty days the methods differ by up to 27 basis points on a real curve,
    and 8 USD of spot price by 11.

    Examples
    --------
    >>> import shortgamma as sg
    >>> curve = {"futures": [100.4, 101.3, 102.2], "years": [0.05, 0.15, 0.25], "spot": 100.0}
    >>> sg.carry.constant_maturity(**curve, target=[0.1, 0.2], method="basis").round(4)
    array([0.0833, 0.0873])
    """
    _check("method", method, METHODS)
    _check("extrapolate", extrapolate, EXTRAPOLATIONS)
    prices, tenors, tau = number("futures", futures), number("years", years), number("target", target)
    if prices.ndim == 0 or tenors.ndim == 0:
        raise ValueError("futures and years must have one dimension, the contracts, at least")
    if tau.ndim > 1:
        raise ValueError(f"target must be a number or have one dimension, got shape {tau.shape}")
    _rising(tenors)
    base = _positive("spot", number("spot", spot))[..., np.newaxis]
    with np.errstate(invalid="ignore"):
        live = np.isfinite(prices) & (tenors > max(minimum_years, 0.0))
    bad = live & (prices <= 0.0)
    prices, tenors, live, base, _ = np.broadcast_arrays(prices, tenors, live & ~bad, base, _flagged(bad))
    gap = np.where(live, (prices - base) / base, np.nan)
    value = _value(gap, np.where(live, tenors, 1.0), method)
    left, right, outside = _brackets(live, tenors, np.atleast_1d(tau), extrapolate)
    result = _between(value, np.where(live, tenors, 1.0), _positive("target", np.atleast_1d(tau)), left, right, method)
    if extrapolate == "flat":
        nearest = np.take_along_axis(_basis(value, np.where(live, tenors, 1.0), method), left, axis=-1)
        result = np.where(outside & live.any(axis=-1, keepdims=True), nearest, result)
    elif extrapolate == "nan":
        result = np.where(outside, np.nan, result)
    if extrapolate != "flat":
        result = np.where(live.sum(axis=-1, keepdims=True) < 2, np.nan, result)
    return result if tau.ndim else result[..., 0]


def years_between(start: Any, end: Any, *, basis: float = 365.0) -> Any:
    """Years from one time to another, to the second.

    Parameters
    ----------
    start, end : datetime64, datetime, str, number or array_like of them
        Times, UTC unless they have a zone; they broadcast.
    basis : float, default 365.0
        Days in a year: 365, or 360 in the US money market.

    Returns
    -------
    ndarray or float
        Days of 86,400 s, over ``basis``; negative if ``end`` is first.

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(365 * float(sg.carry.years_between("2026-01-23 16:00", "2026-02-27 08:00")), 4)
    34.6667
    """
    if not 0.0 < basis < np.inf:
        raise ValueError(f"basis must be a finite number of days > 0, got {basis!r}")
    return (times("end", end) - times("start", start)) / (DAY * basis)


def _check(name: str, value: Any, choices: tuple[str, ...]) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{name} must be a string, got {describe(value, np.asarray(value))}")
    if value not in choices:
        refuse_choice(name, value, choices)


def _flagged(bad: Any) -> Any:
    """1, or NaN with the invalid flag where bad."""
    return np.sqrt(np.where(bad, -1.0, 1.0))


def _positive(name: str, value: Any) -> Any:
    """Numbers; NaN, with the invalid flag, where one is not finite and > 0."""
    given = plain(name, value)
    array = np.asarray(given)
    return given * _flagged((array <= 0.0) | (array == np.inf))


def _annualized(gap: Any, years: Any, compounding: str) -> Any:
    """Of F/S - 1, which is known to more digits than F/S."""
    _check("compounding", compounding, COMPOUNDINGS)
    if compounding == "simple":
        return gap / years
    growth = np.log1p(gap) / years
    return growth if compounding == "continuous" else np.expm1(growth)


def _rising(tenors: NDArray[Any]) -> None:
    before = np.fmax.accumulate(tenors, axis=-1)[..., :-1]
    bad = np.zeros(tenors.shape, dtype=bool)
    bad[..., 1:] = tenors[..., 1:] <= before
    if bad.any():
        index = first(bad)
        last = (*index[:-1], index[-1] - 1)
        raise ValueError(
            f"{place('years', index)} must be greater than the contract's before, {before[last]}, got {tenors[index]}: "
            "sort the contracts by expiry, one a date"
        )


def _value(gap: Any, tenors: Any, method: str) -> Any:
    """What is linear in time."""
    growth = np.log1p(gap) if method.startswith("log") else gap
    return growth / tenors if method.endswith("basis") else growth


def _basis(value: Any, tenors: Any, method: str) -> Any:
    return value if method.endswith("basis") else value / tenors


def _brackets(live: Any, tenors: Any, tau: Any, extrapolate: str) -> tuple[Any, Any, Any]:
    """Places of the contracts on both sides of a tenor, and whether one of them is missing."""
    count = live.shape[-1]
    here = np.arange(count)
    at = live[..., np.newaxis, :] & (tenors[..., np.newaxis, :] <= tau[:, np.newaxis])
    after = live[..., np.newaxis, :] & ~at
    left = np.where(at, here, -1).max(axis=-1, initial=-1)
    right = np.where(after, here, count).min(axis=-1, initial=count)
    exact = (at & (tenors[..., np.newaxis, :] == tau[:, np.newaxis])).any(axis=-1)
    outside = ((left < 0) | (right == count)) & ~exact
    right = np.where(exact, left, right)
    if extrapolate == "linear":
        # the two first or the two last
        second = np.where(after & (here != right[..., np.newaxis]), here, count).min(axis=-1, initial=count)
        before = np.where(at & (here != left[..., np.newaxis]), here, -1).max(axis=-1, initial=-1)
        low, high = left, right
        left = np.where(low < 0, high, np.where(high == count, before, low))
        right = np.where(low < 0, second, np.where(high == count, low, high))
    else:
        left, right = np.where(left < 0, right, left), np.where(right == count, left, right)
    return np.clip(left, 0, count - 1), np.clip(right, 0, count - 1), outside


def _between(value: Any, tenors: Any, tau: Any, left: Any, right: Any, method: str) -> Any:
    """The basis on the line through two contracts, or that of one."""
    first_value, last_value = (np.take_along_axis(value, side, axis=-1) for side in (left, right))
    begin, end = (np.take_along_axis(tenors, side, axis=-1) for side in (left, right))
    span = np.where(end > begin, end - begin, 1.0)
    share = np.where(left == right, 0.0, (tau - begin) / span)
    return _basis(first_value + share * (last_value - first_value), tau, method)
