/* Some bars of many leveraged products side by side, as if nothing happened to any but what happens to all.
 *
 * Each loop works out SG_ROWS bars of SG_LANES products. A product to which something else happens is left as it was,
 * and its bit is set: it is to be done again by itself. The bars are written out: each is a stream of its own for the
 * memory, which knows streams by the instruction. The operations are those of kernels/leverage/token.pxd, in their order. */
#ifndef SHORTGAMMA_LEVERAGE_TILES_H
#define SHORTGAMMA_LEVERAGE_TILES_H

#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include "_loop/vectors.h"
#include "_loop/stores.h"

#define SG_ROWS 8
#define SG_LANES 128

typedef struct {
    /* what products hold; reference is the price of the last rebalance, inverse one over the price of the bar before */
    double cash[SG_LANES];
    double units[SG_LANES];
    double reference[SG_LANES];
    /* prices between which nothing happens */
    double low[SG_LANES];
    double high[SG_LANES];
    double peak[SG_LANES];
    double worst[SG_LANES];
    double traded[SG_LANES];
    double cost[SG_LANES];
    double variance[SG_LANES];
    double inverse[SG_LANES];
    /* NAV of each bar */
    double (*navs)[SG_LANES];
    /* whose bars, whose high-water marks alone, and whose squared returns are to be done again */
    uint64_t bars[SG_LANES / 64];
    uint64_t returns[SG_LANES / 64];
    uint64_t marks[SG_LANES / 64];
    /* bounds right after a rebalance over its price */
    double lower;
    double higher;
    double leverage;
    double buying;
    double selling;
} sg_tile;

/* Below this much of a quotient, a smaller one need not be looked for with a division. */
#define SG_BARELY (1.0 + 0x1p-50)
#define SG_NEXT_TO_NOTHING 0x1p-1000
/* Tiles take prices between SG_LEAST and SG_MOST of kernels/leverage/token.pxd, and no jumps by more than this. */
#define SG_JUMP 0x1p10

SG_MELT void sg_note(uint64_t *set, int i, unsigned int bits)
{
    set[i / 64] |= (uint64_t)bits << (i % 64);
}

SG_MELT void sg_no_notes(sg_tile *tile)
{
    int i;
    for (i = 0; i < SG_LANES / 64; i++)
        tile->bars[i] = tile->marks[i] = tile->returns[i] = 0;
}

/* doubles in a line of memory; shorter stores that pass the caches by had better not wait for each other */
#define SG_LINE 8
#if SG_SIDE >= 4
#define SG_FLOW_PAST
#endif
#define SG_EVERYONE ((1u << SG_SIDE) - 1)

/* The bars of a tile, each with its number. */
#define SG_EACH_BAR(bar) bar(0) bar(1) bar(2) bar(3) bar(4) bar(5) bar(6) bar(7)

/* Where prices are: bars stride bytes apart, and the next tile ahead bytes further. */
typedef struct {
    const char *source;
    ptrdiff_t stride;
    ptrdiff_t ahead;
} sg_prices;

/* A product in a tile. Two are taken at a time: what one waits for is time for the other. */
typedef struct {
    vec cash, units, last, inverse, nav;
    /* prices, or prices over the ones before; most may be of squared returns */
    vec least, most;
    vec peak, bottom, lowest;
    vec traded, cost;
    vec square[SG_ROWS];
    lot odd, inside, gone;
} sg_product;

/* A bar of some products, and a look ahead for the tile that comes next. */
SG_MELT vec sg_price(const sg_prices *from, int k, int i)
{
    const double *row = (const double *)(from->source + k * from->stride) + i;
    if (i % SG_LINE == 0)
        sg_prefetch((const char *)row + from->ahead);
    return v_load(row);
}

SG_MELT void sg_drift_nav(double (*navs)[SG_LANES], sg_product *x, int i, int k, vec p, vec low, vec high)
{
    x->inside = v_both(x->inside, v_both(v_less(low, p), v_less(p, high)));
    v_store(navs[k] + i, v_add(x->cash, v_mul(x->units, p)));
}

/* The NAVs of the tile before, on their way to the result while the next is worked out. */
typedef struct {
    /* 0 if there are none, 1 by ordinary stores, 2 by stores that pass the caches by */
    int way;
    char *target;
    ptrdiff_t stride;
    double (*navs)[SG_LANES];
    /* lanes of each bar up to the first whole line of memory */
    int head[SG_ROWS];
} sg_flow;

SG_MELT double *sg_flow_row(const sg_flow *flow, int k)
{
    return (double *)(flow->target + k * flow->stride);
}

/* As much of it as lane i of all bars, but along a bar: memory likes it so. */
SG_MELT void sg_flow_on(const sg_flow *flow, int way, int i)
{
    const int k = i * SG_ROWS / SG_LANES, first = i * SG_ROWS % SG_LANES;
    int lane;
    if (way == 1)
        for (lane = first; lane < first + SG_ROWS * SG_SIDE; lane += SG_SIDE)
            v_store(sg_flow_row(flow, k) + lane, v_load(flow->navs[k] + lane));
#ifdef SG_FLOW_PAST
    if (way == 2) {
        const int head = flow->head[k];
        double *row = sg_flow_row(flow, k) + head;
        for (lane = first; lane < first + SG_ROWS * SG_SIDE; lane += SG_SIDE)
            if (head + lane + SG_SIDE <= SG_LANES)
                SG_STREAM_STORE(row + lane, flow->navs[k] + head + lane);
    }
#endif
}

SG_MELT void sg_flow_ends(sg_flow *flow)
{
    int i, k;
    if (flow->way == 2)
        for (k = 0; k < SG_ROWS; k++) {
            const int head = flow->head[k];
            for (i = 0; i < head; i++)
                sg_flow_row(flow, k)[i] = flow->navs[k][i];
            for (i = head ? SG_LANES - (SG_LINE - head) : SG_LANES; i < SG_LANES; i++)
                sg_flow_row(flow, k)[i] = flow->navs[k][i];
        }
    flow->way = 0;
}

/* What is on its way gets there. */
static inline void sg_flow_out(sg_flow *flow)
{
    int i;
    if (flow->way == 1)
        for (i = 0; i < SG_LANES; i += SG_SIDE)
            sg_flow_on(flow, 1, i);
    if (flow->way == 2)
        for (i = 0; i < SG_LANES; i += SG_SIDE)
            sg_flow_on(flow, 2, i);
    sg_flow_ends(flow);
}

static inline void sg_flow_begin(sg_flow *flow, double (*navs)[SG_LANES], char *target, ptrdiff_t stride, int large)
{
    int k;
    flow->way = 1;
    flow->target = target;
    flow->stride = stride;
    flow->navs = navs;
    if (!large || (uintptr_t)target % sizeof(double) || stride % (ptrdiff_t)sizeof(double))
        return;
#ifdef SG_FLOW_PAST
    flow->way = 2;
    for (k = 0; k < SG_ROWS; k++)
        flow->head[k] = (int)((0 - (uintptr_t)sg_flow_row(flow, k)) / sizeof(double) % SG_LINE);
#else
    flow->way = 0;
    for (k = 0; k < SG_ROWS; k++)
        sg_stream(sg_flow_row(flow, k), navs[k], SG_LANES);
#endif
}

/* The NAV of bars at which nothing happens. */
SG_MELT void sg_drift(sg_tile *tile, const sg_prices *prices, int way, sg_flow *flow)
{
    /* of these no store of results can be a part */
    const sg_prices from = *prices;
    double (*const navs)[SG_LANES] = tile->navs;
    const sg_flow before_it = *flow;
    int i;
    sg_no_notes(tile);
    for (i = 0; i < SG_LANES; i += SG_SIDE) {
        const vec low = v_load(tile->low + i), high = v_load(tile->high + i);
        sg_product x;
        x.cash = v_load(tile->cash + i);
        x.units = v_load(tile->units + i);
        x.inside = v_less(low, high);
#define BAR(k) sg_drift_nav(navs, &x, i, k, sg_price(&from, k, i), low, high);
        SG_EACH_BAR(BAR)
#undef BAR
        sg_note(tile->bars, i, SG_EVERYONE & ~v_bits(x.inside));
        sg_flow_on(&before_it, way, i);
    }
    sg_flow_ends(flow);
}

static inline void sg_drift_navs(sg_tile *tile, const sg_prices *prices, sg_flow *flow)
{
    if (flow->way == 2)
        sg_drift(tile, prices, 2, flow);
    else if (flow->way == 1)
        sg_drift(tile, prices, 1, flow);
    else
        sg_drift(tile, prices, 0, flow);
}

/* High-water mark, lowest NAV since, and lowest of all. */
SG_MELT void sg_mark(sg_product *x, vec nav)
{
    const lot higher = v_less(x->peak, nav);
    x->lowest = v_smaller(x->lowest, nav);
    x->bottom = v_pick(higher, nav, v_smaller(x->bottom, nav));
    x->peak = v_larger(x->peak, nav);
}

SG_MELT void sg_start_totals(const sg_tile *tile, sg_product *x, const double *before, int i)
{
    x->last = v_load(before + i);
    x->inverse = v_load(tile->inverse + i);
    x->peak = v_load(tile->peak + i);
    x->bottom = x->lowest = v_all(HUGE_VAL);
}

/* The totals of a tile, where nothing happened; returns where that is.
 *
 * The quotient of the lowest since the peak is the lowest quotient: one division is enough, unless a drawdown both
 * began and ended in the tile and may be the worst. */
SG_MELT lot sg_keep(sg_tile *tile, const sg_product *x, int i, lot ordinary, lot inside)
{
    const vec before = v_load(tile->peak + i), worst = v_load(tile->worst + i), variance = v_load(tile->variance + i);
    const vec *square = x->square;
    const vec sum = v_add(
        v_add(v_add(square[0], square[1]), v_add(square[2], square[3])),
        v_add(v_add(square[4], square[5]), v_add(square[6], square[7])));
    const lot sound = v_both(v_without(ordinary, x->odd), v_less(sum, v_all(HUGE_VAL)));
    const lot quiet = v_both(sound, inside);
    const vec limit = v_add(v_mul(v_mul(worst, x->peak), v_all(SG_BARELY)), v_all(SG_NEXT_TO_NOTHING));
    const lot unclear = v_both(v_both(v_less(before, x->peak), v_less(x->lowest, limit)), quiet);
    const lot clear = v_without(quiet, unclear);
    const vec quotient = v_smaller(worst, v_div(x->bottom, x->peak));
    v_store(tile->variance + i, v_pick(sound, v_add(variance, sum), variance));
    v_store(tile->peak + i, v_pick(clear, x->peak, before));
    v_store(tile->worst + i, v_pick(clear, quotient, worst));
    v_store(tile->inverse + i, v_pick(
        v_both(v_less(v_all(SG_LEAST), x->last), v_less(x->last, v_all(SG_MOST))), x->inverse, v_all(NAN)));
    sg_note(tile->marks, i, v_bits(unclear));
    sg_note(tile->bars, i, SG_EVERYONE & ~v_bits(quiet));
    sg_note(tile->returns, i, SG_EVERYONE & ~v_bits(sound));
    return quiet;
}

/* Loops that wait for the unit that divides leave it out now and then. */
SG_MELT vec sg_invert(sg_product *x, vec p, int multiply)
{
    return multiply ? v_inverse(p, &x->odd) : v_div(v_all(1.0), p);
}

SG_MELT void sg_drift_bar(double (*navs)[SG_LANES], sg_product *x, int i, int k, vec p, int multiply)
{
    const vec move = v_mul(v_sub(p, x->last), x->inverse), nav = v_add(x->cash, v_mul(x->units, p));
    x->square[k] = v_mul(move, move);
    x->inverse = sg_invert(x, p, multiply);
    x->least = v_smaller(x->least, p);
    x->most = v_larger(x->most, p);
    sg_mark(x, nav);
    v_store(navs[k] + i, nav);
    x->last = p;
}

SG_MELT void sg_drift_start(const sg_tile *tile, sg_product *x, const double *before, int i)
{
    sg_start_totals(tile, x, before, i);
    x->cash = v_load(tile->cash + i);
    x->units = v_load(tile->units + i);
    x->least = v_all(HUGE_VAL);
    x->most = v_all(0.0);
    x->odd = v_none();
}

SG_MELT void sg_drift_end(sg_tile *tile, const sg_product *x, int i)
{
    const lot ordinary = v_both(v_less(v_all(SG_LEAST), x->least), v_less(x->most, v_all(SG_MOST)));
    const lot inside = v_both(v_less(v_load(tile->low + i), x->least), v_less(x->most, v_load(tile->high + i)));
    sg_keep(tile, x, i, ordinary, inside);
}

/* The totals of bars at which nothing happens. */
static inline void sg_drift_totals(sg_tile *tile, const double *before, const sg_prices *prices)
{
    /* of these no store of results can be a part */
    const sg_prices from = *prices;
    double (*const navs)[SG_LANES] = tile->navs;
    int i;
    sg_no_notes(tile);
    for (i = 0; i < SG_LANES; i += 2 * SG_SIDE) {
        const int j = i + SG_SIDE;
        sg_product x, y;
        sg_drift_start(tile, &x, before, i);
        sg_drift_start(tile, &y, before, j);
#define BAR(k) \
        sg_drift_bar(navs, &x, i, k, sg_price(&from, k, i), (k) & 1); \
        sg_drift_bar(navs, &y, j, k, sg_price(&from, k, j), ((k) & 3) == 0);
        SG_EACH_BAR(BAR)
#undef BAR
        sg_drift_end(tile, &x, i);
        sg_drift_end(tile, &y, j);
    }
}

typedef struct {
    vec leverage, buying, selling, bought, sold, lower, higher;
} sg_rebalance;

SG_MELT void sg_clock_start(const sg_tile *tile, sg_product *x, const double *before, int i, int costly, int totals)
{
    x->cash = v_load(tile->cash + i);
    x->units = v_load(tile->units + i);
    x->least = x->most = v_all(totals ? 0.0 : 1.0);
    /* wiped out */
    x->gone = v_both(v_equal(x->cash, v_all(0.0)), v_equal(x->units, v_all(0.0)));
    x->odd = v_none();
    if (totals)
        sg_start_totals(tile, x, before, i);
    if (totals)
        x->traded = v_load(tile->traded + i);
    if (totals && costly)
        x->cost = v_load(tile->cost + i);
}

SG_MELT void sg_clock_bar(
    const sg_tile *tile, double (*navs)[SG_LANES], sg_product *x, int i, int k, vec p, int multiply,
    const sg_rebalance *to, int costly, int totals)
{
    const vec exposure = v_mul(x->units, p), nav = v_add(x->cash, exposure);
    vec after = nav, held;
    if (k == 0)
        /* the first price has bounds of its own */
        x->inside = v_both(v_less(v_load(tile->low + i), p), v_less(p, v_load(tile->high + i)));
    if (totals || k) {
        const vec move = v_mul(totals ? v_sub(p, x->last) : p, x->inverse);
        if (totals)
            x->square[k] = v_mul(move, move);
        if (k && !totals)
            x->least = v_smaller(x->least, move);
        if (k)
            x->most = v_larger(x->most, totals ? x->square[k] : move);
    }
    if (costly) {
        const vec target = v_mul(to->leverage, nav);
        const lot buys = v_less(exposure, target);
        after = v_div(
            v_add(nav, v_mul(v_pick(buys, to->buying, to->selling), exposure)), v_pick(buys, to->bought, to->sold));
        after = v_pick(v_equal(target, exposure), nav, after);
        if (totals)
            x->cost = v_add(x->cost, v_sub(nav, after));
    }
    held = v_mul(to->leverage, after);
    if (totals)
        x->traded = v_add(x->traded, v_abs(v_sub(held, exposure)));
    x->inverse = sg_invert(x, p, multiply);
    x->cash = v_sub(after, held);
    x->units = v_mul(held, x->inverse);
    x->nav = v_add(x->cash, v_mul(x->units, p));
    v_store(navs[k] + i, x->nav);
    if (totals)
        sg_mark(x, x->nav);
    x->last = p;
}

SG_MELT void sg_clock_end(sg_tile *tile, const sg_product *x, int i, const sg_rebalance *to, int costly, int totals)
{
    lot quiet = v_both(x->inside, v_less(x->most, to->higher));
    const vec least = totals ? x->lowest : x->nav;
    /* what was no number or no money stays so */
    quiet = v_both(quiet, v_either(v_both(v_less(v_all(0.0), least), v_less(x->nav, v_all(HUGE_VAL))), x->gone));
    if (!totals)
        quiet = v_both(quiet, v_less(to->lower, x->least));
    if (totals) {
        quiet = sg_keep(tile, x, i, quiet, quiet);
        v_store(tile->traded + i, v_pick(quiet, x->traded, v_load(tile->traded + i)));
        if (costly)
            v_store(tile->cost + i, v_pick(quiet, x->cost, v_load(tile->cost + i)));
    } else {
        quiet = v_without(quiet, x->odd);
        sg_note(tile->bars, i, SG_EVERYONE & ~v_bits(quiet));
    }
    v_store(tile->cash + i, v_pick(quiet, x->cash, v_load(tile->cash + i)));
    v_store(tile->units + i, v_pick(quiet, x->units, v_load(tile->units + i)));
    quiet = v_without(quiet, x->gone);
    v_store(tile->reference + i, v_pick(quiet, x->last, v_load(tile->reference + i)));
    v_store(tile->low + i, v_pick(
        quiet, v_larger(v_mul(x->last, v_all(tile->lower)), v_all(SG_LEAST)), v_load(tile->low + i)));
    v_store(tile->high + i, v_pick(
        quiet, v_smaller(v_mul(x->last, v_all(tile->higher)), v_all(SG_MOST)), v_load(tile->high + i)));
}

/* Bars at which all are rebalanced to the target and nothing else happens; costly and totals are constants of the
 * caller. */
SG_MELT void sg_clock(
    sg_tile *tile, const double *before, const sg_prices *prices, int way, sg_flow *flow, int costly, int totals)
{
    /* of these no store of results can be a part */
    const sg_prices from = *prices;
    double (*const navs)[SG_LANES] = tile->navs;
    const sg_flow before_it = flow ? *flow : (sg_flow){0};
    const double down = 1.0 - tile->lower, up = tile->higher - 1.0, move = down < up ? down : up;
    sg_rebalance to;
    int i;
    to.leverage = v_all(tile->leverage);
    to.buying = v_all(tile->buying);
    to.selling = v_all(-tile->selling);
    to.bought = v_all(1.0 + tile->buying * tile->leverage);
    to.sold = v_all(1.0 + -tile->selling * tile->leverage);
    /* where there are totals, the square of the smaller of the two moves serves for both */
    to.lower = v_all(tile->lower);
    to.higher = v_all(totals ? (move > 0.0 ? move * move : 0.0) : tile->higher);
    sg_no_notes(tile);
    for (i = 0; i < SG_LANES; i += 2 * SG_SIDE) {
        const int j = i + SG_SIDE;
        sg_product x, y;
        sg_clock_start(tile, &x, before, i, costly, totals);
        sg_clock_start(tile, &y, before, j, costly, totals);
#define BAR(k) \
        sg_clock_bar(tile, navs, &x, i, k, sg_price(&from, k, i), !totals && (k) & 1, &to, costly, totals); \
        sg_clock_bar(tile, navs, &y, j, k, sg_price(&from, k, j), 0, &to, costly, totals);
        SG_EACH_BAR(BAR)
#undef BAR
        sg_clock_end(tile, &x, i, &to, costly, totals);
        sg_clock_end(tile, &y, j, &to, costly, totals);
        sg_flow_on(&before_it, way, i);
        sg_flow_on(&before_it, way, j);
    }
    if (way)
        sg_flow_ends(flow);
}

SG_MELT void sg_clock_any(sg_tile *tile, const sg_prices *prices, sg_flow *flow, int costly)
{
    if (flow->way == 2)
        sg_clock(tile, NULL, prices, 2, flow, costly, 0);
    else if (flow->way == 1)
        sg_clock(tile, NULL, prices, 1, flow, costly, 0);
    else
        sg_clock(tile, NULL, prices, 0, flow, costly, 0);
}

/* The NAV alone, or the totals too. */
static inline void sg_clock_navs(sg_tile *tile, const sg_prices *prices, sg_flow *flow)
{
    if (tile->buying != 0.0 || tile->selling != 0.0)
        sg_clock_any(tile, prices, flow, 1);
    else
        sg_clock_any(tile, prices, flow, 0);
}

static inline void sg_clock_totals(sg_tile *tile, const double *before, const sg_prices *prices)
{
    if (tile->buying != 0.0 || tile->selling != 0.0)
        sg_clock(tile, before, prices, 0, NULL, 1, 1);
    else
        sg_clock(tile, before, prices, 0, NULL, 0, 1);
}

#endif
