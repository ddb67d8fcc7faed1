"""Quanto positions: the hedge that keeps their risk constant, and the worked page."""

import doctest
import math
import re
import runpy
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from listed import ETHUSD, XBTUSD

import shortgamma as sg
from shortgamma.contracts import Contract

hedge_of = sg.liquidation.constant_risk_hedge
DOCS = Path(__file__).resolve().parents[2] / "docs"


class TestHedge:
    def test_after_a_rise_of_the_coin_by_a_quarter(self):
        # the short loses 1.25 times what the unadjusted hedge gains
        found = hedge_of([200.0, 200.0, 250.0], [10_000.0, 12_500.0, 12_500.0], -100, contract=ETHUSD)
        assert found.hedge == pytest.approx([1.0, 1.25, 1.25], rel=1e-15)
        assert found.trade == pytest.approx([1.0, 0.25, 0.0], rel=1e-15)
        unadjusted = found.hedge[0] * 50.0
        assert found.quanto[2] / unadjusted == pytest.approx(-1.25, rel=1e-15)
        assert found.total == pytest.approx([0.0, 0.0, 0.0], abs=1e-13)

    @pytest.mark.parametrize("quantity", [-300.0, 70.0])
    def test_against_exact_fractions(self, quantity):
        rng = np.random.default_rng(1)
        mark = 200.0 * np.exp(np.cumsum(rng.normal(0.0, 0.05, 60)))
        coin = 10_000.0 * np.exp(np.cumsum(rng.normal(0.0, 0.05, 60)))
        found = hedge_of(mark, coin, quantity, contract=ETHUSD, fee=0.001)
        size = Fraction(quantity) * Fraction(ETHUSD.multiplier)
        price, worth = [Fraction(x) for x in mark.tolist()], [Fraction(x) for x in coin.tolist()]
        total = before = Fraction(0)
        for t in range(60):
            hedge = -size * worth[t]
            # the hedge is X_t / X_0 of what it was, and what remains is the product of both moves
            assert float(hedge / (-size * worth[0])) == pytest.approx(found.hedge[t] / found.hedge[0], rel=1e-14)
            if t:
                total += size * (price[t] - price[t - 1]) * (worth[t] - worth[t - 1])
            total -= Fraction(0.001) * abs(hedge - before) * price[t]
            before = hedge
            assert found.hedge[t] == pytest.approx(float(hedge), rel=1e-14)
            assert found.total[t] == pytest.approx(float(total), rel=1e-11)
        assert found.trade.sum() == pytest.approx(found.hedge[-1], rel=1e-12)

    def test_it_is_bought_high_and_sold_low(self):
        up = hedge_of([200.0, 220.0, 200.0], [10_000.0, 11_000.0, 10_000.0], -100, contract=ETHUSD)
        assert up.trade[1] > 0.0 > up.trade[2]
        assert (np.diff(up.total) < 0.0).all()
        # where the coin falls as the underlying rises, the same hedge gains
        other = hedge_of([200.0, 220.0, 200.0], [10_000.0, 9_000.0, 10_000.0], -100, contract=ETHUSD)
        assert (np.diff(other.total) > 0.0).all()
        # and a long of what a short loses
        long = hedge_of([200.0, 220.0, 200.0], [10_000.0, 11_000.0, 10_000.0], 100, contract=ETHUSD)
        np.testing.assert_array_equal(long.total, -up.total)

    def test_the_cost_a_year(self):
        """0.85 x 0.8 x 0.8 = 54.4 % of the value of the position."""
        rng = np.random.default_rng(2)
        paths, steps = 40, 10_000
        z = rng.standard_normal((2, steps, paths))
        mark, coin = (
            np.exp(np.vstack([np.zeros((1, paths)), np.cumsum(0.8 / math.sqrt(steps) * w - 0.32 / steps, axis=0)]))
            for w in (z[0], 0.85 * z[0] + math.sqrt(1.0 - 0.85**2) * z[1])
        )
        found = hedge_of(200.0 * mark, 10_000.0 * coin, -100, contract=ETHUSD)
        value = 0.0001 * 200.0 * 10_000.0 * (mark * coin)[:-1]
        rate = -found.total[-1].sum() / value.mean(axis=0).sum()
        deviation = 0.64 * math.sqrt(1.0 + 0.85**2) * np.sqrt((value**2).sum()) / value.sum()
        assert abs(rate - 0.544) <= 3.0 * deviation + 2e-4
        assert deviation < 0.005

    def test_paths_broadcast(self):
        mark = np.array([[200.0], [210.0]]) * np.ones((2, 3))
        found = hedge_of(mark, np.array([[10_000.0], [9_000.0]]), [-100, 0, 50], contract=ETHUSD)
        assert found.total.shape == (2, 3)
        assert found.hedge[:, 0] == pytest.approx([1.0, 0.9], rel=1e-15)
        assert (found.hedge[:, 1] == 0.0).all()

    def test_what_is_not_known_is_not_known(self):
        found = hedge_of([200.0, math.nan, 210.0, 220.0], [1.0, 1.0, 1.0, 1.0], -100, contract=ETHUSD)
        assert np.isnan(found.total).tolist() == [False, True, True, True]

    @pytest.mark.parametrize(
        ("changed", "error", "message"),
        [
            ({"contract": XBTUSD}, ValueError, "contract must be quanto, got an inverse one"),
            ({"contract": 3}, TypeError, "contract must be a Contract, got int"),
            ({"mark": [200.0, 0.0]}, ValueError, "mark[1] must be a finite number > 0, got 0.0"),
            ({"mark": 200.0}, ValueError, "mark must have at least one dimension"),
            (
                {"fx": [-1.0, 1.0]},
                ValueError,
                "fx[0] must be a finite number > 0, got -1.0",
            ),
            (
                {"fx": [1.0, 1.0, 1.0]},
                ValueError,
                "fx of shape (3,) does not broadcast with mark of shape (2,)",
            ),
            ({"quantity": "all"}, TypeError, "quantity must be a number or an array of numbers, got 'all'"),
            ({"fee": -0.1}, ValueError, "fee must be finite and at least 0, got -0.1"),
        ],
    )
    def test_wrong_calls_say_what_is_wrong(self, changed, error, message):
        call = {"mark": [200.0, 210.0], "fx": [1.0, 1.0], "quantity": -100, "contract": ETHUSD}
        with pytest.raises(error) as caught:
            hedge_of(**call | changed)
        assert str(caught.value) == message


class TestPage:
    def test_its_examples(self):
        failed, tried = doctest.testfile(str(DOCS / "quanto_liquidation.md"), module_relative=False)
        assert tried > 20
        assert failed == 0

    def test_its_statements(self):
        """The arithmetic of the article, without the package."""
        text = " ".join((DOCS / "quanto_liquidation.md").read_text(encoding="utf-8").split())
        size = Fraction(100, 10**6)
        # margin in dollars: 0.0001 (P - 200) X = 100, at X = 12,500 and at X = 50 P
        assert 200 + 100 / (size * 12_500) == 280
        step = 100 + math.sqrt(30_000.0)
        assert float(size) * (step - 200.0) * 50.0 * step == pytest.approx(100.0, rel=1e-12)
        loss = size * (250 - 200) * 12_500
        assert loss == Fraction(125, 2)
        # "thinks 262.5": 62.5 dollars at bitcoin's 10,000
        assert 200 + loss / (size * 10_000) == Fraction(525, 2)
        # 1 % of maintenance at 300 takes 103 dollars
        assert (size * 100 + size * 300 / 100) * 10_000 == 103
        assert size * 250 * 12_500 / 100 == Fraction(25, 8)
        for printed in (
            f"{step:.3f}", f"{50.0 * step:,.0f}", "that is 280", "62.5 USD of 100", "37.5 USD are left", "thinks 262.5",
            "takes 103 USD", "62.5 + 3.125", "54.4 %",
        ):  # fmt: skip
            assert printed in text, printed
        assert round(0.85 * 0.8 * 0.8, 3) == 0.544

    def test_its_figure(self, tmp_path):
        pytest.importorskip("matplotlib")
        script = runpy.run_path(str(DOCS / "quanto_liquidation.py"))
        script["draw"](tmp_path / "figure.svg")
        drawn = (tmp_path / "figure.svg").read_text(encoding="utf-8")
        kept = (DOCS / "quanto_liquidation.svg").read_text(encoding="utf-8")
        assert re.match(r"<\?xml", drawn)
        assert re.match(r"<\?xml", kept)


def test_a_contract_of_another_kind_has_no_such_hedge():
    with pytest.raises(ValueError, match="contract must be quanto, got a linear one"):
        hedge_of([1.0], [1.0], 1.0, contract=Contract("linear"))
