"""Loops of touches and binary barrier options."""

cimport numpy as cnp

from shortgamma.kernels.barrier.single cimport FIRST_ORDER, SECOND_ORDER
from cython_ext.barrier._blocks cimport in_blocks
from cython_ext._loop.ufuncs cimport make_ufunc

cnp.import_array()
cnp.import_ufunc()


cdef void price_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    in_blocks(True, 0, 1, args, dimensions, steps, NULL)


cdef void first_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    in_blocks(True, 1, FIRST_ORDER, args, dimensions, steps, NULL)


cdef void second_order_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* _) noexcept nogil:
    in_blocks(True, 2, SECOND_ORDER, args, dimensions, steps, NULL)


DOC = (
    "Loop behind shortgamma.barrier.binary_price and touch_price: spot, strike, barrier, vol, expiry, rate, dividend, "
    "amount, code (int8)."
)
binary_price = make_ufunc(price_loop, "binary_price", "ddddddddb", "d", "", DOC)
binary_first_order = make_ufunc(first_order_loop, "binary_first_order", "ddddddddb", "d" * 7, "", DOC)
binary_second_order = make_ufunc(second_order_loop, "binary_second_order", "ddddddddb", "d" * 14, "", DOC)
