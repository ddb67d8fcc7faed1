"""
A shock and where it ends
=========================

Hedgers and funds sell into a fall of a market of given depth. The deeper the market, the less a shock is amplified.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

shock = np.linspace(-0.1, 0.0, 41)
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
for depth, colour in ((60e9, "#D55E00"), (100e9, "#E69F00"), (200e9, "#0072B2")):
    reached = [sg.dealer.feedback(each, depth=depth, linear=35.6e9).reached for each in shock]
    ax.plot(100.0 * shock, 100.0 * np.array(reached), color=colour, label=f"{depth / 1e9:.0f} bn")
ax.plot(100.0 * shock, 100.0 * shock, color="#808080", linewidth=1.0, label="without feedback")
ax.set_xlabel("shock (%)")
ax.set_ylabel("move in the end (%)")
ax.set_title("35.6 bn traded per 100 % of move", loc="left", fontsize="medium")
ax.legend(title="depth", frameon=False)
ax.grid(alpha=0.25)
