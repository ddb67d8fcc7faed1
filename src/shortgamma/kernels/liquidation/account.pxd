# cython: language_level=3, cdivision=True
"""Liquidation of an account: many positions, several collateral coins, one reporting coin.

A leg is the position of an account in one instrument: q contracts of multiplier m bought at E and settled in coin k.
With v = m P (linear, quanto) or m / P (inverse) the value of a contract, g = v or -v its gain up to a constant, and G
the funding paid on a contract so far:

    balance of coin k     b_k = collateral_k + sum of q (g(P) - g(E) - (G - G at the fill))
    required in coin k    r_k = sum of the largest of (rate + fee) |q| v - amount over the steps of the margin
    deficit               D = sum of X_k (r_k - min(b_k, w_k b_k)),   w_k = 1 - haircut, X_k the price of coin k

An account is liquidated where D > 0. `deficits` computes D for many bars at once, and `doubt` a bound of its error;
only where D is within it does `decide` evaluate the definition above without rounding. A margin that rises with the
value at the mark adds slope (|q| v)^2; such accounts are decided by the rounded D.
"""

from libc.stdlib cimport free, malloc

from shortgamma.kernels.liquidation._margin cimport LIMITS, RISING, TIERS, Margin, requirement, size_of, tier_of
from shortgamma.kernels.numeric.exact cimport NO_MEMORY, sign_of_products
from shortgamma.kernels.numeric.vecmath cimport INFINITY, absolute

cdef extern from "<float.h>" nogil:
    const double LARGEST "DBL_MAX"
    const double EPSILON "DBL_EPSILON"
    const double SMALLEST "DBL_MIN"

cdef enum:
    # bars that are computed together
    WIDTH = 64
    # Factors of a term before the denominators: quantity, multiplier, price, rate; weight; price of the coin.
    WEIGHT = 4
    COIN = 5
    FACTORS = 6
    # of the denominators of a term, which one is left out: one of them by its place, none, or all
    NONE = -1
    ALL = -2

cdef enum Pick:
    # Which price of a bar: of a coin also the one that makes the most, or the least, of the deficit.
    CLOSE
    LOW
    HIGH
    MOST
    LEAST

cdef struct Instrument:
    bint inverse
    double multiplier
    double fee
    int coin
    Margin margin
    # the rates of the margin plus the fee, each sum rounded
    const double* charged

cdef struct Leg:
    int instrument
    # contracts; their size; the sum of the sizes of all fills, which bounds what was rounded
    double quantity
    double size
    double gross
    # steps of the margin: rates with the fee, rates alone, amounts
    int steps
    const double* charged
    const double* rate
    const double* amount
    # factor of the square of the value of a contract, where the margin rises with the value at the mark
    double square

cdef struct Coin:
    int index
    # legs of this coin end before this one
    int end
    double base
    double gross
    double weight

cdef struct Lot:
    int instrument
    double quantity
    double price
    # funding paid on a contract before
    double paid

cdef struct Book:
    # what an account holds now: legs in order of their coins
    int legs
    int coins
    Leg* leg
    Coin* coin
    # how it came to hold that
    Py_ssize_t lots
    Lot* lot
    Py_ssize_t cashes
    int* cash_coin
    double* cash

cdef struct Quotes:
    # one price and the funding paid of each instrument, and the range of each coin with the pick of each coin of a book
    double* price
    double* paid
    double* fx_low
    double* fx_high
    const Pick* pick

cdef struct Rows:
    # prices along time: value and gain of a contract of each leg, and the range of each coin with the pick of its price
    const double** value
    const double** gain
    const double** fx_low
    const double** fx_high
    Pick* pick

cdef struct Terms:
    # a sum of products, `width` factors each, and the denominators that all of them are multiplied by
    double* factor
    Py_ssize_t count
    Py_ssize_t width
    double* denominator
    Py_ssize_t denominators


cdef inline double value_of(const Instrument* instrument, double price) noexcept nogil:
    return instrument.multiplier / price if instrument.inverse else instrument.multiplier * price


cdef inline void set_steps(Leg* leg, const Instrument* instrument, double opened, double* own) noexcept nogil:
    """The steps of the margin of a leg whose contracts were worth `opened` at entry.

    A margin that depends on the account has one step, which is kept in own: rate with the fee, rate, amount.
    """
    cdef const Margin* margin = &instrument.margin
    cdef Py_ssize_t tier
    leg.square = 0.0
    leg.steps = <int> margin.count
    leg.charged = instrument.charged
    leg.rate = margin.rate
    leg.amount = margin.amount
    if margin.kind == TIERS and not margin.at_entry:
        return
    tier = tier_of(margin, size_of(margin, leg.size, opened))
    own[1] = own[2] = 0.0
    if margin.at_entry:
        own[2] = -requirement(margin, tier, leg.size, opened)
    elif margin.kind == LIMITS:
        own[1] = margin.rate[tier]
    else:
        own[1] = margin.rate[0] + (margin.amount[0] * leg.size if margin.by_quantity else 0.0)
        leg.square = 0.0 if margin.by_quantity else margin.amount[0] * leg.size * leg.size
    own[0] = own[1] + instrument.fee
    leg.steps = 1
    leg.charged = own
    leg.rate = own + 1
    leg.amount = own + 2


cdef inline void add_leg(
    const Leg* leg, const double* v, const double* g, Py_ssize_t count, double* balance, double* need,
) noexcept nogil:
    """Add the gain of a leg to the balance of its coin, and its margin to what that coin requires."""
    cdef double most[WIDTH]
    cdef double q = leg.quantity, slope = leg.charged[0] * leg.size, amount = leg.amount[0], x
    cdef Py_ssize_t i
    cdef int step
    if leg.steps == 1 and amount == 0.0:
        for i in range(count):
            balance[i] += q * g[i]
            need[i] += slope * v[i]
    else:
        for i in range(count):
            balance[i] += q * g[i]
            most[i] = slope * v[i] - amount
        for step in range(1, leg.steps):
            slope = leg.charged[step] * leg.size
            amount = leg.amount[step]
            for i in range(count):
                x = slope * v[i] - amount
                most[i] = x if x > most[i] else most[i]
        for i in range(count):
            need[i] += most[i]
    if leg.square > 0.0:
        for i in range(count):
            need[i] += leg.square * v[i] * v[i]


cdef inline void deficits(
    const Book* book, const Rows* rows, Py_ssize_t begin, Py_ssize_t count, double* out,
) noexcept nogil:
    """D on count <= WIDTH bars from begin on, count a multiple of 8."""
    cdef double balance[WIDTH]
    cdef double need[WIDTH]
    cdef const double* low
    cdef const double* high
    cdef Py_ssize_t i
    cdef int leg = 0, k
    cdef double weight, base, b, x, y
    for i in range(count):
        out[i] = 0.0
    for k in range(book.coins):
        base = book.coin[k].base
        weight = book.coin[k].weight
        for i in range(count):
            balance[i] = base
            need[i] = 0.0
        while leg < book.coin[k].end:
            add_leg(&book.leg[leg], rows.value[leg] + begin, rows.gain[leg] + begin, count, balance, need)
            leg += 1
        low = rows.fx_low[k] + begin
        high = rows.fx_high[k] + begin
        if rows.pick[k] == MOST:
            for i in range(count):
                b = weight * balance[i]
                b = b if b < balance[i] else balance[i]
                x = (need[i] - b) * low[i]
                y = (need[i] - b) * high[i]
                out[i] += x if x > y else y
        elif rows.pick[k] == LEAST:
            for i in range(count):
                b = weight * balance[i]
                b = b if b < balance[i] else balance[i]
                x = (need[i] - b) * low[i]
                y = (need[i] - b) * high[i]
                out[i] += x if x < y else y
        else:
            for i in range(count):
                b = weight * balance[i]
                b = b if b < balance[i] else balance[i]
                out[i] += (need[i] - b) * low[i]


cdef inline double doubt(
    const Book* book, const double* top, const double* fx_top, Py_ssize_t roundings,
) noexcept nogil:
    """A bound of the error of `deficits` where no value of a contract (with its funding) and no price of a coin is
    above its top; LARGEST where something may overflow.

    Every term of D goes through fewer than `roundings` operations, each wrong by EPSILON / 2 of its result or by less
    than SMALLEST.
    """
    cdef double total = 0.0, tiny = 0.0, here, faint, gross = 0.0
    cdef const Leg* leg
    cdef int place = 0, k
    for k in range(book.coins):
        here = book.coin[k].gross
        faint = 1.0
        while place < book.coin[k].end:
            leg = &book.leg[place]
            here += 2.0 * leg.gross * top[leg.instrument]
            here += absolute(leg.amount[leg.steps - 1])
            faint += (1.0 + leg.gross) * (1.0 + top[leg.instrument])
            place += 1
        gross += here
        total += here * fx_top[book.coin[k].index]
        tiny += faint * (1.0 + fx_top[book.coin[k].index])
    total = roundings * (EPSILON * total + SMALLEST * tiny)
    return total if (gross + total + tiny) * 1e8 < LARGEST else LARGEST


cdef inline void add_term(Terms* terms, double a, double b, double c, double d, Py_ssize_t without) noexcept nogil:
    """One more product: of four numbers and of all denominators without one of them, or without all."""
    cdef double* factor = terms.factor + terms.count * terms.width
    cdef Py_ssize_t i
    factor[0] = a
    factor[1] = b
    factor[2] = c
    factor[3] = d
    factor[WEIGHT] = factor[COIN] = 1.0
    for i in range(terms.denominators):
        factor[FACTORS + i] = 1.0 if i == without or without == ALL else terms.denominator[i]
    terms.count += 1


cdef inline void list_denominators(
    Terms* terms, const Book* book, const Instrument* instrument, const double* price,
) noexcept nogil:
    """The prices of inverse legs, then those of inverse lots."""
    cdef Py_ssize_t lot, count = 0
    cdef int leg
    for leg in range(book.legs):
        if instrument[book.leg[leg].instrument].inverse:
            terms.denominator[count] = price[book.leg[leg].instrument]
            count += 1
    for lot in range(book.lots):
        if instrument[book.lot[lot].instrument].inverse:
            terms.denominator[count] = book.lot[lot].price
            count += 1
    terms.denominators = count


cdef inline Py_ssize_t inverse_legs(const Book* book, const Instrument* instrument, int legs) noexcept nogil:
    """How many of the first legs are inverse."""
    cdef Py_ssize_t count = 0
    cdef int leg
    for leg in range(legs):
        count += instrument[book.leg[leg].instrument].inverse
    return count


cdef inline void add_gains(
    Terms* terms, const Book* book, const Instrument* instrument, const Quotes* quotes, int leg,
) noexcept nogil:
    """Minus what the lots of a leg are worth at the prices, less the funding paid."""
    cdef int i = book.leg[leg].instrument
    cdef const Instrument* terms_of = &instrument[i]
    cdef Py_ssize_t lot, mine = inverse_legs(book, instrument, leg) if terms_of.inverse else NONE
    cdef double quantity, price = 1.0 if terms_of.inverse else quotes.price[i]
    for lot in range(book.lots):
        if book.lot[lot].instrument != i:
            continue
        quantity = book.lot[lot].quantity
        add_term(terms, quantity if terms_of.inverse else -quantity, terms_of.multiplier, price, 1.0, mine)
        if quotes.paid[i] != 0.0:
            add_term(terms, quantity, quotes.paid[i], 1.0, 1.0, NONE)


cdef inline void add_costs(
    Terms* terms, const Book* book, const Instrument* instrument, int coin,
) noexcept nogil:
    """What was paid for the lots settled in a coin, those of closed positions too."""
    cdef Py_ssize_t lot, mine = inverse_legs(book, instrument, book.legs) - 1
    cdef const Instrument* terms_of
    cdef double quantity, price
    for lot in range(book.lots):
        terms_of = &instrument[book.lot[lot].instrument]
        mine += terms_of.inverse
        if terms_of.coin != coin:
            continue
        quantity = book.lot[lot].quantity
        price = 1.0 if terms_of.inverse else book.lot[lot].price
        add_term(
            terms, -quantity if terms_of.inverse else quantity, terms_of.multiplier, price, 1.0,
            mine if terms_of.inverse else NONE)
        if book.lot[lot].paid != 0.0:
            add_term(terms, -quantity, book.lot[lot].paid, 1.0, 1.0, NONE)


cdef inline int larger_step(
    Terms* terms, const Book* book, const Instrument* instrument, const Quotes* quotes, int leg, int step, int best,
) noexcept nogil:
    """Whether a step of the margin of a leg requires more than another: 1, 0, -1, or NO_MEMORY."""
    cdef const Leg* held = &book.leg[leg]
    cdef const Instrument* terms_of = &instrument[held.instrument]
    cdef Py_ssize_t first = terms.count, lot
    cdef double price = 1.0 if terms_of.inverse else quotes.price[held.instrument]
    cdef double below = quotes.price[held.instrument] if terms_of.inverse else 1.0
    cdef double side = -1.0 if held.quantity < 0.0 else 1.0, quantity
    cdef int sign
    for lot in range(book.lots):
        if book.lot[lot].instrument != held.instrument:
            continue
        quantity = side * book.lot[lot].quantity
        add_term(terms, quantity, terms_of.multiplier, price, held.rate[step], ALL)
        add_term(terms, -quantity, terms_of.multiplier, price, held.rate[best], ALL)
    add_term(terms, -held.amount[step], below, 1.0, 1.0, ALL)
    add_term(terms, held.amount[best], below, 1.0, 1.0, ALL)
    sign = sign_of_terms(terms, first)
    terms.count = first
    return sign


cdef inline int add_requirement(
    Terms* terms, const Book* book, const Instrument* instrument, const Quotes* quotes, int leg,
) noexcept nogil:
    """The margin and the fee of a leg, by the step that requires most; NO_MEMORY if there is none."""
    cdef const Leg* held = &book.leg[leg]
    cdef const Instrument* terms_of = &instrument[held.instrument]
    cdef Py_ssize_t lot, mine = inverse_legs(book, instrument, leg) if terms_of.inverse else NONE
    cdef double price = 1.0 if terms_of.inverse else quotes.price[held.instrument]
    cdef double side = -1.0 if held.quantity < 0.0 else 1.0, quantity
    cdef int step, best = 0, sign
    for step in range(1, held.steps):
        sign = larger_step(terms, book, instrument, quotes, leg, step, best)
        if sign == NO_MEMORY:
            return NO_MEMORY
        best = step if sign > 0 else best
    for lot in range(book.lots):
        if book.lot[lot].instrument != held.instrument:
            continue
        quantity = side * book.lot[lot].quantity
        add_term(terms, quantity, terms_of.multiplier, price, held.rate[best], mine)
        if terms_of.fee != 0.0:
            add_term(terms, quantity, terms_of.multiplier, price, terms_of.fee, mine)
    add_term(terms, -held.amount[best], 1.0, 1.0, 1.0, NONE)
    return 0


cdef inline int sign_of_terms(const Terms* terms, Py_ssize_t first) noexcept nogil:
    return sign_of_products(terms.factor + first * terms.width, terms.count - first, terms.width)


cdef inline int sign_at(
    Terms* terms, const Book* book, const Instrument* instrument, const Quotes* quotes,
) noexcept nogil:
    """The sign of D at one price of each instrument and of each coin, times every price that is divided by."""
    cdef Py_ssize_t first, j
    cdef int k, leg, begin = 0, sign, coin
    cdef double fx
    list_denominators(terms, book, instrument, quotes.price)
    for k in range(book.coins):
        coin = book.coin[k].index
        first = terms.count
        for j in range(book.cashes):
            if book.cash_coin[j] == coin:
                add_term(terms, -book.cash[j], 1.0, 1.0, 1.0, NONE)
        for leg in range(begin, book.coin[k].end):
            add_gains(terms, book, instrument, quotes, leg)
        add_costs(terms, book, instrument, coin)
        # these are minus the balance, of which a part does not count where it is positive
        if book.coin[k].weight < 1.0:
            sign = sign_of_terms(terms, first)
            if sign == NO_MEMORY:
                return NO_MEMORY
            if sign < 0:
                for j in range(first, terms.count):
                    terms.factor[j * terms.width + WEIGHT] = book.coin[k].weight
        for leg in range(begin, book.coin[k].end):
            if add_requirement(terms, book, instrument, quotes, leg) == NO_MEMORY:
                return NO_MEMORY
        begin = book.coin[k].end
        fx = quotes.fx_low[coin]
        if quotes.pick[k] == MOST or quotes.pick[k] == LEAST:
            sign = sign_of_terms(terms, first)
            if sign == NO_MEMORY:
                return NO_MEMORY
            if (sign > 0) == (quotes.pick[k] == MOST):
                fx = quotes.fx_high[coin]
        for j in range(first, terms.count):
            terms.factor[j * terms.width + COIN] = fx
    return sign_of_terms(terms, 0)


cdef inline int decide(const Book* book, const Instrument* instrument, const Quotes* quotes) noexcept nogil:
    """Whether D > 0, without rounding: 1 or 0, or NO_MEMORY."""
    cdef Py_ssize_t room = book.cashes + 8 * book.lots + 2 * book.legs + 4, i
    cdef Terms terms
    cdef int sign
    terms.count = 0
    terms.width = FACTORS + inverse_legs(book, instrument, book.legs)
    for i in range(book.lots):
        terms.width += instrument[book.lot[i].instrument].inverse
    terms.factor = <double*> malloc((room * terms.width + terms.width) * sizeof(double))
    if terms.factor == NULL:
        return NO_MEMORY
    terms.denominator = terms.factor + room * terms.width
    sign = sign_at(&terms, book, instrument, quotes)
    free(terms.factor)
    return sign if sign == NO_MEMORY else sign > 0
