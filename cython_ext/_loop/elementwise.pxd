# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Loops of one output: the blocks of lanes once, around the body of each loop.

The body is a constant of the caller, so that it melts into the loop: with its blocks it is vectorised as if it had been
written there.
"""

cimport cython_ext._loop.numpy_api as cnp
from cython_ext._loop.blocks cimport (
    INVALID, LANES, Status, lanes_of, load_codes, padded, status_raise, status_restore, status_save, store,
)

cdef enum:
    MOST_INPUTS = 6

# Which contracts there are among the lanes: where none is inverse there is nothing to divide.
cdef enum:
    LINEAR
    INVERSE
    MIXED
    NO_CODES

# From the inputs, and of MIXED contracts from their codes, the output of so many lanes; returns 1 if a number is out of
# its domain.
ctypedef long long (*Body)(
    int kind, const double** inputs, const int* codes, double* out, int lanes) noexcept nogil


cdef inline void elementwise(
    Body body, int kind, int inputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    """The loop over so many inputs, and over codes behind them if there are any."""
    cdef Py_ssize_t count = dimensions[0], begin = 0, lanes
    cdef int k, result = inputs + (kind != NO_CODES)
    cdef double block[MOST_INPUTS][LANES]
    cdef const double* source[MOST_INPUTS]
    cdef double out[LANES]
    cdef int codes[LANES]
    cdef long long outside = 0
    cdef Status status = status_save()
    while begin < count:
        lanes = min(<Py_ssize_t> LANES, count - begin)
        for k in range(inputs):
            source[k] = lanes_of(block[k], args[k], steps[k], begin, lanes)
        if kind == MIXED:
            load_codes(codes, args[inputs] + begin * steps[inputs], steps[inputs], lanes)
        outside |= body(kind, source, codes, out, <int> padded(lanes))
        store(args[result] + begin * steps[result], steps[result], out, lanes)
        begin += LANES
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef inline void by_contract(
    Body body, int inputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    """The loop whose codes say which contracts are inverse."""
    if dimensions[0] == 0:
        return
    if steps[inputs] != 0:
        elementwise(body, MIXED, inputs, args, dimensions, steps)
    elif args[inputs][0]:
        elementwise(body, INVERSE, inputs, args, dimensions, steps)
    else:
        elementwise(body, LINEAR, inputs, args, dimensions, steps)
