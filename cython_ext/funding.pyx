"""Loop of funding payments."""

cimport numpy as cnp

from shortgamma.kernels.blocks cimport (
    INVALID, LANES, Status, lanes_of, load_codes, no_price, padded, status_raise, status_restore, status_save, store,
)
from shortgamma.kernels.contracts cimport checked
from shortgamma.kernels.funding cimport payment
from shortgamma.kernels.ufuncs cimport make_ufunc
from shortgamma.kernels.vecmath cimport INFINITY

cnp.import_array()
cnp.import_ufunc()


cdef enum:
    LINEAR
    INVERSE
    MIXED


cdef inline void payments(int kind, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps) noexcept nogil:
    """kind is a constant of the caller: where no contract is inverse there is nothing to divide."""
    cdef Py_ssize_t count = dimensions[0], begin = 0, i, lanes, whole
    cdef const double* quantity
    cdef double quantity_block[LANES]
    cdef const double* mark
    cdef double mark_block[LANES]
    cdef const double* rate
    cdef double rate_block[LANES]
    cdef const double* multiplier
    cdef double multiplier_block[LANES]
    cdef double out[LANES]
    cdef int inverse[LANES]
    cdef long long outside = 0
    cdef Status status = status_save()
    while begin < count:
        lanes = min(<Py_ssize_t> LANES, count - begin)
        whole = padded(lanes)
        quantity = lanes_of(quantity_block, args[0], steps[0], begin, lanes)
        mark = lanes_of(mark_block, args[1], steps[1], begin, lanes)
        rate = lanes_of(rate_block, args[2], steps[2], begin, lanes)
        multiplier = lanes_of(multiplier_block, args[3], steps[3], begin, lanes)
        if kind == MIXED:
            load_codes(inverse, args[4] + begin * steps[4], steps[4], lanes)
        for i in range(whole):
            out[i] = checked(
                payment(
                    inverse[i] if kind == MIXED else kind == INVERSE, quantity[i], mark[i], rate[i], multiplier[i]),
                mark[i])
        for i in range(whole):
            outside |= no_price(mark[i])
        store(args[5] + begin * steps[5], steps[5], out, lanes)
        begin += LANES
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef inline bint one_price(int kind, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps) noexcept nogil:
    """Positions side by side under one mark, rate and contract, the row of a table; false, and nothing done, if not."""
    cdef const double* quantity = <const double*> args[0]
    cdef double* out = <double*> args[5]
    cdef double mark = (<double*> args[1])[0], rate = (<double*> args[2])[0], multiplier = (<double*> args[3])[0]
    cdef Py_ssize_t i
    cdef Status status
    if steps[0] != sizeof(double) or steps[5] != sizeof(double) or steps[1] | steps[2] | steps[3]:
        return False
    status = status_save()
    if not 0.0 < mark < INFINITY:
        status_restore(status)
        return False
    for i in range(dimensions[0]):
        out[i] = payment(kind == INVERSE, quantity[i], mark, rate, multiplier)
    status_restore(status)
    return True


cdef void payment_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """position, mark, rate, multiplier, inverse -> cash"""
    if steps[4] != 0:
        payments(MIXED, args, dimensions, steps)
    elif args[4][0]:
        if not one_price(INVERSE, args, dimensions, steps):
            payments(INVERSE, args, dimensions, steps)
    elif not one_price(LINEAR, args, dimensions, steps):
        payments(LINEAR, args, dimensions, steps)


funding_payment = make_ufunc(
    payment_loop, "funding_payment", "ddddb", "d", "",
    "Loop behind shortgamma.funding.accrue: position, mark, rate, multiplier, inverse (int8, 0 or 1).")
