"""Twin of the simulation of leveraged products: plain Python that divides at every bar.

It follows NAV and exposure by price ratios, where the loop follows units and cash, and it finds a trigger from the
leverage that it has divided out. In Fractions it is exact.
"""

import math
from fractions import Fraction

DAY = 86_400_000_000_000
REACHED = Fraction(1, 10**12)
INF = math.inf


def clock(text):
    hours, minutes, *seconds = map(int, text.split(":"))
    return ((hours * 60 + minutes) * 60 + (seconds[0] if seconds else 0)) * 1_000_000_000


def times_passed(before, now, moment):
    """How often a time of day comes after ``before`` and up to ``now``."""
    day = before // DAY * DAY - DAY
    count = 0
    while day + moment <= now:
        count += day + moment > before
        day += DAY
    return count


class Product:
    """One product at one price."""

    def __init__(self, rule, price, initial, number, leverage):
        self.rule, self.number = rule, number
        self.price = self.reference = number(price)
        self.target = number(leverage)
        self.nav = number(initial)
        self.exposure = self.target * self.nav
        self.dead = self.unknown = self.pending = False
        self.goal, self.piece = None, 0
        self.wiped_out = -1
        self.tolerance = number(REACHED) if number is Fraction else 1e-12
        self.new_bar()

    def new_bar(self):
        zero = self.number(0)
        self.trade = self.gain = self.cost = self.fee = self.financing = self.turnover = zero
        self.rebalances = 0

    def leverage(self):
        return self.exposure / self.nav

    def check(self, bar):
        if not self.dead and self.nav <= 0:
            self.gain -= self.nav
            self.nav = self.exposure = self.number(0)
            self.dead, self.goal, self.pending, self.wiped_out = True, None, False, bar

    def go(self, price):
        ratio = self.number(price) / self.price
        earned = self.exposure * (ratio - 1)
        self.gain += earned
        self.nav += earned
        self.exposure *= ratio
        self.price = self.number(price)

    def is_beyond(self, price):
        """Whether at a price, the product as it is would be at or past a trigger."""
        rule = self.rule
        ratio = price / self.price
        nav = self.nav + self.exposure * (ratio - 1)
        if self.exposure == 0:
            return False
        if nav <= 0:
            # on the way to nothing it has any leverage
            if rule.upper is not None:
                return True
        else:
            actual = abs(self.exposure * ratio / nav)
            slack = -self.tolerance if rule.target == "constant" else self.tolerance
            if rule.upper is not None:
                upper = self.number(rule.upper) * (1 + slack)
                if actual >= upper:
                    return True
            if rule.lower is not None:
                lower = self.number(rule.lower) * (1 - slack)
                if actual <= lower:
                    return True
        move = (price / self.reference - 1) * (1 if self.exposure > 0 else -1)
        if rule.adverse is not None and -move >= self.number(rule.adverse) * (1 - self.tolerance):
            return True
        return rule.favourable is not None and move >= self.number(rule.favourable) * (1 - self.tolerance)

    def crossing(self, price):
        """The first price on the way to another at which a trigger is reached."""
        rule, actual, found = self.rule, self.leverage(), []
        sign = 1 if self.exposure > 0 else -1
        for bound in (rule.lower, rule.upper):
            if bound is not None and bound * sign != 1 and actual != 1:
                wanted = sign * self.number(bound)
                ratio = wanted * (1 - actual) / (actual * (1 - wanted))
                found.append(self.price * ratio)
        if rule.adverse is not None:
            found.append(self.reference * (1 - sign * self.number(rule.adverse)))
        if rule.favourable is not None:
            found.append(self.reference * (1 + sign * self.number(rule.favourable)))
        near = [
            one
            for one in found
            if min(self.price, price) - abs(price) * 2 * self.tolerance <= one
            and one <= max(self.price, price) * (1 + 2 * self.tolerance)
        ]
        # those that lead out, not in
        near = [one for one in near if self.is_beyond(one + (price - one) / 1000)]
        return min(near, key=lambda one: abs(one - self.price), default=self.price)

    def walk(self, price, bar):
        """Move on; whether a trigger was met that is not filled on the way."""
        price = self.number(price)
        while not self.dead and self.nav > 0:
            if not self.is_beyond(price):
                break
            if self.rule.fill != "trigger":
                self.go(price)
                self.check(bar)
                return not self.dead
            self.go(self.crossing(price))
            self.check(bar)
            if not self.dead:
                self.rebalance(bar)
        self.go(price)
        self.check(bar)
        return False

    def rebalance(self, bar):
        rule, sign = self.rule, -1 if self.target < 0 else 1
        if rule.target == "constant":
            goal = self.target
        else:
            actual = self.leverage() * sign
            if rule.target == "edge":
                if rule.upper is not None and actual > self.number(rule.upper):
                    goal = sign * self.number(rule.upper)
                elif rule.lower is not None and actual < self.number(rule.lower):
                    goal = sign * self.number(rule.lower)
                else:
                    return
            else:
                speed = self.number(rule.speed)
                actual = actual * (1 - speed) + abs(self.target) * speed
                actual = max(actual, self.number(rule.minimum))
                goal = sign * (actual if rule.maximum == INF else min(actual, self.number(rule.maximum)))
        self.trade_to(goal, bar)

    def trade_to(self, goal, bar, begins=True):
        rule = self.rule
        slippage, cost = self.number(rule.slippage), self.number(rule.cost)
        charged = self.number(rule.rebalance_fee) * self.nav if begins else self.number(0)
        self.nav -= charged
        self.fee += charged
        # buying at a worse price, and paying a part of what was paid; selling likewise
        if goal * self.nav > self.exposure:
            paid = slippage + cost * (1 + slippage)
            after = (self.nav + paid * self.exposure) / (1 + paid * goal)
        else:
            paid = slippage + cost * (1 - slippage)
            after = (self.nav - paid * self.exposure) / (1 - paid * goal)
        trade = goal * after - self.exposure
        self.goal = None
        if rule.largest is not None and abs(trade) > self.number(rule.largest) * self.nav:
            size = self.number(rule.largest) * self.nav
            trade = size if trade > 0 else -size
            after = self.nav - paid * size
            self.goal, self.piece, self.buys = goal, bar, trade > 0
        self.cost += self.nav - after
        self.nav = after
        self.exposure = self.exposure + trade
        self.trade += trade
        self.turnover += abs(trade)
        self.rebalances += 1
        self.reference = self.price
        self.check(bar)

    def is_calm(self):
        rule = self.rule
        if rule.dead_band is None and rule.dead_move is None:
            return False
        low, high = (0, INF) if rule.dead_band is None else rule.dead_band
        move = abs(self.price / self.reference - 1)
        return low <= abs(self.leverage()) <= high and (rule.dead_move is None or move <= self.number(rule.dead_move))


def is_price(value):
    return 0.0 < value < INF


def path(
    price, rule, *, time=None, high=None, low=None, start=None, financing=0.0, funding=0.0, dividend=0.0, initial=1.0,
    number=float,
):  # fmt: skip
    """All that one product does along one path: a dict of lists, one number a bar, and the bar of its end."""

    def at(series, t):
        return number(series[t] if hasattr(series, "__len__") else series)

    names = ("nav", "exposure", "leverage", "trade", "rebalances", "gain", "cost", "fee", "financing", "turnover")
    record = {name: [] for name in names}
    leverage = rule.leverage
    changes = [(stamp(moment), value) for moment, value in rule.changes]
    for moment, value in changes:
        if moment <= time[0]:
            leverage = value
    product = None
    unknown = False
    for t, close in enumerate(price):
        seen = [close]
        if t and rule.watch == "extremes":
            seen += [high[t], low[t]]
        if t and product is not None and product.pending:
            seen.append(start[t])
        if unknown or not all(map(is_price, seen)):
            unknown = True
            for name in names:
                record[name].append(math.nan if name != "rebalances" else 0)
            continue
        if t == 0:
            product = Product(rule, close, initial, number, leverage)
        else:
            product.new_bar()
            bar(product, t, close, time, high, low, start, at(financing, t), at(funding, t), at(dividend, t), changes)
        for name in names:
            if name == "leverage":
                record[name].append(product.exposure / product.nav if product.nav else number(0))
            else:
                record[name].append(getattr(product, name))
    record["wiped_out"] = -1 if product is None else product.wiped_out
    return record


def stamp(text):
    """ns since 1970 of a time as text, by its digits."""
    from datetime import UTC, datetime

    whole, _, part = text.partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000 + int(part.ljust(9, "0") or 0)


def bar(product, t, close, time, high, low, start, financing, funding, dividend, changes):
    rule, number = product.rule, product.number
    if product.dead:
        product.price = number(close)
        return
    days = number(0) if time is None else number(time[t] - time[t - 1]) / DAY
    daily = number(rule.fee) + number(rule.annual_fee) / 365
    borrowed = product.exposure - product.nav
    rate = financing + (number(rule.spread) * days / 365 if borrowed > 0 else 0)
    paid, charged = borrowed * rate, (daily * days * product.nav if rule.fee_at is None else number(0))
    earned = product.exposure / product.price * dividend
    product.nav += earned - paid - charged
    product.gain += earned
    product.financing += paid
    product.fee += charged
    product.check(t)
    if product.pending and not product.dead:
        product.pending = False
        product.go(start[t])
        product.check(t)
        if not product.dead:
            product.rebalance(t)
    wanted = False
    if rule.watch == "extremes":
        for extreme in (low[t], high[t]) if product.exposure > 0 else (high[t], low[t]):
            wanted = product.walk(extreme, t) or wanted
    wanted = product.walk(close, t) or wanted
    if not product.dead:
        paid = funding * product.exposure
        product.nav -= paid
        product.financing += paid
        if rule.fee_at is not None:
            charged = product.nav * (1 - (1 - daily) ** times_passed(time[t - 1], time[t], clock(rule.fee_at)))
            product.nav -= charged
            product.fee += charged
        product.check(t)
    if product.dead:
        return
    new = [value for moment, value in changes if time[t - 1] < moment <= time[t]]
    if rule.every is not None:
        due = t % rule.every == 0
    elif rule.schedule is not None:
        due = rule.schedule[t] == 1
    else:
        due = any(times_passed(time[t - 1], time[t], clock(moment)) for moment in rule.at or ())
    if new:
        product.target = number(new[-1])
        wanted = True
    elif due and not product.is_calm():
        wanted = True
    if wanted:
        product.goal = None
        if rule.fill == "open":
            product.pending = True
        else:
            product.rebalance(t)
    elif product.goal is not None and t - product.piece >= rule.cooldown:
        if (product.goal * product.nav > product.exposure) == product.buys:
            # a rebalance in pieces pays its fee once
            product.trade_to(product.goal, t, begins=False)
        else:
            product.goal = None
