"""The printout of ``shortgamma run``."""

from __future__ import annotations

import os
import textwrap
from typing import TYPE_CHECKING

import numpy as np

from shortgamma.cli.numbers import BARRIER_FRACTION, MARGIN_LEVERAGES
from shortgamma.cli.text import WIDTH, change, fixed, number, percent, price_decimals, table
from shortgamma.io.prices import DAY, YEAR, duration, stamp

if TYPE_CHECKING:
    from shortgamma.cli.output import Result

MARKS = {"nearest barrier": "nearest", "before largest trade": "pre-trade", "largest trade": "largest trade"}


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
