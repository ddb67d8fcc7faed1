"""Fills at any time merged with funding events, for accounts one after another (CSR offsets)."""

from libc.stdint cimport INT64_MIN, int64_t, uint64_t

cimport cython_ext._loop.numpy_api as cnp

from cython_ext._loop.blocks cimport Status, no_price, status_restore, status_save
from shortgamma.kernels.contracts cimport checked, value
from shortgamma.kernels.funding.events cimport SOON, area, due_at, guess_of, is_before, off_minute, span
from shortgamma.kernels.funding.payments cimport Sum, add, add_lane, error_of, payment, rounded
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

cnp.import_array()

cdef extern from "_loop/stores.h" nogil:
    void prefetch "sg_prefetch"(const void* address) noexcept


cdef enum:
    # events whose positions are laid out before they are paid
    BLOCK = 128
    # more than 16, which gcc would unroll before it could vectorise
    WIDE = 24
    CHAINS = 32
    # doubles or times that come from memory together
    LINE = 8
    # fills whose events are looked for together
    AHEAD = 64

# What `check` finds wrong, and where.
cdef enum:
    FINE = 0
    FILL_NOT_A_TIME
    FILL_UNSORTED
    EVENT_NOT_A_TIME
    EVENT_UNSORTED
    EVENT_TWICE
    FILL_LATE

cdef struct Problem:
    int what
    Py_ssize_t index

cdef struct Fills:
    # fills of one account that are still to come, and the position so far
    const int64_t* time
    const double* quantity
    Py_ssize_t next
    Py_ssize_t end
    double position
    # the events from which on the fills from `first` on count, and the mean number of events in a nanosecond
    Py_ssize_t first
    int64_t counts_from[AHEAD]
    double per_event
    # whether events are payments that are stamped beside the minute at which they were due, as 08:00:00.007
    bint nominal


cdef struct Chains:
    # sums side by side, or each addition would wait for the one before; lowest and highest mark
    double high[CHAINS]
    double low[CHAINS]
    double least[CHAINS]
    double most[CHAINS]


cdef inline int64_t due(const int64_t* event, Py_ssize_t events, Py_ssize_t k) noexcept nogil:
    """When a payment was due that is stamped event[k]."""
    # differences as unsigned numbers do not overflow
    if k > 0 and <uint64_t> event[k] - <uint64_t> event[k - 1] < SOON:
        return event[k]
    if k + 1 < events and <uint64_t> event[k + 1] - <uint64_t> event[k] < SOON:
        return event[k]
    return due_at(event[k])


cdef inline Problem check(
    const int64_t* fill, Py_ssize_t fills, const int64_t* event, Py_ssize_t events, bint nominal,
) noexcept nogil:
    """The first thing wrong with the times of one account."""
    cdef Py_ssize_t i
    cdef int bad = 0
    cdef int64_t last
    if fills and fill[0] == INT64_MIN:
        return Problem(FILL_NOT_A_TIME, 0)
    for i in range(1, fills):
        bad |= fill[i] < fill[i - 1]
    if bad:
        for i in range(1, fills):
            if fill[i] < fill[i - 1]:
                return Problem(FILL_NOT_A_TIME if fill[i] == INT64_MIN else FILL_UNSORTED, i)
    if fills and (events == 0 or fill[fills - 1] > event[events - 1]):
        last = INT64_MIN if events == 0 else due(event, events, events - 1) if nominal else event[events - 1]
        for i in range(fills):
            if events == 0 or (fill[i] > event[events - 1] and fill[i] > last):
                return Problem(FILL_LATE, i)
    return Problem(FINE, 0)


cdef inline bint tick_evenly(const int64_t* event, Py_ssize_t events) noexcept nogil:
    """Whether times follow each other by one step > 0, as those of most clocks do."""
    cdef Py_ssize_t i
    cdef uint64_t step, uneven = 0
    if events < 2:
        return events == 1 and event[0] != INT64_MIN
    step = <uint64_t> event[1] - <uint64_t> event[0]
    for i in range(1, events):
        uneven |= (<uint64_t> event[i] - <uint64_t> event[i - 1]) ^ step
    # the range of times is not passed on the way
    return uneven == 0 and event[0] != INT64_MIN and 0.0 < <double> step * <double> (events - 1) < 9e18 and (
        event[events - 1] > event[0])


cdef inline Problem check_events(const int64_t* event, Py_ssize_t events, bint* nominal) noexcept nogil:
    """The first thing wrong with the times of events; nominal is cleared if all are on whole minutes."""
    cdef Py_ssize_t i
    cdef int64_t off = 0
    if tick_evenly(event, events):
        if nominal[0]:
            nominal[0] = (off_minute(event[0]) | off_minute(event[events - 1] if events < 2 else event[1])) != 0
        return Problem(FINE, 0)
    if events and event[0] == INT64_MIN:
        return Problem(EVENT_NOT_A_TIME, 0)
    for i in range(1, events):
        if event[i] == event[i - 1]:
            return Problem(EVENT_TWICE, i)
        if event[i] < event[i - 1]:
            return Problem(EVENT_NOT_A_TIME if event[i] == INT64_MIN else EVENT_UNSORTED, i)
    if nominal[0]:
        for i in range(events):
            off |= off_minute(event[i])
        nominal[0] = off != 0
    return Problem(FINE, 0)


cdef inline Py_ssize_t search(const int64_t* event, Py_ssize_t count, int64_t fill, int64_t later) noexcept nogil:
    """At how many events the fill does not count yet, by bisection."""
    cdef Py_ssize_t low = 0, high = count, middle
    while low < high:
        middle = low + (high - low) // 2
        if is_before(event[middle], fill, later):
            low = middle + 1
        else:
            high = middle
    return low


cdef void count_from_due(
    Fills* fills, const int64_t* event, Py_ssize_t events, int64_t later, Py_ssize_t known,
) noexcept nogil:
    """Move fills that lie between the stamp of a payment and the minute at which it was due."""
    cdef Py_ssize_t k
    cdef int64_t time, guess
    for k in range(known):
        time, guess = fills.time[fills.next + k], fills.counts_from[k]
        if guess > 0 and not is_before(due(event, events, guess - 1), time, later):
            fills.counts_from[k] = guess - 1
        elif guess < events and is_before(due(event, events, guess), time, later):
            fills.counts_from[k] = guess + 1


cdef inline void look_ahead(Fills* fills, const int64_t* event, Py_ssize_t events, int64_t later) noexcept nogil:
    """From which event on each of the next fills counts.

    Clocks tick evenly, so a guess is nearly always right; a group of fills with a wrong one is searched for.
    """
    cdef Py_ssize_t i, k, known = fills.end - fills.next if fills.end - fills.next < AHEAD else AHEAD
    cdef int64_t time, guess, before, after, wrong = 0, last = events - 1
    fills.first = fills.next
    for k in range(known):
        time = fills.time[fills.next + k]
        guess = guess_of(time, event[0], fills.per_event, last, later)
        before, after = event[guess - 1 if guess > 0 else 0], event[guess if guess < last else last]
        wrong |= (guess > 0) & (1 - is_before(before, time, later))
        wrong |= (guess <= last) & is_before(after, time, later)
        fills.counts_from[k] = guess
    if wrong:
        for k in range(known):
            fills.counts_from[k] = search(event, events, fills.time[fills.next + k], later)
    if fills.nominal:
        count_from_due(fills, event, events, later, known)
    for i in range(known, AHEAD):
        # after the last fill nothing changes any more
        fills.counts_from[i] = events


cdef inline void sizes(
    double* target, Py_ssize_t begin, Py_ssize_t count, const int64_t* event, Py_ssize_t events, Fills* fills,
    int64_t later, double multiplier, Py_ssize_t ahead,
) noexcept nogil:
    """Position times multiplier at each of count events from begin on; target has room for WIDE more.

    Each is written to WIDE places at once, and the next one over it from its event on: how many events lie between
    two fills decides no branch. The times `ahead` of these are asked for on the way.
    """
    cdef Py_ssize_t done = begin, end = begin + count, change, stop, k, next = fills.next
    # a copy that no store to target can change
    cdef double held = fills.position, size
    while True:
        if next == fills.first + AHEAD:
            fills.next = next
            look_ahead(fills, event, events, later)
        change = fills.counts_from[next - fills.first]
        # times that another thread changes meanwhile may decrease; what is written stays within the block
        change = change if change > begin else begin
        stop = change if change < end else end
        size = held * multiplier
        while True:
            for k in range(WIDE):
                target[done - begin + k] = size
            prefetch(event + ahead + done)
            prefetch(event + ahead + done + LINE)
            done += WIDE
            if done >= stop:
                break
        done = stop
        if change >= end:
            break
        held += fills.quantity[next]
        next += 1
    fills.position = held
    fills.next = next


cdef inline long long pay(
    bint inverse, double* cash, const double* size, const double* mark, const double* rate, const double* fx,
    Py_ssize_t count,
) noexcept nogil:
    cdef Py_ssize_t k
    cdef long long outside = 0
    for k in range(count):
        cash[k] = checked(payment(inverse, size[k], mark[k], rate[k], 1.0), mark[k])
    for k in range(count):
        outside |= no_price(mark[k])
    if fx != NULL:
        for k in range(count):
            cash[k] *= fx[k]
    return outside


cdef inline void move(Chains* target, const Chains* source) noexcept nogil:
    """By lanes: compilers would rather call a routine, which takes longer than that."""
    cdef int k
    for k in range(CHAINS):
        target.high[k] = source.high[k]
        target.low[k] = source.low[k]
        target.least[k] = source.least[k]
        target.most[k] = source.most[k]


cdef inline void add_to(
    bint inverse, bint converted, double* high, double* low, double* least, double* most, const double* size,
    const double* mark, const double* rate, const double* fx,
) noexcept nogil:
    """Add CHAINS payments, from the short's side, to sums side by side."""
    cdef int k
    cdef double x
    for k in range(CHAINS):
        least[k] = mark[k] if mark[k] < least[k] else least[k]
        most[k] = mark[k] if mark[k] > most[k] else most[k]
        x = value(inverse, size[k], mark[k], 1.0) * rate[k]
        if converted:
            x = x * fx[k]
        add_lane(&high[k], &low[k], x)


cdef inline void pay_into(
    bint inverse, bint converted, Chains* chains, const double* size, const double* mark, const double* rate,
    const double* fx, Py_ssize_t count, Py_ssize_t ahead,
) noexcept nogil:
    """Payments of a block added to the sums; inverse and converted are constants of the caller.

    Marks and rates `ahead` of these are asked for on the way.
    """
    # a copy that no other store can change
    cdef Chains sums
    cdef double last_size[CHAINS]
    cdef double last_mark[CHAINS]
    cdef double last_rate[CHAINS]
    cdef double last_fx[CHAINS]
    cdef Py_ssize_t k, begin = 0
    move(&sums, chains)
    while begin + CHAINS <= count:
        for k in range(CHAINS // LINE):
            prefetch(mark + begin + ahead + LINE * k)
            prefetch(rate + begin + ahead + LINE * k)
        add_to(
            inverse, converted, sums.high, sums.low, sums.least, sums.most, size + begin, mark + begin, rate + begin,
            fx + begin if converted else NULL)
        begin += CHAINS
    if begin < count:
        for k in range(CHAINS):
            last_size[k] = last_rate[k] = 0.0
            last_mark[k] = last_fx[k] = 1.0
        for k in range(count - begin):
            last_size[k] = size[begin + k]
            last_mark[k] = mark[begin + k]
            last_rate[k] = rate[begin + k]
            if converted:
                last_fx[k] = fx[begin + k]
        add_to(
            inverse, converted, sums.high, sums.low, sums.least, sums.most, last_size, last_mark, last_rate, last_fx)
    move(chains, &sums)


cdef inline void start(Chains* chains) noexcept nogil:
    cdef int k
    for k in range(CHAINS):
        chains.high[k] = chains.low[k] = chains.most[k] = 0.0
        chains.least[k] = INFINITY


cdef inline void fold(double* high, double* low, int width) noexcept nogil:
    """Sums side by side added two by two; width is a constant of the caller."""
    cdef double total
    cdef int k
    for k in range(width):
        total = high[k] + high[k + width]
        low[k] += low[k + width] + error_of(high[k], high[k + width], total)
        high[k] = total


cdef inline double sum_of(Chains* chains, long long* outside) noexcept nogil:
    """What the long receives; NaN if a mark is no price."""
    cdef int k
    cdef long long bad = 0
    fold(chains.high, chains.low, 16)
    fold(chains.high, chains.low, 8)
    fold(chains.high, chains.low, 4)
    fold(chains.high, chains.low, 2)
    fold(chains.high, chains.low, 1)
    for k in range(CHAINS):
        bad |= 1 if (chains.least[k] <= 0.0) | (chains.most[k] == INFINITY) else 0
    outside[0] |= bad
    return NAN if bad else 0.0 - rounded(Sum(chains.high[0], chains.low[0]))


cdef struct Accounts:
    # Account a has the fills from fill_offset[a] to fill_offset[a + 1] and, unless they are shared, the events from
    # event_offset[a] to event_offset[a + 1].
    const int64_t* fill_time
    const double* fill_quantity
    const int64_t* fill_offset
    const int64_t* event_time
    const int64_t* event_offset
    Py_ssize_t count
    Py_ssize_t events
    bint shared
    # whether events are payments, due on the minute beside their stamp
    bint nominal

cdef struct Prices:
    # At each event; fx may be NULL.
    const double* mark
    const double* rate
    const double* fx
    double multiplier
    bint inverse

cdef struct Results:
    # What is not asked for is NULL.
    double* position
    double* cash
    double* total

cdef struct Account:
    # The fills and events of one account; `first` is its first event among all.
    Fills fills
    const int64_t* event
    Py_ssize_t events
    Py_ssize_t first


cdef const void* data_of(object array):
    """Of a contiguous array; NULL if it is empty, and its address need not be memory."""
    if array is None or not array.size:
        return NULL
    return cnp.PyArray_DATA(<cnp.ndarray> array)


cdef Accounts accounts_of(fills, events, bint nominal):
    """fills: time (int64), quantity, offsets (int64). events: time, offsets, shared."""
    cdef Accounts accounts
    accounts.fill_time = <const int64_t*> data_of(fills[0])
    accounts.fill_quantity = <const double*> data_of(fills[1])
    accounts.fill_offset = <const int64_t*> data_of(fills[2])
    accounts.event_time = <const int64_t*> data_of(events[0])
    accounts.event_offset = <const int64_t*> data_of(events[1])
    accounts.count = len(fills[2]) - 1
    accounts.events = len(events[0])
    accounts.shared = events[2]
    accounts.nominal = nominal
    return accounts


cdef Prices prices_of(prices, contract):
    """prices: mark, rate, and fx or None. contract: multiplier, inverse."""
    cdef Prices result
    result.mark, result.rate = <const double*> data_of(prices[0]), <const double*> data_of(prices[1])
    result.fx = <const double*> data_of(prices[2])
    result.multiplier, result.inverse = contract
    return result


cdef inline Problem enter(const Accounts* accounts, Py_ssize_t number, Account* account) noexcept nogil:
    """The fills and events of an account, before its first event; what is wrong with their times."""
    cdef Problem problem = Problem(FINE, 0)
    cdef Fills* fills = &account.fills
    cdef Py_ssize_t first_fill = accounts.fill_offset[number]
    account.first = 0 if accounts.shared else accounts.event_offset[number]
    account.events = accounts.events if accounts.shared else accounts.event_offset[number + 1] - account.first
    account.event = accounts.event_time + account.first if account.events else NULL
    fills.end = accounts.fill_offset[number + 1] - first_fill
    fills.time = accounts.fill_time + first_fill if fills.end else NULL
    fills.quantity = accounts.fill_quantity + first_fill if fills.end else NULL
    fills.next = 0
    fills.position = 0.0
    fills.nominal = accounts.nominal
    if not accounts.shared:
        problem = check_events(account.event, account.events, &fills.nominal)
    if problem.what == FINE:
        problem = check(fills.time, fills.end, account.event, account.events, fills.nominal)
    return problem


cdef inline void pay_block(
    const Prices* prices, Chains* chains, const double* size, Py_ssize_t first, Py_ssize_t count, Py_ssize_t ahead,
) noexcept nogil:
    """Payments of a block added to sums side by side, by a loop for each kind of contract."""
    cdef const double* mark = prices.mark + first
    cdef const double* rate = prices.rate + first
    cdef const double* fx = prices.fx + first if prices.fx != NULL else NULL
    if fx != NULL and prices.inverse:
        pay_into(True, True, chains, size, mark, rate, fx, count, ahead)
    elif fx != NULL:
        pay_into(False, True, chains, size, mark, rate, fx, count, ahead)
    elif prices.inverse:
        pay_into(True, False, chains, size, mark, rate, NULL, count, ahead)
    else:
        pay_into(False, False, chains, size, mark, rate, NULL, count, ahead)


cdef inline void merge_account(
    const Accounts* accounts, const Prices* prices, const Results* results, Account* account, Py_ssize_t number,
    Py_ssize_t target, bint later, long long* outside,
) noexcept nogil:
    """The events of an account, a block at a time; target is the place of the first in the results."""
    cdef double size[BLOCK + WIDE]
    cdef Chains chains
    cdef Fills* fills = &account.fills
    cdef Py_ssize_t begin = 0, count, first, k
    # what is not shared comes from memory, and in time only if it is asked for before it is wanted
    cdef Py_ssize_t ahead = 0 if accounts.shared else BLOCK
    start(&chains)
    fills.per_event = 0.0
    if account.events > 1:
        fills.per_event = <double> (account.events - 1) / (
            <double> account.event[account.events - 1] - <double> account.event[0])
    if account.events:
        look_ahead(fills, account.event, account.events, later)
    while begin < account.events:
        count = min(<Py_ssize_t> BLOCK, account.events - begin)
        first = account.first + begin
        sizes(
            size, begin, count, account.event, account.events, fills, later, prices.multiplier,
            0 if accounts.shared else account.events)
        if results.position != NULL:
            for k in range(count):
                results.position[target + begin + k] = size[k]
        elif results.total != NULL:
            pay_block(prices, &chains, size, first, count, ahead)
        else:
            outside[0] |= pay(
                prices.inverse, results.cash + target + begin, size, prices.mark + first, prices.rate + first,
                prices.fx + first if prices.fx != NULL else NULL, count)
        begin += BLOCK
    if results.total != NULL:
        results.total[number] = sum_of(&chains, outside)


def merge(fills, events, bint later, bint nominal, prices, contract, results):
    """Fills and events of all accounts in one pass.

    fills: time, quantity and offsets of accounts one after another. events: time, offsets, and whether all accounts
    share them. nominal: whether events are payments, due on the minute beside their stamp. prices: mark, rate and fx
    (or None) at each event. contract: multiplier, inverse. results: position times multiplier at each event, cash of
    each, sum of each account; those that are not asked for are None. Returns what is wrong with the times (0 if nothing
    is), in which account and at which of its times; and whether a mark is invalid.
    """
    cdef Accounts accounts = accounts_of(fills, events, nominal)
    cdef Prices terms = prices_of(prices, contract)
    cdef Results target
    cdef Account account
    cdef Problem problem = Problem(FINE, 0)
    cdef Py_ssize_t number = 0, place = 0
    cdef long long outside = 0
    cdef Status status
    target.position, target.cash = <double*> data_of(results[0]), <double*> data_of(results[1])
    target.total = <double*> data_of(results[2])
    with nogil:
        status = status_save()
        if accounts.shared:
            problem = check_events(accounts.event_time, accounts.events, &accounts.nominal)
        if problem.what == FINE:
            for number in range(accounts.count):
                problem = enter(&accounts, number, &account)
                if problem.what != FINE:
                    break
                merge_account(&accounts, &terms, &target, &account, number, place, later, &outside)
                place += account.events
        status_restore(status)
    return problem.what, number, problem.index, outside != 0


cdef inline double between(
    Fills* fills, const int64_t* knot, double left, double right, double interval,
) noexcept nogil:
    """Cash between two knots; left and right are that of one contract per interval at their ends."""
    cdef double length = span(knot[0], knot[1])
    cdef Sum payments
    payments.high = payments.low = 0.0
    while fills.next < fills.end and fills.time[fills.next] <= knot[0]:
        fills.position += fills.quantity[fills.next]
        fills.next += 1
    add(&payments, fills.position * area(left, right, length, length, interval))
    while fills.next < fills.end and fills.time[fills.next] < knot[1]:
        add(&payments, fills.quantity[fills.next] * area(
            left, right, span(fills.time[fills.next], knot[1]), length, interval))
        fills.position += fills.quantity[fills.next]
        fills.next += 1
    return rounded(payments)


cdef inline double integrate_account(
    Account* account, const Prices* prices, double interval, bint linear, double* cash, long long* outside,
) noexcept nogil:
    """The sum of an account, and the cash between its knots unless cash is NULL."""
    cdef const double* mark = prices.mark + account.first
    cdef const double* rate = prices.rate + account.first
    cdef double left, right, paid
    cdef Py_ssize_t k
    cdef Sum total
    total.high = total.low = 0.0
    for k in range(account.events - 1):
        left = checked(payment(prices.inverse, 1.0, mark[k], rate[k], prices.multiplier), mark[k])
        right = checked(payment(prices.inverse, 1.0, mark[k + 1], rate[k + 1], prices.multiplier), mark[k + 1])
        outside[0] |= no_price(mark[k]) | (no_price(mark[k + 1]) if linear else 0)
        paid = between(&account.fills, account.event + k, left, right if linear else left, interval)
        add(&total, paid)
        if cash != NULL:
            cash[k] = paid
    return rounded(total)


def integrate(fills, knots, prices, contract, double interval, bint linear, results):
    """Integrals of position times value times rate between knots; arguments as of `merge`.

    results: cash, an element for each interval between two knots of an account; sum of each account; or None.
    """
    cdef Accounts accounts = accounts_of(fills, knots, False)
    cdef Prices terms = prices_of(prices, contract)
    cdef double* cash = <double*> data_of(results[0])
    cdef double* total = <double*> data_of(results[1])
    cdef double paid
    cdef Account account
    cdef Problem problem = Problem(FINE, 0)
    cdef Py_ssize_t number = 0, place = 0
    cdef long long outside = 0
    cdef Status status
    with nogil:
        status = status_save()
        if accounts.shared:
            problem = check_events(accounts.event_time, accounts.events, &accounts.nominal)
        if problem.what == FINE:
            for number in range(accounts.count):
                problem = enter(&accounts, number, &account)
                if problem.what != FINE:
                    break
                paid = integrate_account(
                    &account, &terms, interval, linear, cash + place if cash != NULL else NULL, &outside)
                if total != NULL:
                    total[number] = paid
                place += max(account.events - 1, <Py_ssize_t> 0)
        status_restore(status)
    return problem.what, number, problem.index, outside != 0
