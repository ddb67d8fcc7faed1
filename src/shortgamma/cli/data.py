"""What ``shortgamma run`` runs on: price files, or a simulated market."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortgamma.cli import market as simulated
from shortgamma.cli.output import UsageError, progress
from shortgamma.cli.text import percent
from shortgamma.io.prices import DAY, HOUR, YEAR, read_prices

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shortgamma.io import Prices

Floats = NDArray[np.float64]
Stamps = NDArray[np.int64]
FUNDING_INTERVAL = 8 * HOUR
INTEREST_FUNDING = 0.0001


class Data(NamedTuple):
    """What the main job runs on; one element per bar."""

    source: str
    files: list[str]
    time: NDArray[np.datetime64]
    price: Floats
    high: Floats | None
    low: Floats | None
    coin: Floats
    rate: Floats
    """Funding rate summed over the intervals that end in the bar."""
    payments: NDArray[np.int64]
    """Number of these intervals."""
    mark: Floats
    """Price of the underlying at the last payment in the bar."""
    names: tuple[str, str]
    notes: list[str]

    @property
    def stamps(self) -> NDArray[np.int64]:
        return self.time.view(np.int64)

    @property
    def years(self) -> float:
        return float(self.stamps[-1] - self.stamps[0]) / YEAR

    @property
    def step(self) -> int:
        return int(np.median(np.diff(self.stamps)))


def simulated_data() -> Data:
    market = simulated.simulate()
    bars = len(market.time)
    every = simulated.FUNDING_HOURS
    payments = np.zeros(bars, np.int64)
    payments[every::every] = 1
    rate = np.zeros(bars)
    rate[every::every] = market.funding
    notes = [
        f"simulated: volatility {percent(simulated.VOLATILITY, 0)} each, correlation"
        f" {percent(simulated.CORRELATION, 0)}, no drift, seed {simulated.SEED}; the dates mean nothing",
        "funding simulated: reverts to 0.01 % per 8 hours",
    ]
    return Data(
        "simulated",
        [],
        market.time,
        market.underlying,
        market.high,
        market.low,
        market.coin,
        rate,
        payments,
        market.underlying,
        ("underlying", "collateral coin"),
        notes,
    )


def _held(prices: Prices) -> NDArray[np.datetime64]:
    """When each price held: funding is paid at that price, and a knock-in or a liquidation is known then.

    Of bars of a day or more the date says it well enough.
    """
    stamps = prices.time.view(np.int64)
    return prices.held if np.median(np.diff(stamps)) < DAY else prices.time


def _marks(held: Stamps, close: Floats, label: Stamps, opened: Floats) -> Floats:
    """The price nearest to the last payment of each bar: where the next bar opens then, its open."""
    due = held // FUNDING_INTERVAL * FUNDING_INTERVAL
    bar = np.minimum(np.searchsorted(label, due), len(label) - 1)
    nearer = (label[bar] >= due) & (label[bar] - due <= held - due) & ~np.isnan(opened[bar])
    return np.where(nearer, opened[bar], close)


def file_data(files: Sequence[str]) -> Data:
    series = [read_prices(file, progress=progress(file)) for file in files]
    names = [os.path.basename(file) for file in files]
    labels = [os.path.splitext(name)[0] for name in names]
    notes = [f"{name}: {note}" for name, prices in zip(names, series, strict=True) for note in prices.notes]
    first = series[0]
    time, close, high, low = _held(first), first.close, first.high, first.low
    label_time, opened = first.time, first.open
    coin = np.ones(len(time))
    label = "collateral coin"
    if len(files) == 2:
        label = labels[1]
        second = series[1]
        time, here, there = np.intersect1d(time, _held(second), assume_unique=True, return_indices=True)
        if len(time) < 2:
            count = "no time" if len(time) == 0 else "only one time"
            raise UsageError(f"{files[0]} and {files[1]} have {count} in common")
        for name, prices in zip(names, series, strict=True):
            if dropped := len(prices.time) - len(time):
                notes.append(f"{name}: {dropped:,} of {len(prices.time):,} bars dropped, not in the other file")
        close, coin, label_time = close[here], second.close[there], label_time[here]
        opened = None if opened is None else opened[here]
        if high is not None and low is not None:
            high, low = high[here], low[here]
    else:
        notes.append("no coin file: the collateral is worth 1 USD throughout, so a quanto swap acts as a linear one")
    notes.append("no funding series: 0.01 % per 8 hours is assumed, paid at 00:00, 08:00 and 16:00 UTC")
    if high is not None and low is not None:
        # a bar without high or low is judged by its close
        high, low = np.fmax(high, close), np.fmin(low, close)
    else:
        notes.append("no highs and lows: knock-ins and liquidations are judged by closes, so some are missed")
    stamps = time.view(np.int64)
    payments = np.diff(stamps // FUNDING_INTERVAL, prepend=stamps[0] // FUNDING_INTERVAL)
    if (payments > 1).any():
        notes.append("several funding payments fall between two bars: each at the price of the later bar")
    mark = (
        close if opened is None or first.stamp != "open" else _marks(stamps, close, label_time.view(np.int64), opened)
    )
    rate = INTEREST_FUNDING * payments
    return Data("files", list(files), time, close, high, low, coin, rate, payments, mark, (labels[0], label), notes)
