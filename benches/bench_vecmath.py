"""Elementary functions against SciPy's and NumPy's."""

from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

COUNT = 100_000
# name -> module and name of the same function elsewhere, and the range of arguments
PEERS = {
    "exp": ("numpy", "exp", -20.0, 20.0),
    "expm1": ("numpy", "expm1", -5.0, 5.0),
    "log": ("numpy", "log", 0.01, 100.0),
    "log1p": ("numpy", "log1p", -0.9, 5.0),
    "erfc": ("scipy.special", "erfc", -3.0, 5.0),
    "erfcx": ("scipy.special", "erfcx", 0.0, 10.0),
    "normal_cdf": ("scipy.special", "ndtr", None, None),
    "normal_pdf": ("scipy.stats.norm", "pdf", -5.0, 5.0),
}


def case(name):
    module, other, low, high = PEERS[name]

    def setup():
        random = np.random.default_rng(1)
        x = 2.0 * random.standard_normal(COUNT) if low is None else random.uniform(low, high, COUNT)
        return SimpleNamespace(x=x, out=np.empty(COUNT), peer_out=np.empty(COUNT))

    ours = getattr(sg.vecmath, name)

    def peer(arrays):
        if name == "normal_pdf":
            return np.exp(-0.5 * arrays.x * arrays.x) * 0.3989422804014327
        return getattr(pytest.importorskip(module), other)(arrays.x, out=arrays.peer_out)

    way = "SciPy" if module == "scipy.special" else "NumPy"
    ways = {OURS: lambda arrays: ours(arrays.x, out=arrays.out), way: peer}
    return Case(f"vecmath.{name}", (name,), COUNT, "ndtr", setup, ways, 1e-14)


CASES = [case(name) for name in PEERS]
test_speed = bench(CASES)
