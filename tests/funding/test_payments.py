"""Funding of perpetual swaps: cash received at each funding time."""

import inspect
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listed import ETHUSD, XBTUSD
from oracle import LAYOUTS, OUTPUTS, assert_same_bits, roundings
from oracle.funding import payments as oracle
from wrong import refused

import shortgamma as sg
from shortgamma.contracts import Contract

accrue = sg.funding.accrue

KINDS = ("linear", "inverse", "quanto")
SIZES = [
    (0,),
    (1,),
    (63,),
    (64,),
    (65,),
    (1000,),
    (513, 3),
    (1, 1000),
    (65, 63),
    (64, 64),
    (0, 3),
    (3, 0),
    (5, 4, 3),
]
HOSTILE = [math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 5e-324, -5e-324, 1e-310, 1.7e308, -1.7e308]

kinds = st.sampled_from(KINDS)
positions = st.integers(-(10**6), 10**6).map(float)
marks = st.floats(2.0**-20, 2.0**30)
rates = st.floats(-0.0075, 0.0075)


def market(shape, seed=2):
    rng = np.random.default_rng(seed)
    return (
        np.round(rng.normal(0.0, 1e4, shape)),
        rng.lognormal(5.0, 1.0, shape),
        rng.normal(1e-4, 5e-4, shape),
    )


@pytest.mark.parametrize(
    ("position", "mark", "rate", "contract", "cash"),
    [
        # The base rate of 0.01 % per 8 hours on 2.6455 XBT and on 1.25 XBT, and a capped rate of 0.375 %.
        (-10_000, 264.55, 0.0001, ETHUSD, 0.00026455),
        (10_000, 264.55, 0.0001, ETHUSD, -0.00026455),
        (10_000, 8_000.0, 0.0001, XBTUSD, -0.000125),
        (-10_000, 8_000.0, -0.00375, XBTUSD, -0.0046875),
        # 0.5 BTC of BTCUSDT at 40,000 USDT pays 2 USDT.
        (0.5, 40_000.0, 0.0001, Contract("linear"), -2.0),
        (0.5, 40_000.0, -0.0001, Contract("linear"), 2.0),
    ],
)
def test_payments_worked_by_hand(position, mark, rate, contract, cash):
    assert accrue(position, mark, rate, contract=contract) == pytest.approx(cash, rel=1e-15)


def test_quanto_short_as_a_series():
    # Three intervals: long pays, then receives, then the position is flat.
    cash = accrue([-10_000, -10_000, 0], [264.55, 200.0, 210.0], [0.0001, -0.0002, 0.01], contract=ETHUSD)
    np.testing.assert_allclose(cash, [0.00026455, -0.0004, 0.0], rtol=4e-16)


def test_signature_is_what_was_agreed():
    parameters = inspect.signature(accrue).parameters
    assert list(parameters) == ["quantity", "mark", "rate", "contract", "axis", "fx", "out"]
    assert [parameters[name].kind for name in ("contract", "axis", "fx", "out")] == [inspect.Parameter.KEYWORD_ONLY] * 4


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_same_bits_as_the_twin_in_every_layout(kind, shape):
    contract = Contract(kind, 1e-6)
    inputs = market(shape)
    expected = oracle.accrue(kind, 1e-6, *inputs)
    for lay in LAYOUTS.values():
        laid = [lay(x) for x in inputs]
        assert_same_bits(accrue(*laid, contract=contract), expected)
        for x, original in zip(laid, inputs, strict=True):
            assert_same_bits(x.astype(np.float64), original)
    for make in OUTPUTS.values():
        out = make(shape, np.float64)
        assert accrue(*inputs, contract=contract, out=out) is out
        assert_same_bits(out.astype(np.float64), expected)


@pytest.mark.parametrize("which", range(3))
@pytest.mark.parametrize("layout", LAYOUTS)
def test_layouts_mix(which, layout):
    inputs = list(market((65, 7)))
    expected = oracle.accrue("inverse", 3.0, *inputs)
    inputs[which] = LAYOUTS[layout](inputs[which])
    assert_same_bits(accrue(*inputs, contract=Contract("inverse", 3.0)), expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float16, np.int16, np.int64, np.uint8, ">f8", ">i4"])
def test_other_number_types_are_their_doubles(dtype):
    position, mark, rate = (np.arange(1, 140) % 100 + k for k in (1, 2, 3))
    inputs = [x.astype(dtype) for x in (position, mark, rate)]
    expected = accrue(*(x.astype(np.float64) for x in inputs), contract=ETHUSD)
    assert_same_bits(accrue(*inputs, contract=ETHUSD), expected)


class TestTime:
    T, N = 6, 4

    @pytest.mark.parametrize("axis", [0, 1, -1, -2])
    @pytest.mark.parametrize("flat", [(1,), (2,), (1, 2), (0,), (0, 2), (0, 1)])
    def test_one_dimension_among_two_is_time(self, axis, flat):
        inputs = list(market((self.T, self.N)))
        for i in flat:
            inputs[i] = inputs[i][:, 0]
        expected = oracle.accrue("quanto", 0.5, *inputs)
        turned = [x.T if x.ndim == 2 and axis in (1, -1) else x for x in inputs]
        actual = accrue(*turned, contract=Contract("quanto", 0.5), axis=axis)
        assert_same_bits(actual.T if axis in (1, -1) else actual, expected)

    @pytest.mark.parametrize("axis", [0, 1, 2, -1])
    def test_one_dimension_among_three_is_time(self, axis):
        shape = (3, 4, 5)
        position, _, _ = market(shape)
        _, mark, rate = market((shape[axis],))
        along = [1, 1, 1]
        along[axis] = -1
        expected = oracle.accrue("inverse", 2.0, position, mark.reshape(along), rate.reshape(along))
        assert_same_bits(accrue(position, mark, rate, contract=Contract("inverse", 2.0), axis=axis), expected)

    def test_square_arrays_leave_no_doubt(self):
        position, _, _ = market((5, 5))
        _, mark, rate = market((5,))
        down = accrue(position, mark, rate, contract=ETHUSD)
        across = accrue(position, mark, rate, contract=ETHUSD, axis=1)
        assert_same_bits(down, oracle.accrue("quanto", 1e-6, position, mark[:, None], rate[:, None]))
        assert_same_bits(across, oracle.accrue("quanto", 1e-6, position, mark[None, :], rate[None, :]))

    def test_numbers_and_two_dimensional_rows_broadcast(self):
        position, mark, rate = market((self.T, self.N))
        expected = oracle.accrue("linear", 1.0, position[:1], mark, 0.01)
        assert_same_bits(accrue(position[:1], mark, 0.01, contract=Contract("linear")), expected)
        expected = oracle.accrue("linear", 1.0, 3.0, mark[:, :1], rate)
        assert_same_bits(accrue(3, mark[:, :1], rate, contract=Contract("linear")), expected)

    def test_a_number_of_each_gives_a_number(self):
        assert isinstance(accrue(1, 2.0, 0.1, contract=ETHUSD), float)

    def test_lists_do(self):
        cash = accrue([[1, 2], [3, 4]], [10, 20], [0.1, 0.2], contract=Contract("linear"))
        np.testing.assert_allclose(cash, [[-1, -2], [-12, -16]], rtol=4e-16)


@given(kinds, st.sampled_from([1.0, 1e-6, 0.001, 100.0]), positions, marks, rates)
def test_close_to_exact_fractions(kind, multiplier, position, mark, rate):
    exact = oracle.exact_payment(kind, multiplier, position, mark, rate)
    if abs(exact) > 1e-290 or exact == 0:
        # Three products or quotients round three times.
        assert roundings(accrue(position, mark, rate, contract=Contract(kind, multiplier)), exact) <= 3.01


@given(kinds, positions, positions, marks, rates)
def test_additive_in_position(kind, first, second, mark, rate):
    contract = Contract(kind)
    together = accrue(first + second, mark, rate, contract=contract)
    parts = [accrue(position, mark, rate, contract=contract) for position in (first, second)]
    scale = max(abs(together), *map(abs, parts))
    assert abs(together - sum(parts)) <= 6 * 2.0**-52 * scale + 1e-300


@given(kinds, positions.filter(bool), marks, rates.filter(lambda rate: abs(rate) > 1e-9))
def test_long_pays_short_when_the_rate_is_positive(kind, position, mark, rate):
    cash = accrue(position, mark, rate, contract=Contract(kind))
    assert (cash < 0) == ((position > 0) == (rate > 0))
    assert accrue(-position, mark, rate, contract=Contract(kind)) == -cash
    assert accrue(position, mark, -rate, contract=Contract(kind)) == -cash


@given(kinds, st.sampled_from([0.0, -0.0]), marks, rates)
def test_flat_positions_get_nothing_of_either_sign(kind, position, mark, rate):
    assert_same_bits(accrue(position, mark, rate, contract=Contract(kind)), 0.0)


@given(positions, marks, rates, st.sampled_from([1.0, 1e-6, 5.0]))
def test_quanto_is_linear_in_its_own_coin(position, mark, rate, multiplier):
    linear, quanto = (
        accrue(position, mark, rate, contract=Contract(kind, multiplier)) for kind in ("linear", "quanto")
    )
    assert_same_bits(quanto, linear)


@given(positions, marks, rates)
def test_is_minus_value_times_rate(position, mark, rate):
    for contract in (ETHUSD, XBTUSD):
        assert accrue(position, mark, rate, contract=contract) == -contract.value(position, mark) * rate


@given(kinds, st.permutations(range(70)))
def test_permuting_accounts_permutes_the_cash(kind, order):
    position, mark, rate = market((3, 70))
    contract = Contract(kind)
    cash = accrue(position, mark, rate, contract=contract)
    permuted = accrue(position[:, order], mark[:, order], rate[:, order], contract=contract)
    assert_same_bits(permuted, cash[:, order])


@given(kinds, positions, marks, rates, st.integers(-30, 30))
def test_powers_of_two_only_shift(kind, position, mark, rate, power):
    scale = 2.0**power
    cash = accrue(position, mark, rate, contract=Contract(kind))
    if abs(cash) > 1e-290 or cash == 0:
        assert_same_bits(accrue(position * scale, mark, rate, contract=Contract(kind)), cash * scale)
        assert_same_bits(accrue(position, mark, rate * scale, contract=Contract(kind)), cash * scale)
        assert_same_bits(accrue(position, mark, rate, contract=Contract(kind, scale)), cash * scale)


class TestNumbersThatAreNone:
    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("which", range(3))
    def test_nan_is_quiet_and_stays_in_its_lane(self, kind, which):
        inputs = list(market((130,)))
        expected = oracle.accrue(kind, 1.0, *inputs)
        for place in (0, 63, 64, 127, 128, 129):
            inputs[which][place] = math.nan
            expected[place] = math.nan
        with np.errstate(all="raise"):
            assert_same_bits(accrue(*inputs, contract=Contract(kind)), expected)

    def test_flat_positions_do_not_hide_a_nan(self):
        with np.errstate(all="raise"):
            assert math.isnan(accrue(0.0, math.nan, 0.1, contract=ETHUSD))
            assert math.isnan(accrue(0.0, 1.0, math.nan, contract=ETHUSD))

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("mark", [0.0, -0.0, -1.0, -5e-324, math.inf, -math.inf])
    @pytest.mark.parametrize("position", [1.0, -1.0, 0.0])
    def test_what_is_no_price_is_invalid(self, kind, mark, position):
        def call():
            return accrue(position, mark, 0.1, contract=Contract(kind))

        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            call()
        with np.errstate(invalid="ignore"):
            assert math.isnan(call())
        with pytest.warns(RuntimeWarning, match="invalid value"):
            call()

    @pytest.mark.parametrize("kind", KINDS)
    def test_one_bad_mark_leaves_its_neighbours_alone(self, kind):
        position, mark, rate = market((200,))
        expected = oracle.accrue(kind, 1.0, position, mark, rate)
        for place in (0, 63, 64, 127, 128, 199):
            mark[place] = -1.0
            expected[place] = math.nan
        with np.errstate(invalid="ignore"):
            assert_same_bits(accrue(position, mark, rate, contract=Contract(kind)), expected)

    @pytest.mark.parametrize("kind", KINDS)
    def test_hostile_numbers_are_those_of_the_twin(self, kind):
        ordinary = [1.0, 250.0, -17.5]
        # Rates are finite here: what an infinite rate on no position is, nobody has to know.
        grids = np.meshgrid(HOSTILE + ordinary, HOSTILE + ordinary, [0.0, 0.1, -0.1, 5e-324, 1e308, math.nan])
        position, mark, rate = (x.ravel() for x in grids)
        with np.errstate(all="ignore"):
            actual = accrue(position, mark, rate, contract=Contract(kind, 3.0))
        assert_same_bits(actual, oracle.accrue(kind, 3.0, position, mark, rate))

    @pytest.mark.parametrize("rate", HOSTILE)
    def test_hostile_rates_end(self, rate):
        with np.errstate(all="ignore"):
            cash = accrue(np.ones(70), np.full(70, 2.0), rate, contract=ETHUSD)
        assert_same_bits(cash, np.full(70, 0.0 - 2e-6 * rate))


SIX, FOUR = np.arange(1.0, 7.0), np.arange(1.0, 5.0)
TABLE = np.ones((6, 3))

WRONG_CALLS = [
    (lambda: accrue(1, 2.0, 0.1, contract=3), TypeError, "contract must be a Contract, got int"),
    (lambda: accrue(1, 2.0, 0.1, contract=None), TypeError, "contract must be a Contract, got NoneType"),
    (lambda: accrue(1, 2.0, 0.1, contract=Contract), TypeError, "contract must be a Contract, got type"),
    (
        lambda: accrue(1, SIX, FOUR, contract=ETHUSD),
        ValueError,
        "rate has length 4 along the time axis, mark has 6",
    ),
    (
        lambda: accrue(FOUR, SIX, 0.1, contract=ETHUSD),
        ValueError,
        "quantity has length 4 along the time axis, mark has 6",
    ),
    (
        lambda: accrue(TABLE, SIX, FOUR, contract=ETHUSD),
        ValueError,
        "rate has length 4 along the time axis, quantity has 6",
    ),
    (
        lambda: accrue(TABLE, SIX, 0.1, contract=ETHUSD, axis=1),
        ValueError,
        "mark has length 6 along the time axis, quantity has 3",
    ),
    (
        lambda: accrue(np.ones((4, 3)), TABLE, 0.1, contract=ETHUSD),
        ValueError,
        "quantity has length 4 along the time axis, mark has 6",
    ),
    (
        lambda: accrue(np.ones((6, 2)), TABLE, 0.1, contract=ETHUSD),
        ValueError,
        "mark of shape (6, 3) does not broadcast with quantity of shape (6, 2)",
    ),
    (
        lambda: accrue(np.ones((6, 3, 2)), TABLE, 0.1, contract=ETHUSD),
        ValueError,
        "mark has shape (6, 3), quantity has (6, 3, 2): give a number, one per bar, or one per element",
    ),
    (
        lambda: accrue(TABLE, SIX, 0.1, contract=ETHUSD, axis=2),
        ValueError,
        "axis 2 is out of bounds for quantity of 2 dimensions",
    ),
    (
        lambda: accrue(1, SIX, 0.1, contract=ETHUSD, axis=-2),
        ValueError,
        "axis -2 is out of bounds for mark of 1 dimension",
    ),
    (
        lambda: accrue(1, SIX, 0.1, contract=ETHUSD, axis="time"),
        TypeError,
        "axis must be an integer, got str",
    ),
    (
        lambda: accrue("short", 2.0, 0.1, contract=ETHUSD),
        TypeError,
        "quantity must be a number or an array of numbers, got 'short'",
    ),
    (
        lambda: accrue(1, None, 0.1, contract=ETHUSD),
        TypeError,
        "mark must be a number or an array of numbers, got None",
    ),
    (
        lambda: accrue(1, SIX, np.array([1j] * 6), contract=ETHUSD),
        TypeError,
        "rate must be a number or an array of numbers, got dtype complex128",
    ),
    (
        lambda: accrue(1, [[1.0, 2.0], [3.0]], 0.1, contract=ETHUSD),
        ValueError,
        "mark must be a number or an array of numbers, got a ragged sequence",
    ),
    (
        lambda: accrue(TABLE, SIX, 0.1, contract=ETHUSD, out=np.empty((6, 2))),
        ValueError,
        "out has shape (6, 2), the result has (6, 3)",
    ),
    (
        lambda: accrue(TABLE, SIX, 0.1, contract=ETHUSD, out=np.empty((6, 3), np.int64)),
        TypeError,
        "out must be an array that takes float64, got dtype int64",
    ),
    (
        lambda: accrue(TABLE, SIX, 0.1, contract=ETHUSD, out="here"),
        TypeError,
        "out must be an array, got str",
    ),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)


class TestPandas:
    @pytest.fixture
    def pd(self):
        return pytest.importorskip("pandas")

    @pytest.fixture
    def data(self, pd):
        index = pd.date_range("2024-01-01", periods=70, freq="8h", name="funding")
        position, mark, rate = market((70, 3))
        frame = pd.DataFrame(mark, index=index, columns=["a", "b", "c"])
        return index, position, frame, pd.Series(rate[:, 0], index=index, name="rate")

    def test_frame_and_series_keep_their_labels(self, pd, data):
        index, position, mark, rate = data
        expected = accrue(position, mark.to_numpy(), rate.to_numpy(), contract=ETHUSD)
        for p in (position, pd.DataFrame(position, index=index, columns=mark.columns)):
            for r in (rate, rate.to_numpy()):
                cash = accrue(p, mark, r, contract=ETHUSD)
                assert isinstance(cash, pd.DataFrame)
                assert cash.index.equals(index)
                assert list(cash.columns) == ["a", "b", "c"]
                assert_same_bits(cash.to_numpy(), expected)
        cash = accrue(-5, mark["a"], rate, contract=ETHUSD)
        assert isinstance(cash, pd.Series)
        assert cash.index.equals(index)
        assert_same_bits(cash.to_numpy(), accrue(-5, mark["a"].to_numpy(), rate.to_numpy(), contract=ETHUSD))

    def test_series_in_another_order(self, data):
        _, position, mark, rate = data
        expected = accrue(position, mark, rate, contract=ETHUSD)
        assert_same_bits(accrue(position, mark, rate[::-1], contract=ETHUSD).to_numpy(), expected.to_numpy())
        assert_same_bits(
            sg.funding.total(position, mark, rate[::-1], contract=ETHUSD),
            sg.funding.total(position, mark, rate, contract=ETHUSD),
        )

    def test_series_of_another_index_is_refused(self, data):
        _, position, mark, rate = data
        with pytest.raises(ValueError, match=r"^rate has no label .*, which (position|mark) has$"):
            accrue(position, mark, rate.shift(1, freq="D"), contract=ETHUSD)

    def test_series_pair_by_label(self, data):
        _, _, mark, rate = data
        expected = accrue(-5, mark["a"].to_numpy(), rate.to_numpy(), contract=ETHUSD)
        cash = accrue(-5, mark["a"], rate[::-1], contract=ETHUSD)
        assert_same_bits(cash.reindex(mark.index).to_numpy(), expected)
