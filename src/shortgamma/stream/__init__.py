"""Objects that take one bar at a time, for event-driven backtesters.

Each gives, bar by bar, the bits that the batch function of the same family gives for the whole path.
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
