"""Forced orders that move the mark, which forces further orders; public in ``shortgamma.liquidation``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma import contracts
from shortgamma._core import dispatch
from shortgamma._core.checks import number, refuse_where
from shortgamma._core.results import Result
from shortgamma.liquidation.position import liquidation_price

if TYPE_CHECKING:
    from typing import Any, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from shortgamma.contracts import Contract
    from shortgamma.liquidation.margin import Margin

    Array: TypeAlias = NDArray[np.float64]

INPUTS = ("quantity", "entry", "margin")


class Cascade(Result):
    """The end of a cascade; fields have an axis for the initial marks if there are several.

    Attributes
    ----------
    mark : ndarray or float
        Mark at which nothing more breaches.
    waves : ndarray of int64 or int
        Number of waves in which accounts were liquidated.
    accounts : ndarray of int64 or int
        Number of accounts liquidated.
    sold, bought : ndarray or float
        Contracts that liquidated longs sold and liquidated shorts bought.
    fund : ndarray or float
        Insurance fund at the end.
    fees : ndarray or float
        Liquidation fees.
    market : ndarray or float
        Profit of the outside holders on the other side of all positions and orders.
    shortfall : ndarray or float
        Losses that the fund could not pay in their wave: what auto-deleveraging would have to take from others. The
        fund does not pay it back out of later waves, so both may be above 0.
    exhausted : ndarray of bool or bool
        Whether more was sold or bought than the book holds; the rest was filled at its last price.
    wave : ndarray of int64, shape (A,)
        Wave in which an account was liquidated, from 0; the number of waves if it was not.
    equity : ndarray of shape (A,)
        Equity of each account at the end.
    fills : ndarray of shape (W,)
        Price at which the orders of each wave were filled; NaN after the last.
    """

    mark: Any
    waves: Any
    accounts: Any
    sold: Any
    bought: Any
    fund: Any
    fees: Any
    market: Any
    shortfall: Any
    exhausted: Any
    wave: NDArray[np.int64]
    equity: Array
    fills: Array

    @property
    def price(self) -> Array:
        """Price at which each account's position was closed; NaN if it was not."""
        known = np.concatenate([self.fills, np.full((*self.fills.shape[:-1], 1), np.nan)], axis=-1)
        return np.take_along_axis(known, self.wave, axis=-1)


def simulate_cascade(
    mark: ArrayLike, quantity: ArrayLike, entry: ArrayLike, margin: ArrayLike, *, contract: Contract | str,
    maintenance: float | Margin, depth: ArrayLike | tuple[ArrayLike, ArrayLike], fee: float = 0.0, fund: float = 0.0,
    returned: bool = False,
) -> Cascade:  # fmt: skip
    """Liquidate isolated positions whose forced orders move the mark, until nothing more breaches.

    Parameters
    ----------
    mark : array_like of shape () or (S,)
        Mark price from which the cascade starts, > 0; several are cascades of their own.
    quantity, entry, margin : array_like of shape (A,)
        Contracts (> 0 long), entry prices > 0 and margin in the settlement coin of each account; they broadcast.
    {contract [or name]}
    maintenance : float or Margin
        Maintenance margin, as in `liquidation_price`.
    depth : float, array_like of shape (L, 2), or a pair of such
        The order book around the mark. A number: the contracts that move the price by 1, on both sides, down to a
        hundredth of the mark. Levels: distance from the mark as a fraction of it, and contracts that rest there; the
        same on both sides, or a pair of bids and asks. Distances rise from above 0, those of bids end below 1.
    fee : float, default 0.0
        Liquidation fee as a fraction of the value closed, in [0, 1), paid from what is left of the margin only.
    fund : float, default 0.0
        Insurance fund, >= 0, in each cascade.
    returned : bool, default False
        Whether a liquidated account keeps what is left of its margin; if not, the fund receives it.

    Returns
    -------
    Cascade
        The end of the cascade, in total and for each account.

    Raises
    ------
    ValueError
        If shapes do not fit, a number is out of its range, or levels are not in order.
    {TypeError [contract]}

    See Also
    --------
    simulate : Several instruments and coins along a given path, with partial liquidation and deleveraging.

    Notes
    -----
    In a wave all accounts are liquidated whose liquidation price the mark has passed. Sales of longs and purchases of
    shorts are matched; the rest walks the book, and the whole wave is filled at the average price of that walk. The
    mark is then the price of the last contract, a function of all sales less all purchases so far: the book does not
    refill. The next wave follows at that mark. Each account is liquidated at most once, so the cascade ends; accounts
    are sorted by their prices, so that each is visited once.

    The sum of equity, fund, fees and market less the shortfall is conserved, up to rounding. The result does not
    depend on the order of the accounts.

    Examples
    --------
    Three longs of 10 at 100 with little, more and much margin. 10 contracts move the price by 1:

    >>> import shortgamma as sg
    >>> terms = {"contract": sg.contracts.Contract("linear"), "maintenance": 0.0, "depth": 10.0}
    >>> end = sg.liquidation.simulate_cascade(97.9, [10.0, 10.0, 10.0], 100.0, [20.0, 28.0, 90.0], **terms)
    >>> int(end.waves), end.wave.tolist(), float(end.mark.round(9))
    (2, [0, 1, 2], 95.9)
    """
    spec = contracts.checked(contract)
    starts = number("mark", mark).astype(np.float64)
    if starts.ndim > 1:
        raise ValueError(f"mark must be a number or have one dimension, got shape {starts.shape}")
    refuse_where(~((starts > 0.0) & (starts < np.inf)), "mark", starts, "a finite number > 0")
    held, opened, posted = _accounts(quantity, entry, margin)
    for name, value, high, rule in (("fee", fee, 1.0, "in [0, 1)"), ("fund", fund, np.inf, "a finite number >= 0")):
        given = number(name, value)
        if given.ndim:
            raise ValueError(f"{name} must be a number, got shape {given.shape}")
        refuse_where(~((given >= 0.0) & (given < high)), name, given, rule)
    orders = _depth(depth)

    with np.errstate(invalid="ignore"):
        level = np.asarray(liquidation_price(held, opened, posted, contract=spec, maintenance=maintenance), np.float64)
    if level.shape != held.shape:
        raise ValueError(f"maintenance does not broadcast with {held.size} accounts")
    refuse_where(
        np.isnan(level) & (held != 0.0), "maintenance", level, "such that each position has a price of liquidation"
    )
    order, longs = _order(held, opened, posted, level)
    unit = np.ascontiguousarray(np.asarray(spec.value(1.0, opened)) * (-1.0 if spec.inverse else 1.0))
    accounts = _Accounts(held, unit, posted, level, order, longs, spec.inverse, spec.multiplier)
    result, prices = dispatch.liquidation.cascade.cascade(
        np.atleast_1d(starts), accounts, orders, float(fee), float(fund), bool(returned)
    )
    waves = result["waves"]
    fills = np.full((starts.size, int(waves.max(initial=0))), np.nan)
    fills[np.arange(fills.shape[1]) < waves[:, np.newaxis]] = prices
    pick: Any = 0 if starts.ndim == 0 else slice(None)
    return Cascade(**{name: column[pick] for name, column in {**result, "fills": fills}.items()})


class _Accounts(NamedTuple):
    """Accounts as the loop reads them."""

    quantity: Array
    opened: Array
    margin: Array
    level: Array
    order: NDArray[np.int64]
    longs: int
    inverse: bool
    multiplier: float


class _Depth(NamedTuple):
    """An order book as the loop reads it: a slope, or levels of bids and then of asks."""

    slope: float
    bids: int
    asks: int
    distance: Array
    contracts: Array
    moment: Array


def _accounts(quantity: ArrayLike, entry: ArrayLike, margin: ArrayLike) -> tuple[Array, Array, Array]:
    given = [number(name, value) for name, value in zip(INPUTS, (quantity, entry, margin), strict=True)]
    shape: tuple[int, ...] = (1,)
    for name, value in zip(INPUTS, given, strict=True):
        if value.ndim > 1:
            raise ValueError(f"{name} must be a number or have one dimension, got shape {value.shape}")
        try:
            shape = np.broadcast_shapes(shape, value.shape)
        except ValueError:
            raise ValueError(f"{name} of shape {value.shape} does not broadcast with {shape[0]} accounts") from None
    held, opened, posted = (np.broadcast_to(value, shape).astype(np.float64) for value in given)
    refuse_where(~np.isfinite(held), "quantity", held, "finite")
    refuse_where(~((opened > 0.0) & (opened < np.inf)), "entry", opened, "a finite number > 0")
    refuse_where(~np.isfinite(posted), "margin", posted, "finite")
    return held, opened, posted


def _order(held: Array, opened: Array, posted: Array, level: Array) -> tuple[NDArray[np.int64], int]:
    """Longs from the highest price down, shorts from the lowest up, equal ones by what they hold; how many longs."""
    sides = []
    for sign, never in ((1.0, 0.0), (-1.0, np.inf)):
        chosen = np.flatnonzero(held * sign > 0.0)
        key = -sign * level[chosen]
        order = dispatch.liquidation.cascade.sorted_places(key)
        # those that no mark reaches are last, and many
        reached = key.size - int((level[chosen] == never).sum())
        near = order[:reached]
        ranked = key[near]
        if (ranked[1:] == ranked[:-1]).any():
            ties = (posted[chosen[near]], opened[chosen[near]], held[chosen[near]], key[near])
            order[:reached] = near[np.lexsort(ties)]
        last = order[reached:]
        order[reached:] = last[np.argsort(held[chosen[last]])]
        sides.append(chosen[order])
    return np.concatenate(sides).astype(np.int64), sides[0].size


def _depth(depth: Any) -> _Depth:
    pair = isinstance(depth, tuple) and len(depth) == 2 and np.ndim(depth[0]) == 2
    given = number("depth", depth) if not pair else None
    if given is not None and given.ndim == 0:
        slope = float(given)
        if not 0.0 < slope < np.inf:
            raise ValueError(f"depth must be a finite number > 0, got {slope!r}")
        nothing = np.zeros(1)
        return _Depth(slope, 0, 0, nothing, nothing, nothing)
    sides: list[tuple[Array, Array, Array]] = []
    for name, levels in (("depth[0]", depth[0]), ("depth[1]", depth[1])) if pair else (("depth", depth),) * 2:
        side = number(name, levels).astype(np.float64)
        if side.ndim != 2 or side.shape[1] != 2 or not side.shape[0]:
            raise ValueError(f"{name} must have shape (L, 2): distance and contracts of each level, got {side.shape}")
        distance, size = side[:, 0], side[:, 1]
        refuse_where(~((distance > 0.0) & (distance < np.inf)), f"distance of {name}", distance, "a finite number > 0")
        refuse_where(np.diff(distance, prepend=0.0) <= 0.0, f"distance of {name}", distance, "above the one before")
        refuse_where(~((size > 0.0) & (size < np.inf)), f"contracts of {name}", size, "a finite number > 0")
        if not sides:
            refuse_where(distance >= 1.0, f"distance of {name}", distance, "below 1 for bids")
        sides.append((distance, np.cumsum(size), np.cumsum(distance * size)))
    bids, asks = sides
    return _Depth(0.0, bids[0].size, asks[0].size, *(np.concatenate(both) for both in zip(bids, asks, strict=True)))
