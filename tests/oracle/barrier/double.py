"""Twins of double-barrier options, in mpmath: the density between two barriers, and the first hit of either.

With v = vol sqrt(T), m = (r - q - vol^2/2)/vol^2 and w = ln(U/L) the log-price that touches neither barrier has the
density exp(m (y - x) - m^2 v^2/2) k(x, y), where k is that of a driftless motion, either as a sum over images,

    k = sum over n of [phi((y - x + 2 n w)/v) - phi((y + x - 2 ln L + 2 n w)/v)] / v,

or over eigenfunctions,

    k = 2/w sum over n >= 1 of sin(n pi (x - ln L)/w) sin(n pi (y - ln L)/w) exp(-(n pi v/w)^2/2).

Both are summed here until nothing changes, with digits to spare; the hit of a barrier is discounted likewise.
"""

from itertools import product

from mpmath import mp, mpf

from oracle.barrier import single as barrier
from oracle.barrier.single import NAMES, cdf

SUMS = ("images", "eigenfunctions")


class Double:
    """One living option; the numbers of the market are arguments, so that they can be differentiated."""

    def __init__(self, strike, lower, upper, rebate, kind, option, rebate_at="hit", series=None):
        self.strike, self.lower, self.upper, self.rebate = mpf(strike), mpf(lower), mpf(upper), mpf(rebate)
        self.kind, self.call, self.late, self.series = kind, option == "call", rebate_at == "expiry", series

    def payoff(self):
        """Units of the asset, and cash."""
        return (1, -self.strike) if self.call else (-1, self.strike)

    def exercised(self, low, high):
        k = mp.log(self.strike)
        low, high = (max(low, k), high) if self.call else (low, min(high, k))
        return (low, high) if low < high else (mpf(0), mpf(0))

    def price(self, spot, vol, expiry, rate, dividend):
        market = (spot, vol, expiry, rate, dividend)
        discount = mp.exp(-rate * expiry)
        region = self.exercised(mp.log(self.lower), mp.log(self.upper))
        alive = discount * self.expected(*market, *region, *self.payoff())
        if self.kind == "knock-out":
            return alive + (self.rebate * self.knocked(*market) if self.rebate else 0)
        if self.kind == "knock-in":
            return self.plain(*market) - alive + (self.rebate * discount * self.survival(*market) if self.rebate else 0)
        kind, level = ("up-out", self.upper) if self.kind == "kiko" else ("down-out", self.lower)
        paid_at = "expiry" if self.late else "hit"
        option = "call" if self.call else "put"
        return barrier.Option(self.strike, level, self.rebate, kind, option, paid_at).price(*market) - alive

    def knocked(self, *market):
        """Value of one unit of cash for a hit of either barrier."""
        expiry, rate = market[2], market[3]
        if self.late:
            return mp.exp(-rate * expiry) * (1 - self.survival(*market))
        return self.passage(*market, upper=True) + self.passage(*market, upper=False)

    def plain(self, spot, vol, expiry, rate, dividend):
        s = vol * mp.sqrt(expiry)
        d = (mp.log(spot / self.strike) + (rate - dividend) * expiry) / s + s / 2
        sign = 1 if self.call else -1
        asset, cash = spot * mp.exp(-dividend * expiry), self.strike * mp.exp(-rate * expiry)
        return sign * (asset * cdf(sign * d) - cash * cdf(sign * (d - s)))

    def survival(self, *market):
        return self.expected(*market, mp.log(self.lower), mp.log(self.upper), 0, 1)

    def by_images(self, ratio):
        return ratio < 0.12 if self.series is None else self.series == "images"

    def expected(self, spot, vol, expiry, rate, dividend, low, high, asset, cash):
        """E[asset S + cash] over those that end between low and high and touched nothing."""
        x, bottom = mp.log(spot), mp.log(self.lower)
        w = mp.log(self.upper) - bottom
        s = vol * mp.sqrt(expiry)
        m = (rate - dividend) / vol**2 - mpf(1) / 2
        total = mpf(0)
        if low == high:
            return total
        if self.by_images(s / w):
            count = int(mp.ceil(mp.sqrt(2 * mp.prec * mp.log(2)) * s / w / 2 + abs(m) * s * s / w + 2))
            for n in range(-count, count + 1):
                for sign, z in ((1, x - 2 * n * w), (-1, 2 * bottom - x - 2 * n * w)):
                    for units, beta in ((asset, m + 1), (cash, m)):
                        if units:
                            factor = mp.exp(beta * z + beta**2 * s * s / 2 - m * x - m**2 * s * s / 2)
                            centre = z + beta * s * s
                            total += sign * units * factor * (cdf((high - centre) / s) - cdf((low - centre) / s))
            return total
        for n in range(1, int(mp.ceil(mp.sqrt(2 * mp.prec * mp.log(2)) * w / s / mp.pi)) + 3):
            o = n * mp.pi / w
            part = mpf(0)
            for units, beta in ((asset, m + 1), (cash, m)):
                if units:
                    ends = [
                        mp.exp(beta * y)
                        * (beta * mp.sin(o * (y - bottom)) - o * mp.cos(o * (y - bottom)))
                        / (beta**2 + o**2)
                        for y in (low, high)
                    ]
                    part += units * (ends[1] - ends[0])
            total += part * mp.sin(o * (x - bottom)) * mp.exp(-((o * s) ** 2) / 2)
        return 2 / w * total * mp.exp(-m * x - (m * s) ** 2 / 2)

    def passage(self, spot, vol, expiry, rate, dividend, upper):
        """E[exp(-r tau); tau <= T] of the first hit, if it is of this barrier."""
        x, bottom, top = mp.log(spot), mp.log(self.lower), mp.log(self.upper)
        w, s = top - bottom, vol * mp.sqrt(expiry)
        m = (rate - dividend) / vol**2 - mpf(1) / 2
        away, inside = (top - x, x - bottom) if upper else (x - bottom, top - x)
        weight = mp.exp(m * (top - x if upper else bottom - x))
        square = m**2 + 2 * rate / vol**2
        root = mp.sqrt(mp.mpc(square))
        if root == 0:
            root = mp.mpc(mp.mpf(10) ** (-mp.dps // 3))
        total = mp.mpc(0)
        # of a complex number far out erfc may be NaN in mpmath
        if self.by_images(s / w) and (square >= 0 or s / w < 0.02):
            count = int(mp.ceil(mp.sqrt(2 * mp.prec * mp.log(2)) * s / w / 2 + abs(root) * s * s / w + 2))
            for n in range(-count, count + 1):
                d = away + 2 * n * w
                sign, d = (1, d) if d > 0 else (-1, -d)
                for r in (root, -root):
                    total += sign * mp.exp(-r * d) * mp.erfc((d - r * s * s) / s / mp.sqrt(2)) / 2
            return weight * mp.re(total)
        total = mp.sinh(root * inside) / mp.sinh(root * w)
        for n in range(1, int(mp.ceil(mp.sqrt(2 * mp.prec * mp.log(2)) * w / s / mp.pi)) + 3):
            o = n * mp.pi / w
            total -= (
                2
                / w
                * (-1) ** (n + 1)
                * o
                / (square + o * o)
                * mp.sin(o * inside)
                * mp.exp(-(square + o * o) * s * s / 2)
            )
        return weight * mp.re(total)

    def by_quadrature(self, spot, vol, expiry, rate, dividend):
        """The price of a knock-out with its rebate, or of the touch, by integrating densities."""
        x, bottom, top = mp.log(spot), mp.log(self.lower), mp.log(self.upper)
        w, m = top - bottom, (rate - dividend) / vol**2 - mpf(1) / 2

        def gain(y):
            asset, cash = self.payoff()
            return asset * mp.exp(y) + cash

        def density(y, s):
            images = sum(
                mp.npdf(y, x - 2 * n * w, s) - mp.npdf(y, 2 * bottom - x - 2 * n * w, s) for n in range(-12, 13)
            )
            return mp.exp(m * (y - x) - (m * s) ** 2 / 2) * images

        def hit(t):
            """Density of the hitting time: what flows out through both ends."""
            s = vol * mp.sqrt(t)
            flow = mpf(0)
            for away, drift in ((top - x, m * (top - x)), (x - bottom, -m * (x - bottom))):
                ends = sum((away + 2 * n * w) * mp.npdf(away + 2 * n * w, 0, s) for n in range(-12, 13))
                flow += mp.exp(drift - (m * s) ** 2 / 2) * ends / t
            return flow

        s = vol * mp.sqrt(expiry)
        low, high = self.exercised(bottom, top)
        discount = mp.exp(-rate * expiry)
        alive = discount * mp.quad(lambda y: gain(y) * density(y, s), mp.linspace(low, high, 5)) if low < high else 0
        start = 1 / mp.sqrt(expiry)
        end = start + 40 * vol / min(top - x, x - bottom)
        late = self.late

        def paid(v):
            t = 1 / v**2
            return (discount if late else mp.exp(-rate * t)) * hit(t) * 2 / v**3

        return alive + (self.rebate * mp.quad(paid, mp.linspace(start, end, 17)) if self.rebate else 0)


class Touch(Double):
    """Cash if a barrier was hit, if neither was, or if one was hit before the other."""

    def __init__(self, lower, upper, amount, kind, paid_at="hit", series=None):
        super().__init__(1, lower, upper, amount, kind, "call", paid_at, series)

    def exercised(self, low, high):
        return mpf(0), mpf(0)

    def price(self, *market):
        expiry, rate = market[2], market[3]
        if self.kind == "no-touch":
            return self.rebate * mp.exp(-rate * expiry) * self.survival(*market)
        if self.kind == "double-touch":
            return self.rebate * self.knocked(*market)
        # one before the other; paid late, the hit is not discounted but the payment is
        upper = self.kind == "koki"
        if self.late:
            spot, vol, expiry, rate, dividend = market
            return self.rebate * mp.exp(-rate * expiry) * self.undiscounted(spot, vol, expiry, rate - dividend, upper)
        return self.rebate * self.passage(*market, upper=upper)

    def undiscounted(self, spot, vol, expiry, drift, upper):
        return self.passage(spot, vol, expiry, mpf(0), -drift, upper=upper)


def outputs(spot, strike, lower, upper, vol, expiry, rate, dividend, rebate, kind, option, rebate_at="hit", digits=60):
    """Price and Greeks of a living option, as mpmath numbers."""
    with mp.workdps(digits):
        one = Double(strike, lower, upper, rebate, kind, option, rebate_at)
    return derivatives(one, spot, vol, expiry, rate, dividend, digits)


def touch_outputs(spot, lower, upper, vol, expiry, rate, dividend, amount, kind, paid_at, digits=60):
    with mp.workdps(digits):
        one = Touch(lower, upper, amount, kind, paid_at)
    return derivatives(one, spot, vol, expiry, rate, dividend, digits)


# Central differences of unit steps: how often each neighbour counts.
DIFFERENCES = (
    {0: 1},
    {-1: mpf("-0.5"), 1: mpf("0.5")},
    {-1: 1, 0: -2, 1: 1},
    {-2: mpf("-0.5"), -1: 1, 1: -1, 2: mpf("0.5")},
)


def derivatives(one, spot, vol, expiry, rate, dividend, digits=60):
    """All outputs by central differences, whose steps are so small, and digits so many, that 1e-14 is left.

    A step is small against the width of the corridor and of the density; neighbours are shared between the outputs.
    """
    with mp.workdps(digits):
        point = tuple(mpf(float(value)) for value in (spot, vol, expiry, rate, dividend))
        deviation = point[1] * mp.sqrt(point[2])
        width = min(mp.log(one.upper / one.lower), deviation, mpf(1))
        small = mpf(10) ** -9 * min(width / deviation, deviation, 1 / deviation, mpf(1))
        yearly = small * min(1 / point[2], point[1] ** 2)
        steps = (mpf(10) ** -9 * width * point[0], small * point[1], small * point[2], yearly, yearly)
        known = {}

        def price(place):
            if place not in known:
                known[place] = one.price(*(p + k * h for p, k, h in zip(point, place, steps, strict=True)))
            return known[place]

        found = []
        for name in NAMES:
            orders, sign = barrier.ORDERS[name]
            value = mpf(0)
            for places in product(*(DIFFERENCES[order].items() for order in orders)):
                value += price(tuple(k for k, _ in places)) * mp.fprod(weight for _, weight in places)
            found.append(sign * value / mp.fprod(h**order for h, order in zip(steps, orders, strict=True)))
        return found
