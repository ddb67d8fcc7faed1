"""Twin of the simulation of leveraged products: plain Python that divides at every bar.

It follows NAV and exposure by price ratios, where the loop follows units and cash, and it finds a trigger from the
leverage that it has divided out. In Fractions it is exact.
"""

import math
from datetime import UTC, datetime, timedelta
from datetime import time as time_of_day
from fractions import Fraction
from itertools import accumulate
from zoneinfo import ZoneInfo

DAY = 86_400_000_000_000
REACHED = Fraction(1, 10**12)
INF = math.inf


def moments(text, zone, first, last):
    """Every time between two at which clocks of a zone show a time of day, by the calendar."""
    day = datetime.fromtimestamp(first // 10**9, UTC).date() - timedelta(days=2)
    end = datetime.fromtimestamp(last // 10**9, UTC).date() + timedelta(days=2)
    while day <= end:
        shown = datetime.combine(day, time_of_day.fromisoformat(text), ZoneInfo(zone))
        yield round(shown.timestamp()) * 10**9
        day += timedelta(days=1)


class Bars:
    """When prices held: opens and closes, of bars as long as the shortest so far."""

    def __init__(self, time, stamp, has_open):
        steps = [time[1] - time[0] if len(time) > 1 else 0]
        for t in range(1, len(time)):
            steps.append(min(steps[-1], time[t] - time[t - 1]))
        self.has_open = has_open
        if stamp == "open":
            self.opens, self.closes = time, [at + step for at, step in zip(time, steps, strict=True)]
        else:
            self.opens, self.closes = [at - step for at, step in zip(time, steps, strict=True)], time
        # how long after its close a price still is the nearest
        reach = [0 if has_open else max(step - 1, 0) // 2 for step in steps]
        self.until = list(accumulate((a + b for a, b in zip(self.closes, reach, strict=True)), max))

    def nearest(self, moment):
        """The bar whose price is nearest to a time, and whether it is its open."""
        for t, close in enumerate(self.closes):
            if moment <= self.until[t]:
                return t, self.has_open and moment - self.opens[t] < close - moment
        return None, False

    def served(self, text, zone):
        """How often a time of day is served at the opens and at the closes of the bars."""
        counts = {True: [0] * len(self.closes), False: [0] * len(self.closes)}
        for moment in moments(text, zone, self.opens[0], self.closes[-1]):
            bar, at_open = self.nearest(moment)
            if bar is not None:
                counts[at_open][bar] += 1
        return counts


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


class Job:
    """One rule on one path of bars: what is given, and what is due when."""

    def __init__(self, price, rule, number, given):
        self.price, self.rule, self.number = price, rule, number
        self.high, self.low, self.start = (given.get(name) for name in ("high", "low", "start"))
        triggers = not rule.lower is rule.upper is rule.adverse is rule.favourable is None
        self.extremes = self.high is not None and (rule.watch == "extremes" or (rule.watch is None and triggers))
        self.opens = self.start is not None and rule.watch != "close" and triggers
        self.series = {name: given.get(name, 0.0) for name in ("financing", "funding", "dividend")}
        self.bars = None
        bars = len(price)
        self.clock = {True: [0] * bars, False: [0] * bars}
        self.fees = {True: [0] * bars, False: [0] * bars}
        if given.get("time") is not None:
            self.bars = Bars(given["time"], given.get("stamp", "close"), self.start is not None)
            for text in rule.at or ():
                served = self.bars.served(text, rule.zone)
                for at_open in (True, False):
                    # what is traded at the next open is noticed within the bar
                    place = at_open and rule.fill != "open"
                    self.clock[place] = [a + b for a, b in zip(self.clock[place], served[at_open], strict=True)]
            if rule.paid_at is not None:
                self.fees = self.bars.served(rule.paid_at, rule.zone)

    def at(self, name, t):
        series = self.series[name]
        return self.number(series[t] if hasattr(series, "__len__") else series)

    def years(self, t):
        if self.bars is None:
            return self.number(0)
        return self.number(self.bars.closes[t] - self.bars.closes[t - 1]) / (365 * DAY)

    def looks_at_open(self, product, t):
        if product.dead:
            return False
        return product.pending or self.opens or self.clock[True][t] > 0 or self.fee(True, t) != 0

    def fee(self, at_open, t):
        """The expense of as many days as its time of day came."""
        daily = self.number(self.rule.expense) / 365
        return 1 - (1 - daily) ** self.fees[at_open][t] if self.rule.paid_at is not None else self.number(0)

    def changes(self, t):
        """New targets between the close before and this one."""
        found = []
        for text, value in self.rule.changes:
            if self.bars.closes[t - 1] < stamp(text) <= self.bars.closes[t]:
                found.append(value)
        return found


def path(price, rule, *, initial=1.0, number=float, **given):
    """All that one product does along one path: a dict of lists, one number a bar, and the bar of its end."""
    names = ("nav", "exposure", "leverage", "trade", "rebalances", "gain", "cost", "fee", "financing", "turnover")
    record = {name: [] for name in names}
    job = Job(price, rule, number, given)
    leverage = rule.leverage
    for text, value in rule.changes:
        if stamp(text) <= job.bars.closes[0]:
            leverage = value
    product = None
    unknown = False
    for t, close in enumerate(price):
        seen = [close]
        if t and job.extremes:
            seen += [job.high[t], job.low[t]]
        if t and product is not None and job.looks_at_open(product, t):
            seen.append(job.start[t])
        if unknown or not all(map(is_price, seen)):
            unknown = True
            for name in names:
                record[name].append(math.nan if name != "rebalances" else 0)
            continue
        if t == 0:
            product = Product(rule, close, initial, number, leverage)
        else:
            product.new_bar()
            bar(product, job, t, close)
        for name in names:
            if name == "leverage":
                record[name].append(product.exposure / product.nav if product.nav else number(0))
            else:
                record[name].append(getattr(product, name))
    never = len(price)
    record["wiped_out"] = never if product is None or product.wiped_out < 0 else product.wiped_out
    return record


def stamp(text):
    """ns since 1970 of a time as text, by its digits."""
    whole, _, part = text.partition(".")
    moment = datetime.fromisoformat(whole).replace(tzinfo=UTC)
    return int(moment.timestamp()) * 1_000_000_000 + int(part.ljust(9, "0") or 0)


def bar(product, job, t, close):
    rule, number = job.rule, job.number
    if product.dead:
        product.price = number(close)
        return
    years = job.years(t)
    borrowed = product.exposure - product.nav
    rate = job.at("financing", t) * years + (number(rule.spread) * years if borrowed > 0 else 0)
    paid = borrowed * rate
    charged = number(rule.expense) * years * product.nav if rule.paid_at is None else number(0)
    earned = product.exposure / product.price * job.at("dividend", t)
    product.nav += earned - paid - charged
    product.gain += earned
    product.financing += paid
    product.fee += charged
    product.check(t)
    wanted = False
    if job.looks_at_open(product, t):
        wanted = at_open(product, job, t)
    if job.extremes:
        for extreme in (job.low[t], job.high[t]) if product.exposure > 0 else (job.high[t], job.low[t]):
            wanted = product.walk(extreme, t) or wanted
    wanted = product.walk(close, t) or wanted
    if not product.dead:
        paid = job.at("funding", t) * product.exposure
        product.nav -= paid
        product.financing += paid
        charge(product, job.fee(False, t), t)
    if not product.dead:
        at_close(product, job, t, wanted)


def charge(product, fee, t):
    charged = product.nav * fee
    product.nav -= charged
    product.fee += charged
    product.check(t)


def at_open(product, job, t):
    pending, product.pending = product.pending, False
    product.go(job.start[t])
    product.check(t)
    if not product.dead:
        charge(product, job.fee(True, t), t)
    if not product.dead and (pending or (job.clock[True][t] and not product.is_calm())):
        product.rebalance(t)
    return job.opens and product.walk(job.start[t], t)


def at_close(product, job, t, wanted):
    rule = job.rule
    new = job.changes(t) if rule.changes else []
    if rule.every is not None:
        due = t % rule.every == 0
    elif rule.schedule is not None:
        due = rule.schedule[t] == 1
    else:
        due = job.clock[False][t] > 0
    if new:
        product.target = job.number(new[-1])
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
