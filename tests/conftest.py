"""Hypothesis profiles and the folder of market files."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# One set of examples for all in CI, so that a failure there is a failure everywhere; new ones every night.
settings.register_profile("dev", max_examples=100, deadline=None)
settings.register_profile("ci", max_examples=100, deadline=None, derandomize=True, print_blob=True)
settings.register_profile(
    "nightly", max_examples=5000, deadline=None, print_blob=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE") or ("ci" if os.environ.get("CI") else "dev"))


@pytest.fixture(scope="session")
def market():
    """The folder of market files, which are not part of the project."""
    named = os.environ.get("SHORTGAMMA_MARKET")
    folder = Path(named) if named else Path(__file__).resolve().parents[2] / "shared" / "market"
    if not folder.is_dir():
        pytest.skip(f"no market files: {folder} is absent (SHORTGAMMA_MARKET names another folder)")
    return folder


@pytest.fixture(scope="session")
def reference(market):
    """The folder of numbers worked out from market files, beside them."""
    folder = market.parent / "reference"
    if not folder.is_dir():
        pytest.skip(f"no reference numbers: {folder} is absent")
    return folder
