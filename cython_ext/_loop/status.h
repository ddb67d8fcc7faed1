/* The status flags of the floating-point unit, saved around a loop and then set to what the results ask for.
 *
 * Straight-line code computes both sides of every choice, so it raises flags that mean nothing. A loop takes the
 * flags at its start, gives them back at its end, and adds those that its results deserve; NumPy reads them then. */
#ifndef SHORTGAMMA_STATUS_H
#define SHORTGAMMA_STATUS_H

#include <fenv.h>

#define SG_INVALID 1
#define SG_DIVIDE 2
#define SG_OVERFLOW 4

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
typedef unsigned int sg_status;

static inline sg_status sg_status_save(void)
{
    return _mm_getcsr();
}

static inline void sg_status_restore(sg_status saved)
{
#if defined(__GNUC__) || defined(__clang__)
    __asm__ volatile("" ::: "memory");
#endif
    _mm_setcsr(saved);
}
#else
typedef fexcept_t sg_status;

static inline sg_status sg_status_save(void)
{
    fexcept_t saved;
    fegetexceptflag(&saved, FE_ALL_EXCEPT);
    return saved;
}

static inline void sg_status_restore(sg_status saved)
{
    fesetexceptflag(&saved, FE_ALL_EXCEPT);
}
#endif

static inline void sg_status_raise(int what)
{
    if (what & SG_INVALID)
        feraiseexcept(FE_INVALID);
    if (what & SG_DIVIDE)
        feraiseexcept(FE_DIVBYZERO);
    if (what & SG_OVERFLOW)
        feraiseexcept(FE_OVERFLOW);
}

#endif
