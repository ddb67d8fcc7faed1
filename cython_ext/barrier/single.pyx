"""Loops of single-barrier options."""

cimport numpy as cnp

cimport shortgamma.kernels.barrier.single as formula
from cython_ext.barrier._blocks cimport INPUTS, Output, in_blocks
from cython_ext._loop.ufuncs cimport Loop, make_ufunc

import numpy as np

cnp.import_array()
cnp.import_ufunc()

cdef object FLOAT = np.float64


cdef void price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only) noexcept nogil:
    in_blocks(False, 0, 1, args, dimensions, steps, only)


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only) noexcept nogil:
    in_blocks(False, 1, formula.FIRST_ORDER, args, dimensions, steps, only)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* only) noexcept nogil:
    in_blocks(False, 2, formula.SECOND_ORDER, args, dimensions, steps, only)


cdef Loop ALONE = price_loop


def price_of(tuple numbers, signed char kind):
    """The price of one option, of Python's own numbers; None if others are among them, or if it is not a number."""
    cdef double values[INPUTS]
    cdef char* data[INPUTS + 1]
    cdef cnp.npy_intp steps[INPUTS + 1]
    cdef cnp.npy_intp count = 1
    cdef Py_ssize_t i
    if len(numbers) != INPUTS - 1:
        return None
    for i in range(INPUTS - 1):
        if type(numbers[i]) is not float and type(numbers[i]) is not int:
            return None
        values[i] = numbers[i]
        data[i] = <char*> &values[i]
        steps[i] = 0
    data[INPUTS - 1] = <char*> &kind
    data[INPUTS] = <char*> &values[INPUTS - 1]
    steps[INPUTS - 1] = steps[INPUTS] = 0
    ALONE(data, &count, steps, NULL)
    return FLOAT(values[INPUTS - 1]) if values[INPUTS - 1] == values[INPUTS - 1] else None


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
