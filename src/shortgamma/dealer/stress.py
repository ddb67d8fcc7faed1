"""How unusual a day was: z without the day itself, tails, breaks of a correlation, the last hour, events."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import vecmath
from shortgamma._core.checks import describe, number, refuse_where, time_axis, whole
from shortgamma._core.results import Result
from shortgamma._core.times import ascending
from shortgamma._core.times import times as stamps
from shortgamma.carry.regression import regression

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from shortgamma._core.types import Floats, Integers

HOUR = 3_600 * 10**9
DAY = 24


def zscore(x: ArrayLike, window: int) -> Floats:
    """Deviations of each value from the window before it.

    Parameters
    ----------
    x : array_like
        Values; time along axis 0.
    window : int
        How many values before count, >= 2.

    Returns
    -------
    ndarray
        (x_t - mean)/deviation, both of the ``window`` values before t, the deviation with n - 1; NaN for the first
        ones.

    Raises
    ------
    ValueError
        If ``window`` is not a whole number >= 2.
    {TypeError}

    See Also
    --------
    tail_probability : How likely that is.

    Notes
    -----
    With the day itself in the window abs(z) could never exceed (W - 1)/sqrt(W): 4.36 for 21 days, whatever happens.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.dealer.zscore([1.0, -1.0, 1.0, -1.0, 5.0], 4).round(3)
    array([ nan,  nan,  nan,  nan, 4.33])
    """
    values = number("x", x).astype(np.float64)
    time_axis(0, values.ndim, "x")
    window = whole("window", window, 2)
    deviations = np.full(values.shape, np.nan)
    if values.shape[0] > window:
        views = np.lib.stride_tricks.sliding_window_view(values[:-1], window, axis=0)
        with np.errstate(invalid="ignore", divide="ignore"):
            deviations[window:] = (values[window:] - views.mean(axis=-1)) / views.std(axis=-1, ddof=1)
    return deviations


def tail_probability(z: ArrayLike, *, tails: int, dof: float | None = None) -> Any:
    """Probability of a deviation as large as z.

    Parameters
    ----------
    z : array_like
        Standard deviations, of either sign.
    tails : {1, 2}
        1 for as far on the side of z, 2 for as far on either side; there is no default.
    dof : float, optional
        Degrees of freedom, > 2, of a Student distribution scaled to unit variance; without, the normal one.

    Returns
    -------
    ndarray or float
        Probabilities.

    Raises
    ------
    ValueError
        If ``tails`` is neither 1 nor 2, or ``dof`` is not > 2.
    ImportError
        If ``dof`` is given and SciPy is not installed.
    {TypeError}

    Examples
    --------
    3 standard deviations are 5.8 times as likely as 3.5, not ten times:

    >>> import shortgamma as sg
    >>> near, far = sg.dealer.tail_probability([3.0, 3.5], tails=2)
    >>> round(float(near / far), 2)
    5.8
    """
    if tails not in (1, 2):
        raise ValueError(f"tails must be 1 or 2, got {tails!r}")
    size = np.abs(number("z", z).astype(np.float64))
    if dof is None:
        return (0.5 * tails * vecmath.erfc(size * math.sqrt(0.5)))[()]
    if not dof > 2.0:
        raise ValueError(f"dof must be > 2, or there is no variance to scale by, got {dof!r}")
    try:
        from scipy.special import stdtr
    except ImportError:
        raise ImportError("a Student tail needs SciPy: pip install scipy, or leave dof out") from None
    return (tails * stdtr(dof, -size * math.sqrt(dof / (dof - 2.0))))[()]


class CorrelationBreak(Result):
    """Two correlations and whether they differ.

    Attributes
    ----------
    before, after : float
        The correlations.
    zscore : float
        Fisher's z of the difference.
    probability : float
        Of as large a difference, on either side, if there were none.
    """

    before: float
    after: float
    zscore: float
    probability: float


def correlation_break(x: ArrayLike, y: ArrayLike, before: Any, after: Any) -> CorrelationBreak:
    """Whether the correlation of two series has changed.

    Parameters
    ----------
    {x, y}
    before, after : slice, or array of bool or int
        The rows of each period.

    Returns
    -------
    CorrelationBreak
        NaN where a period has no more than 3 rows.

    Raises
    ------
    ValueError
        If lengths differ.
    {TypeError}

    Notes
    -----
    z = (atanh r2 - atanh r1)/sqrt(1/(n1 - 3) + 1/(n2 - 3)), which supposes normal and independent rows.

    Examples
    --------
    >>> import numpy as np
    >>> import shortgamma as sg
    >>> x = np.arange(20.0)
    >>> y = np.where(x < 10, x % 3, -(x % 3))
    >>> test = sg.dealer.correlation_break(x % 3, y + 0.1 * (x % 2), slice(0, 10), slice(10, 20))
    >>> bool(test.zscore < -4)
    True
    """
    first, second = _pair(x, y)
    periods = [(first[rows], second[rows]) for rows in (_rows("before", before), _rows("after", after))]
    r = [_correlation(*period) for period in periods]
    n = [period[0].size for period in periods]
    if min(n) <= 3:
        return CorrelationBreak(r[0], r[1], math.nan, math.nan)
    with np.errstate(divide="ignore"):
        gap = float(np.arctanh(r[1]) - np.arctanh(r[0]))
    z = gap / math.sqrt(1.0 / (n[0] - 3) + 1.0 / (n[1] - 3))
    return CorrelationBreak(r[0], r[1], z, float(tail_probability(z, tails=2)))


class TailCorrelation(Result):
    """Correlation and beta where the other series is beyond a bound.

    Attributes
    ----------
    correlation : float
        Of both series.
    beta : float
        Slope of x on y.
    rows : int
        Rows used.
    """

    correlation: float
    beta: float
    rows: int


def tail_correlation(
    x: ArrayLike, y: ArrayLike, *, below: float | None = None, above: float | None = None
) -> TailCorrelation:
    """Correlation and beta on the rows on which y is below a bound, or not below one.

    Parameters
    ----------
    {x, y}
    below : float, optional
        Rows with y < below.
    above : float, optional
        Rows with y >= above. With neither, all rows.

    Returns
    -------
    TailCorrelation
        NaN where there are fewer than two rows.

    Raises
    ------
    ValueError
        If lengths differ.
    {TypeError}

    Examples
    --------
    >>> import shortgamma as sg
    >>> tail = sg.dealer.tail_correlation([-3.0, -1.0, 1.0, 1.5], [-2.0, -1.0, 1.0, 2.0], below=0.0)
    >>> tail.beta, tail.rows
    (2.0, 2)
    """
    first, second = _pair(x, y)
    rows = np.ones(second.shape, dtype=bool)
    with np.errstate(invalid="ignore"):
        rows &= True if below is None else second < below
        rows &= True if above is None else second >= above
    first, second = first[rows], second[rows]
    if first.size < 2:
        return TailCorrelation(math.nan, math.nan, int(first.size))
    away = second - second.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        beta = float((away * (first - first.mean())).sum() / np.square(away).sum())
    return TailCorrelation(_correlation(first, second), beta, int(first.size))


def _rows(name: str, value: Any) -> Any:
    """A slice, places, or a mask."""
    if isinstance(value, slice):
        return value
    rows = np.asarray(value)
    if rows.dtype.kind not in "iub" or rows.ndim != 1:
        raise TypeError(f"{name} must be a slice, an array of places or a mask of rows, got {describe(value, rows)}")
    return rows


def _pair(x: Any, y: Any) -> tuple[Floats, Floats]:
    first, second = number("x", x).astype(np.float64), number("y", y).astype(np.float64)
    if first.ndim != 1 or first.shape != second.shape:
        raise ValueError(f"x and y must be of one length, got shapes {first.shape} and {second.shape}")
    return first, second


def _correlation(x: Floats, y: Floats) -> float:
    if x.size < 2:
        return math.nan
    dx, dy = x - x.mean(), y - y.mean()
    with np.errstate(invalid="ignore", divide="ignore"):
        return float((dx * dy).sum() / np.sqrt(np.square(dx).sum() * np.square(dy).sum()))


class LastHour(Result):
    """The last hour of a day that ends at some hour, for that hour and 23 placebos.

    Attributes
    ----------
    hour : ndarray
        Hour of the day (UTC) at which the day ends, the one asked for first.
    days : ndarray
        Whole days.
    slope, standard_error : ndarray
        Of the regression of the last hour's return on that of the 23 hours before.
    volume_share, variance_share : ndarray
        The mean share of the last hour in the volume and in the squared returns of its day.
    volume_rank : int
        Rank of the volume share of the hour asked for, 1 the largest.
    """

    hour: Integers
    days: Integers
    slope: Floats
    standard_error: Floats
    volume_share: Floats
    variance_share: Floats
    volume_rank: int


def last_hour(time: ArrayLike, close: ArrayLike, volume: ArrayLike, *, at: int, hac_lags: int = 7) -> LastHour:
    """Whether the last hour before a public time is unlike the 23 others.

    Parameters
    ----------
    time : array_like
        When each hourly bar opens, on the hour, rising; bars may be missing.
    close : array_like
        Price at the end of each bar.
    volume : array_like
        Volume of each bar.
    at : int
        The hour (UTC) at which the day ends: 16 for 16:00.
    hac_lags : int, default 7
        Lags of the scores in the standard error.

    Returns
    -------
    LastHour
        24 rows, the one for ``at`` first, then the placebos in order.

    Raises
    ------
    ValueError
        If a bar does not open on the hour, lengths differ, or ``at`` is not an hour.
    TypeError
        If an input is not numeric or no time.

    Notes
    -----
    A day counts if all of its 24 bars and the close before are there. If rebalancing at a public time moved prices, its
    slope and its shares would stand out among the placebos.

    Examples
    --------
    >>> import numpy as np
    >>> import shortgamma as sg
    >>> time = np.datetime64("2024-01-01", "h") + np.arange(24 * 30)
    >>> price = 100.0 * np.exp(0.01 * np.sin(np.arange(24 * 30) ** 1.5))
    >>> hours = sg.dealer.last_hour(time, price, np.where(np.arange(24 * 30) % 24 == 15, 2.0, 1.0), at=16)
    >>> round(float(hours.volume_share[0]), 12), hours.volume_rank
    (0.08, 1)
    """
    if not isinstance(at, int | np.integer) or not 0 <= at < DAY:
        raise ValueError(f"at must be an hour from 0 to 23, got {at!r}")
    stamp = ascending("time", stamps("time", time))
    prices, volumes = number("close", close).astype(np.float64), number("volume", volume).astype(np.float64)
    if not stamp.shape == prices.shape == volumes.shape:
        raise ValueError(
            f"time, close and volume must be of one length, got {stamp.shape}, {prices.shape} and {volumes.shape}"
        )
    off = stamp % HOUR != 0
    refuse_where(off, "time", stamp, "on the hour, in ns")
    place = (stamp - stamp[0]) // HOUR
    first = int(stamp[0] // HOUR % DAY)
    span = int(place[-1]) + 1
    logs, amounts = np.full(span, np.nan), np.full(span, np.nan)
    logs[place], amounts[place] = np.log(prices), volumes
    rows = [_one_hour(logs, amounts, (hour - 1 - first) % DAY, hac_lags) for hour in _hours(at)]
    count, slope, error, share, variance = (np.array(column) for column in zip(*rows, strict=True))
    rank = 1 + int((share > share[0]).sum())
    return LastHour(np.array(_hours(at)), count, slope, error, share, variance, rank)


class EventWindow(Result):
    """A series around events.

    Attributes
    ----------
    offset : ndarray
        Rows from the event, from -before to after.
    mean : ndarray
        Mean over the events at each offset.
    before, after : ndarray
        Of each event, the mean of the rows before and after it; the event's own row is in neither. NaN where the
        series does not reach so far.
    difference : float
        Mean of after less before, over the events that have both.
    standard_error : float
        Of the difference, from its deviation between events; NaN for fewer than two.
    events : int
        Events that count.
    skipped : int
        Events of which the series lacks a row.
    """

    offset: Integers
    mean: Floats
    before: Floats
    after: Floats
    difference: float
    standard_error: float
    events: int
    skipped: int


def event_window(x: ArrayLike, events: ArrayLike, *, before: int, after: int, time: Any = None) -> EventWindow:
    """A series before and after events, such as the introduction of a product.

    Parameters
    ----------
    x : array_like
        Values, in the order of time; one dimension.
    events : array_like
        Rows of the events, or their times where ``time`` is given: the first row at or after each.
    before, after : int
        How many rows on either side count, >= 1; there is no default.
    time : array_like, optional
        Times of the rows, rising.

    Returns
    -------
    EventWindow
        Means by offset, and the difference between both sides with its standard error.

    Raises
    ------
    ValueError
        If an event is no row of the series, ``time`` does not rise, or lengths differ.
    TypeError
        If an input is not numeric or no time.

    See Also
    --------
    last_hour : The same hour of every day, and its placebos.

    Notes
    -----
    An event whose window the series does not cover, or in which a value is NaN, is left out and counted in ``skipped``.
    The standard error supposes independent events: of windows that overlap it is too small.

    Examples
    --------
    Turnover doubles with each of two introductions:

    >>> import numpy as np
    >>> import shortgamma as sg
    >>> turnover = np.where(np.arange(100) % 50 < 25, 1.0, 2.0)
    >>> window = sg.dealer.event_window(turnover, [25, 75], before=20, after=20)
    >>> window.difference, window.standard_error
    (1.0, 0.0)
    """
    values = number("x", x).astype(np.float64)
    if values.ndim != 1:
        raise ValueError(f"x must have one dimension, got shape {values.shape}")
    most = max(values.size, 1)
    before, after = whole("before", before, 1, most), whole("after", after, 1, most)
    place = _rows_of(events, time, values.size)
    offset = np.arange(-before, after + 1)
    rows = place[:, np.newaxis] + offset
    inside = (rows >= 0) & (rows < values.size)
    window = np.where(inside, values[np.clip(rows, 0, values.size - 1)], np.nan)
    earlier, later = window[:, :before].mean(axis=1), window[:, before + 1 :].mean(axis=1)
    complete = np.isfinite(window).all(axis=1)
    gaps, count = (later - earlier)[complete], int(complete.sum())
    mean = window[complete].mean(axis=0) if count else np.full(offset.size, np.nan)
    error = float(gaps.std(ddof=1)) / math.sqrt(count) if count > 1 else math.nan
    gap = float(gaps.mean()) if count else math.nan
    return EventWindow(offset, mean, earlier, later, gap, error, count, int(place.size - count))


def _rows_of(events: Any, time: Any, size: int) -> Integers:
    """The rows of events, given as rows or as times."""
    if time is not None:
        stamp = ascending("time", stamps("time", time))
        if stamp.shape != (size,):
            raise ValueError(f"time and x must be of one length, got {stamp.shape} and {(size,)}")
        moments = np.atleast_1d(stamps("events", events))
        if moments.ndim != 1:
            raise ValueError(f"events must have one dimension, got shape {moments.shape}")
        rows: Integers = np.searchsorted(stamp, moments)
        refuse_where(rows == size, "events", moments, f"no later than the last row, {int(stamp[-1])} ns")
        return rows
    place = np.atleast_1d(number("events", events))
    if place.dtype.kind not in "iu" or place.ndim != 1:
        raise TypeError("events must be rows, whole numbers in one dimension; give time= where they are times")
    refuse_where((place < 0) | (place >= size), "events", place, f"a row from 0 to {size - 1}")
    return place.astype(np.int64)


def _hours(at: int) -> list[int]:
    return [at, *(hour for hour in range(DAY) if hour != at)]


def _one_hour(logs: Floats, amounts: Floats, place: int, lags: int) -> tuple[int, float, float, float, float]:
    """A day is the 24 bars that end with one at this place of the clock."""
    ends = np.arange(place, logs.size, DAY)
    ends = ends[ends >= DAY]
    bars = ends[:, np.newaxis] + np.arange(-DAY + 1, 1)
    day, steps = amounts[bars], logs[bars] - logs[bars - 1]
    whole = np.isfinite(day).all(axis=1) & np.isfinite(steps).all(axis=1)
    day, steps = day[whole], steps[whole]
    if not whole.any():
        return 0, math.nan, math.nan, math.nan, math.nan
    fit = regression(steps[:, -1], logs[ends[whole] - 1] - logs[ends[whole] - DAY], lags=lags)
    squares = np.square(steps)
    return (
        int(whole.sum()),
        float(fit.coefficient[1]),
        float(fit.standard_error[1]),
        float((day[:, -1] / day.sum(axis=1)).mean()),
        float((squares[:, -1] / squares.sum(axis=1)).mean()),
    )
