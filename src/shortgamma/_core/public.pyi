from collections.abc import Callable
from typing import ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

function: type

def wrap(
    plain: Callable[_P, _R], explain: Callable[[Callable[..., object], TypeError], TypeError], module: str
) -> Callable[_P, _R]: ...
