"""Loops of European options."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.barrier.single as barrier
cimport shortgamma.kernels.vanilla as formula
from cython_ext._loop.blocks cimport (
    INVALID, LANES, Status, load, load_codes, padded, status_raise, status_restore, status_save, store_plain,
)
from cython_ext._loop.ufuncs cimport register, register_orders
from shortgamma.kernels.numeric.vecmath cimport absolute, at_least, exp, log_ratio, square_root

cnp.import_array()
cnp.import_ufunc()

cdef struct Output:
    # the place of the only output that a ufunc has
    int place

cdef struct Lanes:
    double spot[LANES]
    double strike[LANES]
    double vol[LANES]
    double expiry[LANES]
    double rate[LANES]
    double dividend[LANES]
    double amount[LANES]
    int code[LANES]
    double ordinary[LANES]
    double out[barrier.SECOND_ORDER][LANES]


cdef inline void read_block(
    bint binary, Lanes* o, char** args, cnp.npy_intp* steps, Py_ssize_t begin, Py_ssize_t count,
) noexcept nogil:
    load(o.spot, args[0] + begin * steps[0], steps[0], count)
    load(o.strike, args[1] + begin * steps[1], steps[1], count)
    load(o.vol, args[2] + begin * steps[2], steps[2], count)
    load(o.expiry, args[3] + begin * steps[3], steps[3], count)
    load(o.rate, args[4] + begin * steps[4], steps[4], count)
    load(o.dividend, args[5] + begin * steps[5], steps[5], count)
    if binary:
        load(o.amount, args[6] + begin * steps[6], steps[6], count)
        load_codes(o.code, args[7] + begin * steps[7], steps[7], count)
    else:
        load_codes(o.code, args[6] + begin * steps[6], steps[6], count)


cdef inline bint put_ordinary(bint binary, Lanes* o, Py_ssize_t whole) noexcept nogil:
    """Mark the ordinary lanes, and put an ordinary option in the place of the others; whether there are any."""
    cdef Py_ssize_t i
    cdef double good
    cdef long long special = 0
    for i in range(whole):
        good = formula.ordinary_option(
            o.spot[i], o.strike[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i])
        if binary:
            good = good if absolute(o.amount[i]) < 1e20 else 0.0
        o.ordinary[i] = good
    for i in range(whole):
        special |= o.ordinary[i] == 0.0
    if special:
        for i in range(whole):
            if o.ordinary[i] == 0.0:
                o.spot[i] = o.strike[i] = o.expiry[i] = o.amount[i] = 1.0
                o.vol[i] = 0.25
                o.rate[i] = o.dividend[i] = 0.0
    return special != 0


cdef inline void compute(bint binary, int order, Lanes* o, Py_ssize_t whole) noexcept nogil:
    cdef Py_ssize_t i
    cdef double x[formula.SUMS][LANES]
    if not binary and order == 0:
        for i in range(whole):
            o.out[0][i] = formula.price_of(
                o.spot[i], o.strike[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i], o.code[i])
        return
    if binary:
        for i in range(whole):
            formula.binary_sums_of(
                order, o.spot[i], o.strike[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i], o.amount[i],
                o.code[i], &x[0][i], LANES)
    else:
        for i in range(whole):
            formula.sums_of(
                order, o.spot[i], o.strike[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i], o.code[i],
                &x[0][i], LANES)
    for i in range(whole):
        formula.deliver_plain(
            order, o.spot[i], o.vol[i], o.expiry[i], o.rate[i], o.rate[i] - o.dividend[i], &x[0][i], &o.out[0][i],
            LANES)


cdef inline void in_blocks(
    bint binary, int order, int outputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only,
) noexcept nogil:
    """spot, strike, vol, expiry, rate, dividend, (amount,) code -> the first outputs, or only one of them."""
    cdef Py_ssize_t count = dimensions[0], begin = 0, length, i
    cdef int inputs = 8 if binary else 7, place
    cdef int low = (<Output*> only).place if only != NULL else 0, high = low + 1 if only != NULL else outputs
    cdef Lanes o
    cdef double numbers[7]
    cdef double values[barrier.SECOND_ORDER]
    cdef bint outside = False, special
    cdef Status status = status_save()
    while begin < count:
        length = min(<Py_ssize_t> LANES, count - begin)
        read_block(binary, &o, args, steps, begin, length)
        special = put_ordinary(binary, &o, padded(length))
        compute(binary, order, &o, padded(length))
        if special:
            for i in range(length):
                if o.ordinary[i] != 0.0:
                    continue
                numbers[6] = 1.0
                for place in range(inputs - 1):
                    numbers[place] = (<double*> (args[place] + (begin + i) * steps[place]))[0]
                outside |= not formula.value(
                    order, binary, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6],
                    o.code[i], values)
                for place in range(low, high):
                    o.out[place][i] = values[place]
        for place in range(low, high):
            store_plain(
                args[inputs + place - low] + begin * steps[inputs + place - low], steps[inputs + place - low],
                &o.out[place][0], length)
        begin += length
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only) noexcept nogil:
    in_blocks(False, 0, 1, args, dimensions, steps, only)


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only) noexcept nogil:
    in_blocks(False, 1, barrier.FIRST_ORDER, args, dimensions, steps, only)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only) noexcept nogil:
    in_blocks(False, 2, barrier.SECOND_ORDER, args, dimensions, steps, only)


cdef void binary_price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only) noexcept nogil:
    in_blocks(True, 0, 1, args, dimensions, steps, only)


cdef void binary_first_order_loop(
    char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only,
) noexcept nogil:
    in_blocks(True, 1, barrier.FIRST_ORDER, args, dimensions, steps, only)


cdef void binary_second_order_loop(
    char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only,
) noexcept nogil:
    in_blocks(True, 2, barrier.SECOND_ORDER, args, dimensions, steps, only)


cdef struct Quotes:
    double price[LANES]
    double spot[LANES]
    double strike[LANES]
    double expiry[LANES]
    double rate[LANES]
    double dividend[LANES]
    int code[LANES]
    double ordinary[LANES]
    # |ln(F/K)|, the price out of the money, the root of both amounts, what is left up to the bound, the smaller amount
    double x[LANES]
    double value[LANES]
    double norm[LANES]
    double room[LANES]
    double least[LANES]
    double deviation[LANES]
    double left[LANES]


cdef inline bint normalise(Quotes* o, Py_ssize_t whole) noexcept nogil:
    """Prices out of the money, and an ordinary quote in the place of what is not one; whether there are any."""
    cdef Py_ssize_t i
    cdef double phi, asset, cash, good
    cdef long long special = 0
    for i in range(whole):
        good = formula.ordinary_option(o.spot[i], o.strike[i], 1.0, o.expiry[i], o.rate[i], o.dividend[i])
        phi = barrier.phi_of(o.code[i])
        asset = o.spot[i] * exp(-o.dividend[i] * o.expiry[i])
        cash = o.strike[i] * exp(-o.rate[i] * o.expiry[i])
        o.value[i] = formula.time_value(o.price[i], asset, cash, phi, 0.0, &o.room[i])
        o.norm[i] = square_root(asset * cash)
        o.least[i] = asset if asset < cash else cash
        o.x[i] = absolute(log_ratio(o.spot[i], o.strike[i]) + (o.rate[i] - o.dividend[i]) * o.expiry[i])
        good = good if o.value[i] > 1e-290 * o.norm[i] else 0.0
        good = good if o.room[i] > 0.0 else 0.0
        good = good if o.x[i] < 600.0 else 0.0
        o.ordinary[i] = good
    for i in range(whole):
        special |= o.ordinary[i] == 0.0
    if special:
        for i in range(whole):
            if o.ordinary[i] == 0.0:
                o.x[i] = o.value[i] = 0.1
                o.norm[i] = 1.0
                o.least[i] = 0.951229424500714
                o.room[i] = 0.851229424500714
    return special != 0


cdef inline bint solve(Quotes* o, Py_ssize_t whole) noexcept nogil:
    """Deviations by steps for all lanes; whether any is not there yet."""
    cdef Py_ssize_t i
    cdef long long going
    cdef double step
    for i in range(whole):
        o.deviation[i] = formula.first_deviation(o.x[i], o.value[i], o.norm[i], o.room[i], o.least[i])
        o.left[i] = 1.0
    for _ in range(4):
        for i in range(whole):
            step = formula.deviation_step(o.x[i], o.value[i], o.norm[i], o.room[i], o.deviation[i])
            # a lane that has arrived waits for the others: its result is none of theirs
            step = step if o.left[i] != 0.0 else 0.0
            # 1 if it goes on, and for NaN
            o.left[i] = 0.0 if absolute(step) < formula.LAST_STEP * o.deviation[i] else 1.0
            o.deviation[i] += step
        going = 0
        for i in range(whole):
            going |= o.left[i] != 0.0
        if not going:
            return False
    return True


cdef void implied_vol_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    cdef Py_ssize_t count = dimensions[0], begin = 0, length, whole, i
    cdef Quotes o
    cdef double vol[LANES]
    cdef double numbers[6]
    cdef int place
    cdef bint outside = False, special, going
    cdef Status status = status_save()
    while begin < count:
        length = min(<Py_ssize_t> LANES, count - begin)
        whole = padded(length)
        load(o.price, args[0] + begin * steps[0], steps[0], length)
        load(o.spot, args[1] + begin * steps[1], steps[1], length)
        load(o.strike, args[2] + begin * steps[2], steps[2], length)
        load(o.expiry, args[3] + begin * steps[3], steps[3], length)
        load(o.rate, args[4] + begin * steps[4], steps[4], length)
        load(o.dividend, args[5] + begin * steps[5], steps[5], length)
        load_codes(o.code, args[6] + begin * steps[6], steps[6], length)
        special = normalise(&o, whole)
        going = solve(&o, whole)
        for i in range(whole):
            vol[i] = formula.last_digits(
                o.price[i], o.spot[i], o.strike[i], o.expiry[i], o.rate[i], o.dividend[i], barrier.phi_of(o.code[i]),
                o.deviation[i])
        if special or going:
            for i in range(length):
                if o.ordinary[i] != 0.0 and o.left[i] == 0.0:
                    continue
                for place in range(6):
                    numbers[place] = (<double*> (args[place] + (begin + i) * steps[place]))[0]
                outside |= not formula.implied(
                    numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], o.code[i], &vol[i])
        store_plain(args[7] + begin * steps[7], steps[7], vol, length)
        begin += length
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void bachelier_price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """forward, strike, vol, expiry, rate, code"""
    cdef Py_ssize_t count = dimensions[0], begin = 0, length, i
    cdef double x[5][LANES]
    cdef int code[LANES]
    cdef double out[LANES]
    cdef double good[LANES]
    cdef double s, least
    cdef long long outside = 0
    cdef Status status = status_save()
    while begin < count:
        length = min(<Py_ssize_t> LANES, count - begin)
        for i in range(5):
            load(x[i], args[i] + begin * steps[i], steps[i], length)
        load_codes(code, args[5] + begin * steps[5], steps[5], length)
        for i in range(padded(length)):
            s = x[2][i] * square_root(x[3][i])
            least = formula.bachelier_value(absolute(x[0][i] - x[1][i]), s)
            out[i] = exp(-x[4][i] * x[3][i]) * (
                least + at_least(barrier.phi_of(code[i]) * (x[0][i] - x[1][i]), 0.0))
            # an infinite gap or deviation, and NaN, are NaN here
            least = (out[i] - out[i]) + (x[4][i] - x[4][i]) * x[3][i]
            good[i] = 1.0 if (s if least == 0.0 else 0.0) > 1e-290 else 0.0
        for i in range(length):
            if good[i] == 0.0:
                outside |= not formula.bachelier(x[0][i], x[1][i], x[2][i], x[3][i], x[4][i], code[i], &out[i])
        store_plain(args[6] + begin * steps[6], steps[6], out, length)
        begin += length
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void bachelier_greeks_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """forward, strike, vol, expiry, rate, code"""
    cdef Py_ssize_t count = dimensions[0], begin = 0, length, i
    cdef double x[5][LANES]
    cdef int code[LANES]
    cdef double out[formula.NORMAL_OUTPUTS][LANES]
    cdef double values[formula.NORMAL_OUTPUTS]
    cdef double good[LANES]
    cdef double s, d
    cdef int place
    cdef bint outside = False
    cdef Status status = status_save()
    while begin < count:
        length = min(<Py_ssize_t> LANES, count - begin)
        for i in range(5):
            load(x[i], args[i] + begin * steps[i], steps[i], length)
        load_codes(code, args[5] + begin * steps[5], steps[5], length)
        for i in range(padded(length)):
            formula.bachelier_outputs(x[0][i], x[1][i], x[2][i], x[3][i], x[4][i], code[i], &out[0][i], LANES)
            s = x[2][i] * square_root(x[3][i])
            d = (x[0][i] - x[1][i]) / s
            # neither NaN nor infinite, nor so small or large that a product of two is
            good[i] = 1.0 if absolute(d) < 1e100 else 0.0
            good[i] = good[i] if s > 1e-100 else 0.0
            good[i] = good[i] if s < 1e100 else 0.0
            good[i] = good[i] if x[2][i] > 1e-100 else 0.0
            good[i] = good[i] if x[2][i] < 1e100 else 0.0
            good[i] = good[i] if absolute(x[4][i]) < 1e100 else 0.0
        for i in range(length):
            if good[i] == 0.0:
                outside |= not formula.bachelier_greeks(
                    x[0][i], x[1][i], x[2][i], x[3][i], x[4][i], code[i], values)
                for place in range(formula.NORMAL_OUTPUTS):
                    out[place][i] = values[place]
        for place in range(formula.NORMAL_OUTPUTS):
            store_plain(args[6 + place] + begin * steps[6 + place], steps[6 + place], out[place], length)
        begin += length
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void bachelier_implied_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """price, forward, strike, expiry, rate, code"""
    cdef Py_ssize_t count = dimensions[0], begin = 0, length, i
    cdef double x[5][LANES]
    cdef int code[LANES]
    cdef double out[LANES]
    cdef double good[LANES]
    cdef double gap, phi, value, forward
    cdef long long outside = 0
    cdef Status status = status_save()
    while begin < count:
        length = min(<Py_ssize_t> LANES, count - begin)
        for i in range(5):
            load(x[i], args[i] + begin * steps[i], steps[i], length)
        load_codes(code, args[5] + begin * steps[5], steps[5], length)
        for i in range(padded(length)):
            gap = x[1][i] - x[2][i]
            phi = barrier.phi_of(code[i])
            forward = x[0][i] * exp(x[4][i] * x[3][i])
            value = forward - phi * gap
            value = value if phi * gap > 0.0 else forward
            gap = absolute(gap)
            good[i] = 1.0 if (value if gap < 1e250 else 0.0) > 1e-280 else 0.0
            good[i] = good[i] if value > 1e-280 * gap else 0.0
            good[i] = good[i] if value < 1e250 else 0.0
            good[i] = good[i] if x[3][i] > 0.0 else 0.0
            good[i] = good[i] if absolute(x[4][i]) < 1e100 else 0.0
            good[i] = good[i] if x[3][i] < 1e100 else 0.0
            out[i] = formula.bachelier_deviation(gap, value) / square_root(x[3][i])
        for i in range(length):
            if good[i] == 0.0:
                outside |= not formula.bachelier_implied(
                    x[0][i], x[1][i], x[2][i], x[3][i], x[4][i], code[i], &out[i])
        store_plain(args[6] + begin * steps[6], steps[6], out, length)
        begin += length
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef object one_greek(Py_ssize_t place, str name):
    """A ufunc of one Greek: the loop of its order, of whose outputs it stores this one."""
    ONLY[place].place = place
    return register(
        first_order_loop if place < barrier.FIRST_ORDER else second_order_loop, f"vanilla_{name}", ARGUMENTS, name,
        f"vanilla.{name}", "", &ONLY[place])


cdef Output ONLY[barrier.SECOND_ORDER]
ARGUMENTS = "spot strike vol expiry rate dividend option:b"
vanilla_price, vanilla_first_order, vanilla_second_order = register_orders(
    "vanilla", ARGUMENTS, price_loop, first_order_loop, second_order_loop, "vanilla.")
vanilla_delta = one_greek(barrier.DELTA, "delta")
vanilla_gamma = one_greek(barrier.GAMMA, "gamma")
vanilla_vega = one_greek(barrier.VEGA, "vega")
vanilla_theta = one_greek(barrier.THETA, "theta")
vanilla_rho = one_greek(barrier.RHO, "rho")
vanilla_rho_dividend = one_greek(barrier.RHO_DIVIDEND, "rho_dividend")
vanilla_vanna = one_greek(barrier.VANNA, "vanna")
vanilla_volga = one_greek(barrier.VOLGA, "volga")
vanilla_charm = one_greek(barrier.CHARM, "charm")
vanilla_speed = one_greek(barrier.SPEED, "speed")
vanilla_zomma = one_greek(barrier.ZOMMA, "zomma")
vanilla_color = one_greek(barrier.COLOR, "color")
vanilla_veta = one_greek(barrier.VETA, "veta")
BINARY = "spot strike vol expiry rate dividend amount code:b"
vanilla_binary_price, vanilla_binary_first_order, vanilla_binary_second_order = register_orders(
    "vanilla_binary", BINARY, binary_price_loop, binary_first_order_loop, binary_second_order_loop, "vanilla.binary_")
vanilla_implied_vol = register(
    implied_vol_loop, "vanilla_implied_vol", "price spot strike expiry rate dividend option:b", "vol",
    "vanilla.implied_vol")
vanilla_normal_price = register(
    bachelier_price_loop, "vanilla_normal_price", "forward strike vol expiry rate option:b", "price",
    "vanilla.normal_price")
vanilla_normal_greeks = register(
    bachelier_greeks_loop, "vanilla_normal_greeks", "forward strike vol expiry rate option:b",
    "price delta gamma vega theta rho vanna volga charm", "vanilla.normal_greeks")
vanilla_normal_implied_vol = register(
    bachelier_implied_loop, "vanilla_normal_implied_vol", "price forward strike expiry rate option:b", "vol",
    "vanilla.normal_implied_vol")
