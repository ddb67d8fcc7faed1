"""What the site writes itself: pages of the reference and of the venues, and the pictures of the gallery."""

from __future__ import annotations

import importlib
import inspect
import json
import textwrap
from importlib.resources import files
from pathlib import Path

import numpy as np
from numpydoc.docscrape_sphinx import SphinxDocString

FAMILIES = {
    "barrier": "Barrier options",
    "vanilla": "European options",
    "leverage": "Leveraged products",
    "funding": "Funding of perpetual swaps",
    "liquidation": "Margin and liquidation",
    "carry": "Carry of futures",
    "dealer": "Hedging flows",
    "contracts": "Contracts",
    "venues": "Venues",
    "io": "Readers",
    "plot": "Pictures",
    "stream": "Bar by bar",
    "vecmath": "Elementary functions",
}


# pictures of the gallery that are on a page already
SAVED: list[object] = []


def write(path: Path, text: str) -> None:
    """Write a page only if it changed, so that Sphinx need not read it again."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def kind_of(value: object) -> str:
    """The heading under which a public name stands."""
    if inspect.isclass(value):
        return "Results and classes"
    return "Functions" if callable(value) else "Values"


def write_reference(folder: Path) -> None:
    """A page a family; autosummary makes one of each name, of which those that are gone are taken away."""
    public = {"shortgamma.get_include", "shortgamma.show_config", "shortgamma.PlausibilityWarning"}
    for family, title in FAMILIES.items():
        module = importlib.import_module(f"shortgamma.{family}")
        names = sorted(name for name in module.__all__ if not inspect.ismodule(getattr(module, name)))
        heading = f"{title}: ``{family}``"
        parts = [heading, "=" * len(heading), "", f".. automodule:: shortgamma.{family}", "   :no-members:", ""]
        parts += [f".. currentmodule:: shortgamma.{family}", ""]
        ufuncs = [name for name in names if isinstance(getattr(module, name), np.ufunc)]
        parts += [line for name in ufuncs for line in ufunc_entry(name, getattr(module, name))]
        names = [name for name in names if name not in ufuncs]
        public |= {f"shortgamma.{family}.{name}" for name in names}
        for kind in ("Functions", "Results and classes", "Values"):
            chosen = [name for name in names if kind_of(getattr(module, name)) == kind]
            if chosen:
                parts += [
                    f".. rubric:: {kind}",
                    "",
                    ".. autosummary::",
                    "   :toctree: ../generated",
                    "   :nosignatures:",
                ]
                parts += ["", *(f"   {name}" for name in chosen), ""]
        write(folder / f"{family}.rst", "\n".join(parts))
    for old in folder.parent.joinpath("generated").glob("*.rst"):
        if old.stem not in public:
            old.unlink()


def ufunc_entry(name: str, function: np.ufunc) -> list[str]:
    """A ufunc with NumPy's signature, which autodoc cannot take apart."""
    signature, _, body = function.__doc__.partition("\n\n")
    text = str(SphinxDocString(textwrap.dedent(body)))
    return [f".. function:: {signature}", "", *("   " + line for line in text.splitlines()), ""]


def write_schemas(folder: Path) -> None:
    """The schemas of the commands' JSON, to be loaded from the site."""
    for file in files("shortgamma.cli").joinpath("schemas").iterdir():
        write(folder / file.name, file.read_text(encoding="utf-8"))


# --- venues


def cell(value: object) -> str:
    """A value as a cell of a table."""
    if value is None:
        return "unknown"
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text.replace("|", "\\|").replace("\n", " ")


def table(header: list[str], rows: list[list[object]]) -> list[str]:
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    return [*lines, *("| " + " | ".join(map(cell, row)) + " |" for row in rows)]


def listing(title: str, rows: list[tuple[str, object]]) -> list[str]:
    """A heading, and what is known under it."""
    lines = ["", f"### {title}", ""]
    for name, value in rows:
        if value in (None, "", [], {}):
            continue
        if isinstance(value, list):
            lines += [f"* **{name}**:", *(f"    * {cell(each)}" for each in value)]
        else:
            lines.append(f"* **{name}**: {cell(value)}")
    return lines


def fields(value: dict[str, object], without: tuple[str, ...] = ()) -> str:
    """Fields of a rule as they are written in Python."""
    return ", ".join(f"`{name}={content!r}`" for name, content in value.items() if name not in without)


def write_venues(folder: Path) -> None:
    """A page a venue, of its data file."""
    keys = sorted(each.name.removesuffix(".json") for each in files("shortgamma.venues").joinpath("data").iterdir())
    for key in keys:
        data = json.loads(files("shortgamma.venues").joinpath("data", f"{key}.json").read_text(encoding="utf-8"))
        write(folder / f"{key}.md", "\n".join(venue_page(key, data)) + "\n")


def venue_page(key: str, data: dict) -> list[str]:
    lines = [f"# {data['name']}", "", f"In Python: `sg.venues.{key}`. Generated from the data file of the package."]
    if data.get("markets"):
        lines += ["", "## Contracts and margins", ""]
        rows = []
        for market in data["markets"]:
            contract, margin = market["contract"], market["maintenance"] or {}
            rate = margin.get("rate", [])
            rates = [f"{100 * each:g} %" for each in (rate if isinstance(rate, list) else [rate])]
            shown = (
                "" if not rates else rates[0] if len(rates) == 1 else f"{rates[0]} to {rates[-1]}, {len(rates)} tiers"
            )
            kind = f"{contract['kind']}, {contract.get('multiplier', 1):g} a contract"
            coin = contract.get("settlement", "")
            rows.append([market["name"], kind, coin, shown or "unknown", market["date"] or "no date", market["source"]])
        lines += table(["market", "contract", "settled in", "maintenance", "from", "source"], rows)
        unknown = {(market["name"], each): None for market in data["markets"] for each in market["unknown"]}
        if unknown:
            lines += ["", "Not confirmed, or cut off here:", "", *(f"* {name}: {each}" for name, each in unknown)]
    if data.get("funding"):
        lines += ["", "## Funding", ""]
        for entry in data["funding"]:
            for rule in entry["rules"]:
                rest = fields(rule, ("from", "covers", "source", "date", "unknown"))
                rows = [
                    ("markets", ", ".join("all" if name == "*" else name for name in entry["markets"])),
                    ("rule", rest), ("from", rule["from"]), ("source", rule["source"]), ("date", rule["date"]),
                    ("unknown", rule["unknown"]),
                ]  # fmt: skip
                lines += listing(rule["covers"], rows)
    if data.get("liquidation"):
        rule = data["liquidation"]
        rest = fields(rule, ("source", "date", "unknown"))
        rows = [("rule", rest), *((name, rule.get(name)) for name in ("source", "date", "unknown"))]
        lines += ["", "## Liquidation", *listing("Rule", rows)[3:]]
    if data.get("tokens"):
        lines += ["", "## Leveraged products", ""]
        for token in data["tokens"]:
            targets = token["targets"]
            rows = [
                ("leverage", ", ".join(f"{each:+g}" for each in targets) if targets else "any"),
                ("rule", fields(token["rule"])), ("must be given", ", ".join(token.get("needs", []))),
                ("in words", token["note"]), ("source", token["source"]), ("date", token["date"]),
                ("unknown", token["unknown"]),
            ]  # fmt: skip
            name = token["name"].replace("{leverage:+g}x", "tokens").replace("{leverage:+g}", "").replace("  ", " ")
            lines += listing(name, rows)
    return lines


def figures(block, block_vars, gallery_conf):
    """Save the last picture of a block of a script, of axes or of a figure that is not pyplot's."""
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from sphinx_gallery.scrapers import figure_rst

    saved = []
    for value in list(block_vars["example_globals"].values()):
        figure = value.get_figure(root=True) if isinstance(value, Axes) else value
        if isinstance(figure, Figure) and not any(figure is each for each in SAVED):
            SAVED.append(figure)
            path = next(block_vars["image_path_iterator"])
            figure.savefig(path, dpi=110)
            saved.append(path)
    return figure_rst(saved, gallery_conf["src_dir"])
