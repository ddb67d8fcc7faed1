"""Loops of accounts: the first bar on which equity is less than required, and the prices between which they live.

Accounts are processed one at a time, WIDTH bars at a time. First the bars are looked at CHUNK by CHUNK, each instrument
at its worst and each coin at its highest price anywhere in the chunk: most accounts are far from liquidation most of
the time, and need no closer look.
"""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.liquidation.account as formula
from cython_ext._loop.blocks cimport Status, padded, status_restore, status_save
from cython_ext.liquidation._accounts cimport (
    CHUNK, NEVER, UNDEFINED, Account, Market, doubles, instruments_of, look_from_afar, new_account, numbers,
    open_account, pay, reserve_worst, room, settle, trade, whole_numbers,
)
from shortgamma.kernels.liquidation._margin cimport AT_ENTRY, BY_QUANTITY, LIMITS, RISING, TIERS
from shortgamma.kernels.liquidation.account cimport (
    CLOSE, HIGH, LEAST, LOW, MOST, WIDTH, Pick, deficits, value_of,
)
from shortgamma.kernels.numeric.exact cimport NO_MEMORY
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute

cnp.import_array()

cdef extern from "<float.h>" nogil:
    const double LARGEST "DBL_MAX"

cdef enum Case:
    AT_CLOSE
    WORST
    BEST

cdef enum:
    # looks at ever more distant prices, and how often an interval of prices is divided by WIDTH + 1
    LOOKS = 3
    DIVISIONS = 16

# Where in a bar an account is judged, and the kinds of margins with what is added to them, by the names of the faces.
CASES = {"close": AT_CLOSE, "worst": WORST, "best": BEST}
MARGINS = {"tiers": TIERS, "limits": LIMITS, "rising": RISING}
SIZES = {"value": 0, "quantity": BY_QUANTITY}
VALUED = {"mark": 0, "entry": AT_ENTRY}

cdef struct Event:
    long long bar
    # an instrument, or a coin counted from -1 down
    long long place
    double amount
    double price


cdef inline double usable(double price, bint* outside) noexcept nogil:
    """The price if it is valid, else NaN."""
    if 0.0 < price < INFINITY:
        return price
    if price == price:
        outside[0] = True
    return NAN


cdef inline int corners(const Account* account, Case case) noexcept nogil:
    """In how many ways the prices within a bar are combined."""
    if case != BEST:
        return 1
    return 1 + account.book.legs + 2 * account.book.coins


cdef inline void combine(Account* account, const Market* market, Case case, int corner, Pick* pick) noexcept nogil:
    """Point legs and coins to their prices in one of these ways, and write down the picks of the legs.

    The best case is at the close, and at one price that was seen in the bar with all others as good as can be.
    """
    cdef int leg, k, at = corner - 1 - account.book.legs
    cdef Py_ssize_t index
    cdef bint worse_when_low
    for leg in range(account.book.legs):
        worse_when_low = account.book.leg[leg].quantity > 0.0
        pick[leg] = CLOSE
        if case == WORST or (case == BEST and corner == leg + 1):
            pick[leg] = LOW if worse_when_low else HIGH
        elif case == BEST and corner > 0:
            pick[leg] = HIGH if worse_when_low else LOW
        index = (<int> pick[leg] * market.instruments + account.book.leg[leg].instrument) * market.wide
        account.rows.value[leg] = market.value + index
        account.rows.gain[leg] = market.gain + index
    for k in range(account.book.coins):
        index = account.book.coin[k].index
        account.rows.fx_low[k] = market.fx + (<int> LOW * market.coins + index) * market.wide
        account.rows.fx_high[k] = market.fx + (<int> HIGH * market.coins + index) * market.wide
        if case == WORST:
            account.rows.pick[k] = MOST
        elif case == AT_CLOSE or corner == 0:
            account.rows.pick[k] = CLOSE
            account.rows.fx_low[k] = account.rows.fx_high[k] = market.fx + index * market.wide
        elif at == 2 * k:
            account.rows.pick[k] = LOW
            account.rows.fx_high[k] = account.rows.fx_low[k]
        elif at == 2 * k + 1:
            account.rows.pick[k] = HIGH
            account.rows.fx_low[k] = account.rows.fx_high[k]
        else:
            account.rows.pick[k] = LEAST


cdef inline int decide(Account* account, const Market* market, const Pick* pick, Py_ssize_t t) noexcept nogil:
    """The decision on a bar, as its prices are combined, without rounding: 1, 0 or NO_MEMORY."""
    cdef int leg, k, i
    cdef double low, high
    for leg in range(account.book.legs):
        i = account.book.leg[leg].instrument
        account.quotes.price[i] = market.price[(<int> pick[leg] * market.instruments + i) * market.wide + t]
        account.quotes.paid[i] = market.paid[i * market.wide + t] if market.paid != NULL else 0.0
        if account.quotes.price[i] != account.quotes.price[i]:
            return 0
    for k in range(account.book.coins):
        i = account.book.coin[k].index
        account.quotes.fx_low[i] = account.rows.fx_low[k][t]
        account.quotes.fx_high[i] = account.rows.fx_high[k][t]
        low, high = account.quotes.fx_low[i], account.quotes.fx_high[i]
        if low != low or high != high:
            return 0
    return formula.decide(&account.book, market.instrument, &account.quotes)


cdef long long within(
    Account* account, const Market* market, Case case, Pick* pick, Py_ssize_t begin, Py_ssize_t end,
) noexcept nogil:
    """The first breach from begin on and before end, all in one chunk; NEVER, or UNDEFINED without memory."""
    cdef double deficit[CHUNK]
    cdef Py_ssize_t t, start = begin & ~(<Py_ssize_t> 7), count = padded(end - start)
    cdef long long first = end
    cdef int corner, decision
    cdef long long any_near
    cdef double error = 0.0 if account.inexact else account.error
    for corner in range(corners(account, case)):
        combine(account, market, case, corner, pick)
        deficits(&account.book, &account.rows, start, count, deficit)
        any_near = 0
        for t in range(count):
            any_near |= 1 if deficit[t] >= -error else 0
        if not any_near and error < LARGEST:
            continue
        for t in range(begin, first):
            if error < LARGEST:
                if not deficit[t - start] >= -error:
                    continue
                if deficit[t - start] > error:
                    first = t
                    break
            if account.inexact:
                continue
            decision = decide(account, market, pick, t)
            if decision == NO_MEMORY:
                return UNDEFINED
            if decision:
                first = t
                break
    return first if first < end else <long long> NEVER


cdef long long scan(
    Account* account, const Market* market, Case case, Pick* pick, Py_ssize_t begin, Py_ssize_t end,
) noexcept nogil:
    """The first breach from begin on and before end, with what the account holds now."""
    cdef double deficit[WIDTH]
    cdef Py_ssize_t chunk = begin // CHUNK, last = (end - 1) // CHUNK + 1, start, count, i, t
    cdef long long first
    # a look at one chunk from afar costs as much as a look at its bars
    cdef bint near = not (end - begin > CHUNK and account.error < LARGEST)
    if account.book.coins == 0:
        return NEVER
    while chunk < last:
        start = chunk & ~(<Py_ssize_t> 7)
        count = min(padded(last - start), <Py_ssize_t> WIDTH)
        if not near:
            look_from_afar(account, &market.worst, start, count, deficit)
        for i in range(chunk - start, min(count, last - start)):
            if near or not deficit[i] < -account.error:
                t = (start + i) * CHUNK
                first = within(account, market, case, pick, max(t, begin), min(t + CHUNK, end))
                if first != NEVER:
                    return first
        chunk = start + count
    return NEVER


cdef long long follow(
    Account* account, const Market* market, Case case, Pick* pick, const Event* event, Py_ssize_t events,
) noexcept nogil:
    """One account from the first bar to the last."""
    cdef Py_ssize_t t = 0, end, i = 0
    cdef long long first
    cdef bint settled = False
    while t < market.bars:
        while i < events and event[i].bar == t:
            if event[i].place < 0:
                pay(account, <int> (-1 - event[i].place), event[i].amount)
            elif event[i].amount != 0.0:
                trade(
                    account, market, <int> event[i].place, event[i].amount, event[i].price,
                    market.paid[event[i].place * market.wide + t] if market.paid != NULL else 0.0)
            account.events += 1
            i += 1
            settled = False
        if not settled:
            if not settle(account, market):
                return UNDEFINED
            settled = True
        end = <Py_ssize_t> event[i].bar if i < events else market.bars
        first = scan(account, market, case, pick, t, end)
        if first != NEVER:
            return first
        t = end
    return NEVER


cdef bint fill_rows(Market* market, const double* mark, const double* due, Py_ssize_t pick) noexcept nogil:
    """Rows of prices of instruments, of the value of a contract and of its gain. Whether a price is out of range."""
    cdef Py_ssize_t i, t, row
    cdef bint outside = False
    cdef double p, v, g
    for i in range(market.instruments):
        row = (pick * market.instruments + i) * market.wide
        for t in range(market.wide):
            p = usable(mark[t * market.instruments + i], &outside) if t < market.bars else NAN
            v = value_of(&market.instrument[i], p)
            g = -v if market.instrument[i].inverse else v
            market.price[row + t] = p
            market.value[row + t] = v
            if due != NULL and t < market.bars:
                g -= due[t * market.instruments + i]
                v += absolute(due[t * market.instruments + i])
            market.gain[row + t] = g
            if v > market.top[i]:
                market.top[i] = v
    return outside


cdef bint fill_coins(Market* market, const double* fx, Py_ssize_t pick) noexcept nogil:
    """Rows of prices of coins. Whether one is out of range."""
    cdef Py_ssize_t k, t, row
    cdef bint outside = False
    cdef double p
    for k in range(market.coins):
        row = (pick * market.coins + k) * market.wide
        for t in range(market.wide):
            p = usable(fx[t * market.coins + k], &outside) if t < market.bars else NAN
            market.fx[row + t] = p
            if p > market.fx_top[k]:
                market.fx_top[k] = p
    return outside


cdef void fill_chunks(
    const Market* market, const double* low, const double* high, Py_ssize_t rows, double* least, double* most,
) noexcept nogil:
    """The least and the most of each chunk; unknown prices do not count."""
    cdef Py_ssize_t i, t, c
    cdef double a, b, x, y
    for i in range(rows):
        for c in range(market.chunks):
            a, b = INFINITY, -INFINITY
            for t in range(i * market.wide + c * CHUNK, i * market.wide + min((c + 1) * CHUNK, market.wide)):
                x, y = low[t], high[t]
                a = x if x < a else a
                a = y if y < a else a
                b = x if x > b else b
                b = y if y > b else b
            least[i * market.chunks + c] = a
            most[i * market.chunks + c] = b


cdef int new_market(Market* market, list kept, terms, weight) except -1:
    """The terms of a market; bars and coins are those of its prices."""
    market.instruments = <int> len(terms.multiplier)
    market.coins = <int> len(weight)
    market.instrument = instruments_of(kept, terms)
    market.weight = numbers(weight)
    market.top = doubles(kept, market.instruments)
    market.fx_top = doubles(kept, market.coins)
    market.paid = NULL
    return 0


cdef bint fill_market(Market* market, list kept, list prices, list rates, paid) except? -1:
    """Rows of all prices, close alone or close, low and high. Whether one is out of range."""
    cdef Py_ssize_t picks = 1 if prices[1] is None else 3, pick, i, t
    cdef Py_ssize_t instruments = market.instruments, coins = market.coins, low, high
    cdef const double* due = NULL if paid is None else numbers(paid)
    cdef const double* source
    cdef bint outside = False
    cdef double* unused
    market.wide = (market.bars + WIDTH - 1) // WIDTH * WIDTH
    market.chunks = (market.wide // CHUNK + WIDTH - 1) // WIDTH * WIDTH
    market.price = doubles(kept, picks * instruments * market.wide)
    market.value = doubles(kept, picks * instruments * market.wide)
    market.gain = doubles(kept, picks * instruments * market.wide)
    market.fx = doubles(kept, picks * coins * market.wide)
    reserve_worst(kept, instruments, coins, market.chunks, &market.worst)
    unused = doubles(kept, instruments * market.chunks)
    if due != NULL:
        market.paid = doubles(kept, instruments * market.wide)
        for i in range(instruments):
            for t in range(market.bars):
                market.paid[i * market.wide + t] = due[t * instruments + i]
    for pick in range(picks):
        source = numbers(prices[pick])
        with nogil:
            if fill_rows(market, source, due, pick):
                outside = True
        source = numbers(rates[pick])
        with nogil:
            if fill_coins(market, source, pick):
                outside = True
    low = 0 if picks == 1 else 1
    high = 0 if picks == 1 else 2
    with nogil:
        fill_chunks(
            market, market.value + low * instruments * market.wide, market.value + high * instruments * market.wide,
            instruments, unused, market.worst.most_value)
        fill_chunks(
            market, market.gain + low * instruments * market.wide, market.gain + high * instruments * market.wide,
            instruments, market.worst.least_gain, market.worst.most_gain)
        fill_chunks(
            market, market.fx + low * coins * market.wide, market.fx + high * coins * market.wide, coins,
            market.worst.least_fx, market.worst.most_fx)
    return outside


def first_breaches(int case, list prices, list rates, paid, tuple positions, terms, weight, tuple events, out):
    """Fill out with the first breach of each account: see shortgamma.liquidation.account_first_breach.

    prices and rates are each a close, low and high, or a close alone, of shape (time, instrument) and (time, coin);
    positions are quantity, entry, collateral; events are the offsets of accounts, then bar, place, amount and price
    of each. Whether a number was out of its range.
    """
    cdef list kept = []
    cdef const double* quantity = numbers(positions[0])
    cdef const double* entry = numbers(positions[1])
    cdef const double* collateral = numbers(positions[2])
    cdef const long long* first_event = whole_numbers(events[0])
    cdef const long long* bar = whole_numbers(events[1])
    cdef const long long* place = whole_numbers(events[2])
    cdef const double* amount = numbers(events[3])
    cdef const double* price = numbers(events[4])
    cdef long long* result = whole_numbers(out)
    cdef Py_ssize_t accounts = len(positions[0]), a, i, most = 0, count
    cdef bint outside, no_memory = False
    cdef Market market
    cdef Account account
    cdef Event* event
    cdef Pick* pick
    cdef Status status = status_save()
    market.bars = len(prices[0])
    new_market(&market, kept, terms, weight)
    outside = fill_market(&market, kept, prices, rates, paid)
    for a in range(accounts):
        most = max(most, <Py_ssize_t> (first_event[a + 1] - first_event[a]))
    event = <Event*> room(kept, most * <Py_ssize_t> sizeof(Event))
    pick = <Pick*> room(kept, market.instruments * <Py_ssize_t> sizeof(Pick))
    new_account(&account, kept, market.instruments, market.coins, most)
    with nogil:
        for a in range(accounts):
            result[a] = open_account(
                &account, &market, quantity + a * market.instruments, entry + a * market.instruments,
                collateral + a * market.coins, &outside)
            if result[a] != UNDEFINED:
                count = first_event[a + 1] - first_event[a]
                for i in range(count):
                    event[i].bar = bar[first_event[a] + i]
                    event[i].place = place[first_event[a] + i]
                    event[i].amount = amount[first_event[a] + i]
                    event[i].price = price[first_event[a] + i]
                result[a] = follow(&account, &market, <Case> case, pick, event, count)
                if result[a] == UNDEFINED:
                    no_memory = True
                    break
            # what is no bar of the path is no index into it either
            result[a] = market.bars - (result[a] - NEVER) if result[a] < 0 else result[a]
    status_restore(status)
    if no_memory:
        raise MemoryError
    return outside


cdef struct Line:
    # one price that moves, and what moves with it
    int instrument
    const double* mark
    const double* fx
    const char* mark_moves
    const char* fx_moves


cdef void deficits_along(
    Account* account, const Market* market, const Line* line, const double* price, double* deficit,
) noexcept nogil:
    """D at WIDTH prices of the instrument that moves; NaN where a price leaves the range of doubles."""
    cdef Py_ssize_t j
    cdef int leg, k, i
    cdef double p, v, ratio
    for leg in range(account.book.legs):
        i = account.book.leg[leg].instrument
        for j in range(WIDTH):
            p = line.mark[i]
            if i == line.instrument:
                p = price[j]
            elif line.mark_moves[i]:
                p *= price[j] / line.mark[line.instrument]
            v = value_of(&market.instrument[i], p)
            market.value[i * WIDTH + j] = v
            market.gain[i * WIDTH + j] = -v if market.instrument[i].inverse else v
        account.rows.value[leg] = market.value + i * WIDTH
        account.rows.gain[leg] = market.gain + i * WIDTH
    for k in range(account.book.coins):
        i = account.book.coin[k].index
        for j in range(WIDTH):
            ratio = price[j] / line.mark[line.instrument] if line.fx_moves[i] else 1.0
            market.fx[i * WIDTH + j] = line.fx[i] * ratio
        account.rows.pick[k] = CLOSE
        account.rows.fx_low[k] = account.rows.fx_high[k] = market.fx + i * WIDTH
    deficits(&account.book, &account.rows, 0, WIDTH, deficit)


cdef inline void turn(
    const double* price, const double* deficit, bint alive, double* before, double* end,
) noexcept nogil:
    """The first of the prices at which an account lives or does not, if there is one, and the price before it."""
    cdef Py_ssize_t j
    for j in range(WIDTH):
        if (deficit[j] <= 0.0) == alive:
            end[0] = price[j]
            break
        before[0] = price[j]


cdef double first_price(
    Account* account, const Market* market, const Line* line, double begin, bint upward, bint alive,
) noexcept nogil:
    """The first price from begin on, looking up or down, at which an account lives or does not; NaN if there is none.

    Three looks at WIDTH prices each, ever farther apart, then ever smaller intervals around the first.
    """
    cdef double price[WIDTH]
    cdef double deficit[WIDTH]
    cdef double before = begin, end = NAN, step, power
    cdef Py_ssize_t j, look, _division
    for look in range(LOOKS):
        # by a 64th of a doubling at a time up to a factor of 2, by an eighth up to 2^9, and up to 2^1033
        step, power = 1.0 / 64.0, 0.0
        if look == 1:
            step, power = 1.0 / 8.0, 1.0
        elif look == 2:
            step, power = 16.0, 9.0
        for j in range(WIDTH):
            price[j] = begin * 2.0 ** ((power + (j + 1) * step) * (1.0 if upward else -1.0))
            price[j] = min(max(price[j], 1e-300), 1e300)
        deficits_along(account, market, line, price, deficit)
        turn(price, deficit, alive, &before, &end)
        if end == end:
            break
    if end != end:
        return NAN
    for _division in range(DIVISIONS):
        for j in range(WIDTH):
            price[j] = before + (end - before) * ((j + 1.0) / (WIDTH + 1.0))
        deficits_along(account, market, line, price, deficit)
        turn(price, deficit, alive, &before, &end)
        if absolute(end - before) <= 1.2e-16 * absolute(end):
            break
    return end


cdef void live_between(
    Account* account, const Market* market, const Line* line, double* below, double* above,
) noexcept nogil:
    """The prices between which an account lives, around the price now or around the nearest at which it does."""
    cdef double price[WIDTH]
    cdef double deficit[WIDTH]
    cdef double now = line.mark[line.instrument], up, down
    cdef Py_ssize_t j
    for j in range(WIDTH):
        price[j] = now
    deficits_along(account, market, line, price, deficit)
    below[0], above[0] = 0.0, INFINITY
    if deficit[0] != deficit[0]:
        below[0] = above[0] = NAN
        return
    if deficit[0] > 0.0:
        up = first_price(account, market, line, now, True, True)
        down = first_price(account, market, line, now, False, True)
        if up != up and down != down:
            below[0], above[0] = INFINITY, 0.0
            return
        # the nearer of the two, as a ratio
        if down != down or up / now <= now / down:
            below[0] = now = up
            above[0] = first_price(account, market, line, now, True, False)
            above[0] = above[0] if above[0] == above[0] else INFINITY
        else:
            above[0] = now = down
            below[0] = first_price(account, market, line, now, False, False)
            below[0] = below[0] if below[0] == below[0] else 0.0
        return
    up = first_price(account, market, line, now, True, False)
    down = first_price(account, market, line, now, False, False)
    above[0] = up if up == up else INFINITY
    below[0] = down if down == down else 0.0


def prices(int instrument, mark, fx, mark_moves, fx_moves, tuple positions, terms, weight, tuple out):
    """Fill out, below and above, with the prices of an instrument between which each account lives.

    mark and fx are the prices now, and what moves in proportion with the instrument is marked by 1 (int8). Whether
    a number was out of its range.
    """
    cdef list kept = []
    cdef const double* quantity = numbers(positions[0])
    cdef const double* entry = numbers(positions[1])
    cdef const double* collateral = numbers(positions[2])
    cdef double* below = numbers(out[0])
    cdef double* above = numbers(out[1])
    cdef Py_ssize_t accounts = len(positions[0]), a
    cdef long long state
    cdef bint outside = False, no_memory = False
    cdef Market market
    cdef Account account
    cdef Line line
    cdef Status status = status_save()
    new_market(&market, kept, terms, weight)
    market.value = doubles(kept, market.instruments * WIDTH)
    market.gain = doubles(kept, market.instruments * WIDTH)
    market.fx = doubles(kept, market.coins * WIDTH)
    new_account(&account, kept, market.instruments, market.coins, 0)
    line.instrument = instrument
    line.mark, line.fx = numbers(mark), numbers(fx)
    line.mark_moves = <const char*> cnp.PyArray_DATA(mark_moves)
    line.fx_moves = <const char*> cnp.PyArray_DATA(fx_moves)
    with nogil:
        for a in range(accounts):
            below[a] = above[a] = NAN
            state = open_account(
                &account, &market, quantity + a * market.instruments, entry + a * market.instruments,
                collateral + a * market.coins, &outside)
            if state == UNDEFINED:
                continue
            if not settle(&account, &market):
                no_memory = True
                break
            if account.book.coins:
                live_between(&account, &market, &line, &below[a], &above[a])
    status_restore(status)
    if no_memory:
        raise MemoryError
    return outside
