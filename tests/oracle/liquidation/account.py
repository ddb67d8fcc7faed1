"""Twins of accounts: everything in exact fractions of the given doubles."""

import math
from collections.abc import Sequence
from fractions import Fraction
from itertools import product
from typing import NamedTuple

from oracle import contracts


class Instrument(NamedTuple):
    """``steps`` are rates and amounts: required is the largest of rate value - amount."""

    kind: str
    multiplier: float
    coin: int
    steps: Sequence[tuple[Fraction, float]]


class Lot(NamedTuple):
    instrument: int
    quantity: float
    price: float
    paid: float = 0.0


def lots_of(quantity: Sequence[float], entry: Sequence[float]) -> list[Lot]:
    return [Lot(i, q, e) for i, (q, e) in enumerate(zip(quantity, entry, strict=True)) if q != 0.0]


def coin_terms(instruments, lots, cash, mark, paid):
    """Balance and requirement of each coin; ``cash`` are lists of amounts."""
    balance = [sum((Fraction(x) for x in amounts), Fraction(0)) for amounts in cash]
    need = [Fraction(0) for _ in cash]
    size = [Fraction(0) for _ in instruments]
    for lot in lots:
        what = instruments[lot.instrument]
        size[lot.instrument] += Fraction(lot.quantity)
        profit = contracts.exact_pnl(what.kind, what.multiplier, lot.quantity, lot.price, mark[lot.instrument])
        due = Fraction(lot.quantity) * (Fraction(paid[lot.instrument]) - Fraction(lot.paid))
        balance[what.coin] += profit - due
    for what, quantity, price in zip(instruments, size, mark, strict=True):
        if quantity != 0:
            value = abs(quantity) * Fraction(what.multiplier)
            value = value / Fraction(price) if what.kind == "inverse" else value * Fraction(price)
            need[what.coin] += max(Fraction(rate) * value - Fraction(amount) for rate, amount in what.steps)
    return balance, need


def deficit(instruments, lots, cash, weight, mark, fx, paid) -> Fraction:
    """Requirement less equity in the reporting coin: > 0 is a breach."""
    balance, need = coin_terms(instruments, lots, cash, mark, paid)
    total = Fraction(0)
    for b, r, w, x in zip(balance, need, weight, fx, strict=True):
        if b == 0 and r == 0:
            continue
        total += Fraction(x) * (r - (Fraction(w) * b if b > 0 else b))
    return total


def is_price(x: float) -> bool:
    return 0.0 < x < math.inf


def corners(case, held, coins, close, low, high, fx, fx_low, fx_high):
    """The ways to put the prices of a bar together, and whether all of them or any of them are meant.

    ``held`` maps instruments to the sign of what is held.
    """
    instruments = range(len(close))
    if case == "close":
        return [[(close, fx)]]
    if case == "worst":
        ranges = [(low[i], high[i]) if i in held else (close[i],) for i in instruments]
        moves = [(fx_low[k], fx_high[k]) if k in coins else (fx[k],) for k in range(len(fx))]
        return [[(p, x)] for p in product(*ranges) for x in product(*moves)]
    # a breach for certain: at the close, or with one price at an end of its range wherever in theirs the others are
    result = [[(close, fx)]]
    for i in held:
        for end in (low[i], high[i]):
            ranges = [(end,) if j == i else (low[j], high[j]) if j in held else (close[j],) for j in instruments]
            moves = [(fx_low[k], fx_high[k]) if k in coins else (fx[k],) for k in range(len(fx))]
            result.append([(p, x) for p in product(*ranges) for x in product(*moves)])
    for k in coins:
        for end in (fx_low[k], fx_high[k]):
            ranges = [(low[j], high[j]) if j in held else (close[j],) for j in instruments]
            moves = [(end,) if j == k else (fx_low[j], fx_high[j]) if j in coins else (fx[j],) for j in range(len(fx))]
            result.append([(p, x) for p in product(*ranges) for x in product(*moves)])
    return result


def first_breach(
    instruments,
    mark,
    fx,
    quantity,
    entry,
    collateral,
    weight,
    *,
    paid=None,
    events=(),
    case="close",
    low=None,
    high=None,
    fx_low=None,
    fx_high=None,
) -> int:
    """First bar with equity below the requirement, the number of bars if there is none, one more if undefined.

    ``events`` are (bar, instrument, quantity, price) or (bar, coin, amount). Without ranges of the coins their closes
    are meant. A bar with an unknown price of what is held tells nothing.
    """
    numbers = [*quantity, *collateral, *(e for q, e in zip(quantity, entry, strict=True) if q != 0.0)]
    if not all(math.isfinite(x) for x in numbers):
        return len(mark) + 1
    if any(q != 0.0 and not e > 0.0 for q, e in zip(quantity, entry, strict=True)):
        return len(mark) + 1
    lots, cash = lots_of(quantity, entry), [[c] for c in collateral]
    low, high = (mark if x is None else x for x in (low, high))
    fx_low, fx_high = (fx if x is None else x for x in (fx_low, fx_high))
    for t in range(len(mark)):
        funding = [0.0] * len(instruments) if paid is None else paid[t]
        for event in events:
            if event[0] == t and len(event) == 4:
                lots.append(Lot(*event[1:], paid=funding[event[1]]))
            elif event[0] == t:
                cash[event[1]].append(event[2])
        held = {
            i: q for i in range(len(instruments)) if (q := sum(Fraction(x.quantity) for x in lots if x.instrument == i))
        }
        coins = {k for k, amounts in enumerate(cash) if any(x != 0.0 for x in amounts)}
        coins |= {instruments[lot.instrument].coin for lot in lots}
        if case == "close":
            needed, needed_fx = [mark], [fx]
        else:
            needed, needed_fx = [mark, low, high], [fx, fx_low, fx_high]
        if not coins or not all(is_price(rows[t][i]) for rows in needed for i in held):
            continue
        if not all(is_price(rows[t][k]) for rows in needed_fx for k in coins):
            continue
        ways = corners(case, held, coins, mark[t], low[t], high[t], fx[t], fx_low[t], fx_high[t])
        for way in ways:
            if all(exact_at(instruments, lots, cash, weight, p, x, funding, held, coins) for p, x in way):
                return t
    return len(mark)


def exact_at(instruments, lots, cash, weight, prices, rates, funding, held, coins) -> bool:
    # what is closed cancels out of every price: any will do
    prices = [p if i in held else 1.0 for i, p in enumerate(prices)]
    rates = [x if k in coins else 1.0 for k, x in enumerate(rates)]
    return deficit(instruments, lots, cash, weight, prices, rates, funding) > 0


def steps_of(maintenance, fee: float) -> list[tuple[Fraction, float]]:
    """Rates with the fee, and amounts, of a number or of tiers."""
    if isinstance(maintenance, float | int):
        return [(Fraction(maintenance) + Fraction(fee), 0.0)]
    return [
        (Fraction(rate) + Fraction(fee), amount)
        for rate, amount in zip(maintenance.rate.tolist(), maintenance.amount.tolist(), strict=True)
    ]
