"""Loop of funding payments."""

cimport numpy as cnp

from shortgamma.kernels.blocks cimport (
    INVALID, LANES, Status, load, load_codes, no_price, padded, status_raise, status_restore, status_save, store,
)
from shortgamma.kernels.contracts cimport checked
from shortgamma.kernels.funding cimport payment
from shortgamma.kernels.ufuncs cimport make_ufunc

cnp.import_array()
cnp.import_ufunc()


cdef enum:
    LINEAR
    INVERSE
    MIXED


cdef inline void payments(int kind, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps) noexcept nogil:
    """kind is a constant of the caller: where no contract is inverse there is nothing to divide."""
    cdef Py_ssize_t count = dimensions[0], begin = 0, i, lanes, whole
    cdef double quantity[LANES]
    cdef double mark[LANES]
    cdef double rate[LANES]
    cdef double multiplier[LANES]
    cdef double out[LANES]
    cdef int inverse[LANES]
    cdef long long outside = 0
    cdef Status status = status_save()
    while begin < count:
        lanes = min(<Py_ssize_t> LANES, count - begin)
        whole = padded(lanes)
        load(quantity, args[0] + begin * steps[0], steps[0], lanes)
        load(mark, args[1] + begin * steps[1], steps[1], lanes)
        load(rate, args[2] + begin * steps[2], steps[2], lanes)
        load(multiplier, args[3] + begin * steps[3], steps[3], lanes)
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


cdef void payment_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """position, mark, rate, multiplier, inverse -> cash"""
    if steps[4] != 0:
        payments(MIXED, args, dimensions, steps)
    elif args[4][0]:
        payments(INVERSE, args, dimensions, steps)
    else:
        payments(LINEAR, args, dimensions, steps)


funding_payment = make_ufunc(
    payment_loop, "funding_payment", "ddddb", "d", "",
    "Loop behind shortgamma.funding.accrue: position, mark, rate, multiplier, inverse (int8, 0 or 1).")
