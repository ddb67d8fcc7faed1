/* Functions that compilers must not copy into their callers: of many branches, rarely visited, or called so often that
 * copies would take minutes to compile. */
#ifndef SHORTGAMMA_APART_H
#define SHORTGAMMA_APART_H

#if defined(__GNUC__)
#define SG_APART(f) __extension__ ({ __typeof__(&f) sg_f = &f; __asm__("" : "+r"(sg_f)); sg_f; })
#else
#define SG_APART(f) (&f)
#endif

#endif
