"""Funding of a position, a funding time at a time."""

cimport shortgamma.kernels.contracts as contract_formula
cimport shortgamma.kernels.funding.payments as formula

from cython_ext.stream._arguments cimport number

from copyreg import __newobj__

from shortgamma import contracts


cdef class FundingAccrual:
    """Funding received by a position, a funding time at a time.

    Parameters
    ----------
    contract : Contract
        What is held.

    Attributes
    ----------
    value : float
        Sum of all payments, in the settlement coin, > 0 received: their exact sum rounded once or twice, as that of
        `shortgamma.funding.total`.
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
    >>> account = sg.stream.FundingAccrual("XBTUSD")
    >>> account.update(-8_000, 8_000.0, 0.0001)
    0.0001
    """

    cdef readonly object contract
    cdef readonly bint initialized
    cdef formula.Sum total
    cdef double multiplier
    cdef bint inverse

    def __init__(self, contract):
        self.read(contracts.checked(contract))
        self.reset()

    cdef int read(self, contract) except -1:
        self.contract = contract
        self.multiplier = contract.multiplier
        self.inverse = contract.inverse
        return 0

    def reset(self):
        """Forget all payments."""
        self.total.high = self.total.low = 0.0
        self.initialized = False

    @property
    def value(self):
        return formula.rounded(self.total)

    def update(self, quantity, mark, rate):
        """Cash received by ``quantity`` contracts at a funding time with this mark and rate."""
        cdef double held = number("quantity", quantity), price = number("mark", mark)
        if self.contract is None:
            raise TypeError("FundingAccrual was not initialised: it begins with FundingAccrual(contract)")
        cdef double cash = contract_formula.checked(
            formula.payment(self.inverse, held, price, number("rate", rate), self.multiplier), price)
        self.initialized = True
        formula.add(&self.total, cash)
        return cash

    def __repr__(self):
        state = f"value={self.value:.6g}" if self.initialized else "no payment yet"
        return f"FundingAccrual({self.contract!r}): {state}"

    def __getstate__(self):
        return self.contract, self.total.high, self.total.low, self.initialized, getattr(self, "__dict__", None)

    def __setstate__(self, state):
        self.read(state[0])
        _, self.total.high, self.total.low, self.initialized, attributes = state
        if attributes:
            self.__dict__.update(attributes)

    def __reduce__(self):
        return __newobj__, (type(self),), self.__getstate__()
