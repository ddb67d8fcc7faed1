"""Twin of soft barriers: the mean of hard ones over the range, on many panels even in the logarithm."""

import math

import numpy as np

from oracle.barrier._european import knock_out, panels, vanilla


def price(spot, strike, lower, upper, vol, expiry, rate, dividend, kind, option):
    edges = {lower, upper, *(p for p in (strike, spot) if lower < p < upper)}
    x, w = panels(*(math.log(edge) for edge in edges))
    level = np.exp(x)
    hard = np.array(
        [
            float(knock_out(np.array([spot]), strike, h, vol, expiry, rate, dividend, option, kind.startswith("up"))[0])
            for h in level.tolist()
        ]
    )
    out = float((hard * level) @ w) / (upper - lower)
    return out if kind.endswith("out") else float(vanilla(spot, strike, vol, expiry, rate, dividend, option)) - out
