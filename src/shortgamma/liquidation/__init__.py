"""Liquidation: at which price, on which bar, with what probability, and what becomes of the account.

Units: ``margin`` is in the contract's settlement coin; ``maintenance`` and ``fee`` are fractions of the
position's value at the mark. Time runs down axis 0. Maintenance that rises with the value is given as `Tiers`.

The modules: ``single`` (one isolated position), ``tiers`` and ``limits`` (margin by size), and, loaded when asked for,
``account`` (many positions and coins), ``probability`` (of accounts, by simulation), ``hedge`` (of quanto positions),
``process`` and ``cascades`` (what becomes of accounts that are liquidated) and ``venues`` (contracts, margins and rules
of the exchanges).
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
