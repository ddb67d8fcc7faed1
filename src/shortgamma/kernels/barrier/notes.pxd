# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Autocallable notes with a knock-in put, exactly: two values carried back from event to event.

An event is a date on which the note may be redeemed, pays a coupon, or looks at its barrier; the last one is expiry.
Places are y = ln(S/H)/unit, H the barrier. D_k is what a note is worth just after the k-th event that was not redeemed
and whose barrier was hit, M_k what one whose barrier was not hit is worth beyond it. Between the events

    D_{k-1}(y) = E[R_k; y' >= c_k] + E[C_k; y' >= p_k] + E[D_k(y'); y' < c_k],       D_n = N min(1, S/K),
    M_{k-1}(y) = E[M_k(y'); y' < c_k, and y' > 0 where the barrier is looked at],    M_n = N - D_n,

with redemption R above the call level c, and coupon C above p. The first two terms are closed. The others are steps of
`barrier._panels`, whose edges lie on the levels; where the barrier is always watched, M lives under the density killed
at it. All derivatives are carried along. Values are as of expiry: a payment at t grows by e^(r (T - t)).
"""

from libc.stdlib cimport free, malloc

from shortgamma.kernels.barrier._panels cimport (
    BY_DRIFT, BY_RATE, BY_VOL, BY_VOL_TWICE, DRIFTED, FIRST_LANES, Jet, MATRICES, MOST_LANES, ONCE, Panels, STEP_REACH,
    Step, TWICE, VALUE, add_above, add_panels, bell, carry_panel, clear, forget_panels, forget_step, greeks_of, hermite,
    lane_factor, make_step, make_step_apart, place_nodes, release_panels, release_step, reserve_panels,
)
from shortgamma.kernels.numeric.quadrature cimport NODES, Rule
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, absolute, at_least, at_most, exp, log_ratio, normal_cdf, square_root,
)

cdef enum:
    RESULTS = 14
    # pairs of steps, one free and one killed, whose matrices are kept
    KEPT = 8
    MOST_PANELS = 8192
    # how the barrier is watched: always, or at the events that say so
    ALWAYS = 0
    BY_EVENTS = 1

cdef extern from *:
    """
    #define SG_LARGEST_NOTE_STEP 10.0
    #define SG_SAME_EVENT 4e-15
    /* bytes of matrices beyond which a note is refused */
    #define SG_MOST_BYTES 1e9
    """
    const double LARGEST_STEP "SG_LARGEST_NOTE_STEP"
    const double SAME "SG_SAME_EVENT"
    const double MOST_BYTES "SG_MOST_BYTES"

# Called between steps; true to stop.
ctypedef bint (*Tick)(void* state, double steps) noexcept nogil

cdef struct Events:
    # for each event its time in years, the level at or above which the note is redeemed and for how much, the level at
    # or above which a coupon is paid and how much, both in parts of the nominal, and whether the barrier is looked at
    Py_ssize_t count
    const double* years
    const double* call_level
    const double* redemption
    const double* coupon_level
    const double* coupon
    const double* looked_at
    int watch

cdef struct Note:
    double spot
    double strike
    double barrier
    double vol
    double expiry
    double rate
    double dividend
    double nominal
    # whether the barrier was hit already
    bint knocked

cdef struct Grid:
    Events events
    int order
    double shortest
    double unit
    double drift
    Note note
    Panels panels
    Py_ssize_t at_barrier
    double bytes
    Py_ssize_t kept
    # free and killed steps by turns
    Step steps[2 * (KEPT + 1)]


cdef inline Py_ssize_t width_of(int order) noexcept nogil:
    return 1 if order == 0 else FIRST_LANES if order == 1 else MOST_LANES


cdef inline double length_of(const Events* events, Py_ssize_t k) noexcept nogil:
    """From the event before, or from now, to the k-th one, counted from 0."""
    return events.years[k] - (events.years[k - 1] if k > 0 else 0.0)


cdef inline void forget(Grid* grid) noexcept nogil:
    cdef Py_ssize_t j
    grid.kept = 0
    forget_panels(&grid.panels)
    for j in range(2 * (KEPT + 1)):
        forget_step(&grid.steps[j])


cdef inline void release(Grid* grid) noexcept nogil:
    cdef Py_ssize_t j
    release_panels(&grid.panels)
    for j in range(2 * (KEPT + 1)):
        release_step(&grid.steps[j])
    forget(grid)


cdef inline bint measure(const Note* note, const Events* events, Grid* grid) noexcept nogil:
    """Unit and drift of the shortest step; false if a step is too long for the volatility."""
    cdef Py_ssize_t k
    cdef double longest = length_of(events, 0), carry = note.rate - note.dividend
    grid.events = events[0]
    grid.note = note[0]
    grid.shortest = length_of(events, 0) if events.count == 1 else INFINITY
    for k in range(1, events.count):
        grid.shortest = at_most(length_of(events, k), grid.shortest)
        longest = at_least(length_of(events, k), longest)
    grid.unit = note.vol * square_root(grid.shortest)
    grid.drift = carry * grid.shortest / grid.unit - 0.5 * grid.unit
    return (
        (absolute(grid.drift) + grid.unit) * square_root(longest / grid.shortest) <= LARGEST_STEP
        and absolute(note.rate) * note.expiry < 600.0 and absolute(note.dividend) * note.expiry < 600.0
    )


cdef inline double place_of(const Grid* grid, double price) noexcept nogil:
    return log_ratio(price, grid.note.barrier) / grid.unit


cdef inline Py_ssize_t insert(double* cut, Py_ssize_t count, double place) noexcept nogil:
    """Insert a place into those that are sorted, unless it is there."""
    cdef Py_ssize_t i = count, j
    while i > 0 and cut[i - 1] > place + 1e-9:
        i -= 1
    if i > 0 and absolute(cut[i - 1] - place) <= 1e-9:
        return count
    for j in range(count, i, -1):
        cut[j] = cut[j - 1]
    cut[i] = place
    return count + 1


cdef inline double panel_width(const Grid* grid, double away) noexcept nogil:
    """Width of a panel so far from a level: as the distance, unless the drift carries detail there, and no wider than
    polynomials follow an exponential."""
    cdef double wide = at_least(away, 4.0)
    wide = at_most(wide, at_least(3.8 * square_root(away / (absolute(grid.drift) + grid.unit)), 4.0))
    return at_most(wide, at_least(4.0 / grid.unit, 1e-3))


cdef inline Py_ssize_t lay_panels(
    const Grid* grid, double low, double high, bint from_low, bint from_high, double* edge, Py_ssize_t count,
) noexcept nogil:
    """Append the upper edges of the panels from low to high, graded towards the ends that are levels."""
    cdef double length = high - low, away = 0.0, half, scale
    cdef Py_ssize_t parts = 0, i, begin = count
    half = 0.5 * length if from_low and from_high else length
    while away < half:
        away += panel_width(grid, away)
        parts += 1
    if count + 2 * parts + 1 >= MOST_PANELS:
        return -1
    if from_low and from_high and parts == 1 and length <= panel_width(grid, 0.0):
        edge[count] = high
        return count + 1
    scale = half / away
    away = 0.0
    if from_low:
        while count < begin + parts:
            away += panel_width(grid, away)
            edge[count] = low + away * scale
            count += 1
        if not from_high:
            edge[count - 1] = high
            return count
        for i in range(parts):
            edge[count + i] = high - (edge[begin + parts - 2 - i] - low if i < parts - 1 else 0.0)
        return count + parts
    # graded from the upper end down
    for i in range(parts):
        edge[begin + parts - 1 - i] = high - away * scale
        away += panel_width(grid, away)
    return begin + parts


cdef inline bint make_grid(const Rule* rule, double least_spot, double largest_spot, Grid* grid) noexcept nogil:
    """The panels; false if there is no memory for them."""
    cdef Py_ssize_t k, cuts = 0, count = 0, i
    cdef bint open_above = False, laid
    cdef double steps = grid.note.expiry / grid.shortest, far, low, high
    cdef double* cut = <double*> malloc((2 * grid.events.count + 8) * sizeof(double))
    cdef double* edge = <double*> malloc((MOST_PANELS + 8) * sizeof(double))
    if cut == NULL or edge == NULL:
        free(cut)
        free(edge)
        return False
    cuts = insert(cut, cuts, 0.0)
    cuts = insert(cut, cuts, place_of(grid, grid.note.strike))
    for k in range(grid.events.count):
        if grid.events.call_level[k] < INFINITY:
            cuts = insert(cut, cuts, place_of(grid, grid.events.call_level[k]))
        else:
            open_above = True
        if grid.events.coupon_level[k] < INFINITY:
            cuts = insert(cut, cuts, place_of(grid, grid.events.coupon_level[k]))
    far = 9.5 * square_root(steps) + (absolute(grid.drift) + grid.unit) * steps
    low = at_most(cut[0], place_of(grid, least_spot)) - far
    high = at_least(cut[cuts - 1], place_of(grid, largest_spot)) + far
    edge[0] = low
    count = lay_panels(grid, low, cut[0], False, True, edge, 1)
    for i in range(1, cuts):
        if count > 0:
            count = lay_panels(grid, cut[i - 1], cut[i], True, True, edge, count)
    if open_above and count > 0:
        count = lay_panels(grid, cut[cuts - 1], high, True, False, edge, count)
    laid = count > 1 and reserve_panels(&grid.panels, count - 1, 0, 2 * width_of(grid.order))
    if laid:
        for i in range(count):
            grid.panels.edge[i] = edge[i]
        place_nodes(rule, &grid.panels)
        grid.at_barrier = edge_at(grid, grid.note.barrier)
    free(cut)
    free(edge)
    return laid


cdef inline Py_ssize_t edge_at(const Grid* grid, double price) noexcept nogil:
    """The edge on a level, or the last one above all levels."""
    cdef Py_ssize_t i, best = grid.panels.count
    cdef double place
    if not price < INFINITY:
        return best
    place = place_of(grid, price)
    for i in range(grid.panels.count + 1):
        if absolute(grid.panels.edge[i] - place) <= 1e-9:
            return i
    return best


cdef inline void set_step(const Grid* grid, double length, bint killed, Step* step) noexcept nogil:
    cdef double ratio = length / grid.shortest
    cdef int r
    step.length = length
    step.drift = grid.drift * ratio
    step.deviation = square_root(ratio)
    step.spread = grid.unit * step.deviation
    step.killed = killed
    step.barrier = 0.0
    step.matrices = MATRICES if grid.order == 2 else MATRICES - 1 if grid.order == 1 else 1
    for r in range(MATRICES):
        step.factor[r] = lane_factor(r, grid.note.vol, length, 1.0)


cdef inline double bytes_of(const Grid* grid, const Step* step) noexcept nogil:
    """How much memory the matrices of a step take at most."""
    cdef double reach = (STEP_REACH + absolute(step.spread)) * step.deviation, pairs = 0.0
    cdef Py_ssize_t p, first = 0, last = 0
    for p in range(grid.panels.count):
        while first < grid.panels.count and grid.panels.edge[first + 1] < grid.panels.edge[p] + step.drift - reach:
            first += 1
        while last < grid.panels.count and grid.panels.edge[last] <= grid.panels.edge[p + 1] + step.drift + reach:
            last += 1
        pairs += <double> (last - first)
    return pairs * <double> (NODES * NODES * step.matrices) * 8.0


cdef inline Step* step_of(const Rule* rule, Grid* grid, double length, bint killed) noexcept nogil:
    """The step of a length with its matrices; NULL if there is no memory for them."""
    cdef Py_ssize_t j, place
    cdef Step* step = NULL
    for j in range(grid.kept):
        if absolute(grid.steps[2 * j].length - length) <= SAME * grid.note.expiry:
            break
    else:
        j = grid.kept if grid.kept < KEPT else KEPT
        if j < KEPT:
            grid.kept += 1
        elif absolute(grid.steps[2 * j].length - length) > SAME * grid.note.expiry:
            release_step(&grid.steps[2 * j])
            release_step(&grid.steps[2 * j + 1])
        # so that it is found, whichever of the two is made first
        grid.steps[2 * j].length = length
    place = 2 * j + (1 if killed else 0)
    step = &grid.steps[place]
    if step.memory != NULL:
        return step
    set_step(grid, length, killed, step)
    grid.bytes = at_least(grid.bytes, bytes_of(grid, step))
    if grid.bytes > MOST_BYTES or not make_step_apart(make_step)(rule, &grid.panels, step):
        release_step(step)
        return NULL
    return step


cdef inline void start(Grid* grid) noexcept nogil:
    """Both values at expiry."""
    cdef Py_ssize_t i, lane, nodes = grid.panels.count * NODES, width = width_of(grid.order)
    cdef double strike = place_of(grid, grid.note.strike), down
    for lane in range(2 * width):
        for i in range(nodes):
            grid.panels.now[lane * nodes + i] = 0.0
    for i in range(nodes):
        down = grid.note.nominal * exp(at_most(grid.unit * (grid.panels.node[i] - strike), 0.0))
        grid.panels.now[i] = down
        grid.panels.now[width * nodes + i] = grid.note.nominal - down


cdef inline void add_payment(
    const Grid* grid, const Step* step, double level, double amount, double left, double* value,
) noexcept nogil:
    """Add, at all nodes, an amount that is paid at or above a level at the end of a step."""
    cdef Py_ssize_t i, nodes = grid.panels.count * NODES
    cdef double u, density, one, two, grown = amount * exp(grid.note.rate * left)
    if not level < INFINITY or amount == 0.0:
        return
    level = place_of(grid, level)
    for i in range(nodes):
        u = (level - grid.panels.node[i] - step.drift) / step.deviation
        value[i] += grown * normal_cdf(-u)
        if grid.order == 0:
            continue
        density = grown * bell(u)
        # E[He_n(Z); Z >= u] = He_{n-1}(u) phi(u)
        one = density
        two = u * density
        value[BY_VOL * nodes + i] += step.factor[ONCE] * (two - step.spread * one)
        value[BY_DRIFT * nodes + i] += step.factor[DRIFTED] * one
        value[BY_RATE * nodes + i] += left * grown * normal_cdf(-u)
        if grid.order == 2:
            value[BY_VOL_TWICE * nodes + i] += step.factor[TWICE] * (
                two - step.spread * one + hermite(3, u) * density - 2.0 * step.spread * hermite(2, u) * density
                + step.spread * step.spread * two)


cdef inline bint step_back(const Rule* rule, Grid* grid, Py_ssize_t k) noexcept nogil:
    """From just after the k-th event to just after the one before it; false if there is no memory."""
    cdef Events* events = &grid.events
    cdef Py_ssize_t p, nodes = grid.panels.count * NODES, width = width_of(grid.order), other = width * nodes
    cdef Py_ssize_t high = edge_at(grid, events.call_level[k]), low
    cdef bint killed = events.watch == ALWAYS
    cdef double left = grid.note.expiry - events.years[k]
    cdef double* swap
    cdef Step* step = step_of(rule, grid, length_of(events, k), False)
    cdef Step* living = step_of(rule, grid, length_of(events, k), True) if killed else step
    if step == NULL or living == NULL:
        return False
    low = grid.at_barrier if killed or events.looked_at[k] != 0.0 else 0
    for p in range(grid.panels.count):
        carry_panel(&grid.panels, step, width, width, p, 0, high, grid.panels.now, grid.panels.before)
        # a note that is always watched has no other value below its barrier
        carry_panel(
            &grid.panels, living, width, width, p, low if p >= grid.at_barrier or not killed else high, high,
            grid.panels.now + other, grid.panels.before + other)
    add_payment(
        grid, step, events.call_level[k], grid.note.nominal * events.redemption[k], left, grid.panels.before)
    add_payment(
        grid, step, events.coupon_level[k], grid.note.nominal * events.coupon[k], left, grid.panels.before)
    swap = grid.panels.now
    grid.panels.now = grid.panels.before
    grid.panels.before = swap
    return True


cdef inline void value_at(const Rule* rule, const Grid* grid, const Note* note, double* out) noexcept nogil:
    """Price and Greeks at a spot, from the values just after the first event."""
    cdef const Events* events = &grid.events
    cdef Py_ssize_t width = width_of(grid.order), other = width * grid.panels.count * NODES
    cdef Py_ssize_t high = edge_at(grid, events.call_level[0])
    cdef double y = place_of(grid, note.spot), turn = 1.0 / grid.unit, left = note.expiry - events.years[0], grown
    cdef bint killed = events.watch == ALWAYS
    cdef Step step
    cdef Jet jet
    clear(&jet)
    set_step(grid, length_of(events, 0), False, &step)
    add_panels(rule, grid.order, &grid.panels, &step, y, 0, high, grid.panels.now, width, turn, &jet)
    grown = note.nominal * exp(note.rate * left)
    if events.call_level[0] < INFINITY:
        add_above(
            grid.order, &step, y, place_of(grid, events.call_level[0]), grown * events.redemption[0], left, turn, &jet)
    if events.coupon_level[0] < INFINITY and events.coupon[0] != 0.0:
        add_above(
            grid.order, &step, y, place_of(grid, events.coupon_level[0]), grown * events.coupon[0], left, turn, &jet)
    # at the barrier exactly the Greeks are those of the living side
    if not note.knocked and not (killed and note.spot < note.barrier):
        step.killed = killed
        add_panels(
            rule, grid.order, &grid.panels, &step, at_least(y, 0.0) if killed else y,
            grid.at_barrier if killed or events.looked_at[0] != 0.0 else 0, high, grid.panels.now + other, width, turn,
            &jet)
    greeks_of(grid.order, &jet, note.spot, note.vol, note.expiry, note.rate, note.dividend, out)


cdef inline bint same_note(const Note* one, const Note* other) noexcept nogil:
    """Whether two notes differ by their spots alone, and by whether their barriers were hit."""
    return (
        one.strike == other.strike and one.barrier == other.barrier and one.vol == other.vol
        and one.expiry == other.expiry and one.rate == other.rate and one.dividend == other.dividend
        and one.nominal == other.nominal
    )


ctypedef bint (*Recur)(
    const Rule* rule, Grid* grid, const Note* notes, Py_ssize_t count, double* out, Tick tick, void* state,
) noexcept nogil

cdef extern from "numeric/apart.h" nogil:
    Recur apart "SG_APART"(Recur f) noexcept


cdef inline bint recur(
    const Rule* rule, Grid* grid, const Note* notes, Py_ssize_t count, double* out, Tick tick, void* state,
) noexcept nogil:
    """So many notes of one grid, RESULTS numbers each; false if there is no memory, or the caller stops it."""
    cdef Py_ssize_t i, k
    cdef double least = INFINITY, largest = 0.0
    for i in range(count):
        least = at_most(notes[i].spot, least)
        largest = at_least(notes[i].spot, largest)
    if not make_grid(rule, least, largest, grid):
        return False
    start(grid)
    for k in range(grid.events.count - 1, 0, -1):
        if not step_back(rule, grid, k) or (tick != NULL and tick(state, 0.0)):
            return False
    for i in range(count):
        value_at(rule, grid, &notes[i], out + i * RESULTS)
    return True
