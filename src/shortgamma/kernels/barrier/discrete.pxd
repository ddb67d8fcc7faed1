# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Barrier options watched on dates, equally spaced or not, exactly: a backward recursion over the dates.

Distances from the barrier are measured in standard deviations of the shortest step between dates, so that a step of
deviation q is y' = y + m + q Z, Z normal, and the option lives where 0 < y < W (W infinite for a single barrier). What
is carried backwards is not the option but w_k(y) = E[G at the first date after k on which the barrier is found
crossed], G the value there of the plain option less the rebate:

    w_{k-1}(y) = int_{alive} phi(y' - y - m) w_k(y') dy' + int_{crossed} phi(y' - y - m) G_k(y') dy',    w_n = 0.

This w has its source at the barrier and is smooth on a scale that grows with the distance from it, so panels that grow
alike carry it: NODES values on each, a handful of panels for any number of dates. The integral of phi against the
polynomial through these values is a small matrix for each pair of panels in reach (`barrier._panels`), the same for
every strike, spot and rebate; steps of equal length share it. Where the last date is expiry, G_n has a kink at the
strike, and the first step back is done in closed form. The last step, from the first date to now, is done at the spot
itself, which gives all derivatives there. Knock-in: D (R + w); knock-out: plain option - D w.

A crossing is a close at or beyond the barrier. Compare Fusai, Abrahams and Sgarra, Finance and Stochastics 10, 2006.
"""

from libc.stdlib cimport free, malloc
from libc.string cimport memset

from shortgamma.kernels.barrier._panels cimport (
    BY_DRIFT, BY_RATE, BY_VOL, BY_VOL_TWICE, DRIFTED, FIRST_LANES, Jet, MATRICES, MOST_LANES, ONCE, Panels, STEP_REACH,
    Step, TWICE, VALUE, add_panels, add_points, add_points_apart, add_scaled, bell, carry_panel, clear, forget_panels,
    forget_step, greeks_of, hermite, lane_factor, make_step, place_nodes, release_panels, release_step, reserve_panels,
)
from shortgamma.kernels.numeric.quadrature cimport NODES, POINTS, Rule
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, ONE_OVER_SQRT_TWO_PI, absolute, at_least, at_most, exp, log_ratio, mills_pair, normal_cdf, square_root,
)

cdef enum:
    # payoffs that are carried through one recursion, and options that wait for it
    TOGETHER = 8
    WAITING = 256
    RESULTS = 14
    # steps of different lengths whose matrices are kept
    KEPT = 8
    MOST_CUTS = 96
    MOST_SOURCES = 256
    # flags of a kind, as in `barrier.single`
    OUT = 2
    PUT = 4
    LATE = 8

cdef extern from *:
    """
    /* drift and volatility of one date must not exceed this many of its standard deviations */
    #define SG_LARGEST_STEP 10.0
    #define SG_MOST_DATES 10000.0
    /* below this standard deviation of a step a path is certain */
    #define SG_SMALLEST_STEP 1e-12
    /* dates this close, in parts of the time to expiry, differ by rounding only */
    #define SG_SAME_DATE 1e-15
    """
    const double LARGEST_STEP "SG_LARGEST_STEP"
    const double MOST_DATES "SG_MOST_DATES"
    const double SMALLEST_STEP "SG_SMALLEST_STEP"
    const double SAME_DATE "SG_SAME_DATE"

# Called between steps; true to stop.
ctypedef bint (*Tick)(void* state, double steps) noexcept nogil

cdef struct Dates:
    # so many equal dates, or these, in years from now; those after expiry do not count
    Py_ssize_t count
    const double* years
    double expiry
    # the length of the shortest step between dates, and of what is left after the last one
    double shortest
    double longest
    double tail

cdef struct Grid:
    # what the options of one recursion share
    Dates dates
    int order
    double vol
    double carry
    double width
    double eta
    # one standard deviation of the shortest step, the drift of it, and the strike that the sources are graded around
    double unit
    double drift
    double kink
    Py_ssize_t lanes
    Panels panels
    # steps of the lengths that are kept, and one for all others
    Py_ssize_t kept
    Step steps[KEPT + 1]

cdef struct Option:
    double spot
    double strike
    double barrier
    double vol
    double expiry
    double rate
    double dividend
    double rebate
    int code
    # place of the spot
    double distance


cdef inline double date_of(const Dates* dates, Py_ssize_t k) noexcept nogil:
    """The k-th date from 1 on; before it is now."""
    if k == 0:
        return 0.0
    if dates.years == NULL:
        return dates.expiry * (<double> k / <double> dates.count)
    return dates.years[k - 1]


cdef inline double length_of(const Dates* dates, Py_ssize_t k) noexcept nogil:
    """From the date before to the k-th one."""
    if dates.years == NULL:
        return dates.expiry / <double> dates.count
    return date_of(dates, k) - date_of(dates, k - 1)


cdef inline double left_after(const Dates* dates, Py_ssize_t k) noexcept nogil:
    """From the k-th date to expiry."""
    if dates.years == NULL:
        return (dates.expiry / <double> dates.count) * <double> (dates.count - k)
    if k == dates.count:
        return dates.tail
    return dates.expiry - date_of(dates, k)


cdef inline void find_dates(
    Py_ssize_t count, const double* years, double expiry, Dates* dates,
) noexcept nogil:
    """The dates up to expiry, and how far apart they are."""
    cdef Py_ssize_t k
    cdef double length, same = SAME_DATE * expiry
    dates.years = years
    dates.expiry = expiry
    dates.tail = 0.0
    if years != NULL:
        while count > 0 and years[count - 1] > expiry + 4.0 * same:
            count -= 1
        if count > 0 and expiry - years[count - 1] > 4.0 * same:
            dates.tail = expiry - years[count - 1]
        elif count == 0:
            dates.tail = expiry
    dates.count = count
    dates.shortest = INFINITY
    dates.longest = 0.0
    for k in range(2, count + 1 if years != NULL else min(count + 1, <Py_ssize_t> 3)):
        length = length_of(dates, k)
        dates.shortest = at_most(length, dates.shortest)
        dates.longest = at_least(length, dates.longest)
    if count == 1:
        dates.shortest = dates.longest = length_of(dates, 1)


cdef inline double panel_width(const Grid* grid, double y) noexcept nogil:
    """Width of the panel at this distance from a barrier: as the distance, unless the drift carries detail there."""
    cdef double drift = absolute(grid.drift) + grid.unit
    cdef double wide = at_least(y, 4.0)
    if y < farthest(grid, date_of(&grid.dates, grid.dates.count)):
        wide = at_most(wide, at_least(3.8 * square_root(y / drift), 4.0))
    return wide


cdef inline double farthest(const Grid* grid, double time) noexcept nogil:
    """From further away no barrier is ever reached in so much time."""
    cdef double steps = time / grid.dates.shortest
    return 9.0 * square_root(steps) + (absolute(grid.drift) + grid.unit) * steps


cdef inline void forget(Grid* grid) noexcept nogil:
    cdef Py_ssize_t j
    grid.dates.count = 0
    grid.lanes = grid.kept = 0
    forget_panels(&grid.panels)
    for j in range(KEPT + 1):
        forget_step(&grid.steps[j])


cdef inline void release(Grid* grid) noexcept nogil:
    cdef Py_ssize_t j
    release_panels(&grid.panels)
    for j in range(KEPT + 1):
        release_step(&grid.steps[j])
    forget(grid)


cdef inline void set_step(const Grid* grid, double length, Step* step) noexcept nogil:
    """The numbers of a step, without its matrices."""
    cdef double ratio = length / grid.dates.shortest
    cdef int r
    step.length = length
    step.drift = grid.drift * ratio
    step.deviation = 1.0 if ratio == 1.0 else square_root(ratio)
    step.spread = grid.eta * grid.unit * step.deviation
    step.killed = False
    step.barrier = 0.0
    step.matrices = MATRICES if grid.order == 2 else MATRICES - 1 if grid.order == 1 else 1
    for r in range(MATRICES):
        step.factor[r] = lane_factor(r, grid.vol, length, grid.eta)


cdef inline bint alike(double length, double other, double expiry) noexcept nogil:
    return absolute(length - other) <= 4.0 * SAME_DATE * expiry


cdef inline Step* step_of(const Rule* rule, Grid* grid, double length) noexcept nogil:
    """The step of a length with its matrices; NULL if there is no memory for them."""
    cdef Py_ssize_t j
    cdef Step* step
    for j in range(grid.kept):
        if alike(grid.steps[j].length, length, grid.dates.expiry):
            return &grid.steps[j]
    j = grid.kept if grid.kept < KEPT else KEPT
    step = &grid.steps[j]
    if j == KEPT and step.memory != NULL and alike(step.length, length, grid.dates.expiry):
        return step
    release_step(step)
    set_step(grid, length, step)
    if not make_step(rule, &grid.panels, step):
        release_step(step)
        return NULL
    if j < KEPT:
        grid.kept += 1
    return step


cdef inline double widest(const Grid* grid, double y, double away) noexcept nogil:
    """How wide a source may be, so far beyond a barrier: steps that reach so far are that wide."""
    return (9.0 if grid.order == 0 else 6.0) * at_least(away / STEP_REACH, 1.0)


cdef inline Py_ssize_t lay_sources(
    const Grid* grid, double low, double high, double kink, double blur, double* edge, Py_ssize_t count,
) noexcept nogil:
    """Append the sources between two places, of which one is a barrier; graded around the kink, where the option is
    blurred over so many units."""
    cdef double cut[MOST_CUTS]
    cdef double offset, swap, barrier = high if low < 0.0 and high == 0.0 else low, begin, away
    cdef Py_ssize_t cuts = 2, i, j, parts, k
    cut[0] = low
    cut[1] = high
    if blur > 0.0:
        offset = 0.0
        while cuts + 2 <= MOST_CUTS and offset < high - low:
            for i in range(2):
                swap = kink + offset if i else kink - offset
                if low < swap < high:
                    cut[cuts] = swap
                    cuts += 1
            offset = 2.0 * offset if offset > 0.0 else 4.0 * blur
    for i in range(1, cuts):
        for j in range(i, 0, -1):
            if cut[j] < cut[j - 1]:
                swap = cut[j]
                cut[j] = cut[j - 1]
                cut[j - 1] = swap
    for i in range(cuts - 1):
        begin = cut[i]
        if not begin < cut[i + 1]:
            continue
        away = at_most(absolute(cut[i] - barrier), absolute(cut[i + 1] - barrier))
        parts = 1 + <Py_ssize_t> ((cut[i + 1] - begin) / widest(grid, begin, away))
        for k in range(parts):
            if count < MOST_SOURCES:
                edge[2 * count] = begin + (cut[i + 1] - begin) * <double> k / <double> parts
                edge[2 * count + 1] = begin + (cut[i + 1] - begin) * <double> (k + 1) / <double> parts
                count += 1
    return count


cdef inline double kink_of(const Grid* grid, const Option* option) noexcept nogil:
    return grid.eta * log_ratio(option.strike, option.barrier) / grid.unit


cdef inline double least_blur(const Dates* dates) noexcept nogil:
    """How few units the plain option is blurred over at a date that is stepped back from, where that is less than the
    longest step; else 0."""
    cdef double left, least = INFINITY
    cdef Py_ssize_t k = dates.count if dates.tail > 0.0 else dates.count - 1
    if dates.count < 2 or k < 2:
        return 0.0
    left = left_after(dates, k)
    least = square_root(left / dates.shortest)
    return least if left < 0.999 * dates.longest else 0.0


cdef inline bint make_grid(const Rule* rule, const Option* option, Grid* grid) noexcept nogil:
    """Panels and sources; false if there is no memory for them."""
    cdef Py_ssize_t half = 0, panels, p, sources = 0
    cdef double y = 0.0, limit, scale, blur = least_blur(&grid.dates), reach, tilt
    cdef double longest = square_root(grid.dates.longest / grid.dates.shortest)
    cdef double edge[2 * MOST_SOURCES]
    grid.kink = kink_of(grid, option)
    if grid.dates.count < 2:
        return reserve_panels(&grid.panels, 0, 0, grid.lanes)
    limit = farthest(grid, date_of(&grid.dates, grid.dates.count))
    limit = at_most(0.5 * grid.width, limit) if grid.width == INFINITY else 0.5 * grid.width
    while y < limit:
        y += panel_width(grid, y)
        half += 1
    panels = half if grid.width == INFINITY else 2 * half
    scale = 1.0 if grid.width == INFINITY else limit / y
    reach = (STEP_REACH + grid.unit * longest) * longest
    tilt = grid.drift * longest * longest
    sources = lay_sources(grid, -(reach + at_least(-tilt, 0.0)), 0.0, grid.kink, blur, edge, sources)
    if grid.width < INFINITY:
        sources = lay_sources(
            grid, grid.width, grid.width + reach + at_least(tilt, 0.0), grid.kink, blur, edge, sources)
    if not reserve_panels(&grid.panels, panels, sources, grid.lanes):
        return False
    for p in range(2 * sources):
        grid.panels.source_edge[p] = edge[p]
    y = 0.0
    grid.panels.edge[0] = 0.0
    for p in range(half):
        y += panel_width(grid, y)
        grid.panels.edge[p + 1] = y * scale
    if grid.width < INFINITY:
        for p in range(half):
            grid.panels.edge[panels - p] = grid.width - grid.panels.edge[p]
    place_nodes(rule, &grid.panels)
    return True


cdef inline bint same_grid(const Grid* grid, const Grid* other, const Option* option) noexcept nogil:
    """Whether an option fits a grid that stands, whose sources may depend on a strike."""
    return (
        grid.dates.count == other.dates.count and grid.dates.expiry == other.dates.expiry and grid.vol == other.vol
        and grid.carry == other.carry and grid.width == other.width and grid.eta == other.eta
        and (least_blur(&grid.dates) == 0.0 or grid.kink == kink_of(other, option))
    )


cdef inline double rebate_at(const Option* option, double left) noexcept nogil:
    """The rebate of a crossing so many years before expiry, as of expiry."""
    if option.code & OUT and option.code & LATE == 0:
        return option.rebate * exp(option.rate * left)
    return option.rebate


cdef inline double plain(
    double forward, double strike, double logarithm, double deviation, double inverse, double phi, double* asset,
    double* density,
) noexcept nogil:
    """The plain option as of expiry, by forward, ln(forward/strike), sigma sqrt(tau) and one over that; its derivative
    in the logarithm of the forward, and the forward times phi(d1).

    Both tails share an exponential, for forward exp(-d1^2/2) = strike exp(-d2^2/2).
    """
    cdef double d1 = logarithm * inverse + 0.5 * deviation, d2 = d1 - deviation, cash_mills
    cdef double shared = forward * exp(-0.5 * d1 * d1)
    cdef double part = shared * mills_pair(absolute(d1), absolute(d2), &cash_mills), cash = shared * cash_mills
    part = part if phi * d1 < 0.0 else forward - part
    cash = cash if phi * d2 < 0.0 else strike - cash
    asset[0] = phi * part
    density[0] = ONE_OVER_SQRT_TWO_PI * shared
    return phi * (part - cash)


cdef inline void gains(
    const Grid* grid, const Option* option, double left, const double* place, Py_ssize_t count, double* value,
    Py_ssize_t stride,
) noexcept nogil:
    """G and its derivatives at crossed places, with so many years left; a lane has ``stride`` numbers."""
    cdef double slope = grid.eta * grid.unit, deviation = option.vol * square_root(left), inverse = 1.0 / deviation
    cdef double drift = (option.rate - option.dividend) * left, phi = -1.0 if option.code & PUT else 1.0
    cdef double forward = option.barrier * exp(drift), rebate = rebate_at(option, left)
    cdef double logarithm = log_ratio(option.barrier, option.strike) + drift, root = square_root(left), asset, density
    cdef double grown = -left * rebate if option.code & OUT and option.code & LATE == 0 else 0.0, d1
    # numbers of their own, which values cannot overwrite: else the loops are not vectorised
    cdef double strike = option.strike, half_inverse = 0.5 / option.vol
    cdef Py_ssize_t i
    if grid.order == 0:
        for i in range(count):
            value[i] = plain(
                forward * exp(slope * place[i]), strike, logarithm + slope * place[i], deviation, inverse, phi,
                &asset, &density) - rebate
        return
    for i in range(count):
        value[i] = plain(
            forward * exp(slope * place[i]), strike, logarithm + slope * place[i], deviation, inverse, phi,
            &asset, &density) - rebate
        value[BY_VOL * stride + i] = density * root
        value[BY_DRIFT * stride + i] = left * asset
        value[BY_RATE * stride + i] = grown
        if grid.order == 2:
            d1 = (logarithm + slope * place[i]) * inverse + 0.5 * deviation
            value[BY_VOL_TWICE * stride + i] = density * root * d1 * (d1 - deviation) * half_inverse


cdef inline void payoffs(
    const Grid* grid, const Option* option, const double* place, Py_ssize_t count, double* value, Py_ssize_t stride,
) noexcept nogil:
    """The same at expiry, where it depends on nothing else."""
    cdef double slope = grid.eta * grid.unit, phi = -1.0 if option.code & PUT else 1.0
    cdef double barrier = option.barrier, strike = option.strike, rebate = option.rebate
    cdef Py_ssize_t i, lane, width = width_of(grid.order)
    for i in range(count):
        value[i] = at_least(phi * (barrier * exp(slope * place[i]) - strike), 0.0) - rebate
    for lane in range(1, width):
        for i in range(count):
            value[lane * stride + i] = 0.0


cdef inline Py_ssize_t width_of(int order) noexcept nogil:
    """Lanes of a payoff."""
    return 1 if order == 0 else FIRST_LANES if order == 1 else MOST_LANES


cdef inline void add_between(
    int orders, const Option* option, double slope, double mean, double low, double high, double kink, double* moment,
) noexcept nogil:
    """Add E[He_n(Z) G_n(mean + Z); low < mean + Z < high], n up to ``orders``: derivatives in the mean, by

    d/dmean e^(a mean + a^2/2) N(h - mean - a) = a times the same - e^(ah) phi(h - mean).
    """
    cdef double phi = -1.0 if option.code & PUT else 1.0, in_low = low, in_high = high
    cdef double asset, low_density, high_density, cash_low, cash_high
    cdef int n
    if phi * slope > 0.0:
        in_low = at_least(low, kink)
    else:
        in_high = at_most(high, kink)
    low_density = bell(low - mean) if low > -INFINITY else 0.0
    high_density = bell(high - mean) if high < INFINITY else 0.0
    moment[0] -= option.rebate * (normal_cdf(high - mean) - normal_cdf(low - mean))
    for n in range(1, orders + 1):
        moment[n] += option.rebate * (
            (hermite(n - 1, high - mean) * high_density if high_density > 0.0 else 0.0)
            - (hermite(n - 1, low - mean) * low_density if low_density > 0.0 else 0.0))
    if not in_low < in_high:
        return
    asset = option.barrier * exp(slope * mean + 0.5 * slope * slope) * (
        normal_cdf(in_high - mean - slope) - normal_cdf(in_low - mean - slope))
    moment[0] += phi * (asset - option.strike * (normal_cdf(in_high - mean) - normal_cdf(in_low - mean)))
    low_density = bell(in_low - mean) if in_low > -INFINITY else 0.0
    high_density = bell(in_high - mean) if in_high < INFINITY else 0.0
    for n in range(1, orders + 1):
        cash_low = hermite(n - 1, in_low - mean) * low_density if low_density > 0.0 else 0.0
        cash_high = hermite(n - 1, in_high - mean) * high_density if high_density > 0.0 else 0.0
        asset = slope * asset
        if high_density > 0.0:
            asset -= option.barrier * exp(slope * in_high) * cash_high
        if low_density > 0.0:
            asset += option.barrier * exp(slope * in_low) * cash_low
        moment[n] += phi * (asset + option.strike * (cash_high - cash_low))


cdef inline void start_at_expiry(Grid* grid, const Option* option, Py_ssize_t payoff) noexcept nogil:
    """The values one step before the last date, which is expiry, in closed form."""
    cdef Step step
    cdef Py_ssize_t i, nodes = (grid.panels.count + grid.panels.sources) * NODES, width = width_of(grid.order)
    cdef double* value = grid.panels.now + payoff * width * nodes
    cdef double inverse, mean, slope, kink
    cdef double moment[5]
    cdef int n, orders = 0 if grid.order == 0 else 2 if grid.order == 1 else 4
    set_step(grid, length_of(&grid.dates, grid.dates.count), &step)
    inverse = 1.0 / step.deviation
    slope = grid.eta * grid.unit * step.deviation
    kink = kink_of(grid, option) * inverse
    for i in range(grid.panels.count * NODES):
        mean = (grid.panels.node[i] + step.drift) * inverse
        for n in range(orders + 1):
            moment[n] = 0.0
        add_between(orders, option, slope, mean, -INFINITY, 0.0, kink, moment)
        if grid.width < INFINITY:
            add_between(orders, option, slope, mean, grid.width * inverse, INFINITY, kink, moment)
        value[i] = moment[0]
        if grid.order >= 1:
            value[BY_VOL * nodes + i] = step.factor[ONCE] * (moment[2] - step.spread * moment[1])
            value[BY_DRIFT * nodes + i] = step.factor[DRIFTED] * moment[1]
            value[BY_RATE * nodes + i] = 0.0
        if grid.order == 2:
            value[BY_VOL_TWICE * nodes + i] = step.factor[TWICE] * (
                moment[2] - step.spread * moment[1] + moment[4] - 2.0 * step.spread * moment[3]
                + step.spread * step.spread * moment[2])


cdef inline Py_ssize_t panels_near(const Grid* grid, double time) noexcept nogil:
    """How many panels, counted from a barrier, can be reached in so much time."""
    cdef Py_ssize_t p = 0, most = grid.panels.count if grid.width == INFINITY else (grid.panels.count + 1) // 2
    cdef double reach = farthest(grid, time)
    while p < most and grid.panels.edge[p] < reach:
        p += 1
    return p


cdef inline bint carry_back(
    const Rule* rule, Grid* grid, const Option* options, const Py_ssize_t* chosen, Py_ssize_t payoff_count, Tick tick,
    void* state,
) noexcept nogil:
    """The values at the first date, of so many payoffs; false if there is no memory, or the caller stops it."""
    cdef Py_ssize_t nodes = (grid.panels.count + grid.panels.sources) * NODES, width = width_of(grid.order)
    cdef Py_ssize_t lanes = payoff_count * width, payoff, k = grid.dates.count, p, near
    cdef double* swap
    cdef Step* step
    memset(grid.panels.now, 0, nodes * lanes * sizeof(double))
    memset(grid.panels.before, 0, nodes * lanes * sizeof(double))
    if grid.dates.tail == 0.0:
        for payoff in range(payoff_count):
            start_at_expiry(grid, &options[chosen[payoff]], payoff)
        k -= 1
    while k >= 2:
        step = step_of(rule, grid, length_of(&grid.dates, k))
        if step == NULL or (tick != NULL and tick(state, 0.0)):
            return False
        for payoff in range(payoff_count):
            gains(
                grid, &options[chosen[payoff]], left_after(&grid.dates, k),
                grid.panels.node + grid.panels.count * NODES,
                grid.panels.sources * NODES, grid.panels.now + payoff * width * nodes
                + grid.panels.count * NODES, nodes)
        near = panels_near(grid, date_of(&grid.dates, grid.dates.count) - date_of(&grid.dates, k - 1))
        for p in range(grid.panels.count):
            if near <= p < grid.panels.count - near:
                continue
            carry_panel(
                &grid.panels, step, lanes, width, p, 0, grid.panels.count, grid.panels.now, grid.panels.before)
        swap = grid.panels.now
        grid.panels.now = grid.panels.before
        grid.panels.before = swap
        k -= 1
    return True


cdef inline void add_crossed(
    const Rule* rule, const Grid* grid, const Step* step, const Option* option, double low, double high, Jet* jet,
) noexcept nogil:
    """Add what crossings of the first date between two places give, seen from the spot."""
    cdef double mean = option.distance + step.drift, reach = (STEP_REACH + absolute(step.spread)) * step.deviation
    cdef double kink = kink_of(grid, option), left = left_after(&grid.dates, 1), begin, end, half
    cdef double blur = STEP_REACH * square_root(left / grid.dates.shortest), turn = grid.eta / grid.unit
    cdef double cut[5]
    cdef double place[POINTS]
    cdef double weight[POINTS]
    cdef double value[MOST_LANES * POINTS]
    cdef Py_ssize_t i, part, parts
    cdef int j
    low = at_least(low, mean - reach)
    high = at_most(high, mean + reach)
    if not low < high:
        return
    cut[0] = low
    cut[4] = high
    cut[1] = cut[2] = cut[3] = low
    if blur < STEP_REACH * step.deviation:
        cut[1] = at_most(at_least(kink - blur, low), high)
        cut[2] = at_most(at_least(kink, low), high)
        cut[3] = at_most(at_least(kink + blur, low), high)
    for i in range(4):
        begin = cut[i]
        end = cut[i + 1]
        if not begin < end:
            continue
        parts = <Py_ssize_t> (1.0 + (end - begin) / (9.0 * step.deviation))
        half = 0.5 * (end - begin) / parts
        for part in range(parts):
            for j in range(POINTS):
                place[j] = begin + half * (2 * part + 1 + rule.point[j])
                weight[j] = half * rule.point_weight[j]
            if left > 0.0:
                gains(grid, option, left, place, POINTS, value, POINTS)
            else:
                payoffs(grid, option, place, POINTS, value, POINTS)
            add_points_apart(add_points)(grid.order, step, option.distance, place, weight, value, turn, jet)


cdef inline void add_plain(int order, const Option* option, double factor, Jet* jet) noexcept nogil:
    """Add the plain option as of expiry."""
    cdef double drift = (option.rate - option.dividend) * option.expiry, phi = -1.0 if option.code & PUT else 1.0
    cdef double deviation = option.vol * square_root(option.expiry), inverse = 1.0 / deviation
    cdef double logarithm = log_ratio(option.spot, option.strike) + drift, asset, density, lean, d1
    jet.x[0] += factor * plain(
        option.spot * exp(drift), option.strike, logarithm, deviation, inverse, phi, &asset, &density)
    if order == 0:
        return
    d1 = logarithm * inverse + 0.5 * deviation
    # g = S phi(d1)/deviation is the gamma in ln S; each further derivative multiplies by 1 - d1/deviation
    density *= factor * inverse
    asset *= factor
    lean = 1.0 - d1 * inverse
    jet.x[1] += asset
    jet.x[2] += asset + density
    jet.x[3] += asset + density * (1.0 + lean)
    jet.x[4] += asset + density * (1.0 + lean + lean * lean - inverse * inverse)
    jet.vol[0] += option.vol * option.expiry * density
    jet.vol[1] += option.vol * option.expiry * density * lean
    jet.vol[2] += option.vol * option.expiry * density * (lean * lean - inverse * inverse)
    jet.drift += option.expiry * asset
    jet.vol_twice += option.expiry * density * d1 * (d1 - deviation)


cdef inline void finish(int order, const Option* option, const Jet* crossed, double* out) noexcept nogil:
    """Price and Greeks; ``crossed`` is NULL where no barrier is in reach."""
    cdef Jet jet
    clear(&jet)
    if option.code & OUT:
        add_plain(order, option, 1.0, &jet)
    else:
        jet.x[0] = option.rebate
    if crossed != NULL:
        add_scaled(crossed, -1.0 if option.code & OUT else 1.0, &jet)
    if jet.x[0] < 0.0 and option.rebate >= 0.0:
        jet.x[0] = 0.0
    greeks_of(order, &jet, option.spot, option.vol, option.expiry, option.rate, option.dividend, out)


cdef inline void certain(
    int order, const Option* option, double lower, double upper, const Dates* dates, double* out,
) noexcept nogil:
    """No volatility or no time: the path is S e^(bt)."""
    cdef double drift = option.rate - option.dividend, price, left = 0.0
    cdef double phi = -1.0 if option.code & PUT else 1.0
    cdef bint crossed = False
    cdef Py_ssize_t k = 0
    cdef Jet jet
    clear(&jet)
    while not crossed and k < dates.count:
        k += 1
        price = option.spot * exp(drift * date_of(dates, k))
        crossed = not lower < price < upper
    if crossed == (option.code & OUT != 0):
        if option.code & OUT:
            left = left_after(dates, k)
        jet.x[0] = rebate_at(option, left)
        if option.code & OUT and option.code & LATE == 0:
            jet.rate = left * jet.x[0]
    else:
        price = option.spot * exp(drift * option.expiry)
        if phi * (price - option.strike) > 0.0:
            jet.x[0] = phi * (price - option.strike)
            for k in range(1, 5):
                jet.x[k] = phi * price
            jet.drift = option.expiry * phi * price
    greeks_of(order, &jet, option.spot, option.vol, option.expiry, option.rate, option.dividend, out)


cdef inline bint same_payoff(const Option* one, const Option* other) noexcept nogil:
    """Whether two options of one grid differ by their spots alone."""
    return (
        one.strike == other.strike and one.barrier == other.barrier and one.rebate == other.rebate
        and one.rate == other.rate and one.code == other.code
    )


ctypedef bint (*Recur)(
    const Rule* rule, Grid* grid, const Option* options, const Py_ssize_t* lanes, Py_ssize_t count,
    const Py_ssize_t* chosen, Py_ssize_t payoff_count, double* out, Tick tick, void* state) noexcept nogil

cdef extern from "numeric/apart.h" nogil:
    Recur apart "SG_APART"(Recur f) noexcept


cdef inline bint recur(
    const Rule* rule, Grid* grid, const Option* options, const Py_ssize_t* lanes, Py_ssize_t count,
    const Py_ssize_t* chosen, Py_ssize_t payoff_count, double* out, Tick tick, void* state,
) noexcept nogil:
    """So many options of one grid, RESULTS numbers each: their lanes, and for each lane an option with its payoff."""
    cdef Py_ssize_t i, nodes = (grid.panels.count + grid.panels.sources) * NODES, width = width_of(grid.order)
    cdef double turn = grid.eta / grid.unit
    cdef Step step
    cdef Jet jet
    if grid.dates.count > 1 and not carry_back(rule, grid, options, chosen, payoff_count, tick, state):
        return False
    set_step(grid, length_of(&grid.dates, 1), &step)
    for i in range(count):
        clear(&jet)
        add_crossed(rule, grid, &step, &options[i], -INFINITY, 0.0, &jet)
        if grid.width < INFINITY:
            add_crossed(rule, grid, &step, &options[i], grid.width, INFINITY, &jet)
        if grid.dates.count > 1:
            add_panels(
                rule, grid.order, &grid.panels, &step, options[i].distance, 0, grid.panels.count,
                grid.panels.now + lanes[i] * width * nodes, width, turn, &jet)
        finish(grid.order, &options[i], &jet, out + i * RESULTS)
    return True
