"""Loops of single-barrier options watched on dates: the moved barrier, and the Greeks that know that it moves."""

cimport numpy as cnp

cimport shortgamma.kernels.barrier.shifted as formula
from shortgamma.kernels.barrier.single cimport (
    DELTA, FIRST_ORDER, GAMMA, PRICE, SECOND_ORDER, SPEED, TOUCH, VANNA, VEGA, VETA, VOLGA, ZOMMA,
)
from cython_ext.barrier._blocks cimport Lanes, in_blocks
from cython_ext._loop.blocks cimport (
    INVALID, LANES, Status, load, load_codes, padded, status_raise, status_restore, status_save,
)
from cython_ext._loop.ufuncs cimport make_ufunc

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    INPUTS = 10
    # numbers of an option that is watched always
    PLAIN = 8
    CHUNK = 256

cdef struct Columns:
    # what the loop of such options is called with
    char* data[PLAIN + 1 + SECOND_ORDER]
    cnp.npy_intp step[PLAIN + 1 + SECOND_ORDER]


cdef inline double number(char** args, cnp.npy_intp* steps, int place, Py_ssize_t i) noexcept nogil:
    return (<double*> (args[place] + i * steps[place]))[0]


cdef inline int code(char** args, cnp.npy_intp* steps, int place, Py_ssize_t i) noexcept nogil:
    return (<signed char*> (args[place] + i * steps[place]))[0]


cdef void barrier_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """barrier, vol, expiry, dates, kind -> barrier"""
    cdef Py_ssize_t i
    cdef double barrier, vol, expiry, dates, level
    cdef bint outside = False
    cdef Status status = status_save()
    for i in range(dimensions[0]):
        barrier = number(args, steps, 0, i)
        vol = number(args, steps, 1, i)
        expiry = number(args, steps, 2, i)
        dates = number(args, steps, 3, i)
        level = formula.moved(barrier, vol, expiry, dates, (<signed char*> (args[4] + i * steps[4]))[0])
        outside |= level != level and barrier == barrier and vol == vol and expiry == expiry and dates == dates
        (<double*> (args[5] + i * steps[5]))[0] = level
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef inline void options(
    int order, int outputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    """spot, strike, barrier, vol, expiry, rate, dividend, rebate, dates, kind -> the first outputs

    Three options of the continuous formula each: itself, the binary in cash, and the rebate alone.
    """
    cdef Py_ssize_t begin = 0, i, size
    cdef cnp.npy_intp count[1]
    cdef int place, turn
    cdef double level[CHUNK]
    cdef signed char cash[CHUNK]
    cdef signed char touch[CHUNK]
    cdef double one = 1.0
    cdef double out[SECOND_ORDER][CHUNK]
    cdef double q[SECOND_ORDER][CHUNK]
    cdef double f[SECOND_ORDER][CHUNK]
    cdef Columns columns
    cdef bint outside = False, rebates
    cdef Status status = status_save()
    while begin < dimensions[0]:
        size = min(<Py_ssize_t> CHUNK, dimensions[0] - begin)
        rebates = False
        for i in range(size):
            level[i] = formula.moved(
                number(args, steps, 2, begin + i), number(args, steps, 3, begin + i), number(args, steps, 4, begin + i),
                number(args, steps, 8, begin + i), code(args, steps, 9, begin + i))
            outside |= level[i] != level[i] and not (
                number(args, steps, 2, begin + i) != number(args, steps, 2, begin + i)
                or number(args, steps, 3, begin + i) != number(args, steps, 3, begin + i)
                or number(args, steps, 4, begin + i) != number(args, steps, 4, begin + i)
                or number(args, steps, 8, begin + i) != number(args, steps, 8, begin + i))
            cash[i] = <signed char> (code(args, steps, 9, begin + i) & 7)
            touch[i] = <signed char> (code(args, steps, 9, begin + i) | TOUCH)
            rebates |= number(args, steps, 7, begin + i) != 0.0
        for place in range(PLAIN):
            columns.data[place] = args[place] + begin * steps[place]
            columns.step[place] = steps[place]
        columns.data[2] = <char*> level
        columns.step[2] = sizeof(double)
        columns.data[PLAIN] = args[9] + begin * steps[9]
        columns.step[PLAIN] = steps[9]
        count[0] = size
        status_restore(status)
        # one call for two, of which the loop has one copy
        for turn in range(2 if rebates else 1):
            into(&columns, &f[0][0] if turn else &out[0][0])
            in_blocks(False, order, outputs, columns.data, count, columns.step, NULL)
            columns.data[PLAIN] = <char*> touch
            columns.step[PLAIN] = 1
        if not rebates:
            for place in range(outputs):
                for i in range(size):
                    f[place][i] = 0.0
        columns.data[PLAIN - 1] = <char*> &one
        columns.step[PLAIN - 1] = 0
        columns.data[PLAIN] = <char*> cash
        columns.step[PLAIN] = 1
        into(&columns, &q[0][0])
        in_blocks(True, order, outputs, columns.data, count, columns.step, NULL)
        # what the three raised stays
        status = status_save()
        add_shifts(order, args, steps, begin, size, level, out, q, f)
        for place in range(outputs):
            for i in range(size):
                (<double*> (args[INPUTS + place] + (begin + i) * steps[INPUTS + place]))[0] = out[place][i]
        begin += size
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef inline void into(Columns* columns, double* results) noexcept nogil:
    """Let the results go there."""
    cdef int place
    for place in range(SECOND_ORDER):
        columns.data[PLAIN + 1 + place] = <char*> (results + place * CHUNK)
        columns.step[PLAIN + 1 + place] = sizeof(double)


cdef inline void add_shifts(
    int order, char** args, cnp.npy_intp* steps, Py_ssize_t begin, Py_ssize_t size, const double* level,
    double[SECOND_ORDER][CHUNK] out, double[SECOND_ORDER][CHUNK] q, double[SECOND_ORDER][CHUNK] f,
) noexcept nogil:
    cdef Py_ssize_t block = 0, lanes, i, k
    cdef Lanes o
    cdef double dates[LANES]
    cdef double here[LANES]
    while block < size:
        lanes = min(<Py_ssize_t> LANES, size - block)
        load(o.spot, args[0] + (begin + block) * steps[0], steps[0], lanes)
        load(o.strike, args[1] + (begin + block) * steps[1], steps[1], lanes)
        load(o.vol, args[3] + (begin + block) * steps[3], steps[3], lanes)
        load(o.expiry, args[4] + (begin + block) * steps[4], steps[4], lanes)
        load(o.rate, args[5] + (begin + block) * steps[5], steps[5], lanes)
        load(o.dividend, args[6] + (begin + block) * steps[6], steps[6], lanes)
        load(dates, args[8] + (begin + block) * steps[8], steps[8], lanes)
        load_codes(o.kind, args[9] + (begin + block) * steps[9], steps[9], lanes)
        load(here, <const char*> (level + block), sizeof(double), lanes)
        for i in range(padded(lanes)):
            k = block + i
            formula.add_shift(
                order, o.spot[i], o.strike[i], here[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i], dates[i],
                o.kind[i], out[PRICE][k], out[DELTA][k], out[GAMMA][k], out[SPEED][k],
                q[PRICE][k], q[DELTA][k], q[GAMMA][k], q[VEGA][k], f[PRICE][k], f[DELTA][k], f[GAMMA][k], f[VEGA][k],
                &out[VEGA][k], &out[VANNA][k], &out[VOLGA][k], &out[ZOMMA][k], &out[VETA][k])
        block += LANES


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    options(1, FIRST_ORDER, args, dimensions, steps)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    options(2, SECOND_ORDER, args, dimensions, steps)


DOC = (
    "Loop behind shortgamma.barrier.greeks with monitoring: spot, strike, barrier, vol, expiry, rate, dividend, "
    "rebate, dates, kind (int8)."
)
shifted_barrier = make_ufunc(
    barrier_loop, "shifted_barrier", "ddddb", "d", "",
    "Loop behind shortgamma.barrier.price with monitoring: barrier, vol, expiry, dates, kind (int8).")
shifted_first_order = make_ufunc(first_order_loop, "shifted_first_order", "dddddddddb", "d" * 7, "", DOC)
shifted_second_order = make_ufunc(second_order_loop, "shifted_second_order", "dddddddddb", "d" * 14, "", DOC)
