"""The liquidation process against its twin in fractions, published examples, and conservation of every coin."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, replace
from types import SimpleNamespace

import numpy as np
import pytest
from listed import ETHUSD, XBTUSD
from oracle.liquidation import process as oracle

import shortgamma as sg
from shortgamma import venues
from shortgamma._core import dispatch
from shortgamma.contracts import Contract
from shortgamma.liquidation import LiquidationRule, RisingMargin, RiskLimits, Tiers, simulate

LINEAR = Contract("linear")
AT_ONCE = LiquidationRule()
CANCEL, REDUCTION, TAKEOVER, DELEVERAGING = range(4)


def drawn(seed):
    """A few accounts in a few instruments, and a wild path; edges and prices are binary fractions."""
    random = np.random.default_rng(seed)
    instruments, accounts, bars = random.integers(1, 4), random.integers(1, 7), random.integers(1, 160)
    start = np.round(np.exp(random.uniform(0, 6, instruments)) * 8) / 8 + 1
    contracts, maintenance, twins = [], [], []
    for i in range(instruments):
        kind, coin = str(random.choice(["linear", "inverse", "quanto"])), str(random.choice(["XBT", "USDT"]))
        contract = Contract(kind, float(random.choice([1.0, 0.5, 100.0])), settlement=coin)
        form, by = random.choice(["tiers", "limits", "rising"]), str(random.choice(["value", "quantity"]))
        value = abs(float(contract.value(1.0, start[i])))
        scale = 1000.0 if by == "quantity" and form != "tiers" else 1000.0 * value
        edges, rates = [0.0, scale / 4, scale / 2, scale], [1 / 256, 1 / 128, 1 / 64, 1 / 16]
        contracts.append(contract)
        if form == "tiers":
            maintenance.append(Tiers(edges, rates))
            terms = (form, edges, rates)
        elif form == "limits":
            maintenance.append(RiskLimits(edges, rates, by=by))
            terms = (form, edges, rates, by)
        else:
            maintenance.append(RisingMargin(1 / 128, 1 / 64 / scale, by=by))
            terms = (form, 1 / 128, 1 / 64 / scale, by)
        twins.append((kind, contract.multiplier, coin, terms))
    coins = list(dict.fromkeys(contract.settlement for contract in contracts))
    twins = [(kind, multiplier, coins.index(coin), terms) for kind, multiplier, coin, terms in twins]
    steps = random.normal(0, random.choice([0.01, 0.05]), (bars, instruments))
    mark = np.round(start * np.exp(np.cumsum(steps, axis=0)) * 64) / 64 + 1 / 64
    mark[1:][random.random((bars - 1, instruments)) < 0.1] = np.nan
    quantity = np.round(random.normal(0, 600, (accounts, instruments)))
    quantity *= random.random((accounts, instruments)) < 0.8
    entry = np.round(start * np.exp(random.normal(0, 0.05, (accounts, instruments))) * 64) / 64 + 1 / 64
    collateral = np.zeros((accounts, len(coins)))
    for i, contract in enumerate(contracts):
        value = np.abs(contract.value(quantity[:, i], entry[:, i]))
        collateral[:, coins.index(contract.settlement)] += value * random.uniform(0.02, 0.3, accounts)
    return SimpleNamespace(
        twins=twins,
        coins=coins,
        positions=(mark, quantity, entry, collateral),
        orders=collateral * random.choice([0, 0.1], collateral.shape),
        fund=collateral.sum(axis=0) * random.choice([0, 0.05, 1.0], len(coins)),
        slippage=random.choice([0, 0.01], instruments),
        terms={"contracts": contracts, "maintenance": maintenance},
        rule=LiquidationRule(
            reduction=str(random.choice(["none", "tier", "needed"])),
            step=int(random.integers(1, 3)),
            from_tier=int(random.integers(2, 4)),
            fee=float(random.choice([0, 0.002])),
            fee_to=str(random.choice(["fund", "venue"])),
        ),
    )


def carried(case):
    terms = {"orders": case.orders, "fund": case.fund, "slippage": case.slippage, "rule": case.rule}
    return simulate(*case.positions, **terms, **case.terms)


def equity_at_start(case):
    mark, quantity, entry, collateral = case.positions
    equity = collateral.copy()
    for i, contract in enumerate(case.terms["contracts"]):
        equity[:, case.coins.index(contract.settlement)] += contract.pnl(quantity[:, i], entry[:, i], mark[0, i])
    return equity


def largest_balance(case, after):
    parts = (equity_at_start(case), after.equity, after.fund, after.fees, after.market, case.fund)
    return np.max([np.abs(part).max(axis=0) for part in parts[:2]] + [np.abs(part) for part in parts[2:]], axis=0)


class TestTwin:
    @pytest.mark.parametrize("block", range(10))
    def test_events_and_balances(self, block):
        seen = np.zeros(4, np.int64)
        for seed in range(40 * block, 40 * block + 40):
            case = drawn(seed)
            after = carried(case)
            rule = case.rule
            twin = oracle.Process(
                *case.positions,
                case.orders,
                case.fund,
                case.slippage,
                case.twins,
                (rule.reduction, rule.step, rule.from_tier, rule.fee, rule.fee_to),
            )
            events = list(zip(*(column.tolist() for column in after.events), strict=True))
            assert [event[:5] for event in events] == [event[:5] for event in twin.events], seed
            scale = float(largest_balance(case, after).max())
            amounts = [float(x) for event in twin.events for x in event[5:]]
            tolerance = {"rtol": 1e-9, "atol": 1e-11 * scale}
            np.testing.assert_allclose([x for event in events for x in event[5:]], amounts, **tolerance)
            accounts = range(len(case.positions[1]))
            equity = [[float(twin.equity(a, c)) for c in range(len(case.coins))] for a in accounts]
            np.testing.assert_allclose(after.equity, equity, **tolerance)
            np.testing.assert_allclose(after.collateral, np.array(twin.wallet, float), **tolerance)
            np.testing.assert_allclose(after.quantity, np.array(twin.quantity, float), rtol=1e-9, atol=1e-6)
            for ours, theirs in ((after.fund, twin.fund), (after.fees, twin.fees), (after.market, twin.market())):
                np.testing.assert_allclose(ours, [float(x) for x in theirs], **tolerance)
            seen += np.bincount(after.events.kind, minlength=4)
        assert (seen > 0).all()

    def test_every_coin_is_conserved(self):
        events = 0
        for seed in range(10_000, 11_000):
            case = drawn(seed)
            after = carried(case)
            before = equity_at_start(case).sum(axis=0) + case.fund
            total = after.equity.sum(axis=0) + after.fund + after.fees + after.market
            assert (np.abs(total - before) <= 1e-9 * largest_balance(case, after)).all(), seed
            assert (after.fund >= 0.0).all()
            events += after.events.kind.size
        assert events > 2_000


class TestPublished:
    def test_taken_over_at_the_bankruptcy_price(self):
        # bitmex.com/app/liquidationExamples: long 1 at 100, liquidated at 99.50, sold at the bankruptcy price 99.00
        terms = {"contracts": LINEAR, "maintenance": 0.5 / 99.5, "rule": venues.bitmex.liquidation}
        after = simulate([100.0, 99.51, 99.49], [1.0], 100.0, [1.0], **terms)
        assert after.events.kind.tolist() == [TAKEOVER]
        assert after.events.bar.tolist() == [2]
        assert after.events.price.tolist() == [99.0]
        # closed better than that: the rest is the fund's
        assert after.fund.tolist() == pytest.approx([0.49], rel=1e-12)
        assert after.collateral.tolist() == [[0.0]]

    def test_auto_deleveraging(self):
        # bitmex.com/app/autoDeleveragingExamples: six longs by rank, a short of 20 with bankruptcy price 650 is closed
        # against all of account 2 and 10 of account 5
        size = np.array([10.0, 10.0, 20.0, 30.0, 20.0, 10.0])
        rank = np.array([3.0, 6.0, 1.0, 4.0, 5.0, 2.0])
        mark, entry = 660.0, 600.0
        # rank = profit of a tenth times value over equity
        equity = 0.1 * size * mark / rank
        collateral = np.append(equity - size * (mark - entry), 20.0 * 50.0)
        quantity = np.append(size, -20.0)
        terms = {"contracts": LINEAR, "maintenance": 0.0, "rule": venues.bitmex.liquidation}
        np.testing.assert_allclose(
            sg.liquidation.adl_rank(size, entry, mark, collateral[:6], contract=LINEAR), rank, rtol=1e-13
        )
        after = simulate([mark], quantity, entry, collateral, **terms)
        assert after.events.kind.tolist() == [TAKEOVER, DELEVERAGING, DELEVERAGING]
        assert after.events.account.tolist() == [6, 1, 4]
        assert after.events.quantity.tolist() == [-20.0, 10.0, 10.0]
        assert after.events.price.tolist() == [650.0] * 3
        assert after.events.adl.tolist() == [False, True, True]
        assert after.quantity[:, 0].tolist() == [10.0, 0.0, 20.0, 30.0, 10.0, 10.0, 0.0]

    def test_bitmex_steps_down_a_risk_limit(self):
        # 230 XBT are one step above the limit of 200: 1.00 % of them. Of 200 at 0.50 %, 1 XBT is enough.
        state = venues.bitmex.market("XBTUSD", on="2019-06-01")
        entry, mark = 4_000.0, 3_990.0
        quantity = 230.0 * entry
        loss = -float(XBTUSD.pnl(quantity, entry, mark))
        terms = {"contracts": state.contract, "maintenance": state.maintenance, "rule": venues.bitmex.liquidation}
        after = simulate([mark], [quantity], entry, [loss + 1.1], **terms)
        assert after.events.kind.tolist() == [REDUCTION]
        assert after.quantity[0, 0] == pytest.approx(200.0 * mark, rel=1e-12)
        assert after.equity[0, 0] == pytest.approx(1.1, rel=1e-12)
        # not enough for the lower limit either
        after = simulate([mark], [quantity], entry, [loss + 0.9], **terms)
        assert after.events.kind.tolist() == [TAKEOVER]

    def test_okx_goes_two_tiers_down_and_takes_over_in_the_second(self):
        state = venues.okx.market("ADA-USDT-SWAP")
        terms = {"contracts": state.contract, "maintenance": state.maintenance, "rule": venues.okx.liquidation}
        # in the third tier, 1.00 % of the value; in the first 0.50 % of 1,500 contracts
        value = float(state.contract.value(5_000, 0.5))
        after = simulate([0.5], [5_000.0], 0.5, [0.009 * value], **terms)
        assert (after.events.kind.tolist(), after.quantity.tolist()) == ([REDUCTION], [[1_500.0]])
        after = simulate([0.5], [3_000.0], 0.5, [0.007 * value * 0.6], **terms)
        assert after.events.kind.tolist() == [TAKEOVER]

    def test_binance_closes_what_is_needed(self):
        state = venues.binance.market("BTCUSDT", on="2020-12-31")
        terms = {"contracts": state.contract, "maintenance": state.maintenance}
        rule = replace(venues.binance.liquidation, fee=0.001)
        after = simulate([40_000.0, 39_500.0], [100.0], 40_000.0, [120_000.0], rule=rule, **terms)
        assert after.events.kind.tolist() == [REDUCTION]
        left = float(after.quantity[0, 0])
        assert 0.0 < left < 100.0
        # equity after the fee is just what is needed then
        equity = 70_000.0 - 0.001 * (100.0 - left) * 39_500.0
        assert float(after.equity[0, 0]) == pytest.approx(equity, rel=1e-12)
        needed = sg.liquidation.maintenance_margin(
            left, 39_500.0, contract=state.contract, maintenance=state.maintenance
        )
        assert equity == pytest.approx(float(needed), rel=1e-11)
        assert after.fund.tolist() == after.events.fee.tolist() == after.events.fund.tolist()


class TestProcess:
    TERMS = {"contracts": LINEAR, "maintenance": 0.01, "rule": AT_ONCE}  # noqa: RUF012

    def test_nothing_happens_to_who_has_enough(self):
        after = simulate(np.linspace(100.0, 60.0, 300), [1.0, -1.0, 0.0], 100.0, [50.0, 5.0, -1.0], **self.TERMS)
        assert [column.size for column in after.events] == [0] * 9
        np.testing.assert_array_equal(after.quantity, [[1.0], [-1.0], [0.0]])
        np.testing.assert_array_equal(after.equity, [[10.0], [45.0], [-1.0]])
        assert after.market.tolist() == [0.0]
        assert after.coins == ("",)

    def test_no_accounts(self):
        after = simulate([100.0, 50.0], np.empty((0, 1)), 100.0, np.empty((0, 1)), fund=3.0, **self.TERMS)
        assert after.quantity.shape == after.equity.shape == (0, 1)
        assert after.fund.tolist() == [3.0]

    def test_the_bar_is_that_of_the_first_breach(self):
        random = np.random.default_rng(8)
        mark = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, 400)))
        quantity, entry = random.choice([-1.0, 1.0], 200), np.full(200, 100.0)
        collateral = random.uniform(2.0, 40.0, 200)
        for contract in (LINEAR, Contract("inverse", 100.0)):
            margin = collateral * float(contract.value(1.0, 100.0)) / 100.0
            terms = {"maintenance": 0.01}
            expected = sg.liquidation.first_breach(
                mark[:, np.newaxis], quantity, entry, margin, contract=contract, **terms
            )
            after = simulate(mark, quantity, entry, margin, contracts=contract, rule=AT_ONCE, fund=1e6, **terms)
            bars = np.full(200, mark.size)
            bars[after.events.account] = after.events.bar
            np.testing.assert_array_equal(bars, expected)
            assert (expected < mark.size).sum() >= 40
            # and the price is that of bankruptcy
            bankrupt = sg.liquidation.bankruptcy_price(quantity, entry, margin, contract=contract)
            np.testing.assert_allclose(after.events.price, bankrupt[after.events.account], rtol=1e-11)

    def test_cancelled_orders_may_be_enough(self):
        after = simulate([100.0, 96.0], [1.0], 100.0, [6.0], orders=[3.0], **self.TERMS)
        assert after.events.kind.tolist() == [CANCEL]
        assert after.events.instrument.tolist() == [1]
        assert after.quantity.tolist() == [[1.0]]
        after = simulate([100.0, 95.0], [1.0], 100.0, [5.5], orders=[3.0], **self.TERMS)
        assert after.events.kind.tolist() == [CANCEL, TAKEOVER]

    def test_a_coin_of_its_own_is_not_touched(self):
        contracts = [Contract("linear", settlement="USDT"), ETHUSD]
        mark = [[100.0, 200.0], [80.0, 200.0]]
        terms = {**self.TERMS, "contracts": contracts, "fund": [100.0, 0.0]}
        after = simulate(mark, [[1.0, 100.0]], [[100.0, 200.0]], [[10.0, 0.01]], **terms)
        assert after.coins == ("USDT", "XBT")
        assert after.quantity.tolist() == [[0.0, 100.0]]
        assert after.collateral.tolist() == [[0.0, 0.01]]

    def test_positions_share_the_collateral_of_their_coin(self):
        contracts = [Contract("linear", settlement="USDT"), Contract("linear", settlement="USDT")]
        terms = {"contracts": contracts, "maintenance": [0.01, 0.03], "rule": AT_ONCE}
        mark = [[100.0, 100.0], [80.0, 120.0], [80.0, 100.0]]
        after = simulate(mark, [[1.0, 1.0]], 100.0, [10.0], fund=50.0, **terms)
        assert after.events.bar.tolist() == [2, 2]
        # 10 below nothing: shared as 0.8 to 3.0 of what they need
        shares = np.array([-10.0 * 0.8 / 3.8, -10.0 * 3.0 / 3.8])
        np.testing.assert_allclose(after.events.price, [80.0, 100.0] - shares, rtol=1e-14)

    def test_the_fund_pays_what_it_can(self):
        # closed at 85, 5 below the bankruptcy price: a fund of 2 is enough for 2/5, the short takes the rest at 90
        after = simulate([100.0, 85.0], [1.0, -3.0], 100.0, [10.0, 50.0], fund=2.0, **self.TERMS)
        assert after.events.kind.tolist() == [TAKEOVER, DELEVERAGING]
        assert after.events.account.tolist() == [0, 1]
        np.testing.assert_allclose(after.events.quantity, [1.0, -0.6], rtol=1e-14)
        assert after.fund.tolist() == [0.0]
        np.testing.assert_allclose(after.collateral[:, 0], [0.0, 50.0 + 0.6 * 10.0], rtol=1e-14)
        # without a counterparty among the accounts it is one outside
        after = simulate([100.0, 85.0], [1.0], 100.0, [10.0], fund=2.0, **self.TERMS)
        assert after.events.account.tolist() == [0, 1]
        # long 0.4 from 85, short 0.6 from 90: who bought at 85 has 0, who was closed at 90 lost 5 on 0.6

    def test_the_order_of_accounts_does_not_matter_while_the_fund_lasts(self):
        random = np.random.default_rng(9)
        mark = 100.0 * np.exp(np.cumsum(random.normal(0.0, 0.02, 200)))
        quantity, collateral = np.round(random.normal(0.0, 100.0, 80)), random.uniform(50.0, 3_000.0, 80)
        terms = {**self.TERMS, "rule": venues.binance.liquidation, "fund": 1e6}
        after = simulate(mark, quantity, 100.0, collateral, **terms)
        order = random.permutation(80)
        other = simulate(mark, quantity[order], 100.0, collateral[order], **terms)
        np.testing.assert_array_equal(other.quantity, after.quantity[order])
        np.testing.assert_array_equal(other.equity, after.equity[order])
        assert after.events.kind.size == other.events.kind.size > 30

    def test_nan_is_no_information(self):
        after = simulate([100.0, np.nan, np.nan, 80.0], [1.0], 100.0, [10.0], fund=50.0, **self.TERMS)
        assert after.events.bar.tolist() == [3]
        after = simulate([100.0, 80.0, np.nan], [0.5], 100.0, [30.0], **self.TERMS)
        assert after.equity.tolist() == [[20.0]]

    def test_a_bankruptcy_that_is_no_price(self):
        # the other position has lost more than this one is worth
        contracts = [Contract("linear"), Contract("linear")]
        mark = [[100.0, 1.0], [20.0, 1.0]]
        terms = {"contracts": contracts, "maintenance": [0.0, 0.5], "rule": AT_ONCE, "fund": 1e3}
        after = simulate(mark, [[1.0, -1.0]], [[100.0, 1.0]], [10.0], **terms)
        assert after.events.kind.tolist() == [TAKEOVER, TAKEOVER]
        assert after.events.price[0] == 20.0
        assert math.isnan(after.events.price[1])
        assert after.fund.tolist() == [1e3 - 70.0]

    def test_inputs_are_never_changed(self):
        case = drawn(3)
        before = [np.copy(part) for part in (*case.positions, case.orders, case.fund)]
        carried(case)
        for part, copy in zip((*case.positions, case.orders, case.fund), before, strict=True):
            np.testing.assert_array_equal(part, copy)

    def test_flags_are_left_alone(self):
        with np.errstate(all="raise"):
            for seed in range(50):
                carried(drawn(seed))

    def test_same_bits_on_every_processor_and_in_threads(self, monkeypatch):
        cases = [drawn(seed) for seed in range(40)]

        def words(after):
            return b"".join(np.ascontiguousarray(part).tobytes() for part in (*after[:6], *after.events))

        expected = [words(carried(case)) for case in cases]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda case: words(carried(case)), cases)) == expected
        levels = dispatch.LEVELS[: dispatch.LEVELS.index(dispatch.supported) + 1]
        for level in set(levels) & set(dispatch.available()):
            module = dispatch.load("liquidation.process", level)
            monkeypatch.setattr(dispatch.liquidation, "process", module)
            assert [words(carried(case)) for case in cases] == expected


class TestRank:
    @pytest.mark.parametrize("contract", [LINEAR, XBTUSD, ETHUSD], ids=lambda contract: contract.kind)
    def test_by_the_values_of_the_definition(self, contract):
        # PNL percentage = (mark value - entry value) / |entry value|, leverage = |mark value| / (mark - bankrupt value)
        random = np.random.default_rng(11)
        quantity, entry = random.choice([-1.0, 1.0], 100) * 50.0, random.uniform(90.0, 110.0, 100)
        margin = np.abs(contract.value(quantity, entry)) * random.uniform(0.3, 0.9, 100)
        sign = -1.0 if contract.inverse else 1.0
        bankrupt = sg.liquidation.bankruptcy_price(quantity, entry, margin, contract=contract)
        marked, opened, gone = (sign * contract.value(quantity, price) for price in (100.0, entry, bankrupt))
        reached = (bankrupt > 0.0) & (bankrupt < np.inf)
        share = (marked - opened) / np.abs(opened)
        leverage = np.abs(marked) / (marked - gone)
        expected = np.where(share > 0.0, share * leverage, share / leverage)
        actual = sg.liquidation.adl_rank(quantity, entry, 100.0, margin, contract=contract)
        np.testing.assert_allclose(actual[reached], expected[reached], rtol=1e-10)
        assert reached.sum() > 50

    def test_wiped_out(self):
        with np.errstate(all="raise"):
            ranks = sg.liquidation.adl_rank(1.0, [100.0, 80.0, 90.0], 90.0, [5.0, -20.0, 0.0], contract=LINEAR)
            np.testing.assert_array_equal(ranks, [0.0, np.inf, 0.0])
            assert np.isnan(sg.liquidation.adl_rank(np.nan, 100.0, 90.0, 5.0, contract=LINEAR))
        with pytest.raises(TypeError, match="contract must be a Contract"):
            sg.liquidation.adl_rank(1.0, 1.0, 1.0, 1.0, contract=3)


WILD = np.array([5e-324, 1e-300, 1e-150, 1.0, 1e150, 1e300, 1.7e308])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_hostile_numbers_come_to_an_end():
    random = np.random.default_rng(12)
    margins = [Tiers([0, 1e-300, 1e300], [0, 0.1, 0.9]), RiskLimits([0, 1e300], [0.1, 1.0]), RisingMargin(0.1, 1e300)]
    for _ in range(300):
        contracts = [Contract(kind, float(random.choice(WILD))) for kind in random.choice(["linear", "inverse"], 2)]
        signs = random.choice([-1, 0, 1], (4, 2))
        after = simulate(
            random.choice(WILD, (20, 2)),
            random.choice(WILD, (4, 2)) * signs,
            random.choice(WILD, (4, 2)),
            random.choice(WILD, 4) * random.choice([-1, 1], 4),
            contracts=contracts,
            maintenance=[margins[k] for k in random.integers(3, size=2)],
            rule=LiquidationRule(reduction=str(random.choice(["none", "tier", "needed"])), fee=0.5),
            fund=random.choice(WILD),
            slippage=0.5,
        )
        assert (np.abs(after.quantity) <= 1.7e308).all()
        assert ((signs == 0) <= (after.quantity == 0)).all()


GOOD = {
    "mark": [[100.0, 50.0], [90.0, 60.0]],
    "quantity": [[1.0, -1.0]],
    "entry": 100.0,
    "collateral": [[10.0]],
    "contracts": [LINEAR, LINEAR],
    "maintenance": 0.01,
    "rule": AT_ONCE,
}
WRONG_CALLS = [
    (ValueError, {"mark": [100.0, 90.0]}, r"mark must have shape \(T, 2\), one column for each contract, got \(2,\)"),
    (ValueError, {"mark": np.empty((0, 2))}, "mark must hold at least one bar"),
    (ValueError, {"mark": [[1.0, 0.0]]}, r"mark\[0, 1\] must be a finite number > 0, or NaN, got 0.0"),
    (ValueError, {"mark": [[1.0, 1.0], [1.0, np.inf]]}, r"mark\[1, 1\] must be a finite number > 0, or NaN, got inf"),
    (ValueError, {"mark": [[1.0, np.nan]]}, r"mark\[0, 1\] must be known on the first bar, got nan"),
    (TypeError, {"mark": "high"}, "mark must be a number or an array of numbers, got 'high'"),
    (ValueError, {"quantity": [[1.0, 2.0, 3.0]]}, r"quantity must have shape \(A, 2\), got \(1, 3\)"),
    (ValueError, {"quantity": [[1.0, np.nan]]}, r"quantity\[0, 1\] must be finite, got nan"),
    (ValueError, {"entry": [[1.0, 0.0]]}, r"entry\[0, 1\] must be a finite number > 0, got 0.0"),
    (
        ValueError,
        {"entry": np.ones((3, 2)), "quantity": np.ones((2, 2))},
        r"entry of shape \(3, 2\) does not broadcast with quantity of shape \(2, 2\)",
    ),
    (
        ValueError,
        {"collateral": [[1.0, 2.0]]},
        r"collateral must have shape \(1, 1\), a column for each coin, got \(1, 2\)",
    ),
    (ValueError, {"collateral": np.inf}, r"collateral\[0, 0\] must be finite, got inf"),
    (ValueError, {"orders": -1.0}, r"orders\[0, 0\] must be >= 0, got -1.0"),
    (ValueError, {"fund": -1.0}, r"fund\[0\] must be >= 0, got -1.0"),
    (ValueError, {"fund": [1.0, 2.0]}, r"fund must have shape \(1,\), one for each coin, got \(2,\)"),
    (ValueError, {"slippage": 1.0}, r"slippage\[0\] must be in \[0, 1\), got 1.0"),
    (ValueError, {"maintenance": [0.01]}, "maintenance has 1 elements, contracts has 2"),
    (ValueError, {"maintenance": [0.01, 1.0]}, r"maintenance\[1\] must be in \[0, 1\), got 1.0"),
    (ValueError, {"maintenance": -0.1}, r"maintenance must be in \[0, 1\), got -0.1"),
    (TypeError, {"maintenance": "1 %"}, "maintenance must be a number or an array of numbers, got '1 %'"),
    (ValueError, {"maintenance": [0.1, [0.1]]}, r"maintenance\[1\] must be a number or a Margin, got shape \(1,\)"),
    (TypeError, {"contracts": 3}, r"contracts\[0\] must be a Contract, got int"),
    (TypeError, {"contracts": [LINEAR, 3]}, r"contracts\[1\] must be a Contract, got int"),
    (ValueError, {"contracts": []}, "contracts must hold at least one Contract"),
    (TypeError, {"rule": "BitMEX"}, "rule must be a LiquidationRule, got str"),
]


@pytest.mark.parametrize(("error", "change", "message"), WRONG_CALLS)
def test_wrong_calls(error, change, message):
    simulate(**GOOD)
    with pytest.raises(error, match=message):
        simulate(**GOOD | change)


class TestRule:
    @pytest.mark.parametrize(
        ("change", "message"),
        [
            ({"reduction": "all"}, "reduction must be one of 'none', 'tier', 'needed', got 'all'"),
            ({"fee_to": "me"}, "fee_to must be one of 'fund', 'venue', got 'me'"),
            ({"step": 0}, "step must be an integer >= 1, got 0"),
            ({"from_tier": 1}, "from_tier must be an integer >= 2, got 1"),
            ({"from_tier": 2.5}, "from_tier must be an integer >= 2, got 2.5"),
            ({"fee": 1.0}, r"fee must be in \[0, 1\), got 1.0"),
            ({"fee": np.nan}, r"fee must be in \[0, 1\), got nan"),
        ],
    )
    def test_what_is_no_rule(self, change, message):
        with pytest.raises(ValueError, match=message):
            LiquidationRule(**change)

    def test_rules_of_venues(self):
        for venue in ("BitMEX", "Binance", "Bybit", "OKX"):
            assert venues[venue.upper()].liquidation.source
        assert venues.ftx.liquidation is None
        with pytest.raises(FrozenInstanceError):
            venues.okx.liquidation.step = 1
