"""Warnings about numbers that are possible but absurd in the unit that an argument has."""

from __future__ import annotations

import os
import sys

PACKAGE = os.path.dirname(os.path.dirname(__file__))
# The largest size that is taken without a word, and the unit of the argument.
LIMITS = {
    "vol": (5.0, "a volatility is per year, 0.3 for 30 %"),
    "fx_vol": (5.0, "a volatility is per year, 0.3 for 30 %"),
    "other_vol": (5.0, "a volatility is per year, 0.3 for 30 %"),
    "expiry": (25.0, "it is in years, 30 / 365 for 30 days"),
    "years": (50.0, "it is in years, 30 / 365 for 30 days"),
    "rate": (1.0, "rates are fractions, 0.05 for 5 %"),
    "foreign_rate": (1.0, "rates are fractions, 0.05 for 5 %"),
    "dividend": (1.0, "yields are fractions, 0.02 for 2 %"),
    "financing": (1.0, "rates are fractions, 0.05 for 5 %"),
    "spread": (0.25, "a spread is a fraction a year, 0.005 for 0.5 %"),
    "expense": (0.25, "an expense ratio is a fraction a year, 0.0095 for 0.95 %"),
    "annual_fee": (0.25, "a fee is a fraction a year, 0.0095 for 0.95 %"),
    "fee": (0.25, "fees are fractions, 0.001 for 0.1 %"),
    "cost": (0.25, "costs are fractions, 0.001 for 0.1 %"),
    "slippage": (0.25, "slippage is a fraction of the price, 0.001 for 0.1 %"),
}


# What is of no size, as infinities, is judged by the functions.
LARGEST = 1e6


class PlausibilityWarning(UserWarning):
    """A number is possible but absurd in its unit, such as a volatility of 30, which is 3000 % a year."""


def check(**values: object) -> None:
    """Warn of numbers that are absurd in the unit of their argument; arrays are not looked at.

    Parameters
    ----------
    **values : object
        Arguments by the names in ``LIMITS``.
    """
    for name, value in values.items():
        if isinstance(value, float | int) and not isinstance(value, bool):
            limit = LIMITS[name][0]
            if limit < abs(value) < LARGEST:
                warn(name, value)


def warn(name: str, value: object) -> None:
    """Warn of an argument, in the line that called the package."""
    import warnings

    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(PACKAGE):
        level, frame = level + 1, frame.f_back
    warnings.warn(f"{name}={value:g}: {LIMITS[name][1]}", PlausibilityWarning, stacklevel=level)
