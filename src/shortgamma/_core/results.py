"""What functions give back: immutable tuples with names, a short print, and frames.

A class of results is written like a `typing.NamedTuple`, with its fields under ``Attributes`` in its docstring:

>>> from shortgamma._core.results import Result
>>> class Trade(Result):
...     price: float
...     quantity: float
>>> Trade(100.0, -2.0)
Trade(price=100, quantity=-2)
"""

from __future__ import annotations

import textwrap
from collections import namedtuple
from typing import TYPE_CHECKING, dataclass_transform

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any, ClassVar, NoReturn, Self

    import pandas as pd

WIDTH, LINES = 100, 5


@dataclass_transform(frozen_default=True)
class Result(tuple):  # type: ignore[type-arg]
    """Base of results: a named tuple that prints in at most five lines and becomes a frame.

    Fields are the annotations of the class, after those of its base. Those in ``HIDDEN``, where a simulation would go
    on, are neither printed nor put into frames. ``INDEX`` names the field that labels the rows of a frame.
    """

    if TYPE_CHECKING:
        _fields: ClassVar[tuple[str, ...]]
        _field_defaults: ClassVar[dict[str, Any]]

        @classmethod
        def _make(cls, iterable: Iterable[Any]) -> Self: ...

        def _replace(self, **changes: Any) -> Self: ...

    HIDDEN: ClassVar[Sequence[str]] = ()
    INDEX: ClassVar[str | None] = None

    def __init_subclass__(cls) -> None:
        own = [name for name in cls.__annotations__ if not name.isupper()]
        names = [*getattr(cls, "_fields", ()), *own]
        defaults = [
            *getattr(cls, "_field_defaults", {}).values(),
            *(cls.__dict__[name] for name in own if name in cls.__dict__),
        ]
        # what a checker of types learns from the decorator of this class
        model = namedtuple(cls.__name__, names, defaults=defaults)  # type: ignore[misc]
        for name in (*names, "__new__", "__match_args__", "_make", "_replace", "_fields", "_field_defaults"):
            setattr(cls, name, model.__dict__[name])

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: {name} cannot be set")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is immutable: {name} cannot be deleted")

    def _asdict(self) -> dict[str, Any]:
        """The fields by their names; without what is None, as Greeks that were not asked for."""
        return {
            name: value
            for name, value in zip(self._fields, self, strict=True)
            if value is not None and name not in self.HIDDEN
        }

    def __repr__(self) -> str:
        values = self._asdict()
        shapes = {np.shape(value) for value in values.values() if not isinstance(value, str | tuple | list | dict)}
        if len(shapes) == 1 and () not in shapes:
            head = f"{type(self).__name__} of shape {_listed(*shapes)}"
            parts = [f"{name} {_shown(value)}" for name, value in values.items()]
        else:
            head = type(self).__name__
            parts = [f"{name}={_shown(value, shape=True)}" for name, value in values.items()]
            line = f"{head}({', '.join(parts)})"
            if len(line) <= WIDTH:
                return line
        # spaces at which lines may not break
        joined = ", ".join(part.replace(" ", "\0") for part in parts)
        text = textwrap.wrap(
            joined, WIDTH, initial_indent="  ", subsequent_indent="  ", break_long_words=False,
            break_on_hyphens=False, max_lines=LINES - 1, placeholder=" ...",
        )  # fmt: skip
        return "\n".join((head, *text)).replace("\0", " ")

    def to_frame(self) -> pd.DataFrame:
        """The result as a frame of pandas, a column for each field.

        Returns
        -------
        DataFrame
            Rows are the first axis of the arrays, labelled as inputs of pandas were, or by time if the result has it.
            A field of more dimensions has a column for each element of the others. What has another length, and plain
            values beside arrays, are in ``attrs``. Of numbers alone there is one row.
        """
        import pandas as pd

        values = self._asdict()
        lengths = [np.shape(value)[0] for value in values.values() if _is_column(value)]
        if not lengths:
            return pd.DataFrame({name: [value] for name, value in values.items()})
        # of lengths that differ, that of most fields
        length = max(lengths, key=lambda each: (lengths.count(each), each))
        columns = {name: value for name, value in values.items() if _is_column(value) and np.shape(value)[0] == length}
        deepest = max(np.ndim(value) for value in columns.values())
        index = columns.pop(self.INDEX) if self.INDEX in columns and len(columns) > 1 else None
        labels = next((value.index for value in columns.values() if hasattr(value, "iloc")), None)
        if index is not None:
            labels = pd.Index(np.asarray(index), name=self.INDEX)
        cells: dict[Any, Any] = {}
        for name, value in columns.items():
            array = np.asarray(value)
            inner = getattr(value, "columns", None)
            for place in np.ndindex(array.shape[1:]):
                key = (inner[place[0]],) if inner is not None else place
                key = (*key, *[""] * (deepest - 1 - len(key)))
                cells[(name, *key) if deepest > 1 else name] = array[(slice(None), *place)]
        frame = pd.DataFrame(cells, index=labels)
        rest = {name: value for name, value in values.items() if name not in columns and value is not index}
        frame.attrs.update({name: value.tolist() if _is_column(value) else value for name, value in rest.items()})
        return frame


def _is_column(value: Any) -> bool:
    return not isinstance(value, str | bytes | tuple | list | dict) and np.ndim(value) > 0


def _listed(shape: tuple[int, ...]) -> str:
    return f"({', '.join(map(str, shape))}{',' * (len(shape) == 1)})"


def _shown(value: Any, *, shape: bool = False) -> str:
    """A number, or the first and the last of an array."""
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, Result):
        return type(value).__name__
    if isinstance(value, tuple | list | dict):
        return f"{len(value)} {'entry' if len(value) == 1 else 'entries'}"
    array = np.asarray(value)
    if array.dtype.kind == "O":
        return repr(value) if array.ndim == 0 else f"{_listed(array.shape)}"
    if array.ndim == 0:
        return _one(array)
    if array.size == 0:
        return "empty"
    corner = (0,) * array.ndim
    text = _one(array[corner]) if array.size == 1 else f"{_one(array[corner])} ... {_one(array[(-1,) * array.ndim])}"
    return f"[{text}] {_listed(array.shape)}" if shape else text


def _one(value: Any) -> str:
    value = np.asarray(value)[()]
    if isinstance(value, np.floating):
        return f"{value:.5g}"
    if isinstance(value, np.datetime64):
        for unit in ("D", "m", "s", "ms"):
            if value.astype(f"datetime64[{unit}]") == value:
                return str(value.astype(f"datetime64[{unit}]"))
    return str(value)
