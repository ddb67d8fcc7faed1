# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""An option with one barrier, its kind as a small number, and the places of its outputs.

Letters as in `single`: phi = 1 call or -1 put, eta = 1 down or -1 up.
"""

from shortgamma.kernels.numeric.jets cimport Jet

# A kind is the sum of the flags that hold. AT_EXPIRY: a knock-out's rebate is paid at expiry, not at the hit. TOUCH:
# there is no payoff, only the rebate.
cdef enum:
    UP = 1
    OUT = 2
    PUT = 4
    AT_EXPIRY = 8
    TOUCH = 16
    KINDS = 32

# Places of the outputs, and how many there are at order 1 and 2.
cdef enum:
    PRICE
    DELTA
    GAMMA
    VEGA
    THETA
    RHO
    RHO_DIVIDEND
    VANNA
    VOLGA
    CHARM
    SPEED
    ZOMMA
    COLOR
    VETA
    SECOND_ORDER
    FIRST_ORDER = VANNA

cdef struct Option:
    double spot
    double strike
    double barrier
    double vol
    double expiry
    double rate
    double dividend
    double rebate
    int kind

cdef struct Greeks:
    double price
    double delta
    double gamma
    double vega
    double theta
    double rho
    double rho_dividend
    double vanna
    double volga
    double charm
    double speed
    double zomma
    double color
    double veta


cdef inline int outputs_of(int order) noexcept nogil:
    return SECOND_ORDER if order == 2 else FIRST_ORDER if order == 1 else 1


cdef inline double phi_of(int kind) noexcept nogil:
    return <double> (1 - ((kind >> 1) & 2))


cdef inline double eta_of(int kind) noexcept nogil:
    return <double> (1 - ((kind << 1) & 2))


cdef inline double out_of(int kind) noexcept nogil:
    return <double> ((kind >> 1) & 1)


cdef inline double at_hit(int kind) noexcept nogil:
    """1 if the rebate is paid when the barrier is hit."""
    return <double> ((kind >> 1) & ~(kind >> 3) & 1)


cdef inline double survivors(int kind) noexcept nogil:
    """1 if a rebate at expiry is paid where the barrier was never hit (a knock-in), -1 if where it was."""
    return <double> (1 - (kind & (kind >> 2) & 2))


cdef inline double plain_beyond(int kind) noexcept nogil:
    """1 of a knock-in with a payoff, which beyond its barrier is the plain option."""
    return <double> (1 ^ ((kind >> 1) & 1) ^ (((kind >> 4) & ~(kind >> 1)) & 1))


cdef inline double inside_by(double spot, double barrier, int kind) noexcept nogil:
    """How far the spot is from the barrier, > 0 on the living side."""
    return eta_of(kind) * (spot - barrier)


cdef inline void finish(
    int order, double spot, double vol, double rate, double drift, const Jet* jet, Greeks* greeks,
) noexcept nogil:
    """Greeks from the derivatives in ln S; those in time from the Black-Scholes equation."""
    cdef double inverse = 1.0 / spot
    cdef double half_variance = 0.5 * vol * vol
    # S^n d^nV/dS^n
    cdef double second = jet.xx - jet.x
    cdef double third, fourth, second_sigma
    greeks.delta = jet.x * inverse
    greeks.gamma = second * inverse * inverse
    greeks.vega = jet.sigma
    greeks.theta = rate * jet.value - drift * jet.x - half_variance * second
    greeks.rho = jet.r
    greeks.rho_dividend = jet.q
    if order >= 2:
        third = jet.xxx - 3.0 * jet.xx + 2.0 * jet.x
        fourth = jet.xxxx - 6.0 * jet.xxx + 11.0 * jet.xx - 6.0 * jet.x
        second_sigma = jet.xx_sigma - jet.x_sigma
        greeks.vanna = jet.x_sigma * inverse
        greeks.volga = jet.sigma_sigma
        greeks.charm = (
            rate * jet.x - drift * (jet.x + second) - half_variance * (2.0 * second + third)
        ) * inverse
        greeks.speed = third * inverse * inverse * inverse
        greeks.zomma = second_sigma * inverse * inverse
        greeks.color = (
            rate * second - drift * (2.0 * second + third) - half_variance * (2.0 * second + 4.0 * third + fourth)
        ) * inverse * inverse
        greeks.veta = rate * jet.sigma - drift * jet.x_sigma - half_variance * second_sigma - vol * second


cdef inline void deliver(
    int order, double spot, double vol, double rate, double drift, const Jet* jet, double* out,
) noexcept nogil:
    """The price and the Greeks in their places."""
    cdef Greeks greeks
    out[PRICE] = jet.value
    if order == 0:
        return
    finish(order, spot, vol, rate, drift, jet, &greeks)
    out[DELTA] = greeks.delta
    out[GAMMA] = greeks.gamma
    out[VEGA] = greeks.vega
    out[THETA] = greeks.theta
    out[RHO] = greeks.rho
    out[RHO_DIVIDEND] = greeks.rho_dividend
    if order >= 2:
        out[VANNA] = greeks.vanna
        out[VOLGA] = greeks.volga
        out[CHARM] = greeks.charm
        out[SPEED] = greeks.speed
        out[ZOMMA] = greeks.zomma
        out[COLOR] = greeks.color
        out[VETA] = greeks.veta


cdef inline double not_negative(double value, double rebate) noexcept nogil:
    """Rounding may leave a worthless option a hair below nothing; with a negative rebate it may really be there."""
    return 0.0 if (value < 0.0) & (rebate >= 0.0) else value
