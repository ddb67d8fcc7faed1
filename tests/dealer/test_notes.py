"""Knock-in notes: reference rows computed with mpmath, and books of them."""

import csv
from pathlib import Path

import numpy as np
import pytest

import shortgamma as sg

DATA = Path(__file__).parents[1] / "data" / "dealer_knock_in_release.csv"
MARKET = {"rate": 0.04, "dividend": 0.0025}


def rows():
    with DATA.open() as file:
        return [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]


@pytest.mark.parametrize("row", rows(), ids=lambda row: f"vol {row['vol']} T {row['expiry']}")
def test_reference_rows(row):
    terms = {name: row[name] for name in ("vol", "expiry", "rate", "dividend")}
    found = sg.dealer.knock_in_release(row["strike"], row["barrier"], **terms, units=3.0)
    assert found.above == pytest.approx(row["above"], rel=1e-13)
    assert found.below == pytest.approx(row["below"], rel=1e-13)
    assert found.released == pytest.approx(3.0 * row["released"], rel=2e-12)
    assert found.value == found.released * row["barrier"]
    late = sg.dealer.knock_in_release(row["strike"], row["barrier"], **terms, monitoring="expiry")
    assert late.above == pytest.approx(row["european"], rel=1e-13)
    assert late.released == 0.0


def test_the_note_of_the_study():
    """104 million dollars: 9.2 million at three months, 1.2 at a year."""
    units = 104e6 / 58.1
    assert units == pytest.approx(1790017.2117, abs=5e-5)
    found = sg.dealer.knock_in_release(58.1, 43.6, vol=0.6, expiry=[1.0, 0.25], units=units, **MARKET)
    assert found.released == pytest.approx([27616.677133477, 210732.41539455], rel=1e-11)
    assert found.value == pytest.approx([1204087.12302, 9187933.3112], rel=1e-11)


def test_watched_on_dates_nothing_is_released_between_them():
    terms = {"vol": 0.6, "expiry": 0.25, **MARKET}
    found = sg.dealer.knock_in_release(58.1, 43.6, **terms, monitoring=60)
    assert found.released == 0.0
    lower = sg.dealer.knock_in_release(58.1, 43.6, **terms).below
    assert found.above < lower
    put = sg.barrier.discrete_greeks(43.6, 58.1, 43.6, dates=60, kind="down-in", option="put", **terms)
    assert found.above == put.delta


def test_a_book_is_the_sum_of_its_notes():
    strike, barrier, units = np.array([58.1, 50.0, 60.0]), np.array([43.6, 40.0, 46.0]), np.array([1e3, 2e3, 5e2])
    terms = {"vol": 0.55, "expiry": np.array([0.1, 0.3, 0.05]), **MARKET}
    spots = np.array([62.0, 46.0, 45.9, 43.6, 41.0, 30.0])
    book = sg.dealer.note_book(spots, strike, barrier, units=units, **terms)
    assert book.barrier.tolist() == [46.0, 43.6, 40.0]
    for place, spot in enumerate(spots):
        total = 0.0
        for i in range(3):
            one = {name: value if np.ndim(value) == 0 else value[i] for name, value in terms.items()}
            if spot <= barrier[i]:
                delta = sg.vanilla.delta(spot, strike[i], option="put", **one)
            else:
                delta = sg.barrier.delta(spot, strike[i], barrier[i], kind="down-in", option="put", **one)
            total -= units[i] * float(delta)
        assert book.hedge[place] == pytest.approx(total, rel=1e-12)
    release = sg.dealer.knock_in_release(strike, barrier, units=units, **terms)
    assert book.released.tolist() == release.released[[2, 0, 1]].tolist()
    # what is held just above a barrier less what is held at it
    above, at = sg.dealer.note_book([46.0 * (1 + 1e-12), 46.0], strike, barrier, units=units, **terms).hedge
    assert above - at == pytest.approx(book.released[0], rel=1e-8)


def test_structural_mistakes():
    with pytest.raises(ValueError, match=r"barrier\[1\] must be at most the strike, got 60.0"):
        sg.dealer.knock_in_release(58.1, [43.6, 60.0], vol=0.6, expiry=1.0)
    with pytest.raises(ValueError, match="monitoring must be one of 'continuous', 'expiry', got 'daily'"):
        sg.dealer.knock_in_release(58.1, 43.6, vol=0.6, expiry=1.0, monitoring="daily")
    with pytest.raises(ValueError, match="notes must have one dimension"):
        sg.dealer.note_book([1.0], [[58.1]], 43.6, vol=0.6, expiry=1.0, units=1.0)
