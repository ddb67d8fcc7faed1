"""The engine under all readers: which files are opened, what a message is, and that both ways of reading agree."""

import io
import json
import os
import random
import socket
import struct
import sys
import tempfile
import threading
from pathlib import Path

import numpy as np
import pytest

import shortgamma as sg
from shortgamma._core.cells import KINDS, Scanner
from shortgamma.io import ReadError, read_funding, read_prices, read_tiers
from shortgamma.io._engine import Clocks, Labels, Numbers, TextTable, Times, open_table
from shortgamma.io._engine import table as tables
from shortgamma.io._engine.cells import Bad
from shortgamma.io._engine.errors import LONGEST
from shortgamma.io._engine.source import Source

READERS = (read_prices, read_funding, read_tiers)
OPENED: list[str] = []
WATCHED = threading.local()


def watch(event, arguments):
    # a number is a file that is open already
    if event == "open" and getattr(WATCHED, "on", False) and not isinstance(arguments[0], int):
        OPENED.append(os.fsdecode(arguments[0]))


sys.addaudithook(watch)


def refused(reader, source):
    with pytest.raises(ReadError) as error:
        reader(source)
    message = str(error.value)
    assert message.isprintable()
    assert len(message) <= LONGEST
    return message


def folder_of(tmp_path):
    # a folder of its own: the same test may run in several threads
    return Path(tempfile.mkdtemp(dir=tmp_path))


class TestFiles:
    @pytest.mark.parametrize("reader", READERS)
    def test_what_is_no_file(self, tmp_path, reader):
        folder = folder_of(tmp_path)
        assert refused(reader, folder).endswith(": is a directory, not a file")
        assert refused(reader, folder / "none.csv").endswith("none.csv: no such file")
        assert refused(reader, folder / "none" / "none.csv").endswith("none.csv: no such file")
        assert refused(reader, "a\0b") == "a\\x00b: no such file"
        assert refused(reader, "") == "'': no such file"
        assert refused(reader, "x" * 5000).endswith(": cannot be read (File name too long)")

    @pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes")
    @pytest.mark.parametrize("reader", READERS)
    def test_a_pipe_is_not_waited_for(self, tmp_path, reader):
        path = folder_of(tmp_path) / "pipe.csv"
        os.mkfifo(path)
        assert refused(reader, path).endswith("pipe.csv: is a pipe, not a file")
        link = path.with_name("link.csv")
        link.symlink_to(path)
        assert refused(reader, link).endswith("link.csv: is a pipe, not a file")

    @pytest.mark.skipif(not hasattr(socket, "AF_UNIX") or sys.platform == "win32", reason="no sockets in files")
    def test_socket(self, tmp_path):
        path = folder_of(tmp_path) / "s"
        if len(str(path)) > 100:
            pytest.skip("the path is too long for a socket")
        with socket.socket(socket.AF_UNIX) as server:
            server.bind(str(path))
            assert refused(read_prices, path).endswith(": is a socket, not a file")

    @pytest.mark.skipif(not Path("/dev/zero").exists(), reason="no devices")
    @pytest.mark.parametrize("reader", READERS)
    def test_devices(self, reader):
        for name in ("/dev/zero", "/dev/null"):
            assert refused(reader, name) == f"{name}: is a device, not a file"

    def test_a_loop_of_links(self, tmp_path):
        path = folder_of(tmp_path) / "loop"
        path.symlink_to(path)
        assert "cannot be read" in refused(read_prices, path)

    @pytest.mark.parametrize("reader", READERS)
    @pytest.mark.parametrize("key", ["result", "data", "list", "rates", "rows", "prices", "brackets", "tiers"])
    def test_no_text_in_a_file_is_a_path(self, tmp_path, reader, key):
        folder = folder_of(tmp_path)
        other = folder / "other.csv"
        other.write_text("time,fundingRate,close\n2024-01-01,0.1,1\n2024-01-02,0.1,1\n")
        for name in (str(other), "self.json", "/dev/zero"):
            inner = random.Random(name).choice([f'"{name}"', f'["{name}"]', f'{{"list": "{name}"}}'])
            path = folder / "self.json"
            path.write_text(f'{{"{key}": {inner}}}')
            OPENED.clear()
            WATCHED.on = True
            try:
                refused(reader, path)
            finally:
                WATCHED.on = False
            assert set(OPENED) == {str(path)}

    def test_an_object_that_holds_itself(self):
        data = {"result": None}
        data["result"] = data
        rows = []
        rows.append(rows)
        for reader in READERS:
            assert "has no list of rows" in refused(reader, data)
            refused(reader, rows)
        for reader in READERS:
            refused(reader, io.StringIO("[" * 100_000))
            refused(reader, io.StringIO('{"a":' * 100_000))

    def test_open_files(self):
        class Broken(io.RawIOBase):
            def read(self, size=-1):
                raise OSError("the disk is gone")

        assert refused(read_prices, Broken()) == "source: cannot be read (the disk is gone)"
        with pytest.raises(TypeError, match="source must be an open file of text or bytes, got one of list"):
            read_prices(type("Lists", (), {"read": lambda self, size=-1: []})())
        closed = io.StringIO("time,close\n")
        closed.close()
        assert "cannot be read" in refused(read_prices, closed)

    @pytest.mark.parametrize("reader", READERS)
    def test_encodings(self, reader):
        assert refused(reader, io.BytesIO(b"\x1f\x8b\x08abc")) == "source: is compressed (gzip), unpack it first"
        assert refused(reader, io.BytesIO(b"time,close\n\xe9,1\n")) == "source, line 2: is not UTF-8 text"
        assert refused(reader, io.BytesIO(b"time,close\n1,\0\n")) == "source, line 2: is binary, not text"
        assert refused(reader, io.BytesIO("time,close\n".encode("utf-16")[:-1])) == "source, line 1: is not UTF-16 text"
        assert refused(reader, io.BytesIO(b"")) == "source: is empty"
        assert refused(reader, io.BytesIO(b"\xef\xbb\xbf \r\n")) == "source: is empty"
        assert refused(reader, io.StringIO("time,close\n\udcff,1\n")) == "source, line 2: is not UTF-8 text"

    def test_long_lines_and_cells(self):
        cell = "x" * 200_000
        text = f"time,close\n2024-01-01,1\n2024-01-02,{cell}\n"
        assert refused(read_prices, io.StringIO(text)) == "source, line 3: a cell has more than 131,072 characters"
        text = f'time,close\n2024-01-01,1\n2024-01-02,"{cell}"\n'
        assert refused(read_prices, io.StringIO(text)) == "source, line 3: a cell has more than 131,072 characters"
        text = f"time,close\n2024-01-01,1\n{'1,' * 4_000_000}"
        assert refused(read_prices, io.StringIO(text)) == "source, line 3: has more than 4 MB"

    def test_progress(self, tmp_path):
        path = folder_of(tmp_path) / "long.csv"
        path.write_text("time,close\n" + "".join(f"{1_600_000_000 + i},1\n" for i in range(300_000)))
        calls = []
        read_prices(path, progress=lambda done, total: calls.append((done, total)))
        size = path.stat().st_size
        assert calls[-1] == (size, size)
        assert len(calls) >= size >> 20


class TestMessages:
    def test_control_characters(self):
        marks = "\x1b[31m\u202e\x07\x00\r"
        for source in (
            [{"time": 1577836800000, "fundingRate": 0.1, marks: 1}, {"time": marks, "fundingRate": 0.1, marks: 1}],
            [{"time": 1577836800000, "fundingRate": marks}],
            [{marks: 1}],
            [{"time": 1577836800000, "symbol": marks, "fundingRate": 0.0001}],
            {marks: marks},
        ):
            message = refused(read_funding, source)
            assert "\\x1b" in message

    def test_length(self):
        names = [f"{'name' * 20}{i}" for i in range(100)]
        message = refused(read_funding, [dict.fromkeys(names, 1)])
        assert len(message) <= LONGEST
        message = refused(read_prices, f"/tmp/{'folder/' * 50}prices.csv")
        assert message.startswith("...")
        assert message.endswith("folder/prices.csv: no such file")
        refused(read_funding, [{"time": "9" * 100_000, "fundingRate": 0.1}])
        refused(read_funding, [{"time": 10**400, "fundingRate": 0.1}])
        refused(read_funding, io.StringIO('[{"time": 1' + "0" * 5000 + ', "fundingRate": 0.1}]'))

    @pytest.mark.parametrize("reader", READERS)
    def test_wrong_arguments(self, reader):
        rows = [{"time": 1577836800, "close": 1, "fundingRate": 0, "lower": 0, "rate": 0.1}]
        for symbol in (5, b"BTC", ["BTC"], float("nan")):
            with pytest.raises(TypeError, match=r"^symbol must be a string, got "):
                reader(rows, symbol=symbol)
        if reader is not read_tiers:
            with pytest.raises(TypeError, match=r"^progress must be callable, got int$"):
                reader(rows, progress=5)

    def test_it_is_a_value_error(self):
        assert issubclass(ReadError, ValueError)
        assert str(ReadError("a\nb\x1b" + "c" * 1000)) == "a\\nb\\x1b" + "c" * (LONGEST - 11) + "..."


def exact(values):
    return np.array([float(value) for value in values])


class TestScanner:
    """The compiled loop against ``float``, ``numpy.datetime64`` and the ``csv`` module."""

    def scan(self, kind, cells, dtype):
        data = "".join(f"{cell},\n" for cell in cells).encode()
        out = np.zeros(len(cells), dtype)
        scanner = Scanner(",", 2, [0], [KINDS[kind]], [{}])
        rows, lines, place, odd = scanner.scan(data, 0, True, [out])
        assert rows == lines == len(cells), cells[rows]
        assert (place, odd) == (len(data), False)
        return out

    def test_numbers(self):
        draw = random.Random(3)
        cells = ["0", "-0.0", "1.", ".5", "+7", "9007199254740993", "9007199254740993.0", "1e22", "1e23", "5e-324"]
        cells += ["0.1", "123456789012345678901234567890", "1.7976931348623157e308", "0.000000000000000000000000001"]
        # halfway between two doubles, and a little beside
        cells += ["9007199254740992.5", "4503599627370497.5", "4503599627370496.5", "4503599627370497.4999999999999999"]
        cells += ["0.50000000000000011102230246251565", "1125899906842624.125", "1125899906842624.375"]
        for _ in range(20_000):
            cells.append(repr(struct.unpack("d", struct.pack("Q", draw.getrandbits(64)))[0]))
            cells.append(f"{draw.uniform(0, 1e6):.{draw.randint(0, 17)}f}")
            cells.append(f"{draw.getrandbits(draw.randint(1, 70))}.{draw.getrandbits(draw.randint(1, 70))}")
            cells.append(f"{draw.randint(0, 99_999)}.{draw.randint(0, 99_999):05}e{draw.randint(-40, 40)}")
        cells = [cell for cell in cells if "n" not in cell]
        np.testing.assert_array_equal(self.scan("number", cells, "f8"), exact(cells))

    def test_percent(self):
        draw = random.Random(4)
        cells = [f"{draw.uniform(-1, 1):.{draw.randint(1, 16)}f}" for _ in range(5000)]
        expected = exact(f"{cell}e-2" for cell in cells)
        np.testing.assert_array_equal(self.scan("percent", [f"{cell}%" for cell in cells], "f8"), expected)

    def test_times(self):
        draw = random.Random(5)
        stamps = [draw.randrange(-2_208_988_800, 7_258_118_400) for _ in range(5000)]
        for unit, scale in (("s", 1), ("ms", 1000), ("us", 10**6), ("ns", 10**9)):
            moments = np.array(stamps) * scale + np.array([draw.randrange(scale) for _ in stamps])
            expected = moments.astype(f"datetime64[{unit}]").astype("datetime64[ns]").view("i8")
            cells = moments.astype(f"datetime64[{unit}]").astype(str).tolist()
            np.testing.assert_array_equal(self.scan("local", cells, "i8"), expected)
            spaced = [cell.replace("T", " ").replace("-", "/") for cell in cells]
            np.testing.assert_array_equal(self.scan("local", spaced, "i8"), expected)
            for zone, hours in (("Z", 0), (" UTC", 0), ("+05:30", 5.5), ("-0330", -3.5), (" +08", 8)):
                shifted = expected - int(hours * 3600) * 10**9
                np.testing.assert_array_equal(self.scan("zoned", [cell + zone for cell in cells], "i8"), shifted)
            inside = [moment for moment in moments.tolist() if 631_152_000 <= moment // scale < 4_102_444_800]
            np.testing.assert_array_equal(
                self.scan("epoch", inside, "i8"), np.array(inside) * (10**9 // scale), err_msg=unit
            )
        days = (np.array(stamps) // 86_400).astype("datetime64[D]")
        cells = [str(day).replace("-", "") for day in days]
        np.testing.assert_array_equal(self.scan("compact", cells, "i8"), days.astype("datetime64[ns]").view("i8"))
        np.testing.assert_array_equal(
            self.scan("local", days.astype(str).tolist(), "i8"), days.astype("datetime64[ns]").view("i8")
        )

    @pytest.mark.parametrize(
        ("kind", "cells"),
        [
            ("number", "1_0 1,0 nan inf 0x1 1e 1e+ e5 . - + -- 1.2.3 1e9999 1e400 ١ 1% $1 (1)"),
            ("percent", "1 % 1%% x% .% 1_0%"),
            ("epoch", "0 -5 2020 20200101 43831 99999999999 1704067200.5 1e9 9999999999999999999 18446744073709551616"),
            ("local", "2020-13-01 2020-00-10 2020-02-30 2021-02-29 1900-02-29 2020-01-01T24:00 2020-01-01T23:60"),
            ("local", "2020-01-01T23:59:60 2020-01-01T 2020-01-01T1:00 1899-12-31 2200-01-01 2020-1-1 2020-01/01"),
            ("local", "2020-01-01T00:00Z 2020-01-01T00:00:00. 2020-01-01T00:00:00.1234567890 20200101 today"),
            ("zoned", "2020-01-01T00:00 2020-01-01T00:00+24:00 2020-01-01T00:00+1 2020-01-01T00:00+12:60"),
            ("compact", "20200230 2020010 202001011 20200101T1 00000000"),
            ("clock", "24:00 12 12:60 1:00 noon 12:00:60"),
            ("label", "B"),
        ],
    )
    def test_what_it_leaves_to_the_reader(self, kind, cells):
        dtype = "f8" if kind in ("number", "percent") else "i4" if kind == "label" else "i8"
        scanner = Scanner(",", 2, [0], [KINDS[kind]], [{b"A": 0}])
        for cell in cells.split():
            data = f"{cell},\n".encode() if cell != "1,0" else b'"1,0",\n'
            assert scanner.scan(data, 0, True, [np.zeros(3, dtype)]) == (0, 0, 0, True), cell

    @pytest.mark.parametrize(
        ("line", "rows", "odd"),
        [
            (b"1,2,3\n", 1, False),
            (b"1,2,3\r\n", 1, False),
            (b"1,2,3\r", 1, False),
            (b"1,2,3", 1, False),
            (b"  1 , 2 , 3 \n", 1, False),
            (b'"1","2","3"\n', 1, False),
            (b"1,2,3,,\n", 1, False),
            (b"\n", 0, False),
            (b"   \n", 0, False),
            (b",,\n", 0, True),
            (b"1,2\n", 0, True),
            (b"1,2,3,4\n", 0, True),
            (b'1,2,3"\n', 0, True),
            (b'1,"2"x,3\n', 0, True),
            (b'1,"2""",3\n', 0, True),
            (b'1,"2\n",3\n', 0, True),
            (b'1,"2', 0, True),
        ],
    )
    def test_lines(self, line, rows, odd):
        scanner = Scanner(",", 3, [0, 2], [KINDS["number"]] * 2, [{}, {}])
        arrays = [np.zeros(3), np.zeros(3)]
        got = scanner.scan(line, 0, True, arrays)
        assert got == (rows, 0 if odd else 1, 0 if odd else len(line), odd)
        if rows:
            assert [array[0] for array in arrays] == [1, 3]

    def test_lines_that_go_on(self):
        scanner = Scanner(",", 2, [0], [KINDS["number"]], [{}])
        for data in (b"1,2\n3,4", b"1,2\n3,4\r", b'1,2\n3,"4', b"1,2\n3", b"1,2\n"):
            assert scanner.scan(data, 0, False, [np.zeros(3)]) == (1, 1, 4, False)

    def test_wrong_arguments(self):
        scanner = Scanner(",", 2, [0, 1], [KINDS["number"], KINDS["label"]], [{}, {}])
        good = [np.zeros(3), np.zeros(3, "i4")]
        for arrays in ([good[0]], [good[0], np.zeros(2, "i4")], [good[0], np.zeros(3)], [np.zeros(6)[::2], good[1]]):
            with pytest.raises(ValueError, match="arrays"):
                scanner.scan(b"1,2\n", 0, True, arrays)
        for start in (-1, 5):
            with pytest.raises(ValueError, match="start"):
                scanner.scan(b"1,2\n", start, True, good)
        with pytest.raises(ValueError, match="too many columns"):
            Scanner(",", 99, list(range(17)), [0] * 17, [{}] * 17)


def made_up(draw, count=3000):
    """A table with all that exports have, and all that they should not."""
    delimiter = draw.choice(",;\t|")
    end = draw.choice(["\n", "\r\n", "\r"])
    form = draw.choice(["epoch", "mixed", "iso", "zoned"])
    lines = []
    for i in range(count):
        stamp = 1_577_836_800_000 + 60_000 * i
        time = {
            "epoch": f"{stamp}",
            "mixed": f"{stamp * draw.choice([1, 1000])}",
            "iso": str(np.datetime64(stamp, "ms")),
            "zoned": f"{np.datetime64(stamp, 'ms')}Z",
        }[form]
        number = draw.choice([f"{draw.uniform(0, 1e5):.4f}", repr(draw.uniform(0, 1e-3)), str(draw.randrange(10**6))])
        odd = draw.random()
        if odd < 0.02:
            number = draw.choice(["", "nan", "null", '"1,234.5"', '" 7 "', "1e3", "1E+3", "0.12345678901234567890123"])
        name = draw.choice(["A", "A", "A", "B", "\u00e9"]) if odd < 0.5 else "A"
        text = draw.choice(['"x ""y"" z"', '"two' + end + 'lines"', "plain", ""]) if odd < 0.03 else "plain"
        lines.append(delimiter.join([name, time, text, number]))
        if odd > 0.99:
            lines.append(draw.choice(["", "   ", delimiter * 3, delimiter.join(["symbol", "time", "text", "value"])]))
    header = delimiter.join(["symbol", "time", "text", "value"])
    text = end.join([header, *lines]) + draw.choice(["", end, end + end])
    return text.encode(draw.choice(["utf-8", "utf-8-sig", "utf-16"]))


class TestBothWays:
    """What the compiled loop and the rules in Python read is the same, wherever one gives way to the other."""

    def read(self, data, loop, monkeypatch):
        if not loop:
            monkeypatch.setattr(tables, "MOST_COLUMNS", 0)
        table = open_table(io.BytesIO(data), known={"symbol", "time", "value"})
        assert isinstance(table, TextTable)
        columns = {0: Labels(), 1: Times(), 3: Numbers()}
        table.read(columns)
        (codes, names), stamps, values = table.finish(columns)
        places = [table.where(row) for row in range(0, table.rows, 211)]
        return [names[code] for code in codes], stamps.tolist(), values.tolist(), table.notes, table.rows, places

    @pytest.mark.thread_unsafe(reason="monkeypatch")
    @pytest.mark.parametrize("seed", range(30))
    def test_the_same(self, seed, monkeypatch):
        data = made_up(random.Random(seed))
        with monkeypatch.context() as patch:
            # small pieces: lines, characters and line ends are cut everywhere
            patch.setattr("shortgamma.io._engine.source.PIECE", 1 + seed * 97)
            fast = self.read(data, True, patch)
        with monkeypatch.context() as patch:
            slow = self.read(data, False, patch)
        assert repr(fast) == repr(slow)

    @pytest.mark.parametrize("bad", ["-1.5", "0", "abc", "inf", "1e400", "1_0"])
    def test_the_line_of_a_bad_cell(self, bad):
        lines = [f"{1_600_000_000 + i},1.5" for i in range(50_000)]
        lines[40_000] = f"{1_600_040_000},{bad}"
        lines[10_000] += "\n"
        message = refused(read_prices, io.StringIO("time,close\n" + "\n".join(lines)))
        assert message.startswith("source, line 40003, column 'close': ")


def json_rows(draw, count=1500):
    """Rows as answers have them, with all that JSON allows."""
    rows = []
    named = draw.random() < 0.7
    for i in range(count):
        stamp = 1_577_836_800_000 + 60_000 * i
        value = draw.choice([f"{draw.uniform(0, 1e5):.4f}", draw.uniform(0, 1e-3), draw.randrange(10**6), f" {i}.5 "])
        row = {"symbol": draw.choice("AAAB"), "time": stamp, "text": "plain", "value": value, "flag": True}
        if draw.random() < 0.02:
            row["value"] = draw.choice(["", None, "1,234.5", 1e300, "1e3", 0, -0.0, 123456789012345678901234567890])
            row["text"] = draw.choice(["\u00e9\U0001f600", 'a "b"', "\\", "[{", None, [1, {"a": 2}], {"b": "}"}])
        if named and draw.random() < 0.01:
            row = dict(sorted(row.items()))
        rows.append(row if named else list(row.values())[:4])
    text = json.dumps(rows, ensure_ascii=draw.random() < 0.5, indent=draw.choice([None, 1]))
    return (draw.choice(["", " ", "\n"]) + text + draw.choice(["", "\n"])).encode(draw.choice(["utf-8", "utf-16"]))


class TestLongJson:
    """Arrays that are read row by row give what they give when they are parsed as a whole."""

    def read(self, data):
        table = open_table(io.BytesIO(data), known={"symbol", "time", "value"})
        places = [table.names.index(name) for name in ("symbol", "time", "value")] if table.header else [0, 1, 3]
        columns = dict(zip(places, (Labels(), Times(), Numbers()), strict=True))
        table.read(columns)
        (codes, names), stamps, values = table.finish(columns)
        return [names[code] for code in codes], stamps.tolist(), values.tolist(), table.rows

    @pytest.mark.thread_unsafe(reason="monkeypatch")
    @pytest.mark.parametrize("seed", range(30))
    def test_the_same(self, seed, monkeypatch):
        data = json_rows(random.Random(seed))
        whole = self.read(data)
        with monkeypatch.context() as patch:
            patch.setattr("shortgamma.io._engine.opening.LONG", 0)
            patch.setattr("shortgamma.io._engine.source.PIECE", 1 + 1013 * seed)
            patch.setattr("shortgamma.io._engine.stream.WINDOW", 1 + 131 * seed)
            rows = self.read(data)
        assert repr(rows) == repr(whole)

    @pytest.mark.thread_unsafe(reason="monkeypatch")
    @pytest.mark.parametrize(
        ("text", "reason"),
        [
            ('[{"time": 1, "close": 2} {"time": 1, "close": 2}]', "row 1: is not followed by a comma"),
            ('[{"time": 1, "close": 2},]', "row 1: is not JSON: Expecting value"),
            ('[{"time": 1, "close": 2}', "row 1: is not JSON: Expecting value"),
            ('[{"time": 1600000000, "close": 2}] x', "is not JSON: more follows the list of rows"),
            ('[{"time": 1, "time": 2}]', "row 0: has the name 'time' twice"),
            ('[{"time": NaN}]', "row 0: is not JSON: NaN is not a number of it"),
            ('[{"time": 1' + "0" * 5000 + "}]", "row 0: holds a number of too many digits"),
            ("[" * 100_000, "row 0: is nested too deeply"),
            ("[]", "has no rows"),
            ("[1]", "is not a list of rows: it holds 1"),
            ('["x.csv"]', "is not a list of rows: it holds 'x.csv'"),
            ("[" + '{"time": 1600000000, "close": 2},' * 200 + '{"symbol": 1}]', "row 200: has the name 'symbol'"),
            ("[" + "[1600000000, 2]," * 200 + "[1600000000]]", "row 200: is not a list of 2 cells"),
            ("[" + "[1600000000, 2]," * 200 + "{}]", "row 200: is not a list of 2 cells"),
            ("[" + '{"time": 1600000000, "close": 2},' * 200 + "[]]", "row 200: is not an object with names"),
            ('[{"time": 1600000000, "close": "' + "x" * 6_000_000 + '"}]', "row 0: is longer than 4 MB"),
        ],
    )
    def test_refused(self, text, reason, monkeypatch):
        monkeypatch.setattr("shortgamma.io._engine.opening.LONG", 0)
        assert reason in refused(read_prices, io.StringIO(text))

    @pytest.mark.thread_unsafe(reason="monkeypatch")
    def test_objects_that_are_too_long(self, monkeypatch):
        monkeypatch.setattr("shortgamma.io._engine.opening.LONGEST", 100)
        message = refused(read_prices, io.StringIO('{"data": [' + '{"time": 1, "close": 2},' * 10 + "]}"))
        assert message == "source: is an object of more than 0 MB: give its list of rows alone, or text"


class TestColumns:
    def test_sides_of_bad(self):
        for column, cell in (
            (Numbers(), True),
            (Numbers(), [1]),
            (Numbers(), {"a": 1}),
            (Numbers(), 10**400),
            (Numbers(), float("inf")),
            (Numbers(), np.bool(True)),
            (Times(), True),
            (Times(), None),
            (Times(), float("nan")),
            (Times(), [1]),
            (Times(), 10**400),
            (Times(), np.datetime64("NaT")),
            (Clocks(), "25:00"),
            (Clocks(), None),
            (Labels(), "a\x1bb"),
            (Labels(), "\u202e"),
            (Labels(), "x" * 101),
            (Labels(), ["a"]),
        ):
            with pytest.raises(Bad) as bad:
                column.add([cell])
            assert bad.value.index == 0

    def test_thousands(self):
        for cells, expected in (
            (["1,234.5", "7"], [1234.5, 7]),
            (["1,234", "1,234,567"], [1234, 1_234_567]),
            (["-1,234.5"], [-1234.5]),
        ):
            column = Numbers()
            column.add(cells)
            assert column.done().tolist() == expected
        for cells in (["1,234"], ["1,234", "5,678"]):
            column = Numbers()
            column.add(cells)
            with pytest.raises(Bad, match=r"'1,234' may be 1234 or 1.234: write it without comma"):
                column.done()
        for cell in ("12,34", "1,2345.0", "1,234,56", ",123", "1.234,5"):
            with pytest.raises(Bad, match="is not a number"):
                Numbers().add([cell])

    def test_percent_is_for_all_or_none(self):
        for cells in (["0.01%", "0.01"], ["0.01", "0.01%"]):
            with pytest.raises(Bad, match="percent sign, unlike the rows before: write all alike"):
                Numbers(percent=True).add(cells)
        with pytest.raises(Bad, match="is not a number"):
            Numbers().add(["0.01%"])

    def test_month_or_day_first(self):
        day = Times()
        day.add(["01/02/2024", "13/02/2024"])
        month = Times()
        month.add(["01/02/2024", "01/13/2024"])
        assert day.done().tolist() == [1_706_745_600 * 10**9, 1_707_782_400 * 10**9]
        assert month.done().tolist() == [1_704_153_600 * 10**9, 1_705_104_000 * 10**9]
        for cells, message in (
            (["01/02/2024"], "day or month first is ambiguous"),
            (["13/01/2024", "01/13/2024"], "'01/13/2024' has its month first and '13/01/2024' its day"),
        ):
            column = Times()
            column.add(cells)
            with pytest.raises(Bad, match=message):
                column.done()
        for cell in ("13/13/2024", "31/02/2024", "00/01/2024", "1/2/24", "1/2/1800"):
            column = Times()
            with pytest.raises(Bad):
                column.add([cell, "01/13/2024" if cell[0] != "3" else "13/01/2024"])


def test_a_source_is_read_as_often_as_asked():
    source = Source(io.StringIO("a,b\n1,2\n"))
    assert list(source.pieces()) == list(source.pieces()) == [b"a,b\n1,2\n"]
    assert sg.io.ReadError is ReadError
