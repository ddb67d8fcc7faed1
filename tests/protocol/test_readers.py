"""What holds for every reader of ``sg.io``: what it takes, what it opens, and how it refuses."""

import csv
import io
import json
import os
import tempfile
import warnings
from pathlib import Path

import pytest

import shortgamma as sg
from shortgamma.io import ReadError

DAY, HOUR = 86_400_000, 3_600_000
START = 1_704_067_200_000

# A good source of each reader as rows, and what the reader needs beside it.
CASES = {
    "read_prices": ([{"time": START + DAY * i, "close": 100.0 + i} for i in range(5)], {}),
    "read_funding": ([{"time": START + 8 * HOUR * i, "fundingRate": 1e-4, "symbol": "X"} for i in range(5)], {}),
    "read_tiers": ([{"lower": 0.0, "rate": 0.004}, {"lower": 5e4, "rate": 0.005}], {}),
    "read_futures": (
        [
            {"time": "2024-01-05 08:00", "expiry": "2024-02-23 08:00", "price": 101.0, "spot": 100.0},
            {"time": "2024-01-05 08:00", "expiry": "2024-03-29 08:00", "price": 102.5, "spot": 100.0},
        ],
        {},
    ),
    "read_chain": (
        [
            {"date": "2026-01-23T16:00", "instrument_name": name, "open_interest": 265.2, "mark_iv": 35.09}
            for name in ("BTC-13FEB26-100000-C", "BTC-13FEB26-100000-P")
        ],
        {},
    ),
}
# Readers of text alone.
TEXT_ONLY = {"read_chain"}
READERS = [name for name in dir(sg.io) if name.startswith("read_")]


def as_text(rows, delimiter=","):
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def refused(name, source):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ReadError) as error:
            getattr(sg.io, name)(source, **CASES[name][1])
    message = str(error.value)
    assert message.isprintable()
    assert len(message) <= 280
    return message


def test_every_reader_has_a_case():
    assert set(READERS) == CASES.keys()


@pytest.mark.parametrize("name", READERS)
def test_paths_and_open_files(name, tmp_path):
    rows, keywords = CASES[name]
    reader = getattr(sg.io, name)
    text = as_text(rows)
    expected = repr(reader(io.StringIO(text), **keywords))
    path = Path(tempfile.mkdtemp(dir=tmp_path), "good.csv")
    for encoding in ("utf-8", "utf-8-sig", "utf-16"):
        path.write_bytes(text.encode(encoding))
        assert repr(reader(path, **keywords)) == expected
        assert repr(reader(str(path), **keywords)) == expected
        with path.open("rb") as file:
            assert repr(reader(file, **keywords)) == expected
    path.write_text(text.replace("\n", "\r\n"), newline="")
    assert repr(reader(path, **keywords)) == expected


@pytest.mark.parametrize("name", sorted(set(READERS) - TEXT_ONLY))
def test_rows_frames_and_json(name):
    rows, keywords = CASES[name]
    reader = getattr(sg.io, name)
    expected = repr(reader(rows, **keywords))
    for source in (
        tuple(rows),
        {"code": "0", "data": rows},
        io.StringIO(json.dumps(rows)),
        io.StringIO(json.dumps({"result": {"list": rows}})),
        io.StringIO(as_text(rows, ";")),
        [list(rows[0]), *(list(row.values()) for row in rows)],
        {column: [row[column] for row in rows] for column in rows[0]},
    ):
        assert repr(reader(source, **keywords)) == expected
    pd = pytest.importorskip("pandas")
    assert repr(reader(pd.DataFrame(rows), **keywords)) == expected
    pl = pytest.importorskip("polars")
    assert repr(reader(pl.DataFrame(rows), **keywords)) == expected


@pytest.mark.parametrize("name", READERS)
def test_refused_alike(name, tmp_path):
    folder = Path(tempfile.mkdtemp(dir=tmp_path))
    assert refused(name, folder).endswith(": is a directory, not a file")
    assert refused(name, folder / "none").endswith(": no such file")
    assert refused(name, "").endswith(": no such file")
    assert refused(name, "a\0b").endswith(": no such file")
    if Path("/dev/zero").exists():
        assert refused(name, "/dev/zero") == "/dev/zero: is a device, not a file"
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "pipe")
        assert refused(name, folder / "pipe").endswith(": is a pipe, not a file")
    for data in (
        b"",
        b"\n",
        b"\x1f\x8b\x08",
        b"a,b\n\xff\xff,1\n",
        b"a,b\n\0,1\n",
        b"a,b\n1,2\n",
        b"\x1b[31m,\x07\n1,2\n",
    ):
        refused(name, io.BytesIO(data))
    good = folder / "good.csv"
    good.write_text(as_text(CASES[name][0]))
    for text in (
        '{"data": "good.csv"}',
        f'{{"result": "{good}"}}',
        '"good.csv"',
        "{}",
        "[]",
        "[1]",
        "[[[",
        '{"code": -1}',
    ):
        (folder / "answer.json").write_text(text)
        refused(name, folder / "answer.json")


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("source", [7, None, 1.5, object(), b"good.csv", True])
def test_other_types_are_type_errors(name, source):
    with pytest.raises(TypeError, match=r"^source must be "):
        getattr(sg.io, name)(source, **CASES[name][1])


@pytest.mark.parametrize("name", READERS)
@pytest.mark.parametrize("cell", ["0.000_1", "\u0661", "true", "abc", "inf", "1e999", "\x1b[31m", "x" * 200_000])
def test_nonsense_in_a_number(name, cell):
    rows = [dict(row) for row in CASES[name][0]]
    column = next(key for key in ("close", "fundingRate", "rate", "price", "mark_iv") if key in rows[0])
    rows[1][column] = cell
    refused(name, io.StringIO(as_text(rows)))
