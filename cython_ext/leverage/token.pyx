"""Loop of leveraged tokens.

Prices of a path are scanned between two constants; only the bars at which something happens are worked out one by one.
Paths that lie side by side are taken LANES at a time, ROWS bars at a time (leverage_tiles.h), and only the products to
which something of their own happens one by one. Other paths are brought together GROUP at a time.
"""

cimport numpy as cnp
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cimport shortgamma.kernels.leverage.token as formula
from cython_ext._loop.blocks cimport Status, no_price, status_restore, status_save
from shortgamma.kernels.leverage.token cimport (
    ALIVE, AT_CLOSE, AT_OPEN, CHANGE, CLOCK, LEAST, MOST, UNKNOWN, WIPED_OUT, Bar, Rule, Token,
)
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

cnp.import_array()

cdef enum:
    # Paths that are taken side by side, and bars of each at a time: as in leverage_tiles.h.
    LANES = 128
    ROWS = 8

cdef extern from "leverage/_tiles.h" nogil:
    double BARELY "SG_BARELY"
    double NEXT_TO_NOTHING "SG_NEXT_TO_NOTHING"
    double JUMP "SG_JUMP"
    ctypedef struct Tile "sg_tile":
        double cash[LANES]
        double units[LANES]
        double reference[LANES]
        double low[LANES]
        double high[LANES]
        double peak[LANES]
        double worst[LANES]
        double turnover[LANES]
        double cost[LANES]
        double variance[LANES]
        double inverse[LANES]
        double (*navs)[LANES]
        unsigned long long bars[LANES // 64]
        unsigned long long returns[LANES // 64]
        unsigned long long marks[LANES // 64]
        double lower
        double higher
        double leverage
        double buying
        double selling
    ctypedef struct Prices "sg_prices":
        const char* source
        Py_ssize_t stride
        Py_ssize_t ahead
    ctypedef struct Flow "sg_flow":
        int way
        double (*navs)[LANES]
    void flow_begin "sg_flow_begin"(
        Flow* flow, double (*navs)[LANES], char* target, Py_ssize_t stride, int large) noexcept
    void flow_out "sg_flow_out"(Flow* flow) noexcept
    void drift_navs "sg_drift_navs"(Tile* tile, const Prices* prices, Flow* flow) noexcept
    void drift_totals "sg_drift_totals"(Tile* tile, const double* before, const Prices* prices) noexcept
    void turn_navs "sg_turn_navs"(Tile* tile, const Prices* prices, Flow* flow) noexcept
    void turn_totals "sg_turn_totals"(Tile* tile, const double* before, const Prices* prices) noexcept

cdef extern from "_loop/vectors.h" nogil:
    int lowest_bit "sg_lowest_bit"(unsigned long long word) noexcept

cdef extern from "_loop/stores.h" nogil:
    enum:
        STREAM_FROM "SG_STREAM_FROM"
    void stream "sg_stream"(double* target, const double* source, Py_ssize_t count) noexcept
    void stream_end "sg_stream_end"() noexcept

cdef enum:
    GROUP = 8
    # Blocks of LANES paths in a strip, whose states stay in the cache while memory is read and written in long
    # stretches. A hit is looked for in so many paths at once.
    STRIP = 40
    LOOK = 16
    BLOCK = 64
    # price, high, low, open
    SERIES = 4
    COLUMNS = 7
    # place of the price in a token
    PRICE = 2

cdef enum:
    PLAIN = 1
    TRIGGERED

RULE_SIZE = sizeof(Rule) // sizeof(double)
# behind a token its path's realised variance, and two numbers that the caller keeps
STATE_SIZE = sizeof(Token) // sizeof(double) + 3
FIELDS = COLUMNS

cdef struct Plan:
    # A rule on the bars of this call; what is NULL is nothing.
    Rule rule
    double leverage
    const double* stream_fee
    const double* clock_fee
    const double* spread
    const double* target
    const unsigned char* due
    const long long* events
    Py_ssize_t count

cdef struct Carry:
    const double* financing
    const double* funding
    const double* dividend

cdef struct Path:
    const double* price
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


cdef inline bint is_price(double price) noexcept nogil:
    return price > 0.0 and price < INFINITY


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
            nav[t + k] = cash + units * p
            outside |= 0 if (p > low) & (p < high) else 1
        if outside:
            break
        t += BLOCK
    while t < count and price[t] > low and price[t] < high:
        nav[t] = cash + units * price[t]
        t += 1
    return t


cdef inline Py_ssize_t scan_extremes(
    const double* price, const double* highest, const double* lowest, double low, double high, double cash,
    double units, double* nav, Py_ssize_t count,
) noexcept nogil:
    """The same while the extremes of the bars stay between, and the closes are prices."""
    cdef Py_ssize_t t = 0, k
    cdef double p
    cdef long long outside
    while t + BLOCK <= count:
        outside = 0
        for k in range(BLOCK):
            p = price[t + k]
            nav[t + k] = cash + units * p
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
        nav[t] = cash + units * price[t]
        t += 1
    return t


cdef inline bint may_be_worse(double nav, double peak, double worst) noexcept nogil:
    """Most bars are told apart without a division: if not, then nav / peak is no less than worst."""
    return nav < worst * peak * BARELY + NEXT_TO_NOTHING


cdef inline void watermark(Token* token, double nav) noexcept nogil:
    if nav > token.peak:
        token.peak = nav
    elif may_be_worse(nav, token.peak, token.worst):
        token.worst = formula.smaller_of(token.worst, nav / token.peak)


cdef inline bint is_inside(const Path* path, Py_ssize_t t, double low, double high, bint extremes) noexcept nogil:
    if not (path.price[t] > low and path.price[t] < high):
        return False
    if not extremes:
        return True
    return path.low[t] > low and path.low[t] < high and path.high[t] > low and path.high[t] < high


cdef inline Py_ssize_t scan_blocks(
    const Path* path, Token* token, bint extremes, Py_ssize_t begin, Py_ssize_t end,
) noexcept nogil:
    """High-water mark and drawdown while prices stay between; whole blocks by their lowest and highest price."""
    cdef Py_ssize_t t = begin, block, stop
    cdef double low = token.low, high = token.high, at_low, at_high, least, most
    while t < end:
        if t % BLOCK == 0 and t + BLOCK <= end:
            block = t // BLOCK
            if (
                path.block_low[block] > low and path.block_high[block] < high
                and (not extremes or (path.block_lowest[block] > low and path.block_highest[block] < high))
            ):
                at_low = token.cash + token.units * path.block_low[block]
                at_high = token.cash + token.units * path.block_high[block]
                least = formula.smaller_of(at_low, at_high)
                most = formula.larger_of(at_low, at_high)
                if most <= token.peak:
                    if may_be_worse(least, token.peak, token.worst):
                        token.worst = formula.smaller_of(token.worst, least / token.peak)
                    t += BLOCK
                    continue
        stop = min(end, (t // BLOCK + 1) * BLOCK)
        while t < stop:
            if not is_inside(path, t, low, high, extremes):
                return t
            watermark(token, token.cash + token.units * path.price[t])
            t += 1
    return t


cdef inline void fill(
    const Path* path, const Token* token, const Target* target, Py_ssize_t begin, Py_ssize_t end,
) noexcept nogil:
    """The full record of bars at which nothing happened."""
    cdef Py_ssize_t t
    cdef double nav, exposure, before = token.price
    for t in range(begin, end):
        nav = token.cash + token.units * path.price[t]
        exposure = token.units * path.price[t]
        put(target.nav, target.nav_stride, t, nav)
        put(target.columns[0], target.column_stride, t, exposure)
        put(target.columns[1], target.column_stride, t, exposure / nav if nav != 0.0 else 0.0)
        put(target.columns[3], target.column_stride, t, token.units * (path.price[t] - before))
        before = path.price[t]


cdef inline void record(
    const Token* token, const Bar* bar, const Target* target, Py_ssize_t t,
) noexcept nogil:
    cdef double nav = formula.nav_of(token), exposure = token.units * token.price
    cdef bint unknown = token.status == UNKNOWN
    put(target.nav, target.nav_stride, t, NAN if unknown else nav)
    put(target.columns[0], target.column_stride, t, NAN if unknown else exposure)
    put(target.columns[1], target.column_stride, t, NAN if unknown else (exposure / nav if nav != 0.0 else 0.0))
    put(target.columns[2], target.column_stride, t, NAN if unknown else bar.trade)
    put(target.columns[3], target.column_stride, t, NAN if unknown else bar.gain)
    put(target.columns[4], target.column_stride, t, NAN if unknown else bar.cost)
    put(target.columns[5], target.column_stride, t, NAN if unknown else bar.fee)
    put(target.columns[6], target.column_stride, t, NAN if unknown else bar.carry)
    (<long long*> (target.rebalances + t * target.rebalances_stride))[0] = <long long> bar.rebalances


cdef inline void lose(Token* token) noexcept nogil:
    """What nobody knows does not become known."""
    token.status = UNKNOWN
    token.cash = token.units = token.low = token.high = NAN


cdef long long step(
    const Plan* plan, const Carry* carry, const Path* path, Token* token, Bar* bar, Py_ssize_t t,
) noexcept nogil:
    """One bar, in the order of what can happen at it; 1 if a price is none."""
    cdef const Rule* rule = &plan.rule
    cdef double price = path.price[t * path.stride], first, second, fee, charge, number = <double> (path.first + t)
    cdef bint wanted = False, moved = False, opened
    cdef long long outside
    memset(bar, 0, sizeof(Bar))
    if token.status == UNKNOWN:
        return no_price(price)
    outside = no_price(price)
    opened = token.pending != 0.0 and token.status == ALIVE
    if opened:
        outside |= no_price(path.open[t * path.stride])
    if rule.extremes != 0.0:
        outside |= no_price(path.high[t * path.stride]) | no_price(path.low[t * path.stride])
    if not is_price(price) or (opened and not is_price(path.open[t * path.stride])) or (
        rule.extremes != 0.0 and not (is_price(path.high[t * path.stride]) and is_price(path.low[t * path.stride]))
    ):
        lose(token)
        return outside
    if token.status == WIPED_OUT:
        token.price = price
        return 0
    if carry.financing != NULL or carry.dividend != NULL or plan.stream_fee != NULL or plan.spread != NULL:
        formula.carry(
            token, bar,
            carry.financing[t] if carry.financing != NULL else 0.0,
            plan.spread[t] if plan.spread != NULL else 0.0,
            plan.stream_fee[t] if plan.stream_fee != NULL else 0.0,
            carry.dividend[t] if carry.dividend != NULL else 0.0)
        formula.check(token, bar, number)
        formula.set_bounds(rule, token)
    if opened:
        token.pending = 0.0
        formula.go(token, bar, path.open[t * path.stride])
        formula.check(token, bar, number)
        formula.rebalance(rule, token, bar, number)
    if rule.extremes != 0.0:
        # the worst comes first
        first = path.low[t * path.stride] if token.units > 0.0 else path.high[t * path.stride]
        second = path.high[t * path.stride] if token.units > 0.0 else path.low[t * path.stride]
        wanted |= formula.walk(rule, token, bar, first, number)
        wanted |= formula.walk(rule, token, bar, second, number)
    wanted |= formula.walk(rule, token, bar, price, number)
    if token.status == ALIVE:
        if carry.funding != NULL:
            charge = carry.funding[t] * (token.units * price)
            token.cash = token.cash - charge
            bar.carry += charge
            moved = True
        if plan.clock_fee != NULL and plan.clock_fee[t] != 0.0:
            fee = formula.nav_of(token) * plan.clock_fee[t]
            token.cash = token.cash - fee
            bar.fee += fee
            moved = True
        if moved:
            formula.check(token, bar, number)
            formula.set_bounds(rule, token)
    if token.status == ALIVE:
        if plan.due != NULL:
            if plan.due[t] & CHANGE:
                token.leverage = plan.target[t]
                wanted = True
            elif plan.due[t] & CLOCK and not formula.calm(rule, token):
                wanted = True
        if wanted:
            token.goal = NAN
            if rule.fill == AT_OPEN:
                token.pending = 1.0
            else:
                formula.rebalance(rule, token, bar, number)
        elif token.goal == token.goal and number - token.piece >= rule.cooldown:
            formula.go_on(rule, token, bar, number)
    if token.status != WIPED_OUT and not formula.nav_of(token) - formula.nav_of(token) == 0.0:
        lose(token)
    token.rebalances += bar.rebalances
    token.turnover += bar.turnover
    token.cost += bar.cost
    token.fee += bar.fee
    token.carry += bar.carry
    return outside


cdef inline bint turns_all(const Plan* plan, const Carry* carry) noexcept nogil:
    """Whether the clock brings every product to the same target, and nothing else is due with it."""
    cdef const Rule* rule = &plan.rule
    return (
        rule.target == formula.CONSTANT and rule.calm_low == INFINITY and rule.calm_move == 0.0
        and rule.rebalance_fee == 0.0 and rule.largest == INFINITY and plan.stream_fee == NULL
        and plan.clock_fee == NULL and plan.spread == NULL and plan.target == NULL and carry.financing == NULL
        and carry.funding == NULL and carry.dividend == NULL
    )


cdef inline void bounds_of_target(const Plan* plan, double* lower, double* higher) noexcept nogil:
    """Bounds right after a rebalance at price 1, a little too narrow rather than too wide."""
    cdef Token token
    memset(&token, 0, sizeof(Token))
    token.leverage = plan.leverage
    formula.buy(&plan.rule, &token, 1.0, 1.0)
    lower[0] = formula.larger_of(token.low * (1.0 + 4.0 * formula.REACHED), 1.0 / JUMP)
    higher[0] = formula.smaller_of(token.high * (1.0 - 4.0 * formula.REACHED), JUMP)


cdef inline Py_ssize_t streak(
    const Plan* plan, const Path* path, Token* token, double* navs, Py_ssize_t begin, Py_ssize_t* event, bint costly,
) noexcept nogil:
    """Bars in a row at which the clock rebalances and nothing else happens; where they end.

    costly is a constant of the caller. The operations are those of the bars by themselves.
    """
    cdef double leverage = plan.leverage, buying = plan.rule.buying, selling = plan.rule.selling
    cdef double cash = token.cash, units = token.units, turnover = token.turnover, cost = token.cost
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
            rate = buying if leverage * nav > exposure else -selling
            after = (nav + rate * exposure) / (1.0 + rate * leverage)
            after = nav if leverage * nav == exposure else after
        held = leverage * after
        now = (after - held) + formula.units_of(held, p) * p
        if not (now > 0.0 and now < INFINITY):
            break
        if costly:
            cost += nav - after
        turnover += formula.larger_of(held - exposure, exposure - held)
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
        token.turnover = turnover
        token.cost = cost
        token.price = token.reference = path.price[t - 1]
        token.rebalances += <double> (t - begin)
        formula.set_bounds(&plan.rule, token)
    event[0] = k
    return t


cdef long long run(
    const Plan* plan, const Carry* carry, const Path* path, Token* token, const Target* target, double* nav,
    bint full, Py_ssize_t begin,
) noexcept nogil:
    """All bars of one product; nav is its path in memory of its own, or NULL where none is wanted."""
    cdef Py_ssize_t t = begin, event = 0, stop, reached
    cdef bint extremes = plan.rule.extremes != 0.0
    cdef bint together = not full and not extremes and plan.rule.fill != AT_OPEN and turns_all(plan, carry)
    cdef bint costly = plan.rule.buying != 0.0 or plan.rule.selling != 0.0
    cdef Bar bar
    cdef long long outside = 0
    while event < plan.count and plan.events[event] < begin:
        event += 1
    while t < path.bars:
        stop = plan.events[event] if event < plan.count else path.bars
        if token.status == UNKNOWN:
            # a bar that is none is told of, whatever else is unknown
            stop = t
        elif token.pending != 0.0:
            stop = t
        elif token.goal == token.goal:
            stop = min(stop, max(t, <Py_ssize_t> (token.piece + plan.rule.cooldown) - path.first))
        if full:
            reached = t
            while reached < stop and is_inside(path, reached, token.low, token.high, extremes):
                reached += 1
            fill(path, token, target, t, reached)
        elif nav == NULL:
            reached = scan_blocks(path, token, extremes, t, stop)
        elif extremes:
            reached = t + scan_extremes(
                path.price + t, path.high + t, path.low + t, token.low, token.high, token.cash, token.units, nav + t,
                stop - t)
        else:
            reached = t + scan_nav(
                path.price + t, token.low, token.high, token.cash, token.units, nav + t, stop - t)
        if reached > t:
            token.price = path.price[reached - 1]
        t = reached
        if t == path.bars:
            break
        if together and t == stop and token.status == ALIVE and token.goal != token.goal:
            reached = streak(plan, path, token, nav, t, &event, True) if costly else streak(
                plan, path, token, nav, t, &event, False)
            if reached > t:
                t = reached
                continue
        outside |= step(plan, carry, path, token, &bar, t)
        if full:
            record(token, &bar, target, t)
        elif nav != NULL:
            nav[t] = NAN if token.status == UNKNOWN else formula.nav_of(token)
        else:
            watermark(token, formula.nav_of(token))
        if event < plan.count and plan.events[event] == t:
            event += 1
        t += 1
    return outside


cdef inline double square_of(double price, double before) noexcept nogil:
    cdef double move = formula.return_of(price, before)
    return move * move


cdef inline double sum_of(const double* squares, Py_ssize_t stride) noexcept nogil:
    """Of GROUP bars."""
    return (
        ((squares[0] + squares[stride]) + (squares[2 * stride] + squares[3 * stride]))
        + ((squares[4 * stride] + squares[5 * stride]) + (squares[6 * stride] + squares[7 * stride]))
    )


cdef double variance_of(const double* price, double before, Py_ssize_t begin, Py_ssize_t bars) noexcept nogil:
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


cdef void blocks_of(const double* source, double* low, double* high, Py_ssize_t bars, bint more) noexcept nogil:
    """Lowest and highest of each whole block, or of what is there and these; what is no price makes the lowest 0."""
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


cdef inline void copy_in(
    double* target, const char* source, Py_ssize_t path_stride, Py_ssize_t time_stride, Py_ssize_t width,
    Py_ssize_t bars,
) noexcept nogil:
    """Bars of up to GROUP paths, each path brought together."""
    cdef Py_ssize_t t, i
    for t in range(bars):
        for i in range(width):
            target[i * bars + t] = (<const double*> (source + i * path_stride + t * time_stride))[0]


cdef inline void copy_out(
    char* target, const double* source, Py_ssize_t path_stride, Py_ssize_t time_stride, Py_ssize_t width,
    Py_ssize_t bars,
) noexcept nogil:
    cdef Py_ssize_t t, i
    for t in range(bars):
        for i in range(width):
            (<double*> (target + i * path_stride + t * time_stride))[0] = source[i * bars + t]


cdef const double* doubles(object array):
    return NULL if array is None else <double*> cnp.PyArray_DATA(<cnp.ndarray> array)


cdef Py_ssize_t stride(object array, int axis):
    return (<cnp.ndarray> array).strides[axis]


cdef inline void set_path(Path* path, const double** series, Py_ssize_t i) noexcept nogil:
    path.price = series[0] + i * path.bars
    path.high = series[1] + i * path.bars if series[1] != NULL else NULL
    path.low = series[2] + i * path.bars if series[2] != NULL else NULL
    path.open = series[3] + i * path.bars if series[3] != NULL else NULL


cdef inline void set_target(
    Target* target, char* nav, char* columns, Py_ssize_t step, char* rebalances,
) noexcept nogil:
    cdef Py_ssize_t k
    target.nav = nav
    target.rebalances = rebalances
    for k in range(COLUMNS):
        target.columns[k] = columns + k * step


cdef struct Job:
    # What all products of a call have in common.
    Carry carry
    Py_ssize_t start
    bint full


cdef long long product(
    const Job* job, const Plan* plan, const Path* path, double initial, double* kept, double* nav, Target* target,
) noexcept nogil:
    """One rule on one path; kept is the state that it starts from and leaves."""
    cdef Token token
    cdef Bar bar
    cdef Py_ssize_t k
    cdef long long outside = 0
    if job.start:
        memset(&token, 0, sizeof(Token))
        memset(&bar, 0, sizeof(Bar))
        token.leverage = plan.leverage
        formula.buy(&plan.rule, &token, initial, path.price[0])
        outside = no_price(path.price[0])
        if token.status == UNKNOWN:
            lose(&token)
        if job.full:
            record(&token, &bar, target, 0)
        elif nav != NULL:
            nav[0] = formula.nav_of(&token)
    else:
        for k in range(sizeof(Token) // sizeof(double)):
            (<double*> &token)[k] = kept[k]
    outside |= run(plan, &job.carry, path, &token, target, nav, job.full, job.start)
    for k in range(sizeof(Token) // sizeof(double)):
        kept[k] = (<double*> &token)[k]
    return outside


cdef struct Lanes:
    # What paths side by side hold, each number of all of them together.
    Tile tile
    double nav[LANES]
    # bar whose price has its inverse in the tile, NaN where that is not to be used
    Py_ssize_t inverted
    # whether a product is alive and nothing is pending; TRIGGERED if nothing but a trigger is at its bounds
    int plain[LANES]
    # rebalances that its token does not know of: tokens lie far away
    double struck[LANES]
    # prices of the bar before the first
    double first[LANES]
    # bars that rebalanced all that were alive
    double rebalances
    Token tokens[LANES]
    int alone[LANES]


cdef inline void mark(Tile* tile, Py_ssize_t i, double nav) noexcept nogil:
    if nav > tile.peak[i]:
        tile.peak[i] = nav
    elif may_be_worse(nav, tile.peak[i], tile.worst[i]):
        tile.worst[i] = formula.smaller_of(tile.worst[i], nav / tile.peak[i])


cdef inline void bring_in(Lanes* lanes, const Rule* rule, Py_ssize_t i, double price) noexcept nogil:
    """A product as one by itself, as of the bar before and its price."""
    cdef Token* token = &lanes.tokens[i]
    token.cash = lanes.tile.cash[i]
    token.units = lanes.tile.units[i]
    token.reference = lanes.tile.reference[i]
    token.peak = lanes.tile.peak[i]
    token.worst = lanes.tile.worst[i]
    token.turnover = lanes.tile.turnover[i]
    token.cost = lanes.tile.cost[i]
    if token.status != WIPED_OUT:
        token.rebalances += lanes.rebalances
    token.rebalances += lanes.struck[i]
    lanes.struck[i] = 0.0
    token.price = price
    if token.status == ALIVE:
        formula.set_bounds(rule, token)


cdef inline int plain_of(const Token* token) noexcept nogil:
    if token.low != formula.larger_of(token.trigger_low, LEAST):
        return PLAIN
    return TRIGGERED if token.high == formula.smaller_of(token.trigger_high, MOST) else PLAIN


cdef inline void put_back(Lanes* lanes, Py_ssize_t i) noexcept nogil:
    cdef Token* token = &lanes.tokens[i]
    lanes.tile.cash[i] = token.cash
    lanes.tile.units[i] = token.units
    lanes.tile.reference[i] = token.reference
    lanes.tile.peak[i] = token.peak
    lanes.tile.worst[i] = token.worst
    lanes.tile.turnover[i] = token.turnover
    lanes.tile.cost[i] = token.cost
    lanes.nav[i] = NAN if token.status == UNKNOWN else formula.nav_of(token)
    # pieces of a rebalance want a look at every bar
    lanes.tile.low[i] = INFINITY if token.goal == token.goal else token.low
    lanes.tile.high[i] = token.high
    lanes.plain[i] = 0
    if token.status == ALIVE and token.pending == 0.0 and token.goal != token.goal:
        lanes.plain[i] = plain_of(token)
    if token.status != WIPED_OUT:
        token.rebalances -= lanes.rebalances


cdef inline long long is_anything(const Lanes* lanes, const double* price, Py_ssize_t width) noexcept nogil:
    """Whether something happens at a bar, to any of the products."""
    cdef Py_ssize_t i
    cdef long long found = 0
    for i in range(width):
        found |= 0 if (price[i] > lanes.tile.low[i]) & (price[i] < lanes.tile.high[i]) else 1
    return found


cdef inline long long drift(Lanes* lanes, const double* price, Py_ssize_t width) noexcept nogil:
    """The NAV at a bar at which nothing happens, and whether that is so."""
    cdef Py_ssize_t i
    cdef double p
    cdef long long found = 0
    for i in range(width):
        p = price[i]
        lanes.nav[i] = lanes.tile.cash[i] + lanes.tile.units[i] * p
        found |= 0 if (p > lanes.tile.low[i]) & (p < lanes.tile.high[i]) else 1
    return found


cdef inline void turn(
    Lanes* lanes, const double* price, Py_ssize_t width, double leverage, double buying, double selling, bint costly,
) noexcept nogil:
    """A bar at which all are rebalanced to the target; costly is a constant of the caller."""
    cdef Py_ssize_t i
    cdef double p, nav, exposure, held, after, rate
    cdef bint gone
    for i in range(width):
        p = price[i]
        exposure = lanes.tile.units[i] * p
        nav = lanes.tile.cash[i] + exposure
        # wiped out
        gone = (lanes.tile.cash[i] == 0.0) & (lanes.tile.units[i] == 0.0)
        after = nav
        if costly:
            rate = buying if leverage * nav > exposure else -selling
            after = (nav + rate * exposure) / (1.0 + rate * leverage)
            after = nav if leverage * nav == exposure else after
            lanes.tile.cost[i] += nav - after
        held = leverage * after
        lanes.tile.turnover[i] += formula.larger_of(held - exposure, exposure - held)
        lanes.tile.cash[i] = after - held
        # those that are not ordinary are taken alone
        lanes.tile.units[i] = held * (1.0 / p)
        lanes.nav[i] = lanes.tile.cash[i] + lanes.tile.units[i] * p
        lanes.tile.reference[i] = lanes.tile.reference[i] if gone else p
        lanes.tile.low[i] = LEAST if gone else formula.larger_of(p * lanes.tile.lower, LEAST)
        lanes.tile.high[i] = MOST if gone else formula.smaller_of(p * lanes.tile.higher, MOST)


cdef inline void watermarks(Lanes* lanes, const double* navs, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t i
    cdef double nav, peak
    for i in range(width):
        nav = navs[i]
        peak = formula.larger_of(lanes.tile.peak[i], nav)
        lanes.tile.peak[i] = peak
        lanes.tile.worst[i] = formula.smaller_of(lanes.tile.worst[i], nav / peak)


cdef inline void square(double* squares, const double* price, const double* before, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t i
    cdef double move
    cdef long long odd = 0
    for i in range(width):
        odd |= 0 if (before[i] > formula.SMALL) & (before[i] < formula.LARGE) else 1
        move = (price[i] - before[i]) * (1.0 / before[i])
        squares[i] = move * move
    if odd:
        for i in range(width):
            squares[i] = square_of(price[i], before[i])


cdef long long enter(
    Lanes* lanes, const Job* job, const Plan* plan, const double* price, Py_ssize_t width, const double* initial,
    const double* kept, Py_ssize_t size,
) noexcept nogil:
    cdef Py_ssize_t i, k
    cdef long long outside = 0
    lanes.rebalances = 0.0
    lanes.inverted = -2
    memset(lanes.struck, 0, sizeof(lanes.struck))
    lanes.tile.leverage = plan.leverage
    lanes.tile.buying = plan.rule.buying
    lanes.tile.selling = plan.rule.selling
    memset(lanes.tile.variance, 0, sizeof(lanes.tile.variance))
    bounds_of_target(plan, &lanes.tile.lower, &lanes.tile.higher)
    for i in range(width):
        if job.start:
            memset(&lanes.tokens[i], 0, sizeof(Token))
            lanes.tokens[i].leverage = plan.leverage
            formula.buy(&plan.rule, &lanes.tokens[i], initial[i], price[i])
            outside |= no_price(price[i])
            if lanes.tokens[i].status == UNKNOWN:
                lose(&lanes.tokens[i])
        else:
            for k in range(sizeof(Token) // sizeof(double)):
                (<double*> &lanes.tokens[i])[k] = kept[i * size + k]
        lanes.first[i] = lanes.tokens[i].price
        put_back(lanes, i)
    return outside


cdef void leave(
    Lanes* lanes, const Rule* rule, const double* last, Py_ssize_t width, double* kept, Py_ssize_t size, bint summary,
) noexcept nogil:
    cdef Py_ssize_t i, k
    for i in range(width):
        bring_in(lanes, rule, i, last[i])
        for k in range(sizeof(Token) // sizeof(double)):
            kept[i * size + k] = (<double*> &lanes.tokens[i])[k]
        if summary:
            kept[i * size + size - 3] += lanes.tile.variance[i]


cdef long long look(
    Lanes* lanes, const Job* job, const Plan* plan, Path* path, const double* price, const double* before,
    Py_ssize_t width, Py_ssize_t t, bint everyone, Py_ssize_t* count,
) noexcept nogil:
    """Work out by themselves the products to which something happens."""
    cdef Py_ssize_t begin = 0, end, i
    cdef long long found, outside = 0
    cdef Bar bar
    while begin < width:
        end = min(begin + LOOK, width)
        found = 1 if everyone else 0
        for i in range(begin, end):
            found |= 0 if (price[i] > lanes.tile.low[i]) & (price[i] < lanes.tile.high[i]) else 1
        if found:
            for i in range(begin, end):
                if everyone or not (price[i] > lanes.tile.low[i] and price[i] < lanes.tile.high[i]):
                    bring_in(lanes, &plan.rule, i, before[i])
                    path.price = price + i - t * path.stride
                    outside |= step(plan, &job.carry, path, &lanes.tokens[i], &bar, t)
                    lanes.alone[count[0]] = <int> i
                    count[0] += 1
        begin = end
    return outside


cdef inline bint strike(
    Lanes* lanes, const Plan* plan, Py_ssize_t i, double price, double before, double number,
) noexcept nogil:
    """A bar of a product at which triggers alone can happen; false, and nothing done, if it is not so simple."""
    cdef const Rule* rule = &plan.rule
    cdef Tile* tile = &lanes.tile
    cdef Token token
    cdef Bar bar
    cdef double nav
    if lanes.plain[i] == 0 or not formula.is_ordinary(price):
        return False
    bar.trade = bar.turnover = bar.rebalances = bar.gain = bar.cost = bar.fee = bar.carry = 0.0
    token.cash = tile.cash[i]
    token.units = tile.units[i]
    token.reference = tile.reference[i]
    token.leverage = plan.leverage
    token.goal = NAN
    token.status = ALIVE
    if lanes.plain[i] == TRIGGERED and rule.fill == AT_CLOSE:
        token.price = price
        if not formula.nav_of(&token) > 0.0:
            return False
        formula.rebalance(rule, &token, &bar, number)
    else:
        token.price = before
        formula.set_bounds(rule, &token)
        if formula.walk(rule, &token, &bar, price, number):
            formula.rebalance(rule, &token, &bar, number)
    nav = formula.nav_of(&token)
    if token.status != ALIVE or token.goal == token.goal or not nav - nav == 0.0:
        return False
    tile.cash[i] = token.cash
    tile.units[i] = token.units
    tile.reference[i] = token.reference
    tile.low[i] = token.low
    tile.high[i] = token.high
    tile.turnover[i] += bar.turnover
    tile.cost[i] += bar.cost
    lanes.plain[i] = plain_of(&token)
    lanes.nav[i] = nav
    lanes.struck[i] += bar.rebalances
    if bar.fee != 0.0:
        lanes.tokens[i].fee += bar.fee
    return True


cdef long long mend(
    Lanes* lanes, const Job* job, const Plan* plan, Path* path, bint simple, bint clock, const char* source,
    Py_ssize_t time_stride, Py_ssize_t begin, Py_ssize_t i, bint summary,
) noexcept nogil:
    """One product of a tile, bar by bar; simple: triggers alone happen between the bars of the clock."""
    cdef Py_ssize_t k = 0, t
    cdef Tile* tile = &lanes.tile
    cdef const char* here = source + begin * time_stride + i * <Py_ssize_t> sizeof(double)
    cdef double price, nav, number, before = lanes.first[i]
    cdef long long outside = 0
    cdef Bar bar
    if not clock:
        # until something happens what the tile came to stands
        while k < ROWS:
            price = (<const double*> (here + k * time_stride))[0]
            if not (price > tile.low[i] and price < tile.high[i]):
                break
            k += 1
    if summary:
        for t in range(k):
            mark(tile, i, tile.navs[t][i])
    if begin + k > 0:
        before = (<const double*> (here + (k - 1) * time_stride))[0]
    while k < ROWS:
        price = (<const double*> (here + k * time_stride))[0]
        if not clock and price > tile.low[i] and price < tile.high[i]:
            nav = tile.cash[i] + tile.units[i] * price
        else:
            number = <double> (path.first + begin + k)
            if clock or not simple or not strike(lanes, plan, i, price, before, number):
                bring_in(lanes, &plan.rule, i, before)
                path.price = <const double*> source + i
                outside |= step(plan, &job.carry, path, &lanes.tokens[i], &bar, begin + k)
                put_back(lanes, i)
            nav = lanes.nav[i]
        tile.navs[k][i] = nav
        if summary:
            mark(tile, i, nav)
        before = price
        k += 1
    if clock and lanes.tokens[i].status != WIPED_OUT:
        # the tile is going to be counted for all
        lanes.tokens[i].rebalances -= ROWS
    return outside


cdef double squares_of(
    const Lanes* lanes, const char* source, Py_ssize_t time_stride, Py_ssize_t begin, Py_ssize_t i,
) noexcept nogil:
    """Of one product in a tile."""
    cdef Py_ssize_t k
    cdef const char* here = source + begin * time_stride + i * <Py_ssize_t> sizeof(double)
    cdef double before = (<const double*> (here - time_stride))[0] if begin > 0 else lanes.first[i], price
    cdef double squares[ROWS]
    for k in range(ROWS):
        price = (<const double*> (here + k * time_stride))[0]
        squares[k] = square_of(price, before)
        before = price
    return sum_of(squares, 1)


cdef bint take(
    Lanes* lanes, const Job* job, const Plan* plan, Path* path, bint together, const char* source,
    Py_ssize_t time_stride, Py_ssize_t ahead, Py_ssize_t begin, Py_ssize_t event, bint summary, Flow* flow,
    long long* outside,
) noexcept nogil:
    """A whole tile of ROWS bars of LANES paths, all with a clock or all without; false if it is neither."""
    cdef Py_ssize_t i, k, word, count = 0
    cdef const char* here = source + begin * time_stride
    cdef const double* before = <const double*> (here - time_stride) if begin > 0 else lanes.first
    cdef Tile* tile = &lanes.tile
    cdef Prices prices
    cdef bint simple, clock
    cdef unsigned long long rest
    while event + count < plan.count and plan.events[event + count] < begin + ROWS:
        if not together or plan.due[plan.events[event + count]] != CLOCK:
            return False
        count += 1
    if count != 0 and count != ROWS:
        return False
    clock = count == ROWS
    simple = together and plan.rule.fill != AT_OPEN
    if summary and lanes.inverted != begin - 1:
        for i in range(LANES):
            tile.inverse[i] = 1.0 / before[i] if (before[i] > LEAST) & (before[i] < MOST) else NAN
    lanes.inverted = begin + ROWS - 1
    prices.source = here
    prices.stride = time_stride
    prices.ahead = ahead
    if clock and summary:
        turn_totals(tile, before, &prices)
    elif clock:
        turn_navs(tile, &prices, flow)
    elif summary:
        drift_totals(tile, before, &prices)
    else:
        drift_navs(tile, &prices, flow)
    for word in range(LANES // 64):
        rest = tile.bars[word]
        while rest:
            outside[0] |= mend(
                lanes, job, plan, path, simple, clock, source, time_stride, begin, word * 64 + lowest_bit(rest),
                summary)
            rest &= rest - 1
        rest = tile.returns[word]
        while rest:
            i = word * 64 + lowest_bit(rest)
            tile.variance[i] += squares_of(lanes, source, time_stride, begin, i)
            rest &= rest - 1
        rest = tile.marks[word]
        while rest:
            i = word * 64 + lowest_bit(rest)
            for k in range(ROWS):
                mark(tile, i, tile.navs[k][i])
            rest &= rest - 1
    if clock:
        lanes.rebalances += ROWS
    return True


cdef inline void put_row(
    const double* row, Py_ssize_t width, char* nav, Py_ssize_t nav_path, bint large,
) noexcept nogil:
    cdef Py_ssize_t i
    if nav_path != sizeof(double):
        for i in range(width):
            (<double*> (nav + i * nav_path))[0] = row[i]
    elif large:
        stream(<double*> nav, row, width)
    else:
        memcpy(nav, row, width * sizeof(double))


cdef long long rows(
    Lanes* lanes, const Job* job, const Plan* plan, Path* path, bint together, const char* source,
    Py_ssize_t time_stride, Py_ssize_t ahead, Py_ssize_t width, Py_ssize_t begin, Py_ssize_t end, Py_ssize_t event,
    char* nav, Py_ssize_t nav_path, Py_ssize_t nav_time, bint large, Flow* flow,
) noexcept nogil:
    """Some bars of a block of paths."""
    cdef const Rule* rule = &plan.rule
    cdef const double* price
    cdef const double* before
    cdef double squares[ROWS][LANES]
    cdef Py_ssize_t t, k, i, count
    cdef bint due, everyone
    cdef bint costly = rule.buying != 0.0 or rule.selling != 0.0
    cdef long long outside = 0
    if width == LANES and end - begin == ROWS and begin >= job.start:
        if take(
            lanes, job, plan, path, together, source, time_stride, ahead, begin, event, nav == NULL, flow, &outside
        ):
            if nav != NULL and nav_path == sizeof(double):
                flow_begin(flow, lanes.tile.navs, nav + begin * nav_time, nav_time, large)
            elif nav != NULL:
                for k in range(ROWS):
                    put_row(lanes.tile.navs[k], LANES, nav + (begin + k) * nav_time, nav_path, large)
            return outside
    if nav == NULL:
        memset(squares, 0, sizeof(squares))
    for t in range(begin, end):
        price = <const double*> (source + t * time_stride)
        if t >= job.start:
            before = <const double*> (source + (t - 1) * time_stride) if t > 0 else lanes.first
            while event < plan.count and plan.events[event] < t:
                event += 1
            due = event < plan.count and plan.events[event] == t
            everyone = due and not (together and plan.due[t] == CLOCK)
            count = 0
            if everyone or (is_anything(lanes, price, width) if due else drift(lanes, price, width)):
                outside |= look(lanes, job, plan, path, price, before, width, t, everyone, &count)
            if due and not everyone:
                if costly:
                    turn(lanes, price, width, plan.leverage, rule.buying, rule.selling, True)
                else:
                    turn(lanes, price, width, plan.leverage, 0.0, 0.0, False)
                lanes.rebalances += 1.0
            for k in range(count):
                put_back(lanes, lanes.alone[k])
            if nav == NULL:
                watermarks(lanes, lanes.nav, width)
                square(squares[t - begin], price, before, width)
        if nav != NULL:
            put_row(lanes.nav, width, nav + t * nav_time, nav_path, large)
    if nav == NULL:
        for i in range(width):
            lanes.tile.variance[i] += sum_of(&squares[0][i], LANES)
    return outside


cdef long long across(
    Lanes* strip, const Job* job, const Plan* plan, const char* source, Py_ssize_t time_stride, Py_ssize_t width,
    Py_ssize_t bars, Py_ssize_t number, const double* initial, double* kept, Py_ssize_t size, char* nav,
    Py_ssize_t nav_path, Py_ssize_t nav_time, bint large,
) noexcept nogil:
    """A strip of paths that lie side by side."""
    cdef Path path
    cdef Py_ssize_t t = 0, block, first, ahead, event = 0, blocks = (width + LANES - 1) // LANES
    # of two tiles in a row one is on its way to the result
    cdef double navs[2][ROWS][LANES]
    cdef int turn = 0
    cdef Flow flow
    cdef bint together = turns_all(plan, &job.carry)
    cdef long long outside = 0
    flow.way = 0
    memset(&path, 0, sizeof(Path))
    path.stride = time_stride // <Py_ssize_t> sizeof(double)
    path.bars = bars
    path.first = number
    for block in range(blocks):
        first = block * LANES
        outside |= enter(
            &strip[block], job, plan, <const double*> source + first, min(<Py_ssize_t> LANES, width - first),
            initial + first, kept + first * size, size)
    while t < bars:
        while event < plan.count and plan.events[event] < t:
            event += 1
        for block in range(blocks):
            first = block * LANES
            ahead = LANES * <Py_ssize_t> sizeof(double)
            if block == blocks - 1:
                # the first block of the next bars
                ahead = ROWS * time_stride - first * <Py_ssize_t> sizeof(double)
            strip[block].tile.navs = navs[turn]
            outside |= rows(
                &strip[block], job, plan, &path, together, source + first * <Py_ssize_t> sizeof(double), time_stride,
                ahead, min(<Py_ssize_t> LANES, width - first), t, min(t + ROWS, bars), event,
                NULL if nav == NULL else nav + first * nav_path, nav_path, nav_time, large, &flow)
            if flow.way != 0 and flow.navs == navs[turn]:
                turn = 1 - turn
        t += ROWS
    flow_out(&flow)
    for block in range(blocks):
        first = block * LANES
        leave(
            &strip[block], &plan.rule, <const double*> (source + (bars - 1) * time_stride) + first,
            min(<Py_ssize_t> LANES, width - first), kept + first * size, size, nav == NULL)
    return outside


def simulate(price, high, low, open, carry, plans, initial, state, first, begin, nav, columns, rebalances):
    """Run every plan on every path.

    price, high, low, open: (paths, bars) float64 of any strides; the last three may be None. carry: financing,
    funding, dividend, each (bars,) or None. plans: for each rule a tuple of its RULE_SIZE numbers, leverage, stream
    fee, clock fee, spread, target, due (uint8), each (bars,) or None, and the bars of events (int64). initial:
    (paths,). state: (rules, paths, STATE_SIZE), read where begin is 0, and written. first: number of the first bar.
    begin: 1 where the product is bought at bar 0, else 0. nav: (rules, paths, bars), None for reductions only; columns:
    (COLUMNS, rules, paths, bars) and rebalances (rules, paths, bars), None but for the full record. Returns whether a
    price was none.
    """
    cdef Py_ssize_t paths = price.shape[0], bars = price.shape[1], rules = len(plans), blocks = bars // BLOCK
    cdef Py_ssize_t group, width, r, i, k, size = sizeof(Token) // sizeof(double) + 3
    cdef bint summary = nav is None, direct = False, large = False
    # a path that is looked at in more ways than one is brought together first
    cdef bint side_by_side = (
        columns is None and high is None and open is None and paths > 1
        and stride(price, 0) == sizeof(double) and stride(price, 1) != sizeof(double)
    )
    cdef Plan* plan
    cdef double* memory = NULL
    cdef double* result = NULL
    cdef Lanes* strip = NULL
    cdef double* kept
    cdef const double* starts = doubles(initial)
    cdef double* states = <double*> doubles(state)
    cdef char* sources[SERIES]
    cdef Py_ssize_t path_strides[SERIES]
    cdef Py_ssize_t time_strides[SERIES]
    cdef const double* series[SERIES]
    cdef char* nav_data = <char*> doubles(nav)
    cdef char* column_data = <char*> doubles(columns)
    cdef char* rebalance_data = <char*> doubles(rebalances)
    cdef Py_ssize_t nav_strides[3]
    cdef Py_ssize_t column_strides[4]
    cdef Py_ssize_t rebalance_strides[3]
    cdef Job job
    cdef Path path
    cdef Target target
    cdef double variance = 0.0
    cdef long long outside = 0
    cdef Status status
    memset(&target, 0, sizeof(target))
    memset(nav_strides, 0, sizeof(nav_strides))
    for k, array in enumerate((price, high, low, open)):
        sources[k] = <char*> doubles(array)
        path_strides[k] = 0 if array is None else stride(array, 0)
        time_strides[k] = 0 if array is None else stride(array, 1)
    if nav is not None:
        for k in range(3):
            nav_strides[k] = stride(nav, k)
        direct = nav_strides[2] == sizeof(double)
        large = rules * paths * bars * <Py_ssize_t> sizeof(double) > STREAM_FROM
        target.nav_stride = nav_strides[2]
    if columns is not None:
        for k in range(4):
            column_strides[k] = stride(columns, k)
        for k in range(3):
            rebalance_strides[k] = stride(rebalances, k)
        target.column_stride = column_strides[3]
        target.rebalances_stride = rebalance_strides[2]
    job.carry.financing, job.carry.funding, job.carry.dividend = doubles(carry[0]), doubles(carry[1]), doubles(carry[2])
    job.start = begin
    job.full = columns is not None
    path.stride = 1
    path.bars = bars
    path.first = first
    plan = <Plan*> malloc(max(rules, 1) * sizeof(Plan))
    if side_by_side:
        strip = <Lanes*> malloc(min(<Py_ssize_t> STRIP, (paths + LANES - 1) // LANES) * sizeof(Lanes))
    else:
        memory = <double*> malloc(((SERIES + 1) * GROUP * bars + 4 * blocks + 1) * sizeof(double))
    if plan == NULL or (memory == NULL and strip == NULL):
        free(plan)
        free(memory)
        free(strip)
        raise MemoryError
    for r in range(rules):
        numbers, leverage, stream_fee, clock_fee, spread, changes, due, events = plans[r]
        for k in range(sizeof(Rule) // sizeof(double)):
            (<double*> &plan[r].rule)[k] = numbers[k]
        plan[r].leverage = leverage
        plan[r].stream_fee = doubles(stream_fee)
        plan[r].clock_fee = doubles(clock_fee)
        plan[r].spread = doubles(spread)
        plan[r].target = doubles(changes)
        plan[r].due = <const unsigned char*> doubles(due)
        plan[r].events = <const long long*> doubles(events)
        plan[r].count = len(events)
    with nogil:
        status = status_save()
        group = 0
        if side_by_side and bars > 0:
            while group < paths:
                width = min(<Py_ssize_t> (STRIP * LANES), paths - group)
                for r in range(rules):
                    outside |= across(
                        strip, &job, &plan[r], sources[0] + group * path_strides[0], time_strides[0], width, bars,
                        path.first, starts + group, states + (r * paths + group) * size, size,
                        NULL if summary else nav_data + r * nav_strides[0] + group * nav_strides[1], nav_strides[1],
                        nav_strides[2], large)
                group += STRIP * LANES
            if large:
                stream_end()
        if memory != NULL:
            result = memory + SERIES * GROUP * bars
            path.block_low = result + GROUP * bars
            path.block_high = path.block_low + blocks
            path.block_lowest = path.block_high + blocks
            path.block_highest = path.block_lowest + blocks
        while group < paths and bars > 0:
            width = min(<Py_ssize_t> GROUP, paths - group)
            for k in range(SERIES):
                series[k] = <const double*> (sources[k] + group * path_strides[k])
                if sources[k] == NULL:
                    series[k] = NULL
                elif time_strides[k] != sizeof(double) or (
                    width > 1 and path_strides[k] != bars * <Py_ssize_t> sizeof(double)
                ):
                    copy_in(
                        memory + k * GROUP * bars, sources[k] + group * path_strides[k], path_strides[k],
                        time_strides[k], width, bars)
                    series[k] = memory + k * GROUP * bars
            if summary:
                for i in range(width):
                    set_path(&path, series, i)
                    blocks_of(path.price, path.block_low, path.block_high, bars, False)
                    if path.low != NULL:
                        blocks_of(path.low, path.block_lowest, path.block_highest, bars, False)
                        blocks_of(path.high, path.block_lowest, path.block_highest, bars, True)
                    for r in range(rules):
                        kept = states + (r * paths + group + i) * size
                        if r == 0:
                            variance = variance_of(
                                path.price, path.price[0] if job.start else kept[PRICE], job.start, bars)
                        kept[size - 3] = variance if job.start else kept[size - 3] + variance
                        outside |= product(&job, &plan[r], &path, starts[group + i], kept, NULL, &target)
            else:
                for r in range(rules):
                    for i in range(width):
                        set_path(&path, series, i)
                        kept = states + (r * paths + group + i) * size
                        if job.full:
                            set_target(
                                &target, nav_data + r * nav_strides[0] + (group + i) * nav_strides[1],
                                column_data + r * column_strides[1] + (group + i) * column_strides[2],
                                column_strides[0],
                                rebalance_data + r * rebalance_strides[0] + (group + i) * rebalance_strides[1])
                        outside |= product(
                            &job, &plan[r], &path, starts[group + i], kept,
                            <double*> (nav_data + r * nav_strides[0] + (group + i) * nav_strides[1]) if direct
                            else result + i * bars,
                            &target)
                    if not direct and not job.full:
                        copy_out(
                            nav_data + r * nav_strides[0] + group * nav_strides[1], result, nav_strides[1],
                            nav_strides[2], width, bars)
            group += GROUP
        status_restore(status)
        free(plan)
        free(memory)
        free(strip)
    return bool(outside)
