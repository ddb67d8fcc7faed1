"""Liquidation of one isolated position: its price and its bar; the public names are in ``shortgamma.liquidation``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma import barrier, contracts
from shortgamma._core import dispatch
from shortgamma._core.checks import call, number, plain, refuse_where, time_axis
from shortgamma.liquidation.margin import Margin, RisingMargin, RiskLimits

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, TypeGuard

    from numpy.typing import ArrayLike

    from shortgamma.contracts import Contract

NAMES = ("quantity", "entry", "margin", "maintenance", "fee")
CASE = ("quantity", "entry", "margin", "maintenance", "maintenance", "fee")
LARGEST = np.finfo(np.float64).max
EPSILON = np.finfo(np.float64).eps


def liquidation_price(
    quantity: ArrayLike, entry: ArrayLike, margin: ArrayLike, *, contract: Contract | str,
    maintenance: ArrayLike | Margin, fee: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Mark price at which an isolated position is liquidated.

    Parameters
    ----------
    {quantity}
    entry : array_like
        Average entry price, in quote currency, > 0.
    margin : array_like
        Margin of the position in the settlement coin, funding paid or received included.
    {contract [or name]}
    maintenance : array_like or Margin
        Maintenance margin: a fraction of the value at the mark, in [0, 1), or `MarginRate`, `Tiers`, `RiskLimits` or
        `RisingMargin`. Risk limits give the rate of the value at entry, or of the quantity.
    {fee [position], out}

    Returns
    -------
    ndarray or float
        Price at which margin plus profit equals the requirement. 0 for a long and inf for a short that can never be
        liquidated; inf for a long and 0 for a short that is under water at every price: so ``mark < price`` for a long
        and ``mark > price`` for a short are always right. A margin below the venue's initial margin, as of a position
        that has lost some of it, is not an error. NaN where ``quantity`` is 0, and, with the invalid flag, where
        ``entry``, ``maintenance`` or ``fee`` is out of its range.

    {raises [contract]}

    See Also
    --------
    first_breach : The first bar on which a position is liquidated, decided without rounding.

    Notes
    -----
    With w = maintenance + fee, linear and quanto: P = (q m E - M) / (q m - w abs(q) m); inverse:
    1/P = (M + q m / E) / (q m + w abs(q) m). The bankruptcy price is that of w = 0.

    With `Tiers`, the requirement is the largest of rate_k value - amount_k, so the position is liquidated as soon as it
    would be under one of these rates with amount_k added to its margin: the price is the highest of these prices for
    a long, the lowest for a short. A margin of the value at entry is required whatever the mark: it is taken from the
    margin of the position.

    With `RisingMargin` by value the price is where margin plus profit is rate v + slope v^2 of the value v, on the side
    on which the position loses.

    Examples
    --------
    A short of 1 ETH-equivalent in the quanto contract at 200, with 0.01 XBT of margin and no maintenance:

    >>> import shortgamma as sg
    >>> contract = "ETHUSD"
    >>> round(float(sg.liquidation.liquidation_price(-100, 200.0, 0.01, contract=contract, maintenance=0.0)), 10)
    300.0
    """
    contract = contracts.checked(contract)
    if _rises(maintenance):
        level = _rising_price(maintenance, contract, quantity, entry, margin, _in_unit_range(plain("fee", fee)))
        return call(np.positive, ("price",), (level,), out)
    result = None
    steps = _steps(maintenance, contract, quantity, entry)
    side = np.sign(plain("quantity", quantity)) if len(steps) > 1 else 1.0
    for rate, amount in steps:
        posted = margin if isinstance(amount, float) and amount == 0.0 else np.add(plain("margin", margin), amount)
        values = (quantity, entry, posted, rate, fee, contract.multiplier, contract.code)
        ufunc = dispatch.liquidation.position.liquidation_price
        if len(steps) == 1:
            return call(ufunc, NAMES, values, out)
        level = call(ufunc, NAMES, values) * side
        result = level if result is None else np.maximum(result, level)
    return call(np.multiply, ("price", "quantity"), (result, side), out)


def first_breach(
    mark: ArrayLike, quantity: ArrayLike, entry: ArrayLike, margin: ArrayLike, *, contract: Contract | str,
    maintenance: ArrayLike | Margin, fee: ArrayLike = 0.0, axis: int = 0, out: Any = None,
) -> Any:  # fmt: skip
    """Index of the first bar on which an isolated position is liquidated.

    Parameters
    ----------
    mark : array_like
        Mark prices, one per bar along ``axis``. NaN carries no information and is never a breach.
    quantity, entry, margin : array_like
        Contracts (> 0 long), entry price > 0, margin in the settlement coin; they broadcast with the paths
        (``mark`` without its time axis).
    {contract [or name]}
    maintenance : array_like or Margin
        Maintenance margin: a fraction of the value at the mark, in [0, 1), which broadcasts with the paths, or
        `MarginRate`, `Tiers`, `RiskLimits` or `RisingMargin`. Risk limits give the rate of the value at entry, or of
        the quantity.
    {fee [position], axis}
    out : ndarray, optional
        Where the result goes, int64.

    Returns
    -------
    ndarray of int64 or int
        The first index along ``axis`` at which equity is less than required; the number of bars if the position is
        never liquidated, as `numpy.searchsorted` does, so that indexing with it fails; the number of bars plus 1 if an
        input of the position is NaN or (with the invalid flag) out of its range. An invalid mark (0, negative,
        infinite) is skipped, with the invalid flag.

    Raises
    ------
    ValueError
        If shapes do not broadcast, or ``mark`` has no dimension.
    {TypeError [contract]}

    Notes
    -----
    The decision is that of exact arithmetic on the given numbers, maintenance rate, fee and the amounts of tiers each
    as given: a mark at which equity equals the requirement is not a breach, one unit in the last place beyond it is.
    The bar is the same on every processor. A rate that follows from a size (`RiskLimits`, `RisingMargin`) and a margin
    of the value at entry are rounded once; a margin that rises by value is decided by its `liquidation_price`.

    Examples
    --------
    >>> import shortgamma as sg
    >>> marks = [200.0, 250.0, 299.9, 300.1, 150.0]
    >>> contract = "ETHUSD"
    >>> int(sg.liquidation.first_breach(marks, -100, 200.0, 0.01, contract=contract, maintenance=0.0))
    3
    """
    path = plain("mark", mark)
    time = time_axis(axis, np.ndim(path), "mark")
    bars = np.shape(path)[time]
    axes = [(time - np.ndim(path),), *[()] * 9]
    ufunc = dispatch.liquidation.position.liquidation_first_breach
    cases = cases_of(quantity, entry, margin, contract=contract, maintenance=maintenance, fee=fee)
    if len(cases) == 1:
        return call(ufunc, ("mark", *CASE), (path, *cases[0]), out, axes=axes)
    bar: Any = bars
    undefined: Any = False
    for case in cases:
        breach = call(ufunc, ("mark", *CASE), (path, *case), axes=axes)
        bar = np.minimum(bar, breach)
        undefined = undefined | (breach > bars)
    return call(np.add, ("index", "index"), (bar, undefined * (bars + 1 - bar)), out)


def cases_of(
    quantity: ArrayLike, entry: ArrayLike, margin: ArrayLike, *, contract: Contract | str, maintenance: Any, fee: Any
) -> list[tuple[Any, ...]]:
    """Positions of one rate that are liquidated where this one is: the first of them decides.

    Each is quantity, entry, margin, amount, maintenance, fee, multiplier and code.
    """
    contract = contracts.checked(contract)
    if _rises(maintenance):
        cost = _in_unit_range(plain("fee", fee))
        level = _rising_price(maintenance, contract, quantity, entry, margin, cost)
        held = np.asarray(plain("quantity", quantity), dtype=np.float64)
        # a contract at that price without margin; where no price is reached, with all the margin or debt there is
        sure = np.where(level > 0.0, -LARGEST, LARGEST) * np.sign(held)
        flat = np.broadcast_to(plain("margin", margin), np.shape(level))
        posted = np.where(held == 0.0, flat, np.where((level > 0.0) & (level < np.inf), 0.0, sure))
        opened = np.where((held == 0.0) | (level == 0.0) | (level == np.inf), 1.0, level)
        linear = contracts.Contract("linear")
        return [(np.sign(held), opened, posted, 0.0, 0.0, 0.0, 1.0, linear.code)]
    return [
        (quantity, entry, margin, amount, rate, fee, contract.multiplier, contract.code)
        for rate, amount in _steps(maintenance, contract, quantity, entry)
    ]


def bankruptcy_price(
    quantity: ArrayLike, entry: ArrayLike, margin: ArrayLike, *, contract: Contract | str, fee: ArrayLike = 0.0,
    out: Any = None,
) -> Any:  # fmt: skip
    """Mark price at which the margin of an isolated position is used up.

    Parameters
    ----------
    {quantity, entry, margin, contract [or name]}
    fee : array_like, default 0.0
        Fee of closing the position as a fraction of its value, in [0, 1).
    {out}

    Returns
    -------
    ndarray or float
        As in `liquidation_price`, with nothing to maintain.

    Examples
    --------
    >>> import shortgamma as sg
    >>> contract = sg.contracts.Contract("linear")
    >>> float(sg.liquidation.bankruptcy_price([2.0, -2.0], 50.0, 10.0, contract=contract)[0])
    45.0
    """
    return liquidation_price(quantity, entry, margin, contract=contract, maintenance=0.0, fee=fee, out=out)


def pnl(
    quantity: ArrayLike, entry: ArrayLike, exit: ArrayLike, *, contract: Contract | str, entry_fee: ArrayLike = 0.0,
    exit_fee: ArrayLike = 0.0, funding: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Profit of a position after fees and funding, in the settlement coin.

    Parameters
    ----------
    {quantity}
    entry, exit : array_like
        Prices at which the position was opened and is closed or valued, > 0.
    {contract [or name]}
    entry_fee, exit_fee : array_like, default 0.0
        Fees as fractions of the value at entry and at exit; < 0 is a rebate.
    funding : array_like, default 0.0
        Funding in the settlement coin, > 0 received.
    {out}

    Returns
    -------
    ndarray or float
        Profit less fees plus funding; NaN, with the invalid flag, where a price is not a finite number > 0.

    See Also
    --------
    shortgamma.contracts.Contract.pnl : The profit alone.

    Examples
    --------
    >>> import shortgamma as sg
    >>> float(sg.liquidation.pnl(1.0, 100.0, 110.0, contract=sg.contracts.Contract("linear"), funding=-1.0))
    9.0
    """
    contract = contracts.checked(contract)
    fees = np.absolute(contract.value(quantity, entry)) * plain("entry_fee", entry_fee)
    fees = fees + np.absolute(contract.value(quantity, exit)) * plain("exit_fee", exit_fee)
    profit = contract.pnl(quantity, entry, exit) - fees
    return call(np.add, ("pnl", "funding"), (profit, funding), out)


def initial_margin(
    quantity: ArrayLike, price: ArrayLike, *, contract: Contract | str, initial: ArrayLike | Margin,
    fee: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Margin that a position needs to be opened, in the settlement coin.

    Parameters
    ----------
    quantity, price : array_like
        Contracts of either sign, and the price of the order, > 0.
    {contract [traded]}
    initial : array_like or Margin
        Initial margin as a fraction of the value, in [0, 1]: 1 / leverage.
    {fee [reserved], out}

    Returns
    -------
    ndarray or float
        abs(value) (initial + fee), or the margin plus the fee. NaN, with the invalid flag, where an input is out of
        its range.

    Examples
    --------
    10,000 contracts of the quanto contract at 264.55 are worth 2.6455 XBT; at 50 times they need a fiftieth:

    >>> import shortgamma as sg
    >>> round(float(sg.liquidation.initial_margin(10_000, 264.55, contract="ETHUSD", initial=0.02)), 10)
    0.05291
    """
    return _requirement(quantity, price, price, contract, ("initial", initial), fee, out)


def maintenance_margin(
    quantity: ArrayLike, mark: ArrayLike, *, contract: Contract | str, maintenance: ArrayLike | Margin,
    fee: ArrayLike = 0.0, entry: ArrayLike | None = None, out: Any = None,
) -> Any:  # fmt: skip
    """Equity below which a position is liquidated, in the settlement coin.

    Parameters
    ----------
    {quantity, mark, contract [or name]}
    maintenance : array_like or Margin
        Maintenance margin: a fraction of the value at the mark, in [0, 1], or `MarginRate`, `Tiers`, `RiskLimits` or
        `RisingMargin`.
    {fee [fraction]}
    entry : array_like, optional
        Entry price, for risk limits and for margins of the value at entry; the mark by default.
    {out}

    Returns
    -------
    ndarray or float
        abs(value) (maintenance + fee), or the margin plus the fee. NaN, with the invalid flag, where an input is out
        of its range.

    Examples
    --------
    >>> import shortgamma as sg
    >>> tiers = sg.liquidation.Tiers([0.0, 50_000.0], [0.004, 0.005])
    >>> contract = sg.contracts.Contract("linear")
    >>> float(sg.liquidation.maintenance_margin(-10.0, 10_000.0, contract=contract, maintenance=tiers))
    450.0
    """
    return _requirement(quantity, mark, entry, contract, ("maintenance", maintenance), fee, out)


def margin_ratio(
    quantity: ArrayLike, entry: ArrayLike, mark: ArrayLike, margin: ArrayLike, *, contract: Contract | str,
    maintenance: ArrayLike | Margin, fee: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Required margin over equity of an isolated position: at 1 and above it is liquidated.

    Parameters
    ----------
    {quantity, entry, mark, margin, contract [or name], maintenance [as price], fee [fraction], out}

    Returns
    -------
    ndarray or float
        maintenance_margin / (margin + profit). Where nothing is left of the margin: inf, or NaN if there is neither
        equity nor requirement. NaN also, with the invalid flag, where an input is out of its range. (`first_breach`
        takes equality, a ratio of exactly 1, for enough.)

    Examples
    --------
    >>> import shortgamma as sg
    >>> contract = sg.contracts.Contract("linear")
    >>> float(sg.liquidation.margin_ratio(1.0, 100.0, 100.0, 10.0, contract=contract, maintenance=0.05))
    0.5
    """
    contract = contracts.checked(contract)
    required = maintenance_margin(quantity, mark, contract=contract, maintenance=maintenance, fee=fee, entry=entry)
    return _over_equity(required, contract.pnl(quantity, entry, mark), margin, out)


def leverage_of(
    quantity: ArrayLike, entry: ArrayLike, mark: ArrayLike, margin: ArrayLike, *, contract: Contract | str,
    out: Any = None,
) -> Any:  # fmt: skip
    """Effective leverage of an isolated position: value at the mark over equity.

    Parameters
    ----------
    {quantity, entry, mark, margin, contract [or name], out}

    Returns
    -------
    ndarray or float
        abs(value) / (margin + profit). Where nothing is left of the margin: inf, or NaN without a position.
        NaN, with the invalid flag, where a price is not a finite number > 0.

    Examples
    --------
    >>> import shortgamma as sg
    >>> contract = sg.contracts.Contract("linear")
    >>> float(sg.liquidation.leverage_of(-1.0, 100.0, 105.0, 10.0, contract=contract))
    21.0
    """
    contract = contracts.checked(contract)
    value = np.absolute(contract.value(quantity, mark))
    return _over_equity(value, contract.pnl(quantity, entry, mark), margin, out)


def max_quantity(
    price: ArrayLike, balance: ArrayLike, *, contract: Contract | str, initial: ArrayLike | Margin,
    fee: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Largest position that a balance can open, in contracts, not rounded to lots.

    Parameters
    ----------
    price : array_like
        Price of the order, > 0.
    balance : array_like
        What there is to post, in the settlement coin.
    {contract [traded]}
    initial : array_like or Margin
        Initial margin: a fraction of the value, in (0, 1], which is 1 / leverage, or `MarginRate`, `Tiers`,
        `RiskLimits` or `RisingMargin`.
    {fee [reserved], out}

    Returns
    -------
    ndarray or float
        The most whose `initial_margin` is not above the balance; 0 where the balance is not above 0. NaN, with the
        invalid flag, where an input is out of its range.

    Examples
    --------
    >>> import shortgamma as sg
    >>> float(sg.liquidation.max_quantity(8_000.0, 0.5, contract="XBTUSD", initial=0.01))
    400000.0
    """
    contract = contracts.checked(contract)
    cost = _in_unit_range(plain("fee", fee))
    funds = np.maximum(plain("balance", balance), 0.0)
    if isinstance(initial, RiskLimits | RisingMargin):
        quantity = _most_of_size(price, funds, contract, initial, cost)
    else:
        value: Any = np.inf
        with np.errstate(divide="ignore", invalid="ignore"):
            for rate, amount in _steps_at_opening(initial):
                given = rate if isinstance(initial, Margin) else _above_zero(_in_unit_range(plain("initial", rate)))
                value = np.minimum(value, (funds + amount) / (given + cost))
        quantity = value / contract.value(1.0, price)
    if not isinstance(initial, Margin):
        # once more, where the flag is heard
        quantity = quantity + 0.0 * _above_zero(_in_unit_range(plain("initial", initial)))
    quantity = _step_inside(
        quantity, lambda held: initial_margin(held, price, contract=contract, initial=initial, fee=fee), funds
    )
    return call(np.positive, ("quantity",), (quantity,), out)


def mean_entry(quantity: ArrayLike, price: ArrayLike, *, contract: Contract | str, axis: int = 0) -> Any:
    """Mean entry price of the position that some fills leave.

    Parameters
    ----------
    quantity, price : array_like
        Contracts (> 0 bought) and prices > 0 of the fills in their order along ``axis``; they broadcast.
    contract : Contract or str
        What was traded.
    axis : int, default 0
        The axis of fills.

    Returns
    -------
    ndarray or float
        Mean of the prices weighted by contracts, the harmonic one for inverse contracts: the entry at which `pnl` of
        the whole equals the sum over the fills. What is closed leaves it, and a position that turns round begins at
        the price of that fill. NaN where nothing is held in the end, or, with the invalid flag, where a number is out
        of its range.

    {raises [contract]}

    Examples
    --------
    >>> import shortgamma as sg
    >>> float(sg.liquidation.mean_entry([100.0, 300.0], [8_000.0, 6_000.0], contract="XBTUSD"))
    6400.0
    """
    contract = contracts.checked(contract)
    fills, prices = number("quantity", quantity), number("price", price)
    try:
        fills, prices = np.broadcast_arrays(fills, prices)
    except ValueError:
        raise ValueError(
            f"price of shape {prices.shape} does not broadcast with quantity of shape {fills.shape}"
        ) from None
    place = time_axis(axis, fills.ndim, "quantity")
    axes = [(place,), (place,), (), ()]
    return dispatch.liquidation.position.liquidation_mean_entry(fills, prices, contract.code, axes=axes)


def breach_probability(
    mark: ArrayLike, quantity: ArrayLike, entry: ArrayLike, margin: ArrayLike, *, contract: Contract | str,
    maintenance: ArrayLike | Margin, vol: ArrayLike, expiry: ArrayLike, drift: ArrayLike = 0.0, fee: ArrayLike = 0.0,
) -> Any:  # fmt: skip
    """Probability that an isolated position is liquidated by a date, under geometric Brownian motion.

    Parameters
    ----------
    mark : array_like
        Mark price now, > 0; all inputs broadcast.
    {quantity, entry, margin, contract [or name], maintenance [as price]}
    vol : array_like
        Volatility of the mark per year, >= 0.
    expiry : array_like
        Years until the date, >= 0.
    drift : array_like, default 0.0
        Growth of the expected mark per year, continuously compounded.
    {fee [position]}

    Returns
    -------
    ndarray or float
        Probability that the mark, watched without pause, touches the price of liquidation. 1 for a position that
        is there already, 0 for one that can never be liquidated, NaN without a position. NaN also, with the
        invalid flag, where an input is out of its range.

    {raises [contract]}

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
    level = liquidation_price(quantity, entry, margin, contract=contract, maintenance=maintenance, fee=fee)
    shape = np.shape(level)
    for name, value in (("mark", mark), ("vol", vol), ("expiry", expiry), ("drift", drift)):
        own = np.shape(plain(name, value))
        try:
            shape = np.broadcast_shapes(shape, own)
        except ValueError:
            raise ValueError(f"{name} of shape {own} does not broadcast with the others, of shape {shape}") from None
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
    fx: ArrayLike, quantity: ArrayLike, entry: ArrayLike, margin: ArrayLike, *, contract: Contract | str,
    maintenance: ArrayLike | Margin, fx_entry: ArrayLike, hedged: ArrayLike = 0.0, fee: ArrayLike = 0.0,
    out: Any = None,
) -> Any:  # fmt: skip
    """Price of the underlying at which an isolated position dies, for each price of its collateral coin.

    Parameters
    ----------
    fx : array_like
        Price X of the settlement coin, > 0; all inputs broadcast.
    quantity, entry : array_like
        Contracts (> 0 long) and entry price > 0.
    margin : array_like
        Margin in the settlement coin when that coin cost ``fx_entry``.
    contract : Contract or str
        A quanto or linear contract: the coin of its margin is not what it prices.
    {maintenance [as price]}
    fx_entry : array_like
        Price X0 of the settlement coin at which the margin was posted and hedged, > 0.
    hedged : array_like, default 0.0
        Fraction of the margin whose worth in dollars is kept by a short inverse perpetual of the settlement coin
        without basis or funding, in [0, 1]: 0 is margin in the coin, 1 is margin in dollars.
    {fee [position], out}

    Returns
    -------
    ndarray or float
        `liquidation_price` with the margin M (1 - hedged + hedged X0 / X).

    Raises
    ------
    ValueError
        If the contract is inverse, a price of the coin is not above 0, or ``hedged`` is outside [0, 1].
    {TypeError [contract]}

    Notes
    -----
    Short 1 ETH-equivalent at 200 with 100 dollars of margin, the settlement coin at 10,000: with margin in the coin
    the position dies at 300 whatever the coin does. With margin in dollars it dies on P = 200 + 10^6 / X: where the
    coin moves in step with the underlying (X = 50 P), at P = 273.2. At (250, 12,500) it has lost 62.5 of its 100
    dollars and is alive; it is dead there only with 62.5 dollars of margin or less, maintenance included.

    Examples
    --------
    >>> import shortgamma as sg
    >>> terms = {"contract": "ETHUSD", "maintenance": 0.0, "fx_entry": 10_000.0}
    >>> sg.liquidation.frontier([10_000.0, 12_500.0], -100, 200.0, 0.01, hedged=1.0, **terms).round(9)
    array([300., 280.])
    """
    contract = contracts.checked(contract)
    if contract.inverse:
        raise ValueError("contract must be quanto or linear: an inverse one is settled in the coin that it prices")
    rules = (
        ("fx", fx, 0.0, np.inf, "a number > 0"),
        ("fx_entry", fx_entry, 0.0, np.inf, "a number > 0"),
        ("hedged", hedged, -np.finfo(float).tiny, 1.0, "in [0, 1]"),
    )
    for name, value, low, high, rule in rules:
        given = np.asarray(plain(name, value))
        refuse_where((given <= low) | (given > high) | np.isinf(given), name, given, rule)
    share = plain("hedged", hedged)
    kept = (1.0 - share) + share * (plain("fx_entry", fx_entry) / plain("fx", fx))
    margin = plain("margin", margin) * kept
    return liquidation_price(quantity, entry, margin, contract=contract, maintenance=maintenance, fee=fee, out=out)


def _rises(margin: Any) -> TypeGuard[RisingMargin]:
    """Whether it is a margin rate that rises with the value at the mark."""
    return isinstance(margin, RisingMargin) and margin.by == "value" and margin.at == "mark" and margin.slope > 0.0


def _steps_at_opening(margin: Any) -> list[tuple[Any, Any]]:
    """Rates and amounts of the value, which is the same at the mark and at entry."""
    if not isinstance(margin, Margin):
        return [(margin, 0.0)]
    table = margin._table()
    return list(zip(table.rate.tolist(), table.amount.tolist(), strict=True))


def _steps(margin: Any, contract: Contract, quantity: ArrayLike, entry: ArrayLike) -> list[tuple[Any, Any]]:
    """Rates and amounts of which the largest rate v - amount of the value v at the mark is required."""
    return margin._steps(contract, quantity, entry) if isinstance(margin, Margin) else [(margin, 0.0)]


def _rising_price(
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


def _most_of_size(
    price: ArrayLike, funds: Any, contract: Contract, initial: RiskLimits | RisingMargin, cost: Any
) -> Any:
    unit = np.asarray(contract.value(1.0, price))
    # margin of a size s is v s (rate + fee), v the value of a unit of size
    value: Any = unit if initial.by == "quantity" else 1.0
    with np.errstate(divide="ignore", invalid="ignore"):
        if isinstance(initial, RisingMargin):
            rate = initial.rate + cost
            size = 2.0 * funds / (value * rate + np.sqrt((value * rate) ** 2 + 4.0 * value * initial.slope * funds))
        else:
            size = 0.0 * funds
            for lower, upper, rate in zip(initial.lower, [*initial.lower[1:], np.inf], initial.rate, strict=True):
                largest = np.minimum(funds / (value * (rate + cost)), upper)
                size = np.where((largest > lower) | np.isnan(largest), largest, size)
        return size if initial.by == "quantity" else size / unit


def _step_inside(quantity: Any, needed: Callable[[Any], Any], funds: Any) -> Any:
    """The quantity, less a few units in the last place where rounding or an edge makes it need more than the funds."""
    with np.errstate(invalid="ignore", over="ignore"):
        for units in (1, 2, 4, 8, 16, 32, 64):
            over = np.greater(needed(quantity), funds)
            if not np.any(over):
                break
            quantity = quantity * (1.0 - over * (units * EPSILON))
    return quantity


def _in_unit_range(rate: Any) -> Any:
    # the root of a negative number is NaN with the invalid flag, whatever kind of array it is
    return rate + 0.0 * (np.sqrt(rate) + np.sqrt(1.0 - rate))


def _above_zero(rate: Any) -> Any:
    return rate + 0.0 * np.sqrt(np.sign(rate) - 0.5)


def _requirement(
    quantity: ArrayLike, price: ArrayLike, entry: ArrayLike | None, contract: Contract | str, named: tuple[str, Any],
    fee: ArrayLike, out: Any,
) -> Any:  # fmt: skip
    contract = contracts.checked(contract)
    name, margin = named
    value = np.absolute(contract.value(quantity, price))
    cost = _in_unit_range(plain("fee", fee))
    if isinstance(margin, RiskLimits | RisingMargin) and margin.at == "mark":
        opened = price if entry is None or isinstance(margin, RisingMargin) else entry
        rate = margin.rate_of(margin.size(contract, quantity, opened))
        return call(np.multiply, ("value", name), (value, rate + cost), out)
    if isinstance(margin, Margin):
        required = margin.required(contract, quantity, price, entry)
        return call(np.add, ("margin", "fee"), (required, value * cost), out)
    return call(np.multiply, ("value", name), (value, _in_unit_range(plain(name, margin)) + cost), out)


def _over_equity(top: Any, profit: Any, margin: ArrayLike, out: Any) -> Any:
    equity = plain("margin", margin) + profit
    # what is wiped out is data: a debt is a ratio of infinity too where nothing is required
    with np.errstate(divide="ignore", invalid="ignore"):
        top = top + np.where(np.less(equity, 0.0), 1.0, 0.0)
        return call(np.divide, ("required", "equity"), (top, np.maximum(equity, 0.0)), out)
