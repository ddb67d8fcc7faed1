# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Single-barrier options watched on n dates: the continuous formula with the barrier moved outwards.

Broadie, Glasserman and Kou ("A continuity correction for discrete barrier options", Mathematical Finance 7, 1997): with
n equally spaced dates, step dt = T/n, the barrier H becomes H exp(-eta beta sigma sqrt dt) with
beta = -zeta(1/2)/sqrt(2 pi), which leaves an error of o(1/sqrt n).

The moved barrier depends on sigma, so derivatives in sigma have a part through it. With c = -eta beta sqrt dt and D the
derivative in ln H, dV/dsigma becomes V_sigma + c D V. D V needs nothing new: an option is homogeneous of degree one in
S, K and H, its rebate F of degree nought in S and H, and its derivative in the strike is a binary option Q of the same
type, so with x = ln S

    D V = V - V_x + phi K Q - F,        D F = -F_x,        D Q = -Q_x - dQ/dlnK.

In calendar time the dates stay where they are, and dt with them: theta, charm and color are those at a fixed barrier.
"""

cimport shortgamma.kernels.barrier as single
cimport shortgamma.kernels.binary as binary
from shortgamma.kernels.vecmath cimport INFINITY, NAN, ONE_OVER_SQRT_TWO_PI, exp, square_root

cdef extern from *:
    """
    #define SG_MONITORING_SHIFT 0.5825971579390107
    """
    const double SHIFT "SG_MONITORING_SHIFT"


cdef inline double moved(double barrier, double vol, double expiry, double dates, int kind) noexcept nogil:
    """The barrier of the continuous option; a number out of its domain gives NaN."""
    if not (
        0.0 < barrier < INFINITY and 0.0 <= vol < INFINITY and 0.0 <= expiry < INFINITY and 1.0 <= dates < INFINITY
    ):
        return NAN
    return barrier * exp(-single.eta_of(kind) * SHIFT * vol * square_root(expiry / dates))


cdef inline double density(
    double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend, int kind,
) noexcept nogil:
    """-dQ/dlnK of the binary option in cash."""
    cdef double a, b, c, d, h, k, s, inverse, shift, two_mu, asset, discount
    single.weights(kind, strike, barrier, &a, &b, &c, &d)
    single.prepare(
        spot, strike, barrier, vol, expiry, rate, dividend,
        &h, &k, &s, &inverse, &shift, &two_mu, &asset, &discount,
    )
    # the two densities are those of S e^(-qT) N(d1), and so K e^(-rT) of those of N(d2)
    return (
        a * single.phi_of(kind) * single.density_at(k, inverse, shift, asset)
        + c * single.eta_of(kind) * single.density_of_image(h, k, inverse, shift, asset)
    ) * ONE_OVER_SQRT_TWO_PI / (strike * s)


cdef inline bint greeks(
    int order, double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double rebate, double dates, int kind, double* out,
) noexcept nogil:
    """Order 1 or 2; false if a number lies outside of its domain."""
    cdef double eta = single.eta_of(kind), away = single.phi_of(kind) * strike, drift = rate - dividend
    cdef double half_variance = 0.5 * vol * vol
    cdef double level = moved(barrier, vol, expiry, dates, kind)
    cdef double slope, v_x, v_xx, v_xxx, turn, turn_x, turn_xx, turn_vol, curve
    cdef double q[single.SECOND_ORDER]
    cdef double f[single.SECOND_ORDER]
    cdef int i
    if level != level:
        for i in range(single.SECOND_ORDER if order == 2 else single.FIRST_ORDER):
            out[i] = NAN
        return barrier != barrier or vol != vol or expiry != expiry or dates != dates
    if not single.careful(order, spot, strike, level, vol, expiry, rate, dividend, rebate, kind, out):
        return False
    if not eta * (spot - level) >= 0.0 or vol * square_root(expiry) < single.SMALLEST_DEVIATION:
        return True
    slope = -eta * SHIFT * square_root(expiry / dates)
    binary.value(order, spot, strike, level, vol, expiry, rate, dividend, 1.0, kind & 7, q)
    for i in range(single.SECOND_ORDER):
        f[i] = 0.0
    if rebate != 0.0:
        single.careful(order, spot, strike, level, vol, expiry, rate, dividend, rebate, kind | single.TOUCH, f)
    v_x = spot * out[single.DELTA]
    turn = out[single.PRICE] - v_x + away * q[single.PRICE] - f[single.PRICE]
    if order >= 2:
        v_xx = spot * spot * out[single.GAMMA] + v_x
        v_xxx = spot * spot * spot * out[single.SPEED] + 3.0 * v_xx - 2.0 * v_x
        turn_x = v_x - v_xx + spot * (away * q[single.DELTA] - f[single.DELTA])
        turn_xx = v_xx - v_xxx + (
            spot * (away * q[single.DELTA] - f[single.DELTA])
            + spot * spot * (away * q[single.GAMMA] - f[single.GAMMA])
        )
        turn_vol = out[single.VEGA] - spot * out[single.VANNA] + away * q[single.VEGA] - f[single.VEGA]
        curve = turn - turn_x + away * (
            density(spot, strike, level, vol, expiry, rate, dividend, kind) - spot * q[single.DELTA]
        ) + spot * f[single.DELTA]
        out[single.VANNA] += slope * turn_x / spot
        out[single.VOLGA] += slope * (2.0 * turn_vol + slope * curve)
        out[single.ZOMMA] += slope * (turn_xx - turn_x) / (spot * spot)
        out[single.VETA] += slope * (rate * turn - drift * turn_x - half_variance * (turn_xx - turn_x))
    out[single.VEGA] += slope * turn
    return True
