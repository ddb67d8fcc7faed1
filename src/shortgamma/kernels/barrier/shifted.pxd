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

cimport shortgamma.kernels.barrier.single as single
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, ONE_OVER_SQRT_TWO_PI, exp, square_root

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


cdef inline void add_shift(
    int order, double spot, double strike, double level, double vol, double expiry, double rate, double dividend,
    double dates, int kind, double price, double delta, double gamma, double speed,
    double q_price, double q_delta, double q_gamma, double q_vega,
    double f_price, double f_delta, double f_gamma, double f_vega,
    double* vega, double* vanna, double* volga, double* zomma, double* veta,
) noexcept nogil:
    """Add to the Greeks of a living option at the moved barrier what comes of the barrier's moving; q are those of the
    binary option in cash, f those of the rebate. Others are left as they are."""
    cdef double eta = single.eta_of(kind), away = single.phi_of(kind) * strike, drift = rate - dividend
    cdef bint alive = (eta * (spot - level) >= 0.0) & (vol * square_root(expiry) >= single.SMALLEST_DEVIATION)
    cdef double half_variance = 0.5 * vol * vol
    cdef double slope = -eta * SHIFT * square_root(expiry / dates)
    cdef double v_x = spot * delta
    cdef double turn = price - v_x + away * q_price - f_price
    cdef double v_xx, v_xxx, turn_x, turn_xx, turn_vol, curve
    if order >= 2:
        v_xx = spot * spot * gamma + v_x
        v_xxx = spot * spot * spot * speed + 3.0 * v_xx - 2.0 * v_x
        turn_x = v_x - v_xx + spot * (away * q_delta - f_delta)
        turn_xx = v_xx - v_xxx + (
            spot * (away * q_delta - f_delta) + spot * spot * (away * q_gamma - f_gamma)
        )
        turn_vol = vega[0] - spot * vanna[0] + away * q_vega - f_vega
        curve = turn - turn_x + away * (
            density(spot, strike, level, vol, expiry, rate, dividend, kind) - spot * q_delta
        ) + spot * f_delta
        vanna[0] = vanna[0] + slope * turn_x / spot if alive else vanna[0]
        volga[0] = volga[0] + slope * (2.0 * turn_vol + slope * curve) if alive else volga[0]
        zomma[0] = zomma[0] + slope * (turn_xx - turn_x) / (spot * spot) if alive else zomma[0]
        veta[0] = (
            veta[0] + slope * (rate * turn - drift * turn_x - half_variance * (turn_xx - turn_x)) if alive else veta[0]
        )
    vega[0] = vega[0] + slope * turn if alive else vega[0]
