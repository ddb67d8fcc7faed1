"""Margins by the size of a position: one interface for every function that asks for maintenance or initial margin.

A plain number is a fraction of the value at the mark. Anything else is a `Margin`: `MarginRate`, `Tiers`, `RiskLimits`
or `RisingMargin`. The public names are in ``shortgamma.liquidation``.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import number, plain, refuse_where, word
from shortgamma._core.lazy import described
from shortgamma.contracts import checked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, ClassVar, Literal, NoReturn, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from shortgamma.contracts import Contract

    Array: TypeAlias = NDArray[np.float64]
    Measure: TypeAlias = Literal["value", "quantity"]
    Valued: TypeAlias = Literal["mark", "entry"]

MEASURES: tuple[Measure, ...] = ("value", "quantity")
VALUED: tuple[Valued, ...] = ("mark", "entry")


class Table(NamedTuple):
    """A margin as the loops read it: the largest of rate v - amount, or the rate of the tier of the size."""

    kind: str
    lower: Array
    rate: Array
    amount: Array


@described
class Margin:
    """Base of all margins: `MarginRate`, `Tiers`, `RiskLimits` and `RisingMargin`.

    Attributes
    ----------
    at : {"mark", "entry"}
        Whether the margin is a fraction of the value at the mark, and so changes with it, or of the value at entry.
    by : {"value", "quantity"}
        Whether a size is the value in the settlement coin or the number of contracts.
    """

    __slots__ = ("at", "by")

    at: Valued
    by: Measure
    _fields: ClassVar[tuple[str, ...]] = ()

    def _keep(self, **fields: Any) -> None:
        for name, choices in (("at", VALUED), ("by", MEASURES)):
            word(name, fields[name], choices)
        for name, value in fields.items():
            if isinstance(value, np.ndarray):
                # over bytes, so that nobody can make it writeable again
                value = np.frombuffer(value.tobytes(), dtype=np.float64)
            object.__setattr__(self, name, value)

    def _terms(self) -> tuple[Any, ...]:
        values = (getattr(self, field) for field in self._fields)
        return tuple(tuple(value.tolist()) if isinstance(value, np.ndarray) else value for value in values)

    def __setattr__(self, field: str, value: object) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} does not change: make another with the {field} wanted")

    def __delattr__(self, field: str) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} does not change")

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Margin):
            return NotImplemented
        return type(self) is type(other) and self._terms() == other._terms()

    def __hash__(self) -> int:
        return hash((type(self).__name__, self._terms()))

    def __repr__(self) -> str:
        shown = []
        for field, value in zip(self._fields, self._terms(), strict=True):
            text = repr(list(value)) if isinstance(value, tuple) else repr(value)
            if (field, value) not in (("at", "mark"), ("by", "value"), ("deduction", 0.0)):
                shown.append(f"{field}={text}" if field in ("at", "by", "deduction") else text)
        return f"{type(self).__name__}({', '.join(shown)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, (type(self), dict(zip(self._fields, self._terms(), strict=True)))

    def size(self, contract: Contract, quantity: ArrayLike, price: ArrayLike) -> Any:
        """Size of a position, by which its rate is found.

        Parameters
        ----------
        {contract}
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

    def required(self, contract: Contract, quantity: ArrayLike, mark: ArrayLike, entry: ArrayLike | None = None) -> Any:
        """Margin that a position needs.

        Parameters
        ----------
        {contract, quantity, mark}
        entry : array_like, optional
            Entry price, > 0, for margins of the value at entry and for risk limits, whose tier is that of the size at
            entry; the mark by default.

        Returns
        -------
        ndarray or float
            Margin in the settlement coin.
        """
        contract = checked(contract)
        opened = mark if entry is None else entry
        value = np.absolute(contract.value(quantity, mark if self.at == "mark" else opened))
        if isinstance(self, RiskLimits):
            return value * self.rate_of(self.size(contract, quantity, opened))
        if isinstance(self, RisingMargin):
            return value * self.rate_of(self.size(contract, quantity, mark if self.at == "mark" else opened))
        return self._of_value(value)

    def _of_value(self, value: Any) -> Any:
        raise NotImplementedError

    def _table(self) -> Table:
        raise NotImplementedError

    def _largest(self) -> float:
        """The largest rate of the value at the mark."""
        rate: Any = getattr(self, "rate", 0.0)
        return 0.0 if self.at == "entry" else float(rate if isinstance(rate, float) else rate[-1])

    def _steps(self, contract: Contract, quantity: ArrayLike, entry: ArrayLike) -> list[tuple[Any, Any]]:
        """Rates and amounts of which the largest rate v - amount of the value v at the mark is required."""
        if self.at == "entry":
            return [(0.0, -self.required(contract, quantity, entry))]
        if isinstance(self, RiskLimits | RisingMargin):
            return [(self.rate_of(self.size(contract, quantity, entry)), 0.0)]
        table = self._table()
        return list(zip(table.rate.tolist(), table.amount.tolist(), strict=True))


@described
class MarginRate(Margin):
    """A margin of one rate, less a deduction; immutable.

    Parameters
    ----------
    rate : float
        Margin as a fraction of the value, in [0, 1).
    deduction : float, default 0.0
        Deduction in the settlement coin, >= 0: the maintenance amount of a tier (Binance's ``cum``). Nothing is
        required where it exceeds the rate times the value.
    {at [margin]}

    Attributes
    ----------
    rate, deduction : float
        As given.

    Raises
    ------
    ValueError
        If a number is out of its range, or ``at`` is neither of the two.

    Examples
    --------
    Bybit keeps half a per cent of the value at entry:

    >>> import shortgamma as sg
    >>> kept = sg.liquidation.MarginRate(0.005, at="entry")
    >>> linear = sg.contracts.Contract("linear")
    >>> float(kept.required(linear, 2.0, 90.0, entry=100.0))
    1.0
    """

    __slots__ = ("deduction", "rate")
    _fields = ("rate", "deduction", "at")

    rate: float
    deduction: float

    def __init__(self, rate: float, deduction: float = 0.0, *, at: Valued = "mark") -> None:
        rate = _one_number("rate", rate, 1.0, "in [0, 1)")
        deduction = _one_number("deduction", deduction, math.inf, ">= 0")
        self._keep(rate=rate, deduction=deduction, at=at, by="value")

    def _of_value(self, value: Any) -> Any:
        return np.maximum(value * self.rate - self.deduction, 0.0) if self.deduction else value * self.rate

    def _table(self) -> Table:
        if not self.deduction:
            return Table("tiers", np.zeros(1), np.array([self.rate]), np.zeros(1))
        edge = self.deduction / self.rate if self.rate else math.inf
        if not edge < math.inf:
            return Table("tiers", np.zeros(1), np.zeros(1), np.zeros(1))
        return Table("tiers", np.array([0.0, edge]), np.array([0.0, self.rate]), np.array([0.0, self.deduction]))


@described
class Tiers(Margin):
    """Margin rates by value, each on what exceeds its lower edge (Binance, Bybit, Hyperliquid); immutable.

    Parameters
    ----------
    lower : array_like
        Lower edges of the tiers in the settlement coin; the first is 0, each is above the one before.
    rate : array_like
        Margin as a fraction of the value inside each tier, in [0, 1), each at least the one before.
    {at [margin]}

    Attributes
    ----------
    lower, rate : ndarray
        As given.
    amount : ndarray
        The maintenance amount of venues: on tier k the margin is rate_k value - amount_k. It follows
        from the margin being continuous at the edges: amount_k = sum of lower_j (rate_j - rate_(j-1)).

    Raises
    ------
    ValueError
        If the two are not of one length, the edges do not rise from 0, or the rates fall or leave [0, 1).
    TypeError
        If ``lower`` or ``rate`` is not numeric.

    Notes
    -----
    Above the last edge the last rate applies: the largest position that a venue accepts is not known here. Since the
    rates do not fall, the margin is convex in the value and equals the largest of all rate_k value - amount_k.

    Examples
    --------
    >>> import shortgamma as sg
    >>> tiers = sg.liquidation.Tiers([0.0, 50_000.0, 250_000.0], [0.004, 0.005, 0.01])
    >>> tiers.amount
    array([   0.,   50., 1300.])
    >>> float(tiers.margin(100_000.0))
    450.0
    """

    __slots__ = ("amount", "lower", "rate")
    _fields = ("lower", "rate", "at")

    lower: Array
    rate: Array
    amount: Array

    def __init__(self, lower: ArrayLike, rate: ArrayLike, *, at: Valued = "mark") -> None:
        edges, rates = _edges(lower, rate)
        refuse_where(~((rates >= 0.0) & (rates < 1.0)), "rate", rates, "in [0, 1)")
        steps = np.diff(rates, prepend=0.0)
        refuse_where(steps < 0.0, "rate", rates, "at least the rate before")
        self._keep(lower=edges, rate=rates, amount=np.cumsum(edges * steps), at=at, by="value")

    def __len__(self) -> int:
        return int(self.lower.size)

    def margin(self, value: ArrayLike) -> Any:
        """Margin that a position of a value needs, in the coin of the value.

        Parameters
        ----------
        value : array_like
            Value of the position in the settlement coin; its sign does not matter.

        Returns
        -------
        ndarray or float
            The largest of rate_k abs(value) - amount_k.
        """
        return self._of_value(np.absolute(plain("value", value)))

    def _of_value(self, value: Any) -> Any:
        result = value * self.rate[0]
        for rate, amount in zip(self.rate[1:], self.amount[1:], strict=True):
            result = np.maximum(result, value * rate - amount)
        return result

    def _table(self) -> Table:
        return Table("tiers", self.lower, self.rate, self.amount)


@described
class RiskLimits(Margin):
    """Margin rates by size, one of which holds for the whole position (BitMEX, OKX); immutable.

    Parameters
    ----------
    lower : array_like
        Lower edges of the tiers; the first is 0, each is above the one before. A size on an edge belongs to the
        tier below it.
    rate : array_like
        Margin as a fraction of the whole value, in [0, 1], each at least the one before.
    by : {"value", "quantity"}, default "value"
        Whether the edges are values in the settlement coin or contracts.
    at : {"mark", "entry"}, default "mark"
        Whether the rate applies to the value at the mark or at entry. The tier is that of the size at entry either
        way.

    Attributes
    ----------
    lower, rate : ndarray
        As given.

    Raises
    ------
    ValueError
        If the two are not of one length, the edges do not rise from 0, the rates fall or leave [0, 1], or ``by`` or
        ``at`` is not one of its choices.
    TypeError
        If ``lower`` or ``rate`` is not numeric.

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
    _fields = ("lower", "rate", "by", "at")

    lower: Array
    rate: Array

    def __init__(self, lower: ArrayLike, rate: ArrayLike, *, by: Measure = "value", at: Valued = "mark") -> None:
        edges, rates = _edges(lower, rate)
        refuse_where(~((rates >= 0.0) & (rates <= 1.0)), "rate", rates, "in [0, 1]")
        refuse_where(np.diff(rates, prepend=0.0) < 0.0, "rate", rates, "at least the rate before")
        self._keep(by=by, at=at, lower=edges, rate=rates)

    def __len__(self) -> int:
        return int(self.lower.size)

    def rate_of(self, size: ArrayLike) -> Any:
        """Rate of a position of a size: that of the tier whose lower edge is below it and whose upper edge is not.

        {rate of a size}
        """
        absolute = np.absolute(np.asarray(plain("size", size), dtype=np.float64))
        rates = self.rate[np.searchsorted(self.lower[1:], absolute, side="left").clip(max=self.rate.size - 1)]
        return np.where(np.isnan(absolute), np.nan, rates)[()]

    def tier_of(self, size: ArrayLike) -> Any:
        """Tier of a position of a size, from 0.

        Parameters
        ----------
        size : array_like
            Value or contracts, as ``by`` says, >= 0.

        Returns
        -------
        ndarray of int64 or int
            The tier whose lower edge is below the size and whose upper edge is not.
        """
        return np.searchsorted(self.lower[1:], size, side="left")

    def _table(self) -> Table:
        return Table("limits", self.lower, self.rate, np.zeros(len(self)))


@described
class RisingMargin(Margin):
    """A margin rate that rises in a straight line with the size of the position (Deribit); immutable.

    Parameters
    ----------
    rate : float
        Margin of a very small position as a fraction of its value, in [0, 1).
    slope : float
        Increase of the rate per unit of size, >= 0.
    by : {"value", "quantity"}, default "value"
        Whether the size is the value in the settlement coin or the number of contracts.
    {at [margin]}

    Attributes
    ----------
    rate, slope : float
        As given.

    Raises
    ------
    ValueError
        If ``rate`` or ``slope`` is out of its range, or ``by`` or ``at`` is not one of its choices.

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
    _fields = ("rate", "slope", "by", "at")

    rate: float
    slope: float

    def __init__(self, rate: float, slope: float, *, by: Measure = "value", at: Valued = "mark") -> None:
        rate = _one_number("rate", rate, 1.0, "in [0, 1)")
        slope = _one_number("slope", slope, math.inf, ">= 0")
        self._keep(by=by, at=at, rate=rate, slope=slope)

    def rate_of(self, size: ArrayLike) -> Any:
        """Rate of a position of a size: rate + slope abs(size).

        {rate of a size}
        """
        return self.rate + self.slope * np.absolute(plain("size", size))

    def _table(self) -> Table:
        return Table("rising", np.zeros(1), np.array([self.rate]), np.array([self.slope]))


class Tables(NamedTuple):
    """Margins of several instruments as the loops read them, one after the other."""

    code: NDArray[np.int64]
    first: NDArray[np.int64]
    lower: Array
    rate: Array
    amount: Array


def tables(margins: Sequence[Margin]) -> Tables:
    """The margins of several instruments, in their order."""
    loops = dispatch.liquidation.account
    if all(margin is margins[0] for margin in margins[1:]):
        parts = [margins[0]._table()] * len(margins) if margins else []
    else:
        parts = [margin._table() for margin in margins]
    codes = [
        loops.MARGINS[part.kind] + loops.SIZES[margin.by] + loops.VALUED[margin.at]
        for margin, part in zip(margins, parts, strict=True)
    ]
    first = np.cumsum([0, *(part.lower.size for part in parts)], dtype=np.int64)
    columns = (
        np.concatenate([np.zeros(0), *(getattr(part, field) for part in parts)])
        for field in ("lower", "rate", "amount")
    )
    return Tables(np.array(codes, dtype=np.int64), first, *columns)


def margins_of(name: str, given: Any, count: int, fees: Sequence[float] | None = None) -> list[Margin]:
    """The margin of each of ``count`` instruments: one for all, or one for each."""
    several = isinstance(given, list | tuple) or (isinstance(given, np.ndarray) and given.ndim == 1)
    if several:
        if len(given) != count:
            raise ValueError(f"{name} has {len(given)} elements, contracts has {count}")
        margins = [_margin(f"{name}[{index}]", part) for index, part in enumerate(given)]
    else:
        margins = [_margin(name, given)] * count
    for index, (margin, fee) in enumerate(zip(margins, fees or (), strict=bool(fees))):
        largest = margin._largest() + fee
        if not largest < 1.0:
            label = f"{name}[{index}]" if several else name
            raise ValueError(f"{label} and fee must add up to less than 1, got {largest!r}")
    return margins


def _margin(name: str, given: Any) -> Margin:
    if isinstance(given, Margin):
        return given
    rate = number(name, given)
    if rate.ndim:
        raise ValueError(f"{name} must be a number or a Margin, got shape {rate.shape}")
    value = float(rate)
    if not 0.0 <= value < 1.0:
        raise ValueError(f"{name} must be in [0, 1), got {value!r}")
    return MarginRate(value)


def _edges(lower: ArrayLike, rate: ArrayLike) -> tuple[Array, Array]:
    edges = number("lower", lower).astype(np.float64)
    rates = number("rate", rate).astype(np.float64)
    if edges.ndim != 1 or edges.size == 0:
        raise ValueError(f"lower must be a sequence of at least one edge, got shape {edges.shape}")
    if rates.shape != edges.shape:
        raise ValueError(f"rate has shape {rates.shape}, lower has {edges.shape}")
    refuse_where(~((edges >= 0.0) & (edges < np.inf)), "lower", edges, "finite and at least 0")
    refuse_where((np.arange(edges.size) == 0) & (edges != 0.0), "lower", edges, "0 on the first tier")
    refuse_where(np.diff(edges, prepend=-1.0) <= 0.0, "lower", edges, "above the edge before")
    return edges, rates


def _one_number(name: str, value: Any, high: float, rule: str) -> float:
    try:
        given = float(value)
    except (TypeError, ValueError, OverflowError):
        given = math.nan
    if not 0.0 <= given < high:
        raise ValueError(f"{name} must be a number {rule}, got {value!r}")
    return given


def _restore(kind: type[Margin], fields: dict[str, Any]) -> Margin:
    return kind(**fields)
