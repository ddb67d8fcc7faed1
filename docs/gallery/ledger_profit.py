"""
Where a profit came from
========================

Price, funding and fees of a position with fills, as a waterfall.
"""

import numpy as np

import shortgamma as sg

random = np.random.default_rng(12)
mark = 9_000.0 * np.exp(np.cumsum(0.01 * random.standard_normal(90)))
rate = 0.0001 + 0.0002 * random.standard_normal(90)
quantity = -100_000.0
contract = sg.venues.bitmex.contract("XBTUSD")
funding = float(sg.funding.accrue(quantity, mark, rate, contract=contract).sum())
price = float(contract.pnl(quantity, mark[0], mark[-1]))
fees = -0.0005 * float(np.abs(contract.value(quantity, mark[[0, -1]])).sum())
ax = sg.plot.ledger({"price": price, "funding": funding, "fees": fees}, unit="XBT")
