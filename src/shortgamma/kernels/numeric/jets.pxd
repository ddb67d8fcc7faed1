# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Values that travel with their derivatives.

Letters: x = ln S, sigma volatility, r rate, q dividend. In formulas `order` says how far the derivatives go: 0 is the
value alone, 1 adds those in x, twice in x, in sigma, r and q, and 2 all others; what lies above the order is neither
read nor written.
"""

cdef struct Jet:
    double value
    double x
    double xx
    double xxx
    double xxxx
    double sigma
    double r
    double q
    double x_sigma
    double xx_sigma
    double sigma_sigma

cdef struct Legs:
    # a sum of legs f: f, f1, f2 - f1, f3 - f2 and f4 - f3, f1, f2, ... the derivatives in x
    double f0
    double f1
    double f21
    double f32
    double f43


cdef inline void clear(Jet* jet) noexcept nogil:
    jet.value = jet.x = jet.xx = jet.xxx = jet.xxxx = jet.sigma = jet.r = jet.q = 0.0
    jet.x_sigma = jet.xx_sigma = jet.sigma_sigma = 0.0


cdef inline void add(Jet* jet, double weight, const Jet* term) noexcept nogil:
    """Add weight times a jet, to the second order."""
    jet.value += weight * term.value
    jet.x += weight * term.x
    jet.xx += weight * term.xx
    jet.xxx += weight * term.xxx
    jet.xxxx += weight * term.xxxx
    jet.sigma += weight * term.sigma
    jet.r += weight * term.r
    jet.q += weight * term.q
    jet.x_sigma += weight * term.x_sigma
    jet.xx_sigma += weight * term.xx_sigma
    jet.sigma_sigma += weight * term.sigma_sigma


cdef inline void clear_legs(Legs* legs) noexcept nogil:
    legs.f0 = legs.f1 = legs.f21 = legs.f32 = legs.f43 = 0.0
