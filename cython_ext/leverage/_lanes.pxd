# cython: language_level=3, cdivision=True
"""Paths side by side: LANES products at a time, ROWS bars at a time (_tiles.h).

Only products to which something of their own happens are advanced by themselves.
"""

cimport shortgamma.kernels.leverage.token as formula
from cython_ext.leverage._path cimport (
    GROUP, Job, Path, Plan, bounds_of_target, may_be_worse, square_of, sum_of,
)
from libc.string cimport memcpy
from shortgamma.kernels.leverage.token cimport (
    ALIVE, AT_CLOSE, LEAST, MOST, UNKNOWN, WIPED_OUT, Bar, Rule, State, Token, nav_at,
)
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

cdef enum:
    # Paths that are taken side by side, and bars of each at a time: as in _tiles.h.
    LANES = 128
    ROWS = 8
    # A hit is looked for in so many paths at once.
    LOOK = 16
    PLAIN = 1
    TRIGGERED = 2

cdef extern from "leverage/_tiles.h" nogil:
    ctypedef struct Tile "sg_tile":
        double cash[LANES]
        double units[LANES]
        double reference[LANES]
        double low[LANES]
        double high[LANES]
        double peak[LANES]
        double worst[LANES]
        double traded[LANES]
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
    void clock_navs "sg_clock_navs"(Tile* tile, const Prices* prices, Flow* flow) noexcept
    void clock_totals "sg_clock_totals"(Tile* tile, const double* before, const Prices* prices) noexcept

cdef extern from "_loop/vectors.h" nogil:
    int lowest_bit "sg_lowest_bit"(unsigned long long word) noexcept

cdef extern from "_loop/stores.h" nogil:
    enum:
        STREAM_FROM "SG_STREAM_FROM"
    void stream "sg_stream"(double* target, const double* source, Py_ssize_t count) noexcept
    void stream_end "sg_stream_end"() noexcept

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
    # the first of these paths in its strip, how many they are, and bytes to the prices that come next
    Py_ssize_t place
    Py_ssize_t width
    Py_ssize_t ahead


cdef inline void mark(Tile* tile, Py_ssize_t i, double nav) noexcept nogil:
    if nav > tile.peak[i]:
        tile.peak[i] = nav
    elif may_be_worse(nav, tile.peak[i], tile.worst[i]):
        tile.worst[i] = formula.smaller_of(tile.worst[i], nav / tile.peak[i])


cdef inline void take_out(Lanes* lanes, const Rule* rule, Py_ssize_t i, double price) noexcept nogil:
    """A product by itself, as of the bar before and its price."""
    cdef Token* token = &lanes.tokens[i]
    token.cash = lanes.tile.cash[i]
    token.units = lanes.tile.units[i]
    token.reference = lanes.tile.reference[i]
    token.peak = lanes.tile.peak[i]
    token.worst = lanes.tile.worst[i]
    token.traded = lanes.tile.traded[i]
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
    lanes.tile.traded[i] = token.traded
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


cdef inline long long is_outside(const Lanes* lanes, const double* price) noexcept nogil:
    """Whether something happens at a bar, to any of the products."""
    cdef Py_ssize_t i
    cdef long long found = 0
    for i in range(lanes.width):
        found |= 0 if (price[i] > lanes.tile.low[i]) & (price[i] < lanes.tile.high[i]) else 1
    return found


cdef inline long long drift(Lanes* lanes, const double* price) noexcept nogil:
    """The NAV at a bar at which nothing happens, and whether that is so."""
    cdef Py_ssize_t i
    cdef double p
    cdef long long found = 0
    for i in range(lanes.width):
        p = price[i]
        lanes.nav[i] = nav_at(lanes.tile.cash[i], lanes.tile.units[i], p)
        found |= 0 if (p > lanes.tile.low[i]) & (p < lanes.tile.high[i]) else 1
    return found


cdef inline void rebalance_all(
    Lanes* lanes, const double* price, double leverage, double buying, double selling, bint costly,
) noexcept nogil:
    """A bar at which all are rebalanced to the target; costly is a constant of the caller."""
    cdef Py_ssize_t i
    cdef double p, nav, exposure, held, after, rate
    cdef bint gone
    for i in range(lanes.width):
        p = price[i]
        exposure = lanes.tile.units[i] * p
        nav = lanes.tile.cash[i] + exposure
        # wiped out
        gone = (lanes.tile.cash[i] == 0.0) & (lanes.tile.units[i] == 0.0)
        after = nav
        if costly:
            rate = formula.trade_rate(nav, exposure, leverage, buying, selling)
            after = formula.after_trade(nav, exposure, leverage, rate)
            lanes.tile.cost[i] += nav - after
        held = leverage * after
        lanes.tile.traded[i] += formula.larger_of(held - exposure, exposure - held)
        lanes.tile.cash[i] = after - held
        # those that are not ordinary are taken alone
        lanes.tile.units[i] = held * (1.0 / p)
        lanes.nav[i] = nav_at(lanes.tile.cash[i], lanes.tile.units[i], p)
        lanes.tile.reference[i] = lanes.tile.reference[i] if gone else p
        lanes.tile.low[i] = LEAST if gone else formula.larger_of(p * lanes.tile.lower, LEAST)
        lanes.tile.high[i] = MOST if gone else formula.smaller_of(p * lanes.tile.higher, MOST)


cdef inline void watermarks(Lanes* lanes, const double* navs) noexcept nogil:
    cdef Py_ssize_t i
    cdef double nav, peak
    for i in range(lanes.width):
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


cdef inline bint strike(
    Lanes* lanes, const Plan* plan, Py_ssize_t i, double price, double before, double number,
) noexcept nogil:
    """A bar of a product at which triggers alone can happen; false, and nothing done, if more does."""
    cdef const Rule* rule = &plan.rule
    cdef Tile* tile = &lanes.tile
    cdef Token token
    cdef Bar bar
    cdef double nav
    if lanes.plain[i] == 0 or not formula.is_ordinary(price):
        return False
    bar.trade = bar.traded = bar.rebalances = bar.gain = bar.cost = bar.fee = bar.carry = 0.0
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
    tile.traded[i] += bar.traded
    tile.cost[i] += bar.cost
    lanes.plain[i] = plain_of(&token)
    lanes.nav[i] = nav
    lanes.struck[i] += bar.rebalances
    if bar.fee != 0.0:
        lanes.tokens[i].fee += bar.fee
    return True


cdef inline double squares_of(double before, const char* source, Py_ssize_t time_stride) noexcept nogil:
    """Of one product in a tile, from the price before it on."""
    cdef double squares[ROWS]
    cdef double price
    cdef Py_ssize_t k
    for k in range(ROWS):
        price = (<const double*> (source + k * time_stride))[0]
        squares[k] = square_of(price, before)
        before = price
    return sum_of(squares, 1)


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
