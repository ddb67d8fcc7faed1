"""One table of all cases: time an element, the floor, and how many times longer the others take."""

import argparse
import json
from pathlib import Path

import pytest

import shortgamma
from benches import cases, parts
from benches.common import OURS, best_times, timed
from benches.page import machine, updated
from benches.text import table

HEADER = ("case", "ns", "floor", "of", "ns/floor", "NumPy", "numba", "peer", "")
LEFT = {0, 3, 8}
PEERS = ("QuantLib", "SciPy", "pandas", "vectorbt", "bt", "one by one", "Python")


def measure(case, rounds):
    """Nanoseconds an element of every way."""
    times = best_times(timed(case), rounds)
    nanoseconds = {way: 1e9 * time / case.few.get(way, case.elements) for way, time in times.items()}
    return {"case": case.name, "elements": case.elements, "floor": case.floor, "nanoseconds": nanoseconds}


def ratio(value):
    return f"{value:.2f}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"


def row(result):
    times = result["nanoseconds"]
    ours, floor = times[OURS], times["floor"]
    others = {way: ratio(time / ours) for way, time in times.items()}
    peer = next((way for way in PEERS if way in others), "")
    return (
        result["case"],
        ratio(ours),
        ratio(floor),
        result["floor"],
        ratio(ours / floor),
        others.get("NumPy", ""),
        others.get("numba", ""),
        others.get(peer, ""),
        peer,
    )


def main():
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    families = sorted({part.partition("/")[0] for part in parts()})
    parser.add_argument(
        "--family", action="append", choices=[*families, *parts()], default=[], help="may be given again"
    )
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each way at least; the best counts")
    parser.add_argument("--markdown", action="store_true", help="print the table as the README holds it")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the times too")
    parser.add_argument("--write", metavar="PAGE", type=Path, help="put the rows into this page: docs/speed.md")
    options = parser.parse_args()
    try:
        pytest.importorskip("scipy.special")
    except pytest.skip.Exception:
        parser.error("the floors need SciPy: pip install '.[bench]'")
    if options.write and not options.write.is_file():
        parser.error(f"--write needs a page with a table of speed, there is no {options.write}")
    results = [measure(case, options.rounds) for case in cases(*options.family)]
    config = shortgamma.show_config("dict")
    if options.json:
        text = json.dumps({"config": config, "results": results}, indent=2)
        options.json.write_text(text + "\n", encoding="utf-8")
    if options.write:
        page = options.write.read_text(encoding="utf-8")
        page = updated(page, HEADER, list(map(row, results)), machine(config), LEFT)
        options.write.write_text(page, encoding="utf-8")
    print("\n".join(table([HEADER, *map(row, results)], LEFT, options.markdown)))
    print(f"""
{"cpu":10} {config["cpu"]}

ns: nanoseconds an element. floor: the same of a plain copy that moves as many bytes, or of scipy.special.ndtr.
NumPy, numba, peer: how many times longer they take for the same results.""")


if __name__ == "__main__":
    main()
