# cython: language_level=3, cdivision=True
"""Liquidation of one isolated position.

q quantity (> 0 long), m multiplier, E entry, M margin in the settlement coin, w required fraction of the value at the
mark P (maintenance rate and closing fee), A amount that a tier deducts. A position is liquidated where its equity is
less than required:

    linear, quanto: M + A + q m (P - E) < w |q| m P             P* = (q m E - M - A) / (q m - w |q| m)
    inverse:        M + A + q m (1/E - 1/P) < w |q| m / P       P* = (q m + w |q| m) E / ((M + A) E + q m)

The decision on a bar is that of exact arithmetic on the given doubles, maintenance rate, fee and amount each as given.
`bounds` encloses P* between a certain and a possible bound; only a mark between the two needs `breached`, which
evaluates the inequality without rounding.
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

cdef struct Position:
    bint inverse
    double quantity
    double entry
    double margin
    # the margin that is required: maintenance and fee as fractions of the value at the mark, less the amount
    double amount
    double maintenance
    double fee
    double multiplier

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
    """P*, or the edge of the prices where there is none: see shortgamma.liquidation.liquidation_price."""
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


cdef inline bint breached(const Position* position, double mark) noexcept nogil:
    """Whether equity is less than required at the mark, exactly. (The inverse one times E P.)"""
    cdef double q = position.quantity, m = position.multiplier, size = absolute(q)
    cdef double entry = position.entry
    cdef double* straight = [
        position.margin, 1.0, 1.0, 1.0,
        position.amount, 1.0, 1.0, 1.0,
        q, m, mark, 1.0,
        -q, m, entry, 1.0,
        -size, m, mark, position.maintenance,
        -size, m, mark, position.fee,
    ]
    cdef double* reciprocal = [
        position.margin, entry, mark, 1.0,
        position.amount, entry, mark, 1.0,
        q, m, mark, 1.0,
        -q, m, entry, 1.0,
        -size, m, entry, position.maintenance,
        -size, m, entry, position.fee,
    ]
    return sign_of_products(reciprocal if position.inverse else straight, 6, 4) == -1


cdef inline double averaged(bint inverse, double price) noexcept nogil:
    """What is averaged over fills: the price, or of an inverse contract its reciprocal. It is its own inverse."""
    return 1.0 / price if inverse else price


cdef inline void fill(bint inverse, double quantity, double price, double* held, double* cost) noexcept nogil:
    """Add a fill to what is held, and to its cost: the sum of size times `averaged` price.

    What is added is averaged in, what is closed leaves the average, and what turns the position round begins anew.
    """
    cdef double total = held[0] + quantity
    if quantity == 0.0:
        return
    if held[0] == 0.0 or (held[0] > 0.0) == (quantity > 0.0):
        cost[0] += absolute(quantity) * averaged(inverse, price)
    elif total == 0.0:
        cost[0] = 0.0
    elif (total > 0.0) == (held[0] > 0.0):
        cost[0] *= total / held[0]
    else:
        cost[0] = absolute(total) * averaged(inverse, price)
    held[0] = total


cdef inline Bounds everything() noexcept nogil:
    """Every mark may be a breach."""
    cdef Bounds result
    result.low = INFINITY
    result.high = LARGEST
    result.sure_low = 0.0
    result.sure_high = INFINITY
    return result


cdef inline Bounds bounds(const Position* position) noexcept nogil:
    """Marks outside [low, high] may be breaches. Invalid marks lie outside too, for the caller to see."""
    cdef Bounds result = everything()
    cdef double quantity = position.quantity, entry = position.entry, margin = position.margin + position.amount
    cdef double gross = absolute(position.margin) + absolute(position.amount)
    cdef double size = quantity * position.multiplier
    cdef double need = (position.maintenance + position.fee) * absolute(size)
    cdef double level, doubt, below, steep
    result.low = SMALLEST
    if quantity == 0.0:
        # nothing but the margin counts, which is compared without rounding
        if position.margin < -position.amount:
            result.low = result.sure_low = INFINITY
        return result
    if not (absolute(size) > TINY and absolute(size) * entry > TINY):
        # what is rounded to a subnormal number is no longer known to a few units in the last place
        return everything()
    if position.inverse:
        below = margin * entry + size
        steep = absolute(size) / absolute(size + need)
        doubt = 16.0 * EPSILON * ((gross * entry + absolute(size)) / absolute(below) + steep + 1.0)
        level = (size + need) * entry / below
        if not (doubt < 0.25 and absolute(level) < LARGEST and absolute(level) > SMALLEST):
            # no telling on which side the pole lies: every mark is looked at
            return everything()
        doubt *= absolute(level)
        if below < 0.0 if quantity > 0.0 else below > 0.0:
            if quantity > 0.0:
                result.low = result.sure_low = INFINITY
            return result
    else:
        level = (size * entry - margin) / (size - need)
        steep = absolute(size) / absolute(size - need)
        doubt = 16.0 * EPSILON * ((absolute(size) * entry + gross) / absolute(size - need))
        doubt += 16.0 * EPSILON * steep * absolute(level)
        if not (doubt < LARGEST and 16.0 * EPSILON * steep < 0.25):
            return everything()
    doubt += SMALLEST
    if quantity > 0.0:
        result.low = level + doubt if level + doubt > SMALLEST else SMALLEST
        result.sure_low = level - doubt
    else:
        result.high = level - doubt if level - doubt < LARGEST else LARGEST
        result.sure_high = level + doubt
    return result
