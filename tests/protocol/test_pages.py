"""What pages are made with: the table of speed, links of the site."""

import importlib.util
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
if not (ROOT / "tools" / "links.py").is_file() or not (ROOT / "benches").is_dir():
    pytest.skip("the tree is not part of this copy of the tests", allow_module_level=True)


def load(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


HEADER = ("case", "ns", "peer")
PAGE = """# Speed

Words.

| case       |  ns | peer |
| ---------- | --: | ---- |
| a.one      |   1 | X    |
| b: two     |   2 |      |

More words.
"""


def test_rows_go_to_their_places(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    page = load("benches_page", ROOT / "benches" / "page.py")
    rows = [("b: two", "9", "Y"), ("a.three", "3", ""), ("c: four", "4", "")]
    text = page.updated(PAGE, HEADER, rows, "a machine, 2026-01-01", {0, 2})
    assert text.splitlines() == [
        "# Speed", "", "Words.", "", "Measured on a machine, 2026-01-01.", "",
        "| case    |  ns | peer |",
        "| ------- | --: | ---- |",
        "| a.one   |   1 | X    |",
        "| a.three |   3 |      |",
        "| b: two  |   9 | Y    |",
        "| c: four |   4 |      |",
        "", "More words.",
    ]  # fmt: skip
    # again, with another machine: nothing piles up
    again = page.updated(text, HEADER, rows[:1], "another", {0, 2})
    assert again == text.replace("a machine, 2026-01-01", "another")
    with pytest.raises(ValueError, match="no table that begins with 'case'"):
        page.updated("# Speed\n", HEADER, rows, "", {0})


def test_the_page_of_speed_can_be_written(monkeypatch):
    speed = ROOT / "docs" / "speed.md"
    if not speed.is_file():
        pytest.skip(f"the pages are not part of this copy of the tests: {speed} is absent")
    monkeypatch.syspath_prepend(str(ROOT))
    page = load("benches_page", ROOT / "benches" / "page.py")
    text = speed.read_text(encoding="utf-8")
    header = page.cells_of(next(line for line in text.splitlines() if line.startswith("| case")))
    rows = [tuple(page.cells_of(line)) for line in text.splitlines() if line.startswith("| funding: rate")]
    assert len(rows) == 1
    found = page.updated(text, tuple(header), rows, "x", {0, 3, 8})
    assert [line for line in found.splitlines() if line and not line.startswith("Measured on")] == [
        line for line in text.splitlines() if line and not line.startswith("Measured on")
    ]


def test_links_that_lead_nowhere(tmp_path):
    links = load("tools_links", ROOT / "tools" / "links.py")
    (tmp_path / "sub").mkdir()
    (tmp_path / "_static").mkdir()
    (tmp_path / "_static" / "macros.html").write_text('<a href="{{ no page }}">x</a>')
    (tmp_path / "index.html").write_text(
        '<h1 id="top"></h1><a href="sub/page.html#here">a</a><a href="#top">b</a><a href="https://example.org">c</a>'
        '<a href="sub/page.html#gone">d</a><a href="none.html">e</a><img src="sub/none.png">'
    )
    (tmp_path / "sub" / "page.html").write_text('<p id="here"></p><a href="../index.html">up</a><a href="#gone">f</a>')
    assert sorted(links.broken(tmp_path)) == [
        "index.html: none.html", "index.html: sub/none.png", "index.html: sub/page.html#gone", "sub/page.html: #gone"
    ]  # fmt: skip


TABLES = """# Exactness

| function | worst |
| -------- | ----: |
| exp      |   0.9 |

Words between.

| output | far |
| ------ | --: |
| price  |   1 |
| delta  |   2 |
"""


def test_tables_are_replaced_in_turn(monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT))
    page = load("benches_page", ROOT / "benches" / "page.py")
    first = ["| function | worst |", "| --- | ---: |", "| log | 0.7 |", "| exp | 0.8 |"]
    second = ["| output | far |", "| --- | ---: |", "| price | 3 |"]
    text = page.with_tables(TABLES, [first, second], "a machine")
    assert text.splitlines() == [
        "# Exactness", "", "Measured on a machine.", "", *first, "", "Words between.", "", *second
    ]  # fmt: skip
    assert page.with_tables(text, [first, second], "a machine") == text
    with pytest.raises(ValueError, match="the page has 2 tables, 1 were measured"):
        page.with_tables(TABLES, [first], "")
    with pytest.raises(ValueError, match="a table begins with 'output', measured was 'function'"):
        page.with_tables(TABLES, [first, first], "")


def test_the_page_of_exactness_has_seven_tables(monkeypatch):
    exact = ROOT / "docs" / "accuracy.md"
    if not exact.is_file():
        pytest.skip(f"the pages are not part of this copy of the tests: {exact} is absent")
    monkeypatch.syspath_prepend(str(ROOT))
    page = load("benches_page", ROOT / "benches" / "page.py")
    heads = ["function", "output", "two barriers", "European", "implied volatility", "regime", "product"]
    text = page.with_tables(exact.read_text(encoding="utf-8"), [[f"| {head} |"] for head in heads], "x")
    assert [line for line in text.splitlines() if line.startswith("|")] == [f"| {head} |" for head in heads]
