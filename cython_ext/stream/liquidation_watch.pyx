"""Liquidation of an isolated position, a mark at a time."""

cimport shortgamma.kernels.contracts as values
cimport shortgamma.kernels.liquidation.position as formula
from shortgamma.kernels.liquidation.position cimport Bounds, Position
from shortgamma.kernels.numeric.vecmath cimport INFINITY, absolute

from cython_ext.stream._arguments cimport number

from copyreg import __newobj__

from shortgamma.contracts import checked


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
    contract : Contract or str
        What is held.
    maintenance : float, MarginRate, Tiers, RiskLimits or RisingMargin
        Maintenance margin, as in `shortgamma.liquidation.liquidation_price`.
    fee : float, default 0.0
        Fee of closing as a fraction of the value; with the maintenance rate less than 1.

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
        If ``contract`` is not a Contract, or ``maintenance`` is not a margin.

    See Also
    --------
    shortgamma.liquidation.first_breach : The same for whole paths.

    Examples
    --------
    >>> import shortgamma as sg
    >>> watch = sg.stream.LiquidationWatch(-100, 200.0, 0.01, contract="ETHUSD", maintenance=0.0)
    >>> watch.update(299.9), watch.update(300.1), watch.update(200.0)
    (False, True, True)

    Half of a position is closed with a profit, which adds to the margin of the rest:

    >>> linear = sg.contracts.Contract("linear")
    >>> watch = sg.stream.LiquidationWatch(2.0, 100.0, 20.0, contract=linear, maintenance=0.0)
    >>> watch.fill(-1.0, 110.0)
    >>> watch.quantity, watch.entry, watch.margin, watch.price
    (1.0, 100.0, 30.0, 70.0)
    """

    cdef readonly double quantity, entry, margin, fee, price
    cdef readonly object contract, maintenance
    cdef readonly bint value, initialized
    # what the position must survive: one for each step of its margin
    cdef bytearray memory
    cdef Position* position
    cdef Bounds* bounds
    cdef Py_ssize_t steps

    def __init__(self, quantity, entry, margin, *, contract, maintenance, fee=0.0):
        self.contract = checked(contract)
        fee = number("fee", fee)
        if not fee >= 0.0:
            raise ValueError(f"fee must be >= 0, got {fee!r}")
        self.maintenance = number("maintenance", maintenance) if type(maintenance) is int else maintenance
        self.fee = fee
        self.hold(number("quantity", quantity), number("entry", entry), number("margin", margin))
        self.reset()

    cdef int hold(self, double quantity, double entry, double margin) except -1:
        """Watch a position from now on."""
        from shortgamma.liquidation.position import cases_of, liquidation_price

        cdef Py_ssize_t k
        cdef bytearray memory
        cdef Position* position
        cdef Bounds* bounds
        if not -INFINITY < quantity < INFINITY:
            raise ValueError(f"quantity must be finite, got {quantity!r}")
        if not -INFINITY < margin < INFINITY:
            raise ValueError(f"margin must be finite, got {margin!r}")
        if not 0.0 < entry < INFINITY:
            raise ValueError(f"entry must be a finite number > 0, got {entry!r}")
        terms = {"contract": self.contract, "maintenance": self.maintenance, "fee": self.fee}
        cases = cases_of(quantity, entry, margin, **terms)
        memory = bytearray(len(cases) * (sizeof(Position) + sizeof(Bounds)) + 1)
        position = <Position*> <char*> memory
        bounds = <Bounds*> (position + len(cases))
        for k, case in enumerate(cases):
            (
                position[k].quantity, position[k].entry, position[k].margin, position[k].amount,
                position[k].maintenance, position[k].fee, position[k].multiplier, position[k].inverse,
            ) = case
            if not position[k].maintenance >= 0.0:
                raise ValueError(f"maintenance must be >= 0, got {position[k].maintenance!r}")
            if not position[k].maintenance + position[k].fee < 1.0:
                total = position[k].maintenance + position[k].fee
                raise ValueError(f"maintenance + fee must be less than 1, got {total!r}")
            bounds[k] = formula.bounds(&position[k])
        self.price = liquidation_price(quantity, entry, margin, **terms)
        self.quantity, self.entry, self.margin = quantity, entry, margin
        self.memory, self.position, self.bounds, self.steps = memory, position, bounds, len(cases)
        return 0

    cdef int check(self) except -1:
        if self.contract is None:
            raise TypeError("LiquidationWatch was not initialised: it begins with LiquidationWatch(quantity, ...)")
        return 0

    def reset(self):
        """Forget all marks."""
        self.value = False
        self.initialized = False

    def update(self, mark):
        """Whether the position is, or was already, liquidated at ``mark``. An invalid mark is passed over."""
        cdef double price = number("mark", mark)
        self.check()
        cdef Py_ssize_t k
        cdef const Bounds* bounds
        self.initialized = True
        if self.value or not 0.0 < price < INFINITY:
            return self.value
        for k in range(self.steps):
            bounds = &self.bounds[k]
            if price < bounds.low or price > bounds.high:
                if price < bounds.sure_low or price > bounds.sure_high or formula.breached(&self.position[k], price):
                    self.value = True
        return self.value

    def fill(self, quantity, price):
        """A trade: what is added is averaged in, the profit of what is closed goes to the margin.

        Parameters
        ----------
        quantity : float
            Contracts, > 0 bought.
        price : float
            Price, > 0.
        """
        self.check()
        cdef bint inverse = self.contract.inverse
        cdef double held = self.quantity, cost = absolute(held) * formula.averaged(inverse, self.entry), closed = 0.0
        cdef double margin = self.margin, entry = self.entry
        cdef double traded = number("quantity", quantity), paid = number("price", price)
        if not -INFINITY < traded < INFINITY:
            raise ValueError(f"quantity must be finite, got {quantity!r}")
        if not 0.0 < paid < INFINITY:
            raise ValueError(f"price must be a finite number > 0, got {price!r}")
        if held * traded < 0.0:
            closed = held if absolute(traded) > absolute(held) else -traded
            margin += values.profit(inverse, closed, entry, paid, self.contract.multiplier)
        formula.fill(inverse, traded, paid, &held, &cost)
        if held == 0.0:
            entry = paid
        elif closed == 0.0 or held * self.quantity < 0.0:
            entry = formula.averaged(inverse, cost / absolute(held))
        self.hold(held, entry, margin)

    def transfer(self, amount):
        """Margin that is added (> 0) or taken out: deposits, funding, fees.

        Parameters
        ----------
        amount : float
            Amount in the settlement coin.
        """
        self.check()
        self.hold(self.quantity, self.entry, self.margin + number("amount", amount))

    def __repr__(self):
        return (
            f"LiquidationWatch({self.quantity:g} at {self.entry:g}, price={self.price:g}, value={bool(self.value)})")

    def __getstate__(self):
        return (
            self.contract, self.maintenance, self.fee, self.quantity, self.entry, self.margin, self.value,
            self.initialized, getattr(self, "__dict__", None),
        )

    def __setstate__(self, state):
        (
            self.contract, self.maintenance, self.fee, quantity, entry, margin, value, initialized, attributes,
        ) = state
        self.hold(quantity, entry, margin)
        self.value, self.initialized = value, initialized
        if attributes:
            self.__dict__.update(attributes)

    def __reduce__(self):
        return __newobj__, (type(self),), self.__getstate__()
