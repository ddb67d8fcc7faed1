# cython: language_level=3, cdivision=True
"""Funding of perpetual swaps: at each funding time the long pays value times rate to the short."""

from shortgamma.kernels.contracts cimport value


cdef inline double payment(bint inverse, double quantity, double mark, double rate, double multiplier) noexcept nogil:
    """Cash received by the position; taken from 0 so that nothing paid is 0 and not -0."""
    return 0.0 - value(inverse, quantity, mark, multiplier) * rate
