"""Margin tiers: the forms of venues and ccxt, and what is refused."""

import io
import json

import pytest

from shortgamma.io import ReadError, read_tiers
from shortgamma.liquidation import Tiers


def binance(lower, upper, rate, fields=("notionalFloor", "notionalCap")):
    return {fields[0]: lower, fields[1]: upper, "maintMarginRatio": rate, "cum": 0.0}


def ccxt(lower, upper, rate):
    return {"tier": 1, "minNotional": lower, "maxNotional": upper, "maintenanceMarginRate": rate, "info": {}}


EXPECTED = Tiers([0, 50_000], [0.004, 0.005])
STEPS = [ccxt(0, 50_000, 0.004), ccxt(50_000.0, None, 0.005)]
BINANCE = [{"symbol": "BTCUSDT", "brackets": [binance(0, 50_000, "0.004"), binance(50_000, 250_000, 0.005)]}]
COIN = [binance(0, 5, 0.004, ("qtyFloor", "qtyCap")), binance(5, 10, 0.005, ("qtyFloor", "qtyCap"))]

FORMS = {
    "ccxt, one market": (STEPS, None),
    "ccxt, several": ({"BTC/USDT:USDT": STEPS, "ETH/USDT:USDT": STEPS[:1]}, "BTC/USDT:USDT"),
    "ccxt, several of which one has tiers": ({"BTC/USDT:USDT": STEPS, "ETH/USDT:USDT": []}, "BTC/USDT:USDT"),
    "Binance": (BINANCE, None),
    "Binance, one object": (BINANCE[0], "BTCUSDT"),
    "Binance, two symbols": ([{"symbol": "X", "brackets": [binance(0, 1, 0.5)]}, *BINANCE], "BTCUSDT"),
    "Bybit": (
        {
            "retCode": 0,
            "result": {
                "category": "linear",
                "list": [
                    {"id": 1, "symbol": "BTCUSDT", "riskLimitValue": "50000", "maintenanceMargin": "0.004"},
                    {"id": 2, "symbol": "BTCUSDT", "riskLimitValue": "250000", "maintenanceMargin": "0.005"},
                ],
            },
        },
        "BTCUSDT",
    ),
    "one's own": ([{"lower": 0, "rate": 0.004}, {"lower": 50_000, "rate": 0.005}], None),
}


@pytest.mark.parametrize("name", FORMS)
def test_forms(name, tmp_path):
    data, symbol = FORMS[name]
    assert read_tiers(data, symbol=symbol) == EXPECTED
    text = json.dumps(data)
    assert read_tiers(io.StringIO(text), symbol=symbol) == EXPECTED
    path = tmp_path / "tiers.json"
    path.write_text(text, encoding="utf-8")
    assert read_tiers(path, symbol=symbol) == EXPECTED


def test_coin_margined():
    assert read_tiers([{"pair": "BTCUSD", "brackets": COIN}]) == Tiers([0, 5], [0.004, 0.005])


def test_text_and_frames():
    assert read_tiers(io.StringIO('lower,upper,rate\n0,"50,000.0",0.004\n"50,000.0",,0.005\n')) == EXPECTED
    pd = pytest.importorskip("pandas")
    assert read_tiers(pd.DataFrame({"lower": [0, 50_000], "rate": [0.004, 0.005]})) == EXPECTED


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ([ccxt(0, 5, 0.1), ccxt(6, 9, 0.2)], "source, row 1, column 'minNotional': must begin at 5, where the tier"),
        ([ccxt(0, 5, 0.1), ccxt(4, 9, 0.2)], "source, row 1, column 'minNotional': must begin at 5, where the tier"),
        ([ccxt(0, 0, 0.1)], "source, row 0: the tier must end above where it begins, got 0 to 0"),
        ([ccxt(0, 5, None)], "source, row 0, column 'maintenanceMarginRate': a number is missing"),
        ([ccxt(0, 5, True)], "source, row 0, column 'maintenanceMarginRate': True is not a number"),
        ([ccxt(0, 5, "0.00_4")], "source, row 0, column 'maintenanceMarginRate': '0.00_4' is not a number"),
        ([ccxt(0, 10**400, 0.1)], "is not a finite number"),
        ([ccxt(0, 5, 0.2), ccxt(5, 9, 0.1)], "source, row 0: these are not tiers: rate"),
        ([ccxt(0, 5, 1.5)], "source, row 0: these are not tiers: rate"),
        ([{"tier": 1}], "source: no edges and rates of tiers among 'tier': name them lower and rate"),
        ([3], "source: is not a list of rows: it holds 3"),
        ([], "source: has no rows"),
        ({}, "source: has no list of rows"),
        ({"code": -2015, "msg": "Invalid API-key"}, "has no list of rows: it says code -2015, msg 'Invalid API-key'"),
        ({"A": STEPS, "B": STEPS}, "has several lists of rows, 'A', 'B': give symbol= one of them"),
        ([*BINANCE, *BINANCE], "source, row 2: the tiers of one symbol are there twice: leave one out"),
    ],
)
def test_refused(source, message):
    with pytest.raises(ReadError) as error:
        read_tiers(source)
    assert message in str(error.value)


def test_symbol_that_is_not_there():
    for source in (BINANCE, {"A": STEPS, "B": STEPS}, [{"symbol": "A", **STEPS[0]}, {"symbol": "B", **STEPS[0]}]):
        with pytest.raises(ReadError, match="symbol='NOPE' is not in it, it holds "):
            read_tiers(source, symbol="NOPE")


def test_lists_by_symbol_of_rows_without_one():
    rows = [
        {"tier": 1, "currency": "BTC", "minNotional": 0, "maxNotional": 75, "maintenanceMarginRate": 0.005},
        {"tier": 2, "currency": "BTC", "minNotional": 75, "maxNotional": 175, "maintenanceMarginRate": 0.01},
    ]
    source = {"ETH/USD:BTC": rows, "BTC/USD:BTC": rows[:1]}
    assert read_tiers(source, symbol="ETH/USD:BTC") == Tiers([0.0, 75.0], [0.005, 0.01])
    with pytest.raises(ReadError, match="symbol="):
        read_tiers(source)
    with pytest.raises(ReadError, match="NOPE"):
        read_tiers(source, symbol="NOPE")
