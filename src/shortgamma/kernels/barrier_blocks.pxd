# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Single-barrier options by blocks of lanes: what the loops share that need many of their prices."""

cimport shortgamma.kernels.barrier as formula
from shortgamma.kernels.blocks cimport LANES

cdef struct Lanes:
    double spot[LANES]
    double strike[LANES]
    double barrier[LANES]
    double vol[LANES]
    double expiry[LANES]
    double rate[LANES]
    double dividend[LANES]
    double rebate[LANES]
    int kind[LANES]
    double out[formula.SECOND_ORDER][LANES]
    # 1 where too little is left of the terms
    double cancelled[LANES]


cdef inline bint living(int order, int terms, Py_ssize_t one, Py_ssize_t whole, Lanes* o) noexcept nogil:
    """Options that are made of the same terms, as the lane `one` is; whether any has cancelled."""
    cdef Py_ssize_t i
    cdef int place
    cdef long long cancelled = 0
    cdef double a, b, c, d, paid, side, turn, root, first, second, alpha_first, alpha_second, density
    # what the legs share
    cdef double h[LANES]
    cdef double k[LANES]
    cdef double s[LANES]
    cdef double inverse[LANES]
    cdef double shift[LANES]
    cdef double two_mu[LANES]
    cdef double asset[LANES]
    cdef double cash[LANES]
    cdef double discount[LANES]
    cdef double level[LANES]
    cdef double image[LANES]
    cdef double asset_image[LANES]
    cdef double at_barrier[LANES]
    cdef double size[LANES]
    cdef double x[formula.SUMS][LANES]
    cdef double y[formula.SUMS][LANES]
    cdef double v[formula.DERIVATIVES][LANES]

    formula.weights(o.kind[one], o.strike[one], o.barrier[one], &a, &b, &c, &d)
    for i in range(whole):
        formula.prepare(
            o.spot[i], o.strike[i], o.barrier[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i],
            &h[i], &k[i], &s[i], &inverse[i], &shift[i], &two_mu[i], &asset[i], &discount[i])
    for i in range(whole):
        cash[i] = o.strike[i] * discount[i]
    if terms & (formula.B | formula.D):
        for i in range(whole):
            level[i] = o.strike[i] / o.barrier[i]
    if terms & (formula.B | formula.D | formula.E):
        for i in range(whole):
            at_barrier[i] = formula.density_at(h[i], inverse[i], shift[i], asset[i])
    if terms & (formula.C | formula.D | formula.E):
        for i in range(whole):
            image[i] = formula.image_factor(h[i], two_mu[i])
            asset_image[i] = formula.image_asset(asset[i], image[i], o.barrier[i], o.spot[i])
    for i in range(whole):
        size[i] = 0.0
    for place in range(formula.SUMS):
        for i in range(whole):
            x[place][i] = 0.0
            y[place][i] = 0.0
    if terms & formula.A:
        for i in range(whole):
            side = formula.phi_of(o.kind[i])
            formula.leg(
                order, a * side, side, k[i] * inverse[i] + shift[i], s[i], inverse[i], asset[i], cash[i],
                formula.density_at(k[i], inverse[i], shift[i], asset[i]), 1.0,
                &x[0][i], &x[1][i], &x[2][i], &x[3][i], &x[4][i], &size[i])
    if terms & formula.B:
        for i in range(whole):
            side = formula.phi_of(o.kind[i])
            formula.leg(
                order, b * side, side, h[i] * inverse[i] + shift[i], s[i], inverse[i], asset[i], cash[i],
                at_barrier[i], level[i], &x[0][i], &x[1][i], &x[2][i], &x[3][i], &x[4][i], &size[i])
    if terms & formula.C:
        for i in range(whole):
            formula.leg(
                order, c * formula.phi_of(o.kind[i]), formula.eta_of(o.kind[i]),
                (k[i] - 2.0 * h[i]) * inverse[i] + shift[i], s[i], inverse[i], asset_image[i], cash[i] * image[i],
                formula.density_of_image(h[i], k[i], inverse[i], shift[i], asset[i]), 1.0,
                &y[0][i], &y[1][i], &y[2][i], &y[3][i], &y[4][i], &size[i])
    if terms & formula.D:
        for i in range(whole):
            formula.leg(
                order, d * formula.phi_of(o.kind[i]), formula.eta_of(o.kind[i]), shift[i] - h[i] * inverse[i], s[i],
                inverse[i], asset_image[i], cash[i] * image[i], at_barrier[i], level[i],
                &y[0][i], &y[1][i], &y[2][i], &y[3][i], &y[4][i], &size[i])
    if terms & formula.E:
        for i in range(whole):
            side = formula.eta_of(o.kind[i])
            turn = formula.turn_of(o.kind[i])
            paid = at_barrier[i] / o.barrier[i]
            formula.cash_leg(
                order, o.rebate[i], side * turn, h[i] * inverse[i] + shift[i] - s[i], inverse[i], discount[i], paid,
                &x[0][i], &x[1][i], &x[2][i], &x[3][i], &x[4][i], &size[i])
            formula.cash_leg(
                order, -o.rebate[i] * turn, side, shift[i] - h[i] * inverse[i] - s[i], inverse[i],
                discount[i] * image[i], paid, &y[0][i], &y[1][i], &y[2][i], &y[3][i], &y[4][i], &size[i])
    for i in range(whole):
        formula.combine(
            order, h[i], o.vol[i], o.expiry[i], o.rate[i] - o.dividend[i], two_mu[i],
            x[0][i], x[1][i], x[2][i], x[3][i], x[4][i], y[0][i], y[1][i], y[2][i], y[3][i], y[4][i],
            &v[formula.V][i], &v[formula.V_X][i], &v[formula.V_XX][i],
            &v[formula.V_SIGMA][i], &v[formula.V_R][i], &v[formula.V_Q][i],
            &v[formula.V_XXX][i], &v[formula.V_XXXX][i], &v[formula.V_X_SIGMA][i], &v[formula.V_XX_SIGMA][i],
            &v[formula.V_SIGMA_SIGMA][i])
        o.cancelled[i] = formula.cancels(v[formula.V][i], size[i])
        v[formula.V][i] = formula.not_negative(v[formula.V][i], o.rebate[i])
    for i in range(whole):
        cancelled |= o.cancelled[i] != 0.0
    if terms & formula.F:
        for i in range(whole):
            side = formula.eta_of(o.kind[i])
            formula.rebate_terms(
                h[i], o.vol[i], s[i], o.rate[i], o.rate[i] - o.dividend[i], side,
                &root, &first, &second, &alpha_first, &alpha_second, &density)
            formula.rebate_at_hit(
                order, o.rebate[i], h[i], o.vol[i], s[i], o.rate[i], o.rate[i] - o.dividend[i], side,
                root, first, second, alpha_first, alpha_second, density,
                &v[formula.V][i], &v[formula.V_X][i], &v[formula.V_XX][i],
                &v[formula.V_SIGMA][i], &v[formula.V_R][i], &v[formula.V_Q][i],
                &v[formula.V_XXX][i], &v[formula.V_XXXX][i], &v[formula.V_X_SIGMA][i], &v[formula.V_XX_SIGMA][i],
                &v[formula.V_SIGMA_SIGMA][i])
    for i in range(whole):
        o.out[formula.PRICE][i] = v[formula.V][i]
    if order >= 1:
        for i in range(whole):
            formula.finish(
                order, o.spot[i], o.vol[i], o.rate[i], o.rate[i] - o.dividend[i],
                v[formula.V][i], v[formula.V_X][i], v[formula.V_XX][i],
                v[formula.V_SIGMA][i], v[formula.V_R][i], v[formula.V_Q][i],
                v[formula.V_XXX][i], v[formula.V_XXXX][i], v[formula.V_X_SIGMA][i], v[formula.V_XX_SIGMA][i],
                v[formula.V_SIGMA_SIGMA][i],
                &o.out[formula.DELTA][i], &o.out[formula.GAMMA][i], &o.out[formula.VEGA][i], &o.out[formula.THETA][i],
                &o.out[formula.RHO][i], &o.out[formula.RHO_DIVIDEND][i], &o.out[formula.VANNA][i],
                &o.out[formula.VOLGA][i], &o.out[formula.CHARM][i], &o.out[formula.SPEED][i],
                &o.out[formula.ZOMMA][i], &o.out[formula.COLOR][i], &o.out[formula.VETA][i])
    return cancelled != 0


cdef inline void sort_block(Lanes* o, Py_ssize_t whole, int* sorts) noexcept nogil:
    """What each option is made of, as a number below TERMS, or TERMS itself if it is not ordinary."""
    cdef Py_ssize_t i
    cdef double sort
    for i in range(whole):
        sort = formula.terms_of(o.kind[i], o.strike[i], o.barrier[i], o.rebate[i])
        sorts[i] = <int> (sort if formula.ordinary(
            o.spot[i], o.strike[i], o.barrier[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i], o.rebate[i],
            o.kind[i]) != 0.0 else <double> formula.TERMS)
