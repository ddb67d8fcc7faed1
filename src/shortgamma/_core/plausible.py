"""Warnings about numbers that are possible but absurd in the unit that an argument has."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import FrameType

PACKAGE = os.path.dirname(os.path.dirname(__file__))
# The largest size that is taken without a word, the unit, and the arguments that have it.
UNITS = (
    (5.0, "a volatility is per year, 0.3 for 30 %", "vol fx_vol other_vol vol_underlying vol_settlement"),
    (25.0, "it is in years, 30 / 365 for 30 days", "expiry"),
    (50.0, "it is in years, 30 / 365 for 30 days", "years"),
    (1.0, "rates are fractions, 0.05 for 5 %", "rate foreign_rate financing"),
    (1.0, "yields are fractions, 0.02 for 2 %", "dividend other_dividend holding_yield"),
    (1.0, "a bonus is a fraction of the nominal, 0.08 for 8 %", "bonus"),
    (1.0, "a coupon is a fraction of the nominal a year, 0.08 for 8 %", "coupon"),
    (0.25, "a spread is a fraction a year, 0.005 for 0.5 %", "spread"),
    (0.25, "an expense ratio is a fraction a year, 0.0095 for 0.95 %", "expense"),
    (0.25, "fees are fractions, 0.001 for 0.1 %", "fee entry_fee exit_fee rebalance_fee subscription redemption"),
    (0.25, "costs are fractions, 0.001 for 0.1 %", "cost"),
    (0.25, "slippage is a fraction of the price, 0.001 for 0.1 %", "slippage"),
    (1.0, "a maintenance margin is a fraction of the value, 0.005 for 0.5 %", "maintenance"),
    (1.0, "a haircut is a fraction, 0.05 for 5 %", "haircut"),
    (500.0, "leverage is a multiple, 3 for three times", "leverage"),
)
LIMITS = {name: (largest, unit) for largest, unit, names in UNITS for name in names.split()}
# Arguments of these names that have another unit: prices, in which nothing is absurd.
IN_PRICES = {"normal_price": {"vol"}, "execution_schedule": {"vol", "spread"}}

# And those that are absurd sooner: nobody holds a margined position for years.
SOONER = {name: {"expiry": 3.0} for name in ("breach_probability", "account_breach_probability")}

# What is of no size, as infinities, is judged by the functions.
LARGEST = 1e6


class PlausibilityWarning(UserWarning):
    """A number is possible but absurd in its unit, such as a volatility of 30, which is 3000 % a year."""


def limits_of(function: str, names: Iterable[str]) -> dict[str, float]:
    """The largest plausible number of each argument that has one."""
    apart = IN_PRICES.get(function, set())
    sooner = SOONER.get(function, {})
    return {name: sooner.get(name, LIMITS[name][0]) for name in names if name in LIMITS and name not in apart}


def check(**values: object) -> None:
    """Warn of numbers that are absurd in the unit of their argument; arrays are not looked at.

    Parameters
    ----------
    **values : object
        Arguments by name.
    """
    for name, value in values.items():
        if name in LIMITS and isinstance(value, float | int) and not isinstance(value, bool):
            limit = LIMITS[name][0]
            if limit < abs(value) < LARGEST:
                warn(name, value)


def warn(name: str, value: object) -> None:
    """Warn of an argument, in the line that called the package."""
    import warnings

    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and _is_inside(frame):
        level, frame = level + 1, frame.f_back
    warnings.warn(f"{name}={value:g}: {LIMITS[name][1]}", PlausibilityWarning, stacklevel=level)


def _is_inside(frame: FrameType) -> bool:
    """Whether a frame is of this package, or of ``dataclasses.replace`` that it calls."""
    return frame.f_code.co_filename.startswith(PACKAGE) or frame.f_globals.get("__name__") == "dataclasses"
