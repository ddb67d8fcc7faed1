"""Loops of single-barrier options: lanes through the straight-line formulas, the rest by the careful routine."""

cimport numpy as cnp

cimport shortgamma.kernels.barrier as formula
from shortgamma.kernels.barrier_blocks cimport Lanes, living, sort_block
from shortgamma.kernels.blocks cimport (
    INVALID, LANES, Status, load, load_codes, padded, status_raise, status_restore, status_save, store,
)
from shortgamma.kernels.ufuncs cimport make_ufunc

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    INPUTS = 9
    CHUNK = 1024

cdef struct Output:
    # the place of the only output that a ufunc has
    int place

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


cdef inline void single(
    int order, int outputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only,
) noexcept nogil:
    """spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind -> the first outputs, or only one of them.

    A block of options that are made of the same terms goes as it lies. Where they are not, a chunk is sorted by terms.
    """
    cdef Py_ssize_t count = dimensions[0], begin = 0, size, block, lanes, ordinary, special, i, k, one, row
    cdef int place, target, sort
    cdef int low = (<Output*> only).place if only != NULL else 0, high = low + 1 if only != NULL else outputs
    cdef Lanes o
    cdef int sorts[LANES]
    cdef double values[formula.SECOND_ORDER]
    cdef double found[formula.SECOND_ORDER][CHUNK]
    cdef double* results
    cdef signed char sort_of[CHUNK]
    cdef short places[CHUNK]
    # those that only the careful routine can do
    cdef short apart[CHUNK]
    cdef Py_ssize_t ends[formula.TERMS + 1]
    cdef int differ, any_special
    cdef bint outside = False
    cdef Status status = status_save()

    while begin < count:
        size = lanes = min(<Py_ssize_t> LANES, count - begin)
        read_block(&o, args, steps, begin, lanes)
        sort_block(&o, padded(lanes), sorts)
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
                    sort_block(&o, padded(lanes), sorts)
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
            if living(order, sort, one, padded(lanes), &o):
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
                (<signed char*> (args[8] + (begin + i) * steps[8]))[0], values)
            for place in range(low, high):
                results[place * row + i] = values[place]
        # nothing is stored before all of it is read: an output may be an input
        for place in range(low, high):
            target = INPUTS + place - low
            block = 0
            while block < size:
                lanes = min(<Py_ssize_t> LANES, size - block)
                for i in range(lanes):
                    # no zero has a sign
                    results[place * row + block + i] += 0.0
                store(
                    args[target] + (begin + block) * steps[target], steps[target], results + place * row + block, lanes)
                block += LANES
        begin += size
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
