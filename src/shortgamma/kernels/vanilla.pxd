# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""European options: price, derivatives and implied volatility, after Black and Scholes and after Bachelier.

Letters: S spot, K strike, sigma volatility, T expiry, r rate, q dividend, F = S e^((r - q) T), s = sigma sqrt T,
d1 = ln(F/K)/s + s/2, d2 = d1 - s, phi = 1 call or -1 put, M(z) = exp(z^2/2) N(-z) Mills' ratio (over sqrt(2 pi)).

An option is the term A of `barrier`, and `leg` of it gives its derivatives. The price is formed apart, so that nothing
cancels: an option in the money is what it is worth without volatility plus the other one, and of the other one both
tails share the density

    D = S e^(-qT) exp(-d1^2/2) = K e^(-rT) exp(-d2^2/2)

so that it is D [M(a - t) - M(a + t)], a = |ln(F/K)|/s and t = s/2; for t > a, the smaller of S e^(-qT) and K e^(-rT)
less D [M(t - a) + M(t + a)]; and for small t the difference is the Taylor series in t around a.

Implied volatility starts from an approximation good to a few per cent, and goes on by Householder's steps of fourth
order, as in P. Jaeckel, Let's be rational, Wilmott 75 (2015), 40-53. Where a > t the function made zero is 1/ln b, b
the price of the option out of the money over sqrt(S e^(-qT) K e^(-rT)); elsewhere b itself, or ln(b_max - b) if s is
not small. The start is ours: below b at a = t from the inverse of Bachelier's formula, above from the normal
distribution's. The last step, Halley's, is taken from a price in two parts, high + low: what the sums, the products and
the functions were rounded by would else be as many units of the root.
"""

from shortgamma.kernels.barrier._option cimport (
    CHARM, COLOR, DELTA, FIRST_ORDER, GAMMA, PRICE, RHO, RHO_DIVIDEND, SECOND_ORDER, SPEED, THETA, VANNA, VEGA, VETA,
    VOLGA, ZOMMA, Option, phi_of,
)
from shortgamma.kernels.barrier.binary cimport ASSET, asset_leg
from shortgamma.kernels.barrier.single cimport SMALLEST_DEVIATION, Frame, cash_leg, density_at, leg, prepare
from shortgamma.kernels.numeric.jets cimport Legs, clear_legs
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, NAN, ONE_OVER_SQRT_TWO_PI, absolute, at_least, at_most, erfcx, exp, exp_pair, log, log1p, log_ratio,
    log_ratio_pair, mills, mills_pair, mills_two, product_tail, square_root, sum_tail,
)

cdef extern from *:
    """
    /* below this s/2 a difference of Mills' ratios is its Taylor series */
    #define SG_SHORT_STEP 0.25
    #define SG_LOG_SQRT_TWO_PI 0.9189385332046727
    #define SG_SQRT_TWO_OVER_PI 0.7978845608028654
    /* what the doubles of sqrt(2 pi) and sqrt(2/pi) lack */
    #define SG_SQRT_TWO_PI_TAIL -1.8328579980459169e-16
    #define SG_SQRT_TWO_OVER_PI_TAIL -4.9846544045554602e-17
    /* a last step is no more than this part of a deviation */
    #define SG_SMALL_STEP 0.02
    /* an implied deviation is there once a step of fourth order is this small a part of it */
    #define SG_LAST_STEP 1e-4
    """
    const double SHORT_STEP "SG_SHORT_STEP"
    const double SQRT_TWO_PI "SG_SQRT_TWO_PI"
    const double LOG_SQRT_TWO_PI "SG_LOG_SQRT_TWO_PI"
    const double SQRT_TWO_OVER_PI "SG_SQRT_TWO_OVER_PI"
    const double LAST_STEP "SG_LAST_STEP"
    const double SQRT_TWO_PI_TAIL "SG_SQRT_TWO_PI_TAIL"
    const double SQRT_TWO_OVER_PI_TAIL "SG_SQRT_TWO_OVER_PI_TAIL"
    const double SMALL_STEP "SG_SMALL_STEP"

cdef enum:
    MOST_STEPS = 64
    # numbers of a sum of legs
    SUMS = 5


cdef inline void frame_of(
    double spot, double strike, double vol, double expiry, double rate, double dividend, Frame* frame,
) noexcept nogil:
    """What `barrier` calls the frame of an option; it has a barrier, of which the legs used here know nothing."""
    cdef Option option
    option.spot = spot
    option.strike = option.barrier = strike
    option.vol = vol
    option.expiry = expiry
    option.rate = rate
    option.dividend = dividend
    prepare(&option, frame)


cdef inline void put_sums(const Legs* legs, double* x, Py_ssize_t step) noexcept nogil:
    x[0] = legs.f0
    x[step] = legs.f1
    x[2 * step] = legs.f21
    x[3 * step] = legs.f32
    x[4 * step] = legs.f43


cdef inline double after_first(double square, double step, double y1) noexcept nogil:
    """The odd terms of a Taylor series of Y(z) = sqrt(2 pi) M(-z) at z = -a after the first, over t^3: from a^2, t^2
    and Y'.

    Y' = 1 + z Y, and Y^(n + 2) = (z^2 + 2 n + 1) Y^(n) - n (n - 1) Y^(n - 2) for odd n.
    """
    cdef double y3 = (square + 3.0) * y1 - 1.0
    cdef double y5 = (square + 7.0) * y3 - 6.0 * y1
    cdef double y7 = (square + 11.0) * y5 - 20.0 * y3
    cdef double y9 = (square + 15.0) * y7 - 42.0 * y5
    cdef double y11 = (square + 19.0) * y9 - 72.0 * y7
    cdef double y13 = (square + 23.0) * y11 - 110.0 * y9
    cdef double y15 = (square + 27.0) * y13 - 156.0 * y11
    cdef double sum = y15 * (1.0 / 1307674368000.0)
    sum = sum * step + y13 * (1.0 / 6227020800.0)
    sum = sum * step + y11 * (1.0 / 39916800.0)
    sum = sum * step + y9 * (1.0 / 362880.0)
    sum = sum * step + y7 * (1.0 / 5040.0)
    sum = sum * step + y5 * (1.0 / 120.0)
    return sum * step + y3 * (1.0 / 6.0)


cdef inline double tails_apart(double a, double t, double at_a) noexcept nogil:
    """M(a - t) - M(a + t) for t < 1/4 and a t < 1, from M(a): twice the odd terms of the Taylor series."""
    cdef double square = a * a, step = t * t
    cdef double y1 = 1.0 - a * (SQRT_TWO_PI * at_a)
    return SQRT_TWO_OVER_PI * t * (after_first(square, step, y1) * step + y1)


cdef inline double short_step(double a, double t) noexcept nogil:
    """1 where `tails_apart` is right, and better than the difference itself."""
    cdef double good = 1.0 if t < SHORT_STEP else 0.0
    return good if a * t < 1.0 else 0.0


cdef inline double out_of_the_money(
    double a, double t, double density, double least, double* near, double* far,
) noexcept nogil:
    """The price out of the money; near and far are the tails M(|a - t|) and M(a + t) of its two parts, or M(a) where
    the step is short. least is the smaller of S e^(-qT) and K e^(-rT)."""
    cdef double short = short_step(a, t)
    cdef double closest = a if short != 0.0 else absolute(a - t)
    cdef double tail = mills_pair(closest, a + t, far)
    cdef double series = density * tails_apart(a, t, tail)
    cdef double farther = far[0]
    near[0] = tail
    # beyond a = t the density underflows where the tails do not matter
    tail = density * (tail - farther) if a >= t else least - density * (tail + farther)
    return series if short != 0.0 else tail


cdef inline double no_volatility(double asset, double cash, double phi) noexcept nogil:
    """max(phi (S e^(-qT) - K e^(-rT)), 0)"""
    return at_least(phi * (asset - cash), 0.0)


cdef inline double price_of(
    double spot, double strike, double vol, double expiry, double rate, double dividend, int kind,
) noexcept nogil:
    """The price of an ordinary option."""
    cdef Frame frame
    cdef double cash, d1, density, near, far, value
    frame_of(spot, strike, vol, expiry, rate, dividend, &frame)
    cash = frame.cash
    density = density_at(frame.log_spot_strike, &frame)
    d1 = frame.log_spot_strike * frame.inverse + frame.shift
    value = out_of_the_money(
        absolute(d1 - 0.5 * frame.deviation), 0.5 * frame.deviation, density,
        frame.asset if frame.asset < cash else cash, &near, &far)
    return at_least(value, 0.0) + no_volatility(frame.asset, cash, phi_of(kind))


cdef inline void deliver_plain(
    int order, double spot, double vol, double expiry, double rate, double drift, const double* x, double* out,
    Py_ssize_t step,
) noexcept nogil:
    """Greeks of what has no image, from V, V_x, V_xx - V_x, V_xxx - V_xx, V_xxxx - V_xxx with x = ln S; those in time
    from the Black-Scholes equation. Numbers and outputs are so many places apart."""
    cdef double value = x[0], slope, inverse, half_variance, reach, x21, x32, third, fourth, second_sigma
    out[PRICE * step] = value
    if order >= 1:
        slope = x[step]
        x21 = x[2 * step]
        inverse = 1.0 / spot
        half_variance = 0.5 * vol * vol
        reach = vol * expiry
        out[DELTA * step] = slope * inverse
        out[GAMMA * step] = x21 * inverse * inverse
        out[VEGA * step] = reach * x21
        out[THETA * step] = rate * value - drift * slope - half_variance * x21
        out[RHO * step] = expiry * (slope - value)
        out[RHO_DIVIDEND * step] = -expiry * slope
        if order >= 2:
            x32 = x[3 * step]
            # S^n d^nV/dS^n
            third = x32 - 2.0 * x21
            fourth = x[4 * step] - 5.0 * x32 + 6.0 * x21
            second_sigma = reach * (x[4 * step] - x32)
            out[VANNA * step] = reach * x32 * inverse
            out[VOLGA * step] = expiry * x21 + reach * second_sigma
            out[CHARM * step] = (
                rate * slope - drift * (slope + x21) - half_variance * (2.0 * x21 + third)) * inverse
            out[SPEED * step] = third * inverse * inverse * inverse
            out[ZOMMA * step] = second_sigma * inverse * inverse
            out[COLOR * step] = (
                rate * x21 - drift * (2.0 * x21 + third) - half_variance * (2.0 * x21 + 4.0 * third + fourth)
            ) * inverse * inverse
            out[VETA * step] = (
                rate * reach * x21 - drift * (reach * x32) - half_variance * second_sigma - vol * x21)


cdef inline void sums_of(
    int order, double spot, double strike, double vol, double expiry, double rate, double dividend, int kind,
    double* x, Py_ssize_t step,
) noexcept nogil:
    """What `deliver_plain` needs of an ordinary option."""
    cdef Frame frame
    cdef Legs legs
    cdef double cash, d1, density, near, far, size = 0.0, phi = phi_of(kind)
    frame_of(spot, strike, vol, expiry, rate, dividend, &frame)
    clear_legs(&legs)
    cash = frame.cash
    d1 = frame.log_spot_strike * frame.inverse + frame.shift
    density = density_at(frame.log_spot_strike, &frame)
    leg(order, phi, phi, d1, &frame, frame.asset, cash, density, 1.0, &legs, &size)
    legs.f0 = at_least(out_of_the_money(
        absolute(d1 - 0.5 * frame.deviation), 0.5 * frame.deviation, density,
        frame.asset if frame.asset < cash else cash, &near, &far), 0.0) + no_volatility(frame.asset, cash, phi)
    put_sums(&legs, x, step)


cdef inline void binary_sums_of(
    int order, double spot, double strike, double vol, double expiry, double rate, double dividend, double amount,
    int code, double* x, Py_ssize_t step,
) noexcept nogil:
    """The same of a binary: a cash amount, or so many units of the asset, if it ends in the money."""
    cdef Frame frame
    cdef Legs legs
    cdef double d1, density, size = 0.0
    cdef double in_asset = <double> ((code >> 3) & 1), phi = phi_of(code)
    frame_of(spot, strike, vol, expiry, rate, dividend, &frame)
    clear_legs(&legs)
    d1 = frame.log_spot_strike * frame.inverse + frame.shift
    density = density_at(frame.log_spot_strike, &frame)
    asset_leg(order, in_asset * amount, phi, d1, &frame, frame.asset, density, &legs, &size)
    cash_leg(
        order, (1.0 - in_asset) * amount, phi, d1 - frame.deviation, frame.inverse, frame.discount, density / strike,
        &legs, &size)
    put_sums(&legs, x, step)


cdef inline double ordinary_option(
    double spot, double strike, double vol, double expiry, double rate, double dividend,
) noexcept nogil:
    """1 where the straight-line functions are right: no extreme number, not even in the product of two."""
    cdef double rates = absolute(rate) + absolute(dividend)
    cdef double variance = vol * vol * expiry
    cdef double good = 1.0 if spot > 1e-20 else 0.0
    good = good if strike > 1e-20 else 0.0
    good = good if spot + strike < 1e20 else 0.0
    good = good if vol > 1e-4 else 0.0
    good = good if vol < 1e2 else 0.0
    good = good if expiry > 1e-10 else 0.0
    good = good if expiry < 1e3 else 0.0
    good = good if variance < 2e3 else 0.0
    good = good if rates < 1e2 else 0.0
    good = good if rates * expiry < 50.0 else 0.0
    return good


cdef inline bint in_domain(
    double spot, double strike, double vol, double expiry, double rate, double dividend, double amount,
) noexcept nogil:
    return (
        0.0 < spot < INFINITY and 0.0 < strike < INFINITY and 0.0 <= vol < INFINITY and 0.0 <= expiry < INFINITY
        and absolute(rate) < INFINITY and absolute(dividend) < INFINITY and absolute(amount) < INFINITY
    )


cdef inline bint any_missing(
    double spot, double strike, double vol, double expiry, double rate, double dividend, double amount,
) noexcept nogil:
    return (
        spot != spot or strike != strike or vol != vol or expiry != expiry or rate != rate or dividend != dividend
        or amount != amount
    )


cdef inline void certain_sums(
    double spot, double strike, double expiry, double rate, double dividend, double amount, bint binary, int code,
    double* x,
) noexcept nogil:
    """No volatility or no time left: paid is what the forward pays. At the strike it is the worthless side."""
    cdef double asset = spot * exp(-dividend * expiry), cash = strike * exp(-rate * expiry)
    cdef double phi = phi_of(code)
    cdef bint paid = phi * (asset - cash) > 0.0
    if not paid:
        return
    if not binary:
        x[0] = phi * (asset - cash)
        x[1] = phi * asset
    elif code & ASSET:
        x[0] = x[1] = amount * asset
    else:
        x[0] = amount * exp(-rate * expiry)


cdef inline bint value(
    int order, bint binary, double spot, double strike, double vol, double expiry, double rate, double dividend,
    double amount, int code, double* out,
) noexcept nogil:
    """Any input at all; false if it lies outside the domain (the outputs are then NaN)."""
    cdef double x[SUMS]
    cdef int i, outputs = SECOND_ORDER if order == 2 else FIRST_ORDER if order == 1 else 1
    if not in_domain(spot, strike, vol, expiry, rate, dividend, amount):
        for i in range(outputs):
            out[i] = NAN
        return any_missing(spot, strike, vol, expiry, rate, dividend, amount)
    for i in range(SUMS):
        x[i] = 0.0
    if vol * square_root(expiry) < SMALLEST_DEVIATION:
        certain_sums(spot, strike, expiry, rate, dividend, amount, binary, code, x)
    elif binary:
        binary_sums_of(order, spot, strike, vol, expiry, rate, dividend, amount, code, x, 1)
    else:
        sums_of(order, spot, strike, vol, expiry, rate, dividend, code, x, 1)
    deliver_plain(order, spot, vol, expiry, rate, rate - dividend, x, out, 1)
    return True


cdef inline double bachelier_inverse(double log_price) noexcept nogil:
    """h with ln[(phi(h) - h N(-h))/h] = log_price, to 6e-4 of it for h < 39."""
    cdef double q = -LOG_SQRT_TWO_PI - log_price
    cdef double z = at_least(q, 0.0) + log1p(exp(-absolute(q)))
    cdef double r = square_root(z)
    cdef double above = ((0.9283645 * r - 0.47041101) * r + 1.69790442) * r + 2.99202971
    cdef double below = (((0.65297966 * r - 0.16537062) * r + 2.4987969) * r + 2.34522701) * r + 2.99644918
    return z * (1.0 + above * r) / (1.0 + below * r)


cdef inline double lower_quantile(double log_probability) noexcept nogil:
    """z with N(-z) = exp(log_probability), to 3e-3 (Abramowitz and Stegun, Handbook of Mathematical Functions, 26.2.22,
    for at most one half)."""
    cdef double t = square_root(at_least(-2.0 * log_probability, 0.0))
    return t - (2.30753 + 0.27061 * t) / (1.0 + t * (0.99229 + 0.04481 * t))


cdef inline double first_deviation(double x, double price, double norm, double room, double least) noexcept nogil:
    """An approximation of s: x = |ln(F/K)|, price out of the money, norm the root of S e^(-qT) K e^(-rT), least the
    smaller of the two and room what is left up to it."""
    cdef double root = square_root(x), centre = 1.4142135623730951 * root
    # of the price over its largest, at a = t
    cdef double share = 0.5 - 0.5 * erfcx(root)
    cdef double part = price / least
    # below: Bachelier's formula in a = |x|/s, its time value shrunk by exp(-t^2/2)
    cdef double tiny = x if x > 1e-300 else 1e-300
    cdef double target = log(price / (norm * tiny)), least_a = 0.7071067811865476 * root
    cdef double a = at_least(bachelier_inverse(target), least_a), t
    t = 0.5 * x / a
    a = at_least(bachelier_inverse(target + at_most(0.5 * t * t, 0.25 * x)), least_a)
    # above: normal quantiles, exact for x = 0 and in the middle for any
    cdef double rest = 1.0 / (1.0 - share), over = (part - share) * rest
    cdef double wide = 2.0 * lower_quantile(log(0.5 * at_least(rest * (room / least), 1e-300)))
    wide = over * SQRT_TWO_PI if over < 0.02 else wide
    return x / a if part < share else centre + (1.0 - share) * wide


cdef inline double deviation_step(double x, double price, double norm, double room, double s) noexcept nogil:
    """A step of Householder's towards the s of a price out of the money."""
    cdef double inverse = 1.0 / s, a = x * inverse, t = 0.5 * s, short = short_step(a, t), far
    cdef double near = mills_pair(a if short != 0.0 else absolute(a - t), a + t, &far)
    # with g the function made zero and b' = exp(-(a^2 + t^2)/2)/sqrt(2 pi): g/g', b''/b' and b'''/b'
    cdef double power = exp(at_least(-0.5 * (a * a + t * t), -730.0))
    cdef double second = a * a * inverse - 0.25 * s
    cdef double third = second * second - 3.0 * (a * inverse) * (a * inverse) - 0.25
    cdef double below = 1.0 if a >= t else 0.0
    cdef double part = near - far if below != 0.0 else near + far
    cdef double target = price, slope, log_share, log_target, log_price, bend, twist, step
    part = tails_apart(a, t, near) if short != 0.0 else part
    target = target if (1.0 if short != 0.0 else below) != 0.0 else room
    target = target / norm
    slope = 1.0 / (SQRT_TWO_PI * part)
    part = target / (power * part)
    log_share = log(part)
    # below: 1/ln b
    log_target = log(target)
    log_price = 1.0 / (log_target - log_share)
    step = log_share / (slope * (log_price * log_target))
    bend = second - slope * (1.0 + 2.0 * log_price)
    twist = third + 2.0 * slope * slope * (1.0 + 3.0 * log_price * (1.0 + log_price)) - 3.0 * second * slope * (
        1.0 + 2.0 * log_price)
    # above: ln(b_max - b), or b while s is small
    step = step if below != 0.0 else (part - 1.0 if short != 0.0 else -log_share) / slope
    bend = bend if below != 0.0 else second + (0.0 if short != 0.0 else slope)
    twist = twist if below != 0.0 else third + (
        0.0 if short != 0.0 else slope * (2.0 * slope + 3.0 * second))
    step = step * (1.0 + 0.5 * bend * step) / (1.0 + step * (bend + twist * step * (1.0 / 6.0)))
    return at_most(at_least(step, -0.5 * s), s)


cdef inline double time_value(
    double price, double asset, double cash, double phi, double doubt, double* room,
) noexcept nogil:
    """What a price is worth out of the money, 0 if that is nothing or less by no more than the doubt; room is how far
    the price lies below its bound."""
    cdef double gap = asset - cash, value
    # the rounding of the difference
    cdef double lost = (asset - gap) - cash if asset > cash else asset - (cash + gap)
    value = price - phi * gap
    value = value - phi * lost
    value = value if phi * gap > 0.0 else price
    room[0] = (asset if phi > 0.0 else cash) - price
    return 0.0 if (value < 0.0) & (value >= -doubt) else value


cdef inline double doubt_of(
    double price, double asset, double cash, double rate, double dividend, double expiry,
) noexcept nogil:
    """How far a rounded price and two discounted amounts may be off."""
    cdef double exponent = absolute(rate * expiry) + absolute(dividend * expiry)
    return 1.2e-16 * price + (2.3e-16 * (asset + cash) * (2.0 + exponent) if exponent > 0.0 else 0.0)


cdef inline double product_pair(double a, double a_low, double b, double b_low, double* low) noexcept nogil:
    cdef double product = a * b
    low[0] = product_tail(a, b, product) + (a * b_low + a_low * b)
    return product


cdef inline double discounted(double amount, double rate, double expiry, double* low) noexcept nogil:
    """amount e^(-rate expiry)"""
    cdef double exponent = rate * expiry, factor_low
    cdef double factor = exp_pair(
        at_least(at_most(-exponent, 690.0), -690.0), -product_tail(rate, expiry, exponent), &factor_low)
    return product_pair(amount, 0.0, factor, factor_low, low)


cdef inline double tails_of_short_step(double a, double t, double at_a, double at_a_low, double* low) noexcept nogil:
    """`tails_apart` in two parts."""
    cdef double inside_low, width_low, square = a * a, step = t * t
    cdef double inside = product_pair(a, 0.0, at_a, at_a_low, &inside_low)
    inside = product_pair(inside, inside_low, SQRT_TWO_PI, SQRT_TWO_PI_TAIL, &inside_low)
    cdef double y1 = 1.0 - inside
    cdef double y1_low = ((1.0 - y1) - inside) - inside_low
    cdef double sum = after_first(square, step, y1) * step
    cdef double whole = y1 + sum
    cdef double width = product_pair(t, 0.0, SQRT_TWO_OVER_PI, SQRT_TWO_OVER_PI_TAIL, &width_low)
    return product_pair(width, width_low, whole, sum_tail(y1, sum, whole) + y1_low, low)


cdef inline double tails_of(
    double a, double a_low, double t, double short, double below, double* low,
) noexcept nogil:
    """The tails that a price is a difference or a sum of, over the density, in two parts."""
    cdef double near_low, far_low, short_low
    cdef double apart = a - t, together = a + t
    cdef double apart_tail = sum_tail(a, -t, apart), sign = 1.0 if apart >= 0.0 else -1.0
    cdef double near = mills_two(
        a if short != 0.0 else sign * apart, 0.0 if short != 0.0 else sign * apart_tail, &near_low)
    cdef double far = mills_two(together, sum_tail(a, t, together), &far_low)
    cdef double series = tails_of_short_step(a, t, near, near_low, &short_low)
    cdef double signed = -far if below != 0.0 else far
    cdef double signed_low = -far_low if below != 0.0 else far_low
    cdef double sum = near + signed
    cdef double sum_low = sum_tail(near, signed, sum) + (near_low + signed_low)
    # the derivatives in a: those of the density and of the tails together
    cdef double slope = -(near + far) if below != 0.0 else far - near
    slope = -2.0 * near if short != 0.0 else slope
    low[0] = (short_low if short != 0.0 else sum_low) + (t * slope) * a_low
    return series if short != 0.0 else sum


cdef inline double last_digits(
    double price, double spot, double strike, double expiry, double rate, double dividend, double phi, double s,
) noexcept nogil:
    """The volatility of an ordinary option from a deviation that is right to a few units in the last place."""
    cdef double gap_rate = rate - dividend, sum_rate = rate + dividend
    cdef double log_low, drift_low, mean_low, density_low, part_low, norm_low, model_low, asset_low, cash_low
    cdef double log_part = log_ratio_pair(spot, strike, &log_low)
    cdef double drift = product_pair(gap_rate, sum_tail(rate, -dividend, gap_rate), expiry, 0.0, &drift_low)
    cdef double x = log_part + drift
    cdef double x_low = sum_tail(log_part, drift, x) + (log_low + drift_low)
    cdef double mean = -0.5 * product_pair(sum_rate, sum_tail(rate, dividend, sum_rate), expiry, 0.0, &mean_low)
    x_low = x_low if x >= 0.0 else -x_low
    x = absolute(x)
    cdef double t = 0.5 * s, a = x / s, product = a * s
    cdef double a_low = (((x - product) - product_tail(a, s, product)) + x_low) / s
    cdef double short = short_step(a, t), below = 1.0 if a >= t else 0.0
    # D e^(-(r + q) T/2)
    cdef double aa = a * a, tt = t * t, squares = aa + tt
    cdef double squares_low = sum_tail(aa, tt, squares) + (product_tail(a, a, aa) + product_tail(t, t, tt))
    cdef double exponent = mean - 0.5 * squares
    cdef double density = exp_pair(
        at_least(exponent, -690.0), sum_tail(mean, -0.5 * squares, exponent) - 0.5 * (mean_low + squares_low),
        &density_low)
    cdef double part = tails_of(a, a_low, t, short, below, &part_low)
    # sqrt(S K)
    cdef double both = spot * strike, norm = square_root(both), square = norm * norm
    norm_low = (((both - square) - product_tail(norm, norm, square)) + product_tail(spot, strike, both)) * (0.5 / norm)
    norm = product_pair(norm, norm_low, density, density_low, &norm_low)
    cdef double model = product_pair(norm, norm_low, part, part_low, &model_low)
    # the price out of the money, or what is left up to its bound
    cdef double asset = discounted(spot, dividend, expiry, &asset_low)
    cdef double cash = discounted(strike, rate, expiry, &cash_low)
    cdef double gap = phi * (asset - cash)
    cdef double gap_low = phi * (sum_tail(asset, -cash, phi * gap) + (asset_low - cash_low))
    cdef double bound = asset if phi > 0.0 else cash, bound_low = asset_low if phi > 0.0 else cash_low
    cdef double out = 1.0 if short != 0.0 else below
    cdef double taken = gap if gap > 0.0 else 0.0, taken_low = gap_low if gap > 0.0 else 0.0
    cdef double first = price if out != 0.0 else bound, second = taken if out != 0.0 else price
    cdef double target = first - second
    cdef double target_low = sum_tail(first, -second, target) + (-taken_low if out != 0.0 else bound_low)
    cdef double step = ((target - model) + (target_low - model_low)) / (norm * ONE_OVER_SQRT_TWO_PI)
    step = step if out != 0.0 else -step
    # Halley's: of an option in the money the first price may have been rounded by many units of its time value
    step = step / (1.0 + 0.5 * step * (a * a / s - 0.25 * s))
    # also where it is NaN
    step = step if absolute(step) < SMALL_STEP * s else 0.0
    cdef double root = square_root(expiry), whole = root * root
    cdef double root_low = ((expiry - whole) - product_tail(root, root, whole)) * (0.5 / root)
    cdef double vol = s / root, again = vol * root
    return vol + (((s - again) - product_tail(vol, root, again)) + (step - vol * root_low)) / root


cdef inline double solve_deviation(double x, double price, double norm, double room, double least) noexcept nogil:
    """s of any price out of the money, between 0 and its bound: Householder's steps between bounds that close in."""
    cdef double low = 0.0, high = INFINITY, s = first_deviation(x, price, norm, room, least), step, next
    if not 0.0 < s < INFINITY:
        s = 1.0
    for _ in range(MOST_STEPS):
        step = deviation_step(x, price, norm, room, s)
        if step > 0.0:
            low = s
        elif step < 0.0:
            high = s
        else:
            return s if step == 0.0 else NAN
        next = s + step
        if absolute(step) < LAST_STEP * s:
            return next
        if not low < next < high:
            next = 2.0 * s if high == INFINITY else square_root(low) * square_root(high) if low > 0.0 else 0.5 * s
        s = next
    return s


cdef inline double solve_tail(double x, double log_target) noexcept nogil:
    """s of a price over the norm that is less than the normal numbers, from its logarithm."""
    cdef double s = x / square_root(-2.0 * log_target), a, t, part, log_price, near, far, step = s
    for _ in range(MOST_STEPS):
        a = x / s
        t = 0.5 * s
        near = mills_pair(a if short_step(a, t) != 0.0 else absolute(a - t), a + t, &far)
        part = tails_apart(a, t, near) if short_step(a, t) != 0.0 else near - far
        log_price = log(part) - 0.5 * (a * a + t * t)
        # Newton's, on 1/ln b
        step = (log_target - log_price) * log_price / log_target * (SQRT_TWO_PI * part)
        s += step
        if absolute(step) <= 1e-15 * s:
            break
    return s


cdef inline bint implied(
    double price, double spot, double strike, double expiry, double rate, double dividend, int kind, double* vol,
) noexcept nogil:
    """The volatility of any price at all; false if there is none (the result is then NaN)."""
    cdef double phi = phi_of(kind), asset, cash, value, room, scale = 1.0, x, norm
    vol[0] = NAN
    if not in_domain(spot, strike, 1.0, expiry, rate, dividend, price):
        return any_missing(spot, strike, 1.0, expiry, rate, dividend, price)
    # prices may be measured in any currency
    if spot < 1e-100 and strike < 1e-100:
        scale = 1e100
    elif spot > 1e100 or strike > 1e100:
        scale = 1e-100
    asset = spot * scale * exp(-dividend * expiry)
    cash = strike * scale * exp(-rate * expiry)
    value = time_value(
        price * scale, asset, cash, phi, doubt_of(price * scale, asset, cash, rate, dividend, expiry), &room)
    if not (expiry > 0.0 and price >= 0.0 and value >= 0.0 and room > 0.0 and asset > 0.0 and cash > 0.0):
        return False
    if value == 0.0:
        vol[0] = 0.0
        return True
    x = absolute(log_ratio(spot * scale, strike * scale) + (rate - dividend) * expiry)
    norm = square_root(asset) * square_root(cash)
    if value < 1e-290 * norm and x > 0.0:
        vol[0] = solve_tail(x, log(value) - log(norm)) / square_root(expiry)
    else:
        vol[0] = solve_deviation(x, value, norm, room, asset if asset < cash else cash)
        if ordinary_option(spot, strike, 1.0, expiry, rate, dividend) != 0.0:
            vol[0] = last_digits(price, spot, strike, expiry, rate, dividend, phi, vol[0])
        else:
            vol[0] = vol[0] / square_root(expiry)
    return vol[0] == vol[0]


cdef inline double bachelier_value(double gap, double deviation) noexcept nogil:
    """The price out of the money, gap |F - K| and deviation sigma sqrt T > 0."""
    cdef double h = gap / deviation
    cdef double part = 1.0 - h * (SQRT_TWO_PI * mills(h))
    return deviation * ONE_OVER_SQRT_TWO_PI * exp(at_least(-0.5 * h * h, -745.0)) * at_least(part, 0.0)


cdef inline bint bachelier(
    double forward, double strike, double vol, double expiry, double rate, int kind, double* price,
) noexcept nogil:
    """Any input at all; false if it lies outside the domain. Prices may be negative here."""
    cdef double s = vol * square_root(expiry), gap = absolute(forward - strike)
    price[0] = NAN
    if not (
        absolute(forward) < INFINITY and absolute(strike) < INFINITY and 0.0 <= vol < INFINITY
        and 0.0 <= expiry < INFINITY and absolute(rate) < INFINITY
    ):
        return forward != forward or strike != strike or vol != vol or expiry != expiry or rate != rate
    price[0] = bachelier_value(gap, s) if s > 0.0 else 0.0
    price[0] = exp(-rate * expiry) * (price[0] + at_least(phi_of(kind) * (forward - strike), 0.0))
    return True


cdef enum:
    # price, delta, gamma, vega, theta, rho, vanna, volga, charm
    NORMAL_OUTPUTS = 9


cdef inline void bachelier_outputs(
    double forward, double strike, double vol, double expiry, double rate, int kind, double* out, Py_ssize_t step,
) noexcept nogil:
    """Price and derivatives for sigma sqrt T > 0; outputs are so many places apart."""
    cdef double phi = phi_of(kind), root = square_root(expiry), s = vol * root, d = (forward - strike) / s
    cdef double h = absolute(d), discount = exp(-rate * expiry)
    cdef double fade = exp(at_least(-0.5 * h * h, -745.0)), tail = mills(h)
    cdef double density = discount * ONE_OVER_SQRT_TWO_PI * fade
    # N(-h) and N(phi d)
    cdef double beyond = fade * tail, inside = 1.0 - beyond if phi * d > 0.0 else beyond
    cdef double price = s * density * at_least(1.0 - h * (SQRT_TWO_PI * tail), 0.0) + (
        discount * at_least(phi * (forward - strike), 0.0))
    cdef double delta = phi * discount * inside
    out[0] = price
    out[step] = delta
    out[2 * step] = density / s
    out[3 * step] = root * density
    out[4 * step] = rate * price - 0.5 * vol * density / root
    out[5 * step] = -expiry * price
    out[6 * step] = -density * d / vol
    out[7 * step] = root * density * (d * d) / vol
    out[8 * step] = rate * delta + 0.5 * density * d / expiry


cdef inline bint bachelier_greeks(
    double forward, double strike, double vol, double expiry, double rate, int kind, double* out,
) noexcept nogil:
    """Any input at all; false if it lies outside the domain. Without volatility or time the payoff is sure."""
    cdef double s = vol * square_root(expiry), phi = phi_of(kind), discount
    cdef int i
    for i in range(NORMAL_OUTPUTS):
        out[i] = NAN
    if not (
        absolute(forward) < INFINITY and absolute(strike) < INFINITY and 0.0 <= vol < INFINITY
        and 0.0 <= expiry < INFINITY and absolute(rate) < INFINITY
    ):
        return forward != forward or strike != strike or vol != vol or expiry != expiry or rate != rate
    if s > 0.0:
        bachelier_outputs(forward, strike, vol, expiry, rate, kind, out, 1)
        return True
    discount = exp(-rate * expiry)
    for i in range(NORMAL_OUTPUTS):
        out[i] = 0.0
    if phi * (forward - strike) > 0.0:
        out[0] = discount * (phi * (forward - strike))
        out[1] = phi * discount
        out[4] = rate * out[0]
        out[5] = -expiry * out[0]
        out[8] = rate * out[1]
    return True


cdef inline double halley_step(double price, double least, double h) noexcept nogil:
    """From h = gap/(sigma sqrt T) to a better one, on the logarithm of the price out of the money over the gap."""
    cdef double tail = SQRT_TWO_PI * mills(h), part = 1.0 - h * tail
    cdef double step = -h * part * log(price * h / (least * ONE_OVER_SQRT_TWO_PI * exp(-0.5 * h * h) * part))
    return h + step / (1.0 - 0.5 * step * (1.0 / h + h - tail / part))


cdef inline double bachelier_deviation(double gap, double price) noexcept nogil:
    """The sigma sqrt T of a price out of the money > 0: two of Halley's steps in h = gap/(sigma sqrt T)."""
    cdef double least = gap if gap > 1e-290 else 1e-290
    cdef double h = bachelier_inverse(log(price / least))
    h = halley_step(price, least, h)
    h = halley_step(price, least, h)
    return least / h if gap > 0.0 else price * SQRT_TWO_PI


cdef inline bint bachelier_implied(
    double price, double forward, double strike, double expiry, double rate, int kind, double* vol,
) noexcept nogil:
    """The volatility of any price at all; false if there is none."""
    cdef double gap = forward - strike, phi = phi_of(kind), value
    vol[0] = NAN
    if not (
        absolute(forward) < INFINITY and absolute(strike) < INFINITY and 0.0 <= expiry < INFINITY
        and absolute(rate) < INFINITY and absolute(price) < INFINITY
    ):
        return price != price or forward != forward or strike != strike or expiry != expiry or rate != rate
    value = price * exp(rate * expiry)
    value = value - phi * gap if phi * gap > 0.0 else value
    if value < 0.0 and rate != 0.0 and value >= -4.5e-16 * absolute(gap) * (1.0 + absolute(rate) * expiry):
        value = 0.0
    if not (expiry > 0.0 and price >= 0.0 and value >= 0.0):
        return False
    vol[0] = bachelier_deviation(absolute(gap), value) / square_root(expiry) if value > 0.0 else 0.0
    return True
