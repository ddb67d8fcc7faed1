from typing import Any, Literal

from shortgamma.leverage import TokenRule

class Token:
    rule: TokenRule
    initial: float
    stamp: Literal["open", "close"] | None
    periods_per_year: float | None
    value: float
    exposure: float
    leverage: float
    rebalances: int
    bars: int
    wiped_out: bool
    initialized: bool
    def __init__(
        self,
        rule: TokenRule,
        *,
        initial: float = 1.0,
        stamp: Literal["open", "close"] | None = None,
        periods_per_year: float | None = None,
    ) -> None: ...
    def reset(self) -> None: ...
    def update(
        self,
        price: float,
        *,
        time: Any = None,
        high: float | None = None,
        low: float | None = None,
        open: float | None = None,
        financing: float = 0.0,
        funding: float = 0.0,
        dividend: float = 0.0,
    ) -> float: ...
    def __getstate__(self) -> tuple[Any, ...]: ...
    def __setstate__(self, state: tuple[Any, ...]) -> None: ...
