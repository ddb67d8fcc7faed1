# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Greeks of soft barriers: the mean, over the range, of the Greeks of hard ones.

With spot S inside the range, the levels that it has passed are knocked and the others alive. The price is continuous
where the two meet, but delta jumps there by g(S), so that to the mean of gamma comes g/(upper - lower) - against the
sign of a barrier above - and to those of speed, zomma and color what derivatives of that give:

    speed:  (gamma jump + dg/dS)/(upper - lower),    zomma and color:  the jumps of vanna and charm.

dg/dS is a difference of eighth order, at steps of a fiftieth of a standard deviation: good to some 1e-11 of it.
"""

from shortgamma.kernels.barrier._option cimport (
    CHARM, COLOR, DELTA, GAMMA, SECOND_ORDER, SPEED, UP, VANNA, ZOMMA, Option,
)
from shortgamma.kernels.barrier.single cimport apart, careful
from shortgamma.kernels.barrier.soft cimport Range
from shortgamma.kernels.numeric.vecmath cimport at_most, square_root


cdef inline void hard(int order, const Range* levels, double spot, double level, double* out) noexcept nogil:
    """Greeks with all of the range at one level."""
    cdef Option option = levels.option
    option.spot = spot
    option.barrier = level
    apart(careful)(order, &option, out)


cdef inline double delta_jump(const Range* levels, double spot) noexcept nogil:
    """By how much delta at the barrier, on the living side, exceeds that beyond it."""
    cdef double alive[SECOND_ORDER]
    cdef double beyond[SECOND_ORDER]
    hard(1, levels, spot, spot, alive)
    hard(1, levels, spot, 0.5 * spot if levels.option.kind & UP else 2.0 * spot, beyond)
    return alive[DELTA] - beyond[DELTA]


cdef inline void add_jumps(int order, const Range* levels, double* out) noexcept nogil:
    """What the level at the spot adds."""
    cdef double spot = levels.option.spot, h
    cdef double share = (-1.0 if levels.option.kind & UP else 1.0) / (levels.upper - levels.lower)
    cdef double alive[SECOND_ORDER]
    cdef double beyond[SECOND_ORDER]
    hard(2, levels, spot, spot, alive)
    hard(2, levels, spot, 0.5 * spot if levels.option.kind & UP else 2.0 * spot, beyond)
    out[GAMMA] += share * (alive[DELTA] - beyond[DELTA])
    if order == 1:
        return
    h = 0.02 * spot * at_most(levels.option.vol * square_root(levels.option.expiry), 1.0)
    out[ZOMMA] += share * (alive[VANNA] - beyond[VANNA])
    out[COLOR] += share * (alive[CHARM] - beyond[CHARM])
    out[SPEED] += share * (alive[GAMMA] - beyond[GAMMA])
    if h > 0.0:
        out[SPEED] += share / h * (
            4.0 / 5.0 * (delta_jump(levels, spot + h) - delta_jump(levels, spot - h))
            - 1.0 / 5.0 * (delta_jump(levels, spot + 2.0 * h) - delta_jump(levels, spot - 2.0 * h))
            + 4.0 / 105.0 * (delta_jump(levels, spot + 3.0 * h) - delta_jump(levels, spot - 3.0 * h))
            - 1.0 / 280.0 * (delta_jump(levels, spot + 4.0 * h) - delta_jump(levels, spot - 4.0 * h)))
