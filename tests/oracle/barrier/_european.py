"""The plain option, and integrals over intervals by many panels: what twins of other barriers are made of."""

import math
from itertools import pairwise

import numpy as np
from scipy.special import ndtr

POINTS, WEIGHTS = np.polynomial.legendre.leggauss(40)


def panels(*edges):
    """Nodes and weights of an integral over neighbouring intervals, each in four panels."""
    edges = sorted(edges)
    cuts = np.unique(np.concatenate([np.linspace(a, b, 9) for a, b in pairwise(edges)]))
    half, middle = np.diff(cuts) / 2.0, (cuts[1:] + cuts[:-1]) / 2.0
    return (middle[:, None] + half[:, None] * POINTS).ravel(), (half[:, None] * WEIGHTS).ravel()


def vanilla(spot, strike, vol, expiry, rate, dividend, option):
    side = 1.0 if option == "call" else -1.0
    deviation = vol * math.sqrt(expiry)
    first = (np.log(spot / strike) + (rate - dividend) * expiry) / deviation + deviation / 2.0
    asset = spot * math.exp(-dividend * expiry) * ndtr(side * first)
    return side * (asset - strike * math.exp(-rate * expiry) * ndtr(side * (first - deviation)))


def within(spot, strike, low, high, vol, expiry, rate, dividend, option):
    """The plain payoff where the price at expiry lies between two levels."""
    side = 1.0 if option == "call" else -1.0
    low, high = (max(low, strike), high) if option == "call" else (low, min(high, strike))
    if not low < high:
        return 0.0 * spot
    deviation = vol * math.sqrt(expiry)

    def beyond(level, shift):
        if level in (0.0, math.inf):
            return np.full_like(spot, float(level == 0.0))
        return ndtr((np.log(spot / level) + (rate - dividend) * expiry) / deviation + shift * deviation)

    asset = spot * math.exp(-dividend * expiry) * (beyond(low, 0.5) - beyond(high, 0.5))
    cash = strike * math.exp(-rate * expiry) * (beyond(low, -0.5) - beyond(high, -0.5))
    return side * (asset - cash)


def knock_out(spot, strike, barrier, vol, expiry, rate, dividend, option, up):
    """A barrier that is always watched: the payoff on its living side, less that of the image of the spot in it."""
    low, high = (0.0, barrier) if up else (barrier, math.inf)
    terms = (strike, low, high, vol, expiry, rate, dividend, option)
    image = (barrier / spot) ** (2.0 * (rate - dividend) / vol**2 - 1.0)
    alive = within(spot, *terms) - image * within(barrier**2 / spot, *terms)
    return np.where((spot >= barrier) if up else (spot <= barrier), 0.0, alive)
