# cython: language_level=3, cdivision=True
"""Closed forms of products of constant leverage L.

Between two rebalances the product holds fixed units, so with x the price over that of the last rebalance

    NAV = n (1 + L (x - 1)),    actual leverage = L x / (1 + L (x - 1)),    trade back to L = n L (L - 1) (x - 1).

Rebalanced continuously, over T years with return R and realised variance V of the underlying

    1 + return = (1 + R)^L exp((L - L^2) V / 2 + ((1 - L) rate - expense) T).

A result is NaN where an argument is out of its domain. Nothing here branches: results outside are computed and
discarded.
"""

from shortgamma.kernels.numeric.vecmath cimport (
    INFINITY, NAN, absolute, exp, expm1, log, log1p, mills, normal_cdf, square_root,
)

cdef extern from "numeric/vecmath.h":
    const double SQRT_TWO_PI "SG_SQRT_TWO_PI"

cdef enum Form:
    TRIGGER_RATIO
    ACTUAL_LEVERAGE
    REBALANCE_TRADE
    REBALANCE_FLOW
    COMPOUNDED_RETURN
    VOLATILITY_DRAG
    BREAK_EVEN_VARIANCE
    GROWTH_OPTIMAL_LEVERAGE
    RETURN_QUANTILE
    RETURN_PROBABILITY
    RECENTRED_LEVERAGE
    POWER_TRANSFER
    SIGMOID_TRANSFER

cdef enum:
    # Terms of the series below: where it is used, the first one left out is 0.05^14 of the first.
    TERMS = 16


cdef inline double trigger_ratio(const double* a) noexcept nogil:
    """leverage, bound"""
    cdef double leverage = a[0], bound = a[1]
    cdef double ratio = bound * (1.0 - leverage) / (leverage * (1.0 - bound))
    # Past the wipe-out the formula gives a leverage of the other sign.
    return ratio if (bound * leverage > 0.0) & (0.0 < ratio) & (ratio < INFINITY) else NAN


cdef inline double actual_leverage(const double* a) noexcept nogil:
    """leverage, ratio"""
    cdef double leverage = a[0], ratio = a[1]
    cdef double nav = 1.0 + leverage * (ratio - 1.0)
    cdef double result = leverage * ratio / nav if nav > 0.0 else 0.0
    return result if (0.0 < ratio) & (ratio < INFINITY) & (absolute(leverage) < INFINITY) else NAN


cdef inline double rebalance_flow(const double* a) noexcept nogil:
    """assets, leverage, return"""
    cdef double assets = a[0], leverage = a[1], change = a[2]
    cdef double flow = assets * (leverage * (leverage - 1.0)) * change if 1.0 + leverage * change > 0.0 else 0.0
    cdef bint inside = (
        (0.0 <= assets) & (assets < INFINITY) & (-1.0 < change) & (change < INFINITY) & (absolute(leverage) < INFINITY)
    )
    return flow if inside else NAN


cdef inline double rebalance_trade(const double* a) noexcept nogil:
    """nav, leverage, ratio"""
    cdef double[3] b
    b[0] = a[0]
    b[1] = a[1]
    b[2] = a[2] - 1.0
    return rebalance_flow(b) if a[2] > 0.0 else NAN


cdef inline double compounded_return(const double* a) noexcept nogil:
    """return, leverage, variance, rate, expense, years"""
    cdef double leverage = a[1], carry = (1.0 - leverage) * a[3] - a[4]
    cdef double result = expm1(leverage * log1p(a[0]) + (0.5 * (leverage * (1.0 - leverage)) * a[2] + carry * a[5]))
    cdef bint inside = (
        (-1.0 < a[0]) & (a[0] < INFINITY) & (0.0 <= a[2]) & (a[2] < INFINITY) & (0.0 <= a[5]) & (a[5] < INFINITY)
    )
    return result if inside else NAN


cdef inline double volatility_drag(const double* a) noexcept nogil:
    """leverage, vol, years"""
    cdef double result = expm1(0.5 * (a[0] * (1.0 - a[0])) * (a[1] * a[1] * a[2]))
    return result if (0.0 <= a[1]) & (a[1] < INFINITY) & (0.0 <= a[2]) & (a[2] < INFINITY) else NAN


cdef inline double break_even_variance(const double* a) noexcept nogil:
    """return, leverage"""
    cdef double change = a[0], leverage = a[1]
    cdef double power = change * change, coefficient = 1.0, series = 0.0, weight = leverage * (leverage - 1.0)
    cdef double closed = 2.0 * (leverage * log1p(change) - log1p(leverage * change)) / weight
    cdef double result
    cdef int k
    # Where both are small the logarithms cancel; their series do not: sum of 2 (-R)^k (1 + L + ... + L^(k-2)) / k.
    for k in range(2, TERMS):
        series = series + power * coefficient * (2.0 / k)
        power = -power * change
        coefficient = 1.0 + leverage * coefficient
    result = series if (absolute(change) < 0.05) & (absolute(leverage * change) < 0.05) else closed
    result = INFINITY if leverage * change <= -1.0 else result
    result = result if (0.0 < absolute(weight)) & (absolute(weight) < INFINITY) else NAN
    return result if (-1.0 < change) & (change < INFINITY) else NAN


cdef inline double growth_optimal_leverage(const double* a) noexcept nogil:
    """drift, rate, vol"""
    return (a[0] - a[1]) / (a[2] * a[2]) if (0.0 < a[2]) & (a[2] < INFINITY) else NAN


cdef inline double mean(
    double leverage, double drift, double vol, double years, double rate, double expense,
) noexcept nogil:
    """Of the log return."""
    return (leverage * drift - 0.5 * (leverage * leverage) * (vol * vol) + (1.0 - leverage) * rate - expense) * years


cdef inline double deviation(double leverage, double vol, double years) noexcept nogil:
    """Of the log return; NaN out of its domain."""
    cdef double result = absolute(leverage) * vol * square_root(years)
    return result if (0.0 <= vol) & (vol < INFINITY) & (0.0 <= years) & (years < INFINITY) else NAN


cdef inline double closer(double z, double tail) noexcept nogil:
    """Halley's step to the z <= 0 of normal_cdf(z) = tail; with Mills' ratio, the density falls out."""
    cdef double step = SQRT_TWO_PI * (mills(-z) - tail * exp(0.5 * z * z))
    return z - step / (1.0 + 0.5 * z * step)


cdef inline double normal_quantile(double probability) noexcept nogil:
    """Abramowitz and Stegun 26.2.23, then Halley's steps on the distribution function of the lower tail."""
    cdef double tail = probability if probability < 0.5 else 1.0 - probability
    cdef double t = square_root(-2.0 * log(tail))
    cdef double z = (
        (2.515517 + t * (0.802853 + t * 0.010328)) / (1.0 + t * (1.432788 + t * (0.189269 + t * 0.001308))) - t)
    # off by 4.5e-4 at the most; a step leaves about z^2/6 of the cube of that
    z = closer(closer(z, tail), tail)
    return z if probability < 0.5 else -z


cdef inline double return_quantile(const double* a) noexcept nogil:
    """probability, leverage, drift, vol, years, rate, expense"""
    cdef double result = expm1(
        mean(a[1], a[2], a[3], a[4], a[5], a[6]) + deviation(a[1], a[3], a[4]) * normal_quantile(a[0]))
    # Below that the density underflows.
    return result if (1e-300 <= a[0]) & (a[0] < 1.0) else NAN


cdef inline double return_probability(const double* a) noexcept nogil:
    """return, leverage, drift, vol, years, rate, expense"""
    cdef double spread = deviation(a[1], a[3], a[4])
    cdef double distance = log1p(a[0]) - mean(a[1], a[2], a[3], a[4], a[5], a[6])
    # without a spread an infinity of the sign of the distance; a return just reached counts
    cdef double result = normal_cdf((1e-300 if distance == 0.0 else distance) / spread)
    return result if (-1.0 < a[0]) & (a[0] < INFINITY) else NAN


cdef inline double recentred_leverage(const double* a) noexcept nogil:
    """actual, target, speed, low, high"""
    cdef double leverage = a[0] * (1.0 - a[2]) + a[1] * a[2]
    cdef double result = a[3] if leverage < a[3] else leverage
    result = a[4] if result > a[4] else result
    return result if (0.0 <= a[2]) & (a[2] <= 1.0) & (a[3] <= a[4]) & (absolute(leverage) < INFINITY) else NAN


cdef inline double power_share(double leverage, double fall) noexcept nogil:
    """What the loser pays, of its pool: 1 - m^L, m = 1 - fall."""
    return -expm1(leverage * log1p(-fall))


cdef inline double sigmoid_share(double leverage, double fall) noexcept nogil:
    """2 / (1 + exp(-2 L fall)) - 1"""
    cdef double lower = expm1(-2.0 * leverage * fall)
    return -lower / (2.0 + lower)


cdef inline double pool_transfer(const double* a, bint sigmoid) noexcept nogil:
    """long, short, leverage, ratio"""
    cdef double ratio = a[3]
    cdef double fall = (ratio - 1.0) / ratio if ratio > 1.0 else 1.0 - ratio
    cdef double share = sigmoid_share(a[2], fall) if sigmoid else power_share(a[2], fall)
    cdef double result = a[1] * share if ratio > 1.0 else -a[0] * share
    cdef bint inside = (
        (0.0 <= a[0]) & (a[0] < INFINITY) & (0.0 <= a[1]) & (a[1] < INFINITY) & (0.0 <= a[2]) & (a[2] < INFINITY)
        & (0.0 < ratio) & (ratio < INFINITY)
    )
    return result if inside else NAN


cdef inline double evaluate(Form form, const double* a) noexcept nogil:
    """form is a constant of the caller."""
    if form == TRIGGER_RATIO:
        return trigger_ratio(a)
    elif form == ACTUAL_LEVERAGE:
        return actual_leverage(a)
    elif form == REBALANCE_TRADE:
        return rebalance_trade(a)
    elif form == REBALANCE_FLOW:
        return rebalance_flow(a)
    elif form == COMPOUNDED_RETURN:
        return compounded_return(a)
    elif form == VOLATILITY_DRAG:
        return volatility_drag(a)
    elif form == BREAK_EVEN_VARIANCE:
        return break_even_variance(a)
    elif form == GROWTH_OPTIMAL_LEVERAGE:
        return growth_optimal_leverage(a)
    elif form == RETURN_QUANTILE:
        return return_quantile(a)
    elif form == RETURN_PROBABILITY:
        return return_probability(a)
    elif form == RECENTRED_LEVERAGE:
        return recentred_leverage(a)
    elif form == POWER_TRANSFER:
        return pool_transfer(a, False)
    else:
        return pool_transfer(a, True)
