"""
A 3x product and three times the return
=======================================

Rebalanced every day, a product does not earn three times the return of a year: the lower panel is its ratio to the
underlying.
"""

import numpy as np

import shortgamma as sg

random = np.random.default_rng(5)
price = 100.0 * np.exp(np.cumsum(0.0002 + 0.014 * random.standard_normal(756)))
ax = sg.plot.nav(sg.leverage.nav(price, 3.0), price, leverage=3.0)
