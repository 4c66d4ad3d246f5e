"""Which letters a ledger knows, and in which state each is: nine octets for each of them.

Made by `services.fetching.ledger_books`; asked by every step of a poll.
Never holds a name or an entry: whoever needs one reads it from the store.
Standards: none.
Fails never.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Final

from hato.services.fetching.name_index import NameIndex
from hato.store.model import LedgerEntry, LedgerState

ENDED: Final = frozenset({LedgerState.DELETION_CONFIRMED, LedgerState.GONE})
"""The letter is not on its server any more."""

_STATES: Final = {state.value: state for state in LedgerState}


class LedgerIndex:
    """States by name."""

    __slots__ = ("_counts", "_index", "oldest_end")

    def __init__(self, entries: Iterable[LedgerEntry] = ()) -> None:
        """Begin with these."""
        self._index = NameIndex("B")
        self._counts: Counter[LedgerState] = Counter()
        self.oldest_end: int | None = None
        """When the first of those letters ended that have, or earlier, in seconds since 1970 UTC;
        None: none has."""
        for entry in entries:
            self.put(entry)

    def __contains__(self, name: object) -> bool:
        """Tell whether there is an entry."""
        return isinstance(name, bytes) and self._index.find(name) is not None

    def __len__(self) -> int:
        """How many there are."""
        return self._counts.total()

    def state_of(self, name: bytes) -> LedgerState | None:
        """Return the state of an entry; None: there is none."""
        number = self._index.find(name)
        return None if number is None else _STATES[number]

    def count(self, state: LedgerState) -> int:
        """How many are in a state."""
        return self._counts[state]

    def put(self, entry: LedgerEntry) -> None:
        """Take an entry, in the place of an earlier one."""
        before = self._index.put(entry.uidl, entry.state)
        if before is not None:
            self._counts[_STATES[before]] -= 1
        self._counts[entry.state] += 1
        if entry.state in ENDED and (self.oldest_end is None or entry.at < self.oldest_end):
            self.oldest_end = entry.at

    def drop(self, name: bytes) -> None:
        """Forget an entry, where there is one."""
        before = self._index.drop(name)
        if before is not None:
            self._counts[_STATES[before]] -= 1
