"""Twin of autocallable notes: their paths, date by date, with the probability of a hit between two dates."""

import math

import numpy as np


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
    paths=400_000,
):
    """Mean and standard error by Monte Carlo; between dates a barrier is hit with the probability of the bridge."""
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
            value += np.where(called, discount * 100.0 * (1.0 + bonus * (i + 1)), 0.0)
            open_ &= ~called
            i += 1
    loss = 100.0 * np.maximum(1.0 - np.exp(x) / strike, 0.0)
    value += np.where(open_, discount * (100.0 - (1.0 - survives) * loss), 0.0)
    pairs = 0.5 * (value[: paths // 2] + value[paths // 2 :])
    return pairs.mean(), pairs.std() / math.sqrt(len(pairs))
