"""Barrier options and touches: price and every Greek, in one fused pass.

Units: ``expiry`` in years; ``vol``, ``rate``, ``dividend`` per year, continuously compounded. Vega is per 1.00 of vol,
rho per 1.00 of rate; theta, charm, color and veta are per year of calendar time (dV/dt = -dV/dT).

The modules: ``single`` (one barrier), ``binary`` (touches and binary options), ``terms`` (state, quanto), and, loaded
when asked for, ``double`` (two barriers), ``discrete`` (watched on dates, exactly), ``extended`` (watched for part of
the time, soft, on another asset), ``inverse`` (from a price back), ``notes`` (reverse convertibles, autocallables).
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
