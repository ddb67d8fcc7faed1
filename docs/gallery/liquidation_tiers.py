"""
Margin in tiers
===============

The rate of each tier, and what is required on the whole value.
"""

import shortgamma as sg

market = sg.venues.binance.market("BTCUSDT")
ax = sg.plot.tiers(market.maintenance, largest=5e6)
