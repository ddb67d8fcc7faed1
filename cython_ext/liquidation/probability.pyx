"""Loops of breach probabilities: accounts on simulated paths.

Paths are simulated in blocks, and each account is judged on a block before the next: first CHUNK nodes at a time at
their worst prices, then node by node, with a Brownian bridge between nodes.
"""

cimport cython_ext._loop.numpy_api as cnp

from cython_ext._loop.blocks cimport Status, padded, status_restore, status_save
from cython_ext.liquidation._accounts cimport (
    CHUNK, Account, Market, Worst, doubles, instruments_of, look_from_afar, new_account, numbers, open_account,
    reserve_worst, settle, whole_numbers,
)
from shortgamma.kernels.liquidation.account cimport CLOSE, WIDTH, Instrument, deficits, value_of
from shortgamma.kernels.liquidation.probability cimport Moves, at_most_times, distance, swings
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, exp, square_root

cnp.import_array()

cdef enum:
    # simulated paths that are looked at together
    PATHS = 32

cdef struct Source:
    # what paths are made of: by instrument, then coin, the first price, the drift of a step, and loadings by factor
    const double* start
    const double* drift
    const double* loading
    Py_ssize_t factors
    const double* normal
    # waiting times of the bridges, or NULL
    const double* exponential
    double step

cdef struct Paths:
    # a block of simulated paths: rows of prices one path after the other, then those of chunks
    Py_ssize_t nodes
    Py_ssize_t wide
    Py_ssize_t chunks
    Py_ssize_t lanes
    const Instrument* instrument
    double* row
    double* value
    double* gain
    double* fx
    Worst worst
    # how far the bridge of the step before a node may reach, in deviations, and that of the step before or after it
    double* spread
    double* reach
    Moves moves


cdef inline void draw(
    Paths* paths, const Source* source, const double* normal, double sign, Py_ssize_t a,
) noexcept nogil:
    """The price of one asset along one path, as a multiple of the first."""
    cdef double* row = paths.row
    cdef bint still = source.drift[a] == 0.0
    cdef Py_ssize_t f, t
    cdef double x = 0.0, step
    for f in range(source.factors):
        still = still and source.loading[a * source.factors + f] == 0.0
    row[0] = 1.0
    if still:
        for t in range(1, paths.nodes):
            row[t] = 1.0
    else:
        row[0] = 0.0
        for t in range(1, paths.nodes):
            step = 0.0
            for f in range(source.factors):
                step += source.loading[a * source.factors + f] * normal[(t - 1) * source.factors + f]
            x += source.drift[a] + sign * step
            row[t] = x
        for t in range(paths.nodes):
            row[t] = exp(row[t])
    for t in range(paths.nodes, paths.wide):
        row[t] = NAN


cdef inline void walk(
    Paths* paths, const Source* source, const double* normal, double sign, Py_ssize_t path,
) noexcept nogil:
    """The prices of one path from its normal variates, one number a factor for each step."""
    cdef Py_ssize_t instruments = paths.moves.instruments, a, t, row
    cdef double v
    for a in range(instruments + paths.moves.coins):
        draw(paths, source, normal, sign, a)
        if a < instruments:
            row = (a * PATHS + path) * paths.wide
            for t in range(paths.wide):
                v = value_of(&paths.instrument[a], source.start[a] * paths.row[t])
                paths.value[row + t] = v
                paths.gain[row + t] = -v if paths.instrument[a].inverse else v
        else:
            row = ((a - instruments) * PATHS + path) * paths.wide
            for t in range(paths.wide):
                paths.fx[row + t] = source.start[a] * paths.row[t]


cdef inline void find_reach(Paths* paths, const Source* source, Py_ssize_t path, Py_ssize_t place) noexcept nogil:
    """How far the bridges of a path may reach; place is that of the path among the exponential variates."""
    cdef double* spread = paths.spread + path * paths.wide
    cdef double* reach = paths.reach + path * paths.wide
    cdef Py_ssize_t t
    spread[0] = 0.0
    for t in range(1, paths.wide):
        spread[t] = 0.0
        if t < paths.nodes and source.exponential != NULL:
            spread[t] = 1.5 * square_root(0.5 * source.exponential[place * (paths.nodes - 1) + t - 1] * source.step)
    for t in range(paths.wide - 1):
        reach[t] = spread[t] if spread[t] > spread[t + 1] else spread[t + 1]
    reach[paths.wide - 1] = spread[paths.wide - 1]


cdef inline void find_ranges(Paths* paths, Py_ssize_t path) noexcept nogil:
    """The ranges of the chunks of a path, with what lies between the nodes and the node before."""
    cdef Py_ssize_t c, t, i, row, begin, end, lane, instruments = paths.moves.instruments
    cdef double far, a, b, x
    cdef double* spread = paths.spread + path * paths.wide
    for c in range(paths.chunks):
        begin, end = max(c * CHUNK - 1, <Py_ssize_t> 0), min((c + 1) * CHUNK, paths.nodes)
        lane = path * paths.chunks + c
        far = 0.0
        for t in range(begin, end):
            far = spread[t] if spread[t] > far else far
        for i in range(instruments):
            row = (i * PATHS + path) * paths.wide
            a, b = INFINITY, 0.0
            for t in range(row + begin, row + end):
                a = paths.value[t] if paths.value[t] < a else a
                b = paths.value[t] if paths.value[t] > b else b
            x = at_most_times(paths.moves.vol[i] * far)
            a, b = a / x, b * x
            paths.worst.most_value[i * paths.lanes + lane] = b
            paths.worst.least_gain[i * paths.lanes + lane] = -b if paths.instrument[i].inverse else a
            paths.worst.most_gain[i * paths.lanes + lane] = -a if paths.instrument[i].inverse else b
        for i in range(paths.moves.coins):
            row = (i * PATHS + path) * paths.wide
            a, b = INFINITY, 0.0
            for t in range(row + begin, row + end):
                a = paths.fx[t] if paths.fx[t] < a else a
                b = paths.fx[t] if paths.fx[t] > b else b
            x = at_most_times(paths.moves.vol[instruments + i] * far)
            paths.worst.least_fx[i * paths.lanes + lane] = a / x
            paths.worst.most_fx[i * paths.lanes + lane] = b * x


cdef inline bint crosses(
    const Account* account, const Paths* paths, const double* waiting, double step, Py_ssize_t start,
    Py_ssize_t first, Py_ssize_t count, const double* deficit, const double* swing,
) noexcept nogil:
    """Whether D becomes positive between two of some nodes; waiting are the exponential variates of the path."""
    cdef double before = 0.0, here
    cdef bint known = False
    cdef Py_ssize_t t
    for t in range(max(first, <Py_ssize_t> 1), count):
        if not (swing[t] > 0.0 or swing[t - 1] > 0.0):
            known = False
            continue
        if not known:
            before = distance(
                &account.book, paths.instrument, &account.rows, &paths.moves, start + t - 1, deficit[t - 1])
        here = distance(&account.book, paths.instrument, &account.rows, &paths.moves, start + t, deficit[t])
        if 2.0 * before * here < waiting[start + t - 1] * step:
            return True
        before = here
        known = True
    return False


cdef inline bint dies_within(
    Account* account, const Paths* paths, const double* waiting, double step, Py_ssize_t path, Py_ssize_t chunk,
) noexcept nogil:
    """Whether an account dies at a node of a chunk of a path, or between one of them and the node before."""
    cdef double deficit[WIDTH]
    cdef double swing[WIDTH]
    cdef Py_ssize_t start = max(chunk * CHUNK - 8, <Py_ssize_t> 0), end = min((chunk + 1) * CHUNK, paths.nodes), t, i
    cdef Py_ssize_t count = padded(end - start)
    cdef const double* reach = paths.reach + path * paths.wide + start
    cdef long long any_dead = 0, any_near = 0
    cdef int leg, k
    for leg in range(account.book.legs):
        i = account.book.leg[leg].instrument
        account.rows.value[leg] = paths.value + (i * PATHS + path) * paths.wide
        account.rows.gain[leg] = paths.gain + (i * PATHS + path) * paths.wide
    for k in range(account.book.coins):
        account.rows.pick[k] = CLOSE
        account.rows.fx_low[k] = paths.fx + (<Py_ssize_t> account.book.coin[k].index * PATHS + path) * paths.wide
        account.rows.fx_high[k] = account.rows.fx_low[k]
    deficits(&account.book, &account.rows, start, count, deficit)
    for t in range(count):
        any_dead |= 1 if deficit[t] > 0.0 else 0
    if any_dead:
        return True
    if waiting == NULL:
        return False
    swings(&account.book, &account.rows, &paths.moves, start, count, swing)
    for t in range(count):
        swing[t] = deficit[t] + swing[t] * reach[t]
        any_near |= 1 if swing[t] > 0.0 else 0
    if not any_near:
        return False
    return crosses(account, paths, waiting, step, start, chunk * CHUNK - start, end - start, deficit, swing)


cdef void judge(
    Account* account, const Paths* paths, const double* waiting, double step, Py_ssize_t block, bint* dead,
) noexcept nogil:
    """On which paths of a block an account dies; waiting are the exponential variates of the block, or NULL."""
    cdef double deficit[WIDTH]
    cdef Py_ssize_t lane = 0, lanes = block * paths.chunks, i, path
    for path in range(block):
        dead[path] = False
    if account.book.coins == 0:
        return
    while lane < lanes:
        look_from_afar(account, &paths.worst, lane, WIDTH, deficit)
        for i in range(min(<Py_ssize_t> WIDTH, lanes - lane)):
            if deficit[i] <= 0.0:
                continue
            path = (lane + i) // paths.chunks
            if not dead[path]:
                dead[path] = dies_within(
                    account, paths, NULL if waiting == NULL else waiting + path * (paths.nodes - 1), step, path,
                    (lane + i) - path * paths.chunks)
        lane += WIDTH


cdef int new_paths(Paths* paths, list kept, Py_ssize_t steps, Py_ssize_t instruments, Py_ssize_t coins) except -1:
    """Room for a block of paths. What lies beyond its last path is computed with, but never read as a result."""
    paths.nodes = steps + 1
    paths.wide = (paths.nodes + WIDTH - 1) // WIDTH * WIDTH
    paths.chunks = (paths.nodes + CHUNK - 1) // CHUNK
    paths.lanes = (PATHS * paths.chunks + WIDTH - 1) // WIDTH * WIDTH
    paths.row = doubles(kept, paths.wide)
    paths.value = doubles(kept, instruments * PATHS * paths.wide)
    paths.gain = doubles(kept, instruments * PATHS * paths.wide)
    paths.fx = doubles(kept, coins * PATHS * paths.wide)
    reserve_worst(kept, instruments, coins, paths.lanes, &paths.worst)
    paths.spread = doubles(kept, PATHS * paths.wide)
    paths.reach = doubles(kept, PATHS * paths.wide)
    paths.moves.instruments = instruments
    paths.moves.coins = coins
    paths.moves.slope = doubles(kept, instruments + coins)
    paths.moves.bend = doubles(kept, instruments + coins)
    return 0


def simulate(variates, bint mirrored, process, tuple positions, terms, weight, hits, both):
    """Add to hits on how many paths each account dies, and to both on how many pairs of paths it dies on both.

    variates are normal ones (path, step, factor), which make the paths, mirrored ones those and their mirror images by
    turns, and exponential ones (path, step), or None, which decide what happens between nodes. process has start,
    drift (a step), vol and covariance by instrument, then coin, loading (asset, factor) for a step, and the step.
    """
    cdef list kept = []
    cdef const double* quantity = numbers(positions[0])
    cdef const double* entry = numbers(positions[1])
    cdef const double* collateral = numbers(positions[2])
    cdef long long* hit = whole_numbers(hits)
    cdef long long* twice = whole_numbers(both)
    cdef cnp.ndarray normals = variates[0]
    cdef Py_ssize_t steps = normals.shape[1], total = normals.shape[0] * (2 if mirrored else 1)
    cdef Py_ssize_t accounts = len(positions[0]), instruments = len(terms.multiplier), coins = len(weight)
    cdef Py_ssize_t a, i, path, block, done = 0
    cdef bint outside = False, no_memory = False
    cdef bint dead[PATHS]
    cdef Source source
    cdef Paths paths
    cdef Market market
    cdef Account account
    cdef Status status = status_save()
    source.start, source.drift = numbers(process.start), numbers(process.drift)
    source.loading = numbers(process.loading)
    source.factors = normals.shape[2]
    source.normal = numbers(normals)
    source.exponential = NULL if variates[1] is None else numbers(variates[1])
    source.step = process.step
    new_paths(&paths, kept, steps, instruments, coins)
    paths.moves.vol, paths.moves.covariance = numbers(process.vol), numbers(process.covariance)
    market.instruments, market.coins = <int> instruments, <int> coins
    market.instrument = paths.instrument = instruments_of(kept, terms)
    market.weight = numbers(weight)
    market.top, market.fx_top = doubles(kept, instruments), doubles(kept, coins)
    new_account(&account, kept, instruments, coins, 0)
    with nogil:
        while done < total and not no_memory:
            block = min(<Py_ssize_t> PATHS, total - done)
            for path in range(block):
                i = (done + path) // 2 if mirrored else done + path
                walk(
                    &paths, &source, source.normal + i * steps * source.factors,
                    -1.0 if mirrored and (done + path) % 2 else 1.0, path)
                find_reach(&paths, &source, path, done + path)
                find_ranges(&paths, path)
            for a in range(accounts):
                open_account(
                    &account, &market, quantity + a * instruments, entry + a * instruments, collateral + a * coins,
                    &outside)
                if not settle(&account, &market):
                    no_memory = True
                    break
                judge(
                    &account, &paths, NULL if source.exponential == NULL else source.exponential + done * steps,
                    source.step, block, dead)
                for path in range(block):
                    hit[a] += dead[path]
                    if path % 2:
                        twice[a] += dead[path] and dead[path - 1]
            done += block
    status_restore(status)
    if no_memory:
        raise MemoryError
