"""Loops of fair prices and premiums of perpetual swaps."""

cimport cython_ext._loop.numpy_api as cnp

from cython_ext._loop.elementwise cimport MIXED, elementwise
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.funding.fair cimport fair_premium, fair_price

cnp.import_array()
cnp.import_ufunc()


cdef inline long long unanswered(const double** x, const double* out, Py_ssize_t lanes) noexcept nogil:
    """Finite or not, what is no answer for numbers sets the invalid flag."""
    cdef long long outside = 0
    cdef Py_ssize_t i
    for i in range(lanes):
        outside |= 1 if (out[i] != out[i]) & (x[0][i] == x[0][i]) & (x[1][i] == x[1][i]) & (
            x[2][i] == x[2][i]) & (x[3][i] == x[3][i]) else 0
    return outside


cdef inline long long prices(int _, const double** x, const int* inverse, double* out, int lanes) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(lanes):
        out[i] = fair_price(x[0][i], x[1][i], x[2][i], x[3][i], inverse[i] != 0)
    return unanswered(x, out, lanes)


cdef inline long long premiums(int _, const double** x, const int* on_mark, double* out, int lanes) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(lanes):
        out[i] = fair_premium(x[0][i], x[1][i], x[2][i], x[3][i], on_mark[i] != 0)
    return unanswered(x, out, lanes)


cdef void price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    elementwise(prices, MIXED, 4, args, dimensions, steps)


cdef void premium_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    elementwise(premiums, MIXED, 4, args, dimensions, steps)


funding_fair_price = register(
    price_loop, "funding_fair_price", "index premium_speed drift interest inverse:b", "price", "funding.fair_price")

funding_fair_premium = register(
    premium_loop, "funding_fair_premium", "drift count interest clamp on_mark:b", "premium", "funding.fair_premium")
