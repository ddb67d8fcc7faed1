"""Accounts of many positions and several coins; public in ``shortgamma.liquidation``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma import contracts as specifications
from shortgamma._core import dispatch
from shortgamma._core.checks import choice, number, refuse_where
from shortgamma._core.results import Result
from shortgamma._core.words import asset
from shortgamma.liquidation.margin import Margin, RisingMargin, Tables, margins_of, tables

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, Literal, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from shortgamma._core.types import Floats
    from shortgamma.contracts import Contract

    Array: TypeAlias = NDArray[np.float64]
    # numbers by position, or by the names of instruments, assets or coins
    Named: TypeAlias = ArrayLike | Mapping[str, ArrayLike]
    Maintenance: TypeAlias = float | Margin | Sequence[float | Margin]
    Specifications: TypeAlias = Sequence[Contract | str]

CASES = ("close", "worst", "best")


class Fills(NamedTuple):
    """Trades of accounts along a path: one element of each array per trade.

    A trade changes the position before the account is judged at its bar; funding is paid on it from the next bar on.
    Several trades of an account on one bar are taken in the order given.
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
    """Deposits and withdrawals of accounts along a path: one element of each array per transfer.

    A transfer counts when the account is judged at its bar.
    """

    bar: ArrayLike
    """Bars, counted from 0."""
    account: ArrayLike
    """Accounts, counted from 0."""
    coin: ArrayLike
    """Coins, counted from 0."""
    amount: ArrayLike
    """Amounts in the coin, > 0 received."""


class AccountPrice(Result):
    """The prices of an instrument between which accounts are not liquidated; see `account_price`.

    Attributes
    ----------
    below : ndarray or float
        The account is liquidated where the mark is below this: the liquidation price of a long. 0 if it never is.
    above : ndarray or float
        The account is liquidated where the mark is above this: the liquidation price of a short. inf if it never is.
    """

    below: Floats
    above: Floats


class Terms(NamedTuple):
    """The terms of instruments as the loops read them."""

    inverse: NDArray[np.int64]
    multiplier: Array
    coin: NDArray[np.int64]
    fee: Array
    margin: Tables
    slippage: Array


class Book(NamedTuple):
    """The terms of an account, checked: instruments in their coins, margins, and weights of coins."""

    contracts: tuple[Contract, ...]
    coins: tuple[str, ...]
    coin: NDArray[np.int64]
    margins: list[Margin]
    fees: Array
    weight: Array

    def terms(self) -> Terms:
        """As the loops read them."""
        return terms_of(self.contracts, self.coin, self.margins, self.fees, np.zeros(len(self.contracts)))


def terms_of(
    contracts: Sequence[Contract], coin: NDArray[np.int64], margins: Sequence[Margin], fees: Array, slippage: Array
) -> Terms:
    """The terms of instruments settled in the coins of these places."""
    inverse = np.array([int(contract.inverse) for contract in contracts], dtype=np.int64)
    multiplier = np.array([contract.multiplier for contract in contracts], dtype=np.float64)
    return Terms(inverse, multiplier, coin, np.ascontiguousarray(fees), tables(margins), slippage)


def book_of(
    contracts: Any, coins: Sequence[str] | None, collateral: Any, maintenance: Any, fee: ArrayLike, haircut: ArrayLike
) -> Book:
    """The terms of an account with this collateral, or, where it is None, with these coins."""
    specs = specifications_of(contracts)
    names = _coin_names(coins, collateral)
    count = len(names) if names is not None else _count_of(collateral)
    coin = _coins_of(specs, names, count)
    fees = _per("fee", fee, len(specs))
    refuse_where(~((fees >= 0.0) & (fees < 1.0)), "fee", fees, "in [0, 1)")
    margins = margins_of("maintenance", maintenance, len(specs), fees.tolist())
    cut = _per("haircut", haircut, count)
    refuse_where(~((cut >= 0.0) & (cut <= 1.0)), "haircut", cut, "in [0, 1]")
    shown = names if names is not None else (specs[0].settlement if specs else "",)
    return Book(specs, shown, coin, margins, fees, np.ascontiguousarray(1.0 - cut))


def specifications_of(contracts: Any) -> tuple[Contract, ...]:
    """A list of contracts, each a Contract or the name of one."""
    if not isinstance(contracts, list | tuple):
        raise TypeError(f"contracts must be a list of Contracts, got {type(contracts).__name__}")
    return tuple(specifications.checked(contract, f"contracts[{i}]") for i, contract in enumerate(contracts))


def _coin_names(coins: Sequence[str] | None, collateral: Any) -> tuple[str, ...] | None:
    if coins is None:
        return tuple(collateral) if isinstance(collateral, Mapping) else None
    if isinstance(coins, str) or not all(isinstance(coin, str) for coin in coins):
        raise TypeError("coins must be a list of names")
    names = tuple(coins)
    if len({asset(name) for name in names}) != len(names):
        raise ValueError(f"coins must differ, got {list(names)}")
    if collateral is not None and not isinstance(collateral, Mapping) and _count_of(collateral) != len(names):
        raise ValueError(f"coins has {len(names)} names, collateral has {_count_of(collateral)} coins")
    return names


def _count_of(collateral: Any) -> int:
    return 1 if collateral is None else last("collateral", collateral).shape[-1]


def _coins_of(contracts: Sequence[Contract], coins: tuple[str, ...] | None, count: int) -> NDArray[np.int64]:
    if coins is None:
        if count != 1:
            raise ValueError(f"coins must name the {count} coins of collateral")
        return np.zeros(len(contracts), dtype=np.int64)
    assets = [asset(coin) for coin in coins]
    for index, contract in enumerate(contracts):
        if asset(contract.settlement) not in assets:
            raise ValueError(f"contracts[{index}] is settled in {contract.settlement!r}, which is not one of coins")
    return np.array([assets.index(asset(contract.settlement)) for contract in contracts], dtype=np.int64)


def _per(name: str, value: ArrayLike, count: int) -> Array:
    given = number(name, value).astype(np.float64)
    if given.ndim > 1 or (given.ndim == 1 and given.size != count):
        raise ValueError(f"{name} must be a number or one for each of {count}, got shape {given.shape}")
    return np.broadcast_to(given, (count,))


def last(name: str, value: ArrayLike, count: int | None = None, of: str = "") -> Array:
    """``value`` with its last axis over ``count`` things."""
    given = number(name, value).astype(np.float64, copy=False)
    if given.ndim == 0 or (count is not None and given.shape[-1] != count):
        wanted = "at least one dimension" if count is None else f"{count} along its last axis, one for each of {of}"
        raise ValueError(f"{name} must have {wanted}, got shape {given.shape}")
    return given


def by_name(argument: str, value: Any, keys: Sequence[Sequence[str]], of: str) -> Any:
    """Numbers by name in the order of the things named, each of which has several keys; others as they are."""
    columns = getattr(value, "columns", None)
    if columns is not None and all(isinstance(column, str) for column in columns):
        value = {column: value[column] for column in columns}
    if not isinstance(value, Mapping):
        return value
    by_asset = {asset(str(key)): key for key in value}
    chosen = []
    for place, names in enumerate(keys):
        key = next((by_asset[asset(name)] for name in names if name and asset(name) in by_asset), None)
        if key is None:
            wanted = " or ".join(repr(name) for name in dict.fromkeys(names) if name) or "a name, which it has not"
            raise ValueError(f"{argument} must hold {wanted}, of {of}[{place}], got {', '.join(map(repr, value))}")
        chosen.append(key)
    for key in value:
        if key not in chosen:
            raise ValueError(f"{argument} holds {key!r}, which is not one of {of}")
    arrays = [number(f"{argument}[{key!r}]", value[key]).astype(np.float64) for key in chosen]
    try:
        return np.stack(np.broadcast_arrays(*arrays), axis=-1) if arrays else np.zeros(0)
    except ValueError:
        raise ValueError(f"the elements of {argument} must broadcast, got shapes {[a.shape for a in arrays]}") from None


def instrument_keys(contracts: Sequence[Contract]) -> list[tuple[str, ...]]:
    """The names by which the numbers of an instrument may be given: its own, or that of what it prices."""
    return [(contract.name, contract.underlying) for contract in contracts]


def positions_of(book: Book, quantity: Any, entry: Any, collateral: Any) -> tuple[Array, Array, Array]:
    """Quantities, entries and collateral, with their last axes over instruments and coins."""
    keys, size = instrument_keys(book.contracts), len(book.contracts)
    held = last("quantity", by_name("quantity", quantity, keys, "contracts"), size, "contracts")
    opened = last("entry", by_name("entry", entry, keys, "contracts"), size, "contracts")
    cash = last("collateral", by_name("collateral", collateral, [(coin,) for coin in book.coins], "coins"))
    return held, opened, cash


def prices_of(book: Book, mark: Any, fx: Any) -> tuple[Array, Array]:
    """Marks of the instruments and prices of the coins, by position or by name.

    With marks by name, a coin that is one of the assets has its price; one in which contracts are quoted costs 1.
    """
    count = len(book.coins)
    quotes = {asset(contract.quote) for contract in book.contracts if contract.quote}
    if isinstance(mark, Mapping):
        known = {asset(str(key)): value for key, value in mark.items()}
        if fx is None and count > 1:
            fx = {coin: known[asset(coin)] for coin in book.coins if asset(coin) in known}
        # what is the price of a coin alone
        coins = {asset(coin) for coin in book.coins}
        mark = {key: mark[key] for key in mark if asset(str(key)) not in coins or _is_priced(book, str(key))}
    if isinstance(fx, Mapping):
        still = {coin: 1.0 for coin in book.coins if asset(coin) in quotes}
        fx = still | dict(fx)
    price = last(
        "mark", by_name("mark", mark, instrument_keys(book.contracts), "contracts"), len(book.contracts), "contracts"
    )
    rate = by_name("fx", fx, [(coin,) for coin in book.coins], "coins")
    if rate is None:
        if count != 1:
            raise ValueError(f"fx must give the prices of the {count} coins in the reporting coin, got None")
        return price, np.ones(1)
    return price, last("fx", rate, count, "collateral")


def _is_priced(book: Book, key: str) -> bool:
    return any(asset(key) in (asset(name), asset(asset_name)) for name, asset_name in instrument_keys(book.contracts))


def accounts_of(held: Array, opened: Array, cash: Array) -> tuple[tuple[int, ...], tuple[Array, Array, Array]]:
    """The shape of the result, () for one account, and the positions of all accounts, side by side."""
    shape: tuple[int, ...] = ()
    for name, array in (("quantity", held), ("entry", opened), ("collateral", cash)):
        if array.ndim > 2:
            raise ValueError(f"{name} must have one or two dimensions, got shape {array.shape}")
        try:
            shape = np.broadcast_shapes(shape, array.shape[:-1])
        except ValueError:
            raise ValueError(f"{name} of shape {array.shape} does not broadcast with {shape[0]} accounts") from None
    accounts = shape[0] if shape else 1
    positions = (
        np.require(np.broadcast_to(array, (accounts, array.shape[-1])), requirements=["C", "A"])
        for array in (held, opened, cash)
    )
    held, opened, cash = positions
    return shape, (held, opened, cash)


def invalid(bad: Any) -> None:
    """Set the invalid flag, which numpy.errstate governs: a number out of its range is not an error."""
    if bad:
        np.sqrt(np.float64(-1.0))


def _state(book: Book, mark: Any, fx: Any, quantity: Any, entry: Any, collateral: Any) -> tuple[Any, Any]:
    """Equity and requirement at one price of everything, broadcast over leading axes.

    Without entries and collateral only the requirement has a meaning.
    """
    count = len(book.coins)
    opened: Array | None
    cash: Array | None
    if collateral is not None:
        held, opened, cash = positions_of(book, quantity, entry, collateral)
    else:
        keys, size = instrument_keys(book.contracts), len(book.contracts)
        held = last("quantity", by_name("quantity", quantity, keys, "contracts"), size, "contracts")
        opened = None if entry is None else last("entry", by_name("entry", entry, keys, "contracts"), size, "contracts")
        cash = None
    price, rate = prices_of(book, mark, fx)
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
        # the price of an empty position does not matter
        flat = held[..., i] == 0.0
        now = np.where(flat, 1.0, price[..., i])
        then = None if opened is None else np.where(flat, 1.0, opened[..., i])
        value = np.absolute(contract.value(held[..., i], now))
        required = book.margins[i].required(contract, held[..., i], now, then) + book.fees[i] * value
        need[book.coin[i]] = need[book.coin[i]] + required
        if then is not None:
            balance[book.coin[i]] = balance[book.coin[i]] + contract.pnl(held[..., i], then, now)
    invalid(((rate <= 0.0) | np.isinf(rate)).any())
    rate = np.where((rate > 0.0) & (rate < np.inf), rate, np.nan)
    equity: Any = np.zeros(shape)
    required_all: Any = np.zeros(shape)
    for k in range(count):
        worth = np.minimum(balance[k], book.weight[k] * balance[k])
        # the price of an empty balance does not matter
        equity = equity + np.where(balance[k] == 0.0, 0.0, worth * rate[..., k])
        required_all = required_all + np.where(need[k] == 0.0, 0.0, need[k] * rate[..., k])
    return equity, required_all


def account_equity(
    mark: Named, fx: Named | None, quantity: Named, entry: Named, collateral: Named, *, contracts: Specifications,
    coins: Sequence[str] | None = None, haircut: ArrayLike = 0.0,
) -> Any:  # fmt: skip
    """Equity of an account in its reporting coin.

    Parameters
    ----------
    {mark [account], fx [account]}
    quantity, entry : array_like or mapping
        Contracts (> 0 long) and entry prices > 0, of shape (..., instruments), or by name.
    collateral : array_like or mapping
        Balances without unrealised profit, each in its coin, of shape (..., coins), or by name; < 0 is debt.
    {contracts [or names], coins [settlement]}
    haircut : array_like, default 0.0
        Fraction of a coin that does not count, in [0, 1]: a number, or one for each coin.

    Returns
    -------
    ndarray or float
        Sum over the coins of fx min(b, (1 - haircut) b), where b is the balance with the unrealised profit settled in
        that coin: the haircut applies to what is positive, and whether a profit is realised or not makes no
        difference. NaN where a price that matters is NaN, and, with the invalid flag, where one is out of
        its range.

    {raises [account]}

    Examples
    --------
    >>> import shortgamma as sg
    >>> contracts, coins = ["XBTUSD", "ETHUSD"], ["XBT"]
    >>> prices, entries = [10_000.0, 200.0], [8_000.0, 250.0]
    >>> equity = sg.liquidation.account_equity(
    ...     prices, [10_000.0], [8_000.0, -1_000.0], entries, [1.0], contracts=contracts, coins=coins)
    >>> float(equity)
    12500.0
    """
    book = book_of(contracts, coins, collateral, 0.0, 0.0, haircut)
    equity, _ = _state(book, mark, fx, quantity, entry, collateral)
    return equity[()]


def account_maintenance(
    mark: Named, fx: Named | None, quantity: Named, *, contracts: Specifications, maintenance: Maintenance,
    coins: Sequence[str] | None = None, fee: ArrayLike = 0.0, entry: Named | None = None,
) -> Any:  # fmt: skip
    """Equity below which an account is liquidated, in its reporting coin.

    Parameters
    ----------
    {mark [account], fx [account]}
    quantity : array_like or mapping
        Contracts of either sign, of shape (..., instruments), or by name.
    {contracts [or names], maintenance [account], coins [as equity], fee [account]}
    entry : array_like or mapping, optional
        Entry prices, for risk limits and for margins of the value at entry; the marks by default.

    Returns
    -------
    ndarray or float
        Sum over the instruments of the required margin times the price of its coin.

    {raises [account]}

    Examples
    --------
    >>> import shortgamma as sg
    >>> contracts = [sg.contracts.Contract("linear"), sg.contracts.Contract("linear")]
    >>> margin = sg.liquidation.account_maintenance(
    ...     [100.0, 20.0], None, [1.0, -10.0], contracts=contracts, maintenance=[0.005, 0.01])
    >>> float(margin)
    2.5
    """
    book = book_of(contracts, coins, None, maintenance, fee, 0.0)
    _, required = _state(book, mark, fx, quantity, entry, None)
    return required[()]


def account_margin_ratio(
    mark: Named, fx: Named | None, quantity: Named, entry: Named, collateral: Named, *, contracts: Specifications,
    maintenance: Maintenance, coins: Sequence[str] | None = None, fee: ArrayLike = 0.0, haircut: ArrayLike = 0.0,
) -> Any:  # fmt: skip
    """Required margin over equity of an account: at 1 and above it is liquidated.

    Parameters
    ----------
    mark, fx, quantity, entry, collateral : array_like or mapping
        As in `account_equity`.
    {contracts [or names], maintenance [as account], coins [as equity], fee [account], haircut}

    Returns
    -------
    ndarray or float
        `account_maintenance` over `account_equity`; inf where there is no equity, or NaN if nothing is required either.
        (For `account_first_breach` a ratio of exactly 1 is still enough.)

    Examples
    --------
    >>> import shortgamma as sg
    >>> ratio = sg.liquidation.account_margin_ratio(
    ...     [90.0], None, [1.0], [100.0], [19.0], contracts=[sg.contracts.Contract("linear")], maintenance=0.05)
    >>> float(ratio)
    0.5
    """
    book = book_of(contracts, coins, collateral, maintenance, fee, haircut)
    equity, required = _state(book, mark, fx, quantity, entry, collateral)
    # a debt is a ratio of infinity too where nothing is required
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.divide(required + (equity < 0.0), np.maximum(equity, 0.0))[()]


def account_price(
    mark: Named, fx: Named | None, quantity: Named, entry: Named, collateral: Named, *, contracts: Specifications,
    maintenance: Maintenance, instrument: int | str | None = None, together: bool = True,
    coins: Sequence[str] | None = None, fee: ArrayLike = 0.0, haircut: ArrayLike = 0.0,
) -> AccountPrice:  # fmt: skip
    """Mark prices of one position at which an account of several positions and coins is liquidated.

    Parameters
    ----------
    {mark [now], fx [now], quantity, entry [account], collateral [account], contracts [or names]}
    {maintenance [as account]}
    instrument : int or str, optional
        The position whose price moves: its place or its name. It may be left out where there is only one.
    together : bool, default True
        Whether everything of the same asset moves in proportion: other contracts on the same underlying, and the coin.
        If not, this mark moves alone.
    {coins [as equity], fee [account], haircut}

    Returns
    -------
    AccountPrice
        ``below`` and ``above``: the nearest prices on either side of the mark at which the account is liquidated, 0 and
        inf if there is none. For a long it is ``below``, for a short ``above``; where a coin moves with its perpetual,
        an account may also be liquidated on the other side. If the account is under water now, the nearest range of
        prices in which it is not; inf and 0 if there is none, so that ``mark < below`` and ``mark > above`` are always
        right. NaN where a number of the account is NaN or (with the invalid flag) out of its range.

    Raises
    ------
    ValueError
        If shapes do not match, a price is out of its range, or there is no such instrument.
    {TypeError [contracts]}

    See Also
    --------
    liquidation_price : One isolated position.

    Notes
    -----
    Prices ever further from the mark are tried, at first a 64th of a doubling apart; the interval in which the account
    is liquidated is then halved until it is as narrow as a double.

    Examples
    --------
    A long of 8 at 10,000 and one of 10 at 100 that has fallen to 90, with 5,000 dollars:

    >>> import shortgamma as sg
    >>> linear = sg.contracts.Contract("linear")
    >>> price = sg.liquidation.account_price(
    ...     [10_000.0, 90.0], None, [8.0, 10.0], [10_000.0, 100.0], [5_000.0],
    ...     contracts=[linear, linear], maintenance=[0.005, 0.01], instrument=0)
    >>> round(float(price.below), 6)
    9435.80402
    """
    book = book_of(contracts, coins, collateral, maintenance, fee, haircut)
    held, opened, cash = positions_of(book, quantity, entry, collateral)
    prices, rates = prices_of(book, mark, fx)
    for name, array in (("mark", prices), ("fx", rates)):
        if array.ndim != 1:
            raise ValueError(f"{name} must have one dimension, got shape {array.shape}")
        refuse_where(~((array > 0.0) & (array < np.inf)), name, array, "a finite number > 0")
    only = instrument is None and len(book.contracts) == 1
    place = place_of("instrument", 0 if only else instrument, instrument_keys(book.contracts))
    moving = asset(book.contracts[place].underlying)
    marks, fxs = np.zeros(len(book.contracts), np.int8), np.zeros(len(book.coins), np.int8)
    if together and moving:
        marks[[asset(contract.underlying) == moving for contract in book.contracts]] = 1
        fxs[[asset(coin) == moving for coin in book.coins]] = 1
        if len(book.coins) > 1 and (fxs.astype(bool) & (rates == 1.0)).any():
            raise ValueError(
                f"fx must be in the currency that contracts are quoted in where {moving!r} moves, "
                "or together must be False"
            )
    marks[place] = 1
    shape, positions = accounts_of(held, opened, cash)
    below, above = np.empty(positions[0].shape[0]), np.empty(positions[0].shape[0])
    outside = dispatch.liquidation.account.prices(
        place,
        np.ascontiguousarray(prices),
        np.ascontiguousarray(rates),
        marks,
        fxs,
        positions,
        book.terms(),
        book.weight,
        (below, above),
    )
    invalid(outside)
    return AccountPrice(below, above) if shape else AccountPrice(below[0], above[0])


def place_of(argument: str, which: object, keys: Sequence[Sequence[str]]) -> int:
    """The place of what is told by its place, by the first of its names, or by another that no other of them has."""
    if isinstance(which, str):
        wanted = asset(which)
        places = [place for place, names in enumerate(keys) if which and which == names[0]]
        places = places or [place for place, names in enumerate(keys) if which and wanted in map(asset, names)]
        if len(places) == 1:
            return places[0]
    elif isinstance(which, int | np.integer) and not isinstance(which, bool) and 0 <= which < len(keys):
        return int(which)
    known = ", ".join(repr(next(filter(None, names))) for names in keys if any(names))
    raise ValueError(f"{argument} must be a place from 0 to {len(keys) - 1} or one of {known}, got {which!r}")


def account_first_breach(
    mark: Named, fx: Named | None, quantity: Named, entry: Named, collateral: Named, *, contracts: Specifications,
    maintenance: Maintenance, coins: Sequence[str] | None = None, fee: ArrayLike = 0.0, haircut: ArrayLike = 0.0,
    funding: ArrayLike | None = None, fills: Fills | Sequence[ArrayLike] | None = None,
    transfers: Transfers | Sequence[ArrayLike] | None = None, case: Literal["close", "worst", "best"] = "close",
    low: ArrayLike | None = None, high: ArrayLike | None = None, fx_low: ArrayLike | None = None,
    fx_high: ArrayLike | None = None,
) -> Any:  # fmt: skip
    """Index of the first bar on which an account has less equity than it must maintain.

    Parameters
    ----------
    mark : array_like or mapping
        Mark prices of shape (bars, instruments), or by the names of contracts or underlyings.
    fx : array_like, mapping or None
        Prices of the coins in the reporting coin, of shape (bars, coins) or (coins,), as in `account_equity`.
    quantity, entry : array_like or mapping
        Contracts (> 0 long) and entry prices > 0 before the first bar, of shape (accounts, instruments), or
        (instruments,) for one account or the same of all; or by name.
    collateral : array_like or mapping
        Balances before the first bar without unrealised profit, each in its coin, of shape (accounts, coins) or
        (coins,), or by name; < 0 is debt.
    {contracts [or names], maintenance [account], coins [settlement], fee [account]}
    haircut : array_like, default 0.0
        Fraction of a positive balance, unrealised profit included, that does not count, in [0, 1]: a number, or one
        for each coin.
    funding : array_like, optional
        Funding rates of shape (bars, instruments), > 0 paid by longs: each is paid at its bar's mark on what was held
        before the bar, and counts when the account is judged; NaN means no payment.
    fills : Fills, optional
        Trades along the path, or five arrays like it.
    transfers : Transfers, optional
        Deposits and withdrawals along the path, or four arrays like it.
    case : {"close", "worst", "best"}, default "close"
        Where in a bar the account is judged. ``worst``: with each price of the bar at the end of its range that is
        worse for the account, all at once, which may never have happened; the answer is never later than the truth.
        ``best``: at the close, and whenever one price is at an end of its range, with all others as good for the
        account as they were in that bar; the answer is never earlier than the truth.
    low, high : array_like, optional
        The range of the marks in each bar, like ``mark``; for ``worst`` and ``best``.
    fx_low, fx_high : array_like, optional
        The range of the coins' prices in each bar, like ``fx``, by default at their closes.

    Returns
    -------
    ndarray of int64 or int
        For each account the first bar with `account_equity` < `account_maintenance`; the number of bars if it is never
        liquidated, as `numpy.searchsorted` does, so that indexing with it fails; the number of bars plus 1 if a number
        of the account is NaN or (with the invalid flag) out of its range. A bar with an unknown price (NaN) of
        something that the account holds is skipped, and so is, with the invalid flag, one with an invalid price (0,
        negative, infinite).

    Raises
    ------
    ValueError
        If shapes do not match, a coin of settlement is missing, a rate, fill or transfer is out of its range, or a low
        is above its high.
    {TypeError [contracts]}

    See Also
    --------
    first_breach : One isolated position.
    account_breach_probability : How likely it is on paths not yet known.

    Notes
    -----
    The decision is that of exact arithmetic on the given numbers, after haircuts were taken from 1 and funding paid on
    a contract was summed along the path, each rounded to a double: equity equal to the requirement is not a breach, one
    unit in the last place less is. The bar is the same on every processor. Rates that follow from a size
    (`RiskLimits`, `RisingMargin`) and margins of the value at entry are rounded too, and an account with a margin that
    rises with the value at the mark is decided in rounded arithmetic. The size at entry is that of the position at its
    mean entry: see `mean_entry`.

    Most bars are looked at 32 at a time: an account that would survive the worst prices of all of them together needs
    no closer look. Nothing of the size of accounts times bars is stored.

    Examples
    --------
    A short of one ETH-equivalent in the quanto contract, hedged with as much of the linear one:

    >>> import shortgamma as sg
    >>> linear = sg.contracts.Contract("linear", settlement="USD")
    >>> mark = [[200.0, 200.0], [250.0, 250.0], [290.0, 290.0], [310.0, 310.0]]
    >>> fx = [[10_000.0, 1.0], [12_500.0, 1.0], [14_500.0, 1.0], [15_500.0, 1.0]]
    >>> bar = sg.liquidation.account_first_breach(
    ...     mark, fx, [-100.0, 1.0], [200.0, 200.0], [0.0, 50.0],
    ...     contracts=["ETHUSD", linear], coins=["XBT", "USD"], maintenance=0.0)
    >>> int(bar)
    3
    """
    loops = dispatch.liquidation.account
    code = choice("case", case, loops.CASES)
    if not isinstance(case, str):
        raise TypeError("case must be one of 'close', 'worst', 'best'")
    book = book_of(contracts, coins, collateral, maintenance, fee, haircut)
    size, count = len(book.contracts), len(book.coins)
    held, opened, cash = positions_of(book, quantity, entry, collateral)
    given_mark, given_fx = prices_of(book, mark, fx)
    close = _bars("mark", given_mark, size, None)
    bars = close.shape[0]
    rates = _bars("fx", np.broadcast_to(given_fx, (bars, count)) if given_fx.ndim == 1 else given_fx, count, bars)
    prices, coin_prices = _ranges(case, close, low, high, rates, fx_low, fx_high)
    if case != "close":
        _check_ranges(book)
    shape, positions = accounts_of(held, opened, cash)
    accounts = positions[0].shape[0]
    paid = None if funding is None else _funding(book, close, funding)
    events = _events(fills, transfers, bars, accounts, size, count)
    out = np.empty(accounts, dtype=np.int64)
    outside = loops.first_breaches(code, prices, coin_prices, paid, positions, book.terms(), book.weight, events, out)
    invalid(outside)
    return out if shape else int(out[0])


def _check_ranges(book: Book) -> None:
    """The worst of a range is one of its ends only if equity falls by more than the requirement does."""
    for index, margin in enumerate(book.margins):
        if isinstance(margin, RisingMargin) and margin.by == "value":
            raise ValueError(f"maintenance of contracts[{index}] must not rise with the value where bars have ranges")
        kept = float(book.weight[book.coin[index]])
        if not (0.0 if margin.at == "entry" else margin._table().rate[-1]) + book.fees[index] <= kept:
            raise ValueError(
                f"haircut must leave at least the maintenance of contracts[{index}] of its coin where bars have "
                f"ranges, got {1.0 - kept!r}"
            )


def _funding(book: Book, close: Array, funding: Any) -> Array:
    """Funding paid on a contract so far, by bar and instrument."""
    rate = _bars(
        "funding", by_name("funding", funding, instrument_keys(book.contracts), "contracts"), *close.shape[::-1]
    )
    refuse_where(np.isinf(rate), "funding", rate, "finite")
    due = np.empty(close.shape)
    for i, contract in enumerate(book.contracts):
        known = (close[:, i] > 0.0) & (close[:, i] < np.inf) & (rate[:, i] == rate[:, i])
        due[:, i] = np.where(known, contract.value(1.0, np.where(known, close[:, i], 1.0)) * rate[:, i], 0.0)
    return np.cumsum(due, axis=0)


def _bars(name: str, value: ArrayLike, count: int, bars: int | None) -> NDArray[np.float64]:
    given = number(name, value)
    if given.ndim != 2 or given.shape[1] != count or (bars is not None and given.shape[0] != bars):
        wanted = f"({'bars' if bars is None else bars}, {count})"
        raise ValueError(f"{name} must have shape {wanted}, got {given.shape}")
    return np.require(given, np.float64, ["C", "A"])


def _ranges(
    case: str, close: NDArray[np.float64], low: ArrayLike | None, high: ArrayLike | None, fx: NDArray[np.float64],
    fx_low: ArrayLike | None, fx_high: ArrayLike | None,
) -> tuple[list[Any], list[Any]]:  # fmt: skip
    named = (("low", low), ("high", high), ("fx_low", fx_low), ("fx_high", fx_high))
    if case == "close":
        for name, value in named:
            if value is not None:
                raise ValueError(f"{name} has no meaning where case is 'close'")
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
        # a bar counts only if all its prices are known
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
    account, bar, place, amount, price = (np.concatenate(parts) for parts in zip(*columns, strict=True))
    order = np.lexsort((bar, account))
    offsets = np.searchsorted(account[order], np.arange(accounts + 1)).astype(np.int64)
    return offsets, bar[order], place[order], amount[order], price[order]
