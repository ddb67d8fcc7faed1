from shortgamma.contracts import Contract
from shortgamma.liquidation.margin import Margin

class LiquidationWatch:
    quantity: float
    entry: float
    margin: float
    contract: Contract
    maintenance: float | Margin
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
        contract: Contract | str,
        maintenance: float | Margin,
        fee: float = 0.0,
    ) -> None: ...
    def reset(self) -> None: ...
    def update(self, mark: float) -> bool: ...
    def fill(self, quantity: float, price: float) -> None: ...
    def transfer(self, amount: float) -> None: ...
