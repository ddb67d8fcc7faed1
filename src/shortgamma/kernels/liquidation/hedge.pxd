# cython: language_level=3, cdivision=True
"""A quanto position hedged with linear contracts, whose hedge follows the settlement coin.

q contracts of multiplier m gain q m dP coins, worth q m dP X dollars with the coin at X: they are as risky as q m X
units of the underlying, so the hedge is -q m X units. Profits of a bar are turned into dollars at the bar's prices.
"""

from shortgamma.kernels.numeric.vecmath cimport absolute

cdef struct Hedge:
    double hedge
    double trade
    double quanto
    double linear
    double fees


cdef inline Hedge step(
    double size, double hedge, double move, double mark, double fx, double fee,
) noexcept nogil:
    """A bar after one that ended with a hedge: size is q m, move that of the mark, fee a fraction of the trade."""
    cdef Hedge result
    result.hedge = -size * fx
    result.trade = result.hedge - hedge
    result.quanto = size * move * fx + 0.0
    result.linear = hedge * move
    result.fees = fee * absolute(result.trade) * mark
    return result
