# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Barriers that are watched for part of the time, or that stand on another asset.

All follow from one rule: the log-price x + nu t + sigma W killed at h has at time t the density of the free one less
(H/S)^(2 mu) times that of one started at the image 2 h - x, 2 mu = 2 nu/sigma^2. Watched from 0 to u, and free from u
to T, the option is G(S) - (H/S)^(2 mu) G(H^2/S), G the payoff at T where the price at u is on the living side. Watched
from u to T, the image of the second stretch, reflected back through time u, is a free path from H^2/S that is on the
*dead* side at u. On another asset, the image of the one moves the other by its regression. Each G is two bivariate
normal probabilities.

Heynen and Kat, "Partial barrier options", Journal of Financial Engineering 3, 1994, and "Crossing barriers", Risk 7(6),
1994; Haug, The Complete Guide to Option Pricing Formulas, 2007, sections 4.17.4 to 4.17.6.
"""

from shortgamma.kernels.barrier._option cimport OUT, Option, eta_of, phi_of
from shortgamma.kernels.barrier.single cimport any_nan, in_domain
from shortgamma.kernels.numeric.bivariate cimport apart, bivariate_cdf
from shortgamma.kernels.numeric.quadrature cimport Rule
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, NAN, at_least, at_most, exp, log_ratio, normal_cdf, square_root,
)

# When a partial barrier is watched: from the start; to the end, a crossing from either side or a place beyond it.
cdef enum:
    START
    END_CROSSING
    END_BEYOND


cdef inline double quotient(double distance, double deviation) noexcept nogil:
    """distance/deviation, and with no deviation its sign at infinity."""
    if deviation > 0.0:
        return distance / deviation
    return INFINITY if distance > 0.0 else -INFINITY


cdef inline double part(
    const Rule* rule, const Option* option, double moment, double level, double side,
) noexcept nogil:
    """The payoff at expiry where phi (S_T - level) > 0 and, at the moment, side (S - barrier) > 0."""
    cdef double spot = option.spot, vol = option.vol, expiry = option.expiry, phi = phi_of(option.kind)
    cdef double drift = option.rate - option.dividend, half = 0.5 * vol * vol
    cdef double full = vol * square_root(expiry), short = vol * square_root(moment)
    cdef double d1 = quotient(log_ratio(spot, level) + (drift + half) * expiry, full)
    cdef double d2 = quotient(log_ratio(spot, level) + (drift - half) * expiry, full)
    cdef double e1 = quotient(log_ratio(spot, option.barrier) + (drift + half) * moment, short)
    cdef double e2 = quotient(log_ratio(spot, option.barrier) + (drift - half) * moment, short)
    cdef double correlation = side * phi * (square_root(moment / expiry) if expiry > 0.0 else 1.0)
    return phi * (
        spot * exp(-option.dividend * expiry) * apart(bivariate_cdf)(rule, side * e1, phi * d1, correlation)
        - option.strike * exp(-option.rate * expiry) * apart(bivariate_cdf)(rule, side * e2, phi * d2, correlation)
    )


cdef inline double living_to_the_end(
    const Rule* rule, const Option* option, double moment, double eta, double side,
) noexcept nogil:
    """The payoff on the living side at expiry, the price being on a side of the barrier at the moment."""
    cdef double strike = option.strike, barrier = option.barrier, phi = phi_of(option.kind)
    if phi == eta:
        return part(
            rule, option, moment, at_least(strike, barrier) if phi > 0.0 else at_most(strike, barrier), side)
    if phi * (barrier - strike) <= 0.0:
        return 0.0
    return part(rule, option, moment, strike, side) - part(rule, option, moment, barrier, side)


cdef inline double plain(
    double spot, double strike, double vol, double expiry, double rate, double dividend, double phi,
) noexcept nogil:
    """The plain option."""
    cdef double deviation = vol * square_root(expiry), drift = rate - dividend
    cdef double d = quotient(log_ratio(spot, strike) + (drift + 0.5 * vol * vol) * expiry, deviation)
    return phi * (
        spot * exp(-dividend * expiry) * normal_cdf(phi * d)
        - strike * exp(-rate * expiry) * normal_cdf(phi * (d - deviation))
    )


cdef inline double survivors(const Rule* rule, const Option* option, double moment, int window) noexcept nogil:
    """The payoff to those that did not touch the barrier while it was watched: less (H/S)^(2 mu) times that of the
    image, H^2/S."""
    cdef Option image = option[0]
    cdef double eta = eta_of(option.kind), alive
    cdef double power = exp(
        (2.0 * (option.rate - option.dividend) / (option.vol * option.vol) - 1.0)
        * log_ratio(option.barrier, option.spot))
    image.spot = option.barrier * (option.barrier / option.spot)
    if window == START:
        return part(rule, option, moment, option.strike, eta) - power * part(
            rule, &image, moment, option.strike, eta)
    alive = living_to_the_end(rule, option, moment, eta, eta) - power * living_to_the_end(
        rule, &image, moment, eta, -eta)
    if window == END_CROSSING:
        alive += living_to_the_end(rule, option, moment, -eta, -eta) - power * living_to_the_end(
            rule, &image, moment, -eta, eta)
    return alive


cdef inline bint partial_time(
    const Rule* rule, const Option* option, double moment, int window, double* out,
) noexcept nogil:
    """False if a number lies outside of its domain."""
    cdef double alive, whole
    out[0] = NAN
    if not (
        in_domain(option) and option.vol > 0.0 and option.expiry > 0.0 and 0.0 <= moment <= option.expiry
        and 0 <= window <= END_BEYOND
    ):
        return any_nan(option) or moment != moment
    whole = plain(
        option.spot, option.strike, option.vol, option.expiry, option.rate, option.dividend, phi_of(option.kind))
    if window == START and eta_of(option.kind) * (option.spot - option.barrier) <= 0.0:
        alive = 0.0
    elif window == START and moment == 0.0:
        alive = whole
    elif window != START and moment == 0.0 and option.spot == option.barrier:
        alive = 0.0
    else:
        alive = survivors(rule, option, moment, window)
    alive = at_most(at_least(alive, 0.0), whole)
    out[0] = alive if option.kind & OUT else whole - alive
    return True
