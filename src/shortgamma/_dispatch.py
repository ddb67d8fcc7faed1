"""Pick the build of the compiled kernels that suits this processor: the only importer of compiled kernels.

The environment variable ``SHORTGAMMA_CPU`` (``baseline``, ``v3`` or ``v4``) overrides the choice.
"""

import os
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

from shortgamma import _cpu

LEVELS = ("baseline", "v3", "v4")
VARIABLE = "SHORTGAMMA_CPU"


def available() -> tuple[str, ...]:
    """The levels that this installation was built for."""
    return tuple(level for level in LEVELS if find_spec(f"shortgamma._builds.{level}.barrier") is not None)


def choose(supported: str, wanted: str | None) -> str:
    """The level to use on a processor that supports the levels up to ``supported``."""
    runs = LEVELS[: LEVELS.index(supported) + 1]
    if wanted:
        if wanted not in LEVELS:
            raise ImportError(f"{VARIABLE} must be one of {', '.join(map(repr, LEVELS))}, got {wanted!r}")
        if wanted not in runs:
            raise ImportError(f"{VARIABLE}={wanted}: this processor supports {', '.join(runs)} only")
        if wanted not in available():
            raise ImportError(f"{VARIABLE}={wanted}: this installation was built for {', '.join(available())} only")
        return wanted
    for level in reversed(runs):
        if find_spec(f"shortgamma._builds.{level}.barrier") is not None:
            return level
    raise ImportError("shortgamma has no compiled kernels: build it with 'pip install .'")


supported = _cpu.level()
wanted = os.environ.get(VARIABLE)
level = choose(supported, wanted)


def _load(family: str) -> ModuleType:
    return import_module(f"shortgamma._builds.{level}.{family}")


vecmath = _load("vecmath")
contracts = _load("contracts")
barrier = _load("barrier")
leverage = _load("leverage")
funding = _load("funding")
liquidation = _load("liquidation")
