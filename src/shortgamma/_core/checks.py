"""What all faces share: time axes, checks that name the argument, and errors in the field's words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from typing import Any, NoReturn, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    Array: TypeAlias = NDArray[Any]


def place(name: str, index: tuple[int, ...]) -> str:
    """The name of one element of an argument."""
    return f"{name}[{', '.join(map(str, index))}]" if index else name


def first(mask: Array) -> tuple[int, ...]:
    """The index of the first true element."""
    return tuple(int(i) for i in np.unravel_index(int(np.argmax(mask)), mask.shape))


def refuse_where(bad: Array | np.bool, name: str, value: Array, rule: str) -> None:
    """Raise ValueError for the first element of ``value`` that breaks the rule."""
    if bad.any():
        index = first(np.broadcast_to(bad, value.shape))
        raise ValueError(f"{place(name, index)} must be {rule}, got {value[index].item()!r}")


def number(name: str, value: ArrayLike) -> Array:
    """``value`` as an array of real numbers."""
    try:
        array = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be a number or an array of numbers, got a ragged sequence") from None
    if array.dtype.kind not in "fiub":
        if array.dtype.kind == "O" and array.size and all(type(each) is int for each in array.flat):
            raise ValueError(f"{name} must be a number that a double can hold, got an integer of more than 64 bits")
        raise TypeError(f"{name} must be a number or an array of numbers, got {describe(value, array)}")
    return array


def real(name: str, value: Any) -> np.float64:
    """``value`` as one number, in whose arithmetic nothing but a warning comes of an overflow or a division by 0."""
    try:
        array = number(name, value)
    except TypeError:
        raise TypeError(f"{name} must be a number, got {describe(value, np.asarray(value))}") from None
    if array.ndim:
        raise TypeError(f"{name} must be one number, got an array of shape {array.shape}")
    return np.float64(array)


def whole(name: str, value: Any, least: int, most: int | None = None) -> int:
    """``value`` as a whole number within bounds, so that nothing larger than ``most`` is begun."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        array = np.asarray(value)
        if array.ndim or array.dtype.kind not in "iu":
            raise TypeError(f"{name} must be a whole number, got {type(value).__name__}")
    if value < least:
        raise ValueError(f"{name} must be a whole number >= {least}, got {value!r}")
    if most is not None and value > most:
        raise ValueError(f"{name} must be at most {most:,}, got {value:,}")
    return int(value)


def describe(value: object, array: Array) -> str:
    if isinstance(value, str | bytes) or value is None:
        return repr(value)
    return f"dtype {array.dtype}" if array.ndim else type(value).__name__


def call(ufunc: np.ufunc, names: Sequence[str], values: Sequence[Any], out: Any = None, **keywords: Any) -> Any:
    """``ufunc(*values)``; where NumPy refuses, say which argument is at fault."""
    try:
        return ufunc(*values, **keywords) if out is None else ufunc(*values, out=out, **keywords)
    except (TypeError, ValueError, OverflowError) as error:
        explain(error, ufunc, names, values, out)
        raise


def explain(error: Exception, ufunc: np.ufunc, names: Sequence[str], values: Sequence[Any], out: Any) -> None:
    paths = ufunc.signature is not None
    for name, value in zip(names, values, strict=False):
        number(name, value)
    shape = () if paths else common_shape(dict(zip(names, values, strict=False)))
    results = ufunc.types[0].split("->")[1]
    for array, letter in zip(out if isinstance(out, tuple) else (out,), results, strict=False):
        if array is None:
            continue
        if not isinstance(array, np.ndarray):
            raise TypeError(f"out must be an array, got {type(array).__name__}") from error
        if not np.can_cast(letter, array.dtype, "same_kind"):
            raise TypeError(f"out must be an array that takes {np.dtype(letter)}, got dtype {array.dtype}") from error
        if not paths and not fits(shape, array.shape):
            raise ValueError(f"out has shape {array.shape}, the result has {shape}") from error


def common_shape(arrays: Mapping[str, Any]) -> tuple[int, ...]:
    """The shape that arrays broadcast to, by their names."""
    shape: tuple[int, ...] = ()
    widest = ""
    for name, array in arrays.items():
        own = np.shape(array)
        if own in ((), shape):
            continue
        try:
            wider = np.broadcast_shapes(shape, own)
        except ValueError:
            raise ValueError(f"{name} of shape {own} does not broadcast with {widest} of shape {shape}") from None
        widest = name if wider != shape else widest
        shape = wider
    return shape


def fits(shape: tuple[int, ...], target: tuple[int, ...]) -> bool:
    """Whether an array of one shape broadcasts to another."""
    try:
        return np.broadcast_shapes(shape, target) == target
    except ValueError:
        return False


def time_axis(axis: int, ndim: int, name: str) -> int:
    """``axis`` counted from the front."""
    if ndim == 0:
        raise ValueError(f"{name} must have at least one dimension")
    if not isinstance(axis, int | np.integer):
        raise TypeError(f"axis must be an integer, got {type(axis).__name__}")
    if not -ndim <= axis < ndim:
        raise ValueError(f"axis {axis} is out of bounds for {name} of {ndim} dimension{'s' * (ndim > 1)}")
    return int(axis) % ndim


def along_time(name: str, value: Any, axis: int, main: str, like: Any) -> Any:
    """``value`` made to broadcast with ``like``: one dimension among N is time and runs along ``axis``."""
    shape, target = np.shape(value), np.shape(like)
    if len(shape) == 0:
        return value
    if len(shape) == 1 and len(target) > 1:
        check_length(name, shape[0], main, target[axis])
        check_labels(name, value, main, like, axis)
        return number(name, value).reshape([-1 if i == axis else 1 for i in range(len(target))])
    if len(shape) == len(target):
        if shape[axis] != 1 or target[axis] == 0:
            check_length(name, shape[axis], main, target[axis])
        return value
    raise ValueError(f"{name} has shape {shape}, {main} has {target}: give a number, one per bar, or one per element")


def check_length(name: str, length: int, main: str, expected: int) -> None:
    if length != expected:
        raise ValueError(f"{name} has length {length} along the time axis, {main} has {expected}")


def check_labels(name: str, value: Any, main: str, like: Any, axis: int) -> None:
    """Series and frame must be of one index: positions alone would pair the wrong bars."""
    index: Any = getattr(value, "index", None)
    axes = getattr(like, "axes", None)
    if hasattr(index, "equals") and isinstance(axes, list) and not index.equals(axes[axis]):
        raise ValueError(f"the index of {name} is not that of {main}")


def plain(name: str, value: Any) -> Any:
    """Arrays, also lazy ones, pass through ufuncs themselves; all else becomes an array."""
    if type(value) is np.ndarray:
        return value if value.dtype.kind in "fiub" else number(name, value)
    return value if hasattr(value, "__array_ufunc__") else number(name, value)


def choice(name: str, value: Any, choices: dict[str, int]) -> int | NDArray[np.int8]:
    """The code of a named choice, or the codes of an array of names."""
    if isinstance(value, str):
        try:
            return choices[value]
        except KeyError:
            refuse_choice(name, value, choices)
    try:
        names = np.asarray(value)
    except ValueError:
        raise ValueError(f"{name} must be a string or an array of strings, got a ragged sequence") from None
    if names.dtype.kind not in "UOT" or (names.ndim == 0 and names.dtype.kind == "O"):
        raise TypeError(f"{name} must be a string or an array of strings, got {describe(value, names)}")
    # loaded by the first array of names
    from shortgamma._core import names as _names
    from shortgamma._core.words import Words, other_spellings

    codes = _names.codes(names, dict(choices))
    if (codes < 0).any() and isinstance(choices, Words):
        codes = other_spellings(names, choices, codes)
    if (codes < 0).any():
        index = first(codes < 0)
        refuse_choice(place(name, index), names[index], choices)
    return codes


def word(name: str, value: object, choices: Iterable[str]) -> None:
    """Refuse what is not one of some words."""
    if not isinstance(value, str):
        raise TypeError(f"{name} must be one of {', '.join(map(repr, choices))}, got {type(value).__name__}")
    if value not in choices:
        refuse_choice(name, value, choices)


def refuse_choice(name: str, value: object, choices: Iterable[str]) -> NoReturn:
    raise ValueError(f"{name} must be one of {', '.join(map(repr, choices))}, got {str(value)!r}")


def offsets(name: str, value: Any, count: int, what: str) -> NDArray[np.int64]:
    """CSR offsets into ``count`` elements: from 0 up to count, never down."""
    array = np.asarray(value)
    if array.dtype.kind not in "iu":
        raise TypeError(f"{name} must be an array of integers, got {describe(value, array)}")
    if array.ndim != 1 or len(array) == 0:
        raise ValueError(f"{name} must have one dimension and at least one element, got shape {array.shape}")
    # a copy: loops use it without the GIL, and another thread may change the original after it was checked
    array = np.array(array, dtype=np.int64)
    if array[0] != 0:
        raise ValueError(f"{name}[0] must be 0, got {array[0]}")
    down = np.diff(array) < 0
    if down.any():
        index = int(np.argmax(down)) + 1
        raise ValueError(
            f"{name}[{index}] must be at least {name}[{index - 1}], got {array[index]} < {array[index - 1]}"
        )
    if array[-1] != count:
        raise ValueError(f"{name}[{len(array) - 1}] must be the length of {what}, {count}, got {array[-1]}")
    return array
