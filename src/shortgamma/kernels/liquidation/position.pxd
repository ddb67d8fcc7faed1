# cython: language_level=3, cdivision=True
"""Liquidation of one isolated position.

q quantity (> 0 long), m multiplier, E entry, M margin in the settlement coin, w required fraction of the value at the
mark P (maintenance rate and closing fee). A position is liquidated where its equity is less than required:

    linear, quanto: M + q m (P - E) < w |q| m P             P* = (q m E - M) / (q m - w |q| m)
    inverse:        M + q m (1/E - 1/P) < w |q| m / P       P* = (q m + w |q| m) E / (M E + q m)

The decision on a bar is that of exact arithmetic on the given doubles. `bounds` encloses P* between a certain and a
possible bound; only a mark between the two needs `breached`, which evaluates the inequality without rounding.
"""

from shortgamma.kernels.numeric.exact cimport sign_of_products
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute

cdef extern from "<float.h>" nogil:
    const double LARGEST "DBL_MAX"
    const double EPSILON "DBL_EPSILON"
    const double SMALLEST "DBL_MIN"

cdef extern from *:
    """
    #define SG_TINY 1e-290
    """
    const double TINY "SG_TINY"

cdef struct Bounds:
    # A mark below `low` or above `high` may be a breach, one below `sure_low` or above `sure_high` is one.
    double low
    double sure_low
    double high
    double sure_high


cdef inline double in_domain(double entry, double maintenance, double fee) noexcept nogil:
    """1 if the position is well defined, 0 if not or NaN."""
    cdef double good = 1.0 if entry > 0.0 else 0.0
    good = good if entry < INFINITY else 0.0
    good = good if maintenance >= 0.0 else 0.0
    good = good if fee >= 0.0 else 0.0
    return good if maintenance + fee < 1.0 else 0.0


cdef inline double price(
    bint inverse, double quantity, double entry, double margin, double required, double multiplier,
) noexcept nogil:
    """P*, or the edge of the prices where the question has no answer: see shortgamma.liquidation.price."""
    cdef double size = quantity * multiplier
    cdef double need = required * absolute(size)
    cdef double straight = (size * entry - margin) / (size - need)
    cdef double below = margin * entry + size
    cdef double reciprocal = (size + need) * entry / below
    cdef double side = 1.0 if quantity > 0.0 else -1.0
    straight = 0.0 if straight <= 0.0 else straight
    reciprocal = INFINITY if below * side <= 0.0 else reciprocal
    straight = reciprocal if inverse else straight
    return NAN if quantity == 0.0 else straight


cdef inline bint breached(
    bint inverse, double mark, double quantity, double entry, double margin, double required, double multiplier,
) noexcept nogil:
    """Whether equity is less than required at the mark, exactly. (The inverse one times E P.)"""
    cdef double size = -quantity if quantity < 0.0 else quantity
    cdef double* straight = [
        margin, 1.0, 1.0, 1.0,
        quantity, multiplier, mark, 1.0,
        -quantity, multiplier, entry, 1.0,
        -size, multiplier, mark, required,
    ]
    cdef double* reciprocal = [
        margin, entry, mark, 1.0,
        quantity, multiplier, mark, 1.0,
        -quantity, multiplier, entry, 1.0,
        -size, multiplier, entry, required,
    ]
    return sign_of_products(reciprocal if inverse else straight, 4, 4) == -1


cdef inline Bounds bounds(
    bint inverse, double quantity, double entry, double margin, double required, double multiplier,
) noexcept nogil:
    """Marks outside [low, high] may be breaches. Marks that are no price lie outside too, for the caller to see."""
    cdef Bounds result
    cdef double size = quantity * multiplier
    cdef double need = required * absolute(size)
    cdef double level, doubt, below, steep
    result.low = SMALLEST
    result.high = LARGEST
    result.sure_low = 0.0
    result.sure_high = INFINITY
    if quantity == 0.0:
        if margin < 0.0:
            result.low = result.sure_low = INFINITY
        return result
    if not (absolute(size) > TINY and absolute(size) * entry > TINY):
        # what is rounded to a subnormal number is no longer known to a few units in the last place
        result.low = INFINITY
        return result
    if inverse:
        below = margin * entry + size
        steep = absolute(size) / absolute(size + need)
        doubt = 16.0 * EPSILON * ((absolute(margin) * entry + absolute(size)) / absolute(below) + steep + 1.0)
        level = (size + need) * entry / below
        if not (doubt < 0.25 and absolute(level) < LARGEST and absolute(level) > SMALLEST):
            # no telling on which side the pole lies: every mark is looked at
            result.low = INFINITY
            return result
        doubt *= absolute(level)
        if below < 0.0 if quantity > 0.0 else below > 0.0:
            if quantity > 0.0:
                result.low = result.sure_low = INFINITY
            return result
    else:
        level = (size * entry - margin) / (size - need)
        steep = absolute(size) / absolute(size - need)
        doubt = 16.0 * EPSILON * ((absolute(size) * entry + absolute(margin)) / absolute(size - need))
        doubt += 16.0 * EPSILON * steep * absolute(level)
        if not (doubt < LARGEST and 16.0 * EPSILON * steep < 0.25):
            result.low = INFINITY
            return result
    doubt += SMALLEST
    if quantity > 0.0:
        result.low = level + doubt if level + doubt > SMALLEST else SMALLEST
        result.sure_low = level - doubt
    else:
        result.high = level - doubt if level - doubt < LARGEST else LARGEST
        result.sure_high = level + doubt
    return result
