"""Broken files and nonsense in cells: read right, or refused in one line; nothing else ever happens.

``HYPOTHESIS_PROFILE=nightly`` makes 20,000 mutations of every format instead of some hundred.
"""

import io
import json
import os
import random
import re
import warnings
from pathlib import Path

import numpy as np
import pytest

from shortgamma.cli import main
from shortgamma.io import ReadError, read_funding, read_prices, read_tiers
from shortgamma.io._engine.errors import LONGEST

CASES = Path(__file__).resolve().parents[1] / "data" / "cases"
NIGHTLY = os.environ.get("HYPOTHESIS_PROFILE") == "nightly"
MUTATIONS = 20_000 if NIGHTLY else 150
SYMBOLS = ("BTCUSDT", "BTC-USDT-SWAP", "AAA")
# what is refused as it is
REFUSED = {"bin_pctnum.csv"}

TIERS = {
    "ccxt tiers": json.dumps(
        [
            {"symbol": "X", "minNotional": 0, "maxNotional": 5e4, "maintenanceMarginRate": 0.004, "info": {}},
            {"symbol": "X", "minNotional": 5e4, "maxNotional": None, "maintenanceMarginRate": 0.005, "info": {}},
        ]
    ),
    "Binance tiers": json.dumps(
        [
            {
                "symbol": "BTCUSDT",
                "brackets": [
                    {"notionalFloor": 0, "notionalCap": 50_000, "maintMarginRatio": 0.004},
                    {"notionalFloor": 50_000, "notionalCap": 250_000, "maintMarginRatio": 0.005},
                ],
            }
        ]
    ),
    "tiers as text": "lower,upper,rate\n0,50000,0.004\n50000,,0.005\n",
}
PRICES_JSON = json.dumps([[1_704_067_200_000 + 60_000 * i, "10", "12", "9", str(10 + i % 3), "1"] for i in range(8)])
FORMATS = {
    **{path.name: (read_funding, path.read_bytes()) for path in sorted((CASES / "funding").iterdir())},
    **{path.name: (read_prices, path.read_bytes()) for path in sorted((CASES / "prices").iterdir())},
    "klines.json": (read_prices, PRICES_JSON.encode()),
    "wide.csv": (read_prices, (CASES / "prices" / "cboe.csv").read_bytes().decode().encode("utf-16")),
    **{name: (read_tiers, text.encode()) for name, text in TIERS.items()},
}
# Short arrays, read as long ones are.
STREAMS = ("ccxt.json", "gate.json", "klines.json")
HOSTILE = (
    *("now", "today", "true", "null", "NaN", "Infinity", "-1", "0", "1e308", "-1e308", "1e999", "9" * 400, "0.000_1"),
    *("٠.٠٠٠١", "０", "\x1b[31m", "\u202e", "\0", "\u2028", "\ufeff", '"', '""', "'", ",", ";", "\t", "|", "\n", "\r"),
    *("\r\n", "[", "]", "{", "}", "[[", "{{", "[" * 5000, '{"a":' * 5000, ":", "\\", "\\ud800", "x" * 140_000, "%"),
    *("2020", "20200101", "43831", "1970-01-01", "2300-01-01", "0001-01-01", "2020-02-30", "1577836800", "+00:00"),
    *("/dev/zero", "/etc/hostname", '{"data": "/etc/hostname"}', "time", "date", "close", "fundingRate", "symbol"),
)


SWAPS = ((b",", b";"), (b"\n", b"\r"), (b"\n", b"\r\n"), (b'"', b"'"), (b".", b","), (b";", b","))


def mutated(draw, data, others):
    """Some damage, as discs, editors, scripts and enemies do it."""
    data = bytearray(data)
    for _ in range(draw.choice((1, 1, 1, 2, 3, 8))):
        size = max(len(data), 1)
        place, length = draw.randrange(size), draw.choice((1, 1, 2, 4, 8, 64))
        kind = draw.randrange(12)
        if kind == 0:
            data[place : place + 1] = bytes([draw.randrange(256)])
        elif kind == 1:
            del data[place : place + length]
        elif kind == 2:
            data[place:place] = draw.choice(HOSTILE).encode("utf-8", "surrogatepass")
        elif kind == 3:
            # a cell becomes another one
            cells = list(re.finditer(rb"[^,;\t|\r\n\[\]{}:\"]+", data))
            if cells:
                cell = draw.choice(cells)
                new = draw.choice((*HOSTILE, data[slice(*draw.choice(cells).span())].decode("utf-8", "replace")))
                data[cell.start() : cell.end()] = new.encode("utf-8", "surrogatepass")
        elif kind == 4:
            lines = data.splitlines(keepends=True)
            draw.shuffle(lines)
            data = bytearray(b"".join(lines))
        elif kind == 5:
            lines = data.splitlines(keepends=True)
            if lines:
                data[place:place] = draw.choice(lines) * draw.choice((1, 2))
        elif kind == 6:
            del data[place:]
        elif kind == 7:
            data = data.replace(
                *draw.choice(((b",", b";"), (b"\n", b"\r"), (b"\n", b"\r\n"), (b'"', b"'"), (b".", b",")))
            )
        elif kind == 8:
            data += draw.choice(others)
        elif kind == 9:
            text = data.decode("utf-8", "replace")
            data = bytearray(text.encode(draw.choice(("utf-16", "utf-16-be", "latin-1", "utf-32")), "replace"))
        elif kind == 10:
            digits = [i for i, byte in enumerate(data) if 48 <= byte <= 57]
            for i in draw.sample(digits, min(len(digits), length)):
                data[i] = 48 + draw.randrange(10)
        else:
            other = draw.choice(others)
            start = draw.randrange(max(len(other), 1))
            data[place : place + length] = other[start : start + length]
    return bytes(data)


def check(result):
    """What holds of everything that is read, whatever it was made of."""
    if hasattr(result, "margin"):
        assert result.lower[0] == 0
        assert (np.diff(result.lower) > 0).all()
        assert np.isfinite(result.lower).all()
        assert (np.diff(result.rate) >= 0).all()
        assert ((result.rate >= 0) & (result.rate < 1)).all()
        return
    assert (np.diff(result.time) > np.timedelta64(0)).all()
    assert result.symbol.isprintable()
    assert all(isinstance(note, str) and len(note.splitlines()) == 1 for note in result.notes)
    assert len(repr(result).splitlines()) <= 5
    if hasattr(result, "rate"):
        years = result.time.astype("datetime64[Y]").astype(int) + 1970
        assert ((years >= 1900) & (years < 2200)).all()
        assert len(result.time) == len(result.rate) == len(result.mark) == len(result.interval) == len(result.stamp)
        assert (np.abs(result.rate) < 0.25).all()
        assert (np.isnan(result.mark) | (result.mark > 0)).all()
        assert (result.interval > 0).all() or len(result.time) == 1
        assert (np.abs(result.time - result.stamp) <= np.timedelta64(5, "s")).all()
        return
    assert len(result.time) == len(result.close) >= 2
    assert ((result.close > 0) & np.isfinite(result.close)).all()
    for name in ("open", "high", "low"):
        values = getattr(result, name)
        assert values is None or (np.isnan(values) | (values > 0)).all()
    assert not (result.held < result.time).any()


def tried(reader, data, symbol=None):
    """Whether it was read."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            result = reader(io.BytesIO(data), symbol=symbol)
        except ReadError as error:
            message = str(error)
            assert message.startswith("source")
            assert message.isprintable()
            assert len(message) <= LONGEST
            return False
    check(result)
    return True


@pytest.mark.timeout(7200 if NIGHTLY else 300)
@pytest.mark.parametrize("name", FORMATS)
def test_mutations(name):
    reader, data = FORMATS[name]
    others = [other for kind, other in FORMATS.values() if kind is reader]
    read = 0
    for seed in range(MUTATIONS):
        draw = random.Random(f"{name} {seed}")
        broken = mutated(draw, data, others)
        try:
            read += tried(reader, broken, draw.choice((None, None, *SYMBOLS)))
        except Exception as error:
            raise AssertionError(f"seed {seed} of {name}: {broken[:300]!r}") from error
    # neither refuse all nor take all
    assert (read > 0) == (name not in REFUSED)
    assert read < MUTATIONS


@pytest.mark.thread_unsafe(reason="monkeypatch")
@pytest.mark.timeout(7200 if NIGHTLY else 300)
@pytest.mark.parametrize("name", STREAMS)
def test_mutations_of_long_arrays(name, monkeypatch):
    reader, data = FORMATS[name]
    others = [FORMATS[other][1] for other in STREAMS]
    for seed in range(MUTATIONS):
        broken = mutated(random.Random(f"{name} {seed}"), data, others)
        with monkeypatch.context() as patch:
            whole = tried(reader, broken)
            patch.setattr("shortgamma.io._engine.opening.LONG", 0)
            patch.setattr("shortgamma.io._engine.stream.WINDOW", 64)
            rows = tried(reader, broken)
        assert whole == rows, f"seed {seed} of {name}: {broken[:300]!r}"


@pytest.mark.parametrize("name", FORMATS)
def test_the_command_line(name, tmp_path_factory, capsys):
    reader, data = FORMATS[name]
    if reader is read_tiers:
        pytest.skip("no command reads tiers")
    folder = tmp_path_factory.mktemp("fuzz")
    others = [other for kind, other in FORMATS.values() if kind is reader]
    for seed in range(200 if NIGHTLY else 8):
        path = folder / f"{seed}.csv"
        path.write_bytes(mutated(random.Random(seed), data, others))
        code = main(["funding" if reader is read_funding else "run", str(path)])
        err = capsys.readouterr().err
        assert code in (0, 2)
        assert len(err.splitlines()) == (code == 2)
        assert len(err) <= 301
        assert err.rstrip("\n").isprintable()


# --- nonsense in one cell of a file that is right otherwise

TIMES = (
    *("now", "today", "yesterday", "noon", "never", "soon", "0", "1", "-5", "2020", "1999", "20200101", "20200131"),
    *("43831", "43831.5", "44000", "2020.5", "true", "false", "True", "nan", "inf", "-inf", "NaT", "null", "", " "),
    *(
        "1e308",
        "1e400",
        "-1577836800",
        "99999999999",
        "1577836800000000000000",
        "9" * 60,
        "0x5e0be100",
        "1_577_836_800",
    ),
    *("1,577,836,800,000", "٢٠٢٠-٠١-٠١", "２０２０-01-01", "١٥٧٧٨٣٦٨٠٠", "2020-13-01", "2020-00-10", "2020-01-00"),
    *("2020-02-30", "2021-02-29", "1900-02-29", "2020-01-01T24:00", "2020-01-01T23:60", "2020-01-01T23:59:60"),
    *("2020-01-01T00:00+25:00", "2020-01-01T00:00 CET", "2020-01-01 EST", "12:00", "T12:00", "2020-W01-1", "2020-001"),
    *(
        "2020-01",
        "2020-1-1",
        "20-01-01",
        "01-Jan-2020",
        "Jan 1 2020",
        "1 January 2020",
        "2020-01-01 noon",
        "2020/01-01",
    ),
    *("2020-01-01T", "2020-01-01T8", "2020-01-01T00:00:00.", "2020--01-01", "-2020-01-01", "0000-01-01", "1677-01-01"),
    *("9999-12-31", "2300-01-01", "10000-01-01", "13/13/2020", "1/2/20", "2020-01-01Z00:00", "\x1b[31m", "\u202e2020"),
    *("[1]", "{}", "None", "tomorrow 8am", "+1 day", "epoch", "1577836800s", "1577836800 ms"),
)
TIME_OBJECTS = (
    True,
    False,
    None,
    0,
    1,
    -5,
    2020,
    20200101,
    43831,
    43831.5,
    1e308,
    float("nan"),
    [],
    {},
    [1],
    10**30,
    10**400,
)
RATES = (
    *(
        "true",
        "false",
        "yes",
        "nan",
        "inf",
        "-inf",
        "Infinity",
        "null",
        "",
        "-",
        "1e308",
        "-1e308",
        "1e400",
        "1577836800",
    ),
    *(
        "-7000.5",
        "0.5",
        "-0.25",
        "1.0",
        "100",
        "0.000_1",
        "_1",
        "٠.٠٠٠١",
        "０.０００１",
        "0\u00a0.0001",
        "0,0001",
        "0.0.1",
    ),
    *(
        "--1",
        "+-1",
        "1e",
        "e5",
        ".",
        "+",
        "0x1p-13",
        "0x1",
        "1/3",
        "½",
        "∞",
        "$0.0001",
        "(0.0001)",
        "0.0001bps",
        "1 bp",
    ),
    *("0.01 % a day", "0.01%%", "%", "%0.01", "0.01 percent", "abc", "0.0001 0.0002", "1e-4.5", "0b1", "1j", "9" * 400),
    *("\x1b[0m", "\u202e0.0001", "0.0001\u200b", "−0.0001", "0.0001f", "0.0001d0", "#N/A!", "#DIV/0!", "=A1"),
)
RATE_OBJECTS = (
    True,
    False,
    None,
    [],
    {},
    [0.0001],
    10**400,
    float("nan"),
    float("inf"),
    0.25,
    -3,
    1577836800,
    "0.000_1",
)
INTERVALS = (
    *(
        "",
        "0",
        "-8",
        "8 parsecs",
        "soon",
        "inf",
        "nan",
        "1e300",
        "true",
        "8h8h",
        "2000-01-01T00:00:00Z",
        "2001-01-01T08:00Z",
    ),
    *("h", "8 8", "0.0", "8", "480", "28800", "1e1", "9999", "1M", "２", "8,0", "\x1b[31m"),
)
MARKS = ("-1", "inf", "-inf", "abc", "true", "1e999", "1_000", "٧", "$42,000", "42,00", "1e31", "0x1", "--", "1 2")[:-2]
CLOSES = (
    *("-1", "0", "0.0", "-0.0", "inf", "-inf", "1e999", "abc", "true", "1_0", "٧", "７", "$1", "1,5", "1.234,5", "0x1"),
    *("(1)", "1%", "1e", "--1", "1 2", "\x1b[31m", "½", "10.0 USD", "=1+1", "#REF!", "1'000"),
)
TIER_CELLS = ("true", "abc", "-1", "inf", "1e999", "0.00_4", "٧", "1.5", "0,004", "0.4%", "$5", "0x1", "--1", "1e")


def funding_text(column, cell):
    lines = []
    for i in range(6):
        row = {
            "fundingTime": f"2020-01-01T{3 * i:02}:00",
            "fundingRate": "0.0001",
            "markPrice": "42000",
            "fundingInterval": "3h",
        }
        if i == 3:
            row[column] = cell
        lines.append(",".join('"' + value.replace('"', '""') + '"' for value in row.values()))
    return "fundingTime,fundingRate,markPrice,fundingInterval\n" + "\n".join(lines) + "\n"


def prices_text(column, cell):
    lines = []
    for i in range(6):
        row = {"date": f"2020-01-0{i + 1}", "open": "10", "high": "12", "low": "9", "close": "11"}
        if i == 3:
            row[column] = cell
        lines.append(",".join('"' + value.replace('"', '""') + '"' for value in row.values()))
    return "date,open,high,low,close\n" + "\n".join(lines) + "\n"


NONSENSE = [
    *(("funding", "fundingTime", cell) for cell in TIMES),
    *(("funding", "fundingRate", cell) for cell in RATES),
    *(("funding", "fundingInterval", cell) for cell in INTERVALS),
    *(("funding", "markPrice", cell) for cell in MARKS),
    *(("prices", "date", cell) for cell in TIMES),
    *(("prices", "close", cell) for cell in CLOSES),
    *(("prices", "high", cell) for cell in CLOSES),
]


def test_nonsense_is_plenty():
    assert len(NONSENSE) >= 200


@pytest.mark.parametrize(("kind", "column", "cell"), NONSENSE)
def test_nonsense_in_text(kind, column, cell):
    text = funding_text(column, cell) if kind == "funding" else prices_text(column, cell)
    reader = read_funding if kind == "funding" else read_prices
    with pytest.raises(ReadError) as error:
        reader(io.StringIO(text))
    message = str(error.value)
    assert message.startswith("source, line 5, ")
    assert message.isprintable()
    # in the first row, which decides how the column is read
    lines = text.splitlines()
    with pytest.raises(ReadError):
        reader(io.StringIO("\n".join([lines[0], lines[4], *lines[1:4]])))


def test_files_without_nonsense_are_read():
    assert len(read_funding(io.StringIO(funding_text("fundingRate", "0.0002"))).rate) == 6
    assert len(read_prices(io.StringIO(prices_text("close", "11.5"))).close) == 6


@pytest.mark.parametrize("cell", TIME_OBJECTS)
def test_nonsense_for_times(cell):
    rows = [{"time": 1_577_836_800_000 + 28_800_000 * i, "fundingRate": 0.0001, "close": 1.0} for i in range(6)]
    rows[3]["time"] = cell
    for reader in (read_funding, read_prices):
        with pytest.raises(ReadError, match=r"^source, row 3, column 'time': "):
            reader(rows)


@pytest.mark.parametrize("cell", RATE_OBJECTS)
def test_nonsense_for_rates(cell):
    rows = [{"time": 1_577_836_800_000 + 28_800_000 * i, "fundingRate": 0.0001} for i in range(6)]
    rows[3]["fundingRate"] = cell
    with pytest.raises(ReadError, match=r"^source, row 3, column 'fundingRate': "):
        read_funding(rows)


@pytest.mark.parametrize("cell", TIER_CELLS)
def test_nonsense_in_tiers(cell):
    for row in (f"{cell.replace(',', '.')},0.004", f'0,"{cell}"'):
        text = f"lower,rate\n{row}\n5,0.5\n"
        if (row.endswith(",0.004") and cell in ("1.5", "0,004")) or row == '0,"0.4%"':
            continue
        with pytest.raises(ReadError):
            read_tiers(io.StringIO(text))
