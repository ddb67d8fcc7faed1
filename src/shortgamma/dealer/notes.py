"""Notes with a knock-in put inside: what their hedgers release when the barrier is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import barrier as barriers
from shortgamma import vanilla
from shortgamma._core.checks import number, refuse_choice, refuse_where
from shortgamma._core.results import Result

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats

MONITORING = ("continuous", "expiry")


class Release(Result):
    """What the hedger of knock-in puts holds on both sides of the barrier.

    Attributes
    ----------
    above : ndarray or float
        Delta of the knock-in put just above the barrier.
    below : ndarray or float
        Delta just below it, where the put is a plain one.
    released : ndarray or float
        Units of the underlying that the hedger sells at the touch, > 0.
    value : ndarray or float
        The same in currency, at the barrier.
    """

    above: Any
    below: Any
    released: Any
    value: Any


def knock_in_release(
    strike: ArrayLike,
    barrier: ArrayLike,
    *,
    vol: ArrayLike,
    expiry: ArrayLike,
    units: ArrayLike = 1.0,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
    monitoring: Any = "continuous",
) -> Release:
    """What the hedgers of down-and-in puts sell when the barrier is touched.

    Parameters
    ----------
    strike, barrier : array_like
        Strike and knock-in barrier, > 0, the barrier not above the strike.
    vol : array_like
        Volatility per year, > 0.
    {expiry [positive]}
    units : array_like, default 1.0
        Units of the underlying that the notes are on: nominal over strike.
    {rate, dividend}
    monitoring : {"continuous", "expiry"} or int, default "continuous"
        When the barrier is watched: always, on the last day alone, or on so many equally spaced dates.

    Returns
    -------
    Release
        Deltas on both sides, units sold at the touch and their value.

    Raises
    ------
    ValueError
        If a barrier lies above its strike or ``monitoring`` is unknown.
    TypeError
        If an input is not numeric.

    See Also
    --------
    note_book : A book of notes, and its masses for `feedback`.

    Notes
    -----
    The issuer is long of the put that the holder has sold, and holds -delta units against it. The value of the put is
    continuous at the barrier, its delta is not: the difference is sold at the touch. Watched on dates only, nothing
    happens between them: both deltas are that of the put that has not knocked in, and nothing is released.

    Examples
    --------
    A note on 104 million dollars with three months to go, its barrier at three quarters of the strike:

    >>> import shortgamma as sg
    >>> found = sg.dealer.knock_in_release(
    ...     58.1, 43.6, vol=0.6, expiry=0.25, units=104e6 / 58.1, rate=0.04, dividend=0.0025)
    >>> round(float(found.above), 4), round(float(found.below), 4), round(float(found.value), 2)
    (-0.8983, -0.7806, 9187933.31)
    """
    levels, strikes = number("barrier", barrier), number("strike", strike)
    with np.errstate(invalid="ignore"):
        refuse_where(
            levels > strikes,
            "barrier",
            np.broadcast_to(levels, np.broadcast_shapes(levels.shape, strikes.shape)),
            "at most the strike",
        )
    market: dict[str, Any] = {"vol": vol, "expiry": expiry, "rate": rate, "dividend": dividend}
    plain = vanilla.delta(levels, strikes, option="put", **market)
    if isinstance(monitoring, str):
        if monitoring not in MONITORING:
            refuse_choice("monitoring", monitoring, MONITORING)
        if monitoring == "expiry":
            above = below = _on_the_last_day(levels, strikes, market)
        else:
            above = barriers.delta(levels, strikes, levels, kind="down-in", option="put", **market)
            below = plain
    else:
        dates = number("monitoring", monitoring)
        if dates.dtype.kind not in "iu":
            raise TypeError(f"monitoring must be one of {MONITORING} or a whole number of dates, got {monitoring!r}")
        watched = barriers.discrete_greeks(levels, strikes, levels, dates=dates, kind="down-in", option="put", **market)
        above = below = watched.delta
    released = np.multiply(units, np.subtract(below, above))
    return Release(above, below, released, released * levels)


def _on_the_last_day(levels: Any, strikes: Any, market: dict[str, Any]) -> Any:
    """Delta of (B - S)+ and K - B in cash below B, at S = B."""
    at_barrier = vanilla.delta(levels, levels, option="put", **market)
    cash = vanilla.binary_greeks(levels, levels, option="put", payoff="cash", amount=strikes - levels, **market)
    return at_barrier + cash.delta


class NoteBook(Result):
    """The hedge of a book of notes at many spots, and what it releases at its barriers.

    Attributes
    ----------
    spot : ndarray
        The spots.
    hedge : ndarray
        Units of the underlying that hedgers hold, > 0, as if nothing had been touched that lies below the spot.
    barrier : ndarray
        The barriers, descending: in the order in which a fall meets them.
    released : ndarray
        Units sold at each of them.
    value : ndarray
        The same in currency.
    """

    spot: Floats
    hedge: Floats
    barrier: Floats
    released: Floats
    value: Floats


def note_book(
    spots: ArrayLike,
    strike: ArrayLike,
    barrier: ArrayLike,
    *,
    vol: ArrayLike,
    expiry: ArrayLike,
    units: ArrayLike,
    rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0,
) -> NoteBook:
    """Hedge of a book of notes with knock-in puts at many spots, and its masses at the barriers.

    Parameters
    ----------
    spots : array_like
        Spots, > 0; one dimension.
    strike, barrier, vol, expiry, units, rate, dividend : array_like
        A note each, as in `knock_in_release`; one dimension.

    Returns
    -------
    NoteBook
        Units held at each spot; a note whose barrier lies at or above a spot has knocked in there.

    Raises
    ------
    ValueError
        If a barrier lies above its strike or shapes do not broadcast.
    TypeError
        If an input is not numeric.

    See Also
    --------
    knock_in_release : One note.
    feedback : What the masses do to the price.

    Examples
    --------
    >>> import shortgamma as sg
    >>> book = sg.dealer.note_book([60.0, 43.0], [58.1, 58.1], [43.6, 46.5], vol=0.6, expiry=0.1, units=1000.0)
    >>> book.barrier, book.hedge.round(0)
    (array([46.5, 43.6]), array([ 636., 1864.]))
    """
    columns = np.broadcast_arrays(
        *(
            np.atleast_1d(number(name, value)).astype(np.float64)
            for name, value in (
                ("strike", strike),
                ("barrier", barrier),
                ("vol", vol),
                ("expiry", expiry),
                ("units", units),
                ("rate", rate),
                ("dividend", dividend),
            )
        )
    )
    strikes, levels, vols, expiries, amounts, rates, dividends = columns
    if strikes.ndim > 1:
        raise ValueError(f"notes must have one dimension, got shape {strikes.shape}")
    places = np.atleast_1d(number("spots", spots)).astype(np.float64)
    if places.ndim > 1:
        raise ValueError(f"spots must have one dimension, got shape {places.shape}")
    market: dict[str, Any] = {"vol": vols, "expiry": expiries, "rate": rates, "dividend": dividends}
    release = knock_in_release(strikes, levels, units=amounts, **market)
    deltas = barriers.delta(places[:, np.newaxis], strikes, levels, kind="down-in", option="put", **market)
    # at the barrier itself the put has knocked in
    touched = places[:, np.newaxis] == levels
    deltas = np.where(touched, release.below, deltas)
    order = np.argsort(-levels, kind="stable")
    return NoteBook(
        places, -(deltas * amounts).sum(axis=1), levels[order], release.released[order], release.value[order]
    )
