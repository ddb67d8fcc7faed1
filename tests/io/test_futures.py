"""Futures of several expiries, as files have them."""

import csv
import io

import numpy as np
import pytest

import shortgamma as sg

read = sg.io.read_futures
DATED = """t,future,expiry,price,spot
2021-06-01 04:00:46,BTC-24SEP21,2021-09-24 08:00:00,37492.7,36706.8
2021-06-01 04:00:46,BTC-11JUN21,2021-06-11 08:00:00,36694.3,36706.8
2021-06-02 04:00:46,BTC-24SEP21,2021-09-24 08:00:00,38000.0,37000.0
"""


def text(content):
    return io.StringIO(content)


def test_dated_contracts():
    found = read(text(DATED))
    assert found.time.tolist() == np.array(["2021-06-01T04:00:46", "2021-06-02T04:00:46"], "M8[ns]").tolist()
    assert found.expiry.astype("M8[D]").astype(str).tolist() == ["2021-06-11", "2021-09-24"]
    np.testing.assert_array_equal(found.price, [[36694.3, 37492.7], [np.nan, 38000.0]])
    np.testing.assert_array_equal(found.spot, [36706.8, 37000.0])
    assert 365 * found.years[0, 1] == pytest.approx(115 + (3 * 3600 + 59 * 60 + 14) / 86400, rel=1e-12)


def test_clock_of_the_venue():
    rows = "date,expiry,price\n2024-01-05,2024-03-29,101\n2024-01-05,2024-06-28,102\n"
    with pytest.raises(sg.io.ReadError, match="dates without a time of day: give venue="):
        read(text(rows))
    found = read(text(rows), venue="cme")
    # winter and summer in London
    assert found.expiry.astype("M8[h]").astype(str).tolist() == ["2024-03-29T16", "2024-06-28T15"]
    found = read(text(rows), venue="deribit")
    assert found.expiry.astype("M8[h]").astype(str).tolist() == ["2024-03-29T08", "2024-06-28T08"]
    with pytest.raises(ValueError, match="venue must be one of"):
        read(text(rows), venue="mtgox")
    assert np.isnan(found.spot).all()


def test_constant_maturities():
    rows = "date,cm_1m,cm_3m,cm_2m\n2024-01-04,101,103,102\n2024-01-05,101,103,102\n2024-01-08,102,104,\n"
    found = read(text(rows))
    np.testing.assert_array_equal(found.price, [[101, 102, 103], [101, 102, 103], [102, np.nan, 104]])
    np.testing.assert_allclose(found.years[0], [1 / 12, 2 / 12, 3 / 12])
    assert found.expiry is None
    assert found.notes == ("1 row like the one before in all tenors: holidays carried forward",)


def test_a_fund_is_no_spot_price():
    shares = 60.0 + np.arange(30) * 0.37
    rows = "date,spot_price,futures_price,futures_expiry\n" + "".join(
        f"2025-09-{day + 1:02d},{round(share, 2) * 1850:.1f},112000,2026-03-27\n" for day, share in enumerate(shares)
    )
    with pytest.raises(sg.io.ReadError, match=r"multiples of 18\.5, as those of a fund"):
        read(text(rows), venue="cme")


def test_large_bases_are_noted():
    found = read(text("time,expiry,price,spot\n2024-01-05 08:00,2024-03-29 08:00,150,100\n"))
    assert found.notes == ("1 price with a basis of more than 50 % a year: is it the spot price?",)


@pytest.mark.parametrize(
    ("content", "match"),
    [
        ("time,price\n2024-01-05,100\n", "no expiry column among .*constant maturities"),
        ("time,expiry\n2024-01-05,2024-03-29 08:00\n", "no price column"),
        ("time,expiry,price\n2024-01-05,2024-03-29 08:00,-5\n", "a price must be > 0, got -5"),
        (DATED + "2021-06-02 04:00:46,X,2021-09-24 08:00:00,38001.0,37000.0\n", "two prices at one time"),
        (DATED + "2021-06-02 04:00:46,X,2021-12-31 08:00:00,38001.0,37001.0\n", "two spot prices at one time"),
        ("date,cm_1m\n2024-01-05,100\n2024-01-04,101\n", "times must increase"),
    ],
)
def test_refused(content, match):
    with pytest.raises(sg.io.ReadError, match=match):
        read(text(content))


def test_frames_and_rows():
    pd = pytest.importorskip("pandas")
    frame = pd.read_csv(text(DATED))
    one, other = read(frame), read(text(DATED))
    np.testing.assert_array_equal(one.price, other.price)
    np.testing.assert_array_equal(read(frame.to_dict("records")).years, other.years)


def test_deribit(market):
    path = market / "carry" / "options" / "deribit_btc_dated_futures_2021-06_2021-07.csv"
    found = read(path)
    assert np.isfinite(found.price).sum() == 413
    assert len(found.expiry) == 16
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    basis = sg.carry.annualized_basis(found.price, found.spot[:, np.newaxis], found.years, compounding="continuous")
    for row in rows[:50]:
        place = np.flatnonzero(found.time == np.datetime64(row["t"].replace(" ", "T")))[0]
        contract = np.flatnonzero(found.expiry == np.datetime64(row["expiry"].replace(" ", "T")))[0]
        assert basis[place, contract] == pytest.approx(float(row["ann_log_basis"]), abs=2e-6)


def test_cme(market):
    found = read(market / "carry" / "cme_btc" / "cme_btc_constant_maturity_2019_2024.csv")
    assert found.price.shape == (1305, 6)
    assert any("holidays carried forward" in note for note in found.notes)


def test_ibkr(market):
    path = market / "carry" / "ibit" / "ibkr_ibit_x1850_and_cme_mbt_2025-08_2026-02_historical.csv"
    with pytest.raises(sg.io.ReadError, match=r"multiples of 18\.5"):
        read(path, venue="cme")


def black_chain(quotes, spread=0.0005):
    """A chain at a forward of 100 and a half-year, prices in coins; quotes are what columns it has."""
    forward, years, vol = 100.0, 0.5, 0.6
    lines = ["date,instrument_name,mark_iv,open_interest," + ",".join(quotes)]
    for strike in (80, 90, 100, 110, 120):
        terms = {"vol": vol, "expiry": years, "option": "call"}
        price, delta = sg.vanilla.price(forward, strike, **terms), sg.vanilla.delta(forward, strike, **terms)
        for letter, value, slope in (("C", price, delta), ("P", price - forward + strike, delta - 1.0)):
            cells = {
                "delta": f"{slope:.9f}", "bid_price": f"{value / forward - spread:.9f}",
                "ask_price": f"{value / forward + spread:.9f}",
            }  # fmt: skip
            name = f"BTC-2JUL24-{strike}-{letter}"
            lines.append(f"2024-01-01 20:00,{name},60,1," + ",".join(cells[quote] for quote in quotes))
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize(
    ("quotes", "way"), [(["bid_price", "ask_price", "delta"], "put-call parity"), (["delta"], "delta and volatility")]
)
def test_forwards_of_options(quotes, way):
    found = read(text(black_chain(quotes)))
    assert found.expiry.tolist() == np.array(["2024-07-02T08"], "M8[ns]").tolist()
    assert found.years.item() == pytest.approx(0.5, abs=1e-12)
    assert found.price.item() == pytest.approx(100.0, rel=1e-6)
    assert found.notes == (f"1 forward {'by' if 'parity' in way else 'from'} {way}",)
    assert np.isnan(found.spot).all()
    chain = sg.io.read_chain(text(black_chain(quotes)))
    assert read(chain).price.item() == found.price.item()
    told = chain._replace(forward=np.full(10, 101.0))
    assert (read(told).price.item(), read(told).notes) == (101.0, ("1 forward told by the file",))
    bare = chain._replace(bid=None, delta=None)
    assert np.isnan(read(bare).price).all()
    assert read(bare).notes == ("1 contract without a forward",)


def test_time_is_for_chains():
    with pytest.raises(sg.io.ReadError, match="time= is the moment of an option chain"):
        read(text(DATED), time="2021-06-01")


def test_forwards_of_a_deribit_chain(market):
    folder = market / "carry" / "options"
    found = read(folder / "deribit_btc_chain_2026-01-23T16.csv")
    with (folder / "deribit_btc_forwards_inferred_2026.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["snapshot"] == "2026-01-23 16:00:00"]
    np.testing.assert_allclose(found.price[0], [float(row["forward"]) for row in rows], rtol=1e-12)
    np.testing.assert_allclose(found.years[0], [float(row["T"]) for row in rows], atol=1e-8)


def test_three_ways_to_a_forward(market):
    """Quotes leave less than 2 % of room, and what they leave holds the forward that the vendor tells."""
    chain = sg.io.read_chain(market / "carry" / "options" / "deribit_btc_eod_chain_2021-06-15.csv")
    told = read(chain).price[0]
    parity, delta = read(chain._replace(forward=None)), read(chain._replace(forward=None, bid=None))
    assert parity.notes == ("10 forwards by put-call parity",)
    np.testing.assert_allclose(parity.price[0], told, rtol=3e-3)
    np.testing.assert_allclose(delta.price[0], told, rtol=3e-4)
