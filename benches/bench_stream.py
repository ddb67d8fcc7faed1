"""Streams: a bar at a time from Python, beside a class of Python that does the same job for ordinary numbers."""

from types import SimpleNamespace

import numpy as np

import shortgamma as sg
from benches.common import OURS, Case, bench

BARS = 20_000
LEVERAGE = 3.0
LINEAR = sg.contracts.Contract("linear", settlement="USD")


def path():
    random = np.random.default_rng(3)
    price = 100.0 * np.exp(np.cumsum(random.normal(0.0, 1e-3, BARS)))
    marks = np.column_stack([price, 40.0 * price])
    return SimpleNamespace(
        price=price.tolist(), rate=random.normal(1e-4, 1e-4, BARS).tolist(), marks=marks.tolist(), out=np.empty(BARS)
    )


class Product:
    """NAV of constant leverage, rebalanced at every bar."""

    def __init__(self, leverage):
        self.leverage, self.value, self.price = leverage, 1.0, None

    def update(self, price):
        if self.price is not None:
            self.value *= max(1.0 + self.leverage * (price / self.price - 1.0), 0.0)
        self.price = price
        return self.value


class Payments:
    """Funding of a linear position."""

    def __init__(self):
        self.value = 0.0

    def update(self, quantity, mark, rate):
        cash = -quantity * mark * rate
        self.value += cash
        return cash


class Watched:
    """A linear position that is compared with its liquidation price."""

    def __init__(self, quantity, entry, margin, maintenance):
        self.price = (margin - quantity * entry) / (abs(quantity) * maintenance - quantity)
        self.long, self.value = quantity > 0.0, False

    def update(self, mark):
        if (mark < self.price) if self.long else (mark > self.price):
            self.value = True
        return self.value


class Positions:
    """An account of linear positions in one coin."""

    def __init__(self, quantity, entry, collateral, maintenance):
        self.legs, self.collateral, self.maintenance = list(zip(quantity, entry, strict=True)), collateral, maintenance
        self.value = False

    def update(self, marks):
        equity, required = self.collateral, 0.0
        for (quantity, entry), mark in zip(self.legs, marks, strict=True):
            equity += quantity * (mark - entry)
            required += abs(quantity) * mark * self.maintenance
        if equity < required:
            self.value = True
        return self.value


def over(series, make):
    """A way: a new stream on every bar of a series."""

    def way(arrays):
        update, out = make().update, arrays.out
        for bar, value in enumerate(getattr(arrays, series)):
            out[bar] = update(value)
        return out

    return way


def funding(make):
    def way(arrays):
        update, out = make().update, arrays.out
        for bar, (mark, rate) in enumerate(zip(arrays.price, arrays.rate, strict=True)):
            out[bar] = update(-2.0, mark, rate)
        return out

    return way


RULE = sg.leverage.TokenRule(LEVERAGE, every=1)
POSITIONS = ([-3.0, 0.1], [100.0, 4000.0], 200.0)
CASES = [
    Case(
        "stream: LeverageNav",
        (),
        BARS,
        "copy",
        path,
        {OURS: over("price", lambda: sg.stream.LeverageNav(LEVERAGE)), "Python": over("price", lambda: Product(3.0))},
        tolerance=1e-9,
    ),
    Case(
        "stream: Token, rebalanced at every bar",
        (),
        BARS,
        "copy",
        path,
        {OURS: over("price", lambda: sg.stream.Token(RULE)), "Python": over("price", lambda: Product(3.0))},
        tolerance=1e-9,
    ),
    Case(
        "stream: FundingAccrual",
        (),
        BARS,
        "copy",
        path,
        {OURS: funding(lambda: sg.stream.FundingAccrual(LINEAR)), "Python": funding(Payments)},
    ),
    Case(
        "stream: LiquidationWatch",
        (),
        BARS,
        "copy",
        path,
        {
            OURS: over(
                "price", lambda: sg.stream.LiquidationWatch(1.0, 100.0, 60.0, contract=LINEAR, maintenance=0.005)
            ),
            "Python": over("price", lambda: Watched(1.0, 100.0, 60.0, 0.005)),
        },
    ),
    Case(
        "stream: Account of two positions",
        (),
        BARS,
        "copy",
        path,
        {
            OURS: over(
                "marks", lambda: sg.stream.Account(*POSITIONS[:2], [200.0], contracts=[LINEAR] * 2, maintenance=0.005)
            ),
            "Python": over("marks", lambda: Positions(*POSITIONS, 0.005)),
        },
    ),
]
test_speed = bench(CASES)
