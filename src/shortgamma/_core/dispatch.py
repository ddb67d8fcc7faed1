"""Pick the build of the compiled loops that suits this processor: the only importer of compiled loops.

A loop is reached by its path: ``dispatch.barrier.single`` is ``cython_ext/barrier/single.pyx``, compiled for the level
in use and loaded when it is first asked for. The environment variable ``SHORTGAMMA_CPU`` (``baseline``, ``v3`` or
``v4``) overrides the choice of the level.
"""

from __future__ import annotations

import os
import sys
from functools import cache
from importlib.machinery import EXTENSION_SUFFIXES, ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import cpu

if TYPE_CHECKING:
    from types import ModuleType
    from typing import Any

LEVELS = ("baseline", "v3", "v4")
VARIABLE = "SHORTGAMMA_CPU"
BUILDS = "shortgamma._builds"
FOLDER = os.path.join(os.path.dirname(os.path.dirname(__file__)), "_builds")


def available() -> tuple[str, ...]:
    """The levels that this installation was built for."""
    return tuple(level for level in LEVELS if _is_built(level))


def _is_built(level: str) -> bool:
    return os.path.isdir(os.path.join(FOLDER, level))


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


supported = cpu.level()
wanted = os.environ.get(VARIABLE)
level = choose(supported, wanted)


@cache
def parts(level: str = level) -> tuple[str, ...]:
    """The loops of a level by their paths, ``family.part`` or, of a family of one part, ``family``."""
    paths = []
    for folder, _, files in os.walk(os.path.join(FOLDER, level)):
        family = os.path.relpath(folder, os.path.join(FOLDER, level)).replace(os.sep, ".").lstrip(".")
        stems = {name.partition(".")[0] for name in files if name.endswith(tuple(EXTENSION_SUFFIXES))}
        paths += [f"{family}.{stem}" if family else stem for stem in stems]
    return tuple(sorted(paths))


def load(part: str, level: str = level) -> ModuleType:
    """The loops of a part, compiled for a level."""
    name = f"{BUILDS}.{level}.{part}"
    if name in sys.modules:
        return sys.modules[name]
    path = os.path.join(FOLDER, level, *part.split("."))
    file = next((path + suffix for suffix in EXTENSION_SUFFIXES if os.path.isfile(path + suffix)), None)
    if file is None:
        raise ModuleNotFoundError(f"shortgamma has no loops {part} of level {level}", name=name)
    spec = spec_from_file_location(name, file, loader=ExtensionFileLoader(name, file))
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    # its C code, which is the same at every level, also enters the module under the name that it was translated with
    sys.modules.pop(f"{BUILDS}.{part}", None)
    if calls := getattr(module, "CALLS", ()):
        # it calls the loops of other parts
        module.link(*(load(called, level) for called in calls))
    return module


def ufuncs(part: str, level: str = level) -> dict[str, np.ufunc]:
    """The ufuncs of a part by their names."""
    return {name: value for name, value in vars(load(part, level)).items() if isinstance(value, np.ufunc)}


def arguments_of(ufunc: np.ufunc) -> tuple[list[str], list[str]]:
    """The names of what a ufunc takes and gives, as its loop registered them (``_loop/ufuncs.pxd: register``)."""
    taken, _, given = (ufunc.__doc__ or "").rstrip().rpartition("\n")[2].partition(" -> ")
    return [name.partition(" ")[0] for name in taken.split(", ")], given.split(", ")


def _use(part: str) -> ModuleType:
    module = load(part)
    # under their own names here too, so that a pickle can say where a ufunc is without saying which build
    globals().update(ufuncs(part))
    return module


class Family:
    """The loops of a family, each loaded when it is first asked for."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, part: str) -> ModuleType:
        if part.startswith("_") or f"{self._name}.{part}" not in parts():
            raise AttributeError(f"family {self._name!r} has no loops {part!r}")
        module = _use(f"{self._name}.{part}")
        setattr(self, part, module)
        return module


def __getattr__(name: str) -> Any:
    if name.startswith("_"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if name in parts():
        globals()[name] = _use(name)
        return globals()[name]
    if any(part.startswith(f"{name}.") for part in parts()):
        globals()[name] = Family(name)
        return globals()[name]
    # A ufunc out of a pickle, which names it by this module: the first that holds it, in order of import. So a process
    # on another processor finds its own build. All ufuncs but those of vecmath begin with the name of family or part.
    for part in parts():
        words = tuple(word.rstrip("s") for word in part.split("."))
        if (part == "vecmath" or name.startswith(words)) and name in ufuncs(part):
            return ufuncs(part)[name]
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
