"""Positions, the spots at which gamma changes sign, and what a move makes hedgers trade."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core.checks import choice, first, number, place, refuse_where
from shortgamma._core.results import Result
from shortgamma._core.words import OPTIONS
from shortgamma.dealer._options import check_moves, one_level, options_of
from shortgamma.dealer.profile import exposures_at

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats
    from shortgamma.dealer._options import Options
    from shortgamma.io import Chain

# how many levels are scanned for a change of sign, and how a bracket is narrowed: so many parts, so many times
SCAN = 481
PARTS = 16
ROUNDS = 11


def position(open_interest: ArrayLike, option: Any, *, calls: float, puts: float) -> Floats:
    """Quantities of dealers from open interest, under an assumption about who is long.

    Parameters
    ----------
    open_interest : array_like
        Contracts, >= 0; NaN counts as none.
    option : {"call", "put"} or array of these
        What each contract is.
    calls, puts : float
        The dealers' share of the open calls and puts, from -1 (they sold them all) to 1 (they own them all). There is
        no default, because the sign of the result depends on it.

    Returns
    -------
    ndarray of float64
        Contracts, > 0 where dealers are long.

    Raises
    ------
    ValueError
        If a share is not between -1 and 1, an open interest is negative, or ``option`` is unknown.
    {TypeError}

    Notes
    -----
    The usual assumptions: ``calls=1, puts=-1``, customers sell calls and buy puts (SqueezeMetrics, "Gamma exposure",
    2017); ``calls=-1, puts=-1``, customers buy all options; ``calls=0, puts=-1``, puts alone.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.dealer.position([10.0, 20.0], ["call", "put"], calls=1, puts=-1)
    array([ 10., -20.])
    """
    contracts = number("open_interest", open_interest).astype(np.float64, copy=False)
    with np.errstate(invalid="ignore"):
        refuse_where(contracts < 0.0, "open_interest", contracts, ">= 0")
    for name, share in (("calls", calls), ("puts", puts)):
        value = number(name, share)
        if value.ndim or not -1.0 <= float(value) <= 1.0:
            raise ValueError(f"{name} must be a number from -1 (dealers short) to 1 (dealers long), got {share!r}")
    code = np.asarray(choice("option", option, OPTIONS))
    quantity: Floats = np.nan_to_num(contracts, nan=0.0) * np.where(code == 0, float(calls), float(puts))
    return quantity + 0.0


def chain_book(chain: Chain, *, calls: float, puts: float, rate: float = 0.0, dividend: float = 0.0) -> dict[str, Any]:
    """Arguments of the functions of this family for an option chain, under an assumption about who is long.

    Parameters
    ----------
    chain : Chain
        A chain as ``shortgamma.io.read_chain`` gives it.
    calls, puts : float
        The dealers' share of the open calls and puts, from -1 to 1, as in ``position``.
    rate, dividend : float, default 0.0
        Interest rate and dividend yield per year, continuously compounded; not for a chain with forwards.

    Returns
    -------
    dict
        ``strike``, ``vol``, ``expiry``, ``quantity``, ``option``, ``multiplier``, ``drop_expired=True``, and
        ``forward`` or else ``rate`` and ``dividend``: for ``exposure``, ``flips`` and ``hedge_flow`` beside
        ``chain.spot``, and for ``profile``, which with forwards needs ``spot=chain.spot`` too.

    Raises
    ------
    ValueError
        If a share is not between -1 and 1, or rates are given for a chain with forwards.
    TypeError
        If ``chain`` is not one.

    See Also
    --------
    position : The quantities alone.

    Examples
    --------
    >>> import io
    >>> import shortgamma as sg
    >>> table = "strike,expiry,option_type,open_interest,iv\\n100,2026-03-27,call,50,0.4\\n90,2026-03-27,put,80,0.5\\n"
    >>> chain = sg.io.read_chain(io.StringIO(table), time="2026-02-27", spot=98.0)
    >>> book = sg.dealer.chain_book(chain, calls=1, puts=-1)
    >>> book["quantity"], sg.dealer.exposure(chain.spot, **book).gamma_percent < 0.0
    (array([ 50., -80.]), True)
    """
    names = ("strike", "vol", "expiry", "option")
    if not all(hasattr(chain, name) for name in (*names, "open_interest", "forward", "multiplier")):
        raise TypeError(f"chain must be a Chain, as shortgamma.io.read_chain gives it, got {type(chain).__name__}")
    book = {name: getattr(chain, name) for name in names}
    book |= {"multiplier": chain.multiplier, "drop_expired": True}
    book["quantity"] = position(chain.open_interest, chain.option, calls=calls, puts=puts)
    if chain.forward is None:
        return {**book, "rate": rate, "dividend": dividend}
    if rate or dividend:
        raise ValueError("rate and dividend are part of the chain's forwards: leave them out")
    return {**book, "forward": chain.forward}


class Flips(Result):
    """Spots at which the gamma of a book is zero, ascending.

    Attributes
    ----------
    spots : ndarray
        The flips.
    below : ndarray
        The sign of the gamma below each of them.
    spot : float
        The spot now.
    """

    spots: Floats
    below: Floats
    spot: float

    @property
    def nearest(self) -> float | None:
        """The flip nearest the spot, in proportion; None if there is none."""
        if not self.spots.size:
            return None
        return float(self.spots[np.argmin(np.abs(np.log(self.spots / self.spot)))])


def flips(
    spot: float, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, quantity: ArrayLike, option: Any,
    multiplier: ArrayLike = 1.0, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, forward: ArrayLike | None = None,
    moves: Literal["proportional", "parallel"] = "proportional", low: float | None = None, high: float | None = None,
    drop_expired: bool = False,
) -> Flips:  # fmt: skip
    """All spots at which the gamma of a book changes sign, with the Greeks recomputed at each.

    Parameters
    ----------
    {spot [single]}
    strike, vol, expiry, quantity, option, multiplier, rate, dividend, forward, drop_expired
        As for ``exposure``.
    {moves [see profile]}
    low, high : float, optional
        Range to search, by default from half the spot to twice the spot.

    Returns
    -------
    Flips
        The spots, ascending, and the sign of the gamma below each. Empty where there is none.

    Raises
    ------
    ValueError
        If ``low`` is not below ``high``, an option has expired, or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    profile : The gamma at many spots.

    Notes
    -----
    481 levels, equally spaced in the logarithm, are scanned for a change of sign, and each bracket is narrowed down to
    rounding. Two flips closer together than a third of a per cent (of a range of four to one) can be missed. The
    strike at which sums by strike change sign is not a flip.

    Examples
    --------
    >>> import shortgamma as sg
    >>> flips = sg.dealer.flips(
    ...     100.0, [80.0, 100.0, 120.0], vol=0.3, expiry=0.1, quantity=[-1.0, 1.0, -1.0], option="call")
    >>> flips.spots.round(6), flips.below
    (array([ 89.10158 , 109.016945]), array([-1.,  1.]))
    """
    level = one_level("spot", spot)
    bottom = 0.5 * level if low is None else one_level("low", low)
    top = 2.0 * level if high is None else one_level("high", high)
    if not 0.0 < bottom < top:
        raise ValueError(f"low must be above 0 and below high, got {bottom!r} and {top!r}")
    check_moves(moves)
    if forward is None and moves != "proportional":
        raise ValueError("moves is about forwards: leave it out where forward is not given")
    options = options_of(spot, strike, vol, expiry, quantity, option, multiplier, rate, dividend, forward, drop_expired)
    spots, below = _roots(options, bottom, top, moves == "parallel")
    return Flips(spots, below, level)


def _roots(options: Options, low: float, high: float, parallel: bool) -> tuple[Floats, Floats]:
    def gamma(levels: Floats) -> Floats:
        return exposures_at(levels, options, ("gamma_percent",), parallel)["gamma_percent"]

    grid = np.geomspace(low, high, SCAN)
    values = gamma(grid)
    # a level that is a root itself begins the bracket above it
    sign = np.sign(values)
    for shift in range(1, sign.size):
        if sign[shift] == 0.0:
            sign[shift] = sign[shift - 1]
    start = np.flatnonzero((sign[:-1] * sign[1:]) < 0.0)
    left, right, below = grid[start], grid[start + 1], sign[start]
    if not start.size:
        return np.empty(0), np.empty(0)
    parts = np.arange(PARTS + 1) / PARTS
    rows = np.arange(start.size)
    for _ in range(ROUNDS):
        inside = left[:, np.newaxis] + (right - left)[:, np.newaxis] * parts
        inside[:, -1] = right
        crossed = gamma(inside) * below[:, np.newaxis] <= 0.0
        # the first level on the other side
        beyond = np.maximum(np.argmax(crossed[:, 1:], axis=1) + 1, 1)
        left, right = inside[rows, beyond - 1], inside[rows, beyond]
    return right, below


class HedgeFlow(Result):
    """What hedgers trade when the spot moves; > 0 means that they buy.

    Attributes
    ----------
    move : ndarray
        Returns of the spot.
    units : ndarray
        What they trade, in units of the underlying.
    value : ndarray
        The same in currency, at the spot after the move.
    linear : ndarray
        The first-order estimate from the gamma at the spot: -100 gamma_percent times the move.
    skipped, none, expired : int
        As in `Exposure`.
    """

    move: Floats
    units: Floats
    value: Floats
    linear: Floats
    skipped: int = 0
    none: int = 0
    expired: int = 0


def hedge_flow(
    move: ArrayLike, spot: float, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, quantity: ArrayLike,
    option: Any, multiplier: ArrayLike = 1.0, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
    forward: ArrayLike | None = None, moves: Literal["proportional", "parallel"] = "proportional",
    vol_change: float = 0.0, days: float = 0.0, drop_expired: bool = False,
) -> HedgeFlow:  # fmt: skip
    """What hedgers of a book must trade when the spot moves, as the difference of two deltas.

    Parameters
    ----------
    move : array_like
        Returns of the spot, -0.05 for a fall by 5 %, > -1.
    spot : float
        Price of the underlying before, > 0.
    strike, vol, expiry, quantity, option, multiplier, rate, dividend, forward, drop_expired
        As for ``exposure``.
    {moves [see profile]}
    vol_change : float, default 0.0
        Change of every volatility during the move, 0.01 for a point.
    days : float, default 0.0
        Calendar days that pass during the move.

    Returns
    -------
    HedgeFlow
        In the shape of ``move``: ``units`` and ``value`` of the finite move, and ``linear``, the first-order
        estimate. The two can differ in sign.

    Raises
    ------
    ValueError
        If a move is not > -1, ``days`` passes the expiry of an option, ``vol_change`` leaves no volatility, an option
        has expired, or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    exposure : The derivatives themselves.

    Notes
    -----
    units = -(Delta(S (1 + move), vol + vol_change, expiry - days/365) - Delta(S, vol, expiry)), Delta the sum of w
    delta. With move 0 it is the flow of vanna and charm.

    Examples
    --------
    Dealers who are short of a put with a week to go sell when the spot falls to its strike:

    >>> import shortgamma as sg
    >>> flow = sg.dealer.hedge_flow(
    ...     [-0.1, 0.0], 100.0, 90.0, vol=0.5, expiry=7 / 365, quantity=-1000.0, option="put")
    >>> flow.units.round(1)
    array([-426.4,    0. ])
    """
    returns = number("move", move).astype(np.float64, copy=False)
    with np.errstate(invalid="ignore"):
        refuse_where(~(returns > -1.0) & ~np.isnan(returns), "move", returns, "a return > -1")
    level = one_level("spot", spot)
    check_moves(moves)
    if forward is None and moves != "proportional":
        raise ValueError("moves is about forwards: leave it out where forward is not given")
    options = options_of(spot, strike, vol, expiry, quantity, option, multiplier, rate, dividend, forward, drop_expired)
    parallel = moves == "parallel"
    here = np.asarray(level)
    before = exposures_at(here, options, ("units",), parallel)["units"]
    gamma = exposures_at(here, options, ("gamma_percent",), parallel)["gamma_percent"]
    after = level * (1.0 + returns)
    units = before - exposures_at(after, _later(options, vol_change, days), ("units",), parallel)["units"]
    counts = (options.skipped, options.none, options.expired)
    return HedgeFlow(returns, units + 0.0, units * after + 0.0, -100.0 * gamma * returns + 0.0, *counts)


def _later(options: Options, vol_change: float, days: float) -> Options:
    """The options after some days, at other volatilities."""
    vol, expiry = options.vol + vol_change, options.expiry - days / 365.0
    for name, value, bad in (("days", days, expiry < 0.0), ("vol_change", vol_change, vol <= 0.0)):
        if bad.any():
            index = int(options.kept[first(bad)[0]])
            left = "years to expiry" if name == "days" else "volatility"
            held = (options.expiry if name == "days" else options.vol)[first(bad)[0]].item()
            raise ValueError(f"{name} {value!r} leaves nothing of {place('option', (index,))}: its {left} is {held!r}")
    return options._replace(vol=vol, expiry=expiry)
