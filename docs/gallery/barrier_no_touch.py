"""
A double no-touch
=================

What is paid if neither barrier is touched: the narrower the corridor, the faster it fades with volatility.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

vol = np.linspace(0.02, 0.4, 100)
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
for width, colour in ((0.05, "#D55E00"), (0.1, "#E69F00"), (0.2, "#009E73"), (0.3, "#0072B2")):
    terms = {"vol": vol, "expiry": 0.25, "amount": 100.0, "kind": "double-no-touch"}
    value = sg.barrier.double_touch_price(100.0, 100.0 * (1.0 - width), 100.0 * (1.0 + width), **terms)
    ax.plot(100.0 * vol, value, color=colour, label=f"+/- {100 * width:g} %")
ax.set_xlabel("volatility (% a year)")
ax.set_ylabel("price of 100")
ax.set_title("Three months between two barriers", loc="left", fontsize="medium")
ax.legend(title="corridor", frameon=False)
ax.grid(alpha=0.25)
