# cython: language_level=3, cdivision=True
"""Value and profit of linear, inverse and quanto contracts in their settlement coin.

q quantity (> 0 long), m multiplier, P price. A quanto contract is a linear one in its own settlement coin, so the
formulas know only two kinds: inverse or not.

    linear, quanto: value q m P, profit q m (P1 - P0)        inverse: value q m / P, profit q m (1/P0 - 1/P1)
"""

from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN


cdef inline double checked(double result, double price) noexcept nogil:
    """result where the price is a price."""
    result = result if price > 0.0 else NAN
    return result if price < INFINITY else NAN


cdef inline double value(bint inverse, double quantity, double price, double multiplier) noexcept nogil:
    cdef double size = quantity * multiplier
    cdef double straight = size * price
    cdef double reciprocal = size / price
    return reciprocal if inverse else straight


cdef inline double profit(bint inverse, double quantity, double entry, double exit, double multiplier) noexcept nogil:
    """The inverse one over the common denominator, since 1/P0 - 1/P1 cancels."""
    cdef double size = quantity * multiplier
    cdef double move = exit - entry
    cdef double straight = size * move
    cdef double reciprocal = size * (move / (entry * exit))
    return reciprocal if inverse else straight
