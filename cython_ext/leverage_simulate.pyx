"""Loop of leveraged tokens.

Prices of a path are scanned between two constants; only the bars at which something happens are worked out one by one.
Paths whose bars do not lie side by side are brought together GROUP at a time.
"""

cimport numpy as cnp
from libc.stdlib cimport free, malloc
from libc.string cimport memset

cimport shortgamma.kernels.leverage_simulate as formula
from shortgamma.kernels.blocks cimport Status, no_price, status_restore, status_save
from shortgamma.kernels.leverage_simulate cimport (
    ALIVE, AT_OPEN, CHANGE, CLOCK, UNKNOWN, WIPED_OUT, Bar, Rule, Token,
)
from shortgamma.kernels.vecmath cimport INFINITY, NAN

cnp.import_array()

cdef enum:
    GROUP = 8
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
    elif nav < token.worst * token.peak:
        token.worst = nav / token.peak


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
                    if least < token.worst * token.peak:
                        token.worst = least / token.peak
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
    cdef double price = path.price[t], first, second, fee, charge, number = <double> (path.first + t)
    cdef bint wanted = False, moved = False, opened
    cdef long long outside
    memset(bar, 0, sizeof(Bar))
    if token.status == UNKNOWN:
        return no_price(price)
    outside = no_price(price)
    opened = token.pending != 0.0 and token.status == ALIVE
    if opened:
        outside |= no_price(path.open[t])
    if rule.extremes != 0.0:
        outside |= no_price(path.high[t]) | no_price(path.low[t])
    if not is_price(price) or (opened and not is_price(path.open[t])) or (
        rule.extremes != 0.0 and not (is_price(path.high[t]) and is_price(path.low[t]))
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
        formula.go(token, bar, path.open[t])
        formula.check(token, bar, number)
        formula.rebalance(rule, token, bar, number)
    if rule.extremes != 0.0:
        # the worst comes first
        first = path.low[t] if token.units > 0.0 else path.high[t]
        second = path.high[t] if token.units > 0.0 else path.low[t]
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


cdef long long run(
    const Plan* plan, const Carry* carry, const Path* path, Token* token, const Target* target, double* nav,
    bint full, Py_ssize_t begin,
) noexcept nogil:
    """All bars of one product; nav is its path in memory of its own, or NULL where none is wanted."""
    cdef Py_ssize_t t = begin, event = 0, stop, reached
    cdef bint extremes = plan.rule.extremes != 0.0
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


cdef double variance_of(const double* price, double before, Py_ssize_t begin, Py_ssize_t bars) noexcept nogil:
    """Sum of squared returns."""
    cdef double lanes[GROUP]
    cdef double move, total = 0.0
    cdef Py_ssize_t t = begin, k
    memset(lanes, 0, sizeof(lanes))
    if t < bars:
        move = price[t] / before - 1.0
        total = move * move
        t += 1
    while t + GROUP <= bars:
        for k in range(GROUP):
            move = price[t + k] / price[t + k - 1] - 1.0
            lanes[k] += move * move
        t += GROUP
    while t < bars:
        move = price[t] / price[t - 1] - 1.0
        total += move * move
        t += 1
    for k in range(GROUP):
        total += lanes[k]
    return total


cdef void blocks_of(const double* source, double* low, double* high, Py_ssize_t bars, bint more) noexcept nogil:
    """Lowest and highest of each whole block, or of what is there and these; what is no price makes the lowest 0."""
    cdef Py_ssize_t block, k, i
    cdef double least, most, p
    cdef double lows[GROUP]
    cdef double highs[GROUP]
    for block in range(bars // BLOCK):
        for i in range(GROUP):
            lows[i] = INFINITY
            highs[i] = 0.0
        for k in range(BLOCK // GROUP):
            for i in range(GROUP):
                p = source[block * BLOCK + k * GROUP + i]
                p = p if (p > 0.0) & (p < INFINITY) else 0.0
                lows[i] = p if p < lows[i] else lows[i]
                highs[i] = p if p > highs[i] else highs[i]
        least = low[block] if more else lows[0]
        most = high[block] if more else highs[0]
        for i in range(GROUP):
            least = formula.smaller_of(least, lows[i])
            most = formula.larger_of(most, highs[i])
        low[block] = least
        high[block] = most


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


def simulate(price, high, low, open, carry, plans, initial, state, first, begin, nav, columns, rebalances):
    """Run every plan on every path.

    price, high, low, open: (paths, bars) float64 of any strides; the last three may be None. carry: financing,
    funding, dividend, each (bars,) or None. plans: for each rule a tuple of its RULE_SIZE numbers, leverage, stream
    fee, clock fee, spread, target, due (uint8), each (bars,) or None, and the bars of events (int64). initial:
    (paths,). state: (rules, paths, STATE_SIZE), read where begin is 0, and written. first: number of the first bar.
    begin: 1 where the product is bought at bar 0, else 0.
    nav: (rules, paths, bars), None for reductions only; columns: (COLUMNS,
    rules, paths, bars) and rebalances (rules, paths, bars), None but for the full record. Returns whether a price was
    none.
    """
    cdef Py_ssize_t paths = price.shape[0], bars = price.shape[1], rules = len(plans), blocks = bars // BLOCK
    cdef Py_ssize_t group, width, r, i, k, size = sizeof(Token) // sizeof(double) + 3
    cdef bint summary = nav is None, direct = False
    cdef Plan* plan
    cdef double* memory
    cdef double* result
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
    for k, array in enumerate((price, high, low, open)):
        sources[k] = <char*> doubles(array)
        path_strides[k] = 0 if array is None else stride(array, 0)
        time_strides[k] = 0 if array is None else stride(array, 1)
    if nav is not None:
        for k in range(3):
            nav_strides[k] = stride(nav, k)
        direct = nav_strides[2] == sizeof(double)
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
    path.bars = bars
    path.first = first
    plan = <Plan*> malloc(max(rules, 1) * sizeof(Plan))
    memory = <double*> malloc(((SERIES + 1) * GROUP * bars + 4 * blocks + 1) * sizeof(double))
    if plan == NULL or memory == NULL:
        free(plan)
        free(memory)
        raise MemoryError
    result = memory + SERIES * GROUP * bars
    path.block_low = result + GROUP * bars
    path.block_high = path.block_low + blocks
    path.block_lowest = path.block_high + blocks
    path.block_highest = path.block_lowest + blocks
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
    return bool(outside)
