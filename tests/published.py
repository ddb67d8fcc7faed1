"""Published tables of barrier options, and the words of their columns."""

import csv
from pathlib import Path

DATA = Path(__file__).parent / "data"
KINDS = [(kind, option) for kind in ("down-in", "down-out", "up-in", "up-out") for option in ("call", "put")]


def rows(name):
    with (DATA / f"barrier_{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def numbers(row, *names):
    return [float(row[name]) for name in names]


def names(row):
    return {"kind": row["barrier_type"].replace("_", "-"), "option": row["option_type"]}
