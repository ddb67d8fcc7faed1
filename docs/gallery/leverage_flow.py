"""
What products trade at the close
================================

The demand of Cheng and Madhavan: a 3x and a -2x product of equal assets buy and sell alike, and always with the move.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

move = np.linspace(-0.1, 0.1, 101)
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
styles = {3.0: ("#0072B2", "-"), -2.0: ("#E69F00", "--"), -1.0: ("#D55E00", "-"), 2.0: ("#009E73", "--")}
for leverage, (colour, style) in styles.items():
    flow = sg.leverage.rebalance_flow(1e9, leverage, move)
    ax.plot(100.0 * move, flow / 1e6, style, color=colour, label=f"{leverage:+g}x")
ax.set_xlabel("move of the day (%)")
ax.set_ylabel("bought at the close (m, of 1 bn of assets)")
ax.set_title("Every leveraged product buys after a rise", loc="left", fontsize="medium")
ax.legend(frameon=False)
ax.grid(alpha=0.25)
