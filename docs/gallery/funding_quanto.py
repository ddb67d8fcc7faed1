"""
What a quanto swap must pay
===========================

A short of a quanto swap that hedges with linear contracts loses the covariance of coin and underlying, so fair
funding is higher.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

correlation = np.linspace(-1.0, 1.0, 81)
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
for vol, colour in ((0.4, "#009E73"), (0.8, "#0072B2"), (1.2, "#D55E00")):
    ax.plot(
        correlation,
        100.0 * sg.funding.quanto_adjustment(correlation, vol, 0.7),
        color=colour,
        label=f"{100 * vol:.0f} %",
    )
ax.set_xlabel("correlation of underlying and coin")
ax.set_ylabel("adjustment (% a year)")
ax.set_title("Correlation times both volatilities", loc="left", fontsize="medium")
ax.legend(title="vol of the underlying", frameon=False)
ax.grid(alpha=0.25)
