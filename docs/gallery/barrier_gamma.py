"""
The gamma of an up-and-out call
===============================

Close to the barrier gamma turns sharply negative: the holder is short of it where the option is worth most.
"""

import shortgamma as sg

ax = sg.plot.greeks("gamma", strike=100.0, barrier=130.0, vol=0.25, kind="up-out", option="call")
