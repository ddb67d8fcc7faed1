# cython: language_level=3, cdivision=True
"""Liquidation of an account: many positions, several collateral coins, one reporting coin.

Leg i holds q contracts of multiplier m bought at E and settled in coin k. With v = m P (linear, quanto) or m / P
(inverse) the value of a contract, g = v or -v what it has gained but for a constant, and G the funding paid so far:

    balance of coin k     b_k = collateral_k + sum of q (g(P) - g(E) - (G - G at the fill))
    required in coin k    r_k = sum of the largest of rate |q| v - amount over the tiers
    deficit               D = sum of X_k (r_k - min(b_k, w_k b_k)),   w_k = 1 - haircut, X_k the price of coin k

An account is liquidated where D > 0. `deficits` computes D for many bars at once, and `doubt` a bound of its error;
only where D is not beyond it does `decide` evaluate the definition above without rounding.
"""

from libc.stdlib cimport free, malloc

from shortgamma.kernels.numeric.exact cimport NO_MEMORY, sign_of_products
from shortgamma.kernels.numeric.vecmath cimport INFINITY, absolute, square_root

cdef extern from "<float.h>" nogil:
    const double LARGEST "DBL_MAX"
    const double EPSILON "DBL_EPSILON"
    const double SMALLEST "DBL_MIN"

cdef enum:
    # Bars that are looked at together.
    WIDTH = 64
    # Factors of a term before the denominators: quantity, multiplier, price, rate; weight; price of the coin.
    WEIGHT = 4
    COIN = 5
    FACTORS = 6

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
    int coin
    int tiers
    const double* rate
    const double* amount

cdef struct Leg:
    int instrument
    # contracts, and their sum of sizes over all fills, which says what was rounded
    double quantity
    double size
    double gross

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
    # where that came from
    Py_ssize_t lots
    Lot* lot
    Py_ssize_t cashes
    int* cash_coin
    double* cash


cdef inline void deficits(
    const Book* book, const Instrument* instrument, const double** value, const double** gain, const Pick* pick,
    const double** fx_low, const double** fx_high, Py_ssize_t begin, Py_ssize_t count, double* out,
) noexcept nogil:
    """D on count <= WIDTH bars from begin on, count a multiple of 8."""
    cdef double balance[WIDTH]
    cdef double need[WIDTH]
    cdef double most[WIDTH]
    cdef const double* v
    cdef const double* g
    cdef const double* low
    cdef const double* high
    cdef Py_ssize_t i
    cdef int leg = 0, k, tier, end
    cdef double q, slope, amount, weight, base, b, x, y
    cdef const Instrument* what
    for i in range(count):
        out[i] = 0.0
    for k in range(book.coins):
        base = book.coin[k].base
        weight = book.coin[k].weight
        end = book.coin[k].end
        for i in range(count):
            balance[i] = base
            need[i] = 0.0
        while leg < end:
            v = value[leg] + begin
            g = gain[leg] + begin
            q = book.leg[leg].quantity
            what = &instrument[book.leg[leg].instrument]
            slope = what.rate[0] * book.leg[leg].size
            if what.tiers == 1:
                for i in range(count):
                    balance[i] += q * g[i]
                    need[i] += slope * v[i]
            else:
                for i in range(count):
                    balance[i] += q * g[i]
                    most[i] = slope * v[i]
                for tier in range(1, what.tiers):
                    slope = what.rate[tier] * book.leg[leg].size
                    amount = what.amount[tier]
                    for i in range(count):
                        x = slope * v[i] - amount
                        most[i] = x if x > most[i] else most[i]
                for i in range(count):
                    need[i] += most[i]
            leg += 1
        low = fx_low[k] + begin
        high = fx_high[k] + begin
        if pick[k] == MOST:
            for i in range(count):
                b = weight * balance[i]
                b = b if b < balance[i] else balance[i]
                x = (need[i] - b) * low[i]
                y = (need[i] - b) * high[i]
                out[i] += x if x > y else y
        elif pick[k] == LEAST:
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
    const Book* book, const Instrument* instrument, const double* top, const double* fx_top, Py_ssize_t roundings,
) noexcept nogil:
    """A bound of the error of `deficits` where no value of a contract (with its funding) and no price of a coin is
    above its top; LARGEST where something may overflow.

    Every term of D goes through fewer than `roundings` operations, each wrong by EPSILON / 2 of what it makes or by
    less than SMALLEST.
    """
    cdef double total = 0.0, tiny = 0.0, here, faint, all_of_it = 0.0
    cdef int leg = 0, k
    for k in range(book.coins):
        here = book.coin[k].gross
        faint = 1.0
        while leg < book.coin[k].end:
            here += 2.0 * book.leg[leg].gross * top[book.leg[leg].instrument]
            here += instrument[book.leg[leg].instrument].amount[instrument[book.leg[leg].instrument].tiers - 1]
            faint += (1.0 + book.leg[leg].gross) * (1.0 + top[book.leg[leg].instrument])
            leg += 1
        all_of_it += here
        total += here * fx_top[book.coin[k].index]
        tiny += faint * (1.0 + fx_top[book.coin[k].index])
    total = roundings * (EPSILON * total + SMALLEST * tiny)
    return total if (all_of_it + total + tiny) * 1e8 < LARGEST else LARGEST


cdef inline double* new_term(
    double* term, Py_ssize_t* terms, Py_ssize_t width, double a, double b, double c, double d,
) noexcept nogil:
    """One more product, of four numbers so far."""
    cdef double* here = term + terms[0] * width
    cdef Py_ssize_t i
    here[0] = a
    here[1] = b
    here[2] = c
    here[3] = d
    for i in range(WEIGHT, width):
        here[i] = 1.0
    terms[0] += 1
    return here


cdef inline int sign_at(
    const Book* book, const Instrument* instrument, const double* price, const double* paid, const Pick* pick,
    const double* fx_low, const double* fx_high, double* term, double* below, Py_ssize_t width,
) noexcept nogil:
    """The sign of D at one price of each instrument and of each coin, times every price that is divided by.

    term has room for all terms twice, below for all denominators.
    """
    cdef Py_ssize_t terms = 0, first, middle, j, i, lot, dividing = 0, mine
    cdef int k, leg, tier, best, sign, begin = 0
    cdef const Instrument* what
    cdef double* here
    cdef double m, p, side, x
    for leg in range(book.legs):
        if instrument[book.leg[leg].instrument].inverse:
            below[dividing] = price[book.leg[leg].instrument]
            dividing += 1
    for lot in range(book.lots):
        if instrument[book.lot[lot].instrument].inverse:
            below[dividing] = book.lot[lot].price
            dividing += 1
    for k in range(book.coins):
        first = terms
        for j in range(book.cashes):
            if book.cash_coin[j] == book.coin[k].index:
                here = new_term(term, &terms, width, -book.cash[j], 1.0, 1.0, 1.0)
                for i in range(dividing):
                    here[FACTORS + i] = below[i]
        # minus the balance first, then what is required
        mine = -1
        for leg in range(book.legs):
            what = &instrument[book.leg[leg].instrument]
            mine += what.inverse
            if leg < begin or leg >= book.coin[k].end:
                continue
            p = price[book.leg[leg].instrument]
            for lot in range(book.lots):
                if book.lot[lot].instrument != book.leg[leg].instrument:
                    continue
                x = -book.lot[lot].quantity
                here = new_term(
                    term, &terms, width, -x if what.inverse else x, what.multiplier, 1.0 if what.inverse else p, 1.0)
                for i in range(dividing):
                    here[FACTORS + i] = 1.0 if what.inverse and i == mine else below[i]
                if paid[book.leg[leg].instrument] != 0.0:
                    here = new_term(term, &terms, width, -x, paid[book.leg[leg].instrument], 1.0, 1.0)
                    for i in range(dividing):
                        here[FACTORS + i] = below[i]
        # what was paid for lots, of positions closed since as well
        i = 0
        for leg in range(book.legs):
            i += instrument[book.leg[leg].instrument].inverse
        mine = i - 1
        for lot in range(book.lots):
            what = &instrument[book.lot[lot].instrument]
            mine += what.inverse
            if what.coin != book.coin[k].index:
                continue
            x = book.lot[lot].quantity
            here = new_term(
                term, &terms, width, -x if what.inverse else x, what.multiplier,
                1.0 if what.inverse else book.lot[lot].price, 1.0)
            for i in range(dividing):
                here[FACTORS + i] = 1.0 if what.inverse and i == mine else below[i]
            if book.lot[lot].paid != 0.0:
                here = new_term(term, &terms, width, -x, book.lot[lot].paid, 1.0, 1.0)
                for i in range(dividing):
                    here[FACTORS + i] = below[i]
        middle = terms
        if book.coin[k].weight < 1.0:
            sign = sign_of_products(term + first * width, middle - first, width)
            if sign == NO_MEMORY:
                return NO_MEMORY
            if sign < 0:
                for j in range(first, middle):
                    term[j * width + WEIGHT] = book.coin[k].weight
        mine = -1
        for leg in range(book.legs):
            what = &instrument[book.leg[leg].instrument]
            mine += what.inverse
            if leg < begin or leg >= book.coin[k].end:
                continue
            m = what.multiplier
            p = 1.0 if what.inverse else price[book.leg[leg].instrument]
            side = -1.0 if book.leg[leg].quantity < 0.0 else 1.0
            best = 0
            for tier in range(1, what.tiers + 1):
                # the last time round the best tier stays, before that the better of the two is found
                j = terms
                for lot in range(book.lots):
                    if book.lot[lot].instrument != book.leg[leg].instrument:
                        continue
                    x = side * book.lot[lot].quantity
                    if tier < what.tiers:
                        new_term(term, &terms, width, x, m, p, what.rate[tier])
                        new_term(term, &terms, width, -x, m, p, what.rate[best])
                    else:
                        here = new_term(term, &terms, width, x, m, p, what.rate[best])
                        for i in range(dividing):
                            here[FACTORS + i] = 1.0 if what.inverse and i == mine else below[i]
                if tier < what.tiers:
                    x = price[book.leg[leg].instrument] if what.inverse else 1.0
                    new_term(term, &terms, width, -what.amount[tier], x, 1.0, 1.0)
                    new_term(term, &terms, width, what.amount[best], x, 1.0, 1.0)
                    sign = sign_of_products(term + j * width, terms - j, width)
                    if sign == NO_MEMORY:
                        return NO_MEMORY
                    best = tier if sign > 0 else best
                    terms = j
                else:
                    here = new_term(term, &terms, width, -what.amount[best], 1.0, 1.0, 1.0)
                    for i in range(dividing):
                        here[FACTORS + i] = below[i]
        begin = book.coin[k].end
        x = fx_low[book.coin[k].index]
        if pick[k] == MOST or pick[k] == LEAST:
            sign = sign_of_products(term + first * width, terms - first, width)
            if sign == NO_MEMORY:
                return NO_MEMORY
            if (sign > 0) == (pick[k] == MOST):
                x = fx_high[book.coin[k].index]
        for j in range(first, terms):
            term[j * width + COIN] = x
    return sign_of_products(term, terms, width)


cdef inline int decide(
    const Book* book, const Instrument* instrument, const double* price, const double* paid, const Pick* pick,
    const double* fx_low, const double* fx_high,
) noexcept nogil:
    """Whether D > 0, without rounding: 1 or 0, or NO_MEMORY."""
    cdef Py_ssize_t room = book.cashes + 8 * book.lots + 2 * book.legs + 4, width = FACTORS, i
    cdef double* term
    cdef double* below
    cdef int sign
    for i in range(book.legs):
        width += instrument[book.leg[i].instrument].inverse
    for i in range(book.lots):
        width += instrument[book.lot[i].instrument].inverse
    term = <double*> malloc((room * width + width) * sizeof(double))
    if term == NULL:
        return NO_MEMORY
    below = term + room * width
    sign = sign_at(book, instrument, price, paid, pick, fx_low, fx_high, term, below, width)
    free(term)
    return sign if sign == NO_MEMORY else sign > 0


cdef inline void swings(
    const Book* book, const Instrument* instrument, const double** value, const double** gain, const double** fx,
    const double* vol, Py_ssize_t instruments, Py_ssize_t begin, Py_ssize_t count, double* out,
) noexcept nogil:
    """No less than what D moves by, in deviations a unit of time, on count <= WIDTH bars.

    vol is by instrument, then by coin.
    """
    cdef double balance[WIDTH]
    cdef double need[WIDTH]
    cdef double moves[WIDTH]
    cdef const double* v
    cdef const double* g
    cdef const double* x
    cdef Py_ssize_t i
    cdef int leg = 0, k
    cdef double q, slope, swing, base, deviation
    cdef const Instrument* what
    for i in range(count):
        out[i] = 0.0
    for k in range(book.coins):
        base = book.coin[k].base
        deviation = vol[instruments + book.coin[k].index]
        for i in range(count):
            balance[i] = base
            need[i] = moves[i] = 0.0
        while leg < book.coin[k].end:
            v = value[leg] + begin
            g = gain[leg] + begin
            q = book.leg[leg].quantity
            what = &instrument[book.leg[leg].instrument]
            slope = what.rate[what.tiers - 1] * book.leg[leg].size
            swing = (slope + book.leg[leg].size) * vol[book.leg[leg].instrument]
            for i in range(count):
                balance[i] += q * g[i]
                need[i] += slope * v[i]
                moves[i] += swing * v[i]
            leg += 1
        x = fx[k] + begin
        for i in range(count):
            out[i] += x[i] * (moves[i] + deviation * (need[i] + absolute(balance[i])))


cdef inline double distance(
    const Book* book, const Instrument* instrument, const double** value, const double** gain, const double** fx,
    const double* covariance, Py_ssize_t instruments, Py_ssize_t coins, Py_ssize_t t, double deficit, double* slope,
    double* bend,
) noexcept nogil:
    """How far, in deviations a unit of time, the logarithms of the prices of bar t are from where D = 0.

    Along the likeliest way there D is a parabola; its root is taken to second order, which for one position is
    ln(P*/P) / vol with an error of the third order. slope and bend hold a number for each instrument and coin.
    """
    cdef Py_ssize_t assets = instruments + coins, a, b
    cdef int leg = 0, first, k, i, tier
    cdef double balance, need, weight, x, v, level, best, rate, side, swing, variance = 0.0, curve = 0.0, part, ratio
    cdef const Instrument* what
    for a in range(assets):
        slope[a] = bend[a] = 0.0
    for k in range(book.coins):
        balance = book.coin[k].base
        need = 0.0
        first = leg
        for leg in range(first, book.coin[k].end):
            balance += book.leg[leg].quantity * gain[leg][t]
        leg = book.coin[k].end
        weight = book.coin[k].weight if balance > 0.0 else 1.0
        x = fx[k][t]
        for i in range(first, leg):
            what = &instrument[book.leg[i].instrument]
            v = value[i][t]
            rate = what.rate[0]
            best = rate * book.leg[i].size * v
            for tier in range(1, what.tiers):
                level = what.rate[tier] * book.leg[i].size * v - what.amount[tier]
                if level > best:
                    best = level
                    rate = what.rate[tier]
            need += best
            side = -1.0 if what.inverse else 1.0
            swing = x * v * (side * rate * book.leg[i].size - weight * book.leg[i].quantity)
            slope[book.leg[i].instrument] = swing
            bend[book.leg[i].instrument] = side * swing
        slope[instruments + book.coin[k].index] = x * (need - weight * balance)
        bend[instruments + book.coin[k].index] = x * (need - weight * balance)
    for a in range(assets):
        part = 0.0
        for b in range(assets):
            part += covariance[a * assets + b] * slope[b]
        variance += slope[a] * part
        # of the legs of a coin the slope moves with the price of the coin too
        curve += bend[a] * part * part
        if a < instruments and slope[a] != 0.0:
            balance = 0.0
            for b in range(assets):
                balance += covariance[(instruments + instrument[a].coin) * assets + b] * slope[b]
            curve += 2.0 * slope[a] * part * balance
    if not variance > 0.0:
        return INFINITY
    # curve is that of the way times the variance, and D < 0
    ratio = 1.0 - 0.5 * deficit * curve / (variance * variance)
    return -deficit / (square_root(variance) * (ratio if ratio > 0.25 else 0.25))
