"""Fills at any time merged with funding events, for accounts one after another (CSR offsets)."""

from libc.stdint cimport INT64_MIN, int64_t, uint64_t

cimport numpy as cnp

from cython_ext._loop.blocks cimport Status, no_price, status_restore, status_save
from shortgamma.kernels.contracts cimport checked, value
from shortgamma.kernels.funding.payments cimport Sum, add, area, payment, rounded
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


cdef extern from *:
    # In ns: payments are due on whole minutes and stamped a little later (or earlier) by venues; stamps that follow
    # each other so soon are no schedule. An enum of Cython is an int, too short for them.
    """
    #define SG_MINUTE 60000000000LL
    #define SG_JITTER 5000000000LL
    #define SG_SOON 30000000000ULL
    """
    const int64_t MINUTE "SG_MINUTE"
    const int64_t JITTER "SG_JITTER"
    const uint64_t SOON "SG_SOON"


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
    # whether a fill at 08:00:00 is one at the time of a payment that is stamped 08:00:00.007
    bint nominal


cdef struct Chains:
    # sums side by side, or each addition would wait for the one before; lowest and highest mark
    double high[CHAINS]
    double low[CHAINS]
    double least[CHAINS]
    double most[CHAINS]


cdef inline int64_t due(const int64_t* event, Py_ssize_t events, Py_ssize_t k) noexcept nogil:
    """When a payment was due that is stamped event[k]: the whole minute nearby, if there is one."""
    cdef int64_t stamp = event[k], minute
    # differences as unsigned numbers do not overflow
    if k > 0 and <uint64_t> stamp - <uint64_t> event[k - 1] < SOON:
        return stamp
    if k + 1 < events and <uint64_t> event[k + 1] - <uint64_t> stamp < SOON:
        return stamp
    minute = (stamp + (JITTER if stamp >= 0 else -JITTER)) // MINUTE * MINUTE
    return minute if is_near(minute, stamp) else stamp


cdef inline int64_t is_near(int64_t event, int64_t fill) noexcept nogil:
    """Whether two times are at most JITTER apart."""
    return (<uint64_t> event - <uint64_t> fill + <uint64_t> JITTER) <= <uint64_t> (2 * JITTER)


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


cdef inline Problem check_events(const int64_t* event, Py_ssize_t events) noexcept nogil:
    cdef Py_ssize_t i
    cdef int bad = 0
    if events and event[0] == INT64_MIN:
        return Problem(EVENT_NOT_A_TIME, 0)
    for i in range(1, events):
        bad |= event[i] <= event[i - 1]
    if bad:
        for i in range(1, events):
            if event[i] == event[i - 1]:
                return Problem(EVENT_TWICE, i)
            if event[i] < event[i - 1]:
                return Problem(EVENT_NOT_A_TIME if event[i] == INT64_MIN else EVENT_UNSORTED, i)
    return Problem(FINE, 0)


cdef inline int64_t is_before(int64_t event, int64_t fill, int64_t later) noexcept nogil:
    """Whether the fill does not count at the event yet; later is 1 if a fill at its time comes after it."""
    return (event < fill) | (later & (event == fill))


cdef inline Py_ssize_t search(
    const int64_t* event, Py_ssize_t count, int64_t fill, int64_t later,
) noexcept nogil:
    """At how many events the fill does not count yet, by bisection."""
    cdef Py_ssize_t low = 0, high = count, middle
    while low < high:
        middle = low + (high - low) // 2
        if is_before(event[middle], fill, later):
            low = middle + 1
        else:
            high = middle
    return low


cdef inline void look_ahead(Fills* fills, const int64_t* event, Py_ssize_t events, int64_t later) noexcept nogil:
    """From which event on each of the next fills counts.

    Clocks tick evenly, so a guess is nearly always right; a group of fills with a wrong one is searched for.
    """
    cdef Py_ssize_t i, k, known = fills.end - fills.next if fills.end - fills.next < AHEAD else AHEAD
    cdef int64_t time, guess, before, after, wrong = 0, last = events - 1
    cdef int64_t near = 0
    # so that a fill at the time of an event is on the right side of it: more than rounding does
    cdef double ticks, nudge = 1e-9 if later else -1e-9
    fills.first = fills.next
    for k in range(known):
        time = fills.time[fills.next + k]
        # differences as unsigned numbers do not overflow
        ticks = <double> <int64_t> (<uint64_t> time - <uint64_t> event[0]) * fills.per_event + nudge
        ticks = ticks if ticks > -1.0 else -1.0
        ticks = ticks if ticks < <double> last else <double> last
        guess = <int64_t> (ticks + 1.0)
        before, after = event[guess - 1 if guess > 0 else 0], event[guess if guess < last else last]
        wrong |= (guess > 0) & (1 - is_before(before, time, later))
        wrong |= (guess <= last) & is_before(after, time, later)
        near |= is_near(before, time) | is_near(after, time)
        fills.counts_from[k] = guess
    if wrong:
        for k in range(known):
            fills.counts_from[k] = search(event, events, fills.time[fills.next + k], later)
    if fills.nominal and (near or wrong):
        for k in range(known):
            time, guess = fills.time[fills.next + k], fills.counts_from[k]
            if guess > 0 and not is_before(due(event, events, guess - 1), time, later):
                fills.counts_from[k] = guess - 1
            elif guess <= last and is_before(due(event, events, guess), time, later):
                fills.counts_from[k] = guess + 1
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
        change = change if change > done else done
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
    cdef double x, total, back
    for k in range(CHAINS):
        least[k] = mark[k] if mark[k] < least[k] else least[k]
        most[k] = mark[k] if mark[k] > most[k] else most[k]
        x = value(inverse, size[k], mark[k], 1.0) * rate[k]
        if converted:
            x = x * fx[k]
        total = high[k] + x
        back = total - high[k]
        low[k] += (high[k] - (total - back)) + (x - back)
        high[k] = total


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
    cdef double total, back
    cdef int k
    for k in range(width):
        total = high[k] + high[k + width]
        back = total - high[k]
        low[k] += low[k + width] + ((high[k] - (total - back)) + (high[k + width] - back))
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


def merge(
    const int64_t[::1] fill_time, const double[::1] fill_quantity, const int64_t[::1] fill_offset,
    const int64_t[::1] event_time, const int64_t[::1] event_offset, bint shared, bint later, bint nominal,
    const double[::1] mark, const double[::1] rate, const double[::1] fx, double multiplier, bint inverse,
    double[::1] position, double[::1] cash, double[::1] total,
):
    """Fills and events of all accounts in one pass; nominal events are payments, due on the minute beside their stamp.

    Account a has the fills from fill_offset[a] to fill_offset[a + 1] and, unless they are shared, the events from
    event_offset[a] to event_offset[a + 1]. Written is what has a length: the positions at the events (times the
    multiplier), the cash of each, or its sum by account. Returns what is wrong with the times (0 if nothing is), in
    which account and at which of its times; and whether a mark is no price.
    """
    cdef Py_ssize_t accounts = fill_offset.shape[0] - 1, account, first, events, begin, count, target = 0, k
    # what is not shared comes from memory, and in time only if it is asked for before it is wanted
    cdef Py_ssize_t ahead = 0 if shared else BLOCK
    cdef double size[BLOCK + WIDE]
    cdef Chains chains
    cdef Fills fills
    cdef const double* price
    cdef const double* part
    cdef const double* exchange
    cdef Problem problem
    cdef long long outside = 0
    cdef Status status
    with nogil:
        status = status_save()
        problem = Problem(FINE, 0)
        account = 0
        if shared and event_time.shape[0]:
            problem = check_events(&event_time[0], event_time.shape[0])
        if problem.what == FINE:
            for account in range(accounts):
                first = 0 if shared else event_offset[account]
                events = event_time.shape[0] if shared else event_offset[account + 1] - first
                fills.end = fill_offset[account + 1] - fill_offset[account]
                # an empty array has no first element to point at
                fills.time = &fill_time[0] + fill_offset[account] if fills.end else NULL
                fills.quantity = &fill_quantity[0] + fill_offset[account] if fills.end else NULL
                fills.next = 0
                fills.position = 0.0
                if not shared and events:
                    problem = check_events(&event_time[0] + first, events)
                    if problem.what != FINE:
                        break
                problem = check(fills.time, fills.end, &event_time[0] + first if events else NULL, events, nominal)
                if problem.what != FINE:
                    break
                start(&chains)
                fills.nominal = nominal
                fills.per_event = 0.0
                if events > 1:
                    fills.per_event = <double> (events - 1) / (
                        <double> event_time[first + events - 1] - <double> event_time[first])
                if events:
                    look_ahead(&fills, &event_time[first], events, later)
                begin = 0
                while begin < events:
                    count = min(<Py_ssize_t> BLOCK, events - begin)
                    sizes(
                        size, begin, count, &event_time[first], events, &fills, later, multiplier,
                        0 if shared else events)
                    if position.shape[0]:
                        for k in range(count):
                            position[target + begin + k] = size[k]
                    else:
                        price, part = &mark[first + begin], &rate[first + begin]
                        exchange = &fx[first + begin] if fx.shape[0] else NULL
                        if total.shape[0] == 0:
                            outside |= pay(inverse, &cash[target + begin], size, price, part, exchange, count)
                        elif exchange != NULL:
                            if inverse:
                                pay_into(True, True, &chains, size, price, part, exchange, count, ahead)
                            else:
                                pay_into(False, True, &chains, size, price, part, exchange, count, ahead)
                        elif inverse:
                            pay_into(True, False, &chains, size, price, part, NULL, count, ahead)
                        else:
                            pay_into(False, False, &chains, size, price, part, NULL, count, ahead)
                    begin += BLOCK
                if total.shape[0]:
                    total[account] = sum_of(&chains, &outside)
                target += events
        status_restore(status)
    return problem.what, account, problem.index, outside != 0


def integrate(
    const int64_t[::1] fill_time, const double[::1] fill_quantity, const int64_t[::1] fill_offset,
    const int64_t[::1] knot_time, const int64_t[::1] knot_offset, bint shared,
    const double[::1] mark, const double[::1] rate, double multiplier, bint inverse, double interval, bint linear,
    double[::1] cash, double[::1] total,
):
    """Integrals of position times value times rate between knots; see `merge`.

    cash has an element for each interval between two knots of an account.
    """
    cdef Py_ssize_t accounts = fill_offset.shape[0] - 1, account, first, knots, k, target = 0
    cdef double left, right, here, length, rest
    cdef Sum payments, sum_
    cdef Fills fills
    cdef Problem problem
    cdef long long outside = 0
    cdef Status status
    with nogil:
        status = status_save()
        problem = Problem(FINE, 0)
        account = 0
        if shared and knot_time.shape[0]:
            problem = check_events(&knot_time[0], knot_time.shape[0])
        if problem.what == FINE:
            for account in range(accounts):
                first = 0 if shared else knot_offset[account]
                knots = knot_time.shape[0] if shared else knot_offset[account + 1] - first
                fills.end = fill_offset[account + 1] - fill_offset[account]
                fills.time = &fill_time[0] + fill_offset[account] if fills.end else NULL
                fills.quantity = &fill_quantity[0] + fill_offset[account] if fills.end else NULL
                fills.next = 0
                fills.position = 0.0
                if not shared and knots:
                    problem = check_events(&knot_time[0] + first, knots)
                    if problem.what != FINE:
                        break
                problem = check(fills.time, fills.end, &knot_time[0] + first if knots else NULL, knots, False)
                if problem.what != FINE:
                    break
                sum_.high = sum_.low = 0.0
                for k in range(first, first + knots - 1):
                    while fills.next < fills.end and fills.time[fills.next] <= knot_time[k]:
                        fills.position += fills.quantity[fills.next]
                        fills.next += 1
                    left = checked(payment(inverse, 1.0, mark[k], rate[k], multiplier), mark[k])
                    right = checked(payment(inverse, 1.0, mark[k + 1], rate[k + 1], multiplier), mark[k + 1])
                    outside |= no_price(mark[k]) | (no_price(mark[k + 1]) if linear else 0)
                    right = right if linear else left
                    # differences as unsigned numbers do not overflow
                    length = <double> (<unsigned long long> knot_time[k + 1] - <unsigned long long> knot_time[k])
                    payments.high = payments.low = 0.0
                    add(&payments, fills.position * area(left, right, length, length, interval))
                    while fills.next < fills.end and fills.time[fills.next] < knot_time[k + 1]:
                        here = fills.quantity[fills.next]
                        rest = <double> (
                            <unsigned long long> knot_time[k + 1] - <unsigned long long> fills.time[fills.next])
                        add(&payments, here * area(left, right, rest, length, interval))
                        fills.position += here
                        fills.next += 1
                    left = rounded(payments)
                    add(&sum_, left)
                    if cash.shape[0]:
                        cash[target] = left
                    target += 1
                if total.shape[0]:
                    total[account] = rounded(sum_)
        status_restore(status)
    return problem.what, account, problem.index, outside != 0
