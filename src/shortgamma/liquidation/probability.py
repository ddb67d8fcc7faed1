"""How likely accounts are to die, by simulation; public in ``shortgamma.liquidation``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import choice, number, refuse_where
from shortgamma._core.results import Result
from shortgamma.liquidation.account import _fx, _last, book_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Literal

    from numpy.typing import ArrayLike, NDArray

    from shortgamma._core.types import Floats
    from shortgamma.contracts import Contract

METHODS = {"plain": 0, "antithetic": 1, "sobol": 2}
# Variates that are drawn at a time, and how many batches a run has at least: quasi-random ones tell their error by
# the scatter of independent batches.
VARIATES = 1 << 20
BATCHES = 16
# The largest dimension of SciPy's Sobol points.
DIMENSIONS = 21_201


class BreachProbability(Result):
    """What `account_breach_probability` finds.

    Attributes
    ----------
    probability : ndarray or float
        The share of paths on which an account dies.
    error : ndarray or float
        Standard error of ``probability``.
    paths : int
        How many paths were simulated.
    """

    probability: Floats
    error: Floats
    paths: int


def correlation_factor(correlation: ArrayLike, size: int) -> NDArray[np.float64]:
    """Lower triangle L with L L' = ``correlation``, which may be singular."""
    given = number("correlation", correlation).astype(np.float64)
    if given.shape != (size, size):
        raise ValueError(f"correlation must have shape ({size}, {size}), got {given.shape}")
    refuse_where(~(np.abs(given) <= 1.0), "correlation", given, "in [-1, 1]")
    diagonal = np.eye(size, dtype=bool)
    refuse_where(diagonal & (given != 1.0), "correlation", given, "1 on its diagonal")
    refuse_where(given != given.T, "correlation", given, "symmetric")
    least = float(np.linalg.eigvalsh(given)[0]) if size else 0.0
    if least < -1e-10:
        raise ValueError(f"correlation must be positive semi-definite, its least eigenvalue is {least:.3g}")
    factor = np.zeros((size, size))
    for j in range(size):
        left = given[j:, j] - factor[j:, :j] @ factor[j, :j]
        # what is left of a variable that follows from those before it is rounding
        if left[0] > 1e-12:
            factor[j:, j] = left / np.sqrt(left[0])
    return factor


def account_breach_probability(
    mark: ArrayLike,
    fx: ArrayLike | None,
    quantity: ArrayLike,
    entry: ArrayLike,
    collateral: ArrayLike,
    *,
    contracts: Sequence[Contract],
    maintenance: Any,
    vol: ArrayLike,
    expiry: float,
    correlation: ArrayLike | None = None,
    drift: ArrayLike = 0.0,
    fx_vol: ArrayLike = 0.0,
    fx_drift: ArrayLike = 0.0,
    coins: Sequence[str] | None = None,
    fee: ArrayLike = 0.0,
    haircut: ArrayLike = 0.0,
    steps: int = 100,
    paths: int = 10_000,
    rng: np.random.Generator | int | None = None,
    method: Literal["plain", "antithetic", "sobol"] = "plain",
    bridge: bool = True,
    error: float = 0.0,
    progress: Callable[[int, int], Any] | None = None,
) -> BreachProbability:
    """Probability that accounts die by a date, under correlated geometric Brownian motion, by simulation.

    Parameters
    ----------
    mark : array_like
        Mark prices now, > 0, of shape (instruments,).
    fx : array_like or None
        Prices of the coins in the reporting coin now, > 0, of shape (coins,); None if the only coin is that coin.
    quantity, entry : array_like
        Contracts (> 0 long) and entry prices > 0, of shape (accounts, instruments), or (instruments,) for one account
        or the same of all.
    collateral : array_like
        Balances without unrealised profit, each in its coin, of shape (accounts, coins) or (coins,).
    contracts : sequence of Contract
        The instruments.
    maintenance : float, Tiers, or sequence of them
        As of `account_maintenance`.
    vol : array_like
        Volatility of the marks per year, >= 0: a number, or one for each instrument.
    expiry : float
        Years until the date, >= 0.
    correlation : array_like, optional
        Correlation of the logarithms of the marks and then of the coins' prices, of shape (instruments + coins,
        instruments + coins); positive semi-definite, so that a mark and a coin may be one and the same price. By
        default nothing is correlated.
    drift : array_like, default 0.0
        Growth of the expected marks per year, continuously compounded: a number, or one for each instrument.
    fx_vol, fx_drift : array_like, default 0.0
        Volatility and growth of the coins' prices per year: a number, or one for each coin. The reporting coin has
        none.
    coins : sequence of str, optional
        The names of the coins, which the contracts' ``settlement`` refers to.
    fee : array_like, default 0.0
        Fee of closing a position as a fraction of its value, in [0, 1): a number, or one for each instrument.
    haircut : array_like, default 0.0
        Fraction of a positive balance that does not count, in [0, 1]: a number, or one for each coin.
    steps : int, default 100
        Steps of a path.
    paths : int, default 10_000
        Paths at most; rounded up to whole batches, and for ``sobol`` to powers of two.
    rng : numpy.random.Generator or int, optional
        Source of random numbers, or a seed for one.
    method : {"plain", "antithetic", "sobol"}, default "plain"
        Independent paths; pairs of mirror images; or scrambled Sobol points in the order of principal components,
        which needs SciPy.
    bridge : bool, default True
        Whether accounts are watched without pause, by a Brownian bridge between the nodes of a path, or at the nodes
        alone.
    error : float, default 0.0
        Stop as soon as no account's standard error is larger.
    progress : callable, optional
        Called with the number of paths done and of all after each batch; where it returns something true, it is the
        last one.

    Returns
    -------
    BreachProbability
        For each account the probability, its standard error, and the number of paths. NaN for accounts without an
        answer: those of which a number is NaN or (with the invalid flag) out of its range.

    Raises
    ------
    ValueError
        If shapes do not match, the correlation matrix is none, or an input is out of its range.
    TypeError
        If ``contracts`` holds anything but Contracts, or an input is not numeric.
    ImportError
        If ``method`` is ``sobol`` and SciPy is not installed.

    See Also
    --------
    breach_probability : Exact, for one isolated position.

    Notes
    -----
    All accounts are judged on the same paths, which are not kept. Between two nodes the deficit is taken for a Brownian
    bridge in the logarithms of the prices, along the likeliest way to where it is zero; with distances a and b from
    there, in deviations, it gets there within the time h with probability exp(-2 a b / h) (P. Glasserman, Monte Carlo
    Methods in Financial Engineering, 2004, section 6.4). For one position that is exact but for a term of third order
    in the distance, so that few steps do.

    The standard error of n paths counts half a path more than were hit, so that it is not 0 where none was.

    Examples
    --------
    A short at 10 times and 17 % of volatility a month dies within the month with probability 0.548:

    >>> import shortgamma as sg
    >>> found = sg.liquidation.account_breach_probability(
    ...     [1.0], None, [-1.0], [1.0], [0.1], contracts=[sg.contracts.Contract("linear")], maintenance=0.0,
    ...     vol=0.17 * 12**0.5, expiry=1 / 12, steps=20, rng=1)
    >>> bool(abs(found.probability - 0.548) < 3 * found.error)
    True
    """
    code = choice("method", method, METHODS)
    if not isinstance(method, str):
        raise TypeError("method must be one of 'plain', 'antithetic', 'sobol'")
    cash = _last("collateral", collateral)
    count = cash.shape[-1]
    book = book_of(contracts, coins, count, maintenance, fee, haircut)
    size = len(book.contracts)
    prices = [_prices("mark", _last("mark", mark, size, "contracts")), _prices("fx", _fx(fx, count))]
    start = np.concatenate(prices)
    vols = np.concatenate([_each("vol", vol, size, True), _each("fx_vol", fx_vol, count, True)])
    drifts = np.concatenate([_each("drift", drift, size, False), _each("fx_drift", fx_drift, count, False)])
    years, wanted = (_scalar(name, value) for name, value in (("expiry", expiry), ("error", error)))
    if not ((np.abs(drifts) + vols * np.minimum(vols, 1e9)) * years < 500.0).all():
        raise ValueError(f"vol and drift must leave prices that are numbers, they are too large for expiry {years!r}")
    steps, paths = _whole("steps", steps), _whole("paths", paths)
    assets = size + count
    factor = np.eye(assets) if correlation is None else correlation_factor(correlation, assets)
    covariance = vols[:, None] * (factor @ factor.T) * vols
    step = years / steps
    loading = vols[:, None] * factor * np.sqrt(step)
    loading = loading[:, (loading != 0.0).any(axis=0)]
    move = (drifts - 0.5 * vols * vols) * step
    held = _last("quantity", quantity, size, "contracts")
    opened = _last("entry", entry, size, "contracts")
    shape: tuple[int, ...] = ()
    for name, array in (("quantity", held), ("entry", opened), ("collateral", cash)):
        if array.ndim > 2:
            raise ValueError(f"{name} must have one or two dimensions, got shape {array.shape}")
        try:
            shape = np.broadcast_shapes(shape, array.shape[:-1])
        except ValueError:
            raise ValueError(f"{name} of shape {array.shape} does not broadcast with {shape[0]} accounts") from None
    accounts = shape[0] if shape else 1
    known, inside = np.ones(accounts, dtype=bool), np.ones(accounts, dtype=bool)
    for array, limited in ((held, False), (cash, False), (opened, True)):
        known &= ~(np.isnan(array) & ((held != 0.0) | (not limited)) if limited else np.isnan(array)).any(axis=-1)
        bad = (array <= 0.0) & (held != 0.0) if limited else np.zeros(1, dtype=bool)
        bad = bad | (np.isinf(array) & (held != 0.0) if limited else np.isinf(array))
        inside &= ~bad.any(axis=-1)
    if (known & ~inside).any():
        np.sqrt(np.float64(-1.0))
    positions = tuple(
        np.require(np.broadcast_to(array, (accounts, array.shape[-1])), requirements=["C", "A"])
        for array in (held, opened, cash)
    )
    generator = np.random.default_rng(rng)
    factors = loading.shape[1]
    size_of_batch = max(2, min(-(-paths // BATCHES), VARIATES // max(1, steps * (factors + bridge))))
    size_of_batch += size_of_batch % 2
    if code == METHODS["sobol"]:
        size_of_batch = 1 << (size_of_batch - 1).bit_length()
        if steps * (factors + bridge) > DIMENSIONS:
            raise ValueError(f"steps must be at most {DIMENSIONS // (factors + bridge)} for 'sobol', got {steps}")
    batches = -(-paths // size_of_batch)
    draws = _draws(method, generator, size_of_batch, steps, factors, bridge)
    hits, both = np.zeros(accounts, dtype=np.int64), np.zeros(accounts, dtype=np.int64)
    square = np.zeros(accounts)
    done = 0
    for batch in range(batches):
        before = hits.copy()
        normals, exponentials = next(draws)
        dispatch.liquidation.account.simulate(
            normals, exponentials, method == "antithetic", start, np.ascontiguousarray(move),
            np.ascontiguousarray(loading), step, vols, np.ascontiguousarray(covariance), positions, book.terms(),
            book.weight, hits, both,
        )  # fmt: skip
        done += size_of_batch
        share = hits / done
        if method == "sobol":
            square += ((hits - before) / size_of_batch) ** 2
            variance = np.maximum(square / (batch + 1) - share * share, 0.0) / max(batch, 1)
        elif method == "antithetic":
            pairs = done // 2
            variance = np.maximum((hits + 2 * both) / (4.0 * pairs) - share * share, 0.0) / pairs
        else:
            variance = share * (1.0 - share) / done
        spread = np.sqrt(variance + 0.25 / done**2)
        stop = progress is not None and progress(done, batches * size_of_batch)
        if stop or (batch > 0 and (spread <= wanted).all()):
            break
    answered = known & inside
    share, spread = np.where(answered, share, np.nan), np.where(answered, spread, np.nan)
    if shape:
        return BreachProbability(share, spread, done)
    return BreachProbability(share[0], spread[0], done)


def _draws(
    method: str, generator: np.random.Generator, size: int, steps: int, factors: int, bridge: bool
) -> Iterator[tuple[NDArray[np.float64], NDArray[np.float64] | None]]:
    """Batches of normal and exponential variates."""
    if method != "sobol":
        normals = np.empty((size // 2 if method == "antithetic" else size, steps, factors))
        exponentials = np.empty((size, steps)) if bridge else None
        while True:
            generator.standard_normal(out=normals)
            if exponentials is not None:
                generator.standard_exponential(out=exponentials)
            yield normals, exponentials
    try:
        from scipy.special import ndtri
        from scipy.stats import qmc
    except ImportError:
        raise ImportError("method 'sobol' needs SciPy") from None
    turn = _principal(steps)
    while True:
        points = qmc.Sobol(max(1, steps * (factors + bridge)), rng=generator).random(size)
        # never 0 or 1, of which there is no quantile
        points = np.clip(points, 2.0**-54, 1.0 - 2.0**-53)
        waves = ndtri(points[:, : steps * factors]).reshape(size, steps, factors)
        yield (
            np.ascontiguousarray(np.einsum("ts,psf->ptf", turn, waves, optimize=True)),
            np.ascontiguousarray(-np.log(points[:, steps * factors :])) if bridge else None,
        )


def _principal(steps: int) -> NDArray[np.float64]:
    """Increments of Brownian motion from independent variates, those that matter most first: an orthogonal matrix."""
    number_of = 2.0 * steps + 1.0
    t, k = np.arange(steps + 1)[:, None], 2.0 * np.arange(1, steps + 1) - 1.0
    waves = np.sin(k * t * np.pi / number_of) / (np.sqrt(number_of) * np.sin(k * np.pi / (2.0 * number_of)))
    return np.diff(waves, axis=0)


def _each(name: str, value: ArrayLike, count: int, positive: bool) -> NDArray[np.float64]:
    given = number(name, value).astype(np.float64)
    if given.ndim > 1 or (given.ndim == 1 and given.size != count):
        raise ValueError(f"{name} must be a number or one for each of {count}, got shape {given.shape}")
    if positive:
        refuse_where(~((given >= 0.0) & (given < np.inf)), name, given, "finite and at least 0")
    else:
        refuse_where(~np.isfinite(given), name, given, "finite")
    return np.broadcast_to(given, (count,))


def _prices(name: str, given: NDArray[np.float64]) -> NDArray[np.float64]:
    if given.ndim != 1:
        raise ValueError(f"{name} must have one dimension, got shape {given.shape}")
    refuse_where(~((given > 0.0) & (given < np.inf)), name, given, "a finite number > 0")
    return given


def _scalar(name: str, value: Any) -> float:
    given = number(name, value).astype(np.float64)
    if given.ndim:
        raise ValueError(f"{name} must be a number, got shape {given.shape}")
    refuse_where(~((given >= 0.0) & (given < np.inf)), name, given, "finite and at least 0")
    return float(given)


def _whole(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise TypeError(f"{name} must be a whole number, got {type(value).__name__}")
    if value < 1:
        raise ValueError(f"{name} must be at least 1, got {value}")
    return int(value)
