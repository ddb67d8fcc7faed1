"""
Watched daily, the delta is smooth
==================================

Solid: watched all the time, the delta leaps at the barrier. Dashed: watched at each close, an hour below it is no
knock-in yet.
"""

import shortgamma as sg

put = {"strike": 100.0, "barrier": 60.0, "vol": 0.35, "kind": "down-in", "option": "put"}
ax = sg.plot.greeks("delta", **put, expiries=[0.25, 1 / 12], dates_per_year=252)
