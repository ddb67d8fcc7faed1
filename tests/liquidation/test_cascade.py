"""Cascades against their twin in fractions, conservation, and what must hold of any."""

import hashlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from listed import ETHUSD, XBTUSD
from oracle.liquidation import cascade as oracle

import shortgamma as sg
from shortgamma._core import dispatch
from shortgamma.contracts import Contract
from shortgamma.liquidation import RisingMargin, RiskLimits, Tiers
from shortgamma.liquidation import simulate_cascade as cascade

LINEAR = Contract("linear")
CONTRACTS = [LINEAR, XBTUSD, ETHUSD]
each = pytest.mark.parametrize("contract", CONTRACTS, ids=lambda contract: contract.kind)


def accounts(random, contract, count, mark=200.0):
    """Positions of binary fractions around a mark, some of which breach at once."""
    entry = np.round(mark * np.exp(random.normal(0.0, 0.05, count)) * 64) / 64
    quantity = np.round(random.normal(0.0, 400.0, count)) * (random.random(count) < 0.95)
    value = np.abs(contract.value(quantity, entry))
    unit = float(contract.value(1.0, mark))
    margin = np.round(value * random.uniform(0.02, 0.4, count) / unit * 256) / 256 * unit
    return quantity, entry, margin


def drawn(seed):
    random = np.random.default_rng(seed)
    contract = CONTRACTS[random.integers(3)]
    count = int(random.integers(1, 40))
    mark = float(np.round(200.0 * np.exp(random.normal(0.0, 0.06)) * 16) / 16)
    positions = accounts(random, contract, count)
    unit = float(contract.value(1.0, 200.0))
    edges, rates = [0.0, 40_000.0 * unit / 64, 40_000.0 * unit / 8], [1 / 256, 1 / 64, 1 / 32]
    if random.random() < 0.5:
        depth = float(2.0 ** random.integers(2, 9))
        book = ("line", depth)
    else:
        levels = [
            np.stack([np.cumsum(random.integers(1, 9, n)) / 256, random.integers(10, 500, n)], axis=1).astype(float)
            for n in random.integers(1, 6, 2)
        ]
        depth = (levels[0], levels[1]) if random.random() < 0.5 else levels[0]
        book = ("levels", *(depth if isinstance(depth, tuple) else (depth, depth)))
    flow = {
        "fee": float(random.choice([0.0, 1 / 128])),
        "fund": float(random.choice([0.0, 0.1]) * positions[2].sum()),
        "returned": bool(random.integers(2)),
    }
    return contract, mark, positions, (edges, rates), depth, book, flow


def run(case):
    contract, mark, positions, tiers, depth, _, flow = case
    return cascade(mark, *positions, contract=contract, maintenance=Tiers(*tiers), depth=depth, **flow)


class TestTwin:
    @pytest.mark.parametrize("block", range(5))
    def test_waves_prices_and_balances(self, block):
        waves, exhausted = [], 0
        for seed in range(60 * block, 60 * block + 60):
            case = drawn(seed)
            contract, mark, positions, tiers, _, book, flow = case
            end = run(case)
            rows = list(zip(*(column.tolist() for column in positions), strict=True))
            last, told, left, sums, count = oracle.cascade(
                mark, rows, contract.kind, contract.multiplier, *tiers, book, *flow.values()
            )
            assert end.wave.tolist() == [told[a][0] for a in range(len(rows))], seed
            assert end.waves == count
            assert end.accounts == sum(wave < count for wave, _ in told.values())
            assert float(end.mark) == pytest.approx(float(last), rel=1e-12)
            prices = [np.nan if told[a][1] is None else float(told[a][1]) for a in range(len(rows))]
            np.testing.assert_allclose(end.price, prices, rtol=1e-11)
            scale = float(np.abs(positions[2]).sum() + np.abs(contract.value(positions[0], mark)).sum())
            np.testing.assert_allclose(end.equity, [float(left[a]) for a in range(len(rows))], atol=1e-12 * scale)
            ours = (end.sold, end.bought, end.fund, end.fees, end.market, end.shortfall)
            np.testing.assert_allclose(ours[:2], [float(x) for x in sums[:2]], rtol=1e-14)
            np.testing.assert_allclose(ours[2:], [float(x) for x in sums[2:]], atol=1e-11 * scale)
            waves.append(count)
            exhausted += bool(end.exhausted)
        assert max(waves) > 3
        assert min(waves) == 0
        assert exhausted

    def test_every_coin_is_conserved(self):
        gone = 0
        for seed in range(20_000, 21_000):
            case = drawn(seed)
            contract, mark, (quantity, entry, margin), _, _, _, flow = case
            end = run(case)
            before = margin + contract.pnl(quantity, entry, mark)
            total = end.equity.sum() + end.fund + end.fees + end.market - end.shortfall
            parts = (end.fund, end.fees, end.market, end.shortfall, flow["fund"])
            largest = max(np.abs(before).max(), np.abs(end.equity).max(), *map(abs, parts))
            assert abs(total - before.sum() - flow["fund"]) <= 1e-9 * largest, seed
            assert end.fund >= 0.0
            gone += int(end.accounts)
        assert gone > 3_000


def test_a_shortfall_is_not_paid_back_by_later_waves():
    # the first long is closed at 94.5, 5 below its bankruptcy: 50 that no fund pays; the second leaves 9 to the fund
    terms = {"contract": LINEAR, "maintenance": 0.02, "depth": 10.0}
    end = cascade(95.0, [10.0, 10.0], 100.0, [5.0, 74.0], **terms)
    assert end.wave.tolist() == [0, 1]
    assert end.shortfall > 0.0
    assert end.fund > 0.0
    # what there is at the end, less the shortfall, is what there was
    total = end.equity.sum() + end.fund + end.fees + end.market - end.shortfall
    assert total == pytest.approx(79.0 - 2 * 50.0, abs=1e-9)


class TestProperties:
    @each
    @settings(max_examples=50)
    @given(seed=st.integers(0, 2**32 - 1), more=st.floats(1.0, 100.0), shock=st.floats(0.85, 1.15))
    def test_more_depth_never_more_liquidations(self, contract, seed, more, shock):
        random = np.random.default_rng(seed)
        quantity, entry, margin = accounts(random, contract, 200)
        terms = {"contract": contract, "maintenance": 0.01}
        # those of one side only: where both are liquidated at once, each holds up the other
        level = sg.liquidation.liquidation_price(quantity, entry, margin, **terms)
        mark = 200.0 * shock
        quantity = np.where(
            (quantity < 0.0) == (shock < 1.0), np.where((level < mark) == (quantity < 0), 0, quantity), quantity
        )
        depth = 2.0 ** random.integers(4, 10)
        thin = cascade(mark, quantity, entry, margin, depth=depth, **terms)
        thick = cascade(mark, quantity, entry, margin, depth=depth * more, **terms)
        assert ((thick.wave < thick.waves) <= (thin.wave < thin.waves)).all()
        assert abs(thick.mark - mark) <= abs(thin.mark - mark)
        levels = np.stack([np.arange(1, 6) / 100, np.full(5, depth)], axis=1)
        thin = cascade(mark, quantity, entry, margin, depth=levels, **terms)
        thick = cascade(mark, quantity, entry, margin, depth=levels * [1.0, more], **terms)
        assert ((thick.wave < thick.waves) <= (thin.wave < thin.waves)).all()

    @each
    @pytest.mark.parametrize("seed", range(5))
    def test_the_order_of_accounts_does_not_matter(self, contract, seed):
        random = np.random.default_rng(seed)
        positions = accounts(random, contract, 300)
        # with equal ones among them
        positions = [np.concatenate([column, column[:50]]) for column in positions]
        terms = {"contract": contract, "maintenance": 0.01, "depth": 300.0, "fee": 0.001}
        marks = [180.0, 200.0, 215.0]
        end = cascade(marks, *positions, **terms)
        order = random.permutation(350)
        other = cascade(marks, *(column[order] for column in positions), **terms)
        for one, two in zip(end[:10], other[:10], strict=True):
            np.testing.assert_array_equal(one, two)
        for one, two in zip(end[10:12], other[10:12], strict=True):
            np.testing.assert_array_equal(one[:, order], two)
        np.testing.assert_array_equal(end.fills, other.fills)
        assert (end.waves > 1).any()

    def test_no_accounts_no_move(self):
        for positions in ((np.empty(0), 100.0, np.empty(0)), (np.zeros(3), 100.0, [1.0, -1.0, 0.0])):
            end = cascade([90.0, 50.0], *positions, contract=LINEAR, maintenance=0.01, depth=1e-6, fund=5.0)
            assert end.mark.tolist() == [90.0, 50.0]
            assert end.waves.tolist() == end.accounts.tolist() == [0, 0]
            assert end.fund.tolist() == [5.0, 5.0]
            assert not end.exhausted.any()

    @each
    def test_nothing_breaches_at_the_end(self, contract):
        random = np.random.default_rng(4)
        quantity, entry, margin = accounts(random, contract, 500)
        terms = {"contract": contract, "maintenance": Tiers([0.0, 1.0], [0.005, 0.01])}
        level = sg.liquidation.liquidation_price(quantity, entry, margin, **terms)
        for mark in (150.0, 190.0, 205.0, 240.0):
            end = cascade(mark, quantity, entry, margin, depth=4_000.0, **terms)
            left = (end.wave == end.waves) & (quantity != 0.0)
            assert not (left & np.where(quantity > 0, end.mark < level, end.mark > level)).any()
            assert end.sold == pytest.approx(quantity[(end.wave < end.waves) & (quantity > 0)].sum(), rel=1e-12)

    def test_several_marks_are_cascades_of_their_own(self):
        random = np.random.default_rng(5)
        positions = accounts(random, LINEAR, 200)
        terms = {"contract": LINEAR, "maintenance": 0.01, "depth": 100.0, "fund": 1e3}
        marks = np.linspace(150.0, 250.0, 21)
        ends = cascade(marks, *positions, **terms)
        for s, mark in enumerate(marks):
            alone = cascade(mark, *positions, **terms)
            for one, two in zip(ends[:-1], alone[:-1], strict=True):
                np.testing.assert_array_equal(one[s], two)
            np.testing.assert_array_equal(ends.price[s], alone.price)
            np.testing.assert_array_equal(ends.fills[s, : alone.waves], alone.fills)
            assert np.isnan(ends.fills[s, alone.waves :]).all()
        assert ends.wave.shape == (21, 200)

    @pytest.mark.parametrize(
        "maintenance", [RiskLimits([0.0, 500.0], [0.01, 0.02]), RisingMargin(0.01, 1e-5)], ids=repr
    )
    def test_margins_of_whole_positions(self, maintenance):
        random = np.random.default_rng(6)
        quantity, entry, margin = accounts(random, LINEAR, 100)
        terms = {"contract": LINEAR, "depth": 1e15}
        level = sg.liquidation.liquidation_price(quantity, entry, margin, contract=LINEAR, maintenance=maintenance)
        end = cascade(190.0, quantity, entry, margin, maintenance=maintenance, **terms)
        np.testing.assert_array_equal(end.wave < end.waves, np.where(quantity > 0, level > 190.0, level < 190.0))


class TestBook:
    TERMS = {"contract": LINEAR, "maintenance": 0.0}  # noqa: RUF012

    def test_a_straight_line_fills_in_the_middle_of_the_walk(self):
        # 10 longs of 1 with nothing left at 90: 10 contracts, of which 5 move the price by 1
        end = cascade(90.0, np.ones(10), 100.0, 9.0, depth=5.0, **self.TERMS)
        assert (float(end.mark), end.price.tolist()) == (88.0, [89.0] * 10)
        assert (float(end.shortfall), float(end.market)) == (20.0, 10.0 * (10.0 - 10.0) + 10.0)

    def test_levels_fill_one_after_the_other(self):
        # 3 at 99, 4 at 98, 3 of the 9 at 90
        levels = [[0.01, 3.0], [0.02, 4.0], [0.1, 9.0]]
        end = cascade(100.0, [10.0], 110.0, [50.0], depth=levels, **self.TERMS)
        assert float(end.mark) == 90.0
        assert float(end.price[0]) == pytest.approx((3 * 99 + 4 * 98 + 3 * 90) / 10, rel=1e-15)
        assert not end.exhausted
        # just to the end of a level
        end = cascade(100.0, [7.0], 110.0, [35.0], depth=levels, **self.TERMS)
        assert float(end.mark) == 98.0

    def test_bids_and_asks(self):
        book = ([[0.01, 100.0]], [[0.02, 100.0]])
        assert float(cascade(100.0, [1.0], 110.0, [5.0], depth=book, **self.TERMS).mark) == 99.0
        assert float(cascade(100.0, [-1.0], 90.0, [5.0], depth=book, **self.TERMS).mark) == 102.0
        # what sells and what buys meets at the mark
        end = cascade(100.0, [1.0, -1.0], [110.0, 90.0], 5.0, depth=book, **self.TERMS)
        assert (float(end.mark), end.price.tolist()) == (100.0, [100.0, 100.0])

    def test_a_book_that_is_too_small(self):
        end = cascade(100.0, [10.0], 110.0, [50.0], depth=[[0.01, 4.0]], **self.TERMS)
        assert end.exhausted
        assert (float(end.mark), end.price.tolist()) == (99.0, [99.0])
        # a straight line ends at a hundredth of the mark: 99 contracts from 100 down, 101 at 1
        end = cascade(100.0, [200.0], 110.0, [50.0], depth=1.0, **self.TERMS)
        assert end.exhausted
        assert float(end.mark) == pytest.approx(1.0, rel=1e-14)
        assert float(end.price[0]) == pytest.approx((99.0 * 50.5 + 101.0) / 200.0, rel=1e-14)

    def test_what_is_left_goes_to_the_fund_or_back(self):
        terms = {"contract": LINEAR, "maintenance": 0.05, "depth": 1e12, "fee": 0.01}
        end = cascade(96.0, [1.0], 100.0, [8.0], **terms)
        assert end.equity.tolist() == [0.0]
        assert float(end.fees) == pytest.approx(0.96, rel=1e-12)
        assert float(end.fund) == pytest.approx(8.0 - 4.0 - 0.96, rel=1e-9)
        end = cascade(96.0, [1.0], 100.0, [8.0], returned=True, **terms)
        assert end.equity.tolist() == pytest.approx([3.04], rel=1e-9)
        assert float(end.fund) == 0.0
        # a fee is taken of what there is
        end = cascade(92.5, [1.0], 100.0, [8.0], returned=True, **terms)
        assert float(end.fees) == pytest.approx(0.5, rel=1e-9)
        assert end.equity.tolist() == [0.0]


@pytest.mark.parametrize("count", [0, 1, 2, 100, 5_000])
def test_places_in_order(count):
    random = np.random.default_rng(count)
    for values in (
        random.normal(size=count),
        random.integers(-3, 3, count).astype(float),
        np.where(random.random(count) < 0.3, np.inf, -random.random(count)),
        np.exp(random.uniform(-700, 700, count)),
        np.zeros(count),
    ):
        places = dispatch.liquidation.cascade.sorted_places(values)
        np.testing.assert_array_equal(places, np.argsort(values, kind="stable"))


def digest(end):
    return hashlib.sha256(b"".join(np.ascontiguousarray(part).tobytes() for part in end)).hexdigest()


def test_same_bits_on_every_processor_and_in_threads(monkeypatch):
    cases = [drawn(seed) for seed in range(60)]
    expected = [digest(run(case)) for case in cases]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda case: digest(run(case)), cases)) == expected
    levels = dispatch.LEVELS[: dispatch.LEVELS.index(dispatch.supported) + 1]
    for level in set(levels) & set(dispatch.available()):
        module = dispatch.load("liquidation.cascade", level)
        monkeypatch.setattr(dispatch.liquidation, "cascade", module)
        assert [digest(run(case)) for case in cases] == expected


def test_inputs_are_never_changed_and_flags_left_alone():
    case = drawn(2)
    before = [column.copy() for column in case[2]]
    with np.errstate(all="raise"):
        run(case)
    for column, copy in zip(case[2], before, strict=True):
        np.testing.assert_array_equal(column, copy)


GOOD = {
    "mark": 90.0,
    "quantity": [1.0, -1.0],
    "entry": 100.0,
    "margin": 20.0,
    "contract": LINEAR,
    "maintenance": 0.01,
    "depth": 10.0,
}
LEVELS = [[0.01, 5.0], [0.02, 5.0]]
WRONG_CALLS = [
    (ValueError, {"mark": 0.0}, "mark must be a finite number > 0, got 0.0"),
    (ValueError, {"mark": [1.0, np.nan]}, r"mark\[1\] must be a finite number > 0, got nan"),
    (ValueError, {"mark": [[1.0]]}, r"mark must be a number or have one dimension, got shape \(1, 1\)"),
    (TypeError, {"mark": "low"}, "mark must be a number or an array of numbers, got 'low'"),
    (ValueError, {"quantity": [[1.0]]}, r"quantity must be a number or have one dimension, got shape \(1, 1\)"),
    (ValueError, {"quantity": [1.0, np.inf]}, r"quantity\[1\] must be finite, got inf"),
    (ValueError, {"entry": [1.0, 0.0]}, r"entry\[1\] must be a finite number > 0, got 0.0"),
    (ValueError, {"margin": np.nan}, r"margin\[0\] must be finite, got nan"),
    (ValueError, {"margin": [1.0, 2.0, 3.0]}, r"margin of shape \(3,\) does not broadcast with 2 accounts"),
    (ValueError, {"maintenance": 1.5}, r"maintenance\[0\] must be such that each position has a price of liquidation"),
    (ValueError, {"maintenance": np.full((3, 2), 0.01)}, "maintenance does not broadcast with 2 accounts"),
    (TypeError, {"contract": 3}, "contract must be a Contract, got int"),
    (ValueError, {"depth": 0.0}, "depth must be a finite number > 0, got 0.0"),
    (ValueError, {"depth": np.nan}, "depth must be a finite number > 0, got nan"),
    (
        ValueError,
        {"depth": [1.0, 2.0]},
        r"depth must have shape \(L, 2\): distance and contracts of each level, got \(2,\)",
    ),
    (ValueError, {"depth": np.empty((0, 2))}, r"depth must have shape \(L, 2\)"),
    (ValueError, {"depth": [[0.0, 1.0]]}, r"distance of depth\[0\] must be a finite number > 0, got 0.0"),
    (ValueError, {"depth": LEVELS[::-1]}, r"distance of depth\[1\] must be above the one before, got 0.01"),
    (ValueError, {"depth": [[0.1, -1.0]]}, r"contracts of depth\[0\] must be a finite number > 0, got -1.0"),
    (ValueError, {"depth": [[1.0, 1.0]]}, r"distance of depth\[0\] must be below 1 for bids, got 1.0"),
    (
        ValueError,
        {"depth": (LEVELS, [[0.1, 0.0]])},
        r"contracts of depth\[1\]\[0\] must be a finite number > 0, got 0.0",
    ),
    (ValueError, {"fee": 1.0}, r"fee must be in \[0, 1\), got 1.0"),
    (ValueError, {"fee": [0.1]}, r"fee must be a number, got shape \(1,\)"),
    (ValueError, {"fund": -1.0}, "fund must be a finite number >= 0, got -1.0"),
]


@pytest.mark.parametrize(("error", "change", "message"), WRONG_CALLS)
def test_wrong_calls(error, change, message):
    cascade(**GOOD)
    with pytest.raises(error, match=message):
        cascade(**GOOD | change)
