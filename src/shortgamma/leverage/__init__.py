"""Leveraged and inverse products: net asset value under rebalancing to a constant leverage, and its theory.

Units: ``leverage`` signed, 3.0 for 3x and -1.0 for an inverse product; ``financing``, ``spread`` and
``expense`` are rates a year, which need ``time`` or ``periods_per_year``; ``cost`` is a fraction of each trade. Time
runs down axis 0.

The modules: ``nav`` (rebalancing on a schedule), ``token`` (products by rule, along paths), ``comparison`` (against a
multiple of the underlying) and ``theory`` (closed forms). Rules of real products are in `shortgamma.venues`.
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
