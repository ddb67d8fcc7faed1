# cython: language_level=3, cdivision=True
"""Funding payments: at each funding time the long pays value times rate to the short.

Sums are as if in twice the precision, so that the order of payments does not matter.
"""

from shortgamma.kernels.contracts cimport value


cdef inline double payment(bint inverse, double quantity, double mark, double rate, double multiplier) noexcept nogil:
    """Cash received by the position; taken from 0 so that nothing paid is 0 and not -0."""
    return 0.0 - value(inverse, quantity, mark, multiplier) * rate


cdef struct Sum:
    # high + low is the sum of what was added, as if it were in twice the precision.
    double high
    double low


cdef inline double error_of(double a, double b, double total) noexcept nogil:
    """What rounding took from a + b: D. E. Knuth, The Art of Computer Programming 2, 1998, section 4.2.2."""
    cdef double back = total - a
    return (a - (total - back)) + (b - back)


cdef inline void add(Sum* total, double x) noexcept nogil:
    cdef double high = total.high + x
    total.low += error_of(total.high, x, high)
    total.high = high


cdef inline void add_lane(double* high, double* low, double x) noexcept nogil:
    """`add` for sums side by side, whose parts lie in arrays of their own."""
    cdef double total = high[0] + x
    low[0] += error_of(high[0], x, total)
    high[0] = total


cdef inline double rounded(Sum total) noexcept nogil:
    """The sum as one double; past the largest double the low part means nothing."""
    return total.high + total.low if total.high - total.high == 0.0 else total.high
