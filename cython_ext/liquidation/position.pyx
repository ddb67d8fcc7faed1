"""Loops of liquidation prices, of the first bar on which a position is liquidated, and of mean entries."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.liquidation.position as formula
from cython_ext._loop.blocks cimport (
    INVALID, LANES, Status, load, padded, status_raise, status_restore, status_save,
)
from cython_ext._loop.elementwise cimport INVERSE, MIXED, by_contract
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.liquidation.position cimport Bounds, Position
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    # Paths that lie side by side in memory are scanned together, WIDTH at a time (their bounds stay in the cache), ROWS
    # bars of BLOCK paths between two looks at the result.
    WIDTH = 1024
    BLOCK = 256
    ROWS = 4
    NEVER = -1
    UNDEFINED = -2


cdef inline long long prices(int kind, const double** x, const int* codes, double* out, int lanes) noexcept nogil:
    cdef const double* quantity = x[0]
    cdef const double* entry = x[1]
    cdef const double* margin = x[2]
    cdef const double* maintenance = x[3]
    cdef const double* fee = x[4]
    cdef const double* multiplier = x[5]
    cdef double good[LANES]
    cdef long long outside = 0
    cdef Py_ssize_t i
    for i in range(lanes):
        good[i] = formula.in_domain(entry[i], maintenance[i], fee[i])
        out[i] = formula.price(
            codes[i] if kind == MIXED else kind == INVERSE, quantity[i], entry[i], margin[i], maintenance[i] + fee[i],
            multiplier[i])
        out[i] = out[i] if good[i] != 0.0 else NAN
    for i in range(lanes):
        outside |= 1 if (
            (good[i] == 0.0) & (entry[i] == entry[i]) & (maintenance[i] == maintenance[i]) & (fee[i] == fee[i])
        ) else 0
    return outside


cdef void price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    by_contract(prices, 6, args, dimensions, steps)


cdef inline double number(char* source) noexcept nogil:
    return (<double*> source)[0]


cdef inline long long index_of(long long result, Py_ssize_t bars) noexcept nogil:
    """The bar of a breach; what is no bar of the path is no index into it: bars, or one more where undefined."""
    return bars - (result - NEVER) if result < 0 else result


cdef inline long long open_position(
    char** args, cnp.npy_intp* steps, Py_ssize_t path, Position* position, Bounds* bounds, bint* outside,
) noexcept nogil:
    """The position of a path and its bounds: UNDEFINED if a number of it is unknown or out of range, else NEVER."""
    cdef bint finite, known
    position.quantity = number(args[1] + path * steps[1])
    position.entry = number(args[2] + path * steps[2])
    position.margin = number(args[3] + path * steps[3])
    position.amount = number(args[4] + path * steps[4])
    position.maintenance = number(args[5] + path * steps[5])
    position.fee = number(args[6] + path * steps[6])
    position.multiplier = number(args[7] + path * steps[7])
    position.inverse = (args[8] + path * steps[8])[0] != 0
    finite = (
        -INFINITY < position.quantity < INFINITY and -INFINITY < position.margin < INFINITY
        and -INFINITY < position.amount < INFINITY and 0.0 < position.multiplier < INFINITY
    )
    if finite and formula.in_domain(position.entry, position.maintenance, position.fee) != 0.0:
        bounds[0] = formula.bounds(position)
        return NEVER
    bounds.low = -INFINITY
    bounds.high = INFINITY
    known = (
        position.quantity == position.quantity and position.entry == position.entry
        and position.margin == position.margin and position.amount == position.amount
        and position.maintenance == position.maintenance and position.fee == position.fee
        and position.multiplier == position.multiplier
    )
    outside[0] = outside[0] or known
    return UNDEFINED


cdef inline bint liquidated(
    double mark, const Position* position, const Bounds* bounds, bint* outside,
) noexcept nogil:
    """The decision on a mark outside the bounds."""
    if not 0.0 < mark < INFINITY:
        outside[0] = True
        return False
    if mark < bounds.sure_low or mark > bounds.sure_high:
        return True
    return formula.breached(position, mark)


cdef inline long long scan(
    const char* marks, Py_ssize_t stride, Py_ssize_t bars, const Position* position, const Bounds* bounds,
    bint* outside,
) noexcept nogil:
    """One path along time."""
    cdef double block[LANES]
    cdef Py_ssize_t begin = 0, i, lanes, whole
    cdef long long any_near
    cdef double low = bounds.low, high = bounds.high
    while begin < bars:
        lanes = min(<Py_ssize_t> LANES, bars - begin)
        whole = padded(lanes)
        load(block, marks + begin * stride, stride, lanes)
        any_near = 0
        for i in range(whole):
            any_near |= 1 if (block[i] < low) | (block[i] > high) else 0
        if any_near:
            for i in range(lanes):
                if (block[i] < low or block[i] > high) and liquidated(block[i], position, bounds, outside):
                    return begin + i
        begin += LANES
    return NEVER


cdef inline long long any_outside(
    const char* source, Py_ssize_t stride, const double* low, const double* high, Py_ssize_t lanes,
) noexcept nogil:
    """Whether a mark of ROWS bars may be a breach. The bars are written out, each a stream for the memory."""
    cdef const double* r0 = <const double*> source
    cdef const double* r1 = <const double*> (source + stride)
    cdef const double* r2 = <const double*> (source + 2 * stride)
    cdef const double* r3 = <const double*> (source + 3 * stride)
    cdef long long any_near = 0
    cdef Py_ssize_t i
    for i in range(lanes):
        any_near |= 1 if (
            (r0[i] < low[i]) | (r0[i] > high[i]) | (r1[i] < low[i]) | (r1[i] > high[i])
            | (r2[i] < low[i]) | (r2[i] > high[i]) | (r3[i] < low[i]) | (r3[i] > high[i])
        ) else 0
    return any_near


cdef void scan_together(
    char** args, cnp.npy_intp* steps, Py_ssize_t first, Py_ssize_t width, Py_ssize_t bars, bint* outside,
) noexcept nogil:
    """Paths whose marks lie side by side, bar by bar, until all are decided."""
    cdef Position position
    cdef Bounds bounds
    cdef double low[WIDTH]
    cdef double high[WIDTH]
    cdef long long result[WIDTH]
    cdef Py_ssize_t i, t = 0, row, rows, begin, lanes, stride = steps[10], alive = 0
    cdef const char* source
    cdef double mark
    for i in range(width):
        result[i] = open_position(args, steps, first + i, &position, &bounds, outside)
        low[i] = bounds.low
        high[i] = bounds.high
        alive += result[i] == NEVER
    while t < bars and alive > 0:
        rows = min(<Py_ssize_t> ROWS, bars - t)
        begin = 0
        while begin < width:
            lanes = min(<Py_ssize_t> BLOCK, width - begin)
            source = args[0] + (first + begin) * steps[0] + t * stride
            if rows < ROWS or any_outside(source, stride, &low[begin], &high[begin], lanes):
                for row in range(rows):
                    for i in range(begin, begin + lanes):
                        mark = (<const double*> (source + row * stride))[i - begin]
                        if mark < low[i] or mark > high[i]:
                            open_position(args, steps, first + i, &position, &bounds, outside)
                            if liquidated(mark, &position, &bounds, outside):
                                result[i] = t + row
                                low[i] = -INFINITY
                                high[i] = INFINITY
                                alive -= 1
            begin += BLOCK
        t += ROWS
    for i in range(width):
        (<long long*> (args[9] + (first + i) * steps[9]))[0] = index_of(result[i], bars)


cdef void first_breach_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """mark (t), quantity, entry, margin, amount, maintenance, fee, multiplier, inverse -> index"""
    cdef Py_ssize_t paths = dimensions[0], bars = dimensions[1], path = 0, width
    cdef Position position
    cdef Bounds bounds
    cdef long long result
    cdef bint outside = False
    cdef Status status = status_save()
    if steps[0] == sizeof(double) and steps[10] != sizeof(double) and paths > 1:
        while path < paths:
            width = min(<Py_ssize_t> WIDTH, paths - path)
            scan_together(args, steps, path, width, bars, &outside)
            path += WIDTH
    else:
        for path in range(paths):
            result = open_position(args, steps, path, &position, &bounds, &outside)
            if result == NEVER:
                result = scan(args[0] + path * steps[0], steps[10], bars, &position, &bounds, &outside)
            (<long long*> (args[9] + path * steps[9]))[0] = index_of(result, bars)
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void mean_entry_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """quantity (t), price (t), inverse -> entry"""
    cdef Py_ssize_t paths = dimensions[0], count = dimensions[1], path, t
    cdef double quantity, price, held, cost
    cdef bint inverse, outside = False, known
    cdef Status status = status_save()
    for path in range(paths):
        inverse = (args[2] + path * steps[2])[0] != 0
        held = cost = 0.0
        known = True
        for t in range(count):
            quantity = number(args[0] + path * steps[0] + t * steps[4])
            price = number(args[1] + path * steps[1] + t * steps[5])
            if 0.0 < price < INFINITY and -INFINITY < quantity < INFINITY:
                formula.fill(inverse, quantity, price, &held, &cost)
            elif quantity != 0.0:
                known = False
                outside = outside or (price == price and quantity == quantity)
        (<double*> (args[3] + path * steps[3]))[0] = (
            formula.averaged(inverse, cost / absolute(held)) if known and held != 0.0 else NAN)
    status_restore(status)
    status_raise(INVALID if outside else 0)


liquidation_price = register(
    price_loop, "liquidation_price", "quantity entry margin maintenance fee multiplier inverse:b", "price",
    "liquidation.liquidation_price")
liquidation_first_breach = register(
    first_breach_loop, "liquidation_first_breach",
    "mark quantity entry margin amount maintenance fee multiplier inverse:b", "bar:l",
    "liquidation.first_breach", "(t),(),(),(),(),(),(),(),()->()")
liquidation_mean_entry = register(
    mean_entry_loop, "liquidation_mean_entry", "quantity price inverse:b", "entry",
    "liquidation.mean_entry", "(t),(t),()->()")
