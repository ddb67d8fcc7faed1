"""How unusual a day was."""

import csv

import numpy as np
import pytest

import shortgamma as sg


def test_zscore_leaves_the_day_out():
    random = np.random.default_rng(3)
    x = random.normal(size=100)
    found = sg.dealer.zscore(x, 21)
    assert np.isnan(found[:21]).all()
    for place in (21, 50, 99):
        before = x[place - 21 : place]
        assert found[place] == pytest.approx((x[place] - before.mean()) / before.std(ddof=1), rel=1e-12)
    table = np.stack([x, 2.0 * x + 1.0], axis=1)
    np.testing.assert_allclose(sg.dealer.zscore(table, 21)[:, 1], found, rtol=1e-9)
    # with the day inside, nothing could be beyond this
    x[60] = 1e6
    inside = (x[60] - x[40:61].mean()) / x[40:61].std(ddof=1)
    assert inside < 20 / np.sqrt(21) + 1e-9
    assert sg.dealer.zscore(x, 21)[60] > 1e5
    with pytest.raises(ValueError, match="window must be a whole number >= 2, got 1"):
        sg.dealer.zscore(x, 1)
    assert np.isnan(sg.dealer.zscore(x[:5], 21)).all()


def test_tail_probability():
    tail = sg.dealer.tail_probability
    assert tail(3.5, tails=2) == pytest.approx(0.00046525815807105, rel=1e-13)
    assert tail(-3.5, tails=1) == pytest.approx(0.000232629079035525, rel=1e-13)
    assert tail(3.0, tails=2) / tail(3.5, tails=2) == pytest.approx(5.80279145335889, rel=1e-13)
    assert tail(3.0, tails=2) / tail(3.64252227583162, tails=2) == pytest.approx(10.0, rel=1e-12)
    assert tail(3.48075640434621, tails=2) == pytest.approx(0.0005, rel=1e-12)
    with pytest.raises(ValueError, match="tails must be 1 or 2, got 3"):
        tail(3.5, tails=3)
    with pytest.raises(TypeError, match="tails"):
        tail(3.5)


def test_student_tails():
    pytest.importorskip("scipy")
    found = sg.dealer.tail_probability(3.5, tails=2, dof=4.0)
    assert found == pytest.approx(0.00776260268987069, rel=1e-12)
    assert found / sg.dealer.tail_probability(3.5, tails=2) == pytest.approx(16.7, abs=0.05)
    with pytest.raises(ValueError, match="dof must be > 2"):
        sg.dealer.tail_probability(3.5, tails=2, dof=2.0)


def returns_of(market):
    with (market / "dealer" / "ibit_qqq_log_returns.csv").open() as file:
        rows = list(csv.DictReader(file))
    return np.array([float(row["ibit"]) for row in rows]), np.array([float(row["qqq"]) for row in rows])


def test_no_break_against_the_nasdaq(market):
    ibit, qqq = returns_of(market)
    assert ibit.size == 129
    found = sg.dealer.correlation_break(ibit, qqq, slice(0, 108), slice(108, None))
    assert (found.before, found.after) == pytest.approx((0.49959565101780046, 0.5345590583238329), rel=1e-12)
    assert (found.zscore, found.probability) == pytest.approx((0.18713517448840214, 0.85155), abs=6e-6)
    last = sg.dealer.tail_correlation(ibit[-10:], qqq[-10:])
    assert last.correlation == pytest.approx(0.6307725437499816, rel=1e-12)
    down, up = sg.dealer.tail_correlation(ibit, qqq, below=0.0), sg.dealer.tail_correlation(ibit, qqq, above=0.0)
    assert (down.correlation, down.rows) == pytest.approx((0.4129279206639663, 56), rel=1e-12)
    assert (up.correlation, up.rows) == pytest.approx((0.3347981470768891, 73), rel=1e-12)
    every = sg.dealer.tail_correlation(ibit, qqq)
    assert (every.correlation, every.beta) == pytest.approx((0.5033765284280128, 1.5572493405037178), rel=1e-12)
    assert down.beta == pytest.approx(1.6780723008226914, rel=1e-12)


def test_breaks_and_tails_of_little():
    x = np.array([1.0, 2.0, 4.0, 3.0, 5.0])
    found = sg.dealer.correlation_break(x, -x, slice(0, 3), slice(3, None))
    assert np.isnan(found.zscore)
    assert found.before == pytest.approx(-1.0)
    assert np.isnan(sg.dealer.tail_correlation(x, x, below=1.5).correlation)
    with pytest.raises(ValueError, match="of one length"):
        sg.dealer.tail_correlation(x, x[:3])


def ibit_returns(market):
    path = market / "carry" / "ibit" / "ibkr_ibit_x1850_and_cme_mbt_2025-08_2026-02_historical.csv"
    with path.open() as file:
        rows = list(csv.DictReader(file))
    price = np.array([float(row["spot_price"]) for row in rows]) / 1850.0
    dates = [row["date"] for row in rows]
    return dates, price


def test_the_fifth_of_february(market):
    dates, price = ibit_returns(market)
    returns = price[1:] / price[:-1] - 1.0
    day = dates.index("2026-02-05") - 1
    # the closes are in cents
    assert returns[day] == pytest.approx(-0.131585325956218, abs=1e-6)
    assert returns[day + 1] == pytest.approx(0.0991690359650435, abs=1e-6)
    z = sg.dealer.zscore(np.diff(np.log(price)), 60)
    assert z[day] == pytest.approx(-4.6353856666713265, rel=1e-9)
    expected = {"2026-01-29": -1.979966926252895, "2026-02-04": -1.2257226177949156, "2026-02-06": 3.0377166132370355}
    for date, value in expected.items():
        assert z[dates.index(date) - 1] == pytest.approx(value, rel=1e-9)


def test_last_hour_of_bitcoin(market, reference):
    """Binance, hourly, 2021-04 to 2023-12, from the 22nd day on: nothing stands out at 16:00."""
    with (market / "crypto_1h" / "BTCUSDT_1h.csv").open() as file:
        rows = list(csv.DictReader(file))
    time = np.array([row["date"] for row in rows], dtype="datetime64[s]")
    close, volume = (np.array([float(row[name]) for row in rows]) for name in ("close", "volume"))
    with (reference / "dealer" / "last_hour_btc.csv").open() as file:
        by_hour = {int(row["hour_utc"]): row for row in csv.DictReader(file)}
    assert sorted(by_hour) == list(range(24))
    for hour, row in by_hour.items():
        # the days of the file begin about the 22nd that is whole
        start = np.flatnonzero((time - np.datetime64(f"2021-04-05T{(hour - 1) % 24:02}")) % np.timedelta64(1, "D") == 0)
        for place in start[18:26]:
            found = sg.dealer.last_hour(time[place:], close[place:], volume[place:], at=hour)
            if found.days[0] == int(row["n"]):
                break
        assert found.days[0] == int(row["n"]), hour
        assert found.slope[0] == pytest.approx(float(row["slope"]), rel=1e-9, abs=1e-12), hour
        assert found.standard_error[0] == pytest.approx(float(row["nw7_se"]), rel=1e-9)
        assert found.slope[0] / found.standard_error[0] == pytest.approx(float(row["t"]), rel=1e-9)
        assert found.volume_share[0] == pytest.approx(float(row["volume_share"]), rel=1e-11)
        assert found.variance_share[0] == pytest.approx(float(row["variance_share"]), rel=1e-11)
        if hour == 16:
            assert found.volume_rank == 2
            assert found.hour[np.argmax(found.volume_share)] == 15


def test_last_hour_counts_whole_days_only():
    time = np.datetime64("2024-01-01T00", "h") + np.arange(24 * 10)
    price, volume = 100.0 * np.exp(0.01 * np.sin(np.arange(240.0) ** 2)), np.ones(240)
    whole = sg.dealer.last_hour(time, price, volume, at=0)
    gone = np.delete(np.arange(240), 100)
    found = sg.dealer.last_hour(time[gone], price[gone], volume[gone], at=0)
    assert whole.days[0] == 9
    assert found.days[0] == 8
    assert whole.hour.tolist() == list(range(24))
    with pytest.raises(ValueError, match=r"time\[1\] must be on the hour"):
        sg.dealer.last_hour(time[:2] + np.array([0, 30], dtype="timedelta64[m]"), price[:2], volume[:2], at=0)
    with pytest.raises(ValueError, match="at must be an hour from 0 to 23, got 24"):
        sg.dealer.last_hour(time, price, volume, at=24)


def test_days_beyond_three_and_a_half(market):
    """SPY since 1994, a window of 250 days: twenty times as many as a normal distribution has."""
    with (market / "us_etf_daily" / "SPY.csv").open() as file:
        rows = list(csv.DictReader(file))
    dates = [row["Date"] for row in rows]
    returns = np.diff(np.log([float(row["Close"]) for row in rows]))
    z = sg.dealer.zscore(returns, 250)
    days = int(np.isfinite(z).sum())
    assert (int((np.abs(z) > 3.5).sum()), days) == (76, 8183)
    assert days * sg.dealer.tail_probability(3.5, tails=2) == pytest.approx(3.8, abs=0.05)
    day = dates.index("2020-03-16") - 1
    assert z[day] == pytest.approx(-7.978822308216198, rel=1e-9)
    inside = returns[day - 249 : day + 1]
    assert (returns[day] - inside.mean()) / inside.std(ddof=1) == pytest.approx(-7.094689233383431, rel=1e-9)
    assert z[dates.index("2018-02-05") - 1] == pytest.approx(-9.414202430661447, rel=1e-9)


def test_events():
    random = np.random.default_rng(5)
    x, events = random.normal(size=300), np.array([30, 100, 250, 5, 295])
    x[110] = np.nan
    found = sg.dealer.event_window(x, events, before=20, after=10)
    assert found.offset.tolist() == list(range(-20, 11))
    assert (found.events, found.skipped) == (2, 3)
    gaps = [x[place + 1 : place + 11].mean() - x[place - 20 : place].mean() for place in (30, 250)]
    assert found.difference == pytest.approx(np.mean(gaps), rel=1e-13)
    assert found.standard_error == pytest.approx(abs(gaps[0] - gaps[1]) / 2.0, rel=1e-13)
    np.testing.assert_allclose(found.mean, (x[10:41] + x[230:261]) / 2.0, rtol=1e-13)
    assert np.isnan(found.before).tolist() == [False, False, False, True, False]
    assert np.isnan(found.after).tolist() == [False, True, False, False, True]
    # the event's own row is in neither side
    x[30] = 1e9
    assert sg.dealer.event_window(x, events, before=20, after=10).difference == found.difference


def test_events_by_time():
    time = np.datetime64("2024-01-01", "D") + np.arange(60)
    x = np.arange(60.0)
    found = sg.dealer.event_window(x, ["2024-01-21T06:00", "2024-02-01"], before=5, after=5, time=time)
    # 6 o'clock of the 21st: the first row after it is the 22nd
    rows = sg.dealer.event_window(x, [21, 31], before=5, after=5)
    assert found.difference == rows.difference == 6.0
    np.testing.assert_array_equal(found.mean, rows.mean)
    nothing = sg.dealer.event_window(x, [1], before=5, after=5)
    assert (nothing.events, nothing.skipped) == (0, 1)
    assert np.isnan(nothing.difference)
    for bad, message in (
        ({"events": [60]}, r"events\[0\] must be a row from 0 to 59, got 60"),
        ({"before": 0}, "before must be a whole number >= 1, got 0"),
        ({"after": 61}, "after must be at most 60, got 61"),
        ({"x": np.ones((3, 3))}, "x must have one dimension"),
        ({"events": ["2025-01-01"], "time": time}, r"events\[0\] must be no later than the last row"),
    ):
        with pytest.raises(ValueError, match=message):
            sg.dealer.event_window(**{"x": x, "events": [30], "before": 5, "after": 5, **bad})
    with pytest.raises(TypeError, match="events must be rows"):
        sg.dealer.event_window(x, [30.5], before=5, after=5)
