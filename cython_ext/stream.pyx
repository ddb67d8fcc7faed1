"""Objects that take one bar at a time, for event-driven backtesters.

Each gives, bar by bar, the bits that the batch function of the same family gives for the whole path.
"""

cimport shortgamma.kernels.contracts as contract_formula
cimport shortgamma.kernels.funding as funding_formula
cimport shortgamma.kernels.leverage as leverage_formula
cimport shortgamma.kernels.liquidation as liquidation_formula
from shortgamma.kernels.vecmath cimport INFINITY, NAN

from shortgamma import contracts

__all__ = ["FundingAccrual", "LeverageNav", "LiquidationWatch"]


cdef class LeverageNav:
    """Net asset value of a constant-leverage product, a bar at a time.

    Parameters
    ----------
    leverage : float
        Target leverage, signed.
    financing : float, default 0.0
        Rate on the borrowed part, a fraction per bar.
    fee : float, default 0.0
        Fee on NAV, a fraction >= 0 per bar.
    cost : float, default 0.0
        Proportional cost of each trade, a fraction >= 0; ``cost * abs(leverage)`` must be less than 1.
    initial : float, default 1.0
        NAV at the first bar, > 0.

    Attributes
    ----------
    value : float
        NAV after the last bar; NaN before the first.
    exposure : float
        Exposure after the last bar, in money, signed.
    initialized : bool
        Whether there was a bar.

    Raises
    ------
    ValueError
        If ``fee``, ``cost`` or ``initial`` is out of its range.

    See Also
    --------
    shortgamma.leverage.nav : The same for whole paths.

    Examples
    --------
    >>> import shortgamma as sg
    >>> token = sg.stream.LeverageNav(3.0, initial=100.0)
    >>> [round(token.update(price), 10) for price in (100.0, 105.0)]
    [100.0, 115.0]
    >>> round(token.exposure, 10)
    345.0
    """

    cdef readonly double leverage, financing, fee, cost, initial, value, exposure
    cdef readonly bint initialized
    cdef double fresh, price

    def __init__(self, double leverage, *, double financing=0.0, double fee=0.0, double cost=0.0, double initial=1.0):
        if fee < 0.0:
            raise ValueError(f"fee must be >= 0, got {fee!r}")
        if cost < 0.0:
            raise ValueError(f"cost must be >= 0, got {cost!r}")
        if cost * abs(leverage) >= 1.0:
            raise ValueError(f"cost * abs(leverage) must be less than 1, got {cost * abs(leverage)!r}")
        if initial <= 0.0:
            raise ValueError(f"initial must be > 0, got {initial!r}")
        self.leverage = leverage
        self.financing = financing
        self.fee = fee
        self.cost = cost
        self.initial = initial
        self.reset()

    def reset(self):
        """Forget all bars."""
        self.initialized = False
        self.value = NAN
        self.exposure = NAN
        self.fresh = 1.0
        self.price = NAN

    def update(self, double price, bint rebalance=True):
        """NAV after a bar that closes at ``price``; ``rebalance`` says whether the product is rebalanced there."""
        if self.initialized:
            leverage_formula.bar(
                leverage_formula.ratio_of(price, self.price), self.leverage, self.financing, self.fee, self.cost, True,
                rebalance, &self.value, &self.exposure, &self.fresh)
        else:
            self.initialized = True
            self.value = self.initial if 0.0 < price < INFINITY else NAN
            self.exposure = self.leverage * self.value
        self.price = price
        return self.value

    def __getstate__(self):
        return (
            self.leverage, self.financing, self.fee, self.cost, self.initial, self.value, self.exposure,
            self.initialized, self.fresh, self.price,
        )

    def __setstate__(self, state):
        (
            self.leverage, self.financing, self.fee, self.cost, self.initial, self.value, self.exposure,
            self.initialized, self.fresh, self.price,
        ) = state

    def __reduce__(self):
        return LeverageNav, (self.leverage,), self.__getstate__()


cdef class FundingAccrual:
    """Funding received by a position, a funding time at a time.

    Parameters
    ----------
    contract : Contract
        What is held.

    Attributes
    ----------
    value : float
        Sum of all payments, in the settlement coin, > 0 received.
    initialized : bool
        Whether there was a payment.

    Raises
    ------
    TypeError
        If ``contract`` is not a Contract.

    See Also
    --------
    shortgamma.funding.accrue : The same for whole histories.

    Examples
    --------
    >>> import shortgamma as sg
    >>> account = sg.stream.FundingAccrual(sg.contracts.XBTUSD)
    >>> account.update(-8_000, 8_000.0, 0.0001)
    0.0001
    """

    cdef readonly object contract
    cdef readonly double value
    cdef readonly bint initialized
    cdef double multiplier
    cdef bint inverse

    def __init__(self, contract):
        self.contract = contracts.checked(contract)
        self.multiplier = contract.multiplier
        self.inverse = contract.inverse
        self.reset()

    def reset(self):
        """Forget all payments."""
        self.value = 0.0
        self.initialized = False

    def update(self, double position, double mark, double rate):
        """Cash received by ``position`` at a funding time with this mark and rate."""
        cdef double cash = contract_formula.checked(
            funding_formula.payment(self.inverse, position, mark, rate, self.multiplier), mark)
        self.initialized = True
        self.value += cash
        return cash

    def __getstate__(self):
        return self.value, self.initialized

    def __setstate__(self, state):
        self.value, self.initialized = state

    def __reduce__(self):
        return FundingAccrual, (self.contract,), self.__getstate__()


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
    cdef liquidation_formula.Bounds bounds

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
        self.price = liquidation_formula.price(
            self.inverse, quantity, entry, margin, self.required, self.multiplier)
        self.bounds = liquidation_formula.bounds(
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
            if mark < self.bounds.sure_low or mark > self.bounds.sure_high or liquidation_formula.breached(
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
