"""The numbers of the pages in docs."""

import doctest
from pathlib import Path

import pytest

import shortgamma as sg

DOCS = Path(__file__).resolve().parents[2] / "docs"
# tables that the benches print
TABLES = {"accuracy.md", "speed.md"}
PAGES = [
    page
    for page in (sorted(DOCS.rglob("*.md")) if DOCS.is_dir() else [])
    # notebooks are run where the site is built
    if page.name not in TABLES and "\n>>> " in page.read_text(encoding="utf-8")
]


@pytest.mark.skipif(not PAGES, reason="the pages are not part of this copy of the tests")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(DOCS).as_posix())
def test_examples_of_a_page(page):
    failures, examples = doctest.testfile(str(page), module_relative=False, encoding="utf-8")
    assert examples > 0
    assert failures == 0


COMPILED = [
    (f"{family}.{name}", value)
    for family in ("stream",)
    for name, value in ((name, getattr(getattr(sg, family), name)) for name in getattr(sg, family).__all__)
]


@pytest.mark.parametrize(("name", "value"), COMPILED, ids=[name for name, _ in COMPILED])
def test_examples_of_a_compiled_class(name, value):
    """Those in Python are run with the modules; a compiled one has no source to find them in."""
    examples = doctest.DocTestFinder(recurse=False).find(value, name, module=False)
    runner = doctest.DocTestRunner()
    for example in examples:
        runner.run(example)
    assert runner.tries > 0
    assert runner.failures == 0
