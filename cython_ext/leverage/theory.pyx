"""Loops of the closed forms of leveraged products: one body, compiled for each of them."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.leverage.theory as formula
from cython_ext._loop.blocks cimport (
    INVALID, LANES, OVERFLOW, Status, lanes_of, padded, status_raise, status_restore, status_save, store,
)
from cython_ext._loop.ufuncs cimport Loop, register
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    MOST = 7


cdef inline void lanes(
    formula.Form form, int inputs, bint overflows, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    """form, inputs and overflows are constants of the caller.

    overflows says whether an infinite result of finite arguments is an overflow, not an answer.
    """
    cdef Py_ssize_t count = dimensions[0], begin = 0, i, length, whole
    cdef double block[MOST][LANES]
    # written out, since compilers do not see through an array of pointers; those to spare show the first argument
    cdef const double* x0
    cdef const double* x1
    cdef const double* x2
    cdef const double* x3
    cdef const double* x4
    cdef const double* x5
    cdef const double* x6
    cdef double a[MOST]
    cdef double missing[LANES]
    cdef double out[LANES]
    cdef double result
    cdef long long invalid = 0, overflow = 0
    cdef Status status = status_save()
    while begin < count:
        length = min(<Py_ssize_t> LANES, count - begin)
        whole = padded(length)
        x0 = lanes_of(block[0], args[0], steps[0], begin, length)
        x1 = x2 = x3 = x4 = x5 = x6 = x0
        if inputs > 1:
            x1 = lanes_of(block[1], args[1], steps[1], begin, length)
        if inputs > 2:
            x2 = lanes_of(block[2], args[2], steps[2], begin, length)
        if inputs > 3:
            x3 = lanes_of(block[3], args[3], steps[3], begin, length)
        if inputs > 4:
            x4 = lanes_of(block[4], args[4], steps[4], begin, length)
        if inputs > 5:
            x5 = lanes_of(block[5], args[5], steps[5], begin, length)
        if inputs > 6:
            x6 = lanes_of(block[6], args[6], steps[6], begin, length)
        for i in range(whole):
            a[0] = x0[i]
            a[1] = x1[i]
            a[2] = x2[i]
            a[3] = x3[i]
            a[4] = x4[i]
            a[5] = x5[i]
            a[6] = x6[i]
            out[i] = formula.evaluate(form, a)
        for i in range(whole):
            # 0 for finite arguments, else NaN
            missing[i] = (x0[i] + x1[i] + x2[i] + x3[i] + x4[i] + x5[i] + x6[i]) * 0.0
            result = out[i]
            result = result if x0[i] == x0[i] else NAN
            result = result if x1[i] == x1[i] else NAN
            result = result if x2[i] == x2[i] else NAN
            result = result if x3[i] == x3[i] else NAN
            result = result if x4[i] == x4[i] else NAN
            result = result if x5[i] == x5[i] else NAN
            result = result if x6[i] == x6[i] else NAN
            out[i] = result
        for i in range(whole):
            invalid |= 1 if (out[i] != out[i]) & (x0[i] == x0[i]) & (x1[i] == x1[i]) & (x2[i] == x2[i]) & (
                x3[i] == x3[i]) & (x4[i] == x4[i]) & (x5[i] == x5[i]) & (x6[i] == x6[i]) else 0
            overflow |= 1 if (absolute(out[i]) == INFINITY) & (missing[i] == 0.0) else 0
        store(args[inputs] + begin * steps[inputs], steps[inputs], out, length)
        begin += LANES
    status_restore(status)
    status_raise((INVALID if invalid else 0) | (OVERFLOW if overflows and overflow else 0))


cdef void trigger_ratio_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.TRIGGER_RATIO, 2, True, args, dimensions, steps)


cdef void actual_leverage_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.ACTUAL_LEVERAGE, 2, True, args, dimensions, steps)


cdef void rebalance_trade_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.REBALANCE_TRADE, 3, True, args, dimensions, steps)


cdef void rebalance_flow_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.REBALANCE_FLOW, 3, True, args, dimensions, steps)


cdef void compounded_return_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.COMPOUNDED_RETURN, 6, True, args, dimensions, steps)


cdef void volatility_drag_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.VOLATILITY_DRAG, 3, True, args, dimensions, steps)


cdef void break_even_variance_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.BREAK_EVEN_VARIANCE, 2, False, args, dimensions, steps)


cdef void growth_optimal_leverage_loop(
    char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _,
) noexcept nogil:
    lanes(formula.GROWTH_OPTIMAL_LEVERAGE, 3, True, args, dimensions, steps)


cdef void return_quantile_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.RETURN_QUANTILE, 7, True, args, dimensions, steps)


cdef void return_probability_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.RETURN_PROBABILITY, 7, True, args, dimensions, steps)


cdef void recentred_leverage_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.RECENTRED_LEVERAGE, 5, True, args, dimensions, steps)


cdef void power_transfer_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.POWER_TRANSFER, 4, True, args, dimensions, steps)


cdef void sigmoid_transfer_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    lanes(formula.SIGMOID_TRANSFER, 4, True, args, dimensions, steps)


cdef object make(Loop loop, str name, str arguments):
    return register(loop, f"leverage_{name}", arguments.replace(",", ""), name, f"leverage.{name}")


leverage_trigger_ratio = make(trigger_ratio_loop, "trigger_ratio", "leverage, bound")
leverage_actual_leverage = make(actual_leverage_loop, "actual_leverage", "leverage, ratio")
leverage_rebalance_trade = make(rebalance_trade_loop, "rebalance_trade", "nav, leverage, ratio")
leverage_rebalance_flow = make(rebalance_flow_loop, "rebalance_flow", "assets, leverage, return_")
leverage_compounded_return = make(
    compounded_return_loop, "compounded_return", "return_, leverage, variance, rate, expense, years")
leverage_volatility_drag = make(volatility_drag_loop, "volatility_drag", "leverage, vol, years")
leverage_break_even_variance = make(break_even_variance_loop, "break_even_variance", "return_, leverage")
leverage_growth_optimal_leverage = make(growth_optimal_leverage_loop, "growth_optimal_leverage", "drift, rate, vol")
leverage_return_quantile = make(
    return_quantile_loop, "return_quantile", "probability, leverage, drift, vol, years, rate, expense")
leverage_return_probability = make(
    return_probability_loop, "return_probability", "return_, leverage, drift, vol, years, rate, expense")
leverage_recentred_leverage = make(recentred_leverage_loop, "recentred_leverage", "actual, target, speed, low, high")
leverage_power_transfer = make(power_transfer_loop, "power_transfer", "long, short, leverage, ratio")
leverage_sigmoid_transfer = make(sigmoid_transfer_loop, "sigmoid_transfer", "long, short, leverage, ratio")
