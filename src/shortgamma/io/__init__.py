"""Readers of files as venues and vendors write them: prices, funding histories, margin tiers, futures, option chains.

Each takes a path, an open file, a frame of pandas or polars, or rows. What it cannot read for certain it refuses, in
one line that says where and why (`ReadError`, a ValueError). Only the named file is opened. ``notes`` tell what was
noticed and changed on the way.
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
