"""The report of ``shortgamma run``."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import numpy as np

from shortgamma import contracts, liquidation, plot
from shortgamma.io.prices import DAY, YEAR, duration, stamp
from shortgamma.report.document import Document, Figure, Lines, Section, Table
from shortgamma.report.text import change, fixed, number, percent, price_decimals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shortgamma.report.document import Block

    Result = dict[str, Any]

MARKS = {"nearest barrier": "nearest", "before largest trade": "pre-trade", "largest trade": "largest trade"}
SURVIVAL_LEVERAGES = (2.0, 3.0, 5.0, 10.0, 20.0)
# bars that a position of the survival picture lives at most, and positions that are opened at most
SURVIVAL_BARS, SURVIVAL_STARTS = 120, 4000
# points of a curve; more cannot be told apart at the width of a page
POINTS = 1500


def document(result: Result, series: Any) -> Document:
    """The report of a result.

    Parameters
    ----------
    result : dict
        Numbers, as they go into JSON.
    series : object
        What they were computed from: ``time``, ``price``, ``high``, ``low``, ``rate``, ``payments``, and for pictures
        ``paths`` by name.
    """
    times = [result["market"][name] for name in ("start", "end")]
    clock = result["market"]["step_seconds"] * 1e9 < DAY or any(time.astype(np.int64) % DAY for time in times)
    makers = {
        "comparison": comparison_section,
        "leverage": leverage_section,
        "barrier": barrier_section,
        "funding": funding_section,
        "liquidation": liquidation_section,
    }
    sections = [make(result, series, bool(clock)) for name, make in makers.items() if result[name] is not None]
    return head(result, bool(clock), sections)


def head(result: Result, clock: bool, sections: Sequence[Section]) -> Document:
    market = result["market"]
    step = int(market["step_seconds"] * 1e9)
    names = ["standard input" if file == "-" else os.path.basename(file) for file in market["files"]]
    source = ", ".join(names) or "built-in market"
    start, end = stamp(market["start"], clock), stamp(market["end"], clock) + " UTC" * clock
    span = f"{fixed(market['years'], 2)} years" if market["years"] >= 1 else duration(market["years"] * YEAR)
    detail = (
        f"{market['bars']:,} bars of {duration(step)}, {start} to {end} ({span},"
        f" {market['bars_per_year']:,.0f} bars a year)"
    )
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
    after = "" if market["coin"] is None else f"correlation {percent(market['correlation'])}"
    blocks: list[Block] = [Table(["", "first", "last", "return", "volatility"], rows, [0], after)]
    if market["notes"]:
        blocks.append(Lines(market["notes"], "  * "))
    return Document(f"shortgamma {result['version']}: {source}", detail, blocks, sections)


def terms_of(part: Result) -> str:
    """Rebalancing and charges in words."""
    words = [f"rebalanced {part['rebalanced']}"]
    if not part["fee"] and not part["spread"] and part["financing"] is None:
        return f"{words[0]}, no fees or financing"
    words.append(f"expenses {percent(part['fee'], 2)} a year" if part["fee"] else "no expenses")
    words.append("no financing" if part["financing"] is None else f"financing {part['financing']}")
    if part["spread"]:
        words.append(f"spread {percent(part['spread'], 2)} a year")
    return ", ".join(words)


def thinned(count: int) -> Any:
    """Bars that a picture shows."""
    step = max(1, -(-count // POINTS))
    places = np.arange(0, count, step)
    return places if places[-1] == count - 1 else np.append(places, count - 1)


def leverage_section(result: Result, series: Any, clock: bool) -> Section:
    part = result["leverage"]
    rows, wiped = [], []
    for token in part["tokens"]:
        name = f"{token['leverage']:+g}x"
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
            wiped.append(f"{name} is wiped out at {stamp(token['wiped_out_time'], clock)}")
    header = ["token", "final\nNAV", "return", "leverage x\nunderlying", "drag", "decay\na year"]
    header += ["turnover\nNAV/year", "worst\ndrawdown"]
    lines = [*wiped, "drag = return - leverage x underlying; decay = NAV / underlying ^ leverage, from the path alone"]
    largest = max((token["leverage"] for token in part["tokens"]), key=lambda each: (abs(each), each))
    kept = thinned(len(series.price))

    def draw_nav() -> Any:
        nav = series.paths["tokens"][kept, [token["leverage"] for token in part["tokens"]].index(largest)]
        return plot.nav(nav, series.price[kept], leverage=largest, time=series.time[kept])

    blocks: list[Block] = [Table(header, rows, []), Lines(lines)]
    if result["comparison"] is None:
        blocks.append(
            Figure(draw_nav, f"Value of the {largest:+g}x product beside its underlying, on a log scale; ratio below")
        )
    if largest not in (0.0, 1.0):
        vol = result["market"]["underlying"]["volatility"]
        most = min(max(1.6 * vol, 0.4), 2.0) if np.isfinite(vol) else 1.0
        alt = f"What a year of rebalancing gives or takes at {largest:+g}x, by return and volatility of the underlying"
        blocks.append(Figure(lambda: plot.drag(largest, most_vol=most), alt))
    return Section("LEVERAGED TOKENS", f"NAV 100 at the start, {terms_of(part)}", blocks, "Leveraged tokens")


def comparison_section(result: Result, series: Any, clock: bool) -> Section:
    part = result["comparison"]
    rows = [
        [
            row["name"],
            fixed(row["times"], 3 if row["times"] < 100 else 1),
            percent(row["per_year"], 2),
            percent(row["volatility"]),
            change(-row["worst_drawdown"]),
        ]
        for row in part["rows"]
    ]
    name, multiple = part["name"], part["leverage"]
    lines = [
        f"simulated less {name}: {percent(part['gap_per_year'], 2)} a year",
        f"returns of bars: correlation {fixed(part['correlation'], 4)}; difference {percent(part['tracking_error'], 2)}"
        " a year (standard deviation)",
        f"the slope of {name}'s returns on the underlying's is {fixed(part['slope'], 3)}"
        + (f", so {multiple:g}x is simulated; --leverage names another" if part["guessed"] else ""),
    ]
    if part["financing"] is None:
        lines.append("without financing a long product comes out too high: --financing gives a rate or a file of them")
    kept = thinned(len(series.paths["fund"][0]))

    def draw() -> Any:
        time, price, simulated, real = (values[kept] for values in series.paths["fund"])
        return plot.nav(simulated, price, leverage=multiple, fund=real, time=time)

    start, end = stamp(part["start"], clock), stamp(part["end"], clock)
    alt = (
        f"{name} and the simulated {multiple:g}x product beside their underlying, on a log scale; below,"
        f" the simulated product over {name}, which ends at {part['ratio_at_end']:.3f}"
    )
    return Section(
        f"AGAINST {name}",
        f"{multiple:g}x, {terms_of(part)}; {part['bars']:,} bars, {start} to {end}",
        [
            Table(["", "end over\nstart", "a year", "volatility", "worst\ndrawdown"], rows, [0]),
            Lines(lines),
            Figure(draw, alt),
        ],
        f"Against {name}",
    )


def barrier_section(result: Result, series: Any, clock: bool) -> Section:
    part = result["barrier"]
    options = part["options"]
    hit = sum(option["knocked_in_time"] is not None for option in options)
    option = options[part["shown"] - 1]
    strike = option["strike"]
    decimals = price_decimals(strike)
    life = "1 year" if part["expiry_years"] == 1 else duration(part["expiry_years"] * YEAR)
    detail = (
        f"strike 100 %, barrier {percent(part['barrier_fraction'], 0)} of the first price, {life},"
        f" volatility {percent(part['vol'])}, rates 0"
    )
    before = []
    if len(options) > 1:
        before.append(
            f"renewed every year: {len(options)} options, {hit} knocked in; shown: option {option['option']}"
            + (", with the largest hedge trade" if part["largest_hedge_trade"] else "")
        )
    before.append(f"strike {fixed(strike, decimals)}, barrier {fixed(option['barrier'], decimals)}")
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
    after = ["price in % of the strike; gamma per 1 % of spot; vega per volatility point; theta per day"]
    if (trade := part["largest_hedge_trade"]) is not None:
        verb = "sells" if trade["trade"] < 0 else "buys"
        where = f"{stamp(trade['time'], clock)} at {fixed(trade['spot'], decimals)}"
        size = fixed(abs(trade["trade"]), 3)
        after.append(f"largest hedge trade: {where} the writer {verb} {size} underlying per option")
        after.append(
            f"(delta {fixed(trade['delta_before'], 3)} to {fixed(trade['delta_after'], 3)},"
            f" {'knocked in' if trade['knocked_in'] else 'not knocked in'})"
        )
    blocks: list[Block] = [Lines(before), Table(header, rows, [0, 1, 8]), Lines(after)]
    first, last, delta = series.paths["option"]
    if last - first > 1 and np.isfinite(delta[:-1]).all():
        span = slice(first, last)

        def draw_hedge() -> Any:
            level = option["barrier"] if np.isfinite(option["barrier"]) else None
            return plot.hedge(series.price[span], delta[: last - first], time=series.time[span], barrier=level)

        def draw_delta() -> Any:
            return plot.greeks(
                "delta", strike=100.0, barrier=100.0 * part["barrier_fraction"], vol=part["vol"], kind="down-in",
                option="put",
            )  # fmt: skip

        blocks += [
            Figure(draw_hedge, f"Price over the life of option {option['option']}; below, units held and traded"),
            Figure(draw_delta, "Delta of the put by spot, a curve for each time to expiry; it leaps near the barrier"),
        ]
    return Section("KNOCK-IN PUT", detail, blocks, "Knock-in put")


def funding_section(result: Result, series: Any, clock: bool) -> Section:
    part = result["funding"]
    contract = part["contract"]
    detail = (
        f"short {-part['quantity']:,.0f} quanto contracts of {contract['multiplier']:.6f} coin"
        f" per USD ({fixed(part['notional_usd'], 0)} USD)"
    )
    if not part["payments"]:
        return Section("FUNDING", detail, [Lines(["no funding time falls into these bars"])], "Funding")
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
    blocks: list[Block] = [Table(["", "", ""], rows, [0, 2])]
    if result["market"]["source"] == "simulated":
        paid = np.flatnonzero(series.payments)
        alt = "How often which funding rate was paid, on a log scale; below, what a short received in all"
        blocks.append(Figure(lambda: plot.funding(series.rate[paid], time=series.time[paid]), alt))
    return Section("FUNDING", detail, blocks, "Funding")


def liquidation_section(result: Result, series: Any, clock: bool) -> Section:
    part = result["liquidation"]
    entry = part["entry"]
    decimals = price_decimals(entry)
    detail = (
        f"entry {fixed(entry, decimals)} at the first bar, isolated, maintenance"
        f" {percent(part['maintenance'])}, judged by {part['judged_by']}"
    )
    cells: dict[tuple[str, float], list[str]] = {}
    for row in part["positions"]:
        hit = row["bar"] is not None
        price = "none" if row["price"] is None else fixed(row["price"], decimals)
        when = [f"{row['bar']:,}", stamp(row["time"], clock)] if hit else ["-", "never"]
        cells.setdefault((row["contract"], row["leverage"]), []).extend([price, *when])
    header = ["contract", "", "long:\nliquidation", "\nbar", "\ntime", "short:\nliquidation", "\nbar", "\ntime"]
    rows = [[kind, f"{multiple:g}x", *line] for (kind, multiple), line in cells.items()]
    blocks: list[Block] = [Table(header, rows, [0])]
    bars = min(SURVIVAL_BARS, len(series.price) // 3)
    if bars > 1:
        alt = (
            f"Share of long linear positions that are alive, by leverage, over the {bars} bars after each of the"
            " starts in these data"
        )
        blocks.append(Figure(lambda: survival(series, part["maintenance"], bars), alt))
    return Section("LIQUIDATION", detail, blocks, "Liquidation")


def survival(series: Any, maintenance: float, bars: int) -> Any:
    """Longs opened all over the data, and how long they lived."""
    lowest = series.price if series.low is None else series.low
    starts = np.unique(np.linspace(0, len(lowest) - bars - 1, min(SURVIVAL_STARTS, len(lowest) - bars)).astype(int))
    windows = np.lib.stride_tricks.sliding_window_view(lowest, bars)[starts + 1].T
    multiples = np.array(SURVIVAL_LEVERAGES)
    entry = series.price[starts][:, None]
    dead = liquidation.first_breach(
        windows[:, :, None],
        1.0,
        entry,
        entry / multiples,
        contract=contracts.Contract("linear"),
        maintenance=maintenance,
    )
    # the first bar of a window is the one after the start
    ax = plot.survival(dead + 1, SURVIVAL_LEVERAGES, bars=bars + 1)
    alive = 100.0 * (dead[:, -1] == bars).mean()
    title = f"Of {len(starts):,} longs at {multiples[-1]:g}x, {alive:.0f} % are alive after {bars} bars"
    ax.set_title(title, loc="left", fontsize="medium")
    return ax
