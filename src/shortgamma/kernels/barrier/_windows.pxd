# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Greeks of options whose barrier is watched for part of the time.

The option is one step of `barrier._panels`, from now to the moment at which the watch ends or begins, of what it is
worth then: the plain option under the density killed at the barrier, or one with a barrier that is always watched under
the free density. Both are known with their derivatives, and the step carries them along, so that nothing is bumped.
"""

from shortgamma.kernels.barrier._option cimport AT_EXPIRY, OUT, RHO_DIVIDEND, SECOND_ORDER, UP, VEGA, VOLGA, Option
from shortgamma.kernels.barrier._panels cimport (
    BY_DRIFT, BY_RATE, BY_VOL, BY_VOL_TWICE, Jet, MATRICES, MOST_LANES, STEP_REACH, Step, VALUE, add_points,
    add_points_apart, add_scaled, clear, greeks_of, lane_factor,
)
from shortgamma.kernels.barrier.discrete cimport Option as Plain, add_plain
from shortgamma.kernels.barrier.partial_time cimport END_BEYOND, END_CROSSING, START
from shortgamma.kernels.barrier.single cimport apart, careful, nothing_known
from shortgamma.kernels.numeric.quadrature cimport POINTS, Rule
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, absolute, at_least, at_most, exp, log_ratio, square_root,
)

cdef enum:
    MOST_CUTS = 12

cdef extern from *:
    """
    /* drift and volatility up to the moment must not exceed this many of its standard deviations */
    #define SG_LARGEST_WINDOW 10.0
    """
    const double LARGEST_WINDOW "SG_LARGEST_WINDOW"


cdef inline void set_window(const Option* option, double moment, double eta, bint killed, Step* step) noexcept nogil:
    """The step to the moment, in units of its own standard deviation."""
    cdef double unit = option.vol * square_root(moment)
    cdef int r
    step.length = moment
    step.deviation = 1.0
    step.drift = eta * ((option.rate - option.dividend) * moment / unit - 0.5 * unit)
    step.spread = eta * unit
    step.killed = killed
    step.barrier = 0.0
    step.matrices = MATRICES
    for r in range(MATRICES):
        step.factor[r] = lane_factor(r, option.vol, moment, eta)


cdef inline void add_then(
    int order, const Option* option, double left, int kind, bint watched, double price, double growth, double* value,
) noexcept nogil:
    """Value and derivatives, as of expiry, of the option at the moment: with a barrier, or plain. Each goes to a row of
    POINTS."""
    cdef Option then = option[0]
    cdef double out[SECOND_ORDER]
    then.spot = price
    then.expiry = left
    then.kind = kind
    then.rebate = 0.0
    if not watched:
        # a knock-in whose barrier was hit
        then.kind = kind & ~(OUT | UP)
        then.barrier = 2.0 * price
    careful(order, &then, out)
    value[0] = growth * out[0]
    if order == 0:
        return
    value[BY_VOL * POINTS] = growth * out[VEGA]
    value[BY_DRIFT * POINTS] = -growth * out[RHO_DIVIDEND]
    value[BY_RATE * POINTS] = 0.0
    if order == 2:
        value[BY_VOL_TWICE * POINTS] = 0.5 * growth * out[VOLGA]


cdef inline Py_ssize_t cut_at(double* cut, Py_ssize_t count, double low, double high, double place) noexcept nogil:
    cdef Py_ssize_t i
    if not low < place < high:
        return count
    i = count
    while cut[i - 1] > place:
        cut[i] = cut[i - 1]
        i -= 1
    cut[i] = place
    return count + 1


cdef inline void add_side(
    const Rule* rule, int order, const Option* option, double left, int kind, bint watched, const Step* step,
    double low, double high, Jet* jet,
) noexcept nogil:
    """Add what the places between two of them give; the option there is blurred by what time is left."""
    cdef double eta = -1.0 if step.spread < 0.0 else 1.0, unit = absolute(step.spread)
    cdef double y = eta * log_ratio(option.spot, option.barrier) / unit, mean = y + step.drift
    cdef double kink = eta * log_ratio(option.strike, option.barrier) / unit, growth = exp(option.rate * left)
    cdef double blur = square_root(left / step.length), half
    cdef double cut[MOST_CUTS]
    cdef double place[POINTS]
    cdef double weight[POINTS]
    cdef double value[MOST_LANES * POINTS]
    cdef Py_ssize_t cuts = 2, i, part, parts
    cdef int j
    low = at_least(low, mean - STEP_REACH - unit)
    high = at_most(high, mean + STEP_REACH + unit)
    if not low < high:
        return
    cut[0] = low
    cut[1] = high
    for i in range(-1, 2):
        cuts = cut_at(cut, cuts, low, high, kink + <double> i * 8.5 * blur)
        cuts = cut_at(cut, cuts, low, high, <double> i * 8.5 * blur)
    for i in range(cuts - 1):
        parts = <Py_ssize_t> (1.0 + (cut[i + 1] - cut[i]) / 6.0)
        half = 0.5 * (cut[i + 1] - cut[i]) / parts
        for part in range(parts):
            for j in range(POINTS):
                place[j] = cut[i] + half * (2 * part + 1 + rule.point[j])
                weight[j] = half * rule.point_weight[j]
                add_then(
                    order, option, left, kind, watched, option.barrier * exp(eta * unit * place[j]), growth, value + j)
            add_points_apart(add_points)(order, step, y, place, weight, value, eta / unit, jet)


ctypedef void (*AddSide)(
    const Rule* rule, int order, const Option* option, double left, int kind, bint watched, const Step* step,
    double low, double high, Jet* jet) noexcept nogil

cdef extern from "numeric/apart.h" nogil:
    AddSide add_side_apart "SG_APART"(AddSide f) noexcept


cdef inline bint partial_time_greeks(
    const Rule* rule, int order, const Option* option, double moment, int window, double* out,
) noexcept nogil:
    """False if a number lies outside of its domain."""
    cdef double eta = -1.0 if option.kind & UP else 1.0, left = option.expiry - moment
    cdef int kind = option.kind & ~AT_EXPIRY, living = kind | OUT
    cdef Option one
    cdef Plain plain
    cdef Step step
    cdef Jet alive
    cdef Jet jet
    if not (
        0.0 < option.spot < INFINITY and 0.0 < option.strike < INFINITY and 0.0 < option.barrier < INFINITY
        and 0.0 < option.vol < INFINITY and 0.0 < option.expiry < INFINITY and 0.0 <= moment <= option.expiry
        and absolute(option.rate) < INFINITY and absolute(option.dividend) < INFINITY
        and START <= window <= END_BEYOND
    ):
        nothing_known(order, out)
        return (
            option.spot != option.spot or option.strike != option.strike or option.barrier != option.barrier
            or option.vol != option.vol or option.expiry != option.expiry or moment != moment
            or option.rate != option.rate or option.dividend != option.dividend
        )
    clear(&jet)
    clear(&alive)
    plain.spot = option.spot
    plain.strike = option.strike
    plain.vol = option.vol
    plain.expiry = option.expiry
    plain.rate = option.rate
    plain.dividend = option.dividend
    plain.code = kind
    if moment == 0.0 and window != START:
        # watched all the time, on the side where the spot is
        one = option[0]
        one.rebate = 0.0
        one.kind = kind
        if window == END_CROSSING:
            one.kind = (kind & ~UP) | (UP if option.spot < option.barrier else 0)
        apart(careful)(order, &one, out)
        return True
    if moment > 0.0:
        set_window(option, moment, eta, window == START, &step)
        if not absolute(step.drift) + absolute(step.spread) <= LARGEST_WINDOW:
            nothing_known(order, out)
            return False
    if window == START and moment > 0.0 and eta * (option.spot - option.barrier) >= 0.0:
        add_side_apart(add_side)(rule, order, option, left, living, False, &step, 0.0, INFINITY, &alive)
    elif window == START and moment == 0.0 and eta * (option.spot - option.barrier) > 0.0:
        add_plain(order, &plain, 1.0, &alive)
    elif window != START:
        add_side_apart(add_side)(rule, order, option, left, living, True, &step, 0.0, INFINITY, &alive)
        if window == END_CROSSING:
            add_side_apart(add_side)(rule, order, option, left, living ^ UP, True, &step, -INFINITY, 0.0, &alive)
    if kind & OUT:
        jet = alive
    else:
        add_plain(order, &plain, 1.0, &jet)
        add_scaled(&alive, -1.0, &jet)
    greeks_of(order, &jet, option.spot, option.vol, option.expiry, option.rate, option.dividend, out)
    return True
