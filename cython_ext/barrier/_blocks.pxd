# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Single-barrier options and binaries by blocks of lanes: straight-line formulas for all lanes of a block, which are
made of the same terms, and the careful routine for what is not ordinary."""

cimport numpy as cnp

cimport shortgamma.kernels.barrier.single as formula
cimport shortgamma.kernels.barrier.binary as binary
from cython_ext._loop.blocks cimport (
    INVALID, LANES, Status, load, load_codes, padded, status_raise, status_restore, status_save,
)

cdef enum:
    INPUTS = 9
    CHUNK = 1024

cdef struct Output:
    # the place of the only output that a ufunc has
    int place

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
    cdef double paying = 1.0 if terms & (formula.E | formula.F) else 0.0
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
    if terms == formula.A:
        # a knock-in beyond its barrier too, of which the weights do not know
        a = 1.0
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
        v[formula.V][i] = formula.not_negative(v[formula.V][i], o.rebate[i] * paying)
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
    # with the rebate: beside a large one it does not matter what cancels
    for i in range(whole):
        o.cancelled[i] = formula.cancels(v[formula.V][i], size[i])
    for i in range(whole):
        cancelled |= o.cancelled[i] != 0.0
    finish_all(order, whole, o, v)
    return cancelled != 0


cdef inline void add_half(
    int order, bint asset, Py_ssize_t whole, const double* weight, const double* side, const double* d1,
    const double* deviation, const double* inverse, const double* full, const double* cash, const double* density,
    const double* level, double[formula.SUMS][LANES] sums, double* size,
) noexcept nogil:
    cdef Py_ssize_t i
    if asset:
        for i in range(whole):
            binary.asset_leg(
                order, weight[i], side[i], d1[i], deviation[i], inverse[i], full[i], density[i],
                &sums[0][i], &sums[1][i], &sums[2][i], &sums[3][i], &sums[4][i], &size[i])
    else:
        for i in range(whole):
            formula.cash_leg(
                order, weight[i], side[i], d1[i] - deviation[i], inverse[i], cash[i], density[i] / level[i],
                &sums[0][i], &sums[1][i], &sums[2][i], &sums[3][i], &sums[4][i], &size[i])


cdef inline bint living_binaries(int order, int terms, Py_ssize_t whole, Lanes* o) noexcept nogil:
    """Binaries of the same terms, their amount in the place of the rebate; E tells that they pay in the asset."""
    cdef Py_ssize_t i
    cdef int place
    cdef long long cancelled = 0
    cdef bint asset = terms & formula.E != 0
    cdef double amount, root, first, second, alpha_first, alpha_second, density
    cdef double a[LANES]
    cdef double b[LANES]
    cdef double c[LANES]
    cdef double d[LANES]
    cdef double phi[LANES]
    cdef double eta[LANES]
    cdef double side_b[LANES]
    cdef double h[LANES]
    cdef double k[LANES]
    cdef double s[LANES]
    cdef double inverse[LANES]
    cdef double shift[LANES]
    cdef double two_mu[LANES]
    cdef double full[LANES]
    cdef double discount[LANES]
    cdef double image[LANES]
    cdef double full_image[LANES]
    cdef double cash_image[LANES]
    cdef double away[LANES]
    cdef double fade[LANES]
    cdef double size[LANES]
    cdef double x[formula.SUMS][LANES]
    cdef double y[formula.SUMS][LANES]
    cdef double v[formula.DERIVATIVES][LANES]

    for i in range(whole):
        formula.prepare(
            o.spot[i], o.strike[i], o.barrier[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i],
            &h[i], &k[i], &s[i], &inverse[i], &shift[i], &two_mu[i], &full[i], &discount[i])
    for i in range(whole):
        binary.weights_of(o.kind[i], o.strike[i], o.barrier[i], &a[i], &b[i], &c[i], &d[i], &side_b[i])
        a[i] *= o.rebate[i]
        b[i] *= o.rebate[i]
        c[i] *= o.rebate[i]
        d[i] *= o.rebate[i]
        phi[i] = formula.phi_of(o.kind[i])
        eta[i] = formula.eta_of(o.kind[i])
    for i in range(whole):
        size[i] = 0.0
    for place in range(formula.SUMS):
        for i in range(whole):
            x[place][i] = 0.0
            y[place][i] = 0.0
    if terms & formula.A:
        for i in range(whole):
            away[i] = k[i] * inverse[i] + shift[i]
            fade[i] = formula.density_at(k[i], inverse[i], shift[i], full[i])
        add_half(order, asset, whole, a, phi, away, s, inverse, full, discount, fade, o.strike, x, size)
    if terms & (formula.C | formula.D):
        for i in range(whole):
            image[i] = formula.image_factor(h[i], two_mu[i])
            full_image[i] = formula.image_asset(full[i], image[i], o.barrier[i], o.spot[i])
            cash_image[i] = discount[i] * image[i]
    if terms & formula.C:
        for i in range(whole):
            away[i] = (k[i] - 2.0 * h[i]) * inverse[i] + shift[i]
            fade[i] = formula.density_of_image(h[i], k[i], inverse[i], shift[i], full[i])
        add_half(order, asset, whole, c, eta, away, s, inverse, full_image, cash_image, fade, o.strike, y, size)
    if terms & (formula.B | formula.D):
        for i in range(whole):
            away[i] = h[i] * inverse[i] + shift[i]
            fade[i] = formula.density_at(h[i], inverse[i], shift[i], full[i])
        add_half(order, asset, whole, b, side_b, away, s, inverse, full, discount, fade, o.barrier, x, size)
        for i in range(whole):
            away[i] = shift[i] - h[i] * inverse[i]
        add_half(order, asset, whole, d, eta, away, s, inverse, full_image, cash_image, fade, o.barrier, y, size)
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
            amount = o.rebate[i] * o.barrier[i] if asset else o.rebate[i]
            formula.rebate_terms(
                h[i], o.vol[i], s[i], o.rate[i], o.rate[i] - o.dividend[i], eta[i],
                &root, &first, &second, &alpha_first, &alpha_second, &density)
            formula.rebate_at_hit(
                order, amount, h[i], o.vol[i], s[i], o.rate[i], o.rate[i] - o.dividend[i], eta[i],
                root, first, second, alpha_first, alpha_second, density,
                &v[formula.V][i], &v[formula.V_X][i], &v[formula.V_XX][i],
                &v[formula.V_SIGMA][i], &v[formula.V_R][i], &v[formula.V_Q][i],
                &v[formula.V_XXX][i], &v[formula.V_XXXX][i], &v[formula.V_X_SIGMA][i], &v[formula.V_XX_SIGMA][i],
                &v[formula.V_SIGMA_SIGMA][i])
    finish_all(order, whole, o, v)
    return cancelled != 0


cdef inline void finish_all(int order, Py_ssize_t whole, Lanes* o, double[formula.DERIVATIVES][LANES] v) noexcept nogil:
    cdef Py_ssize_t i
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


cdef inline void sort_block(Lanes* o, Py_ssize_t whole, int* sorts) noexcept nogil:
    """What each option is made of, as a number below TERMS, or TERMS itself if it is not ordinary."""
    cdef Py_ssize_t i
    cdef double side, inside
    for i in range(whole):
        side = formula.side_of(o.spot[i], o.barrier[i], o.kind[i])
        inside = formula.in_of(o.kind[i])
        sorts[i] = formula.terms_of(o.kind[i], o.strike[i], o.barrier[i], o.rebate[i])
        sorts[i] = formula.A if (inside if side < 0.0 else 0.0) != 0.0 else sorts[i]
        sorts[i] = sorts[i] if formula.ordinary(
            o.spot[i], o.strike[i], o.barrier[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i], o.rebate[i],
            formula.absolute(side) if inside != 0.0 else side, o.kind[i]) != 0.0 else formula.TERMS


cdef inline void sort_binaries(Lanes* o, Py_ssize_t whole, int* sorts) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(whole):
        sorts[i] = binary.terms_of(o.kind[i], o.strike[i], o.barrier[i], o.rebate[i])
        sorts[i] = sorts[i] if formula.ordinary(
            o.spot[i], o.strike[i], o.barrier[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i], o.rebate[i],
            formula.side_of(o.spot[i], o.barrier[i], o.kind[i]), binary.plain_kind(o.kind[i])) != 0.0 else formula.TERMS


cdef inline void read_block(
    Lanes* o, char** args, cnp.npy_intp* steps, Py_ssize_t begin, Py_ssize_t lanes,
) noexcept nogil:
    load(o.spot, args[0] + begin * steps[0], steps[0], lanes)
    load(o.strike, args[1] + begin * steps[1], steps[1], lanes)
    load(o.barrier, args[2] + begin * steps[2], steps[2], lanes)
    load(o.vol, args[3] + begin * steps[3], steps[3], lanes)
    load(o.expiry, args[4] + begin * steps[4], steps[4], lanes)
    load(o.rate, args[5] + begin * steps[5], steps[5], lanes)
    load(o.dividend, args[6] + begin * steps[6], steps[6], lanes)
    load(o.rebate, args[7] + begin * steps[7], steps[7], lanes)
    load_codes(o.kind, args[8] + begin * steps[8], steps[8], lanes)


cdef inline void put(char* target, Py_ssize_t stride, const double* block, Py_ssize_t count) noexcept nogil:
    """Store without signs of zero."""
    cdef Py_ssize_t i
    if stride == sizeof(double) and count == LANES:
        for i in range(LANES):
            (<double*> target)[i] = block[i] + 0.0
    else:
        for i in range(count):
            (<double*> (target + i * stride))[0] = block[i] + 0.0


cdef inline void collect(
    Lanes* o, char** args, cnp.npy_intp* steps, Py_ssize_t begin, const short* places, Py_ssize_t lanes,
) noexcept nogil:
    """The options at these places, and copies of the last of them behind, up to a whole number of groups."""
    cdef Py_ssize_t i, place
    for i in range(padded(lanes)):
        place = begin + places[i if i < lanes else lanes - 1]
        o.spot[i] = (<double*> (args[0] + place * steps[0]))[0]
        o.strike[i] = (<double*> (args[1] + place * steps[1]))[0]
        o.barrier[i] = (<double*> (args[2] + place * steps[2]))[0]
        o.vol[i] = (<double*> (args[3] + place * steps[3]))[0]
        o.expiry[i] = (<double*> (args[4] + place * steps[4]))[0]
        o.rate[i] = (<double*> (args[5] + place * steps[5]))[0]
        o.dividend[i] = (<double*> (args[6] + place * steps[6]))[0]
        o.rebate[i] = (<double*> (args[7] + place * steps[7]))[0]
        o.kind[i] = (<signed char*> (args[8] + place * steps[8]))[0]


cdef inline void sort_any(bint binaries, Lanes* o, Py_ssize_t whole, int* sorts) noexcept nogil:
    if binaries:
        sort_binaries(o, whole, sorts)
    else:
        sort_block(o, whole, sorts)


cdef inline void in_blocks(
    bint binaries, int order, int outputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only,
) noexcept nogil:
    """spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind -> the first outputs, or only one of them; of
    binaries amount and code in the place of the last two.

    A block of options that are made of the same terms goes as it lies. Where they are not, a chunk is sorted by terms.
    """
    cdef Py_ssize_t count = dimensions[0], begin = 0, size, block, lanes, ordinary, special, i, k, one, row
    cdef int place, target, sort
    cdef int low = (<Output*> only).place if only != NULL else 0, high = low + 1 if only != NULL else outputs
    cdef Lanes o
    cdef int sorts[LANES]
    cdef double numbers[INPUTS]
    cdef double values[formula.SECOND_ORDER]
    cdef double found[formula.SECOND_ORDER][CHUNK]
    cdef double* results
    cdef signed char sort_of[CHUNK]
    cdef short places[CHUNK]
    # those that only the careful routine can do
    cdef short apart[CHUNK]
    cdef Py_ssize_t ends[formula.TERMS + 1]
    cdef int differ, any_special
    cdef bint outside = False, any_cancelled
    cdef Status status = status_save()

    while begin < count:
        size = lanes = min(<Py_ssize_t> LANES, count - begin)
        read_block(&o, args, steps, begin, lanes)
        sort_any(binaries, &o, padded(lanes), sorts)
        one = 0
        while one < lanes - 1 and sorts[one] == formula.TERMS:
            one += 1
        sort = sorts[one]
        differ = any_special = 0
        for i in range(padded(lanes)):
            any_special |= sorts[i] == formula.TERMS
            differ |= (sorts[i] != sort) & (sorts[i] != formula.TERMS)
        special = 0
        if not differ:
            results = &o.out[0][0]
            row = LANES
            ordinary = lanes if sort != formula.TERMS else 0
            if any_special:
                # an ordinary option in the place of a special one, so that hostile numbers stay out of the lanes
                for i in range(padded(lanes)):
                    if sorts[i] == formula.TERMS:
                        formula.substitute(
                            &o.spot[i], &o.strike[i], &o.barrier[i], &o.vol[i], &o.expiry[i], &o.rate[i],
                            &o.dividend[i], &o.rebate[i], o.kind[i])
                        apart[special] = <short> i
                        special += i < lanes
        else:
            results = &found[0][0]
            row = CHUNK
            one = 0
            size = min(<Py_ssize_t> CHUNK, count - begin)
            for sort in range(formula.TERMS + 1):
                ends[sort] = 0
            block = 0
            while block < size:
                if block != 0:
                    lanes = min(<Py_ssize_t> LANES, size - block)
                    read_block(&o, args, steps, begin + block, lanes)
                    sort_any(binaries, &o, padded(lanes), sorts)
                for i in range(lanes):
                    sort_of[block + i] = <signed char> sorts[i]
                    ends[sorts[i]] += 1
                block += lanes
            ordinary = size - ends[formula.TERMS]
            k = 0
            for sort in range(formula.TERMS + 1):
                k += ends[sort]
                ends[sort] = k - ends[sort]
            # the special ones come last, and then each end is one
            for i in range(size):
                places[ends[sort_of[i]]] = <short> i
                ends[sort_of[i]] += 1
            for i in range(ordinary, size):
                apart[special] = places[i]
                special += 1
            sort = 0
        k = 0
        while k < ordinary:
            if differ:
                while ends[sort] <= k:
                    sort += 1
                lanes = min(<Py_ssize_t> LANES, ends[sort] - k)
                collect(&o, args, steps, begin, &places[k], lanes)
            if binaries:
                any_cancelled = living_binaries(order, sort, padded(lanes), &o)
            else:
                any_cancelled = living(order, sort, one, padded(lanes), &o)
            if any_cancelled:
                for i in range(lanes):
                    if o.cancelled[i] != 0.0 and (differ or sorts[i] != formula.TERMS):
                        apart[special] = places[k + i] if differ else <short> i
                        special += 1
            if differ:
                for place in range(low, high):
                    for i in range(lanes):
                        found[place][places[k + i]] = o.out[place][i]
            k += lanes
        for k in range(special):
            i = apart[k]
            for place in range(INPUTS - 1):
                numbers[place] = (<double*> (args[place] + (begin + i) * steps[place]))[0]
            sort = (<signed char*> (args[INPUTS - 1] + (begin + i) * steps[INPUTS - 1]))[0]
            if binaries:
                outside |= not formula.apart(binary.value)(
                    order, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6],
                    numbers[7], sort, values)
            else:
                outside |= not formula.apart(formula.careful)(
                    order, numbers[0], numbers[1], numbers[2], numbers[3], numbers[4], numbers[5], numbers[6],
                    numbers[7], sort, values)
            for place in range(low, high):
                results[place * row + i] = values[place]
        # nothing is stored before all of it is read: an output may be an input
        for place in range(low, high):
            target = INPUTS + place - low
            block = 0
            while block < size:
                lanes = min(<Py_ssize_t> LANES, size - block)
                put(args[target] + (begin + block) * steps[target], steps[target], results + place * row + block, lanes)
                block += LANES
        begin += size
    status_restore(status)
    status_raise(INVALID if outside else 0)
