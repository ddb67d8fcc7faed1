"""The closed loop: hedgers, leveraged funds, knock-in notes and liquidations trade on a fall that they make."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import contracts
from shortgamma import liquidation as margins
from shortgamma._core.checks import number, refuse_where
from shortgamma._core.results import Result

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike

    from shortgamma._core.types import Booleans, Floats
    from shortgamma.contracts import Contract

# levels that are scanned, and how a bracket is narrowed: so many parts, so many times
SCAN = 4001
PARTS = 16
ROUNDS = 14


class Feedback(Result):
    """Where a shock ends when those who must trade have traded.

    Attributes
    ----------
    reached : float
        The return at which the price comes to rest; NaN if there is none before the lowest.
    solutions : ndarray
        All returns at which it could, ascending.
    stable : ndarray of bool
        Whether the price returns to each of them after a small disturbance.
    pinned : ndarray of bool
        Whether the price is held there by buyers at that very level.
    amplification : float
        reached over the shock.
    triggered : ndarray of bool
        Which masses have been triggered, in the order given.
    collapsed : bool
        Whether no equilibrium was met.
    """

    reached: float
    solutions: Floats
    stable: Booleans
    pinned: Booleans
    amplification: float
    triggered: Booleans
    collapsed: bool


def feedback(
    shock: float, *, depth: float, linear: float = 0.0,
    flow: Callable[[Floats], ArrayLike] | tuple[ArrayLike, ArrayLike] | None = None,
    masses: tuple[ArrayLike, ArrayLike] | None = None, low: float = -0.9, high: float = 1.0,
) -> Feedback:  # fmt: skip
    """Equilibria of a price and of the flows that its own move forces.

    Parameters
    ----------
    shock : float
        Return before anybody has reacted, between ``low`` and ``high``.
    depth : float
        Money that moves the price by 1.00 of return, > 0: a flow F moves it by F/depth.
    linear : float, default 0.0
        Flow per 1.00 of return: sum A b (b - 1) of leveraged funds less 100 gamma_percent of hedgers. > 0 amplifies.
    flow : callable or pair of array_like, optional
        Flow at any return, > 0 buys: a function of arrays, or a table of returns, rising, and flows, between which it
        is interpolated linearly.
    masses : pair of array_like, optional
        Barrier returns, and the value that is sold (> 0) or bought (< 0) when the price touches them: barriers at or
        below 0 from above, those above 0 from below.
    low, high : float, default -0.9 and 1.0
        Where equilibria are looked for.

    Returns
    -------
    Feedback
        The equilibrium that is reached, all others, and which are stable.

    Raises
    ------
    ValueError
        If ``depth`` is not > 0, the shock is out of range, or there is nothing but ``linear`` and linear/depth >= 1: no
        equilibrium.
    {TypeError}

    See Also
    --------
    hedge_flow, note_book, closing_flow, liquidation_ladder : Where flows and masses come from.

    Notes
    -----
    r = shock + F(r)/depth. Linear alone, r = shock/(1 - k) with k = linear/depth. Else the first root from the shock on
    in the direction of F(shock) is reached, and a root is stable where dF/dr < depth. A mass that is sold makes the
    price jump over it, one that is bought can hold the price at the barrier.

    Examples
    --------
    A fall by 5 %, funds that must trade 9 bn per 1.00 of return and hedgers 26.6 bn, on a depth of 100 bn:

    >>> import shortgamma as sg
    >>> end = sg.dealer.feedback(-0.05, depth=100e9, linear=9e9 + 26.6e9)
    >>> round(end.reached, 4), round(end.amplification, 3)
    (-0.0776, 1.553)
    """
    for name, given in (("shock", shock), ("depth", depth), ("linear", linear), ("low", low), ("high", high)):
        if number(name, given).ndim or not math.isfinite(given):
            raise ValueError(f"{name} must be one finite number, got {given!r}")
    if not depth > 0.0:
        raise ValueError(f"depth must be > 0, got {depth!r}")
    if not low <= shock <= high:
        raise ValueError(f"shock must lie between low and high, {low!r} and {high!r}, got {shock!r}")
    barrier, value = _masses(masses)
    if flow is None and not barrier.size:
        share = linear / depth
        if share >= 1.0:
            raise ValueError(f"no equilibrium: k = linear/depth = {share:.6g} is not below 1")
        rest = shock / (1.0 - share)
        return Feedback(
            rest, np.array([rest]), np.array([True]), np.array([False]), 1.0 / (1.0 - share), np.empty(0, dtype=bool),
            False,
        )  # fmt: skip
    follow = _flow(flow)

    def gap(returns: Floats) -> Floats:
        """What is left of r - shock - F/depth."""
        touched = np.where(barrier <= 0.0, returns[..., np.newaxis] <= barrier, returns[..., np.newaxis] >= barrier)
        sold = (touched * value).sum(axis=-1)
        left: Floats = returns - shock - (linear * returns + follow(returns) - sold) / depth
        return left

    solutions, stable, pinned = _roots(gap, shock, low, high, barrier)
    reached = _reached(gap, shock, solutions, pinned)
    end: float = reached if math.isfinite(reached) else (low if gap(np.array([shock]))[0] > 0.0 else high)
    triggered = np.where(barrier <= 0.0, end <= barrier, end >= barrier)
    amplification = reached / shock if shock else math.nan
    return Feedback(reached, solutions, stable, pinned, amplification, triggered, not math.isfinite(reached))


def _masses(masses: Any) -> tuple[Floats, Floats]:
    if masses is None:
        return np.empty(0), np.empty(0)
    barrier, value = (np.atleast_1d(number("masses", part)).astype(np.float64) for part in masses)
    if barrier.ndim != 1 or barrier.shape != value.shape:
        raise ValueError(f"masses must be barriers and values of one length, got {barrier.shape} and {value.shape}")
    refuse_where(~(np.isfinite(barrier) & np.isfinite(value)), "masses", barrier, "finite")
    return barrier, value


def _flow(flow: Any) -> Callable[[Floats], Floats]:
    if flow is None:
        return np.zeros_like
    if callable(flow):
        return lambda returns: np.asarray(flow(returns), dtype=np.float64)
    returns, values = (number("flow", part).astype(np.float64) for part in flow)
    if returns.ndim != 1 or returns.shape != values.shape:
        raise ValueError(f"flow must be returns and flows of one length, got {returns.shape} and {values.shape}")
    if (np.diff(returns) <= 0.0).any():
        raise ValueError("flow must be a table of rising returns")
    return lambda wanted: np.interp(wanted, returns, values)


def _roots(
    gap: Callable[[Floats], Floats], shock: float, low: float, high: float, barrier: Floats
) -> tuple[Floats, Booleans, Booleans]:
    """Where the gap changes sign; where it jumps through 0 the price is held, or jumps over."""
    grid = np.linspace(low, high, SCAN)
    # on both sides of every barrier, and the shock itself
    beside = np.concatenate([np.nextafter(barrier, -np.inf), barrier, np.nextafter(barrier, np.inf), [shock]])
    grid = np.unique(np.concatenate([grid, beside[(beside >= low) & (beside <= high)]]))
    sign = np.sign(gap(grid))
    exact = np.flatnonzero(sign == 0.0)
    start = np.flatnonzero(sign[:-1] * sign[1:] < 0.0)
    left, right = grid[start], grid[start + 1]
    below = sign[start]
    parts = np.arange(PARTS + 1) / PARTS
    rows = np.arange(start.size)
    for _ in range(ROUNDS if start.size else 0):
        inside = left[:, np.newaxis] + (right - left)[:, np.newaxis] * parts
        inside[:, -1] = right
        crossed = np.maximum(np.argmax(gap(inside) * below[:, np.newaxis] <= 0.0, axis=1), 1)
        left, right = inside[rows, crossed - 1], inside[rows, crossed]
    jump = np.abs(gap(right) - gap(left)) > 1e-9
    # a sale only makes the price pass; a purchase holds it
    held = ~jump | (below < 0.0)
    on_barrier = np.where(np.isin(left, barrier), left, right)
    roots = np.where(jump, on_barrier, right)[held]
    stable = (below < 0.0)[held]
    pinned = jump[held]
    whole = np.concatenate([roots, grid[exact]])
    order = np.argsort(whole, kind="stable")
    rising = np.array([_rises(gap, root) for root in grid[exact]], dtype=bool)
    return (
        whole[order],
        np.concatenate([stable, rising])[order].astype(bool),
        np.concatenate([pinned, np.zeros(exact.size, dtype=bool)])[order].astype(bool),
    )


def _rises(gap: Callable[[Floats], Floats], root: float) -> bool:
    sides = gap(np.array([root - 1e-9, root + 1e-9]))
    return bool(sides[1] > sides[0])


def _reached(gap: Callable[[Floats], Floats], shock: float, solutions: Floats, pinned: Booleans) -> float:
    here = gap(np.array([shock]))[0]
    if here == 0.0:
        return float(shock)
    # r - shock - F/depth is -F(shock)/depth: above 0 they sell
    beyond = solutions[solutions <= shock] if here > 0.0 else solutions[solutions >= shock]
    if not beyond.size:
        return math.nan
    return float(beyond[-1] if here > 0.0 else beyond[0])


class Ladder:
    """What forced liquidations trade at any return of the mark: a step function.

    Attributes
    ----------
    barrier : ndarray
        Returns at which positions are liquidated, those of longs below 0, of shorts above.
    value : ndarray
        What is sold (> 0) or bought (< 0) there, in the currency of the price.
    """

    def __init__(self, barrier: Floats, value: Floats) -> None:
        self.barrier = barrier
        self.value = value
        self.barrier.flags.writeable = self.value.flags.writeable = False

    def __call__(self, returns: ArrayLike) -> Floats:
        """Flow at returns, > 0 bought."""
        moves = number("returns", returns).astype(np.float64)[..., np.newaxis]
        touched = np.where(self.value > 0.0, moves <= self.barrier, moves >= self.barrier)
        total: Floats = -(touched * self.value).sum(axis=-1)
        return total + 0.0

    @property
    def masses(self) -> tuple[Floats, Floats]:
        """Barriers and values, as `feedback` takes them."""
        return self.barrier, self.value

    def __repr__(self) -> str:
        sold, bought = self.value[self.value > 0.0].sum(), -self.value[self.value < 0.0].sum()
        return f"Ladder({self.barrier.size} positions, longs sell {sold:.5g}, shorts buy {bought:.5g})"


def liquidation_ladder(
    mark: float, quantity: ArrayLike, entry: ArrayLike, margin: ArrayLike, *, contract: Contract, maintenance: Any
) -> Ladder:
    """What isolated positions are forced to trade, as a function of the return of the mark.

    Parameters
    ----------
    mark : float
        Mark price now, > 0.
    quantity, entry, margin : array_like
        Contracts (> 0 long), entry prices and margin of each account, as in `shortgamma.liquidation.simulate_cascade`.
    contract : Contract
        What is held, linear or inverse.
    maintenance : float or margin table
        Maintenance margin, as in `shortgamma.liquidation.liquidation_price`.

    Returns
    -------
    Ladder
        A function of returns, with its barriers and values as ``masses`` for `feedback`.

    Raises
    ------
    ValueError
        If the contract is quanto: the value of its orders is in another coin than its price.
    {TypeError [contract]}

    See Also
    --------
    shortgamma.liquidation.simulate_cascade : A cascade against an order book, with fees and an insurance fund.

    Examples
    --------
    Two longs with margins of 10 % and 5 %:

    >>> import shortgamma as sg
    >>> ladder = sg.dealer.liquidation_ladder(
    ...     100.0, [10.0, 20.0], 100.0, [100.0, 100.0], contract=sg.contracts.Contract("linear"), maintenance=0.0)
    >>> ladder([-0.06, -0.11]).round(1)
    array([-1900., -2800.])
    """
    spec = contracts.checked(contract)
    if spec.kind == "quanto":
        raise ValueError("contract must be linear or inverse: the orders of a quanto contract are worth another coin")
    level = number("mark", mark)
    if level.ndim or not 0.0 < float(level) < math.inf:
        raise ValueError(f"mark must be one finite number > 0, got {mark!r}")
    held = np.atleast_1d(number("quantity", quantity)).astype(np.float64)
    with np.errstate(invalid="ignore"):
        prices = np.atleast_1d(margins.liquidation_price(held, entry, margin, contract=spec, maintenance=maintenance))
    held = np.broadcast_to(held, prices.shape)
    value = held * spec.multiplier if spec.inverse else held * spec.multiplier * prices
    hit = np.isfinite(prices) & (prices > 0.0) & (held != 0.0)
    return Ladder((prices[hit] / float(level) - 1.0).copy(), value[hit].copy())
