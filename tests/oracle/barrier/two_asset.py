"""Twin of barriers on another asset: one integral over that asset's price at expiry.

Its density is that of the paths that did not touch the barrier. Given it, the first asset is lognormal, with what
volatility is left.
"""

import math

import numpy as np

from oracle.barrier._european import panels, vanilla


def price(
    spot, strike, other, barrier, vol, other_vol, correlation, expiry, rate, dividend, other_dividend, kind, option
):
    up = kind.startswith("up")
    x, h, s = math.log(other), math.log(barrier), other_vol * math.sqrt(expiry)
    m = (rate - other_dividend - other_vol**2 / 2.0) * expiry
    y, w = panels(x + m - 9.5 * s, x + m, h, x + m + 9.5 * s)
    image = math.exp((2.0 * (rate - other_dividend) / other_vol**2 - 1.0) * (h - x))
    killed = np.exp(-0.5 * ((y - x - m) / s) ** 2) - image * np.exp(-0.5 * ((y - 2.0 * h + x - m) / s) ** 2)
    killed = np.where(y >= h if up else y <= h, 0.0, killed) / (s * math.sqrt(2.0 * math.pi))
    shift = correlation * vol * math.sqrt(expiry) * (y - x - m) / s - 0.5 * correlation**2 * vol**2 * expiry
    rest = vol * math.sqrt(1.0 - correlation**2)
    alive = float((killed * vanilla(spot * np.exp(shift), strike, rest, expiry, rate, dividend, option)) @ w)
    return alive if kind.endswith("out") else float(vanilla(spot, strike, vol, expiry, rate, dividend, option)) - alive
