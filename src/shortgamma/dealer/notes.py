"""Notes with a knock-in put inside: what their hedgers release when the barrier is touched."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import barrier as barriers
from shortgamma import vanilla
from shortgamma._core.checks import number, refuse_choice, refuse_where
from shortgamma._core.results import Result

if TYPE_CHECKING:
    from typing import Literal

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
    strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, units: ArrayLike = 1.0,
    rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, monitoring: Literal["continuous", "expiry"] = "continuous",
    dates: Any = None, now: Any = None,
) -> Release:  # fmt: skip
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
    monitoring : {"continuous", "expiry"}, default "continuous"
        When the barrier is watched: always, or on the last day alone.
    dates : int, list of float, or list of times, optional
        The dates on which the barrier is watched, as in `shortgamma.barrier.discrete_price`; in the place of
        ``monitoring``.
    now : time, optional
        The time of valuation, where dates are times.

    Returns
    -------
    Release
        Deltas on both sides, units sold at the touch and their value.

    Raises
    ------
    ValueError
        If a barrier lies above its strike, ``monitoring`` is unknown, or both ``monitoring`` and ``dates`` are given.
    {TypeError}

    See Also
    --------
    release_on_date : What is sold on a date on which a barrier is watched.
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
    >>> release = sg.dealer.knock_in_release(
    ...     58.1, 43.6, vol=0.6, expiry=0.25, units=104e6 / 58.1, rate=0.04, dividend=0.0025)
    >>> round(float(release.above), 4), round(float(release.below), 4), round(float(release.value), 2)
    (-0.8983, -0.7806, 9187933.31)
    """
    levels, strikes = _levels(strike, barrier)
    market: dict[str, Any] = {"vol": vol, "expiry": expiry, "rate": rate, "dividend": dividend}
    if not isinstance(monitoring, str) or monitoring not in MONITORING:
        refuse_choice("monitoring", monitoring, MONITORING)
    if dates is not None:
        if monitoring != "continuous":
            raise ValueError("give either dates or monitoring: with dates the barrier is watched on these")
        above = below = _watched_delta(levels, strikes, levels, market, dates, now)
    elif monitoring == "expiry":
        above = below = _on_the_last_day(levels, strikes, market)
    else:
        above = barriers.delta(levels, strikes, levels, kind="down-in", option="put", **market)
        below = vanilla.delta(levels, strikes, option="put", **market)
    released = np.multiply(units, np.subtract(below, above))
    return Release(above, below, released, released * levels)


def release_on_date(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: float, dates: Any, lead: float,
    units: ArrayLike = 1.0, rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0,
) -> Release:  # fmt: skip
    """What the hedgers of down-and-in puts sell on a date on which the barrier is watched, by the spot observed.

    Parameters
    ----------
    spot : array_like
        The spot observed, > 0.
    strike, barrier : array_like
        Strike and knock-in barrier, > 0, the barrier not above the strike.
    vol : array_like
        Volatility per year, > 0.
    expiry : float
        Time to expiry in years from this date on, >= 0; 0 if it is the last one.
    dates : list of float
        The dates that are still to come after this one, in years from it, increasing; empty if there are none.
    lead : float
        How long before the observation the hedge was set, in years, > 0: 1/365 for the day before. There is no default.
    units : array_like, default 1.0
        Units of the underlying that the notes are on: nominal over strike.
    {rate, dividend}

    Returns
    -------
    Release
        ``above`` is the delta before, with the observation still to come, ``below`` that after it: of a plain put where
        the spot is at the barrier or below, of the put that still may knock in elsewhere. What is released is sold
        where > 0, bought where < 0; its value is at the spot observed.

    Raises
    ------
    ValueError
        If a barrier lies above its strike, ``lead`` is not > 0, or dates do not increase.
    {TypeError}

    See Also
    --------
    knock_in_release : Barriers watched always.

    Notes
    -----
    When the barrier is observed, the value of the put jumps there, by strike - barrier if it is the last date, and the
    closer that moment, the more is held near the barrier. Far from it nothing is released.

    Examples
    --------
    The last date, seen from the day before: nearly five units are held at the barrier, and all but one are sold there.

    >>> import shortgamma as sg
    >>> terms = dict(vol=0.6, expiry=0.0, dates=[], lead=1 / 365)
    >>> release = sg.dealer.release_on_date([40.0, 43.6, 47.0], 58.1, 43.6, **terms)
    >>> release.above.round(2), release.below
    (array([-1.1 , -4.72, -0.24]), array([-1., -1.,  0.]))
    """
    levels, strikes = _levels(strike, barrier)
    before, left = number("lead", lead), number("expiry", expiry)
    if before.ndim or not 0.0 < float(before) < np.inf:
        raise ValueError(f"lead must be a number of years > 0, got {lead!r}")
    if left.ndim or not 0.0 <= float(left) < np.inf:
        raise ValueError(f"expiry must be one number of years >= 0, got {expiry!r}")
    coming = np.asarray(dates, dtype=np.float64) if np.size(dates) == 0 else number("dates", dates).astype(np.float64)
    if coming.ndim != 1:
        raise ValueError(f"dates must be a list of years after this date, got {dates!r}")
    places = number("spot", spot).astype(np.float64)
    market: dict[str, Any] = {"vol": vol, "rate": rate, "dividend": dividend}
    ahead = {**market, "expiry": float(left) + float(before)}
    above = _watched_delta(places, strikes, levels, ahead, [float(before), *(coming + float(before))], None)
    plain = vanilla.delta(places, strikes, option="put", expiry=float(left), **market)
    alive = np.zeros(())
    if coming.size:
        alive = _watched_delta(places, strikes, levels, {**market, "expiry": float(left)}, coming.tolist(), None)
    below = np.where(places <= levels, plain, alive)[()]
    released = np.multiply(units, np.subtract(below, above))
    return Release(above, below, released, released * places)


def _levels(strike: Any, barrier: Any) -> tuple[Any, Any]:
    """Barriers and strikes, none of them the wrong way round."""
    levels, strikes = number("barrier", barrier), number("strike", strike)
    refuse_where(
        levels > strikes,
        "barrier",
        np.broadcast_to(levels, np.broadcast_shapes(levels.shape, strikes.shape)),
        "at most the strike",
    )
    return levels, strikes


def _watched_delta(spots: Any, strikes: Any, levels: Any, market: dict[str, Any], dates: Any, now: Any) -> Any:
    """Delta of the put that knocks in on dates."""
    return barriers.discrete_greeks(
        spots, strikes, levels, dates=dates, now=now, kind="down-in", option="put", **market
    ).delta


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
    spots: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, units: ArrayLike,
    rate: ArrayLike = 0.0, dividend: ArrayLike = 0.0, dates: Any = None, now: Any = None,
) -> NoteBook:  # fmt: skip
    """Hedge of a book of notes with knock-in puts at many spots, and its masses at the barriers.

    Parameters
    ----------
    spots : array_like
        Spots, > 0; one dimension.
    strike, barrier, vol, expiry, units, rate, dividend : array_like
        A note each, as in `knock_in_release`; one dimension.
    dates : int, list of float, or list of times, optional
        The dates on which all barriers are watched, as in `knock_in_release`; without, they are watched always.
    now : time, optional
        The time of valuation, where dates are times.

    Returns
    -------
    NoteBook
        Units held at each spot; a note whose barrier lies at or above a spot has knocked in there. Watched on dates no
        note knocks in between them, and the masses are 0.

    Raises
    ------
    ValueError
        If a barrier lies above its strike or shapes do not broadcast.
    {TypeError}

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
    release = knock_in_release(strikes, levels, units=amounts, dates=dates, now=now, **market)
    if dates is None:
        deltas = barriers.delta(places[:, np.newaxis], strikes, levels, kind="down-in", option="put", **market)
        # at the barrier itself the put has knocked in
        deltas = np.where(places[:, np.newaxis] == levels, release.below, deltas)
    else:
        deltas = _watched_delta(places[:, np.newaxis], strikes, levels, market, dates, now)
    order = np.argsort(-levels, kind="stable")
    return NoteBook(
        places, -(deltas * amounts).sum(axis=1), levels[order], release.released[order], release.value[order]
    )
