# cython: language_level=3, cdivision=True
"""Fills merged with funding times: from which funding time on a fill counts, and funding between two times.

Where funding is paid all the time, a position q receives, with v(P) the value of one contract and n the interval,

    - integral of q(s) v(P(s)) F(s) ds / n,

the sum over fills of their quantity times the area from the fill on.
"""

from libc.stdint cimport int64_t, uint64_t

cdef extern from *:
    # In ns: payments are due on whole minutes and stamped a little later (or earlier) by venues; stamps that follow
    # each other so soon are no schedule. An enum of Cython is an int, too short for them.
    """
    #define SG_MINUTE 60000000000LL
    #define SG_JITTER 5000000000LL
    #define SG_SOON 30000000000ULL
    """
    const int64_t MINUTE "SG_MINUTE"
    const int64_t JITTER "SG_JITTER"
    const uint64_t SOON "SG_SOON"


cdef inline int64_t is_before(int64_t event, int64_t fill, int64_t later) noexcept nogil:
    """Whether the fill does not count at the event yet; later is 1 if a fill at its time comes after it."""
    return (event < fill) | (later & (event == fill))


cdef inline int64_t is_near(int64_t event, int64_t fill) noexcept nogil:
    """Whether two times are at most JITTER apart."""
    return (<uint64_t> event - <uint64_t> fill + <uint64_t> JITTER) <= <uint64_t> (2 * JITTER)


cdef inline int64_t due_at(int64_t stamp) noexcept nogil:
    """When a payment of a schedule was due: the whole minute nearby, if there is one."""
    cdef int64_t minute = (stamp + (JITTER if stamp >= 0 else -JITTER)) // MINUTE * MINUTE
    return minute if is_near(minute, stamp) else stamp


cdef inline int64_t off_minute(int64_t stamp) noexcept nogil:
    """0 on a whole minute, else what the stamp is off the nearest one, or an error of rounding beside it."""
    return stamp - <int64_t> (<double> stamp * (1.0 / 60e9) + (0.5 if stamp >= 0 else -0.5)) * MINUTE


cdef inline double span(int64_t begin, int64_t end) noexcept nogil:
    """Time from one to a later; as unsigned numbers a difference does not overflow."""
    return <double> (<uint64_t> end - <uint64_t> begin)


cdef inline int64_t guess_of(
    int64_t fill, int64_t first, double per_nanosecond, int64_t last, int64_t later,
) noexcept nogil:
    """Number of the event from which on a fill counts, if the events are evenly spaced from the first to the last."""
    # so that a fill at the time of an event is on the right side of it: more than rounding does
    cdef double nudge = 1e-9 if later else -1e-9
    cdef double ticks = <double> <int64_t> (<uint64_t> fill - <uint64_t> first) * per_nanosecond + nudge
    ticks = ticks if ticks > -1.0 else -1.0
    ticks = ticks if ticks < <double> last else <double> last
    return <int64_t> (ticks + 1.0)


cdef inline double area(double left, double right, double rest, double length, double interval) noexcept nogil:
    """Integral over the last `rest` of a stretch of `length` whose cash per interval goes from left to right."""
    cdef double share = rest / length
    cdef double here = right + (left - right) * share
    return (here + right) * 0.5 * (rest / interval)
