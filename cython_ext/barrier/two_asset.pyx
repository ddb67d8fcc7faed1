"""Loops of barriers on another asset, an option at a time, and of the bivariate normal distribution."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.barrier.two_asset as formula
from cython_ext._loop.blocks cimport INVALID, Status, code_at, number_at, status_raise, status_restore, status_save
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.numeric.bivariate cimport bivariate_cdf
from shortgamma.kernels.numeric.quadrature cimport Rule, make_rule

cnp.import_array()
cnp.import_ufunc()

cdef Rule RULE
make_rule(&RULE)


cdef void bivariate_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """x, y, correlation -> probability"""
    cdef Py_ssize_t i
    cdef double x, y, correlation
    cdef bint outside = False
    cdef Status status = status_save()
    for i in range(dimensions[0]):
        x = number_at(args, steps, 0, i)
        y = number_at(args, steps, 1, i)
        correlation = number_at(args, steps, 2, i)
        outside |= not -1.0 <= correlation <= 1.0 and x == x and y == y and correlation == correlation
        (<double*> (args[3] + i * steps[3]))[0] = bivariate_cdf(&RULE, x, y, correlation)
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void two_asset_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """spot, strike, vol, dividend, other, barrier, other_vol, other_dividend, correlation, expiry, rate, kind"""
    cdef Py_ssize_t i
    cdef formula.Pair pair
    cdef double out[1]
    cdef bint outside = False
    cdef Status status = status_save()
    for i in range(dimensions[0]):
        pair = formula.Pair(
            number_at(args, steps, 0, i), number_at(args, steps, 1, i), number_at(args, steps, 2, i),
            number_at(args, steps, 3, i), number_at(args, steps, 4, i), number_at(args, steps, 5, i),
            number_at(args, steps, 6, i), number_at(args, steps, 7, i), number_at(args, steps, 8, i),
            number_at(args, steps, 9, i), number_at(args, steps, 10, i), code_at(args, steps, 11, i))
        outside |= not formula.two_asset(&RULE, &pair, out)
        (<double*> (args[12] + i * steps[12]))[0] = out[0]
    status_restore(status)
    status_raise(INVALID if outside else 0)


two_asset_bivariate_cdf = register(
    bivariate_loop, "two_asset_bivariate_cdf", "x y correlation", "probability",
    "P(X < x, Y < y) of two standard normal numbers.")
two_asset_price = register(
    two_asset_loop, "two_asset_price",
    "spot strike vol dividend other barrier other_vol other_dividend correlation expiry rate kind:b", "price",
    "barrier.two_asset_price")
