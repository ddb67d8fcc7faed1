"""Barrier options and touches: price and every Greek, in one fused pass, continuously monitored.

Units: ``expiry`` in years; ``vol``, ``rate``, ``dividend`` per year, continuously compounded. Vega is per 1.00 of vol,
rho per 1.00 of rate; theta, charm, color and veta are per year of calendar time (dV/dt = -dV/dT).

The modules: ``single`` (one barrier), ``binary`` (touches and binary options), ``double`` (two barriers), ``terms``
(state, quanto).
"""

from shortgamma.barrier.binary import binary_greeks, binary_price, touch_greeks, touch_price
from shortgamma.barrier.double import double_greeks, double_price, double_touch_greeks, double_touch_price
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

__all__ = [
    "BarrierGreeks",
    "binary_greeks",
    "binary_price",
    "charm",
    "color",
    "delta",
    "double_greeks",
    "double_price",
    "double_touch_greeks",
    "double_touch_price",
    "gamma",
    "greeks",
    "price",
    "quanto_dividend",
    "rho",
    "rho_dividend",
    "speed",
    "status",
    "theta",
    "touch_greeks",
    "touch_price",
    "vanna",
    "vega",
    "veta",
    "volga",
    "zomma",
]
