"""Two tables of speed side by side: ``python -m benches.compare BEFORE.json AFTER.json``.

Each file is what ``python -m benches --json FILE`` wrote. Where several files of one state are given, joined by commas,
the least time of each case counts: machines are noisy in one direction. Exits with 1 if a case became slower by more
than the tolerance.
"""

import argparse
import json
import sys
from pathlib import Path

from benches.common import OURS
from benches.text import table


def read(names: str) -> dict[str, float]:
    """Nanoseconds an element of our way, by case; the least of several files."""
    best: dict[str, float] = {}
    for name in names.split(","):
        for result in json.loads(Path(name).read_text(encoding="utf-8"))["results"]:
            time = result["nanoseconds"][OURS]
            best[result["case"]] = min(time, best.get(result["case"], time))
    return best


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benches.compare", description=__doc__.partition("\n")[0])
    parser.add_argument("before", metavar="BEFORE.json[,...]")
    parser.add_argument("after", metavar="AFTER.json[,...]")
    parser.add_argument("--tolerance", type=float, default=0.03, help="how much slower a case may be (0.03)")
    options = parser.parse_args()
    before, after = read(options.before), read(options.after)
    common = [case for case in after if case in before]
    ratios = {case: after[case] / before[case] for case in common}
    rows = [
        (case, f"{before[case]:.3g}", f"{after[case]:.3g}", f"{ratios[case]:.2f}")
        for case in sorted(common, key=lambda case: -ratios[case])
    ]
    print("\n".join(table([("case", "ns before", "ns after", "after/before"), *rows], {0}, False)))
    for title, cases in (("only before", before.keys() - after.keys()), ("only after", after.keys() - before.keys())):
        if cases:
            print(f"{title}: {', '.join(sorted(cases))}")
    slower = [case for case in common if ratios[case] > 1.0 + options.tolerance]
    print(f"{len(common)} cases, {len(slower)} slower by more than {100 * options.tolerance:g} %")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
