"""Readers of the files that people have: prices, funding histories, margin tiers, option chains.

Each takes a path, an open file, a frame of pandas or polars, or rows. It answers right or refuses in one line that says
where and why (`ReadError`, a ValueError). Only the named file is opened. What was found or done on the way is in
``notes``.
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
