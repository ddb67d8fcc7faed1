"""When futures expire on their last day, venue by venue, with the source."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from shortgamma._core.checks import refuse_choice

if TYPE_CHECKING:
    from typing import NoReturn


class ExpiryTime(NamedTuple):
    """When on its last day a venue's future expires."""

    time: str
    """Time of day, HH:MM."""
    zone: str
    """The zone of that time, as in the IANA database."""
    source: str
    """Where the venue says so."""


class _Venues(dict[str, ExpiryTime]):
    """Times of day at which futures expire, by venue; a venue that is not listed raises."""

    def __missing__(self, venue: str) -> NoReturn:
        refuse_choice("venue", venue, self)


EXPIRY_TIME = _Venues(
    deribit=ExpiryTime("08:00", "UTC", "https://www.deribit.com/docs/contract-specifications/"),
    binance=ExpiryTime("08:00", "UTC", "https://www.binance.com/en/support/faq/a3401595e1734084959c61491bc0dbe3"),
    # chapter 350 of the rulebook: 4 p.m. London time on the last Friday of the contract month
    cme=ExpiryTime("16:00", "Europe/London", "https://www.cmegroup.com/activetrader/Products/EquityIndex"),
)
"""Time of day at which futures of a venue expire. CME's is 15:00 UTC in summer. A venue that is not listed raises."""
