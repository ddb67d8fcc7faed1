"""
Where a knock-out call is short of volatility
=============================================

Vega of an up-and-out call by spot and time left. The line is where it changes its sign.
"""

import numpy as np
from matplotlib.figure import Figure

import shortgamma as sg

spot = np.linspace(70.0, 130.0, 241)
expiry = np.linspace(0.02, 1.0, 121)
vega = sg.barrier.vega(spot, 100.0, 130.0, vol=0.25, expiry=expiry[:, None], kind="up-out", option="call")
figure = Figure(figsize=(6.4, 4.2), dpi=100)
ax = figure.add_subplot()
limit = float(np.nanmax(np.abs(vega)))
picture = ax.pcolormesh(spot, expiry, vega, cmap="RdBu", vmin=-limit, vmax=limit, shading="gouraud", rasterized=True)
ax.contour(spot, expiry, vega, levels=[0.0], colors="black", linewidths=1.2)
figure.colorbar(picture, ax=ax).set_label("vega (money per 1.00 of volatility)")
ax.set_xlabel("spot")
ax.set_ylabel("time left (years)")
ax.set_title("Right of the line more volatility is worth less", loc="left", fontsize="medium")
