"""Loops of funding payments: each of them, sums that write no path, and the running index."""

cimport cython_ext._loop.numpy_api as cnp

from cython_ext._loop.blocks cimport (
    INVALID, LANES, Status, lanes_of, no_price, padded, status_raise, status_restore, status_save,
)
from cython_ext._loop.elementwise cimport INVERSE, LINEAR, MIXED, by_contract
from shortgamma.kernels.contracts cimport checked
from shortgamma.kernels.funding.payments cimport Sum, add, add_lane, payment, rounded
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.numeric.vecmath cimport INFINITY

cnp.import_array()
cnp.import_ufunc()


cdef inline long long payments(int kind, const double** x, const int* codes, double* out, int lanes) noexcept nogil:
    cdef const double* quantity = x[0]
    cdef const double* mark = x[1]
    cdef const double* rate = x[2]
    cdef const double* multiplier = x[3]
    cdef long long outside = 0
    cdef Py_ssize_t i
    for i in range(lanes):
        out[i] = checked(
            payment(codes[i] if kind == MIXED else kind == INVERSE, quantity[i], mark[i], rate[i], multiplier[i]),
            mark[i])
    for i in range(lanes):
        outside |= no_price(mark[i])
    return outside


cdef inline bint one_price(int kind, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps) noexcept nogil:
    """Positions side by side under one mark, rate and contract, the row of a table; false, and nothing done, if not."""
    cdef const double* quantity = <const double*> args[0]
    cdef double* out = <double*> args[5]
    cdef double mark = (<double*> args[1])[0], rate = (<double*> args[2])[0], multiplier = (<double*> args[3])[0]
    cdef Py_ssize_t i
    cdef Status status
    if steps[0] != sizeof(double) or steps[5] != sizeof(double) or steps[1] | steps[2] | steps[3]:
        return False
    status = status_save()
    if not 0.0 < mark < INFINITY:
        status_restore(status)
        return False
    for i in range(dimensions[0]):
        out[i] = payment(kind == INVERSE, quantity[i], mark, rate, multiplier)
    status_restore(status)
    return True


cdef void payment_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    if dimensions[0] == 0:
        return
    if steps[4] == 0:
        if args[4][0] and one_price(INVERSE, args, dimensions, steps):
            return
        if not args[4][0] and one_price(LINEAR, args, dimensions, steps):
            return
    by_contract(payments, 4, args, dimensions, steps)


funding_payment = register(
    payment_loop, "funding_payment", "quantity mark rate multiplier inverse:b", "cash",
    "funding.accrue")


cdef enum:
    # accounts side by side whose sums stay in a cache while time runs: memory likes long rows better than short sums
    STRIP = 6144
    # bars at a time, written out in steps_of_rows
    ROWS = 4
    # independent sums along a row, or each addition would wait for the one before
    CHAINS = 32


cdef inline void add_lanes(double* high, double* low, const double* x, int count) noexcept nogil:
    cdef int i
    for i in range(count):
        add_lane(&high[i], &low[i], x[i])


cdef inline void step(
    int kind, double* high, double* low, double quantity, double mark, double rate, double fx, double multiplier,
    bint exchanged=True,
) noexcept nogil:
    cdef double x = payment(kind == INVERSE, quantity, mark, rate, multiplier)
    add_lane(high, low, x * fx if exchanged else x)


cdef inline void steps_of_rows(
    int kind, bint exchanged, double* high, double* low, const char* row, Py_ssize_t stride, const double* mark,
    const double* rate, const double* fx, double multiplier, Py_ssize_t count,
) noexcept nogil:
    """exchanged is a constant of the caller: what needs no exchange is not multiplied."""
    cdef const double* first = <const double*> row
    cdef const double* second = <const double*> (row + stride)
    cdef const double* third = <const double*> (row + 2 * stride)
    cdef const double* fourth = <const double*> (row + 3 * stride)
    # copies that no store to a sum can change
    cdef double mark_1 = mark[0], mark_2 = mark[1], mark_3 = mark[2], mark_4 = mark[3]
    cdef double rate_1 = rate[0], rate_2 = rate[1], rate_3 = rate[2], rate_4 = rate[3]
    cdef double fx_1 = fx[0], fx_2 = fx[1], fx_3 = fx[2], fx_4 = fx[3]
    cdef double high_lane, low_lane
    cdef Py_ssize_t i
    for i in range(count):
        high_lane = high[i]
        low_lane = low[i]
        step(kind, &high_lane, &low_lane, first[i], mark_1, rate_1, fx_1, multiplier, exchanged)
        step(kind, &high_lane, &low_lane, second[i], mark_2, rate_2, fx_2, multiplier, exchanged)
        step(kind, &high_lane, &low_lane, third[i], mark_3, rate_3, fx_3, multiplier, exchanged)
        step(kind, &high_lane, &low_lane, fourth[i], mark_4, rate_4, fx_4, multiplier, exchanged)
        high[i] = high_lane
        low[i] = low_lane


cdef inline bint add_rows(
    int kind, double* high, double* low, char** row, cnp.npy_intp* steps, double multiplier, Py_ssize_t count,
) noexcept nogil:
    """ROWS bars of accounts side by side, each with one mark, rate and FX rate: a sum is read and written once for all.

    False, and nothing done, if a mark is no price.
    """
    cdef double mark[ROWS]
    cdef double rate[ROWS]
    cdef double fx[ROWS]
    cdef bint good = True
    cdef Py_ssize_t k
    for k in range(ROWS):
        mark[k] = (<double*> (row[1] + k * steps[8]))[0]
        rate[k] = (<double*> (row[2] + k * steps[9]))[0]
        fx[k] = (<double*> (row[3] + k * steps[10]))[0]
        good = good and 0.0 < mark[k] < INFINITY
    if not good:
        return False
    if fx[0] == 1.0 and fx[1] == 1.0 and fx[2] == 1.0 and fx[3] == 1.0:
        steps_of_rows(kind, False, high, low, row[0], steps[7], mark, rate, fx, multiplier, count)
    else:
        steps_of_rows(kind, True, high, low, row[0], steps[7], mark, rate, fx, multiplier, count)
    return True


cdef inline long long total_adjacent(
    int kind, char** args, Py_ssize_t begin, Py_ssize_t count, Py_ssize_t length, cnp.npy_intp* steps,
) noexcept nogil:
    """Sums of at most STRIP paths that lie side by side, bar after bar."""
    cdef double high[STRIP]
    cdef double low[STRIP]
    cdef double block[4][LANES]
    cdef double multiplier_block[LANES]
    cdef double x[LANES]
    cdef const double* operand[4]
    cdef const double* multiplier = multiplier_block
    cdef char* row[4]
    cdef Py_ssize_t t = 0, i, k, first, lanes
    cdef long long outside = 0
    cdef bint shared = steps[0] == sizeof(double) and not (steps[1] | steps[2] | steps[3] | steps[4])
    for i in range(count):
        high[i] = low[i] = 0.0
    while t < length:
        for k in range(4):
            row[k] = args[k] + begin * steps[k] + t * steps[7 + k]
        if shared and t + ROWS <= length and add_rows(
                kind, high, low, row, steps, (<double*> args[4])[0], count):
            t += ROWS
            continue
        first = 0
        while first < count:
            lanes = min(<Py_ssize_t> LANES, count - first)
            for k in range(4):
                operand[k] = lanes_of(block[k], row[k], steps[k], first, lanes)
            multiplier = lanes_of(multiplier_block, args[4] + begin * steps[4], steps[4], first, lanes)
            for i in range(padded(lanes)):
                x[i] = checked(
                    payment(kind == INVERSE, operand[0][i], operand[1][i], operand[2][i], multiplier[i]),
                    operand[1][i]) * operand[3][i]
                outside |= no_price(operand[1][i])
            add_lanes(high + first, low + first, x, <int> lanes)
            first += LANES
        t += 1
    for i in range(count):
        (<double*> (args[6] + (begin + i) * steps[6]))[0] = rounded(Sum(high[i], low[i]))
    return outside


cdef inline long long total_along(
    int kind, char** args, Py_ssize_t path, Py_ssize_t length, cnp.npy_intp* steps,
) noexcept nogil:
    """The sum of one path, in chains side by side along it."""
    cdef double high[CHAINS]
    cdef double low[CHAINS]
    cdef double block[4][LANES]
    cdef double x[LANES]
    cdef const double* operand[4]
    cdef double multiplier = (<double*> (args[4] + path * steps[4]))[0]
    cdef Py_ssize_t begin = 0, i, k, lanes
    cdef long long outside = 0
    cdef Sum total
    cdef const double* quantity = <const double*> (args[0] + path * steps[0])
    cdef double mark, rate, fx
    if length == 0:
        # an empty array has no first element: its address need not be memory
        (<double*> (args[6] + path * steps[6]))[0] = 0.0
        return 0
    mark = (<double*> (args[1] + path * steps[1]))[0]
    rate = (<double*> (args[2] + path * steps[2]))[0]
    fx = (<double*> (args[3] + path * steps[3]))[0]
    for i in range(CHAINS):
        high[i] = low[i] = 0.0
    cdef bint shared = steps[7] == sizeof(double) and not (steps[8] | steps[9] | steps[10]) and 0.0 < mark < INFINITY
    if shared and rate * fx - rate * fx == 0.0:
        # accounts side by side under one price; what fills up the last chains receives nothing
        while begin + CHAINS <= length:
            for i in range(CHAINS):
                step(kind, &high[i], &low[i], quantity[begin + i], mark, rate, fx, multiplier)
            begin += CHAINS
        if begin < length:
            for i in range(CHAINS):
                x[i] = quantity[begin + i] if begin + i < length else 0.0
            for i in range(CHAINS):
                step(kind, &high[i], &low[i], x[i], mark, rate, fx, multiplier)
            begin = length
    while begin < length:
        lanes = min(<Py_ssize_t> LANES, length - begin)
        for k in range(4):
            operand[k] = lanes_of(block[k], args[k] + path * steps[k], steps[7 + k], begin, lanes)
        for i in range(padded(lanes)):
            x[i] = checked(
                payment(kind == INVERSE, operand[0][i], operand[1][i], operand[2][i], multiplier),
                operand[1][i]) * operand[3][i]
            outside |= no_price(operand[1][i])
        for i in range(lanes, LANES):
            x[i] = 0.0
        for i in range(LANES // CHAINS):
            add_lanes(high, low, x + i * CHAINS, CHAINS)
        begin += LANES
    total.high = total.low = 0.0
    for i in range(CHAINS):
        add(&total, high[i])
        total.low += low[i]
    (<double*> (args[6] + path * steps[6]))[0] = rounded(total)
    return outside


cdef inline void totals(int kind, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps) noexcept nogil:
    cdef Py_ssize_t paths = dimensions[0], length = dimensions[1], begin = 0, count
    cdef Py_ssize_t strips = (paths + STRIP - 1) // STRIP
    cdef long long outside = 0
    cdef Status status = status_save()
    while begin < paths:
        if steps[0] == sizeof(double) and paths > 1:
            # strips of one width
            count = min(paths - begin, (paths + strips - 1) // strips)
            outside |= total_adjacent(kind, args, begin, count, length, steps)
        else:
            count = 1
            outside |= total_along(kind, args, begin, length, steps)
        begin += count
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void total_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """quantity, mark, rate, fx, multiplier, inverse -> cash"""
    cdef Py_ssize_t path
    cdef long long outside = 0
    cdef Status status
    if dimensions[0] == 0:
        return
    if steps[5] != 0:
        status = status_save()
        for path in range(dimensions[0]):
            if (args[5] + path * steps[5])[0]:
                outside |= total_along(INVERSE, args, path, dimensions[1], steps)
            else:
                outside |= total_along(LINEAR, args, path, dimensions[1], steps)
        status_restore(status)
        status_raise(INVALID if outside else 0)
    elif args[5][0]:
        totals(INVERSE, args, dimensions, steps)
    else:
        totals(LINEAR, args, dimensions, steps)


cdef void index_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """mark, rate, multiplier, inverse -> cash received so far by one contract"""
    cdef Py_ssize_t path, t
    cdef long long outside = 0
    cdef double mark, rate, multiplier
    cdef bint inverse
    cdef Sum total
    cdef Status status = status_save()
    for path in range(dimensions[0]):
        total.high = total.low = 0.0
        multiplier = (<double*> (args[2] + path * steps[2]))[0]
        inverse = (args[3] + path * steps[3])[0] != 0
        for t in range(dimensions[1]):
            mark = (<double*> (args[0] + path * steps[0] + t * steps[5]))[0]
            rate = (<double*> (args[1] + path * steps[1] + t * steps[6]))[0]
            add(&total, checked(payment(inverse, 1.0, mark, rate, multiplier), mark))
            outside |= no_price(mark)
            (<double*> (args[4] + path * steps[4] + t * steps[7]))[0] = rounded(total)
    status_restore(status)
    status_raise(INVALID if outside else 0)


funding_total = register(
    total_loop, "funding_total", "quantity mark rate fx multiplier inverse:b", "cash",
    "funding.total", "(t),(t),(t),(t),(),()->()")

funding_index = register(
    index_loop, "funding_index", "mark rate multiplier inverse:b", "value",
    "funding.funding_index", "(t),(t),(),()->(t)")
