"""European options: price and every Greek in one pass, binaries, and the volatility that a price implies.

Units: ``expiry`` in years; ``vol``, ``rate``, ``dividend`` per year, continuously compounded. Vega is per 1.00 of vol,
rho per 1.00 of rate; theta, charm, color and veta are per year of calendar time (dV/dt = -dV/dT).

With ``forward=`` in place of the spot the formula is Black's of 1976: the derivatives in the spot are those in the
forward, ``rate`` discounts only, and rho is that of the discount.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import call, choice
from shortgamma._core.greeks import MEANINGS, Greeks, greeks_of
from shortgamma._core.lazy import publish
from shortgamma._core.results import Result
from shortgamma._core.words import OPTIONS, Words

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Literal, TypeVar

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats, Names, OptionKind

    Function = TypeVar("Function", bound=Callable[..., Any])


__all__ = [
    "NormalGreeks",
    "VanillaGreeks",
    "binary_greeks",
    "binary_price",
    "charm",
    "color",
    "delta",
    "gamma",
    "greeks",
    "implied_vol",
    "normal_greeks",
    "normal_implied_vol",
    "normal_price",
    "price",
    "rho",
    "rho_dividend",
    "speed",
    "theta",
    "vanna",
    "vega",
    "veta",
    "volga",
    "zomma",
]

PAYOFFS = Words({"cash": 0, "asset": 8})
_CODES = {name: np.int8(code) for name, code in OPTIONS.items()}
UFUNCS = ("vanilla_price", "vanilla_first_order", "vanilla_second_order")
BINARY_UFUNCS = ("vanilla_binary", "vanilla_binary_first_order", "vanilla_binary_second_order")
NAMES = ("spot", "strike", "vol", "expiry", "rate", "dividend")
BINARY_NAMES = (*NAMES, "amount")
FORWARD_NAMES = ("forward", "strike", "vol", "expiry", "rate", "rate")


class VanillaGreeks(Greeks):
    """Price and derivatives of a European option; the last seven are None at order 1.

    {greeks}
    """


class NormalGreeks(Result):
    """Price and derivatives of an option on a forward whose changes are normal.

    Attributes
    ----------
    price : ndarray or float
        Price V.
    delta, gamma : ndarray or float
        dV/dF and d2V/dF2.
    vega : ndarray or float
        dV/dvol, per 1.00 of price per square root of a year.
    theta : ndarray or float
        dV/dt, per year of calendar time.
    rho : ndarray or float
        dV/drate, per 1.00 of rate.
    vanna, volga, charm : ndarray or float
        d2V/dF dvol, d2V/dvol2 and d2V/dF dt.
    """

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats
    vanna: Floats
    volga: Floats
    charm: Floats


def price(
    spot: ArrayLike | None, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, option: OptionKind | Names,
    rate: ArrayLike = 0.0, dividend: ArrayLike | None = None, forward: ArrayLike | None = None, out: Any = None,
) -> Any:  # fmt: skip
    """Price of European options, after Black, Scholes and Merton or, for a forward, after Black.

    Parameters
    ----------
    {spot [or forward], strike [option], vol, expiry, option [required], rate}
    dividend : array_like, default 0.0
        Dividend yield (or borrowing cost, or the coin's own rate) per year, continuously compounded; not together
        with ``forward``.
    forward : array_like, optional
        Price of the forward or future for the date of expiry, > 0, in place of ``spot``.
    {out}

    {returns [prices]}

    {raises [underlying]}

    See Also
    --------
    greeks : Price and derivatives in one pass.
    implied_vol : The volatility that a price implies.

    Notes
    -----
    An option out of the money has full relative precision: nothing cancels down to 1e-300. With no time or no
    volatility left the price is the discounted payoff of the forward. Formulas: Merton, Theory of rational option
    pricing, Bell Journal of Economics 4, 1973; Black, The pricing of commodity contracts, Journal of Financial
    Economics 3, 1976.

    Examples
    --------
    A put of Haug, *The Complete Guide to Option Pricing Formulas*, 2nd ed., 2007, p. 4, and a call on a future:

    >>> import shortgamma as sg
    >>> value = sg.vanilla.price(100.0, 95.0, vol=0.2, expiry=0.5, option="put", rate=0.1, dividend=0.05)
    >>> round(float(value), 4)
    2.4648
    >>> value = sg.vanilla.price(None, 19.0, forward=19.0, vol=0.28, expiry=0.75, option="call", rate=0.1)
    >>> round(float(value), 4)
    1.7011
    """
    spot, dividend, _ = _underlying(spot, rate, dividend, forward)
    values = (spot, strike, vol, expiry, rate, dividend, _code(option))
    return call(dispatch.vanilla.vanilla_price, _names(forward), values, out)


def greeks(
    spot: ArrayLike | None, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, option: OptionKind | Names,
    rate: ArrayLike = 0.0, dividend: ArrayLike | None = None, forward: ArrayLike | None = None,
    order: Literal[1, 2] = 1, out: Any = None,
) -> VanillaGreeks:  # fmt: skip
    """Price and analytic Greeks of European options, in one pass.

    Parameters
    ----------
    {spot [or forward], strike [option], vol, expiry, option [required], rate, dividend [or forward]}
    forward : array_like, optional
        Price of the forward for the date of expiry, > 0, in place of ``spot``: the derivatives in the spot are
        then those in the forward, rho is that of the discount, and rho_dividend is 0.
    {order}
    out : VanillaGreeks or tuple of ndarray, optional
        Where the results go: an earlier result of the same shape and order.

    {returns [vanilla greeks]}

    Raises
    ------
    ValueError
        If ``option`` or ``order`` is unknown, ``spot`` and ``forward`` are both given or both missing, ``dividend`` is
        given with ``forward``, shapes do not broadcast, or ``out`` has the wrong length.
    {TypeError}

    See Also
    --------
    price : The price alone.
    shortgamma.barrier.greeks : The same for options with a barrier.

    Notes
    -----
    All derivatives are analytic. Theta, charm, color and veta follow from the Black-Scholes equation. With no time or
    no volatility left they are those of the payoff, at the strike those of its worthless side.

    Examples
    --------
    >>> import shortgamma as sg
    >>> market = {"vol": 0.6, "expiry": 0.25, "rate": 0.04, "dividend": 0.0025}
    >>> greeks = sg.vanilla.greeks(100.0, 100.0, **market, option="call", order=2)
    >>> round(float(greeks.delta), 12), round(float(greeks.vanna), 12)
    (0.571556990157, 0.077622454871)
    """
    spot, dividend, of_forward = _underlying(spot, rate, dividend, forward)
    values = (spot, strike, vol, expiry, rate, dividend, _code(option))
    results = greeks_of(VanillaGreeks, dispatch.vanilla, UFUNCS, order, _names(forward), values, out)
    return _of_forward(results, expiry) if of_forward else results


def _of_forward(results: VanillaGreeks, expiry: Any) -> VanillaGreeks:
    """The rate only discounts; the loop has moved it with the dividend held still."""
    rho: Any = results.rho
    none = results.rho_dividend
    if isinstance(rho, np.ndarray):
        np.multiply(results.price, np.negative(expiry), out=rho)
        none *= 0.0
        return results
    return results._replace(rho=-expiry * results.price, rho_dividend=none * 0.0)


def binary_price(
    spot: ArrayLike | None, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, option: OptionKind | Names,
    payoff: Any, rate: ArrayLike = 0.0, dividend: ArrayLike | None = None, forward: ArrayLike | None = None,
    amount: ArrayLike = 1.0, out: Any = None,
) -> Any:  # fmt: skip
    """Price of binary options: cash or the asset at expiry, if they end in the money.

    Parameters
    ----------
    {spot [or forward], strike [option], vol, expiry, option [payoff], payoff, rate, dividend [or forward], forward}
    {amount [binary], out}

    {returns [prices]}

    Raises
    ------
    ValueError
        If ``option`` or ``payoff`` is unknown (with the first bad index), ``spot`` and ``forward`` are both given or
        both missing, ``dividend`` is given with ``forward``, or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    binary_greeks : Price and derivatives in one pass.
    shortgamma.barrier.binary_price : Binaries with a barrier.

    Notes
    -----
    An option is an asset-or-nothing option less ``strike`` cash-or-nothing options. Formulas: Reiner and Rubinstein,
    "Unscrambling the binary code", Risk 4(9), 1991.

    Examples
    --------
    A put of Haug, 2007, p. 174, that pays 10, and its twin in the asset:

    >>> import shortgamma as sg
    >>> value = sg.vanilla.binary_price(
    ...     None, 80.0, forward=100.0, vol=0.35, expiry=0.75, option="put", payoff="cash", rate=0.06, amount=10.0)
    >>> round(float(value), 4)
    2.671
    >>> value = sg.vanilla.binary_price(
    ...     70.0, 65.0, vol=0.27, expiry=0.5, option="put", payoff="asset", rate=0.07, dividend=0.05)
    >>> round(float(value), 4)
    20.2069
    """
    spot, dividend, _ = _underlying(spot, rate, dividend, forward)
    values = (spot, strike, vol, expiry, rate, dividend, amount, _binary_code(option, payoff))
    return call(dispatch.vanilla.vanilla_binary_price, (*_names(forward), "amount"), values, out)


def binary_greeks(
    spot: ArrayLike | None, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, option: OptionKind | Names,
    payoff: Any, rate: ArrayLike = 0.0, dividend: ArrayLike | None = None, forward: ArrayLike | None = None,
    amount: ArrayLike = 1.0, order: Literal[1, 2] = 1, out: Any = None,
) -> VanillaGreeks:  # fmt: skip
    """Price and analytic Greeks of binary options, in one pass.

    Parameters
    ----------
    {spot [or forward], strike [option], vol, expiry, option [payoff], payoff, rate, dividend [or forward]}
    forward : array_like, optional
        Price of the forward for the date of expiry, > 0, in place of ``spot``, as in ``greeks``.
    {amount [binary], order}
    out : VanillaGreeks or tuple of ndarray, optional
        Where the results go.

    {returns [vanilla greeks]}

    Raises
    ------
    ValueError
        As for ``binary_price``, or if ``order`` is unknown or ``out`` has the wrong length.
    {TypeError}

    See Also
    --------
    binary_price : The price alone.

    Examples
    --------
    The gamma of a digital changes sign at its strike:

    >>> import shortgamma as sg
    >>> digital = sg.vanilla.binary_greeks([95.0, 105.0], 100.0, vol=0.2, expiry=0.1, option="call", payoff="cash")
    >>> [bool(gamma > 0) for gamma in digital.gamma]
    [True, False]
    """
    spot, dividend, of_forward = _underlying(spot, rate, dividend, forward)
    values = (spot, strike, vol, expiry, rate, dividend, amount, _binary_code(option, payoff))
    names = (*_names(forward), "amount")
    results = greeks_of(VanillaGreeks, dispatch.vanilla, BINARY_UFUNCS, order, names, values, out)
    return _of_forward(results, expiry) if of_forward else results


def implied_vol(
    value: ArrayLike, spot: ArrayLike | None, strike: ArrayLike, *, expiry: ArrayLike, option: OptionKind | Names,
    rate: ArrayLike = 0.0, dividend: ArrayLike | None = None, forward: ArrayLike | None = None, out: Any = None,
) -> Any:  # fmt: skip
    """Implied volatility of a European option, to the last digits that its price determines.

    Parameters
    ----------
    value : array_like
        Price of the option, in the currency of the strike.
    {spot [or forward], strike [option], expiry [positive], option [required], rate, dividend [or forward], forward}
    {out}

    Returns
    -------
    ndarray or float
        Volatilities per year, in the shape that all inputs broadcast to. 0 for the price without volatility, within
        the rounding of the discounted amounts. NaN, with the invalid flag, where no volatility gives the price: below
        this value, at or above the discounted spot of a call or strike of a put, or with no time left.

    {raises [underlying]}

    See Also
    --------
    price : Price from a volatility.
    normal_implied_vol : The same in Bachelier's model.

    Notes
    -----
    Two or three of Householder's steps of fourth order on the functions of Jaeckel, "Let's be rational", Wilmott 75,
    2015, from an approximation good to a few per cent, and a last step in which the price is evaluated to more than
    double precision. The result is within two units in its last place, or within what two units in the last place of
    the price make of it: a price deep in the money determines few digits of its volatility.

    Examples
    --------
    >>> import shortgamma as sg
    >>> value = sg.vanilla.price(100.0, [50.0, 100.0, 200.0], vol=0.8, expiry=0.1, option="call")
    >>> sg.vanilla.implied_vol(value, 100.0, [50.0, 100.0, 200.0], expiry=0.1, option="call").round(12)
    array([0.8, 0.8, 0.8])
    """
    spot, dividend, _ = _underlying(spot, rate, dividend, forward)
    values = (value, spot, strike, expiry, rate, dividend, _code(option))
    names = ("value", "spot" if forward is None else "forward", "strike", "expiry", "rate", "dividend")
    return call(dispatch.vanilla.vanilla_implied_vol, names, values, out)


def normal_price(
    forward: ArrayLike, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, option: OptionKind | Names,
    rate: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Price of options on a forward whose changes are normal, after Bachelier.

    Parameters
    ----------
    {forward, strike}
    vol : array_like
        Standard deviation of the forward per square root of a year, in units of price, >= 0.
    {expiry, option [required], rate, out}

    {returns [prices]}

    {raises [option]}

    See Also
    --------
    normal_implied_vol : Volatility from a price.

    Notes
    -----
    A call is worth exp(-r T) [(F - K) N(d) + s phi(d)], d = (F - K)/s, s = vol sqrt(T).

    Examples
    --------
    >>> import shortgamma as sg
    >>> value = sg.vanilla.normal_price([-1.0, 0.0, 1.0], 0.0, vol=2.0, expiry=0.25, option="call")
    >>> value.round(6)
    array([0.083315, 0.398942, 1.083315])
    """
    values = (forward, strike, vol, expiry, rate, _code(option))
    return call(dispatch.vanilla.vanilla_normal_price, ("forward", "strike", "vol", "expiry", "rate"), values, out)


def normal_greeks(
    forward: ArrayLike, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, option: OptionKind | Names,
    rate: ArrayLike = 0.0, out: Any = None,
) -> NormalGreeks:  # fmt: skip
    """Price and analytic Greeks of options on a forward whose changes are normal, in one pass.

    Parameters
    ----------
    {forward, strike}
    vol : array_like
        Standard deviation of the forward per square root of a year, in units of price, >= 0.
    {expiry, option [required], rate}
    out : NormalGreeks or tuple of ndarray, optional
        Where the results go.

    Returns
    -------
    NormalGreeks
        Named tuple of arrays in the shape that all inputs broadcast to. NaN, with the invalid flag, for numbers out of
        their domain.

    {raises [option]}

    See Also
    --------
    normal_price : The price alone.
    normal_implied_vol : The way back.

    Notes
    -----
    Delta is that of the forward, discounted. With no time or no volatility left the option is its payoff.

    Examples
    --------
    At the money a call and a put have deltas of a half:

    >>> import shortgamma as sg
    >>> call, put = sg.vanilla.normal_greeks(5.0, 5.0, vol=2.0, expiry=1.0, option=["call", "put"]).delta
    >>> float(call), float(put)
    (0.5, -0.5)
    """
    values = (forward, strike, vol, expiry, rate, _code(option))
    names = ("forward", "strike", "vol", "expiry", "rate")
    return NormalGreeks(*call(dispatch.vanilla.vanilla_normal_greeks, names, values, out))


def normal_implied_vol(
    value: ArrayLike, forward: ArrayLike, strike: ArrayLike, *, expiry: ArrayLike, option: OptionKind | Names,
    rate: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Volatility at which an option has a price in Bachelier's model.

    Parameters
    ----------
    value : array_like
        Price of the option.
    {forward, strike, expiry [positive], option [required], rate, out}

    Returns
    -------
    ndarray or float
        Standard deviations of the forward per square root of a year, in units of price. 0 for the price without
        volatility; NaN, with the invalid flag, for a price below this or with no time left.

    {raises [option]}

    See Also
    --------
    normal_price : Price from a volatility.

    Examples
    --------
    >>> import shortgamma as sg
    >>> float(sg.vanilla.normal_implied_vol(1.0, 5.0, 5.0, expiry=1.0, option="put"))  # sqrt(2 pi)
    2.5066282746310007
    """
    values = (value, forward, strike, expiry, rate, _code(option))
    names = ("value", "forward", "strike", "expiry", "rate")
    return call(dispatch.vanilla.vanilla_normal_implied_vol, names, values, out)


def _code(option: Any) -> Any:
    try:
        return _CODES[option]
    except (KeyError, TypeError):
        return np.asarray(choice("option", option, OPTIONS)).astype(np.int8)


def _binary_code(option: Any, payoff: Any) -> Any:
    return np.add(choice("option", option, OPTIONS), choice("payoff", payoff, PAYOFFS)).astype(np.int8)


def _names(forward: Any) -> tuple[str, ...]:
    return NAMES if forward is None else FORWARD_NAMES


def _underlying(spot: Any, rate: Any, dividend: Any, forward: Any) -> tuple[Any, Any, bool]:
    """Spot and dividend of the loop: a forward is a spot that yields the rate."""
    if forward is None:
        if spot is None:
            raise ValueError("give spot, or None and forward=")
        return spot, 0.0 if dividend is None else dividend, False
    if spot is not None:
        raise ValueError("give either spot or forward: with forward= the first argument is None")
    if dividend is not None:
        raise ValueError("dividend is part of the forward: leave it out where forward is given")
    return forward, rate, True


def _greek(name: str, like: Function) -> Function:
    """The function of one Greek, whose signature is that of ``like``."""

    def derivative(
        spot: ArrayLike | None, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, option: OptionKind | Names,
        rate: ArrayLike = 0.0, dividend: ArrayLike | None = None, forward: ArrayLike | None = None, out: Any = None,
    ) -> Any:  # fmt: skip
        spot, dividend, of_forward = _underlying(spot, rate, dividend, forward)
        values = (spot, strike, vol, expiry, rate, dividend, _code(option))
        if of_forward and name in ("rho", "rho_dividend"):
            value = call(dispatch.vanilla.vanilla_price, _names(forward), values, out)
            return np.multiply(value, np.negative(expiry) if name == "rho" else 0.0, out=out)
        return call(getattr(dispatch.vanilla, f"vanilla_{name}"), _names(forward), values, out)

    derivative.__name__ = derivative.__qualname__ = name
    derivative.__doc__ = f"""{MEANINGS[name]}, alone; ``greeks`` gives it together with the others.

    Parameters
    ----------
    spot, strike, vol, expiry, option, rate, dividend, forward, out
        As for ``price``.

    {{returns [derivative]}}

    {{see also [greeks]}}

    Examples
    --------
    >>> import shortgamma as sg
    >>> options = {{"vol": 0.3, "expiry": 1.0, "option": "call"}}
    >>> every = sg.vanilla.greeks([90.0, 110.0], 100.0, **options, order=2)
    >>> bool((sg.vanilla.{name}([90.0, 110.0], 100.0, **options) == every.{name}).all())
    True
    """
    return cast("Function", derivative)


delta, gamma, vega, theta, rho, rho_dividend, vanna, volga, charm, speed, zomma, color, veta = (
    _greek(name, price) for name in MEANINGS
)

publish(globals())
