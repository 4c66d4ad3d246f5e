"""Letters that a server gives new names, found again among those that the ledger knows.

Called by `services.fetching.recognition`, which gets the headers.
Never takes a letter for a known one whose own name is listed: two copies there are two here.
Standards: RFC 1939 §7 (unique-ids persist, says the standard; servers move house).
Fails never. Pure.
"""

from __future__ import annotations

from collections import defaultdict, deque
from collections.abc import Iterable
from typing import Final

from hato.store.model import LedgerEntry

_MANY: Final = 16
"""Fewer new names are no renumbering of a mailbox: sizes tell well enough whom to look at."""


class Orphans:
    """Entries whose letters are not listed by their names; each can be claimed once."""

    def __init__(self, entries: Iterable[LedgerEntry]) -> None:
        """Take them, oldest letters first: copies that are alike are claimed in this order."""
        self._left = {entry.uidl: entry for entry in entries}
        self._by_header: defaultdict[tuple[bytes, int], deque[bytes]] = defaultdict(deque)
        self._by_mark: defaultdict[bytes, deque[bytes]] = defaultdict(deque)
        self._by_checksum: defaultdict[bytes, deque[bytes]] = defaultdict(deque)
        self._sizes: set[int] = set()
        for entry in self._left.values():
            if entry.header_checksum:
                self._by_header[entry.header_checksum, entry.size_octets].append(entry.uidl)
                self._by_mark[entry.header_checksum].append(entry.uidl)
                self._sizes.add(entry.size_octets)
            if entry.checksum:
                self._by_checksum[entry.checksum].append(entry.uidl)

    def __len__(self) -> int:
        """How many are left."""
        return len(self._left)

    @property
    def can_be_told_by_header(self) -> bool:
        """Whether it is worth while to look at a header at all."""
        return bool(self._sizes)

    def has_size(self, size_octets: int) -> bool:
        """Tell whether one of them is of this size, as the server claims it."""
        return size_octets in self._sizes

    def claim_by_header(
        self, mark: bytes, size_octets: int, *, is_telling: bool
    ) -> LedgerEntry | None:
        """Return the one with this header and size; with this header alone where it is telling.

        Servers that move to another program may count sizes in another way.
        """
        found = self._claim(self._by_header.get((mark, size_octets)))
        if found is None and is_telling:
            found = self._claim(self._by_mark.get(mark))
        return found

    def claim_by_checksum(self, checksum: bytes) -> LedgerEntry | None:
        """Return the one that is this letter, octet by octet."""
        return self._claim(self._by_checksum.get(checksum))

    def _claim(self, keys: deque[bytes] | None) -> LedgerEntry | None:
        while keys:
            entry = self._left.pop(keys.popleft(), None)
            if entry is not None:
                return entry
        return None


def looks_renumbered(new: int, listed: int, orphans: int) -> bool:
    """Tell whether a server seems to have given all its letters new names."""
    return new >= _MANY and 2 * new > listed and 2 * orphans >= new
