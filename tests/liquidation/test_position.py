"""Liquidation of isolated positions: the price, and the first bar."""

import inspect
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listed import ETHUSD, XBTUSD
from oracle import LAYOUTS, OUTPUTS, assert_same_bits, contracts, roundings
from oracle.liquidation import position as oracle
from wrong import refused

import shortgamma as sg
from shortgamma.contracts import Contract

price, first_breach = sg.liquidation.liquidation_price, sg.liquidation.first_breach

KINDS = ("linear", "inverse", "quanto")
MULTIPLIERS = {"linear": 0.01, "inverse": 100.0, "quanto": 1e-6}
kinds = st.sampled_from(KINDS)


def rates(high):
    """Fractions that a venue could ask for: none, or more than the products of doubles lose by underflow."""
    return st.just(0.0) | st.floats(1e-9, high)


positions = st.tuples(
    st.floats(1.0, 1e6) | st.floats(-1e6, -1.0), st.floats(0.5, 5e4), st.floats(0.01, 1.5), rates(0.2), rates(0.01)
)


def terms(kind, position):
    """quantity, entry, margin, maintenance, fee: the margin as a fraction of the value at entry."""
    quantity, entry, fraction, maintenance, fee = position
    value = abs(float(Contract(kind, MULTIPLIERS[kind]).value(quantity, entry)))
    return quantity, entry, fraction * value, maintenance, fee


# Positions whose margin may be spent already, whose requirement is large, and whose margin all but equals the value.
wild = st.tuples(
    st.floats(1.0, 1e6) | st.floats(-1e6, -1.0),
    st.floats(0.5, 5e4),
    rates(3.0)
    | rates(2.0).map(lambda share: -share)
    | st.sampled_from([1.0, 1.0 + 2**-52, 1.0 - 2**-53]).flatmap(lambda share: st.sampled_from([share, -share])),
    rates(0.9) | st.sampled_from([0.004, 0.005, 0.5]),
    rates(0.05) | st.just(0.00075),
)


def book(kind, count, seed):
    """Many positions of one contract: quantity, entry, margin, maintenance, fee."""
    random = np.random.default_rng(seed)
    contract = Contract(kind, MULTIPLIERS[kind])
    quantity = random.choice([-1.0, 1.0], count) * np.round(10.0 ** random.uniform(0.0, 5.0, count))
    entry = np.round(10.0 ** random.uniform(0.0, 4.5, count), 2)
    margin = np.abs(contract.value(quantity, entry)) * random.choice([0.01, 0.02, 0.1, 0.5, 1.0, -0.1], count)
    maintenance = random.choice([0.0, 0.004, 0.005, 0.01, 0.3], count)
    return contract, (quantity, entry, margin, maintenance, random.choice([0.0, 0.00075], count))


def test_signatures_are_what_was_agreed():
    position = ["quantity", "entry", "margin", "contract", "maintenance", "fee"]
    assert list(inspect.signature(price).parameters) == [*position, "out"]
    parameters = inspect.signature(first_breach).parameters
    assert list(parameters) == ["mark", *position, "axis", "out"]
    keywords = ("contract", "maintenance", "fee", "axis", "out")
    assert {parameters[name].kind for name in keywords} == {inspect.Parameter.KEYWORD_ONLY}


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

    @pytest.mark.parametrize(("side", "limit"), [(1, 264.55 * 0.98 / 0.99), (-1, 264.55 * 1.02 / 1.01)])
    def test_ethusd_at_50_times(self, side, limit):
        # BitMEX, when ETHUSD had 2 % of initial and 1 % of maintenance margin: 10,000 contracts at 264.55
        actual = price(side * 10_000, 264.55, 0.02 * 2.6455, contract=ETHUSD, maintenance=0.01)
        assert float(actual) == pytest.approx(limit, rel=1e-14)

    @given(position=positions, amount=st.floats(0.0, 100.0))
    def test_formula_of_binance(self, position, amount):
        # USDT-margined, one position: LP = (WB + cum - side S EP) / (S MMR - side S)
        quantity, entry, balance, rate, _ = terms("linear", position)
        side, size = (1 if quantity > 0 else -1), abs(Fraction(quantity)) * Fraction(MULTIPLIERS["linear"])
        exact = (Fraction(balance + amount) - side * size * Fraction(entry)) / (size * Fraction(rate) - side * size)
        contract = Contract("linear", MULTIPLIERS["linear"])
        actual = float(price(quantity, entry, balance + amount, contract=contract, maintenance=rate))
        assert actual == 0.0 if exact <= 0 else actual == pytest.approx(float(exact), rel=1e-12, abs=1e-9)

    @given(position=positions)
    def test_formula_of_binance_coin_margined(self, position):
        # LP = S (MMR + side) / ((WB + cum) / multiplier + side S / EP)
        quantity, entry, balance, rate, _ = terms("inverse", position)
        side, size = (1 if quantity > 0 else -1), abs(Fraction(quantity))
        below = Fraction(balance) / Fraction(MULTIPLIERS["inverse"]) + side * size / Fraction(entry)
        if abs(below) * 2**20 < size / Fraction(entry):
            return
        exact = size * (Fraction(rate) + side) / below
        contract = Contract("inverse", MULTIPLIERS["inverse"])
        actual = float(price(quantity, entry, balance, contract=contract, maintenance=rate))
        assert actual == math.inf if exact <= 0 else actual == pytest.approx(float(exact), rel=1e-9)

    def test_short_of_one_times_on_its_own_coin(self):
        # it is short of what it holds: no rise and no fall changes what it is worth in dollars
        mark = 10.0 ** np.arange(-3.0, 9.0)
        keywords = {"contract": XBTUSD, "maintenance": 0.005}
        assert first_breach(mark, -10_000, 10_000.0, 1.0, **keywords) == mark.size
        assert XBTUSD.pnl(-10_000, 10_000.0, mark) * mark + mark == pytest.approx(np.full(12, 10_000.0), rel=1e-9)

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

    @given(kind=kinds, position=wild)
    def test_a_few_roundings_of_wild_positions(self, kind, position):
        quantity, entry, margin, maintenance, fee = terms(kind, position)
        contract = Contract(kind, MULTIPLIERS[kind])
        actual = float(price(quantity, entry, margin, contract=contract, maintenance=maintenance, fee=fee))
        weight = maintenance + fee
        exact = oracle.price(kind, contract.multiplier, quantity, entry, margin, weight)
        opened = Fraction(quantity) * Fraction(contract.multiplier)
        opened = opened / Fraction(entry) if kind == "inverse" else -opened * Fraction(entry)
        left = abs(Fraction(margin) + opened)
        if left * 2**40 < abs(opened):
            return
        if not isinstance(exact, Fraction) or exact == 0:
            assert actual == exact
            return
        # two differences cancel: of margin and value, and of one and the requirement
        condition = float((abs(Fraction(margin)) + abs(opened)) / left) + (1.0 + weight) / (1.0 - weight)
        assert roundings(actual, exact) <= 4.0 * condition

    @given(kind=kinds, position=positions)
    def test_only_the_sum_of_maintenance_and_fee_matters(self, kind, position):
        quantity, entry, margin, maintenance, fee = terms(kind, position)
        contract = Contract(kind, MULTIPLIERS[kind])
        actual = price(quantity, entry, margin, contract=contract, maintenance=maintenance, fee=fee)
        assert_same_bits(actual, price(quantity, entry, margin, contract=contract, maintenance=maintenance + fee))
        assert_same_bits(actual, price(quantity, entry, margin, contract=contract, maintenance=fee, fee=maintenance))

    @given(kind=kinds, position=positions, power=st.integers(-30, 30))
    def test_units_do_not_matter(self, kind, position, power):
        quantity, entry, margin, maintenance, fee = terms(kind, position)
        keywords = {"contract": Contract(kind, MULTIPLIERS[kind]), "maintenance": maintenance, "fee": fee}
        limit, scale = price(quantity, entry, margin, **keywords), 2.0**power
        assert_same_bits(price(quantity * scale, entry, margin * scale, **keywords), limit)
        worth = margin / scale if kind == "inverse" else margin * scale
        assert_same_bits(price(quantity, entry * scale, worth, **keywords), limit * scale)
        keywords["contract"] = Contract(kind, MULTIPLIERS[kind] * scale)
        assert_same_bits(price(quantity, entry, margin * scale, **keywords), limit)

    @given(position=positions)
    def test_quanto_is_linear_in_its_own_coin(self, position):
        quantity, entry, margin, maintenance, fee = terms("quanto", position)
        linear, quanto = (
            price(quantity, entry, margin, contract=Contract(kind, 1e-6), maintenance=maintenance, fee=fee)
            for kind in ("linear", "quanto")
        )
        assert_same_bits(linear, quanto)

    @given(position=positions)
    def test_inverse_is_linear_in_reciprocals(self, position):
        quantity, entry, margin, maintenance, fee = terms("inverse", position)
        keywords = {"maintenance": maintenance, "fee": fee}
        inverse = float(price(quantity, entry, margin, contract=Contract("inverse", 100.0), **keywords))
        linear = float(price(-quantity, 1.0 / entry, margin, contract=Contract("linear", 100.0), **keywords))
        if 1e-4 < linear * entry < 1e4:
            assert inverse == pytest.approx(1.0 / linear, rel=1e-10)

    @pytest.mark.parametrize("kind", KINDS)
    def test_a_higher_requirement_is_never_better(self, kind):
        contract = Contract(kind, MULTIPLIERS[kind])
        margin = 0.2 * abs(float(contract.value(1000.0, 250.0)))
        maintenance = np.linspace(0.0, 0.9, 50)
        assert (np.diff(price(1000.0, 250.0, margin, contract=contract, maintenance=maintenance)) > 0.0).all()
        assert (np.diff(price(-1000.0, 250.0, margin, contract=contract, maintenance=maintenance)) < 0.0).all()

    @pytest.mark.parametrize("kind", KINDS)
    def test_at_entry_without_margin_it_is_bankrupt_at_once(self, kind):
        contract = Contract(kind, 2.0)
        for quantity in (-3.0, 5.0):
            assert float(price(quantity, 64.0, 0.0, contract=contract, maintenance=0.0)) == 64.0
            assert first_breach([64.0], quantity, 64.0, 0.0, contract=contract, maintenance=0.0) == 1
            assert first_breach([64.0], quantity, 64.0, 0.0, contract=contract, maintenance=1e-9) == 0

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

    @pytest.mark.parametrize("kind", KINDS)
    def test_it_tells_the_truth_about_every_mark(self, kind):
        # mark < price of a long, mark > price of a short: also where the price is 0 or infinite
        contract, (quantity, entry, margin, maintenance, fee) = book(kind, 500, 3)
        keywords = {"contract": contract, "maintenance": maintenance, "fee": fee}
        limit = price(quantity, entry, margin, **keywords)
        for factor in (1e-6, 0.3, 0.9, 1.1, 3.0, 1e6):
            mark = np.where((limit > 0.0) & (limit < math.inf), limit, entry) * factor
            breach = first_breach(mark[np.newaxis], quantity, entry, margin, **keywords)
            np.testing.assert_array_equal(breach == 0, np.where(quantity > 0.0, mark < limit, mark > limit))

    @pytest.mark.parametrize("layout", OUTPUTS)
    def test_layouts_of_out(self, layout):
        contract, position = book("inverse", 129, 4)
        keywords = dict(zip(("maintenance", "fee"), position[3:], strict=True))
        out = OUTPUTS[layout]((129,), np.float64)
        assert price(*position[:3], contract=contract, out=out, **keywords) is out
        assert_same_bits(out.astype(np.float64), price(*position[:3], contract=contract, **keywords))

    def test_inputs_broadcast(self):
        quantity, entry, margin = np.array([[1.0], [-2.0]]), np.array([50.0, 60.0, 70.0]), 10.0
        result = price(quantity, entry, margin, contract=Contract("linear"), maintenance=0.0)
        np.testing.assert_array_equal(result, [[40.0, 50.0, 60.0], [55.0, 65.0, 75.0]])
        assert isinstance(price(1, 50, 10, contract=Contract("linear"), maintenance=0), float)
        whole = price([1, -2], [50, 50], 10, contract=Contract("linear"), maintenance=0)
        np.testing.assert_array_equal(whole, [40.0, 55.0])

    @pytest.mark.parametrize("place", range(5))
    def test_nan_is_quiet(self, place):
        values = [1.0, 100.0, 10.0, 0.01, 0.001]
        values[place] = math.nan
        with np.errstate(all="raise"):
            for kind in KINDS:
                limit = price(*values[:3], contract=Contract(kind), maintenance=values[3], fee=values[4])
                assert math.isnan(limit)

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

    @given(kind=kinds, position=wild, data=st.data())
    def test_wild_positions_are_decided_exactly_too(self, kind, position, data):
        quantity, entry, margin, maintenance, fee = terms(kind, position)
        contract = Contract(kind, MULTIPLIERS[kind])
        exact = oracle.price(kind, contract.multiplier, quantity, entry, margin, maintenance + fee)
        limit = float(exact) if 1e-100 < exact < 1e100 else entry
        marks = data.draw(st.permutations([*around(limit), entry, entry * 1e-9, entry * 1e9, 1e-100, 1e100]))
        expected = [
            oracle.first_breach(kind, contract.multiplier, [mark], quantity, entry, margin, maintenance, fee)
            for mark in marks
        ]
        keywords = {"contract": contract, "maintenance": maintenance, "fee": fee}
        # side by side in memory, one path each, and all one path
        paths = np.array([marks, marks])
        together = first_breach(paths, quantity, entry, margin, axis=0, **keywords)
        np.testing.assert_array_equal(together, [bar + (bar > 0) for bar in expected])
        alone = first_breach(np.array(marks)[:, np.newaxis], quantity, entry, margin, axis=1, **keywords)
        np.testing.assert_array_equal(alone, expected)
        first = expected.index(0) if 0 in expected else len(marks)
        assert first_breach(marks, quantity, entry, margin, **keywords) == first

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("side", [1.0, -1.0])
    def test_marks_that_creep_up_on_the_price(self, kind, side):
        # each path comes one unit in the last place nearer with every bar and goes on beyond
        contract, (quantity, entry, margin, maintenance, fee) = book(kind, 257, 5)
        quantity, margin = side * np.abs(quantity), np.abs(margin) * 0.7
        keywords = {"contract": contract, "maintenance": maintenance, "fee": fee}
        limit = price(quantity, entry, margin, **keywords)
        limit = np.where((limit > 0.0) & (limit < math.inf), limit, entry)
        mark = limit + side * np.arange(12.0, -13.0, -1.0)[:, np.newaxis] * np.spacing(limit)
        expected = oracle.first_breaches(kind, contract.multiplier, mark, quantity, entry, margin, maintenance, fee)
        assert (expected > 0).any()
        for laid in (mark, np.asfortranarray(mark), LAYOUTS["strided"](mark)):
            np.testing.assert_array_equal(first_breach(laid, quantity, entry, margin, **keywords), expected)
        for i in (0, 64, 256):
            one = {"contract": contract, "maintenance": maintenance[i], "fee": fee[i]}
            assert first_breach(mark[:, i], quantity[i], entry[i], margin[i], **one) == expected[i]

    @pytest.mark.parametrize("quantity", [8.0, -8.0])
    @pytest.mark.parametrize("kind", KINDS)
    def test_one_unit_in_the_last_place_decides(self, kind, quantity):
        # marks, weight and margin are such that equity equals the requirement without any rounding
        contract, entry, mark, weight = Contract(kind, 0.25), 64.0, 32.0, 0.25
        required = Fraction(weight) * abs(contracts.exact_value(kind, 0.25, quantity, mark))
        exact = required - contracts.exact_pnl(kind, 0.25, quantity, entry, mark)
        margin = float(exact)
        assert Fraction(margin) == exact
        keywords = {"contract": contract, "maintenance": weight}
        less, worse = math.nextafter(margin, -math.inf), math.nextafter(mark, 0.0 if quantity > 0 else math.inf)
        assert first_breach([mark], quantity, entry, margin, **keywords) == 1
        assert first_breach([worse], quantity, entry, margin, **keywords) == 0
        assert first_breach([mark], quantity, entry, less, **keywords) == 0

    def test_equality_is_no_breach(self):
        # all of these are exact in binary: 4 contracts at 64, margin 32, no maintenance: bankrupt at 56
        linear = Contract("linear")
        assert first_breach([56.0], 4.0, 64.0, 32.0, contract=linear, maintenance=0.0) == 1
        assert first_breach([math.nextafter(56.0, 0.0)], 4.0, 64.0, 32.0, contract=linear, maintenance=0.0) == 0
        assert first_breach([72.0], -4.0, 64.0, 32.0, contract=linear, maintenance=0.0) == 1
        assert first_breach([math.nextafter(72.0, 99.0)], -4.0, 64.0, 32.0, contract=linear, maintenance=0.0) == 0

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize("multiplier", [5e-324, 1e-300, 1e-6, 1.0, 1e300])
    def test_hostile_magnitudes(self, kind, multiplier):
        # products of the numbers of a position leave the range of doubles in both directions
        random = np.random.default_rng([7, int(math.log10(multiplier)) + 400])
        contract = Contract(kind, multiplier)
        hostile = [5e-324, 1.5e-323, 2.2e-308, 1e-300, 1e-160, 1e-9, 0.3, 1.0, 97.0, 1e12, 1e160, 1e300, 1.7e308]
        wrong = []
        for _ in range(1500):
            size, entry, mark = (float(x) for x in random.choice(hostile, 3) * random.choice([1.0, 1.0, 0.7], 3))
            quantity = size * random.choice([-1.0, 1.0])
            maintenance = float(random.choice([0.0, 5e-324, 1e-310, 1e-300, 0.004, 0.5, 1.0 - 2.0**-53]))
            if entry == 0.0 or mark == 0.0:
                continue
            exact = oracle.shortfall(kind, multiplier, quantity, entry, 0.0, maintenance, mark)
            margins = [float(random.choice(hostile) * random.choice([-1.0, 0.0, 1.0]))]
            if abs(exact) < Fraction(1.7e308):
                level = float(exact)
                margins += [level, math.nextafter(level, math.inf), math.nextafter(level, -math.inf)]
            for margin in margins:
                expected = oracle.first_breach(kind, multiplier, [mark], quantity, entry, margin, maintenance)
                actual = first_breach([mark], quantity, entry, margin, contract=contract, maintenance=maintenance)
                if actual != expected:
                    wrong.append((mark, quantity, entry, margin, maintenance))
        assert not wrong

    @pytest.mark.parametrize("kind", KINDS)
    @pytest.mark.parametrize(
        "shape",
        [(1, 1), (7, 65), (130, 3), (12, 1030), (64, 64), (4, 256), (5, 257), (3, 255), (257, 1), (65, 2), (1, 129)],
    )
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

    @pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_axes_and_layouts(self, axis, layout):
        mark = 100.0 * np.exp(np.cumsum(0.05 * np.random.default_rng(6).standard_normal((30, 4, 3)), axis=0))
        quantity, margin = np.array([1.0, -1.0, 2.0]), np.array([[5.0], [10.0], [20.0], [40.0]])
        expected = oracle.first_breaches("linear", 1.0, mark, quantity, 100.0, margin, 0.01)
        assert len(np.unique(expected)) > 3
        laid = LAYOUTS[layout](np.moveaxis(mark, 0, axis))
        keywords = {"contract": Contract("linear"), "maintenance": 0.01, "axis": axis}
        np.testing.assert_array_equal(first_breach(laid, quantity, 100.0, margin, **keywords), expected)
        out = np.full((4, 6), 7, dtype=np.int64)
        assert first_breach(laid, quantity, 100.0, margin, out=out[:, ::2], **keywords).base is out
        np.testing.assert_array_equal(out[:, ::2], expected)
        np.testing.assert_array_equal(out[:, 1::2], 7)

    @pytest.mark.parametrize("dtype", [np.float32, np.int16, np.uint8, ">i4"])
    def test_other_number_types_are_their_doubles(self, dtype):
        mark = np.arange(100, 40, -1).astype(dtype)
        assert first_breach(mark, 1, 100, 30, contract=Contract("linear"), maintenance=0) == 31
        assert (
            first_breach(mark.tolist(), np.ones((), dtype=dtype), 100, 30, contract=Contract("linear"), maintenance=0)
            == 31
        )

    def test_pandas(self):
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame({"ETH": [100.0, 95.0, 80.0], "SOL": [100.0, 89.0, 70.0]}, index=[5, 6, 7])
        keywords = {"contract": Contract("linear"), "maintenance": 0.0}
        # bars are counted, whatever the index says
        assert first_breach(frame["ETH"], 1.0, 100.0, 10.0, **keywords) == 2
        np.testing.assert_array_equal(first_breach(frame, 1.0, 100.0, [10.0, 10.0], **keywords), [2, 1])
        np.testing.assert_array_equal(first_breach(frame.T, 1.0, 100.0, 10.0, axis=1, **keywords), [2, 1])
        assert frame.to_numpy().tolist() == [[100.0, 100.0], [95.0, 89.0], [80.0, 70.0]]

    @pytest.mark.parametrize("kind", KINDS)
    def test_positions_of_many_kinds_side_by_side(self, kind):
        # undefined ones, flat ones and dead ones leave their neighbours alone
        contract, (quantity, entry, margin, maintenance, fee) = book(kind, 300, 7)
        mark = entry * np.exp(np.cumsum(0.05 * np.random.default_rng(8).standard_normal((40, 300)), axis=0))
        quantity[::7], entry[3::11], margin[5::13], maintenance[2::17] = 0.0, -1.0, math.nan, 1.0
        mark[np.random.default_rng(9).random(mark.shape) < 0.05] = math.nan
        expected = oracle.first_breaches(kind, contract.multiplier, mark, quantity, entry, margin, maintenance, fee)
        assert {41, 40, 0} < set(expected.tolist())
        keywords = {"contract": contract, "maintenance": maintenance, "fee": fee}
        with np.errstate(invalid="ignore"):
            for laid in (mark, np.asfortranarray(mark)):
                np.testing.assert_array_equal(first_breach(laid, quantity, entry, margin, **keywords), expected)

    def test_positions_broadcast_with_paths(self):
        mark = np.linspace(100.0, 40.0, 61)
        margins = np.array([10.0, 30.0, 50.0, 90.0])
        result = first_breach(mark[:, np.newaxis], 1.0, 100.0, margins, contract=Contract("linear"), maintenance=0.0)
        np.testing.assert_array_equal(result, [11, 31, 51, 61])

    def test_no_information_is_no_breach(self):
        linear = Contract("linear")
        assert first_breach([math.nan] * 5, 1.0, 100.0, 1.0, contract=linear, maintenance=0.0) == 5
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
            assert first_breach([1.0], contract=ETHUSD, **values) == 2
        values[names[place]] = -math.inf
        with np.errstate(invalid="raise"), pytest.raises(FloatingPointError):
            first_breach([1.0], contract=ETHUSD, **values)
        with np.errstate(invalid="ignore"):
            assert first_breach([1.0], contract=ETHUSD, **values) == 2

    def test_without_a_position_only_debt_is_a_breach(self):
        keywords = {"contract": Contract("linear"), "maintenance": 0.1}
        assert first_breach([math.nan, 50.0, 60.0], 0.0, 100.0, -1e-9, **keywords) == 1
        assert first_breach([math.nan, 50.0, 60.0], 0.0, 100.0, 0.0, **keywords) == 3

    def test_out(self):
        out = np.empty(3, dtype=np.int64)
        mark = np.ones((4, 3))
        assert first_breach(mark, 1.0, 2.0, 0.5, contract=Contract("linear"), maintenance=0.0, out=out) is out
        np.testing.assert_array_equal(out, 0)

    def test_empty(self):
        assert first_breach([], 1.0, 2.0, 0.5, contract=ETHUSD, maintenance=0.0) == 0
        assert first_breach(np.empty((3, 0)), 1.0, 2.0, 0.5, contract=ETHUSD, maintenance=0.0).shape == (0,)


class TestExactness:
    """Maintenance, fee and the amounts of tiers are each taken as given: nothing is rounded before the decision."""

    @pytest.mark.parametrize("kind", KINDS)
    def test_maintenance_and_fee_together(self, kind):
        random = np.random.default_rng(21)
        contract = Contract(kind, MULTIPLIERS[kind])
        count = 300
        quantity = random.choice([-1.0, 1.0], count) * np.round(10.0 ** random.uniform(0.0, 5.0, count))
        entry = np.round(10.0 ** random.uniform(0.0, 4.5, count), 2)
        margin = np.abs(contract.value(quantity, entry)) * random.choice([0.02, 0.1, 0.5], count)
        terms = {"contract": contract, "maintenance": 0.1, "fee": 0.00075}
        limit = price(quantity, entry, margin, **terms)
        good = (limit > 0.0) & (limit < np.inf)
        mark = limit[good] + np.arange(-6.0, 7.0)[:, np.newaxis] * np.spacing(limit[good])
        held = (quantity[good], entry[good], margin[good])
        for bar in mark:
            exact = [
                oracle.first_breach(kind, contract.multiplier, [m], *terms_of, 0.1, 0.00075)
                for m, *terms_of in zip(bar.tolist(), *(x.tolist() for x in held), strict=True)
            ]
            np.testing.assert_array_equal(first_breach(bar[np.newaxis], *held, **terms), exact)

    def test_a_sum_that_rounds_does_not_decide(self):
        # 0.1 + 0.00075 as doubles is not their exact sum: find a margin between the two requirements
        rates = (0.1, 0.00075)
        exact, rounded = sum(map(Fraction, rates)), Fraction(sum(rates))
        assert exact != rounded
        terms = {"contract": Contract("linear"), "maintenance": rates[0], "fee": rates[1]}
        told_apart = 0
        for mark in np.arange(1.0, 400.0).tolist():
            needed = [float(Fraction(mark) * weight) for weight in (exact, rounded)]
            for margin in {*needed, *(math.nextafter(x, end) for x in needed for end in (0.0, math.inf))}:
                expected = oracle.first_breach("linear", 1.0, [mark], 1.0, mark, margin, *rates)
                assert first_breach([mark], 1.0, mark, margin, **terms) == expected
                told_apart += expected != int(Fraction(margin) >= rounded * Fraction(mark))
        # a decision by the rounded sum would have been wrong that often
        assert told_apart > 0


class TestMeanEntry:
    @given(
        kind=kinds,
        fills=st.lists(st.tuples(st.integers(-50, 50), st.floats(1.0, 1e5)), min_size=1, max_size=20),
    )
    def test_against_fractions(self, kind, fills):
        contract = Contract(kind, MULTIPLIERS[kind])
        held, cost = Fraction(0), Fraction(0)
        for size, at in fills:
            each = 1 / Fraction(at) if kind == "inverse" else Fraction(at)
            total = held + size
            if size == 0:
                continue
            if held == 0 or held * size > 0:
                cost += abs(size) * each
            elif held * total > 0:
                cost *= total / held
            else:
                cost = abs(total) * each
            held = total
        quantity, at = (list(column) for column in zip(*fills, strict=True))
        actual = sg.liquidation.mean_entry(quantity, at, contract=contract)
        if held == 0:
            assert math.isnan(actual)
            return
        mean = cost / abs(held)
        assert roundings(float(actual), 1 / mean if kind == "inverse" else mean) < 4 * len(fills) + 4

    @pytest.mark.parametrize("kind", KINDS)
    def test_the_profit_of_the_whole_is_that_of_the_fills(self, kind):
        contract = Contract(kind, MULTIPLIERS[kind])
        quantity, at = np.array([100.0, 300.0, 50.0]), np.array([8_000.0, 6_000.0, 7_000.0])
        entry = sg.liquidation.mean_entry(quantity, at, contract=contract)
        whole = contract.pnl(quantity.sum(), entry, 9_000.0)
        assert float(whole) == pytest.approx(float(contract.pnl(quantity, at, 9_000.0).sum()), rel=1e-13)

    def test_harmonic_of_inverse_contracts(self):
        # half of the dollars at 5,000 and half at 10,000: 3 coins of 20,000 dollars
        assert float(sg.liquidation.mean_entry([10_000, 10_000], [5_000.0, 10_000.0], contract=XBTUSD)) == 20_000 / 3
        assert float(sg.liquidation.mean_entry([1, 1], [5_000.0, 10_000.0], contract=Contract("linear"))) == 7_500.0

    def test_axes_and_unknown_fills(self):
        linear = Contract("linear")
        table = np.array([[1.0, 2.0], [3.0, -2.0], [0.0, 1.0]])
        at = np.array([[10.0, 10.0], [20.0, 11.0], [math.nan, 12.0]])
        np.testing.assert_array_equal(sg.liquidation.mean_entry(table, at, contract=linear), [17.5, 12.0])
        np.testing.assert_array_equal(sg.liquidation.mean_entry(table.T, at.T, contract=linear, axis=1), [17.5, 12.0])
        assert math.isnan(sg.liquidation.mean_entry([1.0], [math.nan], contract=linear))
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert math.isnan(sg.liquidation.mean_entry([1.0], [-5.0], contract=linear))
        with pytest.raises(ValueError, match=r"price of shape \(2,\) does not broadcast with quantity of shape \(3,\)"):
            sg.liquidation.mean_entry([1.0] * 3, [1.0] * 2, contract=linear)


SIX, TABLE = np.arange(1.0, 7.0), np.ones((6, 3))
PLAIN = {"contract": ETHUSD, "maintenance": 0.01}
WRONG_CALLS = [
    (lambda: price(1, 2.0, 3.0, contract=3, maintenance=0.1), TypeError, "contract must be a Contract, got int"),
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
        lambda: price(1, 2.0, 3.0, contract=("inverse", 1.0), maintenance=0.1),
        TypeError,
        "contract must be a Contract, got tuple",
    ),
    (lambda: price(1, b"2", 3.0, **PLAIN), TypeError, "entry must be a number or an array of numbers, got b'2'"),
    (
        lambda: price(np.ones((2, 3)), 2.0, np.ones((2, 4)), **PLAIN),
        ValueError,
        "margin of shape (2, 4) does not broadcast with quantity of shape (2, 3)",
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
    (
        lambda: first_breach(TABLE, 1, [[2.0], [1.0, 2.0]], 3.0, **PLAIN),
        ValueError,
        "entry must be a number or an array of numbers, got a ragged sequence",
    ),
    (
        lambda: first_breach(TABLE, 1, 2.0, 3.0, fee="x", **PLAIN),
        TypeError,
        "fee must be a number or an array of numbers, got 'x'",
    ),
    (
        lambda: first_breach(SIX, 1, 2.0, 3.0, contract=ETHUSD, maintenance=None),
        TypeError,
        "maintenance must be a number or an array of numbers, got None",
    ),
    (lambda: first_breach(SIX, 1, 2.0, 3.0, axis=None, **PLAIN), TypeError, "axis must be an integer, got NoneType"),
    (lambda: first_breach(TABLE, 1, 2.0, 3.0, out=[0, 0, 0], **PLAIN), TypeError, "out must be an array, got list"),
    (lambda: first_breach(TABLE, 1, 2.0, 3.0, axis=0.0, **PLAIN), TypeError, "axis must be an integer, got float"),
    (
        lambda: first_breach(TABLE, 1, 2.0, 3.0, out=np.empty(3, dtype=bool), **PLAIN),
        TypeError,
        "out must be an array that takes int64, got dtype bool",
    ),
]


test_wrong_calls_say_what_is_wrong = refused(WRONG_CALLS)
