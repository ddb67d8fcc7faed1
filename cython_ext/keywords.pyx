"""Public functions: arguments with labels are paired by them, absurd numbers warned of, wrong keywords explained.

A wrapper in Python would cost as much as pricing an option. This one looks at the types of the arguments, compares
numbers with the largest that are plausible, and hands numbers and arrays on as they lie. It looks at the outcome only
if it is an error.
"""

from functools import update_wrapper
from struct import pack

from numpy import float64, ndarray

from shortgamma._core.plausible import limits_of, warn


cdef extern from *:
    """
    #include <stddef.h>
    #include <string.h>
    #include "structmember.h"

    typedef struct {
        PyObject_HEAD
        vectorcallfunc vectorcall;
        PyObject *function;
        PyObject *explain;
        PyObject *labelled;
        PyObject *dict;
        /* largest plausible numbers: of arguments by position, in bytes, and by name */
        PyObject *limits;
        PyObject *limits_by_name;
        /* the least of them */
        double least;
    } SgPublic;

    /* ndarray, the double of NumPy, and what is known of other types: whether they have labels or masks */
    static PyTypeObject *sg_array, *sg_double;
    static PyObject *sg_known, *sg_ask, *sg_warn;

    static int sg_has_labels(PyObject *value) {
        PyTypeObject *type = Py_TYPE(value);
        PyObject *answer;
        int yes;
        if (type == &PyFloat_Type || type == sg_array || type == &PyUnicode_Type || type == &PyLong_Type
                || value == Py_None || type == sg_double || type == &PyBool_Type) {
            return 0;
        }
        answer = PyDict_GetItemWithError(sg_known, (PyObject *) type);
        if (answer != NULL) return answer == Py_True;
        if (PyErr_Occurred()) return -1;
        answer = PyObject_CallFunctionObjArgs(sg_ask, (PyObject *) type, NULL);
        if (answer == NULL) return -1;
        yes = answer == Py_True;
        if (PyDict_SetItem(sg_known, (PyObject *) type, answer) < 0) yes = -1;
        Py_DECREF(answer);
        return yes;
    }

    /* Warn of a number that is absurd in the unit of its argument. */
    static int sg_look_at(SgPublic *self, PyObject *value, Py_ssize_t i, Py_ssize_t given, PyObject *names) {
        double number, limit;
        PyObject *known, *name, *done;
        if (PyFloat_CheckExact(value)) {
            number = PyFloat_AS_DOUBLE(value);
        } else {
            number = PyLong_AsDouble(value);
            if (number == -1.0 && PyErr_Occurred()) {
                PyErr_Clear();
                return 0;
            }
        }
        /* most arguments are not looked up; what is of no size is judged by the functions */
        if (number <= self->least && number >= -self->least) return 0;
        if (!(number < 1e6 && number > -1e6)) return 0;
        if (i < given) {
            if (i >= PyBytes_GET_SIZE(self->limits) / (Py_ssize_t) sizeof(double)) return 0;
            memcpy(&limit, PyBytes_AS_STRING(self->limits) + i * sizeof(double), sizeof(double));
            if (!(number > limit || number < -limit)) return 0;
            name = NULL;
        } else {
            name = PyTuple_GET_ITEM(names, i - given);
            known = PyDict_GetItemWithError(self->limits_by_name, name);
            if (known == NULL) return PyErr_Occurred() ? -1 : 0;
            limit = PyFloat_AS_DOUBLE(known);
            if (!(number > limit || number < -limit)) return 0;
        }
        known = name == NULL ? PyLong_FromSsize_t(i) : name;
        if (known == NULL) return -1;
        done = PyObject_CallFunctionObjArgs(sg_warn, self->function, known, value, NULL);
        if (name == NULL) Py_DECREF(known);
        if (done == NULL) return -1;
        Py_DECREF(done);
        return 0;
    }

    static PyObject *sg_tuple(PyObject *const *items, Py_ssize_t count) {
        Py_ssize_t i;
        PyObject *tuple = PyTuple_New(count);
        for (i = 0; tuple != NULL && i < count; i++) {
            Py_INCREF(items[i]);
            PyTuple_SET_ITEM(tuple, i, items[i]);
        }
        return tuple;
    }

    /* The positional arguments and the others by name, as a function of the wrapped one takes them. */
    static PyObject *sg_hand_over(
            PyObject *target, PyObject *first, PyObject *second, PyObject *const *args, size_t count, PyObject *names) {
        Py_ssize_t i, given = PyVectorcall_NARGS(count), named = names == NULL ? 0 : PyTuple_GET_SIZE(names);
        PyObject *result = NULL, *tuple = sg_tuple(args, given), *keywords = PyDict_New();
        for (i = 0; keywords != NULL && i < named; i++) {
            if (PyDict_SetItem(keywords, PyTuple_GET_ITEM(names, i), args[given + i]) < 0) Py_CLEAR(keywords);
        }
        if (tuple != NULL && keywords != NULL) {
            result = PyObject_CallFunctionObjArgs(target, first, tuple, keywords, second, NULL);
        }
        Py_XDECREF(tuple);
        Py_XDECREF(keywords);
        return result;
    }

    /* Python is asked for a better error: the one that it gives, if it is another, is raised. */
    static void sg_explain(SgPublic *self, PyObject *const *args, size_t count, PyObject *names) {
        PyObject *type, *value, *traceback, *better;
        PyErr_Fetch(&type, &value, &traceback);
        PyErr_NormalizeException(&type, &value, &traceback);
        if (value == NULL || (traceback != NULL && PyException_SetTraceback(value, traceback) < 0)) {
            PyErr_Restore(type, value, traceback);
            return;
        }
        better = sg_hand_over(self->explain, self->function, value, args, count, names);
        if (better == NULL || better == value) {
            PyErr_Clear();
            Py_XDECREF(better);
            PyErr_Restore(type, value, traceback);
            return;
        }
        PyErr_SetObject((PyObject *) Py_TYPE(better), better);
        Py_DECREF(better);
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    }

    static PyObject *sg_vectorcall(PyObject *self, PyObject *const *args, size_t count, PyObject *names) {
        PyObject *function = ((SgPublic *) self)->function, *labelled = ((SgPublic *) self)->labelled, *result;
        Py_ssize_t i, all = PyVectorcall_NARGS(count) + (names == NULL ? 0 : PyTuple_GET_SIZE(names));
        int found = 0;
        for (i = 0; i < all; i++) {
            if (PyFloat_CheckExact(args[i]) || PyLong_CheckExact(args[i])) {
                if (sg_look_at((SgPublic *) self, args[i], i, PyVectorcall_NARGS(count), names) < 0) return NULL;
            } else if (labelled != Py_None && found == 0) {
                found = sg_has_labels(args[i]);
                if (found < 0) return NULL;
            }
        }
        if (found) {
            result = sg_hand_over(labelled, function, NULL, args, count, names);
        } else {
            result = PyObject_Vectorcall(function, args, count, names);
        }
        if (result == NULL
                && (PyErr_ExceptionMatches(PyExc_TypeError) || PyErr_ExceptionMatches(PyExc_ValueError)
                    || PyErr_ExceptionMatches(PyExc_ArithmeticError) || PyErr_ExceptionMatches(PyExc_IndexError))) {
            sg_explain((SgPublic *) self, args, count, names);
        }
        return result;
    }

    static int sg_traverse(PyObject *object, visitproc visit, void *arg) {
        SgPublic *self = (SgPublic *) object;
        Py_VISIT(Py_TYPE(object));
        Py_VISIT(self->function);
        Py_VISIT(self->explain);
        Py_VISIT(self->labelled);
        Py_VISIT(self->limits_by_name);
        Py_VISIT(self->dict);
        return 0;
    }

    static int sg_clear(PyObject *object) {
        SgPublic *self = (SgPublic *) object;
        Py_CLEAR(self->function);
        Py_CLEAR(self->explain);
        Py_CLEAR(self->labelled);
        Py_CLEAR(self->limits);
        Py_CLEAR(self->limits_by_name);
        Py_CLEAR(self->dict);
        return 0;
    }

    static void sg_dealloc(PyObject *object) {
        PyTypeObject *type = Py_TYPE(object);
        PyObject_GC_UnTrack(object);
        sg_clear(object);
        type->tp_free(object);
        Py_DECREF(type);
    }

    /* What is not known of the wrapper is that of the function. */
    static PyObject *sg_getattro(PyObject *object, PyObject *name) {
        PyObject *value = PyObject_GenericGetAttr(object, name);
        if (value == NULL && PyErr_ExceptionMatches(PyExc_AttributeError) && ((SgPublic *) object)->function != NULL) {
            PyErr_Clear();
            value = PyObject_GetAttr(((SgPublic *) object)->function, name);
        }
        return value;
    }

    static PyObject *sg_repr(PyObject *object) {
        return PyObject_Repr(((SgPublic *) object)->function);
    }

    static PyObject *sg_bind(PyObject *object, PyObject *instance, PyObject *owner) {
        if (instance == NULL || instance == Py_None) {
            Py_INCREF(object);
            return object;
        }
        return PyMethod_New(object, instance);
    }

    /* A pickle holds the name only. */
    static PyObject *sg_reduce(PyObject *object, PyObject *ignored) {
        return PyObject_GetAttrString(object, "__qualname__");
    }

    static PyMethodDef sg_methods[] = {
        {"__reduce__", sg_reduce, METH_NOARGS, NULL},
        {NULL, NULL, 0, NULL},
    };

    static PyMemberDef sg_members[] = {
        {"__vectorcalloffset__", T_PYSSIZET, offsetof(SgPublic, vectorcall), READONLY, NULL},
        {"__dictoffset__", T_PYSSIZET, offsetof(SgPublic, dict), READONLY, NULL},
        {NULL, 0, 0, 0, NULL},
    };

    static PyType_Slot sg_slots[] = {
        {Py_tp_dealloc, (void *) sg_dealloc},
        {Py_tp_traverse, (void *) sg_traverse},
        {Py_tp_clear, (void *) sg_clear},
        {Py_tp_call, (void *) PyVectorcall_Call},
        {Py_tp_getattro, (void *) sg_getattro},
        {Py_tp_repr, (void *) sg_repr},
        {Py_tp_descr_get, (void *) sg_bind},
        {Py_tp_methods, sg_methods},
        {Py_tp_members, sg_members},
        {0, NULL},
    };

    static PyType_Spec sg_spec = {
        "shortgamma._core.public.function",
        sizeof(SgPublic),
        0,
        Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL,
        sg_slots,
    };

    static PyObject *sg_make_type(void) {
        return PyType_FromSpec(&sg_spec);
    }

    static void sg_types(PyObject *array, PyObject *number, PyObject *known, PyObject *ask, PyObject *warn) {
        sg_array = (PyTypeObject *) array;
        sg_double = (PyTypeObject *) number;
        sg_known = known;
        sg_ask = ask;
        sg_warn = warn;
        Py_INCREF(warn);
        Py_INCREF(array);
        Py_INCREF(number);
        Py_INCREF(known);
        Py_INCREF(ask);
    }

    static PyObject *sg_make(
            PyObject *type, PyObject *function, PyObject *explain, PyObject *labelled, PyObject *limits,
            PyObject *limits_by_name, double least) {
        SgPublic *self = (SgPublic *) PyType_GenericAlloc((PyTypeObject *) type, 0);
        if (self == NULL) return NULL;
        self->vectorcall = sg_vectorcall;
        Py_INCREF(function);
        self->function = function;
        Py_INCREF(explain);
        self->explain = explain;
        Py_INCREF(labelled);
        self->labelled = labelled;
        Py_INCREF(limits);
        self->limits = limits;
        Py_INCREF(limits_by_name);
        self->limits_by_name = limits_by_name;
        self->least = least;
        self->dict = NULL;
        return (PyObject *) self;
    }
    """
    object sg_make_type()
    object sg_make(
        object type, object function, object explain, object labelled, object limits, object limits_by_name,
        double least)
    void sg_types(object array, object number, object known, object ask, object warn)


def has_labels(kind):
    """Whether a type is one of pandas, polars or xarray, or has a mask."""
    for base in kind.__mro__:
        library = base.__module__.partition(".")[0]
        if library in ("pandas", "polars", "xarray") or base.__module__.startswith("numpy.ma"):
            return True
    return False


function = sg_make_type()


def warn_of(plain, place, value):
    """Warn of an argument, which is named or in a place."""
    warn(plain.__code__.co_varnames[place] if isinstance(place, int) else place, value)


sg_types(ndarray, float64, {}, has_labels, warn_of)


def wrap(plain, explain, labelled, str module):
    """``plain`` as a public function of a module.

    ``labelled(plain, args, keywords)`` is called instead where an argument has labels (never, if it is None), and
    ``explain(plain, args, keywords, error)`` asked for a better error.
    """
    code = plain.__code__
    names = code.co_varnames[:code.co_argcount + code.co_kwonlyargcount]
    limits = limits_of(plain.__name__, names)
    places = [limits.get(name, float("inf")) for name in names[:code.co_argcount]]
    least = min(limits.values(), default=float("inf"))
    public = sg_make(function, plain, explain, labelled, pack(f"{len(places)}d", *places), limits, least)
    update_wrapper(public, plain)
    public.__module__ = module
    return public
