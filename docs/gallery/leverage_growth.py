"""
Growth by leverage
==================

The log of a NAV grows fastest at (drift - rate) / variance; twice that leverage grows no faster than cash.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

drift, rate, vol = 0.08, 0.02, 0.18
leverage = np.linspace(-1.0, 6.0, 141)
growth = rate + leverage * (drift - rate) - 0.5 * (leverage * vol) ** 2
best = float(sg.leverage.growth_optimal_leverage(drift, rate, vol))
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
ax.plot(leverage, 100.0 * growth, color="#0072B2")
ax.axvline(best, color="#808080", linestyle="--")
ax.axhline(100.0 * rate, color="#808080", linewidth=0.8)
ax.set_xlabel("leverage")
ax.set_ylabel("growth of the log NAV (% a year)")
ax.set_title(f"Growth is greatest at {best:.2f}x", loc="left", fontsize="medium")
ax.grid(alpha=0.25)
