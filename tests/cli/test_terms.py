"""What a run is told: products, clocks, financing, sections, outputs, and the width of what is printed."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from processes import environment

from shortgamma import cli
from shortgamma.cli import output as cli_output
from shortgamma.report.text import WIDTH

HOUR = 3600 * 10**9
YEAR = 8760 * HOUR


def write(path, time, close, header="date,close"):
    lines = [
        header,
        *(f"{moment},{price!r}" for moment, price in zip(time.astype("M8[s]"), close.tolist(), strict=True)),
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(path)


def run(tmp_path, *arguments):
    output = tmp_path / "out.json"
    assert cli.main(["run", *arguments, "--quiet", "--json", str(output)]) == 0
    return json.loads(output.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def hours():
    """Hourly closes over 100 days, each at the hour that it ends."""
    random = np.random.default_rng(11)
    time = np.datetime64("2023-12-30T07:00", "ns") + np.arange(2400) * np.timedelta64(HOUR, "ns")
    return time, 100.0 * np.exp(np.cumsum(0.008 * random.standard_normal(2400)))


@pytest.fixture(scope="module")
def days():
    """A fund of twice the underlying's daily return less expenses, and the underlying, on weekdays."""
    random = np.random.default_rng(12)
    time = np.arange("2020-01-01", "2022-01-01", dtype="M8[D]")
    time = time[np.is_busday(time)].astype("M8[ns]")
    price = 50.0 * np.exp(np.cumsum(0.012 * random.standard_normal(len(time))))
    passed = np.diff(time.astype(np.int64)) / (24 * HOUR * 365)
    # held at cost 1 + financing of the borrowed NAV, less expenses, by ACT/365
    growth = 1.0 + 2.0 * (price[1:] / price[:-1] - 1.0) - (0.03 + 0.01) * passed
    return time, price, 20.0 * np.concatenate([[1.0], np.cumprod(growth)])


@pytest.mark.parametrize(
    ("when", "unit"),
    [("hourly", "h"), ("daily", "D"), ("weekly", "W"), ("monthly", "M"), ("never", None), ("bar", "h")],
)
def test_rebalanced_at_the_end_of_each_term(tmp_path, hours, when, unit):
    time, price = hours
    path = write(tmp_path / "hours.csv", time, price)
    token = run(tmp_path, path, "--leverage", "3", "--rebalance", when, "--only", "leverage")["leverage"]["tokens"][0]
    if unit is None:
        bars = np.array([0, len(price) - 1])
    else:
        # 1970-01-01 was a Thursday: numpy counts weeks from it
        shift = np.timedelta64(3, "D") if unit == "W" else np.timedelta64(0, "D")
        term = (time - np.timedelta64(1, "ns") + shift).astype(f"M8[{unit}]")
        bars = np.unique(np.concatenate([[0], np.flatnonzero(term[1:] != term[:-1]), [len(price) - 1]]))
    nav = 100.0 * np.prod(1.0 + 3.0 * (price[bars[1:]] / price[bars[:-1]] - 1.0))
    assert token["final_nav"] == pytest.approx(nav, rel=1e-12)


def test_daily_is_the_default_of_hours(tmp_path, hours):
    path = write(tmp_path / "hours.csv", *hours)
    by_default = run(tmp_path, path)["leverage"]
    assert by_default["rebalanced"] == "every day, 00:00 UTC"
    assert by_default == run(tmp_path, path, "--rebalance", "daily")["leverage"]


@pytest.mark.parametrize("scale", ["number", "percent", "fraction"])
def test_a_fund_is_met_by_its_terms(tmp_path, days, scale):
    time, price, fund = days
    underlying, real = write(tmp_path / "U.csv", time, price), write(tmp_path / "F.csv", time, fund)
    financing = ["--financing", "0.03"]
    if scale != "number":
        rates = np.full(2, 3.0 if scale == "percent" else 0.03)
        table = write(tmp_path / "rates.csv", np.array(["2019-12-31", "2020-05-01"], "M8[ns]"), rates, "date,rate")
        unit = ["--financing-unit", "fraction"] if scale == "fraction" else []
        financing = ["--financing", table, *unit]
    part = run(tmp_path, underlying, "--compare", real, "--fee", "0.01", *financing)["comparison"]
    assert (part["leverage"], part["guessed"]) == (2, True)
    assert part["slope"] == pytest.approx(2.0, abs=1e-3)
    # the underlying takes a fixed rate of the NAV: only the order of charges within a bar differs
    assert part["ratio_at_end"] == pytest.approx(1.0, abs=2e-5)
    assert part["gap_per_year"] == pytest.approx(0.0, abs=1e-5)
    assert part["correlation"] == pytest.approx(1.0, abs=1e-6)
    rows = {row["name"]: row for row in part["rows"]}
    assert rows["F"]["times"] == pytest.approx(fund[-1] / fund[0], rel=1e-12)
    years = float((time[-1] - time[0]).astype(np.int64)) / YEAR
    assert rows["U"]["per_year"] == pytest.approx((price[-1] / price[0]) ** (1 / years) - 1, rel=1e-12)
    assert rows["U"]["worst_drawdown"] == pytest.approx((1 - price / np.maximum.accumulate(price)).max(), rel=1e-12)


def test_what_was_named_is_not_guessed(tmp_path, days):
    time, price, fund = days
    underlying, real = write(tmp_path / "U.csv", time, price), write(tmp_path / "F.csv", time[5:], fund[5:])
    part = run(tmp_path, underlying, "--compare", real, "--leverage", "3")["comparison"]
    assert (part["leverage"], part["guessed"], part["bars"]) == (3, False, len(time) - 5)
    nav = np.prod(1.0 + 3.0 * (price[6:] / price[5:-1] - 1.0))
    assert part["rows"][1]["times"] == pytest.approx(nav, rel=1e-12)


def test_a_market_that_closes_has_no_funding(tmp_path, days, hours):
    path = write(tmp_path / "U.csv", *days[:2])
    result = run(tmp_path, path)
    assert result["funding"] is None
    assert any(note.startswith("no funding: a market that closes") for note in result["market"]["notes"])
    assert run(tmp_path, path, "--only", "funding")["funding"]["payments"] > 0
    assert run(tmp_path, path, "--coin", path)["funding"]["payments"] > 0
    assert run(tmp_path, write(tmp_path / "hours.csv", *hours))["funding"]["payments"] > 0


def test_only(tmp_path, hours):
    path = write(tmp_path / "hours.csv", *hours)
    result = run(
        tmp_path, path, "--only", "liquidation,barrier", "--barrier", "0.8", "--vol", "0.5", "--maintenance", "0.01"
    )
    assert [name for name in ("leverage", "barrier", "funding", "liquidation") if result[name]] == [
        "barrier",
        "liquidation",
    ]
    assert result["barrier"]["vol"] == 0.5
    assert result["barrier"]["options"][0]["barrier"] == pytest.approx(0.8 * hours[1][0], rel=1e-15)
    assert result["liquidation"]["maintenance"] == 0.01
    # a volatility that was given is no look-ahead
    assert not any("--vol" in note for note in result["market"]["notes"])


def shell(*arguments, **options):
    command = [sys.executable, "-W", "error", "-m", "shortgamma", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, **options)


def test_standard_input_and_output(tmp_path, hours):
    path = write(tmp_path / "hours.csv", *hours)
    by_name = shell("run", path, "--json", "-")
    piped = shell("run", "-", "--json", "-", input=Path(path).read_text())
    assert (piped.returncode, piped.stderr) == (0, "")
    expected, found = json.loads(by_name.stdout), json.loads(piped.stdout)
    assert found["market"]["files"] == ["-"]
    for name in ("leverage", "barrier", "funding", "liquidation"):
        assert found[name] == expected[name]
    page = shell("run", "-", "--report", "-", input=Path(path).read_text())
    assert page.stdout.startswith("<!DOCTYPE html>")
    assert "standard input</h1>" in page.stdout
    assert not (Path.cwd() / "-").exists()


def test_quiet(tmp_path, hours, capsys):
    assert cli.main(["run", write(tmp_path / "hours.csv", *hours), "--quiet"]) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("columns", [60, 80, 100, 200])
@pytest.mark.thread_unsafe(reason="monkeypatch")
def test_nothing_is_wider_than_the_terminal(tmp_path, hours, capsys, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert cli.main(["run", write(tmp_path / "hours.csv", *hours)]) == 0
    text = capsys.readouterr().out
    widest = max(map(len, text.splitlines()))
    assert widest <= min(columns, WIDTH)
    # narrow tables are split, and nothing is left out
    monkeypatch.setenv("COLUMNS", "100")
    assert cli.main(["run", write(tmp_path / "hours.csv", *hours)]) == 0
    assert set(capsys.readouterr().out.split()) <= set(text.split())
    # with a coin, whose lines have more words
    monkeypatch.setenv("COLUMNS", str(columns))
    assert cli.main(["run"]) == 0
    assert max(map(len, capsys.readouterr().out.splitlines())) <= min(columns, WIDTH)


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


@pytest.mark.thread_unsafe(reason="monkeypatch")
def test_colour_on_a_terminal_only(monkeypatch, capsys):
    for name in ("NO_COLOR", "TERM"):
        monkeypatch.delenv(name, raising=False)
    assert cli.main(["run"]) == 0
    plain = capsys.readouterr().out
    assert "\x1b" not in plain
    terminal = Terminal()
    monkeypatch.setattr("sys.stdout", terminal)
    monkeypatch.setenv("COLUMNS", "100")
    assert cli.main(["run"]) == 0
    text = terminal.getvalue()
    assert "\x1b[1mLEVERAGED TOKENS\x1b[0m  NAV 100" in text
    assert "\x1b[2m  * simulated" in text
    assert text.replace("\x1b[1m", "").replace("\x1b[2m", "").replace("\x1b[0m", "") == plain
    monkeypatch.setenv("NO_COLOR", "1")
    assert cli_output.coloured(plain, terminal) == plain


@pytest.mark.parametrize("name", ["run", "funding", "carry", "flows", "info", "schema", "completion", "help"])
def test_every_help_has_examples(capsys, name):
    assert cli.main([name, "--help"]) == 0
    text = capsys.readouterr().out
    examples = text.partition("\nexamples:\n")[2].splitlines()
    assert len(examples) >= 2
    # what an example names exists
    parser = cli.build_parser()
    for line in examples:
        words = line.partition("shortgamma ")[2].split(" | ")[0].split(" > ")[0].split(")")[0].split()
        if "help" not in words:
            assert parser.parse_args(words).name in ("run", "funding", "carry", "flows", "info", "schema", "completion")
    assert cli.main(["help", name]) == 0
    assert capsys.readouterr().out == text


@pytest.mark.skipif(os.name != "posix", reason="bash")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("shortgamma ca", {"carry"}),
        ("shortgamma run --re", {"--rebalance", "--report"}),
        ("shortgamma run --rebalance ", {"bar", "hourly", "daily", "weekly", "monthly", "never"}),
        ("shortgamma schema f", {"funding", "flows"}),
        ("shortgamma run pri", {"prices.csv"}),
    ],
)
def test_completion_of_bash(tmp_path, words, expected):
    (tmp_path / "prices.csv").write_text("")
    script = (
        f'source /dev/stdin <<"END"\n{shell("completion", "bash").stdout}END\n'
        f'IFS=" " read -ra COMP_WORDS <<< "{words}"; [[ "{words}" == *" " ]] && COMP_WORDS+=("")\n'
        "COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); _shortgamma; printf '%s\\n' \"${COMPREPLY[@]}\"\n"
    )
    done = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.stderr == "" or "warning" in done.stderr
    assert set(done.stdout.split()) == expected


def test_completion_knows_every_option(capsys):
    for name in ("bash", "zsh", "fish"):
        assert cli.main(["completion", name]) == 0
        text = capsys.readouterr().out
        for option in ("compare", "financing-unit", "report", "mark", "tenors", "depth"):
            assert (f"-l {option}" if name == "fish" else f"--{option}") in text
