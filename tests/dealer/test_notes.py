"""Knock-in notes: reference rows computed with mpmath, and books of them."""

import csv
from pathlib import Path

import numpy as np
import pytest
from mpmath import mp

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
    found = sg.dealer.knock_in_release(58.1, 43.6, vol=0.6, expiry=[1.0, 0.25, 0.1, 0.04], units=units, **MARKET)
    assert found.released[:2] == pytest.approx([27616.677133477, 210732.41539455], rel=1e-11)
    assert found.value[:2] == pytest.approx([1204087.12302, 9187933.3112], rel=1e-11)
    # the table of the page, its last two rows from the released units of the reference rows
    assert found.value[2:] == pytest.approx(
        [0.392735691755698 * units * 43.6, 1.07955580259625 * units * 43.6], rel=1e-11
    )
    page = (DATA.parents[2] / "docs" / "studies" / "february_2026.md").read_text()
    names = ("a year", "3 months", "5 weeks", "2 weeks")
    for name, above, below, released, value in zip(
        names, *(-found.above, -found.below), found.released, found.value, strict=True
    ):
        row = f"| {name} | {above:.3f} | {below:.3f} | {released / units:.3f} | {value / 1e6:.1f} million |"
        assert row in page
    last = sg.dealer.release_on_date(43.6, 58.1, 43.6, vol=0.6, expiry=0.0, dates=[], lead=1 / 365, **MARKET)
    assert round(-float(last.above), 1) == 4.7


def test_watched_on_dates_nothing_is_released_between_them():
    terms = {"vol": 0.6, "expiry": 0.25, **MARKET}
    found = sg.dealer.knock_in_release(58.1, 43.6, **terms, dates=60)
    assert found.released == 0.0
    lower = sg.dealer.knock_in_release(58.1, 43.6, **terms).below
    assert found.above < lower
    put = sg.barrier.discrete_greeks(43.6, 58.1, 43.6, dates=60, kind="down-in", option="put", **terms)
    assert found.above == put.delta


def test_the_last_date_alone_is_the_expiry():
    terms = {"vol": [0.3, 0.6], "expiry": 0.25, **MARKET}
    late = sg.dealer.knock_in_release(58.1, 43.6, **terms, monitoring="expiry")
    once = sg.dealer.knock_in_release(58.1, 43.6, **terms, dates=1)
    np.testing.assert_allclose(once.above, late.above, rtol=1e-12)
    listed = sg.dealer.knock_in_release(58.1, 43.6, **terms, dates=[0.25])
    np.testing.assert_array_equal(listed.above, once.above)
    dated = sg.dealer.knock_in_release(58.1, 43.6, **terms, dates=["2026-04-02T06:00"], now="2026-01-01")
    np.testing.assert_array_equal(dated.above, once.above)


def test_watched_more_and_more_often_is_watched_always():
    """Above the barrier; at it, the put watched on dates keeps a delta of its own."""
    terms = {"vol": 0.6, "expiry": 0.25, **MARKET}
    always = sg.barrier.delta(50.0, 58.1, 43.6, kind="down-in", option="put", **terms)
    gaps = [
        abs(float(sg.dealer.note_book([50.0], 58.1, 43.6, units=-1.0, dates=n, **terms).hedge[0]) - float(always))
        for n in (64, 256, 1024)
    ]
    # the gap closes with the root of the distance of dates
    assert 1.5 < gaps[0] / gaps[1] < 2.5
    assert 1.5 < gaps[1] / gaps[2] < 2.5


def test_a_book_watched_on_dates():
    strike, barrier, units = np.array([58.1, 50.0]), np.array([43.6, 40.0]), np.array([1e3, 2e3])
    terms = {"vol": 0.55, "expiry": 0.25, **MARKET}
    book = sg.dealer.note_book([52.0, 43.6, 38.0], strike, barrier, units=units, dates=[0.125, 0.25], **terms)
    assert book.barrier.tolist() == [43.6, 40.0]
    assert not book.released.any()
    assert not book.value.any()
    for place, spot in enumerate(book.spot):
        total = sum(
            -units[i]
            * float(
                sg.barrier.discrete_greeks(
                    spot, strike[i], barrier[i], dates=[0.125, 0.25], kind="down-in", option="put", **terms
                ).delta
            )
            for i in range(2)
        )
        assert book.hedge[place] == pytest.approx(total, rel=1e-12)


def test_release_on_the_last_date():
    """Before it the put is (B - S)+ and K - B in cash below B; after it a unit is held below the barrier, else none."""
    spots, lead, vol = np.array([35.0, 43.0, 43.6, 44.0, 55.0]), 1.0 / 365, 0.6
    found = sg.dealer.release_on_date(spots, 58.1, 43.6, vol=vol, expiry=0.0, dates=[], lead=lead, units=2.0, **MARKET)
    s = mp.mpf(vol) * mp.sqrt(mp.mpf(lead))
    for place, spot in enumerate(spots):
        d1 = (
            mp.log(mp.mpf(float(spot)) / mp.mpf(43.6)) + mp.mpf(MARKET["rate"] - MARKET["dividend"]) * lead
        ) / s + s / 2
        put = -mp.exp(-MARKET["dividend"] * mp.mpf(lead)) * mp.ncdf(-d1)
        cash = -(mp.mpf(58.1) - mp.mpf(43.6)) * mp.exp(-MARKET["rate"] * mp.mpf(lead)) * mp.npdf(d1 - s) / (spot * s)
        assert found.above[place] == pytest.approx(float(put + cash), rel=1e-11)
    assert found.below == pytest.approx([-1.0, -1.0, -1.0, 0.0, 0.0], abs=1e-15)
    np.testing.assert_allclose(found.released, 2.0 * (found.below - found.above), rtol=1e-15)
    np.testing.assert_array_equal(found.value, found.released * spots)
    # far away nothing happens
    assert abs(found.released[[0, 4]]).max() < 1e-3
    # at the barrier more is held than ever belongs to the put
    assert found.above[2] < -4.0


def test_release_on_a_date_between():
    terms = {"vol": 0.5, **MARKET}
    spots = np.array([40.0, 46.0])
    found = sg.dealer.release_on_date(spots, 58.1, 43.6, **terms, expiry=0.2, dates=[0.1, 0.2], lead=0.01)
    before = sg.barrier.discrete_greeks(
        spots, 58.1, 43.6, dates=[0.01, 0.11, 0.21], kind="down-in", option="put", expiry=0.21, **terms
    )
    after = sg.barrier.discrete_greeks(
        46.0, 58.1, 43.6, dates=[0.1, 0.2], kind="down-in", option="put", expiry=0.2, **terms
    )
    np.testing.assert_allclose(found.above, before.delta, rtol=1e-14)
    assert found.below[0] == sg.vanilla.delta(40.0, 58.1, option="put", expiry=0.2, **terms)
    assert found.below[1] == pytest.approx(float(after.delta), rel=1e-14)
    for bad, message in (
        ({"lead": 0.0}, "lead must be a number of years > 0"),
        ({"lead": [0.1, 0.2]}, "lead must be a number of years > 0"),
        ({"expiry": -1.0}, "expiry must be one number of years >= 0"),
        ({"dates": [0.2, 0.1]}, "must be later than"),
        ({"dates": 0.1}, "dates must be a list of years"),
    ):
        with pytest.raises(ValueError, match=message):
            sg.dealer.release_on_date(
                **{
                    "spot": 40.0,
                    "strike": 58.1,
                    "barrier": 43.6,
                    "expiry": 0.2,
                    "dates": [0.2],
                    "lead": 0.01,
                    **terms,
                    **bad,
                }
            )
    with pytest.raises(TypeError, match="lead"):
        sg.dealer.release_on_date(40.0, 58.1, 43.6, vol=0.5, expiry=0.2, dates=[])


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
    with pytest.raises(ValueError, match="give either dates or monitoring"):
        sg.dealer.knock_in_release(58.1, 43.6, vol=0.6, expiry=1.0, monitoring="expiry", dates=4)
    with pytest.raises(ValueError, match="notes must have one dimension"):
        sg.dealer.note_book([1.0], [[58.1]], 43.6, vol=0.6, expiry=1.0, units=1.0)
