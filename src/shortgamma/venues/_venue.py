"""What is stored of a venue; the venues themselves are in ``shortgamma.venues``."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma._core import venue_data
from shortgamma._core.lazy import described
from shortgamma._core.results import Result
from shortgamma._core.times import duration, moment
from shortgamma.contracts import Contract
from shortgamma.funding.rules import FundingRule, RuleHistory
from shortgamma.leverage import TokenRule
from shortgamma.liquidation.margin import RisingMargin, RiskLimits, Tiers
from shortgamma.liquidation.process import LiquidationRule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any, NoReturn

    from shortgamma.liquidation.margin import Margin

MARGINS: dict[str, Callable[..., Margin]] = {kind.__name__: kind for kind in (Tiers, RiskLimits, RisingMargin)}
LENGTHS = ("interval", "basis_interval", "sampling")
ALIASES = {"gateio": "gate", "htx": "huobi", "indexcoop": "index_coop", "dydxv3": "dydx", "dydxv4": "dydx"}


class Market(Result):
    """A contract at a venue with its margins and rules, as a source states them.

    Attributes
    ----------
    venue, name : str
        The venue, and the name of the market there.
    contract : Contract
        Terms of the contract.
    maintenance, initial : Tiers, RiskLimits, RisingMargin or None
        Margins; None where no source states them.
    funding : FundingRule or None
        Funding rule; None for futures and where no rule is stored.
    liquidation : LiquidationRule or None
        How the venue liquidates; None where no rule is stored.
    date : str
        Day from which the source says that the margins hold, or of the source; empty if it bears no date.
    source : str
        Where the contract and its margins are stated.
    unknown : tuple of str
        What could not be confirmed, or is cut off here.
    """

    venue: str
    name: str
    contract: Contract
    maintenance: Margin | None
    initial: Margin | None
    funding: FundingRule | None
    liquidation: LiquidationRule | None
    date: str
    source: str
    unknown: tuple[str, ...]


class Token(Result):
    """A leveraged product of a venue or issuer, as a source states its rule.

    Attributes
    ----------
    venue, name : str
        Issuer, and name of the product.
    leverage : tuple of float or None
        The leverages in which it comes; None if in any.
    rule : dict
        Fields of its `shortgamma.leverage.TokenRule`.
    needs : tuple of str
        Fields that are not published and must be given.
    date : str
        Day from which the rule holds, or of the source; empty if it bears no date.
    source, note : str
        Source of the rule, and its wording in short.
    unknown : tuple of str
        What could not be confirmed.
    """

    venue: str
    name: str
    leverage: tuple[float, ...] | None
    rule: dict[str, Any]
    needs: tuple[str, ...]
    date: str
    source: str
    note: str
    unknown: tuple[str, ...]


@described
class Venue:
    """A venue: its contracts, margins, funding and liquidation rules and leveraged tokens, each with its source.

    Parameters
    ----------
    key : str
        Name of the venue in ``shortgamma.venues``, such as ``"bitmex"``.

    See Also
    --------
    shortgamma.io.read_tiers : Current margin tiers, from a venue's or ccxt's file.

    Notes
    -----
    Venues change these numbers often and keep no archive. A backtest should look at ``date`` and ``unknown``. Nothing
    is asked of a venue at run time.

    Examples
    --------
    >>> import shortgamma as sg
    >>> market = sg.venues.bitmex.market("XBTUSD", on="2020-04-20")
    >>> float(market.maintenance.rate_of(180.0)), market.date
    (0.0045, '2020-04-17')
    >>> sg.venues["BitMEX"].contract("ETHUSD").kind
    'quanto'
    """

    __slots__ = ("key",)

    key: str

    def __init__(self, key: str) -> None:
        if key not in venue_data.names():
            raise ValueError(f"key must be one of {', '.join(map(repr, venue_data.names()))}, got {key!r}")
        object.__setattr__(self, "key", key)

    def __setattr__(self, field: str, value: object) -> NoReturn:
        raise AttributeError(f"a Venue does not change: {field} cannot be set")

    def __repr__(self) -> str:
        counts = {
            "market": len({market["name"] for market in self._entries("markets")}),
            "funding rule": sum(len(entry["rules"]) for entry in self._entries("funding")),
            "token": len({token["name"] for token in self._entries("tokens")}),
        }
        held = ", ".join(f"{count} {noun}{'s' * (count > 1)}" for noun, count in counts.items() if count)
        return f"<Venue {self.name}: {held}>"

    def __reduce__(self) -> tuple[Any, ...]:
        return Venue, (self.key,)

    def __eq__(self, other: object) -> bool:
        return self.key == other.key if isinstance(other, Venue) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.key)

    @property
    def name(self) -> str:
        """Name of the venue as it writes it."""
        name: str = venue_data.read(self.key)["name"]
        return name

    def _entries(self, kind: str) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = venue_data.read(self.key).get(kind, [])
        return entries

    def markets(self, name: str | None = None) -> tuple[Market, ...]:
        """All stored states of all markets, by name and date.

        Parameters
        ----------
        name : str, optional
            Only the states of this market; case does not matter.

        Returns
        -------
        tuple of Market
            Each with the funding rule of its day.

        Examples
        --------
        >>> import shortgamma as sg
        >>> [market.date for market in sg.venues.deribit.markets("BTC-PERPETUAL")]
        ['', '2022-01-11']
        """
        return tuple(
            self._market(entry, entry["date"] or None)
            for entry in self._entries("markets")
            if name is None or entry["name"].lower() == name.lower()
        )

    def market(self, name: str, on: Any = None) -> Market:
        """A market as it was on a day.

        Parameters
        ----------
        {name [at venue]}
        on : time, optional
            The day; by default the latest stored state.

        Returns
        -------
        Market
            The last state whose date is not after the day, with the funding rule of the day. A state without a date is
            the earliest.

        Raises
        ------
        ValueError
            If there is no such market, or none on that day.

        Examples
        --------
        >>> import shortgamma as sg
        >>> market = sg.venues.bitmex.market("XBTUSD", on="2020-04-20")
        >>> market.funding.cap, market.liquidation.reduction
        (0.00375, 'tier')
        """
        states = [entry for entry in self._entries("markets") if entry["name"].lower() == str(name).lower()]
        if not states:
            known = dict.fromkeys(entry["name"] for entry in self._entries("markets"))
            raise ValueError(
                f"name must be a market of {self.name} ({', '.join(known) or 'none stored'}), got {name!r}"
            )
        return self._market(self._latest(states, on), on)

    def _latest(self, states: Sequence[dict[str, Any]], on: Any) -> dict[str, Any]:
        """The last of some entries whose date is not after a day."""
        if on is not None:
            day = moment("on", on)
            past = [entry for entry in states if not entry["date"] or _day(entry["date"]) <= day]
            if not past:
                first = min(entry["date"] for entry in states)
                raise ValueError(f"on must not be before {first}, the first state that is stored, got {on!r}")
            states = past
        return max(states, key=lambda entry: str(entry["date"]))

    def _market(self, entry: dict[str, Any], on: Any) -> Market:
        funding: FundingRule | None = None
        if self._funding_of(entry["name"]):
            rule = self.funding(entry["name"], on=on)
            funding = rule.rules[-1][1] if isinstance(rule, RuleHistory) else rule
        return Market(
            self.name,
            entry["name"],
            Contract(name=entry["name"], **entry["contract"]),
            _margin(entry["maintenance"]),
            _margin(entry["initial"]),
            funding,
            self.liquidation,
            entry["date"],
            entry["source"],
            tuple(entry["unknown"]),
        )

    def contract(self, name: str) -> Contract:
        """Terms of one contract of a market, in its latest state.

        Parameters
        ----------
        {name [at venue]}

        Returns
        -------
        Contract
            Kind, multiplier, underlying, quote and settlement.

        Examples
        --------
        >>> import shortgamma as sg
        >>> float(sg.venues.bitmex.contract("ETHUSD").value(10_000, 264.55))
        2.6455
        """
        return self.market(name).contract

    def _funding_of(self, name: str) -> dict[str, Any] | None:
        for entry in self._entries("funding"):
            if "*" in entry["markets"] or str(name).lower() in map(str.lower, entry["markets"]):
                return entry
        return None

    def funding(self, name: str | None = None, on: Any = None) -> FundingRule | RuleHistory:
        """Funding rule of a market.

        Parameters
        ----------
        name : str, optional
            The market; it may be left out where one rule holds for all that are stored.
        on : time, optional
            The day; by default the whole history of rules, if there were several.

        Returns
        -------
        FundingRule or RuleHistory
            The rule, with its source, date and what is unknown.

        Raises
        ------
        ValueError
            If no rule is stored, or none for this market.

        Examples
        --------
        >>> import shortgamma as sg
        >>> rule = sg.venues.hyperliquid.funding("BTC")
        >>> round(float(rule.rate(0.01)), 10)
        0.0011875
        """
        entries = self._entries("funding")
        entry = entries[0] if name is None and len(entries) == 1 else None if name is None else self._funding_of(name)
        if entry is None:
            known = ", ".join(market for each in entries for market in each["markets"]) or "none stored"
            raise ValueError(f"name must be a market of {self.name} with a funding rule ({known}), got {name!r}")
        history = RuleHistory(tuple((rule["from"] or "1990-01-01", _funding(rule)) for rule in entry["rules"]))
        if on is not None:
            return history.at(on)
        return history if len(history.rules) > 1 else history.rules[0][1]

    @property
    def liquidation(self) -> LiquidationRule | None:
        """How the venue liquidates, without fees where no source states them; None where no rule is stored."""
        entry = venue_data.read(self.key).get("liquidation")
        if entry is None:
            return None
        return LiquidationRule(**{**_without(entry, "date"), "unknown": "; ".join(entry["unknown"])})

    def tokens(self) -> tuple[Token, ...]:
        """Every state of every leveraged product that is stored.

        Returns
        -------
        tuple of Token
            Rules with their sources.

        Examples
        --------
        >>> import shortgamma as sg
        >>> sg.venues.toros.tokens()[0].source
        'Toros (dHEDGE)'
        """
        return tuple(
            Token(
                self.name,
                entry["name"],
                None if entry["targets"] is None else tuple(entry["targets"]),
                dict(entry["rule"]),
                tuple(entry.get("needs", ())),
                entry["date"],
                entry["source"],
                entry["note"],
                tuple(entry["unknown"]),
            )
            for entry in self._entries("tokens")
        )

    def token(self, leverage: float, *, name: str | None = None, on: Any = None, **changes: Any) -> TokenRule:
        """The rule of a leveraged product.

        Parameters
        ----------
        leverage : float
            Its leverage, signed.
        name : str, optional
            Its name, where several products have this leverage.
        on : time, optional
            The day; by default the latest stored rule.
        **changes
            Fields of the `shortgamma.leverage.TokenRule` that replace those stored or were not published.

        Returns
        -------
        TokenRule
            The rule. Costs and slippage of the issuer's trades are 0 unless given: none publishes them.

        Raises
        ------
        ValueError
            If there is no such product, none on that day, or a field is needed that was not published.

        Examples
        --------
        >>> import shortgamma as sg
        >>> sg.venues.ftx.token(3).upper
        4.0
        >>> sg.venues.gate.token(3, on="2025-05-01").dead_band
        (2.0, 4.0)
        """
        if not isinstance(leverage, int | float | np.integer | np.floating):
            raise TypeError(f"leverage must be a number, got {type(leverage).__name__}")
        target = float(leverage)
        states = self._entries("tokens")
        if name is not None:
            states = [entry for entry in states if entry["name"].lower().startswith(str(name).lower())]
        states = [entry for entry in states if entry["targets"] is None or target in entry["targets"]]
        if not states:
            raise ValueError(
                f"leverage must be that of a product of {self.name} ({self._products()}), got {leverage!r}"
            )
        entry = self._latest(states, on)
        same = {each["name"] for each in states if each["date"] == entry["date"]}
        if len(same) > 1:
            raise ValueError(f"name must be one of {', '.join(map(repr, sorted(same)))}, got {name!r}")
        for field in entry.get("needs", ()):
            if field not in changes:
                raise ValueError(f"{field} must be given: it is not published ({'; '.join(entry['unknown'])})")
        direction = "UP" if target > 0.0 else "DOWN"
        terms = {
            "leverage": target,
            "name": entry["name"].format(leverage=target, direction=direction),
            **entry["rule"],
        }
        if "at" in changes or "schedule" in changes:
            # another clock than that of every bar
            terms.pop("every", None)
        return TokenRule(**{**terms, **changes})

    def _products(self) -> str:
        targets: dict[str, None] = {}
        for entry in self._entries("tokens"):
            targets.update(dict.fromkeys(["any"] if entry["targets"] is None else [f"{x:g}" for x in entry["targets"]]))
        return ", ".join(targets) or "none stored"


def _margin(entry: dict[str, Any] | None) -> Margin | None:
    return None if entry is None else MARGINS[entry["kind"]](**_without(entry, "kind"))


def _without(entry: dict[str, Any], *fields: str) -> dict[str, Any]:
    return {field: value for field, value in entry.items() if field not in fields}


def _day(date: str) -> int:
    # a year alone is its end: the source is of some day in it
    return moment("date", f"{date}-12-31" if len(date) == 4 else date)


def _funding(entry: dict[str, Any]) -> FundingRule:
    terms = _without(entry, "from", "covers", "offset")
    for field in LENGTHS:
        if terms.get(field) is not None:
            terms[field] = duration(field, terms[field])
    terms["unknown"] = tuple(entry["unknown"])
    offset = duration("offset", entry["offset"]) if "offset" in entry else 0
    return FundingRule(venue=entry["covers"], offset=offset, **terms)


def find(name: str) -> Venue:
    """The venue of a name, whatever its case, spaces and dots."""
    plain = "".join(letter for letter in str(name).lower() if letter.isalnum())
    for key in venue_data.names():
        if plain in (key.replace("_", ""), "".join(c for c in venue_data.read(key)["name"].lower() if c.isalnum())):
            return Venue(key)
    if plain in ALIASES:
        return Venue(ALIASES[plain])
    known = ", ".join(venue_data.read(key)["name"] for key in venue_data.names())
    raise KeyError(f"{name!r} is not a venue that is stored; there are {known}")
