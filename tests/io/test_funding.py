"""Funding histories of venues: what is read, and what is said of what is odd."""

import json
import math
import re
from fractions import Fraction

import numpy as np
import pytest
from oracle.funding import payments as oracle

import shortgamma as sg
from shortgamma import cli
from shortgamma.contracts import XBTUSD, Contract
from shortgamma.funding import accrue, accrue_events, between, funding_index, rules, total
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
            ("[1, 2", ": is no JSON: Expecting ',' delimiter in line 1, column 6"),
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
        stamps = rules.BITMEX_XBTUSD.times(history.time[0], history.time[-1] + 1)
        np.testing.assert_array_equal(stamps, history.time)
        rates = [Fraction(text) for text in self.rows(path, "fundingRate")]
        eight = history.interval == 8 * HOUR
        exact = sum(rates[22:]) / len(rates[22:]) * 1095
        assert sg.funding.realized_funding(history.rate[eight]).mean == pytest.approx(float(exact), rel=1e-12)
        assert (np.abs(history.rate) == 0.00375).sum() == 150
        # beyond the cap only before it came
        late = history.time >= np.datetime64("2017-01-01")
        assert np.abs(history.rate[late]).max() == rules.BITMEX_XBTUSD.at("2020-01-01").cap

    def test_binance(self, market):
        path = market / "funding" / "BTC-USDT_binance_2020-01-01_2024-01-01_funding_history.csv"
        history = read_funding(path)
        assert len(history.time) == 4383
        assert not history.gaps.size
        assert (history.interval == 8 * HOUR).all()
        assert history.rate.max() == rules.BINANCE_USDT.cap
        assert history.rate.min() == rules.BINANCE_USDT.floor
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
                "no mark price in 3 of 3 rows: --mark gives one for all of them",
            ),
            (
                ["--position", "nan", "--contract", "XBTUSD", "--mark", "1"],
                "--position must be a finite number, got nan",
            ),
            (
                ["--position", "1", "--contract", "XBTUSD", "--mark", "0"],
                "--mark must be a finite number > 0, got 0.0",
            ),
            (["--position", "x"], "argument --position: invalid float value: 'x'"),
        ],
    )
    def test_wrong_options(self, tmp_path, capsys, options, message):
        assert cli.main(["funding", self.history(tmp_path), *options]) == 2
        assert capsys.readouterr().err == f"shortgamma: error: {message}\n"

    def test_wrong_contract_and_files(self, tmp_path, capsys):
        path = self.history(tmp_path)
        assert cli.main(["funding", path, "--position", "1", "--contract", "DOGE"]) == 2
        assert "--contract must be one of ETHUSD, " in capsys.readouterr().err
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
