"""Loops of single-barrier options: lanes through the straight-line formulas, the rest by the careful routine."""

cimport numpy as cnp

cimport shortgamma.kernels.barrier as formula
from shortgamma.kernels.blocks cimport (
    INVALID, LANES, Status, load, load_codes, padded, status_raise, status_restore, status_save, store,
)
from shortgamma.kernels.ufuncs cimport make_ufunc

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    INPUTS = 9

cdef struct Output:
    # the place of the only output that a ufunc has
    int place


cdef inline void single(
    int order, int outputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only,
) noexcept nogil:
    """spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind -> the first outputs, or only one of them."""
    cdef Py_ssize_t count = dimensions[0], begin, i, lanes, whole
    cdef int place, target
    cdef double spot[LANES]
    cdef double strike[LANES]
    cdef double barrier[LANES]
    cdef double vol[LANES]
    cdef double expiry[LANES]
    cdef double rate[LANES]
    cdef double dividend[LANES]
    cdef double rebate[LANES]
    cdef int kind[LANES]
    # weights of the terms, and what the legs share
    cdef double a[LANES]
    cdef double b[LANES]
    cdef double c[LANES]
    cdef double d[LANES]
    cdef double e[LANES]
    cdef double f[LANES]
    cdef double h[LANES]
    cdef double k[LANES]
    cdef double s[LANES]
    cdef double shift[LANES]
    cdef double two_mu[LANES]
    cdef double asset[LANES]
    cdef double discount[LANES]
    cdef double image[LANES]
    cdef double at_strike[LANES]
    cdef double at_barrier[LANES]
    cdef double at_image[LANES]
    cdef double size[LANES]
    cdef double x[formula.SUMS][LANES]
    cdef double y[formula.SUMS][LANES]
    cdef double v[formula.DERIVATIVES][LANES]
    cdef double out[formula.SECOND_ORDER][LANES]
    cdef double one[formula.SECOND_ORDER]
    cdef double root, first, second, alpha_first, alpha_second, density, away, yearly, drift
    cdef double special[LANES]
    cdef long long any_a, any_b, any_c, any_d, any_e, any_f, any_special
    cdef bint outside = False
    cdef Status status = status_save()

    begin = 0
    while begin < count:
        lanes = min(<Py_ssize_t> LANES, count - begin)
        whole = padded(lanes)
        load(spot, args[0] + begin * steps[0], steps[0], lanes)
        load(strike, args[1] + begin * steps[1], steps[1], lanes)
        load(barrier, args[2] + begin * steps[2], steps[2], lanes)
        load(vol, args[3] + begin * steps[3], steps[3], lanes)
        load(expiry, args[4] + begin * steps[4], steps[4], lanes)
        load(rate, args[5] + begin * steps[5], steps[5], lanes)
        load(dividend, args[6] + begin * steps[6], steps[6], lanes)
        load(rebate, args[7] + begin * steps[7], steps[7], lanes)
        load_codes(kind, args[8] + begin * steps[8], steps[8], lanes)

        any_a = any_b = any_c = any_d = any_e = any_f = any_special = 0
        for i in range(whole):
            special[i] = 1.0 - formula.ordinary(
                spot[i], strike[i], barrier[i], vol[i], expiry[i], rate[i], dividend[i], rebate[i], kind[i])
        for i in range(whole):
            any_special |= special[i] != 0.0
        if any_special:
            # an ordinary option in the place of a special one, so that hostile numbers stay out of the lanes
            for i in range(whole):
                if special[i] != 0.0:
                    formula.substitute(
                        &spot[i], &strike[i], &barrier[i], &vol[i], &expiry[i], &rate[i], &dividend[i], &rebate[i],
                        kind[i])
        for i in range(whole):
            formula.weights(kind[i], strike[i], barrier[i], &a[i], &b[i], &c[i], &d[i])
            e[i] = rebate[i] * (1.0 - formula.at_hit(kind[i]))
            f[i] = rebate[i] * formula.at_hit(kind[i])
            any_a |= a[i] != 0.0
            any_b |= b[i] != 0.0
            any_c |= c[i] != 0.0
            any_d |= d[i] != 0.0
            any_e |= e[i] != 0.0
            any_f |= f[i] != 0.0
        for i in range(whole):
            formula.prepare(
                spot[i], strike[i], barrier[i], vol[i], expiry[i], rate[i], dividend[i],
                &h[i], &k[i], &s[i], &shift[i], &two_mu[i], &asset[i], &discount[i], &image[i],
                &at_strike[i], &at_barrier[i], &at_image[i])
        for place in range(formula.SUMS):
            for i in range(whole):
                x[place][i] = 0.0
                y[place][i] = 0.0
        for i in range(whole):
            size[i] = 0.0
        if any_a:
            for i in range(whole):
                formula.leg(
                    order, a[i] * formula.phi_of(kind[i]), formula.phi_of(kind[i]), k[i] / s[i] + shift[i], s[i],
                    asset[i], strike[i] * discount[i], at_strike[i], 1.0,
                    &x[0][i], &x[1][i], &x[2][i], &x[3][i], &x[4][i], &size[i])
        if any_b:
            for i in range(whole):
                formula.leg(
                    order, b[i] * formula.phi_of(kind[i]), formula.phi_of(kind[i]), h[i] / s[i] + shift[i], s[i],
                    asset[i], strike[i] * discount[i], at_barrier[i], strike[i] / barrier[i],
                    &x[0][i], &x[1][i], &x[2][i], &x[3][i], &x[4][i], &size[i])
        if any_c:
            for i in range(whole):
                formula.leg(
                    order, c[i] * formula.phi_of(kind[i]), formula.eta_of(kind[i]),
                    (k[i] - 2.0 * h[i]) / s[i] + shift[i], s[i],
                    formula.image_asset(asset[i], image[i], barrier[i], spot[i]),
                    strike[i] * discount[i] * image[i], at_image[i], 1.0,
                    &y[0][i], &y[1][i], &y[2][i], &y[3][i], &y[4][i], &size[i])
        if any_d:
            for i in range(whole):
                formula.leg(
                    order, d[i] * formula.phi_of(kind[i]), formula.eta_of(kind[i]), shift[i] - h[i] / s[i], s[i],
                    formula.image_asset(asset[i], image[i], barrier[i], spot[i]),
                    strike[i] * discount[i] * image[i], at_barrier[i], strike[i] / barrier[i],
                    &y[0][i], &y[1][i], &y[2][i], &y[3][i], &y[4][i], &size[i])
        if any_e:
            for i in range(whole):
                formula.cash_leg(
                    order, e[i], formula.eta_of(kind[i]) * formula.turn_of(kind[i]), h[i] / s[i] + shift[i] - s[i],
                    s[i], discount[i], at_barrier[i] / barrier[i],
                    &x[0][i], &x[1][i], &x[2][i], &x[3][i], &x[4][i], &size[i])
                formula.cash_leg(
                    order, -e[i] * formula.turn_of(kind[i]), formula.eta_of(kind[i]), shift[i] - h[i] / s[i] - s[i],
                    s[i], discount[i] * image[i], at_barrier[i] / barrier[i],
                    &y[0][i], &y[1][i], &y[2][i], &y[3][i], &y[4][i], &size[i])
        for i in range(whole):
            formula.combine(
                order, h[i], vol[i], expiry[i], rate[i] - dividend[i], two_mu[i],
                x[0][i], x[1][i], x[2][i], x[3][i], x[4][i], y[0][i], y[1][i], y[2][i], y[3][i], y[4][i],
                &v[formula.V][i], &v[formula.V_X][i], &v[formula.V_XX][i],
                &v[formula.V_SIGMA][i], &v[formula.V_R][i], &v[formula.V_Q][i],
                &v[formula.V_XXX][i], &v[formula.V_XXXX][i], &v[formula.V_X_SIGMA][i], &v[formula.V_XX_SIGMA][i],
                &v[formula.V_SIGMA_SIGMA][i])
            special[i] += formula.cancels(v[formula.V][i], size[i])
            v[formula.V][i] = formula.not_negative(v[formula.V][i], rebate[i])
        for i in range(whole):
            any_special |= special[i] != 0.0
        if any_f:
            for i in range(whole):
                # harmless numbers where there is no rebate: its formulas need not exist there, and 0 NaN is NaN
                away = h[i] if f[i] != 0.0 else 0.5
                yearly = rate[i] if f[i] != 0.0 else vol[i] * vol[i]
                drift = rate[i] - dividend[i] if f[i] != 0.0 else 0.0
                formula.rebate_terms(
                    away, vol[i], s[i], yearly, drift, formula.eta_of(kind[i]),
                    &root, &first, &second, &alpha_first, &alpha_second, &density)
                formula.rebate_at_hit(
                    order, f[i], away, vol[i], s[i], yearly, drift, formula.eta_of(kind[i]),
                    root, first, second, alpha_first, alpha_second, density,
                    &v[formula.V][i], &v[formula.V_X][i], &v[formula.V_XX][i],
                    &v[formula.V_SIGMA][i], &v[formula.V_R][i], &v[formula.V_Q][i],
                    &v[formula.V_XXX][i], &v[formula.V_XXXX][i], &v[formula.V_X_SIGMA][i], &v[formula.V_XX_SIGMA][i],
                    &v[formula.V_SIGMA_SIGMA][i])
        for i in range(whole):
            out[formula.PRICE][i] = v[formula.V][i]
        if order >= 1:
            for i in range(whole):
                formula.finish(
                    order, spot[i], vol[i], rate[i], rate[i] - dividend[i],
                    v[formula.V][i], v[formula.V_X][i], v[formula.V_XX][i],
                    v[formula.V_SIGMA][i], v[formula.V_R][i], v[formula.V_Q][i],
                    v[formula.V_XXX][i], v[formula.V_XXXX][i], v[formula.V_X_SIGMA][i], v[formula.V_XX_SIGMA][i],
                    v[formula.V_SIGMA_SIGMA][i],
                    &out[formula.DELTA][i], &out[formula.GAMMA][i], &out[formula.VEGA][i], &out[formula.THETA][i],
                    &out[formula.RHO][i], &out[formula.RHO_DIVIDEND][i], &out[formula.VANNA][i], &out[formula.VOLGA][i],
                    &out[formula.CHARM][i], &out[formula.SPEED][i], &out[formula.ZOMMA][i], &out[formula.COLOR][i],
                    &out[formula.VETA][i])
        if any_special:
            # read again what was substituted; nothing of this block is stored yet, in case an output is an input
            for i in range(lanes):
                if special[i] != 0.0:
                    outside |= not formula.apart(formula.careful)(
                        order,
                        (<double*> (args[0] + (begin + i) * steps[0]))[0],
                        (<double*> (args[1] + (begin + i) * steps[1]))[0],
                        (<double*> (args[2] + (begin + i) * steps[2]))[0],
                        (<double*> (args[3] + (begin + i) * steps[3]))[0],
                        (<double*> (args[4] + (begin + i) * steps[4]))[0],
                        (<double*> (args[5] + (begin + i) * steps[5]))[0],
                        (<double*> (args[6] + (begin + i) * steps[6]))[0],
                        (<double*> (args[7] + (begin + i) * steps[7]))[0],
                        kind[i], one)
                    for place in range(outputs):
                        out[place][i] = one[place]
        for place in range(outputs):
            if only != NULL and (<Output*> only).place != place:
                continue
            for i in range(whole):
                # no zero has a sign: a rebate of nothing, added for the sake of another lane, would take it away
                out[place][i] += 0.0
            target = INPUTS if only != NULL else INPUTS + place
            store(args[target] + begin * steps[target], steps[target], out[place], lanes)
        begin += LANES
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only) noexcept nogil:
    single(0, 1, args, dimensions, steps, only)


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only) noexcept nogil:
    single(1, formula.FIRST_ORDER, args, dimensions, steps, only)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only) noexcept nogil:
    single(2, formula.SECOND_ORDER, args, dimensions, steps, only)


cdef object one_greek(Py_ssize_t place, str name):
    """A ufunc of one Greek: the loop of its order, of whose outputs it stores this one."""
    ONLY[place].place = place
    return make_ufunc(
        first_order_loop if place < formula.FIRST_ORDER else second_order_loop, "barrier_" + name, TYPES, "d", "",
        f"Loop behind shortgamma.barrier.{name}: {ARGUMENTS}.", &ONLY[place])


cdef Output ONLY[formula.SECOND_ORDER]
TYPES = "ddddddddb"
ARGUMENTS = "spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind (int8)"
DOC = f"Loop behind shortgamma.barrier: {ARGUMENTS}."
barrier_price = make_ufunc(price_loop, "barrier_price", TYPES, "d", "", DOC)
barrier_first_order = make_ufunc(first_order_loop, "barrier_first_order", TYPES, "d" * 7, "", DOC)
barrier_second_order = make_ufunc(second_order_loop, "barrier_second_order", TYPES, "d" * 14, "", DOC)
barrier_delta = one_greek(formula.DELTA, "delta")
barrier_gamma = one_greek(formula.GAMMA, "gamma")
barrier_vega = one_greek(formula.VEGA, "vega")
barrier_theta = one_greek(formula.THETA, "theta")
barrier_rho = one_greek(formula.RHO, "rho")
barrier_rho_dividend = one_greek(formula.RHO_DIVIDEND, "rho_dividend")
barrier_vanna = one_greek(formula.VANNA, "vanna")
barrier_volga = one_greek(formula.VOLGA, "volga")
barrier_charm = one_greek(formula.CHARM, "charm")
barrier_speed = one_greek(formula.SPEED, "speed")
barrier_zomma = one_greek(formula.ZOMMA, "zomma")
barrier_color = one_greek(formula.COLOR, "color")
barrier_veta = one_greek(formula.VETA, "veta")
