# cython: language_level=3
"""How a loop becomes a NumPy ufunc."""

cimport cython_ext._loop.numpy_api as cnp
from cpython.mem cimport PyMem_Malloc
from libc.string cimport memcpy

ctypedef void (*Loop)(char**, cnp.npy_intp*, cnp.npy_intp*, void*) noexcept nogil

cdef struct Inner:
    # the loop of a ufunc, and what NumPy hands to it
    Loop loop
    void* data

cdef struct Keep:
    # NumPy keeps pointers to these, and never frees a ufunc's memory: one block a ufunc, for good.
    cnp.PyUFuncGenericFunction loop
    void* data
    char types[32]
    char name[64]
    char signature[128]


cdef inline object make_ufunc(
    Loop loop, str name, str inputs, str outputs, str signature, str doc, void* data=NULL,
):
    """A ufunc, or with a signature a gufunc, of one loop.

    inputs and outputs name the types, a character for an argument: d float64, b int8, ? bool, l int64. data is
    what NumPy hands to the loop.
    """
    cdef Keep* keep = <Keep*> PyMem_Malloc(sizeof(Keep))
    cdef bytes c_name = name.encode(), c_signature = signature.encode(), c_doc = doc.encode()
    cdef char* c_docs = <char*> PyMem_Malloc(len(c_doc) + 1)
    cdef Py_ssize_t i
    cdef dict numbers = {"d": cnp.NPY_DOUBLE, "b": cnp.NPY_BYTE, "?": cnp.NPY_BOOL, "l": cnp.NPY_INT64}
    if keep == NULL or c_docs == NULL:
        raise MemoryError
    if len(inputs + outputs) > sizeof(keep.types) or len(c_name) >= sizeof(keep.name):
        raise ValueError(name)
    if len(c_signature) >= sizeof(keep.signature):
        raise ValueError(signature)
    keep.loop = <cnp.PyUFuncGenericFunction> loop
    keep.data = data
    for i, letter in enumerate(inputs + outputs):
        keep.types[i] = numbers[letter]
    memcpy(keep.name, <char*> c_name, len(c_name) + 1)
    memcpy(keep.signature, <char*> c_signature, len(c_signature) + 1)
    memcpy(c_docs, <char*> c_doc, len(c_doc) + 1)
    return cnp.PyUFunc_FromFuncAndDataAndSignature(
        &keep.loop, &keep.data, keep.types, 1, len(inputs), len(outputs), cnp.PyUFunc_None,
        keep.name, c_docs, 0, keep.signature if signature else NULL,
    )


cdef inline object register(
    Loop loop, str name, str arguments, str results, str purpose, str signature="", void* data=NULL,
):
    """A ufunc, or with a signature a gufunc, of one loop: the one place that says what goes in and what comes out.

    arguments and results are names, separated by spaces; a colon and a letter follow a name that is not float64:
    b int8, ? bool, l int64. purpose is the public function behind which the loop stands, or a sentence. The docstring
    that is made of them tells tests and the reference what the ufunc takes. data is what NumPy hands to the loop.
    """
    cdef list inputs = [word.partition(":") for word in arguments.split()]
    cdef list outputs = [word.partition(":") for word in results.split()]
    cdef dict types = {"": "", "b": " (int8)", "?": " (bool)", "l": " (int64)"}
    cdef str first = purpose if " " in purpose else f"Loop behind shortgamma.{purpose}."
    cdef str shown = ", ".join([word[0] + types[word[2]] for word in inputs])
    return make_ufunc(
        loop, name, "".join([word[2] or "d" for word in inputs]), "".join([word[2] or "d" for word in outputs]),
        signature, f"{first}\n\n{shown} -> {', '.join([word[0] for word in outputs])}", data)


cdef inline str greek_names(int order):
    """The names of a price and its Greeks of an order."""
    cdef list names = [
        "price", "delta gamma vega theta rho rho_dividend", "vanna volga charm speed zomma color veta",
    ]
    return " ".join(names[:order + 1])


cdef inline tuple register_orders(
    str name, str arguments, Loop price, Loop first_order, Loop second_order, str part, void** data=NULL,
):
    """The ufuncs of a price, of its Greeks of first order, and of those of second order too."""
    return (
        register(
            price, f"{name}_price", arguments, greek_names(0), f"{part}price", "", data[0] if data != NULL else NULL),
        register(
            first_order, f"{name}_first_order", arguments, greek_names(1), f"{part}greeks", "",
            data[1] if data != NULL else NULL),
        register(
            second_order, f"{name}_second_order", arguments, greek_names(2), f"{part}greeks", "",
            data[2] if data != NULL else NULL),
    )


cdef inline Inner inner_of(cnp.ufunc ufunc):
    """The loop of a ufunc, for other loops to call."""
    cdef Inner inner
    inner.loop = <Loop> <void*> ufunc.functions[0]
    inner.data = ufunc.data[0]
    return inner
