"""Times of day: when clocks show them, in UTC or in a zone with summer time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.times import DAY, SECOND

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Stamps = NDArray[np.int64]

CLOCK = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d))?")
WEEK = 7 * DAY // SECOND


def time_of_day(name: str, value: Any) -> int:
    """Nanoseconds after midnight of a time of day."""
    clock = CLOCK.fullmatch(value) if isinstance(value, str) else None
    if clock is None:
        raise ValueError(f"{name} must be a time of day such as '00:02', got {value!r}")
    hours, minutes, seconds = (int(part or 0) for part in clock.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * SECOND


def check_zone(name: str, value: Any) -> str:
    """The name of a zone that this system knows."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be the name of a zone such as 'America/New_York', got {value!r}")
    if value != "UTC":
        _zone(name, value)
    return value


def passes(clock: int, zone: str, until: Stamps) -> Stamps:
    """How often clocks of a zone have shown a time of day up to each time, counted from some day on."""
    if zone == "UTC":
        return (until - clock) // DAY
    if not len(until):
        return np.zeros(0, dtype=np.int64)
    first, last = int(until[0]) // DAY - 2, int(until[-1]) // DAY + 2
    local = np.arange(first, last + 1, dtype=np.int64) * DAY + clock
    counted: Stamps = np.searchsorted(_utc(zone, local), until, side="right") + first
    return counted


def following(clock: int, zone: str, stamp: int) -> int:
    """When clocks of a zone show a time of day next, after a time."""
    local = np.arange(-2, 4, dtype=np.int64) * DAY + (stamp // DAY * DAY + clock)
    shown = local if zone == "UTC" else _utc(zone, local)
    return int(shown[np.searchsorted(shown, stamp, side="right")])


def _zone(name: str, value: str) -> Any:
    # loaded by the first zone: most callers have none
    from zoneinfo import ZoneInfo

    try:
        return ZoneInfo(value)
    except (ValueError, OSError, KeyError):
        raise ValueError(
            f"{name} must be a zone that this system knows, such as 'America/New_York', got {value!r} (where a system"
            " has no zones, pip install tzdata)"
        ) from None


def _utc(zone: str, local: Stamps) -> Stamps:
    """Local times in UTC. Of an hour that clocks show twice it is one, and one that they skip is moved by the shift."""
    changes, offsets = _offsets(zone, int(local[0] // SECOND // WEEK) - 1, int(local[-1] // SECOND // WEEK) + 2)
    rough = local - offsets[np.searchsorted(changes, local, side="right") - 1]
    return local - offsets[np.searchsorted(changes, rough, side="right") - 1]


@lru_cache(maxsize=64)
def _offsets(zone: str, first: int, last: int) -> tuple[Stamps, Stamps]:
    """From which times on which offset from UTC holds, between two numbers of weeks since 1970."""
    clock = _zone("zone", zone)

    def offset(second: int) -> int:
        shift = datetime.fromtimestamp(second, UTC).astimezone(clock).utcoffset()
        assert shift is not None
        return shift.days * 86_400 + shift.seconds

    changes, offsets = [first * WEEK], [offset(first * WEEK)]
    for week in range(first, last):
        low, high = week * WEEK, (week + 1) * WEEK
        if offset(high) == offsets[-1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            if offset(middle) == offsets[-1]:
                low = middle
            else:
                high = middle
        changes.append(high)
        offsets.append(offset(high))
    return np.array(changes, dtype=np.int64) * SECOND, np.array(offsets, dtype=np.int64) * SECOND
