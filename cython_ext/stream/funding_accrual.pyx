"""Funding of a position, a funding time at a time."""

cimport shortgamma.kernels.contracts as contract_formula
cimport shortgamma.kernels.funding.payments as formula

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
            formula.payment(self.inverse, position, mark, rate, self.multiplier), mark)
        self.initialized = True
        self.value += cash
        return cash

    def __repr__(self):
        state = f"value={self.value:.6g}" if self.initialized else "no payment yet"
        return f"FundingAccrual({self.contract!r}): {state}"

    def __getstate__(self):
        return self.value, self.initialized

    def __setstate__(self, state):
        self.value, self.initialized = state

    def __reduce__(self):
        return FundingAccrual, (self.contract,), self.__getstate__()
