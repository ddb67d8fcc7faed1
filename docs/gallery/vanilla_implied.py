"""
Volatility out of prices
========================

Prices are made with a smile, rounded to a cent, and turned back: far out of the money a cent is all there is, and the
smile is lost.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

strike = np.linspace(60.0, 160.0, 101)
smile = 0.2 + 0.3 * np.log(strike / 100.0) ** 2
terms = {"expiry": 0.25, "rate": 0.03, "option": np.where(strike < 100.0, "put", "call")}
price = sg.vanilla.price(100.0, strike, vol=smile, **terms)
found = sg.vanilla.implied_vol(price, 100.0, strike, **terms)
rounded = sg.vanilla.implied_vol(np.maximum(price.round(2), 0.01), 100.0, strike, **terms)
ax = Figure(figsize=(6.4, 4.2), dpi=100).add_subplot()
ax.plot(strike, 100.0 * rounded, ".", color="#E69F00", label="of prices in cents")
ax.plot(strike, 100.0 * found, color="#0072B2", label="of exact prices")
ax.set_xlabel("strike")
ax.set_ylabel("implied volatility (% a year)")
error = float(np.abs(found - smile).max())
ax.set_title(f"Exact prices give it back to {error:.0e}", loc="left", fontsize="medium")
ax.legend(frameon=False)
ax.grid(alpha=0.25)
