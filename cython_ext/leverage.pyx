"""Loop of constant-leverage products.

Paths that lie side by side in memory (time down the first axis) are advanced together, row by row; other paths in groups of
GROUP, in tiles that are transposed on the way; a single path one bar after the other.
"""

cimport numpy as cnp

from shortgamma.kernels cimport leverage as formula
from shortgamma.kernels.blocks cimport (
    GROUP, INVALID, LANES, Status, no_price, status_raise, status_restore, status_save,
)
from shortgamma.kernels.ufuncs cimport make_ufunc
from shortgamma.kernels.vecmath cimport NAN

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    # paths side by side: a row of each input and the states stay in the first-level cache
    WIDTH = 256

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
    # The state of the paths that are advanced together.
    double leverage[WIDTH]
    double financing[WIDTH]
    double fee[WIDTH]
    double cost[WIDTH]
    double schedule[WIDTH]
    double nav[WIDTH]
    double exposure[WIDTH]
    double fresh[WIDTH]


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
    return outside


cdef inline long long steady_bar(Paths* paths, const double* price, const double* before, Py_ssize_t width) noexcept nogil:
    """A bar of products that are rebalanced on every bar at no cost."""
    cdef Py_ssize_t i
    cdef long long outside = 0
    cdef double ratio
    for i in range(width):
        ratio = formula.ratio_of(price[i], before[i])
        paths.nav[i] = paths.nav[i] * formula.growth(ratio, paths.leverage[i], paths.financing[i], paths.fee[i])
    for i in range(width):
        outside |= no_price(price[i])
    return outside


cdef inline long long any_bar(
    Paths* paths, const double* price, const double* before, char** args, cnp.npy_intp* steps,
    Py_ssize_t first, Py_ssize_t width, Py_ssize_t t,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef long long outside = 0
    cdef double ratio
    gather_flags(paths.schedule, args[SCHEDULE] + first * steps[SCHEDULE] + t * steps[SCHEDULE_TIME], steps[SCHEDULE], width)
    if steps[FINANCING_TIME]:
        gather(paths.financing, args[FINANCING] + first * steps[FINANCING] + t * steps[FINANCING_TIME], steps[FINANCING], width)
    if steps[FEE_TIME]:
        gather(paths.fee, args[FEE] + first * steps[FEE] + t * steps[FEE_TIME], steps[FEE], width)
    for i in range(width):
        ratio = formula.ratio_of(price[i], before[i])
        formula.bar(
            ratio, paths.leverage[i], paths.financing[i], paths.fee[i], paths.cost[i], paths.schedule[i] != 0.0,
            &paths.nav[i], &paths.exposure[i], &paths.fresh[i])
    for i in range(width):
        outside |= no_price(price[i])
    return outside


cdef inline bint is_steady(char** args, cnp.npy_intp* steps, Py_ssize_t first, Py_ssize_t width) noexcept nogil:
    """Whether every path is rebalanced on every bar, at no cost, with constant financing and fee."""
    cdef Py_ssize_t i
    if steps[SCHEDULE_TIME] or steps[FINANCING_TIME] or steps[FEE_TIME]:
        return False
    for i in range(first, first + width):
        if not (args[SCHEDULE] + i * steps[SCHEDULE])[0] or (<double*> (args[COST] + i * steps[COST]))[0] != 0.0:
            return False
    return True


cdef long long rows(
    char** args, cnp.npy_intp* steps, Py_ssize_t first, Py_ssize_t width, Py_ssize_t bars,
) noexcept nogil:
    """Paths side by side in price and result."""
    cdef Paths paths
    cdef const double* price = <const double*> (args[PRICE] + first * steps[PRICE])
    cdef const double* before
    cdef bint steady = is_steady(args, steps, first, width)
    cdef double* out
    cdef Py_ssize_t i, t
    cdef long long outside = begin(&paths, price, args, steps, first, width)
    for t in range(bars):
        if t > 0:
            before = price
            price = <const double*> (args[PRICE] + first * steps[PRICE] + t * steps[PRICE_TIME])
            if steady:
                outside |= steady_bar(&paths, price, before, width)
            else:
                outside |= any_bar(&paths, price, before, args, steps, first, width, t)
        out = <double*> (args[NAV] + first * steps[NAV] + t * steps[NAV_TIME])
        for i in range(width):
            out[i] = paths.nav[i]
    return outside


cdef long long tiles(
    char** args, cnp.npy_intp* steps, Py_ssize_t first, Py_ssize_t width, Py_ssize_t bars,
) noexcept nogil:
    """Up to GROUP paths, LANES bars at a time, transposed so that a bar of all paths lies together."""
    cdef Paths paths
    cdef double tile[LANES + 1][GROUP]
    cdef bint steady = is_steady(args, steps, first, width)
    cdef Py_ssize_t start = 0, length, i, t
    cdef const char* source
    cdef char* target
    cdef long long outside = 0
    while start < bars:
        length = min(<Py_ssize_t> LANES, bars - start)
        for i in range(width):
            tile[0][i] = tile[LANES][i]
            source = args[PRICE] + (first + i) * steps[PRICE] + start * steps[PRICE_TIME]
            for t in range(length):
                tile[t + 1][i] = (<const double*> (source + t * steps[PRICE_TIME]))[0]
        for t in range(length):
            if start + t == 0:
                outside |= begin(&paths, tile[1], args, steps, first, width)
            elif steady:
                outside |= steady_bar(&paths, tile[t + 1], tile[t], width)
            else:
                outside |= any_bar(&paths, tile[t + 1], tile[t], args, steps, first, width, start + t)
            for i in range(width):
                # the row before is used up: its place takes the result
                tile[t][i] = paths.nav[i]
        for i in range(width):
            target = args[NAV] + (first + i) * steps[NAV] + start * steps[NAV_TIME]
            for t in range(length):
                (<double*> (target + t * steps[NAV_TIME]))[0] = tile[t][i]
        start += LANES
    return outside


cdef long long chain(char** args, cnp.npy_intp* steps, Py_ssize_t path, Py_ssize_t bars) noexcept nogil:
    """One steady path: what each bar multiplies by, a block at a time, then the product."""
    cdef Paths paths
    cdef double price[LANES + 1]
    cdef double factor[LANES]
    cdef double ratio, nav, leverage, financing, fee
    cdef Py_ssize_t start = 1, length, i
    cdef const char* source = args[PRICE] + path * steps[PRICE]
    cdef char* target = args[NAV] + path * steps[NAV]
    cdef long long outside
    price[LANES] = (<const double*> source)[0]
    outside = begin(&paths, &price[LANES], args, steps, path, 1)
    nav = paths.nav[0]
    leverage = paths.leverage[0]
    financing = paths.financing[0]
    fee = paths.fee[0]
    (<double*> target)[0] = nav
    while start < bars:
        length = min(<Py_ssize_t> LANES, bars - start)
        price[0] = price[LANES]
        for i in range(length):
            price[i + 1] = (<const double*> (source + (start + i) * steps[PRICE_TIME]))[0]
        for i in range(length):
            ratio = formula.ratio_of(price[i + 1], price[i])
            factor[i] = formula.growth(ratio, leverage, financing, fee)
        for i in range(length):
            outside |= no_price(price[i + 1])
        for i in range(length):
            nav = nav * factor[i]
            (<double*> (target + (start + i) * steps[NAV_TIME]))[0] = nav
        start += LANES
    return outside


cdef void nav_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """price (t), leverage, schedule (t), financing (t), fee (t), cost, initial -> nav (t)"""
    cdef Py_ssize_t paths = dimensions[0], bars = dimensions[1], path = 0
    cdef bint side_by_side = steps[PRICE] == sizeof(double) and steps[NAV] == sizeof(double)
    cdef long long outside = 0
    cdef Status status
    if bars == 0:
        return
    status = status_save()
    while path < paths:
        if side_by_side and paths - path > 1:
            outside |= rows(args, steps, path, min(<Py_ssize_t> WIDTH, paths - path), bars)
            path += WIDTH
        elif paths - path == 1 and is_steady(args, steps, path, 1):
            outside |= chain(args, steps, path, bars)
            path += 1
        else:
            outside |= tiles(args, steps, path, min(<Py_ssize_t> GROUP, paths - path), bars)
            path += GROUP
    status_restore(status)
    status_raise(INVALID if outside else 0)


leverage_nav = make_ufunc(
    nav_loop, "leverage_nav", "dd?dddd", "d", "(t),(),(t),(t),(t),(),()->(t)",
    "Loop behind shortgamma.leverage.nav: price, leverage, schedule (bool), financing, fee, cost, initial.")
