/* Rows of eight paths to eight paths of rows, and back, eight by eight numbers at a time. */
#ifndef SHORTGAMMA_TRANSPOSE_H
#define SHORTGAMMA_TRANSPOSE_H

#include <stddef.h>

#if defined(__AVX512F__)
#include <immintrin.h>
#elif defined(__AVX__)
#include <immintrin.h>
#elif defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#endif

/* target[j][i] = source[i][j]; strides are in numbers. */
static inline void sg_transpose(const double *source, ptrdiff_t from, double *target, ptrdiff_t to)
{
#if defined(__AVX512F__)
    __m512d row[8], pair[8], four[8];
    int i;
    for (i = 0; i < 8; i++)
        row[i] = _mm512_loadu_pd(source + i * from);
    for (i = 0; i < 8; i += 2) {
        pair[i] = _mm512_unpacklo_pd(row[i], row[i + 1]);
        pair[i + 1] = _mm512_unpackhi_pd(row[i], row[i + 1]);
    }
    for (i = 0; i < 8; i += 4) {
        four[i] = _mm512_shuffle_f64x2(pair[i], pair[i + 2], 0x88);
        four[i + 1] = _mm512_shuffle_f64x2(pair[i + 1], pair[i + 3], 0x88);
        four[i + 2] = _mm512_shuffle_f64x2(pair[i], pair[i + 2], 0xdd);
        four[i + 3] = _mm512_shuffle_f64x2(pair[i + 1], pair[i + 3], 0xdd);
    }
    for (i = 0; i < 4; i++) {
        _mm512_storeu_pd(target + i * to, _mm512_shuffle_f64x2(four[i], four[i + 4], 0x88));
        _mm512_storeu_pd(target + (i + 4) * to, _mm512_shuffle_f64x2(four[i], four[i + 4], 0xdd));
    }
#elif defined(__AVX__)
    int i, j, k;
    for (i = 0; i < 8; i += 4)
        for (j = 0; j < 8; j += 4) {
            __m256d row[4], pair[4];
            for (k = 0; k < 4; k++)
                row[k] = _mm256_loadu_pd(source + (i + k) * from + j);
            pair[0] = _mm256_unpacklo_pd(row[0], row[1]);
            pair[1] = _mm256_unpackhi_pd(row[0], row[1]);
            pair[2] = _mm256_unpacklo_pd(row[2], row[3]);
            pair[3] = _mm256_unpackhi_pd(row[2], row[3]);
            for (k = 0; k < 2; k++) {
                _mm256_storeu_pd(target + (j + k) * to + i, _mm256_permute2f128_pd(pair[k], pair[k + 2], 0x20));
                _mm256_storeu_pd(target + (j + k + 2) * to + i, _mm256_permute2f128_pd(pair[k], pair[k + 2], 0x31));
            }
        }
#elif defined(__SSE2__) || defined(_M_X64)
    int i, j;
    for (i = 0; i < 8; i += 2)
        for (j = 0; j < 8; j += 2) {
            const __m128d first = _mm_loadu_pd(source + i * from + j);
            const __m128d second = _mm_loadu_pd(source + (i + 1) * from + j);
            _mm_storeu_pd(target + j * to + i, _mm_unpacklo_pd(first, second));
            _mm_storeu_pd(target + (j + 1) * to + i, _mm_unpackhi_pd(first, second));
        }
#else
    int i, j;
    for (i = 0; i < 8; i++)
        for (j = 0; j < 8; j++)
            target[j * to + i] = source[i * from + j];
#endif
}

#endif
