# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Exposures of a book of European options at many levels of the spot.

Letters: w weight (signed quantity times multiplier), S level of the spot, F = f S price of an option's own underlying,
K strike, sigma volatility, T expiry, r rate, q dividend, s = sigma sqrt T, g = e^(-qT), phi = 1 call or -1 put,

    d = ln(F/K)/s + (r - q) T/s + s/2,    E = exp(-d^2/2)/sqrt(2 pi).

Every exposure is a sum of a term in E, at most linear in d, and one in N(phi d), with factors that know of the option
alone, times one factor that knows of the level alone:

    gamma_percent   S   w g f 0.01 E/s                          w gamma F^2 0.01
    gamma_point     1/S w g/f E/s                               w gamma
    vanna_point     S   -w g f 0.01 (d - s) E/sigma             w vanna F 0.01
    charm_day       S   w g f/365 [(d - s)/(2 T) - (r - q)/s] E + phi w q g f/365 N(phi d)
    vega_point      S   w g f 0.01 sqrt(T) E
    delta           S   phi w g f N(phi d)                      w delta F
    units           1   phi w g N(phi d)                        w delta

The logarithm of a ratio is taken apart, ln x = h + l, h a multiple of ln 2 to 32 bits: differences of h are exact, and
those of l are rounded by less than half a unit in the last place of x moves the logarithm.

Where levels are equally spaced in the logarithm, by c, one step moves d by b = c/s, and with D = exp(-d^2/2)

    D' = D + D u,    u' = (u - v) - v u,    u = exp(-b d - b^2/2) - 1,    v = 1 - exp(-b^2),

which needs no exponential but those of the first level of a run. As u and v are formed without 1, a rounding of u is
no larger than u is, and only where D falls steeply, u near -1, are its units those of a larger number: a run of 16
levels is right to 16 exp(b |d|) units in the last place of D, b at most 1/4, and most often to one or two. Densities
that begin a run below the normal numbers stay 0 in it, which is less than 1e-240 at its end.
"""

from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, LN2_HIGH, LN2_LOW, ONE_OVER_SQRT_TWO_PI, absolute, at_most, exp, exp_down, expm1, log, log_ratio, mills,
    split, square_root,
)

cdef extern from *:
    """
    /* Nothing is moved across this: a product that was stored is not fused with the sum that it goes into, which would
     * round it otherwise in one loop than in another. */
    #if defined(__GNUC__) || defined(__clang__)
    #define SG_SETTLE(x) __asm__ volatile("" : : "r"(x) : "memory")
    #else
    #define SG_SETTLE(x) ((void)(x))
    #endif
    """
    void settle "SG_SETTLE"(double* x) noexcept nogil

cdef extern from *:
    """
    /* the most that a step of a run may move d */
    #define SG_WIDEST_STEP 0.25
    /* how far the logarithm of a level may lie from an even grid: two units in the last place of the level */
    #define SG_UNEVEN 4.5e-16
    """
    const double WIDEST_STEP "SG_WIDEST_STEP"
    const double UNEVEN "SG_UNEVEN"

# What an option has: the parts of ln(K/f), 1/s, and the constant part of d.
cdef enum:
    HIGH
    LOW
    SLOPE
    CENTRE
    # factors of E in the five exposures, and of E d in two of them
    OF_GAMMA
    OF_POINT
    OF_VEGA
    OF_VANNA
    OF_VANNA_D
    OF_CHARM
    OF_CHARM_D
    # phi, and factors of N(phi d)
    SIDE
    OF_DELTA
    OF_UNITS
    OF_DECAY
    # for parallel moves
    STRIKE
    FORWARD
    FACTORS

# Levels of a run that are reached step by step from its first.
cdef enum:
    RUN = 16

# Places of the exposures.
cdef enum:
    GAMMA_PERCENT
    VANNA_POINT
    CHARM_DAY
    GAMMA_POINT
    VEGA_POINT
    DELTA
    UNITS
    EXPOSURES

# Which of them a loop computes.
cdef enum:
    ONLY_GAMMA = 1
    SHAPES = 3
    ONLY_UNITS = 4
    EVERY = 7


cdef inline double log_parts(double x, double* low) noexcept nogil:
    """ln x in two parts, for x normal and positive."""
    cdef double power, mantissa = split(x, &power)
    low[0] = log(mantissa) + power * LN2_LOW
    return power * LN2_HIGH


cdef inline double in_domain(
    double origin, double forward, double strike, double vol, double expiry, double rate, double dividend,
) noexcept nogil:
    """1 if the numbers of an option are in their domain."""
    cdef double good = 1.0 if forward > 1e-300 else 0.0
    good = good if strike > 1e-300 else 0.0
    good = good if forward + strike < 1e300 else 0.0
    good = good if origin > 1e-300 else 0.0
    good = good if origin < 1e300 else 0.0
    good = good if vol > 0.0 else 0.0
    good = good if vol < INFINITY else 0.0
    good = good if expiry > 0.0 else 0.0
    good = good if expiry < INFINITY else 0.0
    return good if absolute(rate) + absolute(dividend) < INFINITY else 0.0


cdef inline void factors_of(
    double origin, double forward, double strike, double vol, double expiry, double rate, double dividend,
    double weight, int code, bint parallel, double* factors, Py_ssize_t step,
) noexcept nogil:
    """The factors of an option, so many places apart; with parallel moves F is not f S, and f stands for 1."""
    cdef double root = square_root(expiry), s = vol * root, inverse = 1.0 / s
    cdef double ratio = 1.0 if parallel else forward / origin
    cdef double carried = weight * exp(-dividend * expiry), side = <double> (1 - ((code >> 1) & 2))
    cdef double percent = 0.01 * carried * ratio, daily = carried * ratio / 365.0, low
    factors[HIGH * step] = log_parts(strike, &low)
    factors[LOW * step] = low - (0.0 if parallel else log_ratio(forward, origin))
    factors[SLOPE * step] = inverse
    factors[CENTRE * step] = (rate - dividend) * expiry * inverse + 0.5 * s
    factors[OF_GAMMA * step] = ONE_OVER_SQRT_TWO_PI * percent * inverse
    factors[OF_POINT * step] = ONE_OVER_SQRT_TWO_PI * (carried / ratio) * inverse
    factors[OF_VEGA * step] = ONE_OVER_SQRT_TWO_PI * percent * root
    factors[OF_VANNA * step] = ONE_OVER_SQRT_TWO_PI * percent * root
    factors[OF_VANNA_D * step] = -ONE_OVER_SQRT_TWO_PI * percent / vol
    factors[OF_CHARM * step] = -ONE_OVER_SQRT_TWO_PI * daily * ((rate - dividend) * inverse + 0.5 * s / expiry)
    factors[OF_CHARM_D * step] = ONE_OVER_SQRT_TWO_PI * daily * 0.5 / expiry
    factors[SIDE * step] = side
    factors[OF_DELTA * step] = side * carried * ratio
    factors[OF_UNITS * step] = side * carried
    factors[OF_DECAY * step] = side * dividend * daily
    factors[STRIKE * step] = strike
    factors[FORWARD * step] = forward


cdef inline double density(double d) noexcept nogil:
    """exp(-d^2/2)"""
    return exp_down(-0.5 * (d * d))


cdef inline double growth_of(double d, double move) noexcept nogil:
    """u: what a step adds to a density, over the density."""
    return expm1(at_most(-move * (d + 0.5 * move), 600.0))


cdef inline double fading_of(double move) noexcept nogil:
    """v"""
    return -expm1(-move * move)


cdef inline double probability(double d, double fade, double side) noexcept nogil:
    """N(side d), fade exp(-d^2/2)."""
    cdef double tail = fade * mills(absolute(d))
    return 1.0 - tail if side * d > 0.0 else tail


cdef inline double share_of(int place, double level) noexcept nogil:
    """The factor that knows of the level alone."""
    return 1.0 if place == UNITS else 1.0 / level if place == GAMMA_POINT else level
