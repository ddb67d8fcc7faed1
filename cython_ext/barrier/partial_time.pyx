"""Loop of barriers that are watched for part of the time, an option at a time."""

cimport numpy as cnp

cimport shortgamma.kernels.barrier.partial_time as formula
from cython_ext._loop.blocks cimport INVALID, Status, code_at, number_at, status_raise, status_restore, status_save
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.numeric.quadrature cimport Rule, make_rule

cnp.import_array()
cnp.import_ufunc()

cdef Rule RULE
make_rule(&RULE)


cdef void partial_time_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """spot, strike, barrier, vol, expiry, moment, rate, dividend, kind, window -> price"""
    cdef Py_ssize_t i
    cdef double out[1]
    cdef bint outside = False
    cdef Status status = status_save()
    for i in range(dimensions[0]):
        outside |= not formula.partial_time(
            &RULE, number_at(args, steps, 0, i), number_at(args, steps, 1, i), number_at(args, steps, 2, i),
            number_at(args, steps, 3, i), number_at(args, steps, 4, i), number_at(args, steps, 5, i),
            number_at(args, steps, 6, i), number_at(args, steps, 7, i), code_at(args, steps, 8, i),
            code_at(args, steps, 9, i), out)
        (<double*> (args[10] + i * steps[10]))[0] = out[0]
    status_restore(status)
    status_raise(INVALID if outside else 0)


WINDOWS = {"start": formula.START, "end": formula.END_CROSSING, "end-beyond": formula.END_BEYOND}
partial_time_price = register(
    partial_time_loop, "partial_time_price", "spot strike barrier vol expiry moment rate dividend kind:b window:b",
    "price",
    "barrier.partial_time_price")
