"""Leveraged products: NAV along a path, rebalanced every bar or on a schedule."""

import csv
import functools
import inspect
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import LAYOUTS, OUTPUTS, assert_same_bits, roundings
from oracle.leverage import nav as oracle
from wrong import refused

import shortgamma as sg

# in years of one bar: the rates of the oracle are those of a bar
nav = functools.partial(sg.leverage.nav, periods_per_year=1)

DATA = Path(__file__).parents[1] / "data"
LEVERAGES = (-3.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0)
# Ends of the blocks of paths and of the strips of bars.
SHAPES = [(1, 1), (2, 3), (9, 8), (40, 1), (41, 63), (8, 64), (17, 65), (9, 127), (10, 128), (33, 129), (7, 260)]
CARRY = {"financing": 2e-4, "expense": 3e-5}
BARS, PATHS = (1, 2, 8, 9, 40, 41), (0, 1, 63, 64, 65, 127, 128, 129)
leverages = st.sampled_from(LEVERAGES)
paths = st.lists(st.floats(0.7, 1.4), min_size=1, max_size=40).map(lambda moves: 100.0 * np.cumprod([1.0, *moves]))


def market(bars, *shape, seed=1, deviation=0.05):
    random = np.random.default_rng(seed)
    return 100.0 * np.exp(np.cumsum(deviation * random.standard_normal((bars, *shape)), axis=0))


def lives(name):
    """A schedule, a cost and a carry, or one of them."""
    return {
        "steady": {},
        "carry": CARRY,
        "cost": {"cost": 2e-3},
        "schedule": {"schedule": np.random.default_rng(7).random(700) < 0.4},
        "series": {
            "financing": np.random.default_rng(8).normal(0.0, 1e-3, 700),
            "expense": np.random.default_rng(9).uniform(0.0, 1e-3, 700),
        },
        "all": {"schedule": np.arange(700) % 3 == 1, "cost": 2e-3, **CARRY},
    }[name]


LIVES = ("steady", "carry", "cost", "schedule", "series", "all")


def cut(keywords, bars):
    """The keywords of the first bars of a path."""
    return {name: value[:bars] if np.ndim(value) else value for name, value in keywords.items()}


@functools.cache
def twin(life, bars, count):
    """Paths that live and die, and the NAV of their twins."""
    price = market(bars, count, seed=10, deviation=0.1)
    leverage = np.resize(LEVERAGES, count)
    return price, leverage, oracle.nav(price, leverage, **cut(lives(life), bars))


def test_signature_is_what_was_agreed():
    parameters = inspect.signature(sg.leverage.nav).parameters
    keywords = ["schedule", "financing", "expense", "cost", "initial", "time", "periods_per_year", "axis", "out"]
    assert list(parameters) == ["price", "leverage", *keywords]
    assert {parameters[name].kind for name in keywords} == {inspect.Parameter.KEYWORD_ONLY}
    assert [parameters[name].default for name in keywords] == [None, 0.0, 0.0, 0.0, 1.0, None, None, 0, None]


class TestPublished:
    def test_seed_token_after_5_percent(self):
        # Seed, AscendEX and Poloniex: NAV 100, exposure 300, +5 %: NAV 115, exposure 315, leverage 2.74, buy 30.
        end = nav([100.0, 105.0], 3.0, initial=100.0)[-1]
        token = sg.stream.LeverageNav(3.0, initial=100.0)
        token.update(100.0)
        token.update(105.0, False)
        assert end == pytest.approx(115.0, rel=1e-15)
        assert token.exposure == 315.0
        assert round(token.exposure / token.value, 2) == 2.74
        token = sg.stream.LeverageNav(3.0, initial=100.0)
        token.update(100.0)
        token.update(105.0)
        assert token.exposure - 315.0 == pytest.approx(30.0, abs=1e-12)

    def test_poloniex_200_dollars(self):
        # Poloniex: NAV 200 -> 230, exposure 690 after 60 were bought.
        token = sg.stream.LeverageNav(3.0, initial=200.0)
        token.update(100.0)
        assert token.update(105.0, False) == pytest.approx(230.0, rel=1e-15)
        held = token.exposure
        token = sg.stream.LeverageNav(3.0, initial=200.0)
        token.update(100.0)
        token.update(105.0)
        assert token.exposure == pytest.approx(690.0, rel=1e-15)
        assert token.exposure - held == pytest.approx(60.0, rel=1e-13)

    def test_ftx_basket_of_ethbull(self):
        # FTX: a basket of -20,000 USD and 150 ETH at 210 has NAV 11,500; desired less current position 14.2857 ETH.
        end = float(nav([200.0, 210.0], 3.0, initial=10_000.0)[-1])
        assert end == pytest.approx(11_500.0, rel=1e-15)
        assert round(3.0 * end / 210.0 - 150.0, 4) == 14.2857

    def test_huobi_fee(self):
        # Huobi: NAV 170.00, fee of 0.1 % a day 0.17, NAV 169.83.
        assert round(float(nav([9.0, 9.0], 3.0, expense=0.001, initial=170.0)[-1]), 2) == 169.83

    def test_index_coop_index(self):
        # FLI' = FLI (1 + (P'/P - 1) CLR - borrow (CLR - 1))
        price, borrow = market(90), 1.5e-4
        moves = price[1:] / price[:-1] - 1.0
        index = np.cumprod(1.0 + moves * 2.0 - borrow * (2.0 - 1.0))
        np.testing.assert_allclose(nav(price, 2.0, financing=borrow)[1:], index, rtol=1e-13)

    @pytest.mark.parametrize(("leverage", "end", "percent"), [(2.0, 1.2, 44), (3.0, 1.5, 237)])
    def test_toros_without_pause(self, leverage, end, percent):
        # BTC +20 % makes 2x +44 %, BTC +50 % makes 3x +237 %: rebalanced all the time, on a smooth way up.
        result = 100.0 * (nav(np.geomspace(1.0, end, 100_001), leverage)[-1] - 1.0)
        assert math.floor(result + 1e-3) == percent

    @pytest.mark.parametrize(
        ("name", "leverage", "years"),
        [("sdow_m3x_1y", -3.0, 1.0), ("ultraether_2x_1y", 2.0, 1.0), ("ultracrcl_2x_56d", 2.0, 37 / 252)],
    )
    def test_prospectus_step_by_step(self, name, leverage, years):
        # "Estimated Fund Returns" of ProShares (SEC): they depend on the path by its variance alone, so a path that
        # zigzags with that variance must end at the printed number, up to the third and fourth moments of its steps.
        with (DATA / f"leverage_proshares_{name}.csv").open(newline="", encoding="utf-8") as file:
            next(file)
            header, *rows = csv.reader(file)
        vols = np.array([float(label.removeprefix("vol_").removesuffix("pct")) / 100 for label in header[1:]])
        table, steps = np.array(rows, dtype=float), 20_000
        drift = np.log1p(table[:, :1] / 100) / steps
        zigzag = np.sqrt(vols**2 * years / steps - drift**2)
        moves = drift + np.where(np.arange(steps) % 2, 1.0, -1.0)[:, None, None] * zigzag
        price = np.exp(np.concatenate([np.zeros_like(moves[:1]), np.cumsum(moves, axis=0)]))
        ours = 100 * (nav(price, leverage)[-1] - 1.0)
        b, variance = leverage, vols**2 * years
        third = abs(b * (1 - b) * (1 - 2 * b)) / 2 * np.abs(drift) * variance
        fourth = abs(b * (1 - 7 * b + 12 * b**2 - 6 * b**3)) / 24 * variance**2 / steps
        assert (np.abs(ours - table[:, 1:]) <= 0.0501 + 1.1 * (third + fourth) * (100 + table[:, 1:])).all()

    @pytest.mark.parametrize(
        ("prices", "percent"),
        [([10, 11, 10], -5.45), ([10, 11, 12.1], 69.0), ([10, 9.5, 9], -28.4)],
    )
    def test_ftx_faq_days(self, prices, percent):
        digits = 2 if percent == -5.45 else 1
        assert round(float(100.0 * (nav(1000.0 * np.array(prices), 3.0)[-1] - 1.0)), digits) == percent

    @pytest.mark.parametrize(
        ("moves", "percent"),
        [([1.1] * 4, 185.61), ([0.9] * 4, -75.99), ([1.1, 0.9, 1.1, 0.9], -17.19)],
    )
    def test_mexc_and_kucoin_four_days(self, moves, percent):
        assert round(float(100.0 * (nav(np.cumprod([1.0, *moves]), 3.0)[-1] - 1.0)), 2) == percent


class TestTwin:
    @pytest.mark.parametrize("shape", SHAPES)
    @pytest.mark.parametrize("carry", [{}, CARRY], ids=["", "carry"])
    @pytest.mark.parametrize("cost", [0.0, 2e-3])
    @pytest.mark.parametrize("scheduled", [False, True])
    def test_same_bits_in_both_orders_of_memory(self, shape, carry, cost, scheduled):
        price = market(*shape, deviation=0.15)
        random = np.random.default_rng(2)
        leverage, initial = random.choice(LEVERAGES, shape[1]), random.uniform(0.5, 200.0, shape[1])
        schedule = random.random(shape[0]) < 0.4 if scheduled else None
        keywords = {**carry, "cost": cost, "initial": initial, "schedule": schedule}
        expected = oracle.nav(price, leverage, **keywords)
        assert_same_bits(nav(price, leverage, **keywords), expected)
        assert_same_bits(nav(np.asfortranarray(price), leverage, **keywords), expected)
        assert_same_bits(nav(np.ascontiguousarray(price.T), leverage, axis=1, **keywords), expected.T)
        for i in (0, shape[1] - 1):
            one = {**keywords, "initial": initial[i]}
            assert_same_bits(nav(price[:, i], leverage[i], **one), expected[:, i])

    @pytest.mark.parametrize("life", LIVES)
    @pytest.mark.parametrize("bars", BARS)
    def test_ends_of_blocks(self, life, bars):
        whole, leverages, navs = twin(life, BARS[-1], PATHS[-1])
        keywords = cut(lives(life), bars)
        for count in PATHS:
            price, leverage, expected = whole[:bars, :count], leverages[:count], navs[:bars, :count]
            for order in (np.ascontiguousarray, np.asfortranarray, LAYOUTS["strided"], LAYOUTS["reversed"]):
                assert_same_bits(nav(order(price), leverage, **keywords), expected)
            assert_same_bits(nav(np.ascontiguousarray(price.T), leverage, axis=1, **keywords), expected.T)
            if count:
                assert_same_bits(nav(price[:, count - 1], leverage[count - 1], **keywords), expected[:, count - 1])

    @pytest.mark.parametrize("life", LIVES)
    @pytest.mark.parametrize("shape", [(257, 9), (513, 3), (600, 1), (3, 1025), (9, 1153)])
    def test_long_and_wide(self, life, shape):
        price, leverage, expected = twin(life, *shape)
        keywords = cut(lives(life), shape[0])
        assert_same_bits(nav(price, leverage, **keywords), expected)
        assert_same_bits(nav(np.asfortranarray(price), leverage, **keywords), expected)

    @pytest.mark.parametrize("life", ["steady", "all"])
    def test_results_larger_than_a_cache(self, life):
        price, leverage = market(701, 3001), np.resize(LEVERAGES, 3001)
        keywords = cut({name: np.resize(v, 701) if np.ndim(v) else v for name, v in lives(life).items()}, 701)
        pieces = [slice(start, start + 301) for start in range(0, 3001, 301)]
        expected = np.hstack([nav(price[:, piece], leverage[piece], **keywords) for piece in pieces])
        assert_same_bits(nav(price, leverage, **keywords), expected)
        assert_same_bits(nav(np.ascontiguousarray(price.T), leverage, axis=1, **keywords).T, expected)
        some = [0, 1, 127, 128, 3000]
        assert_same_bits(expected[:, some], oracle.nav(price[:, some], leverage[some], **keywords))

    @pytest.mark.parametrize("count", [1, 7, 8, 65, 130])
    @pytest.mark.parametrize("cost", [0.0, 5e-3])
    def test_everything_differs_by_path_and_bar(self, count, cost):
        shape, random = (41, count), np.random.default_rng(11)
        price, leverage = market(*shape, deviation=0.1), np.resize(LEVERAGES, count)
        keywords = {
            "schedule": random.random(shape) < 0.5,
            "financing": random.normal(0.0, 1e-3, shape),
            "expense": random.uniform(0.0, 1e-3, shape),
        }
        numbers = {"cost": cost * random.integers(0, 2, count), "initial": random.uniform(0.5, 200.0, count)}
        expected = oracle.nav(price, leverage, **keywords, **numbers)
        assert_same_bits(nav(price, leverage, **keywords, **numbers), expected)
        turned = {name: np.ascontiguousarray(value.T) for name, value in keywords.items()}
        assert_same_bits(nav(price.T.copy(), leverage, axis=1, **turned, **numbers), expected.T)
        for name, value in keywords.items():
            one = {name: value, **numbers}
            assert_same_bits(nav(price, leverage, **one), oracle.nav(price, leverage, **one))

    def test_inputs_broadcast(self):
        price, random = market(20, 4), np.random.default_rng(12)
        schedule, financing = random.random((20, 4)) < 0.5, random.normal(0.0, 1e-3, (20, 1))
        expected = oracle.nav(price[:, :1], 3.0, schedule=schedule)
        assert_same_bits(nav(price[:, :1], 3.0, schedule=schedule), expected)
        assert_same_bits(nav(price, 3.0, financing=financing), oracle.nav(price, 3.0, financing=financing))
        constant = nav(price, 3.0, expense=np.array([[0.0, 1e-3, 2e-3, 3e-3]]))
        for i in range(4):
            assert_same_bits(constant[:, i], nav(price[:, i], 3.0, expense=i / 1000.0))
        initial = np.array([[1.0], [2.0], [4.0]])
        assert_same_bits(
            nav(price[:, None, :], [-1.0, 0.5, 2.0, 3.0], initial=initial)[:, 2, 1], 4 * nav(price[:, 1], 0.5)
        )

    @pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int16, np.uint8, np.int64, ">f8", ">i4"])
    def test_other_number_types_are_their_doubles(self, dtype):
        price = (np.arange(100) % 7 + 20).astype(dtype)
        assert_same_bits(nav(price, 2.0), nav(price.astype(np.float64), 2.0))
        assert_same_bits(nav(price.tolist(), np.float32(2.0)), nav(price.astype(np.float64), 2))
        rates = np.ones(100, dtype=dtype)
        assert_same_bits(nav(price, 2, expense=rates, initial=rates[0]), nav(price.astype(float), 2.0, expense=1.0))

    @given(
        path=st.lists(
            st.floats(1.0, 1000.0) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 1e-3, 1e5]),
            min_size=1,
            max_size=12,
        ),
        leverage=leverages,
        data=st.data(),
    )
    def test_hostile_paths(self, path, leverage, data):
        bars = len(path)
        rates = st.lists(st.sampled_from([0.0, 0.0, 0.0, 1e-3, 0.6, math.nan]), min_size=bars, max_size=bars)
        keywords = {
            "schedule": data.draw(st.lists(st.booleans(), min_size=bars, max_size=bars)),
            "financing": data.draw(rates),
            "expense": data.draw(rates),
            "cost": data.draw(st.sampled_from([0.0, 0.01, 0.3])),
        }
        with np.errstate(invalid="ignore"):
            assert_same_bits(nav(path, leverage, **keywords), oracle.nav(path, leverage, **keywords))
            assert_same_bits(nav(path, leverage), oracle.nav(path, leverage))

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_layouts_of_inputs(self, layout):
        price, random = market(40, 70), np.random.default_rng(3)
        financing, schedule = random.normal(0.0, 1e-3, price.shape), random.random(price.shape) < 0.5
        expected = oracle.nav(price, 2.0, schedule=schedule, financing=financing)
        change = LAYOUTS[layout]
        assert_same_bits(nav(change(price), 2.0, schedule=change(schedule), financing=change(financing)), expected)
        assert_same_bits(nav(change(price), 2.0), oracle.nav(price, 2.0))

    @pytest.mark.parametrize("layout", OUTPUTS)
    @pytest.mark.parametrize("schedule", [None, np.arange(40) % 3 == 0])
    def test_layouts_of_out(self, layout, schedule):
        price = market(40, 70)
        out = OUTPUTS[layout](price.shape, np.float64)
        assert nav(price, -1.0, schedule=schedule, out=out) is out
        assert_same_bits(out.astype(np.float64), oracle.nav(price, -1.0, schedule=schedule))

    @pytest.mark.parametrize("axis", [0, 1, 2, -1, -3])
    def test_axes(self, axis):
        price = np.moveaxis(market(20, 4, 3), 0, axis)
        leverage = np.linspace(-2.0, 3.0, 12).reshape(4, 3)
        weekly = np.arange(20) % 7 == 0
        assert_same_bits(nav(price, leverage, axis=axis), oracle.nav(price, leverage, axis=axis))
        assert_same_bits(
            nav(price, leverage, axis=axis, schedule=weekly), oracle.nav(price, leverage, axis=axis, schedule=weekly)
        )

    def test_one_path_and_many_leverages(self):
        price = market(50)
        result = nav(price[:, np.newaxis], LEVERAGES)
        assert result.shape == (50, len(LEVERAGES))
        for i, leverage in enumerate(LEVERAGES):
            assert_same_bits(result[:, i], nav(price, leverage))

    @pytest.mark.parametrize("leverage", LEVERAGES)
    @pytest.mark.parametrize("cost", [0.0, 1e-3])
    @pytest.mark.parametrize("every", [1, 5])
    def test_close_to_exact_fractions(self, leverage, cost, every):
        bars = 60
        price, random = market(bars, deviation=0.03), np.random.default_rng(4)
        schedule = (np.arange(bars) % every == 0).tolist()
        financing, expense = random.normal(0.0, 1e-4, bars).tolist(), random.uniform(0.0, 1e-4, bars).tolist()
        actual = nav(price, leverage, schedule=schedule, financing=financing, expense=expense, cost=cost)
        exact = oracle.exact_path(price.tolist(), leverage, schedule, financing, expense, cost, 1.0)
        for t in range(bars):
            # a few roundings a bar, each magnified by the leverage
            assert roundings(actual[t], exact[t]) <= (t + 1) * 8 * (1.0 + abs(leverage))


class TestIdentities:
    @given(path=paths)
    def test_leverage_one_is_the_price_and_zero_is_cash(self, path):
        np.testing.assert_allclose(nav(path, 1.0), path / path[0], rtol=len(path) * 2**-52)
        np.testing.assert_array_equal(nav(path, 0.0), 1.0)

    @given(path=paths, leverage=leverages, cut=st.integers(0, 40))
    def test_splitting_a_path_changes_nothing(self, path, leverage, cut):
        cut = min(cut, len(path) - 1)
        whole = nav(path, leverage)
        if whole[cut] > 0.0:
            np.testing.assert_array_equal(whole[cut:], nav(path[cut:], leverage, initial=whole[cut]))

    @given(path=paths, leverage=leverages, life=st.sampled_from(LIVES), at=st.integers(0, 40))
    def test_splitting_where_it_is_rebalanced_changes_nothing(self, path, leverage, life, at):
        bars = len(path)
        at = min(at, bars - 1)
        keywords = {"schedule": np.ones(bars, dtype=bool), **cut(lives(life), bars)}
        keywords["schedule"] = keywords["schedule"].copy()
        # the other half starts rebalanced
        keywords["schedule"][at] = True
        whole = nav(path, leverage, **keywords)
        if whole[at] > 0.0:
            rest = {name: value[at:] if np.ndim(value) else value for name, value in keywords.items()}
            assert_same_bits(nav(path[at:], leverage, initial=whole[at], **rest), whole[at:])

    @given(path=paths, leverage=leverages, power=st.integers(-60, 60), life=st.sampled_from(LIVES))
    def test_the_unit_of_prices_and_of_money_does_not_matter(self, path, leverage, power, life):
        keywords = cut(lives(life), len(path))
        expected = nav(path, leverage, **keywords)
        assert_same_bits(nav(path * 2.0**power, leverage, **keywords), expected)
        assert_same_bits(nav(path, leverage, initial=2.0**power, **keywords), expected * 2.0**power)

    @given(path=paths, leverage=leverages)
    def test_without_rebalancing_it_is_bought_and_held(self, path, leverage):
        held = nav(path, leverage, schedule=np.zeros(len(path), dtype=bool))
        expected = 1.0 + leverage * (path / path[0] - 1.0)
        dead = np.maximum.accumulate(expected <= 1e-9)
        np.testing.assert_allclose(held[~dead], expected[~dead], rtol=1e-9, atol=1e-12)

    @given(path=paths, leverage=leverages)
    def test_a_schedule_of_every_bar_is_no_schedule(self, path, leverage):
        np.testing.assert_array_equal(nav(path, leverage, schedule=np.ones(len(path), dtype=bool)), nav(path, leverage))

    @given(path=paths, leverage=leverages)
    def test_cost_and_fee_never_help(self, path, leverage):
        free = nav(path, leverage)
        slack = 1e-12 * np.maximum(free, 1.0)
        assert (nav(path, leverage, cost=0.01) <= free + slack).all()
        assert (nav(path, leverage, expense=0.01) <= free + slack).all()
        assert (nav(path, leverage, cost=0.02) <= nav(path, leverage, cost=0.01) + slack).all()

    @given(path=paths, cost=st.floats(0.0, 0.3))
    def test_what_never_trades_pays_no_cost(self, path, cost):
        # all of the NAV in the asset, or none: every rebalance finds the target met
        np.testing.assert_allclose(nav(path, 1.0, cost=cost), path / path[0], rtol=4 * len(path) * 2**-52)
        np.testing.assert_array_equal(nav(path, 0.0, cost=cost), 1.0)

    @given(path=paths, rate=st.floats(-0.01, 0.01))
    def test_what_is_not_borrowed_is_not_financed(self, path, rate):
        np.testing.assert_allclose(nav(path, 1.0, financing=rate), path / path[0], rtol=4 * len(path) * 2**-52)

    @given(moves=st.lists(st.floats(0.8, 1.3), min_size=1, max_size=30), leverage=leverages, data=st.data())
    def test_the_order_of_moves_does_not_matter_in_the_end(self, moves, leverage, data):
        other = data.draw(st.permutations(moves))
        ends = [nav(np.cumprod([1.0, *order]), leverage)[-1] for order in (moves, other)]
        np.testing.assert_allclose(*ends, rtol=1e-13 * len(moves))

    @given(path=paths, leverage=leverages, life=st.sampled_from(LIVES), crash=st.integers(1, 40))
    def test_nothing_comes_back_from_a_wipe_out(self, path, leverage, life, crash):
        path = path.copy()
        crash = min(crash, len(path) - 1)
        path[crash:] *= 1e-9 if leverage > 1.0 else 1e9 if leverage < 0.0 else 1.0
        result = nav(path, leverage, **cut(lives(life), len(path)))
        assert (result >= 0.0).all()
        assert not np.signbit(result).any()
        dead = np.maximum.accumulate(result == 0.0)
        assert (result[dead] == 0.0).all()
        if leverage > 1.0 or leverage < 0.0:
            assert dead[crash]

    @given(path=paths, leverage=leverages, cost=st.floats(0.0, 0.05))
    def test_a_cost_is_a_fraction_of_the_trade(self, path, leverage, cost):
        # one bar, then a rebalance: what is missing is cost times what was traded to reach the target
        ratio = path[1] / path[0]
        before, exposure = 1.0 + leverage * (ratio - 1.0), leverage * ratio
        after = nav(path[:2], leverage, cost=cost)[-1]
        if after > 1e-6:
            assert before - after == pytest.approx(cost * abs(leverage * after - exposure), abs=1e-14)

    @given(rate=st.floats(-0.01, 0.01), leverage=leverages)
    def test_financing_of_a_price_that_stands_still(self, rate, leverage):
        bars = 12
        result = nav(np.full(bars, 50.0), leverage, financing=rate)
        np.testing.assert_allclose(result, (1.0 - rate * (leverage - 1.0)) ** np.arange(bars), rtol=1e-13)

    def test_permuting_paths_permutes_the_result(self):
        price, order = market(30, 200), np.random.default_rng(5).permutation(200)
        assert_same_bits(nav(price[:, order], 3.0), nav(price, 3.0)[:, order])
        schedule = np.random.default_rng(6).random((30, 200)) < 0.3
        assert_same_bits(
            nav(price[:, order], -1.0, schedule=schedule[:, order], cost=1e-3),
            nav(price, -1.0, schedule=schedule, cost=1e-3)[:, order],
        )


class TestEnds:
    @pytest.mark.parametrize("schedule", [None, np.arange(6) % 2 == 0])
    def test_wiped_out_is_zero_for_ever(self, schedule):
        result = nav([100.0, 101.0, 60.0, 90.0, 500.0, 1.0], 3.0, schedule=schedule)
        assert result[1] > 0.0
        assert (result[2:] == 0.0).all()
        assert not np.signbit(result).any()

    def test_a_short_product_dies_of_a_rise(self):
        assert nav([100.0, 250.0, 10.0], -1.0)[1:].tolist() == [0.0, 0.0]

    @pytest.mark.parametrize("schedule", [None, np.ones(5, dtype=bool)])
    def test_nan_price_is_nan_from_there_on_and_quiet(self, schedule):
        with np.errstate(all="raise"):
            result = nav([100.0, 101.0, math.nan, 103.0, 104.0], 2.0, schedule=schedule)
        np.testing.assert_array_equal(np.isnan(result), [False, False, True, True, True])

    @pytest.mark.parametrize("price", [0.0, -0.0, -1.0, math.inf, -math.inf])
    @pytest.mark.parametrize("bar", [0, 1, 3])
    @pytest.mark.parametrize("schedule", [None, np.ones(5, dtype=bool)])
    def test_what_is_no_price_is_invalid(self, price, bar, schedule):
        prices = np.array([100.0, 101.0, 102.0, 103.0, 104.0])
        prices[bar] = price
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            nav(prices, 2.0, schedule=schedule)
        with np.errstate(invalid="ignore"):
            result = nav(prices, 2.0, schedule=schedule)
        np.testing.assert_array_equal(np.isnan(result), np.arange(5) >= bar)

    def test_one_dead_path_leaves_its_neighbours_alone(self):
        price = market(30, 140)
        expected = nav(price, 3.0)
        price[10, 70] = 1e-3
        price[5, 71] = math.nan
        result = nav(price, 3.0)
        others = ~np.isin(np.arange(140), [70, 71])
        assert_same_bits(result[:, others], expected[:, others])
        assert (result[10:, 70] == 0.0).all()
        assert np.isnan(result[5:, 71]).all()

    def test_empty(self):
        assert nav(np.empty((0, 3)), 2.0).shape == (0, 3)
        assert nav(np.empty((5, 0)), 2.0).shape == (5, 0)
        assert nav([7.0], 2.0).tolist() == [1.0]

    def test_the_input_is_left_alone(self):
        price = market(20, 3)
        copy = price.copy()
        nav(price, 3.0, cost=0.001)
        assert_same_bits(price, copy)

    @pytest.mark.parametrize("shape", [(50, 200), (9, 1), (17, 3), (40, 129)])
    @pytest.mark.parametrize("order", "CF")
    @pytest.mark.parametrize("name", ["price", "financing", "expense"])
    def test_in_place(self, shape, order, name):
        random = np.random.default_rng(6)
        arrays = {
            "price": market(*shape),
            "financing": random.normal(0, 1e-3, shape),
            "expense": random.random(shape) / 1e3,
        }
        arrays = {key: array.copy(order) for key, array in arrays.items()}
        for keys in (["price"], ["price", "financing", "expense"]):
            if name in keys:
                values = {key: arrays[key].copy(order) for key in keys}
                expected = nav(leverage=3.0, **values)
                assert nav(leverage=3.0, **values, out=values[name]) is values[name]
                assert_same_bits(values[name], expected)


class TestPandas:
    def test_labels_are_kept(self):
        pd = pytest.importorskip("pandas")
        index = pd.date_range("2024-01-01", periods=30, freq="D")
        price = market(30, 2)
        frame = pd.DataFrame(price, index=index, columns=["BTC", "ETH"])
        result = nav(frame, 2.0)
        assert isinstance(result, pd.DataFrame)
        assert result.index.equals(index)
        assert list(result.columns) == ["BTC", "ETH"]
        assert_same_bits(result.to_numpy(), nav(price, 2.0))
        series = nav(frame["BTC"], 3.0, schedule=pd.Series(np.arange(30) % 5 == 0, index=index))
        assert isinstance(series, pd.Series)
        assert series.index.equals(index)
        assert_same_bits(series.to_numpy(), nav(price[:, 0], 3.0, schedule=np.arange(30) % 5 == 0))

    def test_series_along_a_frame(self):
        pd = pytest.importorskip("pandas")
        index = pd.date_range("2024-01-01", periods=30, freq="D")
        price, random = market(30, 2), np.random.default_rng(13)
        frame = pd.DataFrame(price, index=index, columns=["BTC", "ETH"])
        schedule, financing = random.random(30) < 0.4, random.normal(0.0, 1e-3, 30)
        labelled = {"schedule": pd.Series(schedule, index=index), "financing": pd.Series(financing, index=index)}
        result = nav(frame, [2.0, -1.0], expense=frame * 0.0 + 1e-4, **labelled)
        assert isinstance(result, pd.DataFrame)
        assert result.index.equals(index)
        expected = oracle.nav(price, [2.0, -1.0], schedule=schedule, financing=financing, expense=1e-4)
        assert_same_bits(result.to_numpy(), expected)
        wide = nav(frame.T, 2.0, axis=1, **labelled)
        assert wide.columns.equals(index)
        assert_same_bits(wide.to_numpy().T, nav(price, 2.0, schedule=schedule, financing=financing))
        assert_same_bits(frame.to_numpy(), price)

    def test_a_series_of_other_days_is_refused(self):
        pd = pytest.importorskip("pandas")
        index = pd.date_range("2024-01-01", periods=5, freq="D")
        frame = pd.DataFrame(market(5, 2), index=index)
        other = pd.Series(np.zeros(5), index=index + pd.Timedelta(days=1))
        with pytest.raises(ValueError, match=r"^financing has no label 2024-01-01T?.*, which price has$"):
            nav(frame, 2.0, financing=other)


SIX, TABLE = np.arange(1.0, 7.0), np.ones((6, 3))
WRONG_CALLS = [
    (lambda: nav(3.0, 2.0), ValueError, "price must have at least one dimension"),
    (lambda: nav("up", 2.0), TypeError, "price must be a number or an array of numbers, got 'up'"),
    (lambda: nav(None, 2.0), TypeError, "price must be a number or an array of numbers, got None"),
    (
        lambda: nav([[1.0, 2.0], [3.0]], 2.0),
        ValueError,
        "price must be a number or an array of numbers, got a ragged sequence",
    ),
    (lambda: nav(SIX, "three"), TypeError, "leverage must be a number or an array of numbers, got 'three'"),
    (lambda: nav(SIX, 2.0, axis=1), ValueError, "axis 1 is out of bounds for price of 1 dimension"),
    (lambda: nav(TABLE, 2.0, axis=-3), ValueError, "axis -3 is out of bounds for price of 2 dimensions"),
    (lambda: nav(SIX, 2.0, axis="time"), TypeError, "axis must be an integer, got str"),
    (lambda: nav(SIX, 2.0, schedule=[1, 0, 1, 0, 1, 0]), ValueError, "schedule must be boolean, got dtype int64"),
    (
        lambda: nav(SIX, 2.0, schedule=np.ones(5, dtype=bool)),
        ValueError,
        "schedule has length 5 along the time axis, price has 6",
    ),
    (
        lambda: nav(TABLE, 2.0, schedule=np.ones(3, dtype=bool)),
        ValueError,
        "schedule has length 3 along the time axis, price has 6",
    ),
    (
        lambda: nav(TABLE, 2.0, financing=np.ones(4)),
        ValueError,
        "financing has length 4 along the time axis, price has 6",
    ),
    (
        lambda: nav(TABLE, 2.0, financing=np.ones((6, 3, 1))),
        ValueError,
        "financing has shape (6, 3, 1), price has (6, 3): give a number, one per bar, or one per element",
    ),
    (lambda: nav(SIX, 2.0, axis=None), TypeError, "axis must be an integer, got NoneType"),
    (lambda: nav(SIX, 2.0, schedule="daily"), ValueError, "schedule must be boolean, got dtype <U5"),
    (lambda: nav(SIX, 2.0, schedule=SIX), ValueError, "schedule must be boolean, got dtype float64"),
    (
        lambda: nav(SIX, 2.0, schedule=np.ones((6, 2), dtype=bool)),
        ValueError,
        "schedule has shape (6, 2), price has (6,): give a number, one per bar, or one per element",
    ),
    (
        lambda: nav(TABLE, 2.0, axis=1, schedule=np.ones(6, dtype=bool)),
        ValueError,
        "schedule has length 6 along the time axis, price has 3",
    ),
    (lambda: nav(SIX, 2.0, financing=None), TypeError, "financing must be a number or an array of numbers, got None"),
    (lambda: nav(SIX, 2.0, expense=np.zeros(7)), ValueError, "expense has length 7 along the time axis, price has 6"),
    (lambda: nav(TABLE, 2.0, expense=[[0, 0, -1]] * 6), ValueError, "expense[0, 2] must be >= 0, got -1"),
    (lambda: nav(SIX, 2.0, cost="0.1 %"), TypeError, "cost must be a number or an array of numbers, got '0.1 %'"),
    (lambda: nav(SIX, 2.0, initial="much"), TypeError, "initial must be a number or an array of numbers, got 'much'"),
    (lambda: nav(SIX, 1j), TypeError, "leverage must be a number or an array of numbers, got complex"),
    (
        lambda: nav(np.array(["2024-01-01"] * 3, dtype="M8[D]"), 2.0),
        TypeError,
        "price must be a number or an array of numbers, got dtype datetime64[D]",
    ),
    (lambda: nav(SIX, 2.0, expense=-0.1), ValueError, "expense must be >= 0, got -0.1"),
    (lambda: nav(SIX, 2.0, expense=[0.0, 0.0, 0.0, -0.1, 0.0, 0.0]), ValueError, "expense[3] must be >= 0, got -0.1"),
    (lambda: nav(SIX, 2.0, expense="low"), TypeError, "expense must be a number or an array of numbers, got 'low'"),
    (lambda: nav(SIX, 2.0, cost=-1e-3), ValueError, "cost must be >= 0, got -0.001"),
    (lambda: nav(TABLE, 2.0, cost=[0.0, -1.0, 0.0]), ValueError, "cost[1] must be >= 0, got -1.0"),
    (lambda: nav(SIX, 4.0, cost=0.25), ValueError, "cost * abs(leverage) must be less than 1, got 1.0"),
    (
        lambda: nav(TABLE, [1.0, 2.0, -4.0], cost=0.5),
        ValueError,
        "cost * abs(leverage)[1] must be less than 1, got 1.0",
    ),
    (lambda: nav(SIX, 2.0, initial=0.0), ValueError, "initial must be > 0 and finite, got 0.0"),
    (lambda: nav(TABLE, 2.0, initial=[1.0, -1.0, 1.0]), ValueError, "initial[1] must be > 0 and finite, got -1.0"),
    (lambda: nav(SIX, 2.0, out=[0.0] * 6), TypeError, "out must be an array, got list"),
    (
        lambda: nav(SIX, 2.0, out=np.empty(6, dtype=np.int64)),
        TypeError,
        "out must be an array that takes float64, got dtype int64",
    ),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)


class TestRates:
    def test_years(self):
        price = market(366)
        days = np.datetime64("2021-01-01") + np.arange(366) * np.timedelta64(1, "D")
        rates = {"financing": 0.04, "expense": 0.0095}
        by_time = sg.leverage.nav(price, 3.0, time=days, **rates)
        assert_same_bits(
            by_time,
            oracle.nav(
                price,
                3.0,
                financing=rates["financing"] * (86_400e9 / 31_536_000e9),
                expense=rates["expense"] * (86_400e9 / 31_536_000e9),
            ),
        )
        np.testing.assert_allclose(by_time, sg.leverage.nav(price, 3.0, periods_per_year=365, **rates), rtol=1e-12)
        # on a price that stands still, a year of 365 days: 4 % on the borrowed 2x and 0.95 %, compounded daily
        still = sg.leverage.nav(np.full(366, 50.0), 3.0, time=days, **rates)
        assert still[-1] == pytest.approx((1.0 - (2.0 * 0.04 + 0.0095) / 365.0) ** 365, rel=1e-12)

    def test_labels_are_times(self):
        pd = pytest.importorskip("pandas")
        price = market(50)
        index = pd.date_range("2021-01-01", periods=50, freq="8h")
        ours = sg.leverage.nav(pd.Series(price, index=index), 3.0, financing=0.04)
        assert ours.index.equals(index)
        np.testing.assert_array_equal(ours.to_numpy(), sg.leverage.nav(price, 3.0, time=index, financing=0.04))
        np.testing.assert_allclose(ours, sg.leverage.nav(price, 3.0, periods_per_year=1095, financing=0.04), rtol=1e-12)

    @pytest.mark.parametrize("shape", [(40,), (40, 3), (40, 1)])
    def test_rates_of_any_shape(self, shape):
        price = market(40, 3)
        time = np.datetime64("2021-01-01") + np.cumsum(np.random.default_rng(1).integers(1, 5, 40)) * np.timedelta64(
            1, "h"
        )
        rate = np.random.default_rng(2).normal(0.0, 0.1, shape)
        years = np.diff(time, prepend=time[:1]) / np.timedelta64(365, "D")
        of_bars = rate * years.reshape(-1, *[1] * (rate.ndim - 1))
        expected = oracle.nav(price, 2.0, financing=of_bars)
        np.testing.assert_allclose(sg.leverage.nav(price, 2.0, time=time, financing=rate), expected, rtol=1e-13)
        turned = sg.leverage.nav(price.T, 2.0, time=time, financing=rate.T, axis=1)
        np.testing.assert_allclose(turned.T, expected, rtol=1e-13)

    @pytest.mark.parametrize("name", ["financing", "expense"])
    def test_rates_need_time(self, name):
        with pytest.raises(ValueError, match=f"^{name} is a rate a year: give the bars' times by time=, or how many"):
            sg.leverage.nav([1.0, 2.0], 3.0, **{name: 0.04})

    def test_absurd_terms(self):
        for keywords, message in (
            ({"leverage": math.inf}, "leverage must be finite, got inf"),
            ({"leverage": 2.0, "initial": math.inf}, "initial must be > 0 and finite, got inf"),
            ({"leverage": 2.0, "expense": math.inf}, "expense must be >= 0, got inf"),
        ):
            with pytest.raises(ValueError, match=f"^{message}$"):
                nav([1.0, 2.0], **keywords)


class TestColumns:
    def test_a_column_for_each_leverage(self):
        pd = pytest.importorskip("pandas")
        price = market(30, 1)
        index = pd.date_range("2021-01-01", periods=30)
        frame = pd.DataFrame(price, index=index, columns=["QQQ"])
        for table in (frame, frame["QQQ"]):
            result = sg.leverage.nav(table, [2, 3])
            assert list(result.columns) == [2, 3]
            assert result.index.equals(index)
            np.testing.assert_array_equal(result[3], sg.leverage.nav(price[:, 0], 3.0))
        weekly = sg.leverage.nav(frame, [2, 3], schedule=np.arange(30) % 7 == 0)
        np.testing.assert_array_equal(weekly[2], sg.leverage.nav(price[:, 0], 2.0, schedule=np.arange(30) % 7 == 0))

    def test_columns_of_the_prices(self):
        pd = pytest.importorskip("pandas")
        price = market(30, 2)
        frame = pd.DataFrame(price, columns=["QQQ", "SPY"])
        result = sg.leverage.nav(frame, [2.0, 3.0])
        assert list(result.columns) == ["QQQ", "SPY"]
        np.testing.assert_array_equal(result["SPY"], sg.leverage.nav(price[:, 1], 3.0))
