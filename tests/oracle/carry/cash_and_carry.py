"""The trade bar by bar in exact fractions, from the definitions alone."""

from fractions import Fraction
from typing import NamedTuple


class Result(NamedTuple):
    made: Fraction
    """Profit of the future in the settlement coin."""
    held: Fraction
    margin: Fraction
    cost: Fraction
    liquidated: int
    top_ups: int
    shortfall: Fraction
    ratio: Fraction | None
    """Largest required over equity at a bar; None where equity was used up."""
    equity: list
    traded: Fraction
    rolled: Fraction


def value(kind, size, price):
    return size / price if kind == "inverse" else size * price


def profit(kind, size, entry, price):
    return size * (1 / price - 1 / entry) if kind == "inverse" else size * (entry - price)


def requirement(maintenance, worth):
    """Margin of a value: each tier has its rate of the part of the value that lies in it."""
    if not isinstance(maintenance, list):
        return Fraction(maintenance) * worth
    total = Fraction(0)
    for place, (lower, rate) in enumerate(maintenance):
        upper = Fraction(maintenance[place + 1][0]) if place + 1 < len(maintenance) else worth
        total += Fraction(rate) * max(min(worth, upper) - Fraction(lower), Fraction(0))
    return total


def hedge(kind, quantity, price, coin):
    return {"linear": quantity, "inverse": quantity * price, "quanto": quantity / coin}[kind]


def trade(
    spot, futures, kind, quantity, leverage, maintenance, *, cross=False, haircut=0, top_up="none", reserve=None,
    high=None, coin=None, rolls=None,
):  # fmt: skip
    """rolls maps a bar to the price of the contract rolled into; reserve None is without end.

    maintenance is a rate, or (lower, rate) of each tier.
    """
    spot, futures, high = ([Fraction(p) for p in path] for path in (spot, futures, high or futures))
    coin = spot if kind == "inverse" else [Fraction(p) for p in coin or [1] * len(spot)]
    quantity, haircut = Fraction(quantity), Fraction(haircut)
    rolls = {bar: Fraction(price) for bar, price in (rolls or {}).items()}
    size, entry = hedge(kind, quantity, futures[0], coin[0]), futures[0]
    posted = Fraction(0) if cross else value(kind, size, entry) / Fraction(leverage)
    put_in, realised, cost, top_ups = posted, Fraction(0), posted * coin[0], 0
    left = None if reserve is None else Fraction(reserve)
    dead, shortfall, equity_path = len(spot), Fraction(0), []
    ratio, used_up = Fraction(0), False
    traded = quantity * spot[0] + value(kind, size, entry) * coin[0]
    held_realised, rolled, made = Fraction(0), Fraction(0), None
    for t, mark in enumerate(high):
        backing = (1 - haircut) * quantity * spot[t] / coin[t] if cross else Fraction(0)
        if dead == len(spot):
            equity = put_in + realised + backing + profit(kind, size, entry, mark)
            required = requirement(maintenance, value(kind, size, mark))
            if equity > 0:
                ratio = max(ratio, required / equity)
            else:
                used_up = True
            if equity < required:
                goal = {"restore": posted, "maintenance": required}.get(top_up)
                if goal is not None and (left is None or goal - equity <= left):
                    put_in += goal - equity
                    cost += (goal - equity) * coin[t]
                    left = None if left is None else left - (goal - equity)
                    top_ups += 1
                else:
                    whole = quantity * spot[t] / coin[t] if cross else Fraction(0)
                    own = put_in + realised + profit(kind, size, entry, mark)
                    shortfall = max(-(own + whole), Fraction(0))
                    made = max(own, -whole) - put_in
                    traded += value(kind, size, mark) * coin[t]
                    dead = t
        alive = dead == len(spot)
        now = put_in + realised + backing + profit(kind, size, entry, futures[t]) if alive else Fraction(0)
        equity_path.append(now)
        if t in rolls:
            gain = profit(kind, size, entry, futures[t])
            held_realised += gain
            after = hedge(kind, quantity, rolls[t], coin[t])
            if dead == len(spot):
                realised += gain
                traded += (value(kind, size, futures[t]) + value(kind, after, rolls[t])) * coin[t]
            size, entry = after, rolls[t]
            rolled += rolls[t] - futures[t]
    held = held_realised + profit(kind, size, entry, futures[-1])
    if dead == len(spot):
        made = held
        traded += value(kind, size, futures[-1]) * coin[-1]
    traded += quantity * spot[-1]
    return Result(
        made, held, put_in, cost, dead, top_ups, shortfall, None if used_up else ratio, equity_path, traded, rolled
    )
