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
from shortgamma.kernels.barrier._option cimport Greeks, Option, eta_of, inside_by, phi_of
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, ONE_OVER_SQRT_TWO_PI, exp, square_root

cdef extern from *:
    """
    #define SG_MONITORING_SHIFT 0.5825971579390107
    """
    const double SHIFT "SG_MONITORING_SHIFT"


cdef inline double moved(double barrier, double vol, double expiry, double dates, int kind) noexcept nogil:
    """The barrier of the continuous option; a number outside its domain gives NaN."""
    cdef double level = barrier * exp(-eta_of(kind) * SHIFT * vol * square_root(expiry / dates))
    # a chain of choices, which compilers vectorise
    level = level if barrier > 0.0 else NAN
    level = level if barrier < INFINITY else NAN
    level = level if vol >= 0.0 else NAN
    level = level if vol < INFINITY else NAN
    level = level if expiry >= 0.0 else NAN
    level = level if expiry < INFINITY else NAN
    level = level if dates >= 1.0 else NAN
    return level if dates < INFINITY else NAN


cdef inline double binary_density(const Option* option) noexcept nogil:
    """-dQ/dlnK of the binary option in cash."""
    cdef single.Weights weights
    cdef single.Frame frame
    single.weights_of(option.kind, option.strike, option.barrier, &weights)
    single.prepare(option, &frame)
    # the two densities are those of S e^(-qT) N(d1), and so K e^(-rT) of those of N(d2)
    return (
        weights.a * phi_of(option.kind) * single.density_at(frame.log_spot_strike, &frame)
        + weights.c * eta_of(option.kind) * single.image_density(&frame)
    ) * ONE_OVER_SQRT_TWO_PI / (option.strike * frame.deviation)


cdef inline void add_shift(
    int order, const Option* option, double dates, const Greeks* binary, const Greeks* rebate, Greeks* greeks,
) noexcept nogil:
    """Add to the Greeks of a living option at the moved barrier what comes of the barrier's moving, from those of the
    binary option in cash and of the rebate. Others are left as they are."""
    cdef double eta = eta_of(option.kind), signed_strike = phi_of(option.kind) * option.strike
    cdef double spot = option.spot, vol = option.vol, rate = option.rate, drift = option.rate - option.dividend
    cdef bint alive = (inside_by(spot, option.barrier, option.kind) >= 0.0) & (
        vol * square_root(option.expiry) >= single.SMALLEST_DEVIATION)
    cdef double half_variance = 0.5 * vol * vol
    # c, and D V with its derivatives
    cdef double c = -eta * SHIFT * square_root(option.expiry / dates)
    cdef double v_x = spot * greeks.delta
    cdef double d = greeks.price - v_x + signed_strike * binary.price - rebate.price
    cdef double v_xx, v_xxx, d_x, d_xx, d_sigma, d_d
    if order >= 2:
        v_xx = spot * spot * greeks.gamma + v_x
        v_xxx = spot * spot * spot * greeks.speed + 3.0 * v_xx - 2.0 * v_x
        d_x = v_x - v_xx + spot * (signed_strike * binary.delta - rebate.delta)
        d_xx = v_xx - v_xxx + (
            spot * (signed_strike * binary.delta - rebate.delta)
            + spot * spot * (signed_strike * binary.gamma - rebate.gamma)
        )
        d_sigma = greeks.vega - spot * greeks.vanna + signed_strike * binary.vega - rebate.vega
        d_d = d - d_x + signed_strike * (binary_density(option) - spot * binary.delta) + spot * rebate.delta
        greeks.vanna = greeks.vanna + c * d_x / spot if alive else greeks.vanna
        greeks.volga = greeks.volga + c * (2.0 * d_sigma + c * d_d) if alive else greeks.volga
        greeks.zomma = greeks.zomma + c * (d_xx - d_x) / (spot * spot) if alive else greeks.zomma
        greeks.veta = (
            greeks.veta + c * (rate * d - drift * d_x - half_variance * (d_xx - d_x)) if alive else greeks.veta)
    greeks.vega = greeks.vega + c * d if alive else greeks.vega
