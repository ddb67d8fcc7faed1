"""Twin of the liquidation process: account by account, in exact fractions, from the definitions.

An instrument is (kind, multiplier, coin, margin) with margin one of ("tiers", lower, rate), ("limits", lower, rate, by)
and ("rising", rate, slope, by); a rule is (reduction, step, from_tier, fee, fee_to).
"""

import math
from fractions import Fraction

from oracle.liquidation import margin as tiers

CANCEL, REDUCTION, TAKEOVER, DELEVERAGING = range(4)


class Process:
    """Everything that there is: accounts, fund, fees, and the market, which is on the other side of all trades."""

    def __init__(self, mark, quantity, entry, collateral, orders, fund, slippage, instruments, rule):
        self.instruments, self.rule, self.events = instruments, rule, []
        self.reduction, self.step, self.from_tier, fee, self.fee_to = rule
        self.fee = Fraction(fee)
        self.slippage = [Fraction(x) for x in slippage]
        self.quantity = [[Fraction(x) for x in row] for row in quantity]
        self.entry = [[Fraction(x) for x in row] for row in entry]
        self.wallet = [[Fraction(x) for x in row] for row in collateral]
        self.orders = [[Fraction(x) for x in row] for row in orders]
        self.fund = [Fraction(x) for x in fund]
        self.fees = [Fraction(0)] * len(fund)
        self.mark = [Fraction(x) for x in mark[0]]
        self.tier = [
            [self.tier_at(i, q, e) for i, (q, e) in enumerate(zip(*rows, strict=True))]
            for rows in zip(self.quantity, self.entry, strict=True)
        ]
        self.position = [-sum(column) for column in zip(*self.quantity, strict=True)]
        self.cash = [-p * self.unit(i, self.mark[i]) for i, p in enumerate(self.position)]
        self.run(mark)

    # what things are worth

    def unit(self, i, price):
        """What a contract is worth to a long, up to a constant, in the coin of settlement."""
        kind, multiplier = self.instruments[i][:2]
        return -Fraction(multiplier) / price if kind == "inverse" else Fraction(multiplier) * price

    def price(self, i, unit):
        kind, multiplier = self.instruments[i][:2]
        if kind == "inverse":
            return float(-Fraction(multiplier) / unit) if unit < 0 else math.nan
        return float(unit / Fraction(multiplier)) if unit > 0 else math.nan

    def fill(self, i, side):
        return self.unit(i, self.mark[i] * (1 - side * self.slippage[i]))

    def size(self, i, quantity, price):
        margin = self.instruments[i][3]
        by_quantity = margin[0] != "tiers" and margin[-1] == "quantity"
        return abs(quantity) if by_quantity else abs(quantity * self.unit(i, price))

    def tier_at(self, i, quantity, price):
        margin = self.instruments[i][3]
        if margin[0] == "rising":
            return 0
        return max((k for k, low in enumerate(margin[1]) if low < self.size(i, quantity, price)), default=0)

    def requirement(self, i, quantity, tier):
        margin = self.instruments[i][3]
        value = abs(quantity * self.unit(i, self.mark[i]))
        if margin[0] == "tiers":
            return tiers.margin(margin[1], margin[2], value)
        if margin[0] == "limits":
            return Fraction(margin[2][tier]) * value
        return (Fraction(margin[1]) + Fraction(margin[2]) * self.size(i, quantity, self.mark[i])) * value

    def held(self, a, coin):
        return [i for i, terms in enumerate(self.instruments) if terms[2] == coin and self.quantity[a][i]]

    def equity(self, a, coin):
        profits = [
            self.quantity[a][i] * (self.unit(i, self.mark[i]) - self.unit(i, self.entry[a][i]))
            for i in self.held(a, coin)
        ]
        return self.wallet[a][coin] + sum(profits)

    def slack(self, a, coin):
        required = [self.requirement(i, self.quantity[a][i], self.tier[a][i]) for i in self.held(a, coin)]
        return self.equity(a, coin) - self.orders[a][coin] - sum(required)

    # what happens

    def run(self, mark):
        for self.bar, row in enumerate(mark):
            self.mark = [Fraction(new) if new == new else old for new, old in zip(row, self.mark, strict=True)]
            again = True
            while again:
                again = False
                for a in range(len(self.wallet)):
                    for coin in range(len(self.fund)):
                        if self.held(a, coin) and self.slack(a, coin) < 0:
                            self.liquidate(a, coin)
                            again = True

    def tell(self, account, instrument, coin, kind, quantity=0, price=math.nan, fee=0, fund=0):
        self.events.append((self.bar, account, instrument, coin, kind, quantity, price, fee, fund))

    def liquidate(self, a, coin):
        if self.orders[a][coin] > 0:
            self.orders[a][coin] = Fraction(0)
            self.tell(a, len(self.instruments), coin, CANCEL)
            if self.slack(a, coin) >= 0:
                return
        largest = sorted(self.held(a, coin), key=lambda i: -self.requirement(i, self.quantity[a][i], self.tier[a][i]))
        for i in largest:
            if self.reduction == "tier" and self.step_down(a, i, coin):
                return
            if self.reduction == "needed" and self.close_what_is_needed(a, i, coin):
                return
        self.take_over(a, coin)

    def reduce(self, a, i, coin, remaining, tier):
        """Close down to so many contracts; whether that is enough, else nothing happened."""
        before = self.quantity[a][i], self.wallet[a][coin], self.tier[a][i]
        side = 1 if before[0] > 0 else -1
        closed, fill = abs(before[0]) - remaining, self.fill(i, side)
        fee = self.fee * closed * abs(fill)
        self.quantity[a][i], self.tier[a][i] = side * remaining, tier
        self.wallet[a][coin] += side * closed * (fill - self.unit(i, self.entry[a][i])) - fee
        if self.slack(a, coin) < 0:
            self.quantity[a][i], self.wallet[a][coin], self.tier[a][i] = before
            return False
        self.trade(i, side * closed, fill)
        (self.fund if self.fee_to == "fund" else self.fees)[coin] += fee
        price = self.price(i, fill)
        self.tell(a, i, coin, REDUCTION, side * closed, price, fee, fee if self.fee_to == "fund" else 0)
        return True

    def step_down(self, a, i, coin):
        margin, held = self.instruments[i][3], abs(self.quantity[a][i])
        if margin[0] == "rising":
            return False
        tier = self.tier_at(i, held, self.mark[i]) if margin[0] == "tiers" else self.tier[a][i]
        while tier > 0 and tier + 1 >= self.from_tier:
            tier = max(tier - self.step, 0)
            edge = Fraction(margin[1][tier + 1]) / self.size(i, Fraction(1), self.mark[i])
            if self.reduce(a, i, coin, min(edge, held), tier):
                return True
        return False

    def close_what_is_needed(self, a, i, coin):
        """The largest position that can stay; what stays is searched between the edges of the tiers."""
        margin, held, unit = self.instruments[i][3], abs(self.quantity[a][i]), abs(self.unit(i, self.mark[i]))
        side = 1 if self.quantity[a][i] > 0 else -1
        cost = side * (self.unit(i, self.mark[i]) - self.fill(i, side)) + self.fee * abs(self.fill(i, side))
        now, tier = self.slack(a, coin), self.tier[a][i]

        def slack(remaining):
            saved = self.requirement(i, held, tier) - self.requirement(i, remaining, tier)
            return now + saved - cost * (held - remaining)

        if margin[0] == "rising":
            # concave: from its top on it falls
            low, high = Fraction(0), held
            for _ in range(60):
                third = (high - low) / 3
                low, high = (low + third, high) if slack(low + third) < slack(high - third) else (low, high - third)
            good, bad = low, held
            if slack(good) <= 0:
                return False
            for _ in range(60):
                middle = (good + bad) / 2
                good, bad = (middle, bad) if slack(middle) >= 0 else (good, middle)
            remaining = good
        else:
            edges = [Fraction(low) / unit for low in margin[1]] if margin[0] == "tiers" else [Fraction(0)]
            above = held
            for edge in sorted((edge for edge in edges if edge < held), reverse=True):
                if slack(edge) >= 0:
                    break
                above = edge
            else:
                return False
            remaining = edge + (above - edge) * slack(edge) / (slack(edge) - slack(above))
        if remaining <= 0:
            return False
        lower = self.tier_at(i, remaining, self.mark[i])
        return self.reduce(a, i, coin, remaining, min(tier, lower))

    def take_over(self, a, coin):
        """Each position bears the equity in proportion to its requirement, so that nothing of it is left."""
        held = self.held(a, coin)
        weight = [self.requirement(i, self.quantity[a][i], self.tier[a][i]) for i in held]
        if sum(weight) == 0:
            weight = [abs(self.quantity[a][i] * self.unit(i, self.mark[i])) for i in held]
        equity = self.equity(a, coin)
        for i, part in zip(held, weight, strict=True):
            quantity = self.quantity[a][i]
            side = 1 if quantity > 0 else -1
            bankrupt = self.unit(i, self.mark[i]) - equity * part / sum(weight) / quantity
            fill = self.fill(i, side)
            gain = quantity * (fill - bankrupt)
            closed = quantity if self.fund[coin] + gain >= 0 else quantity * self.fund[coin] / -gain
            change = closed * (fill - bankrupt)
            self.fund[coin] += change
            self.trade(i, closed, fill)
            self.quantity[a][i] = Fraction(0)
            self.tell(a, i, coin, TAKEOVER, quantity, self.price(i, bankrupt), 0, change)
            self.deleverage(a, i, coin, side, abs(quantity - closed), bankrupt)
        self.wallet[a][coin] = Fraction(0)

    def rank(self, b, i, coin):
        quantity, opened = self.quantity[b][i], self.unit(i, self.entry[b][i])
        value = abs(quantity * self.unit(i, self.mark[i]))
        profit = quantity * (self.unit(i, self.mark[i]) - opened) / abs(quantity * opened)
        equity = self.equity(b, coin)
        if equity <= 0:
            return math.inf if profit > 0 else 0
        return profit * value / equity if profit > 0 else profit * equity / value

    def deleverage(self, a, i, coin, side, rest, bankrupt):
        if rest <= 0:
            return
        others = [b for b, row in enumerate(self.quantity) if b != a and row[i] * side < 0]
        for b in sorted(others, key=lambda b: -self.rank(b, i, coin)):
            closed = min(rest, abs(self.quantity[b][i]))
            if closed > 0:
                self.wallet[b][coin] += -side * closed * (bankrupt - self.unit(i, self.entry[b][i]))
                self.quantity[b][i] += side * closed
                self.tell(b, i, coin, DELEVERAGING, -side * closed, self.price(i, bankrupt))
                rest -= closed
        if rest > 0:
            self.trade(i, side * rest, bankrupt)
            self.tell(len(self.wallet), i, coin, DELEVERAGING, -side * rest, self.price(i, bankrupt))

    def trade(self, i, quantity, unit):
        """The market takes so many contracts."""
        self.position[i] += quantity
        self.cash[i] -= quantity * unit

    def market(self):
        result = [Fraction(0)] * len(self.fund)
        for i, terms in enumerate(self.instruments):
            result[terms[2]] += self.cash[i] + self.position[i] * self.unit(i, self.mark[i])
        return result
