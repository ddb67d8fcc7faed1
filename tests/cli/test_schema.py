"""The JSON of every command keeps its published schema, and says no more than that."""

import copy
import json
from importlib.resources import files
from types import SimpleNamespace

import numpy as np
import pytest

from shortgamma import cli

validator = pytest.importorskip("jsonschema").Draft202012Validator


def strict(schema):
    """The same, with names refused that it does not list."""
    schema = copy.deepcopy(schema)

    def visit(part):
        if "properties" in part:
            part["additionalProperties"] = False
            for each in part["properties"].values():
                visit(each)
        if isinstance(part.get("items"), dict):
            visit(part["items"])

    visit(schema)
    return schema


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    random = np.random.default_rng(3)
    days = np.arange("2023-01-01", "2024-06-01", dtype="M8[D]")
    price = 100.0 * np.exp(np.cumsum(0.02 * random.standard_normal(len(days))))
    rows = [f"{day},{value!r}" for day, value in zip(days, price.tolist(), strict=True)]
    (folder / "prices.csv").write_text("\n".join(["date,close", *rows]) + "\n")
    times = np.arange("2023-01-03T00", "2023-03-01T00", 8, dtype="M8[h]")
    rows = [
        f"{time}:00,{rate!r}"
        for time, rate in zip(times, (1e-4 * random.standard_normal(len(times))).tolist(), strict=True)
    ]
    (folder / "rates.csv").write_text("\n".join(["time,rate", *rows]) + "\n")
    rows = [
        f"{day}T00:00:00,{expiry}T08:00:00,{value * 1.01!r},{value!r}"
        for day, value in zip(days[:40], price[:40].tolist(), strict=True)
        for expiry in ("2023-03-31", "2023-06-30")
    ]
    (folder / "futures.csv").write_text("\n".join(["time,expiry,price,spot", *rows]) + "\n")
    rows = [
        f"2026-01-23T16:00,BTC-{day}-{strike}-{option},{interest},40.0"
        for day, interest in (("13FEB26", 265), ("27MAR26", 310))
        for strike in (80000, 90000, 100000)
        for option in "CP"
    ]
    (folder / "chain.csv").write_text("\n".join(["date,instrument_name,open_interest,mark_iv", *rows]) + "\n")
    return SimpleNamespace(
        prices=str(folder / "prices.csv"), rates=str(folder / "rates.csv"), futures=str(folder / "futures.csv"),
        chain=str(folder / "chain.csv"),
    )  # fmt: skip


RUNS = {
    "run": [
        lambda _: [],
        lambda files: [files.prices, "--compare", files.prices, "--financing", "0.03"],
        lambda files: [files.prices, "--coin", files.prices, "--only", "funding,barrier"],
    ],
    "funding": [
        lambda files: [files.rates],
        lambda files: [files.rates, "--position", "-2", "--contract", "linear", "--mark", "100"],
        lambda files: [files.rates, "--position", "-2", "--contract", "linear", "--mark", files.prices],
    ],
    "carry": [
        lambda files: [files.futures],
        lambda files: [files.futures, "--method", "price"],
    ],
    "flows": [
        lambda files: [files.chain, "--calls", "1", "--puts", "-1", "--spot", "89500"],
        lambda files: [
            *(files.chain, "--calls", "0", "--puts", "-1", "--spot", "89500", "--depth", "1e9", "--shock", "-0.02")
        ],
    ],
}


@pytest.mark.parametrize(("name", "place"), [(name, i) for name, runs in RUNS.items() for i in range(len(runs))])
def test_json_keeps_its_schema(tmp_path, inputs, capsys, name, place):
    assert cli.main(["schema", name]) == 0
    schema = json.loads(capsys.readouterr().out)
    assert schema == json.loads((files("shortgamma.cli") / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    validator.check_schema(schema)
    output = tmp_path / "out.json"
    assert cli.main([name, *RUNS[name][place](inputs), "--json", str(output), "--quiet"]) == 0
    numbers = json.loads(output.read_text(encoding="utf-8"))
    checker = validator(strict(schema), format_checker=validator.FORMAT_CHECKER)
    assert [f"{error.json_path}: {error.message}" for error in checker.iter_errors(numbers)] == []
    assert (numbers["schema"], numbers["schema_version"]) == (name, 1)
    del numbers["version"]
    assert not checker.is_valid(numbers)
