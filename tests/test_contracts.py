"""Contracts: value and profit of linear, inverse and quanto positions in the settlement coin."""

import copy
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listed import ETHUSD, XBTUSD
from oracle import LAYOUTS, OUTPUTS, assert_same_bits, roundings
from oracle import contracts as oracle
from wrong import refused

from shortgamma.contracts import Contract

KINDS = ("linear", "inverse", "quanto")
SHAPES = [(), (0,), (1,), (63,), (64,), (65,), (1000,), (3, 5), (65, 7), (0, 4), (4, 0), (2, 3, 4)]
HOSTILE = [math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 5e-324, -5e-324, 1e-310, 1.7e308, -1.7e308]

prices = st.floats(2.0**-20, 2.0**30)
quantities = st.floats(-(2.0**30), 2.0**30)
multipliers = st.sampled_from([1.0, 1e-6, 0.001, 100.0])
kinds = st.sampled_from(KINDS)


def elementwise(function, *inputs):
    inputs = np.broadcast_arrays(*inputs)
    result = np.empty(inputs[0].shape)
    for i in np.ndindex(result.shape):
        result[i] = function(*(float(x[i]) for x in inputs))
    return result


def market(shape, seed=1):
    rng = np.random.default_rng(seed)
    quantity = np.round(rng.normal(0.0, 1e4, shape))
    return quantity, rng.lognormal(5.0, 1.0, shape), rng.lognormal(5.0, 1.0, shape)


def test_ten_thousand_ethusd_at_264_55_are_worth_2_6455_xbt():
    assert ETHUSD.value(10_000, 264.55) == 2.6455
    assert ETHUSD.value(-10_000, 264.55) == -2.6455


@pytest.mark.parametrize(
    ("actual", "expected"),
    [
        # A table of this algebra in any text on perpetual swaps: a contract of XBTUSD is one dollar.
        (XBTUSD.value(10_000, 8_000.0), 1.25),
        (XBTUSD.pnl(10_000, 8_000.0, 10_000.0), 0.25),
        (XBTUSD.pnl(-10_000, 8_000.0, 10_000.0), -0.25),
        (XBTUSD.pnl(10_000, 10_000.0, 5_000.0), -1.0),
        (Contract("linear").value(3, 50.0), 150.0),
        (Contract("linear").pnl(-3, 50.0, 40.0), 30.0),
        # The Nikkei in dollars: 5 USD a point.
        (Contract("quanto", 5.0).pnl(2, 20_000.0, 20_100.0), 1_000.0),
    ],
)
def test_values_worked_by_hand(actual, expected):
    assert actual == expected


def test_short_eth_against_a_margin_of_100_dollars():
    # Short 1 ETH-equivalent at 200 when BTC is 10,000; at (250, 12,500) it has lost 62.5 USD.
    assert ETHUSD.pnl(-100, 200.0, 250.0) * 12_500.0 == pytest.approx(-62.5, rel=1e-15)


def test_named_contracts():
    assert (XBTUSD.kind, XBTUSD.multiplier, XBTUSD.settlement) == ("inverse", 1.0, "XBT")
    assert (ETHUSD.kind, ETHUSD.multiplier, ETHUSD.settlement) == ("quanto", 1e-6, "XBT")
    assert (ETHUSD.name, ETHUSD.underlying, ETHUSD.quote) == ("ETHUSD", "ETH", "USD")


class TestObject:
    def test_is_frozen(self):
        with pytest.raises(AttributeError):
            ETHUSD.kind = "linear"
        with pytest.raises(AttributeError):
            del ETHUSD.kind
        with pytest.raises((AttributeError, TypeError)):
            ETHUSD.leverage = 3.0
        assert ETHUSD.kind == "quanto"

    def test_is_hashable_and_equal_by_terms(self):
        twin = Contract("quanto", 1e-6, name="ETHUSD", underlying="ETH", quote="USD", settlement="XBT")
        assert twin == ETHUSD
        assert hash(twin) == hash(ETHUSD)
        assert {twin: 1}[ETHUSD] == 1
        assert twin != Contract("quanto", 1e-6)
        assert Contract("linear", 2.0) != Contract("quanto", 2.0)
        assert Contract("linear") != "linear"

    def test_has_slots(self):
        assert not hasattr(ETHUSD, "__dict__")

    def test_multiplier_becomes_a_float(self):
        for multiplier in (2, np.float32(2), np.int64(2), Fraction(2)):
            assert type(Contract("linear", multiplier).multiplier) is float
            assert Contract("linear", multiplier) == Contract("linear", 2.0)

    def test_copies_and_pickles(self):
        for twin in (copy.copy(ETHUSD), copy.deepcopy(ETHUSD), pickle.loads(pickle.dumps(ETHUSD))):
            assert twin == ETHUSD

    def test_repr_names_what_it_is(self):
        text = repr(ETHUSD)
        assert text.startswith("Contract(")
        for word in ("quanto", "1e-06", "ETHUSD", "XBT"):
            assert word in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_same_bits_as_the_twin_in_every_layout(kind, shape):
    contract = Contract(kind, 1e-6)
    quantity, entry, exit = market(shape)
    value = elementwise(lambda q, p: oracle.value(kind, 1e-6, q, p), quantity, exit)
    profit = elementwise(lambda q, e, x: oracle.pnl(kind, 1e-6, q, e, x), quantity, entry, exit)
    for lay in LAYOUTS.values():
        inputs = [lay(np.asarray(x)) for x in (quantity, entry, exit)]
        before = [x.copy() for x in inputs]
        assert_same_bits(contract.value(inputs[0], inputs[2]), value)
        assert_same_bits(contract.pnl(*inputs), profit)
        for x, original in zip(inputs, before, strict=True):
            assert_same_bits(x.astype(np.float64), original.astype(np.float64))
    for make in OUTPUTS.values():
        out = make(shape, np.float64)
        assert contract.value(quantity, exit, out=out) is out
        assert_same_bits(out.astype(np.float64), value)
        out = make(shape, np.float64)
        assert contract.pnl(quantity, entry, exit, out=out) is out
        assert_same_bits(out.astype(np.float64), profit)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int8, np.int32, np.int64, np.uint16, ">f8", ">i4"])
def test_other_number_types_are_their_doubles(kind, dtype):
    contract = Contract(kind, 0.01)
    quantity = np.arange(-70, 70).astype(dtype) if np.dtype(dtype).kind != "u" else np.arange(140, dtype=dtype)
    price = (np.arange(140) % 100 + 1).astype(dtype)
    doubles = [x.astype(np.float64) for x in (quantity, price, price[::-1])]
    assert_same_bits(contract.value(quantity, price), contract.value(*doubles[:2]))
    assert_same_bits(contract.pnl(quantity, price, price[::-1]), contract.pnl(*doubles))


@pytest.mark.parametrize("kind", KINDS)
def test_inputs_broadcast(kind):
    contract = Contract(kind, 0.001)
    quantity, entry, exit = np.arange(-2.0, 3.0)[:, None], 7.0, np.arange(1.0, 70.0)
    expected = elementwise(lambda q, e, x: oracle.pnl(kind, 0.001, q, e, x), quantity, entry, exit)
    assert_same_bits(contract.pnl(quantity, entry, exit), expected)
    assert_same_bits(contract.pnl(quantity.tolist(), entry, exit.tolist()), expected)
    expected = elementwise(lambda q, p: oracle.value(kind, 0.001, q, p), quantity, exit)
    assert_same_bits(contract.value(quantity, exit), expected)


def test_numbers_give_a_number():
    assert isinstance(ETHUSD.value(1, 2.0), float)
    assert isinstance(ETHUSD.pnl(1, 2.0, 3.0), float)


@given(kinds, multipliers, quantities, prices, prices)
def test_close_to_exact_fractions(kind, multiplier, quantity, entry, exit):
    contract = Contract(kind, multiplier)
    # Two multiplications or divisions round twice.
    exact = oracle.exact_value(kind, multiplier, quantity, exit)
    if abs(exact) > 1e-290 or exact == 0:
        assert roundings(contract.value(quantity, exit), exact) <= 2.01
    # Difference, product, quotient and two more products: at most five roundings, whatever cancels, because
    # the difference of the two given prices is rounded once and not the difference of two rounded values.
    exact = oracle.exact_pnl(kind, multiplier, quantity, entry, exit)
    if abs(exact) > 1e-290 or exact == 0:
        assert roundings(contract.pnl(quantity, entry, exit), exact) <= 5.01


@given(multipliers, quantities, prices, prices)
def test_quanto_is_linear_in_its_own_coin(multiplier, quantity, entry, exit):
    linear, quanto = Contract("linear", multiplier), Contract("quanto", multiplier)
    assert_same_bits(quanto.value(quantity, exit), linear.value(quantity, exit))
    assert_same_bits(quanto.pnl(quantity, entry, exit), linear.pnl(quantity, entry, exit))


@given(kinds, multipliers, quantities, prices, prices)
def test_long_and_short_are_mirror_images(kind, multiplier, quantity, entry, exit):
    contract = Contract(kind, multiplier)
    assert contract.value(-quantity, exit) == -contract.value(quantity, exit)
    assert contract.pnl(-quantity, entry, exit) == -contract.pnl(quantity, entry, exit)
    assert contract.pnl(quantity, exit, entry) == -contract.pnl(quantity, entry, exit)
    assert contract.pnl(quantity, entry, entry) == 0.0


@given(kinds, quantities, prices, prices, st.integers(-30, 30))
def test_powers_of_two_only_shift(kind, quantity, entry, exit, power):
    scale = 2.0**power
    scaled = Contract(kind, scale)
    assert_same_bits(scaled.value(quantity, exit), Contract(kind).value(quantity, exit) * scale)
    shifted = Contract(kind).pnl(quantity, entry * scale, exit * scale)
    assert_same_bits(shifted, Contract(kind).pnl(quantity, entry, exit) * (1 / scale if kind == "inverse" else scale))


@given(quantities.filter(lambda q: abs(q) > 1e-3), prices, prices)
def test_a_long_inverse_position_cannot_win_more_than_it_was_worth(quantity, entry, exit):
    profit = XBTUSD.pnl(abs(quantity), entry, exit)
    assert profit <= XBTUSD.value(abs(quantity), entry) * (1 + 1e-15)
    assert (profit > 0) == (exit > entry)


class TestNumbersThatAreNone:
    @pytest.mark.parametrize("kind", KINDS)
    def test_nan_is_quiet(self, kind):
        contract = Contract(kind, 0.5)
        with np.errstate(all="raise"):
            assert math.isnan(contract.value(math.nan, 2.0))
            assert math.isnan(contract.value(2.0, math.nan))
            for place in range(3):
                inputs = [2.0, 3.0, 4.0]
                inputs[place] = math.nan
                assert math.isnan(contract.pnl(*inputs))
            # Beside lanes that are numbers, and at any place of a block.
            prices = np.full(130, 2.0)
            prices[[0, 63, 64, 100, 129]] = math.nan
            assert_same_bits(np.isnan(contract.value(1.0, prices)) * 1.0, np.isnan(prices) * 1.0)

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("price", [0.0, -0.0, -1.0, -5e-324, math.inf, -math.inf])
    def test_what_is_no_price_is_invalid(self, kind, price):
        contract = Contract(kind)
        for call in (
            lambda: contract.value(1.0, price),
            lambda: contract.pnl(1.0, price, 2.0),
            lambda: contract.pnl(1.0, 2.0, price),
            lambda: contract.value(0.0, price),
        ):
            with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
                call()
            with np.errstate(invalid="ignore"):
                assert math.isnan(call())
            with pytest.warns(RuntimeWarning, match="invalid value"):
                call()

    @pytest.mark.parametrize("kind", KINDS)
    def test_one_bad_price_leaves_its_neighbours_alone(self, kind):
        contract = Contract(kind, 0.1)
        quantity, price, exit = market((200,))
        for place in (0, 63, 64, 127, 128, 199):
            bad = price.copy()
            bad[place] = -1.0
            with np.errstate(invalid="ignore"):
                value, profit = contract.value(quantity, bad), contract.pnl(quantity, bad, exit)
            expected = contract.value(quantity, price)
            expected[place] = math.nan
            assert_same_bits(value, expected)
            expected = contract.pnl(quantity, price, exit)
            expected[place] = math.nan
            assert_same_bits(profit, expected)

    @pytest.mark.parametrize("kind", KINDS)
    def test_hostile_values_are_those_of_the_twin(self, kind):
        contract = Contract(kind, 3.0)
        ordinary = [1.0, 250.0, -17.5]
        quantity, price = (x.ravel() for x in np.meshgrid(HOSTILE + ordinary, HOSTILE + ordinary))
        with np.errstate(all="ignore"):
            actual = contract.value(quantity, price)
        assert_same_bits(actual, elementwise(lambda q, p: oracle.value(kind, 3.0, q, p), quantity, price))

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("place", range(3))
    def test_hostile_profits_end(self, kind, place):
        for hostile in HOSTILE:
            inputs = [1.0, 2.0, 3.0]
            inputs[place] = hostile
            with np.errstate(all="ignore"):
                result = Contract(kind).pnl(*inputs)
            domain = place == 0 or 0.0 < hostile < math.inf
            assert math.isnan(result) or domain


WRONG_CALLS = [
    (
        lambda: Contract("perpetual"),
        ValueError,
        "kind must be one of 'linear', 'inverse', 'quanto', got 'perpetual'",
    ),
    (
        lambda: Contract("Linear"),
        ValueError,
        "kind must be one of 'linear', 'inverse', 'quanto', got 'Linear'",
    ),
    (lambda: Contract(""), ValueError, "kind must be one of 'linear', 'inverse', 'quanto', got ''"),
    (lambda: Contract("linear", 0), ValueError, "multiplier must be a finite number > 0, got 0"),
    (lambda: Contract("linear", -1.5), ValueError, "multiplier must be a finite number > 0, got -1.5"),
    (lambda: Contract("linear", math.nan), ValueError, "multiplier must be a finite number > 0, got nan"),
    (lambda: Contract("linear", math.inf), ValueError, "multiplier must be a finite number > 0, got inf"),
    (lambda: Contract("linear", "x"), ValueError, "multiplier must be a finite number > 0, got 'x'"),
    (lambda: Contract("linear", None), ValueError, "multiplier must be a finite number > 0, got None"),
    (
        lambda: ETHUSD.value("ten", 200.0),
        TypeError,
        "quantity must be a number or an array of numbers, got 'ten'",
    ),
    (lambda: ETHUSD.value(10, None), TypeError, "price must be a number or an array of numbers, got None"),
    (
        lambda: ETHUSD.value(np.array([1j]), 200.0),
        TypeError,
        "quantity must be a number or an array of numbers, got dtype complex128",
    ),
    (
        lambda: ETHUSD.value(10, ["a", "b"]),
        TypeError,
        "price must be a number or an array of numbers, got dtype <U1",
    ),
    (
        lambda: ETHUSD.value([1.0, 2.0], [1.0, 2.0, 3.0]),
        ValueError,
        "price of shape (3,) does not broadcast with quantity of shape (2,)",
    ),
    (
        lambda: ETHUSD.value([[1.0, 2.0], [3.0]], 200.0),
        ValueError,
        "quantity must be a number or an array of numbers, got a ragged sequence",
    ),
    (
        lambda: ETHUSD.pnl(1, 200.0, "later"),
        TypeError,
        "exit must be a number or an array of numbers, got 'later'",
    ),
    (
        lambda: ETHUSD.pnl(np.ones(3), np.ones((2, 3)), np.ones((2, 4))),
        ValueError,
        "exit of shape (2, 4) does not broadcast with entry of shape (2, 3)",
    ),
    (
        lambda: ETHUSD.value(np.ones(2), 200.0, out=np.empty(3)),
        ValueError,
        "out has shape (3,), the result has (2,)",
    ),
    (
        lambda: ETHUSD.pnl(np.ones((2, 3)), 200.0, 210.0, out=np.empty(3)),
        ValueError,
        "out has shape (3,), the result has (2, 3)",
    ),
    (lambda: ETHUSD.value(np.ones(2), 200.0, out=[0.0, 0.0]), TypeError, "out must be an array, got list"),
    (
        lambda: ETHUSD.value(np.ones(2), 200.0, out=np.empty(2, np.int64)),
        TypeError,
        "out must be an array that takes float64, got dtype int64",
    ),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)


class TestPandas:
    @pytest.fixture
    def pd(self):
        return pytest.importorskip("pandas")

    def test_frames_and_series_keep_their_labels(self, pd):
        index = pd.date_range("2024-01-01", periods=70, freq="h")
        _, entry, exit = market((70, 2))
        frame = pd.DataFrame(exit, index=index, columns=["ETH", "SOL"])
        value = ETHUSD.value(-5, frame)
        assert isinstance(value, pd.DataFrame)
        assert value.index.equals(index)
        assert list(value.columns) == ["ETH", "SOL"]
        assert_same_bits(value.to_numpy(), ETHUSD.value(-5, exit))
        profit = ETHUSD.pnl(frame["ETH"], 200.0, frame["SOL"])
        assert isinstance(profit, pd.Series)
        assert profit.index.equals(index)
        assert_same_bits(profit.to_numpy(), ETHUSD.pnl(exit[:, 0], 200.0, exit[:, 1]))
        profit = ETHUSD.pnl(3, entry, frame)
        assert isinstance(profit, pd.DataFrame)
        assert_same_bits(profit.to_numpy(), ETHUSD.pnl(3, entry, exit))
