"""The eight functions in high precision, and errors counted in units in the last place."""

from collections.abc import Callable

import mpmath as mp
import numpy as np

import shortgamma as sg

DIGITS = 60


FAR = 10**4
"""Beyond this the exponential functions are 0 or infinite in doubles, and slow or impossible in mpmath."""


def _exp(x: mp.mpf) -> mp.mpf:
    return mp.exp(x) if abs(x) < FAR else mp.inf if x > 0 else mp.mpf(0)


def _erfc(x: mp.mpf) -> mp.mpf:
    return mp.erfc(x) if abs(x) < FAR else mp.mpf(0) if x > 0 else mp.mpf(2)


def _erfcx(x: mp.mpf) -> mp.mpf:
    if x < -FAR:
        return mp.inf
    if x < 100:
        return mp.exp(x * x) * mp.erfc(x)
    # The asymptotic series, whose terms here fall below 60 digits long before they grow again.
    total = term = mp.mpf(1)
    for k in range(1, 60):
        term *= -(2 * k - 1) / (2 * x * x)
        total += term
    return total / (x * mp.sqrt(mp.pi))


def _log(x: mp.mpf) -> mp.mpf:
    return mp.log(x) if x > 0 else (-mp.inf if x == 0 else mp.nan)


def _log1p(x: mp.mpf) -> mp.mpf:
    return mp.log1p(x) if x > -1 else (-mp.inf if x == -1 else mp.nan)


FUNCTIONS: dict[str, Callable[[mp.mpf], mp.mpf]] = {
    "exp": _exp,
    "expm1": lambda x: mp.expm1(x) if abs(x) < FAR else _exp(x) - 1,
    "log": _log,
    "log1p": _log1p,
    "erfc": _erfc,
    "erfcx": _erfcx,
    "normal_cdf": lambda x: _erfc(-x / mp.sqrt(2)) / 2,
    "normal_pdf": lambda x: _exp(-x * x / 2) / mp.sqrt(2 * mp.pi),
}

# What a regime is called, and between which arguments it lies; "exponents" draws the power of two evenly.
REGIMES: dict[str, dict[str, tuple[float, float]]] = {
    "exp": {"central": (-1, 1), "range": (-708, 709.7), "subnormal result": (-745.1, -708.4)},
    "expm1": {"small": (-0.01, 0.01), "central": (-2, 2), "range": (-40, 709.7)},
    "log": {"near 1": (0.9, 1.1), "central": (0.1, 10), "exponents": (2.0**-1074, 1.79e308)},
    "log1p": {"small": (-0.01, 0.01), "near -1": (-1 + 2**-53, -0.9), "exponents": (2.0**-1074, 1.79e308)},
    "erfc": {"central": (-3, 3), "tail": (3, 26.5), "subnormal result": (26.55, 27.2)},
    "erfcx": {
        "growing": (-26.6, -1),
        "central": (-1, 3),
        "tail": (3, 50),
        "exponents": (2.0**-1074, 1.79e308),
    },
    "normal_cdf": {
        "central": (-3, 3),
        "tail": (-37.5, -3),
        "subnormal result": (-38.4, -37.55),
        "upper": (3, 9),
    },
    "normal_pdf": {"central": (-3, 3), "tail": (3, 37.5), "subnormal result": (37.65, 38.5)},
}


def arguments(name: str, regime: str, count: int, seed: int = 0) -> np.ndarray:
    """Random arguments of a regime, its ends among them."""
    low, high = REGIMES[name][regime]
    random = np.random.default_rng([seed, count, *regime.encode()])
    if regime == "exponents":
        draws = np.exp2(random.uniform(np.log2(low), np.log2(high), count))
    else:
        draws = random.uniform(low, high, count)
    return np.concatenate([[low, high], draws])


def error(name: str, x: float, y: float) -> float:
    """|y - f(x)| in units in the last place of f(x), which near 0 is the smallest subnormal number."""
    with mp.workdps(DIGITS):
        exact = FUNCTIONS[name](mp.mpf(x))
        if mp.isinf(exact) or mp.isnan(exact) or abs(exact) > mp.mpf(1.7976931348623157e308):
            same = (np.isinf(y) and np.sign(y) == mp.sign(exact)) or (mp.isnan(exact) and np.isnan(y))
            return 0.0 if same else np.inf
        if not np.isfinite(y):
            return np.inf
        size = float(abs(exact))
        unit = np.spacing(size) if size > 0 else 5e-324
        return float(abs(mp.mpf(y) - exact) / mp.mpf(float(unit)))


def worst_errors(count: int = 300, seed: int = 0) -> list[tuple[str, str, float]]:
    """Rows of function, regime and worst error in units in the last place."""
    rows = []
    for name, regimes in REGIMES.items():
        for regime in regimes:
            x = arguments(name, regime, count, seed)
            with np.errstate(all="ignore"):
                y = getattr(sg.vecmath, name)(x)
            worst = max(error(name, float(a), float(b)) for a, b in zip(x, y, strict=True))
            rows.append((name, regime, worst))
    return rows
