# cython: language_level=3, cdivision=True
"""Funding of perpetual swaps: at each funding time the long pays value times rate to the short.

F funding rate, P premium of the swap over its index, I interest, c half width of the dead band:

    F = P + clamp(I - P, -c, c), within [floor, cap]
    P = (max(0, impact bid - reference) - max(0, reference - impact ask)) / index + basis

With I = 0 the first line is also max(c, P) + min(-c, P).
"""

from shortgamma.kernels.contracts cimport value


cdef inline double payment(bint inverse, double quantity, double mark, double rate, double multiplier) noexcept nogil:
    """Cash received by the position; taken from 0 so that nothing paid is 0 and not -0."""
    return 0.0 - value(inverse, quantity, mark, multiplier) * rate


cdef inline double limited(double x, double low, double high) noexcept nogil:
    """x within [low, high]; NaN stays NaN."""
    x = low if x < low else x
    return high if x > high else x


cdef inline double rate_of(double premium, double interest, double clamp, double cap, double floor) noexcept nogil:
    """Inside the dead band the interest itself, not what rounding makes of P + (I - P)."""
    cdef double gap = interest - premium
    cdef double result = premium + limited(gap, -clamp, clamp)
    result = interest if (gap >= -clamp) & (gap <= clamp) else result
    return limited(result, floor, cap)


cdef inline double premium_of(double bid, double ask, double index, double reference, double basis) noexcept nogil:
    cdef double above = bid - reference
    cdef double below = reference - ask
    above = 0.0 if above < 0.0 else above
    below = 0.0 if below < 0.0 else below
    return (above - below) / index + basis


cdef struct Sum:
    # high + low is the sum of what was added, as if it were in twice the precision.
    double high
    double low


cdef inline void add(Sum* total, double x) noexcept nogil:
    """The error of a rounded sum is a double: D. E. Knuth, The Art of Computer Programming 2, 1998, section 4.2.2."""
    cdef double high = total.high + x
    cdef double back = high - total.high
    total.low += (total.high - (high - back)) + (x - back)
    total.high = high


cdef inline double rounded(Sum total) noexcept nogil:
    """The sum as one double; past the largest double the low part means nothing."""
    return total.high + total.low if total.high - total.high == 0.0 else total.high


cdef inline double area(double left, double right, double rest, double length, double interval) noexcept nogil:
    """Integral over the last `rest` of a stretch of `length` whose cash per interval goes from left to right."""
    cdef double share = rest / length
    cdef double here = right + (left - right) * share
    return (here + right) * 0.5 * (rest / interval)
