"""Liquidation of isolated positions: the price, and the first bar."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import LAYOUTS, assert_same_bits, roundings
from oracle import liquidation as oracle

import shortgamma as sg
from shortgamma.contracts import ETHUSD, XBTUSD, Contract

price, first_breach = sg.liquidation.price, sg.liquidation.first_breach

KINDS = ("linear", "inverse", "quanto")
MULTIPLIERS = {"linear": 0.01, "inverse": 100.0, "quanto": 1e-6}
kinds = st.sampled_from(KINDS)
positions = st.tuples(
    st.floats(1.0, 1e6) | st.floats(-1e6, -1.0),
    st.floats(0.5, 5e4),
    st.floats(0.01, 1.5),
    st.floats(0.0, 0.2),
    st.floats(0.0, 0.01),
)


def terms(kind, position):
    """quantity, entry, margin, maintenance, fee: the margin as a fraction of the value at entry."""
    quantity, entry, fraction, maintenance, fee = position
    value = abs(float(Contract(kind, MULTIPLIERS[kind]).value(quantity, entry)))
    return quantity, entry, fraction * value, maintenance, fee


class TestPublished:
    def test_the_short_of_the_article_is_liquidated_at_300(self):
        # Short 1 ETH-equivalent at 200, 100 dollars = 0.01 XBT of margin at 10,000, no maintenance.
        assert float(price(-100, 200.0, 0.01, contract=ETHUSD, maintenance=0.0)) == pytest.approx(300.0, rel=1e-15)

    def test_inverse_short_on_its_own_coin_has_no_price_upward(self):
        # a short of 10,000 USD at 10,000, margin 1 XBT: the value never exceeds what the coin is worth
        assert price(-10_000, 10_000.0, 1.0, contract=XBTUSD, maintenance=0.0) == math.inf

    def test_inverse_long_at_100_times(self):
        # 1/P = (M + q/E) / (q (1 + w)) with M = q/(100 E), w = 0.5 %
        expected = 8_000.0 * 1.005 / 1.01
        actual = price(8_000, 8_000.0, 0.01, contract=XBTUSD, maintenance=0.005)
        assert float(actual) == pytest.approx(expected, rel=1e-14)

    def test_bankruptcy_is_liquidation_without_maintenance(self):
        # isolated linear long at 10x is bankrupt at 90 %, short at 110 % of its entry
        contract = Contract("linear")
        assert float(price(2.0, 50.0, 10.0, contract=contract, maintenance=0.0)) == 45.0
        assert float(price(-2.0, 50.0, 10.0, contract=contract, maintenance=0.0)) == 55.0


class TestPrice:
    @given(kind=kinds, position=positions)
    def test_close_to_exact_fractions(self, kind, position):
        quantity, entry, margin, maintenance, fee = terms(kind, position)
        contract = Contract(kind, MULTIPLIERS[kind])
        actual = float(price(quantity, entry, margin, contract=contract, maintenance=maintenance, fee=fee))
        exact = oracle.price(kind, contract.multiplier, quantity, entry, margin, maintenance + fee)
        # numerator (linear) or denominator (inverse) is margin plus or minus the value at entry, which may cancel
        opened = Fraction(quantity) * Fraction(contract.multiplier)
        opened = opened / Fraction(entry) if kind == "inverse" else -opened * Fraction(entry)
        if abs(Fraction(margin) + opened) * 2**40 < abs(opened):
            return
        if not isinstance(exact, Fraction):
            assert actual == exact
            return
        condition = (abs(Fraction(margin)) + abs(opened)) / abs(Fraction(margin) + opened)
        assert roundings(actual, exact) <= 8 * float(condition)

    @given(kind=kinds, position=positions)
    def test_it_is_where_the_first_breach_turns(self, kind, position):
        quantity, entry, margin, maintenance, fee = terms(kind, position)
        keywords = {"contract": Contract(kind, MULTIPLIERS[kind]), "maintenance": maintenance, "fee": fee}
        limit = float(price(quantity, entry, margin, **keywords))
        if not 1e-6 < limit < 1e9:
            return
        safe, beyond = (limit * 1.001, limit * 0.999) if quantity > 0 else (limit * 0.999, limit * 1.001)
        assert first_breach([safe, beyond], quantity, entry, margin, **keywords) == 1

    @pytest.mark.parametrize("kind", KINDS)
    def test_more_margin_is_never_worse(self, kind):
        contract = Contract(kind, MULTIPLIERS[kind])
        unit = abs(float(contract.value(1000.0, 250.0)))
        margin = unit * np.linspace(0.0, 0.9, 50)
        assert (np.diff(price(1000.0, 250.0, margin, contract=contract, maintenance=0.01)) <= 0.0).all()
        assert (np.diff(price(-1000.0, 250.0, margin, contract=contract, maintenance=0.01)) >= 0.0).all()

    def test_positions_without_a_price(self):
        linear = Contract("linear")
        assert price(1.0, 100.0, 100.0, contract=linear, maintenance=0.1) == 0.0
        assert price(1.0, 100.0, 150.0, contract=linear, maintenance=0.1) == 0.0
        assert price(-1.0, 100.0, -150.0, contract=linear, maintenance=0.1) == 0.0
        assert price(-1.0, 100.0, -90.0, contract=linear, maintenance=0.0) == 10.0
        assert price(1.0, 100.0, -0.02, contract=Contract("inverse"), maintenance=0.1) == math.inf
        assert math.isnan(price(0.0, 100.0, 1.0, contract=linear, maintenance=0.1))

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            ("entry", 0.0),
            ("entry", -1.0),
            ("entry", math.inf),
            ("maintenance", -0.1),
            ("maintenance", 1.0),
            ("fee", -0.1),
        ],
    )
    def test_out_of_domain_is_nan_and_invalid(self, name, value):
        arguments = {"entry": 100.0, "maintenance": 0.01, "fee": 0.0, name: value}
        entry = arguments.pop("entry")
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            price(1.0, entry, 10.0, contract=ETHUSD, **arguments)
        with np.errstate(invalid="ignore"):
            assert math.isnan(price(1.0, entry, 10.0, contract=ETHUSD, **arguments))

    def test_maintenance_and_fee_together_must_leave_something(self):
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            price(1.0, 100.0, 10.0, contract=ETHUSD, maintenance=0.6, fee=0.4)

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_layouts(self, layout):
        random = np.random.default_rng(1)
        quantity, entry = random.normal(0.0, 100.0, (9, 70)), random.uniform(1.0, 9.0, (9, 70))
        expected = price(quantity, entry, 3.0, contract=XBTUSD, maintenance=0.01)
        change = LAYOUTS[layout]
        assert_same_bits(price(change(quantity), change(entry), 3.0, contract=XBTUSD, maintenance=0.01), expected)

    def test_pandas(self):
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame({"quantity": [1.0, -2.0], "entry": [100.0, 90.0]}, index=["a", "b"])
        result = price(frame["quantity"], frame["entry"], 10.0, contract=Contract("linear"), maintenance=0.0)
        assert isinstance(result, pd.Series)
        assert result.to_dict() == {"a": 90.0, "b": 95.0}


def around(limit):
    """Marks at, one unit in the last place beside, and a little beside the price."""
    marks = [limit]
    for direction in (0.0, math.inf):
        beside = limit
        for _ in range(3):
            beside = math.nextafter(beside, direction)
            marks.append(beside)
    return [*marks, limit * (1 - 1e-12), limit * (1 + 1e-12)]


class TestFirstBreach:
    @given(kind=kinds, position=positions, data=st.data())
    def test_decided_as_in_exact_arithmetic(self, kind, position, data):
        quantity, entry, margin, maintenance, fee = terms(kind, position)
        contract = Contract(kind, MULTIPLIERS[kind])
        keywords = {"contract": contract, "maintenance": maintenance, "fee": fee}
        limit = float(price(quantity, entry, margin, **keywords))
        if not 0.0 < limit < math.inf:
            limit = entry
        marks = data.draw(st.permutations(around(limit)))
        for mark in marks:
            expected = oracle.first_breach(kind, contract.multiplier, [mark], quantity, entry, margin, maintenance, fee)
            assert first_breach([mark], quantity, entry, margin, **keywords) == expected
        expected = oracle.first_breach(kind, contract.multiplier, marks, quantity, entry, margin, maintenance, fee)
        assert first_breach(marks, quantity, entry, margin, **keywords) == expected

    def test_equality_is_no_breach(self):
        # all of these are exact in binary: 4 contracts at 64, margin 32, no maintenance: bankrupt at 56
        linear = Contract("linear")
        assert first_breach([56.0], 4.0, 64.0, 32.0, contract=linear, maintenance=0.0) == -1
        assert first_breach([math.nextafter(56.0, 0.0)], 4.0, 64.0, 32.0, contract=linear, maintenance=0.0) == 0
        assert first_breach([72.0], -4.0, 64.0, 32.0, contract=linear, maintenance=0.0) == -1
        assert first_breach([math.nextafter(72.0, 99.0)], -4.0, 64.0, 32.0, contract=linear, maintenance=0.0) == 0

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("shape", [(1, 1), (7, 65), (130, 3), (12, 1030), (64, 64)])
    def test_many_paths(self, kind, shape):
        random = np.random.default_rng(2)
        contract = Contract(kind, MULTIPLIERS[kind])
        mark = 100.0 * np.exp(np.cumsum(0.03 * random.standard_normal(shape), axis=0))
        mark[random.random(shape) < 0.02] = math.nan
        quantity = random.choice([-500.0, 300.0, 0.0], shape[1], p=[0.45, 0.45, 0.1])
        margin = np.abs(contract.value(quantity, 100.0)) * random.uniform(-0.01, 0.3, shape[1])
        expected = oracle.first_breaches(kind, contract.multiplier, mark, quantity, 100.0, margin, 0.01, 0.001)
        keywords = {"contract": contract, "maintenance": 0.01, "fee": 0.001}
        result = first_breach(mark, quantity, 100.0, margin, **keywords)
        assert result.dtype == np.int64
        np.testing.assert_array_equal(result, expected)
        np.testing.assert_array_equal(
            first_breach(np.asfortranarray(mark), quantity, 100.0, margin, **keywords), expected
        )
        np.testing.assert_array_equal(first_breach(mark.T, quantity, 100.0, margin, axis=1, **keywords), expected)

    def test_positions_broadcast_with_paths(self):
        mark = np.linspace(100.0, 40.0, 61)
        margins = np.array([10.0, 30.0, 50.0, 90.0])
        result = first_breach(mark[:, np.newaxis], 1.0, 100.0, margins, contract=Contract("linear"), maintenance=0.0)
        np.testing.assert_array_equal(result, [11, 31, 51, -1])

    def test_no_information_is_no_breach(self):
        linear = Contract("linear")
        assert first_breach([math.nan] * 5, 1.0, 100.0, 1.0, contract=linear, maintenance=0.0) == -1
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            first_breach([100.0, -1.0], 1.0, 100.0, 1.0, contract=linear, maintenance=0.0)
        with np.errstate(invalid="ignore"):
            marks = [100.0, 0.0, -5.0, math.inf, -math.inf, 98.0]
            assert first_breach(marks, 1.0, 100.0, 1.0, contract=linear, maintenance=0.0) == 5

    @pytest.mark.parametrize("place", range(5))
    def test_undefined(self, place):
        names = ("quantity", "entry", "margin", "maintenance", "fee")
        values = dict(zip(names, (1.0, 100.0, 10.0, 0.01, 0.0), strict=True))
        values[names[place]] = math.nan
        with np.errstate(all="raise"):
            assert first_breach([1.0], contract=ETHUSD, **values) == -2
        values[names[place]] = -math.inf
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            first_breach([1.0], contract=ETHUSD, **values)
        with np.errstate(invalid="ignore"):
            assert first_breach([1.0], contract=ETHUSD, **values) == -2

    def test_without_a_position_only_debt_is_a_breach(self):
        keywords = {"contract": Contract("linear"), "maintenance": 0.1}
        assert first_breach([math.nan, 50.0, 60.0], 0.0, 100.0, -1e-9, **keywords) == 1
        assert first_breach([math.nan, 50.0, 60.0], 0.0, 100.0, 0.0, **keywords) == -1

    def test_out(self):
        out = np.empty(3, dtype=np.int64)
        mark = np.ones((4, 3))
        assert first_breach(mark, 1.0, 2.0, 0.5, contract=Contract("linear"), maintenance=0.0, out=out) is out
        np.testing.assert_array_equal(out, 0)

    def test_empty(self):
        assert first_breach([], 1.0, 2.0, 0.5, contract=ETHUSD, maintenance=0.0) == -1
        assert first_breach(np.empty((3, 0)), 1.0, 2.0, 0.5, contract=ETHUSD, maintenance=0.0).shape == (0,)


SIX, TABLE = np.arange(1.0, 7.0), np.ones((6, 3))
PLAIN = {"contract": ETHUSD, "maintenance": 0.01}
WRONG_CALLS = [
    (lambda: price(1, 2.0, 3.0, contract="ETHUSD", maintenance=0.1), TypeError, "contract must be a Contract, got str"),
    (
        lambda: price(1, 2.0, 3.0, contract=None, maintenance=0.1),
        TypeError,
        "contract must be a Contract, got NoneType",
    ),
    (
        lambda: price("long", 2.0, 3.0, **PLAIN),
        TypeError,
        "quantity must be a number or an array of numbers, got 'long'",
    ),
    (lambda: price(1, None, 3.0, **PLAIN), TypeError, "entry must be a number or an array of numbers, got None"),
    (
        lambda: price(1, 2.0, [1j], **PLAIN),
        TypeError,
        "margin must be a number or an array of numbers, got dtype complex128",
    ),
    (
        lambda: price(1, 2.0, 3.0, contract=ETHUSD, maintenance="1 %"),
        TypeError,
        "maintenance must be a number or an array of numbers, got '1 %'",
    ),
    (
        lambda: price(1, 2.0, 3.0, fee=[[1.0, 2.0], [3.0]], **PLAIN),
        ValueError,
        "fee must be a number or an array of numbers, got a ragged sequence",
    ),
    (
        lambda: price(np.ones(3), np.ones(2), 3.0, **PLAIN),
        ValueError,
        "entry of shape (2,) does not broadcast with quantity of shape (3,)",
    ),
    (
        lambda: price(np.ones(3), 2.0, 3.0, out=np.empty(2), **PLAIN),
        ValueError,
        "out has shape (2,), the result has (3,)",
    ),
    (lambda: price(1, 2.0, 3.0, out=0.0, **PLAIN), TypeError, "out must be an array, got float"),
    (
        lambda: price(1, 2.0, 3.0, out=np.empty((), dtype=int), **PLAIN),
        TypeError,
        "out must be an array that takes float64, got dtype int64",
    ),
    (
        lambda: first_breach(SIX, 1, 2.0, 3.0, contract=1.0, maintenance=0.1),
        TypeError,
        "contract must be a Contract, got float",
    ),
    (lambda: first_breach(5.0, 1, 2.0, 3.0, **PLAIN), ValueError, "mark must have at least one dimension"),
    (
        lambda: first_breach("falling", 1, 2.0, 3.0, **PLAIN),
        TypeError,
        "mark must be a number or an array of numbers, got 'falling'",
    ),
    (
        lambda: first_breach([[1.0], [1.0, 2.0]], 1, 2.0, 3.0, **PLAIN),
        ValueError,
        "mark must be a number or an array of numbers, got a ragged sequence",
    ),
    (
        lambda: first_breach(SIX, 1, 2.0, "3", **PLAIN),
        TypeError,
        "margin must be a number or an array of numbers, got '3'",
    ),
    (
        lambda: first_breach(SIX, None, 2.0, 3.0, **PLAIN),
        TypeError,
        "quantity must be a number or an array of numbers, got None",
    ),
    (
        lambda: first_breach(SIX, 1, 2.0, 3.0, axis=1, **PLAIN),
        ValueError,
        "axis 1 is out of bounds for mark of 1 dimension",
    ),
    (
        lambda: first_breach(TABLE, 1, 2.0, 3.0, axis=-3, **PLAIN),
        ValueError,
        "axis -3 is out of bounds for mark of 2 dimensions",
    ),
    (lambda: first_breach(TABLE, 1, 2.0, 3.0, axis=0.0, **PLAIN), TypeError, "axis must be an integer, got float"),
    (
        lambda: first_breach(TABLE, 1, 2.0, 3.0, out=np.empty(3, dtype=bool), **PLAIN),
        TypeError,
        "out must be an array that takes int64, got dtype bool",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG_CALLS, ids=[case[2] for case in WRONG_CALLS])
def test_wrong_calls_say_what_is_wrong(call, error, message):
    with pytest.raises(error) as caught:
        call()
    assert str(caught.value) == message
