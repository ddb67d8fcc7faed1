"""
Linear, inverse, quanto
=======================

The profit of the same notional, in dollars. An inverse contract pays in a coin that falls with the price; a quanto
one in a coin that may.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

price = np.linspace(50.0, 160.0, 111)
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
linear = sg.contracts.Contract("linear").pnl(1.0, 100.0, price)
inverse = sg.contracts.Contract("inverse").pnl(100.0, 100.0, price)
quanto = sg.contracts.Contract("quanto", 0.01).pnl(1.0, 100.0, price)
ax.plot(price, linear, color="#0072B2", label="linear (dollars)")
ax.plot(price, 100.0 * inverse, color="#D55E00", label="inverse (coin, at its first price)")
ax.plot(price, quanto * 100.0 * (price / 100.0) ** 0.8, "--", color="#009E73", label="quanto, its coin moving along")
ax.axhline(0.0, color="#808080", linewidth=0.8)
ax.set_xlabel("price of the underlying")
ax.set_ylabel("profit of a long bought at 100")
ax.set_title("The same notional, three profits", loc="left", fontsize="medium")
ax.legend(frameon=False)
ax.grid(alpha=0.25)
