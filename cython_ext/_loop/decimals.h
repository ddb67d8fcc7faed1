/* The double nearest to m / 10^k, exactly, where a compiler has integers of 128 bits. */
#ifndef SHORTGAMMA_DECIMALS_H
#define SHORTGAMMA_DECIMALS_H

#include <stdint.h>
#include <string.h>

/* 0 < m, 0 <= k <= 19; 0 if this compiler cannot. */
static inline int shortgamma_nearest(uint64_t m, int k, double *out)
{
#if defined(__SIZEOF_INT128__)
    static const uint64_t TENS[20] = {
        1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u, 100000000u, 1000000000u, 10000000000u,
        100000000000u, 1000000000000u, 10000000000000u, 100000000000000u, 1000000000000000u, 10000000000000000u,
        100000000000000000u, 1000000000000000000u, 10000000000000000000u};
    /* both with their highest bit set, so that the quotient has 63 or 64 bits */
    int up = __builtin_clzll(m), down = __builtin_clzll(TENS[k]);
    uint64_t divisor = TENS[k] << down;
    unsigned __int128 dividend = (unsigned __int128)(m << up) << 63;
    uint64_t quotient = (uint64_t)(dividend / divisor), rest = (uint64_t)(dividend % divisor);
    int shift = 64 - __builtin_clzll(quotient) - 53;
    uint64_t half = (uint64_t)1 << (shift - 1), low = quotient & (2 * half - 1), bits;
    double scale;
    quotient >>= shift;
    /* to the nearest, and of two that are equally near to the even one */
    quotient += low > half || (low == half && (rest || (quotient & 1)));
    bits = (uint64_t)(1023 + shift + down - up - 63) << 52;
    memcpy(&scale, &bits, 8);
    *out = (double)quotient * scale;
    return 1;
#else
    (void)m, (void)k, (void)out;
    return 0;
#endif
}

#endif
