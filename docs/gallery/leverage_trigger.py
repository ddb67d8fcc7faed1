"""
Rebalances by triggers
======================

A product without a clock: it is rebalanced when its leverage leaves 1.8 to 4. Dots mark where.
"""

import numpy as np

import shortgamma as sg

random = np.random.default_rng(2)
price = 100.0 * np.exp(np.cumsum(-0.0006 + 0.012 * random.standard_normal(720)))
rule = sg.leverage.TokenRule(3.0, upper=4.0, lower=1.8)
path = sg.leverage.simulate(price, rule, record="full")
ax = sg.plot.nav(path, price)
