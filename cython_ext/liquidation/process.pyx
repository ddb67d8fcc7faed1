"""Loops of the liquidation process: accounts carried along a mark path, and cascades."""

cimport cython
cimport numpy as cnp
from libc.stdlib cimport free, realloc

cimport shortgamma.kernels.liquidation.process as formula
from cython_ext._loop.blocks cimport Status, status_restore, status_save
from shortgamma.kernels.liquidation.process cimport Margin
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute

import numpy as np

cnp.import_array()

cdef enum:
    # bars that are looked at together, to find the accounts that nothing can have happened to
    BLOCK = 16

cdef enum:
    CANCEL
    REDUCTION
    TAKEOVER
    DELEVERAGING

cdef enum:
    AT_ONCE
    BY_TIER
    AS_NEEDED

# Rounding of a sum of a few terms, relative to the largest of them; a bound this near to a breach settles nothing.
cdef double DOUBT = 1e-12


cdef struct Event:
    long long bar
    long long account
    long long instrument
    long long coin
    long long kind
    double quantity
    double price
    double fee
    double fund


cdef struct State:
    Py_ssize_t accounts
    Py_ssize_t instruments
    Py_ssize_t coins
    # (instruments,)
    const char* inverse
    const double* multiplier
    const long long* coin
    const double* slippage
    const Margin* margin
    double* position
    double* basis
    # (accounts, instruments)
    double* quantity
    const double* opened
    long long* tier
    # (accounts, coins)
    double* wallet
    double* orders
    # (coins,)
    double* fund
    double* fees
    # (accounts,)
    double* rank
    char* active
    long long* watched
    bint added
    # the rule
    int reduction
    Py_ssize_t step
    Py_ssize_t first_tier
    double fee
    bint fee_to_fund
    # the bar
    long long bar
    const double* unit
    # what happened
    Event* events
    Py_ssize_t count
    Py_ssize_t room
    bint full


cdef inline void tell(
    State* s, Py_ssize_t account, Py_ssize_t instrument, Py_ssize_t coin, int kind, double quantity, double price,
    double fee, double fund,
) noexcept nogil:
    cdef Event* more
    cdef Event* event
    if s.count == s.room:
        more = <Event*> realloc(s.events, (2 * s.room + 64) * sizeof(Event))
        if more == NULL:
            s.full = True
            return
        s.events = more
        s.room = 2 * s.room + 64
    event = &s.events[s.count]
    s.count += 1
    event.bar = s.bar
    event.account = account
    event.instrument = instrument
    event.coin = coin
    event.kind = kind
    event.quantity = quantity
    event.price = price
    event.fee = fee
    event.fund = fund


cdef inline double equity(const State* s, Py_ssize_t a, Py_ssize_t c) noexcept nogil:
    cdef double result = s.wallet[a * s.coins + c]
    cdef Py_ssize_t i, at
    for i in range(s.instruments):
        if s.coin[i] == c:
            at = a * s.instruments + i
            if s.quantity[at] != 0.0:
                result += s.quantity[at] * (s.unit[i] - s.opened[at])
    return result


cdef inline double required(const State* s, Py_ssize_t a, Py_ssize_t i) noexcept nogil:
    cdef Py_ssize_t at = a * s.instruments + i
    return formula.requirement(&s.margin[i], s.tier[at], s.quantity[at], s.unit[i])


cdef inline double slack(const State* s, Py_ssize_t a, Py_ssize_t c) noexcept nogil:
    """Equity that is not tied to orders, less what all positions in the coin need."""
    cdef double need = 0.0
    cdef Py_ssize_t i
    for i in range(s.instruments):
        if s.coin[i] == c and s.quantity[a * s.instruments + i] != 0.0:
            need += required(s, a, i)
    return equity(s, a, c) - s.orders[a * s.coins + c] - need


cdef inline bint holds(const State* s, Py_ssize_t a, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(s.instruments):
        if s.coin[i] == c and s.quantity[a * s.instruments + i] != 0.0:
            return True
    return False


cdef inline void trade(State* s, Py_ssize_t i, double quantity, double unit) noexcept nogil:
    """The market takes so many contracts."""
    s.position[i] += quantity
    s.basis[i] += quantity * unit


cdef inline double fill_of(const State* s, Py_ssize_t i, double side) noexcept nogil:
    return formula.filled(s.inverse[i] != 0, s.unit[i], side, s.slippage[i])


cdef inline double price_at(const State* s, Py_ssize_t i, double unit) noexcept nogil:
    return formula.price_of(s.inverse[i] != 0, s.multiplier[i], unit)


cdef bint reduce(State* s, Py_ssize_t a, Py_ssize_t i, double remaining, Py_ssize_t tier) noexcept nogil:
    """Close down to so many contracts, if that is enough."""
    cdef Py_ssize_t at = a * s.instruments + i, c = s.coin[i], w = a * s.coins + c
    cdef double quantity = s.quantity[at], wallet = s.wallet[w], side = 1.0 if quantity > 0.0 else -1.0
    cdef long long before = s.tier[at]
    cdef double closed = absolute(quantity) - remaining, unit = fill_of(s, i, side)
    cdef double fee = s.fee * closed * absolute(unit)
    s.quantity[at] = side * remaining
    s.tier[at] = tier
    s.wallet[w] = wallet + side * closed * (unit - s.opened[at]) - fee
    if slack(s, a, c) < 0.0:
        s.quantity[at] = quantity
        s.tier[at] = before
        s.wallet[w] = wallet
        return False
    trade(s, i, side * closed, unit)
    if s.fee_to_fund:
        s.fund[c] += fee
    else:
        s.fees[c] += fee
    tell(s, a, i, c, REDUCTION, side * closed, price_at(s, i, unit), fee, fee if s.fee_to_fund else 0.0)
    return True


cdef bint step_down(State* s, Py_ssize_t a, Py_ssize_t i) noexcept nogil:
    """Close down to the upper edge of a lower tier."""
    cdef const Margin* margin = &s.margin[i]
    cdef Py_ssize_t at = a * s.instruments + i, tier = s.tier[at]
    cdef double held = absolute(s.quantity[at]), edge
    if margin.kind == formula.RISING:
        return False
    if margin.kind == formula.TIERS:
        tier = formula.tier_of(margin, formula.size_of(margin, held, s.unit[i]))
    while tier > 0 and tier + 1 >= s.first_tier:
        tier = max(tier - s.step, <Py_ssize_t> 0)
        edge = margin.lower[tier + 1] / formula.size_of(margin, 1.0, s.unit[i])
        if reduce(s, a, i, min(edge, held), tier):
            return True
    return False


cdef bint close_what_is_needed(State* s, Py_ssize_t a, Py_ssize_t i) noexcept nogil:
    cdef const Margin* margin = &s.margin[i]
    cdef Py_ssize_t at = a * s.instruments + i, c = s.coin[i], tier = s.tier[at], lower
    cdef double quantity = s.quantity[at], held = absolute(quantity), side = 1.0 if quantity > 0.0 else -1.0
    cdef double unit = fill_of(s, i, side), crumb = 1e-12, closed, remaining
    cdef int _attempt
    closed = formula.needed(
        margin, tier, quantity, s.unit[i], slack(s, a, c), side * (s.unit[i] - unit) + s.fee * absolute(unit))
    # a little more where rounding left a little less than enough
    for _attempt in range(4):
        remaining = held - closed
        if not remaining > 0.0:
            return False
        lower = formula.tier_of(margin, formula.size_of(margin, remaining, s.unit[i]))
        if reduce(s, a, i, remaining, min(tier, lower)):
            return True
        closed *= 1.0 + crumb
        crumb *= 16.0
    return False


cdef void deleverage(
    State* s, Py_ssize_t a, Py_ssize_t i, double side, double rest, double bankrupt,
) noexcept nogil:
    """Close the positions of the other side at the bankruptcy price, in order of rank, until nothing rests."""
    cdef Py_ssize_t b, at, best, c = s.coin[i]
    cdef double closed, price = price_at(s, i, bankrupt)
    for b in range(s.accounts):
        at = b * s.instruments + i
        s.rank[b] = NAN
        if b != a and s.quantity[at] * side < 0.0:
            s.rank[b] = formula.rank(s.quantity[at], s.unit[i], s.opened[at], equity(s, b, c))
    while rest > 0.0:
        best = -1
        for b in range(s.accounts):
            if s.rank[b] == s.rank[b] and (best < 0 or s.rank[b] > s.rank[best]):
                best = b
        if best < 0:
            break
        at = best * s.instruments + i
        closed = min(rest, absolute(s.quantity[at]))
        s.wallet[best * s.coins + c] -= side * closed * (bankrupt - s.opened[at])
        s.quantity[at] += side * closed
        s.rank[best] = NAN
        s.added |= not s.active[best]
        s.active[best] = 1
        rest -= closed
        tell(s, best, i, c, DELEVERAGING, -side * closed, price, 0.0, 0.0)
    if rest > 0.0:
        trade(s, i, side * rest, bankrupt)
        tell(s, -1, i, c, DELEVERAGING, -side * rest, price, 0.0, 0.0)


cdef void take_over(State* s, Py_ssize_t a, Py_ssize_t c) noexcept nogil:
    """All positions in a coin, each bearing of the equity what its requirement is of all requirements."""
    cdef Py_ssize_t i, at, w = a * s.coins + c
    cdef double held = equity(s, a, c), total = 0.0, weight, quantity, side, bankrupt, unit, gain, closed, change
    cdef bint by_value
    for i in range(s.instruments):
        if s.coin[i] == c and s.quantity[a * s.instruments + i] != 0.0:
            total += required(s, a, i)
    by_value = total == 0.0
    if by_value:
        for i in range(s.instruments):
            if s.coin[i] == c:
                total += absolute(s.quantity[a * s.instruments + i] * s.unit[i])
    for i in range(s.instruments):
        at = a * s.instruments + i
        quantity = s.quantity[at]
        if s.coin[i] != c or quantity == 0.0:
            continue
        side = 1.0 if quantity > 0.0 else -1.0
        weight = absolute(quantity * s.unit[i]) if by_value else required(s, a, i)
        bankrupt = s.unit[i] - held * (weight / total) / quantity
        unit = fill_of(s, i, side)
        gain = quantity * (unit - bankrupt)
        closed = quantity
        change = gain
        if s.fund[c] + gain < 0.0:
            closed = quantity * (s.fund[c] / -gain)
            change = -s.fund[c]
        s.fund[c] += change
        trade(s, i, closed, unit)
        s.quantity[at] = 0.0
        tell(s, a, i, c, TAKEOVER, quantity, price_at(s, i, bankrupt), 0.0, change)
        if closed != quantity:
            deleverage(s, a, i, side, absolute(quantity - closed), bankrupt)
    s.wallet[w] = 0.0


cdef void liquidate(State* s, Py_ssize_t a, Py_ssize_t c) noexcept nogil:
    cdef Py_ssize_t i, at, best, w = a * s.coins + c, _tried
    cdef double last = INFINITY, largest, need
    cdef Py_ssize_t last_at = -1
    if s.orders[w] > 0.0:
        s.orders[w] = 0.0
        tell(s, a, -1, c, CANCEL, 0.0, NAN, 0.0, 0.0)
        if slack(s, a, c) >= 0.0:
            return
    if s.reduction != AT_ONCE:
        # the positions by what they need, the largest first; equal ones in order of instruments
        for _tried in range(s.instruments):
            best = -1
            largest = -1.0
            for i in range(s.instruments):
                at = a * s.instruments + i
                if s.coin[i] != c or s.quantity[at] == 0.0:
                    continue
                need = required(s, a, i)
                if (need < last or (need == last and i > last_at)) and need > largest:
                    best = i
                    largest = need
            if best < 0:
                break
            if step_down(s, a, best) if s.reduction == BY_TIER else close_what_is_needed(s, a, best):
                return
            last = largest
            last_at = best
    take_over(s, a, c)


cdef bint is_safe(const State* s, Py_ssize_t a, Py_ssize_t c, const double* low, const double* high) noexcept nogil:
    """Whether nothing can happen to an account while unit values stay between the bounds."""
    cdef double worst = s.wallet[a * s.coins + c] - s.orders[a * s.coins + c]
    cdef double scale = absolute(s.wallet[a * s.coins + c]), quantity, least, most, far
    cdef Py_ssize_t i, at
    for i in range(s.instruments):
        at = a * s.instruments + i
        quantity = s.quantity[at]
        if s.coin[i] != c or quantity == 0.0:
            continue
        least = quantity * (low[i] - s.opened[at])
        most = quantity * (high[i] - s.opened[at])
        far = max(absolute(low[i]), absolute(high[i]))
        worst += min(least, most) - formula.requirement(&s.margin[i], s.tier[at], quantity, far)
        scale += absolute(quantity) * (far + absolute(s.opened[at]))
    return worst > DOUBT * scale


cdef Py_ssize_t listed(State* s) noexcept nogil:
    """List the accounts that are watched, in order."""
    cdef Py_ssize_t a, count = 0
    for a in range(s.accounts):
        s.watched[count] = a
        count += s.active[a]
    s.added = False
    return count


cdef void run(State* s, const double* units, Py_ssize_t bars, double* low, double* high) noexcept nogil:
    cdef Py_ssize_t begin = 0, end, t, i, k, a, c, count
    cdef double unit
    cdef bint again
    while begin < bars:
        end = min(begin + BLOCK, bars)
        for i in range(s.instruments):
            low[i] = INFINITY
            high[i] = -INFINITY
        for t in range(begin, end):
            for i in range(s.instruments):
                unit = units[t * s.instruments + i]
                low[i] = min(low[i], unit)
                high[i] = max(high[i], unit)
        for a in range(s.accounts):
            s.active[a] = 0
            for c in range(s.coins):
                if not is_safe(s, a, c, low, high) and holds(s, a, c):
                    s.active[a] = 1
        count = listed(s)
        t = begin
        while t < end and count:
            s.bar = t
            s.unit = &units[t * s.instruments]
            again = True
            while again:
                again = False
                k = 0
                while k < count:
                    a = s.watched[k]
                    for c in range(s.coins):
                        if slack(s, a, c) < 0.0 and holds(s, a, c):
                            liquidate(s, a, c)
                            again = True
                    if s.added:
                        count = listed(s)
                        k = 0
                        while s.watched[k] < a:
                            k += 1
                    k += 1
                if s.full:
                    return
            t += 1
        begin = end


@cython.boundscheck(False)
def simulate(
    const double[:, ::1] units, double[:, ::1] quantity, const double[:, ::1] opened, long long[:, ::1] tier,
    double[:, ::1] wallet, double[:, ::1] orders, double[::1] fund, double[::1] fees, double[::1] position,
    double[::1] basis, const char[::1] inverse, const double[::1] multiplier, const long long[::1] coin,
    const double[::1] slippage, const long long[::1] kinds, const long long[::1] firsts, const double[::1] lower,
    const double[::1] rate, const double[::1] amount, int reduction, Py_ssize_t step, Py_ssize_t first_tier, double fee,
    bint fee_to_fund,
):
    """Carry accounts along unit values (t, i); all that is not const is changed. The events, one row each.

    kinds holds a margin's kind and 16 where it goes by quantity, firsts where its edges begin (and, last, where all
    end).
    """
    cdef State s
    cdef Py_ssize_t i, count = units.shape[1]
    cdef double[::1] low = np.empty(count), high = np.empty(count), ranks = np.empty(quantity.shape[0] + 1)
    cdef char[::1] active = np.zeros(quantity.shape[0] + 1, np.int8)
    cdef long long[::1] watched = np.zeros(quantity.shape[0] + 1, np.int64)
    cdef char[::1] room = np.zeros((count + 1) * sizeof(Margin), np.int8)
    cdef Margin* margin = <Margin*> &room[0]
    cdef Status status
    for i in range(count):
        margin[i].kind = kinds[i] & 15
        margin[i].by_quantity = kinds[i] >= 16
        margin[i].count = firsts[i + 1] - firsts[i]
        margin[i].lower = &lower[firsts[i]]
        margin[i].rate = &rate[firsts[i]]
        margin[i].amount = &amount[firsts[i]]
    s.accounts = quantity.shape[0]
    s.instruments = count
    s.coins = fund.shape[0]
    s.inverse = &inverse[0]
    s.multiplier = &multiplier[0]
    s.coin = &coin[0]
    s.slippage = &slippage[0]
    s.margin = margin
    s.position = &position[0]
    s.basis = &basis[0]
    s.quantity = &quantity[0, 0] if s.accounts else NULL
    s.opened = &opened[0, 0] if s.accounts else NULL
    s.tier = &tier[0, 0] if s.accounts else NULL
    s.wallet = &wallet[0, 0] if s.accounts else NULL
    s.orders = &orders[0, 0] if s.accounts else NULL
    s.fund = &fund[0]
    s.fees = &fees[0]
    s.rank = &ranks[0]
    s.active = &active[0]
    s.watched = &watched[0]
    s.added = False
    s.reduction = reduction
    s.step = step
    s.first_tier = first_tier
    s.fee = fee
    s.fee_to_fund = fee_to_fund
    s.events = NULL
    s.count = 0
    s.room = 0
    s.full = False
    try:
        with nogil:
            status = status_save()
            if s.accounts:
                run(&s, &units[0, 0], units.shape[0], &low[0], &high[0])
            status_restore(status)
        if s.full:
            raise MemoryError
        return told(&s)
    finally:
        free(s.events)


cdef object told(const State* s):
    whole = np.empty((5, s.count), np.int64)
    parts = np.empty((4, s.count))
    cdef long long[:, ::1] numbers = whole
    cdef double[:, ::1] amounts = parts
    cdef Py_ssize_t k
    for k in range(s.count):
        numbers[0, k] = s.events[k].bar
        numbers[1, k] = s.events[k].account
        numbers[2, k] = s.events[k].instrument
        numbers[3, k] = s.events[k].coin
        numbers[4, k] = s.events[k].kind
        amounts[0, k] = s.events[k].quantity
        amounts[1, k] = s.events[k].price
        amounts[2, k] = s.events[k].fee
        amounts[3, k] = s.events[k].fund
    return whole, parts


cdef enum:
    # bits of a key that are looked at in one pass of a sort
    DIGIT = 11
    DIGITS = 6


cdef void sort_places(
    unsigned long long* key, long long* place, unsigned long long* other_key, long long* other, Py_ssize_t count,
    Py_ssize_t* starts,
) noexcept nogil:
    """Places in order of keys, digit by digit from the lowest; equal keys stay in order."""
    cdef Py_ssize_t k, digit, total, size
    cdef int turn
    cdef unsigned long long* from_key = key
    cdef unsigned long long* to_key = other_key
    cdef long long* source = place
    cdef long long* target = other
    for turn in range(DIGITS):
        for digit in range(1 << DIGIT):
            starts[digit] = 0
        for k in range(count):
            starts[(from_key[k] >> (turn * DIGIT)) & ((1 << DIGIT) - 1)] += 1
        if starts[(from_key[0] >> (turn * DIGIT)) & ((1 << DIGIT) - 1)] == count:
            continue
        total = 0
        for digit in range(1 << DIGIT):
            size = starts[digit]
            starts[digit] = total
            total += size
        for k in range(count):
            digit = (from_key[k] >> (turn * DIGIT)) & ((1 << DIGIT) - 1)
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
    cdef unsigned long long[::1] other_key = np.empty(count, np.uint64)
    cdef long long[::1] other = np.empty(count, np.int64)
    cdef Py_ssize_t starts[1 << DIGIT]
    if count:
        with nogil:
            for k in range(count):
                bits = key[k]
                # in order as whole numbers: negative ones turned over, others behind them
                key[k] = ~bits if bits >> 63 else bits | top
            sort_places(&key[0], &place[0], &other_key[0], &other[0], count, starts)
    return result


cdef struct Flow:
    # what the accounts of one scenario add up to
    double fund
    double fees
    double shortfall
    double position
    double basis


cdef inline double settle(
    Flow* flow, bint inverse, double multiplier, double quantity, double opened, double margin, double price,
    double fee, bint returned, double* gained,
) noexcept nogil:
    """What an account is left with whose position was closed at a price."""
    cdef double unit = formula.unit_value(inverse, multiplier, price)
    cdef double left = margin + quantity * (unit - opened)
    cdef double paid = min(fee * absolute(quantity * unit), max(left, 0.0))
    flow.fees += paid
    left -= paid
    if returned and left >= 0.0:
        return left
    gained[0] += left
    return 0.0


cdef struct Growing:
    double* part
    Py_ssize_t count
    Py_ssize_t room


cdef inline bint append(Growing* many, double value) noexcept nogil:
    cdef double* more
    if many.count == many.room:
        more = <double*> realloc(many.part, (2 * many.room + 64) * sizeof(double))
        if more == NULL:
            return False
        many.part = more
        many.room = 2 * many.room + 64
    many.part[many.count] = value
    many.count += 1
    return True


cdef inline void stay(
    const double* quantity, const double* opened, const double* margin, double unit, Py_ssize_t accounts,
    long long* wave, double* equity,
) noexcept nogil:
    """What accounts have at the end that are not liquidated."""
    cdef Py_ssize_t a
    for a in range(accounts):
        equity[a] = margin[a] + quantity[a] * (unit - opened[a])
    for a in range(accounts):
        wave[a] = -1


def cascade(
    const double[::1] mark, const double[::1] quantity, const double[::1] opened, const double[::1] margin,
    const long long[::1] order, const double[::1] level, const double[::1] size, const double[::1] cost,
    const double[::1] posted, Py_ssize_t longs, bint inverse, double multiplier, double depth,
    const double[::1] distance, const double[::1] contracts, const double[::1] moment, Py_ssize_t bids,
    Py_ssize_t asks, double fee, double fund, bint returned, long long[:, ::1] wave, double[:, ::1] equity,
    double[:, ::1] sums, long long[:, ::1] counts,
):
    """Forced orders from each of some marks on, until nothing more breaches. The price of each wave, in order.

    quantity, opened, margin are all accounts; level, size, cost, posted those of them that hold something (with the
    price of liquidation first) in the order that says which: longs from the highest price down, then shorts from the
    lowest up, so that each is looked at once. sums: last mark, sold, bought, fund, fees, market, shortfall; counts:
    waves, accounts, exhausted.
    """
    cdef Py_ssize_t s, k, accounts = quantity.shape[0], holders = level.shape[0], up, down, next_up, next_down
    cdef double now, net, before, after, fill, sold, bought, unit, gained, bid, ask, position = 0.0
    cdef double[::1] left = np.empty(holders)
    cdef long long[::1] waved = np.empty(holders, np.int64)
    cdef long long waves
    cdef bint exhausted, full = False
    cdef Growing fills
    cdef formula.Book book
    cdef Flow flow
    cdef Status status
    book.depth = depth
    book.bids = bids
    book.asks = asks
    book.distance = &distance[0]
    book.contracts = &contracts[0]
    book.moment = &moment[0]
    fills.part = NULL
    fills.count = 0
    fills.room = 0
    try:
        with nogil:
            status = status_save()
            for k in range(holders):
                position -= size[k]
            for s in range(mark.shape[0]):
                now = mark[s]
                book.mark = now
                flow.fund = fund
                flow.fees = 0.0
                flow.shortfall = 0.0
                flow.position = position
                flow.basis = position * formula.unit_value(inverse, multiplier, now)
                down = 0
                up = longs
                net = 0.0
                before = 0.0
                sold = 0.0
                bought = 0.0
                waves = 0
                exhausted = False
                while True:
                    next_down = down
                    bid = 0.0
                    while next_down < longs and level[next_down] > now:
                        bid += size[next_down]
                        next_down += 1
                    next_up = up
                    ask = 0.0
                    while next_up < holders and level[next_up] < now:
                        ask -= size[next_up]
                        next_up += 1
                    if next_down == down and next_up == up:
                        break
                    # what longs sell and shorts buy in a wave meets first; the rest walks the book, all at one price
                    fill = now
                    sold += bid
                    bought += ask
                    if bid != ask:
                        after = formula.distance_after(&book, sold - bought, &unit, &exhausted)
                        fill = book.mark * (1.0 - (unit - before) / (sold - bought - net))
                        now = book.mark * (1.0 - after)
                        before = unit
                    flow.position += bid - ask
                    flow.basis += (bid - ask) * formula.unit_value(inverse, multiplier, fill)
                    net = sold - bought
                    gained = 0.0
                    for k in range(down, next_down):
                        waved[k] = waves
                        left[k] = settle(
                            &flow, inverse, multiplier, size[k], cost[k], posted[k], fill, fee, returned, &gained)
                    for k in range(up, next_up):
                        waved[k] = waves
                        left[k] = settle(
                            &flow, inverse, multiplier, size[k], cost[k], posted[k], fill, fee, returned, &gained)
                    flow.fund += gained
                    if flow.fund < 0.0:
                        flow.shortfall -= flow.fund
                        flow.fund = 0.0
                    down = next_down
                    up = next_up
                    waves += 1
                    if not append(&fills, fill):
                        full = True
                        break
                if full:
                    break
                unit = formula.unit_value(inverse, multiplier, now)
                if accounts:
                    stay(&quantity[0], &opened[0], &margin[0], unit, accounts, &wave[s, 0], &equity[s, 0])
                for k in range(down):
                    wave[s, order[k]] = waved[k]
                    equity[s, order[k]] = left[k]
                for k in range(longs, up):
                    wave[s, order[k]] = waved[k]
                    equity[s, order[k]] = left[k]
                sums[s, 0] = now
                sums[s, 1] = sold
                sums[s, 2] = bought
                sums[s, 3] = flow.fund
                sums[s, 4] = flow.fees
                sums[s, 5] = flow.position * unit - flow.basis
                sums[s, 6] = flow.shortfall
                counts[s, 0] = waves
                counts[s, 1] = down + up - longs
                counts[s, 2] = exhausted
            status_restore(status)
        if full:
            raise MemoryError
        prices = np.empty(fills.count)
        for k in range(fills.count):
            prices[k] = fills.part[k]
        return prices
    finally:
        free(fills.part)
