"""What functions of price and Greeks share: the fields of their results, and one call for both orders."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from shortgamma._core.checks import call
from shortgamma._core.results import Result

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

    from shortgamma._core.types import Floats

    G = TypeVar("G", bound="Greeks")


class FirstOrder(Result):
    """Price and derivatives of first order, and gamma."""

    price: Floats
    delta: Floats
    gamma: Floats
    vega: Floats
    theta: Floats
    rho: Floats
    rho_dividend: Floats


class Greeks(FirstOrder):
    """Price and derivatives; the last seven are None at order 1."""

    vanna: Floats | None = None
    volga: Floats | None = None
    charm: Floats | None = None
    speed: Floats | None = None
    zomma: Floats | None = None
    color: Floats | None = None
    veta: Floats | None = None


# What each is, in the order of the fields.
MEANINGS = {
    "delta": "dV/dS",
    "gamma": "d2V/dS2",
    "vega": "dV/dvol, per 1.00 of vol",
    "theta": "dV/dt, per year of calendar time",
    "rho": "dV/drate, per 1.00 of rate",
    "rho_dividend": "dV/ddividend, per 1.00 of dividend yield",
    "vanna": "d2V/dS dvol",
    "volga": "d2V/dvol2",
    "charm": "d2V/dS dt",
    "speed": "d3V/dS3",
    "zomma": "d3V/dS2 dvol",
    "color": "d3V/dS2 dt",
    "veta": "d2V/dvol dt",
}


def check_order(order: object) -> None:
    # to ask for a protocol such as SupportsIndex would cost as much as the Greeks
    if (type(order) is not int and not isinstance(order, np.integer)) or order not in (1, 2):
        raise ValueError(f"order must be 1 or 2, got {order!r}")


def order_of(name: str) -> int:
    """The order at which a Greek is among the results."""
    return 1 if name in FirstOrder._fields else 2


def outputs(kind: type[Greeks], out: Any, order: int) -> tuple[Any, ...] | None:
    """The arrays of ``out``, as many as there are results of the order."""
    count = 7 * order
    if out is None:
        return None
    if not isinstance(out, tuple):
        raise TypeError(f"out must be a {kind.__name__} or a tuple of {count} arrays, got {type(out).__name__}")
    if len(out) == len(kind._fields) and all(array is None for array in out[count:]):
        out = out[:count]
    if len(out) != count:
        raise ValueError(f"out must hold {count} arrays, got {len(out)}")
    return tuple(out)


def greeks_of(
    kind: type[G],
    loops: ModuleType,
    ufuncs: Sequence[str],
    order: int,
    names: Sequence[str],
    values: Sequence[Any],
    out: Any,
) -> G:
    """Price and Greeks by the ufunc of an order: ``ufuncs`` are those of the price alone, of orders 1 and 2."""
    check_order(order)
    where = None if out is None else outputs(kind, out, order)
    return kind(*call(getattr(loops, ufuncs[order]), names, values, where))
