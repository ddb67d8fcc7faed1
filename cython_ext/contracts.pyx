"""Loops of contract values and profits."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.contracts as formula
from cython_ext._loop.blocks cimport no_price
from cython_ext._loop.elementwise cimport INVERSE, MIXED, by_contract
from cython_ext._loop.ufuncs cimport register

cnp.import_array()
cnp.import_ufunc()


cdef inline long long values(int kind, const double** x, const int* codes, double* out, int lanes) noexcept nogil:
    cdef const double* quantity = x[0]
    cdef const double* price = x[1]
    cdef const double* multiplier = x[2]
    cdef long long outside = 0
    cdef Py_ssize_t i
    for i in range(lanes):
        out[i] = formula.checked(
            formula.value(codes[i] if kind == MIXED else kind == INVERSE, quantity[i], price[i], multiplier[i]),
            price[i])
    for i in range(lanes):
        outside |= no_price(price[i])
    return outside


cdef inline long long profits(int kind, const double** x, const int* codes, double* out, int lanes) noexcept nogil:
    cdef const double* quantity = x[0]
    cdef const double* entry = x[1]
    cdef const double* exit = x[2]
    cdef const double* multiplier = x[3]
    cdef long long outside = 0
    cdef double profit
    cdef Py_ssize_t i
    for i in range(lanes):
        profit = formula.profit(
            codes[i] if kind == MIXED else kind == INVERSE, quantity[i], entry[i], exit[i], multiplier[i])
        out[i] = formula.checked(formula.checked(profit, entry[i]), exit[i])
    for i in range(lanes):
        outside |= no_price(entry[i]) | no_price(exit[i])
    return outside


cdef void value_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    by_contract(values, 3, args, dimensions, steps)


cdef void profit_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    by_contract(profits, 4, args, dimensions, steps)


contract_value = register(
    value_loop, "contract_value", "quantity price multiplier inverse:b", "value",
    "contracts.Contract.value")
contract_profit = register(
    profit_loop, "contract_profit", "quantity entry exit multiplier inverse:b", "profit",
    "contracts.Contract.pnl")
