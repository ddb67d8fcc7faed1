"""Draw the figure of quanto_liquidation.md: prices at which a quanto short dies, by what its margin is held in."""

import argparse
from pathlib import Path

import matplotlib as mpl
import numpy as np

import shortgamma as sg

QUANTITY, ENTRY, MARGIN, START = -100, 200.0, 0.01, 10_000.0


def draw(target: Path) -> None:
    """Write the figure to a file; its name says in which format."""
    mpl.use("Agg")
    # the same file every time
    mpl.rcParams["svg.hashsalt"] = "quanto"
    mpl.rcParams["svg.fonttype"] = "path"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.5, 5.0), layout="constrained")
    coin = np.linspace(6_000.0, 20_000.0, 300)
    terms = {"contract": "ETHUSD", "maintenance": 0.0, "fx_entry": START}
    for hedged, label, color in (
        (0.0, "margin in bitcoin", "tab:blue"),
        (0.5, "half and half", "tab:gray"),
        (1.0, "margin in dollars", "tab:red"),
    ):
        level = sg.liquidation.frontier(coin, QUANTITY, ENTRY, MARGIN, hedged=hedged, **terms)
        axes.plot(coin, level, color=color, label=label)
    axes.plot(coin, coin / 50.0, color="black", linestyle=":", label="bitcoin in step with ether")
    # there equity is 0.01 XBT worth of dollars less what was lost
    meets = 100.0 + np.sqrt(30_000.0)
    points = (
        (START, ENTRY, "opened", (8, -14)),
        (12_500.0, 250.0, "said to be dead;\n37.5 of 100 dollars left", (10, -24)),
        (50.0 * meets, meets, f"({meets:.1f}, {50.0 * meets:,.0f})", (12, 2)),
    )
    for x, y, text, offset in points:
        axes.plot([x], [y], "o", color="black", markersize=4)
        axes.annotate(text, (x, y), xytext=offset, textcoords="offset points", fontsize=9)
    axes.set(
        xlabel="price of bitcoin", ylabel="price of ether at which the short dies",
        xlim=(6_000, 20_000), ylim=(180, 380),
        title="Short 1 ETH-equivalent in ETHUSD at 200, with 100 dollars of margin",
    )  # fmt: skip
    axes.legend(loc="upper center", frameon=False)
    figure.savefig(target, metadata={"Date": None} if target.suffix == ".svg" else None)
    pyplot.close(figure)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".svg"))
    draw(parser.parse_args().out)
