# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""What is left of a barrier option where its terms A to F cancel: integrals of nothing but positive numbers.

Letters as in `barrier`; y = ln S_T, z = (y - x - m)/s, x = ln S, m = (r - q - sigma^2/2) T, v = s^2, D = x - ln H,
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

from shortgamma.kernels.numeric.vecmath cimport ONE_OVER_SQRT_TWO_PI, absolute, at_most, exp, expm1, square_root

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

cdef struct Region:
    # the y that pay: both ends as z, one of them may be infinite, and their distance
    double low
    double high
    double width
    # ln(S_T/K), without its sign, at the finite end that the payoff is measured from: the lower one of a call
    double gap
    # L, without its sign, at the end on the side of the barrier; where that does not matter, 0
    double beyond


cdef inline double within_reach(double steepness) noexcept nogil:
    """Where exp(-steepness d - d^2/2) is all but nothing."""
    return 2.0 * LEFT_OUT / (steepness + square_root(steepness * steepness + 2.0 * LEFT_OUT))


cdef inline void integrate(
    int order, const Region* region, bint killed, bint spread, double side, double eta, double amount, double centre,
    double distance, double deviation, double* sums,
) noexcept nogil:
    """Add the integrals of amount phi(z - centre) over a region, less what touched the barrier if killed, or what
    touched it only.

    spread: what is paid is (1 - exp(-gap)) of the amount, the gap growing upwards if side is 1, else downwards.
    eta is 1 if the barrier lies below, -1 if above, 0 for the plain integral; distance is D/s, without its sign.
    """
    cdef double d = eta * distance, half = 0.5 * deviation
    cdef double peak = centre if killed else centre - 2.0 * d
    cdef bint below = peak <= region.low, above = peak >= region.high, downwards
    cdef double low_room = 0.0 if below else region.width if above else peak - region.low
    cdef double high_room = 0.0 if above else region.width if below else region.high - peak
    cdef double low_reach = at_most(within_reach(peak - region.high if above else 0.0), low_room)
    cdef double high_reach = at_most(within_reach(region.low - peak if below else 0.0), high_room)
    cdef bint whole = low_reach == low_room and high_reach == high_room
    cdef double width = region.width if whole else low_reach + high_reach
    cdef double low_skip = low_room - low_reach, high_skip = high_room - high_reach
    cdef double rest, step, skip, near, far, steep, from_low, from_high, origin
    cdef double z, along, back, reach, pay, base, c, e, touched, zi, zi2, p, g, f, t, bend
    cdef double place[NODES]
    cdef double turn[NODES]
    cdef double density[NODES]
    cdef double lost[NODES]
    cdef double part[INTEGRALS][NODES]
    cdef int i, k, n, count
    if not width > 0.0:
        return
    # z from the end that is whole, the one closer to 0 if both are
    downwards = high_skip == 0.0 and (low_skip > 0.0 or absolute(region.high) < absolute(region.low))
    origin = region.high if downwards else region.low if low_skip == 0.0 else peak - low_reach
    # at the barrier a layer in which exp(-2 L D/v) comes and goes
    rest = width
    near = region.beyond / deviation + (low_skip if eta > 0.0 else high_skip)
    if killed and 2.0 * near * distance < LEFT_OUT:
        steep = 2.0 * distance + absolute((region.low + low_skip if eta > 0.0 else region.high - high_skip) - centre)
        if steep * width > STEEPEST_PANEL:
            rest = width - LEFT_OUT / steep
    count = <int> at_most(rest / WIDEST_PANEL, MOST_PANELS) + 1
    for n in range(INTEGRALS if order == 2 else ALL_XXX if order == 1 else 1):
        for i in range(NODES):
            part[n][i] = 0.0
    for k in range(count if rest == width else count + 1):
        # away from the barrier's end, and from the other one
        step = rest / count if k < count else width - rest
        far = k * (rest / count)
        near = 0.0 if k == count else width - rest if k == count - 1 else width - (far + step)
        from_low = near if eta > 0.0 else far
        from_high = far if eta > 0.0 else near
        for i in range(NODES):
            along = from_low + step * NODE[i]
            back = from_high + step * NODE[NODES - 1 - i]
            z = origin - back if downwards else origin + along
            along += low_skip
            back += high_skip
            reach = along if side > 0.0 else back
            pay = -expm1(-(region.gap + deviation * reach)) if spread else 1.0
            reach = along if eta > 0.0 else back
            c = eta * 2.0 * (region.beyond / deviation + reach) if eta != 0.0 else 0.0
            e = c * d
            bend = z - centre
            base = amount * exp(-0.5 * bend * bend - (0.0 if killed else e)) * pay
            touched = -expm1(-e)
            place[i] = z
            turn[i] = c
            density[i] = base * touched if killed else base
            lost[i] = base * (touched - 1.0) if killed else 0.0
        for i in range(NODES):
            skip = NODE_WEIGHT[i if i < NODES / 2 else NODES - 1 - i] * step * ONE_OVER_SQRT_TWO_PI
            density[i] *= skip
            lost[i] *= skip
        for i in range(NODES):
            part[ALL][i] += density[i]
        if order >= 1:
            for i in range(NODES):
                z = place[i]
                c = turn[i]
                f = density[i]
                t = lost[i]
                e = c * d
                zi = z if killed else z - c
                p = 0.5 * (z * z - deviation * z - 1.0) + (0.0 if killed else e)
                part[ALL_M][i] += z * f
                part[ALL_X][i] += zi * f - c * t
                part[ALL_XX][i] += (zi * zi - 1.0) * f + c * (c - 2.0 * zi) * t
                part[ALL_V][i] += p * f + e * t
        if order >= 2:
            for i in range(NODES):
                z = place[i]
                c = turn[i]
                f = density[i]
                t = lost[i]
                e = c * d
                zi = z if killed else z - c
                zi2 = zi * zi
                p = 0.5 * (z * z - deviation * z - 1.0) + (0.0 if killed else e)
                g = (half - z) + (0.0 if killed else c)
                bend = 0.5 - (z - half) * (z - half) - (0.0 if killed else 2.0 * e)
                part[ALL_XXX][i] += zi * (zi2 - 3.0) * f - c * (3.0 * (zi2 - 1.0) - c * (3.0 * zi - c)) * t
                part[ALL_XXXX][i] += (zi2 * (zi2 - 6.0) + 3.0) * f - c * (
                    4.0 * zi * (zi2 - 3.0) - c * (6.0 * (zi2 - 1.0) - c * (4.0 * zi - c))) * t
                part[ALL_XV][i] += (zi * p + g) * f + (zi * e - c * p - c * e + c) * t
                part[ALL_XXV][i] += ((zi2 - 1.0) * p + 2.0 * zi * g + 1.0) * f + (
                    c * (c - 2.0 * zi) * p + ((zi - c) * (zi - c) - 1.0) * e + 2.0 * c * (zi - g - c)) * t
                part[ALL_VV][i] += (p * p + bend) * f + e * (2.0 * p + e - 2.0) * t
    for n in range(INTEGRALS if order == 2 else ALL_XXX if order == 1 else 1):
        for i in range(NODES / 2):
            part[n][i] += part[n][i + NODES / 2]
        for i in range(NODES / 4):
            part[n][i] += part[n][i + NODES / 4]
        for i in range(NODES / 4):
            sums[n] += part[n][i]
