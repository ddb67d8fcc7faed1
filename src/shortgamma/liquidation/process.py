"""Liquidation of accounts, and what it does to all others; public in ``shortgamma.liquidation``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma import contracts
from shortgamma._core import dispatch
from shortgamma._core.checks import number, refuse_where, word
from shortgamma._core.lazy import described
from shortgamma._core.results import Result
from shortgamma.liquidation.account import specifications_of, terms_of
from shortgamma.liquidation.margin import Margin, RiskLimits, margins_of
from shortgamma.liquidation.position import leverage_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from shortgamma.contracts import Contract
    from shortgamma.liquidation.account import Maintenance

    Array: TypeAlias = NDArray[np.float64]
    Reduction: TypeAlias = Literal["none", "tier", "needed"]

REDUCTIONS: tuple[Reduction, ...] = ("none", "tier", "needed")
RECEIVERS = ("fund", "venue")


@described
@dataclass(frozen=True, slots=True, kw_only=True)
class LiquidationRule:
    """How a venue liquidates: the steps before it takes a position over, and their fees; immutable.

    Parameters
    ----------
    reduction : {"none", "tier", "needed"}, default "none"
        The first step. "none": the position is taken over at once. "tier": an order brings the position
        down to the upper edge of a lower tier, the highest that is enough. "needed": an order closes just as many
        contracts as restore the margin.
    step : int, default 1
        For "tier": how many tiers the position goes down at a time, >= 1.
    from_tier : int, default 2
        For "tier": the lowest tier, counted from 1, in which a position is brought down and not taken over, >= 2.
    fee : float, default 0.0
        Liquidation fee as a fraction of the value that such an order closes, in [0, 1).
    fee_to : {"fund", "venue"}, default "fund"
        Who receives the fee: the insurance fund or the venue.
    source : str, optional
        Source of the rule.
    unknown : str, optional
        What could not be confirmed at the venue.

    Raises
    ------
    ValueError
        If a field is not one of its choices or out of its range.

    See Also
    --------
    shortgamma.venues : The rules of BitMEX, Binance, Bybit and OKX.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.liquidation.LiquidationRule(reduction="tier", step=2, from_tier=3).fee_to
    'fund'
    """

    reduction: Reduction = "none"
    step: int = 1
    from_tier: int = 2
    fee: float = 0.0
    fee_to: Literal["fund", "venue"] = "fund"
    source: str = ""
    unknown: str = ""

    def __post_init__(self) -> None:
        word("reduction", self.reduction, REDUCTIONS)
        word("fee_to", self.fee_to, RECEIVERS)
        for name, least in (("step", 1), ("from_tier", 2)):
            count = getattr(self, name)
            if not isinstance(count, int | np.integer) or count < least:
                raise ValueError(f"{name} must be an integer >= {least}, got {count!r}")
        if not 0.0 <= self.fee < 1.0:
            raise ValueError(f"fee must be in [0, 1), got {self.fee!r}")


class Events(Result):
    """Events of a liquidation in their order, one element each.

    Attributes
    ----------
    bar, account, instrument, coin : ndarray of int64
        Bar and place of each event. The number of accounts stands for an outside holder, the number of instruments for
        all instruments settled in the coin.
    kind : ndarray of int64
        0 orders cancelled, 1 position reduced by an order, 2 position taken over by the venue, 3 counterparty closed.
    quantity : ndarray
        Contracts closed, signed as the position was.
    price : ndarray
        Price of the order, or the bankruptcy price; NaN if there is no such price.
    fee : ndarray
        Liquidation fee, in the coin.
    fund : ndarray
        Change of the insurance fund, in the coin.
    """

    bar: NDArray[np.int64]
    account: NDArray[np.int64]
    instrument: NDArray[np.int64]
    coin: NDArray[np.int64]
    kind: NDArray[np.int64]
    quantity: Array
    price: Array
    fee: Array
    fund: Array

    @property
    def adl(self) -> NDArray[np.bool_]:
        """Whether the event closed a counterparty: auto-deleveraging."""
        kind: int = dispatch.liquidation.process.KINDS["deleveraging"]
        return np.equal(self.kind, kind)


class AccountPath(Result):
    """Accounts, fund and venue after the last bar, and the events on the way.

    Attributes
    ----------
    quantity : ndarray of shape (A, I)
        Contracts left.
    collateral : ndarray of shape (A, C)
        Collateral after realised profit and fees.
    equity : ndarray of shape (A, C)
        Collateral plus the profit of open positions at the last mark.
    fund : ndarray of shape (C,)
        Insurance fund.
    fees : ndarray of shape (C,)
        Fees that the venue received.
    market : ndarray of shape (C,)
        Profit, since the first bar, of the outside holders on the other side of all positions and orders.
    coins : tuple of str
        Names of the C coins of settlement.
    events : Events
        The events.
    """

    quantity: Array
    collateral: Array
    equity: Array
    fund: Array
    fees: Array
    market: Array
    coins: tuple[str, ...]
    events: Events


def simulate(
    mark: ArrayLike, quantity: ArrayLike, entry: ArrayLike, collateral: ArrayLike, *,
    contracts: Contract | str | Sequence[Contract | str], maintenance: Maintenance, rule: LiquidationRule,
    orders: ArrayLike = 0.0, fund: ArrayLike = 0.0, slippage: ArrayLike = 0.0,
) -> AccountPath:  # fmt: skip
    """Carry accounts through liquidation along a mark path.

    Parameters
    ----------
    mark : array_like of shape (T,) or (T, I)
        Mark prices, time along axis 0. NaN carries no information: the mark stays as it was. The first must be a price.
    quantity, entry : array_like of shape (A, I)
        Contracts (> 0 long) and entry prices > 0 of A accounts in I instruments; (A,) where there is one instrument.
        They broadcast with each other.
    collateral : array_like of shape (A, C)
        Collateral in each of the C coins in which the instruments are settled, in the order in which they first occur;
        (A,) where there is one coin. An account's positions in a coin share its collateral in that coin and no other.
    contracts : Contract, str, or sequence of them
        What is held, one for each instrument.
    {maintenance [account]}
    rule : LiquidationRule
        How the venue liquidates.
    orders : array_like of shape (A, C), default 0.0
        Collateral tied to open orders, which are cancelled first, >= 0.
    fund : array_like of shape (C,), default 0.0
        Insurance fund in each coin, >= 0.
    slippage : array_like of shape (I,), default 0.0
        Distance from the mark at which forced orders fill, as a fraction of it, in [0, 1).

    Returns
    -------
    AccountPath
        The accounts after the last bar, and the events.

    Raises
    ------
    ValueError
        If shapes do not fit, or a number is out of its range.
    TypeError
        If a contract, a margin or the rule is not one, or an input is not numeric.

    See Also
    --------
    first_breach : The bar alone, for isolated positions, decided without rounding.
    simulate_cascade : Forced orders that move the mark.

    Notes
    -----
    On each bar, an account is liquidated whose equity in a coin, less the collateral tied to orders, is below the
    margin that its positions in that coin require; accounts in their order, until no more must be liquidated:

    1. Its orders are cancelled. If that is enough, nothing else happens.
    2. By the ``rule``, a position is reduced by an order at the mark less slippage. The position that requires most
       margin is tried first; if reducing one does not restore the margin, the next is tried alone.
    3. Else all positions are taken over. Each is charged with a part of the equity in proportion to its requirement,
       and taken over at the price at which that part is lost: for one position, its bankruptcy price. The venue closes
       it at the mark less slippage; the insurance fund takes the gain or loss.
    4. When the fund is empty, the rest is closed against positions of the other side at the bankruptcy price: first
       those of the highest rank, which is profit as a fraction of the value at entry times effective leverage (for a
       loss: over it), leverage being value at the mark over equity. When no accounts are left, outside holders
       are closed.

    There are no funding payments and no trades. The sum of equity, fund, fees and market is the same in each coin at
    the end as at the first bar, up to rounding. Marks between bars are not known; decisions are those of rounded
    arithmetic, the same on every processor.

    The steps are those of BitMEX's notes on liquidation and auto-deleveraging.

    Examples
    --------
    A long at 10 times is taken over when the mark has fallen by 9.8 %. Of the 10 of margin 0.2 are left, which go to
    the fund:

    >>> import shortgamma as sg
    >>> terms = {"contracts": sg.contracts.Contract("linear"), "maintenance": 0.005}
    >>> rule = sg.liquidation.LiquidationRule()
    >>> after = sg.liquidation.simulate([100.0, 95.0, 90.2, 99.0], [1.0], 100.0, [10.0], rule=rule, **terms)
    >>> after.events.bar.tolist(), after.events.price.tolist(), after.fund.round(9).tolist()
    ([2], [90.0], [0.2])
    """
    if not isinstance(rule, LiquidationRule):
        raise TypeError(f"rule must be a LiquidationRule, got {type(rule).__name__}")
    specs = specifications_of(contracts if isinstance(contracts, list | tuple) else [contracts])
    if not specs:
        raise ValueError("contracts must hold at least one Contract")
    count = len(specs)
    coins = tuple(dict.fromkeys(spec.settlement for spec in specs))
    margins = margins_of("maintenance", maintenance, count)
    path = _path(mark, count)
    held, opened = _positions(quantity, entry, count)
    accounts = held.shape[0]
    wallet = _table("collateral", collateral, accounts, len(coins), "coin")
    tied = _table("orders", orders, accounts, len(coins), "coin")
    refuse_where(tied < 0.0, "orders", tied, ">= 0")
    reserve = _row("fund", fund, len(coins), "coin")
    refuse_where(reserve < 0.0, "fund", reserve, ">= 0")
    slip = _row("slippage", slippage, count, "instrument")
    refuse_where(~((slip >= 0.0) & (slip < 1.0)), "slippage", slip, "in [0, 1)")

    coin = np.array([coins.index(spec.settlement) for spec in specs], np.int64)
    terms = terms_of(specs, coin, margins, np.zeros(count), slip)
    inverse = terms.inverse == 1
    units = np.where(inverse, -terms.multiplier / path, terms.multiplier * path)
    unit_at_entry = np.where(inverse, -terms.multiplier / opened, terms.multiplier * opened)
    position = -held.sum(axis=0)
    state = _State(
        held,
        np.ascontiguousarray(unit_at_entry),
        _tiers(margins, specs, held, opened),
        wallet,
        tied,
        reserve,
        np.zeros(len(coins)),
        position,
        position * units[0],
    )
    events = dispatch.liquidation.process.simulate(units, state, terms, rule)
    profit, outside = held * (units[-1] - unit_at_entry), position * units[-1] - state.basis
    equity, market = wallet.copy(), np.zeros(len(coins))
    for i in range(count):
        equity[:, coin[i]] += profit[:, i]
        market[coin[i]] += outside[i]
    return AccountPath(held, wallet, equity, reserve, state.fees, market, coins, Events(**events))


class _State(NamedTuple):
    """What the loop changes: all but the unit values at entry."""

    quantity: Array
    opened: Array
    tier: NDArray[np.int64]
    wallet: Array
    orders: Array
    fund: Array
    fees: Array
    position: Array
    basis: Array


def _tiers(margins: list[Margin], specs: Sequence[Contract], held: Array, opened: Array) -> NDArray[np.int64]:
    """The risk limit of each position, by its size at entry."""
    tier = np.zeros(held.shape, np.int64)
    for i, margin in enumerate(margins):
        if isinstance(margin, RiskLimits):
            tier[:, i] = margin.tier_of(margin.size(specs[i], held[:, i], opened[:, i]))
    return tier


def adl_rank(
    quantity: ArrayLike, entry: ArrayLike, mark: ArrayLike, margin: ArrayLike, *, contract: Contract | str
) -> Any:
    """Rank of an isolated position for auto-deleveraging: the higher, the earlier it is closed.

    Parameters
    ----------
    quantity, entry, mark, margin : array_like
        Contracts (> 0 long), entry price and mark price > 0, margin in the settlement coin; all inputs broadcast.
    {contract [or name]}

    Returns
    -------
    ndarray or float
        Profit as a fraction of the value at entry, multiplied by the effective leverage if it is a profit, divided by
        it if it is a loss. If nothing is left of the margin: inf for a profit, else 0. NaN without a position, and,
        with the invalid flag, where a price is not a finite number > 0.

    {raises [contract]}

    See Also
    --------
    leverage_of : Effective leverage: value at the mark over equity.

    Notes
    -----
    As stated by BitMEX (auto-deleveraging), which ranks longs and shorts separately.

    Examples
    --------
    A tenth of profit at an effective leverage of 5.5:

    >>> import shortgamma as sg
    >>> contract = sg.contracts.Contract("linear")
    >>> round(float(sg.liquidation.adl_rank(1.0, 100.0, 110.0, 10.0, contract=contract)), 12)
    0.55
    """
    contract = contracts.checked(contract)
    leverage = leverage_of(quantity, entry, mark, margin, contract=contract)
    profit = contract.pnl(quantity, entry, mark) / np.absolute(contract.value(quantity, entry))
    with np.errstate(invalid="ignore"):
        rank = np.where(profit > 0.0, profit * leverage, profit / leverage)
    return np.where((leverage == np.inf) & (profit == 0.0), 0.0, rank)[()]


def _path(mark: ArrayLike, count: int) -> Array:
    path = number("mark", mark).astype(np.float64)
    if path.ndim == 1 and count == 1:
        path = path[:, np.newaxis]
    if path.ndim != 2 or path.shape[1] != count:
        raise ValueError(f"mark must have shape (T, {count}), one column for each contract, got {path.shape}")
    if not path.shape[0]:
        raise ValueError("mark must hold at least one bar")
    refuse_where((path <= 0.0) | (path == np.inf), "mark", path, "a finite number > 0, or NaN")
    refuse_where(
        np.isnan(path) & (np.arange(path.shape[0]) == 0)[:, np.newaxis], "mark", path, "known on the first bar"
    )
    # the bar at which each mark was last known
    known = np.maximum.accumulate(np.where(np.isnan(path), 0, np.arange(path.shape[0])[:, np.newaxis]), axis=0)
    return np.ascontiguousarray(np.take_along_axis(path, known, axis=0))


def _positions(quantity: ArrayLike, entry: ArrayLike, count: int) -> tuple[Array, Array]:
    tables = []
    for name, value in (("quantity", quantity), ("entry", entry)):
        table = number(name, value).astype(np.float64)
        table = table[:, np.newaxis] if table.ndim == 1 and count == 1 else table
        if table.ndim > 2 or (table.ndim and table.shape[-1] not in (1, count)):
            raise ValueError(f"{name} must have shape (A, {count}), got {np.shape(value)}")
        tables.append(table)
    try:
        shape = np.broadcast_shapes(tables[0].shape, tables[1].shape, (1, count))
    except ValueError:
        raise ValueError(
            f"entry of shape {np.shape(entry)} does not broadcast with quantity of shape {np.shape(quantity)}"
        ) from None
    held, opened = (np.array(np.broadcast_to(table, shape), order="C") for table in tables)
    refuse_where(~np.isfinite(held), "quantity", held, "finite")
    refuse_where(~((opened > 0.0) & (opened < np.inf)), "entry", opened, "a finite number > 0")
    return held, opened


def _table(name: str, value: ArrayLike, rows: int, columns: int, of: str) -> Array:
    table = number(name, value).astype(np.float64)
    table = table[:, np.newaxis] if table.ndim == 1 and columns == 1 else table
    try:
        table = np.array(np.broadcast_to(table, (rows, columns)), order="C")
    except ValueError:
        raise ValueError(
            f"{name} must have shape ({rows}, {columns}), a column for each {of}, got {np.shape(value)}"
        ) from None
    refuse_where(~np.isfinite(table), name, table, "finite")
    return table


def _row(name: str, value: ArrayLike, columns: int, of: str) -> Array:
    row = number(name, value).astype(np.float64)
    try:
        row = np.array(np.broadcast_to(row, (columns,)), order="C")
    except ValueError:
        raise ValueError(f"{name} must have shape ({columns},), one for each {of}, got {np.shape(value)}") from None
    refuse_where(~np.isfinite(row), name, row, "finite")
    return row
