"""Loops of autocallable notes: neighbours that differ by their spots alone go through one recursion."""

cimport cython_ext._loop.numpy_api as cnp

cimport shortgamma.kernels.barrier.notes as formula
from shortgamma.kernels.numeric.quadrature cimport Rule, make_rule
from cython_ext._loop.blocks cimport Status, status_restore, status_save
from cython_ext._loop.pulse cimport Pulse, beat, finish, start
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN, absolute

import numpy as np

cnp.import_array()

cdef enum:
    WAITING = 256
    # rows of the array of notes: spot, strike, barrier, vol, expiry, rate, dividend, nominal, knocked
    NUMBERS = 9
    # rows of the array of events: years, call level, redemption, coupon level, coupon, looked at
    EVENT_ROWS = 6

cdef Rule RULE
make_rule(&RULE)

cdef struct Call:
    const double* data
    Py_ssize_t count
    double* out
    int outputs
    formula.Events events
    Pulse pulse
    # bytes that a recursion was refused for
    double bytes


cdef inline bint read(const Call* call, Py_ssize_t i, formula.Note* note) noexcept nogil:
    """The numbers of a note; false if one is out of its domain."""
    note.spot = call.data[i]
    note.strike = call.data[call.count + i]
    note.barrier = call.data[2 * call.count + i]
    note.vol = call.data[3 * call.count + i]
    note.expiry = call.data[4 * call.count + i]
    note.rate = call.data[5 * call.count + i]
    note.dividend = call.data[6 * call.count + i]
    note.nominal = call.data[7 * call.count + i]
    note.knocked = call.data[8 * call.count + i] != 0.0
    return (
        0.0 < note.spot < INFINITY and 0.0 < note.strike < INFINITY and 0.0 < note.barrier < INFINITY
        and 0.0 < note.vol < INFINITY and 0.0 < note.expiry < INFINITY and absolute(note.rate) < INFINITY
        and absolute(note.dividend) < INFINITY and absolute(note.nominal) < INFINITY
    )


cdef inline bint any_nan(const Call* call, Py_ssize_t i) noexcept nogil:
    cdef Py_ssize_t row
    for row in range(NUMBERS):
        if call.data[row * call.count + i] != call.data[row * call.count + i]:
            return True
    return False


cdef inline void deliver(const Call* call, Py_ssize_t i, const double* results) noexcept nogil:
    cdef int place
    for place in range(call.outputs):
        call.out[place * call.count + i] = NAN if results == NULL else results[place]


cdef inline bint flush(
    Call* call, int order, const formula.Note* notes, const Py_ssize_t* index, Py_ssize_t waiting,
) noexcept nogil:
    """Value the notes that wait, which differ by their spots alone; false if that is to stop."""
    cdef double results[formula.RESULTS * WAITING]
    cdef formula.Grid grid
    cdef Py_ssize_t j
    cdef bint done = False
    formula.forget(&grid)
    grid.order = order
    grid.bytes = 0.0
    if formula.measure(&notes[0], &call.events, &grid):
        done = formula.apart(formula.recur)(&RULE, &grid, notes, waiting, results, beat, &call.pulse)
        if grid.bytes > formula.MOST_BYTES:
            call.bytes = grid.bytes
    for j in range(waiting):
        deliver(call, index[j], results + j * formula.RESULTS if done else NULL)
    formula.release(&grid)
    return call.bytes == 0.0 and not beat(&call.pulse, <double> waiting)


cdef inline bint notes(Call* call, int order) noexcept nogil:
    """All notes; returns whether a number was out of its domain."""
    cdef formula.Note wait[WAITING]
    cdef formula.Note note
    cdef Py_ssize_t index[WAITING]
    cdef Py_ssize_t i, waiting = 0
    cdef bint outside = False
    for i in range(call.count):
        if not read(call, i, &note):
            outside |= not any_nan(call, i)
            deliver(call, i, NULL)
            continue
        if waiting and (waiting == WAITING or not formula.same_note(&wait[0], &note)):
            if not flush(call, order, wait, index, waiting):
                return outside
            waiting = 0
        wait[waiting] = note
        index[waiting] = i
        waiting += 1
    if waiting:
        flush(call, order, wait, index, waiting)
    return outside


def autocallables(int order, cnp.ndarray columns not None, cnp.ndarray events not None, int watch, progress):
    """Price and Greeks of notes whose numbers are the rows of ``columns``, with the events in the rows of ``events``,
    both contiguous."""
    cdef Call call
    cdef int outputs = 1 if order == 0 else 7 if order == 1 else formula.RESULTS
    cdef cnp.ndarray out = np.empty((outputs, columns.shape[1]))
    cdef const double* rows = <const double*> cnp.PyArray_DATA(events)
    cdef bint outside
    cdef Status status
    call.data = <const double*> cnp.PyArray_DATA(columns)
    call.count = columns.shape[1]
    call.out = <double*> cnp.PyArray_DATA(out)
    call.outputs = outputs
    call.bytes = 0.0
    call.events.count = events.shape[1]
    call.events.years = rows
    call.events.call_level = rows + call.events.count
    call.events.redemption = rows + 2 * call.events.count
    call.events.coupon_level = rows + 3 * call.events.count
    call.events.coupon = rows + 4 * call.events.count
    call.events.looked_at = rows + 5 * call.events.count
    call.events.watch = watch
    start(&call.pulse, progress, <double> call.count)
    status = status_save()
    with nogil:
        outside = notes(&call, order)
    status_restore(status)
    finish(&call.pulse)
    if call.bytes > 0.0:
        raise MemoryError(f"the matrices of one step would take {call.bytes / 1e9:.1f} GB: use fewer levels or dates")
    outside |= bool(np.isnan(out).any() and not np.isnan(columns).any())
    if outside:
        # as a ufunc would: a warning or an error, as numpy.errstate says
        np.sqrt(-1.0)
    return out
