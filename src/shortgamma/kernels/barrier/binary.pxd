# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Touches and binary barrier options: a cash amount, or units of the asset, paid if the barrier was hit or was not.

The 28 types of Rubinstein and Reiner ("Unscrambling the binary code", Risk 4(9), 1991; Haug, The Complete Guide to
Option Pricing Formulas, 2nd ed., 2007, p. 176) are sums of the cash or asset halves of the terms A, B, C and D of
`single`, with the same weights. A touch has no strike and needs only B and D, or F if it pays at the hit.

The amount takes the place of an option's rebate. Its kind has the flags below, with UP, OUT (no-touch) and PUT.
"""

from shortgamma.kernels.barrier._narrow cimport Payment
from shortgamma.kernels.barrier._option cimport (
    DELTA, FIRST_ORDER, OUT, PRICE, PUT, SECOND_ORDER, UP, Option, deliver, eta_of, inside_by, not_negative, outputs_of,
    phi_of,
)
from shortgamma.kernels.barrier._rebate cimport any_hit
from shortgamma.kernels.barrier.single cimport (
    B, D, E, F, SMALLEST_DEVIATION, Frame, Weights, any_nan, cancels, cash_leg, combine, density_at, divide,
    image_density, in_domain, never_hit, nothing_known, payoff_of, power_of_spot, prepare, prepare_image,
    terms_of as barrier_terms, weights_of as barrier_weights,
)
from shortgamma.kernels.numeric.jets cimport Jet, Legs, clear, clear_legs
from shortgamma.kernels.numeric.vecmath cimport ONE_OVER_SQRT_TWO_PI, absolute, exp, log_ratio, mills, square_root

# AT_HIT: a touch pays when it is hit, else at expiry.
cdef enum:
    ASSET = 8
    TOUCH = 16
    AT_HIT = 32
    CODES = 64


cdef inline double hit_amount(int code, double amount) noexcept nogil:
    """The amount if it is paid at the hit, else 0."""
    return amount * <double> ((code >> 5) & 1)


cdef inline void weights_of(
    int code, double strike, double barrier, Weights* weights, double* side_of_b,
) noexcept nogil:
    """How often A, B, C and D stand in the option, and the side of B; none of them pays at the hit."""
    cdef double at_expiry = <double> (1 - ((code >> 5) & 1)), touch = <double> ((code >> 4) & 1) * at_expiry
    # -1 if it is paid where the barrier was hit, 1 if where it was not
    cdef double survivors = <double> ((code & OUT) - 1)
    barrier_weights(code & (UP | OUT | PUT | TOUCH), strike, barrier, weights)
    weights.a *= at_expiry
    weights.b = weights.b * at_expiry + touch
    weights.c *= at_expiry
    weights.d = weights.d * at_expiry - touch * survivors
    side_of_b[0] = eta_of(code) * survivors if code & TOUCH else phi_of(code)


cdef inline int terms_of(int code, double strike, double barrier, double amount) noexcept nogil:
    """The terms with a weight, as a sum of their flags; F if it pays at the hit, E if in the asset."""
    cdef int touch = (code >> 4) & 1, hit = (code >> 5) & 1
    return (
        (barrier_terms(code & (UP | OUT | PUT | TOUCH), strike, barrier, 0.0) + (B | D) * touch) * (1 - hit)
        + (F * hit if amount != 0.0 else 0) + E * ((code >> 3) & 1)
    )


cdef inline void asset_leg(
    int order, double weight, double side, double d1, const Frame* frame, double asset, double density, Legs* legs,
    double* size,
) noexcept nogil:
    """Add weight times asset N(side d1); density is asset exp(-d1^2/2)."""
    cdef double inverse = frame.inverse, tail = density * mills(absolute(d1)), d2 = d1 - frame.deviation
    cdef double part = asset - tail if side * d1 > 0.0 else tail
    cdef double h0, h1
    legs.f0 += weight * part
    size[0] += absolute(weight) * part
    if order >= 1:
        h0 = side * density * ONE_OVER_SQRT_TWO_PI * inverse
        legs.f1 += weight * (part + h0)
        h1 = -h0 * inverse * d2
        legs.f21 += weight * h1
        if order >= 2:
            legs.f32 += weight * (h0 * inverse * inverse * (d2 * d2 - 1.0))
            legs.f43 += weight * (-h0 * inverse * inverse * inverse * (d2 * d2 - 3.0) * d2)


cdef inline void half_leg(
    int order, bint in_asset, double weight, double side, double d1, const Frame* frame, double asset, double cash,
    double density, double level, Legs* legs, double* size,
) noexcept nogil:
    """Add weight times asset N(side d1), or cash N(side d2); density is asset exp(-d1^2/2), level where it ends."""
    if in_asset:
        asset_leg(order, weight, side, d1, frame, asset, density, legs, size)
    else:
        cash_leg(order, weight, side, d1 - frame.deviation, frame.inverse, cash, density / level, legs, size)


# The halves of the terms: what they add to the direct legs, or to the images.

cdef inline void add_a(
    int order, bint in_asset, double weight, const Option* option, const Frame* frame, Legs* direct, double* size,
) noexcept nogil:
    cdef double k = frame.log_spot_strike
    half_leg(
        order, in_asset, weight, phi_of(option.kind), k * frame.inverse + frame.shift, frame, frame.asset,
        frame.discount, density_at(k, frame), option.strike, direct, size)


cdef inline void add_b(
    int order, bint in_asset, double weight, double side, const Option* option, const Frame* frame, Legs* direct,
    double* size,
) noexcept nogil:
    half_leg(
        order, in_asset, weight, side, frame.log_spot_barrier * frame.inverse + frame.shift, frame, frame.asset,
        frame.discount, frame.density, option.barrier, direct, size)


cdef inline void add_c(
    int order, bint in_asset, double weight, const Option* option, const Frame* frame, Legs* images, double* size,
) noexcept nogil:
    half_leg(
        order, in_asset, weight, eta_of(option.kind),
        (frame.log_spot_strike - 2.0 * frame.log_spot_barrier) * frame.inverse + frame.shift, frame, frame.image_asset,
        frame.discount * frame.image, image_density(frame), option.strike, images, size)


cdef inline void add_d(
    int order, bint in_asset, double weight, const Option* option, const Frame* frame, Legs* images, double* size,
) noexcept nogil:
    half_leg(
        order, in_asset, weight, eta_of(option.kind), frame.shift - frame.log_spot_barrier * frame.inverse, frame,
        frame.image_asset, frame.discount * frame.image, frame.density, option.barrier, images, size)


cdef inline double closed_form(
    int order, const Weights* weights, double side_of_b, const Option* option, Frame* frame, Jet* jet,
) noexcept nogil:
    """The weighted halves, and their size; those of weight 0 are left out."""
    cdef Legs direct, images
    cdef double amount = option.rebate, size = 0.0
    cdef bint in_asset = option.kind & ASSET != 0
    clear_legs(&direct)
    clear_legs(&images)
    prepare(option, frame)
    frame.density = density_at(frame.log_spot_barrier, frame)
    prepare_image(option, frame)
    if weights.a != 0.0:
        add_a(order, in_asset, weights.a * amount, option, frame, &direct, &size)
    if weights.b != 0.0:
        add_b(order, in_asset, weights.b * amount, side_of_b, option, frame, &direct, &size)
    if weights.c != 0.0:
        add_c(order, in_asset, weights.c * amount, option, frame, &images, &size)
    if weights.d != 0.0:
        add_d(order, in_asset, weights.d * amount, option, frame, &images, &size)
    combine(order, option, frame, &direct, &images, jet)
    return size


cdef inline void plain(int order, const Option* option, Jet* jet) noexcept nogil:
    """The binary without a barrier, A."""
    cdef Weights weights
    cdef Frame frame
    weights.a = 1.0
    weights.b = weights.c = weights.d = 0.0
    closed_form(order, &weights, 0.0, option, &frame, jet)


cdef inline void uncancelled(int order, const Option* option, Jet* jet) noexcept nogil:
    """The option by integrals of positive numbers."""
    cdef Payment payment = payoff_of(option)
    cdef bint in_asset = option.kind & ASSET != 0
    clear(jet)
    payment.grows = False
    payment.amount = option.rebate * (
        option.spot * exp(-option.dividend * option.expiry) if in_asset else exp(-option.rate * option.expiry))
    payment.centre = payment.deviation if in_asset else 0.0
    if option.kind & TOUCH:
        never_hit(order, option, payment.amount, payment.centre, jet)
    else:
        plain(order, option, jet)
        divide(order, option, &payment, jet)


cdef inline void living(
    int order, const Weights* weights, double side_of_b, const Option* option, Jet* jet,
) noexcept nogil:
    """The weighted halves and F."""
    cdef Frame frame
    cdef double amount = option.rebate
    cdef double size = closed_form(order, weights, side_of_b, option, &frame, jet)
    if cancels(jet.value, size) > 0.0:
        uncancelled(order, option, jet)
    jet.value = not_negative(jet.value, amount)
    if option.kind & AT_HIT:
        any_hit(
            order, amount * option.barrier if option.kind & ASSET else amount, option, frame.log_spot_barrier,
            frame.deviation, jet)


cdef inline void sure(const Option* option, Jet* jet) noexcept nogil:
    """A payment at expiry that is certain."""
    cdef double amount = option.rebate, expiry = option.expiry
    if option.kind & ASSET:
        jet.value = amount * (option.spot * exp(-option.dividend * expiry))
        jet.x = jet.xx = jet.xxx = jet.xxxx = jet.value
        jet.q = -expiry * jet.value
    else:
        jet.value = amount * exp(-option.rate * expiry)
        jet.r = -expiry * jet.value


cdef inline void certain(bint hit, const Option* option, Jet* jet) noexcept nogil:
    """No volatility or no time: the path is S e^(bt)."""
    cdef int code = option.kind
    cdef double rate = option.rate, drift = option.rate - option.dividend, expiry = option.expiry, moment
    if not hit and expiry > 0.0 and eta_of(code) * drift < 0.0:
        moment = log_ratio(option.barrier, option.spot) / drift
        hit = moment <= expiry
        if hit and code & AT_HIT:
            power_of_spot(
                option.rebate * (option.barrier if code & ASSET else 1.0) * exp(-rate * moment), rate / drift, moment,
                jet)
    if code & AT_HIT or hit == (code & OUT != 0):
        return
    if code & TOUCH or phi_of(code) * (option.spot * exp(drift * expiry) - option.strike) > 0.0:
        sure(option, jet)


cdef inline bint careful(int order, const Option* option, double* out) noexcept nogil:
    """Any input at all; false if it lies outside the domain (the outputs are then NaN).

    A touch has no strike, but the number in its place has to be a price all the same.
    """
    cdef Weights weights
    cdef Jet jet
    cdef int code = option.kind, place
    cdef double price, inside, side_of_b, rate = option.rate, drift = option.rate - option.dividend
    if not in_domain(option):
        nothing_known(order, out)
        return any_nan(option)
    clear(&jet)
    inside = inside_by(option.spot, option.barrier, code)
    if option.vol * square_root(option.expiry) < SMALLEST_DEVIATION and not (inside <= 0.0 and code & AT_HIT):
        certain(inside <= 0.0, option, &jet)
        deliver(order, option.spot, option.vol, rate, drift, &jet, out)
        return True
    weights_of(code, option.strike, option.barrier, &weights, &side_of_b)
    if inside <= 0.0:
        if code & AT_HIT:
            # paid, in cash or in the asset itself
            price = option.rebate * option.spot if code & ASSET else option.rebate
            if inside < 0.0 or option.vol * square_root(option.expiry) < SMALLEST_DEVIATION:
                for place in range(outputs_of(order)):
                    out[place] = 0.0
                out[PRICE] = price
                if order >= 1 and code & ASSET:
                    out[DELTA] = option.rebate
                return True
        else:
            knocked(order, option, &jet)
            price = jet.value
            if inside < 0.0:
                deliver(order, option.spot, option.vol, rate, drift, &jet, out)
                return True
    # living, or at the barrier: the Greeks are those of the living side, the price is known
    living(order, &weights, side_of_b, option, &jet)
    deliver(order, option.spot, option.vol, rate, drift, &jet, out)
    if inside <= 0.0:
        out[PRICE] = price
    return True


cdef inline void knocked(int order, const Option* option, Jet* jet) noexcept nogil:
    """What pays at expiry, the barrier having been hit."""
    if option.kind & OUT:
        return
    if option.kind & TOUCH:
        sure(option, jet)
    else:
        plain(order, option, jet)
        jet.value = not_negative(jet.value, option.rebate)
