# cython: language_level=3
"""What the loops use of NumPy's C API.

NumPy's own declarations are a thousand lines, which Cython reads again for each loop: a third of its time.
"""

cdef extern from "numpy/arrayobject.h" nogil:
    ctypedef Py_ssize_t npy_intp
    cdef enum NPY_TYPES:
        NPY_BOOL
        NPY_BYTE
        NPY_INT
        NPY_UINT
        NPY_DOUBLE
        NPY_INT8
        NPY_UINT8
        NPY_INT64

    ctypedef class numpy.ndarray [object PyArrayObject, check_size ignore]:
        @property
        cdef inline int ndim(self) noexcept nogil:
            return PyArray_NDIM(self)

        @property
        cdef inline npy_intp* shape(self) noexcept nogil:
            return PyArray_DIMS(self)

        @property
        cdef inline npy_intp* strides(self) noexcept nogil:
            return PyArray_STRIDES(self)

        @property
        cdef inline npy_intp size(self) noexcept nogil:
            return PyArray_SIZE(self)

    void* PyArray_DATA(ndarray array) noexcept
    int PyArray_NDIM(ndarray array) noexcept
    int PyArray_TYPE(ndarray array) noexcept
    npy_intp PyArray_ITEMSIZE(ndarray array) noexcept
    npy_intp PyArray_SIZE(ndarray array) noexcept
    npy_intp* PyArray_DIMS(ndarray array) noexcept
    npy_intp* PyArray_STRIDES(ndarray array) noexcept
    bint PyArray_ISCARRAY_RO(ndarray array) noexcept

cdef extern from "numpy/arrayobject.h":
    int import_array "_import_array"() except -1
    ndarray PyArray_EMPTY(int ndim, npy_intp* shape, int type, int fortran)
    ndarray PyArray_ZEROS(int ndim, npy_intp* shape, int type, int fortran)

cdef extern from "numpy/ufuncobject.h":
    ctypedef void (*PyUFuncGenericFunction)(char**, npy_intp*, npy_intp*, void*) noexcept nogil

    ctypedef class numpy.ufunc [object PyUFuncObject, check_size ignore]:
        cdef:
            PyUFuncGenericFunction* functions
            void** data

    cdef enum:
        PyUFunc_None

    int import_ufunc "_import_umath"() except -1
    object PyUFunc_FromFuncAndDataAndSignature(
        PyUFuncGenericFunction* loops, void** data, char* types, int type_count, int inputs, int outputs, int identity,
        char* name, char* doc, int unused, char* signature)
