"""
The basis by expiry
===================

Annualised basis of the futures of one moment, of simulated prices: near contracts carry most after a rise.
"""

import numpy as np

import shortgamma as sg

days = np.array([6.0, 13.0, 27.0, 55.0, 153.0, 237.0, 328.0])
price = 40_000.0 * np.exp((0.09 + 0.12 * np.exp(-days / 20.0)) * days / 365)
ax = sg.plot.carry_curve(days, price, 40_000.0, name="simulated")
