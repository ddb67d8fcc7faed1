# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Options by blocks of lanes: straight-line formulas for blocks whose options are made of the same terms, and a careful
routine, one option at a time, for all others.

A part describes itself by a Method; the loop is the same for all.
"""

cimport cython_ext._loop.numpy_api as cnp

from shortgamma.kernels.barrier._option cimport (
    CHARM, COLOR, DELTA, FIRST_ORDER, GAMMA, PRICE, RHO, RHO_DIVIDEND, SECOND_ORDER, SPEED, THETA, VANNA, VEGA, VETA,
    VOLGA, ZOMMA, Greeks, Option, eta_of, finish,
)
from shortgamma.kernels.barrier.single cimport B, C, D, E, Frame, density_at, prepare, prepare_image
from shortgamma.kernels.numeric.jets cimport Jet, Legs
from cython_ext._loop.ufuncs cimport register_orders
from cython_ext._loop.blocks cimport (
    GROUP, INVALID, LANES, Status, code_at, load, load_codes, number_at, padded, status_raise, status_restore,
    status_save, store_plain,
)

cdef enum:
    CHUNK = 1024
    MOST_SORTS = 64
    # numbers of an option, its kind apart
    MOST_NUMBERS = 9
    # bytes of a cache line
    LINE = 64
    # Rows of lanes are a cache line longer than a power of two: those of 512 bytes share eight sets of a cache.
    ROW = LANES + GROUP

cdef struct Lanes:
    double spot[ROW]
    double strike[ROW]
    double barrier[ROW]
    # the upper one of two; then barrier is the lower one
    double upper[ROW]
    double vol[ROW]
    double expiry[ROW]
    double rate[ROW]
    double dividend[ROW]
    double rebate[ROW]
    double out[SECOND_ORDER][ROW]
    # 1 where too little is left of the terms
    double cancelled[ROW]
    int kind[LANES]

cdef struct FrameLanes:
    double log_spot_barrier[ROW]
    double log_spot_strike[ROW]
    double deviation[ROW]
    double inverse[ROW]
    double shift[ROW]
    double two_mu[ROW]
    double asset[ROW]
    double discount[ROW]
    double cash[ROW]
    double density[ROW]
    double level[ROW]
    double image[ROW]
    double image_asset[ROW]

cdef struct LegLanes:
    double f0[ROW]
    double f1[ROW]
    double f21[ROW]
    double f32[ROW]
    double f43[ROW]

cdef struct JetLanes:
    double value[ROW]
    double x[ROW]
    double xx[ROW]
    double xxx[ROW]
    double xxxx[ROW]
    double sigma[ROW]
    double r[ROW]
    double q[ROW]
    double x_sigma[ROW]
    double xx_sigma[ROW]
    double sigma_sigma[ROW]

# From the inputs of each lane the sort of its formulas, or the method's `special` where only the careful routine will
# do.
ctypedef void (*Sort)(Lanes* lanes, Py_ssize_t whole, int* sorts) noexcept nogil
# Fill the outputs of lanes of one sort; true if any has cancelled. `ordinary` is a lane whose inputs are ordinary, and
# there are inputs for the padded count. Every lane must go through the same instructions whatever the count, or an
# option's last digits would depend on its neighbours.
ctypedef bint (*Evaluate)(int sort, Py_ssize_t ordinary, Py_ssize_t count, Lanes* lanes) noexcept nogil
# One option; false if a number lies outside the domain.
ctypedef bint (*Careful)(int order, const double* numbers, int kind, double* out) noexcept nogil
# Put an ordinary option into a lane.
ctypedef void (*Substitute)(Lanes* lanes, Py_ssize_t i) noexcept nogil

cdef struct Method:
    bint two_barriers
    int special
    Sort sort
    # by order, which is a constant there: what it does not ask for is then never computed
    Evaluate evaluate[3]
    Careful careful
    Substitute substitute

cdef struct Request:
    # what a ufunc asks for: the outputs from first to before last, of an order
    const Method* method
    int order
    int first
    int last

cdef struct Chunk:
    Lanes lanes
    int sorts[LANES]
    # a chunk by sorts: the sort of each option, their places sort after sort, and the end of each sort
    signed char sort_of[CHUNK]
    short places[CHUNK]
    Py_ssize_t ends[MOST_SORTS + 1]
    # places of those for the careful routine
    short special[CHUNK]
    Py_ssize_t specials
    double results[SECOND_ORDER][CHUNK]

cdef struct Room:
    # for a chunk that begins with a cache line
    Chunk chunk
    char slack[LINE]


cdef inline void option_at(const Lanes* lanes, Py_ssize_t i, Option* option) noexcept nogil:
    option.spot = lanes.spot[i]
    option.strike = lanes.strike[i]
    option.barrier = lanes.barrier[i]
    option.vol = lanes.vol[i]
    option.expiry = lanes.expiry[i]
    option.rate = lanes.rate[i]
    option.dividend = lanes.dividend[i]
    option.rebate = lanes.rebate[i]
    option.kind = lanes.kind[i]


cdef inline Option option_of(const double* numbers, int kind) noexcept nogil:
    """The option with these numbers, in the order of a ufunc's arguments."""
    cdef Option option
    option.spot = numbers[0]
    option.strike = numbers[1]
    option.barrier = numbers[2]
    option.vol = numbers[3]
    option.expiry = numbers[4]
    option.rate = numbers[5]
    option.dividend = numbers[6]
    option.rebate = numbers[7]
    option.kind = kind
    return option


cdef inline void frame_at(const FrameLanes* lanes, Py_ssize_t i, Frame* frame) noexcept nogil:
    frame.log_spot_barrier = lanes.log_spot_barrier[i]
    frame.log_spot_strike = lanes.log_spot_strike[i]
    frame.deviation = lanes.deviation[i]
    frame.inverse = lanes.inverse[i]
    frame.shift = lanes.shift[i]
    frame.two_mu = lanes.two_mu[i]
    frame.asset = lanes.asset[i]
    frame.discount = lanes.discount[i]
    frame.cash = lanes.cash[i]
    frame.density = lanes.density[i]
    frame.level = lanes.level[i]
    frame.image = lanes.image[i]
    frame.image_asset = lanes.image_asset[i]


cdef inline void put_frame(const Frame* frame, FrameLanes* lanes, Py_ssize_t i) noexcept nogil:
    """All that `prepare` knows."""
    lanes.log_spot_barrier[i] = frame.log_spot_barrier
    lanes.log_spot_strike[i] = frame.log_spot_strike
    lanes.deviation[i] = frame.deviation
    lanes.inverse[i] = frame.inverse
    lanes.shift[i] = frame.shift
    lanes.two_mu[i] = frame.two_mu
    lanes.asset[i] = frame.asset
    lanes.discount[i] = frame.discount
    lanes.cash[i] = frame.cash


# All of a jet is read whatever the order, or a lane would seem to depend on the one before, and no loop be vectorised.

cdef inline void legs_at(const LegLanes* lanes, Py_ssize_t i, Legs* legs) noexcept nogil:
    legs.f0 = lanes.f0[i]
    legs.f1 = lanes.f1[i]
    legs.f21 = lanes.f21[i]
    legs.f32 = lanes.f32[i]
    legs.f43 = lanes.f43[i]


cdef inline void put_legs(int order, const Legs* legs, LegLanes* lanes, Py_ssize_t i) noexcept nogil:
    lanes.f0[i] = legs.f0
    if order >= 1:
        lanes.f1[i] = legs.f1
        lanes.f21[i] = legs.f21
    if order >= 2:
        lanes.f32[i] = legs.f32
        lanes.f43[i] = legs.f43


cdef inline void clear_leg_lanes(LegLanes* lanes, Py_ssize_t whole) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(whole):
        lanes.f0[i] = lanes.f1[i] = lanes.f21[i] = lanes.f32[i] = lanes.f43[i] = 0.0


cdef inline void jet_at(const JetLanes* lanes, Py_ssize_t i, Jet* jet) noexcept nogil:
    jet.value = lanes.value[i]
    jet.x = lanes.x[i]
    jet.xx = lanes.xx[i]
    jet.xxx = lanes.xxx[i]
    jet.xxxx = lanes.xxxx[i]
    jet.sigma = lanes.sigma[i]
    jet.r = lanes.r[i]
    jet.q = lanes.q[i]
    jet.x_sigma = lanes.x_sigma[i]
    jet.xx_sigma = lanes.xx_sigma[i]
    jet.sigma_sigma = lanes.sigma_sigma[i]


cdef inline void put_jet(int order, const Jet* jet, JetLanes* lanes, Py_ssize_t i) noexcept nogil:
    lanes.value[i] = jet.value
    if order >= 1:
        lanes.x[i] = jet.x
        lanes.xx[i] = jet.xx
        lanes.sigma[i] = jet.sigma
        lanes.r[i] = jet.r
        lanes.q[i] = jet.q
    if order >= 2:
        lanes.xxx[i] = jet.xxx
        lanes.xxxx[i] = jet.xxxx
        lanes.x_sigma[i] = jet.x_sigma
        lanes.xx_sigma[i] = jet.xx_sigma
        lanes.sigma_sigma[i] = jet.sigma_sigma


cdef inline void substitute(Lanes* lanes, Py_ssize_t i) noexcept nogil:
    """An ordinary option of the same kind."""
    lanes.spot[i] = 1.0 + 0.5 * eta_of(lanes.kind[i])
    lanes.strike[i] = lanes.barrier[i] = lanes.expiry[i] = 1.0
    lanes.vol[i] = 0.25
    lanes.rate[i] = lanes.dividend[i] = lanes.rebate[i] = 0.0


cdef inline void prepare_lanes(int terms, Py_ssize_t whole, const Lanes* lanes, FrameLanes* frames) noexcept nogil:
    """What the legs of these terms share."""
    cdef Py_ssize_t i
    cdef Option option
    cdef Frame frame
    for i in range(whole):
        option_at(lanes, i, &option)
        prepare(&option, &frame)
        put_frame(&frame, frames, i)
    if terms & (B | D):
        for i in range(whole):
            frames.level[i] = lanes.strike[i] / lanes.barrier[i]
    if terms & (B | D | E):
        for i in range(whole):
            frame_at(frames, i, &frame)
            frames.density[i] = density_at(frame.log_spot_barrier, &frame)
    if terms & (C | D | E):
        for i in range(whole):
            option_at(lanes, i, &option)
            frame_at(frames, i, &frame)
            prepare_image(&option, &frame)
            frames.image[i] = frame.image
            frames.image_asset[i] = frame.image_asset


cdef inline void finish_lanes(int order, Py_ssize_t whole, const JetLanes* jets, Lanes* lanes) noexcept nogil:
    """The outputs from the derivatives."""
    cdef Py_ssize_t i
    cdef Jet jet
    cdef Greeks greeks
    for i in range(whole):
        lanes.out[PRICE][i] = jets.value[i]
    if order == 0:
        return
    for i in range(whole):
        jet_at(jets, i, &jet)
        finish(order, lanes.spot[i], lanes.vol[i], lanes.rate[i], lanes.rate[i] - lanes.dividend[i], &jet, &greeks)
        lanes.out[DELTA][i] = greeks.delta
        lanes.out[GAMMA][i] = greeks.gamma
        lanes.out[VEGA][i] = greeks.vega
        lanes.out[THETA][i] = greeks.theta
        lanes.out[RHO][i] = greeks.rho
        lanes.out[RHO_DIVIDEND][i] = greeks.rho_dividend
        if order >= 2:
            lanes.out[VANNA][i] = greeks.vanna
            lanes.out[VOLGA][i] = greeks.volga
            lanes.out[CHARM][i] = greeks.charm
            lanes.out[SPEED][i] = greeks.speed
            lanes.out[ZOMMA][i] = greeks.zomma
            lanes.out[COLOR][i] = greeks.color
            lanes.out[VETA][i] = greeks.veta


cdef inline bint any_cancelled(const Lanes* lanes, Py_ssize_t whole) noexcept nogil:
    cdef Py_ssize_t i
    cdef long long cancelled = 0
    for i in range(whole):
        cancelled |= lanes.cancelled[i] != 0.0
    return cancelled != 0


cdef inline void read_block(
    const Method* method, Lanes* lanes, char** args, cnp.npy_intp* steps, Py_ssize_t begin, Py_ssize_t count,
) noexcept nogil:
    """Options side by side."""
    cdef int place, vol = 4 if method.two_barriers else 3
    cdef double* after_barriers[5]
    load(lanes.spot, args[0] + begin * steps[0], steps[0], count)
    load(lanes.strike, args[1] + begin * steps[1], steps[1], count)
    load(lanes.barrier, args[2] + begin * steps[2], steps[2], count)
    if method.two_barriers:
        load(lanes.upper, args[3] + begin * steps[3], steps[3], count)
    after_barriers[0] = lanes.vol
    after_barriers[1] = lanes.expiry
    after_barriers[2] = lanes.rate
    after_barriers[3] = lanes.dividend
    after_barriers[4] = lanes.rebate
    for place in range(vol, vol + 5):
        load(after_barriers[place - vol], args[place] + begin * steps[place], steps[place], count)
    load_codes(lanes.kind, args[vol + 5] + begin * steps[vol + 5], steps[vol + 5], count)


cdef inline void gather(
    const Method* method, Lanes* lanes, char** args, cnp.npy_intp* steps, Py_ssize_t begin, const short* places,
    Py_ssize_t count,
) noexcept nogil:
    """The options at these places, and copies of the last of them behind, up to a whole number of groups."""
    cdef Py_ssize_t i, k
    cdef int vol = 4 if method.two_barriers else 3
    for i in range(padded(count)):
        k = begin + places[i if i < count else count - 1]
        lanes.spot[i] = number_at(args, steps, 0, k)
        lanes.strike[i] = number_at(args, steps, 1, k)
        lanes.barrier[i] = number_at(args, steps, 2, k)
        if method.two_barriers:
            lanes.upper[i] = number_at(args, steps, 3, k)
        lanes.vol[i] = number_at(args, steps, vol, k)
        lanes.expiry[i] = number_at(args, steps, vol + 1, k)
        lanes.rate[i] = number_at(args, steps, vol + 2, k)
        lanes.dividend[i] = number_at(args, steps, vol + 3, k)
        lanes.rebate[i] = number_at(args, steps, vol + 4, k)
        lanes.kind[i] = code_at(args, steps, vol + 5, k)


cdef inline bint one_sort(
    const Request* request, Chunk* chunk, Py_ssize_t count, Py_ssize_t* ordinary, Py_ssize_t* ordinaries,
) noexcept nogil:
    """Whether all ordinary options of a block are of one sort; then the special ones are noted, and ordinary ones take
    their place, so that hostile numbers stay out of the lanes."""
    cdef Py_ssize_t i, whole = padded(count), first = 0
    cdef int special = request.method.special, sort, differ = 0, any_special = 0
    cdef const int* sorts = chunk.sorts
    while first < count - 1 and sorts[first] == special:
        first += 1
    sort = sorts[first]
    for i in range(whole):
        any_special |= sorts[i] == special
        differ |= (sorts[i] != sort) & (sorts[i] != special)
    if differ:
        return False
    ordinary[0] = first
    ordinaries[0] = count if sort != special else 0
    if any_special:
        for i in range(whole):
            if sorts[i] == special:
                request.method.substitute(&chunk.lanes, i)
                if i < count:
                    chunk.special[chunk.specials] = <short> i
                    chunk.specials += 1
    return True


cdef inline void evaluate_block(
    const Request* request, Chunk* chunk, Py_ssize_t count, Py_ssize_t ordinary,
) noexcept nogil:
    """A block of one sort, where it lies."""
    cdef Py_ssize_t i
    cdef int special = request.method.special
    if request.method.evaluate[request.order](chunk.sorts[ordinary], ordinary, count, &chunk.lanes):
        for i in range(count):
            if chunk.lanes.cancelled[i] != 0.0 and chunk.sorts[i] != special:
                chunk.special[chunk.specials] = <short> i
                chunk.specials += 1


cdef inline void sort_chunk(
    const Request* request, Chunk* chunk, char** args, cnp.npy_intp* steps, Py_ssize_t begin, Py_ssize_t size,
) noexcept nogil:
    """Order the options by sorts, the special ones last; the first block has been read already."""
    cdef Py_ssize_t block = 0, count, i, end = 0
    cdef int sort, special = request.method.special
    for sort in range(special + 1):
        chunk.ends[sort] = 0
    while block < size:
        count = min(<Py_ssize_t> LANES, size - block)
        if block != 0:
            read_block(request.method, &chunk.lanes, args, steps, begin + block, count)
            request.method.sort(&chunk.lanes, padded(count), chunk.sorts)
        for i in range(count):
            chunk.sort_of[block + i] = <signed char> chunk.sorts[i]
            chunk.ends[chunk.sorts[i]] += 1
        block += count
    for sort in range(special + 1):
        end += chunk.ends[sort]
        chunk.ends[sort] = end - chunk.ends[sort]
    # begins become ends
    for i in range(size):
        chunk.places[chunk.ends[chunk.sort_of[i]]] = <short> i
        chunk.ends[chunk.sort_of[i]] += 1
    for i in range(chunk.ends[special - 1], size):
        chunk.special[chunk.specials] = chunk.places[i]
        chunk.specials += 1


cdef inline void evaluate_chunk(
    const Request* request, Chunk* chunk, char** args, cnp.npy_intp* steps, Py_ssize_t begin,
) noexcept nogil:
    """The ordinary options of a chunk, sort after sort."""
    cdef Py_ssize_t k = 0, i, count
    cdef int sort = 0, place, special = request.method.special
    cdef const short* places
    cdef bint cancelled
    while k < chunk.ends[special - 1]:
        while chunk.ends[sort] <= k:
            sort += 1
        count = min(<Py_ssize_t> LANES, chunk.ends[sort] - k)
        places = &chunk.places[k]
        gather(request.method, &chunk.lanes, args, steps, begin, places, count)
        cancelled = request.method.evaluate[request.order](sort, 0, count, &chunk.lanes)
        if cancelled:
            for i in range(count):
                if chunk.lanes.cancelled[i] != 0.0:
                    chunk.special[chunk.specials] = places[i]
                    chunk.specials += 1
        for place in range(request.first, request.last):
            for i in range(count):
                chunk.results[place][places[i]] = chunk.lanes.out[place][i]
        k += count


cdef inline bint evaluate_special(
    const Request* request, Chunk* chunk, char** args, cnp.npy_intp* steps, Py_ssize_t begin, double* results,
    Py_ssize_t row,
) noexcept nogil:
    """One at a time; whether a number lies outside the domain."""
    cdef Py_ssize_t k, i
    cdef int place, numbers = MOST_NUMBERS if request.method.two_barriers else MOST_NUMBERS - 1
    cdef double number[MOST_NUMBERS]
    cdef double out[SECOND_ORDER]
    cdef bint outside = False
    for k in range(chunk.specials):
        i = chunk.special[k]
        for place in range(numbers):
            number[place] = number_at(args, steps, place, begin + i)
        outside |= not request.method.careful(
            request.order, number, code_at(args, steps, numbers, begin + i), out)
        for place in range(request.first, request.last):
            results[place * row + i] = out[place]
    return outside


cdef inline void options_loop(
    char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* data,
) noexcept nogil:
    """spot, strike, barrier or both, vol, expiry, rate, dividend, rebate, kind -> what the Request in data asks for

    A block of options of one sort is evaluated where it lies. Where they are of several, a chunk is sorted first.
    """
    cdef const Request* request = <const Request*> data
    cdef Py_ssize_t count = dimensions[0], begin = 0, size, block, lanes, row, ordinary, ordinaries
    cdef int place, target, inputs = MOST_NUMBERS + 1 if request.method.two_barriers else MOST_NUMBERS
    # at the start of a cache line: with vectors of 64 bytes that lie in two of them a loop takes 2 to 5 % longer
    cdef Room room
    cdef Chunk* chunk = <Chunk*> ((<size_t> &room + LINE - 1) & ~<size_t> (LINE - 1))
    cdef double* results
    cdef bint outside = False
    cdef Status status = status_save()
    while begin < count:
        size = min(<Py_ssize_t> LANES, count - begin)
        chunk.specials = 0
        read_block(request.method, &chunk.lanes, args, steps, begin, size)
        request.method.sort(&chunk.lanes, padded(size), chunk.sorts)
        if one_sort(request, chunk, size, &ordinary, &ordinaries):
            results = &chunk.lanes.out[0][0]
            row = ROW
            if ordinaries != 0:
                evaluate_block(request, chunk, size, ordinary)
        else:
            results = &chunk.results[0][0]
            row = CHUNK
            size = min(<Py_ssize_t> CHUNK, count - begin)
            sort_chunk(request, chunk, args, steps, begin, size)
            evaluate_chunk(request, chunk, args, steps, begin)
        if chunk.specials != 0:
            outside |= evaluate_special(request, chunk, args, steps, begin, results, row)
        # nothing is stored before all of it is read: an output may be an input
        for place in range(request.first, request.last):
            target = inputs + place - request.first
            block = 0
            while block < size:
                lanes = min(<Py_ssize_t> LANES, size - block)
                store_plain(
                    args[target] + (begin + block) * steps[target], steps[target], results + place * row + block, lanes)
                block += LANES
        begin += size
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef inline void set_request(Request* request, const Method* method, int order, int first, int last) noexcept nogil:
    request.method = method
    request.order = order
    request.first = first
    request.last = last


cdef inline tuple register_method(const Method* method, Request* requests, str name, str arguments, str part):
    """The ufuncs of the price, of the first order and of the second; the three requests must live as long."""
    cdef void* data[3]
    set_request(&requests[0], method, 0, 0, 1)
    set_request(&requests[1], method, 1, 0, FIRST_ORDER)
    set_request(&requests[2], method, 2, 0, SECOND_ORDER)
    data[0], data[1], data[2] = &requests[0], &requests[1], &requests[2]
    return register_orders(name, arguments, options_loop, options_loop, options_loop, part, data)
