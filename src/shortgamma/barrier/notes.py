"""Structured notes with a knock-in put inside: reverse convertibles and autocallables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import choice, common_shape, number, refuse_where, whole
from shortgamma._core.greeks import Greeks, check_order
from shortgamma._core.words import Words
from shortgamma.barrier import _dates
from shortgamma.barrier.single import greeks

if TYPE_CHECKING:
    from typing import Literal

    from numpy.typing import ArrayLike, NDArray

    from shortgamma.barrier._dates import Progress

WATCH = Words({"always": 0, "observations": 1, "expiry": 2}, continuous="always", continuously="always")
STATES = Words({"alive": 0, "in": 1}, knockedin="in", live="alive", living="alive")
NAMES = ("spot", "strike", "barrier", "vol", "expiry", "rate", "dividend", "nominal")


class NoteGreeks(Greeks):
    """Price and derivatives of a note; the last seven are None at order 1.

    {greeks}
    """


def reverse_convertible(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike,
    coupon: ArrayLike = 0.0, payments: int = 1, nominal: ArrayLike = 100.0, rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0, dates: Any = None, now: Any = None, state: Any = None,
    method: Literal["auto", "exact", "shift"] = "auto", order: Literal[1, 2] = 1, progress: Progress | None = None,
) -> NoteGreeks:  # fmt: skip
    """Price and Greeks of reverse convertibles: a bond, its coupons, and a knock-in put sold.

    Parameters
    ----------
    spot, strike, barrier : array_like
        Prices > 0; the strike is the price at which the nominal is converted into units of the asset, often the price
        at issue.
    {vol, expiry [or time]}
    coupon : array_like, default 0.0
        Coupon per year, paid in any case, as a fraction of the nominal: 0.1 for 10 %.
    payments : int, default 1
        Number of equal coupon payments left, equally spaced, the last one at expiry.
    nominal : array_like, default 100.0
        Paid back at expiry, or nominal / strike units of the asset if the barrier was hit and the price is below the
        strike.
    {rate, dividend [or borrowing], dates, now, state, method [greeks], order, progress}

    Returns
    -------
    NoteGreeks
        Named tuple of arrays in the shape that all inputs broadcast to.

    Raises
    ------
    ValueError
        If ``payments`` is not a whole number >= 1, ``dates`` are not increasing or past the last expiry, or shapes do
        not broadcast.
    {TypeError}

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
    >>> terms = dict(vol=0.35, expiry=1 / 12, coupon=0.1, rate=0.03)
    >>> note = sg.barrier.reverse_convertible(61.2, 100.0, 60.0, **terms)
    >>> round(float(note.delta), 2)
    4.91

    Its barrier was hit:

    >>> note = sg.barrier.reverse_convertible(61.2, 100.0, 60.0, **terms, state="in")
    >>> round(float(note.delta), 2)
    1.0
    """
    check_order(order)
    count = whole("payments", payments, 1, _dates.MOST_DATES)
    expiry = _dates.years_to("expiry", expiry, now)
    r, t, amount, fraction = (
        number(*pair).astype(float)
        for pair in (("rate", rate), ("expiry", expiry), ("nominal", nominal), ("coupon", coupon))
    )
    put = greeks(
        spot, strike, barrier, vol=vol, expiry=expiry, kind="down-in", option="put", rate=rate, dividend=dividend,
        dates=dates, now=now, state=state, method=method, order=order, progress=progress,
    )  # fmt: skip
    bond = amount * np.exp(-r * t)
    bond_rho = -t * bond
    for i in range(1, count + 1):
        moment = t * (i / count)
        paid = amount * fraction * (t / count) * np.exp(-r * moment)
        bond, bond_rho = bond + paid, bond_rho - moment * paid
    units = amount / number("strike", strike)
    sure = {"price": bond, "theta": r * bond, "rho": bond_rho}
    return NoteGreeks(*(sure.get(name, 0.0) - units * value for name, value in put._asdict().items()))


def autocallable(
    spot: ArrayLike, strike: ArrayLike, barrier: ArrayLike, *, vol: ArrayLike, expiry: ArrayLike, observations: Any,
    call_level: ArrayLike, bonus: ArrayLike = 0.0, coupon: float = 0.0, coupon_level: ArrayLike | None = None,
    payments_per_year: float | None = None, nominal: ArrayLike = 100.0, rate: ArrayLike = 0.0,
    dividend: ArrayLike = 0.0, watch: Any = "always", dates: Any = None, now: Any = None, state: Any = None,
    order: Literal[1, 2] = 1, progress: Progress | None = None,
) -> NoteGreeks:  # fmt: skip
    """Exact price and Greeks of autocallable notes with a knock-in put.

    Parameters
    ----------
    spot, strike, barrier : array_like
        Prices > 0; the strike is the price below which the holder loses at expiry, if the barrier was hit.
    {vol [positive]}
    expiry : array_like
        Time to expiry in years, > 0; or, with ``now``, the time of expiry. One for all notes where ``observations`` or
        ``dates`` are a list.
    observations : int, list of float, or list of times
        The dates on which the note may be redeemed and pays coupons. A whole number means so many equally spaced dates,
        the last one at expiry. Numbers with a decimal point are years from now, increasing; times are seen from
        ``now``, by actual days over 365, and those that have passed count for the number of an observation only.
    call_level : float or array_like
        The note is redeemed on the first observation at or above this price: one for all observations or, for a
        step-down, one for each; infinity for no redemption.
    bonus : float or array_like, default 0.0
        Paid on redemption at the i-th observation, as a fraction of the nominal: i times a number (a snowball), or the
        i-th element of an array.
    coupon : float, default 0.0
        Paid at each observation at or above ``coupon_level`` (a phoenix), per year, as a fraction of the nominal: 0.1
        for 10 %.
    coupon_level : float or array_like, optional
        One for all observations or one for each, at most ``call_level``, which it is by default.
    payments_per_year : float, optional
        Number of payments into which the coupon of a year is divided. By default it follows from a number of
        observations and the time to expiry; required if ``observations`` is a list.
    nominal : array_like, default 100.0
        Paid back on redemption and at expiry; nominal / strike units of the asset if the barrier was hit and the price
        is below the strike at expiry.
    {rate, dividend [or borrowing]}
    watch : {"always", "observations", "expiry"}
        When the barrier is watched, unless ``dates`` are given.
    dates : int, list of float, or list of times, optional
        The dates on which the barrier is watched, as for ``observations``.
    now : time, optional
        The time of valuation, where ``observations``, ``dates`` or ``expiry`` are times.
    state : {"alive", "in"} or array of these, optional
        Whether the barrier was hit already. By default it was not, unless it is always watched and the spot is below
        it. Required if some observations or dates have passed.
    {order, progress}

    Returns
    -------
    NoteGreeks
        Named tuple of arrays in the shape that all inputs broadcast to. NaN, with the invalid flag, for a number out of
        its domain, and where drift and volatility of one step exceed ten standard deviations of it.

    Raises
    ------
    ValueError
        If a choice is unknown, dates are not increasing or past expiry, levels are not one for each observation, or
        shapes do not broadcast.
    {TypeError}
    MemoryError
        If the matrices would take more than a gigabyte; nothing is computed then.

    See Also
    --------
    reverse_convertible : Never redeemed early.

    Notes
    -----
    Two values are carried back from date to date by Gauss-Legendre panels: the value of a note whose barrier was hit,
    and how much more a note is worth whose barrier was not. Between two dates the second is integrated over the density
    killed at the barrier, phi(z) (1 - exp(-2 (x - h)(y - h)/s^2)), if the barrier is always watched. All derivatives
    are carried along. Exact to some 1e-12 of the nominal. Notes that differ by their spots alone share the recursion.

    Examples
    --------
    A yearly autocallable on three years:

    >>> import shortgamma as sg
    >>> terms = dict(vol=0.25, rate=0.03, dividend=0.01, bonus=0.08)
    >>> note = sg.barrier.autocallable(
    ...     100.0, 100.0, 60.0, expiry=3.0, observations=3, call_level=100.0, **terms
    ... )
    >>> round(float(note.price), 3), round(float(note.vega), 2)
    (93.336, -74.98)

    The same in mid-life, between its first and second observation, with a level that steps down:

    >>> note = sg.barrier.autocallable(
    ...     91.0, 100.0, 60.0, expiry="2029-03-01", now="2027-07-15", state="alive",
    ...     observations=["2027-03-01", "2028-03-01", "2029-03-01"], call_level=[100.0, 95.0, 90.0], **terms,
    ... )
    >>> round(float(note.price), 3)
    99.741
    """
    check_order(order)
    expiry = _dates.years_to("expiry", expiry, now)
    mode = int(choice("watch", watch, WATCH))
    known = 0 if state is None else choice("state", state, STATES)
    given = (spot, strike, barrier, vol, expiry, rate, dividend, nominal)
    arrays = [number(name, value) for name, value in zip(NAMES, given, strict=True)]
    shape = common_shape(dict(zip((*NAMES, "state"), (*arrays, known), strict=True)))
    columns = np.empty((len(NAMES) + 1, *shape))
    for i, array in enumerate((*arrays, known)):
        columns[i] = array
    columns = columns.reshape(len(NAMES) + 1, -1)
    terms = (call_level, bonus, coupon, coupon_level, payments_per_year)
    results = np.empty((7 * order, columns.shape[1]))
    # equal observations are other dates for another expiry
    lengths = np.unique(columns[4]) if columns.shape[1] else np.empty(0)
    for length in lengths:
        if not 0.0 < length < np.inf:
            chosen = np.flatnonzero(~(columns[4] > 0.0) | np.isinf(columns[4]))
            events = np.array([[1.0], [np.inf], [1.0], [np.inf], [0.0], [1.0]])
        else:
            chosen = np.flatnonzero(columns[4] == length)
            events = _events(float(length), observations, terms, mode, dates, now, state)
            _check_barrier(columns[2], events[1])
        watch_code = 0 if mode == 0 and dates is None else 1
        # notes that differ by their spots alone side by side
        chosen = chosen[np.lexsort([columns[i, chosen] for i in (0, 7, 6, 5, 3, 2, 1)])]
        part = np.ascontiguousarray(columns[:, chosen])
        results[:, chosen] = dispatch.barrier.notes.autocallables(order, part, events, watch_code, progress)
    return NoteGreeks(*(result.reshape(shape)[()] for result in results))


def _events(
    expiry: float, observations: Any, terms: tuple[Any, ...], mode: int, dates: Any, now: Any, state: Any
) -> NDArray[np.float64]:
    """Events by date: years, call level, redemption, coupon level, coupon, and whether the barrier is watched."""
    call_level, bonus, coupon, coupon_level, payments_per_year = terms
    years, past = _schedule("observations", observations, expiry, now, state)
    count = len(years)
    levels = _each("call_level", call_level, past + count, past)
    redemption = 1.0 + (
        float(bonus) * np.arange(past + 1, past + count + 1)
        if np.ndim(bonus) == 0
        else _each("bonus", bonus, past + count, past)
    )
    paid_above = levels if coupon_level is None else _each("coupon_level", coupon_level, past + count, past)
    refuse_where(paid_above > levels, "coupon_level", paid_above, "at most call_level")
    _finite("coupon", coupon)
    if payments_per_year is None:
        if coupon != 0.0 and np.ndim(observations) > 0:
            raise ValueError("coupon is per year: give payments_per_year=, such as 4 for quarterly observations")
        payments_per_year = count / expiry
    paid = np.full(count, coupon / payments_per_year)
    watched = np.empty(0)
    if dates is not None:
        watched, _ = _schedule("dates", dates, expiry, now, state)
    elif mode == WATCH["observations"]:
        watched = years
    elif mode == WATCH["expiry"]:
        watched = np.array([expiry])
    moments = np.concatenate([years, watched, [expiry]])
    # dates that differ by rounding are one
    moments = np.unique(moments)
    moments = moments[np.append(True, np.diff(moments) > _dates.SAME * expiry)]
    moments[-1] = expiry
    events = np.empty((6, len(moments)))
    events[0], events[1], events[2], events[3], events[4], events[5] = moments, np.inf, 1.0, np.inf, 0.0, 0.0
    at = _nearest(moments, years)
    events[1, at], events[2, at], events[3, at], events[4, at] = levels, redemption, paid_above, paid
    events[5, _nearest(moments, watched)] = 1.0
    return np.ascontiguousarray(events)


def _schedule(name: str, dates: Any, expiry: float, now: Any, state: Any) -> tuple[NDArray[np.float64], int]:
    """Dates in years from now, and how many have passed."""
    array = np.asarray(dates)
    if array.dtype.kind in "iu" and array.ndim == 0:
        count = whole(name, dates, 1, _dates.MOST_DATES)
        return expiry * (np.arange(1, count + 1) / count), 0
    if array.ndim == 0 and array.dtype.kind in "fb":
        raise TypeError(f"{name} must be a whole number or a list of dates, got {type(dates).__name__}")
    if array.dtype.kind in "iu":
        raise ValueError(f"{name}={array.tolist()} may be years or counts: write {array.astype(float).tolist()}")
    try:
        _, years = _dates.watched(dates, expiry, now, state)
    except ValueError as error:
        raise ValueError(str(error).replace("dates", name, 1)) from None
    assert years is not None
    if len(years) == 0:
        raise ValueError(f"{name} must have a date after now")
    return years, array.size - len(years)


def _each(name: str, value: Any, count: int, past: int) -> NDArray[np.float64]:
    """A number for each observation that is left."""
    array = number(name, value).astype(float)
    refuse_where(~(array > 0.0) if name != "bonus" else ~np.isfinite(array), name, array, "a number > 0")
    if array.ndim > 1 or (array.ndim == 1 and len(array) != count):
        raise ValueError(f"{name} must be a number or one for each of {count} observations, got shape {array.shape}")
    return np.broadcast_to(array, count)[past:]


def _nearest(moments: NDArray[np.float64], years: NDArray[np.float64]) -> NDArray[np.intp]:
    right = np.searchsorted(moments, years).clip(1, max(len(moments) - 1, 1))
    if len(moments) == 1:
        return np.zeros(len(years), dtype=np.intp)
    return np.where(years - moments[right - 1] < moments[right] - years, right - 1, right)


def _check_barrier(barrier: NDArray[np.float64], levels: NDArray[np.float64]) -> None:
    least = float(levels.min())
    with np.errstate(invalid="ignore"):
        refuse_where(barrier >= least, "barrier", barrier, f"< call_level, {least!r}")


def _finite(name: str, value: Any) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, got {type(value).__name__}")
    if not np.isfinite(value):
        raise ValueError(f"{name} must be a finite number, got {value!r}")
