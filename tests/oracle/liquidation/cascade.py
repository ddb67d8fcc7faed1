"""Twin of a cascade: wave by wave over all accounts, in exact fractions.

A book is ("line", depth) or ("levels", bids, asks), each side a list of (distance from the mark, contracts).
"""

from fractions import Fraction

from oracle import contracts
from oracle.liquidation import margin as tiers


def orders(book, mark):
    """The book as (price, contracts) of each side, the last level without end."""
    return [
        [(mark * (1 - side * Fraction(distance)), Fraction(size)) for distance, size in levels]
        for side, levels in zip((1, -1), book[1:], strict=True)
    ]


def worth(book, mark, sold):
    """Money that net sales from the mark bring, and the price of the last contract."""
    if book[0] == "line":
        depth = Fraction(book[1])
        last = min(sold, Fraction(99, 100) * mark * depth)
        price = mark - last / depth
        return last * (mark + price) / 2 + (sold - last) * price, price
    levels = orders(book, mark)[sold < 0]
    left, money, price = abs(sold), Fraction(0), mark
    for number, (level, size) in enumerate(levels):
        taken = left if number == len(levels) - 1 else min(left, size)
        if left > 0:
            price = level
        money += taken * level
        left -= taken
    return (money if sold >= 0 else -money), price


def cascade(mark, accounts, kind, multiplier, lower, rate, book, fee, fund, returned):
    """accounts are (quantity, entry, margin): last mark, wave and price of each, what each has, and the sums."""
    start = now = Fraction(mark)
    fee, fund, net = Fraction(fee), Fraction(fund), Fraction(0)
    left = {a: Fraction(margin) for a, (_, _, margin) in enumerate(accounts)}
    told = dict.fromkeys(left, (None, None))
    fees = shortfall = sold = bought = market = Fraction(0)
    open_ones = {a for a, (quantity, _, _) in enumerate(accounts) if quantity}
    wave = 0

    def unit(price):
        return contracts.exact_value(kind, multiplier, 1, price) * (-1 if kind == "inverse" else 1)

    def equity(a, price):
        quantity, entry, margin = accounts[a]
        return Fraction(margin) + Fraction(quantity) * (unit(price) - unit(entry))

    def breached(a):
        value = abs(contracts.exact_value(kind, multiplier, accounts[a][0], now))
        return equity(a, now) < tiers.margin(lower, rate, value)

    while True:
        gone = [a for a in open_ones if breached(a)]
        if not gone:
            break
        bid = sum(Fraction(accounts[a][0]) for a in gone if accounts[a][0] > 0)
        ask = -sum(Fraction(accounts[a][0]) for a in gone if accounts[a][0] < 0)
        fill = now
        if bid != ask:
            money, price = worth(book, start, net + bid - ask)
            fill = (money - worth(book, start, net)[0]) / (bid - ask)
            now = price
        sold, bought, net = sold + bid, bought + ask, net + bid - ask
        gained = Fraction(0)
        for a in gone:
            rest = equity(a, fill)
            paid = min(fee * abs(Fraction(accounts[a][0]) * unit(fill)), max(rest, Fraction(0)))
            fees, rest = fees + paid, rest - paid
            left[a] = rest if returned and rest >= 0 else Fraction(0)
            gained += rest - left[a]
            told[a] = (wave, fill)
        fund += gained
        if fund < 0:
            shortfall, fund = shortfall - fund, Fraction(0)
        # those outside gain what all that is traded loses
        market += (bid - ask) * -unit(fill)
        open_ones -= set(gone)
        wave += 1
    held = -sum(Fraction(quantity) for quantity, _, _ in accounts)
    market += (held + net) * unit(now) - held * unit(start)
    for a, (quantity, _, _) in enumerate(accounts):
        if told[a][0] is None and quantity:
            left[a] = equity(a, now)
    told = {a: (wave if reached is None else reached, price) for a, (reached, price) in told.items()}
    return now, told, left, (sold, bought, fund, fees, market, shortfall), wave
