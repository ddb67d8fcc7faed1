"""The command ``shortgamma carry``."""

import json
import re

import numpy as np
import pytest

import shortgamma as sg
from shortgamma.cli import main

DATED = """time,expiry,price,spot
2024-01-05 08:00,2024-02-23 08:00,101,100
2024-01-05 08:00,2024-03-29 08:00,102.5,100
2024-01-05 08:00,2024-06-28 08:00,105,100
2024-01-06 08:00,2024-02-23 08:00,102,101
2024-01-06 08:00,2024-03-29 08:00,103.5,101
2024-01-06 08:00,2024-06-28 08:00,106,101
2024-01-07 08:00,2024-02-23 08:00,103,101.5
2024-01-07 08:00,2024-03-29 08:00,104.5,101.5
2024-01-07 08:00,2024-06-28 08:00,107,101.5
"""


@pytest.fixture
def dated(tmp_path):
    path = tmp_path / "dated.csv"
    path.write_text(DATED, encoding="utf-8")
    return path


@pytest.fixture
def constant(tmp_path):
    random = np.random.default_rng(1)
    days = np.arange("2023-01-01", "2023-07-01", dtype="datetime64[D]")
    spot = 100.0 * np.exp(np.cumsum(0.04 * random.standard_normal(len(days))))
    near = spot * (1.01 + 0.002 * random.standard_normal(len(days)))
    far = spot * (1.03 + 0.002 * random.standard_normal(len(days)))
    path, prices = tmp_path / "cm.csv", tmp_path / "spot.csv"
    rows = [f"{day},{a:.4f},{b:.4f}" for day, a, b in zip(days, near, far, strict=True)]
    path.write_text("date,cm_1m,cm_3m\n" + "\n".join(rows) + "\n", encoding="utf-8")
    rows = [f"{day},{price:.4f}" for day, price in zip(days, spot, strict=True)]
    prices.write_text("date,close\n" + "\n".join(rows) + "\n", encoding="utf-8")
    return path, prices


def run(capsys, *arguments):
    code = main(["carry", *map(str, arguments)])
    out, error = capsys.readouterr()
    return code, out, error


def test_dated_contracts(dated, tmp_path, capsys):
    target = tmp_path / "out.json"
    code, out, error = run(capsys, dated, "--method", "price", "--tenors", "60,90", "--json", target)
    assert (code, error) == (0, "")
    assert "CARRY  dated.csv: 3 times, 2024-01-05 08:00 to 2024-01-07 08:00 UTC" in out
    (venue,) = json.loads(target.read_text(encoding="utf-8"))["venues"]
    table = sg.io.read_futures(dated)
    basis = sg.carry.annualized_basis(table.price[2], table.spot[2], table.years[2])
    assert [row["basis"] for row in venue["curve"]] == pytest.approx(basis.tolist())
    tenor = sg.carry.constant_maturity(table.price, table.years, table.spot, 60 / 365, method="price")
    assert venue["history"][0]["mean"] == pytest.approx(tenor.mean())
    assert venue["history"][0]["deviation"] == pytest.approx(tenor.std(ddof=1))


def test_curve_of_another_time(dated, capsys):
    code, out, _ = run(capsys, dated, "--at", "2024-01-06 12:00")
    assert code == 0
    assert "2024-01-06 08:00 UTC" in out
    assert "102.00" in out
    code, _, error = run(capsys, dated, "--at", "2023-01-06")
    assert code == 2
    assert "before the first row" in error


def test_constant_maturities(constant, tmp_path, capsys):
    path, prices = constant
    target = tmp_path / "out.json"
    code, out, error = run(capsys, path, "--spot", prices, "--horizon", 10, "--json", target)
    assert (code, error) == (0, "")
    assert re.search(r"difference +1\.000000 +\(identity\)", out)
    (venue,) = json.loads(target.read_text(encoding="utf-8"))["venues"]
    table, spot = sg.io.read_futures(path), sg.io.read_prices(prices).close
    months = table.time.astype("datetime64[M]")
    share = sg.carry.liquidation_share(table.price[:, 0], [2, 3, 5, 10], period=months)
    assert venue["liquidation"]["liquidated"] == share.liquidated.tolist()
    assert venue["liquidation"]["months"] == 5
    fitted = sg.carry.fama(spot, table.price[:, 0], horizon=10, form="logs", lags=9)
    assert venue["fama"]["spot"] == pytest.approx(float(fitted.spot.slope))
    forward = 6.0 * np.log(table.price[:, 1] / table.price[:, 0])
    row = venue["history"][-1]
    assert row["name"] == "1 to 3 months"
    assert row["mean"] == pytest.approx(forward.mean())
    centred = forward - forward.mean()
    ar1 = (centred[1:] @ centred[:-1]) / np.sqrt((centred[1:] @ centred[1:]) * (centred[:-1] @ centred[:-1]))
    assert row["ar1"] == pytest.approx(ar1)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--method", "linear"], "--method must be one of price, basis"),
        (["--tenors", "30,x"], "--tenors must be days such as 30,60,90, got 30,x"),
        (["--horizon", "5"], "--horizon needs constant maturities"),
        (["--at", "yesterday"], "--at"),
    ],
)
def test_wrong_options(dated, capsys, arguments, message):
    code, out, error = run(capsys, dated, *arguments)
    assert (code, out) == (2, "")
    assert error.startswith("shortgamma: error: ")
    assert message in error
    assert len(error.splitlines()) == 1


def test_spot_of_other_times(constant, dated, capsys):
    path, _ = constant
    code, _, error = run(capsys, path, "--horizon", "5")
    assert code == 2
    assert "has no spot prices: --spot gives a file of them" in error


def test_a_fund_for_spot_is_refused(market, capsys):
    path = market / "carry" / "ibit" / "ibkr_ibit_x1850_and_cme_mbt_2025-08_2026-02_historical.csv"
    code, _, error = run(capsys, path, "--venue", "cme")
    assert code == 2
    assert "multiples of 18.5" in error


def test_cme(market, tmp_path, capsys):
    path = market / "carry" / "cme_btc" / "cme_btc_constant_maturity_2019_2024.csv"
    # whole months
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if line < "2024-02" or line[0] == "d"]
    until, target = tmp_path / "until.csv", tmp_path / "out.json"
    until.write_text("\n".join(lines) + "\n", encoding="utf-8")
    code, out, _ = run(capsys, until, "--json", target)
    assert code == 0
    assert "32 of 59" in out
    (venue,) = json.loads(target.read_text(encoding="utf-8"))["venues"]
    assert venue["liquidation"]["months"] == 59
    assert venue["liquidation"]["liquidated"] == [4, 11, 18, 32]


def test_venues_and_tenors(dated, constant, tmp_path, capsys):
    """One table of all files; a constant maturity of n months is one of 30 n days."""
    path, prices = constant
    lines = path.read_text(encoding="utf-8").splitlines()
    spot = dict(line.split(",") for line in prices.read_text(encoding="utf-8").splitlines())
    both = [f"{line},{'spot' if place == 0 else spot[line[:10]]}" for place, line in enumerate(lines)]
    path.write_text("\n".join(both) + "\n", encoding="utf-8")
    target = tmp_path / "out.json"
    code, out, error = run(capsys, dated, path, "--method", "log-price", "--tenors", "30,60,90", "--json", target)
    assert (code, error) == (0, "")
    assert "TENORS" in out
    first, second = json.loads(target.read_text(encoding="utf-8"))["venues"]
    table = sg.io.read_futures(dated)
    tenor = np.array([60.0, 90.0]) / 365.0
    logs = sg.carry.constant_maturity(table.price[2], table.years[2], table.spot[2], tenor, method="log-price")
    assert [each["basis"] for each in first["tenors"][1:]] == pytest.approx((np.expm1(logs * tenor) / tenor).tolist())
    assert first["tenors"][0]["basis"] is None
    assert [each["basis"] for each in second["tenors"]] == [
        second["curve"][0]["basis"], None, second["curve"][1]["basis"]
    ]  # fmt: skip


def test_picture(dated, constant, tmp_path, capsys):
    pytest.importorskip("matplotlib")
    path, prices = constant
    for place, arguments in enumerate(([dated, "--method", "price"], [path, "--spot", prices])):
        target = tmp_path / f"{place}.svg"
        code, _, error = run(capsys, *arguments, "--plot", target)
        assert (code, error) == (0, "")
        text = target.read_text(encoding="utf-8")
        assert "<svg" in text
        assert len(text) > 10_000
    code, _, error = run(capsys, path, "--plot", tmp_path / "no.svg")
    assert code == 2
    assert "has no spot price at that time: --spot gives one" in error
    code, _, error = run(capsys, dated, "--plot", tmp_path / "no.txt")
    assert code == 2
    assert "--plot must end with .png, .svg or .pdf" in error


def test_months_that_are_shaded(tmp_path, capsys):
    days = np.arange("2023-01-01", "2023-07-01", dtype="datetime64[D]")
    prices = 100.0 * np.exp(np.cumsum(0.03 * np.random.default_rng(2).standard_normal(len(days)) + 0.004))
    path = tmp_path / "cm.csv"
    rows = [f"{day},{price:.4f}" for day, price in zip(days, prices, strict=True)]
    path.write_text("date,cm_1m\n" + "\n".join(rows) + "\n", encoding="utf-8")
    target = tmp_path / "out.json"
    run(capsys, path, "--json", target)
    (venue,) = json.loads(target.read_text(encoding="utf-8"))["venues"]
    table = sg.io.read_futures(path)
    months = table.time.astype("datetime64[M]").astype(str)
    dead = []
    for month in np.unique(months)[1:]:
        rows = np.flatnonzero(months == month)
        if table.price[rows, 0].max() / table.price[rows[0] - 1, 0] >= 1.1:
            dead.append([rows[0], rows[-1]])
    assert 0 < len(dead) < 5
    assert venue["liquidation"]["spans"] == dead


def test_an_option_chain(market, tmp_path, capsys):
    path = market / "carry" / "options" / "deribit_btc_chain_2026-01-23T16.csv"
    target = tmp_path / "out.json"
    terms = ["--spot", "89485.28354537724", "--method", "price", "--json", target]
    code, out, error = run(capsys, path, *terms)
    assert (code, error) == (0, "")
    assert "12 forwards from delta and volatility" in out
    (venue,) = json.loads(target.read_text(encoding="utf-8"))["venues"]
    expected = [0.044770423308, 0.046418375793, 0.045699454779, 0.045246177122]
    assert [each["basis"] for each in venue["tenors"]] == pytest.approx(expected, abs=1e-8)
    code, _, error = run(capsys, path, "--spot", "-1")
    assert code == 2
    assert "--spot -1 is a price > 0 of one time" in error


def test_a_chain_of_2021(market, capsys):
    path = market / "carry" / "options" / "deribit_btc_eod_chain_2021-06-15.csv"
    code, out, error = run(capsys, path)
    assert (code, error) == (0, "")
    assert "10 forwards told by the file" in out


def test_deribit_futures(market, capsys):
    path = market / "carry" / "options" / "deribit_btc_dated_futures_2021-06_2021-07.csv"
    code, out, error = run(capsys, path, "--method", "basis")
    assert (code, error) == (0, "")
    assert "TENORS" in out
