"""Loops of funding rates: premium to rate, premium of impact prices, running averages, and a walk through a book."""

cimport numpy as cnp

from cython_ext._loop.blocks cimport (
    INVALID, LANES, Status, lanes_of, padded, status_raise, status_restore, status_save, store,
)
from shortgamma.kernels.funding.payments cimport Sum, add, premium_of, rate_of, rounded
from cython_ext._loop.ufuncs cimport make_ufunc
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

cnp.import_array()
cnp.import_ufunc()


cdef enum:
    RATE
    PREMIUM


cdef inline void formula(int which, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps) noexcept nogil:
    cdef Py_ssize_t count = dimensions[0], begin = 0, i, k, lanes, whole
    cdef double block[5][LANES]
    cdef const double* x[5]
    cdef double out[LANES]
    cdef long long outside = 0
    cdef bint good
    cdef Status status = status_save()
    while begin < count:
        lanes = min(<Py_ssize_t> LANES, count - begin)
        whole = padded(lanes)
        for k in range(5):
            x[k] = lanes_of(block[k], args[k], steps[k], begin, lanes)
        for i in range(whole):
            if which == RATE:
                out[i] = rate_of(x[0][i], x[1][i], x[2][i], x[3][i], x[4][i])
                # no limit is below 0, no cap below its floor; NaN is no number and quiet
                good = (x[2][i] >= 0.0) & (x[3][i] >= x[4][i])
                outside |= (x[2][i] < 0.0) | (x[3][i] < x[4][i])
            else:
                out[i] = premium_of(x[0][i], x[1][i], x[2][i], x[3][i], x[4][i])
                good = (x[2][i] > 0.0) & (x[2][i] < INFINITY)
                outside |= (x[2][i] <= 0.0) | (x[2][i] == INFINITY)
            out[i] = out[i] if good else NAN
        store(args[5] + begin * steps[5], steps[5], out, lanes)
        begin += LANES
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void rate_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """premium, interest, clamp, cap, floor -> rate"""
    formula(RATE, args, dimensions, steps)


cdef void premium_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """impact bid, impact ask, index, reference, basis -> premium"""
    formula(PREMIUM, args, dimensions, steps)


cdef void average_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """premium, weight -> average of the samples so far"""
    cdef Py_ssize_t path, t
    cdef long long outside = 0
    cdef double x, weight
    cdef Sum total, weights
    cdef Status status = status_save()
    for path in range(dimensions[0]):
        total.high = total.low = weights.high = weights.low = 0.0
        for t in range(dimensions[1]):
            x = (<double*> (args[0] + path * steps[0] + t * steps[3]))[0]
            weight = (<double*> (args[1] + path * steps[1] + t * steps[4]))[0]
            if weight < 0.0:
                weight = NAN
                outside = 1
            add(&total, weight * x)
            add(&weights, weight)
            (<double*> (args[2] + path * steps[2] + t * steps[5]))[0] = rounded(total) / rounded(weights)
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef inline double walk(
    const char* price, Py_ssize_t price_step, const char* size, Py_ssize_t size_step, Py_ssize_t levels,
    double notional, bint inverse, double multiplier, long long* outside,
) noexcept nogil:
    """Average price at which an order of a notional fills through a book, NaN if the book is too thin for it.

    A contract at the price P is worth m P, or m / P; the average is the price at which all contracts together are
    worth the notional.
    """
    cdef Sum contracts, value
    cdef double p, q, worth, rest
    cdef Py_ssize_t i
    contracts.high = contracts.low = value.high = value.low = 0.0
    if not 0.0 < notional < INFINITY:
        if notional == notional:
            outside[0] = 1
        return NAN
    for i in range(levels):
        p = (<const double*> (price + i * price_step))[0]
        q = (<const double*> (size + i * size_step))[0]
        if not (0.0 < p < INFINITY and 0.0 <= q < INFINITY):
            # a level that is not there ends the book
            if p == p and q == q:
                outside[0] = 1
            return NAN
        worth = q * multiplier / p if inverse else q * multiplier * p
        rest = notional - rounded(value)
        if worth >= rest:
            # the last level fills in part
            if i == 0:
                return p
            add(&contracts, rest * p if inverse else rest / p)
            return rounded(contracts) / notional if inverse else notional / rounded(contracts)
        add(&value, worth)
        add(&contracts, q * multiplier)
    return NAN


cdef void impact_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """prices, sizes, notional, multiplier, inverse -> average price"""
    cdef Py_ssize_t book
    cdef long long outside = 0
    cdef Status status = status_save()
    for book in range(dimensions[0]):
        (<double*> (args[5] + book * steps[5]))[0] = walk(
            args[0] + book * steps[0], steps[6], args[1] + book * steps[1], steps[7], dimensions[1],
            (<double*> (args[2] + book * steps[2]))[0], (args[4] + book * steps[4])[0] != 0,
            (<double*> (args[3] + book * steps[3]))[0], &outside)
    status_restore(status)
    status_raise(INVALID if outside else 0)


funding_rate = make_ufunc(
    rate_loop, "funding_rate", "ddddd", "d", "",
    "Loop behind shortgamma.funding.rate: premium, interest, clamp, cap, floor.")

funding_premium = make_ufunc(
    premium_loop, "funding_premium", "ddddd", "d", "",
    "Loop behind shortgamma.funding.premium_index: bid_impact, ask_impact, index, mark, basis.")

funding_average = make_ufunc(
    average_loop, "funding_average", "dd", "d", "(t),(t)->(t)",
    "Loop behind shortgamma.funding.average_premium: premium, weight.")

funding_impact_price = make_ufunc(
    impact_loop, "funding_impact_price", "ddddb", "d", "(t),(t),(),(),()->()",
    "Loop behind shortgamma.funding.impact_price: prices, sizes, notional, multiplier, inverse (int8, 0 or 1).")
