"""Margin tiers as venues and ccxt give them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma.io._engine import Labels, Numbers, listed, open_table, plain
from shortgamma.io._engine.identity import INSTRUMENTS, Identity
from shortgamma.liquidation.margin import Tiers

if TYPE_CHECKING:
    from typing import Any

    from shortgamma.io._engine import Table
    from shortgamma.io._engine.opening import Readable

# Lower edge, upper edge and rate of one step: ccxt's names, Binance's of both kinds of contracts, Bybit's, one's own.
LAYOUTS = (
    (("minnotional",), ("maxnotional",), ("maintenancemarginrate",)),
    (("notionalfloor",), ("notionalcap",), ("maintmarginratio",)),
    (("qtyfloor",), ("qtycap",), ("maintmarginratio",)),
    ((), ("risklimitvalue",), ("maintenancemargin",)),
    (("lower", "floor"), ("upper", "cap"), ("rate", "maintenance", "maintenancerate")),
)
KNOWN = frozenset(name for layout in LAYOUTS for names in layout for name in names)


def read_tiers(source: Readable, *, symbol: str | None = None) -> Tiers:
    """Read the maintenance tiers of one contract.

    Parameters
    ----------
    source : path, open file, DataFrame, rows, or parsed JSON
        The steps of one contract, or of many: ccxt's ``fetch_market_leverage_tiers`` (a list of steps) and
        ``fetch_leverage_tiers`` (lists by symbol), Binance's ``leverageBracket`` of USD- and coin-margined
        contracts (objects with ``symbol`` and ``brackets``), Bybit's risk limits (upper edges), or a table of one's own
        with ``lower`` and ``rate``. A file is JSON or delimited text.
    symbol : str, optional
        Which contract, where ``source`` holds several.

    Returns
    -------
    Tiers
        In the unit of the source's edges. The cumulative amounts are worked out from edges and rates, not read. Where a
        venue charges the rate of the tier on the whole position, as BitMEX and OKX do, take
        ``RiskLimits(tiers.lower, tiers.rate)`` of it.

    Raises
    ------
    ReadError
        If the symbol is missing, a field is, the tiers leave a gap or overlap, or are not in order. A ValueError of one
        line that names the row.
    {TypeError [source]}

    Examples
    --------
    >>> import shortgamma as sg
    >>> steps = [
    ...     {"bracket": 1, "notionalFloor": 0, "notionalCap": 50_000, "maintMarginRatio": 0.004},
    ...     {"bracket": 2, "notionalFloor": 50_000, "notionalCap": 250_000, "maintMarginRatio": 0.005},
    ... ]
    >>> sg.io.read_tiers([{"symbol": "BTCUSDT", "brackets": steps}], symbol="BTCUSDT")
    Tiers([0.0, 50000.0], [0.004, 0.005])
    """
    table = open_table(source, known=KNOWN, symbol=symbol, reshape=_flattened)
    if not table.header:
        table.refuse("no header: write the names of the columns first, such as lower,rate")
    lower, upper, rate = _places(table)
    columns = {place: Numbers() for place in (lower, upper, rate) if place is not None}
    identity = Identity(table, list(columns))
    entry = table.find([ENTRY], "entry")
    entries = {} if entry is None else {entry: Labels()}
    table.read({**columns, **identity.columns, **entries})
    arrays = dict(zip(columns, table.finish(columns), strict=True))
    # of a list by symbol the list was chosen already, and its rows may name no more than a currency
    named = any(plain(table.names[column]) in INSTRUMENTS for column in identity.places)
    kept, _ = identity.select(symbol if named else None) if identity.places else (None, "")
    rows = np.arange(len(arrays[rate])) if kept is None else np.flatnonzero(kept)
    if entry is not None:
        codes, _ = entries[entry].done()
        if np.ptp(codes[rows]):
            second = int(np.flatnonzero(np.diff(codes[rows]))[0]) + 1
            table.refuse("the tiers of one symbol are there twice: leave one out", int(rows[second]))
    return _tiers(table, rows, (lower, upper, rate), arrays)


ENTRY = "entryoftiers"


def _flattened(data: Any) -> Any:
    """Steps that are nested under their symbols, each with its symbol."""
    entries = [data] if isinstance(data, dict) and "brackets" in data else data
    if not isinstance(entries, list | tuple) or not all(isinstance(x, dict) and "brackets" in x for x in entries):
        return data
    rows: list[Any] = []
    for count, entry in enumerate(entries):
        label = {key: entry[key] for key in ("symbol", "pair") if key in entry}
        steps = entry["brackets"] if isinstance(entry["brackets"], list | tuple) else ()
        rows += [{**label, ENTRY: str(count), **step} if isinstance(step, dict) else step for step in steps]
    return rows


def _places(table: Table) -> tuple[int | None, int | None, int]:
    plains = {plain(name) for name in table.names}
    for lower, upper, rate in LAYOUTS:
        edges = plains.intersection(lower) or (not lower and plains.intersection(upper))
        if edges and plains.intersection(rate):
            return table.find(lower, "lower edge"), table.find(upper, "upper edge"), table.need(rate, "rate")
    return table.refuse(f"no edges and rates of tiers among {listed(table.names)}: name them lower and rate")


def _tiers(table: Table, rows: Any, places: tuple[int | None, int | None, int], arrays: dict[int, Any]) -> Tiers:
    lower, upper, rate = places
    rates = arrays[rate][rows]
    starts = arrays[lower][rows] if lower is not None else np.append(0.0, arrays[upper or 0][rows][:-1])
    # the last tier of some venues has no upper edge
    ends = arrays[upper][rows] if upper is not None else np.append(starts[1:], np.inf)
    ends[-1:] = np.where(np.isnan(ends[-1:]), np.inf, ends[-1:])
    for values, place in ((starts, lower), (ends, upper), (rates, rate)):
        if np.isnan(values).any() and place is not None:
            table.refuse("a number is missing", int(rows[np.isnan(values).argmax()]), place)
    empty = ~(starts < ends)
    if empty.any():
        bad = int(empty.argmax())
        reason = f"the tier must end above where it begins, got {_text(starts[bad])} to {_text(ends[bad])}"
        table.refuse(reason, int(rows[bad]))
    apart = starts[1:] != ends[:-1]
    if apart.any():
        bad = int(apart.argmax()) + 1
        reason = f"must begin at {_text(ends[bad - 1])}, where the tier before ends, got {_text(starts[bad])}"
        table.refuse(reason, int(rows[bad]), lower)
    try:
        return Tiers(starts, rates)
    except ValueError as error:
        table.refuse(f"these are not tiers: {error}", int(rows[0]))


def _text(number: float) -> str:
    return repr(float(number)).removesuffix(".0")
