"""Twins of European options, in mpmath: the textbook's formula, derivatives taken numerically, roots by bisection.

The arguments are the doubles themselves, so that a result is exact for them to the digits that mpmath works with.
"""

import numpy as np
from mpmath import mp, mpf
from numpy.polynomial.legendre import leggauss

from oracle.barrier.single import NAMES, ORDERS, cdf

ATTAINED = 2.0**-52


class Option:
    """A European option; the numbers of the market are arguments, so that they can be differentiated."""

    def __init__(self, strike, option, payoff=None, amount=1):
        self.strike, self.amount = mpf(strike), mpf(amount)
        self.phi = 1 if option == "call" else -1
        self.payoff = payoff

    def price(self, spot, vol, expiry, rate, dividend):
        s = vol * mp.sqrt(expiry)
        d1 = (mp.log(spot / self.strike) + (rate - dividend) * expiry) / s + s / 2
        asset = spot * mp.exp(-dividend * expiry) * cdf(self.phi * d1)
        cash = mp.exp(-rate * expiry) * cdf(self.phi * (d1 - s))
        if self.payoff == "asset":
            return self.amount * asset
        if self.payoff == "cash":
            return self.amount * cash
        return self.phi * (asset - self.strike * cash)


def numbers(option, spot, vol, expiry, rate, dividend, names=NAMES, digits=60):
    """The named outputs of an option."""
    with mp.workdps(digits):
        point = tuple(mpf(x) for x in (spot, vol, expiry, rate, dividend))
        found = {}
        for name in names:
            orders, sign = ORDERS[name]
            value = mp.diff(option.price, point, orders) if any(orders) else option.price(*point)
            found[name] = sign * value
        return found


def size(option, spot, expiry, rate, dividend):
    """What a price is a difference of: both discounted amounts."""
    return spot * mp.exp(-mpf(dividend) * expiry) + option.strike * mp.exp(-mpf(rate) * expiry)


def bounds(option, spot, expiry, rate, dividend):
    """The prices without volatility and with an infinite one."""
    asset = mpf(spot) * mp.exp(-mpf(dividend) * mpf(expiry))
    cash = option.strike * mp.exp(-mpf(rate) * mpf(expiry))
    return max(option.phi * (asset - cash), mpf(0)), asset if option.phi > 0 else cash


def root_of(error, low, high, digits):
    return mp.findroot(error, (low, high), solver="anderson", tol=mpf(10) ** (20 - 2 * digits), verify=False)


def implied_vol(price, spot, strike, expiry, rate, dividend, option, digits=60):
    """The volatility of a price and how far half a unit in the last place of every argument moves it, or None.

    Bisection of ln(vol) on the price, to 30 digits; the sensitivities follow from the implicit function theorem.
    """
    with mp.workdps(digits):
        twin = Option(strike, option)
        low_price, high_price = bounds(twin, spot, expiry, rate, dividend)
        price = mpf(price)
        if not (low_price < price < high_price and expiry > 0):
            return None
        market = (mpf(spot), mpf(expiry), mpf(rate), mpf(dividend))

        def error(log_vol):
            return twin.price(market[0], mp.exp(log_vol), *market[1:]) / price - 1

        low, high = mpf(-60), mpf(12)
        while high - low > mpf(10) ** -8:
            middle = (low + high) / 2
            low, high = (middle, high) if error(middle) < 0 else (low, middle)
        vol = mp.exp(root_of(error, low, high, digits))
        point = (market[0], vol, *market[1:])
        vega = mp.diff(twin.price, point, (0, 1, 0, 0, 0))
        moved = price * ATTAINED / 2
        for place, value in ((0, market[0]), (2, market[1]), (3, market[2]), (4, market[3])):
            orders = tuple(int(i == place) for i in range(5))
            if value:
                moved += abs(mp.diff(twin.price, point, orders)) * abs(value) * ATTAINED / 2
        # the price is homogeneous in spot and strike
        spot_part = mp.diff(twin.price, point, (1, 0, 0, 0, 0)) * market[0]
        moved += abs(price - spot_part) * ATTAINED / 2
        return vol, vol * ATTAINED / 2 + moved / vega


class Normal:
    """An option on a forward that moves as Bachelier has it."""

    def __init__(self, strike, option):
        self.strike = mpf(strike)
        self.phi = 1 if option == "call" else -1

    def price(self, forward, vol, expiry, rate):
        s = vol * mp.sqrt(expiry)
        d = self.phi * (forward - self.strike) / s
        return mp.exp(-rate * expiry) * s * (d * cdf(d) + mp.npdf(d))


def normal_implied_vol(price, forward, strike, expiry, rate, option, digits=60):
    """As implied_vol, after Bachelier."""
    with mp.workdps(digits):
        twin = Normal(strike, option)
        forward, expiry, rate, price = mpf(forward), mpf(expiry), mpf(rate), mpf(price)
        discount = mp.exp(-rate * expiry)
        if not (price > max(twin.phi * (forward - twin.strike), 0) * discount and expiry > 0):
            return None

        def error(log_vol):
            return twin.price(forward, mp.exp(log_vol), expiry, rate) / price - 1

        scale = mp.log(max(abs(forward - twin.strike), price))
        low, high = scale - 60 - mp.log(expiry) / 2, scale + 12 - mp.log(expiry) / 2
        while high - low > mpf(10) ** -8:
            middle = (low + high) / 2
            low, high = (middle, high) if error(middle) < 0 else (low, middle)
        vol = mp.exp(root_of(error, low, high, digits))
        point = (forward, vol, expiry, rate)
        vega = mp.diff(twin.price, point, (0, 1, 0, 0))
        moved = price * ATTAINED / 2
        slope = abs(mp.diff(twin.price, point, (1, 0, 0, 0)))
        moved += slope * (abs(forward) + abs(twin.strike)) * ATTAINED / 2
        moved += abs(mp.diff(twin.price, point, (0, 0, 1, 0))) * expiry * ATTAINED / 2
        moved += price * expiry * abs(rate) * ATTAINED / 2
        return vol, vol * ATTAINED / 2 + moved / vega


def long_mills(z):
    """exp(z^2/2) N(-z) in long doubles, for arrays: the trapezoidal rule on erfc (Matta and Reichel, Mathematics of
    Computation 25, 1971), and near 0 the series in z."""
    long = np.longdouble
    pi, width = long("3.14159265358979323846264338327950288"), long("0.4")
    y = np.abs(z) / np.sqrt(long(2))
    away = np.maximum(y, long("0.05"))
    total = 1 / (2 * away * away)
    for n in range(1, 20):
        node = (n * width) ** 2
        total = total + np.exp(-node) / (node + away * away)
    near = np.minimum(away, long(8))
    pole = np.where(away < 8, 2 * np.exp(near * near) / np.expm1(2 * pi * near / width), long(0))
    value = 2 * width * away / pi * total - pole
    series, term, halves = np.ones_like(y), np.ones_like(y), [long(1), 1 / np.sqrt(pi) * 2]
    for n in range(1, 18):
        # the power over Gamma(n/2 + 1)
        if n > 1:
            halves.append(halves[n - 2] / (long(n) / 2))
        term = -term * y
        series = series + term * halves[n]
    value = np.where(y < long("0.05"), series, value) / 2
    return np.where(z < 0, np.exp(z * z / 2) - value, value)


NODES, WEIGHTS = leggauss(9)


def long_price_error(price, vol, spot, strike, expiry, rate, dividend, option):
    """How far a volatility is from that of a price, in long doubles: (its exact price - price)/vega, and vega.

    A price in the money is taken less what it is worth without volatility. With rates both amounts are rounded to long
    doubles, and a deviation below a hundredth is not told to the last digit of a double.
    """
    long = np.longdouble
    columns = (price, vol, spot, strike, expiry, rate, dividend)
    price, vol, spot, strike, expiry, rate, dividend = (np.asarray(x).astype(long) for x in columns)
    asset, cash = spot * np.exp(-dividend * expiry), strike * np.exp(-rate * expiry)
    high, low = np.maximum(asset, cash), np.minimum(asset, cash)
    inside = (asset > cash) == (option == "call")
    value = np.where(inside, price - (high - low), price)
    x = np.where(high < 2 * low, np.log1p((high - low) / low), np.log(high / low))
    s = vol * np.sqrt(expiry)
    a, t = x / s, s / 2
    root = np.sqrt(2 * long("3.14159265358979323846264338327950288"))
    norm = np.sqrt(high) * np.sqrt(low)
    density = np.exp(-(a * a + t * t) / 2)
    near, far = long_mills(np.abs(a - t)), long_mills(a + t)
    part = np.where(a >= t, near - far, near + far)
    small = t < 0.25
    # M(a - t) - M(a + t) is the integral of -M' = 1/sqrt(2 pi) - z M(z) in between
    sides, steps, total = a[small], t[small], long(0)
    for node, weight in zip(NODES, WEIGHTS, strict=True):
        z = sides + steps * long(node)
        total = total + long(weight) * steps * (1 / root - z * long_mills(z))
    part[small] = total
    found = norm * np.where(small | (a >= t), density * part, np.exp(-x / 2) - density * part)
    vega = norm * density / root * np.sqrt(expiry)
    return (found - value) / vega, vega


# log of moneyness in deviations, vol, expiry, rate and dividend
REGIMES = {
    "ordinary": (2.0, (0.05, 1.2), (0.05, 3.0), (-0.02, 0.1)),
    "tails": (30.0, (0.1, 1.0), (0.01, 1.0), (0.0, 0.05)),
    "hours": (5.0, (0.2, 1.5), (1e-5, 1e-3), (-0.05, 0.1)),
    "decades": (3.0, (0.1, 0.6), (5.0, 40.0), (-0.01, 0.1)),
    "calm": (4.0, (2e-4, 5e-3), (0.01, 2.0), (0.0, 0.05)),
    "wild": (3.0, (3.0, 20.0), (0.1, 3.0), (0.0, 0.1)),
    "negative rates": (3.0, (0.1, 0.5), (0.1, 2.0), (-0.3, -0.01)),
}


def draw(regime, count, seed=0):
    """Spot, strike, vol, expiry, rate, dividend and option of a regime."""
    reach, vols, expiries, rates = REGIMES[regime]
    random = np.random.default_rng([seed, *regime.encode()])
    spot = 100.0 * np.exp(random.normal(0.0, 1.0, count))
    vol = np.exp(random.uniform(*np.log(vols), count))
    expiry = np.exp(random.uniform(*np.log(expiries), count))
    rate, dividend = random.uniform(*rates, (2, count))
    away = random.uniform(-reach, reach, count)
    strike = spot * np.exp((rate - dividend) * expiry + away * vol * np.sqrt(expiry))
    return spot, strike, vol, expiry, rate, dividend, random.choice(["call", "put"], count)


def scales(spot, strike, vol, expiry, rate, dividend, room=None):
    """The size of the largest term of each output; with the image of a barrier so far away in ln S, if there is one."""
    step = 1.0 / np.minimum(vol * np.sqrt(expiry), 1.0)
    amounts = spot * np.exp(-dividend * expiry) + strike * np.exp(-rate * expiry)
    if room is not None:
        step = step + np.abs(2.0 * (rate - dividend) / vol**2 - 1.0)
    by_vol, by_rate = vol * expiry * step**2, expiry * step
    if room is not None:
        by_vol, by_rate = by_vol + 4.0 * np.abs(rate - dividend) / vol**3 * room, by_rate + 2.0 * room / vol**2
    by_time = np.abs(rate) + np.abs(rate - dividend) * step + vol**2 * step**2
    slope = step / spot
    sizes = (1.0, slope, slope**2, by_vol, by_time, by_rate, by_rate, slope * by_vol, by_vol**2, slope * by_time)
    sizes += (slope**3, slope**2 * by_vol, slope**2 * by_time, by_vol * by_time)
    return [amounts * size for size in sizes]


def adversaries(count, seed):
    """Options whose s = vol sqrt(T) and distance from the money, in deviations, are spread over many powers of ten."""
    random = np.random.default_rng(seed)
    deviation = 10.0 ** random.uniform(-6.0, 1.2, count)
    away = 10.0 ** random.uniform(-5.0, 1.55, count)
    moneyness = np.minimum(deviation * away, 30.0) * random.choice([-1.0, 1.0], count)
    moneyness = np.where(random.random(count) < 0.05, 0.0, moneyness)
    expiry = 10.0 ** random.uniform(-4.0, 1.0, count)
    vol = deviation / np.sqrt(expiry)
    rate, dividend = random.choice([0.0, 0.0, 0.05, -0.02], count), random.choice([0.0, 0.0, 0.03], count)
    spot = 10.0 ** random.uniform(-3.0, 5.0, count)
    return spot, spot * np.exp(-moneyness), vol, expiry, rate, dividend, random.choice(["call", "put"], count)
