"""Twin of barrier options watched on dates: the living option itself, carried back on even panels.

Nothing is shared with the kernel but the definition: V just after date k is the discounted expectation of V just
before date k + 1, an integral over the normal log-return by Gauss-Legendre panels two step deviations wide, with a
break at the strike. A knock-out lives between the barriers; on a date at or beyond one it turns into the rebate. A
knock-in turns into the plain option there, and is its rebate at expiry if it lives.

Volatility and rates may be complex: the imaginary part of the price over that of an input is the derivative, without
cancellation (Squire and Trapp, SIAM Review 40, 1998).
"""

from itertools import pairwise

import numpy as np
from scipy.special import erfc

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(20)
TINY = 1e-30


def normal_cdf(x):
    """The analytic continuation of the normal distribution function; scipy.special.ndtr has none."""
    return 0.5 * erfc(-x / np.sqrt(2.0))


def vanilla(spot, strike, vol, expiry, rate, dividend, call):
    side = 1.0 if call else -1.0
    if expiry <= 0.0:
        return np.where(side * (spot.real - strike) > 0.0, side * (spot - strike), 0.0)
    deviation = vol * np.sqrt(expiry)
    first = (np.log(spot / strike) + (rate - dividend) * expiry) / deviation + deviation / 2.0
    asset = spot * np.exp(-dividend * expiry) * normal_cdf(side * first)
    return side * (asset - strike * np.exp(-rate * expiry) * normal_cdf(side * (first - deviation)))


def panels(edges, width):
    x, w = [], []
    for low, high in pairwise(edges):
        cuts = np.linspace(low, high, max(1, int(np.ceil((high - low) / width))) + 1)
        for a, b in pairwise(cuts):
            x.append((a + b) / 2.0 + (b - a) / 2.0 * POINTS)
            w.append((b - a) / 2.0 * WEIGHTS)
    return np.concatenate(x), np.concatenate(w)


def price(spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, dates, knock_out, call, at_expiry=False):
    """One option, watched on so many equal dates or on a list of them in years; lower may be 0 and upper infinite."""
    if np.ndim(dates) == 0:
        dates = [expiry * k / dates for k in range(1, int(dates) + 1)]
    drift = rate - dividend - vol * vol / 2.0
    x = np.log(spot)
    far = (9.0 * np.sqrt(expiry) + 9.0 * np.sqrt(max(np.diff([0.0, *dates])))) * np.real(vol)
    far += (abs(np.real(rate - dividend)) + np.real(vol) ** 2) * expiry
    bounds = [np.log(b) if 0.0 < b < np.inf else None for b in (lower, upper)]
    low, high = np.real(x) - far, np.real(x) + far
    inner = [b for b in (*bounds, np.log(strike)) if b is not None and low < b < high]
    shortest = min([*np.diff(dates), dates[0], *([expiry - dates[-1]] if expiry > dates[-1] + 1e-12 else [])])
    y, w = panels(sorted({low, high, *inner}), 2.0 * np.real(vol) * np.sqrt(shortest))
    prices = np.exp(y)
    alive = (prices > lower) & (prices < upper)

    def knocked(left):
        if not knock_out:
            return vanilla(prices, strike, vol, left, rate, dividend, call)
        return np.full(len(y), rebate * (np.exp(-rate * left) if at_expiry else 1.0))

    def living(left):
        if knock_out:
            return vanilla(prices, strike, vol, left, rate, dividend, call)
        return np.full(len(y), rebate * np.exp(-rate * left))

    def back(points, step):
        deviation = vol * np.sqrt(step)
        z = (y[None, :] - points[:, None] - drift * step) / deviation
        density = np.where(np.abs(z.real) < 10.0, np.exp(-0.5 * z * z), 0.0) / (np.sqrt(2.0 * np.pi) * deviation)
        return np.exp(-rate * step) * density * w

    left = expiry - dates[-1] if expiry > dates[-1] + 1e-12 else 0.0
    value = np.where(alive, living(left), knocked(left))
    for k in range(len(dates) - 1, 0, -1):
        value = np.where(alive, back(y, dates[k] - dates[k - 1]) @ value, knocked(expiry - dates[k - 1]))
    return (back(np.array([x]), dates[0]) @ value)[0]


def derivatives(spot, strike, lower, upper, vol, expiry, rate, dividend, *rest):
    """Delta, vega, rho and rho_dividend, each by a complex step."""
    values = {"spot": spot, "vol": vol, "rate": rate, "dividend": dividend}

    def one(name):
        moved = values | {name: values[name] + 1j * TINY}
        value = price(
            moved["spot"], strike, lower, upper, moved["vol"], expiry, moved["rate"], moved["dividend"], *rest
        )
        return float(np.imag(value)) / TINY

    return {
        name: one(key)
        for name, key in (("delta", "spot"), ("vega", "vol"), ("rho", "rate"), ("rho_dividend", "dividend"))
    }
