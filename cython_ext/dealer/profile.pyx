"""Loops of the exposures of a book: levels of the spot against options.

Options go in blocks of lanes. The factors of a block are worked out once, then every level adds the sum over the block
to its own: pairs of halves, then pairs of quarters, down to one number. So the order of a sum does not depend on which
levels stand beside it, and nothing is held for level and option at once.
"""

cimport cython_ext._loop.numpy_api as cnp
from cpython.mem cimport PyMem_RawFree, PyMem_RawMalloc

cimport shortgamma.kernels.dealer.profile as formula
from cython_ext._loop.blocks cimport (
    GROUP, INVALID, LANES, Status, load, load_codes, status_raise, status_restore, status_save,
)
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute, log_ratio

cnp.import_array()
cnp.import_ufunc()

cdef extern from "Python.h":
    # without Cython's own handling: NumPy finds the error after the loop
    void* no_memory "PyErr_NoMemory"()
    int signals "PyErr_CheckSignals"()

cdef extern from "dealer/_runs.h" nogil:
    ctypedef struct Run "sg_run":
        double fade[LANES]
        double growth[LANES]
        double fading[LANES]
        double gamma[LANES]
        double vanna[LANES]
        double vanna_step[LANES]
        double charm[LANES]
        double charm_step[LANES]
        double sums[formula.RUN * formula.SHAPES * GROUP]
    void run_through "sg_run_through"(Run* run, bint shapes, Py_ssize_t length) noexcept

cdef enum:
    # pairs of option and level: some hundredths of a second
    BETWEEN_LOOKS = 1 << 23
    INPUTS = 10
    # inputs that an option has, from the forward on
    NUMBERS = 7
    FIRST = 2

cdef struct Block:
    double numbers[NUMBERS][LANES]
    int code[LANES]
    double factors[formula.FACTORS][LANES]
    double d[LANES]
    double fade[LANES]
    # prices of the underlyings, with parallel moves
    double price[LANES]
    double terms[formula.EXPOSURES][LANES]
    # how far a step of an even grid moves d
    double move[LANES]


cdef inline double group_total(const double* x) noexcept nogil:
    return ((x[0] + x[4]) + (x[2] + x[6])) + ((x[1] + x[5]) + (x[3] + x[7]))


cdef inline double total(double* terms) noexcept nogil:
    """The sum over the lanes, by halves."""
    cdef Py_ssize_t i
    for i in range(32):
        terms[i] += terms[i + 32]
    for i in range(16):
        terms[i] += terms[i + 16]
    for i in range(8):
        terms[i] += terms[i + 8]
    return group_total(terms)


cdef inline void read_block(
    bint parallel, double origin, Block* o, char** args, cnp.npy_intp* inner, Py_ssize_t begin, Py_ssize_t count,
    bint* outside,
) noexcept nogil:
    """Options from begin on, and their factors; in the place of those that a block has not, one of no weight."""
    cdef Py_ssize_t i, place
    for place in range(NUMBERS):
        load(o.numbers[place], args[FIRST + place] + begin * inner[place], inner[place], count)
    load_codes(o.code, args[FIRST + NUMBERS] + begin * inner[NUMBERS], inner[NUMBERS], count)
    for i in range(count, LANES):
        o.numbers[0][i] = o.numbers[1][i] = origin
        o.numbers[2][i] = o.numbers[3][i] = 1.0
        o.numbers[4][i] = o.numbers[5][i] = o.numbers[6][i] = 0.0
        o.code[i] = 0
    for i in range(count):
        if formula.in_domain(
            origin, o.numbers[0][i], o.numbers[1][i], o.numbers[2][i], o.numbers[3][i], o.numbers[4][i],
            o.numbers[5][i],
        ) == 0.0 or not -INFINITY < o.numbers[6][i] < INFINITY:
            # NaN is quiet
            outside[0] |= not (
                origin != origin or o.numbers[0][i] != o.numbers[0][i] or o.numbers[1][i] != o.numbers[1][i]
                or o.numbers[2][i] != o.numbers[2][i] or o.numbers[3][i] != o.numbers[3][i]
                or o.numbers[4][i] != o.numbers[4][i] or o.numbers[5][i] != o.numbers[5][i]
                or o.numbers[6][i] != o.numbers[6][i])
            o.numbers[0][i] = o.numbers[1][i] = o.numbers[2][i] = o.numbers[3][i] = 1.0
            o.numbers[4][i] = o.numbers[5][i] = 0.0
            o.numbers[6][i] = NAN
    for i in range(LANES):
        formula.factors_of(
            origin, o.numbers[0][i], o.numbers[1][i], o.numbers[2][i], o.numbers[3][i], o.numbers[4][i],
            o.numbers[5][i], o.numbers[6][i], o.code[i], parallel, &o.factors[0][i], LANES)


cdef inline void distances(bint parallel, Block* o, double level, double origin) noexcept nogil:
    """d and exp(-d^2/2) of every lane at a level."""
    cdef Py_ssize_t i
    cdef double high, low
    if parallel:
        for i in range(LANES):
            o.price[i] = o.factors[formula.FORWARD][i] + (level - origin)
            o.d[i] = log_ratio(o.price[i], o.factors[formula.STRIKE][i]) * o.factors[formula.SLOPE][i] + (
                o.factors[formula.CENTRE][i])
            o.d[i] = o.d[i] if o.price[i] > 0.0 else NAN
            o.fade[i] = formula.density(o.d[i])
    else:
        high = formula.log_parts(level, &low)
        for i in range(LANES):
            o.d[i] = (
                (high - o.factors[formula.HIGH][i]) + (low - o.factors[formula.LOW][i])
            ) * o.factors[formula.SLOPE][i] + o.factors[formula.CENTRE][i]
            o.fade[i] = formula.density(o.d[i])


cdef inline void terms_at(int which, bint parallel, Block* o) noexcept nogil:
    """What every lane adds to the exposures."""
    cdef Py_ssize_t i
    cdef double share, inside
    if which != formula.ONLY_UNITS:
        for i in range(LANES):
            share = o.fade[i] * o.price[i] if parallel else o.fade[i]
            o.terms[formula.GAMMA_PERCENT][i] = o.factors[formula.OF_GAMMA][i] * share
            if which >= formula.SHAPES:
                o.terms[formula.VANNA_POINT][i] = (
                    o.factors[formula.OF_VANNA][i] + o.factors[formula.OF_VANNA_D][i] * o.d[i]) * share
                o.terms[formula.CHARM_DAY][i] = (
                    o.factors[formula.OF_CHARM][i] + o.factors[formula.OF_CHARM_D][i] * o.d[i]) * share
            if which == formula.EVERY:
                o.terms[formula.VEGA_POINT][i] = o.factors[formula.OF_VEGA][i] * share
                o.terms[formula.GAMMA_POINT][i] = o.factors[formula.OF_POINT][i] * (
                    o.fade[i] / o.price[i] if parallel else o.fade[i])
    if which == formula.ONLY_UNITS:
        for i in range(LANES):
            inside = formula.probability(o.d[i], o.fade[i], o.factors[formula.SIDE][i])
            o.terms[formula.UNITS][i] = o.factors[formula.OF_UNITS][i] * inside
    if which == formula.EVERY:
        for i in range(LANES):
            inside = formula.probability(o.d[i], o.fade[i], o.factors[formula.SIDE][i])
            o.terms[formula.UNITS][i] = o.factors[formula.OF_UNITS][i] * inside
            inside = inside * o.price[i] if parallel else inside
            o.terms[formula.DELTA][i] = o.factors[formula.OF_DELTA][i] * inside
            o.terms[formula.CHARM_DAY][i] += o.factors[formula.OF_DECAY][i] * inside


cdef inline double level_at(char** args, cnp.npy_intp* steps, Py_ssize_t j) noexcept nogil:
    return (<double*> (args[0] + j * steps[0]))[0]


cdef inline double even_step(char** args, Py_ssize_t m, cnp.npy_intp* steps) noexcept nogil:
    """The step of the logarithms of the levels if they are an even grid, else 0."""
    cdef double high, low, start_high, start_low, step, away
    cdef Py_ssize_t j
    if m < formula.RUN:
        return 0.0
    for j in range(m):
        if not 1e-300 < level_at(args, steps, j) < 1e300:
            return 0.0
    start_high = formula.log_parts(level_at(args, steps, 0), &start_low)
    step = log_ratio(level_at(args, steps, m - 1), level_at(args, steps, 0)) / <double> (m - 1)
    for j in range(m):
        high = formula.log_parts(level_at(args, steps, j), &low)
        away = ((high - start_high) - step * <double> j) + (low - start_low)
        if not -formula.UNEVEN < away < formula.UNEVEN:
            return 0.0
    return step


cdef inline bint moves_of(Block* o, double step) noexcept nogil:
    """What a step does to each lane; whether none of them is moved too far for a run."""
    cdef Py_ssize_t i
    cdef double move
    cdef long long far = 0
    for i in range(LANES):
        move = step * o.factors[formula.SLOPE][i]
        o.move[i] = move
        far |= 1 if absolute(move) > formula.WIDEST_STEP else 0
    return far == 0


cdef inline void start_run(int which, Block* o, Run* run) noexcept nogil:
    """A run from d and exp(-d^2/2) at its first level."""
    cdef Py_ssize_t i
    for i in range(LANES):
        run.fade[i] = o.fade[i]
        run.growth[i] = formula.growth_of(o.d[i], o.move[i])
    if which == formula.SHAPES:
        for i in range(LANES):
            run.vanna[i] = o.factors[formula.OF_VANNA][i] + o.factors[formula.OF_VANNA_D][i] * o.d[i]
            run.charm[i] = o.factors[formula.OF_CHARM][i] + o.factors[formula.OF_CHARM_D][i] * o.d[i]


cdef inline void runs(
    int which, Block* o, double* sums, char** args, Py_ssize_t m, cnp.npy_intp* steps,
) noexcept nogil:
    """Add the sums over a block at all levels of an even grid."""
    cdef Py_ssize_t begin = 0, length, j, i
    cdef int place
    cdef Run run
    for i in range(LANES):
        run.fading[i] = formula.fading_of(o.move[i])
        run.gamma[i] = o.factors[formula.OF_GAMMA][i]
        run.vanna_step[i] = o.factors[formula.OF_VANNA_D][i] * o.move[i]
        run.charm_step[i] = o.factors[formula.OF_CHARM_D][i] * o.move[i]
    while begin < m:
        length = min(<Py_ssize_t> formula.RUN, m - begin)
        distances(False, o, level_at(args, steps, begin), 1.0)
        start_run(which, o, &run)
        run_through(&run, which == formula.SHAPES, length)
        for j in range(length):
            for place in range(which):
                sums[place * m + begin + j] += group_total(&run.sums[(j * formula.SHAPES + place) * GROUP])
        begin += length


cdef inline bint levels(
    int which, bint parallel, bint even, double* sums, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
    Py_ssize_t* pairs, bint* stop,
) noexcept nogil:
    """One row: spot (m), origin, forward, strike, vol, expiry, rate, dividend, weight (n), option -> exposures (m);
    whether a number lay outside of its domain. sums has room for them, since an output may lie where an input lies."""
    cdef Py_ssize_t m = dimensions[0], n = dimensions[1], begin = 0, count, j
    cdef int place, low = formula.UNITS if which == formula.ONLY_UNITS else 0
    cdef int high = formula.UNITS + 1 if which == formula.ONLY_UNITS else which
    # strides along the two axes stand behind those of the rows: spot, the eight of an option, the outputs
    cdef cnp.npy_intp* inner = steps + 1
    cdef cnp.npy_intp* outward = steps + 1 + NUMBERS + 1
    cdef double origin = (<double*> args[1])[0], level, sum, step = even_step(args, m, steps) if even else 0.0
    cdef Block o
    cdef bint outside = False
    for j in range(m * (high - low)):
        sums[j] = 0.0
    while begin < n:
        count = min(<Py_ssize_t> LANES, n - begin)
        read_block(parallel, origin, &o, args, inner, begin, count, &outside)
        begin += count
        stop[0] = stopped(pairs, m * LANES)
        if stop[0]:
            return False
        if step != 0.0 and moves_of(&o, step):
            runs(which, &o, sums, args, m, steps)
            continue
        for j in range(m):
            level = level_at(args, steps, j)
            if not 1e-300 < level < 1e300:
                # marked below
                continue
            distances(parallel, &o, level, origin)
            terms_at(which, parallel, &o)
            formula.settle(&o.terms[0][0])
            for place in range(low, high):
                sums[(place - low) * m + j] += total(o.terms[place])
    for j in range(m):
        level = level_at(args, steps, j)
        outside |= level <= 1e-300 or level >= 1e300
        for place in range(low, high):
            sum = sums[(place - low) * m + j]
            if not 1e-300 < level < 1e300:
                sum = NAN
            elif not parallel:
                sum *= formula.share_of(place, level)
            # without signs of zero
            sums[(place - low) * m + j] = sum + 0.0
    for place in range(high - low):
        for j in range(m):
            (<double*> (args[INPUTS + place] + j * outward[place]))[0] = sums[place * m + j]
    return outside


cdef inline bint stopped(Py_ssize_t* pairs, Py_ssize_t more) noexcept nogil:
    """Count what is done; whether a signal has come whose handler raises."""
    cdef bint stop
    pairs[0] += more
    if pairs[0] < BETWEEN_LOOKS:
        return False
    pairs[0] = 0
    with gil:
        stop = signals() != 0
    return stop


cdef inline void rows(
    int which, bint parallel, bint even, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    cdef Py_ssize_t outputs = 1 if which == formula.ONLY_UNITS else which, row, i
    cdef char* at[INPUTS + formula.EXPOSURES]
    cdef bint outside = False, stop = False
    cdef Py_ssize_t pairs = 0
    cdef double* sums
    cdef Status status
    if dimensions[0] == 0 or dimensions[1] == 0:
        return
    sums = <double*> PyMem_RawMalloc(dimensions[1] * outputs * sizeof(double))
    if sums == NULL:
        with gil:
            no_memory()
        return
    status = status_save()
    for row in range(dimensions[0]):
        for i in range(INPUTS + outputs):
            at[i] = args[i] + row * steps[i]
        outside |= levels(
            which, parallel, even, sums, at, dimensions + 1, steps + INPUTS + outputs, &pairs, &stop)
        if stop:
            break
    status_restore(status)
    status_raise(INVALID if outside else 0)
    PyMem_RawFree(sums)


cdef void gamma_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    rows(formula.ONLY_GAMMA, False, False, args, dimensions, steps)


cdef void shapes_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    rows(formula.SHAPES, False, False, args, dimensions, steps)


cdef void even_gamma_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    rows(formula.ONLY_GAMMA, False, True, args, dimensions, steps)


cdef void even_shapes_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    rows(formula.SHAPES, False, True, args, dimensions, steps)


cdef void units_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    rows(formula.ONLY_UNITS, False, False, args, dimensions, steps)


cdef void every_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    rows(formula.EVERY, False, False, args, dimensions, steps)


cdef void parallel_gamma_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    rows(formula.ONLY_GAMMA, True, False, args, dimensions, steps)


cdef void parallel_every_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    rows(formula.EVERY, True, False, args, dimensions, steps)


ARGUMENTS = "spot origin forward strike vol expiry rate dividend weight option:b"
CORE = "(m),(),(n),(n),(n),(n),(n),(n),(n),(n)->"
EVERY = "gamma_percent vanna_point charm_day gamma_point vega_point delta units"
ALL = CORE + ",".join(["(m)"] * 7)
dealer_profile_gamma = register(
    gamma_loop, "dealer_profile_gamma", ARGUMENTS, "gamma_percent", "dealer.profile", CORE + "(m)")
dealer_profile_shapes = register(
    shapes_loop, "dealer_profile_shapes", ARGUMENTS, "gamma_percent vanna_point charm_day", "dealer.profile",
    CORE + "(m),(m),(m)")
# of levels equally spaced in the logarithm; of others the same as above
dealer_profile_even_gamma = register(
    even_gamma_loop, "dealer_profile_even_gamma", ARGUMENTS, "gamma_percent", "dealer.profile", CORE + "(m)")
dealer_profile_even_shapes = register(
    even_shapes_loop, "dealer_profile_even_shapes", ARGUMENTS, "gamma_percent vanna_point charm_day",
    "dealer.profile", CORE + "(m),(m),(m)")
dealer_profile_units = register(
    units_loop, "dealer_profile_units", ARGUMENTS, "units", "dealer.profile", CORE + "(m)")
dealer_profile = register(every_loop, "dealer_profile", ARGUMENTS, EVERY, "dealer.profile", ALL)
dealer_profile_parallel_gamma = register(
    parallel_gamma_loop, "dealer_profile_parallel_gamma", ARGUMENTS, "gamma_percent", "dealer.profile", CORE + "(m)")
dealer_profile_parallel = register(
    parallel_every_loop, "dealer_profile_parallel", ARGUMENTS, EVERY, "dealer.profile", ALL)
