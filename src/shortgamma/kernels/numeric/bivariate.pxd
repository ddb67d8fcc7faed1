# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""The distribution function of two correlated standard normal numbers."""

from shortgamma.kernels.numeric.quadrature cimport NODES, POINTS, Rule
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute, at_least, at_most, exp, normal_cdf, square_root

cdef extern from *:
    """
    #define SG_TWO_PI 6.28318530717958647692
    #define SG_LARGE_CORRELATION 0.9
    """
    const double TWO_PI "SG_TWO_PI"
    const double LARGE_CORRELATION "SG_LARGE_CORRELATION"

ctypedef double (*Bivariate)(const Rule* rule, double x, double y, double correlation) noexcept nogil

cdef extern from "numeric/apart.h" nogil:
    Bivariate apart "SG_APART"(Bivariate f) noexcept

cdef extern from "<math.h>" nogil:
    double arcsine "asin"(double x) noexcept


cdef inline double sine(double x) noexcept nogil:
    """sin of |x| < 1.2, by its series: straight-line code."""
    cdef double z = x * x
    cdef double total = 1.0 - z * (1.0 / 342.0) * (1.0 - z * (1.0 / 420.0))
    total = 1.0 - z * (1.0 / 210.0) * (1.0 - z * (1.0 / 272.0) * total)
    total = 1.0 - z * (1.0 / 110.0) * (1.0 - z * (1.0 / 156.0) * total)
    total = 1.0 - z * (1.0 / 42.0) * (1.0 - z * (1.0 / 72.0) * total)
    return x * (1.0 - z * (1.0 / 6.0) * (1.0 - z * (1.0 / 20.0) * total))


cdef inline double weakly_correlated(const Rule* rule, double x, double y, double correlation) noexcept nogil:
    """For finite numbers and |correlation| <= 0.9."""
    cdef double half = 0.5 * arcsine(correlation), squares = x * x + y * y, product = x * y, total
    cdef double term[NODES]
    cdef int i
    for i in range(NODES):
        term[i] = sine(half * (1.0 + rule.node[i]))
    for i in range(NODES):
        term[i] = rule.weight[i] * exp(
            -0.5 * (squares - 2.0 * term[i] * product) / ((1.0 - term[i]) * (1.0 + term[i])))
    # two by two, so that no sum waits long for the one before
    for i in range(NODES // 3):
        term[i] += term[NODES // 3 + i] + term[2 * (NODES // 3) + i]
    for i in range(NODES // 6):
        term[i] += term[NODES // 6 + i]
    total = (term[0] + term[1]) + (term[2] + term[3])
    return at_least(normal_cdf(x) * normal_cdf(y) + half * total / TWO_PI, 0.0)


cdef inline double strongly_correlated(const Rule* rule, double x, double y, double correlation) noexcept nogil:
    """For finite numbers and correlation > 0.9."""
    cdef double c, r, exponent, half, low, total = 0.0
    cdef double high = square_root((1.0 - correlation) * (1.0 + correlation)), vanishes = absolute(x - y) / 9.0
    cdef int i
    while high > vanishes and high > 1e-18:
        low = 0.25 * high if vanishes > 1e-3 * high or high > 1e-6 else 0.0
        half = 0.5 * (high - low)
        for i in range(POINTS):
            c = low + half * (1.0 + rule.point[i])
            r = square_root((1.0 - c) * (1.0 + c))
            # (x^2 - 2 r x y + y^2)/(2 c^2), without the cancellation
            exponent = 0.5 * ((x - y) / c) * ((x - y) / c) + x * y / (1.0 + r)
            total += half * rule.point_weight[i] * exp(-exponent) / r
        high = low
    return at_least(normal_cdf(at_most(x, y)) - total / TWO_PI, 0.0)


cdef inline double bivariate_cdf(const Rule* rule, double x, double y, double correlation) noexcept nogil:
    """P(X < x, Y < y) of two standard normal numbers, to 1e-15; correlation in [-1, 1].

    Plackett's identity, integrated from no correlation in its arcsine (Drezner and Wesolowsky, 1990) or, where it is
    large, from full correlation in c = sqrt(1 - r^2), in panels that shrink to where exp(-(x - y)^2/(2 c^2)) vanishes.
    """
    if x != x or y != y or correlation != correlation or absolute(correlation) > 1.0:
        return NAN
    if x == -INFINITY or y == -INFINITY:
        return 0.0
    if x == INFINITY:
        return normal_cdf(y)
    if y == INFINITY:
        return normal_cdf(x)
    if correlation < -LARGE_CORRELATION:
        return at_least(normal_cdf(x) - strongly_correlated(rule, x, -y, -correlation), 0.0)
    if correlation <= LARGE_CORRELATION:
        return weakly_correlated(rule, x, y, correlation)
    return strongly_correlated(rule, x, y, correlation)
