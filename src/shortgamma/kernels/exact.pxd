# cython: language_level=3, cdivision=True
"""Signs of sums of products of doubles without rounding, for decisions that must not depend on it.

J. R. Shewchuk, Adaptive precision floating-point arithmetic and fast robust geometric predicates, Discrete and
Computational Geometry 18 (1997), 305-363: an expansion is a sum of doubles that do not overlap, smallest first.
Exact as long as nothing overflows or underflows; needs strict arithmetic (no contraction).
"""

cdef enum:
    LONGEST = 48

cdef struct Expansion:
    int length
    double part[LONGEST]


cdef inline void two_sum(double a, double b, double* high, double* low) noexcept nogil:
    cdef double total = a + b
    cdef double back = total - a
    low[0] = (a - (total - back)) + (b - back)
    high[0] = total


cdef inline void split(double a, double* high, double* low) noexcept nogil:
    cdef double c = 134217729.0 * a
    high[0] = c - (c - a)
    low[0] = a - high[0]


cdef inline void two_product(double a, double b, double* high, double* low) noexcept nogil:
    cdef double a_high, a_low, b_high, b_low
    cdef double product = a * b
    split(a, &a_high, &a_low)
    split(b, &b_high, &b_low)
    low[0] = a_low * b_low - (((product - a_high * b_high) - a_low * b_high) - a_high * b_low)
    high[0] = product


cdef inline void add(Expansion* total, double b) noexcept nogil:
    """total += b"""
    cdef double carry = b, low
    cdef int i, kept = 0
    for i in range(total.length):
        two_sum(carry, total.part[i], &carry, &low)
        if low != 0.0:
            total.part[kept] = low
            kept += 1
    if carry != 0.0:
        total.part[kept] = carry
        kept += 1
    total.length = kept


cdef inline void add_product(Expansion* total, double sign, double a, double b, double c, double d) noexcept nogil:
    """total += sign a b c d, sign = 1 or -1"""
    cdef double first[2]
    cdef double second[4]
    cdef double high, low
    cdef int i
    two_product(a, b, &first[1], &first[0])
    for i in range(2):
        two_product(first[i], c, &second[2 * i + 1], &second[2 * i])
    for i in range(4):
        two_product(second[i], d, &high, &low)
        add(total, sign * low)
        add(total, sign * high)


cdef inline double sign_of(const Expansion* total) noexcept nogil:
    """A number of the sign of the sum: the largest part decides."""
    return total.part[total.length - 1] if total.length else 0.0
