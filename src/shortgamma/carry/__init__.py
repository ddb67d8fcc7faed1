"""Carry of futures: the basis of a curve, what explains it, and whether the trade that should close it survives.

Units: years, rates as fractions per year, quantity > 0 long, time down axis 0.

The modules: ``rolling_regression`` (HAC regression over a sliding window).
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
