"""Margin that rises in steps with the value of a position; public in ``shortgamma.liquidation``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.checks import number, refuse_where

if TYPE_CHECKING:
    from typing import Any, NoReturn

    from numpy.typing import ArrayLike, NDArray


class Tiers:
    """Margin rates by value (risk limits): each rate applies to what exceeds its lower edge; immutable.

    Parameters
    ----------
    lower : array_like
        Lower edges of the tiers in the settlement coin; the first is 0, each is above the one before.
    rate : array_like
        Margin as a fraction of the value inside each tier, in [0, 1), each at least the one before.

    Attributes
    ----------
    lower, rate : ndarray
        As given.
    amount : ndarray
        What the venues call maintenance amount: on tier k the margin is rate_k value - amount_k. It follows
        from the margin being continuous at the edges: amount_k = sum of lower_j (rate_j - rate_(j-1)).

    Raises
    ------
    ValueError
        If the two are not of one length, the edges do not rise from 0, or the rates fall or leave [0, 1).
    TypeError
        If one is not numeric.

    Notes
    -----
    Above the last edge the last rate applies without end: the largest position that a venue accepts is not
    looked at. Since the rates do not fall, the margin is convex in the value and the largest of all
    rate_k value - amount_k.

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

    lower: NDArray[np.float64]
    rate: NDArray[np.float64]
    amount: NDArray[np.float64]

    def __init__(self, lower: ArrayLike, rate: ArrayLike) -> None:
        edges = number("lower", lower).astype(np.float64)
        rates = number("rate", rate).astype(np.float64)
        if edges.ndim != 1 or edges.size == 0:
            raise ValueError(f"lower must be a sequence of at least one edge, got shape {edges.shape}")
        if rates.shape != edges.shape:
            raise ValueError(f"rate has shape {rates.shape}, lower has {edges.shape}")
        refuse_where(~((edges >= 0.0) & (edges < np.inf)), "lower", edges, "finite and at least 0")
        refuse_where(~((rates >= 0.0) & (rates < 1.0)), "rate", rates, "in [0, 1)")
        refuse_where((np.arange(edges.size) == 0) & (edges != 0.0), "lower", edges, "0 on the first tier")
        refuse_where(np.diff(edges, prepend=-1.0) <= 0.0, "lower", edges, "above the edge before")
        steps = np.diff(rates, prepend=0.0)
        refuse_where(steps < 0.0, "rate", rates, "at least the rate before")
        for name, values in (("lower", edges), ("rate", rates), ("amount", np.cumsum(edges * steps))):
            values.flags.writeable = False
            object.__setattr__(self, name, values)

    def __setattr__(self, field: str, value: object) -> NoReturn:
        raise AttributeError(f"Tiers do not change: make others with the {field} wanted")

    def __delattr__(self, field: str) -> NoReturn:
        raise AttributeError("Tiers do not change")

    def __len__(self) -> int:
        return int(self.lower.size)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tiers):
            return NotImplemented
        return np.array_equal(self.lower, other.lower) and np.array_equal(self.rate, other.rate)

    def __hash__(self) -> int:
        return hash((self.lower.tobytes(), self.rate.tobytes()))

    def __repr__(self) -> str:
        return f"Tiers({self.lower.tolist()}, {self.rate.tolist()})"

    def __reduce__(self) -> tuple[Any, ...]:
        return Tiers, (self.lower, self.rate)

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
        size = np.absolute(value)
        result = size * self.rate[0]
        for rate, amount in zip(self.rate[1:], self.amount[1:], strict=True):
            result = np.maximum(result, size * rate - amount)
        return result
