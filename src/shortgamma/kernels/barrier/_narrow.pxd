# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""What is left of a barrier option where its terms A to F cancel: integrals of nothing but positive numbers.

Letters as in `single`; y = ln S_T, z = (y - x - m)/s, x = ln S, m = (r - q - sigma^2/2) T, v = s^2, D = x - ln H,
L = y - ln H. Of all paths that end at y the part exp(-2 L D/v) has touched the barrier, if y lies on the living side:

    plain        e^(-rT) int g(y) p(y) dy,    p = phi(z)/s
    knocked in   e^(-rT) int g(y) p(y) exp(-2 L D/v) dy on the living side, and the plain integral beyond
    knocked out  e^(-rT) int g(y) p(y) [1 - exp(-2 L D/v)] dy

over the y that pay. No exponent is a difference of large numbers, and every distance is measured from the end of the
integral where it vanishes, so that the integrand has full relative accuracy everywhere, and so has its sum.

Derivatives are taken under the integral. With a = z/s and c = 2 L/v both densities are Gaussians in x, of p and of
p exp(-2 L D/v) each derivative in x brings a and a - c (Hermite's polynomials), each in v

    P = (a^2 - a - 1/v)/2    and    P + e, e = c D/v,

and where they are subtracted the polynomials are subtracted beforehand. Only p knows of the drift. The Gauss-Legendre
rule of 32 points is exact to rounding over ten standard deviations, or a decay by exp(-80); where
exp(-2 L D/v) is steeper than that, a panel of its own is laid along the barrier.
"""

from shortgamma.kernels.numeric.jets cimport Jet
from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, ONE_OVER_SQRT_TWO_PI, absolute, at_most, exp, expm1, square_root,
)

cdef enum:
    NODES = 32
    MOST_PANELS = 7

# Places of the integrals: of the density, of its derivatives in m alone, in x, in v, and in x and v; each without the
# powers of s that belong to it.
cdef enum:
    ALL
    ALL_M
    ALL_X
    ALL_XX
    ALL_V
    ALL_XXX
    ALL_XXXX
    ALL_XV
    ALL_XXV
    ALL_VV
    INTEGRALS

cdef struct Region:
    # the y that pay: both ends as z, one of them may be infinite, and their distance
    double low
    double high
    double width
    # ln(S_T/K), without its sign, at the finite end that the payoff is measured from: the lower one of a call
    double strike_gap
    # L, without its sign, at the end on the side of the barrier; where that does not matter, 0
    double barrier_gap

cdef struct Payment:
    # paid where the barrier was not touched; else, only where it was
    bint survives
    # a payoff that grows from nothing: (1 - exp(-gap)) of the amount, the gap growing upwards if side is 1, else
    # downwards; otherwise all of it
    bint grows
    double side
    # 1 if the barrier lies below, -1 if above, 0 for the plain integral
    double eta
    # the amount, times phi(z - centre)
    double amount
    double centre
    # D/s, without its sign, and s
    double distance
    double deviation

ctypedef void (*Integrate)(int order, const Region* region, const Payment* payment, double* sums) noexcept nogil

cdef extern from "numeric/apart.h" nogil:
    Integrate apart "SG_APART"(Integrate f) noexcept

cdef extern from *:
    """
    /* Gauss-Legendre on [0, 1] */
    static const double sg_node[32] = {
        0.0013680690752592183, 0.007194244227365833, 0.017618872206246784, 0.03254696203113015,
        0.05183942211697394, 0.07531619313371501, 0.1027581020160288, 0.13390894062985517,
        0.1684778665348924, 0.20614212137961885, 0.2465500455338853, 0.2893243619346823,
        0.33406569885893617, 0.38035631887393145, 0.42776401920860174, 0.4758461671561308,
        0.5241538328438692, 0.5722359807913983, 0.6196436811260685, 0.6659343011410638,
        0.7106756380653176, 0.7534499544661147, 0.7938578786203812, 0.8315221334651076,
        0.8660910593701449, 0.8972418979839712, 0.9246838068662849, 0.9481605778830261,
        0.9674530379688698, 0.9823811277937532, 0.9928057557726342, 0.9986319309247408
    };
    static const double sg_node_weight[16] = {
        0.003509305004735048, 0.008137197365452835, 0.01269603265463103, 0.017136931456510716,
        0.02141794901111334, 0.025499029631188087, 0.029342046739267772, 0.032911111388180925,
        0.03617289705442425, 0.039096947893535156, 0.041655962113473374, 0.043826046502201906,
        0.045586939347881945, 0.04692219954040228, 0.04781936003963743, 0.0482700442573639
    };
    /* what is less than exp(-40) of the largest is left out */
    #define SG_LEFT_OUT 40.0
    /* how wide a panel may be, in standard deviations, and how often exp(-1) one exponential may fall on it */
    #define SG_WIDEST_PANEL 10.0
    #define SG_STEEPEST_PANEL 80.0
    """
    const double* NODE "sg_node"
    const double* NODE_WEIGHT "sg_node_weight"
    const double LEFT_OUT "SG_LEFT_OUT"
    const double WIDEST_PANEL "SG_WIDEST_PANEL"
    const double STEEPEST_PANEL "SG_STEEPEST_PANEL"

cdef struct Panels:
    # z is measured from the origin, downwards or upwards; how far the integral stays away from the region's ends
    bint downwards
    double origin
    double low_skip
    double high_skip
    # all panels; those of equal width; the last one is the layer along the barrier
    double width
    double equal
    int count

cdef struct Nodes:
    # at the nodes of a panel: z, c, the density paid, and how much of it touched the barrier
    double z[NODES]
    double c[NODES]
    double density[NODES]
    double touched[NODES]


cdef inline Region from_here(bint up, double z, double strike_gap, double barrier_gap) noexcept nogil:
    """All from z on, upwards or downwards."""
    cdef Region region
    region.low = z if up else -INFINITY
    region.high = INFINITY if up else z
    region.width = INFINITY
    region.strike_gap = strike_gap
    region.barrier_gap = barrier_gap
    return region


cdef inline Region between(double strike, double barrier, double width) noexcept nogil:
    """From the strike to the barrier."""
    cdef Region region
    region.low = strike if strike < barrier else barrier
    region.high = barrier if strike < barrier else strike
    region.width = width
    region.strike_gap = region.barrier_gap = 0.0
    return region


cdef inline double decay_length(double steepness) noexcept nogil:
    """Where exp(-steepness d - d^2/2) is all but nothing."""
    return 2.0 * LEFT_OUT / (steepness + square_root(steepness * steepness + 2.0 * LEFT_OUT))


cdef inline void lay_panels(const Region* region, const Payment* payment, Panels* panels) noexcept nogil:
    """Where the integrand is not nothing."""
    cdef double peak = payment.centre
    if not payment.survives:
        peak -= 2.0 * (payment.eta * payment.distance)
    cdef bint below = peak <= region.low, above = peak >= region.high
    cdef double low_room = 0.0 if below else region.width if above else peak - region.low
    cdef double high_room = 0.0 if above else region.width if below else region.high - peak
    cdef double low_reach = at_most(decay_length(peak - region.high if above else 0.0), low_room)
    cdef double high_reach = at_most(decay_length(region.low - peak if below else 0.0), high_room)
    cdef double low_skip = low_room - low_reach, high_skip = high_room - high_reach
    cdef double barrier_gap, steepness
    panels.width = (
        region.width if low_reach == low_room and high_reach == high_room else low_reach + high_reach)
    panels.low_skip = low_skip
    panels.high_skip = high_skip
    # z from the end that is whole, the one closer to 0 if both are
    panels.downwards = high_skip == 0.0 and (low_skip > 0.0 or absolute(region.high) < absolute(region.low))
    panels.origin = region.high if panels.downwards else region.low if low_skip == 0.0 else peak - low_reach
    # at the barrier a layer in which exp(-2 L D/v) comes and goes
    panels.equal = panels.width
    barrier_gap = region.barrier_gap / payment.deviation + (low_skip if payment.eta > 0.0 else high_skip)
    if payment.survives and 2.0 * barrier_gap * payment.distance < LEFT_OUT:
        steepness = 2.0 * payment.distance + absolute(
            (region.low + low_skip if payment.eta > 0.0 else region.high - high_skip) - payment.centre)
        if steepness * panels.width > STEEPEST_PANEL:
            panels.equal = panels.width - LEFT_OUT / steepness
    panels.count = <int> at_most(panels.equal / WIDEST_PANEL, MOST_PANELS) + 1


cdef inline void integrand(
    const Region* region, const Payment* payment, const Panels* panels, int panel, Nodes* nodes,
) noexcept nogil:
    """The integrand at the nodes of a panel, weights included."""
    cdef int i
    cdef double eta = payment.eta, deviation = payment.deviation
    cdef double step, near, far, from_low, from_high, z, up, down, paid, density, c, e, touched, centred, weight
    # away from the barrier's end, and from the opposite one
    step = panels.equal / panels.count if panel < panels.count else panels.width - panels.equal
    far = panel * (panels.equal / panels.count)
    near = 0.0 if panel == panels.count else (
        panels.width - panels.equal if panel == panels.count - 1 else panels.width - (far + step))
    from_low = near if eta > 0.0 else far
    from_high = far if eta > 0.0 else near
    for i in range(NODES):
        up = from_low + step * NODE[i]
        down = from_high + step * NODE[NODES - 1 - i]
        z = panels.origin - down if panels.downwards else panels.origin + up
        up += panels.low_skip
        down += panels.high_skip
        paid = -expm1(-(region.strike_gap + deviation * (up if payment.side > 0.0 else down)))
        paid = paid if payment.grows else 1.0
        c = eta * 2.0 * (region.barrier_gap / deviation + (up if eta > 0.0 else down)) if eta != 0.0 else 0.0
        e = c * (eta * payment.distance)
        centred = z - payment.centre
        density = payment.amount * exp(-0.5 * centred * centred - (0.0 if payment.survives else e)) * paid
        touched = -expm1(-e)
        nodes.z[i] = z
        nodes.c[i] = c
        nodes.density[i] = density * touched if payment.survives else density
        nodes.touched[i] = density * (touched - 1.0) if payment.survives else 0.0
    for i in range(NODES):
        weight = NODE_WEIGHT[i if i < NODES / 2 else NODES - 1 - i] * step * ONE_OVER_SQRT_TWO_PI
        nodes.density[i] *= weight
        nodes.touched[i] *= weight


cdef inline void add_first_order(
    const Payment* payment, const Nodes* nodes, double[INTEGRALS][NODES] part,
) noexcept nogil:
    cdef int i
    cdef double z, c, f, t, e, p, a, d = payment.eta * payment.distance
    for i in range(NODES):
        z = nodes.z[i]
        c = nodes.c[i]
        f = nodes.density[i]
        t = nodes.touched[i]
        e = c * d
        a = z if payment.survives else z - c
        p = 0.5 * (z * z - payment.deviation * z - 1.0) + (0.0 if payment.survives else e)
        part[ALL_M][i] += z * f
        part[ALL_X][i] += a * f - c * t
        part[ALL_XX][i] += (a * a - 1.0) * f + c * (c - 2.0 * a) * t
        part[ALL_V][i] += p * f + e * t


cdef inline void add_second_order(
    const Payment* payment, const Nodes* nodes, double[INTEGRALS][NODES] part,
) noexcept nogil:
    cdef int i
    cdef double z, c, f, t, e, p, a, square, p_x, p_v, half = 0.5 * payment.deviation
    cdef double d = payment.eta * payment.distance
    for i in range(NODES):
        z = nodes.z[i]
        c = nodes.c[i]
        f = nodes.density[i]
        t = nodes.touched[i]
        e = c * d
        a = z if payment.survives else z - c
        square = a * a
        p = 0.5 * (z * z - payment.deviation * z - 1.0) + (0.0 if payment.survives else e)
        p_x = (half - z) + (0.0 if payment.survives else c)
        p_v = 0.5 - (z - half) * (z - half) - (0.0 if payment.survives else 2.0 * e)
        part[ALL_XXX][i] += a * (square - 3.0) * f - c * (3.0 * (square - 1.0) - c * (3.0 * a - c)) * t
        part[ALL_XXXX][i] += (square * (square - 6.0) + 3.0) * f - c * (
            4.0 * a * (square - 3.0) - c * (6.0 * (square - 1.0) - c * (4.0 * a - c))) * t
        part[ALL_XV][i] += (a * p + p_x) * f + (a * e - c * p - c * e + c) * t
        part[ALL_XXV][i] += ((square - 1.0) * p + 2.0 * a * p_x + 1.0) * f + (
            c * (c - 2.0 * a) * p + ((a - c) * (a - c) - 1.0) * e + 2.0 * c * (a - p_x - c)) * t
        part[ALL_VV][i] += (p * p + p_v) * f + e * (2.0 * p + e - 2.0) * t


cdef inline void integrate(int order, const Region* region, const Payment* payment, double* sums) noexcept nogil:
    """The integrals over a region."""
    cdef Panels panels
    cdef Nodes nodes
    cdef double part[INTEGRALS][NODES]
    cdef int i, panel, place, integrals = INTEGRALS if order == 2 else ALL_XXX if order == 1 else 1
    for place in range(INTEGRALS):
        sums[place] = 0.0
        for i in range(NODES):
            part[place][i] = 0.0
    lay_panels(region, payment, &panels)
    if not panels.width > 0.0:
        return
    for panel in range(panels.count if panels.equal == panels.width else panels.count + 1):
        integrand(region, payment, &panels, panel, &nodes)
        for i in range(NODES):
            part[ALL][i] += nodes.density[i]
        if order >= 1:
            add_first_order(payment, &nodes, part)
        if order >= 2:
            add_second_order(payment, &nodes, part)
    for place in range(integrals):
        for i in range(NODES / 2):
            part[place][i] += part[place][i + NODES / 2]
        for i in range(NODES / 4):
            part[place][i] += part[place][i + NODES / 4]
        for i in range(NODES / 4):
            sums[place] += part[place][i]


cdef inline void add_integral(
    int order, const Region* region, const Payment* payment, double vol, double expiry, Jet* jet,
) noexcept nogil:
    """Add what `integrate` finds."""
    cdef double sums[INTEGRALS]
    cdef double inverse = 1.0 / payment.deviation, steep = inverse * inverse, sigma = 2.0 / vol
    apart(integrate)(order, region, payment, sums)
    jet.value += sums[ALL]
    if order >= 1:
        jet.x += inverse * sums[ALL_X]
        jet.xx += steep * sums[ALL_XX]
        jet.sigma += sigma * sums[ALL_V]
        jet.r += expiry * (inverse * sums[ALL_M] - sums[ALL])
        jet.q -= expiry * inverse * sums[ALL_M]
        if order >= 2:
            jet.xxx += inverse * steep * sums[ALL_XXX]
            jet.xxxx += steep * steep * sums[ALL_XXXX]
            jet.x_sigma += sigma * inverse * sums[ALL_XV]
            jet.xx_sigma += sigma * steep * sums[ALL_XXV]
            jet.sigma_sigma += 0.5 * sigma * sigma * sums[ALL_V] + sigma * sigma * sums[ALL_VV]
