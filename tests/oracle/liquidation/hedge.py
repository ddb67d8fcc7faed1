"""Twin of the constant-risk hedge: bar by bar, in exact fractions."""

from fractions import Fraction


def hedge(mark, fx, quantity, multiplier, fee):
    """Rows of hedge, trade, quanto profit, linear profit, fees and total, one for each bar."""
    size = Fraction(quantity) * Fraction(multiplier)
    held, total, before = Fraction(0), Fraction(0), None
    rows = []
    for price, coin in zip(mark, fx, strict=True):
        price, coin = Fraction(price), Fraction(coin)
        move = price - before if before is not None else Fraction(0)
        quanto, linear = size * move * coin, held * move
        trade = -size * coin - held
        held += trade
        fees = Fraction(fee) * abs(trade) * price
        total += quanto + linear - fees
        rows.append((held, trade, quanto, linear, fees, total))
        before = price
    return rows
