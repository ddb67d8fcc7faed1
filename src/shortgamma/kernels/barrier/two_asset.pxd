# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Barriers on another asset than the one that the option pays on.

The image of the asset with the barrier moves the other one by its regression, so that each half of the option is two
bivariate normal probabilities.

Heynen and Kat, "Crossing barriers", Risk 7(6), 1994; Haug, The Complete Guide to Option Pricing Formulas, 2007,
section 4.17.6.
"""

from shortgamma.kernels.barrier._option cimport OUT, eta_of, phi_of
from shortgamma.kernels.barrier.partial_time cimport plain
from shortgamma.kernels.numeric.bivariate cimport apart, bivariate_cdf
from shortgamma.kernels.numeric.quadrature cimport Rule
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute, at_least, at_most, exp, log_ratio, square_root

cdef struct Pair:
    # the asset that the option pays on, and the one with the barrier
    double spot
    double strike
    double vol
    double dividend
    double barrier_spot
    double barrier
    double barrier_vol
    double barrier_dividend
    double correlation
    double expiry
    double rate
    int kind


cdef inline bint in_domain(const Pair* pair) noexcept nogil:
    return (
        0.0 < pair.spot < INFINITY and 0.0 < pair.strike < INFINITY and 0.0 < pair.barrier < INFINITY
        and 0.0 < pair.barrier_spot < INFINITY and 0.0 < pair.vol < INFINITY and 0.0 < pair.barrier_vol < INFINITY
        and 0.0 < pair.expiry < INFINITY and -1.0 <= pair.correlation <= 1.0 and absolute(pair.rate) < INFINITY
        and absolute(pair.dividend) < INFINITY and absolute(pair.barrier_dividend) < INFINITY
    )


cdef inline bint any_nan(const Pair* pair) noexcept nogil:
    return (
        pair.spot != pair.spot or pair.strike != pair.strike or pair.barrier != pair.barrier or pair.vol != pair.vol
        or pair.expiry != pair.expiry or pair.barrier_spot != pair.barrier_spot or pair.rate != pair.rate
        or pair.dividend != pair.dividend or pair.barrier_vol != pair.barrier_vol
        or pair.barrier_dividend != pair.barrier_dividend or pair.correlation != pair.correlation
    )


cdef inline double half_of(const Rule* rule, const Pair* pair, double away, bint image) noexcept nogil:
    """The payoff where the asset with the barrier, or its image, ends on the living side; away is ln(H/S) of it."""
    cdef double phi = phi_of(pair.kind), eta = eta_of(pair.kind), rho = pair.correlation, expiry = pair.expiry
    cdef double deviation = pair.vol * square_root(expiry), barrier_deviation = pair.barrier_vol * square_root(expiry)
    cdef double centre = (pair.rate - pair.barrier_dividend - 0.5 * pair.barrier_vol * pair.barrier_vol) * expiry
    # the image moves the asset that is paid on by its regression
    cdef double moved = 2.0 * rho * pair.vol / pair.barrier_vol * away if image else 0.0
    cdef double d = (log_ratio(pair.spot, pair.strike) + moved + (
        pair.rate - pair.dividend + 0.5 * pair.vol * pair.vol) * expiry) / deviation
    cdef double e = ((away if image else -away) + centre) / barrier_deviation
    cdef double asset = pair.spot * exp(moved - pair.dividend * expiry), cash = pair.strike * exp(-pair.rate * expiry)
    return (
        asset * apart(bivariate_cdf)(rule, eta * (e + rho * deviation), phi * d, eta * phi * rho)
        - cash * apart(bivariate_cdf)(rule, eta * e, phi * (d - deviation), eta * phi * rho)
    )


cdef inline bint two_asset(const Rule* rule, const Pair* pair, double* out) noexcept nogil:
    """False if a number lies outside of its domain."""
    cdef double phi = phi_of(pair.kind), alive = 0.0, power, away, whole
    out[0] = NAN
    if not in_domain(pair):
        return any_nan(pair)
    whole = plain(pair.spot, pair.strike, pair.vol, pair.expiry, pair.rate, pair.dividend, phi)
    if eta_of(pair.kind) * (pair.barrier_spot - pair.barrier) > 0.0:
        away = log_ratio(pair.barrier, pair.barrier_spot)
        power = exp(
            (2.0 * (pair.rate - pair.barrier_dividend) / (pair.barrier_vol * pair.barrier_vol) - 1.0) * away)
        alive = phi * half_of(rule, pair, away, False) - power * phi * half_of(rule, pair, away, True)
        alive = at_most(at_least(alive, 0.0), whole)
    out[0] = alive if pair.kind & OUT else whole - alive
    return True
