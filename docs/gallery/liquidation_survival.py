"""
How long a leveraged long lives
===============================

Longs opened every four hours, for ten days, judged by the lows of each hour.
"""

import numpy as np
from _market import hours

import shortgamma as sg

bars = hours("BTC")
length = 240
starts = np.arange(0, len(bars.close) - length - 1, 4)
lows = np.lib.stride_tricks.sliding_window_view(bars.low, length)[starts + 1].T
entry = bars.close[starts][:, None]
leverage = np.array([3.0, 5.0, 10.0, 20.0])
terms = {"contract": sg.contracts.Contract("linear"), "maintenance": 0.004}
dead = sg.liquidation.first_breach(lows[:, :, None], 1.0, entry, entry / leverage, **terms)
ax = sg.plot.survival(dead, leverage, bars=length)
