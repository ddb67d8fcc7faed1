"""Carry of futures: the basis of a curve, what explains it, and whether the trade that should close it survives.

Units: years, rates as fractions per year, quantity > 0 long, time down axis 0.

The modules: ``curve`` (basis, tenors, forwards), ``regression`` (one sample), ``rolling_regression`` (a sliding
window), ``fama`` (prices to come on the basis), ``outcomes`` (returns behind and ahead), ``panel`` (venues by time,
events), ``decomposition`` (parts of the basis) and ``cash_and_carry`` (the trade on a margined path).
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
