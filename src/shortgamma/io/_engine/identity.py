"""Which instrument a row is of: rows of two are never taken for one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shortgamma.io._engine.cells import Labels
from shortgamma.io._engine.errors import listed, shown
from shortgamma.io._engine.table import plain

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from shortgamma.io._engine.table import Table

# The instrument itself first; what else must not be mixed after it.
INSTRUMENTS = (
    *("symbol", "ticker", "instrument", "instrumentname", "instid", "contract", "contracts", "contractname", "pair"),
    *("market", "coin", "asset", "assetname", "code", "isin", "name", "securityid"),
)
COMPANIONS = (
    *("exchange", "exchangeid", "venue", "source", "insttype", "category", "currency", "quotecurrency"),
    *("per", "interval", "timeframe", "granularity", "resolution"),
)
IDENTITY = frozenset({*INSTRUMENTS, *COMPANIONS})


class Identity:
    """The columns of a table that say which instrument a row is of."""

    def __init__(self, table: Table, taken: Sequence[int | None] = ()) -> None:
        self.table = table
        self.places = [
            place for place, name in enumerate(table.names) if plain(name) in IDENTITY and place not in taken
        ]
        self.columns = {place: Labels() for place in self.places}

    def select(self, symbol: str | None) -> tuple[NDArray[np.bool] | None, str]:
        """The rows of one instrument (None for all of them), and its name."""
        if not self.places:
            if symbol is not None:
                here = listed(self.table.names)
                self.table.refuse(f"no column among {here} names an instrument: leave symbol={shown(symbol)} out")
            return None, ""
        read = [column.done() for column in self.columns.values()]
        plains = [plain(self.table.names[place]) for place in self.places]
        order = sorted(range(len(read)), key=lambda i: plains[i] not in INSTRUMENTS)
        varying = [i for i in order if len(read[i][1]) > 1]
        if not varying:
            label = next((read[i][1][0] for i in order if plains[i] in INSTRUMENTS), "")
            if symbol is not None and symbol != label:
                only = shown(label) if label else "none"
                self.table.refuse(f"symbol={shown(symbol)} is not in it, it holds {only}")
            return None, label
        codes, names = _joined([read[i] for i in varying])
        if symbol is None:
            self.table.refuse(f"holds {len(names)} instruments, {listed(names)}: give symbol= one of them")
        if symbol not in names:
            self.table.refuse(f"symbol={shown(symbol)} is not in it, it holds {listed(names)}")
        return codes == names.index(symbol), symbol


def _joined(columns: list[tuple[NDArray[np.int32], list[str]]]) -> tuple[NDArray[np.int32], list[str]]:
    """Codes and names of the combinations that occur."""
    codes, names = columns[0]
    for added, labels in columns[1:]:
        combined = codes.astype(np.int64) * len(labels) + added
        kept, inverse = np.unique(combined, return_inverse=True)
        names = [f"{names[pair // len(labels)]} {labels[pair % len(labels)]}" for pair in kept.tolist()]
        codes = inverse.astype(np.int32)
    return codes, names
