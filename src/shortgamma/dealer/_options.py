"""The options of a book as the loops take them: one array a number, without those that do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma._core.checks import choice, common_shape, first, number, place, refuse_where, word
from shortgamma._core.words import OPTIONS

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Array = NDArray[np.float64]

MOVES = ("proportional", "parallel")


class Options(NamedTuple):
    """Options with a quantity and a volatility, and what was left out."""

    origin: float | None
    forward: Array
    strike: Array
    vol: Array
    expiry: Array
    rate: Array
    dividend: Array
    weight: Array
    code: NDArray[np.int8]
    # of the arguments' options: which are kept
    kept: NDArray[np.intp]
    rows: int
    skipped: int
    none: int
    expired: int

    @property
    def of_forwards(self) -> bool:
        return self.origin is not None

    def market(self) -> tuple[Any, ...]:
        """The arguments of the loops behind the spot and its origin."""
        return self.forward, self.strike, self.vol, self.expiry, self.rate, self.dividend, self.weight, self.code


def options_of(
    spot: Any, strike: Any, vol: Any, expiry: Any, quantity: Any, option: Any, multiplier: Any, rate: Any,
    dividend: Any, forward: Any, drop_expired: bool,
) -> Options:  # fmt: skip
    """Check the options of a book and leave out those without quantity or volatility.

    ``spot`` is one number, the level at which ``forward`` holds; None where levels are given and there is no forward.
    """
    named = {"strike": strike, "vol": vol, "expiry": expiry, "quantity": quantity, "multiplier": multiplier}
    named |= {"rate": rate, "dividend": dividend}
    if forward is not None:
        named["forward"] = forward
        if np.any(number("rate", rate)) or np.any(number("dividend", dividend)):
            raise ValueError("rate and dividend are part of the forward: leave them out where forward is given")
    arrays = {name: number(name, value).astype(np.float64, copy=False) for name, value in named.items()}
    code = np.asarray(choice("option", option, OPTIONS), dtype=np.int8)
    shape = _common_shape({**arrays, "option": code})
    rows = (1,) if shape == () else shape
    columns: dict[str, Any] = {
        name: array if array.shape == rows else np.full(rows, array) for name, array in arrays.items()
    }
    columns["weight"] = columns.pop("quantity") * columns.pop("multiplier")
    columns["code"] = code if code.shape == rows else np.full(rows, code)
    kept, counts = np.arange(rows[0]), (0, 0, 0)
    if not _ordinary(arrays, columns):
        _check(arrays)
        expired, none, unknown = _left_out(columns, arrays["expiry"], drop_expired)
        kept = np.flatnonzero(~(expired | none | unknown))
        columns = {name: column[kept] for name, column in columns.items()}
        counts = int(unknown.sum()), int(none.sum()), int(expired.sum())
    origin = None if forward is None else one_level("spot", spot)
    if origin is None:
        columns["forward"] = np.ones(kept.size)
    names = ("forward", "strike", "vol", "expiry", "rate", "dividend", "weight", "code")
    return Options._make((origin, *(columns[name] for name in names), kept, rows[0], *counts))


def _ordinary(arrays: dict[str, Array], columns: dict[str, Any]) -> bool:
    """Whether all numbers are in their domains and no option is to be left out: most often so, and soon known."""
    weight = np.abs(columns["weight"])
    good = (weight > 0.0) & (weight < np.inf)
    for name in ("strike", "vol", "expiry", "forward"):
        if name in columns:
            good &= columns[name] > 0.0
            good &= columns[name] < np.inf
    return bool(good.all()) and all(_within(arrays[name], -np.inf) for name in ("rate", "dividend", "multiplier"))


def _left_out(columns: dict[str, Any], expiry: Array, drop_expired: bool) -> tuple[Any, Any, Any]:
    """Which options have expired, have no quantity, and have no volatility; ``expiry`` is the argument itself."""
    expired = columns["expiry"] < 0.0
    if expired.any() and not drop_expired:
        index = first(expiry < 0.0)
        raise ValueError(
            f"{place('expiry', index)} must be >= 0, got {expiry[index].item()!r}: the option has expired "
            "(drop_expired=True leaves such options out)"
        )
    weight = columns["weight"]
    none = ~expired & ~(np.abs(weight) > 0.0)
    known = (columns["vol"] > 0.0) & (columns["vol"] < np.inf) & (columns["expiry"] < np.inf)
    return expired, none, ~(expired | none | known)


def _common_shape(arrays: dict[str, Any]) -> tuple[int, ...]:
    shape = common_shape(arrays)
    if len(shape) > 1:
        raise ValueError(f"options must have one dimension, got shape {shape}")
    return shape


def _check(arrays: dict[str, Array]) -> None:
    for name, above, rule in (
        ("strike", 0.0, "a finite number > 0"),
        ("forward", 0.0, "a finite number > 0"),
        ("rate", -np.inf, "finite"),
        ("dividend", -np.inf, "finite"),
        ("multiplier", -np.inf, "finite"),
    ):
        array = arrays.get(name)
        if array is not None and not _within(array, above):
            refuse_where(~((array > above) & (array < np.inf)), name, array, rule)
    refuse_where(np.isinf(arrays["quantity"]), "quantity", arrays["quantity"], "finite")


def _within(array: Array, above: float) -> bool:
    """Whether all numbers are finite and above this one."""
    if array.ndim == 0:
        return above < float(array) < np.inf
    return array.size == 0 or bool(above < array.min() and array.max() < np.inf)


def one_level(name: str, value: Any) -> float:
    """One finite price."""
    array = number(name, value)
    if array.ndim != 0:
        raise ValueError(f"{name} must be one number, got shape {array.shape}")
    level = float(array)
    if not 0.0 < level < np.inf:
        raise ValueError(f"{name} must be a finite number > 0, got {level!r}")
    return level


def check_moves(moves: str) -> None:
    word("moves", moves, MOVES)
