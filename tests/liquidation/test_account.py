"""Accounts of many positions and several coins: equity, maintenance, and the first bar on which they die."""

import inspect
import math
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from listed import ETHUSD, XBTUSD
from oracle import LAYOUTS, contracts, roundings
from oracle.liquidation import account as oracle
from processes import environment

import shortgamma as sg
from shortgamma._core import dispatch
from shortgamma.contracts import Contract
from shortgamma.liquidation import Fills, Tiers, Transfers

first_breach = sg.liquidation.account_first_breach

LINEAR = Contract("linear", settlement="USD")
STEPS = Tiers([0.0, 2_000.0, 10_000.0], [0.005, 0.01, 0.05])
FINE = Tiers([0.0, 0.25, 1.0], [0.0078125, 0.015625, 0.0625])
COINS = ("XBT", "USD")
# what an account may hold: contract, about what it costs, about how many, maintenance
MENU = [
    (Contract("linear", 0.5, underlying="A", settlement="USD"), 100.0, 40.0, 0.01),
    (Contract("linear", 1.0, underlying="B", settlement="USD"), 20.0, 200.0, STEPS),
    (Contract("inverse", 100.0, underlying="C", settlement="XBT"), 8_000.0, 60.0, 0.005),
    (Contract("quanto", 1e-6, underlying="D", settlement="XBT"), 200.0, 4_000.0, FINE),
    (Contract("inverse", 10.0, underlying="E", settlement="XBT"), 50.0, 3.0, FINE),
]
# the same in numbers of few bits, of which equality can come
SHORT = [
    (Contract("linear", 0.5, settlement="USD"), 128.0, 40.0, 2.0**-7),
    (Contract("linear", 1.0, settlement="USD"), 16.0, 200.0, FINE),
    (Contract("inverse", 64.0, settlement="XBT"), 8_192.0, 64.0, 2.0**-8),
    (Contract("quanto", 2.0**-20, settlement="XBT"), 256.0, 4_096.0, FINE),
    (Contract("inverse", 8.0, settlement="XBT"), 64.0, 4.0, FINE),
]


def instruments_of(menu, fee=0.0):
    """For the twin."""
    return [
        oracle.Instrument(c.kind, c.multiplier, COINS.index(c.settlement), oracle.steps_of(maintenance, fee))
        for c, _, _, maintenance in menu
    ]


def market(random, menu, bars, deviation=0.03):
    """Marks and prices of the coins."""
    walk = np.exp(np.cumsum(deviation * random.standard_normal((bars, len(menu) + 1)), axis=0))
    mark = walk[:, :-1] * [price for _, price, _, _ in menu]
    fx = np.column_stack([8_000.0 * walk[:, -1], np.ones(bars)])
    return mark, fx


def book(random, menu, accounts):
    """Quantities, entries and collateral, some of them about to die and some for ever safe."""
    sizes = np.array([size for _, _, size, _ in menu])
    side = random.choice([-1.0, 1.0], (accounts, len(menu)))
    quantity = np.round(side * sizes * random.uniform(0.2, 3.0, (accounts, 1)))
    quantity[random.random(quantity.shape) < 0.2] = 0.0
    entry = np.array([price for _, price, _, _ in menu]) * np.round(random.uniform(0.9, 1.1, quantity.shape), 3)
    collateral = np.column_stack([random.normal(0.1, 0.15, accounts), random.normal(800.0, 900.0, accounts)])
    collateral[random.random(collateral.shape) < 0.1] = 0.0
    return quantity, entry, collateral


def terms_of(menu, **keywords):
    return {
        "contracts": [c for c, _, _, _ in menu],
        "coins": COINS,
        "maintenance": [maintenance for _, _, _, maintenance in menu],
        **keywords,
    }


def twins(menu, mark, fx, quantity, entry, collateral, haircut=(0.0, 0.0), fee=0.0, events=None, **keywords):
    weight = [1.0 - x for x in haircut]
    per = [[] for _ in quantity] if events is None else events
    return [
        oracle.first_breach(
            instruments_of(menu, fee), mark.tolist(), fx.tolist(), q, e, c, weight, events=per[a], **keywords
        )
        for a, (q, e, c) in enumerate(zip(quantity.tolist(), entry.tolist(), collateral.tolist(), strict=True))
    ]


def simulated():
    """Shares of accounts that die on simulated paths."""
    rng = np.random.default_rng(14)
    mark, fx = market(rng, MENU, 1)
    return sg.liquidation.account_breach_probability(
        mark[0],
        fx[0],
        *book(rng, MENU, 50),
        **terms_of(MENU),
        vol=dict.fromkeys(["A", "B", "C", "D", "E", "BTC"], 0.8),
        correlation=np.eye(6),
        expiry=0.2,
        paths=640,
        rng=15,
    )


class TestPublished:
    def test_the_short_of_the_article_with_its_margin_in_coin(self):
        # short 1 ETH-equivalent at 200 with 0.01 XBT: dead above 300 whatever the coin costs
        mark = np.array([[250.0], [299.0], [300.0], [301.0]])
        for coin in (1_000.0, 10_000.0, 12_500.0):
            found = first_breach(mark, [coin], [-100], [200.0], [0.01], contracts=[ETHUSD], maintenance=0.0)
            assert found == 3

    @pytest.mark.parametrize(("dollars", "bar"), [(100.0, 3), (62.5, 2), (62.0, 1)])
    def test_the_same_with_its_margin_in_dollars(self, dollars, bar):
        # dead where 0.0001 (P - 200) X is more than the margin; at (250, 12,500) that is 62.5
        mark = np.array([[200.0], [250.0], [273.2], [273.21]])
        fx = np.column_stack([50.0 * mark[:, 0], np.ones(4)])
        found = first_breach(
            mark, fx, [-100], [200.0], [0.0, dollars], contracts=[ETHUSD], coins=["XBT", "USD"], maintenance=0.0
        )
        assert found == bar

    def test_formula_of_binance_cross(self):
        # LP = (WB - TMM1 + UPNL1 + cum - side S EP) / (S MMR - side S), the other contract standing still
        tiers = Tiers([0.0, 50_000.0], [0.004, 0.005])
        balance, other_maintenance, other_profit = 5_000.0, 0.01 * 10.0 * 90.0, 10.0 * (90.0 - 100.0)
        size, entry, side = 8.0, 10_000.0, 1
        level = (balance - other_maintenance + other_profit + 50.0 - side * size * entry) / (size * 0.005 - side * size)
        assert size * level > 50_000.0
        mark = np.array([[level * factor, 90.0] for factor in (1.0001, 0.9999)])
        found = first_breach(
            mark, None, [size, 10.0], [entry, 100.0], [balance], contracts=[LINEAR, LINEAR], maintenance=[tiers, 0.01]
        )
        assert found == 1


class TestState:
    def test_one_isolated_position(self):
        rng = np.random.default_rng(1)
        for contract in (LINEAR, ETHUSD, XBTUSD):
            quantity, entry, mark = rng.normal(0.0, 1e3, 50), rng.uniform(50.0, 99.0, 50), rng.uniform(50.0, 99.0, 50)
            margin = np.abs(contract.value(quantity, entry)) * 0.3
            terms = {"contract": contract, "maintenance": 0.01, "fee": 0.001}
            share = sg.liquidation.account_margin_ratio(
                mark[:, None], None, quantity[:, None], entry[:, None], margin[:, None], contracts=[contract],
                maintenance=0.01, fee=0.001,
            )  # fmt: skip
            ratio = sg.liquidation.margin_ratio(quantity, entry, mark, margin, **terms)
            assert np.isfinite(ratio).any()
            np.testing.assert_allclose(share, ratio, rtol=1e-12)

    def test_against_exact_fractions(self):
        rng = np.random.default_rng(2)
        mark, fx = market(rng, MENU, 40)
        quantity, entry, collateral = book(rng, MENU, 40)
        haircut = (0.1, 0.02)
        terms = terms_of(MENU)
        equity = sg.liquidation.account_equity(
            mark, fx, quantity, entry, collateral, contracts=terms["contracts"], coins=COINS, haircut=haircut
        )
        required = sg.liquidation.account_maintenance(mark, fx, quantity, **terms, fee=0.001)
        ratio = sg.liquidation.account_margin_ratio(
            mark, fx, quantity, entry, collateral, **terms, fee=0.001, haircut=haircut
        )
        for a in range(40):
            lots = oracle.lots_of(quantity[a].tolist(), entry[a].tolist())
            cash = [[c] for c in collateral[a].tolist()]
            balance, need = oracle.coin_terms(instruments_of(MENU, 0.001), lots, cash, mark[a].tolist(), [0.0] * 5)
            exact = sum(
                Fraction(x) * (b * Fraction(1.0 - h) if b > 0 else b)
                for x, b, h in zip(fx[a].tolist(), balance, haircut, strict=True)
            )
            scale = sum(
                Fraction(x) * abs(contracts.exact_value(c.kind, c.multiplier, lot.quantity, p))
                for lot in lots
                for c, x in [(MENU[lot.instrument][0], fx[a, COINS.index(MENU[lot.instrument][0].settlement)])]
                for p in (lot.price, float(mark[a, lot.instrument]))
            ) + sum(abs(Fraction(c) * Fraction(x)) for c, x in zip(collateral[a], fx[a], strict=True))
            assert roundings(equity[a], exact, scale) < 20
            exact_need = sum(Fraction(x) * r for x, r in zip(fx[a].tolist(), need, strict=True))
            assert roundings(required[a], exact_need) < 20
            assert ratio[a] == (required[a] / equity[a] if equity[a] > 0.0 else math.inf)

    def test_a_haircut_is_taken_from_what_is_positive(self):
        terms = {"contracts": [LINEAR], "haircut": 0.5}
        assert sg.liquidation.account_equity([100.0], None, [1.0], [80.0], [20.0], **terms) == 20.0
        assert sg.liquidation.account_equity([100.0], None, [-1.0], [80.0], [10.0], **terms) == -10.0

    def test_what_is_not_held_needs_no_price(self):
        equity = sg.liquidation.account_equity(
            [math.nan, 90.0], [math.nan, 1.0], [0.0, 1.0], [math.nan, 100.0], [0.0, 20.0],
            contracts=[XBTUSD, LINEAR], coins=["XBT", "USD"],
        )  # fmt: skip
        assert equity == 10.0
        with np.errstate(all="raise"):
            assert math.isnan(sg.liquidation.account_equity([math.nan], None, [1.0], [9.0], [1.0], contracts=[LINEAR]))
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert math.isnan(sg.liquidation.account_equity([-9.0], None, [1.0], [9.0], [1.0], contracts=[LINEAR]))
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert math.isnan(sg.liquidation.account_equity([9.0], [0.0], [1.0], [9.0], [1.0], contracts=[LINEAR]))

    def test_leading_axes_broadcast(self):
        mark = np.linspace(80.0, 120.0, 5)[:, None, None]
        quantity = np.array([[1.0], [-1.0], [2.0]])
        ratio = sg.liquidation.account_margin_ratio(
            mark, None, quantity, [100.0], [30.0], contracts=[LINEAR], maintenance=0.01
        )
        assert ratio.shape == (5, 3)
        assert ratio[2].tolist() == [1.0 / 30.0, 1.0 / 30.0, 2.0 / 30.0]


class TestFirstBreach:
    def test_signature(self):
        names = list(inspect.signature(first_breach).parameters)
        assert names[:8] == [
            "mark", "fx", "quantity", "entry", "collateral", "contracts", "maintenance", "coins",
        ]  # fmt: skip

    def test_ten_thousand_accounts_on_and_beside_their_prices(self):
        """Prices at which equity equals the requirement as nearly as a double can, and one unit either side."""
        rng = np.random.default_rng(3)
        wrong, on, seen = [], 0, set()
        for trial in range(3_334):
            short_numbers = trial % 3 == 0
            menu = [(SHORT if short_numbers else MENU)[i] for i in rng.choice(5, 1 + trial % 4 % 3, replace=False)]
            haircut = [(0.0, 0.0), (0.125, 0.0), (0.1, 0.0)][trial % 5 % (2 if short_numbers else 3)]
            mark, fx = (x[0] for x in market(rng, menu, 1, 0.1))
            quantity, entry, collateral = (x[0] for x in book(rng, menu, 1))
            if short_numbers:
                # numbers of few bits, so that equality happens
                mark, fx, entry = (np.round(x / 4.0) * 4.0 + 4.0 for x in (mark, fx, entry))
                mark = np.where([c.inverse for c, _, _, _ in menu], 2.0 ** np.round(np.log2(mark)), mark)
                entry = np.where([c.inverse for c, _, _, _ in menu], 2.0 ** np.round(np.log2(entry)), entry)
                quantity, collateral = np.round(quantity / 8.0) * 8.0, np.round(collateral * 64.0) / 64.0
            args = (instruments_of(menu), oracle.lots_of(quantity.tolist(), entry.tolist()))
            weight = [1.0 - x for x in haircut]
            cash = [[c] for c in collateral.tolist()]
            short = oracle.deficit(*args, cash, weight, mark.tolist(), fx.tolist(), [0.0] * len(menu))
            # the collateral that makes equity and requirement equal, in dollars
            k = 1
            balance, _ = oracle.coin_terms(*args, cash, mark.tolist(), [0.0] * len(menu))
            aim = balance[k] + short / Fraction(float(fx[k]))
            collateral[k] = float(Fraction(float(collateral[k])) + aim - balance[k])
            choices = [collateral[k], math.nextafter(collateral[k], math.inf), math.nextafter(collateral[k], -math.inf)]
            held = np.flatnonzero(quantity)
            paths = np.tile(mark, (3, 1))
            if held.size:
                i = held[0]
                paths[:, i] = mark[i], math.nextafter(mark[i], math.inf), math.nextafter(mark[i], 0.0)
            collateral = np.array([[collateral[0], c] for c in choices])
            rates = np.tile(fx, (3, 1))
            quantity, entry = np.tile(quantity, (3, 1)), np.tile(entry, (3, 1))
            expected = twins(menu, paths, rates, quantity, entry, collateral, haircut)
            actual = first_breach(paths, rates, quantity, entry, collateral, **terms_of(menu, haircut=haircut))
            cash = [[c] for c in collateral[0].tolist()]
            on += oracle.deficit(*args, cash, weight, mark.tolist(), fx.tolist(), [0.0] * len(menu)) == 0
            seen.update(expected)
            if actual.tolist() != expected:
                wrong.append((trial, actual.tolist(), expected))
        assert not wrong
        assert on > 300
        assert seen == {3, 0, 1, 2}

    @pytest.mark.parametrize("haircut", [(0.0, 0.0), (0.15, 0.03)])
    @pytest.mark.parametrize("bars", [1, 31, 150])
    def test_many_accounts_at_the_close(self, bars, haircut):
        rng = np.random.default_rng([4, bars])
        mark, fx = market(rng, MENU, bars)
        mark[rng.random(mark.shape) < 0.01] = math.nan
        fx[rng.random(fx.shape) < 0.01] = math.nan
        quantity, entry, collateral = book(rng, MENU, 60)
        expected = twins(MENU, mark, fx, quantity, entry, collateral, haircut, 0.0005)
        actual = first_breach(mark, fx, quantity, entry, collateral, **terms_of(MENU, haircut=haircut, fee=0.0005))
        assert actual.dtype == np.int64
        assert actual.tolist() == expected
        assert len(set(expected)) > min(bars, 10)

    @pytest.mark.parametrize("case", ["worst", "best"])
    @pytest.mark.parametrize("ranges", [False, True])
    def test_ranges_of_bars(self, case, ranges):
        rng = np.random.default_rng([5, ranges])
        menu = MENU[1:4]
        mark, fx = market(rng, menu, 40, 0.04)
        low, high = mark * rng.uniform(0.97, 1.0, mark.shape), mark * rng.uniform(1.0, 1.03, mark.shape)
        low[rng.random(low.shape) < 0.01] = math.nan
        keywords = {"case": case, "low": low, "high": high}
        if ranges:
            keywords |= {
                "fx_low": fx * rng.uniform(0.97, 1.0, fx.shape),
                "fx_high": fx * rng.uniform(1.0, 1.03, fx.shape),
            }
        quantity, entry, collateral = book(rng, menu, 20)
        expected = twins(menu, mark, fx, quantity, entry, collateral, (0.1, 0.0), **keywords)
        actual = first_breach(mark, fx, quantity, entry, collateral, **terms_of(menu, haircut=(0.1, 0.0)), **keywords)
        assert actual.tolist() == expected
        assert {40} < set(expected)

    def test_the_truth_lies_between_worst_and_best(self):
        rng = np.random.default_rng(6)
        menu = MENU[:4]
        fine_mark, fine_fx = market(rng, menu, 16 * 200, 0.004)
        mark, fx = fine_mark[15::16], fine_fx[15::16]
        ends = {}
        for name, path in (("", fine_mark), ("fx_", fine_fx)):
            bars = path.reshape(200, 16, -1)
            ends |= {f"{name}low": bars.min(axis=1), f"{name}high": bars.max(axis=1)}
        quantity, entry, collateral = book(rng, menu, 500)
        never = 10**9
        found = {}
        for case in ("worst", "best"):
            bar = first_breach(mark, fx, quantity, entry, collateral, **terms_of(menu), case=case, **ends)
            found[case] = np.where(bar == len(mark), never, bar)
        for name, bar in (
            ("close", first_breach(mark, fx, quantity, entry, collateral, **terms_of(menu))),
            ("true", first_breach(fine_mark, fine_fx, quantity, entry, collateral, **terms_of(menu))),
        ):
            bars = len(mark) if name == "close" else len(fine_mark)
            found[name] = np.where(bar == bars, never, bar if name == "close" else bar // 16)
        assert (found["worst"] <= found["true"]).all()
        assert (found["true"] <= found["best"]).all()
        assert (found["best"] <= found["close"]).all()
        assert (found["worst"] < found["best"]).any()
        assert (found["best"] < found["close"]).any()

    @pytest.mark.parametrize("funded", [False, True])
    @pytest.mark.parametrize("case", ["close", "worst"])
    def test_changes_along_the_path(self, funded, case):
        rng = np.random.default_rng([7, funded])
        bars, accounts = (110, 30) if case == "close" else (50, 12)
        # in the worst case the twin tries every end of every range
        menu = MENU if case == "close" else MENU[1:4]
        mark, fx = market(rng, menu, bars, 0.04)
        quantity, entry, collateral = book(rng, menu, accounts)
        count = 8 * accounts
        fills = Fills(
            rng.integers(0, bars, count),
            rng.integers(0, accounts, count),
            rng.integers(0, len(menu), count),
            None,
            None,
        )
        near = mark[fills.bar, fills.instrument]
        some = np.round(rng.normal(0.0, 1.0, count) * np.array([m[2] for m in menu])[fills.instrument], 1)
        closing = rng.random(count) < 0.3
        some[closing] = -quantity[fills.account, fills.instrument][closing]
        fills = fills._replace(quantity=some, price=np.round(near * 1.001, 2))
        transfers = Transfers(
            rng.integers(0, bars, 100),
            rng.integers(0, accounts, 100),
            rng.integers(0, 2, 100),
            rng.normal(0.0, 0.1, 100),
        )
        events = [[] for _ in range(accounts)]
        for t, a, i, q, p in zip(*(x.tolist() for x in fills), strict=True):
            events[a].append((t, i, q, p))
        for t, a, k, x in zip(*(x.tolist() for x in transfers), strict=True):
            events[a].append((t, k, x))
        keywords, paid = {}, None
        if funded:
            keywords["funding"] = rng.normal(0.0, 0.002, mark.shape)
            due = [c.value(1.0, mark[:, i]) * keywords["funding"][:, i] for i, (c, _, _, _) in enumerate(menu)]
            paid = np.cumsum(np.column_stack(due), axis=0).tolist()
        ranges = {}
        if case == "worst":
            ranges = {"case": case, "low": mark * 0.995, "high": mark * 1.002}
        expected = twins(menu, mark, fx, quantity, entry, collateral, events=events, paid=paid, **ranges)
        actual = first_breach(
            mark,
            fx,
            quantity,
            entry,
            collateral,
            **terms_of(menu),
            fills=fills,
            transfers=transfers,
            **keywords,
            **ranges,
        )
        assert actual.tolist() == expected
        assert {bars} < set(expected)

    def test_fills_that_do_not_add_up_to_nothing_in_doubles(self):
        # 0.1 + 0.2 - 0.3 is not 0 as exact sum of these doubles, and 0.1 * 3 - 0.3 in doubles is another number again
        fills = Fills([1, 1, 2], [0, 0, 0], [0, 0, 0], [0.1, 0.2, -0.3], [100.0, 100.0, 100.0])
        mark = np.array([[100.0], [100.0], [100.0], [1e17]])
        exact = Fraction(0.1) + Fraction(0.2) - Fraction(0.3)
        assert exact > 0
        profit = float(exact * (Fraction(1e17) - 100))
        for collateral, bar in ((-math.nextafter(0.0, 1.0), 0), (0.0, 4)):
            assert (
                first_breach(
                    mark, None, [0.0], [math.nan], [collateral], contracts=[LINEAR], maintenance=0.0, fills=fills
                )
                == bar
            )
        short = fills._replace(quantity=[-0.1, -0.2, 0.3])
        for margin, bar in ((profit * 1.0001, 4), (profit * 0.9999, 3)):
            assert (
                first_breach(mark, None, [0.0], [math.nan], [margin], contracts=[LINEAR], maintenance=0.0, fills=short)
                == bar
            )

    @pytest.mark.parametrize("scale", [5e-324, 1e-300, 1e-160, 1.0, 1e150, 1e300])
    def test_hostile_magnitudes(self, scale):
        rng = np.random.default_rng([8, int(math.log10(scale)) + 400])
        hostile = np.array([5e-324, 2.2e-308, 1e-300, 1e-160, 1e-9, 0.3, 1.0, 97.0, 1e12, 1e160, 1e300, 1.7e308])
        menu = [
            (Contract(kind, scale, settlement=coin), 1.0, 1.0, rate)
            for kind, coin, rate in (
                ("linear", "USD", 5e-324),
                ("inverse", "XBT", 0.3),
                ("quanto", "XBT", Tiers([0.0, 1e-300], [1e-310, 0.5])),
            )
        ]
        bars, accounts = 5, 60
        mark, fx = rng.choice(hostile, (bars, 3)), rng.choice(hostile, (bars, 2))
        sides = rng.choice([-1.0, 0.0, 1.0], (accounts, 3))
        quantity, entry = sides * rng.choice(hostile, (accounts, 3)), rng.choice(hostile, (accounts, 3))
        collateral = rng.choice([-1.0, 0.0, 1.0, 1.0], (accounts, 2)) * rng.choice(hostile, (accounts, 2))
        for haircut in ((0.0, 0.0), (0.5, 0.1)):
            expected = twins(menu, mark, fx, quantity, entry, collateral, haircut)
            actual = first_breach(mark, fx, quantity, entry, collateral, **terms_of(menu, haircut=haircut))
            assert actual.tolist() == expected
            assert {5} < set(expected)

    def test_one_position_is_that_of_isolated_margin(self):
        rng = np.random.default_rng(9)
        mark = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, (3_000, 1)), axis=0))
        for contract in (LINEAR, XBTUSD, ETHUSD):
            quantity = rng.choice([-1.0, 1.0], 300) * rng.uniform(1.0, 100.0, 300)
            margin = np.abs(contract.value(quantity, 100.0)) * rng.uniform(0.02, 0.6, 300)
            for maintenance in (0.01, Tiers([0.0, 5.0, 500.0], [0.01, 0.02, 0.1])):
                alone = sg.liquidation.first_breach(
                    mark, quantity, 100.0, margin, contract=contract, maintenance=maintenance, fee=0.001
                )
                account = first_breach(
                    mark, [7_000.0], quantity[:, None], [100.0], margin[:, None], contracts=[contract],
                    maintenance=maintenance, fee=0.001,
                )  # fmt: skip
                np.testing.assert_array_equal(account, alone)
            assert len(np.unique(alone)) > 50

    def test_accounts_in_another_order(self):
        rng = np.random.default_rng(10)
        mark, fx = market(rng, MENU, 100)
        positions = book(rng, MENU, 200)
        order = rng.permutation(200)
        base = first_breach(mark, fx, *positions, **terms_of(MENU))
        np.testing.assert_array_equal(
            first_breach(mark, fx, *(x[order] for x in positions), **terms_of(MENU)), base[order]
        )
        for a in (0, 7, 199):
            assert first_breach(mark, fx, *(x[a] for x in positions), **terms_of(MENU)) == base[a]

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_layouts(self, layout):
        rng = np.random.default_rng(11)
        mark, fx = market(rng, MENU, 50)
        positions = book(rng, MENU, 30)
        lay = LAYOUTS[layout]
        arrays = [lay(x) for x in (mark, fx, *positions)]
        before = [x.copy() for x in arrays]
        expected = first_breach(mark, fx, *positions, **terms_of(MENU))
        np.testing.assert_array_equal(first_breach(*arrays, **terms_of(MENU)), expected)
        for one, other in zip(arrays, before, strict=True):
            np.testing.assert_array_equal(one, other)

    def test_threads(self):
        rng = np.random.default_rng(12)
        mark, fx = market(rng, MENU, 400, 0.01)
        positions = book(rng, MENU, 400)
        expected = first_breach(mark, fx, *positions, **terms_of(MENU))
        with ThreadPoolExecutor(4) as pool:
            parts = list(
                pool.map(lambda s: first_breach(mark, fx, *(x[s::4] for x in positions), **terms_of(MENU)), range(4))
            )
        for start, part in enumerate(parts):
            np.testing.assert_array_equal(part, expected[start::4])

    def test_same_bars_on_every_build(self, tmp_path):
        rng = np.random.default_rng(13)
        mark, fx = market(rng, MENU, 300)
        positions = book(rng, MENU, 300)
        np.savez(tmp_path / "given.npz", mark=mark, fx=fx, q=positions[0], e=positions[1], c=positions[2])
        code = (
            "import numpy as np, test_account as t, shortgamma as sg\n"
            f"g = np.load({str(tmp_path / 'given.npz')!r})\n"
            "terms = t.terms_of(t.MENU, haircut=(0.1, 0.0))\n"
            "print(sg.liquidation.account_first_breach(*g.values(), **terms).tolist())\n"
            "print(t.simulated().probability.tolist())\n"
        )
        levels = dispatch.available()
        levels = levels[: levels.index(dispatch.level) + 1]
        printed = {
            subprocess.run(
                [sys.executable, "-c", code], capture_output=True, text=True, check=True,
                env=environment(level, Path(__file__).parent),
            ).stdout
            for level in levels
        }  # fmt: skip
        assert len(printed) == 1
        found = first_breach(mark, fx, *positions, **terms_of(MENU, haircut=(0.1, 0.0)))
        assert printed.pop() == f"{found.tolist()}\n{simulated().probability.tolist()}\n"

    def test_certain_answers(self):
        mark, terms = np.full((70, 1), 100.0), {"contracts": [LINEAR], "maintenance": 2.0**-7}
        # nothing held, nothing owed; something owed; equality; nothing known
        assert first_breach(mark, None, [0.0], [math.nan], [0.0], **terms) == 70
        assert first_breach(mark, None, [0.0], [math.nan], [-1e-300], **terms) == 0
        assert first_breach(mark, None, [1.0], [100.0], [0.78125], **terms) == 70
        assert first_breach(mark, None, [1.0], [100.0], [math.nextafter(0.78125, 0.0)], **terms) == 0
        assert first_breach(mark * math.nan, None, [1.0], [100.0], [0.0], **terms) == 70
        assert first_breach(mark[:0], None, [1.0], [100.0], [0.0], **terms) == 0
        assert first_breach(mark, None, np.zeros((0, 1)), [1.0], [1.0], **terms).shape == (0,)
        assert first_breach(mark[:, :0], None, [], [], [-1.0], contracts=[], maintenance=0.0) == 0

    def test_what_has_no_answer(self):
        mark, terms = np.full((3, 1), 100.0), {"contracts": [LINEAR], "maintenance": 0.01}
        with np.errstate(all="raise"):
            for bad in (
                [math.nan, 100.0, 1.0],
                [1.0, math.nan, 1.0],
                [1.0, 100.0, math.nan],
                [math.inf, math.nan, 1.0],
            ):
                assert first_breach(mark, None, *([x] for x in bad), **terms) == 4
        for bad in (
            [math.inf, 100.0, 1.0],
            [1.0, 0.0, 1.0],
            [1.0, -1.0, 1.0],
            [1.0, math.inf, 1.0],
            [1.0, 9.0, -math.inf],
        ):
            with pytest.warns(RuntimeWarning, match="invalid"):
                assert first_breach(mark, None, *([x] for x in bad), **terms) == 4
        quantity = np.array([[1.0], [math.nan], [1.0]])
        assert first_breach(mark, None, quantity, [200.0], [50.0], **terms).tolist() == [0, 4, 0]

    def test_a_price_that_is_none_is_passed_over(self):
        terms = {"contracts": [LINEAR], "maintenance": 0.01}
        for bad in (0.0, -5.0, math.inf):
            with pytest.warns(RuntimeWarning, match="invalid"):
                assert first_breach([[bad], [1.0]], None, [1.0], [100.0], [10.0], **terms) == 1
            with pytest.warns(RuntimeWarning, match="invalid"):
                assert first_breach([[1.0], [1.0]], [[bad], [1.0]], [1.0], [100.0], [10.0], **terms) == 1

    def test_funding_of_article(self):
        # 0.01 % every bar on a value of 100: 101 bars use up a margin of 1 and a little
        mark = np.full((200, 1), 100.0)
        rate = np.full((200, 1), 2.0**-10)
        terms = {"contracts": [LINEAR], "maintenance": 0.0, "funding": rate}
        due = 100.0 * 2.0**-10
        assert first_breach(mark, None, [1.0], [100.0], [10 * due], **terms) == 10
        assert first_breach(mark, None, [-1.0], [100.0], [0.0], **terms) == 200
        # what is bought on a bar pays from the next one on
        fills = Fills([4], [0], [0], [1.0], [100.0])
        assert first_breach(mark, None, [0.0], [100.0], [3 * due], **terms, fills=fills) == 8


class TestPrice:
    """Prices between which accounts live."""

    def test_formula_of_binance_cross(self):
        # LP = (WB - TMM1 + UPNL1 + cum - side S EP) / (S MMR - side S), the other contract standing still
        tiers = Tiers([0.0, 50_000.0], [0.004, 0.005])
        for side in (1, -1):
            balance, size, entry = 5_000.0, 8.0, 10_000.0
            other_maintenance, other_profit = 0.01 * 10.0 * 90.0, 10.0 * (90.0 - 100.0)
            top = balance - other_maintenance + other_profit + 50.0 - side * size * entry
            level = top / (size * 0.005 - side * size)
            found = sg.liquidation.account_price(
                [10_000.0, 90.0], None, [side * size, 10.0], [entry, 100.0], [balance],
                contracts=[LINEAR, LINEAR], maintenance=[tiers, 0.01], instrument=0,
            )  # fmt: skip
            assert (found.below if side > 0 else found.above) == pytest.approx(level, rel=1e-13)
            assert (found.above if side > 0 else found.below) == (math.inf if side > 0 else 0.0)

    def test_the_account_dies_just_beyond(self):
        rng = np.random.default_rng(31)
        mark, fx = (x[0] for x in market(rng, MENU, 1))
        positions = book(rng, MENU, 200)
        terms = terms_of(MENU, fee=0.0005, haircut=(0.1, 0.0))
        for i in range(len(MENU)):
            found = sg.liquidation.account_price(mark, fx, *positions, **terms, instrument=i, together=False)
            for ends, beyond in ((found.below, 1 - 1e-9), (found.above, 1 + 1e-9)):
                reached = (ends > 0.0) & (ends < np.inf)
                assert reached.sum() > 20
                for a in np.flatnonzero(reached)[:40]:
                    here = mark.copy()
                    here[i] = ends[a] * beyond
                    account = [x[a] for x in positions]
                    dead = sg.liquidation.account_margin_ratio(here, fx, *account, **terms) > 1.0
                    here[i] = ends[a] / beyond
                    alive = sg.liquidation.account_margin_ratio(here, fx, *account, **terms) <= 1.0
                    assert dead
                    assert alive

    def test_the_coin_moves_with_its_perpetual(self):
        # equity in dollars is P (1 + q / E) - q + u, with q = 20,000 and u = -4,000: 0 at 8,000
        position = ([10_000.0], [10_000.0, 1.0], [20_000.0], [10_000.0], [1.0, -4_000.0])
        terms = {"contracts": [XBTUSD], "coins": ["XBT", "USD"], "maintenance": 0.0}
        found = sg.liquidation.account_price(*position, **terms)
        assert found.below == pytest.approx(8_000.0, rel=1e-13)
        assert found.above == math.inf
        # by itself the mark may fall to 1 / (1 + 3 - 0.4) of 20,000 before 1 coin less 0.4 is lost
        alone = sg.liquidation.account_price(*position, **terms, together=False)
        assert alone.below == pytest.approx(20_000.0 / (2.0 + 0.6), rel=1e-13)
        # net short of the coin, it dies upward
        short = sg.liquidation.account_price(
            [10_000.0], [10_000.0, 1.0], [-20_000.0], [10_000.0], [1.0, -7_500.0], **terms
        )
        assert (short.below, short.above) == (0.0, pytest.approx(12_500.0, rel=1e-13))

    def test_one_under_water(self):
        terms = {"contracts": [LINEAR], "maintenance": 0.0}
        found = sg.liquidation.account_price([80.0], None, [1.0], [100.0], [10.0], **terms)
        assert found.below == pytest.approx(90.0, rel=1e-13)
        assert found.above == math.inf
        lost = sg.liquidation.account_price([80.0], None, [0.0], [100.0], [-1.0], **terms)
        assert (lost.below, lost.above) == (math.inf, 0.0)
        assert math.isnan(sg.liquidation.account_price([80.0], None, [math.nan], [100.0], [1.0], **terms).below)

    def test_names(self):
        ether = Contract("linear", underlying="ETH", settlement="USD", quote="USD", name="ETH-PERP")
        by_name = {
            "mark": {"XBTUSD": 10_000.0, "ETH": 200.0},
            "fx": None,
            "quantity": {"ETH-PERP": -10.0, "XBTUSD": 5_000.0},
            "entry": {"XBTUSD": 9_000.0, "ETH-PERP": 210.0},
            "collateral": {"XBT": 0.1, "USD": 500.0},
        }
        terms = {"contracts": ["XBTUSD", ether], "maintenance": 0.01}
        by_place = ([10_000.0, 200.0], [10_000.0, 1.0], [5_000.0, -10.0], [9_000.0, 210.0], [0.1, 500.0])
        by_name["mark"] |= {"BTC": 10_000.0}
        del by_name["mark"]["XBTUSD"]
        equity = sg.liquidation.account_equity(**by_name, contracts=terms["contracts"])
        assert equity == sg.liquidation.account_equity(*by_place, contracts=terms["contracts"], coins=["XBT", "USD"])
        ratio = sg.liquidation.account_margin_ratio(**by_name, **terms)
        assert ratio == sg.liquidation.account_margin_ratio(*by_place, coins=["BTC", "USD"], **terms)
        found = sg.liquidation.account_price(**by_name, **terms, instrument="ETH-PERP")
        assert found == sg.liquidation.account_price(*by_place, coins=["XBT", "USD"], **terms, instrument=1)

    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"quantity": {"DOGE": 1.0}}, r"quantity must hold 'XBTUSD' or 'XBT', of contracts\[0\], got 'DOGE'"),
            ({"quantity": {"XBTUSD": 1.0, "DOGE": 1.0}}, "quantity holds 'DOGE', which is not one of contracts"),
            ({"instrument": 1}, "instrument must be a place from 0 to 0 or one of 'XBTUSD', got 1"),
            ({"instrument": "ETHUSD"}, "instrument must be a place from 0 to 0 or one of 'XBTUSD', got 'ETHUSD'"),
            ({"mark": [0.0]}, r"mark\[0\] must be a finite number > 0, got 0.0"),
            (
                {"fx": [1.0, 1.0], "collateral": {"XBT": 1.0, "USD": 1.0}},
                "fx must be in the currency that contracts are quoted in where 'BTC' moves, or together must be False",
            ),
        ],
    )
    def test_wrong_calls(self, change, message):
        call = {"mark": [1e4], "fx": [1e4], "quantity": [1.0], "entry": [1e4], "collateral": [1.0]}
        with pytest.raises(ValueError, match=f"^{message}$"):
            sg.liquidation.account_price(**call | change, contracts=["XBTUSD"], maintenance=0.01)


class TestSizesAlongThePath:
    """Margins whose rate follows from the size at entry change with fills, by the mean entry of what is held."""

    @pytest.mark.parametrize("by", ["value", "quantity"])
    def test_risk_limits_after_fills(self, by):
        limits = sg.liquidation.RiskLimits([0.0, 150.0, 500.0], [0.01, 0.05, 0.2], by=by)
        scale = 1.0 if by == "value" else 100.0
        mark = np.full((6, 1), 1.0) * 100.0 / scale
        quantity = np.array([1.0, 1.0, -1.0, 2.0, -4.0]) * scale
        fills = Fills([1, 2, 3, 4, 5], [0] * 5, [0] * 5, quantity, mark[:5, 0])
        held = np.cumsum([0.0, *quantity])
        rate = limits.rate_of(np.abs(held) * (mark[0, 0] if by == "value" else 1.0))
        needed = rate * np.abs(held) * mark[0, 0]
        for bar in range(1, 6):
            enough = float(needed[1:].max()) * (1 + 1e-12)
            account = (mark[: bar + 1], None, [0.0], [1.0], [enough])
            terms = {"contracts": [LINEAR], "maintenance": limits, "fills": [x[:bar] for x in fills]}
            assert sg.liquidation.account_first_breach(*account, **terms) == bar + 1
            # what is taken out leaves a little less than is required on the bar
            taken = [[bar], [0], [0], [float(needed[bar]) * (1 - 1e-9) - enough]]
            assert sg.liquidation.account_first_breach(*account, **terms, transfers=taken) == bar


CALL = {
    "mark": [[100.0], [90.0]],
    "fx": None,
    "quantity": [1.0],
    "entry": [100.0],
    "collateral": [10.0],
    "contracts": [LINEAR],
    "maintenance": 0.01,
}
TWO = {"fx": [1.0, 2.0], "collateral": [1.0, 1.0], "coins": ["USD", "XBT"]}
WRONG_CALLS = [
    ({"contracts": LINEAR}, TypeError, "contracts must be a list of Contracts, got Contract"),
    ({"contracts": [3]}, TypeError, "contracts[0] must be a Contract, got int"),
    ({"collateral": [1.0, 1.0]}, ValueError, "coins must name the 2 coins of collateral"),
    ({"coins": "USD"}, TypeError, "coins must be a list of names"),
    ({"coins": ["USD", "XBT"]}, ValueError, "coins has 2 names, collateral has 1 coins"),
    ({**TWO, "coins": ["USD", "USD"]}, ValueError, "coins must differ, got ['USD', 'USD']"),
    ({"coins": ["XBT"]}, ValueError, "contracts[0] is settled in 'USD', which is not one of coins"),
    ({**TWO, "fx": None}, ValueError, "fx must give the prices of the 2 coins in the reporting coin, got None"),
    (
        {**TWO, "fx": [1.0]},
        ValueError,
        "fx must have 2 along its last axis, one for each of collateral, got shape (1,)",
    ),
    ({"maintenance": [0.1, 0.1]}, ValueError, "maintenance has 2 elements, contracts has 1"),
    ({"maintenance": [[0.1]]}, ValueError, "maintenance[0] must be a number or a Margin, got shape (1,)"),
    ({"maintenance": 1.0}, ValueError, "maintenance must be in [0, 1), got 1.0"),
    ({"maintenance": [-0.1]}, ValueError, "maintenance[0] must be in [0, 1), got -0.1"),
    ({"maintenance": math.nan}, ValueError, "maintenance must be in [0, 1), got nan"),
    ({"maintenance": "low"}, TypeError, "maintenance must be a number or an array of numbers, got 'low'"),
    ({"fee": -0.1}, ValueError, "fee[0] must be in [0, 1), got -0.1"),
    ({"fee": [0.1, 0.1]}, ValueError, "fee must be a number or one for each of 1, got shape (2,)"),
    ({"maintenance": 0.9, "fee": 0.1}, ValueError, "maintenance and fee must add up to less than 1, got 1.0"),
    ({"haircut": 1.1}, ValueError, "haircut[0] must be in [0, 1], got 1.1"),
    ({"haircut": [[0.1]]}, ValueError, "haircut must be a number or one for each of 1, got shape (1, 1)"),
    (
        {"mark": [100.0, 90.0]},
        ValueError,
        "mark must have 1 along its last axis, one for each of contracts, got shape (2,)",
    ),
    (
        {"mark": [[1.0, 2.0]]},
        ValueError,
        "mark must have 1 along its last axis, one for each of contracts, got shape (1, 2)",
    ),
    ({"mark": "high"}, TypeError, "mark must be a number or an array of numbers, got 'high'"),
    ({"fx": [[1.0]]}, ValueError, "fx must have shape (2, 1), got (1, 1)"),
    (
        {"quantity": [1.0, 1.0]},
        ValueError,
        "quantity must have 1 along its last axis, one for each of contracts, got shape (2,)",
    ),
    ({"quantity": [[[1.0]]]}, ValueError, "quantity must have one or two dimensions, got shape (1, 1, 1)"),
    (
        {"quantity": [[1.0]] * 2, "entry": [[1.0]] * 3},
        ValueError,
        "entry of shape (3, 1) does not broadcast with 2 accounts",
    ),
    ({"entry": None}, TypeError, "entry must be a number or an array of numbers, got None"),
    ({"collateral": 1.0}, ValueError, "collateral must have at least one dimension, got shape ()"),
    ({"funding": [[0.1]]}, ValueError, "funding must have shape (2, 1), got (1, 1)"),
    ({"funding": [[0.1], [math.inf]]}, ValueError, "funding[1, 0] must be finite, got inf"),
    ({"case": "middle"}, ValueError, "case must be one of 'close', 'worst', 'best', got 'middle'"),
    ({"case": ["best"]}, TypeError, "case must be one of 'close', 'worst', 'best'"),
    ({"low": [[1.0], [1.0]]}, ValueError, "low has no meaning where case is 'close'"),
    ({"case": "best", "low": [[1.0], [1.0]]}, ValueError, "high must be given where case is 'best'"),
    (
        {"case": "worst", "low": [[95.0], [91.0]], "high": [[101.0], [95.0]]},
        ValueError,
        "low[1, 0] must be at most mark, got 91.0",
    ),
    (
        {"case": "worst", "low": [[95.0], [90.0]], "high": [[99.0], [95.0]]},
        ValueError,
        "high[0, 0] must be at least mark, got 99.0",
    ),
    (
        {"case": "worst", "low": [[90.0], [90.0]], "high": [[100.0], [95.0]], "fx_low": [[1.0], [1.0]]},
        ValueError,
        "fx_high must be given where the other one is",
    ),
    (
        {"case": "worst", "low": [[90.0], [90.0]], "high": [[100.0], [95.0]], "haircut": 1.0},
        ValueError,
        "haircut must leave at least the maintenance of contracts[0] of its coin where bars have ranges, got 1.0",
    ),
    ({"fills": [1, 2]}, TypeError, "fills must be 5 arrays: bar, account, instrument, quantity, price"),
    ({"transfers": 3}, TypeError, "transfers must be 4 arrays: bar, account, coin, amount"),
    ({"fills": [[2], [0], [0], [1.0], [1.0]]}, ValueError, "fills.bar[0] must be in [0, 2), got 2"),
    ({"fills": [[0.5], [0], [0], [1.0], [1.0]]}, TypeError, "fills.bar must be whole numbers, got dtype float64"),
    ({"fills": [[0], [1], [0], [1.0], [1.0]]}, ValueError, "fills.account[0] must be in [0, 1), got 1"),
    ({"fills": [[0], [0], [-1], [1.0], [1.0]]}, ValueError, "fills.instrument[0] must be in [0, 1), got -1"),
    ({"fills": [[0], [0], [0], [math.nan], [1.0]]}, ValueError, "fills.quantity[0] must be finite, got nan"),
    ({"fills": [[0, 0], [0, 0], [0, 0], [1.0, 1.0], [1.0, 0.0]]}, ValueError, "fills.price[1] must be > 0, got 0.0"),
    ({"fills": [[0], [0], [0], [1.0], [1.0, 2.0]]}, ValueError, "fills.price must have shape (1,), got (2,)"),
    ({"transfers": [[0], [0], [1], [1.0]]}, ValueError, "transfers.coin[0] must be in [0, 1), got 1"),
    ({"transfers": [[0], [0], [0], [math.inf]]}, ValueError, "transfers.amount[0] must be finite, got inf"),
]


@pytest.mark.parametrize(("changed", "error", "message"), WRONG_CALLS, ids=[case[2] for case in WRONG_CALLS])
def test_wrong_calls_say_what_is_wrong(changed, error, message):
    with pytest.raises(error) as caught:
        first_breach(**CALL | changed)
    assert str(caught.value) == message


def test_states_refuse_shapes_that_do_not_match():
    terms = {"contracts": [LINEAR]}
    with pytest.raises(ValueError, match=r"quantity of shape \(2, 1\) does not broadcast with the others"):
        sg.liquidation.account_equity(np.ones((3, 1)), None, np.ones((2, 1)), [1.0], [1.0], **terms)
    with pytest.raises(ValueError, match="mark must have 1 along its last axis"):
        sg.liquidation.account_maintenance([1.0, 2.0], None, [1.0], **terms, maintenance=0.1)
