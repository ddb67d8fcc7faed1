"""Twins of single-barrier options, in mpmath: by the killed density, in closed form and by quadrature.

Neither uses the textbook's terms A to F. The log-price x + m + s Z that never touches the barrier has the density

    [phi((y - x - m)/s) - (H/S)^(2 mu) phi((y - 2 h + x - m)/s)] / s,    m = (r - q - vol^2/2) T,  s = vol sqrt(T)

on the living side of h = ln H. A knock-out is its payoff under that density plus the rebate at the hitting time; a
knock-in is the plain option less that, plus the rebate if it never was hit. Greeks are differentiated numerically,
with digits to spare.
"""

from mpmath import mp, mpf

NAMES = ["price", "delta", "gamma", "vega", "theta", "rho", "rho_dividend"]
NAMES += ["vanna", "volga", "charm", "speed", "zomma", "color", "veta"]
# Orders of differentiation in spot, vol, expiry, rate, dividend, and the sign: calendar time runs against expiry.
ORDERS = {
    "price": ((0, 0, 0, 0, 0), 1),
    "delta": ((1, 0, 0, 0, 0), 1),
    "gamma": ((2, 0, 0, 0, 0), 1),
    "vega": ((0, 1, 0, 0, 0), 1),
    "theta": ((0, 0, 1, 0, 0), -1),
    "rho": ((0, 0, 0, 1, 0), 1),
    "rho_dividend": ((0, 0, 0, 0, 1), 1),
    "vanna": ((1, 1, 0, 0, 0), 1),
    "volga": ((0, 2, 0, 0, 0), 1),
    "charm": ((1, 0, 1, 0, 0), -1),
    "speed": ((3, 0, 0, 0, 0), 1),
    "zomma": ((2, 1, 0, 0, 0), 1),
    "color": ((2, 0, 1, 0, 0), -1),
    "veta": ((0, 1, 1, 0, 0), -1),
}


def cdf(x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


class Option:
    """One living option; the numbers of the market are arguments, so that they can be differentiated."""

    def __init__(self, strike, barrier, rebate, kind, option, rebate_at="hit"):
        self.strike, self.barrier, self.rebate = mpf(strike), mpf(barrier), mpf(rebate)
        self.up, self.out = kind.startswith("up"), kind.endswith("out")
        self.call = option == "call"
        self.late = rebate_at == "expiry"
        # what is paid: so many units of the asset, and so much cash
        self.asset, self.cash = (1, -self.strike) if self.call else (-1, self.strike)

    def living(self):
        h = mp.log(self.barrier)
        return (-mp.inf, h) if self.up else (h, mp.inf)

    def exercised(self, low, high):
        k = mp.log(self.strike)
        low, high = (max(low, k), high) if self.call else (low, min(high, k))
        return (low, high) if low < high else (mpf(0), mpf(0))

    def price(self, spot, vol, expiry, rate, dividend):
        x, h = mp.log(spot), mp.log(self.barrier)
        s = vol * mp.sqrt(expiry)
        m = (rate - dividend) * expiry - s * s / 2
        weight = mp.exp((2 * (rate - dividend) / vol**2 - 1) * (h - x))
        sources = ((x + m, mpf(1)), (2 * h - x + m, -weight))

        def payoff(low, high, images):
            low, high = self.exercised(low, high)
            total = mpf(0)
            for centre, factor in images:
                asset = mp.exp(centre + s * s / 2) * (cdf((high - centre) / s - s) - cdf((low - centre) / s - s))
                total += factor * (
                    self.asset * asset + self.cash * (cdf((high - centre) / s) - cdf((low - centre) / s))
                )
            return total

        survives = sum(
            factor * (cdf((self.living()[1] - centre) / s) - cdf((self.living()[0] - centre) / s))
            for centre, factor in sources
        )
        discount = mp.exp(-rate * expiry)
        alive = discount * payoff(*self.living(), sources)
        if self.out and self.late:
            return alive + self.rebate * discount * (1 - survives)
        if self.out:
            return alive + (self.rebate * self.passage(x, h, vol, expiry, rate, dividend) if self.rebate else 0)
        return discount * payoff(-mp.inf, mp.inf, sources[:1]) - alive + self.rebate * discount * survives

    @staticmethod
    def passage(x, h, vol, expiry, rate, dividend):
        """E[exp(-r tau); tau <= T] of the first passage from x to h."""
        a, drift = abs(h - x), rate - dividend - vol**2 / 2
        drift = drift if h > x else -drift
        root = mp.sqrt(mp.mpc(drift**2 + 2 * rate * vol**2))
        s = vol * mp.sqrt(expiry)
        total = mpf(0)
        for sign in (1, -1):
            total += mp.exp(a * (drift + sign * root) / vol**2) * cdf((-a - sign * root * expiry) / s)
        return mp.re(total)

    def by_quadrature(self, spot, vol, expiry, rate, dividend):
        """The same price by integrating payoff and rebate against the densities."""
        x, h = mp.log(spot), mp.log(self.barrier)
        s = vol * mp.sqrt(expiry)
        m = (rate - dividend) * expiry - s * s / 2
        weight = mp.exp((2 * (rate - dividend) / vol**2 - 1) * (h - x))

        def density(y):
            return mp.npdf(y, x + m, s)

        def killed(y):
            return density(y) - weight * mp.npdf(y, 2 * h - x + m, s)

        def integral(function, low, high):
            low, high = max(low, x + m - 14 * s), min(high, x + m + 14 * s)
            inner = [y for y in (x + m - 4 * s, x + m, x + m + 4 * s) if low < y < high]
            return mp.quad(function, [low, *inner, high]) if low < high else mpf(0)

        def gain(y):
            return abs(mp.exp(y) - self.strike)

        discount = mp.exp(-rate * expiry)
        alive = discount * integral(lambda y: gain(y) * killed(y), *self.exercised(*self.living()))
        if self.out:
            a, drift = abs(h - x), rate - dividend - vol**2 / 2
            drift = drift if h > x else -drift

            def hit(t):
                # from u = 1/sqrt(t): the density of the hitting time is smooth in it
                return (
                    mp.exp(-rate * t)
                    * a
                    / (vol * mp.sqrt(2 * mp.pi * t**3))
                    * mp.exp(-((a - drift * t) ** 2) / (2 * vol**2 * t))
                )

            start = 1 / mp.sqrt(expiry)
            end = start + 40 * vol / a
            rebate = mp.quad(lambda u: hit(1 / u**2) * 2 / u**3, mp.linspace(start, end, 9)) if self.rebate else mpf(0)
            return alive + self.rebate * rebate
        plain = discount * integral(lambda y: gain(y) * density(y), *self.exercised(-mp.inf, mp.inf))
        return plain - alive + self.rebate * discount * integral(killed, *self.living())


class Binary(Option):
    """A cash amount, or units of the asset."""

    def __init__(self, strike, barrier, amount, kind, option, payoff):
        super().__init__(strike, barrier, 0, kind, option)
        self.asset, self.cash = (mpf(amount), 0) if payoff == "asset" else (0, mpf(amount))


class Touch(Binary):
    """Paid if the barrier was hit, or if it never was."""

    def __init__(self, barrier, amount, up, touched, payoff, paid_at):
        kind = f"{'up' if up else 'down'}-{'in' if touched else 'out'}"
        super().__init__(1, barrier, amount, kind, "call", payoff)
        self.at_hit = touched and paid_at == "hit"
        self.paid = mpf(amount) * (self.barrier if payoff == "asset" else 1)

    def exercised(self, low, high):
        return low, high

    def price(self, spot, vol, expiry, rate, dividend):
        if self.at_hit:
            return self.paid * self.passage(mp.log(spot), mp.log(self.barrier), vol, expiry, rate, dividend)
        return super().price(spot, vol, expiry, rate, dividend)


def outputs(
    spot, strike, barrier, vol, expiry, rate, dividend, rebate, kind, option, rebate_at="hit", names=NAMES, digits=40
):
    """Price and Greeks of a living option, as mpmath numbers."""
    with mp.workdps(digits):
        one = Option(strike, barrier, rebate, kind, option, rebate_at)
    return derivatives(one, spot, vol, expiry, rate, dividend, names, digits)


def derivatives(one, spot, vol, expiry, rate, dividend, names=NAMES, digits=40):
    """The outputs of names, of any option of this module."""
    with mp.workdps(digits):
        point = tuple(mpf(float(value)) for value in (spot, vol, expiry, rate, dividend))
        found = []
        for name in names:
            orders, sign = ORDERS[name]
            value = one.price(*point) if not any(orders) else mp.diff(one.price, point, orders)
            found.append(sign * value)
        return found


def scales(spot, vol, expiry):
    """The natural size of each output: what rounding of the inputs alone does is some units of it."""
    first = [spot, 1.0, 1.0 / spot, spot * expiry**0.5, spot * vol**2, spot * expiry, spot * expiry]
    return [*first, 1.0 / vol, spot / vol, 1.0, 1.0 / spot**2, 1.0 / (spot * vol), 1.0 / spot, spot]
