"""Which processor level this machine can run."""

cdef extern from *:
    """
    #if (defined(__x86_64__) || defined(_M_X64)) && (defined(__GNUC__) || defined(__clang__))
    #include <cpuid.h>
    /* 0 baseline, 1 x86-64-v3, 2 x86-64-v4, as the System V ABI defines them, and enabled by the operating system */
    static int sg_processor_level(void)
    {
        unsigned int a, b, c, d, low, high;
        unsigned int c1, b7, c81;
        if (!__get_cpuid(1, &a, &b, &c1, &d))
            return 0;
        /* ssse3, fma, cx16, sse4.1, sse4.2, movbe, popcnt, osxsave, avx, f16c */
        if ((c1 & 0x38D83200u) != 0x38D83200u)
            return 0;
        if (!__get_cpuid_count(7, 0, &a, &b7, &c, &d))
            return 0;
        if (!__get_cpuid(0x80000001u, &a, &b, &c81, &d))
            return 0;
        __asm__ volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
        /* bmi1, avx2, bmi2; lahf, lzcnt; xmm and ymm state */
        if ((b7 & 0x128u) != 0x128u || (c81 & 0x21u) != 0x21u || (low & 0x6u) != 0x6u)
            return 0;
        /* avx512f, dq, cd, bw, vl; opmask and zmm state */
        if ((b7 & 0xD0030000u) != 0xD0030000u || (low & 0xE0u) != 0xE0u)
            return 1;
        return 2;
    }
    #else
    static int sg_processor_level(void)
    {
        return 0;
    }
    #endif
    /* setup.py says so where a level is a fallback only */
    #ifndef SG_FALLBACK
    #define SG_FALLBACK ""
    #endif
    """
    int sg_processor_level() noexcept nogil
    const char* SG_FALLBACK

# The build that is compiled quickly instead of well, for other processors than the one that built it, or "".
FALLBACK: str = SG_FALLBACK.decode()


def level() -> str:
    """The highest of 'baseline', 'v3', 'v4' that processor and operating system support."""
    return ("baseline", "v3", "v4")[sg_processor_level()]
