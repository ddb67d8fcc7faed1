"""Barrier options and touches: price and every Greek, in one fused pass.

Units: ``expiry`` in years; ``vol``, ``rate``, ``dividend`` per year, continuously compounded. Vega is per 1.00 of vol,
rho per 1.00 of rate; theta, charm, color and veta are per year of calendar time (dV/dt = -dV/dT).

The modules: ``single`` (one barrier), ``binary`` (touches and binary options), ``terms`` (state, quanto), and, loaded
when asked for, ``double`` (two barriers), ``discrete`` (watched on dates, exactly), ``extended`` (watched for part of
the time, soft, on another asset), ``inverse`` (from a price back), ``notes`` (reverse convertibles, autocallables).
"""

from typing import TYPE_CHECKING

from shortgamma._later import later
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

if TYPE_CHECKING:
    from shortgamma.barrier.binary import binary_greeks, binary_price, touch_greeks, touch_price
    from shortgamma.barrier.discrete import DiscreteGreeks, discrete_greeks, discrete_price
    from shortgamma.barrier.double import double_greeks, double_price, double_touch_greeks, double_touch_price
    from shortgamma.barrier.extended import partial_time_price, soft_price, two_asset_price
    from shortgamma.barrier.inverse import Solutions, barrier_for_price, implied_vol
    from shortgamma.barrier.notes import NoteGreeks, autocallable, reverse_convertible
    from shortgamma.barrier.terms import QuantoGreeks, quanto_dividend, quanto_greeks, status

__all__ = [
    "BarrierGreeks",
    "DiscreteGreeks",
    "NoteGreeks",
    "QuantoGreeks",
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
    "double_greeks",
    "double_price",
    "double_touch_greeks",
    "double_touch_price",
    "gamma",
    "greeks",
    "implied_vol",
    "partial_time_price",
    "price",
    "quanto_dividend",
    "quanto_greeks",
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

__getattr__, __dir__ = later(
    globals(),
    {
        "DiscreteGreeks": "discrete",
        "NoteGreeks": "notes",
        "QuantoGreeks": "terms",
        "Solutions": "inverse",
        "autocallable": "notes",
        "barrier_for_price": "inverse",
        "binary_greeks": "binary",
        "binary_price": "binary",
        "discrete_greeks": "discrete",
        "discrete_price": "discrete",
        "double_greeks": "double",
        "double_price": "double",
        "double_touch_greeks": "double",
        "double_touch_price": "double",
        "implied_vol": "inverse",
        "partial_time_price": "extended",
        "quanto_dividend": "terms",
        "quanto_greeks": "terms",
        "reverse_convertible": "notes",
        "soft_price": "extended",
        "status": "terms",
        "touch_greeks": "binary",
        "touch_price": "binary",
        "two_asset_price": "extended",
    },
)
