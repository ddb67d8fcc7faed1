"""Pictures of results: each function takes a result or arrays and an ``Axes``, and returns the ``Axes``.

They need matplotlib (the ``plot`` extra), which is imported when one of them is called. None of them calls ``show``,
changes global settings or writes a file. Units stand on every axis, and the title says what there is to see.
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
