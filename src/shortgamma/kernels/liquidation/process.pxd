# cython: language_level=3, cdivision=True
"""The liquidation process: where forced orders fill, and who is closed against whom.

Prices are unit values u of a contract (see _margin.pxd).
"""

from shortgamma.kernels.numeric.vecmath cimport INFINITY, absolute


cdef inline double filled(bint inverse, double unit, double side, double slippage) noexcept nogil:
    """Unit value at which an order fills that closes a position of a side: below the mark for a long."""
    cdef double share = 1.0 - side * slippage
    return unit / share if inverse else unit * share


cdef inline double rank(
    double quantity, double unit, double opened, double equity,
) noexcept nogil:
    """Rank for auto-deleveraging: the profit as a fraction times the effective leverage; a loss is divided by it.

    BitMEX, auto-deleveraging: the profit is that of the position over its value at entry, the leverage its value at
    the mark over the equity.
    """
    cdef double value = absolute(quantity * unit)
    cdef double profit = quantity * (unit - opened) / absolute(quantity * opened)
    if equity <= 0.0:
        return INFINITY if profit > 0.0 else 0.0
    return profit * value / equity if profit > 0.0 else profit * equity / value
