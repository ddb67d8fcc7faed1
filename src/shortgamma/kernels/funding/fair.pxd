# cython: language_level=3, cdivision=True
"""Perpetual swaps without arbitrage: the price and the premium that funding holds.

Per year a long pays kappa (f - x) + iota x for linear and quanto contracts on an index x, and in the coin
kappa (1/x - 1/f) + iota / x for inverse ones. With d the growth of the index as the settlement coin sees it,

    f = x (kappa - iota) / (kappa - d)            linear, quanto
    f = x (kappa + d) / (kappa + iota)            inverse

A venue that pays n times a year the rate F(P) = P + clamp(I - P, -c, c) of the premium P = f / x - 1 holds it where

    n F(P) = d (1 + P)        funding on the value at the index
    n F(P) = d                funding on the value at the mark

Ackerer, Hugonnier and Jermann, Perpetual futures pricing, arXiv 2310.11771.
"""

from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN


cdef inline double fair_price(
    double index, double speed, double drift, double interest, bint inverse,
) noexcept nogil:
    """NaN where no price holds the premium: it cannot outpay the drift."""
    cdef double above = speed + drift if inverse else speed - interest
    cdef double below = speed + interest if inverse else speed - drift
    cdef double price = index * (above / below)
    return price if (above > 0.0) & (below > 0.0) & (index > 0.0) & (index < INFINITY) else NAN


cdef inline double premium_on_index(double drift, double count, double interest, double clamp) noexcept nogil:
    # what funding at the edges of the dead band is short of the drift there
    cdef double low = count * interest - drift * (1.0 + (interest - clamp))
    cdef double high = count * interest - drift * (1.0 + (interest + clamp))
    cdef double above = (count * clamp + drift) / (count - drift)
    cdef double below = (drift - count * clamp) / (count - drift)
    cdef double within = count * interest / drift - 1.0
    within = interest if drift == 0.0 else within
    within = above if (low < 0.0) & (high < 0.0) else within
    within = below if (low > 0.0) & (high > 0.0) else within
    # funding cannot keep up with the drift
    return within if drift < count else NAN


cdef inline double premium_on_mark(double drift, double count, double interest, double clamp) noexcept nogil:
    """Any premium of the dead band pays the interest: then it is the middle of the band."""
    cdef double paid = drift / count
    cdef double premium = interest
    premium = paid + clamp if paid > interest else premium
    return paid - clamp if paid < interest else premium


cdef inline double fair_premium(
    double drift, double count, double interest, double clamp, bint on_mark,
) noexcept nogil:
    cdef double premium = premium_on_index(drift, count, interest, clamp)
    cdef double missing = (drift + count + interest + clamp) * 0.0
    premium = premium_on_mark(drift, count, interest, clamp) if on_mark else premium
    return premium + missing if (clamp >= 0.0) & (count > 0.0) else NAN
