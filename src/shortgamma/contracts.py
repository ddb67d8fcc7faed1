"""Contract specifications: how quantity and price make a value, and in which coin.

=========  =====================  ==========================  =============================
kind       value                  profit from P0 to P1        settled in
=========  =====================  ==========================  =============================
linear     q m P                  q m (P1 - P0)               the quote currency
inverse    q m / P                q m (1/P0 - 1/P1)           the coin that is priced
quanto     q m P                  q m (P1 - P0)               a third coin, at a fixed rate
=========  =====================  ==========================  =============================

q is the quantity in contracts (> 0 long), m the multiplier, P the price. Contracts that are listed at exchanges are in
`shortgamma.venues`; functions that ask for a contract take the name of one, such as ``"XBTUSD"``, where it means the
same at all venues that are stored.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import dispatch
from shortgamma._core.checks import call, word
from shortgamma._core.lazy import publish

if TYPE_CHECKING:
    from typing import Any, Literal, NoReturn, TypeAlias

    from numpy.typing import ArrayLike

    Kind: TypeAlias = Literal["linear", "inverse", "quanto"]

__all__ = ["Contract"]

KINDS: tuple[Kind, ...] = ("linear", "inverse", "quanto")
_FIELDS = ("kind", "multiplier", "name", "underlying", "quote", "settlement")
# The loops know only two kinds: a quanto contract is a linear one in its own settlement coin.
_CODES = (np.int8(0), np.int8(1))


class Contract:
    """A linear, inverse or quanto contract; immutable, hashable, equal to another of the same terms.

    Parameters
    ----------
    kind : {"linear", "inverse", "quanto"}
        How the value follows from the price; see the table of this module.
    multiplier : float, default 1.0
        Settlement coin per contract and unit of price (linear, quanto), or quote currency per contract
        (inverse).
    name, underlying, quote, settlement : str, optional
        Labels: the contract's own name, what is priced, in which currency, and the coin of profit and margin.

    Raises
    ------
    ValueError
        If ``kind`` is not one of the three or ``multiplier`` is not a finite number > 0.

    Examples
    --------
    >>> perpetual = Contract("quanto", 1e-6, underlying="ETH", quote="USD", settlement="XBT")
    >>> float(perpetual.value(10_000, 264.55))
    2.6455
    """

    # Written out: a frozen dataclass with slots says the same, for a third of what this package may add to an
    # import.
    __slots__ = ("kind", "multiplier", "name", "quote", "settlement", "underlying")

    kind: Kind
    multiplier: float
    name: str
    underlying: str
    quote: str
    settlement: str

    def __init__(
        self,
        kind: Kind,
        multiplier: float = 1.0,
        *,
        name: str = "",
        underlying: str = "",
        quote: str = "",
        settlement: str = "",
    ) -> None:
        word("kind", kind, KINDS)
        try:
            size = float(multiplier)
        except (TypeError, ValueError):
            size = math.nan
        if not 0.0 < size < math.inf:
            raise ValueError(f"multiplier must be a finite number > 0, got {multiplier!r}")
        for field, value in zip(_FIELDS, (kind, size, name, underlying, quote, settlement), strict=True):
            object.__setattr__(self, field, value)

    def _terms(self) -> tuple[Any, ...]:
        return tuple(getattr(self, field) for field in _FIELDS)

    def __setattr__(self, field: str, value: object) -> NoReturn:
        raise AttributeError(f"a Contract does not change: make another with the {field} wanted")

    def __delattr__(self, field: str) -> NoReturn:
        raise AttributeError("a Contract does not change")

    def __eq__(self, other: object) -> bool:
        return self._terms() == other._terms() if isinstance(other, Contract) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._terms())

    def __repr__(self) -> str:
        labels = "".join(f", {field}={getattr(self, field)!r}" for field in _FIELDS[2:] if getattr(self, field))
        return f"Contract({self.kind!r}, {self.multiplier!r}{labels})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _restore, self._terms()

    @property
    def inverse(self) -> bool:
        """Whether the value falls as the price rises."""
        return self.kind == "inverse"

    def value(self, quantity: ArrayLike, price: ArrayLike, *, out: Any = None) -> Any:
        """Signed value of a position in the settlement coin.

        Parameters
        ----------
        {quantity}
        price : array_like
            Price in quote currency; broadcast with ``quantity``.
        {out}

        Returns
        -------
        ndarray or float
            Value in the settlement coin; NaN, with the invalid flag, where the price is not a finite number > 0.

        Examples
        --------
        >>> perpetual = Contract("inverse", underlying="XBT", quote="USD", settlement="XBT")
        >>> perpetual.value([10_000, -10_000], 8_000.0)
        array([ 1.25, -1.25])
        """
        return call(
            dispatch.contracts.contract_value,
            ("quantity", "price"),
            (quantity, price, self.multiplier, self.code),
            out,
        )

    def pnl(self, quantity: ArrayLike, entry: ArrayLike, exit: ArrayLike, *, out: Any = None) -> Any:
        """Profit of a position, in the settlement coin.

        Parameters
        ----------
        {quantity}
        entry, exit : array_like
            Prices at which the position was opened and is valued, in quote currency; all inputs broadcast.
        {out}

        Returns
        -------
        ndarray or float
            Profit in the settlement coin; NaN, with the invalid flag, where a price is not a finite number > 0.

        Examples
        --------
        >>> perpetual = Contract("inverse", underlying="XBT", quote="USD", settlement="XBT")
        >>> float(perpetual.pnl(10_000, 8_000.0, 10_000.0))
        0.25
        """
        return call(
            dispatch.contracts.contract_profit,
            ("quantity", "entry", "exit"),
            (quantity, entry, exit, self.multiplier, self.code),
            out,
        )

    @property
    def code(self) -> np.int8:
        """The kind as the loops know it: 1 inverse, 0 linear or quanto."""
        return _CODES[self.inverse]


def _restore(kind: Kind, multiplier: float, name: str, underlying: str, quote: str, settlement: str) -> Contract:
    return Contract(kind, multiplier, name=name, underlying=underlying, quote=quote, settlement=settlement)


def checked(contract: object, name: str = "contract") -> Contract:
    """``contract`` if it is one, or the one that has this name at all venues that list it."""
    if isinstance(contract, Contract):
        return contract
    if isinstance(contract, str):
        return _named(contract, name)
    raise TypeError(f"{name} must be a Contract, got {type(contract).__name__}")


def _named(name: str, argument: str) -> Contract:
    from shortgamma._core import venue_data

    terms = venue_data.contracts(name)
    if not terms:
        raise ValueError(
            f"{argument} must be a Contract or the name of one that is stored, got {name!r}: "
            f"sg.venues[...].markets() lists them, sg.contracts.Contract(...) makes any other"
        )
    different = {tuple(fields.items()): venue for venue, fields in terms.items()}
    if len(different) > 1:
        venues = " or ".join(f"sg.venues[{venue!r}].contract({name!r})" for venue in different.values())
        raise ValueError(f"{argument} {name!r} is not the same at all venues: give {venues}")
    return Contract(name=name.upper(), **next(iter(terms.values())))


publish(globals())
