"""Objects that take one bar at a time, for event-driven backtesters.

Bar by bar, each gives the same bits as the batch function of its family gives for the whole path.
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
