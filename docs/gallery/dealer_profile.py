"""
Where dealers turn from calm to storm
=====================================

Gamma of a book at every level of the spot, the open interest sold as calls and bought as puts: below the flip hedgers
trade with the move.
"""

import numpy as np

import shortgamma as sg

strike = np.arange(80.0, 121.0, 2.5)
option = np.where(strike < 100.0, "put", "call")
interest = 2_000.0 * np.exp(-(((strike - np.where(option == "put", 92.0, 106.0)) / 6.0) ** 2))
quantity = sg.dealer.position(interest, option, calls=1.0, puts=-1.0)
book = {"vol": 0.2, "expiry": 0.08, "quantity": quantity, "option": option, "multiplier": 100.0}
levels = np.linspace(80.0, 120.0, 161)
found = sg.dealer.flips(100.0, strike, **book)
ax = sg.plot.profile(sg.dealer.profile(levels, strike, **book), spot=100.0, flips=found.spots, scale=1e6)
