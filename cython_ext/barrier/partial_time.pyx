"""Loop of barriers that are watched for part of the time, an option at a time."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.barrier._windows as windows
cimport shortgamma.kernels.barrier.partial_time as formula
from cython_ext._loop.blocks cimport INVALID, Status, code_at, number_at, status_raise, status_restore, status_save
from cython_ext._loop.ufuncs cimport register_orders
from shortgamma.kernels.barrier._option cimport FIRST_ORDER, SECOND_ORDER, Option
from shortgamma.kernels.numeric.quadrature cimport Rule, make_rule

cnp.import_array()
cnp.import_ufunc()

cdef Rule RULE
make_rule(&RULE)


cdef void partial_time_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """spot, strike, barrier, vol, expiry, moment, rate, dividend, kind, window -> price"""
    cdef Py_ssize_t i
    cdef Option option
    cdef double out[1]
    cdef bint outside = False
    cdef Status status = status_save()
    for i in range(dimensions[0]):
        option = Option(
            number_at(args, steps, 0, i), number_at(args, steps, 1, i), number_at(args, steps, 2, i),
            number_at(args, steps, 3, i), number_at(args, steps, 4, i), number_at(args, steps, 6, i),
            number_at(args, steps, 7, i), 0.0, code_at(args, steps, 8, i))
        outside |= not formula.partial_time(
            &RULE, &option, number_at(args, steps, 5, i), code_at(args, steps, 9, i), out)
        (<double*> (args[10] + i * steps[10]))[0] = out[0]
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void greeks(
    int order, int outputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    """The same numbers -> price and Greeks"""
    cdef Py_ssize_t i
    cdef int place
    cdef Option option
    cdef double out[SECOND_ORDER]
    cdef bint outside = False
    cdef Status status = status_save()
    option.rebate = 0.0
    for i in range(dimensions[0]):
        option.spot = number_at(args, steps, 0, i)
        option.strike = number_at(args, steps, 1, i)
        option.barrier = number_at(args, steps, 2, i)
        option.vol = number_at(args, steps, 3, i)
        option.expiry = number_at(args, steps, 4, i)
        option.rate = number_at(args, steps, 6, i)
        option.dividend = number_at(args, steps, 7, i)
        option.kind = code_at(args, steps, 8, i)
        outside |= not windows.partial_time_greeks(
            &RULE, order, &option, number_at(args, steps, 5, i), code_at(args, steps, 9, i), out)
        for place in range(outputs):
            (<double*> (args[10 + place] + i * steps[10 + place]))[0] = out[place]
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    greeks(1, FIRST_ORDER, args, dimensions, steps)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    greeks(2, SECOND_ORDER, args, dimensions, steps)


WINDOWS = {"start": formula.START, "end": formula.END_CROSSING, "end-beyond": formula.END_BEYOND}
ARGUMENTS = "spot strike barrier vol expiry moment rate dividend kind:b window:b"
partial_time_price, partial_time_first_order, partial_time_second_order = register_orders(
    "partial_time", ARGUMENTS, partial_time_loop, first_order_loop, second_order_loop, "barrier.partial_time_")
