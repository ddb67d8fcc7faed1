"""Fills at any time, merged with funding times; the public names are in ``shortgamma.funding``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma import contracts
from shortgamma._core import dispatch
from shortgamma._core.checks import number, offsets, refuse_choice
from shortgamma._core.times import are_nanoseconds, duration, nanoseconds, shown, times

if TYPE_CHECKING:
    from typing import Any, Literal, NoReturn

    from numpy.typing import ArrayLike, NDArray

    from shortgamma.contracts import Contract

WHEN = {"before": False, "after": True}
RECORDS = {"cash": 0, "total": 1}
INTERPOLATIONS = {"constant": False, "linear": True}
NO_OFFSETS = np.zeros(1, dtype=np.int64)


def accrue_events(
    fill_time: ArrayLike, fill_quantity: ArrayLike, funding_time: ArrayLike, mark: ArrayLike, rate: ArrayLike, *,
    contract: Contract, indptr_fills: ArrayLike | None = None, indptr_fundings: ArrayLike | None = None,
    when: Literal["before", "after"] = "before", fx: ArrayLike | None = None,
    record: Literal["cash", "total"] = "cash",
) -> Any:  # fmt: skip
    """Cash received at each funding time by an account that fills at any time.

    Parameters
    ----------
    {fill_time, fill_quantity}
    funding_time : array_like of times
        Funding times, increasing. A stamp within 5 s of a whole minute, such as 08:00:00.007, is a payment of that
        minute.
    mark, rate : array_like
        Mark price and funding rate at each funding time, or a number for all.
    {contract, indptr_fills}
    indptr_fundings : array_like of int, optional
        The same for funding times. Without it all accounts share them.
    when : {"before", "after"}, default "before"
        Whether a fill exactly at a funding time comes before the payment, which then includes it, or after it.
    {fx}
    record : {"cash", "total"}, default "cash"
        Every payment, or the sum of each account.

    Returns
    -------
    ndarray or float
        Cash in the settlement coin, > 0 received. Payments: one for each element of ``funding_time``; if many
        accounts share the funding times, of shape (times, accounts). Sums: one for each account, a
        number without offsets.

    Raises
    ------
    ValueError
        If times are unsorted, missing or repeated, a fill is after the last funding time, or offsets or lengths do not
        fit.
    TypeError
        If ``contract`` is not a Contract, or an input is not a time or a number, as it should be.

    See Also
    --------
    position_at : The positions that the payments are for.
    accrue : The same for positions on the funding clock.
    accrue_continuous : For venues that pay continuously.

    Notes
    -----
    One pass over fills and funding times. Payments have the bits of `accrue`.

    Examples
    --------
    Bought after the first funding time and sold exactly at the third, which with ``when="after"`` still pays:

    >>> import numpy as np
    >>> import shortgamma as sg
    >>> fundings = np.array(["2020-01-01T00", "2020-01-01T08", "2020-01-01T16"], dtype="datetime64[h]")
    >>> fills = np.array(["2020-01-01T03", "2020-01-01T16"], dtype="datetime64[h]")
    >>> linear = sg.contracts.Contract("linear")
    >>> sg.funding.accrue_events(fills, [2, -2], fundings, 7000.0, 0.0001, contract=linear)
    array([ 0. , -1.4,  0. ])
    >>> sg.funding.accrue_events(fills, [2, -2], fundings, 7000.0, 0.0001, contract=linear, when="after")
    array([ 0. , -1.4, -1.4])
    """
    contract = contracts.checked(contract)
    later, total = _choice("when", when, WHEN), _choice("record", record, RECORDS)
    accounts = _Accounts(
        ("fill_time", "fill_quantity", "indptr_fills"), fill_time, fill_quantity, indptr_fills,
        ("funding_time", "indptr_fundings"), funding_time, indptr_fundings,
    )  # fmt: skip
    prices = [accounts.along(name, value) for name, value in (("mark", mark), ("rate", rate))]
    rates = (*prices, None if fx is None else accounts.along("fx", fx))
    cash: Any = None if total else np.empty(accounts.size)
    sums: Any = np.zeros(accounts.count) if total else None
    terms = (contract.multiplier, bool(contract.code))
    problem = dispatch.funding.events.merge(*accounts.arrays, later, True, rates, terms, (None, cash, sums))
    accounts.refuse(*problem)
    return accounts.sums(sums) if total else accounts.shaped(cash)


def position_at(
    fill_time: ArrayLike, fill_quantity: ArrayLike, time: ArrayLike, *, indptr_fills: ArrayLike | None = None,
    indptr_times: ArrayLike | None = None, when: Literal["before", "after"] = "before",
) -> Any:  # fmt: skip
    """Position of an account at given times, from its fills.

    Parameters
    ----------
    fill_time, fill_quantity : array_like
        As in `accrue_events`.
    time : array_like of times
        Times at which the position is wanted, increasing.
    {indptr_fills [as events], indptr_times}
    when : {"before", "after"}, default "before"
        Whether a fill exactly at a time counts there.

    Returns
    -------
    ndarray
        Contracts, > 0 long: one for each element of ``time``; if many accounts share them, of shape (times, accounts).

    Raises
    ------
    ValueError, TypeError
        As in `accrue_events`.

    Examples
    --------
    >>> import shortgamma as sg
    >>> fills = ["2020-01-01 10:00", "2020-01-01 20:00", "2020-01-01 20:00"]
    >>> sg.funding.position_at(fills, [1.0, 2.0, 3.0], ["2020-01-01 05:00", "2020-01-01 10:00", "2020-01-01 20:00"])
    array([0., 1., 6.])
    """
    later = _choice("when", when, WHEN)
    accounts = _Accounts(
        ("fill_time", "fill_quantity", "indptr_fills"), fill_time, fill_quantity, indptr_fills,
        ("time", "indptr_times"), time, indptr_times,
    )  # fmt: skip
    position = np.empty(accounts.size)
    problem = dispatch.funding.events.merge(
        *accounts.arrays, later, False, (None, None, None), (1.0, False), (position, None, None)
    )
    accounts.refuse(*problem)
    return accounts.shaped(position)


def accrue_continuous(
    fill_time: ArrayLike, fill_quantity: ArrayLike, time: ArrayLike, mark: ArrayLike, rate: ArrayLike, *,
    contract: Contract, interval: Any = "8h", interpolation: Literal["constant", "linear"] = "constant",
    indptr_fills: ArrayLike | None = None, indptr_times: ArrayLike | None = None,
    record: Literal["cash", "total"] = "cash",
) -> Any:  # fmt: skip
    """Cash received by an account where funding is paid continuously, as on Deribit.

    Parameters
    ----------
    fill_time, fill_quantity : array_like
        As in `accrue_events`; no fill is after the last of ``time``.
    time : array_like of times
        Times at which mark and rate are known, increasing.
    mark, rate : array_like
        Price at which the venue values the position, and funding rate per ``interval``, at each time.
    {contract, interval}
    interpolation : {"constant", "linear"}, default "constant"
        Value times rate of one contract between two times: constant as at the earlier, or on a straight line between
        the two.
    {indptr_fills [as events], indptr_times}
    record : {"cash", "total"}, default "cash"
        The cash of each stretch between two times, or the sum of each account.

    Returns
    -------
    ndarray or float
        Cash in the settlement coin, > 0 received. One less than times for each account; if many accounts share the
        times, of shape (times - 1, accounts). Sums as of `accrue_events`.

    Raises
    ------
    ValueError
        As in `accrue_events`, or if ``interval`` is not > 0.
    TypeError
        As in `accrue_events`.

    Notes
    -----
    The integral of -q(s) v(P(s)) F(s) ds / interval, with v the value of one contract and q the position, which a
    fill changes at its time. It is exact between any two times.

    Examples
    --------
    1 BTC, held for a minute at a rate of 0.075 % in 8 hours:

    >>> import numpy as np
    >>> import shortgamma as sg
    >>> minutes = np.array(["2020-01-01T00:00", "2020-01-01T00:01"], dtype="datetime64[m]")
    >>> linear_in_coin = sg.contracts.Contract("inverse", 10.0)
    >>> cash = sg.funding.accrue_continuous(minutes[:1], [1000.0], minutes, 10_000.0, 0.00075, contract=linear_in_coin)
    >>> round(float(cash[0]), 16)
    -1.5625e-06
    """
    contract = contracts.checked(contract)
    linear, total = _choice("interpolation", interpolation, INTERPOLATIONS), _choice("record", record, RECORDS)
    step = duration("interval", interval)
    accounts = _Accounts(
        ("fill_time", "fill_quantity", "indptr_fills"), fill_time, fill_quantity, indptr_fills,
        ("time", "indptr_times"), time, indptr_times,
    )  # fmt: skip
    prices = [accounts.along(name, value) for name, value in (("mark", mark), ("rate", rate))]
    stretches = accounts.count * max(0, len(accounts.event_time) - 1)
    if not accounts.shared:
        stretches = int(np.maximum(np.diff(accounts.event_offset) - 1, 0).sum())
    cash: Any = None if total else np.empty(stretches)
    sums: Any = np.zeros(accounts.count) if total else None
    terms = (contract.multiplier, bool(contract.code))
    problem = dispatch.funding.events.integrate(
        *accounts.arrays, (*prices, None), terms, float(step), linear, (cash, sums)
    )
    accounts.refuse(*problem)
    return accounts.sums(sums) if total else accounts.shaped(cash)


def _choice(name: str, value: Any, choices: dict[str, Any]) -> Any:
    if not isinstance(value, str) or value not in choices:
        refuse_choice(name, value, choices)
    return choices[value]


class _Accounts:
    """Fills and events of one account or of many, checked and laid out for the loops."""

    def __init__(
        self, fill_names: tuple[str, str, str], fill_time: Any, fill_quantity: Any, fill_offset: Any,
        event_names: tuple[str, str], event_time: Any, event_offset: Any,
    ) -> None:  # fmt: skip
        self.fill_names, self.event_names = fill_names, event_names
        self.fill_time, self.fill_offset = _clock(fill_names[0], fill_time, fill_names[2], fill_offset)
        self.quantity = _line(fill_names[1], number(fill_names[1], fill_quantity).astype(np.float64, copy=False))
        if self.quantity.shape != self.fill_time.shape:
            raise ValueError(
                f"{fill_names[1]} has length {len(self.quantity)}, {fill_names[0]} has {len(self.fill_time)}"
            )
        self.event_time, self.event_offset = _clock(event_names[0], event_time, event_names[1], event_offset)
        self.many = fill_offset is not None or event_offset is not None
        events = len(self.event_time)
        if event_offset is not None and fill_offset is None:
            raise ValueError(f"{fill_names[2]} must be given with {event_names[1]}")
        self.count = len(self.fill_offset) - 1
        self.shared = event_offset is None
        if not self.shared and len(self.event_offset) != len(self.fill_offset):
            raise ValueError(
                f"{event_names[1]} has length {len(self.event_offset)}, {fill_names[2]} has {len(self.fill_offset)}"
            )
        self.size = self.count * events if self.shared else events

    @property
    def arrays(self) -> tuple[Any, ...]:
        """Fills and events as the loops take them."""
        return (
            (self.fill_time, self.quantity, self.fill_offset),
            (self.event_time, self.event_offset, self.shared),
        )

    def along(self, name: str, value: Any) -> NDArray[np.float64]:
        """A number for each event."""
        array = number(name, value).astype(np.float64, copy=False)
        if array.ndim == 0:
            return np.full(len(self.event_time), array[()])
        if array.shape != self.event_time.shape:
            raise ValueError(f"{name} has shape {array.shape}, {self.event_names[0]} has {self.event_time.shape}")
        return np.require(array, requirements=["C", "A"])

    def shaped(self, result: NDArray[np.float64]) -> NDArray[np.float64]:
        """Accounts side by side where they share their events; written account after account."""
        if not (self.many and self.shared):
            return result
        return result.reshape(self.count, len(result) // self.count if self.count else len(self.event_time)).T

    def sums(self, result: NDArray[np.float64]) -> Any:
        return result if self.many else result[0]

    def refuse(self, what: int, account: int, index: int, no_price: bool) -> None:
        """Raise for what the loop found; a mark that is not a price sets the invalid flag, as in a ufunc."""
        if no_price:
            dispatch.funding.payments.funding_payment(0.0, -1.0, 0.0, 1.0, np.int8(0))
        if what:
            fill = what in FILL_PROBLEMS
            name = self.fill_names[0] if fill else self.event_names[0]
            array = self.fill_time if fill else self.event_time
            start = self.fill_offset[account] if fill else 0 if self.shared else self.event_offset[account]
            own = slice(None) if self.shared else slice(*self.event_offset[account : account + 2])
            last = self.event_time[own][-1:]
            _refuse_time(what, name, array, int(start) + index, self.event_names[0], last)


FILL_PROBLEMS = {1, 2, 6}


def _refuse_time(
    what: int, name: str, array: NDArray[np.int64], index: int, events: str, last: NDArray[np.int64]
) -> NoReturn:
    here = f"{name}[{index}]"
    if what in {1, 3}:
        raise ValueError(f"{here} must be a time, got NaT")
    now, before = (shown(array[i]) for i in (index, index - 1))
    if what == 2:
        raise ValueError(f"{here} must not be before {name}[{index - 1}], got {now} after {before}")
    if what in {4, 5}:
        raise ValueError(f"{here} must be later than {name}[{index - 1}], got {now} after {before}")
    end = f"the last of {events}, {shown(last[0])}" if len(last) else f"{events}, which is empty"
    raise ValueError(f"{here} must not be after {end}, got {now}")


def _clock(name: str, value: Any, offset_name: str, offset: Any) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Times of accounts one after another, and where each account begins.

    The loops find times that do not ascend, so the first and last of each account tell the unit of integers.
    """
    stamp = nanoseconds(value)
    if stamp is None:
        stamp = _line(name, times(name, value))
    indptr = np.array([0, len(stamp)]) if offset is None else offsets(offset_name, offset, len(stamp), name)
    if value is stamp and not are_nanoseconds(stamp, indptr):
        stamp = _line(name, times(name, value))
    return np.require(stamp, requirements=["C", "A"]), indptr


def _line(name: str, array: Any) -> Any:
    if array.ndim != 1:
        raise ValueError(f"{name} must have one dimension, got shape {array.shape}")
    # columns of packed records may be misaligned
    return np.require(array, requirements=["C", "A"])
