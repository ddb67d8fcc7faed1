"""Whatever a public function or class is called with: an answer, or an error that it documents; inputs as they were."""

import os

import hostile
import numpy as np
import pytest

COUNT = int(os.environ.get("SHORTGAMMA_HOSTILE_CALLS", "20"))
SEED = int(os.environ.get("SHORTGAMMA_HOSTILE_SEED", "0"))
# of NumPy's own class, with tests of their own
PUBLIC = [(name, value) for name, value in hostile.public() if not isinstance(value, np.ufunc)]


@pytest.mark.parametrize(("name", "value"), PUBLIC, ids=[name for name, _ in PUBLIC])
def test_hostile_calls(name, value):
    if name.startswith("plot."):
        pytest.importorskip("matplotlib").use("agg")
    assert not list(hostile.faults(name, value, SEED, COUNT))


def test_functions_have_examples():
    """Those without one would go untried."""
    found = [name for name, value in PUBLIC if not isinstance(value, type) and not hostile.calls(name, value)]
    assert found == []
