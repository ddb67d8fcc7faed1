# cython: language_level=3, cdivision=True
"""How near an account on a simulated path is to its liquidation, in deviations of its prices.

D is the deficit of account.pxd. Between two nodes of a path it is taken for a Brownian bridge in the logarithms of the
prices: with distances a and b from where D = 0, it gets there within the time h with probability exp(-2 a b / h).
"""

from shortgamma.kernels.liquidation.account cimport WIDTH, Book, Instrument, Leg, Rows
from shortgamma.kernels.numeric.vecmath cimport INFINITY, absolute, square_root

cdef struct Moves:
    # by instrument, then by coin: volatilities, their covariance, and room for the derivatives of D
    Py_ssize_t instruments
    Py_ssize_t coins
    const double* vol
    const double* covariance
    double* slope
    double* bend


cdef inline double at_most_times(double y) noexcept nogil:
    """No less than exp(y), y >= 0."""
    return 1.0 + y + y * y if y < 1.5 else INFINITY


cdef inline void swings(
    const Book* book, const Rows* rows, const Moves* moves, Py_ssize_t begin, Py_ssize_t count, double* out,
) noexcept nogil:
    """No less than what D moves by, in deviations a unit of time, on count <= WIDTH bars."""
    cdef double balance[WIDTH]
    cdef double need[WIDTH]
    cdef double move[WIDTH]
    cdef const double* v
    cdef const double* g
    cdef const double* x
    cdef const Leg* held
    cdef Py_ssize_t i
    cdef int leg = 0, k
    cdef double q, slope, swing, square, amount, deviation
    for i in range(count):
        out[i] = 0.0
    for k in range(book.coins):
        deviation = moves.vol[moves.instruments + book.coin[k].index]
        for i in range(count):
            balance[i] = book.coin[k].base
            need[i] = move[i] = 0.0
        while leg < book.coin[k].end:
            held = &book.leg[leg]
            v = rows.value[leg] + begin
            g = rows.gain[leg] + begin
            q = held.quantity
            slope = held.charged[held.steps - 1] * held.size
            swing = (slope + held.size) * moves.vol[held.instrument]
            # a margin of the value at entry is required whatever the mark
            amount = -held.amount[0]
            for i in range(count):
                balance[i] += q * g[i]
                need[i] += slope * v[i]
                move[i] += swing * v[i]
            if amount != 0.0:
                for i in range(count):
                    need[i] += amount
            if held.square > 0.0:
                square = 2.0 * held.square * moves.vol[held.instrument]
                for i in range(count):
                    need[i] += held.square * v[i] * v[i]
                    move[i] += square * v[i] * v[i]
            leg += 1
        x = rows.fx_low[k] + begin
        for i in range(count):
            out[i] += x[i] * (move[i] + deviation * (need[i] + absolute(balance[i])))


cdef inline void derive_coin(
    const Book* book, const Instrument* instrument, const Rows* rows, const Moves* moves, int k, int first,
    Py_ssize_t t,
) noexcept nogil:
    """First and second derivatives of the part of D in a coin, in the logarithms of its prices on bar t."""
    cdef const Leg* held
    cdef int leg, step
    cdef double balance = book.coin[k].base, need = 0.0, weight, x = rows.fx_low[k][t], v, most, rate, required, side
    cdef double swing, square
    for leg in range(first, book.coin[k].end):
        balance += book.leg[leg].quantity * rows.gain[leg][t]
    weight = book.coin[k].weight if balance > 0.0 else 1.0
    for leg in range(first, book.coin[k].end):
        held = &book.leg[leg]
        v = rows.value[leg][t]
        rate = held.charged[0]
        most = rate * held.size * v - held.amount[0]
        for step in range(1, held.steps):
            required = held.charged[step] * held.size * v - held.amount[step]
            if required > most:
                most = required
                rate = held.charged[step]
        square = held.square * v * v
        need += most + square
        side = -1.0 if instrument[held.instrument].inverse else 1.0
        swing = x * v * (side * rate * held.size - weight * held.quantity)
        moves.slope[held.instrument] = swing + 2.0 * side * x * square
        moves.bend[held.instrument] = side * swing + 4.0 * x * square
    moves.slope[moves.instruments + book.coin[k].index] = x * (need - weight * balance)
    moves.bend[moves.instruments + book.coin[k].index] = x * (need - weight * balance)


cdef inline double distance(
    const Book* book, const Instrument* instrument, const Rows* rows, const Moves* moves, Py_ssize_t t, double deficit,
) noexcept nogil:
    """How far, in deviations a unit of time, the logarithms of the prices of bar t are from where D = 0.

    Along the likeliest way there D is a parabola; its root is taken to second order, which for one position is
    ln(P*/P) / vol with an error of the third order.
    """
    cdef Py_ssize_t assets = moves.instruments + moves.coins, a, b
    cdef int first = 0, k
    cdef double variance = 0.0, curve = 0.0, part, with_coin, ratio
    for a in range(assets):
        moves.slope[a] = moves.bend[a] = 0.0
    for k in range(book.coins):
        derive_coin(book, instrument, rows, moves, k, first, t)
        first = book.coin[k].end
    for a in range(assets):
        part = 0.0
        for b in range(assets):
            part += moves.covariance[a * assets + b] * moves.slope[b]
        variance += moves.slope[a] * part
        # of the legs of a coin the slope moves with the price of the coin too
        curve += moves.bend[a] * part * part
        if a < moves.instruments and moves.slope[a] != 0.0:
            with_coin = 0.0
            for b in range(assets):
                with_coin += moves.covariance[(moves.instruments + instrument[a].coin) * assets + b] * moves.slope[b]
            curve += 2.0 * moves.slope[a] * part * with_coin
    if not variance > 0.0:
        return INFINITY
    # curve is that of the way times the variance, and D < 0
    ratio = 1.0 - 0.5 * deficit * curve / (variance * variance)
    return -deficit / (square_root(variance) * (ratio if ratio > 0.25 else 0.25))
