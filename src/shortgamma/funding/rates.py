"""From an order book to a funding rate; the public names are in ``shortgamma.funding``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma import contracts
from shortgamma._core import dispatch
from shortgamma._core.checks import along_time, call, number, plain, refuse_choice, time_axis
from shortgamma._core.times import moment, times

if TYPE_CHECKING:
    from typing import Any, Literal

    from numpy.typing import ArrayLike

    from shortgamma.contracts import Contract

WEIGHTINGS = ("equal", "linear", "time")


def rate(
    premium: ArrayLike, interest: ArrayLike = 0.0001, *, clamp: ArrayLike = 0.0005, cap: ArrayLike = np.inf,
    floor: ArrayLike | None = None, out: Any = None,
) -> Any:  # fmt: skip
    """Funding rate that follows from a premium.

    Parameters
    ----------
    premium : array_like
        Average premium of the swap over its index, a fraction.
    interest : array_like, default 0.0001
        Interest per interval, a fraction: 0.01 % per 8 hours on most venues, 0 on others.
    clamp : array_like, default 0.0005
        Half width of the dead band, >= 0: within it the rate is the interest. 0 for venues that have none; their rate
        is the premium.
    cap : array_like, default inf
        Highest rate.
    floor : array_like, optional
        Lowest rate, ``-cap`` by default.
    {out}

    Returns
    -------
    ndarray or float
        Rate per interval, > 0 if longs pay. NaN, with the invalid flag, where ``clamp`` is negative or ``cap`` less
        than ``floor``.

    {raises}

    Notes
    -----
    P + clamp(I - P, -c, c), limited to the cap and the floor. With I = 0 it is the formula of Deribit, max(c, P) +
    min(-c, P).

    Examples
    --------
    Binance's example of 2020-08-28: the premium of 0.0429 % is inside the band.

    >>> import shortgamma as sg
    >>> float(sg.funding.rate(0.000429))
    0.0001
    >>> round(float(sg.funding.rate(0.01, cap=0.003)), 6)
    0.003
    """
    if floor is not None:
        low: Any = floor
    else:
        # one number, as a rule, of which no array is made
        low = -cap if type(cap) is float else np.negative(1.0 * plain("cap", cap))
    names = ("premium", "interest", "clamp", "cap", "floor")
    return call(dispatch.funding.rates.funding_rate, names, (premium, interest, clamp, cap, low), out)


def premium_index(
    bid_impact: ArrayLike, ask_impact: ArrayLike, index: ArrayLike, *, mark: ArrayLike | None = None,
    basis: ArrayLike = 0.0, out: Any = None,
) -> Any:  # fmt: skip
    """Premium of a swap over its index, from the prices at which an order of some size would fill.

    Parameters
    ----------
    bid_impact, ask_impact : array_like
        Average prices of selling and of buying the impact notional; see `impact_price`.
    index : array_like
        Price of the underlying of the swap, > 0.
    mark : array_like, optional
        Price against which bid and ask are measured; the index itself by default (Binance, Hyperliquid, dYdX), the mark
        price on BitMEX.
    basis : array_like, default 0.0
        Added to the premium: on BitMEX the fair basis used in the mark.
    {out}

    Returns
    -------
    ndarray or float
        Premium as a fraction; NaN, with the invalid flag, where the index is not a finite number > 0.

    {raises}

    Notes
    -----
    (max(0, bid - mark) - max(0, mark - ask)) / index + basis.

    Examples
    --------
    Hyperliquid's example: a bid of 10,100 over an oracle price of 10,000.

    >>> import shortgamma as sg
    >>> float(sg.funding.premium_index(10_100.0, 10_110.0, 10_000.0))
    0.01
    """
    names = ("bid_impact", "ask_impact", "index", "mark", "basis")
    values = (bid_impact, ask_impact, index, index if mark is None else mark, basis)
    return call(dispatch.funding.rates.funding_premium, names, values, out)


def impact_price(
    prices: ArrayLike, quantity: ArrayLike, notional: ArrayLike, *, contract: Contract | None = None, axis: int = -1,
    out: Any = None,
) -> Any:  # fmt: skip
    """Average price at which an order of a given value fills against the levels of a book.

    Parameters
    ----------
    prices, quantity : array_like
        Prices and contracts of the levels along ``axis``, best first. A NaN ends the book.
    notional : array_like
        Value of the order in the settlement coin, > 0; broadcasts with the books.
    contract : Contract, optional
        What is traded; linear with multiplier 1 by default.
    axis : int, default -1
        The axis of the levels.
    {out}

    Returns
    -------
    ndarray or float
        The price at which all contracts together are worth the notional. NaN where the book is too thin; NaN, with the
        invalid flag, where a price is not > 0, a quantity negative, or the notional not > 0.

    Raises
    ------
    ValueError
        If shapes do not fit.
    {TypeError [contract]}

    Examples
    --------
    >>> import shortgamma as sg
    >>> round(float(sg.funding.impact_price([100.0, 110.0], [1.0, 5.0], 210.0)), 6)
    105.0
    """
    contract = contracts.Contract("linear") if contract is None else contracts.checked(contract)
    levels = [number(name, value) for name, value in (("prices", prices), ("quantity", quantity))]
    if levels[0].shape != levels[1].shape:
        raise ValueError(f"quantity has shape {levels[1].shape}, prices has {levels[0].shape}")
    along = time_axis(axis, levels[0].ndim, "prices")
    values = (*levels, notional, contract.multiplier, contract.code)
    names = ("prices", "quantity", "notional")
    key = (along - levels[0].ndim,)
    return call(dispatch.funding.rates.funding_impact_price, names, values, out, axes=[key, key, (), (), (), ()])


def average_premium(
    premium: ArrayLike, *, weighting: Literal["equal", "linear", "time"] = "equal", time: ArrayLike | None = None,
    end: Any = None, running: bool = False, axis: int = 0,
) -> Any:  # fmt: skip
    """Average of the premium samples of an interval.

    Parameters
    ----------
    premium : array_like
        Samples along ``axis``, oldest first.
    weighting : {"equal", "linear", "time"}, default "equal"
        Equal weights; weights 1, 2, ..., n, so that the latest counts most (Binance, Bybit); or the time from a
        sample to the next.
    time : array_like of times, optional
        Times of the samples, increasing; required with ``weighting="time"``, and only there.
    end : time, optional
        End of the last sample; required with ``weighting="time"``.
    running : bool, default False
        The average of the samples so far at each sample, instead of the last of them alone.
    {axis}

    Returns
    -------
    ndarray or float
        Average premium. A NaN sample makes NaN from there on.

    Raises
    ------
    ValueError
        If ``weighting`` is not one of the three, or times do not fit.
    TypeError
        If the premium is not numeric.

    Examples
    --------
    Nothing for 240 minutes, then 0.2 %: with linear weights much more than half of it.

    >>> import numpy as np
    >>> import shortgamma as sg
    >>> premium = np.repeat([0.0, 0.002], 240)
    >>> round(float(sg.funding.average_premium(premium, weighting="linear")), 10)
    0.0014989605
    """
    samples = plain("premium", premium)
    along = time_axis(axis, np.ndim(samples), "premium")
    count = np.shape(samples)[along]
    if not isinstance(weighting, str) or weighting not in WEIGHTINGS:
        refuse_choice("weighting", weighting, WEIGHTINGS)
    if (weighting == "time") != (time is not None) or (weighting == "time") != (end is not None):
        raise ValueError("time and end must be given with weighting='time', and with no other")
    if weighting == "time":
        edges = np.append(times("time", time), moment("end", end))
        if len(edges) != count + 1:
            raise ValueError(f"time has length {len(edges) - 1}, premium has {count} along the time axis")
        weight = np.diff(edges)
        if (weight <= 0).any():
            i = int(np.argmax(weight <= 0))
            late = "end" if i + 1 == count else f"time[{i + 1}]"
            raise ValueError(f"{late} must be later than time[{i}]")
    else:
        weight = np.arange(1, count + 1) if weighting == "linear" else np.ones(count, dtype=np.int64)
    if count == 0 and not running:
        raise ValueError("premium has no samples")
    key = [(along,), (0,), (along,)]
    result = call(dispatch.funding.rates.funding_average, ("premium", "weight"), (samples, weight), axes=key)
    if running:
        return result
    last = np.take(np.asarray(result), -1, axis=along)
    if isinstance(getattr(result, "axes", None), list) and np.ndim(result) == 2:
        # a frame: its last row, under the names of its columns
        return result.iloc[-1] if along == 0 else result.iloc[:, -1]
    return last if last.ndim else last[()]


def predicted_rate(
    premium: ArrayLike, interest: ArrayLike = 0.0001, *, clamp: ArrayLike = 0.0005, cap: ArrayLike = np.inf,
    floor: ArrayLike | None = None, weighting: Literal["equal", "linear"] = "equal", axis: int = 0,
) -> Any:  # fmt: skip
    """Funding rate as venues show it while the interval runs, from the premium so far.

    Parameters
    ----------
    premium : array_like
        Samples of the interval so far along ``axis``, oldest first.
    interest, clamp, cap, floor : array_like
        As in `rate`; one dimension among N is time.
    weighting : {"equal", "linear"}, default "equal"
        As in `average_premium`.
    {axis}

    Returns
    -------
    ndarray
        The rate that would be paid if the interval ended with this sample; the last one is paid.

    Raises
    ------
    ValueError, TypeError
        As in `rate` and `average_premium`.

    Examples
    --------
    >>> import shortgamma as sg
    >>> sg.funding.predicted_rate([0.002, 0.0, 0.0]).round(6)
    array([0.0015  , 0.0005  , 0.000167])
    """
    average = average_premium(premium, weighting=weighting, running=True, axis=axis)
    along = time_axis(axis, np.ndim(average), "premium")
    terms = [
        along_time(name, value, along, "premium", average)
        for name, value in (("interest", interest), ("clamp", clamp), ("cap", cap))
    ]
    low = None if floor is None else along_time("floor", floor, along, "premium", average)
    return rate(average, terms[0], clamp=terms[1], cap=terms[2], floor=low)
