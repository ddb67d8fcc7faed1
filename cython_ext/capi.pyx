"""Scalar functions with a fixed C signature; the text is in capi.pxd. Plain cdef: cpdef would add a hidden argument."""

cimport shortgamma.kernels.barrier.single as barrier
cimport shortgamma.kernels.contracts as contracts
cimport shortgamma.kernels.funding.payments as funding
cimport shortgamma.kernels.leverage.nav as leverage
cimport shortgamma.kernels.liquidation.position as liquidation
cimport shortgamma.kernels.numeric.vecmath as vecmath
from shortgamma.kernels.numeric.vecmath cimport NAN


cdef double exp(double x) noexcept nogil:
    return vecmath.exp(x)


cdef double log(double x) noexcept nogil:
    return vecmath.log(x)


cdef double erfc(double x) noexcept nogil:
    return vecmath.erfc(x)


cdef double erfcx(double x) noexcept nogil:
    return vecmath.erfcx(x)


cdef double normal_cdf(double x) noexcept nogil:
    return vecmath.normal_cdf(x)


cdef double normal_pdf(double x) noexcept nogil:
    return vecmath.normal_pdf(x)


cdef void barrier_option(
    double spot, double strike, double barrier_, double vol, double expiry, double rate, double dividend,
    double rebate, int kind, int order, double* out,
) noexcept nogil:
    cdef barrier.Option option = barrier.Option(
        spot, strike, barrier_, vol, expiry, rate, dividend, rebate, kind)
    barrier.careful(order, &option, out)


cdef double barrier_price(
    double spot, double strike, double barrier_, double vol, double expiry, double rate, double dividend,
    double rebate, int kind,
) noexcept nogil:
    cdef double price
    if not 0 <= kind < barrier.KINDS:
        return NAN
    barrier_option(spot, strike, barrier_, vol, expiry, rate, dividend, rebate, kind, 0, &price)
    return price


cdef int barrier_greeks(
    double spot, double strike, double barrier_, double vol, double expiry, double rate, double dividend,
    double rebate, int kind, int order, double* out,
) noexcept nogil:
    """How many outputs were written to out, in the order of BarrierGreeks: 7 at order 1, 14 at order 2, else 0."""
    if not 0 <= kind < barrier.KINDS:
        return 0
    if order != 1 and order != 2:
        return 0
    barrier_option(spot, strike, barrier_, vol, expiry, rate, dividend, rebate, kind, order, out)
    return barrier.FIRST_ORDER if order == 1 else barrier.SECOND_ORDER


cdef double contract_value(double quantity, double price, double multiplier, int inverse) noexcept nogil:
    return contracts.checked(contracts.value(inverse != 0, quantity, price, multiplier), price)


cdef double contract_profit(double quantity, double entry, double exit, double multiplier, int inverse) noexcept nogil:
    cdef double profit = contracts.profit(inverse != 0, quantity, entry, exit, multiplier)
    return contracts.checked(contracts.checked(profit, entry), exit)


cdef double leverage_growth(double ratio, double leverage_, double financing, double fee) noexcept nogil:
    """NAV over the NAV a bar before, of a product just rebalanced."""
    return leverage.growth(ratio, leverage_, financing, leverage.keep(financing, fee))


cdef double funding_payment(
    double position, double mark, double rate, double multiplier, int inverse,
) noexcept nogil:
    return contracts.checked(funding.payment(inverse != 0, position, mark, rate, multiplier), mark)


cdef double liquidation_price(
    double quantity, double entry, double margin, double maintenance, double fee, double multiplier,
    int inverse,
) noexcept nogil:
    if liquidation.in_domain(entry, maintenance, fee) == 0.0:
        return NAN
    return liquidation.price(inverse != 0, quantity, entry, margin, maintenance + fee, multiplier)
