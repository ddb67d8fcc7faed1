"""One isolated position: at which price, and on which bar; the public names are in ``shortgamma.liquidation``."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

import numpy as np

from shortgamma import barrier, contracts
from shortgamma._core import dispatch
from shortgamma._core.checks import call, plain, refuse_where, time_axis
from shortgamma.liquidation.tiers import Tiers

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike

    from shortgamma.contracts import Contract
    from shortgamma.liquidation.limits import WholeRate

NAMES = ("quantity", "entry", "margin", "maintenance", "fee")
NEVER = -1


def price(
    quantity: ArrayLike,
    entry: ArrayLike,
    margin: ArrayLike,
    *,
    contract: Contract,
    maintenance: ArrayLike | Tiers | WholeRate,
    fee: ArrayLike = 0.0,
    out: Any = None,
) -> Any:
    """Mark price at which an isolated position is liquidated.

    Parameters
    ----------
    quantity : array_like
        Contracts, > 0 long.
    entry : array_like
        Average entry price, in quote currency, > 0.
    margin : array_like
        Margin of the position in the settlement coin, funding paid or received included.
    contract : Contract
        What is held.
    maintenance : array_like, Tiers, RiskLimits or RisingMargin
        Maintenance margin as a fraction of the value at the mark, in [0, 1). Risk limits give the rate of the
        value at entry, or of the quantity.
    fee : array_like, default 0.0
        Fee of closing the position as a fraction of its value, in [0, 1); with ``maintenance`` less than 1.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        Price at which margin plus profit equals what is required. A long that can never be liquidated has 0,
        a short that can never be has inf; a long that is under water at every price has inf, such a short 0:
        so ``mark < price`` for a long and ``mark > price`` for a short always tell the truth. A margin that is less
        than the venue's initial margin is that of a position that has lost some of it, and no error. No position
        (``quantity`` 0) has no price: NaN. NaN also, with the invalid flag, where ``entry``, ``maintenance``
        or ``fee`` is out of its range.

    Raises
    ------
    ValueError
        If shapes do not broadcast.
    TypeError
        If ``contract`` is not a Contract, or an input is not numeric.

    See Also
    --------
    first_breach : The first bar on which it happens, decided without rounding.

    Notes
    -----
    With w = maintenance + fee, linear and quanto: P = (q m E - M) / (q m - w |q| m); inverse:
    1/P = (M + q m / E) / (q m + w |q| m). The bankruptcy price is that of w = 0.

    With tiers, what is required is the largest of rate_k value - amount_k, so the position is liquidated as soon
    as it would be under one of them with amount_k added to its margin: the price is the highest of theirs for a
    long, the lowest for a short.

    With `RisingMargin` by value the price is where margin plus profit is rate v + slope v^2 of the value v, on the side
    on which the position loses.

    Examples
    --------
    A short of 1 ETH-equivalent in the quanto contract at 200, with 0.01 XBT of margin and no maintenance:

    >>> import shortgamma as sg
    >>> contract = sg.contracts.ETHUSD
    >>> round(float(sg.liquidation.price(-100, 200.0, 0.01, contract=contract, maintenance=0.0)), 10)
    300.0
    """
    contracts.checked(contract)
    if _rises(maintenance):
        cost = _in_unit_range(plain("fee", fee))
        level = import_module("shortgamma.liquidation.limits").rising_price(
            maintenance, contract, quantity, entry, margin, cost
        )
        return call(np.positive, ("price",), (level,), out)
    maintenance = _of_whole(maintenance, contract, quantity, entry)
    if isinstance(maintenance, Tiers):
        side = np.sign(plain("quantity", quantity))
        result = None
        for rate, amount in zip(maintenance.rate, maintenance.amount, strict=True):
            more = np.add(plain("margin", margin), amount)
            level = price(quantity, entry, more, contract=contract, maintenance=rate, fee=fee) * side
            result = level if result is None else np.maximum(result, level)
        return call(np.multiply, ("price", "quantity"), (result, side), out)
    values = (quantity, entry, margin, maintenance, fee, contract.multiplier, contract.code)
    return call(dispatch.liquidation.position.liquidation_price, NAMES, values, out)


def first_breach(
    mark: ArrayLike,
    quantity: ArrayLike,
    entry: ArrayLike,
    margin: ArrayLike,
    *,
    contract: Contract,
    maintenance: ArrayLike | Tiers | WholeRate,
    fee: ArrayLike = 0.0,
    axis: int = 0,
    out: Any = None,
) -> Any:
    """Index of the first bar on which an isolated position is liquidated.

    Parameters
    ----------
    mark : array_like
        Mark prices, one per bar along ``axis``. A NaN is no information and never a breach.
    quantity, entry, margin : array_like
        Contracts (> 0 long), entry price > 0, margin in the settlement coin; they broadcast with the paths
        (``mark`` without its time axis).
    contract : Contract
        What is held.
    maintenance : array_like, Tiers, RiskLimits or RisingMargin
        Maintenance margin as a fraction of the value at the mark, in [0, 1); broadcasts with the paths. Risk limits
        give the rate of the value at entry, or of the quantity; a margin that rises by value is refused.
    fee : array_like, default 0.0
        Fee of closing the position as a fraction of its value, in [0, 1); with ``maintenance`` less than 1.
    axis : int, default 0
        The axis of time.
    out : ndarray, optional
        Where the result goes, int64.

    Returns
    -------
    ndarray of int64 or int
        The first index along ``axis`` at which equity is less than required; -1 if there is none; -2 if the
        question has no answer because an input of the position is NaN or (with the invalid flag) out of its
        range. A mark that is no price (0, negative, infinite) is passed over, with the invalid flag.

    Raises
    ------
    ValueError
        If shapes do not broadcast, or ``mark`` has no dimension.
    TypeError
        If ``contract`` is not a Contract, an input is not numeric, or ``maintenance`` rises by value.

    Notes
    -----
    The decision is that of exact arithmetic on the given numbers: a mark at which equity equals the
    requirement is no breach, one unit in the last place beyond it is one. It is the same bar on every
    processor. With tiers the same holds of each tier, after ``margin`` plus its amount was rounded once.

    Examples
    --------
    >>> import shortgamma as sg
    >>> marks = [200.0, 250.0, 299.9, 300.1, 150.0]
    >>> contract = sg.contracts.ETHUSD
    >>> int(sg.liquidation.first_breach(marks, -100, 200.0, 0.01, contract=contract, maintenance=0.0))
    3
    """
    contracts.checked(contract)
    if _rises(maintenance):
        raise TypeError("maintenance must not rise with the value here: give a rate, Tiers or RiskLimits")
    maintenance = _of_whole(maintenance, contract, quantity, entry)
    if isinstance(maintenance, Tiers):
        found: Any = NEVER
        for rate, amount in zip(maintenance.rate, maintenance.amount, strict=True):
            more = np.add(plain("margin", margin), amount)
            other = first_breach(mark, quantity, entry, more, contract=contract, maintenance=rate, fee=fee, axis=axis)
            found = np.where(found == NEVER, other, np.where(other == NEVER, found, np.minimum(found, other)))
        return call(np.positive, ("index",), (found,), out)
    path = plain("mark", mark)
    time = time_axis(axis, np.ndim(path), "mark")
    values = (path, quantity, entry, margin, maintenance, fee, contract.multiplier, contract.code)
    axes = [(time - np.ndim(path),), *[()] * 8]
    return call(dispatch.liquidation.position.liquidation_first_breach, ("mark", *NAMES), values, out, axes=axes)


def bankruptcy_price(
    quantity: ArrayLike,
    entry: ArrayLike,
    margin: ArrayLike,
    *,
    contract: Contract,
    fee: ArrayLike = 0.0,
    out: Any = None,
) -> Any:
    """Mark price at which the margin of an isolated position is used up.

    Parameters
    ----------
    quantity, entry, margin : array_like
        Contracts (> 0 long), entry price > 0, margin in the settlement coin.
    contract : Contract
        What is held.
    fee : array_like, default 0.0
        Fee of closing the position as a fraction of its value, in [0, 1).
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        As of `price`, with nothing to maintain.

    Examples
    --------
    >>> import shortgamma as sg
    >>> contract = sg.contracts.Contract("linear")
    >>> float(sg.liquidation.bankruptcy_price([2.0, -2.0], 50.0, 10.0, contract=contract)[0])
    45.0
    """
    return price(quantity, entry, margin, contract=contract, maintenance=0.0, fee=fee, out=out)


def pnl(
    quantity: ArrayLike,
    entry: ArrayLike,
    exit: ArrayLike,
    *,
    contract: Contract,
    entry_fee: ArrayLike = 0.0,
    exit_fee: ArrayLike = 0.0,
    funding: ArrayLike = 0.0,
    out: Any = None,
) -> Any:
    """Profit of a position after fees and funding, in the settlement coin.

    Parameters
    ----------
    quantity : array_like
        Contracts, > 0 long.
    entry, exit : array_like
        Prices at which the position was opened and is closed or valued, > 0.
    contract : Contract
        What is held.
    entry_fee, exit_fee : array_like, default 0.0
        Fees as fractions of the value at entry and at exit; < 0 is a rebate.
    funding : array_like, default 0.0
        Funding in the settlement coin, > 0 received.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        Profit less fees plus funding; NaN, with the invalid flag, where a price is no finite number > 0.

    See Also
    --------
    shortgamma.contracts.Contract.pnl : The profit alone.

    Examples
    --------
    >>> import shortgamma as sg
    >>> float(sg.liquidation.pnl(1.0, 100.0, 110.0, contract=sg.contracts.Contract("linear"), funding=-1.0))
    9.0
    """
    contracts.checked(contract)
    fees = np.absolute(contract.value(quantity, entry)) * plain("entry_fee", entry_fee)
    fees = fees + np.absolute(contract.value(quantity, exit)) * plain("exit_fee", exit_fee)
    profit = contract.pnl(quantity, entry, exit) - fees
    return call(np.add, ("pnl", "funding"), (profit, funding), out)


def initial_margin(
    quantity: ArrayLike,
    price: ArrayLike,
    *,
    contract: Contract,
    initial: ArrayLike | Tiers | WholeRate,
    fee: ArrayLike = 0.0,
    out: Any = None,
) -> Any:
    """Margin that a position needs to be opened, in the settlement coin.

    Parameters
    ----------
    quantity, price : array_like
        Contracts of either sign, and the price of the order, > 0.
    contract : Contract
        What is bought or sold.
    initial : array_like, Tiers, RiskLimits or RisingMargin
        Initial margin as a fraction of the value, in [0, 1]: 1 / leverage.
    fee : array_like, default 0.0
        Fees reserved, of opening and closing together, as a fraction of the value, in [0, 1].
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        abs(value) (initial + fee), or the margin of the tiers plus the fee. NaN, with the invalid flag, where
        an input is out of its range.

    Examples
    --------
    10,000 contracts of the quanto contract at 264.55 are worth 2.6455 XBT; at 50 times they need a fiftieth:

    >>> import shortgamma as sg
    >>> round(float(sg.liquidation.initial_margin(10_000, 264.55, contract=sg.contracts.ETHUSD, initial=0.02)), 10)
    0.05291
    """
    return _requirement(quantity, price, contract, "initial", initial, fee, out)


def maintenance_margin(
    quantity: ArrayLike,
    mark: ArrayLike,
    *,
    contract: Contract,
    maintenance: ArrayLike | Tiers | WholeRate,
    fee: ArrayLike = 0.0,
    out: Any = None,
) -> Any:
    """Equity below which a position is liquidated, in the settlement coin.

    Parameters
    ----------
    quantity, mark : array_like
        Contracts of either sign, and the mark price, > 0.
    contract : Contract
        What is held.
    maintenance : array_like, Tiers, RiskLimits or RisingMargin
        Maintenance margin as a fraction of the value at the mark, in [0, 1].
    fee : array_like, default 0.0
        Fee of closing the position as a fraction of its value, in [0, 1].
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        abs(value) (maintenance + fee), or the margin of the tiers plus the fee. NaN, with the invalid flag,
        where an input is out of its range.

    Examples
    --------
    >>> import shortgamma as sg
    >>> tiers = sg.liquidation.Tiers([0.0, 50_000.0], [0.004, 0.005])
    >>> contract = sg.contracts.Contract("linear")
    >>> float(sg.liquidation.maintenance_margin(-10.0, 10_000.0, contract=contract, maintenance=tiers))
    450.0
    """
    return _requirement(quantity, mark, contract, "maintenance", maintenance, fee, out)


def margin_ratio(
    quantity: ArrayLike,
    entry: ArrayLike,
    mark: ArrayLike,
    margin: ArrayLike,
    *,
    contract: Contract,
    maintenance: ArrayLike | Tiers | WholeRate,
    fee: ArrayLike = 0.0,
    out: Any = None,
) -> Any:
    """Required over present equity of an isolated position: above 1 it is liquidated.

    Parameters
    ----------
    quantity, entry, mark, margin : array_like
        Contracts (> 0 long), entry price and mark price > 0, margin in the settlement coin.
    contract : Contract
        What is held.
    maintenance : array_like, Tiers, RiskLimits or RisingMargin
        Maintenance margin as a fraction of the value at the mark, in [0, 1].
    fee : array_like, default 0.0
        Fee of closing the position as a fraction of its value, in [0, 1].
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        maintenance_margin / (margin + profit). Where nothing is left of the margin: inf, or NaN if nothing is
        required either. NaN, with the invalid flag, where an input is out of its range.

    Examples
    --------
    >>> import shortgamma as sg
    >>> contract = sg.contracts.Contract("linear")
    >>> float(sg.liquidation.margin_ratio(1.0, 100.0, 100.0, 10.0, contract=contract, maintenance=0.05))
    0.5
    """
    if _is_whole(maintenance) and not _rises(maintenance):
        maintenance = _of_whole(maintenance, contracts.checked(contract), quantity, entry)
    required = maintenance_margin(quantity, mark, contract=contract, maintenance=maintenance, fee=fee)
    return _over_equity(required, contract.pnl(quantity, entry, mark), margin, out)


def leverage_of(
    quantity: ArrayLike,
    entry: ArrayLike,
    mark: ArrayLike,
    margin: ArrayLike,
    *,
    contract: Contract,
    out: Any = None,
) -> Any:
    """Effective leverage of an isolated position: value at the mark over equity.

    Parameters
    ----------
    quantity, entry, mark, margin : array_like
        Contracts (> 0 long), entry price and mark price > 0, margin in the settlement coin.
    contract : Contract
        What is held.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        abs(value) / (margin + profit). Where nothing is left of the margin: inf, or NaN without a position.
        NaN, with the invalid flag, where a price is no finite number > 0.

    Examples
    --------
    >>> import shortgamma as sg
    >>> contract = sg.contracts.Contract("linear")
    >>> float(sg.liquidation.leverage_of(-1.0, 100.0, 105.0, 10.0, contract=contract))
    21.0
    """
    contracts.checked(contract)
    value = np.absolute(contract.value(quantity, mark))
    return _over_equity(value, contract.pnl(quantity, entry, mark), margin, out)


def max_quantity(
    price: ArrayLike,
    balance: ArrayLike,
    *,
    contract: Contract,
    initial: ArrayLike | Tiers | WholeRate,
    fee: ArrayLike = 0.0,
    out: Any = None,
) -> Any:
    """Largest position that a balance can open, in contracts, not rounded to lots.

    Parameters
    ----------
    price : array_like
        Price of the order, > 0.
    balance : array_like
        What there is to post, in the settlement coin.
    contract : Contract
        What is bought or sold.
    initial : array_like, Tiers, RiskLimits or RisingMargin
        Initial margin as a fraction of the value, in [0, 1]: 1 / leverage.
    fee : array_like, default 0.0
        Fees reserved, of opening and closing together, as a fraction of the value, in [0, 1].
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        Where `initial_margin` equals the balance; 0 where the balance is not above 0. Where neither margin nor fee
        is asked: inf, or NaN without a balance. NaN, with the invalid flag, where an input is out of its range.

    Examples
    --------
    >>> import shortgamma as sg
    >>> float(sg.liquidation.max_quantity(8_000.0, 0.5, contract=sg.contracts.XBTUSD, initial=0.01))
    400000.0
    """
    contracts.checked(contract)
    cost = _in_unit_range(plain("fee", fee))
    funds = np.maximum(plain("balance", balance), 0.0)
    if _is_whole(initial):
        return call(np.positive, ("quantity",), (_most_of_whole(price, funds, contract, initial, cost),), out)
    if isinstance(initial, Tiers):
        steps = list(zip(initial.rate, initial.amount, strict=True))
    else:
        steps = [(_in_unit_range(plain("initial", initial)), 0.0)]
    value: Any = np.inf
    with np.errstate(divide="ignore", invalid="ignore"):
        for rate, amount in steps:
            value = np.minimum(value, (funds + amount) / (rate + cost))
    return call(np.divide, ("balance", "price"), (value, contract.value(1.0, price)), out)


def breach_probability(
    mark: ArrayLike,
    quantity: ArrayLike,
    entry: ArrayLike,
    margin: ArrayLike,
    *,
    contract: Contract,
    maintenance: ArrayLike | Tiers | WholeRate,
    vol: ArrayLike,
    expiry: ArrayLike,
    drift: ArrayLike = 0.0,
    fee: ArrayLike = 0.0,
) -> Any:
    """Probability that an isolated position is liquidated by a date, under geometric Brownian motion.

    Parameters
    ----------
    mark : array_like
        Mark price now, > 0; all inputs broadcast.
    quantity, entry, margin : array_like
        Contracts (> 0 long), entry price > 0, margin in the settlement coin.
    contract : Contract
        What is held.
    maintenance : array_like, Tiers, RiskLimits or RisingMargin
        Maintenance margin as a fraction of the value at the mark, in [0, 1).
    vol : array_like
        Volatility of the mark per year, >= 0.
    expiry : array_like
        Years until the date, >= 0.
    drift : array_like, default 0.0
        Growth of the expected mark per year, continuously compounded.
    fee : array_like, default 0.0
        Fee of closing the position as a fraction of its value, in [0, 1); with ``maintenance`` less than 1.

    Returns
    -------
    ndarray or float
        Probability that the mark, watched without pause, touches the price of liquidation. 1 for a position that
        is there already, 0 for one that can never be liquidated, NaN without a position. NaN also, with the
        invalid flag, where an input is out of its range.

    Raises
    ------
    ValueError
        If shapes do not broadcast.
    TypeError
        If ``contract`` is not a Contract, or an input is not numeric.

    Notes
    -----
    With b = ln(P / mark), k = drift - vol^2 / 2 and the price of liquidation P above the mark: N((k T - b) / (vol
    sqrt T)) + exp(2 k b / vol^2) N((-b - k T) / (vol sqrt T)). It is what a one-touch is worth at no interest:
    see `shortgamma.barrier.touch_price`.

    Examples
    --------
    A short at 10 times and 17 % of volatility a month, without drift, dies within a month more often than not:

    >>> import shortgamma as sg
    >>> terms = {"contract": sg.contracts.Contract("linear"), "maintenance": 0.0}
    >>> vol, month = 0.17 * 12**0.5, 1 / 12
    >>> round(float(sg.liquidation.breach_probability(1.0, -1.0, 1.0, 0.1, vol=vol, expiry=month, **terms)), 3)
    0.548
    """
    level = price(quantity, entry, margin, contract=contract, maintenance=maintenance, fee=fee)
    shape = np.shape(level)
    for name, value in (("mark", mark), ("vol", vol), ("expiry", expiry), ("drift", drift)):
        other = np.shape(plain(name, value))
        try:
            shape = np.broadcast_shapes(shape, other)
        except ValueError:
            raise ValueError(f"{name} of shape {other} does not broadcast with the others, of shape {shape}") from None
    spot = np.asarray(plain("mark", mark))
    side, level = np.asarray(plain("quantity", quantity)), np.asarray(level)
    between = (level > 0.0) & (level < np.inf)
    target = np.where(between, level, 1.0)
    direction = np.where(side > 0.0, "down", "up")
    grown = np.negative(plain("drift", drift))
    touched = np.minimum(
        barrier.touch_price(
            spot, target, vol=vol, expiry=expiry, dividend=grown, direction=direction, kind="one-touch"
        ),
        1.0,
    )
    sure = np.where(side > 0.0, level > 0.0, level == 0.0) + 0.0 * touched
    return np.where(between, touched, np.where(np.isnan(level), np.nan, sure))[()]


def frontier(
    collateral_price: ArrayLike,
    quantity: ArrayLike,
    entry: ArrayLike,
    margin: ArrayLike,
    *,
    contract: Contract,
    maintenance: ArrayLike | Tiers | WholeRate,
    start: ArrayLike,
    hedged: ArrayLike = 0.0,
    fee: ArrayLike = 0.0,
    out: Any = None,
) -> Any:
    """Price of the underlying at which an isolated position dies, for each price of its collateral coin.

    Parameters
    ----------
    collateral_price : array_like
        Price X of the settlement coin, > 0; all inputs broadcast.
    quantity, entry : array_like
        Contracts (> 0 long) and entry price > 0.
    margin : array_like
        Margin in the settlement coin when that coin cost ``start``.
    contract : Contract
        A quanto or linear contract: the coin of its margin is not what it prices.
    maintenance : array_like, Tiers, RiskLimits or RisingMargin
        Maintenance margin as a fraction of the value at the mark, in [0, 1).
    start : array_like
        Price X0 of the settlement coin at which the margin was posted and hedged, > 0.
    hedged : array_like, default 0.0
        Fraction of the margin whose worth in dollars is kept by a short inverse perpetual of the settlement coin
        without basis or funding, in [0, 1]: 0 is margin in the coin, 1 is margin in dollars.
    fee : array_like, default 0.0
        Fee of closing the position as a fraction of its value, in [0, 1); with ``maintenance`` less than 1.
    out : ndarray, optional
        Where the result goes.

    Returns
    -------
    ndarray or float
        `price` with the margin M (1 - hedged + hedged X0 / X).

    Raises
    ------
    ValueError
        If the contract is inverse, a price of the coin is not above 0, or ``hedged`` is outside [0, 1].
    TypeError
        If ``contract`` is not a Contract, or an input is not numeric.

    Notes
    -----
    Short 1 ETH-equivalent at 200 with 100 dollars of margin, the settlement coin at 10,000: with margin in the coin
    the position dies at 300 whatever the coin does. With margin in dollars it dies on P = 200 + 10^6 / X: where the
    coin moves in step with the underlying (X = 50 P), at P = 273.2. At (250, 12,500) it has lost 62.5 of its 100
    dollars and is alive; it is dead there only with 62.5 dollars of margin or less, maintenance included.

    Examples
    --------
    >>> import shortgamma as sg
    >>> terms = {"contract": sg.contracts.ETHUSD, "maintenance": 0.0, "start": 10_000.0}
    >>> sg.liquidation.frontier([10_000.0, 12_500.0], -100, 200.0, 0.01, hedged=1.0, **terms).round(9)
    array([300., 280.])
    """
    if contracts.checked(contract).inverse:
        raise ValueError("contract must be quanto or linear: an inverse one is settled in the coin that it prices")
    rules = (
        ("collateral_price", collateral_price, 0.0, np.inf, "a number > 0"),
        ("start", start, 0.0, np.inf, "a number > 0"),
        ("hedged", hedged, -np.finfo(float).tiny, 1.0, "in [0, 1]"),
    )
    for name, value, low, high, rule in rules:
        given = np.asarray(plain(name, value))
        refuse_where((given <= low) | (given > high) | np.isinf(given), name, given, rule)
    share = plain("hedged", hedged)
    kept = (1.0 - share) + share * (plain("start", start) / plain("collateral_price", collateral_price))
    margin = plain("margin", margin) * kept
    return price(quantity, entry, margin, contract=contract, maintenance=maintenance, fee=fee, out=out)


def _is_whole(rate: Any) -> bool:
    # RiskLimits and RisingMargin, told by what they have: their module is loaded when asked for
    return hasattr(type(rate), "rate_of")


def _rises(rate: Any) -> bool:
    """Whether it is a margin rate that rises with the value at the mark."""
    return _is_whole(rate) and hasattr(rate, "slope") and rate.by == "value"


def _of_whole(rate: Any, contract: Contract, quantity: ArrayLike, price: ArrayLike) -> Any:
    """The rate that a position of its size has, where one rate holds for the whole of it."""
    return rate.rate_of(rate.size(contract, quantity, price)) if _is_whole(rate) else rate


def _most_of_whole(price: ArrayLike, funds: Any, contract: Contract, initial: Any, cost: Any) -> Any:
    unit = np.asarray(contract.value(1.0, price))
    # margin of a size s is each s (rate + fee), each the value of a unit of size
    each: Any = unit if initial.by == "quantity" else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        if hasattr(initial, "slope"):
            rate = initial.rate + cost
            size = 2.0 * funds / (each * rate + np.sqrt((each * rate) ** 2 + 4.0 * each * initial.slope * funds))
        else:
            size = 0.0 * funds
            for lower, upper, rate in zip(initial.lower, [*initial.lower[1:], np.inf], initial.rate, strict=True):
                most = np.minimum(funds / (each * (rate + cost)), upper)
                size = np.where((most > lower) | np.isnan(most), most, size)
        return size if initial.by == "quantity" else size / unit


def _in_unit_range(rate: Any) -> Any:
    # a root of what is negative is NaN with the invalid flag, whatever kind of array it is
    return rate + 0.0 * (np.sqrt(rate) + np.sqrt(1.0 - rate))


def _requirement(
    quantity: ArrayLike, price: ArrayLike, contract: Contract, name: str, rate: Any, fee: ArrayLike, out: Any
) -> Any:
    value = np.absolute(contracts.checked(contract).value(quantity, price))
    cost = _in_unit_range(plain("fee", fee))
    rate = _of_whole(rate, contract, quantity, price)
    if isinstance(rate, Tiers):
        return call(np.add, ("margin", "fee"), (rate.margin(value), value * cost), out)
    return call(np.multiply, ("value", name), (value, _in_unit_range(plain(name, rate)) + cost), out)


def _over_equity(top: Any, profit: Any, margin: ArrayLike, out: Any) -> Any:
    equity = np.maximum(plain("margin", margin) + profit, 0.0)
    # what is wiped out is data
    with np.errstate(divide="ignore", invalid="ignore"):
        return call(np.divide, ("required", "equity"), (top, equity), out)
