"""
The delta of a knock-in put
===========================

Next to its barrier the put is a bet of 40 on a small move: the less time is left, the further its delta goes beyond
one.
"""

import shortgamma as sg

ax = sg.plot.greeks("delta", strike=100.0, barrier=60.0, vol=0.35, kind="down-in", option="put")
