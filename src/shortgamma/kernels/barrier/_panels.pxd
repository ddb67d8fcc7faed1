# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Steps of a lognormal price between dates, as matrices between panels of Gauss-Legendre nodes.

Places are log-prices y = eta ln(S/H)/unit, in a unit of one standard deviation of the shortest step. A step of length
tau is y' = y + drift + q Z, Z normal; expectations of a function F carry its derivatives along, for with x = ln S,
P = exp(tau (sigma^2/2 L + b d/dx)) and L = d2/dx2 - d/dx

    d/dsigma P F = P F_sigma + sigma tau L P F,              d/db P F = P F_b + tau d/dx P F,
    d2/dsigma2 P F = P F_sigma,sigma + 2 sigma tau L P F_sigma + (tau L + sigma^2 tau^2 L^2) P F,

where L and d/dx fall on the normal density: with z = (y' - y - drift)/q, s = eta sigma sqrt(tau) and He the Hermite
polynomials, sigma^2 tau L becomes He2(z) - s He1(z), and sigma^4 tau^2 L^2 becomes He4 - 2 s He3 + s^2 He2. So four
matrices carry the price, vega, volga and both rhos, with no difference taken. Values are as of expiry: discounting
comes last.

Between dates on which a barrier at y = h is always watched, the density of the surviving paths is that of the free
ones times 1 - kappa, kappa = exp(-E), E = 2 (y - h)(y' - h)/q^2, whose derivatives are those of the image

    phi(z) kappa:  in y  He_n(z - 2 (y' - h)/q)/q^n,   in sigma  (z^2 - 1 - s z + 2 E)/sigma.
"""

from libc.stdlib cimport calloc, free, malloc

from shortgamma.kernels.numeric.quadrature cimport NODES, POINTS, Rule
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, ONE_OVER_SQRT_TWO_PI, absolute, at_least, at_most, exp, expm1, normal_cdf, square_root,
)

cdef enum:
    # what is carried for each payoff: the value and its derivatives in volatility, in drift, in the rate at which cash
    # grows, and half the second one in volatility; how many of them for a price, first and second order
    VALUE = 0
    BY_VOL
    BY_DRIFT
    BY_RATE
    BY_VOL_TWICE
    FIRST_LANES = 4
    MOST_LANES = 5
    # matrices of a step: the expectation, and the terms of its derivatives
    MEAN = 0
    ONCE
    DRIFTED
    TWICE
    MATRICES
    # derivatives of a value in the place: for speed and colour, four
    SLOPES = 5

cdef extern from *:
    """
    /* beyond this many standard deviations of a step there is nothing */
    #define SG_STEP_REACH 8.5
    """
    const double STEP_REACH "SG_STEP_REACH"

cdef struct Panels:
    # panels that are carried, and sources behind them in which values are given, with their nodes
    Py_ssize_t count
    Py_ssize_t sources
    double* edge
    double* source_edge
    double* node
    # values at the nodes, lane by lane, and room for those of the date before
    Py_ssize_t lanes
    double* now
    double* before

cdef struct Step:
    # length in years, drift and deviation in units, s, and what the terms are multiplied with
    double length
    double drift
    double deviation
    double spread
    double factor[MATRICES]
    # whether it is killed at a place, and where
    bint killed
    double barrier
    int matrices
    # for each panel the first and last panel in reach and where its blocks begin; where those of sources lie, or -1
    Py_ssize_t* first
    Py_ssize_t* last
    Py_ssize_t* place
    Py_ssize_t* source_place
    double* memory
    double* block[MATRICES]

cdef struct Jet:
    # a value as of expiry, its derivatives in ln S, those in the volatility and theirs in ln S, in the drift, in the
    # rate at which cash grows, and the second one in the volatility
    double x[SLOPES]
    double vol[3]
    double drift
    double rate
    double vol_twice


cdef inline double bell(double z) noexcept nogil:
    return ONE_OVER_SQRT_TWO_PI * exp(-0.5 * z * z)


cdef inline double hermite(int order, double z) noexcept nogil:
    cdef double square = z * z
    if order == 0:
        return 1.0
    if order == 1:
        return z
    if order == 2:
        return square - 1.0
    if order == 3:
        return z * (square - 3.0)
    return square * (square - 6.0) + 3.0


cdef inline double once(double z, double spread) noexcept nogil:
    """sigma^2 tau L on the density."""
    return z * z - 1.0 - spread * z


cdef inline double twice(double z, double spread) noexcept nogil:
    """sigma^2 times the second derivative in the volatility."""
    return (
        once(z, spread) + hermite(4, z) - 2.0 * spread * hermite(3, z) + spread * spread * (z * z - 1.0)
    )


cdef inline double lane_factor(int matrix, double vol, double length, double eta) noexcept nogil:
    if matrix == MEAN:
        return 1.0
    if matrix == DRIFTED:
        return eta * square_root(length) / vol
    return 1.0 / vol if matrix == ONCE else 0.5 / (vol * vol)


cdef inline double kernel(const Step* step, int matrix, double z, double image) noexcept nogil:
    """A term of the density's derivatives, over the free density; image is E, or below 0 without a barrier."""
    cdef double value, kappa, q, spread = step.spread
    if matrix == MEAN:
        return 1.0 if image < 0.0 else -expm1(-image)
    if matrix == DRIFTED:
        value = z * step.factor[DRIFTED]
        return value if image < 0.0 else value * -expm1(-image)
    if matrix == ONCE:
        value = once(z, spread)
        if image >= 0.0:
            value = value * -expm1(-image) - 2.0 * image * exp(-image)
        return value * step.factor[ONCE]
    value = twice(z, spread)
    if image >= 0.0:
        kappa = exp(-image)
        q = once(z, spread) + 2.0 * image
        value -= kappa * (
            q * q + 1.0 - 3.0 * z * z + 3.0 * spread * z - spread * spread - 6.0 * image
        )
    return value * step.factor[TWICE]


cdef inline double image_of(const Step* step, double y, double target) noexcept nogil:
    if not step.killed:
        return -1.0
    return at_least(2.0 * (y - step.barrier) * (target - step.barrier) / (step.deviation * step.deviation), 0.0)


cdef inline void forget_panels(Panels* panels) noexcept nogil:
    panels.count = panels.sources = panels.lanes = 0
    panels.edge = panels.source_edge = panels.node = panels.now = panels.before = NULL


cdef inline void release_panels(Panels* panels) noexcept nogil:
    free(panels.edge)
    free(panels.source_edge)
    free(panels.node)
    free(panels.now)
    free(panels.before)
    forget_panels(panels)


cdef inline bint reserve_panels(Panels* panels, Py_ssize_t count, Py_ssize_t sources, Py_ssize_t lanes) noexcept nogil:
    """Room for so many panels, sources and lanes; the edges are the caller's to fill."""
    cdef Py_ssize_t nodes = (count + sources) * NODES
    panels.count = count
    panels.sources = sources
    panels.lanes = lanes
    panels.edge = <double*> malloc((count + 1) * sizeof(double))
    panels.source_edge = <double*> malloc(2 * (sources + 1) * sizeof(double))
    panels.node = <double*> malloc(nodes * sizeof(double))
    panels.now = <double*> calloc(nodes * lanes, sizeof(double))
    panels.before = <double*> calloc(nodes * lanes, sizeof(double))
    return not (
        panels.edge == NULL or panels.source_edge == NULL or panels.node == NULL or panels.now == NULL
        or panels.before == NULL
    )


cdef inline double low_of(const Panels* panels, Py_ssize_t p) noexcept nogil:
    return panels.edge[p] if p < panels.count else panels.source_edge[2 * (p - panels.count)]


cdef inline double high_of(const Panels* panels, Py_ssize_t p) noexcept nogil:
    return panels.edge[p + 1] if p < panels.count else panels.source_edge[2 * (p - panels.count) + 1]


cdef inline void place_nodes(const Rule* rule, Panels* panels) noexcept nogil:
    cdef Py_ssize_t p, i
    cdef double low, high
    for p in range(panels.count + panels.sources):
        low = low_of(panels, p)
        high = high_of(panels, p)
        for i in range(NODES):
            panels.node[p * NODES + i] = 0.5 * ((low + high) + (high - low) * rule.node[i])


cdef inline void forget_step(Step* step) noexcept nogil:
    cdef int r
    step.length = 0.0
    step.first = step.last = step.place = step.source_place = NULL
    step.memory = NULL
    for r in range(MATRICES):
        step.block[r] = NULL


cdef inline void release_step(Step* step) noexcept nogil:
    free(step.first)
    free(step.last)
    free(step.place)
    free(step.source_place)
    free(step.memory)
    forget_step(step)


cdef inline Py_ssize_t find_reach(const Panels* panels, Step* step) noexcept nogil:
    """Which panels reach each other in this step; how many pairs of them."""
    cdef Py_ssize_t p, q, pairs = 0
    cdef double low, high, reach = (STEP_REACH + absolute(step.spread)) * step.deviation
    for p in range(panels.count):
        low = panels.node[p * NODES] + step.drift - reach
        high = panels.node[p * NODES + NODES - 1] + step.drift + reach
        step.first[p] = panels.count
        step.last[p] = 0
        for q in range(panels.count):
            if panels.edge[q + 1] > low and panels.edge[q] < high:
                step.first[p] = min(step.first[p], q)
                step.last[p] = q + 1
        step.place[p] = pairs
        pairs += max(step.last[p] - step.first[p], <Py_ssize_t> 0)
        for q in range(panels.sources):
            step.source_place[p * panels.sources + q] = -1
            if high_of(panels, panels.count + q) > low and low_of(panels, panels.count + q) < high:
                step.source_place[p * panels.sources + q] = pairs
                pairs += 1
    return pairs


cdef inline bint make_step(const Rule* rule, const Panels* panels, Step* step) noexcept nogil:
    """The matrices of a step whose numbers are set; false if there is no memory for them."""
    cdef Py_ssize_t p, q, r, pairs, size
    step.first = <Py_ssize_t*> malloc((panels.count + 1) * sizeof(Py_ssize_t))
    step.last = <Py_ssize_t*> malloc((panels.count + 1) * sizeof(Py_ssize_t))
    step.place = <Py_ssize_t*> malloc((panels.count + 1) * sizeof(Py_ssize_t))
    step.source_place = <Py_ssize_t*> malloc((panels.count * panels.sources + 1) * sizeof(Py_ssize_t))
    if step.first == NULL or step.last == NULL or step.place == NULL or step.source_place == NULL:
        return False
    pairs = find_reach(panels, step)
    size = pairs * NODES * NODES
    # blocks begin at a line of the cache
    step.memory = <double*> malloc((step.matrices * size + 8) * sizeof(double))
    if step.memory == NULL:
        return False
    for r in range(step.matrices):
        step.block[r] = <double*> ((<size_t> step.memory + 63) & ~(<size_t> 63)) + r * size
    for p in range(panels.count):
        for q in range(step.first[p], step.last[p]):
            make_block(rule, panels, step, p, q, step.place[p] + q - step.first[p])
        for q in range(panels.sources):
            if step.source_place[p * panels.sources + q] >= 0:
                make_source_block(rule, panels, step, p, q, step.source_place[p * panels.sources + q])
    return True


cdef inline void make_source_block(
    const Rule* rule, const Panels* panels, const Step* step, Py_ssize_t p, Py_ssize_t q, Py_ssize_t place,
) noexcept nogil:
    """Weights of a function at the nodes of a source, by the rule of the panel itself."""
    cdef Py_ssize_t i, j, r
    cdef double inverse = 1.0 / step.deviation, target, z, weight
    cdef double half = 0.5 * (high_of(panels, panels.count + q) - low_of(panels, panels.count + q)) * inverse
    for j in range(NODES):
        target = panels.node[(panels.count + q) * NODES + j]
        weight = half * rule.weight[j]
        for i in range(NODES):
            z = (target - panels.node[p * NODES + i] - step.drift) * inverse
            step.block[MEAN][(place * NODES + j) * NODES + i] = weight * bell(z)
        for r in range(1, step.matrices):
            for i in range(NODES):
                z = (target - panels.node[p * NODES + i] - step.drift) * inverse
                step.block[r][(place * NODES + j) * NODES + i] = (
                    step.block[MEAN][(place * NODES + j) * NODES + i] * kernel(step, <int> r, z, -1.0))


cdef inline void make_block(
    const Rule* rule, const Panels* panels, const Step* step, Py_ssize_t p, Py_ssize_t q, Py_ssize_t place,
) noexcept nogil:
    """Weights of the values on panel q in the integrals for the nodes of panel p, node of q by node of p: the integrals
    of the density against the Legendre polynomials of the panel, over as much of it as is in reach."""
    cdef double low = panels.edge[q], high = panels.edge[q + 1], middle = 0.5 * (low + high)
    cdef double scale = 2.0 / (high - low), inverse = 1.0 / step.deviation
    cdef double reach = (STEP_REACH + absolute(step.spread)) * step.deviation
    cdef double begin, end, y, z
    cdef double start[NODES]
    cdef double half[NODES]
    cdef double t[NODES]
    cdef double term[MATRICES][NODES]
    cdef double moment[MATRICES][NODES][NODES]
    cdef int i, j, k, r, part, parts = 2 if high - low > 9.0 * step.deviation else 1
    for r in range(step.matrices):
        for k in range(NODES):
            for i in range(NODES):
                moment[r][k][i] = 0.0
    for i in range(NODES):
        y = panels.node[p * NODES + i] + step.drift
        begin = at_least(y - reach, low)
        end = at_most(y + reach, high)
        start[i] = begin
        half[i] = at_least(end - begin, 0.0) * 0.5 / parts
    for part in range(parts):
        for j in range(POINTS):
            for i in range(NODES):
                y = start[i] + half[i] * (2 * part + 1 + rule.point[j])
                z = (y - panels.node[p * NODES + i] - step.drift) * inverse
                term[MEAN][i] = half[i] * inverse * rule.point_weight[j] * bell(z)
                t[i] = (y - middle) * scale
            if step.killed or step.matrices > 1:
                for i in range(NODES):
                    y = start[i] + half[i] * (2 * part + 1 + rule.point[j])
                    z = (y - panels.node[p * NODES + i] - step.drift) * inverse
                    for r in range(step.matrices - 1, -1, -1):
                        term[r][i] = term[MEAN][i] * kernel(
                            step, r, z, image_of(step, panels.node[p * NODES + i], y))
            for r in range(step.matrices):
                add_moments(rule, t, term[r], &moment[r][0][0])
    for r in range(step.matrices):
        to_values(rule, &moment[r][0][0], step.block[r] + place * NODES * NODES)


cdef inline void add_moments(const Rule* rule, const double* t, const double* term, double* moment) noexcept nogil:
    """Add the terms times the Legendre polynomials at t."""
    cdef int i, k
    cdef double next
    cdef double one[NODES]
    cdef double two[NODES]
    for i in range(NODES):
        one[i] = 1.0
        two[i] = 0.0
    for k in range(NODES):
        for i in range(NODES):
            moment[k * NODES + i] += term[i] * one[i]
            next = rule.forward[k] * t[i] * one[i] - rule.backward[k] * two[i]
            two[i] = one[i]
            one[i] = next


cdef inline void to_values(const Rule* rule, const double* moment, double* block) noexcept nogil:
    """From weights of Legendre coefficients to weights of the values at the nodes."""
    cdef int i, j, k
    cdef double c
    cdef double part[NODES]
    for j in range(NODES):
        for i in range(NODES):
            part[i] = 0.0
        for k in range(NODES):
            c = rule.coefficient[k][j]
            for i in range(NODES):
                part[i] += c * moment[k * NODES + i]
        for i in range(NODES):
            block[j * NODES + i] = part[i]


cdef inline void multiply(const double* block, const double* values, double* total) noexcept nogil:
    """Add the block times the values."""
    cdef Py_ssize_t i, j
    cdef double sums[NODES]
    for i in range(NODES):
        sums[i] = total[i]
    for j in range(NODES):
        for i in range(NODES):
            sums[i] += block[j * NODES + i] * values[j]
    for i in range(NODES):
        total[i] = sums[i]


cdef inline void multiply_four(
    const double* block, const double* values, Py_ssize_t stride, double* totals, Py_ssize_t total_stride,
) noexcept nogil:
    """The same of four lanes, so that a row of the block is read once."""
    cdef Py_ssize_t i, j
    cdef double first[NODES]
    cdef double second[NODES]
    cdef double third[NODES]
    cdef double fourth[NODES]
    for i in range(NODES):
        first[i] = totals[i]
        second[i] = totals[total_stride + i]
        third[i] = totals[2 * total_stride + i]
        fourth[i] = totals[3 * total_stride + i]
    for j in range(NODES):
        for i in range(NODES):
            first[i] += block[j * NODES + i] * values[j]
            second[i] += block[j * NODES + i] * values[stride + j]
            third[i] += block[j * NODES + i] * values[2 * stride + j]
            fourth[i] += block[j * NODES + i] * values[3 * stride + j]
    for i in range(NODES):
        totals[i] = first[i]
        totals[total_stride + i] = second[i]
        totals[2 * total_stride + i] = third[i]
        totals[3 * total_stride + i] = fourth[i]


cdef inline void multiply_lanes(
    const double* block, Py_ssize_t count, const double* values, Py_ssize_t stride, double* totals,
    Py_ssize_t total_stride,
) noexcept nogil:
    cdef Py_ssize_t lane = 0
    while lane + 4 <= count:
        multiply_four(block, values + lane * stride, stride, totals + lane * total_stride, total_stride)
        lane += 4
    while lane < count:
        multiply(block, values + lane * stride, totals + lane * total_stride)
        lane += 1


cdef inline void multiply_block(
    const Step* step, Py_ssize_t place, Py_ssize_t lanes, Py_ssize_t width, Py_ssize_t nodes, const double* values,
    double* totals,
) noexcept nogil:
    """Add what one pair of panels gives to all lanes; ``width`` lanes belong to a payoff."""
    cdef Py_ssize_t at = place * NODES * NODES, payoffs = lanes // width, stride = width * nodes
    multiply_lanes(step.block[MEAN] + at, lanes, values, nodes, totals, nodes)
    if width == 1:
        return
    multiply_lanes(step.block[ONCE] + at, payoffs, values, stride, totals + BY_VOL * nodes, stride)
    multiply_lanes(step.block[DRIFTED] + at, payoffs, values, stride, totals + BY_DRIFT * nodes, stride)
    if width == MOST_LANES:
        multiply_lanes(
            step.block[ONCE] + at, payoffs, values + BY_VOL * nodes, stride, totals + BY_VOL_TWICE * nodes, stride)
        multiply_lanes(step.block[TWICE] + at, payoffs, values, stride, totals + BY_VOL_TWICE * nodes, stride)


ctypedef void (*MultiplyBlock)(
    const Step* step, Py_ssize_t place, Py_ssize_t lanes, Py_ssize_t width, Py_ssize_t nodes, const double* values,
    double* totals) noexcept nogil

ctypedef void (*AddPoints)(
    int order, const Step* step, double y, const double* target, const double* weight, const double* value, double turn,
    Jet* jet) noexcept nogil

ctypedef bint (*MakeStep)(const Rule* rule, const Panels* panels, Step* step) noexcept nogil

cdef extern from "numeric/apart.h" nogil:
    MultiplyBlock multiply_block_apart "SG_APART"(MultiplyBlock f) noexcept
    AddPoints add_points_apart "SG_APART"(AddPoints f) noexcept
    MakeStep make_step_apart "SG_APART"(MakeStep f) noexcept


cdef inline void carry_panel(
    const Panels* panels, const Step* step, Py_ssize_t lanes, Py_ssize_t width, Py_ssize_t p, Py_ssize_t low,
    Py_ssize_t high, const double* now, double* before,
) noexcept nogil:
    """The values of one panel a step back, of those on the panels from low to high, and of the sources."""
    cdef Py_ssize_t q, lane, i, nodes = (panels.count + panels.sources) * NODES
    cdef double* totals = before + p * NODES
    for lane in range(lanes):
        for i in range(NODES):
            totals[lane * nodes + i] = 0.0
    for q in range(max(step.first[p], low), min(step.last[p], high)):
        multiply_block_apart(multiply_block)(
            step, step.place[p] + q - step.first[p], lanes, width, nodes, now + q * NODES, totals)
    for q in range(panels.sources):
        if step.source_place[p * panels.sources + q] >= 0:
            multiply_block_apart(multiply_block)(
                step, step.source_place[p * panels.sources + q], lanes, width, nodes,
                now + (panels.count + q) * NODES, totals)


cdef inline void clear(Jet* jet) noexcept nogil:
    cdef int n
    for n in range(SLOPES):
        jet.x[n] = 0.0
    for n in range(3):
        jet.vol[n] = 0.0
    jet.drift = jet.rate = jet.vol_twice = 0.0


cdef inline double dot(const double* a, const double* b) noexcept nogil:
    cdef double total = 0.0
    cdef int j
    for j in range(POINTS):
        total += a[j] * b[j]
    return total


cdef inline void add_points(
    int order, const Step* step, double y, const double* target, const double* weight, const double* value, double turn,
    Jet* jet,
) noexcept nogil:
    """Add the points of one piece of the integral of the last step. ``value`` holds F at all of them, then its
    derivatives; ``turn`` is d y/d ln S."""
    cdef double inverse = 1.0 / step.deviation, power = turn * inverse
    cdef double z[POINTS]
    cdef double density[POINTS]
    cdef double image[POINTS]
    cdef double kappa[POINTS]
    cdef double lean[POINTS]
    cdef double slope[SLOPES][POINTS]
    cdef int j, n
    for j in range(POINTS):
        z[j] = (target[j] - y - step.drift) * inverse
        density[j] = weight[j] * inverse * bell(z[j])
        image[j] = kappa[j] = lean[j] = 0.0
        slope[0][j] = density[j]
    if step.killed:
        for j in range(POINTS):
            lean[j] = 2.0 * (target[j] - step.barrier) * inverse
            image[j] = at_least(lean[j] * (y - step.barrier) * inverse, 0.0)
            kappa[j] = exp(-image[j])
            slope[0][j] = density[j] * -expm1(-image[j])
    jet.x[0] += dot(slope[0], value)
    if order == 0:
        return
    for n in range(1, SLOPES):
        for j in range(POINTS):
            slope[n][j] = density[j] * power * (hermite(n, z[j]) - kappa[j] * hermite(n, z[j] - lean[j]))
        power *= turn * inverse
        jet.x[n] += dot(slope[n], value)
    add_slopes(order, step, turn * inverse, z, density, image, kappa, lean, &slope[0][0], value, jet)


cdef inline void add_slopes(
    int order, const Step* step, double turn, const double* z, const double* density, const double* image,
    const double* kappa, const double* lean, const double* slope, const double* value, Jet* jet,
) noexcept nogil:
    """The derivatives in volatility, drift and rate of the same points; ``turn`` is d y/d ln S in deviations."""
    cdef double spread = step.spread
    cdef double s[POINTS]
    cdef double s_y[POINTS]
    cdef double by_vol[3][POINTS]
    cdef double other[POINTS]
    cdef int j, n
    for j in range(POINTS):
        s[j] = once(z[j], spread) + 2.0 * image[j]
        s_y[j] = spread - 2.0 * z[j] + 2.0 * lean[j]
        # the free part and its image nearly cancel beside the barrier
        by_vol[0][j] = step.factor[ONCE] * (
            slope[j] * once(z[j], spread) - density[j] * 2.0 * image[j] * kappa[j])
        by_vol[1][j] = density[j] * step.factor[ONCE] * turn * (
            hermite(3, z[j]) - spread * hermite(2, z[j])
            - kappa[j] * ((z[j] - lean[j]) * s[j] + s_y[j]))
        by_vol[2][j] = density[j] * step.factor[ONCE] * turn * turn * (
            hermite(4, z[j]) - spread * hermite(3, z[j])
            - kappa[j] * (hermite(2, z[j] - lean[j]) * s[j] + 2.0 * (z[j] - lean[j]) * s_y[j] + 2.0))
        other[j] = slope[j] * z[j] * step.factor[DRIFTED]
    for n in range(3):
        jet.vol[n] += dot(by_vol[n], value) + dot(slope + n * POINTS, value + BY_VOL * POINTS)
    jet.drift += dot(other, value) + dot(slope, value + BY_DRIFT * POINTS)
    jet.rate += dot(slope, value + BY_RATE * POINTS)
    if order == 1:
        return
    for j in range(POINTS):
        other[j] = density[j] * step.factor[TWICE] * (
            twice(z[j], spread) - kappa[j] * (
                s[j] * s[j] + 1.0 - 3.0 * z[j] * z[j] + 3.0 * spread * z[j] - spread * spread - 6.0 * image[j]))
    jet.vol_twice += 2.0 * (
        dot(other, value) + dot(by_vol[0], value + BY_VOL * POINTS) + dot(slope, value + BY_VOL_TWICE * POINTS))


cdef inline void interpolate(
    const Rule* rule, Py_ssize_t width, const double* values, Py_ssize_t nodes, double* coefficient,
) noexcept nogil:
    """Legendre coefficients of the lanes of a payoff on a panel."""
    cdef Py_ssize_t lane, j, k
    for lane in range(width):
        for k in range(NODES):
            coefficient[lane * NODES + k] = 0.0
        for j in range(NODES):
            for k in range(NODES):
                coefficient[lane * NODES + k] += rule.transposed[j][k] * values[lane * nodes + j]


cdef inline void evaluate(
    const Rule* rule, Py_ssize_t width, const double* coefficient, const double* t, double* value,
) noexcept nogil:
    """The lanes of a payoff at the points t of a panel."""
    cdef Py_ssize_t lane, k
    cdef int j
    cdef double next
    cdef double one[POINTS]
    cdef double two[POINTS]
    for j in range(POINTS):
        one[j] = 1.0
        two[j] = 0.0
    for lane in range(width):
        for j in range(POINTS):
            value[lane * POINTS + j] = 0.0
    for k in range(NODES):
        for lane in range(width):
            for j in range(POINTS):
                value[lane * POINTS + j] += coefficient[lane * NODES + k] * one[j]
        for j in range(POINTS):
            next = rule.forward[k] * t[j] * one[j] - rule.backward[k] * two[j]
            two[j] = one[j]
            one[j] = next


cdef inline void add_panels(
    const Rule* rule, int order, const Panels* panels, const Step* step, double y, Py_ssize_t low, Py_ssize_t high,
    const double* values, Py_ssize_t width, double turn, Jet* jet,
) noexcept nogil:
    """Add the integral of one payoff's values on the panels from low to high, seen from the place y a step before."""
    cdef double reach = (STEP_REACH + absolute(step.spread)) * step.deviation, mean = y + step.drift
    cdef double begin, end, half, inverse
    cdef double coefficient[MOST_LANES * NODES]
    cdef double target[POINTS]
    cdef double weight[POINTS]
    cdef double t[POINTS]
    cdef double value[MOST_LANES * POINTS]
    cdef Py_ssize_t p, part, parts, nodes = (panels.count + panels.sources) * NODES
    cdef int j
    for p in range(low, high):
        begin = at_least(mean - reach, panels.edge[p])
        end = at_most(mean + reach, panels.edge[p + 1])
        if not begin < end:
            continue
        interpolate(rule, width, values + p * NODES, nodes, coefficient)
        parts = 2 if end - begin > 9.0 * step.deviation else 1
        half = 0.5 * (end - begin) / parts
        inverse = 1.0 / (panels.edge[p + 1] - panels.edge[p])
        for part in range(parts):
            for j in range(POINTS):
                target[j] = begin + half * (2 * part + 1 + rule.point[j])
                weight[j] = half * rule.point_weight[j]
                t[j] = (2.0 * target[j] - panels.edge[p] - panels.edge[p + 1]) * inverse
            evaluate(rule, width, coefficient, t, value)
            add_points_apart(add_points)(order, step, y, target, weight, value, turn, jet)


cdef inline void add_above(
    int order, const Step* step, double y, double level, double amount, double growth, double turn, Jet* jet,
) noexcept nogil:
    """Add an amount that is paid where the next date's place is at or above a level; ``growth`` is its derivative in
    the rate, over the amount."""
    cdef double u = (level - y - step.drift) / step.deviation, density = bell(u), power = 1.0
    cdef double tail[SLOPES]
    cdef int n
    tail[0] = normal_cdf(-u)
    for n in range(1, SLOPES):
        tail[n] = hermite(n - 1, u) * density
    for n in range(SLOPES):
        jet.x[n] += amount * power * tail[n]
        if n < 3:
            jet.vol[n] += amount * power * step.factor[ONCE] * (tail[n + 2] - step.spread * tail[n + 1])
        power *= turn / step.deviation
    jet.drift += amount * step.factor[DRIFTED] * tail[1]
    jet.rate += amount * growth * tail[0]
    if order == 2:
        jet.vol_twice += 2.0 * amount * step.factor[TWICE] * (
            tail[2] - step.spread * tail[1] + tail[4] - 2.0 * step.spread * tail[3]
            + step.spread * step.spread * tail[2])


cdef inline void add_scaled(const Jet* jet, double factor, Jet* total) noexcept nogil:
    cdef int n
    for n in range(SLOPES):
        total.x[n] += factor * jet.x[n]
    for n in range(3):
        total.vol[n] += factor * jet.vol[n]
    total.drift += factor * jet.drift
    total.rate += factor * jet.rate
    total.vol_twice += factor * jet.vol_twice


cdef inline void greeks_of(
    int order, const Jet* jet, double spot, double vol, double expiry, double rate, double dividend, double* out,
) noexcept nogil:
    """Price and Greeks, in the order of `barrier.single`, of a value as of expiry. Theta, charm, colour and veta are
    the Black-Scholes equation's, which holds between the dates."""
    cdef double discount = exp(-rate * expiry), drift = rate - dividend, half = 0.5 * vol * vol
    cdef double v = jet.x[0], v_x = jet.x[1], v_xx = jet.x[2], v_xxx = jet.x[3], v_xxxx = jet.x[4]
    cdef double one = discount / spot, two = one / spot
    out[0] = discount * v
    if order == 0:
        return
    out[1] = one * v_x
    out[2] = two * (v_xx - v_x)
    out[3] = discount * jet.vol[0]
    out[4] = discount * (rate * v - drift * v_x - half * (v_xx - v_x))
    out[5] = discount * (jet.drift + jet.rate - expiry * v)
    out[6] = -discount * jet.drift
    if order == 1:
        return
    out[7] = one * jet.vol[1]
    out[8] = discount * jet.vol_twice
    out[9] = one * (rate * v_x - drift * v_xx - half * (v_xxx - v_xx))
    out[10] = two / spot * (v_xxx - 3.0 * v_xx + 2.0 * v_x)
    out[11] = two * (jet.vol[2] - jet.vol[1])
    out[12] = two * (
        rate * (v_xx - v_x) - drift * (v_xxx - v_xx) - half * (v_xxxx - 2.0 * v_xxx + v_xx))
    out[13] = discount * (
        rate * jet.vol[0] - drift * jet.vol[1] - vol * (v_xx - v_x) - half * (jet.vol[2] - jet.vol[1]))
