# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Double-barrier options and touches: value and derivatives, by images or by eigenfunctions.

Letters: x = ln S, l = ln L, u = ln U, w = u - l, b = r - q, nu = b/sigma^2 - 1/2, v = sigma^2 T, s = sqrt v. Paths
that touch neither barrier have the density exp(nu (y - x) - nu^2 v/2) k(x, y), with k in one of two ways:

    images           sum over n of [phi((y - x + 2 n w)/s) - phi((y + x - 2 l + 2 n w)/s)] / s
    eigenfunctions   2/w sum over n >= 1 of sin(n pi (x - l)/w) sin(n pi (y - l)/w) exp(-n^2 pi^2 v/(2 w^2))

(Kunitomo and Ikeda, Mathematical Finance 2, 1992; Pelsser, Finance and Stochastics 4, 2000; Haug, The Complete Guide to
Option Pricing Formulas, 2nd ed., 2007, p. 156). The first needs about 4 s/w terms on each side, the second 3 w/s. Seven
images leave out at most exp(-4 w^2/v) of the scale, exp(-36) at s/w = 1/3. An eigenfunction costs a third of an image,
so eigenfunctions, 13 of them, take over at s/w = 0.24. With a strong drift they cancel, by up to
exp(|nu| w - nu^2 v/2), and take over only at 1/3.

An image at z = x + D is exp(nu D) times the plain value of its payoff for the spot exp(z): the plain value's
derivatives in z give all others, as in `single`. A density at an end a of the payoff is exp(-(a - x - nu v)^2/(2 v))
times exp(-2 p q/v), p and q distances inside of the corridor, so no exponent is ever a difference of large numbers.

The hit of one barrier before the other is worth exp(nu (u - x)) J, J the value for a driftless motion that is killed at
the rate kappa/2, kappa = nu^2 + 2 r/sigma^2. It is a sum over images again, or (Hui, Applied Financial Economics 6,
1996) the value without an end, sinh(lambda (x - l))/sinh(lambda w) with lambda^2 = kappa, less eigenfunctions.
"""

from shortgamma.kernels.barrier._corridor cimport (
    AT_EXPIRY, BASIC, IN, KIKO, KINDS, KOKI, NEGLIGIBLE, OUT, PUT, TOUCH, Frame, Option, by_images, corridor_sign,
    pays_hit, prepare, survivors,
)
from shortgamma.kernels.barrier._eigenfunctions cimport EIGENFUNCTIONS
from shortgamma.kernels.barrier._hits cimport NEAR_POLE
from shortgamma.kernels.barrier._option cimport (
    AT_EXPIRY as SINGLE_AT_EXPIRY, OUT as SINGLE_OUT, PRICE, PUT as SINGLE_PUT, SECOND_ORDER, TOUCH as SINGLE_TOUCH,
    UP as SINGLE_UP, Option as SingleOption, not_negative, outputs_of,
)
from shortgamma.kernels.barrier._rebate cimport PI, SMALL_LAMBDA
cimport shortgamma.kernels.barrier.single as single
from shortgamma.kernels.barrier.single cimport SMALLEST_DEVIATION
from shortgamma.kernels.numeric.jets cimport Jet
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, NAN, ONE_OVER_SQRT_TWO_PI, absolute, at_least, at_most, exp, log_ratio, mills, square_root,
)

cdef enum:
    # the spot itself, and its mirrors
    IMAGES = 7

cdef struct End:
    # of a payoff: where from x, the price there, how far from the lower and from the upper barrier
    double position
    double level
    double low
    double high
    # e^(-rT) exp(-d^2/2)
    double density

cdef struct Payoff:
    # units S + cash between both ends
    double units
    double cash
    End first
    End last

cdef struct Image:
    # 1, or mirrored -1; D, and how often it counts
    double mirror
    double offset
    double weight
    # exp(nu D) S e^(D - qT) and exp(nu D - rT), needed only where the ends lie on both sides of the centre
    double asset
    double cash

cdef struct Mirror:
    # an image by its number: 1, or mirrored -1; D is twice its p, upwards or downwards; of which p and q are sums
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


cdef inline Mirror mirror_of(int number) noexcept nogil:
    """The images but the first, the spot itself. q also counts the distances of an end from both barriers."""
    cdef Mirror mirror
    cdef bint up = number % 2 == 0, straight = number == 3 or number == 4
    mirror.mirror = 1.0 if straight else -1.0
    mirror.upward = 1.0 if up else -1.0
    mirror.p_below = 0.0 if up or straight else 1.0
    mirror.p_above = 1.0 if up and not straight else 0.0
    mirror.p_width = 1.0 if number >= 3 else 0.0
    mirror.q_below = 1.0 if up and straight else 0.0
    mirror.q_above = 1.0 if straight and not up else 0.0
    mirror.q_width = 1.0 if number >= 5 else 0.0
    mirror.q_low = 0.0 if up else 1.0
    mirror.q_high = 1.0 if up else 0.0
    return mirror


cdef inline double mirror_distance(const Mirror* mirror, const Frame* frame) noexcept nogil:
    """p"""
    return mirror.p_below * frame.below + mirror.p_above * frame.above + mirror.p_width * frame.width


cdef inline double mirror_fade(const Mirror* mirror, const Frame* frame, double low, double high) noexcept nogil:
    """2 p q/v, how much less of a density at an end this image has than the first, in logarithms."""
    cdef double inverse = 1.0 / frame.deviation
    cdef double q = (
        mirror.q_below * frame.below + mirror.q_above * frame.above + mirror.q_width * frame.width
        + mirror.q_low * low + mirror.q_high * high
    )
    return 2.0 * (mirror_distance(mirror, frame) * inverse) * (q * inverse)


cdef inline void full_amounts(double offset, const Frame* frame, Image* image) noexcept nogil:
    """What an image has of the asset and of cash if the centre lies between the ends; then no exponent is above 1."""
    image.asset = frame.asset * exp(at_most((frame.nu + 1.0) * offset, 1.0))
    image.cash = frame.discount * exp(at_most(frame.nu * offset, 1.0))


cdef inline double end_density(double position, double level, const Frame* frame) noexcept nogil:
    """From the asset, so that it rounds as it does in `single`."""
    cdef double a = position * (1.0 / frame.deviation) - frame.shift - frame.deviation
    return frame.asset / level * exp(-0.5 * a * a)


cdef inline void payoff_of(const Option* option, const Frame* frame, Payoff* payoff) noexcept nogil:
    """The payoff inside of the corridor."""
    cdef double width = frame.width
    cdef double strike_low = log_ratio(option.strike, option.lower)
    cdef double strike_high = log_ratio(option.upper, option.strike)
    cdef double level = at_most(at_least(option.strike, option.lower), option.upper)
    cdef double low = at_least(strike_low if option.strike < option.upper else width, 0.0)
    cdef double high = at_least(strike_high if option.strike > option.lower else width, 0.0)
    cdef double position = at_most(at_least(frame.log_strike, -frame.below), frame.above)
    cdef bint put = option.kind & PUT != 0
    payoff.units = 1.0 - 2.0 * (1.0 if put else 0.0)
    payoff.cash = -payoff.units * option.strike
    payoff.first.position = -frame.below if put else position
    payoff.first.level = option.lower if put else level
    payoff.first.low = 0.0 if put else low
    payoff.first.high = width if put else high
    payoff.last.position = position if put else frame.above
    payoff.last.level = level if put else option.upper
    payoff.last.low = low if put else width
    payoff.last.high = high if put else 0.0
    payoff.first.density = end_density(payoff.first.position, payoff.first.level, frame)
    payoff.last.density = end_density(payoff.last.position, payoff.last.level, frame)


cdef inline void survival_of(double amount, const Option* option, const Frame* frame, Payoff* payoff) noexcept nogil:
    """An amount in cash anywhere inside of the corridor."""
    payoff.units = 0.0
    payoff.cash = amount
    payoff.first.position = -frame.below
    payoff.first.level = option.lower
    payoff.first.low = 0.0
    payoff.first.high = frame.width
    payoff.last.position = frame.above
    payoff.last.level = option.upper
    payoff.last.low = frame.width
    payoff.last.high = 0.0
    payoff.first.density = end_density(payoff.first.position, payoff.first.level, frame)
    payoff.last.density = end_density(payoff.last.position, payoff.last.level, frame)


cdef inline double pays_inside(const Option* option) noexcept nogil:
    """How the corridor's value stands in the option: exactly 0, not nearly, if nothing is paid inside of it."""
    cdef double room = option.strike - option.lower if option.kind & PUT else option.upper - option.strike
    return corridor_sign(option.kind) if room > 0.0 else 0.0


cdef inline double pays_beyond(const Option* option) noexcept nogil:
    """How far the strike of an option's payoff lies beyond the corridor, > 0 if it begins there."""
    return option.strike - option.upper if option.kind & PUT else option.lower - option.strike


cdef inline double direct_weight(bint images, const Option* option) noexcept nogil:
    """How often the image without a mirror counts: 0 where eigenfunctions do all."""
    cdef double inside = pays_inside(option) if images else 0.0
    cdef double weight = absolute(corridor_sign(option.kind)) if option.kind & BASIC == IN else inside
    return 0.0 if option.kind & BASIC >= KIKO else weight


cdef inline void direct_payoff(bint images, const Option* option, const Frame* frame, Payoff* payoff) noexcept nogil:
    """From the payoff inside of the corridor that of the image without a mirror: the same in a knock-out; in a knock-in
    what the plain option has beyond the corridor, so that nothing cancels, or all of the plain option where
    eigenfunctions do the rest."""
    cdef bint put = option.kind & PUT != 0
    cdef bint knock_in = option.kind & BASIC == IN
    cdef bint beyond = option.strike < option.lower if put else option.strike > option.upper
    cdef bint whole = beyond if images else True
    cdef double position = -frame.below if put else frame.above, level = option.lower if put else option.upper
    cdef double density, beyond_up, beyond_down
    position = frame.log_strike if whole else position
    level = option.strike if whole else level
    density = end_density(position, level, frame)
    # an end without density, beyond every centre
    beyond_up = at_least(position, frame.deviation * (frame.shift + frame.deviation)) + frame.deviation
    beyond_down = at_most(position, frame.deviation * frame.shift) - frame.deviation
    if knock_in:
        payoff.first.position = beyond_down if put else position
        payoff.last.position = position if put else beyond_up
        payoff.first.level = payoff.last.level = level
        payoff.first.density = 0.0 if put else density
        payoff.last.density = density if put else 0.0


cdef inline double outside_payoff(const Option* option, const Frame* frame, Payoff* payoff) noexcept nogil:
    """From the payoff inside of the corridor that of a knock-in from the strike to the corridor, where it begins
    before; and its weight."""
    cdef bint put = option.kind & PUT != 0
    cdef double edge = payoff.last.position if put else payoff.first.position
    cdef double edge_level = payoff.last.level if put else payoff.first.level
    payoff.first.position = edge if put else frame.log_strike
    payoff.first.level = edge_level if put else option.strike
    payoff.last.position = frame.log_strike if put else edge
    payoff.last.level = option.strike if put else edge_level
    payoff.first.density = end_density(payoff.first.position, payoff.first.level, frame)
    payoff.last.density = end_density(payoff.last.position, payoff.last.level, frame)
    # exactly nothing, not nearly, elsewhere
    return 1.0 if (option.kind & (BASIC | TOUCH) == IN) & (pays_beyond(option) > 0.0) else 0.0


cdef inline double outer_payoff(
    bint images, const Option* option, const Frame* frame, Payoff* payoff, double* offset, double* first_faded,
    double* last_faded,
) noexcept nogil:
    """What an option in at one barrier and out at the other has where the second is all there is: the payoff beyond the
    first, or where eigenfunctions do the rest, on the living side of the second. Its weight; and of its mirror image in
    the second barrier the offset and the densities."""
    cdef bint put = option.kind & PUT != 0, down = option.kind & BASIC == KIKO, at_lower = down == images
    cdef double inverse = 1.0 / frame.deviation, away = frame.above if down else frame.below
    cdef double edge = -frame.below if at_lower else frame.above
    cdef double edge_level = option.lower if at_lower else option.upper
    cdef double edge_room = frame.width if down == at_lower else 0.0
    cdef double strike_room = at_least(
        log_ratio(option.upper, option.strike) if down else log_ratio(option.strike, option.lower), 0.0)
    cdef double edge_density = end_density(edge, edge_level, frame)
    cdef double strike_density = end_density(frame.log_strike, option.strike, frame)
    # without branches, which compilers would not vectorise
    cdef bint first_is_strike = (not put) & (down | (option.strike > edge_level))
    cdef bint last_is_strike = put & ((not down) | (option.strike < edge_level))
    cdef double centre = frame.deviation * frame.shift, most, least, weight
    weight = 0.0 if (not put) & down & (option.strike >= edge_level) else 1.0
    weight = 0.0 if put & (not down) & (option.strike <= edge_level) else weight
    weight = weight if option.kind & (KIKO | TOUCH) == KIKO else 0.0
    payoff.units = 1.0 - 2.0 * (1.0 if put else 0.0)
    payoff.cash = -payoff.units * option.strike
    offset[0] = 2.0 * away if down else -2.0 * away
    payoff.first.position = frame.log_strike if first_is_strike else edge
    payoff.last.position = frame.log_strike if last_is_strike else edge
    payoff.first.level = option.strike if first_is_strike else edge_level
    payoff.last.level = option.strike if last_is_strike else edge_level
    # an end at infinity has no density, and lies beyond every centre
    most = at_least(at_least(payoff.first.position, centre), centre + offset[0]) + frame.deviation * (
        frame.deviation + 1.0)
    least = at_most(at_most(payoff.last.position, centre), centre + offset[0]) - frame.deviation
    payoff.first.density = strike_density if first_is_strike else edge_density
    payoff.last.density = strike_density if last_is_strike else edge_density
    payoff.first.density = 0.0 if put & down else payoff.first.density
    payoff.last.density = payoff.last.density if put | down else 0.0
    payoff.first.position = least if put & down else payoff.first.position
    payoff.last.position = payoff.last.position if put | down else most
    first_faded[0] = payoff.first.density * exp(
        -2.0 * (away * inverse) * ((strike_room if first_is_strike else edge_room) * inverse))
    last_faded[0] = payoff.last.density * exp(
        -2.0 * (away * inverse) * ((strike_room if last_is_strike else edge_room) * inverse))
    return weight


cdef inline double tail_between(
    double full, double tail_first, double tail_last, bint first_beyond, bint last_beyond,
) noexcept nogil:
    """full (N(last) - N(first)), from the tails; beyond: the end is above the centre."""
    cdef double until = -tail_last if last_beyond else tail_last
    cdef double since = -tail_first if first_beyond else tail_first
    cdef double between = full if last_beyond else 0.0
    between = between - (full if first_beyond else 0.0)
    return between + (until - since)


cdef inline void add_image(
    int order, const Image* image, const Payoff* payoff, const Option* option, const Frame* frame, Jet* jet,
) noexcept nogil:
    """Add one image of a payoff, whose densities have exp(nu D) in them."""
    cdef double vol = option.vol, expiry = option.expiry, drift = option.rate - option.dividend, nu = frame.nu
    cdef double weight = image.weight, mirror = image.mirror, offset = image.offset
    cdef double units = payoff.units, cash = payoff.cash
    cdef double first_level = payoff.first.level, last_level = payoff.last.level
    cdef double first_density = payoff.first.density, last_density = payoff.last.density
    cdef double inverse = 1.0 / frame.deviation
    cdef double c1 = (payoff.first.position - offset) * inverse - frame.shift
    cdef double c2 = (payoff.last.position - offset) * inverse - frame.shift
    cdef double a1 = c1 - frame.deviation, a2 = c2 - frame.deviation
    cdef double asset_part = weight * units * tail_between(
        image.asset, first_density * first_level * mills(absolute(a1)), last_density * last_level * mills(absolute(a2)),
        a1 > 0.0, a2 > 0.0)
    cdef double cash_part = weight * cash * tail_between(
        image.cash, first_density * mills(absolute(c1)), last_density * mills(absolute(c2)), c1 > 0.0, c2 > 0.0)
    cdef double y0 = asset_part + cash_part, y1, d21, d32, d43, y2, y3, y4, t1, t2
    cdef double g1, g2, p1, p2, q1, q2, h1, h2, n1, n2, paid, paid1, paid2, paid3, part, part1, part2
    cdef double m, m_nu, vega, w, w_offset, variance
    jet.value += y0
    if order >= 1:
        variance = vol * vol
        vega = vol * expiry
        w = -2.0 * drift / (variance * vol)
        w_offset = w * offset
        m = nu * (1.0 - mirror)
        m_nu = mirror - 1.0
        g1 = weight * first_density * ONE_OVER_SQRT_TWO_PI * inverse
        g2 = -weight * last_density * ONE_OVER_SQRT_TWO_PI * inverse
        # the payoff at its ends, all of it and the asset alone
        p1 = (units * first_level + cash) * g1
        p2 = (units * last_level + cash) * g2
        q1 = units * first_level * g1
        q2 = units * last_level * g2
        h1 = c1 * inverse
        h2 = c2 * inverse
        paid = p1 + p2
        paid1 = p1 * h1 + p2 * h2
        part = q1 + q2
        y1 = asset_part + paid
        d21 = part + (paid1 - paid)
        y2 = y1 + d21
        t1 = mirror * (m * y0 + y1)
        t2 = m * (m * y0 + 2.0 * y1) + y2
        jet.x += t1
        jet.xx += t2
        jet.sigma += vega * d21 + w_offset * y0
        jet.r += expiry * (y1 - y0) + (offset / variance) * y0
        jet.q -= expiry * y1 + (offset / variance) * y0
        if order >= 2:
            n1 = h1 * h1 - inverse * inverse
            n2 = h2 * h2 - inverse * inverse
            paid2 = p1 * n1 + p2 * n2
            paid3 = p1 * h1 * (n1 - 2.0 * inverse * inverse) + p2 * h2 * (n2 - 2.0 * inverse * inverse)
            part1 = q1 * h1 + q2 * h2
            part2 = q1 * n1 + q2 * n2
            d32 = part1 + (paid2 - paid1)
            d43 = part2 + (paid3 - paid2)
            y3 = y2 + d32
            y4 = y3 + d43
            jet.xxx += mirror * (m * (m * (m * y0 + 3.0 * y1) + 3.0 * y2) + y3)
            jet.xxxx += m * (m * (m * (m * y0 + 4.0 * y1) + 6.0 * y2) + 4.0 * y3) + y4
            jet.x_sigma += vega * mirror * (m * d21 + d32) + w * (m_nu * y0 + offset * t1)
            jet.xx_sigma += vega * (m * (m * d21 + 2.0 * d32) + d43) + w * (2.0 * m_nu * t1 + offset * t2)
            jet.sigma_sigma += (
                expiry * d21 + vega * vega * (d43 - d32) + 2.0 * w_offset * vega * d21
                + (6.0 * drift / (variance * variance) * offset + w_offset * w_offset) * y0
            )


cdef inline double ordinary(const Option* option) noexcept nogil:
    """1 where the straight-line functions are right, else 0, as in `single`: alive, no extreme number, and a kappa that
    they can do with if a hit is paid for."""
    cdef double drift = option.rate - option.dividend, variance = option.vol * option.vol
    cdef double nu = drift / variance - 0.5
    cdef double clock = 0.0 if option.kind & AT_EXPIRY else 1.0
    cdef double kappa = nu * nu + 2.0 * clock * option.rate / variance
    cdef double w = log_ratio(option.upper, option.lower), expiry = option.expiry
    cdef double hits = option.rebate * (pays_hit(option.kind, True) + pays_hit(option.kind, False))
    cdef double amounts = option.spot + option.strike + option.lower + option.upper + absolute(option.rebate)
    cdef double rates = absolute(option.rate) + absolute(option.dividend)
    # either series will do, whichever it is, but where only one of them comes into question
    cdef double images = 1.0 if kappa * variance * expiry > SMALL_LAMBDA else 0.0
    cdef double waves = 1.0 if kappa * w * w > NEAR_POLE else 0.0
    cdef double good = 1.0 if variance * expiry > 0.12 * w * w else images
    good = good if variance * expiry < 0.05 * w * w else good * waves
    good = 1.0 if hits == 0.0 else good
    good = good if option.spot > option.lower else 0.0
    good = good if option.spot < option.upper else 0.0
    good = good if option.strike > 1e-20 else 0.0
    good = good if option.lower > 1e-20 else 0.0
    good = good if amounts < 1e20 else 0.0
    good = good if option.vol > 1e-4 else 0.0
    good = good if option.vol < 1e2 else 0.0
    good = good if expiry > 1e-10 else 0.0
    good = good if expiry < 1e3 else 0.0
    good = good if rates < 1e2 else 0.0
    good = good if rates * expiry < 50.0 else 0.0
    return good


# Sorts of ordinary options: by eigenfunctions, not by images; with a hit that is paid for, not without.
cdef enum:
    EIGEN = 1
    HIT = 2
    SORTS = 4
    # added to the sort of an option that needs complex numbers for its hits, if it has any
    ALONE = 4


cdef inline double sort_of(const Option* option) noexcept nogil:
    """The sort of an option, SORTS if it is not ordinary."""
    cdef double deviation = option.vol * square_root(option.expiry)
    cdef double images = by_images(
        deviation, log_ratio(option.upper, option.lower),
        (option.rate - option.dividend) * option.expiry / deviation - 0.5 * deviation)
    cdef double sort = 0.0 if images > 0.0 else <double> EIGEN
    cdef double hits = option.rebate * (pays_hit(option.kind, True) + pays_hit(option.kind, False))
    sort = sort + HIT if hits != 0.0 else sort
    return sort if ordinary(option) > 0.0 else <double> SORTS


cdef enum:
    DONE
    LIVING
    AT_BARRIER
    OUTSIDE


cdef inline void one_barrier(
    int order, const Option* option, double barrier, double rebate, int kind, double* out,
) noexcept nogil:
    """The same option with one barrier."""
    cdef SingleOption alone = SingleOption(
        option.spot, option.strike, barrier, option.vol, option.expiry, option.rate, option.dividend, rebate, kind)
    single.apart(single.careful)(order, &alone, out)


cdef inline int certain_kind(int kind, bint up) noexcept nogil:
    """The single-barrier kind that a double one is when its path is certain and goes one way."""
    cdef int basic = kind & BASIC, certain = SINGLE_UP if up else 0
    if kind & AT_EXPIRY:
        certain |= SINGLE_AT_EXPIRY
    if kind & TOUCH:
        return certain | SINGLE_TOUCH | (SINGLE_OUT if basic != IN else 0)
    return certain | (SINGLE_PUT if kind & PUT else 0) | (SINGLE_OUT if basic == OUT else 0)


cdef inline bint in_domain(const Option* option) noexcept nogil:
    return (
        0.0 < option.spot < INFINITY and 0.0 < option.strike < INFINITY and 0.0 < option.lower < option.upper < INFINITY
        and 0.0 <= option.vol < INFINITY and 0.0 <= option.expiry < INFINITY and absolute(option.rate) < INFINITY
        and absolute(option.dividend) < INFINITY and absolute(option.rebate) < INFINITY
    )


cdef inline bint any_nan(const Option* option) noexcept nogil:
    return (
        option.spot != option.spot or option.strike != option.strike or option.lower != option.lower
        or option.upper != option.upper or option.vol != option.vol or option.expiry != option.expiry
        or option.rate != option.rate or option.dividend != option.dividend or option.rebate != option.rebate
    )


cdef inline int edge(int order, const Option* option, double* out) noexcept nogil:
    """What is known without a series, for any input at all: DONE, or OUTSIDE of the domain (NaN). At a barrier the
    price is known and the Greeks are those of the living side."""
    cdef int place, basic = option.kind & BASIC, kind
    cdef double spot = option.spot, lower = option.lower, upper = option.upper, nearer
    cdef bint up, uncertain, reached
    if not in_domain(option):
        single.nothing_known(order, out)
        return DONE if any_nan(option) else OUTSIDE
    uncertain = option.vol * square_root(option.expiry) >= SMALLEST_DEVIATION
    reached = spot <= lower or spot >= upper
    if not reached and uncertain:
        return LIVING
    up = spot >= upper if reached else option.rate - option.dividend > 0.0
    kind = certain_kind(option.kind, up)
    nearer = upper if up else lower
    if basic < KIKO:
        one_barrier(order, option, nearer, option.rebate, kind, out)
    elif option.kind & TOUCH:
        # paid at one barrier, lost at the other
        if up == (basic == KOKI):
            one_barrier(order, option, nearer, option.rebate, kind, out)
        else:
            for place in range(outputs_of(order)):
                out[place] = 0.0
    elif reached or up == (basic == KIKO):
        # knocked in or out: an option with the outer barrier alone
        kind = SINGLE_OUT | (kind & (SINGLE_PUT | SINGLE_AT_EXPIRY)) | (SINGLE_UP if basic == KIKO else 0)
        if up == (basic == KIKO) and not reached:
            kind |= SINGLE_TOUCH
        one_barrier(order, option, upper if basic == KIKO else lower, option.rebate, kind, out)
    else:
        one_barrier(order, option, nearer, 0.0, kind, out)
    return AT_BARRIER if (spot == lower or spot == upper) and uncertain else DONE
