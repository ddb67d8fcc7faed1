"""A rule on the bars of a call, as the loop takes it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import check_length, number
from shortgamma._core.clocks import time_of_day
from shortgamma._core.times import moment
from shortgamma.leverage._bars import refuse_rates_without_time

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    from shortgamma.leverage._bars import Bars
    from shortgamma.leverage._token_rule import TokenRule

    Floats = NDArray[np.float64]

DAYS = 365.0


class Watched(NamedTuple):
    """Prices beside the closes, as they were given, None where they were not."""

    high: Any
    low: Any
    open: Any

    def extremes_of(self, rule: TokenRule) -> bool:
        """Whether the triggers of a rule watch highs and lows."""
        return self.high is not None and (rule.watch == "extremes" or (rule.watch is None and rule.has_triggers))

    def opens_of(self, rule: TokenRule) -> bool:
        return self.open is not None and rule.has_triggers and rule.watch != "close"


def watched(rules: list[TokenRule], prices: Any, high: Any, low: Any, open_: Any, *, all_used: bool) -> Watched:
    """Highs, lows and opens, checked against what the rules look at."""
    if (high is None) != (low is None):
        given, missing = ("high", "low") if low is None else ("low", "high")
        raise ValueError(f"{missing} is needed: {given} is given, and they go together")
    arrays: list[Any] = []
    for name, value in (("high", high), ("low", low), ("open", open_)):
        arrays.append(None if value is None else number(name, value))
        if value is not None and arrays[-1].shape != prices.shape:
            raise ValueError(f"{name} has shape {arrays[-1].shape}, price has {prices.shape}")
    series = Watched(*arrays)
    for rule in rules:
        if rule.watch == "extremes" and high is None:
            raise ValueError("high is needed, and low: the rule watches extremes")
        if rule.fill == "open" and open_ is None:
            raise ValueError("open is needed: the rule fills at the next open")
    extremes = any(series.extremes_of(rule) for rule in rules)
    opens = any(series.opens_of(rule) or rule.has_clock or rule.fill == "open" for rule in rules)
    if all_used and high is not None and not extremes:
        raise ValueError("high and low are given, but no trigger watches them: leave them out")
    if all_used and open_ is not None and not opens:
        raise ValueError(
            "open is given, but nothing looks at it: no trigger, no time of day, and no fill at the open: leave it out"
        )
    return Watched(series.high if extremes else None, series.low if extremes else None, series.open if opens else None)


def by_the_year(name: str, rate: Any, years: Any) -> Any:
    """A rate a year over each bar."""
    if years is None:
        refuse_rates_without_time(name)
    return rate * years


def plan(
    rule: TokenRule, series: Watched, bars: Bars | None, years: Any, charges: tuple[Any, ...], count: int, first: int
) -> dict[str, Any]:
    """The rule on ``count`` bars, of which the first has the number ``first``."""
    leverage, due, targets = _due(rule, bars, count, first)
    expense = fee_at_open = fee_at_close = None
    if rule.expense and rule.paid_at is None:
        expense = by_the_year("expense", rule.expense, years)
    elif rule.expense and bars is not None:
        clock = time_of_day("paid_at", rule.paid_at)
        fee_at_open = fee_of(rule.expense / DAYS, bars.at_open(clock, rule.zone))
        fee_at_close = fee_of(rule.expense / DAYS, bars.at_close(clock, rule.zone))
    spread = by_the_year("spread", rule.spread, years) if rule.spread else None
    happens: Any = None
    for happening in (due, *charges, expense, fee_at_open, fee_at_close, spread):
        if happening is not None:
            happens = happening != 0 if happens is None else happens | (happening != 0)
    events = np.empty(0, dtype=np.int64) if happens is None else np.flatnonzero(happens).astype(np.int64, copy=False)
    return {
        "rule": numbers_of(rule, series),
        "leverage": leverage,
        "expense": expense,
        "fee_at_open": fee_at_open,
        "fee_at_close": fee_at_close,
        "spread": spread,
        "target": targets,
        "due": due,
        "events": events,
    }


def numbers_of(rule: TokenRule, series: Watched) -> dict[str, float]:
    """What loops and streams take of a rule, by the names of their struct."""
    loop = dispatch.leverage.token
    extremes, opens = series.extremes_of(rule), series.opens_of(rule)
    return {
        **rule._numbers,
        "target": loop.TARGETS[rule.target],
        "fill": loop.FILLS[rule.fill],
        "extremes": float(extremes),
        "opens": float(opens),
        "watches": float(extremes or opens),
    }


def _due(rule: TokenRule, bars: Bars | None, count: int, first: int) -> tuple[float, Any, Any]:
    """The target at the start, what is due at each bar, and the targets of changes."""
    if rule.every is None and rule.schedule is None and rule.at is None and not rule.changes:
        return rule.leverage, None, None
    codes = dispatch.leverage.token.DUE
    due = np.zeros(count, dtype=np.uint8)
    if rule.every is not None:
        due[-first % rule.every :: rule.every] = codes["clock"]
    elif rule.schedule is not None:
        flags = np.frombuffer(rule.schedule, dtype=np.bool)[first:]
        if len(flags) < count:
            check_length("schedule", len(flags), "price", count)
        due[flags[:count]] = codes["clock"]
    for text in rule.at or ():
        assert bars is not None or not count
        if bars is None:
            continue
        clock = time_of_day("at", text)
        opening, closing = bars.at_open(clock, rule.zone), bars.at_close(clock, rule.zone)
        if rule.fill == "open":
            # noticed within the bar, and traded at the next open
            opening, closing = opening * 0, opening + closing
        due[opening > 0] |= codes["clock at open"]
        due[closing > 0] |= codes["clock"]
    if not rule.changes or bars is None:
        return rule.leverage, due, None
    leverage, targets = rule.leverage, np.zeros(count)
    for text, value in rule.changes:
        bar = bars.of(moment("changes", text))
        if bar == 0 and first == 0:
            leverage = value
        elif 0 <= bar < count:
            due[bar] |= codes["change"]
            targets[bar] = value
    return leverage, due, targets


def fee_of(daily: float, passed: Any) -> Any:
    """A fee a day for each time that its time of day passed; None if it never did."""
    fee = np.where(passed == 1, daily, 1.0 - (1.0 - daily) ** passed)
    return fee if fee.any() else None


def splits(rule: TokenRule, bars: Bars | None, count: int) -> Floats | None:
    """New tokens for an old one at each bar, None if there are no splits."""
    if not rule.splits or bars is None:
        return None
    ratios = np.ones(count)
    for text, ratio in rule.splits:
        bar = bars.of(moment("splits", text))
        if 0 <= bar < count:
            ratios[bar] *= ratio
    return ratios


def terms(rule: TokenRule) -> dict[str, float]:
    """What one token is subject to."""
    return {
        "subscription": rule.subscription,
        "redemption": rule.redemption,
        "merge_below": rule.merge_below or 0.0,
        "merge": float(rule.merge),
    }
