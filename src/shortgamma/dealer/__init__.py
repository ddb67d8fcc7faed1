"""Dealer flows: what hedgers must trade, and what that does to the price.

Signs: ``quantity`` is the dealers' own position in contracts, > 0 long. A flow is what they *trade*: > 0 they buy. Long
gamma sells a rise. Open interest has no sign: who is long is the caller's assumption, and has no default.

The modules: ``profile`` (exposures of a book at one spot or many), ``book`` (positions, flips, hedging flow), ``notes``
(knock-in notes), ``funds`` (closing flows, premiums, creations, portfolios), ``impact`` (impact, schedules, games
around a public trade), ``feedback`` (equilibria of all of them), ``stress`` (how unusual a day was).
"""

from shortgamma._core.lazy import attach

__getattr__, __dir__, __all__ = attach(globals())
