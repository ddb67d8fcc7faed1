# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""What every elementwise loop shares: blocks of lanes in local arrays, and the floating-point status.

A loop copies each input with its stride into a local array of LANES doubles, runs straight-line code over the
local arrays, and stores. Local arrays cannot alias, so the compiler vectorises the code between.
The last block is filled up to a whole number of GROUP lanes with copies of its last element, so that every
element goes through the same instructions wherever it stands in an array.
"""

cimport cython_ext._loop.numpy_api as cnp

from shortgamma.kernels.numeric.vecmath cimport INFINITY

cdef extern from "_loop/status.h" nogil:
    ctypedef unsigned int Status "sg_status"
    enum:
        INVALID "SG_INVALID"
        DIVIDE "SG_DIVIDE"
        OVERFLOW "SG_OVERFLOW"
    Status status_save "sg_status_save"() noexcept
    void status_restore "sg_status_restore"(Status saved) noexcept
    void status_raise "sg_status_raise"(int what) noexcept

cdef enum:
    LANES = 64
    GROUP = 8


cdef inline Py_ssize_t padded(Py_ssize_t count) noexcept nogil:
    """count rounded up to a whole number of groups."""
    return (count + (GROUP - 1)) & ~(<Py_ssize_t>(GROUP - 1))


cdef inline void load(double* block, const char* source, Py_ssize_t stride, Py_ssize_t count) noexcept nogil:
    """count doubles, stride bytes apart, and the filling behind them."""
    cdef Py_ssize_t i, whole = padded(count)
    cdef double last
    if stride == sizeof(double):
        if count == LANES:
            for i in range(LANES):
                block[i] = (<const double*> source)[i]
            return
        for i in range(count):
            block[i] = (<const double*> source)[i]
    elif stride == 0:
        last = (<const double*> source)[0]
        for i in range(whole):
            block[i] = last
        return
    else:
        for i in range(count):
            block[i] = (<const double*> (source + i * stride))[0]
    last = block[count - 1]
    for i in range(count, whole):
        block[i] = last


cdef inline const double* lanes_of(
    double* block, const char* source, Py_ssize_t stride, Py_ssize_t begin, Py_ssize_t count,
) noexcept nogil:
    """The lanes from begin on, where they lie if they lie side by side, else in a block of their own.

    One number for all lanes is written to its block once, at the first.
    """
    if stride == sizeof(double) and count == LANES:
        return <const double*> (source + begin * stride)
    if stride != 0 or begin == 0:
        load(block, source + begin * stride, stride, count if stride != 0 else <Py_ssize_t> LANES)
    return block


cdef inline void store(char* target, Py_ssize_t stride, const double* block, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t i
    if stride == sizeof(double) and count == LANES:
        for i in range(LANES):
            (<double*> target)[i] = block[i]
    elif stride == sizeof(double):
        for i in range(count):
            (<double*> target)[i] = block[i]
    else:
        for i in range(count):
            (<double*> (target + i * stride))[0] = block[i]


cdef inline void store_plain(char* target, Py_ssize_t stride, const double* block, Py_ssize_t count) noexcept nogil:
    """Store without signs of zero."""
    cdef Py_ssize_t i
    if stride == sizeof(double) and count == LANES:
        for i in range(LANES):
            (<double*> target)[i] = block[i] + 0.0
    else:
        for i in range(count):
            (<double*> (target + i * stride))[0] = block[i] + 0.0


cdef inline void load_codes(int* block, const char* source, Py_ssize_t stride, Py_ssize_t count) noexcept nogil:
    """Like load, for signed bytes that name a kind."""
    cdef Py_ssize_t i, whole = padded(count)
    if stride == 0:
        for i in range(whole):
            block[i] = (<const signed char*> source)[0]
        return
    for i in range(count):
        block[i] = (<const signed char*> (source + i * stride))[0]
    for i in range(count, whole):
        block[i] = block[count - 1]


cdef inline long long no_price(double price) noexcept nogil:
    """1 for a number that cannot be a price; NaN is no number, and quiet."""
    return 1 if (price <= 0.0) | (price == INFINITY) else 0


cdef inline double number_at(char** args, cnp.npy_intp* steps, int place, Py_ssize_t i) noexcept nogil:
    return (<double*> (args[place] + i * steps[place]))[0]


cdef inline int code_at(char** args, cnp.npy_intp* steps, int place, Py_ssize_t i) noexcept nogil:
    return (<signed char*> (args[place] + i * steps[place]))[0]
