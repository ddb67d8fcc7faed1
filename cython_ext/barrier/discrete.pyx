"""Loops of barrier options watched on dates: neighbours of the same dates, step and width go through one recursion."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.barrier.discrete as formula
from shortgamma.kernels.numeric.quadrature cimport Rule, make_rule
from cython_ext._loop.blocks cimport INVALID, Status, status_raise, status_restore, status_save
from cython_ext._loop.pulse cimport Pulse, beat, finish, start
from cython_ext._loop.ufuncs cimport register_orders
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute, log_ratio, square_root

import numpy as np

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    INPUTS = 11
    NUMBERS = 10

cdef Rule RULE
make_rule(&RULE)


cdef struct Call:
    # where the arguments and the results are, and the dates if they are not equal
    char** args
    cnp.npy_intp* steps
    int outputs
    const double* years
    Py_ssize_t year_count
    formula.Tick tick
    void* state

cdef struct Queue:
    # options that wait for one recursion, each with its place in the arrays and the lane of its payoff
    formula.Option option[formula.WAITING]
    Py_ssize_t index[formula.WAITING]
    Py_ssize_t lanes[formula.WAITING]
    Py_ssize_t chosen[formula.TOGETHER]
    Py_ssize_t waiting
    Py_ssize_t payoff_count


cdef inline double number(const Call* call, int place, Py_ssize_t i) noexcept nogil:
    return (<double*> (call.args[place] + i * call.steps[place]))[0]


cdef inline void deliver(const Call* call, Py_ssize_t i, const double* results) noexcept nogil:
    cdef int place
    for place in range(call.outputs):
        (<double*> (call.args[INPUTS + place] + i * call.steps[INPUTS + place]))[0] = results[place]


cdef inline void deliver_nan(const Call* call, Py_ssize_t i) noexcept nogil:
    cdef int place
    for place in range(call.outputs):
        (<double*> (call.args[INPUTS + place] + i * call.steps[INPUTS + place]))[0] = NAN


cdef inline bint read(
    const Call* call, Py_ssize_t i, formula.Option* option, double* lower, double* upper, double* dates,
) noexcept nogil:
    """The numbers of an option; false if one is out of its domain."""
    option.spot = number(call, 0, i)
    option.strike = number(call, 1, i)
    lower[0] = number(call, 2, i)
    upper[0] = number(call, 3, i)
    option.vol = number(call, 4, i)
    option.expiry = number(call, 5, i)
    option.rate = number(call, 6, i)
    option.dividend = number(call, 7, i)
    option.rebate = number(call, 8, i)
    dates[0] = number(call, 9, i)
    option.code = (<signed char*> (call.args[10] + i * call.steps[10]))[0]
    return (
        0.0 < option.spot < INFINITY and 0.0 < option.strike < INFINITY
        and 0.0 <= lower[0] < upper[0] and 0.0 <= option.vol < INFINITY and 0.0 <= option.expiry < INFINITY
        and absolute(option.rate) < INFINITY and absolute(option.dividend) < INFINITY
        and absolute(option.rebate) < INFINITY and 1.0 <= dates[0] <= formula.MOST_DATES
        and dates[0] == <double> (<long long> dates[0])
    )


cdef inline bint any_nan(const Call* call, Py_ssize_t i) noexcept nogil:
    cdef int place
    for place in range(NUMBERS):
        if number(call, place, i) != number(call, place, i):
            return True
    return False


cdef inline bint prepare(
    formula.Option* option, double lower, double upper, formula.Grid* grid,
) noexcept nogil:
    """The numbers of the grid that an option needs; false if a step is too long for its volatility."""
    cdef double longest
    grid.vol = option.vol
    grid.carry = option.rate - option.dividend
    grid.eta = 1.0 if lower > 0.0 else -1.0
    option.barrier = lower if lower > 0.0 else upper
    grid.unit = option.vol * square_root(grid.dates.shortest)
    grid.drift = grid.eta * (grid.carry * grid.dates.shortest / grid.unit - 0.5 * grid.unit)
    grid.width = log_ratio(upper, lower) / grid.unit if lower > 0.0 and upper < INFINITY else INFINITY
    option.distance = grid.eta * log_ratio(option.spot, option.barrier) / grid.unit
    longest = max(grid.dates.longest, formula.length_of(&grid.dates, 1))
    return (
        (absolute(grid.drift) + grid.unit) * square_root(longest / grid.dates.shortest) <= formula.LARGEST_STEP
        and grid.width > 0.0 and absolute(option.rate) * option.expiry < 600.0
        and absolute(option.dividend) * option.expiry < 600.0
    )


cdef inline bint flush(const Call* call, formula.Grid* grid, Queue* queue, bint* outside) noexcept nogil:
    """Price what waits; false if the caller stops it."""
    cdef double results[formula.RESULTS * formula.WAITING]
    cdef Py_ssize_t j
    cdef bint done
    if queue.waiting == 0:
        return True
    done = formula.apart(formula.recur)(
        &RULE, grid, queue.option, queue.lanes, queue.waiting, queue.chosen, queue.payoff_count, results, call.tick,
        call.state)
    for j in range(queue.waiting):
        if done:
            deliver(call, queue.index[j], results + j * formula.RESULTS)
        else:
            deliver_nan(call, queue.index[j])
    outside[0] |= not done
    j = queue.waiting
    queue.waiting = queue.payoff_count = 0
    return call.tick == NULL or not call.tick(call.state, <double> j)


cdef inline bint add(
    const Call* call, Py_ssize_t i, const formula.Option* option, const formula.Grid* wanted, formula.Grid* grid,
    Queue* queue, bint* outside,
) noexcept nogil:
    """Let an option wait for the recursion of its grid; false if the caller stops it."""
    cdef bint same = grid.lanes > 0 and formula.same_grid(grid, wanted, option)
    cdef Py_ssize_t lane = 0
    while lane < queue.payoff_count and not formula.same_payoff(&queue.option[queue.chosen[lane]], option):
        lane += 1
    if queue.waiting and (not same or queue.waiting == formula.WAITING or lane == formula.TOGETHER):
        if not flush(call, grid, queue, outside):
            return False
        lane = 0
    if not same:
        formula.release(grid)
        grid[0] = wanted[0]
        grid.lanes = formula.TOGETHER * formula.width_of(grid.order)
        if not formula.make_grid(&RULE, option, grid):
            formula.release(grid)
            outside[0] = True
            deliver_nan(call, i)
            return True
    if lane == queue.payoff_count:
        queue.chosen[lane] = queue.waiting
        queue.payoff_count += 1
    queue.option[queue.waiting] = option[0]
    queue.index[queue.waiting] = i
    queue.lanes[queue.waiting] = lane
    queue.waiting += 1
    return True


cdef bint options(int order, const Call* call, Py_ssize_t count) noexcept nogil:
    """spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, dates, code -> the first outputs. Returns
    whether a number was out of its domain."""
    cdef Py_ssize_t i
    cdef bint outside = False
    cdef double lower, upper, dates
    cdef formula.Grid grid, wanted
    cdef formula.Option option
    cdef Queue queue
    cdef double results[formula.RESULTS]
    queue.waiting = queue.payoff_count = 0
    formula.forget(&grid)
    formula.forget(&wanted)
    wanted.order = order
    for i in range(count):
        if not read(call, i, &option, &lower, &upper, &dates):
            outside |= not any_nan(call, i)
            deliver_nan(call, i)
            continue
        formula.find_dates(
            call.year_count if call.years != NULL else <Py_ssize_t> dates, call.years, option.expiry, &wanted.dates)
        if option.vol * square_root(option.expiry) == 0.0 or (
            wanted.dates.count and option.vol * square_root(wanted.dates.shortest) < formula.SMALLEST_STEP
        ):
            formula.certain(order, &option, lower, upper, &wanted.dates, results)
            deliver(call, i, results)
        elif wanted.dates.count == 0 or (lower == 0.0 and upper == INFINITY):
            formula.finish(order, &option, NULL, results)
            deliver(call, i, results)
        elif not prepare(&option, lower, upper, &wanted):
            outside = True
            deliver_nan(call, i)
        elif not add(call, i, &option, &wanted, &grid, &queue, &outside):
            break
    flush(call, &grid, &queue, &outside)
    formula.release(&grid)
    return outside


cdef inline void loop(
    int order, int outputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    cdef Call call
    cdef bint outside
    cdef Status status = status_save()
    call.args = args
    call.steps = steps
    call.outputs = outputs
    call.years = NULL
    call.year_count = 0
    call.tick = NULL
    call.state = NULL
    outside = options(order, &call, dimensions[0])
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    loop(0, 1, args, dimensions, steps)


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    loop(1, 7, args, dimensions, steps)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    loop(2, 14, args, dimensions, steps)


def recursion(int order, cnp.ndarray columns not None, cnp.ndarray codes not None, years, progress):
    """Price or Greeks of options whose numbers are the rows of ``columns``, all contiguous, watched on equal dates or,
    in years from now, on those of ``years``."""
    cdef Py_ssize_t count = columns.shape[1], place
    cdef int outputs = 1 if order == 0 else 7 if order == 1 else formula.RESULTS
    cdef cnp.ndarray out = np.empty((outputs, count))
    cdef char* args[INPUTS + formula.RESULTS]
    cdef cnp.npy_intp steps[INPUTS + formula.RESULTS]
    cdef Call call
    cdef Pulse pulse
    cdef bint outside
    cdef Status status
    for place in range(NUMBERS):
        args[place] = <char*> cnp.PyArray_DATA(columns) + place * count * sizeof(double)
        steps[place] = sizeof(double)
    args[NUMBERS] = <char*> cnp.PyArray_DATA(codes)
    steps[NUMBERS] = 1
    for place in range(outputs):
        args[INPUTS + place] = <char*> cnp.PyArray_DATA(out) + place * count * sizeof(double)
        steps[INPUTS + place] = sizeof(double)
    call.args = args
    call.steps = steps
    call.outputs = outputs
    call.years = NULL if years is None else <const double*> cnp.PyArray_DATA(years)
    call.year_count = 0 if years is None else len(years)
    call.tick = beat
    call.state = &pulse
    start(&pulse, progress, <double> count)
    status = status_save()
    with nogil:
        outside = options(order, &call, count)
    status_restore(status)
    finish(&pulse)
    if outside:
        # a warning or an error, as numpy.errstate says
        discrete_price(-1.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0, np.int8(0))
    return out


ARGUMENTS = "spot strike lower upper vol expiry rate dividend rebate dates kind:b"
discrete_price, discrete_first_order, discrete_second_order = register_orders(
    "discrete", ARGUMENTS, price_loop, first_order_loop, second_order_loop, "barrier.discrete_")
