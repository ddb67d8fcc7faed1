"""Venues, each once: contracts, margins, funding and liquidation rules, leveraged tokens, as data.

=============  ===========================================================================================
BitMEX         one rate for the whole position by risk limit: each step adds the base maintenance to both rates
Binance        maintenance by tiers, each rate on its own part of the value; leverage, so initial margin, by value
Bybit          as Binance
OKX            one rate for the whole position, by its number of contracts
Deribit        rates that rise in a straight line with the size of the position; continuous funding
Hyperliquid    as Binance; maintenance is half of the initial rate at the highest leverage of a tier
CME            margins are set from day to day: contracts only
=============  ===========================================================================================

Of dYdX, Kraken and Bitfinex funding rules are stored; of FTX that and its tokens; of MEXC, KuCoin, Gate, Huobi, Pionex,
HBTC, Amun, Index Coop, Toros, ProShares and Direxion leveraged products, and of Bybit and Binance these too.

``sg.venues.bitmex.market("XBTUSD", on="2020-04-20")`` is a market on a day, ``sg.venues.ftx.token(3)`` the rule of a
leveraged product, and ``sg.venues["BitMEX"]`` finds a venue by its name. Each entry names its source, its date and what
is unknown. Nothing is asked of a venue at run time: check a rule before money depends on it.
"""

import sys
from types import ModuleType

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())


class _Venues(ModuleType):
    """A module that finds venues by their names."""

    def __getitem__(self, name: str) -> object:
        from shortgamma.venues._venue import find

        return find(name)


sys.modules[__name__].__class__ = _Venues
