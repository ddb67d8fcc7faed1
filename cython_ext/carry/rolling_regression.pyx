"""Loop of the rolling regression.

SIDE paths go along time together, one lane each. Their last rows lie in a ring, so that rows leave the window without
being read from the caller's arrays again, and so that the order of the axes in memory matters little: where paths lie
side by side, GROUPS rings are filled at a time, or each row would touch a page of memory for a few numbers.
"""

cimport cython_ext._loop.numpy_api as cnp
from libc.stdlib cimport free, malloc

from cython_ext._loop.blocks cimport INVALID, Status, status_raise, status_restore, status_save
from cython_ext._loop.ufuncs cimport register
from shortgamma.kernels.carry.rolling_regression cimport (
    MOMENTS, SIDE, Estimate, Filter, Row, Sums, add_pairs, add_row, drop_pairs, drop_row, estimate, get, look_ahead,
    look_back, plus, put, row, sqrt, times, worn,
)
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

cnp.import_array()
cnp.import_ufunc()

cdef extern from "_loop/transpose.h" nogil:
    void transpose "sg_transpose"(
        const double* source, Py_ssize_t source_stride, double* target, Py_ssize_t target_stride) noexcept

cdef extern from "_loop/stores.h" nogil:
    enum:
        STREAM_FROM "SG_STREAM_FROM"
    void prefetch "sg_prefetch"(const void* address) noexcept
    void stream "sg_stream"(double* target, const double* source, Py_ssize_t count) noexcept
    void stream_end "sg_stream_end"() noexcept

cdef enum:
    CHUNK = 128
    GROUPS = 4
    RESULTS = 6
    # sums are built anew after so many windows at the latest
    WINDOWS = 4
    # codes of `code`: the kernel of the weights, and whether the window only grows
    BARTLETT = 0
    UNIFORM = 1
    PARZEN = 2
    EXPANDING = 4

cdef struct Plan:
    # What all paths of a call share.
    int kernel
    bint expanding
    # whether results are larger than the caches
    bint large
    Py_ssize_t window
    Py_ssize_t lags
    Py_ssize_t ring
    double minimum
    double per_row
    # what weights are multiplied by, half of it, and 1 over it
    double width
    double half
    double scale
    double most
    double* weight

cdef struct Work:
    Sums sums
    Filter past
    Filter future
    # rows since the sums were built, the age at which they are built again, and whether that was of no use
    double age[SIDE]
    double limit[SIDE]
    double stubborn[SIDE]
    long long due[SIDE]
    # from this row on none is missing in any path
    Py_ssize_t complete
    # rows so far at which x did not vary
    double outside[SIDE]
    double outside_before[SIDE]
    # the filters of Parzen's weights, which no running sum gives
    double back[5][SIDE]
    double ahead[5][SIDE]

cdef struct Ring:
    double* x
    double* y


cdef inline Py_ssize_t place(const Plan* plan, Py_ssize_t t) noexcept nogil:
    return (t & (plan.ring - 1)) * SIDE


cdef void no_filter(Filter* filter) noexcept nogil:
    cdef int k, i
    for k in range(5):
        for i in range(SIDE):
            filter.box[k][i] = filter.slope[k][i] = 0.0


cdef void no_sums(Sums* s) noexcept nogil:
    cdef int k, i
    for i in range(SIDE):
        s.x0[i] = s.y0[i] = s.pilot[i] = 0.0
        s.count[i] = s.x[i] = s.y[i] = s.xy[i] = s.xx[i] = s.yy[i] = s.most_xx[i] = s.most_yy[i] = 0.0
        for k in range(MOMENTS):
            s.moment[k][i] = 0.0


cdef void weighted_rows(
    const Plan* plan, const Ring* ring, Sums* s, Py_ssize_t t, Py_ssize_t first, Py_ssize_t last, int side,
    double (*target)[SIDE],
) noexcept nogil:
    """h / 2 of row t plus the weighted rows before it (side -1) or after it (side 1), from `first` to `last`."""
    cdef Py_ssize_t j, here
    cdef int i
    cdef double weight
    for i in range(SIDE):
        put(target, i, times(
            row(ring.x[place(plan, t) + i], ring.y[place(plan, t) + i], s.x0[i], s.y0[i], s.pilot[i],
                False), 0.5), False)
    for j in range(1, plan.lags + 1):
        if not first <= t + side * j <= last:
            break
        here = place(plan, t + side * j)
        weight = plan.weight[j]
        for i in range(SIDE):
            put(target, i, plus(get(target, i), times(
                row(ring.x[here + i], ring.y[here + i], s.x0[i], s.y0[i], s.pilot[i], False), weight)), False)


cdef inline void enter(
    int kernel, bint whole, Work* w, const Plan* plan, int i, double x, double y, double old_x, double old_y,
) noexcept nogil:
    """A row enters; old is the row that the backward filter forgets."""
    cdef Sums* s = &w.sums
    cdef Row h = row(x, y, s.x0[i], s.y0[i], s.pilot[i], whole), old
    add_row(s, i, h, whole)
    if kernel == PARZEN:
        add_pairs(s, i, h, get(w.back, i), whole)
    else:
        old = row(old_x, old_y, s.x0[i], s.y0[i], s.pilot[i], whole)
        add_pairs(s, i, h, look_back(kernel == UNIFORM, &w.past, i, h, old, plan.half, whole), whole)


cdef inline void leave(
    int kernel, bint whole, Work* w, const Plan* plan, int i, double x, double y, double next_x, double next_y,
) noexcept nogil:
    """A row leaves; next is the row that the forward filter has not yet seen."""
    cdef Sums* s = &w.sums
    cdef Row h = row(x, y, s.x0[i], s.y0[i], s.pilot[i], whole), next
    drop_row(s, i, h, whole)
    if kernel == PARZEN:
        drop_pairs(s, i, h, get(w.ahead, i), whole)
    else:
        next = row(next_x, next_y, s.x0[i], s.y0[i], s.pilot[i], whole)
        drop_pairs(s, i, h, look_ahead(kernel == UNIFORM, &w.future, i, h, next, plan.half, whole), whole)


cdef inline void finish(
    int kernel, bint r2, bint whole, Work* w, const Plan* plan, int i, double (*result)[SIDE],
) noexcept nogil:
    """The results of a row; `due` says whether the sums must be built anew.

    They are NaN where there are too few rows or x does not vary.
    """
    cdef Sums* s = &w.sums
    cdef double per_row = plan.per_row if whole else 1.0 / s.count[i]
    cdef Estimate e = estimate(s, i, per_row, plan.scale)
    cdef double worn_out = 1.0 if worn(s, i, per_row, plan.most) else 0.0
    cdef double enough = 1.0 if whole or s.count[i] >= plan.minimum else 0.0
    # rounding may leave a variance below zero; uniform weights may too, and must not be made zero
    cdef double floor = -INFINITY if kernel == UNIFORM else 0.0
    cdef double old = 1.0 if w.age[i] >= w.limit[i] else 0.0
    w.stubborn[i] = w.stubborn[i] * worn_out
    w.due[i] = 1 if (worn_out - w.stubborn[i] + old) * enough > 0.0 else 0
    w.age[i] += 1.0
    cdef double good = enough if e.spread > 0.0 else 0.0
    w.outside[i] += enough - good
    result[0][i] = e.intercept if good > 0.0 else NAN
    result[1][i] = e.slope if good > 0.0 else NAN
    e.intercept_variance = floor if e.intercept_variance < floor else e.intercept_variance
    e.slope_variance = floor if e.slope_variance < floor else e.slope_variance
    result[2][i] = sqrt(e.intercept_variance if good > 0.0 else NAN)
    result[3][i] = sqrt(e.slope_variance if good > 0.0 else NAN)
    result[4][i] = e.covariance if good > 0.0 else NAN
    if r2:
        result[5][i] = e.r2 if good > 0.0 else NAN


cdef inline void put_results(bint r2, double (*result)[SIDE], double* target) noexcept nogil:
    cdef int i, k
    for k in range(RESULTS if r2 else RESULTS - 1):
        for i in range(SIDE):
            target[k * CHUNK * SIDE + i] = result[k][i]


cdef inline void load_rows(double* x, double* y, const Ring* ring, const Plan* plan, Py_ssize_t t) noexcept nogil:
    """A row of all paths into arrays of their own, NaN before the first."""
    cdef const double* ring_x = ring.x + place(plan, t)
    cdef const double* ring_y = ring.y + place(plan, t)
    cdef int i
    for i in range(SIDE):
        x[i] = ring_x[i]
    for i in range(SIDE):
        y[i] = ring_y[i]


cdef inline void step(
    int kernel, bint r2, bint leaves, bint whole, Work* work, const Plan* call, const Ring* ring, Py_ssize_t t,
    Py_ssize_t old, double* target,
) noexcept nogil:
    """Row t enters, and if leaves, the row a window before it leaves; the first four are constants of the caller.

    Result k goes to target[k CHUNK SIDE].
    """
    cdef double x[SIDE]
    cdef double y[SIDE]
    cdef double old_x[SIDE]
    cdef double old_y[SIDE]
    cdef double gone_x[SIDE]
    cdef double gone_y[SIDE]
    cdef double next_x[SIDE]
    cdef double next_y[SIDE]
    cdef double result[RESULTS][SIDE]
    cdef Plan plan = call[0]
    cdef Py_ssize_t gone = t - plan.window
    cdef int i
    load_rows(x, y, ring, &plan, t)
    if old >= 0:
        load_rows(old_x, old_y, ring, &plan, old)
    else:
        for i in range(SIDE):
            old_x[i] = old_y[i] = NAN
    if leaves:
        load_rows(gone_x, gone_y, ring, &plan, gone)
        load_rows(next_x, next_y, ring, &plan, gone + plan.lags + 1)
    for i in range(SIDE):
        if leaves:
            leave(kernel, whole, work, &plan, i, gone_x[i], gone_y[i], next_x[i], next_y[i])
        enter(kernel, whole, work, &plan, i, x[i], y[i], old_x[i], old_y[i])
        finish(kernel, r2, whole, work, &plan, i, result)
    put_results(r2, result, target)


cdef inline bint any_due(const Work* w) noexcept nogil:
    cdef long long any = 0
    cdef int i
    for i in range(SIDE):
        any |= w.due[i]
    return any != 0


cdef void look_from(
    const Plan* plan, const Ring* ring, Sums* s, Py_ssize_t first, Filter* future,
) noexcept nogil:
    """The forward filter of a row, built from nothing: the triangle is the sum of the growing boxes."""
    cdef Py_ssize_t t, here
    cdef int i
    no_filter(future)
    for t in range(first, first + plan.lags + 1):
        here = place(plan, t)
        for i in range(SIDE):
            put(future.box, i, plus(get(future.box, i), row(
                ring.x[here + i], ring.y[here + i], s.x0[i], s.y0[i], s.pilot[i], False)), False)
            put(future.slope, i, plus(get(future.slope, i), get(future.box, i)), False)


cdef void centre(
    const Plan* plan, const Ring* ring, Py_ssize_t first, Py_ssize_t last, Sums* s,
) noexcept nogil:
    """The means of a window, from its first row on, and its slope."""
    cdef double from_x[SIDE]
    cdef double from_y[SIDE]
    cdef double spread[SIDE]
    cdef double common[SIDE]
    cdef Py_ssize_t t, here
    cdef int i
    cdef double x, y
    no_sums(s)
    for i in range(SIDE):
        from_x[i] = from_y[i] = NAN
        spread[i] = common[i] = 0.0
    for t in range(first, last + 1):
        here = place(plan, t)
        for i in range(SIDE):
            x = ring.x[here + i]
            y = ring.y[here + i]
            from_x[i] = from_x[i] if from_x[i] == from_x[i] else x
            from_y[i] = from_y[i] if from_y[i] == from_y[i] else y
            s.count[i] += 1.0 if x == x else 0.0
            s.x[i] += x - from_x[i] if x == x else 0.0
            s.y[i] += y - from_y[i] if x == x else 0.0
    for i in range(SIDE):
        s.x0[i] = from_x[i] + s.x[i] / s.count[i]
        s.y0[i] = from_y[i] + s.y[i] / s.count[i]
    for t in range(first, last + 1):
        here = place(plan, t)
        for i in range(SIDE):
            x = ring.x[here + i] - s.x0[i]
            y = ring.y[here + i] - s.y0[i]
            spread[i] += x * x if x == x else 0.0
            common[i] += x * y if x == x else 0.0
    for i in range(SIDE):
        s.pilot[i] = common[i] / spread[i] if spread[i] > 0.0 else 0.0
        if not -INFINITY < s.pilot[i] < INFINITY:
            s.pilot[i] = 0.0
        s.count[i] = s.x[i] = s.y[i] = 0.0


cdef void rebuild(int kernel, Work* w, const Plan* plan, const Ring* ring, Py_ssize_t last) noexcept nogil:
    """The sums of the window that ends at `last`, built from nothing for the paths that are due."""
    cdef Work fresh
    cdef Py_ssize_t first = 0 if plan.expanding else max(<Py_ssize_t> 0, last - plan.window + 1), t, old
    cdef int i
    start(&fresh)
    centre(plan, ring, first, last, &fresh.sums)
    for t in range(first, last + 1):
        if kernel == PARZEN:
            weighted_rows(plan, ring, &fresh.sums, t, first, last, -1, fresh.back)
        old = t - plan.lags - 1
        add_only(kernel, &fresh, plan, ring, t, old if old >= first else -1)
    if not plan.expanding and last >= plan.window - 1 and kernel != PARZEN:
        look_from(plan, ring, &fresh.sums, first, &fresh.future)
    for i in range(SIDE):
        if w.due[i]:
            copy_path(w, &fresh, i)
            w.age[i] = 0.0
            w.limit[i] = <double> (last + 1) if plan.expanding else <double> (WINDOWS * plan.window)
            w.stubborn[i] = 1.0 if worn(&w.sums, i, 1.0 / w.sums.count[i], plan.most) else 0.0


cdef inline void add_only(
    int kernel, Work* work, const Plan* call, const Ring* ring, Py_ssize_t t, Py_ssize_t old,
) noexcept nogil:
    cdef double x[SIDE]
    cdef double y[SIDE]
    cdef double old_x[SIDE]
    cdef double old_y[SIDE]
    cdef Plan plan = call[0]
    cdef int i
    load_rows(x, y, ring, &plan, t)
    if old >= 0:
        load_rows(old_x, old_y, ring, &plan, old)
    else:
        for i in range(SIDE):
            old_x[i] = old_y[i] = NAN
    for i in range(SIDE):
        enter(kernel, False, work, &plan, i, x[i], y[i], old_x[i], old_y[i])


cdef void copy_path(Work* w, Work* fresh, int i) noexcept nogil:
    cdef int k
    w.sums.x0[i] = fresh.sums.x0[i]
    w.sums.y0[i] = fresh.sums.y0[i]
    w.sums.pilot[i] = fresh.sums.pilot[i]
    w.sums.count[i] = fresh.sums.count[i]
    w.sums.x[i] = fresh.sums.x[i]
    w.sums.y[i] = fresh.sums.y[i]
    w.sums.xy[i] = fresh.sums.xy[i]
    w.sums.xx[i] = fresh.sums.xx[i]
    w.sums.yy[i] = fresh.sums.yy[i]
    w.sums.most_xx[i] = fresh.sums.most_xx[i]
    w.sums.most_yy[i] = fresh.sums.most_yy[i]
    for k in range(MOMENTS):
        w.sums.moment[k][i] = fresh.sums.moment[k][i]
    for k in range(5):
        w.past.box[k][i] = fresh.past.box[k][i]
        w.past.slope[k][i] = fresh.past.slope[k][i]
        w.future.box[k][i] = fresh.future.box[k][i]
        w.future.slope[k][i] = fresh.future.slope[k][i]


cdef inline void one_row(
    int kernel, bint r2, Work* w, const Plan* plan, const Ring* ring, Py_ssize_t t, double* target,
) noexcept nogil:
    cdef bint leaves = t >= plan.window and not plan.expanding
    cdef Py_ssize_t first = t - plan.window + 1 if leaves else 0
    if kernel == PARZEN:
        weighted_rows(plan, ring, &w.sums, t, first, t, -1, w.back)
        if leaves:
            weighted_rows(plan, ring, &w.sums, first - 1, first - 1, t - 1, 1, w.ahead)
    w.outside_before = w.outside
    if leaves and t - plan.window >= w.complete and kernel != PARZEN:
        step(kernel, r2, True, True, w, plan, ring, t, t - plan.lags - 1, target)
    elif leaves:
        step(kernel, r2, True, False, w, plan, ring, t, t - plan.lags - 1, target)
    else:
        step(kernel, r2, False, False, w, plan, ring, t, t - plan.lags - 1, target)
    if any_due(w):
        rebuild(kernel, w, plan, ring, t)
        finish_again(kernel, r2, w, plan, target)
    if t == plan.window - 1 and not plan.expanding and kernel != PARZEN:
        look_from(plan, ring, &w.sums, 0, &w.future)


cdef void finish_again(int kernel, bint r2, Work* w, const Plan* plan, double* target) noexcept nogil:
    """The results of the same row from sums that were built anew."""
    cdef double age, stubborn
    cdef double result[RESULTS][SIDE]
    cdef int i
    for i in range(SIDE):
        age = w.age[i]
        stubborn = w.stubborn[i]
        # what was no regression on worn sums may be one
        w.outside[i] = w.outside_before[i]
        finish(kernel, r2, False, w, plan, i, result)
        w.age[i] = age
        w.stubborn[i] = stubborn
    put_results(r2, result, target)


cdef inline void rows(
    int kernel, bint r2, Work* w, const Plan* plan, const Ring* ring, Py_ssize_t begin, Py_ssize_t end, double* target,
) noexcept nogil:
    """Rows from begin to end; result k of row t goes to target[(k CHUNK + t - begin) SIDE]."""
    cdef Py_ssize_t t
    for t in range(begin, end):
        one_row(kernel, r2, w, plan, ring, t, target + (t - begin) * SIDE)


cdef bint tidy(double* x, double* y, Py_ssize_t count, long long* infinite) noexcept nogil:
    """Rows made NaN where a number is missing or infinite; whether there are such, and among them infinite ones."""
    cdef double number_x, number_y, missing
    cdef long long any = 0, outside = 0
    cdef Py_ssize_t i
    for i in range(count):
        number_x = x[i]
        number_y = y[i]
        missing = (number_x - number_x) + (number_y - number_y)
        any |= 1 if missing != missing else 0
        outside |= 1 if (missing != missing) & ((number_x == number_x) & (number_y == number_y)) else 0
        x[i] = number_x + missing
        y[i] = number_y + missing
    infinite[0] |= outside
    return any != 0


cdef void fill(
    const char* source, Py_ssize_t path_step, Py_ssize_t step, const Plan* plan, double* ring, Py_ssize_t paths,
    Py_ssize_t begin, Py_ssize_t end,
) noexcept nogil:
    """Rows of up to SIDE paths into their ring; the lanes behind the last path are copies of it."""
    cdef Py_ssize_t t = begin, lane, here
    if path_step == sizeof(double) and paths >= SIDE:
        for t in range(begin, end):
            here = place(plan, t)
            for lane in range(SIDE):
                ring[here + lane] = (<const double*> (source + t * step))[lane]
        return
    if step == sizeof(double) and path_step % <Py_ssize_t> sizeof(double) == 0 and paths >= SIDE:
        while t + SIDE <= end:
            transpose(
                <const double*> (source + t * step), path_step // <Py_ssize_t> sizeof(double),
                ring + place(plan, t), SIDE)
            # the rows of each path are a stream of their own, too short for a processor to foresee
            for lane in range(SIDE):
                prefetch(source + lane * path_step + (t + CHUNK) * step)
            t += SIDE
    begin = t
    for lane in range(SIDE):
        for t in range(begin, end):
            ring[place(plan, t) + lane] = (
                <const double*> (source + min(lane, paths - 1) * path_step + t * step))[0]


cdef void pour(
    char* target, Py_ssize_t path_step, Py_ssize_t step, Py_ssize_t paths, Py_ssize_t begin, Py_ssize_t end,
    const double* block, bint large,
) noexcept nogil:
    """One result of up to SIDE paths out to where it belongs, past the caches if it is larger than they are."""
    cdef double line[SIDE][CHUNK]
    cdef Py_ssize_t t = 0, lane, count = end - begin
    if path_step == sizeof(double) and paths >= SIDE:
        for t in range(begin, end):
            for lane in range(SIDE):
                (<double*> (target + t * step))[lane] = block[(t - begin) * SIDE + lane]
        return
    while t < count:
        transpose(block + t * SIDE, SIDE, &line[0][t], CHUNK)
        t += SIDE
    for lane in range(min(paths, <Py_ssize_t> SIDE)):
        if step != sizeof(double):
            for t in range(count):
                (<double*> (target + lane * path_step + (begin + t) * step))[0] = line[lane][t]
        elif large:
            stream(<double*> (target + lane * path_step) + begin, &line[lane][0], count)
        else:
            for t in range(count):
                (<double*> (target + lane * path_step))[begin + t] = line[lane][t]


cdef void start(Work* w) noexcept nogil:
    cdef int i
    w.complete = 0
    no_sums(&w.sums)
    no_filter(&w.past)
    no_filter(&w.future)
    for i in range(SIDE):
        w.due[i] = 0
        w.age[i] = w.limit[i] = w.stubborn[i] = w.outside[i] = 0.0


cdef bint set_plan(Plan* plan, double window, double lags, double minimum, int code, Py_ssize_t length) noexcept nogil:
    """False if there is no such regression."""
    cdef Py_ssize_t count
    plan.kernel = code & 3
    plan.expanding = (code & EXPANDING) != 0
    plan.weight = NULL
    if not (3.0 <= window <= 9e15 and 0.0 <= lags <= 9e15 and 3.0 <= minimum <= window):
        return False
    plan.window = <Py_ssize_t> window
    plan.lags = <Py_ssize_t> lags
    plan.minimum = minimum
    if plan.window != window or plan.lags != lags or plan.lags >= plan.window:
        return False
    # rows that are not there take no part
    plan.window = min(plan.window, length + 1) if not plan.expanding else plan.window
    plan.per_row = 1.0 / <double> plan.window
    plan.width = <double> (plan.lags + 1) if plan.kernel == BARTLETT else 1.0
    plan.half = 0.5 * plan.width
    plan.scale = 1.0 / plan.width
    plan.most = 4.0 if window <= 1000.0 else 4.0 * sqrt(1000.0 / window)
    plan.lags = min(plan.lags, length)
    count = length if plan.expanding else plan.window + 1
    plan.ring = CHUNK
    while plan.ring < count + CHUNK:
        plan.ring *= 2
    return True


cdef bint set_weights(Plan* plan) noexcept nogil:
    """The weights of Parzen; false if there is no memory."""
    cdef Py_ssize_t j
    cdef double z
    if plan.kernel != PARZEN:
        return True
    plan.weight = <double*> malloc((plan.lags + 1) * sizeof(double))
    if plan.weight == NULL:
        return False
    for j in range(plan.lags + 1):
        z = <double> j / <double> (plan.lags + 1)
        plan.weight[j] = 1.0 - 6.0 * z * z * (1.0 - z) if z <= 0.5 else 2.0 * (1.0 - z) * (1.0 - z) * (1.0 - z)
    return True


cdef long long together(
    char** args, cnp.npy_intp* steps, int results, const Plan* plan, Py_ssize_t length, Py_ssize_t path,
    Py_ssize_t paths, double* memory, Work* work,
) noexcept nogil:
    """Up to GROUPS times SIDE paths, CHUNK rows at a time."""
    cdef Ring ring[GROUPS]
    cdef Py_ssize_t begin = 0, end, group, first
    cdef Py_ssize_t groups = (paths + SIDE - 1) // SIDE
    cdef double* target = memory + 2 * GROUPS * plan.ring * SIDE
    cdef double* block
    cdef int lane, k
    cdef long long outside = 0
    for group in range(groups):
        ring[group].x = memory + 2 * group * plan.ring * SIDE
        ring[group].y = ring[group].x + plan.ring * SIDE
        start(&work[group])
    while begin < length:
        end = min(begin + CHUNK, length)
        for group in range(groups):
            first = group * SIDE
            fill(
                args[0] + (path + first) * steps[0], steps[0], steps[6 + results], plan, ring[group].y,
                paths - first, begin, end)
            fill(
                args[1] + (path + first) * steps[1], steps[1], steps[7 + results], plan, ring[group].x,
                paths - first, begin, end)
            # chunks begin at a multiple of their length, and so does the ring: they lie in one piece
            if tidy(
                    ring[group].x + place(plan, begin), ring[group].y + place(plan, begin), (end - begin) * SIDE,
                    &outside):
                work[group].complete = end
        for group in range(groups):
            block = target + group * RESULTS * CHUNK * SIDE
            if plan.kernel == BARTLETT and results < RESULTS:
                rows(BARTLETT, False, &work[group], plan, &ring[group], begin, end, block)
            elif plan.kernel == BARTLETT:
                rows(BARTLETT, True, &work[group], plan, &ring[group], begin, end, block)
            elif plan.kernel == UNIFORM:
                rows(UNIFORM, True, &work[group], plan, &ring[group], begin, end, block)
            else:
                rows(PARZEN, True, &work[group], plan, &ring[group], begin, end, block)
        for group in range(groups):
            first = group * SIDE
            for k in range(results):
                pour(
                    args[6 + k] + (path + first) * steps[6 + k], steps[6 + k], steps[8 + results + k], paths - first,
                    begin, end, target + (group * RESULTS + k) * CHUNK * SIDE, plan.large)
        begin = end
    for group in range(groups):
        for lane in range(SIDE):
            outside |= 1 if work[group].outside[lane] > 0.0 else 0
    return outside


cdef void no_answer(
    char** args, cnp.npy_intp* steps, int results, Py_ssize_t length, Py_ssize_t path, Py_ssize_t paths,
) noexcept nogil:
    cdef Py_ssize_t i, t
    cdef int k
    for k in range(results):
        for i in range(path, path + paths):
            for t in range(length):
                (<double*> (args[6 + k] + i * steps[6 + k] + t * steps[8 + results + k]))[0] = NAN


cdef inline double number(char* source) noexcept nogil:
    return (<double*> source)[0]


cdef Py_ssize_t alike(char** args, cnp.npy_intp* steps, Py_ssize_t path, Py_ssize_t most) noexcept nogil:
    """How many paths, up to most, have the terms of this one."""
    cdef Py_ssize_t count = 1, k
    if not (steps[2] | steps[3] | steps[4] | steps[5]):
        return most
    while count < most:
        for k in range(2, 5):
            # NaN is alone
            if number(args[k] + (path + count) * steps[k]) != number(args[k] + path * steps[k]):
                return count
        if (args[5] + (path + count) * steps[5])[0] != (args[5] + path * steps[5])[0]:
            return count
        count += 1
    return count


cdef void regression_loop(char** args, cnp.npy_intp* dimensions, cnp.npy_intp* steps, void* data) noexcept nogil:
    """y (t), x (t), window, lags, minimum, code -> intercept, slope, their errors, covariance[, r2]"""
    cdef int results = 5 if data == NULL else 6
    cdef Py_ssize_t paths = dimensions[0], length = dimensions[1], path = 0, count, end, most = SIDE
    cdef double window, lags, minimum
    cdef Plan plan
    cdef double* memory
    cdef Work* work
    cdef long long outside = 0
    cdef Status status = status_save()
    if steps[0] == sizeof(double) or steps[1] == sizeof(double):
        most = GROUPS * SIDE
    while path < paths:
        end = path + alike(args, steps, path, paths - path)
        window = number(args[2] + path * steps[2])
        lags = number(args[3] + path * steps[3])
        minimum = number(args[4] + path * steps[4])
        memory = NULL
        if not set_plan(&plan, window, lags, minimum, (args[5] + path * steps[5])[0], length):
            outside |= 1 if window == window and lags == lags and minimum == minimum else 0
        elif set_weights(&plan):
            count = (2 * GROUPS * plan.ring + GROUPS * RESULTS * CHUNK) * SIDE
            memory = <double*> malloc(count * sizeof(double) + GROUPS * sizeof(Work))
        if memory == NULL:
            no_answer(args, steps, results, length, path, end - path)
            path = end
        else:
            work = <Work*> (memory + count)
            plan.large = paths * length * <Py_ssize_t> sizeof(double) * results > STREAM_FROM
            while path < end:
                count = min(end - path, most)
                outside |= together(args, steps, results, &plan, length, path, count, memory, work)
                path += count
        free(plan.weight)
        free(memory)
    stream_end()
    status_restore(status)
    status_raise(INVALID if outside else 0)


carry_rolling_regression = register(
    regression_loop, "carry_rolling_regression", "y x window lags minimum code:b",
    "intercept slope intercept_error slope_error covariance",
    "carry.rolling_regression", "(t),(t),(),(),(),()->(t),(t),(t),(t),(t)")
carry_rolling_regression_r2 = register(
    regression_loop, "carry_rolling_regression_r2", "y x window lags minimum code:b",
    "intercept slope intercept_error slope_error covariance r2",
    "carry.rolling_regression", "(t),(t),(),(),(),()->(t),(t),(t),(t),(t),(t)", <void*> 1)
