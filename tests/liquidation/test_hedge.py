"""The hedge that keeps the risk of a quanto position constant, against its twin in fractions."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from listed import ETHUSD
from oracle.liquidation import hedge as oracle

import shortgamma as sg
from shortgamma.contracts import Contract

prices = st.lists(st.tuples(st.floats(10.0, 1e4), st.floats(1e2, 1e5)), min_size=1, max_size=30)


@given(path=prices, quantity=st.floats(1e-3, 1e6) | st.floats(-1e6, -1e-3), fee=st.sampled_from([0.0, 0.0005]))
def test_against_fractions(path, quantity, fee):
    mark, fx = (list(column) for column in zip(*path, strict=True))
    found = sg.liquidation.constant_risk_hedge(mark, fx, quantity, contract=ETHUSD, fee=fee)
    expected = np.array(oracle.hedge(mark, fx, quantity, ETHUSD.multiplier, fee), dtype=float).T
    scale = abs(quantity) * 1e-6 * max(mark) * max(fx)
    for field, column in zip(found, expected, strict=True):
        np.testing.assert_allclose(field, column, rtol=1e-13, atol=1e-13 * scale + 5e-324)


def test_the_residual_is_the_product_of_the_moves():
    # position and hedge together make q m dP dX on every bar
    random = np.random.default_rng(1)
    mark, fx = 200.0 * np.exp(np.cumsum(0.02 * random.standard_normal((2, 500, 20)), axis=1))
    fx *= 50.0
    quantity = random.normal(0.0, 100.0, 20)
    found = sg.liquidation.constant_risk_hedge(mark, fx, quantity, contract=ETHUSD)
    moves = np.diff(mark, axis=0) * np.diff(fx, axis=0)
    np.testing.assert_allclose((found.quanto + found.linear)[1:], quantity * 1e-6 * moves, rtol=1e-9, atol=1e-12)


def test_nothing_is_known_after_an_unknown_price():
    found = sg.liquidation.constant_risk_hedge([1.0, math.nan, 1.0], 2.0 * np.ones(3), 5.0, contract=ETHUSD)
    for field in found:
        assert np.isnan(field).tolist() == [False, True, True]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"contract": Contract("linear")}, ValueError, "contract must be quanto, got a linear one"),
        ({"mark": 1.0}, ValueError, "mark must have at least one dimension"),
        ({"mark": [1.0, 0.0]}, ValueError, r"mark\[1\] must be a finite number > 0, got 0.0"),
        ({"fee": -0.1}, ValueError, "fee must be finite and at least 0, got -0.1"),
        ({"fx": [1.0, 1.0, 1.0]}, ValueError, r"fx of shape \(3,\) does not broadcast with mark of shape \(2,\)"),
    ],
)
def test_wrong_calls(change, error, message):
    call = {"mark": [1.0, 2.0], "fx": [1.0, 2.0], "quantity": 1.0, "contract": ETHUSD} | change
    with pytest.raises(error, match=message):
        sg.liquidation.constant_risk_hedge(**call)
