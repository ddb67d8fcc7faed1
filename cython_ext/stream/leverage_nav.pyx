"""Net asset value of a constant-leverage product, a bar at a time."""

cimport shortgamma.kernels.leverage.nav as formula
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN


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
            formula.bar(
                formula.ratio_of(price, self.price), self.leverage, self.financing, self.fee, self.cost, True,
                rebalance, &self.value, &self.exposure, &self.fresh)
        else:
            self.initialized = True
            self.value = self.initial if 0.0 < price < INFINITY else NAN
            self.exposure = self.leverage * self.value
        self.price = price
        return self.value

    def __repr__(self):
        terms = {"financing": self.financing, "fee": self.fee, "cost": self.cost}
        given = "".join(f", {name}={value:g}" for name, value in terms.items() if value != 0.0)
        state = f"value={self.value:.6g}, exposure={self.exposure:.6g}" if self.initialized else "no bar yet"
        return f"LeverageNav({self.leverage:g}{given}, initial={self.initial:g}): {state}"

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
