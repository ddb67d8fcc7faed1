"""Exposures of a book of European options, at one spot or at many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import number, refuse_choice, word
from shortgamma._core.results import Result
from shortgamma.dealer._options import check_moves, one_level, options_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Literal

    from numpy.typing import ArrayLike, NDArray

    from shortgamma._core.types import Floats
    from shortgamma.dealer._options import Options

# in the order of the loops' outputs
PLACES = ("gamma_percent", "vanna_point", "charm_day", "gamma_point", "vega_point", "delta", "units")
UNITS = ("delta", "gamma_percent", "gamma_point", "vanna_point", "charm_day", "vega_point")


class Exposure(Result):
    """Exposures of a book at one spot; arrays with one place a label where they are asked for by label.

    Attributes
    ----------
    delta : float or ndarray
        sum w delta S, in currency.
    gamma_percent : float or ndarray
        sum w gamma S^2 / 100: currency of delta per +1 %.
    gamma_point : float or ndarray
        sum w gamma: units of the underlying per +1 of price.
    vanna_point : float or ndarray
        sum w vanna S / 100: currency of delta per +1 vol point.
    charm_day : float or ndarray
        sum w charm S / 365: currency of delta per calendar day.
    vega_point : float or ndarray
        sum w vega / 100: currency per vol point.
    label : ndarray or None
        The labels, ascending; None for the whole book.
    skipped : int
        Options with a quantity but no volatility; they are in no sum.
    none : int
        Options without quantity.
    expired : int
        Options that have expired, left out by ``drop_expired``.
    """

    delta: Any
    gamma_percent: Any
    gamma_point: Any
    vanna_point: Any
    charm_day: Any
    vega_point: Any
    label: Any = None
    skipped: int = 0
    none: int = 0
    expired: int = 0


class Profile(Result):
    """Exposures of a book at many spots; None for those that were not asked for.

    Attributes
    ----------
    spot : ndarray
        The levels.
    delta, gamma_percent, gamma_point, vanna_point, charm_day, vega_point : ndarray or None
        As in `Exposure`.
    units : ndarray or None
        sum w delta: what the book is long, in units of the underlying.
    skipped, none, expired : int
        As in `Exposure`.
    """

    spot: Floats
    delta: Floats | None = None
    gamma_percent: Floats | None = None
    gamma_point: Floats | None = None
    vanna_point: Floats | None = None
    charm_day: Floats | None = None
    vega_point: Floats | None = None
    units: Floats | None = None
    skipped: int = 0
    none: int = 0
    expired: int = 0


def profile(
    spots: ArrayLike | None, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, quantity: ArrayLike, option: Any,
    multiplier: ArrayLike = 1.0, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, forward: ArrayLike | None = None,
    spot: float | None = None, grid: tuple[float, float, int] | None = None,
    moves: Literal["proportional", "parallel"] = "proportional", exposures: str | Sequence[str] = ("gamma_percent",),
    drop_expired: bool = False,
) -> Profile:  # fmt: skip
    """Exposures of a book at many levels of the spot, the volatility of each option held fixed.

    Parameters
    ----------
    spots : array_like or None
        Levels of the spot, > 0, of any shape; None with ``grid``.
    {strike, vol, expiry [options], quantity [dealers], option [required], multiplier, rate, dividend [no forward]}
    forward : array_like, optional
        The underlying of each option, undiscounted (as on Deribit), while the spot is at ``spot``.
    spot : float, optional
        The spot at which ``forward`` holds; needed with it.
    grid : (float, float, int), optional
        In the place of ``spots``: the lowest level, the highest, and how many, equally spaced in the logarithm. Three
        times as fast where gamma, vanna and charm are asked for, and right to 1e-14 of the gross sum.
    moves : {"proportional", "parallel"}, default "proportional"
        Whether forwards move to F S'/S or to F + S' - S when the spot moves from S to S'.
    exposures : str or sequence of str, default ("gamma_percent",)
        Among delta, gamma_percent, gamma_point, vanna_point, charm_day, vega_point, units.
    {drop_expired}

    Returns
    -------
    Profile
        The exposures asked for, each in the shape of ``spots``.

    Raises
    ------
    ValueError
        If an option has expired, a strike or forward is not > 0, a name is unknown, ``spots`` and ``grid`` are both
        given or both missing, or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    exposure : The same at one spot, with tables by strike and expiry.
    flips : Where the gamma changes sign.

    Notes
    -----
    No array of spots by options is made. A level of ``spots`` gives the same bits whatever stands beside it, and
    at one level the numbers of ``exposure``. Along a ``grid`` a density follows from the last one by two
    multiplications, 16 levels at a time, and its last digits depend on where the grid begins. An option without a
    volatility > 0 is left out and counted in ``skipped``; one that expires now has the delta of its payoff, and no
    other exposure. The smile is sticky by strike.

    Examples
    --------
    Long calls at 100, short puts at 90: with the spot falling the book turns short of gamma.

    >>> import shortgamma as sg
    >>> levels = sg.dealer.profile(
    ...     [80.0, 90.0, 100.0], [90.0, 100.0], vol=0.4, expiry=0.1, quantity=[-5.0, 5.0], option=["put", "call"])
    >>> levels.gamma_percent.round(3)
    array([-5.687, -3.61 ,  5.184])
    """
    if (spots is None) == (grid is None):
        raise ValueError("give either spots or grid=(low, high, count): with grid= the first argument is None")
    levels = number("spots", spots).astype(np.float64, copy=False) if spots is not None else grid_of(grid)
    names = (exposures,) if isinstance(exposures, str) else tuple(exposures)
    for name in names:
        word("exposures", name, PLACES)
    check_moves(moves)
    if forward is not None and spot is None:
        raise ValueError("spot is needed with forward: the level at which the forwards hold")
    if forward is None and (spot is not None or moves != "proportional"):
        raise ValueError("spot and moves are about forwards: leave them out where forward is not given")
    options = options_of(spot, strike, vol, expiry, quantity, option, multiplier, rate, dividend, forward, drop_expired)
    sums = exposures_at(levels, options, names, moves == "parallel", grid is not None)
    counts = (options.skipped, options.none, options.expired)
    return Profile._make((levels, *(sums.get(name) for name in (*UNITS, "units")), *counts))


def exposure(
    spot: float, strike: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, quantity: ArrayLike, option: Any,
    multiplier: ArrayLike = 1.0, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, forward: ArrayLike | None = None,
    by: Any = None, drop_expired: bool = False,
) -> Exposure:  # fmt: skip
    """Exposures of a book of options, in currency per per cent, per point, per vol point and per day.

    Parameters
    ----------
    {spot [single], strike, vol, expiry [options], quantity [dealers], option [required], multiplier}
    {rate, dividend [no forward]}
    forward : array_like, optional
        The underlying of each option, undiscounted (as on Deribit); the S of each term is then this.
    by : {"strike", "expiry", "option", "row"} or array_like, optional
        Give the sums for each strike, expiry, kind or option, or for each of these labels, one an option.
    {drop_expired}

    Returns
    -------
    Exposure
        Six numbers, or as many arrays with one place a label. ``by="row"`` has one an option in the order of the
        arguments, NaN where there is no volatility.

    Raises
    ------
    ValueError
        If an option has expired, a strike or forward is not > 0, or shapes do not broadcast.
    {TypeError}

    See Also
    --------
    profile : The same at many spots.
    position : From open interest to quantities.

    Notes
    -----
    An option without a volatility > 0 is left out and counted in ``skipped``. One that expires now has no gamma and the
    delta of its payoff, which at the strike is NaN.

    Examples
    --------
    Ten calls sold at the money, 100 shares each: the hedger sells some 39 shares of a fall by 1.

    >>> import shortgamma as sg
    >>> book = sg.dealer.exposure(
    ...     100.0, 100.0, vol=0.4, expiry=0.25, quantity=-10.0, option="call", multiplier=100.0)
    >>> round(float(book.gamma_point), 2), round(float(book.gamma_percent), 0)
    (-19.85, -1985.0)
    """
    level = one_level("spot", spot)
    options = options_of(spot, strike, vol, expiry, quantity, option, multiplier, rate, dividend, forward, drop_expired)
    counts = (options.skipped, options.none, options.expired)
    names = UNITS
    if by is None:
        totals = exposures_at(np.asarray(level), options, names, False)
        return Exposure._make((*(float(totals[name]) for name in names), None, *counts))
    rows = _row_by_row(level, options, names)
    if isinstance(by, str) and by == "row":
        return Exposure._make((*(rows[name] for name in names), np.arange(options.rows), *counts))
    labels = _labels(by, strike, expiry, option, options)
    distinct, places = np.unique(labels[options.kept], return_inverse=True)
    sums = (np.bincount(places, rows[name][options.kept], distinct.size) for name in names)
    return Exposure._make((*sums, distinct, *counts))


def _labels(by: Any, strike: Any, expiry: Any, option: Any, options: Options) -> NDArray[Any]:
    named = {"strike": strike, "expiry": expiry, "option": option}
    if isinstance(by, str):
        if by not in named:
            refuse_choice("by", by, (*named, "row"))
        by = named[by]
    labels = np.asarray(by)
    if labels.ndim == 0:
        return np.broadcast_to(labels, options.rows)
    if labels.shape != (options.rows,):
        raise ValueError(f"by must have one label an option, {options.rows}, got shape {labels.shape}")
    return labels


def _row_by_row(level: float, options: Options, names: tuple[str, ...]) -> dict[str, Floats]:
    """The exposures of each option: the same loop, an option a row."""
    columns = [np.expand_dims(column, -1) for column in options.market()]
    origin = level if options.origin is None else options.origin
    columns[0] = columns[0] * origin if options.origin is None else columns[0]
    now = options.expiry == 0.0
    columns[3] = np.where(columns[3] == 0.0, 1.0, columns[3])
    values = dict(zip(PLACES, dispatch.dealer.profile.dealer_profile([level], origin, *columns), strict=True))
    # an option without quantity has no exposure, one without a volatility an unknown one
    none = np.full(options.rows, np.nan)
    rows = {name: none.copy() for name in names}
    for name in names:
        rows[name][options.kept] = np.where(now, 0.0, values[name][:, 0])
    if now.any():
        rows["delta"][options.kept[now]] = _steps(np.asarray(level), options, now)[:, 0] * _prices(level, options)[now]
    return rows


def _prices(level: float, options: Options) -> Floats:
    return options.forward if options.of_forwards else np.full(options.forward.size, level)


def grid_of(grid: Any) -> Floats:
    """Levels equally spaced in the logarithm, each rounded once where long doubles are longer."""
    try:
        low, high, count = grid
    except (TypeError, ValueError):
        raise ValueError(f"grid must be (low, high, count), got {grid!r}") from None
    bottom, top = one_level("the low of grid", low), one_level("the high of grid", high)
    if not bottom < top:
        raise ValueError(f"the low of grid must be below its high, got {bottom!r} and {top!r}")
    if not isinstance(count, int | np.integer) or count < 2:
        raise ValueError(f"the count of grid must be a whole number >= 2, got {count!r}")
    step = np.log(np.longdouble(top) / np.longdouble(bottom)) / (count - 1)
    levels: Floats = (bottom * np.exp(step * np.arange(count))).astype(np.float64)
    levels[-1] = top
    return levels


def exposures_at(
    levels: Floats, options: Options, names: tuple[str, ...], parallel: bool, even: bool = False
) -> dict[str, Floats]:
    """The named exposures at every level, in its shape; even where levels are equally spaced in the logarithm."""
    loops = dispatch.dealer.profile
    flat = levels if levels.ndim == 1 else levels.ravel()
    # without forwards the underlying is the spot itself
    origin = 1.0 if options.origin is None else options.origin
    now = options.expiry == 0.0
    alive = options.market() if not now.any() else tuple(column[~now] for column in options.market())
    wanted = set(names)
    carried = "charm_day" in wanted and bool(options.dividend.any())
    if parallel:
        gamma, every = loops.dealer_profile_parallel_gamma, loops.dealer_profile_parallel
    else:
        gamma, every = loops.dealer_profile_even_gamma if even else loops.dealer_profile_gamma, loops.dealer_profile
    shapes = loops.dealer_profile_even_shapes if even else loops.dealer_profile_shapes
    if wanted == {"gamma_percent"}:
        sums = {"gamma_percent": gamma(flat, origin, *alive)}
    elif wanted == {"units"} and not parallel:
        sums = {"units": loops.dealer_profile_units(flat, origin, *alive)}
    elif not parallel and wanted <= set(PLACES[:3]) and not carried:
        sums = dict(zip(PLACES, shapes(flat, origin, *alive), strict=False))
    else:
        sums = dict(zip(PLACES, every(flat, origin, *alive), strict=True))
    if now.any() and wanted & {"delta", "units"}:
        steps = _steps(flat, options, now, parallel)
        prices = _moved(flat, options, now, parallel)
        sums["units"] = sums["units"] + steps.sum(axis=0) if "units" in sums else steps.sum(axis=0)
        if "delta" in sums:
            sums["delta"] = sums["delta"] + (steps * prices).sum(axis=0)
    return {name: sums[name] if flat is levels else sums[name].reshape(levels.shape) for name in names}


def _moved(levels: Floats, options: Options, chosen: NDArray[np.bool_], parallel: bool) -> Floats:
    """The underlyings of some options at every level."""
    forward = options.forward[chosen][:, np.newaxis]
    if options.origin is None:
        return np.broadcast_to(levels, (forward.size, levels.size))
    return forward + (levels - options.origin) if parallel else forward * (levels / options.origin)


def _steps(levels: Floats, options: Options, chosen: NDArray[np.bool_], parallel: bool = False) -> Floats:
    """Weight times delta of options that expire now: 1 in the money, NaN at the strike."""
    prices = _moved(np.atleast_1d(levels), options, chosen, parallel)
    side = np.where(options.code[chosen] == 0, 1.0, -1.0)[:, np.newaxis]
    away = side * (prices - options.strike[chosen][:, np.newaxis])
    step = np.where(away > 0.0, side, np.where(away == 0.0, np.nan, 0.0))
    return options.weight[chosen][:, np.newaxis] * step
