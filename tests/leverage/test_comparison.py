"""A leveraged product against a multiple of its underlying: examples, and parts that add up."""

import math
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shortgamma as sg

compare, simulate, TokenRule = sg.leverage.compare, sg.leverage.simulate, sg.leverage.TokenRule

DAYS = np.arange("2020-01-01", "2020-12-31", dtype="datetime64[D]")


def market(seed, *shape, deviation=0.03):
    return 100.0 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0.0, deviation, (365, *shape)), axis=0))


@pytest.mark.parametrize(
    ("prices", "product", "multiple"),
    [
        # FTX FAQ: -5.45 % where the underlying is flat; 69 % against 63 %; -28.4 % against -30 %
        ([10, 11, 10], -5.45, 0.0),
        ([10, 11, 12.1], 69.0, 63.0),
        ([10, 9.5, 9], -28.4, -30.0),
    ],
)
def test_ftx_faq(prices, product, multiple):
    found = compare(1000.0 * np.array(prices), TokenRule(3.0, every=1))
    assert 100.0 * found.product == pytest.approx(product, abs=0.05)
    assert 100.0 * found.multiple == pytest.approx(multiple, abs=1e-12)
    assert found.ahead == (product > multiple)
    assert found.compounding == found.gap
    assert (found.cost_effect, found.fee_effect, found.financing_effect) == (0.0, 0.0, 0.0)


@given(seed=st.integers(0, 1000), leverage=st.sampled_from([-3.0, -1.0, 0.5, 1.0, 2.0, 3.0]))
def test_parts_add_up(seed, leverage):
    rule = TokenRule(leverage, every=1, cost=1e-3, slippage=1e-3, expense=0.01, spread=0.01, rebalance_fee=1e-5)
    keywords = {"financing": 0.04, "funding": 1e-5, "dividend": 0.01, "time": DAYS}
    found = compare(market(seed), rule, **keywords)
    parts = math.fsum([found.compounding, found.cost_effect, found.fee_effect, found.financing_effect])
    assert found.gap == pytest.approx(parts, rel=1e-12, abs=1e-13)
    assert found.product == simulate(market(seed), rule, record="summary", **keywords).nav - 1.0
    assert found.cost_effect <= 0.0
    assert found.fee_effect < 0.0


def test_each_part_is_its_own():
    price, rule = market(4), TokenRule(3.0, every=1)
    plain = compare(price, rule)
    parts = {
        "cost_effect": compare(price, rule.replace(cost=1e-3)),
        "fee_effect": compare(price, rule.replace(expense=0.01), time=DAYS),
        "financing_effect": compare(price, rule, financing=0.04, periods_per_year=365),
    }
    for name, found in parts.items():
        assert found.compounding == plain.compounding
        assert getattr(found, name) < 0.0
        assert sum(getattr(found, other) == 0.0 for other in parts) == 2


def test_leverage_1_has_no_gap():
    found = compare(market(5), TokenRule(1.0))
    assert found.gap == pytest.approx(0.0, abs=1e-12)


def test_compounding_is_that_of_the_theory():
    # Avellaneda and Zhang: rebalanced often enough, the path counts by its variance alone
    random = np.random.default_rng(6)
    price = np.exp(np.cumsum(np.concatenate([[0.0], random.normal(0.0, 0.3 / math.sqrt(100_000), 100_000)])))
    for leverage in (-2.0, 2.0, 3.0):
        found = compare(price, TokenRule(leverage, every=1))
        theory = sg.leverage.compounded_return(price[-1] - 1.0, leverage, found.realised_variance)
        assert found.product == pytest.approx(theory, abs=1e-3)
        assert found.realised_variance == pytest.approx(0.09, rel=0.02)


def test_many_paths():
    price = market(7, 5)
    rule = TokenRule(3.0, upper=4.0, cost=1e-3)
    whole = compare(price, rule)
    for i in range(5):
        for one, all_of_them in zip(compare(price[:, i], rule), whole, strict=True):
            assert all_of_them[i] == one


def test_extremes_are_passed_on():
    price = market(8)
    keywords = {"high": price * 1.1, "low": price * 0.9, "time": DAYS, "stamp": "close"}
    rule = sg.venues.ftx.token(3, watch="extremes")
    assert compare(price, rule, **keywords).product == simulate(price, rule, **keywords).nav[-1] - 1.0


WRONG_CALLS = [
    (lambda: compare([1.0, 2.0], 3.0), TypeError, "rule must be a TokenRule, got float"),
    (
        lambda: compare([1.0, 2.0], TokenRule(2.0, changes=[("2020-01-01", 1.5)])),
        ValueError,
        "the leverage of the rule changes: there is no one multiple to compare with",
    ),
    (
        lambda: compare([1.0, 2.0], TokenRule(2.0), record="full"),
        TypeError,
        "compare() got an unexpected keyword argument 'record': it is an argument of simulate",
    ),
    (lambda: compare(3.0, TokenRule(2.0)), ValueError, "price must have at least one dimension"),
]


@pytest.mark.parametrize(("call", "error", "message"), WRONG_CALLS, ids=[case[2] for case in WRONG_CALLS])
def test_wrong_calls_say_what_is_wrong(call, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}$"):
        call()
