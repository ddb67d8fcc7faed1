"""Twin of barriers that are watched for part of the time: one integral over the price at the moment.

What the option is worth then is the plain one, under the density of the paths that did not touch the barrier, or one
with a barrier that is always watched, of `single` by its textbook formula.
"""

import math

import numpy as np

from oracle.barrier._european import knock_out, panels, vanilla


def price(spot, strike, barrier, vol, expiry, rate, dividend, moment, kind, option, window):
    left = expiry - moment
    up, out = kind.startswith("up"), kind.endswith("out")
    x, h = math.log(spot), math.log(barrier)
    s, m = vol * math.sqrt(moment), (rate - dividend - vol**2 / 2.0) * moment
    y, w = panels(x + m - 9.5 * s, x + m, h, x + m + 9.5 * s)
    density = np.exp(-0.5 * ((y - x - m) / s) ** 2) / (s * math.sqrt(2.0 * math.pi))
    beyond = y >= h if up else y <= h
    if window == "start":
        image = math.exp((2.0 * (rate - dividend) / vol**2 - 1.0) * (h - x))
        killed = density - image * np.exp(-0.5 * ((y - 2.0 * h + x - m) / s) ** 2) / (s * math.sqrt(2.0 * math.pi))
        knocked = spot >= barrier if up else spot <= barrier
        free = vanilla(np.exp(y), strike, vol, left, rate, dividend, option)
        alive = np.where(beyond, 0.0, killed * free) * (not knocked)
    else:
        below, above = (
            knock_out(np.exp(y), strike, barrier, vol, left, rate, dividend, option, up=side) for side in (True, False)
        )
        alive = density * ((below if up else above) if window == "end-beyond" else below + above)
    value = math.exp(-rate * moment) * float(alive @ w)
    return value if out else float(vanilla(spot, strike, vol, expiry, rate, dividend, option)) - value
