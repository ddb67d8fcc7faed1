# Numbers and times that streaming classes are given, told by name where they are none. What is a float is taken as it
# is, so that an update costs no more for it.

from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_Check


cdef inline double number(str name, object value) except? -1.0:
    if PyFloat_Check(value):
        return PyFloat_AS_DOUBLE(value)
    if type(value) is int and -9007199254740992 <= value <= 9007199254740992:
        return <double> <long long> value
    from shortgamma._core.checks import real
    return real(name, value)


cdef inline long long nanoseconds(str name, object value) except? -1:
    """A time in ns since 1970."""
    cdef long long stamp
    if type(value) is int:
        # the ranges of s, ms, us and ns, from 1990 to 2100, are far apart
        if 631152000000000000 <= value < 4102444800000000000:
            return value
        if 631152000000 <= value < 4102444800000:
            stamp = value
            return stamp * 1000000
    from shortgamma._core.times import moment
    return moment(name, value)


cdef inline bint flag(str name, object value) except -1:
    if value is True or value is False:
        return value
    if type(value).__name__ not in ("bool", "bool_"):
        raise TypeError(f"{name} must be True or False, got {value!r}")
    return bool(value)
