"""
Watched on dates, or all the time
=================================

The price of a knock-in put by the number of dates, exact by recursion, and by a barrier that is shifted. Watched all
the time it is worth more.
"""

from matplotlib.figure import Figure

import shortgamma as sg

put = {"strike": 100.0, "barrier": 60.0, "vol": 0.35, "expiry": 1.0, "rate": 0.03, "kind": "down-in", "option": "put"}
counts = [2, 4, 12, 26, 52, 126, 252]
exact = [float(sg.barrier.price(100.0, **put, dates=count)) for count in counts]
shifted = [float(sg.barrier.price(100.0, **put, dates=count, method="shift")) for count in counts]
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
ax.semilogx(counts, exact, "o-", color="#0072B2", label="exact")
ax.semilogx(counts, shifted, "x--", color="#D55E00", label="barrier shifted")
ax.axhline(float(sg.barrier.price(100.0, **put)), color="#808080", linewidth=1.0, label="all the time")
ax.set_xticks(counts, [str(count) for count in counts])
ax.set_xlabel("dates a year")
ax.set_ylabel("price of the put")
ax.set_title("Daily closes are not all the time", loc="left", fontsize="medium")
ax.legend(frameon=False)
ax.grid(alpha=0.25)
