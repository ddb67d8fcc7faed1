"""
An autocallable by spot
=======================

Called early above 100, at risk below 60: its price bends both ways, and its vega changes sign.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

spot = np.linspace(40.0, 130.0, 91)
terms = {"expiry": 3.0, "observations": 3, "call_level": 100.0, "rate": 0.03, "dividend": 0.01, "bonus": 0.08}
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
for vol, colour in ((0.15, "#009E73"), (0.25, "#0072B2"), (0.4, "#D55E00")):
    note = sg.barrier.autocallable(spot, 100.0, 60.0, vol=vol, **terms)
    ax.plot(spot, note.price, color=colour, label=f"{100 * vol:.0f} %")
ax.axvline(60.0, color="#808080", linestyle="--", linewidth=1.0)
ax.set_xlabel("spot")
ax.set_ylabel("price (% of the nominal)")
ax.set_title("The holder is short of volatility where it matters", loc="left", fontsize="medium")
ax.legend(title="volatility", frameon=False)
ax.grid(alpha=0.25)
