# cython: language_level=3, cdivision=True
"""The order book of a cascade: how far the price is from the mark after net sales, and at what average they filled."""

from shortgamma.kernels.numeric.vecmath cimport absolute

cdef struct Book:
    # a straight line of `depth` contracts for a unit of price, or, where depth is 0, levels on each side
    double mark
    double depth
    # bids, then asks: distance from the mark as a fraction; contracts up to and with a level; contracts times distance
    # likewise
    Py_ssize_t bids
    Py_ssize_t asks
    const double* distance
    const double* contracts
    const double* moment


cdef enum:
    # the bid side of a straight line ends at this part of the mark, in hundredths
    LAST_BID = 1


cdef inline Py_ssize_t level_of(const double* contracts, Py_ssize_t count, double size) noexcept nogil:
    """The level that the last of so many contracts meets; count if the side holds less."""
    cdef Py_ssize_t low = 0, high = count, middle
    while low < high:
        middle = (low + high) // 2
        if contracts[middle] < size:
            low = middle + 1
        else:
            high = middle
    return low


cdef inline double distance_after(const Book* book, double sold, double* moment, bint* exhausted) noexcept nogil:
    """How far below the mark the price is, as a fraction, after net sales (< 0: purchases), and its integral."""
    cdef double size = absolute(sold), most, far, line
    cdef Py_ssize_t first = 0, count = book.bids, level
    if book.depth > 0.0:
        line = book.depth * book.mark
        far = (100.0 - LAST_BID) / 100.0
        most = far * line
        if sold > most:
            exhausted[0] = True
            moment[0] = 0.5 * far * most + far * (sold - most)
            return far
        moment[0] = 0.5 * sold * (sold / line)
        return sold / line
    if sold < 0.0:
        first = book.bids
        count = book.asks
    if size == 0.0:
        moment[0] = 0.0
        return 0.0
    level = level_of(&book.contracts[first], count, size)
    if level == count:
        # the last level takes what is left
        exhausted[0] = True
        level = count - 1
    far = book.distance[first + level]
    moment[0] = book.moment[first + level] + far * (size - book.contracts[first + level])
    return far if sold > 0.0 else -far
