"""Option chains: real files against a reader of the tests' own, and small ones as people have them."""

import io

import numpy as np
import pytest
from oracle.dealer._chains import chain_2021, chain_2026

import shortgamma as sg


def read(text, **keywords):
    return sg.io.read_chain(io.StringIO(text), **keywords)


@pytest.mark.parametrize(
    ("name", "chain", "venue"),
    [
        ("deribit_btc_eod_chain_2021-06-15.csv", chain_2021, "OptionsDX"),
        ("deribit_btc_chain_2026-01-23T16.csv", chain_2026, "Deribit"),
    ],
)
def test_real_chains(market, name, chain, venue):
    expected, spot, day = chain(market)
    found = sg.io.read_chain(market / "carry" / "options" / name)
    assert found.venue == venue
    assert str(found.time)[:10] == day
    for column in ("strike", "vol", "open_interest"):
        np.testing.assert_allclose(getattr(found, column), expected[column], rtol=1e-15, equal_nan=True)
    np.testing.assert_allclose(found.expiry, expected["expiry"], rtol=1e-13)
    assert found.option.tolist() == expected["option"].tolist()
    if found.forward is not None:
        assert found.forward.tolist() == expected["forward"].tolist()
        assert found.spot == spot
    quantity = sg.dealer.position(found.open_interest, found.option, calls=1, puts=-1)
    terms = {"strike": found.strike, "vol": found.vol, "expiry": found.expiry, "option": found.option}
    gamma = sg.dealer.exposure(spot, quantity=quantity, **terms, forward=expected["forward"]).gamma_percent
    exact = {"2021-06-15": 14825620.721348386, "2026-01-23": 34124057.0248881}[day]
    assert gamma == pytest.approx(exact, rel=1e-11)


def test_cboe(market):
    path = market / "dealer" / "cboe_spx_2024-01-05.csv"
    stamped = sg.io.read_chain(path)
    assert str(stamped.time)[:16] == "2024-01-07T15:52"
    assert "weekend" in stamped.notes[0]
    found = sg.io.read_chain(path, time="2024-01-05T21:00")
    assert (found.spot, found.multiplier, found.venue) == (4697.2402, 100.0, "Cboe")
    assert found.notes == ("1,046 options without a volatility", "5,282 options without open interest")
    quantity = sg.dealer.position(found.open_interest, found.option, calls=1, puts=-1)
    terms = {"strike": found.strike, "vol": found.vol, "expiry": found.expiry, "option": found.option}
    gamma = sg.dealer.exposure(found.spot, quantity=quantity, **terms, multiplier=found.multiplier).gamma_percent
    # the reference counts hours of the clock, which in summer are one more than have passed
    assert gamma / 1e9 == pytest.approx(-21.07186965202058, rel=2e-5)


COLUMNS = "Last Sale,Net,Bid,Ask,Volume,IV,Delta,Gamma,Open Interest"
CBOE = """
S&P 500 INDEX,Last: 4697.24,Change: 8.56
"{stamp}",Bid: 4645.23,Ask: 4753.89,Size: 1*1,Volume: 0
Expiration Date,Calls,{columns},Strike,Puts,{columns}
Fri Jul 19 2024,SPX240719C04700000,1,0,1,1,5,0.15,0.5,0.001,24,4700.00,SPX240719P04700000,1,0,1,1,2,0,0,0,7
Fri Dec 20 2024,SPXW241220C04700000,1,0,1,1,,0.16,0.5,0.001,,4700.00,SPXW241220P04700000,1,0,1,1,2,0.17,0,0,7
"""


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("Date: June 11, 2022, 8:47 PM EDT", "2022-06-12T00:47"),
        ("Date: January 7, 2024 at 10:52 AM EST", "2024-01-07T15:52"),
        ("Date: 22 March 2024, 9:46 PM EDT", "2024-03-23T01:46"),
        ("Date: March 22, 2024, 12:05 AM EDT", "2024-03-22T04:05"),
    ],
)
def test_cboe_stamps_and_roots(stamp, time):
    found = read("\ufeff" + CBOE.format(stamp=stamp, columns=COLUMNS))
    assert str(found.time)[:16] == time
    # 09:30 in summer, 16:00 in winter
    assert [str(moment)[:16] for moment in found.expires] == ["2024-07-19T13:30"] * 2 + ["2024-12-20T21:00"] * 2
    assert found.option.tolist() == ["call", "put"] * 2
    np.testing.assert_array_equal(found.vol, [0.15, np.nan, 0.16, 0.17])
    np.testing.assert_array_equal(found.open_interest, [24.0, 7.0, np.nan, 7.0])


def test_the_name_of_an_instrument_suffices():
    text = "instrument_name,open_interest,mark_iv\nBTC-13FEB26-100000-C,265.2,35.09\nBTC-7MAR26-95000-P,,0\n"
    found = read(text, time="2026-01-23T16:00Z", spot=89_500.0)
    assert found.strike.tolist() == [100_000.0, 95_000.0]
    assert found.option.tolist() == ["call", "put"]
    assert str(found.expires[1])[:16] == "2026-03-07T08:00"
    assert found.expiry[0] == pytest.approx((20 * 24 + 16) / (365 * 24), rel=1e-15)
    assert np.isnan(found.vol[1])
    assert np.isnan(found.open_interest[1])
    assert found.spot == 89_500.0
    with pytest.raises(sg.io.ReadError, match="does not tell the time of its quotes: give time="):
        read(text)


def test_a_table_of_one_option_a_row():
    text = (
        "contractSymbol,strike,impliedVolatility,openInterest,volume\n"
        "IBIT260220C00045000,45.0,0.55,1200,30\nIBIT260220P00040000,40.0,0.6,,\n"
    )
    found = read(text, time="2026-02-05T21:00Z", spot=36.1)
    assert found.option.tolist() == ["call", "put"]
    assert found.expiry.tolist() == [15 / 365, 15 / 365]
    assert (found.multiplier, found.venue) == (100.0, "listed")
    text = "strike,expiration,type,iv,oi\n45,2026-02-20,Call,0.5,10\n"
    assert read(text, time="2026-02-05T21:00Z").strike.tolist() == [45.0]


def test_two_moments_in_one_chain(market):
    path = market / "carry" / "ibit" / "ibit_and_two_calls_2025-06_2026-08.csv"
    with pytest.raises(sg.io.ReadError, match=r"column timestamp holds 265 times, .* choose one with time="):
        sg.io.read_chain(path)
    found = sg.io.read_chain(path, time="2026-08-21T17:24:32.410724-04:00")
    assert found.strike.tolist() == [85.0]
    assert found.spot == pytest.approx(43.68)
    left = np.datetime64("2027-12-17T21:00:00", "us") - np.datetime64("2026-08-21T21:24:32.410724", "us")
    assert found.expiry[0] == pytest.approx(left / np.timedelta64(365, "D"), rel=1e-12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "is not a chain of Deribit, OptionsDX, Cboe"),
        ("instrument_name,open_interest,mark_iv\n", "has no rows"),
        ("instrument_name,open_interest,mark_iv\nBTC-13FEB26-1-C,x,1\n", "column open_interest: 'x' is not a number"),
        ("instrument_name,mark_iv\nBTC-13FEB26-1-C,1\nBTC-PERPETUAL,1\n", "'BTC-PERPETUAL' is not an option"),
        ("instrument_name,mark_iv\nBTC-31FEB26-1-C,1\n", "31 FEB 2026 is not a date"),
    ],
)
def test_refuses(text, message):
    with pytest.raises(sg.io.ReadError, match=message):
        read(text, time="2026-01-23")
