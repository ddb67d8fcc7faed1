"""
Hedging a knock-in put
======================

The units that its hedger holds, and trades, along a path that comes near the barrier.
"""

import numpy as np

import shortgamma as sg

random = np.random.default_rng(71)
bars = 240
walk = np.cumsum(0.022 * random.standard_normal(bars))
bridge = np.linspace(0.0, 1.0, bars)
price = 100.0 * np.exp(np.log(0.615) * bridge + walk - walk[-1] * bridge)
left = (252 - np.arange(bars)) / 252
delta = sg.barrier.delta(price, 100.0, 60.0, vol=0.35, expiry=left, kind="down-in", option="put")
ax = sg.plot.hedge(price, delta, barrier=60.0)
