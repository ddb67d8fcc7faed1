"""The loop of soft barriers: the nodes of many options through the lanes of hard ones."""

cimport numpy as cnp

cimport shortgamma.kernels.barrier.single as single
cimport shortgamma.kernels.barrier.soft as formula
from cython_ext.barrier._blocks cimport Lanes, living, sort_block
from cython_ext._loop.blocks cimport INVALID, LANES, Status, padded, status_raise, status_restore, status_save
from shortgamma.kernels.numeric.quadrature cimport NODES, gauss_legendre
from cython_ext._loop.ufuncs cimport make_ufunc
from shortgamma.kernels.numeric.vecmath cimport NAN

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    RESULT = 9

cdef double NODE[NODES]
cdef double WEIGHT[NODES]
cdef double FEW_NODE[formula.FEW]
cdef double FEW_WEIGHT[formula.FEW]
gauss_legendre(NODES, NODE, WEIGHT)
gauss_legendre(formula.FEW, FEW_NODE, FEW_WEIGHT)


cdef struct Waiting:
    # lanes that wait to be priced, made of the same terms; each with the place and the share of its option
    Lanes lanes
    Py_ssize_t count
    int terms
    Py_ssize_t owner[LANES]
    double share[LANES]


cdef inline void add(
    Waiting* w, double spot, double strike, double level, double vol, double expiry, double rate, double dividend,
    int kind, Py_ssize_t owner, double share,
) noexcept nogil:
    cdef Py_ssize_t i = w.count
    w.lanes.spot[i] = spot
    w.lanes.strike[i] = strike
    w.lanes.barrier[i] = level
    w.lanes.vol[i] = vol
    w.lanes.expiry[i] = expiry
    w.lanes.rate[i] = rate
    w.lanes.dividend[i] = dividend
    w.lanes.rebate[i] = 0.0
    w.lanes.kind[i] = kind
    w.owner[i] = owner
    w.share[i] = share
    w.count = i + 1


cdef inline void price_all(Waiting* w, char* target, cnp.npy_intp step) noexcept nogil:
    """Add the shares of what waits to its options."""
    cdef Py_ssize_t count = w.count, one = 0, i
    cdef int sorts[LANES]
    cdef double careful[LANES]
    cdef Lanes* o = &w.lanes
    if count == 0:
        return
    while w.count < padded(count):
        i = count - 1
        add(w, o.spot[i], o.strike[i], o.barrier[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i], o.kind[i], 0, 0.0)
    sort_block(o, w.count, sorts)
    while one < count and sorts[one] != w.terms:
        one += 1
    for i in range(w.count):
        if sorts[i] != w.terms:
            single.apart(single.careful)(
                0, o.spot[i], o.strike[i], o.barrier[i], o.vol[i], o.expiry[i], o.rate[i], o.dividend[i], 0.0,
                o.kind[i], &careful[i])
            single.substitute(
                &o.spot[i], &o.strike[i], &o.barrier[i], &o.vol[i], &o.expiry[i], &o.rate[i], &o.dividend[i],
                &o.rebate[i], o.kind[i])
    if one < count:
        living(0, w.terms, one, w.count, o)
    # in the order of the lanes, whatever is in the block beside them
    for i in range(count):
        (<double*> (target + w.owner[i] * step))[0] += w.share[i] * (
            careful[i] if sorts[i] != w.terms else o.out[single.PRICE][i])
    w.count = 0


cdef void soft_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """spot, strike, lower, upper, vol, expiry, rate, dividend, kind -> price"""
    cdef Py_ssize_t i, j, k, m, n, count
    cdef int kind, terms
    cdef double spot, strike, lower, upper, vol, expiry, rate, dividend, half, level, share
    cdef const double* node
    cdef const double* weight
    cdef char* target = args[RESULT]
    cdef Waiting w
    cdef formula.Piece pieces[formula.MOST_PIECES]
    cdef bint outside = False
    cdef Status status = status_save()
    w.count = w.terms = 0
    for i in range(dimensions[0]):
        spot = (<double*> (args[0] + i * steps[0]))[0]
        strike = (<double*> (args[1] + i * steps[1]))[0]
        lower = (<double*> (args[2] + i * steps[2]))[0]
        upper = (<double*> (args[3] + i * steps[3]))[0]
        vol = (<double*> (args[4] + i * steps[4]))[0]
        expiry = (<double*> (args[5] + i * steps[5]))[0]
        rate = (<double*> (args[6] + i * steps[6]))[0]
        dividend = (<double*> (args[7] + i * steps[7]))[0]
        kind = (<signed char*> (args[8] + i * steps[8]))[0]
        if not formula.valid(spot, strike, lower, upper, vol, expiry, rate, dividend):
            outside |= not formula.any_nan(spot, strike, lower, upper, vol, expiry, rate, dividend)
            (<double*> (target + i * steps[RESULT]))[0] = NAN
            continue
        (<double*> (target + i * steps[RESULT]))[0] = 0.0
        count = formula.split(spot, strike, lower, upper, vol, expiry, rate, dividend, pieces)
        for j in range(count):
            level = 0.5 * (pieces[j].low + pieces[j].high)
            # knocked, the option knows nothing of its barrier, and a range of one level has but that
            n = 1 if lower == upper or single.eta_of(kind) * (spot - level) <= 0.0 else pieces[j].nodes
            node = &FEW_NODE[0] if n == formula.FEW else &NODE[0]
            weight = &FEW_WEIGHT[0] if n == formula.FEW else &WEIGHT[0]
            terms = single.terms_of(kind, strike, level, 0.0)
            if n == 1:
                pieces[j].panels = 1
            half = (0.5 if n > 1 else 1.0) * (pieces[j].high - pieces[j].low) / pieces[j].panels
            share = half / (upper - lower) if lower < upper else 1.0
            for k in range(pieces[j].panels):
                if w.count + n > LANES or (w.count and w.terms != terms):
                    price_all(&w, target, steps[RESULT])
                w.terms = terms
                if n == 1:
                    add(&w, spot, strike, level, vol, expiry, rate, dividend, kind, i, share)
                    continue
                for m in range(n):
                    add(
                        &w, spot, strike, pieces[j].low + half * (2 * k + 1 + node[m]), vol, expiry, rate, dividend,
                        kind, i, share * weight[m])
    price_all(&w, target, steps[RESULT])
    status_restore(status)
    status_raise(INVALID if outside else 0)


soft_price = make_ufunc(
    soft_loop, "soft_price", "ddddddddb", "d", "",
    "Loop behind shortgamma.barrier.soft_price: spot, strike, lower, upper, vol, expiry, rate, dividend, kind (int8).")
