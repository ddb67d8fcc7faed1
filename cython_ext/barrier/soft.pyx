"""The loop of soft barriers: the nodes of many options go through the loop of hard ones."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.barrier._ranges as ranges
cimport shortgamma.kernels.barrier.single as single
cimport shortgamma.kernels.barrier.soft as formula
from cython_ext._loop.blocks cimport (
    INVALID, Status, code_at, number_at, status_raise, status_restore, status_save,
)
from cython_ext._loop.ufuncs cimport Inner, inner_of, register_orders
from shortgamma.kernels.barrier._option cimport FIRST_ORDER, SECOND_ORDER, Option
from shortgamma.kernels.numeric.quadrature cimport NODES, gauss_legendre
from shortgamma.kernels.numeric.vecmath cimport NAN

cnp.import_array()
cnp.import_ufunc()

cdef enum:
    # numbers of a hard option, and the place of its barrier
    NUMBERS = 8
    BARRIER = 2
    RESULT = 9
    CHUNK = 256

cdef struct Rule:
    double node[NODES]
    double weight[NODES]

cdef struct Waiting:
    # options that wait to be priced, their numbers by rows; each with the place and the share of the soft one
    double number[NUMBERS][CHUNK]
    signed char kind[CHUNK]
    Py_ssize_t owner[CHUNK]
    double share[CHUNK]
    double price[CHUNK]
    Py_ssize_t count

cdef struct Nodes:
    # the same with room for their Greeks
    Waiting waiting
    double greek[SECOND_ORDER][CHUNK]

cdef Rule LONG, SHORT
gauss_legendre(NODES, LONG.node, LONG.weight)
gauss_legendre(formula.SHORT_NODES, SHORT.node, SHORT.weight)

# Parts whose loops are called here.
CALLS = ("barrier.single",)
cdef Inner PRICE, FIRST, SECOND


def link(part):
    """Take the loop to call from the part above."""
    global PRICE, FIRST, SECOND
    PRICE = inner_of(part.barrier_price)
    FIRST = inner_of(part.barrier_first_order)
    SECOND = inner_of(part.barrier_second_order)


cdef inline void add(Waiting* waiting, const Option* option, Py_ssize_t owner, Py_ssize_t nodes) noexcept nogil:
    """So many options, whose barriers and shares are still to come."""
    cdef Py_ssize_t i, end = waiting.count + nodes
    for i in range(waiting.count, end):
        waiting.number[0][i] = option.spot
        waiting.number[1][i] = option.strike
        waiting.number[3][i] = option.vol
        waiting.number[4][i] = option.expiry
        waiting.number[5][i] = option.rate
        waiting.number[6][i] = option.dividend
        waiting.number[7][i] = 0.0
        waiting.owner[i] = owner
    for i in range(waiting.count, end):
        waiting.kind[i] = <signed char> option.kind
    waiting.count = end


cdef inline void price_all(Waiting* waiting, char* target, cnp.npy_intp step) noexcept nogil:
    """Add the shares of the waiting options to their owners."""
    cdef char* args[NUMBERS + 2]
    cdef cnp.npy_intp steps[NUMBERS + 2]
    cdef cnp.npy_intp count = waiting.count
    cdef Py_ssize_t i
    for i in range(NUMBERS):
        args[i] = <char*> waiting.number[i]
        steps[i] = sizeof(double)
    args[NUMBERS] = <char*> waiting.kind
    steps[NUMBERS] = 1
    args[NUMBERS + 1] = <char*> waiting.price
    steps[NUMBERS + 1] = sizeof(double)
    PRICE.loop(args, &count, steps, PRICE.data)
    # in the order of the nodes, whichever options are in the chunk beside them
    for i in range(count):
        (<double*> (target + waiting.owner[i] * step))[0] += waiting.share[i] * waiting.price[i]
    waiting.count = 0


cdef inline void add_nodes(
    const formula.Range* levels, const formula.Piece* piece, Py_ssize_t owner, Waiting* waiting, char* target,
    cnp.npy_intp step,
) noexcept nogil:
    """The nodes of a piece."""
    cdef Py_ssize_t panel, m, first
    cdef const Rule* rule = &SHORT if piece.nodes == formula.SHORT_NODES else &LONG
    cdef double half = 0.5 * (piece.high - piece.low) / piece.panels
    cdef double share = half / (levels.upper - levels.lower)
    for panel in range(piece.panels):
        if waiting.count + piece.nodes > CHUNK:
            price_all(waiting, target, step)
        first = waiting.count
        add(waiting, &levels.option, owner, piece.nodes)
        for m in range(piece.nodes):
            waiting.number[BARRIER][first + m] = piece.low + half * (2 * panel + 1 + rule.node[m])
            waiting.share[first + m] = share * rule.weight[m]


cdef inline void read(char** args, cnp.npy_intp* steps, Py_ssize_t i, formula.Range* levels) noexcept nogil:
    levels.lower = number_at(args, steps, 2, i)
    levels.upper = number_at(args, steps, 3, i)
    levels.option = Option(
        number_at(args, steps, 0, i), number_at(args, steps, 1, i), levels.lower, number_at(args, steps, 4, i),
        number_at(args, steps, 5, i), number_at(args, steps, 6, i), number_at(args, steps, 7, i), 0.0,
        code_at(args, steps, 8, i))


cdef void soft_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """spot, strike, lower, upper, vol, expiry, rate, dividend, kind -> price"""
    cdef Py_ssize_t i, k, count
    cdef double middle
    cdef char* target = args[RESULT]
    cdef Waiting waiting
    cdef formula.Range levels
    cdef formula.Piece pieces[formula.MOST_PIECES]
    cdef bint outside = False
    cdef Status status = status_save()
    waiting.count = 0
    for i in range(dimensions[0]):
        read(args, steps, i, &levels)
        if not formula.valid(&levels):
            outside |= not formula.any_nan(&levels)
            (<double*> (target + i * steps[RESULT]))[0] = NAN
            continue
        (<double*> (target + i * steps[RESULT]))[0] = 0.0
        count = formula.split(&levels, pieces)
        for k in range(count):
            middle = 0.5 * (pieces[k].low + pieces[k].high)
            if levels.lower < levels.upper and single.inside_by(levels.option.spot, middle, levels.option.kind) > 0.0:
                add_nodes(&levels, &pieces[k], i, &waiting, target, steps[RESULT])
                continue
            # knocked, the option does not depend on its barrier, and a range may be one level
            if waiting.count == CHUNK:
                price_all(&waiting, target, steps[RESULT])
            waiting.number[BARRIER][waiting.count] = middle
            waiting.share[waiting.count] = (
                (pieces[k].high - pieces[k].low) / (levels.upper - levels.lower) if levels.lower < levels.upper
                else 1.0)
            add(&waiting, &levels.option, i, 1)
    price_all(&waiting, target, steps[RESULT])
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void greek_nodes(Nodes* nodes, int outputs, char** args, cnp.npy_intp* steps) noexcept nogil:
    """Add the shares of the waiting Greeks to their owners."""
    cdef char* data[NUMBERS + 1 + SECOND_ORDER]
    cdef cnp.npy_intp strides[NUMBERS + 1 + SECOND_ORDER]
    cdef cnp.npy_intp count = nodes.waiting.count
    cdef Inner loop = SECOND if outputs == SECOND_ORDER else FIRST
    cdef Py_ssize_t i
    cdef int place
    cdef double* target
    for place in range(NUMBERS):
        data[place] = <char*> nodes.waiting.number[place]
        strides[place] = sizeof(double)
    data[NUMBERS] = <char*> nodes.waiting.kind
    strides[NUMBERS] = 1
    for place in range(outputs):
        data[NUMBERS + 1 + place] = <char*> nodes.greek[place]
        strides[NUMBERS + 1 + place] = sizeof(double)
    loop.loop(data, &count, strides, loop.data)
    for place in range(outputs):
        for i in range(count):
            target = <double*> (args[RESULT + place] + nodes.waiting.owner[i] * steps[RESULT + place])
            target[0] += nodes.waiting.share[i] * nodes.greek[place][i]
    nodes.waiting.count = 0


cdef inline void add_piece(
    const formula.Range* levels, const formula.Piece* piece, Py_ssize_t owner, int outputs, Nodes* nodes, char** args,
    cnp.npy_intp* steps,
) noexcept nogil:
    """The nodes of a piece; one of them where the option does not depend on its barrier, or the range is one level."""
    cdef double middle = 0.5 * (piece.low + piece.high), half = 0.5 * (piece.high - piece.low) / piece.panels
    cdef bint alive = single.inside_by(levels.option.spot, middle, levels.option.kind) > 0.0
    cdef bint one = not alive or levels.lower == levels.upper
    cdef Py_ssize_t panel, m, first, count = 1 if one else NODES
    cdef double width = levels.upper - levels.lower
    for panel in range(1 if one else piece.panels):
        if nodes.waiting.count + count > CHUNK:
            greek_nodes(nodes, outputs, args, steps)
        first = nodes.waiting.count
        add(&nodes.waiting, &levels.option, owner, count)
        for m in range(count):
            nodes.waiting.number[BARRIER][first + m] = (
                middle if one else piece.low + half * (2 * panel + 1 + LONG.node[m]))
            nodes.waiting.share[first + m] = half / width * LONG.weight[m]
        if one:
            nodes.waiting.share[first] = (piece.high - piece.low) / width if width > 0.0 else 1.0


cdef void greeks(
    int order, int outputs, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps,
) noexcept nogil:
    """The same numbers -> price and Greeks"""
    cdef Py_ssize_t i, k, count
    cdef int place
    cdef formula.Range levels
    cdef formula.Piece pieces[formula.MOST_PIECES]
    cdef Nodes nodes
    cdef double out[SECOND_ORDER]
    cdef bint outside = False, valid
    cdef Status status = status_save()
    nodes.waiting.count = 0
    for i in range(dimensions[0]):
        read(args, steps, i, &levels)
        valid = formula.valid(&levels)
        outside |= not valid and not formula.any_nan(&levels)
        for place in range(outputs):
            (<double*> (args[RESULT + place] + i * steps[RESULT + place]))[0] = 0.0 if valid else NAN
        if not valid:
            continue
        count = formula.split(&levels, pieces)
        for k in range(count):
            add_piece(&levels, &pieces[k], i, outputs, &nodes, args, steps)
        if levels.lower < levels.option.spot < levels.upper:
            # before its jumps are added, an option must be whole
            greek_nodes(&nodes, outputs, args, steps)
            for place in range(outputs):
                out[place] = (<double*> (args[RESULT + place] + i * steps[RESULT + place]))[0]
            ranges.add_jumps(order, &levels, out)
            for place in range(outputs):
                (<double*> (args[RESULT + place] + i * steps[RESULT + place]))[0] = out[place]
    greek_nodes(&nodes, outputs, args, steps)
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    greeks(1, FIRST_ORDER, args, dimensions, steps)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    greeks(2, SECOND_ORDER, args, dimensions, steps)


ARGUMENTS = "spot strike lower upper vol expiry rate dividend kind:b"
soft_price, soft_first_order, soft_second_order = register_orders(
    "soft", ARGUMENTS, soft_loop, first_order_loop, second_order_loop, "barrier.soft_")
