"""Streams: one bar at a time, the same bits as the batch."""

import copy
import inspect
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listed import ETHUSD, XBTUSD
from oracle import assert_same_bits
from oracle.funding import payments as funding_oracle
from oracle.leverage import nav as leverage_oracle
from oracle.liquidation import position as liquidation_oracle

import shortgamma as sg
from shortgamma.contracts import Contract

prices = st.lists(
    st.floats(1.0, 1000.0) | st.sampled_from([0.0, -1.0, math.nan, math.inf, 1e-300, 1e300]), min_size=1, max_size=30
)
products = st.fixed_dictionaries(
    {
        "leverage": st.floats(-4.0, 4.0),
        "financing": st.floats(-0.01, 0.01),
        "expense": st.floats(0.0, 0.01),
        "periods_per_year": st.just(1.0),
        "cost": st.floats(0.0, 0.1),
        "initial": st.floats(0.01, 1000.0),
    }
)
hostile = st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, -1.0, 5e-324, 1e-300, 1e300])
numbers = st.floats(-1e6, 1e6) | hostile
contracts = st.sampled_from([ETHUSD, XBTUSD, Contract("linear", 0.1)])


def copies(stream):
    """What a stream turns into on its way through pickle and copy."""
    pickled = [pickle.loads(pickle.dumps(stream, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    return [*pickled, copy.copy(stream), copy.deepcopy(stream)]


def look(stream, names):
    """The attributes by which a user tells one stream from another; all NaN are one."""
    return [repr(getattr(stream, name)) for name in names]


STATES = {
    "LeverageNav": [
        "leverage",
        "financing",
        "expense",
        "cost",
        "initial",
        "periods_per_year",
        "value",
        "exposure",
        "initialized",
    ],
    "FundingAccrual": ["contract", "value", "initialized"],
    "Account": [
        "contracts",
        "coins",
        "maintenance",
        "fee",
        "haircut",
        "value",
        "quantity",
        "entry",
        "balance",
        "equity",
        "maintenance_margin",
        "margin_ratio",
        "initialized",
    ],
    "Token": [
        "rule",
        "initial",
        "stamp",
        "periods_per_year",
        "value",
        "exposure",
        "leverage",
        "rebalances",
        "bars",
        "wiped_out",
        "initialized",
    ],
    "LiquidationWatch": [
        "quantity",
        "entry",
        "margin",
        "contract",
        "maintenance",
        "fee",
        "price",
        "value",
        "initialized",
    ],
}


ACCOUNT = {"contracts": [XBTUSD, ETHUSD], "maintenance": 0.01, "fee": 1e-3}
RULE = sg.leverage.TokenRule(3.0, upper=3.1, expense=0.01)


def examples():
    """One stream of each class, amid its path."""
    token = sg.stream.LeverageNav(-2.0, periods_per_year=1, financing=1e-4, expense=1e-5, cost=1e-3, initial=7.0)
    account = sg.stream.FundingAccrual(XBTUSD)
    watch = sg.stream.LiquidationWatch(3.0, 200.0, 1e-4, contract=ETHUSD, maintenance=0.01, fee=1e-3)
    ruled = sg.stream.Token(RULE, initial=7.0, periods_per_year=365)
    book = sg.stream.Account([100.0, -20.0], [8_000.0, 200.0], [0.3], **ACCOUNT)
    for mark in (200.0, 190.0):
        token.update(mark, mark > 195.0)
        ruled.update(mark)
        book.update([40.0 * mark, mark], funding=[1e-4, 1e-3])
        account.update(-8_000.0, mark, 1e-3)
        watch.update(mark)
    return {type(stream).__name__: stream for stream in (token, account, watch, ruled, book)}


class TestLeverageNav:
    @given(path=prices, product=products, data=st.data())
    def test_same_bits_as_the_batch(self, path, product, data):
        schedule = data.draw(st.lists(st.booleans(), min_size=len(path), max_size=len(path)))
        token = sg.stream.LeverageNav(**product)
        with np.errstate(all="ignore"):
            batch = sg.leverage.nav(path, schedule=schedule, **product)
        assert_same_bits([token.update(*bar) for bar in zip(path, schedule, strict=True)], batch)
        token.reset()
        assert not token.initialized
        with np.errstate(all="ignore"):
            steady = sg.leverage.nav(path, **product)
        assert_same_bits([token.update(price) for price in path], steady)

    @given(path=st.lists(st.floats(1.0, 1000.0), min_size=1, max_size=20), product=products, data=st.data())
    def test_same_bits_as_the_twin(self, path, product, data):
        bars = len(path)
        schedule = data.draw(st.lists(st.booleans(), min_size=bars, max_size=bars))
        token = sg.stream.LeverageNav(**product)
        actual = [token.update(*bar) for bar in zip(path, schedule, strict=True)]
        carry = [product["financing"]] * bars, [product["expense"]] * bars
        terms = (product["leverage"], schedule, *carry, product["cost"], product["initial"])
        assert_same_bits(actual, leverage_oracle.path(path, *terms))

    @given(path=prices, product=products, data=st.data())
    def test_a_copy_amid_any_path_goes_on(self, path, product, data):
        bars = len(path)
        schedule = data.draw(st.lists(st.booleans(), min_size=bars, max_size=bars))
        events = list(zip(path, schedule, strict=True))
        at = data.draw(st.integers(0, bars))
        token = sg.stream.LeverageNav(**product)
        for event in events[:at]:
            token.update(*event)
        others = copies(token)
        names = STATES["LeverageNav"]
        rest = [token.update(*event) for event in events[at:]]
        for other in others:
            assert_same_bits([other.update(*event) for event in events[at:]], rest)
            assert look(other, names) == look(token, names)

    def test_wiped_out_stays_so(self):
        token = sg.stream.LeverageNav(3.0)
        seen = [token.update(price) for price in (100.0, 101.0, 60.0, 90.0, 500.0)]
        assert seen[1] > 0.0
        assert seen[2:] == [0.0] * 3
        assert token.exposure == 0.0
        assert math.isnan(token.update(math.nan))
        assert math.isnan(token.update(90.0))

    def test_what_is_no_price_ends_it_without_an_exception(self):
        # one bar at a time there is no array to flag: the number says it
        for price in (math.nan, math.inf, 0.0, -1.0):
            with np.errstate(all="raise"):
                token = sg.stream.LeverageNav(2.0)
                assert math.isnan(token.update(price))
                token.reset()
                assert token.update(100.0) == 1.0
                assert math.isnan(token.update(price))
                assert math.isnan(token.update(100.0))

    def test_whole_numbers_do(self):
        token = sg.stream.LeverageNav(3, initial=100)
        assert token.update(100) == 100.0
        assert token.update(np.float32(105)) == pytest.approx(115.0, rel=1e-15)

    @pytest.mark.parametrize("name", ["leverage", "financing", "expense", "cost", "initial"])
    def test_a_term_that_is_nan_makes_nan(self, name):
        token = sg.stream.LeverageNav(**{"leverage": 2.0, "cost": 1e-3, "periods_per_year": 252, name: math.nan})
        token.update(100.0)
        assert math.isnan(token.update(101.0))
        assert math.isnan(token.update(102.0))

    def test_a_copy_goes_on_where_it_was(self):
        path = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.05, 40)))
        token = sg.stream.LeverageNav(3.0, cost=1e-3, financing=0.02, periods_per_year=252)
        for price in path[:20]:
            token.update(price, False)
        others = copies(token)
        rest = [token.update(price) for price in path[20:]]
        for other in others:
            assert_same_bits([other.update(price) for price in path[20:]], rest)

    def test_state(self):
        token = sg.stream.LeverageNav(2.0, initial=50.0)
        assert math.isnan(token.value)
        token.update(10.0)
        assert (token.value, token.exposure, token.initialized) == (50.0, 100.0, True)
        with pytest.raises(AttributeError):
            token.value = 3.0

    @pytest.mark.parametrize(
        ("keywords", "message"),
        [
            ({"expense": -0.1}, "expense must be >= 0, got -0.1"),
            ({"leverage": math.inf}, "leverage must be finite, got inf"),
            ({"initial": math.inf}, "initial must be > 0 and finite, got inf"),
            ({"periods_per_year": 0}, "periods_per_year must be > 0, got 0.0"),
            (
                {"financing": 0.02},
                "financing is a rate a year: give periods_per_year= (252 for trading days, 365 for days, 8760 for "
                "hours)",
            ),
            ({"cost": -0.1}, "cost must be >= 0, got -0.1"),
            ({"cost": 0.5}, "cost * abs(leverage) must be less than 1, got 1.5"),
            ({"initial": 0.0}, "initial must be > 0 and finite, got 0.0"),
            ({"initial": -5.0}, "initial must be > 0 and finite, got -5.0"),
            ({"expense": -math.inf}, "expense must be >= 0, got -inf"),
            ({"cost": math.inf}, "cost * abs(leverage) must be less than 1, got inf"),
        ],
    )
    def test_wrong_products(self, keywords, message):
        with pytest.raises(ValueError, match=r"must be|a rate a year") as caught:
            sg.stream.LeverageNav(**{"leverage": -3.0, **keywords})
        assert str(caught.value) == message


class TestFundingAccrual:
    @pytest.mark.parametrize("contract", [ETHUSD, XBTUSD, Contract("linear", 0.1)])
    def test_same_bits_as_the_batch(self, contract):
        random = np.random.default_rng(2)
        position, mark, rate = random.normal(0, 1e4, 99), random.uniform(100, 400, 99), random.normal(0, 1e-3, 99)
        mark[50] = math.nan
        account = sg.stream.FundingAccrual(contract)
        cash = [account.update(*event) for event in zip(position, mark, rate, strict=True)]
        assert_same_bits(cash, sg.funding.accrue(position, mark, rate, contract=contract))
        assert math.isnan(account.value)

    @given(events=st.lists(st.tuples(numbers, numbers, numbers), max_size=20), contract=contracts, data=st.data())
    def test_hostile_events(self, events, contract, data):
        account = sg.stream.FundingAccrual(contract)
        at, paid, others = data.draw(st.integers(0, len(events))), [], []
        for i, event in enumerate(events):
            if i == at:
                others = copies(account)
            cash = account.update(*event)
            with np.errstate(all="ignore"):
                assert_same_bits(cash, sg.funding.accrue(*event, contract=contract))
            paid.append(cash)
            if all(map(math.isfinite, paid)) and sum(map(abs, paid)) < 1e300:
                exact = float(sum(map(Fraction, paid), Fraction(0)))
                largest = max(map(abs, paid))
                assert abs(account.value - exact) <= 2**-52 * abs(exact) + 2**-100 * largest * len(paid) ** 2
        for other in others:
            for event in events[at:]:
                other.update(*event)
            assert look(other, STATES["FundingAccrual"]) == look(account, STATES["FundingAccrual"])

    @given(position=st.floats(-1e6, 1e6), mark=st.floats(0.01, 1e6), rate=st.floats(-0.01, 0.01), contract=contracts)
    def test_same_bits_as_the_twin(self, position, mark, rate, contract):
        cash = sg.stream.FundingAccrual(contract).update(position, mark, rate)
        assert_same_bits(cash, funding_oracle.payment(contract.kind, contract.multiplier, position, mark, rate))

    def test_the_sum_is_kept_and_copied(self):
        account = sg.stream.FundingAccrual(XBTUSD)
        # -8,000 USD at 8,000 is a short of 1 XBT
        assert account.update(-8_000.0, 8_000.0, 0.25) == 0.25
        for other in (account, *copies(account)):
            assert other.update(-8_000.0, 8_000.0, 0.5) == 0.5
            assert other.value == 0.75
            assert other.contract == XBTUSD
        account.reset()
        assert (account.value, account.initialized) == (0.0, False)

    @given(
        start=st.integers(-50, 50),
        fills=st.lists(st.tuples(st.integers(-50, 50), st.floats(50.0, 400.0)), max_size=8),
        margin=st.floats(1.0, 1e4),
    )
    def test_fills_and_transfers(self, start, fills, margin):
        # equity at any mark is what came in plus the profit of every fill
        for contract in (Contract("linear"), Contract("inverse", 100.0)):
            watch = sg.stream.LiquidationWatch(start, 200.0, margin, contract=contract, maintenance=0.01)
            expected = margin + contract.pnl(start, 200.0, 300.0)
            for quantity, price in fills:
                watch.fill(quantity, price)
                expected += contract.pnl(quantity, price, 300.0)
            watch.transfer(5.0)
            equity = watch.margin + contract.pnl(watch.quantity, watch.entry, 300.0)
            assert equity == pytest.approx(expected + 5.0, rel=1e-9, abs=1e-6)
            assert watch.quantity == start + sum(quantity for quantity, _ in fills)
            terms = {"contract": contract, "maintenance": 0.01}
            assert_same_bits(
                watch.price, float(sg.liquidation.liquidation_price(watch.quantity, watch.entry, watch.margin, **terms))
            )

    def test_wrong_fills(self):
        watch = sg.stream.LiquidationWatch(1.0, 2.0, 3.0, contract=Contract("linear"), maintenance=0.0)
        with pytest.raises(ValueError, match=r"price must be a finite number > 0, got -1\.0"):
            watch.fill(1.0, -1.0)
        with pytest.raises(ValueError, match="quantity must be finite, got inf"):
            watch.fill(math.inf, 1.0)

    def test_wrong_contract(self):
        with pytest.raises(TypeError, match=r"^contract must be a Contract, got int$"):
            sg.stream.FundingAccrual(3)


class TestLiquidationWatch:
    @given(path=prices, quantity=st.floats(-1000.0, 1000.0), margin=st.floats(-1.0, 20.0), data=st.data())
    def test_same_bar_as_the_batch(self, path, quantity, margin, data):
        contract = data.draw(st.sampled_from([ETHUSD, XBTUSD, Contract("linear", 0.1)]))
        keywords = {"contract": contract, "maintenance": 0.02, "fee": 0.001}
        scale = float(contract.value(1000.0, 200.0)) / 10.0
        watch = sg.stream.LiquidationWatch(quantity, 200.0, margin * scale, **keywords)
        with np.errstate(all="ignore"):
            bar = int(sg.liquidation.first_breach(path, quantity, 200.0, margin * scale, **keywords))
            limit = float(sg.liquidation.liquidation_price(quantity, 200.0, margin * scale, **keywords))
        seen = [watch.update(mark) for mark in path]
        assert seen == [bar <= t for t in range(len(path))]
        assert_same_bits(watch.price, limit)

    @given(
        quantity=st.floats(1.0, 1e4) | st.floats(-1e4, -1.0),
        share=st.just(0.0) | st.floats(1e-9, 1.5) | st.floats(-0.5, -1e-9),
        contract=contracts,
        steps=st.lists(st.integers(-3, 3), min_size=1, max_size=8),
    )
    def test_decided_as_in_exact_arithmetic(self, quantity, share, contract, steps):
        margin = share * abs(float(contract.value(quantity, 200.0)))
        watch = sg.stream.LiquidationWatch(quantity, 200.0, margin, contract=contract, maintenance=0.02, fee=1e-3)
        limit = watch.price if 0.0 < watch.price < math.inf else 200.0
        marks = [limit + step * math.ulp(limit) for step in steps]
        terms = (quantity, 200.0, margin, 0.02, 1e-3)
        bar = liquidation_oracle.first_breach(contract.kind, contract.multiplier, marks, *terms)
        assert [watch.update(mark) for mark in marks] == [bar <= t for t in range(len(marks))]

    @given(path=prices, quantity=st.floats(-1000.0, 1000.0), margin=st.floats(-0.1, 2.0), data=st.data())
    def test_a_copy_amid_any_path_goes_on(self, path, quantity, margin, data):
        watch = sg.stream.LiquidationWatch(quantity, 200.0, margin, contract=ETHUSD, maintenance=0.02)
        at = data.draw(st.integers(0, len(path)))
        for mark in path[:at]:
            watch.update(mark)
        others = copies(watch)
        rest = [watch.update(mark) for mark in path[at:]]
        for other in others:
            assert [other.update(mark) for mark in path[at:]] == rest
            assert look(other, STATES["LiquidationWatch"]) == look(watch, STATES["LiquidationWatch"])

    def test_what_is_no_mark_tells_nothing(self):
        watch = sg.stream.LiquidationWatch(1.0, 100.0, 10.0, contract=Contract("linear"), maintenance=0.0)
        with np.errstate(all="raise"):
            assert [watch.update(mark) for mark in (math.nan, 0.0, -5.0, math.inf, -math.inf)] == [False] * 5
        assert watch.initialized
        assert watch.update(89.0)

    def test_without_a_position_only_debt_is_a_breach(self):
        for margin in (0.0, 1.0, -1e-9):
            watch = sg.stream.LiquidationWatch(0.0, 100.0, margin, contract=ETHUSD, maintenance=0.1)
            assert math.isnan(watch.price)
            assert watch.update(math.nan) is False
            assert watch.update(100.0) is (margin < 0.0)

    def test_a_copy_knows_what_happened(self):
        watch = sg.stream.LiquidationWatch(-100.0, 200.0, 0.01, contract=ETHUSD, maintenance=0.0)
        for other in copies(watch):
            assert not other.value
            assert other.price == watch.price
            assert other.update(301.0)
        watch.update(301.0)
        for other in copies(watch):
            assert other.value
            assert other.initialized
        watch.reset()
        assert not watch.value

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"quantity": math.inf}, "quantity must be finite, got inf"),
            ({"margin": math.nan}, "margin must be finite, got nan"),
            ({"entry": 0.0}, "entry must be a finite number > 0, got 0.0"),
            ({"maintenance": -0.1}, "maintenance must be >= 0, got -0.1"),
            ({"fee": math.nan}, "fee must be >= 0, got nan"),
            ({"fee": 0.9}, "maintenance + fee must be less than 1, got 1.1"),
            ({"quantity": math.nan}, "quantity must be finite, got nan"),
            ({"margin": -math.inf}, "margin must be finite, got -inf"),
            ({"entry": -2.0}, "entry must be a finite number > 0, got -2.0"),
            ({"entry": math.nan}, "entry must be a finite number > 0, got nan"),
            ({"entry": math.inf}, "entry must be a finite number > 0, got inf"),
            ({"maintenance": math.nan}, "maintenance must be >= 0, got nan"),
            ({"maintenance": 1.0}, "maintenance + fee must be less than 1, got 1.0"),
            ({"fee": -1e-9}, "fee must be >= 0, got -1e-09"),
        ],
    )
    def test_wrong_positions(self, values, message):
        arguments = {"quantity": 1.0, "entry": 100.0, "margin": 5.0, "maintenance": 0.2, "fee": 0.0, **values}
        with pytest.raises(ValueError, match="must be") as caught:
            sg.stream.LiquidationWatch(contract=ETHUSD, **arguments)
        assert str(caught.value) == message

    def test_wrong_contract(self):
        with pytest.raises(TypeError, match=r"^contract must be a Contract, got NoneType$"):
            sg.stream.LiquidationWatch(1.0, 2.0, 3.0, contract=None, maintenance=0.0)


@pytest.mark.parametrize("name", sg.stream.__all__)
def test_every_stream_has_a_docstring_with_an_example(name):
    text = inspect.getdoc(getattr(sg.stream, name))
    for part in ("Parameters", "Attributes", "Raises", "See Also", "Examples", ">>> "):
        assert part in text


@pytest.mark.parametrize("name", sg.stream.__all__)
def test_attributes_are_read_only(name):
    stream = examples()[name]
    for attribute in STATES[name]:
        before = getattr(stream, attribute)
        with pytest.raises(AttributeError):
            setattr(stream, attribute, before)
        with pytest.raises(AttributeError):
            delattr(stream, attribute)
    with pytest.raises(AttributeError):
        stream.note = "mine"
    public = {attribute for attribute in dir(stream) if not attribute.startswith("_")}
    changes = {"LiquidationWatch": {"fill", "transfer"}, "Account": {"fill", "transfer", "pay"}}.get(name, set())
    assert public == {*STATES[name], "reset", "update", *changes}


@pytest.mark.parametrize("name", sg.stream.__all__)
def test_copies_are_of_their_own(name):
    stream = examples()[name]
    before = look(stream, STATES[name])
    for other in copies(stream):
        assert type(other) is type(stream)
        assert look(other, STATES[name]) == before
        other.reset()
        assert not other.initialized
        assert look(stream, STATES[name]) == before


@pytest.mark.parametrize("name", sg.stream.__all__)
def test_reset_is_a_new_start(name):
    stream = examples()[name]
    terms = {
        "LeverageNav": lambda: sg.stream.LeverageNav(
            -2.0, periods_per_year=1, financing=1e-4, expense=1e-5, cost=1e-3, initial=7.0
        ),
        "FundingAccrual": lambda: sg.stream.FundingAccrual(XBTUSD),
        "LiquidationWatch": lambda: sg.stream.LiquidationWatch(
            3.0, 200.0, 1e-4, contract=ETHUSD, maintenance=0.01, fee=1e-3
        ),
        "Account": lambda: sg.stream.Account([100.0, -20.0], [8_000.0, 200.0], [0.3], **ACCOUNT),
        "Token": lambda: sg.stream.Token(RULE, initial=7.0, periods_per_year=365),
    }
    stream.reset()
    assert look(stream, STATES[name]) == look(terms[name](), STATES[name])
    assert not stream.initialized


WRONG_TYPES = [
    (lambda: sg.stream.LeverageNav("3x"), "leverage must be a number, got '3x'"),
    (lambda: sg.stream.LeverageNav(None), "leverage must be a number, got None"),
    (lambda: sg.stream.LeverageNav(3.0, cost="low"), "cost must be a number, got 'low'"),
    (lambda: sg.stream.LeverageNav(3.0).update("up"), "price must be a number, got 'up'"),
    (lambda: sg.stream.FundingAccrual(1.0), "contract must be a Contract, got float"),
    (lambda: sg.stream.FundingAccrual(XBTUSD).update(1.0, 2.0, None), "rate must be a number, got None"),
    (
        lambda: sg.stream.LiquidationWatch("1", 2.0, 3.0, contract=ETHUSD, maintenance=0.0),
        "quantity must be a number, got '1'",
    ),
    (
        lambda: sg.stream.LiquidationWatch(1.0, 2.0, 3.0, contract=3, maintenance=0.0),
        "contract must be a Contract, got int",
    ),
    (
        lambda: sg.stream.LiquidationWatch(1.0, 2.0, 3.0, contract=ETHUSD, maintenance=0.0).update([1.0]),
        "mark must be one number, got an array of shape (1,)",
    ),
    (lambda: sg.stream.LeverageNav(3.0).update(1.0, 2), "rebalance must be True or False, got 2"),
    (lambda: sg.stream.LeverageNav(3.0).update(np.timedelta64(5, "D")), "price must be a number, got timedelta64"),
    (lambda: sg.stream.LeverageNav(3.0).update(np.array("100")), "price must be a number, got ndarray"),
]


@pytest.mark.parametrize(("call", "message"), WRONG_TYPES)
def test_wrong_types(call, message):
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == message


def test_a_failed_update_changes_nothing():
    for name, stream in examples().items():
        before = look(stream, STATES[name])
        with pytest.raises(TypeError):
            stream.update(*["x"] * (3 if name == "FundingAccrual" else 1))
        assert look(stream, STATES[name]) == before


@pytest.mark.parametrize("name", sg.stream.__all__)
def test_subclasses_and_what_they_hold_are_kept(name):
    stream = examples()[name]
    kind = type(name, (type(stream),), {"__module__": __name__})
    other = kind.__new__(kind)
    other.__setstate__((*stream.__getstate__()[:-1], {"note": ["mine"]}))
    globals()[name], kind.__qualname__ = kind, name
    try:
        for each in copies(other):
            assert type(each) is kind
            assert each.note == ["mine"]
            assert look(each, STATES[name]) == look(stream, STATES[name])
    finally:
        del globals()[name]


@pytest.mark.parametrize("name", sg.stream.__all__)
def test_without_init(name):
    kind = getattr(sg.stream, name)
    with pytest.raises(TypeError, match=rf"^{name} was not initialised: it begins with {name}\("):
        kind.__new__(kind).update(*[1.0] * (3 if name == "FundingAccrual" else 1))
