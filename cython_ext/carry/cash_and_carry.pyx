"""Loops of the cash-and-carry trade.

Between two events, which are top-ups, rolls and the liquidation, only the extremes of the future's price matter. Paths
that lie side by side in memory are scanned together bar by bar, others one by one along time. An event is worked out
for its path alone.
"""

cimport cython_ext._loop.numpy_api as cnp
from libc.stdlib cimport free, malloc

cimport shortgamma.kernels.carry.cash_and_carry as formula
from cython_ext._loop.blocks cimport INVALID, Status, status_raise, status_restore, status_save
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.carry.cash_and_carry cimport CROSS, MAINTAIN, RESTORE, Trade
from shortgamma.kernels.liquidation.position cimport LARGEST, SMALLEST, Bounds
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

cnp.import_array()
cnp.import_ufunc()

cdef extern from "_loop/stores.h" nogil:
    void prefetch "sg_prefetch"(const void* address) noexcept

cdef enum:
    # Paths that are scanned together, LOOK of them between two checks: memory likes long rows.
    WIDTH = 1024
    LOOK = 64
    # numbers in a line of memory
    LINE = 8
    # bars of one path at a time, and extremes that are kept beside each other
    CHUNK = 64
    SIDE = 8
    # places of the arguments
    SPOT = 0
    FUTURES = 1
    HIGH = 2
    SETTLEMENT = 3
    FOLLOWING = 4
    YEARS = 5
    ROLL = 6
    NUMBERS = 7
    RATE = 9
    AMOUNT = 10
    CODE = 13
    INPUTS = 14
    # numbers of a path, of which two are sequences: how many, and the places of those that are not
    SINGLE = 4
    TOTALS = 11
    PATHS = 3

cdef struct Path:
    # One path: where its inputs lie, the trade on it, and what came of it.
    char* at[7]
    Trade trade
    bint dead
    bint wrong
    Py_ssize_t bar
    # profit of the future as if it were never liquidated: what rolls have realised of it
    double realised
    double held_size
    double held_entry
    double result
    double cost
    double ratio
    double shortfall
    double capital
    double capital_years
    double since
    double rolled
    double traded
    # extremes of the price since the last event
    double least
    double most
    double low
    double high
    # above which a mark is a breach, as far as rounding goes
    double sure

cdef struct Call:
    # What all paths share: steps along time of the inputs, and the number of bars.
    Py_ssize_t step[7]
    Py_ssize_t bars
    # rates and amounts of the margin
    Py_ssize_t margins
    Py_ssize_t rate_stride
    Py_ssize_t amount_stride


cdef inline void set_call(Call* call, cnp.npy_intp* dimensions, const cnp.npy_intp* inner) noexcept nogil:
    cdef int k
    call.bars = dimensions[1]
    call.margins = dimensions[2]
    for k in range(7):
        call.step[k] = inner[k]
    call.rate_stride = inner[7]
    call.amount_stride = inner[8]


cdef inline double get(const Path* p, const Call* call, int which, Py_ssize_t t) noexcept nogil:
    return (<double*> (p.at[which] + t * call.step[which]))[0]


cdef inline bint rolls(const Path* p, const Call* call, Py_ssize_t t) noexcept nogil:
    return (p.at[ROLL] + t * call.step[ROLL])[0] != 0


cdef inline bint is_price(double price) noexcept nogil:
    return 0.0 < price < INFINITY


cdef inline void watch(Path* p, double mark) noexcept nogil:
    p.least = mark if mark < p.least else p.least
    p.most = mark if mark > p.most else p.most


cdef void keep_ratio(Path* p) noexcept nogil:
    """The margin ratio at the extremes since the last event, where it is largest.

    It rises with the mark unless the contract is inverse: fully covered, that has its largest at the least mark.
    """
    cdef double ratio
    if not p.dead and p.most > 0.0:
        ratio = formula.margin_ratio(&p.trade, p.most, 0.0)
        p.ratio = ratio if ratio > p.ratio else p.ratio
        if p.trade.kind == formula.INVERSE:
            ratio = formula.margin_ratio(&p.trade, p.least, 0.0)
            p.ratio = ratio if ratio > p.ratio else p.ratio
    p.most = 0.0
    p.least = INFINITY


cdef void set_bounds(Path* p) noexcept nogil:
    cdef Bounds b
    if p.dead:
        # invalid prices are still seen
        p.low = SMALLEST
        p.high = LARGEST
        p.sure = INFINITY
        return
    b = formula.margin_bounds(&p.trade)
    p.low = b.low
    # where every mark has to be looked at, both bounds say so
    p.high = b.high if b.low <= SMALLEST else 0.0
    p.sure = INFINITY if p.trade.cross else b.sure_high


cdef inline double single(char** args, cnp.npy_intp* steps, Py_ssize_t path, int k) noexcept nogil:
    """Quantity, leverage, haircut, reserve of a path."""
    cdef int place = NUMBERS + k if k < 2 else AMOUNT + k - 1
    return (<double*> (args[place] + path * steps[place]))[0]


cdef inline bint are_margins(const Trade* trade) noexcept nogil:
    cdef Py_ssize_t k
    for k in range(trade.steps):
        if not (0.0 <= trade.rate[k] < 1.0 and -INFINITY < trade.amount[k] < INFINITY):
            return False
    return True


cdef inline void own_margins(
    Trade* trade, const Call* call, const char* rates, const char* amounts, double* memory,
) noexcept nogil:
    """Rates and amounts of the caller in memory of our own: theirs may be where results are written."""
    cdef Py_ssize_t k
    for k in range(call.margins):
        memory[k] = (<const double*> (rates + k * call.rate_stride))[0]
        memory[call.margins + k] = (<const double*> (amounts + k * call.amount_stride))[0]
    trade.steps = call.margins
    trade.rate = memory
    trade.amount = memory + call.margins


cdef void begin(
    Path* p, const Call* call, char** args, cnp.npy_intp* steps, Py_ssize_t path, double* margins,
) noexcept nogil:
    """A trade opened; margins is memory for its rates and amounts."""
    cdef int k, code = (args[CODE] + path * steps[CODE])[0]
    cdef double numbers[SINGLE]
    cdef double spot, futures, settlement, value
    for k in range(7):
        p.at[k] = args[k] + path * steps[k]
    for k in range(SINGLE):
        numbers[k] = single(args, steps, path, k)
    p.trade.kind = code & 3
    p.trade.cross = (code & CROSS) != 0
    p.trade.top_up = code & (RESTORE | MAINTAIN)
    p.trade.quantity = numbers[0]
    p.trade.haircut = numbers[2]
    own_margins(&p.trade, call, args[RATE] + path * steps[RATE], args[AMOUNT] + path * steps[AMOUNT], margins)
    p.dead = p.wrong = False
    p.bar = call.bars
    p.realised = p.result = p.cost = p.ratio = p.shortfall = p.capital_years = p.rolled = p.traded = 0.0
    p.most = 0.0
    p.least = INFINITY
    spot, futures, settlement = get(p, call, SPOT, 0), get(p, call, FUTURES, 0), get(p, call, SETTLEMENT, 0)
    if not (
            is_price(spot) and is_price(futures) and is_price(settlement) and is_price(numbers[0])
            and is_price(numbers[1]) and 0.0 <= numbers[2] <= 1.0 and numbers[3] >= 0.0 and are_margins(&p.trade)):
        p.wrong = True
        p.dead = True
        set_bounds(p)
        return
    formula.open_trade(&p.trade, numbers[1], futures, settlement, numbers[3])
    p.held_size = p.trade.size
    p.held_entry = futures
    p.cost = p.trade.posted * settlement
    p.capital = p.trade.quantity * spot + p.cost
    p.since = get(p, call, YEARS, 0)
    value = formula.value(p.trade.kind, p.trade.size, futures)
    p.traded = p.trade.quantity * spot + value * settlement
    set_bounds(p)


cdef inline bint is_missing(char** args, cnp.npy_intp* steps, Py_ssize_t path, const Trade* trade) noexcept nogil:
    """Whether it is NaN that makes a path have no answer."""
    cdef double total = 0.0, number
    cdef Py_ssize_t step
    cdef int k
    for k in range(SINGLE):
        number = single(args, steps, path, k)
        total += number - number if number != INFINITY and number != -INFINITY else 0.0
    for step in range(trade.steps):
        number = trade.rate[step]
        total += number - number if number != INFINITY and number != -INFINITY else 0.0
        number = trade.amount[step]
        total += number - number if number != INFINITY and number != -INFINITY else 0.0
    for k in range(4):
        number = (<double*> (args[k] + path * steps[k]))[0]
        if k != HIGH:
            total += number - number if number != INFINITY and number != -INFINITY else 0.0
    return total != total


cdef void add_capital_years(Path* p, const Call* call, Py_ssize_t t) noexcept nogil:
    cdef double now = get(p, call, YEARS, t)
    p.capital_years += p.capital * (now - p.since)
    p.since = now


cdef void roll(Path* p, const Call* call, Py_ssize_t t) noexcept nogil:
    """Into the contract that follows, at the prices of a bar."""
    cdef double futures = get(p, call, FUTURES, t), following = get(p, call, FOLLOWING, t)
    cdef double settlement = get(p, call, SETTLEMENT, t)
    cdef int kind = p.trade.kind
    p.realised += formula.profit(kind, p.held_size, p.held_entry, futures)
    p.held_size = formula.size_of(kind, p.trade.quantity, following, settlement)
    p.held_entry = following
    p.rolled += following - futures
    if not p.dead:
        keep_ratio(p)
        p.traded += (
            formula.value(kind, p.trade.size, futures) + formula.value(kind, p.held_size, following)) * settlement
        formula.roll_trade(&p.trade, futures, following, settlement)
    set_bounds(p)


cdef void liquidate(Path* p, const Call* call, Py_ssize_t t, double mark) noexcept nogil:
    """What is left after the position was closed at the mark."""
    cdef double settlement = get(p, call, SETTLEMENT, t), whole = 0.0
    cdef double left = formula.equity(&p.trade, mark, 0.0)
    if p.trade.cross:
        whole = p.trade.quantity if p.trade.kind == formula.INVERSE else (
            p.trade.quantity * get(p, call, SPOT, t) / settlement)
    if left + whole < 0.0:
        p.shortfall = -(left + whole)
        left = -whole
    p.result = (left - p.trade.posted) - p.trade.topped
    p.traded += formula.value(p.trade.kind, p.trade.size, mark) * settlement
    p.dead = True
    p.bar = t
    set_bounds(p)


cdef void event(Path* p, const Call* call, Py_ssize_t t, double mark, double backing) noexcept nogil:
    """A mark outside the bounds: a breach, perhaps."""
    cdef double amount, settlement
    if p.dead or not (mark > p.sure or formula.is_breach(&p.trade, mark, backing)):
        return
    keep_ratio(p)
    amount = formula.missing(&p.trade, mark)
    if not p.trade.cross and formula.pay(&p.trade, amount):
        if p.trade.top_up == MAINTAIN:
            amount += formula.round_up(&p.trade, mark)
        settlement = get(p, call, SETTLEMENT, t)
        add_capital_years(p, call, t)
        p.cost += amount * settlement
        p.capital += amount * settlement
        set_bounds(p)
    else:
        liquidate(p, call, t, mark)


cdef void marks(Path* p, const Call* call, Py_ssize_t t) noexcept nogil:
    """A bar whose future is outside the bounds or invalid."""
    cdef double mark = get(p, call, HIGH, t)
    if mark != mark:
        return
    if not is_price(mark):
        p.wrong = True
        return
    watch(p, mark)
    event(p, call, t, mark, 0.0)


cdef void cross_bar(Path* p, const Call* call, Py_ssize_t t) noexcept nogil:
    """A bar of a trade whose coins are margin: equity moves with the spot price."""
    cdef double mark = get(p, call, HIGH, t), spot = get(p, call, SPOT, t), settlement = get(p, call, SETTLEMENT, t)
    cdef double backing, ratio
    if p.dead or mark != mark or spot != spot or settlement != settlement:
        return
    if not (is_price(mark) and is_price(spot) and is_price(settlement)):
        p.wrong = True
        return
    backing = formula.coins(&p.trade, spot, settlement)
    ratio = formula.margin_ratio(&p.trade, mark, backing)
    p.ratio = ratio if ratio > p.ratio else p.ratio
    # the exact decision where rounding could matter, and beyond
    if ratio > 0.999 or p.trade.steps > 1 or p.trade.rate[0] == 0.0:
        event(p, call, t, mark, backing)


cdef void finish(
    Path* p, const Call* call, char** args, cnp.npy_intp* steps, Py_ssize_t path,
) noexcept nogil:
    cdef Py_ssize_t last = call.bars - 1
    cdef int kind = p.trade.kind, k
    cdef double futures = get(p, call, FUTURES, last), settlement = get(p, call, SETTLEMENT, last)
    cdef double held
    cdef double totals[TOTALS]
    keep_ratio(p)
    add_capital_years(p, call, last)
    held = p.realised + formula.profit(kind, p.held_size, p.held_entry, futures)
    if not p.dead:
        p.result = held
        p.traded += formula.value(kind, p.trade.size, futures) * settlement
    p.traded += p.trade.quantity * get(p, call, SPOT, last)
    totals[0] = p.result
    totals[1] = held
    totals[2] = p.trade.top_ups
    totals[3] = p.trade.posted + p.trade.topped
    totals[4] = p.cost
    totals[5] = p.ratio
    totals[6] = p.shortfall
    totals[7] = p.capital_years
    totals[8] = p.rolled
    totals[9] = p.traded
    totals[10] = <double> p.bar
    for k in range(TOTALS):
        (<double*> (args[INPUTS + k] + path * steps[INPUTS + k]))[0] = totals[k]


cdef inline bint any_above(const double* row, const double* high, double* most, Py_ssize_t count) noexcept nogil:
    """Whether a mark of a contract that is not inverse may be a breach or is invalid; the largest marks."""
    cdef long long outside = 0
    cdef double mark
    cdef Py_ssize_t i
    for i in range(count):
        mark = row[i]
        outside |= 1 if (mark < SMALLEST) | (mark > high[i]) else 0
        most[i] = mark if mark > most[i] else most[i]
    return outside != 0


cdef inline bint any_outside(
    const double* row, const double* low, const double* high, double* least, double* most, Py_ssize_t count,
) noexcept nogil:
    """Whether a mark may be a breach or is invalid; the extremes."""
    cdef long long outside = 0
    cdef double mark
    cdef Py_ssize_t i
    for i in range(count):
        mark = row[i]
        outside |= 1 if (mark < low[i]) | (mark > high[i]) else 0
        least[i] = mark if mark < least[i] else least[i]
        most[i] = mark if mark > most[i] else most[i]
    return outside != 0


cdef inline bint any_of_line(const double* row, const double* low, const double* high) noexcept nogil:
    cdef long long outside = 0
    cdef Py_ssize_t i
    for i in range(LINE):
        outside |= 1 if (row[i] < low[i]) | (row[i] > high[i]) else 0
    return outside != 0


cdef void events_of_row(
    Path* p, const Call* call, Py_ssize_t t, const double* row, double* low, double* high, double* least, double* most,
    Py_ssize_t count,
) noexcept nogil:
    """The paths of a row whose mark is outside."""
    cdef Py_ssize_t begin = 0, end, i
    while begin < count:
        end = min(begin + LINE, count)
        if end - begin < LINE or any_of_line(&row[begin], &low[begin], &high[begin]):
            for i in range(begin, end):
                if row[i] < low[i] or row[i] > high[i]:
                    # an invalid price must not be an extreme
                    if is_price(row[i]):
                        p[i].least, p[i].most = least[i], most[i]
                    marks(&p[i], call, t)
                    low[i], high[i] = p[i].low, p[i].high
                    least[i], most[i] = p[i].least, p[i].most
        begin += LINE


cdef void scan_together(Path* p, const Call* call, Py_ssize_t count, bint shared_roll) noexcept nogil:
    """Paths whose futures lie side by side, bar by bar."""
    cdef double low[WIDTH]
    cdef double high[WIDTH]
    cdef double least[WIDTH]
    cdef double most[WIDTH]
    cdef const double* row
    cdef Py_ssize_t t, i, k, some
    cdef bint outside, inverse = False
    for i in range(count):
        inverse |= p[i].trade.kind == formula.INVERSE
        low[i], high[i] = p[i].low, p[i].high
        least[i], most[i] = INFINITY, 0.0
    for t in range(call.bars):
        row = <const double*> (p[0].at[HIGH] + t * call.step[HIGH])
        i = 0
        while i < count:
            some = min(<Py_ssize_t> LOOK, count - i)
            # rows are longer than pages, at whose ends a processor stops looking ahead
            for k in range((some + LINE - 1) // LINE):
                prefetch(<const char*> &row[i + k * LINE] + call.step[HIGH])
            if inverse:
                outside = any_outside(&row[i], &low[i], &high[i], &least[i], &most[i], some)
            else:
                outside = any_above(&row[i], &high[i], &most[i], some)
            if outside:
                events_of_row(&p[i], call, t, &row[i], &low[i], &high[i], &least[i], &most[i], some)
            i += LOOK
        for i in range(count):
            if not rolls(&p[i], call, t):
                if shared_roll:
                    break
                continue
            p[i].least, p[i].most = least[i], most[i]
            roll(&p[i], call, t)
            low[i], high[i] = p[i].low, p[i].high
            least[i], most[i] = p[i].least, p[i].most
    for i in range(count):
        p[i].least, p[i].most = least[i], most[i]


cdef inline bint quiet_chunk(const double* mark, double low, double high, double* least, double* most) noexcept nogil:
    """Whether no mark of CHUNK bars is outside, and their extremes."""
    cdef double lows[SIDE]
    cdef double highs[SIDE]
    cdef double price
    cdef long long outside = 0
    cdef Py_ssize_t k, i
    for i in range(SIDE):
        lows[i] = INFINITY
        highs[i] = 0.0
    for k in range(CHUNK // SIDE):
        for i in range(SIDE):
            price = mark[k * SIDE + i]
            outside |= 1 if (price < low) | (price > high) else 0
            lows[i] = price if price < lows[i] else lows[i]
            highs[i] = price if price > highs[i] else highs[i]
    for i in range(SIDE):
        least[0] = lows[i] if lows[i] < least[0] else least[0]
        most[0] = highs[i] if highs[i] > most[0] else most[0]
    return outside == 0


cdef void scan_along(Path* p, const Call* call, bint any_roll) noexcept nogil:
    """One path along time, CHUNK bars between two checks."""
    cdef double block[CHUNK]
    cdef const double* mark
    cdef double least, most
    cdef Py_ssize_t t = 0, i, count
    while t < call.bars:
        count = min(<Py_ssize_t> CHUNK, call.bars - t)
        if call.step[HIGH] == sizeof(double) and count == CHUNK:
            mark = <const double*> (p.at[HIGH] + t * call.step[HIGH])
        else:
            for i in range(count):
                block[i] = get(p, call, HIGH, t + i)
            for i in range(count, CHUNK):
                block[i] = block[count - 1]
            mark = block
        least, most = p.least, p.most
        if not any_roll and quiet_chunk(mark, p.low, p.high, &least, &most):
            p.least, p.most = least, most
        else:
            for i in range(count):
                if mark[i] < p.low or mark[i] > p.high:
                    marks(p, call, t + i)
                elif mark[i] == mark[i]:
                    watch(p, mark[i])
                if any_roll and rolls(p, call, t + i):
                    roll(p, call, t + i)
        t += CHUNK


cdef void scan_cross(Path* p, const Call* call, Py_ssize_t count) noexcept nogil:
    """Paths whose coins are margin, bar by bar."""
    cdef Py_ssize_t t, i
    for t in range(call.bars):
        for i in range(count):
            cross_bar(&p[i], call, t)
            if rolls(&p[i], call, t):
                roll(&p[i], call, t)


cdef inline bint has_rolls(const Path* p, const Call* call) noexcept nogil:
    cdef Py_ssize_t t
    if call.step[ROLL] == 0:
        return p.at[ROLL][0] != 0
    for t in range(call.bars):
        if rolls(p, call, t):
            return True
    return False


cdef void nothing(char** args, cnp.npy_intp* steps, Py_ssize_t path, int results) noexcept nogil:
    cdef int k
    for k in range(results):
        (<double*> (args[INPUTS + k] + path * steps[INPUTS + k]))[0] = NAN


cdef void cash_and_carry_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """Prices and years (t), roll (t), terms, code -> totals"""
    cdef Py_ssize_t paths = dimensions[0], path = 0, count, i, j, k
    # whether any bar is a roll; -1 before that is known
    cdef int shared_roll = -1
    cdef Path* p = <Path*> malloc(WIDTH * sizeof(Path))
    cdef Call call
    cdef bint adjacent = steps[HIGH] == sizeof(double), cross
    cdef long long outside = 0
    cdef Status status = status_save()
    set_call(&call, dimensions, &steps[INPUTS + TOTALS])
    cdef double* margins = <double*> malloc(max(<Py_ssize_t> 1, 2 * call.margins * WIDTH) * sizeof(double))
    while path < paths:
        count = min(<Py_ssize_t> WIDTH, paths - path)
        if call.bars == 0 or call.margins == 0 or p == NULL or margins == NULL:
            for i in range(count):
                nothing(args, steps, path + i, TOTALS)
            outside |= 1 if p == NULL or margins == NULL else 0
            path += count
            continue
        for i in range(count):
            begin(&p[i], &call, args, steps, path + i, margins + 2 * call.margins * i)
        i = 0
        while i < count:
            # as many as are of one collateral
            cross = p[i].trade.cross
            k = 1
            while i + k < count and p[i + k].trade.cross == cross:
                k += 1
            if cross:
                scan_cross(&p[i], &call, k)
            elif adjacent and k > 1:
                scan_together(&p[i], &call, k, steps[ROLL] == 0)
            else:
                for j in range(i, i + k):
                    if shared_roll < 0 or steps[ROLL] != 0:
                        shared_roll = has_rolls(&p[j], &call)
                    scan_along(&p[j], &call, shared_roll > 0)
            i += k
        for i in range(count):
            finish(&p[i], &call, args, steps, path + i)
            if p[i].wrong:
                nothing(args, steps, path + i, TOTALS)
                outside |= 0 if is_missing(args, steps, path + i, &p[i].trade) else 1
        path += count
    free(margins)
    free(p)
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void path_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """Prices and years (t), roll (t), terms, code -> equity, margin, margin ratio (t)"""
    cdef Py_ssize_t path, t
    cdef Path p
    cdef Call call
    cdef int k
    cdef double mark, backing
    cdef double row[PATHS]
    cdef char* target
    cdef long long outside = 0
    cdef Status status = status_save()
    set_call(&call, dimensions, &steps[INPUTS + PATHS])
    cdef double* margins = <double*> malloc(max(<Py_ssize_t> 1, 2 * call.margins) * sizeof(double))
    outside |= 1 if margins == NULL else 0
    for path in range(dimensions[0] if call.bars > 0 and call.margins > 0 and margins != NULL else 0):
        begin(&p, &call, args, steps, path, margins)
        if p.wrong:
            outside |= 0 if is_missing(args, steps, path, &p.trade) else 1
        for t in range(call.bars):
            row[0] = row[1] = row[2] = NAN
            if not p.wrong:
                if p.trade.cross:
                    cross_bar(&p, &call, t)
                elif get(&p, &call, HIGH, t) < p.low or get(&p, &call, HIGH, t) > p.high:
                    marks(&p, &call, t)
            if not p.wrong:
                row[0] = row[1] = row[2] = 0.0
                if not p.dead:
                    mark = get(&p, &call, FUTURES, t)
                    backing = formula.coins(&p.trade, get(&p, &call, SPOT, t), get(&p, &call, SETTLEMENT, t))
                    row[0] = formula.equity(&p.trade, mark, backing)
                    row[1] = p.trade.posted + p.trade.topped
                    row[2] = formula.margin_ratio(&p.trade, mark, backing)
                if rolls(&p, &call, t):
                    roll(&p, &call, t)
            for k in range(PATHS):
                target = args[INPUTS + k] + path * steps[INPUTS + k]
                (<double*> (target + t * steps[INPUTS + PATHS + 9 + k]))[0] = row[k]
        if p.wrong:
            outside |= 0 if is_missing(args, steps, path, &p.trade) else 1
    free(margins)
    status_restore(status)
    status_raise(INVALID if outside else 0)


ARGUMENTS = (
    "spot futures high settlement following years roll:? quantity leverage maintenance amount haircut reserve code:b")
RESULTS = "made held top_ups margin cost ratio shortfall capital_years rolled traded bar"
CORE = "(t),(t),(t),(t),(t),(t),(t),(),(),(k),(k),(),(),()->"
carry_cash_and_carry = register(
    cash_and_carry_loop, "carry_cash_and_carry", ARGUMENTS, RESULTS, "carry.cash_and_carry",
    CORE + ",".join(["()"] * 11))
carry_cash_and_carry_path = register(
    path_loop, "carry_cash_and_carry_path", ARGUMENTS, "equity margin margin_ratio", "carry.cash_and_carry",
    CORE + "(t),(t),(t)")
