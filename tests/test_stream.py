"""Streams: one bar at a time, the same bits as the batch."""

import copy
import inspect
import math
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from oracle import assert_same_bits

import shortgamma as sg
from shortgamma.contracts import ETHUSD, XBTUSD, Contract

prices = st.lists(
    st.floats(1.0, 1000.0) | st.sampled_from([0.0, -1.0, math.nan, math.inf, 1e-300, 1e300]), min_size=1, max_size=30
)
products = st.fixed_dictionaries(
    {
        "leverage": st.floats(-4.0, 4.0),
        "financing": st.floats(-0.01, 0.01),
        "fee": st.floats(0.0, 0.01),
        "cost": st.floats(0.0, 0.1),
        "initial": st.floats(0.01, 1000.0),
    }
)


def copies(stream):
    """What a stream turns into on its way through pickle and copy."""
    return [pickle.loads(pickle.dumps(stream)), copy.copy(stream), copy.deepcopy(stream)]


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

    def test_a_copy_goes_on_where_it_was(self):
        path = 100.0 * np.exp(np.cumsum(np.random.default_rng(1).normal(0.0, 0.05, 40)))
        token = sg.stream.LeverageNav(3.0, cost=1e-3, financing=1e-4)
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
            ({"fee": -0.1}, "fee must be >= 0, got -0.1"),
            ({"cost": -0.1}, "cost must be >= 0, got -0.1"),
            ({"cost": 0.5}, "cost * abs(leverage) must be less than 1, got 1.5"),
            ({"initial": 0.0}, "initial must be > 0, got 0.0"),
        ],
    )
    def test_wrong_products(self, keywords, message):
        with pytest.raises(ValueError, match="must be") as caught:
            sg.stream.LeverageNav(-3.0, **keywords)
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

    def test_wrong_contract(self):
        with pytest.raises(TypeError, match=r"^contract must be a Contract, got str$"):
            sg.stream.FundingAccrual("XBTUSD")


class TestLiquidationWatch:
    @given(path=prices, quantity=st.floats(-1000.0, 1000.0), margin=st.floats(-1.0, 20.0), data=st.data())
    def test_same_bar_as_the_batch(self, path, quantity, margin, data):
        contract = data.draw(st.sampled_from([ETHUSD, XBTUSD, Contract("linear", 0.1)]))
        keywords = {"contract": contract, "maintenance": 0.02, "fee": 0.001}
        scale = float(contract.value(1000.0, 200.0)) / 10.0
        watch = sg.stream.LiquidationWatch(quantity, 200.0, margin * scale, **keywords)
        with np.errstate(all="ignore"):
            bar = int(sg.liquidation.first_breach(path, quantity, 200.0, margin * scale, **keywords))
            limit = float(sg.liquidation.price(quantity, 200.0, margin * scale, **keywords))
        seen = [watch.update(mark) for mark in path]
        assert seen == [0 <= bar <= t for t in range(len(path))]
        assert_same_bits(watch.price, limit)

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
