"""Loop of constant-leverage products.

Paths that lie side by side in memory (time down the first axis) are advanced ROWS bars of BLOCK paths at a time;
other paths GROUP at a time, along time as far as they need no look back, or else transposed on the way.
"""

cimport cython_ext._loop.numpy_api as cnp
from libc.string cimport memcpy

cimport shortgamma.kernels.leverage.nav as formula
from cython_ext._loop.blocks cimport (
    GROUP, INVALID, Status, no_price, status_raise, status_restore, status_save,
)
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.numeric.vecmath cimport NAN, NO_PRICE, larger, price_key

cnp.import_array()
cnp.import_ufunc()

cdef extern from "_loop/stores.h" nogil:
    enum:
        STREAM_FROM "SG_STREAM_FROM"
    void stream "sg_stream"(double* target, const double* source, Py_ssize_t count) noexcept
    void stream_end "sg_stream_end"() noexcept

cdef enum:
    # A strip of this many blocks of paths keeps its states in the cache while the bars go by; of each bar it reads a
    # stretch long enough for the memory to run at speed.
    STRIP = 8
    ROWS = 8
    BLOCK = 128
    # Bars of one path between two visits to the others.
    STRETCH = 256

# Places of the arguments, and of the steps along time.
cdef enum:
    PRICE
    LEVERAGE
    SCHEDULE
    FINANCING
    FEE
    COST
    INITIAL
    NAV
    PRICE_TIME
    SCHEDULE_TIME
    FINANCING_TIME
    FEE_TIME
    NAV_TIME


cdef struct Paths:
    # The state of a block of paths.
    double leverage[BLOCK]
    double financing[BLOCK]
    double fee[BLOCK]
    double kept[BLOCK]
    double cost[BLOCK]
    double schedule[BLOCK]
    double nav[BLOCK]
    double exposure[BLOCK]
    double fresh[BLOCK]


cdef inline void gather(double* row, const char* source, Py_ssize_t stride, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(width):
        row[i] = (<const double*> (source + i * stride))[0]


cdef inline void gather_flags(double* row, const char* source, Py_ssize_t stride, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(width):
        row[i] = 1.0 if (source + i * stride)[0] else 0.0


cdef inline long long begin(
    Paths* paths, const double* price, char** args, cnp.npy_intp* steps, Py_ssize_t first, Py_ssize_t width,
) noexcept nogil:
    """Bar 0: the product is bought, at no cost."""
    cdef Py_ssize_t i
    cdef long long outside = 0
    gather(paths.leverage, args[LEVERAGE] + first * steps[LEVERAGE], steps[LEVERAGE], width)
    gather(paths.financing, args[FINANCING] + first * steps[FINANCING], steps[FINANCING], width)
    gather(paths.fee, args[FEE] + first * steps[FEE], steps[FEE], width)
    gather(paths.cost, args[COST] + first * steps[COST], steps[COST], width)
    gather(paths.nav, args[INITIAL] + first * steps[INITIAL], steps[INITIAL], width)
    for i in range(width):
        outside |= no_price(price[i])
        paths.nav[i] = paths.nav[i] if price[i] - price[i] == 0.0 and price[i] > 0.0 else NAN
        paths.exposure[i] = paths.leverage[i] * paths.nav[i]
        paths.fresh[i] = 1.0
        paths.kept[i] = formula.keep(paths.financing[i], paths.fee[i])
    return outside


cdef inline long long steady_bar(
    Paths* paths, const double* price, const double* before, Py_ssize_t width,
) noexcept nogil:
    """A bar of products that are rebalanced on every bar at no cost."""
    cdef Py_ssize_t i
    cdef long long outside = 0
    cdef double ratio
    for i in range(width):
        ratio = formula.ratio_of(price[i], before[i])
        paths.nav[i] = paths.nav[i] * formula.growth(ratio, paths.leverage[i], paths.financing[i], paths.kept[i])
        outside |= no_price(price[i])
    return outside


cdef inline void advance(
    Paths* paths, const double* price, const double* before, Py_ssize_t width, bint masked, bint rebalance, bint costly,
) noexcept nogil:
    """masked, rebalance and costly are constants of the caller: a schedule for each path, or one for all."""
    cdef Py_ssize_t i
    for i in range(width):
        formula.bar(
            formula.ratio_of(price[i], before[i]), paths.leverage[i], paths.financing[i], paths.fee[i], paths.cost[i],
            costly, paths.schedule[i] != 0.0 if masked else rebalance,
            &paths.nav[i], &paths.exposure[i], &paths.fresh[i])


cdef inline long long any_bar(
    Paths* paths, bint costly, const double* price, const double* before, char** args, cnp.npy_intp* steps,
    Py_ssize_t first, Py_ssize_t width, Py_ssize_t t,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef long long outside = 0
    cdef const char* schedule = args[SCHEDULE] + first * steps[SCHEDULE] + t * steps[SCHEDULE_TIME]
    if steps[FINANCING_TIME]:
        gather(
            paths.financing, args[FINANCING] + first * steps[FINANCING] + t * steps[FINANCING_TIME], steps[FINANCING],
            width)
    if steps[FEE_TIME]:
        gather(paths.fee, args[FEE] + first * steps[FEE] + t * steps[FEE_TIME], steps[FEE], width)
    if steps[SCHEDULE] != 0:
        gather_flags(paths.schedule, schedule, steps[SCHEDULE], width)
        if costly:
            advance(paths, price, before, width, True, False, True)
        else:
            advance(paths, price, before, width, True, False, False)
    elif not schedule[0]:
        advance(paths, price, before, width, False, False, False)
    elif costly:
        advance(paths, price, before, width, False, True, True)
    else:
        advance(paths, price, before, width, False, True, False)
    for i in range(width):
        outside |= no_price(price[i])
    return outside


cdef inline bint has_cost(char** args, cnp.npy_intp* steps, Py_ssize_t first, Py_ssize_t width) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(first, first + width):
        if (<double*> (args[COST] + i * steps[COST]))[0] != 0.0:
            return True
        if steps[COST] == 0:
            break
    return False


cdef inline bint is_steady(char** args, cnp.npy_intp* steps, Py_ssize_t first, Py_ssize_t width) noexcept nogil:
    """Whether every path is rebalanced on every bar, at no cost, with constant financing and fee."""
    cdef Py_ssize_t i
    if steps[SCHEDULE_TIME] or steps[FINANCING_TIME] or steps[FEE_TIME]:
        return False
    for i in range(first, first + width):
        if not (args[SCHEDULE] + i * steps[SCHEDULE])[0]:
            return False
        if steps[SCHEDULE] == 0:
            break
    return not has_cost(args, steps, first, width)


cdef inline long long one_bar(
    Paths* paths, bint steady, bint costly, const double* price, const double* before, char** args, cnp.npy_intp* steps,
    Py_ssize_t first, Py_ssize_t width, Py_ssize_t t,
) noexcept nogil:
    if t == 0:
        return begin(paths, price, args, steps, first, width)
    if steady:
        return steady_bar(paths, price, before, width)
    return any_bar(paths, costly, price, before, args, steps, first, width, t)


cdef inline bint steady_tile(
    Paths* paths, bint uniform, const char* source, Py_ssize_t stride, double result[ROWS][BLOCK],
) noexcept nogil:
    """ROWS bars of a whole block of steady products; false, and nothing done, if a price is none.

    The bars are written out: each is a stream of its own for the memory, which knows streams by the instruction.
    """
    cdef const double* p = <const double*> (source - stride)
    cdef const double* p0 = <const double*> source
    cdef const double* p1 = <const double*> (source + stride)
    cdef const double* p2 = <const double*> (source + 2 * stride)
    cdef const double* p3 = <const double*> (source + 3 * stride)
    cdef const double* p4 = <const double*> (source + 4 * stride)
    cdef const double* p5 = <const double*> (source + 5 * stride)
    cdef const double* p6 = <const double*> (source + 6 * stride)
    cdef const double* p7 = <const double*> (source + 7 * stride)
    cdef double n, leverage, financing, kept
    cdef Py_ssize_t i
    cdef unsigned long long worst = 0
    for i in range(BLOCK):
        n = paths.nav[i]
        leverage = paths.leverage[0 if uniform else i]
        financing = paths.financing[0 if uniform else i]
        kept = paths.kept[0 if uniform else i]
        n = n * formula.growth(p0[i] / p[i], leverage, financing, kept)
        result[0][i] = n
        n = n * formula.growth(p1[i] / p0[i], leverage, financing, kept)
        result[1][i] = n
        n = n * formula.growth(p2[i] / p1[i], leverage, financing, kept)
        result[2][i] = n
        n = n * formula.growth(p3[i] / p2[i], leverage, financing, kept)
        result[3][i] = n
        n = n * formula.growth(p4[i] / p3[i], leverage, financing, kept)
        result[4][i] = n
        n = n * formula.growth(p5[i] / p4[i], leverage, financing, kept)
        result[5][i] = n
        n = n * formula.growth(p6[i] / p5[i], leverage, financing, kept)
        result[6][i] = n
        n = n * formula.growth(p7[i] / p6[i], leverage, financing, kept)
        result[7][i] = n
        worst = larger(worst, larger(
            larger(larger(price_key(p0[i]), price_key(p1[i])), larger(price_key(p2[i]), price_key(p3[i]))),
            larger(larger(price_key(p4[i]), price_key(p5[i])), larger(price_key(p6[i]), price_key(p7[i])))))
    if worst >= NO_PRICE:
        return False
    memcpy(paths.nav, result[ROWS - 1], BLOCK * sizeof(double))
    return True


cdef long long rows(
    char** args, cnp.npy_intp* steps, Py_ssize_t first, Py_ssize_t width, Py_ssize_t bars, bint large,
) noexcept nogil:
    """A strip of paths that lie side by side in price and result."""
    cdef Paths paths[STRIP]
    cdef double result[ROWS][BLOCK]
    cdef bint steady = is_steady(args, steps, first, width)
    cdef bint costly = has_cost(args, steps, first, width)
    cdef bint uniform = steps[LEVERAGE] == 0 and steps[FINANCING] == 0 and steps[FEE] == 0
    cdef bint done
    cdef const char* source
    cdef const double* price
    cdef double* out
    cdef Py_ssize_t start = 0, length, block, lanes, path, k
    cdef Py_ssize_t stride = steps[PRICE_TIME]
    cdef long long outside = 0
    while start < bars:
        length = min(<Py_ssize_t> ROWS, bars - start)
        block = 0
        while block * BLOCK < width:
            # the last block overlaps the one before rather than be a short one: it does the same again
            path = first + min(block * BLOCK, max(width - BLOCK, <Py_ssize_t> 0))
            lanes = min(<Py_ssize_t> BLOCK, width)
            source = args[PRICE] + path * steps[PRICE] + start * stride
            done = False
            if steady and start > 0 and lanes == BLOCK and length == ROWS:
                # one leverage for all is the usual case, and saves loads
                if uniform:
                    done = steady_tile(&paths[block], True, source, stride, result)
                else:
                    done = steady_tile(&paths[block], False, source, stride, result)
            if not done:
                for k in range(length):
                    price = <const double*> (source + k * stride)
                    outside |= one_bar(
                        &paths[block], steady, costly, price, <const double*> (source + (k - 1) * stride),
                        args, steps, path, lanes, start + k)
                    memcpy(result[k], paths[block].nav, lanes * sizeof(double))
            for k in range(length):
                out = <double*> (args[NAV] + path * steps[NAV] + (start + k) * steps[NAV_TIME])
                if large:
                    stream(out, result[k], lanes)
                else:
                    memcpy(out, result[k], lanes * sizeof(double))
            block += 1
        start += ROWS
    return outside


cdef long long tiles(
    char** args, cnp.npy_intp* steps, Py_ssize_t first, Py_ssize_t width, Py_ssize_t bars,
) noexcept nogil:
    """Up to GROUP paths, BLOCK bars at a time, transposed so that a bar of all paths lies together."""
    cdef Paths paths
    cdef double tile[BLOCK + 1][GROUP]
    cdef bint steady = is_steady(args, steps, first, width)
    cdef bint costly = has_cost(args, steps, first, width)
    cdef Py_ssize_t start = 0, length, i, t
    cdef const char* source
    cdef char* target
    cdef long long outside = 0
    while start < bars:
        length = min(<Py_ssize_t> BLOCK, bars - start)
        for i in range(width):
            tile[0][i] = tile[BLOCK][i]
            source = args[PRICE] + (first + i) * steps[PRICE] + start * steps[PRICE_TIME]
            for t in range(length):
                tile[t + 1][i] = (<const double*> (source + t * steps[PRICE_TIME]))[0]
        for t in range(length):
            # a full group is worth code of its own: the compiler knows its length
            if width == GROUP:
                outside |= one_bar(&paths, steady, costly, tile[t + 1], tile[t], args, steps, first, GROUP, start + t)
            else:
                outside |= one_bar(&paths, steady, costly, tile[t + 1], tile[t], args, steps, first, width, start + t)
            for i in range(width):
                # the row before is used up: its place takes the result
                tile[t][i] = paths.nav[i]
        for i in range(width):
            target = args[NAV] + (first + i) * steps[NAV] + start * steps[NAV_TIME]
            for t in range(length):
                (<double*> (target + t * steps[NAV_TIME]))[0] = tile[t][i]
        start += BLOCK
    return outside


cdef long long chains(
    char** args, cnp.npy_intp* steps, Py_ssize_t first, Py_ssize_t width, Py_ssize_t bars, bint large,
) noexcept nogil:
    """Up to GROUP steady paths: what each bar multiplies by, a stretch of bars at a time, then the products.

    A product waits for the one before; those of several paths wait together.
    """
    cdef Paths paths
    cdef double price[STRETCH + 1]
    cdef double factor[GROUP][STRETCH]
    cdef double last[GROUP]
    cdef double nav[GROUP]
    cdef double leverage, financing, kept
    cdef Py_ssize_t start = 1, length, i, k
    cdef const char* source
    cdef char* target
    cdef long long outside
    gather(last, args[PRICE] + first * steps[PRICE], steps[PRICE], width)
    outside = begin(&paths, last, args, steps, first, width)
    for k in range(GROUP):
        nav[k] = paths.nav[k] if k < width else 1.0
    for k in range(width):
        (<double*> (args[NAV] + (first + k) * steps[NAV]))[0] = nav[k]
    while start < bars:
        length = min(<Py_ssize_t> STRETCH, bars - start)
        for k in range(width):
            source = args[PRICE] + (first + k) * steps[PRICE] + start * steps[PRICE_TIME]
            leverage = paths.leverage[k]
            financing = paths.financing[k]
            kept = paths.kept[k]
            price[0] = last[k]
            if steps[PRICE_TIME] == sizeof(double):
                for i in range(length):
                    price[i + 1] = (<const double*> source)[i]
            else:
                for i in range(length):
                    price[i + 1] = (<const double*> (source + i * steps[PRICE_TIME]))[0]
            last[k] = price[length]
            for i in range(length):
                factor[k][i] = formula.growth(formula.ratio_of(price[i + 1], price[i]), leverage, financing, kept)
            for i in range(length):
                outside |= no_price(price[i + 1])
        if width == 1:
            for i in range(length):
                nav[0] = nav[0] * factor[0][i]
                factor[0][i] = nav[0]
        else:
            for i in range(length):
                for k in range(GROUP):
                    nav[k] = nav[k] * factor[k][i]
                    factor[k][i] = nav[k]
        for k in range(width):
            target = args[NAV] + (first + k) * steps[NAV] + start * steps[NAV_TIME]
            if large:
                stream(<double*> target, factor[k], length)
            elif steps[NAV_TIME] == sizeof(double):
                for i in range(length):
                    (<double*> target)[i] = factor[k][i]
            else:
                for i in range(length):
                    (<double*> (target + i * steps[NAV_TIME]))[0] = factor[k][i]
        start += STRETCH
    return outside


cdef inline void navs(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps) noexcept nogil:
    cdef Py_ssize_t paths = dimensions[0], bars = dimensions[1], path = 0, width
    # a strip reads again what it has passed, so its result must lie elsewhere; NumPy sees to partial overlaps
    cdef bint side_by_side = (
        steps[PRICE] == sizeof(double) and steps[NAV] == sizeof(double)
        and args[NAV] != args[PRICE] and args[NAV] != args[FINANCING] and args[NAV] != args[FEE]
    )
    cdef bint large = (
        steps[NAV if side_by_side else NAV_TIME] == sizeof(double)
        and paths * bars * <Py_ssize_t> sizeof(double) > STREAM_FROM
    )
    cdef long long outside = 0
    cdef Status status
    if bars == 0:
        return
    status = status_save()
    while path < paths:
        if side_by_side and paths - path > 1:
            outside |= rows(args, steps, path, min(<Py_ssize_t> (STRIP * BLOCK), paths - path), bars, large)
            path += STRIP * BLOCK
        else:
            width = min(<Py_ssize_t> GROUP, paths - path)
            if is_steady(args, steps, path, width):
                outside |= chains(args, steps, path, width, bars, large)
            else:
                outside |= tiles(args, steps, path, width, bars)
            path += GROUP
    if large:
        stream_end()
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void nav_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """price (t), leverage, schedule (t), financing (t), fee (t), cost, initial -> nav (t)"""
    navs(args, dimensions, steps)


cdef void steady_nav_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """price (t), leverage, financing, fee, cost, initial -> nav (t), rebalanced on every bar"""
    cdef char always = 1
    cdef char* all_args[8]
    cdef cnp.npy_intp all_steps[13]
    cdef int i
    for i in range(13):
        all_steps[i] = 0
    all_args[PRICE] = args[0]
    all_steps[PRICE] = steps[0]
    all_args[LEVERAGE] = args[1]
    all_steps[LEVERAGE] = steps[1]
    all_args[SCHEDULE] = &always
    for i in range(4):
        all_args[FINANCING + i] = args[2 + i]
        all_steps[FINANCING + i] = steps[2 + i]
    all_args[NAV] = args[6]
    all_steps[NAV] = steps[6]
    all_steps[PRICE_TIME] = steps[7]
    all_steps[NAV_TIME] = steps[8]
    navs(all_args, dimensions, all_steps)


leverage_steady_nav = register(
    steady_nav_loop, "leverage_steady_nav", "price leverage financing expense cost initial", "nav",
    "leverage.nav", "(t),(),(),(),(),()->(t)")
leverage_nav = register(
    nav_loop, "leverage_nav", "price leverage schedule:? financing expense cost initial", "nav",
    "leverage.nav", "(t),(),(t),(t),(t),(),()->(t)")
