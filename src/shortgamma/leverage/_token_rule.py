"""The rule of a leveraged product; the public name is in ``shortgamma.leverage``."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from shortgamma._core.checks import refuse_choice, word
from shortgamma._core.clocks import check_zone, time_of_day
from shortgamma._core.lazy import described
from shortgamma._core.times import moment

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["TokenRule"]

WATCHES = ("close", "extremes")
TARGETS = ("constant", "edge", "recentred")
FILLS = ("trigger", "close", "open")
# Triggers filled at their own price must be this far apart: a bar may reach many, one after another.
CLOSEST = 1e-4
SMALLEST = 1e-5
LIMITS = (("no more than", "no less than"), ("less than", "more than"))


@described
@dataclass(frozen=True)
class TokenRule:
    """How a leveraged product rebalances and what it charges; immutable and hashable.

    Leverage is exposure over NAV. A product is bought at its target, and then its units are held until the clock or a
    trigger rebalances it. Without either it is never rebalanced.

    Parameters
    ----------
    leverage : float
        Target, signed.
    lower, upper : float, optional
        Triggers: an absolute actual leverage of at most ``lower``, or of at least ``upper``. Either alone is
        one-sided. For the targets "edge" and "recentred" they must be passed, not just reached.
    adverse, favourable : float, optional
        Triggers: a move of the price since the last rebalance of at least this fraction, against the product or in
        its favour. Both alike are a symmetric trigger.
    watch : {"close", "extremes"}, optional
        Prices that triggers watch. By default all that `simulate` is given; "close": the closes alone; "extremes": the
        highs and lows, which must then be given. The extreme that is worse for the product comes first.
    every : int, optional
        Clock: number of bars from one rebalance to the next, at closes.
    at : str or sequence of str, optional
        Clock: times of day, "HH:MM" or "HH:MM:SS"; rebalanced at the nearest known price (see `simulate`).
    schedule : array_like of bool, optional
        Clock: the bars at whose close it is rebalanced, of the path or of a longer one. Kept as bytes, one per bar.
    zone : str, default "UTC"
        Zone of the times of day, with its summer time: "America/New_York", "Europe/Paris".
    dead_band : (float, float), optional
        The clock does nothing while the absolute leverage is inside, ends included.
    dead_move : float, optional
        The clock does nothing while the price has moved by no more than this fraction since the last rebalance. With
        a ``dead_band`` too, it does nothing while both hold.
    target : {"constant", "edge", "recentred"}, default "constant"
        Where a rebalance goes: to ``leverage``, to the nearest of ``lower`` and ``upper`` if outside, or to
        clip(actual (1 - speed) + leverage speed, minimum, maximum).
    speed : float, default 1.0
        Speed of the target "recentred", in [0, 1].
    minimum, maximum : float, optional
        Bounds of the target "recentred", absolute; ``lower`` and ``upper`` by default.
    largest : float, optional
        Largest notional of one trade, as a fraction of NAV. The rest follows in pieces until the leverage is
        reached, by trades or by itself.
    cooldown : int, default 1
        Bars between two pieces.
    fill : {"trigger", "close", "open"}, optional
        Where a rebalance trades. "trigger": triggers at the price that reaches them, any number within a bar, and the
        clock at the close. "close": once a bar, at the close. "open": once, at the next open. "trigger" by default,
        "close" for the targets "edge" and "recentred" and for trades in pieces, which cannot be filled at the trigger.
    slippage : float, default 0.0
        A trade is filled at a price worse by this fraction.
    cost : float, default 0.0
        Proportional cost of a trade, a fraction of the notional at which it is filled. Slippage and cost are paid out
        of NAV before the new exposure is set.
    expense : float, default 0.0
        Expense ratio, a fraction of NAV per year of 365 days: 0.0095, or 365 times a daily fee.
    paid_at : str, optional
        Time of day at which the expense of a day is charged, before the product is rebalanced. By default it is charged
        over every bar for its length, on the NAV at the previous bar.
    rebalance_fee : float, default 0.0
        Fee of a rebalance, a fraction of NAV; once, if it is traded in pieces.
    subscription, redemption : float, default 0.0
        Fees on subscriptions and redemptions, fractions of them, paid by those who subscribe or redeem.
    spread : float, default 0.0
        Rate per year of 365 days paid on what is borrowed, on top of the financing.
    changes : sequence of (time, leverage), default ()
        Later targets: each holds from the first close at or after its time, at which the product is rebalanced. Times
        ascend.
    merge_below : float, optional
        Tokens are merged when their quoted NAV closes under this.
    merge : int, default 10
        Tokens merged into one.
    splits : sequence of (time, ratio), default ()
        Splits: new tokens for each old one, from the first close at or after each time; less than 1 merges. Times
        ascend.
    name : str, default ""
        Name of the product.

    Raises
    ------
    ValueError
        If a number is out of its range or two of them contradict each other.
    TypeError
        If a parameter is of the wrong type.

    Examples
    --------
    Daily at 00:02 UTC, and at once when the leverage reaches 4:

    >>> import shortgamma as sg
    >>> rule = sg.leverage.TokenRule(3.0, upper=4.0, at="00:02")
    >>> rule.replace(leverage=-3.0).leverage
    -3.0
    """

    leverage: float
    _: KW_ONLY
    lower: float | None = None
    upper: float | None = None
    adverse: float | None = None
    favourable: float | None = None
    watch: Literal["close", "extremes"] | None = None
    every: int | None = None
    at: Any = None
    schedule: Any = None
    zone: str = "UTC"
    dead_band: Any = None
    dead_move: float | None = None
    target: Literal["constant", "edge", "recentred"] = "constant"
    speed: float = 1.0
    minimum: float | None = None
    maximum: float | None = None
    largest: float | None = None
    cooldown: int = 1
    fill: Literal["trigger", "close", "open"] | None = None
    slippage: float = 0.0
    cost: float = 0.0
    expense: float = 0.0
    paid_at: str | None = None
    rebalance_fee: float = 0.0
    subscription: float = 0.0
    redemption: float = 0.0
    spread: float = 0.0
    changes: Any = ()
    merge_below: float | None = None
    merge: int = 10
    splits: Any = ()
    name: str = ""

    def __post_init__(self) -> None:
        for name in NUMBERS:
            value = getattr(self, name)
            if value is not None:
                self._set(name, _float(name, value))
        for name, (low, high, rule) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise ValueError(f"{name} must be {rule}, got {value!r}")
        for name, choices in (("watch", WATCHES), ("target", TARGETS)):
            value = getattr(self, name)
            if value not in choices and not (name == "watch" and value is None):
                refuse_choice(name, getattr(self, name), choices)
        for name in ("every", "cooldown", "merge"):
            value = getattr(self, name)
            if value is not None:
                self._set(name, _count(name, value, 2 if name == "merge" else 1))
        if not isinstance(self.name, str):
            raise TypeError(f"name must be a string, got {type(self.name).__name__}")
        self._set("changes", _dated("changes", self.changes))
        self._set("splits", _dated("splits", self.splits))
        for place, (_, ratio) in enumerate(self.splits):
            if not 0.0 < ratio < math.inf:
                raise ValueError(f"splits[{place}] must be of a ratio > 0, got {ratio!r}")
        self._check_clock()
        self._check_target()
        self._check_triggers()

    def _set(self, name: str, value: Any) -> None:
        object.__setattr__(self, name, value)

    def _leverages(self) -> list[float]:
        return [abs(value) for value in (self.leverage, *(value for _, value in self.changes))]

    def _check_clock(self) -> None:
        clocks = [name for name in ("every", "at", "schedule") if getattr(self, name) is not None]
        if len(clocks) > 1:
            raise ValueError(f"{clocks[0]} and {clocks[1]} are two clocks: give one")
        if self.at is not None:
            times = (self.at,) if isinstance(self.at, str) else _several("at", self.at, "a time of day, or several")
            for time in times:
                time_of_day("at", time)
            self._set("at", times)
        if self.paid_at is not None:
            time_of_day("paid_at", self.paid_at)
        check_zone("zone", self.zone)
        if self.schedule is not None and not isinstance(self.schedule, bytes):
            flags = np.asarray(self.schedule)
            if flags.dtype != np.bool or flags.ndim != 1:
                raise ValueError(
                    f"schedule must be boolean, one per bar, got dtype {flags.dtype} of {flags.ndim} dimensions"
                )
            self._set("schedule", flags.tobytes())
        if self.dead_band is not None:
            try:
                low, high = map(float, self.dead_band)
            except (TypeError, ValueError):
                raise TypeError(f"dead_band must be two numbers, got {self.dead_band!r}") from None
            if not 0.0 <= low <= high < math.inf:
                raise ValueError(f"dead_band must be two numbers >= 0 that ascend, got ({low!r}, {high!r})")
            self._set("dead_band", (low, high))
        if not clocks and (self.dead_band is not None or self.dead_move is not None):
            name = "dead_band" if self.dead_band is not None else "dead_move"
            raise ValueError(f"{name} is for a clock, and there is none: give every, at or schedule")

    def _check_target(self) -> None:
        fill = self.fill
        if fill is None:
            fill = "trigger" if self.target == "constant" and self.largest is None else "close"
        word("fill", fill, FILLS)
        if fill == "trigger" and self.target != "constant":
            raise ValueError(f"target {self.target!r} cannot be filled at the trigger: give fill='close' or 'open'")
        if self.largest is not None and fill != "close":
            raise ValueError(f"pieces of at most largest are traded at closes: fill must be 'close', got {fill!r}")
        self._set("fill", fill)
        if self.target == "edge" and self.lower is None and self.upper is None:
            raise ValueError("target 'edge' needs lower or upper")
        if self.target == "recentred":
            low = self.minimum if self.minimum is not None else self.lower
            high = self.maximum if self.maximum is not None else self.upper
            self._set("minimum", 0.0 if low is None else low)
            self._set("maximum", math.inf if high is None else high)
            if not self.minimum <= self.maximum:  # type: ignore[operator]
                raise ValueError(f"minimum must be at most maximum, got {self.minimum!r} and {self.maximum!r}")
        elif self.minimum is not None or self.maximum is not None or self.speed != 1.0:
            raise ValueError("speed, minimum and maximum are of the target 'recentred'")

    def _check_triggers(self) -> None:
        near = CLOSEST if self.fill == "trigger" else 0.0
        less, more = (f"{word} abs(leverage)" for word in LIMITS[self.fill == "trigger"])
        for leverage in self._leverages():
            if self.lower is not None and not self.lower <= leverage * (1.0 - near):
                raise ValueError(f"lower must be {less} = {leverage!r}, got {self.lower!r}")
            if self.upper is not None and not self.upper >= leverage * (1.0 + near):
                raise ValueError(f"upper must be {more} = {leverage!r}, got {self.upper!r}")
        if self.fill == "trigger":
            self._check_moves()
        for name in ("adverse", "favourable"):
            value = getattr(self, name)
            if value is not None and value < CLOSEST:
                raise ValueError(f"{name} must be at least {CLOSEST}, got {value!r}")
        largest = max(*self._leverages(), self.upper or 0.0, 0.0)
        weight = self.buying * largest
        if weight >= 1.0:
            raise ValueError(f"slippage and cost times the largest leverage must be less than 1, got {weight!r}")

    def _check_moves(self) -> None:
        """A bound may be far from the target as leverage goes, and near as prices go."""
        for leverage in (self.leverage, *(value for _, value in self.changes)):
            for name in ("lower", "upper"):
                value = getattr(self, name)
                bound = math.copysign(value or 0.0, leverage)
                if bound in (0.0, 1.0) or leverage in (0.0, 1.0):
                    continue
                move = abs(bound * (1.0 - leverage) / (leverage * (1.0 - bound)) - 1.0)
                if move < SMALLEST:
                    raise ValueError(f"{name} must be a price move of at least {SMALLEST} away, got one of {move:.1e}")

    @property
    def buying(self) -> float:
        """Cost of buying and slippage, a fraction of the notional traded, at the price without slippage."""
        return self.slippage + self.cost * (1.0 + self.slippage)

    @property
    def selling(self) -> float:
        """Cost of selling and slippage, a fraction of the notional traded, at the price without slippage."""
        return self.slippage + self.cost * (1.0 - self.slippage)

    @property
    def has_triggers(self) -> bool:
        """Whether a leverage or a move triggers a rebalance."""
        return not self.lower is self.upper is self.adverse is self.favourable is None

    @property
    def has_clock(self) -> bool:
        """Whether it goes by a time of day."""
        return self.at is not None or (self.paid_at is not None and self.expense != 0.0)

    @property
    def needs_time(self) -> bool:
        """Whether it goes by the calendar."""
        return self.has_clock or bool(self.changes or self.splits)

    @cached_property
    def _numbers(self) -> dict[str, float]:
        """What loops take, by the names of their struct; what depends on the prices that are given is left out."""

        def bound(value: float | None, none: float) -> float:
            return none if value is None else value

        low, high = (math.inf, math.inf) if self.dead_band is None else self.dead_band
        return {
            "lower": bound(self.lower, 0.0),
            "upper": bound(self.upper, math.inf),
            "adverse": bound(self.adverse, math.inf),
            "favourable": bound(self.favourable, math.inf),
            "calm_low": low,
            "calm_high": high,
            "calm_move": bound(self.dead_move, 0.0),
            "speed": self.speed,
            "minimum": bound(self.minimum, 0.0),
            "maximum": bound(self.maximum, math.inf),
            "largest": bound(self.largest, math.inf),
            "cooldown": float(self.cooldown),
            "buying": self.buying,
            "selling": self.selling,
            "rebalance_fee": self.rebalance_fee,
        }

    def replace(self, **changes: Any) -> TokenRule:
        """The same rule with other values of some parameters.

        Parameters
        ----------
        **changes : Any
            Parameters of `TokenRule`.

        Returns
        -------
        TokenRule
            The new rule.

        Raises
        ------
        ValueError
            If the new values are out of range or contradict others.
        TypeError
            If there is no such parameter, or a value is of the wrong type.

        Examples
        --------
        >>> import shortgamma as sg
        >>> sg.leverage.TokenRule(2.0).replace(every=1).every
        1
        """
        return replace(self, **changes)


NUMBERS = (
    *("leverage", "lower", "upper", "adverse", "favourable", "dead_move", "speed", "minimum", "maximum", "largest"),
    *("slippage", "cost", "expense", "rebalance_fee", "subscription", "redemption", "spread", "merge_below"),
)
LARGEST = 1.7976931348623157e308
POSITIVE = (5e-324, LARGEST, "a number > 0")
NOT_NEGATIVE = (0.0, LARGEST, "a number >= 0")
FRACTION = (0.0, math.nextafter(1.0, 0.0), "a fraction >= 0 and less than 1")
RANGES = {
    "leverage": (-LARGEST, LARGEST, "a finite number"),
    "lower": POSITIVE,
    "upper": POSITIVE,
    "adverse": POSITIVE,
    "favourable": POSITIVE,
    "dead_move": NOT_NEGATIVE,
    "speed": (0.0, 1.0, "between 0 and 1"),
    "minimum": NOT_NEGATIVE,
    "maximum": (0.0, math.inf, "a number >= 0"),
    "largest": POSITIVE,
    "slippage": FRACTION,
    "cost": FRACTION,
    "expense": FRACTION,
    "rebalance_fee": FRACTION,
    "subscription": FRACTION,
    "redemption": FRACTION,
    "spread": NOT_NEGATIVE,
    "merge_below": POSITIVE,
}


def _float(name: str, value: Any) -> float:
    if isinstance(value, bool | np.bool) or not isinstance(value, int | float | np.integer | np.floating):
        raise TypeError(f"{name} must be a number, got {value!r}")
    return float(value)


def _count(name: str, value: Any, least: int) -> int:
    if isinstance(value, bool | np.bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be an integer, got {value!r}")
    if value < least:
        raise ValueError(f"{name} must be at least {least}, got {value!r}")
    return int(value)


def _several(name: str, values: Any, kind: str) -> tuple[Any, ...]:
    try:
        return tuple(values)
    except TypeError:
        raise TypeError(f"{name} must be {kind}, got {values!r}") from None


def _dated(name: str, values: Iterable[Any]) -> tuple[tuple[str, float], ...]:
    """Pairs of a time and a number, with times as text."""
    pairs = []
    before = None
    for place, pair in enumerate(_several(name, values, "pairs of a time and a number")):
        try:
            time, number = pair
        except (TypeError, ValueError):
            raise TypeError(f"{name}[{place}] must be a time and a number, got {pair!r}") from None
        stamp = moment(f"{name}[{place}]", time)
        value = _float(f"{name}[{place}]", number)
        if not math.isfinite(value):
            raise ValueError(f"{name}[{place}] must be of a finite number, got {value!r}")
        if before is not None and stamp <= before:
            raise ValueError(f"{name}[{place}] must be later than the one before, got {time!r}")
        before = stamp
        pairs.append((str(np.datetime64(stamp, "ns")), value))
    return tuple(pairs)
