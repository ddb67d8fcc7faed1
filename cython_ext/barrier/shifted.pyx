"""Loops of single-barrier options watched on dates: the moved barrier, and the Greeks that know that it moves."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.barrier.shifted as formula
from cython_ext._loop.blocks cimport (
    INVALID, LANES, Status, code_at, load, load_codes, number_at, padded, status_raise, status_restore, status_save,
    store,
)
from cython_ext._loop.ufuncs cimport Inner, greek_names, inner_of, register
from shortgamma.kernels.barrier._option cimport (
    DELTA, GAMMA, OUT, PRICE, PUT, SECOND_ORDER, SPEED, TOUCH, UP, VANNA, VEGA, VETA, VOLGA, ZOMMA, Greeks,
    Option, outputs_of,
)

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    # places of inputs
    BARRIER = 2
    REBATE = 7
    DATES = 8
    KIND = 9
    INPUTS = 10
    # numbers of an option that is watched all the time
    NUMBERS = 8
    CHUNK = 256

cdef struct Places:
    # of the inputs that move a barrier
    int barrier
    int vol
    int expiry
    int dates
    int kind

cdef struct Options:
    # what the loop of options watched all the time is called with
    char* args[NUMBERS + 1 + SECOND_ORDER]
    cnp.npy_intp steps[NUMBERS + 1 + SECOND_ORDER]

cdef struct Chunk:
    double level[CHUNK]
    signed char binary_kind[CHUNK]
    signed char rebate_kind[CHUNK]
    bint any_rebate
    # the option at the moved barrier, the binary in cash, the rebate alone
    double greeks[SECOND_ORDER][CHUNK]
    double binary[SECOND_ORDER][CHUNK]
    double rebate[SECOND_ORDER][CHUNK]

# Parts whose loops are called here, and these loops by order.
CALLS = ("barrier.single", "barrier.binary")
cdef Inner BARRIERS[3]
cdef Inner BINARIES[3]


def link(single, binary):
    """Take the loops to call from the parts above."""
    for order, name in enumerate(("price", "first_order", "second_order")):
        BARRIERS[order] = inner_of(getattr(single, f"barrier_{name}"))
        BINARIES[order] = inner_of(getattr(binary, f"binary_{name}"))


cdef inline bint move_barriers(
    char** args, cnp.npy_intp* steps, const Places* places, Py_ssize_t begin, Py_ssize_t count, double* level,
) noexcept nogil:
    """A block of moved barriers; true if a number is outside its domain."""
    cdef Py_ssize_t i
    cdef double barrier[LANES]
    cdef double vol[LANES]
    cdef double expiry[LANES]
    cdef double dates[LANES]
    cdef int kind[LANES]
    cdef long long outside = 0
    load(barrier, args[places.barrier] + begin * steps[places.barrier], steps[places.barrier], count)
    load(vol, args[places.vol] + begin * steps[places.vol], steps[places.vol], count)
    load(expiry, args[places.expiry] + begin * steps[places.expiry], steps[places.expiry], count)
    load(dates, args[places.dates] + begin * steps[places.dates], steps[places.dates], count)
    load_codes(kind, args[places.kind] + begin * steps[places.kind], steps[places.kind], count)
    for i in range(padded(count)):
        level[i] = formula.moved(barrier[i], vol[i], expiry[i], dates[i], kind[i])
    for i in range(padded(count)):
        outside |= (level[i] != level[i]) & (barrier[i] == barrier[i]) & (vol[i] == vol[i]) & (
            expiry[i] == expiry[i]) & (dates[i] == dates[i])
    return outside != 0


cdef void barrier_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """barrier, vol, expiry, dates, kind -> barrier"""
    cdef Py_ssize_t begin = 0, count
    cdef double level[LANES]
    cdef Places places = Places(0, 1, 2, 3, 4)
    cdef bint outside = False
    cdef Status status = status_save()
    while begin < dimensions[0]:
        count = min(<Py_ssize_t> LANES, dimensions[0] - begin)
        outside |= move_barriers(args, steps, &places, begin, count, level)
        store(args[5] + begin * steps[5], steps[5], level, count)
        begin += LANES
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef inline bint fill(char** args, cnp.npy_intp* steps, Py_ssize_t begin, Py_ssize_t size, Chunk* chunk) noexcept nogil:
    """Barriers and kinds; true if a number is outside its domain."""
    cdef Py_ssize_t i, block = 0
    cdef int kind
    cdef Places places = Places(BARRIER, 3, 4, DATES, KIND)
    cdef bint outside = False
    while block < size:
        outside |= move_barriers(
            args, steps, &places, begin + block, min(<Py_ssize_t> LANES, size - block), &chunk.level[block])
        block += LANES
    chunk.any_rebate = False
    for i in range(size):
        kind = code_at(args, steps, KIND, begin + i)
        chunk.binary_kind[i] = <signed char> (kind & (UP | OUT | PUT))
        chunk.rebate_kind[i] = <signed char> (kind | TOUCH)
        chunk.any_rebate |= number_at(args, steps, REBATE, begin + i) != 0.0
    return outside


cdef inline void call(
    Inner* inner, Options* options, Py_ssize_t size, double[SECOND_ORDER][CHUNK] results,
) noexcept nogil:
    """Call a loop, with results side by side."""
    cdef cnp.npy_intp count = size
    cdef int place
    for place in range(SECOND_ORDER):
        options.args[NUMBERS + 1 + place] = <char*> results[place]
        options.steps[NUMBERS + 1 + place] = sizeof(double)
    inner.loop(options.args, &count, options.steps, inner.data)


cdef inline void evaluate(
    int order, char** args, cnp.npy_intp* steps, Py_ssize_t begin, Py_ssize_t size, Chunk* chunk,
) noexcept nogil:
    """Three options of the continuous formula for each: itself, the rebate alone, and the binary in cash."""
    cdef Py_ssize_t i
    cdef int place
    cdef double amount = 1.0
    cdef Options options
    for place in range(NUMBERS):
        options.args[place] = args[place] + begin * steps[place]
        options.steps[place] = steps[place]
    options.args[BARRIER] = <char*> chunk.level
    options.steps[BARRIER] = sizeof(double)
    options.args[NUMBERS] = args[KIND] + begin * steps[KIND]
    options.steps[NUMBERS] = steps[KIND]
    call(&BARRIERS[order], &options, size, chunk.greeks)
    options.steps[NUMBERS] = 1
    if chunk.any_rebate:
        options.args[NUMBERS] = <char*> chunk.rebate_kind
        call(&BARRIERS[order], &options, size, chunk.rebate)
    else:
        for place in range(outputs_of(order)):
            for i in range(size):
                chunk.rebate[place][i] = 0.0
    options.args[REBATE] = <char*> &amount
    options.steps[REBATE] = 0
    options.args[NUMBERS] = <char*> chunk.binary_kind
    call(&BINARIES[order], &options, size, chunk.binary)


cdef inline void greeks_at(double[SECOND_ORDER][CHUNK] rows, Py_ssize_t i, Greeks* greeks) noexcept nogil:
    """Those that the shift needs or changes."""
    greeks.price = rows[PRICE][i]
    greeks.delta = rows[DELTA][i]
    greeks.gamma = rows[GAMMA][i]
    greeks.vega = rows[VEGA][i]
    greeks.vanna = rows[VANNA][i]
    greeks.volga = rows[VOLGA][i]
    greeks.speed = rows[SPEED][i]
    greeks.zomma = rows[ZOMMA][i]
    greeks.veta = rows[VETA][i]


cdef inline void add_shifts(
    int order, char** args, cnp.npy_intp* steps, Py_ssize_t begin, Py_ssize_t size, Chunk* chunk,
) noexcept nogil:
    cdef Py_ssize_t block = 0, count, i, k
    cdef double spot[LANES]
    cdef double strike[LANES]
    cdef double vol[LANES]
    cdef double expiry[LANES]
    cdef double rate[LANES]
    cdef double dividend[LANES]
    cdef double dates[LANES]
    cdef int kind[LANES]
    cdef Option option
    cdef Greeks greeks, binary, rebate
    while block < size:
        count = min(<Py_ssize_t> LANES, size - block)
        load(spot, args[0] + (begin + block) * steps[0], steps[0], count)
        load(strike, args[1] + (begin + block) * steps[1], steps[1], count)
        load(vol, args[3] + (begin + block) * steps[3], steps[3], count)
        load(expiry, args[4] + (begin + block) * steps[4], steps[4], count)
        load(rate, args[5] + (begin + block) * steps[5], steps[5], count)
        load(dividend, args[6] + (begin + block) * steps[6], steps[6], count)
        load(dates, args[DATES] + (begin + block) * steps[DATES], steps[DATES], count)
        load_codes(kind, args[KIND] + (begin + block) * steps[KIND], steps[KIND], count)
        # lanes beyond the size hold old numbers, which nobody reads
        for i in range(padded(count)):
            k = block + i
            option.spot = spot[i]
            option.strike = strike[i]
            option.barrier = chunk.level[k]
            option.vol = vol[i]
            option.expiry = expiry[i]
            option.rate = rate[i]
            option.dividend = dividend[i]
            option.kind = kind[i]
            greeks_at(chunk.greeks, k, &greeks)
            greeks_at(chunk.binary, k, &binary)
            greeks_at(chunk.rebate, k, &rebate)
            formula.add_shift(order, &option, dates[i], &binary, &rebate, &greeks)
            chunk.greeks[VEGA][k] = greeks.vega
            if order >= 2:
                chunk.greeks[VANNA][k] = greeks.vanna
                chunk.greeks[VOLGA][k] = greeks.volga
                chunk.greeks[ZOMMA][k] = greeks.zomma
                chunk.greeks[VETA][k] = greeks.veta
        block += LANES


cdef inline void options_loop(
    int order, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    """spot, strike, barrier, vol, expiry, rate, dividend, rebate, dates, kind -> the outputs of an order"""
    cdef Py_ssize_t begin = 0, i, size
    cdef int place
    cdef Chunk chunk
    cdef bint outside = False
    cdef Status status = status_save()
    while begin < dimensions[0]:
        size = min(<Py_ssize_t> CHUNK, dimensions[0] - begin)
        outside |= fill(args, steps, begin, size, &chunk)
        status_restore(status)
        evaluate(order, args, steps, begin, size, &chunk)
        # flags that the called loops have raised stay
        status = status_save()
        add_shifts(order, args, steps, begin, size, &chunk)
        for place in range(outputs_of(order)):
            for i in range(size):
                (<double*> (args[INPUTS + place] + (begin + i) * steps[INPUTS + place]))[0] = chunk.greeks[place][i]
        begin += size
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    options_loop(1, args, dimensions, steps)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    options_loop(2, args, dimensions, steps)


ARGUMENTS = "spot strike barrier vol expiry rate dividend rebate dates kind:b"
PURPOSE = "Loop behind shortgamma.barrier.greeks with monitoring."
shifted_barrier = register(
    barrier_loop, "shifted_barrier", "barrier vol expiry dates kind:b", "shifted",
    "Loop behind shortgamma.barrier.price with monitoring.")
shifted_first_order = register(first_order_loop, "shifted_first_order", ARGUMENTS, greek_names(1), PURPOSE)
shifted_second_order = register(second_order_loop, "shifted_second_order", ARGUMENTS, greek_names(2), PURPOSE)
