"""
The thinner the book
====================

The mark after a shock, and where forced orders carry it, by the number of contracts that move the price by 1.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

random = np.random.default_rng(4)
leverage = random.choice([3.0, 5.0, 10.0, 20.0], 2_000)
entry = 100.0 * np.exp(0.04 * random.standard_normal(2_000))
quantity = random.pareto(1.8, 2_000) + 1.0
margin = quantity * entry / leverage
terms = {"contract": sg.contracts.Contract("linear"), "maintenance": 0.005}
alive = sg.liquidation.liquidation_price(quantity, entry, margin, **terms) < 97.0
starts = np.linspace(97.0, 80.0, 60)
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
for depth, colour in ((200.0, "#D55E00"), (450.0, "#E69F00"), (1_000.0, "#0072B2"), (1e9, "#808080")):
    book = (quantity[alive], entry[alive], margin[alive])
    ends = sg.liquidation.simulate_cascade(starts, *book, **terms, depth=depth)
    ax.plot(starts, ends.mark, color=colour, label="without limit" if depth > 1e6 else f"{depth:,.0f}")
ax.set_xlabel("mark after the shock")
ax.set_ylabel("mark in the end")
ax.invert_xaxis()
ax.set_title("A fall that feeds itself", loc="left", fontsize="medium")
ax.legend(title="contracts per 1", frameon=False)
ax.grid(alpha=0.25)
