# cython: language_level=3, cdivision=True
"""What the loops over accounts share: room that Python keeps, the terms of a market, and what an account holds."""

cimport cython_ext._loop.numpy_api as cnp

from shortgamma.kernels.liquidation._margin cimport margin_of
from shortgamma.kernels.liquidation.account cimport (
    MOST, Book, Coin, Instrument, Leg, Lot, Pick, Quotes, Rows, deficits, doubt, set_steps, value_of,
)
from shortgamma.kernels.numeric.exact cimport NO_MEMORY, sign_of_products
from shortgamma.kernels.numeric.vecmath cimport INFINITY, absolute

cdef enum:
    # bars whose worst prices are looked at together
    CHUNK = 32
    NEVER = -1
    UNDEFINED = -2

cdef struct Worst:
    # the worst prices of chunks, row by row: of values and gains by instrument, of FX rates by coin; lanes of a row
    double* most_value
    double* least_gain
    double* most_gain
    double* least_fx
    double* most_fx
    Py_ssize_t lanes

cdef struct Market:
    Py_ssize_t bars
    # bars of a row, a multiple of what is computed together, and chunks of a row
    Py_ssize_t wide
    Py_ssize_t chunks
    int instruments
    int coins
    const Instrument* instrument
    const double* weight
    # rows of prices: by pick, then by instrument or coin; of paid funding by instrument
    double* value
    double* gain
    double* fx
    double* price
    double* paid
    Worst worst
    # the largest value of a contract and price of a coin
    double* top
    double* fx_top

cdef struct Account:
    Book book
    # by instrument: contracts, sizes of all fills, value of a contract at entry, steps of its own, whether sums rounded
    double* quantity
    double* gross
    double* opened
    double* own
    bint* rounded
    # by coin: balance but for what is held, sizes of all payments, whether there was any
    double* base
    double* coin_gross
    bint* used
    # room for the lots of one instrument
    double* lots
    Py_ssize_t events
    # a bound of the error of deficits; whether a margin is decided by rounded arithmetic
    double error
    bint inexact
    Rows rows
    Quotes quotes


cdef inline void* room(list kept, Py_ssize_t size):
    """Zeroed memory that lives as long as the list; one byte at least."""
    cdef cnp.npy_intp length = size + 1
    array = cnp.PyArray_ZEROS(1, &length, cnp.NPY_UINT8, 0)
    kept.append(array)
    return cnp.PyArray_DATA(array)


cdef inline double* doubles(list kept, Py_ssize_t count):
    return <double*> room(kept, count * <Py_ssize_t> sizeof(double))


cdef inline double* numbers(cnp.ndarray array) except? NULL:
    """The doubles of an array that lie side by side."""
    if cnp.PyArray_TYPE(array) != cnp.NPY_DOUBLE or not cnp.PyArray_ISCARRAY_RO(array):
        raise TypeError("float64 in C order is expected")
    return <double*> cnp.PyArray_DATA(array)


cdef inline long long* whole_numbers(cnp.ndarray array) except? NULL:
    """The whole numbers of an array that lie side by side."""
    if cnp.PyArray_TYPE(array) != cnp.NPY_INT64 or not cnp.PyArray_ISCARRAY_RO(array):
        raise TypeError("int64 in C order is expected")
    return <long long*> cnp.PyArray_DATA(array)


cdef inline Instrument* instruments_of(list kept, terms) except NULL:
    """The instruments of a market; terms as shortgamma.liquidation.account makes them."""
    cdef const long long* inverse = whole_numbers(terms.inverse)
    cdef const double* multiplier = numbers(terms.multiplier)
    cdef const long long* coin = whole_numbers(terms.coin)
    cdef const double* fee = numbers(terms.fee)
    cdef const long long* code = whole_numbers(terms.margin.code)
    cdef const long long* first = whole_numbers(terms.margin.first)
    cdef const double* lower = numbers(terms.margin.lower)
    cdef const double* rate = numbers(terms.margin.rate)
    cdef const double* amount = numbers(terms.margin.amount)
    cdef Py_ssize_t count = len(terms.multiplier), i, step
    cdef Instrument* instrument = <Instrument*> room(kept, count * <Py_ssize_t> sizeof(Instrument))
    cdef double* charged = doubles(kept, first[count])
    for i in range(count):
        instrument[i].inverse = inverse[i] != 0
        instrument[i].multiplier = multiplier[i]
        instrument[i].coin = <int> coin[i]
        instrument[i].fee = fee[i]
        instrument[i].margin = margin_of(
            code[i], first[i + 1] - first[i], lower + first[i], rate + first[i], amount + first[i])
        instrument[i].charged = charged + first[i]
        for step in range(first[i], first[i + 1]):
            charged[step] = rate[step] + fee[i]
    return instrument


cdef inline int new_account(
    Account* account, list kept, Py_ssize_t instruments, Py_ssize_t coins, Py_ssize_t events,
) except -1:
    """Room for an account and for its events."""
    cdef Py_ssize_t pointer = sizeof(double*), lots = instruments + events + 1
    account.book.leg = <Leg*> room(kept, instruments * <Py_ssize_t> sizeof(Leg))
    account.book.coin = <Coin*> room(kept, (coins + 1) * <Py_ssize_t> sizeof(Coin))
    account.book.lot = <Lot*> room(kept, lots * <Py_ssize_t> sizeof(Lot))
    account.book.cash = doubles(kept, coins + events)
    account.book.cash_coin = <int*> room(kept, (coins + events) * <Py_ssize_t> sizeof(int))
    account.quantity = doubles(kept, instruments)
    account.gross = doubles(kept, instruments)
    account.opened = doubles(kept, instruments)
    account.own = doubles(kept, 3 * instruments)
    account.rounded = <bint*> room(kept, instruments * <Py_ssize_t> sizeof(bint))
    account.base = doubles(kept, coins)
    account.coin_gross = doubles(kept, coins)
    account.used = <bint*> room(kept, coins * <Py_ssize_t> sizeof(bint))
    account.lots = doubles(kept, lots)
    account.rows.value = <const double**> room(kept, instruments * pointer)
    account.rows.gain = <const double**> room(kept, instruments * pointer)
    account.rows.fx_low = <const double**> room(kept, coins * pointer)
    account.rows.fx_high = <const double**> room(kept, coins * pointer)
    account.rows.pick = <Pick*> room(kept, coins * <Py_ssize_t> sizeof(Pick))
    account.quotes.price = doubles(kept, instruments)
    account.quotes.paid = doubles(kept, instruments)
    account.quotes.fx_low = doubles(kept, coins)
    account.quotes.fx_high = doubles(kept, coins)
    account.quotes.pick = account.rows.pick
    return 0


cdef inline bint is_finite(double x) noexcept nogil:
    return -INFINITY < x < INFINITY


cdef inline void trade(
    Account* account, const Market* market, int i, double quantity, double price, double paid,
) noexcept nogil:
    """One more lot of an instrument."""
    cdef const Instrument* instrument = &market.instrument[i]
    cdef double value = value_of(instrument, price), before = account.quantity[i], total = before + quantity
    cdef double back = total - before
    cdef Lot* lot = &account.book.lot[account.book.lots]
    lot.instrument = i
    lot.quantity = quantity
    lot.price = price
    lot.paid = paid
    account.book.lots += 1
    account.rounded[i] = account.rounded[i] or (before - (total - back)) + (quantity - back) != 0.0
    account.quantity[i] = total
    # what is added is averaged in, what is closed leaves the average, and what turns begins anew
    if before == 0.0 or (before > 0.0) != (total > 0.0):
        account.opened[i] = value
    elif (before > 0.0) == (quantity > 0.0):
        account.opened[i] = (absolute(before) * account.opened[i] + absolute(quantity) * value) / absolute(total)
    account.gross[i] += absolute(quantity)
    account.base[instrument.coin] += quantity * value if instrument.inverse else -(quantity * value)
    account.base[instrument.coin] += quantity * paid
    account.coin_gross[instrument.coin] += absolute(quantity) * (value + absolute(paid))
    account.used[instrument.coin] = True


cdef inline void pay(Account* account, int coin, double amount) noexcept nogil:
    account.book.cash_coin[account.book.cashes] = coin
    account.book.cash[account.book.cashes] = amount
    account.book.cashes += 1
    account.base[coin] += amount
    account.coin_gross[coin] += absolute(amount)
    account.used[coin] = True


cdef inline int exact_side(const Account* account, int i) noexcept nogil:
    """The sign of what is held of an instrument, whatever its sum was rounded to; NO_MEMORY if there is none."""
    cdef Py_ssize_t lot, count = 0
    for lot in range(account.book.lots):
        if account.book.lot[lot].instrument == i:
            account.lots[count] = account.book.lot[lot].quantity
            count += 1
    return sign_of_products(account.lots, count, 1)


cdef inline bint settle(Account* account, const Market* market) noexcept nogil:
    """Enter in the book what is held now; False without memory."""
    cdef int i, k, legs = 0, coins = 0, side
    cdef Leg* leg
    cdef Coin* coin
    account.inexact = False
    for k in range(market.coins):
        coin = &account.book.coin[coins]
        for i in range(market.instruments):
            if market.instrument[i].coin != k or account.gross[i] == 0.0:
                continue
            leg = &account.book.leg[legs]
            leg.instrument = i
            leg.quantity = account.quantity[i]
            if account.rounded[i]:
                side = exact_side(account, i)
                if side == NO_MEMORY:
                    return False
                leg.quantity = side * max(absolute(leg.quantity), 5e-324)
            if leg.quantity == 0.0:
                continue
            leg.size = absolute(leg.quantity)
            leg.gross = account.gross[i]
            set_steps(leg, &market.instrument[i], account.opened[i], account.own + 3 * i)
            account.inexact = account.inexact or leg.square > 0.0
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
        &account.book, market.top, market.fx_top, 4 * (account.events + 8 + market.instruments + market.coins))
    return True


cdef inline long long open_account(
    Account* account, const Market* market, const double* quantity, const double* entry, const double* collateral,
    bint* outside,
) noexcept nogil:
    """Enter what an account holds at first: UNDEFINED if that is unknown or out of range, else NEVER."""
    cdef Py_ssize_t i
    cdef bint known = True, good = True
    account.book.lots = account.book.cashes = account.events = 0
    for i in range(market.instruments):
        account.quantity[i] = account.gross[i] = account.opened[i] = 0.0
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


cdef inline void reserve_worst(
    list kept, Py_ssize_t instruments, Py_ssize_t coins, Py_ssize_t lanes, Worst* worst,
):
    """Room for the worst prices of so many chunks."""
    worst.lanes = lanes
    worst.most_value = doubles(kept, instruments * lanes)
    worst.least_gain = doubles(kept, instruments * lanes)
    worst.most_gain = doubles(kept, instruments * lanes)
    worst.least_fx = doubles(kept, coins * lanes)
    worst.most_fx = doubles(kept, coins * lanes)


cdef inline void look_from_afar(
    Account* account, const Worst* worst, Py_ssize_t start, Py_ssize_t count, double* deficit,
) noexcept nogil:
    """No less than the largest deficit in each chunk from start on."""
    cdef int leg, k
    cdef Py_ssize_t row
    for leg in range(account.book.legs):
        row = account.book.leg[leg].instrument * worst.lanes
        account.rows.value[leg] = worst.most_value + row
        account.rows.gain[leg] = (
            worst.least_gain if account.book.leg[leg].quantity > 0.0 else worst.most_gain) + row
    for k in range(account.book.coins):
        row = account.book.coin[k].index * worst.lanes
        account.rows.pick[k] = MOST
        account.rows.fx_low[k] = worst.least_fx + row
        account.rows.fx_high[k] = worst.most_fx + row
    deficits(&account.book, &account.rows, start, count, deficit)
