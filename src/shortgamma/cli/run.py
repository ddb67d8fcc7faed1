"""The command line: ``shortgamma run``, ``shortgamma funding`` and ``shortgamma info``."""

import argparse
import json
import math
import os
import re
import stat
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple, NoReturn, TextIO

import numpy as np
from numpy.typing import NDArray

from shortgamma import __version__, barrier, contracts, funding, leverage, liquidation, show_config
from shortgamma.cli import market as simulated
from shortgamma.io.prices import DAY, HOUR, YEAR, PricesError, bars_per_year, duration, read_prices, stamp

__all__ = ["main"]

Floats = NDArray[np.float64]
Result = dict[str, Any]

WIDTH = 100
LEVERAGES = (-3.0, -1.0, 2.0, 3.0)
INITIAL_NAV = 100.0
BARRIER_FRACTION = 0.6
FUNDING_INTERVAL = 8 * HOUR
FUNDING_PER_YEAR = YEAR // FUNDING_INTERVAL
INTEREST_FUNDING = 0.0001
NOTIONAL = 100_000.0
MARGIN_LEVERAGES = (2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
MAINTENANCE = 0.005
MARKS = {"nearest barrier": "nearest", "before largest trade": "pre-trade", "largest trade": "largest trade"}
# The inverse contract is of 1 USD; its size has no bearing on the price of liquidation.
CONTRACTS = {"linear": (contracts.Contract("linear"), 1.0), "inverse": (contracts.XBTUSD, 10_000.0)}


class UsageError(Exception):
    """Bad input; the message is the one line that is shown."""


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


# ----------------------------------------------------------------------------------------------------------
# data


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
        ("underlying", "collateral coin"),
        notes,
    )


def file_data(files: Sequence[str]) -> Data:
    series = [read_prices(file) for file in files]
    names = [os.path.basename(file) for file in files]
    labels = [os.path.splitext(name)[0] for name in names]
    notes = [f"{name}: {note}" for name, prices in zip(names, series, strict=True) for note in prices.notes]
    first = series[0]
    time, close, high, low = first.time, first.close, first.high, first.low
    coin = np.ones(len(time))
    label = "collateral coin"
    if len(files) == 2:
        label = labels[1]
        second = series[1]
        time, here, there = np.intersect1d(time, second.time, assume_unique=True, return_indices=True)
        if len(time) < 2:
            count = "no time" if len(time) == 0 else "only one time"
            raise UsageError(f"{files[0]} and {files[1]} have {count} in common")
        for name, prices in zip(names, series, strict=True):
            if dropped := len(prices.time) - len(time):
                notes.append(f"{name}: {dropped:,} of {len(prices.time):,} bars dropped, not in the other file")
        close, coin = close[here], second.close[there]
        if high is not None and low is not None:
            high, low = high[here], low[here]
    else:
        notes.append("no coin file: the collateral is worth 1 USD throughout, so a quanto swap acts as a linear one")
    notes.append("no funding series: 0.01 % per 8 hours is assumed, paid at 00:00, 08:00 and 16:00 UTC")
    if high is None:
        notes.append("no highs and lows: knock-ins and liquidations are judged by closes, so some are missed")
    stamps = time.view(np.int64)
    payments = np.diff(stamps // FUNDING_INTERVAL, prepend=stamps[0] // FUNDING_INTERVAL)
    if (payments > 1).any():
        notes.append("several funding payments fall between two bars: each at the price of the later bar")
    rate = INTEREST_FUNDING * payments
    return Data("files", list(files), time, close, high, low, coin, rate, payments, (labels[0], label), notes)


# ----------------------------------------------------------------------------------------------------------
# numbers


def market_numbers(data: Data) -> Result:
    per_year = bars_per_year(data.time)
    returns = np.diff(np.log([data.price, data.coin]))
    covariance = returns @ returns.T / returns.shape[1] * per_year
    vol, coin_vol = np.sqrt(np.diag(covariance))
    quoted = data.source == "simulated" or len(data.files) == 2

    def asset(name: str, price: Floats, volatility: float) -> Result:
        return {
            "name": name,
            "first": price[0],
            "last": price[-1],
            "return": price[-1] / price[0] - 1,
            "volatility": volatility,
        }

    return {
        "source": data.source,
        "files": data.files,
        "bars": len(data.time),
        "start": data.time[0],
        "end": data.time[-1],
        "step_seconds": data.step / 1e9,
        "bars_per_year": per_year,
        "years": data.years,
        "underlying": asset(data.names[0], data.price, vol),
        "coin": asset(data.names[1], data.coin, coin_vol) if quoted else None,
        "correlation": covariance[0, 1] / (vol * coin_vol) if quoted else None,
        "covariance_per_year": covariance[0, 1],
        "notes": data.notes,
    }


def leverage_numbers(data: Data) -> Result:
    multiples = np.array(LEVERAGES)
    nav = leverage.nav(data.price[:, None], multiples, initial=INITIAL_NAV)
    ratio = data.price[1:] / data.price[:-1]
    total = data.price[-1] / data.price[0] - 1
    growth = np.log(data.price[-1]) - np.log(data.price[0])
    trades = multiples * (multiples - 1) * (ratio[:, None] - 1) * nav[:-1]
    traded = np.divide(np.abs(trades), nav[1:], out=np.zeros_like(trades), where=nav[1:] > 0)
    turnover = traded.sum(axis=0)
    drawdown = 1 - nav / np.maximum.accumulate(nav, axis=0)
    troughs = drawdown.argmax(axis=0)
    tokens = []
    for place, multiple in enumerate(LEVERAGES):
        value = nav[:, place]
        gain = value[-1] / INITIAL_NAV - 1
        decay = np.expm1((np.log(value[-1] / INITIAL_NAV) - multiple * growth) / data.years)
        wiped = value == 0
        tokens.append(
            {
                "leverage": multiple,
                "final_nav": value[-1],
                "return": gain,
                "leverage_times_return": multiple * total,
                "drag": gain - multiple * total,
                "decay_per_year": decay,
                "turnover": turnover[place],
                "turnover_per_year": turnover[place] / data.years,
                "worst_drawdown": drawdown[troughs[place], place],
                "worst_drawdown_time": data.time[troughs[place]],
                "wiped_out_time": data.time[int(wiped.argmax())] if wiped.any() else None,
            }
        )
    return {"initial_nav": INITIAL_NAV, "rebalanced": f"every {every(data.step)}", "tokens": tokens}


def barrier_numbers(data: Data, vol: float) -> Result:
    """Greeks of a knock-in put that is renewed every year, at every bar."""
    stamps = data.stamps
    length = min(YEAR, int(stamps[-1] - stamps[0]))
    term = (stamps - stamps[0]) // YEAR
    if (stamps[-1] - stamps[0]) % YEAR == 0:
        # the last bar ends an option and is not the only one of the next
        term[-1] -= 1
    _, start, member = np.unique(term, return_index=True, return_inverse=True)
    end = np.append(start[1:], len(stamps))
    strike = data.price[start][member]
    level = BARRIER_FRACTION * strike
    expiry = (length - (stamps - stamps[0] - term * YEAR)) / YEAR
    lowest = data.price if data.low is None else data.low.copy()
    if data.low is not None:
        # the option is bought at the close of its first bar
        lowest[start] = data.price[start]
    touched = lowest <= level
    # the last bar at or before each that touched the barrier, or -1
    last_touch = np.maximum.accumulate(np.where(touched, np.arange(len(stamps)), -1))
    knocked = last_touch >= start[member]
    # beyond its barrier a knock-in is the plain option, which is what it stays after a touch
    greeks = barrier.greeks(data.price, strike, np.where(knocked, 2 * data.price, level), vol, expiry)

    live = (expiry > 0) & np.isfinite(greeks.delta)
    change = np.diff(greeks.delta)
    hedged = live[1:] & live[:-1] & (member[1:] == member[:-1]) & (change != 0)
    largest = None
    shown = 0
    if hedged.any():
        bar = int(np.where(hedged, np.abs(change), -1.0).argmax()) + 1
        shown = int(member[bar])
        largest = {
            "bar": bar,
            "time": data.time[bar],
            "spot": data.price[bar],
            "delta_before": greeks.delta[bar - 1],
            "delta_after": greeks.delta[bar],
            "trade": change[bar - 1],
            "knocked_in": bool(knocked[bar]),
            "option": shown + 1,
        }
    options = []
    for place, (first, stop) in enumerate(zip(start, end, strict=True)):
        hit = knocked[first:stop]
        options.append(
            {
                "option": place + 1,
                "start": data.time[first],
                "strike": strike[first],
                "barrier": level[first],
                "knocked_in_time": data.time[first + int(hit.argmax())] if hit.any() else None,
            }
        )
    first, last = int(start[shown]), int(end[shown]) - 1
    span = last - first
    marked: dict[int, list[str]] = {first + span * part // 4: [] for part in range(5)}
    away = np.abs(np.log(data.price[first : last + 1] / level[first]))
    nearest = first + int(np.where(knocked[first : last + 1], np.inf, away).argmin())
    if not knocked[nearest]:
        marked.setdefault(nearest, []).append("nearest barrier")
    if largest is not None:
        marked.setdefault(largest["bar"] - 1, []).append("before largest trade")
        marked.setdefault(largest["bar"], []).append("largest trade")
    rows = [
        {
            "bar": bar,
            "time": data.time[bar],
            "mark": marked[bar],
            "knocked_in": bool(knocked[bar]),
            "spot": data.price[bar],
            "years_left": expiry[bar],
            **{name: getattr(greeks, name)[bar] for name in ("price", "delta", "gamma", "vega", "theta")},
        }
        for bar in sorted(marked)
    ]
    return {
        "kind": "down-in",
        "option": "put",
        "vol": vol,
        "expiry_years": length / YEAR,
        "options": options,
        "shown": shown + 1,
        "rows": rows,
        "largest_hedge_trade": largest,
    }


def funding_numbers(data: Data, covariance: float) -> Result:
    contract = contracts.ETHUSD
    value = contract.multiplier * data.price[0] * data.coin[0]
    quantity = -max(1.0, float(np.rint(NOTIONAL / value)))
    paid = np.flatnonzero(data.payments)
    cash = funding.accrue(quantity, data.price[paid], data.rate[paid], contract=contract)
    weighted = np.abs(contract.value(quantity, data.price[paid])) * data.payments[paid]
    total = cash.sum()
    largest = int(np.abs(cash).argmax()) if len(cash) else None
    return {
        "contract": {"kind": contract.kind, "multiplier": contract.multiplier},
        "quantity": quantity,
        "notional_usd": -quantity * value,
        "payments": data.payments.sum(),
        "payments_received": data.payments[paid][cash > 0].sum(),
        "received_coin": total,
        "received_usd": (cash * data.coin[paid]).sum(),
        "annualised": total / weighted.sum() * FUNDING_PER_YEAR if largest is not None else None,
        "largest_coin": cash[largest] if largest is not None else None,
        "largest_time": data.time[paid[largest]] if largest is not None else None,
        "price_pnl_coin": contract.pnl(quantity, data.price[0], data.price[-1]),
        "rehedging_cost_per_year": covariance,
    }


def liquidation_numbers(data: Data) -> Result:
    entry = data.price[0]
    multiples = np.array(MARGIN_LEVERAGES)
    rows = []
    for kind, (contract, size) in CONTRACTS.items():
        margin = contract.value(size, entry) / multiples
        for side, quantity, extreme in (("long", size, data.low), ("short", -size, data.high)):
            mark = data.price
            if extreme is not None:
                mark = extreme.copy()
                # the position is opened at the close of the first bar
                mark[0] = entry
            terms: Any = {"contract": contract, "maintenance": MAINTENANCE}
            level = liquidation.price(quantity, entry, margin, **terms)
            bars = liquidation.first_breach(mark[:, None], quantity, entry, margin, **terms)
            for multiple, price, bar in zip(MARGIN_LEVERAGES, level, bars, strict=True):
                hit = bar >= 0
                rows.append(
                    {
                        "contract": kind,
                        "side": side,
                        "leverage": multiple,
                        "price": price if 0 < price < math.inf else None,
                        "bar": bar if hit else None,
                        "time": data.time[bar] if hit else None,
                        "mark": mark[bar] if hit else None,
                    }
                )
    extremes = "highs and lows" if data.high is not None else "closes"
    return {"entry": entry, "maintenance": MAINTENANCE, "judged_by": extremes, "positions": rows}


def compute(data: Data) -> Result:
    # prices at the ends of the double range may overflow; what comes of it is shown as missing
    with np.errstate(all="ignore"):
        market = market_numbers(data)
        return {
            "version": __version__,
            "market": market,
            "leverage": leverage_numbers(data),
            "barrier": barrier_numbers(data, float(market["underlying"]["volatility"])),
            "funding": funding_numbers(data, market["covariance_per_year"]),
            "liquidation": liquidation_numbers(data),
        }


# ----------------------------------------------------------------------------------------------------------
# text


def every(step: int) -> str:
    """A step of time as 'every' wants it: hour, 4 hours, day."""
    return duration(step).removeprefix("1 ")


def number(value: float | None, digits: int = 5) -> str:
    """A number of so many digits, never in scientific notation."""
    if value is None or not math.isfinite(value):
        return "-"
    if value == 0:
        return "0"
    if abs(value) < 1e-8:
        return "<0.00000001" if value > 0 else ">-0.00000001"
    decimals = digits - 1 - math.floor(math.log10(abs(value)))
    return f"{value:,.{min(max(decimals, 0), 10)}f}"


def fixed(value: float | None, decimals: int) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    text = f"{value:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text


def percent(value: float | None, decimals: int = 1) -> str:
    if value is None or not math.isfinite(value):
        return "-"
    return fixed(100 * value, decimals) + " %"


def change(value: float | None) -> str:
    """A return in percent; -100 % only where all is lost."""
    if value is not None and -1 < value < -0.9995:
        value = max(value, -0.9999)
        return percent(value, 2)
    return percent(value)


def price_decimals(price: float) -> int:
    return min(max(2, 4 - math.floor(math.log10(price))), 12)


def table(header: Sequence[str], rows: Iterable[Sequence[str]], left: Sequence[int] = ()) -> list[str]:
    """Columns under headers of one or two lines, right-aligned but for those in ``left``."""
    heads = [name.split("\n") for name in header]
    height = max(map(len, heads))
    lines = [list(line) for line in zip(*([""] * (height - len(h)) + h for h in heads), strict=True)]
    lines += [list(row) for row in rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return [
        "  "
        + "  ".join(
            cell.ljust(width) if place in left else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    ]


def market_text(result: Result, clock: bool) -> list[str]:
    market = result["market"]
    step = int(market["step_seconds"] * 1e9)
    source = "built-in market" if market["source"] == "simulated" else ", ".join(map(os.path.basename, market["files"]))
    start, end = stamp(market["start"], clock), stamp(market["end"], clock) + " UTC" * clock
    span = f"{fixed(market['years'], 2)} years" if market["years"] >= 1 else duration(market["years"] * YEAR)
    lines = [
        f"shortgamma {result['version']}: {source}",
        f"{market['bars']:,} bars of {duration(step)}, {start} to {end} ({span},"
        f" {market['bars_per_year']:,.0f} bars a year)",
        "",
    ]
    rows = []
    for asset in (market["underlying"], market["coin"]):
        if asset is not None:
            decimals = price_decimals(asset["first"])
            rows.append(
                [
                    asset["name"],
                    fixed(asset["first"], decimals),
                    fixed(asset["last"], decimals),
                    change(asset["return"]),
                    percent(asset["volatility"]),
                ]
            )
    lines += table(["", "first", "last", "return", "volatility"], rows, left=[0])
    if market["coin"] is not None:
        lines[-1] += f"    correlation {percent(market['correlation'])}"
    lines.append("")
    for note in market["notes"]:
        lines += textwrap.wrap(note, WIDTH, initial_indent="  * ", subsequent_indent="    ")
    return lines


def leverage_text(result: Result, clock: bool) -> list[str]:
    part = result["leverage"]
    rows, wiped = [], []
    for token in part["tokens"]:
        name = f"{token['leverage']:+.0f}x"
        nav = token["final_nav"]
        rows.append(
            [
                name,
                "<0.0001" if 0 < nav < 0.0001 else fixed(nav, 4 if 0 < nav < 1 else 2),
                change(token["return"]),
                percent(token["leverage_times_return"]),
                percent(token["drag"]).replace("%", "pp"),
                change(token["decay_per_year"]),
                fixed(token["turnover_per_year"], 1),
                change(-token["worst_drawdown"]),
            ]
        )
        if token["wiped_out_time"] is not None:
            wiped.append(f"  {name} is wiped out at {stamp(token['wiped_out_time'], clock)}")
    header = ["token", "final\nNAV", "return", "leverage x\nunderlying", "drag", "decay\na year"]
    title = f"LEVERAGED TOKENS  NAV 100 at the start, rebalanced {part['rebalanced']}, no fees or financing"
    return [
        title,
        *table([*header, "turnover\nNAV/year", "worst\ndrawdown"], rows),
        *wiped,
        "  drag = return - leverage x underlying; decay = NAV / underlying ^ leverage, from the path alone",
    ]


def barrier_text(result: Result, clock: bool) -> list[str]:
    part = result["barrier"]
    options = part["options"]
    hit = sum(option["knocked_in_time"] is not None for option in options)
    option = options[part["shown"] - 1]
    strike = option["strike"]
    decimals = price_decimals(strike)
    life = "1 year" if part["expiry_years"] == 1 else duration(part["expiry_years"] * YEAR)
    lines = [
        f"KNOCK-IN PUT  strike 100 %, barrier {percent(BARRIER_FRACTION, 0)} of the first price, {life},"
        f" volatility {percent(part['vol'])}, rates 0"
    ]
    if len(options) > 1:
        lines.append(
            f"  renewed every year: {len(options)} options, {hit} knocked in;"
            f" shown: option {option['option']}"
            + (", with the largest hedge trade" if part["largest_hedge_trade"] else "")
        )
    lines.append(f"  strike {fixed(strike, decimals)}, barrier {fixed(option['barrier'], decimals)}")
    rows = [
        [
            stamp(row["time"], clock),
            "in" if row["knocked_in"] else "alive",
            fixed(row["spot"], decimals),
            percent(row["price"] / strike, 2),
            fixed(row["delta"], 3),
            fixed(row["gamma"] * row["spot"] / 100, 3),
            percent(row["vega"] / 100 / strike, 2),
            percent(row["theta"] / 365 / strike, 3),
            ", ".join(MARKS[mark] for mark in row["mark"]),
        ]
        for row in part["rows"]
    ]
    header = ["time", "put", "spot", "price", "delta", "gamma", "vega", "theta", ""]
    lines += table(header, rows, left=[0, 1, 8])
    lines.append("  price in % of the strike; gamma per 1 % of spot; vega per volatility point; theta per day")
    if (trade := part["largest_hedge_trade"]) is not None:
        verb = "sells" if trade["trade"] < 0 else "buys"
        where = f"{stamp(trade['time'], clock)} at {fixed(trade['spot'], decimals)}"
        size = fixed(abs(trade["trade"]), 3)
        lines.append(f"  largest hedge trade: {where} the writer {verb} {size} underlying per option")
        lines.append(
            f"  (delta {fixed(trade['delta_before'], 3)} to {fixed(trade['delta_after'], 3)},"
            f" {'knocked in' if trade['knocked_in'] else 'not knocked in'})"
        )
    return lines


def funding_text(result: Result, clock: bool) -> list[str]:
    part = result["funding"]
    contract = part["contract"]
    title = (
        f"FUNDING  short {-part['quantity']:,.0f} quanto contracts of {contract['multiplier']:.6f} coin"
        f" per USD ({fixed(part['notional_usd'], 0)} USD)"
    )
    if not part["payments"]:
        return [title, "  no funding time falls into these bars"]
    count, got = part["payments"], part["payments_received"]
    rows = [
        ("payments", f"{count:,}", "all received" if got == count else f"{got:,} of them received"),
        ("received", number(part["received_coin"], 6), "coin"),
        ("", fixed(part["received_usd"], 2), "USD at the coin's price of the time"),
        ("annualised", percent(part["annualised"], 2), "of the notional"),
        ("largest", number(part["largest_coin"], 6), f"coin, {stamp(part['largest_time'], clock)}"),
        ("price profit", number(part["price_pnl_coin"], 6), "coin"),
    ]
    if result["market"]["coin"] is not None:
        text = "a year if hedged with linear contracts: correlation x vol x vol"
        rows.append(("rehedging cost", percent(part["rehedging_cost_per_year"], 2), text))
    width = max(len(row[1]) for row in rows)
    return [title, *(f"  {name:14}  {value:>{width}}  {unit}" for name, value, unit in rows)]


def liquidation_text(result: Result, clock: bool) -> list[str]:
    part = result["liquidation"]
    entry = part["entry"]
    decimals = price_decimals(entry)
    lines = [
        f"LIQUIDATION  entry {fixed(entry, decimals)} at the first bar, isolated, maintenance"
        f" {percent(part['maintenance'])}, judged by {part['judged_by']}"
    ]
    cells: dict[tuple[str, float], list[str]] = {}
    for row in part["positions"]:
        hit = row["bar"] is not None
        price = "none" if row["price"] is None else fixed(row["price"], decimals)
        when = [f"{row['bar']:,}", stamp(row["time"], clock)] if hit else ["-", "never"]
        cells.setdefault((row["contract"], row["leverage"]), []).extend([price, *when])
    header = [
        "contract",
        "",
        "long:\nliquidation",
        "\nbar",
        "\ntime",
        "short:\nliquidation",
        "\nbar",
        "\ntime",
    ]
    rows = [[kind, f"{multiple:.0f}x", *line] for (kind, multiple), line in cells.items()]
    body = table(header, rows, left=[0])
    # a blank line between the kinds
    middle = len(body) - len(MARGIN_LEVERAGES)
    return [*lines, *body[:middle], "", *body[middle:]]


def report(result: Result) -> str:
    times = [result["market"][name] for name in ("start", "end")]
    clock = result["market"]["step_seconds"] * 1e9 < DAY or any(time.astype(np.int64) % DAY for time in times)
    parts = (market_text, leverage_text, barrier_text, funding_text, liquidation_text)
    return "\n\n".join("\n".join(part(result, bool(clock))) for part in parts) + "\n"


# ----------------------------------------------------------------------------------------------------------
# output


def plain(value: Any) -> Any:
    """The same in JSON's own types; a number that is none becomes null."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.datetime64):
        return f"{value.astype('datetime64[s]')}Z"
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def check_output(path: str, files: Sequence[str]) -> None:
    """Refuse what could not be written before any work is done."""
    if os.path.isdir(path):
        raise UsageError(f"cannot write {path}: it is a directory")
    if os.path.exists(path) and any(os.path.exists(file) and os.path.samefile(path, file) for file in files):
        raise UsageError(f"cannot write {path}: it is an input")
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        raise UsageError(f"cannot write {path}: no such folder")


def write_json(path: str, result: Result) -> None:
    """Write the file whole or not at all."""
    text = json.dumps(plain(result), indent=2, allow_nan=False) + "\n"
    try:
        if os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode):
            # a pipe or a device must not be replaced by a file
            with open(path, "w", encoding="utf-8") as handle:
                handle.write(text)
            return
        target = os.path.realpath(path)
        draft = f"{target}.{os.getpid()}.part"
        try:
            with open(draft, "x", encoding="utf-8") as handle:
                handle.write(text)
            os.replace(draft, target)
        except BaseException:
            if os.path.exists(draft):
                os.remove(draft)
            raise
    except OSError as error:
        raise UsageError(f"cannot write {path}: {error.strerror or error}") from None


def put(text: str, stream: TextIO) -> None:
    """Print, whatever the terminal's encoding."""
    encoding = stream.encoding or "utf-8"
    try:
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        stream.flush()
    except OSError as error:
        # keep the interpreter from flushing the rest at exit
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())
        if not isinstance(error, BrokenPipeError):
            raise UsageError(f"cannot write to standard output: {error.strerror or error}") from None


class Parser(argparse.ArgumentParser):
    """argparse with errors of one line."""

    def error(self, message: str) -> NoReturn:
        if unknown := re.match(r"argument command: invalid choice: ('.*?'|\".*?\") \(", message):
            message = f"unknown command {unknown[1]}: choose run, funding or info"
        elif message == "the following arguments are required: command":
            message = "a command is needed: run, funding or info"
        raise UsageError(message)


def build_parser() -> Parser:
    parser = Parser(
        prog="shortgamma",
        description="Path-dependent mechanics of crypto and listed derivatives.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"shortgamma {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    run = commands.add_parser(
        "run",
        help="leveraged tokens, a knock-in put, funding and liquidations on price files or a built-in market",
        description="Run leveraged tokens, a knock-in put, funding and liquidations on a price series.",
        epilog="A file is a table with a time and a close, as Binance, Yahoo, Stooq and others export it."
        " Without a file a built-in market is simulated.",
        allow_abbrev=False,
    )
    run.add_argument(
        "files", metavar="PRICES.csv", nargs="*", help="prices of the underlying, then of the collateral coin"
    )
    run.add_argument("--json", metavar="FILE", help="write all numbers to this file")
    rates = commands.add_parser(
        "funding",
        help="rates of a funding history, and what a position received",
        description="Rates of a funding history as a venue exports it, and what a constant position received.",
        epilog="A file is an export of BitMEX, Binance, Bybit, Deribit or Hyperliquid, CSV or JSON.",
        allow_abbrev=False,
    )
    rates.add_argument("file", metavar="FILE", help="the funding history")
    rates.add_argument("--position", metavar="Q", type=float, help="contracts held, < 0 short")
    rates.add_argument("--contract", metavar="NAME", help="XBTUSD, ETHUSD, ..., linear or inverse")
    rates.add_argument("--mark", metavar="PRICE", type=float, help="price where the file has no mark")
    rates.add_argument("--symbol", metavar="NAME", help="the contract, if the file has several")
    rates.add_argument("--json", metavar="FILE", help="write all numbers to this file")
    commands.add_parser("info", help="version, build, and the processor's dispatch", allow_abbrev=False)
    return parser


def run_command(files: Sequence[str], output: str | None) -> None:
    if len(files) > 2:
        raise UsageError(f"run takes at most two price files (underlying, collateral coin), got {len(files)}")
    if output is not None:
        check_output(output, files)
    result = compute(file_data(files) if files else simulated_data())
    text = report(result)
    if output is not None:
        write_json(output, result)
        text += f"\nnumbers written to {output}\n"
    put(text, sys.stdout)


def funding_command(options: argparse.Namespace) -> None:
    from shortgamma.cli import funding as _funding_report

    if options.json is not None:
        check_output(options.json, [options.file])
    result = _funding_report.compute(options.file, options.position, options.contract, options.mark, options.symbol)
    text = _funding_report.report(result)
    if options.json is not None:
        write_json(options.json, result)
        text += f"\nnumbers written to {options.json}\n"
    put(text, sys.stdout)


def info_command() -> None:
    facts = dict(show_config(mode="dict") or {})
    width = max(map(len, facts))
    lines = []
    for name, fact in facts.items():
        shown = ", ".join(map(str, fact)) if isinstance(fact, tuple | list) else fact
        lines.append(f"{name:{width}}  {'none' if shown is None else shown}")
    put("\n".join(lines) + "\n", sys.stdout)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    argv : sequence of str, optional
        Arguments after the program's name; those of the process by default.

    Returns
    -------
    int
        Exit code: 0, or 2 after bad input, with one line on standard error.
    """
    try:
        arguments = build_parser().parse_args(argv)
        if arguments.command == "run":
            run_command(arguments.files, arguments.json)
        elif arguments.command == "funding":
            funding_command(arguments)
        else:
            info_command()
    except (UsageError, PricesError) as error:
        put("shortgamma: error: " + " ".join(str(error).splitlines()) + "\n", sys.stderr)
        return 2
    except SystemExit as done:
        return done.code if isinstance(done.code, int) else 0
    return 0
