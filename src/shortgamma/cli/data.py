"""What ``shortgamma run`` runs on: price files, or a simulated market."""

from __future__ import annotations

import csv
import io
import os
import re
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortgamma._core.times import times
from shortgamma.cli import market as simulated
from shortgamma.cli.output import UsageError, progress
from shortgamma.io.prices import DAY, HOUR, YEAR, bars_per_year, read_prices
from shortgamma.report.text import percent

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
    funding_notes: list[str]

    @property
    def stamps(self) -> NDArray[np.int64]:
        return self.time.view(np.int64)

    @property
    def years(self) -> float:
        return float(self.stamps[-1] - self.stamps[0]) / YEAR

    @property
    def step(self) -> int:
        return int(np.median(np.diff(self.stamps)))

    @property
    def closes(self) -> bool:
        """Whether the market closes: it has fewer bars than its year would hold."""
        return self.step >= DAY and bars_per_year(self.time) * self.step < 0.9 * YEAR


class Fund(NamedTuple):
    """A real fund, on the bars that it and its underlying both have."""

    name: str
    file: str
    time: NDArray[np.datetime64]
    price: Floats
    underlying: Floats


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
        ["funding simulated: reverts to 0.01 % per 8 hours"],
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


def source_of(file: str) -> Any:
    """What a reader reads: standard input for ``-``."""
    if file != "-":
        return file
    if sys.stdin is None or sys.stdin.closed:
        raise UsageError("there is no standard input to read")
    return io.BytesIO(sys.stdin.buffer.read())


def name_of(file: str) -> str:
    return "standard input" if file == "-" else os.path.basename(file)


def prices_of(file: str) -> Prices:
    return read_prices(source_of(file), progress=progress(file))


def fund_data(data: Data, file: str) -> Fund:
    """A fund's prices, paired with those of its underlying by time."""
    prices = prices_of(file)
    time, here, there = np.intersect1d(data.time, _held(prices), assume_unique=True, return_indices=True)
    if len(time) < 3:
        raise UsageError(f"{file} and {data.files[0]} have {len(time) or 'no'} times in common, at least 3 are needed")
    name = os.path.splitext(name_of(file))[0]
    data.notes.extend(f"{name_of(file)}: {note}" for note in prices.notes)
    return Fund(name, file, time, prices.close[there], data.price[here])


def financing_of(text: str, unit: str | None, bars: NDArray[np.datetime64]) -> tuple[Any, str]:
    """Financing a year, as a number or a function of times, and how it was read."""
    try:
        rate = float(text)
    except ValueError:
        pass
    else:
        if not -0.5 < rate < 0.5:
            raise UsageError(f"--financing is a fraction a year, 0.04 for 4 %, got {text}")
        return rate, f"{percent(rate, 2)} a year"
    if re.fullmatch(r"[-+]?[0-9.]+ *%", text):
        raise UsageError(f"--financing is a fraction a year, 0.04 for 4 %, got {text}")
    stamps, rates = read_rates(text)
    low, high = float(rates.min()), float(rates.max())
    if unit is None:
        if max(abs(low), abs(high)) <= 0.5:
            raise UsageError(f"{text} holds rates from {low:g} to {high:g}: say --financing-unit percent, or fraction")
        unit = "percent"
    scale = 0.01 if unit == "percent" else 1.0

    def at(time: NDArray[np.datetime64]) -> Floats:
        place = np.searchsorted(stamps, time.view(np.int64), side="right") - 1
        if (place < 0).any():
            first = np.int64(stamps[0]).view("datetime64[ns]").astype("datetime64[s]")
            raise UsageError(f"{text} begins at {first}, after the first bar: financing is needed for every bar")
        return scale * rates[place]

    used = at(bars)
    span = f"{percent(used.min(), 2)} to {percent(used.max(), 2)}"
    return at, f"of {name_of(text)}, read as {unit} a year ({span})"


def read_rates(file: str) -> tuple[Stamps, Floats]:
    """Times and rates of a table of two columns, or of those named date and rate; rows without a rate are left out."""
    try:
        with open(file, encoding="utf-8-sig", newline="") as handle:
            rows = [row for row in csv.reader(handle) if any(cell.strip() for cell in row)]
    except OSError as error:
        raise UsageError(f"{file}: {(error.strerror or str(error)).lower()}") from None
    if len(rows) < 2 or any(len(row) < 2 for row in rows):
        raise UsageError(f"{file} must have a time and a rate in each row, under a header")
    if len(rows[0]) > 2:
        raise UsageError(f"{file} must have two columns, a time and a rate, got {len(rows[0])}")
    kept = [(number, row) for number, row in enumerate(rows[1:], 2) if row[1].strip() not in ("", ".", "NA", "nan")]
    rates = np.empty(len(kept))
    for place, (line, row) in enumerate(kept):
        try:
            rates[place] = float(row[1])
        except ValueError:
            raise UsageError(f"{file}, line {line}: {row[1]!r} is not a rate") from None
    try:
        stamps = times("time", [row[0] for _, row in kept])
    except (TypeError, ValueError) as error:
        raise UsageError(f"{file}: {error}") from None
    if len(stamps) == 0 or not (np.diff(stamps) > 0).all():
        raise UsageError(f"{file} must have rates, their times ascending")
    return stamps, rates


def file_data(files: Sequence[str]) -> Data:
    """Prices of an underlying, and of its collateral coin if there are two files."""
    series = [prices_of(file) for file in files]
    names = [name_of(file) for file in files]
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
    funding_notes = ["no funding series: 0.01 % per 8 hours is assumed, paid at 00:00, 08:00 and 16:00 UTC"]
    if len(files) == 1:
        worth = "no coin file (--coin): the collateral is worth 1 USD throughout, so a quanto swap acts as a linear one"
        funding_notes.insert(0, worth)
    if high is not None and low is not None:
        # a bar without high or low is judged by its close
        high, low = np.fmax(high, close), np.fmin(low, close)
    else:
        notes.append("no highs and lows: knock-ins and liquidations are judged by closes, so some are missed")
    stamps = time.view(np.int64)
    payments = np.diff(stamps // FUNDING_INTERVAL, prepend=stamps[0] // FUNDING_INTERVAL)
    if (payments > 1).any():
        funding_notes.append("several funding payments fall between two bars: each at the price of the later bar")
    mark = (
        close if opened is None or first.stamp != "open" else _marks(stamps, close, label_time.view(np.int64), opened)
    )
    rate = INTEREST_FUNDING * payments
    return Data("files", list(files), time, close, high, low, coin, rate, payments, mark, (labels[0], label), notes,
                funding_notes)  # fmt: skip
