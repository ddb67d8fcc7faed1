from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

_P = ParamSpec("_P")
_R = TypeVar("_R")

function: type

def wrap(
    plain: Callable[_P, _R],
    explain: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any], Exception], Exception],
    labelled: Callable[[Callable[..., Any], tuple[Any, ...], dict[str, Any]], Any] | None,
    module: str,
) -> Callable[_P, _R]: ...
