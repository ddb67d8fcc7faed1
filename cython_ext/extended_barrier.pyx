"""Loops of partial-time and two-asset barriers, an option at a time, and of the bivariate normal distribution."""

cimport numpy as cnp

cimport shortgamma.kernels.extended_barrier as formula
from shortgamma.kernels.blocks cimport INVALID, Status, status_raise, status_restore, status_save
from shortgamma.kernels.discrete_barrier cimport Rule, make_rule
from shortgamma.kernels.ufuncs cimport make_ufunc

cnp.import_array()
cnp.import_ufunc()

cdef Rule RULE
make_rule(&RULE)


cdef inline double number(char** args, cnp.npy_intp* steps, int place, Py_ssize_t i) noexcept nogil:
    return (<double*> (args[place] + i * steps[place]))[0]


cdef inline int code(char** args, cnp.npy_intp* steps, int place, Py_ssize_t i) noexcept nogil:
    return (<signed char*> (args[place] + i * steps[place]))[0]


cdef void bivariate_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """x, y, correlation -> probability"""
    cdef Py_ssize_t i
    cdef double x, y, correlation
    cdef bint outside = False
    cdef Status status = status_save()
    for i in range(dimensions[0]):
        x = number(args, steps, 0, i)
        y = number(args, steps, 1, i)
        correlation = number(args, steps, 2, i)
        outside |= not -1.0 <= correlation <= 1.0 and x == x and y == y and correlation == correlation
        (<double*> (args[3] + i * steps[3]))[0] = formula.bivariate_cdf(&RULE, x, y, correlation)
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void partial_time_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """spot, strike, barrier, vol, expiry, moment, rate, dividend, kind, window -> price"""
    cdef Py_ssize_t i
    cdef double out[1]
    cdef bint outside = False
    cdef Status status = status_save()
    for i in range(dimensions[0]):
        outside |= not formula.partial_time(
            &RULE, number(args, steps, 0, i), number(args, steps, 1, i), number(args, steps, 2, i),
            number(args, steps, 3, i), number(args, steps, 4, i), number(args, steps, 5, i), number(args, steps, 6, i),
            number(args, steps, 7, i), code(args, steps, 8, i), code(args, steps, 9, i), out)
        (<double*> (args[10] + i * steps[10]))[0] = out[0]
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void two_asset_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """spot, strike, vol, dividend, other, barrier, other_vol, other_dividend, correlation, expiry, rate, kind"""
    cdef Py_ssize_t i
    cdef double out[1]
    cdef bint outside = False
    cdef Status status = status_save()
    for i in range(dimensions[0]):
        outside |= not formula.two_asset(
            &RULE, number(args, steps, 0, i), number(args, steps, 1, i), number(args, steps, 2, i),
            number(args, steps, 3, i), number(args, steps, 4, i), number(args, steps, 5, i), number(args, steps, 6, i),
            number(args, steps, 7, i), number(args, steps, 8, i), number(args, steps, 9, i), number(args, steps, 10, i),
            code(args, steps, 11, i), out)
        (<double*> (args[12] + i * steps[12]))[0] = out[0]
    status_restore(status)
    status_raise(INVALID if outside else 0)


extended_bivariate_cdf = make_ufunc(
    bivariate_loop, "extended_bivariate_cdf", "ddd", "d", "",
    "P(X < x, Y < y) of two standard normal numbers: x, y, correlation.")
extended_partial_time = make_ufunc(
    partial_time_loop, "extended_partial_time", "ddddddddbb", "d", "",
    "Loop behind shortgamma.barrier.partial_time_price: spot, strike, barrier, vol, expiry, moment, rate, dividend, "
    "kind (int8), window (int8).")
extended_two_asset = make_ufunc(
    two_asset_loop, "extended_two_asset", "dddddddddddb", "d", "",
    "Loop behind shortgamma.barrier.two_asset_price: spot, strike, vol, dividend, other, barrier, other_vol, "
    "other_dividend, correlation, expiry, rate, kind (int8).")
