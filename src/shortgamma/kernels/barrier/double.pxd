# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Double-barrier options and touches: value and derivatives, by images or by eigenfunctions.

Letters: x = ln S, l = ln L, u = ln U, w = u - l, b = r - q, nu = b/sigma^2 - 1/2, v = sigma^2 T, s = sqrt v. What
touches neither barrier has the density exp(nu (y - x) - nu^2 v/2) k(x, y), with k in one of two ways:

    images           sum over n of [phi((y - x + 2 n w)/s) - phi((y + x - 2 l + 2 n w)/s)] / s
    eigenfunctions   2/w sum over n >= 1 of sin(n pi (x - l)/w) sin(n pi (y - l)/w) exp(-n^2 pi^2 v/(2 w^2))

(Kunitomo and Ikeda, Mathematical Finance 2, 1992; Pelsser, Finance and Stochastics 4, 2000; Haug, The Complete Guide to
Option Pricing Formulas, 2nd ed., 2007, p. 156). The first wants some 4 s/w terms on each side, the second 3 w/s. With 7
images what is left out is exp(-4 w^2/v) of the scale at most, exp(-36) at s/w = 1/3. An eigenfunction costs a third of
an image, and so they take over at s/w = 0.24, 13 of them; but they cancel where the drift is strong, up to
exp(|nu| w - nu^2 v/2), and then only at 1/3.

An image at z = x + D is exp(nu D) times the plain value of its payoff for the spot exp(z): the plain value's
derivatives in z give all others, as in `barrier`. A density at an end a of the payoff is exp(-(a - x - nu v)^2/(2 v))
times exp(-2 p q/v), p and q distances inside of the corridor, so no exponent is ever a difference of large numbers.

The hit of one barrier before the other is worth exp(nu (u - x)) J, J the value for a driftless motion that is killed at
the rate kappa/2, kappa = nu^2 + 2 r/sigma^2. It is a sum over images again, or (Hui, Applied Financial Economics 6,
1996) the value without an end, sinh(lambda (x - l))/sinh(lambda w) with lambda^2 = kappa, less eigenfunctions.
"""

from shortgamma.kernels.barrier._option cimport (
    FIRST_ORDER, OUT as SINGLE_OUT, PRICE, SECOND_ORDER, Option, TOUCH as SINGLE_TOUCH, UP as SINGLE_UP,
    AT_EXPIRY as SINGLE_LATE, PUT as SINGLE_PUT, not_negative,
)
from shortgamma.kernels.barrier._rebate cimport PI, SMALL_LAMBDA, number, principal_root, real_part
from shortgamma.kernels.barrier.single cimport SMALLEST_DEVIATION
cimport shortgamma.kernels.barrier.single as single
from shortgamma.kernels.numeric.faddeeva cimport complex_erfcx, complex_exp
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, NAN, ONE_OVER_SQRT_TWO_PI, SQRT_HALF, absolute, at_least, at_most, exp, log_ratio, mills, square_root,
)

# An option's kind as a small number: which of the four, and the sum of the flags that hold. KIKO: in at the lower
# barrier and out at the upper one, KOKI the other way round. TOUCH: there is nothing but the rebate.
cdef enum:
    IN = 0
    OUT = 1
    KIKO = 2
    KOKI = 3
    WHICH = 3
    PUT = 4
    LATE = 8
    TOUCH = 16
    KINDS = 32

# Places of the derivatives, x = ln S.
cdef enum:
    V
    V_X
    V_XX
    V_SIGMA
    V_R
    V_Q
    V_XXX
    V_XXXX
    V_X_SIGMA
    V_XX_SIGMA
    V_SIGMA_SIGMA
    DERIVATIVES

cdef enum:
    IMAGES = 7
    EIGENFUNCTIONS = 13
    # the value and its derivatives in x, those in nu, in x and nu, and in nu twice
    PARTS = 9

cdef extern from *:
    """
    /* s/w where images give way to eigenfunctions, and where they do if the drift is less than so many deviations */
    #define SG_FEW_IMAGES (1.0/3.0)
    #define SG_FEWER_IMAGES 0.24
    #define SG_WEAK_DRIFT 0.5
    /* an image, or an eigenfunction, of less than exp(-56) of the first is left out */
    #define SG_NEGLIGIBLE 56.0
    /* where kappa w^2 is below this, the value without an end is near its first pole, at -pi^2 */
    #define SG_NEAR_POLE -8.0
    """
    const double FEW_IMAGES "SG_FEW_IMAGES"
    const double FEWER_IMAGES "SG_FEWER_IMAGES"
    const double WEAK_DRIFT "SG_WEAK_DRIFT"
    const double NEGLIGIBLE "SG_NEGLIGIBLE"
    const double NEAR_POLE "SG_NEAR_POLE"


cdef inline double is_touch(int code) noexcept nogil:
    return <double> ((code >> 4) & 1)


cdef inline double side_of(int code) noexcept nogil:
    """How the corridor's value stands in the option: 1 in a knock-out, -1 in all others, 0 in a touch."""
    return (1.0 - is_touch(code)) * (1.0 if code & WHICH == OUT else -1.0)


cdef inline double late_of(int code) noexcept nogil:
    """Units of the survival that a payment at expiry is made of: 1 if paid to those that touched nothing."""
    cdef int which = code & WHICH
    cdef double late = -1.0 if code & LATE else 0.0
    late = late if which == OUT else 0.0
    return 1.0 if which == IN else late


cdef inline double hit_upper(int code) noexcept nogil:
    """1 if the first hit is paid for when it is of the upper barrier."""
    cdef int which = code & WHICH
    cdef double both = 0.0 if code & LATE else 1.0
    cdef double one = is_touch(code) if which == KOKI else 0.0
    return both if which == OUT else one


cdef inline double hit_lower(int code) noexcept nogil:
    cdef int which = code & WHICH
    cdef double both = 0.0 if code & LATE else 1.0
    cdef double one = is_touch(code) if which == KIKO else 0.0
    return both if which == OUT else one


cdef inline void prepare(
    double spot, double strike, double lower, double upper, double vol, double expiry, double rate, double dividend,
    int code,
    double* below, double* above, double* width, double* log_strike, double* deviation, double* shift, double* nu,
    double* asset, double* discount,
    double* first, double* first_low, double* first_high, double* first_level,
    double* last, double* last_low, double* last_high, double* last_level,
) noexcept nogil:
    """x - l, u - x, w, ln(K/S), s, nu s, nu, S e^(-qT), e^(-rT); and both ends of the payoff inside of the corridor:
    how far from x, from the lower barrier, from the upper one, and the price there."""
    cdef double s = vol * square_root(expiry), drift = rate - dividend
    cdef double strike_low = log_ratio(strike, lower), strike_high = log_ratio(upper, strike)
    cdef double w = log_ratio(upper, lower)
    cdef double level = at_most(at_least(strike, lower), upper)
    cdef double low = at_least(strike_low if strike < upper else w, 0.0)
    cdef double high = at_least(strike_high if strike > lower else w, 0.0)
    cdef double down = log_ratio(spot, lower), up = log_ratio(upper, spot), k = log_ratio(strike, spot)
    cdef double at = at_most(at_least(k, -down), up)
    cdef bint put = code & PUT != 0
    below[0] = down
    above[0] = up
    width[0] = w
    log_strike[0] = k
    first[0] = -down if put else at
    last[0] = at if put else up
    deviation[0] = s
    shift[0] = drift * expiry / s - 0.5 * s
    nu[0] = drift / (vol * vol) - 0.5
    asset[0] = spot * exp(-dividend * expiry)
    discount[0] = exp(-rate * expiry)
    first_low[0] = 0.0 if put else low
    first_high[0] = w if put else high
    first_level[0] = lower if put else level
    last_low[0] = low if put else w
    last_high[0] = high if put else 0.0
    last_level[0] = level if put else upper


cdef struct Image:
    # 1 or mirrored -1; z - x is twice its p, upwards or downwards; of what p and q are sums
    double mirror
    double upward
    double p_below
    double p_above
    double p_width
    double q_below
    double q_above
    double q_width
    double q_low
    double q_high


cdef inline Image image_number(int which) noexcept nogil:
    """The images but the first, the spot itself. q also counts the distances of an end from both barriers."""
    cdef Image one
    cdef bint up = which % 2 == 0, straight = which == 3 or which == 4
    one.mirror = 1.0 if straight else -1.0
    one.upward = 1.0 if up else -1.0
    one.p_below = 0.0 if up or straight else 1.0
    one.p_above = 1.0 if up and not straight else 0.0
    one.p_width = 1.0 if which >= 3 else 0.0
    one.q_below = 1.0 if up and straight else 0.0
    one.q_above = 1.0 if straight and not up else 0.0
    one.q_width = 1.0 if which >= 5 else 0.0
    one.q_low = 0.0 if up else 1.0
    one.q_high = 1.0 if up else 0.0
    return one


cdef inline double image_away(Image* one, double below, double above, double width) noexcept nogil:
    return one.p_below * below + one.p_above * above + one.p_width * width


cdef inline double image_fade(
    Image* one, double away, double below, double above, double width, double low, double high, double deviation,
) noexcept nogil:
    """2 p q/v, how much less than the first image this one has of a density at an end, in logarithms."""
    cdef double inverse = 1.0 / deviation
    cdef double reach = (
        one.q_below * below + one.q_above * above + one.q_width * width + one.q_low * low + one.q_high * high
    )
    return 2.0 * (away * inverse) * (reach * inverse)


cdef inline double tail_between(
    double full, double tail_first, double tail_last, bint first_beyond, bint last_beyond,
) noexcept nogil:
    """full (N(last) - N(first)), from the tails; beyond: the end is above the centre."""
    cdef double until = -tail_last if last_beyond else tail_last
    cdef double since = -tail_first if first_beyond else tail_first
    cdef double between = full if last_beyond else 0.0
    between = between - (full if first_beyond else 0.0)
    return between + (until - since)


cdef inline void image(
    int order, double weight, double mirror, double offset, double units, double cash,
    double first, double last, double first_level, double last_level, double first_density, double last_density,
    double full_asset, double full_cash, double deviation, double shift, double nu,
    double vol, double expiry, double drift,
    double* v, double* v_x, double* v_xx, double* v_sigma, double* v_r, double* v_q,
    double* v_xxx, double* v_xxxx, double* v_x_sigma, double* v_xx_sigma, double* v_sigma_sigma,
) noexcept nogil:
    """Add weight times one image of the payoff units S + cash between first and last (from x on).

    A density is e^(-rT) exp(-d^2/2) of an end, exp(nu D) included; full is exp(nu D) S e^(D - qT) and exp(nu D - rT),
    needed only where the ends lie on both sides of the centre.
    """
    cdef double inverse = 1.0 / deviation
    cdef double c1 = (first - offset) * inverse - shift, c2 = (last - offset) * inverse - shift
    cdef double a1 = c1 - deviation, a2 = c2 - deviation
    cdef double asset_part = weight * units * tail_between(
        full_asset, first_density * first_level * mills(absolute(a1)), last_density * last_level * mills(absolute(a2)),
        a1 > 0.0, a2 > 0.0)
    cdef double cash_part = weight * cash * tail_between(
        full_cash, first_density * mills(absolute(c1)), last_density * mills(absolute(c2)), c1 > 0.0, c2 > 0.0)
    cdef double y0 = asset_part + cash_part, y1, d21, d32, d43, y2, y3, y4, t1, t2
    cdef double g1, g2, p1, p2, q1, q2, h1, h2, n1, n2, gap, gap1, gap2, gap3, part, part1, part2
    cdef double m, turn, vega, w, w_offset, variance
    v[0] += y0
    if order >= 1:
        variance = vol * vol
        vega = vol * expiry
        w = -2.0 * drift / (variance * vol)
        w_offset = w * offset
        m = nu * (1.0 - mirror)
        turn = mirror - 1.0
        g1 = weight * first_density * ONE_OVER_SQRT_TWO_PI * inverse
        g2 = -weight * last_density * ONE_OVER_SQRT_TWO_PI * inverse
        # the payoff at its ends, all of it and the asset alone
        p1 = (units * first_level + cash) * g1
        p2 = (units * last_level + cash) * g2
        q1 = units * first_level * g1
        q2 = units * last_level * g2
        h1 = c1 * inverse
        h2 = c2 * inverse
        gap = p1 + p2
        gap1 = p1 * h1 + p2 * h2
        part = q1 + q2
        y1 = asset_part + gap
        d21 = part + (gap1 - gap)
        y2 = y1 + d21
        t1 = mirror * (m * y0 + y1)
        t2 = m * (m * y0 + 2.0 * y1) + y2
        v_x[0] += t1
        v_xx[0] += t2
        v_sigma[0] += vega * d21 + w_offset * y0
        v_r[0] += expiry * (y1 - y0) + (offset / variance) * y0
        v_q[0] -= expiry * y1 + (offset / variance) * y0
        if order >= 2:
            n1 = h1 * h1 - inverse * inverse
            n2 = h2 * h2 - inverse * inverse
            gap2 = p1 * n1 + p2 * n2
            gap3 = p1 * h1 * (n1 - 2.0 * inverse * inverse) + p2 * h2 * (n2 - 2.0 * inverse * inverse)
            part1 = q1 * h1 + q2 * h2
            part2 = q1 * n1 + q2 * n2
            d32 = part1 + (gap2 - gap1)
            d43 = part2 + (gap3 - gap2)
            y3 = y2 + d32
            y4 = y3 + d43
            v_xxx[0] += mirror * (m * (m * (m * y0 + 3.0 * y1) + 3.0 * y2) + y3)
            v_xxxx[0] += m * (m * (m * (m * y0 + 4.0 * y1) + 6.0 * y2) + 4.0 * y3) + y4
            v_x_sigma[0] += vega * mirror * (m * d21 + d32) + w * (turn * y0 + offset * t1)
            v_xx_sigma[0] += vega * (m * (m * d21 + 2.0 * d32) + d43) + w * (2.0 * turn * t1 + offset * t2)
            v_sigma_sigma[0] += (
                expiry * d21 + vega * vega * (d43 - d32) + 2.0 * w_offset * vega * d21
                + (6.0 * drift / (variance * variance) * offset + w_offset * w_offset) * y0
            )


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


cdef inline void turn_on(double sine, double cosine, double* s, double* c) noexcept nogil:
    """The next multiple of an angle."""
    cdef double old = s[0]
    s[0] = old * cosine + c[0] * sine
    c[0] = c[0] * cosine - old * sine


cdef inline void end_terms(
    int order, double omega, double nu, double variance, double units_there, double cash, double at,
    double factor, double sine, double cosine, double* c, double* c_nu, double* c_nu_nu,
) noexcept nogil:
    """Add one end of the integral of exp(nu y) (units S + cash) sin(omega (y - l)), and its derivatives in nu.

    factor is exp(nu (y - x) - nu^2 v/2) there, at y - x - nu v, units_there the asset's part of the payoff.
    """
    # F = [P (nu + i omega) + cash] / [(nu + i omega) (nu + 1 + i omega)], P the payoff: nothing cancels at the strike
    cdef double payoff = units_there + cash
    cdef double re = nu * (nu + 1.0) - omega * omega, im = omega * (2.0 * nu + 1.0)
    cdef double size = 1.0 / (re * re + im * im)
    cdef double r_re = re * size, r_im = -im * size
    cdef double top_re = payoff * nu + cash, top_im = payoff * omega
    cdef double f_re = top_re * r_re - top_im * r_im, f_im = top_re * r_im + top_im * r_re
    cdef double q_re, q_im, g_re, g_im, h_re, h_im
    c[0] += factor * (sine * f_re + cosine * f_im)
    if order >= 1:
        q_re = (2.0 * nu + 1.0) * r_re - 2.0 * omega * r_im
        q_im = (2.0 * nu + 1.0) * r_im + 2.0 * omega * r_re
        g_re = payoff * r_re - (f_re * q_re - f_im * q_im)
        g_im = payoff * r_im - (f_re * q_im + f_im * q_re)
        c_nu[0] += factor * (sine * (at * f_re + g_re) + cosine * (at * f_im + g_im))
        if order >= 2:
            h_re = -2.0 * (q_re * g_re - q_im * g_im) - 2.0 * (f_re * r_re - f_im * r_im)
            h_im = -2.0 * (q_re * g_im + q_im * g_re) - 2.0 * (f_re * r_im + f_im * r_re)
            h_re = (at * at - variance) * f_re + 2.0 * at * g_re + h_re
            h_im = (at * at - variance) * f_im + 2.0 * at * g_im + h_im
            c_nu_nu[0] += factor * (sine * h_re + cosine * h_im)


cdef inline void wave(
    int order, double omega, double sine, double cosine, double c, double c_nu, double c_nu_nu,
    double* w0, double* w1, double* w2, double* w3, double* w4, double* n0, double* n1, double* n2, double* nn,
) noexcept nogil:
    """Add c sin(omega (x - l)) and its derivatives."""
    cdef double steep = omega * omega
    w0[0] += c * sine
    if order >= 1:
        w1[0] += c * omega * cosine
        w2[0] -= c * steep * sine
        n0[0] += c_nu * sine
        if order >= 2:
            w3[0] -= c * steep * omega * cosine
            w4[0] += c * steep * steep * sine
            n1[0] += c_nu * omega * cosine
            n2[0] -= c_nu * steep * sine
            nn[0] += c_nu_nu * sine


cdef inline void settle(
    int order, double nu, double vol, double expiry, double drift,
    double w0, double w1, double w2, double w3, double w4, double n0, double n1, double n2, double nn,
    double* v, double* v_x, double* v_xx, double* v_sigma, double* v_r, double* v_q,
    double* v_xxx, double* v_xxxx, double* v_x_sigma, double* v_xx_sigma, double* v_sigma_sigma,
) noexcept nogil:
    """Add what the eigenfunctions sum to: exp(-nu x) has still to be differentiated in x.

    In v and nu the value follows G_v = G_xx/2 + nu G_x.
    """
    cdef double variance = vol * vol, inverse, g1, g2, g3, g4, e1, e2, in_v, v_sigma_here, nu_sigma
    v[0] += w0
    if order >= 1:
        inverse = 1.0 / variance
        v_sigma_here = 2.0 * vol * expiry
        nu_sigma = -2.0 * drift * inverse / vol
        g1 = w1 - nu * w0
        g2 = w2 - nu * (2.0 * w1 - nu * w0)
        in_v = 0.5 * g2 + nu * g1
        v_x[0] += g1
        v_xx[0] += g2
        v_sigma[0] += v_sigma_here * in_v + nu_sigma * n0
        v_r[0] += n0 * inverse - expiry * w0
        v_q[0] -= n0 * inverse
        if order >= 2:
            g3 = w3 - nu * (3.0 * w2 - nu * (3.0 * w1 - nu * w0))
            g4 = w4 - nu * (4.0 * w3 - nu * (6.0 * w2 - nu * (4.0 * w1 - nu * w0)))
            e1 = n1 - nu * n0 - w0
            e2 = n2 - nu * (2.0 * n1 - nu * n0) - 2.0 * g1
            v_xxx[0] += g3
            v_xxxx[0] += g4
            v_x_sigma[0] += v_sigma_here * (0.5 * g3 + nu * g2) + nu_sigma * e1
            v_xx_sigma[0] += v_sigma_here * (0.5 * g4 + nu * g3) + nu_sigma * e2
            v_sigma_sigma[0] += (
                v_sigma_here * v_sigma_here * (0.25 * g4 + nu * g3 + nu * nu * g2) + 2.0 * expiry * in_v
                + 2.0 * v_sigma_here * nu_sigma * (0.5 * e2 + nu * e1 + g1)
                + nu_sigma * nu_sigma * nn + 6.0 * drift * inverse * inverse * n0
            )


cdef inline void hit_terms(
    int order, double weight, double turn, double d, double variance, number kappa, number first, number second,
    number root, number density,
    double* j0, double* j1, double* t0, double* t1, double* t2, double* k0, double* k1, double* k2, double* kk,
) noexcept nogil:
    """Add weight times one image of a hit at the distance d, and its derivatives: j in x, t in v, k in kappa; turn is
    dd/dx.

    first and second are exp(-lambda d) N((lambda v - d)/s) and exp(lambda d) N(-(lambda v + d)/s), root lambda, density
    exp(-kappa v/2) phi(d/s)/s. All but the root are even in lambda, so that a complex one will do.
    """
    cdef number value = first + second, m, slope, part
    cdef double steep
    j0[0] += weight * real_part(value)
    if order >= 1:
        m = (first - second) / root
        steep = d / variance
        slope = -(kappa * m) - 2.0 * density
        j1[0] += weight * turn * real_part(slope)
        t0[0] += weight * steep * real_part(density)
        k0[0] -= weight * 0.5 * d * real_part(m)
        if order >= 2:
            t1[0] += weight * turn * (1.0 / variance - steep * steep) * real_part(density)
            t2[0] += weight * steep * (steep * steep - 3.0 / variance) * real_part(density)
            part = 0.5 * d * value - 0.5 * m
            k1[0] += weight * turn * real_part(part)
            part = value + 0.5 * d * slope
            k2[0] += weight * real_part(part)
            part = (2.0 * variance * density - d * value - m) / kappa
            kk[0] -= weight * 0.25 * d * real_part(part)


cdef inline double small_root(double nu, double root, double twice_rate, double away, double upward) noexcept nogil:
    """nu (u - x) - lambda (u - x), or the like for the lower barrier, without cancellation; away is |u - x|."""
    cdef double towards = nu * upward
    return away * (-twice_rate / (towards + root) if towards > 0.0 else towards - root)


cdef inline double hit_exponent(
    double away, double upward, double d, double deviation, double shift, double growth,
) noexcept nogil:
    """nu (u - x) - d^2/(2 v) - kappa v/2, growth being r T."""
    cdef double inverse = 1.0 / deviation
    cdef double centre = away * inverse * upward - shift
    return -0.5 * centre * centre - 0.5 * ((d - away) * inverse) * ((d + away) * inverse) - growth


cdef inline void hit_image(
    int order, double weight, double turn, double away, double upward, double d,
    double deviation, double shift, double nu, double growth, double late_growth, double twice_rate, double root,
    double* j0, double* j1, double* t0, double* t1, double* t2, double* k0, double* k1, double* k2, double* kk,
) noexcept nogil:
    """One image of a hit for a real lambda that is not small, with exp(nu (u - x)) in it; twice_rate is 2 r/sigma^2."""
    cdef double inverse = 1.0 / deviation
    cdef double shared = exp(hit_exponent(away, upward, d, deviation, shift, growth))
    cdef double exponent = small_root(nu, root, twice_rate, away, upward) - root * (d - away)
    cdef double whole = exp(at_most(exponent, 60.0) - late_growth)
    cdef double z1 = d * inverse - root * deviation, z2 = d * inverse + root * deviation
    cdef double tail = shared * mills(absolute(z1))
    hit_terms(
        order, weight, turn, d, deviation * deviation, root * root, tail if z1 > 0.0 else whole - tail,
        shared * mills(z2), root, shared * ONE_OVER_SQRT_TWO_PI * inverse,
        j0, j1, t0, t1, t2, k0, k1, k2, kk)


cdef inline void term(int order, number y, double coefficient, number* a, number* b, number* c) noexcept nogil:
    """One step of a power series and of its derivatives, from the highest power down."""
    if order >= 2:
        c[0] = c[0] * y + b[0]
    if order >= 1:
        b[0] = b[0] * y + a[0]
    a[0] = a[0] * y + coefficient


cdef inline void entire(int order, number y, number* p, number* p_y, number* p_yy) noexcept nogil:
    """sinh(sqrt y)/sqrt y and its derivatives by the power series, |y| <= 12."""
    cdef number a = 1.0 / 8.841761993739702e30, b = 0.0, c = 0.0
    term(order, y, 1.0 / 1.0888869450418352e28, &a, &b, &c)
    term(order, y, 1.0 / 1.5511210043330986e25, &a, &b, &c)
    term(order, y, 1.0 / 2.5852016738884978e22, &a, &b, &c)
    term(order, y, 1.0 / 5.109094217170944e19, &a, &b, &c)
    term(order, y, 1.0 / 1.21645100408832e17, &a, &b, &c)
    term(order, y, 1.0 / 355687428096000.0, &a, &b, &c)
    term(order, y, 1.0 / 1307674368000.0, &a, &b, &c)
    term(order, y, 1.0 / 6227020800.0, &a, &b, &c)
    term(order, y, 1.0 / 39916800.0, &a, &b, &c)
    term(order, y, 1.0 / 362880.0, &a, &b, &c)
    term(order, y, 1.0 / 5040.0, &a, &b, &c)
    term(order, y, 1.0 / 120.0, &a, &b, &c)
    term(order, y, 1.0 / 6.0, &a, &b, &c)
    term(order, y, 1.0, &a, &b, &c)
    p[0] = a
    p_y[0] = b
    p_yy[0] = 2.0 * c


cdef inline void without_end_part(
    int order, double y, double* p, double* p_y, double* p_yy, double* lift,
) noexcept nogil:
    """sinh(sqrt y)/sqrt y and its derivatives, divided by exp(lift)."""
    cdef double large = at_least(y, 4.0), root = square_root(large), e = exp(-2.0 * root)
    cdef double a = 0.5 * (1.0 - e) / root, b = 0.0, c = 0.0
    entire(order, at_least(at_most(y, 4.0), -12.0), p, p_y, p_yy)
    if order >= 1:
        b = (0.5 * (1.0 + e) - a) / (2.0 * large)
    if order >= 2:
        c = (a - 6.0 * b) / (4.0 * large)
    p[0] = a if y > 4.0 else p[0]
    p_y[0] = b if y > 4.0 else p_y[0]
    p_yy[0] = c if y > 4.0 else p_yy[0]
    lift[0] = root if y > 4.0 else 0.0


cdef inline void without_end(
    int order, number factor, double turn, double inside, double width, number kappa,
    number p, number p_y, number p_yy, number all_p, number all_p_y, number all_p_yy,
    double* j0, double* j1, double* k0, double* k1, double* k2, double* kk,
) noexcept nogil:
    """Add factor times sinh(lambda d)/sinh(lambda w) and its derivatives, d = inside the distance from the other
    barrier: sinh(sqrt y)/sqrt y is p at y = kappa d^2 and all_p at kappa w^2."""
    cdef double d2 = inside * inside, w2 = width * width, part = inside / width
    cdef number g = factor / all_p, value = part * g * p, q, cosh_there, slope, in_kappa, more
    j0[0] += real_part(value)
    if order >= 1:
        q = all_p_y / all_p * w2
        cosh_there = p + 2.0 * d2 * (kappa * p_y)
        slope = cosh_there * g / width
        in_kappa = part * g * (d2 * p_y - p * q)
        j1[0] += turn * real_part(slope)
        k0[0] += real_part(in_kappa)
        if order >= 2:
            more = g / width * (0.5 * d2 * p - cosh_there * q)
            k1[0] += turn * real_part(more)
            more = kappa * in_kappa + value
            k2[0] += real_part(more)
            more = part * g * (d2 * d2 * p_yy - 2.0 * d2 * p_y * q - w2 * w2 * (p * all_p_yy / all_p) + 2.0 * p * q * q)
            kk[0] += real_part(more)


cdef inline void hit_without_end(
    int order, double weight, double turn, double away, double inside, double width, double upward,
    double nu, double kappa, double twice_rate, double late_growth,
    double* j0, double* j1, double* k0, double* k1, double* k2, double* kk,
) noexcept nogil:
    """A hit at any time, for kappa w^2 > -pi^2."""
    cdef double p = 0.0, p_y = 0.0, p_yy = 0.0, all_p = 1.0, all_p_y = 0.0, all_p_yy = 0.0
    cdef double lift, all_lift, exponent, root
    without_end_part(order, kappa * inside * inside, &p, &p_y, &p_yy, &lift)
    without_end_part(order, kappa * width * width, &all_p, &all_p_y, &all_p_yy, &all_lift)
    root = square_root(at_least(kappa, 0.0))
    exponent = small_root(nu, root, twice_rate, away, upward) - (root * inside if lift == 0.0 else 0.0)
    exponent = (exponent if all_lift > 0.0 else nu * away * upward) - late_growth
    without_end(
        order, weight * exp(at_most(exponent, 700.0)), turn, inside, width, kappa, p, p_y, p_yy,
        all_p, all_p_y, all_p_yy, j0, j1, k0, k1, k2, kk)


cdef inline void hit_wave(
    int order, double omega, double sine, double cosine, number kappa, double variance, number factor,
    double* j0, double* j1, double* t0, double* t1, double* t2, double* k0, double* k1, double* k2, double* kk,
) noexcept nogil:
    """Add factor omega/(kappa + omega^2) sin(omega (x - l)), and its derivatives; factor holds exp(-kappa v/2)."""
    cdef number g = 1.0 / (kappa + omega * omega), c = factor * omega * g, c_kappa, at
    cdef double steep = omega * omega, in_v
    j0[0] += real_part(c) * sine
    if order >= 1:
        at = 0.5 * variance + g
        c_kappa = -(c * at)
        in_v = -0.5 * omega * real_part(factor)
        j1[0] += real_part(c) * omega * cosine
        t0[0] += in_v * sine
        k0[0] += real_part(c_kappa) * sine
        if order >= 2:
            t1[0] += in_v * omega * cosine
            t2[0] -= in_v * steep * sine
            k1[0] += real_part(c_kappa) * omega * cosine
            k2[0] -= real_part(c_kappa) * steep * sine
            c_kappa = c * (at * at + g * g)
            kk[0] += real_part(c_kappa) * sine


cdef inline void settle_hit(
    int order, double amount, double towards, double nu, double kappa, double vol, double expiry, double drift,
    double rho, double clock,
    double j0, double j1, double t0, double t1, double t2, double k0, double k1, double k2, double kk,
    double* v, double* v_x, double* v_xx, double* v_sigma, double* v_r, double* v_q,
    double* v_xxx, double* v_xxxx, double* v_x_sigma, double* v_xx_sigma, double* v_sigma_sigma,
) noexcept nogil:
    """Add amount times exp(nu (u - x)) J (towards is u - x or l - x), the factor being in the numbers already.

    In x and v a driftless motion follows J_v = J_xx/2 - kappa J/2, so that J_xx is not needed. rho is
    r/sigma^2 and clock 1 if a hit is discounted from its own time on; else both are 0.
    """
    cdef double variance, inverse, j2, j3, j4, v_s, nu_s, nu_ss, kappa_s, kappa_ss, b0, b1, b2, f, f1, f2, a
    v[0] += amount * j0
    if order >= 1:
        variance = vol * vol
        inverse = 1.0 / variance
        v_s = 2.0 * vol * expiry
        nu_s = -2.0 * drift * inverse / vol
        kappa_s = 2.0 * nu * nu_s - 4.0 * rho / vol
        a = towards * nu_s
        j2 = 2.0 * t0 + kappa * j0
        b0 = v_s * t0 + kappa_s * k0
        f = a * j0 + b0
        v_x[0] += amount * (j1 - nu * j0)
        v_xx[0] += amount * (j2 - nu * (2.0 * j1 - nu * j0))
        v_sigma[0] += amount * f
        v_r[0] += amount * (inverse * (towards * j0 + 2.0 * (nu + clock) * k0) - (1.0 - clock) * expiry * j0)
        v_q[0] -= amount * inverse * (towards * j0 + 2.0 * nu * k0)
        if order >= 2:
            nu_ss = 6.0 * drift * inverse * inverse
            kappa_ss = 2.0 * (nu_s * nu_s + nu * nu_ss) + 12.0 * rho * inverse
            j3 = 2.0 * t1 + kappa * j1
            j4 = 2.0 * t2 + kappa * j2
            b1 = v_s * t1 + kappa_s * k1
            b2 = v_s * t2 + kappa_s * k2
            f1 = a * j1 + b1 - nu_s * j0
            f2 = a * j2 + b2 - 2.0 * nu_s * j1
            v_xxx[0] += amount * (j3 - nu * (3.0 * j2 - nu * (3.0 * j1 - nu * j0)))
            v_xxxx[0] += amount * (j4 - nu * (4.0 * j3 - nu * (6.0 * j2 - nu * (4.0 * j1 - nu * j0))))
            v_x_sigma[0] += amount * (f1 - nu * f)
            v_xx_sigma[0] += amount * (f2 - nu * (2.0 * f1 - nu * f))
            v_sigma_sigma[0] += amount * (
                a * (a * j0 + 2.0 * b0) + towards * nu_ss * j0
                + v_s * v_s * 0.5 * (t2 - kappa * t0) + v_s * kappa_s * (k2 - j0 - kappa * k0)
                + kappa_s * kappa_s * kk + 2.0 * expiry * t0 + kappa_ss * k0
            )


cdef inline double ordinary(
    double spot, double strike, double lower, double upper, double vol, double expiry, double rate, double dividend,
    double rebate, int code,
) noexcept nogil:
    """1 where the straight-line functions are right, else 0, as in `barrier`: alive, no extreme number, and a kappa
    that they can do with if a hit is paid for."""
    cdef double drift = rate - dividend, variance = vol * vol
    cdef double nu = drift / variance - 0.5
    cdef double clock = 0.0 if code & LATE else 1.0
    cdef double kappa = nu * nu + 2.0 * clock * rate / variance
    cdef double w = log_ratio(upper, lower)
    cdef double hits = rebate * (hit_upper(code) + hit_lower(code))
    cdef double amounts = spot + strike + lower + upper + absolute(rebate)
    cdef double rates = absolute(rate) + absolute(dividend)
    # either series will do, whichever it is, but where only one of them comes into question
    cdef double by_images = 1.0 if kappa * variance * expiry > SMALL_LAMBDA else 0.0
    cdef double by_waves = 1.0 if kappa * w * w > NEAR_POLE else 0.0
    cdef double good = 1.0 if variance * expiry > 0.12 * w * w else by_images
    good = good if variance * expiry < 0.05 * w * w else good * by_waves
    good = 1.0 if hits == 0.0 else good
    # its rebate is that of a single barrier
    good = 0.0 if (code & (KIKO | TOUCH) == KIKO) & (rebate != 0.0) else good
    good = good if spot > lower else 0.0
    good = good if spot < upper else 0.0
    good = good if strike > 1e-20 else 0.0
    good = good if lower > 1e-20 else 0.0
    good = good if amounts < 1e20 else 0.0
    good = good if vol > 1e-4 else 0.0
    good = good if vol < 1e2 else 0.0
    good = good if expiry > 1e-10 else 0.0
    good = good if expiry < 1e3 else 0.0
    good = good if rates < 1e2 else 0.0
    good = good if rates * expiry < 50.0 else 0.0
    return good


cdef inline double few_images(double deviation, double width, double shift) noexcept nogil:
    """1 if images are to be summed."""
    return 1.0 if deviation < (FEWER_IMAGES if absolute(shift) < WEAK_DRIFT else FEW_IMAGES) * width else 0.0


cdef inline double sort_of(
    double spot, double strike, double lower, double upper, double vol, double expiry, double rate, double dividend,
    double rebate, int code,
) noexcept nogil:
    """0 for an option that is not ordinary; else 1 if images, 2 if eigenfunctions are to be summed, and 2 more if a hit
    is paid for."""
    cdef double deviation = vol * square_root(expiry)
    cdef double few = few_images(
        deviation, log_ratio(upper, lower), (rate - dividend) * expiry / deviation - 0.5 * deviation)
    cdef double sort = 1.0 if few > 0.0 else 2.0
    sort = sort + 2.0 if rebate * (hit_upper(code) + hit_lower(code)) != 0.0 else sort
    return sort if ordinary(
        spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, code) > 0.0 else 0.0


cdef inline double end_density(double end, double level, double asset, double deviation, double shift) noexcept nogil:
    """e^(-rT) exp(-d^2/2) at an end of the payoff; from the asset, so that it rounds as it does in `barrier`."""
    cdef double a = end * (1.0 / deviation) - shift - deviation
    return asset / level * exp(-0.5 * a * a)


cdef inline void first_image(
    double side, double corridor, double few, int code, double below, double above, double log_strike, double strike,
    double lower, double upper, double deviation, double shift, double asset,
    double* weight, double* units, double* cash, double* first, double* last, double* first_level, double* last_level,
    double* first_density, double* last_density,
) noexcept nogil:
    """The image without a mirror: the corridor's payoff in a knock-out, and what the plain option has beyond the
    corridor in a knock-in, so that nothing cancels; all of the plain option where eigenfunctions do the rest."""
    cdef bint put = code & PUT != 0
    cdef bint knock_in = code & WHICH == IN
    cdef double sign = -1.0 if put else 1.0
    cdef double from_here = -below if put else above, level = lower if put else upper, density
    cdef double far_up, far_down
    cdef bint all_of_it = few == 0.0 or (strike < lower if put else strike > upper)
    from_here = log_strike if all_of_it else from_here
    level = strike if all_of_it else level
    weight[0] = absolute(side) if knock_in else corridor * few
    weight[0] = 0.0 if code & WHICH >= KIKO else weight[0]
    units[0] = sign
    cash[0] = -sign * strike
    density = end_density(from_here, level, asset, deviation, shift)
    # an end without density, beyond every centre
    far_up = at_least(from_here, deviation * (shift + deviation)) + deviation
    far_down = at_most(from_here, deviation * shift) - deviation
    if knock_in:
        first[0] = far_down if put else from_here
        last[0] = from_here if put else far_up
        first_level[0] = last_level[0] = level
        first_density[0] = 0.0 if put else density
        last_density[0] = density if put else 0.0


cdef inline void outer_payoff(
    double few, int code, double below, double above, double width, double log_strike, double strike,
    double lower, double upper, double deviation, double shift, double asset,
    double* weight, double* offset, double* first, double* last, double* first_level, double* last_level,
    double* first_density, double* last_density, double* first_fade, double* last_fade,
) noexcept nogil:
    """What an option in at one barrier and out at the other has where the second is all there is: the payoff beyond the
    first, or where eigenfunctions do the rest, on the living side of the second; and the mirror image in the second."""
    cdef bint put = code & PUT != 0, down = code & WHICH == KIKO, at_lower = down == (few > 0.0)
    cdef double inverse = 1.0 / deviation, away = above if down else below
    cdef double edge = -below if at_lower else above, edge_level = lower if at_lower else upper
    cdef double edge_gap = width if down == at_lower else 0.0
    cdef double strike_gap = at_least(log_ratio(upper, strike) if down else log_ratio(strike, lower), 0.0)
    cdef double edge_density = end_density(edge, edge_level, asset, deviation, shift)
    cdef double strike_density = end_density(log_strike, strike, asset, deviation, shift)
    cdef bint first_is_strike = not put and (down or strike > edge_level)
    cdef bint last_is_strike = put and (not down or strike < edge_level)
    cdef double centre = deviation * shift, most, least
    weight[0] = 0.0 if (not put and down and strike >= edge_level) else 1.0
    weight[0] = 0.0 if (put and not down and strike <= edge_level) else weight[0]
    weight[0] = weight[0] if code & (KIKO | TOUCH) == KIKO else 0.0
    offset[0] = 2.0 * away if down else -2.0 * away
    first[0] = log_strike if first_is_strike else edge
    last[0] = log_strike if last_is_strike else edge
    first_level[0] = strike if first_is_strike else edge_level
    last_level[0] = strike if last_is_strike else edge_level
    # an end at infinity has no density, and lies beyond every centre
    most = at_least(at_least(first[0], centre), centre + offset[0]) + deviation * (deviation + 1.0)
    least = at_most(at_most(last[0], centre), centre + offset[0]) - deviation
    first_density[0] = strike_density if first_is_strike else edge_density
    last_density[0] = strike_density if last_is_strike else edge_density
    first_density[0] = 0.0 if put and down else first_density[0]
    last_density[0] = last_density[0] if put or down else 0.0
    first[0] = least if put and down else first[0]
    last[0] = last[0] if put or down else most
    first_fade[0] = first_density[0] * exp(
        -2.0 * (away * inverse) * ((strike_gap if first_is_strike else edge_gap) * inverse))
    last_fade[0] = last_density[0] * exp(
        -2.0 * (away * inverse) * ((strike_gap if last_is_strike else edge_gap) * inverse))


cdef inline double corridor_factor(double towards, double nu, double shift, double discount) noexcept nogil:
    """exp(-rT) exp(nu (a - x) - nu^2 v/2), which is never large where eigenfunctions are summed."""
    return discount * exp(at_most(nu * towards - 0.5 * shift * shift, 20.0))


cdef inline void complex_part(
    int order, double complex y, double complex* p, double complex* p_y, double complex* p_yy, double complex* lift,
) noexcept nogil:
    """sinh(sqrt y)/sqrt y and its derivatives, divided by exp(lift)."""
    cdef double complex root, e
    if y.real * y.real + y.imag * y.imag < 64.0:
        entire(order, y, p, p_y, p_yy)
        lift[0] = 0.0
        return
    root = principal_root(y)
    if root.real < 0.0:
        root = -root
    e = complex_exp(-2.0 * root)
    p[0] = 0.5 * (1.0 - e) / root
    p_y[0] = (0.5 * (1.0 + e) - p[0]) / (2.0 * y)
    p_yy[0] = (p[0] - 6.0 * p_y[0]) / (4.0 * y)
    lift[0] = root


cdef inline double circle_radius(double kappa, double width, double variance) noexcept nogil:
    """Of a circle around kappa that keeps away from all poles, at -(n pi/w)^2."""
    cdef double radius = 1.6 / variance, n = 1.0, pole, distance
    cdef double gap = PI / width
    n = square_root(at_least(-kappa, gap * gap)) / gap
    n = at_least(<double> (<long long> at_most(n + 0.5, 1e9)), 1.0)
    pole = (n * gap) * (n * gap)
    distance = absolute(kappa + pole)
    if 0.5 * radius < distance < 1.5 * radius:
        return 0.5 * distance
    return radius


cdef inline void odd_hit(
    int order, bint upper, double few, double below, double above, double width, double deviation, double shift,
    double nu, double kappa, double growth, double late_growth, double* j,
) noexcept nogil:
    """Add the hit of one barrier where lambda is imaginary or small, or near a pole of the value without an end.

    The hit and its derivatives are entire in kappa, only their formulas are not; so they are the mean over a circle
    around it, which sixteen points give to full precision (eight, and the real part for the others).
    """
    cdef double variance = deviation * deviation, radius = 0.0, weight = 1.0, away, inside, towards, upward, d, sign
    cdef double turn, sine, cosine, s, c, omega, fade
    cdef double complex here, root, change, shared, first, second
    cdef double complex p, p_y, p_yy, all_p, all_p_y, all_p_yy, lift, all_lift
    cdef int k, n, points = 1
    upward = 1.0 if upper else -1.0
    away = above if upper else below
    inside = below if upper else above
    towards = upward * away
    if few > 0.0:
        if kappa * variance > -SMALL_LAMBDA:
            radius = 1.0 / variance
    else:
        radius = circle_radius(kappa, width, variance)
    if radius > 0.0:
        points = 8
        weight = 0.125
    for k in range(points):
        here = kappa + radius * complex_exp((k + 0.5) * (PI / 8.0) * 1j)
        change = complex_exp(-0.5 * variance * (here - kappa))
        if few > 0.0:
            root = principal_root(here) if radius > 0.0 else square_root(-kappa) * 1j
            for n in range(3):
                d = away if n == 0 else 2.0 * width + away if n == 1 else width + inside
                sign = -1.0 if n == 2 else 1.0
                turn = -upward * sign
                shared = change * exp(hit_exponent(away, upward, d, deviation, shift, growth))
                first = 0.5 * shared * complex_erfcx(SQRT_HALF * (d / deviation - root * deviation))
                second = 0.5 * shared * complex_erfcx(SQRT_HALF * (d / deviation + root * deviation))
                hit_terms(
                    order, weight * sign, turn, d, variance, here, first, second, root,
                    shared * ONE_OVER_SQRT_TWO_PI / deviation,
                    &j[0], &j[1], &j[2], &j[3], &j[4], &j[5], &j[6], &j[7], &j[8])
            continue
        p = p_y = p_yy = all_p = all_p_y = all_p_yy = 0.0
        complex_part(order, here * inside * inside, &p, &p_y, &p_yy, &lift)
        complex_part(order, here * width * width, &all_p, &all_p_y, &all_p_yy, &all_lift)
        without_end(
            order, weight * complex_exp(at_most(nu * towards, 700.0) - late_growth + (lift - all_lift)), upward, inside,
            width, here, p, p_y, p_yy, all_p, all_p_y, all_p_yy,
            &j[0], &j[1], &j[5], &j[6], &j[7], &j[8])
        sine_cosine(below / width, above / width, &sine, &cosine)
        s = sine
        c = cosine
        sign = -2.0 / width * corridor_factor(towards, nu, shift, exp(-growth)) * weight
        for n in range(1, EIGENFUNCTIONS + 1):
            omega = n * PI / width
            fade = exp(-0.5 * (omega * deviation) * (omega * deviation))
            hit_wave(
                order, omega, s, c, here, variance, change * (sign * fade),
                &j[0], &j[1], &j[2], &j[3], &j[4], &j[5], &j[6], &j[7], &j[8])
            turn_on(sine, cosine, &s, &c)
            if upper:
                sign = -sign


cdef inline int certain_kind(int code, double drift) noexcept nogil:
    """The single-barrier kind that a double one is when its path is certain and goes one way, drift telling which."""
    cdef int which = code & WHICH, kind = (SINGLE_UP if drift > 0.0 else 0), rest = 0
    if code & PUT:
        rest |= SINGLE_PUT
    if code & LATE:
        rest |= SINGLE_LATE
    if which == OUT:
        kind |= SINGLE_OUT
    if code & TOUCH:
        return (kind | (rest & SINGLE_LATE) | SINGLE_TOUCH) | (SINGLE_OUT if which != IN else 0)
    return kind | rest


cdef enum:
    DONE
    LIVING
    AT_BARRIER
    OUTSIDE


cdef inline void one_barrier(
    int order, double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double rebate, int kind, double* out,
) noexcept nogil:
    cdef Option option = Option(spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind)
    single.apart(single.careful)(order, &option, out)


cdef inline void nothing(int order, double* out) noexcept nogil:
    cdef int i
    for i in range(SECOND_ORDER if order == 2 else FIRST_ORDER if order == 1 else 1):
        out[i] = 0.0


cdef inline int edge(
    int order, double spot, double strike, double lower, double upper, double vol, double expiry, double rate,
    double dividend, double rebate, int code, double* out,
) noexcept nogil:
    """What is known without a series, for any input at all: DONE, or OUTSIDE of the domain (NaN). At a barrier the
    price is known and the Greeks are those of the living side."""
    cdef int i, which = code & WHICH, kind
    cdef double drift = rate - dividend
    cdef bint up, known
    if not (
        0.0 < spot < INFINITY and 0.0 < strike < INFINITY and 0.0 < lower < upper < INFINITY
        and 0.0 <= vol < INFINITY and 0.0 <= expiry < INFINITY
        and absolute(rate) < INFINITY and absolute(dividend) < INFINITY and absolute(rebate) < INFINITY
    ):
        for i in range(SECOND_ORDER if order == 2 else FIRST_ORDER if order == 1 else 1):
            out[i] = NAN
        known = (
            spot != spot or strike != strike or lower != lower or upper != upper or vol != vol or expiry != expiry
            or rate != rate or dividend != dividend or rebate != rebate
        )
        return DONE if known else OUTSIDE
    if lower < spot < upper and vol * square_root(expiry) >= SMALLEST_DEVIATION:
        return LIVING
    up = spot >= upper if spot <= lower or spot >= upper else drift > 0.0
    kind = certain_kind(code, 1.0 if up else -1.0)
    if which >= KIKO and code & TOUCH:
        # paid at one barrier, lost at the other
        if up == (which == KOKI):
            one_barrier(
                order, spot, strike, upper if up else lower, vol, expiry, rate, dividend, rebate, kind, out)
        else:
            nothing(order, out)
    elif which >= KIKO:
        if spot <= lower or spot >= upper or up == (which == KIKO):
            # knocked in or out: an option with the outer barrier alone
            kind = SINGLE_OUT | (kind & (SINGLE_PUT | SINGLE_LATE)) | (SINGLE_UP if which == KIKO else 0)
            if up == (which == KIKO) and not spot >= upper and not spot <= lower:
                kind |= SINGLE_TOUCH
            one_barrier(
                order, spot, strike, upper if which == KIKO else lower, vol, expiry, rate, dividend, rebate, kind, out)
        else:
            one_barrier(
                order, spot, strike, upper if up else lower, vol, expiry, rate, dividend, 0.0, kind, out)
    else:
        one_barrier(
            order, spot, strike, upper if up else lower, vol, expiry, rate, dividend, rebate, kind, out)
    if (spot == lower or spot == upper) and vol * square_root(expiry) >= SMALLEST_DEVIATION:
        return AT_BARRIER
    return DONE
