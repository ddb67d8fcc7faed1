"""A document as one HTML file: pictures inside as SVG, no script, light and dark, fit for print and small screens."""

from __future__ import annotations

import html
import io
import re
from string import Template
from typing import TYPE_CHECKING, Any

from shortgamma.report.document import Figure, Lines, Table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from shortgamma.report.document import Block, Document

# written by matplotlib, replaced by the colour of the page's text
INK = "#010203"
# columns that stay side by side on a small screen
SMALL = 3
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "shortgamma",
    "path.simplify_threshold": 0.5,
    # widths of DejaVu, which measures the text, are those of Verdana
    "font.family": "DejaVu Sans",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.titlecolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.labelcolor": INK,
}
PAGE = Template("""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="shortgamma $version">
<link rel="icon" href="data:,">
<title>$title</title>
<style>
:root { color-scheme: light dark; --ink: #1b1f24; --soft: #57606a; --paper: #ffffff; --rule: #d0d7de; --band: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e8ea; --soft: #a2abb4; --paper: #14181d; --rule: #39424c; --band: #1c2229; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 82rem; padding: 1rem clamp(0.75rem, 3vw, 2.5rem) 3rem; background: var(--paper);
  color: var(--ink); font: 15px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  overflow-wrap: anywhere; }
h1 { font-size: 1.5rem; margin: 0.5rem 0 0; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 0.2rem; padding-top: 0.8rem; border-top: 1px solid var(--rule); }
p { margin: 0.3rem 0; }
p.detail, figcaption, footer { color: var(--soft); }
ul.notes { color: var(--soft); padding-left: 1.2rem; margin: 0.6rem 0; }
table { border-collapse: collapse; margin: 0.8rem 0; font-variant-numeric: tabular-nums; }
th, td { padding: 0.22rem 0.8rem 0.22rem 0; text-align: right; vertical-align: bottom; }
th { font-weight: 600; border-bottom: 1px solid var(--rule); white-space: pre-line; }
td { overflow-wrap: normal; }
tbody tr:nth-child(even) { background: var(--band); }
.left { text-align: left; }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 33rem), 1fr)); gap: 0.5rem 1.5rem; }
figure { margin: 0.6rem 0; max-width: 46rem; }
figure svg { display: block; width: 100%; height: auto; }
svg text { font-family: "DejaVu Sans", Verdana, sans-serif !important; }
@media (max-width: 640px) {
  table:not(.small) thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table:not(.small), table:not(.small) tbody { display: block; width: 100%; }
  table:not(.small) tr { display: block; padding: 0.35rem 0.5rem; border-bottom: 1px solid var(--rule); }
  table:not(.small) td { display: flex; justify-content: space-between; gap: 1rem; padding: 0.05rem 0; }
  table:not(.small) td:empty { display: none; }
  table:not(.small) td::before { content: attr(data-label); color: var(--soft); text-align: left; }
  table:not(.small) td:first-child { font-weight: 600; }
}
@media print {
  :root { color-scheme: light; --ink: #000; --soft: #333; --paper: #fff; --rule: #999; --band: #fff; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  .figures { grid-template-columns: 1fr 1fr; }
  figure, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
}
</style>
</head>
<body>
<main>
<h1>$title</h1>
<p class="detail">$detail</p>
$body
</main>
<footer><p>Made by shortgamma $version. The numbers are in this file, as JSON in the element <code>data</code>.</p>
</footer>
<script type="application/json" id="data">
$data
</script>
</body>
</html>
""")


def to_html(document: Document, *, version: str, data: str, progress: Callable[[int, int], Any] | None = None) -> str:
    """A document as one HTML page.

    Parameters
    ----------
    document : Document
        What to show.
    version : str
        Version of the package, for the footer.
    data : str
        The numbers as JSON, put into the page.
    progress : callable, optional
        Called with the number of pictures drawn and of all.

    Returns
    -------
    str
        The page.
    """
    blocks = [*document.blocks, *(block for section in document.sections for block in section.blocks)]
    count = sum(isinstance(block, Figure) for block in blocks)
    numbers = _counted(count, progress)
    parts = [_blocks(document.blocks, numbers)]
    for section in document.sections:
        parts.append(f"<section>\n<h2>{html.escape(section.heading or section.title)}</h2>")
        if section.detail:
            parts.append(f'<p class="detail">{html.escape(section.detail)}</p>')
        parts += [_blocks(section.blocks, numbers), "</section>"]
    if progress is not None:
        progress(count, count)
    return PAGE.substitute(
        title=html.escape(document.heading or document.title),
        detail=html.escape(": ".join(filter(None, [document.title * bool(document.heading), document.detail]))),
        body="\n".join(parts),
        version=html.escape(version),
        # an end tag in a string would end the element
        data=data.replace("</", "<\\/").replace("<!--", "<\\u0021--"),
    )


def _counted(count: int, progress: Callable[[int, int], Any] | None) -> Iterator[int]:
    """Numbers of pictures, told as they are drawn."""
    for number in range(1, count + 1):
        if progress is not None:
            progress(number - 1, count)
        yield number


def _blocks(blocks: Sequence[Block], numbers: Iterator[int]) -> str:
    """Blocks in their order, but for pictures, which stand together after the first table."""
    figures = [_figure(block, next(numbers)) for block in blocks if isinstance(block, Figure)]
    pictures = ['<div class="figures">\n' + "\n".join(figures) + "\n</div>"] if figures else []
    parts: list[str] = []
    for block in blocks:
        if isinstance(block, Table):
            parts += [_table(block), *pictures]
            pictures = []
        elif isinstance(block, Lines):
            parts.append(_lines(block))
    return "\n".join(parts + pictures)


def _lines(block: Lines) -> str:
    lines = [html.escape(line.strip()) for line in block.lines]
    if block.bullet.strip():
        return '<ul class="notes">' + "".join(f"<li>{line}</li>" for line in lines) + "</ul>"
    return "\n".join(f"<p>{line}</p>" for line in lines)


def _table(table: Table) -> str:
    labels = [" ".join(name.split()) for name in table.header]
    kinds = [' class="left"' if place in table.left else "" for place in range(len(labels))]
    head = "".join(
        f'<th scope="col"{kind}>{html.escape(name)}</th>' for name, kind in zip(table.header, kinds, strict=True)
    )
    rows = []
    for row in table.rows:
        cells = "".join(
            f'<td{kind} data-label="{html.escape(label)}">{html.escape(cell)}</td>'
            for cell, label, kind in zip(row, labels, kinds, strict=True)
        )
        rows.append(f"<tr>{cells}</tr>")
    after = f"\n<p>{html.escape(table.after)}</p>" if table.after else ""
    head = f"<thead><tr>{head}</tr></thead>\n" if any(labels) else ""
    # what is narrow need not be taken apart on a small screen
    kind = ' class="small"' if len(labels) <= SMALL else ""
    return f"<table{kind}>\n{head}<tbody>\n" + "\n".join(rows) + f"\n</tbody>\n</table>{after}"


def _figure(figure: Figure, number: int) -> str:
    """A picture as SVG in the page's ink, its marks named apart from those of others."""
    try:
        import matplotlib as mpl
    except ImportError:
        raise ImportError("a report needs matplotlib: pip install 'shortgamma[plot]'") from None
    with mpl.rc_context(STYLE):
        picture = figure.draw().get_figure(root=True)
        written = io.StringIO()
        picture.savefig(written, format="svg", dpi=200, transparent=True, metadata={"Date": None})
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]
    name = f"f{number}"
    svg = re.sub(r' id="([^"]+)"', rf' id="{name}-\1"', svg)
    svg = re.sub(r'(url\(|href=")#', rf"\1#{name}-", svg)
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL).replace(INK, "currentColor")
    alt = html.escape(figure.alt)
    label = f'role="img" aria-label="{alt}"'
    svg = re.sub(r'<svg ([^>]*?)width="[^"]*" height="[^"]*"', rf"<svg {label} \1", svg, count=1)
    svg = re.sub(r'<svg (role[^>]*?) height="[^"]*"', r"<svg \1", svg, count=1)
    svg = re.sub(r'<svg (role[^>]*?) width="[^"]*"', r"<svg \1", svg, count=1)
    return f"<figure>\n{svg.strip()}\n<figcaption>{alt}</figcaption>\n</figure>"
