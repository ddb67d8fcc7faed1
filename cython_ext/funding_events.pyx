"""Fills at any time merged with funding events, for accounts one after another (CSR offsets)."""

from libc.stdint cimport INT64_MIN, int64_t, uint64_t

cimport numpy as cnp

from shortgamma.kernels.blocks cimport Status, no_price, status_restore, status_save
from shortgamma.kernels.contracts cimport checked
from shortgamma.kernels.funding cimport Sum, add, area, payment, rounded

cnp.import_array()


cdef enum:
    # events whose positions are laid out before they are paid
    BLOCK = 512
    # more than 16, which gcc would unroll before it could vectorise
    WIDE = 24
    CHAINS = 32
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


cdef inline Problem check(
    const int64_t* fill, Py_ssize_t fills, const int64_t* event, Py_ssize_t events,
) noexcept nogil:
    """The first thing wrong with the times of one account."""
    cdef Py_ssize_t i
    cdef int bad = 0
    if fills and fill[0] == INT64_MIN:
        return Problem(FILL_NOT_A_TIME, 0)
    for i in range(1, fills):
        bad |= fill[i] < fill[i - 1]
    if bad:
        for i in range(1, fills):
            if fill[i] < fill[i - 1]:
                return Problem(FILL_NOT_A_TIME if fill[i] == INT64_MIN else FILL_UNSORTED, i)
    if fills and (events == 0 or fill[fills - 1] > event[events - 1]):
        for i in range(fills):
            if events == 0 or fill[i] > event[events - 1]:
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


cdef inline void look_ahead(Fills* fills, const int64_t* event, Py_ssize_t events, int64_t later) noexcept nogil:
    """From which event on each of the next fills counts.

    Clocks tick evenly, so a guess is nearly always right; a group of fills with a wrong one is searched for.
    """
    cdef Py_ssize_t i, k, known = fills.end - fills.next if fills.end - fills.next < AHEAD else AHEAD
    cdef int64_t time, guess, wrong = 0, last = events - 1
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
        wrong |= (guess > 0) & (1 - is_before(event[guess - 1 if guess > 0 else 0], time, later))
        wrong |= (guess <= last) & is_before(event[guess if guess < last else last], time, later)
        fills.counts_from[k] = guess
    if wrong:
        for k in range(known):
            fills.counts_from[k] = search(event, events, fills.time[fills.next + k], later)
    for i in range(known, AHEAD):
        # after the last fill nothing changes any more
        fills.counts_from[i] = events


cdef inline void positions(
    double* target, Py_ssize_t begin, Py_ssize_t count, const int64_t* event, Py_ssize_t events, Fills* fills,
    int64_t later,
) noexcept nogil:
    """The position at each of count events from begin on; target has room for WIDE more.

    Each is written to WIDE places at once, and the next one over it from its event on: how many events lie between
    two fills decides no branch.
    """
    cdef Py_ssize_t done = begin, end = begin + count, change, stop, k, next = fills.next
    # a copy that no store to target can change
    cdef double held = fills.position
    while True:
        if next == fills.first + AHEAD:
            fills.next = next
            look_ahead(fills, event, events, later)
        change = fills.counts_from[next - fills.first]
        stop = change if change < end else end
        while True:
            for k in range(WIDE):
                target[done - begin + k] = held
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
    bint inverse, double* cash, const double* position, const double* mark, const double* rate, const double* fx,
    double multiplier, Py_ssize_t count,
) noexcept nogil:
    cdef Py_ssize_t k
    cdef long long outside = 0
    for k in range(count):
        cash[k] = checked(payment(inverse, position[k], mark[k], rate[k], multiplier), mark[k])
    for k in range(count):
        outside |= no_price(mark[k])
    if fx != NULL:
        for k in range(count):
            cash[k] *= fx[k]
    return outside


cdef inline void pay_into(
    bint inverse, double* high, double* low, double* position, const double* mark, const double* rate,
    const double* fx, double multiplier, Py_ssize_t count,
) noexcept nogil:
    """Payments added to sums side by side; position has room for a whole number of them."""
    cdef Py_ssize_t k, begin, whole = count // CHAINS * CHAINS
    cdef double x, total, back
    cdef double rest[CHAINS]
    begin = 0
    while begin < whole:
        for k in range(CHAINS):
            x = checked(
                payment(inverse, position[begin + k], mark[begin + k], rate[begin + k], multiplier), mark[begin + k])
            if fx != NULL:
                x = x * fx[begin + k]
            total = high[k] + x
            back = total - high[k]
            low[k] += (high[k] - (total - back)) + (x - back)
            high[k] = total
        begin += CHAINS
    if whole < count:
        for k in range(CHAINS):
            rest[k] = 0.0
        pay(inverse, rest, position + whole, mark + whole, rate + whole, fx + whole if fx != NULL else NULL,
            multiplier, count - whole)
        for k in range(CHAINS):
            total = high[k] + rest[k]
            back = total - high[k]
            low[k] += (high[k] - (total - back)) + (rest[k] - back)
            high[k] = total


cdef inline long long no_prices(const double* mark, Py_ssize_t count) noexcept nogil:
    cdef Py_ssize_t i
    cdef long long outside = 0
    for i in range(count):
        outside |= no_price(mark[i])
    return outside


cdef inline double sum_of(double* high, double* low) noexcept nogil:
    """The sum of all sums, two by two."""
    cdef double total, back
    cdef int k, width = CHAINS // 2
    while width > 0:
        for k in range(width):
            total = high[k] + high[k + width]
            back = total - high[k]
            low[k] += low[k + width] + ((high[k] - (total - back)) + (high[k + width] - back))
            high[k] = total
        width //= 2
    return rounded(Sum(high[0], low[0]))


def merge(
    const int64_t[::1] fill_time, const double[::1] fill_quantity, const int64_t[::1] fill_offset,
    const int64_t[::1] event_time, const int64_t[::1] event_offset, bint shared, bint later,
    const double[::1] mark, const double[::1] rate, const double[::1] fx, double multiplier, bint inverse,
    double[::1] position, double[::1] cash, double[::1] total,
):
    """Fills and events of all accounts in one pass.

    Account a has the fills from fill_offset[a] to fill_offset[a + 1] and, unless they are shared, the events from
    event_offset[a] to event_offset[a + 1]. Written is what has a length: the positions at the events, the cash of
    each, or its sum by account. Returns what is wrong with the times (0 if nothing is), in which account and at which
    of its times; and whether a mark is no price.
    """
    cdef Py_ssize_t accounts = fill_offset.shape[0] - 1, account, first, events, begin, count, target = 0, k
    cdef double position_block[BLOCK + WIDE]
    cdef double high[CHAINS]
    cdef double low[CHAINS]
    cdef Fills fills
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
                problem = check(fills.time, fills.end, &event_time[0] + first if events else NULL, events)
                if problem.what != FINE:
                    break
                for k in range(CHAINS):
                    high[k] = low[k] = 0.0
                fills.per_event = 0.0
                if events > 1:
                    fills.per_event = <double> (events - 1) / (
                        <double> event_time[first + events - 1] - <double> event_time[first])
                if events:
                    look_ahead(&fills, &event_time[first], events, later)
                begin = 0
                while begin < events:
                    count = min(<Py_ssize_t> BLOCK, events - begin)
                    positions(position_block, begin, count, &event_time[first], events, &fills, later)
                    if position.shape[0]:
                        for k in range(count):
                            position[target + begin + k] = position_block[k]
                    if total.shape[0]:
                        pay_into(
                            inverse, high, low, position_block, &mark[first + begin], &rate[first + begin],
                            &fx[first + begin] if fx.shape[0] else NULL, multiplier, count)
                    elif cash.shape[0]:
                        outside |= pay(
                            inverse, &cash[target + begin], position_block, &mark[first + begin],
                            &rate[first + begin], &fx[first + begin] if fx.shape[0] else NULL, multiplier, count)
                    begin += BLOCK
                if total.shape[0]:
                    total[account] = sum_of(high, low)
                    if total[account] != total[account]:
                        # a mark that is no price leaves no number
                        outside |= no_prices(&mark[first], events)
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
                problem = check(fills.time, fills.end, &knot_time[0] + first if knots else NULL, knots)
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
