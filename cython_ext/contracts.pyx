"""Loops of contract values and profits."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.contracts as formula
from cython_ext._loop.blocks cimport (
    INVALID, LANES, Status, lanes_of, load_codes, no_price, padded, status_raise, status_restore, status_save, store,
)
from cython_ext._loop.ufuncs cimport register

cnp.import_array()
cnp.import_ufunc()


cdef enum:
    LINEAR
    INVERSE
    MIXED


cdef inline int kind_of(const char* codes, Py_ssize_t step) noexcept nogil:
    return MIXED if step != 0 else INVERSE if codes[0] else LINEAR


cdef inline void values(int kind, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps) noexcept nogil:
    """kind is a constant of the caller: where no contract is inverse there is nothing to divide."""
    cdef Py_ssize_t count = dimensions[0], begin = 0, i, lanes, whole
    cdef const double* quantity
    cdef double quantity_block[LANES]
    cdef const double* price
    cdef double price_block[LANES]
    cdef const double* multiplier
    cdef double multiplier_block[LANES]
    cdef double out[LANES]
    cdef int inverse[LANES]
    cdef long long outside = 0
    cdef Status status = status_save()
    while begin < count:
        lanes = min(<Py_ssize_t> LANES, count - begin)
        whole = padded(lanes)
        quantity = lanes_of(quantity_block, args[0], steps[0], begin, lanes)
        price = lanes_of(price_block, args[1], steps[1], begin, lanes)
        multiplier = lanes_of(multiplier_block, args[2], steps[2], begin, lanes)
        if kind == MIXED:
            load_codes(inverse, args[3] + begin * steps[3], steps[3], lanes)
        for i in range(whole):
            out[i] = formula.checked(
                formula.value(
                    inverse[i] if kind == MIXED else kind == INVERSE, quantity[i], price[i], multiplier[i]),
                price[i])
        for i in range(whole):
            outside |= no_price(price[i])
        store(args[4] + begin * steps[4], steps[4], out, lanes)
        begin += LANES
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef inline void profits(int kind, char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps) noexcept nogil:
    cdef Py_ssize_t count = dimensions[0], begin = 0, i, lanes, whole
    cdef const double* quantity
    cdef double quantity_block[LANES]
    cdef const double* entry
    cdef double entry_block[LANES]
    cdef const double* exit
    cdef double exit_block[LANES]
    cdef const double* multiplier
    cdef double multiplier_block[LANES]
    cdef double out[LANES]
    cdef int inverse[LANES]
    cdef long long outside = 0
    cdef Status status = status_save()
    while begin < count:
        lanes = min(<Py_ssize_t> LANES, count - begin)
        whole = padded(lanes)
        quantity = lanes_of(quantity_block, args[0], steps[0], begin, lanes)
        entry = lanes_of(entry_block, args[1], steps[1], begin, lanes)
        exit = lanes_of(exit_block, args[2], steps[2], begin, lanes)
        multiplier = lanes_of(multiplier_block, args[3], steps[3], begin, lanes)
        if kind == MIXED:
            load_codes(inverse, args[4] + begin * steps[4], steps[4], lanes)
        for i in range(whole):
            out[i] = formula.checked(
                formula.checked(
                    formula.profit(
                        inverse[i] if kind == MIXED else kind == INVERSE, quantity[i], entry[i], exit[i],
                        multiplier[i]),
                    entry[i]),
                exit[i])
        for i in range(whole):
            outside |= no_price(entry[i]) | no_price(exit[i])
        store(args[5] + begin * steps[5], steps[5], out, lanes)
        begin += LANES
    status_restore(status)
    status_raise(INVALID if outside else 0)


cdef void value_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """quantity, price, multiplier, inverse -> value"""
    cdef int kind = kind_of(args[3], steps[3])
    if kind == LINEAR:
        values(LINEAR, args, dimensions, steps)
    elif kind == INVERSE:
        values(INVERSE, args, dimensions, steps)
    else:
        values(MIXED, args, dimensions, steps)


cdef void profit_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    """quantity, entry, exit, multiplier, inverse -> profit"""
    cdef int kind = kind_of(args[4], steps[4])
    if kind == LINEAR:
        profits(LINEAR, args, dimensions, steps)
    elif kind == INVERSE:
        profits(INVERSE, args, dimensions, steps)
    else:
        profits(MIXED, args, dimensions, steps)


contract_value = register(
    value_loop, "contract_value", "quantity price multiplier inverse:b", "value",
    "contracts.Contract.value")
contract_profit = register(
    profit_loop, "contract_profit", "quantity entry exit multiplier inverse:b", "profit",
    "contracts.Contract.pnl")
