"""Chains of the market files as plain arrays, read without the package's own reader."""

import csv

import numpy as np

YEAR = 365 * 86400
SIGNS = {"calls+1 puts-1": (1, -1), "calls-1 puts-1": (-1, -1), "calls0 puts-1": (0, -1), "calls-1 puts+1": (-1, 1)}


def rows_of(path):
    with path.open(encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


def column(rows, name):
    return np.array([float(row[name]) if row[name] else np.nan for row in rows])


def chain_2021(market, gammas=False):
    """Deribit, 15 June 2021, every option with its own underlying; the spot is the front forward."""
    rows = rows_of(market / "carry" / "options" / "deribit_btc_eod_chain_2021-06-15.csv")
    options = {
        "forward": column(rows, "UNDERLYING_PRICE"),
        "strike": column(rows, "STRIKE"),
        "vol": column(rows, "MARK_IV") / 100.0,
        "expiry": (column(rows, "EXPIRY_UNIX") - column(rows, "QUOTE_UNIXTIME")) / YEAR,
        "open_interest": column(rows, "OPEN_INTEREST"),
        "option": np.array([row["OPTION_RIGHT"] for row in rows]),
    }
    if gammas:
        options["gamma"] = column(rows, "GAMMA")
    return options, 40441.32, "2021-06-15"


def chain_2026(market, gammas=False):
    """Deribit, 23 January 2026 16:00, forwards from the file that infers them."""
    folder = market / "carry" / "options"
    forwards = {
        row["expiry_name"]: float(row["forward"])
        for row in rows_of(folder / "deribit_btc_forwards_inferred_2026.csv")
        if row["snapshot"].startswith("2026-01-23")
    }
    rows = rows_of(folder / "deribit_btc_chain_2026-01-23T16.csv")
    quoted = np.datetime64("2026-01-23T16:00")
    left = [(np.datetime64(f"{row['expiry_date'][:10]}T08:00") - quoted) / np.timedelta64(1, "s") for row in rows]
    options = {
        "forward": np.array([forwards[row["expiry_name"]] for row in rows]),
        "strike": column(rows, "strike"),
        "vol": column(rows, "mark_iv") / 100.0,
        "expiry": np.array(left) / YEAR,
        "open_interest": column(rows, "open_interest"),
        "option": np.array([row["type"] for row in rows]),
    }
    if gammas:
        options["gamma"] = column(rows, "gamma")
    return options, 89493.45607258, "2026-01-23"


def quantities(path, sign):
    """The quantities of a reference file under one assumption."""
    rows = rows_of(path)
    return {row["quantity"]: float(row["value"]) for row in rows if row["sign"] == sign}
