# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""The hit of one of two barriers before the other, by images or by eigenfunctions.

Letters as in `double`: the hit is worth exp(nu (u - x)) J, J the value for a driftless motion that is killed at the
rate kappa/2, kappa = lambda^2; towards is u - x, or l - x for the lower barrier, away its size, inside the distance
from the other barrier.
"""

from shortgamma.kernels.barrier._corridor cimport AT_EXPIRY, Frame, Option
from shortgamma.kernels.barrier._eigenfunctions cimport EIGENFUNCTIONS, end_factor, next_multiple, sine_cosine
from shortgamma.kernels.barrier._rebate cimport PI, SMALL_LAMBDA, number, principal_root, real_part
from shortgamma.kernels.numeric.faddeeva cimport complex_erfcx, complex_exp
from shortgamma.kernels.numeric.jets cimport Jet
from shortgamma.kernels.numeric.vecmath cimport (
    ONE_OVER_SQRT_TWO_PI, SQRT_HALF, absolute, at_least, at_most, exp, mills, square_root,
)

cdef enum:
    HIT_IMAGES = 3

cdef extern from *:
    """
    /* where kappa w^2 is below this, the value without an end is near its first pole, at -pi^2 */
    #define SG_NEAR_POLE -8.0
    """
    const double NEAR_POLE "SG_NEAR_POLE"

cdef struct Hit:
    # J with exp(nu (u - x)) in it, its derivatives in x, in v (and x), in kappa (and x), and in kappa twice
    double value
    double x
    double v
    double v_x
    double v_xx
    double kappa
    double kappa_x
    double kappa_xx
    double kappa_kappa

cdef struct Side:
    # of a hit: 1 if it is of the upper barrier, -1 if of the lower one; how far that is away; the distance from the
    # other one
    double upward
    double away
    double inside

cdef struct Killing:
    # 1 if a hit is discounted from its own time on, 0 if from expiry
    double clock
    double kappa
    # r/sigma^2 and 2 r/sigma^2 with that clock; r T, and r T that is discounted anyway
    double rho
    double twice_rate
    double growth
    double late_growth


cdef inline void killing_of(const Option* option, double nu, Killing* killing) noexcept nogil:
    cdef double clock = 0.0 if option.kind & AT_EXPIRY else 1.0, variance = option.vol * option.vol
    killing.clock = clock
    killing.rho = clock * option.rate / variance
    killing.kappa = nu * nu + 2.0 * killing.rho
    killing.twice_rate = 2.0 * clock * option.rate / variance
    killing.growth = option.rate * option.expiry
    killing.late_growth = (1.0 - clock) * option.rate * option.expiry


cdef inline Side side_of(bint upper, const Frame* frame) noexcept nogil:
    cdef Side side
    side.upward = 1.0 if upper else -1.0
    side.away = frame.above if upper else frame.below
    side.inside = frame.below if upper else frame.above
    return side


cdef inline double image_distance(int image, const Side* side, double width) noexcept nogil:
    """Of an image of the barrier: the barrier itself, the one beyond it, and the one on the other side."""
    return side.away if image == 0 else 2.0 * width + side.away if image == 1 else width + side.inside


cdef inline double image_fade(double d, double away, double deviation) noexcept nogil:
    """(d^2 - away^2)/v: twice the logarithm of how much less an image counts than the first."""
    return ((d - away) / deviation) * ((d + away) / deviation)


cdef inline void add_terms(
    int order, double weight, double d_x, double d, double variance, number kappa, number first, number second,
    number root, number density, Hit* hit,
) noexcept nogil:
    """Add weight times one image of a hit at the distance d, d_x = dd/dx.

    first and second are exp(-lambda d) N((lambda v - d)/s) and exp(lambda d) N(-(lambda v + d)/s), root lambda, density
    exp(-kappa v/2) phi(d/s)/s. All but the root are even in lambda, so that a complex one will do.
    """
    cdef number value = first + second, m, slope, part
    cdef double steep
    hit.value += weight * real_part(value)
    if order >= 1:
        m = (first - second) / root
        steep = d / variance
        slope = -(kappa * m) - 2.0 * density
        hit.x += weight * d_x * real_part(slope)
        hit.v += weight * steep * real_part(density)
        hit.kappa -= weight * 0.5 * d * real_part(m)
        if order >= 2:
            hit.v_x += weight * d_x * (1.0 / variance - steep * steep) * real_part(density)
            hit.v_xx += weight * steep * (steep * steep - 3.0 / variance) * real_part(density)
            part = 0.5 * d * value - 0.5 * m
            hit.kappa_x += weight * d_x * real_part(part)
            part = value + 0.5 * d * slope
            hit.kappa_xx += weight * real_part(part)
            part = (2.0 * variance * density - d * value - m) / kappa
            hit.kappa_kappa -= weight * 0.25 * d * real_part(part)


cdef inline double small_root(double nu, double root, double twice_rate, double away, double upward) noexcept nogil:
    """nu (u - x) - lambda (u - x), or the like for the lower barrier, without cancellation."""
    cdef double towards = nu * upward
    return away * (-twice_rate / (towards + root) if towards > 0.0 else towards - root)


cdef inline double image_exponent(
    double away, double upward, double d, double deviation, double shift, double growth,
) noexcept nogil:
    """nu (u - x) - d^2/(2 v) - kappa v/2, growth being r T."""
    cdef double inverse = 1.0 / deviation
    cdef double centre = away * inverse * upward - shift
    return -0.5 * centre * centre - 0.5 * ((d - away) * inverse) * ((d + away) * inverse) - growth


cdef inline void add_image(
    int order, double weight, double sign, double d, const Side* side, const Frame* frame, const Killing* killing,
    double root, Hit* hit,
) noexcept nogil:
    """One image of a hit for a real lambda, the root, that is not small: at the distance d, and with the sign 1, or -1
    on the other side."""
    cdef double upward = side.upward, away = side.away
    cdef double deviation = frame.deviation, inverse = 1.0 / deviation
    cdef double density = exp(image_exponent(away, upward, d, deviation, frame.shift, killing.growth))
    cdef double exponent = small_root(frame.nu, root, killing.twice_rate, away, upward) - root * (d - away)
    cdef double whole = exp(at_most(exponent, 60.0) - killing.late_growth)
    cdef double z1 = d * inverse - root * deviation, z2 = d * inverse + root * deviation
    cdef double tail = density * mills(absolute(z1))
    add_terms(
        order, sign * weight, -upward * sign, d, deviation * deviation, root * root,
        tail if z1 > 0.0 else whole - tail, density * mills(z2), root, density * ONE_OVER_SQRT_TWO_PI * inverse, hit)


cdef inline void step_of_series(int order, number y, double coefficient, number* p) noexcept nogil:
    """One step of a power series and of its derivatives, from the highest power down."""
    if order >= 2:
        p[2] = p[2] * y + p[1]
    if order >= 1:
        p[1] = p[1] * y + p[0]
    p[0] = p[0] * y + coefficient


cdef inline void entire(int order, number y, number* p) noexcept nogil:
    """sinh(sqrt y)/sqrt y and its derivatives by the power series, |y| <= 12."""
    p[0] = 1.0 / 8.841761993739702e30
    p[1] = 0.0
    p[2] = 0.0
    step_of_series(order, y, 1.0 / 1.0888869450418352e28, p)
    step_of_series(order, y, 1.0 / 1.5511210043330986e25, p)
    step_of_series(order, y, 1.0 / 2.5852016738884978e22, p)
    step_of_series(order, y, 1.0 / 5.109094217170944e19, p)
    step_of_series(order, y, 1.0 / 1.21645100408832e17, p)
    step_of_series(order, y, 1.0 / 355687428096000.0, p)
    step_of_series(order, y, 1.0 / 1307674368000.0, p)
    step_of_series(order, y, 1.0 / 6227020800.0, p)
    step_of_series(order, y, 1.0 / 39916800.0, p)
    step_of_series(order, y, 1.0 / 362880.0, p)
    step_of_series(order, y, 1.0 / 5040.0, p)
    step_of_series(order, y, 1.0 / 120.0, p)
    step_of_series(order, y, 1.0 / 6.0, p)
    step_of_series(order, y, 1.0, p)
    p[2] = 2.0 * p[2]


cdef inline double scaled_sinh(int order, double y, double* p) noexcept nogil:
    """sinh(sqrt y)/sqrt y and its derivatives, divided by the exponential of the number returned."""
    cdef double large = at_least(y, 4.0), root = square_root(large), e = exp(-2.0 * root)
    cdef double value = 0.5 * (1.0 - e) / root, slope = 0.0, curvature = 0.0
    entire(order, at_least(at_most(y, 4.0), -12.0), p)
    if order >= 1:
        slope = (0.5 * (1.0 + e) - value) / (2.0 * large)
    if order >= 2:
        curvature = (value - 6.0 * slope) / (4.0 * large)
    p[0] = value if y > 4.0 else p[0]
    p[1] = slope if y > 4.0 else p[1]
    p[2] = curvature if y > 4.0 else p[2]
    return root if y > 4.0 else 0.0


cdef inline double complex complex_scaled_sinh(int order, double complex y, double complex* p) noexcept nogil:
    cdef double complex root, e
    if y.real * y.real + y.imag * y.imag < 64.0:
        entire(order, y, p)
        return 0.0
    root = principal_root(y)
    if root.real < 0.0:
        root = -root
    e = complex_exp(-2.0 * root)
    p[0] = 0.5 * (1.0 - e) / root
    p[1] = (0.5 * (1.0 + e) - p[0]) / (2.0 * y)
    p[2] = (p[0] - 6.0 * p[1]) / (4.0 * y)
    return root


cdef inline void add_quotient(
    int order, number factor, double inside_x, double inside, double width, number kappa, const number* p,
    const number* all_p, Hit* hit,
) noexcept nogil:
    """Add factor times sinh(lambda inside)/sinh(lambda w): sinh(sqrt y)/sqrt y is p at y = kappa inside^2, all_p at
    kappa w^2; inside_x is the derivative of inside in x."""
    cdef double d2 = inside * inside, w2 = width * width, part = inside / width
    cdef number g = factor / all_p[0], value = part * g * p[0], q, cosh_there, slope, in_kappa, more
    hit.value += real_part(value)
    if order >= 1:
        q = all_p[1] / all_p[0] * w2
        cosh_there = p[0] + 2.0 * d2 * (kappa * p[1])
        slope = cosh_there * g / width
        in_kappa = part * g * (d2 * p[1] - p[0] * q)
        hit.x += inside_x * real_part(slope)
        hit.kappa += real_part(in_kappa)
        if order >= 2:
            more = g / width * (0.5 * d2 * p[0] - cosh_there * q)
            hit.kappa_x += inside_x * real_part(more)
            more = kappa * in_kappa + value
            hit.kappa_xx += real_part(more)
            more = part * g * (
                d2 * d2 * p[2] - 2.0 * d2 * p[1] * q - w2 * w2 * (p[0] * all_p[2] / all_p[0]) + 2.0 * p[0] * q * q)
            hit.kappa_kappa += real_part(more)


cdef inline void add_without_end(
    int order, double weight, const Side* side, const Frame* frame, const Killing* killing, double kappa, Hit* hit,
) noexcept nogil:
    """A hit at any time, for kappa w^2 > -pi^2."""
    cdef double p[3]
    cdef double all_p[3]
    cdef double upward = side.upward, away = side.away, inside = side.inside
    cdef double width = frame.width, lift, all_lift, exponent, root
    lift = scaled_sinh(order, kappa * inside * inside, p)
    all_lift = scaled_sinh(order, kappa * width * width, all_p)
    root = square_root(at_least(kappa, 0.0))
    exponent = small_root(frame.nu, root, killing.twice_rate, away, upward) - (root * inside if lift == 0.0 else 0.0)
    exponent = (exponent if all_lift > 0.0 else frame.nu * away * upward) - killing.late_growth
    add_quotient(order, weight * exp(at_most(exponent, 700.0)), upward, inside, width, kappa, p, all_p, hit)


cdef inline void add_eigenfunction(
    int order, double omega, double sine, double cosine, number kappa, double variance, number factor, Hit* hit,
) noexcept nogil:
    """Add factor omega/(kappa + omega^2) sin(omega (x - l)), and its derivatives; factor holds exp(-kappa v/2)."""
    cdef number g = 1.0 / (kappa + omega * omega), c = factor * omega * g, c_kappa, rate
    cdef double square = omega * omega, in_v
    hit.value += real_part(c) * sine
    if order >= 1:
        rate = 0.5 * variance + g
        c_kappa = -(c * rate)
        in_v = -0.5 * omega * real_part(factor)
        hit.x += real_part(c) * omega * cosine
        hit.v += in_v * sine
        hit.kappa += real_part(c_kappa) * sine
        if order >= 2:
            hit.v_x += in_v * omega * cosine
            hit.v_xx -= in_v * square * sine
            hit.kappa_x += real_part(c_kappa) * omega * cosine
            hit.kappa_xx -= real_part(c_kappa) * square * sine
            c_kappa = c * (rate * rate + g * g)
            hit.kappa_kappa += real_part(c_kappa) * sine


cdef inline void settle(
    int order, double amount, const Side* side, const Option* option, const Frame* frame, const Killing* killing,
    const Hit* hit, Jet* jet,
) noexcept nogil:
    """Add amount times exp(nu (u - x)) J, the factor being in the numbers already.

    In x and v a driftless motion follows J_v = J_xx/2 - kappa J/2, so that J_xx is not needed.
    """
    cdef double vol = option.vol, expiry = option.expiry, drift = option.rate - option.dividend
    cdef double nu = frame.nu, kappa = killing.kappa, clock = killing.clock, rho = killing.rho
    cdef double towards = side.upward * side.away
    cdef double j0 = hit.value, j1 = hit.x, t0 = hit.v, k0 = hit.kappa
    cdef double variance, inverse, j2, j3, j4, v_s, nu_s, nu_ss, kappa_s, kappa_ss, b0, b1, b2, f, f1, f2, a
    jet.value += amount * j0
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
        jet.x += amount * (j1 - nu * j0)
        jet.xx += amount * (j2 - nu * (2.0 * j1 - nu * j0))
        jet.sigma += amount * f
        jet.r += amount * (inverse * (towards * j0 + 2.0 * (nu + clock) * k0) - (1.0 - clock) * expiry * j0)
        jet.q -= amount * inverse * (towards * j0 + 2.0 * nu * k0)
        if order >= 2:
            nu_ss = 6.0 * drift * inverse * inverse
            kappa_ss = 2.0 * (nu_s * nu_s + nu * nu_ss) + 12.0 * rho * inverse
            j3 = 2.0 * hit.v_x + kappa * j1
            j4 = 2.0 * hit.v_xx + kappa * j2
            b1 = v_s * hit.v_x + kappa_s * hit.kappa_x
            b2 = v_s * hit.v_xx + kappa_s * hit.kappa_xx
            f1 = a * j1 + b1 - nu_s * j0
            f2 = a * j2 + b2 - 2.0 * nu_s * j1
            jet.xxx += amount * (j3 - nu * (3.0 * j2 - nu * (3.0 * j1 - nu * j0)))
            jet.xxxx += amount * (j4 - nu * (4.0 * j3 - nu * (6.0 * j2 - nu * (4.0 * j1 - nu * j0))))
            jet.x_sigma += amount * (f1 - nu * f)
            jet.xx_sigma += amount * (f2 - nu * (2.0 * f1 - nu * f))
            jet.sigma_sigma += amount * (
                a * (a * j0 + 2.0 * b0) + towards * nu_ss * j0
                + v_s * v_s * 0.5 * (hit.v_xx - kappa * t0) + v_s * kappa_s * (hit.kappa_xx - j0 - kappa * k0)
                + kappa_s * kappa_s * hit.kappa_kappa + 2.0 * expiry * t0 + kappa_ss * k0
            )


cdef inline double circle_radius(double kappa, double width, double variance) noexcept nogil:
    """Of a circle around kappa that keeps away from all poles, at -(n pi/w)^2."""
    cdef double radius = 1.6 / variance, n, pole, distance
    cdef double spacing = PI / width
    n = square_root(at_least(-kappa, spacing * spacing)) / spacing
    n = at_least(<double> (<long long> at_most(n + 0.5, 1e9)), 1.0)
    pole = (n * spacing) * (n * spacing)
    distance = absolute(kappa + pole)
    if 0.5 * radius < distance < 1.5 * radius:
        return 0.5 * distance
    return radius


cdef inline void add_complex_images(
    int order, double weight, const Side* side, const Frame* frame, const Killing* killing, double complex kappa,
    double complex root, Hit* hit,
) noexcept nogil:
    """All images of a hit for a complex kappa."""
    cdef double away = side.away, upward = side.upward, d, sign
    cdef double deviation = frame.deviation, variance = deviation * deviation
    cdef double complex density, change = complex_exp(-0.5 * variance * (kappa - killing.kappa))
    cdef int image
    for image in range(HIT_IMAGES):
        d = image_distance(image, side, frame.width)
        sign = -1.0 if image == 2 else 1.0
        density = change * exp(image_exponent(away, upward, d, deviation, frame.shift, killing.growth))
        add_terms(
            order, weight * sign, -upward * sign, d, variance, kappa,
            0.5 * density * complex_erfcx(SQRT_HALF * (d / deviation - root * deviation)),
            0.5 * density * complex_erfcx(SQRT_HALF * (d / deviation + root * deviation)),
            root, density * ONE_OVER_SQRT_TWO_PI / deviation, hit)


cdef inline void add_complex_eigenfunctions(
    int order, double weight, const Side* side, const Frame* frame, const Killing* killing, double complex kappa,
    Hit* hit,
) noexcept nogil:
    """The value without an end and all eigenfunctions of a hit for a complex kappa."""
    cdef double inside = side.inside, width = frame.width, upward = side.upward, towards = upward * side.away
    cdef double variance = frame.deviation * frame.deviation
    cdef double sine, cosine, s, c, omega, decay, factor
    cdef double complex lift, all_lift, change = complex_exp(-0.5 * variance * (kappa - killing.kappa))
    cdef double complex p[3]
    cdef double complex all_p[3]
    cdef int n
    for n in range(3):
        p[n] = all_p[n] = 0.0
    lift = complex_scaled_sinh(order, kappa * inside * inside, p)
    all_lift = complex_scaled_sinh(order, kappa * width * width, all_p)
    add_quotient(
        order, weight * complex_exp(at_most(frame.nu * towards, 700.0) - killing.late_growth + (lift - all_lift)),
        upward, inside, width, kappa, p, all_p, hit)
    sine_cosine(frame.below / width, frame.above / width, &sine, &cosine)
    s = sine
    c = cosine
    factor = -2.0 / width * end_factor(towards, frame.nu, frame.shift, exp(-killing.growth)) * weight
    for n in range(1, EIGENFUNCTIONS + 1):
        omega = n * PI / width
        decay = exp(-0.5 * (omega * frame.deviation) * (omega * frame.deviation))
        add_eigenfunction(order, omega, s, c, kappa, variance, change * (factor * decay), hit)
        next_multiple(sine, cosine, &s, &c)
        factor = -upward * factor


cdef inline bint is_odd(bint images, const Frame* frame, const Killing* killing) noexcept nogil:
    """Whether lambda is imaginary or small, or near a pole of the value without an end."""
    if images:
        return killing.kappa * frame.deviation * frame.deviation <= SMALL_LAMBDA
    return killing.kappa * frame.width * frame.width <= NEAR_POLE


cdef inline void odd_hit(
    int order, const Side* side, bint images, const Frame* frame, const Killing* killing, Hit* hit,
) noexcept nogil:
    """Add the hit of one barrier where `is_odd`.

    The hit and its derivatives are entire in kappa, only their formulas are not; so they are the mean over a circle
    around it, which sixteen points give to full precision (eight, and the real part for the others).
    """
    cdef double variance = frame.deviation * frame.deviation, radius = 0.0, weight = 1.0
    cdef double complex kappa, root
    cdef int k, points = 1
    if not images:
        radius = circle_radius(killing.kappa, frame.width, variance)
    elif killing.kappa * variance > -SMALL_LAMBDA:
        radius = 1.0 / variance
    if radius > 0.0:
        points = 8
        weight = 0.125
    for k in range(points):
        kappa = killing.kappa + radius * complex_exp((k + 0.5) * (PI / 8.0) * 1j)
        if images:
            root = principal_root(kappa) if radius > 0.0 else square_root(-killing.kappa) * 1j
            add_complex_images(order, weight, side, frame, killing, kappa, root, hit)
        else:
            add_complex_eigenfunctions(order, weight, side, frame, killing, kappa, hit)
