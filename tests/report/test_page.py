"""Reports: one file that loads nothing, whose pictures speak, of well-formed HTML."""

import io
import json
import os
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from shortgamma import cli
from shortgamma.report import Document, Figure, Lines, Section, Table, to_html, to_text

pytest.importorskip("matplotlib.figure")
MARKET = Path(os.environ.get("SHORTGAMMA_MARKET", Path(__file__).resolve().parents[3] / "shared" / "market"))
VOID = {"meta", "link", "br", "img", "hr"}


class Reader(HTMLParser):
    """Elements, their attributes and texts; an end that fits no start is refused."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.texts = [], [], []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if data.strip():
            self.texts.append((self.open[-1] if self.open else "", data.strip()))

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


def check(page, figures):
    reader = Reader(page)
    assert len(page.encode()) < 1_000_000
    assert len(reader.all("svg")) == figures
    assert all(each["role"] == "img" and len(each["aria-label"]) > 20 for each in reader.all("svg"))
    # the JSON is data, which nothing runs
    assert [each["type"] for each in reader.all("script")] == ["application/json"]
    names = [each["id"] for _, each in reader.elements if "id" in each]
    assert len(names) == len(set(names))
    used = re.findall(r"url\(#([^)]+)\)", page) + [each["xlink:href"][1:] for each in reader.all("use")]
    assert set(used) <= set(names)
    loads = [
        value for _, each in reader.elements for key, value in each.items() if key in ("src", "href", "xlink:href")
    ]
    assert all(value.startswith(("#", "data:")) for value in loads)
    assert "prefers-color-scheme: dark" in page
    assert "@media print" in page
    # ink is the page's, whatever the scheme
    assert "currentColor" in page
    assert "#010203" not in page
    return reader


def test_a_run(tmp_path, capsys):
    target, numbers = tmp_path / "out.html", tmp_path / "out.json"
    assert cli.main(["run", "--report", str(target), "--json", str(numbers)]) == 0
    said = capsys.readouterr().out
    assert said.endswith(f"\nnumbers written to {numbers}\nreport written to {target}\n")
    page = target.read_text(encoding="utf-8")
    reader = check(page, 6)
    headings = [text for tag, text in reader.texts if tag == "h2"]
    assert headings == ["Leveraged tokens", "Knock-in put", "Funding", "Liquidation"]
    data = next(text for tag, text in reader.texts if tag == "script")
    assert json.loads(data) == json.loads(numbers.read_text(encoding="utf-8"))
    # every cell of the printed tables stands in the page
    cells = {text for tag, text in reader.texts if tag == "td"}
    assert "+3x" in cells
    assert any(cell.startswith("nearest") for cell in cells)
    # made twice, it is the same
    assert cli.main(["run", "--report", str(target), "--quiet"]) == 0
    assert target.read_text(encoding="utf-8") == page


@pytest.mark.skipif(not MARKET.is_dir(), reason=f"no market files in {MARKET}")
@pytest.mark.parametrize(
    ("arguments", "figures"),
    [
        (["run", "us_etf_daily/QQQ.csv", "--compare", "us_etf_daily/TQQQ.csv"], 5),
        (["funding", "funding/bitmex_XBTUSD_funding_2016-05_2020-11.csv"], 1),
        (["carry", "carry/options/deribit_btc_dated_futures_2021-06_2021-07.csv", "--venue", "deribit"], 1),
        (["carry", "carry/cme_btc/cme_btc_constant_maturity_2019_2024.csv"], 1),
        (["flows", "dealer/cboe_spx_2024-01-05.csv", "--calls", "1", "--puts", "-1"], 2),
    ],
)
def test_market_files(tmp_path, arguments, figures):
    arguments = [str(MARKET / word) if word.endswith(".csv") else word for word in arguments]
    for word in arguments:
        if word.endswith(".csv") and not Path(word).exists():
            pytest.skip(f"no market file: {word} is absent")
    target = tmp_path / "out.html"
    assert cli.main([*arguments, "--report", str(target), "--quiet"]) == 0
    check(target.read_text(encoding="utf-8"), figures)


def drawing():
    from matplotlib.figure import Figure as Canvas

    ax = Canvas().add_subplot()
    ax.plot([0, 1], [0, 1])
    ax.set_title("a < b & c")
    return ax


DOCUMENT = Document(
    "Title & <tag>",
    "detail",
    [Table(["name", "a\nnumber"], [["x<y", "1"], ["", "2"]], [0], "after"), Lines(["one & two"], "  * ")],
    [Section("LOUD NAME", "of it", [Lines(["three"]), Figure(drawing, "A line that rises from 0 to 1")], "Loud NAME")],
)


def test_markup_is_escaped():
    page = to_html(DOCUMENT, version="1", data='{"a": "</script><script>alert(1)</script><!--"}')
    reader = check(page, 1)
    texts = reader.texts
    assert ("h1", "Title & <tag>") in texts
    assert ("td", "x<y") in texts
    assert ("h2", "Loud NAME") in texts
    assert (
        json.loads(next(text for tag, text in texts if tag == "script"))["a"]
        == "</script><script>alert(1)</script><!--"
    )


@pytest.mark.thread_unsafe(reason="monkeypatch")
def test_progress_on_a_terminal(tmp_path, monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    assert cli.main(["run", "--only", "barrier,liquidation", "--quiet", "--report", str(tmp_path / "out.html")]) == 0
    lines = terminal.getvalue().split("\r")
    assert lines[1:4] == [f"drawing picture {number} of 3" for number in (1, 2, 3)]
    assert lines[4].isspace()
    assert lines[5] == ""


def test_text():
    assert to_text(DOCUMENT, 40) == (
        "Title & <tag>\ndetail\n\n"
        "             a\n  name  number\n  x<y        1\n             2    after\n\n  * one & two\n\n"
        "LOUD NAME  of it\n  three\n"
    )


def test_words_of_the_last_column_go_on_below():
    table = Table(["", "", ""], [["name", "12", "what it is about, in some words"], ["other", "3", "short"]], [0, 2])
    assert to_text(Document("", "", [table]), 36).strip("\n") == (
        "  name   12  what it is about, in\n             some words\n  other   3  short"
    )


def test_wide_tables_are_split():
    table = Table(["", "first", "second", "third"], [["x", "1", "2", "3"], ["y", "4", "5", "6"]])
    assert to_text(Document("", "", [table]), 20).strip("\n") == (
        "     first  second\n  x      1       2\n  y      4       5\n\n     third\n  x      3\n  y      6"
    )
