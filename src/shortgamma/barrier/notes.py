"""Structured notes with a knock-in put inside: reverse convertibles and autocallables."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import vecmath
from shortgamma._core import dispatch
from shortgamma._core.checks import choice, number
from shortgamma._core.results import Result
from shortgamma.barrier.discrete import DiscreteGreeks
from shortgamma.barrier.single import greeks

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats

WATCH = {"always": 0, "observations": 1, "expiry": 2}
NODES = 24


class NoteGreeks(Result):
    """Price and first derivatives of a note.

    Attributes
    ----------
    price : ndarray or float
        Value of the note, in money per nominal.
    delta : ndarray or float
        dV/dS
    gamma : ndarray or float
        d2V/dS2
    vega : ndarray or float
        dV/dvol, per 1.00 of vol
    theta : ndarray or float
        dV/dt, per year of calendar time
    rho : ndarray or float
        dV/drate, per 1.00 of rate
    """

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats


def reverse_convertible(
    spot: ArrayLike,
    strike: ArrayLike,
    barrier: ArrayLike,
    *,
    vol: ArrayLike,
    expiry: ArrayLike,
    coupon: ArrayLike = 0.0,
    payments: int = 1,
    nominal: ArrayLike = 100.0,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    monitoring: ArrayLike | None = None,
) -> NoteGreeks:
    """Price and Greeks of reverse convertibles: a bond, its coupons, and a knock-in put sold.

    Parameters
    ----------
    spot, strike, barrier : array_like
        Prices > 0; the strike is the price at which the nominal turns into units of the asset, often that at issue.
    vol : array_like
        Volatility per year, 0.2 for 20 %, >= 0.
    expiry : array_like
        Time to expiry in years, >= 0.
    coupon : array_like, default 0.0
        Paid for certain, per year, as a fraction of the nominal: 0.1 for 10 %.
    payments : int, default 1
        Number of equal coupon payments left, equally spaced, the last one at expiry.
    nominal : array_like, default 100.0
        Paid back at expiry, or nominal / strike units of the asset if the barrier was hit and the price is below the
        strike.
    rate, dividend : array_like, default 0.0
        Interest rate and dividend yield per year, continuously compounded.
    monitoring : int or array of int, optional
        The number of dates on which the barrier is watched, as for ``price``; by default it always is.

    Returns
    -------
    NoteGreeks
        Named tuple of arrays in the shape that all inputs broadcast to.

    Raises
    ------
    ValueError
        If ``payments`` or ``monitoring`` is no whole number >= 1, or shapes do not broadcast.
    TypeError
        If an input is not numeric.

    See Also
    --------
    autocallable : Redeemed early where the price is high.

    Notes
    -----
    nominal e^(-rT) + coupons - nominal / strike down-and-in puts. Whoever sells the note and hedges it owns that put,
    and near the barrier must hold more than one unit of the asset for each in the nominal.

    Examples
    --------
    Within two per cent of its barrier, a month before expiry, a note of one unit of the asset moves by nearly five:

    >>> import shortgamma as sg
    >>> note = sg.barrier.reverse_convertible(61.2, 100.0, 60.0, vol=0.35, expiry=1 / 12, coupon=0.1, rate=0.03)
    >>> round(float(note.delta), 2)
    4.91
    """
    count = _whole("payments", payments)
    r, t, amount, fraction = (
        number(*pair).astype(float)
        for pair in (("rate", rate), ("expiry", expiry), ("nominal", nominal), ("coupon", coupon))
    )
    put = greeks(
        spot,
        strike,
        barrier,
        vol=vol,
        expiry=expiry,
        rate=rate,
        dividend=dividend,
        monitoring=monitoring,
        kind="down-in",
        option="put",
    )
    bond = amount * np.exp(-r * t)
    bond_rho = -t * bond
    for i in range(1, count + 1):
        moment = t * (i / count)
        paid = amount * fraction * (t / count) * np.exp(-r * moment)
        bond, bond_rho = bond + paid, bond_rho - moment * paid
    units = amount / number("strike", strike)
    return NoteGreeks(
        bond - units * put.price,
        -units * put.delta,
        -units * put.gamma,
        -units * put.vega,
        r * bond - units * put.theta,
        bond_rho - units * put.rho,
    )


def autocallable(
    spot: ArrayLike,
    strike: float,
    barrier: float,
    *,
    vol: float,
    expiry: float,
    call_level: float,
    observations: int,
    bonus: float = 0.0,
    coupon: float = 0.0,
    coupon_level: float | None = None,
    nominal: float = 100.0,
    rate: float = 0.0,
    dividend: float = 0.0,
    watch: str = "always",
    monitoring: int | None = None,
) -> DiscreteGreeks:
    """Exact price, delta, gamma and theta of an autocallable note with a knock-in put.

    Parameters
    ----------
    spot : array_like
        Prices > 0 at which the note is valued; the recursion is done once for all of them.
    strike : float
        The price below which the holder loses at expiry, if the barrier was hit.
    barrier : float
        Knock-in barrier of the put, below the call level.
    vol : float
        Volatility per year, > 0.
    expiry : float
        Time to expiry in years, > 0.
    call_level : float
        The note is redeemed on the first observation at or above this price.
    observations : int
        Number of observations, equally spaced, the first ``expiry / observations`` from now and the last at expiry.
    bonus : float, default 0.0
        Paid on a call at the i-th observation: i times this fraction of the nominal (a snowball).
    coupon : float, default 0.0
        Paid at each observation at or above ``coupon_level``, as a fraction of the nominal (a phoenix).
    coupon_level : float, optional
        At most ``call_level``, which it is by default.
    nominal : float, default 100.0
        Paid back on a call and at expiry; nominal / strike units of the asset if the barrier was hit and the price is
        below the strike at expiry.
    rate, dividend : float, default 0.0
        Interest rate and dividend yield per year, continuously compounded.
    watch : {"always", "observations", "expiry"}
        When the barrier is watched.
    monitoring : int, optional
        With ``watch="always"``: the number of dates, over the whole time, on which it really is watched; the barrier is
        moved as in ``price``.

    Returns
    -------
    DiscreteGreeks
        Named tuple of price, delta, gamma and theta in the shape of ``spot``.

    Raises
    ------
    ValueError
        If a number is out of its domain, or ``watch`` is unknown.
    TypeError
        If an input is not numeric.

    See Also
    --------
    reverse_convertible : Never redeemed early.

    Notes
    -----
    Two values are carried back from observation to observation by Gauss-Legendre panels: that of a note already knocked
    in, and what a note that is not is worth beyond it. Between two observations the second lives under the density
    killed at the barrier, phi(z) (1 - exp(-2 (x - h)(y - h)/s^2)). Exact to some 1e-12 of the nominal.

    Examples
    --------
    A yearly autocallable on three years:

    >>> import shortgamma as sg
    >>> note = sg.barrier.autocallable(
    ...     100.0, 100.0, 60.0, vol=0.25, expiry=3.0, call_level=100.0, observations=3, bonus=0.08,
    ...     rate=0.03, dividend=0.01,
    ... )
    >>> round(float(note.price), 3)
    93.336
    """
    n = _whole("observations", observations)
    given = {"strike": strike, "barrier": barrier, "vol": vol, "expiry": expiry, "call_level": call_level}
    given |= {"nominal": nominal} | ({} if coupon_level is None else {"coupon_level": coupon_level})
    for name, value in given.items():
        _positive(name, value)
    for name, value in {"bonus": bonus, "coupon": coupon, "rate": rate, "dividend": dividend}.items():
        _finite(name, value)
    level = call_level if coupon_level is None else coupon_level
    if level > call_level:
        raise ValueError(f"coupon_level must be <= call_level, got {level!r} > {call_level!r}")
    if barrier >= call_level:
        raise ValueError(f"barrier must be < call_level, got {barrier!r} >= {call_level!r}")
    mode = choice("watch", watch, WATCH)
    if monitoring is not None:
        barrier = float(
            dispatch.barrier.shifted.shifted_barrier(barrier, vol, expiry, _whole("monitoring", monitoring), np.int8(0))
        )

    now = number("spot", spot).astype(float)
    x = np.log(now).ravel()
    step = expiry / n
    s, m = vol * math.sqrt(step), (rate - dividend - 0.5 * vol * vol) * step
    h, k, p, c = (math.log(value) for value in (barrier, strike, level, call_level))
    cdf = vecmath.normal_cdf

    seen = x[np.isfinite(x)]
    lowest = min(h, k, c, float(seen.min()) if seen.size else c)
    lowest -= 9.5 * vol * math.sqrt(expiry) + (abs(rate - dividend) + vol * vol) * expiry
    y, weight = _panels([lowest, *(cut for cut in (h, k) if cut < c), c], 2.0 * s)
    discount = math.exp(-rate * step)
    paid = coupon * nominal

    def sure(points: Any, i: int) -> Any:
        """What the i-th observation pays: a redemption, or a coupon alone."""
        above, at_coupon = (points + m - c) / s, (points + m - p) / s
        redeemed = nominal * (1.0 + bonus * i)
        return redeemed, paid, above, at_coupon

    def expectation(points: Any, i: int) -> Any:
        redeemed, extra, above, at_coupon = sure(points, i)
        return redeemed * cdf(above) + extra * cdf(at_coupon)

    living = y > h if mode != 2 else np.full(y.shape, True)
    inside, inside_weight = y[living], weight[living]
    z = (y[None, :] - y[:, None] - m) / s
    free = discount / s * vecmath.normal_pdf(z) * weight
    killed = free[np.ix_(living, living)]
    if mode == 0:
        killed = killed * -np.expm1(-2.0 / s**2 * (inside[None, :] - h) * (inside[:, None] - h))
    # at expiry: what a note knocked in pays below the call level, and what one that is not pays more
    down = nominal * np.minimum(1.0, np.exp(y - k))
    more = np.where(inside > h, nominal - down[living], 0.0)
    for i in range(n - 1, 0, -1):
        down = discount * expectation(y, i + 1) + free @ down
        more = killed @ more

    with np.errstate(invalid="ignore"):
        v, v_x, v_xx = _last(x, y, weight * down, m, s)
        redeemed, extra, above, at_coupon = sure(x, 1)
        for amount, place in ((redeemed, above), (extra, at_coupon)):
            density = vecmath.normal_pdf(place)
            v, v_x, v_xx = v + amount * cdf(place), v_x + amount * density / s, v_xx - amount * density * place / s**2
        alive = (x > h) | (mode != 0)
        w, w_x, w_xx = _last(np.where(alive, x, h), inside, inside_weight * more, m, s, h if mode == 0 else None)
        v, v_x, v_xx = (discount * (a + np.where(alive, b, 0.0)) for a, b in ((v, w), (v_x, w_x), (v_xx, w_xx)))
        # a spot that is no price has given NaN and its flag already
        spots = np.exp(x)
        delta, gamma = v_x / spots, (v_xx - v_x) / spots**2
        theta = rate * v - (rate - dividend) * v_x - 0.5 * vol * vol * (v_xx - v_x)
    return DiscreteGreeks(*(array.reshape(now.shape)[()] for array in (v, delta, gamma, theta)))


def _panels(cuts: list[float], width: float) -> tuple[Any, Any]:
    points, weights = np.polynomial.legendre.leggauss(NODES)
    cuts = sorted(set(cuts))
    edges = [np.linspace(a, b, max(1, math.ceil((b - a) / width)) + 1) for a, b in itertools.pairwise(cuts)]
    low = np.concatenate([e[:-1] for e in edges])
    half = 0.5 * (np.concatenate([e[1:] for e in edges]) - low)
    return (low[:, None] + half[:, None] * (1.0 + points)).ravel(), (half[:, None] * weights).ravel()


def _last(x: Any, y: Any, values: Any, m: float, s: float, barrier: float | None = None) -> tuple[Any, Any, Any]:
    """Integral of the weighted values against the density of one step from x, and its two derivatives in x."""
    z = (y[None, :] - x[:, None] - m) / s
    f = vecmath.normal_pdf(z) / s
    f_x, f_xx = f * z / s, f * (z * z - 1.0) / s**2
    if barrier is not None:
        slope = 2.0 / s**2 * (y[None, :] - barrier)
        hit = np.exp(-slope * (x[:, None] - barrier))
        missed = -np.expm1(-slope * (x[:, None] - barrier))
        f, f_x, f_xx = (
            f * missed,
            f_x * missed + f * slope * hit,
            f_xx * missed + 2.0 * f_x * slope * hit - f * slope * slope * hit,
        )
    return f @ values, f_x @ values, f_xx @ values


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be a whole number >= 1, got {value!r}")
    return int(value)


def _finite(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if not math.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")


def _positive(name: str, value: Any) -> None:
    _finite(name, value)
    if value <= 0:
        raise ValueError(f"{name} must be a finite number > 0, got {value!r}")
