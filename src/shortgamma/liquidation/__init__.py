"""Liquidation: the price, the bar and the probability of it, and what becomes of the account.

Units: ``margin`` and ``collateral`` are in settlement coins. ``maintenance`` is a fraction of the position's value at
the mark, or a `Margin`: `MarginRate`, `Tiers`, `RiskLimits`, `RisingMargin`. ``fee`` is a fraction of the value. Time
runs down axis 0. `margin_ratio` is the required margin over equity: at 1 and above a position is liquidated. A
position that is never liquidated has the number of bars as its bar.

The parts: ``position`` (one isolated position), ``margin`` (by size), ``account`` (many positions and coins),
``probability`` (of accounts, by simulation), ``hedge`` (of quanto positions), ``process`` and ``cascade`` (what becomes
of liquidated accounts). Margins and rules of exchanges are in `shortgamma.venues`.
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
