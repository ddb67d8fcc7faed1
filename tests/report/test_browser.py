"""Reports in a real browser: nothing is cut off, nothing complains, light and dark; skipped without one."""

import shutil

import pytest

from shortgamma import cli

playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium"),
    pytest.mark.thread_unsafe(reason="a browser"),
]
CUT_OFF = """() => [...document.querySelectorAll('body *')]
    .filter(each => !each.closest('svg *') && each.getBoundingClientRect().width > 1)
    .filter(each => each.getBoundingClientRect().right > window.innerWidth + 1
        || each.scrollWidth > each.clientWidth + 1 && getComputedStyle(each).overflowX !== 'visible')
    .map(each => each.tagName)"""
INK = """() => [getComputedStyle(document.querySelector('svg text')).fill, getComputedStyle(document.body).color]"""


@pytest.fixture(scope="module")
def page_address(tmp_path_factory):
    pytest.importorskip("matplotlib.figure")
    target = tmp_path_factory.mktemp("report") / "out.html"
    assert cli.main(["run", "--quiet", "--report", str(target)]) == 0
    return target.as_uri()


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_nothing_is_cut_off(page_address, width, scheme):
    said = []
    with playwright.sync_playwright() as run:
        browser = run.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
        page.on("console", lambda message: said.append(message.text))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.on("request", lambda request: said.append(request.url) if request.url != page_address else None)
        page.goto(page_address)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CUT_OFF) == []
        text, body = page.evaluate(INK)
        assert text == body
        assert ("rgb(27" in body) == (scheme == "light")
        browser.close()
    assert [each for each in said if not each.startswith("data:")] == []
