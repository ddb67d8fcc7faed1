from typing import Any

class LeverageNav:
    leverage: float
    financing: float
    expense: float
    cost: float
    initial: float
    value: float
    exposure: float
    periods_per_year: float | None
    initialized: bool
    def __init__(
        self,
        leverage: float,
        *,
        financing: float = 0.0,
        expense: float = 0.0,
        cost: float = 0.0,
        initial: float = 1.0,
        periods_per_year: float | None = None,
    ) -> None: ...
    def reset(self) -> None: ...
    def update(self, price: float, rebalance: bool = True) -> float: ...
    def __getstate__(self) -> tuple[Any, ...]: ...
    def __setstate__(self, state: tuple[Any, ...]) -> None: ...
