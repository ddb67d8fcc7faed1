"""What this installation is and which of its builds runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import cpu, dispatch
from shortgamma._version import __version__

if TYPE_CHECKING:
    from typing import Any, Literal


def show_config(mode: Literal["print", "dict"] = "print") -> dict[str, Any] | None:
    """Print or return the version, the builds, and the one in use.

    Parameters
    ----------
    mode : {"print", "dict"}, default "print"
        Whether to print the facts or to return them.

    Returns
    -------
    dict or None
        With ``mode="dict"``: ``version``, ``python``, ``numpy``, ``machine``, ``builds`` (what was compiled),
        ``fallback`` (the build among them that was compiled quickly, for other processors than the one that built
        it, or None), ``supported`` (the best that the processor runs), ``cpu`` (the one in use) and
        ``override`` (``SHORTGAMMA_CPU``, or None).

    Raises
    ------
    ValueError
        If ``mode`` is neither.
    """
    import platform

    if mode not in ("print", "dict"):
        raise ValueError(f"mode must be 'print' or 'dict', got {mode!r}")
    facts = {
        "version": __version__,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": f"{platform.system()} {platform.machine()}",
        "builds": dispatch.available(),
        "fallback": cpu.FALLBACK or None,
        "supported": dispatch.supported,
        "cpu": dispatch.level,
        "override": dispatch.wanted,
    }
    if mode == "dict":
        return facts
    for name, fact in facts.items():
        print(f"{name:10} {', '.join(fact) if isinstance(fact, tuple) else fact}")
    return None


def get_include() -> str:
    """Folder of the C headers behind ``cimport shortgamma.kernels``, for ``include_dirs``."""
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("shortgamma.kernels")
    if spec is None or spec.origin is None:
        raise ImportError("shortgamma.kernels is not installed")
    return str(Path(spec.origin).parent)
