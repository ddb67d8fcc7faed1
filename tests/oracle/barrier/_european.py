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
