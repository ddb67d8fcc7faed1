# cython: language_level=3, cdivision=True
"""Signs of sums of products of doubles without rounding, for decisions that must not depend on it.

Every product is a whole number times a power of two, and so is their sum: it is added up in a fixed-point number wide
enough for all of it, in whole-number arithmetic alone. Nothing overflows or underflows, whatever finite doubles come,
and no mode of the floating-point unit matters. (U. Kulisch, Computer Arithmetic and Validity, 2nd ed. 2013, ch. 8, adds
up dot products in this way.)
"""

from libc.math cimport frexp, ldexp
from libc.stdlib cimport free, malloc
from libc.string cimport memset

cdef enum:
    # digits of 27 bits: a factor is two of them, and a digit times a digit leaves room for carries.
    BITS = 27
    MASK = (1 << 27) - 1
    # digits on the stack: more than four factors of any size need
    ON_STACK = 512
    NO_MEMORY = 2


cdef inline int sign_with(
    const double* factor, Py_ssize_t terms, Py_ssize_t width, long long lowest, long long* total, Py_ssize_t digits,
    long long* product,
) noexcept nogil:
    """The sign of the sum, with room for its digits and for those of one product."""
    cdef Py_ssize_t term, i, j, length, place
    cdef long long exponent, low, high, carry, last_digit, digit, rest, shift
    cdef bint negative, zero, nonzero = False
    cdef int power
    cdef double mantissa
    memset(total, 0, digits * sizeof(long long))
    for term in range(terms):
        product[0] = 1
        length = 1
        exponent = -lowest
        negative = zero = False
        for i in range(width):
            mantissa = factor[term * width + i]
            if mantissa == 0.0:
                zero = True
                break
            if mantissa < 0.0:
                negative = not negative
                mantissa = -mantissa
            if mantissa == 1.0:
                continue
            digit = <long long> ldexp(frexp(mantissa, &power), 53)
            exponent += power - 53
            high = digit >> BITS
            low = digit & MASK
            carry = last_digit = 0
            product[length] = product[length + 1] = 0
            length += 2
            for j in range(length):
                rest = product[j] * low + last_digit * high + carry
                last_digit = product[j]
                product[j] = rest & MASK
                carry = rest >> BITS
        if zero:
            continue
        place = <Py_ssize_t> (exponent // BITS)
        shift = exponent % BITS
        carry = 0
        for j in range(length + 1):
            rest = (product[j] << shift) + carry if j < length else carry
            carry = rest >> BITS
            rest &= MASK
            total[place + j] += -rest if negative else rest
    carry = 0
    for j in range(digits):
        rest = total[j] + carry
        digit = rest & MASK
        carry = (rest - digit) // (MASK + 1)
        nonzero = nonzero or digit != 0
    return -1 if carry < 0 else (1 if carry > 0 or nonzero else 0)


cdef inline int sign_of_products(const double* factor, Py_ssize_t terms, Py_ssize_t width) noexcept nogil:
    """-1, 0 or 1: the sign of the sum of products of width finite factors each, one product after the other.

    NO_MEMORY if none can be had, which takes factors by the hundred.
    """
    cdef long long on_stack[ON_STACK]
    cdef long long* room = on_stack
    cdef long long exponent, lowest = 0, highest = 0
    cdef Py_ssize_t term, i, digits, length = 2 * width + 2
    cdef double value
    cdef bint zero, any_term = False
    cdef int power, sign
    for term in range(terms):
        exponent = 0
        zero = False
        for i in range(width):
            value = factor[term * width + i]
            zero = zero or value == 0.0
            if value == 1.0 or value == -1.0:
                continue
            frexp(value, &power)
            exponent += power - 53
        if zero:
            continue
        lowest = exponent if not any_term or exponent < lowest else lowest
        highest = exponent if not any_term or exponent > highest else highest
        any_term = True
    if not any_term:
        return 0
    digits = <Py_ssize_t> ((highest - lowest) // BITS) + length + 1
    if digits + length > ON_STACK:
        room = <long long*> malloc((digits + length) * sizeof(long long))
        if room == NULL:
            return NO_MEMORY
    sign = sign_with(factor, terms, width, lowest, room, digits, room + digits)
    if room != on_stack:
        free(room)
    return sign
