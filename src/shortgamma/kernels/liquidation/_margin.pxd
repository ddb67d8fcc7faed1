# cython: language_level=3, cdivision=True
"""What a position must maintain, by the kind of its margin; shared by the parts of the family.

u is the unit value of a contract, what it is worth to a long up to a constant, in the settlement coin:

    linear, quanto: u = m P          inverse: u = -m / P          profit q (u1 - u0), value |q u|

A bankruptcy can be stated as a unit value where no price has it. A Margin is one of three kinds, of the value v at the
mark or at entry:

    TIERS   the largest of rate_k v - amount_k
    LIMITS  rate_k v, one rate for the whole position: that of the tier k which its size is in
    RISING  (rate + slope s) v, where the size s is the value or the number of contracts
"""

from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute, square_root

cdef enum:
    TIERS
    LIMITS
    RISING
    # added to a kind: sizes are contracts, not values; values are those at entry, not at the mark
    BY_QUANTITY = 16
    AT_ENTRY = 32

cdef struct Margin:
    int kind
    bint by_quantity
    bint at_entry
    Py_ssize_t count
    # RISING: rate[0], and the slope in amount[0]
    const double* lower
    const double* rate
    const double* amount


cdef inline Margin margin_of(
    long long code, Py_ssize_t count, const double* lower, const double* rate, const double* amount,
) noexcept nogil:
    """The margin of a code: a kind and what is added to it."""
    cdef Margin margin
    margin.kind = <int> (code & (BY_QUANTITY - 1))
    margin.by_quantity = (code & BY_QUANTITY) != 0
    margin.at_entry = (code & AT_ENTRY) != 0
    margin.count = count
    margin.lower = lower
    margin.rate = rate
    margin.amount = amount
    return margin


cdef inline double unit_value(bint inverse, double multiplier, double price) noexcept nogil:
    return -multiplier / price if inverse else multiplier * price


cdef inline double price_of(bint inverse, double multiplier, double unit) noexcept nogil:
    """The price at which a contract has a unit value; NaN if there is none."""
    if inverse:
        return -multiplier / unit if unit < 0.0 else NAN
    return unit / multiplier if unit > 0.0 else NAN


cdef inline double size_of(const Margin* margin, double quantity, double unit) noexcept nogil:
    return absolute(quantity) if margin.by_quantity else absolute(quantity * unit)


cdef inline Py_ssize_t tier_of(const Margin* margin, double size) noexcept nogil:
    """The last tier that begins below a size."""
    cdef Py_ssize_t low = 0, high = margin.count, middle
    if margin.kind == RISING:
        return 0
    while high - low > 1:
        middle = (low + high) // 2
        if margin.lower[middle] < size:
            low = middle
        else:
            high = middle
    return low


cdef inline double requirement(const Margin* margin, Py_ssize_t tier, double quantity, double unit) noexcept nogil:
    """Margin that a position needs; the tier counts for LIMITS only."""
    cdef double value = absolute(quantity * unit), result
    cdef Py_ssize_t k
    if margin.kind == TIERS:
        result = margin.rate[0] * value
        for k in range(1, margin.count):
            if value <= margin.lower[k]:
                break
            result = margin.rate[k] * value - margin.amount[k]
        return result
    if margin.kind == LIMITS:
        return margin.rate[tier] * value
    return (margin.rate[0] + margin.amount[0] * size_of(margin, quantity, unit)) * value


cdef inline double needed(
    const Margin* margin, Py_ssize_t tier, double quantity, double unit, double slack, double cost,
) noexcept nogil:
    """Contracts to close until the slack (equity less requirement), now negative, is 0; infinity if it never is.

    cost is what closing a contract costs: slippage and fee.
    """
    cdef double held = absolute(quantity), worth = absolute(unit), closed = 0.0, gain, piece, line, square, root
    cdef Py_ssize_t k
    if margin.kind == TIERS:
        k = margin.count - 1
        while k >= 0:
            if margin.lower[k] < held * worth:
                gain = margin.rate[k] * worth - cost
                if gain <= 0.0:
                    return INFINITY
                piece = held - closed - margin.lower[k] / worth
                if -slack <= gain * piece:
                    return closed - slack / gain
                slack += gain * piece
                closed += piece
            k -= 1
        return INFINITY
    if margin.kind == LIMITS or margin.amount[0] == 0.0:
        gain = margin.rate[tier if margin.kind == LIMITS else 0] * worth - cost
        return -slack / gain if gain > 0.0 else INFINITY
    # slack of n contracts that stay: slack + (held - n)(line - cost) + square (held^2 - n^2), with n = held - x:
    # slack + x (line - cost + 2 square held) - square x^2
    line = margin.rate[0] * worth - cost
    square = margin.amount[0] * (worth if margin.by_quantity else worth * worth)
    gain = line + 2.0 * square * held
    root = gain * gain + 4.0 * square * slack
    if gain <= 0.0 or root < 0.0:
        return INFINITY
    return -2.0 * slack / (gain + square_root(root))
