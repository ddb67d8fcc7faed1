"""The report of ``shortgamma flows``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from shortgamma import plot
from shortgamma.report.document import Document, Figure, Lines, Table
from shortgamma.report.text import fixed, number, percent

if TYPE_CHECKING:
    from shortgamma.report.document import Block

    Result = dict[str, Any]

EXPOSURES = {
    "gamma_percent": "gamma, money of delta per +1 %",
    "gamma_point": "gamma, units per +1 of price",
    "vanna_point": "vanna, money of delta per +1 vol point",
    "charm_day": "charm, money of delta per day",
    "vega_point": "vega, money per vol point",
    "delta": "delta, money",
}


def document(result: Result, pictures: dict[str, Any]) -> Document:
    """The report of a result; ``pictures`` has the flow and the profile that it shows."""
    left = ", ".join(
        f"{result[key]:,} {what}"
        for key, what in (
            ("expired", "expired"),
            ("without_volatility", "without a volatility"),
            ("without_open_interest", "without open interest"),
        )
        if result[key]
    )
    stamp = result["time"].astype("datetime64[s]")
    spot = result["spot"]
    flips = [f"{number(flip, 7)} ({flip / spot:.4f} of the spot)" for flip in result["flips"]]
    exposures = [
        (name, fixed(result["exposures"][key], 4 if key == "gamma_point" else 0)) for key, name in EXPOSURES.items()
    ]
    strikes = [
        (number(high, 6), fixed(most, 0), number(low, 6), fixed(least, 0))
        for (high, most), (low, least) in zip(result["largest_strikes"], result["smallest_strikes"], strict=True)
    ]
    file = "standard input" if result["file"] == "-" else os.path.basename(result["file"])
    title = f"{file}: {result['venue']}, {result['options']:,} options at {stamp}Z, spot {number(spot, 7)}"
    detail = (
        f"dealers hold {result['calls']:+g} of the calls and {result['puts']:+g} of the puts;"
        f" underlying: {result['underlying']}"
    )
    blocks: list[Block] = []
    if left:
        blocks.append(Lines([f"left out: {left}"], ""))
    notes = [note for note in result["notes"] if "download" in note]
    if notes:
        blocks.append(Lines(notes, "  note: "))
    words = (
        f"gamma changes sign at {', '.join(flips)}"
        if flips
        else "gamma does not change sign from half to double the spot"
    )
    expiries = [(day, fixed(value, 0)) for day, value in result["by_expiry"].items()]
    others = result["gamma_percent_of_other_signs"].items()
    blocks += [
        Table(("exposure", "value"), exposures, (0,)),
        Table(("expiry", "gamma per +1 %"), expiries, (0,)),
        Table(("strike", "largest gamma", "strike", "smallest gamma"), strikes, ()),
        Lines([words], ""),
        Table(("move", "hedgers trade", "linear", ""), flow_rows(result["flow"]), (3,)),
        Lines([f"{name}: gamma per +1 % {fixed(value, 0)}" for name, value in others], ""),
    ]
    if "feedback" in result:
        end = result["feedback"]
        rest = (
            "finds no equilibrium"
            if end["collapsed"]
            else f"ends at {percent(end['reached'], 2)}, {end['amplification']:.3f} times as far"
        )
        words = f"a shock of {percent(end['shock'], 2)} on a depth of {number(end['depth'], 4)} {rest}"
        blocks.append(Lines([words], ""))
    if "profile" in pictures:
        alt = "What hedgers' gamma is at every level of the spot; where it is below 0 they trade with the move"
        scale = scale_of(result["exposures"]["gamma_percent"])
        blocks += [
            Figure(
                lambda: plot.profile(
                    pictures["profile"],
                    spot=spot,
                    flips=result["flips"],
                    others=pictures["others"],
                    barriers=pictures["barriers"],
                    scale=scale,
                ),
                alt,
            ),
            Figure(
                lambda: plot.hedge_flow(pictures["flow"], scale=scale),
                "What hedgers buy or sell after a move of the spot, beside what the gamma at the spot makes of it",
            ),
        ]
    return Document(title, detail, blocks, heading=f"Hedging flows of {file}")


def scale_of(value: float) -> float:
    """What a unit of an axis is in currency."""
    return 1e9 if abs(value) >= 1e8 else 1e6 if abs(value) >= 1e5 else 1.0


def flow_rows(flow: Result) -> list[tuple[str, str, str, str]]:
    return [
        (percent(move, 0), fixed(finite, 0), fixed(linear, 0), "differs in sign" if finite * linear < 0.0 else "")
        for move, finite, linear in zip(flow["move"], flow["finite"], flow["linear"], strict=True)
    ]
