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
    # Digits of 27 bits: a factor is two of them, and a digit times a digit leaves room for carries.
    BITS = 27
    MASK = (1 << 27) - 1
    # What four factors of any size need, and more.
    AT_HAND = 512
    NO_MEMORY = 2


cdef inline int sign_with(
    const double* factor, Py_ssize_t terms, Py_ssize_t width, long long lowest, long long* total, Py_ssize_t digits,
    long long* product,
) noexcept nogil:
    """The sign of the sum, with room for its digits and for those of one product."""
    cdef Py_ssize_t term, i, j, length, place
    cdef long long exponent, low, high, carry, before, digit, rest, shift
    cdef bint negative, zero, any_left = False
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
            carry = before = 0
            product[length] = product[length + 1] = 0
            length += 2
            for j in range(length):
                rest = product[j] * low + before * high + carry
                before = product[j]
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
        any_left = any_left or digit != 0
    return -1 if carry < 0 else (1 if carry > 0 or any_left else 0)


cdef inline int sign_of_products(const double* factor, Py_ssize_t terms, Py_ssize_t width) noexcept nogil:
    """-1, 0 or 1: the sign of the sum of products of width finite factors each, one product after the other.

    NO_MEMORY if there is none, which needs factors by the hundred.
    """
    cdef long long at_hand[AT_HAND]
    cdef long long* room = at_hand
    cdef long long exponent, lowest = 0, highest = 0
    cdef Py_ssize_t term, i, digits, length = 2 * width + 2
    cdef double value
    cdef bint zero, found = False
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
        lowest = exponent if not found or exponent < lowest else lowest
        highest = exponent if not found or exponent > highest else highest
        found = True
    if not found:
        return 0
    digits = <Py_ssize_t> ((highest - lowest) // BITS) + length + 1
    if digits + length > AT_HAND:
        room = <long long*> malloc((digits + length) * sizeof(long long))
        if room == NULL:
            return NO_MEMORY
    sign = sign_with(factor, terms, width, lowest, room, digits, room + digits)
    if room != at_hand:
        free(room)
    return sign
