"""The options of a book as the loops take them: one array a number, without those that do not count."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from shortgamma._core.checks import choice, first, number, place, refuse_choice
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
    spot: Any,
    strike: Any,
    vol: Any,
    expiry: Any,
    quantity: Any,
    *,
    option: Any,
    multiplier: Any,
    rate: Any,
    dividend: Any,
    forward: Any,
    drop_expired: bool,
) -> Options:
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
    columns = {name: np.broadcast_to(array, shape).ravel() for name, array in arrays.items()}
    code = np.broadcast_to(code, shape).ravel()
    _check(columns)
    expired = columns["expiry"] < 0.0
    if expired.any() and not drop_expired:
        index = first(expired)
        raise ValueError(
            f"{place('expiry', index)} must be >= 0, got {columns['expiry'][index].item()!r}: the option has expired "
            "(drop_expired=True leaves such options out)"
        )
    weight = columns["quantity"] * columns["multiplier"]
    none = ~expired & ((weight == 0.0) | np.isnan(weight))
    with np.errstate(invalid="ignore"):
        unknown = ~expired & ~none & ~((columns["vol"] > 0.0) & np.isfinite(columns["expiry"]))
    kept = np.flatnonzero(~(expired | none | unknown))
    origin = None if forward is None else one_level("spot", spot)
    ones = np.ones(kept.size)
    return Options(
        origin,
        columns["forward"][kept] if origin is not None else ones,
        columns["strike"][kept],
        columns["vol"][kept],
        columns["expiry"][kept],
        columns["rate"][kept],
        columns["dividend"][kept],
        weight[kept],
        code[kept],
        kept,
        weight.size,
        int(unknown.sum()),
        int(none.sum()),
        int(expired.sum()),
    )


def _common_shape(arrays: dict[str, Any]) -> tuple[int, ...]:
    shape: tuple[int, ...] = ()
    widest = ""
    for name, array in arrays.items():
        try:
            common = np.broadcast_shapes(shape, array.shape)
        except ValueError:
            raise ValueError(
                f"{name} of shape {array.shape} does not broadcast with {widest} of shape {shape}"
            ) from None
        widest = name if common != shape else widest
        shape = common
    if len(shape) > 1:
        raise ValueError(f"options must have one dimension, got shape {shape}")
    return shape


def _check(columns: dict[str, Array]) -> None:
    for name in ("strike", "forward"):
        if name not in columns:
            continue
        with np.errstate(invalid="ignore"):
            bad = ~((columns[name] > 0.0) & np.isfinite(columns[name]))
        if bad.any():
            index = first(bad)
            raise ValueError(f"{place(name, index)} must be a finite number > 0, got {columns[name][index].item()!r}")
    for name in ("rate", "dividend", "multiplier"):
        bad = ~np.isfinite(columns[name])
        if bad.any():
            index = first(bad)
            raise ValueError(f"{place(name, index)} must be finite, got {columns[name][index].item()!r}")
    bad = np.isinf(columns["quantity"])
    if bad.any():
        raise ValueError(
            f"{place('quantity', first(bad))} must be finite, got {columns['quantity'][first(bad)].item()!r}"
        )


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
    if moves not in MOVES:
        refuse_choice("moves", moves, MOVES)
