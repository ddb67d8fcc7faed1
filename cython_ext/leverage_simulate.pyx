"""Loop of leveraged tokens.

Prices of a path are scanned between two constants; only the bars at which something happens are worked out one by one.
Paths whose bars do not lie side by side are brought together GROUP at a time.
"""

cimport numpy as cnp
from libc.stdlib cimport free, malloc
from libc.string cimport memcpy, memset

cimport shortgamma.kernels.leverage_simulate as formula
from shortgamma.kernels.blocks cimport Status, no_price, status_restore, status_save
from shortgamma.kernels.leverage_simulate cimport (
    ALIVE, AT_OPEN, CHANGE, CLOCK, UNKNOWN, WIPED_OUT, Bar, Rule, Token,
)
from shortgamma.kernels.vecmath cimport INFINITY, NAN

cnp.import_array()

cdef extern from *:
    """
    #define SG_BARELY (1.0 + 0x1p-50)
    """
    double BARELY "SG_BARELY"

cdef extern from "stream.h" nogil:
    enum:
        STREAM_FROM "SG_STREAM_FROM"
    void stream "sg_stream"(double* target, const double* source, Py_ssize_t count) noexcept
    void stream_end "sg_stream_end"() noexcept

cdef enum:
    GROUP = 8
    # Paths that are taken side by side, so many blocks of them in a strip whose states stay in the cache; of each
    # block so many bars at a time, for the memory to run at speed. A hit is looked for in so many at once.
    LANES = 128
    STRIP = 8
    ROWS = 8
    LOOK = 16
    BLOCK = 64
    # price, high, low, open
    SERIES = 4
    COLUMNS = 7
    # place of the price in a token
    PRICE = 2

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


cdef inline void watermark(Token* token, double nav) noexcept nogil:
    if nav > token.peak:
        token.peak = nav
    # most bars are told apart without the division
    elif nav < token.worst * token.peak * BARELY:
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
                    if least < token.worst * token.peak * BARELY:
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
    lower[0] = token.low * (1.0 + 4.0 * formula.REACHED)
    higher[0] = token.high * (1.0 - 4.0 * formula.REACHED)


cdef inline Py_ssize_t streak(
    const Plan* plan, const Path* path, Token* token, double* navs, Py_ssize_t begin, Py_ssize_t* event, bint costly,
) noexcept nogil:
    """Bars in a row at which the clock rebalances and nothing else happens; where they end.

    costly is a constant of the caller. The operations are those of the bars by themselves.
    """
    cdef double leverage = plan.leverage, buying = plan.rule.buying, selling = plan.rule.selling
    cdef double cash = token.cash, units = token.units, turnover = token.turnover, cost = token.cost
    cdef double low = token.low, high = token.high, lower, higher, p, nav, exposure, after, held, rate
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
            cost += nav - after
        held = leverage * after
        turnover += formula.larger_of(held - exposure, exposure - held)
        cash = after - held
        units = held / p
        low = p * lower
        high = p * higher
        if navs != NULL:
            navs[t] = cash + units * p
        else:
            watermark(token, cash + units * p)
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
    cdef double move = price / before - 1.0
    return move * move


cdef double variance_of(const double* price, double before, Py_ssize_t begin, Py_ssize_t bars) noexcept nogil:
    """Sum of squared returns, in GROUP sums of every GROUPth bar."""
    cdef double sums[GROUP]
    cdef double squares[BLOCK]
    cdef Py_ssize_t t = begin, k, i
    memset(sums, 0, sizeof(sums))
    while t < bars and (t % GROUP != 0 or t == begin):
        sums[t % GROUP] += square_of(price[t], price[t - 1] if t > begin else before)
        t += 1
    while t + BLOCK <= bars:
        for i in range(BLOCK):
            squares[i] = square_of(price[t + i], price[t + i - 1])
        for k in range(BLOCK // GROUP):
            for i in range(GROUP):
                sums[i] += squares[k * GROUP + i]
        t += BLOCK
    while t < bars:
        sums[t % GROUP] += square_of(price[t], price[t - 1])
        t += 1
    return total_of(sums, 1)


cdef inline double total_of(const double* sums, Py_ssize_t stride) noexcept nogil:
    cdef double total = 0.0
    cdef Py_ssize_t k
    for k in range(GROUP):
        total += sums[k * stride]
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
    double cash[LANES]
    double units[LANES]
    double reference[LANES]
    double low[LANES]
    double high[LANES]
    double peak[LANES]
    double worst[LANES]
    double turnover[LANES]
    double cost[LANES]
    double nav[LANES]
    double squares[GROUP][LANES]
    # prices of the bar before the first
    double first[LANES]
    # bars that rebalanced all
    double rebalances
    # bounds over the price of a rebalance to the target
    double lower
    double higher
    Token tokens[LANES]
    int alone[LANES]


cdef inline void bring_in(Lanes* lanes, const Rule* rule, Py_ssize_t i, double price) noexcept nogil:
    """A product as one by itself, as of the bar before and its price."""
    cdef Token* token = &lanes.tokens[i]
    token.cash = lanes.cash[i]
    token.units = lanes.units[i]
    token.reference = lanes.reference[i]
    token.peak = lanes.peak[i]
    token.worst = lanes.worst[i]
    token.turnover = lanes.turnover[i]
    token.cost = lanes.cost[i]
    token.rebalances += lanes.rebalances
    token.price = price
    if token.status == ALIVE:
        formula.set_bounds(rule, token)


cdef inline void put_back(Lanes* lanes, Py_ssize_t i) noexcept nogil:
    cdef Token* token = &lanes.tokens[i]
    lanes.cash[i] = token.cash
    lanes.units[i] = token.units
    lanes.reference[i] = token.reference
    lanes.peak[i] = token.peak
    lanes.worst[i] = token.worst
    lanes.turnover[i] = token.turnover
    lanes.cost[i] = token.cost
    lanes.nav[i] = NAN if token.status == UNKNOWN else formula.nav_of(token)
    # pieces of a rebalance want a look at every bar
    lanes.low[i] = INFINITY if token.goal == token.goal else token.low
    lanes.high[i] = token.high
    token.rebalances -= lanes.rebalances


cdef inline long long is_anything(const Lanes* lanes, const double* price, Py_ssize_t width) noexcept nogil:
    """Whether something happens at a bar, to any of the products."""
    cdef Py_ssize_t i
    cdef long long found = 0
    for i in range(width):
        found |= 0 if (price[i] > lanes.low[i]) & (price[i] < lanes.high[i]) else 1
    return found


cdef inline long long drift(Lanes* lanes, const double* price, Py_ssize_t width) noexcept nogil:
    """The NAV at a bar at which nothing happens, and whether that is so."""
    cdef Py_ssize_t i
    cdef double p
    cdef long long found = 0
    for i in range(width):
        p = price[i]
        lanes.nav[i] = lanes.cash[i] + lanes.units[i] * p
        found |= 0 if (p > lanes.low[i]) & (p < lanes.high[i]) else 1
    return found


cdef inline void turn(
    Lanes* lanes, const double* price, Py_ssize_t width, double leverage, double buying, double selling, bint costly,
) noexcept nogil:
    """A bar at which all are rebalanced to the target; costly is a constant of the caller."""
    cdef Py_ssize_t i
    cdef double p, nav, exposure, held, after, rate
    for i in range(width):
        p = price[i]
        exposure = lanes.units[i] * p
        nav = lanes.cash[i] + exposure
        after = nav
        if costly:
            rate = buying if leverage * nav > exposure else -selling
            after = (nav + rate * exposure) / (1.0 + rate * leverage)
            after = nav if leverage * nav == exposure else after
            lanes.cost[i] += nav - after
        held = leverage * after
        lanes.turnover[i] += formula.larger_of(held - exposure, exposure - held)
        lanes.cash[i] = after - held
        lanes.units[i] = held / p
        lanes.nav[i] = lanes.cash[i] + lanes.units[i] * p
        lanes.reference[i] = p
        lanes.low[i] = p * lanes.lower
        lanes.high[i] = p * lanes.higher


cdef inline void watermarks(Lanes* lanes, const double* navs, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t i
    cdef double nav, peak
    for i in range(width):
        nav = navs[i]
        peak = formula.larger_of(lanes.peak[i], nav)
        lanes.peak[i] = peak
        lanes.worst[i] = formula.smaller_of(lanes.worst[i], nav / peak)


cdef inline void add_squares(double* sums, const double* price, const double* before, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(width):
        sums[i] += square_of(price[i], before[i])


cdef long long enter(
    Lanes* lanes, const Job* job, const Plan* plan, const double* price, Py_ssize_t width, const double* initial,
    const double* kept, Py_ssize_t size,
) noexcept nogil:
    cdef Py_ssize_t i, k
    cdef long long outside = 0
    lanes.rebalances = 0.0
    memset(lanes.squares, 0, sizeof(lanes.squares))
    bounds_of_target(plan, &lanes.lower, &lanes.higher)
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
            kept[i * size + size - 3] += total_of(&lanes.squares[0][i], LANES)


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
            found |= 0 if (price[i] > lanes.low[i]) & (price[i] < lanes.high[i]) else 1
        if found:
            for i in range(begin, end):
                if everyone or not (price[i] > lanes.low[i] and price[i] < lanes.high[i]):
                    bring_in(lanes, &plan.rule, i, before[i])
                    path.price = price + i - t * path.stride
                    outside |= step(plan, &job.carry, path, &lanes.tokens[i], &bar, t)
                    lanes.alone[count[0]] = <int> i
                    count[0] += 1
        begin = end
    return outside


cdef inline void drift_tile(
    const Lanes* lanes, double navs[ROWS][LANES], double* hit, const char* source, Py_ssize_t stride,
) noexcept nogil:
    """The NAV of ROWS bars if nothing happens at any, and to which products something does.

    The bars are written out: each is a stream of its own for the memory, which knows streams by the instruction.
    """
    cdef const double* p0 = <const double*> source
    cdef const double* p1 = <const double*> (source + stride)
    cdef const double* p2 = <const double*> (source + 2 * stride)
    cdef const double* p3 = <const double*> (source + 3 * stride)
    cdef const double* p4 = <const double*> (source + 4 * stride)
    cdef const double* p5 = <const double*> (source + 5 * stride)
    cdef const double* p6 = <const double*> (source + 6 * stride)
    cdef const double* p7 = <const double*> (source + 7 * stride)
    cdef double cash, units, low, high
    cdef Py_ssize_t i
    cdef bint inside
    for i in range(LANES):
        cash = lanes.cash[i]
        units = lanes.units[i]
        low = lanes.low[i]
        high = lanes.high[i]
        navs[0][i] = cash + units * p0[i]
        navs[1][i] = cash + units * p1[i]
        navs[2][i] = cash + units * p2[i]
        navs[3][i] = cash + units * p3[i]
        navs[4][i] = cash + units * p4[i]
        navs[5][i] = cash + units * p5[i]
        navs[6][i] = cash + units * p6[i]
        navs[7][i] = cash + units * p7[i]
        inside = (
            (p0[i] > low) & (p0[i] < high) & (p1[i] > low) & (p1[i] < high) & (p2[i] > low) & (p2[i] < high)
            & (p3[i] > low) & (p3[i] < high) & (p4[i] > low) & (p4[i] < high) & (p5[i] > low) & (p5[i] < high)
            & (p6[i] > low) & (p6[i] < high) & (p7[i] > low) & (p7[i] < high)
        )
        hit[i] = 0.0 if inside else 1.0


cdef inline double turned(
    const double* price, const double* before, Py_ssize_t i, double leverage, double lower, double higher, double* cash,
    double* units, double* turnover, bint totals, double* inside,
) noexcept nogil:
    """One bar of one product that is rebalanced at it, at no cost; totals is a constant of the caller."""
    cdef double p = price[i], exposure = units[0] * p, nav = cash[0] + exposure, held = leverage * nav
    inside[0] = inside[0] if (p > before[i] * lower) & (p < before[i] * higher) else 0.0
    if totals:
        turnover[0] += formula.larger_of(held - exposure, exposure - held)
    cash[0] = nav - held
    units[0] = held / p
    return cash[0] + units[0] * p


cdef inline bint turn_tile(
    Lanes* lanes, double navs[ROWS][LANES], double* hit, const double* before, const char* source, Py_ssize_t stride,
    double leverage, bint totals,
) noexcept nogil:
    """ROWS bars that rebalance all at no cost; false, and nothing done, if anything else happens to any."""
    cdef const double* p0 = <const double*> source
    cdef const double* p1 = <const double*> (source + stride)
    cdef const double* p2 = <const double*> (source + 2 * stride)
    cdef const double* p3 = <const double*> (source + 3 * stride)
    cdef const double* p4 = <const double*> (source + 4 * stride)
    cdef const double* p5 = <const double*> (source + 5 * stride)
    cdef const double* p6 = <const double*> (source + 6 * stride)
    cdef const double* p7 = <const double*> (source + 7 * stride)
    cdef double cashes[LANES]
    cdef double holdings[LANES]
    cdef double turnovers[LANES]
    cdef double cash, units, turnover, inside, all_inside = 1.0, lower = lanes.lower, higher = lanes.higher
    cdef Py_ssize_t i
    for i in range(LANES):
        cash = lanes.cash[i]
        units = lanes.units[i]
        turnover = lanes.turnover[i]
        inside = 1.0 if (p0[i] > lanes.low[i]) & (p0[i] < lanes.high[i]) else 0.0
        navs[0][i] = turned(p0, before, i, leverage, 0.0, INFINITY, &cash, &units, &turnover, totals, &inside)
        navs[1][i] = turned(p1, p0, i, leverage, lower, higher, &cash, &units, &turnover, totals, &inside)
        navs[2][i] = turned(p2, p1, i, leverage, lower, higher, &cash, &units, &turnover, totals, &inside)
        navs[3][i] = turned(p3, p2, i, leverage, lower, higher, &cash, &units, &turnover, totals, &inside)
        navs[4][i] = turned(p4, p3, i, leverage, lower, higher, &cash, &units, &turnover, totals, &inside)
        navs[5][i] = turned(p5, p4, i, leverage, lower, higher, &cash, &units, &turnover, totals, &inside)
        navs[6][i] = turned(p6, p5, i, leverage, lower, higher, &cash, &units, &turnover, totals, &inside)
        navs[7][i] = turned(p7, p6, i, leverage, lower, higher, &cash, &units, &turnover, totals, &inside)
        cashes[i] = cash
        holdings[i] = units
        turnovers[i] = turnover
        hit[i] = inside
    for i in range(LANES):
        all_inside = formula.smaller_of(all_inside, hit[i])
    if all_inside == 0.0:
        return False
    memcpy(lanes.cash, cashes, sizeof(cashes))
    memcpy(lanes.units, holdings, sizeof(cashes))
    memcpy(lanes.turnover, turnovers, sizeof(cashes))
    for i in range(LANES):
        lanes.reference[i] = p7[i]
        lanes.low[i] = p7[i] * lower
        lanes.high[i] = p7[i] * higher
    lanes.rebalances += ROWS
    return True


cdef long long mend(
    Lanes* lanes, const Job* job, const Plan* plan, Path* path, const char* source, Py_ssize_t time_stride,
    Py_ssize_t begin, Py_ssize_t i, double navs[ROWS][LANES],
) noexcept nogil:
    """One product of a tile without a clock, bar by bar."""
    cdef Py_ssize_t k
    cdef double price, before
    cdef long long outside = 0
    cdef Bar bar
    for k in range(ROWS):
        price = (<const double*> (source + (begin + k) * time_stride))[i]
        if price > lanes.low[i] and price < lanes.high[i]:
            navs[k][i] = lanes.cash[i] + lanes.units[i] * price
            continue
        before = (<const double*> (source + (begin + k - 1) * time_stride))[i] if begin + k > 0 else lanes.first[i]
        bring_in(lanes, &plan.rule, i, before)
        path.price = <const double*> source + i
        outside |= step(plan, &job.carry, path, &lanes.tokens[i], &bar, begin + k)
        put_back(lanes, i)
        navs[k][i] = lanes.nav[i]
    return outside


cdef bint tile(
    Lanes* lanes, const Job* job, const Plan* plan, Path* path, bint together, const char* source,
    Py_ssize_t time_stride, Py_ssize_t begin, Py_ssize_t event, bint summary, double navs[ROWS][LANES],
    long long* outside,
) noexcept nogil:
    """A whole tile of ROWS bars of LANES paths, all with a clock or all without; false if it is neither."""
    cdef Py_ssize_t i, k, count = 0
    cdef bint costly = plan.rule.buying != 0.0 or plan.rule.selling != 0.0
    cdef const double* price
    cdef const double* before
    cdef double hit[LANES]
    before = <const double*> (source + (begin - 1) * time_stride) if begin > 0 else lanes.first
    while event + count < plan.count and plan.events[event + count] < begin + ROWS:
        count += 1
    if count == 0:
        drift_tile(lanes, navs, hit, source + begin * time_stride, time_stride)
        for i in range(LANES):
            if hit[i] != 0.0:
                outside[0] |= mend(lanes, job, plan, path, source, time_stride, begin, i, navs)
    else:
        if count != ROWS or not together or costly:
            return False
        for k in range(ROWS):
            if plan.due[begin + k] != CLOCK:
                return False
        # two copies of the loop: where no totals are kept, none are made
        if summary:
            if not turn_tile(
                lanes, navs, hit, before, source + begin * time_stride, time_stride, plan.leverage, True
            ):
                return False
        elif not turn_tile(
            lanes, navs, hit, before, source + begin * time_stride, time_stride, plan.leverage, False
        ):
            return False
    if summary:
        for k in range(ROWS):
            price = <const double*> (source + (begin + k) * time_stride)
            watermarks(lanes, navs[k], LANES)
            add_squares(lanes.squares[(begin + k) % GROUP], price, before, LANES)
            before = price
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
    Py_ssize_t time_stride, Py_ssize_t width, Py_ssize_t begin, Py_ssize_t end, Py_ssize_t event, char* nav,
    Py_ssize_t nav_path, Py_ssize_t nav_time, bint large,
) noexcept nogil:
    """Some bars of a block of paths."""
    cdef const Rule* rule = &plan.rule
    cdef const double* price
    cdef const double* before
    cdef double navs[ROWS][LANES]
    cdef Py_ssize_t t, k, count
    cdef bint due, everyone
    cdef bint costly = rule.buying != 0.0 or rule.selling != 0.0
    cdef long long outside = 0
    if width == LANES and end - begin == ROWS and begin >= job.start:
        if tile(
            lanes, job, plan, path, together, source, time_stride, begin, event, nav == NULL, navs, &outside
        ):
            for k in range(ROWS if nav != NULL else 0):
                put_row(navs[k], LANES, nav + (begin + k) * nav_time, nav_path, large)
            return outside
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
                add_squares(lanes.squares[t % GROUP], price, before, width)
        if nav != NULL:
            put_row(lanes.nav, width, nav + t * nav_time, nav_path, large)
    return outside


cdef long long across(
    Lanes* strip, const Job* job, const Plan* plan, const char* source, Py_ssize_t time_stride, Py_ssize_t width,
    Py_ssize_t bars, Py_ssize_t number, const double* initial, double* kept, Py_ssize_t size, char* nav,
    Py_ssize_t nav_path, Py_ssize_t nav_time, bint large,
) noexcept nogil:
    """A strip of paths that lie side by side."""
    cdef Path path
    cdef Py_ssize_t t = 0, block, first, event = 0, blocks = (width + LANES - 1) // LANES
    cdef bint together = turns_all(plan, &job.carry)
    cdef long long outside = 0
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
            outside |= rows(
                &strip[block], job, plan, &path, together, source + first * <Py_ssize_t> sizeof(double), time_stride,
                min(<Py_ssize_t> LANES, width - first), t, min(t + ROWS, bars), event,
                NULL if nav == NULL else nav + first * nav_path, nav_path, nav_time, large)
        t += ROWS
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
        strip = <Lanes*> malloc(STRIP * sizeof(Lanes))
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
