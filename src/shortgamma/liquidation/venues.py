"""Contracts and margins of the exchanges, as data: each with its source, its date and what is not known.

=============  ===========================================================================================
BitMEX         one rate for the whole position by risk limit: each step adds the base maintenance to both rates
Binance        maintenance by tiers, each rate on its own part of the value; leverage, so initial margin, by value
Bybit          as Binance
OKX            one rate for the whole position, by its number of contracts
Deribit        rates that rise in a straight line with the size of the position
Hyperliquid    as Binance; maintenance is half of the initial rate at the highest leverage of a tier
CME            margins are set from day to day: contracts only
=============  ===========================================================================================

Exchanges change these numbers often and keep no archive. A backtest should look at ``date`` and ``unknown``, and read
current tables with `shortgamma.io.read_tiers`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma.contracts import ETHUSD, NIKKEI_USD, NIKKEI_YEN, XBTUSD, Contract
from shortgamma.liquidation.margin import RisingMargin, RiskLimits, Tiers
from shortgamma.liquidation.process import LiquidationRule

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any, TypeAlias

    from shortgamma.liquidation.margin import Measure

    Margin: TypeAlias = Tiers | RiskLimits | RisingMargin

__all__ = ["Market", "market", "markets", "rule"]


class Market(NamedTuple):
    """A contract at a venue with its margins, as a source states them.

    Attributes
    ----------
    venue, name : str
        Where it trades, and what it is called there.
    contract : Contract
        What one contract is.
    maintenance, initial : Tiers, RiskLimits, RisingMargin or None
        Margins; None where no source states them.
    date : str
        Day from which the source says it holds, or of the source; empty if it bears no date.
    source : str
        Where the numbers stand.
    unknown : str
        What could not be confirmed, or is cut off here.
    """

    venue: str
    name: str
    contract: Contract
    maintenance: Margin | None
    initial: Margin | None
    date: str
    source: str
    unknown: str = ""


def market(venue: str, name: str, date: Any = None) -> Market:
    """The market of a venue as it was on a day.

    Parameters
    ----------
    venue, name : str
        As in `markets`; case does not matter.
    date : str, datetime.date or datetime64, optional
        The day; without it the latest state that is stored.

    Returns
    -------
    Market
        The last state of it whose date is not after the day. A state without a date is the earliest.

    Raises
    ------
    ValueError
        If there is no such market, or none on that day.

    Examples
    --------
    >>> from shortgamma.liquidation import venues
    >>> float(venues.market("BitMEX", "XBTUSD", "2020-04-20").maintenance.rate_of(180.0))
    0.0045
    """
    states = [m for m in _MARKETS if (m.venue.lower(), m.name.lower()) == (str(venue).lower(), str(name).lower())]
    if not states:
        known = ", ".join(sorted({f"{m.venue} {m.name}" for m in _MARKETS}))
        raise ValueError(f"venue and name must be one of {known}, got {venue!r}, {name!r}")
    if date is not None:
        try:
            day = np.datetime64(date, "D")
        except (TypeError, ValueError):
            raise ValueError(f"date must be a day, got {date!r}") from None
        states = [m for m in states if not m.date or np.datetime64(m.date) <= day]
        if not states:
            raise ValueError(f"date must not be before the first state of {venue} {name}, got {date!r}")
    return max(states, key=lambda m: m.date)


def markets() -> tuple[Market, ...]:
    """Every state of every market that is stored.

    Returns
    -------
    tuple of Market
        By venue and name, in order of date.

    Examples
    --------
    >>> from shortgamma.liquidation import venues
    >>> sorted({m.venue for m in venues.markets()})
    ['Binance', 'BitMEX', 'Bybit', 'CME', 'Deribit', 'Hyperliquid', 'OKX']
    """
    return _MARKETS


def rule(venue: str) -> LiquidationRule:
    """How a venue liquidates.

    Parameters
    ----------
    venue : str
        BitMEX, Binance, Bybit or OKX; case does not matter.

    Returns
    -------
    LiquidationRule
        Without fees where no source states them: ``dataclasses.replace`` makes another with the fee wanted.

    Raises
    ------
    ValueError
        If the venue is none of the four.

    Examples
    --------
    >>> from shortgamma.liquidation import venues
    >>> venues.rule("OKX").step
    2
    """
    for name, found in _RULES.items():
        if name.lower() == str(venue).lower():
            return found
    raise ValueError(f"venue must be one of {', '.join(map(repr, _RULES))}, got {venue!r}")


_RULES = {
    "BitMEX": LiquidationRule(
        reduction="tier",
        source="bitmex.com/app/liquidation and liquidationExamples",
        unknown="taker fee of the order, which is not charged",
    ),
    "Binance": LiquidationRule(
        reduction="needed",
        source="liquidation protocol of Binance Futures, as in docs.traderwagon.com",
        unknown="liquidation fee, which differs from contract to contract",
    ),
    "Bybit": LiquidationRule(
        reduction="tier",
        source="Bybit help, liquidation process",
        unknown="taker fee of the order, which is not charged",
    ),
    "OKX": LiquidationRule(
        reduction="tier",
        step=2,
        from_tier=3,
        source="OKX support, forced partial liquidation",
        unknown="liquidation fee; an earlier rule brought positions down to the first tier at once",
    ),
}

STEPS = 10


def _bitmex(
    contract: Contract,
    base: float,
    step: float,
    initial: float,
    maintenance: float,
    date: str,
    source: str,
    unknown: str = "",
) -> Market:
    lower = [0.0, *(base + step * k for k in range(STEPS - 1))]
    # counted in hundred-millionths: sums of decimal fractions would end in crumbs
    more = round(maintenance * 1e8)
    held, opened = (
        RiskLimits(lower, [(first + more * k) / 1e8 for k in range(STEPS)]) for first in (more, initial * 1e8)
    )
    cut = f"how many steps there are: {STEPS} are given"
    note = f"{unknown}; {cut}" if unknown else cut
    return Market("BitMEX", contract.name, contract, held, opened, date, source, note)


def _tiers(edges: Sequence[float], maintenance: Sequence[float], leverage: Sequence[float]) -> tuple[Tiers, RiskLimits]:
    return Tiers(edges, maintenance), RiskLimits(edges, [1.0 / most for most in leverage])


def _okx(contract: Contract, edges: Sequence[float], rates: Sequence[float], initials: Sequence[float]) -> Market:
    # from the last tier on, each is as wide as the last edge and adds half a per cent
    more = range(1, 2 * STEPS)
    lower = [0.0, *edges, *(edges[-1] * k for k in more[1:])]
    held, opened = (
        RiskLimits(lower, [*given, *((round(given[-1] * 1e4) + 50 * k) / 1e4 for k in more)], by="quantity")
        for given in (rates, initials)
    )
    source = "OKX, notice of 2023-05-15 on position tiers of perpetual swaps"
    unknown = f"size of a contract; tiers go on without end at the source, {len(lower)} are given"
    return Market("OKX", contract.name, contract, held, opened, "2023-05-19", source, unknown)


def _linear(name: str, underlying: str, coin: str, size: float = 1.0) -> Contract:
    return Contract("linear", size, name=name, underlying=underlying, quote=coin, settlement=coin)


def _deribit(
    contract: Contract, initial: float, maintenance: float, slope: float, date: str, source: str, unknown: str = ""
) -> Market:
    measure: Measure = "value" if contract.inverse else "quantity"
    held, opened = (RisingMargin(rate, slope, by=measure) for rate in (maintenance, initial))
    return Market("Deribit", contract.name, contract, held, opened, date, source, unknown)


def _hyperliquid(coin: str, edge: float, leverages: tuple[int, int]) -> Market:
    return Market(
        "Hyperliquid",
        coin,
        _linear(coin, coin, "USDC"),
        *_tiers([0.0, edge], [0.5 / most for most in leverages], leverages),
        "",
        "Hyperliquid documentation, margin tiers",
        "day from which the tiers hold",
    )


_XRPUSD = Contract("quanto", 2e-4, name="XRPUSD", underlying="XRP", quote="USD", settlement="XBT")
_ADAUSDT = _linear("ADAUSDT", "ADA", "USDT", 0.01)
_AAVE = _linear("AAVE-USDT-SWAP", "AAVE", "USDT", 0.1)
_ADA = _linear("ADA-USDT-SWAP", "ADA", "USDT", 100.0)
_COIN = Contract("inverse", 100.0, name="BTCUSD_PERP", underlying="BTC", quote="USD", settlement="BTC")
_BTCUSD = Contract("inverse", 1.0, name="BTCUSD", underlying="BTC", quote="USD", settlement="BTC")
_BTC_PERPETUAL = Contract("inverse", 10.0, name="BTC-PERPETUAL", underlying="BTC", quote="USD", settlement="BTC")
_ETH_PERPETUAL = Contract("inverse", 1.0, name="ETH-PERPETUAL", underlying="ETH", quote="USD", settlement="ETH")

_APRIL = "BitMEX blog, 2020-04-17, reduction in base maintenance margin"
_MAY = "BitMEX, 2020-05-05, reduction in base maintenance margin"
_AUGUST = "BitMEX, 2021-08-31, lower margin requirements on large positions"
_LATER = "a cut of base maintenance to 0.35 % that is reported without its day"
_COIN_RATES = [0.004, 0.005, 0.01, 0.025, 0.05, 0.1, 0.125, 0.15, 0.25]
_COIN_LEVERAGE = [125, 100, 50, 20, 10, 5, 4, 3, 2]
_COIN_SOURCE = "Binance support, leverage and margin in coin-margined futures contracts, and liquidation price of them"
_COIN_UNKNOWN = "rates below 50 BTC are fitted to the maintenance amounts that are printed"
_BYBIT_EDGES = [1.4e7, 2e7, 2.8e7, 3.8e7, 5e7, 5.5e7, 6e7, 6.5e7, 7e7, 7.5e7]
_BYBIT_RATES = [0.016, 0.02, 0.025, 0.029, 0.03, 0.035, 0.036, 0.038, 0.04, 0.045]
_LINEAR_DERIBIT = "Deribit support, linear perpetual"

_MARKETS: tuple[Market, ...] = (
    Market(
        "Binance",
        "BTCUSDT",
        _linear("BTCUSDT", "BTC", "USDT"),
        *_tiers(
            [0.0, 5e4, 2.5e5, 1e6, 5e6, 2e7, 5e7, 1e8, 2e8],
            [0.004, 0.005, 0.01, 0.025, 0.05, 0.1, 0.125, 0.15, 0.25],
            [125, 100, 50, 20, 10, 5, 4, 3, 2],
        ),
        "2020-08-14",
        "Binance support, liquidation price of USD-margined contracts; table as in github.com/bradkyle/Qenv",
        "day from which the table holds; tier above 500,000,000 USDT",
    ),
    Market(
        "Binance",
        "BTCUSDT",
        _linear("BTCUSDT", "BTC", "USDT"),
        *_tiers(
            [0.0, 5e4, 6e5, 3e6, 1.2e7, 7e7, 1e8, 2.3e8, 4.8e8, 6e8, 8e8, 1.2e9],
            [0.004, 0.005, 0.0065, 0.01, 0.02, 0.025, 0.05, 0.1, 0.125, 0.15, 0.25, 0.5],
            [125, 100, 75, 50, 25, 20, 10, 5, 4, 3, 2, 1],
        ),
        "2024-07-01",
        "Binance API as stored in github.com/freqtrade/freqtrade, commit 01d10ae, binance_leverage_tiers.json",
        "day of the file, which lists the futures of September and December 2024",
    ),
    Market(
        "Binance",
        "BTCUSD_PERP",
        _COIN,
        *_tiers([0.0, 10, 20, 30, 50, 100, 200, 400, 1_000], _COIN_RATES, _COIN_LEVERAGE),
        "2021-02-05",
        _COIN_SOURCE,
        _COIN_UNKNOWN,
    ),
    Market(
        "Binance",
        "BTCUSD_PERP",
        _COIN,
        *_tiers([0.0, 5, 10, 20, 50, 100, 200, 400, 1_000], _COIN_RATES, _COIN_LEVERAGE),
        "2021-07-27",
        _COIN_SOURCE,
        _COIN_UNKNOWN,
    ),
    Market(
        "BitMEX",
        "ADAUSDT",
        _ADAUSDT,
        RiskLimits([0.0], [0.015]),
        RiskLimits([0.0], [0.03]),
        "2021-12-15",
        "BitMEX listing of linear perpetual contracts, as in cryptoninjas.net, 2021-12-15",
        "risk limit and risk step: the base rates only",
    ),
    _bitmex(ETHUSD, 50.0, 50.0, 0.02, 0.01, "2018-08-02", _APRIL, "day from which it holds, taken as the listing"),
    _bitmex(ETHUSD, 50.0, 50.0, 0.02, 0.009, "2020-04-17", _APRIL),
    _bitmex(ETHUSD, 50.0, 50.0, 0.02, 0.008, "2020-05-05", _MAY),
    _bitmex(ETHUSD, 75.0, 75.0, 0.01, 0.005, "2021-05-14", "BitMEX, 2021-05-14, margin of ETHUSD", _LATER),
    _bitmex(ETHUSD, 75.0, 100.0, 0.01, 0.005, "2021-08-31", _AUGUST, _LATER),
    _bitmex(XBTUSD, 200.0, 100.0, 0.01, 0.005, "2019-03-01", "bitmex.com/app/riskLimitsExamples, early 2019"),
    _bitmex(XBTUSD, 200.0, 100.0, 0.01, 0.0045, "2020-04-17", _APRIL),
    _bitmex(XBTUSD, 200.0, 100.0, 0.01, 0.004, "2020-05-05", _MAY),
    _bitmex(XBTUSD, 200.0, 150.0, 0.01, 0.004, "2021-08-31", _AUGUST, _LATER),
    _bitmex(
        _XRPUSD,
        50.0,
        50.0,
        0.02,
        0.01,
        "2020-02-05",
        "BitMEX listing, as in coinspeaker.com, 2020-02-04: 50 times, funding within 0.75 %",
        "maintenance, which follows from the funding cap of 75 % of initial less maintenance; risk limit "
        "and step, as of other contracts",
    ),
    Market(
        "Bybit",
        "BTCUSD",
        _BTCUSD,
        RiskLimits([0.0], [0.005]),
        RiskLimits([0.0], [0.01]),
        "",
        "Bybit API documentation, risk limit: the lowest tier, up to 150 BTC",
        "tiers above 150 BTC",
    ),
    Market(
        "Bybit",
        "BTCUSDT",
        _linear("BTCUSDT", "BTC", "USDT"),
        *_tiers(
            [0.0, 2e6, 2.6e6, 3.2e6, 3.8e6, 4.4e6, 5e6, 5.6e6, 8.5e6, 1e7, *_BYBIT_EDGES],
            [0.005, 0.0056, 0.0063, 0.0067, 0.0071, 0.0077, 0.0091, 0.01, 0.013, 0.015, *_BYBIT_RATES],
            [100, 90, 80, 75, 70, 65, 55, 50, 45, 40, 35, 30, 25, 20, 19, 18, 17, 16, 15, 14],
        ),
        "",
        "Bybit announcement, margin parameters",
        "day from which the table holds; tiers above 80,000,000 USDT",
    ),
    Market("CME", "NIY", NIKKEI_YEN, None, None, "", "CME contract specifications", "margins, set from day to day"),
    Market("CME", "NKD", NIKKEI_USD, None, None, "", "CME contract specifications", "margins, set from day to day"),
    _deribit(_BTC_PERPETUAL, 0.01, 0.00525, 5e-5, "", "Deribit support, 11 January 2022, values before"),
    _deribit(_BTC_PERPETUAL, 0.02, 0.01, 5e-5, "2022-01-11", "Deribit support, 11 January 2022"),
    _deribit(_ETH_PERPETUAL, 0.02, 0.01, 2e-6, "", "Deribit support, 11 January 2022, values before", "contract size"),
    _deribit(_ETH_PERPETUAL, 0.02, 0.01, 4e-6, "2022-01-11", "Deribit support, 11 January 2022", "contract size"),
    _deribit(_linear("BTC_USDC-PERPETUAL", "BTC", "USDC"), 0.02, 0.01, 5e-5, "", _LINEAR_DERIBIT, "day"),
    _deribit(_linear("SOL_USDC-PERPETUAL", "SOL", "USDC"), 0.04, 0.02, 5e-6, "", _LINEAR_DERIBIT, "day"),
    _hyperliquid("BTC", 1.5e8, (40, 20)),
    _hyperliquid("ETH", 1e8, (25, 15)),
    _hyperliquid("SOL", 7e7, (20, 10)),
    _hyperliquid("XRP", 4e7, (20, 10)),
    _okx(
        _linear("AAVE-USDT-SWAP", "AAVE", "USDT", 0.1),
        [1_000, 3_000, 8_000],
        [0.0065, 0.01, 0.015],
        [0.02, 0.025, 0.05],
    ),
    _okx(
        _linear("ADA-USDT-SWAP", "ADA", "USDT", 100.0),
        [1_500, 3_000, 6_000],
        [0.005, 0.0075, 0.01],
        [0.0133, 0.02, 0.025],
    ),
    Market(
        "OKX",
        "BTC-USDT-SWAP",
        _linear("BTC-USDT-SWAP", "BTC", "USDT", 0.01),
        None,
        None,
        "",
        "OKX contract specifications",
        "size of a contract; position tiers",
    ),
)
