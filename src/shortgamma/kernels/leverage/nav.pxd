# cython: language_level=3, cdivision=True
"""Products of constant leverage: net asset value n and exposure e over one bar.

x is the price ratio over the bar, L the leverage; financing is paid on the borrowed part e - n, the fee on n:

    n' = n + e (x - 1) - financing (e - n) - fee n = n a + e b,    a = 1 + financing - fee,  b = x - 1 - financing

Where the product was rebalanced at the bar before, e = L n and the bar is one multiplication by a + L b; in that
form the recursion is one multiplication a bar deep, which is what bounds its speed.
"""

from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN


cdef inline double ratio_of(double price, double before) noexcept nogil:
    """Price over the one before, NaN if it is no price. (The first price is checked when the product is bought.)"""
    cdef double ratio = price / before
    ratio = ratio if price > 0.0 else NAN
    return ratio if price < INFINITY else NAN


cdef inline double keep(double financing, double fee) noexcept nogil:
    """a"""
    return 1.0 + (financing - fee)


cdef inline double gain(double ratio, double financing) noexcept nogil:
    """b"""
    return (ratio - 1.0) - financing


cdef inline double growth(double ratio, double leverage, double financing, double kept) noexcept nogil:
    """n'/n = a + L b of a product just rebalanced, kept = a; 0 when it is wiped out."""
    cdef double factor = kept + leverage * gain(ratio, financing)
    return 0.0 if 0.0 > factor else factor


cdef inline double rebalanced(double nav, double exposure, double leverage, double cost) noexcept nogil:
    """NAV after a trade to L times that NAV, of which cost times the trade is paid: n' = n - cost |L n' - e|."""
    cdef double sign = cost if leverage * nav > exposure else -cost
    cdef double after = (nav + sign * exposure) / (1.0 + sign * leverage)
    return 0.0 if after <= 0.0 else after


cdef inline void bar(
    double ratio, double leverage, double financing, double fee, double cost, bint costly, bint rebalance,
    double* nav, double* exposure, double* fresh,
) noexcept nogil:
    """One bar of any schedule; fresh is 1 if the product was rebalanced at the bar before, else 0.

    costly is a constant of the caller: where no product has costs, the division by 1 +- cost L is left out.
    """
    cdef double kept = keep(financing, fee)
    cdef double steady = nav[0] * growth(ratio, leverage, financing, kept)
    cdef double drifted = nav[0] * kept + exposure[0] * gain(ratio, financing)
    cdef double value = steady if fresh[0] != 0.0 else drifted
    cdef double held = exposure[0] * ratio
    cdef double traded
    value = 0.0 if value <= 0.0 else value
    held = 0.0 if value == 0.0 else held
    traded = value
    if costly:
        traded = rebalanced(value, held, leverage, cost)
        traded = value if cost == 0.0 else traded
    value = traded if rebalance else value
    nav[0] = value
    exposure[0] = leverage * value if rebalance else held
    fresh[0] = 1.0 if rebalance else 0.0
