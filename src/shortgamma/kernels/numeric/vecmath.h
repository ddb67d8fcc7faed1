/* Elementary and error functions as straight-line code, so that a loop over them is vectorised by the compiler.
 *
 * No table, no branch, no library call: every choice is a select. One source serves SSE2, AVX2, AVX-512 and other
 * machines; with a fused multiply-add the compiler contracts a*b + c, without one nothing is lost but half an ulp.
 * All arguments are allowed, NaN and infinities included. The status flags of the floating-point unit carry no
 * meaning in here: the loops put them back (see status.h) and raise what the result asks for.
 *
 * References
 *   [1] M. M. Shepherd and J. G. Laframboise, Chebyshev approximation of (1 + 2x) exp(x^2) erfc x,
 *       Mathematics of Computation 36 (1981), 249-253: the map of [0, inf] to [-1, 1].
 *   [2] P. T. P. Tang, Table-driven implementation of the logarithm function in IEEE floating-point arithmetic,
 *       ACM TOMS 16 (1990), 378-400: log through s = f/(2 + f).
 *   [3] T. J. Dekker, A floating-point technique for extending the available precision,
 *       Numerische Mathematik 18 (1971), 224-242: the exact square and the exact sum.
 */
#ifndef SHORTGAMMA_VECMATH_H
#define SHORTGAMMA_VECMATH_H

#include <stdint.h>
#include <string.h>

#include "vecmath_coefficients.h"

#if defined(_MSC_VER)
#define SG_INLINE static __forceinline
#elif defined(__GNUC__) || defined(__clang__)
#define SG_INLINE static inline __attribute__((always_inline, unused))
#else
#define SG_INLINE static inline
#endif

/* 1.5 * 2^52: adding it rounds to an integer, which then stands in the low bits of the sum */
#define SG_ROUNDER 6755399441055744.0
#define SG_TWO_52 4503599627370496.0
#define SG_INFINITY ((double)1e300 * 1e300)
#define SG_NAN (SG_INFINITY - SG_INFINITY)

SG_INLINE uint64_t sg_bits(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

SG_INLINE double sg_from_bits(uint64_t u)
{
    double x;
    memcpy(&x, &u, sizeof x);
    return x;
}

SG_INLINE double sg_abs(double x)
{
    return sg_from_bits(sg_bits(x) & UINT64_C(0x7fffffffffffffff));
}

/* The larger, the smaller; a NaN in the first argument is kept. */
SG_INLINE double sg_at_least(double x, double bound)
{
    return x < bound ? bound : x;
}

SG_INLINE double sg_at_most(double x, double bound)
{
    return x > bound ? bound : x;
}

/* A key that is below SG_NO_PRICE for finite numbers > 0 and not for anything else, NaN included: one comparison of the
 * largest key tells whether there is a bad price among many. */
#define SG_NO_PRICE UINT64_C(0x7fefffffffffffff)

SG_INLINE uint64_t sg_price_key(double x)
{
    return sg_bits(x) - 1;
}

SG_INLINE uint64_t sg_larger(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* 2^k for a whole number k in [-1022, 1023], given as a double */
SG_INLINE double sg_power_of_two(double k)
{
    return sg_from_bits((sg_bits(k + SG_ROUNDER) + 1023) << 52);
}

/* x*x - square, exactly, where square = x*x rounded (|x| < 1e150); see [3] */
SG_INLINE double sg_square_tail(double x, double square)
{
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return __builtin_fma(x, x, -square);
#else
    double high = sg_from_bits(sg_bits(x) & UINT64_C(0xfffffffff8000000));
    double low = x - high;
    return ((high * high - square) + 2.0 * high * low) + low * low;
#endif
}

/* exp(r) - 1 - r for |r| <= ln(2)/2 */
SG_INLINE double sg_exp_remainder(double r)
{
    double r2 = r * r;
    double even = SG_EXP_8;
    double odd = SG_EXP_9;
    even = even * r2 + SG_EXP_6;
    odd = odd * r2 + SG_EXP_7;
    even = even * r2 + SG_EXP_4;
    odd = odd * r2 + SG_EXP_5;
    even = even * r2 + SG_EXP_2;
    odd = odd * r2 + SG_EXP_3;
    even = even * r2 + SG_EXP_0;
    odd = odd * r2 + SG_EXP_1;
    return r2 * (even + r * odd);
}

/* factor * exp(high + low), |low| at most an ulp of high, factor of ordinary size. The factor goes in before the
 * scaling by 2^k, which is done in two steps, so that a subnormal result is rounded once only. */
SG_INLINE double sg_exp_times(double high, double low, double factor)
{
    double x = sg_at_most(sg_at_least(high, -800.0), 800.0);
    double k = (x * SG_LOG2E + SG_ROUNDER) - SG_ROUNDER;
    double r = ((x - k * SG_LN2_HIGH) - k * SG_LN2_LOW) + low;
    double value = (1.0 + (r + sg_exp_remainder(r))) * factor;
    double half = (0.5 * k + SG_ROUNDER) - SG_ROUNDER;
    return value * sg_power_of_two(half) * sg_power_of_two(k - half);
}

SG_INLINE double sg_exp(double x)
{
    return sg_exp_times(x, 0.0, 1.0);
}

/* exp(x) for x <= 0, with 0 in the place of the numbers below 3e-308: one scaling, and nothing to be bounded above */
SG_INLINE double sg_exp_down(double x)
{
    double bounded = sg_at_least(x, -708.0);
    double k = (bounded * SG_LOG2E + SG_ROUNDER) - SG_ROUNDER;
    double r = (bounded - k * SG_LN2_HIGH) - k * SG_LN2_LOW;
    double value = (1.0 + (r + sg_exp_remainder(r))) * sg_power_of_two(k);
    return x < -708.0 ? 0.0 : value;
}

SG_INLINE double sg_expm1(double x)
{
    double bounded = sg_at_most(sg_at_least(x, -60.0), 800.0);
    double k = (bounded * SG_LOG2E + SG_ROUNDER) - SG_ROUNDER;
    double high = bounded - k * SG_LN2_HIGH;
    double low = k * SG_LN2_LOW;
    double r = high - low;
    double lost = (high - r) - low;
    double part = r + (sg_exp_remainder(r) + lost);
    /* 2^k ((exp(r) - 1) + (1 - 2^-k)) */
    double half = (0.5 * k + SG_ROUNDER) - SG_ROUNDER;
    double sum = part + (1.0 - sg_power_of_two(sg_at_least(-k, -1022.0)));
    double result = sum * sg_power_of_two(half) * sg_power_of_two(k - half);
    return x == 0.0 ? x : result;
}

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)), for x normal and positive; k comes back as a double */
SG_INLINE double sg_split(double x, double *k)
{
    const uint64_t root = UINT64_C(0x3fe6a09e667f3bcd);
    uint64_t u = sg_bits(x) + (UINT64_C(0x3ff0000000000000) - root);
    *k = sg_from_bits((u >> 52) | UINT64_C(0x4330000000000000)) - (SG_TWO_52 + 1023.0);
    return sg_from_bits((u & UINT64_C(0x000fffffffffffff)) + root);
}

/* s^2 P(s^2) in log((1 + s)/(1 - s)) = s (2 + s^2 P(s^2)) */
SG_INLINE double sg_log_remainder(double s)
{
    double z = s * s;
    double p = SG_LOG_6;
    p = p * z + SG_LOG_5;
    p = p * z + SG_LOG_4;
    p = p * z + SG_LOG_3;
    p = p * z + SG_LOG_2;
    p = p * z + SG_LOG_1;
    p = p * z + SG_LOG_0;
    return p * z;
}

/* log(2^k m) + low, see [2] */
SG_INLINE double sg_log_of_parts(double k, double m, double low)
{
    double f = m - 1.0;
    double s = f / (2.0 + f);
    double half_square = 0.5 * f * f;
    double r = sg_log_remainder(s);
    return k * SG_LN2_HIGH - ((half_square - (s * (half_square + r) + (k * SG_LN2_LOW + low))) - f);
}

SG_INLINE double sg_log(double x)
{
    int tiny = x < 2.2250738585072014e-308;
    double k;
    double m = sg_split(tiny ? x * 18014398509481984.0 : x, &k);
    double result = sg_log_of_parts(tiny ? k - 54.0 : k, m, 0.0);
    result = x == SG_INFINITY ? SG_INFINITY : result;
    result = x == 0.0 ? -SG_INFINITY : result;
    result = x < 0.0 ? SG_NAN : result;
    return x != x ? x : result;
}

SG_INLINE double sg_log1p(double x)
{
    double u = 1.0 + x;
    double lost = sg_abs(x) >= 1.0 ? 1.0 - (u - x) : x - (u - 1.0);
    double k;
    double m = sg_split(u, &k);
    double result = sg_log_of_parts(k, m, lost / u);
    result = x == SG_INFINITY ? SG_INFINITY : result;
    result = x == -1.0 ? -SG_INFINITY : result;
    result = x < -1.0 ? SG_NAN : result;
    result = x == 0.0 ? x : result;
    return x != x ? x : result;
}

/* a/b = 2^k (sum + difference)/(sum - difference) for positive normal a and b, the difference exact and small beside
 * the sum, which lies in [1, 4]: the sum comes back. */
SG_INLINE double sg_ratio_parts(double a, double b, double *k, double *difference)
{
    double ka, kb;
    double x = sg_split(a, &ka);
    double y = sg_split(b, &kb);
    int up = x > SG_SQRT_TWO * y;
    int down = y > SG_SQRT_TWO * x;
    double power = ka - kb;
    double scaled = up ? 0.5 * x : x;
    scaled = down ? 2.0 * x : scaled;
    power = up ? power + 1.0 : power;
    *k = down ? power - 1.0 : power;
    *difference = scaled - y;
    return scaled + y;
}

/* log(2^k (1 + s)/(1 - s)) */
SG_INLINE double sg_log_of_ratio(double k, double s)
{
    return k * SG_LN2_HIGH + (2.0 * s + (s * sg_log_remainder(s) + k * SG_LN2_LOW));
}

/* log(a/b) for positive normal a and b, to full relative accuracy also where a/b is near 1: after the powers of two
 * are taken out a - b is exact, and log(a/b) = 2 atanh((a - b)/(a + b)). */
SG_INLINE double sg_log_ratio(double a, double b)
{
    double k, difference;
    double sum = sg_ratio_parts(a, b, &k, &difference);
    return sg_log_of_ratio(k, difference / sum);
}

/* log(a/b), log(a/c) and 1/d, d in [1e-300, 1e300], for one division: a unit in the last place or two is what it costs */
SG_INLINE double sg_log_ratios(double a, double b, double c, double d, double *second, double *inverse)
{
    double kb, kc, b_difference, c_difference;
    double b_sum = sg_ratio_parts(a, b, &kb, &b_difference);
    double c_sum = sg_ratio_parts(a, c, &kc, &c_difference);
    double sums = b_sum * c_sum;
    double bounded = sg_at_most(d, 1e300);
    double shared = 1.0 / (sums * bounded);
    double part = shared * bounded;
    *second = sg_log_of_ratio(kc, c_difference * (b_sum * part));
    *inverse = shared * sums;
    return sg_log_of_ratio(kb, b_difference * (c_sum * part));
}

/* (x + sqrt(pi)/2) exp(x^2) erfc(x) for x >= 0 and t = (x - centre)/(x + centre), less its value in the middle; the map
 * is that of [1], the factor is ours */
SG_INLINE double sg_erfcx_part(double t)
{
    double t2 = t * t;
    double even = SG_ERFCX_22;
    double odd = SG_ERFCX_23;
    even = even * t2 + SG_ERFCX_20;
    odd = odd * t2 + SG_ERFCX_21;
    even = even * t2 + SG_ERFCX_18;
    odd = odd * t2 + SG_ERFCX_19;
    even = even * t2 + SG_ERFCX_16;
    odd = odd * t2 + SG_ERFCX_17;
    even = even * t2 + SG_ERFCX_14;
    odd = odd * t2 + SG_ERFCX_15;
    even = even * t2 + SG_ERFCX_12;
    odd = odd * t2 + SG_ERFCX_13;
    even = even * t2 + SG_ERFCX_10;
    odd = odd * t2 + SG_ERFCX_11;
    even = even * t2 + SG_ERFCX_8;
    odd = odd * t2 + SG_ERFCX_9;
    even = even * t2 + SG_ERFCX_6;
    odd = odd * t2 + SG_ERFCX_7;
    even = even * t2 + SG_ERFCX_4;
    odd = odd * t2 + SG_ERFCX_5;
    even = even * t2 + SG_ERFCX_2;
    odd = odd * t2 + SG_ERFCX_3;
    odd = odd * t2 + SG_ERFCX_1;
    even = even * t2 + SG_ERFCX_0_LOW;
    return t * odd + even;
}

SG_INLINE double sg_erfcx_numerator(double t)
{
    return SG_ERFCX_0 + sg_erfcx_part(t);
}

/* exp(x^2) erfc(x) for x >= 0 */
SG_INLINE double sg_erfcx_positive(double x)
{
    double bounded = sg_at_most(x, 1e300);
    double t = (bounded - SG_ERFCX_CENTRE) / (bounded + SG_ERFCX_CENTRE);
    return sg_erfcx_numerator(t) / (x + SG_ERFCX_SHIFT);
}

/* factor * exp(-scale x^2) for x >= 0, scale = 1 or 1/2 */
SG_INLINE double sg_gauss(double x, double scale, double factor)
{
    double bounded = sg_at_most(x, 64.0);
    double square = bounded * bounded;
    return sg_exp_times(-scale * square, -scale * sg_square_tail(bounded, square), factor);
}

SG_INLINE double sg_erfc(double x)
{
    double a = sg_abs(x);
    double tail = sg_gauss(a, 1.0, sg_erfcx_positive(a));
    return x < 0.0 ? 2.0 - tail : tail;
}

SG_INLINE double sg_erfcx(double x)
{
    double a = sg_abs(x);
    double positive = sg_erfcx_positive(a);
    double bounded = sg_at_most(a, 64.0);
    double square = bounded * bounded;
    double negative = sg_exp_times(square, sg_square_tail(bounded, square), 2.0) - positive;
    return x < 0.0 ? negative : positive;
}

/* exp(d^2/2) N(-d) for d >= 0 (Mills' ratio over sqrt(2 pi)) */
SG_INLINE double sg_mills(double d)
{
    return 0.5 * sg_erfcx_positive(d * SG_SQRT_HALF);
}

/* The same of two numbers, for one division instead of four: a unit in the last place or two is what it costs. */
SG_INLINE double sg_mills_pair(double c, double d, double *second)
{
    double x = sg_at_most(c, 1e70) * SG_SQRT_HALF;
    double y = sg_at_most(d, 1e70) * SG_SQRT_HALF;
    double x_map = x + SG_ERFCX_CENTRE, x_shift = x + SG_ERFCX_SHIFT, x_both = x_map * x_shift;
    double y_map = y + SG_ERFCX_CENTRE, y_shift = y + SG_ERFCX_SHIFT, y_both = y_map * y_shift;
    double shared = 1.0 / (x_both * y_both);
    double x_part = shared * y_both, y_part = shared * x_both;
    double x_over = x_map * x_part, y_over = y_map * y_part;
    double x_tail = sg_erfcx_numerator((x - SG_ERFCX_CENTRE) * (x_shift * x_part));
    double y_tail = sg_erfcx_numerator((y - SG_ERFCX_CENTRE) * (y_shift * y_part));
    /* where multiplication and addition are one, a step of Newton's takes back what the products were rounded by */
    x_over += x_over * (1.0 - x_shift * x_over);
    y_over += y_over * (1.0 - y_shift * y_over);
    *second = 0.5 * y_tail * y_over;
    return 0.5 * x_tail * x_over;
}

/* Numbers in two parts, high + low, for the last step of a root: what a sum, a product or a function is rounded by. */

SG_INLINE double sg_sum_tail(double a, double b, double sum)
{
    double second = sum - a;
    return (a - (sum - second)) + (b - second);
}

SG_INLINE double sg_product_tail(double a, double b, double product)
{
#if defined(__FMA__) || defined(__ARM_FEATURE_FMA)
    return __builtin_fma(a, b, -product);
#else
    /* see [3] */
    double a_high = sg_from_bits(sg_bits(a) & UINT64_C(0xfffffffff8000000));
    double b_high = sg_from_bits(sg_bits(b) & UINT64_C(0xfffffffff8000000));
    double a_low = a - a_high, b_low = b - b_high;
    return ((a_high * b_high - product) + (a_high * b_low + a_low * b_high)) + a_low * b_low;
#endif
}

/* log(a/b) for positive normal a and b */
SG_INLINE double sg_log_ratio_pair(double a, double b, double *low)
{
    double k, kb, difference;
    double sum = sg_ratio_parts(a, b, &k, &difference);
    double y = sg_split(b, &kb);
    double s = difference / sum, product = s * sum;
    double lost = ((difference - product) - sg_product_tail(s, sum, product)) - s * sg_sum_tail(y + difference, y, sum);
    double rest = s * sg_log_remainder(s) + (k * SG_LN2_LOW + 2.0 * (lost / sum));
    double power = k * SG_LN2_HIGH, main = power + 2.0 * s, result;
    rest += sg_sum_tail(power, 2.0 * s, main);
    result = main + rest;
    *low = (main - result) + rest;
    return result;
}

/* exp(high + tail) for |high| < 700 and a tail of a few units in the last place of it */
SG_INLINE double sg_exp_pair(double high, double tail, double *low)
{
    double k = (high * SG_LOG2E + SG_ROUNDER) - SG_ROUNDER;
    double whole = high - k * SG_LN2_HIGH, shift = k * SG_LN2_LOW;
    double r = whole - shift;
    double r_low = sg_sum_tail(whole, -shift, r) + tail;
    double remainder = sg_exp_remainder(r);
    double w = r + remainder;
    double value = 1.0 + w;
    double power = sg_power_of_two(k);
    *low = ((w - (value - 1.0)) + (sg_sum_tail(r, remainder, w) + r_low * value)) * power;
    return value * power;
}

/* exp(z^2/2) N(-z) for z = high + tail >= 0 */
SG_INLINE double sg_mills_two(double high, double tail, double *low)
{
    double x = high * SG_SQRT_HALF;
    double x_low = sg_product_tail(high, SG_SQRT_HALF, x) + (high * -4.833646656726457e-17 + tail * SG_SQRT_HALF);
    double above = x - SG_ERFCX_CENTRE, below = x + SG_ERFCX_CENTRE;
    double t = above / below, product = t * below;
    double t_lost = ((above - product) - sg_product_tail(t, below, product))
        + (sg_sum_tail(x, -SG_ERFCX_CENTRE, above) - t * sg_sum_tail(x, SG_ERFCX_CENTRE, below));
    double part = sg_erfcx_part(t);
    double numerator = SG_ERFCX_0 + part;
    double over = x + SG_ERFCX_SHIFT;
    double quotient = numerator / over, whole = quotient * over;
    double slope = 2.0 * x * quotient - 1.1283791670955126;
    double lost = ((numerator - whole) - sg_product_tail(quotient, over, whole)) + (part - (numerator - SG_ERFCX_0));
    /* the shift is sqrt(pi)/2, which a double does not hold */
    lost -= quotient * (sg_sum_tail(x, SG_ERFCX_SHIFT, over) - 3.8332932499128994e-17);
    /* what t lacks, by the derivative of the numerator in x */
    lost += t_lost * below * (0.5 / SG_ERFCX_CENTRE) * (quotient + over * slope);
    *low = 0.5 * (lost / over + x_low * slope);
    return 0.5 * quotient;
}

SG_INLINE double sg_normal_cdf(double x)
{
    double a = sg_abs(x);
    double tail = sg_gauss(a, 0.5, sg_mills(a));
    return x > 0.0 ? 1.0 - tail : tail;
}

SG_INLINE double sg_normal_pdf(double x)
{
    return sg_gauss(sg_abs(x), 0.5, SG_ONE_OVER_SQRT_TWO_PI);
}

#endif
