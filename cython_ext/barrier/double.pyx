"""Loops of double-barrier options: lanes through the straight-line formulas, the rest one at a time."""

cimport numpy as cnp

cimport shortgamma.kernels.barrier.single as single
cimport shortgamma.kernels.barrier.double as formula
from shortgamma.kernels.barrier._option cimport FIRST_ORDER, PRICE, SECOND_ORDER, Greeks
from shortgamma.kernels.barrier._rebate cimport PI, SMALL_LAMBDA
from shortgamma.kernels.numeric.jets cimport Jet
from shortgamma.kernels.barrier.double cimport (
    DERIVATIVES, V, V_Q, V_R, V_SIGMA, V_SIGMA_SIGMA, V_X, V_XX, V_XXX, V_XXXX, V_XX_SIGMA, V_X_SIGMA,
)
from cython_ext._loop.blocks cimport (
    INVALID, LANES, Status, load, load_codes, padded, status_raise, status_restore, status_save, store,
)
from cython_ext._loop.ufuncs cimport make_ufunc
from shortgamma.kernels.numeric.vecmath cimport exp, square_root

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    INPUTS = 10
    CHUNK = 512
    SORTS = 5

cdef struct Lanes:
    double spot[LANES]
    double strike[LANES]
    double lower[LANES]
    double upper[LANES]
    double vol[LANES]
    double expiry[LANES]
    double rate[LANES]
    double dividend[LANES]
    double rebate[LANES]
    int code[LANES]
    double out[SECOND_ORDER][LANES]


cdef inline void add_image(
    int order, Py_ssize_t whole, Lanes* x, const double* weight, const double* mirror, const double* offset,
    const double* units, const double* cash,
    const double* first, const double* last, const double* first_level, const double* last_level,
    const double* first_density, const double* last_density, const double* full_asset, const double* full_cash,
    const double* s, const double* shift, const double* nu, double[DERIVATIVES][LANES] v,
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(whole):
        formula.image(
            order, weight[i], mirror[i], offset[i], units[i], cash[i], first[i], last[i], first_level[i], last_level[i],
            first_density[i], last_density[i], full_asset[i], full_cash[i], s[i], shift[i], nu[i],
            x.vol[i], x.expiry[i], x.rate[i] - x.dividend[i],
            &v[V][i], &v[V_X][i], &v[V_XX][i], &v[V_SIGMA][i], &v[V_R][i], &v[V_Q][i],
            &v[V_XXX][i], &v[V_XXXX][i], &v[V_X_SIGMA][i], &v[V_XX_SIGMA][i], &v[V_SIGMA_SIGMA][i])


cdef inline void add_hit(
    int order, Py_ssize_t whole, Lanes* x, const double* amount, double upward, const double* below,
    const double* above, const double* kappa, const double* nu, const double* clock,
    double[formula.PARTS][LANES] j, double[DERIVATIVES][LANES] v,
) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(whole):
        formula.settle_hit(
            order, amount[i], above[i] if upward > 0.0 else -below[i], nu[i], kappa[i], x.vol[i], x.expiry[i],
            x.rate[i] - x.dividend[i], clock[i] * x.rate[i] / (x.vol[i] * x.vol[i]), clock[i],
            j[0][i], j[1][i], j[2][i], j[3][i], j[4][i], j[5][i], j[6][i], j[7][i], j[8][i],
            &v[V][i], &v[V_X][i], &v[V_XX][i], &v[V_SIGMA][i], &v[V_R][i], &v[V_Q][i],
            &v[V_XXX][i], &v[V_XXXX][i], &v[V_X_SIGMA][i], &v[V_XX_SIGMA][i], &v[V_SIGMA_SIGMA][i])


cdef inline void living(int order, bint careful, Py_ssize_t whole, Lanes* x) noexcept nogil:
    """Options that are alive; careful, with one lane, those too whose hits want complex numbers."""
    cdef Py_ssize_t i
    cdef int which, n, m, k, place
    # what the series share
    cdef double below[LANES]
    cdef double above[LANES]
    cdef double width[LANES]
    cdef double log_strike[LANES]
    cdef double s[LANES]
    cdef double shift[LANES]
    cdef double nu[LANES]
    cdef double asset[LANES]
    cdef double discount[LANES]
    cdef double few[LANES]
    # the payoff and its ends; the same of what only a knock-in has
    cdef double side[LANES]
    cdef double corridor[LANES]
    cdef double units[LANES]
    cdef double cash[LANES]
    cdef double first[LANES]
    cdef double first_low[LANES]
    cdef double first_high[LANES]
    cdef double first_level[LANES]
    cdef double last[LANES]
    cdef double last_low[LANES]
    cdef double last_high[LANES]
    cdef double last_level[LANES]
    cdef double start[LANES]
    cdef double stop[LANES]
    cdef double start_level[LANES]
    cdef double stop_level[LANES]
    cdef double weight[LANES]
    cdef double first_density[LANES]
    cdef double last_density[LANES]
    # payments at expiry and at the hit
    cdef double late[LANES]
    cdef double zero[LANES]
    cdef double far[LANES]
    cdef double lower_density[LANES]
    cdef double upper_density[LANES]
    cdef double amount[2][LANES]
    cdef double kappa[LANES]
    cdef double clock[LANES]
    cdef double root[LANES]
    cdef double use[LANES]
    # an image
    cdef formula.Image one
    cdef double mirror[LANES]
    cdef double offset[LANES]
    cdef double away[LANES]
    cdef double fade_first[LANES]
    cdef double fade_last[LANES]
    cdef double full_asset[LANES]
    cdef double full_cash[LANES]
    # an eigenfunction: sines and cosines of its multiple of the angles of x and of both ends
    cdef double omega[LANES]
    cdef double decay[LANES]
    cdef double step[LANES]
    cdef double faster[LANES]
    cdef double angle[6][LANES]
    cdef double turned[6][LANES]
    cdef double factor[4][LANES]
    cdef double c[3][LANES]
    cdef double w[formula.PARTS][LANES]
    cdef double j[2][formula.PARTS][LANES]
    cdef double v[DERIVATIVES][LANES]
    cdef double one_hit[formula.PARTS]
    cdef double d, turn, sign, put, gap, upward
    cdef Jet jet
    cdef Greeks greeks
    cdef long long any_option, any_in, any_outer, any_few, any_wave, any_late, any_hit, any_image, any_here, any_full

    for i in range(whole):
        formula.prepare(
            x.spot[i], x.strike[i], x.lower[i], x.upper[i], x.vol[i], x.expiry[i], x.rate[i], x.dividend[i], x.code[i],
            &below[i], &above[i], &width[i], &log_strike[i], &s[i], &shift[i], &nu[i], &asset[i], &discount[i],
            &first[i], &first_low[i], &first_high[i], &first_level[i],
            &last[i], &last_low[i], &last_high[i], &last_level[i])
    any_option = any_in = any_outer = any_few = any_wave = any_late = any_hit = 0
    for i in range(whole):
        few[i] = formula.few_images(s[i], width[i], shift[i])
        side[i] = formula.side_of(x.code[i])
        late[i] = x.rebate[i] * formula.late_of(x.code[i])
        amount[0][i] = x.rebate[i] * formula.hit_lower(x.code[i])
        amount[1][i] = x.rebate[i] * formula.hit_upper(x.code[i])
        clock[i] = 0.0 if x.code[i] & formula.LATE else 1.0
        zero[i] = 0.0
        put = 1.0 if x.code[i] & formula.PUT else 0.0
        units[i] = 1.0 - 2.0 * put
        cash[i] = -units[i] * x.strike[i]
        # exactly nothing, not nearly, where nothing is paid inside of the corridor
        d = x.strike[i] - x.lower[i] if put > 0.0 else x.upper[i] - x.strike[i]
        corridor[i] = side[i] if d > 0.0 else 0.0
        any_few |= few[i] != 0.0
        any_wave |= few[i] == 0.0
        any_option |= side[i] != 0.0
        any_late |= late[i] != 0.0
        any_hit |= (amount[0][i] != 0.0) | (amount[1][i] != 0.0)
        any_outer |= (side[i] < 0.0) & (x.code[i] & formula.KIKO != 0)
        d = x.strike[i] - x.upper[i] if put > 0.0 else x.lower[i] - x.strike[i]
        any_in |= (side[i] < 0.0) & (few[i] != 0.0) & (d > 0.0)
    for place in range(DERIVATIVES):
        for i in range(whole):
            v[place][i] = 0.0
    if any_option:
        # the payoff itself, inside of the corridor or beyond it
        for i in range(whole):
            start[i] = first[i]
            stop[i] = last[i]
            start_level[i] = first_level[i]
            stop_level[i] = last_level[i]
            first_density[i] = formula.end_density(
                first[i], first_level[i], asset[i], s[i], shift[i])
            last_density[i] = formula.end_density(
                last[i], last_level[i], asset[i], s[i], shift[i])
            fade_first[i] = first_density[i]
            fade_last[i] = last_density[i]
            formula.first_image(
                side[i], corridor[i], few[i], x.code[i], below[i], above[i], log_strike[i], x.strike[i],
                x.lower[i], x.upper[i], s[i], shift[i], asset[i],
                &weight[i], &units[i], &cash[i], &start[i], &stop[i], &start_level[i], &stop_level[i],
                &fade_first[i], &fade_last[i])
            mirror[i] = 1.0
        add_image(
            order, whole, x, weight, mirror, zero, units, cash, start, stop, start_level, stop_level,
            fade_first, fade_last, asset, discount, s, shift, nu, v)
        if any_in:
            # a knock-in whose payoff begins before the corridor: from the strike to the corridor
            for i in range(whole):
                start[i] = last[i] if units[i] < 0.0 else log_strike[i]
                stop[i] = log_strike[i] if units[i] < 0.0 else first[i]
                start_level[i] = last_level[i] if units[i] < 0.0 else x.strike[i]
                stop_level[i] = x.strike[i] if units[i] < 0.0 else first_level[i]
                fade_first[i] = formula.end_density(
                    start[i], start_level[i], asset[i], s[i], shift[i])
                fade_last[i] = formula.end_density(
                    stop[i], stop_level[i], asset[i], s[i], shift[i])
                weight[i] = few[i] if x.code[i] & (formula.WHICH | formula.TOUCH) == formula.IN else 0.0
                # exactly nothing, not nearly, elsewhere
                d = x.strike[i] - x.upper[i] if units[i] < 0.0 else x.lower[i] - x.strike[i]
                weight[i] = weight[i] if d > 0.0 else 0.0
            add_image(
                order, whole, x, weight, mirror, zero, units, cash, start, stop, start_level, stop_level,
                fade_first, fade_last, asset, discount, s, shift, nu, v)
        if any_outer:
            for i in range(whole):
                formula.outer_payoff(
                    few[i], x.code[i], below[i], above[i], width[i], log_strike[i], x.strike[i], x.lower[i], x.upper[i],
                    s[i], shift[i], asset[i],
                    &weight[i], &offset[i], &start[i], &stop[i], &start_level[i], &stop_level[i],
                    &fade_first[i], &fade_last[i], &away[i], &far[i])
            add_image(
                order, whole, x, weight, mirror, zero, units, cash, start, stop, start_level, stop_level,
                fade_first, fade_last, asset, discount, s, shift, nu, v)
            for i in range(whole):
                weight[i] = -weight[i]
                mirror[i] = -1.0
                d = (nu[i] + 1.0) * offset[i]
                full_asset[i] = asset[i] * exp(d if d < 1.0 else 1.0)
                d = nu[i] * offset[i]
                full_cash[i] = discount[i] * exp(d if d < 1.0 else 1.0)
            add_image(
                order, whole, x, weight, mirror, offset, units, cash, start, stop, start_level, stop_level,
                away, far, full_asset, full_cash, s, shift, nu, v)
    if any_late:
        for i in range(whole):
            far[i] = -below[i]
            lower_density[i] = formula.end_density(
                far[i], x.lower[i], asset[i], s[i], shift[i])
            upper_density[i] = formula.end_density(
                above[i], x.upper[i], asset[i], s[i], shift[i])
            mirror[i] = 1.0
            # what is paid to those that touched something is paid to all, less what is paid to those that did not
            gap = x.rebate[i] * discount[i] if late[i] * x.rebate[i] < 0.0 else 0.0
            v[V][i] += gap
            v[V_R][i] -= x.expiry[i] * gap
        if any_few:
            for i in range(whole):
                weight[i] = few[i]
            add_image(
                order, whole, x, weight, mirror, zero, zero, late, far, above, x.lower, x.upper,
                lower_density, upper_density, zero, discount, s, shift, nu, v)
    if any_few and (any_option or any_late):
        for which in range(1, formula.IMAGES):
            one = formula.image_number(which)
            any_image = any_here = any_full = 0
            for i in range(whole):
                mirror[i] = one.mirror
                away[i] = formula.image_away(&one, below[i], above[i], width[i])
                offset[i] = 2.0 * one.upward * away[i]
                d = formula.image_fade(&one, away[i], below[i], above[i], width[i], first_low[i], first_high[i], s[i])
                gap = formula.image_fade(&one, away[i], below[i], above[i], width[i], last_low[i], last_high[i], s[i])
                d = d if d < gap else gap
                start[i] = one.mirror * few[i] * corridor[i] if d < formula.NEGLIGIBLE else 0.0
                # the mirror that an option in and out has in its outer barrier is there already
                gap = 1.0 if which == 1 and x.code[i] & formula.WHICH == formula.KOKI else 0.0
                gap = 1.0 if which == 2 and x.code[i] & formula.WHICH == formula.KIKO else gap
                start[i] = start[i] if gap == 0.0 else 0.0
                d = formula.image_fade(&one, away[i], below[i], above[i], width[i], 0.0, width[i], s[i])
                gap = formula.image_fade(&one, away[i], below[i], above[i], width[i], width[i], 0.0, s[i])
                d = d if d < gap else gap
                weight[i] = one.mirror * few[i] if d < formula.NEGLIGIBLE else 0.0
                weight[i] = weight[i] if late[i] != 0.0 else 0.0
                any_here |= start[i] != 0.0
                any_image |= weight[i] != 0.0
                d = -(below[i] + offset[i]) / s[i] - shift[i] - s[i]
                gap = (above[i] - offset[i]) / s[i] - shift[i]
                any_full |= ((weight[i] != 0.0) | (start[i] != 0.0)) & (d <= 0.0) & (gap > 0.0)
            if not (any_image or any_here):
                continue
            for i in range(whole):
                full_asset[i] = 0.0
                full_cash[i] = 0.0
            if any_full:
                for i in range(whole):
                    d = (nu[i] + 1.0) * offset[i]
                    full_asset[i] = asset[i] * exp(d if d < 1.0 else 1.0)
                    d = nu[i] * offset[i]
                    full_cash[i] = discount[i] * exp(d if d < 1.0 else 1.0)
            if any_here:
                for i in range(whole):
                    fade_first[i] = first_density[i] * exp(-formula.image_fade(
                        &one, away[i], below[i], above[i], width[i], first_low[i], first_high[i], s[i]))
                    fade_last[i] = last_density[i] * exp(-formula.image_fade(
                        &one, away[i], below[i], above[i], width[i], last_low[i], last_high[i], s[i]))
                add_image(
                    order, whole, x, start, mirror, offset, units, cash, first, last, first_level, last_level,
                    fade_first, fade_last, full_asset, full_cash, s, shift, nu, v)
            if any_image:
                for i in range(whole):
                    fade_first[i] = lower_density[i] * exp(-formula.image_fade(
                        &one, away[i], below[i], above[i], width[i], 0.0, width[i], s[i]))
                    fade_last[i] = upper_density[i] * exp(-formula.image_fade(
                        &one, away[i], below[i], above[i], width[i], width[i], 0.0, s[i]))
                add_image(
                    order, whole, x, weight, mirror, offset, zero, late, far, above, x.lower, x.upper,
                    fade_first, fade_last, zero, full_cash, s, shift, nu, v)
    if any_hit:
        for n in range(2):
            for place in range(formula.PARTS):
                for i in range(whole):
                    j[n][place][i] = 0.0
        for i in range(whole):
            d = clock[i] * x.rate[i] / (x.vol[i] * x.vol[i])
            kappa[i] = nu[i] * nu[i] + 2.0 * d
        if careful:
            for n in range(2):
                if amount[n][0] != 0.0:
                    for place in range(formula.PARTS):
                        one_hit[place] = 0.0
                    d = kappa[0] * s[0] * s[0] if few[0] != 0.0 else kappa[0] * width[0] * width[0]
                    if d > (SMALL_LAMBDA if few[0] != 0.0 else formula.NEAR_POLE):
                        continue
                    formula.odd_hit(
                        order, n == 1, few[0], below[0], above[0], width[0], s[0], shift[0], nu[0], kappa[0],
                        x.rate[0] * x.expiry[0], (1.0 - clock[0]) * x.rate[0] * x.expiry[0], one_hit)
                    for place in range(formula.PARTS):
                        j[n][place][0] = one_hit[place]
    if any_hit and any_few:
        for i in range(whole):
            use[i] = few[i] if kappa[i] * s[i] * s[i] > SMALL_LAMBDA else 0.0
            root[i] = square_root(kappa[i] if use[i] != 0.0 else 1.0 / (s[i] * s[i]))
        for n in range(2):
            upward = 2.0 * n - 1.0
            for m in range(3):
                any_image = 0
                sign = -1.0 if m == 2 else 1.0
                turn = -upward * sign
                for i in range(whole):
                    start[i] = above[i] if n == 1 else below[i]
                    gap = below[i] if n == 1 else above[i]
                    stop[i] = start[i] if m == 0 else 2.0 * width[i] + start[i] if m == 1 else width[i] + gap
                    d = ((stop[i] - start[i]) / s[i]) * ((stop[i] + start[i]) / s[i])
                    weight[i] = sign * use[i] if 0.5 * d < formula.NEGLIGIBLE else 0.0
                    weight[i] = weight[i] if amount[n][i] != 0.0 else 0.0
                    any_image |= weight[i] != 0.0
                if any_image:
                    for i in range(whole):
                        formula.hit_image(
                            order, weight[i], turn, start[i], upward, stop[i], s[i], shift[i], nu[i],
                            x.rate[i] * x.expiry[i], (1.0 - clock[i]) * x.rate[i] * x.expiry[i],
                            2.0 * clock[i] * x.rate[i] / (x.vol[i] * x.vol[i]), root[i],
                            &j[n][0][i], &j[n][1][i], &j[n][2][i], &j[n][3][i], &j[n][4][i],
                            &j[n][5][i], &j[n][6][i], &j[n][7][i], &j[n][8][i])
    if any_wave:
        for place in range(formula.PARTS):
            for i in range(whole):
                w[place][i] = 0.0
        for i in range(whole):
            omega[i] = PI / width[i]
            d = omega[i] * s[i]
            decay[i] = exp(-0.5 * d * d)
            faster[i] = decay[i] * decay[i]
            step[i] = decay[i] * faster[i]
            formula.sine_cosine(below[i] / width[i], above[i] / width[i], &angle[0][i], &angle[1][i])
            formula.sine_cosine(first_low[i] / width[i], first_high[i] / width[i], &angle[2][i], &angle[3][i])
            formula.sine_cosine(last_low[i] / width[i], last_high[i] / width[i], &angle[4][i], &angle[5][i])
            gap = (1.0 - few[i]) * 2.0 / width[i]
            factor[0][i] = -corridor[i] * gap * formula.corridor_factor(first[i], nu[i], shift[i], discount[i])
            factor[1][i] = corridor[i] * gap * formula.corridor_factor(last[i], nu[i], shift[i], discount[i])
            factor[2][i] = gap * formula.corridor_factor(-below[i], nu[i], shift[i], discount[i])
            factor[3][i] = gap * formula.corridor_factor(above[i], nu[i], shift[i], discount[i])
        for place in range(6):
            for i in range(whole):
                turned[place][i] = angle[place][i]
        for i in range(whole):
            use[i] = 1.0 - few[i]
        if any_hit:
            for i in range(whole):
                use[i] = 1.0 - few[i] if kappa[i] * width[i] * width[i] > formula.NEAR_POLE else 0.0
                root[i] = kappa[i] if use[i] != 0.0 else 1.0 / (width[i] * width[i])
            for n in range(2):
                upward = 2.0 * n - 1.0
                for i in range(whole):
                    formula.hit_without_end(
                        order, use[i] if amount[n][i] != 0.0 else 0.0, upward, above[i] if n == 1 else below[i],
                        below[i] if n == 1 else above[i], width[i], upward, nu[i], root[i],
                        2.0 * clock[i] * x.rate[i] / (x.vol[i] * x.vol[i]),
                        (1.0 - clock[i]) * x.rate[i] * x.expiry[i],
                        &j[n][0][i], &j[n][1][i], &j[n][5][i], &j[n][6][i], &j[n][7][i], &j[n][8][i])
        sign = 1.0
        for k in range(1, formula.EIGENFUNCTIONS + 1):
            any_image = 0
            for i in range(whole):
                gap = PI * s[i] / width[i]
                weight[i] = 1.0 if (k * k - 1) * (0.5 * gap * gap) < formula.NEGLIGIBLE else 0.0
                weight[i] = weight[i] if few[i] == 0.0 else 0.0
                any_image |= weight[i] != 0.0
                weight[i] *= decay[i]
            if not any_image:
                break
            for place in range(3):
                for i in range(whole):
                    c[place][i] = 0.0
            if any_option:
                for i in range(whole):
                    formula.end_terms(
                        order, k * omega[i], nu[i], s[i] * s[i], units[i] * first_level[i], cash[i],
                        first[i] - shift[i] * s[i], weight[i] * factor[0][i], turned[2][i], turned[3][i],
                        &c[0][i], &c[1][i], &c[2][i])
                    formula.end_terms(
                        order, k * omega[i], nu[i], s[i] * s[i], units[i] * last_level[i], cash[i],
                        last[i] - shift[i] * s[i], weight[i] * factor[1][i], turned[4][i], turned[5][i],
                        &c[0][i], &c[1][i], &c[2][i])
            if any_late:
                for i in range(whole):
                    formula.end_terms(
                        order, k * omega[i], nu[i], s[i] * s[i], 0.0, late[i], -below[i] - shift[i] * s[i],
                        -weight[i] * factor[2][i], 0.0, 1.0, &c[0][i], &c[1][i], &c[2][i])
                    formula.end_terms(
                        order, k * omega[i], nu[i], s[i] * s[i], 0.0, late[i], above[i] - shift[i] * s[i],
                        weight[i] * factor[3][i], 0.0, -sign, &c[0][i], &c[1][i], &c[2][i])
            if any_option or any_late:
                for i in range(whole):
                    formula.wave(
                        order, k * omega[i], turned[0][i], turned[1][i], c[0][i], c[1][i], c[2][i],
                        &w[0][i], &w[1][i], &w[2][i], &w[3][i], &w[4][i], &w[5][i], &w[6][i], &w[7][i], &w[8][i])
            if any_hit:
                for n in range(2):
                    turn = -1.0 if n == 0 else -sign
                    for i in range(whole):
                        gap = use[i] if amount[n][i] != 0.0 else 0.0
                        formula.hit_wave[double](
                            order, k * omega[i], turned[0][i], turned[1][i], root[i], s[i] * s[i],
                            turn * gap * weight[i] * factor[2 + n][i],
                            &j[n][0][i], &j[n][1][i], &j[n][2][i], &j[n][3][i], &j[n][4][i],
                            &j[n][5][i], &j[n][6][i], &j[n][7][i], &j[n][8][i])
            for i in range(whole):
                decay[i] *= step[i]
                step[i] *= faster[i]
                formula.turn_on(angle[0][i], angle[1][i], &turned[0][i], &turned[1][i])
                formula.turn_on(angle[2][i], angle[3][i], &turned[2][i], &turned[3][i])
                formula.turn_on(angle[4][i], angle[5][i], &turned[4][i], &turned[5][i])
            sign = -sign
        if any_option or any_late:
            for i in range(whole):
                formula.settle(
                    order, nu[i], x.vol[i], x.expiry[i], x.rate[i] - x.dividend[i],
                    w[0][i], w[1][i], w[2][i], w[3][i], w[4][i], w[5][i], w[6][i], w[7][i], w[8][i],
                    &v[V][i], &v[V_X][i], &v[V_XX][i], &v[V_SIGMA][i], &v[V_R][i], &v[V_Q][i],
                    &v[V_XXX][i], &v[V_XXXX][i], &v[V_X_SIGMA][i], &v[V_XX_SIGMA][i], &v[V_SIGMA_SIGMA][i])
    if any_hit:
        for n in range(2):
            add_hit(order, whole, x, amount[n], 2.0 * n - 1.0, below, above, kappa, nu, clock, j[n], v)
    for i in range(whole):
        x.out[PRICE][i] = formula.not_negative(v[V][i], x.rebate[i])
    if order >= 1:
        for i in range(whole):
            jet.value = v[V][i]
            jet.x = v[V_X][i]
            jet.xx = v[V_XX][i]
            jet.sigma = v[V_SIGMA][i]
            jet.r = v[V_R][i]
            jet.q = v[V_Q][i]
            jet.xxx = v[V_XXX][i]
            jet.xxxx = v[V_XXXX][i]
            jet.x_sigma = v[V_X_SIGMA][i]
            jet.xx_sigma = v[V_XX_SIGMA][i]
            jet.sigma_sigma = v[V_SIGMA_SIGMA][i]
            single.finish(order, x.spot[i], x.vol[i], x.rate[i], x.rate[i] - x.dividend[i], &jet, &greeks)
            x.out[single.DELTA][i] = greeks.delta
            x.out[single.GAMMA][i] = greeks.gamma
            x.out[single.VEGA][i] = greeks.vega
            x.out[single.THETA][i] = greeks.theta
            x.out[single.RHO][i] = greeks.rho
            x.out[single.RHO_DIVIDEND][i] = greeks.rho_dividend
            if order >= 2:
                x.out[single.VANNA][i] = greeks.vanna
                x.out[single.VOLGA][i] = greeks.volga
                x.out[single.CHARM][i] = greeks.charm
                x.out[single.SPEED][i] = greeks.speed
                x.out[single.ZOMMA][i] = greeks.zomma
                x.out[single.COLOR][i] = greeks.color
                x.out[single.VETA][i] = greeks.veta


cdef inline void one_by_one(int order, Lanes* x, Py_ssize_t i, double* one, bint* outside) noexcept nogil:
    """Any input at all; here nothing is in a hurry."""
    cdef Lanes alone
    cdef int state, place, kind, outputs = SECOND_ORDER if order == 2 else FIRST_ORDER if order == 1 else 1
    cdef double price, rebate
    cdef double outer[SECOND_ORDER]
    state = formula.edge(
        order, x.spot[i], x.strike[i], x.lower[i], x.upper[i], x.vol[i], x.expiry[i], x.rate[i], x.dividend[i],
        x.rebate[i], x.code[i], one)
    if state == formula.OUTSIDE:
        outside[0] = True
    if state == formula.DONE or state == formula.OUTSIDE:
        return
    price = one[PRICE]
    alone.spot[0] = x.spot[i]
    alone.strike[0] = x.strike[i]
    alone.lower[0] = x.lower[i]
    alone.upper[0] = x.upper[i]
    alone.vol[0] = x.vol[i]
    alone.expiry[0] = x.expiry[i]
    alone.rate[0] = x.rate[i]
    alone.dividend[0] = x.dividend[i]
    alone.rebate[0] = x.rebate[i]
    alone.code[0] = x.code[i]
    rebate = 0.0
    if x.code[i] & (formula.KIKO | formula.TOUCH) == formula.KIKO:
        # a rebate for the hit of the outer barrier, whatever the inner one does
        rebate = x.rebate[i]
        alone.rebate[0] = 0.0
    living(order, True, 1, &alone)
    for place in range(outputs):
        one[place] = alone.out[place][0]
    if rebate != 0.0:
        kind = single.OUT | single.TOUCH | (single.AT_EXPIRY if x.code[i] & formula.LATE else 0)
        kind |= single.UP if x.code[i] & formula.WHICH == formula.KIKO else 0
        formula.one_barrier(
            order, x.spot[i], x.strike[i], x.upper[i] if kind & single.UP else x.lower[i], x.vol[i], x.expiry[i],
            x.rate[i], x.dividend[i], rebate, kind, outer)
        for place in range(outputs):
            one[place] += outer[place]
    if state == formula.AT_BARRIER:
        one[PRICE] = price


cdef inline void gather(
    double* block, const char* source, Py_ssize_t stride, const short* places, Py_ssize_t lanes,
) noexcept nogil:
    """The elements at these places, and the filling behind them."""
    cdef Py_ssize_t i
    for i in range(lanes):
        block[i] = (<const double*> (source + places[i] * stride))[0]
    for i in range(lanes, padded(lanes)):
        block[i] = block[lanes - 1]


cdef inline void collect(
    Lanes* x, char** args, cnp.npy_intp* steps, Py_ssize_t begin, const short* places, Py_ssize_t lanes,
) noexcept nogil:
    cdef Py_ssize_t i
    gather(x.spot, args[0] + begin * steps[0], steps[0], places, lanes)
    gather(x.strike, args[1] + begin * steps[1], steps[1], places, lanes)
    gather(x.lower, args[2] + begin * steps[2], steps[2], places, lanes)
    gather(x.upper, args[3] + begin * steps[3], steps[3], places, lanes)
    gather(x.vol, args[4] + begin * steps[4], steps[4], places, lanes)
    gather(x.expiry, args[5] + begin * steps[5], steps[5], places, lanes)
    gather(x.rate, args[6] + begin * steps[6], steps[6], places, lanes)
    gather(x.dividend, args[7] + begin * steps[7], steps[7], places, lanes)
    gather(x.rebate, args[8] + begin * steps[8], steps[8], places, lanes)
    for i in range(lanes):
        x.code[i] = (<const signed char*> (args[9] + (begin + places[i]) * steps[9]))[0]
    for i in range(lanes, padded(lanes)):
        x.code[i] = x.code[lanes - 1]


cdef inline void put_back(
    int outputs, Lanes* x, double[SECOND_ORDER][CHUNK] found, const short* places, Py_ssize_t lanes,
) noexcept nogil:
    cdef Py_ssize_t i
    cdef int place
    for place in range(outputs):
        for i in range(lanes):
            # no zero has a sign
            found[place][places[i]] = x.out[place][i] + 0.0


cdef inline void double_barriers(
    int order, int outputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    """spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, code -> the first outputs

    A chunk is sorted first, so that a block holds options of one series, with a hit to be paid for or without.
    """
    cdef Py_ssize_t count = dimensions[0], chunk, size, begin, i, lanes
    cdef int place, sort
    cdef Lanes x
    cdef double sorts[LANES]
    cdef double one[SECOND_ORDER]
    cdef short places[SORTS][CHUNK]
    cdef double found[SECOND_ORDER][CHUNK]
    cdef Py_ssize_t counts[SORTS]
    cdef bint outside = False
    cdef Status status = status_save()
    chunk = 0
    while chunk < count:
        size = min(<Py_ssize_t> CHUNK, count - chunk)
        for sort in range(SORTS):
            counts[sort] = 0
        begin = 0
        while begin < size:
            lanes = min(<Py_ssize_t> LANES, size - begin)
            load(x.spot, args[0] + (chunk + begin) * steps[0], steps[0], lanes)
            load(x.strike, args[1] + (chunk + begin) * steps[1], steps[1], lanes)
            load(x.lower, args[2] + (chunk + begin) * steps[2], steps[2], lanes)
            load(x.upper, args[3] + (chunk + begin) * steps[3], steps[3], lanes)
            load(x.vol, args[4] + (chunk + begin) * steps[4], steps[4], lanes)
            load(x.expiry, args[5] + (chunk + begin) * steps[5], steps[5], lanes)
            load(x.rate, args[6] + (chunk + begin) * steps[6], steps[6], lanes)
            load(x.dividend, args[7] + (chunk + begin) * steps[7], steps[7], lanes)
            load(x.rebate, args[8] + (chunk + begin) * steps[8], steps[8], lanes)
            load_codes(x.code, args[9] + (chunk + begin) * steps[9], steps[9], lanes)
            for i in range(padded(lanes)):
                sorts[i] = formula.sort_of(
                    x.spot[i], x.strike[i], x.lower[i], x.upper[i], x.vol[i], x.expiry[i], x.rate[i], x.dividend[i],
                    x.rebate[i], x.code[i])
            for i in range(lanes):
                sort = <int> sorts[i]
                places[sort][counts[sort]] = <short> (begin + i)
                counts[sort] += 1
            begin += LANES
        for sort in range(1, SORTS):
            begin = 0
            while begin < counts[sort]:
                lanes = min(<Py_ssize_t> LANES, counts[sort] - begin)
                collect(&x, args, steps, chunk, &places[sort][begin], lanes)
                living(order, False, padded(lanes), &x)
                put_back(outputs, &x, found, &places[sort][begin], lanes)
                begin += LANES
        for begin in range(counts[0]):
            collect(&x, args, steps, chunk, &places[0][begin], 1)
            one_by_one(order, &x, 0, one, &outside)
            for place in range(outputs):
                x.out[place][0] = one[place]
            put_back(outputs, &x, found, &places[0][begin], 1)
        # nothing is stored before all is read: an output may be an input, or lie a little before one
        for place in range(outputs):
            store(args[INPUTS + place] + chunk * steps[INPUTS + place], steps[INPUTS + place], found[place], size)
        chunk += CHUNK
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    double_barriers(0, 1, args, dimensions, steps)


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    double_barriers(1, FIRST_ORDER, args, dimensions, steps)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    double_barriers(2, SECOND_ORDER, args, dimensions, steps)


KINDS = {"knock-in": formula.IN, "knock-out": formula.OUT, "kiko": formula.KIKO, "koki": formula.KOKI}
OPTIONS = {"call": 0, "put": formula.PUT}
PAID_AT = {"hit": 0, "expiry": formula.LATE}
# a no-touch is the rebate of a knock-in, a double touch that of a knock-out
TOUCHES = {
    "double-no-touch": formula.TOUCH + formula.IN,
    "double-touch": formula.TOUCH + formula.OUT,
    "kiko": formula.TOUCH + formula.KIKO,
    "koki": formula.TOUCH + formula.KOKI,
}
TYPES = "dddddddddb"
DOC = (
    "Loop behind shortgamma.barrier.double_price and double_touch_price: spot, strike, lower, upper, vol, expiry, "
    "rate, dividend, rebate, code (int8)."
)
double_barrier_price = make_ufunc(price_loop, "double_barrier_price", TYPES, "d", "", DOC)
double_barrier_first_order = make_ufunc(first_order_loop, "double_barrier_first_order", TYPES, "d" * 7, "", DOC)
double_barrier_second_order = make_ufunc(second_order_loop, "double_barrier_second_order", TYPES, "d" * 14, "", DOC)
