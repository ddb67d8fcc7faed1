"""
How likely is a liquidation
===========================

Within a day, a week, a month, by leverage, at 60 % of volatility, with the barrier watched all the time.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

leverage = np.linspace(1.5, 50.0, 195)
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
for days, colour in ((1, "#009E73"), (7, "#0072B2"), (30, "#D55E00")):
    terms = {"contract": sg.contracts.Contract("linear"), "maintenance": 0.005, "vol": 0.6, "expiry": days / 365}
    probability = sg.liquidation.breach_probability(100.0, 1.0, 100.0, 100.0 / leverage, **terms)
    ax.plot(leverage, 100.0 * probability, color=colour, label=f"{days} day" + "s" * (days > 1))
ax.set_xlabel("leverage")
ax.set_ylabel("probability of liquidation (%)")
ax.set_title("At 10x most are liquidated within a month", loc="left", fontsize="medium")
ax.legend(title="within", frameon=False)
ax.grid(alpha=0.25)
