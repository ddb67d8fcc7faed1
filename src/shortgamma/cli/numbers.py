"""The numbers of ``shortgamma run``."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from shortgamma import __version__, barrier, contracts, funding, leverage, liquidation, venues
from shortgamma.cli.data import FUNDING_INTERVAL, Data, Floats
from shortgamma.cli.output import Result
from shortgamma.cli.text import every
from shortgamma.io.prices import YEAR, bars_per_year

LEVERAGES = (-3.0, -1.0, 2.0, 3.0)
INITIAL_NAV = 100.0
BARRIER_FRACTION = 0.6
FUNDING_PER_YEAR = YEAR // FUNDING_INTERVAL
NOTIONAL = 100_000.0
MARGIN_LEVERAGES = (2.0, 3.0, 5.0, 10.0, 20.0, 50.0)
MAINTENANCE = 0.005
# The inverse contract is of 1 USD; its size has no bearing on the price of liquidation.
CONTRACTS = {"linear": (contracts.Contract("linear"), 1.0), "inverse": (venues.bitmex.contract("XBTUSD"), 10_000.0)}


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
