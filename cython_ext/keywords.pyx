"""Public functions that answer a wrong keyword with the right one, at the cost of one more C call.

A wrapper in Python would cost as much as pricing an option. This one hands the arguments on as they lie, and looks at
the outcome only if it is a TypeError that was raised before the function itself ran.
"""

from functools import update_wrapper


cdef extern from *:
    """
    #include <stddef.h>
    #include "structmember.h"

    typedef struct {
        PyObject_HEAD
        vectorcallfunc vectorcall;
        PyObject *function;
        PyObject *explain;
        PyObject *dict;
    } SgPublic;

    /* A TypeError without a traceback comes from binding the arguments: nothing has run yet. */
    static void sg_explain(SgPublic *self) {
        PyObject *type, *value, *traceback, *better;
        PyErr_Fetch(&type, &value, &traceback);
        if (traceback != NULL) {
            PyErr_Restore(type, value, traceback);
            return;
        }
        PyErr_NormalizeException(&type, &value, &traceback);
        better = PyObject_CallFunctionObjArgs(self->explain, self->function, value, NULL);
        if (better == NULL) {
            PyErr_Clear();
            PyErr_Restore(type, value, traceback);
            return;
        }
        PyErr_SetObject(type, better);
        Py_DECREF(better);
        Py_XDECREF(type);
        Py_XDECREF(value);
        Py_XDECREF(traceback);
    }

    static PyObject *sg_vectorcall(PyObject *self, PyObject *const *args, size_t count, PyObject *names) {
        PyObject *result = PyObject_Vectorcall(((SgPublic *) self)->function, args, count, names);
        if (result == NULL && PyErr_ExceptionMatches(PyExc_TypeError)) {
            sg_explain((SgPublic *) self);
        }
        return result;
    }

    static int sg_traverse(PyObject *object, visitproc visit, void *arg) {
        SgPublic *self = (SgPublic *) object;
        Py_VISIT(Py_TYPE(object));
        Py_VISIT(self->function);
        Py_VISIT(self->explain);
        Py_VISIT(self->dict);
        return 0;
    }

    static int sg_clear(PyObject *object) {
        SgPublic *self = (SgPublic *) object;
        Py_CLEAR(self->function);
        Py_CLEAR(self->explain);
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

    static PyObject *sg_make(PyObject *type, PyObject *function, PyObject *explain) {
        SgPublic *self = (SgPublic *) PyType_GenericAlloc((PyTypeObject *) type, 0);
        if (self == NULL) return NULL;
        self->vectorcall = sg_vectorcall;
        Py_INCREF(function);
        self->function = function;
        Py_INCREF(explain);
        self->explain = explain;
        self->dict = NULL;
        return (PyObject *) self;
    }
    """
    object sg_make_type()
    object sg_make(object type, object function, object explain)


function = sg_make_type()


def wrap(plain, explain, str module):
    """``plain`` as a public function of a module; ``explain(plain, error)`` is asked for a better TypeError."""
    public = update_wrapper(sg_make(function, plain, explain), plain)
    public.__module__ = module
    return public
