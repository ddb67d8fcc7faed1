/* Memory asked for before it is wanted, and stores that pass the caches by, for results much larger than them: an
 * ordinary store would first read the line. */
#ifndef SHORTGAMMA_STREAM_H
#define SHORTGAMMA_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Larger results than this (in bytes) are not in a cache when they are read next. */
#define SG_STREAM_FROM (16 * 1024 * 1024)

#if defined(__AVX512F__)
#include <immintrin.h>
#define SG_STREAM_LANES 8
#define SG_STREAM_STORE(target, source) _mm512_stream_pd(target, _mm512_loadu_pd(source))
#elif defined(__AVX__)
#include <immintrin.h>
#define SG_STREAM_LANES 4
#define SG_STREAM_STORE(target, source) _mm256_stream_pd(target, _mm256_loadu_pd(source))
#elif defined(__SSE2__) || defined(_M_X64)
#include <emmintrin.h>
#define SG_STREAM_LANES 2
#define SG_STREAM_STORE(target, source) _mm_stream_pd(target, _mm_loadu_pd(source))
#endif

/* Ask for the line at an address, which need not be anybody's. */
static inline void sg_prefetch(const void *address)
{
#if defined(__GNUC__) || defined(__clang__)
    __builtin_prefetch(address, 0, 3);
#elif defined(SG_STREAM_LANES)
    _mm_prefetch((const char *)address, _MM_HINT_T0);
#else
    (void)address;
#endif
}

#ifdef SG_STREAM_LANES
static inline void sg_stream(double *target, const double *source, ptrdiff_t count)
{
    ptrdiff_t i = 0;
    for (; i < count && ((uintptr_t)(target + i) & 63); i++)
        target[i] = source[i];
    for (; i + SG_STREAM_LANES <= count; i += SG_STREAM_LANES)
        SG_STREAM_STORE(target + i, source + i);
    for (; i < count; i++)
        target[i] = source[i];
}

/* To be called once after the last store, so that other threads see the results in order. */
static inline void sg_stream_end(void)
{
    _mm_sfence();
}
#else
static inline void sg_stream(double *target, const double *source, ptrdiff_t count)
{
    memcpy(target, source, (size_t)count * sizeof(double));
}

static inline void sg_stream_end(void)
{
}
#endif

#endif
