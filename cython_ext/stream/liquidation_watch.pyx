"""Liquidation of an isolated position, a mark at a time."""

cimport shortgamma.kernels.liquidation.position as formula
from shortgamma.kernels.numeric.vecmath cimport INFINITY

from shortgamma import contracts


cdef class LiquidationWatch:
    """Whether an isolated position is liquidated, a mark at a time.

    Parameters
    ----------
    quantity : float
        Contracts, > 0 long.
    entry : float
        Entry price, > 0.
    margin : float
        Margin in the settlement coin.
    contract : Contract
        What is held.
    maintenance : float
        Maintenance margin as a fraction of the value at the mark, in [0, 1).
    fee : float, default 0.0
        Fee of closing as a fraction of the value; with ``maintenance`` less than 1.

    Attributes
    ----------
    price : float
        The liquidation price.
    value : bool
        Whether the position was liquidated; once it is, it stays so.
    initialized : bool
        Whether there was a mark.

    Raises
    ------
    ValueError
        If a number is NaN or out of its range.
    TypeError
        If ``contract`` is not a Contract.

    See Also
    --------
    shortgamma.liquidation.first_breach : The same for whole paths.

    Examples
    --------
    >>> import shortgamma as sg
    >>> watch = sg.stream.LiquidationWatch(-100, 200.0, 0.01, contract=sg.contracts.ETHUSD, maintenance=0.0)
    >>> watch.update(299.9), watch.update(300.1), watch.update(200.0)
    (False, True, True)
    """

    cdef readonly double quantity, entry, margin, maintenance, fee, price
    cdef readonly object contract
    cdef readonly bint value, initialized
    cdef double multiplier, required
    cdef bint inverse
    cdef formula.Bounds bounds

    def __init__(self, double quantity, double entry, double margin, *, contract, double maintenance, double fee=0.0):
        self.contract = contracts.checked(contract)
        if not -INFINITY < quantity < INFINITY:
            raise ValueError(f"quantity must be finite, got {quantity!r}")
        if not -INFINITY < margin < INFINITY:
            raise ValueError(f"margin must be finite, got {margin!r}")
        if not 0.0 < entry < INFINITY:
            raise ValueError(f"entry must be a finite number > 0, got {entry!r}")
        if not maintenance >= 0.0:
            raise ValueError(f"maintenance must be >= 0, got {maintenance!r}")
        if not fee >= 0.0:
            raise ValueError(f"fee must be >= 0, got {fee!r}")
        if not maintenance + fee < 1.0:
            raise ValueError(f"maintenance + fee must be less than 1, got {maintenance + fee!r}")
        self.quantity = quantity
        self.entry = entry
        self.margin = margin
        self.maintenance = maintenance
        self.fee = fee
        self.multiplier = contract.multiplier
        self.inverse = contract.inverse
        self.required = maintenance + fee
        self.price = formula.price(
            self.inverse, quantity, entry, margin, self.required, self.multiplier)
        self.bounds = formula.bounds(
            self.inverse, quantity, entry, margin, self.required, self.multiplier)
        self.reset()

    def reset(self):
        """Forget all marks."""
        self.value = False
        self.initialized = False

    def update(self, double mark):
        """Whether the position is, or was already, liquidated at ``mark``. What is no price is passed over."""
        self.initialized = True
        if 0.0 < mark < INFINITY and (mark < self.bounds.low or mark > self.bounds.high):
            if mark < self.bounds.sure_low or mark > self.bounds.sure_high or formula.breached(
                self.inverse, mark, self.quantity, self.entry, self.margin, self.required, self.multiplier
            ):
                self.value = True
        return self.value

    def __reduce__(self):
        return (
            _restore_watch,
            (
                self.quantity, self.entry, self.margin, self.contract, self.maintenance, self.fee, self.value,
                self.initialized,
            ),
        )


def _restore_watch(quantity, entry, margin, contract, maintenance, fee, bint value, bint initialized):
    cdef LiquidationWatch watch = LiquidationWatch(
        quantity, entry, margin, contract=contract, maintenance=maintenance, fee=fee)
    watch.value = value
    watch.initialized = initialized
    return watch
