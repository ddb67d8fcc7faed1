from typing import Any

from numpy.typing import NDArray

KINDS: dict[str, int]

class Scanner:
    def __init__(
        self, delimiter: str, width: int, places: list[int], kinds: list[int], labels: list[dict[bytes, int]]
    ) -> None: ...
    def scan(self, data: bytes, start: int, final: bool, arrays: list[NDArray[Any]]) -> tuple[int, int, int, bool]: ...
    def scan_rows(
        self, data: bytes, start: int, names: list[bytes], arrays: list[NDArray[Any]]
    ) -> tuple[int, int, bool]: ...
