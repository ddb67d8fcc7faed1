from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

from shortgamma.contracts import Contract
from shortgamma.liquidation.margin import Margin

class Account:
    contracts: tuple[Contract, ...]
    coins: tuple[str, ...]
    maintenance: float | Margin | Sequence[float | Margin]
    fee: ArrayLike
    haircut: ArrayLike
    value: bool
    quantity: tuple[float, ...]
    entry: tuple[float, ...]
    balance: tuple[float, ...]
    equity: float
    maintenance_margin: float
    margin_ratio: float
    initialized: bool
    def __init__(
        self,
        quantity: ArrayLike | Mapping[str, float],
        entry: ArrayLike | Mapping[str, float],
        collateral: ArrayLike | Mapping[str, float],
        *,
        contracts: Sequence[Contract | str],
        maintenance: float | Margin | Sequence[float | Margin],
        coins: Sequence[str] | None = None,
        fee: ArrayLike = 0.0,
        haircut: ArrayLike = 0.0,
    ) -> None: ...
    def reset(self) -> None: ...
    def update(
        self,
        mark: Sequence[float] | Mapping[str, float],
        fx: Sequence[float] | Mapping[str, float] | None = None,
        *,
        funding: Sequence[float] | Mapping[str, float] | None = None,
    ) -> bool: ...
    def fill(self, instrument: int | str, quantity: float, price: float) -> None: ...
    def transfer(self, coin: int | str, amount: float) -> None: ...
    def pay(
        self, mark: Sequence[float] | Mapping[str, float], funding: Sequence[float] | Mapping[str, float]
    ) -> None: ...
    def __getstate__(self) -> tuple[Any, ...]: ...
    def __setstate__(self, state: tuple[Any, ...]) -> None: ...
