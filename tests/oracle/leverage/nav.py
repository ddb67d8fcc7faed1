"""Twins of constant-leverage products: in doubles operation by operation, and in exact fractions."""

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np


def path(
    price: Sequence[float],
    leverage: float,
    schedule: Sequence[bool],
    financing: Sequence[float],
    expense: Sequence[float],
    cost: float,
    initial: float,
) -> list[float]:
    """NAV at each bar of one path, in doubles and in the order of operations that all builds share."""
    navs: list[float] = []
    nav = exposure = math.nan
    fresh = stopped = wiped = False
    for t, p in enumerate(price):
        if stopped or not 0.0 < p < math.inf:
            stopped = True
            navs.append(math.nan)
            continue
        if t == 0:
            nav, exposure, fresh = initial, leverage * initial, True
            navs.append(nav)
            continue
        ratio = p / price[t - 1]
        before = nav
        if wiped:
            # nothing is left to earn or to pay, but what nobody knows does not become known
            stopped = math.isnan(financing[t]) or math.isnan(expense[t]) or (schedule[t] and math.isnan(cost))
            navs.append(math.nan if stopped else 0.0)
            continue
        if fresh:
            keep = 1.0 + (financing[t] - expense[t])
            growth = keep + leverage * ((ratio - 1.0) - financing[t])
            if growth < 0.0:
                growth = 0.0
            nav = nav * growth
            exposure = leverage * before * ratio
        else:
            keep = 1.0 + (financing[t] - expense[t])
            gain = (ratio - 1.0) - financing[t]
            nav = nav * keep + exposure * gain
            exposure = exposure * ratio
        if nav <= 0.0:
            nav, exposure, wiped = 0.0, 0.0, True
        fresh = schedule[t]
        if fresh and math.isnan(cost):
            stopped = True
            navs.append(math.nan)
            continue
        if fresh and not wiped:
            if cost != 0.0:
                if leverage * nav > exposure:
                    nav = (nav + cost * exposure) / (1.0 + cost * leverage)
                else:
                    nav = (nav - cost * exposure) / (1.0 - cost * leverage)
            if nav <= 0.0:
                nav, wiped = 0.0, True
            exposure = leverage * nav
        navs.append(nav)
    return navs


def exact_path(
    price: Sequence[float],
    leverage: float,
    schedule: Sequence[bool],
    financing: Sequence[float],
    expense: Sequence[float],
    cost: float,
    initial: float,
) -> list[Fraction]:
    """The same without rounding, from the definition: what is held, what it earned, what was paid.

    NAV moves by exposure times return, less financing of what is borrowed, less the expense; a trade to the
    target costs a fraction of itself, out of the NAV that then sets the target.
    """
    target, rate, nav = Fraction(leverage), Fraction(cost), Fraction(initial)
    exposure = target * nav
    navs = [nav]
    for t in range(1, len(price)):
        change = Fraction(price[t]) / Fraction(price[t - 1]) - 1
        borrowed = exposure - nav
        nav = nav + exposure * change - Fraction(financing[t]) * borrowed - Fraction(expense[t]) * nav
        exposure = exposure * (1 + change)
        if nav <= 0:
            nav = exposure = Fraction(0)
        elif schedule[t]:
            # Of the two signs of the trade, the one whose own outcome agrees with it.
            bought = (nav + rate * exposure) / (1 + rate * target)
            sold = (nav - rate * exposure) / (1 - rate * target)
            nav = bought if target * bought >= exposure else sold
            nav = max(nav, Fraction(0))
            exposure = target * nav
        navs.append(nav)
    return navs


def nav(price, leverage, *, schedule=None, financing=0.0, expense=0.0, cost=0.0, initial=1.0, axis=0):
    """NAV of arrays of paths, path by path.

    ``leverage``, ``cost`` and ``initial`` belong to paths. Of ``schedule``, ``financing`` and ``expense`` one
    dimension means time, and more mean what they mean for ``price``.
    """
    price = np.moveaxis(np.asarray(price, dtype=np.float64), axis, -1)
    bars = price.shape[-1]

    def timed(value, dtype):
        value = np.asarray(value, dtype=dtype)
        return np.moveaxis(value, axis, -1) if value.ndim > 1 else value

    series = [
        timed(True if schedule is None else schedule, bool),
        timed(financing, np.float64),
        timed(expense, np.float64),
    ]
    numbers = [np.asarray(x, dtype=np.float64) for x in (leverage, cost, initial)]
    paths = np.broadcast_shapes(price.shape[:-1], *(x.shape[:-1] for x in series), *(x.shape for x in numbers))
    price = np.broadcast_to(price, (*paths, bars))
    schedule, financing, expense = (np.broadcast_to(x, (*paths, bars)) for x in series)
    leverage, cost, initial = (np.broadcast_to(x, paths) for x in numbers)
    result = np.empty((*paths, bars))
    for i in np.ndindex(paths):
        result[i] = path(
            price[i].tolist(),
            float(leverage[i]),
            schedule[i].tolist(),
            financing[i].tolist(),
            expense[i].tolist(),
            float(cost[i]),
            float(initial[i]),
        )
    return np.moveaxis(result, -1, axis)
