"""
A cascade in waves
==================

Forced orders move the mark, which liquidates the next accounts.
"""

import numpy as np

import shortgamma as sg

random = np.random.default_rng(4)
leverage = random.choice([3.0, 5.0, 10.0, 20.0], 2_000)
entry = 100.0 * np.exp(0.04 * random.standard_normal(2_000))
quantity = random.pareto(1.8, 2_000) + 1.0
margin = quantity * entry / leverage
terms = {"contract": sg.contracts.Contract("linear"), "maintenance": 0.005}
alive = sg.liquidation.liquidation_price(quantity, entry, margin, **terms) < 97.0
end = sg.liquidation.simulate_cascade(91.0, quantity[alive], entry[alive], margin[alive], **terms, depth=450.0)
ax = sg.plot.cascade(end, mark=91.0)
