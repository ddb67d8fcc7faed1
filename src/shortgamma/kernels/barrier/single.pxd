# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Single-barrier options: value and derivatives in closed form.

Letters (Reiner and Rubinstein, Risk 4(8), 1991; Haug, The Complete Guide to Option Pricing Formulas, 1998, p. 70):
S spot, K strike, H barrier, T expiry, sigma volatility, r rate, q dividend, R rebate, b = r - q,
mu = b/sigma^2 - 1/2, s = sigma sqrt T, phi = 1 call or -1 put, eta = 1 down or -1 up.

    A = phi f(S; K, phi)              C = phi (H/S)^(2 mu) f(H^2/S; K, eta)
    B = phi f(S; H, phi)              D = phi (H/S)^(2 mu) f(H^2/S; H, eta)
    E = R e^(-rT) [N(eta d2(S/H)) - (H/S)^(2 mu) N(eta d2(H/S))], at expiry if never hit; R e^(-rT) - E if hit
    F = R [(H/S)^(mu + lambda) N(eta z) + (H/S)^(mu - lambda) N(eta (z - 2 lambda s))]

with f(y; L, e) = y e^(-qT) N(e d1(y/L)) - K e^(-rT) N(e d2(y/L)). A knock-in is a sum of A, B, C, D and E, a
knock-out A minus the knock-in, plus F.

Every Greek follows from two short lists of numbers. f is the value of a payoff that knows nothing of sigma, r, q,
so in y = ln S its derivatives f1, f2, ... give all others: df/dsigma = sigma T (f2 - f1), df/dr = T (f1 - f),
df/dq = -T f1. An option is X(ln S) + (H/S)^(2 mu) Y(ln(H^2/S)), X the sum of the direct terms and Y that of the
images; the legs add up X0, X1, X2 - X1, ... and Y0, Y1, Y2 - Y1, ..., and `combine` and `finish` turn them into Greeks,
once an option. Theta, charm, color and veta then follow from the Black-Scholes equation and its derivatives.

A normal distribution function is never formed alone: S e^(-qT) exp(-d1^2/2) = L e^(-rT) exp(-d2^2/2), so the tails of
a pair share one exponential, and each is that times Mills' ratio.

In straight-line code `order` is a constant of the caller, 0 for the price alone, 1 or 2; what it does not ask for is
never computed. `ordinary` says for which inputs the straight-line functions are right, and `cancels` where too little
is left of their sums; all others go through `careful`, which integrates what cancels (`narrow_barrier`).
"""

from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, NAN, ONE_OVER_SQRT_TWO_PI, SQRT_HALF, absolute, at_least, at_most, exp, log_ratio, log_ratios, mills,
    mills_pair, square_root,
)
from shortgamma.kernels.numeric.faddeeva cimport complex_erfcx, complex_exp
from shortgamma.kernels.barrier._narrow cimport (
    ALL, ALL_M, ALL_V, ALL_VV, ALL_X, ALL_XV, ALL_XX, ALL_XXV, ALL_XXX, ALL_XXXX, INTEGRALS, Region, integrate,
)

# An option's kind as a small number: the sum of the flags that hold. LATE: a knock-out's rebate is paid at expiry.
# TOUCH: there is nothing but the rebate.
cdef enum:
    UP = 1
    OUT = 2
    PUT = 4
    LATE = 8
    TOUCH = 16
    KINDS = 32

# Places of the outputs, and how many there are at order 1 and 2.
cdef enum:
    PRICE
    DELTA
    GAMMA
    VEGA
    THETA
    RHO
    RHO_DIVIDEND
    VANNA
    VOLGA
    CHARM
    SPEED
    ZOMMA
    COLOR
    VETA
    SECOND_ORDER
    FIRST_ORDER = VANNA

# Places of the derivatives that the Greeks are made of, x = ln S.
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

# Terms of an option.
cdef enum:
    A = 1
    B = 2
    C = 4
    D = 8
    E = 16
    F = 32
    TERMS = 64

# How far the sums X and Y go.
cdef enum:
    SUMS = 5

ctypedef bint (*Careful)(
    int order, double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double rebate, int kind, double* out) noexcept nogil
ctypedef void (*Uncancelled)(
    int order, bint in_already, double spot, double strike, double barrier, double vol, double expiry, double rate,
    double dividend, double rebate, int kind, double* v) noexcept nogil
ctypedef void (*Integrate)(
    int order, const Region* region, bint killed, bint spread, double side, double eta, double amount, double centre,
    double distance, double deviation, double* sums) noexcept nogil

cdef extern from *:
    """
    /* below this lambda^2 sigma^2 T the formulas of F that divide by lambda lose digits */
    #define SG_SMALL_LAMBDA 4e-4
    /* below this sigma sqrt(T) a path is certain: its spread is less than the rounding of the spot */
    #define SG_SMALLEST_DEVIATION 1e-18
    /* below this part of the terms the price is integrated instead */
    #define SG_MUCH_CANCELLED 1e-5
    /* a function that compilers shall not copy into its callers: many branches, rarely gone through */
    #if defined(__GNUC__)
    #define SG_APART(f) __extension__ ({ __typeof__(&f) sg_f = &f; __asm__("" : "+r"(sg_f)); sg_f; })
    #else
    #define SG_APART(f) (&f)
    #endif
    #define SG_PI 3.14159265358979323846
    """
    const double SMALL_LAMBDA "SG_SMALL_LAMBDA"
    const double SMALLEST_DEVIATION "SG_SMALLEST_DEVIATION"
    const double MUCH_CANCELLED "SG_MUCH_CANCELLED"
    const double PI "SG_PI"
    Careful apart "SG_APART"(Careful f) noexcept nogil
    Integrate integral_apart "SG_APART"(Integrate f) noexcept nogil
    Uncancelled uncancelled_apart "SG_APART"(Uncancelled f) noexcept nogil

ctypedef fused number:
    double
    double complex


cdef inline double phi_of(int kind) noexcept nogil:
    return <double> (1 - ((kind >> 1) & 2))


cdef inline double eta_of(int kind) noexcept nogil:
    return <double> (1 - ((kind << 1) & 2))


cdef inline double out_of(int kind) noexcept nogil:
    return <double> ((kind >> 1) & 1)


cdef inline double at_hit(int kind) noexcept nogil:
    """1 if the rebate is paid when the barrier is hit."""
    return <double> ((kind >> 1) & ~(kind >> 3) & 1)


cdef inline double turn_of(int kind) noexcept nogil:
    """1 if a rebate at expiry is paid to those that were never hit (a knock-in), -1 if to those that were."""
    return <double> (1 - (kind & (kind >> 2) & 2))


cdef inline void weights(
    int kind, double strike, double barrier, double* a, double* b, double* c, double* d,
) noexcept nogil:
    """How often A, B, C and D stand in the option, from -1 to 1.

    With the strike on the living side of the barrier: C, or B - C + D if the payoff lies towards the barrier;
    with the strike beyond it: A - B + D, or A. A knock-out is A less that.
    """
    cdef double eta = eta_of(kind)
    cdef double away = phi_of(kind) * eta
    cdef double vanilla = <double> (1 - ((kind >> 4) & 1))
    cdef double sign = vanilla * (1.0 - 2.0 * out_of(kind))
    cdef double living = 1.0 if strike >= barrier else 0.0
    living = living if eta > 0.0 else 1.0 - living
    cdef double image = 1.0 - living if away > 0.0 else living
    a[0] = vanilla * out_of(kind) + sign * (1.0 - living)
    b[0] = -sign * away * image
    c[0] = sign * away * living
    d[0] = sign * image


cdef inline void prepare(
    double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double* log_spot_barrier, double* log_spot_strike, double* deviation, double* inverse, double* shift,
    double* two_mu, double* asset, double* discount,
) noexcept nogil:
    """What the legs of an option share: ln(S/H), ln(S/K), s, 1/s, (mu + 1) s, 2 mu, S e^(-qT), e^(-rT)."""
    cdef double drift = (rate - dividend) * expiry
    cdef double s = vol * square_root(expiry)
    log_spot_barrier[0] = log_ratios(spot, barrier, strike, s, log_spot_strike, inverse)
    deviation[0] = s
    shift[0] = drift * inverse[0] + 0.5 * s
    two_mu[0] = 2.0 * drift * inverse[0] * inverse[0] - 1.0
    asset[0] = spot * exp(-dividend * expiry)
    discount[0] = exp(-rate * expiry)


cdef inline double image_factor(double log_spot_barrier, double two_mu) noexcept nogil:
    """(H/S)^(2 mu); where it is used it is at most (S/H)^2."""
    return exp(at_most(-two_mu * log_spot_barrier, 2.0 * absolute(log_spot_barrier) + 1.0))


cdef inline double density_at(double away, double inverse, double shift, double asset) noexcept nogil:
    """asset exp(-d1^2/2) at the strike or at the barrier, ln(S/K) or ln(S/H) away; at the barrier it is that of the
    image too."""
    cdef double d1 = away * inverse + shift
    return asset * exp(-0.5 * d1 * d1)


cdef inline double density_of_image(double h, double k, double inverse, double shift, double asset) noexcept nogil:
    """The same for the image at the strike."""
    cdef double d1 = k * inverse + shift
    # ln(S/H) and ln(K/H) have one sign where this density is used, so nothing cancels
    return asset * exp(-0.5 * d1 * d1 - 2.0 * at_least((h * inverse) * ((h - k) * inverse), 0.0))


cdef inline double image_asset(double asset, double image, double barrier, double spot) noexcept nogil:
    """(H/S)^(2 mu) (H^2/S) e^(-qT)"""
    cdef double ratio = barrier / spot
    return asset * image * ratio * ratio


cdef inline void leg(
    int order, double weight, double side, double d1, double deviation, double inverse,
    double asset, double cash, double density, double ratio,
    double* x0, double* x1, double* x21, double* x32, double* x43, double* size,
) noexcept nogil:
    """Add weight times f, f1, f2 - f1, ... of a normal pair: asset N(side d1) - cash N(side d2); to size, both parts.

    inverse is 1/deviation, density asset exp(-d1^2/2), and density ratio is cash exp(-d2^2/2): ratio is strike over
    level.
    """
    cdef double d2 = d1 - deviation, cash_mills
    cdef double asset_tail = density * mills_pair(absolute(d1), absolute(d2), &cash_mills)
    cdef double cash_tail = density * ratio * cash_mills
    cdef double asset_part = asset - asset_tail if side * d1 > 0.0 else asset_tail
    cdef double cash_part = cash - cash_tail if side * d2 > 0.0 else cash_tail
    cdef double gap, h0, h1, h2, h3, step
    x0[0] += weight * (asset_part - cash_part)
    size[0] += absolute(weight) * (asset_part + cash_part)
    if order >= 1:
        step = -inverse
        gap = 1.0 - ratio
        # h_n is the n-th derivative of e P/s, P = asset phi(d1): Hermite polynomials in d2
        h0 = side * density * ONE_OVER_SQRT_TWO_PI * inverse
        h1 = h0 * step * d2
        x1[0] += weight * (asset_part + gap * h0)
        x21[0] += weight * (h0 + gap * (h1 - h0))
        if order >= 2:
            h2 = h0 * step * step * (d2 * d2 - 1.0)
            h3 = h0 * step * step * step * (d2 * d2 - 3.0) * d2
            x32[0] += weight * (h1 + gap * (h2 - h1))
            x43[0] += weight * (h2 + gap * (h3 - h2))


cdef inline void cash_leg(
    int order, double weight, double side, double d2, double inverse, double cash, double density,
    double* x0, double* x1, double* x21, double* x32, double* x43, double* size,
) noexcept nogil:
    """Add weight times cash N(side d2) and its derivatives; density is cash exp(-d2^2/2)."""
    cdef double tail = density * mills(absolute(d2))
    cdef double part = cash - tail if side * d2 > 0.0 else tail
    cdef double step, h0, h1, h2, h3
    x0[0] += weight * part
    size[0] += absolute(weight) * part
    if order >= 1:
        step = -inverse
        h0 = -weight * side * density * ONE_OVER_SQRT_TWO_PI * step
        h1 = h0 * step * d2
        x1[0] += h0
        x21[0] += h1 - h0
        if order >= 2:
            h2 = h0 * step * step * (d2 * d2 - 1.0)
            h3 = h0 * step * step * step * (d2 * d2 - 3.0) * d2
            x32[0] += h2 - h1
            x43[0] += h3 - h2


cdef inline void combine(
    int order, double log_spot_barrier, double vol, double expiry, double drift, double two_mu,
    double x0, double x1, double x21, double x32, double x43,
    double y0, double y1, double y21, double y32, double y43,
    double* v, double* v_x, double* v_xx, double* v_sigma, double* v_r, double* v_q,
    double* v_xxx, double* v_xxxx, double* v_x_sigma, double* v_xx_sigma, double* v_sigma_sigma,
) noexcept nogil:
    """Derivatives of X(x) + (H/S)^(2 mu) Y(2 ln H - x); the y hold the factor already.

    Each derivative in x brings -(2 mu + d/dy) to the image, each in sigma the factor (2 mu)' ln(H/S).
    x21, x32 and x43 are X2 - X1, ...: at high volatility the derivatives themselves are nearly equal.
    """
    cdef double m = two_mu, u = -log_spot_barrier
    cdef double vega, w, w_u, curve, other, inverse, steep, y2, y3
    v[0] = x0 + y0
    if order >= 1:
        vega = vol * expiry
        inverse = 1.0 / vol
        steep = inverse * inverse
        w = -4.0 * drift * steep * inverse
        w_u = w * u
        other = 2.0 * u * steep
        y2 = y1 + y21
        v_x[0] = x1 - (m * y0 + y1)
        v_xx[0] = (x1 + x21) + (m * (m * y0 + 2.0 * y1) + y2)
        v_sigma[0] = vega * (x21 + y21) + w_u * y0
        v_r[0] = expiry * ((x1 - x0) + (y1 - y0)) + other * y0
        v_q[0] = -expiry * (x1 + y1) - other * y0
        if order >= 2:
            curve = 12.0 * drift * steep * steep
            y3 = y2 + y32
            v_xxx[0] = (x1 + x21 + x32) - (m * (m * (m * y0 + 3.0 * y1) + 3.0 * y2) + y3)
            v_xxxx[0] = (x1 + x21 + x32 + x43) + (
                m * (m * (m * (m * y0 + 4.0 * y1) + 6.0 * y2) + 4.0 * y3) + (y3 + y43))
            v_x_sigma[0] = vega * x32 - (w * y0 + w_u * (m * y0 + y1) + vega * (m * y21 + y32))
            v_xx_sigma[0] = vega * x43 + (
                2.0 * w * (m * y0 + y1) + w_u * (m * (m * y0 + 2.0 * y1) + y2)
                + vega * (m * (m * y21 + 2.0 * y32) + y43)
            )
            v_sigma_sigma[0] = (
                expiry * (x21 + y21) + vega * vega * ((x43 - x32) + (y43 - y32))
                + (curve * u + w_u * w_u) * y0 + 2.0 * w_u * vega * y21
            )


cdef inline double real_part(number z) noexcept nogil:
    if number is double:
        return z
    else:
        return z.real


cdef inline void rebate_at_hit(
    int order, double rebate, double log_spot_barrier, double vol, double deviation, double rate, double drift,
    double eta, number root, number first, number second, number alpha_first, number alpha_second, number density,
    double* v, double* v_x, double* v_xx, double* v_sigma, double* v_r, double* v_q,
    double* v_xxx, double* v_xxxx, double* v_x_sigma, double* v_xx_sigma, double* v_sigma_sigma,
) noexcept nogil:
    """Add the rebate F of a knock-out and its derivatives.

    first and second are its two terms for R = 1, alpha mu + lambda and mu - lambda, root lambda, and density is
    (H/S)^(mu + lambda) phi(z), which both terms share. Lambda appears in even combinations only, so that the real
    part is right for an imaginary lambda too.
    """
    cdef double u = -log_spot_barrier
    cdef double mu, mu_sigma, mu_sigma_sigma, rho, inverse, steep, inverse_vol, inverse_variance
    cdef number w, m0, m1, m2, m3, m4, n0, n1, n2, inverse_root, root_sigma, root_sigma_sigma, zeta, q, value
    m0 = first + second
    v[0] += rebate * real_part(m0)
    if order >= 1:
        inverse = 1.0 / deviation
        inverse_vol = 1.0 / vol
        inverse_root = 1.0 / root
        steep = inverse * inverse
        inverse_variance = inverse_vol * inverse_vol
        mu = drift * inverse_variance - 0.5
        n0 = first - second
        m1 = alpha_first * first + alpha_second * second
        m2 = alpha_first * alpha_first * first + alpha_second * alpha_second * second
        w = 2.0 * eta * inverse * density
        rho = mu - u * steep
        mu_sigma = -2.0 * drift * inverse_variance * inverse_vol
        root_sigma = (mu * mu_sigma - 2.0 * rate * inverse_variance * inverse_vol) * inverse_root
        v_x[0] -= rebate * real_part(m1 + w)
        v_xx[0] += rebate * real_part(m2 + (mu + rho) * w)
        value = u * (mu_sigma * m0 + root_sigma * n0) - w * (u * inverse_vol)
        v_sigma[0] += rebate * real_part(value)
        v_r[0] += rebate * u * inverse_variance * real_part(m0 + (mu + 1.0) * inverse_root * n0)
        v_q[0] -= rebate * u * inverse_variance * real_part(m0 + mu * inverse_root * n0)
        if order >= 2:
            m3 = alpha_first * alpha_first * alpha_first * first + alpha_second * alpha_second * alpha_second * second
            m4 = (
                alpha_first * alpha_first * alpha_first * alpha_first * first
                + alpha_second * alpha_second * alpha_second * alpha_second * second
            )
            n1 = alpha_first * first - alpha_second * second
            n2 = alpha_first * alpha_first * first - alpha_second * alpha_second * second
            q = steep - (mu * mu + root * root) - rho * mu - rho * rho
            v_xxx[0] += rebate * real_part(w * q - m3)
            v_xxxx[0] += rebate * real_part(
                m4 + w * (mu * mu * mu + 3.0 * mu * root * root - rho * q - (mu + 2.0 * rho) * steep)
            )
            value = (
                w * ((1.0 + rho * u) * inverse_vol) - (mu_sigma * m0 + root_sigma * n0)
                - u * (mu_sigma * (m1 + w) + root_sigma * n1)
            )
            v_x_sigma[0] += rebate * real_part(value)
            value = (
                2.0 * (mu_sigma * (m1 + w) + root_sigma * n1)
                + u * (mu_sigma * (m2 + (mu + rho) * w) + root_sigma * (n2 + root * w))
                + w * ((u * steep - rho - rho * (1.0 + rho * u)) * inverse_vol)
            )
            v_xx_sigma[0] += rebate * real_part(value)
            mu_sigma_sigma = 6.0 * drift * inverse_variance * inverse_variance
            root_sigma_sigma = (
                mu_sigma * mu_sigma + mu * mu_sigma_sigma + 6.0 * rate * inverse_variance * inverse_variance
                - root_sigma * root_sigma
            ) * inverse_root
            zeta = deviation * deviation * (root_sigma + root * inverse_vol)
            value = u * (
                mu_sigma_sigma * m0 + root_sigma_sigma * n0
                + mu_sigma * (u * (mu_sigma * m0 + root_sigma * n0) - w * (u * inverse_vol))
                + root_sigma * (u * (mu_sigma * n0 + root_sigma * m0) + w * zeta)
            )
            # the derivative of -w u/sigma
            value = value - w * (u * inverse_vol) * (
                mu_sigma * u + u * u * steep * inverse_vol - root * zeta - 2.0 * inverse_vol
            )
            v_sigma_sigma[0] += rebate * real_part(value)


cdef inline void rebate_terms(
    double log_spot_barrier, double vol, double deviation, double rate, double drift, double eta,
    double* root, double* first, double* second, double* alpha_first, double* alpha_second, double* density,
) noexcept nogil:
    """The two terms of F for a real lambda that is not small."""
    cdef double shares = 1.0 / (vol * deviation), inverse_vol = shares * deviation
    cdef double inverse_variance = inverse_vol * inverse_vol, u = -log_spot_barrier
    cdef double mu = drift * inverse_variance - 0.5
    cdef double lam = square_root(mu * mu + 2.0 * rate * inverse_variance)
    cdef double reach = u * (shares * vol)
    cdef double z_first = reach + lam * deviation, z_second = reach - lam * deviation
    cdef double shared = exp(mu * u - 0.5 * (reach * reach + lam * lam * deviation * deviation))
    # the root that would cancel follows from the product of the two, -2 r/sigma^2
    cdef double big = absolute(mu) + lam
    cdef double little = 2.0 * rate * inverse_variance / big
    cdef double a = big if mu > 0.0 else little
    cdef double b = -little if mu > 0.0 else -big
    # alive, u is no more than 0 below a barrier's price and no less above it: of one term only the tail ever counts
    cdef double whole = exp((a if eta > 0.0 else b) * u), second_mills
    cdef double tail_first = shared * mills_pair(absolute(z_first), absolute(z_second), &second_mills)
    cdef double tail_second = shared * second_mills
    root[0] = lam
    first[0] = whole - tail_first if eta * z_first > 0.0 else tail_first
    second[0] = whole - tail_second if eta * z_second > 0.0 else tail_second
    alpha_first[0] = a
    alpha_second[0] = b
    density[0] = shared * ONE_OVER_SQRT_TWO_PI


cdef inline void finish(
    int order, double spot, double vol, double rate, double drift,
    double v, double v_x, double v_xx, double v_sigma, double v_r, double v_q,
    double v_xxx, double v_xxxx, double v_x_sigma, double v_xx_sigma, double v_sigma_sigma,
    double* delta, double* gamma, double* vega, double* theta, double* rho, double* rho_dividend,
    double* vanna, double* volga, double* charm, double* speed, double* zomma, double* color, double* veta,
) noexcept nogil:
    """Greeks from the derivatives in ln S; those in time from the Black-Scholes equation."""
    cdef double inverse = 1.0 / spot
    cdef double half_variance = 0.5 * vol * vol
    cdef double second = v_xx - v_x
    cdef double third, fourth, second_sigma
    delta[0] = v_x * inverse
    gamma[0] = second * inverse * inverse
    vega[0] = v_sigma
    theta[0] = rate * v - drift * v_x - half_variance * second
    rho[0] = v_r
    rho_dividend[0] = v_q
    if order >= 2:
        # S^n d^nV/dS^n
        third = v_xxx - 3.0 * v_xx + 2.0 * v_x
        fourth = v_xxxx - 6.0 * v_xxx + 11.0 * v_xx - 6.0 * v_x
        second_sigma = v_xx_sigma - v_x_sigma
        vanna[0] = v_x_sigma * inverse
        volga[0] = v_sigma_sigma
        charm[0] = (rate * v_x - drift * (v_x + second) - half_variance * (2.0 * second + third)) * inverse
        speed[0] = third * inverse * inverse * inverse
        zomma[0] = second_sigma * inverse * inverse
        color[0] = (
            rate * second - drift * (2.0 * second + third) - half_variance * (2.0 * second + 4.0 * third + fourth)
        ) * inverse * inverse
        veta[0] = rate * v_sigma - drift * v_x_sigma - half_variance * second_sigma - vol * second


cdef inline double side_of(double spot, double barrier, int kind) noexcept nogil:
    """> 0 on the living side."""
    return eta_of(kind) * (spot - barrier)


cdef inline double in_of(int kind) noexcept nogil:
    """1 of a knock-in, which beyond its barrier is the plain option."""
    return <double> (1 ^ ((kind >> 1) & 1) ^ (((kind >> 4) & ~(kind >> 1)) & 1))


cdef inline double ordinary(
    double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double rebate, double side, int kind,
) noexcept nogil:
    """1 where the straight-line functions are right: side > 0, no extreme number, lambda real and not small if it is
    needed; else 0. (A chain of choices, because compilers vectorise that and not a conjunction.)"""
    cdef double variance = vol * vol, centre = rate - dividend - 0.5 * variance
    # lambda^2 sigma^2 T, times sigma^2
    cdef double square = (centre * centre + 2.0 * rate * variance) * expiry
    # one comparison for each range: the sum is NaN or large if any number is
    cdef double amounts = spot + strike + barrier + absolute(rebate)
    cdef double rates = absolute(rate) + absolute(dividend)
    cdef double good = 1.0 if square > SMALL_LAMBDA * variance else 0.0
    good = 1.0 if rebate * at_hit(kind) == 0.0 else good
    good = good if side > 0.0 else 0.0
    good = good if spot > 1e-20 else 0.0
    good = good if strike > 1e-20 else 0.0
    good = good if barrier > 1e-20 else 0.0
    good = good if amounts < 1e20 else 0.0
    good = good if vol > 1e-4 else 0.0
    good = good if vol < 1e2 else 0.0
    good = good if expiry > 1e-10 else 0.0
    good = good if expiry < 1e3 else 0.0
    good = good if rates < 1e2 else 0.0
    good = good if rates * expiry < 50.0 else 0.0
    return good


cdef inline int terms_of(int kind, double strike, double barrier, double rebate) noexcept nogil:
    """The terms that an option is made of, as a sum of their flags: those of the weights that are not 0."""
    cdef int living = (1 if strike >= barrier else 0) ^ (kind & 1)
    cdef int image = living ^ 1 ^ (kind & 1) ^ ((kind >> 2) & 1)
    cdef int direct = living ^ 1 ^ ((kind >> 1) & 1)
    cdef int late = 1 ^ ((kind >> 1) & ~(kind >> 3) & 1)
    return (
        (A * direct + (B | D) * image + C * living) * (1 ^ ((kind >> 4) & 1))
        + (F - (F - E) * late if rebate != 0.0 else 0)
    )


cdef inline void substitute(
    double* spot, double* strike, double* barrier, double* vol, double* expiry, double* rate, double* dividend,
    double* rebate, int kind,
) noexcept nogil:
    """An ordinary option of the same kind."""
    spot[0] = 1.0 + 0.5 * eta_of(kind)
    strike[0] = barrier[0] = expiry[0] = 1.0
    vol[0] = 0.25
    rate[0] = dividend[0] = rebate[0] = 0.0


cdef inline void complex_rebate(
    int order, double rebate, double log_spot_barrier, double vol, double deviation, double rate, double drift,
    double eta, double complex root, double* v,
) noexcept nogil:
    """Add F for any complex lambda other than 0."""
    cdef double u = -log_spot_barrier
    cdef double mu = drift / (vol * vol) - 0.5
    cdef double reach = u / deviation
    cdef double complex step = root * deviation
    cdef double complex shared = complex_exp(mu * u - 0.5 * (reach * reach + step * step))
    cdef double complex first = 0.5 * shared * complex_erfcx(-eta * SQRT_HALF * (reach + step))
    cdef double complex second = 0.5 * shared * complex_erfcx(-eta * SQRT_HALF * (reach - step))
    rebate_at_hit(
        order, rebate, log_spot_barrier, vol, deviation, rate, drift, eta, root, first, second,
        mu + root, mu - root, shared * ONE_OVER_SQRT_TWO_PI,
        &v[V], &v[V_X], &v[V_XX], &v[V_SIGMA], &v[V_R], &v[V_Q],
        &v[V_XXX], &v[V_XXXX], &v[V_X_SIGMA], &v[V_XX_SIGMA], &v[V_SIGMA_SIGMA],
    )


cdef inline void any_rebate(
    int order, double rebate, double log_spot_barrier, double vol, double deviation, double rate, double drift,
    double eta, double* v,
) noexcept nogil:
    """Add F, whatever lambda is.

    With negative rates lambda may be imaginary (Le Floc'h, 2014). F and its derivatives are analytic in lambda^2,
    only their formulas divide by lambda; so where it is small they are the mean over a circle around lambda^2,
    which sixteen points give to full precision (eight, and the real part for the others).
    """
    cdef double variance = vol * vol
    cdef double mu = drift / variance - 0.5
    cdef double square = mu * mu + 2.0 * rate / variance
    cdef double scale = deviation * deviation
    cdef double root, first, second, alpha_first, alpha_second, density
    cdef double complex point
    cdef int k
    if square * scale > SMALL_LAMBDA:
        rebate_terms(
            log_spot_barrier, vol, deviation, rate, drift, eta,
            &root, &first, &second, &alpha_first, &alpha_second, &density,
        )
        rebate_at_hit(
            order, rebate, log_spot_barrier, vol, deviation, rate, drift, eta, root, first, second,
            alpha_first, alpha_second, density,
            &v[V], &v[V_X], &v[V_XX], &v[V_SIGMA], &v[V_R], &v[V_Q],
            &v[V_XXX], &v[V_XXXX], &v[V_X_SIGMA], &v[V_XX_SIGMA], &v[V_SIGMA_SIGMA],
        )
    elif square * scale < -SMALL_LAMBDA:
        complex_rebate(
            order, rebate, log_spot_barrier, vol, deviation, rate, drift, eta, square_root(-square) * 1j, v,
        )
    else:
        for k in range(8):
            point = square + complex_exp((k + 0.5) * (PI / 8.0) * 1j) / scale
            complex_rebate(
                order, 0.125 * rebate, log_spot_barrier, vol, deviation, rate, drift, eta, principal_root(point), v,
            )


cdef inline double complex principal_root(double complex z) noexcept nogil:
    """A square root of z, Im z > 0."""
    cdef double size = square_root(square_root(z.real * z.real + z.imag * z.imag))
    cdef double cosine = z.real / (size * size)
    return size * (square_root(0.5 * (1.0 + cosine)) + square_root(0.5 * (1.0 - cosine)) * 1j)


cdef inline double closed_form(
    int order, double a, double b, double c, double d,
    double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double rebate, int kind, double* v,
) noexcept nogil:
    """a A + b B + c C + d D and a rebate at expiry, and their size, the sum of all they are made of; legs of weight 0
    are left out."""
    cdef double h, k, s, inverse, shift, two_mu, asset, discount, image, at_barrier
    cdef double asset_image, cash, cash_image, reach, paid, size = 0.0
    cdef double phi = phi_of(kind), eta = eta_of(kind), drift = rate - dividend
    cdef double x[SUMS]
    cdef double y[SUMS]
    cdef int i
    for i in range(SUMS):
        x[i] = y[i] = 0.0
    prepare(
        spot, strike, barrier, vol, expiry, rate, dividend,
        &h, &k, &s, &inverse, &shift, &two_mu, &asset, &discount,
    )
    image = image_factor(h, two_mu)
    at_barrier = density_at(h, inverse, shift, asset)
    reach = h * inverse
    cash = strike * discount
    cash_image = cash * image
    asset_image = image_asset(asset, image, barrier, spot)
    if a != 0.0:
        leg(
            order, a * phi, phi, k * inverse + shift, s, inverse, asset, cash, density_at(k, inverse, shift, asset),
            1.0, &x[0], &x[1], &x[2], &x[3], &x[4], &size,
        )
    if b != 0.0:
        leg(
            order, b * phi, phi, reach + shift, s, inverse, asset, cash, at_barrier, strike / barrier,
            &x[0], &x[1], &x[2], &x[3], &x[4], &size,
        )
    if c != 0.0:
        leg(
            order, c * phi, eta, (k - 2.0 * h) * inverse + shift, s, inverse, asset_image, cash_image,
            density_of_image(h, k, inverse, shift, asset), 1.0, &y[0], &y[1], &y[2], &y[3], &y[4], &size,
        )
    if d != 0.0:
        leg(
            order, d * phi, eta, shift - reach, s, inverse, asset_image, cash_image, at_barrier, strike / barrier,
            &y[0], &y[1], &y[2], &y[3], &y[4], &size,
        )
    if rebate != 0.0 and at_hit(kind) == 0.0:
        paid = at_barrier / barrier
        cash_leg(
            order, rebate, eta * turn_of(kind), reach + shift - s, inverse, discount, paid,
            &x[0], &x[1], &x[2], &x[3], &x[4], &size,
        )
        cash_leg(
            order, -rebate * turn_of(kind), eta, shift - reach - s, inverse, discount * image, paid,
            &y[0], &y[1], &y[2], &y[3], &y[4], &size,
        )
    combine(
        order, h, vol, expiry, drift, two_mu, x[0], x[1], x[2], x[3], x[4], y[0], y[1], y[2], y[3], y[4],
        &v[V], &v[V_X], &v[V_XX], &v[V_SIGMA], &v[V_R], &v[V_Q],
        &v[V_XXX], &v[V_XXXX], &v[V_X_SIGMA], &v[V_XX_SIGMA], &v[V_SIGMA_SIGMA],
    )
    return size


cdef inline double cancels(double value, double size) noexcept nogil:
    """1 if too little is left of the terms."""
    return 1.0 if absolute(value) < MUCH_CANCELLED * size else 0.0


cdef inline void add_integral(
    int order, double weight, const Region* region, bint killed, bint spread, double side, double eta,
    double amount, double centre, double distance, double vol, double expiry, double deviation, double* v,
) noexcept nogil:
    """Add weight times what `integrate` finds."""
    cdef double sums[INTEGRALS]
    cdef double inverse = 1.0 / deviation, steep = inverse * inverse, sigma = 2.0 / vol
    cdef int i
    for i in range(INTEGRALS):
        sums[i] = 0.0
    integral_apart(integrate)(
        order, region, killed, spread, side, eta, weight * amount, centre, distance, deviation, sums)
    v[V] += sums[ALL]
    if order >= 1:
        v[V_X] += inverse * sums[ALL_X]
        v[V_XX] += steep * sums[ALL_XX]
        v[V_SIGMA] += sigma * sums[ALL_V]
        v[V_R] += expiry * (inverse * sums[ALL_M] - sums[ALL])
        v[V_Q] -= expiry * inverse * sums[ALL_M]
        if order >= 2:
            v[V_XXX] += inverse * steep * sums[ALL_XXX]
            v[V_XXXX] += steep * steep * sums[ALL_XXXX]
            v[V_X_SIGMA] += sigma * inverse * sums[ALL_XV]
            v[V_XX_SIGMA] += sigma * steep * sums[ALL_XXV]
            v[V_SIGMA_SIGMA] += 0.5 * sigma * sigma * sums[ALL_V] + sigma * sigma * sums[ALL_VV]


cdef inline Region from_here(bint up, double z, double gap, double beyond) noexcept nogil:
    """All from z on, upwards or downwards."""
    cdef Region region
    region.low = z if up else -INFINITY
    region.high = INFINITY if up else z
    region.width = INFINITY
    region.gap = gap
    region.beyond = beyond
    return region


cdef inline Region between(double z, double other, double width) noexcept nogil:
    """From the strike to the barrier."""
    cdef Region region
    region.low = z if z < other else other
    region.high = other if z < other else z
    region.width = width
    region.gap = region.beyond = 0.0
    return region


cdef inline void plain(
    int order, double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    int kind, double* v,
) noexcept nogil:
    """The plain option, A."""
    cdef Region region
    cdef double phi = phi_of(kind), s, asset, cash
    cdef bint call = kind & PUT == 0
    cdef int i
    cdef double size = closed_form(
        order, 1.0, 0.0, 0.0, 0.0, spot, strike, barrier, vol, expiry, rate, dividend, 0.0, kind, v)
    if cancels(v[V], size) == 0.0:
        return
    for i in range(DERIVATIVES):
        v[i] = 0.0
    s = vol * square_root(expiry)
    asset = spot * exp(-dividend * expiry)
    cash = strike * exp(-rate * expiry)
    region = from_here(
        call, log_ratio(strike, spot) / s - ((rate - dividend) * expiry / s - 0.5 * s), 0.0, 0.0)
    add_integral(
        order, 1.0, &region, False, True, phi, 0.0, asset if call else cash, s if call else 0.0, 0.0, vol, expiry, s, v)


cdef inline void divide(
    int order, int kind, bint spread, double amount, double centre, double spot, double strike, double barrier,
    double vol, double expiry, double drift, double* v,
) noexcept nogil:
    """From a plain value v its knock-out or knock-in, whatever it pays (as in `integrate`).

    The smaller of the two is integrated, and the other is the plain value less that.
    """
    cdef double phi = phi_of(kind), eta = eta_of(kind)
    cdef double s = vol * square_root(expiry), shift = drift * expiry / s - 0.5 * s
    cdef double to_strike = log_ratio(strike, spot) / s - shift, to_barrier = log_ratio(barrier, spot) / s - shift
    cdef double gap = absolute(log_ratio(strike, barrier)), distance = absolute(log_ratio(spot, barrier)) / s
    cdef bint call = kind & PUT == 0, down = kind & UP == 0, away = call == down
    # the strike on the living side
    cdef bint living = strike >= barrier if down else strike < barrier
    cdef bint small
    cdef Region region
    cdef double part[DERIVATIVES]
    cdef int i
    for i in range(DERIVATIVES):
        part[i] = 0.0
    if away:
        region = from_here(call, to_strike, 0.0, gap) if living else from_here(call, to_barrier, gap, 0.0)
    else:
        region = between(to_strike, to_barrier, gap / s)
    if away or living:
        add_integral(order, 1.0, &region, True, spread, phi, eta, amount, centre, distance, vol, expiry, s, part)
    small = 2.0 * absolute(part[V]) <= absolute(v[V])
    if not small:
        for i in range(DERIVATIVES):
            part[i] = 0.0
        if away or living:
            add_integral(order, 1.0, &region, False, spread, phi, eta, amount, centre, distance, vol, expiry, s, part)
        if not (away and living):
            if away:
                region = between(to_strike, to_barrier, gap / s)
            else:
                region = from_here(call, to_barrier, gap, 0.0) if living else from_here(call, to_strike, 0.0, 0.0)
            add_integral(order, 1.0, &region, False, spread, phi, 0.0, amount, centre, 0.0, vol, expiry, s, part)
    if small == (kind & OUT != 0):
        for i in range(DERIVATIVES):
            v[i] = part[i]
    else:
        for i in range(DERIVATIVES):
            v[i] -= part[i]


cdef inline void never_hit(
    int order, int kind, double amount, double centre, double spot, double barrier, double vol, double expiry,
    double drift, double* v,
) noexcept nogil:
    """Add what is paid at expiry if the barrier was not hit."""
    cdef double s = vol * square_root(expiry), eta = eta_of(kind), h = log_ratio(spot, barrier)
    cdef Region region = from_here(kind & UP == 0, -h / s - (drift * expiry / s - 0.5 * s), 0.0, 0.0)
    add_integral(order, 1.0, &region, True, False, eta, eta, amount, centre, absolute(h) / s, vol, expiry, s, v)


cdef inline void uncancelled(
    int order, bint in_already, double spot, double strike, double barrier, double vol, double expiry, double rate,
    double dividend, double rebate, int kind, double* v,
) noexcept nogil:
    """An option and its rebate at expiry, by integrals of positive numbers."""
    cdef double part[DERIVATIVES]
    cdef double s = vol * square_root(expiry)
    cdef bint call = kind & PUT == 0
    cdef int i
    for i in range(DERIVATIVES):
        v[i] = 0.0
    if kind & TOUCH == 0:
        plain(order, spot, strike, barrier, vol, expiry, rate, dividend, kind, v)
        if not in_already:
            divide(
                order, kind, True, spot * exp(-dividend * expiry) if call else strike * exp(-rate * expiry),
                s if call else 0.0, spot, strike, barrier, vol, expiry, rate - dividend, v)
    if rebate == 0.0 or at_hit(kind) != 0.0:
        return
    if turn_of(kind) > 0.0:
        never_hit(
            order, kind, rebate * exp(-rate * expiry), 0.0, spot, barrier, vol, expiry, rate - dividend, v)
        return
    # a sum of positive numbers as it stands
    closed_form(
        order, 0.0, 0.0, 0.0, 0.0, spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind, part)
    for i in range(DERIVATIVES):
        v[i] += part[i]


cdef inline void evaluate(
    int order, double a, double b, double c, double d,
    double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double rebate, int kind, double* out,
) noexcept nogil:
    """One living option, a A + b B + c C + d D + rebate, outputs in their places."""
    cdef double drift = rate - dividend
    cdef double v[DERIVATIVES]
    cdef double size = closed_form(
        order, a, b, c, d, spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind, v)
    cdef bint cancelled = cancels(v[V], size) > 0.0
    if cancelled:
        uncancelled_apart(uncancelled)(
            order, a != 0.0 and b == 0.0 and c == 0.0 and d == 0.0,
            spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind, v)
    v[V] = not_negative(v[V], rebate)
    if rebate != 0.0 and at_hit(kind) != 0.0:
        any_rebate(
            order, rebate, log_ratio(spot, barrier), vol, vol * square_root(expiry), rate, drift, eta_of(kind), v)
    deliver(order, spot, vol, rate, drift, v, out)
    if order >= 1 and cancelled:
        # close to the barrier the terms of the Black-Scholes equation are large; a price knows of sigma^2 T, r T, q T
        out[THETA] = -(rate * v[V_R] + dividend * v[V_Q] + 0.5 * vol * v[V_SIGMA]) / expiry


cdef inline double not_negative(double value, double rebate) noexcept nogil:
    """Rounding may leave a worthless option a hair below nothing; with a negative rebate it may really be there."""
    return 0.0 if (value < 0.0) & (rebate >= 0.0) else value


cdef inline void deliver(
    int order, double spot, double vol, double rate, double drift, const double* v, double* out,
) noexcept nogil:
    out[PRICE] = v[V]
    if order >= 1:
        finish(
            order, spot, vol, rate, drift,
            v[V], v[V_X], v[V_XX], v[V_SIGMA], v[V_R], v[V_Q],
            v[V_XXX], v[V_XXXX], v[V_X_SIGMA], v[V_XX_SIGMA], v[V_SIGMA_SIGMA],
            &out[DELTA], &out[GAMMA], &out[VEGA], &out[THETA], &out[RHO], &out[RHO_DIVIDEND],
            &out[VANNA], &out[VOLGA], &out[CHARM], &out[SPEED], &out[ZOMMA], &out[COLOR], &out[VETA],
        )


cdef inline void certain(
    int order, bint knocked, double spot, double strike, double barrier, double vol, double expiry, double rate,
    double dividend, double rebate, int kind, double* out,
) noexcept nogil:
    """Knocked, or no volatility or no time: the path is S e^(bt), and every derivative is that of what it leads to.

    At a kink (forward at the strike, path just touching) the derivatives are those of the worthless side.
    """
    cdef double drift = rate - dividend, phi = phi_of(kind), eta = eta_of(kind)
    cdef double asset = spot * exp(-dividend * expiry), cash = strike * exp(-rate * expiry)
    cdef double moment = 0.0, power = 0.0, value
    cdef double v[DERIVATIVES]
    cdef int i
    if knocked and at_hit(kind) != 0.0:
        # paid, and no function of anything any more
        out[PRICE] = rebate
        for i in range(1, SECOND_ORDER if order == 2 else FIRST_ORDER if order == 1 else 1):
            out[i] = 0.0
        return
    for i in range(DERIVATIVES):
        v[i] = 0.0
    if not knocked and expiry > 0.0 and eta * drift < 0.0:
        moment = log_ratio(barrier, spot) / drift
        knocked = moment <= expiry
        power = rate / drift
    if knocked == (kind & OUT != 0):
        if at_hit(kind) != 0.0:
            value = rebate * exp(-rate * moment)
            v[V] = value
            v[V_X] = power * value
            v[V_XX] = power * v[V_X]
            v[V_XXX] = power * v[V_XX]
            v[V_XXXX] = power * v[V_XXX]
            v[V_R] = (power - 1.0) * moment * value
            v[V_Q] = -power * moment * value
        else:
            v[V] = rebate * exp(-rate * expiry)
            v[V_R] = -expiry * v[V]
    elif phi * (asset - cash) > 0.0 and kind & TOUCH == 0:
        v[V] = phi * (asset - cash)
        v[V_X] = v[V_XX] = v[V_XXX] = v[V_XXXX] = phi * asset
        v[V_R] = phi * expiry * cash
        v[V_Q] = -phi * expiry * asset
    deliver(order, spot, vol, rate, drift, v, out)


cdef inline bint careful(
    int order, double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double rebate, int kind, double* out,
) noexcept nogil:
    """Any input at all; false if it lies outside the domain (the outputs are then NaN)."""
    cdef double a, b, c, d, side
    cdef double knocked_price[1]
    cdef int i, outputs = SECOND_ORDER if order == 2 else FIRST_ORDER if order == 1 else 1
    if not (
        0.0 < spot < INFINITY and 0.0 < strike < INFINITY and 0.0 < barrier < INFINITY
        and 0.0 <= vol < INFINITY and 0.0 <= expiry < INFINITY
        and absolute(rate) < INFINITY and absolute(dividend) < INFINITY and absolute(rebate) < INFINITY
    ):
        for i in range(outputs):
            out[i] = NAN
        return (
            spot != spot or strike != strike or barrier != barrier or vol != vol or expiry != expiry
            or rate != rate or dividend != dividend or rebate != rebate
        )
    side = eta_of(kind) * (spot - barrier)
    if vol * square_root(expiry) < SMALLEST_DEVIATION:
        certain(order, side <= 0.0, spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind, out)
        return True
    if side < 0.0:
        if kind & (OUT | TOUCH):
            certain(order, True, spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind, out)
        else:
            evaluate(
                order, 1.0, 0.0, 0.0, 0.0, spot, strike, barrier, vol, expiry, rate, dividend, 0.0, kind, out,
            )
        return True
    weights(kind, strike, barrier, &a, &b, &c, &d)
    evaluate(order, a, b, c, d, spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind, out)
    if side == 0.0:
        # the Greeks are those of the living side, the price is known
        if kind & OUT:
            out[PRICE] = rebate if at_hit(kind) != 0.0 else rebate * exp(-rate * expiry)
        elif kind & TOUCH:
            out[PRICE] = 0.0
        else:
            evaluate(
                0, 1.0, 0.0, 0.0, 0.0, spot, strike, barrier, vol, expiry, rate, dividend, 0.0, kind, knocked_price,
            )
            out[PRICE] = knocked_price[0]
    return True
