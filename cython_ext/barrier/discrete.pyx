"""Loops of barrier options watched on dates: neighbours of the same dates, step and width go through one recursion."""

cimport numpy as cnp

cimport shortgamma.kernels.barrier.discrete as formula
from shortgamma.kernels.numeric.quadrature cimport Rule, make_rule
from cython_ext._loop.blocks cimport INVALID, Status, status_raise, status_restore, status_save
from cython_ext._loop.ufuncs cimport make_ufunc
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute, log_ratio, square_root

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    INPUTS = 11
    NUMBERS = 10

cdef Rule RULE
make_rule(&RULE)


cdef inline double number(char** args, cnp.npy_intp* steps, int place, Py_ssize_t i) noexcept nogil:
    return (<double*> (args[place] + i * steps[place]))[0]


cdef inline void deliver(
    char** args, cnp.npy_intp* steps, int outputs, Py_ssize_t i, const double* results,
) noexcept nogil:
    cdef int place
    for place in range(outputs):
        (<double*> (args[INPUTS + place] + i * steps[INPUTS + place]))[0] = results[place]


cdef inline void options(
    int outputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    """spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, dates, code -> the first outputs"""
    cdef Py_ssize_t i, j, waiting = 0
    cdef int place
    cdef bint outside = False, is_nan, same
    cdef double lower, upper, dates, step, drift, deviation, width, eta
    cdef formula.Grid grid
    cdef formula.Option option
    cdef formula.Option wait[formula.WAITING]
    cdef Py_ssize_t index[formula.WAITING]
    cdef Py_ssize_t lanes[formula.WAITING]
    cdef Py_ssize_t payoffs[formula.TOGETHER]
    cdef Py_ssize_t lane, payoff_count = 0
    cdef double results[formula.RESULTS * formula.WAITING]
    cdef Status status = status_save()
    formula.forget(&grid)
    for i in range(dimensions[0]):
        is_nan = False
        for place in range(NUMBERS):
            is_nan |= number(args, steps, place, i) != number(args, steps, place, i)
        option.spot = number(args, steps, 0, i)
        option.strike = number(args, steps, 1, i)
        lower = number(args, steps, 2, i)
        upper = number(args, steps, 3, i)
        option.vol = number(args, steps, 4, i)
        option.expiry = number(args, steps, 5, i)
        option.rate = number(args, steps, 6, i)
        option.dividend = number(args, steps, 7, i)
        option.rebate = number(args, steps, 8, i)
        dates = number(args, steps, 9, i)
        option.code = (<signed char*> (args[10] + i * steps[10]))[0]
        if not (
            0.0 < option.spot < INFINITY and 0.0 < option.strike < INFINITY
            and 0.0 <= lower < upper and 0.0 <= option.vol < INFINITY and 0.0 <= option.expiry < INFINITY
            and absolute(option.rate) < INFINITY and absolute(option.dividend) < INFINITY
            and absolute(option.rebate) < INFINITY and 1.0 <= dates <= formula.MOST_DATES
            and dates == <double> (<long long> dates)
        ):
            outside |= not is_nan
            for j in range(formula.RESULTS):
                results[j] = NAN
            deliver(args, steps, outputs, i, results)
            continue
        step = option.expiry / dates
        deviation = option.vol * square_root(step)
        if deviation < formula.SMALLEST_STEP:
            formula.certain(&option, lower, upper, dates, results)
            deliver(args, steps, outputs, i, results)
            continue
        if lower == 0.0 and upper == INFINITY:
            formula.finish(&grid, &option, NULL, results)
            deliver(args, steps, outputs, i, results)
            continue
        eta = 1.0 if lower > 0.0 else -1.0
        option.barrier = lower if lower > 0.0 else upper
        width = log_ratio(upper, lower) / deviation if lower > 0.0 and upper < INFINITY else INFINITY
        drift = eta * ((option.rate - option.dividend) * step / deviation - 0.5 * deviation)
        option.distance = eta * log_ratio(option.spot, option.barrier) / deviation
        option.growth = option.rate * step
        if not (
            absolute(drift) + deviation <= formula.LARGEST_STEP and width > 0.0
            and absolute(option.rate) * option.expiry < 600.0 and absolute(option.dividend) * option.expiry < 600.0
        ):
            outside = True
            for j in range(formula.RESULTS):
                results[j] = NAN
            deliver(args, steps, outputs, i, results)
            continue
        same = (
            grid.dates == dates and grid.drift == drift and grid.deviation == deviation and grid.width == width
            and grid.eta == eta
        )
        lane = 0
        while lane < payoff_count and not formula.same_payoff(&wait[payoffs[lane]], &option):
            lane += 1
        if waiting and (not same or waiting == formula.WAITING or lane == formula.TOGETHER):
            formula.recur(&RULE, &grid, wait, lanes, waiting, payoffs, payoff_count, results)
            for j in range(waiting):
                deliver(args, steps, outputs, index[j], results + j * formula.RESULTS)
            waiting = payoff_count = lane = 0
        if not same:
            if not formula.make_grid(&RULE, dates, drift, deviation, width, eta, &grid):
                outside = True
                for j in range(formula.RESULTS):
                    results[j] = NAN
                deliver(args, steps, outputs, i, results)
                continue
        if lane == payoff_count:
            payoffs[lane] = waiting
            payoff_count += 1
        wait[waiting] = option
        index[waiting] = i
        lanes[waiting] = lane
        waiting += 1
    if waiting:
        formula.recur(&RULE, &grid, wait, lanes, waiting, payoffs, payoff_count, results)
        for j in range(waiting):
            deliver(args, steps, outputs, index[j], results + j * formula.RESULTS)
    formula.release(&grid)
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    options(1, args, dimensions, steps)


cdef void greeks_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    options(formula.RESULTS, args, dimensions, steps)


DOC = (
    "Loop behind shortgamma.barrier.discrete_price and discrete_greeks: spot, strike, lower, upper, vol, expiry, rate, "
    "dividend, rebate, dates, code (int8)."
)
discrete_price = make_ufunc(price_loop, "discrete_price", "ddddddddddb", "d", "", DOC)
discrete_greeks = make_ufunc(greeks_loop, "discrete_greeks", "ddddddddddb", "dddd", "", DOC)
