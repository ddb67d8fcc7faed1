from shortgamma.contracts import Contract

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
