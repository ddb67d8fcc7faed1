# cython: language_level=3
"""Elementary and error functions as straight-line code; the text and the sources are in vecmath.h."""

cdef extern from "numeric/vecmath.h" nogil:
    double INFINITY "SG_INFINITY"
    double NAN "SG_NAN"
    double SQRT_HALF "SG_SQRT_HALF"
    double ONE_OVER_SQRT_TWO_PI "SG_ONE_OVER_SQRT_TWO_PI"
    double LN2_HIGH "SG_LN2_HIGH"
    double LN2_LOW "SG_LN2_LOW"
    double split "sg_split"(double x, double* power) noexcept
    double exp "sg_exp"(double x) noexcept
    double exp_down "sg_exp_down"(double x) noexcept
    double expm1 "sg_expm1"(double x) noexcept
    double log "sg_log"(double x) noexcept
    double log1p "sg_log1p"(double x) noexcept
    double log_ratio "sg_log_ratio"(double a, double b) noexcept
    double log_ratios "sg_log_ratios"(double a, double b, double c, double d, double* second, double* inverse) noexcept
    double erfc "sg_erfc"(double x) noexcept
    double erfcx "sg_erfcx"(double x) noexcept
    double mills "sg_mills"(double d) noexcept
    double mills_pair "sg_mills_pair"(double c, double d, double* second) noexcept
    double sum_tail "sg_sum_tail"(double a, double b, double sum) noexcept
    double product_tail "sg_product_tail"(double a, double b, double product) noexcept
    double log_ratio_pair "sg_log_ratio_pair"(double a, double b, double* low) noexcept
    double exp_pair "sg_exp_pair"(double high, double tail, double* low) noexcept
    double mills_two "sg_mills_two"(double high, double tail, double* low) noexcept
    double normal_cdf "sg_normal_cdf"(double x) noexcept
    double normal_pdf "sg_normal_pdf"(double x) noexcept
    double absolute "sg_abs"(double x) noexcept
    double at_least "sg_at_least"(double x, double bound) noexcept
    double at_most "sg_at_most"(double x, double bound) noexcept
    double square_root "sqrt"(double x) noexcept
    const unsigned long long NO_PRICE "SG_NO_PRICE"
    unsigned long long price_key "sg_price_key"(double x) noexcept
    unsigned long long larger "sg_larger"(unsigned long long a, unsigned long long b) noexcept
