"""Tables of exactness: worst errors by regime, against mpmath.

``python -m benches.accuracy`` prints them; mpmath and the twins of ``tests/oracle`` are what they are measured with.
"""

import argparse
import math
import sys
from pathlib import Path

import numpy as np

import shortgamma as sg
from benches.text import table

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

KINDS = ("down-in", "down-out", "up-in", "up-out")
OPTIONS = ("call", "put")
FLOOR = 0.01
"""Errors are relative to the number, or to this part of its natural size where the number is smaller."""

ORDINARY = {"distance": (0.01, 0.6), "vol": (0.1, 1.0), "expiry": (0.05, 3.0), "rates": (-0.05, 0.12)}
REGIMES = {
    "ordinary": {},
    "close": {"distance": (1e-9, 1e-3)},
    "far": {"distance": (0.6, 3.0)},
    "short": {"expiry": (1e-4, 0.02)},
    "long": {"expiry": (5.0, 50.0)},
    "low vol": {"vol": (0.01, 0.08)},
    "high vol": {"vol": (1.0, 5.0)},
    "odd rates": {"rates": (-0.2, 0.5)},
}
"""What differs from the ordinary: log-distance of the barrier, volatility and expiry evenly in their logarithms."""

DOUBLE_ORDINARY = {"reach": (0.03, 2.0), "width": (0.1, 1.0), "vol": (0.1, 1.0), "place": (0.02, 0.98)}
DOUBLE_REGIMES = {
    "images": {"reach": (0.03, 0.24)},
    "either": {"reach": (0.24, 0.34)},
    "eigenfunctions": {"reach": (0.34, 3.0)},
    "close": {"place": (1e-9, 1e-6)},
    "wide": {"width": (1.0, 4.0), "reach": (0.03, 1.0)},
    "narrow": {"width": (0.01, 0.1), "reach": (0.1, 3.0)},
    "low vol": {"vol": (0.02, 0.1), "width": (0.05, 0.3), "reach": (0.03, 0.6)},
}
"""Two barriers: vol sqrt(expiry) over ln(upper/lower), that logarithm, and how far up in it the spot lies."""
DOUBLE_KINDS = ("knock-in", "knock-out", "kiko", "koki")


def vecmath_rows(count):
    """Rows of function, regime and worst error in units in the last place."""
    from oracle import vecmath

    worst = vecmath.worst_errors(count)
    return [("function", "arguments", "ulp"), *((name, regime, f"{error:.2f}") for name, regime, error in worst)]


def draw(regime, count):
    """Living options of all types, half of them with a rebate."""
    ranges = ORDINARY | REGIMES[regime]
    random = np.random.default_rng([count, *regime.encode()])

    def spread(name):
        return np.exp(random.uniform(*map(math.log, ranges[name]), count))

    spot = 100.0 * np.exp(random.normal(0.0, 0.3, count))
    kind = random.choice(KINDS, count)
    side = np.where(np.char.startswith(kind, "up"), 1.0, -1.0)
    return {
        "spot": spot,
        "strike": spot * np.exp(random.normal(0.0, 0.25, count)),
        "barrier": spot * np.exp(side * spread("distance")),
        "vol": spread("vol"),
        "expiry": spread("expiry"),
        "rate": random.uniform(*ranges["rates"], count),
        "dividend": random.uniform(*ranges["rates"], count),
        "rebate": np.where(random.random(count) < 0.5, 0.0, random.uniform(0.0, 10.0, count)),
        "kind": kind,
        "option": random.choice(OPTIONS, count),
    }


def barrier_errors(regime, count):
    """Worst error of each output, and the option where it is."""
    from oracle import barrier

    options = draw(regime, count)
    results = sg.barrier.greeks(**options, order=2)
    errors = np.empty((len(barrier.NAMES), count))
    for i in range(count):
        option = {name: column[i].item() for name, column in options.items()}
        exact = barrier.outputs(**option, digits=50)
        scales = barrier.scales(option["spot"], option["vol"], option["expiry"])
        for j, (name, value, scale) in enumerate(zip(barrier.NAMES, exact, scales, strict=True)):
            # the difference in mpmath: as a double the exact value has an error of its own
            error = abs(getattr(results, name)[i].item() - value)
            errors[j, i] = float(error / max(abs(value), FLOOR * scale))
    return errors.max(axis=1), errors.argmax(axis=1), options


def barrier_rows(count):
    """Rows of output and its worst error in each regime."""
    columns = [barrier_errors(regime, count)[0] for regime in REGIMES]
    names = sg.barrier.BarrierGreeks._fields
    rows = [(name, *(f"{error:.0e}" for error in errors)) for name, *errors in zip(names, *columns, strict=True)]
    return [("output", *REGIMES), *rows]


def double_draw(regime, count):
    """Living options of all kinds with two barriers, half of them with a rebate."""
    ranges = DOUBLE_ORDINARY | DOUBLE_REGIMES[regime]
    random = np.random.default_rng([count, *regime.encode()])
    reach, width, vol = (
        np.exp(random.uniform(*map(math.log, ranges[name]), count)) for name in ("reach", "width", "vol")
    )
    spot, place = 100.0 * np.exp(random.normal(0.0, 0.3, count)), random.uniform(*ranges["place"], count)
    lower = spot * np.exp(-place * width)
    return {
        "spot": spot,
        "strike": lower * np.exp(width * random.uniform(-0.2, 1.2, count)),
        "lower": lower,
        "upper": spot * np.exp((1.0 - place) * width),
        "vol": vol,
        "expiry": (reach * width / vol) ** 2,
        "rate": random.uniform(-0.05, 0.12, count),
        "dividend": random.uniform(-0.05, 0.12, count),
        "rebate": np.where(random.random(count) < 0.5, 0.0, random.uniform(0.0, 10.0, count)),
        "kind": random.choice(DOUBLE_KINDS, count),
        "option": random.choice(OPTIONS, count),
        "rebate_at": random.choice(["hit", "expiry"], count),
    }


def double_errors(regime, count):
    """Worst error of each output with two barriers."""
    from oracle import barrier, double_barrier

    options = double_draw(regime, count)
    results = sg.barrier.double_greeks(**options, order=2)
    worst = np.zeros(len(barrier.NAMES))
    for i in range(count):
        option = {name: column[i].item() for name, column in options.items()}
        exact = double_barrier.outputs(**option)
        scales = barrier.scales(option["spot"], option["vol"], option["expiry"])
        for j, (name, value, scale) in enumerate(zip(barrier.NAMES, exact, scales, strict=True)):
            error = abs(getattr(results, name)[i].item() - value)
            worst[j] = max(worst[j], float(error / max(abs(value), FLOOR * scale)))
    return worst


def double_rows(count):
    """Rows of output and its worst error in each regime, with two barriers."""
    columns = [double_errors(regime, count) for regime in DOUBLE_REGIMES]
    names = sg.barrier.BarrierGreeks._fields
    rows = [(name, *(f"{error:.0e}" for error in errors)) for name, *errors in zip(names, *columns, strict=True)]
    return [("two barriers", *DOUBLE_REGIMES), *rows]


def main():
    parser = argparse.ArgumentParser(prog="python -m benches.accuracy", description=__doc__)
    parser.add_argument("--count", type=int, default=50, help="options of each regime, arguments in twenties")
    parser.add_argument("--markdown", action="store_true", help="print the tables as the README holds them")
    options = parser.parse_args()
    print("\n".join(table(vecmath_rows(20 * options.count), {0, 1}, options.markdown)))
    print(f"\nWorst error in units in the last place, of {20 * options.count} random arguments of each row.\n")
    print("\n".join(table(barrier_rows(options.count), {0}, options.markdown)))
    print()
    print("\n".join(table(double_rows(options.count), {0}, options.markdown)))
    print(f"""
Worst relative error, of {options.count} random options of each column, all types, half of them with a rebate. Where a
number is less than {FLOOR:g} of its natural size (spot for the price, 1 for delta, ...), it is relative to that.
{"cpu":10} {sg.show_config("dict")["cpu"]}""")


if __name__ == "__main__":
    main()
