# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""The term F: an amount paid when the barrier is hit.

Letters as in `single`; u = ln(H/S), z = u/s + lambda s, alpha = mu + lambda and mu - lambda the exponents of F's two
terms. With negative rates lambda may be imaginary (Le Floc'h, 2014); it appears in even combinations only, so the real
part of the formulas is right for a complex one too.
"""

from shortgamma.kernels.barrier._option cimport Option, eta_of
from shortgamma.kernels.numeric.faddeeva cimport complex_erfcx, complex_exp
from shortgamma.kernels.numeric.jets cimport Jet
from shortgamma.kernels.numeric.vecmath cimport (
    ONE_OVER_SQRT_TWO_PI, SQRT_HALF, absolute, exp, mills_pair, square_root,
)

cdef extern from *:
    """
    /* below this lambda^2 sigma^2 T the formulas of F that divide by lambda lose digits */
    #define SG_SMALL_LAMBDA 4e-4
    #define SG_PI 3.14159265358979323846
    """
    const double SMALL_LAMBDA "SG_SMALL_LAMBDA"
    const double PI "SG_PI"

ctypedef fused number:
    double
    double complex

cdef struct HitTerms:
    # lambda; both terms of F for R = 1, with their alphas; (H/S)^(mu + lambda) phi(z), which they share
    double root
    double first
    double second
    double alpha_first
    double alpha_second
    double density


cdef inline double real_part(number z) noexcept nogil:
    if number is double:
        return z
    else:
        return z.real


cdef inline double complex principal_root(double complex z) noexcept nogil:
    """A square root of z, Im z > 0."""
    cdef double size = square_root(square_root(z.real * z.real + z.imag * z.imag))
    cdef double cosine = z.real / (size * size)
    return size * (square_root(0.5 * (1.0 + cosine)) + square_root(0.5 * (1.0 - cosine)) * 1j)


cdef inline void add_hit(
    int order, double amount, const Option* option, double log_spot_barrier, double deviation,
    number root, number first, number second, number alpha_first, number alpha_second, number density, Jet* jet,
) noexcept nogil:
    """Add the amount times F and its derivatives; the terms are those of HitTerms."""
    cdef double u = -log_spot_barrier, drift = option.rate - option.dividend, rate = option.rate
    cdef double eta = eta_of(option.kind)
    cdef double mu, mu_sigma, mu_sigma_sigma, rho, inverse, steep, inverse_vol, inverse_variance
    cdef number w, m0, m1, m2, m3, m4, n0, n1, n2, inverse_root, root_sigma, root_sigma_sigma, zeta, q, value
    m0 = first + second
    jet.value += amount * real_part(m0)
    if order >= 1:
        inverse = 1.0 / deviation
        inverse_vol = 1.0 / option.vol
        inverse_root = 1.0 / root
        steep = inverse * inverse
        inverse_variance = inverse_vol * inverse_vol
        mu = drift * inverse_variance - 0.5
        n0 = first - second
        m1 = alpha_first * first + alpha_second * second
        m2 = alpha_first * alpha_first * first + alpha_second * alpha_second * second
        w = 2.0 * eta * inverse * density
        rho = mu - u * steep
        mu_sigma = -2.0 * drift * inverse_variance * inverse_vol
        root_sigma = (mu * mu_sigma - 2.0 * rate * inverse_variance * inverse_vol) * inverse_root
        jet.x -= amount * real_part(m1 + w)
        jet.xx += amount * real_part(m2 + (mu + rho) * w)
        value = u * (mu_sigma * m0 + root_sigma * n0) - w * (u * inverse_vol)
        jet.sigma += amount * real_part(value)
        jet.r += amount * u * inverse_variance * real_part(m0 + (mu + 1.0) * inverse_root * n0)
        jet.q -= amount * u * inverse_variance * real_part(m0 + mu * inverse_root * n0)
        if order >= 2:
            m3 = alpha_first * alpha_first * alpha_first * first + alpha_second * alpha_second * alpha_second * second
            m4 = (
                alpha_first * alpha_first * alpha_first * alpha_first * first
                + alpha_second * alpha_second * alpha_second * alpha_second * second
            )
            n1 = alpha_first * first - alpha_second * second
            n2 = alpha_first * alpha_first * first - alpha_second * alpha_second * second
            q = steep - (mu * mu + root * root) - rho * mu - rho * rho
            jet.xxx += amount * real_part(w * q - m3)
            jet.xxxx += amount * real_part(
                m4 + w * (mu * mu * mu + 3.0 * mu * root * root - rho * q - (mu + 2.0 * rho) * steep)
            )
            value = (
                w * ((1.0 + rho * u) * inverse_vol) - (mu_sigma * m0 + root_sigma * n0)
                - u * (mu_sigma * (m1 + w) + root_sigma * n1)
            )
            jet.x_sigma += amount * real_part(value)
            value = (
                2.0 * (mu_sigma * (m1 + w) + root_sigma * n1)
                + u * (mu_sigma * (m2 + (mu + rho) * w) + root_sigma * (n2 + root * w))
                + w * ((u * steep - rho - rho * (1.0 + rho * u)) * inverse_vol)
            )
            jet.xx_sigma += amount * real_part(value)
            mu_sigma_sigma = 6.0 * drift * inverse_variance * inverse_variance
            root_sigma_sigma = (
                mu_sigma * mu_sigma + mu * mu_sigma_sigma + 6.0 * rate * inverse_variance * inverse_variance
                - root_sigma * root_sigma
            ) * inverse_root
            zeta = deviation * deviation * (root_sigma + root * inverse_vol)
            value = u * (
                mu_sigma_sigma * m0 + root_sigma_sigma * n0
                + mu_sigma * (u * (mu_sigma * m0 + root_sigma * n0) - w * (u * inverse_vol))
                + root_sigma * (u * (mu_sigma * n0 + root_sigma * m0) + w * zeta)
            )
            # the derivative of -w u/sigma
            value = value - w * (u * inverse_vol) * (
                mu_sigma * u + u * u * steep * inverse_vol - root * zeta - 2.0 * inverse_vol
            )
            jet.sigma_sigma += amount * real_part(value)


cdef inline void hit_terms(
    const Option* option, double log_spot_barrier, double deviation, HitTerms* hit,
) noexcept nogil:
    """The terms of F for a real lambda that is not small."""
    cdef double eta = eta_of(option.kind), rate = option.rate, drift = option.rate - option.dividend
    cdef double shares = 1.0 / (option.vol * deviation), inverse_vol = shares * deviation
    cdef double inverse_variance = inverse_vol * inverse_vol, u = -log_spot_barrier
    cdef double mu = drift * inverse_variance - 0.5
    cdef double root = square_root(mu * mu + 2.0 * rate * inverse_variance)
    cdef double distance = u * (shares * option.vol)
    cdef double z_first = distance + root * deviation, z_second = distance - root * deviation
    cdef double density = exp(mu * u - 0.5 * (distance * distance + root * root * deviation * deviation))
    # the exponent that would cancel follows from the product of the two, -2 r/sigma^2
    cdef double larger = absolute(mu) + root
    cdef double smaller = 2.0 * rate * inverse_variance / larger
    cdef double alpha_first = larger if mu > 0.0 else smaller
    cdef double alpha_second = -smaller if mu > 0.0 else -larger
    # alive, u is at most 0 above a barrier and at least 0 below one: of one term only the tail ever counts
    cdef double whole = exp((alpha_first if eta > 0.0 else alpha_second) * u), second_mills
    cdef double tail_first = density * mills_pair(absolute(z_first), absolute(z_second), &second_mills)
    cdef double tail_second = density * second_mills
    hit.root = root
    hit.first = whole - tail_first if eta * z_first > 0.0 else tail_first
    hit.second = whole - tail_second if eta * z_second > 0.0 else tail_second
    hit.alpha_first = alpha_first
    hit.alpha_second = alpha_second
    hit.density = density * ONE_OVER_SQRT_TWO_PI


cdef inline void ordinary_hit(
    int order, double amount, const Option* option, double log_spot_barrier, double deviation, Jet* jet,
) noexcept nogil:
    """Add F for a real lambda that is not small."""
    cdef HitTerms hit
    hit_terms(option, log_spot_barrier, deviation, &hit)
    add_hit(
        order, amount, option, log_spot_barrier, deviation, hit.root, hit.first, hit.second, hit.alpha_first,
        hit.alpha_second, hit.density, jet)


cdef inline void complex_hit(
    int order, double amount, const Option* option, double log_spot_barrier, double deviation, double complex root,
    Jet* jet,
) noexcept nogil:
    """Add F for any complex lambda other than 0."""
    cdef double u = -log_spot_barrier, eta = eta_of(option.kind)
    cdef double mu = (option.rate - option.dividend) / (option.vol * option.vol) - 0.5
    cdef double distance = u / deviation
    cdef double complex step = root * deviation
    cdef double complex density = complex_exp(mu * u - 0.5 * (distance * distance + step * step))
    add_hit(
        order, amount, option, log_spot_barrier, deviation, root,
        0.5 * density * complex_erfcx(-eta * SQRT_HALF * (distance + step)),
        0.5 * density * complex_erfcx(-eta * SQRT_HALF * (distance - step)),
        mu + root, mu - root, density * ONE_OVER_SQRT_TWO_PI, jet)


cdef inline void any_hit(
    int order, double amount, const Option* option, double log_spot_barrier, double deviation, Jet* jet,
) noexcept nogil:
    """Add F, whatever lambda is.

    F and its derivatives are analytic in lambda^2, only their formulas divide by lambda; so where it is small they are
    the mean over a circle around lambda^2, which sixteen points give to full precision (eight, and the real part for
    the others).
    """
    cdef double variance = option.vol * option.vol
    cdef double mu = (option.rate - option.dividend) / variance - 0.5
    cdef double square = mu * mu + 2.0 * option.rate / variance
    cdef double scale = deviation * deviation
    cdef int k, points = 8 if absolute(square * scale) <= SMALL_LAMBDA else 1
    cdef double complex root
    if square * scale > SMALL_LAMBDA:
        ordinary_hit(order, amount, option, log_spot_barrier, deviation, jet)
        return
    for k in range(points):
        if points == 1:
            root = square_root(-square) * 1j
        else:
            root = principal_root(square + complex_exp((k + 0.5) * (PI / 8.0) * 1j) / scale)
        complex_hit(order, amount / points, option, log_spot_barrier, deviation, root, jet)
