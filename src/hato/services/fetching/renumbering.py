"""Letters that a server gives new names, found again among those that the ledger knows.

Called by `services.fetching.recognition`, which gets the headers.
Never takes a letter for a known one whose own name is listed: two copies there are two here.
Standards: RFC 1939 §7 (unique-ids persist, says the standard; servers move house).
Fails never. Pure.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import cached_property
from typing import Final, TypeAlias, TypeVar

from hato.store.model import LedgerEntry

_Key = TypeVar("_Key", bound=Hashable)
_Names: TypeAlias = dict[_Key, list[bytes]]

_MANY: Final = 16
"""Fewer new names are no renumbering of a mailbox: sizes tell well enough whom to look at."""


class Orphans:
    """Entries whose letters are not listed by their names; each can be claimed once."""

    def __init__(self, entries: Iterable[LedgerEntry]) -> None:
        """Take them, oldest letters first: copies that are alike are claimed in this order."""
        self._left = {entry.uidl: entry for entry in entries}
        self._sizes = {entry.size_octets for entry in self._left.values() if entry.header_checksum}

    @cached_property
    def _by_header(self) -> _Names[tuple[bytes, int]]:
        marked = (entry for entry in self._left.values() if entry.header_checksum)
        return _sorted_by(
            ((entry.header_checksum, entry.size_octets), entry.uidl) for entry in marked
        )

    @cached_property
    def _by_mark(self) -> _Names[bytes]:
        marked = (entry for entry in self._left.values() if entry.header_checksum)
        return _sorted_by((entry.header_checksum, entry.uidl) for entry in marked)

    @cached_property
    def _by_checksum(self) -> _Names[bytes]:
        whole = (entry for entry in self._left.values() if entry.checksum)
        return _sorted_by((entry.checksum, entry.uidl) for entry in whole)

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

    def __contains__(self, uidl: object) -> bool:
        """Tell whether this one is left."""
        return uidl in self._left

    def settle(self, uidl: bytes) -> None:
        """Let this one not be claimed any more."""
        self._left.pop(uidl, None)

    def _claim(self, names: list[bytes] | None) -> LedgerEntry | None:
        while names:
            entry = self._left.pop(names.pop(), None)
            if entry is not None:
                return entry
        return None


def _sorted_by(pairs: Iterable[tuple[_Key, bytes]]) -> _Names[_Key]:
    """Return the names by something that they have in common, the next one last."""
    found: _Names[_Key] = {}
    for key, name in pairs:
        found.setdefault(key, []).append(name)
    for names in found.values():
        names.reverse()
    return found


def looks_renumbered(new: int, listed: int, orphans: int) -> bool:
    """Tell whether a server seems to have given all its letters new names."""
    return new >= _MANY and 2 * new > listed and 2 * orphans >= new
