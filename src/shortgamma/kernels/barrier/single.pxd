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

Every Greek follows from two short lists of numbers. f is the value of a payoff that is independent of sigma, r and q,
so in y = ln S its derivatives f1, f2, ... give all others: df/dsigma = sigma T (f2 - f1), df/dr = T (f1 - f),
df/dq = -T f1. An option is X(ln S) + (H/S)^(2 mu) Y(ln(H^2/S)), X the sum of the direct legs and Y that of the
images; `Legs` hold X, X1, X2 - X1, ... and Y, Y1, Y2 - Y1, ..., and `combine` and `finish` turn them into Greeks, once
an option. Theta, charm, color and veta then follow from the Black-Scholes equation and its derivatives.

A normal distribution function is never formed alone: S e^(-qT) exp(-d1^2/2) = L e^(-rT) exp(-d2^2/2), so the tails of
a pair share one exponential, and each is that times Mills' ratio.

`ordinary` says for which inputs the straight-line functions are right, and `cancels` where too little is left of their
sums; all others go through `careful`, which integrates what cancels (`_narrow`).
"""

from shortgamma.kernels.barrier._narrow cimport Payment, Region, add_integral, between, from_here
from shortgamma.kernels.barrier._option cimport (
    AT_EXPIRY, CHARM, COLOR, DELTA, FIRST_ORDER, GAMMA, KINDS, OUT, PRICE, PUT, RHO, RHO_DIVIDEND, SECOND_ORDER, SPEED,
    THETA, TOUCH, UP, VANNA, VEGA, VETA, VOLGA, ZOMMA, Greeks, Option, at_hit, deliver, eta_of, finish, inside_by,
    not_negative, out_of, outputs_of, phi_of, plain_beyond, survivors,
)
from shortgamma.kernels.barrier._rebate cimport PI, SMALL_LAMBDA, any_hit, ordinary_hit
from shortgamma.kernels.numeric.jets cimport Jet, Legs, add, clear, clear_legs
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, NAN, ONE_OVER_SQRT_TWO_PI, absolute, at_least, at_most, exp, log_ratio, log_ratios, mills, mills_pair,
    square_root,
)

# Terms of an option.
cdef enum:
    A = 1
    B = 2
    C = 4
    D = 8
    E = 16
    F = 32
    TERMS = 64

cdef struct Weights:
    # how often A, B, C and D stand in the option, from -1 to 1
    double a
    double b
    double c
    double d

cdef struct Frame:
    # what the legs of an option share: ln(S/H), ln(S/K), s, 1/s, (mu + 1) s, 2 mu, S e^(-qT), e^(-rT), K e^(-rT)
    double log_spot_barrier
    double log_spot_strike
    double deviation
    double inverse
    double shift
    double two_mu
    double asset
    double discount
    double cash
    # asset exp(-d1^2/2) at the barrier, the image's too, and K/H
    double density
    double level
    # (H/S)^(2 mu), and with it (H^2/S) e^(-qT)
    double image
    double image_asset

ctypedef bint (*Careful)(int order, const Option* option, double* out) noexcept nogil
ctypedef void (*Uncancelled)(int order, bint plain, const Option* option, Jet* jet) noexcept nogil
ctypedef double (*ClosedForm)(int order, const Weights* weights, const Option* option, Jet* jet) noexcept nogil

cdef extern from "numeric/apart.h" nogil:
    Careful apart "SG_APART"(Careful f) noexcept
    Uncancelled uncancelled_apart "SG_APART"(Uncancelled f) noexcept
    ClosedForm closed_form_apart "SG_APART"(ClosedForm f) noexcept

cdef extern from *:
    """
    /* below this sigma sqrt(T) a path is certain: its spread is less than the rounding of the spot */
    #define SG_SMALLEST_DEVIATION 1e-18
    /* below this part of the terms the price is integrated instead */
    #define SG_MUCH_CANCELLED 1e-5
    """
    const double SMALLEST_DEVIATION "SG_SMALLEST_DEVIATION"
    const double MUCH_CANCELLED "SG_MUCH_CANCELLED"


cdef inline void weights_of(int kind, double strike, double barrier, Weights* weights) noexcept nogil:
    """With the strike on the living side of the barrier: C, or B - C + D if the payoff lies towards the barrier; with
    the strike beyond it: A - B + D, or A. A knock-out is A less that."""
    cdef double eta = eta_of(kind)
    cdef double away = phi_of(kind) * eta
    cdef double vanilla = <double> (1 - ((kind >> 4) & 1))
    cdef double sign = vanilla * (1.0 - 2.0 * out_of(kind))
    cdef double living = 1.0 if strike >= barrier else 0.0
    living = living if eta > 0.0 else 1.0 - living
    cdef double image = 1.0 - living if away > 0.0 else living
    weights.a = vanilla * out_of(kind) + sign * (1.0 - living)
    weights.b = -sign * away * image
    weights.c = sign * away * living
    weights.d = sign * image


cdef inline int terms_of(int kind, double strike, double barrier, double rebate) noexcept nogil:
    """The terms that an option is made of, as a sum of their flags: those of the weights that are not 0."""
    cdef int living = (1 if strike >= barrier else 0) ^ (kind & 1)
    cdef int image = living ^ 1 ^ (kind & 1) ^ ((kind >> 2) & 1)
    cdef int direct = living ^ 1 ^ ((kind >> 1) & 1)
    cdef int at_expiry = 1 ^ ((kind >> 1) & ~(kind >> 3) & 1)
    return (
        (A * direct + (B | D) * image + C * living) * (1 ^ ((kind >> 4) & 1))
        + (F - (F - E) * at_expiry if rebate != 0.0 else 0)
    )


cdef inline void prepare(const Option* option, Frame* frame) noexcept nogil:
    """What all legs share; what only those at the barrier need is left out."""
    cdef double drift = (option.rate - option.dividend) * option.expiry
    cdef double deviation = option.vol * square_root(option.expiry), log_spot_strike, inverse
    frame.log_spot_barrier = log_ratios(
        option.spot, option.barrier, option.strike, deviation, &log_spot_strike, &inverse)
    frame.log_spot_strike = log_spot_strike
    frame.inverse = inverse
    frame.deviation = deviation
    frame.shift = drift * inverse + 0.5 * deviation
    frame.two_mu = 2.0 * drift * inverse * inverse - 1.0
    frame.asset = option.spot * exp(-option.dividend * option.expiry)
    frame.discount = exp(-option.rate * option.expiry)
    frame.cash = option.strike * frame.discount


cdef inline double density_at(double log_moneyness, const Frame* frame) noexcept nogil:
    """asset exp(-d1^2/2) at the strike or at the barrier, log_moneyness being ln(S/K) or ln(S/H)."""
    cdef double d1 = log_moneyness * frame.inverse + frame.shift
    return frame.asset * exp(-0.5 * d1 * d1)


cdef inline double image_density(const Frame* frame) noexcept nogil:
    """The same of the image, at the strike."""
    cdef double h = frame.log_spot_barrier, k = frame.log_spot_strike, inverse = frame.inverse
    cdef double d1 = k * inverse + frame.shift
    # ln(S/H) and ln(K/H) have one sign where this density is used, so nothing cancels
    return frame.asset * exp(-0.5 * d1 * d1 - 2.0 * at_least((h * inverse) * ((h - k) * inverse), 0.0))


cdef inline void prepare_image(const Option* option, Frame* frame) noexcept nogil:
    """(H/S)^(2 mu), which is at most (S/H)^2 where it is used."""
    cdef double h = frame.log_spot_barrier, ratio = option.barrier / option.spot
    frame.image = exp(at_most(-frame.two_mu * h, 2.0 * absolute(h) + 1.0))
    frame.image_asset = frame.asset * frame.image * ratio * ratio


cdef inline void leg(
    int order, double weight, double side, double d1, const Frame* frame, double asset, double cash, double density,
    double ratio, Legs* legs, double* size,
) noexcept nogil:
    """Add weight times a normal pair, asset N(side d1) - cash N(side d2); to size, both parts.

    density is asset exp(-d1^2/2), and density times ratio is cash exp(-d2^2/2): ratio is strike over level.
    """
    cdef double inverse = frame.inverse
    cdef double d2 = d1 - frame.deviation, cash_mills
    cdef double asset_tail = density * mills_pair(absolute(d1), absolute(d2), &cash_mills)
    cdef double cash_tail = density * ratio * cash_mills
    cdef double asset_part = asset - asset_tail if side * d1 > 0.0 else asset_tail
    cdef double cash_part = cash - cash_tail if side * d2 > 0.0 else cash_tail
    cdef double jump, h0, h1, h2, h3, step
    legs.f0 += weight * (asset_part - cash_part)
    size[0] += absolute(weight) * (asset_part + cash_part)
    if order >= 1:
        step = -inverse
        # of the payoff at the level, in units of the level
        jump = 1.0 - ratio
        # h_n is the n-th derivative of side P/s, P = asset phi(d1): Hermite polynomials in d2
        h0 = side * density * ONE_OVER_SQRT_TWO_PI * inverse
        h1 = h0 * step * d2
        legs.f1 += weight * (asset_part + jump * h0)
        legs.f21 += weight * (h0 + jump * (h1 - h0))
        if order >= 2:
            h2 = h0 * step * step * (d2 * d2 - 1.0)
            h3 = h0 * step * step * step * (d2 * d2 - 3.0) * d2
            legs.f32 += weight * (h1 + jump * (h2 - h1))
            legs.f43 += weight * (h2 + jump * (h3 - h2))


cdef inline void cash_leg(
    int order, double weight, double side, double d2, double inverse, double cash, double density, Legs* legs,
    double* size,
) noexcept nogil:
    """Add weight times cash N(side d2); density is cash exp(-d2^2/2)."""
    cdef double tail = density * mills(absolute(d2))
    cdef double part = cash - tail if side * d2 > 0.0 else tail
    cdef double step, h0, h1, h2, h3
    legs.f0 += weight * part
    size[0] += absolute(weight) * part
    if order >= 1:
        step = -inverse
        h0 = -weight * side * density * ONE_OVER_SQRT_TWO_PI * step
        h1 = h0 * step * d2
        legs.f1 += h0
        legs.f21 += h1 - h0
        if order >= 2:
            h2 = h0 * step * step * (d2 * d2 - 1.0)
            h3 = h0 * step * step * step * (d2 * d2 - 3.0) * d2
            legs.f32 += h2 - h1
            legs.f43 += h3 - h2


# The terms: what they add to the direct legs X or to the images Y, which hold the factor (H/S)^(2 mu) already.

cdef inline void add_a(
    int order, double weight, const Option* option, const Frame* frame, Legs* direct, double* size,
) noexcept nogil:
    cdef double phi = phi_of(option.kind), k = frame.log_spot_strike
    leg(
        order, weight * phi, phi, k * frame.inverse + frame.shift, frame, frame.asset, frame.cash,
        density_at(k, frame), 1.0, direct, size)


cdef inline void add_b(
    int order, double weight, const Option* option, const Frame* frame, Legs* direct, double* size,
) noexcept nogil:
    cdef double phi = phi_of(option.kind)
    leg(
        order, weight * phi, phi, frame.log_spot_barrier * frame.inverse + frame.shift, frame, frame.asset,
        frame.cash, frame.density, frame.level, direct, size)


cdef inline void add_c(
    int order, double weight, const Option* option, const Frame* frame, Legs* images, double* size,
) noexcept nogil:
    cdef double h = frame.log_spot_barrier, k = frame.log_spot_strike
    leg(
        order, weight * phi_of(option.kind), eta_of(option.kind), (k - 2.0 * h) * frame.inverse + frame.shift, frame,
        frame.image_asset, frame.cash * frame.image, image_density(frame), 1.0, images, size)


cdef inline void add_d(
    int order, double weight, const Option* option, const Frame* frame, Legs* images, double* size,
) noexcept nogil:
    leg(
        order, weight * phi_of(option.kind), eta_of(option.kind), frame.shift - frame.log_spot_barrier * frame.inverse,
        frame, frame.image_asset, frame.cash * frame.image, frame.density,
        frame.level, images, size)


cdef inline void add_e(
    int order, const Option* option, const Frame* frame, Legs* direct, Legs* images, double* size,
) noexcept nogil:
    cdef double eta = eta_of(option.kind), sign = survivors(option.kind), rebate = option.rebate
    cdef double distance = frame.log_spot_barrier * frame.inverse, density = frame.density / option.barrier
    cash_leg(
        order, rebate, eta * sign, distance + frame.shift - frame.deviation, frame.inverse, frame.discount, density,
        direct, size)
    cash_leg(
        order, -rebate * sign, eta, frame.shift - distance - frame.deviation, frame.inverse,
        frame.discount * frame.image, density, images, size)


cdef inline void combine(
    int order, const Option* option, const Frame* frame, const Legs* x, const Legs* y, Jet* jet,
) noexcept nogil:
    """Derivatives of X(x) + (H/S)^(2 mu) Y(2 ln H - x); y holds the factor already.

    Each derivative in x brings -(2 mu + d/dy) to the image, each in sigma the factor (2 mu)' ln(H/S). At high
    volatility the derivatives of a leg are nearly equal: hence their differences.
    """
    cdef double m = frame.two_mu, u = -frame.log_spot_barrier
    cdef double vol = option.vol, expiry = option.expiry, drift = option.rate - option.dividend
    cdef double vega, w, w_u, curvature, steep_u, inverse, steep, x0, x1, y0, y1, y2, y3
    x0 = x.f0
    y0 = y.f0
    jet.value = x0 + y0
    if order >= 1:
        x1 = x.f1
        y1 = y.f1
        vega = vol * expiry
        inverse = 1.0 / vol
        steep = inverse * inverse
        w = -4.0 * drift * steep * inverse
        w_u = w * u
        steep_u = 2.0 * u * steep
        y2 = y1 + y.f21
        jet.x = x1 - (m * y0 + y1)
        jet.xx = (x1 + x.f21) + (m * (m * y0 + 2.0 * y1) + y2)
        jet.sigma = vega * (x.f21 + y.f21) + w_u * y0
        jet.r = expiry * ((x1 - x0) + (y1 - y0)) + steep_u * y0
        jet.q = -expiry * (x1 + y1) - steep_u * y0
        if order >= 2:
            curvature = 12.0 * drift * steep * steep
            y3 = y2 + y.f32
            jet.xxx = (x1 + x.f21 + x.f32) - (m * (m * (m * y0 + 3.0 * y1) + 3.0 * y2) + y3)
            jet.xxxx = (x1 + x.f21 + x.f32 + x.f43) + (
                m * (m * (m * (m * y0 + 4.0 * y1) + 6.0 * y2) + 4.0 * y3) + (y3 + y.f43))
            jet.x_sigma = vega * x.f32 - (w * y0 + w_u * (m * y0 + y1) + vega * (m * y.f21 + y.f32))
            jet.xx_sigma = vega * x.f43 + (
                2.0 * w * (m * y0 + y1) + w_u * (m * (m * y0 + 2.0 * y1) + y2)
                + vega * (m * (m * y.f21 + 2.0 * y.f32) + y.f43)
            )
            jet.sigma_sigma = (
                expiry * (x.f21 + y.f21) + vega * vega * ((x.f43 - x.f32) + (y.f43 - y.f32))
                + (curvature * u + w_u * w_u) * y0 + 2.0 * w_u * vega * y.f21
            )


cdef inline double ordinary(const Option* option, double inside, double hit_rebate) noexcept nogil:
    """1 where the straight-line functions are right: inside > 0, no extreme number, lambda real and not small if a
    rebate is paid at the hit; else 0. (A chain of choices, because compilers vectorise that and not a conjunction.)"""
    cdef double variance = option.vol * option.vol, centre = option.rate - option.dividend - 0.5 * variance
    # lambda^2 sigma^2 T, times sigma^2
    cdef double square = (centre * centre + 2.0 * option.rate * variance) * option.expiry
    # one comparison for each range: the sum is NaN or large if any number is
    cdef double amounts = option.spot + option.strike + option.barrier + absolute(option.rebate)
    cdef double rates = absolute(option.rate) + absolute(option.dividend)
    cdef double good = 1.0 if square > SMALL_LAMBDA * variance else 0.0
    good = 1.0 if hit_rebate == 0.0 else good
    good = good if inside > 0.0 else 0.0
    good = good if option.spot > 1e-20 else 0.0
    good = good if option.strike > 1e-20 else 0.0
    good = good if option.barrier > 1e-20 else 0.0
    good = good if amounts < 1e20 else 0.0
    good = good if option.vol > 1e-4 else 0.0
    good = good if option.vol < 1e2 else 0.0
    good = good if option.expiry > 1e-10 else 0.0
    good = good if option.expiry < 1e3 else 0.0
    good = good if rates < 1e2 else 0.0
    good = good if rates * option.expiry < 50.0 else 0.0
    return good


cdef inline double cancels(double value, double size) noexcept nogil:
    """1 if too little is left of the terms."""
    return 1.0 if absolute(value) < MUCH_CANCELLED * size else 0.0


cdef inline double closed_form(int order, const Weights* weights, const Option* option, Jet* jet) noexcept nogil:
    """The weighted terms and a rebate at expiry, and their size, the sum of all they are made of; terms of weight 0 are
    left out."""
    cdef Frame frame
    cdef Legs direct, images
    cdef double size = 0.0
    clear_legs(&direct)
    clear_legs(&images)
    prepare(option, &frame)
    frame.density = density_at(frame.log_spot_barrier, &frame)
    frame.level = option.strike / option.barrier
    prepare_image(option, &frame)
    if weights.a != 0.0:
        add_a(order, weights.a, option, &frame, &direct, &size)
    if weights.b != 0.0:
        add_b(order, weights.b, option, &frame, &direct, &size)
    if weights.c != 0.0:
        add_c(order, weights.c, option, &frame, &images, &size)
    if weights.d != 0.0:
        add_d(order, weights.d, option, &frame, &images, &size)
    if option.rebate != 0.0 and at_hit(option.kind) == 0.0:
        add_e(order, option, &frame, &direct, &images, &size)
    combine(order, option, &frame, &direct, &images, jet)
    return size


cdef inline void plain(int order, const Option* option, Jet* jet) noexcept nogil:
    """The plain option, A."""
    cdef Weights weights
    cdef Option payoff = option[0]
    cdef Region region
    cdef Payment payment
    cdef bint call = option.kind & PUT == 0
    cdef double expiry = option.expiry, drift = option.rate - option.dividend
    cdef double deviation = option.vol * square_root(expiry), size
    weights.a = 1.0
    weights.b = weights.c = weights.d = 0.0
    payoff.rebate = 0.0
    size = closed_form_apart(closed_form)(order, &weights, &payoff, jet)
    if cancels(jet.value, size) == 0.0:
        return
    clear(jet)
    region = from_here(
        call, log_ratio(option.strike, option.spot) / deviation - (drift * expiry / deviation - 0.5 * deviation),
        0.0, 0.0)
    payment = payoff_of(option)
    payment.survives = False
    payment.eta = payment.distance = 0.0
    add_integral(order, &region, &payment, option.vol, expiry, jet)


cdef inline Payment payoff_of(const Option* option) noexcept nogil:
    """The payoff of a call or put, as `_narrow` integrates it."""
    cdef Payment payment
    cdef bint call = option.kind & PUT == 0
    payment.survives = payment.grows = True
    payment.deviation = option.vol * square_root(option.expiry)
    payment.side = phi_of(option.kind)
    payment.eta = eta_of(option.kind)
    payment.amount = (
        option.spot * exp(-option.dividend * option.expiry) if call
        else option.strike * exp(-option.rate * option.expiry))
    payment.centre = payment.deviation if call else 0.0
    payment.distance = absolute(log_ratio(option.spot, option.barrier)) / payment.deviation
    return payment


cdef inline void divide(int order, const Option* option, Payment* payment, Jet* jet) noexcept nogil:
    """From a plain value its knock-out or knock-in, whatever it pays.

    The smaller of the two is integrated, and the other is the plain value less that.
    """
    cdef double deviation = payment.deviation, vol = option.vol, expiry = option.expiry
    cdef double shift = (option.rate - option.dividend) * expiry / deviation - 0.5 * deviation
    cdef double to_strike = log_ratio(option.strike, option.spot) / deviation - shift
    cdef double to_barrier = log_ratio(option.barrier, option.spot) / deviation - shift
    cdef double width = absolute(log_ratio(option.strike, option.barrier))
    cdef bint call = option.kind & PUT == 0, down = option.kind & UP == 0, away = call == down
    cdef bint strike_lives = option.strike >= option.barrier if down else option.strike < option.barrier
    cdef bint out_is_smaller
    cdef Region region
    cdef Jet part
    clear(&part)
    if away:
        region = from_here(call, to_strike, 0.0, width) if strike_lives else from_here(call, to_barrier, width, 0.0)
    else:
        region = between(to_strike, to_barrier, width / deviation)
    payment.survives = True
    if away or strike_lives:
        add_integral(order, &region, payment, vol, expiry, &part)
    out_is_smaller = 2.0 * absolute(part.value) <= absolute(jet.value)
    if not out_is_smaller:
        clear(&part)
        payment.survives = False
        if away or strike_lives:
            add_integral(order, &region, payment, vol, expiry, &part)
        if not (away and strike_lives):
            if away:
                region = between(to_strike, to_barrier, width / deviation)
            elif strike_lives:
                region = from_here(call, to_barrier, width, 0.0)
            else:
                region = from_here(call, to_strike, 0.0, 0.0)
            payment.eta = payment.distance = 0.0
            add_integral(order, &region, payment, vol, expiry, &part)
    if out_is_smaller == (option.kind & OUT != 0):
        jet[0] = part
    else:
        add(jet, -1.0, &part)


cdef inline void never_hit(int order, const Option* option, double amount, double centre, Jet* jet) noexcept nogil:
    """Add what is paid at expiry if the barrier was not hit: the amount, times phi(z - centre)."""
    cdef double deviation = option.vol * square_root(option.expiry), drift = option.rate - option.dividend
    cdef double h = log_ratio(option.spot, option.barrier)
    cdef Region region = from_here(
        option.kind & UP == 0, -h / deviation - (drift * option.expiry / deviation - 0.5 * deviation), 0.0, 0.0)
    cdef Payment payment
    payment.survives = True
    payment.grows = False
    payment.side = payment.eta = eta_of(option.kind)
    payment.amount = amount
    payment.centre = centre
    payment.distance = absolute(h) / deviation
    payment.deviation = deviation
    add_integral(order, &region, &payment, option.vol, option.expiry, jet)


cdef inline void uncancelled(int order, bint plain_only, const Option* option, Jet* jet) noexcept nogil:
    """An option and its rebate at expiry, by integrals of positive numbers."""
    cdef Jet part
    cdef Payment payment
    cdef Weights weights
    clear(jet)
    if option.kind & TOUCH == 0:
        plain(order, option, jet)
        if not plain_only:
            payment = payoff_of(option)
            divide(order, option, &payment, jet)
    if option.rebate == 0.0 or at_hit(option.kind) != 0.0:
        return
    if survivors(option.kind) > 0.0:
        never_hit(order, option, option.rebate * exp(-option.rate * option.expiry), 0.0, jet)
        return
    # a sum of positive numbers as it stands
    weights.a = weights.b = weights.c = weights.d = 0.0
    clear(&part)
    closed_form_apart(closed_form)(order, &weights, option, &part)
    add(jet, 1.0, &part)


cdef inline void evaluate(int order, const Weights* weights, const Option* option, double* out) noexcept nogil:
    """A living option, outputs in their places."""
    cdef double drift = option.rate - option.dividend
    cdef Jet jet
    cdef double size = closed_form_apart(closed_form)(order, weights, option, &jet)
    cdef bint cancelled = cancels(jet.value, size) > 0.0
    if cancelled:
        uncancelled_apart(uncancelled)(
            order, weights.a != 0.0 and weights.b == 0.0 and weights.c == 0.0 and weights.d == 0.0, option, &jet)
    jet.value = not_negative(jet.value, option.rebate)
    if option.rebate != 0.0 and at_hit(option.kind) != 0.0:
        any_hit(
            order, option.rebate, option, log_ratio(option.spot, option.barrier),
            option.vol * square_root(option.expiry), &jet)
    deliver(order, option.spot, option.vol, option.rate, drift, &jet, out)
    if order >= 1 and cancelled:
        # close to the barrier the terms of the Black-Scholes equation are large; the price depends on sigma^2 T, r T
        # and q T alone
        out[THETA] = -(
            option.rate * jet.r + option.dividend * jet.q + 0.5 * option.vol * jet.sigma) / option.expiry


cdef inline void power_of_spot(double value, double power, double moment, Jet* jet) noexcept nogil:
    """An amount paid at the moment when a certain path hits the barrier: it goes with a power of the spot."""
    jet.value = value
    jet.x = power * value
    jet.xx = power * jet.x
    jet.xxx = power * jet.xx
    jet.xxxx = power * jet.xxx
    jet.r = (power - 1.0) * moment * value
    jet.q = -power * moment * value


cdef inline void certain(int order, bint knocked, const Option* option, double* out) noexcept nogil:
    """Knocked, or no volatility or no time: the path is S e^(bt), and every derivative is that of what it leads to.

    At a kink (forward at the strike, path just touching) the derivatives are those of the worthless side.
    """
    cdef int kind = option.kind, place
    cdef double rate = option.rate, drift = option.rate - option.dividend, expiry = option.expiry, phi = phi_of(kind)
    cdef double asset = option.spot * exp(-option.dividend * expiry), cash = option.strike * exp(-rate * expiry)
    cdef double moment = 0.0, power = 0.0
    cdef Jet jet
    if knocked and at_hit(kind) != 0.0:
        # paid, and a function of nothing any more
        out[PRICE] = option.rebate
        for place in range(1, outputs_of(order)):
            out[place] = 0.0
        return
    clear(&jet)
    if not knocked and expiry > 0.0 and eta_of(kind) * drift < 0.0:
        moment = log_ratio(option.barrier, option.spot) / drift
        knocked = moment <= expiry
        power = rate / drift
    if knocked == (kind & OUT != 0):
        if at_hit(kind) != 0.0:
            power_of_spot(option.rebate * exp(-rate * moment), power, moment, &jet)
        else:
            jet.value = option.rebate * exp(-rate * expiry)
            jet.r = -expiry * jet.value
    elif phi * (asset - cash) > 0.0 and kind & TOUCH == 0:
        jet.value = phi * (asset - cash)
        jet.x = jet.xx = jet.xxx = jet.xxxx = phi * asset
        jet.r = phi * expiry * cash
        jet.q = -phi * expiry * asset
    deliver(order, option.spot, option.vol, rate, drift, &jet, out)


cdef inline bint in_domain(const Option* option) noexcept nogil:
    return (
        0.0 < option.spot < INFINITY and 0.0 < option.strike < INFINITY and 0.0 < option.barrier < INFINITY
        and 0.0 <= option.vol < INFINITY and 0.0 <= option.expiry < INFINITY and absolute(option.rate) < INFINITY
        and absolute(option.dividend) < INFINITY and absolute(option.rebate) < INFINITY
    )


cdef inline bint any_nan(const Option* option) noexcept nogil:
    return (
        option.spot != option.spot or option.strike != option.strike or option.barrier != option.barrier
        or option.vol != option.vol or option.expiry != option.expiry or option.rate != option.rate
        or option.dividend != option.dividend or option.rebate != option.rebate
    )


cdef inline void nothing_known(int order, double* out) noexcept nogil:
    cdef int place
    for place in range(outputs_of(order)):
        out[place] = NAN


cdef inline bint careful(int order, const Option* option, double* out) noexcept nogil:
    """Any input at all; false if it lies outside the domain (the outputs are then NaN)."""
    cdef Weights weights
    cdef Option living
    cdef double inside
    cdef double price[1]
    cdef int kind = option.kind
    if not in_domain(option):
        nothing_known(order, out)
        return any_nan(option)
    inside = inside_by(option.spot, option.barrier, kind)
    if option.vol * square_root(option.expiry) < SMALLEST_DEVIATION:
        certain(order, inside <= 0.0, option, out)
        return True
    if inside < 0.0 and kind & (OUT | TOUCH):
        certain(order, True, option, out)
        return True
    living = option[0]
    weights_of(kind, option.strike, option.barrier, &weights)
    if inside < 0.0:
        # knocked in
        weights.a = 1.0
        weights.b = weights.c = weights.d = living.rebate = 0.0
    evaluate(order, &weights, &living, out)
    if inside == 0.0:
        # the Greeks are those of the living side, the price is known
        if kind & OUT:
            out[PRICE] = option.rebate if at_hit(kind) != 0.0 else option.rebate * exp(-option.rate * option.expiry)
        elif kind & TOUCH:
            out[PRICE] = 0.0
        else:
            weights.a = 1.0
            weights.b = weights.c = weights.d = living.rebate = 0.0
            evaluate(0, &weights, &living, price)
            out[PRICE] = price[0]
    return True
