"""
What rebalancing costs or earns
===============================

A 3x product loses against three times the underlying's return where volatility is high and the trend is weak, and gains
where the trend is strong, whichever way it goes.
"""

import shortgamma as sg

ax = sg.plot.drag(3.0)
