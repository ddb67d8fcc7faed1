# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Sums of eigenfunctions sin(omega (x - l)), omega = n pi/w: the payoff between two barriers.

Letters as in `double`.
"""

from shortgamma.kernels.barrier._corridor cimport Option
from shortgamma.kernels.barrier._rebate cimport PI
from shortgamma.kernels.numeric.jets cimport Jet
from shortgamma.kernels.numeric.vecmath cimport at_most, exp

cdef enum:
    EIGENFUNCTIONS = 13

cdef struct Coefficient:
    # of an eigenfunction, and its derivatives in nu
    double value
    double nu
    double nu_nu

cdef struct Wave:
    # a sum of eigenfunctions, its derivatives in x, in nu, in nu and x, and in nu twice
    double value
    double x
    double xx
    double xxx
    double xxxx
    double nu
    double nu_x
    double nu_xx
    double nu_nu


cdef inline void sine_cosine(double part, double rest, double* sine, double* cosine) noexcept nogil:
    """sin(pi part) and cos(pi part), part + rest = 1, both to full relative accuracy near 0 and 1."""
    cdef double folded = part if part <= 0.5 else rest
    cdef bint swapped = folded > 0.25
    cdef double y = PI * (0.5 - folded if swapped else folded), z = y * y
    cdef double a, b
    a = y * (1.0 + z * (-1.0 / 6.0 + z * (1.0 / 120.0 + z * (-1.0 / 5040.0 + z * (
        1.0 / 362880.0 + z * (-1.0 / 39916800.0 + z * (1.0 / 6227020800.0 - z * (1.0 / 1307674368000.0))))))))
    b = 1.0 + z * (-0.5 + z * (1.0 / 24.0 + z * (-1.0 / 720.0 + z * (1.0 / 40320.0 + z * (
        -1.0 / 3628800.0 + z * (1.0 / 479001600.0 + z * (-1.0 / 87178291200.0 + z * (1.0 / 20922789888000.0))))))))
    sine[0] = b if swapped else a
    cosine[0] = a if swapped else b
    cosine[0] = cosine[0] if part <= 0.5 else -cosine[0]


cdef inline void next_multiple(double sine, double cosine, double* s, double* c) noexcept nogil:
    """Sine and cosine of the next multiple of an angle."""
    cdef double old = s[0]
    s[0] = old * cosine + c[0] * sine
    c[0] = c[0] * cosine - old * sine


cdef inline double end_factor(double position, double nu, double shift, double discount) noexcept nogil:
    """exp(-rT) exp(nu (a - x) - nu^2 v/2), which is never large where eigenfunctions are summed."""
    return discount * exp(at_most(nu * position - 0.5 * shift * shift, 20.0))


cdef inline void add_end(
    int order, double omega, double nu, double variance, double asset_payoff, double cash, double centred,
    double factor, double sine, double cosine, Coefficient* c,
) noexcept nogil:
    """Add one end of the integral of exp(nu y) (units S + cash) sin(omega (y - l)), and its derivatives in nu.

    factor is exp(nu (y - x) - nu^2 v/2) there, centred y - x - nu v, asset_payoff the asset's part of the payoff.
    """
    # F = [P (nu + i omega) + cash] / [(nu + i omega) (nu + 1 + i omega)], P the payoff: nothing cancels at the strike
    cdef double payoff = asset_payoff + cash
    cdef double re = nu * (nu + 1.0) - omega * omega, im = omega * (2.0 * nu + 1.0)
    cdef double size = 1.0 / (re * re + im * im)
    cdef double r_re = re * size, r_im = -im * size
    cdef double top_re = payoff * nu + cash, top_im = payoff * omega
    cdef double f_re = top_re * r_re - top_im * r_im, f_im = top_re * r_im + top_im * r_re
    cdef double q_re, q_im, g_re, g_im, h_re, h_im
    c.value += factor * (sine * f_re + cosine * f_im)
    if order >= 1:
        q_re = (2.0 * nu + 1.0) * r_re - 2.0 * omega * r_im
        q_im = (2.0 * nu + 1.0) * r_im + 2.0 * omega * r_re
        g_re = payoff * r_re - (f_re * q_re - f_im * q_im)
        g_im = payoff * r_im - (f_re * q_im + f_im * q_re)
        c.nu += factor * (sine * (centred * f_re + g_re) + cosine * (centred * f_im + g_im))
        if order >= 2:
            h_re = -2.0 * (q_re * g_re - q_im * g_im) - 2.0 * (f_re * r_re - f_im * r_im)
            h_im = -2.0 * (q_re * g_im + q_im * g_re) - 2.0 * (f_re * r_im + f_im * r_re)
            h_re = (centred * centred - variance) * f_re + 2.0 * centred * g_re + h_re
            h_im = (centred * centred - variance) * f_im + 2.0 * centred * g_im + h_im
            c.nu_nu += factor * (sine * h_re + cosine * h_im)


cdef inline void add_eigenfunction(
    int order, double omega, double sine, double cosine, const Coefficient* c, Wave* wave,
) noexcept nogil:
    """Add c sin(omega (x - l)) and its derivatives."""
    cdef double square = omega * omega
    wave.value += c.value * sine
    if order >= 1:
        wave.x += c.value * omega * cosine
        wave.xx -= c.value * square * sine
        wave.nu += c.nu * sine
        if order >= 2:
            wave.xxx -= c.value * square * omega * cosine
            wave.xxxx += c.value * square * square * sine
            wave.nu_x += c.nu * omega * cosine
            wave.nu_xx -= c.nu * square * sine
            wave.nu_nu += c.nu_nu * sine


cdef inline void settle(int order, double nu, const Option* option, const Wave* wave, Jet* jet) noexcept nogil:
    """Add the sum of the eigenfunctions: exp(-nu x) has still to be differentiated in x.

    In v and nu the value follows G_v = G_xx/2 + nu G_x.
    """
    cdef double vol = option.vol, expiry = option.expiry, drift = option.rate - option.dividend
    cdef double variance = vol * vol, inverse, g1, g2, g3, g4, e1, e2, in_v, v_sigma, nu_sigma
    cdef double w0 = wave.value, w1 = wave.x, w2 = wave.xx, w3 = wave.xxx
    jet.value += w0
    if order >= 1:
        inverse = 1.0 / variance
        v_sigma = 2.0 * vol * expiry
        nu_sigma = -2.0 * drift * inverse / vol
        g1 = w1 - nu * w0
        g2 = w2 - nu * (2.0 * w1 - nu * w0)
        in_v = 0.5 * g2 + nu * g1
        jet.x += g1
        jet.xx += g2
        jet.sigma += v_sigma * in_v + nu_sigma * wave.nu
        jet.r += wave.nu * inverse - expiry * w0
        jet.q -= wave.nu * inverse
        if order >= 2:
            g3 = w3 - nu * (3.0 * w2 - nu * (3.0 * w1 - nu * w0))
            g4 = wave.xxxx - nu * (4.0 * w3 - nu * (6.0 * w2 - nu * (4.0 * w1 - nu * w0)))
            e1 = wave.nu_x - nu * wave.nu - w0
            e2 = wave.nu_xx - nu * (2.0 * wave.nu_x - nu * wave.nu) - 2.0 * g1
            jet.xxx += g3
            jet.xxxx += g4
            jet.x_sigma += v_sigma * (0.5 * g3 + nu * g2) + nu_sigma * e1
            jet.xx_sigma += v_sigma * (0.5 * g4 + nu * g3) + nu_sigma * e2
            jet.sigma_sigma += (
                v_sigma * v_sigma * (0.25 * g4 + nu * g3 + nu * nu * g2) + 2.0 * expiry * in_v
                + 2.0 * v_sigma * nu_sigma * (0.5 * e2 + nu * e1 + g1)
                + nu_sigma * nu_sigma * wave.nu_nu + 6.0 * drift * inverse * inverse * wave.nu
            )
