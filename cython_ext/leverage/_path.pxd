# cython: language_level=3, cdivision=True
"""One path of prices and one product on it: scans between two constants, and totals.

Prices of a path are scanned between two constants; only the bars at which something happens are advanced one by one.
"""

cimport shortgamma.kernels.leverage.token as formula
from shortgamma.kernels.leverage.token cimport (
    CHANGE, CLOCK, LEAST, MOST, UNKNOWN, Bar, Inputs, Rule, State, Token, is_price, nav_at,
)
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

cdef extern from "leverage/_tiles.h" nogil:
    double BARELY "SG_BARELY"
    double NEXT_TO_NOTHING "SG_NEXT_TO_NOTHING"
    double JUMP "SG_JUMP"

cdef enum:
    # bars of a scan
    BLOCK = 64
    # paths that are gathered together, and squared returns that are added together
    GROUP = 8
    # exposure, leverage, trade, gain, cost, fee, carry
    COLUMNS = 7

cdef struct Plan:
    # A rule on the bars of this call; NULL is 0 at every bar.
    Rule rule
    double leverage
    const double* expense
    const double* fee_at_open
    const double* fee_at_close
    const double* spread
    const double* target
    const unsigned char* due
    const long long* events
    Py_ssize_t count

cdef struct Carry:
    const double* financing
    const double* funding
    const double* dividend

cdef struct Job:
    # What all products of a call have in common: start is 1 where they are bought at bar 0, else 0.
    Carry carry
    Py_ssize_t start
    bint full

cdef struct Path:
    const double* price
    # with the open, where it is given
    const double* high
    const double* low
    const double* open
    # lowest and highest close, lowest low and highest high of each BLOCK bars
    double* block_low
    double* block_high
    double* block_lowest
    double* block_highest
    # doubles from one bar to the next, for paths that are taken bar by bar
    Py_ssize_t stride
    Py_ssize_t bars
    # number of the first bar
    Py_ssize_t first

cdef struct Target:
    # Where the path of one product goes, bars a stride of bytes apart.
    char* nav
    Py_ssize_t nav_stride
    char* columns[COLUMNS]
    Py_ssize_t column_stride
    char* rebalances
    Py_ssize_t rebalances_stride


cdef inline void put(char* target, Py_ssize_t stride, Py_ssize_t t, double value) noexcept nogil:
    (<double*> (target + t * stride))[0] = value


cdef inline Py_ssize_t scan_nav(
    const double* price, double low, double high, double cash, double units, double* nav, Py_ssize_t count,
) noexcept nogil:
    """NAV while prices stay between two constants; the number of bars that do."""
    cdef Py_ssize_t t = 0, k
    cdef double p
    cdef long long outside
    while t + BLOCK <= count:
        outside = 0
        for k in range(BLOCK):
            p = price[t + k]
            nav[t + k] = nav_at(cash, units, p)
            outside |= 0 if (p > low) & (p < high) else 1
        if outside:
            break
        t += BLOCK
    while t < count and price[t] > low and price[t] < high:
        nav[t] = nav_at(cash, units, price[t])
        t += 1
    return t


cdef inline Py_ssize_t scan_watched(
    const double* price, const double* highest, const double* lowest, double low, double high, double cash,
    double units, double* nav, Py_ssize_t count,
) noexcept nogil:
    """The same while highs and lows stay between too."""
    cdef Py_ssize_t t = 0, k
    cdef double p
    cdef long long outside
    while t + BLOCK <= count:
        outside = 0
        for k in range(BLOCK):
            p = price[t + k]
            nav[t + k] = nav_at(cash, units, p)
            outside |= 0 if (p > low) & (p < high) else 1
            outside |= 0 if (lowest[t + k] > low) & (highest[t + k] < high) else 1
            outside |= 0 if (highest[t + k] > low) & (lowest[t + k] < high) else 1
        if outside:
            break
        t += BLOCK
    while (
        t < count and price[t] > low and price[t] < high and lowest[t] > low and lowest[t] < high
        and highest[t] > low and highest[t] < high
    ):
        nav[t] = nav_at(cash, units, price[t])
        t += 1
    return t


cdef inline bint may_be_worse(double nav, double peak, double worst) noexcept nogil:
    """Rules most bars out without a division: if false, nav / peak is no less than worst."""
    return nav < worst * peak * BARELY + NEXT_TO_NOTHING


cdef inline void watermark(Token* token, double nav) noexcept nogil:
    if nav > token.peak:
        token.peak = nav
    elif may_be_worse(nav, token.peak, token.worst):
        token.worst = formula.smaller_of(token.worst, nav / token.peak)


cdef inline bint is_inside(const Path* path, Py_ssize_t t, double low, double high, bint watches) noexcept nogil:
    if not (path.price[t] > low and path.price[t] < high):
        return False
    if not watches:
        return True
    return path.low[t] > low and path.low[t] < high and path.high[t] > low and path.high[t] < high


cdef inline Py_ssize_t scan_blocks(
    const Path* path, Token* token, bint watches, Py_ssize_t begin, Py_ssize_t end,
) noexcept nogil:
    """High-water mark and drawdown while prices stay between; whole blocks by their lowest and highest price."""
    cdef Py_ssize_t t = begin, block, stop
    cdef double low = token.low, high = token.high, at_low, at_high, least, most
    while t < end:
        if t % BLOCK == 0 and t + BLOCK <= end:
            block = t // BLOCK
            if (
                path.block_low[block] > low and path.block_high[block] < high
                and (not watches or (path.block_lowest[block] > low and path.block_highest[block] < high))
            ):
                at_low = nav_at(token.cash, token.units, path.block_low[block])
                at_high = nav_at(token.cash, token.units, path.block_high[block])
                least = formula.smaller_of(at_low, at_high)
                most = formula.larger_of(at_low, at_high)
                if most <= token.peak:
                    if may_be_worse(least, token.peak, token.worst):
                        token.worst = formula.smaller_of(token.worst, least / token.peak)
                    t += BLOCK
                    continue
        stop = min(end, (t // BLOCK + 1) * BLOCK)
        while t < stop:
            if not is_inside(path, t, low, high, watches):
                return t
            watermark(token, nav_at(token.cash, token.units, path.price[t]))
            t += 1
    return t


cdef inline void record_quiet(
    const Path* path, const Token* token, const Target* target, Py_ssize_t begin, Py_ssize_t end,
) noexcept nogil:
    """The full record of bars at which nothing happens."""
    cdef Py_ssize_t t
    cdef double nav, exposure, before = token.price
    for t in range(begin, end):
        nav = nav_at(token.cash, token.units, path.price[t])
        exposure = token.units * path.price[t]
        put(target.nav, target.nav_stride, t, nav)
        put(target.columns[0], target.column_stride, t, exposure)
        put(target.columns[1], target.column_stride, t, formula.leverage_at(nav, exposure))
        put(target.columns[3], target.column_stride, t, token.units * (path.price[t] - before))
        before = path.price[t]


cdef inline void record_bar(
    const Token* token, const Bar* bar, const Target* target, Py_ssize_t t,
) noexcept nogil:
    cdef double nav = formula.nav_of(token), exposure = token.units * token.price
    cdef bint unknown = token.status == UNKNOWN
    put(target.nav, target.nav_stride, t, NAN if unknown else nav)
    put(target.columns[0], target.column_stride, t, NAN if unknown else exposure)
    put(target.columns[1], target.column_stride, t, NAN if unknown else formula.leverage_at(nav, exposure))
    put(target.columns[2], target.column_stride, t, NAN if unknown else bar.trade)
    put(target.columns[3], target.column_stride, t, NAN if unknown else bar.gain)
    put(target.columns[4], target.column_stride, t, NAN if unknown else bar.cost)
    put(target.columns[5], target.column_stride, t, NAN if unknown else bar.fee)
    put(target.columns[6], target.column_stride, t, NAN if unknown else bar.carry)
    (<long long*> (target.rebalances + t * target.rebalances_stride))[0] = <long long> bar.rebalances


cdef inline bint only_clock(const Plan* plan, const Carry* carry) noexcept nogil:
    """Whether the clock brings every product to its target, and nothing else is due with it."""
    cdef const Rule* rule = &plan.rule
    return (
        rule.target == formula.CONSTANT and rule.calm_low == INFINITY and rule.calm_move == 0.0
        and rule.rebalance_fee == 0.0 and rule.largest == INFINITY and plan.expense == NULL
        and plan.fee_at_open == NULL and plan.fee_at_close == NULL and plan.spread == NULL and plan.target == NULL
        and carry.financing == NULL and carry.funding == NULL and carry.dividend == NULL
    )


cdef inline void bounds_of_target(const Plan* plan, double* lower, double* higher) noexcept nogil:
    """Bounds right after a rebalance at price 1, a little too narrow rather than too wide."""
    cdef Token token
    formula.buy(&plan.rule, &token, plan.leverage, 1.0, 1.0)
    lower[0] = formula.larger_of(token.low * (1.0 + 4.0 * formula.REACHED), 1.0 / JUMP)
    higher[0] = formula.smaller_of(token.high * (1.0 - 4.0 * formula.REACHED), JUMP)


cdef inline Py_ssize_t streak(
    const Plan* plan, const Path* path, Token* token, double* navs, Py_ssize_t begin, Py_ssize_t* event, bint costly,
) noexcept nogil:
    """Bars in a row at which the clock rebalances and nothing else happens; where they end.

    costly is a constant of the caller. The operations are those of the bars by themselves.
    """
    cdef double leverage = plan.leverage, buying = plan.rule.buying, selling = plan.rule.selling
    cdef double cash = token.cash, units = token.units, traded = token.traded, cost = token.cost
    cdef double low = token.low, high = token.high, lower, higher, p, nav, exposure, after, held, rate, now
    cdef Py_ssize_t t = begin, k = event[0]
    bounds_of_target(plan, &lower, &higher)
    while k < plan.count and plan.events[k] == t and plan.due[t] == CLOCK:
        p = path.price[t]
        if not (p > low and p < high):
            break
        exposure = units * p
        nav = cash + exposure
        after = nav
        if costly:
            rate = formula.trade_rate(nav, exposure, leverage, buying, selling)
            after = formula.after_trade(nav, exposure, leverage, rate)
        held = leverage * after
        now = nav_at(after - held, formula.units_of(held, p), p)
        if not (now > 0.0 and now < INFINITY):
            break
        if costly:
            cost += nav - after
        traded += formula.larger_of(held - exposure, exposure - held)
        cash = after - held
        units = formula.units_of(held, p)
        low = formula.larger_of(p * lower, LEAST)
        high = formula.smaller_of(p * higher, MOST)
        if navs != NULL:
            navs[t] = now
        else:
            watermark(token, now)
        k += 1
        t += 1
    if t > begin:
        token.cash = cash
        token.units = units
        token.traded = traded
        token.cost = cost
        token.price = token.reference = path.price[t - 1]
        token.rebalances += <double> (t - begin)
        formula.set_bounds(&plan.rule, token)
    event[0] = k
    return t


cdef inline double square_of(double price, double before) noexcept nogil:
    cdef double move = formula.return_of(price, before)
    return move * move


cdef inline double sum_of(const double* squares, Py_ssize_t stride) noexcept nogil:
    """Of GROUP bars."""
    return (
        ((squares[0] + squares[stride]) + (squares[2 * stride] + squares[3 * stride]))
        + ((squares[4 * stride] + squares[5 * stride]) + (squares[6 * stride] + squares[7 * stride]))
    )


cdef inline double variance_of(const double* price, double before, Py_ssize_t begin, Py_ssize_t bars) noexcept nogil:
    """Sum of squared returns, GROUP bars at a time."""
    cdef double squares[BLOCK]
    cdef double total = 0.0, move
    cdef Py_ssize_t t = 0, k, i
    cdef long long odd
    while t < bars:
        odd = 1
        if t > 0 and t + BLOCK <= bars:
            odd = 0
            for i in range(BLOCK):
                odd |= 0 if (price[t + i - 1] > formula.SMALL) & (price[t + i - 1] < formula.LARGE) else 1
                move = (price[t + i] - price[t + i - 1]) * (1.0 / price[t + i - 1])
                squares[i] = move * move
        if odd:
            for i in range(BLOCK):
                squares[i] = 0.0
            for i in range(begin if t == 0 else 0, min(<Py_ssize_t> BLOCK, bars - t)):
                squares[i] = square_of(price[t + i], price[t + i - 1] if t + i > begin else before)
        for k in range(BLOCK // GROUP):
            total += sum_of(squares + k * GROUP, 1)
        t += BLOCK
    return total


cdef inline void blocks_of(const double* source, double* low, double* high, Py_ssize_t bars, bint more) noexcept nogil:
    """Lowest and highest of each whole block, with more beside those there; an invalid price makes the lowest 0."""
    cdef Py_ssize_t block, i, half
    cdef double p
    cdef double lows[BLOCK]
    cdef double highs[BLOCK]
    for block in range(bars // BLOCK):
        for i in range(BLOCK):
            p = source[block * BLOCK + i]
            p = p if (p > 0.0) & (p < INFINITY) else 0.0
            lows[i] = p
            highs[i] = p
        half = BLOCK // 2
        while half >= GROUP:
            for i in range(half):
                lows[i] = formula.smaller_of(lows[i], lows[i + half])
                highs[i] = formula.larger_of(highs[i], highs[i + half])
            half = half // 2
        for i in range(1, GROUP):
            lows[0] = formula.smaller_of(lows[0], lows[i])
            highs[0] = formula.larger_of(highs[0], highs[i])
        low[block] = formula.smaller_of(low[block], lows[0]) if more else lows[0]
        high[block] = formula.larger_of(high[block], highs[0]) if more else highs[0]
