"""Loop of the constant-risk hedge of a quanto position."""

cimport cython_ext._loop.numpy_api as cnp

from cython_ext._loop.blocks cimport INVALID, Status, status_raise, status_restore, status_save
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.liquidation.hedge cimport Hedge, step
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

cnp.import_array()
cnp.import_ufunc()


cdef inline bint usable(double value, bint valid, bint* outside) noexcept nogil:
    """Whether a number is known and in its range."""
    outside[0] = outside[0] or (value == value and not valid)
    return valid


cdef inline double number(const char* source) noexcept nogil:
    return (<const double*> source)[0]


cdef void hedge_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """mark (t), fx (t), quantity, fee (t), multiplier -> hedge, trade, quanto, linear, fees, total (t)"""
    cdef Py_ssize_t paths = dimensions[0], bars = dimensions[1], path, t, i
    cdef double mark, before, fx, fee, size, total
    cdef double out[6]
    cdef Hedge now
    cdef bint outside = False, known
    cdef Status status = status_save()
    for path in range(paths):
        now.hedge = total = before = 0.0
        size = number(args[2] + path * steps[2]) * number(args[4] + path * steps[4])
        known = size == size
        for t in range(bars):
            mark = number(args[0] + path * steps[0] + t * steps[11])
            fx = number(args[1] + path * steps[1] + t * steps[12])
            fee = number(args[3] + path * steps[3] + t * steps[13])
            # all three are looked at, and nothing is known after an unknown number
            known = usable(mark, 0.0 < mark < INFINITY, &outside) & known
            known = usable(fx, 0.0 < fx < INFINITY, &outside) & known
            known = usable(fee, 0.0 <= fee < INFINITY, &outside) & known
            now = step(size, now.hedge, mark - before if t else 0.0, mark, fx, fee)
            total += now.quanto + now.linear - now.fees
            before = mark
            out[0], out[1], out[2], out[3], out[4], out[5] = (
                now.hedge, now.trade, now.quanto, now.linear, now.fees, total)
            for i in range(6):
                (<double*> (args[5 + i] + path * steps[5 + i] + t * steps[14 + i]))[0] = out[i] if known else NAN
    status_restore(status)
    status_raise(INVALID if outside else 0)


liquidation_hedge = register(
    hedge_loop, "liquidation_hedge", "mark fx quantity fee multiplier", "hedge trade quanto linear fees total",
    "liquidation.constant_risk_hedge", "(t),(t),(),(t),()->(t),(t),(t),(t),(t),(t)")
