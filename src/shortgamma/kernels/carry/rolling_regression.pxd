# cython: language_level=3, cdivision=True
"""Regression of y on a constant and x over a sliding window, with HAC standard errors at a constant cost a row.

The scores of a row are g = (u, x u) with u = y - a - b x, linear in h = (y, 1, x, x y, x x):

    g = C h,   C = ((1, -a, -b, 0, 0), (0, 0, -a, 1, -b))

so the HAC matrix of the scores is S = C M C' with M = sum of w_|i-j| h_i h_j' over the pairs of rows in the window, one
symmetric 5 x 5 matrix that does not depend on the coefficients. A row that enters adds h B' + B h', where
B = h / 2 + sum of w_j h_(t-j) looks back; a row that leaves takes h F' + F h' away, where F looks ahead. Under Bartlett
weights both filters are running sums: box (L + 1 rows) and slope (their triangle, times L + 1).

To keep digits, x and y are measured from an anchor: x - x0 and y - y0 - pilot (x - x0), where (x0, y0) is the mean and
pilot the slope of the window at which the sums were last built from nothing. `worn` says when that must be done again.

A missing row keeps its place in the window: its h is zero. Where none of a window and of the row before it is missing,
which a constant `whole` says, the sums of ones stay as they are: the same numbers for less work.
"""

cdef extern from "<math.h>" nogil:
    double sqrt(double) noexcept

cdef enum:
    # Paths that are worked on together, and places of the components of h in M (by rows of the upper triangle).
    SIDE = 8
    MOMENTS = 15

cdef struct Row:
    double y
    double one
    double x
    double xy
    double xx

cdef struct Filter:
    # What `box` and `slope` sums hold of each component, by path.
    double box[5][SIDE]
    double slope[5][SIDE]

cdef struct Sums:
    # One window of each of SIDE paths.
    double x0[SIDE]
    double y0[SIDE]
    double pilot[SIDE]
    double count[SIDE]
    double x[SIDE]
    double y[SIDE]
    double xy[SIDE]
    double xx[SIDE]
    double yy[SIDE]
    double moment[MOMENTS][SIDE]
    # the largest squares that went through the sums since they were built
    double most_xx[SIDE]
    double most_yy[SIDE]

cdef struct Estimate:
    double intercept
    double slope
    double intercept_variance
    double slope_variance
    double covariance
    double r2
    # sum of squares of x about its mean
    double spread


cdef inline Row row(double x, double y, double x0, double y0, double pilot, bint whole) noexcept nogil:
    """h of a row; x and y are NaN where it is missing."""
    cdef Row h
    cdef double dx = x - x0
    cdef double dy = (y - y0) - pilot * dx
    cdef bint here = whole or x == x
    h.x = dx if here else 0.0
    h.y = dy if here else 0.0
    h.one = 1.0 if here else 0.0
    h.xy = h.x * h.y
    h.xx = h.x * h.x
    return h


cdef inline Row get(double (*part)[SIDE], int i) noexcept nogil:
    cdef Row h
    h.y = part[0][i]
    h.one = part[1][i]
    h.x = part[2][i]
    h.xy = part[3][i]
    h.xx = part[4][i]
    return h


cdef inline void put(double (*part)[SIDE], int i, Row h, bint whole) noexcept nogil:
    part[0][i] = h.y
    if not whole:
        part[1][i] = h.one
    part[2][i] = h.x
    part[3][i] = h.xy
    part[4][i] = h.xx


cdef inline Row plus(Row p, Row q) noexcept nogil:
    p.y += q.y
    p.one += q.one
    p.x += q.x
    p.xy += q.xy
    p.xx += q.xx
    return p


cdef inline Row minus(Row p, Row q) noexcept nogil:
    p.y -= q.y
    p.one -= q.one
    p.x -= q.x
    p.xy -= q.xy
    p.xx -= q.xx
    return p


cdef inline Row times(Row p, double a) noexcept nogil:
    p.y *= a
    p.one *= a
    p.x *= a
    p.xy *= a
    p.xx *= a
    return p


cdef inline Row look_back(
    bint boxes, Filter* past, int i, Row entering, Row leaving, double half, bint whole,
) noexcept nogil:
    """B of a row that enters, and the filters with it; `leaving` is the row that they forget.

    half is half of what weights are multiplied by. With `boxes` all weights are 1.
    """
    cdef Row box = get(past.box, i), share = times(entering, half), back
    if boxes:
        box = minus(plus(box, entering), leaving)
        back = minus(box, share)
    else:
        back = plus(minus(get(past.slope, i), box), share)
        put(past.slope, i, plus(back, share), whole)
        box = minus(plus(box, entering), leaving)
    put(past.box, i, box, whole)
    return back


cdef inline Row look_ahead(
    bint boxes, Filter* future, int i, Row first, Row next, double half, bint whole,
) noexcept nogil:
    """F of the row that leaves; the filters become those of the row after it, whose last row is `next`."""
    cdef Row box = get(future.box, i), share = times(first, half), ahead
    if boxes:
        ahead = minus(box, share)
        box = plus(minus(box, first), next)
    else:
        ahead = minus(get(future.slope, i), share)
        box = plus(minus(box, first), next)
        put(future.slope, i, plus(minus(ahead, share), box), whole)
    put(future.box, i, box, whole)
    return ahead


cdef inline void add_row(Sums* s, int i, Row h, bint whole) noexcept nogil:
    cdef double yy = h.y * h.y
    if not whole:
        s.count[i] += h.one
    s.x[i] += h.x
    s.y[i] += h.y
    s.xy[i] += h.xy
    s.xx[i] += h.xx
    s.yy[i] += yy
    s.most_xx[i] = h.xx if h.xx > s.most_xx[i] else s.most_xx[i]
    s.most_yy[i] = yy if yy > s.most_yy[i] else s.most_yy[i]


cdef inline void drop_row(Sums* s, int i, Row h, bint whole) noexcept nogil:
    if not whole:
        s.count[i] -= h.one
    s.x[i] -= h.x
    s.y[i] -= h.y
    s.xy[i] -= h.xy
    s.xx[i] -= h.xx
    s.yy[i] -= h.y * h.y


cdef inline void add_pairs(Sums* s, int i, Row h, Row b, bint whole) noexcept nogil:
    """M += h b' + b h'; of its diagonal, half."""
    s.moment[0][i] += h.y * b.y
    s.moment[1][i] += h.y * b.one + h.one * b.y
    s.moment[2][i] += h.y * b.x + h.x * b.y
    s.moment[3][i] += h.y * b.xy + h.xy * b.y
    s.moment[4][i] += h.y * b.xx + h.xx * b.y
    if not whole:
        s.moment[5][i] += h.one * b.one
    s.moment[6][i] += h.one * b.x + h.x * b.one
    s.moment[7][i] += h.one * b.xy + h.xy * b.one
    s.moment[8][i] += h.one * b.xx + h.xx * b.one
    s.moment[9][i] += h.x * b.x
    s.moment[10][i] += h.x * b.xy + h.xy * b.x
    s.moment[11][i] += h.x * b.xx + h.xx * b.x
    s.moment[12][i] += h.xy * b.xy
    s.moment[13][i] += h.xy * b.xx + h.xx * b.xy
    s.moment[14][i] += h.xx * b.xx


cdef inline void drop_pairs(Sums* s, int i, Row h, Row f, bint whole) noexcept nogil:
    """M -= h f' + f h'."""
    s.moment[0][i] -= h.y * f.y
    s.moment[1][i] -= h.y * f.one + h.one * f.y
    s.moment[2][i] -= h.y * f.x + h.x * f.y
    s.moment[3][i] -= h.y * f.xy + h.xy * f.y
    s.moment[4][i] -= h.y * f.xx + h.xx * f.y
    if not whole:
        s.moment[5][i] -= h.one * f.one
    s.moment[6][i] -= h.one * f.x + h.x * f.one
    s.moment[7][i] -= h.one * f.xy + h.xy * f.one
    s.moment[8][i] -= h.one * f.xx + h.xx * f.one
    s.moment[9][i] -= h.x * f.x
    s.moment[10][i] -= h.x * f.xy + h.xy * f.x
    s.moment[11][i] -= h.x * f.xx + h.xx * f.x
    s.moment[12][i] -= h.xy * f.xy
    s.moment[13][i] -= h.xy * f.xx + h.xx * f.xy
    s.moment[14][i] -= h.xx * f.xx


cdef inline Row weighted(Sums* s, int i, double one, double x) noexcept nogil:
    """M c for c = (1, one, x, 0, 0)."""
    cdef Row result
    result.y = (s.moment[0][i] + s.moment[0][i]) + (s.moment[1][i] * one + s.moment[2][i] * x)
    result.one = s.moment[1][i] + ((s.moment[5][i] + s.moment[5][i]) * one + s.moment[6][i] * x)
    result.x = s.moment[2][i] + (s.moment[6][i] * one + (s.moment[9][i] + s.moment[9][i]) * x)
    result.xy = s.moment[3][i] + (s.moment[7][i] * one + s.moment[10][i] * x)
    result.xx = s.moment[4][i] + (s.moment[8][i] * one + s.moment[11][i] * x)
    return result


cdef inline double half_form(Sums* s, int i, Row c) noexcept nogil:
    """c' M c / 2 for c.xy = 1."""
    cdef double y = (s.moment[0][i] * c.y + s.moment[1][i] * c.one) + (
        (s.moment[2][i] * c.x + s.moment[4][i] * c.xx) + s.moment[3][i])
    cdef double one = (s.moment[5][i] * c.one + s.moment[6][i] * c.x) + (s.moment[8][i] * c.xx + s.moment[7][i])
    cdef double x = (s.moment[9][i] * c.x + s.moment[11][i] * c.xx) + s.moment[10][i]
    cdef double xy = s.moment[13][i] * c.xx + s.moment[12][i]
    cdef double xx = s.moment[14][i] * c.xx
    return ((c.y * y + c.one * one) + (c.x * x + c.xx * xx)) + xy


cdef inline Estimate estimate(Sums* s, int i, double per_row, double scale) noexcept nogil:
    """The regression of a window, from 1 over its rows, and 1 over what the weights of its pairs were multiplied by."""
    cdef Estimate result
    cdef double mean_x = s.x[i] * per_row, mean_y = s.y[i] * per_row
    cdef double spread = s.xx[i] - s.x[i] * mean_x
    cdef double common = s.xy[i] - s.x[i] * mean_y
    cdef double inverse = 1.0 / spread
    cdef double b = common * inverse
    cdef double a = mean_y - b * mean_x
    cdef double mean = mean_x + s.x0[i]
    cdef double residual = (s.yy[i] - s.y[i] * mean_y) - b * common
    cdef double total = residual + (b + s.pilot[i]) * (b + s.pilot[i]) * spread
    cdef double s_00, s_01, s_11
    # scores of the intercept at the mean of x, (1, -a, -b, 0, 0) h, and of the slope, tilt h
    cdef Row tilt, level = weighted(s, i, -a, -b)
    tilt.y = -mean_x
    tilt.one = mean_x * a
    tilt.x = mean_x * b - a
    tilt.xy = 1.0
    tilt.xx = -b
    s_00 = (level.y - (level.one * a + level.x * b)) * (scale * per_row * per_row)
    s_01 = ((tilt.y * level.y + tilt.one * level.one) + (tilt.x * level.x + tilt.xx * level.xx) + level.xy) * (
        scale * per_row * inverse)
    s_11 = half_form(s, i, tilt) * (2.0 * scale * inverse * inverse)
    result.slope = b + s.pilot[i]
    result.intercept = (mean_y - b * mean_x) + (s.y0[i] - result.slope * s.x0[i])
    result.slope_variance = s_11
    result.covariance = s_01 - mean * s_11
    result.intercept_variance = (s_00 - mean * s_01) - mean * result.covariance
    result.r2 = 1.0 - residual / total
    result.spread = spread
    return result


cdef inline bint worn(Sums* s, int i, double per_row, double most) noexcept nogil:
    """Whether sums have to be built anew to be known to enough digits; also where they are NaN.

    They must where the mean of x has moved 4 deviations from the anchor, where a square larger than `most` times their
    sum has passed through, or where x explains all but a thousandth of y about the pilot line.
    """
    cdef double mean_x = s.x[i] * per_row, mean_y = s.y[i] * per_row
    cdef double spread = s.xx[i] - s.x[i] * mean_x
    cdef double common = s.xy[i] - s.x[i] * mean_y
    cdef double residual = (s.yy[i] - s.y[i] * mean_y) - common * (1.0 / spread) * common
    residual = residual if spread > 0.0 else s.yy[i]
    return not (
        (s.x[i] * mean_x <= 16.0 * spread) & (s.most_xx[i] <= most * s.xx[i]) & (s.most_yy[i] <= most * s.yy[i])
        & (s.yy[i] <= 1024.0 * residual)
    )
