"""Scalars that are absurd for their unit warn; arrays and ordinary numbers do not, and neither does what is refused."""

import warnings

import numpy as np
import pytest

import shortgamma as sg
from shortgamma._core.plausible import LIMITS, check

OPTION = {"vol": 0.3, "expiry": 0.5, "kind": "down-in", "option": "put"}


def price(**terms):
    return sg.barrier.price(100.0, 95.0, 80.0, **{**OPTION, **terms})


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"vol": 30}, "vol=30: a volatility is per year, 0.3 for 30 %"),
        ({"expiry": 365.0}, "expiry=365: it is in years, 30 / 365 for 30 days"),
        ({"expiry": 30}, "expiry=30: it is in years"),
        ({"rate": 5.0}, "rate=5: rates are fractions, 0.05 for 5 %"),
        ({"dividend": -2.0}, "dividend=-2: yields are fractions"),
    ],
)
def test_absurd_scalars_warn(terms, said):
    with pytest.warns(sg.PlausibilityWarning) as caught:
        price(**terms)
    assert str(caught[0].message).startswith(said)
    assert caught[0].filename == __file__


def test_positional_arguments_warn():
    with pytest.warns(sg.PlausibilityWarning, match="^vol=20: "):
        sg.leverage.volatility_drag(3.0, 20.0, 1.0)


def test_python_callers_warn():
    for name, (limit, _) in LIMITS.items():
        with pytest.warns(sg.PlausibilityWarning, match=f"^{name}="):
            check(**{name: 1.5 * limit})


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"vol": 2.0},
        {"expiry": 20.0},
        {"rate": -0.5},
        {"vol": np.array([30.0])},
        {"expiry": [365.0]},
        {"rate": np.nan},
    ],
)
def test_others_do_not(terms):
    with warnings.catch_warnings():
        warnings.simplefilter("error", sg.PlausibilityWarning)
        price(**terms)


def test_what_is_of_no_size_does_not():
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("error", sg.PlausibilityWarning)
        for name in ("vol", "expiry", "rate", "dividend"):
            for value in (np.inf, -np.inf, 1e300):
                price(**{name: value})


def test_a_warning_can_be_an_error():
    with warnings.catch_warnings():
        warnings.simplefilter("error", sg.PlausibilityWarning)
        with pytest.raises(sg.PlausibilityWarning):
            price(vol=30.0)
