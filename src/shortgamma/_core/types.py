"""Names of types, for annotations only."""

from __future__ import annotations

from typing import Any, Literal, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Integers: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool]
Array: TypeAlias = NDArray[Any]


class Column(Protocol):
    """Names in an array, or in a series of pandas, polars or xarray; a string is not one."""

    def __array__(self) -> Array: ...


Names: TypeAlias = list[str] | tuple[str, ...] | Column

# The canonical spellings and those that other libraries have. More are known at run time.
BarrierKind: TypeAlias = (
    Literal["down-in", "down-out", "up-in", "up-out"]
    | Literal["down-and-in", "down-and-out", "up-and-in", "up-and-out"]
    | Literal["down_in", "down_out", "up_in", "up_out", "DI", "DO", "UI", "UO", "di", "do", "ui", "uo"]
)
TwoBarrierKind: TypeAlias = Literal[
    "knock-in", "knock-out", "knock_in", "knock_out", "kiko", "koki", "KI", "KO", "KIKO", "KOKI", "DKI", "DKO"
]
OptionKind: TypeAlias = Literal["call", "put", "Call", "Put", "CALL", "PUT", "c", "p", "C", "P"]
