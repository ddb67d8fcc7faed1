"""How a venue computes funding rates and when it pays them; rules of real venues are in `shortgamma.venues`."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.lazy import described
from shortgamma._core.times import DAY, MINUTE, moment
from shortgamma.funding.rates import average_premium, rate

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

__all__ = ["FundingRule", "RuleHistory"]

NOTIONALS = ("mark", "index")
WEIGHTINGS = ("equal", "linear")


@described
@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRule:
    """How a venue computes a rate from the premium, and when it pays; immutable.

    Parameters
    ----------
    venue : str
        Its name, with the contract where rules differ by contract.
    interval : int
        Nanoseconds from payment to payment.
    offset : int, default 0
        Nanoseconds from midnight UTC to the first payment of a day.
    continuous : bool, default False
        Whether funding is paid continuously, so that ``interval`` is only the interval that a rate covers.
    sampling : int or None, default 60 seconds
        Nanoseconds between premium samples, None if it is unknown.
    weighting : {"equal", "linear"}, default "equal"
        Weights of the samples; see `shortgamma.funding.average_premium`.
    interest : float, default 0.0
        Interest of ``basis_interval``.
    added_interest : float, default 0.0
        Interest of ``basis_interval`` that is added to the premium, where there is no dead band.
    clamp : float, default 0.0
        Half width of the dead band; 0 where there is none.
    cap, floor : float, default infinite
        Limits of the rate of ``basis_interval``.
    basis_interval : int, optional
        Nanoseconds covered by the rate that follows from premium, interest and clamp; a payment is the share of it that
        falls to one interval. The interval itself by default.
    payment_cap : float, default inf
        Largest absolute rate of one payment, after the share was taken.
    notional : {"mark", "index"}, default "mark"
        The price at which a position is valued.
    delay : int, default 0
        Intervals between the end of the sampling and the payment.
    digits : int, optional
        Decimals to which the venue rounds a rate; none by default.
    source, date : str
        Where the rule was read, and the date as of which it holds.
    unknown : tuple of str
        What was not confirmed at the venue.

    Raises
    ------
    ValueError
        If an interval is not > 0, a clamp negative, a cap below the floor, or a name is not one of those listed.

    Examples
    --------
    Hyperliquid's own example, of a premium of 1 %:

    >>> import shortgamma as sg
    >>> round(float(sg.venues.hyperliquid.funding().rate(0.01)), 10)
    0.0011875
    """

    venue: str
    interval: int
    offset: int = 0
    continuous: bool = False
    sampling: int | None = MINUTE
    weighting: str = "equal"
    interest: float = 0.0
    added_interest: float = 0.0
    clamp: float = 0.0
    cap: float = float("inf")
    floor: float = -float("inf")
    basis_interval: int = 0
    payment_cap: float = float("inf")
    notional: str = "mark"
    delay: int = 0
    digits: int | None = None
    source: str = ""
    date: str = ""
    unknown: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        if not self.basis_interval:
            object.__setattr__(self, "basis_interval", self.interval)
        for name in ("interval", "basis_interval"):
            if not (isinstance(getattr(self, name), int) and getattr(self, name) > 0):
                raise ValueError(f"{name} must be an integer number of nanoseconds > 0, got {getattr(self, name)!r}")
        if not 0 <= self.offset < DAY:
            raise ValueError(f"offset must be between 0 and a day, got {self.offset!r}")
        if not self.clamp >= 0.0:
            raise ValueError(f"clamp must be >= 0, got {self.clamp!r}")
        if not self.floor <= self.cap:
            raise ValueError(f"cap must be at least floor, got {self.cap!r} < {self.floor!r}")
        if not self.payment_cap > 0.0:
            raise ValueError(f"payment_cap must be > 0, got {self.payment_cap!r}")
        if self.notional not in NOTIONALS:
            raise ValueError(f"notional must be one of 'mark', 'index', got {self.notional!r}")
        if self.weighting not in WEIGHTINGS:
            raise ValueError(f"weighting must be one of 'equal', 'linear', got {self.weighting!r}")

    def rate(self, premium: ArrayLike) -> Any:
        """Rate of one payment (per interval where funding is continuous) from the average premium.

        Parameters
        ----------
        premium : array_like
            Average premium of the sampling time, a fraction.

        Returns
        -------
        ndarray or float
            Rate, > 0 if longs pay.

        Examples
        --------
        >>> import shortgamma as sg
        >>> float(sg.venues.binance.funding("BTCUSDT").rate(0.000429))
        0.0001
        """
        given = np.add(premium, self.added_interest) if self.added_interest else premium
        whole = rate(given, self.interest, clamp=self.clamp, cap=self.cap, floor=self.floor)
        if self.basis_interval != self.interval:
            whole = whole / (self.basis_interval / self.interval)
        if self.payment_cap < float("inf"):
            whole = np.clip(whole, -self.payment_cap, self.payment_cap)
        return whole if self.digits is None else np.round(whole, self.digits)

    def predicted(self, premium: ArrayLike, *, axis: int = 0) -> Any:
        """Rate of the premium samples so far, as it is shown while the interval runs.

        Parameters
        ----------
        premium : array_like
            Samples so far along ``axis``, oldest first.
        {axis}

        Returns
        -------
        ndarray
            The rate that would be paid if the sampling ended with this sample.

        Examples
        --------
        >>> import shortgamma as sg
        >>> sg.venues.deribit.funding().predicted([0.001, 0.0]).round(6)
        array([0.00075, 0.00025])
        """
        # a weighting is one of two words; the type is that of a string
        weighting: Any = self.weighting
        return self.rate(average_premium(premium, weighting=weighting, running=True, axis=axis))

    def times(self, start: Any, end: Any) -> NDArray[np.datetime64]:
        """Funding times from a time on and before another.

        {times between}

        Examples
        --------
        >>> import numpy as np
        >>> import shortgamma as sg
        >>> rule = sg.venues.bitmex.funding("XBTUSD", on="2020-03-12")
        >>> rule.times(np.datetime64("2020-03-12"), np.datetime64("2020-03-13"))
        array(['2020-03-12T04:00:00.000000000', '2020-03-12T12:00:00.000000000',
               '2020-03-12T20:00:00.000000000'], dtype='datetime64[ns]')
        """
        first, last = moment("start", start), moment("end", end)
        begin = first + (self.offset - first) % self.interval
        count = max(0, -((begin - last) // self.interval))
        return (begin + self.interval * np.arange(count, dtype=np.int64)).view("datetime64[ns]")


@described
@dataclass(frozen=True, slots=True)
class RuleHistory:
    """Rules of one venue, one after another; immutable.

    Parameters
    ----------
    rules : tuple of (str, FundingRule)
        Each rule with the day (ISO text) from which it held, oldest first. The first also holds before that day.

    Raises
    ------
    ValueError
        If there are no rules, or their days are not increasing.

    Examples
    --------
    >>> import shortgamma as sg
    >>> history = sg.venues.bitmex.funding("XBTUSD")
    >>> [history.at(day).interval // 3_600_000_000_000 for day in ("2016-05-20", "2020-01-01")]
    [24, 8]
    """

    rules: tuple[tuple[str, FundingRule], ...]

    def __post_init__(self) -> None:
        if not self.rules:
            raise ValueError("rules must hold at least one rule")
        days = [moment(f"rules[{i}]", day) for i, (day, _) in enumerate(self.rules)]
        for i in range(1, len(days)):
            if not days[i] > days[i - 1]:
                raise ValueError(f"rules[{i}] must begin later than rules[{i - 1}], got {self.rules[i][0]}")

    def at(self, time: Any) -> FundingRule:
        """The rule that holds at a time.

        Parameters
        ----------
        time : time
            datetime64, datetime, ISO text, or a number since 1970 in s, ms, us or ns.

        Returns
        -------
        FundingRule
            The last rule that began by then, or the first of all.

        Examples
        --------
        >>> import shortgamma as sg
        >>> sg.venues.bitmex.funding("XBTUSD", on="2020-03-12").cap
        0.00375
        """
        stamp = moment("time", time)
        current = self.rules[0][1]
        for day, rule in self.rules:
            if moment("rules", day) <= stamp:
                current = rule
        return current

    def times(self, start: Any, end: Any) -> NDArray[np.datetime64]:
        """Funding times from a time on and before another, each by the rule that holds there.

        {times between}

        Examples
        --------
        >>> import shortgamma as sg
        >>> history = sg.venues.bitmex.funding("XBTUSD")
        >>> len(history.times("2016-06-03", "2016-06-06"))
        6
        """
        first, last = moment("start", start), moment("end", end)
        days = [moment("rules", day) for day, _ in self.rules]
        edges = [first, *(min(max(day, first), max(last, first)) for day in days[1:]), max(last, first)]
        ends = np.array(edges, dtype="datetime64[ns]")
        pieces = [rule.times(ends[i], ends[i + 1]) for i, (_, rule) in enumerate(self.rules)]
        return np.concatenate(pieces)
