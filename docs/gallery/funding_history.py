"""
A funding history at a glance
=============================

How often which rate was paid, on a log scale: caps stand out as bars at the ends.
"""

from _market import funding

import shortgamma as sg

ax = sg.plot.funding(funding())
