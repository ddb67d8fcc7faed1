"""Accounts of many positions and several coins; public in ``shortgamma.liquidation``."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma import contracts as specifications
from shortgamma._core import dispatch
from shortgamma._core.checks import choice, number, refuse_where
from shortgamma.liquidation.tiers import Tiers

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal

    from numpy.typing import ArrayLike, NDArray

    from shortgamma.contracts import Contract

CASES = {"close": 0, "worst": 1, "best": 2}


class Fills(NamedTuple):
    """Trades of accounts along a path, one element of each array for a trade.

    A trade changes what is held before the account is judged at its bar; it takes part in funding from the next bar
    on. Several trades of an account on one bar are taken in the order given.
    """

    bar: ArrayLike
    """Bars, counted from 0."""
    account: ArrayLike
    """Accounts, counted from 0."""
    instrument: ArrayLike
    """Instruments, counted from 0."""
    quantity: ArrayLike
    """Contracts, > 0 bought."""
    price: ArrayLike
    """Prices, > 0."""


class Transfers(NamedTuple):
    """Amounts that come to accounts along a path, one element of each array for a transfer.

    A transfer is there when the account is judged at its bar.
    """

    bar: ArrayLike
    """Bars, counted from 0."""
    account: ArrayLike
    """Accounts, counted from 0."""
    coin: ArrayLike
    """Coins, counted from 0."""
    amount: ArrayLike
    """Amounts in the coin, > 0 received."""


class Book(NamedTuple):
    """The terms of an account, checked: instruments in their coins, steps of maintenance, weights of coins."""

    contracts: tuple[Contract, ...]
    coin: NDArray[np.int64]
    steps: tuple[tuple[NDArray[np.float64], NDArray[np.float64]], ...]
    weight: NDArray[np.float64]

    def terms(self) -> tuple[Any, ...]:
        """As the loops know them."""
        counts = [rate.size for rate, _ in self.steps]
        return (
            np.array([int(contract.inverse) for contract in self.contracts], dtype=np.int64),
            np.array([contract.multiplier for contract in self.contracts]),
            self.coin,
            np.concatenate([[0], np.cumsum(counts)]).astype(np.int64),
            np.concatenate([np.zeros(0), *(rate for rate, _ in self.steps)]),
            np.concatenate([np.zeros(0), *(amount for _, amount in self.steps)]),
        )


def book_of(
    contracts: Sequence[Contract],
    coins: Sequence[str] | None,
    count: int,
    maintenance: Any,
    fee: ArrayLike,
    haircut: ArrayLike,
) -> Book:
    """The terms of an account with ``count`` coins."""
    if isinstance(contracts, specifications.Contract) or not isinstance(contracts, list | tuple):
        raise TypeError(f"contracts must be a list of Contracts, got {type(contracts).__name__}")
    for index, contract in enumerate(contracts):
        if not isinstance(contract, specifications.Contract):
            raise TypeError(f"contracts[{index}] must be a Contract, got {type(contract).__name__}")
    coin = _coins_of(contracts, coins, count)
    size = len(contracts)
    parts = list(maintenance) if isinstance(maintenance, list | tuple) else [maintenance] * size
    if isinstance(maintenance, np.ndarray) and maintenance.ndim == 1:
        parts = maintenance.tolist()
    if len(parts) != size:
        raise ValueError(f"maintenance has {len(parts)} elements, contracts has {size}")
    fees = _per("fee", fee, size)
    refuse_where(~((fees >= 0.0) & (fees < 1.0)), "fee", fees, "in [0, 1)")
    steps = []
    for index, (part, cost) in enumerate(zip(parts, fees.tolist(), strict=True)):
        label = f"maintenance[{index}]" if isinstance(maintenance, list | tuple | np.ndarray) else "maintenance"
        if isinstance(part, Tiers):
            rate, amount = part.rate + cost, part.amount.copy()
        else:
            given = number(label, part).astype(np.float64)
            if given.ndim:
                raise ValueError(f"{label} must be a number or Tiers, got shape {given.shape}")
            refuse_where(~((given >= 0.0) & (given < 1.0)), label, given, "in [0, 1)")
            rate, amount = given.reshape(1) + cost, np.zeros(1)
        if not rate[-1] < 1.0:
            raise ValueError(f"{label} and fee must add up to less than 1, got {float(rate[-1])!r}")
        steps.append((rate, amount))
    cut = _per("haircut", haircut, count)
    refuse_where(~((cut >= 0.0) & (cut <= 1.0)), "haircut", cut, "in [0, 1]")
    return Book(tuple(contracts), coin, tuple(steps), np.ascontiguousarray(1.0 - cut))


def _per(name: str, value: ArrayLike, count: int) -> NDArray[np.float64]:
    given = number(name, value).astype(np.float64)
    if given.ndim > 1 or (given.ndim == 1 and given.size != count):
        raise ValueError(f"{name} must be a number or one for each of {count}, got shape {given.shape}")
    return np.broadcast_to(given, (count,))


def _coins_of(contracts: Sequence[Contract], coins: Sequence[str] | None, count: int) -> NDArray[np.int64]:
    if coins is None:
        if count != 1:
            raise ValueError(f"coins must name the {count} coins of collateral")
        return np.zeros(len(contracts), dtype=np.int64)
    if isinstance(coins, str) or not all(isinstance(coin, str) for coin in coins):
        raise TypeError("coins must be a list of names")
    names = list(coins)
    if len(names) != count:
        raise ValueError(f"coins has {len(names)} names, collateral has {count} coins")
    if len(set(names)) != count:
        raise ValueError(f"coins must differ, got {names}")
    for index, contract in enumerate(contracts):
        if contract.settlement not in names:
            raise ValueError(f"contracts[{index}] is settled in {contract.settlement!r}, which is none of coins")
    return np.array([names.index(contract.settlement) for contract in contracts], dtype=np.int64)


def _last(name: str, value: ArrayLike, count: int | None = None, of: str = "") -> NDArray[np.float64]:
    """``value`` with its last axis over ``count`` things."""
    given = number(name, value).astype(np.float64, copy=False)
    if given.ndim == 0 or (count is not None and given.shape[-1] != count):
        wanted = "at least one dimension" if count is None else f"{count} along its last axis, one for each of {of}"
        raise ValueError(f"{name} must have {wanted}, got shape {given.shape}")
    return given


def _invalid(bad: Any) -> None:
    # a number out of its range is not an error: it sets the flag that numpy.errstate governs
    if bad:
        np.sqrt(np.float64(-1.0))


def _fx(fx: ArrayLike | None, count: int) -> NDArray[np.float64]:
    if fx is None:
        if count != 1:
            raise ValueError(f"fx must give the prices of the {count} coins in the reporting coin, got None")
        return np.ones(1)
    return _last("fx", fx, count, "collateral")


def _state(
    mark: ArrayLike,
    fx: ArrayLike | None,
    quantity: ArrayLike,
    entry: ArrayLike | None,
    collateral: ArrayLike | None,
    contracts: Sequence[Contract],
    coins: Sequence[str] | None,
    maintenance: Any,
    fee: ArrayLike,
    haircut: ArrayLike,
) -> tuple[Any, Any]:
    """Equity and requirement at one price of everything, broadcast over leading axes."""
    cash = None if collateral is None else _last("collateral", collateral)
    count = cash.shape[-1] if cash is not None else len(coins) if coins is not None else 1
    book = book_of(contracts, coins, count, maintenance, fee, haircut)
    size = len(book.contracts)
    price = _last("mark", mark, size, "contracts")
    held = _last("quantity", quantity, size, "contracts")
    opened = None if entry is None else _last("entry", entry, size, "contracts")
    rate = _fx(fx, count)
    shapes = [("mark", price), ("quantity", held), ("fx", rate), ("entry", opened), ("collateral", cash)]
    shape: tuple[int, ...] = ()
    for name, array in shapes:
        if array is None:
            continue
        try:
            shape = np.broadcast_shapes(shape, array.shape[:-1])
        except ValueError:
            raise ValueError(f"{name} of shape {array.shape} does not broadcast with the others") from None
    need: list[Any] = [np.zeros(shape) for _ in range(count)]
    balance: list[Any] = [np.zeros(shape) if cash is None else cash[..., k] + np.zeros(shape) for k in range(count)]
    for i, contract in enumerate(book.contracts):
        # what is not held has no price that matters
        flat = held[..., i] == 0.0
        now = np.where(flat, 1.0, price[..., i])
        value = np.absolute(contract.value(held[..., i], now))
        required = None
        for step, amount in zip(*book.steps[i], strict=True):
            level = step * value - amount
            required = level if required is None else np.maximum(required, level)
        need[book.coin[i]] = need[book.coin[i]] + required
        if opened is not None:
            profit = contract.pnl(held[..., i], np.where(flat, 1.0, opened[..., i]), now)
            balance[book.coin[i]] = balance[book.coin[i]] + profit
    _invalid(((rate <= 0.0) | np.isinf(rate)).any())
    rate = np.where((rate > 0.0) & (rate < np.inf), rate, np.nan)
    equity: Any = np.zeros(shape)
    required_all: Any = np.zeros(shape)
    for k in range(count):
        worth = np.minimum(balance[k], book.weight[k] * balance[k])
        # a coin that there is nothing of needs no price
        equity = equity + np.where(balance[k] == 0.0, 0.0, worth * rate[..., k])
        required_all = required_all + np.where(need[k] == 0.0, 0.0, need[k] * rate[..., k])
    return equity, required_all


def account_equity(
    mark: ArrayLike,
    fx: ArrayLike | None,
    quantity: ArrayLike,
    entry: ArrayLike,
    collateral: ArrayLike,
    *,
    contracts: Sequence[Contract],
    coins: Sequence[str] | None = None,
    haircut: ArrayLike = 0.0,
) -> Any:
    """Equity of an account in its reporting coin.

    Parameters
    ----------
    mark : array_like
        Mark prices, > 0, of shape (..., instruments). Leading axes of all inputs broadcast.
    fx : array_like or None
        Prices of the coins in the reporting coin, > 0, of shape (..., coins); None if the only coin is that coin.
    quantity, entry : array_like
        Contracts (> 0 long) and entry prices > 0, of shape (..., instruments).
    collateral : array_like
        Balances without unrealised profit, each in its coin, of shape (..., coins); < 0 is debt.
    contracts : sequence of Contract
        The instruments.
    coins : sequence of str, optional
        The names of the coins, which the contracts' ``settlement`` refers to; without them all is settled in the
        only coin.
    haircut : array_like, default 0.0
        Fraction of a coin that does not count, in [0, 1]: a number, or one for each coin.

    Returns
    -------
    ndarray or float
        Sum over the coins of fx min(b, (1 - haircut) b), where b is the balance with the unrealised profit settled in
        that coin: the haircut applies to what is positive, and whether a profit is realised or not makes no
        difference. NaN where a price that matters is; with the invalid flag where one is out of its range.

    Raises
    ------
    ValueError
        If shapes do not match, a coin of settlement is missing, or the haircut is out of its range.
    TypeError
        If ``contracts`` holds anything but Contracts, or an input is not numeric.

    Examples
    --------
    >>> import shortgamma as sg
    >>> contracts, coins = [sg.contracts.XBTUSD, sg.contracts.ETHUSD], ["XBT"]
    >>> prices, entries = [10_000.0, 200.0], [8_000.0, 250.0]
    >>> equity = sg.liquidation.account_equity(
    ...     prices, [10_000.0], [8_000.0, -1_000.0], entries, [1.0], contracts=contracts, coins=coins)
    >>> float(equity)
    12500.0
    """
    equity, _ = _state(mark, fx, quantity, entry, collateral, contracts, coins, 0.0, 0.0, haircut)
    return equity[()]


def account_maintenance(
    mark: ArrayLike,
    fx: ArrayLike | None,
    quantity: ArrayLike,
    *,
    contracts: Sequence[Contract],
    maintenance: Any,
    coins: Sequence[str] | None = None,
    fee: ArrayLike = 0.0,
) -> Any:
    """Equity below which an account is liquidated, in its reporting coin.

    Parameters
    ----------
    mark : array_like
        Mark prices, > 0, of shape (..., instruments). Leading axes of all inputs broadcast.
    fx : array_like or None
        Prices of the coins in the reporting coin, > 0, of shape (..., coins); None if the only coin is that coin.
    quantity : array_like
        Contracts of either sign, of shape (..., instruments).
    contracts : sequence of Contract
        The instruments.
    maintenance : float, Tiers, or sequence of them
        Maintenance margin as a fraction of the value at the mark, in [0, 1), or by tiers: for all instruments, or one
        for each.
    coins : sequence of str, optional
        The names of the coins, which the contracts' ``settlement`` refers to.
    fee : array_like, default 0.0
        Fee of closing a position as a fraction of its value, in [0, 1): a number, or one for each instrument.

    Returns
    -------
    ndarray or float
        Sum over the instruments of the margin that each needs, times the price of its coin.

    Raises
    ------
    ValueError
        If shapes do not match, a coin of settlement is missing, or a rate is out of its range.
    TypeError
        If ``contracts`` holds anything but Contracts, or an input is not numeric.

    Examples
    --------
    >>> import shortgamma as sg
    >>> contracts = [sg.contracts.Contract("linear"), sg.contracts.Contract("linear")]
    >>> margin = sg.liquidation.account_maintenance(
    ...     [100.0, 20.0], None, [1.0, -10.0], contracts=contracts, maintenance=[0.005, 0.01])
    >>> float(margin)
    2.5
    """
    _, required = _state(mark, fx, quantity, None, None, contracts, coins, maintenance, fee, 0.0)
    return required[()]


def account_health(
    mark: ArrayLike,
    fx: ArrayLike | None,
    quantity: ArrayLike,
    entry: ArrayLike,
    collateral: ArrayLike,
    *,
    contracts: Sequence[Contract],
    maintenance: Any,
    coins: Sequence[str] | None = None,
    fee: ArrayLike = 0.0,
    haircut: ArrayLike = 0.0,
) -> Any:
    """Equity over maintenance margin of an account: below 1 it is liquidated.

    Parameters
    ----------
    mark, fx, quantity, entry, collateral : array_like
        As of `account_equity`.
    contracts : sequence of Contract
        The instruments.
    maintenance : float, Tiers, or sequence of them
        As of `account_maintenance`.
    coins : sequence of str, optional
        The names of the coins, which the contracts' ``settlement`` refers to.
    fee : array_like, default 0.0
        Fee of closing a position as a fraction of its value, in [0, 1): a number, or one for each instrument.
    haircut : array_like, default 0.0
        Fraction of a positive balance that does not count, in [0, 1]: a number, or one for each coin.

    Returns
    -------
    ndarray or float
        `account_equity` over `account_maintenance`; where nothing is required inf, -inf or NaN as equity is positive,
        negative or nothing.

    Examples
    --------
    >>> import shortgamma as sg
    >>> health = sg.liquidation.account_health(
    ...     [90.0], None, [1.0], [100.0], [14.5], contracts=[sg.contracts.Contract("linear")], maintenance=0.05)
    >>> float(health)
    1.0
    """
    equity, required = _state(mark, fx, quantity, entry, collateral, contracts, coins, maintenance, fee, haircut)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(equity, required)[()]


def account_first_breach(
    mark: ArrayLike,
    fx: ArrayLike | None,
    quantity: ArrayLike,
    entry: ArrayLike,
    collateral: ArrayLike,
    *,
    contracts: Sequence[Contract],
    maintenance: Any,
    coins: Sequence[str] | None = None,
    fee: ArrayLike = 0.0,
    haircut: ArrayLike = 0.0,
    funding: ArrayLike | None = None,
    fills: Fills | Sequence[ArrayLike] | None = None,
    transfers: Transfers | Sequence[ArrayLike] | None = None,
    case: Literal["close", "worst", "best"] = "close",
    low: ArrayLike | None = None,
    high: ArrayLike | None = None,
    fx_low: ArrayLike | None = None,
    fx_high: ArrayLike | None = None,
) -> Any:
    """Index of the first bar on which an account has less equity than it must maintain.

    Parameters
    ----------
    mark : array_like
        Mark prices of shape (bars, instruments).
    fx : array_like or None
        Prices of the coins in the reporting coin, of shape (bars, coins) or (coins,); None if the only coin is that
        coin.
    quantity, entry : array_like
        Contracts (> 0 long) and entry prices > 0 before the first bar, of shape (accounts, instruments), or
        (instruments,) for one account or the same of all.
    collateral : array_like
        Balances before the first bar without unrealised profit, each in its coin, of shape (accounts, coins) or
        (coins,); < 0 is debt.
    contracts : sequence of Contract
        The instruments.
    maintenance : float, Tiers, or sequence of them
        Maintenance margin as a fraction of the value at the mark, in [0, 1), or by tiers: for all instruments, or one
        for each.
    coins : sequence of str, optional
        The names of the coins, which the contracts' ``settlement`` refers to; without them all is settled in the
        only coin.
    fee : array_like, default 0.0
        Fee of closing a position as a fraction of its value, in [0, 1): a number, or one for each instrument.
    haircut : array_like, default 0.0
        Fraction of a positive balance, unrealised profit included, that does not count, in [0, 1]: a number, or one
        for each coin.
    funding : array_like, optional
        Funding rates of shape (bars, instruments), > 0 paid by longs: each is paid at its bar's mark on what was held
        before the bar, and is there when the account is judged; NaN is none.
    fills : Fills, optional
        Trades along the path, or five arrays like it.
    transfers : Transfers, optional
        Deposits and withdrawals along the path, or four arrays like it.
    case : {"close", "worst", "best"}, default "close"
        Where in a bar the account is judged. ``worst``: with each price of the bar at that end of its range which is
        worse for the account, all at once, which may never have been; the answer is never later than the truth.
        ``best``: at the close, and whenever one price is at an end of its range, with all others as good for the
        account as they were in that bar; the answer is never earlier than the truth.
    low, high : array_like, optional
        The range of the marks in each bar, like ``mark``; for ``worst`` and ``best``.
    fx_low, fx_high : array_like, optional
        The range of the coins' prices in each bar, like ``fx``, by default at their closes.

    Returns
    -------
    ndarray of int64 or int
        For each account the first bar with `account_equity` < `account_maintenance`; -1 if there is none; -2 if the
        question has no answer, because a number of the account is NaN or (with the invalid flag) out of its range.
        A bar with an unknown price (NaN) of what the account holds is passed over, and so is, with the invalid flag,
        a price that is none (0, negative, infinite).

    Raises
    ------
    ValueError
        If shapes do not match, a coin of settlement is missing, a rate is out of its range, a fill or transfer is, or
        a low is above its high.
    TypeError
        If ``contracts`` holds anything but Contracts, or an input is not numeric.

    See Also
    --------
    first_breach : One isolated position.
    account_breach_probability : How likely it is on paths not yet known.

    Notes
    -----
    The decision is that of exact arithmetic on the given numbers, after rates and fees were added up, haircuts taken
    from 1, and funding paid on a contract was added up along the path, each rounded to a double: equity equal to the
    requirement is no breach, one unit in the last place less is one. It is the same bar on every processor. In between
    nothing of the size of accounts times bars is written.

    Most bars are looked at 32 at a time: an account that would survive the worst prices of all of them together needs
    no closer look.

    Examples
    --------
    A short of one ETH-equivalent in the quanto contract, hedged with as much of the linear one:

    >>> import shortgamma as sg
    >>> linear = sg.contracts.Contract("linear", settlement="USD")
    >>> mark = [[200.0, 200.0], [250.0, 250.0], [290.0, 290.0], [310.0, 310.0]]
    >>> fx = [[10_000.0, 1.0], [12_500.0, 1.0], [14_500.0, 1.0], [15_500.0, 1.0]]
    >>> bar = sg.liquidation.account_first_breach(
    ...     mark, fx, [-100.0, 1.0], [200.0, 200.0], [0.0, 50.0],
    ...     contracts=[sg.contracts.ETHUSD, linear], coins=["XBT", "USD"], maintenance=0.0)
    >>> int(bar)
    3
    """
    code = choice("case", case, CASES)
    if not isinstance(case, str):
        raise TypeError("case must be one of 'close', 'worst', 'best'")
    cash = _last("collateral", collateral)
    count = cash.shape[-1]
    book = book_of(contracts, coins, count, maintenance, fee, haircut)
    size = len(book.contracts)
    close = _bars("mark", mark, size, None)
    bars = close.shape[0]
    given = _fx(fx, count)
    rates = _bars("fx", np.broadcast_to(given, (bars, count)) if given.ndim == 1 else given, count, bars)
    prices, coin_prices = _ranges(case, close, low, high, rates, fx_low, fx_high)
    if case != "close":
        for index, (rate, _) in enumerate(book.steps):
            if not rate[-1] <= book.weight[book.coin[index]]:
                raise ValueError(
                    f"haircut must leave at least the maintenance of contracts[{index}] of its coin where bars have "
                    f"ranges, got {float(1.0 - book.weight[book.coin[index]])!r}"
                )
    held = _last("quantity", quantity, size, "contracts")
    opened = _last("entry", entry, size, "contracts")
    shape: tuple[int, ...] = ()
    for name, array in (("quantity", held), ("entry", opened), ("collateral", cash)):
        if array.ndim > 2:
            raise ValueError(f"{name} must have one or two dimensions, got shape {array.shape}")
        try:
            shape = np.broadcast_shapes(shape, array.shape[:-1])
        except ValueError:
            raise ValueError(f"{name} of shape {array.shape} does not broadcast with {shape[0]} accounts") from None
    accounts = shape[0] if shape else 1
    positions = tuple(
        np.require(np.broadcast_to(array, (accounts, array.shape[-1])), requirements=["C", "A"])
        for array in (held, opened, cash)
    )
    paid = None
    if funding is not None:
        rate = _bars("funding", funding, size, bars)
        refuse_where(np.isinf(rate), "funding", rate, "finite")
        due = np.empty((bars, size))
        for i, contract in enumerate(book.contracts):
            known = (close[:, i] > 0.0) & (close[:, i] < np.inf) & (rate[:, i] == rate[:, i])
            due[:, i] = np.where(known, contract.value(1.0, np.where(known, close[:, i], 1.0)) * rate[:, i], 0.0)
        paid = np.cumsum(due, axis=0)
    events = _events(fills, transfers, bars, accounts, size, count)
    out = np.full(accounts, -1, dtype=np.int64)
    outside = dispatch.liquidation.account.first_breaches(
        code, prices, coin_prices, paid, positions, book.terms(), book.weight, events, out
    )
    _invalid(outside)
    return out if shape else int(out[0])


def _bars(name: str, value: ArrayLike, count: int, bars: int | None) -> NDArray[np.float64]:
    given = number(name, value)
    if given.ndim != 2 or given.shape[1] != count or (bars is not None and given.shape[0] != bars):
        wanted = f"({'bars' if bars is None else bars}, {count})"
        raise ValueError(f"{name} must have shape {wanted}, got {given.shape}")
    return np.require(given, np.float64, ["C", "A"])


def _ranges(
    case: str,
    close: NDArray[np.float64],
    low: ArrayLike | None,
    high: ArrayLike | None,
    fx: NDArray[np.float64],
    fx_low: ArrayLike | None,
    fx_high: ArrayLike | None,
) -> tuple[list[Any], list[Any]]:
    named = (("low", low), ("high", high), ("fx_low", fx_low), ("fx_high", fx_high))
    if case == "close":
        for name, value in named:
            if value is not None:
                raise ValueError(f"{name} is of no use where case is 'close'")
        return [close, None, None], [fx, None, None]
    for name, value in named[:2]:
        if value is None:
            raise ValueError(f"{name} must be given where case is {case!r}")
    if (fx_low is None) != (fx_high is None):
        raise ValueError(f"{'fx_low' if fx_low is None else 'fx_high'} must be given where the other one is")
    result = []
    for prefix, last, least, most in (("", close, low, high), ("fx_", fx, fx_low, fx_high)):
        ends = []
        for name, value in (("low", least), ("high", most)):
            end = last if value is None else _bars(prefix + name, value, last.shape[1], last.shape[0])
            ends.append(end)
        refuse_where(ends[0] > last, prefix + "low", ends[0], f"at most {'fx' if prefix else 'mark'}")
        refuse_where(ends[1] < last, prefix + "high", ends[1], f"at least {'fx' if prefix else 'mark'}")
        # of a bar all must be known, or it tells nothing
        unknown = np.isnan(last) | np.isnan(ends[0]) | np.isnan(ends[1])
        kept: list[Any] = [np.where(unknown, np.nan, array) for array in (last, *ends)]
        result.append(kept)
    return result[0], result[1]


def _events(
    fills: Any, transfers: Any, bars: int, accounts: int, instruments: int, coins: int
) -> tuple[NDArray[Any], ...]:
    """Offsets by account, then bar, instrument or coin (counted from -1 down), change and price of each event."""
    columns: list[tuple[NDArray[Any], ...]] = []
    limits = {"bar": bars, "account": accounts, "instrument": instruments, "coin": coins}
    for name, given, kind in (("fills", fills, Fills), ("transfers", transfers, Transfers)):
        if given is None:
            continue
        if not isinstance(given, list | tuple) or len(given) != len(kind._fields):
            raise TypeError(f"{name} must be {len(kind._fields)} arrays: {', '.join(kind._fields)}")
        part = {}
        size = None
        for field, value in zip(kind._fields, given, strict=True):
            label = f"{name}.{field}"
            array = number(label, value)
            size = array.size if size is None else size
            if array.ndim != 1 or array.size != size:
                raise ValueError(f"{label} must have shape ({size},), got {array.shape}")
            if field in limits:
                if array.dtype.kind not in "iu" and array.size:
                    raise TypeError(f"{label} must be whole numbers, got dtype {array.dtype}")
                refuse_where((array < 0) | (array >= limits[field]), label, array, f"in [0, {limits[field]})")
                part[field] = array.astype(np.int64)
            else:
                refuse_where(~np.isfinite(array), label, array, "finite")
                if field == "price":
                    refuse_where(array <= 0, label, array, "> 0")
                part[field] = array.astype(np.float64)
        if kind is Fills:
            columns.append((part["account"], part["bar"], part["instrument"], part["quantity"], part["price"]))
        else:
            columns.append((part["account"], part["bar"], -1 - part["coin"], part["amount"], np.ones(size or 0)))
    if not columns:
        none = np.zeros(0, dtype=np.int64)
        return np.zeros(accounts + 1, dtype=np.int64), none, none, np.zeros(0), np.zeros(0)
    account, bar, what, change, at = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    order = np.lexsort((bar, account))
    offsets = np.searchsorted(account[order], np.arange(accounts + 1)).astype(np.int64)
    return offsets, bar[order], what[order], change[order], at[order]
