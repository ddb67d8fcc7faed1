# cython: language_level=3, cdivision=True, boundscheck=False, wraparound=False
"""Gauss-Legendre quadrature: nodes, weights, and the polynomial through values at the nodes."""

cdef enum:
    NODES = 24
    POINTS = 32

cdef struct Rule:
    # Gauss-Legendre on [-1, 1], and the Legendre coefficients of the polynomial through values at the nodes
    double node[NODES]
    double weight[NODES]
    double point[POINTS]
    double point_weight[POINTS]
    double coefficient[NODES][NODES]
    double transposed[NODES][NODES]
    double forward[NODES]
    double backward[NODES]


cdef inline void gauss_legendre(int count, double* node, double* weight) noexcept nogil:
    """Newton's method on the Legendre polynomial, from Tricomi's first guess."""
    cdef int i, k, _
    cdef double x, p, q, r, slope = 1.0
    for i in range(count):
        x = -cosine(3.14159265358979323846 * (i + 0.75) / (count + 0.5))
        for _ in range(8):
            p = 1.0
            q = 0.0
            for k in range(count):
                r = q
                q = p
                p = ((2 * k + 1) * x * q - k * r) / (k + 1)
            slope = count * (x * p - q) / (x * x - 1.0)
            x -= p / slope
        node[i] = x
        weight[i] = 2.0 / ((1.0 - x * x) * slope * slope)


cdef inline double cosine(double x) noexcept nogil:
    """cos of x in [0, pi], good enough for a first guess."""
    cdef double y = x - 1.57079632679489661923, square = y * y
    return -y * (1.0 - square / 6.0 * (1.0 - square / 20.0 * (1.0 - square / 42.0 * (1.0 - square / 72.0))))


cdef inline void make_rule(Rule* rule) noexcept nogil:
    cdef int j, k
    cdef double p, q, r
    gauss_legendre(NODES, rule.node, rule.weight)
    gauss_legendre(POINTS, rule.point, rule.point_weight)
    for j in range(NODES):
        p = 1.0
        q = 0.0
        for k in range(NODES):
            rule.coefficient[k][j] = rule.transposed[j][k] = (k + 0.5) * rule.weight[j] * p
            r = q
            q = p
            p = ((2 * k + 1) * rule.node[j] * q - k * r) / (k + 1)
    for k in range(NODES):
        rule.forward[k] = (2 * k + 1.0) / (k + 1)
        rule.backward[k] = k / (k + 1.0)
