"""Funding of perpetual swaps: rates, payments, and what they mean.

Units: ``rate`` is a fraction per funding interval, > 0 when longs pay shorts; cash is in the contract's settlement
coin, > 0 received. Time runs down axis 0. Times are datetime64, datetimes, ISO text, pandas, or numbers since 1970,
whose size tells their unit.

The modules: ``payments`` (positions on the funding clock, sums, the running index), ``events`` (fills at any time),
``rates`` (from order books to rates), ``fair`` (drift, price and premium without arbitrage), ``meaning`` (yields and
carry) and ``rules`` (how venues make rates). Venues' files are read by `shortgamma.io.read_funding`.
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
