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

cimport shortgamma.kernels.barrier as single
from shortgamma.kernels.discrete_barrier cimport NODES, POINTS, Rule
from shortgamma.kernels.vecmath cimport (
    INFINITY, NAN, absolute, at_least, at_most, exp, log_ratio, normal_cdf, square_root,
)

# When a partial barrier is watched: from the start; to the end, a crossing from either side or a place beyond it.
cdef enum:
    START
    END_CROSSING
    END_BEYOND

cdef extern from *:
    """
    #define SG_TWO_PI 6.28318530717958647692
    #define SG_LARGE_CORRELATION 0.9
    """
    const double TWO_PI "SG_TWO_PI"
    const double LARGE_CORRELATION "SG_LARGE_CORRELATION"

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


cdef inline double bivariate_cdf(const Rule* rule, double x, double y, double correlation) noexcept nogil:
    """P(X < x, Y < y) of two standard normal numbers, to 1e-15; correlation in [-1, 1].

    Plackett's identity, integrated from no correlation in its arcsine (Drezner and Wesolowsky, 1990) or, where it is
    large, from full correlation in c = sqrt(1 - r^2), in panels that shrink to where exp(-(x - y)^2/(2 c^2)) vanishes.
    """
    cdef double angle, half, c, r, total = 0.0, low, high, apart, squares = x * x + y * y, product = x * y
    cdef double term[NODES]
    cdef int i
    if x != x or y != y or correlation != correlation or absolute(correlation) > 1.0:
        return NAN
    if x == -INFINITY or y == -INFINITY:
        return 0.0
    if x == INFINITY:
        return normal_cdf(y)
    if y == INFINITY:
        return normal_cdf(x)
    if correlation < -LARGE_CORRELATION:
        return at_least(normal_cdf(x) - bivariate_cdf(rule, x, -y, -correlation), 0.0)
    if correlation <= LARGE_CORRELATION:
        half = 0.5 * arcsine(correlation)
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
    high = square_root((1.0 - correlation) * (1.0 + correlation))
    apart = absolute(x - y) / 9.0
    while high > apart and high > 1e-18:
        low = 0.25 * high if apart > 1e-3 * high or high > 1e-6 else 0.0
        half = 0.5 * (high - low)
        for i in range(POINTS):
            c = low + half * (1.0 + rule.point[i])
            r = square_root((1.0 - c) * (1.0 + c))
            # (x^2 - 2 r x y + y^2)/(2 c^2), without the cancellation
            angle = 0.5 * ((x - y) / c) * ((x - y) / c) + x * y / (1.0 + r)
            total += half * rule.point_weight[i] * exp(-angle) / r
        high = low
    return at_least(normal_cdf(at_most(x, y)) - total / TWO_PI, 0.0)


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
