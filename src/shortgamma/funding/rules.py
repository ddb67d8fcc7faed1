"""Funding rules of venues, as data.

Each rule names its source and its date; ``unknown`` says what was not found at the venue itself. Rules that changed are
a `RuleHistory`. Nothing here is asked of a venue at run
time: check a rule before money depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core.times import DAY, HOUR, MINUTE, moment
from shortgamma.funding.rates import average_premium, rate

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "BINANCE_COIN",
    "BINANCE_USDT",
    "BITFINEX",
    "BITMEX_XBTUSD",
    "BYBIT",
    "DERIBIT",
    "DYDX_V3",
    "DYDX_V4",
    "FTX",
    "HYPERLIQUID",
    "KRAKEN",
    "OKX_BTC",
    "OKX_ETH",
    "FundingRule",
    "RuleHistory",
]

NOTIONALS = ("mark", "index")
WEIGHTINGS = ("equal", "linear")


@dataclass(frozen=True, slots=True, kw_only=True)
class FundingRule:
    """How a venue makes a rate of the premium, and when it pays; immutable.

    Parameters
    ----------
    venue : str
        Its name, with the contract where rules differ by contract.
    interval : int
        Nanoseconds from payment to payment.
    offset : int, default 0
        Nanoseconds from midnight UTC to the first payment of a day.
    continuous : bool, default False
        Whether funding is paid all the time, so that ``interval`` is only what a rate is for.
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
        Nanoseconds of the rate that premium, interest and clamp make; the payment is the share of it that an
        interval is. The interval itself by default.
    payment_cap : float, default inf
        Largest absolute rate of one payment, after the share was taken.
    notional : {"mark", "index"}, default "mark"
        The price at which a position is valued.
    delay : int, default 0
        Intervals between the end of the sampling and the payment.
    digits : int, optional
        Decimals to which the venue rounds a rate; none by default.
    source, date : str
        Where the rule was read, and as of when it is known.
    unknown : tuple of str
        What was not confirmed at the venue.

    Raises
    ------
    ValueError
        If an interval is not > 0, a clamp negative, a cap below the floor, or a name is none of those given.

    Examples
    --------
    Hyperliquid's own example, of a premium of 1 %:

    >>> import shortgamma as sg
    >>> round(float(sg.funding.rules.HYPERLIQUID.rate(0.01)), 10)
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
        >>> float(sg.funding.rules.BINANCE_USDT.rate(0.000429))
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
        axis : int, default 0
            The axis of time.

        Returns
        -------
        ndarray
            The rate that would be paid if the sampling ended with this sample.

        Examples
        --------
        >>> import shortgamma as sg
        >>> sg.funding.rules.DERIBIT.predicted([0.001, 0.0]).round(6)
        array([0.00075, 0.00025])
        """
        # a weighting is one of two words; the type is that of a string
        weighting: Any = self.weighting
        return self.rate(average_premium(premium, weighting=weighting, running=True, axis=axis))

    def times(self, start: Any, end: Any) -> NDArray[np.datetime64]:
        """Funding times from a time on and before another.

        Parameters
        ----------
        start, end : time
            datetime64, datetime, ISO text, or a number since 1970 in s, ms, us or ns.

        Returns
        -------
        ndarray of datetime64[ns]
            Start <= time < end; of a continuous rule the ends of its intervals.

        Examples
        --------
        >>> import numpy as np
        >>> import shortgamma as sg
        >>> rule = sg.funding.rules.BITMEX_XBTUSD.at("2020-03-12")
        >>> rule.times(np.datetime64("2020-03-12"), np.datetime64("2020-03-13"))
        array(['2020-03-12T04:00:00.000000000', '2020-03-12T12:00:00.000000000',
               '2020-03-12T20:00:00.000000000'], dtype='datetime64[ns]')
        """
        first, last = moment("start", start), moment("end", end)
        begin = first + (self.offset - first) % self.interval
        count = max(0, -((begin - last) // self.interval))
        return (begin + self.interval * np.arange(count, dtype=np.int64)).view("datetime64[ns]")


@dataclass(frozen=True, slots=True)
class RuleHistory:
    """Rules of one venue, one after another; immutable.

    Parameters
    ----------
    rules : tuple of (str, FundingRule)
        From which day on (ISO text) each rule held, oldest first. The first holds before too.

    Raises
    ------
    ValueError
        If there is none, or the days are not increasing.

    Examples
    --------
    >>> import shortgamma as sg
    >>> [sg.funding.rules.BITMEX_XBTUSD.at(day).interval // 3_600_000_000_000 for day in ("2016-05-20", "2020-01-01")]
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
        >>> sg.funding.rules.BITMEX_XBTUSD.at("2020-03-12").cap
        0.00375
        """
        stamp = moment("time", time)
        found = self.rules[0][1]
        for day, rule in self.rules:
            if moment("rules", day) <= stamp:
                found = rule
        return found

    def times(self, start: Any, end: Any) -> NDArray[np.datetime64]:
        """Funding times from a time on and before another, each by the rule that holds there.

        Parameters
        ----------
        start, end : time
            datetime64, datetime, ISO text, or a number since 1970 in s, ms, us or ns.

        Returns
        -------
        ndarray of datetime64[ns]
            Start <= time < end.

        Examples
        --------
        >>> import numpy as np
        >>> import shortgamma as sg
        >>> len(sg.funding.rules.BITMEX_XBTUSD.times(np.datetime64("2016-06-03"), np.datetime64("2016-06-06")))
        6
        """
        first, last = moment("start", start), moment("end", end)
        days = [moment("rules", day) for day, _ in self.rules]
        edges = [first, *(min(max(day, first), max(last, first)) for day in days[1:]), max(last, first)]
        ends = np.array(edges, dtype="datetime64[ns]")
        pieces = [rule.times(ends[i], ends[i + 1]) for i, (_, rule) in enumerate(self.rules)]
        return np.concatenate(pieces)


_BITMEX = (
    "bitmex.com/app/perpetualContractsGuideExamples; blog.bitmex.com/important-changes-to-bitcoin-usd-swap-funding"
)
_BITMEX_UNKNOWN = (
    "that the cap is 75 % of initial less maintenance margin",
    "that a rate changes by at most 75 % of maintenance margin",
)
_FIRST = FundingRule(
    venue="BitMEX XBTUSD",
    interval=24 * HOUR,
    offset=12 * HOUR,
    interest=0.0003,
    clamp=0.0005,
    delay=1,
    source=_BITMEX,
    date="2016-05-14",
    unknown=("interest and band of the first weeks", "whether there was a cap"),
)
BITMEX_XBTUSD = RuleHistory((
    ("2016-05-14", _FIRST),
    (
        "2016-06-04T12:00:00.000000001",
        FundingRule(
            venue="BitMEX XBTUSD",
            interval=8 * HOUR,
            offset=4 * HOUR,
            interest=0.0001,
            clamp=0.0005,
            delay=1,
            source=_BITMEX,
            date="2016-06-04",
            unknown=("when the cap of 0.375 % came: rates of 2016 are beyond it", *_BITMEX_UNKNOWN),
        ),
    ),
    (
        "2017-01-01",
        FundingRule(
            venue="BitMEX XBTUSD",
            interval=8 * HOUR,
            offset=4 * HOUR,
            interest=0.0001,
            clamp=0.0005,
            cap=0.00375,
            floor=-0.00375,
            delay=1,
            source=_BITMEX,
            date="2019-09-18",
            unknown=("the day from which the cap holds", *_BITMEX_UNKNOWN),
        ),
    ),
))  # fmt: skip
"""BitMEX XBTUSD: daily at 12:00, since 4 June 2016 at 04:00, 12:00 and 20:00 UTC; 150 known rates are at the cap."""

BINANCE_USDT = FundingRule(
    venue="Binance BTCUSDT and ETHUSDT",
    interval=8 * HOUR,
    sampling=5 * 10**9,
    weighting="linear",
    interest=0.0001,
    clamp=0.0005,
    cap=0.003,
    floor=-0.003,
    source="Binance's FAQ on funding rates, second-hand",
    date="2023-12-31",
    unknown=(
        "caps of other symbols (75 % of maintenance margin, or 2 %); ETHUSDT reached 0.375 %",
        "how long after a funding time a fill is still charged",
        "the interval is not constant since 2025-05-02: 1 hour at the cap",
    ),
)
"""Binance, USDT-margined: 00:00, 08:00 and 16:00 UTC, samples weighted 1 to n."""

BINANCE_COIN = FundingRule(
    venue="Binance BTCUSD perpetual",
    interval=8 * HOUR,
    sampling=5 * 10**9,
    weighting="linear",
    interest=0.0001,
    clamp=0.0005,
    source="Binance's FAQ on funding rates, second-hand",
    date="2023-12-31",
    unknown=("caps", "that a position is worth contracts times contract size over mark"),
)
"""Binance, coin-margined: the same formula."""

BYBIT = FundingRule(
    venue="Bybit",
    interval=8 * HOUR,
    weighting="linear",
    interest=0.0001,
    clamp=0.0005,
    source="bybit.com help-center, What is funding rate and predicted rate",
    date="2023-12-31",
    unknown=("caps: the histories of BTC and ETH reach 0.375 %",),
)
"""Bybit: 00:00, 08:00 and 16:00 UTC, minutes weighted 1 to n."""

_OKX = "okx.com/help/360053909272; okx.com/help/okx-to-optimize-funding-rate-calculation"
OKX_BTC = FundingRule(
    venue="OKX BTC",
    interval=8 * HOUR,
    cap=0.00375,
    floor=-0.00375,
    source=_OKX,
    date="2024-01-01",
    unknown=("later versions of the rule",),
)
"""OKX, BTC: the mean premium of the minutes of the middle of the book, no dead band, no interest."""

OKX_ETH = FundingRule(
    venue="OKX ETH and majors",
    interval=8 * HOUR,
    cap=0.0075,
    floor=-0.0075,
    source=_OKX,
    date="2024-01-01",
    unknown=("later versions of the rule", "others: 1.5 %, DOGE 3 %"),
)
"""OKX, ETH and majors."""

DERIBIT = FundingRule(
    venue="Deribit",
    interval=8 * HOUR,
    continuous=True,
    sampling=None,
    clamp=0.00025,
    cap=0.005,
    floor=-0.005,
    source="support.deribit.com 31424939178397 and 25944756883229",
    date="2024-01-01",
    unknown=("caps of instruments other than BTC and ETH",),
)
"""Deribit: continuous; zero inside 0.025 %, what is beyond it outside."""

HYPERLIQUID = FundingRule(
    venue="Hyperliquid",
    interval=HOUR,
    basis_interval=8 * HOUR,
    sampling=5 * 10**9,
    interest=0.0001,
    clamp=0.0005,
    payment_cap=0.04,
    notional="index",
    source="hyperliquid.gitbook.io, trading, funding",
    date="2025-01-01",
    unknown=("impact notional: 20,000 USDC for BTC and ETH, 6,000 for others, second-hand",),
)
"""Hyperliquid: an eighth of the 8-hour rate every hour, on the oracle price, at most 4 % an hour."""

DYDX_V3 = FundingRule(
    venue="dYdX v3",
    interval=HOUR,
    basis_interval=8 * HOUR,
    added_interest=0.0001,
    cap=0.0075,
    floor=-0.0075,
    notional="index",
    continuous=True,
    source="help.dydx.exchange 3937624",
    date="2023-12-31",
    unknown=("the cap of 0.75 % in 8 hours: inferred from ETH's largest hour", "a dead band"),
)
"""dYdX v3: an 8-hour rate, premium plus interest, paid by the second on the index price."""

DYDX_V4 = FundingRule(
    venue="dYdX v4",
    interval=HOUR,
    basis_interval=8 * HOUR,
    notional="index",
    source="help.dydx.trade 166992",
    date="2024-01-01",
    unknown=("interest", "the share of 8 hours", "caps: 600 % of initial less maintenance margin fraction"),
)
"""dYdX v4: the mean of 60 minutes, each the median of what proposers saw."""

KRAKEN = FundingRule(
    venue="Kraken inverse perpetuals",
    interval=HOUR,
    basis_interval=24 * HOUR,
    payment_cap=0.0025,
    delay=1,
    source="support.kraken.com 360022835911",
    date="2024-01-01",
    unknown=(),
)
"""Kraken: the mean premium of an hour over 24, at most 0.25 %, paid over the next hour."""

FTX = FundingRule(
    venue="FTX (closed)",
    interval=HOUR,
    basis_interval=24 * HOUR,
    source="help.ftx.com 360027946571",
    date="2022-11-01",
    unknown=("samples of the hour's average",),
)
"""FTX: the hour's average premium over 24."""

BITFINEX = FundingRule(
    venue="Bitfinex",
    interval=8 * HOUR,
    interest=0.0001,
    clamp=0.0005,
    source="kdj.com, How to calculate Bitfinex's contract funding rate, second-hand: the formula alone",
    date="2025-04-16",
    unknown=("interest and dead band, which are those of other venues here", "interval", "samples", "caps", "notional"),
)
"""Bitfinex: the usual formula; all numbers are unconfirmed."""
