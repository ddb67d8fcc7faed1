"""Margin rates that hold for the whole of a position; public in ``shortgamma.liquidation``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.checks import number, plain, refuse_choice, refuse_where

if TYPE_CHECKING:
    from typing import Any, Literal, NoReturn, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from shortgamma.contracts import Contract

    Measure: TypeAlias = Literal["value", "quantity"]

MEASURES: tuple[Measure, ...] = ("value", "quantity")


class WholeRate:
    """What `RiskLimits` and `RisingMargin` share: immutable values that give a rate for a size."""

    __slots__ = ("by",)

    by: Measure

    def _keep(self, **fields: Any) -> None:
        if fields["by"] not in MEASURES:
            refuse_choice("by", fields["by"], MEASURES)
        for name, value in fields.items():
            if isinstance(value, np.ndarray):
                value.flags.writeable = False
            object.__setattr__(self, name, value)

    def _terms(self) -> tuple[Any, ...]:
        raise AttributeError("only RiskLimits and RisingMargin have terms")

    def __setattr__(self, field: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} does not change: make another with the {field} wanted")

    def __delattr__(self, field: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} does not change")

    def __eq__(self, other: object) -> bool:
        return self._terms() == other._terms() if isinstance(other, WholeRate) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._terms())

    def size(self, contract: Contract, quantity: ArrayLike, price: ArrayLike) -> Any:
        """Size of a position in the measure of the rates.

        Parameters
        ----------
        contract : Contract
            What is held.
        quantity, price : array_like
            Contracts of either sign, and a price > 0.

        Returns
        -------
        ndarray or float
            Value in the settlement coin, or contracts, without sign.
        """
        if self.by == "value":
            return np.absolute(contract.value(quantity, price))
        return np.absolute(plain("quantity", quantity)) + 0.0 * np.asarray(plain("price", price))

    def rate_of(self, size: ArrayLike) -> Any:
        """Rate of a position of a size."""
        raise AttributeError("only RiskLimits and RisingMargin have rates")


class RiskLimits(WholeRate):
    """Margin rates of which one holds for the whole position, by its size (BitMEX, OKX); immutable.

    Parameters
    ----------
    lower : array_like
        Lower edges of the tiers; the first is 0, each is above the one before. A size on an edge belongs to the
        tier below it.
    rate : array_like
        Margin as a fraction of the whole value, in [0, 1], each at least the one before.
    by : {"value", "quantity"}, default "value"
        Whether the edges are values in the settlement coin or contracts.

    Attributes
    ----------
    lower, rate : ndarray
        As given.
    by : str
        As given.

    Raises
    ------
    ValueError
        If the two are not of one length, the edges do not rise from 0, the rates fall or leave [0, 1], or ``by`` is
        neither of the two.
    TypeError
        If one is not numeric.

    See Also
    --------
    Tiers : Each rate on its own part of the value only (Binance, Bybit, Hyperliquid).

    Notes
    -----
    Margin jumps where a size passes an edge. A venue of this kind ties the rate to the risk limit that is set when a
    position is opened or enlarged, or to its number of contracts; either way it does not change as the mark moves.
    So functions that follow a mark take the rate of the size at entry.

    Examples
    --------
    >>> import shortgamma as sg
    >>> limits = sg.liquidation.RiskLimits([0.0, 200.0, 300.0], [0.005, 0.01, 0.015])
    >>> limits.rate_of([180.0, 200.0, 230.0])
    array([0.005, 0.005, 0.01 ])
    """

    __slots__ = ("lower", "rate")

    lower: NDArray[np.float64]
    rate: NDArray[np.float64]

    def __init__(self, lower: ArrayLike, rate: ArrayLike, *, by: Measure = "value") -> None:
        edges = number("lower", lower).astype(np.float64)
        rates = number("rate", rate).astype(np.float64)
        if edges.ndim != 1 or edges.size == 0:
            raise ValueError(f"lower must be a sequence of at least one edge, got shape {edges.shape}")
        if rates.shape != edges.shape:
            raise ValueError(f"rate has shape {rates.shape}, lower has {edges.shape}")
        refuse_where(~((edges >= 0.0) & (edges < np.inf)), "lower", edges, "finite and at least 0")
        refuse_where(~((rates >= 0.0) & (rates <= 1.0)), "rate", rates, "in [0, 1]")
        refuse_where((np.arange(edges.size) == 0) & (edges != 0.0), "lower", edges, "0 on the first tier")
        refuse_where(np.diff(edges, prepend=-1.0) <= 0.0, "lower", edges, "above the edge before")
        refuse_where(np.diff(rates, prepend=0.0) < 0.0, "rate", rates, "at least the rate before")
        self._keep(by=by, lower=edges, rate=rates)

    def __len__(self) -> int:
        return int(self.lower.size)

    def _terms(self) -> tuple[Any, ...]:
        return RiskLimits, tuple(self.lower.tolist()), tuple(self.rate.tolist()), self.by

    def __repr__(self) -> str:
        return f"RiskLimits({self.lower.tolist()}, {self.rate.tolist()}, by={self.by!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _limits, (self.lower, self.rate, self.by)

    def rate_of(self, size: ArrayLike) -> Any:
        """Rate of a position of a size.

        Parameters
        ----------
        size : array_like
            Value or contracts, as ``by`` says; its sign does not matter.

        Returns
        -------
        ndarray or float
            Rate of the tier whose lower edge is below the size and whose upper edge is not; NaN for NaN.
        """
        absolute = np.absolute(np.asarray(plain("size", size), dtype=np.float64))
        rates = self.rate[np.searchsorted(self.lower[1:], absolute, side="left").clip(max=self.rate.size - 1)]
        return np.where(np.isnan(absolute), np.nan, rates)[()]


class RisingMargin(WholeRate):
    """A margin rate that rises in a straight line with the size of the position (Deribit); immutable.

    Parameters
    ----------
    rate : float
        Margin of a very small position as a fraction of its value, in [0, 1).
    slope : float
        What each unit of size adds to the rate, >= 0.
    by : {"value", "quantity"}, default "value"
        Whether the size is the value in the settlement coin or the number of contracts.

    Attributes
    ----------
    rate, slope : float
        As given.
    by : str
        As given.

    Raises
    ------
    ValueError
        If ``rate`` or ``slope`` is out of its range, or ``by`` is neither of the two.

    Notes
    -----
    By quantity, the rate does not change as the mark moves; by value it does, and the margin rate v + slope v^2 is
    of second degree in the value v.

    Examples
    --------
    Deribit's example, a maintenance of 1 % and 0.005 % more for each BTC, at 25 BTC:

    >>> import shortgamma as sg
    >>> round(float(sg.liquidation.RisingMargin(0.01, 0.00005).rate_of(25.0)), 12)
    0.01125
    """

    __slots__ = ("rate", "slope")

    rate: float
    slope: float

    def __init__(self, rate: float, slope: float, *, by: Measure = "value") -> None:
        values = []
        for name, value, high, rule in (("rate", rate, 1.0, "in [0, 1)"), ("slope", slope, math.inf, ">= 0")):
            try:
                given = float(value)
            except (TypeError, ValueError):
                given = math.nan
            if not 0.0 <= given < high:
                raise ValueError(f"{name} must be a number {rule}, got {value!r}")
            values.append(given)
        self._keep(by=by, rate=values[0], slope=values[1])

    def _terms(self) -> tuple[Any, ...]:
        return RisingMargin, self.rate, self.slope, self.by

    def __repr__(self) -> str:
        return f"RisingMargin({self.rate!r}, {self.slope!r}, by={self.by!r})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _rising, (self.rate, self.slope, self.by)

    def rate_of(self, size: ArrayLike) -> Any:
        """Rate of a position of a size.

        Parameters
        ----------
        size : array_like
            Value or contracts, as ``by`` says; its sign does not matter.

        Returns
        -------
        ndarray or float
            rate + slope abs(size).
        """
        return self.rate + self.slope * np.absolute(plain("size", size))


def rising_price(
    rising: RisingMargin, contract: Contract, quantity: ArrayLike, entry: ArrayLike, margin: ArrayLike, fee: Any
) -> Any:
    """Price of liquidation where the rate rises with the value at the mark."""
    rate = rising.rate + fee
    opened = np.absolute(contract.value(quantity, entry))
    side = np.sign(np.asarray(plain("quantity", quantity), dtype=np.float64))
    # whether the position loses as its value rises: a linear short, an inverse long
    against = (side > 0.0) == contract.inverse
    held = opened + np.where(against, 1.0, -1.0) * np.asarray(plain("margin", margin))
    line = np.where(against, 1.0 + rate, 1.0 - rate)
    square = line * line + np.where(against, 4.0, -4.0) * rising.slope * held
    none = square < 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        value = 2.0 * held / (line + np.sqrt(np.where(none, 0.0, square)))
        # the value in which all of the margin is gone, or in which none ever will be
        value = np.where(held <= 0.0, 0.0, np.where(none, np.inf, value))
        unit = np.absolute(contract.value(quantity, 1.0))
        level = unit / value if contract.inverse else value / unit
    return np.where(side == 0.0, np.nan, level)


def _limits(lower: ArrayLike, rate: ArrayLike, by: Measure) -> RiskLimits:
    return RiskLimits(lower, rate, by=by)


def _rising(rate: float, slope: float, by: Measure) -> RisingMargin:
    return RisingMargin(rate, slope, by=by)
