# cython: language_level=3, cdivision=True
"""The liquidation process: what a position needs, how much of it must go, who is closed against it.

u is the unit value of a contract, what it is worth to a long up to a constant, in the coin of settlement:

    linear, quanto: u = m P          inverse: u = -m / P          profit q (u1 - u0), value |q u|

so that whatever is said of a bankruptcy "price" holds where there is no such price. A Margin is one of three:

    TIERS   largest of rate_k v - amount_k of the value v
    LIMITS  rate_k v, one rate for the whole position, that of the tier k it is in
    RISING  (rate + slope s) v, s the value or the number of contracts
"""

from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute, square_root

cdef enum:
    TIERS
    LIMITS
    RISING

cdef struct Margin:
    int kind
    bint by_quantity
    Py_ssize_t count
    # RISING: rate[0] and the slope in amount[0]
    const double* lower
    const double* rate
    const double* amount


cdef inline double unit_value(bint inverse, double multiplier, double price) noexcept nogil:
    return -multiplier / price if inverse else multiplier * price


cdef inline double price_of(bint inverse, double multiplier, double unit) noexcept nogil:
    """The price at which a contract has a unit value; NaN if there is none."""
    if inverse:
        return -multiplier / unit if unit < 0.0 else NAN
    return unit / multiplier if unit > 0.0 else NAN


cdef inline double filled(bint inverse, double unit, double side, double slippage) noexcept nogil:
    """Unit value at which an order fills that closes a position of a side: below the mark for a long."""
    cdef double share = 1.0 - side * slippage
    return unit / share if inverse else unit * share


cdef inline double size_of(const Margin* margin, double quantity, double unit) noexcept nogil:
    return absolute(quantity) if margin.by_quantity else absolute(quantity * unit)


cdef inline Py_ssize_t tier_of(const Margin* margin, double size) noexcept nogil:
    """The last tier that begins below a size."""
    cdef Py_ssize_t low = 0, high = margin.count, middle
    if margin.kind == RISING:
        return 0
    while high - low > 1:
        middle = (low + high) // 2
        if margin.lower[middle] < size:
            low = middle
        else:
            high = middle
    return low


cdef inline double requirement(const Margin* margin, Py_ssize_t tier, double quantity, double unit) noexcept nogil:
    """Margin that a position needs; the tier counts for LIMITS only."""
    cdef double value = absolute(quantity * unit), result
    cdef Py_ssize_t k
    if margin.kind == TIERS:
        result = margin.rate[0] * value
        for k in range(1, margin.count):
            if value <= margin.lower[k]:
                break
            result = margin.rate[k] * value - margin.amount[k]
        return result
    if margin.kind == LIMITS:
        return margin.rate[tier] * value
    return (margin.rate[0] + margin.amount[0] * size_of(margin, quantity, unit)) * value


cdef inline double needed(
    const Margin* margin, Py_ssize_t tier, double quantity, double unit, double slack, double cost,
) noexcept nogil:
    """Contracts to close until the slack (equity less requirement), now negative, is none; infinity if that is never.

    cost is what closing a contract costs: slippage and fee.
    """
    cdef double held = absolute(quantity), worth = absolute(unit), closed = 0.0, gain, piece, line, square, root
    cdef Py_ssize_t k
    if margin.kind == TIERS:
        k = margin.count - 1
        while k >= 0:
            if margin.lower[k] < held * worth:
                gain = margin.rate[k] * worth - cost
                if gain <= 0.0:
                    return INFINITY
                piece = held - closed - margin.lower[k] / worth
                if -slack <= gain * piece:
                    return closed - slack / gain
                slack += gain * piece
                closed += piece
            k -= 1
        return INFINITY
    if margin.kind == LIMITS or margin.amount[0] == 0.0:
        gain = margin.rate[tier if margin.kind == LIMITS else 0] * worth - cost
        return -slack / gain if gain > 0.0 else INFINITY
    # slack of n contracts that stay: slack + (held - n)(line - cost) + square (held^2 - n^2), with n = held - x:
    # slack + x (line - cost + 2 square held) - square x^2
    line = margin.rate[0] * worth - cost
    square = margin.amount[0] * (worth if margin.by_quantity else worth * worth)
    gain = line + 2.0 * square * held
    root = gain * gain + 4.0 * square * slack
    if gain <= 0.0 or root < 0.0:
        return INFINITY
    return -2.0 * slack / (gain + square_root(root))


cdef inline double rank(
    double quantity, double unit, double opened, double equity,
) noexcept nogil:
    """Who is closed first: profit as a fraction times effective leverage, or over it where there is a loss.

    BitMEX, auto-deleveraging: the profit is that of the position over its value at entry, the leverage its value at
    the mark over the equity.
    """
    cdef double value = absolute(quantity * unit)
    cdef double profit = quantity * (unit - opened) / absolute(quantity * opened)
    if equity <= 0.0:
        return INFINITY if profit > 0.0 else 0.0
    return profit * value / equity if profit > 0.0 else profit * equity / value


cdef struct Book:
    # the order book around a mark: a straight line of so many contracts for a unit of price, or levels of each side
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
