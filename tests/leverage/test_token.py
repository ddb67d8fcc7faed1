"""Leveraged products by rule: every rule against its twin that divides at every bar, and what must hold for all."""

import dataclasses
import inspect
import itertools
import math
import pickle
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import LAYOUTS, OUTPUTS, assert_same_bits
from oracle.leverage import token as oracle
from processes import environment
from wrong import refused

import shortgamma as sg
from shortgamma._core import dispatch

TokenRule, simulate = sg.leverage.TokenRule, sg.leverage.simulate

HOUR = 3_600_000_000_000
START = int(np.datetime64("2020-01-01", "ns").astype(np.int64))
LEVERAGES = (-3.0, -2.0, -1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 5.0)
COLUMNS = ("nav", "exposure", "trade", "gain", "cost", "fee", "financing")


def market(seed, bars, deviation):
    """Opens, extremes and closes of a wild path, at uneven hours."""
    random = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(deviation * random.standard_normal(bars)))
    start = close * np.exp(0.2 * deviation * random.standard_normal(bars))
    high = np.maximum(close, start) * np.exp(0.5 * deviation * random.random(bars))
    low = np.minimum(close, start) * np.exp(-0.5 * deviation * random.random(bars))
    time = START + np.cumsum(random.integers(1, 5, bars)) * HOUR
    return close, {"time": time, "high": high, "low": low, "open": start}


def any_rule(seed, bars):
    """A rule of any parts."""
    random = np.random.default_rng([seed, 1])

    def sometimes(share):
        return random.random() < share

    leverage = float(random.choice(LEVERAGES))
    size, parts = abs(leverage), {}
    fill = str(random.choice(["trigger", "close", "open"]))
    target = "constant" if fill == "trigger" or sometimes(0.6) else str(random.choice(["edge", "recentred"]))
    if size and sometimes(0.6):
        parts["upper"] = size * random.uniform(1.05, 1.5)
    if size and sometimes(0.4):
        parts["lower"] = size * random.uniform(0.5, 0.95)
    for name in ("adverse", "favourable"):
        if sometimes(0.3):
            parts[name] = random.uniform(0.01, 0.3)
    if target == "edge" and not {"upper", "lower"} & set(parts):
        target = "constant"
    if target == "recentred":
        parts["speed"] = random.uniform(0.0, 1.0)
    if sometimes(0.5):
        parts["watch"] = str(random.choice(["extremes", "close"]))
    clock = random.integers(0, 4)
    if clock == 1:
        parts["every"] = int(random.integers(1, 6))
    elif clock == 2:
        parts["at"] = "23:45:30" if sometimes(0.5) else ("00:02", "16:00")
    elif clock == 3:
        parts["schedule"] = random.random(bars) < 0.3
    if clock and sometimes(0.4):
        parts["dead_band"] = (0.9 * size, 1.1 * size)
    if clock and sometimes(0.4):
        parts["dead_move"] = 0.02
    if fill == "close" and sometimes(0.4):
        parts["largest"], parts["cooldown"] = random.uniform(0.05, 0.5), int(random.integers(1, 4))
    for name, most, share in (
        ("slippage", 0.01, 0.4),
        ("cost", 0.01, 0.4),
        ("expense", 0.7, 0.4),
        ("rebalance_fee", 0.001, 0.2),
        ("spread", 0.1, 0.2),
    ):
        if sometimes(share):
            parts[name] = random.uniform(0.0, most)
    if sometimes(0.5):
        parts["paid_at"] = "23:45"
    if sometimes(0.3):
        parts["zone"] = "America/New_York"
    if sometimes(0.2) and not {"upper", "lower"} & set(parts):
        parts["changes"] = (("2020-01-01T20:00:00", 1.25), ("2020-01-03", -0.5))
    return TokenRule(leverage, target=target, fill=fill, **parts)


def any_carry(seed, bars):
    random = np.random.default_rng([seed, 2])
    carry = {
        "financing": random.normal(0.0, 3.0, bars),
        "funding": random.normal(0.0, 1e-3, bars) * (random.random(bars) < 0.3),
        "dividend": random.random(bars) * (random.random(bars) < 0.2),
    }
    return {name: value for name, value in carry.items() if random.random() < 0.3}


def usable(rule, series):
    """Of bars what a rule looks at."""
    triggers = bool({rule.lower, rule.upper, rule.adverse, rule.favourable} - {None})
    extremes = rule.watch == "extremes" or (rule.watch is None and triggers)
    opens = rule.fill == "open" or rule.at or (rule.paid_at and rule.expense) or (rule.watch != "close" and triggers)
    looked_at = {"time": True, "high": extremes, "low": extremes, "open": opens}
    return {name: value for name, value in series.items() if looked_at[name]}


def any_job(seed, bars=60):
    close, series = market(seed, bars, (0.005, 0.03, 0.1)[seed % 3])
    rule = any_rule(seed, bars)
    series = usable(rule, series)
    random = np.random.default_rng([seed, 3])
    # prices that may be given or not
    if rule.watch is None and random.random() < 0.3:
        series.pop("high", None)
        series.pop("low", None)
    if rule.fill != "open" and random.random() < 0.5:
        series.pop("open", None)
    return close, rule, {**series, "stamp": str(random.choice(["open", "close"])), **any_carry(seed, bars)}


def cut(keywords, begin, end):
    return {name: value if isinstance(value, str) else value[begin:end] for name, value in keywords.items()}


def twin(close, rule, keywords, **more):
    lists = {
        {"open": "start"}.get(name, name): value.tolist() if hasattr(value, "tolist") else value
        for name, value in keywords.items()
    }
    return oracle.path(close.tolist(), rule, **lists, **more)


def scale_of(record):
    """What an error of rounding is measured by: NAV is the small difference of exposure and debt."""
    nav, exposure = np.array(record["nav"], dtype=float), np.array(record["exposure"], dtype=float)
    return np.abs(nav) + np.abs(exposure) + 0.01 * np.maximum.accumulate(nav)


@pytest.mark.parametrize("name", ["TokenRule", "simulate", "NavPath", "TokenPath", "TokenSummary", "TokenState"])
def test_names_are_there(name):
    assert name in sg.leverage.__all__
    assert name in dir(sg.leverage)
    assert getattr(sg.leverage, name).__name__ == name


def test_signature_is_what_was_agreed():
    parameters = inspect.signature(simulate).parameters
    agreed = ["time", "high", "low", "financing", "dividend", "flow", "initial", "axis", "record", "out"]
    assert list(parameters)[:2] == ["price", "rule"]
    assert set(agreed) <= set(parameters)
    assert all(parameters[name].kind is inspect.Parameter.KEYWORD_ONLY for name in list(parameters)[2:])
    assert list(inspect.signature(TokenRule).parameters)[:3] == ["leverage", "lower", "upper"]


class TestTwin:
    @pytest.mark.parametrize("block", range(8))
    def test_any_rule(self, block):
        for seed in range(100 * block, 100 * (block + 1)):
            close, rule, keywords = any_job(seed)
            expected = twin(close, rule, keywords, initial=10.0)
            full = simulate(close, rule, record="full", initial=10.0, **keywords)
            np.testing.assert_array_equal(full.rebalances, expected["rebalances"], err_msg=str(seed))
            for name in COLUMNS:
                error = np.abs(getattr(full, name) - np.array(expected[name]))
                scale = (
                    np.maximum.accumulate(scale_of(expected)) if name not in ("nav", "exposure") else scale_of(expected)
                )
                assert (error <= 2e-13 * scale).all(), (seed, name)
            path = simulate(close, rule, initial=10.0, **keywords)
            assert_same_bits(path.nav, full.nav)
            self.check_summary(simulate(close, rule, record="summary", initial=10.0, **keywords), full, expected, close)

    def check_summary(self, summary, full, expected, close):
        assert summary.nav == full.nav[-1]
        assert summary.rebalances == full.rebalances.sum()
        assert summary.wiped_out == expected["wiped_out"]
        assert summary.max_drawdown == (1.0 - full.nav / np.maximum.accumulate(full.nav)).max()
        assert summary.traded == pytest.approx(math.fsum(expected["turnover"]), rel=1e-11)
        for name in ("cost", "fee", "financing"):
            assert getattr(summary, name) == pytest.approx(getattr(full, name).sum(), rel=1e-12, abs=1e-13)
        moves = close[1:] / close[:-1] - 1.0
        assert summary.realised_variance == pytest.approx(math.fsum(moves**2), rel=1e-14)

    @pytest.mark.parametrize("seed", range(0, 600, 5))
    def test_without_rounding(self, seed):
        # The twin in fractions is exact. The loop may be off by roundings alone.
        close, rule, keywords = any_job(seed, bars=14)
        exact = twin(close, rule, keywords, number=Fraction)
        full = simulate(close, rule, record="full", **keywords)
        np.testing.assert_array_equal(full.rebalances, exact["rebalances"])
        assert (np.abs(full.nav - np.array(exact["nav"], dtype=float)) <= 3e-14 * scale_of(exact)).all()
        for t in range(1, len(close)):
            change = exact["gain"][t] - exact["cost"][t] - exact["fee"][t] - exact["financing"][t]
            assert exact["nav"][t] == exact["nav"][t - 1] + change

    @pytest.mark.parametrize("bars", [1, 2, 63, 64, 65, 128, 129, 200])
    @pytest.mark.parametrize("watch", ["close", "extremes"])
    @pytest.mark.parametrize("leverage", [3.0, -2.0, 0.5])
    def test_ends_of_blocks(self, bars, watch, leverage):
        for seed in range(6):
            close, series = market(seed, bars, 0.02)
            rule = TokenRule(leverage, lower=0.8 * abs(leverage), upper=1.2 * abs(leverage), watch=watch)
            series = usable(rule, series)
            expected = twin(close, rule, series)
            full = simulate(close, rule, record="full", **series)
            np.testing.assert_array_equal(full.rebalances, expected["rebalances"])
            np.testing.assert_allclose(full.nav, expected["nav"], rtol=1e-13)
            assert_same_bits(simulate(close, rule, **series).nav, full.nav)
            self.check_summary(simulate(close, rule, record="summary", **series), full, expected, close)

    @pytest.mark.parametrize("bars", [3000])
    def test_long_path(self, bars):
        close, market_series = market(3, bars, 0.015)
        for rule in (
            TokenRule(3.0, lower=2.25, upper=4.125),
            TokenRule(-3.0, upper=4.0, at="00:00", watch="extremes"),
            TokenRule(2.0, lower=1.7, upper=2.3, target="recentred", speed=0.05, at="00:00", watch="close"),
            TokenRule(3.0, upper=4.0, at="16:00", zone="America/New_York", expense=0.1, paid_at="00:02"),
        ):
            series = usable(rule, market_series) | {"stamp": "open"}
            expected = twin(close, rule, series)
            full = simulate(close, rule, record="full", **series)
            np.testing.assert_array_equal(full.rebalances, expected["rebalances"])
            assert full.rebalances.sum() > 10
            np.testing.assert_allclose(full.nav, expected["nav"], rtol=1e-13)
            assert_same_bits(simulate(close, rule, **series).nav, full.nav)
            self.check_summary(simulate(close, rule, record="summary", **series), full, expected, close)

    def test_every_bar_is_nav(self):
        close, _ = market(5, 500, 0.03)
        for leverage in LEVERAGES:
            rule = TokenRule(leverage, every=1, cost=0.001)
            rates = {"financing": 0.02, "periods_per_year": 252}
            ours = simulate(close, rule, initial=7.0, **rates).nav
            np.testing.assert_allclose(
                ours, sg.leverage.nav(close, leverage, cost=0.001, initial=7.0, **rates), rtol=1e-12
            )


class TestPaths:
    """Many paths, many rules, many ways to hold them."""

    def whole(self, rule, record="nav", **keywords):
        close = 100.0 * np.exp(np.cumsum(np.random.default_rng(2).normal(0.0, 0.03, (80, 19)), axis=0))
        return close, simulate(close, rule, record=record, **keywords)

    @pytest.mark.parametrize("record", ["nav", "full", "summary"])
    @pytest.mark.parametrize(
        "rule", [TokenRule(3.0, upper=4.0), TokenRule(-1.0, every=3, cost=0.01)], ids=["band", "clock"]
    )
    def test_paths_are_independent(self, rule, record):
        initial = np.random.default_rng(3).uniform(1.0, 5.0, 19)
        close, whole = self.whole(rule, record, initial=initial)
        for i in range(19):
            one = simulate(close[:, i], rule, record=record, initial=initial[i])
            for a, b in zip(whole[:-1], one[:-1], strict=True):
                np.testing.assert_array_equal(a[..., i], b)

    @pytest.mark.parametrize("bars", [1, 7, 8, 9, 26])
    @pytest.mark.parametrize("paths", [2, 127, 128, 129, 300, 1100])
    def test_side_by_side_as_one_by_one(self, bars, paths):
        # Paths side by side in memory go through loops of their own, whole tiles of them through yet others.
        random = np.random.default_rng([bars, paths])
        close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.08, (bars, paths)), axis=0))
        close[bars // 2, 1::97] = math.nan
        time = START + np.arange(bars) * 7 * HOUR
        rules = [
            TokenRule(3.0),
            TokenRule(3.0, every=1),
            TokenRule(-2.0, every=1, cost=0.002, slippage=0.001),
            TokenRule(3.0, lower=2.25, upper=4.125),
            TokenRule(-1.0, upper=1.4, every=3, fill="close"),
            TokenRule(3.0, adverse=0.15, at="16:00", expense=0.365, paid_at="23:45"),
            TokenRule(2.0, lower=1.7, upper=2.3, target="recentred", speed=0.05, every=2, largest=0.1, cooldown=2),
            TokenRule(2.0, lower=1.8, upper=2.2, target="edge", dead_band=(1.9, 2.1), every=5),
            TokenRule(3.0, every=4, expense=0.0095),
        ]
        for rule in rules:
            for record in ("nav", "summary"):
                together = simulate(close, rule, time=time, stamp="close", record=record)
                apart = simulate(np.ascontiguousarray(close.T), rule, time=time, stamp="close", record=record, axis=1)
                for name in together._fields[:-1]:
                    one, other = getattr(together, name), getattr(apart, name)
                    np.testing.assert_array_equal(one, other.T, err_msg=f"{rule} {name}")
                kept = together.state.values, apart.state.values
                known = ~np.isnan(kept[0][..., 0])
                # what is held; totals are those of a summary
                columns = slice(None) if record == "summary" else slice(2)
                np.testing.assert_array_equal(kept[0][known][:, columns], kept[1][known][:, columns])

    @staticmethod
    def assert_one_by_one(close, rules, **keywords):
        """That paths side by side come to the same bits as each by itself; what is one is told by the layout alone."""
        with np.errstate(invalid="ignore", over="ignore"):
            for rule in rules:
                for record in ("nav", "summary"):
                    together = simulate(close, rule, record=record, **keywords)
                    apart = simulate(np.ascontiguousarray(close.T), rule, record=record, axis=1, **keywords)
                    for name in together._fields[:-1]:
                        one, other = getattr(together, name), getattr(apart, name)
                        np.testing.assert_array_equal(one, other.T, err_msg=f"{rule} {record} {name}")

    @pytest.mark.parametrize("seed", range(6))
    def test_hard_prices_side_by_side(self, seed):
        # One of these alone among ordinary prices, at any place of a tile, and what comes after it.
        random = np.random.default_rng(seed)
        close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, (49, 300)), axis=0))
        hard = [math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 5e-324, 1e-310, 1e-300, 1e-290, 1e270, 1e300, 1.7e308]
        for path in range(0, 300, 4):
            close[random.integers(0, 49), path] = hard[random.integers(len(hard))]
        close[random.integers(1, 49) :, 17::50] *= 2.0 ** random.choice([-990, -960, -900, -12, 9, 11, 900, 1010])
        close[:, 33::50] *= 2.0 ** random.choice([-1030, -1000, -905, 890, 1000])
        self.assert_one_by_one(
            close,
            [
                TokenRule(3.0),
                TokenRule(1.0, every=1),
                TokenRule(-1.0, every=1, cost=0.001),
                TokenRule(0.5, upper=0.8, lower=0.3),
                TokenRule(3.0, upper=4.125, lower=2.25, fill="close", cost=0.001),
            ],
        )

    @pytest.mark.parametrize("rule", [TokenRule(1.0), TokenRule(1.0, every=1), TokenRule(0.5, every=1, cost=1e-4)])
    def test_reciprocals_are_rounded_once(self, rule):
        # What is hard for a division by multiplications: mantissas of ones, next to ones, next to powers of two, any.
        random = np.random.default_rng(5)
        mantissas = 2.0 - np.arange(1, 65) * 2.0**-52
        mantissas = np.concatenate([mantissas, 1.0 + np.arange(64) * 2.0**-52, random.uniform(1.0, 2.0, 8000)])
        close = random.choice(mantissas, (400, 256)) * 2.0 ** random.integers(-2, 3, (400, 256))
        close[:, :64] = random.choice(mantissas[:128], (400, 64))
        close[5::16, 64:128] = 2.0 - 2.0**-52
        self.assert_one_by_one(close, [rule])
        # units are NAV times one over the price, at the last bar too
        if rule == TokenRule(1.0, every=1):
            kept = simulate(close, rule, record="summary").state.values[0]
            before = simulate(close[:-1], rule, record="summary").state.values[0]
            np.testing.assert_array_equal(kept[:, 1], before[:, 1] * close[-1] * (1.0 / close[-1]))

    def test_worst_drawdown_side_by_side(self):
        # Drawdowns that begin and end in a few bars, are as deep as one before, or last from the first bar to the last.
        random = np.random.default_rng(9)
        steps = random.choice([0.5, 0.8, 1.0, 1.25, 2.0], (120, 384))
        close = 64.0 * np.cumprod(steps, axis=0)
        close[:, ::3] = 64.0 * random.choice([0.5, 0.75, 1.0, 1.0, 1.5], (120, 128))
        close[:, 1::6] = np.sort(close[:, 1::6], axis=0)
        close[:, 4::6] = np.sort(close[:, 4::6], axis=0)[::-1]
        rules = [TokenRule(1.0), TokenRule(0.5, every=1), TokenRule(1.5, upper=1.9, lower=1.2)]
        self.assert_one_by_one(close, rules)
        for rule in rules:
            nav = simulate(close, rule).nav
            worst = (1.0 - nav / np.maximum.accumulate(nav, axis=0)).max(axis=0)
            np.testing.assert_array_equal(simulate(close, rule, record="summary").max_drawdown, worst)

    def test_wiped_out_is_not_rebalanced_side_by_side(self):
        close = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.03, (64, 256)), axis=0))
        close[20:, 5] *= 0.5
        close[41:, 130] *= 0.5
        rule = TokenRule(3.0, every=1)
        summary = simulate(close, rule, record="summary")
        np.testing.assert_array_equal(summary.wiped_out[[4, 5, 130]], [64, 20, 41])
        np.testing.assert_array_equal(summary.rebalances[[4, 5, 130]], [63, 19, 40])
        self.assert_one_by_one(close, [rule, rule.replace(cost=0.001), rule.replace(every=2)])

    @pytest.mark.parametrize("fill", ["close", "trigger"])
    def test_triggers_side_by_side(self, fill):
        # Several in a path, several in a bar, those that wipe out, and costs that take it there again.
        random = np.random.default_rng(11)
        close = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.06, (90, 300)), axis=0))
        self.assert_one_by_one(
            close,
            [
                TokenRule(3.0, lower=2.25, upper=4.125, fill=fill),
                TokenRule(-2.0, lower=1.5, upper=2.6, fill=fill, cost=0.002),
                TokenRule(3.0, adverse=0.1, favourable=0.2, fill=fill, rebalance_fee=0.001),
                TokenRule(2.0, lower=1.7, upper=2.3, target="edge"),
                TokenRule(2.0, lower=1.7, upper=2.3, target="recentred", speed=0.2),
                TokenRule(3.0, upper=3.5, largest=0.1),
            ],
        )

    @pytest.mark.parametrize("paths", [128, 131, 640, 5300])
    @pytest.mark.parametrize("shift", [0, 1, 5])
    def test_results_anywhere_in_memory(self, paths, shift):
        # Results pass by the caches in whole lines of memory: of rows that begin anywhere in one.
        bars = 2_600_000 // paths
        close = 100.0 * np.exp(np.cumsum(np.random.default_rng(3).normal(0.0, 0.01, (bars, paths)), axis=0))
        whole = np.full(bars * (paths + 3) + 16, -1.0)
        out = whole[shift : shift + bars * (paths + 3)].reshape(bars, paths + 3)[:, :paths]
        rule = TokenRule(3.0, lower=2.25, upper=4.125)
        assert simulate(close, rule, out=out).nav is out
        assert_same_bits(out.copy(), simulate(np.ascontiguousarray(close.T), rule, axis=1).nav.T)
        whole[shift : shift + bars * (paths + 3)].reshape(bars, paths + 3)[:, :paths] = -1.0
        assert (whole == -1.0).all()

    def test_larger_than_a_cache(self):
        close = 100.0 * np.exp(np.cumsum(np.random.default_rng(8).normal(0.0, 0.02, (1501, 1501)), axis=0))
        for rule in (TokenRule(3.0, every=1), TokenRule(3.0, lower=2.25, upper=4.125)):
            whole = simulate(close, rule).nav
            parts = [simulate(close[:, i : i + 300].copy(), rule).nav for i in range(0, 1501, 300)]
            assert_same_bits(whole, np.hstack(parts))

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_layouts_of_inputs(self, layout):
        rule = TokenRule(3.0, upper=4.0)
        close, whole = self.whole(rule)
        assert_same_bits(simulate(LAYOUTS[layout](close), rule).nav, whole.nav)
        turned = LAYOUTS[layout](np.ascontiguousarray(close.T))
        assert_same_bits(simulate(turned, rule, axis=1).nav, whole.nav.T)
        cube = LAYOUTS[layout](np.stack([close, close], axis=2))
        assert_same_bits(simulate(cube, rule).nav[..., 1], whole.nav)
        assert_same_bits(simulate(np.moveaxis(cube, 0, 1), rule, axis=1).nav[..., 1], whole.nav.T)

    @pytest.mark.parametrize("layout", OUTPUTS)
    def test_layouts_of_out(self, layout):
        rule = TokenRule(3.0, upper=4.0)
        close, whole = self.whole(rule)
        out = OUTPUTS[layout](close.shape, np.float64)
        assert simulate(close, rule, out=out).nav is out
        assert_same_bits(out.astype(np.float64), whole.nav)

    def test_out_may_be_the_prices(self):
        rule = TokenRule(3.0, upper=4.0)
        close, whole = self.whole(rule)
        assert_same_bits(simulate(close, rule, out=close).nav, whole.nav)
        narrow = np.empty(close.shape, dtype=np.float32)
        fresh, _ = self.whole(rule)
        np.testing.assert_array_equal(simulate(fresh, rule, out=narrow).nav, whole.nav.astype(np.float32))

    @pytest.mark.parametrize("record", ["nav", "full", "summary"])
    def test_several_rules(self, record):
        rules = [TokenRule(3.0, upper=4.0), TokenRule(-1.0, every=3), TokenRule(2.0, lower=1.6, upper=3.5)]
        close, whole = self.whole(rules, record)
        for i, rule in enumerate(rules):
            for a, b in zip(whole[:-1], simulate(close, rule, record=record)[:-1], strict=True):
                np.testing.assert_array_equal(a[..., i], b)
        line = simulate(close[:, 0], tuple(rules), record=record)
        for a, b in zip(line[:-1], whole[:-1], strict=True):
            np.testing.assert_array_equal(a, b[..., 0, :])
        if record == "nav":
            out = np.empty((*close.shape, 3))
            assert simulate(close, rules, out=out).nav is out
            assert_same_bits(out, whole.nav)

    @pytest.mark.parametrize("record", ["nav", "full", "summary"])
    @pytest.mark.parametrize("shape", [(0,), (0, 3), (5, 0)])
    def test_nothing(self, record, shape):
        rule = TokenRule(3.0, upper=4.0, at="00:02")
        result = simulate(np.ones(shape), rule, time=DAYS[: shape[0]], stamp="close", record=record)
        assert result.nav.shape == (shape if record != "summary" else shape[1:])

    def test_pandas(self):
        pandas = pytest.importorskip("pandas")
        rule = TokenRule(3.0, upper=4.0, at="00:00")
        close, _ = self.whole(rule.replace(at=None))
        index = pandas.date_range("2020-01-01", periods=len(close), freq="4h", tz="Asia/Singapore")
        frame = pandas.DataFrame(close, index=index)
        ours = simulate(frame, rule, stamp="close").nav
        assert ours.index.equals(index)
        stamps = np.asarray(index, dtype="datetime64[ns]")
        assert_same_bits(ours.to_numpy(), simulate(close, rule, time=stamps, stamp="close").nav)
        series = simulate(frame[3], rule, record="full", stamp="close")
        assert series.rebalances.index.equals(index)
        assert_same_bits(series.nav.to_numpy(), ours[3].to_numpy())

    @pytest.mark.parametrize("dtype", [np.float32, np.int64, np.uint8, ">f8"])
    def test_other_number_types_are_their_doubles(self, dtype):
        close = (np.arange(100) % 17 + 20).astype(dtype)
        rule = TokenRule(3.0, upper=4.0)
        assert_same_bits(simulate(close, rule).nav, simulate(close.astype(np.float64), rule).nav)
        assert_same_bits(simulate(close.tolist(), rule).nav, simulate(close.astype(np.float64), rule).nav)


class TestState:
    @pytest.mark.parametrize("seed", range(40))
    def test_in_pieces_and_bar_by_bar(self, seed):
        close, rule, keywords = any_job(seed)
        whole = simulate(close, rule, record="full", **keywords)
        random = np.random.default_rng(seed)
        cuts = np.unique(random.integers(1, 60, 3)).tolist()
        for edges in ([0, *cuts, 60], range(61)):
            state, navs, paths = None, [], []
            for begin, end in itertools.pairwise(edges):
                piece = cut(keywords, begin, end)
                path = simulate(close[begin:end], rule, state=state, record="full", **piece)
                if len(edges) < 10:
                    navs.append(simulate(close[begin:end], rule, state=state, **piece).nav)
                paths.append(path)
                state = path.state
            for name in whole._fields[:-1]:
                np.testing.assert_array_equal(
                    np.concatenate([getattr(path, name) for path in paths]), getattr(whole, name), err_msg=name
                )
            if navs:
                assert_same_bits(np.concatenate(navs), whole.nav)
            total, state = simulate(close, rule, record="summary", **keywords), None
            for begin, end in itertools.pairwise(edges):
                piece = cut(keywords, begin, end)
                summary = simulate(close[begin:end], rule, state=state, record="summary", **piece)
                state = summary.state
            for name in ("nav", "max_drawdown", "rebalances", "wiped_out"):
                np.testing.assert_array_equal(getattr(summary, name), getattr(total, name))
            for name in ("realised_variance", "traded", "cost", "fee", "financing"):
                assert getattr(summary, name) == pytest.approx(getattr(total, name), rel=1e-13, abs=1e-15)

    @pytest.mark.parametrize("record", ["nav", "summary"])
    def test_pieces_side_by_side(self, record):
        close = 100.0 * np.exp(np.cumsum(np.random.default_rng(4).normal(0.0, 0.05, (100, 300)), axis=0))
        turned = np.ascontiguousarray(close.T)
        for rule in (
            TokenRule(3.0),
            TokenRule(3.0, every=1),
            TokenRule(-1.0, every=1, cost=0.001),
            TokenRule(3.0, lower=2.25, upper=4.125, fill="close"),
            TokenRule(3.0, lower=2.25, upper=4.125, every=3),
        ):
            whole = simulate(close, rule, record=record)
            state = other = None
            navs = []
            for begin, end in itertools.pairwise([0, 1, 9, 25, 33, 58, 59, 100]):
                piece = simulate(close[begin:end], rule, record=record, state=state)
                apart = simulate(turned[:, begin:end], rule, record=record, state=other, axis=1)
                for name in piece._fields[:-1]:
                    np.testing.assert_array_equal(
                        getattr(piece, name), getattr(apart, name).T, err_msg=f"{rule} {name}"
                    )
                state, other = piece.state, apart.state
                navs.append(piece.nav)
            if record == "nav":
                assert_same_bits(np.concatenate(navs), whole.nav)
                continue
            for name in ("nav", "max_drawdown", "rebalances", "wiped_out"):
                np.testing.assert_array_equal(getattr(piece, name), getattr(whole, name), err_msg=f"{rule} {name}")
            for name in ("realised_variance", "traded", "cost"):
                np.testing.assert_allclose(getattr(piece, name), getattr(whole, name), rtol=1e-13, atol=1e-15)

    def test_state_is_not_changed(self):
        close, rule, keywords = any_job(1)
        first = simulate(close[:30], rule, **cut(keywords, 0, 30))
        kept = first.state.values.copy()
        rest = cut(keywords, 30, None)
        a = simulate(close[30:], rule, state=first.state, **rest)
        b = simulate(close[30:], rule, state=first.state, **rest)
        assert_same_bits(a.nav, b.nav)
        np.testing.assert_array_equal(first.state.values, kept)
        assert a.state.bars == 60


seeds = st.integers(0, 10_000)


class TestProperties:
    @given(seed=seeds)
    def test_leverage_1_never_trades(self, seed):
        close, rule, keywords = any_job(seed)
        rule = TokenRule(
            1.0, every=rule.every, adverse=rule.adverse, favourable=rule.favourable, watch=rule.watch, cost=rule.cost
        )
        keywords = usable(rule, {name: keywords[name] for name in ("time", "high", "low", "open") if name in keywords})
        if rule.watch == "extremes":
            keywords = usable(rule, market(seed, 60, (0.005, 0.03, 0.1)[seed % 3])[1])
        full = simulate(close, rule, record="full", **keywords)
        assert (full.trade == 0.0).all()
        np.testing.assert_allclose(full.nav, close / close[0], rtol=1e-13)

    @given(seed=seeds)
    def test_leverage_0_is_cash(self, seed):
        close, rule, _ = any_job(seed)
        rule = TokenRule(0.0, every=rule.every, adverse=rule.adverse, cost=rule.cost)
        full = simulate(close, rule, record="full", financing=0.01, periods_per_year=100)
        np.testing.assert_allclose(full.nav, 1.0001 ** np.arange(60), rtol=1e-13)
        assert (full.exposure == 0.0).all()

    @given(seed=seeds, power=st.integers(-40, 40))
    def test_scale_of_prices_changes_nothing(self, seed, power):
        close, rule, keywords = any_job(seed)
        factor = 2.0**power
        scaled = {n: v * factor if n in ("high", "low", "open", "dividend") else v for n, v in keywords.items()}
        whole = simulate(close, rule, record="full", **keywords)
        other = simulate(close * factor, rule, record="full", **scaled)
        for a, b in zip(whole[:-1], other[:-1], strict=True):
            np.testing.assert_array_equal(a, b)
        third = {n: v * 3.1 if n in ("high", "low", "open", "dividend") else v for n, v in keywords.items()}
        other = simulate(close * 3.1, rule, record="full", **third)
        np.testing.assert_array_equal(whole.rebalances, other.rebalances)

    @given(seed=seeds, power=st.integers(-40, 40))
    def test_scale_of_money_changes_nothing(self, seed, power):
        close, rule, keywords = any_job(seed)
        whole = simulate(close, rule, **keywords)
        assert_same_bits(simulate(close, rule, initial=2.0**power, **keywords).nav, whole.nav * 2.0**power)

    @given(seed=seeds)
    def test_self_financing(self, seed):
        close, rule, keywords = any_job(seed)
        full = simulate(close, rule, record="full", **keywords)
        change = full.gain - full.cost - full.fee - full.financing
        scale = np.maximum.accumulate(np.abs(full.nav) + np.abs(full.exposure))
        assert (np.abs(np.diff(full.nav) - change[1:]) <= 1e-12 * scale[1:]).all()
        # the gain of a bar without trades is that of the units held over it
        still = (
            (full.rebalances[1:] == 0)
            & (full.nav[1:] > 0.0)
            & (np.asarray(keywords.get("dividend", np.zeros(60)))[1:] == 0)
        )
        held = full.exposure[:-1] * (close[1:] / close[:-1] - 1.0)
        assert (np.abs(held - full.gain[1:])[still] <= 1e-12 * scale[1:][still]).all()

    @given(seed=seeds, leverage=st.sampled_from([-3.0, -1.0, 0.5, 2.0, 3.0]))
    def test_band_of_no_width_is_every_bar(self, seed, leverage):
        close, _ = market(seed, 60, 0.02)
        size = abs(leverage)
        band = TokenRule(leverage, lower=size, upper=size, target="edge", cost=0.001)
        np.testing.assert_allclose(
            simulate(close, band).nav, simulate(close, TokenRule(leverage, every=1, cost=0.001)).nav, rtol=1e-10
        )

    @given(seed=seeds)
    def test_nothing_is_known_before_it_happens(self, seed):
        close, rule, keywords = any_job(seed)
        whole = simulate(close, rule, **keywords)
        known = cut(keywords, 0, 37)
        if rule.schedule is not None:
            rule = rule.replace(schedule=np.frombuffer(rule.schedule, dtype=bool)[:37])
        assert_same_bits(simulate(close[:37], rule, **known).nav, whole.nav[:37])

    @given(
        path=st.lists(
            st.floats(1.0, 1000.0) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -1.0, 1e-300, 1e300]),
            min_size=1,
            max_size=80,
        ),
        seed=seeds,
    )
    def test_hostile_paths(self, path, seed):
        _, rule, keywords = any_job(seed, bars=len(path))
        prices = np.array(path)
        keywords = keywords | {name: prices for name in ("high", "low", "open") if name in keywords}
        with np.errstate(invalid="ignore", over="ignore"):
            full = simulate(prices, rule, record="full", **keywords)
            assert_same_bits(simulate(prices, rule, **keywords).nav, full.nav)
            summary = simulate(prices, rule, record="summary", **keywords)
        bad = ~((prices > 0.0) & (prices < math.inf))
        assert np.isnan(full.nav[np.logical_or.accumulate(bad)]).all()
        assert not (full.nav < 0.0).any()
        assert summary.nav == full.nav[-1] or (math.isnan(summary.nav) and math.isnan(full.nav[-1]))


class TestLife:
    def test_wiped_out_at_its_bar(self):
        rule = TokenRule(3.0)
        prices = [100.0, 80.0, 66.0, 90.0, 100.0]
        full = simulate(prices, rule, record="full")
        np.testing.assert_allclose(full.nav, [1.0, 0.4, 0.0, 0.0, 0.0], atol=1e-15)
        summary = simulate(prices, rule, record="summary")
        assert summary.wiped_out == 2
        assert summary.max_drawdown == 1.0
        assert full.gain[2] == pytest.approx(-full.nav[1], rel=1e-14)

    def test_extremes_wipe_out_what_closes_do_not(self):
        prices, low = [100.0, 90.0, 95.0], [100.0, 60.0, 90.0]
        keywords = {"high": [100.0, 100.0, 96.0], "low": low, "record": "summary"}
        assert simulate(prices, TokenRule(3.0), record="summary").wiped_out == 3
        assert simulate(prices, TokenRule(3.0, watch="extremes"), **keywords).wiped_out == 1
        saved = simulate(prices, TokenRule(3.0, upper=4.0, watch="extremes"), **keywords)
        assert saved.wiped_out == 3
        # at 88.89, 79.01, 70.23 and 62.43
        assert saved.rebalances == 4

    def test_several_triggers_in_a_bar(self):
        # every trigger at 4x loses a third, so n of them leave (2/3)^n at prices (8/9)^n
        price = 100.0 * (8 / 9) ** 5
        full = simulate([100.0, price], TokenRule(3.0, upper=4.0), record="full")
        assert full.rebalances[1] == 5
        assert full.nav[1] == pytest.approx((2 / 3) ** 5, rel=1e-13)

    def test_nan_is_quiet_and_no_price_is_not(self):
        with np.errstate(all="raise"):
            nav = simulate([100.0, math.nan, 100.0], TokenRule(3.0, upper=4.0)).nav
        assert np.isnan(nav[1:]).all()
        for price in (0.0, -1.0, math.inf):
            with pytest.warns(RuntimeWarning, match="invalid"):
                nav = simulate([100.0, price, 100.0], TokenRule(3.0, upper=4.0)).nav
            assert np.isnan(nav[1:]).all()
            with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
                simulate([price, 100.0], TokenRule(3.0))

    def test_inputs_are_not_changed(self):
        close, rule, keywords = any_job(11)
        keywords.pop("stamp")
        rule = rule.replace(at=None, every=1, paid_at=None) if rule.at or rule.paid_at else rule
        keywords = {name: value for name, value in keywords.items() if name in ("time", "financing", "funding")}
        rule = rule.replace(watch="close", fill="close")
        copies = {name: value.copy() for name, value in keywords.items()}
        for array in (close, *keywords.values()):
            array.flags.writeable = False
        simulate(close, rule, record="full", **keywords)
        for name, value in copies.items():
            np.testing.assert_array_equal(keywords[name], value)

    def test_changes_of_leverage(self):
        # UVXY: 2x until 2018-02-27, 1.5x from 2018-02-28
        time = np.arange("2018-02-23", "2018-03-05", dtype="datetime64[D]")
        price = 100.0 * 1.1 ** np.arange(10)
        rule = TokenRule(2.0, every=1, changes=(("2018-02-28", 1.5),))
        full = simulate(price, rule, time=time, record="full")
        np.testing.assert_allclose(full.leverage, np.where(time < np.datetime64("2018-02-28"), 2.0, 1.5), rtol=1e-14)
        np.testing.assert_allclose(full.nav, np.cumprod([1.0, *[1.2] * 5, *[1.15] * 4]), rtol=1e-13)
        assert simulate(price, rule, time=time + np.timedelta64(99, "D"), record="full").leverage[0] == 1.5

    def test_merges_and_splits(self):
        # MEXC, KuCoin: ten into one under 0.1; Pionex: 1000 at 0.03 become 20 at 1.5
        price = 100.0 * np.array([1.0, 0.7, 0.7, 0.49, 0.6])
        rule = TokenRule(1.0, merge_below=0.6)
        full = simulate(price, rule, record="full")
        np.testing.assert_allclose(full.quoted, [1.0, 0.7, 0.7, 4.9, 6.0])
        np.testing.assert_allclose(full.nav, price / 100.0)
        fifty = simulate([1.0, 0.03], TokenRule(1.0, merge_below=0.05, merge=50), record="full")
        assert fifty.quoted[1] == pytest.approx(1.5)
        time = np.arange("2020-01-01", "2020-01-06", dtype="datetime64[D]")
        split = TokenRule(1.0, splits=(("2020-01-02", 2.0), ("2020-01-04", 0.1)))
        quoted = simulate(price, split, time=time, record="full").quoted
        np.testing.assert_allclose(quoted, price / 100.0 / [1.0, 2.0, 2.0, 0.2, 0.2])

    def test_flows(self):
        rule = TokenRule(3.0, every=1, subscription=0.01, redemption=0.02)
        full = simulate([100.0] * 5, rule, flow=[0.0, 1.0, 0.0, -0.5, -9.0], record="full", initial=2.0)
        np.testing.assert_allclose(full.nav, 2.0)
        np.testing.assert_allclose(full.tokens, [1.0, 1.495, 1.495, 1.245, 0.0], atol=1e-15)
        np.testing.assert_allclose(full.flow_trade, [0.0, 2.97, 0.0, -1.5, -7.47])
        np.testing.assert_allclose(full.flow_fee, [0.0, 0.01, 0.0, 0.01, 0.0498])


class TestClocks:
    """When a time of day comes within a bar, and what times label."""

    HOURS = np.arange("2020-01-01T00", "2020-01-03T00", 4, dtype="datetime64[h]")

    def rebalanced(self, rule, time=None, **keywords):
        time = self.HOURS if time is None else time
        close = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, len(time))))
        full = simulate(close, rule, time=time, record="full", **keywords)
        return np.flatnonzero(full.rebalances).tolist(), full

    def test_a_close_answers_for_half_a_bar_after_it(self):
        # closes at 00, 04, ...: 00:02 is nearest to the one of 00:00, 02:00 to the later one, 21:59 to 20:00
        for at, bars in (("00:02", [6]), ("01:59", [6]), ("02:00", [1, 7]), ("21:59", [5, 11]), ("22:00", [6])):
            assert self.rebalanced(TokenRule(3.0, at=at), stamp="close")[0] == bars

    def test_labels_of_opens_are_a_bar_earlier(self):
        # the bar that is labelled 20:00 closes at midnight
        assert self.rebalanced(TokenRule(3.0, at="00:02"), stamp="open")[0] == [5, 11]

    def test_the_open_is_nearer(self):
        start = np.linspace(90.0, 110.0, 12)
        bars, full = self.rebalanced(TokenRule(3.0, at="00:02"), open=start)
        assert bars == [6]
        # traded at the open of the bar that begins at midnight: 3x of the NAV there
        nav = full.nav[5] + full.exposure[5] * (start[6] / self.close(5) - 1.0)
        assert full.exposure[6] == pytest.approx(3.0 * nav * self.close(6) / start[6], rel=1e-13)
        assert self.rebalanced(TokenRule(3.0, at="02:00"), open=start)[0] == [6]
        full = self.rebalanced(TokenRule(3.0, at="02:00"), open=start)[1]
        assert full.leverage[6] == pytest.approx(3.0, rel=1e-14)

    def close(self, bar):
        return 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.01, 12)))[bar]

    def test_a_gap_does_not_make_bars_longer(self):
        # an outage of 32 hours: what came in it is done at the first price after it
        time = np.concatenate([self.HOURS[:5], self.HOURS[5:] + np.timedelta64(28, "h")])
        assert self.rebalanced(TokenRule(3.0, at="12:00"), time=time, stamp="close")[0] == [3, 5, 8]

    @pytest.mark.parametrize(("day", "utc"), [("2021-01-15", 21), ("2021-07-15", 20), ("2021-03-15", 20)])
    def test_16_new_york(self, day, utc):
        time = np.datetime64(day) + np.arange(24) * np.timedelta64(1, "h")
        rule = TokenRule(3.0, at="16:00", zone="America/New_York")
        assert self.rebalanced(rule, time=time, stamp="close")[0] == [utc]

    @pytest.mark.parametrize(("day", "utc"), [("2021-01-15", 16), ("2021-07-15", 15)])
    def test_amun_17_cet(self, day, utc):
        time = np.datetime64(day) + np.arange(24) * np.timedelta64(1, "h")
        rule = sg.venues.amun.token(3).replace(adverse=None)
        assert self.rebalanced(rule, time=time, stamp="close")[0] == [utc]

    def test_a_year_of_days_in_a_zone(self):
        # 364 days between, one of 23 and one of 25 hours: a rebalance on each
        time = np.arange("2021-01-01", "2022-01-01", dtype="datetime64[h]")
        assert len(self.rebalanced(TokenRule(3.0, at="02:30", zone="Europe/Paris"), time=time, stamp="close")[0]) == 365

    def test_expense_of_each_day_in_a_zone(self):
        time = np.arange("2021-01-01", "2022-01-01", dtype="datetime64[h]")
        rule = TokenRule(1.0, expense=0.365, paid_at="16:00", zone="America/New_York")
        nav = simulate(np.full(len(time), 100.0), rule, time=time, stamp="close").nav
        assert nav[-1] == pytest.approx(0.999**365, rel=1e-12)

    def test_a_trigger_beyond_which_a_bar_opens_is_filled_there(self):
        # 4x is at 88.89; the bar opens at 80: NAV 1 - 3 * 0.2 = 0.4, and 3x of that
        rule = TokenRule(3.0, upper=4.0)
        prices = [100.0, 84.0]
        gap = simulate(prices, rule, open=[100.0, 80.0], record="full")
        assert gap.nav[1] == pytest.approx(0.4 * (1.0 + 3.0 * 0.05), rel=1e-14)
        # without the open it is filled at its own price
        smooth = simulate(prices, rule, record="full")
        assert smooth.nav[1] == pytest.approx(2 / 3 * (1.0 + 3.0 * (84.0 / (800.0 / 9.0) - 1.0)), rel=1e-13)
        # an open inside changes nothing
        np.testing.assert_allclose(simulate(prices, rule, open=[100.0, 99.0]).nav, smooth.nav, rtol=1e-14)
        # wiped out over night
        assert simulate([100.0, 90.0], rule, open=[100.0, 66.0], record="summary").wiped_out == 1

    def test_times_in_any_form(self):
        pandas = pytest.importorskip("pandas")
        rule = TokenRule(3.0, at="00:02", expense=0.1)
        stamps = self.HOURS.astype("datetime64[ms]").astype(np.int64)
        expected = self.rebalanced(rule, stamp="open")[1].nav
        for time in (stamps, stamps // 1000, [str(at) for at in self.HOURS], pandas.DatetimeIndex(self.HOURS)):
            assert_same_bits(self.rebalanced(rule, time=time, stamp="open")[1].nav, expected)


class TestRates:
    def test_a_year_of_financing(self):
        # 3x on a price that stands still for a year of 365 days pays 4 % on the 2x that it borrows, once
        time = np.array(["2021-01-01", "2022-01-01"], dtype="datetime64[D]")
        nav = simulate([100.0, 100.0], TokenRule(3.0), time=time, financing=0.04).nav
        assert nav[1] == pytest.approx(1.0 - 2.0 * 0.04, rel=1e-14)
        assert simulate([100.0, 100.0], TokenRule(3.0), periods_per_year=1, financing=0.04).nav[1] == nav[1]

    def test_periods_and_lengths(self):
        close, _ = market(3, 253, 0.01)
        time = np.datetime64("2021-01-01") + np.arange(253) * np.timedelta64(1, "D")
        rule = TokenRule(3.0, every=1, expense=0.0095, spread=0.004)
        by_time = simulate(close, rule, time=time, financing=0.04).nav
        by_count = simulate(close, rule, periods_per_year=365, financing=0.04).nav
        np.testing.assert_allclose(by_time, by_count, rtol=1e-13)
        assert_same_bits(simulate(close, rule, time=time, periods_per_year=365, financing=0.04).nav, by_count)
        # the first of n rates is not used
        rates = np.full(253, 0.04)
        rates[0] = 99.0
        assert_same_bits(simulate(close, rule, time=time, financing=rates).nav, by_time)

    @pytest.mark.parametrize(
        ("rule", "keywords", "name"),
        [
            (TokenRule(3.0, expense=0.01), {}, "expense"),
            (TokenRule(3.0, spread=0.01), {}, "spread"),
            (TokenRule(3.0), {"financing": 0.04}, "financing"),
        ],
    )
    def test_rates_need_time(self, rule, keywords, name):
        with pytest.raises(ValueError, match=f"^{name} is a rate a year: give the bars' times"):
            simulate(SIX, rule, **keywords)


class TestTokens:
    def test_after_a_full_redemption_nothing_is_left(self):
        flow = [0.0, -5.0, 0.0, -1.0]
        whole = simulate([100.0] * 4, TokenRule(1.0), flow=flow, record="full")
        assert whole.tokens.tolist() == [1.0, 0.0, 0.0, 0.0]
        state, tokens = None, []
        for money in flow:
            piece = simulate([100.0], TokenRule(1.0), flow=[money], record="full", state=state)
            tokens += piece.tokens.tolist()
            state = piece.state
        assert tokens == [1.0, 0.0, 0.0, 0.0]

    def test_money_comes_back(self):
        full = simulate([100.0] * 3, TokenRule(1.0), flow=[0.0, -5.0, 2.0], record="full")
        assert full.tokens.tolist() == [1.0, 0.0, 2.0]

    def test_pieces_with_merges_splits_and_flows(self):
        random = np.random.default_rng(5)
        close = 100.0 * np.exp(np.cumsum(random.normal(-0.05, 0.2, 60)))
        time = np.datetime64("2020-01-01") + np.arange(60) * np.timedelta64(1, "D")
        flow = np.where(random.random(60) < 0.3, random.normal(0.0, 0.3, 60), 0.0)
        splits = (("2020-01-10", 3.0), ("2020-02-01", 0.5))
        rule = TokenRule(2.0, upper=2.5, merge_below=0.3, splits=splits, subscription=0.001, redemption=0.002)
        whole = simulate(close, rule, time=time, flow=flow, record="full")
        assert len(np.unique(np.round(whole.quoted / whole.nav, 6))) > 3
        state, pieces = None, []
        for begin, end in itertools.pairwise([0, 1, 9, 10, 11, 31, 32, 60]):
            at = slice(begin, end)
            piece = simulate(close[at], rule, time=time[at], flow=flow[at], record="full", state=state)
            pieces.append(piece)
            state = piece.state
        for name in whole._fields[:-1]:
            np.testing.assert_array_equal(np.concatenate([getattr(p, name) for p in pieces]), getattr(whole, name))

    def test_the_fee_of_a_rebalance_in_pieces_is_paid_once(self):
        rule = TokenRule(3.0, every=10, largest=0.1, rebalance_fee=0.01, cooldown=1)
        close = 100.0 * np.linspace(1.0, 1.3, 20)
        full = simulate(close, rule, record="full")
        assert full.rebalances.sum() > 3
        assert np.count_nonzero(full.fee) == 1


class TestNames:
    def test_columns_are_rules(self):
        pandas = pytest.importorskip("pandas")
        close, _ = market(2, 30, 0.02)
        series = pandas.Series(close, index=pandas.date_range("2020-01-01", periods=30))
        bull, bear = TokenRule(3.0, every=1, name="bull"), TokenRule(-3.0, every=1, name="bear")
        for rules in ([bull, bear], {"bull": bull.replace(name=""), "bear": bear.replace(name="")}):
            nav = simulate(series, rules).nav
            assert list(nav.columns) == ["bull", "bear"]
            assert nav.index.equals(series.index)
            np.testing.assert_array_equal(nav["bear"], simulate(close, bear).nav)
            total = simulate(series, rules, record="summary").nav
            assert total["bull"] == nav["bull"].iloc[-1]
        frame = pandas.DataFrame({"BTC": close, "ETH": close[::-1]}, index=series.index)
        nav = simulate(frame, [bull, bear]).nav
        np.testing.assert_array_equal(nav["ETH", "bear"], simulate(close[::-1], bear).nav)
        assert list(simulate(frame, bull, record="summary").nav.index) == ["BTC", "ETH"]


class TestRule:
    def test_immutable_and_hashable(self):
        rule = TokenRule(3, upper=4, at="00:02", schedule=None, splits=[("2020-01-01", 2)])
        assert hash(rule) == hash(TokenRule(3.0, upper=4.0, at=["00:02"], splits=(("2020-01-01", 2.0),)))
        assert rule == pickle.loads(pickle.dumps(rule))
        assert rule != rule.replace(upper=5.0)
        with pytest.raises(dataclasses.FrozenInstanceError):
            rule.upper = 3.0
        assert type(rule.leverage) is float
        assert TokenRule(1.0, schedule=[True, False]).schedule == b"\1\0"

    def test_defaults_of_fill(self):
        assert TokenRule(3.0).fill == "trigger"
        assert TokenRule(3.0, upper=4.0, target="edge").fill == "close"
        assert TokenRule(3.0, largest=0.1).fill == "close"


SIX = [100.0, 101.0, 102.0, 103.0, 104.0, 105.0]
RULE = TokenRule(3.0, upper=4.0)
DAYS = np.arange("2020-01-01", "2020-01-07", dtype="datetime64[D]")
NO_EXTREMES = "high is needed, and low: the rule watches extremes"
NO_TIME = (
    "{} is a rate a year: give the bars' times by time=, or how many there are in a year by periods_per_year= (252 for "
    "trading days, 365 for days, 8760 for hours)"
)
WRONG_CALLS = [
    (lambda: TokenRule("3"), TypeError, "leverage must be a number, got '3'"),
    (lambda: TokenRule(True), TypeError, "leverage must be a number, got True"),
    (lambda: TokenRule(math.nan), ValueError, "leverage must be a finite number, got nan"),
    (lambda: TokenRule(math.inf), ValueError, "leverage must be a finite number, got inf"),
    (lambda: TokenRule(3.0, upper=2.5), ValueError, "upper must be more than abs(leverage) = 3.0, got 2.5"),
    (lambda: TokenRule(-3.0, lower=3.0), ValueError, "lower must be less than abs(leverage) = 3.0, got 3.0"),
    (lambda: TokenRule(3.0, lower=-1.0), ValueError, "lower must be a number > 0, got -1.0"),
    (
        lambda: TokenRule(3.0, lower=3.5, fill="close"),
        ValueError,
        "lower must be no more than abs(leverage) = 3.0, got 3.5",
    ),
    (
        lambda: TokenRule(3.0, upper=2.0, fill="close"),
        ValueError,
        "upper must be no less than abs(leverage) = 3.0, got 2.0",
    ),
    (
        lambda: TokenRule(1025.0, upper=1026.0 + 0.0625),
        ValueError,
        "upper must be a price move of at least 1e-05 away, got one of 1.0e-06",
    ),
    (lambda: TokenRule(3.0, adverse=1e-9), ValueError, "adverse must be at least 0.0001, got 1e-09"),
    (lambda: TokenRule(3.0, favourable=-0.1), ValueError, "favourable must be a number > 0, got -0.1"),
    (lambda: TokenRule(3.0, watch="low"), ValueError, "watch must be one of 'close', 'extremes', got 'low'"),
    (lambda: TokenRule(3.0, target="x"), ValueError, "target must be one of 'constant', 'edge', 'recentred', got 'x'"),
    (lambda: TokenRule(3.0, fill="x"), ValueError, "fill must be one of 'trigger', 'close', 'open', got 'x'"),
    (lambda: TokenRule(3.0, every=0), ValueError, "every must be at least 1, got 0"),
    (lambda: TokenRule(3.0, every=1.5), TypeError, "every must be an integer, got 1.5"),
    (lambda: TokenRule(3.0, at="24:00"), ValueError, "at must be a time of day such as '00:02', got '24:00'"),
    (lambda: TokenRule(3.0, at=[2]), ValueError, "at must be a time of day such as '00:02', got 2"),
    (lambda: TokenRule(3.0, paid_at="1:00"), ValueError, "paid_at must be a time of day such as '00:02', got '1:00'"),
    (lambda: TokenRule(3.0, every=1, at="00:00"), ValueError, "every and at are two clocks: give one"),
    (
        lambda: TokenRule(3.0, schedule=[1, 0]),
        ValueError,
        "schedule must be boolean, one per bar, got dtype int64 of 1 dimensions",
    ),
    (
        lambda: TokenRule(3.0, dead_band=(2.0, 4.0)),
        ValueError,
        "dead_band is for a clock, and there is none: give every, at or schedule",
    ),
    (lambda: TokenRule(3.0, every=1, dead_band=3.0), TypeError, "dead_band must be two numbers, got 3.0"),
    (
        lambda: TokenRule(3.0, every=1, dead_band=(4.0, 2.0)),
        ValueError,
        "dead_band must be two numbers >= 0 that ascend, got (4.0, 2.0)",
    ),
    (lambda: TokenRule(3.0, every=1, dead_move=-1.0), ValueError, "dead_move must be a number >= 0, got -1.0"),
    (
        lambda: TokenRule(3.0, upper=4.0, target="edge", fill="trigger"),
        ValueError,
        "target 'edge' cannot be filled at the trigger: give fill='close' or 'open'",
    ),
    (lambda: TokenRule(3.0, target="edge"), ValueError, "target 'edge' needs lower or upper"),
    (
        lambda: TokenRule(3.0, largest=0.1, fill="open"),
        ValueError,
        "pieces of at most largest are traded at closes: fill must be 'close', got 'open'",
    ),
    (lambda: TokenRule(3.0, speed=0.5), ValueError, "speed, minimum and maximum are of the target 'recentred'"),
    (
        lambda: TokenRule(3.0, target="recentred", minimum=3.0, maximum=2.0),
        ValueError,
        "minimum must be at most maximum, got 3.0 and 2.0",
    ),
    (lambda: TokenRule(3.0, target="recentred", speed=1.5), ValueError, "speed must be between 0 and 1, got 1.5"),
    (lambda: TokenRule(3.0, largest=0.0), ValueError, "largest must be a number > 0, got 0.0"),
    (lambda: TokenRule(3.0, cooldown=0, largest=0.1), ValueError, "cooldown must be at least 1, got 0"),
    (lambda: TokenRule(3.0, cost=-0.1), ValueError, "cost must be a fraction >= 0 and less than 1, got -0.1"),
    (
        lambda: TokenRule(3.0, cost=0.5),
        ValueError,
        "slippage and cost times the largest leverage must be less than 1, got 1.5",
    ),
    (lambda: TokenRule(3.0, expense=1.0), ValueError, "expense must be a fraction >= 0 and less than 1, got 1.0"),
    (lambda: TokenRule(3.0, spread=-1.0), ValueError, "spread must be a number >= 0, got -1.0"),
    (lambda: TokenRule(3.0, merge=1), ValueError, "merge must be at least 2, got 1"),
    (lambda: TokenRule(3.0, merge_below=0.0), ValueError, "merge_below must be a number > 0, got 0.0"),
    (lambda: TokenRule(3.0, changes=[3.0]), TypeError, "changes[0] must be a time and a number, got 3.0"),
    (
        lambda: TokenRule(3.0, changes=[("2020-01-02", 1.0), ("2020-01-01", 2.0)]),
        ValueError,
        "changes[1] must be later than the one before, got '2020-01-01'",
    ),
    (
        lambda: TokenRule(3.0, upper=4.0, changes=[("2020-01-02", 5.0)]),
        ValueError,
        "upper must be more than abs(leverage) = 5.0, got 4.0",
    ),
    (
        lambda: TokenRule(3.0, splits=[("2020-01-02", 0.0)]),
        ValueError,
        "splits[0] must be of a ratio > 0, got 0.0",
    ),
    (
        lambda: TokenRule(3.0, changes=[("2020-01-02", math.inf)]),
        ValueError,
        "changes[0] must be of a finite number, got inf",
    ),
    (lambda: TokenRule(3.0, name=3), TypeError, "name must be a string, got int"),
    (
        lambda: simulate(SIX, 3.0),
        TypeError,
        "rule must be a TokenRule, got 3.0: write TokenRule(3.0, every=1) for one that is rebalanced at every bar, or "
        "sg.venues.proshares.token(3.0) and the like for real products",
    ),
    (lambda: simulate(SIX, "3x"), TypeError, "rule must be a TokenRule, got str"),
    (lambda: simulate(SIX, {"bull": 3}), TypeError, "rule['bull'] must be a TokenRule, got int"),
    (lambda: simulate(SIX, [RULE, None]), TypeError, "rule[1] must be a TokenRule, got NoneType"),
    (lambda: simulate(SIX, []), ValueError, "rule must be one TokenRule or more, got none"),
    (lambda: simulate("up", RULE), TypeError, "price must be a number or an array of numbers, got 'up'"),
    (lambda: simulate(3.0, RULE), ValueError, "price must have at least one dimension"),
    (lambda: simulate(SIX, RULE, axis=1), ValueError, "axis 1 is out of bounds for price of 1 dimension"),
    (lambda: simulate(SIX, RULE, record="x"), ValueError, "record must be one of 'nav', 'full', 'summary', got 'x'"),
    (
        lambda: simulate(SIX, RULE, financing=[0.1]),
        ValueError,
        "financing has length 1 along the time axis, price has 6",
    ),
    (
        lambda: simulate(SIX, RULE, financing="x"),
        TypeError,
        "financing must be a number or an array of numbers, got 'x'",
    ),
    (
        lambda: simulate(SIX, RULE, dividend=np.ones((6, 1))),
        ValueError,
        "dividend must be a number or one per bar, got shape (6, 1)",
    ),
    (lambda: simulate(SIX, RULE, funding=[0.1]), ValueError, "funding has length 1 along the time axis, price has 6"),
    (
        lambda: simulate(SIX, RULE, flow=1.0),
        ValueError,
        "flow changes no NAV but the number of tokens: it needs record='full'",
    ),
    (
        lambda: simulate(SIX, RULE, flow=[1.0], record="full"),
        ValueError,
        "flow has length 1 along the time axis, price has 6",
    ),
    (
        lambda: simulate(SIX, RULE, flow=np.ones((6, 1)), record="full"),
        ValueError,
        "flow has shape (6, 1), price has (6,): give a number, one per bar, or one per element",
    ),
    (lambda: simulate(SIX, RULE, initial=0.0), ValueError, "initial must be > 0, got 0.0"),
    (
        lambda: simulate(SIX, RULE, initial=[1.0, 2.0]),
        ValueError,
        "initial of shape (2,) does not broadcast with paths of shape ()",
    ),
    (lambda: simulate(SIX, RULE.replace(at="00:00")), ValueError, "time is needed: the rule goes by the calendar"),
    (lambda: simulate(SIX, RULE.replace(expense=0.01)), ValueError, NO_TIME.format("expense")),
    (lambda: simulate(SIX, RULE, time=DAYS[:5]), ValueError, "time has length 5 along the time axis, price has 6"),
    (
        lambda: simulate(SIX, RULE, time=DAYS[::-1]),
        ValueError,
        "time[1] must be later than time[0], got 2020-01-05 after 2020-01-06",
    ),
    (
        lambda: simulate(SIX, RULE, time=SIX),
        ValueError,
        "time[0] must be a time, got 100.0: write datetime64 or ISO text; a number must be s, ms, us or ns since 1970, "
        "between 1990 and 2100",
    ),
    (
        lambda: simulate(SIX, RULE, time=DAYS.reshape(2, 3)),
        ValueError,
        "time must have one dimension, got shape (2, 3)",
    ),
    (
        lambda: simulate(SIX, RULE, time=np.array(["2020-01-01", "NaT"], dtype="datetime64[D]").repeat(3)),
        ValueError,
        "time[3] must be a time, got NaT",
    ),
    (lambda: simulate(SIX, RULE.replace(watch="extremes")), ValueError, NO_EXTREMES),
    (
        lambda: simulate(SIX, RULE.replace(watch="extremes"), high=SIX, low=SIX[:3]),
        ValueError,
        "low has shape (3,), price has (6,)",
    ),
    (
        lambda: simulate(SIX, RULE.replace(at="00:02"), time=DAYS),
        ValueError,
        "stamp is needed, since the rule goes by a time of day: stamp='close' if time is when each price held, "
        "stamp='open' if it is when its bar began, as in the candles of exchanges",
    ),
    (lambda: simulate(SIX, RULE, stamp="open"), ValueError, "stamp tells what time labels, and there is no time"),
    (lambda: simulate(SIX, RULE, time=DAYS, stamp="x"), ValueError, "stamp must be one of 'open', 'close', got 'x'"),
    (
        lambda: simulate(SIX, TokenRule(3.0, every=1), high=SIX, low=SIX),
        ValueError,
        "high and low are given, but no trigger watches them: leave them out",
    ),
    (
        lambda: simulate(SIX, RULE.replace(watch="close"), high=SIX, low=SIX),
        ValueError,
        "high and low are given, but no trigger watches them: leave them out",
    ),
    (lambda: simulate(SIX, RULE, high=SIX), ValueError, "low is needed: high is given, and they go together"),
    (
        lambda: simulate(SIX, TokenRule(3.0, every=1), open=SIX),
        ValueError,
        "open is given, but nothing looks at it: no trigger, no time of day, and no fill at the open: leave it out",
    ),
    (lambda: simulate(SIX, RULE, periods_per_year=0), ValueError, "periods_per_year must be > 0, got 0"),
    (lambda: simulate(SIX, RULE, periods_per_year="252"), TypeError, "periods_per_year must be a number, got '252'"),
    (
        lambda: TokenRule(3.0, zone="New York"),
        ValueError,
        "zone must be a zone that this system knows, such as 'America/New_York', got 'New York' (where a system has no "
        "zones, pip install tzdata)",
    ),
    (lambda: TokenRule(3.0, zone=5), TypeError, "zone must be the name of a zone such as 'America/New_York', got 5"),
    (lambda: simulate(SIX, RULE.replace(fill="open")), ValueError, "open is needed: the rule fills at the next open"),
    (
        lambda: simulate(SIX, TokenRule(3.0, schedule=[True])),
        ValueError,
        "schedule has length 1 along the time axis, price has 6",
    ),
    (lambda: simulate(SIX, RULE, out=[1.0]), TypeError, "out must be an array, got list"),
    (lambda: simulate(SIX, RULE, out=np.empty(5)), ValueError, "out has shape (5,), the result has (6,)"),
    (
        lambda: simulate(SIX, RULE, out=np.empty(6, dtype=int)),
        TypeError,
        "out must be an array that takes float64, got dtype int64",
    ),
    (lambda: simulate(SIX, RULE, out=np.empty(6), record="full"), ValueError, "out is for record='nav'"),
    (lambda: simulate(SIX, RULE, state=3), TypeError, "state must be a TokenState, got int"),
    (
        lambda: simulate(SIX, [RULE, RULE], state=simulate(SIX, RULE).state),
        ValueError,
        "state is of (1, 1) rules and paths, this call of (2, 1)",
    ),
    (
        lambda: simulate(SIX, RULE, state=simulate(SIX, RULE).state, record="full"),
        ValueError,
        "state is of record='nav', which has not kept what record='full' needs: run both alike",
    ),
    (
        lambda: simulate(SIX, RULE, time=DAYS, state=simulate(SIX, RULE, time=DAYS).state),
        ValueError,
        "time[0] must be later than that of the state",
    ),
]  # fmt: skip


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)


FINGERPRINT = """
import sys, hashlib
import numpy as np
import test_token as jobs
found = hashlib.sha256()
for seed in range(60):
    close, rule, keywords = jobs.any_job(seed)
    for record in ("nav", "full", "summary"):
        for part in jobs.simulate(close, rule, record=record, **keywords)[:-1]:
            found.update(np.ascontiguousarray(np.asarray(part) + 0.0).tobytes())
wide = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.05, (33, 300)), axis=0))
for rule in (jobs.TokenRule(3.0, every=1, cost=1e-3), jobs.TokenRule(3.0, lower=2.25, upper=4.125)):
    for record in ("nav", "summary"):
        for part in jobs.simulate(wide, rule, record=record)[:-1]:
            found.update(np.ascontiguousarray(np.asarray(part) + 0.0).tobytes())
print(found.hexdigest(), jobs.sg.show_config("dict")["cpu"])
"""


def test_same_bits_on_every_processor():
    runs = dispatch.LEVELS[: dispatch.LEVELS.index(dispatch.supported) + 1]
    levels = [level for level in dispatch.available() if level in runs]
    if len(levels) < 2:
        pytest.skip(f"one build only runs here: {', '.join(levels)}")
    answers = set()
    for level in levels:
        answer = subprocess.run(
            [sys.executable, "-c", FINGERPRINT],
            env=environment(level, Path(__file__).parent),
            capture_output=True,
            text=True,
            check=True,
            timeout=120,
        )
        found, cpu = answer.stdout.split()
        assert cpu == level
        answers.add(found)
    assert len(answers) == 1
