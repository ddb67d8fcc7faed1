"""Barrier options and touches: price and every Greek, in one fused pass.

Units: ``expiry`` in years; ``vol``, ``rate``, ``dividend`` per year, continuously compounded. Vega is per 1.00 of vol,
rho per 1.00 of rate; theta, charm, color and veta are per year of calendar time (dV/dt = -dV/dT).

The modules: ``single`` (one barrier), ``binary`` (touches and binary options), ``discrete`` (watched on dates,
exactly), ``extended`` (watched for part of the time, soft, on another asset), ``inverse`` (from a price back),
``notes`` (reverse convertibles, autocallables), ``terms`` (state, quanto).
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from shortgamma.barrier.binary import binary_greeks, binary_price, touch_greeks, touch_price
from shortgamma.barrier.single import (
    BarrierGreeks,
    charm,
    color,
    delta,
    gamma,
    greeks,
    price,
    rho,
    rho_dividend,
    speed,
    theta,
    vanna,
    vega,
    veta,
    volga,
    zomma,
)
from shortgamma.barrier.terms import quanto_dividend, status

if TYPE_CHECKING:
    from shortgamma.barrier.discrete import DiscreteGreeks, discrete_greeks, discrete_price
    from shortgamma.barrier.extended import partial_time_price, soft_price, two_asset_price
    from shortgamma.barrier.inverse import Solutions, barrier_for_price, implied_vol
    from shortgamma.barrier.notes import NoteGreeks, autocallable, reverse_convertible

# Where the names are that are loaded when they are first asked for.
_LATER = {
    "DiscreteGreeks": "discrete",
    "discrete_greeks": "discrete",
    "discrete_price": "discrete",
    "partial_time_price": "extended",
    "soft_price": "extended",
    "two_asset_price": "extended",
    "Solutions": "inverse",
    "barrier_for_price": "inverse",
    "implied_vol": "inverse",
    "NoteGreeks": "notes",
    "autocallable": "notes",
    "reverse_convertible": "notes",
}

__all__ = [
    "BarrierGreeks",
    "DiscreteGreeks",
    "NoteGreeks",
    "Solutions",
    "autocallable",
    "barrier_for_price",
    "binary_greeks",
    "binary_price",
    "charm",
    "color",
    "delta",
    "discrete_greeks",
    "discrete_price",
    "gamma",
    "greeks",
    "implied_vol",
    "partial_time_price",
    "price",
    "quanto_dividend",
    "reverse_convertible",
    "rho",
    "rho_dividend",
    "soft_price",
    "speed",
    "status",
    "theta",
    "touch_greeks",
    "touch_price",
    "two_asset_price",
    "vanna",
    "vega",
    "veta",
    "volga",
    "zomma",
]


def __getattr__(name: str) -> Any:
    if name in _LATER:
        value = getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
