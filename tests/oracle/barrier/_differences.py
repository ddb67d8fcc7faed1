"""Every Greek against central differences of the one below it."""

import pytest

STEP = 1e-5
PARENTS = (
    ("delta", "spot", "price"), ("gamma", "spot", "delta"), ("speed", "spot", "gamma"), ("vega", "vol", "price"),
    ("vanna", "vol", "delta"), ("volga", "vol", "vega"), ("zomma", "vol", "gamma"), ("rho", "rate", "price"),
    ("rho_dividend", "dividend", "price"), ("theta", "time", "price"), ("charm", "time", "delta"),
    ("color", "time", "gamma"), ("veta", "time", "vega"),
)  # fmt: skip


def compare(greeks, moved, spot, later, rel=2e-6):
    """``moved(spot=, **steps)`` gives the Greeks of moved inputs, ``later`` are the steps of so much time."""
    for name, by, parent in PARENTS:
        if by == "spot":
            h = 1e-5 * spot
            above, below = (moved(spot=spot + sign * h) for sign in (1.0, -1.0))
        elif by == "time":
            h = STEP
            above, below = moved(**later), moved(**{key: -step for key, step in later.items()})
        else:
            h = STEP
            above, below = moved(**{by: h}), moved(**{by: -h})
        expected = float(getattr(above, parent) - getattr(below, parent)) / (2.0 * h)
        assert float(getattr(greeks, name)) == pytest.approx(expected, rel=rel, abs=2e-7), name
