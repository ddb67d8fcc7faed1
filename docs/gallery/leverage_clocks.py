"""
How often to rebalance
======================

The NAV of a 3x product after a year, over many paths without a trend. Daily, weekly and monthly clocks hardly differ;
what counts is that most of the products end below their start.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

random = np.random.default_rng(3)
price = 100.0 * np.exp(np.cumsum(0.02 * random.standard_normal((252, 3000)) - 0.02**2 / 2, axis=0))
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
for name, every, colour in (("daily", 1, "#0072B2"), ("weekly", 5, "#E69F00"), ("monthly", 21, "#D55E00")):
    end = sg.leverage.simulate(price, sg.leverage.TokenRule(3.0, every=every)).nav[-1]
    ax.plot(np.sort(end), np.linspace(0.0, 100.0, end.size), color=colour, label=name)
ax.set_xlim(0.0, 4.0)
ax.set_xlabel("NAV after a year, start = 1")
ax.set_ylabel("paths below (%)")
ax.set_title("Most 3x products end below their start", loc="left", fontsize="medium")
ax.legend(frameon=False)
ax.grid(alpha=0.25)
