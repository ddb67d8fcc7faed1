# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Soft barriers: knocked in proportion to how far the price went through a range of levels.

The mean of options with their barriers evenly in the range (Hart and Ross, "Striking continuity", Risk 7(6), 1994;
Haug, The Complete Guide to Option Pricing Formulas, 2007, section 4.17.7), by Gauss-Legendre between the places where
the price is no smooth function of its barrier.
"""

from shortgamma.kernels.barrier._option cimport Option
from shortgamma.kernels.numeric.quadrature cimport NODES
from shortgamma.kernels.numeric.vecmath cimport INFINITY, absolute, at_least, at_most, exp, log_ratio, square_root

cdef enum:
    # nodes where the price is nearly straight
    SHORT_NODES = 8
    MOST_PIECES = 5

cdef struct Range:
    Option option
    double lower
    double upper

cdef struct Piece:
    double low
    double high
    # panels, and nodes of each
    Py_ssize_t panels
    Py_ssize_t nodes


cdef inline bint valid(const Range* levels) noexcept nogil:
    cdef const Option* option = &levels.option
    return (
        0.0 < option.spot < INFINITY and 0.0 < option.strike < INFINITY
        and 0.0 < levels.lower <= levels.upper < INFINITY
        and 0.0 <= option.vol < INFINITY and 0.0 <= option.expiry < INFINITY
        and absolute(option.rate) < INFINITY and absolute(option.dividend) < INFINITY
    )


cdef inline bint any_nan(const Range* levels) noexcept nogil:
    cdef const Option* option = &levels.option
    return (
        option.spot != option.spot or option.strike != option.strike or levels.lower != levels.lower
        or levels.upper != levels.upper or option.vol != option.vol or option.expiry != option.expiry
        or option.rate != option.rate or option.dividend != option.dividend
    )


cdef inline Py_ssize_t split(const Range* levels, Piece* pieces) noexcept nogil:
    """The pieces of a range in which the price is smooth in its barrier, and what it takes to integrate it to 1e-13."""
    cdef double cuts[MOST_PIECES + 1]
    cdef double lower = levels.lower, upper = levels.upper, spot = levels.option.spot, vol = levels.option.vol
    cdef double width = vol * square_root(levels.option.expiry)
    cdef double drift = absolute(levels.option.rate - levels.option.dividend)
    cdef double flat_from, curvature, cut, length
    cdef Py_ssize_t count = 0, i, k
    # kinks at the strike and the spot, and flat far from the spot
    flat_from = at_most(9.0 * width + (drift + vol * vol) * levels.option.expiry, 700.0)
    cuts[0] = lower
    cuts[1] = at_most(at_least(levels.option.strike, lower), upper)
    cuts[2] = at_most(at_least(spot, lower), upper)
    cuts[3] = at_most(at_least(spot * exp(-flat_from), lower), upper)
    cuts[4] = at_most(at_least(spot * exp(flat_from), lower), upper)
    cuts[5] = upper
    for i in range(1, MOST_PIECES + 1):
        for k in range(i, 0, -1):
            if cuts[k] < cuts[k - 1]:
                cut = cuts[k]
                cuts[k] = cuts[k - 1]
                cuts[k - 1] = cut
    # how fast it varies with the logarithm of the level: twice it in the normal functions, 2 mu in the power
    curvature = 2.0 / width + absolute(2.0 * drift / (vol * vol) - 1.0)
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
            pieces[count].nodes = SHORT_NODES if length * curvature < 1.2 else NODES
        count += 1
    return count
