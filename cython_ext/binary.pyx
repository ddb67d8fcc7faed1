"""Loops of touches and binary barrier options, an option at a time."""

cimport numpy as cnp

cimport shortgamma.kernels.binary as formula
from shortgamma.kernels.barrier cimport FIRST_ORDER, SECOND_ORDER
from shortgamma.kernels.blocks cimport INVALID, Status, status_raise, status_restore, status_save
from shortgamma.kernels.ufuncs cimport make_ufunc

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    INPUTS = 9


cdef inline double number(char** args, cnp.npy_intp* steps, int place, Py_ssize_t i) noexcept nogil:
    return (<double*> (args[place] + i * steps[place]))[0]


cdef inline void options(
    int order, int outputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    """spot, strike, barrier, vol, expiry, rate, dividend, amount, code -> the first outputs"""
    cdef Py_ssize_t i
    cdef int place
    cdef double out[SECOND_ORDER]
    cdef bint outside = False
    cdef Status status = status_save()
    for i in range(dimensions[0]):
        outside |= not formula.value(
            order, number(args, steps, 0, i), number(args, steps, 1, i), number(args, steps, 2, i),
            number(args, steps, 3, i), number(args, steps, 4, i), number(args, steps, 5, i), number(args, steps, 6, i),
            number(args, steps, 7, i), (<signed char*> (args[8] + i * steps[8]))[0], out)
        for place in range(outputs):
            (<double*> (args[INPUTS + place] + i * steps[INPUTS + place]))[0] = out[place]
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    options(0, 1, args, dimensions, steps)


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    options(1, FIRST_ORDER, args, dimensions, steps)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    options(2, SECOND_ORDER, args, dimensions, steps)


DOC = (
    "Loop behind shortgamma.barrier.binary_price and touch_price: spot, strike, barrier, vol, expiry, rate, dividend, "
    "amount, code (int8)."
)
binary_price = make_ufunc(price_loop, "binary_price", "ddddddddb", "d", "", DOC)
binary_first_order = make_ufunc(first_order_loop, "binary_first_order", "ddddddddb", "d" * 7, "", DOC)
binary_second_order = make_ufunc(second_order_loop, "binary_second_order", "ddddddddb", "d" * 14, "", DOC)
