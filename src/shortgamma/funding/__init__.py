"""Funding of perpetual swaps: what a position receives at each funding time.

Units: ``rate`` is a fraction per funding interval, > 0 when longs pay shorts; cash is in the contract's
settlement coin, > 0 received. Time runs down axis 0.

The modules: ``dense`` (positions on the funding clock).
"""

from shortgamma.funding.dense import accrue

__all__ = ["accrue"]
