"""Loops of cascades: forced orders that move the mark, until nothing more breaches."""

cimport cython_ext._loop.numpy_api as cnp
from libc.stdlib cimport free, realloc

cimport shortgamma.kernels.liquidation.cascade as formula
from cython_ext._loop.blocks cimport Status, status_restore, status_save
from cython_ext.liquidation._accounts cimport doubles, numbers, room, whole_numbers
from shortgamma.kernels.liquidation._margin cimport unit_value
from shortgamma.kernels.numeric.vecmath cimport absolute

import numpy as np

cnp.import_array()


cdef enum:
    # bits of a key that are looked at in one pass of a sort
    DIGIT = 11
    DIGITS = 6


cdef void sort_places(
    unsigned long long* key, long long* place, unsigned long long* spare_key, long long* spare, Py_ssize_t count,
    Py_ssize_t* starts,
) noexcept nogil:
    """Places in order of keys, digit by digit from the lowest; equal keys stay in order."""
    cdef Py_ssize_t k, digit, total, size
    cdef int pass_
    cdef unsigned long long* from_key = key
    cdef unsigned long long* to_key = spare_key
    cdef long long* source = place
    cdef long long* target = spare
    for pass_ in range(DIGITS):
        for digit in range(1 << DIGIT):
            starts[digit] = 0
        for k in range(count):
            starts[(from_key[k] >> (pass_ * DIGIT)) & ((1 << DIGIT) - 1)] += 1
        if starts[(from_key[0] >> (pass_ * DIGIT)) & ((1 << DIGIT) - 1)] == count:
            continue
        total = 0
        for digit in range(1 << DIGIT):
            size = starts[digit]
            starts[digit] = total
            total += size
        for k in range(count):
            digit = (from_key[k] >> (pass_ * DIGIT)) & ((1 << DIGIT) - 1)
            to_key[starts[digit]] = from_key[k]
            target[starts[digit]] = source[k]
            starts[digit] += 1
        from_key, to_key = to_key, from_key
        source, target = target, source
    if source != place:
        for k in range(count):
            place[k] = source[k]


def sorted_places(const double[::1] values):
    """Places of values (no NaN) from the lowest to the highest; equal ones stay in order."""
    cdef Py_ssize_t k, count = values.shape[0]
    cdef unsigned long long bits, top = (<unsigned long long> 1) << 63
    result = np.arange(count)
    keys = np.array(values).view(np.uint64)
    cdef long long[::1] place = result
    cdef unsigned long long[::1] key = keys
    cdef unsigned long long[::1] spare_key = np.empty(count, np.uint64)
    cdef long long[::1] spare = np.empty(count, np.int64)
    cdef Py_ssize_t starts[1 << DIGIT]
    if count:
        with nogil:
            for k in range(count):
                bits = key[k]
                # in order as whole numbers: the bits of negative ones turned over, the others behind them
                key[k] = ~bits if bits >> 63 else bits | top
            sort_places(&key[0], &place[0], &spare_key[0], &spare[0], count, starts)
    return result


cdef struct Accounts:
    # all accounts, and those of them that hold something, with their prices of liquidation: longs from the highest
    # down, then shorts from the lowest up, so that each is looked at once
    Py_ssize_t accounts
    Py_ssize_t holders
    Py_ssize_t longs
    bint inverse
    double multiplier
    const double* quantity
    const double* opened
    const double* margin
    const long long* order
    const double* level
    const double* held_quantity
    const double* held_opened
    const double* held_margin
    # of those who hold something, what a scenario leaves them with and in which wave they were liquidated
    double* left
    long long* wave

cdef struct Scenario:
    # one cascade: the fee, whether what is left is returned, and what the accounts add up to
    double fee
    bint returned
    double now
    double sold
    double bought
    double net
    double before
    double fund
    double fees
    double shortfall
    double position
    double basis
    long long waves
    bint exhausted
    # accounts before these were liquidated, on either side
    Py_ssize_t down
    Py_ssize_t up

cdef struct Fills:
    double* price
    Py_ssize_t count
    Py_ssize_t room


cdef inline bint append(Fills* fills, double price) noexcept nogil:
    """One more fill; False without memory."""
    cdef double* more
    if fills.count == fills.room:
        more = <double*> realloc(fills.price, (2 * fills.room + 64) * sizeof(double))
        if more == NULL:
            return False
        fills.price = more
        fills.room = 2 * fills.room + 64
    fills.price[fills.count] = price
    fills.count += 1
    return True


cdef inline double settle(
    Scenario* flow, const Accounts* book, Py_ssize_t k, double price, double* gained,
) noexcept nogil:
    """What a holder is left with whose position was closed at a price."""
    cdef double quantity = book.held_quantity[k], unit = unit_value(book.inverse, book.multiplier, price)
    cdef double left = book.held_margin[k] + quantity * (unit - book.held_opened[k])
    cdef double paid = min(flow.fee * absolute(quantity * unit), max(left, 0.0))
    flow.fees += paid
    left -= paid
    if flow.returned and left >= 0.0:
        return left
    gained[0] += left
    return 0.0


cdef inline void close_holders(
    Scenario* flow, Accounts* book, Py_ssize_t begin, Py_ssize_t end, double fill, double* gained,
) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(begin, end):
        book.wave[k] = flow.waves
        book.left[k] = settle(flow, book, k, fill, gained)


cdef bint next_wave(Scenario* flow, Accounts* book, formula.Book* orders, double* fill) noexcept nogil:
    """Liquidate everyone whose price the mark has passed; False where that is nobody.

    What longs sell and shorts buy in a wave meets first; the rest walks the book, all at one price.
    """
    cdef Py_ssize_t down = flow.down, up = flow.up
    cdef double bid = 0.0, ask = 0.0, after, moment, gained = 0.0
    while down < book.longs and book.level[down] > flow.now:
        bid += book.held_quantity[down]
        down += 1
    while up < book.holders and book.level[up] < flow.now:
        ask -= book.held_quantity[up]
        up += 1
    if down == flow.down and up == flow.up:
        return False
    fill[0] = flow.now
    flow.sold += bid
    flow.bought += ask
    if bid != ask:
        after = formula.distance_after(orders, flow.sold - flow.bought, &moment, &flow.exhausted)
        fill[0] = orders.mark * (1.0 - (moment - flow.before) / (flow.sold - flow.bought - flow.net))
        flow.now = orders.mark * (1.0 - after)
        flow.before = moment
    flow.position += bid - ask
    flow.basis += (bid - ask) * unit_value(book.inverse, book.multiplier, fill[0])
    flow.net = flow.sold - flow.bought
    close_holders(flow, book, flow.down, down, fill[0], &gained)
    close_holders(flow, book, flow.up, up, fill[0], &gained)
    flow.fund += gained
    if flow.fund < 0.0:
        flow.shortfall -= flow.fund
        flow.fund = 0.0
    flow.down = down
    flow.up = up
    flow.waves += 1
    return True


cdef void write_accounts(const Scenario* flow, const Accounts* book, long long* wave, double* equity) noexcept nogil:
    """The wave of each account, or the number of waves if it was not liquidated, and what it is left with."""
    cdef double unit = unit_value(book.inverse, book.multiplier, flow.now)
    cdef Py_ssize_t a, k
    for a in range(book.accounts):
        equity[a] = book.margin[a] + book.quantity[a] * (unit - book.opened[a])
    for a in range(book.accounts):
        wave[a] = flow.waves
    for k in range(flow.down):
        wave[book.order[k]] = book.wave[k]
        equity[book.order[k]] = book.left[k]
    for k in range(book.longs, flow.up):
        wave[book.order[k]] = book.wave[k]
        equity[book.order[k]] = book.left[k]


cdef inline void begin_at(
    Scenario* flow, const Accounts* book, double mark, double fund, double position,
) noexcept nogil:
    flow.now = mark
    flow.fund = fund
    flow.position = position
    flow.basis = position * unit_value(book.inverse, book.multiplier, mark)
    flow.sold = flow.bought = flow.net = flow.before = flow.fees = flow.shortfall = 0.0
    flow.waves = 0
    flow.exhausted = False
    flow.down = 0
    flow.up = book.longs


cdef Accounts accounts_of(list kept, accounts) except *:
    """The accounts of a face, with room for what becomes of those that hold something."""
    cdef Accounts book
    book.accounts, book.holders, book.longs = len(accounts.quantity), len(accounts.order), accounts.longs
    book.inverse, book.multiplier = accounts.inverse, accounts.multiplier
    book.quantity, book.opened = numbers(accounts.quantity), numbers(accounts.opened)
    book.margin, book.order = numbers(accounts.margin), whole_numbers(accounts.order)
    columns = (accounts.level, accounts.quantity, accounts.opened, accounts.margin)
    level, quantity, opened, margin = (np.ascontiguousarray(column[accounts.order]) for column in columns)
    kept += [level, quantity, opened, margin]
    book.level, book.held_quantity = numbers(level), numbers(quantity)
    book.held_opened, book.held_margin = numbers(opened), numbers(margin)
    book.left = doubles(kept, book.holders)
    book.wave = <long long*> room(kept, book.holders * <Py_ssize_t> sizeof(long long))
    return book


def cascade(const double[::1] mark, accounts, depth, double fee, double fund, bint returned):
    """A cascade from each of some marks. The results by name, and the price of each wave, in order.

    accounts has quantity, opened (unit values at entry), margin and level (prices of liquidation) of all accounts, and
    order, the places of those that hold something, of which the first `longs` are long; depth has slope, or bids and
    asks levels with distance, contracts and moment.
    """
    cdef list kept = []
    cdef Accounts book = accounts_of(kept, accounts)
    cdef formula.Book orders
    cdef Scenario flow
    cdef Fills fills
    cdef Py_ssize_t count = mark.shape[0], s, k
    cdef double position = 0.0, fill
    cdef bint full = False
    cdef Status status
    result = {name: np.empty(count) for name in ("mark", "sold", "bought", "fund", "fees", "market", "shortfall")}
    result |= {name: np.empty(count, np.int64) for name in ("waves", "accounts")}
    result |= {"exhausted": np.empty(count, np.bool_), "wave": np.empty((count, book.accounts), np.int64)}
    result |= {"equity": np.empty((count, book.accounts))}
    cdef double[::1] last = result["mark"], sold = result["sold"], bought = result["bought"], reserve = result["fund"]
    cdef double[::1] fees = result["fees"], market = result["market"], shortfall = result["shortfall"]
    cdef long long[::1] waves = result["waves"], gone = result["accounts"]
    cdef unsigned char[::1] exhausted = result["exhausted"].view(np.uint8)
    cdef long long* wave = whole_numbers(result["wave"])
    cdef double* equity = numbers(result["equity"])
    orders.depth, orders.bids, orders.asks = depth.slope, depth.bids, depth.asks
    orders.distance, orders.contracts = numbers(depth.distance), numbers(depth.contracts)
    orders.moment = numbers(depth.moment)
    flow.fee, flow.returned = fee, returned
    fills.price = NULL
    fills.count = fills.room = 0
    try:
        with nogil:
            status = status_save()
            for k in range(book.holders):
                position -= book.held_quantity[k]
            for s in range(count):
                orders.mark = mark[s]
                begin_at(&flow, &book, mark[s], fund, position)
                while not full and next_wave(&flow, &book, &orders, &fill):
                    full = not append(&fills, fill)
                if full:
                    break
                write_accounts(&flow, &book, wave + s * book.accounts, equity + s * book.accounts)
                last[s], sold[s], bought[s], reserve[s] = flow.now, flow.sold, flow.bought, flow.fund
                fees[s], shortfall[s], waves[s], exhausted[s] = flow.fees, flow.shortfall, flow.waves, flow.exhausted
                market[s] = flow.position * unit_value(book.inverse, book.multiplier, flow.now) - flow.basis
                gone[s] = flow.down + flow.up - book.longs
            status_restore(status)
        if full:
            raise MemoryError
        prices = np.empty(fills.count)
        for k in range(fills.count):
            prices[k] = fills.price[k]
        return result, prices
    finally:
        free(fills.price)
