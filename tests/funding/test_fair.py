"""Fair prices and premiums of perpetual swaps against exact roots of their equations."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from oracle.funding import fair as oracle

import shortgamma as sg

fair_premium, fair_price = sg.funding.fair_premium, sg.funding.fair_price
drifts = st.floats(-2.0, 2.0)


@given(
    index=st.floats(1e-3, 1e6), speed=st.floats(5.0, 9000.0), drift=drifts, interest=st.floats(-1.0, 1.0),
    kind=st.sampled_from(["linear", "inverse"]),
)  # fmt: skip
def test_price_is_the_root(index, speed, drift, interest, kind):
    exact = oracle.fair_price(index, speed, drift, interest, kind == "inverse")
    ours = fair_price(index, kind, premium_speed=speed, rate=drift, interest=interest)
    assert ours == pytest.approx(float(exact), rel=1e-15)


@given(
    drift=drifts, hours=st.sampled_from([1, 8]), interest=st.floats(-0.0003, 0.0003), clamp=st.floats(0.0, 0.001),
    paid_on=st.sampled_from(["index", "mark"]),
)  # fmt: skip
def test_premium_is_the_root(drift, hours, interest, clamp, paid_on):
    count = 8760 // hours
    # on the index a drift of next to nothing leaves all of the band
    assume(abs(drift) > 1e-3)
    exact = oracle.fair_premium(drift, count, interest, clamp, paid_on == "mark")
    ours = fair_premium(drift, f"{hours}h", paid_on=paid_on, interest=interest, clamp=clamp)
    short = count * oracle.rate(Fraction(float(ours)), Fraction(interest), Fraction(clamp))
    owed = Fraction(drift) * (1 if paid_on == "mark" else 1 + Fraction(float(ours)))
    assert float(abs(short - owed)) <= 1e-12 * (1.0 + abs(drift))
    if clamp == 0.0:
        assert ours == pytest.approx(float(exact), abs=1e-15, rel=1e-11)


def test_premium_on_the_mark_by_hand():
    # 59.4 % a year in 1095 intervals, 0.05 % beyond the band
    assert fair_premium(0.594, paid_on="mark") == pytest.approx(0.594 / 1095 + 0.0005, rel=1e-14)
    assert fair_premium(-0.594, paid_on="mark") == pytest.approx(-0.594 / 1095 - 0.0005, rel=1e-14)
    # what the band pays anyway: its middle
    assert fair_premium(1095 * 0.0001, paid_on="mark") == 0.0001
    # on the index the payment is on less than the mark: the premium is a little more
    assert fair_premium(0.594, paid_on="index") > fair_premium(0.594, paid_on="mark")


@pytest.mark.parametrize("paid_on", ["index", "mark"])
def test_nan_makes_nan_quietly(paid_on):
    with np.errstate(all="raise"):
        assert math.isnan(fair_premium(math.nan, paid_on=paid_on))
        assert math.isnan(fair_premium(0.1, paid_on=paid_on, clamp=math.nan))
        assert math.isnan(fair_premium(0.5, paid_on=paid_on, interest=math.nan))
        for name in ("premium_speed", "rate", "interest"):
            terms = {"premium_speed": 20.0, "rate": 0.05, "interest": 0.1, name: math.nan}
            assert math.isnan(fair_price(100.0, "linear", **terms))


def test_no_answer_sets_the_invalid_flag():
    for call in (
        lambda: fair_premium(2000.0, paid_on="index"),
        lambda: fair_premium(0.1, paid_on="mark", clamp=-0.1),
        lambda: fair_price(100.0, "linear", premium_speed=0.01, rate=0.05),
        lambda: fair_price(-100.0, "linear", premium_speed=20.0, rate=0.05),
    ):
        with pytest.warns(RuntimeWarning, match="invalid"):
            assert math.isnan(call())


def test_labels_are_kept():
    pandas = pytest.importorskip("pandas")
    drift = pandas.Series([0.1, 0.5], index=["BTC", "ETH"])
    premium = fair_premium(drift, paid_on="mark")
    assert list(premium.index) == ["BTC", "ETH"]
    assert premium["ETH"] == fair_premium(0.5, paid_on="mark")
