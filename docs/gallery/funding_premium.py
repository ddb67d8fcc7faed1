"""
From a premium to a rate
========================

The average within an interval weighs later minutes more, and the band swallows small premiums.
"""

import numpy as np

import shortgamma as sg

random = np.random.default_rng(8)
minutes = 480
drift = np.cumsum(random.standard_normal(minutes)) / minutes**0.5
premium = 0.0009 + 0.0006 * drift + 0.0002 * random.standard_normal(minutes)
ax = sg.plot.premium(premium, sg.funding.predicted_rate(premium))
