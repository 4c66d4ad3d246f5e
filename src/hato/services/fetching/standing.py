"""How what a server lists and what a ledger knows stand to each other: one pass over the names.

Called by `services.fetching` with each listing that is news, and again when all is fetched.
Never reads an entry, never decides what follows.
Standards: RFC 1939 §7.
Fails never. Pure.
"""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Collection
from typing import Final

import msgspec

from hato.services.fetching.ledger_index import LedgerIndex
from hato.services.fetching.packed_names import PackedNames
from hato.store.model import LedgerState

_TOLD_BY_NAME: Final = (
    LedgerState.GONE,
    LedgerState.QUARANTINED,
    LedgerState.DELETION_CONFIRMED,
)
"""States in which few of the letters are that are listed."""


class Standing(msgspec.Struct):
    """What a ledger says of a listing."""

    unknown: array[int]
    """Rows of the listing whose names the ledger does not have."""
    gone: list[bytes]
    """Names that are listed again."""
    quarantined: list[bytes]
    confirmed: list[bytes]
    """Names of letters that are listed although their deletion was confirmed."""
    listed: Counter[LedgerState]
    """How many of the letters are listed, by their state."""

    def lacks(self, ledger: LedgerIndex, but_in: Collection[LedgerState]) -> bool:
        """Tell whether the ledger has letters that are not listed, other than in some states."""
        return any(
            ledger.count(state) > self.listed[state] for state in LedgerState if state not in but_in
        )


def compare(names: PackedNames, ledger: LedgerIndex) -> Standing:
    """Look at each name that is listed."""
    unknown = array("I")
    told: dict[LedgerState, list[bytes]] = {state: [] for state in _TOLD_BY_NAME}
    listed: Counter[LedgerState] = Counter()
    for row, name in enumerate(names):
        state = ledger.state_of(name)
        if state is None:
            if row < names.row_count:
                unknown.append(row)
            continue
        listed[state] += 1
        if state in told:
            told[state].append(name)
    gone, quarantined, confirmed = (told[state] for state in _TOLD_BY_NAME)
    return Standing(unknown, gone, quarantined, confirmed, listed)
