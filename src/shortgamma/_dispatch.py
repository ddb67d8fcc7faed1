"""Pick the build of the compiled kernels that suits this processor: the only importer of compiled kernels.

The environment variable ``SHORTGAMMA_CPU`` (``baseline``, ``v3`` or ``v4``) overrides the choice.
"""

from __future__ import annotations

import os
import sys
from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from shortgamma import _cpu

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

LEVELS = ("baseline", "v3", "v4")
VARIABLE = "SHORTGAMMA_CPU"


def available() -> tuple[str, ...]:
    """The levels that this installation was built for."""
    return tuple(level for level in LEVELS if _is_built(level))


def _is_built(level: str) -> bool:
    # Every build of a level holds this module; looking for it costs less than the machinery of
    # importlib.util.
    folder = os.path.join(os.path.dirname(__file__), "_builds", level)
    try:
        return any(name.startswith("barrier.") and not name.endswith(".py") for name in os.listdir(folder))
    except OSError:
        return False


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
        if _is_built(level):
            return level
    raise ImportError("shortgamma has no compiled kernels: build it with 'pip install .'")


supported = _cpu.level()
wanted = os.environ.get(VARIABLE)
level = choose(supported, wanted)


def _load(family: str) -> ModuleType:
    module = import_module(f"shortgamma._builds.{level}.{family}")
    # under their own names too, so that a pickle can say where a ufunc is without saying which build
    globals().update({name: value for name, value in vars(module).items() if isinstance(value, np.ufunc)})
    return module


def put_builds_last() -> None:
    """Let pickles name ufuncs by this module.

    Pickle names a ufunc by the first module that holds it, in order of import. A process on another processor
    must find its own build under that name.
    """
    for name in [name for name in sys.modules if name.startswith("shortgamma._builds.")]:
        sys.modules[name] = sys.modules.pop(name)


vecmath = _load("vecmath")
contracts = _load("contracts")
barrier = _load("barrier")
leverage = _load("leverage")
funding = _load("funding")
liquidation = _load("liquidation")

# Loaded when they are first asked for, which an import of the package does not.
LATER = (
    "binary",
    "discrete_barrier",
    "double_barrier",
    "extended_barrier",
    "funding_events",
    "funding_rates",
    "leverage_simulate",
    "leverage_theory",
    "liquidation_account",
    "liquidation_process",
    "monitoring",
    "soft_barrier",
)


def __getattr__(name: str) -> Any:
    if name in LATER:
        globals()[name] = _load(name)
        return globals()[name]
    if not name.startswith("_"):
        # a ufunc out of a pickle
        for family in LATER:
            if name.startswith(family.partition("_")[0]):
                module = globals().get(family) or __getattr__(family)
                if name in vars(module):
                    return vars(module)[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
