"""How likely accounts are to be liquidated, by simulation; public in ``shortgamma.liquidation``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import describe, number, refuse_where, whole, word
from shortgamma._core.plausible import check
from shortgamma._core.results import Result
from shortgamma._core.words import asset
from shortgamma.liquidation.account import accounts_of, book_of, instrument_keys, invalid, positions_of, prices_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any, Literal, TypeAlias

    from numpy.typing import ArrayLike, NDArray

    from shortgamma._core.types import Floats
    from shortgamma.liquidation.account import Book, Maintenance, Named, Specifications

    Array: TypeAlias = NDArray[np.float64]
    Correlation: TypeAlias = float | Mapping[tuple[str, str], float] | ArrayLike

METHODS = ("plain", "antithetic", "sobol")
# Variates that are drawn at a time, and how many batches a run has at least.
VARIATES = 1 << 20
# More than these are not begun: half a GB at a time, and months.
MOST_VARIATES, MOST_PATHS = 1 << 26, 10**12
BATCHES = 16
# The largest dimension of SciPy's Sobol points.
DIMENSIONS = 21_201


class BreachProbability(Result):
    """What `account_breach_probability` finds.

    Attributes
    ----------
    probability : ndarray or float
        The share of paths on which an account is liquidated.
    error : ndarray or float
        Standard error of ``probability``.
    paths : int
        How many paths were simulated.
    """

    probability: Floats
    error: Floats
    paths: int


class _Process(NamedTuple):
    """What paths are made of, by instrument and then by coin: first prices, moves of a step, and its length."""

    start: Array
    drift: Array
    loading: Array
    step: float
    vol: Array
    covariance: Array


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
        # of a variable that follows from those before it only rounding is left
        if left[0] > 1e-12:
            factor[j:, j] = left / np.sqrt(left[0])
    return factor


def account_breach_probability(
    mark: Named, fx: Named | None, quantity: Named, entry: Named, collateral: Named, *, contracts: Specifications,
    maintenance: Maintenance, vol: float | Mapping[str, float], expiry: float, correlation: Correlation | None = None,
    drift: float | Mapping[str, float] = 0.0, still: Sequence[str] = (), coins: Sequence[str] | None = None,
    fee: ArrayLike = 0.0, haircut: ArrayLike = 0.0, steps: int = 100, paths: int = 10_000,
    rng: np.random.Generator | int | None = None, method: Literal["plain", "antithetic", "sobol"] = "plain",
    bridge: bool = True, error: float = 0.0, progress: Callable[[int, int], Any] | None = None,
) -> BreachProbability:  # fmt: skip
    """Probability that accounts are liquidated by a date, under correlated geometric Brownian motion, by simulation.

    Parameters
    ----------
    {mark [now], fx [now], quantity, entry [account], collateral [account], contracts [or names]}
    {maintenance [as account]}
    vol : float or mapping
        Volatility per year of each asset, >= 0, by name: of what the contracts price (their ``underlying``, or their
        name) and of the coins. All contracts on an asset and the coin of that name move together. A coin that costs 1
        and is not named stands still. A number will do where there is one asset.
    expiry : float
        Years until the date, >= 0.
    correlation : float, mapping or array_like, optional
        Correlation of the logarithms of the assets' prices: a number for two assets, a mapping by pairs of names, or a
        matrix in the order of ``vol`` (or a DataFrame with names). Required where more than one asset moves.
    drift : float or mapping, default 0.0
        Growth of the expected prices per year, continuously compounded: a number for all assets, or by name.
    still : sequence of str, default ()
        Coins that stand still although their asset moves.
    {coins [as equity], fee [account], haircut}
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
        For each account the probability, its standard error, and the number of paths. NaN for accounts of which a
        number is NaN or (with the invalid flag) out of its range.

    Raises
    ------
    ValueError
        If shapes do not match, an asset has no vol, a correlation is missing or impossible, or an input is out of its
        range.
    {TypeError [contracts]}
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
    A short at 10 times and 17 % of volatility a month is liquidated within the month with probability 0.548:

    >>> import shortgamma as sg
    >>> result = sg.liquidation.account_breach_probability(
    ...     [1.0], None, [-1.0], [1.0], [0.1], contracts=[sg.contracts.Contract("linear")], maintenance=0.0,
    ...     vol=0.17 * 12**0.5, expiry=1 / 12, steps=20, rng=1)
    >>> bool(abs(result.probability - 0.548) < 3 * result.error)
    True
    """
    if not isinstance(method, str):
        raise TypeError("method must be one of 'plain', 'antithetic', 'sobol'")
    word("method", method, METHODS)
    book = book_of(contracts, coins, collateral, maintenance, fee, haircut)
    years, wanted = (_scalar(name, value) for name, value in (("expiry", expiry), ("error", error)))
    steps, paths = whole("steps", steps, 1), whole("paths", paths, 1, MOST_PATHS)
    process = _process(book, prices_of(book, mark, fx), (vol, drift, correlation), still, years, steps)
    held, opened, cash = positions_of(book, quantity, entry, collateral)
    shape, positions = accounts_of(held, opened, cash)
    answered = _answered(*positions)
    factors = process.loading.shape[1]
    size = _batch_size(method, paths, steps, factors, bridge)
    draws = _draws(method, _generator(rng), size, steps, factors, bridge)
    accounts = positions[0].shape[0]
    hits, both, square = np.zeros(accounts, np.int64), np.zeros(accounts, np.int64), np.zeros(accounts)
    batches = -(-paths // size)
    for batch in range(batches):
        before, done = hits.copy(), (batch + 1) * size
        dispatch.liquidation.probability.simulate(
            next(draws), method == "antithetic", process, positions, book.terms(), book.weight, hits, both
        )
        square += ((hits - before) / size) ** 2
        share, spread = _estimate(method, hits, both, square, done, batch)
        stop = progress is not None and progress(done, batches * size)
        if stop or (batch > 0 and (spread <= wanted).all()):
            break
    share, spread = np.where(answered, share, np.nan), np.where(answered, spread, np.nan)
    if shape:
        return BreachProbability(share, spread, done)
    return BreachProbability(share[0], spread[0], done)


def _estimate(
    method: str, hits: NDArray[np.int64], both: NDArray[np.int64], square: Array, done: int, batch: int
) -> tuple[Array, Array]:
    """Probabilities and their standard errors after some batches."""
    share = hits / done
    if method == "sobol":
        # quasi-random points tell their error by the scatter of independent batches
        variance = np.maximum(square / (batch + 1) - share * share, 0.0) / max(batch, 1)
    elif method == "antithetic":
        pairs = done // 2
        variance = np.maximum((hits + 2 * both) / (4.0 * pairs) - share * share, 0.0) / pairs
    else:
        variance = share * (1.0 - share) / done
    return share, np.sqrt(variance + 0.25 / done**2)


def _answered(held: Array, opened: Array, cash: Array) -> NDArray[np.bool_]:
    """Of which accounts all that matters is known and in its range."""
    known = ~(
        np.isnan(held).any(axis=-1) | np.isnan(cash).any(axis=-1) | (np.isnan(opened) & (held != 0.0)).any(axis=-1)
    )
    bad = ((opened <= 0.0) | np.isinf(opened)) & (held != 0.0)
    inside = ~(np.isinf(held).any(axis=-1) | np.isinf(cash).any(axis=-1) | bad.any(axis=-1))
    invalid((known & ~inside).any())
    answered: NDArray[np.bool_] = known & inside
    return answered


def _batch_size(method: str, paths: int, steps: int, factors: int, bridge: bool) -> int:
    if 2 * steps * (factors + bridge) > MOST_VARIATES:
        most, size = MOST_VARIATES // (2 * (factors + bridge)), 16e-9 * steps * (factors + bridge)
        raise ValueError(
            f"steps must be at most {most} with {factors} assets, got {steps}: two paths take {size:.1f} GB"
        )
    size = max(2, min(-(-paths // BATCHES), VARIATES // max(1, steps * (factors + bridge))))
    size += size % 2
    if method == "sobol":
        size = 1 << (size - 1).bit_length()
        if steps * (factors + bridge) > DIMENSIONS:
            raise ValueError(f"steps must be at most {DIMENSIONS // (factors + bridge)} for 'sobol', got {steps}")
    return size


def _process(
    book: Book, prices: tuple[Array, Array], moves: tuple[Any, Any, Any], still: Sequence[str], years: float, steps: int
) -> _Process:
    """What paths are made of: each instrument and coin moves as its asset does."""
    for name, array in zip(("mark", "fx"), prices, strict=True):
        if array.ndim != 1:
            raise ValueError(f"{name} must have one dimension, got shape {array.shape}")
        refuse_where(~((array > 0.0) & (array < np.inf)), name, array, "a finite number > 0")
    vol, drift, correlation = moves
    places, names, vols = _assets(book, prices[1], vol, still)
    drifts = _by_asset("drift", drift, names)
    if not ((np.abs(drifts) + vols * np.minimum(vols, 1e9)) * years < 500.0).all():
        raise ValueError(f"vol and drift must leave finite prices, they are too large for expiry {years!r}")
    step = years / steps
    rows = np.zeros((len(places), len(names)))
    moving = places >= 0
    rows[moving] = (vols[:, None] * correlation_factor(_matrix(correlation, names, vols), len(names)))[places[moving]]
    deviation = np.where(moving, np.append(vols, 0.0)[places], 0.0)
    growth = np.where(moving, np.append(drifts, 0.0)[places], 0.0)
    loading = rows[:, (rows != 0.0).any(axis=0)] * np.sqrt(step)
    return _Process(
        np.concatenate(prices),
        np.ascontiguousarray((growth - 0.5 * deviation * deviation) * step),
        np.ascontiguousarray(loading),
        step,
        np.ascontiguousarray(deviation),
        np.ascontiguousarray(rows @ rows.T),
    )


def _assets(book: Book, rates: Array, vol: Any, still: Sequence[str]) -> tuple[NDArray[np.int64], list[str], Array]:
    """The place of each instrument's and coin's asset (-1 stands still), their names, and their volatilities."""
    resting = {asset(coin) for coin in still}
    for coin in still:
        if asset(coin) not in {asset(name) for name in book.coins}:
            raise ValueError(f"still holds {coin!r}, which is not one of coins")
    keys = [
        next((asset(key) for key in reversed(pair) if key), f"contracts[{place}]")
        for place, pair in enumerate(instrument_keys(book.contracts))
    ]
    given = {asset(str(key)): key for key in vol} if isinstance(vol, Mapping) else {}
    for coin, rate in zip(book.coins, rates.tolist(), strict=True):
        name = asset(coin)
        # what all is counted in
        money = rate == 1.0 and name not in given and name not in keys
        keys.append("" if money or name in resting else name)
    names = [key for key in dict.fromkeys(keys) if key]
    if isinstance(vol, Mapping):
        names = [name for name in given if name in names] + [name for name in names if name not in given]
    vols = _by_asset("vol", vol, names, least=0.0)
    return np.array([names.index(key) if key else -1 for key in keys], np.int64), names, vols


def _by_asset(name: str, value: Any, names: list[str], least: float = -np.inf) -> Array:
    """A number for each asset."""
    if not isinstance(value, Mapping):
        given = number(name, value).astype(np.float64)
        if given.ndim or (name == "vol" and len(names) > 1):
            raise ValueError(
                f"{name} must be given by asset, as in {{{names[0] if names else 'BTC'!r}: 0.6}}: {_list(names)}"
            )
        _refuse_number(name, given, least)
        return np.full(len(names), float(given))
    by_asset = {asset(str(key)): key for key in value}
    for key in by_asset:
        if key not in names:
            raise ValueError(f"{name} holds {by_asset[key]!r}, which is not one of the assets {_list(names)}")
    result = np.zeros(len(names))
    for place, key in enumerate(names):
        if key not in by_asset:
            hint = ": give its contract an underlying" if key.startswith("contracts[") else ""
            raise ValueError(f"{name} must hold {key!r}, it holds {_list(list(value)) or 'nothing'}{hint}")
        given = number(f"{name}[{by_asset[key]!r}]", value[by_asset[key]]).astype(np.float64)
        if given.ndim:
            raise ValueError(f"{name}[{by_asset[key]!r}] must be a number, got shape {given.shape}")
        _refuse_number(f"{name}[{by_asset[key]!r}]", given, least)
        check(**{name: float(given)})
        result[place] = given
    return result


def _refuse_number(name: str, given: Array, least: float) -> None:
    rule = "finite and at least 0" if least == 0.0 else "finite"
    refuse_where(~((given >= least) & np.isfinite(given)), name, given, rule)


def _list(names: Sequence[Any]) -> str:
    return ", ".join(map(repr, names))


def _matrix(correlation: Any, names: list[str], vols: Array) -> Array:
    """The correlation matrix of the assets; what stands still is correlated with nothing."""
    moving = int((vols > 0.0).sum())
    if correlation is None:
        if moving > 1:
            raise ValueError(f"correlation of {_list(names)} must be given; 0.0 if they are independent")
        return np.eye(len(names))
    if isinstance(correlation, Mapping):
        return _by_pairs(correlation, names, vols)
    columns = getattr(correlation, "columns", None)
    if columns is not None and all(isinstance(column, str) for column in columns):
        pairs = {(str(a), str(b)): correlation.loc[a, b] for a in columns for b in columns if a != b}
        return _by_pairs(pairs, names, vols)
    given = number("correlation", correlation).astype(np.float64)
    if given.ndim == 0:
        if len(names) != 2:
            raise ValueError(f"correlation must be a matrix or a mapping by pairs of {_list(names)}, got a number")
        return np.array([[1.0, float(given)], [float(given), 1.0]])
    return given


def _by_pairs(correlation: Mapping[Any, Any], names: list[str], vols: Array) -> Array:
    matrix = np.eye(len(names))
    known = np.eye(len(names), dtype=bool) | (vols == 0.0)[:, None] | (vols == 0.0)
    for pair, value in correlation.items():
        if not isinstance(pair, tuple) or len(pair) != 2:
            raise TypeError(f"correlation must have pairs of names as keys, got {describe(pair, np.asarray(pair))}")
        a, b = (asset(str(name)) for name in pair)
        if a not in names or b not in names or a == b:
            raise ValueError(f"correlation holds {pair!r}, which are not two of {_list(names)}")
        i, j = names.index(a), names.index(b)
        if known[i, j] and matrix[i, j] not in (0.0, float(value)):
            raise ValueError(f"correlation of {pair!r} is given twice, as {float(matrix[i, j])!r} and {float(value)!r}")
        matrix[i, j] = matrix[j, i] = float(value)
        known[i, j] = known[j, i] = True
    if not known.all():
        i, j = np.argwhere(~known)[0]
        raise ValueError(f"correlation must hold the pair {(names[i], names[j])!r}; 0.0 if they are independent")
    return matrix


def _generator(rng: Any) -> np.random.Generator:
    try:
        return np.random.default_rng(rng)
    except (TypeError, ValueError):
        raise TypeError("rng must be a numpy.random.Generator, or whole numbers >= 0 to begin one with") from None


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
    rotation = _principal(steps)
    while True:
        points = qmc.Sobol(max(1, steps * (factors + bridge)), rng=generator).random(size)
        # never 0 or 1, of which there is no quantile
        points = np.clip(points, 2.0**-54, 1.0 - 2.0**-53)
        waves = ndtri(points[:, : steps * factors]).reshape(size, steps, factors)
        yield (
            np.ascontiguousarray(np.einsum("ts,psf->ptf", rotation, waves, optimize=True)),
            np.ascontiguousarray(-np.log(points[:, steps * factors :])) if bridge else None,
        )


def _principal(steps: int) -> NDArray[np.float64]:
    """Increments of Brownian motion from independent variates, those that matter most first: an orthogonal matrix."""
    length = 2.0 * steps + 1.0
    t, k = np.arange(steps + 1)[:, None], 2.0 * np.arange(1, steps + 1) - 1.0
    waves = np.sin(k * t * np.pi / length) / (np.sqrt(length) * np.sin(k * np.pi / (2.0 * length)))
    return np.diff(waves, axis=0)


def _scalar(name: str, value: Any) -> float:
    given = number(name, value).astype(np.float64)
    if given.ndim:
        raise ValueError(f"{name} must be a number, got shape {given.shape}")
    refuse_where(~((given >= 0.0) & (given < np.inf)), name, given, "finite and at least 0")
    return float(given)
