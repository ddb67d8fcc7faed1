# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""An option between two barriers, its kind as a small number, and what its series share.

Letters as in `double`: x = ln S, l = ln L, u = ln U, w = u - l, nu = (r - q)/sigma^2 - 1/2, s = sigma sqrt T, v = s^2.
"""

from shortgamma.kernels.numeric.vecmath cimport absolute, exp, log_ratio, square_root

# A kind as a small number: which of the four, and the sum of the flags that hold. KIKO: in at the lower barrier and out
# at the upper one, KOKI the other way round. AT_EXPIRY: a rebate is paid at expiry, not at the hit. TOUCH: there is no
# payoff, only the rebate.
cdef enum:
    IN = 0
    OUT = 1
    KIKO = 2
    KOKI = 3
    BASIC = 3
    PUT = 4
    AT_EXPIRY = 8
    TOUCH = 16
    KINDS = 32

cdef extern from *:
    """
    /* s/w where images give way to eigenfunctions, and where they do if the drift is less than so many deviations */
    #define SG_IMAGES_UNTIL (1.0/3.0)
    #define SG_IMAGES_UNTIL_WEAK_DRIFT 0.24
    #define SG_WEAK_DRIFT 0.5
    /* an image, or an eigenfunction, of less than exp(-56) of the first is left out */
    #define SG_NEGLIGIBLE 56.0
    """
    const double IMAGES_UNTIL "SG_IMAGES_UNTIL"
    const double IMAGES_UNTIL_WEAK_DRIFT "SG_IMAGES_UNTIL_WEAK_DRIFT"
    const double WEAK_DRIFT "SG_WEAK_DRIFT"
    const double NEGLIGIBLE "SG_NEGLIGIBLE"

cdef struct Option:
    double spot
    double strike
    double lower
    double upper
    double vol
    double expiry
    double rate
    double dividend
    double rebate
    int kind

cdef struct Frame:
    # x - l, u - x, w, ln(K/S), s, nu s, nu, S e^(-qT), e^(-rT)
    double below
    double above
    double width
    double log_strike
    double deviation
    double shift
    double nu
    double asset
    double discount


# Arithmetic on flags rather than choices: compilers vectorise no chain of more than a few.

cdef inline double corridor_sign(int kind) noexcept nogil:
    """How the corridor's value stands in the option: 1 in a knock-out, -1 in all others, 0 in a touch."""
    return <double> ((1 - ((kind >> 4) & 1)) * (2 * (kind & BASIC == OUT) - 1))


cdef inline double survivors(int kind) noexcept nogil:
    """Units of the survival that a payment at expiry is made of: 1 if paid to those that touched nothing, -1 if to
    those that touched something."""
    return <double> ((kind & BASIC == IN) - (kind & BASIC == OUT) * ((kind >> 3) & 1))


cdef inline double pays_hit(int kind, bint upper) noexcept nogil:
    """1 if the first hit is paid for when it is of the upper barrier, or of the lower one."""
    return <double> (
        (kind & BASIC == OUT) * (1 - ((kind >> 3) & 1))
        + (kind & BASIC == (KOKI if upper else KIKO)) * ((kind >> 4) & 1))


cdef inline void prepare(const Option* option, Frame* frame) noexcept nogil:
    cdef double s = option.vol * square_root(option.expiry), drift = option.rate - option.dividend
    frame.width = log_ratio(option.upper, option.lower)
    frame.below = log_ratio(option.spot, option.lower)
    frame.above = log_ratio(option.upper, option.spot)
    frame.log_strike = log_ratio(option.strike, option.spot)
    frame.deviation = s
    frame.shift = drift * option.expiry / s - 0.5 * s
    frame.nu = drift / (option.vol * option.vol) - 0.5
    frame.asset = option.spot * exp(-option.dividend * option.expiry)
    frame.discount = exp(-option.rate * option.expiry)


cdef inline double by_images(double deviation, double width, double shift) noexcept nogil:
    """1 if images are to be summed, 0 if eigenfunctions."""
    return 1.0 if deviation < (
        IMAGES_UNTIL_WEAK_DRIFT if absolute(shift) < WEAK_DRIFT else IMAGES_UNTIL) * width else 0.0
