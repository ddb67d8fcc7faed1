"""Parts of the basis that add up to it."""

import csv

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shortgamma as sg


@pytest.fixture(scope="module")
def panel(reference):
    with (reference / "carry" / "panel_input.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    venues, days = sorted({row["exchange"] for row in rows}), sorted({row["date"] for row in rows})
    y, x = np.full((2, len(days), len(venues)), np.nan)
    for row in rows:
        place = days.index(row["date"]), venues.index(row["exchange"])
        y[place], x[place] = float(row["carry"]), float(row["rdiff"])
    return y, x


def test_computed_shares(panel):
    shares = sg.carry.decompose(*panel).shares
    expected = {
        "rate": 0.01601731499359419,
        "convenience": 0.9537152151584181,
        "venue": 0.0030607199431209177,
        "residual": 0.02720674990486685,
    }
    assert shares == pytest.approx(expected, rel=1e-12)
    found = sg.carry.explained_share(*panel)
    assert found == pytest.approx((0.023727100133298186, 1.4813406705672811, 0.021221914646388118), rel=1e-12)


def test_rates_explain_next_to_nothing(market):
    """The three-month carry of CME on the three-month Treasury bill, 2019-04 to 2022-01."""
    folder = market / "carry"
    with (folder / "cme_btc" / "cme_btc_basis_derived.csv").open(newline="", encoding="utf-8") as file:
        carry = {row["date"]: float(row["b_sync_3m"]) for row in csv.DictReader(file) if row["b_sync_3m"]}
    with (folder / "rates" / "DGS3MO.csv").open(newline="", encoding="utf-8") as file:
        rates = {row[0]: float(row[1]) / 100.0 if row[1] else np.nan for row in list(csv.reader(file))[1:]}
    days = [day for day in sorted(carry) if "2019-04-01" <= day <= "2022-01-31"]
    # a holiday has the rate of the day before
    held, last = [], np.nan
    for day in days:
        last = rates[day] if np.isfinite(rates.get(day, np.nan)) else last
        held.append(last)
    found = sg.carry.explained_share([carry[day] for day in days], held)
    assert len(days) == 741
    assert found.r2 == pytest.approx(0.006966472440319786, rel=1e-10)
    assert found.slope == pytest.approx(-0.5399763923430704, rel=1e-10)


@given(seed=st.integers(0, 2**32 - 1), missing=st.floats(0.0, 0.6))
def test_parts_add_up(seed, missing):
    random = np.random.default_rng(seed)
    basis = 0.1 + 0.2 * random.standard_normal((12, 4))
    rate, foreign = 0.05 * random.standard_normal(12), 0.05 * random.standard_normal((12, 4))
    basis[random.random((12, 4)) < missing] = np.nan
    parts = sg.carry.decompose(basis, rate, foreign)
    total = sum(parts[:4])
    np.testing.assert_array_equal(np.isnan(total), np.isnan(basis))
    np.testing.assert_allclose(total, basis, atol=1e-15)
    if np.isfinite(basis).sum() > 1:
        assert sum(parts.shares.values()) == pytest.approx(1.0, abs=1e-10)


@pytest.mark.filterwarnings("error")
def test_a_venue_that_is_missing():
    basis = np.array([[0.1, np.nan, 0.2], [0.3, np.nan, 0.5]])
    parts = sg.carry.decompose(basis, 0.0)
    assert np.isnan(parts.venue[:, 1]).all()
    np.testing.assert_allclose(parts.convenience[:, 0], [0.15, 0.4])
    np.testing.assert_allclose(parts.venue[0, [0, 2]], [-0.075, 0.075])
    empty = sg.carry.decompose(np.full((2, 2), np.nan), 0.0)
    assert np.isnan(empty.shares["rate"])


def test_wrong_shapes():
    with pytest.raises(ValueError, match="basis must have two dimensions"):
        sg.carry.decompose([0.1, 0.2], 0.0)
    with pytest.raises(ValueError, match="rate has length 3 along the time axis, basis has 2"):
        sg.carry.decompose(np.ones((2, 3)), [0.1, 0.1, 0.1])
    with pytest.raises(ValueError, match="foreign_rate has shape"):
        sg.carry.decompose(np.ones((2, 3)), 0.1, np.ones((2, 1, 1)))


@pytest.mark.filterwarnings("error")
def test_explained_share_of_nothing():
    assert np.isnan(sg.carry.explained_share([0.1], [0.1])).all()
    assert np.isnan(sg.carry.explained_share([0.1, 0.2], [0.1, 0.1])).all()
