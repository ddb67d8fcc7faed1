/* A few doubles side by side, as many as the processor takes at once: for loops that compilers do not make so by
 * themselves. Every operation is the IEEE one, so a result does not depend on how many there are.
 *
 * vec are the numbers, lot is the outcome of a comparison: SG_SIDE of them, the first in the lowest bit of v_bits. */
#ifndef SHORTGAMMA_LANES_H
#define SHORTGAMMA_LANES_H

#if defined(__AVX512F__) && defined(__AVX512DQ__)
#include <immintrin.h>
#define SG_SIDE 8
typedef __m512d vec;
typedef __mmask8 lot;
#define v_load(p) _mm512_loadu_pd(p)
#define v_store(p, a) _mm512_storeu_pd(p, a)
#define v_all(x) _mm512_set1_pd(x)
#define v_add(a, b) _mm512_add_pd(a, b)
#define v_sub(a, b) _mm512_sub_pd(a, b)
#define v_mul(a, b) _mm512_mul_pd(a, b)
#define v_div(a, b) _mm512_div_pd(a, b)
#define v_abs(a) _mm512_abs_pd(a)
/* b < a ? b : a, and b > a ? b : a */
#define v_smaller(a, b) _mm512_min_pd(b, a)
#define v_larger(a, b) _mm512_max_pd(b, a)
#define v_less(a, b) _mm512_cmp_pd_mask(a, b, _CMP_LT_OQ)
#define v_equal(a, b) _mm512_cmp_pd_mask(a, b, _CMP_EQ_OQ)
#define v_both(x, y) ((lot)((x) & (y)))
#define v_either(x, y) ((lot)((x) | (y)))
#define v_without(x, y) ((lot)((x) & ~(y)))
#define v_pick(x, a, b) _mm512_mask_mov_pd(b, x, a)
#define v_bits(x) ((unsigned int)(x))
#define v_none() ((lot)0)

#elif defined(__AVX__)
#include <immintrin.h>
#define SG_SIDE 4
typedef __m256d vec;
typedef __m256d lot;
#define v_load(p) _mm256_loadu_pd(p)
#define v_store(p, a) _mm256_storeu_pd(p, a)
#define v_all(x) _mm256_set1_pd(x)
#define v_add(a, b) _mm256_add_pd(a, b)
#define v_sub(a, b) _mm256_sub_pd(a, b)
#define v_mul(a, b) _mm256_mul_pd(a, b)
#define v_div(a, b) _mm256_div_pd(a, b)
#define v_abs(a) _mm256_andnot_pd(_mm256_set1_pd(-0.0), a)
#define v_smaller(a, b) _mm256_min_pd(b, a)
#define v_larger(a, b) _mm256_max_pd(b, a)
#define v_less(a, b) _mm256_cmp_pd(a, b, _CMP_LT_OQ)
#define v_equal(a, b) _mm256_cmp_pd(a, b, _CMP_EQ_OQ)
#define v_both(x, y) _mm256_and_pd(x, y)
#define v_either(x, y) _mm256_or_pd(x, y)
#define v_without(x, y) _mm256_andnot_pd(y, x)
#define v_pick(x, a, b) _mm256_blendv_pd(b, a, x)
#define v_bits(x) ((unsigned int)_mm256_movemask_pd(x))
#define v_none() _mm256_setzero_pd()

#elif defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define SG_SIDE 2
typedef __m128d vec;
typedef __m128d lot;
#define v_load(p) _mm_loadu_pd(p)
#define v_store(p, a) _mm_storeu_pd(p, a)
#define v_all(x) _mm_set1_pd(x)
#define v_add(a, b) _mm_add_pd(a, b)
#define v_sub(a, b) _mm_sub_pd(a, b)
#define v_mul(a, b) _mm_mul_pd(a, b)
#define v_div(a, b) _mm_div_pd(a, b)
#define v_abs(a) _mm_andnot_pd(_mm_set1_pd(-0.0), a)
#define v_smaller(a, b) _mm_min_pd(b, a)
#define v_larger(a, b) _mm_max_pd(b, a)
#define v_less(a, b) _mm_cmplt_pd(a, b)
#define v_equal(a, b) _mm_cmpeq_pd(a, b)
#define v_both(x, y) _mm_and_pd(x, y)
#define v_either(x, y) _mm_or_pd(x, y)
#define v_without(x, y) _mm_andnot_pd(y, x)
#define v_pick(x, a, b) _mm_or_pd(_mm_and_pd(x, a), _mm_andnot_pd(x, b))
#define v_bits(x) ((unsigned int)_mm_movemask_pd(x))
#define v_none() _mm_setzero_pd()

#else
#define SG_SIDE 1
typedef double vec;
typedef unsigned int lot;
#define v_load(p) (*(p))
#define v_store(p, a) (*(p) = (a))
#define v_all(x) (x)
#define v_add(a, b) ((a) + (b))
#define v_sub(a, b) ((a) - (b))
#define v_mul(a, b) ((a) * (b))
#define v_div(a, b) ((a) / (b))
#define v_abs(a) ((a) < 0.0 ? -(a) : (a) + 0.0)
#define v_smaller(a, b) ((b) < (a) ? (b) : (a))
#define v_larger(a, b) ((b) > (a) ? (b) : (a))
#define v_less(a, b) ((lot)((a) < (b)))
#define v_equal(a, b) ((lot)((a) == (b)))
#define v_both(x, y) ((x) & (y))
#define v_either(x, y) ((x) | (y))
#define v_without(x, y) ((x) & ~(y))
#define v_pick(x, a, b) ((x) ? (a) : (b))
#define v_bits(x) (x)
#define v_none() 0u
#endif

#if defined(_MSC_VER) && !defined(__clang__)
#define SG_MELT static __forceinline
#else
#define SG_MELT static inline __attribute__((always_inline))
#endif

/* 1/p rounded to nearest, for the p between 2^-1000 and 2^1000 that are not marked in odd.
 *
 * A processor has one unit that divides and two that multiply and add: loops that wait for the one give some of their
 * quotients to the others. The estimate is off by 2^-14 at most, then by 2^-42, then by no more than one unit in the
 * last place; from there the last step, whose residual is exact, gives the correctly rounded one, except where all
 * bits of p are ones (P. Markstein, Computation of elementary functions on the IBM RISC System/6000 processor, IBM J.
 * Res. Dev. 34, 1990). Those are marked. */
SG_MELT vec v_inverse(vec p, lot *odd)
{
#if SG_SIDE == 8
    const __m512i ones = _mm512_set1_epi64(0xfffffffffffff);
    const vec one = _mm512_set1_pd(1.0);
    vec y = _mm512_rcp14_pd(p);
    vec e = _mm512_fnmadd_pd(p, y, one);
    y = _mm512_fmadd_pd(y, _mm512_fmadd_pd(e, e, e), y);
    y = _mm512_fmadd_pd(y, _mm512_fnmadd_pd(p, y, one), y);
    *odd |= _mm512_testn_epi64_mask(_mm512_add_epi64(_mm512_castpd_si512(p), _mm512_set1_epi64(1)), ones);
    return _mm512_fmadd_pd(y, _mm512_fnmadd_pd(p, y, one), y);
#else
    (void)odd;
    return v_div(v_all(1.0), p);
#endif
}

/* The place of the lowest bit that is set. */
static inline int sg_lowest_bit(unsigned long long word)
{
#if defined(__GNUC__) || defined(__clang__)
    return __builtin_ctzll(word);
#else
    int place = 0;
    for (; !(word & 1); word >>= 1)
        place++;
    return place;
#endif
}

#endif
