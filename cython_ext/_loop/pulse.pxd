# cython: language_level=3
"""Long computations without the GIL look some twenty times a second whether they are to stop."""

from cpython.exc cimport PyErr_CheckSignals
from cpython.ref cimport Py_DECREF, Py_INCREF, PyObject

cdef extern from *:
    """
    #if defined(_WIN32)
    #include <windows.h>
    static double sg_clock(void)
    {
        return (double) GetTickCount64() * 1e-3;
    }
    #else
    #include <time.h>
    static double sg_clock(void)
    {
        struct timespec now;
        clock_gettime(CLOCK_MONOTONIC, &now);
        return (double) now.tv_sec + 1e-9 * (double) now.tv_nsec;
    }
    #endif
    /* seconds between two looks */
    #define SG_PULSE 0.05
    """
    double sg_clock() noexcept nogil
    const double PULSE "SG_PULSE"

cdef struct Pulse:
    # when to look next, how much is done and of how much, whom to tell, and what stopped it
    double next
    double done
    double total
    PyObject* progress
    PyObject* error


cdef inline void start(Pulse* pulse, object progress, double total) noexcept:
    pulse.next = sg_clock() + PULSE
    pulse.done = 0.0
    pulse.total = total
    pulse.progress = NULL if progress is None else <PyObject*> progress
    pulse.error = NULL


cdef inline bint beat(void* state, double done) noexcept nogil:
    """Count what is done; true if the computation is to stop."""
    cdef Pulse* pulse = <Pulse*> state
    cdef bint stop
    pulse.done += done
    if sg_clock() < pulse.next:
        return pulse.error != NULL
    with gil:
        stop = look(pulse)
    pulse.next = sg_clock() + PULSE
    return stop


cdef inline bint look(Pulse* pulse) noexcept:
    """Ask for signals, and tell ``progress(done, total)``."""
    if pulse.error != NULL:
        return True
    try:
        PyErr_CheckSignals()
        if pulse.progress != NULL:
            (<object> pulse.progress)(int(pulse.done), int(pulse.total))
    except BaseException as error:
        Py_INCREF(error)
        pulse.error = <PyObject*> error
    return pulse.error != NULL


cdef inline int finish(Pulse* pulse) except -1:
    """Raise what stopped the computation."""
    cdef object error
    if pulse.error == NULL:
        return 0
    error = <object> pulse.error
    Py_DECREF(error)
    pulse.error = NULL
    raise error
