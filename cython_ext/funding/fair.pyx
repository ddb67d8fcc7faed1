"""Loops of fair prices and premiums of perpetual swaps."""

cimport cython_ext._loop.numpy_api as cnp

from cython_ext._loop.blocks cimport (
    INVALID, LANES, Status, lanes_of, load_codes, padded, status_raise, status_restore, status_save, store,
)
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.funding.fair cimport fair_premium, fair_price

cnp.import_array()
cnp.import_ufunc()


cdef enum:
    PRICE
    PREMIUM


cdef inline void elementwise(int which, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps) noexcept nogil:
    """which is a constant of the caller. Finite or not, what is no answer for numbers sets the invalid flag."""
    cdef Py_ssize_t count = dimensions[0], begin = 0, i, k, lanes, whole
    cdef double block[4][LANES]
    cdef const double* x[4]
    cdef double out[LANES]
    cdef int code[LANES]
    cdef long long outside = 0
    cdef Status status = status_save()
    while begin < count:
        lanes = min(<Py_ssize_t> LANES, count - begin)
        whole = padded(lanes)
        for k in range(4):
            x[k] = lanes_of(block[k], args[k], steps[k], begin, lanes)
        load_codes(code, args[4] + begin * steps[4], steps[4], lanes)
        for i in range(whole):
            if which == PRICE:
                out[i] = fair_price(x[0][i], x[1][i], x[2][i], x[3][i], code[i] != 0)
            else:
                out[i] = fair_premium(x[0][i], x[1][i], x[2][i], x[3][i], code[i] != 0)
            outside |= 1 if (out[i] != out[i]) & (x[0][i] == x[0][i]) & (x[1][i] == x[1][i]) & (
                x[2][i] == x[2][i]) & (x[3][i] == x[3][i]) else 0
        store(args[5] + begin * steps[5], steps[5], out, lanes)
        begin += LANES
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """index, premium_speed, drift, interest, inverse -> price"""
    elementwise(PRICE, args, dimensions, steps)


cdef void premium_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """drift, count, interest, clamp, on_mark -> premium"""
    elementwise(PREMIUM, args, dimensions, steps)


funding_fair_price = register(
    price_loop, "funding_fair_price", "index premium_speed drift interest inverse:b", "price", "funding.fair_price")

funding_fair_premium = register(
    premium_loop, "funding_fair_premium", "drift count interest clamp on_mark:b", "premium", "funding.fair_premium")
