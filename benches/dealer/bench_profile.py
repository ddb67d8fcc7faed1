"""Exposures of a book at many spots: options and spots without a table of both, against the ways of NumPy and numba."""

import math
from functools import cache
from types import SimpleNamespace

import numpy as np
import pytest

import shortgamma as sg
from benches.common import OURS, Case, bench

OPTIONS, SPOTS = 1000, 200
ROOT = 0.3989422804014327


def book():
    random = np.random.default_rng(3)
    arrays = SimpleNamespace(
        spots=np.geomspace(50.0, 200.0, SPOTS),
        strike=100.0 * np.exp(random.normal(0.0, 0.3, OPTIONS)),
        vol=random.uniform(0.2, 0.9, OPTIONS),
        expiry=random.integers(7, 365, OPTIONS) / 365.0,
        quantity=random.normal(0.0, 10.0, OPTIONS),
        call=random.random(OPTIONS) < 0.5,
    )
    arrays.option = np.where(arrays.call, "call", "put")
    arrays.forward = np.full(OPTIONS, 100.0)
    return arrays


def ours(names, **keywords):
    def found(a):
        result = sg.dealer.profile(
            None if "grid" in keywords else a.spots,
            a.strike,
            vol=a.vol,
            expiry=a.expiry,
            quantity=a.quantity,
            option=a.option,
            exposures=names,
            **keywords,
        )
        values = tuple(getattr(result, name) for name in names)
        return values[0] if len(values) == 1 else values

    return found


def along_a_grid(names):
    """The same levels as the spots."""
    return ours(names, grid=(50.0, 200.0, SPOTS))


def parallel(names):
    def found(a):
        result = sg.dealer.profile(
            a.spots,
            a.strike,
            vol=a.vol,
            expiry=a.expiry,
            quantity=a.quantity,
            option=a.option,
            exposures=names,
            forward=a.forward,
            spot=100.0,
            moves="parallel",
        )
        return tuple(getattr(result, name) for name in names)

    return found


def numpy_gamma(a):
    deviation = a.vol * np.sqrt(a.expiry)
    d1 = np.log(a.spots[:, np.newaxis] / a.strike) / deviation + 0.5 * deviation
    return a.spots * (np.exp(-0.5 * d1 * d1) @ (0.01 * ROOT * a.quantity / deviation))


def numpy_shapes(a):
    """Three matrix products."""
    deviation = a.vol * np.sqrt(a.expiry)
    d1 = np.log(a.spots[:, np.newaxis] / a.strike) / deviation + 0.5 * deviation
    density = np.exp(-0.5 * d1 * d1)
    turned = density * (d1 - deviation)
    return (
        a.spots * (density @ (0.01 * ROOT * a.quantity / deviation)),
        a.spots * (turned @ (-0.01 * ROOT * a.quantity / a.vol)),
        a.spots * (turned @ (ROOT * a.quantity / (730.0 * a.expiry))),
    )


def numpy_units(a):
    ndtr = pytest.importorskip("scipy.special").ndtr
    deviation = a.vol * np.sqrt(a.expiry)
    d1 = np.log(a.spots[:, np.newaxis] / a.strike) / deviation + 0.5 * deviation
    return (ndtr(d1) - ~a.call) @ a.quantity


@cache
def numba_loop():
    njit = pytest.importorskip("numba").njit

    @njit(error_model="numpy")
    def loop(spots, strike, vol, expiry, quantity):
        out = np.zeros((3, spots.size))
        for j in range(spots.size):
            for i in range(strike.size):
                deviation = vol[i] * math.sqrt(expiry[i])
                d1 = math.log(spots[j] / strike[i]) / deviation + 0.5 * deviation
                density = 0.3989422804014327 * math.exp(-0.5 * d1 * d1) * quantity[i] * spots[j]
                out[0, j] += 0.01 * density / deviation
                out[1, j] -= 0.01 * density * (d1 - deviation) / vol[i]
                out[2, j] += density * (d1 - deviation) / (730.0 * expiry[i])
        return out

    return loop


def numba_shapes(a):
    return tuple(numba_loop()(a.spots, a.strike, a.vol, a.expiry, a.quantity))


PAIRS = OPTIONS * SPOTS
CASES = [
    Case(
        "dealer: gamma, an option and a spot",
        ("dealer_profile_gamma",),
        PAIRS,
        "ndtr",
        book,
        {OURS: ours(("gamma_percent",)), "NumPy": numpy_gamma},
        tolerance=1e-12,
    ),
    Case(
        "dealer: gamma, vanna and charm",
        ("dealer_profile_shapes",),
        PAIRS,
        "ndtr",
        book,
        {
            OURS: ours(("gamma_percent", "vanna_point", "charm_day")),
            "NumPy": numpy_shapes,
            "numba": numba_shapes,
        },
        tolerance=1e-12,
    ),
    Case(
        "dealer: gamma along a grid",
        ("dealer_profile_even_gamma",),
        PAIRS,
        "ndtr",
        book,
        {OURS: along_a_grid(("gamma_percent",)), "NumPy": numpy_gamma},
        tolerance=1e-12,
    ),
    Case(
        "dealer: gamma, vanna and charm along a grid",
        ("dealer_profile_even_shapes",),
        PAIRS,
        "ndtr",
        book,
        {
            OURS: along_a_grid(("gamma_percent", "vanna_point", "charm_day")),
            "NumPy": numpy_shapes,
            "numba": numba_shapes,
        },
        tolerance=1e-12,
    ),
    Case(
        "dealer: delta",
        ("dealer_profile_units",),
        PAIRS,
        "ndtr",
        book,
        {OURS: ours(("units",)), "NumPy": numpy_units},
        tolerance=1e-12,
    ),
    Case(
        "dealer: all exposures",
        ("dealer_profile",),
        PAIRS,
        "ndtr",
        book,
        {OURS: ours(("gamma_percent", "delta", "vega_point"))},
    ),
    Case(
        "dealer: gamma, forwards moved in parallel",
        ("dealer_profile_parallel_gamma",),
        PAIRS,
        "ndtr",
        book,
        {OURS: parallel(("gamma_percent",))},
    ),
    Case(
        "dealer: all exposures, forwards moved in parallel",
        ("dealer_profile_parallel",),
        PAIRS,
        "ndtr",
        book,
        {OURS: parallel(("gamma_percent", "delta"))},
    ),
]
test_speed = bench(CASES)
