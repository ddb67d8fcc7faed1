"""Twin of barrier options watched on dates: the living option itself, carried back on even panels.

Nothing is shared with the kernel but the definition: V just after date k is the discounted expectation of V just
before date k + 1, an integral over the normal log-return by Gauss-Legendre panels two step deviations wide, with a
break at the strike. A knock-out lives between the barriers; on a date at or beyond one it turns into the rebate. A
knock-in turns into the plain option there, and is its rebate at expiry if it lives.
"""

from itertools import pairwise

import numpy as np
from scipy.special import ndtr

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(20)


def vanilla(spot, strike, vol, expiry, rate, dividend, call):
    side = 1.0 if call else -1.0
    if expiry <= 0.0:
        return np.maximum(side * (spot - strike), 0.0)
    deviation = vol * np.sqrt(expiry)
    first = (np.log(spot / strike) + (rate - dividend) * expiry) / deviation + deviation / 2.0
    asset = spot * np.exp(-dividend * expiry) * ndtr(side * first)
    return side * (asset - strike * np.exp(-rate * expiry) * ndtr(side * (first - deviation)))


def panels(edges, width):
    x, w = [], []
    for low, high in pairwise(edges):
        cuts = np.linspace(low, high, max(1, int(np.ceil((high - low) / width))) + 1)
        for a, b in pairwise(cuts):
            x.append((a + b) / 2.0 + (b - a) / 2.0 * POINTS)
            w.append((b - a) / 2.0 * WEIGHTS)
    return np.concatenate(x), np.concatenate(w)


def price(spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, dates, knock_out, call, at_expiry=False):
    """One option; lower may be 0 and upper infinite."""
    step = expiry / dates
    deviation = vol * np.sqrt(step)
    drift = (rate - dividend) * step - deviation**2 / 2.0
    x = np.log(spot)
    far = 9.0 * vol * np.sqrt(expiry) + (abs(rate - dividend) + vol**2) * expiry + 9.0 * deviation
    bounds = [np.log(b) if 0.0 < b < np.inf else None for b in (lower, upper)]
    low, high = x - far, x + far
    inner = [b for b in (*bounds, np.log(strike)) if b is not None and low < b < high]
    y, w = panels(sorted({low, high, *inner}), 2.0 * deviation)
    prices = np.exp(y)
    alive = (prices > lower) & (prices < upper)

    def knocked(left):
        if not knock_out:
            return vanilla(prices, strike, vol, left, rate, dividend, call)
        return np.full(len(y), rebate * (np.exp(-rate * left) if at_expiry else 1.0))

    value = vanilla(prices, strike, vol, 0.0, rate, dividend, call) if knock_out else np.full(len(y), rebate)
    value = np.where(alive, value, knocked(0.0))
    discount = np.exp(-rate * step)

    def back(points):
        z = (y[None, :] - points[:, None] - drift) / deviation
        density = np.where(np.abs(z) < 10.0, np.exp(-0.5 * z * z), 0.0) / (np.sqrt(2.0 * np.pi) * deviation)
        return discount * density * w

    if dates > 1:
        matrix = back(y)
        for k in range(int(dates) - 1, 0, -1):
            value = np.where(alive, matrix @ value, knocked((dates - k) * step))
    return float((back(np.array([x])) @ value)[0])
