# cython: language_level=3
"""Scalar functions of a fixed C signature, for scipy.LowLevelCallable, ctypes, numba and C code.

kind is the sum of 1 (up), 2 (out), 4 (put) and 8 (rebate of a knock-out paid at expiry); inverse is 1 for an
inverse contract, else 0. Numbers out of their domain give NaN. In Cython itself the inline formulas of
shortgamma.kernels are faster.
"""

cdef double exp(double x) noexcept nogil
cdef double log(double x) noexcept nogil
cdef double erfc(double x) noexcept nogil
cdef double erfcx(double x) noexcept nogil
cdef double normal_cdf(double x) noexcept nogil
cdef double normal_pdf(double x) noexcept nogil
cdef double barrier_price(
    double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double rebate, int kind) noexcept nogil
cdef int barrier_greeks(
    double spot, double strike, double barrier, double vol, double expiry, double rate, double dividend,
    double rebate, int kind, int order, double* out) noexcept nogil
cdef double contract_value(double quantity, double price, double multiplier, int inverse) noexcept nogil
cdef double contract_profit(double quantity, double entry, double exit, double multiplier, int inverse) noexcept nogil
cdef double leverage_growth(double ratio, double leverage, double financing, double fee) noexcept nogil
cdef double funding_payment(
    double position, double mark, double rate, double multiplier, int inverse) noexcept nogil
cdef double liquidation_price(
    double quantity, double entry, double margin, double maintenance, double fee, double multiplier,
    int inverse) noexcept nogil
