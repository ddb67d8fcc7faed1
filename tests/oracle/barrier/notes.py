"""Twins of autocallable notes: their paths, date by date, and an integral over the first of two observations."""

import math

import numpy as np
from scipy.integrate import quad
from scipy.special import ndtr


def simulate(
    spot,
    strike,
    barrier,
    vol,
    expiry,
    call_level,
    observations,
    watch,
    seed,
    bonus=0.0,
    coupon=0.0,
    coupon_level=None,
    payments_per_year=None,
    rate=0.0,
    dividend=0.0,
    dates=(),
    past=0,
    paths=400_000,
):
    """Mean and standard error by Monte Carlo; between dates a barrier is hit with the probability of the bridge.

    ``past`` is how many observations came before.
    """
    random = np.random.default_rng(seed)
    count = observations if isinstance(observations, int) else len(observations)
    years = [expiry * i / count for i in range(1, count + 1)] if isinstance(observations, int) else observations
    levels = np.broadcast_to(call_level, count)
    coupon_levels = levels if coupon_level is None else np.broadcast_to(coupon_level, count)
    paid = coupon / (count / expiry if payments_per_year is None else payments_per_year)
    x, h = np.full(paths, math.log(spot)), math.log(barrier)
    survives = np.ones(paths)
    value, open_ = np.zeros(paths), np.ones(paths, dtype=bool)
    before, i = 0.0, 0
    for time in sorted({*years, *dates, expiry}):
        step = time - before
        s, before = vol * math.sqrt(step), time
        z = random.standard_normal(paths // 2)
        y = x + (rate - dividend - vol**2 / 2.0) * step + s * np.concatenate([z, -z])
        if watch == "always":
            both = (x > h) & (y > h)
            survives = np.where(
                both, survives * -np.expm1(-2.0 * np.maximum(x - h, 0) * np.maximum(y - h, 0) / s**2), 0
            )
        elif (watch == "observations" and time in years) or (watch == "expiry" and time == expiry) or time in dates:
            survives = np.where(y > h, survives, 0.0)
        x = y
        discount = math.exp(-rate * time)
        if time in years:
            value += np.where(open_ & (x >= math.log(coupon_levels[i])), discount * 100.0 * paid, 0.0)
            called = open_ & (x >= math.log(levels[i]))
            value += np.where(called, discount * 100.0 * (1.0 + bonus * (i + 1 + past)), 0.0)
            open_ &= ~called
            i += 1
    loss = 100.0 * np.maximum(1.0 - np.exp(x) / strike, 0.0)
    value += np.where(open_, discount * (100.0 - (1.0 - survives) * loss), 0.0)
    pairs = 0.5 * (value[: paths // 2] + value[paths // 2 :])
    return pairs.mean(), pairs.std() / math.sqrt(len(pairs))


def two_observations(spot, strike, barrier, vol, years, levels, redemption, rate, dividend):
    """A note with two observations left, its barrier always watched, by one integral over the price at the first.

    ``redemption`` is what a call pays at each, in parts of the nominal 100. What follows the first observation is in
    closed form: whether the barrier has been hit or not, the end is normal in the logarithm, and the density of ends
    whose path stays above the barrier is that of all less its image (reflection).
    """
    drift = rate - dividend - vol**2 / 2.0
    h, first, last = math.log(barrier), math.log(levels[0]), math.log(levels[1])
    step = years[1] - years[0]
    s, m = vol * math.sqrt(step), drift * step

    def below(x, end):
        """Probability to end below, and the part of it that never hits the barrier."""
        everything = ndtr((end - x - m) / s)
        if x <= h:
            return everything, 0.0
        # the image starts at 2 h - x and has the weight exp(2 drift (h - x) / vol^2)
        image = math.exp(2.0 * drift * (h - x) / vol**2)
        above_barrier = ndtr((end - x - m) / s) - ndtr((h - x - m) / s)
        mirrored = ndtr((end - 2.0 * h + x - m) / s) - ndtr((x - h - m) / s)
        return everything, above_barrier - image * mirrored

    def price_below(x, end):
        """Expected price where it ends below, and where it does so without a hit."""
        shifted = m + s * s
        forward = math.exp(x + m + s * s / 2.0)
        everything = forward * ndtr((end - x - shifted) / s)
        if x <= h:
            return everything, 0.0
        image = math.exp(2.0 * drift * (h - x) / vol**2) * math.exp(2.0 * h - x + m + s * s / 2.0)
        above_barrier = forward * (ndtr((end - x - shifted) / s) - ndtr((h - x - shifted) / s))
        mirrored = image * (ndtr((end - 2.0 * h + x - shifted) / s) - ndtr((x - h - shifted) / s))
        return everything, above_barrier - mirrored

    def later(x, hit):
        """The note after the first observation, at a log price below the first level."""
        chance, _ = below(x, last)
        paid = 100.0 * (redemption[1] * (1.0 - chance) + chance)
        end = min(last, math.log(strike))
        lose, lose_safe = below(x, end)
        price, price_safe = price_below(x, end)
        loss = 100.0 * (lose - price / strike)
        if not hit:
            loss -= 100.0 * (lose_safe - price_safe / strike)
        return math.exp(-rate * step) * (paid - loss)

    start = math.log(spot)
    s0, m0 = vol * math.sqrt(years[0]), drift * years[0]

    def density(y):
        return math.exp(-(((y - start - m0) / s0) ** 2) / 2.0) / (s0 * math.sqrt(2.0 * math.pi))

    def weight(y):
        """Probability that a path from the start to ``y`` has hit the barrier."""
        return 1.0 if y <= h else math.exp(-2.0 * (start - h) * (y - h) / s0**2)

    def integrand(y):
        return density(y) * (weight(y) * later(y, True) + (1.0 - weight(y)) * later(y, False))

    called = 100.0 * redemption[0] * ndtr((start + m0 - first) / s0)
    low = start + m0 - 12.0 * s0
    parts = [quad(integrand, a, b, epsabs=1e-12, epsrel=1e-13, limit=400)[0] for a, b in ((low, h), (h, first))]
    return math.exp(-rate * years[0]) * (called + sum(parts))
