"""One table of all cases: time an element, the floor, and how much slower the others are."""

import argparse
import json
from pathlib import Path

import pytest

import shortgamma
from benches import FAMILIES, cases
from benches.common import FLOORS, OURS, best_times

HEADER = ("case", "ns", "floor", "ns/floor", "NumPy", "numba", "peer")
PEERS = ("QuantLib", "SciPy")


def measure(case, rounds):
    arrays = case.setup()
    functions = {}
    for way, function in case.ways.items():
        try:
            function(arrays)
        except pytest.skip.Exception:
            continue
        functions[way] = lambda function=function: function(arrays)
    functions["floor"] = FLOORS[case.floor](case)
    times = best_times(functions, rounds)
    nanoseconds = {way: time / case.elements * 1e9 * case.scale.get(way, 1.0) for way, time in times.items()}
    return {"case": case.name, "elements": case.elements, "floor": case.floor, "nanoseconds": nanoseconds}


def row(result):
    times = result["nanoseconds"]
    ours = times[OURS]

    def ratio(*ways):
        found = [f"{times[way] / ours:.1f}x" + (f" {way}" if len(ways) > 1 else "") for way in ways if way in times]
        return found[0] if found else ""

    return (
        result["case"],
        f"{ours:.2f}",
        f"{times['floor']:.2f} {result['floor']}",
        f"{ours / times['floor']:.2f}",
        ratio("NumPy"),
        ratio("numba"),
        ratio(*PEERS),
    )


def main():
    parser = argparse.ArgumentParser(prog="python -m benches", description=__doc__)
    parser.add_argument("--family", action="append", choices=FAMILIES, default=[])
    parser.add_argument("--rounds", type=int, default=15, help="measurements of each way, of which the best counts")
    parser.add_argument("--markdown", action="store_true", help="print the table as the README holds it")
    parser.add_argument("--json", metavar="FILE", type=Path, help="write the times too")
    options = parser.parse_args()
    results, rows = [], [HEADER]
    for case in cases(*options.family):
        results.append(measure(case, options.rounds))
        rows.append(row(results[-1]))
    config = shortgamma.show_config("dict")
    if options.json:
        options.json.write_text(json.dumps({"config": config, "results": results}, indent=2) + "\n", encoding="utf-8")
    widths = [max(len(line[i]) for line in rows) for i in range(len(HEADER))]
    edge, between = ("| ", " | ") if options.markdown else ("", "  ")
    for number, line in enumerate(rows):
        cells = [line[0].ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(line[1:], widths[1:], strict=True))]
        print((edge + between.join(cells) + edge[::-1]).rstrip())
        if number == 0:
            rules = ["-" * widths[0], *("-" * (w - 1) + ":" * options.markdown for w in widths[1:])]
            print((edge + between.join(rules) + edge[::-1]).rstrip())
    print(f"""
ns: nanoseconds an element, the best of {options.rounds}, build {config["cpu"]}.
floor: a plain copy of as many doubles, or scipy.special.ndtr over as many.
NumPy, numba, peer: how many times longer they take for the same.""")


main()
