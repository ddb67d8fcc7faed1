"""Loops of accounts: the first bar on which equity is less than what is required.

One account at a time, WIDTH bars at a time. First the bars are looked at CHUNK by CHUNK, each instrument at the worst
and each coin at the highest price that it has anywhere in the chunk: most accounts are far from the end most of the
time, and need no closer look. Simulated paths are looked at in the same way, a block of them for one account after
the other.
"""

cimport numpy as cnp
from libc.stdlib cimport free, malloc

cimport shortgamma.kernels.liquidation.account as formula
from cython_ext._loop.blocks cimport Status, padded, status_restore, status_save
from shortgamma.kernels.numeric.exact cimport NO_MEMORY, sign_of_products
from shortgamma.kernels.liquidation.account cimport (
    CLOSE, HIGH, LEAST, LOW, MOST, WIDTH, Book, Coin, Instrument, Leg, Lot, Pick, deficits, distance, doubt,
    swings,
)
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute, exp, square_root

import numpy as np

cnp.import_array()

cdef extern from "<float.h>" nogil:
    const double LARGEST "DBL_MAX"

cdef enum:
    CHUNK = 32
    # simulated paths that are looked at together
    PATHS = 32
    NEVER = -1
    UNDEFINED = -2

cdef enum Case:
    AT_CLOSE
    WORST
    BEST

cdef struct Market:
    Py_ssize_t bars
    int instruments
    int coins
    Case case
    const Instrument* instrument
    const double* weight
    # by Pick and instrument, or Pick and coin
    const double** value
    const double** gain
    const double** fx
    const double** price
    const double** paid
    # by instrument or coin, for chunks
    const double** most_value
    const double** least_gain
    const double** most_gain
    const double** least_fx
    const double** most_fx
    const double* top
    const double* fx_top

cdef struct Account:
    Book book
    double* quantity
    double* gross
    bint* rounded
    double* base
    double* coin_gross
    bint* used
    Py_ssize_t events
    double error
    # of each leg or coin what a corner of a bar is
    Pick* leg_pick
    Pick* coin_pick
    const double** value
    const double** gain
    const double** fx_low
    const double** fx_high
    double* price
    double* paid
    double* low
    double* high

cdef struct Event:
    long long bar
    # an instrument, or a coin counted from -1 down
    long long what
    double amount
    double price


cdef inline double usable(double price, bint* outside) noexcept nogil:
    """The price if it is one, else NaN."""
    if 0.0 < price < INFINITY:
        return price
    if price == price:
        outside[0] = True
    return NAN


cdef inline double worth(const Instrument* what, double price) noexcept nogil:
    return what.multiplier / price if what.inverse else what.multiplier * price


cdef inline void trade(
    Account* account, const Market* market, int i, double quantity, double price, double paid,
) noexcept nogil:
    """A lot more of an instrument."""
    cdef const Instrument* what = &market.instrument[i]
    cdef double opened = worth(what, price), before = account.quantity[i], total = before + quantity
    cdef double back = total - before
    cdef Lot* lot = &account.book.lot[account.book.lots]
    lot.instrument = i
    lot.quantity = quantity
    lot.price = price
    lot.paid = paid
    account.book.lots += 1
    account.rounded[i] = account.rounded[i] or (before - (total - back)) + (quantity - back) != 0.0
    account.quantity[i] = total
    account.gross[i] += absolute(quantity)
    account.base[what.coin] += quantity * opened if what.inverse else -(quantity * opened)
    account.base[what.coin] += quantity * paid
    account.coin_gross[what.coin] += absolute(quantity) * (opened + absolute(paid))
    account.used[what.coin] = True


cdef inline void pay(Account* account, int coin, double amount) noexcept nogil:
    account.book.cash_coin[account.book.cashes] = coin
    account.book.cash[account.book.cashes] = amount
    account.book.cashes += 1
    account.base[coin] += amount
    account.coin_gross[coin] += absolute(amount)
    account.used[coin] = True


cdef inline bint settle(Account* account, const Market* market, double* room) noexcept nogil:
    """The book of what is held now; False without memory."""
    cdef int i, k, legs = 0, coins = 0, sign
    cdef Py_ssize_t lot, count
    cdef Leg* leg
    cdef Coin* coin
    for k in range(market.coins):
        coin = &account.book.coin[coins]
        for i in range(market.instruments):
            if market.instrument[i].coin != k or account.gross[i] == 0.0:
                continue
            leg = &account.book.leg[legs]
            leg.instrument = i
            leg.quantity = account.quantity[i]
            if account.rounded[i]:
                count = 0
                for lot in range(account.book.lots):
                    if account.book.lot[lot].instrument == i:
                        room[count] = account.book.lot[lot].quantity
                        count += 1
                sign = sign_of_products(room, count, 1)
                if sign == NO_MEMORY:
                    return False
                leg.quantity = sign * max(absolute(leg.quantity), 5e-324)
            if leg.quantity == 0.0:
                continue
            leg.size = absolute(leg.quantity)
            leg.gross = account.gross[i]
            legs += 1
        if account.used[k]:
            coin.index = k
            coin.end = legs
            coin.base = account.base[k]
            coin.gross = account.coin_gross[k]
            coin.weight = market.weight[k]
            coins += 1
    account.book.legs = legs
    account.book.coins = coins
    account.error = doubt(
        &account.book, market.instrument, market.top, market.fx_top,
        4 * (account.events + 8 + market.instruments + market.coins))
    return True


cdef inline int corners(const Account* account, const Market* market) noexcept nogil:
    """In how many ways the prices within a bar are put together."""
    if market.case != BEST:
        return 1
    return 1 + account.book.legs + 2 * account.book.coins


cdef inline void put_together(Account* account, const Market* market, int corner) noexcept nogil:
    """Point legs and coins to their prices in one of these ways.

    The best case is at the close, and at one price that was seen in the bar with all others as good as can be.
    """
    cdef int leg, k, at = corner - 1 - account.book.legs, index
    cdef bint worse_when_low
    cdef Pick pick
    for leg in range(account.book.legs):
        worse_when_low = account.book.leg[leg].quantity > 0.0
        pick = CLOSE
        if market.case == WORST or (market.case == BEST and corner == leg + 1):
            pick = LOW if worse_when_low else HIGH
        elif market.case == BEST and corner > 0:
            pick = HIGH if worse_when_low else LOW
        account.leg_pick[leg] = pick
        index = <int> pick * market.instruments + account.book.leg[leg].instrument
        account.value[leg] = market.value[index]
        account.gain[leg] = market.gain[index]
    for k in range(account.book.coins):
        index = account.book.coin[k].index
        account.fx_low[k] = market.fx[<int> LOW * market.coins + index]
        account.fx_high[k] = market.fx[<int> HIGH * market.coins + index]
        if market.case == WORST:
            account.coin_pick[k] = MOST
        elif market.case == AT_CLOSE or corner == 0:
            account.coin_pick[k] = CLOSE
            account.fx_low[k] = account.fx_high[k] = market.fx[<int> CLOSE * market.coins + index]
        elif at == 2 * k:
            account.coin_pick[k] = LOW
            account.fx_high[k] = account.fx_low[k]
        elif at == 2 * k + 1:
            account.coin_pick[k] = HIGH
            account.fx_low[k] = account.fx_high[k]
        else:
            account.coin_pick[k] = LEAST


cdef inline int certain(Account* account, const Market* market, Py_ssize_t t) noexcept nogil:
    """The decision on a bar, as the account is put together, without rounding: 1, 0 or NO_MEMORY."""
    cdef int leg, k, i
    for leg in range(account.book.legs):
        i = account.book.leg[leg].instrument
        account.price[i] = market.price[<int> account.leg_pick[leg] * market.instruments + i][t]
        account.paid[i] = market.paid[i][t] if market.paid[i] != NULL else 0.0
        if account.price[i] != account.price[i]:
            return 0
    for k in range(account.book.coins):
        account.low[account.book.coin[k].index] = account.fx_low[k][t]
        account.high[account.book.coin[k].index] = account.fx_high[k][t]
        if account.fx_low[k][t] != account.fx_low[k][t] or account.fx_high[k][t] != account.fx_high[k][t]:
            return 0
    return formula.decide(
        &account.book, market.instrument, account.price, account.paid, account.coin_pick, account.low, account.high)


cdef long long within(Account* account, const Market* market, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """The first breach from begin on and before end, all in one chunk; NEVER, or UNDEFINED without memory."""
    cdef double deficit[CHUNK]
    cdef Py_ssize_t t, start = begin & ~(<Py_ssize_t> 7), count = padded(end - start)
    cdef long long found = end
    cdef int corner, decided
    cdef long long any_near
    cdef double error = account.error
    for corner in range(corners(account, market)):
        put_together(account, market, corner)
        deficits(
            &account.book, market.instrument, account.value, account.gain, account.coin_pick, account.fx_low,
            account.fx_high, start, count, deficit)
        any_near = 0
        for t in range(count):
            any_near |= 1 if deficit[t] >= -error else 0
        if not any_near and error < LARGEST:
            continue
        for t in range(begin, found):
            if error < LARGEST:
                if not deficit[t - start] >= -error:
                    continue
                if deficit[t - start] > error:
                    found = t
                    break
            decided = certain(account, market, t)
            if decided == NO_MEMORY:
                return UNDEFINED
            if decided:
                found = t
                break
    return found if found < end else <long long> NEVER


cdef long long scan(Account* account, const Market* market, Py_ssize_t begin, Py_ssize_t end) noexcept nogil:
    """The first breach from begin on and before end, with what the account holds now."""
    cdef double deficit[WIDTH]
    cdef Py_ssize_t chunk = begin // CHUNK, last = (end - 1) // CHUNK + 1, start, count, i, t
    cdef long long found
    cdef int leg, k, index
    cdef bint near = True
    if account.book.coins == 0:
        return NEVER
    while chunk < last:
        start = chunk & ~(<Py_ssize_t> 7)
        count = min(padded(last - start), <Py_ssize_t> WIDTH)
        # a look at one chunk from afar costs as much as a look at its bars
        near = not (end - begin > CHUNK and account.error < LARGEST)
        if not near:
            for leg in range(account.book.legs):
                index = account.book.leg[leg].instrument
                account.value[leg] = market.most_value[index]
                account.gain[leg] = (
                    market.least_gain[index] if account.book.leg[leg].quantity > 0.0 else market.most_gain[index])
            for k in range(account.book.coins):
                account.coin_pick[k] = MOST
                account.fx_low[k] = market.least_fx[account.book.coin[k].index]
                account.fx_high[k] = market.most_fx[account.book.coin[k].index]
            deficits(
                &account.book, market.instrument, account.value, account.gain, account.coin_pick, account.fx_low,
                account.fx_high, start, count, deficit)
        for i in range(chunk - start, min(count, last - start)):
            if near or not deficit[i] < -account.error:
                t = (start + i) * CHUNK
                found = within(account, market, max(t, begin), min(t + CHUNK, end))
                if found != NEVER:
                    return found
        chunk = start + count
    return NEVER


cdef inline bint is_finite(double x) noexcept nogil:
    return -INFINITY < x < INFINITY


cdef long long follow(
    Account* account, const Market* market, const Event* event, Py_ssize_t events, double* room,
) noexcept nogil:
    """One account from the first bar to the last."""
    cdef Py_ssize_t t = 0, end, i
    cdef long long found
    cdef bint settled = False
    i = 0
    while t < market.bars:
        while i < events and event[i].bar == t:
            if event[i].what < 0:
                pay(account, <int> (-1 - event[i].what), event[i].amount)
            elif event[i].amount != 0.0:
                trade(
                    account, market, <int> event[i].what, event[i].amount, event[i].price,
                    market.paid[event[i].what][t] if market.paid[event[i].what] != NULL else 0.0)
            account.events += 1
            i += 1
            settled = False
        if not settled:
            if not settle(account, market, room):
                return UNDEFINED
            settled = True
        end = <Py_ssize_t> event[i].bar if i < events else market.bars
        found = scan(account, market, t, end)
        if found != NEVER:
            return found
        t = end
    return NEVER


cdef bint fill_rows(
    const double* source, Py_ssize_t bars, Py_ssize_t instruments, const double* paid, const Instrument* instrument,
    Py_ssize_t wide, double* price, double* value, double* gain, double* top,
) noexcept nogil:
    """Prices of instruments along time, one row each, with the worth of a contract and what it has gained."""
    cdef Py_ssize_t i, t, here
    cdef bint outside = False
    cdef double p, v, g
    for i in range(instruments):
        for t in range(wide):
            here = i * wide + t
            p = usable(source[t * instruments + i], &outside) if t < bars else NAN
            v = worth(&instrument[i], p)
            g = -v if instrument[i].inverse else v
            price[here] = p
            value[here] = v
            if paid != NULL and t < bars:
                g -= paid[t * instruments + i]
                v += absolute(paid[t * instruments + i])
            gain[here] = g
            if v > top[i]:
                top[i] = v
    return outside


cdef bint fill_coins(
    const double* source, Py_ssize_t bars, Py_ssize_t coins, Py_ssize_t wide, double* price, double* top,
) noexcept nogil:
    """Prices of coins along time, one row each."""
    cdef Py_ssize_t i, t
    cdef bint outside = False
    cdef double p
    for i in range(coins):
        for t in range(wide):
            p = usable(source[t * coins + i], &outside) if t < bars else NAN
            price[i * wide + t] = p
            if p > top[i]:
                top[i] = p
    return outside


cdef void fill_chunks(
    const double* low, const double* high, Py_ssize_t rows, Py_ssize_t wide, Py_ssize_t chunks, double* least,
    double* most,
) noexcept nogil:
    """The least and the most of each chunk; what is not known does not count."""
    cdef Py_ssize_t i, t, c
    cdef double a, b, x, y
    for i in range(rows):
        for c in range(chunks):
            a, b = INFINITY, -INFINITY
            for t in range(i * wide + c * CHUNK, i * wide + min((c + 1) * CHUNK, wide)):
                x, y = low[t], high[t]
                a = x if x < a else a
                a = y if y < a else a
                b = x if x > b else b
                b = y if y > b else b
            least[i * chunks + c] = a
            most[i * chunks + c] = b


cdef double* numbers(cnp.ndarray array) except? NULL:
    """The doubles of an array that lie side by side."""
    if cnp.PyArray_TYPE(array) != cnp.NPY_DOUBLE or not cnp.PyArray_ISCARRAY_RO(array):
        raise TypeError("float64 in C order is expected")
    return <double*> cnp.PyArray_DATA(array)


cdef long long* whole_numbers(cnp.ndarray array) except? NULL:
    if cnp.PyArray_TYPE(array) != cnp.NPY_INT64 or not cnp.PyArray_ISCARRAY_RO(array):
        raise TypeError("int64 in C order is expected")
    return <long long*> cnp.PyArray_DATA(array)


cdef const double** rows_of(list arrays, Py_ssize_t count) except NULL:
    """Pointers to the rows of some arrays, one after the other; NULL for those of an array that is not there."""
    cdef const double** rows = <const double**> malloc((len(arrays) * count + 1) * sizeof(double*))
    cdef const double* data
    cdef Py_ssize_t j, i
    if rows == NULL:
        raise MemoryError
    for j in range(len(arrays)):
        for i in range(count):
            rows[j * count + i] = NULL
        if arrays[j] is not None:
            data = numbers(arrays[j])
            for i in range(count):
                rows[j * count + i] = data + i * cnp.PyArray_DIM(arrays[j], 1)
    return rows


cdef long long open_account(
    Account* account, const Market* market, const double* quantity, const double* entry, const double* collateral,
    bint* outside,
) noexcept nogil:
    """What an account holds at first: UNDEFINED if that is not known or out of range, else NEVER."""
    cdef Py_ssize_t i
    cdef bint known = True, good = True
    account.book.lots = account.book.cashes = account.events = 0
    for i in range(market.instruments):
        account.quantity[i] = account.gross[i] = 0.0
        account.rounded[i] = False
        known = known and quantity[i] == quantity[i]
        good = good and is_finite(quantity[i])
        if quantity[i] != 0.0:
            known = known and entry[i] == entry[i]
            good = good and 0.0 < entry[i] < INFINITY
    for i in range(market.coins):
        account.base[i] = account.coin_gross[i] = 0.0
        account.used[i] = False
        known = known and collateral[i] == collateral[i]
        good = good and is_finite(collateral[i])
    if not good:
        outside[0] = outside[0] or known
        return UNDEFINED
    for i in range(market.coins):
        if collateral[i] != 0.0:
            pay(account, <int> i, collateral[i])
    for i in range(market.instruments):
        if quantity[i] != 0.0:
            trade(account, market, <int> i, quantity[i], entry[i], 0.0)
    return NEVER


def first_breaches(
    int case, list prices, list rates, paid, tuple positions, tuple terms, weight, tuple events, cnp.ndarray out,
):
    """Fill out with the first breach of each account: see shortgamma.liquidation.account_first_breach.

    prices and rates are each a close, low and high, or None, of shape (time, instrument) and (time, coin); positions
    are quantity, entry, collateral; terms are inverse, multiplier, coin and the offsets, rates and amounts of tiers;
    events are the offsets of accounts, then bar, what, change and price of each. Whether a number was out of its
    range.
    """
    cdef cnp.ndarray quantities = positions[0], collaterals = positions[2], some
    cdef const double* quantity = numbers(positions[0])
    cdef const double* entry = numbers(positions[1])
    cdef const double* collateral = numbers(positions[2])
    cdef const double* fees = NULL if paid is None else numbers(paid)
    cdef const long long* inverse = whole_numbers(terms[0])
    cdef const double* multiplier = numbers(terms[1])
    cdef const long long* coin = whole_numbers(terms[2])
    cdef const long long* tier = whole_numbers(terms[3])
    cdef const double* rate = numbers(terms[4])
    cdef const double* amount = numbers(terms[5])
    cdef const long long* first_event = whole_numbers(events[0])
    cdef const long long* bar = whole_numbers(events[1])
    cdef const long long* what = whole_numbers(events[2])
    cdef const double* change = numbers(events[3])
    cdef const double* at = numbers(events[4])
    cdef long long* result = whole_numbers(out)
    cdef Py_ssize_t accounts = quantities.shape[0], instruments = quantities.shape[1], coins = collaterals.shape[1]
    cdef Py_ssize_t bars, wide, chunks, a, i, most = 0, place
    cdef bint outside = False, lacking = False
    cdef Market market
    cdef Account account
    cdef list price_rows = [], value_rows = [], gain_rows = [], rate_rows = []
    cdef Instrument* instrument = NULL
    cdef char* memory = NULL
    cdef Event* event = NULL
    cdef double* room = NULL
    cdef double* p
    cdef double* v
    cdef double* g
    cdef const double* source
    cdef double* top
    cdef Status status = status_save()
    market.value = market.gain = market.fx = market.price = market.paid = NULL
    market.most_value = market.least_gain = market.most_gain = market.least_fx = market.most_fx = NULL
    some = prices[1] if prices[0] is None else prices[0]
    bars = some.shape[0]
    wide = (bars + WIDTH - 1) // WIDTH * WIDTH
    chunks = (wide // CHUNK + WIDTH - 1) // WIDTH * WIDTH
    tops, fx_tops = np.zeros(instruments), np.zeros(coins)
    least, most_value, least_gain, most_gain = (np.empty((instruments, chunks)) for _ in range(4))
    least_fx, most_fx = (np.empty((coins, chunks)) for _ in range(2))
    spent = None if paid is None else np.zeros((instruments, wide))
    if paid is not None:
        spent[:, :bars] = paid.T
    try:
        for a in range(accounts):
            most = max(most, <Py_ssize_t> (first_event[a + 1] - first_event[a]))
        instrument = <Instrument*> malloc((instruments + 1) * sizeof(Instrument))
        event = <Event*> malloc((most + 1) * sizeof(Event))
        room = <double*> malloc((instruments + most + 1) * sizeof(double))
        memory = new_account(&account, instruments, coins, most)
        if instrument == NULL or event == NULL or room == NULL or memory == NULL:
            raise MemoryError
        for i in range(instruments):
            instrument[i].inverse = inverse[i] != 0
            instrument[i].multiplier = multiplier[i]
            instrument[i].coin = <int> coin[i]
            instrument[i].tiers = <int> (tier[i + 1] - tier[i])
            instrument[i].rate = &rate[tier[i]]
            instrument[i].amount = &amount[tier[i]]
        top = numbers(tops)
        for given in prices:
            made = [None, None, None] if given is None else [np.empty((instruments, wide)) for _ in range(3)]
            if given is not None:
                source, p, v, g = numbers(given), numbers(made[0]), numbers(made[1]), numbers(made[2])
                with nogil:
                    if fill_rows(source, bars, instruments, fees, instrument, wide, p, v, g, top):
                        outside = True
            for rows, one in zip((price_rows, value_rows, gain_rows), made, strict=True):
                rows.append(one)
        top = numbers(fx_tops)
        for given in rates:
            made = None if given is None else np.empty((coins, wide))
            if given is not None:
                source, p = numbers(given), numbers(made)
                with nogil:
                    if fill_coins(source, bars, coins, wide, p, top):
                        outside = True
            rate_rows.append(made)
        place = 0 if case == AT_CLOSE else 1
        i = 0 if case == AT_CLOSE else 2
        fill_chunks(
            numbers(value_rows[place]), numbers(value_rows[i]), instruments, wide, chunks, numbers(least),
            numbers(most_value))
        fill_chunks(
            numbers(gain_rows[place]), numbers(gain_rows[i]), instruments, wide, chunks, numbers(least_gain),
            numbers(most_gain))
        fill_chunks(
            numbers(rate_rows[place]), numbers(rate_rows[i]), coins, wide, chunks, numbers(least_fx),
            numbers(most_fx))
        market.bars = bars
        market.instruments, market.coins = <int> instruments, <int> coins
        market.case = <Case> case
        market.instrument = instrument
        market.weight = numbers(weight)
        market.top, market.fx_top = numbers(tops), numbers(fx_tops)
        market.price = rows_of(price_rows, instruments)
        market.value = rows_of(value_rows, instruments)
        market.gain = rows_of(gain_rows, instruments)
        market.fx = rows_of(rate_rows, coins)
        market.paid = rows_of([spent], instruments)
        market.most_value = rows_of([most_value], instruments)
        market.least_gain = rows_of([least_gain], instruments)
        market.most_gain = rows_of([most_gain], instruments)
        market.least_fx = rows_of([least_fx], coins)
        market.most_fx = rows_of([most_fx], coins)
        with nogil:
            for a in range(accounts):
                result[a] = open_account(
                    &account, &market, quantity + a * instruments, entry + a * instruments, collateral + a * coins,
                    &outside)
                if result[a] == UNDEFINED:
                    continue
                for i in range(first_event[a + 1] - first_event[a]):
                    place = first_event[a] + i
                    event[i].bar = bar[place]
                    event[i].what = what[place]
                    event[i].amount = change[place]
                    event[i].price = at[place]
                result[a] = follow(&account, &market, event, first_event[a + 1] - first_event[a], room)
                if result[a] == UNDEFINED:
                    lacking = True
                    break
        if lacking:
            raise MemoryError
    finally:
        status_restore(status)
        free(market.value)
        free(market.gain)
        free(market.fx)
        free(market.price)
        free(market.paid)
        free(market.most_value)
        free(market.least_gain)
        free(market.most_gain)
        free(market.least_fx)
        free(market.most_fx)
        free(instrument)
        free(event)
        free(room)
        free(memory)
    return outside


cdef struct Paths:
    # a block of simulated paths: rows of prices one path after the other, then those of chunks
    Py_ssize_t nodes
    Py_ssize_t wide
    Py_ssize_t chunks
    Py_ssize_t instruments
    Py_ssize_t coins
    double* value
    double* gain
    double* fx
    double* most_value
    double* least_gain
    double* most_gain
    double* least_fx
    double* most_fx
    # how far the bridge of the step before a node may reach, in deviations, and that of the step before or after it
    double* spread
    double* reach
    const double* vol
    const double* covariance


cdef inline void walk(
    Paths* paths, const Instrument* instrument, const double* start, const double* drift, const double* loading,
    Py_ssize_t factors, const double* normal, double sign, Py_ssize_t path, double* row,
) noexcept nogil:
    """The prices of one path from its normal variates, one number a factor for each step."""
    cdef Py_ssize_t assets = paths.instruments + paths.coins, a, f, t, here
    cdef double x, step, v
    cdef bint still
    for a in range(assets):
        still = drift[a] == 0.0
        for f in range(factors):
            still = still and loading[a * factors + f] == 0.0
        x = 0.0
        row[0] = 1.0
        if still:
            for t in range(1, paths.nodes):
                row[t] = 1.0
        else:
            row[0] = 0.0
            for t in range(1, paths.nodes):
                step = 0.0
                for f in range(factors):
                    step += loading[a * factors + f] * normal[(t - 1) * factors + f]
                x += drift[a] + sign * step
                row[t] = x
            for t in range(paths.nodes):
                row[t] = exp(row[t])
        for t in range(paths.nodes, paths.wide):
            row[t] = NAN
        if a < paths.instruments:
            here = (a * PATHS + path) * paths.wide
            for t in range(paths.wide):
                v = worth(&instrument[a], start[a] * row[t])
                paths.value[here + t] = v
                paths.gain[here + t] = -v if instrument[a].inverse else v
        else:
            here = ((a - paths.instruments) * PATHS + path) * paths.wide
            for t in range(paths.wide):
                paths.fx[here + t] = start[a] * row[t]


cdef inline double at_most_times(double y) noexcept nogil:
    """No less than exp(y), y >= 0."""
    return 1.0 + y + y * y if y < 1.5 else INFINITY


cdef inline void look_from_afar(
    Paths* paths, const Instrument* instrument, const double* exponential, double step, Py_ssize_t path,
    Py_ssize_t count,
) noexcept nogil:
    """The ranges of the chunks of a path, with what lies between the nodes and the node before."""
    cdef Py_ssize_t c, t, i, here, begin, end, lane
    cdef double far, a, b, x, y
    cdef double* spread = paths.spread + path * paths.wide
    cdef double* reach = paths.reach + path * paths.wide
    spread[0] = 0.0
    for t in range(1, paths.wide):
        spread[t] = 0.0
        if t < paths.nodes and exponential != NULL:
            spread[t] = 1.5 * square_root(0.5 * exponential[t - 1] * step)
    for t in range(paths.wide - 1):
        reach[t] = spread[t] if spread[t] > spread[t + 1] else spread[t + 1]
    reach[paths.wide - 1] = spread[paths.wide - 1]
    for c in range(paths.chunks):
        begin, end = max(c * CHUNK - 1, <Py_ssize_t> 0), min((c + 1) * CHUNK, paths.nodes)
        lane = path * paths.chunks + c
        far = 0.0
        for t in range(begin, end):
            far = spread[t] if spread[t] > far else far
        for i in range(paths.instruments):
            here = (i * PATHS + path) * paths.wide
            a, b = INFINITY, 0.0
            for t in range(here + begin, here + end):
                a = paths.value[t] if paths.value[t] < a else a
                b = paths.value[t] if paths.value[t] > b else b
            x = at_most_times(paths.vol[i] * far)
            a, b = a / x, b * x
            paths.most_value[i * count + lane] = b
            paths.least_gain[i * count + lane] = -b if instrument[i].inverse else a
            paths.most_gain[i * count + lane] = -a if instrument[i].inverse else b
        for i in range(paths.coins):
            here = (i * PATHS + path) * paths.wide
            a, b = INFINITY, 0.0
            for t in range(here + begin, here + end):
                a = paths.fx[t] if paths.fx[t] < a else a
                b = paths.fx[t] if paths.fx[t] > b else b
            y = at_most_times(paths.vol[paths.instruments + i] * far)
            paths.least_fx[i * count + lane] = a / y
            paths.most_fx[i * count + lane] = b * y


cdef inline bint dies_within(
    Account* account, const Instrument* instrument, const Paths* paths, const double* exponential, double step,
    Py_ssize_t path, Py_ssize_t chunk, double* slope, double* bend,
) noexcept nogil:
    """Whether an account dies at a node of a chunk of a path, or between one of them and the node before."""
    cdef double deficit[WIDTH]
    cdef double swing[WIDTH]
    cdef Py_ssize_t start = max(chunk * CHUNK - 8, <Py_ssize_t> 0), end = min((chunk + 1) * CHUNK, paths.nodes), t, i
    cdef Py_ssize_t count = padded(end - start), first = chunk * CHUNK - start
    cdef const double* reach = paths.reach + path * paths.wide + start
    cdef long long any_dead = 0, any_near = 0
    cdef int leg, k
    for leg in range(account.book.legs):
        i = account.book.leg[leg].instrument
        account.value[leg] = paths.value + (i * PATHS + path) * paths.wide
        account.gain[leg] = paths.gain + (i * PATHS + path) * paths.wide
    for k in range(account.book.coins):
        account.coin_pick[k] = CLOSE
        account.fx_low[k] = paths.fx + (<Py_ssize_t> account.book.coin[k].index * PATHS + path) * paths.wide
        account.fx_high[k] = account.fx_low[k]
    deficits(
        &account.book, instrument, account.value, account.gain, account.coin_pick, account.fx_low, account.fx_high,
        start, count, deficit)
    for t in range(count):
        any_dead |= 1 if deficit[t] > 0.0 else 0
    if any_dead:
        return True
    if exponential == NULL:
        return False
    swings(
        &account.book, instrument, account.value, account.gain, account.fx_low, paths.vol, paths.instruments, start,
        count, swing)
    for t in range(count):
        swing[t] = deficit[t] + swing[t] * reach[t]
        any_near |= 1 if swing[t] > 0.0 else 0
    if not any_near:
        return False
    cdef double before = 0.0, here
    cdef bint known = False
    for t in range(max(first, <Py_ssize_t> 1), end - start):
        if not (swing[t] > 0.0 or swing[t - 1] > 0.0):
            known = False
            continue
        if not known:
            before = distance(
                &account.book, instrument, account.value, account.gain, account.fx_low, paths.covariance,
                paths.instruments, paths.coins, start + t - 1, deficit[t - 1], slope, bend)
        here = distance(
            &account.book, instrument, account.value, account.gain, account.fx_low, paths.covariance,
            paths.instruments, paths.coins, start + t, deficit[t], slope, bend)
        if 2.0 * before * here < exponential[start + t - 1] * step:
            return True
        before = here
        known = True
    return False


cdef void look_at_paths(
    Account* account, const Instrument* instrument, const Paths* paths, const double* exponential, double step,
    Py_ssize_t block, Py_ssize_t count, double* slope, double* bend, bint* dead,
) noexcept nogil:
    """On which paths of a block an account dies."""
    cdef double deficit[WIDTH]
    cdef Py_ssize_t lane = 0, lanes = block * paths.chunks, i, path, index
    cdef int leg, k
    for path in range(block):
        dead[path] = False
    if account.book.coins == 0:
        return
    while lane < lanes:
        for leg in range(account.book.legs):
            index = account.book.leg[leg].instrument * count
            account.value[leg] = paths.most_value + index
            account.gain[leg] = (paths.least_gain if account.book.leg[leg].quantity > 0.0 else paths.most_gain) + index
        for k in range(account.book.coins):
            account.coin_pick[k] = MOST
            account.fx_low[k] = paths.least_fx + account.book.coin[k].index * count
            account.fx_high[k] = paths.most_fx + account.book.coin[k].index * count
        deficits(
            &account.book, instrument, account.value, account.gain, account.coin_pick, account.fx_low,
            account.fx_high, lane, WIDTH, deficit)
        for i in range(min(<Py_ssize_t> WIDTH, lanes - lane)):
            if deficit[i] <= 0.0:
                continue
            path = (lane + i) // paths.chunks
            if not dead[path]:
                dead[path] = dies_within(
                    account, instrument, paths,
                    NULL if exponential == NULL else exponential + path * (paths.nodes - 1), step, path,
                    (lane + i) - path * paths.chunks, slope, bend)
        lane += WIDTH


def simulate(
    normals, exponentials, bint mirrored, start, drift, loading, double step, vol, covariance, tuple positions,
    tuple terms, weight, cnp.ndarray hits, cnp.ndarray both,
):
    """Add to hits on how many paths each account dies, and to both on how many pairs of paths it dies on both.

    normals (path, step, factor) make the paths, mirrored ones those and their mirror images by turns; exponentials
    (path, step), or None, decide what happens between nodes. start, drift (a step), vol and covariance are by
    instrument, then coin; loading (asset, factor) is for a step.
    """
    cdef cnp.ndarray given = normals, quantities = positions[0], collaterals = positions[2]
    cdef const double* normal = numbers(normals)
    cdef const double* exponential = NULL if exponentials is None else numbers(exponentials)
    cdef const double* first = numbers(start)
    cdef const double* drifts = numbers(drift)
    cdef const double* loadings = numbers(loading)
    cdef const double* quantity = numbers(positions[0])
    cdef const double* entry = numbers(positions[1])
    cdef const double* collateral = numbers(positions[2])
    cdef const long long* inverse = whole_numbers(terms[0])
    cdef const double* multiplier = numbers(terms[1])
    cdef const long long* coin = whole_numbers(terms[2])
    cdef const long long* tier = whole_numbers(terms[3])
    cdef const double* rate = numbers(terms[4])
    cdef const double* amount = numbers(terms[5])
    cdef long long* hit = whole_numbers(hits)
    cdef long long* twice = whole_numbers(both)
    cdef Py_ssize_t steps = given.shape[1], factors = given.shape[2], total = given.shape[0] * (2 if mirrored else 1)
    cdef Py_ssize_t accounts = quantities.shape[0], instruments = quantities.shape[1], coins = collaterals.shape[1]
    cdef Py_ssize_t a, i, path, block, done = 0, count
    cdef bint outside = False, lacking = False
    cdef bint dead[PATHS]
    cdef Paths paths
    cdef Market market
    cdef Account account
    cdef Instrument* instrument = NULL
    cdef char* memory = NULL
    cdef double* room = NULL
    cdef double* row
    cdef Status status = status_save()
    paths.nodes = steps + 1
    paths.wide = (paths.nodes + WIDTH - 1) // WIDTH * WIDTH
    paths.chunks = (paths.nodes + CHUNK - 1) // CHUNK
    paths.instruments, paths.coins = instruments, coins
    count = (PATHS * paths.chunks + WIDTH - 1) // WIDTH * WIDTH
    # what is beyond the last path of a block is never read as a result, but it is computed with
    values, gains = (np.zeros(instruments * PATHS * paths.wide) for _ in range(2))
    rates = np.zeros(coins * PATHS * paths.wide)
    spreads, reaches = (np.zeros(PATHS * paths.wide) for _ in range(2))
    most_value, least_gain, most_gain = (np.zeros(instruments * count) for _ in range(3))
    least_fx, most_fx = (np.zeros(coins * count) for _ in range(2))
    rows, spare = np.zeros(paths.wide), np.zeros(2 * (instruments + coins))
    tops, fx_tops = np.zeros(instruments), np.zeros(coins)
    paths.value, paths.gain, paths.fx = numbers(values), numbers(gains), numbers(rates)
    paths.spread, paths.reach, row = numbers(spreads), numbers(reaches), numbers(rows)
    paths.most_value, paths.least_gain = numbers(most_value), numbers(least_gain)
    paths.most_gain, paths.least_fx, paths.most_fx = numbers(most_gain), numbers(least_fx), numbers(most_fx)
    paths.vol, paths.covariance = numbers(vol), numbers(covariance)
    market.instruments, market.coins = <int> instruments, <int> coins
    market.weight = numbers(weight)
    market.top, market.fx_top = numbers(tops), numbers(fx_tops)
    cdef double* slope = numbers(spare)
    try:
        instrument = <Instrument*> malloc((instruments + 1) * sizeof(Instrument))
        room = <double*> malloc((instruments + 1) * sizeof(double))
        memory = new_account(&account, instruments, coins, 0)
        if instrument == NULL or room == NULL or memory == NULL:
            raise MemoryError
        market.instrument = instrument
        for i in range(instruments):
            instrument[i].inverse = inverse[i] != 0
            instrument[i].multiplier = multiplier[i]
            instrument[i].coin = <int> coin[i]
            instrument[i].tiers = <int> (tier[i + 1] - tier[i])
            instrument[i].rate = &rate[tier[i]]
            instrument[i].amount = &amount[tier[i]]
        with nogil:
            while done < total and not lacking:
                block = min(<Py_ssize_t> PATHS, total - done)
                for path in range(block):
                    i = (done + path) // 2 if mirrored else done + path
                    walk(
                        &paths, instrument, first, drifts, loadings, factors, normal + i * steps * factors,
                        -1.0 if mirrored and (done + path) % 2 else 1.0, path, row)
                    look_from_afar(
                        &paths, instrument,
                        NULL if exponential == NULL else exponential + (done + path) * steps, step, path, count)
                for a in range(accounts):
                    open_account(
                        &account, &market, quantity + a * instruments, entry + a * instruments,
                        collateral + a * coins, &outside)
                    if not settle(&account, &market, room):
                        lacking = True
                        break
                    look_at_paths(
                        &account, instrument, &paths, NULL if exponential == NULL else exponential + done * steps,
                        step, block, count, slope, slope + instruments + coins, dead)
                    for path in range(block):
                        hit[a] += dead[path]
                        if path % 2:
                            twice[a] += dead[path] and dead[path - 1]
                done += block
        if lacking:
            raise MemoryError
    finally:
        status_restore(status)
        free(instrument)
        free(room)
        free(memory)


cdef char* new_account(Account* account, Py_ssize_t instruments, Py_ssize_t coins, Py_ssize_t events) noexcept nogil:
    """Room for an account, in one piece: NULL if there is none."""
    cdef Py_ssize_t i = instruments + 1, k = coins + 1, lots = instruments + events + 1, cashes = coins + events + 1
    cdef Py_ssize_t size = (
        i * (sizeof(Leg) + 4 * sizeof(double) + sizeof(bint) + sizeof(Pick) + 2 * sizeof(double*))
        + k * (sizeof(Coin) + 4 * sizeof(double) + sizeof(bint) + sizeof(Pick) + 2 * sizeof(double*))
        + lots * sizeof(Lot) + cashes * (sizeof(int) + sizeof(double))
    )
    cdef char* memory = <char*> malloc(size)
    cdef char* here = memory
    if memory == NULL:
        return NULL
    account.book.leg = <Leg*> here
    here += i * sizeof(Leg)
    account.book.coin = <Coin*> here
    here += k * sizeof(Coin)
    account.book.lot = <Lot*> here
    here += lots * sizeof(Lot)
    account.book.cash = <double*> here
    here += cashes * sizeof(double)
    account.quantity = <double*> here
    here += i * sizeof(double)
    account.gross = <double*> here
    here += i * sizeof(double)
    account.price = <double*> here
    here += i * sizeof(double)
    account.paid = <double*> here
    here += i * sizeof(double)
    account.base = <double*> here
    here += k * sizeof(double)
    account.coin_gross = <double*> here
    here += k * sizeof(double)
    account.low = <double*> here
    here += k * sizeof(double)
    account.high = <double*> here
    here += k * sizeof(double)
    account.value = <const double**> here
    here += i * sizeof(double*)
    account.gain = <const double**> here
    here += i * sizeof(double*)
    account.fx_low = <const double**> here
    here += k * sizeof(double*)
    account.fx_high = <const double**> here
    here += k * sizeof(double*)
    account.rounded = <bint*> here
    here += i * sizeof(bint)
    account.used = <bint*> here
    here += k * sizeof(bint)
    account.leg_pick = <Pick*> here
    here += i * sizeof(Pick)
    account.coin_pick = <Pick*> here
    here += k * sizeof(Pick)
    account.book.cash_coin = <int*> here
    return memory
