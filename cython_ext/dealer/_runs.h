/* Levels of an even grid one after another: a block of options advances side by side, by the recurrence of
 * kernels/dealer/profile.pxd.
 *
 * Written with vectors because a compiler keeps arrays that change from level to level in memory. Several vectors go at
 * a time: each waits for its own last level, and their sums are added before they are stored. */
#ifndef SHORTGAMMA_DEALER_RUNS_H
#define SHORTGAMMA_DEALER_RUNS_H

#include <stddef.h>
#include "_loop/vectors.h"

#define SG_RUN_LANES 64
#define SG_RUN_LEVELS 16
#define SG_RUN_SUMS 8

/* At the first level of a run: exp(-d^2/2), u and v; factors of the density in gamma, vanna and charm, and what a step
 * adds to the last two. */
typedef struct {
    double fade[SG_RUN_LANES];
    double growth[SG_RUN_LANES];
    double fading[SG_RUN_LANES];
    double gamma[SG_RUN_LANES];
    double vanna[SG_RUN_LANES];
    double vanna_step[SG_RUN_LANES];
    double charm[SG_RUN_LANES];
    double charm_step[SG_RUN_LANES];
    /* by level, exposure, and place of a lane modulo 8 */
    double sums[SG_RUN_LEVELS * 3 * SG_RUN_SUMS];
} sg_run;

#define SG_ABREAST 2
#define SG_EACH(i) for (int i = 0; i < SG_ABREAST; i++)

/* The lanes begin, begin + SG_RUN_SUMS, ...: those of one place among the sums. */
SG_MELT void sg_run_part(sg_run *run, int shapes, ptrdiff_t begin, ptrdiff_t length)
{
    vec fade[SG_ABREAST], growth[SG_ABREAST], fading[SG_ABREAST], gamma[SG_ABREAST];
    vec vanna[SG_ABREAST], vanna_step[SG_ABREAST], charm[SG_ABREAST], charm_step[SG_ABREAST];
    vec along = v_all(0.0);
    double *sums = run->sums + begin % SG_RUN_SUMS;
    SG_EACH(i) {
        const ptrdiff_t at = begin + i * SG_RUN_SUMS;
        fade[i] = v_load(run->fade + at);
        growth[i] = v_load(run->growth + at);
        fading[i] = v_load(run->fading + at);
        gamma[i] = v_load(run->gamma + at);
        if (shapes) {
            vanna[i] = v_load(run->vanna + at);
            vanna_step[i] = v_load(run->vanna_step + at);
            charm[i] = v_load(run->charm + at);
            charm_step[i] = v_load(run->charm_step + at);
        }
    }
    for (ptrdiff_t j = 0; j < length; j++) {
        vec of_gamma = v_load(sums), of_vanna, of_charm;
        SG_EACH(i) of_gamma = v_add(of_gamma, v_mul(gamma[i], fade[i]));
        v_store(sums, of_gamma);
        if (shapes) {
            of_vanna = v_load(sums + SG_RUN_SUMS);
            of_charm = v_load(sums + 2 * SG_RUN_SUMS);
            SG_EACH(i) {
                of_vanna = v_add(of_vanna, v_mul(v_add(vanna[i], v_mul(along, vanna_step[i])), fade[i]));
                of_charm = v_add(of_charm, v_mul(v_add(charm[i], v_mul(along, charm_step[i])), fade[i]));
            }
            v_store(sums + SG_RUN_SUMS, of_vanna);
            v_store(sums + 2 * SG_RUN_SUMS, of_charm);
        }
        SG_EACH(i) {
            fade[i] = v_add(fade[i], v_mul(fade[i], growth[i]));
            growth[i] = v_sub(v_sub(growth[i], fading[i]), v_mul(fading[i], growth[i]));
        }
        along = v_add(along, v_all(1.0));
        sums += 3 * SG_RUN_SUMS;
    }
}

/* Sums of a run of so many levels; shapes is 0 for gamma alone. */
static inline void sg_run_through(sg_run *run, int shapes, ptrdiff_t length)
{
    for (ptrdiff_t i = 0; i < length * 3 * SG_RUN_SUMS; i++)
        run->sums[i] = 0.0;
    for (ptrdiff_t begin = 0; begin < SG_RUN_LANES; begin += SG_ABREAST * SG_RUN_SUMS)
        for (ptrdiff_t place = 0; place < SG_RUN_SUMS; place += SG_SIDE) {
            if (shapes)
                sg_run_part(run, 1, begin + place, length);
            else
                sg_run_part(run, 0, begin + place, length);
        }
}

#endif
