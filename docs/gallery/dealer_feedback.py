"""
Places of rest
==============

Hedgers of options and knock-in notes sell into a fall. The price rests where what a move forces is that move: full dots
are stable, the ringed one is reached.
"""

import numpy as np

import shortgamma as sg

move = np.linspace(-0.3, 0.05, 351)
# sold below -8 %: a wave of notes around -12 %
flow = 20e9 * move - 12e9 / (1.0 + np.exp((move + 0.12) / 0.012))
terms = {"shock": -0.06, "depth": 100e9}
end = sg.dealer.feedback(-0.06, depth=100e9, flow=(move, flow), low=-0.3, high=0.05)
ax = sg.plot.feedback(end, move, flow, **terms)
