"""Price files: what is understood, what is noted, and what is refused with which words."""

import io
import json
import os
import tempfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import shortgamma as sg
from shortgamma.io import ReadError, read_prices
from shortgamma.io.prices import bars_per_year, duration, stamp

MARKET = Path(os.environ.get("SHORTGAMMA_MARKET", Path(__file__).resolve().parents[3] / "shared" / "market"))
needs_market = pytest.mark.skipif(not MARKET.is_dir(), reason=f"no market files in {MARKET}")


def write(folder, content, name="prices.csv"):
    # a folder of its own: the same test may run in several threads
    path = Path(tempfile.mkdtemp(dir=folder), name)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def times(*texts):
    return np.array(texts, dtype="datetime64[ns]")


THREE_DAYS = times("2024-01-02", "2024-01-03", "2024-01-04")
MINUTES = times("2024-01-02T00:00", "2024-01-02T00:01", "2024-01-02T00:02")
# 2024-01-02 00:00 UTC, by `date -u -d 2024-01-02 +%s`
EPOCH = 1_704_153_600
KLINE = "{open},10.0,12.0,9.0,{close},100.0,{end},1.0,7,0.5,0.5,0\n"
BINANCE_HEADER = (
    "open_time,open,high,low,close,volume,close_time,quote_volume,count,"
    "taker_buy_volume,taker_buy_quote_volume,ignore\n"
)


def klines(unit):
    return "".join(
        KLINE.format(open=(EPOCH + 60 * i) * unit, close=10.5 + i, end=(EPOCH + 60 * i + 60) * unit - 1)
        for i in range(3)
    )


def rows(*stamps, header="time,close", prices=("10.5", "11.5", "12.5")):
    return "\n".join([header, *(f"{time},{price}" for time, price in zip(stamps, prices, strict=True))]) + "\n"


DAILY = ("2024-01-02", "2024-01-03", "2024-01-04")

GOOD = {
    "Binance klines without header, ms": (klines(1000), MINUTES),
    "Binance klines without header, us": (klines(1_000_000), MINUTES),
    "Binance klines with header": (BINANCE_HEADER + klines(1000), MINUTES),
    "Yahoo": (
        "Date,Open,High,Low,Close,Adj Close,Volume\n"
        "2024-01-02,1,30,10,21,10.5,5\n2024-01-03,1,30,10,23,11.5,5\n2024-01-04,1,30,10,25,12.5,5\n",
        THREE_DAYS,
    ),
    "Stooq": (
        "Date,Open,High,Low,Close,Volume\r\n"
        "2024-01-02,1,30,1,10.5,5\r\n2024-01-03,1,30,1,11.5,5\r\n2024-01-04,1,30,1,12.5,5\r\n",
        THREE_DAYS,
    ),
    "yfinance, header of three lines": (
        "Price,Close,High,Low,Open,Volume\nTicker,QQQ,QQQ,QQQ,QQQ,QQQ\nDate,,,,,\n"
        "2024-01-02,10.5,13,9,10,5\n2024-01-03,11.5,13,9,10,5\n2024-01-04,12.5,13,9,10,5\n",
        THREE_DAYS,
    ),
    "lower case, with a ticker": (
        "date,open,high,low,close,volume,ticker\n2024-01-02 00:00:00,1,30,1,10.5,5,X\n"
        "2024-01-02 00:01:00,1,30,1,11.5,5,X\n2024-01-02 00:02:00,1,30,1,12.5,5,X\n",
        MINUTES,
    ),
    "upper case": (rows(*DAILY, header="DATE,CLOSE"), THREE_DAYS),
    "date and time apart, tabs, brackets": (
        "<DATE>\t<TIME>\t<CLOSE>\n2024.01.02\t00:00:00\t10.5\n2024.01.02\t00:01:00\t11.5\n2024.01.02\t00:02:00\t12.5\n",
        MINUTES,
    ),
    "semicolons": (rows(*DAILY).replace(",", ";"), THREE_DAYS),
    "quoted": ('"Date","Close"\n"2024-01-02","10.5"\n"2024-01-03","11.5"\n"2024-01-04","12.5"\n', THREE_DAYS),
    "byte order mark": ("\ufeff" + rows(*DAILY), THREE_DAYS),
    "UTF-16": (rows(*DAILY).encode("utf-16"), THREE_DAYS),
    "carriage returns alone": (rows(*DAILY).replace("\n", "\r"), THREE_DAYS),
    "blank lines and no newline at the end": ("\n" + rows(*DAILY).replace("\n", "\n\n").rstrip(), THREE_DAYS),
    "spaces": ("time , close\n 2024-01-02 , 10.5\n 2024-01-03 ,  11.5\n 2024-01-04 ,12.5 \n", THREE_DAYS),
    "index without a name": (rows(*DAILY, header=",Close"), THREE_DAYS),
    "trailing commas": (rows(*DAILY).replace(".5\n", ".5,\n"), THREE_DAYS),
    "epoch in s": (rows(EPOCH, EPOCH + 60, EPOCH + 120), MINUTES),
    "epoch in s, as doubles": (rows("1.7041536e9", "1704153660.0", "1704153720"), MINUTES),
    "epoch in ms": (rows(*(1000 * (EPOCH + 60 * i) for i in range(3))), MINUTES),
    "epoch in us": (rows(*(1_000_000 * (EPOCH + 60 * i) for i in range(3))), MINUTES),
    "epoch in ns": (rows(*(1_000_000_000 * (EPOCH + 60 * i) for i in range(3))), MINUTES),
    "YYYYMMDD": (rows("20240102", "20240103", "20240104"), THREE_DAYS),
    "YYYY/MM/DD": (rows("2024/01/02", "2024/01/03", "2024/01/04"), THREE_DAYS),
    "T and Z": (rows("2024-01-02T00:00:00Z", "2024-01-02T00:01:00Z", "2024-01-02T00:02:00Z"), MINUTES),
    "UTC": (rows("2024-01-02 00:00 UTC", "2024-01-02 00:01 UTC", "2024-01-02 00:02 UTC"), MINUTES),
    # New York changes from -05:00 to -04:00; here both appear for the sake of the test
    "offsets": (
        rows("2024-01-01T19:00:00-05:00", "2024-01-01 20:01:00.000-0400", "2024-01-02T05:32:00+05:30"),
        MINUTES,
    ),
    "microseconds": (
        rows("2024-01-02 00:00:00.000001", "2024-01-02 00:00:00.000002", "2024-01-02 00:00:00.000003"),
        THREE_DAYS[:1] + np.array([1000, 2000, 3000], "timedelta64[ns]"),
    ),
    "epochs that change their unit": (rows(EPOCH, 1000 * (EPOCH + 60), 1_000_000 * (EPOCH + 120)), MINUTES),
    "month first": (
        rows("01/02/2024", "01/03/2024", "01/04/2024", "01/13/2024", prices=("10.5", "11.5", "12.5", "")),
        THREE_DAYS,
    ),
    "day first": (
        rows("2/1/2024", "3/1/2024", "4/1/2024", "13/1/2024", prices=("10.5", "11.5", "12.5", "")),
        THREE_DAYS,
    ),
    "day first with dots": (
        rows("02.01.2024", "03.01.2024", "04.01.2024", "13.01.2024", prices=("10.5", "11.5", "12.5", "")),
        THREE_DAYS,
    ),
    "hours of the clock": (
        rows(
            "1/2/2024 12:00 AM",
            "1/2/2024 12:01 AM",
            "1/2/2024 12:02 AM",
            "1/13/2024 1:00 PM",
            prices=("10.5", "11.5", "12.5", ""),
        ),
        MINUTES,
    ),
    "thousands": (
        'Date,Close,Volume\n2024-01-02,10.5,"1,234"\n2024-01-03,11.5,"1,234"\n2024-01-04,12.5,"1,234"\n',
        THREE_DAYS,
    ),
    "ccxt without header": (
        "".join(f"{1000 * (EPOCH + 60 * i)},10,14,9,{10.5 + i},1.5\n" for i in range(3)),
        MINUTES,
    ),
    "Kraken without header, s": (
        "".join(f"{EPOCH + 60 * i},10,14,9,{10.5 + i},1.5,7\n" for i in range(3)),
        MINUTES,
    ),
    "histdata": (
        "".join(f"20240102 000{i}00;10;14;9;{10.5 + i};0\n" for i in range(3)),
        MINUTES,
    ),
    "MetaTrader without header": (
        "".join(f"2024.01.02,00:0{i},10,14,9,{10.5 + i},0\n" for i in range(3)),
        MINUTES,
    ),
    "thousands that another column proves": (
        'Date,Close,Open,High\n2024-01-02,10.5,"1,234","1,234.5"\n2024-01-03,11.5,2,"1,300"\n2024-01-04,12.5,3,4\n',
        THREE_DAYS,
    ),
    "two columns without header": ("2024-01-02;10.5\n2024-01-03;11.5\n2024-01-04;12.5\n", THREE_DAYS),
    "one column of numbers": (rows(*DAILY, header="observation_date,SP500"), THREE_DAYS),
    "bars between columns": (rows(*DAILY).replace(",", "|"), THREE_DAYS),
    "klines as JSON": (
        json.dumps([[1000 * (EPOCH + 60 * i), "10", "14", "9", str(10.5 + i), "1.5"] for i in range(3)]),
        MINUTES,
    ),
    "Bybit's answer": (
        json.dumps(
            {
                "retCode": 0,
                "result": {
                    "symbol": "X",
                    "list": [
                        [str(1000 * (EPOCH + 60 * i)), "10", "14", "9", str(10.5 + i), "1", "1"] for i in (2, 1, 0)
                    ],
                },
            }
        ),
        MINUTES,
    ),
    "objects": (
        json.dumps([{"t": EPOCH + 60 * i, "o": 10, "h": 14, "l": 9, "c": 10.5 + i, "v": 0} for i in range(3)]),
        MINUTES,
    ),
    "columns": (
        json.dumps({"s": "ok", "bars": {"t": [EPOCH, EPOCH + 60, EPOCH + 120], "c": [10.5, 11.5, 12.5]}}),
        MINUTES,
    ),
    "prices among other lists": (
        json.dumps(
            {
                "prices": [[1000 * (EPOCH + 60 * i), 10.5 + i] for i in range(3)],
                "total_volumes": [[1000 * (EPOCH + 60 * i), 7.0] for i in range(3)],
            }
        ),
        MINUTES,
    ),
    "prose above the header": ("https://www.example.com\n" + rows(*DAILY), THREE_DAYS),
}


@pytest.mark.parametrize("name", GOOD)
def test_good_file(tmp_path, name):
    content, expected = GOOD[name]
    prices = read_prices(write(tmp_path, content))
    np.testing.assert_array_equal(prices.time, expected, strict=True)
    np.testing.assert_array_equal(prices.close, [10.5, 11.5, 12.5], strict=True)


def test_high_and_low(tmp_path):
    prices = read_prices(write(tmp_path, klines(1000)))
    np.testing.assert_array_equal(prices.high, [12.0] * 3)
    np.testing.assert_array_equal(prices.low, [9.0] * 3)
    # 12.5 is above the high of 12
    assert list(prices.notes) == ["1 close outside of low to high, used as is (first: line 3)"]


def test_adjusted_close_scales_high_and_low(tmp_path):
    prices = read_prices(write(tmp_path, GOOD["Yahoo"][0]))
    ratio = np.array([10.5 / 21, 11.5 / 23, 12.5 / 25])
    np.testing.assert_allclose(prices.high, 30 * ratio, rtol=1e-15)
    np.testing.assert_allclose(prices.low, 10 * ratio, rtol=1e-15)


HOURS = [f"2024-01-02 {hour:02}:00" for hour in range(24)]

# content, what is noted, and the prices that remain
NOTED = {
    "adjusted close": (
        GOOD["Yahoo"][0],
        ["prices from column 'Adj Close', not 'Close'; open, high and low scaled to it"],
        [10.5, 11.5, 12.5],
    ),
    "adjusted close only": (
        rows(*DAILY, header="Date,Adj Close"),
        ["prices from column 'Adj Close'"],
        [10.5, 11.5, 12.5],
    ),
    "two times": (
        "unix,date,close\n1704153600,x,10\n1704153660,x,11\n",
        ["times from column 'unix', not 'date'"],
        [10, 11],
    ),
    "newest first": (
        rows(*DAILY[::-1]),
        ["newest row first: order reversed"],
        [12.5, 11.5, 10.5],
    ),
    "missing prices": (
        rows(*DAILY, "2024-01-05", "2024-01-08", prices=["1", "", "NaN", "null", "2"]),
        [
            "3 rows without a price dropped (first: line 3)",
        ],
        [1, 2],
    ),
    "missing low": (
        "date,high,low,close\n2024-01-02,3,1,2\n2024-01-03,3,,2\n2024-01-04,4,1,3\n",
        ["1 row without low kept (first: line 3)"],
        [2, 2, 3],
    ),
    "duplicates": (
        rows("2024-01-02", "2024-01-03", "2024-01-03", "2024-01-03", "2024-01-04", prices=[1, 2, 2, 2.0, 3]),
        ["2 duplicate rows dropped (first: line 4)"],
        [1, 2, 3],
    ),
    "duplicate, newest first": (
        rows("2024-01-04", "2024-01-03", "2024-01-03", "2024-01-02", prices=[1, 2, 2, 3]),
        ["newest row first: order reversed", "1 duplicate row dropped (first: line 4)"],
        [3, 2, 1],
    ),
    "gap by the hour": (
        rows(*HOURS[:3], *HOURS[6:9], HOURS[11], prices=[1] * 7),
        ["2 gaps in time, the longest 4 hours after 2024-01-02 02:00"],
        [1] * 7,
    ),
    "weekend and holiday are no gap": (
        rows("2024-01-10", "2024-01-11", "2024-01-12", "2024-01-16", "2024-01-17", prices=[1] * 5),
        [],
        [1] * 5,
    ),
    "a week is": (
        rows("2001-09-07", "2001-09-10", "2001-09-17", "2001-09-18", "2001-09-19", prices=[1] * 5),
        ["1 gap in time, the longest 7 days after 2001-09-10"],
        [1] * 5,
    ),
    "so is a day where weekends trade": (
        rows(*(f"2024-01-{day:02}" for day in (5, 6, 7, 8, 10, 11, 12)), prices=[1] * 7),
        ["1 gap in time, the longest 2 days after 2024-01-08"],
        [1] * 7,
    ),
    "jump": (
        rows(*DAILY, prices=[100, 33, 99.1]),
        ["2 jumps by more than a factor of 3 (first: 2024-01-03): a split or a redenomination?"],
        [100, 33, 99.1],
    ),
    "prose": (
        "https://www.example.com\n" + rows(*DAILY),
        ["line 1 ('https://www.example.com') is not part of the table: skipped"],
        [10.5, 11.5, 12.5],
    ),
}


@pytest.mark.parametrize("name", NOTED)
def test_noted(tmp_path, name):
    content, notes, close = NOTED[name]
    prices = read_prices(write(tmp_path, content))
    assert list(prices.notes) == notes
    np.testing.assert_array_equal(prices.close, close)
    assert (np.diff(prices.time) > np.timedelta64(0, "ns")).all()


HEAD = "Date,Open,High,Low,Close,Volume\n"
ROW = "2024-01-02,10,12,9,11,5\n"
NO_HEADER = ", line 1: no header: without one only time, open, high, low, close, ... are known, write the names first"

# content, and what stands after the name of the file in the error
BAD = {
    "empty file": ("", ": is empty"),
    "blank file": ("\ufeff \r\n\n", ": is empty"),
    "header only": (HEAD, ": no data after the header"),
    "header and blank lines": (HEAD + "\n\n", ": no data after the header"),
    "one row": (HEAD + ROW, ", line 2: one row of data only, at least two are needed"),
    "one row with a price": (
        rows(*DAILY, prices=["", "7", ""]),
        ", line 3: one price only, at least two are needed",
    ),
    "one time": (
        rows("2024-01-02", "2024-01-02", prices=[1, 1]),
        ", line 2: one price only, at least two are needed",
    ),
    "no price at all": (rows(*DAILY, prices=["", "", ""]), ", column 'close': no row has a price"),
    "zip": (b"PK\x03\x04\x14\x00\x00", ": is compressed (zip), unpack it first"),
    "gzip": (b"\x1f\x8b\x08\x00\x00", ": is compressed (gzip), unpack it first"),
    "binary": (b"Date,Close\n2024-01-02,\x00\x01\n", ", line 2: is binary, not text"),
    "Latin-1": (b"Date,Close\n2024-01-02,1\n2024-01-03,2 \xa4\n", ", line 3: is not UTF-8 text"),
    "UTF-16 cut off": (rows(*DAILY).encode("utf-16")[:-1], ", line 4: is not UTF-16 text"),
    "prose": (
        "These are not prices.\nAt all.\n",
        ", line 1: no columns separated by comma, semicolon or tab",
    ),
    "one column": ("\nClose\n1\n2\n", ", line 2: no columns separated by comma, semicolon or tab"),
    "JSON cut off": (
        '[[1704153600000, "1.0"],\n[1704153660000, "2.0"]\n',
        ": is not JSON: Expecting ',' delimiter in line 3, column 1",
    ),
    "no header": ("2024-01-02,10,11\n2024-01-03,11,12\n", NO_HEADER),
    "time, low, high, open, close without header": (
        f"{EPOCH},9,12,10,11,5\n{EPOCH + 60},9,12,10,11,5\n",
        ", line 1: no header, and columns 2 to 5 are not open, high, low, close: write the names first",
    ),
    "time, open, close, high, low without header": (
        f"{EPOCH},10,11,12,9\n{EPOCH + 60},11,10,12,9\n",
        ", line 1: no header, and columns 2 to 5 are not open, high, low, close: write the names first",
    ),
    "prices without header that never move": (
        f"{EPOCH},10,10,10,10\n{EPOCH + 60},10,10,10,10\n",
        ", line 1: no header, and columns 2 to 5 are not open, high, low, close: write the names first",
    ),
    "no time column": ("open,close\n1,2\n3,4\n", ", line 1: no time column among 'open', 'close'"),
    "no price column": (
        "date,funding rate\n2024-01-02,0.1\n2024-01-03,0.1\n",
        ", line 1: no price column among 'date', 'funding rate'",
    ),
    "two prices": (
        "date,close,price\n2024-01-02,1,2\n2024-01-03,1,2\n",
        ", line 1: columns 2 ('close') and 3 ('price') could both be the price",
    ),
    "two closes": (
        "date,Close,close\n2024-01-02,1,2\n2024-01-03,1,2\n",
        ", line 1: columns 2 ('Close') and 3 ('close') could both be the price",
    ),
    "two tickers": (
        "Price,Close,Close\nTicker,QQQ,SPY\nDate,,\n2024-01-02,1,2\n2024-01-03,1,2\n",
        ", line 1: holds 2 instruments, 'QQQ', 'SPY': give symbol= one of them",
    ),
    "two dates": (
        "date,date,close\n2024-01-02,2024-01-03,2\n2024-01-03,2024-01-03,2\n",
        ", line 1: columns 1 ('date') and 2 ('date') could both be the time",
    ),
    "two highs": (
        "date,high,High,low,close\n2024-01-02,1,1,1,1\n2024-01-03,1,1,1,1\n",
        ", line 1: columns 2 ('high') and 3 ('High') could both be the high",
    ),
    "word for a price": (
        HEAD + ROW + "2024-01-03,10,12,9,abc,5\n",
        ", line 3, column 'Close': 'abc' is not a number",
    ),
    "word for a price in line 7": (
        HEAD + "".join(f"2024-01-0{day},10,12,9,{'abc' if day == 6 else 11},5\n" for day in range(1, 9)),
        ", line 7, column 'Close': 'abc' is not a number",
    ),
    "line named after a quoted newline": (
        'Date,Name,Close\n2024-01-02,"a\nb",1\n2024-01-03,"c\nd",x\n',
        ", line 4, column 'Close': 'x' is not a number",
    ),
    "line named after blank lines": (
        "\n\nDate,Close\n\n2024-01-02,1\n\n2024-01-03,x\n",
        ", line 7, column 'Close': 'x' is not a number",
    ),
    "decimal comma": (
        "Date;Close\n2024-01-02;1,5\n2024-01-03;1,6\n",
        ", line 2, column 'Close': '1,5' is not a number (write a decimal point)",
    ),
    "thousands": (
        'Date,Close\n2024-01-02,"1,234"\n2024-01-03,2\n',
        ", column 'Close': '1,234' may be 1234 or 1.234: write it without comma",
    ),
    "currency": (
        "Date,Close\n2024-01-02,1\n2024-01-03,$2\n",
        ", line 3, column 'Close': '$2' is not a number (write it without the currency)",
    ),
    "underscore": (
        "Date,Close\n2024-01-02,1\n2024-01-03,1_0\n",
        ", line 3, column 'Close': '1_0' is not a number",
    ),
    "other digits": (
        "Date,Close\n2024-01-02,1\n2024-01-03,\u0661\n",
        ", line 3, column 'Close': '\u0661' is not a number",
    ),
    "infinite price": (
        "Date,Close\n2024-01-02,1\n2024-01-03,inf\n",
        ", line 3, column 'Close': 'inf' is not a finite number",
    ),
    "price beyond doubles": (
        "Date,Close\n2024-01-02,1\n2024-01-03,1e999\n",
        ", line 3, column 'Close': '1e999' is not a finite number",
    ),
    "price of zero": (
        "Date,Close\n2024-01-02,0.0\n2024-01-03,1\n",
        ", line 2, column 'Close': a price must be > 0, got 0.0",
    ),
    "negative price after a missing one": (
        "Date,Close\n2024-01-02,\n2024-01-03,-37.63\n2024-01-04,1\n",
        ", line 3, column 'Close': a price must be > 0, got -37.63",
    ),
    "negative low": (
        HEAD + ROW + "2024-01-03,10,12,-9,11,5\n",
        ", line 3, column 'Low': a price must be > 0, got -9",
    ),
    "high below low": (
        HEAD + ROW + "2024-01-03,10,9.5,12,11,5\n",
        ", line 3, column 'High': 9.5 is less than 12 in column 'Low'",
    ),
    "too few columns": (
        HEAD + ROW + "2024-01-03,10,12\n",
        ", line 3, column 'Low': missing, the line ends after 3 of 6 columns",
    ),
    "last line cut off": (
        HEAD + ROW + "2024-01-0",
        ", line 3, column 'Open': missing, the line ends after 1 of 6 columns",
    ),
    "too many columns": (
        HEAD + ROW + "2024-01-03,10,12,9,11,5,6\n",
        ", line 3, column 7: the header has 6 columns, the line 7",
    ),
    "open quote": (
        'Date,Close\n2024-01-02,1\n2024-01-03,"2\n2024-01-04,3\n',
        ", line 3: a quote is not closed",
    ),
    "text after a quote": (
        'Date,Close\n2024-01-02,1\n2024-01-03,"2"x\n',
        ", line 3: text follows a closing quote",
    ),
    "word for a time": (
        HEAD + ROW + "yesterday,10,12,9,11,5\n",
        ", line 3, column 'Date': 'yesterday' is not a time: write YYYY-MM-DD HH:MM",
    ),
    "no time": (HEAD + ROW + ",10,12,9,11,5\n", ", line 3, column 'Date': '' is not a time: write YYYY-MM-DD HH:MM"),
    "month first": (
        "Date,Close\n01/02/2024,1\n01/03/2024,2\n",
        ", column 'Date': day or month first is ambiguous: write YYYY-MM-DD",
    ),
    "no such day": (
        HEAD + ROW + "2024-02-30,10,12,9,11,5\n",
        ", line 3, column 'Date': '2024-02-30' is not in the calendar",
    ),
    "hour 24": (
        rows("2024-01-02 00:00", "2024-01-02 24:00", prices=[1, 2]),
        ", line 3, column 'time': '2024-01-02 24:00' is not in the calendar",
    ),
    "year 9999": (
        HEAD + ROW + "9999-12-31,10,12,9,11,5\n",
        ", line 3, column 'Date': the year 9999 is not between 1900 and 2199",
    ),
    "time of day": (
        "Date,Time,Close\n2024-01-02,10:00,1\n2024-01-02,noon,2\n",
        ", line 3, column 'Time': 'noon' is not a time of day: write HH:MM:SS",
    ),
    "zone missing": (
        rows("2024-01-02T00:00Z", "2024-01-02T00:01", prices=[1, 2]),
        ", line 3, column 'time': '2024-01-02T00:01' has no time zone, unlike the rows before: write all alike",
    ),
    "zone appearing": (
        rows("2024-01-02T00:00", "2024-01-02T00:01+01:00", prices=[1, 2]),
        ", line 3, column 'time': '2024-01-02T00:01+01:00' has a time zone, unlike the rows before: write all alike",
    ),
    "epoch after a date": (
        rows("2024-01-02", EPOCH, prices=[1, 2]),
        f", line 3, column 'time': '{EPOCH}' is not a time like those before: write all alike",
    ),
    "row numbers for times": (
        rows(0, 1, 2),
        ", line 2, column 'time': '0' is not a time in s, ms, us or ns since 1970 (1990 to 2100)",
    ),
    "epoch beyond 2200": (
        rows(EPOCH, 99_999_999_999, prices=[1, 2]),
        ", line 3, column 'time': '99999999999' is not a time in s, ms, us or ns since 1970 (1990 to 2100)",
    ),
    "epoch that overflows": (
        rows(EPOCH, "9" * 41, prices=[1, 2]),
        f", line 3, column 'time': '{'9' * 36}...' is not a time: write YYYY-MM-DD HH:MM",
    ),
    "negative epoch": (
        rows(EPOCH, -EPOCH, prices=[1, 2]),
        f", line 3, column 'time': '-{EPOCH}' is not a time: write YYYY-MM-DD HH:MM",
    ),
    "the same months twice, in two units": (
        klines(1000) + klines(1_000_000),
        ", line 4, column 'open time': 2024-01-02 00:00 comes after 2024-01-02 00:02: times must ascend",
    ),
    "unsorted": (
        rows("2024-01-02", "2024-01-04", "2024-01-03"),
        ", line 4, column 'time': 2024-01-03 comes after 2024-01-04: times must ascend",
    ),
    "unsorted by the hour": (
        rows(*HOURS[:3], HOURS[0], prices=[1] * 4),
        ", line 5, column 'time': 2024-01-02 00:00 comes after 2024-01-02 02:00: times must ascend",
    ),
    "duplicate with another price": (
        rows("2024-01-02", "2024-01-03", "2024-01-03"),
        ", line 4, column 'time': 2024-01-03 is there twice, with different prices",
    ),
    "duplicate with another low": (
        "date,high,low,close\n2024-01-02,3,1,2\n2024-01-02,3,1.5,2\n2024-01-03,3,1,2\n",
        ", line 3, column 'date': 2024-01-02 is there twice, with different prices",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_file(tmp_path, name):
    content, reason = BAD[name]
    path = write(tmp_path, content)
    with pytest.raises(ReadError) as error:
        read_prices(path)
    assert str(error.value) == f"{path}{reason}"


@given(
    content=st.sampled_from(sorted(GOOD)).map(lambda name: GOOD[name][0]),
    place=st.floats(0, 1),
    length=st.integers(0, 8),
    patch=st.text(st.sampled_from(',;\t\n\r"0123456789.-+eZ:T \u00e9'), max_size=8),
)
def test_damaged_file_is_read_or_refused(tmp_path_factory, content, place, length, patch):
    data = content if isinstance(content, bytes) else content.encode()
    start = int(place * len(data))
    path = write(tmp_path_factory.mktemp("damaged"), data[:start] + patch.encode() + data[start + length :])
    refusal = None
    try:
        prices = read_prices(path)
    except ReadError as error:
        refusal = str(error)
    if refusal is not None:
        assert refusal.startswith(str(path))
        assert len(refusal.splitlines()) == 1
        return
    assert len(prices.time) == len(prices.close) >= 2
    assert (np.diff(prices.time) > np.timedelta64(0, "ns")).all()
    assert ((prices.close > 0) & (prices.close < np.inf)).all()


def test_bad_files_are_many():
    assert len(BAD) >= 25


def test_missing_file_directory_device(tmp_path):
    for path, reason in (
        (tmp_path / "none.csv", "no such file"),
        (tmp_path, "is a directory, not a file"),
        (tmp_path / "none" / "none.csv", "no such file"),
    ):
        with pytest.raises(ReadError) as error:
            read_prices(path)
        assert str(error.value) == f"{path}: {reason}"
    with pytest.raises(ReadError) as error:
        read_prices("")
    assert str(error.value) == "'': no such file"


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no /dev/zero")
def test_device():
    with pytest.raises(ReadError) as error:
        read_prices("/dev/zero")
    assert str(error.value) == "/dev/zero: is a device, not a file"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
def test_no_permission(tmp_path):
    path = write(tmp_path, rows(*DAILY))
    path.chmod(0)
    with pytest.raises(ReadError) as error:
        read_prices(path)
    assert str(error.value) == f"{path}: no permission to read it"


def test_error_is_one_value_error():
    assert issubclass(ReadError, ValueError)


def test_many_blocks(tmp_path):
    # the reader takes the file in blocks; an error far inside still has its line
    count = 20_000
    lines = [f"{EPOCH + 60 * i},{1 + i % 7}" for i in range(count)]
    prices = read_prices(write(tmp_path, "time,close\n" + "\n".join(lines)))
    np.testing.assert_array_equal(prices.time, np.datetime64(EPOCH, "s") + 60 * np.arange(count))
    np.testing.assert_array_equal(prices.close, 1 + np.arange(count) % 7)
    lines[17_000] += "x"
    path = write(tmp_path, "time,close\n" + "\n".join(lines))
    with pytest.raises(ReadError) as error:
        read_prices(path)
    assert str(error.value) == f"{path}, line 17002, column 'close': '{1 + 17_000 % 7}x' is not a number"


def span(first, step, count, keep=lambda time: True):
    series = np.datetime64(first, "ns") + np.arange(count) * np.timedelta64(step, "m")
    return series[[bool(keep(time.astype("datetime64[m]").item())) for time in series]]


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        (span("2024-01-01", 60, 24 * 30), 365 * 24),
        (span("2024-01-01", 240, 6 * 30), 365 * 6),
        (span("2024-01-01", 1440, 60), 365),
        (span("2024-01-01", 1440, 60, lambda t: t.weekday() < 5), 252),
        (span("2024-01-01", 1440, 3), 252),
        (span("2024-01-01", 7 * 1440, 60), 365 / 7),
        (span("2024-01-01", 60, 24 * 60, lambda t: t.weekday() < 5 and 14 <= t.hour < 21), 252 * 7),
        # two days by the hour tell of no closing
        (span("2024-01-02", 60, 48), 365 * 24),
        # a foreign-exchange week, from Sunday 22:00
        (
            span("2024-01-01", 60, 24 * 60, lambda t: t.weekday() < 5 or (t.weekday() == 6 and t.hour >= 22)),
            252 * 24,
        ),
    ],
)
def test_bars_per_year(time, expected):
    assert bars_per_year(time) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("nanoseconds", "text"),
    [
        (86_400e9, "1 day"),
        (7 * 86_400e9, "7 days"),
        (115_200e9, "1.3 days"),
        (3600e9, "1 hour"),
        (14_400e9, "4 hours"),
        (900e9, "15 minutes"),
        (1e9, "1 second"),
        (1e6, "0.001 seconds"),
    ],
)
def test_duration(nanoseconds, text):
    assert duration(nanoseconds) == text


def test_stamp():
    assert stamp(np.datetime64("2024-01-02")) == "2024-01-02"
    assert stamp(np.datetime64("2024-01-02"), clock=True) == "2024-01-02 00:00"
    assert stamp(np.datetime64("2024-01-02T03:04:00.5", "ns")) == "2024-01-02 03:04"
    assert stamp(EPOCH * 1_000_000_000 + 5_000_000_000) == "2024-01-02 00:00:05"


CASES = Path(__file__).resolve().parents[1] / "data" / "cases" / "prices"

# days, last close, the day of it, and a part of the notes
READ = {
    "stooq_txt.csv": (74, 80.68276973671833, "2024-03-14", ""),
    "bin_mix.csv": (41, 153.4761, "2025-01-04", ""),
    "bin_cat.csv": (79, 73.6511, "2024-03-19", "the header is repeated in line 41: skipped"),
    "cboe.csv": (73, 85.4151, "2024-03-13", "line 1 ('The information is provided,as is,wi...')"),
    "cboe_iso.csv": (73, 85.4151, "2024-03-13", "is not part of the table: skipped"),
    "usdate.csv": (74, 80.68276973671833, "2024-03-14", ""),
    "thou.csv": (74, 80_682.77, "2024-03-14", ""),
    "ccxt_nohdr.csv": (75, 74.8120, "2024-03-15", ""),
    "fred.csv": (54, 80.68, "2024-03-14", "prices from column 'SP500', the one column of numbers"),
    "yf_old.csv": (72, 83.94555485393079, "2024-03-12", "prices from column 'Adj Close', not 'Close'"),
    "foot.csv": (59, 97.26899166454767, "2024-02-28", "line 61 ('*Close price adjusted for splits.') is not part"),
    "nohigh.csv": (120, 62.5923, "2017-06-19", "12 rows without high or low kept (first: line 7)"),
    "split2.csv": (120, 31.2962, "2017-06-19", "looks like a 2:1 split on 2017-03-28 (63.647 to 31.5916)"),
}


@pytest.mark.parametrize("name", READ)
def test_case(name):
    days, last, day, note = READ[name]
    prices = read_prices(CASES / name)
    assert len(prices.time) == len(prices.close) == days
    assert prices.close[-1] == last
    assert prices.time[-1] == np.datetime64(day)
    assert note in "; ".join(prices.notes)
    assert prices.stamp == "open"


def test_two_tickers():
    path = CASES / "yf_two.csv"
    assert read_prices(path, symbol="AAA").close[-1] == 83.94555485393079
    assert read_prices(path, symbol="BBB").symbol == "BBB"
    with pytest.raises(ReadError, match=r"holds 2 instruments, 'AAA', 'BBB': give symbol= one of them$"):
        read_prices(path)
    with pytest.raises(ReadError, match=r"symbol='NOPE' is not in it, it holds 'AAA', 'BBB'$"):
        read_prices(path, symbol="NOPE")


def test_every_case_is_here():
    assert {path.name for path in CASES.iterdir()} == {*READ, "yf_two.csv"}


def test_split():
    prices = read_prices(CASES / "split2.csv")
    assert [(split.bar, str(split.time)[:10], split.ratio) for split in prices.splits] == [(60, "2017-03-28", 2.0)]
    adjusted = prices.adjusted()
    assert not adjusted.splits
    np.testing.assert_array_equal(adjusted.close[60:], prices.close[60:])
    np.testing.assert_array_equal(adjusted.close[:60], prices.close[:60] / 2)
    # by hand: the product of 1 + leverage * return
    for leverage, expected in ((2, 68.68), (3, 55.71)):
        returns = adjusted.close[1:] / adjusted.close[:-1] - 1
        assert 100 * np.prod(1 + leverage * returns) == pytest.approx(expected, abs=0.005)


def test_close_without_high_and_low():
    prices = read_prices(CASES / "nohigh.csv")
    assert np.isnan(prices.high).sum() == np.isnan(prices.low).sum() == 12
    returns = prices.close[1:] / prices.close[:-1] - 1
    assert 100 * np.prod(1 + 3 * returns) == pytest.approx(55.709, abs=0.0005)


def quiet(count=60, seed=4):
    return 100 * np.exp(np.cumsum(np.random.default_rng(seed).normal(0, 0.01, count)))


@pytest.mark.parametrize(
    ("ratio", "words"),
    [(2, "2:1 split"), (1.5, "3:2 split"), (20, "20:1 split"), (0.1, "1:10 reverse split"), (0.5, "1:2 reverse split")],
)
def test_splits_of_all_kinds(ratio, words):
    close = quiet()
    close[30:] /= ratio
    days = np.arange("2020-01-01", "2020-03-01", dtype="datetime64[D]")
    prices = read_prices(
        [{"date": day, "close": price} for day, price in zip(days.tolist(), close.tolist(), strict=True)]
    )
    assert [(split.bar, split.ratio) for split in prices.splits] == [(30, pytest.approx(ratio))]
    assert words in prices.notes[-1]
    np.testing.assert_allclose(prices.adjusted().close, quiet() / ratio, rtol=1e-12)


@pytest.mark.parametrize("kind", ["wild days", "a spike", "a crash", "no ratio"])
def test_what_is_no_split(kind):
    close = quiet()
    if kind == "wild days":
        close = 100 * np.exp(np.cumsum(np.random.default_rng(4).normal(0, 0.25, 60)))
    elif kind == "a spike":
        close[30] /= 2
    elif kind == "a crash":
        close[30:] *= 0.78
    else:
        close[30:] /= 2.35
    assert not sg.io.prices.find_splits(np.datetime64("2020-01-01", "ns") + np.arange(60), close)


class TestStamps:
    def test_klines_are_labelled_by_their_open(self, tmp_path):
        prices = read_prices(write(tmp_path, klines(1000)))
        assert prices.stamp == "open"
        np.testing.assert_array_equal(prices.held, MINUTES + np.timedelta64(1, "m"))

    def test_close_times(self, tmp_path):
        prices = read_prices(write(tmp_path, rows(*MINUTES.astype(str), header="close_time,close")))
        assert prices.stamp == "close"
        np.testing.assert_array_equal(prices.held, prices.time)

    def test_bitmex(self):
        bar = {"symbol": "XBTUSD", "open": 1, "high": 2, "low": 1, "close": 2, "lastSize": 1, "homeNotional": 1.0}
        rows = [{"timestamp": f"2024-01-01T00:0{i}:00.000Z", **bar} for i in (1, 2)]
        assert read_prices(rows).stamp == "close"

    def test_a_price_with_a_clock_is_of_that_time(self, tmp_path):
        path = write(tmp_path, rows(*MINUTES.astype(str)))
        assert read_prices(path).stamp == "close"
        assert read_prices(path, stamp="open").stamp == "open"
        with pytest.raises(ValueError, match="stamp must be 'open' or 'close', got 'middle'"):
            read_prices(path, stamp="middle")

    def test_a_gap_does_not_make_a_bar_longer(self, tmp_path):
        prices = read_prices(write(tmp_path, rows(*HOURS[:3], HOURS[9], prices=[1] * 4)), stamp="open")
        hours = (prices.held - times("2024-01-02")) / np.timedelta64(1, "h")
        assert hours.tolist() == [1, 2, 3, 10]


class TestSources:
    ROWS = ({"date": "2024-01-02", "close": 1.5}, {"date": "2024-01-03", "close": 2.5})

    def test_open_files(self):
        text = "date,close\n2024-01-02,1.5\n2024-01-03,2.5\n"
        for source in (io.StringIO(text), io.BytesIO(text.encode()), io.BytesIO(text.encode("utf-16"))):
            assert read_prices(source).close.tolist() == [1.5, 2.5]

    def test_rows(self):
        for source in (
            list(self.ROWS),
            self.ROWS,
            {"data": list(self.ROWS)},
            [["date", "close"], ["2024-01-02", 1.5], ["2024-01-03", 2.5]],
        ):
            assert read_prices(source).close.tolist() == [1.5, 2.5]

    def test_arrays(self):
        table = np.array(
            [(np.datetime64("2024-01-02"), 1.5), (np.datetime64("2024-01-03"), 2.5)],
            dtype=[("time", "M8[D]"), ("close", "f8")],
        )
        assert read_prices(table).close.tolist() == [1.5, 2.5]
        klines = np.array([[1.7041536e12, 10, 12, 9, 11], [1.7042400e12, 11, 12, 9, 10]])
        assert read_prices(klines).close.tolist() == [11, 10]

    def test_pandas(self):
        pd = pytest.importorskip("pandas")
        frame = pd.DataFrame(self.ROWS)
        assert read_prices(frame).close.tolist() == [1.5, 2.5]
        for index in (pd.to_datetime(frame["date"]), pd.to_datetime(frame["date"]).dt.tz_localize("America/New_York")):
            prices = read_prices(frame[["close"]].set_index(pd.DatetimeIndex(index, name="Date")))
            assert prices.close.tolist() == [1.5, 2.5]
        assert prices.time[0] == np.datetime64("2024-01-02T05:00")
        series = pd.DataFrame({"time": [1704153600000, 1704240000000], "close": pd.array([1, None], dtype="Int64")})
        with pytest.raises(ReadError, match="one price only"):
            read_prices(series)
        frame = pd.DataFrame({"time": [1704153600000, 1704240000000], "close": [1.0, 2.0], "ticker": ["A", "B"]})
        with pytest.raises(ReadError, match=r"^source: holds 2 instruments, 'A', 'B'"):
            read_prices(frame)

    def test_yfinance(self):
        pd = pytest.importorskip("pandas")
        index = pd.DatetimeIndex(["2024-01-02", "2024-01-03"], name="Date")
        pairs = [(kind, ticker) for kind in ("Close", "High", "Low", "Open", "Volume") for ticker in ("AAA", "BBB")]
        for levels in (pairs, [pair[::-1] for pair in pairs]):
            columns = pd.MultiIndex.from_tuples(levels)
            frame = pd.DataFrame(
                [[1, 2, 1, 2, 1, 2, 1, 2, 0, 0], [3, 4, 3, 4, 3, 4, 3, 4, 0, 0]], index, columns, dtype=float
            )
            assert read_prices(frame, symbol="BBB").close.tolist() == [2, 4]
            with pytest.raises(ReadError, match=r"holds 2 instruments, 'AAA', 'BBB'"):
                read_prices(frame)

    def test_polars(self):
        pl = pytest.importorskip("polars")
        frame = pl.DataFrame(self.ROWS)
        assert read_prices(frame).close.tolist() == [1.5, 2.5]
        assert read_prices(frame.with_columns(pl.col("date").str.to_datetime())).time[1] == np.datetime64("2024-01-03")

    @pytest.mark.parametrize("source", [7, None, b"prices.csv", 1.5, object()])
    def test_other_types(self, source):
        with pytest.raises(TypeError, match=r"^source must be a path, an open file, a frame of pandas or"):
            read_prices(source)


def test_result():
    prices = read_prices(CASES / "cboe.csv")
    assert repr(prices).splitlines() == [
        "Prices: 73 bars, 2024-01-01 to 2024-03-13, close 100 to 85.4151",
        "  open, high, low, close; labelled by the open of each bar",
        "  note: line 1 ('The information is provided,as is,wi...') is not part of the table: skipped",
    ]
    assert set(prices._asdict()) == set(prices._fields)
    pytest.importorskip("pandas")
    frame = prices.to_frame()
    assert frame.columns.tolist() == ["open", "high", "low", "close"]
    assert frame["close"].iloc[-1] == 85.4151


@needs_market
@pytest.mark.parametrize(
    ("name", "bars", "per_year", "gaps"),
    [
        # rows by `wc -l` less the header; gaps from PROVENANCE.md and the calendar of the exchange
        (
            "crypto_4h/BTCUSDT.csv",
            11_597,
            2190,
            ["8 gaps in time, the longest 1.3 days after 2018-02-08 00:00"],
        ),
        (
            "crypto_4h/ETHUSDT.csv",
            11_597,
            2190,
            ["8 gaps in time, the longest 1.3 days after 2018-02-08 00:00"],
        ),
        ("us_etf_daily/QQQ.csv", 6892, 252, ["3 gaps in time, the longest 7 days after 2001-09-10"]),
        (
            "crypto_1h/ETHUSDT_1h.csv",
            23_989,
            8760,
            ["5 gaps in time, the longest 5 hours after 2021-08-13 01:00"],
        ),
    ],
)
def test_market_file(name, bars, per_year, gaps):
    path = MARKET / name
    if not path.exists():
        pytest.skip(f"no {path}")
    prices = read_prices(path)
    assert len(prices.close) == bars
    assert bars_per_year(prices.time) == per_year
    assert list(prices.notes) == gaps


@needs_market
@pytest.mark.parametrize(
    ("name", "reason"),
    [
        (
            "rates/IRX_daily.csv",
            ", line 10926, column 'Close': a price must be > 0, got -0.02800000086426735",
        ),
    ],
)
def test_market_file_without_prices(name, reason):
    path = MARKET / name
    if not path.exists():
        pytest.skip(f"no {path}")
    with pytest.raises(ReadError) as error:
        read_prices(path)
    assert str(error.value) == f"{path}{reason}"
