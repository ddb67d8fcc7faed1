from typing import Any

from shortgamma.contracts import Contract

__all__ = ["FundingAccrual", "LeverageNav", "LiquidationWatch"]

class LeverageNav:
    leverage: float
    financing: float
    fee: float
    cost: float
    initial: float
    value: float
    exposure: float
    initialized: bool
    def __init__(
        self,
        leverage: float,
        *,
        financing: float = 0.0,
        fee: float = 0.0,
        cost: float = 0.0,
        initial: float = 1.0,
    ) -> None: ...
    def reset(self) -> None: ...
    def update(self, price: float, rebalance: bool = True) -> float: ...
    def __getstate__(self) -> tuple[Any, ...]: ...
    def __setstate__(self, state: tuple[Any, ...]) -> None: ...

class FundingAccrual:
    contract: Contract
    value: float
    initialized: bool
    def __init__(self, contract: Contract) -> None: ...
    def reset(self) -> None: ...
    def update(self, position: float, mark: float, rate: float) -> float: ...
    def __getstate__(self) -> tuple[Any, ...]: ...
    def __setstate__(self, state: tuple[Any, ...]) -> None: ...

class LiquidationWatch:
    quantity: float
    entry: float
    margin: float
    contract: Contract
    maintenance: float
    fee: float
    price: float
    value: bool
    initialized: bool
    def __init__(
        self,
        quantity: float,
        entry: float,
        margin: float,
        *,
        contract: Contract,
        maintenance: float,
        fee: float = 0.0,
    ) -> None: ...
    def reset(self) -> None: ...
    def update(self, mark: float) -> bool: ...
