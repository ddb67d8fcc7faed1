"""The numbers of the pages in docs."""

import doctest
from pathlib import Path

import pytest

DOCS = Path(__file__).resolve().parents[2] / "docs"
# tables that the benches print
TABLES = {"accuracy.md", "speed.md"}
PAGES = [page for page in sorted(DOCS.glob("*.md")) if page.name not in TABLES] if DOCS.is_dir() else []


@pytest.mark.skipif(not PAGES, reason="the pages are not part of this copy of the tests")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_a_page(page):
    failures, examples = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert examples > 0
    assert failures == 0
