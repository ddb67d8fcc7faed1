"""The numbers of ``shortgamma run``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from shortgamma import __version__, barrier, contracts, funding, leverage, liquidation, venues
from shortgamma.cli.data import FUNDING_INTERVAL, Data, Floats, Fund
from shortgamma.cli.output import Result, UsageError
from shortgamma.io.prices import DAY, HOUR, YEAR, bars_per_year
from shortgamma.report.text import every

SECTIONS = ("leverage", "barrier", "funding", "liquidation")
LEVERAGES = (-3.0, -1.0, 2.0, 3.0)
INITIAL_NAV = 100.0
BARRIER_FRACTION = 0.6
REBALANCES = {"bar": 0, "hourly": HOUR, "daily": DAY, "weekly": 7 * DAY, "monthly": 30 * DAY, "never": 0}
# the epoch was a Thursday: weeks begin on Mondays
MONDAY = 4 * DAY
FUNDING_PER_YEAR = YEAR // FUNDING_INTERVAL
NOTIONAL = 100_000.0
MARGIN_LEVERAGES = (2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
MAINTENANCE = 0.005
SCHEMA_VERSION = 1
# The inverse contract is of 1 USD; its size has no bearing on the price of liquidation.
CONTRACTS = {"linear": (contracts.Contract("linear"), 1.0), "inverse": (venues.bitmex.contract("XBTUSD"), 10_000.0)}


@dataclass(frozen=True)
class Terms:
    """What is asked of a run."""

    leverages: tuple[float, ...] = LEVERAGES
    chosen: bool = False
    """Whether the leverages were named."""
    rebalance: str | None = None
    fee: float = 0.0
    spread: float = 0.0
    financing: Any = None
    """A number, or a function of times that gives one for each."""
    financing_words: str | None = None
    barrier: float = BARRIER_FRACTION
    vol: float | None = None
    maintenance: float = MAINTENANCE
    only: tuple[str, ...] | None = None


def rebalance_bars(data: Data, wanted: str | None) -> tuple[dict[str, Any], str]:
    """The clock of a token, and what it is called.

    A bar is the last of its day, week or month if the next one ends in another.
    """
    if wanted is None:
        wanted = "daily" if data.step < DAY else "bar"
    if wanted == "never":
        return {}, "never"
    if wanted == "bar":
        return {"every": 1}, f"every {every(data.step)}"
    period = REBALANCES[wanted]
    if data.step > period:
        raise UsageError(
            f"--rebalance {wanted}: the bars are of {every(data.step)}; longer ones, bar and never can be had"
        )
    # a bar that ends at midnight belongs to the day before; one that is labelled by its day does not
    ends = data.stamps - (data.step < DAY)
    if wanted == "monthly":
        term = ends.view("datetime64[ns]").astype("datetime64[M]").astype(np.int64)
    else:
        term = (ends - (MONDAY if wanted == "weekly" else 0)) // period
    words = {"hourly": "every hour", "daily": "every day", "weekly": "every week", "monthly": "every month"}[wanted]
    if data.step < DAY and period >= DAY:
        words += ", 00:00 UTC"
    return {"schedule": np.append(term[1:] != term[:-1], False)}, words


def financing_at(terms: Terms, time: Any) -> Any:
    if terms.financing is None:
        return 0.0
    return terms.financing(time) if callable(terms.financing) else terms.financing


def worst_drawdown(value: Any) -> tuple[float, int]:
    drawdown = 1 - value / np.maximum.accumulate(value)
    return float(drawdown.max()), int(drawdown.argmax())


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


def leverage_numbers(data: Data, terms: Terms, paths: dict[str, Any]) -> Result:
    clock, words = rebalance_bars(data, terms.rebalance)
    rules = [
        leverage.TokenRule(multiple, expense=terms.fee, spread=terms.spread, **clock) for multiple in terms.leverages
    ]
    path = leverage.simulate(
        data.price, rules, time=data.time, stamp="close", financing=financing_at(terms, data.time),
        initial=INITIAL_NAV, record="full",
    )  # fmt: skip
    nav = paths["tokens"] = path.nav
    total = data.price[-1] / data.price[0] - 1
    growth = np.log(data.price[-1]) - np.log(data.price[0])
    traded = np.divide(np.abs(path.trade), nav, out=np.zeros_like(nav), where=nav > 0)
    turnover = traded[1:].sum(axis=0)
    tokens = []
    for place, multiple in enumerate(terms.leverages):
        value = nav[:, place]
        gain = value[-1] / INITIAL_NAV - 1
        decay = np.expm1((np.log(value[-1] / INITIAL_NAV) - multiple * growth) / data.years)
        wiped = value == 0
        worst, lowest = worst_drawdown(value)
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
                "worst_drawdown": worst,
                "worst_drawdown_time": data.time[lowest],
                "wiped_out_time": data.time[int(wiped.argmax())] if wiped.any() else None,
            }
        )
    return {
        "initial_nav": INITIAL_NAV,
        "rebalanced": words,
        "fee": terms.fee,
        "spread": terms.spread,
        "financing": terms.financing_words,
        "tokens": tokens,
    }


def comparison_numbers(data: Data, fund: Fund, terms: Terms, paths: dict[str, Any]) -> Result:
    """A real fund beside the product that is simulated on the bars that both have."""
    common = data._replace(time=fund.time, price=fund.underlying)
    returns, moves = np.diff(np.log([fund.price, fund.underlying]))
    # of simple returns, which is what a fund multiplies
    simple, drive = np.expm1(returns), np.expm1(moves)
    about = drive - drive.mean()
    slope = float((about * simple).sum() / (about**2).sum())
    guessed = not terms.chosen
    multiple = float(round(slope)) if guessed else terms.leverages[0]
    clock, words = rebalance_bars(common, terms.rebalance)
    rule = leverage.TokenRule(multiple, expense=terms.fee, spread=terms.spread, **clock)
    nav = leverage.simulate(
        fund.underlying, rule, time=fund.time, stamp="close", financing=financing_at(terms, fund.time)
    ).nav
    paths["fund"] = (fund.time, fund.underlying, nav, fund.price)
    years = float(fund.time.view(np.int64)[-1] - fund.time.view(np.int64)[0]) / YEAR
    per_year = bars_per_year(fund.time)
    model = np.diff(np.log(nav))

    def row(name: str, value: Any) -> Result:
        return {
            "name": name,
            "times": value[-1] / value[0],
            "per_year": np.expm1(np.log(value[-1] / value[0]) / years),
            "volatility": float(np.sqrt((np.diff(np.log(value)) ** 2).mean() * per_year)),
            "worst_drawdown": worst_drawdown(value)[0],
        }

    rows = [row(fund.name, fund.price), row(f"{multiple:g}x simulated", nav), row(data.names[0], fund.underlying)]
    return {
        "name": fund.name,
        "file": fund.file,
        "leverage": multiple,
        "guessed": guessed,
        "slope": slope,
        "bars": len(fund.time),
        "start": fund.time[0],
        "end": fund.time[-1],
        "rebalanced": words,
        "fee": terms.fee,
        "spread": terms.spread,
        "financing": terms.financing_words,
        "rows": rows,
        "gap_per_year": rows[1]["per_year"] - rows[0]["per_year"],
        "ratio_at_end": rows[1]["times"] / rows[0]["times"],
        "correlation": float(np.corrcoef(model, returns)[0, 1]),
        "tracking_error": float((model - returns).std(ddof=1) * np.sqrt(per_year)),
    }


def barrier_numbers(data: Data, vol: float, fraction: float, paths: dict[str, Any]) -> Result:
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
    level = fraction * strike
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
    level = np.where(knocked, 2 * data.price, level)
    greeks = barrier.greeks(data.price, strike, level, vol=vol, expiry=expiry, kind="down-in", option="put")

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
                "barrier": fraction * strike[first],
                "knocked_in_time": data.time[first + int(hit.argmax())] if hit.any() else None,
            }
        )
    first, last = int(start[shown]), int(end[shown]) - 1
    paths["option"] = first, last, greeks.delta[first : last + 1]
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
        "barrier_fraction": fraction,
        "vol": vol,
        "expiry_years": length / YEAR,
        "options": options,
        "shown": shown + 1,
        "rows": rows,
        "largest_hedge_trade": largest,
    }


def funding_numbers(data: Data, covariance: float) -> Result:
    contract = venues.bitmex.contract("ETHUSD")
    value = contract.multiplier * data.price[0] * data.coin[0]
    quantity = -max(1.0, float(np.rint(NOTIONAL / value)))
    paid = np.flatnonzero(data.payments)
    cash = funding.accrue(quantity, data.mark[paid], data.rate[paid], contract=contract)
    weighted = np.abs(contract.value(quantity, data.mark[paid])) * data.payments[paid]
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


def liquidation_numbers(data: Data, maintenance: float) -> Result:
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
            terms: Any = {"contract": contract, "maintenance": maintenance}
            level = liquidation.liquidation_price(quantity, entry, margin, **terms)
            bars = liquidation.first_breach(mark[:, None], quantity, entry, margin, **terms)
            for multiple, price, bar in zip(MARGIN_LEVERAGES, level, bars, strict=True):
                hit = bar < mark.size
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
    return {"entry": entry, "maintenance": maintenance, "judged_by": extremes, "positions": rows}


def sections_of(data: Data, terms: Terms) -> tuple[str, ...]:
    """What is asked for; without a word no funding of a market that closes, for which no perpetual swap exists."""
    if terms.only is not None:
        return terms.only
    if data.closes and len(data.files) == 1:
        data.notes.append(
            "no funding: a market that closes at weekends has no perpetual swap (--only funding shows one)"
        )
        return tuple(name for name in SECTIONS if name != "funding")
    return SECTIONS


def compute(data: Data, terms: Terms = Terms(), fund: Fund | None = None) -> tuple[Result, dict[str, Any]]:
    """The numbers, and the paths that pictures draw."""
    paths: dict[str, Any] = {}
    # prices at the ends of the double range may overflow; what comes of it is shown as missing
    with np.errstate(all="ignore"):
        chosen = sections_of(data, terms)
        data.notes.extend(data.funding_notes if "funding" in chosen else [])
        if "barrier" in chosen and terms.vol is None:
            data.notes.append(
                "the volatility of the knock-in put is that of all bars, which nobody knew at the start:"
                " --vol gives another"
            )
        market = market_numbers(data)
        vol = float(market["underlying"]["volatility"]) if terms.vol is None else terms.vol
        makers: dict[str, Any] = {
            "leverage": lambda: leverage_numbers(data, terms, paths),
            "barrier": lambda: barrier_numbers(data, vol, terms.barrier, paths),
            "funding": lambda: funding_numbers(data, market["covariance_per_year"]),
            "liquidation": lambda: liquidation_numbers(data, terms.maintenance),
        }
        result: Result = {
            "schema": "run",
            "schema_version": SCHEMA_VERSION,
            "version": __version__,
            "market": market,
            "comparison": None if fund is None else comparison_numbers(data, fund, terms, paths),
        }
        return result | {name: make() if name in chosen else None for name, make in makers.items()}, paths
