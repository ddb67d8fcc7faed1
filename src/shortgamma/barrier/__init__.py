"""Barrier options and touches: price and every Greek, in one fused pass.

Units: ``expiry`` in years; ``vol``, ``rate``, ``dividend`` per year, continuously compounded. Vega is per 1.00 of vol,
rho per 1.00 of rate; theta, charm, color and veta are per year of calendar time (dV/dt = -dV/dT).

The modules: ``single`` (one barrier), ``binary`` (touches and binary options), ``terms`` (state, quanto), ``double``
(two barriers), ``discrete`` (watched on dates, exactly), ``partial_time`` (watched for part of the time), ``soft``
(between two levels), ``two_asset`` (the barrier on another asset), ``inverse`` (volatility or barrier from a price) and
``notes`` (reverse convertibles, autocallables). Each is loaded when one of its functions is first used.
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
