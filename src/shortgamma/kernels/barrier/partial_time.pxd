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

cimport shortgamma.kernels.barrier.single as single
from shortgamma.kernels.numeric.bivariate cimport bivariate_cdf
from shortgamma.kernels.numeric.quadrature cimport Rule
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, NAN, absolute, at_least, at_most, exp, log_ratio, normal_cdf, square_root,
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
    const Rule* rule, double spot, double strike, double level, double barrier, double vol, double expiry,
    double moment, double rate, double dividend, double phi, double side,
) noexcept nogil:
    """The payoff at expiry where phi (S_T - level) > 0 and, at the moment, side (S - barrier) > 0."""
    cdef double drift = rate - dividend, half = 0.5 * vol * vol
    cdef double full = vol * square_root(expiry), short = vol * square_root(moment)
    cdef double d1 = quotient(log_ratio(spot, level) + (drift + half) * expiry, full)
    cdef double d2 = quotient(log_ratio(spot, level) + (drift - half) * expiry, full)
    cdef double e1 = quotient(log_ratio(spot, barrier) + (drift + half) * moment, short)
    cdef double e2 = quotient(log_ratio(spot, barrier) + (drift - half) * moment, short)
    cdef double together = side * phi * (square_root(moment / expiry) if expiry > 0.0 else 1.0)
    return phi * (
        spot * exp(-dividend * expiry) * bivariate_cdf(rule, side * e1, phi * d1, together)
        - strike * exp(-rate * expiry) * bivariate_cdf(rule, side * e2, phi * d2, together)
    )


cdef inline double living_to_the_end(
    const Rule* rule, double spot, double strike, double barrier, double vol, double expiry, double moment, double rate,
    double dividend, double phi, double eta, double side,
) noexcept nogil:
    """The payoff on the living side at expiry, the price being on a side of the barrier at the moment."""
    if phi == eta:
        return part(
            rule, spot, strike, at_least(strike, barrier) if phi > 0.0 else at_most(strike, barrier), barrier, vol,
            expiry, moment, rate, dividend, phi, side)
    if phi * (barrier - strike) <= 0.0:
        return 0.0
    return (
        part(rule, spot, strike, strike, barrier, vol, expiry, moment, rate, dividend, phi, side)
        - part(rule, spot, strike, barrier, barrier, vol, expiry, moment, rate, dividend, phi, side)
    )


cdef inline double watched_to_the_end(
    const Rule* rule, double spot, double strike, double barrier, double vol, double expiry, double moment, double rate,
    double dividend, double phi, double eta, double power,
) noexcept nogil:
    return living_to_the_end(
        rule, spot, strike, barrier, vol, expiry, moment, rate, dividend, phi, eta, eta,
    ) - power * living_to_the_end(
        rule, barrier * (barrier / spot), strike, barrier, vol, expiry, moment, rate, dividend, phi, eta, -eta)


cdef inline double plain(
    double spot, double strike, double vol, double expiry, double rate, double dividend, double phi,
) noexcept nogil:
    cdef double deviation = vol * square_root(expiry), drift = rate - dividend
    cdef double d = quotient(log_ratio(spot, strike) + (drift + 0.5 * vol * vol) * expiry, deviation)
    return phi * (
        spot * exp(-dividend * expiry) * normal_cdf(phi * d)
        - strike * exp(-rate * expiry) * normal_cdf(phi * (d - deviation))
    )


cdef inline bint partial_time(
    const Rule* rule, double spot, double strike, double barrier, double vol, double expiry, double moment, double rate,
    double dividend, int kind, int window, double* out,
) noexcept nogil:
    """False if a number lies outside of its domain."""
    cdef double phi = single.phi_of(kind), eta = single.eta_of(kind), power, alive, whole
    cdef bint nan = (
        spot != spot or strike != strike or barrier != barrier or vol != vol or expiry != expiry or moment != moment
        or rate != rate or dividend != dividend
    )
    out[0] = NAN
    if not (
        0.0 < spot < INFINITY and 0.0 < strike < INFINITY and 0.0 < barrier < INFINITY and 0.0 < vol < INFINITY
        and 0.0 < expiry < INFINITY and 0.0 <= moment <= expiry and absolute(rate) < INFINITY
        and absolute(dividend) < INFINITY and 0 <= window <= END_BEYOND
    ):
        return nan
    whole = plain(spot, strike, vol, expiry, rate, dividend, phi)
    power = exp((2.0 * (rate - dividend) / (vol * vol) - 1.0) * log_ratio(barrier, spot))
    if window == START:
        if eta * (spot - barrier) <= 0.0:
            alive = 0.0
        elif moment == 0.0:
            alive = whole
        else:
            alive = part(
                rule, spot, strike, strike, barrier, vol, expiry, moment, rate, dividend, phi, eta,
            ) - power * part(
                rule, barrier * (barrier / spot), strike, strike, barrier, vol, expiry, moment, rate, dividend, phi,
                eta)
    elif moment == 0.0 and spot == barrier:
        alive = 0.0
    else:
        alive = watched_to_the_end(
            rule, spot, strike, barrier, vol, expiry, moment, rate, dividend, phi, eta, power)
        if window == END_CROSSING:
            alive += watched_to_the_end(
                rule, spot, strike, barrier, vol, expiry, moment, rate, dividend, phi, -eta, power)
    alive = at_most(at_least(alive, 0.0), whole)
    out[0] = alive if kind & single.OUT else whole - alive
    return True
