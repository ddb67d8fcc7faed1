# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Barriers on another asset than the one that the option pays on.

The image of the asset with the barrier moves the other one by its regression, so that each half of the option is two
bivariate normal probabilities.

Heynen and Kat, "Crossing barriers", Risk 7(6), 1994; Haug, The Complete Guide to Option Pricing Formulas, 2007,
section 4.17.6.
"""

cimport shortgamma.kernels.barrier.single as single
from shortgamma.kernels.barrier.partial_time cimport plain
from shortgamma.kernels.numeric.bivariate cimport bivariate_cdf
from shortgamma.kernels.numeric.quadrature cimport Rule
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute, at_least, at_most, exp, log_ratio, square_root


cdef inline bint two_asset(
    const Rule* rule, double spot, double strike, double vol, double dividend, double other, double barrier,
    double other_vol, double other_dividend, double correlation, double expiry, double rate, int kind, double* out,
) noexcept nogil:
    """Payoff on the one asset, barrier on the other."""
    cdef double phi = single.phi_of(kind), eta = single.eta_of(kind), alive = 0.0, power, away, whole, centre
    cdef double deviation = vol * square_root(expiry), other_deviation = other_vol * square_root(expiry), d, e, sign
    cdef double moved, asset, cash
    cdef int image
    cdef bint nan = (
        spot != spot or strike != strike or barrier != barrier or vol != vol or expiry != expiry or other != other
        or rate != rate or dividend != dividend or other_vol != other_vol or other_dividend != other_dividend
        or correlation != correlation
    )
    out[0] = NAN
    if not (
        0.0 < spot < INFINITY and 0.0 < strike < INFINITY and 0.0 < barrier < INFINITY and 0.0 < other < INFINITY
        and 0.0 < vol < INFINITY and 0.0 < other_vol < INFINITY and 0.0 < expiry < INFINITY
        and -1.0 <= correlation <= 1.0 and absolute(rate) < INFINITY and absolute(dividend) < INFINITY
        and absolute(other_dividend) < INFINITY
    ):
        return nan
    whole = plain(spot, strike, vol, expiry, rate, dividend, phi)
    if eta * (other - barrier) > 0.0:
        away = log_ratio(barrier, other)
        power = exp((2.0 * (rate - other_dividend) / (other_vol * other_vol) - 1.0) * away)
        centre = (rate - other_dividend - 0.5 * other_vol * other_vol) * expiry
        for image in range(2):
            sign = -power if image else 1.0
            moved = 2.0 * correlation * vol / other_vol * away if image else 0.0
            d = (log_ratio(spot, strike) + moved + (rate - dividend + 0.5 * vol * vol) * expiry) / deviation
            e = ((away if image else -away) + centre) / other_deviation
            asset = spot * exp(moved - dividend * expiry)
            cash = strike * exp(-rate * expiry)
            alive += sign * phi * (
                asset * bivariate_cdf(rule, eta * (e + correlation * deviation), phi * d, eta * phi * correlation)
                - cash * bivariate_cdf(rule, eta * e, phi * (d - deviation), eta * phi * correlation)
            )
        alive = at_most(at_least(alive, 0.0), whole)
    out[0] = alive if kind & single.OUT else whole - alive
    return True
