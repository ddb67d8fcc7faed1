"""Arrays of names to arrays of small codes, in one pass over the characters."""

from libc.stdint cimport int8_t, uint32_t, uint64_t
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy

cimport cython_ext._loop.numpy_api as cnp
from cpython.object cimport PyObject

import numpy as np

cnp.import_array()

cdef enum:
    SLOTS = 256
    SEEN = 16


cdef inline uint64_t fold(const char* name, const uint64_t* factor, Py_ssize_t words, bint odd) noexcept nogil:
    """A number from the characters, two at a time."""
    cdef uint64_t word, total = 0
    cdef uint32_t last
    cdef Py_ssize_t k
    for k in range(words):
        memcpy(&word, name + 8 * k, 8)
        total += word * factor[k]
    if odd:
        memcpy(&last, name + 8 * words, 4)
        total += last * factor[words]
    return total >> 56


cdef inline bint alike(const char* name, const char* other, Py_ssize_t words, bint odd) noexcept nogil:
    cdef uint64_t word, known, differ = 0
    cdef uint32_t last, known_last
    cdef Py_ssize_t k
    for k in range(words):
        memcpy(&word, name + 8 * k, 8)
        memcpy(&known, other + 8 * k, 8)
        differ |= word ^ known
    if odd:
        memcpy(&last, name + 8 * words, 4)
        memcpy(&known_last, other + 8 * words, 4)
        differ |= last ^ known_last
    return differ == 0


cdef inline void find(
    const char* names, Py_ssize_t count, Py_ssize_t words, bint odd, const uint64_t* factor, const char* known,
    const int8_t* slots, const int8_t* code, int8_t* out,
) noexcept nogil:
    """Each name has but one known name that it could be."""
    cdef Py_ssize_t i, size = 8 * words + 4 * odd
    cdef int8_t slot
    for i in range(count):
        slot = slots[fold(names, factor, words, odd)]
        out[i] = code[slot] if alike(names, known + slot * size, words, odd) else -1
        names += size


cdef cnp.ndarray characters(cnp.ndarray names, dict choices):
    """Names of fixed width, side by side."""
    cdef Py_ssize_t width = cnp.PyArray_ITEMSIZE(names) // 4, words = width // 2, size = 4 * width, k
    cdef bint odd = width & 1
    cdef list texts = [text for text in choices if len(text) <= width]
    # no name at all stands last: what no slot holds is compared with it, in vain
    cdef bytes known = b"".join(
        text.encode("utf-32" + ("-le" if np.little_endian else "-be")).ljust(size, b"\0") for text in texts
    ) + b"\xff" * size
    cdef cnp.ndarray out = cnp.PyArray_EMPTY(names.ndim, names.shape, cnp.NPY_INT8, 0)
    cdef int8_t slots[SLOTS]
    cdef int8_t code[SLOTS]
    cdef uint64_t seed = 0, mixed
    cdef uint64_t* factor = <uint64_t*> malloc((words + 1) * sizeof(uint64_t))
    cdef const char* rows = known
    cdef const char* data = <const char*> cnp.PyArray_DATA(names)
    cdef int8_t* target = <int8_t*> cnp.PyArray_DATA(out)
    cdef Py_ssize_t row, slot, last = len(texts), count = names.size
    cdef bint clash = True
    if factor == NULL:
        raise MemoryError
    for row in range(last):
        code[row] = choices[texts[row]]
    code[last] = -1
    while clash:
        # factors that lead each known name to a slot of its own (Steele, Lea and Flood's splitmix, 2014)
        for k in range(words + 1):
            seed += 0x9E3779B97F4A7C15ULL
            mixed = (seed ^ (seed >> 30)) * 0xBF58476D1CE4E5B9ULL
            factor[k] = (mixed ^ (mixed >> 27)) | 1
        for slot in range(SLOTS):
            slots[slot] = <int8_t> last
        clash = False
        for row in range(last):
            slot = fold(rows + row * size, factor, words, odd)
            clash |= slots[slot] != last
            slots[slot] = <int8_t> row
    with nogil:
        if words == 4 and not odd:
            find(data, count, 4, False, factor, rows, slots, code, target)
        elif words == 2 and not odd:
            find(data, count, 2, False, factor, rows, slots, code, target)
        else:
            find(data, count, words, odd, factor, rows, slots, code, target)
    free(factor)
    return out


cdef cnp.ndarray objects(cnp.ndarray names, dict choices):
    """Names that are objects: the same few, as a rule, over and over."""
    cdef cnp.ndarray out = cnp.PyArray_EMPTY(names.ndim, names.shape, cnp.NPY_INT8, 0)
    cdef PyObject** data = <PyObject**> cnp.PyArray_DATA(names)
    cdef int8_t* target = <int8_t*> cnp.PyArray_DATA(out)
    cdef PyObject* seen[SEEN]
    cdef int8_t code[SEEN]
    cdef list kept = []
    cdef Py_ssize_t i, k, count = 0
    cdef object name
    for i in range(names.size):
        if data[i] == NULL:
            target[i] = -1
            continue
        k = 0
        while k < count and seen[k] != data[i]:
            k += 1
        if k < count:
            target[i] = code[k]
            continue
        name = <object> data[i]
        target[i] = choices.get(name, -1) if isinstance(name, str) else -1
        if count < SEEN:
            seen[count] = data[i]
            code[count] = target[i]
            kept.append(name)
            count += 1
    return out


def codes(names, dict choices not None):
    """The codes of an array of strings or objects, -1 for what is no choice."""
    names = np.asarray(names, order="C")
    if names.dtype.kind == "U":
        return characters(names if names.dtype.isnative else names.astype(names.dtype.newbyteorder("=")), choices)
    return objects(names if names.dtype.kind == "O" else names.astype(object), choices)
