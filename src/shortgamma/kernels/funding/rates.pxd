# cython: language_level=3, cdivision=True
"""Funding rates: from an order book to a premium, its average, and the rate.

F funding rate, P premium of the swap over its index, I interest, c half width of the dead band:

    F = P + clamp(I - P, -c, c), within [floor, cap]
    P = (max(0, impact bid - reference) - max(0, reference - impact ask)) / index + basis

With I = 0 the first line is also max(c, P) + min(-c, P).
"""

from shortgamma.kernels.funding.payments cimport Sum, add, rounded
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN


cdef inline double limited(double x, double low, double high) noexcept nogil:
    """x within [low, high]; NaN stays NaN."""
    x = low if x < low else x
    return high if x > high else x


cdef inline double rate_of(double premium, double interest, double clamp, double cap, double floor) noexcept nogil:
    """Inside the dead band the interest itself, not the rounded P + (I - P). NaN where no rule has such limits."""
    cdef double gap = interest - premium
    cdef double result = premium + limited(gap, -clamp, clamp)
    result = interest if (gap >= -clamp) & (gap <= clamp) else result
    result = limited(result, floor, cap)
    return result if (clamp >= 0.0) & (cap >= floor) else NAN


cdef inline long long refuses_limits(double clamp, double cap, double floor) noexcept nogil:
    return (clamp < 0.0) | (cap < floor)


cdef inline double premium_of(double bid, double ask, double index, double reference, double basis) noexcept nogil:
    """NaN where the index is not a price."""
    cdef double above = bid - reference
    cdef double below = reference - ask
    above = 0.0 if above < 0.0 else above
    below = 0.0 if below < 0.0 else below
    above = (above - below) / index + basis
    return above if (index > 0.0) & (index < INFINITY) else NAN


cdef struct Average:
    # Sums of the weighted samples, and of the weights.
    Sum samples
    Sum weights


cdef inline double average_with(Average* average, double sample, double weight) noexcept nogil:
    """The average with one more sample; NaN from a negative weight on."""
    weight = NAN if weight < 0.0 else weight
    add(&average.samples, weight * sample)
    add(&average.weights, weight)
    return rounded(average.samples) / rounded(average.weights)


cdef enum:
    UNFILLED
    FILLED
    NO_LEVEL
    INVALID_LEVEL

cdef struct Order:
    # An order of a notional in a book, and what the levels so far have filled of it: contracts times the multiplier,
    # and their value.
    double notional
    double multiplier
    bint inverse
    bint first
    Sum contracts
    Sum value


cdef inline Order order_of(double notional, double multiplier, bint inverse) noexcept nogil:
    cdef Order order
    order.notional = notional
    order.multiplier = multiplier
    order.inverse = inverse
    order.first = True
    order.contracts.high = order.contracts.low = order.value.high = order.value.low = 0.0
    return order


cdef inline int fill_level(Order* order, double price, double size, double* average) noexcept nogil:
    """Fill from the next level; average is written where it fills the order.

    A contract at the price P is worth m P, or m / P; the average is the price at which all contracts together are
    worth the notional.
    """
    cdef double worth, rest
    if not (0.0 < price < INFINITY and 0.0 <= size < INFINITY):
        # a NaN ends the book
        return INVALID_LEVEL if price == price and size == size else NO_LEVEL
    worth = size * order.multiplier / price if order.inverse else size * order.multiplier * price
    rest = order.notional - rounded(order.value)
    if not worth >= rest:
        add(&order.value, worth)
        add(&order.contracts, size * order.multiplier)
        order.first = False
        return UNFILLED
    # the last level fills in part
    average[0] = price
    if not order.first:
        add(&order.contracts, rest * price if order.inverse else rest / price)
        average[0] = (
            rounded(order.contracts) / order.notional if order.inverse else order.notional / rounded(order.contracts))
    return FILLED
