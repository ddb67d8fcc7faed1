"""
Where a quanto position dies
============================

A short of a quanto swap, its coin collateral hedged: a rise of the coin lowers the price at which it is liquidated.
"""

import numpy as np

import shortgamma as sg

coin = np.linspace(6_000.0, 16_000.0, 101)
terms = {"contract": "ETHUSD", "maintenance": 0.01, "fx_entry": 10_000.0}
level = sg.liquidation.frontier(coin, -100, 200.0, 0.01, hedged=1.0, **terms)
random = np.random.default_rng(6)
moves = random.standard_normal((2, 160))
moves[1] = 0.85 * moves[0] + 0.53 * moves[1]
path = np.array([[10_000.0], [200.0]]) * np.exp(np.cumsum(0.02 * moves + 0.001, axis=1))
ax = sg.plot.frontier(coin, level, long=False, path=(path[0], path[1]))
