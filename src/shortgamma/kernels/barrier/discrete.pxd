# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Barrier options watched on n equally spaced dates, exactly: a backward recursion over the dates.

Distances from the barrier are measured in standard deviations of one step, so that a step is y' = y + m + Z, Z normal,
and the option lives where 0 < y < W (W infinite for a single barrier). What is carried backwards is not the option but
w_k(y) = E[G at the first date after k on which the barrier is found crossed], G the value there of the plain option
less the rebate:

    w_{k-1}(y) = int_{alive} phi(y' - y - m) w_k(y') dy' + int_{crossed} phi(y' - y - m) G_k(y') dy',    w_n = 0.

This w has its source at the barrier and is smooth on a scale that grows with the distance from it, so panels that grow
alike carry it: NODES values on each, a handful of panels for any number of dates. The integral of phi against the
polynomial through these values is a small matrix for each pair of panels in reach, the same for every strike, spot and
rebate. G_n has a kink at the strike, and the first step back is done in closed form. The last step is done at the spot
itself, which gives delta and gamma too. Knock-in: D (R + w); knock-out: plain option - D w.

A crossing is a close at or beyond the barrier. Compare Fusai, Abrahams and Sgarra, Finance and Stochastics 10, 2006.
"""

from libc.stdlib cimport calloc, free, malloc

from shortgamma.kernels.numeric.quadrature cimport NODES, POINTS, Rule
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, NAN, ONE_OVER_SQRT_TWO_PI, absolute, at_least, at_most, exp, log_ratio, mills_pair, normal_cdf,
    square_root,
)

cdef enum:
    # payoffs that are carried through one recursion, and options that wait for it
    TOGETHER = 8
    WAITING = 256
    # results of an option
    RESULTS = 4
    # flags of a kind, as in `barrier`
    OUT = 2
    PUT = 4
    LATE = 8

cdef extern from *:
    """
    /* beyond this many standard deviations of a step there is nothing */
    #define SG_STEP_REACH 8.5
    /* drift and volatility of one date must not exceed this many of its standard deviations */
    #define SG_LARGEST_STEP 10.0
    #define SG_MOST_DATES 10000.0
    /* below this standard deviation of a step a path is certain */
    #define SG_SMALLEST_STEP 1e-12
    """
    const double STEP_REACH "SG_STEP_REACH"
    const double LARGEST_STEP "SG_LARGEST_STEP"
    const double MOST_DATES "SG_MOST_DATES"
    const double SMALLEST_STEP "SG_SMALLEST_STEP"

cdef struct Grid:
    # what the options of one recursion share: number of dates, drift and deviation of a step, W, and the side
    double dates
    double drift
    double deviation
    double width
    double eta
    Py_ssize_t panels
    Py_ssize_t sources
    double* edge
    double* node
    # where the panels in reach of each panel begin and end, and their blocks
    Py_ssize_t* first
    Py_ssize_t* last
    Py_ssize_t* place
    double* block
    # crossed places: their coordinates, prices in units of the barrier, and for each panel a block or none
    double* source
    double* source_price
    Py_ssize_t* source_place
    double* source_block
    # what was allocated for the blocks, which begin at a line of the cache
    double* block_memory
    double* source_memory
    # values: nodes by options, twice, and those of G
    double* now
    double* before
    double* hit

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
    # distance of the spot, and the growth of a rebate over one step
    double distance
    double growth


cdef inline double bell(double z) noexcept nogil:
    return ONE_OVER_SQRT_TWO_PI * exp(-0.5 * z * z)


cdef inline double panel_width(const Grid* grid, double y) noexcept nogil:
    """Width of the panel at this distance from a barrier: as the distance, unless the drift carries detail there."""
    cdef double drift = absolute(grid.drift) + grid.deviation
    cdef double wide = at_least(y, 4.0)
    if y < farthest(grid):
        wide = at_most(wide, at_least(3.8 * square_root(y / drift), 4.0))
    return wide


cdef inline double farthest(const Grid* grid) noexcept nogil:
    """From further away no barrier is ever reached."""
    return 9.0 * square_root(grid.dates) + (absolute(grid.drift) + grid.deviation) * grid.dates


cdef inline void release(Grid* grid) noexcept nogil:
    free(grid.edge)
    free(grid.node)
    free(grid.first)
    free(grid.last)
    free(grid.place)
    free(grid.block_memory)
    free(grid.source)
    free(grid.source_price)
    free(grid.source_place)
    free(grid.source_memory)
    free(grid.now)
    free(grid.before)
    free(grid.hit)


cdef inline void forget(Grid* grid) noexcept nogil:
    grid.dates = 0.0
    grid.panels = grid.sources = 0
    grid.edge = grid.node = grid.source = grid.source_price = grid.block_memory = grid.source_memory = NULL
    grid.now = grid.before = grid.hit = NULL
    grid.first = grid.last = grid.place = grid.source_place = NULL


cdef inline double* at_a_line(double* memory) noexcept nogil:
    """The first line of the cache in it."""
    return <double*> ((<size_t> memory + 63) & ~(<size_t> 63))


cdef inline bint make_grid(
    const Rule* rule, double dates, double drift, double deviation, double width, double eta, Grid* grid,
) noexcept nogil:
    """Panels and matrices; false if there is no memory for them. What the grid held before is released."""
    cdef Py_ssize_t half = 0, panels, p, q, i, j, blocks = 0, below, above, sources
    cdef double y = 0.0, limit, scale, low, reach
    release(grid)
    forget(grid)
    grid.drift = drift
    grid.deviation = deviation
    grid.width = width
    grid.eta = eta
    # the date is set last: no grid is mistaken for a whole one
    grid.dates = dates
    reach = STEP_REACH + deviation
    limit = at_most(0.5 * width, farthest(grid)) if width == INFINITY else 0.5 * width
    while y < limit:
        y += panel_width(grid, y)
        half += 1
    panels = half if width == INFINITY else 2 * half
    scale = 1.0 if width == INFINITY else limit / y
    below = <Py_ssize_t> (1.0 + (reach + at_least(-drift, 0.0)) / 9.0)
    above = <Py_ssize_t> (1.0 + (reach + at_least(drift, 0.0)) / 9.0) if width < INFINITY else 0
    sources = below + above
    grid.panels = panels
    grid.sources = sources
    grid.edge = <double*> malloc((panels + 1) * sizeof(double))
    grid.node = <double*> malloc(panels * NODES * sizeof(double))
    grid.first = <Py_ssize_t*> malloc(panels * sizeof(Py_ssize_t))
    grid.last = <Py_ssize_t*> malloc(panels * sizeof(Py_ssize_t))
    grid.place = <Py_ssize_t*> malloc(panels * sizeof(Py_ssize_t))
    grid.source = <double*> malloc(sources * NODES * sizeof(double))
    grid.source_price = <double*> malloc(sources * NODES * sizeof(double))
    grid.source_place = <Py_ssize_t*> malloc(panels * sources * sizeof(Py_ssize_t))
    grid.now = <double*> calloc(panels * NODES * TOGETHER, sizeof(double))
    grid.before = <double*> calloc(panels * NODES * TOGETHER, sizeof(double))
    grid.hit = <double*> malloc(sources * NODES * TOGETHER * sizeof(double))
    if (
        grid.edge == NULL or grid.node == NULL or grid.first == NULL or grid.last == NULL or grid.place == NULL
        or grid.source == NULL or grid.source_price == NULL or grid.source_place == NULL
        or grid.now == NULL or grid.before == NULL or grid.hit == NULL
    ):
        grid.dates = 0.0
        return False

    y = 0.0
    grid.edge[0] = 0.0
    for p in range(half):
        y += panel_width(grid, y)
        grid.edge[p + 1] = y * scale
    if width < INFINITY:
        for p in range(half):
            grid.edge[panels - p] = width - grid.edge[p]
    for p in range(panels):
        for i in range(NODES):
            grid.node[p * NODES + i] = 0.5 * (
                (grid.edge[p] + grid.edge[p + 1]) + (grid.edge[p + 1] - grid.edge[p]) * rule.node[i])
    for p in range(panels):
        grid.first[p] = panels
        grid.last[p] = 0
        for q in range(panels):
            if (
                grid.edge[q + 1] > grid.node[p * NODES] + drift - reach
                and grid.edge[q] < grid.node[p * NODES + NODES - 1] + drift + reach
            ):
                grid.first[p] = min(grid.first[p], q)
                grid.last[p] = q + 1
        grid.place[p] = blocks
        blocks += max(grid.last[p] - grid.first[p], <Py_ssize_t> 0)
    grid.block_memory = <double*> malloc((blocks + 1) * NODES * NODES * sizeof(double))

    for q in range(sources):
        y = (reach + at_least(-drift, 0.0)) / below if q < below else (reach + at_least(drift, 0.0)) / above
        low = -(q + 1) * y if q < below else width + (q - below) * y
        for j in range(NODES):
            grid.source[q * NODES + j] = low + 0.5 * y * (1.0 + rule.node[j])
            grid.source_price[q * NODES + j] = exp(eta * deviation * grid.source[q * NODES + j])
    blocks = 0
    for p in range(panels):
        for q in range(sources):
            low = grid.node[p * NODES] + drift - reach
            y = grid.node[p * NODES + NODES - 1] + drift + reach
            grid.source_place[p * sources + q] = -1
            if grid.source[q * NODES + NODES - 1] > low and grid.source[q * NODES] < y:
                grid.source_place[p * sources + q] = blocks
                blocks += 1
    grid.source_memory = <double*> malloc((blocks + 1) * NODES * NODES * sizeof(double))
    if grid.block_memory == NULL or grid.source_memory == NULL:
        grid.dates = 0.0
        return False
    # there is room for one block more than there are
    grid.block = at_a_line(grid.block_memory)
    grid.source_block = at_a_line(grid.source_memory)

    for p in range(panels):
        for q in range(grid.first[p], grid.last[p]):
            make_block(
                rule, grid, p, q, grid.block + (grid.place[p] + q - grid.first[p]) * NODES * NODES)
        for q in range(sources):
            if grid.source_place[p * sources + q] >= 0:
                y = (reach + at_least(-drift, 0.0)) / below if q < below else (reach + at_least(drift, 0.0)) / above
                for j in range(NODES):
                    for i in range(NODES):
                        grid.source_block[(grid.source_place[p * sources + q] * NODES + j) * NODES + i] = (
                            0.5 * y * rule.weight[j]
                            * bell(grid.source[q * NODES + j] - grid.node[p * NODES + i] - drift)
                        )
    return True


cdef inline void make_block(
    const Rule* rule, const Grid* grid, Py_ssize_t p, Py_ssize_t q, double* block,
) noexcept nogil:
    """Weights of the values on panel q in the integrals for the nodes of panel p, node of q by node of p."""
    cdef double low = grid.edge[q], high = grid.edge[q + 1], reach = STEP_REACH + grid.deviation
    cdef double middle = 0.5 * (low + high), inverse = 2.0 / (high - low)
    cdef double begin, end, y, c
    cdef double start[NODES]
    cdef double half[NODES]
    cdef double part[NODES]
    cdef double t[NODES]
    cdef double one[NODES]
    cdef double two[NODES]
    cdef double next
    cdef double moment[NODES][NODES]
    cdef int i, j, k, side, parts = 2 if high - low > 9.0 else 1
    for k in range(NODES):
        for i in range(NODES):
            moment[k][i] = 0.0
    for i in range(NODES):
        y = grid.node[p * NODES + i] + grid.drift
        begin = at_least(y - reach, low)
        end = at_most(y + reach, high)
        start[i] = begin
        half[i] = at_least(end - begin, 0.0) * 0.5 / parts
    for side in range(parts):
        for j in range(POINTS):
            for i in range(NODES):
                y = start[i] + half[i] * (2 * side + 1 + rule.point[j])
                part[i] = half[i] * rule.point_weight[j] * bell(y - grid.node[p * NODES + i] - grid.drift)
                t[i] = (y - middle) * inverse
                one[i] = 1.0
                two[i] = 0.0
            for k in range(NODES):
                for i in range(NODES):
                    moment[k][i] += part[i] * one[i]
                    next = rule.forward[k] * t[i] * one[i] - rule.backward[k] * two[i]
                    two[i] = one[i]
                    one[i] = next
    for j in range(NODES):
        for i in range(NODES):
            part[i] = 0.0
        for k in range(NODES):
            c = rule.coefficient[k][j]
            for i in range(NODES):
                part[i] += c * moment[k][i]
        for i in range(NODES):
            block[j * NODES + i] = part[i]


cdef inline double rebate_at(const Option* option, double steps_left) noexcept nogil:
    """The rebate of a crossing so many dates before expiry, as of expiry."""
    if option.code & OUT and option.code & LATE == 0:
        return option.rebate * exp(option.growth * steps_left)
    return option.rebate


cdef inline double plain(
    double forward, double strike, double logarithm, double deviation, double inverse, double phi,
) noexcept nogil:
    """The plain option as of expiry, by forward, ln(forward/strike), sigma sqrt(tau) and one over that.

    Both tails share an exponential, for forward exp(-d1^2/2) = strike exp(-d2^2/2).
    """
    cdef double d1 = logarithm * inverse + 0.5 * deviation, d2 = d1 - deviation, cash_mills
    cdef double shared = forward * exp(-0.5 * d1 * d1)
    cdef double asset = shared * mills_pair(absolute(d1), absolute(d2), &cash_mills), cash = shared * cash_mills
    asset = asset if phi * d1 < 0.0 else forward - asset
    cash = cash if phi * d2 < 0.0 else strike - cash
    return phi * (asset - cash)


cdef inline double crossed_between(
    const Grid* grid, const Option* option, double mean, double low, double high,
) noexcept nogil:
    """E[G_n; low < y' < high], y' normal around mean."""
    cdef double phi = -1.0 if option.code & PUT else 1.0, side = phi * grid.eta
    cdef double kink = grid.eta * log_ratio(option.strike, option.barrier) / grid.deviation
    cdef double slope = grid.eta * grid.deviation
    cdef double total = -option.rebate * (normal_cdf(high - mean) - normal_cdf(low - mean))
    if side > 0.0:
        low = at_least(low, kink)
    else:
        high = at_most(high, kink)
    if low < high:
        total += phi * (
            option.barrier * exp(slope * mean + 0.5 * slope * slope) * (
                normal_cdf(high - mean - slope) - normal_cdf(low - mean - slope))
            - option.strike * (normal_cdf(high - mean) - normal_cdf(low - mean))
        )
    return total


cdef inline double crossed_at_expiry(const Grid* grid, const Option* option, double mean) noexcept nogil:
    cdef double total = crossed_between(grid, option, mean, -INFINITY, 0.0)
    if grid.width < INFINITY:
        total += crossed_between(grid, option, mean, grid.width, INFINITY)
    return total


cdef inline void hit_values(const Grid* grid, const Option* option, double steps_left, double* hit) noexcept nogil:
    """G at the crossed places."""
    cdef Py_ssize_t i
    cdef double slope = grid.eta * grid.deviation, deviation = grid.deviation * square_root(steps_left)
    cdef double drift = steps_left * (slope * grid.drift + 0.5 * grid.deviation * grid.deviation)
    cdef double forward = option.barrier * exp(drift), phi = -1.0 if option.code & PUT else 1.0
    cdef double logarithm = log_ratio(option.barrier, option.strike) + drift
    cdef double rebate = rebate_at(option, steps_left), inverse = 1.0 / deviation
    for i in range(grid.sources * NODES):
        hit[i] = plain(
            forward * grid.source_price[i], option.strike, logarithm + slope * grid.source[i], deviation, inverse, phi,
        ) - rebate


cdef inline void multiply(Py_ssize_t rows, const double* block, const double* values, double* total) noexcept nogil:
    """Add the block times the values."""
    cdef Py_ssize_t i, j
    cdef double sums[NODES]
    for i in range(NODES):
        sums[i] = total[i]
    for j in range(rows):
        for i in range(NODES):
            sums[i] += block[j * NODES + i] * values[j]
    for i in range(NODES):
        total[i] = sums[i]


cdef inline void multiply_four(
    Py_ssize_t rows, const double* block, const double* first, const double* second, const double* third,
    const double* fourth, double* total, double* second_total, double* third_total, double* fourth_total,
) noexcept nogil:
    """The same of four options, so that a row of the block is read once."""
    cdef Py_ssize_t i, j
    cdef double sums[NODES]
    cdef double second_sums[NODES]
    cdef double third_sums[NODES]
    cdef double fourth_sums[NODES]
    for i in range(NODES):
        sums[i] = total[i]
        second_sums[i] = second_total[i]
        third_sums[i] = third_total[i]
        fourth_sums[i] = fourth_total[i]
    for j in range(rows):
        for i in range(NODES):
            sums[i] += block[j * NODES + i] * first[j]
            second_sums[i] += block[j * NODES + i] * second[j]
            third_sums[i] += block[j * NODES + i] * third[j]
            fourth_sums[i] += block[j * NODES + i] * fourth[j]
    for i in range(NODES):
        total[i] = sums[i]
        second_total[i] = second_sums[i]
        third_total[i] = third_sums[i]
        fourth_total[i] = fourth_sums[i]


cdef inline void multiply_all(
    Py_ssize_t rows, const double* block, Py_ssize_t count, const double* values, Py_ssize_t stride, double* totals,
    Py_ssize_t total_stride,
) noexcept nogil:
    cdef Py_ssize_t lane = 0
    while lane + 4 <= count:
        multiply_four(
            rows, block, values + lane * stride, values + (lane + 1) * stride, values + (lane + 2) * stride,
            values + (lane + 3) * stride, totals + lane * total_stride, totals + (lane + 1) * total_stride,
            totals + (lane + 2) * total_stride, totals + (lane + 3) * total_stride)
        lane += 4
    while lane < count:
        multiply(rows, block, values + lane * stride, totals + lane * total_stride)
        lane += 1


cdef inline void carry(Grid* grid, Py_ssize_t count, Py_ssize_t near) noexcept nogil:
    """One step back, of so many options; so many panels from each barrier can have been reached yet."""
    cdef Py_ssize_t p, q, lane, nodes = grid.panels * NODES, points = grid.sources * NODES
    cdef double* total
    for p in range(grid.panels):
        if near <= p < grid.panels - near:
            continue
        for lane in range(count):
            total = grid.before + lane * nodes + p * NODES
            for q in range(NODES):
                total[q] = 0.0
        for q in range(grid.first[p], grid.last[p]):
            multiply_all(
                NODES, grid.block + (grid.place[p] + q - grid.first[p]) * NODES * NODES, count,
                grid.now + q * NODES, nodes, grid.before + p * NODES, nodes)
        for q in range(grid.sources):
            if grid.source_place[p * grid.sources + q] >= 0:
                multiply_all(
                    NODES, grid.source_block + grid.source_place[p * grid.sources + q] * NODES * NODES, count,
                    grid.hit + q * NODES, points, grid.before + p * NODES, nodes)
    grid.now, grid.before = grid.before, grid.now


cdef inline Py_ssize_t panels_near(const Grid* grid, double steps) noexcept nogil:
    """How many panels, counted from a barrier, so many steps can reach."""
    cdef Py_ssize_t p = 0, most = grid.panels if grid.width == INFINITY else (grid.panels + 1) // 2
    cdef double reach = 9.0 * square_root(steps) + (absolute(grid.drift) + grid.deviation) * steps
    while p < most and grid.edge[p] < reach:
        p += 1
    return p


cdef inline void last_step(
    const Rule* rule, const Grid* grid, const Option* option, const double* values, double* w,
) noexcept nogil:
    """w at the spot, and its first two derivatives in the distance."""
    cdef double mean = option.distance + grid.drift, reach = STEP_REACH + grid.deviation
    cdef double kink = grid.eta * log_ratio(option.strike, option.barrier) / grid.deviation
    cdef double low, high, y, part, value, inverse, phi = -1.0 if option.code & PUT else 1.0
    cdef double steps_left = grid.dates - 1.0, rebate = rebate_at(option, steps_left)
    cdef double slope = grid.eta * grid.deviation
    cdef double drift = steps_left * (slope * grid.drift + 0.5 * grid.deviation * grid.deviation)
    cdef double deviation = grid.deviation * square_root(steps_left)
    cdef double logarithm = log_ratio(option.barrier, option.strike) + drift
    cdef double coefficient[NODES]
    cdef double t[POINTS]
    cdef double one[POINTS]
    cdef double two[POINTS]
    cdef double away[POINTS]
    cdef double sums[POINTS]
    cdef double begin[4]
    cdef double end[4]
    cdef Py_ssize_t p, i, j, k, pieces = 0, parts
    w[0] = w[1] = w[2] = 0.0
    begin[0] = mean - reach
    end[0] = at_most(mean + reach, 0.0)
    begin[1] = at_least(mean - reach, grid.width)
    end[1] = mean + reach
    pieces = 2
    for i in range(2):
        if steps_left == 0.0 and begin[i] < kink and kink < end[i]:
            begin[pieces] = kink
            end[pieces] = end[i]
            end[i] = kink
            pieces += 1
    for i in range(pieces):
        if not begin[i] < end[i]:
            continue
        parts = <Py_ssize_t> (1.0 + (end[i] - begin[i]) / 9.0)
        part = 0.5 * (end[i] - begin[i]) / parts
        for p in range(parts):
            for j in range(POINTS):
                y = begin[i] + part * (2 * p + 1 + rule.point[j])
                away[j] = y - mean
                if steps_left == 0.0:
                    value = at_least(phi * (option.barrier * exp(slope * y) - option.strike), 0.0)
                else:
                    value = plain(
                        option.barrier * exp(slope * y + drift), option.strike, logarithm + slope * y, deviation,
                        1.0 / deviation, phi)
                sums[j] = (value - rebate) * part * rule.point_weight[j] * bell(away[j])
            for j in range(POINTS):
                w[0] += sums[j]
                w[1] += sums[j] * away[j]
                w[2] += sums[j] * (away[j] * away[j] - 1.0)
    if steps_left == 0.0:
        return
    for p in range(grid.panels):
        low = at_least(mean - reach, grid.edge[p])
        high = at_most(mean + reach, grid.edge[p + 1])
        if not low < high:
            continue
        for k in range(NODES):
            coefficient[k] = 0.0
        for j in range(NODES):
            for k in range(NODES):
                coefficient[k] += rule.transposed[j][k] * values[p * NODES + j]
        parts = 2 if high - low > 9.0 else 1
        part = 0.5 * (high - low) / parts
        inverse = 1.0 / (grid.edge[p + 1] - grid.edge[p])
        for i in range(parts):
            for j in range(POINTS):
                y = low + part * (2 * i + 1 + rule.point[j])
                away[j] = y - mean
                t[j] = (2.0 * y - grid.edge[p] - grid.edge[p + 1]) * inverse
                one[j] = 1.0
                two[j] = 0.0
                sums[j] = 0.0
            for k in range(NODES):
                for j in range(POINTS):
                    sums[j] += coefficient[k] * one[j]
                    value = rule.forward[k] * t[j] * one[j] - rule.backward[k] * two[j]
                    two[j] = one[j]
                    one[j] = value
            for j in range(POINTS):
                sums[j] *= part * rule.point_weight[j] * bell(away[j])
            for j in range(POINTS):
                w[0] += sums[j]
                w[1] += sums[j] * away[j]
                w[2] += sums[j] * (away[j] * away[j] - 1.0)


cdef inline void finish(const Grid* grid, const Option* option, const double* w, double* out) noexcept nogil:
    """Price, delta, gamma and theta; w is NULL where no barrier is in reach."""
    cdef double drift = option.rate - option.dividend, discount = exp(-option.rate * option.expiry)
    cdef double deviation = option.vol * square_root(option.expiry), phi = -1.0 if option.code & PUT else 1.0
    cdef double forward = option.spot * exp(drift * option.expiry)
    cdef double growth = exp(-option.dividend * option.expiry)
    cdef double logarithm = log_ratio(option.spot, option.strike) + drift * option.expiry
    cdef double d = logarithm / deviation + 0.5 * deviation
    cdef double slope = 0.0, part = 0.0, v_x, v_xx
    cdef bint knocks_out = option.code & OUT != 0
    if knocks_out:
        out[0] = discount * plain(forward, option.strike, logarithm, deviation, 1.0 / deviation, phi)
        v_x = option.spot * growth * phi * normal_cdf(phi * d)
        v_xx = v_x + option.spot * growth * bell(d) / deviation
    else:
        out[0] = discount * option.rebate
        v_x = v_xx = 0.0
    if w != NULL:
        part = -discount if knocks_out else discount
        slope = grid.eta / grid.deviation
        out[0] += part * w[0]
        v_x += part * slope * w[1]
        v_xx += part * slope * slope * w[2]
    if out[0] < 0.0 and option.rebate >= 0.0:
        out[0] = 0.0
    out[1] = v_x / option.spot
    out[2] = (v_xx - v_x) / (option.spot * option.spot)
    out[3] = option.rate * out[0] - drift * v_x - 0.5 * option.vol * option.vol * (v_xx - v_x)


cdef inline void certain(const Option* option, double lower, double upper, double dates, double* out) noexcept nogil:
    """No volatility or no time: the path is S e^(bt)."""
    cdef double drift = option.rate - option.dividend, step = option.expiry / dates, price, k = 0.0
    cdef double phi = -1.0 if option.code & PUT else 1.0, discount = exp(-option.rate * option.expiry), payoff
    cdef bint crossed = False
    # monotonous: only if the last date crosses does any but the first
    price = option.spot * exp(drift * option.expiry)
    if not lower < price < upper or not lower < option.spot * exp(drift * step) < upper:
        while not crossed and k < dates:
            k += 1.0
            price = option.spot * exp(drift * step * k)
            crossed = not lower < price < upper
    out[1] = out[2] = 0.0
    if crossed == (option.code & OUT != 0):
        if option.code & OUT and option.code & LATE == 0:
            discount = exp(-option.rate * step * k)
        out[0] = discount * option.rebate
    else:
        payoff = phi * (option.spot * exp(-option.dividend * option.expiry) - option.strike * discount)
        out[0] = at_least(payoff, 0.0)
        out[1] = phi * exp(-option.dividend * option.expiry) if payoff > 0.0 else 0.0
    out[3] = option.rate * out[0] - drift * option.spot * out[1]


cdef inline bint same_payoff(const Option* one, const Option* other) noexcept nogil:
    """Whether two options of one grid differ by their spots alone."""
    return (
        one.strike == other.strike and one.barrier == other.barrier and one.rebate == other.rebate
        and one.growth == other.growth and one.code == other.code
    )


cdef inline void recur(
    const Rule* rule, Grid* grid, const Option* options, const Py_ssize_t* lanes, Py_ssize_t count,
    const Py_ssize_t* payoffs, Py_ssize_t payoff_count, double* out,
) noexcept nogil:
    """So many options of one grid, RESULTS numbers each: their lanes, and for each lane an option with its payoff."""
    cdef Py_ssize_t lane, i, nodes = grid.panels * NODES, points = grid.sources * NODES
    cdef double steps_left = 1.0
    cdef double w[3]
    if grid.dates > 1.0:
        for i in range(nodes * payoff_count):
            grid.before[i] = 0.0
        for lane in range(payoff_count):
            for i in range(nodes):
                grid.now[lane * nodes + i] = crossed_at_expiry(
                    grid, &options[payoffs[lane]], grid.node[i] + grid.drift)
        while steps_left < grid.dates - 1.0:
            for lane in range(payoff_count):
                hit_values(grid, &options[payoffs[lane]], steps_left, grid.hit + lane * points)
            steps_left += 1.0
            carry(grid, payoff_count, panels_near(grid, steps_left))
    for i in range(count):
        last_step(rule, grid, &options[i], grid.now + lanes[i] * nodes, w)
        finish(grid, &options[i], w, out + i * RESULTS)
