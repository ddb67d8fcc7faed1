"""A token bar by bar: the bits of `simulate`."""

import copy
import math
import pickle

import numpy as np
import pytest
from oracle import assert_same_bits

import shortgamma as sg

HOUR = np.timedelta64(1, "h")
ZONES = ("UTC", "America/New_York", "Europe/Berlin")


def rule_of(random):
    """Any rule: clocks, triggers, pieces, costs, changes."""
    leverage = float(random.choice([-3.0, -1.0, 2.0, 3.0, 0.5, 4.5]))
    terms = {
        "leverage": leverage,
        "cost": float(random.choice([0.0, 0.001])),
        "slippage": float(random.choice([0, 2e-4])),
    }
    clock = random.integers(4)
    if clock == 1:
        terms["every"] = int(random.integers(1, 6))
    elif clock == 2:
        terms["at"] = tuple(random.choice(["00:00", "00:02", "14:30", "23:59"], random.integers(1, 3), replace=False))
        terms["zone"] = str(random.choice(ZONES))
    elif clock == 3:
        terms["schedule"] = random.random(400) < 0.2
    if clock and random.random() < 0.3:
        terms["dead_band"] = (abs(leverage) * 0.9, abs(leverage) * 1.1)
    size = abs(leverage)
    if random.random() < 0.5:
        terms["upper"] = size * float(random.uniform(1.05, 1.6))
    if random.random() < 0.4 and size > 0.6:
        terms["lower"] = size * float(random.uniform(0.5, 0.95))
    if random.random() < 0.3:
        terms["adverse"] = float(random.uniform(0.01, 0.2))
    target = random.random()
    if target < 0.15 and ("upper" in terms or "lower" in terms):
        terms["target"] = "edge"
    elif target < 0.3:
        terms |= {"target": "recentred", "speed": 0.5, "minimum": 0.3 * size, "maximum": 1.7 * size}
    if "target" in terms or random.random() < 0.3:
        terms["fill"] = str(random.choice(["close", "open"]))
    if terms.get("fill") == "close" and random.random() < 0.4:
        terms |= {"largest": 0.3, "cooldown": int(random.integers(1, 4))}
    if random.random() < 0.4:
        terms |= {"expense": 0.02, "spread": 0.01}
        if random.random() < 0.5:
            terms["paid_at"] = str(random.choice(["00:02", "21:00"]))
            terms.setdefault("zone", str(random.choice(ZONES)))
    if random.random() < 0.2:
        terms["changes"] = [("2020-03-03", leverage * 1.01), ("2020-03-05T07:30", leverage)]
    return sg.leverage.TokenRule(**terms)


def bars_of(random, count):
    """Times with gaps, and open, high, low and close of each."""
    step = int(random.choice([1, 4, 6, 24]))
    gaps = np.where(random.random(count) < 0.05, random.integers(2, 40, count), 1)
    time = np.datetime64("2020-02-27T00:00", "ns") + np.cumsum(gaps) * step * HOUR
    close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.03, count)))
    open_ = close * np.exp(random.normal(0.0, 0.01, count))
    high = np.maximum(open_, close) * (1.0 + np.abs(random.normal(0.0, 0.02, count)))
    low = np.minimum(open_, close) * (1.0 - np.abs(random.normal(0.0, 0.02, count)))
    if random.random() < 0.1:
        close[random.integers(count)] = random.choice([math.nan, -1.0, 0.0, 1e-320])
    return time, open_, high, low, close


def given_of(random, rule, time, open_, high, low):
    """What a call is given beside the closes, and what the stream begins with."""
    given, terms = {}, {}
    has_open = rule.fill == "open" or ((rule.has_triggers or rule.has_clock) and random.random() < 0.5)
    if has_open:
        given["open"] = open_
    if rule.watch == "extremes" or (rule.has_triggers and random.random() < 0.5):
        given |= {"high": high, "low": low}
    if rule.needs_time or random.random() < 0.5:
        given["time"] = time
        terms["stamp"] = str(random.choice(["open", "close"]))
    else:
        terms["periods_per_year"] = 8760.0
    if random.random() < 0.4:
        given |= {"financing": random.uniform(-0.02, 0.1, len(time)), "dividend": random.uniform(0, 1e-4, len(time))}
    if random.random() < 0.4:
        given["funding"] = random.normal(0.0, 1e-3, len(time))
    return given, terms


def case_of(seed):
    random = np.random.default_rng(seed)
    while True:
        try:
            rule = rule_of(random)
        except ValueError:
            # bounds that contradict the target: another one
            continue
        break
    time, open_, high, low, close = bars_of(random, 120)
    given, terms = given_of(random, rule, time, open_, high, low)
    return rule, close, given, terms


def stream_of(token, close, given):
    return [token.update(close[i], **{name: series[i] for name, series in given.items()}) for i in range(len(close))]


@pytest.mark.parametrize("part", range(8))
def test_bits_of_the_batch(part):
    for seed in range(40 * part, 40 * (part + 1)):
        rule, close, given, terms = case_of(seed)
        with np.errstate(invalid="ignore"):
            expected = sg.leverage.simulate(close, rule, initial=7.0, **given, **terms).nav
        token = sg.stream.Token(rule, initial=7.0, **terms)
        assert_same_bits(np.array(stream_of(token, close, given)), expected)
        assert token.bars == len(close)


@pytest.mark.parametrize("seed", range(20))
def test_summary_of_the_batch(seed):
    rule, close, given, terms = case_of(seed)
    with np.errstate(invalid="ignore"):
        summary = sg.leverage.simulate(close, rule, record="summary", **given, **terms)
    token = sg.stream.Token(rule, **terms)
    stream_of(token, close, given)
    assert token.rebalances == summary.rebalances
    assert token.wiped_out == (summary.wiped_out < len(close))


@pytest.mark.parametrize("seed", range(20))
def test_copies_go_on_alike(seed):
    rule, close, given, terms = case_of(seed)
    token = sg.stream.Token(rule, **terms)
    half = len(close) // 2
    first = {name: series[:half] for name, series in given.items()}
    rest = {name: series[half:] for name, series in given.items()}
    stream_of(token, close[:half], first)
    others = [pickle.loads(pickle.dumps(token)), copy.copy(token), copy.deepcopy(token)]
    expected = stream_of(token, close[half:], rest)
    for other in others:
        assert_same_bits(np.array(stream_of(other, close[half:], rest)), np.array(expected))
    token.reset()
    assert not token.initialized
    again = sg.stream.Token(rule, **terms)
    assert_same_bits(np.array(stream_of(token, close, given)), np.array(stream_of(again, close, given)))


@pytest.mark.parametrize(("name", "leverage"), [("ftx", 3), ("ftx", -3), ("toros", 2), ("proshares", -2)])
def test_tokens_of_venues(name, leverage):
    rule = sg.venues[name].token(leverage)
    time, open_, high, low, close = bars_of(np.random.default_rng(1), 300)
    given = {"time": time}
    if rule.has_triggers or rule.has_clock:
        given["open"] = open_
    if rule.has_triggers:
        given |= {"high": high, "low": low}
    expected = sg.leverage.simulate(close, rule, stamp="open", **given).nav
    assert_same_bits(np.array(stream_of(sg.stream.Token(rule, stamp="open"), close, given)), expected)


class Named(sg.stream.Token):
    """A subclass with an attribute of its own."""

    def __init__(self, rule, note):
        super().__init__(rule)
        self.note = note


def test_subclasses_are_kept():
    token = Named(sg.leverage.TokenRule(2.0, every=1), ["mine"])
    token.update(100.0)
    for other in (pickle.loads(pickle.dumps(token)), copy.copy(token), copy.deepcopy(token)):
        assert type(other) is Named
        assert other.note == ["mine"]
        assert other.update(100.0) == 1.0


CLOCK = sg.leverage.TokenRule(3.0, at="00:00")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: sg.stream.Token(3.0), TypeError, "rule must be a TokenRule, got float"),
        (lambda: sg.stream.Token(CLOCK, initial=0.0), ValueError, "initial must be > 0 and finite, got 0.0"),
        (
            lambda: sg.stream.Token(CLOCK, stamp="begin"),
            ValueError,
            "stamp must be one of 'open', 'close', got 'begin'",
        ),
        (lambda: sg.stream.Token(CLOCK).update(1.0), ValueError, "time is needed: the rule goes by the calendar"),
        (lambda: sg.stream.Token(CLOCK).update(1.0, time="2020-01-01"), ValueError, "stamp is needed"),
        (
            lambda: sg.stream.Token(sg.leverage.TokenRule(3.0, every=1)).update(1.0, financing=0.04),
            ValueError,
            "financing is a rate a year",
        ),
        (
            lambda: sg.stream.Token(sg.leverage.TokenRule(3.0, every=1)).update(1.0, high=2.0, low=1.0),
            ValueError,
            "high and low are given, but no trigger watches them",
        ),
        (
            lambda: sg.stream.Token(sg.leverage.TokenRule(3.0, upper=4.0)).update(1.0, high=2.0),
            ValueError,
            "high and low go together",
        ),
        (lambda: sg.stream.Token.__new__(sg.stream.Token).update(1.0), TypeError, "Token was not initialised"),
    ],
)
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_bars_are_alike():
    token = sg.stream.Token(CLOCK, stamp="close")
    token.update(100.0, time="2020-01-01")
    before = repr(token)
    with pytest.raises(ValueError, match="time: needed, as at the first bar"):
        token.update(101.0)
    with pytest.raises(ValueError, match="open: not expected: it was not given at the first bar"):
        token.update(101.0, time="2020-01-02", open=100.0)
    with pytest.raises(ValueError, match="time must be later than that of the bar before"):
        token.update(101.0, time="2020-01-01")
    assert repr(token) == before
    assert math.isclose(token.update(101.0, time="2020-01-02"), 1.03)
