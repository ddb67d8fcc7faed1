"""
A simulated fund against the real one
=====================================

The terms of the issuer, financing at the federal funds rate, and the prices of the fund itself where they are at
hand.
"""

from _market import fund_and_index, rates

import shortgamma as sg

time, index, fund = fund_and_index()
rule = sg.venues.proshares.token(3)
path = sg.leverage.simulate(index, rule, time=time, stamp="close", financing=rates(time))
ax = sg.plot.nav(path, index, leverage=3.0, fund=fund, time=time)
