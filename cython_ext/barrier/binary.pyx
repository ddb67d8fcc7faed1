"""Loops of touches and binary barrier options."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.barrier.binary as formula
cimport shortgamma.kernels.barrier.single as single
from cython_ext.barrier._blocks cimport (
    FrameLanes, JetLanes, Lanes, LegLanes, Method, Request, any_cancelled, clear_leg_lanes, finish_lanes, frame_at,
    jet_at, legs_at, register_method, option_at, option_of, prepare_lanes, put_jet, put_legs, substitute,
)
from cython_ext._loop.blocks cimport LANES, padded
from shortgamma.kernels.barrier.single cimport A, B, C, D, E, F, TERMS, Frame, Option, Weights
from shortgamma.kernels.numeric.jets cimport Jet, Legs

cnp.import_array()
cnp.import_ufunc()

cdef struct WeightLanes:
    double a[LANES]
    double b[LANES]
    double c[LANES]
    double d[LANES]
    double side_of_b[LANES]


cdef void sort_lanes(Lanes* lanes, Py_ssize_t whole, int* sorts) noexcept nogil:
    """The terms of each option, or TERMS if it is not ordinary."""
    cdef Py_ssize_t i
    cdef Option option
    for i in range(whole):
        option_at(lanes, i, &option)
        sorts[i] = formula.terms_of(option.kind, option.strike, option.barrier, option.rebate)
        sorts[i] = sorts[i] if single.ordinary(
            &option, single.inside_by(option.spot, option.barrier, option.kind),
            formula.hit_amount(option.kind, option.rebate)) != 0.0 else TERMS


cdef inline void weigh_lanes(Py_ssize_t whole, const Lanes* lanes, WeightLanes* weights) noexcept nogil:
    """The weights, times the amounts."""
    cdef Py_ssize_t i
    cdef Weights weight
    cdef double side_of_b
    for i in range(whole):
        formula.weights_of(lanes.kind[i], lanes.strike[i], lanes.barrier[i], &weight, &side_of_b)
        weights.a[i] = weight.a * lanes.rebate[i]
        weights.b[i] = weight.b * lanes.rebate[i]
        weights.c[i] = weight.c * lanes.rebate[i]
        weights.d[i] = weight.d * lanes.rebate[i]
        weights.side_of_b[i] = side_of_b


cdef inline void add_terms(
    int order, bint in_asset, int terms, const WeightLanes* weights, Py_ssize_t whole, const Lanes* lanes,
    const FrameLanes* frames, LegLanes* direct, LegLanes* images, double* size,
) noexcept nogil:
    """All terms but F."""
    cdef Py_ssize_t i
    cdef Option option
    cdef Frame frame
    cdef Legs legs
    if terms & A:
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(frames, i, &frame)
            legs_at(direct, i, &legs)
            formula.add_a(order, in_asset, weights.a[i], &option, &frame, &legs, &size[i])
            put_legs(order, &legs, direct, i)
    if terms & C:
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(frames, i, &frame)
            legs_at(images, i, &legs)
            formula.add_c(order, in_asset, weights.c[i], &option, &frame, &legs, &size[i])
            put_legs(order, &legs, images, i)
    if terms & (B | D):
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(frames, i, &frame)
            legs_at(direct, i, &legs)
            formula.add_b(order, in_asset, weights.b[i], weights.side_of_b[i], &option, &frame, &legs, &size[i])
            put_legs(order, &legs, direct, i)
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(frames, i, &frame)
            legs_at(images, i, &legs)
            formula.add_d(order, in_asset, weights.d[i], &option, &frame, &legs, &size[i])
            put_legs(order, &legs, images, i)


cdef inline bint evaluate(int order, int terms, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    """Binaries that are made of the same terms."""
    cdef Py_ssize_t i, whole = padded(count)
    cdef bint in_asset = terms & E != 0
    cdef double size[LANES]
    cdef Option option
    cdef Frame frame
    cdef Legs legs, mirrored
    cdef Jet jet
    cdef WeightLanes weights
    cdef FrameLanes frames
    cdef LegLanes direct, images
    cdef JetLanes jets
    for i in range(whole):
        size[i] = 0.0
    clear_leg_lanes(&direct, whole)
    clear_leg_lanes(&images, whole)
    prepare_lanes(terms & ~(E | F), whole, lanes, &frames)
    weigh_lanes(whole, lanes, &weights)
    # a constant in each, or compilers work out both halves and choose
    if in_asset:
        add_terms(order, True, terms, &weights, whole, lanes, &frames, &direct, &images, size)
    else:
        add_terms(order, False, terms, &weights, whole, lanes, &frames, &direct, &images, size)
    for i in range(whole):
        option_at(lanes, i, &option)
        frame_at(&frames, i, &frame)
        legs_at(&direct, i, &legs)
        legs_at(&images, i, &mirrored)
        single.combine(order, &option, &frame, &legs, &mirrored, &jet)
        lanes.cancelled[i] = single.cancels(jet.value, size[i])
        jet.value = single.not_negative(jet.value, option.rebate)
        put_jet(order, &jet, &jets, i)
    if terms & F:
        for i in range(whole):
            option_at(lanes, i, &option)
            jet_at(&jets, i, &jet)
            single.ordinary_hit(
                order, option.rebate * option.barrier if in_asset else option.rebate, &option,
                frames.log_spot_barrier[i], frames.deviation[i], &jet)
            put_jet(order, &jet, &jets, i)
    finish_lanes(order, whole, &jets, lanes)
    return any_cancelled(lanes, whole)


cdef bint prices(int terms, Py_ssize_t _, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    return evaluate(0, terms, count, lanes)


cdef bint first_order(int terms, Py_ssize_t _, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    return evaluate(1, terms, count, lanes)


cdef bint second_order(int terms, Py_ssize_t _, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    return evaluate(2, terms, count, lanes)


cdef bint careful(int order, const double* numbers, int code, double* out) noexcept nogil:
    cdef Option option = option_of(numbers, code)
    return formula.careful(order, &option, out)


cdef Method METHOD
METHOD = Method(False, TERMS, sort_lanes, [prices, first_order, second_order], careful, substitute)
cdef Request REQUESTS[3]

# What faces call the flags of a code, beside the kinds and options of `single`.
PAYOFFS = {"cash": 0, "asset": formula.ASSET}
TOUCHES = {"one-touch": formula.TOUCH, "no-touch": formula.TOUCH + formula.OUT}
PAID_AT = {"hit": formula.AT_HIT, "expiry": 0}
ARGUMENTS = "spot strike barrier vol expiry rate dividend amount code:b"
binary_price, binary_first_order, binary_second_order = register_method(
    &METHOD, REQUESTS, "binary", ARGUMENTS, "barrier.binary_")
