"""
A history of carry
==================

Carry between the first and the third month of CME bitcoin futures, where the file is at hand; else a simulated one.
"""

import numpy as np
from _market import find, say

import shortgamma as sg

path = find("carry/cme_btc/cme_btc_constant_maturity_2019_2024.csv")
say(path is not None, "constant maturities of CME bitcoin futures")
if path is not None:
    table = sg.io.read_futures(path)
    near, far = table.years[0, [0, 2]]
    basis = sg.carry.forward_carry(table.price[:, 0], table.price[:, 2], near, far, compounding="continuous")
    time = table.time
else:
    random = np.random.default_rng(9)
    time = np.arange("2020-01-01", "2023-01-01", dtype="M8[D]")
    kept = 0.97 ** np.arange(200)
    basis = 0.06 + 0.01 * np.convolve(random.standard_normal(len(time) + 199), kept, mode="valid")
ax = sg.plot.carry_history(basis, time=time, tenor="1 to 3 months", extremes=0.15)
