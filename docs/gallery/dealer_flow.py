"""
What hedgers trade after a move
===============================

The book revalued, beside what the gamma at the spot makes of it: for large moves gamma alone is wrong, even in sign.
"""

import numpy as np

import shortgamma as sg

strike = np.arange(80.0, 121.0, 2.5)
option = np.where(strike < 100.0, "put", "call")
interest = 2_000.0 * np.exp(-(((strike - np.where(option == "put", 92.0, 106.0)) / 6.0) ** 2))
quantity = sg.dealer.position(interest, option, calls=1.0, puts=-1.0)
book = {"vol": 0.2, "expiry": 0.08, "quantity": quantity, "option": option, "multiplier": 100.0}
flow = sg.dealer.hedge_flow(np.linspace(-0.15, 0.15, 61), 100.0, strike, **book)
ax = sg.plot.hedge_flow(flow, scale=1e6)
