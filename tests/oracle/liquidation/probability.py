"""Twins of breach probabilities: first passages of a drifting Brownian motion, to 40 digits."""

import mpmath as mp


def touch(spot, level, drift, vol, time):
    """Probability of a touch by reflection, of a price whose logarithm has drift - vol^2 / 2 a year."""
    with mp.workdps(40):
        b, k = mp.log(mp.mpf(level) / mp.mpf(spot)), mp.mpf(drift) - mp.mpf(vol) ** 2 / 2
        spread = mp.mpf(vol) * mp.sqrt(time)
        up = 1 if b > 0 else -1
        first = mp.ncdf(up * (k * time - b) / spread)
        return first + mp.exp(2 * k * b / mp.mpf(vol) ** 2) * mp.ncdf(up * (-b - k * time) / spread)
