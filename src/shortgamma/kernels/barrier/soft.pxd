# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Soft barriers: knocked in proportion to how far the price went through a range of levels.

The mean of options with their barriers evenly in the range (Hart and Ross, "Striking continuity", Risk 7(6), 1994;
Haug, The Complete Guide to Option Pricing Formulas, 2007, section 4.17.7), by Gauss-Legendre between the places where
the price is no smooth function of its barrier.
"""

from shortgamma.kernels.numeric.quadrature cimport NODES
from shortgamma.kernels.numeric.vecmath cimport INFINITY, absolute, at_least, at_most, exp, log_ratio, square_root

cdef enum:
    # nodes where the price hardly bends
    FEW = 8
    MOST_PIECES = 5

cdef struct Piece:
    double low
    double high
    # panels, and nodes of each
    Py_ssize_t panels
    Py_ssize_t nodes


cdef inline bint valid(
    double spot, double strike, double lower, double upper, double vol, double expiry, double rate, double dividend,
) noexcept nogil:
    return (
        0.0 < spot < INFINITY and 0.0 < strike < INFINITY and 0.0 < lower <= upper < INFINITY
        and 0.0 <= vol < INFINITY and 0.0 <= expiry < INFINITY
        and absolute(rate) < INFINITY and absolute(dividend) < INFINITY
    )


cdef inline bint any_nan(
    double spot, double strike, double lower, double upper, double vol, double expiry, double rate, double dividend,
) noexcept nogil:
    return (
        spot != spot or strike != strike or lower != lower or upper != upper or vol != vol or expiry != expiry
        or rate != rate or dividend != dividend
    )


cdef inline Py_ssize_t split(
    double spot, double strike, double lower, double upper, double vol, double expiry, double rate, double dividend,
    Piece* pieces,
) noexcept nogil:
    """The pieces of a range in which the price is smooth in its barrier, and what it takes to integrate it to 1e-13."""
    cdef double cuts[MOST_PIECES + 1]
    cdef double width = vol * square_root(expiry), drift = absolute(rate - dividend), reach, bend, swap, length
    cdef Py_ssize_t count = 0, i, j
    # kinks at the strike and the spot, and flat far from the spot
    reach = at_most(9.0 * width + (drift + vol * vol) * expiry, 700.0)
    cuts[0] = lower
    cuts[1] = at_most(at_least(strike, lower), upper)
    cuts[2] = at_most(at_least(spot, lower), upper)
    cuts[3] = at_most(at_least(spot * exp(-reach), lower), upper)
    cuts[4] = at_most(at_least(spot * exp(reach), lower), upper)
    cuts[5] = upper
    for i in range(1, MOST_PIECES + 1):
        for j in range(i, 0, -1):
            if cuts[j] < cuts[j - 1]:
                swap = cuts[j]
                cuts[j] = cuts[j - 1]
                cuts[j - 1] = swap
    # what moves with the logarithm of the level: two of it in the normal functions, 2 mu in the power
    bend = 2.0 / width + absolute(2.0 * drift / (vol * vol) - 1.0)
    for i in range(MOST_PIECES):
        if not cuts[i] < cuts[i + 1] and not (lower == upper and count == 0):
            continue
        pieces[count].low = cuts[i]
        pieces[count].high = cuts[i + 1]
        pieces[count].panels = 1
        pieces[count].nodes = NODES
        if width > 0.0:
            length = log_ratio(cuts[i + 1], cuts[i])
            pieces[count].panels = <Py_ssize_t> at_most(1.0 + length / (2.0 * width), 64.0)
            pieces[count].nodes = FEW if length * bend < 1.2 else NODES
        count += 1
    return count
