"""Leveraged tokens along paths of prices.

Paths that lie side by side are taken LANES at a time (_lanes.pxd), other paths one by one (_path.pxd), GROUP of them
gathered together where their bars are not adjacent in memory.
"""

cimport cython_ext._loop.numpy_api as cnp
from libc.stdlib cimport free, malloc
from libc.string cimport memset

cimport shortgamma.kernels.leverage.token as formula
from cython_ext._loop.blocks cimport Status, no_price, status_restore, status_save
from cython_ext.leverage._lanes cimport (
    LANES, LOOK, ROWS, STREAM_FROM, Flow, Lanes, Prices, Tile, clock_navs, clock_totals, drift, drift_navs,
    drift_totals, flow_begin, flow_out, is_outside, lowest_bit, mark, put_back, put_row, rebalance_all, square,
    squares_of, stream_end, strike, take_out, watermarks,
)
from cython_ext.leverage._path cimport (
    BLOCK, COLUMNS, GROUP, Carry, Job, Path, Plan, Target, blocks_of, bounds_of_target, is_inside, only_clock,
    record_bar, record_quiet, scan_blocks, scan_nav, scan_watched, streak, sum_of, variance_of, watermark,
)
from shortgamma.kernels.leverage.token cimport (
    ALIVE, AT_OPEN, CLOCK, LEAST, MOST, UNKNOWN, WIPED_OUT, Bar, Inputs, Rule, State, Token, nav_at,
)
from shortgamma.kernels.numeric.vecmath cimport NAN

cnp.import_array()

cdef enum:
    # Blocks of LANES paths in a strip, whose states stay in the cache while memory is read and written in long
    # stretches.
    STRIP = 40
    # price, high, low, open
    SERIES = 4


def _names():
    """Fields of the rule and of the state, as C has them."""
    cdef Rule rule
    cdef State state
    memset(&rule, 0, sizeof(Rule))
    memset(&state, 0, sizeof(State))
    kept = dict(state)
    return tuple(dict(rule)), (*kept.pop("token"), *kept)


RULE, STATE = _names()
TARGETS = {"constant": formula.CONSTANT, "edge": formula.EDGE, "recentred": formula.RECENTRED}
FILLS = {"trigger": formula.AT_TRIGGER, "close": formula.AT_CLOSE, "open": formula.AT_OPEN}
DUE = {"clock": formula.CLOCK, "change": formula.CHANGE, "clock at open": formula.CLOCK_AT_OPEN}
FIELDS = ("exposure", "leverage", "trade", "gain", "cost", "fee", "carry")


cdef inline double of_bar(const double* series, Py_ssize_t t) noexcept nogil:
    return series[t] if series != NULL else 0.0


cdef long long step(
    const Plan* plan, const Carry* carry, const Path* path, Token* token, Bar* bar, Py_ssize_t t,
) noexcept nogil:
    """One bar; 1 if a price is invalid."""
    cdef const Rule* rule = &plan.rule
    cdef Py_ssize_t place = t * path.stride
    cdef Inputs inputs
    cdef long long invalid
    inputs.number = <double> (path.first + t)
    inputs.price = path.price[place]
    inputs.high = of_bar(path.high, place)
    inputs.low = of_bar(path.low, place)
    inputs.open = of_bar(path.open, place)
    inputs.financing = of_bar(carry.financing, t)
    inputs.funding = of_bar(carry.funding, t)
    inputs.dividend = of_bar(carry.dividend, t)
    inputs.spread = of_bar(plan.spread, t)
    inputs.expense = of_bar(plan.expense, t)
    inputs.fee_at_open = of_bar(plan.fee_at_open, t)
    inputs.fee_at_close = of_bar(plan.fee_at_close, t)
    inputs.target = of_bar(plan.target, t)
    inputs.due = plan.due[t] if plan.due != NULL else 0
    invalid = no_price(inputs.price)
    if token.status != UNKNOWN:
        if formula.looks_at_open(rule, &inputs, token):
            invalid |= no_price(inputs.open)
        if rule.extremes != 0.0:
            invalid |= no_price(inputs.high) | no_price(inputs.low)
    formula.advance(rule, &inputs, token, bar)
    return invalid


cdef long long run(
    const Plan* plan, const Carry* carry, const Path* path, Token* token, const Target* target, double* nav,
    bint full, Py_ssize_t begin,
) noexcept nogil:
    """All bars of one product; nav is its path in memory of its own, or NULL where none is wanted."""
    cdef Py_ssize_t t = begin, event = 0, stop, reached
    cdef bint watches = plan.rule.watches != 0.0
    cdef bint clockwork = not full and not watches and plan.rule.fill != AT_OPEN and only_clock(plan, carry)
    cdef bint costly = plan.rule.buying != 0.0 or plan.rule.selling != 0.0
    cdef Bar bar
    cdef long long outside = 0
    while event < plan.count and plan.events[event] < begin:
        event += 1
    while t < path.bars:
        stop = plan.events[event] if event < plan.count else path.bars
        if token.status == UNKNOWN:
            # an invalid price is told of, whatever else is unknown
            stop = t
        elif token.pending != 0.0:
            stop = t
        elif token.goal == token.goal:
            stop = min(stop, max(t, <Py_ssize_t> (token.piece + plan.rule.cooldown) - path.first))
        if full:
            reached = t
            while reached < stop and is_inside(path, reached, token.low, token.high, watches):
                reached += 1
            record_quiet(path, token, target, t, reached)
        elif nav == NULL:
            reached = scan_blocks(path, token, watches, t, stop)
        elif watches:
            reached = t + scan_watched(
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
        if clockwork and t == stop and token.status == ALIVE and token.goal != token.goal:
            reached = streak(plan, path, token, nav, t, &event, True) if costly else streak(
                plan, path, token, nav, t, &event, False)
            if reached > t:
                t = reached
                continue
        outside |= step(plan, carry, path, token, &bar, t)
        if full:
            record_bar(token, &bar, target, t)
        elif nav != NULL:
            nav[t] = NAN if token.status == UNKNOWN else formula.nav_of(token)
        else:
            watermark(token, formula.nav_of(token))
        if event < plan.count and plan.events[event] == t:
            event += 1
        t += 1
    return outside


cdef inline void copy_in(
    double* target, const char* source, Py_ssize_t path_stride, Py_ssize_t time_stride, Py_ssize_t width,
    Py_ssize_t bars,
) noexcept nogil:
    """Bars of up to GROUP paths, each path gathered."""
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


cdef inline void set_path(Path* path, const double** series, Py_ssize_t i) noexcept nogil:
    path.price = series[0] + i * path.bars
    path.high = series[1] + i * path.bars if series[1] != NULL else NULL
    path.low = series[2] + i * path.bars if series[2] != NULL else NULL
    path.open = series[3] + i * path.bars if series[3] != NULL else NULL


cdef long long product(
    const Job* job, const Plan* plan, const Path* path, double initial, State* kept, double* nav, Target* target,
) noexcept nogil:
    """One rule on one path; kept is the state that it starts from and leaves."""
    cdef Token token
    cdef Bar bar
    cdef long long invalid = 0
    if job.start:
        memset(&bar, 0, sizeof(Bar))
        formula.buy(&plan.rule, &token, plan.leverage, initial, path.price[0])
        invalid = no_price(path.price[0])
        if token.status == UNKNOWN:
            formula.lose(&token)
        if job.full:
            record_bar(&token, &bar, target, 0)
        elif nav != NULL:
            nav[0] = formula.nav_of(&token)
    else:
        token = kept.token
    invalid |= run(plan, &job.carry, path, &token, target, nav, job.full, job.start)
    kept.token = token
    return invalid


cdef struct Strip:
    # Paths that lie side by side: bars of prices time_stride bytes apart; where their NAV goes, if anywhere.
    const Job* job
    const Plan* plan
    Path* path
    # whether nothing is due but the clock, for all alike
    bint clockwork
    const char* source
    Py_ssize_t time_stride
    Py_ssize_t width
    Py_ssize_t bars
    const double* initial
    State* kept
    char* nav
    Py_ssize_t nav_path
    Py_ssize_t nav_time
    bint large


cdef inline const double* prices_of(const Strip* strip, const Lanes* lanes, Py_ssize_t t) noexcept nogil:
    return <const double*> (strip.source + t * strip.time_stride) + lanes.place


cdef inline const double* prices_before(const Strip* strip, const Lanes* lanes, Py_ssize_t t) noexcept nogil:
    return prices_of(strip, lanes, t - 1) if t > 0 else lanes.first


cdef long long enter(Lanes* lanes, const Strip* strip) noexcept nogil:
    cdef const Plan* plan = strip.plan
    cdef const double* price = prices_of(strip, lanes, 0)
    cdef Token* token
    cdef Py_ssize_t i
    cdef long long invalid = 0
    lanes.rebalances = 0.0
    lanes.inverted = -2
    memset(lanes.struck, 0, sizeof(lanes.struck))
    lanes.tile.leverage = plan.leverage
    lanes.tile.buying = plan.rule.buying
    lanes.tile.selling = plan.rule.selling
    memset(lanes.tile.variance, 0, sizeof(lanes.tile.variance))
    bounds_of_target(plan, &lanes.tile.lower, &lanes.tile.higher)
    for i in range(lanes.width):
        token = &lanes.tokens[i]
        if strip.job.start:
            formula.buy(&plan.rule, token, plan.leverage, strip.initial[lanes.place + i], price[i])
            invalid |= no_price(price[i])
            if token.status == UNKNOWN:
                formula.lose(token)
        else:
            token[0] = strip.kept[lanes.place + i].token
        lanes.first[i] = token.price
        put_back(lanes, i)
    return invalid


cdef void leave(Lanes* lanes, const Strip* strip) noexcept nogil:
    cdef const double* last = prices_of(strip, lanes, strip.bars - 1)
    cdef State* kept = strip.kept + lanes.place
    cdef Py_ssize_t i
    for i in range(lanes.width):
        take_out(lanes, &strip.plan.rule, i, last[i])
        kept[i].token = lanes.tokens[i]
        if strip.nav == NULL:
            kept[i].variance += lanes.tile.variance[i]


cdef long long advance_some(
    Lanes* lanes, const Strip* strip, Py_ssize_t t, bint everyone, Py_ssize_t* count,
) noexcept nogil:
    """Advance by themselves the products to which something happens."""
    cdef const double* price = prices_of(strip, lanes, t)
    cdef const double* before = prices_before(strip, lanes, t)
    cdef Path* path = strip.path
    cdef Py_ssize_t begin = 0, end, i
    cdef long long hit, invalid = 0
    cdef Bar bar
    while begin < lanes.width:
        end = min(begin + LOOK, lanes.width)
        hit = 1 if everyone else 0
        for i in range(begin, end):
            hit |= 0 if (price[i] > lanes.tile.low[i]) & (price[i] < lanes.tile.high[i]) else 1
        if hit:
            for i in range(begin, end):
                if everyone or not (price[i] > lanes.tile.low[i] and price[i] < lanes.tile.high[i]):
                    take_out(lanes, &strip.plan.rule, i, before[i])
                    path.price = price + i - t * path.stride
                    invalid |= step(strip.plan, &strip.job.carry, path, &lanes.tokens[i], &bar, t)
                    lanes.alone[count[0]] = <int> i
                    count[0] += 1
        begin = end
    return invalid


cdef long long mend(
    Lanes* lanes, const Strip* strip, bint simple, bint clock, Py_ssize_t begin, Py_ssize_t i,
) noexcept nogil:
    """One product of a tile, bar by bar; simple: triggers alone happen between the bars of the clock."""
    cdef Tile* tile = &lanes.tile
    cdef Path* path = strip.path
    cdef bint summary = strip.nav == NULL
    cdef Py_ssize_t k = 0, t
    cdef const char* source = <const char*> (prices_of(strip, lanes, begin) + i)
    cdef double price, nav, before = prices_before(strip, lanes, begin)[i]
    cdef long long invalid = 0
    cdef Bar bar
    if not clock:
        # until something happens the NAVs of the tile stand
        while k < ROWS:
            price = (<const double*> (source + k * strip.time_stride))[0]
            if not (price > tile.low[i] and price < tile.high[i]):
                break
            before = price
            k += 1
    if summary:
        for t in range(k):
            mark(tile, i, tile.navs[t][i])
    while k < ROWS:
        price = (<const double*> (source + k * strip.time_stride))[0]
        if not clock and price > tile.low[i] and price < tile.high[i]:
            nav = nav_at(tile.cash[i], tile.units[i], price)
        else:
            if clock or not simple or not strike(
                lanes, strip.plan, i, price, before, <double> (path.first + begin + k)
            ):
                take_out(lanes, &strip.plan.rule, i, before)
                path.price = prices_of(strip, lanes, 0) + i
                invalid |= step(strip.plan, &strip.job.carry, path, &lanes.tokens[i], &bar, begin + k)
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
    return invalid


cdef inline int clock_of_tile(const Strip* strip, Py_ssize_t begin, Py_ssize_t event) noexcept nogil:
    """1 if the clock alone is due at every bar of a tile, 0 if nothing is at any, -1 if it is neither."""
    cdef const Plan* plan = strip.plan
    cdef Py_ssize_t count = 0
    while event + count < plan.count and plan.events[event + count] < begin + ROWS:
        if not strip.clockwork or plan.due[plan.events[event + count]] != CLOCK:
            return -1
        count += 1
    if count != 0 and count != ROWS:
        return -1
    return count == ROWS


cdef long long mend_tile(
    Lanes* lanes, const Strip* strip, bint simple, bint clock, Py_ssize_t begin,
) noexcept nogil:
    """Do again, by themselves, the products of a tile to which something happened."""
    cdef Tile* tile = &lanes.tile
    cdef Py_ssize_t i, k, word
    cdef long long invalid = 0
    cdef unsigned long long rest
    for word in range(LANES // 64):
        rest = tile.bars[word]
        while rest:
            invalid |= mend(lanes, strip, simple, clock, begin, word * 64 + lowest_bit(rest))
            rest &= rest - 1
        rest = tile.returns[word]
        while rest:
            i = word * 64 + lowest_bit(rest)
            tile.variance[i] += squares_of(
                prices_before(strip, lanes, begin)[i], <const char*> (prices_of(strip, lanes, begin) + i),
                strip.time_stride)
            rest &= rest - 1
        rest = tile.marks[word]
        while rest:
            i = word * 64 + lowest_bit(rest)
            for k in range(ROWS):
                mark(tile, i, tile.navs[k][i])
            rest &= rest - 1
    return invalid


cdef bint take_tile(
    Lanes* lanes, const Strip* strip, Py_ssize_t begin, Py_ssize_t event, Flow* flow, long long* invalid,
) noexcept nogil:
    """A whole tile of ROWS bars of LANES paths, all with a clock or all without; false if it is neither."""
    cdef const double* before = prices_before(strip, lanes, begin)
    cdef Tile* tile = &lanes.tile
    cdef bint summary = strip.nav == NULL
    cdef int clock = clock_of_tile(strip, begin, event)
    cdef Py_ssize_t i
    cdef Prices prices
    if clock < 0:
        return False
    if summary and lanes.inverted != begin - 1:
        for i in range(LANES):
            tile.inverse[i] = 1.0 / before[i] if (before[i] > LEAST) & (before[i] < MOST) else NAN
    lanes.inverted = begin + ROWS - 1
    prices.source = <const char*> prices_of(strip, lanes, begin)
    prices.stride = strip.time_stride
    prices.ahead = lanes.ahead
    if clock and summary:
        clock_totals(tile, before, &prices)
    elif clock:
        clock_navs(tile, &prices, flow)
    elif summary:
        drift_totals(tile, before, &prices)
    else:
        drift_navs(tile, &prices, flow)
    invalid[0] |= mend_tile(lanes, strip, strip.clockwork and strip.plan.rule.fill != AT_OPEN, clock, begin)
    if clock:
        lanes.rebalances += ROWS
    return True


cdef inline char* nav_row(const Strip* strip, const Lanes* lanes, Py_ssize_t t) noexcept nogil:
    return strip.nav + t * strip.nav_time + lanes.place * strip.nav_path


cdef inline void put_tile(Lanes* lanes, const Strip* strip, Py_ssize_t begin, Flow* flow) noexcept nogil:
    cdef Py_ssize_t k
    if strip.nav != NULL and strip.nav_path == sizeof(double):
        flow_begin(flow, lanes.tile.navs, nav_row(strip, lanes, begin), strip.nav_time, strip.large)
    elif strip.nav != NULL:
        for k in range(ROWS):
            put_row(lanes.tile.navs[k], LANES, nav_row(strip, lanes, begin + k), strip.nav_path, strip.large)


cdef inline long long advance_lanes(
    Lanes* lanes, const Strip* strip, Py_ssize_t t, Py_ssize_t* event,
) noexcept nogil:
    """One bar of a block of paths."""
    cdef const Plan* plan = strip.plan
    cdef const Rule* rule = &plan.rule
    cdef const double* price = prices_of(strip, lanes, t)
    cdef Py_ssize_t k, count = 0
    cdef bint due, everyone
    cdef long long invalid = 0
    while event[0] < plan.count and plan.events[event[0]] < t:
        event[0] += 1
    due = event[0] < plan.count and plan.events[event[0]] == t
    everyone = due and not (strip.clockwork and plan.due[t] == CLOCK)
    if everyone or (is_outside(lanes, price) if due else drift(lanes, price)):
        invalid = advance_some(lanes, strip, t, everyone, &count)
    if due and not everyone:
        if rule.buying != 0.0 or rule.selling != 0.0:
            rebalance_all(lanes, price, plan.leverage, rule.buying, rule.selling, True)
        else:
            rebalance_all(lanes, price, plan.leverage, 0.0, 0.0, False)
        lanes.rebalances += 1.0
    for k in range(count):
        put_back(lanes, lanes.alone[k])
    return invalid


cdef long long rows(
    Lanes* lanes, const Strip* strip, Py_ssize_t begin, Py_ssize_t end, Py_ssize_t event, Flow* flow,
) noexcept nogil:
    """Some bars of a block of paths."""
    cdef double squares[ROWS][LANES]
    cdef Py_ssize_t t, i, start = strip.job.start
    cdef bint summary = strip.nav == NULL
    cdef long long invalid = 0
    if lanes.width == LANES and end - begin == ROWS and begin >= start:
        if take_tile(lanes, strip, begin, event, flow, &invalid):
            put_tile(lanes, strip, begin, flow)
            return invalid
    if summary:
        memset(squares, 0, sizeof(squares))
    for t in range(begin, end):
        if t >= start:
            invalid |= advance_lanes(lanes, strip, t, &event)
            if summary:
                watermarks(lanes, lanes.nav)
                square(squares[t - begin], prices_of(strip, lanes, t), prices_before(strip, lanes, t), lanes.width)
        if not summary:
            put_row(lanes.nav, lanes.width, nav_row(strip, lanes, t), strip.nav_path, strip.large)
    if summary:
        for i in range(lanes.width):
            lanes.tile.variance[i] += sum_of(&squares[0][i], LANES)
    return invalid


cdef long long across(Lanes* lanes, const Strip* strip) noexcept nogil:
    """All bars of a strip of paths."""
    cdef const Plan* plan = strip.plan
    cdef Py_ssize_t t = 0, block, event = 0, blocks = (strip.width + LANES - 1) // LANES
    # of two tiles in a row one is on its way to the result
    cdef double navs[2][ROWS][LANES]
    cdef int tile = 0
    cdef Flow flow
    cdef long long invalid = 0
    flow.way = 0
    for block in range(blocks):
        lanes[block].place = block * LANES
        lanes[block].width = min(<Py_ssize_t> LANES, strip.width - block * LANES)
        # after the last block the first one of the next bars
        lanes[block].ahead = LANES * <Py_ssize_t> sizeof(double)
        if block == blocks - 1:
            lanes[block].ahead = ROWS * strip.time_stride - lanes[block].place * <Py_ssize_t> sizeof(double)
        invalid |= enter(&lanes[block], strip)
    while t < strip.bars:
        while event < plan.count and plan.events[event] < t:
            event += 1
        for block in range(blocks):
            lanes[block].tile.navs = navs[tile]
            invalid |= rows(&lanes[block], strip, t, min(t + ROWS, strip.bars), event, &flow)
            if flow.way != 0 and flow.navs == navs[tile]:
                tile = 1 - tile
        t += ROWS
    flow_out(&flow)
    for block in range(blocks):
        leave(&lanes[block], strip)
    return invalid


cdef struct Array:
    # An array of up to four axes; data is NULL where there is none.
    char* data
    Py_ssize_t stride[4]

cdef struct Products:
    # Every plan on every path, and where the results go.
    const Plan* plans
    Py_ssize_t rules
    Py_ssize_t paths
    Py_ssize_t bars
    # number of the first bar
    Py_ssize_t first
    const double* initial
    State* states
    Array series[SERIES]
    Array nav
    Array columns
    Array rebalances
    # whether results are too large for the caches
    bint large


cdef Array array_of(object array):
    cdef Array result
    cdef int i
    memset(&result, 0, sizeof(Array))
    if array is not None:
        result.data = <char*> cnp.PyArray_DATA(<cnp.ndarray> array)
        for i in range((<cnp.ndarray> array).ndim):
            result.stride[i] = (<cnp.ndarray> array).strides[i]
    return result


cdef long long side_by_side(const Products* all, const Job* job, Lanes* lanes) noexcept nogil:
    cdef Path path
    cdef Strip strip
    cdef Py_ssize_t begin = 0, r
    cdef long long invalid = 0
    memset(&path, 0, sizeof(Path))
    path.stride = all.series[0].stride[1] // <Py_ssize_t> sizeof(double)
    path.bars = strip.bars = all.bars
    path.first = all.first
    strip.job = job
    strip.path = &path
    strip.time_stride = all.series[0].stride[1]
    strip.nav_path = all.nav.stride[1]
    strip.nav_time = all.nav.stride[2]
    strip.large = all.large
    while begin < all.paths:
        strip.width = min(<Py_ssize_t> (STRIP * LANES), all.paths - begin)
        strip.source = all.series[0].data + begin * all.series[0].stride[0]
        strip.initial = all.initial + begin
        for r in range(all.rules):
            strip.plan = &all.plans[r]
            strip.clockwork = only_clock(strip.plan, &job.carry)
            strip.kept = all.states + (r * all.paths + begin)
            strip.nav = NULL
            if all.nav.data != NULL:
                strip.nav = all.nav.data + r * all.nav.stride[0] + begin * all.nav.stride[1]
            invalid |= across(lanes, &strip)
        begin += STRIP * LANES
    if all.large:
        stream_end()
    return invalid


cdef struct Group:
    # Paths that are gathered, each with its bars together; first is the number of the first of them.
    const double* series[SERIES]
    Py_ssize_t first
    Py_ssize_t width


cdef inline void gather(const Products* all, Group* group, double* memory) noexcept nogil:
    cdef const Array* source
    cdef char* begin
    cdef int k
    for k in range(SERIES):
        source = &all.series[k]
        begin = source.data + group.first * source.stride[0] if source.data != NULL else NULL
        group.series[k] = <const double*> begin
        if begin != NULL and (source.stride[1] != sizeof(double) or (
            group.width > 1 and source.stride[0] != all.bars * <Py_ssize_t> sizeof(double)
        )):
            copy_in(memory + k * GROUP * all.bars, begin, source.stride[0], source.stride[1], group.width, all.bars)
            group.series[k] = memory + k * GROUP * all.bars


cdef long long totals(const Products* all, const Job* job, Path* path, Group* group) noexcept nogil:
    """Every rule on each path of a group; no path of the NAV is written."""
    cdef State* kept
    cdef Target target
    cdef double variance
    cdef Py_ssize_t i, r
    cdef long long invalid = 0
    memset(&target, 0, sizeof(Target))
    for i in range(group.width):
        set_path(path, group.series, i)
        blocks_of(path.price, path.block_low, path.block_high, path.bars, False)
        if path.low != NULL:
            blocks_of(path.low, path.block_lowest, path.block_highest, path.bars, False)
            blocks_of(path.high, path.block_lowest, path.block_highest, path.bars, True)
        kept = all.states + group.first + i
        variance = variance_of(
            path.price, path.price[0] if job.start else kept.token.price, job.start, path.bars)
        for r in range(all.rules):
            kept = all.states + (r * all.paths + group.first + i)
            kept.variance = variance if job.start else kept.variance + variance
            invalid |= product(job, &all.plans[r], path, all.initial[group.first + i], kept, NULL, &target)
    return invalid


cdef inline void set_target(Target* target, const Products* all, Py_ssize_t r, Py_ssize_t i) noexcept nogil:
    cdef Py_ssize_t k
    target.nav = all.nav.data + r * all.nav.stride[0] + i * all.nav.stride[1]
    target.nav_stride = all.nav.stride[2]
    if all.columns.data != NULL:
        target.rebalances = all.rebalances.data + r * all.rebalances.stride[0] + i * all.rebalances.stride[1]
        target.rebalances_stride = all.rebalances.stride[2]
        target.column_stride = all.columns.stride[3]
        for k in range(COLUMNS):
            target.columns[k] = (
                all.columns.data + k * all.columns.stride[0] + r * all.columns.stride[1] + i * all.columns.stride[2])


cdef long long paths_of(
    const Products* all, const Job* job, Path* path, Group* group, double* result,
) noexcept nogil:
    """Every rule on each path of a group, bar by bar; result is memory for the NAV where it is not contiguous."""
    cdef bint direct = all.nav.stride[2] == sizeof(double)
    cdef Target target
    cdef double* nav
    cdef Py_ssize_t i, r
    cdef long long invalid = 0
    memset(&target, 0, sizeof(Target))
    for r in range(all.rules):
        for i in range(group.width):
            set_path(path, group.series, i)
            set_target(&target, all, r, group.first + i)
            nav = <double*> target.nav if direct else result + i * all.bars
            invalid |= product(
                job, &all.plans[r], path, all.initial[group.first + i],
                all.states + (r * all.paths + group.first + i), nav, &target)
        if not direct and not job.full:
            copy_out(
                all.nav.data + r * all.nav.stride[0] + group.first * all.nav.stride[1], result, all.nav.stride[1],
                all.nav.stride[2], group.width, all.bars)
    return invalid


cdef long long one_by_one(const Products* all, const Job* job, double* memory) noexcept nogil:
    cdef Path path
    cdef Group group
    cdef Py_ssize_t blocks = all.bars // BLOCK
    cdef double* result = memory + SERIES * GROUP * all.bars
    cdef long long invalid = 0
    path.stride = 1
    path.bars = all.bars
    path.first = all.first
    path.block_low = result + GROUP * all.bars
    path.block_high = path.block_low + blocks
    path.block_lowest = path.block_high + blocks
    path.block_highest = path.block_lowest + blocks
    group.first = 0
    while group.first < all.paths:
        group.width = min(<Py_ssize_t> GROUP, all.paths - group.first)
        gather(all, &group, memory)
        if all.nav.data == NULL:
            invalid |= totals(all, job, &path, &group)
        else:
            invalid |= paths_of(all, job, &path, &group, result)
        group.first += GROUP
    return invalid


cdef Plan plan_of(dict item):
    """The plan of a rule; arrays must live as long as it does."""
    cdef Plan plan
    plan.rule = item["rule"]
    plan.leverage = item["leverage"]
    plan.expense = doubles(item["expense"])
    plan.fee_at_open = doubles(item["fee_at_open"])
    plan.fee_at_close = doubles(item["fee_at_close"])
    plan.spread = doubles(item["spread"])
    plan.target = doubles(item["target"])
    plan.due = <const unsigned char*> doubles(item["due"])
    plan.events = <const long long*> doubles(item["events"])
    plan.count = len(item["events"])
    return plan


def simulate(prices, carry, plans, initial, state, Py_ssize_t first, Py_ssize_t begin, results):
    """Run every plan on every path.

    prices: price, high, low, open, each (paths, bars) float64 of any strides; the last three may be None, and high and
    low include the open where it is given. carry: financing, funding, dividend, each (bars,) or None. plans: for each
    rule a dict of `rule` (a number for each of RULE), `leverage`, `expense`, `fee_at_open`, `fee_at_close`, `spread`,
    `target`, `due` (uint8, sums of DUE), each (bars,) or None, and `events`, the bars at which any of these is not 0
    (int64). initial: (paths,). state: (rules, paths, STATE), read where begin is 0, and written. first: number of the
    first bar. begin: 1 where the product is bought at bar 0, else 0. results: nav (rules, paths, bars), None for totals
    only; columns (FIELDS, rules, paths, bars) and rebalances (rules, paths, bars), None but for the full record.
    Returns whether a price was invalid.
    """
    cdef Products all
    cdef Job job
    cdef Plan* memory_of_plans
    cdef double* memory = NULL
    cdef Lanes* lanes = NULL
    cdef long long invalid = 0
    cdef Py_ssize_t k, word = sizeof(double)
    cdef Status status
    all.paths, all.bars, all.rules, all.first = prices[0].shape[0], prices[0].shape[1], len(plans), first
    all.initial = doubles(initial)
    all.states = <State*> doubles(state)
    for k in range(SERIES):
        all.series[k] = array_of(prices[k])
    all.nav, all.columns, all.rebalances = array_of(results[0]), array_of(results[1]), array_of(results[2])
    all.large = all.nav.data != NULL and all.rules * all.paths * all.bars * word > STREAM_FROM
    job.carry.financing, job.carry.funding, job.carry.dividend = doubles(carry[0]), doubles(carry[1]), doubles(carry[2])
    job.start = begin
    job.full = all.columns.data != NULL
    # a path that is looked at in more ways than one is gathered first
    cdef bint adjacent = (
        not job.full and prices[1] is None and prices[3] is None and all.paths > 1
        and all.series[0].stride[0] == word and all.series[0].stride[1] != word
    )
    memory_of_plans = <Plan*> malloc(max(all.rules, 1) * sizeof(Plan))
    if adjacent:
        lanes = <Lanes*> malloc(min(<Py_ssize_t> STRIP, (all.paths + LANES - 1) // LANES) * sizeof(Lanes))
    else:
        memory = <double*> malloc(((SERIES + 1) * GROUP * all.bars + 4 * (all.bars // BLOCK) + 1) * word)
    try:
        if memory_of_plans == NULL or (memory == NULL and lanes == NULL):
            raise MemoryError
        for k in range(all.rules):
            memory_of_plans[k] = plan_of(plans[k])
        all.plans = memory_of_plans
        with nogil:
            status = status_save()
            if all.bars > 0 and adjacent:
                invalid = side_by_side(&all, &job, lanes)
            elif all.bars > 0:
                invalid = one_by_one(&all, &job, memory)
            status_restore(status)
    finally:
        free(memory_of_plans)
        free(memory)
        free(lanes)
    return bool(invalid)


cdef struct Terms:
    # of one token: fees of money that comes and goes, and merges
    double subscription
    double redemption
    double merge_below
    double merge


cdef inline void quote_path(
    double* quoted, const char* nav, Py_ssize_t stride, const double* split, const Terms* terms, State* kept,
    Py_ssize_t bars,
) noexcept nogil:
    cdef Py_ssize_t t
    if split == NULL and terms.merge_below == 0.0:
        for t in range(bars):
            quoted[t] = (<const double*> (nav + t * stride))[0] * kept.quote
        return
    for t in range(bars):
        if split != NULL and split[t] != 1.0:
            kept.quote = kept.quote / split[t]
        quoted[t] = formula.quoted(
            (<const double*> (nav + t * stride))[0], terms.merge_below, terms.merge, &kept.quote)


def share(nav, leverage, flow, splits, terms, double[:, :, ::1] state, double[:, :, :, ::1] results):
    """Tokens in existence, and what one of them is quoted at.

    nav, leverage: (rules, paths, bars) of any strides. flow: (paths, bars), money that comes or goes at the close, or
    None. splits: for each rule new tokens for an old one at each bar, 1 where there is no split, or None. terms: for
    each rule a dict of subscription, redemption, merge_below (0 for never) and merge. state: (rules, paths, STATE).
    results: quoted, tokens, flow_trade and flow_fee, each (rules, paths, bars); the last two are 0.
    """
    cdef Array navs = array_of(nav), leverages = array_of(leverage), flows = array_of(flow)
    cdef Py_ssize_t rules = results.shape[1], paths = results.shape[2], bars = results.shape[3], r, i, t
    cdef const double* split
    cdef const char* nav_path
    cdef const char* leverage_path
    cdef double money
    cdef Terms of
    cdef State* kept
    cdef formula.Flow moved
    if bars == 0 or paths == 0:
        return
    for r in range(rules):
        of = terms[r]
        split = doubles(splits[r])
        with nogil:
            for i in range(paths):
                kept = <State*> &state[r, i, 0]
                nav_path = navs.data + r * navs.stride[0] + i * navs.stride[1]
                leverage_path = leverages.data + r * leverages.stride[0] + i * leverages.stride[1]
                quote_path(&results[0, r, i, 0], nav_path, navs.stride[2], split, &of, kept, bars)
                for t in range(bars):
                    money = 0.0
                    if flows.data != NULL:
                        money = (<const double*> (flows.data + i * flows.stride[0] + t * flows.stride[1]))[0]
                    if money != 0.0:
                        moved = formula.subscribe(
                            money, (<const double*> (nav_path + t * navs.stride[2]))[0],
                            (<const double*> (leverage_path + t * leverages.stride[2]))[0], of.subscription,
                            of.redemption, &kept.tokens)
                        results[2, r, i, t] = moved.trade
                        results[3, r, i, t] = moved.fee
                    results[1, r, i, t] = kept.tokens
