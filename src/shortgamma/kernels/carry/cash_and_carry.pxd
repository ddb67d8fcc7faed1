# cython: language_level=3, cdivision=True
"""A coin bought and a future on it sold, on margin.

q coins are held; the short future has `size` contracts of multiplier 1 entered at E, so that at a price F

    linear:   value = size F,   profit = size (E - F)          size = q
    inverse:  value = size / F, profit = size (1/F - 1/E)      size = q E
    quanto:   as linear, in the settlement coin at X           size = q / X

all in the settlement coin (linear: the quote currency). Equity is margin plus profit; where the coins themselves are
margin, (1 - haircut) of their worth is margin too. The decision on a breach is that of the liquidation family.
"""

from shortgamma.kernels.liquidation.position cimport EPSILON, Bounds, Position, bounds, breached
from shortgamma.kernels.numeric.vecmath cimport INFINITY, absolute

cdef enum:
    LINEAR = 0
    INVERSE = 1
    QUANTO = 2
    # the coins are margin; how margin is topped up
    CROSS = 4
    RESTORE = 8
    MAINTAIN = 16

cdef struct Trade:
    int kind
    bint cross
    int top_up
    double quantity
    double haircut
    # margin required of a value v: the largest rate v - amount of `steps` rates and amounts
    Py_ssize_t steps
    const double* rate
    const double* amount
    # of the short future now open
    double size
    double entry
    # posted and topped up, with the profit of rolls; then posted at the start, topped up since, and what is left for it
    double margin
    double posted
    double topped
    double reserve
    double top_ups


cdef inline double required(const Trade* trade, double worth) noexcept nogil:
    """Maintenance margin of a value."""
    cdef double most = trade.rate[0] * worth - trade.amount[0], each
    cdef Py_ssize_t k
    for k in range(1, trade.steps):
        each = trade.rate[k] * worth - trade.amount[k]
        most = each if each > most else most
    return most


cdef inline double size_of(int kind, double quantity, double price, double settlement) noexcept nogil:
    """Contracts that hedge so many coins."""
    if kind == INVERSE:
        return quantity * price
    return quantity / settlement if kind == QUANTO else quantity


cdef inline double value(int kind, double size, double price) noexcept nogil:
    return size / price if kind == INVERSE else size * price


cdef inline double profit(int kind, double size, double entry, double price) noexcept nogil:
    """Of the short."""
    return size * (1.0 / price - 1.0 / entry) if kind == INVERSE else size * (entry - price)


cdef inline double coins(const Trade* trade, double spot, double settlement) noexcept nogil:
    """The worth of the coins as margin, in the settlement coin."""
    cdef double kept = (1.0 - trade.haircut) * trade.quantity
    if not trade.cross:
        return 0.0
    return kept if trade.kind == INVERSE else kept * spot / settlement


cdef inline void open_trade(
    Trade* trade, double leverage, double futures, double settlement, double reserve,
) noexcept nogil:
    trade.size = size_of(trade.kind, trade.quantity, futures, settlement)
    trade.entry = futures
    trade.posted = 0.0 if trade.cross else value(trade.kind, trade.size, futures) / leverage
    trade.margin = trade.posted
    trade.topped = trade.top_ups = 0.0
    trade.reserve = reserve


cdef inline void roll_trade(Trade* trade, double futures, double following, double settlement) noexcept nogil:
    """Close at one price, open the contract that follows at another."""
    trade.margin += profit(trade.kind, trade.size, trade.entry, futures)
    trade.size = size_of(trade.kind, trade.quantity, following, settlement)
    trade.entry = following


cdef inline double equity(const Trade* trade, double mark, double backing) noexcept nogil:
    return (trade.margin + backing) + profit(trade.kind, trade.size, trade.entry, mark)


cdef inline double margin_ratio(const Trade* trade, double mark, double backing) noexcept nogil:
    """Required over equity; infinite without equity."""
    cdef double left = equity(trade, mark, backing)
    cdef double ratio = required(trade, value(trade.kind, trade.size, mark)) / left
    return INFINITY if left <= 0.0 else ratio


cdef inline Position short_position(const Trade* trade, double backing, Py_ssize_t step) noexcept nogil:
    """The short as the liquidation family knows it, which needs the margin of one step."""
    cdef Position position
    position.inverse = trade.kind == INVERSE
    position.quantity = -trade.size
    position.entry = trade.entry
    position.margin = trade.margin + backing
    position.amount = trade.amount[step]
    position.maintenance = trade.rate[step]
    position.fee = 0.0
    position.multiplier = 1.0
    return position


cdef inline Bounds margin_bounds(const Trade* trade) noexcept nogil:
    """Marks outside may be breaches, or are invalid."""
    cdef Position position = short_position(trade, 0.0, 0)
    cdef Bounds result = bounds(&position), each
    cdef Py_ssize_t k
    for k in range(1, trade.steps):
        position = short_position(trade, 0.0, k)
        each = bounds(&position)
        result.low = each.low if each.low > result.low else result.low
        result.high = each.high if each.high < result.high else result.high
        result.sure_high = each.sure_high if each.sure_high < result.sure_high else result.sure_high
    return result


cdef inline bint is_breach(const Trade* trade, double mark, double backing) noexcept nogil:
    cdef Position position
    cdef Py_ssize_t k
    for k in range(trade.steps):
        position = short_position(trade, backing, k)
        if breached(&position, mark):
            return True
    return False


cdef inline double missing(const Trade* trade, double mark) noexcept nogil:
    """What a top-up must bring."""
    cdef double goal = trade.posted
    if trade.top_up == MAINTAIN:
        goal = required(trade, value(trade.kind, trade.size, mark))
    return goal - equity(trade, mark, 0.0)


cdef inline bint pay(Trade* trade, double amount) noexcept nogil:
    """Margin from the reserve; false, and nothing done, if that has not so much."""
    if trade.top_up == 0 or not amount <= trade.reserve:
        return False
    trade.margin += amount
    trade.topped += amount
    trade.reserve -= amount
    trade.top_ups += 1.0
    return True


cdef inline double round_up(Trade* trade, double mark) noexcept nogil:
    """Margin that a top-up to the requirement lacks by rounding, or the same mark would be a breach again."""
    cdef double total = 0.0
    cdef double step = EPSILON * (
        absolute(trade.margin) + value(trade.kind, trade.size, trade.entry) + value(trade.kind, trade.size, mark))
    cdef int tries = 4
    while tries > 0 and is_breach(trade, mark, 0.0):
        trade.margin += step
        trade.topped += step
        trade.reserve -= step
        total += step
        step += step
        tries -= 1
    return total
