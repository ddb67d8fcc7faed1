"""Loops of the elementary and error functions."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.numeric.vecmath as vecmath
from cython_ext._loop.blocks cimport (
    DIVIDE, INVALID, LANES, OVERFLOW, Status, load, padded, status_raise, status_restore, status_save, store,
)
from cython_ext._loop.ufuncs cimport register

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    EXP
    EXPM1
    LOG
    LOG1P
    ERFC
    ERFCX
    NORMAL_CDF
    NORMAL_PDF


cdef inline double call(int function, double x) noexcept nogil:
    """function is a constant of the caller: a pointer to a function would not melt into the loop."""
    if function == EXP:
        return vecmath.exp(x)
    if function == EXPM1:
        return vecmath.expm1(x)
    if function == LOG:
        return vecmath.log(x)
    if function == LOG1P:
        return vecmath.log1p(x)
    if function == ERFC:
        return vecmath.erfc(x)
    if function == ERFCX:
        return vecmath.erfcx(x)
    if function == NORMAL_CDF:
        return vecmath.normal_cdf(x)
    return vecmath.normal_pdf(x)


cdef inline void unary(
    int function, int when_infinite, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    """The loop over one argument; an infinite result of a finite argument raises when_infinite."""
    cdef Py_ssize_t count = dimensions[0], begin, i, lanes, whole
    cdef double x[LANES]
    cdef double y[LANES]
    cdef long long undefined = 0, infinite = 0
    cdef Status status = status_save()
    begin = 0
    while begin < count:
        lanes = min(<Py_ssize_t> LANES, count - begin)
        whole = padded(lanes)
        load(x, args[0] + begin * steps[0], steps[0], lanes)
        for i in range(whole):
            y[i] = call(function, x[i])
        for i in range(whole):
            undefined |= 1 if (y[i] != y[i]) & (x[i] == x[i]) else 0
            infinite |= 1 if (
                (vecmath.absolute(y[i]) == vecmath.INFINITY) & (vecmath.absolute(x[i]) < vecmath.INFINITY)
            ) else 0
        store(args[1] + begin * steps[1], steps[1], y, lanes)
        begin += LANES
    status_restore(status)
    status_raise((INVALID if undefined else 0) | (when_infinite if infinite else 0))


cdef void exp_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    unary(EXP, OVERFLOW, args, dimensions, steps)


cdef void expm1_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    unary(EXPM1, OVERFLOW, args, dimensions, steps)


cdef void log_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    unary(LOG, DIVIDE, args, dimensions, steps)


cdef void log1p_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    unary(LOG1P, DIVIDE, args, dimensions, steps)


cdef void erfc_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    unary(ERFC, OVERFLOW, args, dimensions, steps)


cdef void erfcx_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    unary(ERFCX, OVERFLOW, args, dimensions, steps)


cdef void normal_cdf_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    unary(NORMAL_CDF, OVERFLOW, args, dimensions, steps)


cdef void normal_pdf_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    unary(NORMAL_PDF, OVERFLOW, args, dimensions, steps)


exp = register(exp_loop, "exp", "x", "y", """Exponential function.

exp(x), to 4 units in the last place over the whole range of float64; overflow gives inf and the overflow flag.
""")
expm1 = register(expm1_loop, "expm1", "x", "y", """exp(x) - 1, accurate also for small x.""")
log = register(log_loop, "log", "x", "y", """Natural logarithm.

log(0) is -inf with the divide flag, log of a negative number NaN with the invalid flag.
""")
log1p = register(log1p_loop, "log1p", "x", "y", """log(1 + x), accurate also for small x.""")
erfc = register(erfc_loop, "erfc", "x", "y", """Complementary error function.

erfc(x) = 2/sqrt(pi) int_x^inf exp(-t^2) dt, to 4 units in the last place in its far tail also.
""")
erfcx = register(erfcx_loop, "erfcx", "x", "y", """Scaled complementary error function.

exp(x^2) erfc(x), which does not underflow where erfc does.
""")
normal_cdf = register(normal_cdf_loop, "normal_cdf", "x", "y", """Distribution function of the normal law.

N(x) = erfc(-x/sqrt(2))/2, to 4 units in the last place down to the smallest subnormal number (x = -38.5).
""")
normal_pdf = register(normal_pdf_loop, "normal_pdf", "x", "y", """Density of the standard normal law.

exp(-x^2/2)/sqrt(2 pi).
""")
