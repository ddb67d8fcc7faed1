"""Funding histories of venues: what is read, and what is said of what is odd."""

import json
import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from listed import XBTUSD
from oracle.funding import payments as oracle

import shortgamma as sg
from shortgamma import cli
from shortgamma.contracts import Contract
from shortgamma.funding import accrue, accrue_events, between, funding_index, total
from shortgamma.io import ReadError, read_funding

HOUR = 3_600 * 10**9
BITMEX = "timestamp,symbol,fundingInterval,fundingRate,fundingRateDaily\n"
START = 1_577_836_800_000


def milliseconds(*hours):
    return [START + int(3_600_000 * hour) for hour in hours]


def binance(*hours, rate="0.0001", **fields):
    return [{"symbol": "BTCUSDT", "fundingTime": t, "fundingRate": rate, **fields} for t in milliseconds(*hours)]


def written(folder, text, name="history.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


class TestLayouts:
    def test_bitmex(self, tmp_path):
        text = BITMEX + (
            "2016-06-03T12:00:00.000Z,XBTUSD,2000-01-02T00:00:00.000Z,0.001,0.001\n"
            "2016-06-04T12:00:00.000Z,XBTUSD,2000-01-02T00:00:00.000Z,6.9e-4,6.9e-4\n"
            "2016-06-04T20:00:00.000Z,XBTUSD,2000-01-01T08:00:00.000Z,-0.0002,-0.0006\n"
        )
        history = read_funding(written(tmp_path, text))
        assert (history.venue, history.symbol) == ("BitMEX", "XBTUSD")
        assert history.rate.tolist() == [0.001, 6.9e-4, -0.0002]
        assert history.interval.tolist() == [24 * HOUR, 24 * HOUR, 8 * HOUR]
        assert history.time[2] == np.datetime64("2016-06-04T20:00")
        assert np.isnan(history.mark).all()
        assert not history.gaps.size
        assert history.notes == (
            "interval changes from 24 h to 8 h at 2016-06-04T20:00",
            "no mark price in 3 of 3 rows",
        )

    def test_binance_api(self, tmp_path):
        rows = [{**row, "markPrice": "7000.5"} for row in binance(0, 8.0000003, 16)]
        for source in (rows, written(tmp_path, json.dumps(rows), "a.json")):
            history = read_funding(source)
            assert history.venue == "Binance"
            assert history.mark.tolist() == [7000.5] * 3
            assert history.interval.tolist() == [8 * HOUR] * 3
            assert history.notes == ()

    def test_binance_files(self, tmp_path):
        text = "calc_time,funding_interval_hours,last_funding_rate\n"
        text += "".join(f"{t},{n},0.0001\n" for t, n in zip(milliseconds(0, 8, 12, 13), (8, 8, 4, 1), strict=True))
        history = read_funding(written(tmp_path, text))
        assert history.interval.tolist() == [8 * HOUR, 8 * HOUR, 4 * HOUR, HOUR]
        assert not history.gaps.size
        assert history.notes[:2] == (
            "interval changes from 8 h to 4 h at 2020-01-01T12:00",
            "interval changes from 4 h to 1 h at 2020-01-01T13:00",
        )

    def test_bybit(self, tmp_path):
        rows = [
            {"symbol": "ETHUSDT", "fundingRate": "0.0002", "fundingRateTimestamp": str(t)}
            for t in reversed(milliseconds(0, 8, 16))
        ]
        answer = json.dumps({"retCode": 0, "result": {"category": "linear", "list": rows}})
        history = read_funding(written(tmp_path, answer, "b.json"))
        assert (history.venue, history.symbol) == ("Bybit", "ETHUSDT")
        assert np.diff(history.time.astype(np.int64)).tolist() == [8 * HOUR, 8 * HOUR]
        assert history.notes[0] == "newest row first: order reversed"

    def test_deribit(self):
        rows = [
            {"timestamp": t, "index_price": 5000.0, "prev_index_price": None, "interest_8h": 1e-4, "interest_1h": 2e-5}
            for t in milliseconds(0, 1, 2)
        ]
        history = read_funding(rows)
        assert history.venue == "Deribit"
        assert history.mark.tolist() == [5000.0] * 3
        assert history.rate.tolist() == [2e-5] * 3
        assert history.interval.tolist() == [HOUR] * 3

    def test_hyperliquid(self):
        rows = [
            {"coin": coin, "fundingRate": "0.0000125", "premium": "0.0003", "time": t}
            for t in milliseconds(0, 1, 3)
            for coin in ("BTC", "ETH")
        ]
        history = read_funding(rows, symbol="ETH")
        assert (history.venue, history.symbol) == ("Hyperliquid", "ETH")
        assert history.gaps.tolist() == [2]
        assert history.notes[0] == "1 gap: 1 payment missing before 2020-01-01T03:00"
        with pytest.raises(ValueError, match=r"^source: holds 2 instruments, 'BTC', 'ETH': give symbol= one of them$"):
            read_funding(rows)
        with pytest.raises(ValueError, match=r"^source: symbol='SOL' is not in it, it holds 'BTC', 'ETH'$"):
            read_funding(rows, symbol="SOL")

    def test_frames(self):
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame(binance(0, 8, 16, markPrice=1.0))
        assert read_funding(frame).rate.tolist() == [1e-4] * 3
        frame["fundingTime"] = pd.to_datetime(frame["fundingTime"], unit="ms")
        history = read_funding(frame)
        assert history.time.astype("datetime64[h]").astype(str).tolist()[1] == "2020-01-01T08"


CASES = Path(__file__).resolve().parents[1] / "data" / "cases" / "funding"
EIGHT_HOURS = np.datetime64("2024-01-01", "ns") + 8 * HOUR * np.arange(6).astype("timedelta64[ns]")
HOURS = np.datetime64("2024-01-01", "ns") + HOUR * np.arange(30).astype("timedelta64[ns]")
RATES = [0.0001, 0.00012, -0.00005, 0.0001, 0.00025, 0.0001]

# venue, symbol, mark, and a part of the notes; six payments every 8 h unless another answer is said
SIX = {
    "ccxt.json": ("ccxt", "BTC/USDT:USDT", 42_000.5, ""),
    "ccxt.csv": ("ccxt", "BTC/USDT:USDT", None, "no mark price"),
    "gate.json": ("Gate", "", None, "newest row first"),
    "bin_web.csv": ("Binance", "BTCUSDT Perpetual", None, "newest row first"),
    "home_time.csv": ("", "BTCUSDT", None, ""),
    "home_time_ms.csv": ("", "", None, ""),
    "bin_sec.csv": ("Binance", "BTCUSDT", 42_000.0, ""),
    "bin_us.csv": ("Binance", "BTCUSDT", 42_000.0, ""),
    "bin_utcword.csv": ("Binance", "BTCUSDT", 42_000.0, ""),
    "bin_tz.csv": ("Binance", "BTCUSDT", 42_000.0, ""),
    "bin_semi.csv": ("Binance", "BTCUSDT", 42_000.0, ""),
    "bin_trail.csv": ("Binance", "BTCUSDT", 42_000.0, ""),
    "bin_dup.csv": ("Binance", "BTCUSDT", 42_000.0, "6 rows repeated, dropped"),
}


class TestCases:
    """The files of ``tests/data/cases`` and what must be read from them."""

    def check(self, history, times, rates, interval, percent):
        np.testing.assert_array_equal(history.time, times, strict=True)
        np.testing.assert_array_equal(history.rate, rates)
        assert history.interval.tolist() == [interval] * len(times)
        assert not history.gaps.size
        assert round(100 * history.annualised, 3) == pytest.approx(percent, abs=1.01e-3)

    @pytest.mark.parametrize("name", SIX)
    def test_six_payments(self, name):
        venue, symbol, mark, note = SIX[name]
        history = read_funding(CASES / name)
        self.check(history, EIGHT_HOURS, RATES, 8 * HOUR, 11.315)
        assert (history.venue, history.symbol) == (venue, symbol)
        np.testing.assert_array_equal(history.mark, np.full(6, np.nan if mark is None else mark))
        assert note in "; ".join(history.notes)

    def test_the_paid_rate_not_the_predicted_one(self):
        history = read_funding(CASES / "okx.json")
        paid = [float(f"{1.5 * rate:.6g}") for rate in RATES]
        np.testing.assert_allclose(history.rate, paid, rtol=1e-15)
        self.check(history, EIGHT_HOURS, history.rate, 8 * HOUR, 16.972)
        assert (history.venue, history.symbol) == ("OKX", "BTC-USDT-SWAP")
        assert "rates from column 'realizedRate', not 'fundingRate'" in history.notes

    def test_two_instruments_are_never_merged(self):
        path = CASES / "okx2.json"
        names = "'BTC-USDT-SWAP', 'ETH-USDT-SWAP'"
        with pytest.raises(ReadError, match=f"holds 2 instruments, {names}: give symbol= one of them$"):
            read_funding(path)
        with pytest.raises(ReadError, match=f"symbol='NOPE' is not in it, it holds {names}$"):
            read_funding(path, symbol="NOPE")
        for symbol in ("BTC-USDT-SWAP", "ETH-USDT-SWAP"):
            history = read_funding(path, symbol=symbol)
            self.check(history, EIGHT_HOURS, [0.0001] * 6, 8 * HOUR, 10.95)
            assert history.symbol == symbol
            assert not any("repeated" in note for note in history.notes)

    def test_kraken_relative_rate(self):
        history = read_funding(CASES / "kraken.json")
        assert history.venue == "Kraken"
        self.check(history, HOURS, [2.0164637711864e-05] * 30, HOUR, 17.664)

    def test_dydx(self):
        history = read_funding(CASES / "dydx.json")
        assert (history.venue, history.symbol) == ("dYdX", "BTC-USD")
        self.check(history, HOURS, [1.25e-5] * 30, HOUR, 10.95)
        assert history.mark.tolist() == [42_000.0] * 30
        assert "marks are oracle prices" in history.notes

    def test_percent_without_a_sign_is_refused(self):
        path = CASES / "bin_pctnum.csv"
        with pytest.raises(ReadError) as error:
            read_funding(path)
        hint = "write a fraction, such as 0.0001, or percent with its sign, such as 0.01%"
        assert str(error.value).endswith(
            f", line 2, column 'fundingRate': 1.000000 is not the rate of a payment: {hint}"
        )

    def test_smaller_percents_are_said(self):
        history = read_funding(binance(0, 8, 16, rate="0.01"))
        assert "rates are 1.00% usually, which is much: are they percents?" in history.notes

    def test_every_case_is_here(self):
        others = {"okx.json", "okx2.json", "kraken.json", "dydx.json", "bin_pctnum.csv"}
        assert {path.name for path in CASES.iterdir()} == SIX.keys() | others

    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ('{"result": "x.csv"}', "has no list of rows: it says result 'x.csv'"),
            ('{"data": "/etc/hostname"}', "has no list of rows: it says data '/etc/hostname'"),
            ('{"code": -1121, "msg": "Invalid symbol."}', "it says code -1121, msg 'Invalid symbol.'"),
            ("{}", "has no list of rows"),
            ("[]", "has no rows"),
        ],
    )
    @pytest.mark.parametrize("reader", [read_funding, sg.io.read_prices, sg.io.read_tiers])
    def test_answers_without_rows(self, tmp_path, text, reason, reader):
        path = written(tmp_path, text, "answer.json")
        (tmp_path / "x.csv").write_text((CASES / "bin_sec.csv").read_text())
        with pytest.raises(ReadError) as error:
            reader(path)
        assert str(error.value).startswith(f"{path}: ")
        assert reason in str(error.value)


class TestIntervals:
    """Payments lost and intervals changed, told apart by the times alone."""

    @pytest.mark.parametrize(
        ("hours", "interval", "gaps", "missing"),
        [
            # a payment is lost: the history is still one of 8 hours
            ((0, 16, 24, 32), 8, [1], 1),
            ((0, 8, 24), 8, [2], 1),
            ((0, 24, 32, 40), 8, [1], 2),
            # two lost in turn: no venue pays every 16 hours
            ((0, 16, 32, 40, 48), 8, [1, 2], 2),
            ((0, 1, 2, 10, 11, 12), 1, [3], 7),
            # an interval that changes is no gap
            ((0, 24, 48, 56, 64), [24, 24, 24, 8, 8], [], 0),
            ((0, 8, 16, 20, 24, 28), [8, 8, 8, 4, 4, 4], [], 0),
            # of both readings the one of fewer payments lost
            ((0, 8, 16, 32, 36, 40), [8, 8, 8, 8, 4, 4], [3], 1),
            ((0, 5), 5, [], 0),
        ],
    )
    def test_steps(self, hours, interval, gaps, missing):
        history = read_funding(binance(*hours))
        expected = interval if isinstance(interval, list) else [interval] * len(hours)
        assert (history.interval // HOUR).tolist() == expected
        assert history.gaps.tolist() == gaps
        said = [note for note in history.notes if "missing" in note]
        assert bool(said) == bool(missing)
        if missing:
            assert f"{missing} payment" in said[0]

    def test_what_the_source_says(self):
        def said(name, word, *hours):
            return read_funding([{**row, name: word} for row in binary(*hours)])

        def binary(*hours):
            return [{key: row[key] for key in ("fundingTime", "fundingRate")} for row in binance(*hours)]

        assert (said("Interval", "8h", 0, 8, 24).interval // HOUR).tolist() == [8, 8, 8]
        assert (said("interval", "480 min", 0, 8, 24).interval // HOUR).tolist() == [8, 8, 8]
        assert (said("interval_hours", 8, 0, 8, 24).interval // HOUR).tolist() == [8, 8, 8]
        for word in (8, "8", 28800, "1M"):
            with pytest.raises(ReadError, match=r"row 0, column 'interval': .* is not an interval: write 8h"):
                said("interval", word, 0, 8, 24)
        history = said("interval", "8h", 0, 1, 2, 3)
        assert "intervals are said to be 8 h, but payments are 1 h apart" in history.notes
        assert not any("said to be" in note for note in said("interval", "8h", 0, 8, 24).notes)

    def test_a_lost_payment_does_not_change_the_year(self):
        assert read_funding(binance(0, 16, 24, 32)).annualised == pytest.approx(0.1095, rel=1e-12)

    def test_one_payment(self):
        history = read_funding(binance(0))
        assert history.interval.tolist() == [0]
        assert np.isnan(history.annualised)
        assert "one payment only: its interval is not known" in history.notes


class TestJitter:
    """Clocks of venues are some milliseconds late."""

    def test_nominal_times(self):
        history = read_funding(binance(0.000002, 8.000002, 16))
        hours = (history.time - np.datetime64("2020-01-01")) / np.timedelta64(1, "h")
        assert hours.tolist() == [0, 8, 16]
        assert ((history.stamp - history.time) / np.timedelta64(1, "ms")).tolist() == [7, 7, 0]

    def test_one_payment_stamped_twice(self):
        history = read_funding(binance(0, 8, 8.000002, 16))
        assert len(history.time) == 3
        assert "1 row repeated, dropped: the first is 2020-01-01T08:00" in history.notes

    def test_two_rates_of_one_payment(self):
        rows = [*binance(0, 8), *binance(8.000002, rate="0.0002")]
        with pytest.raises(ReadError, match=r"row 1 and row 2 are of one time, 2020-01-01T08:00, and have the rates"):
            read_funding(rows)

    def test_two_payments_within_a_minute(self):
        with pytest.raises(ReadError, match=r"row 1 and row 2 are 0.007 s apart, no funding is paid twice in a minute"):
            read_funding(binance(0, 8.005, 8.005002, 16))


class TestIdentity:
    def test_exchanges(self):
        rows = [{**row, "exchange": name} for name in ("a", "b") for row in binance(0, 8)]
        with pytest.raises(ReadError, match="holds 2 instruments, 'a', 'b': give symbol= one of them"):
            read_funding(rows)
        assert len(read_funding(rows, symbol="b").time) == 2
        both = [*rows, *({**row, "symbol": "ETHUSDT"} for row in rows)]
        with pytest.raises(ReadError, match=r"holds 4 instruments, 'BTCUSDT a', 'BTCUSDT b', 'ETHUSDT a', 'ETHUSDT b'"):
            read_funding(both)
        assert read_funding(both, symbol="ETHUSDT a").symbol == "ETHUSDT a"

    def test_no_name(self):
        rows = [{"fundingTime": row["fundingTime"], "fundingRate": "0.0001"} for row in binance(0, 8)]
        assert read_funding(rows).symbol == ""
        with pytest.raises(ReadError, match="names an instrument: leave symbol='BTC' out"):
            read_funding(rows, symbol="BTC")

    def test_two_columns_of_one_name(self, tmp_path):
        for text in (
            "fundingTime,fundingRate,fundingRate\n1577836800000,0.1,0.2\n",
            '[{"fundingTime": 1577836800000, "fundingRate": 0.1, "fundingRate": 0.2}]',
            "fundingTime,fundingTime,fundingRate\n1577836800000,1577836800000,0.2\n",
        ):
            with pytest.raises(ReadError, match=r"could both be the|has the name 'fundingRate' twice"):
                read_funding(written(tmp_path, text))


class TestResult:
    def test_text_and_frame(self):
        history = read_funding(CASES / "ccxt.json")
        assert repr(history).splitlines() == [
            "FundingHistory ccxt BTC/USDT:USDT: 6 payments, 2024-01-01T00:00 to 2024-01-02T16:00 UTC",
            "  every 8 h, 11.315% a year (simple)",
        ]
        assert set(history._asdict()) == set(history._fields)
        pytest.importorskip("pandas")
        frame = history.to_frame()
        assert frame.columns.tolist() == ["rate", "mark", "interval", "stamp"]
        assert frame.index[1] == np.datetime64("2024-01-01T08:00")
        assert frame.attrs["venue"] == "ccxt"
        assert frame["rate"].tolist() == RATES

    def test_notes_are_few(self):
        history = read_funding(binance(0, 8, 16, 40, 48, 64, 72, 80, 84, 88, 90, 92, rate="0.02"))
        assert len(repr(history).splitlines()) <= 5


class TestOddities:
    def test_gaps(self):
        history = read_funding(binance(0, 8, 16, 40, 48, 64, 72))
        assert history.gaps.tolist() == [3, 5]
        assert history.interval.tolist() == [8 * HOUR] * 7
        assert history.notes[0] == "2 gaps: 3 payments missing before 2020-01-02T16:00, 2020-01-03T16:00"

    def test_changed_intervals(self):
        history = read_funding(binance(0, 8, 16, 20, 24, 28, 29, 30, 31, 39, 47))
        assert not history.gaps.size
        assert (history.interval // HOUR).tolist() == [8, 8, 8, 4, 4, 4, 1, 1, 1, 8, 8]

    def test_repeated_rows(self):
        history = read_funding([*binance(0, 8), *binance(8, 16)])
        assert len(history.time) == 3
        assert history.notes[0] == "1 row repeated, dropped: the first is 2020-01-01T08:00"
        message = "source: row 1 and row 2 are of one time, 2020-01-01T08:00, and have the rates 0.0001 and 0.0002"
        with pytest.raises(ValueError, match=f"^{message}$"):
            read_funding([*binance(0, 8), *binance(8, 16, rate="0.0002")])

    def test_missing_marks(self):
        history = read_funding([*binance(0, 8, markPrice=""), *binance(16, markPrice="5.0")])
        assert history.notes == ("no mark price in 2 of 3 rows",)
        assert np.isnan(history.mark[:2]).all()

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ([], "source: has no rows"),
            ([{"a": 1, "b": 2}], "source: no column of rates among 'a', 'b', those of no known funding history"),
            (binance(0, rate="much"), "source, row 0, column 'fundingRate': 'much' is not a number"),
            (binance(0, rate=""), "source, row 0, column 'fundingRate': a number is missing"),
            (binance(0, rate="inf"), "source, row 0, column 'fundingRate': 'inf' is not a finite number"),
            (
                [{"symbol": "A", "fundingTime": "noon", "fundingRate": 0.1}],
                "source, row 0, column 'fundingTime': 'noon' is not a time: write YYYY-MM-DD HH:MM",
            ),
            (binance(0, markPrice="x"), "source, row 0, column 'markPrice': 'x' is not a number"),
            ([*binance(0), {"a": 1}], "source, row 1, column 'fundingTime': None is not a time"),
        ],
    )
    def test_wrong_rows(self, source, message):
        with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
            read_funding(source)

    def test_wrong_files(self, tmp_path):
        for text, message in (
            ("", ": is empty"),
            (BITMEX, ": no data after the header"),
            (
                BITMEX + "2020-01-01T04:00:00Z,XBTUSD\n",
                ", line 2, column 'fundingInterval': missing, the line ends after 2 of 5 columns",
            ),
            (
                BITMEX + "2020-01-01T04:00:00Z,XBTUSD,soon,0.1,0.1\n",
                ", line 2, column 'fundingInterval': 'soon' is not an interval: write 8h",
            ),
            ("[1, 2", ": is not JSON: Expecting ',' delimiter in line 1, column 6"),
        ):
            path = written(tmp_path, text)
            with pytest.raises(ReadError, match=f"^{re.escape(f'{path}{message}')}$"):
                read_funding(path)
        with pytest.raises(TypeError) as wrong:
            read_funding(7)
        assert (
            str(wrong.value)
            == "source must be a path, an open file, a frame of pandas or polars, or a list of rows, got int"
        )
        with pytest.raises(ReadError, match=r"absent\.csv: no such file$"):
            read_funding(tmp_path / "absent.csv")


class TestRealHistories:
    """The figures are sums of the files' own columns, in exact fractions."""

    def rows(self, path, column):
        lines = path.read_text(encoding="utf-8").splitlines()
        place = lines[0].split(",").index(column)
        return [line.split(",")[place] for line in lines[1:]]

    def test_bitmex(self, market):
        path = market / "funding" / "bitmex_XBTUSD_funding_2016-05_2020-11.csv"
        history = read_funding(path)
        assert len(history.time) == 4866
        assert not history.gaps.size
        assert history.notes[0] == "interval changes from 24 h to 8 h at 2016-06-04T20:00"
        assert (history.interval == 24 * HOUR).sum() == 22
        # the clock of the rule is that of every row
        stamps = sg.venues.bitmex.funding("XBTUSD").times(history.time[0], history.time[-1] + 1)
        np.testing.assert_array_equal(stamps, history.time)
        rates = [Fraction(text) for text in self.rows(path, "fundingRate")]
        eight = history.interval == 8 * HOUR
        exact = sum(rates[22:]) / len(rates[22:]) * 1095
        assert sg.funding.realized_funding(history.rate[eight]).mean == pytest.approx(float(exact), rel=1e-12)
        assert (np.abs(history.rate) == 0.00375).sum() == 150
        # beyond the cap only before it came
        late = history.time >= np.datetime64("2017-01-01")
        assert np.abs(history.rate[late]).max() == sg.venues.bitmex.funding("XBTUSD").at("2020-01-01").cap

    def test_binance(self, market):
        path = market / "funding" / "BTC-USDT_binance_2020-01-01_2024-01-01_funding_history.csv"
        history = read_funding(path)
        assert len(history.time) == 4383
        assert not history.gaps.size
        assert (history.interval == 8 * HOUR).all()
        assert history.rate.max() == sg.venues.binance.funding("BTCUSDT").cap
        assert history.rate.min() == sg.venues.binance.funding("BTCUSDT").floor
        exact = sum(Fraction(text) for text in self.rows(path, "Funding Rate")) / 4383 * 1095
        assert sg.funding.realized_funding(history.rate).mean == pytest.approx(float(exact), rel=1e-12)

    def test_deribit(self, market):
        path = market / "funding" / "deribit_BTC-PERPETUAL_funding_hourly_2019-04_2021-02.csv"
        history = read_funding(path)
        assert len(history.time) == 16008
        assert (np.diff(history.time.astype(np.int64)) > 0).all()
        steps = np.diff(np.sort([int(text) for text in self.rows(path, "timestamp")])) // 3_600_000
        assert history.gaps.size == (steps > 1).sum()
        assert "1 row out of order, sorted" in history.notes[0]
        exact = sum(Fraction(text) for text in self.rows(path, "interest_1h"))
        assert math.fsum(history.rate) == pytest.approx(float(exact), rel=1e-14)

    @pytest.mark.parametrize("kind", ["linear", "inverse", "quanto"])
    def test_a_constant_position_over_a_real_history(self, market, kind):
        path = market / "funding" / "deribit_BTC-PERPETUAL_funding_hourly_2019-04_2021-02.csv"
        history = read_funding(path)
        contract = Contract(kind, 10.0)
        cash = accrue(-1234.0, history.mark, history.rate, contract=contract)
        scale = math.fsum(np.abs(cash))
        index = funding_index(history.rate, history.mark, contract, time=history.time)
        whole = -1234.0 * between(index, np.datetime64("2019-01-01"), history.time[-1])
        summed = total(-1234.0, history.mark, history.rate, contract=contract)
        assert abs(whole - summed) <= 1e-12 * scale
        held = accrue_events(
            history.time[:1], [-1234.0], history.time, history.mark, history.rate, contract=contract, record="total"
        )
        assert abs(held - summed) <= 1e-15 * scale
        rows = np.random.default_rng(9).choice(len(cash), 1000, replace=False)
        exact = [
            oracle.exact_payment(kind, 10.0, -1234.0, float(history.mark[i]), float(history.rate[i])) for i in rows
        ]
        # three roundings of each payment, and one of the sum
        error = abs(
            Fraction(float(total(-1234.0, history.mark[rows], history.rate[rows], contract=contract))) - sum(exact)
        )
        assert error <= 3.5 * Fraction(2) ** -53 * sum(map(abs, exact))


class TestCommand:
    def history(self, folder):
        text = BITMEX + (
            "2019-12-31T20:00:00Z,XBTUSD,2000-01-01T08:00:00Z,0.001,0.003\n"
            "2020-01-01T04:00:00Z,XBTUSD,2000-01-01T08:00:00Z,-0.0005,-0.0015\n"
            "2020-01-01T12:00:00Z,XBTUSD,2000-01-01T08:00:00Z,0.0001,0.0003\n"
        )
        return str(written(folder, text))

    def test_report(self, tmp_path, capsys):
        path, out = self.history(tmp_path), tmp_path / "numbers.json"
        options = ["--position", "-10000", "--contract", "XBTUSD", "--mark", "8000", "--json", str(out)]
        assert cli.main(["funding", path, *options]) == 0
        text = capsys.readouterr().out
        assert "BitMEX XBTUSD, history.csv: 3 payments, 2019-12-31 20:00 to 2020-01-01 12:00 UTC" in text
        assert "no mark price in 3 of 3 rows" in text
        assert "by -10,000 XBTUSD" in text
        numbers = json.loads(out.read_text(encoding="utf-8"))
        assert numbers["rates"]["annualised"] == pytest.approx(0.0002 * 1095, rel=1e-12)
        assert numbers["rates"]["positive"] == pytest.approx(2 / 3)
        # 1.25 XBT of value
        assert numbers["position"]["received"] == pytest.approx(1.25 * 0.0006, rel=1e-12)
        assert [row["received"] for row in numbers["years"]] == pytest.approx([0.00125, -0.0005], rel=1e-12)
        assert numbers["position"]["largest_time"] == "2019-12-31T20:00:00Z"
        position = accrue(-10_000, 8000.0, np.array([0.001, -0.0005, 0.0001]), contract=XBTUSD)
        assert numbers["position"]["received"] == pytest.approx(position.sum(), rel=1e-12)

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            (["--position", "1"], "--position needs --contract"),
            (
                ["--position", "1", "--contract", "XBTUSD"],
                "no mark price in 3 of 3 rows: --mark gives one for all of them, or a file",
            ),
            (
                ["--position", "nan", "--contract", "XBTUSD", "--mark", "1"],
                "--position must be a finite number, got nan",
            ),
            (
                ["--position", "1", "--contract", "XBTUSD", "--mark", "0"],
                "--mark must be a finite number > 0, got 0.0",
            ),
            (["--position", "x"], "argument --position: invalid float value: 'x' (see shortgamma funding --help)"),
        ],
    )
    def test_wrong_options(self, tmp_path, capsys, options, message):
        assert cli.main(["funding", self.history(tmp_path), *options]) == 2
        assert capsys.readouterr().err == f"shortgamma: error: {message}\n"

    def test_wrong_contract_and_files(self, tmp_path, capsys):
        path = self.history(tmp_path)
        assert cli.main(["funding", path, "--position", "1", "--contract", "DOGE"]) == 2
        assert (
            "--contract must be one that a venue lists (ADAUSDT, BTCUSDT, BTCUSD_PERP, ETHUSD, "
            in capsys.readouterr().err
        )
        assert cli.main(["funding", str(tmp_path / "absent.csv")]) == 2
        assert "absent.csv: no such file" in capsys.readouterr().err
        assert cli.main(["funding", path, "--json", path]) == 2
        assert "it is an input" in capsys.readouterr().err
        (tmp_path / "latin.csv").write_bytes(b"\xff\xfe\xfa")
        assert cli.main(["funding", str(tmp_path / "latin.csv")]) == 2
        assert "is not UTF-16 text" in capsys.readouterr().err
        empty = written(tmp_path, "a,b\n1,2\n", "other.csv")
        assert cli.main(["funding", str(empty)]) == 2
        assert "those of no known funding history" in capsys.readouterr().err
