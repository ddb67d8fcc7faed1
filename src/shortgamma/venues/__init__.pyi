from shortgamma.venues._all import (
    amun as amun,
)
from shortgamma.venues._all import (
    binance as binance,
)
from shortgamma.venues._all import (
    bitfinex as bitfinex,
)
from shortgamma.venues._all import (
    bitmex as bitmex,
)
from shortgamma.venues._all import (
    bybit as bybit,
)
from shortgamma.venues._all import (
    cme as cme,
)
from shortgamma.venues._all import (
    deribit as deribit,
)
from shortgamma.venues._all import (
    direxion as direxion,
)
from shortgamma.venues._all import (
    dydx as dydx,
)
from shortgamma.venues._all import (
    ftx as ftx,
)
from shortgamma.venues._all import (
    gate as gate,
)
from shortgamma.venues._all import (
    hbtc as hbtc,
)
from shortgamma.venues._all import (
    huobi as huobi,
)
from shortgamma.venues._all import (
    hyperliquid as hyperliquid,
)
from shortgamma.venues._all import (
    index_coop as index_coop,
)
from shortgamma.venues._all import (
    kraken as kraken,
)
from shortgamma.venues._all import (
    kucoin as kucoin,
)
from shortgamma.venues._all import (
    mexc as mexc,
)
from shortgamma.venues._all import (
    okx as okx,
)
from shortgamma.venues._all import (
    pionex as pionex,
)
from shortgamma.venues._all import (
    proshares as proshares,
)
from shortgamma.venues._all import (
    toros as toros,
)
from shortgamma.venues._venue import (
    Market as Market,
)
from shortgamma.venues._venue import (
    Token as Token,
)
from shortgamma.venues._venue import (
    Venue as Venue,
)

_Market = Market
_Token = Token
_Venue = Venue

# what type checkers take this module for: it can be indexed, which no module can
class Venues:
    amun: _Venue
    binance: _Venue
    bitfinex: _Venue
    bitmex: _Venue
    bybit: _Venue
    cme: _Venue
    deribit: _Venue
    direxion: _Venue
    dydx: _Venue
    ftx: _Venue
    gate: _Venue
    hbtc: _Venue
    huobi: _Venue
    hyperliquid: _Venue
    index_coop: _Venue
    kraken: _Venue
    kucoin: _Venue
    mexc: _Venue
    okx: _Venue
    pionex: _Venue
    proshares: _Venue
    toros: _Venue
    Market: type[_Market]
    Token: type[_Token]
    Venue: type[_Venue]
    def __getitem__(self, name: str) -> _Venue: ...
