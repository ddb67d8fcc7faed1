"""Loops of single-barrier options."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.barrier.single as formula
from cython_ext.barrier._blocks cimport (
    FrameLanes, JetLanes, Lanes, LegLanes, Method, Request, any_cancelled, clear_leg_lanes, finish_lanes, frame_at,
    jet_at, legs_at, option_at, option_of, options_loop, prepare_lanes, put_jet, put_legs, register_method,
    set_request, substitute,
)
from cython_ext._loop.blocks cimport LANES, padded
from cython_ext._loop.ufuncs cimport Loop, greek_names, register
from shortgamma.kernels.barrier.single cimport A, B, C, D, E, F, TERMS, Frame, Option, Weights
from shortgamma.kernels.numeric.jets cimport Jet, Legs

import numpy as np

cnp.import_array()
cnp.import_ufunc()

cdef object FLOAT = np.float64

cdef enum:
    NUMBERS = 8


cdef void sort_lanes(Lanes* lanes, Py_ssize_t whole, int* sorts) noexcept nogil:
    """The terms of each option, or TERMS if it is not ordinary."""
    cdef Py_ssize_t i
    cdef Option option
    cdef double inside, beyond
    for i in range(whole):
        option_at(lanes, i, &option)
        inside = formula.inside_by(option.spot, option.barrier, option.kind)
        beyond = formula.plain_beyond(option.kind)
        sorts[i] = formula.terms_of(option.kind, option.strike, option.barrier, option.rebate)
        sorts[i] = A if (beyond if inside < 0.0 else 0.0) != 0.0 else sorts[i]
        sorts[i] = sorts[i] if formula.ordinary(
            &option, formula.absolute(inside) if beyond != 0.0 else inside,
            option.rebate * formula.at_hit(option.kind)) != 0.0 else TERMS


cdef inline void add_terms(
    int order, int terms, const Weights* weights, Py_ssize_t whole, const Lanes* lanes, const FrameLanes* frames,
    LegLanes* direct, LegLanes* images, double* size,
) noexcept nogil:
    """All terms but F."""
    cdef Py_ssize_t i
    cdef Option option
    cdef Frame frame
    cdef Legs legs, mirrored
    if terms & A:
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(frames, i, &frame)
            legs_at(direct, i, &legs)
            formula.add_a(order, weights.a, &option, &frame, &legs, &size[i])
            put_legs(order, &legs, direct, i)
    if terms & B:
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(frames, i, &frame)
            legs_at(direct, i, &legs)
            formula.add_b(order, weights.b, &option, &frame, &legs, &size[i])
            put_legs(order, &legs, direct, i)
    if terms & C:
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(frames, i, &frame)
            legs_at(images, i, &legs)
            formula.add_c(order, weights.c, &option, &frame, &legs, &size[i])
            put_legs(order, &legs, images, i)
    if terms & D:
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(frames, i, &frame)
            legs_at(images, i, &legs)
            formula.add_d(order, weights.d, &option, &frame, &legs, &size[i])
            put_legs(order, &legs, images, i)
    if terms & E:
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(frames, i, &frame)
            legs_at(direct, i, &legs)
            legs_at(images, i, &mirrored)
            formula.add_e(order, &option, &frame, &legs, &mirrored, &size[i])
            put_legs(order, &legs, direct, i)
            put_legs(order, &mirrored, images, i)


cdef inline bint evaluate(
    int order, int terms, Py_ssize_t ordinary, Py_ssize_t count, Lanes* lanes,
) noexcept nogil:
    """Options that are made of the same terms."""
    cdef Py_ssize_t i, whole = padded(count)
    cdef double owed = 1.0 if terms & (E | F) else 0.0
    cdef double size[LANES]
    cdef Option option
    cdef Frame frame
    cdef Legs legs, mirrored
    cdef Jet jet
    cdef Weights weights
    cdef FrameLanes frames
    cdef LegLanes direct, images
    cdef JetLanes jets
    formula.weights_of(lanes.kind[ordinary], lanes.strike[ordinary], lanes.barrier[ordinary], &weights)
    if terms == A:
        # a knock-in beyond its barrier too, which the weights do not tell
        weights.a = 1.0
    for i in range(whole):
        size[i] = 0.0
    clear_leg_lanes(&direct, whole)
    clear_leg_lanes(&images, whole)
    prepare_lanes(terms, whole, lanes, &frames)
    add_terms(order, terms, &weights, whole, lanes, &frames, &direct, &images, size)
    for i in range(whole):
        option_at(lanes, i, &option)
        frame_at(&frames, i, &frame)
        legs_at(&direct, i, &legs)
        legs_at(&images, i, &mirrored)
        formula.combine(order, &option, &frame, &legs, &mirrored, &jet)
        jet.value = formula.not_negative(jet.value, option.rebate * owed)
        put_jet(order, &jet, &jets, i)
    if terms & F:
        for i in range(whole):
            option_at(lanes, i, &option)
            jet_at(&jets, i, &jet)
            formula.ordinary_hit(
                order, option.rebate, &option, frames.log_spot_barrier[i], frames.deviation[i], &jet)
            put_jet(order, &jet, &jets, i)
    # with the rebate: beside a large one it does not matter what cancels
    for i in range(whole):
        lanes.cancelled[i] = formula.cancels(jets.value[i], size[i])
    finish_lanes(order, whole, &jets, lanes)
    return any_cancelled(lanes, whole)


cdef bint prices(int terms, Py_ssize_t ordinary, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    return evaluate(0, terms, ordinary, count, lanes)


cdef bint first_order(int terms, Py_ssize_t ordinary, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    return evaluate(1, terms, ordinary, count, lanes)


cdef bint second_order(int terms, Py_ssize_t ordinary, Py_ssize_t count, Lanes* lanes) noexcept nogil:
    return evaluate(2, terms, ordinary, count, lanes)


cdef bint careful(int order, const double* numbers, int kind, double* out) noexcept nogil:
    cdef Option option = option_of(numbers, kind)
    return formula.careful(order, &option, out)


def price_of(tuple numbers, signed char kind):
    """The price of one option, of Python's own numbers; None if others are among them, or if it is not a number."""
    cdef double values[NUMBERS + 1]
    cdef char* data[NUMBERS + 2]
    cdef cnp.npy_intp steps[NUMBERS + 2]
    cdef cnp.npy_intp count = 1
    cdef Py_ssize_t i
    if len(numbers) != NUMBERS:
        return None
    for i in range(NUMBERS):
        if type(numbers[i]) is not float and type(numbers[i]) is not int:
            return None
        values[i] = numbers[i]
        data[i] = <char*> &values[i]
        steps[i] = 0
    data[NUMBERS] = <char*> &kind
    data[NUMBERS + 1] = <char*> &values[NUMBERS]
    steps[NUMBERS] = steps[NUMBERS + 1] = 0
    LOOP(data, &count, steps, &REQUESTS[0])
    return FLOAT(values[NUMBERS]) if values[NUMBERS] == values[NUMBERS] else None


cdef Loop LOOP = options_loop
cdef Method METHOD
METHOD = Method(False, TERMS, sort_lanes, [prices, first_order, second_order], careful, substitute)
cdef Request REQUESTS[3]
cdef Request GREEKS[formula.SECOND_ORDER]

# What faces call the flags of a kind, and the outputs in their places; how many outputs an order has.
KINDS = {"down-in": 0, "up-in": formula.UP, "down-out": formula.OUT, "up-out": formula.UP + formula.OUT}
OPTIONS = {"call": 0, "put": formula.PUT}
PAID_AT = {"hit": 0, "expiry": formula.AT_EXPIRY}
# a no-touch is the rebate of a knock-in, a one-touch that of a knock-out
TOUCHES = {"no-touch": formula.TOUCH, "one-touch": formula.TOUCH + formula.OUT}
OUTPUTS = tuple(greek_names(2).split())
OUTPUTS_AT_ORDER = (1, formula.FIRST_ORDER, formula.SECOND_ORDER)
ARGUMENTS = "spot strike barrier vol expiry rate dividend rebate kind:b"
barrier_price, barrier_first_order, barrier_second_order = register_method(
    &METHOD, REQUESTS, "barrier", ARGUMENTS, "barrier.")


cdef object greek(str name):
    """A ufunc of one Greek: the loop of its order, of whose outputs it stores this one."""
    cdef int place = OUTPUTS.index(name)
    set_request(&GREEKS[place], &METHOD, 1 if place < formula.FIRST_ORDER else 2, place, place + 1)
    return register(options_loop, f"barrier_{name}", ARGUMENTS, name, f"barrier.{name}", "", &GREEKS[place])


barrier_delta = greek("delta")
barrier_gamma = greek("gamma")
barrier_vega = greek("vega")
barrier_theta = greek("theta")
barrier_rho = greek("rho")
barrier_rho_dividend = greek("rho_dividend")
barrier_vanna = greek("vanna")
barrier_volga = greek("volga")
barrier_charm = greek("charm")
barrier_speed = greek("speed")
barrier_zomma = greek("zomma")
barrier_color = greek("color")
barrier_veta = greek("veta")
