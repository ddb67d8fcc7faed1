"""Twins of contract values and profits, in doubles (operation by operation) and in exact fractions."""

import math
from fractions import Fraction


def is_price(price: float) -> bool:
    return 0.0 < price < math.inf


def value(kind: str, multiplier: float, quantity: float, price: float) -> float:
    """Signed value in the settlement coin."""
    if math.isnan(quantity) or not is_price(price):
        return math.nan
    if kind == "inverse":
        return quantity * multiplier / price
    return quantity * multiplier * price


def pnl(kind: str, multiplier: float, quantity: float, entry: float, exit: float) -> float:
    """Profit in the settlement coin."""
    if math.isnan(quantity) or not is_price(entry) or not is_price(exit):
        return math.nan
    if kind == "inverse":
        return quantity * multiplier * ((exit - entry) / (entry * exit))
    return quantity * multiplier * (exit - entry)


def exact_value(kind: str, multiplier: float, quantity: float, price: float) -> Fraction:
    size = Fraction(quantity) * Fraction(multiplier)
    return size / Fraction(price) if kind == "inverse" else size * Fraction(price)


def exact_pnl(kind: str, multiplier: float, quantity: float, entry: float, exit: float) -> Fraction:
    """The difference of two values for linear and quanto contracts, minus it for inverse ones."""
    opened = exact_value(kind, multiplier, quantity, entry)
    closed = exact_value(kind, multiplier, quantity, exit)
    return opened - closed if kind == "inverse" else closed - opened
