"""Prices of the pages: market files where they are present, else simulated ones; each says which."""

from __future__ import annotations

import os
from pathlib import Path
from types import SimpleNamespace

import numpy as np

import shortgamma as sg
from shortgamma.cli.market import simulate


def find(name: str) -> Path | None:
    """A market file, or None."""
    path = Path(os.environ.get("SHORTGAMMA_MARKET", "")) / name
    return path if os.environ.get("SHORTGAMMA_MARKET") and path.is_file() else None


def say(real: bool, what: str) -> None:
    print(f"Real data: {what}." if real else f"Simulated data, since these are not at hand: {what}.")


def fund_and_index(index: str = "QQQ", fund: str = "TQQQ", years: int = 12):
    """Time and closes of an index fund and of a leveraged one on it, of the days that both have."""
    paths = [find(f"us_etf_daily/{name}.csv") for name in (index, fund)]
    say(None not in paths, f"{index} and {fund}, daily closes with dividends")
    if None not in paths:
        first, second = (sg.io.read_prices(path) for path in paths)
        time, here, there = np.intersect1d(first.time, second.time, return_indices=True)
        return time, first.close[here], second.close[there]
    random = np.random.default_rng(10)
    time = np.arange("2012-01-02", f"{2012 + years}-01-02", dtype="M8[D]")
    time = time[np.is_busday(time)].astype("M8[ns]")
    noise = random.standard_normal(len(time))
    price = 100.0 * np.exp(np.cumsum(0.0006 + 0.012 * (noise - noise.mean())))
    rule = sg.venues.proshares.token(3, expense=0.0086, spread=0.005)
    return time, price, sg.leverage.simulate(price, rule, time=time, stamp="close", financing=0.02).nav


def rates(time):
    """The federal funds rate a year at each time, as fractions."""
    path = find("rates/DFF_daily.csv")
    say(path is not None, "the federal funds rate")
    if path is None:
        return np.full(len(time), 0.02)
    day, rate = np.loadtxt(path, delimiter=",", skiprows=1, dtype=str, unpack=True)
    place = np.searchsorted(day.astype("M8[D]"), time.astype("M8[D]"), side="right") - 1
    return rate.astype(float)[place] / 100.0


def hours(coin: str = "BTC"):
    """Hourly open, high, low and close of a coin, with the time of each open."""
    path = find(f"crypto_1h/{coin}USDT_1h.csv")
    say(path is not None, f"{coin} in USDT by the hour")
    if path is not None:
        return sg.io.read_prices(path)
    market = simulate()
    close = market.underlying if coin == "ETH" else market.coin
    return SimpleNamespace(
        time=market.time[:-1], open=close[:-1], high=np.maximum(close[1:], close[:-1]),
        low=np.minimum(close[1:], close[:-1]), close=close[1:],
    )  # fmt: skip


def four_hours(name: str):
    """Four-hour bars of a coin since 2017, with the time of each open."""
    path = find(f"crypto_4h/{name}.csv")
    say(path is not None, f"{name} by four hours")
    if path is not None:
        return sg.io.read_prices(path)
    market = simulate()
    close = (market.underlying if name.startswith("ETH") else market.coin)[::4].copy()
    # a crash of a day and a half, as in March 2020: half is lost
    close[68:] *= 0.5
    close[60:68] *= 0.5 ** (np.arange(1, 9) / 9)
    return SimpleNamespace(
        time=market.time[::4][:-1], open=close[:-1], high=np.maximum(close[1:], close[:-1]),
        low=np.minimum(close[1:], close[:-1]), close=close[1:],
    )  # fmt: skip


def funding():
    """A funding history of XBTUSD, or a simulated one."""
    path = find("funding/bitmex_XBTUSD_funding_2016-05_2020-11.csv")
    say(path is not None, "funding of BitMEX XBTUSD")
    if path is not None:
        return sg.io.read_funding(path)
    market = simulate()
    return SimpleNamespace(time=market.time[8::8], rate=market.funding, venue="simulated", symbol="")
