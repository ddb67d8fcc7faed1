# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Touches and binary barrier options: a cash amount, or so many units of the asset, if the barrier was hit or not.

The 28 types of Rubinstein and Reiner ("Unscrambling the binary code", Risk 4(9), 1991; Haug, The Complete Guide to
Option Pricing Formulas, 2nd ed., 2007, p. 176) are sums of the cash or asset halves of the terms A, B, C and D of
`barrier`, with the same weights; a touch has no strike, so only B and D are left of it, or F if it pays at the hit.
"""

from shortgamma.kernels.barrier.single cimport (
    B, D, DERIVATIVES, E, F, FIRST_ORDER, OUT, PRICE, PUT, SECOND_ORDER, SMALLEST_DEVIATION, SUMS, UP,
    V, V_Q, V_R, V_SIGMA, V_SIGMA_SIGMA, V_X, V_XX, V_XXX, V_XXXX, V_XX_SIGMA, V_X_SIGMA,
    any_rebate, cancels, cash_leg, combine, deliver, density_at, density_of_image, divide, eta_of, image_asset,
    image_factor, never_hit, not_negative, phi_of, prepare, terms_of as barrier_terms, weights,
)
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, NAN, ONE_OVER_SQRT_TWO_PI, absolute, exp, log_ratio, mills, square_root,
)

# Flags beside UP, OUT (no-touch) and PUT. AT_HIT: a touch pays when it is hit, else at expiry.
cdef enum:
    ASSET = 8
    TOUCH = 16
    AT_HIT = 32
    CODES = 64


cdef inline int plain_kind(int code) noexcept nogil:
    """A kind of `barrier` that asks of its numbers what this code does."""
    return (code & UP) | ((code >> 4) & OUT)


cdef inline void weights_of(
    int code, double strike, double barrier, double* a, double* b, double* c, double* d, double* side_b,
) noexcept nogil:
    """How often A, B, C and D stand in the option, and to which side B looks; nothing of them pays at the hit."""
    cdef double late = <double> (1 - ((code >> 5) & 1)), touch = <double> ((code >> 4) & 1) * late
    # -1 if it pays to those that were hit, 1 if to those that were not
    cdef double turn = <double> ((code & OUT) - 1)
    weights(code & (UP | OUT | PUT | TOUCH), strike, barrier, a, b, c, d)
    a[0] *= late
    b[0] = b[0] * late + touch
    c[0] *= late
    d[0] = d[0] * late - touch * turn
    side_b[0] = eta_of(code) * turn if code & TOUCH else phi_of(code)


cdef inline int terms_of(int code, double strike, double barrier, double amount) noexcept nogil:
    """The terms with a weight, as a sum of their flags; F if it pays at the hit, E if in the asset."""
    cdef int touch = (code >> 4) & 1, hit = (code >> 5) & 1
    return (
        (barrier_terms(code & (UP | OUT | PUT | TOUCH), strike, barrier, 0.0) + (B | D) * touch) * (1 - hit)
        + (F * hit if amount != 0.0 else 0) + E * ((code >> 3) & 1)
    )


cdef inline void asset_leg(
    int order, double weight, double side, double d1, double deviation, double inverse, double asset, double density,
    double* x0, double* x1, double* x21, double* x32, double* x43, double* size,
) noexcept nogil:
    """Add weight times asset N(side d1) and its derivatives; density is asset exp(-d1^2/2)."""
    cdef double tail = density * mills(absolute(d1)), d2 = d1 - deviation
    cdef double part = asset - tail if side * d1 > 0.0 else tail
    cdef double h0, h1
    x0[0] += weight * part
    size[0] += absolute(weight) * part
    if order >= 1:
        h0 = side * density * ONE_OVER_SQRT_TWO_PI * inverse
        x1[0] += weight * (part + h0)
        h1 = -h0 * inverse * d2
        x21[0] += weight * h1
        if order >= 2:
            x32[0] += weight * (h0 * inverse * inverse * (d2 * d2 - 1.0))
            x43[0] += weight * (-h0 * inverse * inverse * inverse * (d2 * d2 - 3.0) * d2)


cdef inline void half(
    int order, bint asset, double weight, double side, double d1, double deviation, double inverse, double full,
    double cash, double density, double level, double* sums, double* size,
) noexcept nogil:
    """Add weight times asset N(side d1), or cash N(side d2); density is full exp(-d1^2/2)."""
    if asset:
        asset_leg(
            order, weight, side, d1, deviation, inverse, full, density,
            &sums[0], &sums[1], &sums[2], &sums[3], &sums[4], size,
        )
    else:
        cash_leg(
            order, weight, side, d1 - deviation, inverse, cash, density / level,
            &sums[0], &sums[1], &sums[2], &sums[3], &sums[4], size,
        )


cdef inline void plain(
    int order, double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double amount, int code, double* v,
) noexcept nogil:
    """A alone: what does not know of a barrier."""
    cdef double h, k, s, inverse, shift, two_mu, full, discount, size = 0.0
    cdef double x[SUMS]
    cdef int i
    for i in range(SUMS):
        x[i] = 0.0
    prepare(
        spot, strike, barrier, vol, expiry, rate, dividend, &h, &k, &s, &inverse, &shift, &two_mu, &full, &discount,
    )
    half(
        order, code & ASSET != 0, amount, phi_of(code), k * inverse + shift, s, inverse, full, discount,
        density_at(k, inverse, shift, full), strike, x, &size,
    )
    combine(
        order, h, vol, expiry, rate - dividend, two_mu, x[0], x[1], x[2], x[3], x[4], 0.0, 0.0, 0.0, 0.0, 0.0,
        &v[V], &v[V_X], &v[V_XX], &v[V_SIGMA], &v[V_R], &v[V_Q],
        &v[V_XXX], &v[V_XXXX], &v[V_X_SIGMA], &v[V_XX_SIGMA], &v[V_SIGMA_SIGMA],
    )


cdef inline void living(
    int order, double a, double b, double c, double d, double side_b, double spot, double strike, double barrier,
    double vol, double expiry, double rate, double dividend, double amount, int code, double* v,
) noexcept nogil:
    """a A + b B + c C + d D, each the half of the term that the code names, and F; B looks to side_b."""
    cdef double h, k, s, inverse, shift, two_mu, full, discount, image, at_barrier, full_image, size = 0.0
    cdef double eta = eta_of(code), phi = phi_of(code), drift = rate - dividend
    cdef bint asset = code & ASSET != 0
    cdef double x[SUMS]
    cdef double y[SUMS]
    cdef int i
    for i in range(SUMS):
        x[i] = y[i] = 0.0
    prepare(
        spot, strike, barrier, vol, expiry, rate, dividend, &h, &k, &s, &inverse, &shift, &two_mu, &full, &discount,
    )
    image = image_factor(h, two_mu)
    full_image = image_asset(full, image, barrier, spot)
    at_barrier = density_at(h, inverse, shift, full)
    if a != 0.0:
        half(
            order, asset, a * amount, phi, k * inverse + shift, s, inverse, full, discount,
            density_at(k, inverse, shift, full), strike, x, &size,
        )
    if b != 0.0:
        half(
            order, asset, b * amount, side_b, h * inverse + shift, s, inverse, full, discount, at_barrier, barrier, x,
            &size,
        )
    if c != 0.0:
        half(
            order, asset, c * amount, eta, (k - 2.0 * h) * inverse + shift, s, inverse, full_image, discount * image,
            density_of_image(h, k, inverse, shift, full), strike, y, &size,
        )
    if d != 0.0:
        half(
            order, asset, d * amount, eta, shift - h * inverse, s, inverse, full_image, discount * image, at_barrier,
            barrier, y, &size,
        )
    combine(
        order, h, vol, expiry, drift, two_mu, x[0], x[1], x[2], x[3], x[4], y[0], y[1], y[2], y[3], y[4],
        &v[V], &v[V_X], &v[V_XX], &v[V_SIGMA], &v[V_R], &v[V_Q],
        &v[V_XXX], &v[V_XXXX], &v[V_X_SIGMA], &v[V_XX_SIGMA], &v[V_SIGMA_SIGMA],
    )
    if cancels(v[V], size) > 0.0:
        for i in range(DERIVATIVES):
            v[i] = 0.0
        full = amount * (full if asset else discount)
        if code & TOUCH:
            never_hit(order, code & UP, full, s if asset else 0.0, spot, barrier, vol, expiry, drift, v)
        else:
            plain(order, spot, strike, barrier, vol, expiry, rate, dividend, amount, code, v)
            divide(
                order, code & (UP | OUT | PUT), False, full, s if asset else 0.0, spot, strike, barrier, vol, expiry,
                drift, v)
    v[V] = not_negative(v[V], amount)
    if code & AT_HIT:
        any_rebate(order, amount * barrier if asset else amount, h, vol, s, rate, drift, eta, v)


cdef inline void sure(
    double spot, double expiry, double rate, double dividend, double amount, int code, double* v,
) noexcept nogil:
    """A payment at expiry that is certain."""
    if code & ASSET:
        v[V] = amount * (spot * exp(-dividend * expiry))
        v[V_X] = v[V_XX] = v[V_XXX] = v[V_XXXX] = v[V]
        v[V_Q] = -expiry * v[V]
    else:
        v[V] = amount * exp(-rate * expiry)
        v[V_R] = -expiry * v[V]


cdef inline void certain(
    bint hit, double spot, double strike, double barrier, double expiry, double rate, double dividend, double amount,
    int code, double* v,
) noexcept nogil:
    """No volatility or no time: the path is S e^(bt)."""
    cdef double drift = rate - dividend, moment, power, value
    if not hit and expiry > 0.0 and eta_of(code) * drift < 0.0:
        moment = log_ratio(barrier, spot) / drift
        hit = moment <= expiry
        if hit and code & AT_HIT:
            power = rate / drift
            value = amount * (barrier if code & ASSET else 1.0) * exp(-rate * moment)
            v[V] = value
            v[V_X] = power * value
            v[V_XX] = power * v[V_X]
            v[V_XXX] = power * v[V_XX]
            v[V_XXXX] = power * v[V_XXX]
            v[V_R] = (power - 1.0) * moment * value
            v[V_Q] = -power * moment * value
    if code & AT_HIT or hit == (code & OUT != 0):
        return
    if code & TOUCH or phi_of(code) * (spot * exp(drift * expiry) - strike) > 0.0:
        sure(spot, expiry, rate, dividend, amount, code, v)


cdef inline bint value(
    int order, double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double amount, int code, double* out,
) noexcept nogil:
    """Any input at all; false if it lies outside the domain (the outputs are then NaN).

    A touch has no strike, but what stands in its place has to be a price all the same.
    """
    cdef double a = 0.0, b = 0.0, c = 0.0, d = 0.0, price, side, side_b
    cdef double v[DERIVATIVES]
    cdef int i, outputs = SECOND_ORDER if order == 2 else FIRST_ORDER if order == 1 else 1
    if not (
        0.0 < spot < INFINITY and 0.0 < strike < INFINITY and 0.0 < barrier < INFINITY
        and 0.0 <= vol < INFINITY and 0.0 <= expiry < INFINITY
        and absolute(rate) < INFINITY and absolute(dividend) < INFINITY and absolute(amount) < INFINITY
    ):
        for i in range(outputs):
            out[i] = NAN
        return (
            spot != spot or strike != strike or barrier != barrier or vol != vol or expiry != expiry
            or rate != rate or dividend != dividend or amount != amount
        )
    for i in range(DERIVATIVES):
        v[i] = 0.0
    side = eta_of(code) * (spot - barrier)
    if side <= 0.0 and code & AT_HIT:
        # paid, in cash or in the asset itself
        v[V] = amount * spot if code & ASSET else amount
        if side < 0.0 or vol * square_root(expiry) < SMALLEST_DEVIATION:
            for i in range(outputs):
                out[i] = 0.0
            out[PRICE] = v[V]
            if order >= 1 and code & ASSET:
                out[1] = amount
            return True
        price = v[V]
    elif vol * square_root(expiry) < SMALLEST_DEVIATION:
        certain(side <= 0.0, spot, strike, barrier, expiry, rate, dividend, amount, code, v)
        deliver(order, spot, vol, rate, rate - dividend, v, out)
        return True
    elif side <= 0.0:
        if code & OUT == 0:
            if code & TOUCH:
                sure(spot, expiry, rate, dividend, amount, code, v)
            else:
                # out of reach of the image terms, the plain binary
                living(
                    order, 1.0, 0.0, 0.0, 0.0, 1.0, spot, strike, barrier, vol, expiry, rate, dividend, amount, code, v)
        price = v[V]
        if side < 0.0:
            deliver(order, spot, vol, rate, rate - dividend, v, out)
            return True
    # living, or at the barrier: the Greeks are those of the living side, the price is known
    weights_of(code, strike, barrier, &a, &b, &c, &d, &side_b)
    living(
        order, a, b, c, d, side_b, spot, strike, barrier, vol, expiry, rate, dividend, amount, code, v)
    deliver(order, spot, vol, rate, rate - dividend, v, out)
    if side <= 0.0:
        out[PRICE] = price
    return True
