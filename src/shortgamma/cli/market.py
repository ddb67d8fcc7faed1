"""A market to try things on: two correlated coins and a funding rate, the same in every run."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from shortgamma.io.prices import HOUR, YEAR

__all__ = ["CORRELATION", "FUNDING_HOURS", "SEED", "VOLATILITY", "Market", "simulate"]

SEED = 2019
VOLATILITY = 0.80
CORRELATION = 0.85
DAYS = 730
# Before any coin existed: nobody takes the dates for real ones.
START = np.datetime64("2001-01-01", "ns")
UNDERLYING_START, COIN_START = 200.0, 10_000.0

FUNDING_HOURS = 8
INTEREST = 0.0001
DEAD_BAND = 0.0005
CAP = 0.00375
PREMIUM_DEVIATION = 0.0006
PREMIUM_MEMORY_HOURS = 48.0


class Market(NamedTuple):
    """The simulated market, hourly; element 0 is its start."""

    time: NDArray[np.datetime64]
    """Time of each bar, datetime64[ns]."""
    underlying: NDArray[np.float64]
    """Price of the underlying at each bar, in USD."""
    high: NDArray[np.float64]
    """Highest price of the underlying over the hour that ends at the bar."""
    low: NDArray[np.float64]
    """Lowest price of the underlying over the hour that ends at the bar."""
    coin: NDArray[np.float64]
    """Price of the collateral coin, in USD."""
    funding: NDArray[np.float64]
    """Funding rate of each interval of 8 hours, paid at bars 8, 16, ..."""


def simulate(seed: int = SEED, days: int = DAYS) -> Market:
    """Simulate the market.

    Prices are martingales of 80 % volatility each whose returns have a correlation of 85 %. Highs and lows
    are drawn from the Brownian bridge between bars, each with its exact distribution. The premium of the
    perpetual swap reverts to 0.01 % with a memory of two days; funding follows from it as on the venues, with
    a dead band of 0.05 % around the interest rate of 0.01 % and a cap of 0.375 %.

    Parameters
    ----------
    seed : int
        Seed of the PCG64 generator.
    days : int, default 730
        Length; there are ``24 * days + 1`` bars.

    Returns
    -------
    Market
        Times, prices and funding rates.

    Examples
    --------
    >>> from shortgamma.cli.market import simulate
    >>> market = simulate()
    >>> market.underlying.shape, market.funding.shape
    ((17521,), (2190,))
    """
    random = np.random.Generator(np.random.PCG64(seed))
    bars = 24 * days
    variance = VOLATILITY**2 * HOUR / YEAR
    first, second = random.standard_normal((2, bars))
    second = CORRELATION * first + np.sqrt(1 - CORRELATION**2) * second
    returns = np.sqrt(variance) * np.stack([first, second]) - variance / 2
    paths = np.concatenate([np.zeros((2, 1)), returns.cumsum(axis=1)], axis=1)

    before, after = paths[0, :-1], paths[0, 1:]
    spread = -2 * variance * np.log1p(-random.random((2, bars)))
    above, below = np.sqrt((after - before) ** 2 + spread)
    high = np.concatenate([[0.0], (before + after + above) / 2])
    low = np.concatenate([[0.0], (before + after - below) / 2])

    # A moving average over a long memory is the autoregression, started in its steady state.
    keep = np.exp(-FUNDING_HOURS / PREMIUM_MEMORY_HOURS)
    weights = keep ** np.arange(300) * np.sqrt(1 - keep**2)
    shocks = random.standard_normal(bars // FUNDING_HOURS + len(weights) - 1)
    premium = INTEREST + PREMIUM_DEVIATION * np.convolve(shocks, weights, mode="valid")
    gap = INTEREST - premium
    funding = np.where(np.abs(gap) <= DEAD_BAND, INTEREST, premium + np.copysign(DEAD_BAND, gap))
    return Market(
        START + np.arange(bars + 1) * np.timedelta64(HOUR, "ns"),
        UNDERLYING_START * np.exp(paths[0]),
        UNDERLYING_START * np.exp(high),
        UNDERLYING_START * np.exp(low),
        COIN_START * np.exp(paths[1]),
        np.clip(funding, -CAP, CAP),
    )
