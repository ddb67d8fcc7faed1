"""Net asset value of a constant-leverage product, a bar at a time."""

cimport shortgamma.kernels.leverage.nav as formula
from shortgamma.kernels.numeric.vecmath cimport INFINITY, NAN

from cython_ext.stream._arguments cimport flag, number

from copyreg import __newobj__


cdef class LeverageNav:
    """Net asset value of a constant-leverage product, a bar at a time.

    Parameters
    ----------
    leverage : float
        Target leverage, signed.
    financing : float, default 0.0
        Rate a year on what is borrowed; uninvested cash earns it.
    expense : float, default 0.0
        Expense ratio, a fraction >= 0 of NAV a year.
    cost : float, default 0.0
        Proportional cost of each trade, a fraction >= 0; ``cost * abs(leverage)`` must be less than 1.
    initial : float, default 1.0
        NAV at the first bar, > 0.
    periods_per_year : float, optional
        Bars in a year, needed with rates that are not 0: 252 for trading days, 8760 for hours.

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
        If a number is out of its range, or there are rates and no ``periods_per_year``.

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

    cdef readonly double leverage, financing, expense, cost, initial, value, exposure
    cdef readonly object periods_per_year
    cdef readonly bint initialized
    # rates over a bar, and whether it was rebalanced at the bar before
    cdef double financing_of_bar, expense_of_bar, fresh, price

    def __init__(
        self, leverage, *, financing=0.0, expense=0.0, cost=0.0, initial=1.0, periods_per_year=None,
    ):
        leverage, financing = number("leverage", leverage), number("financing", financing)
        expense, cost, initial = number("expense", expense), number("cost", cost), number("initial", initial)
        if periods_per_year is not None:
            periods_per_year = number("periods_per_year", periods_per_year)
        if not abs(leverage) < INFINITY and leverage == leverage:
            raise ValueError(f"leverage must be finite, got {leverage!r}")
        if expense < 0.0 or expense == INFINITY:
            raise ValueError(f"expense must be >= 0, got {expense!r}")
        if cost < 0.0:
            raise ValueError(f"cost must be >= 0, got {cost!r}")
        if cost * abs(leverage) >= 1.0:
            raise ValueError(f"cost * abs(leverage) must be less than 1, got {cost * abs(leverage)!r}")
        if initial <= 0.0 or initial == INFINITY:
            raise ValueError(f"initial must be > 0 and finite, got {initial!r}")
        if periods_per_year is None and (financing != 0.0 or expense != 0.0):
            name = "financing" if financing != 0.0 else "expense"
            raise ValueError(
                f"{name} is a rate a year: give periods_per_year= (252 for trading days, 365 for days, 8760 for hours)")
        if periods_per_year is not None and not 0.0 < periods_per_year < INFINITY:
            raise ValueError(f"periods_per_year must be > 0, got {periods_per_year!r}")
        self.leverage = leverage
        self.financing = financing
        self.expense = expense
        self.cost = cost
        self.initial = initial
        self.periods_per_year = periods_per_year
        self.divide_rates()
        self.reset()

    cdef void divide_rates(self):
        cdef double periods = 1.0 if self.periods_per_year is None else self.periods_per_year
        self.financing_of_bar = self.financing / periods
        self.expense_of_bar = self.expense / periods

    def reset(self):
        """Forget all bars."""
        self.initialized = False
        self.value = NAN
        self.exposure = NAN
        self.fresh = 1.0
        self.price = NAN

    def update(self, price, rebalance=True):
        """NAV after a bar that closes at ``price``; ``rebalance`` says whether the product is rebalanced there."""
        cdef double close = number("price", price)
        cdef bint trades = flag("rebalance", rebalance)
        if self.initial == 0.0:
            raise TypeError("LeverageNav was not initialised: it begins with LeverageNav(leverage)")
        if self.initialized:
            formula.bar(
                formula.ratio_of(close, self.price), self.leverage, self.financing_of_bar, self.expense_of_bar,
                self.cost, True, trades, &self.value, &self.exposure, &self.fresh)
        else:
            self.initialized = True
            self.value = self.initial if 0.0 < close < INFINITY else NAN
            self.exposure = self.leverage * self.value
        self.price = close
        return self.value

    def __repr__(self):
        terms = {"financing": self.financing, "expense": self.expense, "cost": self.cost}
        given = "".join(f", {name}={value:g}" for name, value in terms.items() if value != 0.0)
        state = f"value={self.value:.6g}, exposure={self.exposure:.6g}" if self.initialized else "no bar yet"
        return f"LeverageNav({self.leverage:g}{given}, initial={self.initial:g}): {state}"

    def __getstate__(self):
        return (
            self.leverage, self.financing, self.expense, self.cost, self.initial, self.value, self.exposure,
            self.initialized, self.fresh, self.price, self.periods_per_year, getattr(self, "__dict__", None),
        )

    def __setstate__(self, state):
        (
            self.leverage, self.financing, self.expense, self.cost, self.initial, self.value, self.exposure,
            self.initialized, self.fresh, self.price, self.periods_per_year, attributes,
        ) = state
        if attributes:
            self.__dict__.update(attributes)
        self.divide_rates()

    def __reduce__(self):
        return __newobj__, (type(self),), self.__getstate__()
