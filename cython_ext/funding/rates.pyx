"""Loops of funding rates: premium to rate, premium of impact prices, running averages, and a walk through a book."""

cimport cython_ext._loop.numpy_api as cnp

from cython_ext._loop.blocks cimport INVALID, Status, no_price, status_raise, status_restore, status_save
from cython_ext._loop.elementwise cimport NO_CODES, elementwise
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.funding.rates cimport (
    FILLED, INVALID_LEVEL, UNFILLED, Average, Order, average_with, fill_level, order_of, premium_of, rate_of,
    refuses_limits,
)
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

cnp.import_array()
cnp.import_ufunc()


cdef inline long long rates(int _, const double** x, const int* __, double* out, int lanes) noexcept nogil:
    cdef long long outside = 0
    cdef Py_ssize_t i
    for i in range(lanes):
        out[i] = rate_of(x[0][i], x[1][i], x[2][i], x[3][i], x[4][i])
        outside |= refuses_limits(x[2][i], x[3][i], x[4][i])
    return outside


cdef inline long long premiums(int _, const double** x, const int* __, double* out, int lanes) noexcept nogil:
    cdef long long outside = 0
    cdef Py_ssize_t i
    for i in range(lanes):
        out[i] = premium_of(x[0][i], x[1][i], x[2][i], x[3][i], x[4][i])
        outside |= no_price(x[2][i])
    return outside


cdef void rate_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    elementwise(rates, NO_CODES, 5, args, dimensions, steps)


cdef void premium_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    elementwise(premiums, NO_CODES, 5, args, dimensions, steps)


cdef void average_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """premium, weight -> average of the samples so far"""
    cdef Py_ssize_t path, t
    cdef long long outside = 0
    cdef double sample, weight
    cdef Average average
    cdef Status status = status_save()
    for path in range(dimensions[0]):
        average.samples.high = average.samples.low = average.weights.high = average.weights.low = 0.0
        for t in range(dimensions[1]):
            sample = (<double*> (args[0] + path * steps[0] + t * steps[3]))[0]
            weight = (<double*> (args[1] + path * steps[1] + t * steps[4]))[0]
            outside |= weight < 0.0
            (<double*> (args[2] + path * steps[2] + t * steps[5]))[0] = average_with(&average, sample, weight)
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef inline double fill_order(
    const char* price, Py_ssize_t price_step, const char* size, Py_ssize_t size_step, Py_ssize_t levels, Order order,
    long long* outside,
) noexcept nogil:
    """Average price at which an order fills through a book, NaN if the book is too thin for it."""
    cdef double average = NAN
    cdef Py_ssize_t i
    cdef int end = UNFILLED
    if not 0.0 < order.notional < INFINITY:
        outside[0] |= order.notional == order.notional
        return NAN
    for i in range(levels):
        end = fill_level(
            &order, (<const double*> (price + i * price_step))[0], (<const double*> (size + i * size_step))[0],
            &average)
        if end != UNFILLED:
            break
    outside[0] |= end == INVALID_LEVEL
    return average if end == FILLED else NAN


cdef void impact_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """prices, quantity, notional, multiplier, inverse -> average price"""
    cdef Py_ssize_t book
    cdef Order order
    cdef long long outside = 0
    cdef Status status = status_save()
    for book in range(dimensions[0]):
        order = order_of(
            (<double*> (args[2] + book * steps[2]))[0], (<double*> (args[3] + book * steps[3]))[0],
            (args[4] + book * steps[4])[0] != 0)
        (<double*> (args[5] + book * steps[5]))[0] = fill_order(
            args[0] + book * steps[0], steps[6], args[1] + book * steps[1], steps[7], dimensions[1], order, &outside)
    status_restore(status)
    status_raise(INVALID if outside else 0)


funding_rate = register(
    rate_loop, "funding_rate", "premium interest clamp cap floor", "rate",
    "funding.rate")

funding_premium = register(
    premium_loop, "funding_premium", "bid_impact ask_impact index mark basis", "premium",
    "funding.premium_index")

funding_average = register(
    average_loop, "funding_average", "premium weight", "average",
    "funding.average_premium", "(t),(t)->(t)")

funding_impact_price = register(
    impact_loop, "funding_impact_price", "prices quantity notional multiplier inverse:b", "price",
    "funding.impact_price", "(t),(t),(),(),()->()")
