"""Path-dependent mechanics of crypto and listed derivatives, at the machine's speed.

Families are modules:

``barrier``
    Barrier options, touches and notes: prices and all Greeks in one pass.
``leverage``
    Leveraged and inverse products: net asset value under rebalancing, and its theory.
``funding``
    Perpetual swaps: funding rates, payments and fair values.
``liquidation``
    Margin: the price, the bar and the probability of liquidation, and what follows from it.
``vanilla``
    European options: prices, Greeks, binaries, implied volatility.
``carry``
    Carry of futures: basis, tenors, HAC regressions, also over sliding windows.
``io``
    Readers of prices, funding histories and margin tiers, as exchanges and vendors export them.
``dealer``
    Hedgers of options and funds: exposures, flips, what they trade, and what that does to the price.
``contracts``
    Linear, inverse and quanto contract specifications.
``venues``
    Contracts, margins, funding and liquidation rules and leveraged tokens of exchanges, as data.
``stream``
    The same, one bar at a time, for event-driven backtesters.
``plot``
    Charts of results, with matplotlib.
``vecmath``
    The elementary and error functions behind all of these, as ufuncs.

The contract of every function:

* Inputs broadcast as in NumPy; ``out=`` is honoured; inputs are never changed; the GIL is released.
* Time runs down axis 0 unless ``axis`` says otherwise.
* quantity > 0 is long; funding > 0 means that longs pay; cash > 0 is received. Volatilities and rates are per year,
  rates compounded continuously for options and simple elsewhere; a funding rate is per funding interval, a cost per
  trade.
* NaN in gives NaN out, quietly. A number out of its domain gives NaN and the invalid flag, so
  ``numpy.errstate`` governs it. A structural mistake raises ValueError or TypeError and names the argument
  and the first bad index. Being knocked out, liquidated or wiped out is data.
"""

from shortgamma._core import dispatch as _dispatch  # noqa: F401 (refuses a wrong SHORTGAMMA_CPU at once)
from shortgamma._core.lazy import attach
from shortgamma._version import __version__ as __version__

__getattr__, __dir__, __all__ = attach(globals())
