"""When the prices of bars held: the lengths of bars, and the price that is nearest to a time of day."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma._core.checks import check_length, refuse_choice
from shortgamma._core.clocks import passes
from shortgamma._core.times import YEAR, ascending, times

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from numpy.typing import NDArray

    Stamps = NDArray[np.int64]

STAMPS = ("open", "close")


def given_times(time: Any, price: Any, axis: int) -> Any:
    """``time``, or the labels of a table or series of prices that are times."""
    if time is not None:
        return time
    index = getattr(price, "index", None) if axis == 0 else getattr(price, "columns", None)
    if hasattr(index, "asi8") or str(getattr(index, "dtype", "")).startswith("period"):
        return index
    return None


def stamps_of(time: Any, bars: int) -> Stamps | None:
    """One time a bar, ascending."""
    if time is None:
        return None
    stamps = ascending("time", times("time", time))
    check_length("time", len(stamps), "price", bars)
    return stamps


def check_periods(periods: Any) -> float | None:
    if periods is None:
        return None
    if isinstance(periods, bool | np.bool) or not isinstance(periods, int | float | np.integer | np.floating):
        raise TypeError(f"periods_per_year must be a number, got {periods!r}")
    if not 0.0 < periods < math.inf:
        raise ValueError(f"periods_per_year must be > 0, got {periods!r}")
    return float(periods)


def refuse_rates_without_time(name: str) -> NoReturn:
    raise ValueError(
        f"{name} is a rate a year: give the bars' times by time=, or how many there are in a year by periods_per_year="
        " (252 for trading days, 365 for days, 8760 for hours)"
    )


def years_of(stamps: Stamps | None) -> NDArray[np.float64] | None:
    """Length of each bar in years of 365 days, from the bar before; None if it is not known."""
    return None if stamps is None else np.diff(stamps, prepend=stamps[:1]) / YEAR


class Clock(NamedTuple):
    """Where bars ended, for those that follow."""

    close: int
    """When the last bar closed."""
    until: int
    """Until when it answered for times of day."""
    step: int
    """The shortest bar so far; 0 if there was one bar alone."""


class Bars(NamedTuple):
    """Bars, and which of them stands for a time of day."""

    closes: Stamps
    """When each closed."""
    past: Stamps
    """Up to here earlier bars have answered for."""
    middle: Stamps
    """Up to here the open is nearer than the close; ``past`` where no opens are given."""
    until: Stamps
    """Up to here this bar answers for."""
    years: NDArray[np.float64]
    """Years from the close before."""
    dates: Stamps
    """When each closed; when it opened, where it is the first of all and may be alone."""
    before: int | None
    """When the bar before these closed."""
    ended: Clock

    def of(self, date: int) -> int:
        """The bar of a date: the first that closes at or after it; -1 where an earlier call had it."""
        bar = int(np.searchsorted(self.dates, date))
        return -1 if bar == 0 and self.before is not None and self.before >= date else bar

    def at_open(self, clock: int, zone: str) -> Stamps:
        """How often a time of day comes for which the open of a bar stands."""
        return passes(clock, zone, self.middle) - passes(clock, zone, self.past)

    def at_close(self, clock: int, zone: str) -> Stamps:
        return passes(clock, zone, self.until) - passes(clock, zone, self.middle)


def bars_of(stamps: Stamps, opened: bool, has_open: bool, periods: float | None, before: Clock | None) -> Bars:
    """The bars of some stamps, at least one, which are those of opens or of closes.

    Nothing looks ahead, so that bars passed one by one give the same as all at once: a bar is taken to be as long as
    the shortest so far, which gaps do not change.
    """
    steps = np.diff(stamps, prepend=stamps[:1])
    if before is None:
        steps[:1] = steps[1] if len(steps) > 1 else 0
    else:
        steps[0] = stamps[0] - before.close + (before.step if opened else 0)
        steps[0] = min(int(steps[0]), before.step or int(steps[0]))
    steps = np.minimum.accumulate(steps)
    closes = stamps + steps if opened else stamps
    # without opens a close also stands for the half bar after it
    reach = np.zeros_like(steps) if has_open else np.maximum(steps - 1, 0) // 2
    first = int(steps[0])
    if before is None:
        # bought at the first close: nothing is due up to it
        last = int(closes[0])
        start = last + int(reach[0])
    elif before.step:
        last, start = before.close, before.until
    else:
        last = before.close + (first if opened else 0)
        start = last + int(reach[0])
    until = np.maximum.accumulate(np.append(start, closes + reach))
    past, until = until[:-1], until[1:]
    middle = past
    if has_open:
        middle = np.minimum(np.maximum(past, closes - steps + np.maximum(steps - 1, 0) // 2), until)
    years = np.diff(closes, prepend=last) / YEAR if periods is None else np.full(len(stamps), 1.0 / periods)
    dates = np.append(stamps[:1], closes[1:]) if before is None else closes
    ended = Clock(int(closes[-1]), int(until[-1]), int(steps[-1]))
    return Bars(closes, past, middle, until, years, dates, None if before is None else before.close, ended)


def labels_opens(stamp: Any, has_open: bool, needed: bool) -> bool:
    """Whether times are those of opens; where a time of day hangs on it, only bars with opens have a default."""
    if stamp is None:
        if needed and not has_open:
            raise ValueError(
                "stamp is needed, since the rule goes by a time of day: stamp='close' if time is when each price held,"
                " stamp='open' if it is when its bar began, as in the candles of exchanges"
            )
        return has_open
    if not isinstance(stamp, str) or stamp not in STAMPS:
        refuse_choice("stamp", stamp, STAMPS)
    return stamp == "open"
