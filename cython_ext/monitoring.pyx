"""Loops of single-barrier options watched on dates: the moved barrier, and the Greeks that know that it moves."""

cimport numpy as cnp

cimport shortgamma.kernels.monitoring as formula
from shortgamma.kernels.barrier cimport FIRST_ORDER, SECOND_ORDER
from shortgamma.kernels.blocks cimport INVALID, Status, status_raise, status_restore, status_save
from shortgamma.kernels.ufuncs cimport make_ufunc

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    INPUTS = 10


cdef inline double number(char** args, cnp.npy_intp* steps, int place, Py_ssize_t i) noexcept nogil:
    return (<double*> (args[place] + i * steps[place]))[0]


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
    """spot, strike, barrier, vol, expiry, rate, dividend, rebate, dates, kind -> the first outputs"""
    cdef Py_ssize_t i
    cdef int place
    cdef double out[SECOND_ORDER]
    cdef bint outside = False
    cdef Status status = status_save()
    for i in range(dimensions[0]):
        outside |= not formula.greeks(
            order, number(args, steps, 0, i), number(args, steps, 1, i), number(args, steps, 2, i),
            number(args, steps, 3, i), number(args, steps, 4, i), number(args, steps, 5, i), number(args, steps, 6, i),
            number(args, steps, 7, i), number(args, steps, 8, i), (<signed char*> (args[9] + i * steps[9]))[0], out)
        for place in range(outputs):
            (<double*> (args[INPUTS + place] + i * steps[INPUTS + place]))[0] = out[place]
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    options(1, FIRST_ORDER, args, dimensions, steps)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    options(2, SECOND_ORDER, args, dimensions, steps)


DOC = (
    "Loop behind shortgamma.barrier.greeks with monitoring: spot, strike, barrier, vol, expiry, rate, dividend, "
    "rebate, dates, kind (int8)."
)
monitoring_barrier = make_ufunc(
    barrier_loop, "monitoring_barrier", "ddddb", "d", "",
    "Loop behind shortgamma.barrier.price with monitoring: barrier, vol, expiry, dates, kind (int8).")
monitoring_first_order = make_ufunc(first_order_loop, "monitoring_first_order", "dddddddddb", "d" * 7, "", DOC)
monitoring_second_order = make_ufunc(second_order_loop, "monitoring_second_order", "dddddddddb", "d" * 14, "", DOC)
