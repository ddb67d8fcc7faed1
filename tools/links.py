"""Whether every link of a built site leads to a file and a place that are there: ``python tools/links.py FOLDER``.

Addresses of other sites are not asked for.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """Names of places in a page, and where its links lead."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.links: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.places.add(value)
            elif name in ("href", "src") and value and tag in ("a", "img", "link", "script"):
                self.links.append(value)


def broken(folder: Path) -> list[str]:
    """Links that lead nowhere, with the page on which they stand."""
    # files of themes are no pages
    paths = [path.resolve() for path in folder.rglob("*.html") if "_static" not in path.parts]
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in paths}
    found = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            place = unquote(parts.fragment)
            if target.is_dir():
                target /= "index.html"
            missing = not target.exists() or (place and target in pages and place not in pages[target].places)
            if missing:
                found.append(f"{path.relative_to(folder.resolve())}: {link}")
    return found


def main() -> int:
    lines = broken(Path(sys.argv[1]))
    print("\n".join(lines) if lines else "every link leads somewhere")
    return bool(lines)


if __name__ == "__main__":
    sys.exit(main())
